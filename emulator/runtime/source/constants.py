"""``NAME = const(value)`` as the board's parser folds it (firmware: py/parse.c)."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type[ast.unaryop], Callable[[int], int]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
}
_MODULES = frozenset({"uerrno", "errno", "uctypes", "umachine", "machine"})
"""Modules whose constants the compiler knows by itself."""

_LONGEST_SHIFT = 4096


def constant_of(node: ast.Assign) -> ast.expr | None:
    """``value`` of ``NAME = const(value)``, None for any other assignment."""
    call = node.value
    if (
        len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "const"
        and len(call.args) == 1
        and not call.keywords
    ):
        return call.args[0]
    return None


def of_a_module(node: ast.expr) -> bool:
    """Whether ``node`` names a constant of a module that the compiler knows."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in _MODULES


def fold(node: ast.expr, constants: Mapping[str, int]) -> int | None:
    """The whole number that ``node`` comes to for the parser, None if it comes to none."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        value = fold(node.operand, constants)
        return None if value is None else _UNARY[type(node.op)](value)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = fold(node.left, constants), fold(node.right, constants)
        if left is None or right is None:
            return None
        shift = isinstance(node.op, (ast.LShift, ast.RShift))
        if (shift and not 0 <= right <= _LONGEST_SHIFT) or (
            isinstance(node.op, (ast.FloorDiv, ast.Mod)) and right == 0
        ):
            return None
        return _BINARY[type(node.op)](left, right)
    return None
