"""From the text of a script to a code object, and to all that the board would refuse in it.

Pure: the same text gives the same code. Line numbers and the host's file name survive every pass, so breakpoints, coverage
and tracebacks point into the script's own file.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable
from types import CodeType

from emulator.runtime.source.decode import decode
from emulator.runtime.source.errors import RECURSION, Problem, SourceError, invalid
from emulator.runtime.source.refusals import from_host
from emulator.runtime.source.rewrite import Rewriter
from emulator.runtime.source.tokens import refused, repaired

Tree = ast.Module | ast.Expression | ast.Interactive
Site = Callable[[str], None]

_TREES: Callable[[str, str, str], Tree] = ast.parse  # type: ignore[assignment]

NO_LINE_NUMBERS = 3
"""From this optimisation level on code has no line numbers: tracebacks say line 1 (firmware: py/emitbc.c).

Held to for text without a file only; in files the host's breakpoints and coverage need the true ones.
"""

_TOO_DEEP = Problem(
    0, 1, 0, RECURSION, "maximum recursion depth exceeded", "text nested too deeply for the board's parser"
)


def compile_script(
    text: str,
    filename: str,
    mode: str = "exec",
    *,
    floats: str = "double",
    optimize: int = 0,
    site: Site | None = None,
    heap_lock: bool = False,
    literals: int | None = None,
) -> CodeType:
    """Compile ``text`` as the board would; ``filename`` is what the host's tools are to see.

    ``mode``: exec, eval or single; ``floats``: double or single; ``optimize``: ``micropython.opt_level``; ``site``: told of each
    name under which the code looks for a function that is made for it (``hooks.TEMPLATE``; without it none is looked for);
    ``heap_lock``: what takes memory shall look at the lock of the heap; ``literals``: bytes literals are objects of their own,
    numbered from there on. Raises SourceError.
    """
    tree, problems = _examined(text, filename, mode, floats, site)
    if tree is None or problems:
        raise SourceError(min(problems))
    if literals is not None:
        from emulator.runtime.source.literals import separate

        separate(tree, literals)
    if heap_lock:
        from emulator.runtime.source.heaplock import instrument

        instrument(tree)
    if optimize >= NO_LINE_NUMBERS and filename.startswith("<"):
        _on_one_line(tree)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CPython's advice on style ("is" with a literal) is none of the board's
            code: CodeType = compile(tree, filename, mode, dont_inherit=True, optimize=1 if optimize else 0)
    except SyntaxError as error:
        raise SourceError(from_host(error, "")) from None
    except ValueError:
        raise SourceError(invalid(1)) from None
    except (RecursionError, MemoryError):
        raise SourceError(_TOO_DEEP) from None
    if floats == "double":
        return code
    from emulator.runtime.single.constants import in_single

    return in_single(code)  # type: ignore[no-any-return]


def _on_one_line(tree: Tree) -> None:
    for node in ast.walk(tree):
        if "lineno" in node._attributes:
            vars(node).update(lineno=1, end_lineno=1, col_offset=0, end_col_offset=0)


def problems(data: bytes) -> list[Problem]:
    """Everything in a source file that the board refuses, in the order of the file; the first is what it says."""
    try:
        text = decode(data)
    except SourceError as error:
        return [error.problem]
    _, found = _examined(text, "<check>", "exec", "double")
    if not found:
        try:
            compile_script(text, "<check>")
        except SourceError as error:
            return [error.problem]
    said = min(found, default=None)
    return sorted(found, key=lambda problem: (problem is not said, problem.line, problem.column))


def _examined(
    text: str, filename: str, mode: str, floats: str, site: Site | None = None
) -> tuple[Tree | None, list[Problem]]:
    found = list(refused(text))
    try:
        tree = _parsed(text, filename, mode)
        lines: list[str] = []

        def line(number: int) -> str:
            if not lines:
                lines.extend(text.split("\n"))
            return lines[number - 1]

        rewriter = Rewriter(line, single_floats=floats == "single", site=site)
        rewriter.tree(tree)
    except SyntaxError as error:
        return None, [*found, from_host(error, text)]
    except ValueError:
        return None, [*found, invalid(1)]
    except (RecursionError, MemoryError):
        # the board's parser runs out of its stack on such text, too (firmware: py/parse.c)
        return None, [*found, _TOO_DEEP]
    return tree, found + rewriter.problems


def _parsed(text: str, filename: str, mode: str) -> Tree:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _TREES(text, filename, mode)
        except SyntaxError:
            mended = repaired(text)
            if mended == text:
                raise
            return _TREES(mended, filename, mode)
