"""How the formats of ``framebuf`` lay pixels in a buffer (firmware: extmod/modframebuf.c)."""

from __future__ import annotations

from typing import NamedTuple


class Format(NamedTuple):
    """``bits`` of a pixel; within a byte the first pixel has the lowest bits (``low_first``) or the highest.

    ``vertical``: a byte holds eight pixels below each other, not beside.
    """

    bits: int
    low_first: bool = True
    vertical: bool = False


MVLSB, RGB565, GS4_HMSB, MHLSB, MHMSB, GS2_HMSB, GS8 = range(7)

FORMATS: dict[int, Format] = {
    MVLSB: Format(1, vertical=True),
    RGB565: Format(16),
    GS4_HMSB: Format(4, low_first=False),
    MHLSB: Format(1, low_first=False),
    MHMSB: Format(1),
    GS2_HMSB: Format(2),
    GS8: Format(8),
}


def whole_bytes(stride: int, form: Format) -> int:
    """Return the pixels from one row to the next, with the rows of a format of small pixels beginning at a byte."""
    each = 1 if form.vertical else max(1, 8 // form.bits)
    return -(-stride // each) * each & 0xFFFF


def stored(colour: int, form: Format) -> int:
    """Return what a pixel holds of a colour: in a format of one bit all but 0 are 1."""
    return int(colour != 0) if form.bits == 1 else colour & (1 << form.bits) - 1


def get_pixel(data: memoryview, form: Format, stride: int, x: int, y: int) -> int:
    """Return a pixel. Raises IndexError outside ``data``."""
    byte, shift = _place(form, stride, x, y)
    if form.bits == 16:
        return data[byte] | data[byte + 1] << 8
    return data[byte] >> shift & (1 << form.bits) - 1


def set_pixel(data: memoryview, form: Format, stride: int, x: int, y: int, colour: int) -> None:
    """Write a pixel; ``colour`` is as :func:`stored` returns it. Raises IndexError outside ``data``."""
    byte, shift = _place(form, stride, x, y)
    if form.bits == 16:
        data[byte + 1] = colour >> 8
        data[byte] = colour & 0xFF
    else:
        data[byte] = data[byte] & ~((1 << form.bits) - 1 << shift) | colour << shift


def fill(data: memoryview, form: Format, stride: int, area: tuple[int, int, int, int], colour: int) -> None:
    """Fill ``area`` (x, y, width, height), which begins within the rows. Raises IndexError where it leaves ``data``."""
    x, y, width, height = area
    if form.vertical:
        _fill_vertical(data, stride, area, colour)
        return
    each = 8 // form.bits
    unit = (
        colour.to_bytes(2, "little") if form.bits == 16 else bytes([sum(colour << i * form.bits for i in range(each))])
    )
    for row in range(y, y + height):
        left, end = x, x + width
        while each > 1 and left < end and left % each:
            set_pixel(data, form, stride, left, row, colour)
            left += 1
        while each > 1 and end > left and end % each:
            end -= 1
            set_pixel(data, form, stride, end, row, colour)
        first = (left + row * stride) * form.bits // 8
        last = first + (end - left) * form.bits // 8
        if last > len(data):
            raise IndexError
        if last > first:
            data[first:last] = unit * ((last - first) // len(unit))


def _fill_vertical(data: memoryview, stride: int, area: tuple[int, int, int, int], colour: int) -> None:
    x, y, width, height = area
    for page in range(y >> 3, (y + height + 7) >> 3):
        mask = 0xFF << max(0, y - 8 * page) & 0xFF >> max(0, 8 * page + 8 - y - height)
        value = mask if colour else 0
        first = page * stride + x
        if first + width > len(data):
            raise IndexError
        for byte in range(first, first + width):
            data[byte] = data[byte] & ~mask | value


def _place(form: Format, stride: int, x: int, y: int) -> tuple[int, int]:
    """The byte that a pixel is in, and its lowest bit there."""
    if form.vertical:
        return (y >> 3) * stride + x, y & 7
    first = (x + y * stride) * form.bits
    return first >> 3, first & 7 if form.low_first else 8 - form.bits - (first & 7)
