"""The source pipeline against MicroPython 1.11: what is refused and with which words, what is taken, and what it means."""

from __future__ import annotations

import ast
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Board
from emulator.runtime.source import SourceError, compile_script, decode, problems
from tests.emulator.conftest import NEVER, RunScript, load

REFUSED = [
    ("break", "SyntaxError", "'break' outside loop"),
    ("continue", "SyntaxError", "'continue' outside loop"),
    ("return 1", "SyntaxError", "'return' outside function"),
    ("yield 1", "SyntaxError", "'yield' outside function"),
    ("await x", "SyntaxError", "'await' outside function"),
    ("async def f():\n [await x for y in z]", "SyntaxError", "'await' outside function"),
    ("1.split()", "SyntaxError", "invalid syntax for number"),
    ("x = 1.5.real", "SyntaxError", "invalid syntax for number"),
    ("1..real", "SyntaxError", "invalid syntax for number"),
    ("1.5e", "SyntaxError", "invalid syntax for number"),
    ("1=2", "SyntaxError", "can't assign to expression"),
    ("f()=1", "SyntaxError", "can't assign to expression"),
    ("del f()", "SyntaxError", "can't delete expression"),
    ("(a+b)=1", "SyntaxError", "can't assign to expression"),
    ("def f(a,a): pass", "SyntaxError", "argument name reused"),
    ("def f(a):\n global a", "SyntaxError", "identifier redefined as global"),
    ("x=1\nglobal x", "SyntaxError", "identifier redefined as global"),
    ("def f():\n x=1\n global x", "SyntaxError", "identifier redefined as global"),
    ("nonlocal x", "SyntaxError", "can't declare nonlocal in outer code"),
    ("def f():\n nonlocal x", "SyntaxError", "no binding for nonlocal found"),
    ("try:\n pass\nexcept:\n pass\nexcept ValueError:\n pass", "SyntaxError", "default 'except' must be last"),
    ("def f(a=1,b): pass", "SyntaxError", "non-default argument follows default argument"),
    ("f(a=1,2)", "SyntaxError", "non-keyword arg after keyword arg"),
    ("*a,*b=c", "SyntaxError", "multiple *x in assignment"),
    ("*a=b", "SyntaxError", "can't assign to expression"),
    ("x=*a", "SyntaxError", "*x must be assignment target"),
    ("'abc", "SyntaxError", "invalid syntax"),
    ("x='''abc", "SyntaxError", "invalid syntax"),
    ("(1", "SyntaxError", "invalid syntax"),
    ("1)", "SyntaxError", "invalid syntax"),
    ("  x=1", "IndentationError", "unexpected indent"),
    ("if 1:\n    x\n  y", "IndentationError", "unindent doesn't match any outer indent level"),
    ("if 1:\nx", "SyntaxError", "invalid syntax"),
    ("x = [1,2", "SyntaxError", "invalid syntax"),
    ("for 1 in x: pass", "SyntaxError", "can't assign to expression"),
    ("def 1(): pass", "SyntaxError", "invalid syntax"),
    ("class", "SyntaxError", "invalid syntax"),
    ("import", "SyntaxError", "invalid syntax"),
    ("from x import", "SyntaxError", "invalid syntax"),
    ("lambda", "SyntaxError", "invalid syntax"),
    ("1if 2 else 3", "SyntaxError", "invalid syntax for integer with base 10"),
    ("0x", "SyntaxError", "invalid syntax for integer with base 16"),
    ("0b2", "SyntaxError", "invalid syntax for integer with base 2"),
    ("1e", "SyntaxError", "invalid syntax for number"),
    ("a b", "SyntaxError", "invalid syntax"),
    ("print 'x'", "SyntaxError", "invalid syntax"),
    ("x++", "SyntaxError", "invalid syntax"),
    ("else:", "SyntaxError", "invalid syntax"),
    ("f(**a,**b)", "SyntaxError", "can't have multiple **x"),
    ("f(*a,*b)", "SyntaxError", "can't have multiple *x"),
    ("f(*a,1)", "SyntaxError", "non-keyword arg after */**"),
    ("f(**a,1)", "SyntaxError", "non-keyword arg after */**"),
    ("[*a]", "SyntaxError", "*x must be assignment target"),
    ("(*a,)", "SyntaxError", "*x must be assignment target"),
    ("{*a}", "SyntaxError", "invalid syntax"),
    ("{**a}", "SyntaxError", "invalid syntax"),
    ("return", "SyntaxError", "'return' outside function"),
    ("def f():\n return *a,b", "SyntaxError", "invalid syntax"),
    ("def f():\n return (*a,b)", "SyntaxError", "*x must be assignment target"),
    ("x[*a]", "SyntaxError", "invalid syntax"),
    ("for x in *a,b: pass", "SyntaxError", "invalid syntax"),
    ("f'x'", "SyntaxError", "invalid syntax"),
    ("x:=1", "SyntaxError", "invalid syntax"),
    ("(x:=1)", "SyntaxError", "invalid syntax"),
    ("x:int", "SyntaxError", "invalid syntax"),
    ("x:int=1", "SyntaxError", "invalid syntax"),
    ("def f(a,/): pass", "SyntaxError", "invalid syntax"),
    ("a@b", "SyntaxError", "invalid syntax"),
    ("match x:\n case 1: pass", "SyntaxError", "invalid syntax"),
    ("with (a as b): pass", "SyntaxError", "invalid syntax"),
    ("@a[0]\ndef f(): pass", "SyntaxError", "invalid syntax"),
    ("@a.b.c(1).d\ndef f(): pass", "SyntaxError", "invalid syntax"),
    ("from micropython import const\nX=const('a')", "SyntaxError", "constant must be an integer"),
    ("X=const(1.5)", "SyntaxError", "constant must be an integer"),
    ("X=const(1)\nX=2", "SyntaxError", "can't assign to expression"),
    ("X=const(y)", "SyntaxError", "constant must be an integer"),
    ("@micropython.native\ndef f(): pass", "SyntaxError", "invalid micropython decorator"),
    ("@micropython.foo\ndef f(): pass", "SyntaxError", "invalid micropython decorator"),
    ("x = 5 if 1", "SyntaxError", "invalid syntax"),
    ("assert", "SyntaxError", "invalid syntax"),
    ("try: pass", "SyntaxError", "invalid syntax"),
    ("while", "SyntaxError", "invalid syntax"),
    ("if x", "SyntaxError", "invalid syntax"),
    ("x = (yield)", "SyntaxError", "'yield' outside function"),
    ("def f():\n  yield = 1", "SyntaxError", "invalid syntax"),
    ("None=1", "SyntaxError", "can't assign to expression"),
    ("True=1", "SyntaxError", "can't assign to expression"),
    ("def f(None): pass", "SyntaxError", "invalid syntax"),
    ("f(1=2)", "SyntaxError", "LHS of keyword arg must be an id"),
    ("f(a.b=2)", "SyntaxError", "LHS of keyword arg must be an id"),
    ("import a.b as c.d", "SyntaxError", "invalid syntax"),
    ("def f(**k,a): pass", "SyntaxError", "invalid syntax"),
    ("class A:\n return 1", "SyntaxError", "'return' outside function"),
    ("x = {1:2, 3}", "SyntaxError", "expecting key:value for dict"),
    ("x = 1 \\ y", "SyntaxError", "invalid syntax"),
    ("$", "SyntaxError", "invalid syntax"),
    ("x = ?", "SyntaxError", "invalid syntax"),
    ("`x`", "SyntaxError", "invalid syntax"),
    ("x <> y", "SyntaxError", "invalid syntax"),
    ("exec 'a'", "SyntaxError", "invalid syntax"),
    ("async x", "SyntaxError", "invalid syntax"),
    ("async def", "SyntaxError", "invalid syntax"),
    ("await", "SyntaxError", "invalid syntax"),
    ("def f():\n  x\n y", "IndentationError", "unindent doesn't match any outer indent level"),
    ("\tx=1", "IndentationError", "unexpected indent"),
    ("'\\N{BULLET}'", "NotImplementedError", "unicode name escapes"),
    ("'\\x1'", "SyntaxError", "invalid syntax"),
    ("'\\u12'", "SyntaxError", "invalid syntax"),
    ("try:\n pass\nexcept* ValueError:\n pass", "SyntaxError", "invalid syntax"),
    ("x = 1;;", "SyntaxError", "invalid syntax"),
    ("if 1: if 2: pass", "SyntaxError", "invalid syntax"),
    ("def f(): def g(): pass", "SyntaxError", "invalid syntax"),
    ("a, b += 1", "SyntaxError", "can't assign to expression"),
    ("f() += 1", "SyntaxError", "can't assign to expression"),
    ("() = []", "SyntaxError", "can't assign to expression"),
    ("del [x]", "SyntaxError", "can't delete expression"),
    ("del ()", "SyntaxError", "can't delete expression"),
    ("print(*[1],2)", "SyntaxError", "non-keyword arg after */**"),
    ("with a as 1: pass", "SyntaxError", "can't assign to expression"),
    ("import a as 1", "SyntaxError", "invalid syntax"),
    ("lambda a,a:1", "SyntaxError", "argument name reused"),
    ("class A:\n  nonlocal x", "SyntaxError", "no binding for nonlocal found"),
    ("def f():\n  global x\n  nonlocal x", "SyntaxError", "identifier redefined as nonlocal"),
    ("def f(x):\n def g():\n  nonlocal x,y", "SyntaxError", "no binding for nonlocal found"),
    ("def f():\n print(x)\n global x", "SyntaxError", "identifier redefined as global"),
]
"""Text, exception and message: asked of a 1.11 with the board's switches."""

TAKEN = [
    "def f():\n await x",
    "class A(x=1): pass",
    "_X=const(3)\nprint(_X)\nprint('_X' in globals())",
    "class A:\n Y=const(4)\nprint(Y, A.Y)",
    "class A:\n _Y=const(4)\n def f(self): return _Y\nprint(A().f())\nprint(A._Y)",
    "@micropython.bytecode\ndef f(): print('ok')\nf()",
    "print(017)",
    "print(b'é')",
    "def f():\n from sys import *\n print(version)\nf()",
    "def f(x:foo)->bar: print('ann')\nf(1)",
    "print(1_000)",
    "raise",
    "raise 1 from 2",
    "from . import *",
    "from .. import x",
    "if 1:\n\tx=1\n        y=2\n\tprint(x,y)",
    "print(u'a', rb'x', b'\\xff')",
    "b'\\u12'",
    "print(0xFFFFFFFFFF, 1e400, .5, 5.)",
    "(a) = 1;print(a)",
    "[a, b] = 1, 2;print(a)",
    "[] = []",
    "del (a)",
    "x=1;del (x,);print('d')",
    "for x, in [(1,)]: print(x)",
    "f(a=1,a=2)",
    "print(a=1,a=2)",
    "def f(**k):print(k)\nf(a=1,a=2)",
    "print(sum(x for x in [1]),)",
    "x=lambda:(yield)",
]
"""What the same 1.11 compiles."""

NAMED = {
    "print(f'x')": "an f-string",
    "(x := 1)": "an assignment expression (:=)",
    "match x:\n case 1: pass": "a match statement",
    "x: int = 1": "a variable annotation",
    "a @ b": "the @ operator",
    "def f(a, /): pass": "a / among the parameters",
    "x = [*a]": "* in a list or tuple display",
    "x = {**a}": "* or ** in this place",
    "1if x else 2": "a number that touches a word",
    "with (a as b, c as d): pass": "a with statement in brackets",
    "X = const(1.5)": "const() of what is no whole number",
    "@micropython.native\ndef f(): pass": "a decorator of the native code emitter",
}


@pytest.mark.parametrize(("text", "kind", "message"), REFUSED, ids=[repr(row[0]) for row in REFUSED])
def test_refused(text: str, kind: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        compile_script(text + "\n", "main.py")
    assert (caught.value.kind, caught.value.message) == (kind, message)


@pytest.mark.parametrize("text", TAKEN)
def test_taken(text: str) -> None:
    compile_script(text + "\n", "main.py")


@pytest.mark.parametrize(("text", "construct"), NAMED.items())
def test_what_is_refused_has_a_name_and_an_advice(text: str, construct: str) -> None:
    if "match" in text and not hasattr(ast, "Match"):
        pytest.skip("this Python has no match statement")
    with pytest.raises(SourceError) as caught:
        compile_script(text + "\n", "main.py")
    assert caught.value.construct == construct
    assert caught.value.instead


def test_all_problems_of_a_file_the_one_that_the_board_names_first() -> None:
    found = problems(b"X = const(1)\nX = 2\ny = f'a'\nz: int = 3\n")
    assert [(p.line, p.message) for p in found] == [
        (3, "invalid syntax"),
        (2, "can't assign to expression"),
        (4, "invalid syntax"),
    ]


BYTES = {
    "empty": (b"", None),
    "BOM before a comment": (b"\xef\xbb\xbf# x\n", "name '\ufeff' isn't defined"),
    "BOM before import": (b"\xef\xbb\xbfimport os\n", "invalid syntax"),
    "Latin-1": (b"x = '\xe9'\n", None),
    "NUL": (b"x = 1\n\0", "invalid syntax"),
    "form feed": (b"x = 1\n\fy = 2\n", "unexpected indent"),
    "one line of 1 MB": (b"x = '" + b"a" * 1_000_000 + b"'\n", None),
    "90 brackets": (b"(" * 90 + b")" * 90 + b"\n", None),
    "10,000 brackets": (b"(" * 10_000, ""),
    "10,000 signs": (b"-" * 10_000 + b"1\n", "maximum recursion depth exceeded"),
    "carriage returns": (b"x = 1\ry = 2\r", None),
    "mixed tabs": (b"if 1:\n\tx = 1\n        y = 2\n", None),
}


@pytest.mark.parametrize(("data", "message"), BYTES.values(), ids=BYTES.keys())
def test_bytes_of_any_kind(data: bytes, message: str | None) -> None:
    if message is None:
        compile_script(decode(data), "main.py")
        return
    with pytest.raises(SourceError) as caught:
        compile_script(decode(data), "main.py")
    assert message in caught.value.message


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(SourceError):
        compile_script(decode(data), "main.py")
    problems(data)


WORDS = (
    "x y f ( ) [ ] { } : , = == + - * ** @ % / // . if else for in while def class return yield await async with as try except "
    "finally raise lambda not and or is del global nonlocal import from pass break continue assert 0 017 1.5 'a' b'a' f'a' const _X"
)
FRAGMENTS = st.sampled_from([*WORDS.split(), "\n", "\n ", "\n  ", "\n\t", "#", "\\", "\f"])


@given(st.lists(FRAGMENTS, max_size=30).map(" ".join))
def test_no_text_raises_anything_else(text: str) -> None:
    with contextlib.suppress(SourceError):
        compile_script(text, "main.py")
    problems(text.encode())


MEANS = {
    "const": ("_A = const(3)\nB = const(_A << 2)\nprint(_A, B, '_A' in globals(), 'B' in globals())", "3 12 False True"),
    "const of a class": ("class A:\n    _X = const(4)\n    def f(self): return _X\nprint(A().f(), hasattr(A, '_X'))", "4 False"),
    "leading zeros": ("print(017, 0, 00, '017')", "17 0 0 017"),
    "bytes beyond ASCII": ("print(b'\u00e9')", "b'\\xc3\\xa9'"),
    "annotations": ("def f(x: nowhere) -> nothing: return x\nprint(f(1))", "1"),
    "a keyword twice": ("def f(**k): print(k)\nf(a=1, a=2)", "{'a': 2}"),
    "import * in a function": ("def f():\n    from math import *\nf()\nprint(sqrt(4) == 2)", "True"),
    "slots": ("class A:\n    __slots__ = ('x',)\na = A()\na.y = 1\nprint(a.y)", "1"),
    "ignored in-place methods": (
        "class A:\n    def __iadd__(self, o): return 'in place'\n    def __imul__(self, o): return 'never'\n"
        "    def __mul__(self, o): return 'plain'\na = b = A()\na += 1\nb *= 1\nprint(a, b)",
        "in place plain",
    ),
    "ignored methods": ("class A:\n    def __setattr__(self, n, v): print('never')\na = A()\na.x = 1\nprint(a.x)", "1"),
    "raise from": ("try:\n    raise ValueError(1) from OSError(2)\nexcept ValueError as e:\n    print(hasattr(e, '__cause__'))", "False"),
    "bytecode decorator": ("@micropython.bytecode\ndef f(): return 1\nprint(f())", "1"),
    "a coroutine is a generator": ("async def f(): return 5\ntry:\n    next(f())\nexcept StopIteration as e:\n    print(e.value)", "5"),
    "await": ("def g():\n    x = yield 1\n    return x\nasync def f():\n    print(await g())\nc = f()\nprint(next(c))\ntry:\n    c.send(7)\nexcept StopIteration:\n    pass", "1\n7"),
    "async for": (
        "class I:\n    n = 0\n    async def __aiter__(self): return self\n    async def __anext__(self):\n        self.n += 1\n"
        "        if self.n > 3: raise StopAsyncIteration\n        return self.n\n"
        "async def f():\n    async for i in I():\n        if i == 2: continue\n        print(i)\n    else:\n        print('else')\n"
        "for _ in f(): pass", "1\n3\nelse",
    ),
    "what __aiter__ gives is awaited": (
        "class I:\n    def __aiter__(self): return self\nasync def f():\n    async for i in I(): pass\n"
        "try:\n    next(f())\nexcept TypeError as e:\n    print(e)", "'I' object isn't iterable",
    ),
    "async with": (
        "class M:\n    async def __aenter__(self): return 7\n    async def __aexit__(self, *a):\n        print(a[1])\n        return True\n"
        "async def f():\n    async with M() as m:\n        print(m)\n        raise ValueError('q')\n    async with M():\n        return\n"
        "for _ in f(): pass", "7\nq\nNone",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("script", "shown"), MEANS.values(), ids=MEANS.keys())
def test_what_it_means(run_script: RunScript, script: str, shown: str) -> None:
    assert run_script(script).text == shown + "\n"


RECURSION = """\
def f(n):
    global deepest
    deepest = n
    f(n + 1)

try:
    f(1)
except RuntimeError as e:
    print(deepest, e)
"""


@pytest.mark.parametrize(("model", "calls"), [("fipy", 42), ("wipy", 42)])
def test_recursion_ends_near_the_depth_of_the_board(model: str, calls: int) -> None:
    with Board(model) as board:
        load(board, RECURSION)
        result = board.run(timeout=NEVER)
        assert result.text == f"{calls} maximum recursion depth exceeded\n"
        assert [note.code for note in result.notes] == ["recursion"]


def test_recursion_within_the_depth_leaves_no_note(run_script: RunScript) -> None:
    result = run_script("def f(n): return n if not n else f(n - 1)\nprint(f(30), f(30))")
    assert (result.text, result.notes) == ("0 0\n", [])
