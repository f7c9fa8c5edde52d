"""Calls that the board's functions and classes do not take."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from emulator import api
from emulator.checks import signatures
from emulator.checks.findings import Finding
from emulator.checks.script import Script
from emulator.checks.signatures import Signature

_OPEN = frozenset({"builtins.super", "builtins.max", "builtins.min"})
"""The table does not say all of these: the compiler fills in super(), the others take any number and any names."""

_MORE = {
    "builtins.print": (
        "(..., sep=' ', end='\\n', file=sys.stdout)",
        Signature(0, None, frozenset({"sep", "end", "file"})),
    ),
    "builtins.sorted": ("(iterable, key=None, reverse=False)", Signature(1, 2, frozenset({"key", "reverse"}))),
}
"""What the table does not say of these."""

_CLASS_NAMES = "TypeError: function doesn't take keyword arguments"


def find(script: Script) -> Iterator[Finding]:
    """Yield the calls of known functions with too many or too few arguments, or with names they do not have."""
    for call in script.of(ast.Call):
        path, bound = _called(script, call.func)
        entry = api.lookup(path, script.board) if path else None
        if path is None or entry is None or path in _OPEN:
            continue
        if entry.kind not in ("function", "class") or not entry.instantiable:
            continue
        text, signature = _MORE.get(path) or (entry.signature, signatures.read(entry.signature or "?"))
        refused = signature.refuse_call(call, bound=bound) if signature is not None else None
        if refused and not script.guarded(call, "TypeError"):
            name = path.rpartition(".")[2]
            yield script.finding(call, "argument", refused[0], f"{name}(): {refused[1]}", signatures.form(name, text))
    for definition in script.of(ast.ClassDef):
        for keyword in definition.keywords:
            why = f"a class takes base classes only, no {keyword.arg or '**'}="
            if not script.guarded(definition, "TypeError"):
                yield script.finding(
                    definition, "argument", _CLASS_NAMES, why, "leave it out: there are no metaclasses"
                )


def _called(script: Script, function: ast.expr) -> tuple[str | None, bool]:
    """The dotted name of what is called, and whether it is a method of an object."""
    path = script.meaning(function)
    if path is not None:
        parent = api.lookup(path.rpartition(".")[0], script.board) if path.count(".") > 1 else None
        # a method called through its class is given the object, too
        through_class = parent is not None and parent.kind == "class" and _is_function(script, path)
        return (None if through_class else path), False
    if isinstance(function, ast.Attribute):
        made = script.instance(function.value)
        return (f"{made}.{function.attr}", True) if made else (None, False)
    name = script.builtin(function)
    return (f"builtins.{name}" if name else None), False


def _is_function(script: Script, path: str) -> bool:
    entry = api.lookup(path, script.board)
    return entry is not None and entry.kind == "function"
