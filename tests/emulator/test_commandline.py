"""The command line: statuses, signals, and one plain line for what cannot be done."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulator.commandline import LIMIT, command, run, running


def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "main.py"
    path.write_text(text)
    return path


STATUSES = {
    "ends": ("print('x')", 0),
    "exception": ("1/0", 1),
    "exit": ("import sys\nsys.exit()", 0),
    "exit 3": ("import sys\nsys.exit(3)", 3),
    "SystemExit": ("raise SystemExit(4)", 4),
    "syntax": ("x = = 1", 1),
}


@pytest.mark.parametrize(("text", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_status(tmp_path: Path, text: str, status: int) -> None:
    assert run("run", script(tmp_path, text)).status == status


@pytest.mark.parametrize("words", [("--expect", "tick"), ("--fail", "other", "--expect", "tick")])
def test_expect(tmp_path: Path, words: tuple[str, ...]) -> None:
    ended = run("run", script(tmp_path, "import time\nwhile True:\n    print('tick')\n    time.sleep(0.01)"), *words)
    assert ended.status == 0


def test_fail(tmp_path: Path) -> None:
    assert run("run", script(tmp_path, "print('bad news')\nwhile True: pass"), "--fail", "bad").status == 1


def test_expected_text_never_shown(tmp_path: Path) -> None:
    assert run("run", script(tmp_path, "print('x')"), "--expect", "y").status == 1


WRONG = {
    "no command": ([], "required"),
    "unknown command": (["frob"], "frob"),
    "no such file": (["run", "/nowhere/main.py"], "/nowhere/main.py"),
    "map without =": (["run", "{script}", "--map", "nonsense"], "nonsense"),
    "map without port": (["run", "{script}", "--map", "a=b:1"], "a=b:1"),
    "map with a bad port": (["run", "{script}", "--map", "a:1=b:70000"], "70000"),
    "publish": (["run", "{script}", "--publish", "80"], "80"),
    "board": (["run", "{script}", "--board", "esp8266"], "esp8266"),
    "fs": (["run", "{script}", "--fs", "ext4"], "ext4"),
    "quirk": (["run", "{script}", "--quirks", "nonsense"], "nonsense"),
    "timeout": (["run", "{script}", "--timeout", "soon"], "soon"),
    "ftp port": (["run", "{script}", "--ftp", "99999"], "99999"),
    "flash": (["run", "{script}", "--flash", "/nowhere"], "/nowhere"),
    "demo": (["demo", "nonsense"], "nonsense"),
}


@pytest.mark.parametrize(("words", "named"), WRONG.values(), ids=WRONG.keys())
def test_wrong_usage_is_one_line_that_names_it(tmp_path: Path, words: list[str], named: str) -> None:
    path = script(tmp_path, "print('ran')")
    ended = run(*[str(path) if word == "{script}" else word for word in words])
    assert ended.status == 2
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
    assert named in ended.err


def test_ftp_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("run", script(tmp_path, "print('ran')"), "--ftp", str(port))
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert str(port) in ended.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root can read everything")
def test_unreadable_folder(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir(mode=0)
    ended = run("run", tmp_path / "project")
    assert ended.status == 2
    assert len(ended.err.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
class TestSignals:
    ENDLESS = "import time\nprint('ready')\nwhile True:\n    try:\n        time.sleep(1)\n    except KeyboardInterrupt:\n        print('interrupted')\n"

    def test_sigterm(self, tmp_path: Path) -> None:
        with running("run", script(tmp_path, self.ENDLESS)) as board:
            board.wait_for("out", "ready")
            board.send(signal.SIGTERM)
            ended = board.finish()
        assert ended.status == 143
        assert ended.out == "ready\n"

    def test_one_ctrl_c_interrupts_the_script(self, tmp_path: Path) -> None:
        with running("run", script(tmp_path, "import time\nprint('ready')\ntime.sleep(99)")) as board:
            board.wait_for("out", "ready")
            board.send(signal.SIGINT)
            ended = board.finish()
        assert ended.status == 130
        assert ended.out.endswith("KeyboardInterrupt: \n")
        assert ended.err == ""

    def test_two_end_the_emulator(self, tmp_path: Path) -> None:
        with running("run", script(tmp_path, self.ENDLESS)) as board:
            board.wait_for("out", "ready")
            board.send(signal.SIGINT)
            board.wait_for("out", "interrupted")
            board.send(signal.SIGINT)
            ended = board.finish()
        assert ended.status == 130
        assert ended.out == "ready\ninterrupted\n"

    def test_stay(self, tmp_path: Path) -> None:
        with running("run", script(tmp_path, "print('done')"), "--stay", "--ftp", "0") as board:
            board.wait_for("out", "done")
            url = board.wait_for("err", "ftp: ")
            port = int(url.split(":")[-1].split("/")[0])
            with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as client:
                assert client.recv(100).startswith(b"220 ")
            board.send(signal.SIGTERM)
            assert board.finish().status == 143

    def test_an_endless_call_into_c_ends_with_the_process(self, tmp_path: Path) -> None:
        ended = run("run", script(tmp_path, "print('ready')\nx = 3 ** 10000000\nx = str(x)"), "--timeout", "0.3")
        assert ended.status == 124
        assert ended.seconds < 20


def test_stdout_that_nobody_reads(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("run", script(tmp_path, "while True:\n    print('x' * 1000)\n")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(LIMIT) == 1
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_console_is_verbatim(tmp_path: Path) -> None:
    process = subprocess.run(
        command("run", script(tmp_path, "print('a', end='')\nprint('\\r\\n\\xe9\\x00', end='')")),
        capture_output=True,
        timeout=LIMIT,
        check=True,
    )
    assert process.stdout == b"a\r\n\xc3\xa9\x00"


def test_input_reads_stdin(tmp_path: Path) -> None:
    ended = run(
        "run",
        script(tmp_path, "print(input('name? '))\ntry:\n    input()\nexcept EOFError:\n    print('end')"),
        stdin="Ada\n",
    )
    assert ended.out == "name? Ada\nend\n"


def test_demo() -> None:
    ended = run("demo")
    assert ended.status == 0, ended.out + ended.err
    assert "hello from the server" in ended.out
    assert "OSError: -9984" in ended.out
    assert ended.err == ""
    assert ended.seconds < 10
