"""Where 1.11 stops in a text that it refuses, and which of several faults it tells of."""

from __future__ import annotations

import ast

import pytest

from emulator.runtime.source import SourceError, compile_script
from emulator.runtime.source.parser import refusal
from tests.emulator.runtime.board_syntax import REFUSED, TAKEN


def _name(text: str) -> str:
    return text.replace("\n", " | ")[:60]


@pytest.mark.parametrize(("text", "line", "said"), REFUSED, ids=[_name(row[0]) for row in REFUSED])
def test_refused(text: str, line: int, said: str) -> None:
    problem = refusal(text)
    assert problem is not None
    assert (problem.line, f"{problem.kind}: {problem.message}") == (line, said)
    with pytest.raises(SourceError) as caught:
        compile_script(text, "main.py")
    assert (caught.value.line, f"{caught.value.kind}: {caught.value.message}") == (line, said)


@pytest.mark.parametrize("text", TAKEN, ids=_name)
def test_taken(text: str) -> None:
    assert refusal(text) is None


OF_SEVERAL = [
    ("x = f'{a}'\ny = $\n", 1, "SyntaxError: invalid syntax"),
    ("def f():\n    x: int\ny = (\n", 2, "SyntaxError: invalid syntax"),
    ("return\nx = $\n", 2, "SyntaxError: invalid syntax"),
    ("break\nx: int\n", 2, "SyntaxError: invalid syntax"),
    ("break\nreturn\n", 1, "SyntaxError: 'break' outside loop"),
]


@pytest.mark.parametrize(("text", "line", "said"), OF_SEVERAL)
def test_the_first_of_several_is_told(text: str, line: int, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        compile_script(text, "main.py")
    assert (caught.value.line, f"{caught.value.kind}: {caught.value.message}") == (line, said)


COMPILED = [
    ("{1, 2: 3}", "<module>", "expecting just a value for set"),
    ("{1: 2, 3}", "<module>", "expecting key:value for dict"),
    ("def f():\n    break", "f", "'break' outside loop"),
    ("class A:\n    return 1", "A", "'return' outside function"),
    ("def f(a, a): pass", "f", "argument name reused"),
    ("lambda a, a: 1", "<lambda>", "argument name reused"),
    ("def f(*a, *b): pass", "f", "invalid syntax"),
    ("def f(**a, b): pass", "f", "invalid syntax"),
    ("def f(x, *a, *): pass", "f", "invalid syntax"),
    ("f(None=1)", "<module>", "LHS of keyword arg must be an id"),
    ("[*a for a in b]", "<listcomp>", "*x must be assignment target"),
    ("x = yield = 1", "<module>", "can't assign to expression"),
    ("def f():\n    super()", "f", "super() can't find self"),
    ("X = const(1)\ndef f():\n\n    X = 2", "f", "can't assign to expression"),
]


@pytest.mark.parametrize(("text", "block", "message"), COMPILED)
def test_what_only_the_compiler_refuses(text: str, block: str, message: str) -> None:
    assert refusal(text) is None
    with pytest.raises(SourceError) as caught:
        compile_script(text, "main.py")
    assert (caught.value.block, caught.value.message) == (block, message)


MENDED = [
    "def f(*): pass",
    "def f(a, *, **b): pass",
    "lambda *: 1",
    "\\",
    "f(x for x in y, 1)",
    "f(1, x for x in y, z for z in y)",
    "x = 1_",
    "x = 1__0",
    "x = 0_7",
    "x = 09",
    "from x import a,",
    "a\u2013b",
    "print(\u201chi\u201d)",
]


@pytest.mark.parametrize("text", MENDED)
def test_what_the_host_refuses_and_the_board_takes(text: str) -> None:
    try:
        ast.parse(text)
    except SyntaxError:
        pass
    else:
        pytest.fail("the host takes it, too")
    compile_script(text, "main.py")
