"""Lets other threads run functions in the thread of an event loop."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

_RECEIVE = 4096


class Waker:
    """A socket that the loop watches, and the functions that wait behind it."""

    def __init__(self, ioloop: Any) -> None:
        self._ioloop = ioloop
        self._jobs: deque[_Job] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._fileno = self._inner.fileno()
        ioloop.register(self._fileno, self, ioloop.READ)

    def wake(self) -> None:
        """Let the loop's poll return."""
        with contextlib.suppress(OSError):
            self._outer.send(b"w")

    def call(self, function: Callable[[], None]) -> None:
        """Run a function in the loop's thread and wait for it; raises what it raises."""
        job = _Job(function)
        with self._lock:
            if self._closed:
                raise RuntimeError("the FTP server has stopped")
            self._jobs.append(job)
        self.wake()
        job.done.wait()
        if job.error is not None:
            raise job.error

    def close(self) -> None:
        """Run nothing more; who waits gets a RuntimeError."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        while self._jobs:
            job = self._jobs.popleft()
            job.error = RuntimeError("the FTP server has stopped")
            job.done.set()
        with contextlib.suppress(KeyError, OSError):
            self._ioloop.unregister(self._fileno)
        self._inner.close()
        self._outer.close()

    # what the loop calls

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._inner.recv(_RECEIVE)
        while self._jobs:
            job = self._jobs.popleft()
            try:
                job.function()
            except Exception as error:  # noqa: BLE001  it belongs to the caller
                job.error = error
            job.done.set()

    def handle_close(self) -> None:
        self.close()

    def handle_error(self) -> None:
        self.close()


class _Job:
    def __init__(self, function: Callable[[], None]) -> None:
        self.function = function
        self.error: Exception | None = None
        self.done = threading.Event()
