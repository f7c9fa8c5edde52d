"""Loops over dicts and sets that change meanwhile (firmware: py/objdict.c, py/objset.c).

The board goes on from place to place of the table, whatever happens to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from emulator.runtime.order import dicts
from emulator.runtime.order.sets import Set
from emulator.runtime.order.table import DELETED, EMPTY, Table

_NOTHING: dict[Any, Any] = {}
_PICKS: dict[type, Callable[[dict[Any, Any], Any], Any]] = {
    type(_NOTHING.keys()): lambda of, key: key,
    type(_NOTHING.values()): lambda of, key: of[key],
    type(_NOTHING.items()): lambda of, key: (key, of[key]),
}
_END: Any = object()


def live(obj: Any) -> Iterator[Any] | None:
    """An iterator over a dict, a view of one or a set that sees what happens to it; None for anything else."""
    kind = type(obj)
    if kind in dicts.BOTH:
        return _over(lambda: dicts.table_of(obj), lambda key: key)
    if kind in _PICKS:
        of = dicts.of_view(obj)
        if type(of) in dicts.BOTH:
            pick = _PICKS[kind]
            return _over(lambda: dicts.table_of(of), lambda key: pick(of, key))
    if kind is Set:
        return _over(obj.table, lambda item: item)
    return None


def _over(table: Callable[[], Table], pick: Callable[[Any], Any]) -> Iterator[Any]:
    at = 0

    def step() -> Any:
        nonlocal at
        places = table().places
        while at < len(places):
            key = places[at]
            at += 1
            if key is not EMPTY and key is not DELETED:
                return pick(key)
        return _END

    return iter(step, _END)
