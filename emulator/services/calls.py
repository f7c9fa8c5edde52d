"""Lets other threads run functions in the thread of a loop."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class Calls:
    """The functions that wait for the loop, and a socket that is readable when there are any: the loop's to watch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Call] = []
        self.closed = False
        self.socket, self._outer = socket.socketpair()
        self.socket.setblocking(False)
        self._outer.setblocking(False)

    def wake(self) -> None:
        """Make the socket readable."""
        with contextlib.suppress(OSError):  # full, so it is; or closed
            self._outer.send(b"w")

    def call(self, function: Callable[[], None]) -> None:
        """Run a function in the loop's thread and wait for it; raises what it raises. Does nothing after the end."""
        call = _Call(function)
        with self._lock:
            if self.closed:
                return
            self._waiting.append(call)
        self.wake()
        call.done.wait()
        if call.error is not None:
            raise call.error

    # -- in the thread of the loop

    def run(self) -> None:
        """Run what waits."""
        with contextlib.suppress(BlockingIOError):
            self.socket.recv(4096)
        for call in self._take():
            try:
                call.function()
            except Exception as error:  # noqa: BLE001  it belongs to the caller
                call.error = error
            call.done.set()

    def close(self) -> None:
        """Run nothing more."""
        for call in self._take(last=True):
            call.done.set()
        self.socket.close()
        self._outer.close()

    def _take(self, *, last: bool = False) -> list[_Call]:
        with self._lock:
            self.closed = self.closed or last
            calls, self._waiting = self._waiting, []
        return calls


class _Call:
    def __init__(self, function: Callable[[], None]) -> None:
        self.function = function
        self.error: Exception | None = None
        self.done = threading.Event()
