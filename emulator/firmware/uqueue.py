"""``uqueue`` (firmware: esp32/mods/moduqueue.c): queues between threads; timeouts in milliseconds."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import REQUIRED, bind, native
from emulator.firmware._convert import check_memory, to_int
from emulator.firmware._natives import hide, no_instances, to_word
from emulator.power import ScriptThread, current

if TYPE_CHECKING:
    from emulator.device import Device


def module(device: Device) -> dict[str, Any]:
    """The names of ``uqueue``."""

    def Queue(*args: Any, **kwargs: Any) -> _Queue:
        maxsize = to_word(bind(args, kwargs, {"maxsize": 1}, {})["maxsize"])
        if maxsize <= 0:
            raise ValueError("queue size cannot be infinite")
        check_memory(4 * maxsize, device.board.model.memory.heap_bytes)
        made: _Queue = object.__new__(_Queue)
        _state.__set__(made, _State(device, maxsize))
        return made

    return {"__name__": "queue", "Queue": Queue}


_FOR_EVER = 0xFFFFFFFF


class _State:
    """What stands behind a queue."""

    __slots__ = ("clock", "items", "lock", "maxsize", "waiting")

    def __init__(self, device: Device, maxsize: int) -> None:
        self.clock = device.clock
        self.lock = threading.Lock()
        self.maxsize = maxsize
        self.items: deque[Any] = deque()
        self.waiting: list[ScriptThread] = []

    def when(self, ready: Any, act: Any, given: dict[str, Any], failure: str) -> Any:
        # what does not fit a word loses its upper part; all bits set is for ever
        ticks = _FOR_EVER if given["timeout"] is None else to_int(given["timeout"]) & _FOR_EVER
        wait = None if ticks == _FOR_EVER else ticks / 1000
        deadline = None if wait is None else self.clock.monotonic() + wait
        me = current()
        while True:
            with self.lock:
                if ready():
                    result = act()
                    waiting, self.waiting = self.waiting, []
                    break
                left = None if deadline is None else deadline - self.clock.monotonic()
                if not given["block"] or (left is not None and left <= 0):
                    raise BoardOSError(failure)
                self.waiting.append(me)
            me.park(left)
        for thread in waiting:
            thread.unpark()
        return result


class _Queue:
    __slots__ = ("state",)
    __new__ = no_instances
    __hash__ = None  # type: ignore[assignment]
    Full = Empty = BoardOSError

    def put(self, *args: Any, **kwargs: Any) -> None:
        """Put ``item``; waits for room for ``timeout`` ms (None: for ever) if ``block``. Raises OSError "Full"."""
        state = _get(self)
        given = bind(args, kwargs, {"item": REQUIRED, "block": True, "timeout": None}, {})
        state.when(lambda: len(state.items) < state.maxsize, lambda: state.items.append(given["item"]), given, "Full")

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Take the oldest item; waits for one as ``put`` does for room. Raises OSError "Empty"."""
        state = _get(self)
        given = bind(args, kwargs, {"block": True, "timeout": None}, {})
        return state.when(lambda: bool(state.items), state.items.popleft, given, "Empty")

    @native(1)
    def empty(self) -> bool:
        return not _get(self).items

    @native(1)
    def full(self) -> bool:
        state = _get(self)
        return len(state.items) >= state.maxsize


_state = hide(_Queue, "state")


def _get(self: _Queue, _of: Any = _state.__get__) -> _State:
    state: _State = _of(self)
    return state


_Queue.__name__ = "Queue"
