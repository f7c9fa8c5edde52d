"""``float`` in single precision (firmware: py/objfloat.c)."""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable
from typing import Any

from emulator.runtime.calls import parse_float, real
from emulator.runtime.floats import float_str, int_to_single, to_single
from emulator.runtime.methods._common import SPACE, buffer_of
from emulator.runtime.methods.signature import check_count, no_keywords
from emulator.runtime.single.rounding import of_text

_FORMAT = struct.Struct("<f")
_pack, _unpack, _new = _FORMAT.pack, _FORMAT.unpack, float.__new__

_Binary = Callable[[Any, Any], Any]


def parsed(text: str) -> float:
    """A float from its text. Raises ValueError."""
    value = parse_float(text)
    digits = text.strip(SPACE).lstrip("+-")
    if not digits[:1].isdigit() and digits[:1] != ".":
        return value  # inf or nan
    return math.copysign(of_text(digits), value)


def operand(value: Any) -> float | None:
    """A number as a float of the board; None for all else."""
    if isinstance(value, int):
        return int_to_single(value)
    return to_single(value) if isinstance(value, float) else None


class Single(float):
    """A float that holds a single and whose arithmetic gives such. The script knows it as ``float``."""

    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """``float(number or text)``. Raises TypeError, ValueError."""
        if kwargs:
            no_keywords()
        check_count(len(args), 0, 1)
        if not args:
            return _new(cls)
        value = args[0]
        if type(value) is Single and cls is Single:
            return value
        number = operand(value)
        if number is None:
            try:
                text = value if isinstance(value, str) else bytes(buffer_of(value)).decode("latin-1")
            except TypeError:
                real(value)
                raise
            number = parsed(text)
        return _new(cls, number)

    __hash__ = float.__hash__

    def __repr__(self) -> str:
        return float_str(self)

    def __abs__(self) -> Single:
        return _new(Single, float.__abs__(self))

    def __neg__(self) -> Single:
        return _new(Single, float.__neg__(self))

    def __pos__(self) -> Single:
        return self

    def __pow__(self, other: Any, modulus: None = None) -> Any:
        to = operand(other)
        return NotImplemented if to is None else power(float(self), to)

    def __rpow__(self, other: Any, modulus: None = None) -> Any:
        base = operand(other)
        return NotImplemented if base is None else power(base, float(self))


def single(value: float) -> Single:
    """``value`` rounded."""
    try:
        return _new(Single, _unpack(_pack(value))[0])
    except OverflowError:
        return _new(Single, math.copysign(math.inf, value))


def power(base: float, to: float) -> Any:
    """``base ** to`` of singles. Raises ZeroDivisionError; a negative base may give a complex."""
    if base == 0 and to < 0 and not math.isinf(to):
        raise ZeroDivisionError("divide by zero")
    if base < 0 and not math.isinf(to) and (math.isnan(to) or to != math.floor(to)):
        from emulator.runtime.single.complexes import Complex

        return Complex.__pow__(Complex(base), to)
    try:
        return single(math.pow(base, to))
    except OverflowError:
        return _new(Single, -math.inf if base < 0 and to % 2 == 1 else math.inf)


def _rounded(operate: _Binary) -> tuple[_Binary, _Binary]:
    """An operator and its reflection: what ``operate`` gives in double precision, rounded once, is the board's result."""

    def forward(self: Any, other: Any) -> Any:
        if type(other) is not Single:
            other = operand(other)
            if other is None:
                return NotImplemented
        value = operate(self, other)
        # In this range there is a quicker way than by `struct`: Veltkamp's splitting at 24 bits, which rounds to the nearest.
        # Of two as near it gives the even one: then the product needs one bit more than a double has, and is rounded to even.
        if 1e-37 < value < 3.4e38 or -3.4e38 < value < -1e-37:
            split = value * 536870913.0
            return _new(Single, split - (split - value))
        return single(value)

    def reflected(self: Any, other: Any) -> Any:
        other = operand(other)
        return NotImplemented if other is None else single(operate(other, self))

    return forward, reflected


def _stepwise(function: Callable[[float, float], Any]) -> tuple[_Binary, _Binary]:
    """The same of a function that rounds by itself."""

    def forward(self: Any, other: Any) -> Any:
        right = operand(other)
        return NotImplemented if right is None else function(float(self), right)

    def reflected(self: Any, other: Any) -> Any:
        left = operand(other)
        return NotImplemented if left is None else function(left, float(self))

    return forward, reflected


def _compared(compare: _Binary) -> _Binary:
    def method(self: Any, other: Any) -> Any:
        if type(other) is not Single:
            other = operand(other)
            if other is None:
                return NotImplemented
        return compare(self, other)

    return method


def _nonzero(divisor: float) -> None:
    if not divisor:
        raise ZeroDivisionError("divide by zero")


def _remainder(left: float, right: float) -> float:
    """C's ``fmod``, which is exact."""
    return math.nan if math.isinf(left) else math.fmod(left, right)


def _mod(left: float, right: float) -> Single:
    _nonzero(right)
    rest = _remainder(left, right)
    if not rest:
        rest = math.copysign(0.0, right)
    elif (rest < 0) != (right < 0):
        rest += right
    return single(rest)


def divmod_of(left: float, right: float) -> tuple[Single, Single]:
    """``divmod`` of singles, each step rounded. Raises ZeroDivisionError."""
    _nonzero(right)
    rest = _remainder(left, right)
    quotient = to_single(to_single(left - rest) / right)
    if not rest:
        rest = math.copysign(0.0, right)
    elif (rest < 0) != (right < 0):
        rest = to_single(rest + right)
        quotient = to_single(quotient - 1)
    if not quotient:
        return _new(Single, math.copysign(0.0, left / right)), single(rest)
    whole = float(math.floor(quotient)) if math.isfinite(quotient) else quotient
    if to_single(quotient - whole) > 0.5:
        whole = to_single(whole + 1)
    return single(whole), single(rest)


def _floordiv(left: float, right: float) -> Single:
    return divmod_of(left, right)[0]


def _install() -> None:
    methods: dict[str, tuple[_Binary, _Binary]] = {
        "add": _rounded(float.__add__),
        "sub": _rounded(float.__sub__),
        "mul": _rounded(float.__mul__),
        "truediv": _rounded(float.__truediv__),
        "floordiv": _stepwise(_floordiv),
        "mod": _stepwise(_mod),
        "divmod": _stepwise(divmod_of),
    }
    for name, (forward, reflected) in methods.items():
        setattr(Single, f"__{name}__", forward)
        setattr(Single, f"__r{name}__", reflected)
    for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        name = f"__{compare.__name__}__"
        setattr(Single, name, _compared(vars(float)[name]))


_install()
