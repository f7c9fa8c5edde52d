"""The order of dicts and sets, which on the board is that of a hash table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.runtime import hooks as names
from emulator.runtime.order import dicts
from emulator.runtime.order.dicts import Display, first_size, getter
from emulator.runtime.order.hashes import board_hash
from emulator.runtime.order.sets import FrozenSet, Member, Set, made_frozenset, made_set, of_host, set_of_members

__all__ = [
    "HOST_TYPES",
    "Display",
    "board_hash",
    "first_size",
    "getter",
    "hooks",
    "items",
    "iterate",
    "made_frozenset",
    "made_set",
]

HOST_TYPES: dict[type, type] = {dicts.Display: dict, dicts.Fixed: dict, Set: set, FrozenSet: frozenset}
"""Our type -> the type that the script sees."""


def _of_host_set(obj: Any) -> Any:
    return of_host(obj).keys() if len(obj) > 1 else obj


_NONE: dict[Any, Any] = {}
_ITERATE: dict[type, Callable[[Any], Any]] = {
    dict: dicts.keys_in_order,
    dicts.Display: dicts.keys_in_order,
    set: _of_host_set,
    frozenset: _of_host_set,
    type(_NONE.keys()): lambda view: _listed(view, dicts.keys_in_order),
    type(_NONE.values()): lambda view: _listed(view, dicts.values_in_order),
    type(_NONE.items()): lambda view: _listed(view, dicts.items_in_order),
}


def _listed(view: Any, listing: Callable[[Any], Any]) -> Any:
    of = dicts.of_view(view)
    return listing(of) if _in_board_order(of) else view


def _in_board_order(of: Any) -> bool:
    """Whether a dict is none that keeps the order of insertion."""
    if type(of) is dicts.Fixed:
        return False
    return type(of) in (dict, dicts.Display) or (isinstance(of, dict) and type(of).__iter__ is dict.__iter__)


def iterate(obj: Any) -> Any:
    """What a loop over ``obj`` goes through: dicts, views and sets as a sequence in the board's order, all else as it is."""
    listing = _ITERATE.get(type(obj))
    if listing is not None:
        return listing(obj)
    if isinstance(obj, dict) and _in_board_order(obj):
        return dicts.keys_in_order(obj)
    return obj


def live_or_as_it_is(obj: Any) -> Any:
    """What a loop goes through in which ``obj`` may change."""
    from emulator.runtime.order.live import live

    found = live(obj)
    return iterate(obj) if found is None else found


def items(of: dict[Any, Any]) -> Any:
    """Keys and values of a dict in the board's order; an ordered dict as it is."""
    return dicts.items_in_order(of) if _in_board_order(of) else of.items()


def _display(made: dict[Any, Any], size: int = 0) -> dict[Any, Any]:
    return dicts.display(made, size)


def _set_display(*members: Any) -> set[Any]:
    return made_set(members, len(members))


def _delete_item(obj: Any, key: Any) -> None:
    if type(obj) in (dict, dicts.Display) and key in obj:
        dicts.deleted(obj, key)
    elif type(obj) is list and not obj:
        raise IndexError("pop from empty list")
    elif isinstance(obj, bytearray):
        raise TypeError("'bytearray' object doesn't support item deletion")
    del obj[key]


def hooks() -> dict[str, Callable[..., Any]]:
    """What the source pipeline reaches."""
    return {
        names.ITER: iterate,
        names.LIVE: live_or_as_it_is,
        names.DICT: _display,
        names.SET: _set_display,
        names.SETCOMP: set_of_members,
        names.MEMBER: Member,
        names.DELETE_ITEM: _delete_item,
    }
