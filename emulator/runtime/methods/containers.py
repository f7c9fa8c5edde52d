"""Methods of list, tuple, dict, set and frozenset (firmware: py/objlist.c, py/objtuple.c, py/objdict.c, py/objset.c)."""

from __future__ import annotations

from typing import Any

from emulator.runtime.memory import allocate
from emulator.runtime.methods import late
from emulator.runtime.methods._common import NATIVE, Table, counted, item_index, natives, slice_index, to_int
from emulator.runtime.methods.signature import check_count, native
from emulator.runtime.order import dicts
from emulator.runtime.order.sets import FrozenSet, Set


def _sort(self: list[Any], *args: Any, **options: Any) -> None:
    if args:
        raise TypeError("extra positional arguments given")
    for name in options:
        if name not in ("key", "reverse"):
            raise TypeError("extra keyword arguments given")
    late.sort()(self, options.get("key"), bool(options.get("reverse", False)))


@native(2)
def _extend(self: list[Any], items: Any) -> None:
    from emulator.runtime.calls import kept

    self.extend(kept(items))


@native(1, 2)
def _list_pop(self: list[Any], *index: Any) -> Any:
    if not self:
        raise IndexError("pop from empty list")
    return list.pop(self, item_index("list", len(self), index[0]) if index else -1)


@native(2)
def _remove(self: list[Any], value: Any) -> None:
    try:
        list.remove(self, value)
    except ValueError:
        raise ValueError("object not in sequence") from None


@native(3)
def _insert(self: list[Any], index: Any, value: Any) -> None:
    list.insert(self, to_int(index), value)


@native(2, 4)
def _index(self: Any, value: Any, *bounds: Any) -> int:
    kind = list if isinstance(self, list) else tuple
    numbers = [slice_index(kind.__name__, len(self), bound) for bound in bounds]
    try:
        return kind.index(self, value, *numbers)
    except ValueError:
        raise ValueError("object not in sequence") from None


LIST: Table = {
    "__class__": NATIVE,
    **counted(list, "append:2 clear:1 copy:1 count:2 reverse:1"),
    "extend": _extend,
    "index": _index,
    "insert": _insert,
    "pop": _list_pop,
    "remove": _remove,
    "sort": _sort,
}
TUPLE: Table = {"__class__": NATIVE, **counted(tuple, "count:2"), "index": _index}


def _check_changeable(of: dict[Any, Any]) -> None:
    if type(of) is dicts.Fixed:
        raise TypeError


@native(1)
def _popitem(self: dict[Any, Any]) -> tuple[Any, Any]:
    """The first place of the table goes first."""
    from emulator.runtime.calls import first

    _check_changeable(self)
    if not self:
        raise KeyError("popitem(): dictionary is empty")
    key = first(self)
    if type(self) in dicts.BOTH:
        dicts.taken(self, key)
    return key, dict.pop(self, key)


@native(1)
def _clear(self: dict[Any, Any]) -> None:
    _check_changeable(self)
    if type(self) in dicts.BOTH:
        dicts.cleared(self)
    dict.clear(self)


@native(1)
def _copy(self: dict[Any, Any]) -> dict[Any, Any]:
    return dicts.copied(self) if type(self) in dicts.BOTH else dict.copy(self)


@native(2, 3)
def _dict_pop(self: dict[Any, Any], key: Any, *default: Any) -> Any:
    _check_changeable(self)
    if type(self) in dicts.BOTH and key in self:
        dicts.deleted(self, key)
    return dict.pop(self, key, *default)


def _update(self: dict[Any, Any], *args: Any, **more: Any) -> None:
    """From a dict, or from pairs."""
    _check_changeable(self)
    from emulator.runtime.calls import made_dict

    check_count(1 + len(args), 1, 2)
    made_dict(self, args[0] if args else (), more)


@native(1, 2)
def _fromkeys(keys: Any, *value: Any) -> dict[Any, Any]:
    from emulator.runtime.calls import iterated

    size = len(keys) if hasattr(type(keys), "__len__") else 0
    allocate(8 * size)
    made = dict.fromkeys(iterated(keys), *value)
    return dicts.display(made, size) if size > 2 else made


@native(2, 3)
def _setdefault(self: dict[Any, Any], key: Any, *default: Any) -> Any:
    _check_changeable(self)
    return dict.setdefault(self, key, *default)


DICT: Table = {
    **natives("__class__ __delitem__ __getitem__ __setitem__"),
    **counted(dict, "get:2:3 items:1 keys:1 values:1"),
    "setdefault": _setdefault,
    "clear": _clear,
    "copy": _copy,
    "pop": _dict_pop,
    "update": _update,
    "fromkeys": staticmethod(_fromkeys),
    "popitem": _popitem,
}
VIEW: Table = natives("__class__")


def _of_set(kind: type, ours: type, counts: str) -> Table:
    """Methods of the sets that the script sees as ``kind``, whether ``ours`` or made by the host."""
    table = counted(ours, counts)
    for name, of_host in counted(kind, counts).items():
        if name in vars(ours) and name != "add":
            setattr(ours, name, table[name])
        table[name] = _either(of_host, table[name], ours)
    return table


def _either(of_host: Any, of_ours: Any, ours: type) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return (of_ours if isinstance(self, ours) else of_host)(self, *args, **kwargs)

    return method


_BOTH = "copy:1 __contains__:2 difference:1:* intersection:2 isdisjoint:2 issubset:2 issuperset:2 symmetric_difference:2 union:2"
FROZENSET: Table = {"__class__": NATIVE, **_of_set(frozenset, FrozenSet, _BOTH)}
SET: Table = {
    "__class__": NATIVE,
    **_of_set(set, Set, _BOTH),
    **_of_set(
        *(set, Set),
        "clear:1 remove:2 update:1:* add:2 difference_update:1:* discard:2 intersection_update:2 pop:1 "
        "symmetric_difference_update:2",
    ),
}
