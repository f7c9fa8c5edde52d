"""The script's builtins: exactly the names the board has (firmware: py/modbuiltins.c with esp32/mpconfigport.h).

Taken from the host where the host's object behaves as the board's, made here where it does not.
"""

from __future__ import annotations

import builtins as host
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._open import opener
from emulator.runtime import calls, evaluation, hooks, methods, operators, order, recursion, stores
from emulator.runtime.hidden import no_attribute, visible_getattr, visible_names
from emulator.runtime.methods import late
from emulator.runtime.methods._common import implicit_str, text_of, to_int
from emulator.runtime.methods.generators import pending, resume
from emulator.runtime.methods.signature import check_count, native, no_keywords
from emulator.runtime.names import script_class, type_name

if TYPE_CHECKING:
    from emulator.runtime.interpreter import Interpreter

NATIVE = (  # noqa: SIM905  a table to read, not sixty lines
    "bool bytes bytearray complex dict enumerate filter float frozenset int list map memoryview "
    "object property range reversed set slice str super tuple type zip classmethod staticmethod Ellipsis "
    "callable hash id len BaseException ArithmeticError AssertionError AttributeError EOFError Exception "
    "GeneratorExit ImportError IndentationError IndexError KeyboardInterrupt KeyError LookupError MemoryError "
    "NameError NotImplementedError OverflowError RuntimeError StopAsyncIteration StopIteration SyntaxError "
    "SystemExit TypeError UnicodeError ValueError ZeroDivisionError "
).split()
"""Names whose host object serves."""

_UNSET: Any = object()
_TABLES = (dict, type({}.keys()), type({}.values()), type({}.items()), *order.HOST_TYPES)
"""What may change while it is iterated."""


def make(interpreter: Interpreter) -> dict[str, Any]:
    """The builtins of one power cycle."""
    names: dict[str, Any] = {name: getattr(host, name) for name in NATIVE}
    # CPython itself looks these up in the builtins of the running frame
    names.update({"None": None, "True": True, "False": False, "__debug__": True, "__name__": "builtins"})
    names["OSError"] = BoardOSError
    names.update(_pure())
    names.update(_of_device(interpreter))
    names.update(operators.hooks(interpreter))
    names.update(recursion.hooks(interpreter))
    names[hooks.NO_KEYWORDS] = no_keywords
    names[hooks.EXEC], names[hooks.GLOBALS] = names["exec"], names["globals"]
    names[hooks.NAME_ERROR], names[hooks.KEY_ERROR] = NameError, KeyError
    names.update(order.hooks())
    names.update(evaluation.hooks())
    names.update(stores.hooks())
    return names


def _pure() -> dict[str, Callable[..., Any]]:
    """The functions that need nothing of the device."""
    iterated = calls.iterated

    @native(1)
    def abs(value: Any) -> Any:
        if not isinstance(value, (int, float, complex)) and not hasattr(type(value), "__abs__"):
            raise TypeError(f"unsupported type for __abs__: '{type_name(value)}'")
        return host.abs(value)

    @native(1)
    def all(items: Any) -> bool:
        return host.all(iterated(items))

    @native(1)
    def any(items: Any) -> bool:
        return host.any(iterated(items))

    @native(1)
    def bin(value: Any) -> str:
        return host.bin(value) if type(value) is int else late.format_str()("{:#b}", (value,), {}, late.printer())

    @native(1)
    def chr(value: Any) -> str:
        code = to_int(value)
        if not 0 <= code < 0x110000:
            raise ValueError("chr() arg not in range(0x110000)")
        return host.chr(code)

    @native(2)
    def delattr(obj: Any, name: Any) -> None:
        _store(obj, name, _UNSET)

    @native(2)
    def divmod(left: Any, right: Any) -> Any:
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            if not right:
                raise ZeroDivisionError("divide by zero")
            return host.divmod(left, right)
        if isinstance(left, (str, bytes)):
            implicit_str(right)
        if hasattr(type(left), "__divmod__") and not isinstance(left, (int, float)):
            return host.divmod(left, right)
        raise operators.unsupported("__divmod__", left, right)

    @native(2, 3)
    def getattr(obj: Any, name: Any, *default: Any) -> Any:
        return visible_getattr(obj, _name(name), *default)

    @native(1)
    def hash(value: Any) -> int:
        host.hash(value)
        return order.board_hash(value)

    @native(2)
    def hasattr(obj: Any, name: Any) -> bool:
        try:
            visible_getattr(obj, _name(name))
        except AttributeError:
            return False
        return True

    @native(1)
    def hex(value: Any) -> str:
        return host.hex(value) if type(value) is int else operators.modulo("%#x", value)

    @native(1)
    def oct(value: Any) -> str:
        return host.oct(value) if type(value) is int else operators.modulo("%#o", value)

    def isinstance_(*args: Any, **keywords: Any) -> bool:
        if keywords:
            no_keywords()
        check_count(len(args), 2, 2)
        obj, kinds = args
        if obj is True or obj is False:
            return issubclass_(bool, kinds)
        try:
            return isinstance(obj, kinds)
        except TypeError:
            return issubclass_(type(obj), kinds)

    @native(2)
    def issubclass_(kind: Any, kinds: Any) -> bool:
        if not isinstance(kind, type):
            raise TypeError("issubclass() arg 1 must be a class")
        wanted = kinds if isinstance(kinds, tuple) else (kinds,)
        if not isinstance(kinds, (tuple, type)):
            raise TypeError("issubclass() arg 2 must be a class or a tuple of classes")
        # on the board a bool is no int (firmware: py/objbool.c)
        return host.any(
            isinstance(one, type) and issubclass(kind, one) and not (kind is bool and one is int) for one in wanted
        )

    @native(1)
    def iter(obj: Any) -> Any:
        return host.iter(order.live_or_as_it_is(iterated(obj) if type(obj) not in _TABLES else obj))

    @native(1)
    def next_(iterator: Any) -> Any:
        return resume(iterator) if pending else next(iterator)

    def best(name: str) -> Callable[..., Any]:
        pick: Callable[..., Any] = vars(host)[name]

        def choose(*args: Any, **options: Any) -> Any:
            check_count(len(args), 1, None)
            key = options.get("key", _UNSET)
            items = iterated(args[0]) if len(args) == 1 else args
            if key is None:
                key = _not_callable
            if len(args) == 1 and "default" in options:
                return pick(items, default=options["default"], **({} if key is _UNSET else {"key": key}))
            try:
                return pick(items) if key is _UNSET else pick(items, key=key)
            except ValueError as error:
                if "empty" in str(error) and len(args) == 1:
                    raise ValueError("arg is an empty sequence") from None
                raise

        return choose

    @native(1)
    def ord(char: Any) -> int:
        if not isinstance(char, (str, bytes)):
            implicit_str(char)
        if len(char) != 1:
            raise TypeError(f"ord() expected a character, but string of length {len(char)} found")
        return host.ord(char)

    @native(2, 3)
    def pow(left: Any, right: Any, *modulus: Any) -> Any:
        if modulus:
            raise NotImplementedError("3-arg pow() not supported")
        return operators.power(left, right)

    @native(1, 2)
    def round(value: Any, *digits: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            if digits:
                raise NotImplementedError
            return value
        number = calls.real(value)
        if not digits:
            return calls.whole(host.round(number) if math.isfinite(number) else number)
        scale = 10.0 ** to_int(digits[0])
        scaled = number * scale
        return (float(host.round(scaled)) if math.isfinite(scaled) else scaled) / scale

    @native(3)
    def setattr(obj: Any, name: Any, value: Any) -> None:
        _store(obj, name, value)

    @native(1, 2)
    def sum(items: Any, *start: Any) -> Any:
        if not start:
            return host.sum(iterated(items))
        total = start[0]
        if type(total) is int or type(total) is float:
            return host.sum(iterated(items), total)
        for item in iterated(items):
            total = total + item
        return total

    def build_class(body: Any, name: Any, /, *bases: Any, **keywords: Any) -> Any:
        if keywords:
            raise TypeError("function doesn't take keyword arguments")
        if host.any(type(base) is type and base in calls.FINAL for base in bases):
            return calls.made_class(name, bases, {})
        if len(bases) > 1:
            return calls.without_reflection(host.__build_class__(body, name, *bases, metaclass=calls.DepthFirst))
        made = calls.without_reflection(host.__build_class__(body, name, *bases))
        if (not bases or bases[0] is object) and type(made) is type and calls.has_no_init(made):
            calls.take_any_arguments(made)
        return made

    named: dict[str, Callable[..., Any]] = {
        function.__name__: function
        for function in (
            abs,
            all,
            any,
            bin,
            chr,
            delattr,
            divmod,
            getattr,
            hasattr,
            hash,
            hex,
            iter,
            oct,
            ord,
            pow,
            round,
        )
    }
    return named | {
        "__build_class__": build_class,
        "isinstance": isinstance_,
        "issubclass": issubclass_,
        "max": best("max"),
        "min": best("min"),
        "next": next_,
        "setattr": setattr,
        "sum": sum,
    }


def _not_callable(item: Any) -> Any:
    raise TypeError("'NoneType' object isn't callable")


def _as_str(value: Any) -> str:
    """A str, or bytes taken for one. Raises TypeError."""
    text = text_of(value)
    return text if isinstance(text, str) else text.decode("utf-8", "replace")


def _name(name: Any) -> str:
    if not isinstance(name, str):
        implicit_str(name)
    return name


def _store(obj: Any, name: Any, value: Any) -> None:
    """Set or delete an attribute. Raises AttributeError where the board keeps none."""
    name = _name(name)
    kind = type(obj)
    if isinstance(obj, type):
        _change(obj, name, value)
        return
    if methods.TABLES.get(kind) is not None or (kind.__module__ == "builtins" and kind.__name__ != "module"):
        raise no_attribute(obj, name)
    try:
        _change(obj, name, value)
    except AttributeError:
        if script_class(kind) and hasattr(kind, name):
            raise  # a property of the script's
        raise no_attribute(obj, name) from None


def _change(obj: Any, name: str, value: Any) -> None:
    if value is _UNSET:
        stores.delete_attribute(obj, name)
    else:
        stores.set_attribute(value, obj, name)


def _of_device(interpreter: Interpreter) -> dict[str, Callable[..., Any]]:
    """The functions that print, run source, or look at the running frame."""
    printer = interpreter.device.printer

    @native(1)
    def repr(obj: Any) -> str:
        return printer.repr(obj)

    def print(*args: Any, sep: Any = " ", end: Any = "\n", file: Any = _UNSET, **extra: Any) -> None:
        if extra:
            raise TypeError("extra keyword arguments given")
        if file is not _UNSET:
            from emulator.firmware._convert import check_stream

            check_stream(file, "write")
        if type(sep) is not str:
            sep = _as_str(sep)
        if type(end) is not str:
            end = _as_str(end)
        text = sep.join([a if type(a) is str else printer.str(a) for a in args]) + end
        if file is _UNSET:
            interpreter.device.console.write(text)
        else:
            file.write(text)

    def sorted(*args: Any, **options: Any) -> list[Any]:
        check_count(len(args), 1, None)
        if len(args) > 1:
            raise TypeError("must use keyword argument for key function")
        items = calls.listed(args[0])
        methods.TABLES[list]["sort"](items, **options)
        return items

    @native(0)
    def globals() -> dict[str, Any]:
        return sys._getframe(2).f_globals

    @native(0)
    def locals() -> dict[str, Any]:
        frame = sys._getframe(2)
        # in a function the board gives the globals (firmware: py/modbuiltins.c)
        return frame.f_globals if frame.f_code.co_flags & 2 else frame.f_locals

    @native(0, 1)
    def dir(*args: Any) -> list[str]:
        if not args:
            frame = sys._getframe(2)
            return sorted(n for n in (frame.f_locals if not frame.f_code.co_flags & 2 else frame.f_globals) if _own(n))
        return visible_names(*args)

    def _run(code: Any, mode: str, spaces: tuple[dict[str, Any], Any]) -> Any:
        return interpreter.execute(text_of(code), mode, *spaces)

    @native(1, 3)
    def exec(code: Any, *spaces: Any) -> None:
        _run(code, "exec", _spaces(spaces, sys._getframe(2)))

    @native(1, 3)
    def eval(code: Any, *spaces: Any) -> Any:
        return _run(code, "eval", _spaces(spaces, sys._getframe(2)))

    @native(1, 3)
    def execfile(path: Any, *spaces: Any) -> None:
        interpreter.execute_file(_as_str(path), *_spaces(spaces, sys._getframe(2)))

    @native(1, 5)
    def import_(name: Any, *others: Any) -> Any:
        return interpreter.importer.import_(name, *others)

    @native(0, 1)
    def input(prompt: Any = "") -> str:
        if prompt != "":
            interpreter.device.console.write(printer.str(prompt))
        return interpreter.device.read_line()

    def help(*args: Any) -> None:
        interpreter.help(*args)

    def nowhere(name: str) -> Any:
        raise NameError(f"name '{name}' isn't defined")

    def repl_print(obj: Any, /) -> None:
        if obj is not None:
            print(repr(obj))
            interpreter.builtins["_"] = obj

    cycle = interpreter.device.power

    def guard() -> None:
        if cycle.off:
            cycle.check()

    return {
        "repr": repr,
        "print": print,
        "sorted": sorted,
        "globals": globals,
        "locals": locals,
        "dir": dir,
        "exec": exec,
        "eval": eval,
        "execfile": execfile,
        "open": opener(lambda: interpreter.device.vfs),
        "input": input,
        "help": help,
        "__import__": import_,
        "__repl_print__": repl_print,
        hooks.GUARD: guard,
        hooks.NOWHERE: nowhere,
    }


def _own(name: str) -> bool:
    return not name.startswith(".")


def _spaces(spaces: tuple[Any, ...], caller: Any) -> tuple[dict[str, Any], Any]:
    """Globals and locals for ``exec`` and ``eval``; None stands for those of the caller. Raises TypeError."""
    for space in spaces:
        if space is not None and not isinstance(space, dict):
            raise TypeError
    given, local = (*spaces, None, None)[:2]
    outer = caller.f_globals if given is None else given
    if local is not None:
        return outer, local
    if given is not None or caller.f_code.co_flags & 2:
        return outer, outer
    return outer, caller.f_locals
