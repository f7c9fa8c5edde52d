"""``uzlib``: inflate, as function and as stream (firmware: extmod/moduzlib.c, extmod/uzlib)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import count, native
from emulator.firmware._convert import check_stream
from emulator.firmware._natives import to_word
from emulator.runtime.methods._common import buffer_of

if TYPE_CHECKING:
    from emulator.device import Device

_DATA, _CHECKSUM = -3, -4
"""Faults of the data (firmware: extmod/uzlib/uzlib.h)."""

_EINVAL = 22
_DEFLATE = 8
_GZIP = b"\x1f\x8b"
_HAS_CRC, _HAS_EXTRA, _HAS_NAME, _HAS_COMMENT, _UNKNOWN = 0x02, 0x04, 0x08, 0x10, 0xE0


def _is_zlib_header(method: int, flags: int) -> bool:
    return (method << 8 | flags) % 31 == 0 and method & 15 == _DEFLATE and method >> 4 <= 7 and not flags & 0x20


@native(1, 3)
def decompress(data: Any, wbits: Any = 0, bufsize: Any = 0, /) -> bytearray:
    """What ``data`` was before; ``wbits`` < 0 for data without a header. Raises ValueError with a number, TypeError."""
    packed = bytes(buffer_of(data))
    bare = isinstance(wbits, int) and wbits < 0
    if not bare:
        if not _is_zlib_header(*packed[:2].ljust(2, b"\0")):
            raise ValueError(_DATA)
        packed = packed[2:]
    engine = zlib.decompressobj(-15)
    try:
        plain = engine.decompress(packed)
    except zlib.error:
        raise ValueError(_DATA) from None
    if not engine.eof:
        raise ValueError(_DATA)
    # what is missing of the checksum counts as zeros
    if not bare and zlib.adler32(plain) != int.from_bytes(engine.unused_data[:4].ljust(4, b"\0"), "big"):
        raise ValueError(_CHECKSUM)
    return bytearray(plain)


class _Source:
    """A stream that is read byte by byte: nothing beyond the packed data is taken from it."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def byte(self) -> int:
        """The next byte. Raises EOFError."""
        data = self.stream.read(1)
        if data is None:
            raise BoardOSError(11)
        if not data:
            raise EOFError
        return data.encode()[0] if isinstance(data, str) else data[0]

    def number(self, size: int, order: Any) -> int:
        """The next ``size`` bytes as a number. Raises EOFError."""
        return int.from_bytes(bytes([self.byte() for _ in range(size)]), order)

    def zlib_header(self) -> bool:
        """Read a header of zlib; whether it is one."""
        return _is_zlib_header(self.byte(), self.byte())

    def gzip_header(self) -> bool:
        """Read a header of gzip; whether it is one."""
        if bytes([self.byte(), self.byte()]) != _GZIP or self.byte() != _DEFLATE:
            return False
        flags = self.byte()
        if flags & _UNKNOWN:
            return False
        self.number(6, "little")
        if flags & _HAS_EXTRA:
            self.number(self.number(2, "little"), "little")
        for text in (_HAS_NAME, _HAS_COMMENT):
            while flags & text and self.byte():
                pass
        if flags & _HAS_CRC:
            self.number(2, "little")
        return True


class _Inflating:
    """What stands behind a DecompIO."""

    def __init__(self, stream: Any, wbits: int) -> None:
        self.source = _Source(stream)
        self.gzip = wbits >= 16
        self.checked = wbits >= 0
        if self.checked and not (self.source.gzip_header() if self.gzip else self.source.zlib_header()):
            raise ValueError("compression header")
        self.engine = zlib.decompressobj(-15)
        self.checksum = 0 if self.gzip else 1
        self.ended = False

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes. Raises OSError for data that is not right, EOFError where it ends too early."""
        out = bytearray()
        while len(out) < size and not self.ended:
            room = size - len(out)
            try:
                part = self.engine.decompress(self.engine.unconsumed_tail, room)
                if not part and not self.engine.eof:
                    part = self.engine.decompress(bytes([self.source.byte()]), room)
            except zlib.error:
                raise BoardOSError(_EINVAL) from None
            self.checksum = (zlib.crc32 if self.gzip else zlib.adler32)(part, self.checksum)
            out += part
            if self.engine.eof:
                self._end()
        return bytes(out)

    def _end(self) -> None:
        self.ended = True
        if not self.checked:
            return
        expected = self.source.number(4, "little" if self.gzip else "big")
        if self.gzip:
            self.source.number(4, "little")
        if expected != self.checksum:
            raise BoardOSError(_EINVAL)


_ALL = 1 << 30


class DecompIO:
    """``DecompIO(stream[, wbits])``: reads what a stream of packed data holds.

    ``wbits``: 0 to 15 with a header of zlib, 16 and more with one of gzip, below 0 without.
    """

    __slots__ = ("_state",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs:
            raise TypeError("function doesn't take keyword arguments")
        count(len(args), 1, 2)
        check_stream(args[0], "read")
        self._state = _Inflating(args[0], to_word(args[1]) if len(args) == 2 else 0)

    @native(1, 2)
    def read(self, size: Any = -1, /) -> bytes:
        """Bytes, to the end without ``size``. Raises OSError, EOFError."""
        wanted = to_word(size)
        return self._state.read(_ALL if wanted < 0 else wanted)

    @native(2, 3)
    def readinto(self, buffer: Any, size: Any = _ALL, /) -> int:
        """Fill a buffer, at most ``size`` bytes; how many were read. Raises OSError, EOFError, TypeError."""
        view = memoryview(buffer_of(buffer))
        data = self._state.read(min(len(view), to_word(size)))
        view[: len(data)] = data
        return len(data)

    @native(1, 2)
    def readline(self, size: Any = -1, /) -> bytes:
        """A line with its end. Raises OSError, EOFError."""
        wanted = to_word(size)
        line = bytearray()
        while (wanted < 0 or len(line) < wanted) and line[-1:] != b"\n":
            byte = self._state.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)


def module(device: Device) -> dict[str, object]:
    """Return the names of ``uzlib``."""
    return {"__name__": "uzlib", "decompress": decompress, "DecompIO": DecompIO}
