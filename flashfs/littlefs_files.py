"""Open files of LittleFS: what is written, committed and lost, and when (firmware: esp32/littlefs/)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashfs.errors import EBADF, ENOSPC
from flashfs.files import Handle
from flashfs.littlefs_layout import INLINE_MAX, FileRecord, MetadataFull, NoSpace, Run, blocks_needed, capacity
from flashfs.notes import Note
from flashfs.quirks import RPLUS_TRUNCATES, quirk_note
from flashfs.store import File, Folder

if TYPE_CHECKING:
    from flashfs.littlefs import LittleFs

FILE_MAX = 2147483647

READ, WRITE, CREATE, EXCLUSIVE, TRUNCATE, APPEND = 1, 2, 4, 8, 16, 32
LETTERS: dict[str, int] = {  # firmware: esp32/littlefs/vfs_littlefs_file.c
    "r": READ,
    "w": WRITE | CREATE | TRUNCATE,
    "x": WRITE | CREATE | EXCLUSIVE,
    "a": WRITE | CREATE | APPEND,
    "+": READ | WRITE,
}


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
        self._dirty = self._held = flags & (READ | WRITE) != READ
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
        if self._flags & (READ | WRITE) == WRITE:
            raise self.error(EBADF)
        if self._writing and not self._settle():
            raise self.error(ENOSPC)
        return self._data, len(self._data)

    def write(self, data: bytes) -> int:
        if self.closed:
            raise self._use_after_close("write")
        if self._flags & (READ | WRITE) == READ:
            raise self.error(EBADF)
        size = len(self._data)
        pos = max(self.pos, size) if self._flags & APPEND else self.pos
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
        self._writing = self._wrote = True
        self.pos = reach
        if not self._data and not pos and reach == len(data) and type(data) is bytes:
            self._data = data  # all of a file in one piece needs no copy
            return
        content = self._data if isinstance(self._data, bytearray) else bytearray(self._data)
        size = len(content)
        if min(pos, reach) > size:
            content.extend(bytes(min(pos, reach) - size))
            size = len(content)
        if reach > pos:
            piece = data if reach - pos == len(data) else data[: reach - pos]
            if pos == size:
                content += piece  # a slice would be copied twice
            else:
                content[pos:reach] = piece
        self._data = content

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
