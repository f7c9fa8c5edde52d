"""How many arguments a native function takes, and what it says to others (firmware: py/argcheck.c, NORMAL messages)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def no_keywords() -> NoReturn:
    """Raise the TypeError of a function that takes no keyword arguments."""
    raise TypeError("function doesn't take keyword arguments")


def keywords_unimplemented() -> NoReturn:
    """Raise what ``str(x=1)``, ``bytes(x=1)`` raise."""
    raise NotImplementedError("keyword argument(s) not yet implemented - use normal args instead")


def wrong_count(given: int, least: int, most: int | None) -> NoReturn:
    """Raise the TypeError for ``given`` arguments, ``self`` included, where ``least`` to ``most`` are taken."""
    if least == most:
        raise TypeError(f"function takes {least} positional arguments but {given} were given")
    if given < least:
        raise TypeError(f"function missing {least - given} required positional arguments")
    raise TypeError(f"function expected at most {most} arguments, got {given}")


def check_count(given: int, least: int, most: int | None) -> None:
    """Raise TypeError unless ``given`` arguments are as many as the function takes; ``most`` None is any number."""
    if given < least or (most is not None and given > most):
        wrong_count(given, least, most)


def native(least: int, most: int | None = -1) -> Callable[[Function], Function]:
    """Make a native function that takes ``least`` to ``most`` positional arguments (default: exactly ``least``)."""
    limit = least if most == -1 else most

    def decorate(function: Function) -> Function:
        @wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if kwargs:
                no_keywords()
            given = len(args)
            if given < least or (limit is not None and given > limit):
                wrong_count(given, least, limit)
            return function(*args)

        return checked  # type: ignore[return-value]

    return decorate
