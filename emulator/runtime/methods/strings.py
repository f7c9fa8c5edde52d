"""Methods of str (firmware: py/objstrunicode.c)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.runtime.hooks import FIELDS
from emulator.runtime.methods import late
from emulator.runtime.methods._common import Table
from emulator.runtime.methods.signature import native
from emulator.runtime.methods.text import TEXT


@native(1, 3)
def _encode(self: str, *ignored: Any) -> bytes:
    """Always UTF-8: codec and error handler are not looked at."""
    return self.encode("utf-8", "surrogatepass")


_formatted: Callable[..., str] | None = None
_known: Callable[..., Callable[..., str] | None] | None = None


def _format(self: str, *args: Any, **kwargs: Any) -> str:
    global _formatted, _known
    if _formatted is None or _known is None:
        _formatted, _known = late.format_str(), late.known_template()
    if not kwargs and type(self) is str:
        fill = _known(FIELDS, len(args), self)
        if fill is not None:
            return fill(*args)
    return _formatted(self, args, kwargs, late.printer())


METHODS: Table = {**TEXT, "encode": _encode, "format": _format}
