"""Files and texts that are no scripts, or odd ones: the board's answer in bounded time, wherever they come from."""

from __future__ import annotations

import ast
import sys

import pytest

from emulator import Board
from tests.emulator.conftest import NEVER, load

INVALID = "SyntaxError: invalid syntax"
DEEP = "RuntimeError: maximum recursion depth exceeded"


def _is_shallow() -> bool:
    """Whether this CPython compiles no deep expression, whatever its recursion limit is: the first releases of 3.12."""
    if sys.version_info[:2] != (3, 12):
        return False
    try:
        compile(ast.parse("+".join("y" * 2000)), "", "exec")
    except RecursionError:
        return True
    return False


SHALLOW = _is_shallow()

SOURCES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", ""),
    "line ends": (b"\n\r\n\r\n", ""),
    "binary": (bytes(range(256)) * 10, INVALID),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), INVALID),
    "NUL bytes": (b"\0" * 1000, INVALID),
    "NUL after a statement": (b"x = 1\0\n", INVALID),
    "NUL in a comment": (b"# a\0b\nprint(1)", "1"),
    "NUL in a str": (b"print(len('a\0b'))", "3"),
    "Latin-1 in a comment": (b"# \xe9\nprint(1)", "1"),
    "Latin-1 in bytes": (b"print(b'\xe9')", "b'\\xe9'"),
    "Latin-1 in a name": (b"\xe9 = 1\nprint(\xe9)", "1"),
    "UTF-16": ("print(1)\n".encode("utf-16"), INVALID),
    "UTF-16, big end first": ("print(1)\n".encode("utf-16-be"), INVALID),
    "UTF-32": ("print(1)\n".encode("utf-32"), INVALID),
    "BOM": (b"\xef\xbb\xbfprint(1)\n", "NameError: name '\ufeffprint' isn't defined"),
    "BOM before an assignment": (b"\xef\xbb\xbfx = 1\nprint(x)\n", "NameError: name 'x' isn't defined"),
    "BOM inside": (b"x = 1\n\xef\xbb\xbfprint(1)\n", "NameError: name '\ufeffprint' isn't defined"),
    "typographic quotes": ("print(\u201chi\u201d)".encode(), "NameError: name '\u201chi\u201d' isn't defined"),
    "blank that is none": ("x\u00a0=\u00a01".encode(), "NameError: name '\u00a01' isn't defined"),
    "form feed": (b"x = 1\n\x0cprint(x)\n", "IndentationError: unexpected indent"),
    "form feed in a block": (b"if 1:\n\x0c    print(1)\n", "1"),
    "mixed tabs": (b"if 1:\n\tprint(1)\n        print(2)\n", "2"),
    "tab that ends a block": (b"if 1:\n\tprint(1)\n    print(2)\n",
                              "IndentationError: unindent doesn't match any outer indent level"),
    "CR": (b"x = 1\rprint(x)\r", "1"),
    "CR LF": (b"if 1:\r\n    print(1)\r\n", "1"),
    "CR in a str": (b"print(repr('''a\rb\r\nc'''))", "'a\\nb\\nc'"),
    "no line end": (b"print(1)", "1"),
    "no line end in a block": (b"if 1:\n  print(1)", "1"),
    "open str": (b"x = 'abc", INVALID),
    "open text": (b"x = '''abc\n\n", INVALID),
    "open bracket": (b"print(1\n\n", INVALID),
    "open bracket before a statement": (b"x = {1: 2\nprint(x)\n", INVALID),
    "bracket too many": (b"print(1))\n", INVALID),
    "wrong bracket": (b"x = (1]\n", INVALID),
    "lone backslash": (b"\\", ""),
    "Ctrl-Z at the end": (b"print(1)\x1a", INVALID),
    "90 brackets": (b"x = " + b"[" * 90 + b"]" * 90, ""),
    "2000 brackets": (b"x = " + b"[" * 2000 + b"]" * 2000, DEEP),
    "2000 round brackets": (b"x = " + b"(" * 2000 + b"1" + b")" * 2000, DEEP),
    "2000 signs": (b"y = 1\nx = " + b"-" * 20000 + b"y", DEEP),
    "sum of 2000": (b"y = 1\nprint(" + b"+".join([b"y"] * 2000) + b")", DEEP if SHALLOW else "2000"),
    "2000 names": (b"class A: pass\na = A()\na.a = a\nprint(a" + b".a" * 2000 + b" is a)", DEEP if SHALLOW else "True"),
    "400 elif": (b"y = 399\nif y < 0: x = 0\n" + b"".join(b"elif y == %d: print(%d)\n" % (n, n) for n in range(400)), "399"),
    "200 blocks": (b"".join(b" " * n + b"if 1:\n" for n in range(200)) + b" " * 200 + b"x = 1\n", DEEP),
    "30 loops": (b"".join(b" " * n + b"for i in ():\n" for n in range(30)) + b" " * 30 + b"x = 1\n", DEEP),
    "one line of 1 MB": (b"x = '" + b"a" * 1_000_000 + b"'\nprint(len(x))", "1000000"),
    "one statement of 200 kB": (b"x = [" + b"1, " * 70_000 + b"]\nprint(len(x))", "70000"),
}  # fmt: skip

HOST_TEXTS = (
    "RecursionError",
    "unterminated",
    "codec can't",
    "null byte",
    "parser stack",
    "emulator error",
    "never closed",
)
PLACES = ("main.py", "boot.py", "module", "exec")


def _shown(place: str, data: bytes) -> str:
    """What is shown last where ``data`` is found in ``place``."""
    with Board("fipy") as board:
        if place == "main.py":
            (board.flash / "main.py").write_bytes(data)
        elif place == "boot.py":
            (board.flash / "boot.py").write_bytes(data)
            (board.flash / "main.py").write_bytes(b"")
        elif place == "module":
            (board.flash / "lib" / "odd.py").write_bytes(data)
            load(board, "import odd\n")
        else:
            (board.flash / "odd.bin").write_bytes(data)
            load(board, "with open('odd.bin', 'rb') as file: text = file.read()\nexec(text, {})\n")
        result = board.run(timeout=NEVER)
    assert not any(text in result.text for text in HOST_TEXTS), result.text[-300:]
    assert not any(note.code == "internal-error" for note in board.notes)
    lines = result.text.splitlines()
    return lines[-1] if lines else ""


QUICK = {name: row for name, row in SOURCES.items() if len(row[0]) < 10_000}


@pytest.mark.parametrize("place", PLACES)
def test_quick_ones(place: str) -> None:
    wrong = {name: shown for name, (data, last) in QUICK.items() if (shown := _shown(place, data)) != last}
    assert not wrong


@pytest.mark.nightly
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SOURCES)
def test_all(name: str, place: str) -> None:
    data, last = SOURCES[name]
    assert _shown(place, data) == last


@pytest.mark.nightly
def test_ten_megabytes() -> None:
    with Board("fipy") as board:
        load(
            board,
            "text = 'x = 1\\n' * 400000\ntry:\n    exec(text + text + text + text)\nexcept MemoryError as e: print(e)\n",
        )
        text = board.run(timeout=NEVER).text
    assert text.startswith("memory allocation failed, allocating ")


DEPTHS = {
    "methods": "class A:\n    def f(self): count(); return self.g()\n    def g(self): count(); return self.f()\nstart = A().f",
    "__getattr__": "class A:\n    def __getattr__(self, n): count(); return self.x + n\nstart = lambda: A().y",
    "__str__": "class A:\n    def __str__(self): count(); return str(self)\nstart = lambda: str(A())",
    "__eq__": "class A:\n    def __eq__(self, o): count(); return self == o\nstart = lambda: A() == A()",
    "__init__": "class A:\n    def __init__(self): count(); self.a = A()\nstart = A",
    "property": "class A:\n    @property\n    def x(self): count(); return self.x\nstart = lambda: A().x",
    "sort key": "def start(x=0): count(); return sorted([2, 1], key=start)",
    "map": "def start(x=0): count(); return list(map(start, [x]))",
    "handed over": "def f(g): count(); return g(g)\nstart = lambda: f(f)",
    "lambda": "start = lambda: count() or start()",
    "decorated": "def wrap(g):\n    def w(): return g()\n    return w\n@wrap\ndef start(): count(); return start()",
    "eval": "def start(): count(); eval('start()')",
    "with": "class A:\n    def __enter__(self):\n        count()\n        with self: pass\n    def __exit__(self, *a): pass\n"
    "def start():\n    with A(): pass",
}


@pytest.mark.parametrize("way", DEPTHS)
def test_a_recursion_ends_near_the_boards_depth(way: str) -> None:
    """The main task of a FiPy has 12 KiB of stack: about 43 calls (firmware: esp32/mptask.h)."""
    script = (
        f"calls = [0]\ndef count(): calls[0] += 1\n{DEPTHS[way]}\n"
        "try: start()\nexcept RuntimeError as e: print(type(e), e)\nprint(calls[0])\n"
    )
    with Board("fipy") as board:
        load(board, script)
        shown, number = board.run(timeout=NEVER).text.splitlines()
    assert shown == "<class 'RuntimeError'> maximum recursion depth exceeded"
    assert 15 <= int(number) <= 50
