"""What can be put onto the flash, and what cannot: one plain line, and nothing half loaded."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from emulator import Board, ProjectError
from emulator.project import MAX_FILES, read
from tests.emulator.commandline import run

links = pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights there")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "lib").mkdir(parents=True)
    (folder / "main.py").write_text("import helper\nprint(helper.x)")
    (folder / "lib" / "helper.py").write_text("x = 1")
    return folder


def refused(board: Board, path: Path) -> str:
    before = board.volume.snapshot()
    with pytest.raises(ProjectError) as error:
        board.load(path)
    assert board.volume.snapshot() == before
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_folder_becomes_flash(board: Board, project: Path) -> None:
    (project / "__pycache__").mkdir()
    (project / "__pycache__" / "x.pyc").write_bytes(b"")
    (project / ".git").mkdir()
    board.load(project)
    assert board.run(timeout=30).text == "1\n"
    assert sorted(p.name for p in board.flash.iterdir()) == ["boot.py", "cert", "lib", "main.py", "sys"]


def test_a_script_over_a_folder(board: Board, project: Path, tmp_path: Path) -> None:
    script = tmp_path / "other.py"
    script.write_text("import helper\nprint(helper.x + 1)")
    board.load(script, flash=project)
    assert board.run(timeout=30).text == "2\n"


@pytest.mark.parametrize("size", [5 * 2**20, 9 * 2**20])
def test_a_file_larger_than_the_flash(board: Board, project: Path, size: int) -> None:
    (project / "big").write_bytes(bytes(size))
    assert "flash" in refused(board, project)


def test_too_much_in_all(board: Board, project: Path) -> None:
    for n in range(5):
        (project / f"part{n}").write_bytes(bytes(2**20))
    assert "blocks of 4096 bytes" in refused(board, project)


def test_ten_thousand_files(board: Board, tmp_path: Path) -> None:
    for n in range(10_000):
        (tmp_path / str(n)).touch()
    assert f"{MAX_FILES:,}" in refused(board, tmp_path)


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        (".main.py.swp", True),
        (".main.py.swo", True),
        ("main.py~", True),
        ("#main.py#", True),
        (".#main.py", True),
        ("main.swp", False),
        (".env", False),
        ("#notes", False),
        ("a~b", False),
    ],
)
def test_what_editors_leave_while_they_edit_stays_on_the_host(
    board: Board, project: Path, name: str, stays: bool
) -> None:
    (project / name).write_text("x")
    board.load(project)
    assert (board.flash / name).exists() is not stays


@links
def test_the_lock_of_an_editor_is_a_link_to_nothing(board: Board, project: Path) -> None:
    (project / ".#main.py").symlink_to("ada@host.4711:1767225600")
    board.load(project)
    assert "/.#main.py" not in board.volume.snapshot()


@links
def test_a_link_that_leads_out(board: Board, project: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (project / "link").symlink_to(tmp_path / "secret")
    assert "link" in refused(board, project)
    (project / "link").unlink()
    (project / "link").symlink_to("/")
    assert "link" in refused(board, project)


@links
@pytest.mark.parametrize("target", ["nowhere", "lib/nowhere", "/nowhere", "link"])
def test_a_link_to_nothing(board: Board, project: Path, target: str) -> None:
    (project / "link").symlink_to(target)
    assert "link: a link to what is not there" in refused(board, project)


@links
def test_links_inside_are_followed_and_cycles_end(board: Board, project: Path) -> None:
    (project / "alias.py").symlink_to(project / "main.py")
    (project / "lib" / "loop").symlink_to(project)
    board.load(project)
    assert (board.flash / "alias.py").read_text() == (project / "main.py").read_text()


@links
def test_a_dangling_link(board: Board, project: Path) -> None:
    (project / "gone").symlink_to(project / "nowhere")
    assert "gone" in refused(board, project)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files there")
def test_what_is_neither_file_nor_folder(board: Board, project: Path) -> None:
    os.mkfifo(project / "pipe")
    assert "pipe" in refused(board, project)


def test_a_name_that_fat_cannot_hold(project: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("the host cannot hold it either")
    (project / "a:b").write_text("x")
    with Board(fs="fat") as board:
        assert "a:b" in refused(board, project)
    with Board(fs="littlefs") as board:
        board.load(project)


def test_a_missing_script(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no such file"):
        read(tmp_path / "nothing.py")


SOURCES = {
    "not UTF-8": (b"x = 1\ny = \xff\n", "NameError: name '\udcff' isn't defined"),
    "NUL": (b"x = 1\n\0\n", "SyntaxError: invalid syntax"),
    "binary": (bytes(range(256)), "SyntaxError: invalid syntax"),
    "syntax": (b"def f(:\n  pass", "SyntaxError: invalid syntax"),
    "brackets": (b"(" * 300 + b")" * 300, "Error: "),
    "nested": (b"-" * 100_000 + b"1", "RuntimeError: maximum recursion depth exceeded"),
}


@pytest.mark.parametrize(("source", "message"), SOURCES.values(), ids=SOURCES.keys())
def test_source_that_the_board_refuses(tmp_path: Path, source: bytes, message: str) -> None:
    script = tmp_path / "main.py"
    script.write_bytes(source)
    ended = run("run", script)
    assert ended.status == 1
    assert ended.out.startswith("Traceback (most recent call last):\n")
    assert message in ended.out
    assert ended.err == "" or ended.err.startswith("note: main.py line ")


def test_empty_source(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_bytes(b"")
    ended = run("run", tmp_path / "main.py")
    assert (ended.status, ended.out, ended.err) == (0, "", "")


def test_the_debugger_sees_the_file_of_the_host(board: Board, project: Path) -> None:
    (project / "main.py").write_text("def f():\n    raise ValueError\nf()")
    board.load(project)
    result = board.run(timeout=30)
    assert result.exception is not None
    frame = result.exception.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    assert frame is not None
    assert frame.tb_frame.f_code.co_filename == str((project / "main.py").resolve())
    assert 'File "main.py", line 2, in f' in result.text
