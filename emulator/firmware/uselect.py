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
from emulator.firmware.usocket import Socket
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
    events = 0
    if endpoint.dormant:
        return events
    if wanted & POLLIN and (not ready.isdisjoint_read(numbers) or sock._pending()):
        events |= POLLIN
    return events
