"""A str added to bytes that a call has just made: the board takes it (firmware: py/objstr.c)."""

from __future__ import annotations

import pytest

from tests.emulator.conftest import RunScript

HEAD = "import ustruct as struct, ubinascii as binascii, uhashlib as hashlib\nfrom ustruct import pack\ns = 'ab'\n"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("struct.pack('!H', len(s)) + s", b"\0\2ab"),
        ("pack('B', 1) + s + s", b"\1abab"),
        ("'c'.encode() + s", b"cab"),
        ("binascii.hexlify(b'\\x01') + s", b"01ab"),
        ("(5).to_bytes(1, 'big') + s", b"\5ab"),
    ],
)
def test_the_sum_is_bytes(run_script: RunScript, expression: str, value: bytes) -> None:
    result = run_script(f"{HEAD}print({expression})\n")
    assert result.text == f"{value!r}\n"


def test_the_other_way_round_is_an_error(run_script: RunScript) -> None:
    result = run_script(f"{HEAD}s + struct.pack('B', 1)\n")
    assert result.text.endswith("TypeError: can't convert 'bytes' object to str implicitly\n")
