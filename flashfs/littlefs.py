"""LittleFS as this firmware uses it: names, lookups, error numbers and open files (firmware: esp32/littlefs/)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import ClassVar

from flashfs.errors import EBADF, EEXIST, EINVAL, EISDIR, ENOENT, ENOSPC, ENOTDIR, ENOTEMPTY
from flashfs.files import Handle
from flashfs.littlefs_layout import (
    BLOCK_SIZE,
    ENTRIES_SAFE,
    INLINE_MAX,
    PAIR,
    POINTER,
    SMALLEST,
    STAMP,
    TAG,
    FileRecord,
    FolderRecord,
    Layout,
    MetadataFull,
    NoSpace,
    Pair,
    Record,
    Run,
    blocks_needed,
    capacity,
    file_blocks,
    sort_key,
)
from flashfs.names import decode_name
from flashfs.notes import Note
from flashfs.quirks import RENAME_INTO_ITSELF, RENAME_ONTO_ITSELF, RPLUS_TRUNCATES, quirk_note
from flashfs.rules import FileSystem
from flashfs.store import File, Folder, Node, Store

NAME_MAX = 1022
FILE_MAX = 2147483647
_ENTRY_MOST = TAG + TAG + STAMP + POINTER
"""Bytes of an entry without its name and its inline content."""
_ROOM_FOR_ENTRY = _ENTRY_MOST + INLINE_MAX + 64
_SPLIT_MOST = 2 * 8 * PAIR
"""Blocks that making and committing one entry can add to its folder: less than 256 entries are halved."""
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


class LittleFs(FileSystem):
    """The rules of LittleFS."""

    name_max: ClassVar[int] = NAME_MAX
    dead_handle_error: ClassVar[int] = EBADF

    def make_store(self) -> Store:
        size = self.around.capacity
        if size is not None and size < SMALLEST * BLOCK_SIZE:
            raise ValueError(f"a LittleFS volume has at least {SMALLEST * BLOCK_SIZE} bytes, not {size}")
        store = Store(sort_key)
        self._begin(store)
        return store

    def clear(self) -> None:
        super().clear()
        self._begin(self.store)

    def _begin(self, store: Store) -> None:
        size = self.around.capacity
        self.layout = Layout(None if size is None else size // BLOCK_SIZE)
        self.writers: dict[LittleFsFile, None] = {}
        store.root.rule_data = self.layout.root

    @property
    def block_size(self) -> int:
        return BLOCK_SIZE

    # -- space

    def free_blocks(self) -> int:
        # The firmware adds up all lists of blocks, so what an open file shares with its committed content counts twice
        # (firmware: esp32/littlefs/lfs.c lfs_fs_size).
        if self.layout.total is None:
            return self.total_blocks
        return max(0, self.layout.total - self.layout.committed - sum(writer.blocks for writer in self.writers))

    def room(self) -> int:
        layout = self.layout
        if layout.total is None:
            return sys.maxsize
        if layout.free:
            return capacity(layout.free)
        return INLINE_MAX if layout.root.pairs[-1].size + _ROOM_FOR_ENTRY <= ENTRIES_SAFE else 0

    def shortage(self, planned: Sequence[tuple[tuple[bytes, ...], int | None]]) -> str | None:
        layout = self.layout
        if layout.total is None or not planned:
            return None
        free = layout.free
        if self._most_needed(planned) <= free or (needed := self._rehearse(planned)) <= free:
            return None
        return f"it takes {needed} more blocks of {BLOCK_SIZE} bytes, {free} of {layout.total} are free"

    def _most_needed(self, planned: Sequence[tuple[tuple[bytes, ...], int | None]]) -> int:
        """Return a number of blocks that is certainly enough."""
        known: dict[tuple[bytes, ...], Node | None] = {(): self.store.root}
        added: dict[tuple[bytes, ...], list[int]] = {}
        blocks = 0
        for path, size in planned:
            above: tuple[bytes, ...] = ()
            last = len(path) - 1
            for depth, name in enumerate(path):
                prefix = path[: depth + 1]
                if depth < last and prefix in known:
                    above = prefix
                    continue
                folder = known[above]
                node = known[prefix] = self.store.find(folder, name) if isinstance(folder, Folder) else None
                if node is None or depth == last:
                    grown = added.setdefault(above, [0, 0])
                    grown[0] += 1
                    grown[1] += len(name) + _ENTRY_MOST
                    if depth < last or size is None:
                        blocks += PAIR
                    elif size > INLINE_MAX:
                        blocks += blocks_needed(size)
                    else:
                        grown[1] += size
                above = prefix
        for prefix, (count, length) in added.items():
            folder = known[prefix]
            pairs: list[Pair] = folder.rule_data.pairs if isinstance(folder, Folder) else []
            if len(pairs) > 1 or (pairs[0].size if pairs else 0) + length > ENTRIES_SAFE:
                # No commit divides a pair more often than it can be halved, and no pair is without an entry.
                present = sum(len(pair.records) for pair in pairs)
                blocks += min(PAIR * (present + count), _SPLIT_MOST * count)
        return blocks

    def _rehearse(self, planned: Sequence[tuple[tuple[bytes, ...], int | None]]) -> int:
        """Return how many blocks more it takes, by doing it on a copy of the metadata."""
        layout = self.layout
        copy, copies = layout.clone()
        made: dict[tuple[bytes, ...], FolderRecord | FileRecord] = {}
        nodes: dict[tuple[bytes, ...], Node | None] = {(): self.store.root}
        content: dict[tuple[bytes, ...], int] = {}
        for path, size in planned:
            parent = copy.root
            for end in range(1, len(path) + 1):
                prefix = path[:end]
                if prefix not in made:
                    above = nodes[prefix[:-1]]
                    node = self.store.find(above, prefix[-1]) if isinstance(above, Folder) else None
                    nodes[prefix] = node
                    if node is not None:
                        made[prefix] = copies[id(node.rule_data)]  # type: ignore[assignment]
                    elif end == len(path) and size is not None:
                        record = made[prefix] = FileRecord(prefix[-1])
                        copy.add(parent, record)
                    else:
                        made[prefix] = copy.add_folder(parent, prefix[-1])
                found = made[prefix]
                if isinstance(found, FolderRecord):
                    parent = found
                elif size is not None and end == len(path):
                    inline = size if size <= INLINE_MAX else None
                    copy.resize(parent, found, found.size_with(inline))
                    if inline is None:
                        found.listed = True
                    else:
                        found.inline = inline
                    content[path] = file_blocks(size)
        for path, blocks in content.items():
            node = nodes[path]
            content[path] = blocks - (0 if node is None else layout.reclaimable(node.rule_data.chain))
        return copy.used - layout.used + sum(content.values())

    def from_outside(self) -> AbstractContextManager[None]:
        return _Unbounded(self.layout)

    def forget_handles(self) -> None:
        for writer in list(self.writers):
            writer.let_go()

    # -- entries

    def add_file(self, folder: Folder, name: bytes, data: bytes = b"", stamp: int = 0) -> File:
        record = FileRecord(name)
        with self.from_outside():
            self.layout.add(folder.rule_data, record)
            self._settle(folder.rule_data, record, len(data))
        file = self.store.new_file(folder, name, data, stamp)
        file.rule_data = record
        return file

    def add_folder(self, folder: Folder, name: bytes, stamp: int = 0) -> Folder:
        with self.from_outside():
            record = self.layout.add_folder(folder.rule_data, name)
        made = self.store.new_folder(folder, name, stamp)
        made.rule_data = record
        return made

    def replace(self, file: File, data: bytes) -> None:
        with self.from_outside():
            self._settle(self.store.parent(file).rule_data, file.rule_data, len(data))
        super().replace(file, data)

    def _settle(self, folder: FolderRecord, record: FileRecord, size: int) -> None:
        """Commit content that comes whole."""
        if size <= INLINE_MAX:
            self.layout.commit(folder, record, size, None)
            return
        chain = self.layout.new_chain(blocks_needed(size))
        self.layout.commit(folder, record, None, chain)
        if chain is not None:
            self.layout.release(chain)

    def unlink(self, folder: Folder, node: Node) -> None:
        self.layout.remove(folder.rule_data, node.rule_data)
        self.store.remove(folder, node)

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
            self.step("create", (folder, name))
            record = FileRecord(name)
            pairs = len(folder.rule_data.pairs)
            try:
                self.layout.add(folder.rule_data, record)
            except NoSpace:
                # Whatever keeps the name out, the firmware calls it too long.
                raise self.error(UNMAPPED) from None
            created = self.store.new_file(folder, name)
            created.rule_data = record
            if len(folder.rule_data.pairs) > pairs:
                self._tell_split(folder)
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
        record: FolderRecord = folder.rule_data
        found = folder.index or {}
        return [found[key] for key in record.ordered() if key]

    def mkdir(self, cwd: bytes, path: bytes) -> None:
        folder, name, node, creatable = self._locate(cwd, path)
        if node is not None:
            raise self.error(EEXIST)
        if not creatable:
            raise self.error(ENOENT)
        if len(name) > NAME_MAX:
            raise self.error(UNMAPPED)
        self.step("mkdir", (folder, name))
        try:
            record = self.layout.add_folder(folder.rule_data, name)
        except NoSpace:
            raise self.error(ENOSPC) from None
        made = self.store.new_folder(folder, name, self.around.stamp() if record.stamped else 0)
        made.rule_data = record

    def remove(self, cwd: bytes, path: bytes) -> None:
        folder, _, node, _ = self._locate(cwd, path)
        if node is None:
            raise self.error(ENOENT)
        if node is self.store.root:
            raise self.error(EINVAL)
        if isinstance(node, Folder) and node.entries:
            raise self.error(ENOTEMPTY)
        self.step("rmdir" if isinstance(node, Folder) else "remove", node)
        self.unlink(folder, node)

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
        self.step("rename", node, (target, name))
        replaced = None if previous is None else previous.rule_data
        if self.writers:
            self._tell_astray(source.rule_data, node.rule_data, target.rule_data, name, replaced)
        try:
            self.layout.move(source.rule_data, node.rule_data, target.rule_data, name, replaced)
        except NoSpace:
            raise self.error(ENOSPC) from None
        self.store.move(source, node, target, name, replacing=previous)
        return None

    def _tell_astray(
        self, source: FolderRecord, record: Record, target: FolderRecord, name: bytes, replaced: Record | None
    ) -> None:
        open_files = {writer.record for writer in self.writers}
        for other in self.layout.astray(source, record, target, name, replaced, open_files):
            self._tell_misplaced(other.key[:-1].encode("latin-1"), "os.rename() of its neighbour")

    def _tell_split(self, folder: Folder) -> None:
        for writer in self.writers:
            if writer.folder is folder:
                self._tell_misplaced(writer.name, "a new file did not fit beside it any more")

    def _tell_misplaced(self, name: bytes, evidence: str) -> None:
        self.around.note(
            Note(
                "open-file-misplaced",
                "the board may write this open file over another one, or not at all",
                cause="the firmware loses count of which entry an open file is when entries of its folder move",
                evidence=f"{decode_name(name)!r} is open for writing; {evidence}",
                fix="close files before renaming or adding others in the same folder",
                source="firmware: esp32/littlefs/lfs.c lfs_dir_commit",
            )
        )

    def _rename_onto_itself(self, folder: Folder, node: Node) -> None:
        if RENAME_ONTO_ITSELF.name in self.around.quirks:
            self.step("rename", node, node)
            self.unlink(folder, node)
        else:
            self.around.note(quirk_note(RENAME_ONTO_ITSELF, f"os.rename() of {node.name!r}", "compare the names first"))

    def _rename_into_itself(self, folder: Folder, node: Node) -> None:
        if RENAME_INTO_ITSELF.name in self.around.quirks:
            self.step("remove", node)
            # Only the list of all folders still leads to it: what it holds stays in use until the next format.
            self.layout.cut_off(folder.rule_data, node.rule_data)
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


class _Unbounded(AbstractContextManager[None]):
    """A layout without limit, for as long as it is entered."""

    __slots__ = ("_before", "_layout")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def __enter__(self) -> None:
        self._before, self._layout.bounded = self._layout.bounded, False

    def __exit__(self, *_: object) -> None:
        self._layout.bounded = self._before


class LittleFsFile(Handle):
    """An open file, working on a copy of the content at the time of opening until ``flush`` and ``close`` commit it.

    Blocks are taken while it is written and counted as the board has them: ``_chain`` is the list of blocks of what was
    last committed, opened or settled, ``_list`` the one that is being written beside it.
    """

    __slots__ = (
        "_chain",
        "_data",
        "_dirty",
        "_epoch",
        "_failed",
        "_file",
        "_flags",
        "_folder",
        "_fs",
        "_held",
        "_inline",
        "_list",
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
        self._chain: Run | None = file.rule_data.chain if data else None
        self._list: Run | None = None
        self._inline = self._chain is None
        # Whatever is not purely for reading is committed at close even when nothing was written.
        self._dirty = self._held = flags & (_READ | _WRITE) != _READ
        self._stamp_due = stamp_due
        self._writing = self._wrote = self._failed = self._told = False
        if self._held:
            fs.writers[self] = None
            if self._chain is not None:
                fs.layout.hold(self._chain)

    @property
    def blocks(self) -> int:
        """Blocks that ``os.statvfs`` counts for this file beside its committed content."""
        settled = 0 if self._chain is None or not self._dirty else self._chain.end
        return settled + (0 if self._list is None else self._list.end)

    @property
    def folder(self) -> Folder:
        """Where it was opened."""
        return self._folder

    @property
    def name(self) -> bytes:
        """The name under which it was opened."""
        return self._name

    @property
    def record(self) -> FileRecord:
        """Its entry."""
        record: FileRecord = self._file.rule_data
        return record

    def let_go(self) -> None:
        """Give up the blocks of what is not committed."""
        self._fs.writers.pop(self, None)
        self._hold(None, held=False)
        if self._list is not None:
            self._fs.layout.release(self._list)
            self._list = None

    def window(self) -> tuple[bytes | bytearray, int]:
        if self.closed:
            raise self._use_after_close("read")
        if self._flags & (_READ | _WRITE) == _WRITE:
            raise self.error(EBADF)
        if self._writing and not self._settle():
            raise self.error(ENOSPC)
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
        # What lies between the end and the position is written first, as zeros.
        start = min(pos, size)
        if self._inline and max(stop, size) > INLINE_MAX:
            if start < (zeros := min(pos, INLINE_MAX)):
                self._put(zeros, pos, b"")
                start = zeros
            reach = self._take(start, stop)
            self._inline = reach == start
        else:
            reach = stop if self._inline else self._take(start, stop)
        self.pos = start
        if reach > start:
            self._put(reach, pos, data)
        if reach < stop:
            # What did fit stays, and is part of the file if a later write succeeds.
            self._failed = True
            raise self.error(ENOSPC)
        self._stamp_due = True
        self._failed = False
        return len(data)

    def _take(self, start: int, stop: int) -> int:
        """Take blocks to write on from ``start`` and return how far they reach; none at all if that is ``start``."""
        layout = self._fs.layout
        new = self._list
        if new is None:
            shared = blocks_needed(start)
            if capacity(shared) > start:
                shared -= 1  # the last block is not full: it is copied
        else:
            shared = new.end
        missing = blocks_needed(stop) - shared
        if missing > layout.free:
            missing = layout.free
            stop = max(start, capacity(shared + missing))
            if stop == start:
                return start
        if new is None:
            front = layout.prefix(self._chain, shared) if shared else None
            if front is not None:
                layout.hold(front)
            new = self._list = Run(front, shared, 1)
        layout.extend(new, missing)
        return stop

    def _put(self, reach: int, pos: int, data: bytes) -> None:
        """Write zeros up to ``pos`` and data from there, both up to ``reach``."""
        content = self._data if isinstance(self._data, bytearray) else bytearray(self._data)
        size = len(content)
        if min(pos, reach) > size:
            content.extend(bytes(min(pos, reach) - size))
        if reach > pos:
            content[pos:reach] = data if reach - pos == len(data) else data[: reach - pos]
        self._data = content
        self.pos = reach
        self._writing = self._wrote = True

    def seek(self, offset: int, whence: int) -> int:
        if self.closed:
            raise self._use_after_close("seek")
        if not self._settle():
            return self.pos
        base = (0, self.pos, len(self._data))[whence] if 0 <= whence <= 2 else None
        if base is not None and 0 <= base + offset <= FILE_MAX:
            self.pos = base + offset
        return self.pos

    def before_write(self) -> None:
        self._fs.step("write", self._file)

    def flush(self) -> None:
        if self.closed:
            raise self._use_after_close("flush")
        self._commit(closing=False)

    def close(self) -> None:
        if self.closed:
            raise self._use_after_close("close")
        self.closed = True
        try:
            self._commit(closing=True)
        finally:
            self.let_go()

    def _settle(self) -> bool:
        """End a run of writes. Return whether there were blocks for what follows the written part and is copied."""
        if not self._writing:
            return True
        size = len(self._data)
        if not self._inline:
            if self.pos < size and (reach := self._take(self.pos, size)) < size:
                self.pos = reach
                self._failed = True
                return False
            new, self._list = self._list, None
            self._hold(new)
        self._writing = False
        self._dirty = True
        if self._inline and self.pos < size:
            self._settle_inline(size)
        return True

    def _settle_inline(self, size: int) -> None:
        """This firmware takes the position for the end of a small file."""
        if RPLUS_TRUNCATES.name in self._fs.around.quirks:
            self._data = self._data[: self.pos]
        elif not self._told:
            self._told = True
            evidence = f"{self._file.name!r}: {size} bytes, written up to {self.pos}"
            fix = "read the file, change the text and write it anew with mode 'w'"
            self._fs.around.note(quirk_note(RPLUS_TRUNCATES, evidence, fix))

    def _hold(self, chain: Run | None, *, held: bool = True) -> None:
        """Make a list, whose blocks this file has already, the content; ``held``: until the commit."""
        if self._held and self._chain is not None:
            self._fs.layout.release(self._chain)
        self._held = held
        self._chain = chain

    def _commit(self, *, closing: bool) -> None:
        if not self._settle():
            raise self.error(ENOSPC)
        if not self._dirty or self._failed:
            return
        file, fs = self._file, self._fs
        if not fs.store.holds(self._folder, self._name, file):
            if self._wrote:
                self._wrote = False
                fs.tell_lost(file, len(self._data))
            return
        fs.step("commit", file)
        if not self._commit_blocks():
            self._failed = True
            raise self.error(ENOSPC)
        self._data = content = bytes(self._data)
        if file.epoch != self._epoch and content != file.data:
            fs.tell_overwritten(file)
        fs.store.write(file, content)
        self._epoch = file.epoch
        self._dirty = False
        # From here on the blocks are held by the entry.
        self._hold(self._chain, held=False)
        # The time travels with the commit of close(); a close() after a flush() has nothing to commit and keeps the
        # old one. A new file gets its time at the first commit, where the board stores what it finds in memory.
        if self._stamp_due and (closing or not file.stamp):
            file.stamp = fs.around.stamp()

    def _commit_blocks(self) -> bool:
        layout, folder, record = self._fs.layout, self._folder.rule_data, self._file.rule_data
        try:
            if self._inline:
                try:
                    layout.commit(folder, record, len(self._data), None)
                    return True
                except MetadataFull:
                    # The content gets a block of its own (where no block was left, the firmware does not look again).
                    self._hold(layout.new_chain(blocks_needed(len(self._data))))
                    self._inline = False
            layout.commit(folder, record, None, self._chain)
        except NoSpace:
            return False
        return True

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
