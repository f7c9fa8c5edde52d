"""The power-cut sweep: planted bugs are found at the right step, their repairs pass."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from emulator.committed import Ledger
from emulator.power import PowerOff
from emulator.powercut import CheckFailsUncut, Ended, Report, Sweep
from emulator.project import Project, ProjectError
from flashfs import Vfs, Volume

KINDS = ("littlefs", "fat")

READ = """\
import json, os
try:
    with open('/flash/config.json') as f:
        config = json.load(f)
except OSError:
    config = {'starts': 0}
config['starts'] += 1
text = json.dumps(config)
"""
IN_PLACE = READ + "with open('/flash/config.json', 'w') as f:\n    f.write(text)\n"
ASIDE = (
    READ
    + "with open('/flash/config.new', 'w') as f:\n    f.write(text)\nos.rename('/flash/config.new', '/flash/config.json')\n"
)
RECOVERS = (
    "import os\nnames = os.listdir('/flash')\nif 'config.json' not in names and 'config.new' in names:\n"
    "    os.rename('/flash/config.new', '/flash/config.json')\n" + ASIDE
)
CONFIG = {"/config.json": b'{"starts": 7}'}


def sweep(script: str, fs: Any = "littlefs", files: Mapping[str, bytes | None] | None = None, **options: Any) -> Report:
    first, limit = options.pop("first", 1), options.pop("limit", 1000)
    project = Project({"/main.py": script.encode(), **(files or {})})
    return Sweep(project, fs=fs, **options).run(first, limit)


def told(report: Report) -> list[tuple[str, str]]:
    return [(step.kind, step.path) for step in report.steps]


def harm(report: Report) -> tuple[int, str, list[str]]:
    """Number of the cut, cause, lost files."""
    assert report.failure is not None
    return report.failure.number, report.failure.cause.code, [lost.path for lost in report.failure.lost]


# -- the planted bug and its repair


def test_config_rewritten_in_place_on_fat_is_found() -> None:
    report = sweep(IN_PLACE, "fat", CONFIG)
    assert told(report) == [("truncate", "/config.json"), ("write", "/config.json"), ("commit", "/config.json")]
    assert harm(report) == (2, "truncated", ["/config.json"])
    failure = report.failure
    assert failure is not None
    assert (failure.lost[0].size, failure.lost[0].closed_size) == (0, 13)
    assert failure.exceptions == ("main.py: ValueError: syntax error in JSON",)
    assert failure.console.endswith("ValueError: syntax error in JSON")
    assert report.tried == 2


@pytest.mark.parametrize(
    ("script", "steps"), [pytest.param(IN_PLACE, 2, id="in place"), pytest.param(ASIDE, 4, id="aside")]
)
def test_littlefs_commits_at_once(script: str, steps: int) -> None:
    report = sweep(script, "littlefs", CONFIG)
    assert report.failure is None
    assert (len(report.steps), report.tried, report.complete, report.ended) == (steps, steps + 1, True, Ended.DONE)
    assert (report.differing, report.missed, report.uncut, report.uncut_again) == ([], [], (), ())


def test_write_aside_and_rename_on_fat_has_a_window() -> None:
    report = sweep(ASIDE, "fat", CONFIG)
    assert [kind for kind, _ in told(report)] == ["create", "write", "commit", "remove", "rename"]
    assert harm(report) == (5, "half-renamed", ["/config.json"])
    failure = report.failure
    assert failure is not None
    assert failure.lost[0].size is None
    assert failure.exceptions == ()


def test_write_aside_and_rename_on_fat_passes_when_the_script_puts_it_right_at_its_start() -> None:
    report = sweep(RECOVERS, "fat", CONFIG)
    assert report.failure is None
    assert report.tried == 6


def test_defaults_in_place_of_a_lost_file_are_no_repair() -> None:
    """The file is there again after the next start, but not with what was in it."""
    forgetful = IN_PLACE.replace("except OSError", "except (OSError, ValueError)")
    report = sweep(forgetful, "fat", CONFIG)
    assert harm(report) == (2, "truncated", ["/config.json"])
    assert report.failure is not None
    assert report.failure.exceptions == ()


@pytest.mark.parametrize("fs", KINDS)
def test_a_new_file_is_there_with_0_bytes_before_it_is_closed(fs: str) -> None:
    report = sweep(IN_PLACE, fs)
    assert harm(report) == (2, "half-written", [])
    assert report.failure is not None
    assert report.failure.half_written == ("/config.json",)
    assert report.failure.exceptions == ("main.py: ValueError: syntax error in JSON",)


def test_the_how_to_is_true() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "power-cut.md"
    bug, repair, recovery, _ = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    assert harm(sweep(bug, "fat", CONFIG)) == (2, "truncated", ["/config.json"])
    assert sweep(bug, "littlefs", CONFIG).failure is None
    assert sweep(repair, "littlefs", CONFIG).failure is None
    assert harm(sweep(repair, "fat", CONFIG)) == (5, "half-renamed", ["/config.json"])
    assert sweep(recovery + repair, "fat", CONFIG).failure is None


# -- other ways to lose a file

CASES: dict[str, tuple[str, tuple[int, str, list[str]] | None, tuple[int, str, list[str]] | None]] = {
    # script -> harm on LittleFS, on FAT; /config.json is there with 13 bytes
    "in place, r+": (
        "f = open('/flash/config.json', 'r+')\nf.seek(5)\nf.write('X')\nf.write('Y')\nf.close()",
        None,
        (2, "in-place", ["/config.json"]),
    ),
    "append": ("f = open('/flash/config.json', 'a')\nf.write('X')\nf.flush()\nf.write('Y')\nf.close()", None, None),
    "renamed before it is closed": (
        "import os\nf = open('/flash/new', 'w')\nf.write('x' * 20)\nos.rename('/flash/new', '/flash/config.json')\nf.close()",
        (4, "renamed-open", ["/config.json"]),
        (4, "half-renamed", ["/config.json"]),
    ),
    "removed by the script": ("import os\nos.remove('/flash/config.json')\nos.mkdir('/flash/d')", None, None),
    "folder moved": (
        "import os\nos.mkdir('/flash/a')\nopen('/flash/a/x', 'w').close()\nos.rename('/flash/a', '/flash/b')\nos.mkdir('/flash/c')",
        None,
        None,
    ),
    "folder removed": (
        "import os\nos.mkdir('/flash/a')\nopen('/flash/a/x', 'w').close()\nos.remove('/flash/a/x')\nos.rmdir('/flash/a')\nos.mkdir('/flash/c')",
        None,
        None,
    ),
    "other case": (
        "import os\nos.rename('/flash/config.json', '/flash/Config.JSON')\nopen('/flash/CONFIG.json', 'a').close()\nos.mkdir('/flash/d')",
        None,
        None,
    ),
    "removed, and another one made": (
        "import os\nos.remove('/flash/config.json')\nos.mkdir('/flash/d')\nopen('/flash/d/config', 'w').close()\n",
        None,
        None,
    ),
}


@pytest.mark.parametrize("fs", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_ways_to_lose_a_file(name: str, fs: str) -> None:
    script, littlefs, fat = CASES[name]
    quiet = "try:\n    exec(open('/flash/work.py').read())\nexcept OSError:\n    pass\n"
    report = sweep(quiet, fs, {**CONFIG, "/work.py": script.encode()})
    expected = littlefs if fs == "littlefs" else fat
    if expected is None:
        assert report.failure is None
        assert report.tried == len(report.steps) + 1
    else:
        assert harm(report) == expected


def test_rename_onto_itself_with_the_quirk_loses_the_file() -> None:
    report = sweep(
        "import os\nos.rename('/flash/config.json', '/flash/config.json')\n",
        files=CONFIG,
        quirks=["rename-to-self-loses-file"],
    )
    assert harm(report) == (2, "self-renamed", ["/config.json"])
    assert report.failure is not None
    assert report.failure.step is None


def test_files_of_the_project_count_as_closed() -> None:
    report = sweep("open('/flash/cert/ca.pem', 'w').close()\n", "fat", {"/cert": None, "/cert/ca.pem": b"PEM"})
    assert harm(report) == (2, "truncated", ["/cert/ca.pem"])


def test_a_script_that_replaces_itself_on_fat() -> None:
    report = sweep("open('/flash/main.py', 'w').write('print(1)\\n' * 3)\n", "fat")
    assert harm(report) == (2, "truncated", ["/main.py"])


# -- starting


def test_two_files_that_belong_together() -> None:
    script = (
        "import os\n"
        "if 'a' in os.listdir('/flash'):\n    open('/flash/b').close()\nelse:\n"
        "    os.mkdir('/flash/a')\n    open('/flash/b', 'w').close()\n"
    )
    report = sweep(script)
    assert harm(report) == (2, "between", [])
    assert report.failure is not None
    assert report.failure.exceptions == ("main.py: OSError: [Errno 2] ENOENT",)


def test_boot_py_counts_too() -> None:
    boot = b"import os\nif 'a' in os.listdir('/flash') and 'b' not in os.listdir('/flash'):\n    raise ValueError('half')\n"
    report = sweep(
        "import os\nfor name in 'ab':\n    if name not in os.listdir('/flash'):\n        os.mkdir('/flash/' + name)\n",
        files={"/boot.py": boot},
    )
    assert report.failure is not None
    assert (report.failure.number, report.failure.exceptions) == (2, ("boot.py: ValueError: half",))


def test_a_board_that_resets_itself_for_ever_does_not_start() -> None:
    script = (
        "import os, machine\nnames = os.listdir('/flash')\nif 'a' in names and 'b' not in names:\n    machine.reset()\n"
        "for name in 'ab':\n    if name not in names:\n        os.mkdir('/flash/' + name)\n"
    )
    report = sweep(script, time_limit=0.5)
    assert report.failure is not None
    assert (report.failure.number, report.failure.exceptions) == (2, ("the board resets itself again and again",))


def test_what_fails_without_a_cut_is_no_harm() -> None:
    report = sweep(
        "import os, socket\nif 'a' not in os.listdir('/flash'):\n    os.mkdir('/flash/a')\n"
        "socket.getaddrinfo('nowhere.example', 80)[0]\n",
        offline=True,
    )
    assert report.failure is None
    assert len(report.uncut) == len(report.uncut_again) == 1
    assert report.uncut[0].startswith("main.py: ")


def test_sys_exit_with_0_is_no_failure() -> None:
    report = sweep("import os, sys\nif 'a' in os.listdir('/flash'):\n    sys.exit(0)\nos.mkdir('/flash/a')\n")
    assert (report.failure, report.uncut_again) == (None, ())


# -- endings


def test_an_endless_loop_ends_at_the_time_limit() -> None:
    script = (
        READ.replace("text", "x")
        + "import time\nos.mkdir('/flash/d%d' % len(os.listdir('/flash')))\nwhile True:\n    time.sleep(0.01)\n"
    )
    report = sweep(script, time_limit=0.8)
    assert (report.ended, report.complete, report.failure) == (Ended.LIMIT, True, None)
    assert (told(report), report.tried) == ([("mkdir", "/d5")], 2)


@pytest.mark.parametrize("fs", KINDS)
def test_an_endless_writer_is_cut_as_often_as_was_asked_for(fs: str) -> None:
    """The run without a cut ends between two writes, so that it does not hide the harm of the cuts."""
    report = sweep(READ + "while True:\n    with open('/flash/config.json', 'w') as f:\n        f.write(text)\n", fs, CONFIG, time_limit=0.5, limit=5)  # fmt: skip
    assert report.uncut_again == ()
    assert not report.complete
    if fs == "fat":
        assert harm(report) == (2, "truncated", ["/config.json"])
    else:
        assert (report.failure, report.tried, len(report.steps)) == (None, 5, 5)


def test_a_thread_that_writes_is_followed() -> None:
    script = (
        "import _thread, os\ndef work():\n    os.mkdir('/flash/t')\n_thread.start_new_thread(work, ())\n"
        "while 't' not in os.listdir('/flash'):\n    pass\n"
    ).replace("os.mkdir('/flash/t')", "'t' in os.listdir('/flash') or os.mkdir('/flash/t')")
    report = sweep(script)
    assert (told(report), report.tried, report.failure) == ([("mkdir", "/t")], 2, None)


def test_steps_that_differ_from_run_to_run_are_told() -> None:
    script = "import os\nos.mkdir('/flash/%s' % ''.join('%02x' % byte for byte in os.urandom(8)))\nos.mkdir('/flash/a%d' % len(os.listdir('/flash')))\n"
    report = sweep(script)
    assert report.failure is None
    assert report.differing == [2, 3]
    assert report.missed == []


def test_a_step_that_a_run_never_comes_to_is_told() -> None:
    """NVS and flash are fresh in each run; what comes from outside is not."""
    seen: list[int] = []

    class Host(Sweep):
        def _board(self) -> Any:
            board = super()._board()
            seen.append(1)
            board.nvs.set("run", len(seen))
            return board

    script = b"import os, pycom\nif pycom.nvs_get('run') == 1:\n    os.mkdir('/flash/a')\n    os.mkdir('/flash/b')\n"
    report = Host(Project({"/main.py": script})).run()
    assert (report.missed, report.differing) == ([1, 2], [2, 3])


def test_a_script_that_never_writes() -> None:
    report = sweep("print('hello')\n")
    assert (report.steps, report.tried, report.failure) == ([], 0, None)


# -- from, limit, progress


def test_from_begins_at_a_later_cut() -> None:
    assert harm(sweep(IN_PLACE, "fat", CONFIG, first=3))[0] == 3
    report = sweep(IN_PLACE, "fat", CONFIG, first=4)
    assert (report.failure, report.tried) == (None, 1)


def test_from_behind_the_last_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="3 steps: there is no cut 5"):
        sweep(IN_PLACE, "fat", CONFIG, first=5)


def test_limit_ends_before_the_harm() -> None:
    report = sweep(IN_PLACE, "fat", CONFIG, limit=1)
    assert (report.failure, report.tried, report.complete) == (None, 1, False)


def test_progress_comes_for_each_cut() -> None:
    seen: list[tuple[int, int]] = []
    Sweep(Project({"/main.py": ASIDE.encode(), **CONFIG})).run(progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 5), (1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_what_does_not_go_onto_the_flash_is_refused() -> None:
    with pytest.raises(ProjectError):
        sweep("pass", files={"/x": bytes(5 * 1024 * 1024)})


def test_nothing_is_left_running() -> None:
    before = set(threading.enumerate())
    sweep(
        "import _thread, os, time\n_thread.start_new_thread(time.sleep, (3600,))\nos.mkdir('/flash/a')\n",
        time_limit=0.3,
    )
    assert set(threading.enumerate()) <= before


# -- check

CHECK = b"import json, sys\nwith open('/flash/config.json') as f:\n    config = json.load(f)\nsys.exit(0 if config['starts'] >= 7 else 3)\n"


def test_a_check_judges_in_place_of_the_rule() -> None:
    report = sweep(ASIDE, "fat", CONFIG, check=("check.py", CHECK))
    assert harm(report) == (5, "checked", [])
    failure = report.failure
    assert failure is not None
    assert failure.check == 1
    assert "OSError: [Errno 2] ENOENT" in failure.console
    assert 'File "check.py"' in failure.console


def test_a_check_that_accepts_everything() -> None:
    report = sweep(IN_PLACE, "fat", CONFIG, check=("check.py", b"pass\n"))
    assert (report.failure, report.tried) == (None, 4)


def test_a_check_gives_its_own_status() -> None:
    script = IN_PLACE.replace("config['starts'] += 1", "config['starts'] += 1 if config['starts'] >= 7 else 100")
    check = CHECK.replace(b"json.load(f)", b"json.loads(f.read() or '{\"starts\": 1}')")
    report = sweep(script, "fat", CONFIG, check=("check.py", check))
    assert report.failure is not None
    assert (report.failure.number, report.failure.check) == (2, 3)


def test_a_check_sees_the_flash_as_it_was_left() -> None:
    """It is not written there itself: that would take room, and hide what became of main.py."""
    check = b"import os, sys\nsys.exit(os.listdir('/flash') != ['boot.py', 'cert', 'lib', 'main.py', 'new', 'sys'] and 'new' in os.listdir('/flash'))\n"
    report = sweep("import os\nos.mkdir('/flash/new')\n", check=("check.py", check))
    assert report.failure is None


def test_a_check_that_fails_without_a_cut_is_refused() -> None:
    with pytest.raises(CheckFailsUncut, match="never good"):
        sweep(ASIDE, files=CONFIG, check=("check.py", b"raise ValueError('never good')\n"))


def test_a_check_that_does_not_end_is_not_good() -> None:
    with pytest.raises(CheckFailsUncut):
        sweep(ASIDE, files=CONFIG, check=("check.py", b"while True: pass\n"), time_limit=0.2)


# -- the ledger


@pytest.mark.parametrize("fs", KINDS)
def test_ledger_knows_the_contents_that_were_closed(fs: Any) -> None:
    volume = Volume(fs)
    board = Vfs({"/flash": volume})
    ledger = Ledger(volume, lambda: None)
    volume.on_step = ledger
    with board.open("/flash/f", "w") as file:
        file.write("one")
        file.flush()
        file.write("two")
    with board.open("/flash/f", "a") as file:
        file.write("three")
    ledger.settle()
    closed = ledger.closed[ledger.key("/f")]
    assert closed.last == b"onetwothree"
    assert [closed.holds(content) for content in (b"one", b"onetwo", b"onetwothree", b"", b"on")] == [True] * 3 + [
        False
    ] * 2
    assert ledger.clean


def test_ledger_stops_once() -> None:
    volume = Volume()
    board = Vfs({"/flash": volume})

    def stop() -> None:
        raise PowerOff

    ledger = Ledger(volume, stop, stop_at=2)
    volume.on_step = ledger
    board.mkdir("/flash/a")
    with pytest.raises(PowerOff):
        board.mkdir("/flash/b")
    assert ledger.pending is not None
    assert (ledger.pending.path, board.listdir("/flash")) == ("/b", ["a"])
