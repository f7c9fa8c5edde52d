"""The table of CPython's texts and the board's words for them (NORMAL error messages).

firmware: py/runtime.c, py/obj.c, py/argcheck.c, py/bc.c, py/objstr.c, py/objexcept.c; esp32/mpconfigport.h

The patterns are whole messages of CPython 3.10 to 3.14; where one lacks something that the board says, the operands of the
failing instruction are asked.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.runtime.messages import board_class_name, board_type
from emulator.runtime.names import type_name
from emulator.runtime.raised import Site

if TYPE_CHECKING:
    from emulator.runtime.signatures import Signature


class Fault(NamedTuple):
    """One exception whose text is CPython's: the match of its pattern, the exception, and where it came up, if that is known."""

    match: re.Match[str]
    exception: BaseException
    site: Site | None


Wording = str | Callable[[Fault], str | None]
"""The board's words: a template for the match, or a function; None leaves the text as it is."""


class Row(NamedTuple):
    """A text of CPython's: the class it comes with, its pattern, the board's words.

    ``shown``: the class that the board raises there, where that is another. ``at_raise``: comes up at a ``raise`` statement, too.
    """

    kind: type[BaseException]
    pattern: str
    words: Wording
    shown: type[BaseException] | None = None
    at_raise: bool = False


def _count(words: str) -> int:
    return {"no": 0, "one": 1}.get(words, -1) if not words.isdigit() else int(words)


def _exact_count(fault: Fault) -> str:
    """A native method of the host's; the board counts ``self`` as an argument (firmware: py/argcheck.c)."""
    owner, wanted, given = fault.match.groups()
    own = 1 if owner else 0
    return f"function takes {_count(wanted) + own} positional arguments but {int(given) + own} were given"


def _most(fault: Fault) -> str:
    """``strip expected at most 1 argument, got 2``: native methods of the host's, ``self`` not counted."""
    name, bound, most, given = fault.match.groups()
    if isinstance(vars(builtins).get(name), type):
        return f"function expected at most {most} arguments, got {given}"
    if bound == "least":
        return f"function missing {int(most) - int(given)} required positional arguments"
    return f"function expected at most {int(most) + 1} arguments, got {int(given) + 1}"


def _too_many(fault: Fault) -> str:
    """A function of the script's takes up to so many; a native one says it otherwise (firmware: py/bc.c, py/argcheck.c)."""
    _, _, most, given = fault.match.groups()
    if fault.site is not None and _signature(fault) is None:
        return f"function expected at most {most} arguments, got {given}"
    return f"function takes {most} positional arguments but {given} were given"


def _signature(fault: Fault) -> Signature | None:
    if fault.site is None:
        return None
    from emulator.runtime.signatures import called

    names = tuple(re.findall(r"'(\w+)'", fault.match[3])) if fault.match.re.groups == 3 else ()
    return called(fault.match[1], fault.site, fault.exception, names)


def _own_init(fault: Fault) -> str:
    """``super().__init__(1)`` in a class without a base."""
    given = 2
    if fault.site is not None and fault.site.operation in ("CALL", "CALL_METHOD", "CALL_FUNCTION"):
        given = fault.site.argument + 1
    return f"function takes 1 positional arguments but {given} were given"


def _missing(fault: Fault) -> str:
    """The board compares counts, unless there are keyword arguments: then it says which one is missing (firmware: py/bc.c)."""
    count = int(fault.match[2])
    signature = _signature(fault)
    names = re.findall(r"'(\w+)'", fault.match[3])
    if signature is None or not names or names[-1] not in signature.positional:
        return f"function missing {count} required positional arguments"
    last = signature.positional.index(names[-1])
    in_order = tuple(names) == signature.positional[last + 1 - count : last + 1]
    by_name = fault.site is not None and fault.site.in_script and fault.site.with_keywords
    if not in_order or by_name or signature.keyword_defaults:
        return f"function missing required positional argument #{last}"
    return f"function takes {last + 1} positional arguments but {last + 1 - count} were given"


def _missing_keyword_only(fault: Fault) -> str:
    if fault.site is not None and fault.site.with_keywords:
        return f"function missing required keyword argument '{fault.match[1]}'"
    return "function missing keyword-only argument"


_METHODS = {
    "+": "__add__",
    "-": "__sub__",
    "*": "__mul__",
    "/": "__truediv__",
    "//": "__floordiv__",
    "%": "__mod__",
    "** or pow()": "__pow__",
    "**": "__pow__",
    "divmod()": "__divmod__",
    "&": "__and__",
    "|": "__or__",
    "^": "__xor__",
    "<<": "__lshift__",
    ">>": "__rshift__",
    "<": "__lt__",
    ">": "__gt__",
    "<=": "__le__",
    ">=": "__ge__",
    "+=": "__iadd__",
    "-=": "__isub__",
}
"""What the board calls an operator; the other in-place ones have no name there (firmware: py/objtype.c)."""


_NUMBERS = ("bool", "int", "float", "complex")


def _unsupported(operator: str, left: str, right: str) -> str:
    """Two operands that do not go together; a str on the left wants another (firmware: py/runtime.c, py/objstr.c)."""
    if left == "str" and right != "str" and operator not in ("*", "divmod()"):
        return f"can't convert '{right}' object to str implicitly"
    if left == "complex" and right not in _NUMBERS:
        return f"can't convert {right} to complex"
    if "complex" in (left, right) and left in _NUMBERS and operator in ("//", "//="):
        return "can't truncate-divide a complex number"
    return f"unsupported types for {_METHODS.get(operator, '')}: '{'int' if left == 'bool' else left}', '{right}'"


def _operation(fault: Fault) -> str:
    operator, left, right = fault.match.groups()
    if operator in _MIRRORED:
        operands = _operands(fault, 2)
        if operands is not None and type(operands[0]) is type(operands[1]) and type(operands[0]) in (list, tuple):
            # items of sequences: these are compared the other way round (firmware: py/sequence.c)
            return _unsupported(_MIRRORED[operator], right, left)
    return _unsupported(operator, left, right)


_MIRRORED = {"<": ">", "<=": ">="}


def _joined(fault: Fault) -> str:
    """``+`` of sequences: CPython has the same text for ``+`` and ``+=``."""
    left, right = fault.match.group("left"), fault.match.group("right")
    return _unsupported("+=" if fault.site is not None and fault.site.in_place else "+", left, right)


def _repeated(fault: Fault) -> str | None:
    """``'a' * None``: the text tells the multiplier only; the sequence is looked for."""
    operands = _operands(fault, 2)
    if operands is None:
        return None
    operator = "*=" if fault.site is not None and fault.site.in_place else "*"
    return _unsupported(operator, *(type(operand).__name__ for operand in operands))


def _operands(fault: Fault, count: int) -> list[Any] | None:
    if fault.site is None:
        return None
    found = fault.site.operands(count)
    return found if len(found) == count else None


def _slice_index(fault: Fault) -> str:
    """``x[a:b]`` with an index that is no int: the host does not say which (firmware: py/objstr.c, py/sequence.c)."""
    operands = fault.site.slice_operands() if fault.site is not None else []
    wrong = [board_type(type(one).__name__) for one in operands[-2:] if one is not None and not isinstance(one, int)]
    name = wrong[0] if wrong else "float"  # what else would stand there
    if len(operands) == 3 and isinstance(operands[0], str):
        return f"string indices must be integers, not {name}"
    return f"can't convert {name} to int"


def _contained(fault: Fault) -> str:
    """``x in 5``: a number that the board keeps in a word is no container for another such (firmware: py/runtime.c)."""
    operands = _operands(fault, 2)
    if operands is not None and isinstance(operands[1], _KINDS):
        item, container = operands
        if isinstance(container, complex) and not isinstance(item, _KINDS):
            return f"can't convert {type_name(item)} to complex"
        small = (_is_word(item), _is_word(container))
        if (type(container) is bool and (small[0] or isinstance(item, (float, complex)))) or (
            type(item) is bool and small[1]
        ):
            other = "int" if small[0] else type(item).__name__
            return f"unsupported types for __contains__: 'int', '{other}'"
        if type(item) is int and small[0] and (small[1] or isinstance(container, (float, complex))):
            return f"unsupported types for : 'int', '{type(container).__name__}'"
    return f"'{'int' if fault.match[1] == 'bool' else fault.match[1]}' object isn't iterable"


_KINDS = (int, float, complex)


def _is_word(value: Any) -> bool:
    """Whether the board keeps a number in a word."""
    return type(value) in (bool, int) and -(1 << 30) <= value < 1 << 30


def _index(fault: Fault) -> str | None:
    """An index that is no number; CPython 3.10 does not say of which type it is in a str."""
    kind = {"byte": "bytes", "range object": "range"}.get(fault.match[1], fault.match[1])
    wrong = fault.match[2]
    if wrong is None:
        operands = _operands(fault, 1)
        if operands is None:
            return None
        wrong = type(operands[0]).__name__
    return f"{kind} indices must be integers, not {board_type(wrong)}"


def _bound(fault: Fault) -> str:
    """A bound of a slice that is no number; of one that is worked out where it stands the type is not known, a guess then."""
    found = [] if fault.site is None else fault.site.operands(3, passed_over="BUILD_SLICE")
    wrong = next((one for one in found[-2:] if one is not None and not isinstance(one, int)), "")
    name = board_type(type(wrong).__name__)
    if len(found) == 3 and isinstance(found[0], str):
        return f"string indices must be integers, not {name}"
    return f"can't convert {name} to int"


def _not_caught(fault: Fault) -> str | None:
    """``except 5``: the board asks whether the exception is one of that (firmware: py/vm.c, py/objtype.c)."""
    context = fault.exception.__context__
    operands = _operands(fault, 1)
    if context is None or operands is None:
        return None
    kinds = operands[0] if isinstance(operands[0], tuple) else (operands[0],)
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            return f"unsupported types for : '{board_class_name(context)}', '{board_type(type(kind).__name__)}'"
    return None


def _no_property(fault: Fault) -> str | None:
    """Writing a property that cannot be written; CPython 3.10 names only the property."""
    found = fault.match.groupdict()
    owner, name = found.get("owner"), found["name"]
    if owner is None:
        operands = _operands(fault, 1)
        if operands is None:
            return None
        owner = type(operands[0]).__name__
    return f"'{owner}' object has no attribute '{name}'"


def _wanted_bytes(fault: Fault) -> str:
    """A method of bytes is given something else (firmware: py/objstr.c)."""
    wanted = "bytes" if fault.match[1] == "str" else "str"
    return f"can't convert '{board_type(fault.match[1])}' object to {wanted} implicitly"


def _no_exit(fault: Fault) -> str | None:
    """``with`` of what is no context manager, in CPython 3.10."""
    operands = _operands(fault, 1)
    return None if operands is None else f"'{type(operands[0]).__name__}' object has no attribute '__exit__'"


def _without_words(fault: Fault) -> str | None:
    """``del obj.name`` of what is not there; CPython 3.10 says only the name."""
    if fault.site is None or fault.site.operation != "DELETE_ATTR":
        return None
    return _no_property(fault)


def _deleted(fault: Fault) -> str | None:
    """``del x`` of a global (firmware: py/runtime.c)."""
    if fault.site is not None and fault.site.operation in ("DELETE_NAME", "DELETE_GLOBAL"):
        return fault.match[1]
    return None


def _of_class(fault: Fault) -> str:
    """An attribute of a class that is not there; the board speaks of the type of the class where it is stored or deleted."""
    if fault.site is not None and fault.site.operation in ("DELETE_ATTR", "STORE_ATTR"):
        return f"'type' object has no attribute '{fault.match[2]}'"
    return f"type object '{fault.match[1]}' has no attribute '{fault.match[2]}'"


_TYPE = r"'([\w.<>-]+)'"

TABLE: tuple[Row, ...] = (
    # -- names ------------------------------------------------------------------------------------------------------------
    Row(
        NameError,
        r"cannot access local variable '.*' where it is not associated with a value"
        r"|local variable '.*' referenced before assignment|(?:cannot access )?free variable '.*'.*",
        "local variable referenced before assignment",
    ),
    Row(NameError, r"name '(\w+)' is not defined.*", _deleted, shown=KeyError),
    Row(NameError, r"(?:name|global name) '(\w+)' is not defined.*", r"name '\1' isn't defined"),
    # -- numbers ----------------------------------------------------------------------------------------------------------
    Row(ZeroDivisionError, r"complex division by zero", "complex divide by zero"),
    Row(ZeroDivisionError, r"(?:0\.0|zero) to a negative or complex power", "0.0 to a complex power"),
    Row(
        ZeroDivisionError,
        r".*(?:by zero|to a negative power)|integer modulo by zero|float modulo|float divmod\(\)",
        "divide by zero",
    ),
    Row(OverflowError, r"cannot convert float infinity to integer", "can't convert inf to int"),
    Row(ValueError, r"cannot convert float NaN to integer", "can't convert NaN to int"),
    Row(
        IndexError,
        r"cannot fit 'int' into an index-sized integer",
        "overflow converting long int to machine word",
        shown=OverflowError,
    ),
    Row(
        OverflowError,
        r"cannot fit 'int' into an index-sized integer|(?:Python )?int too large to convert to C .*",
        "overflow converting long int to machine word",
    ),
    # -- attributes ---------------------------------------------------------------------------------------------------------
    Row(
        AttributeError,
        r"(?:partially initialized )?module '.*?' has no attribute '(.*?)'.*",
        r"'module' object has no attribute '\1'",
    ),
    Row(
        AttributeError,
        r"property '(?P<name>.*?)' of '(?P<owner>.*?)' object has no (?:setter|deleter)",
        _no_property,
    ),
    Row(AttributeError, r"can't (?:set|delete) attribute '(?P<name>.*?)'", _no_property),
    Row(AttributeError, r"property '.*?' of '.*?' object has no getter|unreadable attribute.*", "unreadable attribute"),
    Row(AttributeError, r"type object '(.*?)' has no attribute '(.*?)'.*", _of_class),
    Row(AttributeError, r"('.*?' object) has no attribute '(.*?)'.*", r"\1 has no attribute '\2'"),
    Row(AttributeError, r"('.*?' object) attribute '(.*?)' is read-only", r"\1 has no attribute '\2'"),
    Row(AttributeError, r"__(?:a?enter|a?exit)__", _no_exit),
    Row(AttributeError, r"(?P<name>\w+)", _without_words),
    Row(
        TypeError,
        r"('.*?' object) does not support the (asynchronous )?context manager protocol.*",
        r"\1 has no attribute '__exit__'",
        shown=AttributeError,
    ),
    Row(
        TypeError,
        r"cannot set '(.*?)' attribute of immutable type '.*?'|can't set attributes of built-in/extension type '.*?'",
        lambda fault: f"'type' object has no attribute '{fault.match[1]}'" if fault.match[1] else None,
        shown=AttributeError,
    ),
    # -- calls --------------------------------------------------------------------------------------------------------------
    Row(
        TypeError,
        r"(?:.*\(\) argument|Value) after \* must be an iterable, not (\w+)",
        r"'\1' object isn't iterable",
    ),
    Row(
        TypeError,
        r".* argument after \*\* must be a mapping, not (\w+)",
        r"'\1' object has no attribute 'keys'",
        shown=AttributeError,
    ),
    Row(TypeError, r"(?:(\w+)\.)?\w+\(\) takes (?:exactly )?(no|one|\d+) arguments? \((\d+) given\)", _exact_count),
    Row(TypeError, r"(\w+) expected at (most|least) (\d+) arguments?, got (\d+)", _most),
    Row(
        TypeError,
        r".*\(\) takes no (?:positional )?arguments \((\d+) given\)",
        r"function takes 0 positional arguments but \1 were given",
        at_raise=True,
    ),
    Row(
        TypeError,
        r".*\(\) takes (\d+) positional arguments? but (\d+) (?:was|were) given",
        r"function takes \1 positional arguments but \2 were given",
        at_raise=True,
    ),
    Row(
        TypeError,
        r".*\(\) takes (?:from \d+ to )?(\d+) positional arguments? "
        r"but (\d+) positional arguments? \(and .*\) (?:was|were) given",
        r"function takes \1 positional arguments but \2 were given",
        at_raise=True,
    ),
    Row(
        TypeError,
        r"(.*)\(\) takes from (\d+) to (\d+) positional arguments but (\d+) (?:was|were) given",
        _too_many,
        at_raise=True,
    ),
    Row(TypeError, r"(.*)\(\) missing (\d+) required positional arguments?: (.*)", _missing, at_raise=True),
    Row(
        TypeError,
        r".*\(\) missing \d+ required keyword-only arguments?: '(\w+)'.*",
        _missing_keyword_only,
        at_raise=True,
    ),
    Row(
        TypeError,
        r".*?\(\) got an unexpected keyword argument '(.+?)'(?:\. Did you mean '.*'\?)?",
        r"unexpected keyword argument '\1'",
    ),
    Row(
        TypeError,
        r".*\(\) got some positional-only arguments passed as keyword arguments: .*|.*\(\) takes no keyword arguments",
        "function doesn't take keyword arguments",
    ),
    Row(
        TypeError, r".*\(\) got multiple values for argument '(\w+)'", r"function got multiple values for argument '\1'"
    ),
    Row(
        TypeError,
        r".*\(\) got multiple values for keyword argument '(\w+)'",
        r"function got multiple values for argument '\1'",
    ),
    Row(TypeError, r"(function)\(\) missing required argument 'code' \(pos 1\)", r"cannot create '\1' instances"),
    Row(
        TypeError, r"(?:object|\w+)\.__init__\(\) takes exactly one argument \(the instance to initialize\)", _own_init
    ),
    Row(TypeError, r"keywords must be strings", "can't convert 'int' object to str implicitly"),
    Row(
        TypeError,
        r"object\.__new__\(\): not enough arguments",
        "function takes 1 positional arguments but 0 were given",
    ),
    Row(
        TypeError,
        r"object\.__new__\(X\): X is not a type object \(.*\)|object\.__new__\(\w+\) is not safe, use .*",
        "__new__ arg must be a user-type",
    ),
    Row(
        TypeError,
        r"(?:descriptor|unbound method) .* needs an argument",
        "function takes 1 positional arguments but 0 were given",
    ),
    Row(
        RuntimeError,
        r"super\(\): no arguments",
        "function takes 2 positional arguments but 0 were given",
        shown=TypeError,
    ),
    # -- what an object can do ----------------------------------------------------------------------------------------------
    Row(TypeError, r"type '(.*?)' is not subscriptable", "'type' object isn't subscriptable"),
    Row(TypeError, rf"{_TYPE} object is not (callable|iterable|subscriptable)", r"'\1' object isn't \2"),
    Row(TypeError, rf"{_TYPE} object is not an iterator", r"'\1' object isn't an iterator"),
    Row(TypeError, r"iter\(\) returned non-iterator of type '(.*?)'", r"'\1' object isn't an iterator"),
    Row(TypeError, r"cannot unpack non-iterable (\w+) object", r"'\1' object isn't iterable"),
    Row(
        TypeError,
        rf"{_TYPE} object (?:does not|doesn't) support item (assignment|deletion)",
        r"'\1' object doesn't support item \2",
    ),
    Row(TypeError, r"cannot modify read-only memory", "'memoryview' object doesn't support item assignment"),
    Row(TypeError, r"object of type '(.*?)' has no len\(\)", r"object of type '\1' has no len()"),
    Row(
        TypeError,
        r"(?:cannot use '.*?' as a (?:dict key|set element) \()?unhashable type: '(.*?)'\)?",
        r"unsupported type for __hash__: '\1'",
    ),
    # -- operators ----------------------------------------------------------------------------------------------------------
    Row(TypeError, r"unsupported operand type\(s\) for (\S+|\*\* or pow\(\)): '(.*?)' and '(.*?)'", _operation),
    Row(TypeError, r"'(<|>|<=|>=)' not supported between instances of '(.*?)' and '(.*?)'", _operation),
    Row(TypeError, r"can't take floor of complex number\.", "can't truncate-divide a complex number"),
    Row(TypeError, r"bad operand type for unary -: '(.*?)'", r"unsupported type for __neg__: '\1'"),
    Row(TypeError, r"bad operand type for unary \+: '(.*?)'", r"unsupported type for __pos__: '\1'"),
    Row(TypeError, r"bad operand type for unary ~: '(.*?)'", r"unsupported type for __invert__: '\1'"),
    Row(TypeError, r"bad operand type for abs\(\): '(.*?)'", r"unsupported type for __abs__: '\1'"),
    Row(TypeError, r'can only concatenate (?P<left>str|list|tuple) \(not "(?P<right>.*?)"\) to (?P=left)', _joined),
    Row(TypeError, r"can't concat (?P<right>\S+) to (?P<left>bytes|bytearray)", _joined),
    Row(TypeError, r"can't multiply sequence by non-int of type '.*?'", _repeated),
    Row(TypeError, r"argument of type '(.*?)' is not (?:iterable|a container or iterable)", _contained),
    Row(TypeError, r"slice indices must be integers or None or have an __index__ method", _slice_index),
    Row(
        TypeError,
        r"'in <string>' requires string as left operand, not (\w+)",
        r"can't convert '\1' object to str implicitly",
    ),
    # -- what a native function is given ------------------------------------------------------------------------------------
    Row(TypeError, r"'(.*?)' object cannot be interpreted as an integer", r"can't convert \1 to int"),
    Row(
        TypeError,
        r"int\(\) argument must be a string, a bytes-like object or a (?:real )?number, not '(.*?)'",
        r"can't convert \1 to int",
    ),
    Row(
        TypeError,
        r"float\(\) argument must be a string or a (?:real )?number, not '(.*?)'",
        r"can't convert \1 to float",
    ),
    Row(TypeError, r"must be real number, not (\w+)", r"can't convert \1 to float"),
    Row(
        TypeError,
        r"(?:argument should be integer or bytes-like object|a bytes-like object is required), not '(\w+)'",
        _wanted_bytes,
    ),
    Row(
        TypeError,
        r"(?:\w+\(\) argument \d+ )?must be str, not (\w+)|\w+\(\) argument \d+ must be str, not (\w+)",
        lambda fault: f"can't convert '{fault.match[1] or fault.match[2]}' object to str implicitly",
    ),
    Row(
        TypeError,
        r"sequence item \d+: expected .*",
        "join expects a list of str/bytes objects consistent with self object",
    ),
    Row(
        TypeError,
        r"isinstance\(\) arg 2 must be a type.*|issubclass\(\) arg 2 must be a class.*",
        "issubclass() arg 2 must be a class or a tuple of classes",
    ),
    # -- sequences ----------------------------------------------------------------------------------------------------------
    Row(
        TypeError,
        r"(list|tuple|string|byte|bytearray|range object|range) indices must be integers(?: or slices)?(?:, not '?(\w+)'?)?",
        _index,
    ),
    Row(TypeError, r"slice indices must be integers or None or have an __index__ method", _bound),
    Row(ValueError, r"too many values to unpack \(expected (\d+).*\)", r"too many values to unpack (expected \1)"),
    Row(ValueError, r"not enough values to unpack \(expected .*got (\d+)\)", r"need more than \1 values to unpack"),
    Row(ValueError, r"list\.remove\(x\): x not in list|.* is not in (?:list|tuple)", "object not in sequence"),
    Row(ValueError, r"(?:tuple|list)\.index\(x\): x not in (?:tuple|list)", "object not in sequence"),
    Row(ValueError, r"substring not found|subsection not found", "substring not found"),
    Row(
        ValueError,
        r"(?:max|min)\(\) (?:arg|iterable argument) is (?:an empty sequence|empty)",
        "arg is an empty sequence",
    ),
    Row(
        ValueError,
        r"memoryview assignment: lvalue and rvalue have different structures",
        "lhs and rhs should be compatible",
    ),
    Row(ValueError, r"slice step cannot be zero", "slice step cannot be zero"),
    Row(ValueError, r"empty separator", "empty separator"),
    Row(
        ValueError,
        r"dictionary update sequence element #\d+ has length \d+; 2 is required",
        "dict update sequence has wrong length",
    ),
    Row(IndexError, r"list (?:assignment )?index out of range", "list index out of range"),
    Row(IndexError, r"tuple index out of range", "tuple index out of range"),
    Row(IndexError, r"string index out of range", "string index out of range"),
    Row(IndexError, r"index out of range", "bytes index out of range"),
    Row(IndexError, r"bytearray index out of range", "bytearray index out of range"),
    Row(IndexError, r"range object index out of range", "range index out of range"),
    Row(IndexError, r"index out of bounds on dimension 1", "memoryview index out of range"),
    Row(IndexError, r"pop from empty list", "pop from empty list"),
    Row(IndexError, r"pop index out of range", "list index out of range"),
    Row(KeyError, r"pop from an empty set", "pop from an empty set"),
    Row(KeyError, r"popitem\(\): dictionary is empty", "popitem(): dictionary is empty"),
    Row(
        TypeError,
        r"can assign only bytes, buffers, or iterables of ints in range\(0, 256\)",
        "array/bytes required on right side",
        shown=NotImplementedError,
    ),
    # -- texts of numbers ---------------------------------------------------------------------------------------------------
    Row(ValueError, r"invalid literal for int\(\) with base (\d+): .*", r"invalid syntax for integer with base \1"),
    Row(ValueError, r"could not convert string to float: .*", "invalid syntax for number"),
    # -- formatting (firmware: py/objstr.c) ---------------------------------------------------------------------------------
    Row(TypeError, r"%[di] format: a (?:real )?number is required, not (\w+)", r"can't convert \1 to int"),
    Row(TypeError, r"%[oxXi] format: an integer is required, not (\w+)", r"can't convert \1 to int"),
    Row(TypeError, r"not enough arguments for format string", "format string needs more arguments"),
    Row(
        TypeError,
        r"not all arguments converted during (?:string|bytes) formatting",
        "format string didn't convert all arguments",
    ),
    Row(TypeError, r"format requires a mapping", "format needs a dict"),
    Row(TypeError, r"%c requires .*", "integer needed"),
    Row(
        ValueError,
        r"Unknown format code '(.)' for object of type '(\w+)'",
        r"unknown format code '\1' for object of type '\2'",
    ),
    Row(ValueError, r"Sign not allowed (.*)", r"sign not allowed \1"),
    Row(ValueError, r"Unknown conversion specifier.*", "bad conversion specifier"),
    Row(ValueError, r"Invalid format specifier.*", "invalid format specifier"),
    Row(
        TypeError,
        r"unsupported format string passed to (\w+)\.__format__",
        r"can't convert '\1' object to str implicitly",
    ),
    Row(ValueError, r"cannot switch (from .*)", r"can't switch \1"),
    Row(ValueError, r"Single '}' encountered in format string", "single '}' encountered in format string"),
    Row(
        ValueError,
        r"(?:unmatched|Single|expected) '[{}]' (?:in format spec|encountered in format string|before end of string)",
        "unmatched '{' in format",
    ),
    Row(IndexError, r"Replacement index \d+ out of range for positional args tuple", "tuple index out of range"),
    # -- classes and exceptions ---------------------------------------------------------------------------------------------
    Row(
        TypeError,
        r"exceptions must derive from BaseException",
        "exceptions must derive from BaseException",
        at_raise=True,
    ),
    Row(RuntimeError, r"No active exception to reraise", "no active exception to reraise", at_raise=True),
    Row(TypeError, r"catching classes that do not inherit from BaseException is not allowed", _not_caught),
    Row(TypeError, r"type '(.*?)' is not an acceptable base type", r"type '\1' isn't an acceptable base type"),
    Row(TypeError, r"multiple bases have instance lay-out conflict", "multiple bases have instance lay-out conflict"),
    # -- imports ------------------------------------------------------------------------------------------------------------
    Row(ImportError, r"No module named '(.*)'", r"no module named '\1'"),
    Row(ImportError, r"cannot import name '(\w+)'.*", r"cannot import name \1"),
    # -- the interpreter ----------------------------------------------------------------------------------------------------
    Row(RuntimeError, r"maximum recursion depth exceeded.*|Stack overflow .*", "maximum recursion depth exceeded"),
    Row(RuntimeError, r"generator raised StopIteration", "generator raised StopIteration", at_raise=True),
)


class Compiled(NamedTuple):
    """A row, ready to match."""

    pattern: re.Pattern[str]
    row: Row


_by_class: dict[type[BaseException], tuple[Compiled, ...]] = {}


def rows(kind: type[BaseException]) -> tuple[Compiled, ...]:
    """The rows for exceptions of a class of CPython's. Any other was made by a statement."""
    found = _by_class.get(kind)
    if found is None:
        found = tuple(Compiled(re.compile(row.pattern), row) for row in TABLE if issubclass(kind, row.kind))
        if kind.__module__ == "builtins":
            _by_class[kind] = found
    return found
