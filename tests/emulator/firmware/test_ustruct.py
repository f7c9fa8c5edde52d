"""Packing as the board packs: 32-bit words, nothing refused but what it cannot read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.firmware.native import Bench

FACTS = [
    ("ustruct.pack('i', 1.5)", "TypeError: can't convert float to int"),
    ("ustruct.pack('i', None)", "TypeError: can't convert NoneType to int"),
    ("ustruct.pack('i', 'a')", "TypeError: can't convert str to int"),
    ("ustruct.pack('i', True)", "b'\\x01\\x00\\x00\\x00'"),
    ("ustruct.pack('f', 'a')", "TypeError: can't convert str to float"),
    ("ustruct.pack('f', 1+2j)", "TypeError: can't convert complex to float"),
    ("ustruct.pack('3s', 1)", "TypeError: object with buffer protocol required"),
    ("ustruct.pack(1, 1)", "TypeError: can't convert 'int' object to str implicitly"),
    ("ustruct.pack(b'i', 1)", "b'\\x01\\x00\\x00\\x00'"),
    ("ustruct.pack('=i', 1)", "ValueError: bad typecode"),
    ("ustruct.pack('=2s', b'ab')", "b'ab'"),
    ("ustruct.pack('x', 1)", "ValueError: bad typecode"),
    ("ustruct.pack('3', 1)", "ValueError: bad typecode"),
    ("ustruct.pack('i i', 1)", "ValueError: bad typecode"),
    ("ustruct.pack('<H', 70000)", "b'p\\x11'"),
    ("ustruct.pack('<Q', 1<<70)", "b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00'"),
    ("ustruct.pack('>q', -(1<<62))", "b'\\xc0\\x00\\x00\\x00\\x00\\x00\\x00\\x00'"),
    ("ustruct.pack('bi', 1, 2)", "b'\\x01\\x00\\x00\\x00\\x02\\x00\\x00\\x00'"),
    ("ustruct.unpack('<i', 'abcd')", "(1684234849,)"),
    ("ustruct.unpack('<i', b'abc')", "ValueError: buffer too small"),
    ("ustruct.unpack('<i', 5)", "TypeError: object with buffer protocol required"),
    ("ustruct.unpack_from('<h', b'abcd', -2)", "(25699,)"),
    ("ustruct.unpack_from('<h', b'abcd', -5)", "ValueError: buffer too small"),
    ("ustruct.unpack_from('<h', b'abcd', 1.0)", "TypeError: can't convert float to int"),
    ("ustruct.pack_into('b', b'ab', 0, 1)", "TypeError: object with buffer protocol required"),
    ("ustruct.pack_into('b', 'ab', 0, 1)", "TypeError: object with buffer protocol required"),
    ("ustruct.pack('2b')", "b'\\x00\\x00'"),
    ("ustruct.pack('b', 1, 2, 3)", "b'\\x01'"),
    ("ustruct.pack('<d', 0.1)", "b'\\x00\\x00\\x00\\xa0\\x99\\x99\\xb9?'"),
    ("ustruct.unpack('<d', b'\\x9a\\x99\\x99\\x99\\x99\\x99\\xb9?')", "(0.1,)"),
    ("ustruct.unpack('>f', b'\\x40\\x49\\x0f\\xdb')", "(3.141593,)"),
    ("ustruct.unpack('0s', b'')", "(b'',)"),
    ("ustruct.pack('2s1b', b'abc', 1)", "b'ab\\x01'"),
    ("ustruct.pack('s', 'é')", "b'\\xc3'"),
    ("ustruct.pack('')", "b''"),
    ("ustruct.pack('i', 1<<40)", "b'\\x00\\x00\\x00\\x00'"),
    ("ustruct.pack('>H', 258)", "b'\\x01\\x02'"),
    ("ustruct.unpack('!I', b'\\x01\\x02\\x03\\x04')", "(16909060,)"),
    ("ustruct.pack_into('b', bytearray(2), 2, 1)", "ValueError: buffer too small"),
    ("ustruct.pack_into('b', bytearray(2), -3, 1)", "ValueError: buffer too small"),
    ("ustruct.unpack('bB', b'\\xff\\xff')", "(-1, 255)"),
    ("ustruct.unpack('<q', b'\\xff'*8)", "(-1,)"),
    ("ustruct.unpack('<Q', b'\\xff'*8)", "(18446744073709551615,)"),
    ("ustruct.unpack('<2h', b'\\x01\\x00\\x02\\x00zz')", "(1, 2)"),
    ("ustruct.pack('<hh', 1)", "b'\\x01\\x00\\x00\\x00'"),
    ("ustruct.pack('5s', 'ab')", "b'ab\\x00\\x00\\x00'"),
    ("ustruct.pack('<Q', -1)", "b'\\xff\\xff\\xff\\xff\\x00\\x00\\x00\\x00'"),
    ("ustruct.pack('<q', -1)", "b'\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff'"),
    ("ustruct.pack('>Q', -1)", "b'\\x00\\x00\\x00\\x00\\xff\\xff\\xff\\xff'"),
    ("ustruct.pack('<Q', -(1 << 40))", "b'\\x00\\x00\\x00\\x00\\x00\\xff\\xff\\xff'"),
    ("ustruct.calcsize('bi2sq')", "24"),
    ("ustruct.calcsize('l')", "4"),
    ("ustruct.calcsize('P')", "4"),
    ("ustruct.calcsize('bq')", "16"),
    ("ustruct.calcsize('<bq')", "9"),
    ("ustruct.calcsize('bl')", "8"),
    ("ustruct.calcsize('x')", "ValueError: bad typecode"),
    ("ustruct.calcsize('?')", "ValueError: bad typecode"),
    ("ustruct.calcsize('c')", "ValueError: bad typecode"),
    ("ustruct.calcsize('=i')", "ValueError: bad typecode"),
    ("ustruct.unpack('O', ustruct.pack('O', names))[0] is names", "True"),
    ("ustruct.pack('99999999s', b'')", "MemoryError: memory allocation failed, allocating 99999999 bytes"),
    ("hasattr(ustruct, 'error')", "False"),
    ("hasattr(ustruct, 'Struct')", "False"),
    ("hasattr(ustruct, 'iter_unpack')", "False"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    names = bench.names("ustruct")
    names["names"] = names
    assert bench.outcome(expression, names) == outcome


CODES = "bBhHiIlLqQ"


@pytest.mark.parametrize("order", ["<", ">", "!", "@", ""])
@given(code=st.sampled_from(CODES), number=st.integers(min_value=-(1 << 70), max_value=1 << 70))
def test_a_number_out_of_range_is_cut(order: str, code: str, number: int) -> None:
    module = Bench().module("ustruct")
    width = {"b": 1, "h": 2, "i": 4, "l": 4, "q": 8}[code.lower()]
    (back,) = module["unpack"](order + code, module["pack"](order + code, number))
    wanted = number & ((1 << 8 * width) - 1)
    if width == 8 and code == "Q" and -(1 << 30) <= number < 0:
        wanted &= 0xFFFFFFFF  # a small negative number is one word there, and is not extended
    if code.islower() and wanted >> (8 * width - 1):
        wanted -= 1 << 8 * width
    assert back == wanted


def test_singles_come_back_as_singles() -> None:
    module = Bench().module("ustruct")
    assert module["unpack"]("<d", module["pack"]("<d", 0.1)) == (0.10000000149011612,)
    assert module["unpack"]("<f", module["pack"]("<f", 1e39)) == (float("inf"),)


def test_pack_into_changes_only_its_part() -> None:
    module = Bench().module("ustruct")
    buffer = bytearray(b"......")
    assert module["pack_into"](">H", buffer, 2, 0x4142) is None
    assert buffer == b"..AB.."


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("ustruct.pack_into('ii', bytearray(9), 1, 1, 2)", id="write past the end"),
        pytest.param("ustruct.unpack_from('ii', bytes(9), 1)", id="read past the end"),
        pytest.param("ustruct.unpack('O', bytes(4))", id="no address"),
        pytest.param("ustruct.unpack('S', bytes(4))", id="no address of a text"),
    ],
)
def test_undefined_behaviour_is_an_error_and_a_note(expression: str) -> None:
    bench = Bench()
    assert bench.outcome(expression, bench.names("ustruct")).startswith("ValueError: ")
    assert [note.code for note in bench.notes] == ["undefined-behaviour"]


VALUES = st.one_of(
    st.integers(-(1 << 70), 1 << 70), st.integers(-300, 300), st.floats(), st.sampled_from([None, "a", True, 10**400])
)
_SLOWLY = {"<": "<0s", ">": ">0s", "!": "!0s", "@": "@0s"}
"""Begins a format that means the same and is none that the host is asked about."""


@given(
    st.sampled_from("<>!@"), st.lists(st.sampled_from("bBhHiIlLqQf"), min_size=1, max_size=4), st.lists(VALUES, max_size=5)
)  # fmt: skip
def test_quick_packing_equals_the_slow_one(order: str, codes: list[str], values: list[object]) -> None:
    bench = Bench()
    names = bench.names("ustruct") | {"values": values}
    slow = _SLOWLY[order] + "".join(codes)
    quick = ("" if order == "@" else order) + "".join(codes)
    # the empty text takes a value of its own
    wanted = bench.outcome(f"ustruct.pack({slow!r}, b'', *values)", names) if values else None
    if wanted is not None:
        assert bench.outcome(f"ustruct.pack({quick!r}, *values)", names) == wanted


@given(
    st.sampled_from("<>!@"), st.lists(st.sampled_from("bBhHiIlLqQf"), min_size=1, max_size=4), st.binary(max_size=24),
    st.integers(-3, 5),
)  # fmt: skip
def test_quick_unpacking_equals_the_slow_one(order: str, codes: list[str], data: bytes, offset: int) -> None:
    bench = Bench()
    names = bench.names("ustruct") | {"data": data}
    slow = _SLOWLY[order] + "".join(codes)
    quick = ("" if order == "@" else order) + "".join(codes)
    wanted = bench.outcome(f"ustruct.unpack_from({slow!r}, data, {offset})", names)
    assert bench.outcome(f"(b'',) + ustruct.unpack_from({quick!r}, data, {offset})", names) == wanted
    wanted = bench.outcome(f"ustruct.unpack({slow!r}, data)", names)
    assert bench.outcome(f"(b'',) + ustruct.unpack({quick!r}, data)", names) == wanted
