"""The host's view of the flash: like ``pathlib``, and by the file system's rules."""

from __future__ import annotations

import errno
import os

import pytest

from flashfs import HostPath
from tests.flashfs.tools import KINDS, Board


@pytest.fixture(params=KINDS)
def board(request: pytest.FixtureRequest) -> Board:
    return Board(request.param)


@pytest.fixture
def flash(board: Board) -> HostPath:
    return HostPath(board.volume)


def test_names(flash: HostPath) -> None:
    path = flash / "cert" / "ca.old.pem"
    assert str(path) == "/flash/cert/ca.old.pem"
    assert repr(path) == "HostPath('/flash/cert/ca.old.pem')"
    assert (path.name, path.stem, path.suffix) == ("ca.old.pem", "ca.old", ".pem")
    assert path.parts == ("/flash", "cert", "ca.old.pem")
    assert path.parent == flash / "cert" == flash.joinpath("./cert/")
    assert (str(flash), flash.name, flash.parent, (flash / ".x").suffix) == ("/flash", "", flash, "")
    assert len({path, flash / "cert/ca.old.pem", flash}) == 2
    assert path != "/flash/cert/ca.old.pem"
    assert sorted([flash / "b", flash / "a"]) == [flash / "a", flash / "b"]
    assert not isinstance(path, os.PathLike)


def test_another_mount_point(board: Board) -> None:
    assert str(HostPath(board.volume, "x", mount="/sd")) == "/sd/x"


def test_what_the_host_writes_the_script_reads(board: Board, flash: HostPath) -> None:
    assert (flash / "cert" / "ca.pem").write_text("Zürich\r\n") == 8
    assert board.get("/flash/cert/ca.pem") == "Zürich\r\n".encode()
    assert (flash / "x").write_bytes(bytearray(b"123")) == 3
    board.put("/flash/x", b"4567")
    assert (flash / "x").read_bytes() == b"4567"
    assert (flash / "cert/ca.pem").read_text() == "Zürich\r\n"
    assert board.os.stat("/flash/x")[8] == 1_000_000_000 == (flash / "x").stat().st_mtime


def test_questions(flash: HostPath) -> None:
    answers = {
        path: ((flash / path).exists(), (flash / path).is_file(), (flash / path).is_dir())
        for path in ("main.py", "lib", "nothing", "main.py/x", "nothing/x", "lib/../main.py", "../../main.py", "")
    }
    file, folder, nothing = (True, True, False), (True, False, True), (False, False, False)
    assert list(answers.values()) == [file, folder, nothing, nothing, nothing, file, file, folder]
    assert (flash / "main.py").stat().st_size == 34


def test_listing_and_globs(flash: HostPath) -> None:
    (flash / "lib/a/b").mkdir(parents=True)
    for name in ("lib/x.py", "lib/a/y.py", "lib/a/b/z.py", "lib/a/b/z.txt"):
        (flash / name).touch()
    assert sorted(path.name for path in flash.iterdir()) == ["boot.py", "cert", "lib", "main.py", "sys"]
    assert sorted(map(str, flash.glob("*.py"))) == ["/flash/boot.py", "/flash/main.py"]
    assert sorted(map(str, (flash / "lib").rglob("*.py"))) == [
        "/flash/lib/a/b/z.py",
        "/flash/lib/a/y.py",
        "/flash/lib/x.py",
    ]
    assert [str(path) for path in flash.glob("lib/*/?.py")] == ["/flash/lib/a/y.py"]
    assert [str(path) for path in flash.glob("**/z.[q-z]*")] == ["/flash/lib/a/b/z.txt"]
    assert list(flash.glob("main.py/*")) == []
    with pytest.raises(ValueError, match="Unacceptable pattern"):
        flash.glob("")


def test_files_of_the_host(board: Board, flash: HostPath) -> None:
    path = flash / "x.txt"
    with path.open("w") as file:
        file.write("eins\r\n")
        assert board.get("/flash/x.txt") == b""
    with path.open("ab") as file:
        file.write(b"zwei")
    with path.open() as file:
        assert file.readlines() == ["eins\r\n", "zwei"]
    with path.open("r+b") as file:
        file.write(b"EINS")
    assert board.get("/flash/x.txt") == b"EINS\r\nzwei"
    with pytest.raises(FileExistsError):
        path.open("x")
    with path.open("rb") as file, pytest.raises(OSError, match="not writable"):
        file.write(b"x")
    with path.open("ab") as file, pytest.raises(OSError, match="not readable"):
        file.read()
    for mode in ("", "rw", "bt", "q", "rbt"):
        with pytest.raises(ValueError, match="invalid mode"):
            path.open(mode)


def test_changes(board: Board, flash: HostPath) -> None:
    (flash / "a/b/c").mkdir(parents=True)
    (flash / "a").mkdir(exist_ok=True)
    (flash / "a/b/c/x").write_bytes(b"1")
    assert (flash / "a/b").rename("/flash/b") == flash / "b"
    assert board.get("/flash/b/c/x") == b"1"
    (flash / "b/c/x").rename(flash / "main.py")
    assert board.get("/flash/main.py") == b"1"
    (flash / "main.py").rename(flash / "main.py")
    (flash / "main.py").rename("cert/m.py")
    assert board.get("/flash/cert/m.py") == b"1"
    (flash / "b/c").rmdir()
    (flash / "cert/m.py").unlink()
    (flash / "cert/m.py").unlink(missing_ok=True)
    assert sorted(board.volume.snapshot()) == ["/a", "/b", "/boot.py", "/cert", "/lib", "/sys"]
    assert board.notes == []


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda flash: (flash / "nothing").read_bytes(), errno.ENOENT),
        (lambda flash: (flash / "lib").read_bytes(), errno.EISDIR),
        (lambda flash: (flash / "main.py/x").read_bytes(), errno.ENOTDIR),
        (lambda flash: (flash / "lib").write_bytes(b""), errno.EISDIR),
        (lambda flash: flash.write_bytes(b""), errno.EISDIR),
        (lambda flash: (flash / "nothing/x").write_bytes(b""), errno.ENOENT),
        (lambda flash: (flash / "main.py/x").write_bytes(b""), errno.ENOTDIR),
        (lambda flash: (flash / "big").write_bytes(bytes(5 << 20)), errno.ENOSPC),
        (lambda flash: (flash / ("n" * 2000)).write_bytes(b""), errno.EINVAL),
        (lambda flash: (flash / "a\0b").write_bytes(b""), errno.EINVAL),
        (lambda flash: (flash / "lib").mkdir(), errno.EEXIST),
        (lambda flash: (flash / "main.py").mkdir(exist_ok=True), errno.EEXIST),
        (lambda flash: (flash / "nothing/x").mkdir(), errno.ENOENT),
        (lambda flash: (flash / "main.py/x").mkdir(parents=True), errno.ENOTDIR),
        (lambda flash: (flash / "nothing").unlink(), errno.ENOENT),
        (lambda flash: (flash / "lib").unlink(), errno.EISDIR),
        (lambda flash: (flash / "main.py").rmdir(), errno.ENOTDIR),
        (lambda flash: (flash / "full").rmdir(), errno.ENOTEMPTY),
        (lambda flash: flash.rmdir(), errno.EBUSY),
        (lambda flash: (flash / "nothing").rename("x"), errno.ENOENT),
        (lambda flash: (flash / "main.py").rename("lib"), errno.EISDIR),
        (lambda flash: (flash / "full").rename("full/inside"), errno.EINVAL),
        (lambda flash: flash.rename("x"), errno.EBUSY),
        (lambda flash: (flash / "main.py").rename(HostPath(Board().volume) / "x"), errno.EXDEV),
        (lambda flash: (flash / "main.py").iterdir(), errno.ENOTDIR),
        (lambda flash: (flash / "nothing").stat(), errno.ENOENT),
    ],
)
def test_errors_are_the_hosts_and_change_nothing(board: Board, flash: HostPath, act: object, code: int) -> None:
    (flash / "full").mkdir()
    (flash / "full/x").touch()
    before = board.volume.snapshot()
    with pytest.raises(OSError) as caught:
        act(flash)  # type: ignore[operator]
    assert caught.value.errno == code
    assert str(caught.value.filename).startswith("/flash")
    assert type(caught.value) is type(OSError(code, ""))
    assert board.volume.snapshot() == before


def test_fat_names_are_checked() -> None:
    flash = HostPath(Board("fat").volume)
    for name in ("a:b", "trailing.", "x" * 129, "a\\b", "\x01"):
        with pytest.raises(OSError, match=r"FAT|not a name"):
            (flash / name).write_bytes(b"")
    assert (flash / "MAIN.PY").is_file()


def test_names_that_are_no_utf8(board: Board, flash: HostPath) -> None:
    (flash / b"\xff.txt").write_bytes(b"1")
    (path,) = flash.glob("*.txt")
    assert path.read_bytes() == board.get(b"/flash/\xff.txt") == b"1"
    assert path == flash / b"\xff.txt" == flash / path.name


def test_writing_under_an_open_file_of_the_script(board: Board, flash: HostPath) -> None:
    with board.os.open("/flash/main.py", "rb") as reader:
        (flash / "main.py").write_bytes(b"from the host")
        reader.read()
    assert board.get("/flash/main.py") == b"from the host"
