"""Bytes literals as objects of their own: on the board each is one, and ``uctypes`` can write into it.

A pass for files only that name ``uctypes``. The host keeps one object for all equal literals of a function, and may share it.
"""

from __future__ import annotations

import ast
from itertools import count

from emulator.runtime import hooks
from emulator.runtime.source.build import called


def separate(tree: ast.AST, first: int) -> None:
    """Number the bytes literals of a tree from ``first`` on, and have a hook make the objects."""
    _Separator(first).visit(tree)


class _Separator(ast.NodeTransformer):
    def __init__(self, first: int) -> None:
        self._numbers = count(first)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) is not bytes or len(node.value) < 2:
            return node
        number = ast.copy_location(ast.Constant(value=next(self._numbers)), node)
        return called(hooks.LITERAL, number, node, at=node)
