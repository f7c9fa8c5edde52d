"""``uzlib``: inflate, as function and as stream (firmware: extmod/moduzlib.c, extmod/uzlib)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import count, native
from emulator.firmware._convert import check_memory, check_stream
from emulator.firmware._inflate import DATA_ERROR, DONE, Checked, Inflater
from emulator.firmware._natives import hide, to_word
from emulator.runtime.methods._common import buffer_of
from flashfs.errors import EINVAL

if TYPE_CHECKING:
    from emulator.device import Device

_EAGAIN = 11
_DEFLATE = 8
_GZIP = b"\x1f\x8b"
_HAS_CRC, _HAS_EXTRA, _HAS_NAME, _HAS_COMMENT, _UNKNOWN = 0x02, 0x04, 0x08, 0x10, 0xE0
_PIECE = 256
"""Bytes by which results grow on the board."""


def _is_zlib_header(method: int, flags: int) -> bool:
    return (method << 8 | flags) % 31 == 0 and method & 15 == _DEFLATE and method >> 4 <= 7 and not flags & 0x20


def _whole(packed: bytes, checked: bool) -> bytes | None:
    """What sound data holds, by the host; None for any other."""
    engine = zlib.decompressobj(-15)
    try:
        plain = engine.decompress(packed[2:] if checked else packed)
    except zlib.error:
        return None
    if not engine.eof:
        return None
    if checked and zlib.adler32(plain) != int.from_bytes(engine.unused_data[:4].ljust(4, b"\0"), "big"):
        return None  # what is missing of the checksum counts as zeros
    return plain


def _by_steps(packed: bytes, checked: bool, heap_bytes: int, check: Callable[[], None]) -> bytearray:
    """What the board makes of data with a fault. Raises ValueError with a number, MemoryError."""
    rest = iter(packed[2:] if checked else packed)
    inflater = Inflater(lambda: next(rest, -1), 0, check)
    engine = Checked(inflater, "zlib" if checked else "")
    room = (len(packed) + 15) // 16 * 16
    while (result := engine.run(room - len(inflater.out))) != DONE:
        if result < 0:
            raise ValueError(result)
        room += _PIECE
        check_memory(room, heap_bytes)
    if inflater.outside:
        raise ValueError(DATA_ERROR)  # no checksum has told the made-up bytes
    return inflater.out


def _zlib_header(byte: Callable[[], int]) -> int | None:
    """Read a header of zlib: the size of its window as the board takes it, None where it is none."""
    method, flags = byte(), byte()
    # the size that the header means is 256 times as large
    return 1 << (method >> 4) if _is_zlib_header(method, flags) else None


def _gzip_header(byte: Callable[[], int]) -> bool:
    """Read a header of gzip; whether it is one."""
    if any(byte() != expected for expected in (*_GZIP, _DEFLATE)):
        return False
    flags = byte()
    if flags & _UNKNOWN:
        return False
    size = 6
    for _ in range(size):
        byte()
    if flags & _HAS_EXTRA:
        size = byte() + 256 * byte()
        for _ in range(size):
            byte()
    for text in (_HAS_NAME, _HAS_COMMENT):
        while flags & text and byte():
            pass
    if flags & _HAS_CRC:
        byte()
        byte()
    return True


class _Stream:
    """What stands behind a DecompIO."""

    def __init__(self, stream: Any, wbits: int, heap_bytes: int, check: Callable[[], None]) -> None:
        self._stream = stream
        self._ended = False
        self._heap_bytes = heap_bytes
        form = "gzip" if wbits >= 16 else "zlib" if wbits >= 0 else ""
        window: int | None = 1 << (wbits - 16 if wbits >= 16 else min(abs(wbits), 31))
        if form == "zlib":
            window = _zlib_header(self._byte)
        elif form == "gzip" and not _gzip_header(self._byte):
            window = None
        if window is None:
            raise ValueError("compression header")
        check_memory(window, heap_bytes)
        self._inflater = Inflater(self._byte, window, check)
        self._engine = Checked(self._inflater, form)

    def _byte(self) -> int:
        """The next byte; nothing beyond the packed data is taken from the stream. Raises EOFError, OSError."""
        data = self._stream.read(1)
        if data is None:
            raise BoardOSError(_EAGAIN)
        if not data:
            raise EOFError
        return data.encode()[0] if isinstance(data, str) else data[0]

    def some(self, size: int) -> bytes:
        """At most ``size`` bytes. Raises OSError for data that is not right, EOFError where it ends too early."""
        if self._ended:
            return b""
        result = self._engine.run(size)
        if result == DONE:
            self._ended = True
        if result < 0:
            raise BoardOSError(EINVAL)
        return bytes(self._inflater.out)

    def read_into(self, view: memoryview) -> int:
        """Fill ``view`` as far as the data goes, also where it ends with an error."""
        done = 0
        while done < len(view):
            try:
                part = self.some(len(view) - done)
            except (EOFError, OSError):
                part = bytes(self._inflater.out)
                view[done : done + len(part)] = part
                raise
            if not part:
                break
            view[done : done + len(part)] = part
            done += len(part)
        return done

    def read(self, size: int) -> bytes:
        """``size`` bytes or what is left; -1 for all."""
        out = bytearray()
        while size < 0 or len(out) < size:
            part = self.some(_PIECE if size < 0 else size - len(out))
            if not part:
                break
            out += part
            check_memory(len(out), self._heap_bytes)
        return bytes(out)


_ALL = 0xFFFFFFFF


def module(device: Device) -> dict[str, object]:
    """Return the names of ``uzlib``."""
    heap_bytes = device.board.model.memory.heap_bytes
    check = device.power.check

    @native(1, 3)
    def decompress(data: Any, wbits: Any = 0, bufsize: Any = 0, /) -> bytearray:
        """What ``data`` was before; ``wbits`` < 0 for data without a header. Raises ValueError with a number, TypeError."""
        packed = bytes(buffer_of(data))
        checked = not (isinstance(wbits, int) and wbits < 0)
        if checked and not _is_zlib_header(*packed[:2].ljust(2, b"\0")):
            raise ValueError(DATA_ERROR)
        plain = _whole(packed, checked)
        return _by_steps(packed, checked, heap_bytes, check) if plain is None else bytearray(plain)

    class DecompIO:
        """``DecompIO(stream[, wbits])``: reads what a stream of packed data holds.

        ``wbits``: 0 to 15 with a header of zlib, 16 and more with one of gzip, below 0 without. It remembers
        2 ** (``wbits`` - 16) or 2 ** -``wbits`` bytes, and at most 128 with a header of zlib.
        """

        __slots__ = ("state",)
        __hash__ = None  # type: ignore[assignment]

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if kwargs:
                raise TypeError("function doesn't take keyword arguments")
            count(len(args), 1, 2)
            check_stream(args[0], "read")
            state.__set__(self, _Stream(args[0], to_word(args[1]) if len(args) == 2 else 0, heap_bytes, check))

        @native(1, 2)
        def read(self, size: Any = -1, /) -> bytes:
            """Bytes, to the end without ``size``. Raises OSError, EOFError."""
            wanted = to_word(size)
            if wanted != -1:
                check_memory(wanted & _ALL, heap_bytes)
            found: bytes = state.__get__(self).read(wanted)
            return found

        @native(2, 3)
        def readinto(self, buffer: Any, size: Any = _ALL, /) -> int:
            """Fill a buffer, at most ``size`` bytes; how many were read. Raises OSError, EOFError, TypeError."""
            view = memoryview(buffer_of(buffer))
            limit = len(view) if size is _ALL else min(len(view), to_word(size) & _ALL)
            done: int = state.__get__(self).read_into(view[:limit])
            return done

        @native(1, 2)
        def readline(self, size: Any = -1, /) -> bytes:
            """A line with its end. Raises OSError, EOFError."""
            wanted = to_word(size)
            line = bytearray()
            while (wanted < 0 or len(line) < wanted) and line[-1:] != b"\n":
                byte = state.__get__(self).some(1)
                if not byte:
                    break
                line += byte
                check_memory(len(line), heap_bytes)
            return bytes(line)

    state = hide(DecompIO, "state")
    return {"__name__": "uzlib", "decompress": decompress, "DecompIO": DecompIO}
