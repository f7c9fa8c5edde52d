"""``uzlib`` as on the board (firmware: extmod/moduzlib.c); results of MicroPython 1.11 with its switches."""

from __future__ import annotations

import zlib

import pytest

from emulator import Board
from emulator.firmware._inflate import DONE, Inflater
from tests.emulator.conftest import NEVER, load, stopped_when_ready
from tests.emulator.firmware.facts import all_in_one_run

IMPORTS = "import uzlib, uio\nZ = b'x\\x9c30\\xa0=\\x00\\x00\\xb3q\\x12\\xc1'\nR = b'\\xcbH\\xcd\\xc9\\xc9\\x07\\x00'\nG = b'\\x1f\\x8b\\x08\\x00\\x99\\xaa\\xbb\\xcc\\x02\\xff\\xcbH\\xcd\\xc9\\xc9\\x07\\x00\\x86\\xa6\\x106\\x05\\x00\\x00\\x00'\ndef D(b, *a):\n    i = uzlib.DecompIO(uio.BytesIO(b), *a)\n    return i.read(3), i.read(), i.read()\ndef fails(f):\n    try: return f()\n    except Exception as e: return repr(e)\ndef steps(b, *sizes, a=0):\n    i = uzlib.DecompIO(uio.BytesIO(b), a)\n    return [fails(lambda: i.read(n)) for n in sizes]"
FACTS = {
    "uzlib.decompress(b'\\x01\\x0b\\x00\\xf4\\xffbbcca\\n\\nc', -8)": "bytearray(b'bbcca\\n\\nc\\x00\\x00\\x00')",
    "uzlib.decompress(b'x\\x01\\x01\\x08\\x00\\xf7\\xff\\naca ')": "ValueError(-4,)",
    "steps(b'x\\x01\\x01\\x08\\x00\\xf7\\xff\\naca ', 3, 5, 1)": "[b'\\nac', 'EOFError()', 'EOFError()']",
    "steps(b'\\x01\\x03\\x00\\xfc\\xffab', 5, 5, 5, a=-8)": "['EOFError()', b'', b'']",
    "steps(b'\\x01\\x0b\\x00\\xf4\\xffbbcca', 5, 1, 1, 1, 1, 1, 1, a=-15)": "[b'bbcca', 'EOFError()', 'EOFError()', 'EOFError()', 'EOFError()', 'EOFError()', 'EOFError()']",
    "steps(b'x\\xda\\x15\\x89A\\r\\x000\\x10', 5, 4)": "['EOFError()', b'\\xfd\\xfd\\xfd\\xfd']",
    "(lambda i, b: (i.read(5), fails(lambda: i.readinto(b)), b))(uzlib.DecompIO(uio.BytesIO(b'\\x01\\x0b\\x00\\xf4\\xffbbcca12'), -8), bytearray(4))": "(b'bbcca', 'EOFError()', bytearray(b'12\\x00\\x00'))",
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

test_as_on_the_board = all_in_one_run(IMPORTS, FACTS)


@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize("size", [0, 1, 300, 5000])
def test_sound_data_of_any_kind(level: int, size: int) -> None:
    data = bytes(n * n % 251 for n in range(size)) + b"abc" * (size // 9)
    engine = zlib.compressobj(level, zlib.DEFLATED, -15)
    packed = iter(engine.compress(data) + engine.flush())
    inflater = Inflater(lambda: next(packed), 1 << 15, lambda: None)
    assert inflater.run(len(data) + 1) == DONE
    assert inflater.out == data


def test_a_window_of_128_bytes() -> None:
    # firmware: the window is taken for 256 times smaller than the header says
    near, far = b"hgfedcba" * 2, bytes(range(200)) * 2
    script = "import uzlib, uio\nfor data in (%r, %r):\n    try:\n        print(len(uzlib.DecompIO(uio.BytesIO(data)).read()))\n    except OSError as e:\n        print(e)\n    print(len(uzlib.decompress(data)))\n"
    with Board("fipy") as board:
        load(board, script % (zlib.compress(near), zlib.compress(far)))
        assert board.run(timeout=NEVER).text == "16\n16\n[Errno 22] EINVAL\n400\n"


def test_data_that_never_ends_can_be_stopped() -> None:
    with Board("fipy") as board:
        load(
            board,
            "import uzlib, uio\ni = uzlib.DecompIO(uio.BytesIO(b'x\\xda\\x15\\x89A\\r\\x000\\x10'))\ntry:\n    i.read(1)\n"
            "except EOFError:\n    print('ready')\ntry:\n    i.read()\nexcept:\n    print('caught')\n",
        )
        stopped_when_ready(board)
