"""Evaluation as the board's compiler has it where that is not as on the host: its order, and loops over ``range``.

The values of a dict display come before their keys, and ``*`` and ``**`` arguments after all others (firmware: py/compile.c).
The source pipeline calls these only where both sides run something, so that the order can be seen.
"""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable, Iterator
from typing import Any

from emulator.runtime import hooks as names
from emulator.runtime.order.dicts import display

_PLAIN_DISPLAY = 3
"""From so many entries on the table of a display is not the one that grows as they come."""


def called(f: Any, args: tuple[Any, ...], named: dict[str, Any], star: Any, double_star: dict[str, Any], /) -> Any:
    """``f(*args, *star, **named, **double_star)``."""
    return f(*args, *star, **named, **double_star)


def dict_display(*values_and_keys: Any) -> dict[Any, Any]:
    """A dict of ``value, key, value, key, ...``."""
    made: dict[Any, Any] = dict(zip(values_and_keys[1::2], values_and_keys[::2], strict=True))
    size = len(values_and_keys) // 2
    return made if size < _PLAIN_DISPLAY else display(made, size)


def loop(*bounds: Any) -> Any:
    """``for i in range(...)``: the compiler makes a comparison and an addition of it, of whatever is given."""
    for bound in bounds:
        if type(bound) is not int:
            return _counted(*bounds)
    return range(*bounds)


def _counted(*bounds: Any) -> Iterator[Any]:
    now, stop = bounds[:2] if len(bounds) > 1 else (0, bounds[0])
    step = bounds[2] if len(bounds) > 2 else 1
    while now < stop if step > 0 else now > stop:
        yield now
        now += step


def first(value: Any, *others: Any) -> Any:
    """The first of some values, all of which have been worked out."""
    return value


def hooks() -> dict[str, Callable[..., Any]]:
    """What the source pipeline reaches."""
    held: dict[int, Any] = {}

    def key_of(value: Any, key: Any) -> Any:
        held[get_ident()] = value
        return key

    def value_of() -> Any:
        return held.pop(get_ident())

    return {
        names.STARRED_CALL: called,
        names.DICT_DISPLAY: dict_display,
        names.FIRST: first,
        names.LOOP: loop,
        names.KEY: key_of,
        names.VALUE: value_of,
    }
