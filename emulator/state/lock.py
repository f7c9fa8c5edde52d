"""One process at a time: a lock on a file, which dies with its process."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO

_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})


class InUseError(Exception):
    """Another process holds the lock."""


class Lock:
    """Held from the moment it is made until :meth:`release`. Raises InUseError, OSError."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] | None = None
        file = path.open("a+b")
        try:
            _lock(file)
        except OSError as error:
            file.close()
            if error.errno in _HELD:
                raise InUseError from error
            raise
        self._file = file

    def release(self) -> None:
        """Let another have it. Does nothing the second time."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lock(file: IO[bytes]) -> None:
    if os.name == "nt":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
