"""Non-volatile storage: the PY_NVM namespace of ``pycom.nvs_*`` as data (firmware: esp32/mods/modpycom.c)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

LONGEST_KEY = 15
"""Bytes (ESP-IDF's limit)."""
LONGEST_TEXT = 1983
"""Bytes, without the NUL."""


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

    def load(self, values: Mapping[str, Any]) -> None:
        """Replace everything, without notice. Raises ValueError for what the board cannot have stored."""
        for key, value in values.items():
            _check(key, value)
        with self._lock:
            self._values = dict(values)


def _check(key: str, value: object) -> None:
    if not 1 <= len(_encode(key)) <= LONGEST_KEY:
        raise ValueError(f"{key!r}: a key has 1 to {LONGEST_KEY} bytes")
    if isinstance(value, str):
        if len(_encode(value)) > LONGEST_TEXT:
            raise ValueError(f"{key!r}: a text has at most {LONGEST_TEXT} bytes")
    elif not isinstance(value, int) or isinstance(value, bool) or not -(1 << 31) <= value < 1 << 31:
        raise ValueError(f"{key!r}: the values are texts and whole numbers of 32 bits")


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
