"""Tracebacks in the board's form: which entries, in which order, with which last line (firmware: py/vm.c, py/objexcept.c).

The tables are what MicroPython 1.11 with the board's switches shows for the same text.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from emulator import Board
from emulator.project import read
from tests.emulator.conftest import NEVER, RunScript

SCRIPTS: dict[str, tuple[str, list[tuple[int, str]], str]] = {
    "context manager on the line of the with": (
        "with open('/flash/none') as f: pass\n",
        [(1, "<module>")],
        "OSError: [Errno 2] ENOENT",
    ),
    "bare raise": (
        "def f():\n    try:\n        1/0\n    except:\n        x = 1\n        raise\nf()\n",
        [(7, "<module>"), (6, "f"), (3, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "raise of the caught one": (
        "def f():\n    try:\n        1/0\n    except Exception as e:\n        x = 1\n        raise e\nf()\n",
        [(7, "<module>"), (6, "f"), (6, "f"), (3, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "no clause fits": (
        "def f():\n    try:\n        1/0\n    except ValueError:\n        x = 1\n    except KeyError:\n        x = 2\n    x = 3\nf()\n",
        [(9, "<module>"), (7, "f"), (3, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "finally": (
        "def f():\n    try:\n        1/0\n    finally:\n        x = 1\n        x = 2\n    x = 3\nf()\n",
        [(8, "<module>"), (6, "f"), (3, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "with": (
        "class C:\n    def __enter__(self): pass\n    def __exit__(self, *a):\n        x = 1\ndef f():\n    with C():\n        x = 2\n        1/0\n        x = 3\n    x = 4\nf()\n",
        [(11, "<module>"), (9, "f"), (8, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "two levels of try": (
        "def f():\n    try:\n        try:\n            1/0\n        except ValueError:\n            x = 5\n    except KeyError:\n        x = 7\n    x = 9\nf()\n",
        [(10, "<module>"), (8, "f"), (6, "f"), (4, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "another one in a clause with a name": (
        "def f():\n    try:\n        1/0\n    except Exception as e:\n        raise ValueError('v')\nf()\n",
        [(6, "<module>"), (5, "f"), (5, "f")],
        "ValueError: v",
    ),
    "another one in a clause without": (
        "def f():\n    try:\n        1/0\n    except Exception:\n        raise ValueError('v')\nf()\n",
        [(6, "<module>"), (5, "f")],
        "ValueError: v",
    ),
    "raised twice at different places": (
        "def f():\n    e = ValueError('z')\n    try:\n        raise e\n    except ValueError:\n        pass\n    raise e\nf()\n",
        [(8, "<module>"), (7, "f"), (4, "f")],
        "ValueError: z",
    ),
    "thrown into a generator": (
        "def g():\n    for i in (1, 2):\n        try:\n            yield 1\n        finally:\n            x = i\ndef f():\n    i = g()\n    next(i)\n    i.throw(KeyError('q'))\nf()\n",
        [(11, "<module>"), (10, "f"), (6, "g"), (4, "g")],
        "KeyError: q",
    ),
    "all at once": (
        "def g():\n    try:\n        1/0\n    except:\n        raise\ndef f():\n    try:\n        g()\n    except ZeroDivisionError as e:\n        x = 1\n        raise\n    else:\n        x = 2\n    finally:\n        x = 3\nf()\n",
        [(16, "<module>"), (15, "f"), (11, "f"), (11, "f"), (8, "f"), (5, "g"), (3, "g")],
        "ZeroDivisionError: divide by zero",
    ),
    "a tuple of classes": (
        "def f():\n    try:\n        1/0\n    except (ValueError,\n            KeyError):\n        pass\nf()\n",
        [(7, "<module>"), (6, "f"), (3, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "kept and raised later": (
        "def f():\n    try: 1/0\n    except Exception as e:\n        e2 = e\n    try:\n        raise e2\n    except KeyError: pass\nf()\n",
        [(8, "<module>"), (7, "f"), (6, "f"), (2, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "yield from": (
        "def g():\n    yield 1\n    1/0\ndef h():\n    x = yield from g()\nlist(h())\n",
        [(6, "<module>"), (5, "h"), (3, "g")],
        "ZeroDivisionError: divide by zero",
    ),
    "list comprehension": (
        "def f():\n    [1/x for x in (1, 0)]\nf()\n",
        [(3, "<module>"), (2, "f"), (2, "<listcomp>")],
        "ZeroDivisionError: divide by zero",
    ),
    "nested comprehensions": (
        "def f():\n    [[1/x for x in (1, 0)] for y in (1,)]\nf()\n",
        [(3, "<module>"), (2, "f"), (2, "<listcomp>"), (2, "<listcomp>")],
        "ZeroDivisionError: divide by zero",
    ),
    "iterable of a comprehension": (
        "def f():\n    [x for x in 1/0]\nf()\n",
        [(3, "<module>"), (2, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "comprehension at module level": (
        "x = [1/x for x in (1, 0)]\n",
        [(1, "<module>"), (1, "<listcomp>")],
        "ZeroDivisionError: divide by zero",
    ),
    "generator expression": (
        "def f():\n    list(1/x for x in (1, 0))\nf()\n",
        [(3, "<module>"), (2, "f"), (2, "<genexpr>")],
        "ZeroDivisionError: divide by zero",
    ),
    "dict comprehension": (
        "def f():\n    {1/x: 1 for x in (1, 0)}\nf()\n",
        [(3, "<module>"), (2, "f"), (2, "<dictcomp>")],
        "ZeroDivisionError: divide by zero",
    ),
    "set comprehension": (
        "def f():\n    {1/x for x in (1, 0)}\nf()\n",
        [(3, "<module>"), (2, "f"), (2, "<setcomp>")],
        "ZeroDivisionError: divide by zero",
    ),
    "comprehension that calls": (
        "def g(x):\n    return 1/x\ndef f():\n    [g(x) for x in (1, 0)]\nf()\n",
        [(5, "<module>"), (4, "f"), (4, "<listcomp>"), (2, "g")],
        "ZeroDivisionError: divide by zero",
    ),
    "eval": (
        "def f():\n    eval('1/0')\nf()\n",
        [(3, "<module>"), (2, "f"), (1, "<string> <module>")],
        "ZeroDivisionError: divide by zero",
    ),
    "exec of several lines": (
        "t = 'def z():\\n    1/0\\nz()'\nexec(t)\n",
        [(2, "<module>"), (3, "<string> <module>"), (2, "<string> z")],
        "ZeroDivisionError: divide by zero",
    ),
    "class body": (
        "class D:\n    x = 1\n    y = 1/0\n",
        [(1, "<module>"), (3, "D")],
        "ZeroDivisionError: divide by zero",
    ),
    "lambda": ("f = lambda: 1/0\nf()\n", [(2, "<module>"), (1, "<lambda>")], "ZeroDivisionError: divide by zero"),
    "key function": (
        "sorted([1, 2], key=lambda x: 1/0)\n",
        [(1, "<module>"), (1, "<lambda>")],
        "ZeroDivisionError: divide by zero",
    ),
    "new one while none fits": (
        "def f():\n    try:\n        raise KeyError\n    except KeyError:\n        try:\n            1/0\n        except ValueError:\n            pass\nf()\n",
        [(9, "<module>"), (8, "f"), (6, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "loop": (
        "def f():\n    while 1:\n        try:\n            1/0\n        finally:\n            pass\nf()\n",
        [(7, "<module>"), (6, "f"), (4, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "module level try": (
        "try:\n    x = 1\n    unknown\nfinally:\n    x = 2\n",
        [(5, "<module>"), (3, "<module>")],
        "NameError: name 'unknown' isn't defined",
    ),
    "method": (
        "class A:\n    def m(self):\n        return self.x\nA().m()\n",
        [(4, "<module>"), (3, "m")],
        "AttributeError: 'A' object has no attribute 'x'",
    ),
    "init": (
        "class A:\n    def __init__(self):\n        raise OSError(2)\nA()\n",
        [(4, "<module>"), (3, "__init__")],
        "OSError: [Errno 2] ENOENT",
    ),
    "special method": (
        "class A:\n    def __add__(self, o):\n        return o.x\nA() + 1\n",
        [(4, "<module>"), (3, "__add__")],
        "AttributeError: 'int' object has no attribute 'x'",
    ),
    "property": (
        "class A:\n    @property\n    def p(self):\n        return {}['k']\nA().p\n",
        [(5, "<module>"), (4, "p")],
        "KeyError: k",
    ),
    "getattr method": (
        "class A:\n    def __getattr__(self, n):\n        raise AttributeError(n)\nA().zz\n",
        [(4, "<module>"), (3, "__getattr__")],
        "AttributeError: zz",
    ),
    "iterator": (
        "class I:\n    def __iter__(self): return self\n    def __next__(self):\n        raise ValueError('stop')\nfor i in I():\n    pass\n",
        [(5, "<module>"), (4, "__next__")],
        "ValueError: stop",
    ),
    "no chaining": (
        "try:\n    1/0\nexcept ZeroDivisionError:\n    [][1]\n",
        [(4, "<module>")],
        "IndexError: list index out of range",
    ),
    "from": (
        "try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise ValueError('b') from e\n",
        [(4, "<module>"), (4, "<module>")],
        "ValueError: b",
    ),
    "exception with a repr": (
        "class E(Exception):\n    def __repr__(self):\n        return 'mine'\nraise E(1)\n",
        [(4, "<module>")],
        "mine",
    ),
    "exception with a str": (
        "class E(Exception):\n    def __str__(self):\n        return 'mine'\nraise E(1)\n",
        [(4, "<module>")],
        "E: 1",
    ),
    "no text": ("raise ValueError\n", [(1, "<module>")], "ValueError: "),
    "two arguments": ("raise ValueError('a', 1)\n", [(1, "<module>")], "ValueError: ('a', 1)"),
    "key": ("{}['a']\n", [(1, "<module>")], "KeyError: a"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt\n", [(1, "<module>")], "KeyboardInterrupt: "),
    "no exception": ("raise 1\n", [(1, "<module>")], "TypeError: exceptions must derive from BaseException"),
    "nothing to raise again": ("raise\n", [(1, "<module>")], "RuntimeError: no active exception to reraise"),
    "finally that raises": (
        "def f():\n    try:\n        return 1\n    finally:\n        raise KeyError('z')\nf()\n",
        [(6, "<module>"), (5, "f")],
        "KeyError: z",
    ),
    "else": (
        "def f():\n    try:\n        x = 1\n    except ValueError:\n        x = 2\n    else:\n        1/0\n    finally:\n        x = 3\nf()\n",
        [(10, "<module>"), (9, "f"), (7, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "two with items": (
        "class C:\n    def __enter__(self): pass\n    def __exit__(self, *a): pass\ndef f():\n    with C(), C():\n        1/0\nf()\n",
        [(7, "<module>"), (6, "f"), (6, "f"), (6, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "assert": ("def f(x):\n    assert x, 'no x'\nf(0)\n", [(3, "<module>"), (2, "f")], "AssertionError: no x"),
    "generator that has ended": (
        "def g():\n    yield 1\ni = g()\nnext(i)\nnext(i)\n",
        [(5, "<module>")],
        "StopIteration: ",
    ),
    "StopIteration in a generator": (
        "def g():\n    yield 1\n    raise StopIteration\nlist(g())\ni = g()\nnext(i)\nnext(i)\n",
        [(4, "<module>")],
        "RuntimeError: generator raised StopIteration",
    ),
    "raised in a clause of a clause": (
        "def f():\n    try:\n        1/0\n    except ZeroDivisionError:\n        try:\n            [][0]\n        except IndexError:\n            raise KeyError(1)\nf()\n",
        [(9, "<module>"), (8, "f")],
        "KeyError: 1",
    ),
    "class of an alias": (
        "E = ValueError\ndef f():\n    try:\n        raise ValueError('a')\n    except E:\n        raise\nf()\n",
        [(7, "<module>"), (6, "f"), (4, "f")],
        "ValueError: a",
    ),
    "condition of while": (
        "i = 0\nwhile [1][i]:\n    i += 1\n    pass\n",
        [(4, "<module>")],
        "IndexError: list index out of range",
    ),
    "call in a condition of while": (
        "def f():\n    1//0\nx = 1\nwhile (x and\n       f()):\n    while x < 5:\n        x += 1\n",
        [(7, "<module>"), (2, "f")],
        "ZeroDivisionError: divide by zero",
    ),
    "raise in a nested function of a clause": (
        "def f():\n    def g():\n        raise KeyError(5)\n    try:\n        1/0\n    except ZeroDivisionError:\n        g()\nf()\n",
        [(8, "<module>"), (7, "f"), (3, "g")],
        "KeyError: 5",
    ),
}
if sys.version_info >= (3, 11):  # the column is needed
    SCRIPTS["second context manager"] = (
        "class M:\n    def __enter__(self): return 1\n    def __exit__(self, *a): pass\nwith M() as m, {}['k'] as b:\n    pass\n",
        [(5, "<module>"), (4, "<module>")],
        "KeyError: k",
    )
"""Name -> script, (line, block) of each entry, last line; a block of exec has the name of its file before it."""


def shown(found: list[tuple[int, str]], last: str) -> str:
    lines = ["Traceback (most recent call last):"]
    for line, block in found:
        file, _, name = block.rpartition(" ")
        lines.append(f'  File "{file or "main.py"}", line {line}, in {name}')
    return "\n".join([*lines, last, ""])


@pytest.mark.parametrize(("script", "found", "last"), SCRIPTS.values(), ids=SCRIPTS)
def test_entries(tmp_path: Path, script: str, found: list[tuple[int, str]], last: str) -> None:
    (tmp_path / "main.py").write_text(script, encoding="utf-8")
    with Board("fipy") as board:
        board.load_project(read(tmp_path))
        assert board.run(timeout=NEVER).text == shown(found, last)


IN_MEMORY = {
    "a bare raise": (SCRIPTS["bare raise"][0], [(7, "<module>"), (6, "f"), (3, "f")]),
    "a raise of the caught one": (
        "try:\n    1/0\nexcept Exception as e:\n    raise e\n",
        [(4, "<module>"), (4, "<module>"), (2, "<module>")],
    ),
}


@pytest.mark.parametrize(("script", "found"), IN_MEMORY.values(), ids=IN_MEMORY)
def test_a_raise_is_known_without_a_file(run_script: RunScript, script: str, found: list[tuple[int, str]]) -> None:
    assert run_script(script).text == shown(found, "ZeroDivisionError: divide by zero")


WITHOUT_SOURCE = {
    "a bare raise": IN_MEMORY["a bare raise"],
    "a raise of the caught one": (
        "try:\n    1/0\nexcept Exception as e:\n    raise e\n",
        [(4, "<module>"), (2, "<module>")],
    ),
}


@pytest.mark.parametrize(("script", "found"), WITHOUT_SOURCE.values(), ids=WITHOUT_SOURCE)
def test_a_raise_is_known_without_the_source(run_script: RunScript, script: str, found: list[tuple[int, str]]) -> None:
    entries = [(1, "<module>"), *((line, f"<string> {block}") for line, block in found)]
    assert run_script(f"exec({script!r})").text == shown(entries, "ZeroDivisionError: divide by zero")


def test_files_that_the_flash_alone_has(run_script: RunScript) -> None:
    script, found, last = SCRIPTS["bare raise"]
    entries = [(1, "<module>"), *((line, f"lib/inner.py {block}") for line, block in found)]
    assert run_script("import inner", {"lib/inner.py": script}).text == shown(entries, last).replace(
        "lib/", "/flash/lib/"
    )


CAUGHT = """
import sys
def f():
    try:
        1/0
    except ValueError:
        pass
def g():
    try:
        f()
    except Exception as e:
        sys.print_exception(e)
        kept = e
    sys.print_exception(kept)
g()
"""
"""The frame that has caught the exception is still running: nothing has left it."""


def test_an_exception_shown_where_it_is_caught(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(CAUGHT, encoding="utf-8")
    with Board("fipy") as board:
        board.load_project(read(tmp_path))
        text = shown([(10, "g"), (7, "f"), (5, "f")], "ZeroDivisionError: divide by zero")
        assert board.run(timeout=NEVER).text == text * 2


def test_modules_are_named_by_their_path(run_script: RunScript) -> None:
    result = run_script(
        "import one\none.f()",
        {
            "lib/one.py": "from pack import two\ndef f():\n    two.g()",
            "lib/pack/__init__.py": "",
            "lib/pack/two.py": "def g():\n    1/0",
        },
    )
    assert result.text == (
        "Traceback (most recent call last):\n"
        '  File "main.py", line 2, in <module>\n'
        '  File "/flash/lib/one.py", line 3, in f\n'
        '  File "/flash/lib/pack/two.py", line 2, in g\n'
        "ZeroDivisionError: divide by zero\n"
    )


def test_a_syntax_error_has_a_place_and_no_block(run_script: RunScript) -> None:
    text = run_script("x = 1\nx = = 2\n").text
    assert text == 'Traceback (most recent call last):\n  File "main.py", line 2\nSyntaxError: invalid syntax\n'


def test_device_modules_show_no_entries(run_script: RunScript) -> None:
    text = run_script("import ustruct\ndef f():\n    ustruct.unpack('i', b'a')\nf()").text
    assert text == shown([(4, "<module>"), (3, "f")], "ValueError: buffer too small")


def test_a_deep_traceback_is_complete(run_script: RunScript) -> None:
    text = run_script("def f(n):\n    if n: f(n - 1)\n    else: 1/0\nf(20)").text
    assert text.count('  File "main.py", line 2, in f\n') == 20
    assert "repeated" not in text


def test_recursion_without_end(run_script: RunScript) -> None:
    text = run_script("def f():\n    f()\nf()").text
    assert text.endswith("RuntimeError: maximum recursion depth exceeded\n")
    assert "repeated" not in text
    assert text.count("in f\n") > 10


def test_memory_error(run_script: RunScript) -> None:
    text = run_script("bytearray(1 << 30)").text
    assert text == shown([(1, "<module>")], "MemoryError: memory allocation failed, allocating 1073741824 bytes")


def test_system_exit_is_silent(run_script: RunScript) -> None:
    assert run_script("import sys\nsys.exit(3)").text == ""


BROKEN = {
    "str": "class E(Exception):\n    def __str__(self):\n        return 1/0\nraise E(7)\n",
    "repr": "class E(Exception):\n    def __repr__(self):\n        return 1/0\nraise E(7)\n",
    "repr of an argument": "class A:\n    def __repr__(self):\n        return 1/0\nraise ValueError(A(), 7)\n",
    "repr that is no text": "class E(Exception):\n    def __repr__(self):\n        return 5\nraise E(7)\n",
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_an_exception_that_cannot_be_shown(run_script: RunScript, script: str) -> None:
    lines = run_script(script).text.splitlines()
    assert lines[:2] == ["Traceback (most recent call last):", '  File "main.py", line 4, in <module>']
    assert len(lines) == 3


def test_source_that_the_host_cannot_parse(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("x = 017\ntry:\n    1/0\nexcept:\n    raise\n", encoding="utf-8")
    with Board("fipy") as board:
        board.load_project(read(tmp_path))
        assert board.run(timeout=NEVER).text.endswith("ZeroDivisionError: divide by zero\n")


def test_an_edited_file_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "main.py"
    file.write_text("try:\n    1/0\nfinally:\n    x = 1\n", encoding="utf-8")
    with Board("fipy") as board:
        board.load_project(read(tmp_path))
        file.write_text("try:\n", encoding="utf-8")
        assert board.run(timeout=NEVER).text.endswith("ZeroDivisionError: divide by zero\n")
