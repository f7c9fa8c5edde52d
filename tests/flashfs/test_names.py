"""Which names there are, which of them are the same, and in which order they are listed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flashfs.tools import KINDS, Board, number

ANYWHERE = ["+,;=[]~#%&!@^", "a b", " leading", ".hidden", "CON", "NUL", "ü.txt", "日本.pem", "x" * 128]
ONLY_LITTLEFS = [
    "a:b", 'a"b', "a*b", "a<b", "a>b", "a?b", "a|b", "a\x7fb", "a\\b", "a\x01b", "\n", "trailing.", "trailing ", "...",
    ". ", "x" * 129, "x" * 1022, "C:", b"\xff\xfe", b"\x80", "\udcff", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", ANYWHERE + ONLY_LITTLEFS, ids=ascii)
def test_littlefs_keeps_every_name(name: Any) -> None:
    board = Board("littlefs")
    path = "/flash/lib/" + name if isinstance(name, str) else b"/flash/lib/" + name
    board.put(path, b"1")
    board.os.mkdir("/flash/d")
    board.os.rename(path, "/flash/d/x")
    board.os.rename("/flash/d/x", path)
    (raw,) = board.os.listdir(b"/flash/lib")
    (text,) = board.os.listdir("/flash/lib")
    assert raw == name or raw == name.encode("utf-8", "surrogateescape" if name == "\udcff" else "surrogatepass")
    assert board.get(b"/flash/lib/" + raw) == board.get("/flash/lib/" + text) == b"1"
    board.os.remove("/flash/lib/" + text)
    assert board.os.listdir("/flash/lib") == []


@pytest.mark.parametrize("name", ANYWHERE, ids=ascii)
def test_fat_keeps_these_names(name: str) -> None:
    board = Board("fat")
    board.put("/flash/lib/" + name, b"1")
    assert board.os.listdir("/flash/lib") == [name]
    assert board.get("/flash/lib/" + name) == b"1"


@pytest.mark.parametrize("character", '"*:<>?|\x7f')
def test_fat_refuses_these_characters(character: str) -> None:
    board = Board("fat")
    assert number(board.os.open, f"/flash/a{character}b", "w") == 22
    assert number(board.os.mkdir, f"/flash/{character}") == 22
    assert number(board.os.open, f"/flash/a{character}/b") == 22


@pytest.mark.parametrize("name", ["...", "....", ". ", " ", ".. ."])
def test_fat_refuses_names_of_dots_and_spaces_alone(name: str) -> None:
    assert number(Board("fat").os.open, "/flash/" + name, "w") == 22


@pytest.mark.parametrize(
    ("written", "kept"),
    [("abc.", "abc"), ("abc. . ", "abc"), ("a\x01b", "a"), ("a\nb", "a"), ("lib\\deep", None), ("a b ", "a b")],
    ids=ascii,
)
def test_fat_takes_these_spellings_for_others(written: str, kept: str | None) -> None:
    board = Board("fat")
    board.put("/flash/" + written, b"1")
    if kept is None:
        assert board.os.listdir("/flash/lib") == ["deep"]
    else:
        assert kept in board.os.listdir("/flash")
        assert board.get("/flash/" + kept) == board.get("/flash/" + written) == b"1"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Main.PY", "main.py"), ("\u00c1", "\u00da"), (b"\x81", b"\x9a"), (b"\xe5", b"\xe4")],
    ids=ascii,
)
def test_fat_takes_these_for_one_name(one: Any, other: Any) -> None:
    # Each byte is a letter of code page 437, so some UTF-8 names that differ are one.
    board = Board("fat")
    one, other = (b"/flash/lib/" + (name if isinstance(name, bytes) else name.encode()) for name in (one, other))
    board.put(one, b"1")
    assert board.get(other) == b"1"
    assert board.os.listdir(b"/flash/lib") == [one.rpartition(b"/")[2]]


def test_littlefs_tells_case_apart() -> None:
    board = Board("littlefs")
    board.put("/flash/MAIN.py", b"1")
    assert board.get("/flash/main.py") != b"1"


def test_fat_renames_the_case_alone() -> None:
    board = Board("fat")
    board.os.rename("/flash/main.py", "/flash/MAIN.PY")
    assert "MAIN.PY" in board.os.listdir("/flash")
    assert "main.py" not in board.os.listdir("/flash")
    assert board.os.stat("/flash/main.py")[6] == 34


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_bytes_when_asked_with_bytes(kind: str) -> None:
    board = Board(kind)
    assert all(isinstance(name, bytes) for name in board.os.listdir(b"/flash"))
    assert all(isinstance(entry[0], bytes) for entry in board.os.ilistdir(b"/flash"))
    assert ("main.py", 0x8000, 0, 34) in list(board.os.ilistdir("/flash"))
    assert ("lib", 0x4000, 0, 0) in list(board.os.ilistdir("/flash"))


def test_littlefs_lists_by_byte_with_prefixes_last() -> None:
    board = Board("littlefs")
    names = ["b", "a", "ab", "abc", "B", "ä", "a.b", "aa", b"a\xff"]
    for name in names:
        board.put(b"/flash/lib/" + (name if isinstance(name, bytes) else name.encode()))
    assert board.os.listdir(b"/flash/lib") == [b"B", b"a.b", b"aa", b"abc", b"ab", b"a\xff", b"a", b"b", "ä".encode()]


def test_fat_lists_by_slot() -> None:
    board = Board("fat")
    for name in ["ONE", "TWO", "THREE", "FOUR"]:
        board.put("/flash/lib/" + name)
    board.os.remove("/flash/lib/TWO")
    board.put("/flash/lib/a long name")
    board.put("/flash/lib/FIVE")
    assert board.os.listdir("/flash/lib") == ["ONE", "FIVE", "THREE", "FOUR", "a long name"]


def test_fat_rename_takes_a_new_slot_before_it_frees_the_old() -> None:
    board = Board("fat")
    for name in ["ONE", "TWO", "THREE"]:
        board.put("/flash/lib/" + name)
    board.os.rename("/flash/lib/ONE", "/flash/lib/UNO")
    assert board.os.listdir("/flash/lib") == ["TWO", "THREE", "UNO"]
    board.put("/flash/lib/FOUR")
    assert board.os.listdir("/flash/lib") == ["FOUR", "TWO", "THREE", "UNO"]


@pytest.mark.parametrize(
    ("name", "slots"),
    [("README", 1), ("readme.txt", 1), ("README.txt", 1), ("Readme.txt", 2), ("a b", 2), ("name.html", 2), (".x", 2),
     ("a.b.c", 2), ("x" * 13, 2), ("x" * 14, 3), ("x" * 128, 11), ("a+b", 2), ("\u00fc", 2)],
)  # fmt: skip
def test_slots_of_a_fat_name(name: str, slots: int) -> None:
    from flashfs.fat_names import form

    assert form(name.encode()).entries == slots


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_folders_deep(kind: str) -> None:
    board = Board(kind, capacity=None)
    for _ in range(1000):
        board.os.mkdir("d")
        board.os.chdir("d")
    board.put("bottom", b"1")
    assert board.get("/flash" + "/d" * 1000 + "/bottom") == b"1"
    assert number(board.os.stat, "/flash" + "/d" * 1001) == 2
    assert len(board.volume.snapshot()) == 1006


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["n" * 10_000, "../" * 5000 + "x", "a/../" * 4000, "/" * 9000, "./" * 5000 + "x"])
def test_giant_paths_are_board_errors(kind: str, path: str) -> None:
    board = Board(kind)
    before = board.volume.snapshot()
    for call in (board.os.open, board.os.stat, board.os.remove, board.os.chdir):
        for start in ("", "/flash/"):
            number(call, start + path)
    assert board.volume.snapshot() == before
