"""Which of the board's own types an expression certainly has."""

from __future__ import annotations

import ast

from emulator.checks.script import Script

TYPES: dict[str, type] = {
    kind.__name__: kind for kind in (str, bytes, bytearray, int, float, list, tuple, dict, set, frozenset)
}
_MADE_BY: dict[str, type] = {
    **TYPES,
    **dict.fromkeys(["repr", "hex", "oct", "bin", "chr", "input"], str),
    **dict.fromkeys(["len", "ord", "id", "hash"], int),
    "sorted": list,
}
"""Builtin -> the type of what it returns."""

_DISPLAYS: tuple[tuple[type[ast.expr], type], ...] = (
    (ast.List, list),
    (ast.ListComp, list),
    (ast.Tuple, tuple),
    (ast.Dict, dict),
    (ast.DictComp, dict),
    (ast.Set, set),
    (ast.SetComp, set),
)
_SAME_TYPE = frozenset(["format", "replace", "strip", "lstrip", "rstrip", "lower", "upper", "join"])
"""Methods of str and bytes that return what they belong to."""

_CONSTANTS = (str, bytes, int, float)


def native_type(script: Script, node: ast.expr) -> type | None:
    """The type of ``node``: of a literal, of what a builtin makes of it, of a name for one; None where it is not certain."""
    node = script.value(node)
    if isinstance(node, ast.Constant):
        return type(node.value) if type(node.value) in _CONSTANTS else None
    for display, kind in _DISPLAYS:
        if isinstance(node, display):
            return kind
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        left = native_type(script, node.left)
        return left if left in (str, bytes) else None
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute):
        owner = native_type(script, node.func.value)
        return owner if owner in (str, bytes) and node.func.attr in _SAME_TYPE else None
    return _MADE_BY.get(script.builtin(node.func) or "")
