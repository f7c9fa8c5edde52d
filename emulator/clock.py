"""The board's clock.

``utime.time()`` counts Unix seconds and starts at 0 at power-on (firmware: esp32/mods/machrtc.c); the tick functions come
from the same clock and so jump when it is set (firmware: esp32/mods/modutime.c).
"""

from __future__ import annotations

import threading
import time


class Clock:
    """Real time: the host's monotonic clock plus an offset that setting the RTC moves."""

    def __init__(self) -> None:
        self._origin = time.monotonic()
        self._offset = -self._origin
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds that never jump; deadlines are kept in these."""
        return time.monotonic()

    def now(self) -> float:
        """The RTC: seconds since 1970, as far as the board knows."""
        return time.monotonic() + self._offset

    def set(self, seconds: float) -> None:
        """Set the RTC to ``seconds`` since 1970."""
        with self._lock:
            self._offset = seconds - time.monotonic()

    def reset(self) -> None:
        """What a hard reset does to the RTC: back to 0 (firmware: esp32/mptask.c)."""
        self.set(0.0)
