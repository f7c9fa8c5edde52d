"""Evaluation in the board's order where that is not the host's.

The values of a dict display come before their keys, and ``*`` and ``**`` arguments after all others (firmware: py/compile.c).
The source pipeline calls these only where both sides run something, so that the order can be seen.
"""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Callable
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
        names.KEY: key_of,
        names.VALUE: value_of,
    }
