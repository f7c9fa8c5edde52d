"""Floats as the board prints them: single precision, seven significant digits.

firmware: py/objfloat.c, py/formatfloat.c (MICROPY_FLOAT_IMPL_FLOAT). The board finds the digits in single-precision
arithmetic, so the last one is often not the correctly rounded one: the same arithmetic is done here.
"""

from __future__ import annotations

import math
import struct

_SINGLE = struct.Struct("<f")
_DIGITS = 7


def to_single(x: float) -> float:
    """``x`` rounded to single precision; too large is infinite, as on the board."""
    try:
        single: float = _SINGLE.unpack(_SINGLE.pack(x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)
    return single


_SCALES = tuple((n, to_single(10.0**n), to_single(10.0**-n)) for n in (32, 16, 8, 4, 2, 1))
_TENTH = to_single(0.1)
_ALMOST_ONE = to_single(0.9999995)


def float_str(x: float) -> str:
    """``str(x)`` on the board: seven digits, ``.0`` where nothing else marks a float; ``inf``, ``-inf``, ``nan``."""
    single = to_single(x)
    if math.isnan(single):
        return "nan"
    sign = "-" if math.copysign(1.0, single) < 0 else ""
    magnitude = abs(single)
    if math.isinf(magnitude):
        return sign + "inf"
    text = _magnitude(magnitude) if magnitude else "0"
    return sign + (text if "." in text or "e" in text else text + ".0")


def _magnitude(value: float) -> str:
    value, exponent = _below_one(value) if value < 1 else _from_one(value)
    digits = 0
    for _ in range(_DIGITS):
        digit = int(value)
        digits = digits * 10 + digit
        value = to_single(to_single(value - digit) * 10)
    if value >= 5:
        digits += 1
    if -4 <= exponent < _DIGITS:
        # a carry out of the seven digits makes an eighth: 9999999.6 is 10000000.0, not 1e+07
        text = str(digits).zfill(_DIGITS - exponent)
        point = len(text) - (_DIGITS - 1 - exponent)
        return _trimmed(text[:point], text[point:])
    text = str(digits)
    exponent += len(text) - _DIGITS
    return f"{_trimmed(text[0], text[1:])}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _trimmed(whole: str, fraction: str) -> str:
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _below_one(value: float) -> tuple[float, int]:
    exponent = 0
    for power, up, down in _SCALES:
        if down > value:
            exponent += power
            value = to_single(value * up)
    if value >= 1:
        return value, -exponent
    if value >= _ALMOST_ONE:
        return 1.0, -exponent
    return to_single(value * 10), -exponent - 1


def _from_one(value: float) -> tuple[float, int]:
    exponent = 0
    for power, up, down in _SCALES:
        if up <= value:
            exponent += power
            value = to_single(value * down)
    if value >= 10:
        return to_single(value * _TENTH), exponent + 1
    return value, exponent
