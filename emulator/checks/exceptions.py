"""Attributes that exceptions lack on the board (firmware: py/objexcept.c): they have ``args``, StopIteration ``value``, too."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from emulator import api
from emulator.checks.findings import Finding
from emulator.checks.script import Script

_KEPT = frozenset({"args", "value"})
_OPEN = frozenset({"Exception", "BaseException"})
"""What catches these may be a class of the script's, with attributes of its own."""

_ANYWHERE = frozenset({"with_traceback", "add_note"})
"""CPython gives these to every exception."""

_INSTEAD = {"errno": "args[0]", "strerror": "str(e)", "message": "str(e)", "filename": "", "with_traceback": ""}


def find(script: Script) -> Iterator[Finding]:
    """Yield each access to such an attribute of an exception that a handler has caught by the name of a builtin."""
    for handler in script.of(ast.ExceptHandler):
        kinds = _kinds(script, handler.type)
        if not handler.name or not kinds:
            continue
        for node in (node for statement in handler.body for node in ast.walk(statement)):
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
                continue
            if node.value.id != handler.name or node.attr in _KEPT or node.attr.startswith("__"):
                continue
            if (kinds & _OPEN and node.attr not in _ANYWHERE) or node.attr in script.stored:
                continue
            if isinstance(node.ctx, ast.Load) and not script.guarded(node, "AttributeError"):
                shown = min(kinds)
                message = f"AttributeError: '{shown}' object has no attribute '{node.attr}'"
                yield script.finding(
                    node, "method", message, f"{shown} has no {node.attr} on the board", _INSTEAD.get(node.attr, "")
                )


def _kinds(script: Script, node: ast.expr | None) -> set[str]:
    """The names of the builtin classes that a handler names; empty where there is another among them."""
    elements = node.elts if isinstance(node, ast.Tuple) else [node] if node is not None else []
    kinds = {script.builtin(element) or "" for element in elements}
    known = all(kind and api.lookup(f"builtins.{kind}", script.board) for kind in kinds)
    return {kind for kind in kinds if kind} if known else set()
