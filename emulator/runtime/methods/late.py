"""What the methods take from the modules that print, format, order and sort: imported when a script first needs it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any


@cache
def format_str() -> Callable[..., str]:
    """``format_str(template, args, kwargs, printer)``."""
    try:
        found: Callable[..., str] = import_module("emulator.runtime.formatting").format_str
    except ImportError:
        return lambda template, args, kwargs, _: template.format(*args, **kwargs)
    return found


def _modulo(template: Any, args: Any, _: Any) -> Any:
    """``%`` by the host; in bytes it formats text, as in a str (firmware: py/objstr.c)."""
    if isinstance(template, bytes):
        return (template.decode("latin-1") % args).encode()
    return template % args


@cache
def modulo() -> Callable[..., Any]:
    """``modulo(template, args, printer)``."""
    try:
        found: Callable[..., Any] = import_module("emulator.runtime.formatting").modulo
    except ImportError:
        return _modulo
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
def iterate() -> Callable[[Any], Any]:
    """``iterate(obj)``: a dict, set or view of one as a list in the board's order; everything else as it is."""
    found: Callable[[Any], Any] = import_module("emulator.runtime.order").iterate
    return found


@cache
def sort() -> Callable[..., None]:
    """``sort(items, key, reverse)``."""
    found: Callable[..., None] = import_module("emulator.runtime.sorting").sort
    return found
