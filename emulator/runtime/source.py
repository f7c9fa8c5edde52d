"""The source pipeline: from the bytes of a ``.py`` file on the flash to a code object. Pure; each pass is a function.

Line numbers and the host's file name survive every pass, so breakpoints, coverage and tracebacks point into the
script's own file.
"""

from __future__ import annotations

import ast
import sys
import warnings
from types import CodeType

from emulator.runtime.hidden import HIDDEN_ATTRIBUTES

GUARD = ".guard"
"""Name of the power check in the script's builtins. Not an identifier, so no script can name it."""

HIDDEN_GETATTR = ".getattr"
"""Name of the attribute access that shows only what the board has."""

NOWHERE = ".nowhere"
"""What a name becomes that the board does not define but the host always does."""

MICROPYTHON_NAMES = frozenset({"__builtins__", "__doc__", "__spec__", "__loader__", "__package__"})
"""Names every CPython module has and a MicroPython one lacks (``__package__`` and the others: py/objmodule.c)."""

_WORTH_REWRITING = ("except", "finally", "with", "__del__", *HIDDEN_ATTRIBUTES, *MICROPYTHON_NAMES)
"""Source without any of these words is compiled as it stands: finding out costs less than a tree."""


_JUMPS_PAST_CHECK = sys.version_info < (3, 11)
"""CPython 3.10 does not look for signals and injections at a jump that lands on ``try`` or ``with``."""


class SourceError(Exception):
    """The board would refuse this source. ``kind`` is the exception it raises, ``line`` where."""

    def __init__(self, kind: str, message: str, line: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.line = line


def decode(data: bytes) -> str:
    """The text of a source file.

    The board reads bytes and takes them as UTF-8 without looking (firmware: py/lexer.c); what cannot be decoded can only
    stand in comments and string literals there, and is an error here rather than silently another text.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError("SyntaxError", "invalid syntax", line) from error
    if "\0" in text:
        raise SourceError("SyntaxError", "invalid syntax", text.count("\n", 0, text.index("\0")) + 1)
    return text


def compile_script(text: str, filename: str, mode: str = "exec") -> CodeType:
    """Compile ``text`` as the board would; ``filename`` is what the host's tools are to see.

    Raises SourceError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CPython's advice on style ("is" with a literal) is none of the board's
            if not any(word in text for word in _WORTH_REWRITING):
                return compile(text, filename, mode, dont_inherit=True)
            tree = ast.parse(text, filename, mode)
            tree = _Rewriter().visit(tree)
            return compile(tree, filename, mode, dont_inherit=True)
    except IndentationError as error:
        message = "unindent does not match any outer indentation level" if "unindent" in str(error) else ""
        raise SourceError("IndentationError", message or "unexpected indent", error.lineno or 1) from error
    except SyntaxError as error:
        raise SourceError("SyntaxError", "invalid syntax", error.lineno or 1) from error
    except ValueError as error:
        raise SourceError("SyntaxError", "invalid syntax", 1) from error
    except (RecursionError, MemoryError) as error:
        # the board's parser runs out of its stack on such text, too (firmware: py/parse.c)
        raise SourceError("RuntimeError", "maximum recursion depth exceeded", 1) from error


class _Rewriter(ast.NodeTransformer):
    """Adds what stopping needs and takes away what only CPython has."""

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.generic_visit(node)
        node.body.insert(0, _guard(node.body[0]))
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        self.generic_visit(node)
        if node.finalbody and _leaves(node.finalbody):
            # `finally: continue` swallows whatever is on its way, as a bare except does
            node.finalbody.insert(0, _guard(node.finalbody[0]))
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        if _JUMPS_PAST_CHECK and isinstance(node.body[0], (ast.Try, ast.With, ast.AsyncWith)):
            # otherwise such a loop keeps the interpreter for itself for ever; a name, since `pass` is no instruction
            landing = ast.Expr(ast.Name(id=GUARD, ctx=ast.Load()))
            node.body.insert(0, ast.fix_missing_locations(ast.copy_location(landing, node.body[0])))
        return node

    def visit_With(self, node: ast.With) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return [node, _guard(node)]  # an __exit__ with a true result swallows, too

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return [node, _guard(node)]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        for statement in node.body:
            # never called for a class of the script's (firmware: py/objtype.c)
            if isinstance(statement, ast.FunctionDef) and statement.name == "__del__":
                statement.name = ".del"
            elif isinstance(statement, ast.Assign):
                for target in statement.targets:
                    if isinstance(target, ast.Name) and target.id == "__del__":
                        target.id = ".del"
        self.generic_visit(node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr not in HIDDEN_ATTRIBUTES or not isinstance(node.ctx, ast.Load):
            return node
        call = ast.Call(
            func=ast.Name(id=HIDDEN_GETATTR, ctx=ast.Load()), args=[node.value, ast.Constant(node.attr)], keywords=[]
        )
        return ast.fix_missing_locations(ast.copy_location(call, node))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in MICROPYTHON_NAMES and isinstance(node.ctx, ast.Load):
            call = ast.Call(func=ast.Name(id=NOWHERE, ctx=ast.Load()), args=[ast.Constant(node.id)], keywords=[])
            return ast.fix_missing_locations(ast.copy_location(call, node))
        return node


def _guard(before: ast.stmt) -> ast.stmt:
    call = ast.Call(func=ast.Name(id=GUARD, ctx=ast.Load()), args=[], keywords=[])
    return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), before))


def _leaves(body: list[ast.stmt]) -> bool:
    return any(isinstance(n, (ast.Return, ast.Break, ast.Continue)) for s in body for n in ast.walk(s))
