"""Which methods the objects of the native types have on the board, and what stands for those that behave otherwise here.

``TABLES`` holds one table for each native type; a method that is not in it does not exist on the board. ``CAREFUL`` and
``CAREFUL_CALLS`` tell the source pipeline which attribute accesses must go through them: all others mean the same here.

firmware: the ``locals_dict`` of each type in py/obj*.c, with the switches of esp32/mpconfigport.h
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import (
    BuiltinFunctionType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    MethodDescriptorType,
    MethodType,
    WrapperDescriptorType,
)
from typing import Any

from emulator.runtime.methods import buffers as _buffers
from emulator.runtime.methods import containers as _containers
from emulator.runtime.methods import generators as _generators
from emulator.runtime.methods import numbers as _numbers
from emulator.runtime.methods import strings as _strings
from emulator.runtime.methods._common import NATIVE, Table

__all__ = ["CAREFUL", "CAREFUL_CALLS", "NATIVE", "TABLES", "Table", "bound"]

_ITERABLE: tuple[Any, ...] = ([], (), "", "é", b"", bytearray(), {}, {}.values(), {}.items(), set(), range(1))

TABLES: dict[type, Table] = {
    str: _strings.METHODS,
    bytes: _buffers.METHODS,
    bytearray: _buffers.BYTEARRAY,
    memoryview: _buffers.MEMORYVIEW,
    int: _numbers.METHODS,
    bool: _numbers.BOOL,
    float: _numbers.FLOAT,
    complex: _numbers.COMPLEX,
    list: _containers.LIST,
    tuple: _containers.TUPLE,
    dict: _containers.DICT,
    set: _containers.SET,
    frozenset: _containers.FROZENSET,
    GeneratorType: _generators.METHODS,
    CoroutineType: _generators.METHODS,
    **dict.fromkeys(
        [type({}.keys()), type({}.values()), type({}.items()), range, type(None), type(...)], _generators.NOTHING
    ),
    **dict.fromkeys(
        [FunctionType, MethodType, BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType],
        _generators.NOTHING,
    ),
    **dict.fromkeys(
        [type(iter(items)) for items in _ITERABLE],
        _generators.ITERATOR,
    ),
    type(iter(int, 1)): _generators.ITERATOR,
    **dict.fromkeys([map, filter, zip, enumerate, reversed, type(reversed([]))], _generators.ITERATOR),
}
"""Native type -> its methods on the board. Subclasses of the script's inherit them."""


def bound(table: Table, name: str, obj: Any) -> Any:
    """The method ``name`` of ``obj``; None if the table has none."""
    found = table.get(name)
    if found is None:
        return None
    if found is NATIVE:
        return getattr(obj, name)
    if type(found) is staticmethod:
        return found.__func__
    return MethodType(found, obj)


_ABSENT = """
capitalize casefold center expandtabs format_map isalnum isascii isdecimal isidentifier isnumeric isprintable istitle ljust
maketrans partition removeprefix removesuffix rjust rpartition splitlines swapcase title translate zfill
hex fromhex
as_integer_ratio bit_count bit_length conjugate denominator imag is_integer numerator real
cast contiguous c_contiguous f_contiguous itemsize nbytes ndim readonly strides suboffsets tobytes tolist toreadonly
"""
_SPECIAL = """
__abs__ __add__ __and__ __bool__ __bytes__ __call__ __ceil__ __complex__ __concat__ __contains__ __delattr__
__delitem__ __divmod__ __eq__ __float__ __floor__ __floordiv__ __ge__ __getitem__ __gt__ __hash__ __iadd__ __iand__
__ilshift__ __imod__ __imul__ __index__ __int__ __invert__ __ior__ __irshift__ __isub__ __iter__ __ixor__ __le__
__len__ __length_hint__ __lshift__ __lt__ __mod__ __mul__ __ne__ __neg__ __next__ __or__ __pos__ __pow__ __radd__
__rand__ __rdivmod__ __repr__ __reversed__ __rfloordiv__ __rlshift__ __rmod__ __rmul__ __ror__ __round__ __rpow__
__rrshift__ __rshift__ __rsub__ __rtruediv__ __rxor__ __setattr__ __setitem__ __str__ __sub__ __truediv__ __trunc__
__xor__
"""
_OTHERWISE = """
args format from_bytes isalpha isdigit islower isspace isupper lower pend_throw popitem send sort throw to_bytes upper
"""

CAREFUL: frozenset[str] = frozenset(f"{_ABSENT} {_SPECIAL} {_OTHERWISE} __name__ __new__".split())
"""Names that are always looked up through the tables."""


def _text_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _unless_one_text(call: ast.Call) -> bool:
    return bool(call.keywords) or len(call.args) != 1 or not _text_literal(call.args[0])


def _unless_texts(call: ast.Call) -> bool:
    return bool(call.keywords) or not all(_text_literal(argument) for argument in call.args)


def _unless_given_texts(call: ast.Call) -> bool:
    """Without arguments the host's bytearray has such a method, too."""
    return not call.args or _unless_texts(call)


def _unless_two_texts(call: ast.Call) -> bool:
    return len(call.args) != 2 or _unless_texts(call)


def _unless_bare(call: ast.Call) -> bool:
    return bool(call.keywords or call.args)


def _always(call: ast.Call) -> bool:
    return True


def _unless_made_here(call: ast.Call) -> bool:
    harmless = (ast.List, ast.ListComp, ast.GeneratorExp)
    return bool(call.keywords) or len(call.args) != 1 or not isinstance(call.args[0], harmless)


def _unless_count(least: int, most: int) -> Callable[[ast.Call], bool]:
    def careful(call: ast.Call) -> bool:
        starred = any(isinstance(argument, ast.Starred) for argument in call.args)
        return bool(call.keywords) or starred or not least <= len(call.args) <= most

    return careful


def _if_of_a_class(call: ast.Call) -> bool:
    """``Base.__init__(self)``: native classes have none (``super().__init__()`` works)."""
    return isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)


CAREFUL_CALLS: dict[str, Callable[[ast.Call], bool]] = {
    "split": _unless_given_texts,
    "replace": _unless_two_texts,
    **dict.fromkeys(
        ["count", "endswith", "find", "index", "rfind", "rindex", "startswith"],
        _unless_one_text,
    ),
    "rsplit": _unless_given_texts,
    **dict.fromkeys(["strip", "lstrip", "rstrip"], _unless_given_texts),
    **dict.fromkeys(["encode", "decode"], _unless_bare),
    "append": _unless_count(1, 1),
    **dict.fromkeys(["get", "setdefault"], _unless_count(1, 2)),
    "extend": _unless_made_here,
    "__init__": _if_of_a_class,
    "join": _unless_made_here,
    **dict.fromkeys(["clear", "copy", "fromkeys", "insert", "pop", "remove", "reverse", "update"], _always),
}
"""Method name -> whether a call of it, as it is written, can mean something else on the board."""
