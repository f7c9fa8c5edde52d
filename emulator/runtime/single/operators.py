"""Operators and builtins that give a float without having been given one, in single precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from emulator.runtime import hooks as names
from emulator.runtime.calls import hook, makers, real
from emulator.runtime.floats import int_to_single, to_single
from emulator.runtime.methods import TABLES
from emulator.runtime.methods._common import to_int
from emulator.runtime.methods.signature import native
from emulator.runtime.operators import unsupported
from emulator.runtime.printing import PLAIN
from emulator.runtime.single.complexes import Complex, made
from emulator.runtime.single.real import Single, operand, power, single
from emulator.runtime.single.rounding import power_of_ten

TABLES[Single] = TABLES[float]
TABLES[Complex] = TABLES[complex]
PLAIN[Single] = PLAIN[float]
PLAIN[Complex] = PLAIN[complex]


def shown(value: Any) -> Any:
    """A number of the host's as the script's; all else as it is."""
    kind = type(value)
    if kind is float:
        return single(value)
    if kind is complex:
        return made(value.real, value.imag)
    return value


def divide(left: Any, right: Any) -> Any:
    """``left / right``."""
    if isinstance(left, int) and isinstance(right, int):
        if not right:
            raise ZeroDivisionError("divide by zero")
        return single(int_to_single(left) / int_to_single(right))
    try:
        return left / right if type(left) is Single else shown(shown(left) / shown(right))
    except TypeError:
        if type(left).__module__ == type(right).__module__ == "builtins":
            raise unsupported("__truediv__", left, right) from None
        raise


def raised_to(left: Any, right: Any) -> Any:
    """``left ** right``."""
    if isinstance(left, int) and isinstance(right, int):
        return power(int_to_single(left), int_to_single(right)) if right < 0 else left**right
    try:
        return shown(left) ** shown(right)
    except TypeError:
        if type(left).__module__ == type(right).__module__ == "builtins":
            raise unsupported("__pow__", left, right) from None
        raise


class Right(int):
    """The int on the right of ``/=`` and ``**=``: an int on the left gives way to it, and the result is a single."""

    __slots__ = ()

    def __rtruediv__(self, other: Any) -> Any:
        return divide(other, int(self)) if isinstance(other, int) else NotImplemented

    def __rpow__(self, other: Any, modulus: Any = None) -> Any:
        return raised_to(other, int(self)) if isinstance(other, int) else NotImplemented


TABLES[Right] = TABLES[int]


def _right(value: Any) -> Any:
    return Right(value) if isinstance(value, int) else shown(value)


def _round(value: Any, digits: int) -> Single:
    """``round(value, digits)``, each step rounded (firmware: py/modbuiltins.c)."""
    number = operand(value)
    if number is None:
        number = real(value)
    scale = power_of_ten(digits)
    scaled = to_single(number * scale)
    whole = math.copysign(float(round(scaled)), scaled) if math.isfinite(scaled) else scaled
    if scale:
        return single(whole / scale)
    return single(math.nan if not whole or math.isnan(whole) else math.copysign(math.inf, whole))


def builtins(interpreter: Any, plain: dict[str, Any]) -> dict[str, Any]:
    """What stands for the ``plain`` builtins and hooks where arithmetic is in single precision."""
    plain_round: Callable[..., Any] = plain["round"]
    plain_pow: Callable[..., Any] = plain["pow"]
    plain_isinstance: Callable[..., bool] = plain["isinstance"]
    table = makers(interpreter)
    plain_type: Callable[..., type] = table[id(type)]

    def make_type(*args: Any, **kwargs: Any) -> type:
        if len(args) == 1 and not kwargs:
            value = shown(args[0])
            return int if type(value) is Right else plain_type(value)
        return plain_type(*args, **kwargs)

    @native(1, 2)
    def native_round(value: Any, *digits: Any) -> Any:
        if not digits or (isinstance(value, int) and not isinstance(value, bool)):
            return plain_round(value, *digits)
        return _round(value, to_int(digits[0]))

    @native(2, 3)
    def native_pow(left: Any, right: Any, *modulus: Any) -> Any:
        return plain_pow(left, right, *modulus) if modulus else raised_to(left, right)

    def isinstance_(*args: Any, **keywords: Any) -> bool:
        return plain_isinstance(*map(shown, args), **keywords)

    return {
        "float": Single,
        "complex": Complex,
        "pow": native_pow,
        "round": native_round,
        "isinstance": isinstance_,
        names.CALL: hook({**table, id(type): make_type}),
        names.DIVIDE: divide,
        names.POWER: raised_to,
        names.RIGHT: _right,
        names.FLOAT: shown,
    }


def _named(kind: type, name: str) -> None:
    kind.__name__ = kind.__qualname__ = name
    kind.__module__ = "builtins"


_named(Single, "float")
_named(Complex, "complex")
_named(Right, "int")
