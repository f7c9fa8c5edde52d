"""The prompt byte for byte: what is typed, what the board shows.

Source of the expected texts: firmware lib/utils/pyexec.c, lib/mp-readline/readline.c, py/repl.c.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest

from emulator import Board
from tests.emulator.conftest import NEVER, load

BANNER = re.compile(
    r"Pycom MicroPython 1\.20\.2\.r\d+ \[v1\.\d+-[0-9a-f]{7,}\] on \d{4}-\d\d-\d\d; FiPy with ESP32\n"
    r'Type "help\(\)" for more information\.\n'
)
RAW = "raw REPL; CTRL-B to exit\n>"
A, B, C, D, E = "\x01\x02\x03\x04\x05"


class Person:
    """Types at the prompt and sees what the board shows, echo included."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._seen = ""
        self._changed = threading.Condition()
        self._stop = board.console.listen(self._see, echo=True)

    def _see(self, text: str) -> None:
        with self._changed:
            self._seen += text
            self._changed.notify_all()

    def until(self, end: str) -> str:
        """All that is shown from now until it ends with ``end``."""
        with self._changed:
            assert self._changed.wait_for(lambda: end in self._seen, NEVER), f"{end!r} is not in {self._seen!r}"
            at = self._seen.index(end) + len(end)
            shown, self._seen = self._seen[:at], self._seen[at:]
            return shown

    def type(self, keys: str, until: str = "\n>>> ") -> str:
        self.board.console_input.feed(keys)
        return self.until(until)


@pytest.fixture
def person(board: Board) -> Iterator[Person]:
    load(board, "x = 41\n")
    person = Person(board)
    board.start(repl=True)
    shown = person.until(">>> ")
    assert BANNER.fullmatch(shown.removesuffix(">>> ")), shown
    yield person
    person._stop()


STATEMENTS = {
    "value": ("1 + 1\r", "1 + 1\n2\n>>> "),
    "none": ("None\r", "None\n>>> "),
    "text": ("'a\"b'\r", "'a\"b'\n'a\"b'\n>>> "),
    "float": ("1/3\r", "1/3\n0.3333333\n>>> "),
    "name of main.py": ("x + 1\r", "x + 1\n42\n>>> "),
    "assignment": ("y = 3\r", "y = 3\n>>> "),
    "two on a line": ("1; 2\r", "1; 2\n1\n2\n>>> "),
    "line feeds count for nothing": ("1 +\n 1\r", "1 + 1\n2\n>>> "),
    "comment": ("# nothing\r", "# nothing\n>>> "),
    "block": (
        "for i in range(2):\ri\r\r\x7f\r",
        "for i in range(2):\n...     i\n...     \n...     \b\b\b\b\x1b[K\n0\n1\n>>> ",
    ),
    "open bracket": ("(1,\r2)\r", "(1,\n... 2)\n(1, 2)\n>>> "),
    "text of three quotes": ("'''a\rb'''\r", "'''a\n... b'''\n'a\\nb'\n>>> "),
    "exception": (
        "1/0\r",
        '1/0\nTraceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n'
        "ZeroDivisionError: divide by zero\n>>> ",
    ),
    "syntax": (
        "a b\r",
        'a b\nTraceback (most recent call last):\n  File "<stdin>", line 1\nSyntaxError: invalid syntax\n>>> ',
    ),
    "exit": ("raise SystemExit\r", "raise SystemExit\n>>> "),
    "sys.exit": ("import sys; sys.exit(3)\r", "import sys; sys.exit(3)\n>>> "),
    "ctrl-c on an empty line": (C, "\n>>> "),
    "ctrl-c on a line": (f"abc{C}", "abc\n>>> "),
    "ctrl-c in a block": (f"if 1:\rx{C}", "if 1:\n...     x\n>>> "),
    "ctrl-d ends a block": (f"if 1:\r2\r\b{D}", "if 1:\n...     2\n...     \b\b\b\b\x1b[K2\n>>> "),
    "ctrl-b and ctrl-d on a line": (f"1{B}{D}\r", "1\n1\n>>> "),
    "beyond ASCII": ("'é€'\r", "''\n''\n>>> "),
    "empty line": ("\r", "\n>>> "),
}


@pytest.mark.parametrize(("keys", "shown"), STATEMENTS.values(), ids=STATEMENTS.keys())
def test_a_statement(person: Person, keys: str, shown: str) -> None:
    assert person.type(keys) == shown
    assert person.type("'still here'\r") == "'still here'\n'still here'\n>>> "


EDITING = {
    "backspace": ("12\x7f3\r", "13"),
    "backspace as ctrl-h": ("12\b3\r", "13"),
    "left and insert": ("13\x1b[D2\r", "123"),
    "right": ("13\x1b[D\x1b[D\x1b[C2\r", "123"),
    "home and end": ("23\x1b[H1\x1b[F4\r", "1234"),
    "home and end of other terminals": ("23\x1bOH1\x1bOF4\r", "1234"),
    "ctrl-a and ctrl-e": (f"23{A}1{E}4\r", "1234"),
    "delete": ("123\x1b[H\x1b[3~\r", "23"),
    "an unknown sequence": ("12\x1b[Z\r", "12"),
}


@pytest.mark.parametrize(("keys", "value"), EDITING.values(), ids=EDITING.keys())
def test_editing(person: Person, keys: str, value: str) -> None:
    assert person.type(keys).endswith(f"\n{value}\n>>> ")


def test_history(person: Person) -> None:
    for number in range(9):
        person.type(f"{number}\r")
    assert person.type("\x1b[A\r").endswith("\n8\n>>> ")
    assert person.type("\x1b[A\x1b[A\r").endswith("\n7\n>>> ")
    assert person.type("\x1b[A\x1b[A\x1b[A\x1b[B\r").endswith("\n8\n>>> "), "the last but one of 7, 8, 7"
    assert person.type("\x1b[A" * 20 + "\r").endswith("\n3\n>>> "), "eight are kept"


def test_tab_completes_names_and_attributes(person: Person) -> None:
    person.type("import machine\r")
    person.type("long_name = 5\r")
    assert person.type("lon\t\r") == "long_name\n5\n>>> "
    assert person.type("machine.uniq\t()\r").startswith("machine.unique_id()\nb'")
    assert person.type("imp\t\r", "invalid syntax\n>>> ").startswith("import \n")


def test_tab_shows_a_table_of_choices(person: Person) -> None:
    person.type("class A: pass\r\x7f\r")
    person.type("a = A(); a.one = 1; a.other = 2\r")
    shown = person.type("a.o\t", ">>> a.o")
    assert shown.endswith("one             other\n>>> a.o")
    assert person.type("ne\r") == "ne\n1\n>>> "


def test_ctrl_b_shows_the_banner_again(person: Person) -> None:
    shown = person.type(B, "\n>>> ")
    assert BANNER.fullmatch(shown[1:].removesuffix(">>> "))


def test_paste_mode(person: Person) -> None:
    assert person.type(E, "=== ") == "\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\n=== "
    shown = person.type(f"def f():\r  return 7\rf()\r{D}")
    assert shown == "def f():\n===   return 7\n=== f()\n=== \n7\n>>> "
    person.type(E, "=== ")
    assert person.type(f"y = 1{C}") == "y = 1\n>>> "
    assert person.type("y\r").endswith("NameError: name 'y' isn't defined\n>>> ")


AGAIN = "def k():\r  try:\r    1/0\r  finally:\r    print('f')\r"
FRAMES = '  File "<stdin>", line 5, in k\n  File "<stdin>", line 3, in k\nZeroDivisionError: divide by zero\n'
BY = {
    "statement": ("def k():\rtry:\r1/0\r\x7ffinally:\rprint('f')\r\x7f\x7f\r", ""),
    "paste mode": (f"{E}{AGAIN}{D}", ""),
    "raw mode": (f"{A}{AGAIN}{D}", "\x04\x04>"),
}


@pytest.mark.parametrize("later", ["", "y = 1\r", f"{E}def m():\r  return\r{D}"], ids=["at once", "statement", "paste"])
@pytest.mark.parametrize(("define", "shown"), BY.values(), ids=BY.keys())
def test_tracebacks_are_those_of_the_text_a_function_stands_in(
    person: Person, define: str, shown: str, later: str
) -> None:
    """An exception that goes through ``finally`` has an entry more (firmware: py/vm.c), whatever was typed since."""
    person.type(define, shown or "\n>>> ")
    if shown:
        person.type(B, ">>> ")
    if later:
        person.type(later, "\n>>> ")
        person.type("'on'\r", "\n'on'\n>>> ")
    text = person.type("k()\r", "divide by zero\n>>> ")
    assert text.endswith(f'f\nTraceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n{FRAMES}>>> ')


def test_an_interrupt_ends_what_runs(person: Person) -> None:
    person.type("import time\r")
    person.type("def wait():\rprint('waits')\rtime.sleep(1000)\r\x7f\r")
    person.type("wait()\r", "waits\n")
    shown = person.type(C)
    assert shown == (
        'Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n'
        '  File "<stdin>", line 3, in wait\nKeyboardInterrupt: \n>>> '
    )


def test_input_at_the_prompt(person: Person) -> None:
    person.type("a = input('name? ')\r", "\nname? ")
    assert person.type("Anna\r") == "Anna\n>>> "
    assert person.type("a\r") == "a\n'Anna'\n>>> "


def test_tab_in_input(person: Person) -> None:
    """``input()`` has the line editor of the prompt, all of it."""
    person.type("long_name = 5\r")
    person.type("a = input('? ')\r", "\n? ")
    assert person.type("lon\t\r") == "long_name\n>>> "


READING = {
    "line": ("sys.stdin.readline()", "ab\x7fc\r", "'ab\\x7fc\\n'"),
    "line that ends with LF": ("sys.stdin.readline()", "ab\n", "'ab\\n'"),
    "part of a line": ("sys.stdin.readline(2)", "ab", "'ab'"),
    "control characters": ("sys.stdin.readline()", f"{A}{D}\x1b[A\t\r", "'\\x01\\x04\\x1b[A\\t\\n'"),
    "next": ("next(sys.stdin)", "é\r", "'\\xe9\\n'"),
    "characters": ("sys.stdin.read(3)", "a\r\n", "'a\\n\\n'"),
}


@pytest.mark.parametrize(("call", "keys", "value"), READING.values(), ids=READING.keys())
def test_stdin_takes_keys_as_they_are(person: Person, call: str, keys: str, value: str) -> None:
    """Neither shown nor edited (firmware: lib/utils/sys_stdio_mphal.c, py/stream.c)."""
    person.type("import sys\r")
    person.type(f"{call}\r", f"{call}\n")
    assert person.type(keys) == f"{value}\n>>> "


def test_a_soft_reset_runs_the_scripts_again(person: Person) -> None:
    person.type("y = 1\r")
    shown = person.type(D, ">>> ")
    assert shown.startswith("\nPYB: soft reboot\n")
    assert BANNER.search(shown)
    assert person.type("x\r") == "x\n41\n>>> "
    assert person.type("y\r").endswith("NameError: name 'y' isn't defined\n>>> ")


def test_machine_reset_at_the_prompt(person: Person) -> None:
    person.type("import machine\r")
    shown = person.type("machine.reset()\r", ">>> ")
    assert BANNER.search(shown)
    assert "soft reboot" not in shown


# -- the raw mode -----------------------------------------------------------------------------------------------------

RAW_SUBMISSIONS = {
    "nothing shown": ("y = 1", "OK\x04\x04>"),
    "output": ("print(1)\nprint(2)", "OK1\n2\n\x04\x04>"),
    "values are not shown": ("1 + 1", "OK\x04\x04>"),
    "lines that end with CR LF": ("if 1:\r\n  print(1)\r\n", "OK1\n\x04\x04>"),
    "lines that end with CR": ("if 1:\r  print(1)\r", "OK1\n\x04\x04>"),
    "beyond ASCII": ("print('é')", "OKé\n\x04\x04>"),
    "exception": (
        "print(1)\n1/0",
        'OK1\n\x04Traceback (most recent call last):\n  File "<stdin>", line 2, in <module>\n'
        "ZeroDivisionError: divide by zero\n\x04>",
    ),
    "syntax": (
        "a b",
        'OK\x04Traceback (most recent call last):\n  File "<stdin>", line 1\nSyntaxError: invalid syntax\n\x04>',
    ),
    "exit": ("print(1)\nraise SystemExit", "OK1\n\x04\x04>"),
    "no raw-paste": (f"{E}A{A}", RAW),
    "ctrl-c forgets": (f"1/0{C}print(2)", "OK2\n\x04\x04>"),
}


@pytest.mark.parametrize(("text", "shown"), RAW_SUBMISSIONS.values(), ids=RAW_SUBMISSIONS.keys())
def test_the_raw_mode(person: Person, text: str, shown: str) -> None:
    assert person.type(A, ">") == f"\n{RAW}"
    assert person.type(text if text.endswith(A) else text + D, shown) == shown
    assert person.type(f"print(x){D}", "\x04>") == "OK41\n\x04\x04>", "the namespace is that of main.py"
    shown = person.type(B, ">>> ")
    assert BANNER.fullmatch(shown[1:].removesuffix(">>> "))


def test_a_soft_reset_keeps_the_raw_mode_and_skips_main_py(person: Person) -> None:
    person.type(A, RAW)
    assert person.type(D, RAW) == f"OK\nPYB: soft reboot\n{RAW}"
    assert person.type(f"print(x){D}", "\x04>").endswith("NameError: name 'x' isn't defined\n\x04>")


def test_an_interrupt_in_the_raw_mode(person: Person) -> None:
    person.type(A, RAW)
    person.type(f"print('runs')\nwhile True: pass{D}", "OKruns\n")
    assert person.type(C, "\x04>").endswith("KeyboardInterrupt: \n\x04>")
