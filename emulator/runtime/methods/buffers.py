"""Methods of bytes and bytearray (firmware: py/objstr.c, py/objarray.c)."""

from __future__ import annotations

from typing import Any

from emulator.runtime.methods import late
from emulator.runtime.methods._common import NATIVE, Table, buffer_of, decoded
from emulator.runtime.methods.signature import native
from emulator.runtime.methods.text import TEXT


@native(1, 3)
def _decode(self: bytes | bytearray, *ignored: Any) -> str:
    return decoded(bytes(self))


def _format(self: bytes, *args: Any, **kwargs: Any) -> bytes:
    text = late.format_str()(self.decode("utf-8", "surrogateescape"), args, kwargs, late.printer())
    return text.encode("utf-8", "surrogateescape")


METHODS: Table = {**TEXT, "decode": _decode, "format": _format}


@native(2)
def _append(self: bytearray, value: Any) -> None:
    from emulator.runtime.methods.numbers import truncated

    self.append(truncated(value) & 0xFF)


@native(2)
def _extend(self: bytearray, more: Any) -> None:
    self.extend(bytes(buffer_of(more)))


BYTEARRAY: Table = {"__class__": NATIVE, "append": _append, "extend": _extend, "decode": _decode}
MEMORYVIEW: Table = {"__class__": NATIVE}
