"""Open files as scripts see them: ``TextIOWrapper`` and ``FileIO`` (firmware: py/stream.c).

What a read, write or close does to the content differs per file system and lives in the subclasses of ``Handle``
(``littlefs_files.py``, ``fat_files.py``); the methods a script calls are the same for both and live here.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any, Protocol

from flashfs.errors import EINVAL, ErrorFactory
from flashfs.names import decode_name, encode_text

_INT_LIMIT = 1 << 31


class Handle(ABC):
    """An open file of one file system. Not thread safe: the volume's lock is held around every call."""

    __slots__ = ("closed", "error", "pos")

    def __init__(self, error: ErrorFactory) -> None:
        self.error = error
        self.pos = 0
        self.closed = False

    @abstractmethod
    def window(self) -> tuple[bytes | bytearray, int]:
        """Return buffer and size for a read, or raise what the board raises for it."""

    @abstractmethod
    def write(self, data: bytes) -> int:
        """Write at the position, which moves; ``data`` is not empty. Return the bytes written."""

    @abstractmethod
    def seek(self, offset: int, whence: int) -> int:
        """Move and return the position in bytes; what cannot be done is ignored."""

    @abstractmethod
    def before_write(self) -> None:
        """Tell whoever listens that bytes are about to be written."""

    @abstractmethod
    def flush(self) -> None:
        """Commit."""

    @abstractmethod
    def close(self) -> None:
        """Commit and end."""

    def read(self, size: int) -> bytes:
        """Read up to ``size`` bytes, to the end if negative."""
        buffer, end = self.window()
        start = self.pos
        if start >= end:
            return b""
        stop = end if size < 0 else min(start + size, end)
        self.pos = stop
        return bytes(buffer[start:stop])

    def read_characters(self, count: int) -> bytes:
        """Read the bytes of ``count`` characters, sized by their first byte as the board does."""
        buffer, end = self.window()
        start = stop = self.pos
        if start >= end:
            return b""
        piece = bytes(buffer[start : min(start + count, end)])
        if piece.isascii():
            self.pos = start + len(piece)
            return piece
        while count and stop < end:
            stop += _character_size(buffer[stop])
            count -= 1
        self.pos = stop = min(stop, end)
        return bytes(buffer[start:stop])

    def line(self, limit: int) -> bytes:
        """Read to the end of the line, at most ``limit`` bytes unless it is negative."""
        buffer, end = self.window()
        start = self.pos
        if start >= end:
            return b""
        if limit >= 0:
            end = min(end, start + limit)
        stop = buffer.find(b"\n", start, end) + 1
        self.pos = stop = stop or end
        return bytes(buffer[start:stop])


class Mounted(Protocol):
    """What an open file needs of its volume."""

    lock: threading.RLock
    cycle: int

    @property
    def on_step(self) -> object | None:
        """Who is told of each durable step, if anybody."""

    def dead_handle(self) -> Exception:
        """Return the error for a file that was open before the volume was mounted anew."""

    def close_later(self, handle: Handle, cycle: int) -> None:
        """Close a handle nobody holds any more, as soon as the lock is free."""


class _Stream:
    """The methods of both kinds of open file. Attributes the board lacks (``name``, ``closed``, ...) are lacking."""

    __slots__ = ("_cycle", "_handle", "_volume")
    _is_text = False

    def __init__(self, volume: Mounted, handle: Handle) -> None:
        self._volume = volume
        self._handle = handle
        self._cycle = volume.cycle

    def _live(self) -> Handle:
        if self._cycle != self._volume.cycle:
            raise self._volume.dead_handle()
        return self._handle

    def _result(self, data: bytes) -> Any:
        return data

    def read(self, size: object = -1, /) -> Any:
        """Read ``size`` characters (text) or bytes (binary), or all with -1; fewer at the end of the file."""
        count = _integer(size)
        if count == 0:
            return self._result(b"")
        if count < -1:
            raise MemoryError(_allocation_text(count if self._is_text else count + 1))
        with self._volume.lock:
            handle = self._live()
            data = handle.read_characters(count) if self._is_text and count > 0 else handle.read(count)
        return self._result(data)

    def readinto(self, buffer: Any, size: object = None, /) -> int:
        """Fill a writable buffer, at most ``size`` bytes of it, and return how many bytes were read."""
        view = _buffer(buffer, writable=True)
        length = len(view)
        if size is not None:
            limit = _integer(size)
            length = limit if 0 <= limit < length else length
        if not length:
            return 0
        with self._volume.lock:
            data = self._live().read(length)
        view[: len(data)] = data
        return len(data)

    def readline(self, size: object = -1, /) -> Any:
        """Read one line with its line feed; ``size`` limits the bytes, in text mode too."""
        limit = _integer(size)
        if limit == 0:
            return self._result(b"")
        if limit < -1:
            raise MemoryError(_allocation_text(limit))
        with self._volume.lock:
            data = self._live().line(limit)
        return self._result(data)

    def readlines(self) -> list[Any]:
        """Read the remaining lines."""
        return list(self)

    def write(self, data: Any, /, *limits: object) -> int:
        """Write a ``str`` (as UTF-8) or a buffer and return the number of bytes.

        ``write(data, length)`` and ``write(data, offset, length)`` write a part, counted in bytes.
        """
        raw = data if type(data) is bytes else _bytes(data)
        if limits:
            raw = _part(raw, limits)
        if not raw:
            return 0
        with self._volume.lock:
            handle = self._live()
            if self._volume.on_step is not None:
                handle.before_write()
            return handle.write(raw)

    def flush(self) -> None:
        """Make what was written visible and durable."""
        with self._volume.lock:
            self._live().flush()

    def close(self) -> None:
        """Commit what was written. A file of an earlier power cycle commits nothing."""
        with self._volume.lock:
            if self._cycle == self._volume.cycle:
                self._handle.close()

    def seek(self, offset: object, whence: object = 0, /) -> int:
        """Move to ``offset`` bytes from the start (0), the position (1) or the end (2); return the position.

        :raises OSError: EINVAL for a negative offset from the start; other bad seeks change nothing
        """
        distance, origin = _integer(offset), _integer(whence)
        if origin == 0 and distance < 0:
            raise self._handle.error(EINVAL)
        with self._volume.lock:
            return self._live().seek(distance, origin)

    def tell(self) -> int:
        """Return the position in bytes."""
        with self._volume.lock:
            return self._live().seek(0, 1)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: object, value: object, traceback: object, /) -> None:
        self.close()

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        with self._volume.lock:
            data = self._live().line(-1)
        if not data:
            raise StopIteration
        return self._result(data)

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None and not handle.closed:
            self._volume.close_later(handle, self._cycle)

    def __repr__(self) -> str:
        return f"<io.{type(self).__name__} {0x3FFB0000 | id(self) >> 2 & 0x7FFF0:x}>"


class FileIO(_Stream):
    """A file opened with ``b`` in its mode: reads give ``bytes``."""

    __slots__ = ()


class TextIOWrapper(_Stream):
    """A file opened without ``b``: reads give ``str``. UTF-8, and line ends are never translated.

    Bytes that are not UTF-8 come as lone surrogates (the board keeps them raw inside a ``str``) and are written back
    as they were.
    """

    __slots__ = ()
    _is_text = True

    def _result(self, data: bytes) -> str:
        return decode_name(data)


def _character_size(first: int) -> int:
    # firmware: py/stream.c stream_read_generic; a byte that cannot begin a character counts as the longest form
    if first < 0x80:
        return 1
    if first & 0xE0 == 0xC0:
        return 2
    if first & 0xF0 == 0xE0:
        return 3
    return 4 if first & 0xF8 == 0xF0 else 5


def _integer(value: object) -> int:
    if isinstance(value, int):
        if not -_INT_LIMIT <= value < _INT_LIMIT:
            raise OverflowError("overflow converting long int to machine word")
        return int(value)
    raise TypeError(f"can't convert {type(value).__name__} to int")


def _allocation_text(count: int) -> str:
    return f"memory allocation failed, allocating {count & 0xFFFFFFFF} bytes"


def _bytes(data: Any) -> bytes:
    if isinstance(data, str):
        return encode_text(data)
    return bytes(_buffer(data))


def _buffer(data: Any, *, writable: bool = False) -> memoryview:
    try:
        view = memoryview(data)
        if not writable or not view.readonly:
            return view.cast("B")
    except TypeError:
        pass
    raise TypeError("object with buffer protocol required")


def _part(raw: bytes, limits: tuple[object, ...]) -> bytes:
    if len(limits) > 2:
        raise TypeError(f"function expected at most 4 arguments, got {len(limits) + 2}")
    numbers = [_integer(limit) for limit in limits]
    start = numbers[0] if len(numbers) == 2 else 0
    length = numbers[-1]
    raw = b"" if start < 0 else raw[start:]
    return raw if length < 0 else raw[:length]
