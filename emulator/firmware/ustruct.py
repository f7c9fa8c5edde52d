"""``ustruct``: values to bytes and back as the board packs them (firmware: py/modstruct.c, py/binary.c).

Values out of range are cut, missing ones are zero, surplus ones and surplus bytes are ignored; a word has 32 bits.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from emulator.firmware._arguments import native
from emulator.firmware._convert import (
    SMALL_INT_MAX,
    SMALL_INT_MIN,
    check_memory,
    readable,
    to_float,
    to_int,
    to_text,
    writable,
)
from emulator.runtime import hooks
from emulator.runtime.floats import to_single
from emulator.runtime.methods.signature import no_keywords
from flashfs.notes import Note

if TYPE_CHECKING:
    from emulator.device import Device
    from emulator.runtime.sites import Site

SIZES = {
    "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 4, "L": 4, "q": 8, "Q": 8,
    "f": 4, "d": 8, "P": 4, "O": 4, "S": 4,
}  # fmt: skip
"""Bytes of each code, which is also how native ones are aligned; ``s`` takes its count."""

_POINTERS = 0x3F800000  # where external RAM begins: addresses for "O" look as on the board


@dataclass(frozen=True, slots=True)
class _Format:
    """A parsed format: ``items`` are (count, code); ``size`` bytes in all, counted from an aligned start."""

    items: tuple[tuple[int, str], ...]
    native: bool
    big: bool
    size: int

    def align(self, position: int, width: int) -> int:
        return -(-position // width) * width if self.native else position


@lru_cache(maxsize=256)
def _parse(text: str) -> _Format:
    order, rest = ("@", text) if text[:1] not in ("@", "=", "<", ">", "!") else (text[0], text[1:])
    native, big = order == "@", order in ">!"
    items: list[tuple[int, str]] = []
    size, position = 0, 0
    while position < len(rest):
        start = position
        while position < len(rest) and rest[position] in "0123456789":
            position += 1
        count = int(rest[start:position]) if position > start else 1
        code = rest[position : position + 1]
        position += 1
        if code == "s":
            size += count
        # the board knows no sizes for "=" (firmware: py/binary.c): only text can be packed with it
        elif code not in SIZES or order == "=":
            raise ValueError("bad typecode")
        elif count:
            width = SIZES[code]
            if native:
                size = -(-size // width) * width
            size += width * count
        items.append((count, code))
    return _Format(tuple(items), native, big, size)


class _Swift(dict[Any, Callable[..., Any]]):
    """Format -> what the host's ``struct`` does for it, where that is what the board does whenever it succeeds.

    These are the formats of whole numbers and singles whose sizes and places are the same; what the host refuses (values out of
    range, too many or too few) is left to the board's rules.
    """

    def __init__(self, method: str) -> None:
        self._method = method

    def __missing__(self, fmt: object) -> Callable[..., Any]:
        if type(fmt) is not str or not _SAME_ON_HOST(fmt):
            return _refuse
        if len(self) >= 256:
            self.clear()
        self[fmt] = method = getattr(struct.Struct(fmt), self._method)
        return method  # type: ignore[no-any-return]


_SAME_ON_HOST = re.compile(r"[<>!](?:\d{0,2}[bBhHiIlLqQf])+|[bBhHiIf]{1,16}", re.ASCII).fullmatch
_REFUSED = (struct.error, TypeError, OverflowError)
"""What the host raises where the board has rules of its own."""


class _OneFormat:
    """Makes functions for calls of ``pack`` or ``unpack`` with a literal format."""

    def __init__(self, function: Callable[..., Any], method: str) -> None:
        self._function = function
        self._method = method

    def exact(self, site: Site) -> Callable[..., Any]:
        return self._function

    def quick(self, site: Site) -> Callable[..., Any] | None:
        if not _SAME_ON_HOST(site.text) or (self._method == "unpack" and site.given != 1):
            return None
        values = "".join([f", v{number}" for number in range(site.given)])
        source = (
            f"def call(fmt{values}):\n"
            f"    try: return of_host({values[2:]})\n"
            f"    except refused: pass\n"
            f"    return exact(fmt{values})\n"
        )
        of_host = getattr(struct.Struct(site.text), self._method)
        space = {"__name__": __name__, "of_host": of_host, "refused": _REFUSED, "exact": self._function}
        exec(source, space)
        return space["call"]  # type: ignore[no-any-return]


_NO_ALIGNMENT = ("<", ">", "!")


def _refuse(*_: object) -> NoReturn:
    raise struct.error


@native(1)
def calcsize(fmt: object, /) -> int:
    """Return how many bytes ``fmt`` takes; ValueError "bad typecode"."""
    return _parse(to_text(fmt)).size


def _int_bytes(value: int, code: str, width: int) -> bytes:
    """Return the low bytes, little end first; a small number in an 8-byte field is extended by the sign of its code."""
    if width > 4 and SMALL_INT_MIN <= value <= SMALL_INT_MAX:
        value = value & 0xFFFFFFFF | (0xFFFFFFFF00000000 if value < 0 and code.islower() else 0)
    return (value & (1 << 8 * width) - 1).to_bytes(width, "little")


def _offset(offset: object, length: int) -> int:
    start = to_int(offset)
    if start < 0:
        start += length
        if start < 0:
            raise ValueError("buffer too small")
    return start


def module(device: Device) -> dict[str, object]:
    """Return the names of ``ustruct``."""
    heap_bytes = device.board.model.memory.heap_bytes
    held: dict[int, object] = {}  # address -> object packed as "O"
    addresses: dict[int, int] = {}  # id(object) -> address

    def undefined(what: str, cause: str, text: str) -> ValueError:
        device.note(Note("undefined-behaviour", f"ustruct: {what}", cause=cause, source="py/modstruct.c, py/binary.c"))
        return ValueError(text)

    def address_of(obj: object) -> int:
        if id(obj) not in addresses:
            addresses[id(obj)] = _POINTERS + 16 * len(addresses)
            held[addresses[id(obj)]] = obj
        return addresses[id(obj)]

    def text_at(address: int) -> str | None:
        """The text at an address of ``uctypes.addressof``; None if there is nothing."""
        if device.memory is None:
            return None
        data = device.memory.text(address)
        return None if data is None else data.decode("utf-8", "replace")

    def value_bytes(value: object, code: str) -> bytes:
        if code == "f":
            return struct.pack("<f", to_float(value))
        if code == "d":
            return struct.pack("<d", to_float(value))
        return _int_bytes(address_of(value) if code == "O" else to_int(value), code, SIZES[code])

    def write(form: _Format, view: memoryview, position: int, values: tuple[object, ...]) -> None:
        left: Iterator[object] = iter(values)
        remaining = len(values)
        for count, code in form.items:
            if not remaining:
                return
            if code == "s":
                view[position : position + count] = bytes(readable(next(left))[:count]).ljust(count, b"\0")
                position += count
                remaining -= 1
                continue
            width = SIZES[code]
            for _ in range(min(count, remaining)):
                position = form.align(position, width)
                data = value_bytes(next(left), code)
                remaining -= 1
                if position + width > len(view):
                    raise undefined(
                        "native alignment leads past the end of the buffer",
                        "The board checks the size without the alignment at this offset and writes beyond the buffer.",
                        "buffer too small",
                    )
                view[position : position + width] = data[::-1] if form.big else data
                position += width

    swift_pack, swift_unpack, swift_unpack_from = map(_Swift, ("pack", "unpack", "unpack_from"))

    def pack(fmt: object, /, *values: object, **names: object) -> bytes:
        if names:
            no_keywords()
        try:
            return swift_pack[fmt](*values)  # type: ignore[no-any-return]
        except _REFUSED:
            pass
        form = _parse(to_text(fmt))
        check_memory(form.size, heap_bytes)
        out = bytearray(form.size)
        write(form, memoryview(out), 0, values)
        return bytes(out)

    def pack_into(fmt: object, buffer: object, offset: object, /, *values: object, **names: object) -> None:
        if names:
            no_keywords()
        view = writable(buffer)
        start = _offset(offset, len(view))
        form = _parse(to_text(fmt))
        if start + form.size > len(view):
            raise ValueError("buffer too small")
        write(form, view, start, values)

    def read_value(data: bytes, code: str) -> object:
        if code in "fd":
            return to_single(struct.unpack("<" + code, data)[0])
        value = int.from_bytes(data, "little", signed=code.islower())
        if code not in "OS":
            return value
        if code == "O" and value in held:
            return held[value]
        if code == "S" and (text := text_at(value)) is not None:
            return text
        raise undefined(
            f"the bytes for {code!r} are no address of an object here",
            "The board takes any bytes for an address and reads there.",
            "bad typecode",
        )

    def unpack(fmt: object, data: object, offset: object = 0, /, **names: object) -> tuple[object, ...]:
        if names:
            no_keywords()
        if offset == 0:
            try:
                return swift_unpack[fmt](data)  # type: ignore[no-any-return]
            except _REFUSED:
                pass
        return unpack_from(fmt, data, offset)

    def unpack_from(fmt: object, data: object, offset: object = 0, /, **names: object) -> tuple[object, ...]:
        if names:
            no_keywords()
        if type(offset) is int and offset >= 0 and type(fmt) is str and fmt[:1] in _NO_ALIGNMENT:
            try:
                return swift_unpack_from[fmt](data, offset)  # type: ignore[no-any-return]
            except _REFUSED:
                pass
        form = _parse(to_text(fmt))
        view = readable(data)
        position = _offset(offset, len(view))
        if position + form.size > len(view):
            raise ValueError("buffer too small")
        values: list[object] = []
        for count, code in form.items:
            if code == "s":
                values.append(bytes(view[position : position + count]))
                position += count
                continue
            width = SIZES[code]
            for _ in range(count):
                position = form.align(position, width)
                raw = bytes(view[position : position + width])
                if len(raw) < width:
                    raise undefined(
                        "native alignment leads past the end of the data",
                        "The board checks the size without the alignment at this offset and reads beyond the data.",
                        "buffer too small",
                    )
                values.append(read_value(raw[::-1] if form.big else raw, code))
                position += width
        return tuple(values)

    sites = getattr(device.interpreter, "sites", None)
    if sites is not None:
        sites.provide(hooks.PACK, pack, _OneFormat(pack, "pack"))
        sites.provide(hooks.UNPACK, unpack, _OneFormat(unpack, "unpack"))

    names: dict[str, Callable[..., object]] = {
        "calcsize": calcsize,
        "pack": pack,
        "pack_into": pack_into,
        "unpack": unpack,
        "unpack_from": unpack,
    }
    return {"__name__": "ustruct", **names}
