"""What the board calls a type."""

from __future__ import annotations

from types import (
    BuiltinFunctionType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)

_NAMES: dict[type, str] = {
    FunctionType: "function",
    BuiltinFunctionType: "function",
    MethodType: "bound_method",
    ModuleType: "module",
    GeneratorType: "generator",
    CoroutineType: "generator",
    type({}.keys()): "dict_view",
    type({}.values()): "dict_view",
    type({}.items()): "dict_view",
    type(iter([])): "iterator",
    type(iter(())): "iterator",
    type(iter("")): "iterator",
    type(iter(int, 1)): "iterator",
}
"""Where the name differs from the host's (firmware: py/objfun.c, py/objgenerator.c, py/objdict.c, py/objpolyiter.c)."""


def type_name(obj: object) -> str:
    """The name of ``type(obj)`` as the board's messages give it."""
    kind = type(obj)
    if kind in _NAMES:
        return _NAMES[kind]
    if isinstance(obj, ModuleType):
        return "module"
    return kind.__name__


_OURS = ("builtins", "emulator.", "flashfs.", "ussl_shim.", "collections")


def script_class(kind: type) -> bool:
    """Whether a class statement of the script made ``kind``."""
    return bool(kind.__flags__ & (1 << 9)) and not kind.__module__.startswith(_OURS)


def native_name(obj: object) -> str:
    """As :func:`type_name`; of an instance of a class of the script's, the native type that it is built on, if there is one.

    The board's operators are handed on to that one, which then says that it has no such (firmware: py/objtype.c).
    """
    kind = type(obj)
    if script_class(kind):
        for base in kind.__mro__:
            if base.__module__ == "builtins" and base is not object:
                return base.__name__
    return type_name(obj)


class MeasuredPath(str):
    """A path on the flash whose ``str()`` is that of the host's file: what coverage.py takes a module's lines to be from.

    It looks at ``__file__`` rather than at the name in the code. The script sees the path on the flash.
    """

    host: str

    def __new__(cls, path: str, host: str) -> MeasuredPath:
        made = super().__new__(cls, path)
        made.host = host
        return made

    def __str__(self) -> str:
        return self.host
