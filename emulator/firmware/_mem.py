"""``machine.mem8``, ``mem16``, ``mem32``: bytes at an address (firmware: extmod/machine_mem.c).

The memory that is there is that of the script's own objects (``uctypes.addressof``); registers of the chip are not emulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.firmware._missing import not_emulated
from emulator.firmware._natives import to_word
from emulator.runtime.names import type_name

if TYPE_CHECKING:
    from emulator.device import Device


def accessors(device: Device) -> dict[str, object]:
    """The three objects by their names."""

    class mem:
        __slots__ = ("_size",)

        def __init__(self, size: int) -> None:
            self._size = size

        def _address(self, index: Any) -> int:
            if not isinstance(index, int):
                raise TypeError(f"can't convert {type_name(index)} to int")
            address = int(index) & 0xFFFFFFFF
            if address % self._size:
                raise ValueError(f"address {address:08x} is not aligned to {self._size} bytes")
            from emulator.firmware._memory import BASE, WINDOW

            if not BASE <= address < BASE + WINDOW:
                raise not_emulated(f"machine.mem{8 * self._size}[{address:#x}]", device.note)
            return address

        def __getitem__(self, index: Any) -> int:
            from emulator.firmware._memory import memory_of

            return int.from_bytes(memory_of(device).read(self._address(index), self._size), "little")

        def __setitem__(self, index: Any, value: Any) -> None:
            address = self._address(index)
            word = int(value) if isinstance(value, int) else to_word(value)
            data = (word & (1 << 8 * self._size) - 1).to_bytes(self._size, "little")
            from emulator.firmware._memory import memory_of

            memory_of(device).write(address, data)

        def __delitem__(self, index: Any) -> None:
            raise TypeError("'mem' object doesn't support item deletion")

        def __iter__(self) -> Any:
            raise TypeError("'mem' object isn't iterable")

        def __repr__(self) -> str:
            return f"<{8 * self._size}-bit memory>"

    return {f"mem{8 * size}": mem(size) for size in (1, 2, 4)}
