"""``sys`` (firmware: py/modsys.c, esp32/mpconfigport.h)."""

from __future__ import annotations

import sys as host
from collections import namedtuple
from typing import TYPE_CHECKING, Any, NoReturn

from emulator.firmware._arguments import natives
from emulator.models import MICROPYTHON

if TYPE_CHECKING:
    from emulator.device import Device

_Implementation = namedtuple("_Implementation", ["name", "version"])
_Implementation.__name__ = ""


class FileIO:
    """The console as a stream: ``sys.stdin``, ``sys.stdout``, ``sys.stderr``."""

    def __init__(self, device: Device, fd: int) -> None:
        self._device = device
        self._fd = fd

    def write(self, buf: Any, /) -> int:
        data = buf if isinstance(buf, str) else bytes(buf).decode("utf-8", "replace")
        self._device.console.write(data)
        return len(data.encode("utf-8", "surrogatepass")) if isinstance(buf, str) else len(buf)

    def read(self, size: int = -1, /) -> str:
        return self._device.board.console_input.read(size, self._device.power)

    def readline(self, size: int = -1, /) -> str:
        try:
            return self._device.read_line() + "\n"
        except EOFError:
            return ""

    def flush(self) -> None:
        """The console is never buffered."""

    def close(self) -> None:
        """The console stays open."""

    def __repr__(self) -> str:
        return f"<io.FileIO {self._fd}>"


def module(device: Device) -> dict[str, Any]:
    """The names of ``sys``."""
    interpreter = device.interpreter
    stdin, stdout, stderr = (FileIO(device, fd) for fd in range(3))

    def exit(retval: Any = None, /) -> NoReturn:
        raise SystemExit(*(() if retval is None else (retval,)))

    def exc_info() -> tuple[Any, Any, None]:
        kind, value, _ = host.exc_info()
        return kind, value, None

    def print_exception(exc: Any, file: Any = stdout, /) -> None:
        if not isinstance(exc, BaseException):
            raise TypeError("expecting an exception")
        file.write(interpreter.format_exception(exc))

    return {
        "path": interpreter.importer.path,
        "argv": [],
        "version": "3.4.0",
        "version_info": (3, 4, 0),
        "implementation": _Implementation("micropython", MICROPYTHON),
        "platform": device.board.model.platform,
        "byteorder": "little",
        "maxsize": 0x7FFFFFFF,
        "stdin": stdin,
        "stdout": stdout,
        "stderr": stderr,
        "modules": interpreter.importer.loaded,
        **natives(exit, exc_info, print_exception),
    }
