"""``builtins``: the script's own, writable (firmware: py/objmodule.c, MICROPY_CAN_OVERRIDE_BUILTINS)."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from emulator.runtime.hidden import no_attribute

if TYPE_CHECKING:
    from emulator.device import Device


def module(device: Device) -> dict[str, Any]:
    """The names every script starts with (the runtime's private ones, which are no identifiers, left out).

    What is set in the module holds everywhere from then on; deleting it brings back the board's own.
    """
    builtins = device.interpreter.builtins
    board = {name: value for name, value in builtins.items() if name.isidentifier() and name not in _NO_NAMES}

    class Builtins(ModuleType):
        def __setattr__(self, name: str, value: Any) -> None:
            ModuleType.__setattr__(self, name, value)
            builtins[name] = value

        def __delattr__(self, name: str) -> None:
            if name not in self.__dict__ or (name in board and self.__dict__[name] is board[name]):
                raise no_attribute(self, name)
            ModuleType.__delattr__(self, name)
            del builtins[name]
            if name in board:
                ModuleType.__setattr__(self, name, board[name])
                builtins[name] = board[name]

    device.module("builtins").__class__ = Builtins
    return board


_NO_NAMES = ("None", "True", "False", "__debug__", "const")
"""Words of the language, which CPython keeps among the builtins."""
