"""Ctrl-C and SIGTERM for the command line: the first one ends what is going on, and none tears the ending apart."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

INSISTED = 5
"""So many signals mean that the person does not want to wait for the end."""


class Interrupted(BaseException):
    """A signal came. ``status`` is what the process is to end with."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.status = 128 + number


class Signals:
    """While armed, SIGINT and SIGTERM raise :class:`Interrupted` in the main thread, once; then it takes :meth:`arm` again."""

    def __init__(self) -> None:
        self._armed = False
        self._count = 0
        self._missed: int | None = None
        self._before: dict[int, object] = {}
        self.before_exit: list[Callable[[], None]] = []
        """What must be put right even when the process ends at once (the modes of a terminal)."""

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._came)
        self._armed = True
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._armed = False
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def arm(self) -> None:
        """The next signal raises again; one that came in between raises now."""
        number, self._missed = self._missed, None
        if number is not None:
            raise Interrupted(number)
        self._armed = True

    def disarm(self) -> None:
        """From now on signals are only counted."""
        self._armed = False

    def _came(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._armed:
            self._armed = False
            raise Interrupted(number)
        self._missed = number
        if self._count >= INSISTED:
            for action in self.before_exit:
                action()
            os._exit(128 + number)
