"""Power cycles: the threads of a script, how they wait and how they end.

A script can be in pure Python, in a C call, or inside a shim. Ending it takes three means together:

* every wait of a shim goes through :meth:`PowerCycle.sleep`, :meth:`ScriptThread.park` or :meth:`PowerCycle.wait_files`,
  which power-off and Ctrl-C wake;
* pure Python code gets :class:`PowerOff` injected, repeatedly, and only while script code is on top of its stack, so that
  no shim is torn apart in the middle of its work;
* the source pipeline puts a check at the head of each ``except`` clause (``runtime/source/rewriting/statements.py``), since a
  bare ``except:`` would otherwise swallow the injection.
"""

from __future__ import annotations

import contextlib
import ctypes
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from types import FrameType
from typing import TYPE_CHECKING, Any

from emulator.clock import Clock

if TYPE_CHECKING:
    import socket

TraceFunction = Callable[[FrameType, str, Any], Any]

INJECT_EVERY = 0.005
"""Seconds between two injections: the interpreter's own switch interval, below which the stopper only waits for the GIL."""

_GENERATOR = 0x20
"""The code flag CO_GENERATOR; ``inspect``, which names it, is slow to import."""

_STATELESS = (
    "emulator.runtime.builtins",
    "emulator.runtime.calls",
    "emulator.runtime.formatting",
    "emulator.runtime.methods",
    "emulator.runtime.operators",
    "emulator.runtime.order",
    "emulator.runtime.sorting",
)
"""Modules that hold no state which a PowerOff in the middle could tear: their frames count as the script's own."""

_LONGEST_WAIT = 3600.0
"""One uninterrupted wait of the host's; longer ones are repeated (some platforms overflow on larger values)."""


class PowerOff(BaseException):
    """The board lost its power. Not a script's exception: scripts can neither name nor keep it."""


class Ending(Enum):
    """Why a power cycle ended."""

    DONE = "done"
    RESET = "reset"
    SOFT_RESET = "soft reset"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Ready:
    """Which of the files waited for are ready."""

    read: tuple[int, ...]
    write: tuple[int, ...]
    error: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.read or self.write or self.error)


class ScriptThread:
    """One thread of the script."""

    def __init__(self, cycle: PowerCycle, body: Callable[[], None], name: str, stack: int | None = None) -> None:
        self.cycle = cycle
        self.stack = stack
        """Bytes of the board's stack for this thread; None for the main one."""
        self._body = body
        self._token = threading.Lock()
        self._token.acquire()
        self._waker: tuple[socket.socket, socket.socket] | None = None
        self._waker_lock = threading.Lock()
        self.interrupted = False
        self._over = False
        self._inject_lock = threading.Lock()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def ident(self) -> int:
        return self.thread.ident or 0

    # -- life ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        if self.cycle.trace is not None:
            sys.settrace(self.cycle.trace)
        self.cycle.enter(self)
        body: Callable[[], None] | None = self._body
        del self._body  # what the script's functions hold is let go with them
        while True:  # an injection may still be on its way when the body has ended: nothing may escape
            try:
                try:
                    if body is not None:
                        run, body = body, None
                        run()
                finally:
                    self.cycle.leave(self)
                    self._close_waker()
                self._end_injections()
                return
            except (PowerOff, KeyboardInterrupt):
                continue

    # -- exceptions from outside ----------------------------------------------------------------------------------

    def inject(self, kind: type[BaseException]) -> None:
        """Have an exception raised in this thread soon. Does nothing once it has ended: its number may be another's by then."""
        with self._inject_lock:
            if not self._over:
                _set_async_exception(self.ident, kind)

    def _end_injections(self) -> None:
        """From now on there are none; one that is still on its way is raised here, not in Python's own code later."""
        with self._inject_lock:
            self._over = True
        for _ in range(2):  # CPython looks at calls and jumps; taking it back instead would leave it looking for ever
            _look()

    # -- waiting ------------------------------------------------------------------------------------------------

    def park(self, timeout: float | None = None) -> None:
        """Wait until :meth:`unpark`, ``timeout`` seconds or, raising, power-off or Ctrl-C. May return early."""
        self.cycle.check()
        self._token.acquire(timeout=-1 if timeout is None else min(max(timeout, 0.0), _LONGEST_WAIT))
        self.cycle.check()

    def unpark(self) -> None:
        """Let the current or the next :meth:`park` return."""
        with contextlib.suppress(RuntimeError):  # a token is waiting already
            self._token.release()

    def wake(self) -> None:
        """Wake whatever this thread waits for."""
        self.unpark()
        with self._waker_lock:
            if self._waker:
                with contextlib.suppress(OSError):
                    self._waker[1].send(b"w")

    def waker(self) -> socket.socket:
        """The socket that becomes readable when this thread is to wake up."""
        with self._waker_lock:
            if self._waker is None:
                import socket

                self._waker = socket.socketpair()
                for end in self._waker:
                    end.setblocking(False)
            return self._waker[0]

    def _close_waker(self) -> None:
        with self._waker_lock:
            pair, self._waker = self._waker, None
        for end in pair or ():
            end.close()


@contextlib.contextmanager
def _no_flash() -> Iterator[Callable[[], None]]:
    yield lambda: None


class PowerCycle:
    """What happens on the board between two resets."""

    def __init__(
        self,
        clock: Clock,
        on_change: Callable[[], None] = lambda: None,
        hold_flash: Callable[[], AbstractContextManager[Callable[[], None]]] = _no_flash,
    ) -> None:
        self.clock = clock
        self._hold_flash = hold_flash
        self.off = False
        self.ending: Ending | None = None
        self.script_builtins: dict[str, Any] = {}
        self.heap_bytes = 0
        """The heap of the board; 0 if no script has it."""
        self.trace: TraceFunction | None = None
        """The tracing function of a debugger that knows one thread only (pdb); the script's threads take it over."""
        # reentrant: a collected socket takes back its at_end action in whatever thread the collector runs
        self._lock = threading.RLock()
        self._threads: dict[int, ScriptThread] = {}
        self._main: ScriptThread | None = None
        self._at_end: list[Callable[[], None]] = []
        self._on_change = on_change

    # -- threads ------------------------------------------------------------------------------------------------

    def start_thread(
        self, body: Callable[[], None], *, name: str = "script", main: bool = False, stack: int | None = None
    ) -> ScriptThread:
        """Run ``body`` in a thread of this cycle. The main one is the one that Ctrl-C interrupts.

        ``stack``: bytes of the board's stack for it; None for that of the main task.
        """
        self.check()
        thread = ScriptThread(self, body, name, stack)
        if main:
            self._main = thread
        with self._lock:
            self._threads[id(thread)] = thread
        try:
            thread.thread.start()
        except BaseException:
            with self._lock:
                del self._threads[id(thread)]
            raise
        return thread

    def enter(self, thread: ScriptThread) -> None:
        """Called by a script thread when it begins."""
        _current.thread = thread

    def leave(self, thread: ScriptThread) -> None:
        """Called by a script thread as its last act."""
        with self._lock:
            self._threads.pop(id(thread), None)
        self._on_change()

    def threads(self) -> list[ScriptThread]:
        """The script threads that are still there."""
        with self._lock:
            return list(self._threads.values())

    @property
    def main_alive(self) -> bool:
        return self._main is not None and self._main in self.threads()

    def at_end(self, action: Callable[[], None]) -> None:
        """Have ``action`` called when the power goes off (to close a host socket, say). Once each, in reverse order."""
        with self._lock:
            if not self.off:
                self._at_end.append(action)
                return
        action()

    def forget(self, action: Callable[[], None]) -> None:
        """Take an :meth:`at_end` action back."""
        with self._lock, contextlib.suppress(ValueError):
            self._at_end.remove(action)

    # -- called by shims ----------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise :class:`PowerOff` once the cycle is over, ``KeyboardInterrupt`` after Ctrl-C."""
        if self.off:
            closing = sys.exc_info()[1]
            if isinstance(closing, GeneratorExit) and self._in_generator():
                # a generator that is being closed may raise nothing else: CPython would report it on stderr
                raise closing
            raise PowerOff
        thread: ScriptThread | None = getattr(_current, "thread", None)
        if thread is not None and thread.interrupted:
            thread.interrupted = False
            raise KeyboardInterrupt("")

    def _in_generator(self) -> bool:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            if frame.f_builtins is self.script_builtins and frame.f_code.co_flags & _GENERATOR:
                return True
            frame = frame.f_back
        return False

    def sleep(self, seconds: float) -> None:
        """Wait ``seconds`` on the board's clock; power-off and Ctrl-C end it."""
        thread = current()
        deadline = self.clock.monotonic() + seconds
        while True:
            left = deadline - self.clock.monotonic()
            if left <= 0:
                self.check()
                return
            thread.park(left)

    def wait_files(self, read: Sequence[int], write: Sequence[int], timeout: float | None) -> Ready:
        """Wait until one of the host's descriptors is ready, ``timeout`` seconds (None: for ever), power-off or Ctrl-C."""
        self.check()
        waker = current().waker()
        deadline = None if timeout is None else self.clock.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - self.clock.monotonic())
            step = _LONGEST_WAIT if left is None else min(left, _LONGEST_WAIT)
            woken, ready = _poll(waker.fileno(), read, write, step)
            if woken:
                with contextlib.suppress(BlockingIOError):
                    waker.recv(64)
            self.check()
            if ready or (left is not None and left <= step):
                return ready

    # -- called from outside ------------------------------------------------------------------------------------

    def switch_off(self, ending: Ending) -> None:
        """End the cycle: from now on every shim call raises :class:`PowerOff`. Returns at once; see :meth:`reap`."""
        with self._hold_flash() as lose_uncommitted:  # no thread commits between the end and the loss
            with self._lock:
                if self.off:
                    return
                self.off = True
                self.ending = ending
                actions = self._at_end[::-1]
                self._at_end.clear()
                threads = list(self._threads.values())
            lose_uncommitted()
        for thread in threads:
            thread.wake()
        for action in actions:
            action()
        self._on_change()

    def interrupt(self) -> None:
        """Ctrl-C: ``KeyboardInterrupt`` in the main script thread, now or as soon as it is back from a C call."""
        thread = self._main
        if thread is None or self.off:
            return
        thread.interrupted = True
        thread.wake()
        while thread.interrupted and not self.off and thread in self.threads():
            if self._in_script(thread):
                thread.interrupted = False
                thread.inject(KeyboardInterrupt)
                return
            time.sleep(INJECT_EVERY)

    def reap(self, timeout: float) -> list[ScriptThread]:
        """Inject :class:`PowerOff` until every script thread is gone, for at most ``timeout`` seconds. Returns those left."""
        deadline = time.monotonic() + timeout
        while True:
            left = [t for t in self.threads() if t.thread is not threading.current_thread()]
            if not left or time.monotonic() > deadline:
                return left
            for thread in left:
                if self._in_script(thread):
                    thread.inject(PowerOff)
            left[0].thread.join(INJECT_EVERY)

    def _in_script(self, thread: ScriptThread) -> bool:
        frame: FrameType | None = sys._current_frames().get(thread.ident)
        while frame is not None and frame.f_builtins is not self.script_builtins:
            if not frame.f_globals.get("__name__", "").startswith(_STATELESS):
                return False
            frame = frame.f_back
        return frame is not None


_current = threading.local()


def current_or_none() -> ScriptThread | None:
    """The script thread that calls, None for a thread of the host's."""
    return getattr(_current, "thread", None)


def current() -> ScriptThread:
    """The script thread that calls."""
    thread: ScriptThread | None = getattr(_current, "thread", None)
    if thread is None:
        # the host's garbage collector runs a finaliser of the script in a thread that is none of the board's
        raise PowerOff
    return thread


def _look() -> None:
    """Do nothing, but be a call."""


def _set_async_exception(ident: int, kind: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(kind))


def _poll(waker: int, read: Sequence[int], write: Sequence[int], timeout: float) -> tuple[bool, Ready]:
    if not hasattr(select, "poll"):  # Windows
        readable, writable, failed = select.select([waker, *read], write, [*read, *write], timeout)
        return waker in readable, Ready(
            tuple(fd for fd in readable if fd != waker), tuple(writable), tuple(fd for fd in failed if fd != waker)
        )
    poller = select.poll()
    wanted: dict[int, int] = {waker: select.POLLIN}
    for fd in read:
        wanted[fd] = wanted.get(fd, 0) | select.POLLIN
    for fd in write:
        wanted[fd] = wanted.get(fd, 0) | select.POLLOUT
    for fd, events in wanted.items():
        poller.register(fd, events)
    # rounded up: a poll that returns a fraction of a millisecond early would only be repeated
    events_of = dict(poller.poll(int(timeout * 1000 + 0.999)))
    woken = waker in events_of
    broken = select.POLLERR | select.POLLHUP | select.POLLNVAL
    return woken, Ready(
        tuple(fd for fd in read if events_of.get(fd, 0) & (select.POLLIN | broken)),
        tuple(fd for fd in write if events_of.get(fd, 0) & (select.POLLOUT | broken)),
        tuple(fd for fd, events in events_of.items() if fd != waker and events & broken),
    )
