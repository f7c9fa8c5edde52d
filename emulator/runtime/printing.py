"""How the board prints objects: ``print``, ``repr``, tracebacks and ``ujson`` of unknown objects.

Firmware: py/obj.c and the ``print`` slot of each type.
"""

from __future__ import annotations

from collections.abc import Callable
from types import BuiltinMethodType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

from emulator.runtime import order
from emulator.runtime.floats import float_str, to_single
from emulator.runtime.messages import board_args, board_class_name, board_type, exception_str
from emulator.runtime.names import MeasuredPath, type_name

Text = str
"""``str`` where a method of that name stands in the way."""

_SPECIAL = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def address(obj: object) -> str:
    """A stand-in for the address that the board prints: within its external RAM, stable for the object's life."""
    return f"{0x3F800000 | (id(obj) >> 4 & 0x3FFFFF):08x}"


def str_repr(text: str) -> str:
    """``repr`` of a str: all but printable ASCII is escaped (firmware: py/objstr.c)."""
    quote = '"' if "'" in text and '"' not in text else "'"
    out = [quote]
    for char in text:
        code = ord(char)
        if char == quote:
            out.append("\\" + char)
        elif char in _SPECIAL:
            out.append(_SPECIAL[char])
        elif 32 <= code <= 126:
            out.append(char)
        elif code < 0x100:
            out.append(f"\\x{code:02x}")
        elif code < 0x10000:
            out.append(f"\\u{code:04x}")
        else:
            out.append(f"\\U{code:08x}")
    out.append(quote)
    return "".join(out)


def bytes_repr(data: bytes) -> str:
    """``repr`` of bytes."""
    quote = 34 if 39 in data and 34 not in data else 39
    out = ["b", chr(quote)]
    for code in data:
        char = chr(code)
        if code == quote:
            out.append("\\" + char)
        elif char in _SPECIAL:
            out.append(_SPECIAL[char])
        elif 32 <= code <= 126:
            out.append(char)
        else:
            out.append(f"\\x{code:02x}")
    out.append(chr(quote))
    return "".join(out)


def complex_repr(number: complex) -> str:
    """``repr`` of a complex: seven digits, without ``.0``, no brackets where the real part is 0 (firmware: py/objcomplex.c)."""
    imaginary = float_str(number.imag).removesuffix(".0")
    if to_single(number.real) == 0:
        return f"{imaginary}j"
    plus = "" if to_single(number.imag) < 0 else "+"
    return f"({float_str(number.real).removesuffix('.0')}{plus}{imaginary}j)"


_HOST_BITS = 12_000
"""Bits up to which the host makes decimal digits; it limits the length, for the whole process."""


def int_repr(number: int) -> str:
    """``repr`` of an int."""
    if number.bit_length() < _HOST_BITS:
        return int.__repr__(number)
    if number < 0:
        return "-" + int_repr(-number)
    half = number.bit_length() * 3 // 20
    high, low = divmod(number, 10**half)
    return int_repr(high) + int_repr(low).zfill(half)


class Printer:
    """Prints objects of the script. Stateless but for the nesting of containers that hold themselves."""

    def str(self, obj: Any) -> Text:
        """What ``print(obj)`` shows."""
        kind = type(obj)
        if kind is str:
            return obj  # type: ignore[no-any-return]
        if kind is MeasuredPath:
            return obj[:]  # type: ignore[no-any-return]
        if isinstance(obj, BaseException):
            return exception_str(obj, self)
        if _of_script(kind, "__str__"):
            return str(obj)
        if isinstance(obj, str):
            return str.__str__(obj)
        return self.repr(obj)

    def repr(self, obj: Any) -> Text:
        """What ``repr(obj)`` gives."""
        return self._repr(obj, ())

    def _repr(self, obj: Any, outer: tuple[int, ...]) -> Text:
        kind = type(obj)
        plain = PLAIN.get(kind)
        if plain is not None:
            return plain(obj)
        if _of_script(kind, "__repr__"):
            return repr(obj)
        if isinstance(obj, BaseException):
            args = [self._repr(argument, outer) for argument in board_args(obj)]
            return f"{board_class_name(obj)}({args[0] + ',' if len(args) == 1 else ', '.join(args)})"
        if kind in _CONTAINERS or (isinstance(obj, (list, dict, tuple, set, frozenset)) and _native_repr(kind)):
            if id(obj) in outer or len(outer) > 100:
                raise RuntimeError("maximum recursion depth exceeded")
            return self._container(obj, (*outer, id(obj)))
        if kind.__module__ != "builtins" and _native_repr(kind):
            for base in kind.__mro__:
                if base in PLAIN:
                    return PLAIN[base](obj)  # of a class built on a native one
        return self._other(obj, kind)

    def _container(self, obj: Any, outer: tuple[int, ...]) -> Text:
        if isinstance(obj, dict):
            return "{" + ", ".join(f"{self._repr(k, outer)}: {self._repr(v, outer)}" for k, v in order.items(obj)) + "}"
        # a class of the script's is printed by what it holds, whatever its __iter__ says
        held = obj if type(obj) in _CONTAINERS else _held(obj)
        items = [self._repr(item, outer) for item in order.iterate(held)]
        if isinstance(obj, list):
            return "[" + ", ".join(items) + "]"
        if isinstance(obj, tuple):
            fields = getattr(type(obj), "_fields", None)
            if fields:
                pairs = ", ".join(f"{name}={item}" for name, item in zip(fields, items, strict=False))
                return f"{type(obj).__name__}({pairs})"
            return "(" + ", ".join(items) + (",)" if len(items) == 1 else ")")
        if isinstance(obj, frozenset):
            return "frozenset({" + ", ".join(items) + "})" if items else "frozenset()"
        return "{" + ", ".join(items) + "}" if items else "set()"

    def _other(self, obj: Any, kind: type) -> Text:
        if isinstance(obj, type):
            of_host = obj.__module__ in _HOST or _native(obj)
            return f"<class '{board_type(obj.__name__) if of_host else obj.__name__}'>"
        if isinstance(obj, ModuleType):
            file = vars(obj).get("__file__")
            name = vars(obj).get("__name__", "")
            return f"<module '{name}' from '{file}'>" if file else f"<module '{name}'>"
        if isinstance(obj, FunctionType):
            native = getattr(obj, "__module__", "").startswith("emulator.")
            return "<function>" if native else f"<function {obj.__name__} at 0x{address(obj)}>"
        if isinstance(obj, MethodType):
            return "<bound_method>"
        if isinstance(obj, BuiltinMethodType) and not isinstance(obj.__self__, (ModuleType, type(None))):
            return "<bound_method>"
        if isinstance(obj, GeneratorType):
            return f"<generator object '{obj.__name__}' at {address(obj)}>"
        if kind is super:
            return f"<super: {self.repr(obj.__thisclass__)}, {self.repr(obj.__self__)}>"
        if kind in _VIEWS:
            return f"{kind.__name__}([{', '.join([self.repr(item) for item in order.iterate(obj)])}])"
        if kind.__module__ == "builtins" or not _native_repr(kind):
            text = repr(obj)
            return f"<{board_type(type_name(obj))}>" if text.startswith("<") and kind.__module__ == "builtins" else text
        if _native(kind):
            return f"<{type_name(obj)}>"
        return f"<{type_name(obj)} object at {address(obj)}>"


def _held(obj: Any) -> Any:
    """The items of a list or tuple of a class of its own."""
    if isinstance(obj, list):
        return list.__getitem__(obj, slice(None))
    return tuple.__getitem__(obj, slice(None)) if isinstance(obj, tuple) else obj


def _of_script(kind: type, name: str) -> bool:
    """Whether a class of the script (or of a device module) defines the method ``name`` itself."""
    for owner in kind.__mro__:
        if name in owner.__dict__:
            return owner.__module__ != "builtins" and not issubclass(owner, BaseException)
    return False


def _native(kind: type) -> bool:
    """Whether ``kind`` is a class of a device module; these print as their name alone (firmware: py/obj.c)."""
    return kind.__module__.startswith(("emulator.", "flashfs.", "ussl_shim."))


def _native_repr(kind: type) -> bool:
    for owner in kind.__mro__:
        if "__repr__" in owner.__dict__:
            return owner.__module__ in ("builtins", "collections") or hasattr(kind, "_fields")
    return True


_NOTHING: dict[Any, Any] = {}
PLAIN: dict[type, Callable[[Any], str]] = {
    str: str_repr,
    MeasuredPath: str_repr,
    bytes: bytes_repr,
    bool: repr,
    int: int_repr,
    float: float_str,
    complex: complex_repr,
    type(None): repr,
    bytearray: lambda b: f"bytearray({bytes_repr(bytes(b))})",
}
"""Types whose objects look the same wherever they stand."""
_VIEWS = frozenset(map(type, (_NOTHING.keys(), _NOTHING.values(), _NOTHING.items())))
_HOST = ("builtins", "types")
_CONTAINERS = (list, tuple, dict, set, frozenset)
