"""The prompt as a state machine: keys in, text out, and what is to be done (firmware: lib/utils/pyexec.c).

It runs nothing itself and waits for nothing; whoever reads the keys carries out what :meth:`Session.key` returns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from emulator.models import BUILD_DATE, BUILD_TAG, RELEASE
from emulator.repl.continuation import needs_more
from emulator.repl.line_editor import (
    CTRL_A,
    CTRL_B,
    CTRL_C,
    CTRL_D,
    CTRL_E,
    ENTER,
    Complete,
    History,
    LineEditor,
    no_completion,
)

FIRST, MORE, PASTE = ">>> ", "... ", "=== "
RAW_BANNER = "raw REPL; CTRL-B to exit\n"
RAW_PROMPT = ">"
RAW_TAKEN = "OK"
LONGEST_STATEMENT = 0x40000
"""Characters of a statement over many lines, all looked at after each line. Only the raw and the paste mode take more."""
RAW_MARK = "\x04"
"""Ends what a submission printed, and then its traceback."""


def banner(machine: str) -> str:
    """What the friendly prompt begins with; ``machine`` as in ``os.uname()``."""
    return (
        f'Pycom MicroPython {RELEASE} [{BUILD_TAG}] on {BUILD_DATE}; {machine}\nType "help()" for more information.\n'
    )


def always() -> bool:
    """Every line gets its indentation."""
    return True


class Form(Enum):
    """How text is to be run."""

    STATEMENT = "statement"
    """One statement, whose value is shown."""
    PASTED = "pasted"
    """A file; the values of its expression statements are shown."""
    RAW = "raw"
    """A file; nothing but its own output is shown, between marks."""


@dataclass(frozen=True)
class Submission:
    """Text to run; :meth:`Session.resume` afterwards."""

    text: str
    form: Form
    too_long: bool = False
    """Whether there was more of it than the board can hold: then it is not run."""


class SoftReset:
    """The board is to be reset softly."""


SOFT_RESET = SoftReset()
Action = Submission | SoftReset


class Session:
    """The prompt between two resets. ``raw`` is the mode it is in, which a soft reset keeps.

    ``changes`` is told of a new mode before it is shown; ``longest`` is how many characters the board can hold at all.
    """

    def __init__(
        self,
        show: Callable[[str], None],
        echo: Callable[[str], None],
        machine: str,
        history: History | None = None,
        complete: Complete = no_completion,
        *,
        raw: bool = False,
        indent: Callable[[], bool] = always,
        changes: Callable[[bool], None] = lambda raw: None,
        longest: int = 0x7FFFFFFF,
    ) -> None:
        self.raw = raw
        self._changes = changes
        self._longest = longest
        self._too_long = False
        self._show = show
        self._echo = echo
        self._banner = banner(machine)
        history = History() if history is None else history
        self._editor = LineEditor(echo, history, complete, show=show, indent=indent)
        self._before = ""
        self._paste: list[str] | None = None
        self._raw_text: list[str] = []

    def begin(self) -> None:
        """Show the banner of the mode and the prompt."""
        self._show(RAW_BANNER if self.raw else self._banner)
        self.resume()

    def _change(self, *, raw: bool) -> None:
        self.raw = raw
        self._changes(raw)
        self.begin()

    def resume(self) -> None:
        """Show a new prompt."""
        self._before = ""
        self._paste = None
        self._raw_text = []
        self._too_long = False
        if self.raw:
            self._show(RAW_PROMPT)
        else:
            self._editor.begin(FIRST)

    def key(self, key: str) -> Action | None:
        """Take one character; what is to be done now, None for nothing."""
        if self.raw:
            return self._raw_key(key)
        if self._paste is not None:
            return self._pasted(self._paste, key)
        ended = self._editor.key(key)
        if ended is None:
            return None
        return self._continued(ended) if self._before else self._first(ended)

    # -- the friendly mode -----------------------------------------------------------------------------------------

    def _first(self, ended: str) -> Action | None:
        if ended == CTRL_A:
            self._show("\n")
            self._change(raw=True)
        elif ended == CTRL_B:
            self._show("\n")
            self.begin()
        elif ended == CTRL_C:
            self._show("\n")
            self.resume()
        elif ended == CTRL_D:
            self._show("\n")
            return SOFT_RESET
        elif ended == CTRL_E:
            self._show(f"\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\n{PASTE}")
            self._paste = []
        elif not self._editor.line:
            self.resume()
        else:
            return self._submit(self._editor.line)
        return None

    def _continued(self, ended: str) -> Action | None:
        text = self._before + self._editor.line
        if ended == CTRL_C:
            self._show("\n")
            self.resume()
            return None
        if ended == CTRL_D:
            return Submission(text, Form.STATEMENT)
        return self._submit(text)

    def _submit(self, text: str) -> Action | None:
        if len(text) > min(self._longest, LONGEST_STATEMENT):
            return Submission("", Form.STATEMENT, too_long=True)
        if needs_more(text):
            self._before = f"{text}\n"
            self._editor.begin(MORE, self._before)
            return None
        return Submission(text, Form.STATEMENT)

    def _pasted(self, pasted: list[str], key: str) -> Action | None:
        if key == CTRL_C:
            self._show("\n")
            self.resume()
            return None
        if key == CTRL_D:
            self._show("\n")
            return Submission("".join(pasted), Form.PASTED, self._too_long)
        self._keep(pasted, key)
        if key == ENTER:
            self._echo("\n")
            self._show(PASTE)
        else:
            self._echo(key)
        return None

    def _keep(self, text: list[str], key: str) -> None:
        if len(text) < self._longest:
            text.append(key)
        else:
            self._too_long = True

    # -- the raw mode ----------------------------------------------------------------------------------------------

    def _raw_key(self, key: str) -> Action | None:
        if key == CTRL_A:
            self.begin()
        elif key == CTRL_B:
            self._show("\n")
            self._change(raw=False)
        elif key == CTRL_C:
            self._raw_text = []
            self._too_long = False
        elif key == CTRL_D:
            self._show(RAW_TAKEN)
            if self._raw_text:
                return Submission("".join(self._raw_text), Form.RAW, self._too_long)
            self._show("\n")
            return SOFT_RESET
        else:
            self._keep(self._raw_text, key)
        return None
