"""Small syntax trees, placed where the script's own stand so that no line is added or lost."""

from __future__ import annotations

import ast

BYTES, BYTEARRAY, TEXT, DICT, NUMBER, FUNCTION, EXCEPTION, SEQUENCE, OTHER = (
    *("bytes", "bytearray", "str", "dict", "number", "function", "exception", "sequence", "other"),
)
"""What a name may stand for (``emulator/runtime/source/kinds.py``)."""


def name(identifier: str) -> ast.Name:
    """A name that is read."""
    return ast.Name(id=identifier, ctx=ast.Load())


def stored(identifier: str) -> ast.Name:
    """A name that is bound."""
    return ast.Name(id=identifier, ctx=ast.Store())


def called(function: str, *arguments: ast.expr, at: ast.expr) -> ast.Call:
    """A call of the hook ``function``."""
    made = ast.Call(func=ast.copy_location(name(function), at), args=list(arguments), keywords=[])
    return ast.copy_location(made, at)


def constant(value: bool | str, at: ast.expr) -> ast.Constant:
    """An argument of a hook."""
    return ast.copy_location(ast.Constant(value=value), at)


def assigned(identifier: str, value: ast.expr) -> ast.Assign:
    """``identifier = value``."""
    return ast.Assign(targets=[stored(identifier)], value=value)


def placed(statements: list[ast.stmt], at: ast.AST) -> list[ast.stmt]:
    """The statements at the place of ``at``, where they have none of their own."""
    for statement in statements:
        if not hasattr(statement, "lineno"):
            ast.copy_location(statement, at)
        ast.fix_missing_locations(statement)
    return statements
