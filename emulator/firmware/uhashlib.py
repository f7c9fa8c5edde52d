"""``uhashlib``: md5, sha1, sha224 to sha512 with ``update`` and ``digest`` only (firmware: esp32/mods/moduhashlib.c).

The board has one hash engine: a second hash before the ``digest()`` of the first is refused.
"""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import count, native
from emulator.firmware._convert import readable

if TYPE_CHECKING:
    from emulator.device import Device

NAMES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


class _Engine:
    """Who has the board's hash engine, if anyone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy = False

    def take(self) -> None:
        with self._lock:
            if self._busy:
                raise BoardOSError("only one active hash operation is permitted at a time")
            self._busy = True

    def release(self) -> None:
        with self._lock:
            self._busy = False


def _class(name: str, engine: _Engine) -> type:
    class Hash:
        """A hash being computed; after ``digest()`` it takes no more data and keeps its result."""

        __slots__ = ("_hash", "_result")

        def __init__(self, *data: object) -> None:
            count(len(data), 0, 1)
            first = bytes(readable(data[0])) if data else b""
            engine.take()
            self._hash: Any = hashlib.new(name, first, usedforsecurity=False)
            self._result: bytes | None = None

        @native(2)
        def update(self, data: object, /) -> None:
            view = readable(data)
            if self._result is None:
                self._hash.update(view)

        @native(1)
        def digest(self) -> bytes:
            if self._result is None:
                self._result = self._hash.digest()
                engine.release()
            return self._result

    Hash.__name__ = Hash.__qualname__ = name
    return Hash


def module(device: Device) -> dict[str, object]:
    """Return the names of ``uhashlib``."""
    engine = _Engine()
    return {"__name__": "uhashlib", **{name: _class(name, engine) for name in NAMES}}
