"""Floats as the board prints them: single precision, seven significant digits.

firmware: py/objfloat.c, py/formatfloat.c (MICROPY_FLOAT_IMPL_FLOAT). The board finds the digits in single-precision
arithmetic, so the last one is often not the correctly rounded one: the same arithmetic is done here.
"""

from __future__ import annotations

import math
import struct

_SINGLE = struct.Struct("<f")
_pack, _unpack = _SINGLE.pack, _SINGLE.unpack
_DIGITS = 7


def to_single(x: float) -> float:
    """``x`` rounded to single precision; too large is infinite, as on the board."""
    try:
        single: float = _unpack(_pack(x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)
    return single


_WHOLE = 1 << 24
_WORD = 1 << 30
_DIGIT = 16


def int_to_single(value: int) -> float:
    """``value`` as a float of the board; too large is infinite.

    What does not fit a word there is taken in digits of 16 bits, and rounded after each (firmware: py/mpz.c).
    """
    if -_WHOLE <= value <= _WHOLE:
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
_LARGE = 1e8
_HALF_LARGE = 5e7
_SMALLER_SCALES = _SCALES[3:]
_TENTH, _HUNDREDTH, _TEN_THOUSANDTH = map(to_single, (1e-1, 1e-2, 1e-4))
_ALMOST_ONE = to_single(0.9999995)


def float_str(x: float) -> str:
    """``str(x)`` on the board: seven digits, ``.0`` where nothing else marks a float; ``inf``, ``-inf``, ``nan``."""
    return float_text(x)


class _Texts(dict[float, str]):
    """Float -> its text."""

    def __missing__(self, x: float) -> str:
        if not x:
            return _zero_str(x)  # 0.0 and -0.0 would be one key
        text = _float_str(x)
        if x == x:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[x] = text
        return text


_REMEMBERED = 4096
float_text = _Texts().__getitem__
""":func:`float_str` of what is exactly a float, without a call of Python's where it is known."""


def _zero_str(x: float) -> str:
    return "-0.0" if math.copysign(1.0, x) < 0 else "0.0"


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
    digits, up = _leading(value, _DIGITS)
    digits += up
    if -4 <= exponent < _DIGITS:
        # a carry out of the seven digits makes an eighth: 9999999.6 is 10000000.0, not 1e+07
        text = str(digits).zfill(_DIGITS - exponent)
        point = len(text) - (_DIGITS - 1 - exponent)
        return _trimmed(text[:point], text[point:])
    text = str(digits)
    exponent += len(text) - _DIGITS
    return f"{_trimmed(text[0], text[1:])}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _leading(value: float, count: int) -> tuple[int, bool]:
    """The first ``count`` digits of a single from 0.5 to 10 as an int, and whether the next one rounds them up.

    The board takes a digit off and multiplies the rest by ten, again and again, each time rounded to the 24 bits of a single. In
    whole numbers of 2**-24 the rest has one more zero bit at its end each time: after three times nothing is left to be rounded.
    """
    rest = int(value * _UNIT)
    if count < 2:
        digits = rest >> 24 if count else 0
        rest = (rest & _BELOW_ONE) * 10 if count else rest
        return digits, rest >= _FIVE
    digits = 100 * (rest >> 24)
    rest = (rest & _BELOW_ONE) * 10
    if rest > _EXACT and rest & _LOW:
        rest = _rounded(rest)
    digits += 10 * (rest >> 24)
    rest = (rest & _BELOW_ONE) * 10
    if rest > _EXACT and rest & _LOW:
        rest = _rounded(rest)
    digits += rest >> 24
    if count > 2:
        rest = (rest & _BELOW_ONE) * 10
        if rest > _EXACT and rest & _LOW:
            rest = _rounded(rest)
        more = rest * _TENS[count - 3] >> 24 if count < len(_TENS) else rest * 10 ** (count - 3) >> 24
        digits = digits * 10 ** (count - 2) + more
    return digits // 10, digits % 10 >= 5


_UNIT = float(1 << 24)
_BELOW_ONE = (1 << 24) - 1
_FIVE = 5 << 24
_TENS = [10**power for power in range(12)]
_EXACT, _LOW = 1 << 25, 15
"""Nothing is rounded of what is less, or has these bits zero."""


def _rounded(rest: int) -> int:
    """To 24 bits, halves to even."""
    drop = rest.bit_length() - 24
    low = rest & (1 << drop) - 1
    if not low:
        return rest
    rest -= low
    half = 1 << drop - 1
    return rest + 2 * half if low > half or (low == half and rest & 2 * half) else rest


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
    for power, up, down in _SCALES if value >= _LARGE else _SMALLER_SCALES:
        if up <= value:
            exponent += power
            value = _unpack(_pack(value * down))[0]
    if value >= 10:
        return to_single(value * _TENTH), exponent + 1
    return value, exponent


BUFFER = 31
"""Characters that a formatted float can have: precision is cut to what fits (firmware: py/mpprint.c)."""

_EXPONENT_ROOM = 6

_MOST_PLACES = 6
_POWERS = tuple(10.0**places for places in range(_MOST_PLACES + 8))
_DIGITS_DOUBT = 5.5e-8
"""What is lost with the digits, for a first one before the point: 2**-21 of the second place, and as much of each further one."""
LEAST, MOST = 1e-3, 1e6
DOUBT = 2.95e-7
"""The board's digits of a number between these are off by less than this part of it.

Each rounding to 24 bits is off by 2**-24 of it at most: that of the number itself, and below 1 those of up to three products by
powers of ten. From 1 on there are two products, by powers that are themselves off by 4.0e-8 together. The digits add 5.4e-8.
"""


def format_float(x: float, kind: str, precision: int = -1, sign: str = "") -> str:
    """``x`` by a conversion of ``eEfFgG``: a negative ``precision`` means 6; ``sign`` stands before what is not negative."""
    single = to_single(x)
    if kind == "f" and 0 <= precision <= _MOST_PLACES:
        magnitude = abs(single)
        scaled = magnitude * _POWERS[precision]
        # far enough from where rounding turns, the board's inexact digits cannot differ from the host's
        if (LEAST <= magnitude < MOST) and (precision or magnitude >= 1) and abs(scaled % 1 - 0.5) > scaled * DOUBT:
            return f"{sign if single > 0 else ''}{single:.{precision}f}"
        if 1 <= magnitude < _LARGE:
            return f"{sign if single > 0 else '-'}{_common(magnitude, precision)}"
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


def fixed(x: float, places: int) -> str:
    """``format_float(x, "f", places)`` for 0 to 6 places, quickly for most numbers from 1 on."""
    if 1.0 <= x < _HALF_LARGE:
        return _common(_unpack(_pack(x))[0], places)
    return format_float(x, "f", places)


def _common(single: float, places: int) -> str:
    """What :func:`format_float` gives for ``f`` and a number from 1 to 1e8, with few places: most of all, without detours."""
    value, exponent = single, 0
    if value >= 1e4:
        value, exponent = _unpack(_pack(value * _TEN_THOUSANDTH))[0], 4
    if value >= 100:
        value, exponent = _unpack(_pack(value * _HUNDREDTH))[0], exponent + 2
    if value >= 10:
        value, exponent = _unpack(_pack(value * _TENTH))[0], exponent + 1
    scale = _POWERS[exponent + places]
    turn, off = value * scale % 1.0 - 0.5, scale * _DIGITS_DOUBT
    if turn > off or turn < -off:
        return f"{value * _POWERS[exponent]:.{places}f}"
    digits, up = _leading(value, exponent + 1 + places)
    text = str(digits + up).zfill(exponent + 1 + places)
    return f"{text[:-places]}.{text[-places:]}" if places else text


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
    digits, up = _leading(value, count)
    return (f"{digits:0{count}d}" if count else ""), up


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
    count = exponent + 1 + precision
    digits, up = _leading(scaled, count)
    text = str(digits + up).zfill(count)
    return f"{text[:-precision]}.{text[-precision:]}" if precision > 0 else text


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
