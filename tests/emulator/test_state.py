"""A board that is kept in a folder."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from emulator import Board, ProjectError
from tests.emulator.commandline import run, running
from tests.emulator.conftest import NEVER, load

SCRIPT = """\
import os, pycom
try:
    n = pycom.nvs_get('n')
except ValueError:
    n = 0
pycom.nvs_set('n', n + 1)
with open('/flash/log', 'a') as f:
    f.write('%d\\n' % n)
print(n, open('/flash/log').read().split())
"""


def test_flash_and_nvs_are_kept(tmp_path: Path) -> None:
    for n in range(3):
        with Board("wipy", state=tmp_path) as board:
            load(board, SCRIPT)
            assert board.run(timeout=NEVER).text == f"{n} {[str(i) for i in range(n + 1)]}\n"
    assert (tmp_path / "flash" / "log").read_text() == "0\n1\n2\n"
    assert (tmp_path / "flash" / "main.py").read_text() == SCRIPT


def test_what_is_stored_stays_below_what_is_loaded(tmp_path: Path) -> None:
    with Board(state=tmp_path) as board:
        load(board, "x = 1", {"lib/a.py": "1", "b.py": "2"})
    with Board(state=tmp_path) as board:
        load(board, "x = 2")
        assert (board.flash / "lib" / "a.py").read_text() == "1"
        assert (board.flash / "main.py").read_text() == "x = 2"


OPERATIONS = """\
import os
open('/flash/a', 'w').close()
os.mkdir('/flash/d')
with open('/flash/d/x', 'w') as f: f.write('x')
os.rename('/flash/d/x', '/flash/d/y')
with open('/flash/z', 'w') as f: f.write('z')
os.rename('/flash/z', '/flash/d/y')
os.mkdir('/flash/e')
os.rename('/flash/d', '/flash/e/d')
os.remove('/flash/a')
with open('/flash/odd: 100%.', 'w') as f: f.write('odd')
with open(b'/flash/\\xff\\xfe', 'w') as f: f.write('bytes')
"""


def test_each_operation_is_mirrored(tmp_path: Path) -> None:
    with Board(state=tmp_path) as board:
        load(board, OPERATIONS)
        assert board.run(timeout=NEVER).text == ""
        kept = board.volume.snapshot()
    with Board(state=tmp_path) as board:
        assert board.volume.snapshot() == kept
    assert kept["/e/d/y"] == b"z"
    assert kept["/odd: 100%."] == b"odd"


def test_a_second_process_is_refused_in_one_line(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("print('ran')")
    with Board(state=tmp_path / "state"):
        ended = run("run", script, "--state", tmp_path / "state")
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert "in use" in ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_process_leaves_its_commits_and_no_lock(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("with open('/flash/kept', 'w') as f: f.write('all')\nprint('ready')\nwhile True: pass")
    with running("run", script, "--state", tmp_path / "state") as board:
        board.wait_for("out", "ready")
        board.send(signal.SIGKILL)
        board.finish()
    with Board(state=tmp_path / "state") as again:
        assert (again.flash / "kept").read_text() == "all"


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ('{"format": 99, "fs": "littlefs"}', "format 99"),
        ('{"format": 1, "fs": "fat"}', "--fs fat"),
        ("{", "board.json is damaged"),
        ("[]", "board.json is damaged"),
    ],
)
def test_a_folder_that_is_not_ours_is_refused_and_not_touched(tmp_path: Path, about: str, message: str) -> None:
    (tmp_path / "board.json").write_text(about)
    with pytest.raises(ProjectError, match=message):
        Board(state=tmp_path)
    assert (tmp_path / "board.json").read_text() == about


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(ProjectError, match="state"):
        Board(state=tmp_path / "state")


@pytest.mark.parametrize("values", ["[]", '{"a": [1]}', '{"a"'])
def test_damaged_settings_are_named(tmp_path: Path, values: str) -> None:
    with Board(state=tmp_path):
        pass
    (tmp_path / "nvs.json").write_text(values)
    with pytest.raises(ProjectError, match=r"nvs\.json"):
        Board(state=tmp_path)
    assert (tmp_path / "nvs.json").read_text() == values


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights there")
def test_links_are_refused(tmp_path: Path) -> None:
    with Board(state=tmp_path):
        pass
    (tmp_path / "flash" / "link").symlink_to("/etc")
    with pytest.raises(ProjectError, match="link"):
        Board(state=tmp_path)
