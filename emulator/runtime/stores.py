"""Assignments that the board refuses and the host would do: to attributes, and to slices.

The source pipeline calls these where an assignment, as it is written, may meet such an object; what an assignment does to all
others is left to the host.

firmware: py/runtime.c, py/objtype.c, py/objlist.c, py/objarray.c
"""

from __future__ import annotations

import array
from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType
from typing import Any
from weakref import WeakSet

from emulator.runtime import hooks as names
from emulator.runtime.hidden import no_attribute
from emulator.runtime.names import script_class, type_name

_BUFFERS = (bytes, bytearray, array.array, memoryview)
_FUNCTIONS = (FunctionType, MethodType)
FIXED: WeakSet[ModuleType] = WeakSet()
"""The board's own modules, whose tables are in the firmware's memory (firmware: py/objmodule.c)."""

_INCOMPATIBLE = "lhs and rhs should be compatible"


def set_attribute(value: Any, obj: Any, name: str) -> None:
    """``obj.name = value``. Raises AttributeError for what has no attributes of its own."""
    kind = type(obj)
    if isinstance(obj, type):
        if not script_class(obj):
            raise AttributeError(f"'type' object has no attribute '{name}'")
        if isinstance(value, property) and type.__subclasses__(obj) and not _has_property(obj):
            raise AttributeError("can't add special method to already-subclassed class")
    elif kind is ModuleType:
        if obj in FIXED:
            raise no_attribute(obj, name)
    elif kind in _FUNCTIONS or (isinstance(obj, BaseException) and not script_class(kind) and not _clears(name, value)):
        raise no_attribute(obj, name)
    setattr(obj, name, value)


def delete_attribute(obj: Any, name: str) -> None:
    """``del obj.name``. Raises AttributeError for what has no attributes of its own."""
    if type(obj) is ModuleType and obj in FIXED:
        raise no_attribute(obj, name)
    if isinstance(obj, type) and (not script_class(obj) or name not in vars(obj)):
        raise AttributeError(f"'type' object has no attribute '{name}'")
    delattr(obj, name)


def _has_property(kind: type) -> bool:
    """Whether instances are looked at for properties already."""
    return any(
        isinstance(value, property) for owner in kind.__mro__ for value in vars(owner).values() if script_class(owner)
    )


def _clears(name: str, value: Any) -> bool:
    """Whether ``exception.name = value`` forgets the traceback, all that can be set (firmware: py/objexcept.c)."""
    return name == "__traceback__" and value is None


def set_slice(value: Any, obj: Any, key: Any) -> None:
    """``obj[start:stop] = value``. Raises TypeError, NotImplementedError, ValueError."""
    for index in (key.start, key.stop):
        if index is not None and not isinstance(index, int) and type(obj) in (list, bytearray, memoryview):
            raise TypeError(f"can't convert {type_name(index)} to int")
    if isinstance(obj, list):
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"object '{type_name(value)}' isn't a tuple or list")
    elif isinstance(obj, (bytearray, memoryview)):
        if not isinstance(value, _BUFFERS):
            raise NotImplementedError("array/bytes required on right side")
        with memoryview(obj) as target, memoryview(value) as source:
            if target.itemsize != source.itemsize:
                raise ValueError(_INCOMPATIBLE)
        if isinstance(obj, memoryview):
            if len(range(*key.indices(len(obj)))) != len(value):
                raise ValueError(_INCOMPATIBLE)
            value = memoryview(value).cast("B").cast(obj.format)  # type: ignore[call-overload]
    obj[key] = value


def hooks() -> dict[str, Callable[..., Any]]:
    """What the source pipeline reaches."""
    return {
        names.SET_ATTRIBUTE: set_attribute,
        names.DELETE_ATTRIBUTE: delete_attribute,
        names.SET_SLICE: set_slice,
        names.SLICE: slice,
    }
