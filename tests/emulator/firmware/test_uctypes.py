"""``uctypes`` as on the board (firmware: extmod/moductypes.c); results of MicroPython 1.11 with its switches."""

from __future__ import annotations

from tests.emulator.conftest import RunScript
from tests.emulator.firmware.facts import all_in_one_run

IMPORTS = "import uctypes\nb = bytearray(b'\\x11\\x22\\x33\\x44\\x55\\x66\\x77\\x88')\nA = uctypes.addressof\ndef W(d, n, v):\n    data = bytearray(8)\n    setattr(uctypes.struct(A(data), d, uctypes.LITTLE_ENDIAN), n, v)\n    return data"
FACTS = {
    "uctypes.struct(A(b), {'a': uctypes.UINT8 | 0, 'b': uctypes.UINT16 | 1}, uctypes.LITTLE_ENDIAN).b": "13090",
    "uctypes.struct(A(b), {'b': uctypes.UINT16 | 1}, uctypes.BIG_ENDIAN).b": "8755",
    "uctypes.struct(A(b), {'b': uctypes.INT8 | 7}).b": "-120",
    "uctypes.struct(A(b), {'b': uctypes.UINT32 | 0}, uctypes.LITTLE_ENDIAN).b": "1144201745",
    "uctypes.struct(A(b), {'b': uctypes.INT64 | 0}, uctypes.LITTLE_ENDIAN).b": "-8613303245920329199",
    "uctypes.struct(A(b), {'b': uctypes.UINT32 | 1}).b": "1430532898",
    "uctypes.struct(A(b), {'f': uctypes.BFUINT8 | 0 | 4 << uctypes.BF_POS | 4 << uctypes.BF_LEN}, uctypes.LITTLE_ENDIAN).f": "1",
    "uctypes.struct(A(b), {'a': (uctypes.ARRAY | 2, uctypes.UINT8 | 3)}, uctypes.LITTLE_ENDIAN).a": "bytearray(b'3DU')",
    "uctypes.struct(A(b), {'a': (uctypes.ARRAY | 0, uctypes.UINT16 | 2)}, uctypes.LITTLE_ENDIAN).a[1]": "17459",
    "uctypes.struct(A(b), {'a': (uctypes.ARRAY | 0, uctypes.UINT16 | 2)}, uctypes.LITTLE_ENDIAN).a[2]": "IndexError('struct: index out of range',)",
    "uctypes.struct(A(b), {'s': (2, {'x': uctypes.UINT8 | 0})}, uctypes.LITTLE_ENDIAN).s.x": "51",
    "uctypes.struct(A(b), {'a': (uctypes.ARRAY | 0, 2, {'x': uctypes.UINT8 | 1, 'y': uctypes.UINT8 | 0})}, uctypes.LITTLE_ENDIAN).a[1].x": "68",
    "uctypes.struct(A(b), {'b': uctypes.UINT8 | 0}).c": "KeyError('c',)",
    "uctypes.struct(A(b), 5).c": "TypeError('struct: no fields',)",
    "uctypes.struct(1)": "TypeError('function missing 1 required positional arguments',)",
    "uctypes.struct(A(b), {}, 0, 1)": "TypeError('function expected at most 3 arguments, got 4',)",
    "uctypes.sizeof({'a': uctypes.UINT8 | 0, 'b': uctypes.UINT32 | 1}, uctypes.LITTLE_ENDIAN), uctypes.sizeof({'a': uctypes.UINT8 | 0, 'b': uctypes.UINT32 | 4})": "TypeError('function takes 1 positional arguments but 2 were given',)",
    "uctypes.sizeof({'a': (uctypes.ARRAY | 0, uctypes.UINT16 | 5)})": "10",
    "uctypes.sizeof(uctypes.struct(A(b), {'a': (uctypes.ARRAY | 0, uctypes.UINT16 | 5)}, uctypes.LITTLE_ENDIAN))": "10",
    "uctypes.sizeof(5)": "TypeError('Cannot unambiguously get sizeof scalar',)",
    "uctypes.sizeof(uctypes.UINT8)": "TypeError('Cannot unambiguously get sizeof scalar',)",
    "uctypes.sizeof('a')": "TypeError('syntax error in uctypes descriptor',)",
    "uctypes.bytes_at(A(b) + 1, 3), uctypes.bytearray_at(A(b), 4)": "TypeError('function takes 1 positional arguments but 2 were given',)",
    "uctypes.addressof(5)": "TypeError('object with buffer protocol required',)",
    "W({'b': uctypes.UINT16 | 1}, 'b', 0x1234)": "bytearray(b'\\x004\\x12\\x00\\x00\\x00\\x00\\x00')",
    "W({'b': uctypes.INT8 | 1}, 'b', -2)": "bytearray(b'\\x00\\xfe\\x00\\x00\\x00\\x00\\x00\\x00')",
    "W({'b': uctypes.UINT32 | 0}, 'b', 2 ** 32 - 1)": "bytearray(b'\\xff\\xff\\xff\\xff\\x00\\x00\\x00\\x00')",
    "W({'b': uctypes.BFUINT16 | 0 | 3 << uctypes.BF_POS | 5 << uctypes.BF_LEN}, 'b', 21)": "bytearray(b'\\xa8\\x00\\x00\\x00\\x00\\x00\\x00\\x00')",
    "W({'b': uctypes.FLOAT32 | 0}, 'b', 1.5)": "bytearray(b'\\x00\\x00\\xc0?\\x00\\x00\\x00\\x00')",
    "W({'b': uctypes.UINT8 | 0}, 'c', 1)": "KeyError('c',)",
    "W({'b': uctypes.UINT8 | 0}, 'b', 'a')": 'TypeError("can\'t convert str to int",)',
    "bytes(uctypes.struct(A(b), {'a': uctypes.UINT8 | 0, 'b': uctypes.UINT16 | 1}, uctypes.LITTLE_ENDIAN))": "b'\\x11\"3'",
    "bytearray(uctypes.struct(A(b), {'a': (uctypes.ARRAY | 0, uctypes.UINT16 | 2)}, uctypes.LITTLE_ENDIAN))": "bytearray(b'\\x11\"3D')",
    "iter(uctypes.struct(A(b), {'a': uctypes.UINT8 | 0}))": "KeyError('__getitem__',)",
    "len(uctypes.struct(A(b), {'a': uctypes.UINT8 | 0}))": "TypeError(\"object of type 'struct' has no len()\",)",
}

test_as_on_the_board = all_in_one_run(IMPORTS, FACTS)


def test_a_bytes_literal_can_be_written_into_and_is_an_object_of_its_own(run_script: RunScript) -> None:
    script = (
        "import uctypes\n"
        "def f():\n    return b'12345678'\n"
        "def poke(b, value):\n"
        "    s = uctypes.struct(uctypes.addressof(b), {'a': uctypes.UINT8 | 0, 'w': uctypes.UINT32 | 4}, uctypes.LITTLE_ENDIAN)\n"
        "    s.a, s.w = value, 0x41424344\n"
        "b, c = f(), b'12345678'\n"
        "poke(b, 65)\n"
        "print(b, f(), c, b'12345678', b == b'A234DCBA')\n"
    )
    assert run_script(script).text == "b'A234DCBA' b'A234DCBA' b'12345678' b'12345678' True\n"
