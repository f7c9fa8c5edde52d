"""``gc``: the board's heap in numbers (firmware: py/modgc.c).

The host's objects are not the board's: used bytes are an estimate, what the firmware itself takes plus 16 bytes (one
block of the board's heap) for each memory block the host has taken since the power cycle began. The total is the
model's heap.
"""

from __future__ import annotations

import gc as host_gc
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.firmware._arguments import native
from emulator.firmware._convert import to_int

if TYPE_CHECKING:
    from emulator.device import Device

BLOCK = 16
"""Bytes of a block of the board's heap (firmware: py/gc.h, 32-bit words)."""
FIRMWARE_BYTES = 20 * 1024
"""What a fresh board has in use before a script runs; an estimate."""


class Heap:
    """The estimate behind ``gc`` and ``micropython.mem_info``, from the moment it is made."""

    def __init__(self, total: int, host_blocks: Callable[[], int] | None = None) -> None:
        self.total = total
        self._host_blocks = host_blocks or _host_blocks
        self._blocks = self._host_blocks()

    def used(self) -> int:
        """Return bytes in use: at least the firmware's own, at most all but one block."""
        estimate = FIRMWARE_BYTES + BLOCK * max(0, self._host_blocks() - self._blocks)
        return min(estimate, self.total - BLOCK)


def _host_blocks() -> int:
    count = getattr(sys, "getallocatedblocks", None)
    return int(count()) if count else 0


def module(device: Device) -> dict[str, object]:
    """Return the names of ``gc``."""
    heap = Heap(device.board.model.memory.heap_bytes)
    enabled = True
    threshold_blocks = -1

    @native(0)
    def collect() -> None:
        host_gc.collect(0)

    @native(0)
    def enable() -> None:
        nonlocal enabled
        enabled = True

    @native(0)
    def disable() -> None:
        nonlocal enabled
        enabled = False

    @native(0)
    def isenabled() -> bool:
        return enabled

    @native(0)
    def mem_free() -> int:
        return heap.total - heap.used()

    @native(0)
    def mem_alloc() -> int:
        return heap.used()

    @native(0, 1)
    def threshold(*amount: object) -> int | None:
        nonlocal threshold_blocks
        if not amount:
            return -1 if threshold_blocks < 0 else threshold_blocks * BLOCK
        wanted = to_int(amount[0])
        threshold_blocks = -1 if wanted < 0 else wanted // BLOCK
        return None

    return {
        "__name__": "gc",
        "collect": collect,
        "disable": disable,
        "enable": enable,
        "isenabled": isenabled,
        "mem_alloc": mem_alloc,
        "mem_free": mem_free,
        "threshold": threshold,
    }
