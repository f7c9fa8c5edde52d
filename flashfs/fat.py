"""FAT as this firmware uses it: lookups, slots, clusters and error numbers (firmware: lib/oofatfs/ff.c)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, cast
from weakref import WeakValueDictionary

from flashfs.errors import EACCES, EEXIST, EINVAL, EIO, EISDIR, ENOENT, ENOMEM, ENOTDIR
from flashfs.fat_files import CREATE_ALWAYS, CREATE_NEW, CREATING, LETTERS, Chain, FatFile
from flashfs.fat_layout import DOT_ENTRIES, FOLDER_ENTRIES_MAX, SECTOR, Geometry, card_geometry
from flashfs.fat_names import FORBIDDEN, NAME_MAX, alias, fold, form, name_fault
from flashfs.files import Handle
from flashfs.quirks import RENAME_INTO_ITSELF, quirk_note
from flashfs.rules import NOMINAL_CAPACITY, FileSystem
from flashfs.store import File, Folder, Node, Store

CWD_MAX = 128
"""``os.getcwd()`` has room for this many bytes of the in-volume path (firmware: MICROPY_ALLOC_PATH_MAX)."""

_SEPARATORS = b"/\\"


def free_run(slots: Sequence[object | None], length: int) -> int:
    """Return where the first ``length`` free slots in a row begin; the table goes on behind its end."""
    run = 0
    if None in slots:
        for index, occupant in enumerate(slots):
            run = 0 if occupant is not None else run + 1
            if run == length:
                return index + 1 - length
    return len(slots) - run


class Spot(NamedTuple):
    """Where a path led: an entry, a free name in ``folder``, or the folder the walk began in (``origin``)."""

    folder: Folder
    name: bytes
    node: Node | None
    origin: bool = False
    dot: bool = False
    """The last component was ``.`` or ``..``."""


class Fit(NamedTuple):
    """Where a new name goes in a folder: its first slot, how many, its short alias, clusters the folder grows by."""

    first: int
    length: int
    alias: bytes
    growth: int


class Entry:
    """What an entry takes: slots of its folder, a short alias that is unique there, and clusters."""

    __slots__ = ("alias", "clusters", "first", "length")

    def __init__(self, clusters: int = 0) -> None:
        self.first = self.length = 0
        self.alias = b""
        self.clusters = clusters


class FolderEntry(Entry):
    """A folder is a table of slots; a new name goes to the first run of free ones that is long enough.

    It grows by clusters and never shrinks. The root of FAT12 and FAT16 lies outside the clusters and cannot grow.
    """

    __slots__ = ("dots", "shorts", "slots")

    def __init__(self, clusters: int, dots: int = DOT_ENTRIES) -> None:
        super().__init__(clusters)
        self.dots = dots
        self.slots: list[object | None] = []
        self.shorts: dict[bytes, object] = {}

    def copy(self) -> FolderEntry:
        """Return one to try things out on."""
        other = FolderEntry(self.clusters, self.dots)
        other.slots, other.shorts = self.slots.copy(), self.shorts.copy()
        return other

    def fit(self, name: bytes, geometry: Geometry) -> Fit | None:
        """Return where a new name goes, None if the folder is full or has too many aliases like it."""
        length = form(name).entries
        first = free_run(self.slots, length)
        end = self.dots + first + length
        short = alias(name, self.shorts.__contains__)
        if short is None or end > (FOLDER_ENTRIES_MAX if self.clusters else geometry.root_entries):
            return None
        growth = geometry.folder_clusters(end) - self.clusters if self.clusters else 0
        return Fit(first, length, short, max(0, growth))

    def take(self, fit: Fit, occupant: object) -> None:
        """Put an entry there."""
        self.slots[fit.first : fit.first + fit.length] = [occupant] * fit.length
        self.shorts[fit.alias] = occupant
        self.clusters += fit.growth

    def give(self, entry: Entry) -> None:
        """Take an entry away."""
        self.slots[entry.first : entry.first + entry.length] = [None] * entry.length
        del self.shorts[entry.alias]


class ClusterStore(Store):
    """A tree that finds entries by their short aliases too; ``taken`` are the clusters in use.

    Clusters whose file was never closed are in use until the volume is formatted, as on the board.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        super().__init__(fold)

    def clear(self) -> None:
        super().clear()
        self.lay_out(self.geometry)

    def lay_out(self, geometry: Geometry) -> None:
        """Give the empty tree a geometry."""
        self.geometry = geometry
        self.taken = int(geometry.bits == 32)
        self.root.rule_data = FolderEntry(self.taken, 0)

    def find(self, folder: Folder, name: bytes) -> Node | None:
        found = super().find(folder, name)
        short = form(name)
        if short.lossy:
            return found
        other = cast("Node | None", folder.rule_data.shorts.get(short.short))
        if found is None or other is None or found is other:
            return other if found is None else found
        return found if found.rule_data.first < other.rule_data.first else other


class Fat(FileSystem):
    """The rules of FatFs."""

    name_max: ClassVar[int] = NAME_MAX
    dead_handle_error: ClassVar[int] = EINVAL
    store: ClusterStore

    def make_store(self) -> ClusterStore:
        capacity = self.around.capacity
        self.geometry = card_geometry((NOMINAL_CAPACITY if capacity is None else capacity) // SECTOR)
        self._chains: WeakValueDictionary[int, Chain] = WeakValueDictionary()
        return ClusterStore(self.geometry)

    # -- space

    def lay_out(self, geometry: Geometry) -> None:
        """Give an empty volume the geometry that a medium has."""
        self.geometry = geometry
        self.store.lay_out(geometry)

    @property
    def block_size(self) -> int:
        return self.geometry.cluster_size

    @property
    def total_blocks(self) -> int:
        return self.geometry.clusters

    def free_blocks(self) -> int:
        return self.geometry.clusters if self.around.capacity is None else self.left

    @property
    def left(self) -> int:
        """Free clusters."""
        return sys.maxsize if self.around.capacity is None else self.geometry.clusters - self.store.taken

    def room(self) -> int:
        return min(sys.maxsize, self.left * self.geometry.cluster_size)

    def name_fault(self, name: bytes) -> tuple[int, str] | None:
        fault = name_fault(name)
        return None if fault is None else (EINVAL, fault)

    # -- lookup

    def _walk(self, cwd: bytes, path: bytes) -> Spot:
        """Follow a path component by component; ENOENT for a missing or non-folder component before the last."""
        folder = self.store.root
        if path[:1] not in (b"/", b"\\"):
            base = self._folder_at(cwd)
            if base is None:
                raise self.error(ENOENT)
            folder = base
        position = 0
        while position < len(path) and path[position] in _SEPARATORS:
            position += 1
        if position == len(path) or path[position] < 0x20:
            return Spot(folder, b"", folder, origin=True)
        while True:
            name, position, last = self._component(path, position)
            if name in (b".", b".."):
                # A root has no dot entries: the walk stays there.
                at_root = folder is self.store.root
                if name == b".." and not at_root:
                    folder = self.store.parent(folder)
                if last:
                    return Spot(folder, b"", folder, origin=at_root, dot=True)
                continue
            node = self.store.find(folder, name)
            if last:
                return Spot(folder, name, node)
            if not isinstance(node, Folder):
                raise self.error(ENOENT)
            folder = node

    def _component(self, path: bytes, start: int) -> tuple[bytes, int, bool]:
        """Return the component at ``start``, where the next one begins, and whether it was the last."""
        end = start
        while end < len(path) and path[end] >= 0x20 and path[end] not in _SEPARATORS:
            end += 1
        name = path[start:end]
        last = end == len(path) or path[end] < 0x20
        if FORBIDDEN.search(name) or len(name) > NAME_MAX:
            raise self.error(EINVAL)
        if name not in (b".", b".."):
            name = name.rstrip(b" .")
            if not name:
                raise self.error(EINVAL)
        while end < len(path) and path[end] in _SEPARATORS:
            end += 1
        return name, end, last

    def _folder_at(self, canonical: bytes) -> Folder | None:
        folder: Node | None = self.store.root
        for name in canonical.split(b"/"):
            if name:
                folder = self.store.find(folder, name) if isinstance(folder, Folder) else None
        return folder if isinstance(folder, Folder) else None

    def _existing(self, cwd: bytes, path: bytes) -> Spot:
        """Return what ``f_stat`` accepts, or raise EINVAL (the folder the walk began in), ENOENT."""
        spot = self._walk(cwd, path)
        if spot.origin:
            raise self.error(EINVAL)
        if spot.node is None:
            raise self.error(ENOENT)
        return spot

    # -- operations

    def open(self, cwd: bytes, path: bytes, mode: str) -> Handle:
        flags = 0
        for letter in mode:
            flags |= LETTERS.get(letter, 0)
        spot = self._walk(cwd, path)
        if spot.origin:
            raise self.error(EINVAL)
        node, folder, name = spot.node, spot.folder, spot.name
        if not flags & CREATING:
            if not isinstance(node, File):
                raise self.error(ENOENT)
            return FatFile(self, folder, name, node, flags, self._share(node))
        if node is None:
            if self.on_step is not None:
                self._fit(folder, name)  # what is refused is no step
                self.step("create", (folder, name))
            created = self.add_file(folder, name)
            return FatFile(self, folder, name, created, flags, self._share(created), modified=True)
        if not isinstance(node, File):
            raise self.error(EACCES)
        if flags & CREATE_NEW:
            raise self.error(EEXIST)
        if not flags & CREATE_ALWAYS:
            handle = FatFile(self, folder, name, node, flags, self._share(node))
            handle.seek(0, 2)
            return handle
        self.step("truncate", node)
        self._free_chain(node)
        self.store.write(node, b"")
        return FatFile(self, folder, name, node, flags, self._share(node), modified=True)

    # -- chains of clusters

    def _share(self, file: File) -> Chain:
        """Return the clusters of a file; a file that has none yet gets some of its own from each who writes to it."""
        if not file.rule_data.clusters:
            return Chain(file)
        chain = self._chains.get(id(file))
        if chain is None:
            chain = self._chains[id(file)] = Chain(file, file.rule_data.clusters)
        return chain

    def extend(self, chain: Chain, size: int) -> int:
        """Let a chain grow as far as ``size`` bytes need and clusters are left. Return how many bytes it holds."""
        missing = min(self.geometry.clusters_for(size) - chain.clusters, self.left)
        if missing > 0:
            self.store.taken += missing
            chain.clusters += missing
            if chain.linked:
                chain.file.rule_data.clusters = chain.clusters
        return chain.clusters * self.geometry.cluster_size

    def adopt(self, file: File, chain: Chain) -> None:
        """Let the entry point to these clusters; those it pointed to before belong to nobody any more."""
        if chain.linked:
            return
        if chain.freed:
            if chain.clusters > self.left:
                raise self.error(EIO)
            self.store.taken += chain.clusters
            chain.freed = False
        before = self._chains.pop(id(file), None)
        if before is not None:
            before.linked = False
        file.rule_data.clusters = chain.clusters
        if chain.clusters:
            chain.linked = True
            self._chains[id(file)] = chain

    def _free_chain(self, file: File) -> None:
        """Give the clusters of a file back, also where it is open: whoever goes on with it leaves its clusters."""
        self.store.taken -= file.rule_data.clusters
        file.rule_data.clusters = 0
        chain = self._chains.pop(id(file), None)
        if chain is not None:
            chain.linked, chain.freed = False, True

    def stat(self, cwd: bytes, path: bytes) -> Node:
        if path in (b"", b"/"):  # answered without a lookup (firmware: extmod/vfs_fat.c fat_vfs_stat)
            return self.store.root
        node = self._existing(cwd, path).node
        assert node is not None
        return node

    def listing(self, cwd: bytes, path: bytes) -> list[Node]:
        node = self._walk(cwd, path).node
        if not isinstance(node, Folder):
            raise self.error(ENOENT)
        return self.ordered(node)

    def mkdir(self, cwd: bytes, path: bytes) -> None:
        spot = self._walk(cwd, path)
        if spot.node is not None:
            raise self.error(EEXIST)
        if self.on_step is not None:
            self._fit(spot.folder, spot.name, clusters=1)
            self.step("mkdir", (spot.folder, spot.name))
        self.add_folder(spot.folder, spot.name, self.around.stamp())

    def remove(self, cwd: bytes, path: bytes) -> None:
        spot = self._existing(cwd, path)
        if not isinstance(spot.node, File):
            raise self.error(EISDIR)
        self.step("remove", spot.node)
        self.unlink(spot.folder, spot.node)

    def rmdir(self, cwd: bytes, path: bytes, in_use: list[bytes]) -> None:
        spot = self._existing(cwd, path)
        if not isinstance(spot.node, Folder):
            raise self.error(ENOTDIR)
        if spot.dot:
            raise self.error(EINVAL)
        if spot.node.entries or any(self._folder_at(used) is spot.node for used in in_use):
            raise self.error(EACCES)
        self.step("rmdir", spot.node)
        self.unlink(spot.folder, spot.node)

    def rename(self, cwd: bytes, old: bytes, new: bytes) -> tuple[bytes, bytes] | None:
        source = self._walk(cwd, old)
        node = source.node
        if source.origin or source.dot:
            raise self.error(EINVAL)
        if node is None:
            raise self.error(ENOENT)
        target = self._walk(cwd, new)
        into_itself = isinstance(node, Folder) and self.is_inside(target.folder, node)
        if target.node is not None and (target.node is not node or target.dot):
            # Something else has the name: it is removed first if it is a file (firmware: extmod/vfs_fat.c).
            if target.origin:
                raise self.error(EINVAL)
            if not isinstance(target.node, File):
                raise self.error(EISDIR)
            if into_itself:
                self._refuse_into_itself(node)
            self.step("remove", target.node, node)
            self.unlink(target.folder, target.node)
            target = self._walk(cwd, new)
            if target.node is not None and target.node is not node:  # it has the name as its short alias
                raise self.error(EEXIST)
        if into_itself:
            self._refuse_into_itself(node)
            self.step("remove", node)
            taken = self.store.taken
            self.unlink(source.folder, node)
            self.store.taken = taken  # nothing was removed, so nothing was freed
            return None
        # The new entry is made before the old one is taken away, so it never gets the old one's slots.
        fit = self._fit(target.folder, target.name)
        self.step("rename", node, (target.folder, target.name))
        before = self.store.path(node) if isinstance(node, Folder) else b""
        source.folder.rule_data.give(node.rule_data)
        self.store.move(source.folder, node, target.folder, target.name)
        self._take(target.folder, node, fit)
        return (before, self.store.path(node)) if before else None

    def _refuse_into_itself(self, node: Node) -> None:
        """Raise EINVAL for a folder that is to go into itself, before anything is lost; the board loses it."""
        if RENAME_INTO_ITSELF.name not in self.around.quirks:
            self.around.note(quirk_note(RENAME_INTO_ITSELF, f"os.rename() of the folder {node.name!r}"))
            raise self.error(EINVAL)

    def chdir(self, cwd: bytes, path: bytes) -> tuple[bytes, Exception | None]:
        node = self._walk(cwd, path).node
        if not isinstance(node, Folder):
            raise self.error(ENOENT)
        return self.store.path(node), None

    def getcwd(self, cwd: bytes) -> bytes:
        if len(cwd) > CWD_MAX:
            raise self.error(ENOMEM)
        return cwd

    def import_stat(self, cwd: bytes, path: bytes) -> Node | None:
        try:
            return self._existing(cwd, path).node
        except Exception:  # noqa: BLE001  (whatever class the error factory makes)
            return None

    # -- content

    def content(self, file: File) -> bytes:
        chain = self._chains.get(id(file))
        return file.data if chain is None else bytes(chain.data[: len(file.data)])

    def replace(self, file: File, data: bytes) -> None:
        self._free_chain(file)
        super().replace(file, data)
        self._charge(file)

    def forget_handles(self) -> None:
        for chain in list(self._chains.values()):
            # What was written inside the committed size went to clusters that the entry has: it is there.
            content = self.content(chain.file)
            if chain.file.st_nlink > 0 and content != chain.file.data:
                self.store.write(chain.file, content)
        self._chains.clear()

    def key(self, name: bytes) -> bytes:
        return fold(name)

    # -- entries

    def ordered(self, folder: Folder) -> list[Node]:
        seen: dict[int, Node] = {id(node): node for node in folder.rule_data.slots if node is not None}
        return list(seen.values())

    def add_file(self, folder: Folder, name: bytes, data: bytes = b"", stamp: int = 0) -> File:
        fit = self._fit(folder, name, self.geometry.clusters_for(len(data)))
        file = self.store.new_file(folder, name, data, stamp)
        file.rule_data = Entry()
        self._take(folder, file, fit)
        self._charge(file)
        return file

    def add_folder(self, folder: Folder, name: bytes, stamp: int = 0) -> Folder:
        fit = self._fit(folder, name, clusters=1)
        made = self.store.new_folder(folder, name, stamp)
        made.rule_data = FolderEntry(1)
        self.store.taken += 1
        self._take(folder, made, fit)
        return made

    def unlink(self, folder: Folder, node: Node) -> None:
        folder.rule_data.give(node.rule_data)
        below = [entry for _, entry in self.store.walk(node)] if isinstance(node, Folder) else []
        for entry in (node, *below):
            if isinstance(entry, File):
                self._free_chain(entry)
            else:
                self.store.taken -= entry.rule_data.clusters
        self.store.remove(folder, node)

    def shortage(self, planned: Sequence[tuple[tuple[bytes, ...], int | None]]) -> str | None:
        return _Rehearsal(self.store, self.left).shortage(planned)

    def _fit(self, folder: Folder, name: bytes, clusters: int = 0) -> Fit:
        """Return where a new name goes, or raise EACCES if it does not or if so many clusters more are not left."""
        fit = cast(FolderEntry, folder.rule_data).fit(name, self.geometry)
        if fit is None or fit.growth + clusters > self.left:
            raise self.error(EACCES)
        return fit

    def _take(self, folder: Folder, node: Node, fit: Fit) -> None:
        folder.rule_data.take(fit, node)
        self.store.taken += fit.growth
        entry: Entry = node.rule_data
        entry.first, entry.length, entry.alias, _ = fit

    def _charge(self, file: File) -> None:
        file.rule_data.clusters = self.geometry.clusters_for(len(file.data))
        self.store.taken += file.rule_data.clusters


class _Rehearsal:
    """Makes entries on paper, in the order in which they are going to be made."""

    def __init__(self, store: ClusterStore, left: int) -> None:
        self._store = store
        self._left = left
        self._folders: dict[tuple[bytes, ...], FolderEntry] = {}
        self._files: dict[tuple[bytes, ...], int] = {}

    def shortage(self, planned: Sequence[tuple[tuple[bytes, ...], int | None]]) -> str | None:
        for path, size in planned:
            fault = self._make(path, size)
            if fault is not None:
                return fault
            if self._left < 0:
                width = self._store.geometry.cluster_size
                return f"{-self._left} clusters of {width} bytes more than are free"
        return None

    def _make(self, path: tuple[bytes, ...], size: int | None) -> str | None:
        wanted = self._store.geometry.clusters_for(size or 0)
        above: Node | None = self._store.root
        key: tuple[bytes, ...] = ()
        for depth, name in enumerate(path, 1):
            is_file = size is not None and depth == len(path)
            folder, key = key, (*key, fold(name))
            node = self._store.find(above, name) if isinstance(above, Folder) else None
            if node is None and key not in self._folders and key not in self._files:
                fault = self._add(folder, above, name)
                if fault is not None:
                    return fault
                if not is_file:
                    self._folders[key] = FolderEntry(1)
                    self._left -= 1
            if is_file:
                before = self._files.get(key, node.rule_data.clusters if node is not None else 0)
                self._left -= wanted - before
                self._files[key] = wanted
            above = node
        return None

    def _add(self, key: tuple[bytes, ...], folder: Node | None, name: bytes) -> str | None:
        entry = self._folders.get(key)
        if entry is None:
            assert folder is not None
            entry = self._folders[key] = folder.rule_data.copy()
        short = form(name)
        if not short.lossy and short.short in entry.shorts:
            return f"{name!r} is also the short alias of another name in its folder"
        fit = entry.fit(name, self._store.geometry)
        if fit is None:
            return f"the folder of {name!r} takes no more entries"
        self._left -= fit.growth
        entry.take(fit, name)
        return None
