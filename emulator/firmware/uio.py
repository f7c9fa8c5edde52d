"""``uio``: ``open``, the file classes, StringIO and BytesIO (firmware: py/modio.c, py/objstringio.c, py/stream.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import count
from emulator.firmware._convert import readable, to_int, writable
from emulator.runtime.printing import address
from flashfs.errors import EINVAL
from flashfs.files import FileIO, TextIOWrapper

if TYPE_CHECKING:
    from emulator.device import Device


class _MemoryStream:
    """A stream on bytes in memory; positions are bytes, as is the limit of ``readline``, also for text."""

    __slots__ = ("_at", "_data")

    def __init__(self, *initial: object) -> None:
        count(len(initial), 0, 1)
        # an integer asks for room, which needs no asking here
        sized = bool(initial) and isinstance(initial[0], int)
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

    def read(self, size: object = -1, /) -> Any:
        data, count = self._open(), to_int(size)
        return self._result(self._take(len(data) if count < 0 else count))

    def readinto(self, buffer: object, *count: object) -> int:
        if len(count) > 1:
            raise TypeError(f"function expected at most 3 arguments, got {2 + len(count)}")
        view = writable(buffer)
        limit = min(to_int(count[0]), len(view)) if count else len(view)
        taken = self._take(limit)
        view[: len(taken)] = taken
        return len(taken)

    def readline(self, size: object = -1, /) -> Any:
        data, limit = self._open(), to_int(size)
        end = data.find(b"\n", self._at) + 1 or len(data)
        count = max(0, end - self._at)
        return self._result(self._take(count if limit < 0 else min(count, limit)))

    def write(self, data: object, /, *limits: object) -> int:
        """Write ``data``; with one limit its first bytes, with two (offset, count) a part of it. Returns the count."""
        source = readable(data)
        if len(limits) > 2:
            raise TypeError(f"function expected at most 4 arguments, got {2 + len(limits)}")
        if limits:
            start = to_int(limits[0]) if len(limits) == 2 else 0
            source = source[start:][: to_int(limits[-1])]
        content = self._open()
        if self._at > len(content):
            content.extend(bytes(self._at - len(content)))
        content[self._at : self._at + len(source)] = source
        self._at += len(source)
        return len(source)

    def seek(self, offset: object, whence: object = 0, /) -> int:
        data = self._open()
        start = {1: self._at, 2: len(data)}.get(to_int(whence), 0)
        target = start + to_int(offset)
        if start == 0 and target < 0:
            raise BoardOSError(EINVAL)
        self._at = max(0, target)
        return self._at

    def flush(self) -> None:
        self._open()

    def close(self) -> None:
        self._data = None

    def getvalue(self) -> Any:
        return self._result(bytes(self._open()))

    def __enter__(self) -> Any:
        return self

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

    def read(self, size: object = -1, /) -> str:
        data, count = self._open(), to_int(size)
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

    def open(file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None) -> Any:
        return device.vfs.open(file, mode)

    return {
        "__name__": "uio",
        "BytesIO": BytesIO,
        "FileIO": FileIO,
        "StringIO": StringIO,
        "TextIOWrapper": TextIOWrapper,
        "open": open,
    }
