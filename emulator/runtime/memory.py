"""One object that the board's heap cannot hold (firmware: py/gc.c, py/malloc.c).

What many small objects take together is not counted.
"""

from __future__ import annotations

from typing import Any

_DEFAULT = 4 << 20
SMALL = 1 << 15
"""No heap is so small that an object of fewer bytes is too large."""

_WORDS: dict[Any, int] = {str: 1, bytes: 1, list: 4, tuple: 4}
_HEADERS: dict[Any, int] = {str: 1, bytes: 1, list: 0, tuple: 8}
"""Bytes that the board takes for an item of a sequence, and besides."""

SEQUENCES = frozenset(_WORDS)


def size_of(kind: type, count: int) -> int:
    """The bytes of a sequence of ``count`` items."""
    return count * _WORDS.get(kind, 1) + _HEADERS.get(kind, 1)


def failed(size: int) -> MemoryError:
    """The board's error for an allocation of ``size`` bytes."""
    return MemoryError(f"memory allocation failed, allocating {size} bytes")


def heap() -> int:
    """The bytes of the heap of the board whose script calls."""
    from emulator.power import current_or_none

    thread = current_or_none()
    return _DEFAULT if thread is None else thread.cycle.heap_bytes or _DEFAULT


def allocate(size: int) -> None:
    """Raise the board's MemoryError for an object of ``size`` bytes that its heap cannot hold."""
    if size > SMALL and size > heap():
        raise failed(size & 0xFFFFFFFF)


def allocated(made: Any) -> Any:
    """``made``, a sequence, if the board could hold it. Raises MemoryError."""
    if len(made) > SMALL >> 2:
        allocate(size_of(type(made), len(made)))
    return made


def grown(count: int) -> None:
    """Raise MemoryError for a list that grows to ``count`` items: it doubles, and is held twice meanwhile."""
    if count > SMALL >> 2:
        room = heap()
        size = SMALL
        while size < count * 4:
            size *= 2
            if size + size // 2 > room:
                raise failed(size)
