"""LittleFS's blocks as a script meets them: fresh volumes, sizes, full volumes (firmware: esp32/littlefs/)."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest

from flashfs import HostPath, Volume
from flashfs.littlefs_layout import capacity
from tests.flashfs.tools import Board, full_littlefs, number

BLOCK = 4096


def _board(blocks: int = 1024) -> Board:
    return Board("littlefs", capacity=blocks * BLOCK)


def _free(board: Board) -> int:
    return int(board.os.statvfs("/flash")[3])


# -- figures


@pytest.mark.parametrize(("blocks", "kib"), [(1024, 4064), (127, 476)], ids=["8 MB board", "4 MB board"])
def test_a_fresh_volume(blocks: int, kib: int) -> None:
    board = _board(blocks)
    assert board.os.getfree("/flash") == kib
    free = blocks - 8
    assert board.os.statvfs("/flash") == (BLOCK, BLOCK, blocks, free, free, 0, 0, 0, 0, 1022)


@pytest.mark.parametrize(
    ("size", "blocks"), [(0, 0), (512, 0), (513, 1), (4096, 1), (4097, 2), (8188, 2), (8189, 3), (8192, 3)]
)
def test_a_file_takes(size: int, blocks: int) -> None:
    board = _board()
    before = _free(board)
    board.put("/flash/t", bytes(size))
    assert before - _free(board) == blocks
    board.os.rename("/flash/t", "/flash/lib/t")
    assert before - _free(board) == blocks
    board.os.remove("/flash/lib/t")
    assert _free(board) == before


@pytest.mark.parametrize("pieces", [[1] * 600, [512, 1], [4096, 4092, 1], [8188, 5000, 3], [100] * 90])
def test_appending_and_writing_at_once_take_the_same(pieces: list[int]) -> None:
    once, appended = _board(), _board()
    once.put("/flash/t", bytes(sum(pieces)))
    for piece in pieces:
        with appended.os.open("/flash/t", "ab") as file:
            file.write(bytes(piece))
    assert _free(once) == _free(appended)


def test_a_folder_takes_two_blocks_until_it_is_removed() -> None:
    board = _board()
    before = _free(board)
    board.os.mkdir("/flash/lib/sub")
    assert _free(board) == before - 2
    board.os.remove("/flash/lib/sub")
    assert _free(board) == before


@pytest.mark.parametrize("capacity_", [0, 1, 4096, 8191, -1])
def test_too_small_for_the_root(capacity_: int) -> None:
    with pytest.raises(ValueError, match="at least 8192 bytes"):
        Volume("littlefs", capacity=capacity_)


def test_the_smallest_volume_and_odd_bytes() -> None:
    assert Volume("littlefs", capacity=8192).statvfs()[2:4] == (2, 0)
    assert Volume("littlefs", capacity=3 * BLOCK + 4095).statvfs()[2:4] == (3, 1)


def test_a_volume_without_limit_takes_everything() -> None:
    board = Board("littlefs", capacity=None)
    board.put("/flash/t", bytes(5 << 20))
    assert board.os.getfree("/flash") == 4096
    assert board.volume.room() > 1 << 40
    assert board.volume.shortage("/x", 1 << 40) is None


def test_formatting_gives_all_back() -> None:
    board = _board()
    board.put("/flash/lib/t", bytes(100_000))
    board.volume.format()
    assert board.volume.statvfs()[3] == 1022
    board.volume.boot_defaults()
    assert board.volume.getfree() == 4064


# -- listings


def test_a_split_folder_is_listed_in_order() -> None:
    board = _board()
    names = [f"{(index * 7919) % 450:03}" + "x" * (index % 3) for index in range(450)]
    for name in names:
        board.put(f"/flash/lib/{name}")
    expected = sorted(names, key=lambda name: name + "\u0100")
    assert board.os.listdir("/flash/lib") == expected
    for name in expected[::3]:
        board.os.remove(f"/flash/lib/{name}")
    assert board.os.listdir("/flash/lib") == [name for index, name in enumerate(expected) if index % 3]


# -- rewriting: new blocks are taken while the old ones stay


@pytest.mark.parametrize(
    ("mode", "offset", "more"), [("wb", 0, 10), ("ab", 0, 0), ("r+b", 0, 10), ("r+b", 5 * 4088, 6)]
)
def test_a_rewrite_needs_blocks_beside_the_old_ones(mode: str, offset: int, more: int) -> None:
    board = _board()
    board.put("/flash/t", bytes(capacity(10)))
    used = board.volume.file_system.layout.used  # type: ignore[attr-defined]
    file = board.os.open("/flash/t", mode)
    file.seek(offset)
    if more:
        file.write(bytes(4096 if mode == "r+b" else capacity(10)))
    file.flush()
    assert board.volume.file_system.layout.used == used  # type: ignore[attr-defined]
    file.close()
    board = _board(8 + 10 + more - 1 if more else 18)
    board.put("/flash/t", bytes(capacity(10)))
    file = board.os.open("/flash/t", mode)
    file.seek(offset)

    def act() -> None:
        file.write(bytes(4096 if mode == "r+b" else capacity(10)))
        file.flush()

    assert number(act) == 28


def test_an_append_to_a_full_block_copies_nothing_and_one_to_a_part_copies_that() -> None:
    board = _board(8 + 2)
    board.put("/flash/t", bytes(4096))
    with board.os.open("/flash/t", "ab") as file:
        file.write(b"x")  # the second block
    file = board.os.open("/flash/t", "ab")
    assert number(file.write, b"y") == 28  # a copy of the second block would be a third
    file.close()
    assert board.os.stat("/flash/t")[6] == 4097


def test_an_open_file_counts_twice_what_it_shares() -> None:
    board = _board()
    board.put("/flash/t", bytes(capacity(100)))
    before = _free(board)
    file = board.os.open("/flash/t", "r+b")
    assert _free(board) == before - 100
    file.close()
    assert _free(board) == before
    for _ in range(12):
        board.os.open("/flash/t", "ab").close()
    files = [board.os.open("/flash/t", "ab") for _ in range(12)]
    assert _free(board) == 0  # never below, though twelve times 100 are more than there are
    board.put("/flash/u", bytes(100 * 4096))
    assert board.get("/flash/u") == bytes(100 * 4096)
    del files


# -- a full volume


def test_write_takes_what_fits_and_close_forgets_it() -> None:
    board = _board(8 + 3)
    file = board.os.open("/flash/t", "wb")
    assert number(file.write, bytes(100_000)) == 28
    assert file.tell() == capacity(3)
    assert _free(board) == 0
    file.close()
    assert board.os.stat("/flash/t")[6] == 0
    assert _free(board) == 3


def test_a_write_that_works_again_saves_what_had_fitted() -> None:
    board = _board(8 + 4)
    board.put("/flash/other", bytes(4096))
    file = board.os.open("/flash/t", "wb")
    assert number(file.write, b"a" * 100_000) == 28
    board.os.remove("/flash/other")
    assert file.write(b"b") == 1
    file.close()
    assert board.get("/flash/t") == b"a" * capacity(3) + b"b"


def test_the_first_byte_that_does_not_fit_writes_nothing() -> None:
    board = full_littlefs()
    file = board.os.open("/flash/blocks", "ab")
    assert number(file.write, b"x" * 5000) == 28
    assert file.tell() == board.os.stat("/flash/blocks")[6]
    file.close()


def test_a_tiny_file_finds_out_at_close_and_stays_empty() -> None:
    board = full_littlefs()
    file = board.os.open("/flash/t", "wb")
    assert file.write(bytes(512)) == 512
    assert number(file.close) == 28
    assert board.os.stat("/flash/t")[6] == 0
    assert board.codes() == []


def test_a_flush_that_fails_can_be_repeated_by_writing() -> None:
    board = full_littlefs()
    file = board.os.open("/flash/t", "wb")
    file.write(b"x" * 400)
    assert number(file.flush) == 28
    assert number(file.flush) is None  # nothing is tried until the next write
    board.os.remove("/flash/inline1")
    file.write(b"y")
    file.close()
    assert board.get("/flash/t") == b"x" * 400 + b"y"


def test_a_name_that_does_not_fit_has_the_number_0() -> None:
    board = full_littlefs()
    before = board.volume.snapshot()
    assert number(board.os.open, "/flash/" + "n" * 1000, "w") == 0
    assert number(board.os.rename, "/flash/main.py", "/flash/" + "n" * 1000) == 28
    assert number(board.os.mkdir, "/flash/lib/x") == 28
    assert board.volume.snapshot() == before
    assert number(board.os.open, "/flash/lib/" + "n" * 1000, "w") is None


def test_removing_makes_room_on_a_full_volume() -> None:
    board = full_littlefs()
    assert _free(board) == 0
    board.os.remove("/flash/blocks")
    assert _free(board) == 2
    board.os.mkdir("/flash/lib/x")
    assert number(board.os.mkdir, "/flash/lib/y") == 28
    board.os.rmdir("/flash/lib/x")
    board.put("/flash/blocks", bytes(capacity(2)))
    board.put("/flash/lib/tiny", bytes(512))
    assert board.get("/flash/lib/tiny") == bytes(512)


def test_a_gap_that_does_not_fit_is_filled_as_far_as_it_goes() -> None:
    board = _board(8 + 2)
    file = board.os.open("/flash/t", "wb")
    file.write(b"x")
    file.seek(1_000_000)
    assert number(file.write, b"y") == 28
    assert file.tell() == capacity(2)
    board = full_littlefs()
    file = board.os.open("/flash/lib/t", "wb")
    file.seek(2_000_000_000)
    assert number(file.write, b"y") == 28
    assert file.tell() == 512
    file.close()
    assert board.os.stat("/flash/lib/t")[6] == 0


def test_two_writers_share_what_is_left() -> None:
    board = _board(8 + 4)
    first, second = board.os.open("/flash/a", "wb"), board.os.open("/flash/b", "wb")
    first.write(bytes(4096 * 2 - 4))
    second.write(bytes(4096 * 2 - 4))
    assert number(first.write, b"x") == number(second.write, b"x") == 28
    first.close()
    assert number(second.write, b"x") is None
    second.close()
    assert board.os.stat("/flash/a")[6] == 0
    assert board.os.stat("/flash/b")[6] == 4096 * 2 - 3


def test_what_was_not_committed_is_free_after_a_power_cut() -> None:
    board = _board()
    before = _free(board)
    file = board.os.open("/flash/t", "wb")
    file.write(bytes(100_000))
    other = board.os.open("/flash/main.py", "ab")
    other.write(bytes(100_000))
    board.volume.remount()
    assert _free(board) == before
    file.close()
    other.close()
    assert _free(board) == before


def test_a_removed_file_keeps_its_blocks_while_it_is_open_for_writing() -> None:
    board = _board()
    before = _free(board)
    board.put("/flash/t", bytes(capacity(10)))
    file = board.os.open("/flash/t", "r+b")
    board.os.remove("/flash/t")
    assert _free(board) == before - 10
    file.close()
    assert _free(board) == before


@pytest.mark.parametrize("act", ["open r", "listdir", "stat", "chdir", "getfree", "read"])
def test_looking_works_on_a_full_volume(act: str) -> None:
    board = full_littlefs()
    actions: dict[str, Callable[[], Any]] = {
        "open r": lambda: board.os.open("/flash/main.py").close(),
        "listdir": lambda: board.os.listdir("/flash"),
        "stat": lambda: board.os.stat("/flash/lib"),
        "chdir": lambda: board.os.chdir("/flash/lib"),
        "getfree": lambda: board.os.getfree("/flash"),
        "read": lambda: board.get("/flash/blocks"),
    }
    assert number(actions[act]) is None


def test_full_and_emptied_again_and_again() -> None:
    board = _board(64)
    before = _free(board)
    for turn in range(6):
        count = 0
        while number(board.put, f"/flash/lib/{turn}-{count}", bytes(300 + 700 * (count % 3))) is None:
            count += 1
        assert count > 40
        assert _free(board) <= 2
        for name in board.os.listdir("/flash/lib"):
            board.os.remove(f"/flash/lib/{name}")
        assert _free(board) == before


# -- open files of which this firmware loses track


@pytest.mark.parametrize(
    ("opened", "old", "new", "told"),
    [
        ("m", "a", "b", True),  # out before it and in before it
        ("m", "a", "z", False),  # out before it only
        ("m", "y", "b", False),  # in before it only
        ("m", "y", "z", False),
        ("m", "lib/q", "a1", False),  # one more before it
        ("m", "lib/q", "a", True),  # one replaced before it
        ("m", "lib/q", "y", False),
        ("m", "a", "lib/r", False),
    ],
)
def test_renaming_beside_an_open_file_is_noted_where_the_board_goes_astray(
    opened: str, old: str, new: str, told: bool
) -> None:
    board = Board("littlefs")
    board.volume.format()
    board.os.mkdir("/flash/lib")
    for name in ("a", "m", "y", "lib/q"):
        board.put("/flash/" + name, b"1")
    with board.os.open("/flash/" + opened, "a") as file:
        board.os.rename("/flash/" + old, "/flash/" + new)
        file.write("2")
    assert board.codes() == (["open-file-misplaced"] if told else [])
    assert board.get("/flash/" + opened) == b"12"


def test_a_folder_that_splits_beside_an_open_file_is_noted() -> None:
    board = Board("littlefs")
    for index in range(7):
        board.put(f"/flash/lib/{index}", bytes(500))
    with board.os.open("/flash/lib/0", "ab") as file:
        board.put("/flash/lib/" + "n" * 500)
        file.write(b"x")
    assert board.codes() == ["open-file-misplaced"]
    assert board.os.stat("/flash/lib/0")[6] == 501


# -- what the host does


def test_loading_replaces_without_needing_both() -> None:
    board = _board(64)
    size = capacity(50)
    board.volume.load({"/big": bytes(size)})
    board.volume.load({"/big": b"x" * size})
    assert board.get("/flash/big") == b"x" * size
    with board.os.open("/flash/big", "wb") as file:
        assert number(file.write, bytes(size)) == 28  # a script needs both


def test_loading_what_does_not_fit_changes_nothing() -> None:
    board = _board(64)
    before = board.volume.snapshot()
    tree: dict[str, bytes | None] = {f"/lib/{index:03}": bytes(400) for index in range(220)}
    with pytest.raises(OSError, match="more blocks of 4096 bytes, 56 of 64 are free") as caught:
        board.volume.load(tree)
    assert caught.value.errno == errno.ENOSPC
    assert board.volume.snapshot() == before
    fitting = dict(list(tree.items())[:130])
    board.volume.load(fitting)
    assert len(board.os.listdir("/flash/lib")) == 130
    assert _free(board) >= 0


@pytest.mark.parametrize("blocks", [9, 10, 12, 20, 40])
def test_what_shortage_promises_is_kept(blocks: int) -> None:
    for count in range(1, 60):
        tree: dict[str, bytes | None] = {
            f"/lib/{index % 4}/{index:0{1 + 40 * (index % 3)}}": bytes(index * 97 % 1500) for index in range(count)
        }
        board = _board(blocks)
        layout = board.volume.file_system.layout  # type: ignore[attr-defined]
        entries = [(tuple(path.encode().split(b"/")[1:]), len(content or b"")) for path, content in tree.items()]
        if board.volume.file_system.shortage(entries):
            with pytest.raises(OSError, match="more blocks of 4096 bytes"):
                board.volume.load(tree)
            assert layout.used == layout.committed <= max(blocks, 8)
            break
        board.volume.load(tree)
        assert layout.used == layout.committed <= blocks
    else:
        pytest.fail("everything fitted")


def test_host_paths_say_so_when_nothing_fits() -> None:
    board = full_littlefs()
    root = HostPath(board.volume)
    before = board.volume.snapshot()
    for act in (
        lambda: (root / "t").write_bytes(bytes(513)),
        lambda: (root / ("n" * 1000)).touch(),
        lambda: (root / "lib" / "sub").mkdir(),
        lambda: (root / "main.py").rename("n" * 1000),
    ):
        with pytest.raises(OSError) as caught:
            act()
        assert caught.value.errno == errno.ENOSPC
    assert board.volume.snapshot() == before
    (root / "lib" / "t").write_bytes(bytes(512))
    (root / "blocks").write_bytes(b"less")
    (root / "t").write_bytes(bytes(513))


def test_a_host_rename_replaces_on_a_full_volume() -> None:
    board = full_littlefs()
    root = HostPath(board.volume)
    (root / "blocks").rename("main.py")
    assert not (root / "blocks").exists()
    assert len((root / "main.py").read_bytes()) == capacity(2)


@pytest.mark.parametrize(
    ("path", "size", "fits"),
    [
        ("/lib/t", 512, True),
        ("/lib/t", 513, False),
        ("/t", 512, False),
        ("/lib/../t", 512, False),
        ("/t/../lib/./t", 512, True),
        ("/blocks", capacity(2), True),
        ("/blocks", capacity(2) + 1, False),
        ("/new/t", 1, False),
    ],
)
def test_what_would_fit_where(path: str, size: int, fits: bool) -> None:
    board = full_littlefs()
    assert (board.volume.shortage(path, size) is None) == fits
