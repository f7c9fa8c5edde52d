"""Ctrl-C, SIGTERM and SIGHUP (a terminal was closed): the first one ends what is going on, and none tears the ending apart."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType

INSISTED = 5
"""So many signals mean that the person does not want to wait for the end."""


_NUMBERS = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]

_AGAIN = 0.01
"""Seconds until a signal is sent once more that came at a moment when it could not be raised."""


class Interrupted(BaseException):
    """A signal came. ``status`` is what the process is to end with."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.status = 128 + number


class Signals:
    """While armed, these signals raise :class:`Interrupted` in the main thread, once; then it takes :meth:`arm` again."""

    def __init__(self) -> None:
        self._armed = False
        self._count = 0
        self._missed: int | None = None
        self._before: dict[int, object] = {}
        self._told = sys.unraisablehook
        self.before_exit: list[Callable[[], None]] = []
        """What must be put right even when the process ends at once (the modes of a terminal)."""

    def __enter__(self) -> Signals:
        if threading.current_thread() is threading.main_thread():
            for number in _NUMBERS:
                # nohup is to have its way
                if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGINT:
                    self._before[number] = signal.signal(number, self._came)
        self._told, sys.unraisablehook = sys.unraisablehook, self._unraisable
        self._armed = True
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._armed = False
        if sys.unraisablehook == self._unraisable:  # else a later one stands before it, and stays
            sys.unraisablehook = self._told
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

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep back, until the end of the block, what would tear it apart."""
        armed, self._armed = self._armed, False
        try:
            yield
        finally:
            if armed:
                self.arm()

    def _unraisable(self, event: sys.UnraisableHookArgs) -> None:
        lost = event.exc_value
        if not isinstance(lost, Interrupted):
            self._told(event)
            return
        # it came while a finaliser ran (imports have many), which may raise nothing: once more, when that is over
        self._count -= 1
        self._armed = True
        threading.Timer(_AGAIN, _send, [lost.number]).start()

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


def _send(number: int) -> None:
    if hasattr(signal, "pthread_kill"):  # ends a wait of the main thread, too
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)
