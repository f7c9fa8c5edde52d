"""What is typed at the console, as ``input()`` and ``sys.stdin`` read it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.power import PowerCycle, ScriptThread


class ConsoleInput:
    """A queue of typed text. Without a source it is at its end: reading raises EOFError."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._text = ""
        self._ended = True
        self._start: Callable[[], None] | None = None
        self._waiting: list[ScriptThread] = []

    def attach(self, start: Callable[[], None]) -> None:
        """``start`` is called when a script first reads, and is to bring about :meth:`feed` and :meth:`end`."""
        with self._lock:
            self._ended = False
            self._start = start

    def feed(self, text: str) -> None:
        """Something was typed."""
        with self._lock:
            self._ended = False
            self._text += text
            waiting, self._waiting = self._waiting, []
        for thread in waiting:
            thread.unpark()

    def end(self) -> None:
        """Nothing more will be typed."""
        with self._lock:
            self._ended = True
            waiting, self._waiting = self._waiting, []
        for thread in waiting:
            thread.unpark()

    def read_line(self, power: PowerCycle) -> str:
        """The next line without its end. Raises EOFError."""
        from emulator.power import current

        while True:
            power.check()
            with self._lock:
                start, self._start = self._start, None
                line, end, rest = self._text.partition("\n")
                if end:
                    self._text = rest
                    return line.rstrip("\r")
                if self._ended:
                    self._text = ""
                    if line:
                        return line
                    raise EOFError
                self._waiting.append(current())
            if start:
                start()
            current().park()

    def read(self, size: int, power: PowerCycle) -> str:
        """``size`` characters (-1: all until the end), waiting for them; fewer at the end."""
        from emulator.power import current

        while True:
            power.check()
            with self._lock:
                start, self._start = self._start, None
                if self._ended or 0 <= size <= len(self._text):
                    return self._take(size)
                self._waiting.append(current())
            if start:
                start()
            current().park()

    def waiting(self) -> int:
        """How many bytes are there to be read at once."""
        with self._lock:
            return len(self._text.encode())

    def take(self, size: int = -1, *, line: bool = False) -> str:
        """What is there now, at most ``size`` characters, with ``line`` at most one line."""
        with self._lock:
            if line:
                end = self._text.find("\n") + 1
                if end and (size < 0 or end < size):
                    size = end
            return self._take(size)

    def _take(self, size: int) -> str:
        end = len(self._text) if size < 0 else size
        text, self._text = self._text[:end], self._text[end:]
        return text
