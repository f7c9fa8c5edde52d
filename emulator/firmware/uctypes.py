"""``uctypes``: structures laid over memory (firmware: extmod/moductypes.c, py/binary.c).

A descriptor is a dict of fields; a field is an int (type and offset, for a bit field its place too) or a tuple (a nested
structure, an array, a pointer). Addresses are those of :mod:`emulator.firmware._memory`.
"""

from __future__ import annotations

import struct as host_struct
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from emulator.firmware._arguments import count, native
from emulator.firmware._convert import SMALL_INT_MAX, SMALL_INT_MIN, to_float, to_int
from emulator.firmware._memory import Memory, memory_of, view_of
from emulator.firmware._natives import hide, to_word
from emulator.runtime.floats import to_single
from emulator.runtime.hidden import no_attribute
from emulator.runtime.methods._common import decoded, item_index
from emulator.runtime.printing import bytes_repr

if TYPE_CHECKING:
    from emulator.device import Device

LITTLE_ENDIAN, BIG_ENDIAN, NATIVE = 0, 1, 2

_SCALARS = ("UINT8", "INT8", "UINT16", "INT16", "UINT32", "INT32", "UINT64", "INT64")
_BITS = ("BFUINT8", "BFINT8", "BFUINT16", "BFINT16", "BFUINT32", "BFINT32")
_TYPES = {name: number for number, name in enumerate((*_SCALARS, *_BITS, "FLOAT32", "FLOAT64"))}
_ALIASES = {
    "VOID": "UINT8", "SHORT": "INT16", "USHORT": "UINT16", "INT": "INT32", "UINT": "UINT32", "LONG": "INT32",
    "ULONG": "UINT32", "LONGLONG": "INT64", "ULONGLONG": "UINT64",
}  # fmt: skip
_FLOAT32, _FLOAT64, _UINT8, _UINT64, _INT64 = (
    _TYPES[name] for name in ("FLOAT32", "FLOAT64", "UINT8", "UINT64", "INT64")
)
_FIRST_BITS, _LAST_BITS = _TYPES["BFUINT8"], _TYPES["BFINT32"]
_STRUCT, _PTR, _ARRAY = 0, 1, 2
_TYPE_BITS, _KIND_BITS = 4, 2
_BIT_PLACE, _BIT_COUNT = 17, 22


def _constant(number: int, bits: int) -> int:
    """A type as the constants hold it: in the highest bits of a 31-bit word, the sign included."""
    return (number << 31 - bits) - ((number >> bits - 1) << 31)


CONSTANTS: dict[str, int] = {
    "NATIVE": NATIVE,
    "LITTLE_ENDIAN": LITTLE_ENDIAN,
    "BIG_ENDIAN": BIG_ENDIAN,
    "BF_POS": _BIT_PLACE,
    "BF_LEN": _BIT_COUNT,
    "PTR": _constant(_PTR, _KIND_BITS),
    "ARRAY": _constant(_ARRAY, _KIND_BITS),
    **{name: _constant(number, _TYPE_BITS) for name, number in _TYPES.items()},
    **{name: _constant(_TYPES[meant], _TYPE_BITS) for name, meant in _ALIASES.items()},
}


def _split(word: int, bits: int) -> tuple[int, int]:
    """A word of a descriptor: the type in its highest ``bits``, and the rest."""
    return word >> 31 - bits & (1 << bits) - 1, word & (1 << 31 - bits) - 1


def _syntax_error() -> TypeError:
    return TypeError("syntax error in uctypes descriptor")


def _small(value: object) -> bool:
    return type(value) is int and SMALL_INT_MIN <= value <= SMALL_INT_MAX


def _word(value: object) -> int:
    """A number of a descriptor. Raises TypeError where the board takes the bits of an object for one."""
    if not _small(value):
        raise _syntax_error()
    return value  # type: ignore[return-value]


def _scalar_width(kind: int) -> int:
    """Bytes of a scalar in an array: the width that its number in the table gives, for floats too (128)."""
    return 1 << (kind >> 1)


def _field_width(kind: int) -> int:
    """Bytes of a scalar field."""
    return 4 if kind == _FLOAT32 else 1 << ((kind & 7) >> 1)


def _aggregate(descriptor: tuple[Any, ...]) -> tuple[int, int]:
    """Kind and offset of a nested structure, a pointer or an array."""
    if len(descriptor) < 2:
        raise _syntax_error()
    return _split(_word(descriptor[0]), _KIND_BITS)


class _Size:
    """How many bytes a descriptor takes; ``widest`` is its widest field."""

    def __init__(self) -> None:
        self.widest = 0

    def of(self, descriptor: Any, layout: int) -> int:
        """Return the bytes. Raises TypeError."""
        if not isinstance(descriptor, dict):
            if isinstance(descriptor, tuple):
                return self._of_aggregate(descriptor, layout)
            if _small(descriptor):
                raise TypeError("Cannot unambiguously get sizeof scalar")
            raise _syntax_error()
        total = 0
        for field in descriptor.values():
            if _small(field):
                kind, offset = _split(field, _TYPE_BITS)
                if _FIRST_BITS <= kind <= _LAST_BITS:
                    offset &= (1 << _BIT_PLACE) - 1
                width = _field_width(kind)
                self.widest = max(self.widest, width)
            elif isinstance(field, tuple):
                _, offset = _aggregate(field)
                width = self._of_aggregate(field, layout)
            else:
                raise _syntax_error()
            total = max(total, offset + width)
        if layout == NATIVE and self.widest:
            total = (total + self.widest - 1) & ~(self.widest - 1)
        return total

    def _of_aggregate(self, descriptor: tuple[Any, ...], layout: int) -> int:
        kind, _ = _aggregate(descriptor)
        if kind == _STRUCT:
            return self.of(descriptor[1], layout)
        if kind == _PTR:
            self.widest = max(self.widest, 4)
            return 4
        if kind != _ARRAY:
            raise _syntax_error()
        item, length = _split(_word(descriptor[1]), _TYPE_BITS)
        if len(descriptor) == 2:
            width = _scalar_width(item)
            self.widest = max(self.widest, width)
        else:
            width = self.of(descriptor[2], layout)
        return width * length


def _size(descriptor: Any, layout: int) -> int:
    return _Size().of(descriptor, layout)


def _decode(data: bytes, kind: int) -> Any:
    """The value of a scalar from its bytes, little end first."""
    if kind in (_FLOAT32, _FLOAT64):
        return to_single(host_struct.unpack("<f" if kind == _FLOAT32 else "<d", data)[0])
    return int.from_bytes(data, "little", signed=bool(kind & 1))


def _encode(value: object, kind: int) -> bytes:
    """The bytes of a scalar, little end first; numbers too large are cut. Raises TypeError."""
    if kind in (_FLOAT32, _FLOAT64):
        return host_struct.pack("<f" if kind == _FLOAT32 else "<d", to_float(value))
    number, width = to_int(value), _field_width(kind)
    if width == 8 and SMALL_INT_MIN <= number <= SMALL_INT_MAX and not (kind & 1 and number < 0):
        number &= 0xFFFFFFFF  # a small number is a 32-bit word, extended by the sign of its type
    return (number & (1 << 8 * width) - 1).to_bytes(width, "little")


class _Part:
    """Bytes of another object as a bytearray: what is written here is written there, and the length is fixed."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    if TYPE_CHECKING:

        def __len__(self) -> int: ...

    __class__ = bytearray  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"bytearray({bytes_repr(bytes(self._view()))})"

    def _view(self) -> memoryview:
        return memoryview(self).cast("B")  # type: ignore[arg-type]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return bytearray(self._view()[index])
        return self._view()[item_index("bytearray", len(self), index)]

    def __setitem__(self, index: Any, value: Any) -> None:
        view = self._view()
        if not isinstance(index, slice):
            view[item_index("bytearray", len(self), index)] = to_int(value) & 0xFF
            return
        data = bytes(view_of(value))
        if len(data) != len(view[index]):
            raise ValueError("lhs and rhs should be compatible")
        view[index] = data

    def __delitem__(self, index: Any) -> None:
        raise TypeError("'bytearray' object doesn't support item deletion")

    def __iter__(self) -> Any:
        return iter(self._view())

    def __contains__(self, item: Any) -> bool:
        return item in bytearray(self._view())

    def __bool__(self) -> bool:
        return len(self) > 0

    def __eq__(self, other: object) -> bool:
        try:
            return bytes(self._view()) == bytes(view_of(other))
        except TypeError:
            return False

    def __add__(self, other: Any) -> bytearray:
        return bytearray(self._view()) + bytes(view_of(other))

    @native(1, 3)
    def decode(self, *ignored: Any) -> str:
        return decoded(bytes(self._view()))


@lru_cache(maxsize=64)
def _part_of_size(size: int) -> Any:
    import ctypes

    return type("bytearray", (_Part, ctypes.c_ubyte * size), {"__module__": __name__})


def _make_struct(memory: Memory) -> tuple[Any, Any, Callable[[int, int], Any]]:
    """The class ``struct`` of one power cycle, where its objects keep what they are, and ``bytearray_at``."""

    class struct:
        """``struct(address, descriptor[, layout])``: memory seen through a descriptor. Fields are attributes or items.

        Nothing is looked at before it is used: the address and the descriptor may be wrong until then.
        """

        __slots__ = ("_what",)
        __hash__ = None  # type: ignore[assignment]

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if kwargs:
                raise TypeError("function doesn't take keyword arguments")
            count(len(args), 2, 3)
            layout = to_word(args[2]) if len(args) == 3 else NATIVE
            what.__set__(self, (to_int(args[0]) & 0xFFFFFFFF, args[1], layout))

        def __repr__(self) -> str:
            address, descriptor, _ = what.__get__(self)
            return f"<struct {_shown_kind(descriptor)} {address:x}>"

        def __getattr__(self, name: str) -> Any:
            address, descriptor, layout = what.__get__(self)
            return load_field(address, descriptor, layout, name)

        def __setattr__(self, name: str, value: Any) -> None:
            address, descriptor, layout = what.__get__(self)
            store_field(address, descriptor, layout, name, value)

        def __delattr__(self, name: str) -> None:
            raise no_attribute(self, name)

        def __getitem__(self, index: Any) -> Any:
            address, descriptor, layout = what.__get__(self)
            return load_item(address, descriptor, layout, index)

        def __setitem__(self, index: Any, value: Any) -> None:
            address, descriptor, layout = what.__get__(self)
            store_item(address, descriptor, layout, index, value)

        def __delitem__(self, index: Any) -> None:
            raise TypeError("'struct' object doesn't support item deletion")

        def __iter__(self) -> Any:
            address, descriptor, layout = what.__get__(self)
            load_field(address, descriptor, layout, "__getitem__")  # as the board does, which ends in an error
            raise TypeError("'struct' object isn't iterable")

        def __contains__(self, item: Any) -> bool:
            raise TypeError("'struct' object isn't iterable")

        def __int__(self) -> int:
            address, descriptor, _ = what.__get__(self)
            if isinstance(descriptor, tuple) and _aggregate(descriptor)[0] == _PTR:
                return int.from_bytes(memory.read(address, 4), "little", signed=True)
            raise TypeError("can't convert struct to int")

        def __eq__(self, other: object) -> bool:
            return self is other

        def __dir__(self) -> list[str]:
            return ["__class__"]

        def __buffer__(self, flags: int, /) -> memoryview:
            address, descriptor, layout = what.__get__(self)
            size = _size(descriptor, layout)
            if not size:
                return memoryview(bytearray())
            _, view, offset = memory.owner(address, size)
            return view[offset : offset + size]

        def __bytes__(self) -> bytes:
            return bytes(self.__buffer__(0))

    struct.__qualname__ = "struct"
    what = hide(struct, "_what")

    def load(address: int, kind: int, layout: int) -> Any:
        data = memory.read(address, _field_width(kind))
        return _decode(data[::-1] if layout not in (LITTLE_ENDIAN, NATIVE) else data, kind)

    def store(address: int, kind: int, layout: int, value: Any) -> None:
        data = _encode(value, kind)
        memory.write(address, data[::-1] if layout not in (LITTLE_ENDIAN, NATIVE) else data)

    def load_bits(address: int, kind: int, layout: int) -> int:
        data = memory.read(address, _field_width(kind))
        return int.from_bytes(data, "big" if layout not in (LITTLE_ENDIAN, NATIVE) else "little")

    def field_of(descriptor: Any, name: str) -> Any:
        if not isinstance(descriptor, dict):
            raise TypeError("struct: no fields")
        if name not in descriptor:
            raise KeyError(name)
        field = descriptor[name]
        if not _small(field) and not isinstance(field, tuple):
            raise _syntax_error()
        return field

    def load_field(address: int, descriptor: Any, layout: int, name: str) -> Any:
        field = field_of(descriptor, name)
        if isinstance(field, tuple):
            kind, offset = _aggregate(field)
            if kind == _STRUCT:
                return struct(address + offset, field[1], layout)
            if kind == _ARRAY and len(field) == 2 and _split(_word(field[1]), _TYPE_BITS)[0] == _UINT8:
                return bytearray_at(address + offset, _size(field, layout))
            if kind not in (_ARRAY, _PTR):
                raise _syntax_error()
            return struct(address + offset, field, layout)
        kind, offset = _split(field, _TYPE_BITS)
        if not _FIRST_BITS <= kind <= _LAST_BITS:
            return load(address + offset, kind, layout)
        place, width, offset = _bits(offset)
        return load_bits(address + offset, kind, layout) >> place & (1 << width) - 1

    def store_field(address: int, descriptor: Any, layout: int, name: str, value: Any) -> None:
        field = field_of(descriptor, name)
        if isinstance(field, tuple):
            raise _syntax_error()
        kind, offset = _split(field, _TYPE_BITS)
        if not _FIRST_BITS <= kind <= _LAST_BITS:
            store(address + offset, kind, layout, value)
            return
        place, width, offset = _bits(offset)
        mask = (1 << width) - 1
        number = load_bits(address + offset, kind, layout) & ~(mask << place) | (to_word(value) & mask) << place
        size = _field_width(kind)
        order: Any = "big" if layout == BIG_ENDIAN else "little"
        memory.write(address + offset, (number & (1 << 8 * size) - 1).to_bytes(size, order))

    def place_of(address: int, descriptor: Any, layout: int, index: Any) -> tuple[int, Any, bool]:
        """Where an item is and what: the type of a scalar, or the descriptor of a structure (then the last is False)."""
        if not isinstance(descriptor, tuple):
            raise TypeError("struct: cannot index")
        kind, _ = _aggregate(descriptor)
        number = to_int(index)
        if kind == _PTR:
            start = int.from_bytes(memory.read(address, 4), "little")
            if _small(descriptor[1]):
                item, _ = _split(descriptor[1], _TYPE_BITS)
                return start + _field_width(item) * number, item, True
            return start + _size(descriptor[1], layout) * number, descriptor[1], False
        if kind != _ARRAY:
            raise _syntax_error()
        item, length = _split(_word(descriptor[1]), _TYPE_BITS)
        if number >= length:
            raise IndexError("struct: index out of range")
        if len(descriptor) == 2:
            width = _field_width(item) if layout == NATIVE else _scalar_width(item)
            return address + width * number, item, True
        return address + _size(descriptor[2], layout) * number, descriptor[2], False

    def load_item(address: int, descriptor: Any, layout: int, index: Any) -> Any:
        place, item, scalar = place_of(address, descriptor, layout, index)
        if not scalar:
            return struct(place, item, layout)
        # what a pointer points to has the host's byte order, whatever the layout
        return load(place, item, NATIVE if _aggregate(descriptor)[0] == _PTR else layout)

    def store_item(address: int, descriptor: Any, layout: int, index: Any, value: Any) -> None:
        place, item, scalar = place_of(address, descriptor, layout, index)
        if isinstance(descriptor, tuple) and _aggregate(descriptor)[0] == _PTR:
            return  # the board reads the item and drops the value
        if not scalar:
            raise TypeError("'struct' object doesn't support item assignment")
        if layout == NATIVE and item in (_UINT64, _INT64):
            place = address  # whatever the index
        store(place, item, layout, value)

    def bytearray_at(address: int, size: int) -> Any:
        if not size:
            return bytearray()
        owner, view, offset = memory.owner(address, size)
        if type(owner) is bytearray and size == len(owner):
            return owner
        part = _part_of_size(size).from_buffer(view[offset : offset + size])
        memory.add_part(part, address)
        return part

    return struct, what, bytearray_at


def _bits(offset: int) -> tuple[int, int, int]:
    """Place and width of a bit field, and the offset of the word that it is in."""
    return offset >> _BIT_PLACE & 31, offset >> _BIT_COUNT & 31, offset & (1 << _BIT_PLACE) - 1


def _shown_kind(descriptor: Any) -> str:
    if isinstance(descriptor, dict):
        return "STRUCT"
    if not isinstance(descriptor, tuple):
        return "ERROR"
    kind = _split(descriptor[0], _KIND_BITS)[0] if descriptor and _small(descriptor[0]) else _STRUCT
    return {_PTR: "PTR", _ARRAY: "ARRAY"}.get(kind, "unk")


def module(device: Device) -> dict[str, object]:
    """Return the names of ``uctypes``."""
    memory = memory_of(device)
    struct, what, part = _make_struct(memory)

    @native(1, 2)
    def sizeof(obj: Any, *layouts: object) -> int:
        if isinstance(obj, bytearray):
            return len(obj)
        if not isinstance(obj, struct):
            return _size(obj, to_word(layouts[0]) if layouts else NATIVE)
        if layouts:
            raise TypeError
        _, descriptor, layout = what.__get__(obj)
        return _size(descriptor, layout)

    @native(1)
    def addressof(obj: object, /) -> int:
        address = what.__get__(obj)[0] if isinstance(obj, struct) else memory.address_of(obj)
        return address - (1 << 32) if address >= 1 << 31 else address

    @native(2)
    def bytes_at(address: object, size: object, /) -> bytes:
        return memory.read(to_int(address) & 0xFFFFFFFF, to_int(size) & 0xFFFFFFFF)

    @native(2)
    def bytearray_at(address: object, size: object, /) -> Any:
        return part(to_int(address) & 0xFFFFFFFF, to_int(size) & 0xFFFFFFFF)

    return {
        "__name__": "uctypes",
        **CONSTANTS,
        "addressof": addressof,
        "bytearray_at": bytearray_at,
        "bytes_at": bytes_at,
        "sizeof": sizeof,
        "struct": struct,
    }
