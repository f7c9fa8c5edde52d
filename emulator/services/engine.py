"""A thread that waits for sockets and clocks on behalf of one service, and never for anything else."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from emulator.services.calls import Calls
from flashfs.notes import Note, NoteSink

File = socket.socket | int
"""A socket, or a descriptor."""

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
FAILED_AGAIN = 0.1
"""Seconds of rest after a failure, so that one that repeats itself does not keep the machine busy."""


class Engine(ABC):
    """The loop; a service says what to wait for and what to do then.

    All methods that a service overrides are called in the loop's thread and must not wait. What one of them raises is noted,
    and :meth:`give_up` lets go of the client it was about.
    """

    def __init__(self, name: str, note: NoteSink) -> None:
        self.name = name
        self._sink = note
        self._selector = selectors.DefaultSelector()
        self._calls = Calls()
        self._selector.register(self._calls.socket, READ)
        self._ending = False
        self._rest_until = 0.0
        self._watched: dict[File, int] = {}
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    # -- what a service does -----------------------------------------------------------------------------------------

    @abstractmethod
    def wanted(self) -> Mapping[File, int]:
        """What to wait for: file -> READ, WRITE or both."""

    @abstractmethod
    def ready(self, file: File, events: int) -> None:
        """A file is ready. It may be one that an earlier call of the same round has closed."""

    def deadline(self) -> float | None:
        """When to call :meth:`late`, on ``time.monotonic``; None for never."""
        return None

    @abstractmethod
    def late(self) -> None:
        """The deadline has passed."""

    @abstractmethod
    def give_up(self) -> None:
        """Let go of whoever is connected."""

    @abstractmethod
    def close(self) -> None:
        """The loop has ended: close everything."""

    # -- from any thread ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @staticmethod
    def now() -> float:
        """The clock that deadlines are on."""
        return time.monotonic()

    def wake(self) -> None:
        """Have the loop ask again what to wait for."""
        self._calls.wake()

    def call(self, function: Callable[[], None]) -> None:
        """Run a function in the loop's thread and wait for it; raises what it raises. Does nothing after the end."""
        if threading.current_thread() is self._thread:
            function()
        else:
            self._calls.call(function)

    def stop(self) -> None:
        """End the loop; everything is closed when this returns."""
        self._ending = True
        if not self._thread.is_alive():
            if not self._calls.closed:
                self._finish()
            return
        self.wake()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def tell(self, note: Note) -> None:
        """Pass a note on."""
        with contextlib.suppress(Exception):  # a sink that fails must not take the service with it
            self._sink(note)

    # -- the loop ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._ending:
                self._guarded(self._turn)
        finally:
            self._finish()

    def _turn(self) -> None:
        resting = time.monotonic() < self._rest_until
        self._watch({} if resting else self.wanted())
        due = self._rest_until if resting else self.deadline()
        timeout = None if due is None else max(0.0, min(due - time.monotonic(), 3600.0))
        for key, events in self._selector.select(timeout):
            if key.fileobj is self._calls.socket:
                self._calls.run()
            elif key.fileobj in self._watched and not self._ending:
                self.ready(key.fileobj, events)
        due = self.deadline()
        if due is not None and due <= time.monotonic() and not self._ending:
            self.late()

    def rest(self) -> None:
        """Wait for nothing but calls for a moment: the host has run out of something."""
        self._rest_until = time.monotonic() + FAILED_AGAIN

    def _guarded(self, function: Callable[[], None]) -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001  nothing a client does may end the service
            self.rest()
            self.tell(
                Note(
                    "service-internal-error",
                    f"the emulator's {self.name} failed and closed the connection: please report this",
                    cause=f"{type(error).__name__}: {error}",
                )
            )
            with contextlib.suppress(Exception):
                self.give_up()

    def _watch(self, wanted: Mapping[File, int]) -> None:
        for file in [file for file in self._watched if wanted.get(file) != self._watched[file]]:
            del self._watched[file]
            with contextlib.suppress(KeyError, ValueError, OSError):  # it may be closed by now
                self._selector.unregister(file)
        for file, events in wanted.items():
            if file not in self._watched:
                self._selector.register(file, events)
                self._watched[file] = events

    def unwatch(self, file: File) -> None:
        """Forget a file that is about to be closed: its number may come back for another one."""
        if self._watched.pop(file, None) is not None:
            self._selector.unregister(file)

    def _finish(self) -> None:
        self._selector.unregister(self._calls.socket)
        self._calls.close()
        self._guarded(self.close)
        self._selector.close()
