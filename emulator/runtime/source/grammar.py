"""The constructs that CPython knows and 1.11 does not (firmware: py/grammar.h, py/compile.c)."""

from __future__ import annotations

import ast
from typing import NamedTuple


class Construct(NamedTuple):
    """What the host's reader is told of one; ``stage`` 1 where the board notices it only when it compiles."""

    name: str
    instead: str
    message: str = "invalid syntax"
    stage: int = 0

    @property
    def advice(self) -> str:
        """What to do about it."""
        if not self.name:
            return ""
        return f"write {self.instead}" if self.instead else "leave it out"


NODES: dict[str, Construct] = {
    "JoinedStr": Construct("an f-string", "'{}'.format(value) or '%s' % value"),
    "TemplateStr": Construct("a t-string", "'{}'.format(value)"),
    "NamedExpr": Construct("an assignment expression (:=)", "an assignment of its own before it"),
    "Match": Construct("a match statement", "if and elif"),
    "AnnAssign": Construct("a variable annotation", "the assignment without it, and a comment"),
    "TryStar": Construct("except*", "except"),
    "TypeAlias": Construct("a type statement", ""),
}
"""Syntax tree nodes that 1.11 has no syntax for."""

MATRIX = Construct("the @ operator", "a function of your own")
POSITIONAL_ONLY = Construct("a / among the parameters", "the parameters without it")
UNPACKING_IN_DISPLAY = Construct(
    "* in a list or tuple display", "list(a) + [x]", "*x must be assignment target", stage=1
)
UNPACKING = Construct("* or ** in this place", "list(), set.update() or dict.update()")
TWO_STARS = Construct("two * arguments", "f(*(list(a) + list(b)))", "can't have multiple *x", stage=1)
TWO_DOUBLE_STARS = Construct("two ** arguments", "one dict, updated with the other", "can't have multiple **x", stage=1)
AFTER_STAR = Construct(
    "a positional argument after * or **", "f(*(list(a) + [x]))", "non-keyword arg after */**", stage=1
)
ASYNC_COMPREHENSION = Construct("an asynchronous comprehension", "async for")
AWAIT_IN_COMPREHENSION = Construct("await inside a comprehension", "a loop", "'await' outside function", stage=1)
AWAIT_OUTSIDE = Construct("", "", "'await' outside function", stage=1)
DECORATOR = Construct("a decorator that is no name or call of a name", "a variable that holds the decorator")
NATIVE_DECORATOR = Construct(
    "a decorator of the native code emitter", "",
    "invalid micropython decorator", stage=1,
)  # fmt: skip
NOT_A_NUMBER = Construct(
    "const() of what is no whole number", "the plain assignment, without const()", "constant must be an integer"
)
CONSTANT_AGAIN = Construct(
    "an assignment to a name that const() has fixed", "another name", "can't assign to expression", stage=1
)
KEYWORD_CONSTANT = Construct(
    "a keyword argument with a name that const() has fixed", "another name", "LHS of keyword arg must be an id", stage=1
)
SUPER = Construct(
    "super() in a function without parameters", "super(Class, object)", "super() can't find self", stage=1
)
NOT_DELETED = Construct("", "", "can't delete expression", stage=1)
NOT_ASSIGNED = Construct("", "", "can't assign to expression", stage=1)
TYPE_PARAMETERS = Construct("type parameters", "")


def is_dotted(node: ast.expr) -> bool:
    """Whether ``node`` is a name or names joined by dots."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def is_decorator(node: ast.expr) -> bool:
    """Whether 1.11 takes ``node`` as a decorator."""
    return is_dotted(node.func if isinstance(node, ast.Call) else node)


def micropython_decorator(node: ast.expr) -> str | None:
    """``name`` of a decorator ``micropython.name``, which the compiler itself looks at; "" for more or fewer names."""
    if isinstance(node, ast.Call):
        node = node.func
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id != "micropython":
        return None
    return names[0] if len(names) == 1 else ""
