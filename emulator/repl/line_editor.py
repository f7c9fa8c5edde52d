"""The line editor of the prompt and of ``input()``, key by key (firmware: lib/mp-readline/readline.c).

It knows VT100 arrow keys, Home, End, Delete, backspace, Tab, and a history; text is ASCII only. What it draws goes to
``echo``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

ENTER = "\r"
ESCAPE = "\x1b"
BACKSPACES = "\b\x7f"
TAB = "\t"
CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E = "\x01\x02\x03\x04\x05"
INDENT = 4
HISTORY = 8
LONGEST_LINE = 32768
"""What is typed beyond that is not taken: the board would run out of memory somewhere."""


class Completion(NamedTuple):
    """What Tab brings: text to insert, or, where that is empty, a table of choices."""

    insert: str = ""
    choices: str = ""


Complete = Callable[[str], Completion]


def no_completion(before: str) -> Completion:
    """Tab does nothing."""
    return Completion()


@dataclass
class History:
    """The last lines, newest first."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Keep a line, unless it is empty or the last one again."""
        if line and self.lines[:1] != [line]:
            self.lines = [line, *self.lines][:HISTORY]


class LineEditor:
    """One line at a time. ``indent`` tells whether a line that continues a block is to begin with blanks."""

    def __init__(
        self,
        echo: Callable[[str], None],
        history: History,
        complete: Complete = no_completion,
        *,
        show: Callable[[str], None] | None = None,
        indent: Callable[[], bool] = lambda: True,
    ) -> None:
        self._echo = echo
        self._show = show or echo
        self._history = history
        self._complete = complete
        self._indents = indent
        self.begin("")

    def begin(self, prompt: str, before: str = "") -> None:
        """Show the prompt of a new line; ``before`` are the lines that it goes on with."""
        self.line = ""
        self._prompt = prompt
        self._cursor = 0
        self._recalled = -1
        self._escape = ""
        if prompt:
            self._show(prompt)
        if before.endswith("\n") and self._indents():
            blanks = " " * (INDENT * indent_after(before))
            self.line, self._cursor = blanks, len(blanks)
            if blanks:
                self._echo(blanks)

    def key(self, key: str) -> str | None:
        """Take one key. "" when the line has ended, a control character that the caller acts on, else None.

        Those are Ctrl-A to Ctrl-E on an empty line, and Ctrl-C on any.
        """
        if self._escape:
            self._sequence(key)
            return None
        if key == CTRL_C or (CTRL_A <= key <= CTRL_E and not self.line):
            return key
        if key == ENTER:
            self._echo("\n")
            self._history.add(self.line)
            return ""
        if key == ESCAPE:
            self._escape = key
        elif key == CTRL_A:
            self._home()
        elif key == CTRL_E:
            self._end()
        elif key in BACKSPACES:
            self._backspace()
        elif key == TAB:
            self._tab()
        elif " " <= key <= "~" and len(self.line) < LONGEST_LINE:
            self._insert(key)
        return None

    # -- escape sequences ------------------------------------------------------------------------------------------

    def _sequence(self, key: str) -> None:
        sequence, self._escape = self._escape + key, ""
        if sequence in ("\x1b[", "\x1bO") or (len(sequence) == 3 and sequence[1] == "[" and "0" <= key <= "9"):
            self._escape = sequence
            return
        action = _SEQUENCES.get(sequence)
        if action is not None:
            action(self)

    def _older(self) -> None:
        if self._recalled + 1 < len(self._history.lines):
            self._recalled += 1
            self._replace(self._history.lines[self._recalled])

    def _newer(self) -> None:
        if self._recalled >= 0:
            self._recalled -= 1
            self._replace(self._history.lines[self._recalled] if self._recalled >= 0 else "")

    def _right(self) -> None:
        if self._cursor < len(self.line):
            self._forward(1)

    def _left(self) -> None:
        if self._cursor:
            self._back(1)

    def _home(self) -> None:
        self._back(self._cursor)

    def _end(self) -> None:
        self._forward(len(self.line) - self._cursor)

    def _delete(self) -> None:
        if self._cursor < len(self.line):
            before = len(self.line)
            self.line = self.line[: self._cursor] + self.line[self._cursor + 1 :]
            self._redraw(before, 0)

    # -- editing ---------------------------------------------------------------------------------------------------

    def _insert(self, text: str) -> None:
        before = len(self.line)
        self.line = self.line[: self._cursor] + text + self.line[self._cursor :]
        self._redraw(before, len(text))

    def _backspace(self) -> None:
        if not self._cursor:
            return
        blank = not self.line[: self._cursor].strip(" ")
        count = INDENT if blank and self._cursor >= INDENT else 1
        before = len(self.line)
        self.line = self.line[: self._cursor - count] + self.line[self._cursor :]
        self._back(count)
        self._redraw(before, 0)

    def _replace(self, text: str) -> None:
        before = len(self.line)
        self.line = text
        self._back(self._cursor)
        self._redraw(before, len(text))

    def _tab(self) -> None:
        found = self._complete(self.line[: self._cursor])
        if found.insert:
            self._insert(found.insert)
        elif found.choices:
            self._echo(found.choices + self._prompt + self.line[: self._cursor])
            self._redraw(len(self.line), 0)

    # -- drawing ---------------------------------------------------------------------------------------------------

    def _back(self, count: int) -> None:
        self._cursor -= count
        self._draw(_left_by(count))

    def _forward(self, count: int) -> None:
        self._draw(self.line[self._cursor : self._cursor + count])
        self._cursor += count

    def _redraw(self, before: int, forward: int) -> None:
        """Draw what is right of the cursor, ``before`` being the length of the line so far, and step ``forward``."""
        rest = self.line[self._cursor :]
        erased = "\x1b[K" if len(self.line) < before else ""
        self._draw(erased + rest + _left_by(len(rest) - forward))
        self._cursor += forward

    def _draw(self, text: str) -> None:
        if text:
            self._echo(text)


def _left_by(count: int) -> str:
    return "\b" * count if count <= INDENT else f"\x1b[{count}D"


def indent_after(before: str) -> int:
    """By how many levels of four blanks the line after ``before``, which ends with LF, begins."""
    lines = before.split("\n")[:-1]
    last = lines[-1]
    blank = not last.strip(" ")
    if len(lines) > 1 and blank and _all_blank(lines[-2], first=len(lines) == 2):
        return 0  # two blank lines end the indentation
    level = (len(last) - len(last.lstrip(" "))) // INDENT
    return level + 1 if last.endswith(":") else level


def _all_blank(line: str, *, first: bool) -> bool:
    return not first and not line.strip(" ")


_SEQUENCES: dict[str, Callable[[LineEditor], None]] = {
    "\x1b[A": LineEditor._older,
    "\x1b[B": LineEditor._newer,
    "\x1b[C": LineEditor._right,
    "\x1b[D": LineEditor._left,
    **dict.fromkeys(("\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~"), LineEditor._home),
    **dict.fromkeys(("\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~"), LineEditor._end),
    "\x1b[3~": LineEditor._delete,
}
