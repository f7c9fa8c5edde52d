"""``uhashlib``: md5, sha1, sha224 to sha512 with ``update`` and ``digest`` only (firmware: esp32/mods/moduhashlib.c).

The board has one hash engine: a second hash before the ``digest()`` of the first is refused.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import count, native
from emulator.firmware._convert import readable

if TYPE_CHECKING:
    from emulator.device import Device

NAMES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")


def _host(name: str) -> Callable[..., Any]:
    """The host's function; one in FIPS mode has the first two for other uses only."""
    make: Callable[..., Any] = getattr(hashlib, name)
    return functools.partial(make, usedforsecurity=False) if name in ("md5", "sha1") else make


def _class(name: str, make: Callable[..., Any], take: Callable[[], object], release: Callable[[None], None]) -> type:
    class Hash:
        """A hash being computed; after ``digest()`` it takes no more data and keeps its result."""

        __slots__ = ("_state",)
        __hash__ = None  # type: ignore[assignment]
        _state: Any
        """The first data while there is no other, then the host's hash, at last the result in a tuple."""

        def __init__(self, data: Any = b"", /, *more: object, **named: object) -> None:
            if more or named:
                if named:
                    raise TypeError("function doesn't take keyword arguments")
                count(1 + len(more), 0, 1)
            try:
                take()
            except IndexError:
                raise BoardOSError("only one active hash operation is permitted at a time") from None
            # a failure here leaves the engine taken, until the next reset
            self._state = data if type(data) is bytes else bytes(readable(data))

        @native(2)
        def update(self, data: object, /) -> None:
            if type(self._state) is tuple:  # afterwards the argument is not even looked at
                return
            view = readable(data)
            if type(self._state) is bytes:
                self._state = make(self._state)
            self._state.update(view)

        def digest(self, /) -> bytes:
            state = self._state
            if type(state) is tuple:
                return state[0]  # type: ignore[no-any-return]
            result: bytes = (make(state) if type(state) is bytes else state).digest()
            self._state = (result,)
            release(None)
            return result

    Hash.__name__ = Hash.__qualname__ = name
    return Hash


def module(device: Device) -> dict[str, object]:
    """Return the names of ``uhashlib``."""
    engine = [None]  # empty while a hash is being computed; a list, since to take from it is one step for all threads
    functions = {name: _host(name) for name in NAMES}
    classes = {name: _class(name, make, engine.pop, engine.append) for name, make in functions.items()}
    sites = getattr(device.interpreter, "sites", None)
    if sites is not None:
        sites.provide_hashes({classes[name]: functions[name] for name in NAMES}, engine)
    return {"__name__": "uhashlib", **classes}
