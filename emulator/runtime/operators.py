"""Operators that mean more, less or something else on the board than on the host.

The source pipeline calls these by the names of ``emulator.runtime.hooks`` where the operands can be such; plain arithmetic is
left to the host.

firmware: py/runtime.c, py/objstr.c, py/objarray.c, py/sequence.c, py/objfloat.c
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.runtime import hooks as names
from emulator.runtime.calls import kept, makers, real, type_hooks
from emulator.runtime.hidden import table_of as table_of_class
from emulator.runtime.hidden import visible_getattr
from emulator.runtime.memory import SEQUENCES, allocate, allocated, size_of
from emulator.runtime.methods import NATIVE, TABLES, late
from emulator.runtime.methods._common import buffer_of, implicit_str
from emulator.runtime.methods.numbers import truncated
from emulator.runtime.names import native_name, type_name
from emulator.runtime.stores import set_slice

if TYPE_CHECKING:
    from emulator.runtime.interpreter import Interpreter

_MOST_CLASSES = 1000

_WHOLE_ONLY = (str, bytes, bytearray, memoryview, tuple)
"""Types that have no slices with a step."""


def unsupported(name: str, left: object, right: object) -> TypeError:
    """The TypeError of a binary operator; a str on the left wants another (firmware: py/runtime.c, py/objstr.c)."""
    if isinstance(left, str) and not isinstance(right, str) and name not in ("__divmod__", "__mul__"):
        return TypeError(f"can't convert '{type_name(right)}' object to str implicitly")
    if isinstance(left, complex) and not isinstance(right, (int, float, complex)):
        return TypeError(f"can't convert {type_name(right)} to complex")
    first = "int" if isinstance(left, bool) else native_name(left)
    return TypeError(f"unsupported types for {name}: '{first}', '{type_name(right)}'")


def add(left: Any, right: Any) -> Any:
    """``left + right`` where one of them may be bytes or a bytearray."""
    if isinstance(left, (bytes, bytearray)) and type(right) is not type(left):
        kind = bytes if isinstance(left, bytes) else bytearray
        try:
            data = buffer_of(right)
        except TypeError:
            if kind is bytes:
                if _reflects(right, "__radd__"):
                    return left + right
                raise unsupported("__add__", left, right) from None
            raise
        return allocated(kind(left) + bytes(data))
    if isinstance(left, str) and isinstance(right, bytes):
        implicit_str(right)
    return left + right


def addend(to: Any, value: Any) -> Any:
    """``value`` for ``to += value``: a str is its bytes beside bytes. Raises TypeError."""
    if type(to) is bytearray:
        return bytes(buffer_of(value))
    return (
        value.encode("utf-8", "surrogatepass")
        if isinstance(value, str) and isinstance(to, (bytes, bytearray))
        else value
    )


def identical(left: Any, right: Any, fresh: object = False) -> bool:
    """``left is right``: a small int is one wherever it comes from, as is a short text (firmware: py/obj.h, py/qstr.c).

    ``fresh``: one of them is made where it stands, and so like no other.
    """
    if fresh:
        return False
    kind = type(left)
    if kind is not type(right):
        return False
    if kind is int:
        return bool(left == right) and -(1 << 30) <= left < 1 << 30
    if kind is str:
        return left is right or bool(left == right and len(left) <= _INTERNED)
    return left is right


_INTERNED = 10
"""The longest text of a script that is interned (MICROPY_ALLOC_PARSE_INTERN_STRING_LEN)."""


def modulo_in_place(left: Any, right: Any) -> Any:
    """What ``left %= right`` gives: it formats nothing (firmware: py/objstr.c). Raises TypeError."""
    if isinstance(left, str) and not isinstance(right, str):
        implicit_str(right)
    if isinstance(left, (str, bytes, bytearray)):
        raise TypeError(f"unsupported types for : '{type_name(left)}', '{type_name(right)}'")
    left %= right
    return left


def repeated_in_place(left: Any, right: Any) -> Any:
    """What ``left *= right`` gives: only a sequence on the left is repeated. Raises TypeError, MemoryError."""
    if isinstance(left, bytearray) or (isinstance(left, (int, float)) and isinstance(right, (str, bytes, list, tuple))):
        raise unsupported("", left, right)
    if type(left) in SEQUENCES and isinstance(right, int) and right > 64:
        allocate(size_of(type(left), len(left) * right))
    left *= right
    return left


def united_in_place(left: Any, right: Any) -> Any:
    """What ``left |= right`` gives. Raises TypeError."""
    if isinstance(left, dict) and type(right).__module__ == "builtins":
        raise unsupported("", left, right)
    left |= right
    return left


def united(left: Any, right: Any) -> Any:
    """``left | right``: no operator of dicts. Raises TypeError."""
    of_dict = isinstance(left, dict) or isinstance(right, dict)
    if of_dict and type(left).__module__ == type(right).__module__ == "builtins":
        raise unsupported("__or__", left, right)
    return left | right


_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()), range)
_HOST_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "__and__": operator.and_,
    "__or__": operator.or_,
    "__xor__": operator.xor,
    "__sub__": operator.sub,
    "__eq__": operator.eq,
}


def of_view(name: str, left: Any, right: Any) -> Any:
    """An operator beside a view of a dict or a range: there is none (firmware: py/objdict.c, py/objrange.c). Raises TypeError."""
    if isinstance(left, _VIEWS) or isinstance(right, _VIEWS):
        if name == "__eq__":
            return left is right
        raise unsupported(name, left, right)
    return _HOST_OPERATORS[name](left, right)


def store_item(obj: Any, key: Any, value: Any) -> None:
    """``obj[key] = value``; a number for a bytearray is cut to eight bits. Raises what the board does."""
    if isinstance(key, slice):
        set_slice(value, obj, key)
        return
    if isinstance(obj, bytearray):
        value = truncated(value) & 0xFF
    elif isinstance(obj, memoryview) and type(value) is int and obj.format == "B":
        value &= 0xFF
    obj[key] = value


def delete_slice(obj: Any) -> Any:
    """``obj`` if slices of it can be deleted. Raises TypeError."""
    if isinstance(obj, bytearray):
        raise TypeError(f"'{type_name(obj)}' object doesn't support item deletion")
    return obj


def _reflects(value: Any, name: str) -> bool:
    return hasattr(type(value), name) and type(value).__module__ != "builtins"


def contains(item: Any, container: Any) -> bool:
    """``item in container`` where one of them may be text or bytes."""
    kind = type(container)
    if kind is str:
        if type(item) is not str:
            implicit_str(item)
        return item in container
    if kind is bytes and isinstance(item, int):
        return 0 <= item <= 255 and item in container
    if kind is bytes or kind is bytearray or kind is memoryview:
        if isinstance(item, (int, float)) and kind is not bytes:
            raise NotImplementedError
        try:
            return kind is not memoryview and bytes(buffer_of(item)) in container
        except TypeError:
            return False
    return item in container


def power(left: Any, right: Any) -> Any:
    """``left ** right``: too large is infinite."""
    if type(right) is int and right > 1000 and type(left) is int:
        allocate(left.bit_length() * right >> 3)
    try:
        return left**right
    except ZeroDivisionError:
        raise ZeroDivisionError("divide by zero") from None
    except TypeError:
        if type(left).__module__ == type(right).__module__ == "builtins":
            raise unsupported("__pow__", left, right) from None
        raise
    except OverflowError:
        if isinstance(left, complex) or isinstance(right, complex):
            raise
        base, exponent = real(left), real(right)
        if math.isinf(base) or math.isinf(exponent):
            return base**exponent  # what was an int has become a float
        odd = (isinstance(right, int) and right & 1) or (isinstance(right, float) and right % 2 == 1)
        return -math.inf if left < 0 and odd else math.inf


def shifted(left: Any, right: Any) -> Any:
    """``left << right``. Raises MemoryError for what the heap cannot hold."""
    if type(right) is int and right > _LONG_SHIFT and type(left) is int and left:
        # a whole number takes 16 bits to a digit (firmware: py/mpz.c)
        allocate(2 * ((left.bit_length() + 15) // 16 + (right + 15) // 16))
    return left << right


_LONG_SHIFT = 4096


def stepped(obj: Any, store: Any = False) -> Any:
    """``obj`` if the board can take slices of it with a step. Raises NotImplementedError."""
    if isinstance(obj, _WHOLE_ONLY):
        raise NotImplementedError("only slices with step=1 (aka None) are supported")
    if store and isinstance(obj, list):
        raise NotImplementedError
    return obj


def twice(function: Any, *given: str) -> Any:
    """``function``; of keyword arguments given twice the last one counts. Raises TypeError if they are parameters of its own."""
    called = function
    if isinstance(called, type):
        called = getattr(called, "__init__", None)
    code = getattr(getattr(called, "__func__", called), "__code__", None)
    for name in given:
        if code is not None and name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            raise TypeError(f"function got multiple values for argument '{name}'")
    return function


def modulo(left: Any, right: Any) -> Any:
    """``left % right`` that may be formatting."""
    if isinstance(left, (str, bytes)):
        return late.modulo()(left, right, late.printer())
    return left % right


def hooks(interpreter: Interpreter) -> dict[str, Any]:
    """The hooks that this module implements, by their names in the script's builtins."""

    def repeat(left: Any, right: Any) -> Any:
        """``left * right`` where one may be a sequence. Raises MemoryError for what the heap cannot hold."""
        sequence, count = (right, left) if isinstance(left, int) else (left, right)
        kind = type(sequence)
        if kind is bytearray or type(left) is type(right) is str:
            raise unsupported("__mul__", left, right)
        if kind in SEQUENCES and not isinstance(count, int) and type(count).__module__ == "builtins":
            raise unsupported("__mul__", left, right)
        if isinstance(count, int) and kind in SEQUENCES and count > 64:
            if count > 0x7FFFFFFF:
                raise OverflowError("overflow converting long int to machine word")
            allocate(size_of(kind, len(sequence) * count))
        return left * right

    formatted: Callable[..., Any] | None = None
    known: Callable[..., Any] | None = None
    printer = interpreter.device.printer

    def mod(left: Any, right: Any) -> Any:
        nonlocal formatted, known
        if not isinstance(left, (str, bytes)):
            if isinstance(left, bytearray):
                raise unsupported("__mod__", left, right)
            return left % right
        if formatted is None or known is None:
            formatted, known = late.modulo(), late.known_template()
        if type(left) is str:
            if type(right) is tuple:
                fill = known(names.TEMPLATE, len(right), left)
                if fill is not None:
                    return fill(*right)
            else:
                fill = known(names.TEMPLATE, -1, left)
                if fill is not None:
                    return fill(right)
        return formatted(left, right, printer)

    table_of = TABLES.get
    bind = type(repeat.__get__(0))

    # classes whose objects have nothing of a native type: held for this power cycle at most
    plain: set[type] = set()

    def get(obj: Any, name: str) -> Any:
        kind = type(obj)
        table = table_of(kind)
        if table is None:
            if name[:2] != "__":
                if kind in plain:
                    return getattr(obj, name)
                if not isinstance(obj, (type, super)) and table_of_class(kind) is None and len(plain) < _MOST_CLASSES:
                    plain.add(kind)
        else:
            found = table.get(name)
            if found is NATIVE:
                return getattr(obj, name)
            if found is not None and type(found) is not staticmethod:
                return bind(found, obj)
        return visible_getattr(obj, name)

    return {
        names.GETATTR: get,
        **type_hooks(makers(interpreter)),
        names.MODULO: mod,
        names.ADD: add,
        names.REPEAT: repeat,
        names.POWER: power,
        names.CONTAINS: contains,
        names.STEPPED: stepped,
        names.TWICE: twice,
        names.TYPE: type,
        names.INT: int,
        names.BYTES: bytes,
        names.WRONG: (ValueError, TypeError),
        names.IS: identical,
        names.OR: united,
        names.SHIFT: shifted,
        names.KEPT: kept,
        names.REPEAT_IN_PLACE: repeated_in_place,
        names.OR_IN_PLACE: united_in_place,
        names.MODULO_IN_PLACE: modulo_in_place,
        names.VIEW: of_view,
        names.ADDEND: addend,
        names.STORE_BYTE: store_item,
        names.DELETE_SLICE: delete_slice,
    }
