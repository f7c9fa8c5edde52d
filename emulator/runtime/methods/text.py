"""Methods that str and bytes share (firmware: py/objstr.c, py/objstrunicode.c; no center, partition or splitlines)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.runtime.memory import allocated
from emulator.runtime.methods._common import NATIVE, SPACE, Table, implicit_str, slice_index, text_of, to_int
from emulator.runtime.methods.signature import native


def _kind(self: Any) -> type:
    return str if isinstance(self, str) else bytes


def _same(self: Any, value: Any) -> Any:
    if type(value) is not _kind(self):
        implicit_str(value)
    return value


def _as(self: Any, text: str | bytes) -> Any:
    """``text`` as the kind of ``self``: the board looks at the bytes only."""
    if isinstance(self, str):
        return text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def _bounds(self: Any, bounds: tuple[Any, ...]) -> tuple[int, int]:
    length = len(self)
    name = _kind(self).__name__
    start = slice_index(name, length, bounds[0]) if bounds and bounds[0] is not None else 0
    end = slice_index(name, length, bounds[1]) if len(bounds) > 1 and bounds[1] is not None else length
    return start, end


def _finder(name: str, *, raises: bool) -> Callable[..., int]:
    @native(2, 4)
    def search(self: Any, needle: Any, *bounds: Any) -> int:
        _same(self, needle)
        start, end = _bounds(self, bounds)
        found: int = -1 if end < start else getattr(_kind(self), name)(self, needle, start, end)
        if found < 0 and raises:
            raise ValueError("substring not found")
        return found

    return search


@native(2, 4)
def _count(self: Any, needle: Any, *bounds: Any) -> int:
    _same(self, needle)
    start, end = _bounds(self, bounds)
    if not needle:
        return max(end - start, 0) + 1
    return _kind(self).count(self, needle, start, end)  # type: ignore[attr-defined, no-any-return]


@native(1, 3)
def _split(self: Any, sep: Any = None, most: Any = -1) -> list[Any]:
    limit = to_int(most)
    if sep is not None and not _same(self, sep):
        raise ValueError("empty separator")
    if sep is None and isinstance(self, str) and not self.isascii():
        return _split_ascii(self, limit)
    if sep is None and limit == 0:
        rest = _kind(self).lstrip(self)  # type: ignore[attr-defined]
        return [rest] if rest else []
    return _kind(self).split(self, sep, max(limit, -1))  # type: ignore[attr-defined, no-any-return]


def _split_ascii(text: str, limit: int) -> list[str]:
    """Blanks beyond ASCII separate nothing on the board."""
    found = []
    rest = text.lstrip(SPACE)
    while rest and limit != 0:
        end = next((i for i, char in enumerate(rest) if char in SPACE), len(rest))
        found.append(rest[:end])
        rest = rest[end:].lstrip(SPACE)
        limit -= 1
    if rest:
        found.append(rest)
    return found


@native(1, 3)
def _rsplit(self: Any, sep: Any = None, most: Any = -1) -> list[Any]:
    limit = to_int(most)
    if limit < 0:
        return _split(self, sep)
    if sep is None:
        raise NotImplementedError("rsplit(None,n)")
    separator = _as(self, text_of(sep))
    if not separator:
        raise ValueError("empty separator")
    return _kind(self).rsplit(self, separator, limit)  # type: ignore[attr-defined, no-any-return]


@native(2, 3)
def _startswith(self: Any, prefix: Any, *start: Any) -> bool:
    wanted = _as(self, text_of(prefix))
    first = slice_index(_kind(self).__name__, len(self), start[0]) if start else 0
    return _kind(self).startswith(self, wanted, first)  # type: ignore[attr-defined, no-any-return]


@native(2, 3)
def _endswith(self: Any, suffix: Any, *start: Any) -> bool:
    wanted = _as(self, text_of(suffix))
    if start:
        raise NotImplementedError("start/end indices")
    return _kind(self).endswith(self, wanted)  # type: ignore[attr-defined, no-any-return]


def _stripper(name: str) -> Callable[..., Any]:
    @native(1, 2)
    def strip(self: Any, *chars: Any) -> Any:
        which = _same(self, chars[0]) if chars else _as(self, SPACE)
        return getattr(_kind(self), name)(self, which)

    return strip


@native(3, 4)
def _replace(self: Any, old: Any, new: Any, *most: Any) -> Any:
    limit = to_int(most[0]) if most else -1
    if limit == 0:
        return self
    _same(self, old)
    _same(self, new)
    if not old and not self:
        return new if limit else self
    return allocated(_kind(self).replace(self, old, new, max(limit, -1)))  # type: ignore[attr-defined]


@native(2)
def _join(self: Any, items: Any) -> Any:
    from emulator.runtime.calls import listed

    parts = items if type(items) in (list, tuple) else listed(items)
    try:
        return allocated(_kind(self).join(self, parts))  # type: ignore[attr-defined]
    except TypeError:
        raise TypeError("join expects a list of str/bytes objects consistent with self object") from None


def _caser(name: str) -> Callable[..., Any]:
    @native(1)
    def change(self: Any) -> Any:
        if self.isascii():
            return getattr(_kind(self), name)(self)
        if isinstance(self, bytes):
            return getattr(bytes, name)(self)
        return "".join([getattr(char, name)() if char.isascii() else char for char in self])

    return change


def _tester(name: str) -> Callable[..., bool]:
    @native(1)
    def test(self: Any) -> bool:
        if self.isascii():
            known: bool = getattr(_kind(self), name)(self)
            return known and (name != "isspace" or not self.strip(_as(self, SPACE)))
        data = self.encode("utf-8", "surrogatepass") if isinstance(self, str) else self
        if name in ("islower", "isupper"):
            # only letters count, and only ASCII has any
            return bool(getattr(bytes(c for c in data if c < 128), name)())
        return False

    return test


TEXT: Table = {
    "__class__": NATIVE,
    "count": _count,
    "endswith": _endswith,
    "find": _finder("find", raises=False),
    "index": _finder("find", raises=True),
    "isalpha": _tester("isalpha"),
    "isdigit": _tester("isdigit"),
    "islower": _tester("islower"),
    "isspace": _tester("isspace"),
    "isupper": _tester("isupper"),
    "join": _join,
    "lower": _caser("lower"),
    "lstrip": _stripper("lstrip"),
    "replace": _replace,
    "rfind": _finder("rfind", raises=False),
    "rindex": _finder("rfind", raises=True),
    "rsplit": _rsplit,
    "rstrip": _stripper("rstrip"),
    "split": _split,
    "startswith": _startswith,
    "strip": _stripper("strip"),
    "upper": _caser("upper"),
}
