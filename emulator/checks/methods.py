"""Methods that the board's own types lack or take otherwise, on objects whose type is plain to see."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from emulator import api
from emulator.checks import signatures
from emulator.checks.findings import Finding
from emulator.checks.natives import TYPES, native_type
from emulator.checks.script import Script
from emulator.checks.suggestions import similar

_INSTEAD = {
    "bit_length": "len(bin(x)) - 2",
    "capitalize": "s[:1].upper() + s[1:].lower()",
    "casefold": "lower()",
    "fromhex": "ubinascii.unhexlify(text)",
    "has_key": "key in d",
    "hex": "ubinascii.hexlify(data)",
    "isalnum": "all(c.isalpha() or c.isdigit() for c in s)",
    "isdecimal": "isdigit()",
    "isnumeric": "isdigit()",
    "iteritems": "items()",
    "iterkeys": "keys()",
    "itervalues": "values()",
    "ljust": "'{:<10}'.format(s)",
    "partition": "split(separator, 1)",
    "push": "append(x)",
    "removeprefix": "s[len(prefix):] after startswith(prefix)",
    "removesuffix": "s[:-len(suffix)] after endswith(suffix)",
    "rjust": "'{:>10}'.format(s)",
    "center": "'{:^10}'.format(s)",
    "splitlines": "split('\\n')",
    "title": "upper() or lower()",
    "viewitems": "items()",
    "zfill": "'{:05d}'.format(n)",
}


def find(script: Script) -> Iterator[Finding]:
    """Yield each access to such a method, and each call that it does not take."""
    from emulator.runtime.methods import TABLES

    for node in script.of(ast.Attribute):
        if node.attr.startswith("__") or not isinstance(node.ctx, ast.Load):
            continue
        kind, of_class = native_type(script, node.value), False
        if kind is None:
            kind, of_class = _class(script, node.value), True
        if kind is None:
            continue
        if node.attr not in TABLES[kind]:
            if not script.guarded(node, "AttributeError"):
                owner = f"type object '{kind.__name__}'" if of_class else f"'{kind.__name__}' object"
                message = f"AttributeError: {owner} has no attribute '{node.attr}'"
                why = f"{kind.__name__} has no {node.attr} on the board"
                close = similar(node.attr, TABLES[kind])
                instead = _INSTEAD.get(node.attr) or (f"did you mean {close}?" if close else "")
                if kind is set and node.attr in ("append", "push"):
                    instead = "add(x)"
                yield script.finding(node, "method", message, why, instead)
        else:
            yield from _call(script, node, kind, of_class)


def _class(script: Script, node: ast.expr) -> type | None:
    """The native type that ``node`` names."""
    return TYPES.get(script.builtin(node) or "")


def _call(script: Script, node: ast.Attribute, kind: type, of_class: bool) -> Iterator[Finding]:
    call = script.parents.get(id(node))
    if not (isinstance(call, ast.Call) and call.func is node):
        return
    entry = api.lookup(f"builtins.{kind.__name__}.{node.attr}", script.board)
    if entry is None or (of_class and entry.static != "classmethod"):
        return  # a method called through its class is given the object, too
    signature = signatures.read(entry.signature or "?")
    refused = signature.refuse_call(call, bound=True) if signature is not None else None
    if refused and not script.guarded(call, "TypeError"):
        yield script.finding(
            call, "argument", refused[0], f"{node.attr}(): {refused[1]}", signatures.form(node.attr, entry.signature)
        )
