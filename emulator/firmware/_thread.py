"""``_thread`` (firmware: py/modthread.c, esp32/mpthreadport.c)."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NoReturn

from emulator.firmware._arguments import native, natives
from emulator.firmware._natives import hide, no_instances, to_word
from emulator.power import PowerOff, ScriptThread, current
from emulator.runtime.names import type_name
from emulator.runtime.recursion import THREAD_STACK, expect_thread

if TYPE_CHECKING:
    from emulator.device import Device

STACKS = 160 * 1024
"""Bytes of stacks that fit into the board's internal RAM, about: it depends on what else is there."""

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
    __hash__ = None  # type: ignore[assignment]

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

    @native(4)
    def __exit__(self, kind: object, value: object, traceback: object, /) -> None:
        _get(self).release()


_state = hide(lock, "state")
_get = _state.__get__


def module(device: Device) -> dict[str, Any]:
    """The names of ``_thread``."""
    power = device.power

    def start_new_thread(function: Any, args: Any, kwargs: Any = _NONE, /) -> None:
        """Start a thread; an exception it does not catch is shown on the console and ends only that thread.

        Raises TypeError, and MemoryError where its stack does not fit (firmware: esp32/mpthreadport.c).
        """
        if type(args) not in (tuple, list):
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
            except BaseException as error:  # noqa: BLE001  the board shows whatever it is  # noqa: BLE001  the board shows whatever it is
                head = f"Unhandled exception in thread started by {device.printer.repr(function)}\n"
                device.console.write(head + device.interpreter.format_exception(error))

        stack = max(asked[0], THREAD_STACK)
        if stack + sum(thread.stack or 0 for thread in power.threads()) > STACKS:
            raise MemoryError("can't create thread")
        expect_thread(device.interpreter.builtins, stack)
        power.start_thread(body, name="script thread", stack=stack)

    def exit() -> NoReturn:
        raise SystemExit

    def allocate_lock() -> lock:
        made: lock = object.__new__(lock)
        _state.__set__(made, _State())
        return made

    def get_ident() -> int:
        return current().ident & 0x7FFFFFFF

    def stack_size(size: Any = 0, /) -> int:
        """What was asked for before, at first 0 for the default; the least is 5 KiB. It bounds how deep a thread can call."""
        before, asked[0] = asked[0], to_word(size) & 0xFFFFFFFF
        return before

    asked = [0]
    return {
        "LockType": lock,
        **natives(start_new_thread, exit, allocate_lock, get_ident, stack_size),
    }
