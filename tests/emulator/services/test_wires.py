"""The prompt over each wire, byte for byte: the friendly mode, paste mode, every row of the raw mode, resets.

firmware: lib/utils/pyexec.c, lib/mp-readline/readline.c, esp32/hal/esp32_mphal.c
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from emulator import Board
from emulator.services.telnet_protocol import FRESH_LINE
from tests.emulator.conftest import NEVER, load
from tests.emulator.services.wires import BANNER, RAW, A, B, C, Client, D, E, F, Wire, pty, started, tcp, telnet

WIRES = [
    pytest.param(telnet, id="telnet"),
    pytest.param(pty, id="pty", marks=pytest.mark.skipif(sys.platform == "win32", reason="POSIX only")),
    pytest.param(tcp, id="tcp"),
]


@pytest.fixture(params=WIRES)
def client(board: Board, request: pytest.FixtureRequest) -> Iterator[Client]:
    wire: Wire = request.param
    started(board)
    with wire(board) as client:
        assert client.ask(C + b"1\r", b"1\r\n>>> ").endswith(b"\r\n>>> 1\r\n1\r\n>>> ")
        yield client


TRACEBACK = b'Traceback (most recent call last):\r\n  File "<stdin>", line %d, in <module>\r\n'

FRIENDLY: dict[str, tuple[bytes, bytes]] = {
    "value": (b"x + 1\r", b"x + 1\r\n42\r\n>>> "),
    "LF is ignored": (b"\nx\n\r\n", b"x\r\n41\r\n>>> "),
    "block": (b"for i in range(2):\rprint(i)\r\r", b"for i in range(2):\r\n...     print(i)\r\n...     \r\n... "),
    "beyond ASCII": (b"'\xc3\xa9'\r", b"''\r\n''\r\n>>> "),
    "exception": (b"1/0\r", b"1/0\r\n" + TRACEBACK % 1 + b"ZeroDivisionError: divide by zero\r\n>>> "),
    "Ctrl-B": (B, b"\r\n" + BANNER + b">>> "),
    "Ctrl-C on a line": (b"abc" + C, b"abc\r\n>>> "),
    "backspace": (b"12\x7f3\r", b"12\b\x1b[K3\r\n13\r\n>>> "),
    "Tab": (b"impo\t\x7f" + C, b"import \b\x1b[K\r\n>>> "),
    "print with CR LF": (b"print('a\\r\\nb')\r", b"print('a\\r\\nb')\r\na\r\r\nb\r\n>>> "),
    "bytes": (
        b"_ = __import__('sys').stdout.write(b'\\xff\\xc3')\r",
        b"_ = __import__('sys').stdout.write(b'\\xff\\xc3')\r\n\xff\xc3>>> ",
    ),
    "paste": (
        E + b"if 1:\r  7\r" + D,
        b"\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== if 1:\r\n===   7\r\n=== \r\n7\r\n>>> ",
    ),
    "soft reset": (D, b"\r\nPYB: soft reboot\r\n" + BANNER + b">>> "),
}


@pytest.mark.parametrize(("keys", "shown"), FRIENDLY.values(), ids=FRIENDLY.keys())
def test_the_friendly_mode(client: Client, keys: bytes, shown: bytes) -> None:
    assert client.ask(keys, shown[-12:]) == shown
    client.send(C)
    assert client.ask(b"x\r", b"41\r\n>>> ").endswith(b"x\r\n41\r\n>>> ")


def test_history(client: Client) -> None:
    client.ask(b"x * 2\r")
    client.ask(b"x\r")
    assert client.ask(b"\x1b[A\x1b[A\r") == b"x\bx * 2\r\n82\r\n>>> "


ROWS: dict[str, tuple[bytes, bytes]] = {
    "again": (b"1/0" + A, RAW),
    "forget": (b"1/0" + C + b"print(2)" + D, b"OK2\r\n\x04\x04>"),
    "output": (b"print(1)\nprint(2)" + D, b"OK1\r\n2\r\n\x04\x04>"),
    "no output": (b"y = 1" + D, b"OK\x04\x04>"),
    "traceback": (
        b"print(1)\n1/0" + D,
        b"OK1\r\n\x04" + TRACEBACK % 2 + b"ZeroDivisionError: divide by zero\r\n\x04>",
    ),
    "exit": (b"raise SystemExit" + D, b"OK\x04\x04>"),
    "no raw paste": (E + b"A" + A, RAW),
    "leave": (B, b"\r\n" + BANNER + b">>> "),
    "soft reset": (D, b"OK\r\nPYB: soft reboot\r\n" + RAW),
    "main.py is skipped": (D + b"print(x)" + D, b"NameError: name 'x' isn't defined\r\n\x04>"),
    "soft reset in the middle": (
        b"y = 2" + D + D + b"print(1)" + D,
        b"OK\x04\x04>OK\r\nPYB: soft reboot\r\n" + RAW + b"OK1\r\n\x04\x04>",
    ),
    "Ctrl-F is a byte of the text": (b"print(len('" + F + b"'))" + D, b"OK1\r\n\x04\x04>"),
}


@pytest.mark.parametrize(("sent", "shown"), ROWS.values(), ids=ROWS.keys())
def test_the_raw_mode(client: Client, sent: bytes, shown: bytes) -> None:
    assert client.ask(A, RAW) == b"\r\n" + RAW
    answer = client.ask(sent, shown)
    assert answer == shown or shown.startswith(b"NameError")
    client.ask(C + B, BANNER + b">>> ")
    assert client.ask(b"'still ' + 'here'\r").endswith(b"'still here'\r\n>>> ")


@pytest.mark.parametrize("wire", WIRES)
def test_utf_8_needs_binary_telnet(board: Board, wire: Wire) -> None:
    started(board)
    with wire(board) as client:
        client.ask(A, RAW)
        source = "print(len('é'), 'é')".encode() + D
        if wire is telnet:
            assert client.ask(source, b"\x04>") == b"OK0 \r\n\x04\x04>"
            assert client.ask(b"\xff\xfb\x00", b"\x00") == b"\xff\xfd\x00"
        assert client.ask(source, b"\x04>") == "OK1 é\r\n\x04\x04>".encode()


def test_an_interrupt_in_the_raw_mode(client: Client) -> None:
    client.ask(A, RAW)
    client.ask(b"print('runs')\nwhile True: pass" + D, b"OKruns\r\n")
    assert client.ask(C, b"\x04>") == b"\x04" + TRACEBACK % 2 + b"KeyboardInterrupt: \r\n\x04>"


def test_raw_over_one_is_raw_over_the_other_and_all_see_all(board: Board) -> None:
    started(board)
    with telnet(board) as first, tcp(board) as second:
        first.ask(A, RAW)
        assert second.until(RAW) == b"\r\n" + RAW
        for typing, watching in ((second, first), (first, second)):
            assert typing.ask(b"print(1)" + D, b"\x04>") == b"OK1\r\n\x04\x04>"
            assert watching.until(b"\x04>") == b"OK1\r\n\x04\x04>"
        second.ask(B, b">>> ")
        first.until(b">>> ")
        assert first.ask(b"x\r") == b"x\r\n41\r\n>>> "
        assert second.until(b"\n>>> ") == b"x\r\n41\r\n>>> ", "the echo too"
        board.type_in("x + 1\n")
        for client in (first, second):
            assert client.until(b"\n>>> ") == b"x + 1\r\n42\r\n>>> ", "and what is typed at the console"


@pytest.mark.parametrize("wire", WIRES)
def test_a_tool_interrupts_a_main_py_that_never_ends(board: Board, wire: Wire) -> None:
    load(board, "print('begins')\nwhile True: pass\n")
    with reached(board, wire) as client:
        client.send(b"\r" + C + C)
        client.until(b"KeyboardInterrupt: \r\n")
        client.ask(b"\r" + A, RAW)
        assert client.ask(D, RAW) == b"OK\r\nPYB: soft reboot\r\n" + RAW
        assert client.ask(b"print(1)" + D, b"\x04>") == b"OK1\r\n\x04\x04>"


class reached:  # noqa: N801
    """A board whose main.py runs, and a client that has seen it begin, or is logged in."""

    def __init__(self, board: Board, wire: Wire) -> None:
        self._board, self._wire = board, wire

    def __enter__(self) -> Client:
        from tests.emulator.services.wires import LOGGED_IN, log_in, port_of, reconnect

        board = self._board
        if self._wire is telnet:
            url = board.servers.open_telnet()
            board.start(repl=True)
            self._client = log_in(reconnect(port_of(url)))
            self._client.until(LOGGED_IN.removesuffix(b"\r\n>>> "))
            return self._client
        self._context = self._wire(board)
        self._client = self._context.__enter__()
        board.start(repl=True)
        self._client.until(b"begins\r\n")
        return self._client

    def __exit__(self, *_: object) -> None:
        self._client.close()


def test_what_waits_is_read_from_telnet_first(board: Board) -> None:
    """firmware: esp32/hal/esp32_mphal.c"""
    load(
        board,
        "import os\nprint('begins')\n"
        "while True:\n    try:\n        os.stat('/flash/go')\n        break\n    except OSError:\n        pass\n",
    )
    with reached(board, telnet) as first, tcp(board) as second:
        _wait(board, len(FRESH_LINE))
        for client, keys in ((second, b"'one'\r"), (first, b"'two'\r"), (second, b"'three'\r"), (first, b"'four'\r")):
            count = board.console_input.unread + len(keys)
            client.send(keys)
            _wait(board, count)
        board.vfs.mkdir("/flash/go")
        shown = first.until(b"'three'\r\n>>> ")
    assert re.findall(rb"\n'(\w+)'", shown) == [b"two", b"four", b"one", b"three"]


def _wait(board: Board, unread: int) -> None:
    """Wait until so many characters wait to be read."""
    deadline = time.monotonic() + NEVER
    while board.console_input.unread != unread:
        assert time.monotonic() < deadline
        threading.Event().wait(0.001)


def test_input_waits_for_a_wire(board: Board) -> None:
    load(board, "print('begins')\nname = input('name? ')\nprint('Hello', name)\n")
    with reached(board, tcp) as client:
        client.until(b"name? ")
        assert client.ask(b"Anna\r", b"Hello Anna\r\n") == b"Anna\r\nHello Anna\r\n"


def test_bytes_reach_a_script_that_reads_them(board: Board) -> None:
    script = "import sys\nprint('begins')\nb = bytearray(4)\nsys.stdin.readinto(b)\nprint(b)\n"
    load(board, script)
    with reached(board, tcp) as client:
        assert client.ask(b"\xff\x00\xc3a", b"\r\n") == b"bytearray(b'\\xff\\x00\\xc3a')\r\n"
