"""What the board says of source that it refuses."""

from __future__ import annotations

from typing import NamedTuple

SYNTAX = "SyntaxError"
INDENTATION = "IndentationError"
RECURSION = "RuntimeError"
NAME = "NameError"
NOT_IMPLEMENTED = "NotImplementedError"


class Problem(NamedTuple):
    """One thing in a source file that the board refuses.

    ``stage`` orders them as the board meets them: 0 while it reads the file, 1 while it compiles it; errors of the second stage
    are shown with the name of their ``block``. ``construct`` and ``instead`` are for the host's reader: what it is called,
    and what to write; empty where the message says it all. Lines count from 1, columns from 0.
    """

    stage: int
    line: int
    column: int
    kind: str = SYNTAX
    message: str = "invalid syntax"
    construct: str = ""
    instead: str = ""
    block: str = ""


class SourceError(Exception):
    """The board would refuse this source: ``kind`` is the exception it raises, ``line`` where, ``problem`` all that is known."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.kind = problem.kind
        self.message = problem.message
        self.line = problem.line
        self.construct = problem.construct
        self.instead = problem.instead
        self.block = problem.block


def invalid(line: int, column: int = 0, construct: str = "", instead: str = "") -> Problem:
    """The board's usual answer."""
    return Problem(0, line, column, construct=construct, instead=instead)
