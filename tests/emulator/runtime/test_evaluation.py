"""In which order the board evaluates; measured on a build of MicroPython 1.11 with the board's switches."""

from __future__ import annotations

import pytest

from emulator import Board

_PRELUDE = """
def p(x):
    print(x, end=' ')
    return x
def f(*a, **k):
    return a, sorted(k.items())
l = [0]
"""

ORDER = [
    ("{p(1): p(2)}", "2 1 {1: 2}"),
    ("{p(1): p(2), p(3): p(4)}", "2 1 4 3 {3: 4, 1: 2}"),
    ("{p(1): p(2), p(3): p(4), 5: 6}", "2 1 4 3 {3: 4, 1: 2, 5: 6}"),
    ("{p(1): p(2) for i in range(1)}", "2 1 {1: 2}"),
    ("{i: {p(1): p(i)} for i in range(2)}", "0 1 1 1 {0: {1: 0}, 1: {1: 1}}"),
    ("f(*p([1]), a=p(2))", "2 [1] ((1,), [('a', 2)])"),
    ("f(a=p(2), *p([1]))", "2 [1] ((1,), [('a', 2)])"),
    ("f(p(0), *p([1]), a=p(2), **p({'x': 3}))", "0 2 [1] {'x': 3} ((0, 1), [('a', 2), ('x', 3)])"),
    ("f(**p({'x': 3}), a=p(2))", "2 {'x': 3} ((), [('a', 2), ('x', 3)])"),
    ("f(*p([1]), **p({'x': 3}))", "[1] {'x': 3} ((1,), [('x', 3)])"),
    ("f(*l, a=p(2))", "2 ((0,), [('a', 2)])"),
    ("int(*p(['10']), **p({}))", "['10'] {} 10"),
    ("dict(*p([{}]), a=p(1))", "1 [{}] {'a': 1}"),
    ("(lambda *a, **k: (a, k))(*p([1]), b=p(2))", "2 [1] ((1,), {'b': 2})"),
    ("p(1) < p(2) < p(3)", "1 2 3 True"),
    ("l[p(0):p(1)]", "0 1 [0]"),
]


@pytest.mark.parametrize(("expression", "printed"), ORDER, ids=[expression for expression, _ in ORDER])
def test_expressions(expression: str, printed: str) -> None:
    assert _run(f"{_PRELUDE}print({expression})\n") == f"{printed}\n"


def test_the_cause_of_an_exception_is_evaluated_and_forgotten() -> None:
    script = "try:\n    raise p(ValueError) from p(KeyError)\nexcept Exception as e:\n    print(repr(e))\n"
    assert _run(_PRELUDE + script) == "<class 'ValueError'> <class 'KeyError'> ValueError()\n"


def test_stores_evaluate_the_value_first() -> None:
    assert _run(_PRELUDE + "p(l)[p(0):p(1)] = p([7])\nprint(l)\n") == "[7] [0] 0 1 [7]\n"


def test_an_error_in_a_reordered_call_has_the_boards_words() -> None:
    script = _PRELUDE + "def g(a): pass\ntry:\n    g(*p([1]), b=p(2))\nexcept TypeError as e:\n    print(e)\n"
    assert _run(script) == "2 [1] unexpected keyword argument 'b'\n"


def test_super_gives_a_property_and_not_its_value() -> None:
    script = (
        "class A:\n    x = 1\n    @property\n    def p(self): return 2\n    def f(self): return 3\n"
        "class B(A):\n    def t(self):\n        print(super().x, super().p, super().f(), super(B, self).p)\n"
        "B().t()\n"
    )
    assert _run(script) == "1 <property> 3 <property>\n"


def _run(script: str) -> str:
    with Board("fipy", offline=True) as board:
        (board.flash / "main.py").write_text(script)
        return board.run(timeout=10).text


LOOPS = [
    ("range(10 / 4)", "0 1 2 "),
    ("range(1.5, 4)", "1.5 2.5 3.5 "),
    ("range(5, 1.5, -1)", "5 4 3 2 "),
    ("range(True)", "0 "),
    ("range(0, 10, n)", "0 2 4 6 8 "),
    ("range(1 << 40, (1 << 40) + 1)", "1099511627776 "),
    ("range('a')", "unsupported types for __lt__: 'int', 'str'"),
    ("range((), 4)", "unsupported types for __lt__: 'tuple', 'int'"),
    ("range(2, 5, 1.5)", "can't convert float to int"),
    ("range(1, 2, 0)", "zero step"),
    ("range()", "function missing 1 required positional arguments"),
]


@pytest.mark.parametrize(("loop", "printed"), LOOPS)
def test_loops_over_range(loop: str, printed: str) -> None:
    script = (
        f"n = 2\ntry:\n    for i in {loop}:\n        print(i, end=' ')\n"
        "except (TypeError, ValueError) as e:\n    print(e, end='')\n"
    )
    assert _run(script) == printed
