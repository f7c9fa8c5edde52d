"""Which lines the board adds to a traceback while an exception leaves a function.

Each statement that an exception passes on its way out raises it once more there: the end of ``finally``, of ``with``, of an
``except ... as name`` that is left by an exception, and of ``except`` clauses of which none fits. The board adds an entry
for each of them, at the line it compiled last before that point. CPython adds none (firmware: py/vm.c, py/compile.c).

The host keeps no trace of this, so it is read off the source: what encloses the line at which the exception came up.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import FrameType
from typing import Any

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.ClassDef)
_COMPREHENSIONS: dict[type[ast.AST], str] = {
    ast.ListComp: "<listcomp>",
    ast.SetComp: "<setcomp>",
    ast.DictComp: "<dictcomp>",
}
_INLINED = sys.version_info >= (3, 12)
"""CPython 3.12 and later run these comprehensions without a frame of their own."""

_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class _Step:
    """A statement that encloses a line, and in which of its blocks the line lies."""

    node: ast.stmt
    block: str
    handler: ast.ExceptHandler | None = None
    entered: int = 0
    """How many of the context managers of a ``with`` have been entered there."""


class Unwinder:
    """Follows exceptions through one source file. Raises SyntaxError or ValueError if the host cannot parse it."""

    def __init__(self, text: str) -> None:
        self._tree = ast.parse(text)

    def lines(
        self, frame: FrameType, place: tuple[int, int | None], exception: BaseException, running: int | None
    ) -> list[int]:
        """The lines of the entries that are added after ``exception`` came up at a ``place`` of ``frame``, in that order.

        ``running``: the line at which the frame stands now, if it has not ended: it has caught the exception there.
        """
        return list(self._lines(frame, place, exception, running))

    def _lines(
        self, frame: FrameType, place: tuple[int, int | None], exception: BaseException, running: int | None
    ) -> Iterator[int]:
        if isinstance(exception, GeneratorExit):
            return
        steps = self._enclosing(frame.f_code.co_name, *place)
        while steps:
            step = steps.pop()
            node = step.node
            if isinstance(node, (ast.With, ast.AsyncWith)):
                for _ in range(step.entered):
                    yield _last_line(node.body)
            elif isinstance(node, ast.Try):
                if step.block == "body" and node.handlers:
                    caught = next((h for h in node.handlers if _catches(h, exception, frame)), None)
                    if caught is None:
                        yield _last_line(node.handlers[-1].body)
                    else:
                        again = _raised_again(caught, frame, running)
                        if again is None:
                            return
                        yield again
                        steps = self._enclosing(frame.f_code.co_name, again)
                        continue
                if step.handler is not None and step.handler.name:
                    yield _last_line(step.handler.body)
                if node.finalbody and step.block != "finalbody":
                    yield _last_line(node.finalbody)

    def shown(self, line: int, column: int | None, otherwise: int) -> int:
        """The line that the board gives for a place: the condition of ``while`` stands behind the body there."""
        loop = self._loops.get(line)
        if loop is None or (column is not None and not _holds(loop.test, line, column)):
            return otherwise
        return _last_line(loop.body)

    @cached_property
    def _loops(self) -> dict[int, ast.While]:
        """Line -> the loop whose condition stands there, and nothing of its body."""
        found: dict[int, ast.While] = {}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.While) and not isinstance(node.test, ast.Constant):
                last = min(node.test.end_lineno or node.test.lineno, node.body[0].lineno - 1)
                found.update(dict.fromkeys(range(node.test.lineno, last + 1), node))
        return found

    def comprehensions(self, line: int, column: int | None) -> list[tuple[int, str]]:
        """(line, name) of the comprehensions without a frame that enclose a place, outermost first."""
        if not _INLINED or column is None:
            return []
        found: list[tuple[int, str]] = []
        node: ast.AST | None = self._tree
        while node is not None:
            name = _COMPREHENSIONS.get(type(node))
            inner = next((child for child in ast.iter_child_nodes(node) if _holds(child, line, column)), None)
            if isinstance(node, (*_FUNCTIONS, ast.Lambda, ast.GeneratorExp)):
                found.clear()
            elif (
                name is not None
                and isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp))
                and not _holds(node.generators[0].iter, line, column)
            ):
                found.append((node.lineno, name))
            node = inner
        return found

    def _enclosing(self, name: str, line: int, column: int | None = None) -> list[_Step]:
        """The statements of the function ``name`` around a place, outermost first."""
        if name.startswith("<") and name != "<module>":
            return []
        steps: list[_Step] = []
        body: list[ast.stmt] | None = self._tree.body
        while body is not None:
            statement = next((s for s in body if s.lineno <= line <= (s.end_lineno or s.lineno)), None)
            if statement is None:
                break
            if isinstance(statement, _SCOPES) and name != "<module>":
                steps.clear()  # of the scope around it
            if isinstance(statement, (ast.With, ast.AsyncWith)):
                body, step = _block_of_with(statement, line, column)
            else:
                body, step = _block(statement, line)
            if step is not None:
                steps.append(step)
        return steps


def _holds(node: ast.AST, line: int, column: int) -> bool:
    if isinstance(node, ast.comprehension):
        return any(_holds(part, line, column) for part in (node.target, node.iter, *node.ifs))
    first = getattr(node, "lineno", None)
    if first is None:
        return False
    start, end = (first, node.col_offset), (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
    return bool(start <= (line, column) < end)


def _block(statement: ast.stmt, line: int) -> tuple[list[ast.stmt] | None, _Step | None]:
    """The block of ``statement`` that ``line`` lies in."""
    for handler in getattr(statement, "handlers", ()):
        if handler.body[0].lineno <= line <= handler.end_lineno:
            return handler.body, _Step(statement, "handler", handler)
    for name in ("body", "orelse", "finalbody"):
        block = getattr(statement, name, None)
        if isinstance(block, list) and block and block[0].lineno <= line <= (block[-1].end_lineno or 0):
            return block, _Step(statement, name)
    return None, None


def _block_of_with(
    statement: ast.With | ast.AsyncWith, line: int, column: int | None
) -> tuple[list[ast.stmt] | None, _Step | None]:
    """The block, and how many context managers are entered where an exception comes up at a place of the statement."""
    first = statement.body[0]
    if column is None:
        # hosts before 3.11 tell the line only
        column = 0 if isinstance(first, ast.Pass) else first.col_offset
    if (line, column) >= (first.lineno, first.col_offset):
        return statement.body, _Step(statement, "body", entered=len(statement.items))
    ends = [(item.context_expr.end_lineno, item.context_expr.end_col_offset) for item in statement.items]
    entered = sum(end <= (line, column) for end in ends)
    return None, _Step(statement, "items", entered=entered) if entered else None


def _last_line(body: list[ast.stmt]) -> int:
    """The line of the last statement in a block, the innermost one."""
    last = body[-1]
    for name in ("finalbody", "orelse", "handlers", "body"):
        block = getattr(last, name, None)
        if isinstance(block, list) and block and not isinstance(last, _SCOPES):
            inner = block[-1]
            return _last_line(inner.body if isinstance(inner, ast.ExceptHandler) else block)
    return last.lineno


def _raised_again(handler: ast.ExceptHandler, frame: FrameType, running: int | None) -> int | None:
    """The line of the bare ``raise`` that left ``handler``; None if the exception ended there, or by another statement."""
    first, last = handler.lineno, handler.end_lineno or handler.lineno
    if running is not None and first <= running <= last:
        return None
    lines = [node.lineno for node in _walk(handler.body) if isinstance(node, ast.Raise) and node.exc is None]
    return frame.f_lineno if frame.f_lineno in lines else lines[-1] if lines else None


def _walk(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The statements of a block, without those of functions and classes defined there."""
    for statement in body:
        yield statement
        if isinstance(statement, _SCOPES):
            continue
        for name in ("body", "orelse", "finalbody"):
            yield from _walk(getattr(statement, name, None) or [])


def _catches(handler: ast.ExceptHandler, exception: BaseException, frame: FrameType) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(exception, _classes(_value(kind, frame))) for kind in kinds)


def _classes(value: Any) -> tuple[type, ...]:
    found = value if isinstance(value, tuple) else (value,)
    return tuple(kind for kind in found if isinstance(kind, type))


def _value(node: ast.expr, frame: FrameType) -> Any:
    """What a name or dotted name stands for in ``frame``."""
    if isinstance(node, ast.Name):
        for space in (frame.f_locals, frame.f_globals, frame.f_builtins):
            if node.id in space:
                return space[node.id]
    elif isinstance(node, ast.Attribute):
        owner = _value(node.value, frame)
        space = getattr(owner, "__dict__", {}) if owner is not _MISSING else {}
        return space.get(node.attr, _MISSING)
    return _MISSING
