"""The notes of one board: kept, and handed on as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from flashfs.notes import Note, NoteSink

__all__ = ["Note", "Notebook"]


class Notebook:
    """Every note since the board was made. Thread safe; a note is never written twice in a row."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: list[Note] = []
        self._listeners: list[NoteSink] = []

    def __iter__(self) -> Iterator[Note]:
        with self._lock:
            return iter(list(self._notes))

    def __len__(self) -> int:
        with self._lock:
            return len(self._notes)

    def add(self, note: Note) -> None:
        """Keep ``note`` and pass it to whoever listens."""
        with self._lock:
            if self._notes and self._notes[-1] == note:
                return
            self._notes.append(note)
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
