"""Sets and frozensets that remember where the board would have their items (firmware: py/objset.c, py/map.c).

CPython forgets in what order items came; these keep a list of what was added and bring their table up to date when something
asks for an order or is deleted. To the script their types are ``set`` and ``frozenset``, from which they are derived.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from operator import attrgetter
from typing import Any

from emulator.runtime.order.hashes import hash_of
from emulator.runtime.order.table import Table

_ITERATE: Any = None
_add = set.add


def _in_order(items: Any) -> Any:
    """What a loop over ``items`` goes through."""
    global _ITERATE
    if _ITERATE is None:
        from emulator.runtime.calls import iterated

        _ITERATE = iterated
    return _ITERATE(items)


def of_host(items: Iterable[Any]) -> Table:
    """The table of a set that only CPython has made: it depends on the items alone, not on how the host hashes."""
    return Table(0, sorted(items, key=hash_of))


class Set(set):  # type: ignore[type-arg]
    """A set of the script's."""

    __slots__ = ("_added", "_table")
    __hash__ = None

    _added: list[Any]
    _table: Table

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return set

    def table(self) -> Table:
        """Its table, up to date."""
        try:
            table, added = self._table, self._added
        except AttributeError:  # made by the host
            table, added = of_host(tuple(set.__iter__(self))), []
            self._table, self._added = table, added
        if added:
            for item in added:
                table.insert(item)
            added.clear()
        if len(table.where) != len(self):
            self._table = table = of_host(tuple(set.__iter__(self)))
        return table

    def __iter__(self) -> Iterator[Any]:
        return iter(self.table().keys()) if len(self) > 1 else set.__iter__(self)

    def add(self, *items: Any) -> None:
        # the hottest of all: counts for itself
        if len(items) != 1:
            from emulator.runtime.methods.signature import wrong_count

            wrong_count(1 + len(items), 2, 2)
        item = items[0]
        if item not in self:
            _add(self, item)
            try:
                self._added.append(item)
            except AttributeError:
                self.table()

    def update(self, *others: Any) -> None:
        for other in others:
            for item in _in_order(other):
                Set.add(self, item)

    def copy(self) -> Set:
        return _made(self.table().copy())

    def clear(self) -> None:
        set.clear(self)
        self._table, self._added = Table(), []

    def discard(self, item: Any, /) -> None:
        if item in self:
            self.table().delete(item)
            set.discard(self, item)

    def remove(self, item: Any, /) -> None:
        if item not in self:
            raise KeyError(item)
        self.discard(item)

    def pop(self) -> Any:
        if not self:
            raise KeyError("pop from an empty set")
        item = self.table().keys()[0]
        self.discard(item)
        return item

    def _become(self, table: Table) -> None:
        set.clear(self)
        set.update(self, table.where)
        self._table, self._added = table, []

    def difference_update(self, *others: Any) -> None:
        self._become(_difference(self, others))

    def intersection_update(self, other: Any, /) -> None:  # type: ignore[override]
        if other is not self:
            self._become(_intersection(self, other))

    def symmetric_difference_update(self, other: Any, /) -> None:
        self._become(_symmetric_difference(self, other))

    def difference(self, *others: Any) -> Set:
        return _made(_difference(self, others))

    def intersection(self, other: Any, /) -> Set:  # type: ignore[override]
        return self.copy() if other is self else _made(_intersection(self, other))

    def symmetric_difference(self, other: Any, /) -> Set:
        return _made(_symmetric_difference(self, other))

    def union(self, other: Any, /) -> Set:  # type: ignore[override]
        return _made(_union(self, other))

    def __or__(self, other: Any) -> Any:
        return self.union(other) if isinstance(other, _SETS) else NotImplemented

    def __and__(self, other: Any) -> Any:
        return self.intersection(other) if isinstance(other, _SETS) else NotImplemented

    def __sub__(self, other: Any) -> Any:
        return self.difference(other) if isinstance(other, _SETS) else NotImplemented

    def __xor__(self, other: Any) -> Any:
        return self.symmetric_difference(other) if isinstance(other, _SETS) else NotImplemented

    def __ior__(self, other: Any) -> Any:
        if not isinstance(other, _SETS):
            return NotImplemented
        self.update(other)
        return self

    def __iand__(self, other: Any) -> Any:
        if not isinstance(other, _SETS):
            return NotImplemented
        self.intersection_update(other)
        return self

    def __isub__(self, other: Any) -> Any:
        if not isinstance(other, _SETS):
            return NotImplemented
        self.difference_update(other)
        return self

    def __ixor__(self, other: Any) -> Any:
        if not isinstance(other, _SETS):
            return NotImplemented
        self.symmetric_difference_update(other)
        return self


class FrozenSet(frozenset):  # type: ignore[type-arg]
    """A frozenset of the script's."""

    __slots__ = ("_table",)

    _table: Table

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return frozenset

    def table(self) -> Table:
        """Its table."""
        try:
            return self._table
        except AttributeError:
            self._table = of_host(frozenset.__iter__(self))
            return self._table

    def __iter__(self) -> Iterator[Any]:
        return iter(self.table().keys())

    def copy(self) -> FrozenSet:
        return _frozen(self.table().copy())

    def difference(self, *others: Any) -> FrozenSet:
        return _frozen(_difference(self, others))

    def intersection(self, other: Any, /) -> FrozenSet | Set:  # type: ignore[override]
        return self.copy() if other is self else _made(_intersection(self, other))

    def symmetric_difference(self, other: Any, /) -> FrozenSet:
        return _frozen(_symmetric_difference(self, other))

    def union(self, other: Any, /) -> FrozenSet:  # type: ignore[override]
        return _frozen(_union(self, other))

    def __or__(self, other: Any) -> Any:
        return self.union(other) if isinstance(other, _SETS) else NotImplemented

    def __and__(self, other: Any) -> Any:
        return self.intersection(other) if isinstance(other, _SETS) else NotImplemented

    def __sub__(self, other: Any) -> Any:
        return self.difference(other) if isinstance(other, _SETS) else NotImplemented

    def __xor__(self, other: Any) -> Any:
        return self.symmetric_difference(other) if isinstance(other, _SETS) else NotImplemented


_SETS = (set, frozenset)
_OURS = frozenset((Set, FrozenSet))


def _table_of(items: Any) -> Table:
    return items.table() if type(items) in _OURS else of_host(items)


def _made(table: Table) -> Set:
    found = Set(table.where)
    found._table, found._added = table, []
    return found


def _frozen(table: Table) -> FrozenSet:
    found = FrozenSet(table.where)
    found._table = table
    return found


def _difference(items: Any, others: Iterable[Any]) -> Table:
    table: Table = _table_of(items).copy()
    for other in others:
        if other is items:
            table.clear()
        else:
            for item in _in_order(other):
                table.delete(item)
    return table


def _intersection(items: Any, other: Any) -> Table:
    return Table(0, (item for item in _in_order(other) if item in items))


def _symmetric_difference(items: Any, other: Any) -> Table:
    table: Table = _table_of(items).copy()
    for item in _in_order(other):
        if item in table.where:
            table.delete(item)
        else:
            table.insert(item)
    return table


def _union(items: Any, other: Any) -> Table:
    table: Table = _table_of(items).copy()
    for item in _in_order(other):
        table.insert(item)
    return table


def made_set(items: Iterable[Any], size: int = 0) -> Set:
    """A set of ``items``, which come in the board's order; its table begins with ``size`` places."""
    keys = list(items)
    found = Set(keys)
    found._table, found._added = Table(size), keys
    return found


class Member:
    """An item of a set comprehension, in whose host's set each one is an item of its own until all have come."""

    __slots__ = ("item", "number")

    def __init__(self, item: Any) -> None:
        self.item = item
        self.number = next(_numbers)


_numbers = count()


def set_of_members(members: Iterable[Member]) -> Set:
    """What a set comprehension makes."""
    return made_set(member.item for member in sorted(members, key=attrgetter("number")))


def made_frozenset(items: Iterable[Any]) -> FrozenSet:
    """A frozenset of ``items``, which come in the board's order."""
    return _frozen(Table(0, items))


for _kind, _shown in ((Set, "set"), (FrozenSet, "frozenset")):
    _kind.__name__ = _kind.__qualname__ = _shown
    _kind.__module__ = "builtins"
