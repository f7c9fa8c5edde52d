"""Tracebacks in the board's form (firmware: py/objexcept.c, lib/utils/pyexec.c)."""

from __future__ import annotations

from typing import Any

from emulator.runtime.messages import board_class_name
from emulator.runtime.printing import Printer, exception_str

LOCATION = ".location"
"""Attribute of an exception that has a place in a source file but no frame (SyntaxError): (device file name, line)."""


def entries(
    exception: BaseException, script_builtins: dict[str, Any], display: dict[str, str]
) -> list[tuple[str, int, str]]:
    """The script's own frames of the traceback, outermost first: (file as the board shows it, line, block name)."""
    found = []
    traceback = exception.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_builtins is script_builtins:
            code = frame.f_code
            found.append((display.get(code.co_filename, code.co_filename), traceback.tb_lineno or 0, code.co_name))
        traceback = traceback.tb_next
    return found


def format_exception(
    exception: BaseException, script_builtins: dict[str, Any], display: dict[str, str], printer: Printer
) -> str:
    """The text that the console shows for an uncaught exception, with LF line ends."""
    lines = [
        f'  File "{file}", line {line}, in {name}\n'
        for file, line, name in entries(exception, script_builtins, display)
    ]
    location = getattr(exception, LOCATION, None)
    if location is not None:
        lines.append(f'  File "{location[0]}", line {location[1]}\n')
    head = "Traceback (most recent call last):\n" if lines else ""
    return f"{head}{''.join(lines)}{board_class_name(exception)}: {_message(exception, printer)}\n"


def _message(exception: BaseException, printer: Printer) -> str:
    """The text after the colon; where the script's own ``__repr__`` of an argument fails, the text ends there."""
    try:
        return exception_str(exception, printer)
    except Exception:  # noqa: BLE001  the script's code, run to show the script's exception
        return ""
