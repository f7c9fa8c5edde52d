"""``run --repl``: input through a pipe, and a person at a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulator.commandline import LIMIT, command, run


def _project(folder: Path) -> Path:
    (folder / "main.py").write_text("x = 41\nprint('main')\n")
    return folder


def _lines_after_banner(out: str) -> str:
    return out.partition('Type "help()" for more information.\n')[2]


def test_lines_through_a_pipe_are_run(tmp_path: Path) -> None:
    ended = run(
        *("run", "--repl", "--expect", "divide by zero\n>>> ", _project(tmp_path)),
        stdin="x + 1\nfor i in range(2):\n    print(i)\n\n1/0\n",
    )
    assert ended.out.startswith("main\nPycom MicroPython ")
    assert _lines_after_banner(ended.out) == (
        '>>> 42\n>>> ... ... 0\n1\n>>> Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n'
        "ZeroDivisionError: divide by zero\n>>> \n"
    )
    assert ended.status == 0


def test_the_end_of_input_does_not_end_it(tmp_path: Path) -> None:
    ended = run("run", "--repl", "--timeout", "1", _project(tmp_path), stdin="7\n")
    assert _lines_after_banner(ended.out) == ">>> 7\n>>> \n"
    assert ended.status == 0
    assert ended.seconds >= 1


def test_without_the_project(tmp_path: Path) -> None:
    ended = run(
        *("run", "--repl", "--safe-boot", "--expect", "isn't defined", _project(tmp_path)),
        stdin="2 * 3\nx\n",
    )
    assert "main\n" not in ended.out
    assert _lines_after_banner(ended.out).startswith(">>> 6\n>>> Traceback")


def test_a_time_limit_at_the_prompt(tmp_path: Path) -> None:
    ended = run("run", "--repl", "--timeout", "0.5", _project(tmp_path), stdin="while True: pass\n\n")
    assert ended.status == 124


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal of POSIX")
def test_at_a_terminal(tmp_path: Path) -> None:
    import pty
    import termios

    here, there = pty.openpty()
    before = termios.tcgetattr(there)
    process = subprocess.Popen(
        command("run", "--repl", _project(tmp_path)),
        stdin=there,
        stdout=there,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, termios.TIOCSCTTY, 0),
    )
    seen = ""

    def until(text: str) -> str:
        nonlocal seen
        while text not in seen:
            seen += os.read(here, 4096).decode()
        shown, _, seen = seen.partition(text)
        return shown + text

    try:
        until(">>> ")
        os.write(here, b"x + 2\x1b[D\x1b[D\x1b[D\x1b[D\x7fx\r")
        assert "42\r\n" not in until(">>> ")
        os.write(here, b"x + 1\r")
        assert until(">>> ").endswith("x + 1\r\n42\r\n>>> ")
        os.write(here, b"while not print('on'): __import__('time').sleep(1000)\r\r")
        until("on\r\n")
        os.write(here, b"\x03")
        assert "KeyboardInterrupt" in until(">>> ")
        os.write(here, b"\x04")
        assert "PYB: soft reboot\r\nmain\r\n" in until(">>> ")
        os.write(here, b"\x03")
        until(">>> ")
        os.write(here, b"\x03")
        assert process.wait(LIMIT) == 130
        assert termios.tcgetattr(there) == before, "the terminal is as it was"
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
        os.close(here)
        os.close(there)
