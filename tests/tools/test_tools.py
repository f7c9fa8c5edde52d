"""mpremote, ampy, rshell and mpfshell over the serial line: run code, list, upload, download, remove."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import Board
from tests.emulator.conftest import load
from tests.emulator.services.wires import Client, port_of
from tests.tools.conftest import DATA, Tool

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of POSIX")

WIRES = ["pty", pytest.param("tcp", marks=pytest.mark.nightly)]


def address(board: Board, wire: str) -> str:
    return board.open_serial() if wire == "pty" else board.open_serial_tcp()


def flash(board: Board, name: str) -> bytes:
    data: bytes = (board.flash / name).read_bytes()
    return data


# -- mpremote ---------------------------------------------------------------------------------------------------------


@pytest.mark.needs("mpremote")
@pytest.mark.parametrize("wire", WIRES)
def test_mpremote(board: Board, tool: Tool, tmp_path: Path, wire: str) -> None:
    at = ("mpremote", "connect", address(board, wire))
    shown = tool(*at, "exec", "print(2 ** 70)", "+", "run", "hello.py", "+", "eval", "6 * 7")
    assert shown == "1180591620717411303424\nhello\n2\n42\n"
    tool(
        *at, "fs", "mkdir", ":d", "+", "fs", "cp", "data.bin", ":d/data.bin", "+", "fs", "cp", ":d/data.bin", "back.bin"
    )
    assert (tmp_path / "back.bin").read_bytes() == DATA == flash(board, "d/data.bin")
    shown = tool(*at, "fs", "ls", ":d", "+", "fs", "rm", ":d/data.bin", "+", "fs", "rmdir", ":d", "+", "fs", "ls")
    assert "1024 data.bin" in shown
    assert "main.py" in shown.rpartition("ls :\n")[2]
    assert not (board.flash / "d").exists()


@pytest.mark.needs("mpremote")
@pytest.mark.nightly
def test_mpremote_is_told_what_went_wrong(board: Board, tool: Tool) -> None:
    at = ("mpremote", "connect", board.open_serial())
    assert "No such file or directory" in tool(*at, "fs", "cat", ":nope.py", status=1)
    assert "File exists" in tool(*at, "fs", "mkdir", ":lib", status=1)
    assert "ZeroDivisionError: divide by zero" in tool(*at, "exec", "1/0", status=1)


@pytest.mark.needs("mpremote")
def test_mpremote_interrupts_a_main_py_that_never_ends(tool: Tool) -> None:
    with Board("lopy4") as board:
        load(board, "y = 5\nwhile True: pass\n")
        path = board.open_serial()
        board.start()
        assert tool("mpremote", "connect", path, "resume", "exec", "print(y)") == "5\n"
        assert tool("mpremote", "connect", path, "exec", "print(3)") == "3\n", "after a soft reset without main.py"


@pytest.mark.needs("mpremote")
def test_a_person_at_the_prompt_of_mpremote(board: Board) -> None:
    import tty

    path = board.open_serial()
    here, there = os.openpty()
    tty.setraw(there)  # as it will be soon: what is typed before would be a line, ended by LF
    process = subprocess.Popen(
        ["mpremote", "connect", path, "repl"], stdin=there, stdout=there, stderr=there, start_new_session=True
    )
    with Client(here) as person:
        try:
            person.until(b"to exit this shell\n")
            person.send(b"\r")
            person.until(b">>> ")
            assert person.ask(b"x + 1\r", b"42\r\n>>> ") == b"x + 1\r\n42\r\n>>> "
            person.send(b"\x1d")
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
            os.close(there)


# -- the others -------------------------------------------------------------------------------------------------------


@pytest.mark.needs("ampy")
def test_ampy(board: Board, tool: Tool) -> None:
    at = ("ampy", "--delay", "0", "--port", board.open_serial())
    tool(*at, "put", "hello.py")
    assert flash(board, "hello.py") == b"print('hello')\nprint(1 + 1)\n"
    assert tool(*at, "run", "hello.py") == "hello\n2\n"


@pytest.mark.needs("ampy")
@pytest.mark.nightly
def test_ampy_at_length(board: Board, tool: Tool, tmp_path: Path) -> None:
    at = ("ampy", "--delay", "0", "--port", board.open_serial())
    tool(*at, "put", "data.bin")
    tool(*at, "get", "data.bin", "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == DATA == flash(board, "data.bin")
    assert tool(*at, "ls") == "/flash\n"
    assert "/flash/data.bin" in tool(*at, "ls", "/flash").split()
    tool(*at, "mkdir", "d")
    assert "Directory already exists: d" in tool(*at, "mkdir", "d", status=1)
    tool(*at, "rm", "data.bin")
    assert not (board.flash / "data.bin").exists()
    assert "No such file: data.bin" in tool(*at, "get", "data.bin", status=1)


@pytest.mark.needs("rshell")
def test_rshell(board: Board, tool: Tool, tmp_path: Path) -> None:
    commands = "cp data.bin /flash/data.bin; cp /flash/data.bin back.bin; ls /flash"
    shown = tool("rshell", "--quiet", "--port", board.open_serial(), commands)
    assert "data.bin" in shown.split()
    assert flash(board, "data.bin") == DATA
    assert (tmp_path / "back.bin").read_bytes() == DATA, "the download that a board answers with a reset"
    assert "ctrl-f-resets-tools" in [note.code for note in board.notes]


MPFSHELL = "put hello.py; put data.bin; get data.bin back.bin; exec print(6 * 7); md d; ls; rm d"


@pytest.mark.needs("mpfshell")
def test_mpfshell(board: Board, tool: Tool, tmp_path: Path) -> None:
    shown = tool("mpfshell", "-n", "-c", f"open ser:{board.open_serial()}; {MPFSHELL}")
    assert "Connected to FiPy" in shown
    assert "42" in shown.split()
    assert " <dir> d\n" in shown
    assert flash(board, "hello.py").startswith(b"print('hello')")
    assert (tmp_path / "back.bin").read_bytes() == DATA == flash(board, "data.bin")
    assert not (board.flash / "d").exists()


TELNET = """
import sys, telnetlib
real = telnetlib.Telnet.__init__
telnetlib.Telnet.__init__ = lambda self, host, port=0, **more: real(self, host, PORT, **more)
sys.argv[1:] = ["-n", "-c", "open tn:127.0.0.1,micro,python; put hello.py; ls; exec print(6 * 7)"]
from mp.mpfshell import main
main()
"""


@pytest.mark.needs("mpfshell")
@pytest.mark.nightly
@pytest.mark.filterwarnings("ignore")
def test_mpfshell_by_telnet(board: Board, tool: Tool) -> None:
    port = port_of(board.servers.open_telnet())
    python = Path(shutil.which("mpfshell") or "").with_name("python")
    shown = tool(str(python), "-c", TELNET.replace("PORT", str(port)))
    assert "Connected to FiPy" in shown
    assert "hello.py" in shown.split()
    assert "42" in shown.split()
