"""Tracebacks in the board's form (firmware: py/objexcept.c, py/vm.c, lib/utils/pyexec.c)."""

from __future__ import annotations

import opcode
import sys
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from emulator.runtime.internal import INTERNAL_CLASS, internal_note, is_internal
from emulator.runtime.messages import INTERNAL, board_class_name, exception_str
from emulator.runtime.raised import is_own
from flashfs.notes import NoteSink, ignore_note

if TYPE_CHECKING:
    from emulator.runtime.printing import Printer
    from emulator.runtime.unwinding import Unwinder

LOCATION = ".location"
"""Attribute of an exception that has a place in a source file but no frame (SyntaxError).

(device file name, line), or (device file name, line, name of the block) for what the board finds while it compiles a block.
"""

ENTRIES = ".entries"
"""Attribute of an exception made while the heap was locked: how many entries, the innermost ones, it can hold."""

Entry = tuple[str, int, str]
"""(file as the board shows it, line, name of the block)."""

ReadSource = Callable[[str], str | None]
"""Gives the source behind a code object's file name, or None."""


def host_source(filename: str) -> str | None:
    """The text of a file of the host's; None if it is none, or none that Python can read."""
    if not Path(filename).is_absolute():
        return None  # a name that the board knows, or one in brackets
    import tokenize

    try:
        with tokenize.open(filename) as file:
            return file.read()
    except (OSError, SyntaxError, ValueError):
        return None


def entries(
    exception: BaseException,
    script_builtins: dict[str, Any],
    display: dict[str, str],
    source: ReadSource = host_source,
) -> list[Entry]:
    """The script's own entries of the traceback, outermost first, those that only the board makes among them."""
    unwinders = _Unwinders(source)
    running = _running()
    found: list[Entry] = []
    traceback = exception.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_builtins is script_builtins:
            group = [traceback]
            while traceback.tb_next is not None and traceback.tb_next.tb_frame is frame:
                traceback = traceback.tb_next
                group.append(traceback)
            found += _of_frame(group, exception, display, unwinders.of(frame.f_code.co_filename), frame in running)
        traceback = traceback.tb_next
    most = getattr(exception, ENTRIES, None)
    return found if most is None else found[len(found) - most :] if most < len(found) else found


class _Unwinders:
    """Those of the files that one traceback goes through."""

    def __init__(self, source: ReadSource) -> None:
        self._source = source
        self._known: dict[str, Unwinder | None] = {}

    def of(self, filename: str) -> Unwinder | None:
        if filename not in self._known:
            text = self._source(filename)
            self._known[filename] = None if text is None else _unwinder(text)
        return self._known[filename]


@lru_cache(maxsize=8)
def _unwinder(text: str) -> Unwinder | None:
    from emulator.runtime.unwinding import Unwinder

    try:
        return Unwinder(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # what only the board can parse


def _of_frame(
    group: list[TracebackType],
    exception: BaseException,
    display: dict[str, str],
    unwinder: Unwinder | None,
    running: bool,
) -> list[Entry]:
    """The entries of one frame: several where the exception was raised again there."""
    frame = group[0].tb_frame
    code = frame.f_code
    file = display.get(code.co_filename, code.co_filename)
    found: list[Entry] = []
    for traceback in reversed(group):
        line = traceback.tb_lineno or 0
        came_up = [(file, line, code.co_name)]
        added = _raised_bare(frame, line) if unwinder is None and not running else []
        if unwinder is not None:
            place = _place(traceback)
            added = unwinder.lines(frame, place, exception, frame.f_lineno if running else None)
            came_up = [(file, unwinder.shown(*place, line), code.co_name)]
            inner = unwinder.comprehensions(*place)
            for number, (outer_line, name) in enumerate(inner):
                came_up[-1] = (file, outer_line, came_up[-1][2])
                came_up.append((file, line if number == len(inner) - 1 else outer_line, name))
        found = [*((file, again, code.co_name) for again in reversed(added)), *came_up, *found]
    return found


def _raised_bare(frame: FrameType, line: int) -> list[int]:
    """The line of the bare ``raise`` that ended a frame whose source cannot be had."""
    code, last = frame.f_code.co_code, frame.f_lasti
    bare = 0 <= last < len(code) and opcode.opname[code[last]] == "RAISE_VARARGS" and code[last + 1] == 0
    return [frame.f_lineno] if bare and frame.f_lineno and frame.f_lineno != line else []


def _place(traceback: TracebackType) -> tuple[int, int | None]:
    """Line and column at which an exception came up; the column is None where the host does not know it."""
    line = traceback.tb_lineno or 0
    if sys.version_info < (3, 11):
        return line, None
    number = traceback.tb_lasti // 2
    first, _, column, _ = next(islice(traceback.tb_frame.f_code.co_positions(), number, None), (None,) * 4)
    return first or line, column


def _running() -> set[FrameType]:
    """The frames that have not ended."""
    found: set[FrameType] = set()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        found.add(frame)
        frame = frame.f_back
    return found


def format_exception(
    exception: BaseException,
    script_builtins: dict[str, Any],
    display: dict[str, str],
    printer: Printer,
    *,
    note: NoteSink = ignore_note,
    source: ReadSource = host_source,
) -> str:
    """The text that the console shows for an exception, with LF line ends.

    ``note`` is told of a mistake of the emulator's; the script sees a RuntimeError then. ``source`` gives the text of a file
    that a code object names.
    """
    internal = is_internal(exception)
    if internal:
        note(internal_note(exception))
    found = [
        f'  File "{file}", line {line}, in {name}\n'
        for file, line, name in entries(exception, script_builtins, display, source)
    ]
    location = getattr(exception, LOCATION, None)
    if location is not None:
        file, line, *block = location
        found.append(f'  File "{file}", line {line}{f", in {block[0]}" if block and block[0] else ""}\n')
    head = "Traceback (most recent call last):\n" if found else ""
    shown = f"{INTERNAL_CLASS}: {INTERNAL}" if internal else _shown(exception, printer)
    return f"{head}{''.join(found)}{shown}\n"


def _shown(exception: BaseException, printer: Printer) -> str:
    """Class and text; a class of the script's with a ``__repr__`` is shown by that (firmware: py/objtype.c)."""
    kind = type(exception)
    if any("__repr__" in owner.__dict__ and _of_script(owner) for owner in kind.__mro__):
        try:
            return printer.str(kind.__repr__(exception))
        except Exception:  # noqa: BLE001  the script's code, run to show the script's exception
            return kind.__name__
    return f"{board_class_name(exception)}: {_message(exception, printer)}"


def _of_script(kind: type) -> bool:
    return kind.__module__ != "builtins" and not is_own(kind.__module__)


def _message(exception: BaseException, printer: Printer) -> str:
    """The text after the colon; where the script's own ``__repr__`` of an argument fails, the text ends there."""
    try:
        return exception_str(exception, printer)
    except Exception:  # noqa: BLE001  the script's code, run to show the script's exception
        return ""
