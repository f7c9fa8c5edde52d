"""Thonny: its back end as it comes from PyPI, on a pseudo-terminal; and what it sends, replayed byte for byte over each wire.

The back end is a process of its own that takes commands as lines. It opens devices only, so ``socket://`` is left to the replay
(thonny 5.0.1, thonny/plugins/micropython: bare_metal_backend.py, serial_connection.py).
"""

from __future__ import annotations

import ast
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator import Board
from tests.emulator.conftest import load
from tests.emulator.services.wires import BANNER, RAW, A, B, C, Client, D, E, Wire, pty, tcp
from tests.tools.conftest import DATA

LIMIT = 30.0
posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of POSIX")

# -- the back end itself ----------------------------------------------------------------------------------------------

OPTIONS = {
    "clean": True,
    "interrupt_on_connect": True,
    "dtr": True,
    "rts": True,
    "local_rtc": True,
    "sync_time": True,
    "validate_time": False,
}
"""What Thonny's window asks for as delivered."""


class BackEnd:
    """Thonny's back end, told what its window would tell it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._count = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def until(self, kind: str) -> tuple[str, dict[str, Any]]:
        """What the program has written until a message of this kind comes, and that message."""
        shown, deadline = "", time.monotonic() + LIMIT
        while True:
            line = self._lines.get(timeout=max(0.1, deadline - time.monotonic()))
            assert line, f"the back end has ended: {shown}"
            found = re.fullmatch(r"\x021 (\w+)\((.*)\)\n", line)
            if found is None:
                assert line == "OK\n" or line.startswith("WARNING: Could not sync device's clock: machine.RTC"), line
                continue
            call = ast.parse(f"f({found[2]})", mode="eval").body
            assert isinstance(call, ast.Call)
            message = {item.arg or "": ast.literal_eval(item.value) for item in call.keywords}
            if message["event_type"] == "ProgramOutput":
                shown += message["data"]
            if found[1] == kind:
                return shown, message

    def tell(self, kind: str, name: str, **more: object) -> tuple[str, dict[str, Any]]:
        assert self._process.stdin is not None
        self._count += 1
        words = ", ".join(f"{key}={value!r}" for key, value in {"name": name, "id": self._count, **more}.items())
        self._process.stdin.write(f"\x021 {kind}({words})\n")
        self._process.stdin.flush()
        return self.until("ToplevelResponse" if kind == "ToplevelCommand" else "InlineResponse")


@contextmanager
def back_end(path: str, folder: Path) -> Iterator[BackEnd]:
    python = Path(shutil.which("thonny") or "").with_name("python")
    words = [str(python), "-m", "thonny.plugins.micropython.bare_metal_backend", repr({**OPTIONS, "port": path})]
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env={**os.environ, "THONNY_USER_DIR": str(folder), "PYTHONUNBUFFERED": "1"},
    )
    made = BackEnd(process)
    try:
        yield made
    finally:
        process.kill()
        process.wait()
        made.reader.join(LIMIT)
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


@posix
@pytest.mark.needs("thonny")
def test_the_back_end(board: Board, tmp_path: Path) -> None:
    with back_end(board.open_serial(), tmp_path) as thonny:
        shown, ready = thonny.until("ToplevelResponse")
        assert "PYB: soft reboot" in shown
        assert ready["cwd"] == "/flash"
        assert ready["sys_path"] == ["", "/flash", "/flash/lib"]
        assert ready["welcome_text"] == BANNER.decode().replace("\r\n", "\n")

        shown, _ = thonny.tell("ToplevelCommand", "execute_source", source="40 + 2\n")
        assert re.fullmatch(r"\[object_link_for_thonny=\d+]42\[/object_link_for_thonny]\r\n", shown)
        shown, _ = thonny.tell("ToplevelCommand", "execute_source", source="x\n")
        assert shown.endswith("NameError: name 'x' isn't defined\r\n"), "the soft reset in raw mode has skipped main.py"

        path = "/flash/cert/ca.pem"
        thonny.tell("InlineCommand", "write_file", path=path, content_bytes=DATA, make_shebang_scripts_executable=False)
        assert (board.flash / "cert" / "ca.pem").read_bytes() == DATA
        _, answer = thonny.tell("InlineCommand", "read_file", path=path)
        assert answer["content_bytes"] == DATA
        folders = ["/flash", "/flash/cert"]
        _, answer = thonny.tell(
            "InlineCommand", "get_dirs_children_info", paths=folders, include_hidden=True, node_id="files"
        )
        assert sorted(answer["data"]["/flash"]) == ["boot.py", "cert", "lib", "main.py", "sys"]
        assert answer["data"]["/flash/cert"]["ca.pem"]["size"] == len(DATA)
        thonny.tell("InlineCommand", "delete", paths=[path])
        assert list((board.flash / "cert").iterdir()) == []

        shown, _ = thonny.tell("ToplevelCommand", "Run", source="print('hi')\nprint(6 * 7)\n")
        assert shown == "\r\nPYB: soft reboot\r\nhi\r\n42\r\n"
    assert {note.code for note in board.notes} <= {"not-emulated"}, "machine.RTC"


@posix
@pytest.mark.needs("thonny")
def test_the_back_end_interrupts_a_main_py_that_never_ends(tmp_path: Path) -> None:
    with Board("lopy4") as board:
        load(board, "while True: pass\n")
        path = board.open_serial()
        board.start()
        with back_end(path, tmp_path) as thonny:
            thonny.until("ToplevelResponse")
            assert "]3[" in thonny.tell("ToplevelCommand", "execute_source", source="1 + 2\n")[0]


# -- what it sends ----------------------------------------------------------------------------------------------------

PASTE_TRIED = E + b"A" + A
BLOCK = 127
MARKED = r"""
class helper:
    import builtins
    import uos as os
    import sys
    @builtins.classmethod
    def tell(cls, obj):
        cls.builtins.print('\x02<thonny>', cls.builtins.repr(obj), '</thonny>\x04', sep='', end='')
"""
"""A class of imports and class methods, as Thonny sends one first of all; values come between marks."""

ASKED: list[tuple[str, bytes]] = [
    ("helper.tell(helper.os.getcwd())", b"'/flash'"),
    ("helper.tell(helper.sys.path)", b"['', '/flash', '/flash/lib']"),
    ("helper.tell(helper.builtins.str(helper.sys.implementation[0]))", b"'micropython'"),
    ("import time\nhelper.tell(helper.builtins.tuple(time.localtime(0)))", b"(1970, 1, 1, 0, 0, 0, 3, 1)"),
    (
        "f = open('/flash/cert/ca.pem', 'wb')\nwritten = f.write(b'PEM\\r\\n\\xff')\nf.close()\nhelper.tell(written)",
        b"6",
    ),
    ("helper.tell(helper.os.listdir('/flash/cert'))", b"['ca.pem']"),
    ("helper.tell(helper.os.stat('/flash/cert/ca.pem')[6])", b"6"),
    ("with open('/flash/cert/ca.pem', 'rb') as f:\n    helper.tell(f.read())", b"b'PEM\\r\\n\\xff'"),
]


def submit(client: Client, source: str) -> None:
    """Blocks, and the end."""
    data = source.encode()
    for at in range(0, len(data), BLOCK):
        client.send(data[at : at + BLOCK])
    assert client.ask(D, b"OK") == b"OK"


@pytest.mark.parametrize("wire", [pytest.param(pty, id="pty", marks=posix), pytest.param(tcp, id="tcp")])
def test_the_handshake_replayed(board: Board, wire: Wire) -> None:
    with wire(board) as client:
        ask = client.ask
        for _ in range(3):
            assert ask(C, b">>> ") == b"\r\n>>> "
        assert ask(A, RAW) == b"\r\n" + RAW
        assert ask(D, RAW) == b"OK\r\nPYB: soft reboot\r\n" + RAW
        assert ask(B, b">>> ") == b"\r\n" + BANNER + b">>> "
        assert ask(A, RAW) == b"\r\n" + RAW
        assert ask(PASTE_TRIED, RAW) == RAW, "its first two bytes are no R and 1: no raw paste here"
        submit(client, MARKED)
        assert client.until(D + D + b">") == D + D + b">"
        for source, value in ASKED:
            submit(client, source)
            assert client.until(D + D + b">") == b"\x02<thonny>" + value + b"</thonny>\x04" + D + D + b">"
        submit(client, "print(1)\n1/0")
        assert client.until(D + b">").startswith(b"1\r\n\x04Traceback")
        submit(client, "while True: pass")
        assert ask(C, D + b">").endswith(b"KeyboardInterrupt: \r\n\x04>")
        assert ask(B, b">>> ").endswith(BANNER + b">>> "), "what it sends at its end"


@pytest.mark.parametrize("wire", [pytest.param(pty, id="pty", marks=posix), pytest.param(tcp, id="tcp")])
def test_what_pymakr_s_library_sends(board: Board, wire: Wire) -> None:
    """micropython-ctl-cont 1.13.9 (npm): the raw mode as it finds it, answers split at byte 4, the friendly mode at the end."""
    with wire(board) as client:
        client.send(b"\r" + C + C + b"\r" + C + B)
        client.until(BANNER + b">>> ")
        for _ in range(2):
            assert client.ask(A, RAW).endswith(b"\r\n" + RAW)
            assert client.ask(b"print(x + 1)" + D, b"\x04>").split(D) == [b"OK42\r\n", b"", b">"]
            client.ask(b"\r" + B, BANNER + b">>> ")
