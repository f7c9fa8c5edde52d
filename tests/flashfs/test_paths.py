"""Device paths: mounts, the virtual root, working directories (firmware: extmod/vfs.c, esp32/littlefs/vfs_littlefs.c)."""

from __future__ import annotations

from typing import Any

import pytest

from flashfs import DeviceError, Volume
from tests.flashfs.tools import KINDS, Board, number

BOOT = ["boot.py", "cert", "lib", "main.py", "sys"]


@pytest.fixture(params=KINDS)
def board(request: pytest.FixtureRequest) -> Board:
    return Board(request.param)


@pytest.mark.parametrize("path", ["/flash", "/flash/", "/flash//", "/flash/.", "flash", b"/flash", "/flash/lib/.."])
def test_spellings_of_the_volume_root(path: Any) -> None:
    board = Board("littlefs")
    board.os.chdir("/")
    names = [name if isinstance(name, str) else name.decode() for name in board.os.listdir(path)]
    assert names == BOOT


@pytest.mark.parametrize(
    "path", ["//flash/main.py", "/./flash/main.py", "/FLASH/main.py", "/flash2", "/flas", "/nothing"]
)
def test_what_is_no_mount_is_enodev(board: Board, path: str) -> None:
    assert number(board.os.stat, path) == 19


@pytest.mark.parametrize("path", ["/flash/main.py", "/flash//main.py", "/flash/./main.py", "main.py", b"main.py"])
def test_spellings_of_a_file(board: Board, path: Any) -> None:
    assert board.os.stat(path)[6] == 34


def test_dot_dot_stays_inside_the_mount(board: Board) -> None:
    board.os.mount(Volume("fat"), "/sd")
    assert number(board.os.stat, "/flash/../sd") == 2
    assert board.os.listdir("/flash/../lib") == []


def test_the_root_lists_the_mounts(board: Board) -> None:
    board.os.mount(Volume("fat"), "/sd")
    assert board.os.listdir("/") == ["flash", "sd"]
    assert board.os.listdir(b"/") == [b"flash", b"sd"]
    assert list(board.os.ilistdir("/")) == [("flash", 0x4000, 0), ("sd", 0x4000, 0)]


def test_the_root_is_a_folder_without_figures(board: Board) -> None:
    assert board.os.stat("/") == (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert board.os.statvfs("/") == (0, 0, 0, 0, 0, 0, 0, 0, 0, 128)


def test_relative_paths_on_the_virtual_root_begin_with_a_mount(board: Board) -> None:
    board.os.chdir("/")
    assert board.os.getcwd() == "/"
    assert board.os.stat("flash/main.py")[6] == 34
    assert board.os.listdir("anything") == ["flash"]
    assert board.os.stat("anything") == (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_a_failed_chdir_leaves_the_volume_current(board: Board) -> None:
    board.os.mount(Volume("fat"), "/sd")
    assert number(board.os.chdir, "/sd/nothing") == 2
    assert board.os.getcwd() == "/sd"


def test_after_chdir_to_no_mount_nothing_relative_works(board: Board) -> None:
    assert number(board.os.chdir, "/nomount") == 19
    assert number(board.os.getcwd) == 19
    assert number(board.os.listdir) == 19
    assert number(board.os.open, "main.py") == 19
    board.os.chdir("/flash")
    assert board.os.getcwd() == "/flash"


def test_each_volume_keeps_its_working_directory(board: Board) -> None:
    board.os.mount(Volume("fat"), "/sd")
    board.os.chdir("/flash/lib")
    board.os.chdir("/sd")
    board.os.chdir("/")
    assert board.os.stat("/flash/main.py")[6] == 34
    board.os.chdir("/flash/cert")
    board.os.chdir("..")
    assert board.os.getcwd() == "/flash"
    assert board.os.listdir("") == board.os.listdir("/flash")


def test_a_fork_has_a_working_directory_of_its_own(board: Board) -> None:
    other = board.os.fork()
    other.chdir("/flash/lib")
    assert (board.os.getcwd(), other.getcwd()) == ("/flash", "/flash/lib")
    board.os.mount(Volume("fat"), "/sd")
    other.chdir("/sd")
    board.os.umount("/sd")
    assert other.getcwd() == "/"


@pytest.mark.parametrize("name", ["open", "stat", "listdir", "mkdir", "remove", "rmdir", "chdir", "statvfs", "getfree"])
@pytest.mark.parametrize(
    ("argument", "kind"), [(5, "int"), (None, "NoneType"), (1.5, "float"), (bytearray(b"x"), "bytearray"), ([], "list")]
)
def test_other_types_of_path_are_refused(name: str, argument: Any, kind: str) -> None:
    with pytest.raises(TypeError) as caught:
        getattr(Board().os, name)(argument)
    assert str(caught.value) == f"can't convert '{kind}' object to str implicitly"


@pytest.mark.parametrize("arguments", [(5, "x"), ("main.py", 5)])
def test_rename_and_open_look_at_both_arguments(arguments: tuple[Any, Any]) -> None:
    with pytest.raises(TypeError, match="can't convert 'int' object to str implicitly"):
        Board().os.rename(*arguments)
    with pytest.raises(TypeError, match="can't convert 'int' object to str implicitly"):
        Board().os.open(*arguments)


def test_a_path_ends_at_a_nul(board: Board) -> None:
    board.put("/flash/a\0b", b"x")
    assert board.get("/flash/a") == b"x"


# -- the working directory of LittleFS is a text


def test_littlefs_chdir_goes_as_far_as_it_can() -> None:
    board = Board("littlefs")
    assert number(board.os.chdir, "/flash/lib/nothing") == 2
    assert board.os.getcwd() == "/flash/lib"


@pytest.mark.parametrize(
    ("steps", "cwd"),
    [
        (["/flash/.."], "/flash/.."),
        (["/flash/."], "/flash/."),
        (["/flash/.."] * 2, "/flash/.."),
        (["/flash/..", "lib"], "/flash/../lib"),
        (["lib", ".."], "/flash"),
        (["lib", "."], "/flash/lib"),
        (["lib", ""], "/flash/lib"),
        (["lib/"], "/flash/lib"),
        (["/flash/lib/../cert"], "/flash/cert"),
        (["/flash//lib"], "/flash/lib"),
        ([".."], "/flash"),
        (["lib/a", "../.."], "/flash"),
    ],
    ids=lambda value: " then ".join(value) if isinstance(value, list) else value,
)
def test_littlefs_working_directories(steps: list[str], cwd: str) -> None:
    board = Board("littlefs")
    board.os.mkdir("/flash/lib/a")
    for step in steps:
        board.os.chdir(step)
    assert board.os.getcwd() == cwd
    board.put("found", b"1")
    assert board.get(cwd + "/found") == b"1"


def test_littlefs_lets_the_working_directory_be_removed() -> None:
    board = Board("littlefs")
    board.os.chdir("/flash/lib")
    board.os.rmdir("/flash/lib")
    assert board.os.getcwd() == "/flash/lib"
    assert number(board.os.listdir) == 2
    assert number(board.os.open, "x", "w") == 2


def test_littlefs_chdir_with_a_giant_name_is_an_error_and_a_note() -> None:
    board = Board("littlefs")
    assert number(board.os.chdir, "/flash/" + "n" * 1030) == 0
    assert board.codes() == ["chdir-overruns-stack"]


# -- the working directory of FAT is a folder


def test_fat_shows_the_spelling_on_disk() -> None:
    board = Board("fat")
    board.os.mkdir("/flash/lib/Deep")
    board.os.chdir("/flash/LIB\\deep")
    assert board.os.getcwd() == "/flash/lib/Deep"


def test_fat_getcwd_has_room_for_128_bytes() -> None:
    board = Board("fat")
    name = "d" * 62
    board.os.mkdir(name)
    board.os.mkdir(f"{name}/{name}")
    board.os.chdir(f"/flash/{name}/{name}")
    assert board.os.getcwd() == f"/flash/{name}/{name}"
    board.os.mkdir("ab")
    board.os.chdir("ab")
    assert number(board.os.getcwd) == 12
    assert board.os.listdir() == []


def test_fat_follows_a_renamed_working_directory() -> None:
    board = Board("fat")
    board.os.mkdir("/flash/lib/sub")
    board.os.chdir("/flash/lib/sub")
    board.os.rename("/flash/lib", "/flash/other")
    assert board.os.getcwd() == "/flash/other/sub"


def test_fat_does_not_remove_a_folder_another_view_works_in() -> None:
    board = Board("fat")
    other = board.os.fork()
    other.chdir("/flash/lib")
    assert number(board.os.rmdir, "/flash/lib") == 13
    other.chdir("/flash")
    board.os.rmdir("/flash/lib")


def test_fat_walks_where_littlefs_reads() -> None:
    assert number(Board("fat").os.stat, "/flash/nothing/../lib") == 2
    assert number(Board("fat").os.stat, "/flash/main.py/../lib") == 2
    assert Board("littlefs").os.stat("/flash/nothing/../lib")[0] == 0x4000
    assert Board("littlefs").os.stat("/flash/main.py/../lib")[0] == 0x4000


# -- mounts


def test_mount_points_in_use_and_relative_ones(board: Board) -> None:
    assert number(board.os.mount, Volume("fat"), "/flash/sub") == 1
    assert number(board.os.mount, Volume("fat"), "sd") == 1
    assert number(board.os.mount, Volume("fat"), "/") == 1
    board.os.mount(Volume("fat"), "/flash2")
    assert board.os.listdir("/flash2") == []


def test_umount_by_name_or_object_but_not_by_bytes(board: Board) -> None:
    card = Volume("fat")
    board.os.mount(card, "/sd")
    assert number(board.os.umount, b"/sd") == 22
    board.os.umount(card)
    assert number(board.os.umount, card) == 22
    board.os.mount(card, "/sd")
    board.os.umount("/sd")
    assert number(board.os.listdir, "/sd") == 19


def test_flash_can_be_unmounted(board: Board) -> None:
    board.os.umount("/flash")
    assert board.os.getcwd() == "/"
    assert board.os.listdir("/") == []


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("", " is not an absolute or invalid path"),
        ("flash", "flash is not an absolute or invalid path"),
        ("/", "Cannot format root dir"),
        (5, "please specify correct fs mount path"),
        ("/sd", 19),
        ("/flash/", 19),
    ],
)
def test_fsformat_refusals(board: Board, path: Any, error: int | str) -> None:
    assert number(board.os.fsformat, path) == error
    assert sorted(board.os.listdir("/flash")) == BOOT


@pytest.mark.parametrize(("kind", "notes"), [("fat", []), ("littlefs", ["fsformat-needs-reset"])])
def test_a_formatted_volume_is_usable_at_once(kind: str, notes: list[str]) -> None:
    board = Board(kind)
    board.os.fsformat("/flash")
    assert board.os.listdir("/flash") == []
    board.put("/flash/x", b"1")
    assert board.codes() == notes


def test_fsformat_of_littlefs_needs_a_reset_on_the_board() -> None:
    board = Board("littlefs", quirks=frozenset({"fsformat-needs-reset"}))
    board.os.fsformat("/flash")
    assert number(board.os.listdir, "/flash") == 0
    assert number(board.os.open, "/flash/x", "w") == 0
    assert board.os.path_exists_for_import("/flash/main.py") == "absent"
    assert board.codes() == ["fsformat-needs-reset"]
    board.volume.remount()
    assert board.os.listdir("/flash") == []


@pytest.mark.parametrize(("kind", "name_max"), [("littlefs", 1022), ("fat", 128)])
def test_statvfs_ignores_the_rest_of_the_path(kind: str, name_max: int) -> None:
    board = Board(kind)
    figures = board.os.statvfs("/flash/nothing/at/all")
    assert figures == board.os.statvfs("/flash")
    assert figures[0] == figures[1]
    assert figures[3] == figures[4] <= figures[2]
    assert figures[9] == name_max


def test_getfree_counts_kib(board: Board) -> None:
    before = board.os.getfree("/flash/nothing")
    board.put("/flash/big", bytes(100 * 1024))
    # LittleFS: 26 blocks, because each but the first holds pointers to others
    assert before - board.os.getfree("/flash") == (104 if board.volume.kind == "littlefs" else 100)


def test_a_class_of_ones_own_is_raised() -> None:
    class Own(DeviceError):
        pass

    volume = Volume(error=Own)
    with pytest.raises(Own) as caught:
        volume.open("/nothing")
    assert caught.value.args == (2,)
