"""Functions that call themselves: the board's depth, wherever the look at it stands."""

from __future__ import annotations

import pytest

from emulator import Board
from emulator.runtime.recursion import calls_in

FORMS = {
    "at once": "def f(n):\n    global deep\n    deep = n\n    return f(n + 1)",
    "after an end": "def f(n):\n    global deep\n    deep = n\n    if n > 9999:\n        return n\n    return f(n + 1)",
    "after two": "def f(n):\n    global deep\n    deep = n\n    if n < 0:\n        raise ValueError\n    m = n + 1\n    if n > 9999: return n\n    return f(m)",
    "in an else": "def f(n):\n    global deep\n    deep = n\n    return n if n > 9999 else f(n + 1)",
    "in an if": "def f(n):\n    global deep\n    deep = n\n    return f(n + 1) if n < 9999 else n",
    "in the test": "def f(n):\n    global deep\n    deep = n\n    return 1 if f(n + 1) else 2",
    "in both": "def f(n):\n    global deep\n    deep = n\n    return f(n + 1) if n else f(n + 2)",
    "in a guard": "def f(n):\n    global deep\n    deep = n\n    if f(n + 1):\n        return 1\n    return 2",
    "by another": "def g(n):\n    return f(n + 1)\ndef f(n):\n    'text'\n    global deep\n    deep = n\n    return 0 if n < 0 else g(n + 1)",
}


def _run(script: str) -> tuple[str, int]:
    with Board(offline=True) as board:
        (board.flash / "main.py").write_text(script)
        return board.run().text, calls_in(board.model.memory.stack_bytes)


@pytest.mark.parametrize("form", FORMS)
def test_the_stack_fills_up(form: str) -> None:
    text, most = _run(f"{FORMS[form]}\ntry:\n    f(1)\nexcept RuntimeError as error:\n    print(deep, error)\n")
    deep, _, message = text.strip().partition(" ")
    assert message == "maximum recursion depth exceeded"
    # main.py itself is a call; the last may be one that has not looked yet
    assert int(deep) in (most - 2, most - 1, most)


RESULTS = [
    ("def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\nprint(f(12))", "144"),
    ("def f(n):\n    return f(n - 1) * n if n else 1\nprint(f(10))", "3628800"),
    ("def f(n):\n    'text'\n    return f(n - 1) if n > 2 else n\nprint(f(10))", "2"),
    ("def f(n):\n    if not n:\n        return []\n    return f(n - 1) + [n]\nprint(f(3))", "[1, 2, 3]"),
    ("def f(n):\n    if n:\n        f(n - 1)\n        print(n, end=' ')\nf(3)", "1 2 3"),
    ("def f(n):\n    x = n\n    if n: x += 1\n    return x if n < 2 else f(n - 1)\nprint(f(3))", "2"),
    ("def f(n):\n    yield n\n    if n:\n        yield from f(n - 1)\nprint(list(f(3)))", "[3, 2, 1, 0]"),
]


@pytest.mark.parametrize(("script", "shown"), RESULTS)
def test_results(script: str, shown: str) -> None:
    assert _run(script)[0].strip() == shown
