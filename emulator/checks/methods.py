"""Methods that the board's own types lack, on objects whose type is plain to see."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from emulator.checks.findings import Finding
from emulator.checks.script import Script

_MADE_BY = {"str": str, "bytes": bytes, "bytearray": bytearray, "repr": str, "hex": str, "input": str, "chr": str}
_NO_KEYWORDS = frozenset({"split", "rsplit", "encode", "decode", "replace"})


def find(script: Script) -> Iterator[Finding]:
    """Yield each access to such a method."""
    from emulator.runtime.methods import TABLES

    for node in script.of(ast.Attribute):
        if node.attr.startswith("__") or not isinstance(node.ctx, ast.Load):
            continue
        kind = _type(script, node.value)
        if kind is None:
            continue
        if node.attr not in TABLES[kind]:
            if not script.guarded(node, "AttributeError"):
                message = f"AttributeError: '{kind.__name__}' object has no attribute '{node.attr}'"
                why = f"{kind.__name__} has no {node.attr} on the board"
                yield script.finding(node, "method", message, why)
            continue
        call = script.parents.get(id(node))
        if isinstance(call, ast.Call) and call.func is node and call.keywords and node.attr in _NO_KEYWORDS:
            message = "TypeError: function doesn't take keyword arguments"
            why = f"{node.attr}() takes no names on the board"
            yield script.finding(call, "argument", message, why, "give the values in order, without names")


def _type(script: Script, node: ast.expr) -> type | None:
    if isinstance(node, ast.Constant):
        return type(node.value) if type(node.value) in (str, bytes, int, float) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        left = _type(script, node.left)
        return left if left in (str, bytes) else None
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute):
        owner = _type(script, node.func.value)
        keeps = ("format", "replace", "strip", "lstrip", "rstrip", "lower", "upper", "join")
        return owner if owner in (str, bytes) and node.func.attr in keeps else None
    return _MADE_BY.get(script.builtin(node.func) or "")
