"""``complex`` of two singles (firmware: py/objcomplex.c)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from emulator.runtime.calls import real
from emulator.runtime.floats import to_single
from emulator.runtime.methods._common import SPACE
from emulator.runtime.methods.signature import check_count, no_keywords
from emulator.runtime.printing import complex_repr
from emulator.runtime.single.real import Single, operand, parsed, single

_new = complex.__new__
_real, _imag = complex.real.__get__, complex.imag.__get__

Parts = tuple[float, float]


def parts(value: Any) -> Parts | None:
    """Real and imaginary part of a number; None for all else."""
    if isinstance(value, complex):
        return to_single(_real(value)), to_single(_imag(value))
    number = operand(value)
    return None if number is None else (number, 0.0)


class Complex(complex):
    """A complex of singles whose arithmetic gives such. The script knows it as ``complex``."""

    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """``complex(number or text)``, ``complex(number, number)``. Raises TypeError, ValueError."""
        if kwargs:
            no_keywords()
        check_count(len(args), 0, 2)
        if len(args) == 1 and isinstance(args[0], str):
            text = args[0].strip(SPACE)
            imaginary = text[-1:] in ("j", "J")
            number = parsed(text[:-1] if imaginary else text)
            return _new(cls, 0.0, number) if imaginary else _new(cls, number, 0.0)
        given = [_to_parts(value) for value in args] + [(0.0, 0.0)] * 2
        (left, up), (right, over) = given[:2]
        return _new(cls, to_single(left - over), to_single(up + right))

    __hash__ = complex.__hash__

    @property
    def real(self) -> Single:
        return single(_real(self))

    @property
    def imag(self) -> Single:
        return single(_imag(self))

    def __repr__(self) -> str:
        return complex_repr(self)

    def __abs__(self) -> Single:
        return single(_size(_real(self), _imag(self)))

    def __neg__(self) -> Complex:
        return made(-_real(self), -_imag(self))

    def __pos__(self) -> Complex:
        return self

    def __eq__(self, other: object) -> Any:
        given = parts(other)
        return NotImplemented if given is None else given == (_real(self), _imag(self))

    def __ne__(self, other: object) -> Any:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __floordiv__(self, other: Any) -> Any:
        if parts(other) is None:
            return NotImplemented
        raise TypeError("can't truncate-divide a complex number")

    __rfloordiv__ = __floordiv__

    def __pow__(self, other: Any, modulus: None = None) -> Any:
        given = parts(other)
        return NotImplemented if given is None else made(*_power((_real(self), _imag(self)), given))

    def __rpow__(self, other: Any, modulus: None = None) -> Any:
        given = parts(other)
        return NotImplemented if given is None else made(*_power(given, (_real(self), _imag(self))))


def made(of: float, imaginary: float) -> Complex:
    """A complex of two numbers, each rounded."""
    return _new(Complex, to_single(of), to_single(imaginary))


def _to_parts(value: Any) -> Parts:
    given = parts(value)
    return (real(value), 0.0) if given is None else given


def _mul(left: float, right: float) -> float:
    return to_single(left * right)


def _size(across: float, up: float) -> float:
    return to_single(math.sqrt(to_single(_mul(across, across) + _mul(up, up))))


def _added(left: Parts, right: Parts) -> Parts:
    return left[0] + right[0], left[1] + right[1]


def _subtracted(left: Parts, right: Parts) -> Parts:
    return left[0] - right[0], left[1] - right[1]


def _multiplied(left: Parts, right: Parts) -> Parts:
    return _mul(left[0], right[0]) - _mul(left[1], right[1]), _mul(left[0], right[1]) + _mul(left[1], right[0])


def _divided(left: Parts, right: Parts) -> Parts:
    (across, up), (by, turn) = left, right
    if turn == 0:
        if by == 0:
            raise ZeroDivisionError("complex divide by zero")
        return across / by, up / by
    if by == 0:
        return up / turn, -across / turn
    square = to_single(_mul(by, by) + _mul(turn, turn))
    return _multiplied(left, (_quotient(by, square), _quotient(turn, -square)))


def _quotient(left: float, right: float) -> float:
    if right:
        return to_single(left / right)
    return math.copysign(math.inf, left) * math.copysign(1.0, right)  # of a square too small


def _of(function: Callable[[float], float], value: float) -> float:
    """What C gives: not a number outside the domain, infinite where it is too large."""
    try:
        return to_single(function(value))
    except ValueError:
        return math.nan
    except OverflowError:
        return math.inf


def _power(left: Parts, right: Parts) -> Parts:
    size = _size(*left)
    if size == 0:
        if right[1] != 0 or not right[0] >= 0:
            raise ZeroDivisionError("0.0 to a complex power")
        return float(right[0] == 0), left[1]
    logarithm, angle = _of(math.log, size), to_single(math.atan2(left[1], left[0]))
    grown = to_single(_mul(right[0], logarithm) - _mul(right[1], angle))
    turned = to_single(_mul(right[1], logarithm) + _mul(right[0], angle))
    size = _of(math.exp, grown)
    return size * _of(math.cos, turned), size * _of(math.sin, turned)


def _install() -> None:
    def both(name: str, function: Callable[[Parts, Parts], Parts]) -> None:
        def forward(self: Any, other: Any) -> Any:
            given = parts(other)
            return NotImplemented if given is None else made(*function((_real(self), _imag(self)), given))

        def reflected(self: Any, other: Any) -> Any:
            given = parts(other)
            return NotImplemented if given is None else made(*function(given, (_real(self), _imag(self))))

        setattr(Complex, f"__{name}__", forward)
        setattr(Complex, f"__r{name}__", reflected)

    both("add", _added)
    both("sub", _subtracted)
    both("mul", _multiplied)
    both("truediv", _divided)


_install()
