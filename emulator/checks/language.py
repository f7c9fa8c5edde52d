"""What CPython accepts and MicroPython 1.11 refuses: asked of the source pipeline itself."""

from __future__ import annotations

import ast
import warnings

from emulator.checks.findings import Finding
from emulator.runtime import source
from emulator.runtime.source.tokens import repaired

MAX_BYTES = 8 * 1024 * 1024
"""No board has more flash than this."""


def find(file: str, data: bytes) -> list[Finding]:
    """Return what the board's parser and compiler refuse of a file."""
    if len(data) > MAX_BYTES:
        message = "OSError: [Errno 28] ENOSPC"
        return [Finding(file, 1, 1, "too-large", message, "larger than the flash of any board")]
    found = [
        Finding(
            file,
            problem.line,
            problem.column + 1,
            "language",
            f"{problem.kind}: {problem.message}",
            f"{problem.construct}: not in MicroPython 1.11" if problem.construct else "the board refuses this",
            problem.instead,
        )
        for problem in source.problems(data)
    ]
    return list(dict.fromkeys(found))


def parse(data: bytes) -> ast.Module | None:
    """The tree for the other rules; None where there is none to look at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            text = source.decode(data)
            try:
                return ast.parse(text)
            except SyntaxError:
                return ast.parse(repaired(text))
        except (source.SourceError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None
