"""``uselect`` (firmware: extmod/moduselect.c)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from emulator.errnos import NEWLIB
from emulator.errors import BoardOSError
from emulator.firmware._arguments import native
from emulator.firmware._convert import to_float, to_int
from emulator.firmware._missing import not_emulated
from emulator.firmware.usocket import RadioSocket, Socket
from emulator.sockets import SHORT_WAIT

if TYPE_CHECKING:
    from emulator.device import Device
    from emulator.power import PowerCycle, Ready
    from emulator.sockets import Endpoint
    from flashfs.notes import NoteSink

POLLIN, POLLOUT, POLLERR, POLLHUP = 1, 4, 8, 16
CONSTANTS = {"POLLIN": POLLIN, "POLLOUT": POLLOUT, "POLLERR": POLLERR, "POLLHUP": POLLHUP}
ONE_SHOT = 1
"""Second argument of ``poll`` and ``ipoll``: whatever is reported is not watched any more until it is registered again."""

Watched = tuple[Socket, int]
"""A socket and the events it is watched for."""


def wait(power: PowerCycle, watched: Sequence[Watched], timeout: float | None) -> list[int]:
    """Wait until one of the sockets is ready; the events of each, all 0 when ``timeout`` seconds (None: for ever) passed.

    Raises the board's OSError 9 for a socket that is closed, PowerOff, KeyboardInterrupt.
    """
    limit = None if timeout is None else power.clock.monotonic() + timeout
    while True:
        events = _look(power, watched, None if limit is None else max(0.0, limit - power.clock.monotonic()))
        if any(events) or (limit is not None and power.clock.monotonic() >= limit):
            return events


def _look(power: PowerCycle, watched: Sequence[Watched], step: float | None) -> list[int]:
    read: list[int] = []
    write: list[int] = []
    with contextlib.ExitStack() as stack:
        places: list[tuple[Endpoint, tuple[int, ...]]] = []
        for sock, wanted in watched:
            endpoint = sock._poll_endpoint()
            numbers = stack.enter_context(endpoint.watched())
            places.append((endpoint, numbers))
            if endpoint.dormant:
                step = SHORT_WAIT if step is None else min(step, SHORT_WAIT)  # it may be connected meanwhile
                continue
            if wanted & POLLIN:
                read += numbers
            if wanted & POLLOUT and not endpoint.listening:
                write += numbers[:1]
            if wanted & POLLIN and sock._pending():
                step = 0
        ready = power.wait_files(read, write, step)
        return [
            _events(sock, endpoint, numbers, ready, wanted)
            for (sock, wanted), (endpoint, numbers) in zip(watched, places, strict=True)
        ]


def _events(sock: Socket, endpoint: Endpoint, numbers: tuple[int, ...], ready: Ready, wanted: int) -> int:
    if endpoint.dormant:
        return 0
    events = 0
    if wanted & POLLIN and (any(n in ready.read for n in numbers) or sock._pending()):
        events |= POLLIN
    if wanted & POLLOUT and numbers[0] in ready.write:
        events |= POLLOUT
    if wanted & POLLHUP and numbers[0] in ready.error:
        events |= POLLHUP
    return events


class Poll:
    """What ``poll()`` makes: a table of sockets and events."""

    def __init__(self, power: PowerCycle, note: NoteSink) -> None:
        self._power = power
        self._note = note
        self._table: dict[int, list[Any]] = {}  # id -> [socket, events]; the board keys by identity, too

    def __repr__(self) -> str:
        return "<poll>"

    @native(2, 3)
    def register(self, obj: Any, eventmask: Any = POLLIN | POLLOUT, /) -> None:
        """Watch ``obj``; again: with other events. Raises OSError "stream operation not supported"."""
        self._table[id(obj)] = [pollable(obj, self._note), to_int(eventmask)]

    @native(2)
    def unregister(self, obj: Any, /) -> None:
        """Do not watch ``obj`` any more; one that is not watched is no error."""
        self._table.pop(id(obj), None)

    @native(3)
    def modify(self, obj: Any, eventmask: Any, /) -> None:
        """Watch for other events. Raises OSError 2 when ``obj`` is not watched."""
        if id(obj) not in self._table:
            raise BoardOSError(NEWLIB["ENOENT"])
        self._table[id(obj)][1] = to_int(eventmask)

    @native(1, 3)
    def poll(self, timeout: Any = None, flags: Any = 0, /) -> list[tuple[Any, int]]:
        """Give a list of (object, events) once one is ready, an empty one after ``timeout`` milliseconds.

        None and negative numbers wait for ever. Raises OSError 9 for a socket that was closed.
        """
        milliseconds = -1 if timeout is None else to_int(timeout)
        one_shot = to_int(flags) & ONE_SHOT
        rows = list(self._table.values())
        found = []
        events = wait(self._power, [(r[0], r[1]) for r in rows], None if milliseconds < 0 else milliseconds / 1000)
        for row, event in zip(rows, events, strict=True):
            if event:
                found.append((row[0], event))
                if one_shot:
                    row[1] = 0
        return found

    @native(1, 3)
    def ipoll(self, *args: Any) -> Iterator[tuple[Any, int]]:
        """Do what ``poll`` does, as an iterator."""
        return iter(self.poll(*args))


Poll.__name__ = Poll.__qualname__ = "poll"


def pollable(obj: Any, note: NoteSink) -> Socket:
    """Check that ``obj`` can be waited for. Raises OSError "stream operation not supported"; NotImplementedError."""
    if isinstance(obj, Socket):
        return obj
    if isinstance(obj, RadioSocket) or (type(obj).__module__.startswith("emulator.") and hasattr(obj, "read")):
        raise not_emulated(f"select.poll of {type(obj).__name__}", note)
    raise BoardOSError("stream operation not supported")


def module(device: Device) -> dict[str, Any]:
    """Give the names of ``uselect``."""

    @native(0)
    def poll() -> Poll:
        """Make a poll object."""
        return Poll(device.power, device.note)

    @native(3, 4)
    def select(rlist: Any, wlist: Any, xlist: Any, timeout: Any = None, /) -> tuple[list[Any], list[Any], list[Any]]:
        """Give those that can be read, written, or are broken; three empty lists after ``timeout`` seconds.

        None and negative numbers wait for ever. Raises OSError.
        """
        seconds = -1.0 if timeout is None else to_float(timeout)
        wanted: dict[int, list[Any]] = {}
        for group, bits in ((rlist, POLLIN), (wlist, POLLOUT), (xlist, POLLERR | POLLHUP)):
            for obj in group:
                row = wanted.setdefault(id(obj), [pollable(obj, device.note), 0])
                row[1] |= bits
        rows = list(wanted.values())
        events = wait(device.power, [(row[0], row[1]) for row in rows], None if seconds < 0 else seconds)
        of = {id(row[0]): event for row, event in zip(rows, events, strict=True)}
        return (
            [obj for obj in rlist if of[id(obj)] & POLLIN],
            [obj for obj in wlist if of[id(obj)] & POLLOUT],
            [obj for obj in xlist if of[id(obj)] & (POLLERR | POLLHUP)],
        )

    return {"poll": poll, "select": select, **CONSTANTS}
