"""A soak: several ways into one board are used at once for a while, and nothing may grow, hang or get lost.

A part is a function ``part(board, stop)``: it uses one service of the board until ``stop`` is set, checks what it gets, and
returns how many rounds it has done. ``soak`` runs all parts side by side. Parts of other services join by being in the list.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator import Board

Part = Callable[["Board", threading.Event], int]

SECONDS = float(os.environ.get("PYCOM_SOAK_SECONDS", "200"))
"""How long a soak takes; twenty minutes before a release."""

_PAGE = os.sysconf("SC_PAGESIZE") if hasattr(os, "sysconf") else 0
GROWTH_MAX = 24 << 20
"""Bytes of resident memory that may be added after the first quarter."""


def resident() -> int:
    """Bytes of resident memory; 0 where the system does not say."""
    source = Path("/proc/self/statm")
    return int(source.read_text("ascii").split()[1]) * _PAGE if source.exists() else 0


def descriptors() -> int:
    """Open descriptors; 0 where the system does not say."""
    source = Path("/proc/self/fd")
    return len(list(source.iterdir())) if source.exists() else 0


def soak(board: Board, parts: Mapping[str, Part], seconds: float = SECONDS) -> dict[str, int]:
    """Run all parts for so long; how many rounds each has done. Raises what the first of them raises."""
    stop = threading.Event()
    rounds: dict[str, int] = {}
    failures: list[BaseException] = []

    def run(name: str, part: Part) -> None:
        try:
            rounds[name] = part(board, stop)
        except BaseException as error:  # noqa: BLE001  raised below
            failures.append(error)
            stop.set()

    threads = [threading.Thread(target=run, args=item, name=f"soak-{item[0]}") for item in parts.items()]
    begin, settled = time.monotonic(), 0
    for thread in threads:
        thread.start()
    while not stop.is_set() and (passed := time.monotonic() - begin) < seconds:
        if not settled and passed > seconds / 4:
            gc.collect()
            settled = resident()
        stop.wait(min(1.0, seconds / 10))
    gc.collect()
    grown = resident() - settled
    stop.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), f"{thread.name} hangs"
    if failures:
        raise failures[0]
    assert not settled or grown < GROWTH_MAX, f"{grown >> 10} KiB more than after a quarter of the time"
    return rounds
