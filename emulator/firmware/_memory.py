"""Addresses of the board's memory, made up: each leads back to the object that it was asked for.

A script can only read and write what lies in one of these objects. What the board does beyond their ends (it reads and writes
whatever is there) is never imitated: such an access raises ValueError and leaves a note.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import finalize

from emulator.firmware._convert import encode
from flashfs.notes import Note

if TYPE_CHECKING:
    from emulator.device import Device
    from flashfs.notes import NoteSink

BASE = 0x3F800000
"""Where external RAM begins (firmware: esp32, memory map)."""
WINDOW = 0x00700000
"""Bytes up to where the registers begin."""
_OURS = "emulator."
_ALIGN = 16
_HEADER = 32
"""What a buffer object takes besides its bytes: a block for the object and up to one for the rest of its last."""
_TABLE_ONLY = 3
"""References to an object that only the table holds: the table's, and two of the call that counts them."""


def has_own_buffer(value: Any) -> bool:
    """Whether ``value`` is of a type of a device module that has ``__buffer__``: hosts before 3.12 do not ask for it."""
    return any("__buffer__" in owner.__dict__ and owner.__module__.startswith(_OURS) for owner in type(value).__mro__)


def view_of(value: Any) -> memoryview:
    """Return the bytes of a buffer, those of this package's own types included. Raises TypeError."""
    if isinstance(value, str):
        return memoryview(encode(value))
    if has_own_buffer(value):
        view: memoryview = type(value).__buffer__(value, 0)
        return view.cast("B")
    try:
        return memoryview(value).cast("B")
    except TypeError:
        raise TypeError("object with buffer protocol required") from None


def writable_view(value: Any) -> memoryview:
    """Return the bytes of a buffer that can be written to. Raises TypeError."""
    view = view_of(value)
    if view.readonly:
        raise TypeError("object with buffer protocol required")
    return view


class Memory:
    """Which addresses the buffers of a script have, for one power cycle.

    ``heap_bytes``: no more than the board could hold is kept; the oldest that nobody else refers to goes first.
    """

    def __init__(self, heap_bytes: int, note: NoteSink) -> None:
        self._heap_bytes = heap_bytes
        self._note = note
        self._starts: list[int] = []
        self._objects: dict[int, Any] = {}  # start -> object, in the order of the last use
        self._by_id: dict[int, int] = {}
        self._copies: dict[int, bytearray] = {}  # start -> what was written to bytes that cannot change
        self._sizes: dict[int, int] = {}
        self.places: dict[int, int] = {}  # id -> address, of objects that are themselves part of another one
        self._literals: dict[int, bytes] = {}  # by their numbers
        self._own: set[int] = set()  # id of each of these: nobody else has them
        self._held = 0
        self._next = BASE + 0x10000

    def address_of(self, value: Any) -> int:
        """Return the address of a buffer's first byte. Raises TypeError."""
        place = self.places.get(id(value))
        if place is not None:
            return place
        if type(value) is memoryview and value.obj is not None and value.nbytes:
            return self.address_of(value.obj) + _pointer(value) - _pointer(memoryview(value.obj))
        if has_own_buffer(value):
            return self.address_of(view_of(value))
        view = view_of(value)
        start = self._by_id.get(id(value))
        if start is None:
            start = self._enter(value, view.nbytes)
        self._touch(start)
        return start

    def _touch(self, start: int) -> None:
        self._objects[start] = self._objects.pop(start)

    def _enter(self, value: Any, size: int) -> int:
        room = (size or 1) + _HEADER
        self._make_room(room)
        start = self._free_place(room)
        self._starts.insert(bisect_right(self._starts, start), start)
        self._objects[start] = value
        self._by_id[id(value)] = start
        self._sizes[start] = room
        self._held += room
        self._next = start + -(-room // _ALIGN) * _ALIGN
        return start

    def _free_place(self, room: int) -> int:
        start = self._next
        while True:
            if start + room > BASE + WINDOW:
                start = BASE + 0x10000
            index = bisect_right(self._starts, start + room - 1)
            before = self._starts[index - 1] if index else None
            if before is None or before + self._sizes[before] <= start:
                return start
            start = -(-(before + self._sizes[before]) // _ALIGN) * _ALIGN

    def _make_room(self, room: int) -> None:
        if self._held + room <= self._heap_bytes:
            return
        for start in list(self._objects):
            if sys.getrefcount(self._objects[start]) <= _TABLE_ONLY:
                self._forget(start)
        for start in list(self._objects):
            if self._held + room <= self._heap_bytes:
                return
            self._forget(start)

    def _forget(self, start: int) -> None:
        value = self._objects.pop(start)
        del self._by_id[id(value)]
        self._starts.remove(start)
        self._held -= self._sizes.pop(start)
        self._copies.pop(start, None)

    def _find(self, address: int, size: int) -> tuple[int, memoryview, int]:
        index = bisect_right(self._starts, address)
        if index:
            start = self._starts[index - 1]
            copy = self._copies.get(start)
            view = memoryview(copy) if copy is not None else view_of(self._objects[start])
            if size >= 0 and address + size <= start + view.nbytes:
                return start, view, address - start
        raise self.nothing_at(address, size)

    def nothing_at(self, address: int, size: int) -> ValueError:
        """Return the error for an access outside the script's objects, after telling the host's reader."""
        self._note(
            Note(
                "undefined-behaviour",
                f"uctypes: {size} bytes at {address & 0xFFFFFFFF:#x} are not part of an object whose address was asked for",
                cause="The board reads and writes whatever is there, or stops; the emulator has only the script's own objects.",
                fix="take addresses from uctypes.addressof() and stay within the object",
                source="extmod/moductypes.c",
            )
        )
        return ValueError("no object at this address")

    def read(self, address: int, size: int) -> bytes:
        """Return ``size`` bytes. Raises ValueError."""
        _, view, offset = self._find(address, size)
        return bytes(view[offset : offset + size])

    def literal(self, number: int, value: bytes) -> bytes:
        """The object of a bytes literal of the script's: one that can be written into."""
        made = self._literals.get(number)
        if made is None:
            made = self._literals[number] = bytes(bytearray(value))
            self._own.add(id(made))
        return made

    def text(self, address: int) -> bytes | None:
        """The bytes up to the next zero or the end of the object, after which one stands; None if nothing is there."""
        index = bisect_right(self._starts, address)
        if not index:
            return None
        start = self._starts[index - 1]
        view = view_of(self._objects[start])
        if address > start + view.nbytes:
            return None
        _, view, offset = self._find(address, 0)
        return bytes(view[offset:]).partition(b"\0")[0]

    def write(self, address: int, data: bytes) -> None:
        """Write ``data``. Raises ValueError."""
        start, view, offset = self._find(address, len(data))
        if view.readonly:
            if id(self._objects[start]) in self._own:
                _overwrite(self._objects[start], offset, data)
                return
            view = self._copy(start, view)
        view[offset : offset + len(data)] = data

    def owner(self, address: int, size: int) -> tuple[Any, memoryview, int]:
        """Return the object that these bytes are part of, a view of it and where in it they begin. Raises ValueError."""
        start, view, offset = self._find(address, size)
        if view.readonly:
            view = self._copy(start, view)
        self._touch(start)
        return self._objects[start], view, offset

    def add_part(self, part: Any, address: int) -> None:
        """Enter an object that is itself part of another one, for as long as it lives."""
        self.places[id(part)] = address
        finalize(part, self.places.pop, id(part), None).atexit = False

    def _copy(self, start: int, view: memoryview) -> memoryview:
        # the host's bytes may be shared with anything, a stored file included
        self._note(
            Note(
                "bytes-written",
                "uctypes: what is written to a bytes or str object is seen through uctypes only",
                cause="The board changes the object itself; the host's cannot change.",
                fix="use a bytearray",
                source="extmod/moductypes.c",
            )
        )
        self._copies[start] = bytearray(view)
        return memoryview(self._copies[start])


def memory_of(device: Device) -> Memory:
    """The memory of a device, which its modules share."""
    if device.memory is None:
        device.memory = Memory(device.board.model.memory.heap_bytes, device.note)
    return device.memory


def _overwrite(of: bytes, offset: int, data: bytes) -> None:
    """Write into a bytes object that only one place of one script refers to."""
    import ctypes

    first = id(of) + bytes.__basicsize__ - 1
    ctypes.memmove(first + offset, data, len(data))
    size = ctypes.sizeof(ctypes.c_ssize_t)
    ctypes.c_ssize_t.from_address(first - size).value = -1  # its hash is worked out anew


_pointers: list[Callable[[memoryview], int]] = []


def _pointer(view: memoryview) -> int:
    if not _pointers:
        _pointers.append(_make_pointer())
    return _pointers[0](view)


def _make_pointer() -> Callable[[memoryview], int]:
    import ctypes

    class Buffer(ctypes.Structure):
        """``Py_buffer``."""

        _fields_ = [
            ("buf", ctypes.c_void_p),
            ("obj", ctypes.c_void_p),
            ("len", ctypes.c_ssize_t),
            ("itemsize", ctypes.c_ssize_t),
            ("readonly", ctypes.c_int),
            ("ndim", ctypes.c_int),
            ("format", ctypes.c_char_p),
            ("shape", ctypes.c_void_p),
            ("strides", ctypes.c_void_p),
            ("suboffsets", ctypes.c_void_p),
            ("internal", ctypes.c_void_p),
        ]

    def pointer(view: memoryview) -> int:
        buffer = Buffer()
        ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(buffer), 0)
        try:
            return int(buffer.buf or 0)
        finally:
            ctypes.pythonapi.PyBuffer_Release(ctypes.byref(buffer))

    return pointer
