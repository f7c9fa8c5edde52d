"""Changes of a project on the host reach the board that runs it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import Board, ProjectError
from emulator.project import Project, read
from emulator.watch import Changes, Watch, apply
from tests.emulator.commandline import running
from tests.emulator.conftest import NEVER


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "lib").mkdir(parents=True)
    (folder / "main.py").write_text("import a\nprint(a.x)")
    (folder / "lib" / "a.py").write_text("x = 1")
    return folder


def touched(file: Path, text: str) -> None:
    """Write, with a time of change that differs on every file system."""
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text)
    os.utime(file, ns=(before + 10**9, before + 10**9))


def seen(watch: Watch) -> Changes | None:
    """What is found once nothing changes any more."""
    assert watch.look() is None
    return watch.look()


def write_main(folder: Path) -> None:
    touched(folder / "main.py", "print(2)")


def add_file(folder: Path) -> None:
    (folder / "new.py").write_text("")


def add_folder(folder: Path) -> None:
    (folder / "data" / "deep").mkdir(parents=True)


def remove_folder(folder: Path) -> None:
    (folder / "lib" / "a.py").unlink()
    (folder / "lib").rmdir()


def rename(folder: Path) -> None:
    (folder / "lib" / "a.py").rename(folder / "lib" / "b.py")


CHANGES: list[tuple[Callable[[Path], None], set[str], tuple[str, ...]]] = [
    (write_main, {"/main.py"}, ()),
    (add_file, {"/new.py"}, ()),
    (add_folder, {"/data", "/data/deep"}, ()),
    (remove_folder, set(), ("/lib/a.py", "/lib")),
    (rename, {"/lib/b.py"}, ("/lib/a.py",)),
]


@pytest.mark.parametrize(("change", "new", "removed"), CHANGES, ids=lambda each: getattr(each, "__name__", ""))
def test_a_change_is_found_once(
    project: Path, change: Callable[[Path], None], new: set[str], removed: tuple[str, ...]
) -> None:
    watch = Watch(project)
    assert seen(watch) is None
    change(project)
    found = seen(watch)
    assert found is not None
    assert set(found.project.entries) == new
    assert found.removed == removed
    assert seen(watch) is None


def test_what_is_still_being_written_waits(project: Path) -> None:
    watch = Watch(project)
    touched(project / "main.py", "pri")
    assert watch.look() is None
    touched(project / "main.py", "print(3)")
    assert watch.look() is None
    found = watch.look()
    assert found is not None
    assert found.project.entries == {"/main.py": b"print(3)"}


@pytest.mark.parametrize("name", [".git/HEAD", "__pycache__/a.pyc"])
def test_what_never_goes_onto_a_board_is_no_change(project: Path, name: str) -> None:
    (project / name).parent.mkdir()
    watch = Watch(project)
    (project / name).write_text("x")
    assert seen(watch) is None


def test_an_editor_that_saves_is_one_change(project: Path) -> None:
    watch = Watch(project)
    (project / ".main.py.swp").write_text("x")
    (project / "main.py").rename(project / "main.py~")
    touched(project / "main.py", "print(2)")
    found = seen(watch)
    assert found is not None
    assert str(found) == "main.py"
    (project / ".main.py.swp").unlink()
    assert seen(watch) is None


def test_what_is_taken_back_is_a_change_again(project: Path) -> None:
    watch = Watch(project)
    for text in ("print(2)", "import a\nprint(a.x)"):
        touched(project / "main.py", text)
        found = seen(watch)
        assert found is not None
        assert found.project.entries == {"/main.py": text.encode()}


def test_what_never_goes_onto_a_board_may_change_all_the_time(project: Path) -> None:
    (project / "__pycache__").mkdir()
    watch = Watch(project)
    touched(project / "main.py", "print(2)")
    for number in range(2):
        (project / "__pycache__" / f"{number}.pyc").write_text("x")
        found = watch.look()
    assert found is not None


def test_a_state_that_cannot_be_read_is_told_once_and_mended(project: Path) -> None:
    watch = Watch(project)
    conf = project / "pymakr.conf"
    touched(conf, "{")
    assert watch.look() is None
    with pytest.raises(ProjectError, match="line 1"):
        watch.look()
    assert seen(watch) is None
    touched(conf, json.dumps({"py_ignore": ["lib"]}))
    found = seen(watch)
    assert found is not None
    assert found.removed == ("/lib/a.py", "/lib")


def test_a_script_alone_is_followed(tmp_path: Path) -> None:
    script = tmp_path / "sketch.py"
    script.write_text("print(1)")
    watch = Watch(script)
    touched(script, "print(2)")
    found = seen(watch)
    assert found is not None
    assert found.project.entries == {"/main.py": b"print(2)"}


def test_changes_take_effect_and_keep_what_the_script_wrote(board: Board, project: Path) -> None:
    board.load(project)
    watch = Watch(project)
    board.start()
    assert board.wait(NEVER)
    (board.flash / "lib" / "kept").write_text("by the script")
    remove_folder(project)
    touched(project / "main.py", "print('again')")
    found = seen(watch)
    assert found is not None
    apply(board, found)
    assert board.wait(NEVER)
    assert board.console.text.endswith("PYB: soft reboot\nagain\n")
    assert board.resets == 1
    assert not (board.flash / "lib" / "a.py").exists()
    assert (board.flash / "lib" / "kept").read_text() == "by the script"


def test_what_the_script_has_removed_or_replaced_itself_is_passed_over(board: Board, project: Path) -> None:
    board.load(project)
    board.start()
    assert board.wait(NEVER)
    (board.flash / "lib" / "a.py").unlink()
    (board.flash / "lib").rmdir()
    (board.flash / "lib").write_text("a file now")
    apply(board, Changes(Project({"/new.py": b""}), ("/gone.py", "/lib/a.py"), "soft"))
    assert board.wait(NEVER)
    assert board.resets == 1
    assert (board.flash / "lib").read_text() == "a file now"


def test_a_change_may_take_a_hard_reset(board: Board, project: Path) -> None:
    (project / "pymakr.conf").write_text(json.dumps({"dev": {"onUpdate": "hardRestartDevice"}}))
    board.load(project)
    watch = Watch(project)
    board.start()
    assert board.wait(NEVER)
    touched(project / "main.py", "print('again')")
    found = seen(watch)
    assert found is not None
    assert found.restart == "hard"
    apply(board, found)
    assert board.wait(NEVER)
    assert board.console.text == "1\nagain\n"


def file_for_folder(folder: Path) -> None:
    remove_folder(folder)
    (folder / "lib").write_text("a file now")


def folder_for_file(folder: Path) -> None:
    (folder / "main.py").unlink()
    (folder / "main.py").mkdir()
    (folder / "main.py" / "x").write_text("1")


@pytest.mark.parametrize("change", [file_for_folder, folder_for_file])
def test_a_file_takes_the_place_of_a_folder_and_the_other_way_round(
    board: Board, project: Path, change: Callable[[Path], None]
) -> None:
    board.load(project)
    watch = Watch(project)
    board.start()
    assert board.wait(NEVER)
    change(project)
    found = seen(watch)
    assert found is not None
    apply(board, found)
    assert board.wait(NEVER)
    assert board.resets == 1
    there = {path: content for path, content in board.volume.snapshot().items() if path in read(project).entries}
    assert there == read(project).entries
    assert "/lib/a.py" not in board.volume.snapshot() or (project / "lib" / "a.py").exists()


def test_what_did_not_get_onto_the_board_comes_with_the_next_change(project: Path) -> None:
    watch = Watch(project)
    remove_folder(project)
    assert seen(watch) is not None
    watch.give_back()
    assert seen(watch) is None
    write_main(project)
    found = seen(watch)
    assert found is not None
    assert set(found.project.entries) == {"/main.py"}
    assert found.removed == ("/lib/a.py", "/lib")


def test_a_folder_outside_the_project_is_followed(project: Path) -> None:
    built = project.parent / "built"
    built.mkdir()
    (built / "main.py").write_text("print(1)")
    (project / "pymakr.conf").write_text(json.dumps({"dist_dir": "../built"}))
    watch = Watch(project)
    assert seen(watch) is None
    assert seen(watch) is None
    touched(built / "main.py", "print(2)")
    found = seen(watch)
    assert found is not None
    assert found.project.entries == {"/main.py": b"print(2)"}


def test_a_change_that_does_not_fit_is_told_and_not_lost(project: Path) -> None:
    with running("run", project, "--watch") as command:
        command.wait_for("err", "watch: ")
        with (project / "big").open("wb") as file:
            file.truncate(5 << 20)
        touched(project / "main.py", "print('changed')")
        assert "soft reset" not in command.wait_for("err", "nothing has changed on the board")
        (project / "big").unlink()
        command.wait_for("out", "changed")
        command.send(signal.SIGTERM)
        ended = command.finish()
    assert ended.status == 143
    assert ended.err.count("soft reset") == 1


def test_the_command_follows_a_project(project: Path) -> None:
    with running("run", project, "--watch") as command:
        command.wait_for("out", "1")
        command.wait_for("err", "watch: ")
        touched(project / "lib" / "a.py", "x = 'changed'")
        command.wait_for("out", "changed")
        assert "watch: lib/a.py: soft reset" in command.err
        command.send(signal.SIGTERM)
        ended = command.finish()
    assert ended.status == 143
    assert ended.out == "1\nPYB: soft reboot\nchanged\n"
