"""The state machine of the prompt under keys that nobody would type."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.repl.continuation import needs_more
from emulator.repl.line_editor import HISTORY, History, LineEditor
from emulator.repl.session import Form, Session, Submission

CONTROLS = [*"\r\n\t\b\x7f\x01\x02\x03\x04\x05\x06\x1b\x00"]
TEXTS = ["[", "O", "A", "D", "H", "3~", "x", " ", ":", "(", ")", "'", '"""', "\\", "if 1:", "\udc80", "é"]
KEYS = st.lists(st.sampled_from(CONTROLS + TEXTS)).map("".join)


@given(KEYS)
def test_any_keys_are_taken_and_the_prompt_comes_back(keys: str) -> None:
    shown: list[str] = []
    session = Session(shown.append, shown.append, "FiPy with ESP32")
    session.begin()
    for key in keys:
        if isinstance(session.key(key), Submission):
            session.resume()
    # whatever was left open: an interrupt twice leaves it, and a statement runs
    del shown[:]
    for key in "\x1b[Z\x03\x03\x02":
        session.key(key)
    submitted = None
    for key in "1\r":
        submitted = session.key(key)
    assert submitted == Submission("1", Form.STATEMENT)
    assert "".join(shown).endswith(">>> 1\n")


class Screen:
    """One line of a VT100, wide enough."""

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.cursor = 0
        self._escape = ""

    def draw(self, text: str) -> None:
        for char in text:
            if self._escape:
                self._escape += char
                if char in "DK":
                    if char == "K":
                        del self.cells[self.cursor :]
                    else:
                        self.cursor -= int(self._escape[2:-1])
                    self._escape = ""
            elif char == "\x1b":
                self._escape = char
            elif char == "\b":
                self.cursor -= 1
            elif char == "\n":
                self.cells, self.cursor = [], 0
            else:
                self.cells[self.cursor : self.cursor + 1] = [char]
                self.cursor += 1
        assert 0 <= self.cursor <= len(self.cells)


EDITS = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            " ",
            "    ",
            "\b",
            "\x01",
            "\x05",
            "\x1b[D",
            "\x1b[C",
            "\x1b[A",
            "\x1b[B",
            "\x1b[H",
            "\x1b[F",
            "\x1b[3~",
            "\r",
        ]
    )
)


@given(EDITS)
def test_what_is_drawn_is_what_the_line_holds(edits: list[str]) -> None:
    screen = Screen()
    editor = LineEditor(screen.draw, History())
    editor.begin(">>> ")
    for edit in edits:
        for key in edit:
            if editor.key(key) == "":
                editor.begin(">>> ")
        drawn = "".join(screen.cells)
        assert drawn == f">>> {editor.line}"
        assert screen.cursor == 4 + editor._cursor


@given(st.lists(st.text()))
def test_history_keeps_few_lines(lines: list[str]) -> None:
    history = History()
    for line in lines:
        history.add(line)
    assert len(history.lines) <= HISTORY
    assert not any(a == b for a, b in zip(history.lines, history.lines[1:], strict=False))


CONTINUED = {
    "": False,
    "1": False,
    "if 1:": True,
    "if 1:\n  x": True,
    "if 1:\n  x\n": False,
    "iffy = 1": False,
    "@a": True,
    "async def f(): pass": True,
    "(": True,
    "(\n)": False,
    "[)": True,
    "'''a": True,
    "'''a\nb'''": False,
    '"""\\"""': True,
    "'('": False,
    "'(": False,
    "x = 1 + \\": True,
    "with": True,
}


def test_when_a_further_line_is_asked_for() -> None:
    assert {text: needs_more(text) for text in CONTINUED} == CONTINUED


def test_a_statement_that_never_ends_is_given_up() -> None:
    from emulator.repl import session as sessions

    session = sessions.Session(lambda _: None, lambda _: None, "FiPy with ESP32", longest=100)
    session.begin()
    actions = [action for key in "(" + "1,\r" * 60 if (action := session.key(key)) is not None]
    assert actions
    assert isinstance(actions[0], sessions.Submission)
    assert actions[0].too_long
