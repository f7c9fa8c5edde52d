"""What a script can see of objects of native types: their methods, and nothing of how they are kept here.

firmware: py/objattrtuple.c (tuples with named fields), py/stream.c (limits of ``write``), py/objint_mpz.c (machine words)
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NoReturn

from emulator.firmware._convert import readable, to_int
from emulator.runtime.hidden import no_attribute

if TYPE_CHECKING:
    from emulator.runtime.printing import Printer


def hide(kind: type, slot: str) -> Any:
    """Take the slot ``slot`` out of the reach of scripts and return its descriptor (``__get__``, ``__set__``).

    The instances keep the room for it; no name in the class leads there any more.
    """
    descriptor = kind.__dict__[slot]
    delattr(kind, slot)
    del kind.__slots__  # type: ignore[attr-defined]
    return descriptor


def no_instances(kind: type, *args: object, **kwargs: object) -> NoReturn:
    """The ``__new__`` of types whose objects only the module itself makes. Raises TypeError."""
    raise TypeError(f"cannot create '{kind.__name__}' instances")


def to_word(value: object) -> int:
    """Return an int or bool that fits the board's machine word. Raises TypeError, OverflowError."""
    number = to_int(value)
    if not -(1 << 31) <= number < 1 << 31:
        raise OverflowError("overflow converting long int to machine word")
    return number


def stream_part(buffer: object, limits: Sequence[object]) -> memoryview:
    """Return what ``write(buffer)``, ``write(buffer, most)`` or ``write(buffer, offset, most)`` writes. Raises TypeError."""
    data = readable(buffer)
    numbers = [to_int(limit) & 0xFFFFFFFF for limit in limits]
    if len(numbers) == 2:
        data = data[numbers[0] :]
    return data[: numbers[-1]] if numbers else data


class _Absent:
    """A method of the host's tuple that the board's has not."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> NoReturn:
        raise no_attribute(owner if instance is None else instance, self._name)


def attrtuple(fields: Sequence[str], values: Sequence[object], printer: Printer) -> tuple[Any, ...]:
    """Return a tuple whose items have names; printed ``(name=value, ...)``, with no attributes but these."""

    def show(self: tuple[object, ...]) -> str:
        return "(" + ", ".join(f"{name}={printer.repr(value)}" for name, value in zip(fields, self, strict=True)) + ")"

    def refuse(self: object, name: str, value: object = None) -> NoReturn:
        raise no_attribute(self, name)

    def names_of(self: object) -> list[str]:
        return ["__class__", *fields]

    names: dict[str, Any] = {
        "__module__": __name__,
        "__slots__": (),
        "__repr__": show,
        "__setattr__": refuse,
        "__delattr__": refuse,
        "__dir__": names_of,
        "count": _Absent(),
        "index": _Absent(),
    }
    for position, field in enumerate(fields):
        names[field] = property(itemgetter(position))
    kind = type("tuple", (tuple,), names)
    del kind.__slots__  # type: ignore[attr-defined]
    made: tuple[Any, ...] = tuple.__new__(kind, values)
    return made
