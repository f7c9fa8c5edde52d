"""``--floats single``: arithmetic in the board's precision."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Board
from emulator.runtime.floats import int_to_single, to_single
from emulator.runtime.single.real import Single
from emulator.runtime.source import compile_script
from tests.emulator.runtime.single_facts import FACTS

ROWS = [tuple(line.split("  =>  ")) for line in FACTS.strip().splitlines()]

SHOWING = """
import ustruct, math, cmath
inf, nan = float('inf'), float('nan')
def show(x):
    if type(x) is float:
        return 'f' + ''.join(['%02x' % b for b in ustruct.pack('>f', x)]) if x == x else 'nan'
    if type(x) is complex:
        return '(' + show(x.real) + ',' + show(x.imag) + ')'
    if type(x) in (tuple, list):
        return '[' + ' '.join([show(i) for i in x]) + ']'
    return repr(x)
def told(f):
    try:
        print(show(f()))
    except Exception as e:
        print(str(type(e))[8:-2], e)
"""


def printed(script: str, floats: Any = "single") -> list[str]:
    with Board(offline=True, floats=floats) as board:
        board.flash.joinpath("main.py").write_text(script)
        result = board.run(timeout=60)
    assert not [note for note in result.notes if note.code == "internal-error"]
    return result.text.splitlines()


@pytest.fixture(scope="module")
def results() -> list[str]:
    return printed(SHOWING + "".join(f"told(lambda: ({expression}))\n" for expression, _ in ROWS))


def test_facts(results: list[str]) -> None:
    got = list(zip([expression for expression, _ in ROWS], [line.rstrip() for line in results], strict=True))
    assert got == ROWS


STATEMENTS = {
    "x = 1\nx /= 3\nprint(x * 3 == 1.0, x)": "True 0.3333333",
    "x = True\nx /= 3\nprint(x * 3 == 1.0, type(x))": "True <class 'float'>",
    "x = 2\nx **= -1\nprint(x, type(x))": "0.5 <class 'float'>",
    "x = 16777216.0\nx += 1\nx -= 16777216\nprint(x)": "0.0",
    "a = [1, 7]\na[0] /= 3\na[1] **= -1\nprint(a[0] * 3 == 1.0, a)": "True [0.3333333, 0.1428571]",
    "class A: pass\na = A()\na.x = 5\na.x /= 3\na.x *= 3\nprint(a.x == 5.0)": "True",
    "class A:\n def __truediv__(self, o): return o, type(o) is int, isinstance(o, int), o / 3 * 3 == 2\n"
    "a = [A()]\na[0] /= 2\nprint(a, A() / 2)": "[(2, True, True, True)] (2, True, True, True)",
    "class F(float): pass\nprint(F(0.1) + 0.2 == 0.3, isinstance(F(1), float), type(F(1) + 1) is float)": "True True True",
    "def g(a=0.1, *, b=0.2): return a + b\nprint(g() == 0.3)": "True",
    "def g():\n x = 0.0\n for i in range(3):\n  x += 0.1\n  yield x\nprint(list(g())[2] == 0.3, sum([0.1] * 3) == 0.3)": "True True",
    "x = 0\nwhile x < 16777217: x += 16777216.0\nprint(x)": "1.677722e+07",
    "print(1 if 1e-46 else 2, 0.1 + 1e-46 == 0.1)": "2 True",
    "print(eval('0.1 + 0.2 == 0.3'))\nexec('print(1 / 3 * 3 == 1.0)')": "True\nTrue",
    "x = 3 * 16777217 + 0.0\nprint('%d' % x, '%d' % (16777217 + 1.0))": "50331652 16777216",
    "print((1 << 40) * 0.1, 2 * 3 * 0.1, -(1 / 3) ** 2)": "1.099512e+11 0.6 -0.1111111",
    "import math\nfrom math import pi\nprint(pi * 3 == 9.424778, type(pi) is float, math.sqrt)": "True True <function>",
    "import array\na = array.array('f', [1.1, 2.2])\nb = array.array('d', [0.1])\n"
    "print(a, a[0] * 3, [x * 3 for x in a], b[0] == 0.1, a[1:], type(a) is array.array, array.array)": "array('f', [1.1, 2.2]) 3.3 [3.3, 6.6] True array('f', [2.2]) True <class 'array'>",
    "import array\nprint(isinstance(memoryview(array.array('f', [0.1]))[0], float), type(memoryview(array.array('f', [0.1]))[0]) is float)": "True True",
    "import ujson\nv = ujson.loads('[0.1, -1.123456789, {\"a\": 1e-3}, 5]')\n"
    "print(v[0] * 3 == 0.3, v[1] == -1.123456789, v[2]['a'] == 1e-3, type(v[3]), ujson.dumps([1 / 3, 0.1]))": "True True True <class 'int'> [0.3333333, 0.1]",
    "import uctypes\nb = bytearray(8)\n"
    "s = uctypes.struct(uctypes.addressof(b), {'x': uctypes.FLOAT32 | 0, 'y': uctypes.INT8 | 4})\n"
    "s.x = 0.1\nprint(s.x * 3 == 0.3, s.y)": "True 0",
    "print(dir(0.1), 0.1 .__class__, float.__name__)": "['__class__'] <class 'float'> float",
    "try: 0.1 .is_integer()\nexcept AttributeError as e: print(e)": "'float' object has no attribute 'is_integer'",
    "try: float(1, 2)\nexcept TypeError as e: print(e)": "function expected at most 1 arguments, got 2",
    "try: float(x=1)\nexcept TypeError as e: print(e)": "function doesn't take keyword arguments",
}


def test_statements() -> None:
    lines = printed("".join(f"exec({script!r}, {{'__name__': 'x'}})\nprint('--')\n" for script in STATEMENTS))
    assert "\n".join(lines).split("\n--")[:-1] == [("\n" if i else "") + s for i, s in enumerate(STATEMENTS.values())]


def test_the_prompt() -> None:
    with Board(offline=True, floats="single") as board:
        board.start(repl=True)
        board.type_in("0.1 + 0.2 == 0.3\n1 / 3\n_ * 3 == 1.0\n")
        assert board.wait(60)
        assert board.console.text.endswith(">>> True\n>>> 0.3333333\n>>> True\n>>> ")


def test_a_module_of_the_flash() -> None:
    with Board(offline=True, floats="single") as board:
        board.flash.joinpath("tripled.py").write_text("K = 0.1\ndef three(x): return x * 3\n")
        board.flash.joinpath("main.py").write_text(
            "import tripled\nprint(tripled.three(tripled.K) == 0.3, 0.1 in {tripled.K: 1})"
        )
        assert board.run(timeout=60).text == "True True\n"


# -- without it, nothing changes --------------------------------------------------------------------------------------------


def consts(code: CodeType) -> list[Any]:
    found: list[Any] = []
    for one in code.co_consts:
        found += consts(one) if isinstance(one, CodeType) else [one]
    return found


def test_double_is_compiled_as_ever() -> None:
    script = "def f(x):\n x /= 3\n return 1 / 3 + 0.1 + 2.5j + x ** 2"
    code = compile_script(script, "main.py")
    assert {type(one) for one in consts(code)} <= {float, complex, int, str, type(None)}
    assert ".truediv" not in code.co_consts[0].co_names
    assert printed("print(0.1 + 0.2 == 0.3, 16777217 == 16777216.0)", "double") == ["False False"]


def test_double_loads_nothing_of_it(tmp_path: Path) -> None:
    main = tmp_path / "main.py"
    main.write_text("print(1 / 3)")
    look = (
        "import sys; from emulator import Board; board = Board(); board.load(sys.argv[1]); board.run(timeout=60); board.close(); "
        "print([name for name in sys.modules if 'runtime.single' in name])"
    )
    done = subprocess.run([sys.executable, "-c", look, str(main)], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_the_command_line(tmp_path: Path) -> None:
    main = tmp_path / "main.py"
    main.write_text("print(0.1 + 0.2 == 0.3)")
    command = [sys.executable, "-m", "emulator", "run", str(main), "--floats"]
    assert subprocess.run([*command, "single"], capture_output=True, text=True, check=False).stdout == "True\n"
    refused = subprocess.run([*command, "half"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "half" in refused.stderr


# -- rounding ----------------------------------------------------------------------------------------------------------------

SINGLES = st.floats(width=32, allow_nan=False)


@given(SINGLES, SINGLES)
def test_operations_round_once(left: float, right: float) -> None:
    for result, exact in (
        (Single(left) + Single(right), left + right),
        (Single(left) - right, left - right),
        (left * Single(right), left * right),
    ):
        assert type(result) is Single
        assert struct.pack("<d", result) == struct.pack("<d", to_single(exact)) or exact != exact


@given(st.integers(1 << 24, (1 << 25) - 1), st.integers(-140, 100))
def test_halves_go_to_even(mantissa: int, exponent: int) -> None:
    # a sum that lies between two singles
    high, low = float(mantissa & ~1) * 2.0**exponent, 2.0**exponent
    if mantissa & 1 and exponent >= -149:
        assert Single(high) + Single(low) == to_single(high + low)


@given(st.integers(-(1 << 30), 1 << 30))
def test_words_become_the_nearest_single(value: int) -> None:
    assert int_to_single(value) == to_single(float(value))


@pytest.mark.parametrize(
    ("value", "single"),
    [
        (1 << 127, 2.0**127),
        (1 << 128, float("inf")),
        (-(1 << 200), float("-inf")),
        ((1 << 70) + (1 << 46) + 1, 2.0**70),  # the digits below are rounded away before the last one comes
        (319548603428396584, 319548590479376384.0),
    ],
)
def test_long_ints_are_taken_digit_by_digit(value: int, single: float) -> None:
    assert int_to_single(value) == single
