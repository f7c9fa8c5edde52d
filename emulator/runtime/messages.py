"""CPython's exceptions as the board words them.

Only what CPython itself raised is put into other words (``emulator.runtime.raised`` tells): a script may raise the same text.
The words stand in ``emulator.runtime.wordings``, which is loaded when the first of them is needed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.runtime.raised import site_of

if TYPE_CHECKING:
    from emulator.runtime.printing import Printer

INTERNAL = "emulator error"
"""What a script is told where the emulator itself has failed."""


HOST_TYPES: dict[str, str] = {
    "async_generator": "generator",
    "builtin_function_or_method": "function",
    "bytearray_iterator": "iterator",
    "bytes_iterator": "iterator",
    "callable_iterator": "iterator",
    "classmethod_descriptor": "function",
    "coroutine": "generator",
    "dict_items": "dict_view",
    "dict_itemiterator": "iterator",
    "dict_keyiterator": "iterator",
    "dict_keys": "dict_view",
    "dict_valueiterator": "iterator",
    "dict_values": "dict_view",
    "ellipsis": "",
    "list_iterator": "iterator",
    "list_reverseiterator": "reversed",
    "memory_iterator": "iterator",
    "method": "bound_method",
    "method-wrapper": "bound_method",
    "method_descriptor": "function",
    "range_iterator": "iterator",
    "set_iterator": "iterator",
    "str_ascii_iterator": "iterator",
    "str_iterator": "iterator",
    "tuple_iterator": "iterator",
    "wrapper_descriptor": "function",
}
"""The host's name of a type -> the board's, where they differ (firmware: the ``name`` of each type in py/obj*.c)."""

# a quoted word of these messages is a type, unless it is the name of an argument or an attribute
_TYPE_IN_MESSAGE = re.compile(r"(?<!argument )(?<!attribute )'([\w-]+)'|(?<=can't convert )([\w-]+)(?= to )")


class _Found(NamedTuple):
    text: str
    shown: type[BaseException] | None


def _worded(exception: BaseException, message: str) -> _Found | None:
    """What the board says where CPython raised ``exception`` with ``message``; None if that is no text of CPython's."""
    from emulator.runtime.wordings import Fault, rows

    site = site_of(exception)
    by_statement = site is not None and site.is_raise
    for pattern, row in rows(type(exception)):
        if by_statement and not row.at_raise:
            continue
        match = pattern.fullmatch(message)
        if match:
            text = match.expand(row.words) if isinstance(row.words, str) else row.words(Fault(match, exception, site))
            if text is not None:
                kind = row.shown or type(exception)
                if not text.isascii():
                    from emulator.runtime.source.tokens import without_stand_ins

                    text = without_stand_ins(text)
                return _Found(_type_names(text) if kind in (TypeError, AttributeError) else text, row.shown)
    return None


def board_message(exception: BaseException, message: str) -> str:
    """``message``, an argument of ``exception``, as the board words it; one that CPython did not make stays as it is."""
    from emulator.runtime.internal import is_internal

    if is_internal(exception):
        return INTERNAL
    found = _worded(exception, message)
    return message if found is None else found.text


def is_worded(exception: BaseException) -> bool:
    """Whether the board has words for what CPython raised here."""
    args = exception.args
    return len(args) == 1 and isinstance(args[0], str) and _worded(exception, args[0]) is not None


def board_args(exception: BaseException) -> tuple[Any, ...]:
    """``args`` of an exception as the script sees them."""
    from emulator.runtime.internal import is_internal

    if is_internal(exception):
        return (INTERNAL,)
    args = exception.args
    if isinstance(exception, UnicodeError) and type(exception) is not UnicodeError:
        return ()  # firmware: py/objstr.c gives it no text
    if len(args) == 1 and type(args[0]) is str:
        return (board_message(exception, args[0]),)
    return args


def exception_str(exception: BaseException, printer: Printer) -> str:
    """``str`` of an exception (firmware: py/objexcept.c). Raises what the script's own ``__repr__`` of an argument raises."""
    args = board_args(exception)
    if not args:
        return ""
    if len(args) == 1:
        if isinstance(exception, OSError) and args == exception.args:
            return str(exception)
        return printer.str(args[0])
    return "(" + ", ".join(printer.repr(argument) for argument in args) + ")"


def board_type(name: str) -> str:
    """The board's name of a type that the host calls ``name``."""
    return HOST_TYPES.get(name, name)


def _type_names(text: str) -> str:
    def named(match: re.Match[str]) -> str:
        return f"'{board_type(match[1])}'" if match[1] else board_type(match[2])

    return _TYPE_IN_MESSAGE.sub(named, text)


BOARD_CLASSES: dict[type[BaseException], type[BaseException]] = {
    ModuleNotFoundError: ImportError,
    RecursionError: RuntimeError,
    UnboundLocalError: NameError,
    UnicodeDecodeError: UnicodeError,
    UnicodeEncodeError: UnicodeError,
    UnicodeTranslateError: UnicodeError,
    TabError: IndentationError,
    FloatingPointError: ArithmeticError,
    BufferError: RuntimeError,
    SystemError: RuntimeError,
    ReferenceError: RuntimeError,
}
"""Classes that CPython raises and the board lacks, with the one the board raises there."""


def board_class(exception: BaseException) -> type[BaseException]:
    """``type(exception)`` as the script sees it."""
    from emulator.runtime.internal import is_internal

    if is_internal(exception):
        return RuntimeError
    kind = type(exception)
    if kind.__module__ != "builtins":
        return kind
    args = exception.args
    if len(args) == 1 and type(args[0]) is str:
        found = _worded(exception, args[0])
        if found is not None and found.shown is not None:
            return found.shown
    return BOARD_CLASSES.get(kind, kind)


def board_class_name(exception: BaseException) -> str:
    """The class name that the board prints."""
    return board_class(exception).__name__
