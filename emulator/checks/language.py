"""What CPython accepts and MicroPython 1.11 refuses: asked of the source pipeline itself."""

from __future__ import annotations

import ast
import re

from emulator.checks.findings import Finding
from emulator.runtime import source
from emulator.runtime.source.errors import Problem

MAX_BYTES = 8 * 1024 * 1024
"""No board has more flash than this."""


_OLD_AND_NEW: tuple[tuple[str, str, str], ...] = (
    (r"\s*print\s+[^\s=(]", "the print statement of CPython 2", "print(...)"),
    (r"\s*print\s*>>", "the print statement of CPython 2", "print(..., file=...)"),
    (r"\s*exec\s+['\"\w]", "the exec statement of CPython 2", "exec(...)"),
    (r"\s*except\b[^:]*,\s*\w+\s*:", "the except clause of CPython 2", "except OSError as e:"),
    (r"\s*raise\s+\w+\s*,", "the raise statement of CPython 2", "raise ValueError(text)"),
    (r"[^'\"#]*<>", "<>, of CPython 2", "!="),
    (r"[^'\"#]*`", "backticks, of CPython 2", "repr(...)"),
    (r"[^'\"#]*\b\d+[lL]\b", "a long integer of CPython 2", "the number without the L"),
    (r"\s*except\s*\*", "except*", "except"),
    (r"\s*type\s+\w+[^=]*=", "a type statement", "a plain assignment"),
)
"""How a line begins that no CPython of today, or only a newer one than this, can read -> what that is, what to write."""


def _in_words(problem: Problem, lines: list[bytes]) -> tuple[str, str]:
    if problem.construct:
        return f"{problem.construct}: not in MicroPython 1.11", problem.instead.removeprefix("write ")
    line = lines[problem.line - 1].decode("utf-8", "replace") if 0 < problem.line <= len(lines) else ""
    if "syntax" in problem.message:
        for pattern, construct, instead in _OLD_AND_NEW:
            if re.match(pattern, line):
                return f"{construct}: not in MicroPython 1.11", instead
    return "the board refuses this", problem.instead


def find(file: str, data: bytes) -> list[Finding]:
    """Return what the board's parser and compiler refuse of a file."""
    if len(data) > MAX_BYTES:
        message = "OSError: [Errno 28] ENOSPC"
        return [Finding(file, 1, 1, "too-large", message, "larger than the flash of any board")]
    lines = data.split(b"\n")
    found = []
    for problem in source.problems(data):
        why, instead = _in_words(problem, lines)
        message = f"{problem.kind}: {problem.message}"
        found.append(Finding(file, problem.line, problem.column + 1, "language", message, why, instead))
    return list(dict.fromkeys(found))


def parse(data: bytes) -> ast.Module | None:
    """The tree for the other rules; None where there is none to look at."""
    try:
        tree, _ = source.parsed(source.decode(data), "<check>", "exec")
    except (source.SourceError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if isinstance(tree, ast.Module) else None
