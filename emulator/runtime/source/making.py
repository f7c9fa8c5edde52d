"""Nodes that stand in the place of others: calls of hooks, and choices between a quick way and the exact one."""

from __future__ import annotations

import ast

from emulator.runtime import hooks
from emulator.runtime.source.build import LOAD, called, constant, name, place


def in_place(node: ast.AugAssign) -> ast.stmt:
    """``/=`` and ``**=`` in single precision."""
    target = node.target
    if not isinstance(target, ast.Name):
        node.value = called(hooks.RIGHT, node.value, at=node.value)
        return node
    hook = hooks.DIVIDE if isinstance(node.op, ast.Div) else hooks.POWER
    value = called(hook, ast.copy_location(name(target.id), target), node.value, at=node.value)
    return ast.copy_location(ast.Assign(targets=[target], value=value), node)


def chosen(test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.IfExp:
    """``then`` if the test holds, ``otherwise`` if not."""
    return ast.fix_missing_locations(ast.copy_location(ast.IfExp(test=test, body=then, orelse=otherwise), otherwise))


def made_by(identifier: str, kind: ast.expr) -> ast.IfExp:
    """What makes the objects of a native type, if the name does stand for it."""
    where = place(kind)
    native = ast.Name(hooks.NATIVE_TYPE + identifier, LOAD, **where)
    maker = ast.Name(hooks.MAKER_OF + identifier, LOAD, **where)
    whatever = ast.Call(ast.Name(hooks.MAKER, LOAD, **where), [kind], [], **where)
    return ast.IfExp(ast.Compare(kind, [_IS], [native], **where), maker, whatever, **where)


_IS = ast.Is()


def digest_call(node: ast.Call) -> ast.Call:
    """One-shot hashes need no object of the board's, if nothing else holds its engine."""
    inner = node.func.value  # type: ignore[attr-defined]
    data = inner.args[0]
    tests: list[ast.expr] = [name(hooks.IDLE)]
    if isinstance(data, ast.Name):
        kind = ast.Call(func=name(hooks.TYPE), args=[data], keywords=[])
        tests.append(ast.Compare(left=kind, ops=[ast.Is()], comparators=[name(hooks.BYTES)]))
    elif not (isinstance(data, ast.Constant) and type(data.value) is bytes):
        return node
    of_host = ast.Subscript(value=name(hooks.HASHES), slice=inner.func, ctx=ast.Load())
    test = ast.BoolOp(op=ast.And(), values=tests) if len(tests) > 1 else tests[0]
    inner.func = chosen(test, of_host, inner.func)
    return node


def slice_call(node: ast.Slice, at: ast.expr) -> ast.Call:
    """The slice, which the board's compiler makes, by a hook."""
    ends = [node.lower, node.upper, None]
    parts = [end or ast.copy_location(ast.Constant(value=None), at) for end in ends]
    return called(hooks.SLICE, *parts, at=at)


def starred_call(node: ast.Call) -> ast.Call:
    """The call by the hook that is given its arguments in the board's order."""
    at = node.func
    plain = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
    stars = [argument.value for argument in node.args if isinstance(argument, ast.Starred)]
    named = [keyword for keyword in node.keywords if keyword.arg is not None]
    doubles = [keyword.value for keyword in node.keywords if keyword.arg is None]
    keys: list[ast.expr | None] = [constant(str(keyword.arg), at) for keyword in named]
    parts: list[ast.expr] = [
        ast.Tuple(elts=plain, ctx=ast.Load()),
        ast.Dict(keys=keys, values=[keyword.value for keyword in named]),
        *(stars or [ast.Tuple(elts=[], ctx=ast.Load())]),
        *(doubles or [ast.Dict(keys=[], values=[])]),
    ]
    made = called(
        hooks.STARRED_CALL, node.func, *(ast.copy_location(part, at) for part in parts[:2]), *parts[2:], at=node
    )
    return ast.fix_missing_locations(made)


def put_in_order(call: ast.Call) -> None:
    """Make a call one whose result is gone through in the board's order."""
    inner = ast.Call(call.func, call.args, call.keywords, **place(call))
    call.func, call.args, call.keywords = ast.Name(hooks.ITER, LOAD, **place(call)), [inner], []


def read_again(target: ast.expr) -> ast.expr:
    """What is assigned to, read."""
    found: ast.expr
    if isinstance(target, ast.Attribute):
        assert isinstance(target.value, ast.Name)
        value = ast.copy_location(name(target.value.id), target.value)
        found = ast.Attribute(value=value, attr=target.attr, ctx=ast.Load())
    else:
        assert isinstance(target, ast.Name)
        found = name(target.id)
    return ast.copy_location(found, target)


def globals_call() -> ast.Call:
    """A call of the script's ``globals``."""
    return ast.Call(func=name(hooks.GLOBALS), args=[], keywords=[])


def guard_before(before: ast.stmt) -> ast.stmt:
    """The check of the power, at the place of a statement."""
    where = place(before)
    return ast.Expr(ast.Call(ast.Name(hooks.GUARD, LOAD, **where), [], [], **where), **where)
