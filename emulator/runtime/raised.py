"""Where and by whom an exception was raised: by a statement, or by the host on behalf of the script or of the emulator.

The innermost entry of its traceback tells: a ``raise`` statement, in the script or in a device module, says what it means; every
other instruction there means that CPython itself made the exception, and its text is CPython's.
"""

from __future__ import annotations

import opcode
import sys
from types import CodeType, FrameType, TracebackType
from typing import Any

from emulator.runtime.hooks import GUARD

OWN_PACKAGES = ("emulator", "flashfs", "ussl_shim")

_RAISE = "RAISE_VARARGS"
_NO_OPERATION = frozenset(["CACHE", "EXTENDED_ARG", "NOP", "PRECALL", "PUSH_NULL", "RESUME"])
_FIRST_INPLACE = 13
"""The argument of ``BINARY_OP`` from which on it stands for ``+=`` and the like (CPython 3.11 and later)."""
_WITH_KEYWORDS = frozenset(["CALL_FUNCTION_KW", "CALL_KW", "CALL_FUNCTION_EX"])

_MISSING: Any = object()


class Site:
    """The instruction at which an exception came up."""

    __slots__ = ("frame", "offset")

    def __init__(self, frame: FrameType, offset: int) -> None:
        self.frame = frame
        self.offset = offset

    @property
    def operation(self) -> str:
        """The name of the instruction, as the running CPython calls it."""
        return _name(self.frame.f_code, self.offset)

    @property
    def argument(self) -> int:
        """The argument of the instruction."""
        return _argument(self.frame.f_code, self.offset)

    @property
    def in_script(self) -> bool:
        """Whether it is the script's, and not the emulator's or a library's."""
        return is_script(self.frame)

    @property
    def is_raise(self) -> bool:
        """Whether it is a ``raise`` (or ``assert``) statement."""
        return self.operation == _RAISE

    @property
    def in_place(self) -> bool:
        """Whether it is ``+=`` or one of its kin."""
        operation = self.operation
        if operation == "BINARY_OP":
            return self.frame.f_code.co_code[self.offset + 1] >= _FIRST_INPLACE
        return operation.startswith("INPLACE_")

    @property
    def with_keywords(self) -> bool:
        """Whether it is a call in which keyword arguments are given."""
        code = self.frame.f_code
        if self.operation == "CALL_FUNCTION_EX":
            return bool(code.co_code[self.offset + 1] & 1)
        if self.operation in _WITH_KEYWORDS:
            return True
        for offset in _before(code, self.offset):
            return _name(code, offset) == "KW_NAMES"
        return False

    @property
    def module(self) -> str:
        """The host's name of the module that the instruction belongs to."""
        name = self.frame.f_globals.get("__name__", "")
        return name if isinstance(name, str) else ""

    def operands(self, count: int, passed_over: str = "") -> list[Any]:
        """The last ``count`` operands, as far as they are constants or variables; fewer if one of them is not.

        ``passed_over``: an instruction that is looked through, to what it was made of.
        """
        found: list[Any] = []
        code = self.frame.f_code
        for offset in _before(code, self.offset):
            if _name(code, offset) == passed_over:
                continue
            values = _loaded(self.frame, _name(code, offset), _argument(code, offset))
            if values is None:
                break
            found[:0] = values
            if len(found) >= count:
                break
        return found[-count:]

    def slice_operands(self) -> list[Any]:
        """Object, start and stop of a slice, as far as they can be told from the end; like :meth:`operands`."""
        if "SUBSCR" not in self.operation:
            return self.operands(3)
        for offset in _before(self.frame.f_code, self.offset):
            return Site(self.frame, offset).operands(3) if _name(self.frame.f_code, offset) == "BUILD_SLICE" else []
        return []


_COMPARISONS = ("__lt__", "__le__", "__eq__", "__ne__", "__gt__", "__ge__")
_FLAG_BITS = 5 if sys.version_info >= (3, 13) else 4 if sys.version_info >= (3, 12) else 0
"""The argument of ``COMPARE_OP`` has the operator above as many bits."""


def compared(frame: FrameType) -> str | None:
    """The method behind the comparison that a frame stands at; None if it stands at none."""
    site = Site(frame, frame.f_lasti)
    number = site.argument >> _FLAG_BITS
    return _COMPARISONS[number] if site.operation == "COMPARE_OP" and number < len(_COMPARISONS) else None


def innermost(exception: BaseException) -> TracebackType | None:
    """The entry of the traceback for where ``exception`` came up; None if it was never raised."""
    traceback = exception.__traceback__
    if traceback is None:
        return None
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback


def site_of(exception: BaseException) -> Site | None:
    """Where ``exception`` came up; None if it was never raised."""
    entry = innermost(exception)
    return None if entry is None or entry.tb_lasti < 0 else Site(entry.tb_frame, entry.tb_lasti)


def is_script(frame: FrameType) -> bool:
    """Whether the frame runs code of a script, of whatever board."""
    return GUARD in frame.f_builtins


def is_own(module: str) -> bool:
    """Whether a module of that name is part of the emulator."""
    return module.partition(".")[0] in OWN_PACKAGES


def _name(code: CodeType, offset: int) -> str:
    return opcode.opname[code.co_code[offset]]


def _argument(code: CodeType, offset: int) -> int:
    """The argument of an instruction, with what goes before it of a long one."""
    found, shift = code.co_code[offset + 1], 8
    while offset >= 2 and _name(code, offset - 2) == "EXTENDED_ARG":
        offset -= 2
        found |= code.co_code[offset + 1] << shift
        shift += 8
    return found


def _before(code: CodeType, offset: int) -> Any:
    """The offsets of the instructions before one, the nearest first."""
    for earlier in range(offset - 2, -1, -2):
        if _name(code, earlier) not in _NO_OPERATION:
            yield earlier


def _loaded(frame: FrameType, operation: str, argument: int) -> list[Any] | None:
    """What an instruction put onto the stack; None if that cannot be told."""
    code = frame.f_code
    if operation == "LOAD_CONST":
        return [code.co_consts[argument]] if argument < len(code.co_consts) else None
    if operation in ("LOAD_FAST", "LOAD_FAST_CHECK"):
        return _variables(frame, [argument])
    if operation == "LOAD_FAST_LOAD_FAST":
        return _variables(frame, [argument >> 4, argument & 15])
    if operation == "LOAD_DEREF":
        names = _cells(code)
        value = frame.f_locals.get(names[argument], _MISSING) if argument < len(names) else _MISSING
        return None if value is _MISSING else [value]
    if operation == "LOAD_NAME":
        return _global(frame, code.co_names[argument])
    if operation == "LOAD_GLOBAL":
        shift = 1 if "CACHE" in opcode.opmap else 0
        return _global(frame, code.co_names[argument >> shift])
    return None


def _cells(code: CodeType) -> tuple[str, ...]:
    """The names of variables that functions share, by the number that an instruction has for them."""
    if sys.version_info < (3, 11):
        return code.co_cellvars + code.co_freevars
    own = code.co_varnames
    return (*own, *[cell for cell in code.co_cellvars if cell not in own], *code.co_freevars)


def _variables(frame: FrameType, numbers: list[int]) -> list[Any] | None:
    names, held = frame.f_code.co_varnames, frame.f_locals
    found = [held.get(names[number], _MISSING) if number < len(names) else _MISSING for number in numbers]
    return None if any(value is _MISSING for value in found) else found


def _global(frame: FrameType, name: str) -> list[Any] | None:
    for space in (frame.f_locals, frame.f_globals, frame.f_builtins):
        value = space.get(name, _MISSING)
        if value is not _MISSING:
            return [value]
    return None
