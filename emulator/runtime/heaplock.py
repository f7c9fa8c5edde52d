"""The heap while ``micropython.heap_lock()`` holds: whatever needs memory from it raises MemoryError.

The host takes memory for nearly everything, the board for less: a value that fits a word, a call, a loop need none. So the
source pipeline puts hooks where the board allocates (``emulator/runtime/source/heaplock.py``), in files only that have to do
with the lock, and these decide by what is called and by what comes out.

Exceptions need memory, too: without it they lose their arguments and their traceback, unless an emergency buffer holds them.

firmware: py/gc.c, py/malloc.c, py/objexcept.c, py/runtime.c, py/objlist.c, py/map.c, py/objarray.c
"""

from __future__ import annotations

import array
import sys
from collections.abc import Callable
from types import BuiltinMethodType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from emulator.runtime import hooks as names
from emulator.runtime import memory, order
from emulator.runtime.calls import is_taken_for
from emulator.runtime.hidden import MADE_BY_HOST
from emulator.runtime.names import script_class
from emulator.runtime.order.dicts import table_of
from emulator.runtime.order.sets import Set
from emulator.runtime.order.table import SIZES
from emulator.runtime.stores import set_attribute, set_slice
from emulator.runtime.tracebacks import ENTRIES

if TYPE_CHECKING:
    from emulator.runtime.interpreter import Interpreter

MESSAGE = "memory allocation failed, heap is locked"

MADE_BY_SCRIPT = ".made"
"""Attribute of an exception whose arguments are as they shall be."""

_TRACEBACK_BYTES = 24
_TUPLE_BYTES = 8
_WORD = 4
_TEXT_AT = _TRACEBACK_BYTES + _TUPLE_BYTES + _WORD
_TEXT_BYTES = 16
_LEAST_TEXT = 16
"""The layout of the emergency buffer (firmware: py/objexcept.c): two entries of a traceback, a tuple, a text."""

_SMALL = range(-(1 << 30), 1 << 30)
"""Ints that need no memory: 31 bits (firmware: py/smallint.h)."""

_LOOK_EVERY = 2048
_BLOCK = 16
"""A block of the board's heap."""


class HeapLock:
    """How often the heap of one power cycle is locked, and the emergency buffer."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.depth = 0
        self._interpreter = interpreter

    @property
    def emergency(self) -> int:
        """Bytes of the emergency buffer."""
        return self._interpreter.emergency

    def failed(self) -> MemoryError:
        """What an allocation raises now."""
        error = MemoryError(*self.arguments((MESSAGE,), fixed=True))
        self._marked(error)
        return error

    def check(self) -> None:
        """Something is about to be allocated. Raises MemoryError."""
        if self.depth:
            raise self.failed()

    def _marked(self, error: BaseException) -> None:
        setattr(error, MADE_BY_SCRIPT, True)
        setattr(error, ENTRIES, 2 if self.emergency >= _TRACEBACK_BYTES else 0)

    def arguments(self, args: tuple[Any, ...], *, fixed: bool) -> tuple[Any, ...]:
        """What is left of the arguments of an exception; ``fixed``: its one text is in the firmware's own memory."""
        if not fixed and len(args) == 1 and type(args[0]) is str:
            room = self.emergency - _TEXT_AT - _TEXT_BYTES
            return (args[0].encode()[: room - 1].decode("utf-8", "ignore"),) if room >= _LEAST_TEXT else ()
        needed = _TEXT_AT + _TEXT_BYTES if fixed else _TRACEBACK_BYTES + _TUPLE_BYTES + _WORD * len(args)
        return args if self.emergency >= needed else ()

    def made(self, error: BaseException, args: tuple[Any, ...]) -> None:
        """The script has made an exception, with ``args``."""
        setattr(error, MADE_BY_SCRIPT, True)
        if self.depth:
            needed = _TRACEBACK_BYTES + _TUPLE_BYTES + _WORD * len(args)
            error.args = args if self.emergency >= needed else ()
            self._marked(error)

    def caught(self, error: BaseException) -> None:
        """An exception has arrived somewhere: one that came up in a locked heap is cut to what the board could keep."""
        held = vars(error)
        if MADE_BY_SCRIPT in held:
            return
        setattr(error, MADE_BY_SCRIPT, True)
        if self.depth and not script_class(type(error)):
            from emulator.runtime.messages import board_args

            args = board_args(error)
            error.args = self.arguments(args, fixed=_is_fixed(args))
            self._marked(error)


def _is_fixed(args: tuple[Any, ...]) -> bool:
    """Whether the one text of an exception is put together from no parts: such a one names or counts nothing."""
    text = args[0] if len(args) == 1 else None
    if type(text) is not str:
        return False
    return not ("'" in text or text.endswith("index out of range") or any(char.isdigit() for char in text))


# -- what comes out ------------------------------------------------------------------------------------------------------

_WORDS = (type(None), bool, type, FunctionType, ModuleType, type(...), type(NotImplemented))
_EMPTY_IS_FREE = (str, bytes, tuple)


def _is_new(value: Any) -> bool:
    """Whether an operator or a function of the firmware that gives ``value`` has taken memory for it."""
    kind = type(value)
    if kind is int:
        return value not in _SMALL
    if kind in _WORDS:
        return False
    if kind in _EMPTY_IS_FREE:
        return bool(value)
    return not script_class(kind)


_FREE_CLASSES = (bool, bytes, float, int, str, tuple, type)
"""Classes a call of which need not make anything."""

_GIVES_HELD: dict[type, frozenset[str]] = {
    list: frozenset(["pop"]),
    dict: frozenset(["get", "pop", "setdefault"]),
    set: frozenset(["pop"]),
    GeneratorType: frozenset(["send", "throw", "close", "pend_throw"]),
}
_HELD_BY_NAME = frozenset(["next", "max", "min", "popleft", "__next__", "__getitem__", "exc_info"])
"""Functions that give what was there before."""

_MAY_GIVE_ARGUMENT = frozenset(["replace", "strip", "lstrip", "rstrip", "iter"])
_ALWAYS_NEW = frozenset(["format", "join", "lower", "upper", "open"])
_INTERNED = frozenset(["chr", "decode"])
"""One letter is a string that the firmware has already."""


# -- what grows ----------------------------------------------------------------------------------------------------------


_LEAST_LIST = 4
"""Items that any list has memory for."""
_EXTRA = 4
"""Items more than needed that `extend` makes room for."""


class _Capacities:
    """How many items of a list or array there is memory for, where that does not follow from how many there are.

    Of those that a display or ``*`` made; a few at a time, since a list cannot be told when it goes.
    """

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._known: dict[int, tuple[Any, int]] = {}

    def note(self, items: Any, capacity: int) -> None:
        self._known.pop(id(items), None)
        self._known[id(items)] = (items, capacity)
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def of_list(self, items: list[Any], room_for: int | None = None) -> int:
        """``room_for``: how many items there were, if there are more or less by now."""
        entry = self._known.get(id(items))
        capacity = entry[1] if entry is not None else _LEAST_LIST
        while capacity < (len(items) if room_for is None else room_for):
            capacity *= 2
        return capacity

    def of_array(self, items: Any) -> int:
        entry = self._known.get(id(items))
        return max(len(items), entry[1] if entry is not None else 0)


_ARRAY_STEP = 8
_NO_SIZES = frozenset(SIZES)


class _Growth:
    """Whether a method of a native type, or an assignment, needs more memory than its object has."""

    def __init__(self) -> None:
        self.capacities = _Capacities()

    def call(self, receiver: Any, method: str, args: tuple[Any, ...]) -> bool:
        rule = _GROWS.get((_native(receiver), method))
        return rule is not None and rule(self, receiver, args)

    def adds_item(self, items: list[Any], args: tuple[Any, ...]) -> bool:
        return len(items) >= self.capacities.of_list(items)

    def adds_items(self, items: list[Any], args: tuple[Any, ...]) -> bool:
        if not args or not isinstance(args[0], list):
            return True  # an iterator
        return len(items) + len(args[0]) > self.capacities.of_list(items)

    def takes_item(self, items: list[Any], args: tuple[Any, ...]) -> bool:
        capacity = self.capacities.of_list(items)
        return capacity > _LEAST_LIST and capacity > 2 * (len(items) - 1)

    def always(self, items: Any, args: tuple[Any, ...]) -> bool:
        return True

    def iterates(self, items: Any, args: tuple[Any, ...]) -> bool:
        return bool(args)  # an iterator

    def adds_number(self, items: Any, args: tuple[Any, ...]) -> bool:
        return len(items) >= self.capacities.of_array(items)

    def adds_numbers(self, items: Any, args: tuple[Any, ...]) -> bool:
        more = len(args[0]) if args and hasattr(args[0], "__len__") else 1
        return len(items) + more > self.capacities.of_array(items)

    def adds_key(self, table: Any, args: tuple[Any, ...]) -> bool:
        return bool(args) and args[0] not in table and _is_full(table)

    def adds_keys(self, table: Any, args: tuple[Any, ...]) -> bool:
        return any(key not in table for key in args[0]) and _is_full(table) if args else False

    def noted(self, receiver: Any, method: str, args: tuple[Any, ...], result: Any) -> None:
        """A method has been called, with the heap free."""
        kind = _native(receiver)
        if kind is list:
            self._noted_list(receiver, method, args, result)
        elif (
            method == "append"
            and kind in (bytearray, array.array)
            and len(receiver) >= self.capacities.of_array(receiver)
        ):
            self.capacities.note(receiver, len(receiver) + _ARRAY_STEP - 1)

    def _noted_list(self, items: list[Any], method: str, args: tuple[Any, ...], result: Any) -> None:
        """What has been taken out leaves room, down to half of it (firmware: py/objlist.c)."""
        if method in ("pop", "remove"):
            room = self.capacities.of_list(items, len(items) + 1)
            self.capacities.note(items, room // 2 if room > _LEAST_LIST and room > 2 * len(items) else room)
        elif method == "extend" and isinstance(args[0], list) and args[0] is not items:
            if len(items) > self.capacities.of_list(items, room_for=len(items) - len(args[0])):
                self.capacities.note(items, len(items) + _EXTRA)
        elif method == "clear":
            self.capacities.note(items, _LEAST_LIST)
        elif method == "copy":
            self.capacities.note(result, max(len(items), _LEAST_LIST))


_Rule = Callable[[_Growth, Any, tuple[Any, ...]], bool]
_GROWS: dict[tuple[type | None, str], _Rule] = {
    (list, "append"): _Growth.adds_item,
    (list, "insert"): _Growth.adds_item,
    (list, "extend"): _Growth.adds_items,
    (list, "clear"): _Growth.always,
    (list, "pop"): _Growth.takes_item,
    (list, "remove"): _Growth.takes_item,
    (dict, "setdefault"): _Growth.adds_key,
    (dict, "update"): _Growth.adds_keys,
    (dict, "popitem"): _Growth.always,
    (set, "add"): _Growth.adds_key,
    (set, "update"): _Growth.iterates,
    (set, "difference_update"): _Growth.iterates,
    (set, "intersection_update"): _Growth.iterates,
    (set, "symmetric_difference_update"): _Growth.iterates,
    (bytearray, "append"): _Growth.adds_number,
    (bytearray, "extend"): _Growth.adds_numbers,
    (array.array, "append"): _Growth.adds_number,
    (array.array, "extend"): _Growth.adds_numbers,
}


def _native(obj: Any) -> type | None:
    """The native type that grows, of which ``obj`` is."""
    return next((kind for kind in (list, dict, set, bytearray, array.array) if isinstance(obj, kind)), None)


def _is_full(table: Any) -> bool:
    if isinstance(table, dict):
        found = table_of(table)
    elif isinstance(table, Set):
        found = table.table()
    else:
        return len(table) in _NO_SIZES
    return len(found.where) >= found.size


def _is_script(function: FunctionType, builtins: dict[str, Any]) -> bool:
    return getattr(function, "__builtins__", None) is builtins


# -- operators -----------------------------------------------------------------------------------------------------------


def _augmented(operator: str, left: Any, right: Any, power: Callable[..., Any], modulo: Callable[..., Any]) -> Any:
    """``left += right`` and its kin: by statements, so that the host words a mistake as it does in the script."""
    match operator:
        case "Add":
            left += right
        case "Sub":
            left -= right
        case "Mult":
            left *= right
        case "Div":
            left /= right
        case "FloorDiv":
            left //= right
        case "Mod":
            left = modulo(left, right) if isinstance(left, (str, bytes)) else left % right
        case "Pow":
            left = power(left, right)
        case "LShift":
            left <<= right
        case "RShift":
            left >>= right
        case "BitAnd":
            left &= right
        case "BitOr":
            left |= right
        case "BitXor":
            left ^= right
    return left


def hooks(interpreter: Interpreter, lock: HeapLock, builtins: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """What instrumented source refers to; ``builtins`` are the script's."""
    growth = _Growth()
    heap_bytes = interpreter.device.board.model.memory.heap_bytes
    count_blocks: Callable[[], int] = getattr(sys, "getallocatedblocks", lambda: 0)
    most_blocks = count_blocks() + heap_bytes // _BLOCK
    built_since = 0

    def allocates() -> None:
        if lock.depth:
            raise lock.failed()

    def built(value: Any) -> Any:
        nonlocal built_since
        if lock.depth:
            raise lock.failed()
        if type(value) is list and len(value) > 4:
            growth.capacities.note(value, len(value))
        built_since += 1
        if built_since >= _LOOK_EVERY:
            built_since = 0
            if count_blocks() > most_blocks:
                raise memory.failed(_BLOCK)
        return value

    def made(value: Any) -> Any:
        if lock.depth:
            if _is_new(value):
                raise lock.failed()
        elif type(value) is list and len(value) > 4:
            growth.capacities.note(value, len(value))
        return value

    maker = builtins[names.MAKER]

    def call(f: Any, /, *args: Any, **kwargs: Any) -> Any:
        return maker(f)(*args, **kwargs)

    def calling(starred: bool, method: str, f: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not lock.depth:
            result = call(f, *args, **kwargs)
            if isinstance(result, BaseException):
                if f is type(result):
                    setattr(result, MADE_BY_SCRIPT, True)
            elif type(f) is BuiltinMethodType or type(f) is MethodType:
                growth.noted(f.__self__, method, args, result)
            return result
        if starred:
            raise lock.failed()
        if isinstance(f, type):
            return calling_class(f, args, kwargs)
        function = f.__func__ if type(f) is MethodType else f
        if type(function) is FunctionType and _is_script(function, builtins):
            code = function.__code__
            given = len(args) + (function is not f)
            surplus = code.co_flags & 0x04 and given > code.co_argcount
            if surplus or code.co_flags & 0x28:  # **kwargs, or a generator
                raise lock.failed()
            return f(*args, **kwargs)
        if script_class(type(f)):
            return f(*args, **kwargs)
        return calling_native(f, method or getattr(f, "__name__", ""), args, kwargs)

    def calling_class(f: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if issubclass(f, BaseException) and not script_class(f):
            error = f(*args, **kwargs)
            lock.made(error, args)
            return error
        if f not in _FREE_CLASSES or (f is str and len(args) == 1):
            raise lock.failed()
        if f is type and len(args) == 3:
            raise lock.failed()
        result = call(f, *args, **kwargs)
        if (args and result is args[0]) or (type(result) is str and len(result) == 1):
            return result
        return made(result)

    def calling_native(f: Any, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        receiver = getattr(f, "__self__", None)
        if isinstance(receiver, ModuleType):
            receiver = None
        if method in _ALWAYS_NEW or growth.call(receiver, method, args):
            raise lock.failed()
        if method == "print" and any(type(value) is int and value not in _SMALL for value in args):
            raise lock.failed()  # the digits of a large int
        if method == "setattr" and len(args) == 3:
            store_attribute(args[2], args[0], args[1])
            return None
        result = call(f, *args, **kwargs)
        if method in _HELD_BY_NAME or method in _GIVES_HELD.get(_kind_of(receiver), ()):
            return result
        if method == "getattr":
            return bound(result, args[0], args[1])
        if method in _MAY_GIVE_ARGUMENT and (result is receiver or any(result is argument for argument in args)):
            return result
        if method in _INTERNED and len(result) == 1:
            return result
        return made(result)

    def bound(value: Any, obj: Any, attribute: str) -> Any:
        if lock.depth and type(value) in (MethodType, BuiltinMethodType):
            owner = value.__self__
            if not isinstance(owner, ModuleType) and value is not getattr(obj, "__dict__", {}).get(attribute):
                raise lock.failed()
        return value

    lookup = builtins[names.GETATTR]

    def loaded(obj: Any, attribute: str, careful: bool) -> Any:
        return bound(lookup(obj, attribute) if careful else getattr(obj, attribute), obj, attribute)

    def item(obj: Any, key: Any) -> Any:
        value = obj[key]
        if lock.depth and not script_class(type(obj)):
            if type(key) is slice:
                raise lock.failed()
            if isinstance(obj, (array.array, memoryview)) and _is_new(value):
                raise lock.failed()
        elif type(value) is list and type(key) is slice and len(value) > _LEAST_LIST:
            growth.capacities.note(value, len(value))
        return value

    def sliced(start: Any, stop: Any, step: Any) -> slice:
        if lock.depth:
            raise lock.failed()
        return slice(start, stop, step)

    def store_attribute(value: Any, obj: Any, attribute: str) -> None:
        if lock.depth and script_class(type(obj)) and not isinstance(obj, type):
            held = getattr(obj, "__dict__", {})
            if attribute not in held and len(held) in _NO_SIZES:
                raise lock.failed()
        elif lock.depth and isinstance(obj, type) and script_class(obj):
            held = vars(obj)
            # besides its own names a class of the board's holds __module__ and __qualname__
            own = [key for key in held if key not in MADE_BY_HOST and not is_taken_for(obj, key)]
            if attribute not in held and 2 + len(own) in _NO_SIZES:
                raise lock.failed()
        set_attribute(value, obj, attribute)

    def store_item(value: Any, obj: Any, key: Any) -> None:
        if lock.depth:
            if isinstance(obj, dict) and growth.adds_key(obj, (key,)):
                raise lock.failed()
            if type(key) is slice and isinstance(obj, (list, bytearray, array.array)):
                longer = len(value) - len(range(*key.indices(len(obj))))
                room = growth.capacities.of_list(obj) if isinstance(obj, list) else growth.capacities.of_array(obj)
                if longer > 0 and len(obj) + longer > room:
                    raise lock.failed()
        if type(key) is slice:
            set_slice(value, obj, key)
        else:
            obj[key] = value

    def raising(error: Any) -> Any:
        if lock.depth and isinstance(error, type) and script_class(error):
            raise lock.failed()
        return error

    power, modulo = builtins[names.POWER], builtins[names.MODULO]

    def augmented(operator: str, left: Any, right: Any) -> Any:
        if lock.depth and operator == "Add" and growth.call(left, "extend", (right,)):
            raise lock.failed()
        if lock.depth and isinstance(left, set) and isinstance(right, set):
            raise lock.failed()  # an iterator
        result = _augmented(operator, left, right, power, modulo)
        if type(left) is list and operator == "Add" and not lock.depth:
            growth.noted(left, "extend", (right,), None)
        return result if result is left else made(result)

    return {
        names.ALLOCATES: allocates,
        names.BUILT: built,
        names.MADE: made,
        names.CALLING: calling,
        names.LOADED: loaded,
        names.ITEM: item,
        names.SLICED: sliced,
        names.STORE_ATTRIBUTE: store_attribute,
        names.STORE_ITEM: store_item,
        names.AUGMENTED: augmented,
        names.RAISING: raising,
        names.CAUGHT: lock.caught,
    }


def _kind_of(receiver: Any) -> Any:
    return order.HOST_TYPES.get(type(receiver), type(receiver))
