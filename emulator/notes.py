"""The notes of one board: kept, and handed on as they come."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from flashfs.notes import Note, NoteSink

__all__ = ["Note", "Notebook"]


KEPT = 10_000
"""Notes that are kept, the last ones: what a peer does again and again must not fill the memory."""


class Notebook:
    """The notes since the board was made, the last :data:`KEPT` of them. Thread safe; a note is never written twice in a row."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: deque[Note] = deque(maxlen=KEPT)
        self.written = 0
        """How many notes there have been."""
        self._listeners: list[NoteSink] = []

    def __iter__(self) -> Iterator[Note]:
        with self._lock:
            return iter(list(self._notes))

    def __len__(self) -> int:
        with self._lock:
            return len(self._notes)

    def since(self, written: int) -> list[Note]:
        """The notes after the first ``written`` ones, as far as they are kept."""
        with self._lock:
            gone = self.written - len(self._notes)
            return list(self._notes)[max(0, written - gone) :]

    def add(self, note: Note) -> None:
        """Keep ``note`` and pass it to whoever listens."""
        with self._lock:
            if self._notes and self._notes[-1] == note:
                return
            self._notes.append(note)
            self.written += 1
            listeners = list(self._listeners)
        for listener in listeners:
            listener(note)

    def listen(self, listener: NoteSink) -> Callable[[], None]:
        """Call ``listener`` with each note from now on; returns what ends that."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return stop
