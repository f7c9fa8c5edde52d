"""``machine.mem8``, ``mem16``, ``mem32`` (firmware: extmod/machine_mem.c)."""

from __future__ import annotations

import pytest

from tests.emulator.conftest import RunScript

FACTS = [
    ("machine.mem8, machine.mem16, machine.mem32", "<8-bit memory> <16-bit memory> <32-bit memory>"),
    ("machine.mem16[1]", "ValueError: address 00000001 is not aligned to 2 bytes"),
    ("machine.mem32[0x3ff44006]", "ValueError: address 3ff44006 is not aligned to 4 bytes"),
    ("machine.mem8[uctypes.addressof(b) + 1]", "2"),
    ("machine.mem16[uctypes.addressof(b)]", "513"),
    ("hex(machine.mem32[uctypes.addressof(b)])", "0x4030201"),
    ("machine.mem32[0x3ff44004]", "NotImplementedError: "),
    ("machine.mem8[uctypes.addressof(b) + 100]", "ValueError: "),
    ("ustruct.unpack('<S', ustruct.pack('<S', uctypes.addressof('abc')))", "('abc',)"),
    ("ustruct.unpack('<S', ustruct.pack('<S', uctypes.addressof(z)))", "('ab',)"),
]


@pytest.mark.parametrize(("expression", "shown"), FACTS, ids=[expression for expression, _ in FACTS])
def test_reading(run_script: RunScript, expression: str, shown: str) -> None:
    script = (
        "import machine, uctypes, ustruct\nb, z = bytearray([1, 2, 3, 4]), b'ab\\0cd'\n"
        f"try:\n    print({expression})\nexcept Exception as e:\n    print(type(e).__name__ + ': ' + str(e))\n"
    )
    text = run_script(script).text
    assert text.startswith(shown) if shown.endswith(": ") else text == f"{shown}\n"


def test_writing(run_script: RunScript) -> None:
    assert (
        run_script(
            "import machine, uctypes\nb = bytearray(8)\na = uctypes.addressof(b)\n"
            "machine.mem32[a] = 0x12345678\nmachine.mem8[a + 5] = 0x1ff\nmachine.mem16[a + 6] = -2\nprint(b)\n"
            "try:\n    del machine.mem8[a]\nexcept TypeError as e:\n    print(e)\n"
        ).text
        == "bytearray(b'xV4\\x12\\x00\\xff\\xfe\\xff')\n'mem' object doesn't support item deletion\n"
    )
