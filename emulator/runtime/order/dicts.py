"""The order of a dict's keys: worked out from the order of insertion when something asks.

That is exact while nothing was deleted, but for displays, whose table begins with as many places as they have entries: those
are a class of their own. With the first deletion a table is kept beside the dict.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import lru_cache
from operator import itemgetter
from typing import Any

from emulator.runtime.order.table import Table

Getter = Callable[[Any], tuple[Any, ...]]

_CACHED = 512
"""Above as many keys a table is kept with the dict."""
_PLAIN_KEYS = frozenset((str, int, bytes, float, bool))
"""Types of keys whose hash says all about them, and runs nothing of the script's."""


_NOTHING: Any = object()


class Display(dict):  # type: ignore[type-arg]
    """A dict that a display of three entries or more made. To the script its type is ``dict``."""

    __slots__ = ("size", "table")

    size: int
    table: Table | None

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return dict


Display.__name__ = Display.__qualname__ = "dict"
Display.__module__ = "builtins"


class Fixed(dict):  # type: ignore[type-arg]
    """A dict in the firmware's own memory: nothing in it can be changed (firmware: py/map.c, ``is_fixed``)."""

    __slots__ = ()

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return dict


Fixed.__name__ = Fixed.__qualname__ = "dict"
Fixed.__module__ = "builtins"

BOTH = frozenset((dict, Display))


def display(made: dict[Any, Any], size: int) -> dict[Any, Any]:
    """``made`` as a dict whose table began with ``size`` places."""
    found = Display(made)
    found.size, found.table = size, None
    return found


class _Kept:
    """The tables of plain dicts, which can hold none themselves.

    A dict is kept alive by it until the next time that the number of tables has doubled.
    """

    def __init__(self) -> None:
        self.entries: dict[int, tuple[dict[Any, Any], Table]] = {}
        self._sweep_at = 64

    def get(self, of: dict[Any, Any]) -> Table | None:
        entry = self.entries.get(id(of))
        return None if entry is None else entry[1]

    def set(self, of: dict[Any, Any], table: Table | None) -> None:
        if table is None:
            self.entries.pop(id(of), None)
            return
        self.entries[id(of)] = (of, table)
        if len(self.entries) >= self._sweep_at:
            self.sweep()
            self._sweep_at = max(64, 2 * len(self.entries))

    def sweep(self) -> None:
        """Let go of the dicts that nobody else holds."""
        for key in list(self.entries):
            entry = self.entries.get(key)
            # held by: the pair, and the argument of getrefcount
            if entry is not None and sys.getrefcount(entry[0]) <= 2:
                self.entries.pop(key, None)

    def __len__(self) -> int:
        return len(self.entries)


kept = _Kept()


def _table(of: dict[Any, Any]) -> Table | None:
    return of.table if type(of) is Display else kept.get(of)


def _keep(of: dict[Any, Any], table: Table | None) -> None:
    if type(of) is Display:
        of.table = table
        if table is None:
            of.size = 0
    else:
        kept.set(of, table)


def _synced(of: dict[Any, Any], table: Table) -> Table:
    """``table`` with the keys that were added since; the last ones are the new ones."""
    where = table.where
    if len(where) != len(of) or _last(of) not in where:
        for gone in [key for key in list(where) if key not in of] if len(where) > len(of) else ():
            table.delete(gone)
        for key in _new_keys(of, where):
            table.insert(key)
    return table


def _last(of: dict[Any, Any]) -> Any:
    try:
        return next(reversed(of), None)
    except RuntimeError:  # another thread changes the dict
        return _NOTHING


def _new_keys(of: dict[Any, Any], where: dict[Any, int]) -> list[Any]:
    """The last keys, those that a table does not know yet."""
    new = []
    try:
        for key in reversed(of):
            if key in where:
                break
            new.append(key)
    except RuntimeError:  # another thread changes the dict
        return [key for key in list(of) if key not in where]
    new.reverse()
    return new


def table_of(of: dict[Any, Any]) -> Table:
    """The table of a dict, kept with it from now on."""
    table = _table(of)
    if table is None:
        table = Table(of.size if type(of) is Display else 0, of)
        _keep(of, table)
        return table
    return _synced(of, table)


@lru_cache(maxsize=256)
def getter(size: int, keys: tuple[Any, ...]) -> Getter:
    """What puts a tuple of things that belong to ``keys`` into the order of a table that began with ``size`` places."""
    number = {key: index for index, key in enumerate(keys)}
    return itemgetter(*(number[key] for key in Table(size, keys).keys()))  # noqa: SIM118  it is no dict


def first_size(of: dict[Any, Any]) -> int:
    """With how many places the table of a dict or display began if its order follows from its keys alone, or else -1."""
    if type(of) is Display:
        return of.size if of.table is None else -1
    return -1 if kept.entries and id(of) in kept.entries else 0


def _order(of: dict[Any, Any], count: int) -> Getter:
    """What orders a tuple of ``count`` things, two or more, that goes with the keys of a dict."""
    keys = tuple(of)
    if len(keys) != count:  # another thread has changed the dict since
        return tuple
    if len(keys) <= _CACHED and _table(of) is None:
        size = of.size if type(of) is Display else 0
        if _PLAIN_KEYS.issuperset(map(type, keys)):
            return getter(size, keys)
        return getter.__wrapped__(size, keys)
    number = {key: index for index, key in enumerate(keys)}
    found = [number[key] for key in table_of(of).keys() if key in number]  # noqa: SIM118
    if len(found) != len(keys):  # another thread has changed the dict at the same time: the table begins anew
        _keep(of, Table(0, keys))
        found = [number[key] for key in table_of(of).keys() if key in number]  # noqa: SIM118
        if len(found) != len(keys):
            found = list(range(len(keys)))
    return itemgetter(*found)


def keys_in_order(of: dict[Any, Any]) -> Any:
    """The keys as the board lists them."""
    keys = tuple(of)
    return _order(of, len(keys))(keys) if len(keys) > 1 else keys


def items_in_order(of: dict[Any, Any]) -> Any:
    """Keys and values as the board lists them."""
    items = tuple(of.items())
    return _order(of, len(items))(items) if len(items) > 1 else items


def values_in_order(of: dict[Any, Any]) -> Any:
    """The values as the board lists them."""
    values = tuple(of.values())
    return _order(of, len(values))(values) if len(values) > 1 else values


def of_view(view: Any) -> dict[Any, Any]:
    """The dict that a view shows."""
    found: dict[Any, Any] = gc.get_referents(view)[0]
    return found


# -- deletion --------------------------------------------------------------------------------------------------------------


def deleted(of: dict[Any, Any], key: Any) -> None:
    """``key`` is about to be deleted."""
    if len(of) > 1 or _table(of) is not None or type(of) is Display:
        table_of(of).delete(key)
    else:
        # the only key leaves two places, as the next first key finds them
        _keep(of, None)


def taken(of: dict[Any, Any], key: Any) -> None:
    """``key`` is about to be taken by ``popitem``."""
    table_of(of).take_item(key)


def cleared(of: dict[Any, Any]) -> None:
    """All is about to be deleted."""
    _keep(of, None)


def copied(of: dict[Any, Any]) -> dict[Any, Any]:
    """What ``copy()`` makes: the keys keep their places."""
    table = _table(of)
    if type(of) is not Display and table is None:
        return of.copy()
    made = display(of, of.size if type(of) is Display else 0)
    assert isinstance(made, Display)
    made.table = None if table is None else _synced(of, table).copy()
    return made
