"""Operation x condition -> number, on both file systems (firmware: extmod/vfs.c, lib/oofatfs/ff.c, esp32/littlefs/)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from flashfs import Volume
from tests.flashfs.tools import Board, number

Action = Callable[[Board], object]


class Row(NamedTuple):
    name: str
    fat: int | None
    littlefs: int | None
    act: Action


def _open(path: Any, mode: str = "r") -> Action:
    return lambda board: board.os.open(path, mode).close()


def _do(name: str, *args: Any) -> Action:
    return lambda board: getattr(board.os, name)(*args)


def _from(directory: str, action: Action) -> Action:
    def act(board: Board) -> object:
        board.os.chdir(directory)
        return action(board)

    return act


def _mount_twice(board: Board) -> None:
    board.os.mount(Volume("fat"), "/flash")


def _rename_across(board: Board) -> None:
    board.os.mount(Volume("fat"), "/sd")
    board.os.rename("/flash/main.py", "/sd/main.py")


def _write_to_reader(board: Board) -> None:
    with board.os.open("/flash/main.py") as file:
        file.write("x")


def _read_from_writer(board: Board) -> None:
    with board.os.open("/flash/new", "w") as file:
        file.read()


def _seek_before_start(board: Board) -> None:
    with board.os.open("/flash/main.py") as file:
        file.seek(-1)


def _fill(board: Board) -> None:
    with board.os.open("/flash/big", "wb") as file:
        file.write(bytes(5000 * 1024))


def _readonly(action: Action) -> Action:
    def act(board: Board) -> object:
        board.os.mount(Volume("fat"), "/sd", readonly=True)
        return action(board)

    return act


LONG_FAT = "n" * 129
LONG_LITTLEFS = "n" * 1023

ROWS = [
    Row("stat of an unknown mount", 19, 19, _do("stat", "/x/y")),
    Row("open below an unknown mount", 19, 19, _open("/x/y")),
    Row("open with two leading slashes", 19, 19, _open("//flash/main.py")),
    Row("mkdir at an unknown mount", 19, 19, _do("mkdir", "/x")),
    Row("open relative on the virtual root", 1, 1, _from("/", _open("main.py"))),
    Row("remove relative on the virtual root", 1, 1, _from("/", _do("remove", "main.py"))),
    Row("rmdir relative on the virtual root", 1, 1, _from("/", _do("rmdir", "main.py"))),
    Row("rename relative on the virtual root", 1, 1, _from("/", _do("rename", "a", "b"))),
    Row("stat relative on the virtual root", None, None, _from("/", _do("stat", "nothing"))),
    Row("listdir relative on the virtual root", None, None, _from("/", _do("listdir", "nothing"))),
    Row("mkdir relative on the virtual root", 17, 17, _from("/", _do("mkdir", "nothing"))),
    Row("rename across mounts", 1, 1, _rename_across),
    Row("open r of a missing file", 2, 2, _open("/flash/nothing")),
    Row("open r below a missing folder", 2, 2, _open("/flash/nothing/x")),
    Row("open r below a file", 2, 20, _open("/flash/main.py/x")),
    Row("open r of a folder", 2, 21, _open("/flash/lib")),
    Row("open w of a folder", 13, 21, _open("/flash/lib", "w")),
    Row("open a of a folder", 13, 21, _open("/flash/lib", "a")),
    Row("open x of a file", 17, 17, _open("/flash/main.py", "x")),
    Row("open x of a folder", 13, 17, _open("/flash/lib", "x")),
    Row("open w below a missing folder", 2, 2, _open("/flash/nothing/x", "w")),
    Row("open w below a file", 2, 20, _open("/flash/main.py/x", "w")),
    Row("open of the volume root", 22, 21, _open("/flash")),
    Row("open w of the volume root", 22, 21, _open("/flash/", "w")),
    Row("open w of a new name with a slash behind", 2, 2, _open("/flash/new/", "w")),
    Row("open w of a name too long for FAT", 22, None, _open("/flash/" + LONG_FAT, "w")),
    Row("open w of a name too long for LittleFS", 22, 0, _open("/flash/" + LONG_LITTLEFS, "w")),
    Row("open r of a name too long for LittleFS", 22, 2, _open("/flash/" + LONG_LITTLEFS)),
    Row("mkdir of a name too long for LittleFS", 22, 0, _do("mkdir", "/flash/" + LONG_LITTLEFS)),
    Row("rename to a name too long for LittleFS", 22, 0, _do("rename", "/flash/main.py", "/flash/" + LONG_LITTLEFS)),
    Row("open w with a forbidden character", 22, None, _open("/flash/a?b", "w")),
    Row("mkdir with a forbidden character", 22, None, _do("mkdir", "/flash/a*b")),
    Row("stat with a forbidden character", 22, 2, _do("stat", "/flash/a|b")),
    Row("open w on a read-only mount", 30, 30, _readonly(_open("/sd/x", "w"))),
    Row("mkdir on a read-only mount", 30, 30, _readonly(_do("mkdir", "/sd/x"))),
    Row("read from a file opened for writing", 13, 9, _read_from_writer),
    Row("write to a file opened for reading", 13, 9, _write_to_reader),
    Row("write to a full volume", 28, 28, _fill),
    Row("seek to before the start", 22, 22, _seek_before_start),
    Row("mkdir of a file", 17, 17, _do("mkdir", "/flash/main.py")),
    Row("mkdir of a folder", 17, 17, _do("mkdir", "/flash/lib")),
    Row("mkdir in another case", 17, None, _do("mkdir", "/flash/LIB")),
    Row("mkdir of /", 17, 17, _do("mkdir", "/")),
    Row("mkdir of the mount point", 17, 17, _do("mkdir", "/flash")),
    Row("mkdir of nothing", 17, 17, _do("mkdir", "")),
    Row("mkdir of .", 17, 17, _do("mkdir", ".")),
    Row("mkdir below a missing folder", 2, 2, _do("mkdir", "/flash/nothing/x")),
    Row("mkdir below a file", 2, 20, _do("mkdir", "/flash/main.py/x")),
    Row("mkdir with a slash behind, absolute", 2, 2, _do("mkdir", "/flash/new/")),
    Row("mkdir with a slash behind, relative", 2, None, _do("mkdir", "new/")),
    Row("remove of a missing file", 2, 2, _do("remove", "/flash/nothing")),
    Row("remove below a file", 2, 20, _do("remove", "/flash/main.py/x")),
    Row("remove of an empty folder", 21, None, _do("remove", "/flash/lib")),
    Row("remove of a folder that is not empty", 21, 39, _do("remove", "/flash/full")),
    Row("remove of the volume root", 22, 22, _do("remove", "/flash")),
    Row("rmdir of the volume root", 22, 22, _do("rmdir", "/flash")),
    Row("rmdir of a file", 20, None, _do("rmdir", "/flash/main.py")),
    Row("rmdir of a folder that is not empty", 13, 39, _do("rmdir", "/flash/full")),
    Row("rmdir of the working directory", 13, None, _from("/flash/lib", _do("rmdir", "/flash/lib"))),
    Row("rename of a missing file", 2, 2, _do("rename", "/flash/nothing", "/flash/x")),
    Row("rename below a missing folder", 2, 2, _do("rename", "/flash/main.py", "/flash/nothing/x")),
    Row("rename below a file", 2, 20, _do("rename", "/flash/main.py", "/flash/boot.py/x")),
    Row("rename of a file over a file", None, None, _do("rename", "/flash/main.py", "/flash/boot.py")),
    Row("rename onto itself", None, None, _do("rename", "/flash/main.py", "/flash/main.py")),
    Row("rename of a file over a folder", 21, 21, _do("rename", "/flash/main.py", "/flash/lib")),
    Row("rename of a folder over a file", None, 21, _do("rename", "/flash/lib", "/flash/main.py")),
    Row("rename of a folder over an empty one", 21, None, _do("rename", "/flash/lib", "/flash/sys")),
    Row("rename of a folder over a full one", 21, 39, _do("rename", "/flash/lib", "/flash/full")),
    Row("rename of the volume root", 22, 22, _do("rename", "/flash", "/flash/x")),
    Row("rename to the volume root", 22, 22, _do("rename", "/flash/main.py", "/flash")),
    Row("rename to a forbidden character", 22, None, _do("rename", "/flash/main.py", "/flash/a:b")),
    Row("stat of a missing file", 2, 2, _do("stat", "/flash/nothing")),
    Row("stat below a file", 2, 20, _do("stat", "/flash/main.py/x")),
    Row("stat of . at the volume root", 22, None, _do("stat", ".")),
    Row("stat of .. at the volume root", 22, None, _do("stat", "..")),
    Row("stat of . in a folder", None, None, _from("/flash/lib", _do("stat", "."))),
    Row("stat of a folder with a slash behind", 22, None, _do("stat", "/flash/lib/")),
    Row("stat of a file with a slash behind", 2, None, _do("stat", "/flash/main.py/")),
    Row("open of a file with a slash behind", 2, None, _open("/flash/main.py/")),
    Row("remove of a file with a slash behind", 2, None, _do("remove", "/flash/main.py/")),
    Row("remove of a folder with a slash behind", 22, None, _do("remove", "/flash/lib/")),
    Row("rename of a folder with a slash behind", 22, None, _do("rename", "/flash/lib/", "/flash/x")),
    Row("listdir of a missing folder", 2, 2, _do("listdir", "/flash/nothing")),
    Row("listdir of a file", 2, 20, _do("listdir", "/flash/main.py")),
    Row("listdir of a folder with a slash behind", 22, None, _do("listdir", "/flash/lib/")),
    Row("chdir to a missing folder", 2, 2, _do("chdir", "/flash/nothing")),
    Row("chdir to a file", 2, 2, _do("chdir", "/flash/main.py")),
    Row("chdir with a slash behind", 22, None, _do("chdir", "/flash/lib/")),
    Row("getfree of /", 19, 19, _do("getfree", "/")),
    Row("umount of an unknown mount", 22, 22, _do("umount", "/sd")),
    Row("mount where there is one", 1, 1, _mount_twice),
]


@pytest.mark.parametrize("kind", ["fat", "littlefs"])
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_number_is_the_boards(row: Row, kind: str) -> None:
    board = Board(kind)
    board.os.mkdir("/flash/full")
    board.put("/flash/full/x", "content")
    before = board.volume.snapshot()
    expected = row.fat if kind == "fat" else row.littlefs
    assert number(row.act, board) == expected
    if expected is not None and expected not in (9, 13, 28):
        assert board.volume.snapshot() == before, "an operation that failed changed something"


def test_fat_replaces_a_file_by_a_folder() -> None:
    board = Board("fat")
    board.os.rename("/flash/lib", "/flash/main.py")
    assert board.os.stat("/flash/main.py")[0] == 0x4000
    assert "lib" not in board.os.listdir("/flash")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (2, "[Errno 2] ENOENT"),
        (19, "[Errno 19] ENODEV"),
        (22, "[Errno 22] EINVAL"),
    ],
)
def test_numbers_print_with_their_name(code: int, text: str) -> None:
    from flashfs import DeviceError

    assert str(DeviceError(code)) == text


def test_the_root_of_fat_has_512_entries() -> None:
    board = Board("fat")
    used = 5
    for index in range(512 - used):
        board.put(f"/flash/F{index}")
    assert number(board.os.open, "/flash/ONEMORE", "w") == 13
    assert number(board.os.mkdir, "/flash/ONEMORE") == 13
    assert number(board.os.rename, "/flash/F1", "/flash/lib/F1") is None
    assert number(board.os.mkdir, "/flash/ONEMORE") is None


def test_a_long_name_takes_several_entries_of_the_root() -> None:
    board = Board("fat")
    name = "x" * 128
    count = 0
    while number(board.os.open, f"/flash/{count:03}{name[3:]}", "w") is None:
        count += 1
    assert count == (512 - 5) // 11
