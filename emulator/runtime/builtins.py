"""The script's builtins: exactly the names the board has (firmware: py/modbuiltins.c with esp32/mpconfigport.h).

Taken from the host where the host's object behaves as the board's, made here where it does not.
"""

from __future__ import annotations

import builtins as host
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.runtime import source
from emulator.runtime.hidden import visible_getattr, visible_names

if TYPE_CHECKING:
    from emulator.runtime.interpreter import Interpreter

NATIVE = (  # noqa: SIM905  a table to read, not sixty lines
    "__build_class__ bool bytes bytearray complex dict enumerate filter float frozenset int list map memoryview "
    "object property range reversed set slice str super tuple type zip classmethod staticmethod Ellipsis abs all "
    "any bin callable chr delattr divmod hash hex id isinstance issubclass iter len max min next oct ord pow "
    "round setattr sorted sum BaseException ArithmeticError AssertionError AttributeError EOFError Exception "
    "GeneratorExit ImportError IndentationError IndexError KeyboardInterrupt KeyError LookupError MemoryError "
    "NameError NotImplementedError OverflowError RuntimeError StopAsyncIteration StopIteration SyntaxError "
    "SystemExit TypeError UnicodeError ValueError ZeroDivisionError "
).split()
"""Names whose host object serves."""


def make(interpreter: Interpreter) -> dict[str, Any]:
    """The builtins of one power cycle."""
    names: dict[str, Any] = {name: getattr(host, name) for name in NATIVE}
    # CPython itself looks these up in the builtins of the running frame
    names.update({"None": None, "True": True, "False": False, "__debug__": True, "__name__": "builtins"})
    names["OSError"] = BoardOSError
    printer = interpreter.device.printer

    def repr(obj: Any, /) -> str:  # noqa: A001
        return printer.repr(obj)

    def print(*args: Any, sep: Any = " ", end: Any = "\n", file: Any = None) -> None:  # noqa: A001
        if not (isinstance(sep, str) and isinstance(end, str)):
            bad = end if isinstance(sep, str) else sep
            raise TypeError(f"can't convert '{type(bad).__name__}' object to str implicitly")
        text = sep.join([a if type(a) is str else printer.str(a) for a in args]) + end
        if file is None:
            interpreter.device.console.write(text)
        else:
            file.write(text)

    def globals() -> dict[str, Any]:  # noqa: A001
        return sys._getframe(1).f_globals

    def locals() -> dict[str, Any]:  # noqa: A001
        frame = sys._getframe(1)
        # in a function the board gives the globals (firmware: py/modbuiltins.c)
        return frame.f_globals if frame.f_code.co_flags & 2 else frame.f_locals

    def dir(*args: Any) -> list[str]:  # noqa: A001
        if not args:
            frame = sys._getframe(1)
            return sorted(n for n in (frame.f_locals if not frame.f_code.co_flags & 2 else frame.f_globals) if _own(n))
        return visible_names(*args)

    def exec(code: Any, *spaces: Any) -> None:  # noqa: A001
        interpreter.execute(code, "exec", *_spaces(spaces, sys._getframe(1)))

    def eval(code: Any, *spaces: Any) -> Any:  # noqa: A001
        return interpreter.execute(
            code.lstrip() if isinstance(code, str) else code, "eval", *_spaces(spaces, sys._getframe(1))
        )

    def execfile(path: str, *spaces: Any) -> None:
        interpreter.execute_file(path, *_spaces(spaces, sys._getframe(1)))

    def open(file: Any, mode: str = "r", buffering: int = -1, encoding: Any = None) -> Any:  # noqa: A001
        return interpreter.device.vfs.open(file, mode)

    def input(prompt: Any = "", /) -> str:  # noqa: A001
        if prompt != "":
            interpreter.device.console.write(printer.str(prompt))
        return interpreter.device.read_line()

    def hasattr(obj: Any, name: str, /) -> bool:  # noqa: A001
        try:
            visible_getattr(obj, name)
        except AttributeError:
            return False
        return True

    def help(*args: Any) -> None:  # noqa: A001
        interpreter.help(*args)

    def const(value: Any, /) -> Any:
        return value

    def nowhere(name: str) -> Any:
        raise NameError(f"name '{name}' isn't defined")

    def repl_print(obj: Any, /) -> None:
        if obj is not None:
            print(repr(obj))

    cycle = interpreter.device.power

    def guard() -> None:
        if cycle.off:
            cycle.check()

    made: dict[str, Callable[..., Any]] = {
        "repr": repr,
        "print": print,
        "globals": globals,
        "locals": locals,
        "dir": dir,
        "exec": exec,
        "eval": eval,
        "execfile": execfile,
        "open": open,
        "input": input,
        "getattr": visible_getattr,
        "hasattr": hasattr,
        "help": help,
        "const": const,
        "__import__": interpreter.importer.import_,
        "__repl_print__": repl_print,
        source.GUARD: guard,
        source.HIDDEN_GETATTR: visible_getattr,
        source.NOWHERE: nowhere,
    }
    names.update(made)
    return names


def _own(name: str) -> bool:
    return not name.startswith(".")


def _spaces(spaces: tuple[Any, ...], caller: Any) -> tuple[dict[str, Any], Any]:
    if not spaces or spaces[0] is None:
        return caller.f_globals, caller.f_globals if caller.f_code.co_flags & 2 else caller.f_locals
    return spaces[0], spaces[1] if len(spaces) > 1 and spaces[1] is not None else spaces[0]
