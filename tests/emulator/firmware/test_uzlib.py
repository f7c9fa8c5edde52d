"""``uzlib`` as on the board (firmware: extmod/moduzlib.c); results of MicroPython 1.11 with its switches."""

from __future__ import annotations

import pytest

from emulator import Board
from tests.emulator.conftest import NEVER, load

IMPORTS = "import uzlib, uio\nZ = b'x\\x9c30\\xa0=\\x00\\x00\\xb3q\\x12\\xc1'\nR = b'\\xcbH\\xcd\\xc9\\xc9\\x07\\x00'\nG = b'\\x1f\\x8b\\x08\\x00\\x99\\xaa\\xbb\\xcc\\x02\\xff\\xcbH\\xcd\\xc9\\xc9\\x07\\x00\\x86\\xa6\\x106\\x05\\x00\\x00\\x00'\ndef D(b, *a):\n    i = uzlib.DecompIO(uio.BytesIO(b), *a)\n    return i.read(3), i.read(), i.read()"
FACTS = {
    "uzlib.decompress(b'')": "ValueError(-3,)",
    "uzlib.decompress(b'abc')": "ValueError(-3,)",
    "uzlib.decompress(b'\\x07', -15)": "ValueError(-3,)",
    "uzlib.decompress(Z)": "bytearray(b'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000')",
    "uzlib.decompress(Z, 15)": "bytearray(b'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000')",
    "uzlib.decompress(Z, 31)": "bytearray(b'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000')",
    "uzlib.decompress(Z, 15, 1)": "bytearray(b'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000')",
    "uzlib.decompress(Z, 15, 1, 2)": "TypeError('function expected at most 3 arguments, got 4',)",
    "uzlib.decompress(Z + b'xx')": "bytearray(b'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000')",
    "uzlib.decompress(Z[:-1])": "ValueError(-4,)",
    "uzlib.decompress(Z[:5])": "ValueError(-3,)",
    "uzlib.decompress(Z[:-1] + b'0')": "ValueError(-4,)",
    "uzlib.decompress(b'x\\x9d' + Z[2:])": "ValueError(-3,)",
    "uzlib.decompress(R, -15), uzlib.decompress(R, -1)": "TypeError('function takes 1 positional arguments but 2 were given',)",
    "uzlib.decompress(R[:3], -15)": "ValueError(-3,)",
    "uzlib.decompress(b'\\x01\\x05\\x00\\xfa\\xfehello', -15)": "ValueError(-3,)",
    "uzlib.decompress(bytearray(Z)), uzlib.decompress(memoryview(Z))": "TypeError('function takes 1 positional arguments but 2 were given',)",
    "uzlib.decompress('abc')": "ValueError(-3,)",
    "uzlib.decompress(1)": "TypeError('object with buffer protocol required',)",
    "D(Z)": "(b'000', b'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', b'')",
    "D(Z, 15)": "(b'000', b'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', b'')",
    "D(Z, -8)": "OSError(22,)",
    "D(Z, 31)": "ValueError('compression header',)",
    "D(R, -8)": "(b'hel', b'lo', b'')",
    "D(R)": "ValueError('compression header',)",
    "D(b'')": "EOFError()",
    "D(Z[:-1])": "EOFError()",
    "D(Z[:5])": "EOFError()",
    "D(Z[:-1] + b'0')": "OSError(22,)",
    "D(G, 31)": "(b'hel', b'lo', b'')",
    "D(G, 24)": "(b'hel', b'lo', b'')",
    "D(G[:-1], 31)": "EOFError()",
    "D(G[:12], 31)": "EOFError()",
    "D(G[:-6] + b'\\0' + G[-5:], 31)": "OSError(22,)",
    "D(b'\\x1f\\x8c' + G[2:], 31)": "ValueError('compression header',)",
    "uzlib.DecompIO(1)": "OSError('stream operation not supported',)",
    "uzlib.DecompIO()": "TypeError('function missing 1 required positional arguments',)",
    "uzlib.DecompIO(uio.BytesIO(Z), 1, 2)": "TypeError('function expected at most 2 arguments, got 3',)",
    "(lambda i, b: (i.readinto(b), b, i.readline(), i.readline(), i))(uzlib.DecompIO(uio.BytesIO(R), -8), bytearray(3))": "(3, bytearray(b'hel'), b'lo', b'', <DecompIO>)",
    "(lambda s: (s.seek(0, 1), uzlib.DecompIO(s, -8).read(1), s.seek(0, 1)))(uio.BytesIO(R))": "(0, b'h', 2)",
}


@pytest.fixture(scope="module")
def shown() -> dict[str, str]:
    """What each expression shows, all of them in one run."""
    script = (
        IMPORTS
        + "\n"
        + "".join(f"try:\n    print(repr({text}))\nexcept Exception as e:\n    print(repr(e))\n" for text in FACTS)
    )
    with Board("fipy") as board:
        load(board, script)
        lines = board.run(timeout=NEVER).text.splitlines()
    return dict(zip(FACTS, lines, strict=True))


@pytest.mark.parametrize("text", FACTS)
def test_as_on_the_board(shown: dict[str, str], text: str) -> None:
    assert shown[text] == FACTS[text]
