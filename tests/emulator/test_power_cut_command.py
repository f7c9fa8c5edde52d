"""``power-cut`` on the command line: what it prints, its status, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from emulator.cli import UsageError
from emulator.usage import parse
from tests.emulator.commandline import LIMIT, ROOT, command, run, running
from tests.emulator.test_power_cut_sweep import ASIDE, CHECK, IN_PLACE


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose main.py rewrites its config in place."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text(IN_PLACE)
    (folder / "config.json").write_text('{"starts": 7}')
    return folder


def test_the_planted_bug_is_found_on_fat(project: Path) -> None:
    ended = run("power-cut", project, "--fs", "fat")
    assert ended.status == 1
    assert ended.err == ""
    lines = ended.out.splitlines()
    assert lines[0] == (
        "power cut before step 2 of 3 steps (write of /flash/config.json): "
        "/flash/config.json is lost and the script does not start"
    )
    assert lines[1:3] == [
        "  holds:    /flash/config.json: 0 bytes, closed with 13",
        "  raised:   main.py: ValueError: syntax error in JSON",
    ]
    assert [line.split(":")[0].strip() for line in lines[3:]] == [
        "console",
        "console",
        "console",
        "console",  # the with statement and the try statement raise again, which the board shows
        "console",
        "before",
        "cause",
        "fix",
        "source",
    ]
    assert "os.rename()" in ended.out


def test_the_repair_passes_on_littlefs(project: Path) -> None:
    (project / "main.py").write_text(ASIDE)
    ended = run("power-cut", project)
    assert (ended.status, ended.out, ended.err) == (0, "4 steps, 5 cuts: all survived\n", "")


def test_a_script_with_the_flash_of_a_folder(project: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(ASIDE)
    ended = run("power-cut", script, "--flash", project, "--fs", "fat", "--board", "wipy")
    assert ended.status == 1
    assert "(rename of /flash/config.new to /flash/config.json): /flash/config.json is lost\n" in ended.out
    assert "holds:    /flash/config.json: nothing: the file is missing\n" in ended.out


def test_json(project: Path) -> None:
    ended = run("power-cut", project, "--fs", "fat", "--json")
    assert ended.status == 1
    table = json.loads(ended.out)
    failure = table.pop("failure")
    assert table == {
        "project": str(project),
        "board": "fipy",
        "fs": "fat",
        "steps": [
            {"number": 1, "kind": "truncate", "path": "/flash/config.json"},
            {"number": 2, "kind": "write", "path": "/flash/config.json"},
            {"number": 3, "kind": "commit", "path": "/flash/config.json"},
        ],
        "complete": True,
        "ended": "done",
        "uncut": [],
        "uncut_again": [],
        "first": 1,
        "tried": 2,
        "differing": [],
        "missed": [],
    }
    assert failure["cut"] == 2
    assert failure["step"] == {"number": 2, "kind": "write", "path": "/flash/config.json"}
    assert failure["lost"] == [
        {"path": "/flash/config.json", "size": 0, "closed_size": 13, "same": 0, "cause": "truncated"}
    ]
    assert failure["exceptions"] == ["main.py: ValueError: syntax error in JSON"]
    assert set(failure["cause"]) == {"code", "cause", "fix", "source"}


def test_json_where_all_is_well(project: Path) -> None:
    ended = run("power-cut", project, "--json")
    assert ended.status == 0
    assert json.loads(ended.out)["failure"] is None


def test_check(project: Path, tmp_path: Path) -> None:
    check = tmp_path / "check.py"
    check.write_bytes(CHECK)
    ended = run("power-cut", project, "--fs", "fat", "--check", check)
    assert ended.status == 1
    assert ended.out.startswith(
        "power cut before step 2 of 3 steps (write of /flash/config.json): the check ends with status 1\n"
    )
    assert "ValueError: syntax error in JSON" in ended.out
    assert run("power-cut", project, "--check", check).status == 0


def test_from_and_limit(project: Path) -> None:
    ended = run("power-cut", project, "--fs", "fat", "--from", "3", "--limit", "1")
    assert ended.status == 1
    assert ended.out.startswith("power cut before step 3 ")
    ended = run("power-cut", project, "--fs", "fat", "--from", "4")
    assert (ended.status, ended.out) == (
        0,
        "3 steps, 1 cut: all survived\n  not all were tried: those from 4 to 4 were\n",
    )


def test_nothing_to_cut(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("print('hello')\n")
    ended = run("power-cut", script)
    assert (ended.status, ended.out) == (
        0,
        "the script writes nothing to the flash: there is nothing to cut\n",
    )


def test_a_script_that_fails_without_a_cut(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("import os\nos.mkdir('/flash/a')\nraise ValueError('broken')\n")
    ended = run("power-cut", script)
    assert ended.status == 0
    assert ended.out.splitlines() == [
        "without a cut, the first start fails: main.py: ValueError: broken",
        "without a cut, the second start fails: main.py: OSError: [Errno 17] EEXIST",
        "1 step, 2 cuts: all survived",
    ]


def test_content_is_never_shown(project: Path) -> None:
    (project / "config.json").write_text('{"starts": 7, "password": "hunter2"}')
    for form in ([], ["--json"]):
        ended = run("power-cut", project, "--fs", "fat", *form)
        assert ended.status == 1
        assert "hunter2" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param(["nothing-here"], "nothing-here: no such file or folder", id="no project"),
        pytest.param(["{p}", "--check", "{p}/no.py"], "/no.py: No such file or directory", id="no check"),
        pytest.param(["{p}", "--check", "{p}"], "Is a directory", id="check is a folder"),
        pytest.param(
            ["{p}", "--check", "{p}/bad.py"], "it fails without a cut as well: ValueError: bad", id="check fails"
        ),
        pytest.param(["{p}", "--from", "9"], "2 steps: there is no cut 9", id="from behind the end"),
        pytest.param(["{p}", "--board", "esp8266"], "esp8266", id="board"),
        pytest.param(["{p}", "--map", "x"], "x", id="map"),
        pytest.param(["{p}", "--quirks", "none-such"], "none-such", id="quirk"),
        pytest.param(["{p}", "--flash", "{p}"], "--flash goes with a script", id="flash and folder"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="the host's texts are those of POSIX")
def test_refusals_take_one_line(project: Path, words: list[str], complaint: str) -> None:
    (project / "bad.py").write_text("raise ValueError('bad')\n")
    ended = run("power-cut", *[word.replace("{p}", str(project)) for word in words])
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("pycom-emulator: ")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param([""], "argument PROJECT: invalid path value: ''", id="empty project"),
        pytest.param([], "the following arguments are required: PROJECT", id="no project"),
        pytest.param(["p", "--from", "0"], "argument --from: invalid number from 1", id="from 0"),
        pytest.param(["p", "--from", "x"], "argument --from: invalid number from 1", id="from x"),
        pytest.param(["p", "--limit", "-1"], "argument --limit: invalid number from 1", id="limit"),
        pytest.param(["p", "--timeout", "0"], "argument --timeout: invalid number of seconds", id="timeout 0"),
        pytest.param(["p", "--timeout", "nan"], "argument --timeout: invalid number of seconds", id="timeout nan"),
        pytest.param(["p", "--fs", "ext4"], "argument --fs: invalid choice", id="file system"),
    ],
)
def test_wrong_usage(words: list[str], complaint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(complaint)):
        parse(["power-cut", *words])


@pytest.mark.skipif(os.name == "nt", reason="SIGINT is sent the POSIX way")
def test_ctrl_c_ends_the_sweep(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("import time\nwhile True:\n    time.sleep(0.1)\n")
    with running("power-cut", script, "--timeout", "1000") as process:
        # it is in the middle of its first run as soon as it has more threads than one
        _await_threads(process.process.pid)
        process.send(signal.SIGINT)
        ended = process.finish()
    assert (ended.status, ended.err) == (130, "")


def _await_threads(pid: int) -> None:
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.exists():
        pytest.skip("needs /proc")
    while len(list(tasks.iterdir())) < 3:
        os.sched_yield()


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_progress_is_shown_on_a_terminal_only(project: Path) -> None:
    import pty

    master, slave = pty.openpty()
    try:
        done = subprocess.run(
            command("power-cut", project), stdout=subprocess.PIPE, stderr=slave, timeout=LIMIT, cwd=ROOT
        )
        shown = os.read(master, 10_000).decode()
    finally:
        os.close(master)
        os.close(slave)
    assert done.stdout.decode().replace("\r\n", "\n") == "2 steps, 3 cuts: all survived\n"
    assert re.search(r"\rcuts \[ +\] 0/3", shown)
    assert re.search(r"\rcuts \[#+\] 3/3", shown)
    assert shown.endswith("\r\x1b[K")


def test_help_names_every_option() -> None:
    ended = run("power-cut", "--help")
    assert ended.status == 0
    for option in ("--check", "--from", "--limit", "--json", "--timeout", "--fs", "--board", "--map"):
        assert option in ended.out
