"""Floats as the board prints them: single precision, seven significant digits.

firmware: py/objfloat.c, py/formatfloat.c (MICROPY_FLOAT_IMPL_FLOAT). The board finds the digits in single-precision
arithmetic, so the last one is often not the correctly rounded one: the same arithmetic is done here.
"""

from __future__ import annotations

import math
import struct
from functools import lru_cache

_SINGLE = struct.Struct("<f")
_DIGITS = 7


def to_single(x: float) -> float:
    """``x`` rounded to single precision; too large is infinite, as on the board."""
    try:
        single: float = _SINGLE.unpack(_SINGLE.pack(x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)
    return single


_EXACT = 1 << 24
_WORD = 1 << 30
_DIGIT = 16


def int_to_single(value: int) -> float:
    """``value`` as a float of the board; too large is infinite.

    What does not fit a word there is taken in digits of 16 bits, and rounded after each (firmware: py/mpz.c).
    """
    if -_EXACT <= value <= _EXACT:
        return float(value)
    if -_WORD <= value < _WORD:
        return to_single(float(value))
    magnitude = abs(value)
    single = 0.0
    for shift in range((magnitude.bit_length() - 1) // _DIGIT * _DIGIT, -1, -_DIGIT):
        single = to_single(single * (1 << _DIGIT) + (magnitude >> shift & (1 << _DIGIT) - 1))
        if single == math.inf:
            break
    return -single if value < 0 else single


_SCALES = tuple((n, to_single(10.0**n), to_single(10.0**-n)) for n in (32, 16, 8, 4, 2, 1))
_TENTH = to_single(0.1)
_ALMOST_ONE = to_single(0.9999995)


def float_str(x: float) -> str:
    """``str(x)`` on the board: seven digits, ``.0`` where nothing else marks a float; ``inf``, ``-inf``, ``nan``."""
    return _float_str(x) if x else _zero_str(x)


def _zero_str(x: float) -> str:
    return "-0.0" if math.copysign(1.0, x) < 0 else "0.0"


@lru_cache(4096)
def _float_str(x: float) -> str:
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


BUFFER = 31
"""Characters that a formatted float can have: precision is cut to what fits (firmware: py/mpprint.c)."""

_EXPONENT_ROOM = 6

_MOST_PLACES = 6
_POWERS = tuple(10.0**places for places in range(_MOST_PLACES + 1))
_LEAST, _MOST = 1e-3, 1e6
_DOUBT = 1e-6
"""The board's digits of a number between these are off by less than this part of it: at most three products by powers of ten,
each rounded twice to 24 bits, and what the digits lose after."""


def format_float(x: float, kind: str, precision: int = -1, sign: str = "") -> str:
    """``x`` by a conversion of ``eEfFgG``: a negative ``precision`` means 6; ``sign`` stands before what is not negative."""
    single = to_single(x)
    if kind == "f" and 0 <= precision <= _MOST_PLACES:
        magnitude = abs(single)
        scaled = magnitude * _POWERS[precision]
        # far enough from where rounding turns, the board's inexact digits cannot differ from the host's
        if (_LEAST <= magnitude < _MOST) and (precision or magnitude >= 1) and abs(scaled % 1 - 0.5) > scaled * _DOUBT:
            return f"{sign if single > 0 else ''}{single:.{precision}f}"
    if math.isnan(single):
        text = "nan"
    else:
        if math.copysign(1.0, single) < 0:
            sign = "-"
        if math.isinf(single):
            text = "inf"
        else:
            text = _formatted(abs(single), kind.lower(), 6 if precision < 0 else precision, BUFFER - len(sign))
    return sign + (text.upper() if kind.isupper() else text)


def _formatted(value: float, kind: str, precision: int, room: int) -> str:
    if kind == "g" and precision == 0:
        precision = 1
    if not value:
        return _zero(kind, precision, room)
    if value < 1:
        scaled, exponent = _below_one(value)
        if kind == "f" or (kind == "g" and exponent >= -4):
            return _small_fixed(value, scaled, -exponent, kind, precision, room)
        most = room - _EXPONENT_ROOM
        if precision > most:
            precision = most + (kind == "g")
        return _scientific(scaled, exponent, kind, precision)
    scaled, exponent = _from_one(value)
    if kind == "f" and exponent < room:
        return _large_fixed(scaled, exponent, min(precision, max(room - exponent - 2, 0)))
    if kind == "g":
        precision = min(precision, room - _EXPONENT_ROOM + 1)
        if exponent < precision:
            return _stripped(_large_fixed(scaled, exponent, precision - exponent - 1))
        return _scientific(scaled, exponent, kind, precision)
    return _scientific(scaled, exponent, "e", min(precision, room - _EXPONENT_ROOM), rounded=kind == "e")


def _zero(kind: str, precision: int, room: int) -> str:
    if kind == "g":
        return "0"
    precision = min(precision, room - (2 if kind == "f" else _EXPONENT_ROOM))
    return ("0." + "0" * precision if precision > 0 else "0") + ("e+00" if kind == "e" else "")


def _mantissa(value: float, count: int) -> tuple[str, bool]:
    """The first ``count`` digits of ``value``, and whether the next one rounds them up."""
    digits = []
    for _ in range(count):
        digit = int(value)
        digits.append(str(digit))
        value = to_single(to_single(value - digit) * 10)
    return "".join(digits), value >= 5


def _up(digits: str) -> str:
    return str(int(digits) + 1).zfill(len(digits))


def _small_fixed(value: float, scaled: float, places: int, kind: str, precision: int, room: int) -> str:
    """Below 1, without an exponent; the first digit that counts is at ``places`` behind the point."""
    if kind == "g":
        precision += places - 1
    precision = min(precision, room - 2)
    if value >= _ALMOST_ONE:
        text = "1" + "0" * precision
    else:
        zeros = min(places - 1, precision)
        digits, up = _mantissa(scaled, precision - zeros)
        text = "0" + "0" * zeros + digits
        # a first digit too far behind what is shown rounds nothing, and none at all without a fraction
        far = places - 1 > precision or precision == 0
        if up and not (kind == "f" and far):
            text = _up(text)
    shown = f"{text[0]}.{text[1:]}" if precision > 0 else text
    return _stripped(shown) if kind == "g" else shown


def _large_fixed(scaled: float, exponent: int, precision: int) -> str:
    digits, up = _mantissa(scaled, exponent + 1 + precision)
    if up:
        digits = _up(digits)
    return f"{digits[:-precision]}.{digits[-precision:]}" if precision > 0 else digits


def _scientific(scaled: float, exponent: int, kind: str, precision: int, *, rounded: bool = True) -> str:
    """With an exponent; what ``f`` leaves to this form for want of room is cut, not ``rounded``."""
    precision = max(precision, 0)
    count = precision + 1 if kind == "e" else max(precision, 1)
    digits, up = _mantissa(scaled, count)
    if up and rounded:
        digits = _up(digits)
        if len(digits) > count and precision > 0:
            digits, exponent = digits[:-1], exponent + 1
    # without a fraction a carry makes a second digit: 9.6 is 10e+00
    whole = len(digits) if precision == 0 else 1
    text = digits[:whole] + ("." + digits[whole:] if digits[whole:] else "")
    if kind == "g":
        text = _stripped(text)
    return f"{text}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _stripped(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
