"""From the text of a script to a code object, and to all that the board would refuse in it.

Pure: the same text gives the same code. Line numbers and the host's file name survive every pass, so breakpoints, coverage
and tracebacks point into the script's own file.
"""

from __future__ import annotations

import ast
import re
import sys
import threading
import warnings
from collections.abc import Callable
from types import CodeType
from typing import Any, TypeVar

from emulator.runtime.source.callgraph import SPECIAL
from emulator.runtime.source.decode import decode, one_line_end
from emulator.runtime.source.errors import INDENTATION, NOT_IMPLEMENTED, RECURSION, Problem, SourceError, invalid
from emulator.runtime.source.patterns import lazy
from emulator.runtime.source.rewriting import Rewriter
from emulator.runtime.source.tokens import refused, repaired, with_brackets

Result = TypeVar("Result")
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
    text = one_line_end(text)

    def compiled() -> CodeType:
        return _compiled(
            text, filename, mode, floats=floats, optimize=optimize, site=site, heap_lock=heap_lock, literals=literals
        )

    try:
        return compiled()
    except SourceError as error:
        if error.problem is not _TOO_DEEP:
            raise
    # a long chain of elif or + is deep for the host only
    return with_room(compiled)


def _compiled(
    text: str,
    filename: str,
    mode: str,
    *,
    floats: str,
    optimize: int,
    site: Site | None,
    heap_lock: bool,
    literals: int | None,
) -> CodeType:
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
        from emulator.runtime.source.refusals import from_host

        raise SourceError(_OVER_HOST if _HOST_LIMITS.match(error.msg or "") else from_host(error, text)) from None
    except ValueError:
        raise SourceError(invalid(1)) from None
    except (RecursionError, MemoryError):
        raise SourceError(_TOO_DEEP) from None
    if floats == "double":
        return code
    from emulator.runtime.single.constants import in_single

    return in_single(code)  # type: ignore[no-any-return]


_ROOM = 256 << 20
_ROOM_CALLS = 40_000
_making_room = threading.Lock()


def with_room(work: Callable[[], Result]) -> Result:
    """What ``work()`` gives or raises, done in a thread with a large stack."""
    done: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001  handed on to the thread that waits
            failed.append(error)

    with _making_room:
        calls, stack = sys.getrecursionlimit(), threading.stack_size(_ROOM)
        try:
            sys.setrecursionlimit(max(calls, _ROOM_CALLS))
            thread = threading.Thread(target=run, name="compiler", daemon=True)
            thread.start()
            threading.stack_size(stack)
            thread.join()
        finally:
            threading.stack_size(stack)
            sys.setrecursionlimit(calls)
    if failed:
        raise failed[0]
    return done[0]


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
    """The rewritten tree, and what the board refuses. Without a tree there is at least one problem."""
    found = refused(text)
    tree: Tree | None
    try:
        tree, mended = parsed(text, filename, mode)
        found += _rewritten(tree, mended, floats, site)
    except SyntaxError as error:
        tree = None
        said = refusal(text, mode)
        if said is None:
            from emulator.runtime.source.refusals import from_host

            said = _OVER_HOST if _HOST_LIMITS.match(error.msg or "") else from_host(error, text)
        return None, _first(said, found + _before(text, error.lineno or 1))
    except ValueError:
        return None, [refusal(text, mode) or invalid(1)]
    except (RecursionError, MemoryError):
        # the board's compiler runs out of its stack on such text, too (firmware: py/compile.c)
        return None, [refusal(text, mode) or _TOO_DEEP]
    if mended is not text or any(p.construct and not p.stage and p.kind != NOT_IMPLEMENTED for p in found):
        # the tree cannot tell what the board's parser meets first
        said = refusal(text, mode)
        found = [problem for problem in found if problem.kind != INDENTATION] if said is None else _first(said, found)
    return tree, found


_OVER_HOST = _TOO_DEEP._replace()
_HOST_LIMITS = lazy(r"too many (?:nested parentheses|levels of indentation|statically nested blocks)")
"""What the host says of text that the board's parser could take, but hardly its compiler."""


def _first(said: Problem, found: list[Problem]) -> list[Problem]:
    """``found``, with what the board says at the place of ``said`` in front of it all."""
    if said.stage:
        return [said, *found]
    of_line = [problem for problem in found if problem.line == said.line and problem.construct]
    if of_line:
        known = min(of_line)
        said = said._replace(column=known.column, construct=known.construct, instead=known.instead)
    # nothing before it is refused
    return [said, *(problem for problem in found if (problem.stage, problem.line) > (0, said.line))]


def _before(text: str, line: int) -> list[Problem]:
    """What the tree of the statements before ``line`` tells, for the advice that goes with it."""
    lines = text.split("\n")
    for last in range(min(line, len(lines)) - 1, 0, -1):
        if not lines[last][:1].isspace() and lines[last][:1] not in ("#", ")", "]", "}", ""):
            try:
                tree, mended = parsed("\n".join(lines[:last]) + "\n", "<check>", "exec")
                return _rewritten(tree, mended, "double")
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return []
    return []


def _rewritten(tree: Tree, text: str, floats: str, site: Site | None = None) -> list[Problem]:
    rewriter = Rewriter(
        text,
        single_floats=floats == "single",
        site=site,
        evidence=_evidence(tree, text),
        special_methods=SPECIAL.search(text) is not None,
        helpers=not _is_debugged(),
    )
    rewriter.tree(tree)
    return rewriter.problems


def _is_debugged() -> bool:
    """Whether a debugger may show the locals of the script's functions."""
    if "pydevd" in sys.modules:
        return True
    debugger = getattr(sys.modules.get("bdb"), "Bdb", None)
    traces = (sys.gettrace(), threading.gettrace())
    return debugger is not None and any(isinstance(getattr(trace, "__self__", None), debugger) for trace in traces)


_WORDS_MATTER = (
    *(".encode(", ".recv(", ".read(", "pack(", "hexlify", "MemoryError", "*="),
    *("bytes", "bytearray", "memoryview"),
)
_TYPES_MATTER = (
    lazy(r"%(?:(?<=[\w\])]%)|(?<=[\w\])][ \t]%)|(?<=[ \t][ \t]%))[ \t]*[\w(\[=]"),
    lazy(r"\*[ \t]*\d{5}"),
    lazy(r"[bB](?:['\"](?<=\b[bB].)|[rR]['\"](?<=\b[bB]..))"),
)
"""One of these must be in a text for an operator between variables to differ from the host's; or these three:"""
_ATTRIBUTE_SET = lazy(r"(?:^|[:;])[ \t]*(\w+)\.\w+[ \t]*=(?!=)", re.MULTILINE)
_BOUND = (
    lazy(r"def(?<=\bdef)[ \t]+(\w+)"),
    lazy(r"as(?<=\bas)[ \t]+(\w+)"),
)
_BOUND_VALUE = lazy(r"=[ \t]*(?:lambda|\w+(?:Error|Exception|Exit|Interrupt|Iteration)\b)")
_UNITED = lazy(r"[\w\])}][ \t]*\|")


def refusal(text: str, mode: str) -> Problem | None:
    """What the board's parser says of ``text``; its tables are only needed for text that is refused."""
    from emulator.runtime.source.parser import refusal as found

    return found(text, mode)


def _evidence(tree: Tree, text: str) -> Any:
    if not _types_matter(text):
        return None
    from emulator.runtime.source.kinds import Evidence

    return Evidence(tree)


def _types_matter(text: str) -> bool:
    """Whether the kinds of the names in ``text`` must be known."""
    if any(word in text for word in _WORDS_MATTER) or any(pattern.search(text) for pattern in _TYPES_MATTER):
        return True
    if "|" in text and ("{" in text or "dict" in text) and _UNITED.search(text):
        return True
    owners = {owner for owner in _ATTRIBUTE_SET.findall(text) if owner != "self"}
    if not owners:
        return False
    if any(not owners.isdisjoint(pattern.findall(text)) for pattern in _BOUND):
        return True
    for value in _BOUND_VALUE.finditer(text):
        before = text[text.rfind("\n", 0, value.start()) + 1 : value.start()].rstrip(" \t")
        if re.split(r"\W", before)[-1] in owners:
            return True
    return False


_MOST_REPAIRS = 100


def parsed(text: str, filename: str, mode: str) -> tuple[Tree, str]:
    """The tree, and the text that it is of: some of what the board takes the host does not.

    Raises SyntaxError, ValueError, RecursionError, MemoryError as the host's parser does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _TREES(text, filename, mode), text
        except (SyntaxError, ValueError):
            mended = repaired(text)
            for _ in range(_MOST_REPAIRS):
                try:
                    return _TREES(mended, filename, mode), mended
                except SyntaxError as error:
                    bracketed = with_brackets(mended, error)
                    if bracketed is None:
                        raise
                    mended = bracketed
            raise
