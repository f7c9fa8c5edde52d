"""``async`` as the board compiles it: a coroutine is a plain generator (firmware: py/compile.c)."""

from __future__ import annotations

import ast

from emulator.runtime.hooks import GUARD
from emulator.runtime.source.build import assigned, called, name, placed


def function(node: ast.AsyncFunctionDef) -> ast.FunctionDef:
    """``async def`` as the definition of a generator."""
    never = ast.If(test=ast.Constant(value=False), body=[ast.Expr(ast.Yield(value=None))], orelse=[])
    body = [*node.body, *placed([never], node.body[-1])]
    made = ast.FunctionDef(
        name=node.name, args=node.args, body=body, decorator_list=node.decorator_list, returns=None, type_comment=None
    )
    if hasattr(node, "type_params"):
        made.type_params = []  # type: ignore[attr-defined]
    return ast.copy_location(made, node)


def awaited(node: ast.Await) -> ast.YieldFrom:
    """``await x``: whatever can be iterated."""
    return ast.copy_location(ast.YieldFrom(value=node.value), node)


def loop(node: ast.AsyncFor, unique: int) -> list[ast.stmt]:
    """``async for``, by a ``while`` that ends when the iterator says so."""
    iterator, going = f".iterator{unique}", f".going{unique}"
    step = ast.Assign(targets=[node.target], value=_step(iterator, "__anext__"))
    ended = ast.ExceptHandler(
        type=name("StopAsyncIteration"), name=None, body=[assigned(going, ast.Constant(value=False))]
    )
    body = ast.Try(body=placed([step], node.target), handlers=[ended], orelse=node.body, finalbody=[])
    # what __aiter__ gives is awaited, too
    begin = ast.YieldFrom(
        value=ast.Call(func=ast.Attribute(value=node.iter, attr="__aiter__", ctx=ast.Load()), args=[], keywords=[])
    )
    return placed(
        [
            assigned(iterator, begin),
            assigned(going, ast.Constant(value=True)),
            ast.While(test=name(going), body=[body], orelse=node.orelse),
        ],
        node,
    )


def block(node: ast.AsyncWith, unique: int) -> list[ast.stmt]:
    """``async with``, by ``try``."""
    body = node.body
    for number, item in enumerate(reversed(node.items)):
        body = _managed(item, body, node, f"{unique}.{number}")
    return body


def _managed(item: ast.withitem, body: list[ast.stmt], node: ast.AsyncWith, unique: str) -> list[ast.stmt]:
    manager, clean, error = f".manager{unique}", f".clean{unique}", f".error{unique}"
    entered: ast.stmt
    if item.optional_vars is None:
        entered = ast.Expr(_step(manager, "__aenter__"))
    else:
        entered = ast.Assign(targets=[item.optional_vars], value=_step(manager, "__aenter__"))
    kind = ast.Attribute(value=name(error), attr="__class__", ctx=ast.Load())
    swallowed = _step(manager, "__aexit__", kind, name(error), ast.Constant(value=None))
    nothing = [ast.Constant(value=None) for _ in range(3)]
    at = item.context_expr
    handler = ast.ExceptHandler(
        type=name("BaseException"),
        name=error,
        body=[
            ast.Expr(called(GUARD, at=at)),
            assigned(clean, ast.Constant(value=False)),
            ast.If(
                test=ast.UnaryOp(op=ast.Not(), operand=swallowed),
                body=[ast.Raise(exc=None, cause=None)],
                orelse=[],
            ),
        ],
    )
    inner = ast.Try(body=body, handlers=[handler], orelse=[], finalbody=[])
    left = ast.If(test=name(clean), body=[ast.Expr(_step(manager, "__aexit__", *nothing))], orelse=[])
    outer = ast.Try(body=placed([inner], node), handlers=[], orelse=[], finalbody=placed([left], node))
    return placed(
        [assigned(manager, item.context_expr), entered, assigned(clean, ast.Constant(value=True)), outer], node
    )


def _step(owner: str, method: str, *arguments: ast.expr) -> ast.YieldFrom:
    call = ast.Call(
        func=ast.Attribute(value=name(owner), attr=method, ctx=ast.Load()), args=list(arguments), keywords=[]
    )
    return ast.YieldFrom(value=call)
