"""What notices a deep recursion, put into the functions that may call themselves (``emulator/runtime/recursion.py``)."""

from __future__ import annotations

import ast
from typing import Any

from emulator.runtime import hooks
from emulator.runtime.source.build import LOAD, STORE, place
from emulator.runtime.source.looks import calls_something, is_text


def watch_depth(function: ast.FunctionDef | ast.Lambda, *, helpers: bool) -> None:
    """Put into the body what notices a deep recursion (``emulator/runtime/recursion.py``).

    It stands before the first statement that can call a function; the end of a recursion often comes before. So that one call at
    the end is not counted, which is less than the size of a call on the board is known to.
    """
    if isinstance(function, ast.Lambda):
        where = place(function.body)
        held = ast.Name(hooks.MARK_HELD, STORE, **where)
        deep = (
            _is_deep(ast.NamedExpr(held, ast.Name(hooks.MARK, LOAD, **where), **where), where)
            if helpers
            else _counted(where)
        )
        function.body = ast.BoolOp(ast.Or(), [deep, function.body], **where)
        return
    body = function.body
    first = 1 if len(body) > 1 and isinstance(body[0], ast.Expr) and is_text(body[0].value) else 0
    at = first
    while at < len(body) and isinstance(body[at], _SIMPLE) and not calls_something(body[at]):
        at += 1
        if isinstance(body[at - 1], ast.If):
            first = at
    if at < len(body) and isinstance(body[at], ast.Return) and _divided(body, at):
        first = at + 1
    where = place(body[min(first, len(body) - 1)])
    look: list[ast.stmt] = [ast.Expr(_counted(where), **where)]
    if helpers:
        held, mark = ast.Name(hooks.MARK_HELD, STORE, **where), ast.Name(hooks.MARK, LOAD, **where)
        deep = _is_deep(ast.Name(hooks.MARK_HELD, LOAD, **where), where)
        look = [ast.Assign([held], mark, **where), ast.Expr(deep, **where)]
    body[first:first] = look


_SIMPLE = (ast.If, ast.Assign, ast.AugAssign, ast.Expr, ast.Pass, ast.Assert)


def _divided(body: list[ast.stmt], at: int) -> bool:
    """Make two statements of ``return A if B else C``, if one of A and C and B call nothing: the one that calls is the second."""
    statement = body[at]
    value = statement.value  # type: ignore[attr-defined]
    if not isinstance(value, ast.IfExp) or calls_something(value.test):
        return False
    test, end, rest = value.test, value.body, value.orelse
    if calls_something(end):
        end, rest = rest, end
        test = ast.copy_location(ast.UnaryOp(op=ast.Not(), operand=test), test)
    if calls_something(end):
        return False
    leave = ast.copy_location(ast.If(test=test, body=[_returned(end)], orelse=[]), statement)
    body[at : at + 1] = [leave, ast.copy_location(ast.Return(value=rest), statement)]
    return True


def _returned(value: ast.expr) -> ast.Return:
    return ast.copy_location(ast.Return(value=value), value)


def _is_deep(held: ast.expr, where: Any) -> ast.expr:
    """Whether the recursion may be deep; false where it is not."""
    references = ast.Call(ast.Name(hooks.REFERENCES, LOAD, **where), [held], [], **where)
    deep = ast.Compare(references, [_GREATER], [ast.Name(hooks.DEPTH_LIMIT, LOAD, **where)], **where)
    return ast.BoolOp(_AND, [deep, _counted(where)], **where)


def _counted(where: Any) -> ast.expr:
    """Count the frames."""
    return ast.Call(ast.Name(hooks.DEEP, LOAD, **where), [], [], **where)


_GREATER = ast.Gt()


_AND = ast.And()
