"""Which file an import finds, and what it says if there is none (firmware: py/builtinimport.c, py/persistentcode.c)."""

from __future__ import annotations

import pytest

from emulator import Board
from emulator.runtime.imports import mpy_error
from tests.emulator.conftest import NEVER, load

GOOD = b"M\4\2\x1f\x20"
FILES: dict[str, str | bytes] = {
    "pkg/__init__.py": b"x = 1",
    "pkg/mod.py": b"y = 2",
    "pkg/rel.py": b"from . import nothing",
    "pkg/sub/deep.py": b"from ... import z",
    "pkg/sub/far.py": b"from .... import z",
    "pkg/sub/ok.py": b"from .. import mod\nfrom ..mod import y",
    "both.py": b"v = 1",
    "both/__init__.py": b"v = 'dir'",
    "ns/inner.py": b"",
    "top.py": b"from . import x",
    "half.py": b"a = 1\nimport nothere\nb = 2",
    "plain.py": b"q = 1",
    "two.py": b"t = 2",
    "two.mpy": b"bad",
    "lib/two.py": b"t = 3",
    "old.mpy": b"M\3\2\x1f\x20",
    "arch.mpy": b"M\4\6\x1f\x20",
    "first.mpy": b"bad",
    "lib/first.py": b"",
    "packed/__init__.mpy": b"bad",
    "good.mpy": GOOD,
    "ubinascii.py": b"mine = 1",
    "json.py": b"mine = 1",
}
# statement, what it raises or "ok"; all but the last rows are what a build of 1.11 for 32 bits says
FACTS = [
    ("import pkg.nope", "ImportError: no module named 'pkg.nope'"),
    ("from pkg import nope", "ImportError: no module named 'pkg.nope'"),
    ("from pkg import mod\nassert mod.y == 2", "ok"),
    ("import pkg.mod\nassert pkg.mod.y == 2", "ok"),
    ("import pkg.mod as m\nassert m.y == 2", "ok"),
    ("import pkg.rel", "ImportError: no module named 'pkg.nothing'"),
    ("import pkg.sub.ok", "ok"),
    ("import pkg.sub.deep", "ValueError: cannot perform relative import"),
    ("import pkg.sub.far", "ValueError: cannot perform relative import"),
    ("import top", "ValueError: cannot perform relative import"),
    ("from . import x", "KeyError: __main__"),
    ("import both\nassert both.v == 'dir'", "ok"),
    ("import ns\nassert ns.__path__ == 'ns' and not hasattr(ns, '__file__')", "ok"),
    ("import ns.x", "ImportError: no module named 'ns.x'"),
    ("from ns import *", "ok"),
    ("import half", "ImportError: no module named 'nothere'"),
    ("try: import half\nexcept ImportError: pass\nimport half\nassert half.a and not hasattr(half, 'b')", "ok"),
    ("import plain.x", "ImportError: no module named 'plain.x'"),
    ("from plain import nope", "ImportError: cannot import name nope"),
    ("import nothere.x", "ImportError: no module named 'nothere'"),
    ("import two\nassert two.t == 2 and two.__file__ == 'two.py'", "ok"),
    ("import old", "ValueError: incompatible .mpy file"),
    ("try: import old\nexcept ValueError: pass\nimport old, sys\nassert 'old' in sys.modules", "ok"),
    ("import arch", "ValueError: incompatible .mpy arch"),
    ("import first", "ValueError: incompatible .mpy file"),
    ("import packed", "ValueError: incompatible .mpy file"),
    ("import good", "NotImplementedError: import of good.mpy: the board does it, the emulator does not yet"),
    ("import ubinascii\nassert not hasattr(ubinascii, 'mine')", "ok"),
    ("import ubinascii.x", "ImportError: no module named 'ubinascii.x'"),
    ("import gc.x", "ImportError: no module named 'gc'"),
    ("import os.path", "ImportError: no module named 'os'"),
    ("import json\nassert json.mine", "ok"),
    ("import binascii, ubinascii\nassert binascii is ubinascii", "ok"),
    ("import sys\nsys.path[:] = []\nimport plain\nassert plain.__file__ == 'plain.py'", "ok"),
    ("import sys\nsys.path[:] = ['/flash/lib']\nimport two\nassert two.t == 3 and two.__file__ == '/flash/lib/two.py'", "ok"),
    ("import sys\nsys.path[:] = [5]\nimport two", "TypeError: can't convert 'int' object to str implicitly"),
    ("import pkg, sys\nsys.path[:] = ['/flash/lib']\nimport pkg.mod", "ImportError: no module named 'pkg'"),
    ("assert __import__('pkg.mod').x == 1", "ok"),
    ("assert __import__('pkg.mod', None, None, True).y == 2", "ok"),
    ("__import__('pkg', None, None, None, -1)", "ValueError: "),
    ("__import__(5)", "TypeError: can't convert 'int' object to str implicitly"),
    ("__import__()", "TypeError: function missing 1 required positional arguments"),
    ("__import__('a', 1, 2, 3, 4, 5)", "TypeError: function expected at most 5 arguments, got 6"),
    ("import _boot", "ok"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "outcome"), FACTS, ids=[statement for statement, _ in FACTS])
def test_what_an_import_finds(board: Board, statement: str, outcome: str) -> None:
    load(board, f"{statement}\nprint('ok')", FILES)
    result = board.run(timeout=NEVER)
    assert result.text.splitlines()[-1] == outcome
    assert [note.code for note in result.notes] == (["not-emulated"] if "NotImpl" in outcome else [])


INCOMPATIBLE = "incompatible .mpy file"
HEADS = [
    (GOOD, None),
    (b"M\4\2\x1f\x00more", None),
    (b"M\4\2\x10\x20", None),  # made for smaller integers: fits
    (b"M\4\2\x20\x20", INCOMPATIBLE),
    (b"M\4\2\x1f\x21", INCOMPATIBLE),
    (b"M\4\0\x1f\x20", INCOMPATIBLE),
    (b"M\4\3\x1f\x20", INCOMPATIBLE),
    (b"M\3\2\x1f\x20", INCOMPATIBLE),
    (b"M\5\2\x1f\x20", INCOMPATIBLE),
    (b"m\4\2\x1f\x20", INCOMPATIBLE),
    (b"M\4\2\x1f", INCOMPATIBLE),
    (b"", INCOMPATIBLE),
    (b"M\4\x26\x1f\x20", "incompatible .mpy arch"),  # Xtensa: the board has no emitter, so it loads none
    (b"M\4\x07\x1f\x20", INCOMPATIBLE),
]


@pytest.mark.parametrize(("head", "error"), HEADS)
def test_what_a_compiled_module_must_be(head: bytes, error: str | None) -> None:
    assert mpy_error(head) == error
