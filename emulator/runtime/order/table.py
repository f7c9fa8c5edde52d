"""The board's hash table: which places keys take (firmware: py/map.c).

Open addressing with linear probing. A table that is full grows to the next size of a list and takes its keys again in the
order of their places; nothing keeps the order of insertion.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

from emulator.runtime.order.hashes import hash_of

SIZES = (
    *(0, 2, 4, 6, 8, 10, 12, 17, 23, 29, 37, 47, 59, 73, 97, 127, 167, 223, 293, 389, 521, 691, 919, 1223, 1627, 2161),
    *(3229, 4831, 7243, 10861, 16273, 24407, 36607, 54907),
)
"""What a table grows to (firmware: py/map.c)."""

EMPTY: Any = object()
DELETED: Any = object()
"""A place whose key was deleted while the next place was taken."""


def next_size(size: int) -> int:
    """What a full table of ``size`` places grows to."""
    at = bisect_left(SIZES, size + 1)
    return SIZES[at] if at < len(SIZES) else (size + 1 + (size + 1) // 2) | 1


class Table:
    """The keys of a dict or set at their places."""

    __slots__ = ("_hashes", "_places", "where")

    def __init__(self, size: int = 0, keys: Iterable[Any] = ()) -> None:
        self._places: list[Any] = [EMPTY] * size
        self._hashes: list[int] = [0] * size
        self.where: dict[Any, int] = {}
        """Key -> its place."""
        for key in keys:
            self.insert(key)

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self._places)

    @property
    def places(self) -> list[Any]:
        """What is in each place: a key, ``EMPTY`` or ``DELETED``."""
        return self._places

    def keys(self) -> list[Any]:
        """The keys in the order of their places."""
        found = [key for key in self._places if key is not EMPTY and key is not DELETED]
        if len(found) != len(self.where):  # two threads have changed it at the same time
            fresh = Table(0, list(self.where))
            self._places, self._hashes, self.where = fresh._places, fresh._hashes, fresh.where
            found = [key for key in self._places if key is not EMPTY and key is not DELETED]
        return found

    def insert(self, key: Any) -> None:
        """Give ``key`` a place, if it has none."""
        if key not in self.where:
            self._insert(key, hash_of(key))

    def _insert(self, key: Any, hashed: int) -> None:
        places = self._places
        size = len(places)
        if size:
            start = at = hashed % size
            free = -1
            while True:
                held = places[at]
                if held is EMPTY:
                    self._put(at if free < 0 else free, key, hashed)
                    return
                if held is DELETED and free < 0:
                    free = at
                at += 1
                if at == size:
                    at = 0
                if at == start:
                    break
            if free >= 0:
                self._put(free, key, hashed)
                return
        self._grow()
        self._insert(key, hashed)

    def _put(self, at: int, key: Any, hashed: int) -> None:
        self._places[at] = key
        self._hashes[at] = hashed
        self.where[key] = at

    def _grow(self) -> None:
        old, hashes = self._places, self._hashes
        size = next_size(len(old))
        self._places = [EMPTY] * size
        self._hashes = [0] * size
        for key, hashed in zip(old, hashes, strict=True):
            if key is not EMPTY and key is not DELETED:
                self._insert(key, hashed)

    def delete(self, key: Any) -> None:
        """Take the place of ``key`` from it, if it has one."""
        at = self.where.pop(key, -1)
        if at >= 0:
            following = self._places[(at + 1) % len(self._places)]
            # the next place of a table with one place is the place itself
            self._places[at] = EMPTY if following is EMPTY else DELETED

    def take_item(self, key: Any) -> None:
        """As :meth:`delete`, but the place counts as deleted always: what ``dict.popitem`` does (firmware: py/objdict.c)."""
        at = self.where.pop(key, -1)
        if at >= 0:
            self._places[at] = DELETED

    def clear(self) -> None:
        """Forget all keys and places."""
        self._places, self._hashes = [], []
        self.where.clear()

    def copy(self) -> Table:
        """A table with the same places."""
        made = Table()
        made._places, made._hashes, made.where = self._places[:], self._hashes[:], dict(self.where)
        return made
