"""Clients of the board's wires: telnet, a pseudo-terminal, a TCP port."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from emulator import Board
from tests.emulator.conftest import NEVER, load

BANNER = (
    b"Pycom MicroPython 1.20.2.r4 [v1.11-ffb0e1c] on 2021-01-12; FiPy with ESP32\r\n"
    b'Type "help()" for more information.\r\n'
)
RAW = b"raw REPL; CTRL-B to exit\r\n>"
A, B, C, D, E, F = (bytes((code,)) for code in range(1, 7))
LOGIN_OPTIONS = b'\xff\xfb\x01\xff\xfc\x03\xff\xfb"'
LOGGED_IN = b'\xff\xfb\x01\xff\xfb\x03\xff\xfc"\r\nLogin succeeded!\r\nType "help()" for more information.\r\n\r\n>>> '


class Client:
    """One end of a wire."""

    def __init__(self, sock: socket.socket | int) -> None:
        self._sock = sock
        self.seen = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        if isinstance(self._sock, int):
            while data:
                data = data[os.write(self._sock, data) :]
        else:
            self._sock.sendall(data)

    def _read(self, deadline: float) -> bytes:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([self._sock], [], [], left)[0]:
            raise AssertionError(f"nothing more came after {self.seen[-2000:]!r}")
        return os.read(self._sock, 65536) if isinstance(self._sock, int) else self._sock.recv(65536)

    def until(self, end: bytes) -> bytes:
        """All that comes from now until ``end``, which is the last of it."""
        deadline = time.monotonic() + NEVER
        begin = 0
        while (at := self.seen.find(end, begin)) < 0:
            begin = max(0, len(self.seen) - len(end))
            data = self._read(deadline)
            if not data:
                raise AssertionError(f"closed before {end!r} came: {self.seen[-2000:]!r}")
            self.seen += data
        at += len(end)
        shown, self.seen = self.seen[:at], self.seen[at:]
        return shown

    def rest(self) -> bytes:
        """All that comes until the other side closes, which it must."""
        deadline = time.monotonic() + NEVER
        with contextlib.suppress(ConnectionResetError):
            while data := self._read(deadline):
                self.seen += data
        return self.seen

    def ask(self, keys: bytes, until: bytes = b"\r\n>>> ") -> bytes:
        self.send(keys)
        return self.until(until)

    def vanish(self) -> None:
        """Close so that the other side gets a reset."""
        assert isinstance(self._sock, socket.socket)
        form = "hh" if os.name == "nt" else "ii"
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(form, 1, 0))
        self._sock.close()

    def close(self) -> None:
        if isinstance(self._sock, int):
            if self._sock >= 0:
                os.close(self._sock)
            self._sock = -1
        else:
            self._sock.close()


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def connect(port: int, host: str = "127.0.0.1") -> Client:
    return Client(socket.create_connection((host, port), NEVER))


def reconnect(port: int, host: str = "127.0.0.1") -> Client:
    """Connect as soon as the server listens again, which it does not while it has a client."""
    deadline = time.monotonic() + NEVER
    while True:
        try:
            return connect(port, host)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise


def log_in(client: Client, user: bytes = b"micro", password: bytes = b"python") -> Client:
    client.until(b"Login as: ")
    client.send(user + b"\r\n")
    client.until(LOGIN_OPTIONS)
    client.send(password + b"\r\n")
    return client


@contextmanager
def telnet(board: Board) -> Iterator[Client]:
    with reconnect(port_of(board.servers.open_telnet())) as client:
        log_in(client).until(LOGGED_IN)
        yield client


@contextmanager
def pty(board: Board) -> Iterator[Client]:
    with open_pty(board.open_serial()) as client:
        yield client


@contextmanager
def tcp(board: Board) -> Iterator[Client]:
    with connect(port_of(board.open_serial_tcp())) as client:
        yield client


def open_pty(path: str) -> Client:
    return Client(os.open(path, os.O_RDWR | os.O_NOCTTY))


Wire = Callable[[Board], contextlib.AbstractContextManager[Client]]

needs_pty = "a pseudo-terminal of POSIX"


def started(board: Board, script: str = "x = 41\n") -> Board:
    """The board with a script, at its prompt."""
    load(board, script)
    board.start(repl=True)
    assert board.wait(NEVER)
    return board
