"""FAT as this firmware uses it: names, lookups, slots, error numbers and open files (firmware: lib/oofatfs/ff.c)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, NamedTuple
from weakref import WeakValueDictionary

from flashfs.errors import EACCES, EEXIST, EINVAL, EISDIR, ENOENT, ENOMEM, ENOSPC, ENOTDIR
from flashfs.files import Handle
from flashfs.quirks import FAT_SEEK_FILLS, RENAME_INTO_ITSELF, quirk_note
from flashfs.rules import FileSystem
from flashfs.store import File, Folder, Node, Store

NAME_MAX = 128
ROOT_ENTRIES = 512
CWD_MAX = 128
"""``os.getcwd()`` has room for this many bytes of the in-volume path (firmware: MICROPY_ALLOC_PATH_MAX)."""

_FORBIDDEN = re.compile(rb'["*:<>?|\x7f]')
_SEPARATORS = b"/\\"
_PLAIN = re.compile(rb"[!#-)\-0-9A-Z@^-{}~]{1,8}(\.[!#-)\-0-9A-Z@^-{}~]{1,3})?")

_READ, _WRITE, _CREATE_NEW, _CREATE_ALWAYS, _OPEN_ALWAYS = 1, 2, 4, 8, 16
_LETTERS: dict[str, int] = {  # firmware: extmod/vfs_fat_file.c
    "r": _READ,
    "w": _WRITE | _CREATE_ALWAYS,
    "x": _WRITE | _CREATE_NEW,
    "a": _WRITE | _OPEN_ALWAYS,
    "+": _READ | _WRITE,
}
_CREATING = _CREATE_NEW | _CREATE_ALWAYS | _OPEN_ALWAYS


def _upper_case_table() -> bytes:
    table = bytearray(range(256))
    for code in range(256):
        capital = bytes([code]).decode("cp437").upper()
        try:
            converted = capital.encode("cp437")
        except UnicodeEncodeError:
            continue
        if len(converted) == 1:
            table[code] = converted[0]
    return bytes(table)


_UPPER = _upper_case_table()


def fold(name: bytes) -> bytes:
    """Return the key under which a name is found: each byte is a letter of code page 437, in upper case."""
    return name.translate(_UPPER)


def slots_needed(name: bytes) -> int:
    """Return how many of its folder's entries a name takes: 1 for 8.3 names, else one per 13 letters and one more."""
    body, _, extension = name.partition(b".")
    plain = _PLAIN.fullmatch(name.upper()) is not None and name.isascii()
    mixed = any(part != part.upper() and part != part.lower() for part in (body, extension))
    return 1 if plain and not mixed else 1 + (len(name) + 12) // 13


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


class Fat(FileSystem):
    """The rules of FatFs."""

    name_max: ClassVar[int] = NAME_MAX
    dead_handle_error: ClassVar[int] = EINVAL

    def make_store(self) -> Store:
        self._chains: WeakValueDictionary[int, Chain] = WeakValueDictionary()
        return Store(fold)

    @property
    def block_size(self) -> int:
        return 512 if self.around.capacity is not None and self.around.capacity <= 508 * 1024 else 2048

    def name_fault(self, name: bytes) -> tuple[int, str] | None:
        if name in (b".", b"..") or b"/" in name or b"\\" in name:
            return EINVAL, "not a name"
        found = _FORBIDDEN.search(name)
        if found or (name and min(name) < 0x20):
            return EINVAL, 'FAT names cannot hold " * : < > ? | or control characters'
        if len(name) > NAME_MAX:
            return EINVAL, f"the name has {len(name)} bytes, FAT takes {NAME_MAX}"
        if name.rstrip(b" .") != name or not name:
            return EINVAL, "a FAT name does not end in a dot or a space"
        return None

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
        if _FORBIDDEN.search(name) or len(name) > NAME_MAX:
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
            flags |= _LETTERS.get(letter, 0)
        spot = self._walk(cwd, path)
        if spot.origin:
            raise self.error(EINVAL)
        node, folder, name = spot.node, spot.folder, spot.name
        if not flags & _CREATING:
            if not isinstance(node, File):
                raise self.error(ENOENT)
            return FatFile(self, folder, name, node, flags, self._share(node))
        if node is None:
            created = self.add_file(folder, name)
            return FatFile(self, folder, name, created, flags, self._share(created), modified=True)
        if not isinstance(node, File):
            raise self.error(EACCES)
        if flags & _CREATE_NEW:
            raise self.error(EEXIST)
        if not flags & _CREATE_ALWAYS:
            handle = FatFile(self, folder, name, node, flags, self._share(node))
            handle.seek(0, 2)
            return handle
        self._chains.pop(id(node), None)
        self.store.write(node, b"")
        return FatFile(self, folder, name, node, flags, self._share(node), modified=True)

    def _share(self, file: File) -> Chain:
        chain = self._chains.get(id(file))
        if chain is None:
            chain = self._chains[id(file)] = Chain(file)
        return chain

    def adopt(self, file: File, chain: Chain) -> None:
        """Let the entry point to these clusters: whoever opens it next shares them."""
        self._chains[id(file)] = chain

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
        self.add_folder(spot.folder, spot.name, self.around.stamp())

    def remove(self, cwd: bytes, path: bytes) -> None:
        spot = self._existing(cwd, path)
        if not isinstance(spot.node, File):
            raise self.error(EISDIR)
        self.unlink(spot.folder, spot.node)

    def rmdir(self, cwd: bytes, path: bytes, in_use: list[bytes]) -> None:
        spot = self._existing(cwd, path)
        if not isinstance(spot.node, Folder):
            raise self.error(ENOTDIR)
        if spot.dot:
            raise self.error(EINVAL)
        if spot.node.entries or any(self._folder_at(used) is spot.node for used in in_use):
            raise self.error(EACCES)
        self.unlink(spot.folder, spot.node)

    def rename(self, cwd: bytes, old: bytes, new: bytes) -> tuple[bytes, bytes] | None:
        source = self._walk(cwd, old)
        node = source.node
        if source.origin or source.dot:
            raise self.error(EINVAL)
        if node is None:
            raise self.error(ENOENT)
        target = self._walk(cwd, new)
        if target.node is not None and (target.node is not node or target.dot):
            # Something else has the name: it is removed first if it is a file (firmware: extmod/vfs_fat.c).
            if target.origin:
                raise self.error(EINVAL)
            if not isinstance(target.node, File):
                raise self.error(EISDIR)
            self.unlink(target.folder, target.node)
        if isinstance(node, Folder) and self.is_inside(target.folder, node):
            if RENAME_INTO_ITSELF.name in self.around.quirks:
                self.unlink(source.folder, node)
                return None
            self.around.note(quirk_note(RENAME_INTO_ITSELF, f"os.rename() of the folder {node.name!r}"))
            raise self.error(EINVAL)
        # The new entry is made before the old one is taken away, so it never gets the old one's slots.
        first = self._free_run(target.folder, slots_needed(target.name))
        before = self.store.path(node) if isinstance(node, Folder) else b""
        self._give_slots(source.folder, node)
        self.store.move(source.folder, node, target.folder, target.name)
        self._take_slots(target.folder, node, first)
        return (before, self.store.path(node)) if before else None

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
        self._chains.pop(id(file), None)
        super().replace(file, data)

    def forget_handles(self) -> None:
        self._chains.clear()

    def key(self, name: bytes) -> bytes:
        return fold(name)

    # -- slots: a folder is a table of entries, and a new name goes to the first run of free ones that is long enough

    def ordered(self, folder: Folder) -> list[Node]:
        seen: dict[int, Node] = {id(node): node for node in folder.rule_data or () if node is not None}
        return list(seen.values())

    def add_file(self, folder: Folder, name: bytes, data: bytes = b"", stamp: int = 0) -> File:
        first = self._free_run(folder, slots_needed(name))
        file = self.store.new_file(folder, name, data, stamp)
        self._take_slots(folder, file, first)
        return file

    def add_folder(self, folder: Folder, name: bytes, stamp: int = 0) -> Folder:
        first = self._free_run(folder, slots_needed(name))
        made = self.store.new_folder(folder, name, stamp)
        self._take_slots(folder, made, first)
        return made

    def unlink(self, folder: Folder, node: Node) -> None:
        self._give_slots(folder, node)
        self.store.remove(folder, node)

    def shortage(self, planned: Sequence[tuple[tuple[bytes, ...], int | None]]) -> str | None:
        slots: list[object] = list(self.store.root.rule_data or ())
        seen = set()
        for path, _ in planned:
            if not path or (key := fold(path[0])) in seen or self.store.find(self.store.root, path[0]) is not None:
                continue
            seen.add(key)
            length = slots_needed(path[0])
            first = free_run(slots, length)
            slots[first : first + length] = [key] * length
        if len(slots) > ROOT_ENTRIES:
            return f"the root folder of a FAT volume takes {ROOT_ENTRIES} entries"
        return super().shortage(planned)

    def _free_run(self, folder: Folder, length: int) -> int:
        first = free_run(folder.rule_data or [], length)
        if folder is self.store.root and first + length > ROOT_ENTRIES:
            raise self.error(EACCES)
        return first

    def _take_slots(self, folder: Folder, node: Node, first: int) -> None:
        length = slots_needed(node.raw_name)
        if folder.rule_data is None:
            folder.rule_data = []
        folder.rule_data[first : first + length] = [node] * length

    def _give_slots(self, folder: Folder, node: Node) -> None:
        slots: list[Node | None] = folder.rule_data
        first = slots.index(node)
        length = slots_needed(node.raw_name)
        slots[first : first + length] = [None] * length


class Chain:
    """The clusters of a file: what is written there is seen at once by everybody who has it open."""

    __slots__ = ("__weakref__", "data", "file")

    def __init__(self, file: File) -> None:
        self.file = file
        self.data = bytearray(file.data)


class FatFile(Handle):
    """An open file. Size and time reach its entry at ``flush`` and ``close``; a reader keeps the size it found."""

    __slots__ = ("_chain", "_epoch", "_file", "_flags", "_folder", "_fs", "_modified", "_name", "_size")

    def __init__(
        self, fs: Fat, folder: Folder, name: bytes, file: File, flags: int, chain: Chain, *, modified: bool = False
    ) -> None:
        super().__init__(fs.error)
        self._fs = fs
        self._folder = folder
        self._name = name
        self._file = file
        self._flags = flags
        self._chain = chain
        self._epoch = file.epoch
        self._size = len(file.data)
        self._modified = modified

    def window(self) -> tuple[bytes | bytearray, int]:
        if self.closed:
            raise self.error(EINVAL)
        if not self._flags & _READ:
            raise self.error(EACCES)
        return self._chain.data, self._size

    def write(self, data: bytes) -> int:
        if self.closed:
            raise self.error(EINVAL)
        if not self._flags & _WRITE:
            raise self.error(EACCES)
        fits = max(0, self._limit() - self.pos)
        part = data[:fits]
        stop = self.pos + len(part)
        self._chain.data[self.pos : stop] = part
        self.pos = stop
        self._size = max(self._size, stop)
        self._modified = True
        if len(part) < len(data):
            raise self.error(ENOSPC)
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        if self.closed or not 0 <= whence <= 2:
            return self.pos
        wanted = (0, self.pos, self._size)[whence] + offset
        writing = bool(self._flags & _WRITE)
        if wanted < 0:
            # The firmware counts without a sign: to before the start is far behind the end.
            if writing and FAT_SEEK_FILLS.name not in self._fs.around.quirks:
                evidence = f"{self._file.name!r}: seek({offset}, {whence}) at position {self.pos}"
                self._fs.around.note(quirk_note(FAT_SEEK_FILLS, evidence))
                return self.pos
            wanted &= 0xFFFFFFFF
        if wanted > self._size:
            wanted = max(self._size, min(wanted, self._limit())) if writing else self._size
            if wanted > self._size:
                missing = wanted - len(self._chain.data)
                self._chain.data.extend(bytes(max(0, missing)))
                self._size = wanted
                self._modified = True
        self.pos = wanted
        return wanted

    def flush(self) -> None:
        if self.closed:
            raise self.error(EINVAL)
        if not self._modified:
            return
        self._modified = False
        file, fs = self._file, self._fs
        if not fs.store.holds(self._folder, self._name, file):
            if self._size:
                fs.tell_lost(file, self._size)
            return
        content = bytes(self._chain.data[: self._size])
        if file.epoch != self._epoch and content != file.data:
            fs.tell_overwritten(file)
        fs.adopt(file, self._chain)
        fs.store.write(file, content)
        file.stamp = fs.around.stamp()
        self._epoch = file.epoch

    def close(self) -> None:
        if self.closed:
            return
        self.flush()
        self.closed = True

    def _limit(self) -> int:
        """Return the largest size the file can have."""
        return len(self._file.data) + self._fs.room()
