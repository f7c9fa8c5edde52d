"""``uqueue`` (firmware: esp32/mods/moduqueue.c): queues between threads; timeouts in milliseconds."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import REQUIRED, bind
from emulator.firmware._convert import to_int
from emulator.power import ScriptThread, current

if TYPE_CHECKING:
    from emulator.device import Device


def module(device: Device) -> dict[str, Any]:
    """The names of ``uqueue``."""

    def Queue(*args: Any, **kwargs: Any) -> _Queue:
        maxsize = to_int(bind(args, kwargs, {"maxsize": 1}, {})["maxsize"])
        if maxsize <= 0:
            raise ValueError("queue size cannot be infinite")
        return _Queue(device, maxsize)

    return {"Queue": Queue}


class _Queue:
    Full = Empty = BoardOSError

    def __init__(self, device: Device, maxsize: int) -> None:
        self._clock = device.clock
        self._lock = threading.Lock()
        self._maxsize = maxsize
        self._items: deque[Any] = deque()
        self._waiting: list[ScriptThread] = []

    def put(self, *args: Any, **kwargs: Any) -> None:
        """Put ``item``; waits for room for ``timeout`` ms (None: for ever) if ``block``. Raises OSError "Full"."""
        given = bind(args, kwargs, {"item": REQUIRED, "block": True, "timeout": None}, {})
        self._when(lambda: len(self._items) < self._maxsize, lambda: self._items.append(given["item"]), given, "Full")

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Take the oldest item; waits for one as ``put`` does for room. Raises OSError "Empty"."""
        given = bind(args, kwargs, {"block": True, "timeout": None}, {})
        return self._when(lambda: bool(self._items), self._items.popleft, given, "Empty")

    def _when(self, ready: Any, act: Any, given: dict[str, Any], failure: str) -> Any:
        wait = None if given["timeout"] is None else to_int(given["timeout"]) / 1000
        deadline = None if wait is None else self._clock.monotonic() + wait
        me = current()
        while True:
            with self._lock:
                if ready():
                    result = act()
                    waiting, self._waiting = self._waiting, []
                    break
                left = None if deadline is None else deadline - self._clock.monotonic()
                if not given["block"] or (left is not None and left <= 0):
                    raise BoardOSError(failure)
                self._waiting.append(me)
            me.park(left)
        for thread in waiting:
            thread.unpark()
        return result

    def empty(self) -> bool:
        return not self._items

    def full(self) -> bool:
        return len(self._items) >= self._maxsize


_Queue.__name__ = "Queue"
