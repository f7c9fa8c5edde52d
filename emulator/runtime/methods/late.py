"""What the methods take from the modules that print, format and sort: imported when a script first needs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any


@cache
def format_str() -> Callable[..., str]:
    """``format_str(template, args, kwargs, printer)``."""
    found: Callable[..., str] = import_module("emulator.runtime.formatting").format_str
    return found


@cache
def modulo() -> Callable[..., Any]:
    """``modulo(template, args, printer)``."""
    found: Callable[..., Any] = import_module("emulator.runtime.formatting").modulo
    return found


@cache
def known_template() -> Callable[[str, int, str], Callable[..., str] | None]:
    """``known(hook, given, text)``."""
    found: Callable[[str, int, str], Callable[..., str] | None] = import_module("emulator.runtime.templates").known
    return found


@cache
def printer() -> Any:
    """A printer; they hold no state."""
    return import_module("emulator.runtime.printing").Printer()


@cache
def sort() -> Callable[..., None]:
    """``sort(items, key, reverse)``."""
    found: Callable[..., None] = import_module("emulator.runtime.sorting").sort
    return found
