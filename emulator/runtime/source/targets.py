"""Which names of a file may stand for something that has no attributes of its own.

Functions, native types and exceptions have none on the board. Assignments to attributes of all others are compiled as they
stand, so that ``self.x = 1`` costs nothing more.
"""

from __future__ import annotations

import ast

from emulator.runtime.calls import TYPES
from emulator.runtime.source.patterns import lazy


class Targets:
    """What has been bound so far, in the order of the source."""

    def __init__(self, text: str = "") -> None:
        self._text = text
        self._in_question: set[str] | None = None
        """Names that may be called or returned; and those that are not."""
        self._cleared: set[str] = set()
        self._names: set[str] = set()
        self._functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self._handed_on: dict[ast.AST, set[str]] = {}

    def define(self, name: str | None) -> None:
        """A ``def``, ``class`` or ``except ... as`` binds ``name``."""
        if name is not None:
            self._names.add(name)

    def bound(self, target: ast.expr, value: ast.expr) -> None:
        """``target = value``."""
        if isinstance(target, ast.Name) and (isinstance(value, ast.Lambda) or _is_exception(value)):
            self._names.add(target.id)

    def enter(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """The body of a function begins."""
        self._functions.append(function)

    def leave(self) -> None:
        """It ends."""
        self._functions.pop()

    def may_refuse(self, owner: ast.expr) -> bool:
        """Whether ``owner.attribute = value`` may be refused."""
        if isinstance(owner, ast.Name):
            name = owner.id
            return name in self._names or name in TYPES or _names_exception(name) or self._is_handed_on(name)
        return isinstance(owner, ast.Lambda) or _is_exception(owner)

    def _is_handed_on(self, name: str) -> bool:
        """Whether a function calls or returns its parameter of that name, as decorators do with a function."""
        if not self._functions:
            return False
        if self._in_question is None:
            self._in_question = _before_brackets(self._text).union(_RETURNED.findall(self._text))
        if name in self._cleared:
            return False
        if name not in self._in_question and name.isascii() and f"{name}(" not in self._text:
            self._cleared.add(name)
            return False
        for function in self._functions:
            known = self._handed_on.get(function)
            if known is None:
                known = self._handed_on[function] = _handed_on(function)
            if name in known:
                return True
        return False


_RETURNED = lazy(r"return(?:[\s(\\]|#[^\n]*\n)*(\w+)\b(?![ \t]*[.\[(])")
_APART = lazy(r"\((?<=[\s)\\]\()")
_WORD = lazy(r"\w+")


def _before_brackets(text: str) -> set[str]:
    """The last words before brackets that open apart from them: ``name (``, ``(name)(``."""
    found: set[str] = set()
    for bracket in _APART.finditer(text):
        end = bracket.start()
        before = text[max(0, end - _NEAR) : end].rstrip(" \t\n\r\f)\\")
        line = before[before.rfind("\n") + 1 :]
        words = _WORD.findall(line)
        found.update(words if "#" in line else words[-1:])
    return found


_NEAR = 200


_EXCEPTION_ENDS = ("Error", "Exception")
_EXCEPTIONS = frozenset(["StopIteration", "KeyboardInterrupt", "SystemExit"])


def _names_exception(name: str) -> bool:
    return name.endswith(_EXCEPTION_ENDS) or name in _EXCEPTIONS


def _is_exception(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and _names_exception(node.func.id)


def _handed_on(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    from emulator.runtime.source.nodes import nodes

    arguments = function.args
    parameters = {argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    found: set[str] = set()
    for node in nodes(function):
        value = node.value if isinstance(node, ast.Return) else node.func if isinstance(node, ast.Call) else None
        if isinstance(value, ast.Name) and value.id in parameters:
            found.add(value.id)
    return found
