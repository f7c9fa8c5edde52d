"""``list.sort`` and ``sorted``: the board's quicksort, which is not stable (firmware: py/objlist.c).

Where all keys are numbers or texts of one type and none is twice there, any way of sorting gives the same list: the host does it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_ORDERED = (int, str)


def sort(items: list[Any], key: Callable[[Any], Any] | None, reverse: bool) -> None:
    """Sort ``items`` in place. Raises TypeError for what cannot be compared, and what ``key`` raises."""
    if len(items) < 2:
        return
    keys = items if key is None else [key(item) for item in items]
    kind = type(keys[0])
    if kind in _ORDERED and all(type(one) is kind for one in keys):
        if key is None:
            # equal ones cannot be told apart
            items.sort(reverse=reverse)
            return
        if len(set(keys)) == len(keys):
            known = dict(zip(map(id, items), keys, strict=True))
            if len(known) == len(items):
                items.sort(key=lambda item: known[id(item)], reverse=reverse)
                return
    # a list that is changed meanwhile is not imitated: the board sorts in place
    pairs = list(zip(keys, items, strict=True))
    try:
        _quicksort(pairs, reverse)
    finally:
        items[:] = [item for _, item in pairs]


def _quicksort(pairs: list[Any], reverse: bool) -> None:
    """The last one is the pivot; the smaller part comes first, as the order of the comparisons shows."""
    left = [(0, len(pairs) - 1)]
    while left:
        head, tail = left.pop()
        if head >= tail:
            continue
        pivot = pairs[tail][0]
        low, high = head - 1, tail
        while True:
            low += 1
            while low < high and bool(pairs[low][0] < pivot) is not reverse:
                low += 1
            high -= 1
            while low < high and bool(pivot < pairs[high][0]) is not reverse:
                high -= 1
            if low >= high:
                break
            pairs[low], pairs[high] = pairs[high], pairs[low]
        pairs[low], pairs[tail] = pairs[tail], pairs[low]
        first, second = (head, high), (low + 1, tail)
        if high - head >= tail - low - 1:
            first, second = second, first
        left += [second, first]
