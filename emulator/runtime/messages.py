"""CPython's exception texts in the board's words (NORMAL error messages; firmware: py/runtime.c, py/obj.c, py/argcheck.c).

Applied where an exception is shown. Only texts that CPython itself produced can match: each pattern is a whole message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

Wording = str | Callable[[re.Match[str]], str]
"""The board's words: a template for the match, or a function of it where numbers differ."""


def _exact_count(match: re.Match[str]) -> str:
    """The board counts ``self`` as an argument of a method (firmware: py/argcheck.c)."""
    owner, wanted, given = match.groups()
    own = 1 if owner else 0
    count = {"no": 0, "one": 1}.get(wanted)
    takes = (int(wanted) if count is None else count) + own
    return f"function takes {takes} positional arguments but {int(given) + own} were given"


TABLE: tuple[tuple[type[BaseException], str, Wording], ...] = (
    (
        NameError,
        r"cannot access local variable '.*' where it is not associated with a value",
        "local variable referenced before assignment",
    ),
    (NameError, r"local variable '.*' referenced before assignment", "local variable referenced before assignment"),
    (NameError, r"(?:cannot access )?free variable '.*'.*", "local variable referenced before assignment"),
    (NameError, r"(?:name|global name) '(\w+)' is not defined.*", r"name '\1' isn't defined"),
    (ZeroDivisionError, r".*(?:by zero|zero to a negative).*|integer modulo by zero", "divide by zero"),
    (AttributeError, r"module '.*?' has no attribute '(.*?)'.*", r"'module' object has no attribute '\1'"),
    (
        AttributeError,
        r"partially initialized module '.*?' has no attribute '(.*?)'.*",
        r"'module' object has no attribute '\1'",
    ),
    (AttributeError, r"('.*?' object|type object '.*?') has no attribute '(.*?)'.*", r"\1 has no attribute '\2'"),
    (TypeError, r"'(.*?)' object is not (callable|iterable|subscriptable)", r"'\1' object isn't \2"),
    (TypeError, r"'(.*?)' object is not an iterator", r"'\1' object isn't an iterator"),
    (TypeError, r"'(.*?)' object does not support item assignment", r"'\1' object doesn't support item assignment"),
    (
        TypeError,
        r"'(.*?)' object (?:does not|doesn't) support item deletion",
        r"'\1' object doesn't support item deletion",
    ),
    (TypeError, r"object of type '(.*?)' has no len\(\)", r"object of type '\1' has no len()"),
    (TypeError, r'can only concatenate str \(not "(.*?)"\) to str', r"can't convert '\1' object to str implicitly"),
    (
        TypeError,
        r'can only concatenate (list|tuple) \(not "(.*?)"\) to \1',
        r"unsupported types for __add__: '\1', '\2'",
    ),
    (TypeError, r"can't concat (\S+) to (bytes|bytearray)", r"unsupported types for __add__: '\2', '\1'"),
    (TypeError, r"(?:(\w+)\.)?\w+\(\) takes (?:exactly )?(no|one|\d+) arguments? \((\d+) given\)", _exact_count),
    (TypeError, r"unhashable type: '(.*?)'", r"unsupported type for __hash__: '\1'"),
    (
        TypeError,
        r"unsupported operand type\(s\) for \+=?: '(.*?)' and '(.*?)'",
        r"unsupported types for __add__: '\1', '\2'",
    ),
    (
        TypeError,
        r"unsupported operand type\(s\) for -=?: '(.*?)' and '(.*?)'",
        r"unsupported types for __sub__: '\1', '\2'",
    ),
    (
        TypeError,
        r"unsupported operand type\(s\) for \*=?: '(.*?)' and '(.*?)'",
        r"unsupported types for __mul__: '\1', '\2'",
    ),
    (
        TypeError,
        r"unsupported operand type\(s\) for /=?: '(.*?)' and '(.*?)'",
        r"unsupported types for __truediv__: '\1', '\2'",
    ),
    (
        TypeError,
        r"unsupported operand type\(s\) for //=?: '(.*?)' and '(.*?)'",
        r"unsupported types for __floordiv__: '\1', '\2'",
    ),
    (
        TypeError,
        r"unsupported operand type\(s\) for %=?: '(.*?)' and '(.*?)'",
        r"unsupported types for __mod__: '\1', '\2'",
    ),
    (
        TypeError,
        r"'<' not supported between instances of '(.*?)' and '(.*?)'",
        r"unsupported types for __lt__: '\1', '\2'",
    ),
    (
        TypeError,
        r"'>' not supported between instances of '(.*?)' and '(.*?)'",
        r"unsupported types for __gt__: '\1', '\2'",
    ),
    (
        TypeError,
        r"'<=' not supported between instances of '(.*?)' and '(.*?)'",
        r"unsupported types for __le__: '\1', '\2'",
    ),
    (
        TypeError,
        r"'>=' not supported between instances of '(.*?)' and '(.*?)'",
        r"unsupported types for __ge__: '\1', '\2'",
    ),
    (TypeError, r"bad operand type for unary -: '(.*?)'", r"unsupported type for __neg__: '\1'"),
    (
        TypeError,
        r".*\(\) takes no (?:positional )?arguments \((\d+) given\)",
        r"function takes 0 positional arguments but \1 were given",
    ),
    (
        TypeError,
        r".*\(\) takes (\d+) positional arguments? but (\d+) (?:was|were) given",
        r"function takes \1 positional arguments but \2 were given",
    ),
    (
        TypeError,
        r".*\(\) takes from \d+ to (\d+) positional arguments but (\d+) (?:was|were) given",
        r"function expected at most \1 arguments, got \2",
    ),
    (
        TypeError,
        r".*\(\) missing (\d+) required positional arguments?: .*",
        r"function missing \1 required positional arguments",
    ),
    (TypeError, r".*\(\) missing \d+ required keyword-only arguments?: .*", "function missing keyword-only argument"),
    (TypeError, r".*\(\) got an unexpected keyword argument '(\w+)'.*", r"unexpected keyword argument '\1'"),
    (
        TypeError,
        r".*\(\) got some positional-only arguments passed as keyword arguments: .*",
        "function doesn't take keyword arguments",
    ),
    (TypeError, r".*\(\) got multiple values for argument '(\w+)'", r"function got multiple values for argument '\1'"),
    (TypeError, r".*\(\) takes no keyword arguments", "function doesn't take keyword arguments"),
    (TypeError, r"exceptions must derive from BaseException", "exceptions must derive from BaseException"),
    (ImportError, r"No module named '(.*)'", r"no module named '\1'"),
    (ImportError, r"cannot import name '(\w+)'.*", r"cannot import name \1"),
    (ValueError, r"too many values to unpack \(expected (\d+).*\)", r"too many values to unpack (expected \1)"),
    (ValueError, r"not enough values to unpack \(expected .*got (\d+)\)", r"need more than \1 values to unpack"),
    (ValueError, r"invalid literal for int\(\) with base (\d+): .*", r"invalid syntax for integer with base \1"),
    (ValueError, r"could not convert string to float: .*", "invalid syntax for number"),
    (
        ValueError,
        r"(?:list\.remove\(x\): x|.*) ?(?:is )?not in (?:list|tuple)|tuple.index\(x\): x not in tuple",
        "object not in sequence",
    ),
    (ValueError, r"substring not found|subsection not found", "substring not found"),
    (
        ValueError,
        r"(?:max|min)\(\) (?:arg|iterable argument) is (?:an empty sequence|empty)",
        "arg is an empty sequence",
    ),
    (IndexError, r"list index out of range", "list index out of range"),
    (IndexError, r"list assignment index out of range", "list index out of range"),
    (IndexError, r"tuple index out of range", "tuple index out of range"),
    (IndexError, r"string index out of range", "string index out of range"),
    (IndexError, r"index out of range", "bytes index out of range"),
    (IndexError, r"pop from empty list", "pop from empty list"),
    (KeyError, r"pop from an empty set", "pop from an empty set"),
    (RuntimeError, r"maximum recursion depth exceeded.*", "maximum recursion depth exceeded"),
    (RuntimeError, r"generator raised StopIteration", "generator raised StopIteration"),
)


HOST_TYPES: dict[str, str] = {
    "DeviceModule": "module",
    "async_generator": "generator",
    "builtin_function_or_method": "function",
    "bytearray_iterator": "iterator",
    "bytes_iterator": "iterator",
    "classmethod_descriptor": "function",
    "coroutine": "generator",
    "dict_items": "dict_view",
    "dict_itemiterator": "iterator",
    "dict_keyiterator": "iterator",
    "dict_keys": "dict_view",
    "dict_valueiterator": "iterator",
    "dict_values": "dict_view",
    "ellipsis": "Ellipsis",
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
_TYPE_IN_MESSAGE = re.compile(r"(?<!argument )(?<!attribute )'([\w-]+)'")


@cache
def _compiled() -> tuple[tuple[type[BaseException], re.Pattern[str], Wording], ...]:
    return tuple((kind, re.compile(pattern), text) for kind, pattern, text in TABLE)


def board_message(exception: BaseException, message: str) -> str:
    """``message`` of ``exception`` as the board words it."""
    for kind, pattern, words in _compiled():
        if isinstance(exception, kind):
            match = pattern.fullmatch(message)
            if match:
                text = match.expand(words) if isinstance(words, str) else words(match)
                return _type_names(text) if kind in (TypeError, AttributeError) else text
    return message


def board_type(name: str) -> str:
    """The board's name of a type that the host calls ``name``."""
    return HOST_TYPES.get(name, name)


def _type_names(text: str) -> str:
    return _TYPE_IN_MESSAGE.sub(lambda match: f"'{board_type(match[1])}'", text)


BOARD_NAMES: dict[type[BaseException], str] = {
    ModuleNotFoundError: "ImportError",
    RecursionError: "RuntimeError",
    UnboundLocalError: "NameError",
    UnicodeDecodeError: "UnicodeError",
    UnicodeEncodeError: "UnicodeError",
    TabError: "IndentationError",
}
"""Classes that CPython raises and the board lacks, with the one the board raises there."""


def board_class_name(exception: BaseException) -> str:
    """The class name that the board prints."""
    return BOARD_NAMES.get(type(exception), type(exception).__name__)
