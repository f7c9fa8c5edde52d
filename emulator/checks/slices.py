"""Slices with a step, which only lists have on the board (firmware: py/objstr.c, objtuple.c, objarray.c)."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from emulator.checks.findings import Finding
from emulator.checks.natives import native_type
from emulator.checks.script import Script

_MESSAGE = "NotImplementedError: only slices with step=1 (aka None) are supported"
_WITHOUT = (str, bytes, bytearray, tuple)


def find(script: Script) -> Iterator[Finding]:
    """Yield each slice with a step of an object whose type is plain to see."""
    for node in script.of(ast.Subscript):
        if not isinstance(node.slice, ast.Slice) or not _has_step(node.slice.step):
            continue
        kind = native_type(script, node.value)
        if kind in _WITHOUT and not script.guarded(node, "NotImplementedError"):
            instead = "''.join(reversed(s))" if kind is str and _step(node.slice.step) == -1 else "list(x)[...]"
            yield script.finding(node, "slice", _MESSAGE, f"a {kind.__name__} has no slices with a step", instead)


def _has_step(step: ast.expr | None) -> bool:
    value = _step(step)
    return value is not None and value != 1


def _step(step: ast.expr | None) -> int | None:
    if isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub) and isinstance(step.operand, ast.Constant):
        value = step.operand.value
        return -value if type(value) is int else None
    return step.value if isinstance(step, ast.Constant) and type(step.value) is int else None
