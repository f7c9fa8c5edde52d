"""Non-volatile storage: the PY_NVM namespace of ``pycom.nvs_*`` as data (firmware: esp32/mods/modpycom.c)."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Nvs:
    """Keys to int or str. ``on_change`` is called after each change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, int | str] = {}
        self.on_change: Callable[[], None] = lambda: None

    def get(self, key: str) -> int | str | None:
        """The value of ``key``, None if there is none."""
        with self._lock:
            return self._values.get(key)

    def set(self, key: str, value: int | str) -> None:
        """Store; the last write wins, whatever kind the earlier one was."""
        with self._lock:
            self._values[key] = value
        self.on_change()

    def erase(self, key: str) -> bool:
        """Remove; False if it was not there."""
        with self._lock:
            found = self._values.pop(key, None) is not None
        if found:
            self.on_change()
        return found

    def erase_all(self) -> None:
        """Remove everything."""
        with self._lock:
            self._values.clear()
        self.on_change()

    def items(self) -> dict[str, int | str]:
        """A copy of everything."""
        with self._lock:
            return dict(self._values)

    def load(self, values: dict[str, int | str]) -> None:
        """Replace everything, without notice."""
        with self._lock:
            self._values = dict(values)
