"""``uio``: ``open``, the file classes, StringIO and BytesIO (firmware: py/modio.c, py/objstringio.c, py/stream.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import native
from emulator.firmware._convert import readable, writable
from emulator.firmware._natives import stream_part, to_word
from emulator.firmware._open import opener
from emulator.runtime.memory import allocate
from emulator.runtime.printing import address
from flashfs.errors import EINVAL
from flashfs.files import FileIO, TextIOWrapper

if TYPE_CHECKING:
    from emulator.device import Device


def _check_room(size: int) -> None:
    """Raise MemoryError for what the board has no room for."""
    allocate(size & 0xFFFFFFFF)


def _room(size: object) -> int:
    """A count of bytes, -1 for all: the board takes the room for them at once. Raises TypeError, OverflowError, MemoryError."""
    count = to_word(size)
    if count != -1:
        _check_room(count)
    return count


class _MemoryStream:
    """A stream on bytes in memory; positions are bytes, as is the limit of ``readline``, also for text."""

    __slots__ = ("_at", "_data")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, *initial: object, **ignored: object) -> None:
        # an integer asks for room; more arguments and keywords are not looked at
        sized = bool(initial) and type(initial[0]) is int
        if sized:
            _check_room(to_word(initial[0]))
        self._data: bytearray | None = bytearray(readable(initial[0]) if initial and not sized else b"")
        self._at = 0

    def _open(self) -> bytearray:
        if self._data is None:
            raise ValueError("I/O operation on closed file")
        return self._data

    def __repr__(self) -> str:
        return f"<io.{type(self).__name__} 0x{address(self)}>"

    def _take(self, count: int) -> bytes:
        data = self._open()
        taken = bytes(data[self._at : self._at + count])
        self._at += len(taken)
        return taken

    def _result(self, data: bytes) -> Any:
        return data

    @native(1, 2)
    def read(self, size: object = -1, /) -> Any:
        count = _room(size)
        data = self._open()
        return self._result(self._take(len(data) if count < 0 else count))

    @native(2, 3)
    def readinto(self, buffer: object, *count: object) -> int:
        view = writable(buffer)
        limit = min(to_word(count[0]) & 0xFFFFFFFF, len(view)) if count else len(view)
        taken = self._take(limit)
        view[: len(taken)] = taken
        return len(taken)

    @native(1, 2)
    def readline(self, size: object = -1, /) -> Any:
        limit = _room(size)
        data = self._open()
        end = data.find(b"\n", self._at) + 1 or len(data)
        count = max(0, end - self._at)
        return self._result(self._take(count if limit < 0 else min(count, limit)))

    @native(2, 4)
    def write(self, data: object, /, *limits: object) -> int:
        """Write ``data``; with one limit its first bytes, with two (offset, count) a part of it. Returns the count."""
        source = stream_part(data, limits)
        content = self._open()
        if self._at > len(content):
            content.extend(bytes(self._at - len(content)))
        content[self._at : self._at + len(source)] = source
        self._at += len(source)
        return len(source)

    @native(2, 3)
    def seek(self, offset: object, whence: object = 0, /) -> int:
        """A closed stream keeps its place, too."""
        distance, origin = to_word(offset), to_word(whence)
        if origin == 0 and distance < 0:
            raise BoardOSError(EINVAL)
        start = self._at if origin == 1 else len(self._open()) if origin == 2 else 0
        self._at = max(0, start + distance)
        return self._at

    @native(1)
    def flush(self) -> None:
        """Nothing is kept back, so there is nothing to do, of a closed stream either."""

    @native(1)
    def close(self) -> None:
        self._data = None

    @native(1)
    def getvalue(self) -> Any:
        return self._result(bytes(self._open()))

    @native(1)
    def __enter__(self) -> Any:
        return self

    @native(4)
    def __exit__(self, kind: object, value: object, traceback: object, /) -> None:
        self.close()

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line


class BytesIO(_MemoryStream):
    """Bytes in memory as a stream; a str is written as its UTF-8."""

    __slots__ = ()


class StringIO(_MemoryStream):
    """Text in memory as a stream; ``read(n)`` counts characters."""

    __slots__ = ()

    def _result(self, data: bytes) -> str:
        return data.decode("utf-8", "replace")

    @native(1, 2)
    def read(self, size: object = -1, /) -> str:
        count = _room(size)
        data = self._open()
        if count < 0:
            return self._result(self._take(len(data)))
        end = self._at
        for _ in range(count):
            if end >= len(data):
                break
            end += 1
            while end < len(data) and data[end] & 0xC0 == 0x80:
                end += 1
        return self._result(self._take(max(0, end - self._at)))


def module(device: Device) -> dict[str, object]:
    """Return the names of ``uio``."""
    return {
        "__name__": "uio",
        "BytesIO": BytesIO,
        "FileIO": FileIO,
        "StringIO": StringIO,
        "TextIOWrapper": TextIOWrapper,
        "open": opener(lambda: device.vfs),
    }
