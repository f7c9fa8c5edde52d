"""The serial line: clients come and go, one that reads loses nothing, one that does not stops nobody (firmware: esp32/mods/machuart.c)."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Callable

import pytest

from emulator import Board
from emulator.services import serial_line, wire
from tests.emulator.conftest import NEVER, load
from tests.emulator.services.wires import (
    BANNER,
    RAW,
    A,
    B,
    C,
    Client,
    D,
    F,
    connect,
    open_pty,
    port_of,
    pty,
    started,
    tcp,
    telnet,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal of POSIX")

Opener = Callable[[], Client]


def pty_opener(board: Board) -> Opener:
    path = board.open_serial()
    return lambda: open_pty(path)


def tcp_opener(board: Board) -> Opener:
    port = port_of(board.open_serial_tcp())
    return lambda: connect(port)


OPENERS = [pytest.param(pty_opener, id="pty", marks=posix), pytest.param(tcp_opener, id="tcp")]
Line = Callable[[Board], Opener]


@pytest.mark.parametrize("line", OPENERS)
def test_what_was_shown_before_waits_for_the_first_client(board: Board, line: Line) -> None:
    opener = line(board)
    started(board, "print('main')\n")
    with opener() as client:
        assert client.until(b">>> ") == b"main\r\n" + BANNER + b">>> "


@pytest.mark.parametrize("line", OPENERS)
def test_clients_come_and_go(board: Board, line: Line) -> None:
    opener = line(board)
    started(board)
    for number in range(5):
        with opener() as client:
            client.send(C + b"\r")
            assert client.ask(b"x + %d\r" % number, b"%d\r\n>>> " % (41 + number)).endswith(
                b"x + %d\r\n%d\r\n>>> " % (number, 41 + number)
            )
            client.send(b"half a li")
    with opener() as client:
        client.send(C + A)
        client.until(RAW)
    with opener() as client:
        assert client.ask(b"print(1)" + D, b"OK1\r\n\x04\x04>")
        client.ask(B, BANNER + b">>> ")


def test_the_next_client_of_a_port_waits_for_the_line(board: Board) -> None:
    opener = tcp_opener(board)
    started(board)
    with opener() as first, opener() as second:
        second.send(b"x\r")
        assert first.ask(b"x + 1\r", b"\n42\r\n>>> ")
        first.close()
        assert second.until(b"41\r\n>>> ").endswith(b"x\r\n41\r\n>>> ")


@posix
def test_a_client_that_reads_and_writes_as_a_terminal(board: Board) -> None:
    import termios
    import tty

    path = board.open_serial()
    started(board)
    with open_pty(path) as client:
        descriptor = client._sock
        assert isinstance(descriptor, int)
        modes = termios.tcgetattr(descriptor)
        assert modes[3] & (termios.ECHO | termios.ICANON) == 0, "raw, no echo"
        assert modes[1] & termios.OPOST == 0
        tty.setraw(descriptor)
        modes[4] = modes[5] = termios.B115200
        termios.tcsetattr(descriptor, termios.TCSANOW, modes)
        termios.tcflush(descriptor, termios.TCIOFLUSH)
        assert client.ask(b"x\r", b"\n41\r\n>>> ") == b"x\r\n41\r\n>>> "


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells whether a terminal is exclusive")
def test_exclusive_use_ends_with_its_client(board: Board) -> None:
    import fcntl
    import termios

    path = board.open_serial()
    started(board)
    with open_pty(path) as client:
        fcntl.ioctl(client._sock, termios.TIOCEXCL)
        client.ask(C + b"x\r", b"41\r\n>>> ")
    with open_pty(path) as client:
        get_exclusive = 0x80045440
        assert int.from_bytes(fcntl.ioctl(client._sock, get_exclusive, bytes(4)), sys.byteorder) == 0


LINES = 20_000
TALK = f"for i in range({LINES}): print('%050d' % i)\nprint('END')\n"
TALKED = b"".join(b"%050d\r\n" % i for i in range(LINES)) + b"END\r\n"


def _same(got: bytes, wanted: bytes) -> None:
    """What pytest would say about two megabytes that differ takes it minutes to find."""
    if got != wanted:
        at = next((i for i, (a, b) in enumerate(zip(got, wanted, strict=False)) if a != b), min(len(got), len(wanted)))
        pytest.fail(f"{len(got)} bytes, not {len(wanted)}; at {at} {got[at : at + 60]!r}, not {wanted[at : at + 60]!r}")


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, this client reads in time."""
    monkeypatch.setattr(serial_line, "PATIENCE", NEVER)
    monkeypatch.setattr(wire, "COMING", NEVER)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("line", OPENERS)
def test_a_reader_loses_nothing_of_a_megabyte(board: Board, line: Line) -> None:
    opener = line(board)
    load(board, TALK)
    with opener() as client:
        board.start()
        _same(client.until(b"END\r\n"), TALKED)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("line", OPENERS)
def test_a_reader_has_the_end_of_a_run(board: Board, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LINGER", "LONGEST_LINGER"):
        monkeypatch.setattr(wire, name, NEVER)
    opener = line(board)
    load(board, TALK)
    with opener() as client:
        runner = threading.Thread(target=board.run, args=(NEVER,))
        runner.start()
        _same(client.until(b"END\r\n"), TALKED)
        runner.join()


@posix
def test_the_end_of_a_run_waits_for_who_reads_late(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    lingering = threading.Event()
    linger = wire.Outlet.linger

    def told(outlet: wire.Outlet, *unread: Callable[[], int]) -> None:
        lingering.set()
        linger(outlet, *unread)

    monkeypatch.setattr(wire.Outlet, "linger", told)
    for name in ("LINGER", "LONGEST_LINGER"):
        monkeypatch.setattr(wire, name, NEVER)
    opener = pty_opener(board)
    load(board, "print('x' * 10000)\nprint('END')\n")
    with opener() as client:
        runner = threading.Thread(target=board.run, args=(NEVER,))
        runner.start()
        assert lingering.wait(NEVER)
        assert client.until(b"END\r\n") == b"x" * 10000 + b"\r\nEND\r\n"
        runner.join()


@posix
def test_the_end_of_a_run_waits_for_nobody_where_nobody_has_read(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LINGER", "LONGEST_LINGER"):
        monkeypatch.setattr(wire, name, NEVER)
    board.open_serial()
    load(board, "print('hello')\n")
    begin = time.monotonic()
    assert board.run(NEVER).exit_code == 0
    assert time.monotonic() - begin < NEVER / 2


def test_a_client_that_is_being_let_in_is_waited_for(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    opener = tcp_opener(board)
    (line,) = board._lines
    accepted, coming = serial_line.accepted, list[bool]()

    def look(listener: socket.socket) -> socket.socket | None:
        client = accepted(listener)
        coming.append(line.coming())
        return client

    monkeypatch.setattr(serial_line, "accepted", look)
    with opener() as client:
        started(board)
        client.ask(C + b"x\r", b"41\r\n>>> ")
    assert coming == [True]


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("line", OPENERS)
def test_one_megabyte_at_once(board: Board, line: Line) -> None:
    opener = line(board)
    load(board, "print('x' * 1000000)\n")
    with opener() as client:
        board.start()
        _same(client.until(b"\r\n"), b"x" * 1_000_000 + b"\r\n")


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("line", OPENERS)
def test_nobody_reads(board: Board, line: Line, opened: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.services.serial_line.PATIENCE", 0.05)
    opener = line(board)
    load(board, "for i in range(5000): print('x' * 1000)\n")
    with contextlib.ExitStack() as stack:
        if opened:
            stack.enter_context(opener())
        begin = time.monotonic()
        assert board.run(NEVER).exit_code == 0
        assert time.monotonic() - begin < 10


@posix
def test_a_reader_that_comes_back_has_what_is_shown_from_then_on(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.services.serial_line.PATIENCE", 0.05)
    opener = pty_opener(board)
    started(board, "x = 41\nfor i in range(2000): print('x' * 100)\n")
    board._lines[0]._outlet._patience = NEVER
    with opener() as client:
        shown = client.ask(C + b"print('here')\r", b"\r\nhere\r\n>>> ")
        assert len(shown) < 100_000
        assert client.ask(b"x\r") == b"x\r\n41\r\n>>> "


@pytest.mark.parametrize("line", OPENERS)
def test_much_typed_at_full_speed(board: Board, line: Line) -> None:
    opener = line(board)
    started(board)
    text = b"y = '" + b"0123456789" * 20_000 + b"'\nprint(len(y))" + D
    with opener() as client:
        client.send(C)
        client.until(b">>> ")
        client.ask(A, RAW)
        assert client.ask(text, b"\x04>") == b"OK200000\r\n\x04\x04>"


@pytest.mark.parametrize("line", OPENERS)
def test_typing_that_nobody_reads_does_not_keep_ctrl_c_out(
    board: Board, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.services.serial_line.PATIENCE", 0.05)
    opener = line(board)
    load(board, "print('begins')\nwhile True: pass\n")
    with opener() as client:
        board.start()
        client.until(b"begins\r\n")
        client.send(b"x" * 100_000 + C)
        client.until(b"KeyboardInterrupt: \r\n")
        assert board.console_input.unread < 20_000


@pytest.mark.parametrize("line", OPENERS)
def test_ctrl_f_resets_into_safe_boot_while_main_py_runs(board: Board, line: Line) -> None:
    opener = line(board)
    load(board, "x = 41\n", {"boot.py": "pass\n"})
    board.start()
    assert board.wait(NEVER)
    with opener() as client:
        client.send(C + b"while True: pass\r\r")
        client.until(b"... \r\n")
        client.send(F)
        client.until(BANNER + b">>> ")
        assert client.ask(b"x\r").endswith(b"isn't defined\r\n>>> ")
    assert board.power_state.safe_boot


def test_more_than_the_board_can_hold() -> None:
    with Board("sipy") as board:
        started(board)
        with tcp(board) as client:
            client.ask(A, RAW)
            shown = client.ask(b"#" * 80_000 + D, b"\x04>")
            assert shown.endswith(b"MemoryError: memory allocation failed, allocating 68608 bytes\r\n\x04>")
            assert client.ask(b"print(1)" + D, b"\x04>") == b"OK1\r\n\x04\x04>"


def test_a_soft_and_a_hard_reset_keep_the_line(board: Board) -> None:
    started(board)
    with tcp(board) as client, telnet(board):
        client.until(b">>> ")
        assert client.ask(D, b">>> ") == b"\r\nPYB: soft reboot\r\n" + BANNER + b">>> "
        assert client.ask(b"import machine\r")
        assert client.ask(b"machine.reset()\r", BANNER + b">>> ")
        assert client.ask(b"x\r") == b"x\r\n41\r\n>>> "


@pytest.mark.parametrize("line", OPENERS)
def test_noise_and_vanishing(board: Board, line: Line) -> None:
    opener = line(board)
    started(board)
    noise = random.Random(11).randbytes(8_000).replace(F, b"")
    for _ in range(10):
        with opener() as client, contextlib.suppress(ConnectionResetError, BrokenPipeError):
            client.send(noise[:1000])
            if isinstance(client._sock, socket.socket):
                client.vanish()
            noise = noise[700:]
    with opener() as client:
        client.send(C + C + B + C + C + B)
        client.send(b"\r1234567 * 3\r")
        client.until(b"3703701\r\n>>> ")
    assert not [note for note in board.notes if "internal" in note.code]
    begin = time.monotonic()
    board.stop()
    assert time.monotonic() - begin < 1


def test_many_at_once(board: Board) -> None:
    opener = tcp_opener(board)
    started(board)
    came = [socket.socket() for _ in range(200)]
    for sock in came:
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", port_of(board._lines[0].address)))
        with contextlib.suppress(OSError):  # more than may wait
            sock.send(b"x" * 100)
    for sock in came:
        sock.close()
    with opener() as client:
        client.send(C + b"\r")
        client.until(b">>> ")
        assert client.ask(b"x\r", b"x\r\n41\r\n>>> ")


@posix
def test_all_at_once_and_again(board: Board) -> None:
    for _ in range(3):
        started(board)
        with pty(board) as one, tcp(board) as two, telnet(board) as three:
            for client in (one, two):
                client.send(b"x\r")
                client.until(b"x\r\n41\r\n>>> ")
            three.until(b"x\r\n41\r\n>>> x\r\n41\r\n>>> ")
            board.stop()
            three.rest()
            two.rest()
            with pytest.raises((OSError, AssertionError)):
                os.read(one._sock, 1)  # type: ignore[arg-type]
                one.until(b"never")


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, Board("fipy") as board:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f"serial: port {port} on 127.0.0.1 is in use by another program"):
            board.open_serial_tcp(port)


def test_ctrl_f_in_the_raw_mode_as_a_quirk() -> None:
    with Board("fipy", quirks="ctrl-f-resets-tools") as board:
        started(board)
        with tcp(board) as client:
            client.ask(A, RAW)
            client.send(b"print(len('" + F)
            assert client.until(b">>> ") == BANNER + b">>> ", "the friendly mode again, after a safe boot"
            assert client.ask(b"x\r").endswith(b"isn't defined\r\n>>> ")
