"""The float literals of a script as numbers in single precision.

The host folds constant expressions in double precision. So what it would fold is folded here before, in the board's
precision; the code that it compiles then holds plain floats that are singles already, and these are replaced by numbers whose
arithmetic is the board's.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from types import CodeType
from typing import Any

from emulator.runtime import hooks
from emulator.runtime.single.complexes import Complex
from emulator.runtime.single.operators import divide, shown
from emulator.runtime.single.real import Single
from emulator.runtime.single.rounding import of_text
from emulator.runtime.source.build import called

_NUMBER = re.compile(r"(?:[0-9][0-9_]*)?\.?(?:[0-9][0-9_]*)?(?:[eE][+-]?[0-9][0-9_]*)?")

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: divide,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}


def literal(value: float | complex, source: str) -> float | complex:
    """A literal as the board reads it; ``source``: the line from where it stands."""
    wanted = value.imag if isinstance(value, complex) else value
    found = _NUMBER.match(source)
    text = found[0] if found else ""
    try:
        same = float(text.replace("_", "")) == wanted
    except ValueError:
        same = False
    number = of_text(text if same else repr(wanted)) if wanted - wanted == 0 else wanted
    return complex(0.0, number) if isinstance(value, complex) else number


def folded(node: ast.BinOp | ast.Call, left: ast.expr, op: ast.operator, right: ast.expr) -> ast.expr:
    """``node``, the operation as it is to be compiled; its value, where the host would fold it in double precision."""
    if not (_is_constant(left) and _is_constant(right)):
        return node
    if not isinstance(op, ast.Div) and not (_has_float(left) or _has_float(right)):
        return node
    operate = _BINARY.get(type(op))
    try:
        if operate is not None:
            value = _plain(operate(_value(left), _value(right)))
            return ast.copy_location(ast.Constant(value=value), node)
    except (ArithmeticError, TypeError, ValueError, KeyError):
        pass  # for the running script to meet
    if isinstance(node, ast.BinOp):
        node.left = called(hooks.FLOAT, left, at=left)  # what is called is not folded
    return node


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float, complex))
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    return isinstance(node, ast.BinOp) and _is_constant(node.left) and _is_constant(node.right)


def _has_float(node: ast.expr) -> bool:
    return any(isinstance(one, ast.Constant) and isinstance(one.value, (float, complex)) for one in ast.walk(node))


def _value(node: ast.expr) -> Any:
    """The value of a constant expression. Raises KeyError for operators that are not ours to fold, and what they raise."""
    if isinstance(node, ast.Constant):
        return in_single(node.value)
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)](_value(node.operand))
    assert isinstance(node, ast.BinOp)
    return _BINARY[type(node.op)](_value(node.left), _value(node.right))


def _plain(value: Any) -> Any:
    if isinstance(value, Complex):
        return complex(value.real, value.imag)
    return float(value) if isinstance(value, Single) else value


def in_single(constant: Any) -> Any:
    """A constant of compiled code whose floats are of the board's precision, those in tuples and in inner code too."""
    kind = type(constant)
    if kind is tuple or kind is frozenset:
        return kind(map(in_single, constant))
    if kind is CodeType:
        return constant.replace(co_consts=tuple(map(in_single, constant.co_consts)))
    return shown(constant)
