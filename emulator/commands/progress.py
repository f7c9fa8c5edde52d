"""How far something long is: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BAR = 30
_PATIENCE = 0.5
"""Seconds before it shows that it is under way."""


@contextmanager
def progress(what: str, patience: float | None = None) -> Iterator[Callable[[int, int], None]]:
    """Give what shows how far it is (done, of all), on a terminal and once it has taken ``patience`` seconds (None: 0.5)."""
    stream = sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None
    patience = _PATIENCE if patience is None else patience
    begun, shown = time.monotonic(), False

    def show(done: int, total: int) -> None:
        nonlocal shown
        if stream is not None and time.monotonic() - begun >= patience:
            full = done * _BAR // max(total, 1)
            stream.write(f"\r{what} [{'#' * full}{' ' * (_BAR - full)}] {done}/{total}")
            stream.flush()
            shown = True

    try:
        yield show
    finally:
        if stream is not None and shown:
            stream.write("\r\x1b[K")
            stream.flush()
