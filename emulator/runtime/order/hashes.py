"""The board's hash of an object, which decides its place in a dict or set (firmware: py/qstr.c, py/obj.h)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from emulator.runtime.floats import to_single

WORD = 0xFFFFFFFF
_TOO_LARGE = 1 << 31
_NO_TUPLE = 0x3F400000
"""Stands for the address of the empty tuple in the firmware, from which the hash of a tuple begins: it differs between builds."""


def _bytes_hash(data: bytes) -> int:
    """Of text: 16 bits, never 0."""
    hashed = 5381
    for byte in data:
        hashed = (hashed * 33 ^ byte) & WORD
    return hashed & 0xFFFF or 1


@lru_cache(maxsize=4096)
def _str_hash(text: str) -> int:
    return _bytes_hash(text.encode("utf-8", "surrogateescape"))


def small(value: int) -> int:
    """``value`` as a small int holds it: 31 bits with a sign."""
    return (value + (1 << 30) & 0x7FFFFFFF) - (1 << 30)


def _float_hash(value: float) -> int:
    """The whole part; what does not fit a word becomes its end, as the processor's instruction does."""
    single = to_single(value)
    if -_TOO_LARGE <= single < _TOO_LARGE:
        return small(int(single))
    return small(-_TOO_LARGE if single < 0 else _TOO_LARGE - 1)


def board_hash(obj: Any) -> int:
    """``hash(obj)`` on the board, of an object that can be hashed.

    What has no hash of its own has its address: a stand-in here, as the start of a tuple's.
    """
    kind = type(obj)
    if kind is str:
        return _str_hash(obj)
    if kind is int:
        # an int of more than 31 bits gives its low word
        return obj if -(1 << 30) <= obj < 1 << 30 else small((abs(obj) & WORD) * (-1 if obj < 0 else 1))
    if kind is bytes:
        return _bytes_hash(obj)
    if kind is bool:
        return int(obj)
    if kind is float:
        return _float_hash(obj)
    if kind is tuple:
        return small(_NO_TUPLE + sum(map(board_hash, obj)))
    if isinstance(obj, str):
        return _str_hash(obj[:])
    if isinstance(obj, float):
        return _float_hash(obj)
    if isinstance(obj, complex):
        return _float_hash(obj.real) ^ _float_hash(obj.imag)
    own: Any = kind.__hash__
    if own is not object.__hash__ and not isinstance(obj, type) and kind.__flags__ & 1 << 9:
        return small(hash(obj))  # the script's own __hash__
    from emulator.runtime.printing import address

    return small(int(address(obj), 16))


def hash_of(obj: Any) -> int:
    """What the table takes the place from: the hash as an unsigned word."""
    kind = type(obj)
    if kind is str:
        return _str_hash(obj)
    return board_hash(obj) & WORD
