"""Loops within ``try`` and ``with``, so that Ctrl-C and power-off reach the handlers that stand around them.

CPython looks for both at the jump back of a loop. Some of its versions take that jump for a place outside of the block: what is
raised there passes ``except`` and ``finally`` by.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from emulator.runtime.source.build import placed

_LOOKS_BEFORE_LOOP = (3, 11) <= sys.version_info < (3, 13)
"""The handler is looked up for the instruction before the one jumped to: that of a loop which begins the block is not in it."""

_LEAVES_JUMPS_OUT = sys.version_info >= (3, 13)
"""The jump back to a test at the end of a loop is in no block. One to its beginning, as in ``while True``, is."""

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def guard_loops(block: ast.Try | ast.With) -> None:
    """Have what is raised at a jump in the body of ``block`` be caught there."""
    if _LOOKS_BEFORE_LOOP and isinstance(block, ast.Try) and isinstance(block.body[0], ast.While):
        begun_before_loop(block)
    if _LEAVES_JUMPS_OUT:
        for loop in _loops(block.body):
            tested_at_beginning(loop)


def begun_before_loop(block: ast.Try) -> None:
    """Begin the body with an instruction on the line of ``try``: on the line of the loop it would be left out."""
    nothing = ast.Pass(
        lineno=block.lineno, col_offset=block.col_offset, end_lineno=block.lineno, end_col_offset=block.col_offset
    )
    block.body.insert(0, nothing)


def tested_at_beginning(loop: ast.While) -> None:
    """``while test: ...`` as ``while True`` with the test in it; not where a ``break`` in its ``else`` leaves a loop outside."""
    jumps = (node for statement in loop.orelse for node in ast.walk(statement))
    if isinstance(loop.test, ast.Constant) or any(isinstance(node, ast.Break | ast.Continue) for node in jumps):
        return
    test = loop.test
    leave = [*loop.orelse, *placed([ast.Break()], test)]
    loop.body = placed([ast.If(test=test, body=loop.body, orelse=leave)], test)
    loop.test, loop.orelse = ast.copy_location(ast.Constant(True), test), []


def _loops(body: list[ast.stmt]) -> Iterator[ast.While]:
    """The ``while`` loops of one code object, those in inner blocks too."""
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _SCOPES) or not isinstance(node, ast.stmt | ast.ExceptHandler):
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.While):
            yield node
