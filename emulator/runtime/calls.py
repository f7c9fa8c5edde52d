"""Calls of the native types by their names: ``int("0x10")``, ``bytes("abc")``, ``list({...})`` as the board makes them.

The names in the script's builtins are the host's types, so that ``isinstance`` and subclasses work. The source pipeline
makes a call by one of these names one of what makes the type's objects, if the name does stand for it.

firmware: the ``make_new`` slot of each type in py/obj*.c, py/parsenum.c
"""

from __future__ import annotations

import builtins as host_builtins
import gc
import math
import sys
from collections.abc import Callable, Iterable
from itertools import islice
from types import BuiltinMethodType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from emulator.runtime import hooks, memory, order
from emulator.runtime.messages import board_type
from emulator.runtime.methods._common import SPACE, buffer_of, decoded, implicit_str, text_of, to_int, view_of
from emulator.runtime.methods.numbers import truncated
from emulator.runtime.methods.signature import check_count, keywords_unimplemented, no_keywords
from emulator.runtime.names import native_name, script_class, type_name

if TYPE_CHECKING:
    from emulator.runtime.interpreter import Interpreter

_TYPES = """
bool bytearray bytes classmethod complex dict enumerate filter float frozenset int list map memoryview object property range
reversed set slice staticmethod str tuple type zip
"""
TYPES: frozenset[str] = frozenset(_TYPES.split())
"""Names whose calls go through :func:`type_hooks`."""

Maker = Callable[..., Any]

_DIGITS = {char: value for value, char in enumerate("0123456789abcdefghijklmnopqrstuvwxyz")}
_PREFIXES = {"x": 16, "o": 8, "b": 2}
_HOST_DIGITS = 4000
"""Longer decimal texts are converted in parts: the host limits the length, for the whole process."""


def iterated(items: Any) -> Any:
    """``items``, or what a loop over it goes through: dicts and sets in the board's order."""
    kind = type(items)
    if kind is list or kind is tuple or kind is str or kind is bytes:
        return items
    if kind is range:
        return items
    if kind in _LAZY:
        _check_nesting(items)
        return items
    if not (hasattr(kind, "__iter__") or hasattr(kind, "__getitem__")):
        raise TypeError(f"'{type_name(items)}' object isn't iterable")
    return order.iterate(items)


def kept(items: Any) -> Any:
    """``iterated(items)`` for what keeps all of them. Raises MemoryError for a range that no list can hold."""
    if type(items) is range:
        memory.grown(_length(items))
    return iterated(items)


def _length(items: range) -> int:
    try:
        return len(items)
    except OverflowError:
        return 1 << 62


_LAZY = (enumerate, filter, map, zip)
_MOST_NESTED = 100
"""Iterators over iterators that the board's stack holds: about 64 bytes of its 8 KiB for each (firmware: py/stackctrl.c)."""


def _check_nesting(iterator: Any) -> None:
    for _ in range(_MOST_NESTED):
        inner = [one for one in gc.get_referents(iterator) for one in (one if type(one) is tuple else (one,))]
        iterator = next((one for one in inner if type(one) in _LAZY), None)
        if iterator is None:
            return
    raise RuntimeError("maximum recursion depth exceeded")


def listed(items: Any) -> list[Any]:
    """``list(items)``. Raises TypeError."""
    return list(kept(items))


def first(table: Any) -> Any:
    """The item in the first filled place of a dict's or set's table."""
    return next(iter(iterated(table)))


def parse_int(text: str, base: int) -> int:
    """An int from its text; base 0 takes the base from a prefix. Raises ValueError (firmware: py/parsenum.c)."""
    if base and not 2 <= base <= 36:
        raise ValueError("int() arg 2 must be >= 2 and <= 36")
    if base in (0, 10) and text.isdigit() and text.isascii() and len(text) < _HOST_DIGITS:
        return int(text)
    rest = text.strip(SPACE).lower()
    negative = rest.startswith("-")
    if rest[:1] in ("+", "-"):
        rest = rest[1:]
    radix = base or 10
    prefix = _PREFIXES.get(rest[1:2]) if rest.startswith("0") else None
    if prefix is not None and base in (0, prefix):
        radix, rest = prefix, rest[2:]
    if not rest or any(char != "_" and _DIGITS.get(char, 99) >= radix for char in rest):
        raise ValueError(f"invalid syntax for integer with base {base or 10}")
    number = _number(rest.replace("_", ""), radix)
    return -number if negative else number


def _number(digits: str, base: int) -> int:
    if len(digits) < _HOST_DIGITS or base & (base - 1) == 0:
        return int(digits or "0", base)
    half = len(digits) // 2
    scale: int = base**half
    return _number(digits[:-half], base) * scale + _number(digits[-half:], base)


def _int(*args: Any, **kwargs: Any) -> int:
    if kwargs:
        no_keywords()
    given = len(args)
    if given == 1:
        value = args[0]
        kind = type(value)
        if kind is int:
            return value  # type: ignore[no-any-return]
        if kind is float:
            return whole(value)
        if kind is str:
            return parse_int(value, 0)
        if isinstance(value, (float, str, bytes)) and script_class(kind) and not _has(kind, "__int__"):
            raise TypeError(f"can't convert {native_name(value)} to int")
        if isinstance(value, float):
            return whole(float(value))
        if isinstance(value, (str, bytes)):
            return parse_int(value if isinstance(value, str) else value.decode("latin-1"), 0)
        if isinstance(value, int) or _has(kind, "__int__"):
            return int(value)
        raise TypeError(f"can't convert {native_name(value)} to int")
    if given == 0:
        return 0
    check_count(given, 0, 2)
    text = text_of(args[0])
    return parse_int(text if isinstance(text, str) else text.decode("latin-1"), to_int(args[1]))


_INFINITE = 2.0**128 - 2.0**103
"""From here on a number is infinite in single precision."""


def whole(value: float) -> int:
    """``int(value)``. Raises OverflowError, ValueError (firmware: py/objint.c)."""
    if math.isinf(value) or abs(value) >= _INFINITE:
        raise OverflowError("can't convert inf to int")
    if math.isnan(value):
        raise ValueError("can't convert NaN to int")
    return int(value)


def _has(kind: type, name: str) -> bool:
    """Whether a class of the script (or of a device module) defines the special method ``name``."""
    return any(name in owner.__dict__ for owner in kind.__mro__ if owner.__module__ != "builtins")


def parse_float(text: str) -> float:
    """A float from its text. Raises ValueError (firmware: py/parsenum.c)."""
    stripped = text.strip(SPACE).replace("_", "")
    if stripped.isascii():
        try:
            return float(stripped)
        except ValueError:
            pass
    raise ValueError("invalid syntax for number")


def _float(*args: Any, **kwargs: Any) -> float:
    if len(args) == 1 and not kwargs and type(args[0]) is int:
        return real(args[0])
    if kwargs:
        no_keywords()
    check_count(len(args), 0, 1)
    if not args:
        return 0.0
    value = args[0]
    if type(value) is float:
        return value
    if isinstance(value, str):
        return parse_float(value)
    if isinstance(value, (int, float)):
        return real(value)
    try:
        return parse_float(bytes(buffer_of(value)).decode("latin-1"))
    except TypeError:
        return real(value)


def real(value: Any) -> float:
    """``value`` as a float. Raises TypeError; an int too large is infinite."""
    if not isinstance(value, (int, float)):
        raise TypeError(f"can't convert {type_name(value)} to float")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _complex(*args: Any, **kwargs: Any) -> complex:
    if kwargs:
        no_keywords()
    check_count(len(args), 0, 2)
    if not args:
        return 0j
    if len(args) == 2:
        parts = [part if isinstance(part, complex) else real(part) for part in args]
        return complex(parts[0] + parts[1] * 1j) if any(isinstance(p, complex) for p in parts) else complex(*parts)
    value = args[0]
    if isinstance(value, complex):
        return value
    if isinstance(value, str):
        text = value.strip(SPACE)
        if text.lower().endswith("j"):
            return complex(0.0, parse_float(text[:-1]))
        return complex(parse_float(text), 0.0)
    return complex(real(value), 0.0)


def _bool(*args: Any, **kwargs: Any) -> bool:
    if kwargs:
        no_keywords()
    check_count(len(args), 0, 1)
    return bool(args[0]) if args else False


_WORD = 1 << 31


def _slice(*args: Any, **kwargs: Any) -> Any:
    raise TypeError("cannot create 'slice' instances")


def _object(*args: Any, **kwargs: Any) -> object:
    if kwargs:
        no_keywords()
    check_count(len(args), 0, 0)
    return object()


def _range(*args: Any, **kwargs: Any) -> range:
    if len(args) == 1 and not kwargs and type(args[0]) is int and -_WORD <= args[0] < _WORD:
        return range(args[0])
    if kwargs:
        no_keywords()
    check_count(len(args), 1, 3)
    bounds = [to_int(bound) for bound in args]
    if len(bounds) == 3 and not bounds[2]:
        raise ValueError("zero step")
    return range(*bounds)


def _memoryview(*args: Any, **kwargs: Any) -> memoryview:
    if kwargs:
        no_keywords()
    check_count(len(args), 1, 1)
    value = args[0]
    if isinstance(value, str):
        return memoryview(value.encode("utf-8", "surrogatepass"))
    return view_of(value)


def _enumerate(*args: Any, **kwargs: Any) -> Any:
    if len(args) == 1 and not kwargs:
        return enumerate(iterated(args[0]))
    values = dict(zip(("iterable", "start"), args, strict=False))
    if len(args) > 2:
        to_int(args[1])
        raise TypeError("extra positional arguments given")
    for name, value in kwargs.items():
        if name not in ("iterable", "start") or name in values:
            raise TypeError("extra keyword arguments given")
        values[name] = value
    if "iterable" not in values:
        raise TypeError("'iterable' argument required")
    return enumerate(iterated(values["iterable"]), to_int(values.get("start", 0)))


def _set(*args: Any, **kwargs: Any) -> set[Any]:
    if kwargs:
        no_keywords()
    check_count(len(args), 0, 1)
    return order.made_set(kept(args[0]) if args else ())


def _frozenset(*args: Any, **kwargs: Any) -> frozenset[Any]:
    if kwargs:
        no_keywords()
    check_count(len(args), 0, 1)
    return order.made_frozenset(kept(args[0]) if args else ())


def _tuple(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    if kwargs:
        no_keywords()
    check_count(len(args), 0, 1)
    if args and type(args[0]) is tuple:
        return args[0]
    return tuple(kept(args[0])) if args else ()


def _dict(*args: Any, **kwargs: Any) -> dict[Any, Any]:
    if len(args) > 1:
        check_count(len(args) + 1, 1, 2)
    made: dict[Any, Any] = {}
    if args:
        return made_dict(made, args[0], kwargs)
    made.update(kwargs)
    return made


def made_dict(into: dict[Any, Any], source: Any, more: dict[str, Any]) -> dict[Any, Any]:
    """Add ``source`` (a dict, or pairs) and ``more`` to a dict. Raises TypeError, ValueError (firmware: py/objdict.c)."""
    if isinstance(source, dict):
        into.update(order.items(source))
    else:
        for entry in iterated(source):
            fields = _at_most(entry, 3)
            if len(fields) != 2:
                raise ValueError("dict update sequence has wrong length")
            into[fields[0]] = fields[1]
    into.update(more)
    return into


def _at_most(items: Iterable[Any], count: int) -> list[Any]:
    return [item for item, _ in zip(items, range(count), strict=False)]


def plain_type(obj: Any) -> type:
    """``type(obj)`` as a script sees it: a class that only the host has gives the board's."""
    kind = type(obj)
    if kind is BuiltinMethodType and not isinstance(obj.__self__, (ModuleType, type(None))):
        return MethodType
    if isinstance(obj, BaseException):
        from emulator.runtime.messages import board_class

        return board_class(obj)
    if kind.__module__ == "builtins":
        return order.HOST_TYPES.get(kind, kind)
    return _SHOWN.get(kind) or _shown(kind)


_SHOWN: dict[type, type] = {}


def _shown(kind: type) -> type:
    """The class of the board for one that stands for it here."""
    if kind.__module__.startswith("emulator.runtime"):
        for native in (dict, set, float, list):
            if issubclass(kind, native):
                _SHOWN[kind] = native
                return native
    return kind


_REVERSIBLE = (list, tuple, str, bytes, bytearray, range)


class _Reversed:
    """``reversed`` of anything with a length: takes the items by their numbers."""

    def __init__(self, items: Any) -> None:
        self._items = items
        self._left = len(items)

    def __iter__(self) -> _Reversed:
        return self

    def __next__(self) -> Any:
        if not self._left:
            raise StopIteration
        self._left -= 1
        if isinstance(self._items, (set, frozenset)):
            raise TypeError(f"'{type_name(self._items)}' object isn't subscriptable")
        return self._items[self._left]


_Reversed.__name__ = _Reversed.__qualname__ = "reversed"
_SHOWN[_Reversed] = reversed


def made_class(name: Any, bases: Any, names: Any) -> type:
    """``type(name, bases, names)``. Raises TypeError (firmware: py/objtype.c)."""
    if not isinstance(name, str):
        implicit_str(name)
    if not isinstance(bases, tuple) or not isinstance(names, dict):
        raise TypeError
    for base in bases:
        if not isinstance(base, type):
            raise TypeError
        if base in FINAL:
            raise TypeError(f"type '{board_type(base.__name__)}' isn't an acceptable base type")
    kind = type if len(bases) < 2 else DepthFirst
    made = kind(name, tuple(bases), {"__module__": "__main__", **names})
    if (not bases or bases[0] is object) and has_no_init(made):
        take_any_arguments(made)
    return made


def has_no_init(made: type) -> bool:
    """Whether a class has no ``__init__`` but that of ``object``."""
    return getattr(made, "__init__", None) is getattr(object, "__init__", None)


def take_any_arguments(made: type) -> None:
    """Let a class without ``__init__`` be called with arguments, which mean nothing (firmware: py/objtype.c)."""
    if "__new__" not in made.__dict__:
        made.__new__ = _without_arguments  # type: ignore[method-assign, assignment]


_REFLECTED = {"__lt__": "__gt__", "__gt__": "__lt__", "__le__": "__ge__", "__ge__": "__le__"}


def without_reflection(made: type) -> type:
    """``made``; where it has ``__lt__`` only, its objects have no ``>`` (firmware: py/objtype.c)."""
    for name in _REFLECTED.keys() & made.__dict__.keys():
        other = _REFLECTED[name]
        if getattr(made, other, None) is getattr(object, other):
            setattr(made, other, _comparison(other))
    return made


def _comparison(name: str) -> Callable[[Any, Any], Any]:
    def compare(self: Any, other: Any) -> Any:
        from emulator.runtime.raised import compared

        # the host asks the right one with the operands turned round, where the left one has no answer
        if compared(sys._getframe(1)) == _REFLECTED[name]:
            raise TypeError(f"unsupported types for {_REFLECTED[name]}: '{type_name(other)}', '{type_name(self)}'")
        raise TypeError(f"unsupported types for {name}: '{type_name(self)}', '{type_name(other)}'")

    compare.__name__ = compare.__qualname__ = name
    return compare


_new = object.__new__


@staticmethod  # type: ignore[misc]
def _without_arguments(kind: type, *args: Any, **kwargs: Any) -> object:
    try:
        return _new(kind)
    except TypeError:
        pass  # built on a native type
    for owner in kind.__mro__:
        other = owner.__dict__.get("__new__")
        if owner.__module__ == "builtins" and owner is not object and other is not None:
            return other(kind, *args, **kwargs)
    return _new(kind)


def is_taken_for(kind: type, name: str) -> bool:
    """Whether ``kind.__new__`` is there for the host only."""
    return name == "__new__" and getattr(kind, name, None) is _without_arguments.__func__  # type: ignore[attr-defined]


class DepthFirst(type):
    """The type of classes with several bases: these are searched in depth, from left to right (firmware: py/objtype.c)."""

    def mro(cls) -> list[type]:
        order: list[type] = [cls]
        for base in cls.__bases__:
            order += [owner for owner in base.__mro__ if owner not in order and owner is not object]
        return [*order, object]


DepthFirst.__name__ = DepthFirst.__qualname__ = "type"
_SHOWN[DepthFirst] = type


FINAL = (type(None), range, slice, memoryview, type(...))
"""Types of which there are no subclasses: nothing makes their objects (firmware: py/objtype.c)."""


def _property(*args: Any, **kwargs: Any) -> property:
    if len(args) > 4:
        raise TypeError("extra positional arguments given")
    fields = dict(zip(("fget", "fset", "fdel", "doc"), args, strict=False))
    for name, value in kwargs.items():
        if name not in ("fget", "fset", "fdel", "doc") or name in fields:
            raise TypeError("extra keyword arguments given")
        fields[name] = value
    fields.pop("doc", None)
    return property(**fields)


def _wrapper(kind: Any) -> Maker:
    def make(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            no_keywords()
        check_count(len(args), 1, 1)
        return kind(args[0])

    return make


def makers(interpreter: Interpreter) -> dict[int, Maker]:
    """``id`` of a native type -> what a call of it does, for one power cycle."""
    printer = interpreter.device.printer

    def make_str(*args: Any, **kwargs: Any) -> str:
        if len(args) == 1 and not kwargs:
            value = args[0]
            kind = type(value)
            if kind is int and -_WORD <= value < _WORD:
                return str(value)
            return value if kind is str else printer.str(value)
        if kwargs:
            keywords_unimplemented()
        if not args:
            return ""
        check_count(len(args), 0, 3)
        return decoded(buffer_of(args[0]))

    def make_bytes(*args: Any, **kwargs: Any) -> bytes:
        if kwargs:
            keywords_unimplemented()
        if not args:
            return b""
        value = args[0]
        if isinstance(value, str) and not script_class(type(value)):
            if not 2 <= len(args) <= 3:
                raise TypeError("wrong number of arguments")
            return value.encode("utf-8", "surrogatepass")
        if len(args) > 1:
            raise TypeError("wrong number of arguments")
        if type(value) is int and -(1 << 30) <= value < 1 << 30:
            if value < 0:
                raise ValueError
            memory.allocate(value + 1)
            return bytes(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
        try:
            return bytes(buffer_of(value))
        except TypeError:
            pass
        data = bytearray()
        if type(value) is range:
            memory.allocate(_length(value))
        for item in iterated(value):
            number = to_int(item)
            if not 0 <= number <= 255:
                raise ValueError("bytes value out of range")
            data.append(number)
        return bytes(data)

    def make_bytearray(*args: Any, **kwargs: Any) -> bytearray:
        if kwargs:
            no_keywords()
        check_count(len(args), 0, 3)
        if not args:
            return bytearray()
        value = args[0]
        if isinstance(value, int) and not isinstance(value, bool):
            size = to_int(value) & 0xFFFFFFFF
            memory.allocate(size)
            return bytearray(size)
        try:
            return bytearray(buffer_of(value))
        except TypeError:
            if type(value) is range:
                memory.allocate(_length(value))
            return bytearray([truncated(item) & 0xFF for item in iterated(value)])

    def make_list(*args: Any, **kwargs: Any) -> list[Any]:
        if kwargs:
            no_keywords()
        check_count(len(args), 0, 1)
        if not args:
            return []
        value = args[0]
        if hasattr(type(value), "__len__"):
            return list(kept(value))
        # what does not end fills the heap; a list doubles its memory, and old and new have to be there together
        most = 4
        while 12 * most <= memory.heap():
            most *= 2
        made = list(islice(iterated(value), most + 1))
        if len(made) > most:
            raise memory.failed(8 * most)
        return made

    def make_type(*args: Any, **kwargs: Any) -> type:
        if len(args) == 1 and not kwargs:
            return plain_type(args[0])
        if kwargs:
            no_keywords()
        check_count(len(args), 1, 3)
        if len(args) == 2:
            raise TypeError("type takes 1 or 3 arguments")
        return made_class(*args)

    def function(value: Any) -> Any:
        """``value``, or what a call of it does if it is a native type."""
        return table.get(id(value), value)

    def make_map(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            no_keywords()
        check_count(len(args), 2, None)
        return map(function(args[0]), *[iterated(items) for items in args[1:]])

    def make_filter(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            no_keywords()
        check_count(len(args), 2, 2)
        return filter(None if args[0] is None else function(args[0]), iterated(args[1]))

    def make_zip(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            no_keywords()
        return zip(*[iterated(items) for items in args], strict=False)

    def make_reversed(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            no_keywords()
        check_count(len(args), 1, 1)
        value = args[0]
        if type(value) in _REVERSIBLE or _has(type(value), "__reversed__"):
            return reversed(value)
        if not hasattr(type(value), "__len__"):
            raise TypeError(f"object of type '{type_name(value)}' has no len()")
        return _Reversed(value)

    table: dict[int, Maker] = {
        id(bool): _bool,
        id(bytearray): make_bytearray,
        id(bytes): make_bytes,
        id(classmethod): _wrapper(classmethod),
        id(complex): _complex,
        id(dict): _dict,
        id(enumerate): _enumerate,
        id(filter): make_filter,
        id(float): _float,
        id(frozenset): _frozenset,
        id(int): _int,
        id(list): make_list,
        id(map): make_map,
        id(memoryview): _memoryview,
        id(object): _object,
        id(property): _property,
        id(range): _range,
        id(reversed): make_reversed,
        id(set): _set,
        id(slice): _slice,
        id(staticmethod): _wrapper(staticmethod),
        id(str): make_str,
        id(tuple): _tuple,
        id(type): make_type,
        id(zip): make_zip,
    }
    return table


def type_hooks(table: dict[int, Maker]) -> dict[str, Any]:
    """What calls by the names of native types reach."""
    find = table.get

    def maker(f: Any, /) -> Any:
        return find(id(f), f)

    found: dict[str, Any] = {hooks.MAKER: maker}
    for name in TYPES:
        kind = getattr(host_builtins, name)
        found[hooks.NATIVE_TYPE + name] = kind
        found[hooks.MAKER_OF + name] = table[id(kind)]
    return found
