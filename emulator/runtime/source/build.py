"""Small syntax trees, placed where the script's own stand so that no line is added or lost."""

from __future__ import annotations

import ast
from typing import Any

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


def place(at: ast.expr | ast.stmt) -> Any:
    """Where ``at`` stands, as arguments of a node's: much quicker than ``ast.copy_location``."""
    return {
        "lineno": at.lineno,
        "col_offset": at.col_offset,
        "end_lineno": at.end_lineno,
        "end_col_offset": at.end_col_offset,
    }


LOAD = ast.Load()
STORE = ast.Store()


def called(function: str, *arguments: ast.expr, at: ast.expr) -> ast.Call:
    """A call of the hook ``function``."""
    where = place(at)
    return ast.Call(ast.Name(function, LOAD, **where), list(arguments), [], **where)


def constant(value: bool | str, at: ast.expr) -> ast.Constant:
    """An argument of a hook."""
    return ast.Constant(value, **place(at))


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
