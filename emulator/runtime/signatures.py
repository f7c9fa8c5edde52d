"""Which function of the script a message of CPython's is about: CPython gives names, the board counts."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, TracebackType
from typing import Any

from emulator.runtime.hooks import GUARD
from emulator.runtime.raised import Site, is_script

_LOCALS = "<locals>."
_OF_FUNCTION = 1
"""The code flag CO_OPTIMIZED; class bodies do not have it."""
_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function of the script's takes: its positional arguments, and whether keyword-only ones have defaults."""

    positional: tuple[str, ...]
    keyword_defaults: bool = False


def called(name: str, site: Site, exception: BaseException, parameters: tuple[str, ...] = ()) -> Signature | None:
    """The script's function of that qualified name, as seen from where a call failed; None if it is none of the script's.

    ``parameters``: some that it has, where several functions may have the name, as all lambdas do.
    """
    inner = name.rpartition(_LOCALS)[2]
    for space in _spaces(site, exception.__traceback__):
        function = _resolve(inner, space)
        if function is not None and function.__qualname__ == name:
            return _of_function(function)
    if site.in_script:
        for qualified, code in _codes(site.frame.f_code, ""):  # one that nobody holds any more: (lambda a: 0)()
            known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            if (name == qualified or name.endswith(f".{qualified}")) and set(parameters) <= set(known):
                return Signature(code.co_varnames[: code.co_argcount])
    for function in _handed_on(site):
        if function.__qualname__ == name:
            return _of_function(function)
    own = _script_builtins(exception.__traceback__)
    if own is not None:  # that of another board may have the same name
        for held in gc.get_objects():
            if type(held) is FunctionType and held.__qualname__ == name and getattr(held, "__builtins__", None) is own:
                return _of_function(held)
    return None


def _handed_on(site: Site) -> Iterator[FunctionType]:
    """Functions of the script's that a module of the emulator holds where it makes the call."""
    for value in tuple(site.frame.f_locals.values()):
        function = getattr(value, "__func__", value)
        if type(function) is FunctionType and _of_script(function):
            yield function


def _script_builtins(traceback: TracebackType | None) -> Mapping[str, Any] | None:
    while traceback is not None:
        if is_script(traceback.tb_frame):
            return traceback.tb_frame.f_builtins
        traceback = traceback.tb_next
    return None


def _of_function(function: FunctionType) -> Signature:
    code = function.__code__
    return Signature(code.co_varnames[: code.co_argcount], bool(function.__kwdefaults__))


def _spaces(site: Site, traceback: TracebackType | None) -> Iterator[Mapping[str, Any]]:
    yield site.frame.f_locals
    yield site.frame.f_globals
    while traceback is not None:
        yield traceback.tb_frame.f_locals
        traceback = traceback.tb_next


def _codes(code: CodeType, prefix: str) -> Iterator[tuple[str, CodeType]]:
    """(qualified name as seen from ``code``, code) of what is defined in it."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            name = prefix + constant.co_name
            yield name, constant
            yield from _codes(constant, f"{name}.{_LOCALS if constant.co_flags & _OF_FUNCTION else ''}")


def _resolve(name: str, space: Mapping[str, Any]) -> FunctionType | None:
    first, *rest = name.split(".")
    found = space.get(first, _MISSING)
    for part in rest:
        if not isinstance(found, type):
            return None
        found = found.__dict__.get(part, _MISSING)
    if isinstance(found, (staticmethod, classmethod)):
        found = found.__func__
    return found if type(found) is FunctionType and _of_script(found) else None


def _of_script(function: FunctionType) -> bool:
    return GUARD in getattr(function, "__builtins__", ())
