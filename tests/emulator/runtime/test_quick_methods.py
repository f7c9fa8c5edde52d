"""Quick calls of methods give what the methods of the tables give."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest

from emulator import Board
from emulator.runtime.hidden import visible_getattr
from emulator.runtime.hooks import METHOD
from emulator.runtime.methods.quick import WHEN, Methods
from emulator.runtime.order.dicts import display
from emulator.runtime.sites import Site

MAKER = Methods(visible_getattr)


class _Text(str):
    pass


class _List(list):  # type: ignore[type-arg]
    pass


RECEIVERS: list[Any] = [
    "", "a,b,,c", "Aé,b", " ab ", "12", "AB", "ab", b"", b"a,b", b"\xff", bytearray(b"a,b"), [], [3, 1, 2], ["a", "b"], (1, 2),
    (), {}, {1: 2}, display({1: 1, 2: 2, 3: 3}, 3), {1, 2}, 5, -5, 70000, 1 << 40, True, 1.5, None, int, str, _Text("a,b"), _List([1]),
]  # fmt: skip
ARGUMENTS: list[Any] = [
    "", ",", "a", "ab", "big", "little", b"", b",", b"a", bytearray(b"a"), 0, 1, 2, 4, -1, -4, 5, 1 << 31, 1 << 40, True, None, 1.5,
    ["a", "b"], ["a", 1], [b"a"], ("x",), [], (), {"k": 1}, {1}, "utf-8", _Text(","), _List(["a"]),
]  # fmt: skip


def _outcome(function: Any, obj: Any, values: tuple[Any, ...]) -> tuple[Any, ...]:
    obj, values = copy.deepcopy((obj, values))
    try:
        result = function(obj, *values)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError, NotImplementedError) as error:
        return type(error), str(error), obj
    return type(result), result, obj


@pytest.mark.parametrize(("name", "given"), WHEN, ids=[f"{name} {given}" for name, given in WHEN])
def test_quick_as_exact(name: str, given: int) -> None:
    site = Site(METHOD, given, name)
    quick, exact = MAKER.quick(site), MAKER.exact(site)
    quicker = 0
    for obj in RECEIVERS:
        for values in itertools.product(ARGUMENTS, repeat=given):
            assert _outcome(quick, obj, values) == _outcome(exact, obj, values), (obj, values)
            quicker += 1
    assert quicker


SCRIPT = """
class Own:
    def update(self): return 'updated'
    def split(self, sep): return [sep]
    def sort(self, *more, **named): return more, named
    def upper(self): return self.x.upper()
    x = 'a'
    def find(self, what):
        raise ValueError(what)
sep = ','
def run(o):
    print(o.split(sep), o.upper(), end=' ')
for _ in range(20):
    run('a,b')
run(Own())
print(Own().sort(), Own().sort(key=1))
what = 'what'
try:
    Own().find(what)
except ValueError as error:
    print(error)
for bad in (lambda: Own().split(), lambda: [].upper(), lambda: None.split(sep), lambda: Own().pop(), lambda: [].pop(),
            lambda: ','.join([1, 2]), lambda: bytes([255]).decode('utf8'), lambda: ['a', 1].sort(), lambda: int.upper(),
            lambda: 'a'.split(5), lambda: Own().update(sep)):
    for _ in range(14):
        try:
            bad()
        except Exception as error:
            text = repr(error)
    print(text)
print(len('ab'.encode('x') + 'c'))
def fail(o):
    return o.split(sep, 1)
fail(Own())
"""

SHOWN = (
    """['a', 'b'] A,B """ * 20
    + """[','] A ((), {}) ((), {'key': 1})
what
TypeError('function takes 2 positional arguments but 1 were given',)
AttributeError("'list' object has no attribute 'upper'",)
AttributeError("'NoneType' object has no attribute 'split'",)
AttributeError("'Own' object has no attribute 'pop'",)
IndexError('pop from empty list',)
TypeError('join expects a list of str/bytes objects consistent with self object',)
UnicodeError()
TypeError("unsupported types for __lt__: 'int', 'str'",)
AttributeError("type object 'int' has no attribute 'upper'",)
TypeError("can't convert 'int' object to str implicitly",)
TypeError('function takes 1 positional arguments but 2 were given',)
3
Traceback (most recent call last):
  File "main.py", line 34, in <module>
  File "main.py", line 33, in fail
TypeError: function takes 2 positional arguments but 3 were given
"""
)


def test_in_a_script() -> None:
    with Board(offline=True) as board:
        (board.flash / "main.py").write_text(SCRIPT)
        assert board.run().text == SHOWN
