"""The values of expression statements at the prompt are shown (firmware: py/compile.c, py/modbuiltins.c ``__repl_print__``)."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

_SHOW = "__repl_print__"
_BLOCKS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def showing(text: str) -> str:
    """``text`` with each expression statement of the module's own level in a call of ``__repl_print__``.

    Lines keep their numbers. Text that is no Python comes back as it is: the compiler says what the board says.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            statements = list(_expressions(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    lines = [line.encode("utf-8", "surrogateescape") for line in _lines(text)]
    for node in sorted(statements, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        if node.end_lineno is None or node.end_col_offset is None:
            continue
        _insert(lines, node.end_lineno, node.end_col_offset, b"))")
        _insert(lines, node.lineno, node.col_offset, f"{_SHOW}((".encode())
    return b"".join(lines).decode("utf-8", "surrogateescape")[:-1]


def _lines(text: str) -> list[str]:
    """The lines with their ends, parted where the compiler parts them."""
    return [line + "\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr):
            yield child.value
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.mod) and not isinstance(child, _BLOCKS):
            yield from _expressions(child)


def _insert(lines: list[bytes], line: int, column: int, what: bytes) -> None:
    old = lines[line - 1]
    lines[line - 1] = old[:column] + what + old[column:]
