"""The tree of a volume as ordinary files in a folder of the host, kept equal change by change.

Each change of the volume is one instant on the host: files are written aside, stored and renamed into place, folders are made
aside, what is removed is renamed away first. So a process that dies at any instant leaves the tree before or after a change.

What could not be stored is stored with the next change that can be: until then the folder is behind, and says so to nobody
but the reader of the notes.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.state import names
from emulator.state.host import Found, Host, HostPathParts

if TYPE_CHECKING:
    from flashfs.store import Change, Folder, Node
    from flashfs.volume import Volume

NAMES = "-names"
"""Ends the name of the folder in which names are kept that are too long for the host."""

_SECOND = 1_000_000_000
_SLOT = 100
"""Nanoseconds: times of the board are whole seconds, so the rest of the host's tells the place in a FAT folder."""
_MOST_SLOTS = 65536
_LATEST = 0xFFFFFFFE
_PAIR, _INLINE = 2, 512
"""Blocks of a LittleFS folder, and the largest file that lies in its folder's (firmware: esp32/littlefs/lfs.c)."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is not even read from a folder whose volume has no limit."""


@dataclass(eq=False, slots=True)
class _Entry:
    """What is known to be on the host: ``data`` is None for a folder, ``keys`` are those of the names in it."""

    host_name: str
    data: bytes | None
    mtime: int
    children: dict[bytes, _Entry] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)


class _OutOfStep(Exception):
    """The host's tree is not what a change begins with."""


class Mirror:
    """Keeps ``folder``, a name in the host's folder, equal to ``volume``.

    :param blind: the host ignores the case of names
    :param trouble: told each time a change could not be stored
    """

    def __init__(
        self, volume: Volume, host: Host, folder: str, *, blind: bool, trouble: Callable[[OSError], None]
    ) -> None:
        self._volume = volume
        self._host = host
        self._base: HostPathParts = (folder,)
        self._names: HostPathParts = (folder + NAMES,)
        self._blind = blind
        self._trouble = trouble
        self._root = _Entry(folder, None, 0)
        self.on_clear: Callable[[], None] = lambda: None
        """Called while the folder is away, after the volume was formatted."""
        self._behind = False
        self._unsettled: list[Node] = []
        self._doomed: list[HostPathParts] = []
        self._long: set[str] = set()

    # -- from the host to the board

    def load(self, *, foreign: bool = False) -> None:
        """Put what is on the host onto the volume, which is formatted first; a folder that is not there is empty.

        :param foreign: take names of the host's tools for the board's, too
        :raises OSError: with the file's path where the volume cannot hold it
        :raises ValueError: for what no board has
        """
        content: dict[bytes, bytes | None] = {}
        times: dict[bytes, int] = {}
        for path, entry in self._read(foreign=foreign):
            content[path] = entry.data
            times[path] = _stamp(entry.mtime)
        with self._volume.lock:
            self._volume.watch(None)
            self._volume.format()
            try:
                self._volume.load(content, restoring=self._must_have_fitted(content))
            except OSError as error:
                shown = f"{self._base[0]}{error.filename}" if error.filename else self._base[0]
                raise OSError(error.errno, error.strerror, shown) from error
            for path, node in self._volume.file_system.store.walk():
                node.stamp = times.get(path, node.stamp)

    def _must_have_fitted(self, content: dict[bytes, bytes | None]) -> bool:
        """Whether a LittleFS with this tree can be, however its entries came to lie in their folders' blocks.

        How many blocks the entries of a folder take depends on the order in which they were made and removed.
        """
        if self._volume.kind != "littlefs" or self._volume.capacity is None:
            return False
        file_system = self._volume.file_system
        size = file_system.block_size
        least = _PAIR
        for data in content.values():
            least += _PAIR if data is None else -(-len(data) // size) if len(data) > _INLINE else 0
        return least <= file_system.total_blocks

    def _read(self, *, foreign: bool = False) -> Iterator[tuple[bytes, _Entry]]:
        """Learn what is on the host, and yield it, folders before what they hold."""
        self._root = _Entry(self._base[0], None, 0)
        self._doomed.clear()
        self._long.clear()
        kind = self._host.kind(self._base)
        if kind is None:
            return
        if kind != "folder":
            raise ValueError(f"{self._base[0]}: not a folder")
        limit = _LARGEST if self._volume.capacity is None else self._volume.capacity
        stack: list[tuple[bytes, HostPathParts, _Entry]] = [(b"", self._base, self._root)]
        while stack:
            above, parts, folder = stack.pop()
            below = []
            for name, found in self._entries(parts, foreign=foreign).items():
                place = (*parts, found.name)
                if found.size > limit and found.kind == "file":
                    raise OSError(errno.ENOSPC, "larger than the board's medium", "/".join(place))
                entry = _Entry(found.name, self._host.read(place) if found.kind == "file" else None, found.mtime_ns)
                _remember(folder, name, entry)
                yield above + b"/" + name, entry
                if entry.data is None:
                    below.append((above + b"/" + name, place, entry))
            stack += reversed(below)

    def _entries(self, parts: HostPathParts, *, foreign: bool) -> dict[bytes, Found]:
        """Return the entries of a folder of the host by their names on the board, in their order there."""
        entries: dict[bytes, Found] = {}
        for found in sorted(self._host.scan(parts), key=_place):
            shown = "/".join((*parts, found.name))
            if not foreign and names.is_foreign(found.name):
                continue
            if found.kind not in ("file", "folder"):
                raise ValueError(f"{shown}: {found.kind}")
            name = self._board_name(found.name, shown)
            other = entries.setdefault(name, found)
            if other is found:
                continue
            # a rename over an empty folder that was interrupted leaves that folder under another spelling
            empty = next((each for each in (found, other) if self._is_empty(parts, each)), None)
            if empty is None:
                raise ValueError(f"{shown} and {other.name} are the same name to the board")
            self._doomed.append((*parts, empty.name))
            entries[name] = other if empty is found else found
        return entries

    def _is_empty(self, parts: HostPathParts, found: Found) -> bool:
        return found.kind == "folder" and all(names.is_foreign(e.name) for e in self._host.scan((*parts, found.name)))

    def _board_name(self, host_name: str, shown: str) -> bytes:
        number = names.number_of_long(host_name)
        if number is None:
            return names.decode(host_name)
        kept = (*self._names, number)
        if self._host.kind(kept) != "file":
            raise ValueError(f"{shown}: the whole of this name is missing, {'/'.join(kept)}")
        self._long.add(number)
        return self._host.read(kept)

    # -- from the board to the host

    def watch(self) -> None:
        """Store each change of the volume from now on; what is not stored yet is stored at once."""
        with self._volume.lock:
            self._volume.watch(self._changed)
            self._guarded(self._catch_up)

    def close(self) -> None:
        """Store what is left, then nothing any more."""
        with self._volume.lock:
            self.flush()
            self._volume.watch(None)

    def flush(self) -> None:
        """Store what is not stored yet."""
        with self._volume.lock:
            self._guarded(self._catch_up)

    def keep_foreign(self) -> None:
        """Give entries of the board whose host names belong to the host's tools other ones."""
        stack = [(self._base, self._root)]
        while stack:
            parts, folder = stack.pop()
            for name, entry in list(folder.children.items()):
                if names.is_foreign(entry.host_name):
                    host_name = self._name(folder, name, instead_of=entry)
                    self._host.replace((*parts, entry.host_name), (*parts, host_name))
                    _forget(folder, name)
                    entry.host_name = host_name
                    _remember(folder, name, entry)
                if entry.data is None:
                    stack.append(((*parts, entry.host_name), entry))

    def _changed(self, change: Change) -> None:
        self._guarded(lambda: self._follow(change))

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do ``work``. A change that cannot be stored is the host's trouble, not the script's, which goes on."""
        try:
            work()
        except OSError as error:
            self._behind = True
            self._trouble(error)
        except BaseException:
            self._behind = True
            raise

    def _follow(self, change: Change) -> None:
        if change[0] == "clear":  # what was unsettled is gone
            self._unsettled.clear()
        if self._behind:
            if change[0] == "remove":  # which may make the room that all the rest waits for
                with contextlib.suppress(OSError, _OutOfStep):
                    self._remove(change[1])
            self._catch_up()
            return
        self._settle()
        try:
            self._apply(change)
        except _OutOfStep:
            self._behind = True
            self._catch_up()

    def _apply(self, change: Change) -> None:
        what, path, detail = change
        if what == "move":
            assert isinstance(detail, bytes)
            self._move(path, detail)
        elif what == "remove":
            self._remove(path)
        elif what == "clear":
            self._clear()
        else:
            assert detail is not None
            assert not isinstance(detail, bytes)
            parts, folder, name = self._at(path)
            self._store(parts, folder, name, detail, written=what == "write")
            self._unsettled.append(detail)

    def _at(self, path: bytes) -> tuple[HostPathParts, _Entry, bytes]:
        """Return where the folder of an entry is on the host, what is known of it, and the entry's name."""
        *above, name = path.split(b"/")[1:]
        parts, folder = self._base, self._root
        for part in above:
            found = folder.children.get(part)
            if found is None or found.data is not None:
                raise _OutOfStep
            folder = found
            parts = (*parts, folder.host_name)
        return parts, folder, name

    def _store(self, parts: HostPathParts, folder: _Entry, name: bytes, node: Node, *, written: bool = False) -> _Entry:
        """Make the host's entry what the board's is."""
        data: bytes | None = getattr(node, "data", None)
        mtime = self._mtime(node, written=written)
        entry = folder.children.get(name)
        if entry is not None and (entry.data is None) != (data is None):
            self._host.discard((*parts, entry.host_name))
            _forget(folder, name)
            entry = None
        host_name = self._name(folder, name) if entry is None else entry.host_name
        place = (*parts, host_name)
        if data is not None:
            self._host.put(place, data, mtime)
        else:
            self._make_folder(place, mtime)
        if entry is None:
            entry = _Entry(host_name, data, mtime)
            _remember(folder, name, entry)
        else:
            entry.data, entry.mtime = data, mtime
        self._stored_in(parts, folder)
        return entry

    def _make_folder(self, place: HostPathParts, mtime: int) -> None:
        aside = self._host.aside()
        self._host.mkdir(aside)
        try:
            self._host.set_mtime(aside, mtime)
            self._host.replace(aside, place)
        except OSError:
            self._host.clear(aside)
            if self._host.kind(place) != "folder":
                raise

    def _remove(self, path: bytes) -> None:
        parts, folder, name = self._at(path)
        entry = folder.children.get(name)
        if entry is None:
            raise _OutOfStep
        self._take_away((*parts, entry.host_name), entry)
        _forget(folder, name)
        self._stored_in(parts, folder)

    def _take_away(self, place: HostPathParts, entry: _Entry) -> None:
        if entry.data is not None:
            self._host.unlink(place)
            return
        if not entry.children:
            try:
                self._host.rmdir(place)
                return
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
        self._host.discard(place)

    def _move(self, old: bytes, new: bytes) -> None:
        old_parts, source, old_name = self._at(old)
        new_parts, target, new_name = self._at(new)
        entry = source.children.get(old_name)
        if entry is None:
            raise _OutOfStep
        replaced = target.children.get(new_name)
        if replaced is entry:
            replaced = None
        if replaced is not None and (replaced.data is None) != (entry.data is None):
            raise _OutOfStep
        place = (*old_parts, entry.host_name)
        host_name = replaced.host_name if replaced is not None else self._name(target, new_name, instead_of=entry)
        try:
            self._host.replace(place, (*new_parts, host_name))
        except OSError:
            if replaced is None or replaced.data is not None:
                raise
            # A folder that is empty for the board only, or a host that replaces no folder: the moved one appears under
            # another spelling of the name, and of two folders that are one to the board an empty one does not count.
            host_name = _other_spelling(new_name, host_name)
            self._host.replace(place, (*new_parts, host_name))
            self._host.discard((*new_parts, replaced.host_name))
        _forget(source, old_name)
        if replaced is not None:
            _forget(target, new_name)
        entry.host_name = host_name
        _remember(target, new_name, entry)
        self._stored_in(new_parts, target)
        if source is not target:
            self._stored_in(old_parts, source)

    def _clear(self) -> None:
        self._host.discard(self._base)
        self._root.children.clear()
        self._root.keys.clear()
        self.on_clear()
        self._host.mkdir(self._base)
        self._host.sync()

    def _stored_in(self, parts: HostPathParts, folder: _Entry) -> None:
        """Finish a change in a folder: its own time is not the host's, and its entries are stored."""
        if folder is not self._root:
            self._host.set_mtime(parts, folder.mtime)
        self._host.sync(parts)

    def _name(self, folder: _Entry, name: bytes, instead_of: _Entry | None = None) -> str:
        """Return a host name for a new entry that no other entry of the folder can be taken for."""
        host_name = ""
        for host_name in names.encodings(name, blind=self._blind):  # the last one always will do
            owner = folder.keys.get(names.key(host_name)) if self._blind else None
            if owner is None or owner == name or folder.children[owner] is instead_of:
                break
        number = names.number_of_long(host_name)
        if number is not None and number not in self._long:
            self._host.mkdir(self._names)
            self._host.put((*self._names, number), name)
            self._host.sync(self._names)
            self._long.add(number)
        return host_name

    # -- times

    def _mtime(self, node: Node, *, written: bool = False) -> int:
        """Return what the host keeps as time of an entry. A file gets its stamp just after it is written: that is now."""
        stamp = self._volume.stamp() if written else node.stamp
        return stamp * _SECOND + self._slot(node) * _SLOT

    def _slot(self, node: Node) -> int:
        """Return 1 and the place of an entry in its FAT folder, 0 where places do not matter or are not given yet."""
        if self._volume.kind != "fat":
            return 0
        return 1 + int(getattr(node.rule_data, "first", -1))

    def _settle(self) -> None:
        """Correct the times of entries whose stamp or place was given just after they were stored."""
        left, self._unsettled = self._unsettled, []
        store = self._volume.file_system.store
        for node in left:
            if not store.holds(store.parent(node), node.raw_name, node):
                continue
            try:
                parts, folder, name = self._at(store.path(node))
            except _OutOfStep:
                continue
            entry = folder.children.get(name)
            if entry is not None:
                self._set_mtime((*parts, entry.host_name), entry, self._mtime(node))

    def _set_mtime(self, place: HostPathParts, entry: _Entry, mtime: int) -> None:
        if entry.mtime != mtime and (self._volume.kind == "fat" or _stamp(entry.mtime) != _stamp(mtime)):
            self._host.set_mtime(place, mtime)
            entry.mtime = mtime

    # -- all of it

    def _catch_up(self) -> None:
        """Store every difference: what the board has first, then take away what it has not."""
        if self._behind:  # a change broke off: look what there is
            try:
                for _ in self._read():
                    pass
            except ValueError as error:  # somebody works in the folder
                raise OSError(errno.EINVAL, str(error)) from error
        self._settle()
        self._host.mkdir(self._base)
        while self._doomed:
            self._host.discard(self._doomed[-1])
            self._doomed.pop()
        store = self._volume.file_system.store
        known: dict[int, tuple[HostPathParts, _Entry, Folder]] = {id(store.root): (self._base, self._root, store.root)}
        for _, node in store.walk():
            parts, folder, _ = known[id(store.parent(node))]
            entry = folder.children.get(node.raw_name) or self._respelled(parts, folder, node)
            data: bytes | None = getattr(node, "data", None)
            if entry is None or (entry.data is None) != (data is None) or entry.data != data:
                entry = self._store(parts, folder, node.raw_name, node)
            place = (*parts, entry.host_name)
            self._set_mtime(place, entry, self._mtime(node))
            if data is None:
                known[id(node)] = (place, entry, node)  # type: ignore[assignment]
        for parts, folder, node in known.values():
            for name, entry in list(folder.children.items()):
                if store.find(node, name) is None:
                    self._take_away((*parts, entry.host_name), entry)
                    _forget(folder, name)
                    self._stored_in(parts, folder)
        if self._behind:
            for parts, _, _ in known.values():
                self._host.sync(parts)
        self._behind = False

    def _respelled(self, parts: HostPathParts, folder: _Entry, node: Node) -> _Entry | None:
        """Rename what the host has under another spelling of a FAT name: two would be one to the board."""
        file_system = self._volume.file_system
        if file_system.key(b"a") != file_system.key(b"A"):
            return None
        wanted = file_system.key(node.raw_name)
        for name, entry in list(folder.children.items()):
            if file_system.key(name) == wanted:
                host_name = self._name(folder, node.raw_name, instead_of=entry)
                self._host.replace((*parts, entry.host_name), (*parts, host_name))
                _forget(folder, name)
                entry.host_name = host_name
                _remember(folder, node.raw_name, entry)
                return entry
        return None

    def forget_names(self) -> None:
        """Take away the long names that nothing has any more."""
        if self._host.kind(self._names) == "folder":
            for found in self._host.scan(self._names):
                if found.kind == "file" and found.name not in self._long:
                    self._host.unlink((*self._names, found.name))


def _stamp(mtime: int) -> int:
    """Return the board's time of a host's: whole, even seconds since 1970, in 32 bits."""
    return min(max(mtime // _SECOND, 0), _LATEST) & ~1


def _place(found: Found) -> tuple[int, str]:
    """Sort key of a FAT folder's entries: by slot; those that a person put there come last, by name."""
    slot, rest = divmod(found.mtime_ns % (2 * _SECOND), _SLOT)
    return (slot if 0 < slot <= _MOST_SLOTS and not rest else _MOST_SLOTS + 1, found.name)


def _remember(folder: _Entry, name: bytes, entry: _Entry) -> None:
    folder.children[name] = entry
    folder.keys[names.key(entry.host_name)] = name


def _forget(folder: _Entry, name: bytes) -> None:
    entry = folder.children.pop(name)
    folder.keys.pop(names.key(entry.host_name), None)


def _other_spelling(name: bytes, host_name: str) -> str:
    for spelling in names.encodings(name, blind=True):
        if names.key(spelling) != names.key(host_name):
            return spelling
    raise OSError(errno.EEXIST, os.strerror(errno.EEXIST), host_name)
