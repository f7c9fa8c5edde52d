"""Assignments that the board refuses; measured on a build of MicroPython 1.11 with the board's switches."""

from __future__ import annotations

import pytest

from emulator import Board

_PRELUDE = """
import sys
def f(): pass
class A: pass
class B(A): pass
class P:
    q = property()
class Q(P): pass
class R(Q): pass
class E(Exception): pass
def deco(fn):
    fn.order = 1
    return fn
"""

ATTRIBUTES = [
    ("f.x = 1", "'function' object has no attribute 'x'"),
    ("(lambda: 1).x = 1", "'function' object has no attribute 'x'"),
    ("g = lambda: 1; g.x = 1", "'function' object has no attribute 'x'"),
    ("f.__name__ = 'a'", "'function' object has no attribute '__name__'"),
    ("setattr(f, 'x', 1)", "'function' object has no attribute 'x'"),
    ("deco(f)", "'function' object has no attribute 'order'"),
    ("deco(A)", None),
    ("ValueError().x = 1", "'ValueError' object has no attribute 'x'"),
    ("e = OSError(2); e.x = 1", "'OSError' object has no attribute 'x'"),
    ("e = ValueError(1); e.args = 5", "'ValueError' object has no attribute 'args'"),
    ("e = ValueError(1); e.__traceback__ = None", None),
    ("e = ValueError(1); e.__traceback__ = 5", "'ValueError' object has no attribute '__traceback__'"),
    ("E().x = 1", None),
    ("e = E(); e.x = 1", None),
    ("ValueError.x = 1", "'type' object has no attribute 'x'"),
    ("int.x = 1", "'type' object has no attribute 'x'"),
    ("A.p = property()", "can't add special method to already-subclassed class"),
    ("setattr(A, 'p', property())", "can't add special method to already-subclassed class"),
    ("A.p = 1", None),
    ("A.p = staticmethod(f)", None),
    ("B.p = property()", None),
    ("P.p = property()", None),
    ("Q.p = property()", None),
    ("del A.x", "'type' object has no attribute 'x'"),
    ("del R.q", "'type' object has no attribute 'q'"),
    ("del P.q", None),
    ("del int.x", "'type' object has no attribute 'x'"),
    ("A().x = 1", None),
    ("sys.x = 1", "'module' object has no attribute 'x'"),
    ("sys.path = []", "'module' object has no attribute 'path'"),
    ("del sys.path", "'module' object has no attribute 'path'"),
    ("import builtins; builtins.x = 1; x", None),
]
"""(statements, text of the AttributeError; None: there is none)."""


@pytest.mark.parametrize(("statements", "message"), ATTRIBUTES, ids=[statements for statements, _ in ATTRIBUTES])
def test_attributes(statements: str, message: str | None) -> None:
    script = f"{_PRELUDE}try:\n    {statements}\n    print(None)\nexcept AttributeError as e:\n    print(e)\n"
    assert _run(script) == f"{message}\n"


def test_attributes_of_a_caught_exception() -> None:
    script = "def g():\n    try:\n        1 // 0\n    except Exception as e:\n        e.x = 1\ng()\n"
    assert _run(script).endswith("AttributeError: 'ZeroDivisionError' object has no attribute 'x'\n")


SUPER = [
    ("def f(): super()", "SyntaxError"),
    ("class A:\n def f(self):\n  def g(): super()", "SyntaxError"),
    ("def f(a): super()", None),
    ("def f(*a): super()", None),
    ("def f(*, a): super()", None),
    ("def f(): super(A)", None),
]


@pytest.mark.parametrize(("source", "error"), SUPER)
def test_super_needs_a_first_argument(source: str, error: str | None) -> None:
    printed = _run(f"try:\n    exec({source!r})\n    print(None)\nexcept Exception as e:\n    print(repr(e))\n")
    assert printed == ('SyntaxError("super() can\'t find self",)\n' if error else "None\n")


_TARGETS = {
    "list": "[0]*4",
    "bytearray": "bytearray(4)",
    "memoryview": "memoryview(bytearray(4))",
}
_NOT_LIST = "TypeError(\"object '{}' isn't a tuple or list\",)"
_NO_BUFFER = "NotImplementedError('array/bytes required on right side',)"
_OTHER = "ValueError('lhs and rhs should be compatible',)"

SLICES = [
    ("list", "[1, 2, 3]", "[0, 1, 2, 3, 0]"),
    ("list", "(1,)", "[0, 1, 0]"),
    *(("list", value, _NOT_LIST.format(name)) for value, name in (
        ("b'12'", "bytes"), ("'12'", "str"), ("range(2)", "range"), ("5", "int"), ("{1}", "set"), ("None", "NoneType"),
        ("iter([1])", "iterator"), ("bytearray(1)", "bytearray"),
    )),
    ("bytearray", "b'12'", "bytearray(b'\\x0012\\x00')"),
    ("bytearray", "b'123'", "bytearray(b'\\x00123\\x00')"),
    ("bytearray", "memoryview(b'12')", "bytearray(b'\\x0012\\x00')"),
    ("bytearray", "array('B', [1])", "bytearray(b'\\x00\\x01\\x00')"),
    ("bytearray", "array('H', [1])", _OTHER),
    ("memoryview", "b'12'", "bytearray(b'\\x0012\\x00')"),
    ("memoryview", "array('B', [1])", _OTHER),
    ("memoryview", "array('H', [1])", _OTHER),
    *((target, value, _NO_BUFFER) for target in ("bytearray", "memoryview") for value in (
        "[1, 2]", "(1, 2)", "'12'", "range(2)", "5", "{1}", "None",
    )),
]  # fmt: skip
"""(what has a slice of two items, what it is set to, what comes out)."""


@pytest.mark.parametrize(("target", "value", "printed"), SLICES)
def test_slices(target: str, value: str, printed: str) -> None:
    script = (
        f"from array import array\no = {_TARGETS[target]}\n"
        f"try:\n    o[1:3] = {value}\n    print(bytearray(o) if isinstance(o, memoryview) else o)\n"
        "except Exception as e:\n    print(repr(e))\n"
    )
    assert _run(script) == f"{printed}\n"


BOUNDS = [
    ("l[:None] = [2]", "[2]"),
    ("l[True:2] = []", "[0]"),
    ("l['a':1] = [2]", 'TypeError("can\'t convert str to int",)'),
    ("l[1.5:] = [2]", 'TypeError("can\'t convert float to int",)'),
    ("b[b'a':1] = b'2'", 'TypeError("can\'t convert bytes to int",)'),
    ("m['a':1] = b'2'", 'TypeError("can\'t convert str to int",)'),
    ("m[1:3] = b'222'", _OTHER),
    ("m[1:3] = b'2'", _OTHER),
    ("m[1:3] = b'22'", "[0, 50, 50, 0]"),
]


@pytest.mark.parametrize(("statement", "printed"), BOUNDS)
def test_bounds_and_sizes_of_slices(statement: str, printed: str) -> None:
    script = (
        "l, b = [0, 0], bytearray(4)\nm = memoryview(b)\n"
        f"try:\n    {statement}\n    print(list({statement[0]}))\nexcept Exception as e:\n    print(repr(e))\n"
    )
    assert _run(script) == f"{printed}\n"


@pytest.mark.parametrize("target", ["bytearray", "memoryview"])
def test_slice_that_an_object_hands_on(target: str) -> None:
    script = (
        f"class Around:\n    def __init__(self):\n        self.o = {_TARGETS[target]}\n"
        "    def __setitem__(self, index, value):\n        self.o[index] = value\n"
        "a = Around()\na[1:3] = b'12'\nprint(bytes(a.o))\ntry:\n    a[1:3] = 5\nexcept Exception as e:\n    print(repr(e))\n"
    )
    assert _run(script) == f"b'\\x0012\\x00'\n{_NO_BUFFER}\n"


def _run(script: str) -> str:
    with Board("fipy", offline=True) as board:
        (board.flash / "main.py").write_text(script)
        return board.run(timeout=10).text
