"""LittleFS as this firmware uses it: names, lookups and error numbers (firmware: esp32/littlefs/)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import ClassVar

from flashfs.errors import EBADF, EEXIST, EINVAL, EISDIR, ENOENT, ENOSPC, ENOTDIR, ENOTEMPTY
from flashfs.files import Handle
from flashfs.littlefs_files import CREATE, EXCLUSIVE, LETTERS, READ, TRUNCATE, LittleFsFile
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
    NoSpace,
    Pair,
    Record,
    blocks_needed,
    capacity,
    file_blocks,
    sort_key,
)
from flashfs.names import decode_name
from flashfs.notes import Note
from flashfs.quirks import RENAME_INTO_ITSELF, RENAME_ONTO_ITSELF, quirk_note
from flashfs.rules import FileSystem
from flashfs.store import File, Folder, Node, Store

NAME_MAX = 1022
_ENTRY_MOST = TAG + TAG + STAMP + POINTER
"""Bytes of an entry without its name and its inline content."""
_ROOM_FOR_ENTRY = _ENTRY_MOST + INLINE_MAX + 64
_SPLIT_MOST = 2 * 8 * PAIR
"""Blocks that making and committing one entry can add to its folder: less than 256 entries are halved."""
UNMAPPED = 0
"""The number of every failure the firmware's error table does not list: name too long, no room for a name, I/O."""


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
            flags |= LETTERS.get(letter, 0)
        folder, name, node, creatable = self._locate(cwd, path)
        if node is None:
            if not flags & CREATE or not creatable:
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
        if flags & EXCLUSIVE:
            raise self.error(EEXIST)
        if not isinstance(node, File):
            raise self.error(EISDIR)
        truncate = bool(flags & TRUNCATE)
        stamp_due = truncate or (not flags & READ and not node.stamp)
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
