"""``utime`` (firmware: esp32/mods/modutime.c): Unix epoch, int seconds, ticks that wrap at 2**32 and follow the RTC."""

from __future__ import annotations

import calendar
import time as host
from typing import TYPE_CHECKING, Any

from emulator.firmware._arguments import natives
from emulator.firmware._convert import to_float, to_int
from emulator.firmware._natives import to_word
from emulator.runtime.names import type_name

if TYPE_CHECKING:
    from emulator.device import Device

_WRAP = 1 << 32
_SHORTEST = -(1 << 31)
_CALENDAR_YEARS = 400
_CALENDAR = 146097 * 86400
"""Seconds after which the calendar, week days included, repeats: keeps the host within the years it can do."""


def module(device: Device) -> dict[str, Any]:
    """The names of ``utime``."""
    clock, power, state = device.clock, device.power, device.board.power_state

    def _seconds(secs: Any) -> int:
        return int(clock.now()) if secs is None else to_word(secs)

    def gmtime(secs: Any = None, /) -> tuple[int, ...]:
        return _broken_down(_seconds(secs))

    def localtime(secs: Any = None, /) -> tuple[int, ...]:
        return _broken_down(_seconds(secs) + state.timezone)

    def mktime(tuple: Any, /) -> int:
        if not isinstance(tuple, (list, _tuple)):
            raise TypeError(f"object '{type_name(tuple)}' isn't a tuple or list")
        if len(tuple) not in (8, 9):
            raise TypeError(f"mktime needs a tuple of length 8 or 9 ({len(tuple)} given)")
        year, month, day, hour, minute, second = (to_word(item) for item in tuple[:6])
        carry, month0 = divmod(month - 1, 12)
        times, year = divmod(year + carry - 2000, _CALENDAR_YEARS)
        days = calendar.timegm((2000 + year, month0 + 1, 1, 0, 0, 0)) // 86400 + day - 1
        seconds = times * _CALENDAR + days * 86400 + hour * 3600 + minute * 60 + second - state.timezone
        return _signed(seconds)

    def time() -> int:
        return int(clock.now())

    def sleep(seconds: Any, /) -> None:
        power.sleep(max(0.0, to_float(seconds)))

    def sleep_ms(arg: Any, /) -> None:
        power.sleep(max(0, to_word(arg)) / 1000)

    def sleep_us(arg: Any, /) -> None:
        power.sleep(max(0, to_word(arg)) / 1_000_000)

    def ticks_ms() -> int:
        return int(clock.now() * 1000) % _WRAP

    def ticks_us() -> int:
        return int(clock.now() * 1_000_000) % _WRAP

    def ticks_add(start: Any, delta: Any, /) -> int:
        return (to_int(start) + to_int(delta)) % _WRAP

    def ticks_diff(end: Any, start: Any, /) -> int:
        return _signed(to_int(end) - to_int(start))

    def timezone(offset_s: Any = None, /) -> int | None:
        if offset_s is None:
            return state.timezone
        state.timezone = to_word(offset_s)
        return None

    names = natives(
        gmtime, localtime, mktime, time, sleep, sleep_ms, sleep_us, ticks_ms, ticks_us, ticks_add, ticks_diff, timezone
    )
    return {**names, "ticks_cpu": names["ticks_us"]}


_tuple: Any = tuple


def _signed(value: int) -> int:
    """``value`` cut to a machine word of the board."""
    return (value - _SHORTEST) % _WRAP + _SHORTEST


def _broken_down(seconds: int) -> tuple[int, ...]:
    times, within = divmod(seconds, _CALENDAR)
    t = host.gmtime(within)
    return (
        t.tm_year + times * _CALENDAR_YEARS,
        t.tm_mon,
        t.tm_mday,
        t.tm_hour,
        t.tm_min,
        t.tm_sec,
        t.tm_wday,
        t.tm_yday,
    )
