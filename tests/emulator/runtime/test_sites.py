"""Calls for which functions of their own are made mean what they say, whatever the names stand for."""

from __future__ import annotations

import pytest

from emulator import Board

PACKING = """
import struct
import ustruct as other
from struct import pack, unpack as take
def run(*values):
    for call in (0, 1, 2, 3):
        try:
            if call == 0: print(struct.pack('<Hb', *values), end=' ')
            if call == 1: print(other.pack('<Hb', values[0], values[1]), end=' ')
            if call == 2: print(pack('<Hb', values[0]), end=' ')
            if call == 3: print(take('<H', values[0]), end=' ')
        except Exception as error:
            print(repr(error), end=' ')
"""
CASES = [
    (
        "1, 2",
        "b'\\x01\\x00\\x02' b'\\x01\\x00\\x02' b'\\x01\\x00\\x00' TypeError('object with buffer protocol required',)",
    ),
    ("70000, 300", "b'p\\x11,' b'p\\x11,' b'p\\x11\\x00' TypeError('object with buffer protocol required',)"),
    ("'ab', 1", 'TypeError("can\'t convert str to int",) ' * 3 + "(25185,)"),
    ("b'a', 1", 'TypeError("can\'t convert bytes to int",) ' * 3 + "ValueError('buffer too small',)"),
    ("b'abc', None", 'TypeError("can\'t convert bytes to int",) ' * 3 + "(25185,)"),
]


def _printed(script: str) -> str:
    with Board(offline=True) as board:
        (board.flash / "main.py").write_text(script)
        return board.run().text


@pytest.mark.parametrize(("values", "shown"), CASES, ids=[values for values, _ in CASES])
@pytest.mark.parametrize("uses", [1, 20])
def test_packing(values: str, shown: str, uses: int) -> None:
    text = _printed(PACKING + f"for _ in range({uses}):\n    run(1, 2)\nprint()\nrun({values})\n")
    assert text.splitlines()[-1].strip() == shown.strip()


OTHERS = [
    ("import struct\nstruct.pack = lambda *given: given", "AttributeError: 'module' object has no attribute 'pack'"),
    ("import struct\nclass struct:\n    pack = max\nprint(struct.pack('<H', 'z'))", "z"),
    ("def struct():\n    import struct\n    return struct.pack('<H', 5)\nprint(struct())", "b'\\x05\\x00'"),
    ("from struct import pack\nprint(pack('>H', 5) + 'a')", "b'\\x00\\x05a'"),
    ("import struct\nprint(struct.pack('<H', x=1))", "function doesn't take keyword arguments"),
    ("import struct\nprint(struct.pack('<H', *(5,)))", "b'\\x05\\x00'"),
    ("import hashlib\nclass hashlib:\n    class md5:\n        def __init__(self, d): pass\n"
     "        def digest(self): return 5\nprint(hashlib.md5(b'').digest())", "5"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "shown"), OTHERS)
def test_names_that_stand_for_something_else(script: str, shown: str) -> None:
    assert _printed(script).strip().endswith(shown)


HASHES = """
import uhashlib
from uhashlib import sha1
BUFFER = bytearray(b'abc')
def short(data):
    try:
        return uhashlib.md5(data).digest()[:2], sha1(b'abc').digest()[:2]
    except Exception as error:
        return error
print(short(b'abc'), short('abc'), short(BUFFER))
held = uhashlib.sha256()
print(short(b'abc'), short('abc'))
held.digest()
print(short(b'abc'), short(5), short(b'abc'))
"""


def test_hashes_at_once() -> None:
    one = "(b'\\x90\\x01', b'\\xa9\\x99')"
    busy = "only one active hash operation is permitted at a time"
    assert _printed(HASHES).splitlines() == [
        f"{one} {one} {one}",
        f"{busy} {busy}",
        f"{one} object with buffer protocol required {busy}",  # the engine stays taken
    ]
