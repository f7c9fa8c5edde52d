"""Which exceptions are mistakes of the emulator, and not something that the board could raise.

What a device module raises by a ``raise`` statement is meant for the script, as is what CPython raises in the script's own code.
Left are those that CPython, or a library, raised while a module of the emulator was at work. Such a one is a mistake of ours,
unless the board has words for it (a wrong type that the script handed in, say) or it comes from the part of the runtime that
does on behalf of the script what the script asks of an object.
"""

from __future__ import annotations

import platform
from types import FrameType

from emulator.runtime.raised import is_own, is_script, site_of
from flashfs.errors import DeviceError
from flashfs.notes import Note

INTERNAL_CLASS = "RuntimeError"
"""The class that the script sees instead."""

_PASSING_ON = tuple(
    f"emulator.runtime.{name}"
    for name in (
        *("builtins", "calls", "floats", "formatting", "heaplock", "hidden", "methods", "names", "operators", "order"),
        *("printing", "single", "sorting", "stores"),
    )
)
"""Modules that do to objects what the script asks for: what these then raise is the script's."""

_NEVER = (DeviceError, MemoryError, RecursionError, StopIteration, StopAsyncIteration, UnicodeError)
"""Whatever the place: the board has these, or the script's own code is behind them."""

_ALWAYS = (AssertionError, NameError, ImportError, SystemError, BufferError, ReferenceError, OSError)
"""Never meant for the script where CPython raises them in the emulator: host errors, and slips that no script can cause."""


def is_internal(exception: BaseException) -> bool:
    """Whether ``exception`` is a mistake of the emulator's."""
    if not isinstance(exception, Exception) or isinstance(exception, _NEVER):
        return False
    site = site_of(exception)
    if site is None or site.in_script:
        return False
    module = site.module
    own = is_own(module)
    if not own and not _passed_through_us(exception):
        return False  # nothing of the emulator had a part in it
    if isinstance(exception, AssertionError):
        return True
    if own and site.is_raise:
        return not _of_board(type(exception))
    if isinstance(exception, _ALWAYS) or not _of_board(type(exception)):
        return True
    if module.startswith(_PASSING_ON):
        return False
    if isinstance(exception, AttributeError):
        return not _script_object(getattr(exception, "obj", None))
    from emulator.runtime.messages import is_worded

    return not is_worded(exception)


def _script_object(obj: object) -> bool:
    """Whether ``obj`` is of a class of the script's, which need not have what a device module asks it for."""
    from emulator.runtime.names import script_class

    return script_class(obj if isinstance(obj, type) else type(obj))


def _passed_through_us(exception: BaseException) -> bool:
    traceback = exception.__traceback__
    while traceback is not None:
        if is_own(traceback.tb_frame.f_globals.get("__name__", "")):
            return True
        traceback = traceback.tb_next
    return False


def _of_board(kind: type[BaseException]) -> bool:
    """Whether a script may meet the class: CPython's own, those of device modules, or the script's."""
    module = kind.__module__
    return module == "builtins" or is_own(module) or module == "__main__" or not _importable(module)


def _importable(module: str) -> bool:
    import sys

    return module in sys.modules


def internal_note(exception: BaseException) -> Note:
    """What the host's reader is told about a mistake of ours: where it happened, and what to send to whom."""
    where = "; ".join(_places(exception))
    text = str(exception)
    return Note(
        code="internal-error",
        title="the emulator has made a mistake; the script is not to blame",
        cause=f"{type(exception).__name__}{': ' if text else ''}{text}",
        evidence=where,
        fix="please report it, with this note, the script (or the part of it that is shown) and the version: "
        f"Python {platform.python_version()}, {platform.system()}",
    )


def _places(exception: BaseException) -> list[str]:
    """The last line of the script's, and the emulator's own from there on."""
    found: list[str] = []
    traceback = exception.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if is_script(frame):
            found.clear()
            found.append(f"line {traceback.tb_lineno} of the script, in {frame.f_code.co_name}")
        else:
            found.append(f"{_short(frame)} line {traceback.tb_lineno}")
        traceback = traceback.tb_next
    return found if len(found) <= 6 else [found[0], "...", *found[-4:]]


def _short(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '?')}.{frame.f_code.co_name}"
