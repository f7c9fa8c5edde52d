"""What Tab completes (firmware: py/repl.c): names of ``__main__`` and of the objects that hang from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from emulator.repl.line_editor import Completion

_SLOT = 16
_WIDTH = 4 * _SLOT
_IMPORT = "import "


def complete(before: str, names: Mapping[str, Any], attributes: Callable[[Any], Iterable[str]]) -> Completion:
    """Complete the name or the chain of names that ends ``before``; ``attributes`` lists those of an object.

    Never raises: an attribute that cannot be had has no names.
    """
    chain = before[len(before.rstrip(_PART)) :] if before else ""
    *path, head = chain.split(".")
    try:
        candidates: Iterable[str] = names
        if path:
            obj = names[path[0]]
            for name in path[1:]:
                obj = getattr(obj, name)
            candidates = attributes(obj)
        found = sorted({name for name in candidates if name.startswith(head) and name.isidentifier()})
    except Exception:  # noqa: BLE001  the script's own __getattr__ or property may raise whatever it likes
        return Completion()
    if not found:
        # the word "import" is offered where a line begins
        return Completion(_IMPORT[len(chain) :]) if chain == before and _IMPORT.startswith(chain) else Completion()
    common = _common_start(found[0], found[-1])
    if len(found) == 1 or len(common) > len(head):
        return Completion(common[len(head) :])
    return Completion(choices=_table(found))


def _common_start(first: str, last: str) -> str:
    """What all names between the first and the last of a sorted list begin with."""
    return first[
        : next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    ]


_PART = "_.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _table(names: list[str]) -> str:
    """The names in columns, on lines of their own."""
    text, width = "", _WIDTH
    for name in names:
        gap = -width % _SLOT
        if gap < 2:
            gap += _SLOT
        if width + gap + len(name) <= _WIDTH:
            text += " " * gap + name
            width += gap + len(name)
        else:
            text += f"\n{name}"
            width = len(name)
    return text + "\n"
