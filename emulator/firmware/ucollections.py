"""``ucollections``: namedtuple and deque (firmware: py/modcollections.c, py/objnamedtuple.c, py/objdeque.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.firmware._arguments import count, native
from emulator.firmware._convert import check_memory
from emulator.firmware._natives import to_word
from emulator.runtime.hidden import no_attribute
from emulator.runtime.memory import heap
from emulator.runtime.names import type_name

if TYPE_CHECKING:
    from emulator.device import Device
    from emulator.runtime.printing import Printer


class deque:
    """A queue of fixed length: ``append`` and ``popleft`` only, not iterable.

    A full one drops the oldest item; with ``flags`` 1 it raises IndexError "full" instead.
    """

    __slots__ = ("_items", "_limit", "_strict")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, *args: object, **named: object) -> None:
        if named:
            raise TypeError("function doesn't take keyword arguments")
        count(len(args), 2, 3)
        iterable, maxlen, flags = (*args, 0)[:3]
        # firmware: only the empty tuple itself is taken
        if iterable != () or type(iterable) is not tuple:
            raise ValueError
        limit = to_word(maxlen)
        if limit < 0:
            raise ValueError
        check_memory(4 * (limit + 1), heap())
        self._limit = limit
        self._strict = bool(to_word(flags) & 1)
        self._items: list[object] = []

    @native(2)
    def append(self, item: object, /) -> None:
        if len(self._items) >= self._limit:
            if self._strict:
                raise IndexError("full")
            del self._items[:1]
        if self._limit:
            self._items.append(item)

    @native(1)
    def popleft(self) -> object:
        if not self._items:
            raise IndexError("empty")
        return self._items.pop(0)

    def __len__(self) -> int:
        return len(self._items)

    def __bool__(self) -> bool:
        return bool(self._items)

    def __contains__(self, item: object) -> bool:
        raise TypeError("'deque' object isn't iterable")

    def __repr__(self) -> str:
        return "<deque>"


def _fields(fields: object) -> tuple[str, ...]:
    if type(fields) is str:
        return tuple(fields.split())
    if type(fields) not in (list, tuple):
        raise TypeError(f"object '{type_name(fields)}' isn't a tuple or list")
    return tuple(_name(name) for name in fields)  # type: ignore[attr-defined]


def _name(value: object) -> str:
    if type(value) is not str:
        raise TypeError(f"can't convert '{type_name(value)}' object to str implicitly")
    return value


class _Field:
    """A field of a named tuple; without an index, a method of the host's tuples that the board's has not."""

    def __init__(self, name: str, index: int | None = None) -> None:
        self._name = name
        self._index = index

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None or self._index is None:
            raise no_attribute(owner if instance is None else instance, self._name)
        return tuple.__getitem__(instance, self._index)

    def __set__(self, instance: Any, value: object) -> None:
        raise AttributeError("can't set attribute")


def make_namedtuple(name: str, fields: tuple[str, ...], printer: Printer) -> type:
    """Return a tuple class with these fields; unlike the host's it has nothing but them."""
    size = len(fields)

    def new(cls: type, /, *args: object, **kwargs: object) -> Any:
        given = len(args) + len(kwargs)
        if given != size:
            raise TypeError(f"function takes {size} positional arguments but {given} were given")
        values = dict(zip(fields, args, strict=False))
        for key, value in kwargs.items():
            if key not in fields:
                raise TypeError(f"unexpected keyword argument '{key}'")
            if key in values:
                raise TypeError(f"function got multiple values for argument '{key}'")
            values[key] = value
        # two fields of one name leave the dict short: positions then decide
        return tuple.__new__(cls, args if len(args) == size else [values[field] for field in fields])

    def show(self: tuple[object, ...]) -> str:
        pairs = ", ".join(f"{field}={printer.repr(item)}" for field, item in zip(fields, self, strict=False))
        return f"{name}({pairs})"

    def refuse(self: object, key: str, value: object = None) -> None:
        raise AttributeError("can't set attribute")

    names: dict[str, Any] = {
        "__module__": __name__,
        "__slots__": (),
        "__new__": new,
        "__repr__": show,
        "__setattr__": refuse,
        "__delattr__": refuse,
        "count": _Field("count"),
        "index": _Field("index"),
    }
    for index, field in reversed(list(enumerate(fields))):
        names[field] = _Field(field, index)
    return type(name, (tuple,), names)


def module(device: Device) -> dict[str, object]:
    """Return the names of ``ucollections``."""
    printer = device.printer

    @native(2)
    def namedtuple(name: object, fields: object, /) -> type:
        return make_namedtuple(_name(name), _fields(fields), printer)

    return {"__name__": "ucollections", "deque": deque, "namedtuple": namedtuple}
