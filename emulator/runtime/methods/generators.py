"""Methods of generators and iterators (firmware: py/objgenerator.c, py/objpolyiter.c)."""

from __future__ import annotations

import inspect
from collections.abc import Generator
from typing import Any
from weakref import WeakKeyDictionary

from emulator.runtime.methods._common import Table, natives
from emulator.runtime.methods.signature import native

pending: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""Generators that are to be resumed with an exception next time (``pend_throw``)."""


@native(2)
def _pend_throw(self: Generator[Any, Any, Any], exception: Any) -> Any:
    """Set what the next resumption raises; returns what was set before. A generator that runs or has ended keeps nothing."""
    if getattr(self, "gi_running", False):
        raise ValueError("generator already executing")
    if inspect.getgeneratorstate(self) == inspect.GEN_CREATED:
        raise TypeError("can't pend throw to just-started generator")
    before = pending.pop(self, None)
    if exception is not None:
        pending[self] = exception
    return before


def _raise_in(generator: Any, exception: Any) -> Any:
    if getattr(generator, "gi_yieldfrom", None) is not None and hasattr(generator.gi_yieldfrom, "throw"):
        return generator.throw(exception)  # the inner one judges what it is given
    if isinstance(exception, type) and issubclass(exception, BaseException):
        exception = exception()
    if not isinstance(exception, BaseException):
        raise TypeError("exceptions must derive from BaseException")
    return generator.throw(exception)


@native(1)
def resume(self: Any) -> Any:
    """``next`` of a generator that may have an exception pending."""
    exception = pending.pop(self, None)
    if exception is None:
        return next(self)
    return _raise_in(self, exception)


@native(2)
def _send(self: Any, value: Any) -> Any:
    exception = pending.pop(self, None)
    if exception is None:
        return self.send(value)
    return _raise_in(self, exception)


@native(2, 4)
def _throw(self: Any, kind: Any, value: Any = None, traceback: Any = None) -> Any:
    """``throw(type)``, ``throw(exception)`` or ``throw(type, exception)``; the traceback is not looked at."""
    return _raise_in(self, kind if value is None else value)


METHODS: Table = {
    **natives("__class__ close"),
    "__next__": resume,
    "send": _send,
    "throw": _throw,
    "pend_throw": _pend_throw,
}
ITERATOR: Table = natives("__class__ __next__")
NOTHING: Table = natives("__class__")
