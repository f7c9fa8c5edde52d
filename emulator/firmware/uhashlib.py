"""``uhashlib``: md5, sha1, sha224 to sha512 with ``update`` and ``digest`` only (firmware: esp32/mods/moduhashlib.c).

The board has one hash engine: a second hash before the ``digest()`` of the first is refused.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import count, native
from emulator.firmware._convert import readable

if TYPE_CHECKING:
    from emulator.device import Device

NAMES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def _class(name: str, engine: threading.Lock) -> type:
    make: Callable[..., Any] = getattr(hashlib, name)
    if name in ("md5", "sha1"):  # a host in FIPS mode has them for other uses only
        make = functools.partial(make, usedforsecurity=False)
    take, release = engine.acquire, engine.release

    class Hash:
        """A hash being computed; after ``digest()`` it takes no more data and keeps its result."""

        __slots__ = ("_hash", "_result")
        __hash__ = None  # type: ignore[assignment]

        def __init__(self, data: Any = b"", /, *more: object, **named: object) -> None:
            if more or named:
                if named:
                    raise TypeError("function doesn't take keyword arguments")
                count(1 + len(more), 0, 1)
            if not take(False):
                raise BoardOSError("only one active hash operation is permitted at a time")
            # a failure here leaves the engine taken, until the next reset
            self._hash = make(data if type(data) is bytes else bytes(readable(data)))
            self._result: bytes | None = None

        @native(2)
        def update(self, data: object, /) -> None:
            if self._result is None:  # afterwards the argument is not even looked at
                self._hash.update(readable(data))

        def digest(self, /) -> bytes:
            result = self._result
            if result is None:
                result = self._result = self._hash.digest()
                release()
            return result

    Hash.__name__ = Hash.__qualname__ = name
    return Hash


def module(device: Device) -> dict[str, object]:
    """Return the names of ``uhashlib``."""
    engine = threading.Lock()  # held by the hash that is being computed
    return {"__name__": "uhashlib", **{name: _class(name, engine) for name in NAMES}}
