"""Methods of int (firmware: py/objint.c, py/objint_mpz.c)."""

from __future__ import annotations

from typing import Any

from emulator.runtime.methods._common import NATIVE, Table, buffer_of, to_int
from emulator.runtime.methods.signature import native
from emulator.runtime.names import type_name


def truncated(value: object) -> int:
    """``value`` for a place narrower than it. Raises TypeError for all but int and bool."""
    if not isinstance(value, int):
        raise TypeError(f"can't convert {type_name(value)} to int")
    return int(value)


@native(3, 4)
def _to_bytes(self: int, length: Any, order: Any, *ignored: Any) -> bytes:
    """Cut to ``length`` without a word; a sign needs no flag. Anything but ``'little'`` is big."""
    size = to_int(length)
    if size < 0:
        raise ValueError
    # beyond a machine word the sign of a small int is not carried on
    width = size if not -(1 << 30) <= self < 1 << 30 else min(size, 4)
    data = (int(self) & ((1 << 8 * width) - 1)).to_bytes(size, "little")
    return data if order == "little" else data[::-1]


@native(2, 3)
def from_bytes(buffer: Any, order: Any, *ignored: Any) -> int:
    """``int.from_bytes``: always unsigned."""
    return int.from_bytes(buffer_of(buffer), "little" if order == "little" else "big")


METHODS: Table = {"__class__": NATIVE, "to_bytes": _to_bytes, "from_bytes": staticmethod(from_bytes)}
BOOL: Table = {"__class__": NATIVE}
FLOAT: Table = {"__class__": NATIVE}
COMPLEX: Table = {"__class__": NATIVE, "real": NATIVE, "imag": NATIVE}
