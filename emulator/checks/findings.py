"""What a rule reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]

CODES: dict[str, str] = {
    "language": "what MicroPython 1.11 refuses",
    "unreadable": "a file that cannot be opened",
    "too-large": "more than any board's flash holds",
    "import": "a module that is neither on the board nor in the project",
    "name": "a name that the board's module or class lacks, on any board or on this model",
    "builtin": "a name that every CPython script has and the board lacks",
    "argument": "a call that the board's function does not take",
    "certificate": "a certificate path that ussl refuses",
    "method": "a method or attribute that the board's own types lack",
    "format": "a template that str.format or % refuses, or too few or too many values for it",
    "slice": "a slice with a step of what is no list",
}
"""Code -> what it stands for. Codes are stable."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that fails on the board.

    ``line`` and ``column`` count from 1. ``message`` is the board's own; ``why`` names what stands there, ``instead`` what
    to write (may be empty). ``severity`` is warning for what fails on some boards of that model only: by the build or the
    release of their firmware.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    why: str
    instead: str = ""
    severity: Severity = "error"
