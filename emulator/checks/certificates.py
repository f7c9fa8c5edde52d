"""Certificate paths that ussl refuses: those that are plain to see."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from emulator.checks.findings import Finding
from emulator.checks.script import Script
from ussl_shim.certfiles import ARGUMENTS, NOT_FOUND, Role, refuse_path

_ROLES: dict[str, Role] = {argument: role for role, argument in ARGUMENTS.items()}


def find(script: Script) -> Iterator[Finding]:
    """Yield the paths given to ``wrap_socket``, or in a dict for ``ssl_params``, that the rules refuse.

    Literal ones, and names that stand for nothing else.
    """
    for call in script.of(ast.Call):
        wraps = script.meaning(call.func) == "ussl.wrap_socket"
        for keyword in call.keywords:
            if wraps and keyword.arg:
                yield from _path(script, keyword.arg, keyword.value)
            elif keyword.arg == "ssl_params" or (wraps and keyword.arg is None):
                for argument, value in _items(script, keyword.value):
                    yield from _path(script, argument, value)


def _items(script: Script, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The entries of a dict that is written out, as a display or as a call of dict()."""
    node = script.value(node)
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            name = script.text(key) if key is not None else None
            if name is not None:
                yield name, value
    elif isinstance(node, ast.Call) and script.builtin(node.func) == "dict":
        yield from ((keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg)


def _path(script: Script, argument: str, value: ast.expr) -> Iterator[Finding]:
    role = _ROLES.get(argument)
    path = script.text(value)
    if role is None or path is None:
        return
    refused = refuse_path(path.encode("utf-8", "replace"), role, script.cert_rules)
    if refused:
        why = f"{argument}={path!r}: {refused.reason}"
        instead = f"{argument}={refused.instead!r}"
        yield script.finding(value, "certificate", f"OSError: {NOT_FOUND[role]}", why, instead)
