"""``open``, which ``uio`` and the builtins share (firmware: extmod/vfs.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.firmware._arguments import REQUIRED, bind

if TYPE_CHECKING:
    from flashfs.vfs import Vfs

_ARGUMENTS: dict[str, Any] = {"file": REQUIRED, "mode": "r", "buffering": -1, "encoding": None}


def opener(vfs: Callable[[], Vfs]) -> Callable[..., Any]:
    """Return ``open(file, mode="r", buffering=-1, encoding=None)``; the last two are looked at and ignored."""

    def open(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and 1 <= len(args) <= 2:
            return vfs().open(*args)
        given = bind(args, kwargs, _ARGUMENTS, {})
        if type(given["buffering"]) is not int:
            from emulator.firmware._natives import to_word

            to_word(given["buffering"])
        return vfs().open(given["file"], given["mode"])

    return open
