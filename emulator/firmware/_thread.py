"""``_thread`` (firmware: py/modthread.c, esp32/mpthreadport.c)."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NoReturn

from emulator.errors import BoardOSError
from emulator.firmware._arguments import native, natives
from emulator.firmware._natives import hide, no_instances, to_word
from emulator.power import PowerOff, ScriptThread, current
from emulator.runtime.names import type_name

if TYPE_CHECKING:
    from emulator.device import Device

MOST_THREADS = 32
"""More stacks than these do not fit into the board's internal RAM; the exact number depends on what else is there."""

_NONE: Any = object()


class _State:
    """What stands behind a lock."""

    __slots__ = ("held", "mutex", "waiting")

    def __init__(self) -> None:
        self.mutex = threading.Lock()
        self.held = False
        self.waiting: deque[ScriptThread] = deque()

    def acquire(self, blocking: bool) -> bool:
        me = current()
        with self.mutex:
            if not self.held:
                self.held = True
                return True
            if not blocking:
                return False
            self.waiting.append(me)
        try:
            while True:
                me.park()
                with self.mutex:
                    if me not in self.waiting:  # handed over by release()
                        return True
        except BaseException:
            with self.mutex:
                if me in self.waiting:
                    self.waiting.remove(me)
                else:
                    self.hand_over()
            raise

    def release(self) -> None:
        with self.mutex:
            if not self.held:
                raise RuntimeError
            self.hand_over()

    def hand_over(self) -> None:
        if self.waiting:
            self.waiting.popleft().unpark()
        else:
            self.held = False


class lock:
    """A lock that power-off and Ctrl-C can end the wait for. First come, first served."""

    __slots__ = ("state",)
    __new__ = no_instances

    @native(1, 3)
    def acquire(self, blocking: Any = True, timeout: Any = None, /) -> bool:
        """Wait for the lock; the timeout is taken and ignored, as on the board. Raises TypeError."""
        acquired: bool = _get(self).acquire(blocking is True or to_word(blocking) != 0)
        return acquired

    @native(1)
    def release(self) -> None:
        """Give the lock to the thread that waits longest. Raises RuntimeError when it is free."""
        _get(self).release()

    @native(1)
    def locked(self) -> bool:
        held: bool = _get(self).held
        return held

    @native(1, 3)
    def __enter__(self, blocking: Any = True, timeout: Any = None, /) -> bool:
        acquired: bool = _get(self).acquire(blocking is True or to_word(blocking) != 0)
        return acquired

    def __exit__(self, kind: object, value: object, traceback: object, /) -> None:
        _get(self).release()


_state = hide(lock, "state")
_get = _state.__get__


def module(device: Device) -> dict[str, Any]:
    """The names of ``_thread``."""
    power = device.power

    def start_new_thread(function: Any, args: Any, kwargs: Any = _NONE, /) -> None:
        """Start a thread; an exception it does not catch is shown on the console and ends only that thread."""
        if not isinstance(args, (tuple, list)):
            raise TypeError(f"object '{type_name(args)}' isn't a tuple or list")
        if kwargs is not _NONE and not isinstance(kwargs, dict):
            raise TypeError("expecting a dict for keyword args")
        positional, keywords = tuple(args), {} if kwargs is _NONE else dict(kwargs)

        def body() -> None:
            try:
                function(*positional, **keywords)
            except SystemExit:
                pass
            except PowerOff:
                raise
            except BaseException as error:  # noqa: BLE001  the board shows whatever it is
                head = f"Unhandled exception in thread started by {device.printer.repr(function)}\n"
                device.console.write(head + device.interpreter.format_exception(error))

        if len(power.threads()) >= MOST_THREADS:
            raise BoardOSError("can't create thread")
        power.start_thread(body, name="script thread")

    def exit() -> NoReturn:
        raise SystemExit

    def allocate_lock() -> lock:
        made: lock = object.__new__(lock)
        _state.__set__(made, _State())
        return made

    def get_ident() -> int:
        return current().ident & 0x7FFFFFFF

    def stack_size(size: Any = 0, /) -> int:
        """What was asked for before, at first 0 for the default. The host's threads keep their own size."""
        before, asked[0] = asked[0], to_word(size) & 0xFFFFFFFF
        return before

    asked = [0]
    return {
        "LockType": lock,
        **natives(start_new_thread, exit, allocate_lock, get_ident, stack_size),
    }
