"""A board that is kept in a folder."""

from __future__ import annotations

import errno
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from emulator import Board, ProjectError
from emulator.state import host as host_module
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


ABOUT = {
    "a later format": ('{"format": 99, "fs": "littlefs"}', "format 99"),
    "no format": ('{"fs": "littlefs"}', "format None"),
    "a strange format": ('{"format": true, "fs": "littlefs"}', "format True"),
    "no file system": ('{"format": 2}', "no file system None"),
    "a strange file system": ('{"format": 2, "fs": "ext4"}', "no file system 'ext4'"),
    "cut": ("{", "board.json is damaged"),
    "a list": ("[]", "board.json is damaged"),
    "deep": ("[" * 100_000, "board.json is damaged"),
    "not a text": ("\x00", "board.json is damaged"),
}


@pytest.mark.parametrize(("about", "message"), ABOUT.values(), ids=ABOUT)
def test_a_folder_that_is_not_ours_is_refused_and_not_touched(tmp_path: Path, about: str, message: str) -> None:
    (tmp_path / "board.json").write_text(about)
    with pytest.raises(ProjectError, match=message) as raised:
        Board(state=tmp_path)
    assert "\n" not in str(raised.value)
    assert (tmp_path / "board.json").read_text() == about
    assert [entry.name for entry in tmp_path.iterdir()] == ["board.json"]


def test_a_folder_with_other_files_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "flash").mkdir()
    (tmp_path / "flash" / "main.py").write_text("mine")
    with pytest.raises(ProjectError, match=r"it holds 'flash', and no board.json"):
        Board(state=tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["flash"]
    assert [entry.name for entry in (tmp_path / "flash").iterdir()] == ["main.py"]


@pytest.mark.parametrize("name", [".git", ".DS_Store", "lock", ".aside-7"])
def test_what_does_not_count_as_other_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with Board(state=tmp_path) as board:
        assert board.flash.exists()
    assert (tmp_path / ".aside-7").exists() is False


@pytest.mark.parametrize("fs", ["littlefs", "fat"])
def test_a_folder_of_the_first_format_is_carried_over(tmp_path: Path, fs: str) -> None:
    flash = tmp_path / "flash"
    (flash / "lib").mkdir(parents=True)
    (flash / "lib" / "%FFa%25").write_bytes(b"1") if fs == "littlefs" else None
    (flash / ".DS_Store").write_bytes(b"uploaded")
    (tmp_path / "board.json").write_text(json.dumps({"format": 1, "fs": fs}))
    (tmp_path / "nvs.json").write_text('{"n": 7, "text": "a\\udcff"}')
    for _ in range(2):
        with Board(state=tmp_path) as board:
            assert board.volume.kind == board.config.file_system == fs
            assert board.volume.snapshot()["/.DS_Store"] == b"uploaded"
            if fs == "littlefs":
                assert board.volume.read(b"/lib/\xffa%") == b"1"
            assert board.nvs.items() == {"n": 7, "text": "a\udcff"}
    assert json.loads((tmp_path / "board.json").read_text()) == {"format": 2, "fs": fs}
    assert (flash / "%2EDS_Store").exists()


DAMAGED = {
    "nvs is a list": ("nvs.json", "[]"),
    "nvs holds a list": ("nvs.json", '{"a": [1]}'),
    "nvs is cut": ("nvs.json", '{"a"'),
    "nvs holds true": ("nvs.json", '{"a": true}'),
    "nvs holds a long number": ("nvs.json", '{"a": 2147483648}'),
    "nvs holds a long text": ("nvs.json", json.dumps({"a": "x" * 1984})),
    "nvs has a long key": ("nvs.json", '{"aaaaaaaaaaaaaaaa": 1}'),
    "nvs has no key": ("nvs.json", '{"": 1}'),
    "no such setting": ("config.json", '{"wifi": true}'),
    "a number for a flag": ("config.json", '{"wifi_on_boot": 1}'),
    "a flag for a number": ("config.json", '{"wifi_mode_on_boot": true}'),
    "a number too large": ("config.json", '{"boot_fs_type": 2}'),
    "a number for a text": ("config.json", '{"wifi_ssid_sta": 5}'),
    "a text too long": ("config.json", json.dumps({"wifi_ssid_sta": "x" * 33})),
}


@pytest.mark.parametrize(("name", "values"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_settings_are_named(tmp_path: Path, name: str, values: str) -> None:
    with Board(state=tmp_path):
        pass
    (tmp_path / name).write_text(values)
    with pytest.raises(ProjectError, match=re.escape(name)) as raised:
        Board(state=tmp_path)
    assert "\n" not in str(raised.value)
    assert (tmp_path / name).read_text() == values


def test_settings_written_by_an_editor_of_windows(tmp_path: Path) -> None:
    with Board(state=tmp_path):
        pass
    (tmp_path / "nvs.json").write_bytes(b'\xef\xbb\xbf{"n": 1}\r\n')
    with Board(state=tmp_path) as board:
        assert board.nvs.get("n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs rights there")
def test_links_are_refused(tmp_path: Path) -> None:
    with Board(state=tmp_path):
        pass
    (tmp_path / "flash" / "link").symlink_to("/etc")
    with pytest.raises(ProjectError, match="link"):
        Board(state=tmp_path)


# -- settings and file system ------------------------------------------------------------------------------------------------


def test_settings_are_kept(tmp_path: Path) -> None:
    script = """\
import pycom
print(pycom.wifi_on_boot(), pycom.wifi_ssid_sta(), pycom.wifi_pwd_sta(), pycom.heartbeat(), pycom.wdt_on_boot_timeout())
pycom.wifi_on_boot(False)
pycom.wifi_ssid_sta('h\u00e4me')
pycom.wifi_pwd_sta('geheim-geheim')
pycom.heartbeat_on_boot(False)
pycom.wdt_on_boot_timeout(7000)
"""
    texts = []
    for _ in range(2):
        with Board(state=tmp_path) as board:
            load(board, script)
            result = board.run(timeout=NEVER)
            texts.append(result.text)
            assert "geheim" not in "".join(map(str, result.notes))
    assert texts == ["True None None True 4294967295\n", "False h\u00e4me geheim-geheim False 7000\n"]
    kept = json.loads((tmp_path / "config.json").read_text())
    assert kept["wifi_pwd_sta"] == "geheim-geheim"
    assert kept["wifi_mode_on_boot"] == 2


CHOOSE = """\
import pycom, uos
print(pycom.bootmgr()[1], uos.statvfs('/flash')[9], 'left' in uos.listdir('/flash'))
if pycom.bootmgr()[1] == %r:
    open('/flash/left', 'w').close()
    pycom.bootmgr(fs_type=%s, reset=%s)
"""
LITTLEFS, FAT = "LittleFS 1022", "FAT 128"


@pytest.mark.parametrize(
    ("fs", "script", "before", "after"),
    [
        ("littlefs", CHOOSE % ("LittleFS", "pycom.FAT", "True"), LITTLEFS, FAT),
        ("fat", CHOOSE % ("FAT", "pycom.LittleFS", "True"), FAT, LITTLEFS),
    ],
    ids=["to FAT", "to LittleFS"],
)
def test_another_file_system_is_made_at_the_next_boot(
    tmp_path: Path, fs: str, script: str, before: str, after: str
) -> None:
    kind = "littlefs" if after == LITTLEFS else "fat"
    with Board(fs=fs, state=tmp_path) as board:  # type: ignore[arg-type]
        load(board, "import uos\n" + script)
        result = board.run(timeout=NEVER)
        assert result.text == f"{before} False\n"
        assert [note.code for note in result.notes] == ["flash-formatted"]
        assert board.volume.kind == kind
        assert sorted(board.volume.snapshot()) == ["/boot.py", "/cert", "/lib", "/main.py", "/sys"]
        (board.flash / "new").write_bytes(b"1")
    with Board(state=tmp_path) as board:
        assert board.volume.kind == kind
        assert (board.flash / "new").read_bytes() == b"1"
        load(board, script)
        assert board.run(timeout=NEVER).text.startswith(after)
    asked = f"--fs {kind}"
    with pytest.raises(ProjectError, match=asked):
        Board(fs=fs, state=tmp_path)  # type: ignore[arg-type]


def test_another_file_system_that_was_chosen_last_is_there_in_the_next_process(tmp_path: Path) -> None:
    with Board(state=tmp_path) as board:
        load(board, CHOOSE % ("LittleFS", "0", "False"))
        assert board.run(timeout=NEVER).text == "LittleFS 1022 False\n"
    with Board(state=tmp_path) as board:
        assert [note.code for note in board.notes] == ["flash-formatted"]
        load(board, CHOOSE % ("", "0", "False"))
        assert board.run(timeout=NEVER).text == "FAT 128 False\n"
    with Board(state=tmp_path) as board:
        assert list(board.notes) == []


def test_the_other_file_system_is_answered_in_one_line(tmp_path: Path) -> None:
    with Board(fs="fat", state=tmp_path / "state"):
        pass
    script = tmp_path / "main.py"
    script.write_text("print('ran')")
    ended = run("run", script, "--fs", "littlefs", "--state", tmp_path / "state")
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert "--fs fat" in ended.err


def test_a_format_is_kept(tmp_path: Path) -> None:
    with Board(fs="fat", state=tmp_path) as board:
        load(board, "import uos\nopen('/flash/a', 'w').close()\nuos.fsformat('/flash')\nopen('/flash/b', 'w').close()")
        assert board.run(timeout=NEVER).text == ""
    with Board(state=tmp_path) as board:
        assert sorted(board.volume.snapshot()) == ["/b", "/boot.py", "/cert", "/lib", "/main.py", "/sys"]


def test_the_clock_is_lost_with_the_process(tmp_path: Path) -> None:
    script = "import time, machine\nprint(time.time() < 1000)\nopen('/flash/a', 'w').close()"
    for _ in range(2):
        with Board(state=tmp_path) as board:
            board.clock.set(1_700_000_000)
            load(board, script)
            assert board.run(timeout=NEVER).text == "True\n"


def test_an_sd_card_is_kept_and_stays_where_no_card_is_in(tmp_path: Path) -> None:
    script = "import machine, os\nos.mount(machine.SD(), '/sd')\n%s"
    with Board(state=tmp_path, sd=8) as board:
        load(board, script % "with open('/sd/log', 'w') as f: f.write('on the card')")
        assert board.run(timeout=NEVER).text == ""
    assert (tmp_path / "sd" / "log").read_bytes() == b"on the card"
    with Board(state=tmp_path) as board:
        assert board.sd_volume is None
    with Board(state=tmp_path, sd=8) as board:
        load(board, script % "print(open('/sd/log').read())")
        assert board.run(timeout=NEVER).text == "on the card\n"


def test_a_closed_board_writes_no_more(tmp_path: Path) -> None:
    board = Board(state=tmp_path)
    board.close()
    (board.flash / "late").write_bytes(b"")
    board.nvs.set("late", 1)
    board.config.set("wifi_on_boot", False)
    assert not (tmp_path / "flash" / "late").exists()
    assert not (tmp_path / "nvs.json").exists()
    assert json.loads((tmp_path / "config.json").read_text())["wifi_on_boot"] is True
    board.close()


def test_many_threads_end_with_what_was_set_last(tmp_path: Path) -> None:
    with Board(state=tmp_path) as board:

        def work(number: int) -> None:
            for value in range(20):
                board.nvs.set(f"k{number}", value)
                (board.flash / f"f{number}").write_bytes(b"%d" % value)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert json.loads((tmp_path / "nvs.json").read_text()) == {f"k{number}": 19 for number in range(4)}
    assert {(tmp_path / "flash" / f"f{number}").read_bytes() for number in range(4)} == {b"19"}


# -- trouble with the host -------------------------------------------------------------------------------------------------------


class ReadOnly:
    """``os`` of a host that writes nothing for now."""

    on = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        if name not in ("write", "replace", "mkdir", "unlink", "rmdir") or not self.on:
            return found

        def refuse(*args: Any, **kwargs: Any) -> Any:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(args[0]))

        return refuse


def test_a_folder_that_becomes_read_only_is_told_and_caught_up_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = ReadOnly()
    monkeypatch.setattr(host_module, "os", host)
    with Board(state=tmp_path) as board:
        (board.flash / "a").write_bytes(b"old")
        host.on = True
        load(board, "import pycom\nopen('/flash/a', 'w').write('new')\npycom.nvs_set('k', 1)\nprint('went on')")
        result = board.run(timeout=NEVER)
        assert result.text == "went on\n"
        assert {note.code for note in board.notes} == {"state-not-saved"}
        assert len(board.notes) == 1
        assert (tmp_path / "flash" / "a").read_bytes() == b"old"
        host.on = False
        board.volume.remove("/lib")
        assert (tmp_path / "flash" / "a").read_bytes() == b"new"
    assert json.loads((tmp_path / "nvs.json").read_text()) == {"k": 1}


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match=r"--state .*: ") as raised:
        Board(state=tmp_path / "file" / "state")
    assert "\n" not in str(raised.value)


# -- killed ---------------------------------------------------------------------------------------------------------------------------

REWRITE = """\
import os, pycom
print('ready')
n = 0
while True:
    n += 1
    text = '%d\\n' % n * (n % 700 + 1)
    with open('/flash/direct', 'w') as f: f.write(text)
    with open('/flash/config.new', 'w') as f: f.write(text)
    os.rename('/flash/config.new', '/flash/config')
    if n % 2: os.mkdir('/flash/d')
    else: os.rmdir('/flash/d')
    pycom.nvs_set('n', n)
"""


def whole(content: bytes) -> bool:
    """Whether this is what one round of the script has written."""
    lines = content.split()
    return bool(lines) and set(lines) == {lines[0]} and len(lines) == int(lines[0]) % 700 + 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("instants", [5, pytest.param(200, marks=[pytest.mark.nightly, pytest.mark.timeout(900)])])
def test_killed_at_random_instants(tmp_path: Path, instants: int) -> None:
    state, script = tmp_path / "state", tmp_path / "main.py"
    script.write_text(REWRITE)
    last = 0
    for _ in range(instants):
        with running("run", script, "--state", state) as board:
            board.wait_for("out", "ready")
            try:
                board.process.wait(random.uniform(0, 0.15))
            except subprocess.TimeoutExpired:
                board.send(signal.SIGKILL)
            ended = board.finish()
            assert ended.status == -signal.SIGKILL, ended.err
            assert ended.err == ""
        with Board(state=state) as again:
            files = again.volume.snapshot()
            # a file is there, and empty, from the moment it is first opened: only later rounds replace it at one instant
            new = ["/config.new"] if "/config" in files or "/config.new" in files else ["/config.new", "/direct"]
            for path in ("/direct", "/config", "/config.new"):
                content = files.get(path)
                assert content is None or (content == b"" and path in new) or whole(content), path
            assert files["/main.py"] == REWRITE.encode()
            last = max(last, int(again.nvs.get("n") or 0))
            if "/d" in files:
                again.volume.rmdir("/d")  # the script counts from the beginning
    assert last > 0


# -- cost -------------------------------------------------------------------------------------------------------------------------------


def test_a_thousand_files(tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    for folder in range(10):
        (flash / f"d{folder}").mkdir(parents=True)
        for number in range(100):
            (flash / f"d{folder}" / f"{number}.py").write_bytes(b"x = 1\n" * 20)
    (tmp_path / "board.json").write_text('{"format": 2, "fs": "littlefs"}')
    with Board(state=tmp_path) as board:
        assert len(board.volume.paths()) == 1002
