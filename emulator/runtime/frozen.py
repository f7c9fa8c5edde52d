"""Python modules inside the firmware (firmware: esp32/frozen/Base, esp32/frozen/LTE)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.device import Device

BASE = frozenset({"_boot", "_main"})
LTE = frozenset({"sqnsbrz", "sqnscodec", "sqnscrc", "sqnstp", "sqnsupgrade"})
"""The upgrade of the modem, on boards that have one."""


def names(module: str, device: Device) -> dict[str, Any] | None:
    """What is in a frozen module once it has run; None for one that the board has not. Raises NotImplementedError."""
    if module == "_boot":
        return {"os": device.module("uos"), "UART": device.module("umachine").UART}
    if module == "_main":
        return {}
    if module in LTE and device.board.model.has_radio("LTE"):
        from emulator.firmware._missing import not_emulated

        raise not_emulated(module, device.note)
    return None
