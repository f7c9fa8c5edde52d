"""Arguments of native functions: what the board takes for an int, a float, a text, a buffer, and says if not.

firmware: py/obj.c (mp_obj_get_int, mp_obj_get_float, mp_get_buffer_raise), py/objstr.c (mp_obj_str_get_str)
"""

from __future__ import annotations

from emulator.errors import BoardOSError
from emulator.runtime.floats import int_to_single, to_single
from emulator.runtime.memory import failed
from emulator.runtime.names import type_name
from emulator.runtime.raised import is_own

SMALL_INT_MIN, SMALL_INT_MAX = -(1 << 30), (1 << 30) - 1
"""Integers that fit a word of the board; larger ones are objects and are handled by other code there."""


def to_int(value: object) -> int:
    """Return ``value`` as an integer; TypeError for all but int and bool, floats included."""
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"can't convert {type_name(value)} to int")


def to_float(value: object) -> float:
    """Return ``value`` as a single-precision float; TypeError for all but float, int and bool."""
    if isinstance(value, int):
        return int_to_single(value)
    if isinstance(value, float):
        return to_single(value)
    raise TypeError(f"can't convert {type_name(value)} to float")


def to_text(value: object) -> str:
    """Return a str or bytes as text; TypeError for anything else, bytearray included."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    raise TypeError(f"can't convert '{type_name(value)}' object to str implicitly")


def encode(text: str) -> bytes:
    """Return the bytes the board keeps for ``text``: UTF-8, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def readable(value: object) -> memoryview:
    """Return the bytes of a buffer (a str counts, as its UTF-8); TypeError for anything else."""
    if isinstance(value, str):
        return memoryview(encode(value))
    try:
        return memoryview(value).cast("B")  # type: ignore[arg-type]
    except TypeError:
        raise TypeError("object with buffer protocol required") from None


def writable(value: object) -> memoryview:
    """Return the bytes of a buffer that can be written to; TypeError for anything else."""
    view = readable(value)
    if view.readonly:
        raise TypeError("object with buffer protocol required")
    return view


def check_stream(value: object, method: str) -> None:
    """Raise the board's OSError unless ``value`` is a native stream that has ``method``.

    A class of the script is no stream on the board, whatever methods it has.
    """
    native = any(is_own(owner.__module__) for owner in type(value).__mro__)
    if not (native and hasattr(value, method)):
        raise BoardOSError("stream operation not supported")


def check_memory(size: int, heap_bytes: int) -> None:
    """Raise MemoryError for an allocation that no heap of the board could hold."""
    if size > heap_bytes:
        raise failed(size)
