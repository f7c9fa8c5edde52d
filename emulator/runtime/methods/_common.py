"""What the methods of several native types share."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from emulator.runtime.methods.signature import native
from emulator.runtime.names import native_name, type_name

SPACE: Final = " \t\n\r\v\f"
"""What counts as a blank on the board (firmware: py/unicode.c)."""

NATIVE: Final = object()
"""Table entry of a method that does here what it does on the board."""

Table = dict[str, Any]
"""Name of a method -> ``NATIVE``, or the function that stands for the host's."""


def counted(kind: type, counts: str) -> Table:
    """A table of the host's methods of ``kind`` that only say otherwise when the number of arguments is wrong.

    ``counts``: ``name:least`` or ``name:least:most``, ``self`` included; ``*`` is any number.
    """
    table: Table = {}
    for entry in counts.split():
        name, least, *most = entry.split(":")
        limit = int(least) if not most else None if most[0] == "*" else int(most[0])
        table[name] = native(int(least), limit)(getattr(kind, name))
    return table


def natives(names: str) -> Table:
    """A table of methods that need no replacement."""
    return dict.fromkeys(names.split(), NATIVE)


def implicit_str(value: object) -> NoReturn:
    """Raise TypeError: ``value`` is no text of the wanted kind (firmware: py/objstr.c)."""
    wanted = "bytes" if type(value) is str else "str"
    raise TypeError(f"can't convert '{type_name(value)}' object to {wanted} implicitly")


def text_of(value: object) -> str | bytes:
    """``value`` if it is a str or bytes. Raises TypeError."""
    if isinstance(value, (str, bytes)):
        return value
    implicit_str(value)


def to_int(value: object) -> int:
    """``value`` as a machine word. Raises TypeError for all but int and bool, OverflowError."""
    if not isinstance(value, int):
        raise TypeError(f"can't convert {native_name(value)} to int")
    number = int(value)
    if not -0x80000000 <= number <= 0x7FFFFFFF:
        raise OverflowError("overflow converting long int to machine word")
    return number


def item_index(kind: str, length: int, index: object) -> int:
    """The number of an item. Raises TypeError, IndexError (firmware: py/obj.c)."""
    if not isinstance(index, int):
        raise TypeError(f"{kind} indices must be integers, not {type_name(index)}")
    number = to_int(index)
    if number < 0:
        number += length
    if not 0 <= number < length:
        raise IndexError(f"{kind} index out of range")
    return number


def slice_index(kind: str, length: int, index: object) -> int:
    """A bound of a search, clamped to ``0..length``. Raises TypeError (firmware: py/obj.c)."""
    if not isinstance(index, int):
        kind = "string" if kind == "str" else kind
        raise TypeError(f"{kind} indices must be integers, not {type_name(index)}")
    number = to_int(index)
    if number < 0:
        number += length
    return min(max(number, 0), length)


def buffer_of(value: object) -> bytes | memoryview:
    """The bytes of an object with the buffer protocol; a str is its UTF-8. Raises TypeError (firmware: py/obj.c)."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return view_of(value).cast("B")


def view_of(value: object) -> memoryview:
    """A view of an object with the buffer protocol. Raises TypeError."""
    try:
        return memoryview(value)  # type: ignore[arg-type]
    except TypeError:
        pass
    for owner in type(value).__mro__:
        # hosts before 3.12 do not ask for it
        if "__buffer__" in owner.__dict__ and owner.__module__.startswith("emulator."):
            return memoryview(owner.__dict__["__buffer__"](value, 0))
    raise TypeError("object with buffer protocol required")


def decoded(data: bytes | memoryview) -> str:
    """``data`` as text. Raises UnicodeError without a text (firmware: py/objstr.c)."""
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        raise UnicodeError from None
