"""How native functions of the board count and bind their arguments (firmware: py/argcheck.c)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])

REQUIRED: Any = object()
"""The default of an argument that must be given."""


def count(given: int, least: int, most: int) -> None:
    """Raise the board's TypeError unless ``least <= given <= most`` (methods count ``self``)."""
    if least <= given <= most:
        return
    if least == most:
        raise TypeError(f"function takes {least} positional arguments but {given} were given")
    if given < least:
        raise TypeError(f"function missing {least - given} required positional arguments")
    raise TypeError(f"function expected at most {most} arguments, got {given}")


def only(args: tuple[Any, ...], names: dict[str, Any]) -> Any:
    """Return the one argument of a call that has but one. Raises TypeError."""
    if names:
        raise TypeError("function doesn't take keyword arguments")
    count(len(args), 1, 1)
    return args[0]


def native(least: int, most: int | None = None) -> Callable[[_Function], _Function]:
    """Decorate a function of ``least`` to ``most`` (default: exactly ``least``) positional arguments and no others."""
    highest = least if most is None else most

    def decorate(function: _Function) -> _Function:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if kwargs:
                raise TypeError("function doesn't take keyword arguments")
            if not least <= len(args) <= highest:
                count(len(args), least, highest)
            return function(*args)

        return call  # type: ignore[return-value]

    return decorate


def bind(
    args: tuple[Any, ...], kwargs: dict[str, Any], positional: dict[str, Any], keyword_only: dict[str, Any]
) -> dict[str, Any]:
    """Bind a call to names with defaults (``REQUIRED``: none) as the board's argument parser does. Raises TypeError."""
    found = {}
    left = dict(kwargs)
    for index, (name, default) in enumerate({**positional, **keyword_only}.items()):
        if name in positional and index < len(args):
            found[name] = args[index]
            continue
        value = left.pop(name, default)
        if value is REQUIRED:
            raise TypeError(f"'{name}' argument required")
        found[name] = value
    if len(args) > len(positional):
        raise TypeError("extra positional arguments given")
    if left:
        raise TypeError("extra keyword arguments given")
    return found


def natives(*functions: Callable[..., Any]) -> dict[str, Any]:
    """Name -> native function, for functions whose arguments are all positional-only; the counts are read off them."""
    table: dict[str, Any] = {}
    for function in functions:
        code, defaults = function.__code__, function.__defaults__ or ()
        table[function.__name__] = native(code.co_argcount - len(defaults), code.co_argcount)(function)
    return table
