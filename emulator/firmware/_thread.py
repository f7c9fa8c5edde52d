"""``_thread`` (firmware: py/modthread.c, esp32/mpthreadport.c)."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NoReturn

from emulator.errors import BoardOSError
from emulator.firmware._arguments import natives
from emulator.power import PowerCycle, PowerOff, ScriptThread, current

if TYPE_CHECKING:
    from emulator.device import Device

SMALLEST_STACK = 5 * 1024
MOST_THREADS = 32
"""More stacks than these do not fit into the board's internal RAM; the exact number depends on what else is there."""


class lock:
    """A lock that power-off and Ctrl-C can end the wait for. First come, first served."""

    def __init__(self, power: PowerCycle) -> None:
        self._power = power
        self._mutex = threading.Lock()
        self._held = False
        self._waiting: deque[ScriptThread] = deque()

    def acquire(self, blocking: Any = True, timeout: Any = None, /) -> bool:
        """Wait for the lock; the timeout is taken and ignored, as on the board."""
        me = current()
        with self._mutex:
            if not self._held:
                self._held = True
                return True
            if not blocking:
                return False
            self._waiting.append(me)
        try:
            while True:
                me.park()
                with self._mutex:
                    if me not in self._waiting:  # handed over by release()
                        return True
        except BaseException:
            with self._mutex:
                if me in self._waiting:
                    self._waiting.remove(me)
                else:
                    self._hand_over()
            raise

    def release(self) -> None:
        """Give the lock to the thread that waits longest. Raises RuntimeError when it is free."""
        with self._mutex:
            if not self._held:
                raise RuntimeError
            self._hand_over()

    def _hand_over(self) -> None:
        if self._waiting:
            self._waiting.popleft().unpark()
        else:
            self._held = False

    def locked(self) -> bool:
        return self._held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def module(device: Device) -> dict[str, Any]:
    """The names of ``_thread``."""
    power = device.power

    def start_new_thread(function: Any, args: Any, kwargs: Any = None, /) -> None:
        """Start a thread; an exception it does not catch is shown on the console and ends only that thread."""
        if not isinstance(args, (tuple, list)):
            raise TypeError(f"object '{type(args).__name__}' isn't a tuple or list")
        if kwargs is not None and not isinstance(kwargs, dict):
            raise TypeError("expecting a dict for keyword args")

        def body() -> None:
            try:
                function(*args, **(kwargs or {}))
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
        return lock(power)

    def get_ident() -> int:
        return current().ident & 0x7FFFFFFF

    def stack_size(size: int = 0, /) -> int:
        """The previous size; smaller requests than the board's least are raised to it. The host's threads keep their own."""
        before, sizes[0] = sizes[0], max(size, SMALLEST_STACK) if size else SMALLEST_STACK
        return before

    sizes = [SMALLEST_STACK]
    return {
        "LockType": lock,
        **natives(start_new_thread, exit, allocate_lock, get_ident, stack_size),
    }
