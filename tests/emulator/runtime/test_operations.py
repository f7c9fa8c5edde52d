"""Operators, methods and calls with odd operands, held in variables, against a table of what MicroPython 1.11 says."""

from __future__ import annotations

import pytest

from emulator import Board
from tests.emulator.conftest import NEVER, RunScript, load
from tests.emulator.runtime.board_operations import BLOCKS


def _script(prelude: str, rows: list[tuple[str, str]]) -> str:
    parts = [prelude]
    for number, (text, _) in enumerate(rows):
        if text.startswith("!"):
            body = [*(statement.strip() for statement in text[1:].split(";;")), f"print('@{number} ok')"]
        else:
            body = [f"print('@{number}', repr({text}))"]
        lines = "\n    ".join(body)
        parts.append(f"try:\n    {lines}\nexcept BaseException as e:\n    print('@{number}', type(e), e.args, str(e))")
    return "\n".join(parts) + "\n"


def _shown(text: str) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    number = -1
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        if mark[:1] == "@" and mark[1:].isdigit():
            number = int(mark[1:])
            found.setdefault(number, []).append(rest)
        elif number >= 0:
            found[number].append(line)
    return {number: "\n".join(lines) for number, lines in found.items()}


@pytest.fixture(scope="module")
def shown() -> list[dict[int, str]]:
    blocks = []
    for prelude, rows in BLOCKS:
        with Board("fipy") as board:
            load(board, _script(prelude, rows))
            blocks.append(_shown(board.run(timeout=NEVER).text))
    return blocks


ROWS = [(block, number) for block, (_, rows) in enumerate(BLOCKS) for number in range(len(rows))]


@pytest.mark.parametrize(("block", "number"), ROWS, ids=[BLOCKS[block][1][number][0][:50] for block, number in ROWS])
def test_operation(shown: list[dict[int, str]], block: int, number: int) -> None:
    text, wanted = BLOCKS[block][1][number]
    assert shown[block].get(number) == wanted, text


PASSED_ON = [
    ("def f(a, b): return a + b\nprint(f(b'a', 'b'))", "b'ab'"),
    ("class A:\n    def __init__(self): self.b = b''\na = A()\ns = 'x'\na.b += s\nprint(a.b + s)", "b'xx'"),
    ("def g(): return b'q'\nx = g()\ny = x\nprint(y + 's')", "b'qs'"),
    ("f = lambda p, q: p in q\nprint(f('a', b'abc'))", "True"),
    ("fmt = '%.1f|%s'\nargs = (0.25, 1 / 3)\nprint(fmt % args)", "0.3|0.3333333"),
    ("def f(n, m): return n % m\nprint(f(17, 5), f('%s', 0.1))", "2 0.1"),
    ("b = [bytearray(2)][0]\nb[0] = 511\nprint(b)", "bytearray(b'\\xff\\x00')"),
    ("def f():\n    b = bytearray(2)\n    for i in range(2): b[i] = b[i - 1] + 255 + i\n    return b\nprint(f())",
     "bytearray(b'\\xff\\xff')"),
    ("def f(): pass\ntry: f.x = 1\nexcept AttributeError as e: print(e)", "'function' object has no attribute 'x'"),
    ("class E(Exception): pass\ne = E()\ne.x = 1\nprint(e.x)", "1"),
    ("class A: pass\nclass B(A):\n    def __init__(self, x): self.x = x\nprint(B(3).x, type(A(1, k=2)))", "3 <class 'A'>"),
    ("class P:\n    def __init__(self, x): self.x = x\n    def __lt__(self, o): return self.x < o.x\n"
     "try: P(1) > P(2)\nexcept TypeError as e: print(e)", "unsupported types for __gt__: 'P', 'P'"),
    ("class P:\n    def __eq__(self, o): return 'yes'\nprint(P() == 1, P() != 1)", "False True"),
    ("try:\n    del nothing\nexcept KeyError as e: print(repr(e))", "KeyError('nothing',)"),
    ("class A: pass\na = A()\na.x = 1\na.__dict__['y'] = 2\nprint(a.__dict__)", "{'x': 1}"),
    ("class I(int): pass\nclass S(str): pass\nprint(I(5), [S('a')])", "5 ['a']"),
    ("x = 'ab'\ny = 'a'\ny += 'b'\nprint(x is y, 1000 is 999 + 1, b'a' is b'a')", "True True False"),
    ("print((lambda **k: k)(a=1, a=2))", "{'a': 2}"),
    ("try: (lambda a: a)(a=1, a=2)\nexcept TypeError as e: print(e)", "function got multiple values for argument 'a'"),
    ("print(type(b'\\xe9'.decode) == type(print), str(1 << 20000)[:5])", "False 39802"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "last"), PASSED_ON)
def test_what_a_name_may_be_is_handed_on(run_script: RunScript, script: str, last: str) -> None:
    assert run_script(script + "\n").text == last + "\n"


LOOPS = [
    ("d = {'a': 1, 'b': 2, 'c': 3}\nfor k in d:\n    d[k + 'x'] = 1\n    print(k, end=' ')\n    if len(d) > 20: break",
     "b bx a bx c a c bxx "),
    ("d = {i: i for i in range(5)}\nfor k in d:\n    d.clear()\n    print(k, end=' ')", "0 "),
    ("s = {1, 2, 3}\nfor x in s:\n    s.discard(2)\n    print(x, end=' ')", "3 1 "),
    ("d = {'a': 1, 'b': 2}\nit = iter(d)\ndel d['a']\nprint(list(it), end='')", "['b']"),
    ("d = {'a': 1, 'b': 2, 'c': 3}\ni = iter(d.items())\nnext(i)\nd['q'] = 5\nprint(list(i), end='')",
     "[('q', 5), ('c', 3), ('b', 2)]"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "printed"), LOOPS)
def test_a_loop_over_what_changes(run_script: RunScript, script: str, printed: str) -> None:
    assert run_script(script + "\n").text == printed


SORTED = [
    ("sorted([(i % 3, i) for i in range(9)], key=lambda p: p[0])",
     "[(0, 6), (0, 3), (0, 0), (1, 4), (1, 1), (1, 7), (2, 8), (2, 5), (2, 2)]"),
    ("sorted([(i % 2, i) for i in range(6)], key=lambda p: p[0], reverse=True)",
     "[(1, 5), (1, 1), (1, 3), (0, 2), (0, 4), (0, 0)]"),
    ("sorted([3, True, 1, 1.0, 0, False])", "[False, 0, 1.0, True, 1, 3]"),
    ("sorted(['b', 'a', 'c'])", "['a', 'b', 'c']"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "shown"), SORTED)
def test_sorting_is_the_boards_quicksort(run_script: RunScript, expression: str, shown: str) -> None:
    assert run_script(f"print({expression})\n").text == f"{shown}\n"
