"""Which blocks a LittleFS tree takes on this firmware: metadata pairs, skip lists, and who still needs a block.

Bookkeeping only: no names are looked up, no content is kept, nothing is written. A folder is a chain of metadata pairs
of two blocks each. Every commit rewrites one block of one pair whole, because this firmware programs whole blocks, and a
pair whose entries do not fit any more is halved by number. Content of more than 512 bytes lies in a skip list of blocks
of its own, which is never changed in place: a new version shares the full blocks in front of the first change.

Sizes and limits: firmware, esp32/littlefs/lfs.c and sflash_diskio_littlefs.c; measured with that code on a RAM disk.

Where that code harms itself it is not followed:

- Its allocator notices freed blocks only when its bitmap has run out, so a nearly full board may raise ENOSPC once and
  succeed at the next attempt; here every free block is found at once.
- A folder operation that fails for want of space leaves the board's state in memory damaged until the next reset; here
  nothing has changed.
- After renames and splits beside an open file, the board may commit that file to a wrong entry; here it never does, and
  ``LittleFs`` sends a note.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, insort
from collections.abc import Collection, Iterator
from itertools import accumulate

BLOCK_SIZE = 4096
PAIR = 2
"""Blocks per metadata pair."""
SMALLEST = 2
"""Blocks of the smallest volume: the root."""
INLINE_MAX = 512
"""Files up to this size lie inside their folder's metadata (firmware: an eighth of a block)."""

TAG = 4
SUPERBLOCK = TAG + 8 + TAG + 24
"""Bytes of the first entry of the root: its name and the description of the volume."""
STAMP = TAG + 4
"""Bytes of the time of an entry; it comes with the first commit after the creation."""
POINTER = TAG + 8
"""Bytes of the place of a folder or of a skip list."""

_HEAD, _TAIL, _MOVES = 4, TAG + 8, TAG + 12
ENTRIES_MAX = BLOCK_SIZE - 36
"""Bytes of entries up to which a pair stays whole."""
COMMIT_MAX = BLOCK_SIZE - 8
"""Bytes of entries, head, tail and pending moves that a block takes."""
ENTRIES_SAFE = COMMIT_MAX - _HEAD - _TAIL - _MOVES
COUNT_MAX = 254

_ORPHAN = 1 << 31
_DELETE = 0x4FF << 20


class NoSpace(Exception):
    """No block is left."""


class MetadataFull(NoSpace):
    """A metadata block has no room for its tail and its moves."""


def capacity(blocks: int) -> int:
    """Return how many bytes a skip list of so many blocks holds: each but the first begins with its pointers."""
    return BLOCK_SIZE * blocks - 4 * (2 * (blocks - 1) - (blocks - 1).bit_count()) if blocks > 0 else 0


def blocks_needed(size: int) -> int:
    """Return how many blocks a skip list of so many bytes has."""
    blocks = -(-size // BLOCK_SIZE)
    while capacity(blocks) < size:
        blocks += 1
    return blocks


def file_blocks(size: int) -> int:
    """Return how many blocks the content of a file takes that is written in one go."""
    return 0 if size <= INLINE_MAX else blocks_needed(size)


def sort_key(name: bytes) -> str:
    """Return what entries are ordered by: the bytes of the name, and a name comes after the longer ones it begins."""
    return name.decode("latin-1") + "\u0100"


class Run:
    """Neighbouring blocks of a skip list and the run in front of them; ``end`` counts from the start of the list.

    ``refs`` is how many lists continue or end here; blocks are in use as long as there is one.
    """

    __slots__ = ("before", "end", "refs")

    def __init__(self, before: Run | None, end: int, refs: int = 0) -> None:
        self.before = before
        self.end = end
        self.refs = refs

    @property
    def start(self) -> int:
        """Blocks in front of this run."""
        return 0 if self.before is None else self.before.end


class Record:
    """One entry of a folder; ``size`` is what it takes in the metadata."""

    __slots__ = ("key", "size")

    def __init__(self, key: str, size: int) -> None:
        self.key = key
        self.size = size


class FileRecord(Record):
    """A file. What was once stored inline stays in the metadata beside the place of a skip list, and the reverse."""

    __slots__ = ("chain", "inline", "listed", "stamped")

    def __init__(self, name: bytes) -> None:
        super().__init__(sort_key(name), TAG + len(name) + TAG)
        self.inline = 0
        self.listed = self.stamped = False
        self.chain: Run | None = None

    @property
    def blocks(self) -> int:
        """Blocks of the committed content."""
        return 0 if self.chain is None else self.chain.end

    def size_with(self, inline: int | None) -> int:
        """Return what the entry takes after a commit of so many inline bytes (None: of a skip list)."""
        kept = self.inline if inline is None else inline
        named = len(self.key) - 1 + TAG
        return named + TAG + kept + STAMP + (POINTER if self.listed or inline is None else 0)


class FolderRecord(Record):
    """A folder: its pairs, and its neighbours in the list of all folders, in which its last pair leads to the next."""

    __slots__ = ("after", "before", "pairs", "stamped")

    def __init__(self, name: bytes, blocks: tuple[int, int]) -> None:
        super().__init__(sort_key(name), TAG + len(name) + POINTER)
        self.stamped = False
        self.pairs = [Pair(blocks)]
        self.before: FolderRecord | None = None
        self.after: FolderRecord | None = None

    def ordered(self) -> Iterator[str]:
        """Yield the keys of the entries in the order of a listing."""
        for pair in self.pairs:
            pair.sort()
            for record in pair.records:
                yield record.key


class Pair:
    """A metadata pair: its entries, and what it keeps of moves between pairs (all pairs together cancel out).

    The entries of a folder's only pair are brought in order when somebody asks.
    """

    __slots__ = ("blocks", "moves", "records", "size", "sorted")

    def __init__(self, blocks: tuple[int, int], records: list[Record] | None = None) -> None:
        self.blocks = blocks
        self.moves = 0
        self.records: list[Record] = [] if records is None else records
        self.size = sum(record.size for record in self.records)
        self.sorted = True

    def sort(self) -> None:
        """Bring the entries in order."""
        if not self.sorted:
            self.records.sort(key=_key)
            self.sorted = True


class Layout:
    """The blocks of one volume.

    Every change succeeds whole or raises ``NoSpace`` and changes nothing.

    :param total: blocks of the volume, None for no limit
    """

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.bounded = total is not None
        """Whether changes that do not fit fail; off while somebody outside the board writes what has been checked."""
        self.used = PAIR
        """Blocks the allocator finds in use: each counts once, however many lists share it."""
        self.committed = PAIR
        """Blocks of all pairs and of all committed lists, as ``os.statvfs`` adds them up."""
        self._moving = 0
        self._number = 0
        self.root = FolderRecord(b"", self._new_blocks())
        self.root.pairs[0].records.append(Record("", SUPERBLOCK))
        self.root.pairs[0].size = SUPERBLOCK

    @property
    def free(self) -> int:
        """Blocks the allocator can still give."""
        return sys.maxsize if self.total is None or not self.bounded else max(0, self.total - self.used)

    # -- entries

    def add(self, folder: FolderRecord, record: Record) -> None:
        """Add an entry."""
        index = self._place(folder, record.key)
        pair = folder.pairs[index]
        size = pair.size + record.size
        if self._stays_whole(folder, index, size, len(pair.records) + 1):
            if len(folder.pairs) > 1:
                insort(pair.records, record, key=_key)
            else:
                pair.records.append(record)
                pair.sorted = False
            self._rewrite(pair, size)
        else:
            records = [*pair.records, record]
            self._split(folder, index, sorted(records, key=_key))

    def resize(self, folder: FolderRecord, record: Record, size: int) -> None:
        """Commit an entry that takes so many bytes now."""
        index = self._index_of(folder, record)
        pair = folder.pairs[index]
        before, record.size = record.size, size
        total = pair.size + size - before
        try:
            if self._stays_whole(folder, index, total, len(pair.records)):
                self._rewrite(pair, total)
            else:
                pair.sort()
                self._split(folder, index, pair.records)
        except NoSpace:
            record.size = before
            raise

    def remove(self, folder: FolderRecord, record: Record) -> None:
        """Take an entry out; what a file has in blocks of its own is free unless somebody still needs it."""
        if isinstance(record, FolderRecord):
            self._moving ^= _ORPHAN
            self._take_out(folder, record)
            self._moving ^= _ORPHAN
            self._drop_folder(record)
            return
        self._take_out(folder, record)
        if isinstance(record, FileRecord):
            self.forget(record)

    def cut_off(self, folder: FolderRecord, record: Record) -> None:
        """Take an entry out and leave in use whatever it led to."""
        self._take_out(folder, record)

    def forget(self, record: FileRecord) -> None:
        """Give up the committed content of a file whose entry is gone."""
        chain, record.chain = record.chain, None
        if chain is not None:
            self.committed -= chain.end
            self.release(chain)

    def add_folder(self, parent: FolderRecord, name: bytes) -> FolderRecord:
        """Add an empty folder; its time follows in a commit of its own, which may fail unnoticed."""
        record = FolderRecord(name, self._new_blocks())
        self._need(PAIR)
        self._count(PAIR)
        last = parent.pairs[-1]
        desync = self._place(parent, record.key) < len(parent.pairs) - 1
        before = last.moves
        try:
            if desync:
                self._moving ^= _ORPHAN
                self._stays_whole(parent, len(parent.pairs) - 1, last.size, len(last.records))
                self._rewrite(last, last.size)
                self._moving ^= _ORPHAN
            after, parent.after = parent.after, record
            try:
                self.add(parent, record)
            except NoSpace:
                parent.after = after
                raise
        except NoSpace:
            last.moves, self._moving = before, 0
            self._count(-PAIR)
            raise
        record.before, record.after = parent, after
        if after is not None:
            after.before = record
        try:
            self.resize(parent, record, record.size + STAMP)
            record.stamped = True
        except NoSpace:
            pass
        return record

    def move(
        self,
        source: FolderRecord,
        record: Record,
        target: FolderRecord,
        name: bytes,
        replacing: Record | None = None,
    ) -> None:
        """Give an entry a new place and name; ``replacing`` is what has that name (a file or an empty folder)."""
        key = sort_key(name)
        old_index = self._index_of(source, record)
        new_index = self._place(target, key) if replacing is None else self._index_of(target, replacing)
        old, new = source.pairs[old_index], target.pairs[new_index]
        old.sort()
        moved = Record(key, record.size + len(key) - len(record.key))
        if isinstance(replacing, FolderRecord):
            self._moving ^= _ORPHAN
        if old is not new:
            first, second = old.blocks
            self._moving ^= (_DELETE | old.records.index(record) << 10) | first << 32 | second << 64
        token = self._moving
        gone = (replacing, record) if old is new else (replacing,)
        records = [other for other in new.records if other not in gone]
        insort(records, moved, key=_key) if new.sorted else records.append(moved)
        size = sum(other.size for other in records)
        try:
            if self._stays_whole(target, new_index, size, len(records)):
                new.records = records
                self._rewrite(new, size)
            else:
                self._split(target, new_index, sorted(records, key=_key))
        except NoSpace:
            self._moving = 0
            raise
        if old is not new:
            self._moving = token & ~_ORPHAN
            self._take_out(source, record)
        holder = target.pairs[self._index_of(target, moved)]
        holder.records[holder.records.index(moved)] = record
        record.key, record.size = key, moved.size
        if isinstance(replacing, FolderRecord):
            self._moving ^= _ORPHAN
            self._drop_folder(replacing)
        elif isinstance(replacing, FileRecord):
            self.forget(replacing)

    def astray(
        self,
        source: FolderRecord,
        record: Record,
        target: FolderRecord,
        name: bytes,
        replacing: Record | None,
        open_files: Collection[Record],
    ) -> list[Record]:
        """Return the open files that this firmware would commit to a wrong entry after this move.

        It follows open files by their number in the pair; where a commit takes one entry out and puts one in, it counts
        only one of the two (firmware: esp32/littlefs/lfs.c lfs_dir_commit).
        """
        key = sort_key(name)
        old = source.pairs[self._index_of(source, record)]
        new = target.pairs[self._place(target, key) if replacing is None else self._index_of(target, replacing)]
        new.sort()
        added = replacing is None
        into = bisect_left(new.records, key, key=_key) if replacing is None else new.records.index(replacing)
        out: int | None = None if added else into
        taken: int | None = None
        if old is new:
            taken = new.records.index(record)
            out = taken + (added and into <= taken)
        lost = []
        for number, other in enumerate(new.records):
            if other not in open_files or other is record or other is replacing:
                continue
            right = number + (added and into <= number) - (taken is not None and taken < number)
            believed = number + (number >= into)
            if out is not None and number >= out:
                believed = -1 if number == out else number - 1
            if believed != right:
                lost.append(other)
        return lost

    def clone(self) -> tuple[Layout, dict[int, Record]]:
        """Return a copy of all folders and entries without limit, and which copy belongs to which ``id(record)``.

        Lists of blocks are not copied: the copy is for trying out what happens to the metadata.
        """
        copy = Layout(None)
        copy.used, copy.committed, copy._number = self.used, self.committed, self._number
        copies: dict[int, Record] = {id(self.root): copy.root}
        folder: FolderRecord | None = self.root
        previous: FolderRecord | None = None
        while folder is not None:
            twin = copies.setdefault(id(folder), _twin(folder))
            assert isinstance(twin, FolderRecord)
            twin.pairs = []
            for pair in folder.pairs:
                new = Pair(pair.blocks)
                new.records = [copies.setdefault(id(record), _twin(record)) for record in pair.records]
                new.size, new.moves, new.sorted = pair.size, pair.moves, pair.sorted
                twin.pairs.append(new)
            twin.before = previous
            if previous is not None:
                previous.after = twin
            previous, folder = twin, folder.after
        return copy, copies

    # -- content

    def commit(self, folder: FolderRecord, record: FileRecord, inline: int | None, chain: Run | None) -> None:
        """Commit the content of a file: so many inline bytes, or (None) the list that ends with ``chain``."""
        self.resize(folder, record, record.size_with(inline))
        record.stamped = True
        if inline is None:
            record.listed = True
        else:
            record.inline = inline
            chain = None
        if chain is not None:
            self.hold(chain)
            self.committed += chain.end
        before, record.chain = record.chain, chain
        if before is not None:
            self.committed -= before.end
            self.release(before)

    def new_chain(self, blocks: int) -> Run | None:
        """Take blocks for a list that shares nothing and return its end, held once."""
        return None if blocks == 0 else self.extend(Run(None, 0, 1), blocks)

    def extend(self, run: Run, blocks: int) -> Run:
        """Take blocks to continue a list whose end nobody else uses."""
        self._need(blocks)
        run.end += blocks
        self.used += blocks
        return run

    def hold(self, run: Run) -> None:
        """Keep the blocks of a list."""
        run.refs += 1
        while run.refs == 1:
            # Nobody needed them any more: from here on they count again.
            self.used += run.end - run.start
            if run.before is None:
                return
            run = run.before
            run.refs += 1

    def release(self, run: Run) -> None:
        """Give up the blocks of a list; those that nobody else needs are free."""
        run.refs -= 1
        while run.refs == 0:
            self.used -= run.end - run.start
            if run.before is None:
                return
            run = run.before
            run.refs -= 1

    @staticmethod
    def reclaimable(chain: Run | None) -> int:
        """Return how many blocks are free when one more user of a list gives it up."""
        count = 0
        while chain is not None and chain.refs == 1:
            count += chain.end - chain.start
            chain = chain.before
        return count

    @staticmethod
    def prefix(chain: Run | None, blocks: int) -> Run | None:
        """Return the end of the first blocks of a list, so that another one can share them."""
        while chain is not None and chain.start >= blocks:
            chain = chain.before
        if chain is not None and chain.end > blocks:
            chain.before = Run(chain.before, blocks, 1 if chain.refs else 0)
            return chain.before
        return chain

    # -- commits

    def _place(self, folder: FolderRecord, key: str) -> int:
        """Return the pair for a new name: the first one with a name behind it, else the last."""
        pairs = folder.pairs
        last = len(pairs) - 1
        for index in range(last):
            records = pairs[index].records
            if records and records[-1].key > key:
                return index
        return last

    def _index_of(self, folder: FolderRecord, record: Record) -> int:
        pairs = folder.pairs
        last = len(pairs) - 1
        for index in range(last):
            records = pairs[index].records
            if records and records[-1].key >= record.key:
                return index
        return last

    def _stays_whole(self, folder: FolderRecord, index: int, size: int, count: int) -> bool:
        """Whether a commit leaves the pair one pair. A block that then has no room for its tail raises MetadataFull."""
        if size > ENTRIES_MAX or count > COUNT_MAX:
            return False
        if size > ENTRIES_SAFE and self.bounded:
            has_tail = index < len(folder.pairs) - 1 or folder.after is not None
            if not _fits(size, has_tail, folder.pairs[index].moves ^ self._moving):
                raise MetadataFull
        return True

    def _rewrite(self, pair: Pair, size: int) -> None:
        pair.size = size
        pair.moves ^= self._moving
        self._moving = 0
        pair.blocks = pair.blocks[::-1]

    def _split(self, folder: FolderRecord, index: int, records: list[Record]) -> None:
        """Commit sorted entries that take more than one pair: each too large half is halved again."""
        pair = folder.pairs[index]
        ends = list(accumulate(_portions([record.size for record in records])))
        pieces = [records[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        self._need(PAIR * (len(pieces) - 1))
        pairs = [Pair(pair.blocks, pieces[0]), *(Pair(self._new_blocks(), piece) for piece in pieces[1:])]
        if self.bounded:
            has_tail = index < len(folder.pairs) - 1 or folder.after is not None
            if not (_fits(pairs[0].size, True, pair.moves) and _fits(pairs[-1].size, has_tail, self._moving)):
                raise MetadataFull
        pairs[0].moves = pair.moves
        # The last piece is written first, and takes along what is on its way.
        self._rewrite(pairs[-1], pairs[-1].size)
        for new in pairs[:-1]:
            self._rewrite(new, new.size)
        folder.pairs[index : index + 1] = pairs
        self._count(PAIR * (len(pairs) - 1))

    def _take_out(self, folder: FolderRecord, record: Record) -> None:
        """Commit without this entry. What shrinks always fits."""
        index = self._index_of(folder, record)
        pair = folder.pairs[index]
        pair.records.remove(record)
        if pair.records or index == 0:
            self._rewrite(pair, pair.size - record.size)
            return
        del folder.pairs[index]
        self._drop(pair, folder.pairs[index - 1])

    def _drop_folder(self, folder: FolderRecord) -> None:
        before, after = folder.before, folder.after
        assert before is not None
        before.after = after
        if after is not None:
            after.before = before
        self._drop(folder.pairs[0], before.pairs[-1])

    def _drop(self, pair: Pair, before: Pair) -> None:
        """Free a pair: the one before it now leads to the next and inherits its moves."""
        self._moving ^= pair.moves
        self._rewrite(before, before.size)
        self._count(-PAIR)

    def _need(self, blocks: int) -> None:
        if blocks > self.free:
            raise NoSpace

    def _count(self, blocks: int) -> None:
        self.used += blocks
        self.committed += blocks

    def _new_blocks(self) -> tuple[int, int]:
        # Only told apart, never addressed: which blocks the board takes depends on what was ever written to it.
        self._number += 2
        return self._number * 0x9E3779B1 & 0xFFFFFFFF, (self._number + 1) * 0x9E3779B1 & 0xFFFFFFFF


def _key(record: Record) -> str:
    return record.key


def _fits(size: int, has_tail: bool, moves: int) -> bool:
    return _HEAD + size + (_TAIL if has_tail else 0) + (_MOVES if moves else 0) <= COMMIT_MAX


def _portions(sizes: list[int]) -> list[int]:
    """Return how many entries go into each pair, in order."""
    portions: list[int] = []
    count = len(sizes)
    while count > 1 and (count > COUNT_MAX or sum(sizes[:count]) > ENTRIES_MAX):
        half = count // 2
        portions = _portions(sizes[half:count]) + portions
        count = half
    return [count, *portions]


def _twin(record: Record) -> Record:
    twin: Record
    if isinstance(record, FolderRecord):
        twin = FolderRecord(b"", (0, 0))
    elif isinstance(record, FileRecord):
        twin = FileRecord(b"")
        twin.inline, twin.listed, twin.stamped, twin.chain = record.inline, record.listed, record.stamped, record.chain
    else:
        twin = Record("", 0)
    twin.key, twin.size = record.key, record.size
    return twin
