"""Hexadecimal and base 64."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.firmware.native import Bench

FACTS = [
    ("ubinascii.hexlify(b'\\x01\\xab\\xff', ':')", "b'01:ab:ff'"),
    ("ubinascii.hexlify(b'\\x01\\xab\\xff', '--')", "b'01-ab-ff'"),
    ("ubinascii.hexlify(b'\\x01\\xab\\xff', '')", "b'01\\x00ab\\x00ff'"),
    ("ubinascii.hexlify(b'\\x01\\xab\\xff', 5)", "TypeError: can't convert 'int' object to str implicitly"),
    ("ubinascii.hexlify('é')", "b'c3a9'"),
    ("ubinascii.hexlify(5)", "TypeError: object with buffer protocol required"),
    ("ubinascii.hexlify(b'', 5)", "b''"),
    ("ubinascii.unhexlify('0aFf')", "b'\\n\\xff'"),
    ("ubinascii.unhexlify('0')", "ValueError: odd-length string"),
    ("ubinascii.unhexlify('0g')", "ValueError: non-hex digit found"),
    ("ubinascii.unhexlify([1])", "TypeError: object with buffer protocol required"),
    ("ubinascii.a2b_base64('Zm9v')", "b'foo'"),
    ("ubinascii.a2b_base64(b'Zm9')", "ValueError: incorrect padding"),
    ("ubinascii.a2b_base64(b'Zm8=xyz')", "b'fo'"),
    ("ubinascii.a2b_base64(b'Zg=x=')", "b'f\\x0c'"),
    ("ubinascii.a2b_base64(b'Zg==!')", "b'f'"),
    ("ubinascii.a2b_base64(b'Z')", "ValueError: incorrect padding"),
    ("ubinascii.a2b_base64(b'Z m9!v')", "b'foo'"),
    ("ubinascii.b2a_base64(b'')", "b'\\n'"),
    ("ubinascii.b2a_base64(b'fo')", "b'Zm8=\\n'"),
    ("ubinascii.b2a_base64(b'foo')", "b'Zm9v\\n'"),
    ("hasattr(ubinascii, 'crc32')", "False"),
    ("ubinascii.hexlify()", "TypeError: function missing 1 required positional arguments"),
    ("ubinascii.unhexlify(data='00')", "TypeError: function doesn't take keyword arguments"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    names = bench.names("ubinascii")
    assert bench.outcome(expression, names) == outcome


@given(st.binary(max_size=64))
def test_there_and_back(data: bytes) -> None:
    module = Bench().module("ubinascii")
    assert module["unhexlify"](module["hexlify"](data)) == data
    assert module["a2b_base64"](module["b2a_base64"](data)) == data


@given(st.binary(max_size=24))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    bench = Bench()
    outcome = bench.outcome("ubinascii.a2b_base64(data)", bench.names("ubinascii") | {"data": data})
    assert outcome.startswith(("b'", 'b"')) or outcome == "ValueError: incorrect padding"
