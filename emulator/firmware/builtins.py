"""``builtins``: the script's own, writable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.device import Device


def module(device: Device) -> dict[str, Any]:
    """The names every script starts with (the runtime's private ones, which are no identifiers, left out)."""
    return {name: value for name, value in device.interpreter.builtins.items() if name.isidentifier()}
