"""What the tests of the FTP server share: a volume with a server in front of it, and a client that adds nothing."""

from __future__ import annotations

import os
import re
import socket
import struct
import threading
import time
from collections.abc import Callable

from emulator.services.ftp import FtpServer
from flashfs import Note, Vfs, Volume

PATIENCE = 20.0
"""Seconds of a wait that is not meant to expire."""
SOON = 0.2
"""Seconds of a wait that is meant to expire."""

PAYLOAD = bytes(range(256)) * 40


class Bench:
    """A volume with the FTP server in front of it."""

    def __init__(self, kind: str = "littlefs", **options: object) -> None:
        self.time = 0.0
        self.notes: list[Note] = []
        capacity = options.pop("capacity", 4096 * 1024)
        self.volume = Volume(kind, capacity=capacity, now=lambda: self.time, note=self.notes.append)  # type: ignore[arg-type]
        self.volume.boot_defaults()
        self.server = FtpServer(
            Vfs({"/flash": self.volume}),
            now=lambda: self.time,
            note=self.notes.append,
            **options,  # type: ignore[arg-type]
        )
        self.server.start()
        self._clients: list[Client] = []

    @property
    def codes(self) -> list[str]:
        return [note.code for note in self.notes]

    def client(self, *, login: bool = True) -> Client:
        made = Client(self.server.port)
        self._clients.append(made)
        assert made.line() == b"220 Micropython FTP Server"
        if login:
            assert made.say(b"USER micro") == b"331 "
            assert made.say(b"PASS python") == b"230 "
        return made

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.server.stop()


class Client:
    """A client that adds nothing to what a test says."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.host = host
        self.socket = socket.create_connection((host, port), timeout=PATIENCE)
        self.file = self.socket.makefile("rb")
        self.data: socket.socket | None = None
        """A data connection to close with this client."""

    def line(self) -> bytes:
        got = self.file.readline()
        assert got == b"" or got.endswith(b"\r\n")
        return got[:-2]

    def send(self, *lines: bytes) -> None:
        self.socket.sendall(b"".join(line + b"\r\n" for line in lines))

    def say(self, *lines: bytes) -> bytes:
        for text in lines:
            self.send(text)
            answer = self.line()
        return answer

    def passive(self) -> socket.socket:
        here = self.host.replace(".", ",").encode()
        found = re.fullmatch(rb"227 \(%b,(\d+),(\d+)\)" % here, self.say(b"PASV"))
        assert found
        return socket.create_connection((self.host, int(found[1]) * 256 + int(found[2])), timeout=PATIENCE)

    def store(self, name: bytes, content: bytes) -> bytes:
        with self.passive() as data:
            first = self.say(b"STOR " + name)
            if first != b"150 ":
                return first
            data.sendall(content)
        return self.line()

    def fetch(self, command: bytes) -> tuple[bytes, bytes]:
        with self.passive() as data:
            first = self.say(command)
            if first != b"150 ":
                return first, b""
            content = b"".join(iter(lambda: data.recv(65536), b""))
        return self.line(), content

    def ended(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        if self.data is not None:
            self.data.close()
        self.file.close()
        self.socket.close()


def until(predicate: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not predicate():
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)


def break_connection(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
    sock.close()
