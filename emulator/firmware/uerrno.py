"""``uerrno``: the board's error numbers by name (firmware: py/moduerrno.c, esp32/mpconfigport.h)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.errnos import ERRORCODE
from emulator.runtime.order.dicts import Fixed

if TYPE_CHECKING:
    from emulator.device import Device


def module(device: Device) -> dict[str, object]:
    """Return the names of ``uerrno``."""
    return {
        "__name__": "uerrno",
        **{name: number for number, name in ERRORCODE.items()},
        "errorcode": Fixed(ERRORCODE),
    }
