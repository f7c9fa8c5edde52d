"""Blocks and metadata as bookkeeping (figures: measured with the firmware's esp32/littlefs/lfs.c on a RAM disk)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashfs.littlefs_layout import (
    BLOCK_SIZE,
    SUPERBLOCK,
    FileRecord,
    FolderRecord,
    Layout,
    NoSpace,
    Record,
    Run,
    blocks_needed,
    capacity,
    file_blocks,
    sort_key,
)


@pytest.mark.parametrize(
    ("size", "blocks"),
    [
        (0, 0),
        (1, 0),
        (512, 0),
        (513, 1),
        (4096, 1),
        (4097, 2),
        (8188, 2),
        (8189, 3),
        (8192, 3),
        (12276, 3),
        (12277, 4),
        (16368, 4),
        (16369, 5),
        (102_400, 26),
        (1 << 20, 257),
        (2_000_000, 490),
        (3 << 20, 770),
    ],
)
def test_blocks_of_a_file(size: int, blocks: int) -> None:
    assert file_blocks(size) == blocks


@given(st.integers(1, 3000))
def test_as_many_blocks_as_the_bytes_need(blocks: int) -> None:
    assert blocks_needed(capacity(blocks)) == blocks
    assert blocks_needed(capacity(blocks) + 1) == blocks + 1


def test_nothing_takes_nothing() -> None:
    assert capacity(0) == blocks_needed(0) == 0


def test_names_are_ordered_by_bytes_and_a_beginning_comes_last() -> None:
    names = [b"", b"a\xff", b"a", b"\x01", b"ab", b"abc", b"B"]
    assert sorted(names, key=sort_key) == [b"\x01", b"B", b"abc", b"ab", b"a\xff", b"a", b""]


def _file(layout: Layout, folder: FolderRecord, name: bytes, size: int) -> FileRecord:
    record = FileRecord(name)
    layout.add(folder, record)
    try:
        _commit(layout, folder, record, size)
    except NoSpace:
        layout.remove(folder, record)
        raise
    return record


def _commit(layout: Layout, folder: FolderRecord, record: FileRecord, size: int) -> None:
    chain = layout.new_chain(file_blocks(size))
    layout.commit(folder, record, size if size <= 512 else None, chain)
    if chain is not None:
        layout.release(chain)


@pytest.mark.parametrize(
    ("count", "name_length", "size", "pairs"),
    [
        (165, 8, 0, 1),
        (200, 8, 0, 2),
        (254, 8, 0, 2),
        (300, 8, 0, 3),
        (7, 8, 500, 1),
        (8, 8, 500, 2),
        (20, 8, 512, 5),
        (3, 1000, 0, 1),
        (4, 1000, 0, 2),
        (450, 4, 10, 6),
    ],
)
def test_a_folder_that_does_not_fit_is_halved(count: int, name_length: int, size: int, pairs: int) -> None:
    layout = Layout(1024)
    folder = layout.add_folder(layout.root, b"lib")
    for index in range(count):
        _file(layout, folder, (b"%03d" % index).ljust(name_length, b"n"), size)
    assert len(folder.pairs) == pairs
    assert layout.used == layout.committed == 2 + 2 * pairs
    keys = list(folder.ordered())
    assert keys == sorted(keys)
    assert len(keys) == count


def test_empty_pairs_are_given_back_and_others_never_merge() -> None:
    layout = Layout(1024)
    folder = layout.add_folder(layout.root, b"lib")
    files = [_file(layout, folder, b"%08d" % index, 0) for index in range(300)]
    assert len(folder.pairs) == 3
    for record in files[:-1]:
        layout.remove(folder, record)
    assert (len(folder.pairs), layout.used) == (2, 6)  # the first stays even when it is empty
    layout.remove(folder, files[-1])
    assert (len(folder.pairs), layout.used) == (1, 4)
    layout.remove(layout.root, folder)
    assert layout.used == 2
    assert layout.root.pairs[0].size == SUPERBLOCK


def test_content_that_was_inline_keeps_its_bytes_in_the_folder() -> None:
    layout = Layout(1024)
    folder = layout.add_folder(layout.root, b"lib")
    files = [_file(layout, folder, b"f%d" % index, 500) for index in range(7)]
    for record in files:
        _commit(layout, folder, record, 600)
    assert layout.used == 4 + 7
    _file(layout, folder, b"g", 400)
    assert layout.used == 4 + 7 + 2
    fresh = Layout(1024)
    folder = fresh.add_folder(fresh.root, b"lib")
    for index in range(7):
        _file(fresh, folder, b"f%d" % index, 600)
    _file(fresh, folder, b"g", 400)
    assert fresh.used == 4 + 7


@pytest.mark.parametrize("blocks", [2, 3, 4, 5])
def test_what_does_not_fit_changes_nothing(blocks: int) -> None:
    layout = Layout(blocks)
    taken = []
    while True:
        before = (layout.used, layout.committed, [len(pair.records) for pair in layout.root.pairs])
        try:
            taken.append(layout.add_folder(layout.root, b"folder%d" % len(taken)))
        except NoSpace:
            break
    assert len(taken) == (blocks - 2) // 2
    assert (layout.used, layout.committed, [len(pair.records) for pair in layout.root.pairs]) == before
    record = FileRecord(b"f")
    layout.add(layout.root, record)
    if blocks % 2 == 0:
        with pytest.raises(NoSpace):
            layout.new_chain(1)
    with pytest.raises(NoSpace):
        layout.new_chain(blocks)
    assert layout.used == before[0]


# -- lists of blocks that share their beginnings


def test_a_list_that_is_continued_shares_its_full_blocks() -> None:
    layout = Layout(100)
    old = layout.new_chain(5)
    front = layout.prefix(old, 3)
    assert front is not None
    assert front.end == 3
    layout.hold(front)
    new = layout.extend(Run(front, 3, 1), 4)
    assert (layout.used, new.end) == (2 + 5 + 4, 7)
    assert old is not None
    layout.release(old)
    assert layout.used == 2 + 7
    layout.release(new)
    assert layout.used == 2


def test_a_list_nobody_needs_comes_back_when_it_is_held() -> None:
    layout = Layout(100)
    old = layout.new_chain(5)
    assert old is not None
    front = layout.prefix(old, 2)
    layout.release(old)
    assert layout.used == 2
    layout.hold(old)
    assert layout.used == 7
    assert front is not None
    layout.hold(front)
    layout.release(old)
    assert layout.used == 4
    layout.release(front)
    assert layout.used == 2


def _counted(layout: Layout, held: list[Run]) -> int:
    """Count the blocks in use anew."""
    count = 0
    seen: set[int] = set()
    folder: FolderRecord | None = layout.root
    while folder is not None:
        count += 2 * len(folder.pairs)
        for pair in folder.pairs:
            assert pair.size == sum(record.size for record in pair.records)
            held = held + [record.chain for record in pair.records if isinstance(record, FileRecord) and record.chain]
        folder = folder.after
    for run in held:
        node: Run | None = run
        while node is not None and id(node) not in seen:
            seen.add(id(node))
            count += node.end - node.start
            node = node.before
    return count


@pytest.mark.parametrize("seed", range(5))
def test_the_count_agrees_with_counting_anew(seed: int) -> None:
    rng = random.Random(seed)
    layout = Layout(100)
    folders = [layout.root]
    entries: list[tuple[FolderRecord, Record]] = []
    held: list[Run] = []
    for _ in range(400):
        folder = rng.choice(folders)
        name = b"%0*d" % (rng.choice([1, 30, 300]), rng.randrange(10**9))
        action = rng.choice(["file", "file", "file", "folder", "remove", "move", "grow", "drop"])
        try:
            if action == "file":
                entries.append((folder, _file(layout, folder, name, rng.choice([0, 100, 512, 513, 20_000]))))
            elif action == "folder" and len(folders) < 8:
                made = layout.add_folder(folder, name)
                folders.append(made)
            elif action == "remove" and entries:
                layout.remove(*entries.pop(rng.randrange(len(entries))))
            elif action == "move" and entries:
                index = rng.randrange(len(entries))
                source, record = entries[index]
                layout.move(source, record, folder, name)
                entries[index] = (folder, record)
            elif action == "grow" and entries:
                _, record = rng.choice(entries)
                chain = getattr(record, "chain", None)
                front = layout.prefix(chain, rng.randrange(1, chain.end + 1)) if chain else None
                if front is not None and layout.free > 2:
                    layout.hold(front)
                    held.append(layout.extend(Run(front, front.end, 1), 2))
            elif action == "drop" and held:
                layout.release(held.pop())
        except NoSpace:
            pass
        assert layout.used == _counted(layout, held) <= 100
        keys = [key for each in folders for key in each.ordered()]
        assert len(keys) == len(set(keys)) == len(entries) + len(folders)
    copy, copies = layout.clone()
    assert len(copies) == len(entries) + len(folders) + 1  # and the description of the volume
    for each in folders:
        twin = copies[id(each)]
        assert isinstance(twin, FolderRecord)
        assert list(twin.ordered()) == list(each.ordered())
    copy.remove(copy.root, copy.add_folder(copy.root, b"x"))
    assert layout.used == _counted(layout, held)


def test_the_block_is_the_boards() -> None:
    assert BLOCK_SIZE == 4096
