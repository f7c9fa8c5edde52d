"""``framebuf``: pixels as the board lays them in a buffer."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.firmware._petme128 import columns
from tests.emulator.firmware.native import Bench

FORMATS = {  # format -> buffer of a picture of 8 x 8 with the pixels (1, 0) and (0, 1) of the highest colour
    "MONO_VLSB": "0201",
    "MONO_HLSB": "4080",
    "MONO_HMSB": "0201",
    "RGB565": "0000ffff" + "00" * 12 + "ffff",
    "GS2_HMSB": "0c0003",
    "GS4_HMSB": "0f000000f0",
    "GS8": "00ff" + "00" * 6 + "ff",
}


def picture(bench: Bench, name: str, width: int = 8, height: int = 8, size: int = 128) -> tuple[Any, bytearray]:
    names = bench.module("framebuf")
    buffer = bytearray(size)
    return names["FrameBuffer"](buffer, width, height, names[name]), buffer


@pytest.mark.parametrize(("name", "expected"), FORMATS.items(), ids=FORMATS)
def test_a_format_has_its_pixels_where_the_board_has_them(name: str, expected: str) -> None:
    made, buffer = picture(Bench(), name)
    made.pixel(1, 0, 0xFFFF)
    made.pixel(0, 1, 0xFFFF)
    assert buffer.hex().rstrip("0") == expected.rstrip("0")


@pytest.mark.parametrize("name", FORMATS)
def test_filling_is_setting_each_pixel(name: str) -> None:
    bench = Bench()
    for area in [(0, 0, 8, 8), (1, 2, 5, 3), (-3, -1, 6, 4), (5, 6, 9, 9), (3, 3, 1, 1), (8, 0, 1, 1), (2, 2, 0, 4)]:
        filled, all_at_once = picture(bench, name)
        drawn, one_by_one = picture(bench, name)
        filled.fill_rect(*area, 0x5A5B)
        for x in range(area[0], area[0] + area[2]):
            for y in range(area[1], area[1] + area[3]):
                drawn.pixel(x, y, 0x5A5B)
        assert all_at_once == one_by_one, area


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("step", [(1, 0), (-1, 0), (0, 1), (0, -1), (2, -3), (8, 1)])
def test_scrolling_moves_each_pixel(name: str, step: tuple[int, int]) -> None:
    made, _ = picture(Bench(), name)
    for n in range(64):
        made.pixel(n % 8, n // 8, n * 37 % 11 % 3)
    before = [[made.pixel(x, y) for x in range(8)] for y in range(8)]
    made.scroll(*step)
    for y in range(8):
        for x in range(8):
            inside = 0 <= x - step[0] < 8 and 0 <= y - step[1] < 8
            expected = before[y - step[1]][x - step[0]] if inside else before[y][x]
            assert made.pixel(x, y) == expected


def test_a_text_is_written_in_the_font() -> None:
    made, buffer = picture(Bench(), "MONO_VLSB", 16, 8)
    made.text("A\u00e9\0B", 0, 0)
    assert bytes(buffer[:16]) == columns(ord("A")) + columns(127)


def test_a_line_far_longer_than_the_picture_is_quick() -> None:
    made, _ = picture(Bench(), "GS8")
    made.line(-(1 << 30), -(1 << 30), (1 << 30) - 1, (1 << 30) - 1, 7)
    assert [made.pixel(n, n) for n in range(8)] == [7] * 8


def test_pixels_beyond_the_end_are_kept_in_the_last_block_only() -> None:
    bench = Bench()
    made, buffer = picture(bench, "GS8", 4, 4, size=15)
    made.pixel(3, 3, 9)
    assert made.pixel(3, 3) == 9
    assert len(buffer) == 15
    made, _ = picture(bench, "GS8", 4, 5, size=15)
    with pytest.raises(ValueError, match="buffer too small"):
        made.pixel(0, 4, 1)
    assert [note.code for note in bench.notes] == ["undefined-behaviour"]


BAD = {
    "framebuf.FrameBuffer(b'1', 8, 8, 0)": "TypeError: object with buffer protocol required",
    "framebuf.FrameBuffer(bytearray(8), 8, 8, 7)": "ValueError: invalid format",
    "framebuf.FrameBuffer(bytearray(8), 8, 8)": "TypeError: function missing 1 required positional arguments",
    "framebuf.FrameBuffer(bytearray(8), '8', 8, 0)": "TypeError: can't convert str to int",
    "framebuf.FrameBuffer1(bytearray(8), 8, 8).text(5, 0, 0)": "TypeError: can't convert 'int' object to str implicitly",
    "framebuf.FrameBuffer1(bytearray(8), 8, 8).pixel(1.0, 0)": "TypeError: can't convert float to int",
    "framebuf.FrameBuffer1(bytearray(8), 8, 8).blit(1, 0, 0)": "TypeError: argument has wrong type",
    "framebuf.FrameBuffer1(bytearray(8), 8, 8).scroll(0, 9)": "ValueError: buffer too small",
}


@pytest.mark.parametrize(("expression", "expected"), BAD.items(), ids=BAD)
def test_bad_input(expression: str, expected: str) -> None:
    bench = Bench()
    assert bench.outcome(expression, bench.names("framebuf")) == expected
