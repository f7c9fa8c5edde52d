"""``array``: arrays of numbers (firmware: py/objarray.c, py/binary.c)."""

from __future__ import annotations

import array as host
from typing import TYPE_CHECKING, Any

from emulator.firmware._arguments import count
from emulator.firmware._convert import to_text
from emulator.runtime.calls import iterated
from emulator.runtime.floats import to_single
from emulator.runtime.methods._common import buffer_of, item_index
from emulator.runtime.names import type_name

if TYPE_CHECKING:
    from emulator.device import Device

_HOST_CODES = {
    "b": "b",
    "B": "B",
    "h": "h",
    "H": "H",
    "i": "i",
    "I": "I",
    "l": "i",
    "L": "I",
    "q": "q",
    "Q": "Q",
    "f": "f",
    "d": "d",
    "P": "I",
}
"""Typecode -> the host's of the same size: a long has four bytes on the board."""

_SIGNED = "bhilq"
_NOT_EMULATED = "OS"
_ABSENT = (
    "buffer_info byteswap count frombytes fromfile fromlist fromunicode index insert itemsize pop remove reverse tobytes "
    "tofile tolist tounicode typecode clear"
)


def _number(code: str, size: int, value: object) -> int | float:
    """``value`` as an item: an int keeps its low bytes. Raises TypeError."""
    if code in "fd":
        if not isinstance(value, (int, float)):
            raise TypeError(f"can't convert {type_name(value)} to float")
        return to_single(value)
    if not isinstance(value, int):
        raise TypeError(f"can't convert {type_name(value)} to int")
    word = int(value) & ((1 << 8 * size) - 1)
    if code in _SIGNED and word >> 8 * size - 1:
        word -= 1 << 8 * size
    return word


def _range(of: array, index: slice) -> tuple[int, int]:
    if index.step not in (None, 1):
        raise NotImplementedError("only slices with step=1 (aka None) are supported")
    start, stop, _ = index.indices(len(of))
    return start, max(start, stop)


class array(host.array):  # type: ignore[type-arg]
    """``array(typecode[, items])``: ``items`` are numbers, or bytes that are taken as they are, whole items only.

    Ints lose what does not fit. Raises ValueError for a typecode that does not exist, TypeError.
    """

    __slots__ = ("_code",)
    __hash__ = None
    _code: str

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise TypeError("function doesn't take keyword arguments")
        count(len(args), 1, 2)
        code = to_text(args[0])[:1]
        if code and code in _NOT_EMULATED:
            raise NotImplementedError(f"array typecode '{code}': the board has it, the emulator does not yet")
        if code not in _HOST_CODES:
            raise ValueError("bad typecode")
        made = host.array.__new__(cls, _HOST_CODES[code])
        made._code = code
        if len(args) == 2:
            items = args[1]
            if isinstance(items, (bytes, bytearray)):
                _add_bytes(made, items)
            else:
                size = made._size()
                host.array.extend(made, [_number(code, size, item) for item in iterated(items)])
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def _size(self) -> int:
        return host.array.itemsize.__get__(self)  # type: ignore[no-any-return]

    def _like(self, data: Any) -> array:
        made: array = host.array.__new__(type(self), _HOST_CODES[self._code])
        made._code = self._code
        host.array.frombytes(made, data)
        return made

    def append(self, *args: Any) -> None:
        """Add one item."""
        count(1 + len(args), 2, 2)
        host.array.append(self, _number(self._code, self._size(), args[0]))

    def extend(self, *args: Any) -> None:
        """Add the bytes of an object with the buffer protocol, whole items only. Raises TypeError."""
        count(1 + len(args), 2, 2)
        _add_bytes(self, buffer_of(args[0]))

    def decode(self, *args: Any) -> str:
        """The bytes as text."""
        return host.array.tobytes(self).decode("utf-8", "replace")

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            start, stop = _range(self, index)
            size = self._size()
            return self._like(host.array.tobytes(self)[start * size : stop * size])
        return host.array.__getitem__(self, item_index("array", len(self), index))

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, slice):
            at = item_index("array", len(self), index)
            host.array.__setitem__(self, at, _number(self._code, self._size(), value))
            return
        start, stop = _range(self, index)
        size = self._size()
        if isinstance(value, (array, bytearray, memoryview, bytes)):
            data = memoryview(value)
            if data.itemsize != size:
                raise ValueError("lhs and rhs should be compatible")
        else:
            raise NotImplementedError("array/bytes required on right side")
        replaced = host.array(_HOST_CODES[self._code], data.tobytes())
        host.array.__setitem__(self, slice(start, stop), replaced)

    def __delitem__(self, index: Any) -> None:
        raise TypeError("'array' object doesn't support item deletion")

    def __add__(self, other: Any) -> Any:
        data = memoryview(buffer_of(other))
        return self._like(host.array.tobytes(self) + bytes(data[: len(data) // self._size() * self._size()]))

    def __iadd__(self, other: Any) -> Any:
        self.extend(other)
        return self

    def __mul__(self, other: Any) -> Any:
        return NotImplemented

    __rmul__ = __imul__ = __lt__ = __le__ = __gt__ = __ge__ = __mul__

    def __contains__(self, item: Any) -> bool:
        if isinstance(item, (int, float)) and not isinstance(item, bool):
            raise NotImplementedError
        return False

    def __eq__(self, other: object) -> bool:
        try:
            return host.array.tobytes(self) == bytes(buffer_of(other))
        except TypeError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __repr__(self) -> str:
        from emulator.runtime.methods import late

        printer = late.printer()
        items = ", ".join([printer.repr(item) for item in self])
        return f"array('{self._code}', [{items}])" if items else f"array('{self._code}')"


def _add_bytes(to: array, data: Any) -> None:
    view = memoryview(data)
    size = to._size()
    host.array.frombytes(to, bytes(view[: view.nbytes // size * size]))


def _absent(name: str) -> property:
    def get(self: array) -> Any:
        raise AttributeError(f"'{type_name(self)}' object has no attribute '{name}'")

    return property(get)


for _name in _ABSENT.split():
    setattr(array, _name, _absent(_name))


def module(device: Device) -> dict[str, object]:
    """Return the names of ``array``."""
    return {"__name__": "array", "array": array}
