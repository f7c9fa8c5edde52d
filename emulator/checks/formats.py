"""``str.format`` and ``%`` with templates that are plain to see: asked of the emulator's own formatting."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.checks.findings import Finding
from emulator.checks.natives import native_type
from emulator.checks.script import Script

_ERRORS = (IndexError, KeyError, NotImplementedError, TypeError, ValueError)
_MANY = 100


class _Unknown(int):
    """A value that is not known: a number takes every conversion but ``s``, and that one is let pass."""


class _Any(dict[str, Any]):
    """``**names``: every name is there."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> Any:
        return _Unknown(1)


class _Printer:
    """Shows nothing: only what is refused counts."""

    def __getattr__(self, name: str) -> Any:
        return lambda value: "1"


def find(script: Script) -> Iterator[Finding]:
    """Yield each call of ``format`` and each ``%`` that the board refuses whatever the unknown values are."""
    for call in script.of(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "format":
            template = script.text(call.func.value)
            if template is not None and not script.guarded(call, *_NAMES):
                yield from _format(script, call, template)
    for operation in script.of(ast.BinOp):
        if isinstance(operation.op, ast.Mod):
            template = script.text(operation.left)
            if template is not None and not script.guarded(operation, *_NAMES):
                yield from _modulo(script, operation, template)


_NAMES = tuple(error.__name__ for error in _ERRORS)


def _format(script: Script, call: ast.Call, template: str) -> Iterator[Finding]:
    from emulator.runtime.formatting import format_str

    args = [_value(script, a) for a in call.args if not isinstance(a, ast.Starred)]
    if len(args) < len(call.args):
        args = [_Unknown(1)] * _MANY
    names: Mapping[str, Any] = {k.arg: _value(script, k.value) for k in call.keywords if k.arg}
    if any(k.arg is None for k in call.keywords):
        names = _Any()
    try:
        format_str(template, args, names, _Printer())  # type: ignore[arg-type]
    except _ERRORS as error:
        if _Unknown.__name__ not in str(error):
            why = f"{_short(template)}.format(): {_reason(error)}"
            yield script.finding(call, "format", _message(error), why)


def _modulo(script: Script, operation: ast.BinOp, template: str) -> Iterator[Finding]:
    from emulator.runtime.formatting import modulo

    right = script.value(operation.right)
    values: Any
    if isinstance(right, ast.Tuple):
        if any(isinstance(element, ast.Starred) for element in right.elts):
            return
        values = tuple(_value(script, element) for element in right.elts)
    elif isinstance(right, ast.Dict):
        names = [script.text(key) if key is not None else None for key in right.keys]
        if None in names:
            return
        values = dict(zip(names, (_value(script, value) for value in right.values), strict=True))
    elif native_type(script, right) in (str, bytes, int, float, list, set):
        values = _value(script, right)
    else:
        return
    try:
        modulo(template, values, _Printer())  # type: ignore[arg-type]
    except _ERRORS as error:
        if _Unknown.__name__ not in str(error):
            yield script.finding(operation, "format", _message(error), f"{_short(template)} %: {_reason(error)}")


def _value(script: Script, node: ast.expr) -> Any:
    """A literal's own value, an empty value of a type that is plain to see, or the unknown."""
    node = script.value(node)
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, (str, bytes, int, float))):
        return node.value
    kind = native_type(script, node)
    return kind() if kind in (str, bytes, list, dict, set, tuple) else _Unknown(1)


def _message(error: Exception) -> str:
    return f"{type(error).__name__}: {error.args[0] if error.args else ''}"


_REASONS = {
    "tuple index out of range": "there are fewer values than fields",
    "format string needs more arguments": "there are fewer values than conversions",
    "format string didn't convert all arguments": "there are more values than conversions",
    "format needs a dict": "names in the template need a dict on the right",
    "can't switch from manual field specification to automatic field numbering": "number all fields or none",
    "can't switch from automatic field numbering to manual field specification": "number all fields or none",
    "bad conversion specifier": "there are !r and !s",
    "attributes not supported yet": "a field can only be a number or a name; look the attribute up before",
}


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"no value is named {error.args[0]}"
    return _REASONS.get(str(error), "the board's formatting does not take this template with these values")


def _short(template: str) -> str:
    return repr(template if len(template) <= 40 else template[:37] + "...")
