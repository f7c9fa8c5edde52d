"""``utimeq``: a queue of things to do at a time in ticks (firmware: extmod/modutimeq.c)."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from emulator.firmware._arguments import count, native
from emulator.firmware._natives import to_word
from emulator.runtime.names import type_name

if TYPE_CHECKING:
    from emulator.device import Device

_PERIOD = 1 << 30
"""After as many ticks they begin again (firmware: py/mpconfig.h, MICROPY_PY_UTIME_TICKS_PERIOD)."""


class _Entry:
    """One thing to do. Earlier ones are less; of those at one time, the one that was pushed first."""

    __slots__ = ("args", "callback", "number", "time")

    def __init__(self, time: int, number: int, callback: Any, args: Any) -> None:
        self.time, self.number, self.callback, self.args = time, number, callback, args

    def __lt__(self, other: _Entry) -> bool:
        later = other.time - self.time
        if not later:
            return self.number < other.number
        return 0 < later % _PERIOD < _PERIOD // 2


class _Numbers:
    """Numbers of pushes, of all queues."""

    last = 0


class utimeq:
    """``utimeq(length)``: holds at most ``length`` entries."""

    __slots__ = ("_heap", "_length")
    __hash__ = None  # type: ignore[assignment]
    _heap: list[_Entry]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs:
            raise TypeError("function doesn't take keyword arguments")
        count(len(args), 1, 1)
        self._length = to_word(args[0])
        self._heap = []

    @native(4)
    def push(self, time: Any, callback: Any, args: Any, /) -> None:
        """Add what is to be done at ``time`` (ticks). Raises IndexError when the queue is full."""
        if len(self._heap) >= self._length:
            raise IndexError("queue overflow")
        if not isinstance(time, int):
            raise TypeError(f"can't convert {type_name(time)} to int")
        # of what is no small int the board takes the address for a time; here its low bits count
        small = int(time) if -_PERIOD <= time < _PERIOD else int(time) % _PERIOD
        _Numbers.last += 1
        heappush(self._heap, _Entry(small, _Numbers.last, callback, args))

    @native(2)
    def pop(self, into: Any, /) -> None:
        """Take the earliest entry: time, callback and args go to the first places of a list. Raises IndexError, TypeError."""
        if not self._heap:
            raise IndexError("empty heap")
        if type(into) is not list or len(into) < 3:
            raise TypeError("Not a list or length is less than 3!")
        entry = heappop(self._heap)
        into[:3] = [entry.time, entry.callback, entry.args]

    @native(1)
    def peektime(self) -> int:
        """The time of the earliest entry. Raises IndexError."""
        if not self._heap:
            raise IndexError("empty heap")
        return self._heap[0].time

    def __len__(self) -> int:
        return len(self._heap)

    def __bool__(self) -> bool:
        return bool(self._heap)

    def __iter__(self) -> Any:
        raise TypeError("'utimeq' object isn't iterable")


def module(device: Device) -> dict[str, object]:
    """Return the names of ``utimeq``."""
    return {"__name__": "utimeq", "utimeq": utimeq}
