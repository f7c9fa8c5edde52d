"""From texts to single precision by the board's own steps: each rounds, so the last bit is not always the nearest one.

firmware: py/parsenum.c
"""

from __future__ import annotations

import math

from emulator.runtime.floats import to_single

_ENOUGH = to_single(1e20)
"""From here on further digits are only counted."""

_SMALL_NORMAL = to_single(1e-37)
_SMALL_EXPONENT = -37
_EXACT_POWER = 9
_LARGEST_POWER = 38
_LEAST_POWER = -45


def power_of_ten(exponent: int) -> float:
    """10 to a whole power; infinite or 0 beyond the range."""
    if exponent > _LARGEST_POWER:
        return math.inf
    return to_single(10.0**exponent) if exponent >= _LEAST_POWER else 0.0


def of_text(number: str) -> float:
    """A decimal number without a sign (``12``, ``1_0.5``, ``.5e-3``; underscores count for nothing)."""
    mantissa, _, exponent = number.replace("_", "").lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    value, shift = 0.0, 0
    for index, digit in enumerate(whole + fraction):
        if value < _ENOUGH:
            value = to_single(to_single(10 * value) + int(digit))
            shift -= index >= len(whole)
        else:
            shift += index < len(whole)
    power = int(exponent or 0) + shift
    if power < _SMALL_EXPONENT:
        power -= _SMALL_EXPONENT
        value = to_single(value * _SMALL_NORMAL)
    if -_EXACT_POWER <= power < 0:
        return to_single(value / power_of_ten(-power))
    return to_single(value * power_of_ten(power))
