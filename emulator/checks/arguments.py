"""Calls that the board's functions and classes do not take."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from emulator import api
from emulator.checks import signatures
from emulator.checks.findings import Finding
from emulator.checks.script import Script

_OPEN = frozenset({"builtins.print", "builtins.super", "builtins.sorted", "builtins.max", "builtins.min"})
"""The table does not say all of these: the compiler fills in super(), the others take any number and keywords, too."""


def find(script: Script) -> Iterator[Finding]:
    """Yield the calls of known functions with too many or too few arguments, or with names they do not have."""
    for call in script.of(ast.Call):
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            continue
        path = _called(script, call.func)
        entry = api.lookup(path, script.board) if path else None
        if path in _OPEN:
            continue
        if path is None or entry is None or entry.kind not in ("function", "class") or not entry.instantiable:
            continue
        signature = signatures.read(entry.signature) if entry.signature else None
        if signature is None:
            continue
        refused = signature.refuse(len(call.args), [k.arg for k in call.keywords if k.arg])
        if refused and not script.guarded(call, "TypeError"):
            name = path.rpartition(".")[2]
            yield script.finding(call, "argument", refused[0], f"{name}(): {refused[1]}", f"{name}{entry.signature}")


def _called(script: Script, function: ast.expr) -> str | None:
    path = script.meaning(function)
    if path is not None:
        parent = api.lookup(path.rpartition(".")[0], script.board) if path.count(".") > 1 else None
        # a method called through its class is given the object, too
        return None if parent is not None and parent.kind == "class" and _is_function(script, path) else path
    if isinstance(function, ast.Attribute):
        made = script.instance(function.value)
        return f"{made}.{function.attr}" if made else None
    name = script.builtin(function)
    return f"builtins.{name}" if name else None


def _is_function(script: Script, path: str) -> bool:
    entry = api.lookup(path, script.board)
    return entry is not None and entry.kind == "function"
