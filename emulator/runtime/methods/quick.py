"""Calls of methods with arguments for which the host's method is the board's: without a look at the tables.

firmware: as the tables of the types, which the rest goes through
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.runtime.sites import Site

_TEXTS = "(kind is str or kind is bytes) and type(a) is kind"
_ASCII = "kind is str and obj.isascii()"
_SEQUENCE = "(type(a) is list or type(a) is tuple)"
_WORD = "-2147483648 <= {0} < 2147483648"
_ORDER = "type(b) is str and (b == 'big' or b == 'little')"

WHEN: dict[tuple[str, int], str] = {
    ("split", 1): f"{_TEXTS} and a",
    ("split", 2): f"{_TEXTS} and a and type(b) is int and -1 <= b < 2147483648",
    ("replace", 2): f"{_TEXTS} and type(b) is kind and a",
    **dict.fromkeys(
        [(name, 1) for name in ("find", "rfind", "startswith", "endswith", "strip", "lstrip", "rstrip")], _TEXTS
    ),
    ("count", 1): f"{_TEXTS} or kind is list or kind is tuple",
    ("join", 1): f"(kind is str or kind is bytes) and {_SEQUENCE}",
    **dict.fromkeys([(name, 0) for name in ("upper", "lower", "isdigit", "isalpha", "isupper", "islower")], _ASCII),
    ("decode", 1): "kind is bytes",
    ("encode", 1): "kind is str",
    ("pop", 0): "kind is list and obj",
    ("pop", 1): "kind is list and type(a) is int and -len(obj) <= a < len(obj)",
    ("insert", 2): f"kind is list and type(a) is int and {_WORD.format('a')}",
    ("extend", 1): f"kind is list and {_SEQUENCE} or kind is bytearray and type(a) is bytes",
    **dict.fromkeys([(name, 0) for name in ("sort", "clear", "copy")], "kind is list"),
    (
        "to_bytes",
        2,
    ): f"kind is int and 0 <= obj < 1073741824 and type(a) is int and 0 < a < 99 and not obj >> 8 * a and {_ORDER}",
    ("from_bytes", 2): f"obj is int and type(a) is bytes and {_ORDER}",
}
"""Name and number of arguments -> the condition on the object and its arguments ``a``, ``b``."""

_OTHERWISE = {"decode": "obj.decode()", "encode": "obj.encode('utf-8', 'surrogatepass')"}
"""Calls in which the arguments are not handed on: the board ignores them."""

_REFUSED = {"join": "TypeError", "decode": "UnicodeDecodeError"}
"""What the host then raises, for the board to say again in its own words."""


class Methods:
    """Makes the functions for calls of methods. ``get``: what finds a method by the tables."""

    def __init__(self, get: Callable[[Any, str], Any]) -> None:
        self._get = get

    def exact(self, site: Site) -> Callable[..., Any]:
        get, name = self._get, site.text

        def call(obj: Any, *values: Any) -> Any:
            method = get(obj, name)
            return method(*values)

        return call

    def quick(self, site: Site) -> Callable[..., Any]:
        name = site.text
        values = ("", "a", "a, b")[site.given]
        at_once = _OTHERWISE.get(name, f"obj.{name}({values})")
        refused = _REFUSED.get(name)
        statement = f"return {at_once}"
        if refused:
            statement = f"\n        try: return {at_once}\n        except {refused}: pass"
        source = (
            f"def call(obj{', ' if values else ''}{values}):\n"
            f"    kind = type(obj)\n"
            f"    if {WHEN[name, site.given]}: {statement}\n"
            f"    method = get(obj, {name!r})\n"
            f"    return method({values})\n"
        )
        space: dict[str, Any] = {**_NAMES, "get": self._get}
        exec(source, space)
        return space["call"]  # type: ignore[no-any-return]


_NATIVE = (type, int, str, bytes, list, tuple, bytearray, len)
_NAMES: dict[str, Any] = {"__name__": __name__, **{kind.__name__: kind for kind in _NATIVE}}
