"""The board's words for what CPython raises, against a table of what MicroPython 1.11 says."""

from __future__ import annotations

import re

import pytest

from emulator import Board
from emulator.runtime.messages import board_class_name, board_message
from emulator.runtime.wordings import TABLE, Row
from tests.emulator.conftest import NEVER, RunScript, load
from tests.emulator.runtime.board_wordings import WORDINGS

SHOW = """
import sys, uio
def show(number, text):
    try:
        exec(text, {'__name__': '__main__'})
        print(number, 'nothing raised')
    except BaseException as e:
        out = uio.StringIO()
        sys.print_exception(e, out)
        print(number, out.getvalue().split('\\n')[-2])
"""


@pytest.fixture(scope="module")
def said() -> dict[int, str]:
    """What the emulated board shows last for each row of the table."""
    calls = "\n".join(f"show({number}, {text!r})" for number, (text, _) in enumerate(WORDINGS))
    with Board("fipy") as board:
        load(board, f"{SHOW}\n{calls}\n")
        lines = board.run(timeout=NEVER).text.splitlines()
    return {int(number): rest for number, _, rest in (line.partition(" ") for line in lines)}


@pytest.mark.parametrize("number", range(len(WORDINGS)), ids=[text.replace("\n", " | ")[:60] for text, _ in WORDINGS])
def test_wording(said: dict[int, str], number: int) -> None:
    text, line = WORDINGS[number]
    assert said.get(number) == line, text


def test_there_are_enough_wordings() -> None:
    assert len(WORDINGS) >= 250
    assert len({text for text, _ in WORDINGS}) == len(WORDINGS)


OTHER_VERSIONS = {
    "free variable, 3.10": (
        NameError,
        "free variable 'a' referenced before assignment in enclosing scope",
        "local variable referenced before assignment",
    ),
    "local variable, 3.10": (
        UnboundLocalError,
        "local variable 'a' referenced before assignment",
        "local variable referenced before assignment",
    ),
    "local variable, 3.11": (
        UnboundLocalError,
        "cannot access local variable 'a' where it is not associated with a value",
        "local variable referenced before assignment",
    ),
    "zero, 3.10": (ZeroDivisionError, "integer division or modulo by zero", "divide by zero"),
    "zero, 3.13": (ZeroDivisionError, "division by zero", "divide by zero"),
    "float modulo, 3.10": (ZeroDivisionError, "float modulo", "divide by zero"),
    "power, 3.10": (ZeroDivisionError, "0.0 cannot be raised to a negative power", "divide by zero"),
    "power, 3.13": (ZeroDivisionError, "zero to a negative power", "divide by zero"),
    "containment, 3.13": (
        TypeError,
        "argument of type 'list_iterator' is not iterable",
        "'iterator' object isn't iterable",
    ),
    "containment, 3.14": (
        TypeError,
        "argument of type 'float' is not a container or iterable",
        "'float' object isn't iterable",
    ),
    "unhashable, 3.13": (TypeError, "unhashable type: 'list'", "unsupported type for __hash__: 'list'"),
    "unhashable, 3.14": (
        TypeError,
        "cannot use 'list' as a dict key (unhashable type: 'list')",
        "unsupported type for __hash__: 'list'",
    ),
    "text index, 3.11": (
        TypeError,
        "string indices must be integers, not 'str'",
        "string indices must be integers, not str",
    ),
    "property, 3.11": (
        AttributeError,
        "property 'x' of 'A' object has no setter",
        "'A' object has no attribute 'x'",
    ),
    "module": (
        AttributeError,
        "partially initialized module 'm' has no attribute 'x' (most likely due to a circular import)",
        "'module' object has no attribute 'x'",
    ),
    "a suggestion": (NameError, "name 'pritn' is not defined. Did you mean: 'print'?", "name 'pritn' isn't defined"),
    "a forgotten import": (
        NameError,
        "name 'time' is not defined. Did you forget to import 'time'?",
        "name 'time' isn't defined",
    ),
    "a text that is no message of CPython's": (ValueError, "name 'x' is not defined", "name 'x' is not defined"),
}


@pytest.mark.parametrize(("kind", "message", "words"), OTHER_VERSIONS.values(), ids=OTHER_VERSIONS)
def test_texts_of_other_python_versions(kind: type[BaseException], message: str, words: str) -> None:
    assert board_message(kind(message), message) == words


@pytest.mark.parametrize("row", TABLE, ids=[row.pattern[:50] for row in TABLE])
def test_each_pattern_has_the_groups_that_its_words_need(row: Row) -> None:
    groups = re.compile(row.pattern).groups
    if isinstance(row.words, str):
        assert all(int(group) <= groups for group in re.findall(r"\\(\d)", row.words))


HOST_CLASSES = {
    UnboundLocalError: "NameError",
    ModuleNotFoundError: "ImportError",
    RecursionError: "RuntimeError",
    TabError: "IndentationError",
    KeyError: "KeyError",
}


@pytest.mark.parametrize(("kind", "name"), HOST_CLASSES.items(), ids=[kind.__name__ for kind in HOST_CLASSES])
def test_classes_that_the_board_lacks(kind: type[BaseException], name: str) -> None:
    assert board_class_name(kind("x")) == name


RAISED_BY_THE_SCRIPT = [
    ("TypeError", "'int' object is not callable"),
    ("NameError", "name 'x' is not defined"),
    ("ZeroDivisionError", "division by zero"),
    ("IndexError", "index out of range"),
    ("ValueError", "substring not found"),
    ("ValueError", "not enough values to unpack (expected 2, got 1)"),
]


@pytest.mark.parametrize(("name", "text"), RAISED_BY_THE_SCRIPT, ids=[text for _, text in RAISED_BY_THE_SCRIPT])
def test_a_script_may_raise_the_same_text(run_script: RunScript, name: str, text: str) -> None:
    result = run_script(
        f"try:\n    raise {name}({text!r})\nexcept {name} as e:\n    print(e)\n    print(e.args[0])\n    raise"
    )
    assert result.text.splitlines()[:2] == [text, text]
    assert result.text.endswith(f"{name}: {text}\n")


def test_args_and_str_have_the_board_s_words(run_script: RunScript) -> None:
    script = (
        "def f(a): pass\ntry:\n    f()\nexcept TypeError as e:\n    print(e)\n    print(e.args)\n    print(repr(e))"
    )
    text = "function takes 1 positional arguments but 0 were given"
    assert run_script(script).text == f"{text}\n('{text}',)\nTypeError('{text}',)\n"


CALLS = {
    "a nested function": (
        "def f():\n    def g(a, b=1): pass\n    g()\nf()",
        "function takes 1 positional arguments but 0 were given",
    ),
    "keywords in a dict": (
        "def f(a, b, c): pass\nf(*[1], **{'c': 1})",
        "function missing required positional argument #1",
    ),
    "two classes, one name": (
        "def make(n):\n    class A:\n        def f(self, a): pass\n    return A\nmake(1)().f()",
        "function takes 2 positional arguments but 1 were given",
    ),
    "from map": ("def f(a): pass\nlist(map(f, [1], [2]))", "function takes 1 positional arguments but 2 were given"),
    "key of sorted": ("sorted([1, 2], key=lambda: 0)", "function takes 0 positional arguments but 1 were given"),
    "a decorated one": (
        "def d(g): return lambda *a: g(*a)\n@d\ndef f(a, b): pass\nf(1)",
        "function takes 2 positional arguments but 1 were given",
    ),
    "in a thread": (
        "import _thread\ndef f(a, b): pass\n_thread.start_new_thread(f, (1,))",
        "function takes 2 positional arguments but 1 were given",
    ),
}


@pytest.mark.parametrize(("script", "words"), CALLS.values(), ids=CALLS)
def test_wrong_calls(run_script: RunScript, script: str, words: str) -> None:
    assert run_script(script).text.endswith(f"TypeError: {words}\n")
