"""LittleFS as this firmware uses it: names, lookups, error numbers and open files (firmware: esp32/littlefs/)."""

from __future__ import annotations

from typing import ClassVar

from flashfs.errors import EBADF, EEXIST, EINVAL, EISDIR, ENOENT, ENOSPC, ENOTDIR, ENOTEMPTY
from flashfs.files import Handle
from flashfs.notes import Note
from flashfs.quirks import RENAME_INTO_ITSELF, RENAME_ONTO_ITSELF, RPLUS_TRUNCATES, quirk_note
from flashfs.rules import FileSystem
from flashfs.store import File, Folder, Node, Store

NAME_MAX = 1022
INLINE_MAX = 512
"""Files up to this size lie inside their folder's metadata (firmware: a block of 4096 bytes / 8)."""
FILE_MAX = 2147483647
UNMAPPED = 0
"""The number of every failure the firmware's error table does not list: name too long, no room for a name, I/O."""

_READ, _WRITE, _CREATE, _EXCLUSIVE, _TRUNCATE, _APPEND = 1, 2, 4, 8, 16, 32
_LETTERS: dict[str, int] = {  # firmware: esp32/littlefs/vfs_littlefs_file.c
    "r": _READ,
    "w": _WRITE | _CREATE | _TRUNCATE,
    "x": _WRITE | _CREATE | _EXCLUSIVE,
    "a": _WRITE | _CREATE | _APPEND,
    "+": _READ | _WRITE,
}


def join(cwd: bytes, path: bytes) -> bytes:
    """Return the absolute text of a path: cwd and path glued together, one slash taken from the end."""
    if path[:1] == b"/":
        return path
    text = (cwd if cwd == b"/" else cwd + b"/") + path
    return text[:-1] if len(text) > 1 and text[-1:] == b"/" else text


def components(path: bytes) -> tuple[list[bytes], bool]:
    """Return the names to look up, and whether the last one may be created.

    ``..`` cancels the name before it as text, before any lookup; a ``.`` in between protects the name, and a ``..``
    with nothing to cancel is skipped. A last name may be created only when nothing follows it, not even a slash.
    """
    parts = [part for part in path.split(b"/") if part]
    creatable = bool(parts) and parts[-1] not in (b".", b"..") and path[-1:] != b"/"
    if b".." not in parts:
        return [part for part in parts if part != b"."], creatable
    kept: list[bytes] = []
    for part in parts:
        if part != b"..":
            kept.append(part)
        elif kept:
            kept.pop()
    return [part for part in kept if part != b"."], creatable


def order(node: Node) -> str:
    """Sort key of a listing: by byte value, and a name comes after the longer ones it begins."""
    return node.raw_name.decode("latin-1") + "\u0100"


class LittleFs(FileSystem):
    """The rules of LittleFS."""

    name_max: ClassVar[int] = NAME_MAX
    dead_handle_error: ClassVar[int] = EBADF

    def make_store(self) -> Store:
        return Store()

    @property
    def block_size(self) -> int:
        return 4096

    def name_fault(self, name: bytes) -> tuple[int, str] | None:
        if not name or name in (b".", b"..") or b"/" in name or b"\0" in name:
            return EINVAL, "not a name"
        if len(name) > NAME_MAX:
            return UNMAPPED, f"the name has {len(name)} bytes, LittleFS takes {NAME_MAX}"
        return None

    def _find(self, cwd: bytes, path: bytes) -> Node:
        """Return the entry (the root for an empty path) or raise ENOENT, ENOTDIR."""
        node = self._locate(cwd, path)[2]
        if node is None:
            raise self.error(ENOENT)
        return node

    def _locate(self, cwd: bytes, path: bytes) -> tuple[Folder, bytes, Node | None, bool]:
        """Return folder, last name, entry or None, and whether the name may be created there."""
        names, creatable = components(join(cwd, path))
        folder: Node = self.store.root
        if not names:
            return self.store.root, b"", folder, False
        find = self.store.find
        last = len(names) - 1
        for index, name in enumerate(names):
            if not isinstance(folder, Folder):
                raise self.error(ENOTDIR)
            node = find(folder, name)
            if index == last:
                return folder, name, node, creatable
            if node is None:
                break
            folder = node
        raise self.error(ENOENT)

    def open(self, cwd: bytes, path: bytes, mode: str) -> Handle:
        flags = 0
        for letter in mode:
            flags |= _LETTERS.get(letter, 0)
        folder, name, node, creatable = self._locate(cwd, path)
        if node is None:
            if not flags & _CREATE or not creatable:
                raise self.error(ENOENT)
            if len(name) > NAME_MAX:
                raise self.error(UNMAPPED)
            created = self.store.new_file(folder, name)
            return LittleFsFile(self, folder, name, created, flags, b"", stamp_due=True)
        if flags & _EXCLUSIVE:
            raise self.error(EEXIST)
        if not isinstance(node, File):
            raise self.error(EISDIR)
        truncate = bool(flags & _TRUNCATE)
        stamp_due = truncate or (not flags & _READ and not node.stamp)
        return LittleFsFile(self, folder, name, node, flags, b"" if truncate else node.data, stamp_due=stamp_due)

    def stat(self, cwd: bytes, path: bytes) -> Node:
        return self._find(cwd, path)

    def listing(self, cwd: bytes, path: bytes) -> list[Node]:
        node = self._find(cwd, path)
        if not isinstance(node, Folder):
            raise self.error(ENOTDIR)
        return self.ordered(node)

    def ordered(self, folder: Folder) -> list[Node]:
        return sorted(self.store.children(folder), key=order)

    def mkdir(self, cwd: bytes, path: bytes) -> None:
        folder, name, node, creatable = self._locate(cwd, path)
        if node is not None:
            raise self.error(EEXIST)
        if not creatable:
            raise self.error(ENOENT)
        if len(name) > NAME_MAX:
            raise self.error(UNMAPPED)
        self.store.new_folder(folder, name, self.around.stamp())

    def remove(self, cwd: bytes, path: bytes) -> None:
        folder, _, node, _ = self._locate(cwd, path)
        if node is None:
            raise self.error(ENOENT)
        if node is self.store.root:
            raise self.error(EINVAL)
        if isinstance(node, Folder) and node.entries:
            raise self.error(ENOTEMPTY)
        self.store.remove(folder, node)

    def rmdir(self, cwd: bytes, path: bytes, in_use: list[bytes]) -> None:
        self.remove(cwd, path)

    def rename(self, cwd: bytes, old: bytes, new: bytes) -> tuple[bytes, bytes] | None:
        source, _, node, _ = self._locate(cwd, old)
        if node is None:
            raise self.error(ENOENT)
        if node is self.store.root:
            raise self.error(EINVAL)
        target, name, previous, creatable = self._locate(cwd, new)
        if previous is self.store.root:
            raise self.error(EINVAL)
        if previous is None:
            if not creatable:
                raise self.error(ENOENT)
            if len(name) > NAME_MAX:
                raise self.error(UNMAPPED)
        elif isinstance(previous, Folder) != isinstance(node, Folder):
            raise self.error(EISDIR)
        elif isinstance(previous, Folder) and previous.entries:
            raise self.error(ENOTEMPTY)
        if previous is node:
            self._rename_onto_itself(source, node)
            return None
        if isinstance(node, Folder) and self.is_inside(target, node):
            self._rename_into_itself(source, node)
            return None
        self.store.move(source, node, target, name, replacing=previous)
        return None

    def _rename_onto_itself(self, folder: Folder, node: Node) -> None:
        if RENAME_ONTO_ITSELF.name in self.around.quirks:
            self.store.remove(folder, node)
        else:
            self.around.note(quirk_note(RENAME_ONTO_ITSELF, f"os.rename() of {node.name!r}", "compare the names first"))

    def _rename_into_itself(self, folder: Folder, node: Node) -> None:
        if RENAME_INTO_ITSELF.name in self.around.quirks:
            self.store.remove(folder, node)
            return
        self.around.note(quirk_note(RENAME_INTO_ITSELF, f"os.rename() of the folder {node.name!r}"))
        raise self.error(EINVAL)

    def chdir(self, cwd: bytes, path: bytes) -> tuple[bytes, Exception | None]:
        # One component after the other, the stored directory changing as it goes; the scan for a slash skips the
        # first byte, so a leading "/.." is one component and taken as it stands (firmware: parse_and_append_to_cwd).
        start, end = 0, 1
        while end <= len(path):
            end = path.find(b"/", end)
            end = len(path) if end < 0 else end
            part = path[start:end]
            if len(part) > NAME_MAX:
                return cwd, self._chdir_overrun(part)
            if part == b"..":
                cwd = cwd[: cwd.rfind(b"/")] or b"/"
            elif part != b".":
                joined = join(cwd, part)
                if not self._is_folder(joined):
                    return cwd, self.error(ENOENT)
                cwd = joined
            end += 1
            start = end
        return cwd, None

    def _chdir_overrun(self, part: bytes) -> Exception:
        self.around.note(
            Note(
                "chdir-overruns-stack",
                "os.chdir() with a name this long crashes the board",
                cause="the firmware copies each component into a buffer on the stack without looking at its length",
                evidence=f"a component of {len(part)} bytes, the buffer has {NAME_MAX + 1}",
                source="firmware: esp32/littlefs/vfs_littlefs.c parse_and_append_to_cwd",
            )
        )
        return self.error(UNMAPPED)

    def _is_folder(self, path: bytes) -> bool:
        return isinstance(self.import_stat(b"/", path), Folder)

    def getcwd(self, cwd: bytes) -> bytes:
        return cwd

    def import_stat(self, cwd: bytes, path: bytes) -> Node | None:
        # A relative path is looked up from the root, whatever the cwd is (firmware: lfs_vfs_import_stat).
        names, _ = components(path)
        node: Node | None = self.store.root
        for name in names:
            if not isinstance(node, Folder):
                return None
            node = self.store.find(node, name)
        return node

    def content(self, file: File) -> bytes:
        return file.data


class LittleFsFile(Handle):
    """An open file, working on a copy of the content at the time of opening until ``flush`` and ``close`` commit it."""

    __slots__ = (
        "_data",
        "_dirty",
        "_epoch",
        "_failed",
        "_file",
        "_flags",
        "_folder",
        "_fs",
        "_inline",
        "_name",
        "_stamp_due",
        "_told",
        "_writing",
        "_wrote",
    )

    def __init__(
        self, fs: LittleFs, folder: Folder, name: bytes, file: File, flags: int, data: bytes, *, stamp_due: bool
    ) -> None:
        super().__init__(fs.error)
        self._fs = fs
        self._folder = folder
        self._name = name
        self._file = file
        self._flags = flags
        self._data: bytes | bytearray = data
        self._epoch = file.epoch
        self._inline = len(data) <= INLINE_MAX
        # Whatever is not purely for reading is committed at close even when nothing was written.
        self._dirty = flags & (_READ | _WRITE) != _READ
        self._stamp_due = stamp_due
        self._writing = self._wrote = self._failed = self._told = False

    def window(self) -> tuple[bytes | bytearray, int]:
        if self.closed:
            raise self._use_after_close("read")
        if self._flags & (_READ | _WRITE) == _WRITE:
            raise self.error(EBADF)
        if self._writing:
            self._settle()
        return self._data, len(self._data)

    def write(self, data: bytes) -> int:
        if self.closed:
            raise self._use_after_close("write")
        if self._flags & (_READ | _WRITE) == _READ:
            raise self.error(EBADF)
        size = len(self._data)
        pos = max(self.pos, size) if self._flags & _APPEND else self.pos
        stop = pos + len(data)
        if stop > FILE_MAX:
            return 0  # "too big" has no number in the firmware's table, so write() reports nothing written
        self._inline = self._inline and max(stop, size) <= INLINE_MAX
        if not self._inline and not self._fits(max(stop, size)):
            self._failed = True
            raise self.error(ENOSPC)
        content = self._data if isinstance(self._data, bytearray) else bytearray(self._data)
        if pos > size:
            content.extend(bytes(pos - size))
        content[pos:stop] = data
        self._data = content
        self.pos = stop
        self._writing = self._wrote = self._dirty = self._stamp_due = True
        self._failed = False
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        if self.closed:
            raise self._use_after_close("seek")
        self._settle()
        base = (0, self.pos, len(self._data))[whence] if 0 <= whence <= 2 else None
        if base is not None and 0 <= base + offset <= FILE_MAX:
            self.pos = base + offset
        return self.pos

    def flush(self) -> None:
        if self.closed:
            raise self._use_after_close("flush")
        self._commit(closing=False)

    def close(self) -> None:
        if self.closed:
            raise self._use_after_close("close")
        self.closed = True
        self._commit(closing=True)

    def _fits(self, size: int) -> bool:
        return size - len(self._file.data) <= self._fs.room()

    def _settle(self) -> None:
        """End a run of writes: this firmware then takes the position for the end of a small file."""
        if not self._writing:
            return
        self._writing = False
        if not self._inline or self.pos >= len(self._data):
            return
        if RPLUS_TRUNCATES.name in self._fs.around.quirks:
            self._data = self._data[: self.pos]
        elif not self._told:
            self._told = True
            evidence = f"{self._file.name!r}: {len(self._data)} bytes, written up to {self.pos}"
            fix = "read the file, change the text and write it anew with mode 'w'"
            self._fs.around.note(quirk_note(RPLUS_TRUNCATES, evidence, fix))

    def _commit(self, *, closing: bool) -> None:
        self._settle()
        if not self._dirty or self._failed:
            return
        file, fs = self._file, self._fs
        if not fs.store.holds(self._folder, self._name, file):
            if self._wrote:
                self._wrote = False
                fs.tell_lost(file, len(self._data))
            return
        if not self._fits(len(self._data)):
            self._failed = True
            raise self.error(ENOSPC)
        self._data = content = bytes(self._data)
        if file.epoch != self._epoch and content != file.data:
            fs.tell_overwritten(file)
        fs.store.write(file, content)
        self._epoch = file.epoch
        self._dirty = False
        # The time travels with the commit of close(); a close() after a flush() has nothing to commit and keeps the
        # old one. A new file gets its time at the first commit, where the board stores what it finds in memory.
        if self._stamp_due and (closing or not file.stamp):
            file.stamp = fs.around.stamp()

    def _use_after_close(self, operation: str) -> Exception:
        self._fs.around.note(
            Note(
                "use-after-close",
                f"{operation}() on a file that is closed: on the board this is memory corruption",
                cause="LittleFS frees the file at close(); anything later reads or writes memory that is not its own",
                evidence=repr(self._file.name),
                fix="close once; a 'with' block closes by itself",
                source="firmware: esp32/littlefs/vfs_littlefs_file.c",
            )
        )
        return self.error(f"{operation} on a closed file")
