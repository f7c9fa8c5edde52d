"""The board's ``OSError`` and ``TimeoutError`` as a script meets them.

firmware: py/objexcept.c prints a number by name only for ``OSError`` itself, never for ``TimeoutError``.
"""

from __future__ import annotations

from typing import NoReturn

from emulator.errnos import ERRORCODE, board_errno
from flashfs.errors import DeviceError


class _Absent:
    """An attribute of the host's class that the board's does not have."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type | None = None) -> NoReturn:
        if instance is None:
            message = f"type object 'OSError' has no attribute '{self.name}'"
        else:
            message = f"'{type(instance).__name__}' object has no attribute '{self.name}'"
        raise AttributeError(message)

    def __set__(self, instance: object, value: object) -> NoReturn:
        raise AttributeError(f"'{type(instance).__name__}' object has no attribute '{self.name}'")


class BoardOSError(DeviceError):
    """``OSError`` of the board: ``args`` only, no ``errno``; printed with the board's own names.

    ``BoardOSError(number)``, ``BoardOSError(text)`` or other arguments. A script's own subclass prints the same way;
    only ``BoardTimeoutError`` prints its number bare.
    """

    errno = _Absent()
    strerror = _Absent()
    filename = _Absent()
    filename2 = _Absent()
    winerror = _Absent()
    characters_written = _Absent()

    def __init__(self, *args: object) -> None:
        self.args = args

    def __str__(self) -> str:
        if not self.args:
            return ""
        if len(self.args) > 1:
            return str(self.args)
        first = self.args[0]
        if isinstance(first, int) and not isinstance(first, bool):
            name = ERRORCODE.get(first)
            return f"[Errno {first}] {name}" if name else str(first)
        return str(first)

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self.args!r}"

    @classmethod
    def from_host(cls, exc: OSError) -> BoardOSError:
        """Return the board's error for one that the host raised; a board error comes back as it is."""
        if isinstance(exc, DeviceError):
            return exc if isinstance(exc, BoardOSError) else cls(*exc.args)
        return cls(board_errno(exc))


class BoardTimeoutError(BoardOSError):
    """``TimeoutError`` of the board: ``usocket.timeout``, ``LoRa.timeout``, ``Bluetooth.timeout``; no builtin name."""

    def __str__(self) -> str:
        return str(self.args[0]) if len(self.args) == 1 else super().__str__()


for _class, _name in ((BoardOSError, "OSError"), (BoardTimeoutError, "TimeoutError")):
    _class.__name__ = _class.__qualname__ = _name
