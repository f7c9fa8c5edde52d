"""A small client of the Debug Adapter Protocol: what an editor says to debugpy."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.emulator.commandline import ROOT
from tests.ports import free_port

Message = dict[str, Any]
LIMIT = 40.0


class Debugger:
    """One debugging session."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")
        self._sequence = 0
        self._seen: list[Message] = []

    def request(self, command: str, **arguments: Any) -> int:
        self._sequence += 1
        message = {"seq": self._sequence, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self._connection.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return self._sequence

    def ask(self, command: str, **arguments: Any) -> Message:
        """The body of the answer to a request."""
        number = self.request(command, **arguments)
        answer = self._await(lambda m: m["type"] == "response" and m["request_seq"] == number)
        assert answer["success"], answer
        body: Message = answer.get("body") or {}
        return body

    def event(self, name: str) -> Message:
        """The body of the next event of this name."""
        body: Message = self._await(lambda m: m["type"] == "event" and m["event"] == name).get("body") or {}
        return body

    def _await(self, wanted: Any) -> Message:
        for message in self._seen:
            if wanted(message):
                self._seen.remove(message)
                return message
        while True:
            message = self._receive()
            if wanted(message):
                return message
            self._seen.append(message)

    def _receive(self) -> Message:
        length = 0
        while True:
            line = self._file.readline().strip()
            if line.startswith(b"Content-Length:"):
                length = int(line.split(b":")[1])
            elif not line and length:
                message: Message = json.loads(self._file.read(length))
                return message
            elif not line:
                raise AssertionError(f"the debugger hung up; seen: {self._seen}")

    def close(self) -> None:
        self._file.close()
        self._connection.close()


@contextmanager
def debugged(*words: str | os.PathLike[str]) -> Iterator[tuple[Debugger, subprocess.Popen[str]]]:
    """The emulator's command line under debugpy, as an editor launches it; both ends are gone afterwards."""
    process, connection = _started(words)
    try:
        debugger = Debugger(connection)
        try:
            yield debugger, process
        finally:
            debugger.close()
    finally:
        _end(process)


ATTEMPTS = 3
"""On a busy machine debugpy gives up when its own second process is slow, and another program may take the port."""


def _started(words: tuple[str | os.PathLike[str], ...]) -> tuple[subprocess.Popen[str], socket.socket]:
    for attempt in range(ATTEMPTS):
        port = free_port()
        process = subprocess.Popen(
            [
                *(sys.executable, "-Xfrozen_modules=off", "-m", "debugpy", "--listen", f"127.0.0.1:{port}"),
                *("--wait-for-client", "-m", "emulator", *map(os.fspath, words)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        try:
            return process, _connect(port, process)
        except OSError:
            gone = process.poll() is not None
            _end(process)
            if not gone or attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def _connect(port: int, process: subprocess.Popen[str]) -> socket.socket:
    deadline = time.monotonic() + LIMIT
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)  # there is nothing else that tells when debugpy listens


def attach(debugger: Debugger, breakpoints: dict[Path, list[int]]) -> None:
    """Begin a session with these breakpoints."""
    debugger.ask("initialize", adapterID="test", pathFormat="path", linesStartAt1=True, columnsStartAt1=True)
    debugger.request("attach", justMyCode=False)
    debugger.event("initialized")
    for path, lines in breakpoints.items():
        body = debugger.ask(
            "setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line} for line in lines]
        )
        assert [b["verified"] for b in body["breakpoints"]] == [True] * len(lines), body
    debugger.ask("configurationDone")
