"""The board's ``OSError`` and the numbers it carries.

Numbers are MicroPython's own (firmware: py/mperrno.h) and equal Linux's for every entry below 40.
"""

from __future__ import annotations

from collections.abc import Callable

EPERM = 1
ENOENT = 2
EIO = 5
ENOEXEC = 8
EBADF = 9
ENOMEM = 12
EACCES = 13
EBUSY = 16
EEXIST = 17
ENODEV = 19
ENOTDIR = 20
EISDIR = 21
EINVAL = 22
EMFILE = 24
ENOSPC = 28
EROFS = 30
ENOTEMPTY = 39

NAMES: dict[int, str] = {
    number: name for name, number in list(globals().items()) if name.startswith("E") and isinstance(number, int)
}


class DeviceError(OSError):
    """``OSError`` as the board raises it: ``args[0]`` is a number, or a text where the firmware has only a text.

    Unlike the host's class it never turns into a subclass such as ``FileNotFoundError``, and 0 is a legal number
    (firmware: esp32/littlefs/vfs_littlefs.c maps several failures to it).
    """

    def __init__(self, *args: object) -> None:
        self.args = args
        number = self.number
        if number is not None:
            self.errno = number

    @property
    def number(self) -> int | None:
        """The board's number, or None where the error has only a text."""
        first = self.args[0] if self.args else None
        return first if isinstance(first, int) else None

    def __str__(self) -> str:
        if len(self.args) != 1:
            return str(self.args) if self.args else ""
        number = self.number
        if number is None:
            return str(self.args[0])
        name = NAMES.get(number)
        return f"[Errno {number}] {name}" if name else str(number)


ErrorFactory = Callable[[int | str], Exception]
"""Makes the exception to raise from the board's number or text."""
