"""``cmath`` in single precision (firmware: py/modcmath.c): phase, polar, rect, exp, log, sqrt, cos, sin."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.firmware._arguments import native
from emulator.firmware._convert import to_float
from emulator.firmware.math import PI, E
from emulator.runtime.floats import to_single
from emulator.runtime.names import type_name

if TYPE_CHECKING:
    from emulator.device import Device


def _parts(value: object) -> tuple[float, float]:
    if isinstance(value, complex):
        return to_single(value.real), to_single(value.imag)
    if isinstance(value, (float, int)):
        return to_float(value), 0.0
    raise TypeError(f"can't convert {type_name(value)} to complex")


def _safe(function: Callable[[float], float], x: float) -> float:
    """Return what C gives: infinite for an overflow, not a number outside the domain."""
    try:
        return to_single(function(x))
    except OverflowError:
        return math.copysign(math.inf, x) if function is math.sinh else math.inf
    except ValueError:
        return -math.inf if x == 0 else math.nan


def _square(real: float, imag: float) -> float:
    """The square of the distance; infinite where it is too large for a single, though the distance may not be."""
    return to_single(to_single(real * real) + to_single(imag * imag))


def _single(real: float, imag: float) -> complex:
    return complex(to_single(real), to_single(imag))


@native(1)
def phase(z: object, /) -> float:
    """Return the angle of ``z``."""
    real, imag = _parts(z)
    return to_single(math.atan2(imag, real))


@native(1)
def polar(z: object, /) -> tuple[float, float]:
    """Return distance and angle of ``z``."""
    real, imag = _parts(z)
    return to_single(math.sqrt(_square(real, imag))), to_single(math.atan2(imag, real))


@native(2)
def rect(r: object, phi: object, /) -> complex:
    """Return the complex number at distance ``r`` and angle ``phi``."""
    distance, angle = to_float(r), to_float(phi)
    return _single(distance * _safe(math.cos, angle), distance * _safe(math.sin, angle))


@native(1)
def exp(z: object, /) -> complex:
    """Return e to the power of ``z``."""
    real, imag = _parts(z)
    size = _safe(math.exp, real)
    return _single(size * _safe(math.cos, imag), size * _safe(math.sin, imag))


@native(1)
def log(z: object, /) -> complex:
    """Return the natural logarithm of ``z``; of 0 it is minus infinity, no error."""
    real, imag = _parts(z)
    return _single(0.5 * _safe(math.log, _square(real, imag)), math.atan2(imag, real))


@native(1)
def sqrt(z: object, /) -> complex:
    """Return the square root of ``z``, by its angle: of -1 it is not exactly 1j."""
    real, imag = _parts(z)
    root, half = to_single(_square(real, imag) ** 0.25), to_single(to_single(math.atan2(imag, real)) / 2)
    return _single(root * _safe(math.cos, half), root * _safe(math.sin, half))


@native(1)
def cos(z: object, /) -> complex:
    """Return the cosine of ``z``."""
    real, imag = _parts(z)
    return _single(_safe(math.cos, real) * _safe(math.cosh, imag), -_safe(math.sin, real) * _safe(math.sinh, imag))


@native(1)
def sin(z: object, /) -> complex:
    """Return the sine of ``z``."""
    real, imag = _parts(z)
    return _single(_safe(math.sin, real) * _safe(math.cosh, imag), _safe(math.cos, real) * _safe(math.sinh, imag))


def module(device: Device) -> dict[str, object]:
    """Return the names of ``cmath``."""
    return {
        "__name__": "cmath",
        "cos": cos,
        "e": E,
        "exp": exp,
        "log": log,
        "phase": phase,
        "pi": PI,
        "polar": polar,
        "rect": rect,
        "sin": sin,
        "sqrt": sqrt,
    }
