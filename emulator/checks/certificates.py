"""Certificate paths that ussl refuses: the literal ones."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from emulator.checks.findings import Finding
from emulator.checks.script import Script
from ussl_shim.certfiles import ARGUMENTS, NOT_FOUND, Role, refuse_path

_ROLES: dict[str, Role] = {argument: role for role, argument in ARGUMENTS.items()}


def find(script: Script) -> Iterator[Finding]:
    """Yield the literal paths given to ``wrap_socket``, or in a dict given as ``ssl_params``, that the rules refuse."""
    for call in script.of(ast.Call):
        if script.meaning(call.func) == "ussl.wrap_socket":
            for keyword in call.keywords:
                yield from _path(script, keyword.arg or "", keyword.value)
        for keyword in call.keywords:
            if keyword.arg == "ssl_params" and isinstance(keyword.value, ast.Dict):
                for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                    if isinstance(key, ast.Constant):
                        yield from _path(script, str(key.value), value)


def _path(script: Script, argument: str, value: ast.expr) -> Iterator[Finding]:
    role = _ROLES.get(argument)
    if role is None or not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return
    refused = refuse_path(value.value.encode("utf-8", "replace"), role, script.cert_rules)
    if refused:
        why = f"{argument}={value.value!r}: {refused.reason}"
        instead = f"{argument}={refused.instead!r}"
        yield script.finding(value, "certificate", f"OSError: {NOT_FOUND[role]}", why, instead)
