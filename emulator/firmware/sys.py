"""``sys`` (firmware: py/modsys.c, lib/utils/sys_stdio_mphal.c, esp32/mpconfigport.h)."""

from __future__ import annotations

import sys as host
from typing import TYPE_CHECKING, Any, NoReturn

from emulator.console import encoded
from emulator.errors import BoardOSError
from emulator.firmware._arguments import native, natives
from emulator.firmware._convert import check_stream, writable
from emulator.firmware._natives import attrtuple, hide, no_instances, stream_part, to_word
from emulator.models import MICROPYTHON
from emulator.runtime.messages import board_class
from flashfs.errors import EPERM

if TYPE_CHECKING:
    from emulator.device import Device

_NONE: Any = object()


class _Stream:
    """What stands behind one of the three streams."""

    __slots__ = ("device", "fd", "left")

    def __init__(self, device: Device, fd: int) -> None:
        self.device = device
        self.fd = fd
        self.left = b""  # the rest of a character that did not fit into a buffer

    def characters(self, size: int) -> str:
        if self.fd != 0:
            raise BoardOSError(EPERM)
        return self.device.board.console_input.read(size, self.device.power)

    def line(self, size: int) -> str:
        if self.fd != 0:
            raise BoardOSError(EPERM)
        typed = self.device.board.console_input
        if size < 0 and not typed.keyboard:  # quicker, and the same
            try:
                return typed.read_line(self.device.power) + "\n"
            except EOFError:
                return ""
        line = ""
        while (size < 0 or len(line) < size) and not line.endswith("\n"):
            char = self.characters(1)
            if not char:
                break
            line += char
        return line


class FileIO:
    """The console as a stream: ``sys.stdin``, ``sys.stdout``, ``sys.stderr``. There is no ``flush`` on the board.

    Reading the latter two and writing the first is OSError EPERM.
    """

    __slots__ = ("stream",)
    __new__ = no_instances

    @native(2, 4)
    def write(self, buf: Any, /, *limits: Any) -> int:
        stream = _get(self)
        data = stream_part(buf, limits)
        if stream.fd == 0:
            raise BoardOSError(EPERM)
        text = buf if isinstance(buf, str) and not limits else bytes(data).decode("utf-8", "surrogateescape")
        stream.device.console.write(text)
        return len(data)

    @native(1, 2)
    def read(self, size: Any = -1, /) -> str:
        return _get(self).characters(to_word(size))

    @native(2, 3)
    def readinto(self, buf: Any, nbytes: Any = _NONE, /) -> int:
        stream, view = _get(self), writable(buf)
        size = len(view) if nbytes is _NONE else min(to_word(nbytes) & 0xFFFFFFFF, len(view))
        data = stream.left
        while len(data) < size:
            text = stream.characters(1)
            if not text:
                break
            data += encoded(text)
        stream.left = data[size:]
        view[: len(data[:size])] = data[:size]
        return len(data[:size])

    @native(1, 2)
    def readline(self, size: Any = -1, /) -> str:
        return _get(self).line(to_word(size))

    @native(1)
    def readlines(self) -> list[str]:
        return list(self)

    @native(1)
    def close(self) -> FileIO:
        """The console stays open."""
        return self

    @native(1)
    def __enter__(self) -> FileIO:
        return self

    @native(4)
    def __exit__(self, kind: object, value: object, traceback: object, /) -> None:
        """The console stays open."""

    def __iter__(self) -> FileIO:
        return self

    def __next__(self) -> str:
        line = _get(self).line(-1)
        if not line:
            raise StopIteration
        return line

    def __repr__(self) -> str:
        return f"<io.FileIO {_get(self).fd}>"


_stream = hide(FileIO, "stream")


def _get(self: FileIO, _of: Any = _stream.__get__) -> _Stream:
    stream: _Stream = _of(self)
    return stream


def _file(device: Device, fd: int) -> FileIO:
    made: FileIO = object.__new__(FileIO)
    _stream.__set__(made, _Stream(device, fd))
    return made


def module(device: Device) -> dict[str, Any]:
    """The names of ``sys``."""
    interpreter = device.interpreter
    stdin, stdout, stderr = (_file(device, fd) for fd in range(3))

    def exit(retval: Any = _NONE, /) -> NoReturn:
        raise SystemExit(*(() if retval is _NONE else (retval,)))

    def exc_info() -> tuple[Any, Any, None]:
        value = host.exc_info()[1]
        return None if value is None else board_class(value), value, None

    def print_exception(exc: Any, file: Any = stdout, /) -> None:
        check_stream(file, "write")
        is_exception = isinstance(exc, BaseException)
        file.write(interpreter.format_exception(exc) if is_exception else device.printer.repr(exc) + "\n")

    return {
        "path": interpreter.importer.path,
        "argv": [],
        "version": "3.4.0",
        "version_info": (3, 4, 0),
        "implementation": attrtuple(("name", "version"), ("micropython", MICROPYTHON), device.printer),
        "platform": device.board.model.platform,
        "byteorder": "little",
        "maxsize": 0x7FFFFFFF,
        "stdin": stdin,
        "stdout": stdout,
        "stderr": stderr,
        "modules": interpreter.importer.loaded,
        **natives(exit, exc_info, print_exception),
    }
