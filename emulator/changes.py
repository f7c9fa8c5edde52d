"""Waiting for something to change, in a way that no signal and no injected exception can tear apart.

``threading.Condition`` and ``Event`` are Python code around a lock: an exception of a signal handler (Ctrl-C in the main thread)
or one injected into a thread may come between the lock and what gives it back. Here only locks themselves are taken, by ``with``,
where CPython looks for neither in between.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

_LONGEST = 0.5
"""Seconds of one wait: on Windows Ctrl-C does not interrupt an endless one."""


class Changes:
    """Tells those who wait that something they wait for may have changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[threading.Lock] = []

    def tell(self) -> None:
        """Have everybody who waits look again."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for token in waiting:
            with contextlib.suppress(RuntimeError):  # it has been told already
                token.release()

    def wait(self, predicate: Callable[[], bool], deadline: float | None) -> bool:
        """Wait until ``predicate`` is true; False at ``deadline`` (``time.monotonic``, None: never)."""
        token = threading.Lock()
        token.acquire()
        try:
            while True:
                with self._lock:
                    if token not in self._waiting:
                        self._waiting.append(token)
                if predicate():  # looked at with the token in place: what changes from now on is told
                    return True
                left = _LONGEST if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    return False
                token.acquire(timeout=min(left, _LONGEST))
        finally:
            with self._lock, contextlib.suppress(ValueError):
                self._waiting.remove(token)
