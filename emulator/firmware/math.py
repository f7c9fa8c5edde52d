"""``math`` in single precision (firmware: py/modmath.c without MICROPY_PY_MATH_SPECIAL_FUNCTIONS).

A result that is not a number or infinite for an argument that is neither is ValueError "math domain error",
also where it only overflows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.firmware._arguments import native
from emulator.firmware._convert import to_float
from emulator.firmware._natives import to_word
from emulator.runtime.floats import to_single

if TYPE_CHECKING:
    from emulator.device import Device

E = to_single(math.e)
PI = to_single(math.pi)

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _checked(function: Callable[..., float], *args: float) -> float:
    try:
        result = to_single(function(*args))
    except ValueError:
        result = math.nan
    except OverflowError:
        result = math.inf
    if (math.isnan(result) and not any(map(math.isnan, args))) or (math.isinf(result) and not math.isinf(args[0])):
        raise ValueError("math domain error")
    return result


def _one(name: str) -> Callable[[object], float]:
    function: Callable[[float], float] = getattr(math, name)

    def call(x: object, /) -> float:
        return _checked(function, to_float(x))

    return _named(call, name, 1)


def _two(name: str) -> Callable[[object, object], float]:
    function: Callable[[float, float], float] = getattr(math, name)

    def call(x: object, y: object, /) -> float:
        return _checked(function, to_float(x), to_float(y))

    return _named(call, name, 2)


def _test(name: str) -> Callable[[object], bool]:
    function: Callable[[float], bool] = getattr(math, name)

    def call(x: object, /) -> bool:
        return function(to_float(x))

    return _named(call, name, 1)


def _whole(name: str) -> Callable[[object], int]:
    function: Callable[[float], int] = getattr(math, name)

    def call(x: object, /) -> int:
        value = to_float(x)
        if math.isnan(value):
            raise ValueError("can't convert NaN to int")
        if math.isinf(value):
            raise OverflowError("can't convert inf to int")
        return function(value)

    return _named(call, name, 1)


def _named(call: _Function, name: str, arguments: int) -> _Function:
    call.__name__ = call.__qualname__ = name
    return native(arguments)(call)


@native(1, 2)
def log(x: object, *base: object) -> float:
    """Return the natural logarithm, or that to ``base``; ZeroDivisionError for base 1."""
    value = to_float(x)
    if value <= 0:
        raise ValueError("math domain error")
    logarithm = to_single(math.log(value))
    if not base:
        return logarithm
    to = to_float(base[0])
    if to <= 0:
        raise ValueError("math domain error")
    if to == 1:
        raise ZeroDivisionError("divide by zero")
    return to_single(logarithm / to_single(math.log(to)))


@native(1)
def frexp(x: object, /) -> tuple[float, int]:
    """Return mantissa and exponent."""
    return math.frexp(to_float(x))


@native(2)
def ldexp(x: object, exponent: object, /) -> float:
    """Return ``x`` times a power of two; too large is infinite."""
    value, power = to_float(x), to_word(exponent)
    try:
        return to_single(math.ldexp(value, power))
    except OverflowError:
        return math.copysign(math.inf, value)


@native(1)
def modf(x: object, /) -> tuple[float, float]:
    """Return fraction and whole part."""
    return math.modf(to_float(x))


@native(1)
def radians(x: object, /) -> float:
    """Return degrees as radians."""
    return to_single(to_float(x) * to_single(PI / 180))


@native(1)
def degrees(x: object, /) -> float:
    """Return radians as degrees."""
    return to_single(to_float(x) * to_single(180 / PI))


def module(device: Device) -> dict[str, object]:
    """Return the names of ``math``."""
    one = ("sqrt", "exp", "cos", "sin", "tan", "acos", "asin", "atan", "fabs")
    return {
        "__name__": "math",
        "e": E,
        "pi": PI,
        **{name: _one(name) for name in one},
        **{name: _two(name) for name in ("pow", "atan2", "copysign", "fmod")},
        **{name: _whole(name) for name in ("ceil", "floor", "trunc")},
        **{name: _test(name) for name in ("isfinite", "isinf", "isnan")},
        "degrees": degrees,
        "frexp": frexp,
        "ldexp": ldexp,
        "log": log,
        "modf": modf,
        "radians": radians,
    }
