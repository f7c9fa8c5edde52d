"""``framebuf``: drawing into a buffer of pixels (firmware: extmod/modframebuf.c).

The board checks neither the size of a buffer nor what is given to ``blit``: it reads and writes whatever is there. That is
never imitated; such a call raises ValueError (TypeError for ``blit``) and leaves a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Any

from emulator.firmware._arguments import count, native
from emulator.firmware._convert import encode, to_text
from emulator.firmware._memory import view_of, writable_view
from emulator.firmware._natives import hide, to_word
from emulator.firmware._petme128 import columns as glyph
from emulator.firmware._pixels import (
    FORMATS,
    GS2_HMSB,
    GS4_HMSB,
    GS8,
    MHLSB,
    MHMSB,
    MVLSB,
    RGB565,
    Format,
    fill,
    get_pixel,
    set_pixel,
    stored,
    whole_bytes,
)
from emulator.runtime.names import type_name
from flashfs.notes import Note, NoteSink

if TYPE_CHECKING:
    from emulator.device import Device

_BLOCK = 16
"""The heap hands out blocks of so many bytes: what is left of a buffer's last one belongs to nobody else."""

CONSTANTS: dict[str, int] = {
    "MVLSB": MVLSB,
    "MONO_VLSB": MVLSB,
    "RGB565": RGB565,
    "GS2_HMSB": GS2_HMSB,
    "GS4_HMSB": GS4_HMSB,
    "GS8": GS8,
    "MONO_HLSB": MHLSB,
    "MONO_HMSB": MHMSB,
}


class _Surface:
    """What stands behind a FrameBuffer. The buffer is asked for its bytes at each use: nothing keeps it from growing."""

    __slots__ = ("buffer", "copy", "form", "height", "kind", "note", "spare", "stride", "width")

    def __init__(self, note: NoteSink, kind: type, buffer: object, width: object, height: object) -> None:
        writable_view(buffer)
        self.note = note
        self.kind = kind
        self.copy: memoryview | None = None
        self.spare = b""
        self.buffer = buffer
        self.width = to_word(width) & 0xFFFF
        self.height = to_word(height) & 0xFFFF
        self.form: Format = FORMATS[MVLSB]
        self.stride = self.width

    def data(self) -> memoryview:
        return self.copy or view_of(self.buffer)

    def draw(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """Call ``function(self, *args)``; pixels beyond the buffer's end are kept up to the end of its last block."""
        view = view_of(self.buffer)
        rest = -view.nbytes % _BLOCK
        if not rest or self.size() <= view.nbytes:
            return function(self, *args)
        self.spare = self.spare[:rest] + bytes(rest - len(self.spare[:rest]))
        self.copy = memoryview(bytearray(view.tobytes() + self.spare))
        try:
            return function(self, *args)
        finally:
            changed, self.copy = self.copy, None
            view[:] = changed[: view.nbytes]
            self.spare = bytes(changed[view.nbytes :])

    def size(self) -> int:
        """Bytes that the pixels take."""
        if self.form.vertical:
            return (self.height + 7) // 8 * self.stride
        return (self.height * self.stride * self.form.bits + 7) // 8

    def has(self, x: int, y: int) -> bool:
        return 0 <= x < self.width and 0 <= y < self.height

    def fill(self, x: int, y: int, width: int, height: int, colour: int) -> None:
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(self.width, x + width), min(self.height, y + height)
        if width > 0 and height > 0 and left < right and top < bottom:
            area = left, top, right - left, bottom - top
            fill(self.data(), self.form, self.stride, area, stored(colour, self.form))


def _outside(surface: _Surface) -> ValueError:
    surface.note(
        Note(
            "undefined-behaviour",
            f"framebuf: {surface.width} x {surface.height} pixels do not fit into the {surface.data().nbytes} bytes given",
            cause="The board reads and writes beyond the end of the buffer; the emulator has only the script's own objects.",
            fix="give a buffer of stride * height pixels (for MONO_VLSB with the height rounded up to a multiple of 8)",
            source="extmod/modframebuf.c",
        )
    )
    return ValueError("buffer too small")


def _drawing(least: int, most: int | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a method of ``least`` to ``most`` arguments (``self`` not counted) of a function of a surface."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @native(least + 1, None if most is None else most + 1)
        @wraps(function)
        def method(self: FrameBuffer, /, *args: Any) -> Any:
            surface = _of(self)
            try:
                return surface.draw(function, args)
            except IndexError:
                raise _outside(surface) from None

        return method

    return decorate


class FrameBuffer:
    """``FrameBuffer(buffer, width, height, format[, stride])``: sizes in pixels, formats the constants of the module.

    Colours are ints of which a pixel keeps its lowest bits; a format of one bit has 0 and everything else.
    """

    __slots__ = ("_surface",)

    @_drawing(1)
    def fill(surface: _Surface, col: object, /) -> None:  # noqa: N805
        surface.fill(0, 0, surface.width, surface.height, to_word(col))

    @_drawing(5)
    def fill_rect(surface: _Surface, *args: object) -> None:  # noqa: N805
        x, y, width, height, colour = map(to_word, args)
        surface.fill(x, y, width, height, colour)

    @_drawing(2, 3)
    def pixel(surface: _Surface, x: object, y: object, *colour: object) -> int | None:  # noqa: N805
        """Return a pixel, or set it; None outside the picture."""
        at = to_word(x), to_word(y)
        if not surface.has(*at):
            return None
        if not colour:
            return get_pixel(surface.data(), surface.form, surface.stride, *at)
        value = stored(to_word(colour[0]), surface.form)
        set_pixel(surface.data(), surface.form, surface.stride, *at, value)
        return None

    @_drawing(4)
    def hline(surface: _Surface, *args: object) -> None:  # noqa: N805
        x, y, width, colour = map(to_word, args)
        surface.fill(x, y, width, 1, colour)

    @_drawing(4)
    def vline(surface: _Surface, *args: object) -> None:  # noqa: N805
        x, y, height, colour = map(to_word, args)
        surface.fill(x, y, 1, height, colour)

    @_drawing(5)
    def rect(surface: _Surface, *args: object) -> None:  # noqa: N805
        x, y, width, height, colour = map(to_word, args)
        surface.fill(x, y, width, 1, colour)
        surface.fill(x, y + height - 1, width, 1, colour)
        surface.fill(x, y, 1, height, colour)
        surface.fill(x + width - 1, y, 1, height, colour)

    @_drawing(5)
    def line(surface: _Surface, *args: object) -> None:  # noqa: N805
        x, y, end_x, end_y, colour = map(to_word, args)
        value = stored(colour, surface.form)
        data = surface.data()
        for at in _points(surface, (x, y), (end_x, end_y)):
            if surface.has(*at):
                set_pixel(data, surface.form, surface.stride, *at, value)

    @_drawing(3, 4)
    def blit(surface: _Surface, source: object, x: object, y: object, *keys: object) -> None:  # noqa: N805
        """Draw another FrameBuffer; pixels of the colour ``key`` are left out."""
        left, top = to_word(x), to_word(y)
        key = (to_word(keys[0]) if keys else -1) & 0xFFFFFFFF
        if type(source) is not surface.kind:
            raise _no_source(surface, source)
        _copy(surface, _of(source), left, top, key)

    @_drawing(2)
    def scroll(surface: _Surface, xstep: object, ystep: object, /) -> None:  # noqa: N805
        """Move the picture; what it leaves keeps its pixels."""
        right, down = to_word(xstep), to_word(ystep)
        if abs(down) > surface.height or (abs(right) > surface.width and abs(down) != surface.height):
            raise IndexError
        data, form, stride = surface.data(), surface.form, surface.stride
        columns = _targets(surface.width, right)
        for y in _targets(surface.height, down):
            for x in columns:
                set_pixel(data, form, stride, x, y, get_pixel(data, form, stride, x - right, y - down))

    @_drawing(3, 4)
    def text(surface: _Surface, s: object, x: object, y: object, *colours: object) -> None:  # noqa: N805
        """Write a text in characters of 8 x 8 pixels; the bytes of characters that are not ASCII are blocks."""
        shown = s if isinstance(s, bytes) else encode(to_text(s))
        left, top = to_word(x), to_word(y)
        value = stored(to_word(colours[0]) if colours else 1, surface.form)
        data = surface.data()
        for number, character in enumerate(shown.partition(b"\0")[0]):
            for column, bits in enumerate(glyph(character), left + 8 * number):
                for row in range(8):
                    if bits >> row & 1 and surface.has(column, top + row):
                        set_pixel(data, surface.form, surface.stride, column, top + row, value)

    def __buffer__(self, flags: int, /) -> memoryview:
        surface = _of(self)
        size = surface.stride * surface.height * (2 if surface.form.bits == 16 else 1)
        data = surface.data()
        if size > data.nbytes:
            _outside(surface)
        return data[:size]

    def __bytes__(self) -> bytes:
        return bytes(self.__buffer__(0))


_surface = hide(FrameBuffer, "_surface")


def _of(instance: object) -> _Surface:
    try:
        found: _Surface = _surface.__get__(instance)
    except (AttributeError, TypeError):
        raise TypeError("argument has wrong type") from None
    return found


def _targets(size: int, step: int) -> range:
    """Where pixels go along one axis, in an order in which none is overwritten before it has moved."""
    return range(size + step) if step < 0 else range(size - 1, step - 1, -1)


def _points(surface: _Surface, start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the pixels of a line: one for each step along its longer axis, those far outside the picture left out."""
    lengths = [abs(end[0] - start[0]), abs(end[1] - start[1])]
    signs = [1 if end[axis] > start[axis] else -1 for axis in (0, 1)]
    axis = int(lengths[1] > lengths[0])
    long, short = lengths[axis], lengths[1 - axis]
    size = (surface.width, surface.height)[axis]
    ahead = -start[axis] if signs[axis] > 0 else start[axis] - size + 1
    for step in range(max(0, ahead), min(long, ahead + size)):
        along = start[axis] + signs[axis] * step
        across = start[1 - axis] + signs[1 - axis] * ((2 * short * step + long) // (2 * long))
        yield (across, along) if axis else (along, across)
    yield end


def _copy(surface: _Surface, source: _Surface, left: int, top: int, key: int) -> None:
    target_data, source_data = surface.data(), source.data()
    for y in range(max(0, top), min(surface.height, top + source.height)):
        for x in range(max(0, left), min(surface.width, left + source.width)):
            colour = get_pixel(source_data, source.form, source.stride, x - left, y - top)
            if colour != key:
                set_pixel(target_data, surface.form, surface.stride, x, y, stored(colour, surface.form))


def _no_source(surface: _Surface, source: object) -> TypeError:
    surface.note(
        Note(
            "undefined-behaviour",
            f"framebuf: blit() of an object of type {type_name(source)}",
            cause="The board takes whatever it is given for a FrameBuffer, objects of subclasses too, and reads wild memory.",
            fix="give a FrameBuffer itself; a class of yours keeps one as an attribute",
            source="extmod/modframebuf.c",
        )
    )
    return TypeError("argument has wrong type")


def module(device: Device) -> dict[str, Any]:
    """Return the names of ``framebuf``."""

    class Native(FrameBuffer):
        __slots__ = ()

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if kwargs:
                raise TypeError("function doesn't take keyword arguments")
            count(len(args), 4, 5)
            made = _Surface(device.note, Native, *args[:3])
            chosen = FORMATS.get(to_word(args[3]) & 0xFF)
            stride = to_word(args[4]) if len(args) == 5 else made.width
            if chosen is None:
                raise ValueError("invalid format")
            made.form = chosen
            made.stride = whole_bytes(stride & 0xFFFF, chosen)
            _surface.__set__(self, made)

    Native.__name__ = Native.__qualname__ = "FrameBuffer"
    del Native.__slots__

    @native(3, 4)
    def FrameBuffer1(buffer: object, width: object, height: object, *strides: object) -> FrameBuffer:
        made = _Surface(device.note, Native, buffer, width, height)
        if strides:
            made.stride = to_word(strides[0]) & 0xFFFF
        instance: FrameBuffer = object.__new__(Native)
        _surface.__set__(instance, made)
        return instance

    return {"__name__": "framebuf", "FrameBuffer": Native, "FrameBuffer1": FrameBuffer1, **CONSTANTS}
