"""Notes and quirks as data: what the host's reader is told, and where the board departs from its documentation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """An explanation for the person on the host. The script never sees it; it never holds a key or a password.

    ``code`` is a stable kebab-case name; ``title`` is one line; the others may be empty. ``str()`` gives at most six
    lines.
    """

    code: str
    title: str
    cause: str = ""
    evidence: str = ""
    fix: str = ""
    source: str = ""

    def __str__(self) -> str:
        lines = [f"note: {self.title}"]
        for label, text in (
            ("cause", self.cause),
            ("evidence", self.evidence),
            ("fix", self.fix),
            ("source", self.source),
        ):
            if text:
                lines.append(f"  {label + ':':<10}{' '.join(text.split())}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Quirk:
    """A place where the firmware contradicts its documentation, destroys data or hangs.

    Reproduced only on request (``--quirks NAME``); by default ``default`` happens and ``note`` says so.
    """

    name: str
    board: str
    default: str
    source: str
    note: str


NoteSink = Callable[[Note], None]


def ignore_note(note: Note) -> None:
    """Take a note and drop it: a sink for those who want no notes."""
