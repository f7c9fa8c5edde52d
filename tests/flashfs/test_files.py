"""Open files: modes, methods, positions, what is visible when (firmware: py/stream.c, vfs_fat_file.c, littlefs/)."""

from __future__ import annotations

import array
import gc
import re
from typing import Any

import pytest

from tests.flashfs.tools import KINDS, Board, full_littlefs, number


@pytest.fixture(params=KINDS)
def board(request: pytest.FixtureRequest) -> Board:
    return Board(request.param)


TEXT = "zwölf\r\nBoxkämpfer\n\njagen 👍\nEnde"


# -- kinds of file


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("r", "TextIOWrapper"),
        ("rb", "FileIO"),
        ("br", "FileIO"),
        ("rbt", "TextIOWrapper"),
        ("rtb", "FileIO"),
        ("rU?", "TextIOWrapper"),
    ],
)
def test_the_last_of_b_and_t_decides(board: Board, mode: str, kind: str) -> None:
    with board.os.open("/flash/main.py", mode) as file:
        assert type(file).__name__ == kind
        assert re.fullmatch(rf"<io\.{kind} [0-9a-f]{{8}}>", repr(file))


@pytest.mark.parametrize(
    "name",
    [
        "truncate",
        "writelines",
        "fileno",
        "name",
        "mode",
        "closed",
        "readable",
        "writable",
        "seekable",
        "detach",
        "read1",
    ],
)
def test_what_the_board_lacks_is_lacking(board: Board, name: str) -> None:
    with board.os.open("/flash/main.py") as file, pytest.raises(AttributeError):
        getattr(file, name)


def test_buffering_and_encoding_are_ignored(board: Board) -> None:
    with board.os.open("/flash/x", "w", 0, "ascii") as file:
        assert file.write("ü") == 2
    with board.os.open("/flash/x", mode="r", encoding="utf-16") as file:
        assert file.read() == "ü"


@pytest.mark.parametrize(
    ("mode", "littlefs", "fat"),
    [
        ("", ("ok", "ok"), (13, 13)),
        ("b", ("ok", "ok"), (13, 13)),
        ("r", ("ok", 9), ("ok", 13)),
        ("w", (9, "ok"), (13, "ok")),
        ("a", (9, "ok"), (13, "ok")),
        ("x", (9, "ok"), (13, "ok")),
        ("r+", ("ok", "ok"), ("ok", "ok")),
        ("w+", ("ok", "ok"), ("ok", "ok")),
        ("a+", ("ok", "ok"), ("ok", "ok")),
        ("rw", ("ok", "ok"), ("ok", "ok")),
        ("+", ("ok", "ok"), ("ok", "ok")),
    ],
)
def test_which_modes_read_and_write(mode: str, littlefs: Any, fat: Any) -> None:
    for kind, expected in (("littlefs", littlefs), ("fat", fat)):
        board = Board(kind)
        path = "/flash/new" if "x" in mode else "/flash/main.py"
        with board.os.open(path, mode) as file:
            outcome = (number(file.read), number(file.write, "x"))
        assert tuple("ok" if code is None else code for code in outcome) == expected, kind


@pytest.mark.parametrize("mode", ["r", "r+", ""])
def test_only_some_modes_create(board: Board, mode: str) -> None:
    assert number(board.os.open, "/flash/new", mode) == 2


def test_reading_and_writing_nothing_is_never_refused(board: Board) -> None:
    with board.os.open("/flash/new", "w") as writer, board.os.open("/flash/main.py") as reader:
        assert writer.read(0) == ""
        assert writer.readline(0) == ""
        assert reader.write(b"") == 0


# -- reading


def test_text_is_utf8_without_newline_translation(board: Board) -> None:
    with board.os.open("/flash/t", "w") as file:
        assert file.write(TEXT) == len(TEXT.encode())
    assert board.get("/flash/t") == TEXT.encode()
    with board.os.open("/flash/t") as file:
        assert file.read() == TEXT
        assert file.read() == ""
        assert file.read(5) == ""


def test_read_counts_characters_and_tell_bytes(board: Board) -> None:
    board.put("/flash/t", "aäb👍c")
    with board.os.open("/flash/t") as file:
        assert (file.read(2), file.tell()) == ("aä", 3)
        assert (file.read(2), file.tell()) == ("b👍", 8)
        assert (file.read(2), file.tell()) == ("c", 9)


def test_bytes_that_are_no_utf8_survive(board: Board) -> None:
    raw = b"ok \xff\xfe \xc3"
    board.put("/flash/t", raw)
    with board.os.open("/flash/t") as file:
        text = file.read()
    with board.os.open("/flash/u", "w") as file:
        assert file.write(text) == len(raw)
    assert board.get("/flash/u") == raw


@pytest.mark.parametrize(("count", "size"), [(1, 1), (2, 6), (3, 7)])
def test_a_stray_byte_counts_as_five(board: Board, count: int, size: int) -> None:
    board.put("/flash/t", b"a\x80bcdef")
    with board.os.open("/flash/t") as file:
        file.read(count)
        assert file.tell() == size


def test_lines(board: Board) -> None:
    board.put("/flash/t", TEXT)
    lines = ["zwölf\r\n", "Boxkämpfer\n", "\n", "jagen 👍\n", "Ende"]
    with board.os.open("/flash/t") as file:
        assert list(file) == lines
    with board.os.open("/flash/t") as file:
        assert file.readline() == lines[0]
        assert file.readline(3) == "Box"
        assert file.readlines() == ["kämpfer\n", *lines[2:]]
        assert file.readline() == ""
        assert file.readlines() == []
    with board.os.open("/flash/t", "rb") as file:
        assert file.readline() == lines[0].encode()


def test_readinto(board: Board) -> None:
    board.put("/flash/t", b"0123456789")
    buffer = bytearray(4)
    with board.os.open("/flash/t", "rb") as file:
        assert file.readinto(buffer) == 4
        assert buffer == b"0123"
        assert file.readinto(buffer, 2) == 2
        assert buffer == b"4523"
        assert file.readinto(memoryview(buffer)[1:]) == 3
        assert buffer == b"4678"
        assert file.readinto(buffer, -1) == 1
        assert file.readinto(buffer) == 0
        with pytest.raises(TypeError, match="object with buffer protocol required"):
            file.readinto(b"1234")
        with pytest.raises(TypeError, match="object with buffer protocol required"):
            file.readinto("1234")


@pytest.mark.parametrize(
    ("mode", "size", "text"),
    [
        ("r", -2, "allocating 4294967294 bytes"),
        ("rb", -2, "allocating 4294967295 bytes"),
        ("r", -5, "allocating 4294967291 bytes"),
    ],
)
def test_negative_sizes_other_than_minus_one_exhaust_memory(board: Board, mode: str, size: int, text: str) -> None:
    with board.os.open("/flash/main.py", mode) as file, pytest.raises(MemoryError, match=text):
        file.read(size)


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, "can't convert NoneType to int"), ("1", "can't convert str to int"), (1.0, "can't convert float to int")],
)
def test_sizes_are_integers(board: Board, size: Any, text: str) -> None:
    with board.os.open("/flash/main.py") as file:
        for method in (file.read, file.seek):
            with pytest.raises(TypeError) as caught:
                method(size)
            assert str(caught.value) == text
        with pytest.raises(OverflowError):
            file.read(1 << 40)


# -- writing


@pytest.mark.parametrize(
    ("data", "written"),
    [("ä", 2), (b"ab", 2), (bytearray(b"abc"), 3), (memoryview(b"abcd"), 4), (array.array("h", [1, 2]), 4), ("", 0)],
    ids=["str", "bytes", "bytearray", "memoryview", "array", "nothing"],
)
@pytest.mark.parametrize("mode", ["w", "wb"])
def test_write_takes_text_and_buffers_and_counts_bytes(board: Board, mode: str, data: Any, written: int) -> None:
    with board.os.open("/flash/t", mode) as file:
        assert file.write(data) == written
    assert board.os.stat("/flash/t")[6] == written


@pytest.mark.parametrize(
    ("arguments", "content"),
    [((2,), b"01"), ((99,), b"0123456789"), ((2, 3), b"234"), ((99, 3), b""), ((3, -1), b"3456789"), ((-1, 3), b"")],
)
def test_write_of_a_part(board: Board, arguments: tuple[int, ...], content: bytes) -> None:
    with board.os.open("/flash/t", "wb") as file:
        assert file.write(b"0123456789", *arguments) == len(content)
    assert board.get("/flash/t") == content


@pytest.mark.parametrize("data", [5, None, [1], 1.5])
def test_write_refuses_what_is_no_buffer(board: Board, data: Any) -> None:
    with board.os.open("/flash/t", "w") as file, pytest.raises(TypeError, match="object with buffer protocol required"):
        file.write(data)


# -- positions


def test_seek_and_tell(board: Board) -> None:
    board.put("/flash/t", b"0123456789")
    with board.os.open("/flash/t", "rb") as file:
        assert file.seek(4) == 4
        assert file.seek(2, 1) == 6
        assert file.seek(-3, 2) == 7
        assert file.read() == b"789"
        assert file.seek(3, 7) == file.tell()
        assert number(file.seek, -1) == 22
        assert file.tell() == 10 or board.volume.kind == "littlefs"


def test_littlefs_ignores_a_seek_to_before_the_start() -> None:
    board = Board("littlefs")
    with board.os.open("/flash/main.py") as file:
        file.seek(5)
        assert file.seek(-9, 1) == 5
        assert file.seek(-99, 2) == 5


def test_fat_reads_at_the_end_after_a_seek_to_before_the_start() -> None:
    board = Board("fat")
    with board.os.open("/flash/main.py") as file:
        file.seek(5)
        assert file.seek(-9, 1) == 34


@pytest.mark.parametrize(("kind", "position"), [("littlefs", 100), ("fat", 34)])
def test_seek_past_the_end_of_a_reader(kind: str, position: int) -> None:
    board = Board(kind)
    with board.os.open("/flash/main.py") as file:
        assert file.seek(100) == position
        assert file.read() == ""


def test_littlefs_fills_a_gap_with_zeros() -> None:
    board = Board("littlefs")
    with board.os.open("/flash/t", "wb") as file:
        file.seek(3)
        assert board.os.stat("/flash/t")[6] == 0
        file.write(b"x")
    assert board.get("/flash/t") == b"\0\0\0x"


def test_fat_extends_a_writer_at_the_seek() -> None:
    board = Board("fat")
    with board.os.open("/flash/t", "wb") as file:
        assert file.seek(10) == 10
    assert board.os.stat("/flash/t")[6] == 10


@pytest.mark.parametrize(("kind", "position"), [("littlefs", 0), ("fat", 34)])
def test_tell_right_after_opening_for_append(kind: str, position: int) -> None:
    with Board(kind).os.open("/flash/main.py", "a") as file:
        assert file.tell() == position


@pytest.mark.parametrize(("kind", "content"), [("littlefs", b"0123456789ab"), ("fat", b"ab23456789")])
def test_append_after_a_seek(kind: str, content: bytes) -> None:
    board = Board(kind)
    board.put("/flash/t", b"0123456789")
    with board.os.open("/flash/t", "ab") as file:
        file.seek(0)
        file.write(b"ab")
    assert board.get("/flash/t") == content


def test_large_files_can_be_changed_inside(board: Board) -> None:
    board.put("/flash/t", bytes(1000))
    with board.os.open("/flash/t", "r+b") as file:
        file.seek(10)
        file.write(b"inside")
        file.seek(0)
        assert len(file.read()) == 1000
    assert board.get("/flash/t") == bytes(10) + b"inside" + bytes(984)


# -- who sees what, and when


@pytest.mark.parametrize(("kind", "seen"), [("littlefs", b"old"), ("fat", b"")])
def test_what_others_see_of_a_file_opened_with_w(kind: str, seen: bytes) -> None:
    board = Board(kind)
    board.put("/flash/t", b"old")
    with board.os.open("/flash/t", "wb") as file:
        file.write(b"new content")
        assert board.get("/flash/t") == seen
        assert board.os.stat("/flash/t")[6] == len(seen)
        file.flush()
        assert board.get("/flash/t") == b"new content"
        file.write(b" and more")
        assert board.get("/flash/t") == b"new content"
    assert board.get("/flash/t") == b"new content and more"


def test_a_new_file_is_there_at_once_and_empty(board: Board) -> None:
    with board.os.open("/flash/t", "w") as file:
        file.write("x" * 600)
        assert board.os.stat("/flash/t")[6] == 0
    assert board.os.stat("/flash/t")[6] == 600


def test_fat_overwriting_in_place_is_seen_at_once() -> None:
    board = Board("fat")
    board.put("/flash/t", b"0123456789")
    with board.os.open("/flash/t", "rb") as reader, board.os.open("/flash/t", "r+b") as writer:
        writer.write(b"ab")
        assert reader.read() == b"ab23456789"


def test_littlefs_readers_keep_what_they_opened() -> None:
    board = Board("littlefs")
    board.put("/flash/t", b"0123456789")
    with board.os.open("/flash/t", "rb") as reader:
        board.put("/flash/t", b"new")
        assert reader.read() == b"0123456789"


def test_a_reader_of_a_removed_file_reads_on(board: Board) -> None:
    board.put("/flash/t", b"0123456789")
    with board.os.open("/flash/t", "rb") as reader:
        board.os.remove("/flash/t")
        assert reader.read() == b"0123456789"


@pytest.mark.parametrize("act", ["remove", "rename", "replace"])
def test_writing_to_a_file_that_is_gone_is_lost_with_a_note(board: Board, act: str) -> None:
    with board.os.open("/flash/t", "w") as file:
        file.write("lost")
        if act == "remove":
            board.os.remove("/flash/t")
        elif act == "rename":
            board.os.rename("/flash/t", "/flash/u")
        else:
            board.put("/flash/u", b"other")
            board.os.rename("/flash/u", "/flash/t")
    assert board.codes() == ["written-file-was-removed"]
    assert "lost" not in str(board.volume.snapshot())


def test_the_last_of_two_writers_wins_with_a_note(board: Board) -> None:
    with board.os.open("/flash/t", "w") as one:
        one.write("one")
        with board.os.open("/flash/t", "w") as two:
            two.write("the other")
    assert board.get("/flash/t") == b"one"
    assert board.codes() == ["two-writers"]


def test_files_nobody_holds_are_saved(board: Board) -> None:
    board.os.open("/flash/t", "w").write("kept")
    gc.collect()
    assert board.get("/flash/t") == b"kept"


def test_files_left_open_at_a_reset_are_not_saved(board: Board) -> None:
    board.put("/flash/t", b"before")
    file = board.os.open("/flash/t", "a")
    file.write("synced")
    file.flush()
    file.write("lost")
    board.volume.remount()
    assert board.get("/flash/t") == b"beforesynced"
    code = {"littlefs": 9, "fat": 22}[board.volume.kind]
    assert number(file.write, "x") == number(file.read) == number(file.flush) == number(file.tell) == code
    file.close()
    del file
    gc.collect()
    assert board.get("/flash/t") == b"beforesynced"


# -- after close


@pytest.mark.parametrize("act", ["read", "write", "flush", "seek", "close"])
def test_littlefs_use_after_close_is_refused_with_a_note(act: str) -> None:
    board = Board("littlefs")
    file = board.os.open("/flash/t", "w+")
    file.close()
    calls = {"write": lambda: file.write("x"), "seek": lambda: file.seek(0)}
    assert number(calls.get(act, getattr(file, act))) == f"{act} on a closed file"
    assert board.codes() == ["use-after-close"]
    assert str(board.notes[0]).count("\n") <= 5


def test_fat_after_close() -> None:
    file = Board("fat").os.open("/flash/main.py", "r+")
    file.read(5)
    file.close()
    file.close()
    assert number(file.read) == number(file.write, "x") == number(file.flush) == 22
    assert (file.tell(), file.seek(3)) == (5, 5)


# -- a full volume


def test_littlefs_keeps_the_last_commit_when_the_volume_is_full() -> None:
    board = Board("littlefs", capacity=10 * 4096)
    board.put("/flash/t", b"safe")
    file = board.os.open("/flash/t", "w")
    file.write("x" * 600)
    assert number(file.write, "x" * 20_000) == 28
    file.close()
    assert board.get("/flash/t") == b"safe"
    fresh = board.os.open("/flash/fresh", "w")
    assert number(fresh.write, "x" * 20_000) == 28
    fresh.close()
    assert board.os.stat("/flash/fresh")[6] == 0


def test_littlefs_small_files_find_out_at_close() -> None:
    board = full_littlefs()
    file = board.os.open("/flash/t", "w")
    assert file.write("x" * 512) == 512
    assert number(file.close) == 28
    assert board.get("/flash/t") == b""


def test_fat_keeps_what_fitted() -> None:
    board = Board("fat", capacity=64 * 1024)
    room = board.volume.room()
    file = board.os.open("/flash/t", "w")
    assert number(file.write, "x" * (room + 1)) == 28
    file.close()
    assert board.os.stat("/flash/t")[6] == room
    assert board.volume.room() == 0


def test_room_comes_back(board: Board) -> None:
    before = board.volume.statvfs()[3]
    block = board.volume.statvfs()[0]
    board.put("/flash/t", bytes(5 * block))
    board.put("/flash/t", bytes(block))
    assert board.volume.statvfs()[3] == before - 1
    with board.os.open("/flash/t", "ab") as file:
        file.write(bytes(7))
    assert board.volume.statvfs()[3] == before - 2
    board.os.rename("/flash/t", "/flash/u")
    assert board.volume.statvfs()[3] == before - 2
    board.os.remove("/flash/u")
    assert board.volume.statvfs()[3] == before
