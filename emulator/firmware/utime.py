"""``utime`` (firmware: esp32/mods/modutime.c): Unix epoch, int seconds, ticks that wrap at 2**32 and follow the RTC."""

from __future__ import annotations

import calendar
import time as host
from typing import TYPE_CHECKING, Any

from emulator.firmware._arguments import natives

if TYPE_CHECKING:
    from emulator.device import Device

_WRAP = 1 << 32
_SHORTEST = -(1 << 31)


def module(device: Device) -> dict[str, Any]:
    """The names of ``utime``."""
    clock, power, state = device.clock, device.power, device.board.power_state

    def _seconds(secs: Any) -> int:
        return int(clock.now()) if secs is None else _whole(secs)

    def gmtime(secs: Any = None, /) -> tuple[int, ...]:
        return _broken_down(_seconds(secs))

    def localtime(secs: Any = None, /) -> tuple[int, ...]:
        return _broken_down(_seconds(secs) + state.timezone)

    def mktime(tuple: Any, /) -> int:
        if not isinstance(tuple, (list, _tuple)):
            raise TypeError(f"object '{type(tuple).__name__}' isn't a tuple or list")
        if len(tuple) not in (8, 9):
            raise TypeError(f"mktime needs a tuple of length 8 or 9 ({len(tuple)} given)")
        year, month, day, hour, minute, second = (_whole(item) for item in tuple[:6])
        carry, month0 = divmod(month - 1, 12)
        days = calendar.timegm((year + carry, month0 + 1, 1, 0, 0, 0)) // 86400 + day - 1
        return days * 86400 + hour * 3600 + minute * 60 + second - state.timezone

    def time() -> int:
        return int(clock.now())

    def sleep(seconds: Any, /) -> None:
        if not isinstance(seconds, (int, float)):
            raise TypeError(f"can't convert {type(seconds).__name__} to float")
        power.sleep(max(0.0, float(seconds)))

    def sleep_ms(arg: Any, /) -> None:
        power.sleep(max(0, _whole(arg)) / 1000)

    def sleep_us(arg: Any, /) -> None:
        power.sleep(max(0, _whole(arg)) / 1_000_000)

    def ticks_ms() -> int:
        return int(clock.now() * 1000) % _WRAP

    def ticks_us() -> int:
        return int(clock.now() * 1_000_000) % _WRAP

    def ticks_add(start: Any, delta: Any, /) -> int:
        return (_whole(start) + _whole(delta)) % _WRAP

    def ticks_diff(end: Any, start: Any, /) -> int:
        return (_whole(end) - _whole(start) - _SHORTEST) % _WRAP + _SHORTEST

    def timezone(offset_s: Any = None, /) -> int | None:
        if offset_s is None:
            return state.timezone
        state.timezone = _whole(offset_s)
        return None

    names = natives(
        gmtime, localtime, mktime, time, sleep, sleep_ms, sleep_us, ticks_ms, ticks_us, ticks_add, ticks_diff, timezone
    )
    return {**names, "ticks_cpu": names["ticks_us"]}


_tuple: Any = tuple


def _whole(value: Any) -> int:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        raise TypeError("can't convert float to int")
    raise TypeError(f"can't convert {type(value).__name__} to int")


def _broken_down(seconds: int) -> tuple[int, ...]:
    try:
        t = host.gmtime(seconds)
    except (OverflowError, OSError, ValueError):
        t = host.gmtime((seconds - _SHORTEST) % _WRAP + _SHORTEST)  # the board keeps them in a machine word
    return (t.tm_year, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, t.tm_wday, t.tm_yday)
