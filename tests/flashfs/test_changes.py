"""Rename, remove, times, what boot makes, and the quirks that destroy data."""

from __future__ import annotations

import pytest

from flashfs import QUIRKS, Note
from flashfs.quirks import FAT_SEEK_FILLS, RENAME_INTO_ITSELF, RENAME_ONTO_ITSELF, RPLUS_TRUNCATES
from tests.flashfs.tools import KINDS, Board, number


@pytest.fixture(params=KINDS)
def board(request: pytest.FixtureRequest) -> Board:
    return Board(request.param)


def _with(kind: str, quirk: str) -> Board:
    return Board(kind, quirks=frozenset({quirk}))


# -- rename and remove


def test_rename_replaces_a_file(board: Board) -> None:
    board.put("/flash/new", b"new")
    board.os.rename("/flash/new", "main.py")
    assert board.get("/flash/main.py") == b"new"
    assert "new" not in board.os.listdir("/flash")


def test_rename_moves_a_tree(board: Board) -> None:
    board.os.mkdir("/flash/lib/sub")
    board.put("/flash/lib/sub/x", b"1")
    board.os.rename("/flash/lib", "/flash/cert/lib")
    assert board.get("/flash/cert/lib/sub/x") == b"1"
    assert "lib" not in board.os.listdir("/flash")


def test_littlefs_replaces_an_empty_folder() -> None:
    board = Board("littlefs")
    board.put("/flash/lib/x", b"1")
    board.os.rename("/flash/lib", "/flash/cert")
    assert board.os.listdir("/flash/cert") == ["x"]


@pytest.mark.parametrize("spelling", ["/flash/main.py", "main.py", "./main.py", "/flash//main.py", "lib/../main.py"])
def test_rename_onto_itself_changes_nothing(board: Board, spelling: str) -> None:
    before = board.volume.snapshot()
    board.os.rename("/flash/main.py", spelling)
    assert dict(board.volume.snapshot()) == before
    assert board.codes() == (["rename-to-self-loses-file"] if board.volume.kind == "littlefs" else [])


def test_rename_onto_itself_loses_the_file_on_request() -> None:
    board = _with("littlefs", RENAME_ONTO_ITSELF.name)
    board.os.rename("/flash/main.py", "./main.py")
    board.os.rename("/flash/lib", "/flash/lib")
    assert board.os.listdir("/flash") == ["boot.py", "cert", "sys"]
    assert board.notes == []


def test_littlefs_refuses_a_full_folder_onto_itself() -> None:
    board = Board("littlefs")
    board.put("/flash/lib/x")
    assert number(board.os.rename, "/flash/lib", "/flash/lib") == 39


@pytest.mark.parametrize("target", ["/flash/lib/inside", "/flash/lib/sub/inside"])
def test_a_folder_does_not_move_into_itself(board: Board, target: str) -> None:
    board.os.mkdir("/flash/lib/sub")
    before = board.volume.snapshot()
    assert number(board.os.rename, "/flash/lib", target) == 22
    assert board.volume.snapshot() == before
    assert board.codes() == ["rename-into-itself-loses-folder"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_moved_into_itself_is_lost_on_request(kind: str) -> None:
    board = _with(kind, RENAME_INTO_ITSELF.name)
    board.put("/flash/lib/x", bytes(100))
    board.os.rename("/flash/lib", "/flash/lib/inside")
    assert "lib" not in board.os.listdir("/flash")


# -- overwriting inside a small file


def test_small_files_can_be_changed_inside_with_a_note() -> None:
    board = Board("littlefs")
    with board.os.open("/flash/main.py", "r+") as file:
        file.write("##")
    assert board.os.stat("/flash/main.py")[6] == 34
    assert board.codes() == ["rplus-truncates-small-file"]


@pytest.mark.parametrize(
    ("size", "left"), [(30, 2), (512, 2), (513, 513)], ids=["small", "the largest small", "the smallest large"]
)
def test_small_files_are_cut_off_on_request(size: int, left: int) -> None:
    board = _with("littlefs", RPLUS_TRUNCATES.name)
    board.put("/flash/t", bytes(size))
    with board.os.open("/flash/t", "r+b") as file:
        file.write(b"ab")
    assert board.os.stat("/flash/t")[6] == left
    assert board.notes == []


@pytest.mark.parametrize("act", ["tell", "flush", "read"])
def test_cutting_off_happens_at_whatever_ends_the_write(act: str) -> None:
    board = _with("littlefs", RPLUS_TRUNCATES.name)
    with board.os.open("/flash/t", "w+b") as file:
        file.write(b"0123456789")
        file.seek(0)
        file.write(b"ab")
        getattr(file, act)()
    assert board.get("/flash/t") == b"ab"


def test_fat_changes_small_files_inside_without_a_note() -> None:
    board = Board("fat")
    with board.os.open("/flash/main.py", "r+") as file:
        file.write("##")
    assert board.os.stat("/flash/main.py")[6] == 34
    assert board.notes == []


def test_fat_seek_to_before_the_start_of_a_writer() -> None:
    board = Board("fat", capacity=64 * 1024)
    with board.os.open("/flash/t", "w") as file:
        file.write("abc")
        assert file.seek(-5, 1) == 3
    assert board.codes() == [FAT_SEEK_FILLS.name]
    board = Board("fat", capacity=64 * 1024, quirks=frozenset({FAT_SEEK_FILLS.name}))
    with board.os.open("/flash/t", "w") as file:
        file.write("abc")
        file.seek(-5, 1)
    assert board.volume.room() == 0


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_quirks_are_told_in_full(quirk: object) -> None:
    for field in ("name", "board", "default", "source", "note"):
        assert getattr(quirk, field)
    assert str(Note("x", "y")) == "note: y"


# -- times


def test_the_time_is_the_boards_in_even_seconds(board: Board) -> None:
    board.clock.seconds = 1_234_567_891.9
    board.put("/flash/t")
    board.os.mkdir("/flash/d")
    for path in ("/flash/t", "/flash/d"):
        assert board.os.stat(path)[7:] == (1_234_567_890,) * 3
    assert board.os.stat("/flash/main.py")[8] == 1_000_000_000
    assert board.os.stat("/flash")[7:] == (0, 0, 0)


def test_reading_and_renaming_keep_the_time(board: Board) -> None:
    board.clock.seconds = 2_000_000_000
    board.get("/flash/main.py")
    board.os.rename("/flash/main.py", "/flash/x")
    assert board.os.stat("/flash/x")[8] == 1_000_000_000


def test_littlefs_sets_the_time_at_close() -> None:
    board = Board("littlefs")
    with board.os.open("/flash/main.py", "a") as file:
        board.clock.seconds = 2_000_000_000
        file.write("x")
        file.flush()
        assert board.os.stat("/flash/main.py")[8] == 1_000_000_000
        file.write("y")
        board.clock.seconds = 2_100_000_000
    assert board.os.stat("/flash/main.py")[8] == 2_100_000_000


def test_fat_sets_the_time_at_flush_too() -> None:
    board = Board("fat")
    with board.os.open("/flash/main.py", "a") as file:
        file.write("x")
        board.clock.seconds = 2_000_000_000
        file.flush()
        assert board.os.stat("/flash/main.py")[8] == 2_000_000_000


def test_opening_for_append_without_writing_keeps_the_time(board: Board) -> None:
    board.clock.seconds = 2_000_000_000
    board.os.open("/flash/main.py", "a").close()
    assert board.os.stat("/flash/main.py")[8] == 1_000_000_000


def test_an_unset_clock_gives_zero(board: Board) -> None:
    board.clock.seconds = 0
    board.put("/flash/t")
    assert board.os.stat("/flash/t")[8] == 0


# -- boot


def test_what_boot_makes(board: Board) -> None:
    assert board.volume.snapshot() == {
        "/main.py": b"# main.py -- put your code here!\r\n",
        "/sys": None,
        "/lib": None,
        "/cert": None,
        "/boot.py": b"# boot.py -- run on boot-up\r\n",
    }


def test_boot_leaves_alone_what_is_there(board: Board) -> None:
    board.put("/flash/main.py", b"mine")
    board.os.remove("/flash/boot.py")
    board.os.mkdir("/flash/boot.py")
    board.put("/flash/lib/x", b"1")
    before = board.volume.snapshot()
    board.volume.boot_defaults()
    assert board.volume.snapshot() == before


def test_boot_on_a_full_volume_makes_what_fits() -> None:
    board = Board("littlefs", capacity=5 * 4096)
    assert board.os.listdir("/flash") == ["boot.py", "main.py", "sys"]
