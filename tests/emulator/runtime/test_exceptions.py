"""Exceptions as objects of a script, and mistakes of the emulator's that a script never gets to see."""

from __future__ import annotations

import json
import struct
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator import Board
from emulator.runtime.internal import internal_note, is_internal
from emulator.runtime.messages import INTERNAL, board_args, board_class, exception_str
from emulator.runtime.printing import Printer
from emulator.runtime.tracebacks import format_exception
from flashfs.notes import Note
from tests.emulator.conftest import RunScript, load

FACTS = {
    "value of StopIteration": ("StopIteration(7).value", "7"),
    "no value": ("StopIteration().value", "None"),
    "args": ("ValueError(1, 'a').args", "(1, 'a')"),
    "repr of one argument": ("repr(ValueError('a'))", "ValueError('a',)"),
    "repr of none": ("repr(ValueError())", "ValueError()"),
    "repr of two": ("repr(ValueError(1, 2))", "ValueError(1, 2)"),
    "str of two": ("str(ValueError(1, 'a'))", "(1, 'a')"),
    "str of a key": ("str(KeyError('a'))", "a"),
    "str of an OSError": ("str(OSError(2))", "[Errno 2] ENOENT"),
    "two are not equal": ("Exception('a') == Exception('a')", "False"),
    "LookupError": ("isinstance(KeyError(), LookupError)", "True"),
    "UnicodeError": ("issubclass(UnicodeError, ValueError)", "True"),
    "IndentationError": ("issubclass(IndentationError, SyntaxError)", "True"),
    "NotImplementedError": ("issubclass(NotImplementedError, RuntimeError)", "True"),
    "KeyboardInterrupt": ("issubclass(KeyboardInterrupt, Exception)", "False"),
    "OSError has no errno": ("hasattr(OSError(2), 'errno')", "False"),
    "no traceback": ("hasattr(ValueError(), '__traceback__')", "False"),
    "no cause": ("hasattr(ValueError(), '__cause__')", "False"),
}


@pytest.mark.parametrize(("expression", "text"), FACTS.values(), ids=FACTS)
def test_fact(run_script: RunScript, expression: str, text: str) -> None:
    assert run_script(f"print({expression})").text == f"{text}\n"


SCRIPTS = {
    "except with an int": (
        "try:\n    try:\n        1/0\n    except 1:\n        pass\nexcept TypeError as e:\n    print(e)",
        "unsupported types for : 'ZeroDivisionError', 'int'\n",
    ),
    "value of a return": (
        "def g():\n    yield 1\n    return 7\ni = g()\nnext(i)\ntry:\n    next(i)\nexcept StopIteration as e:\n    print(e.value, e.args)",
        "7 (7,)\n",
    ),
    "the name is gone after the clause": (
        "try:\n    1/0\nexcept Exception as e:\n    pass\ntry:\n    e\nexcept NameError as x:\n    print(x)",
        "name 'e' isn't defined\n",
    ),
    "own attributes": ("class E(Exception): pass\ne = E(1)\ne.x = 2\nprint(e.x, e.args)", "2 (1,)\n"),
    "exc_info": (
        "import sys\ntry:\n    1/0\nexcept Exception:\n    print(sys.exc_info()[0], sys.exc_info()[2])\nprint(sys.exc_info())",
        "<class 'ZeroDivisionError'> None\n(None, None, None)\n",
    ),
    "exc_info of a class that the board lacks": (
        "import sys\ndef f():\n    x\n    x = 1\ntry:\n    f()\nexcept NameError:\n    print(sys.exc_info()[0])",
        "<class 'NameError'>\n",
    ),
    "print_exception to a stream": (
        "import sys, uio\ns = uio.StringIO()\ntry:\n    1/0\nexcept Exception as e:\n    sys.print_exception(e, s)\nprint(repr(s.getvalue()))",
        "'Traceback (most recent call last):\\n  File \"main.py\", line 4, in <module>\\nZeroDivisionError: divide by zero\\n'\n",
    ),
}


@pytest.mark.parametrize(("script", "text"), SCRIPTS.values(), ids=SCRIPTS)
def test_script(run_script: RunScript, script: str, text: str) -> None:
    assert run_script(script).text == text


# -- mistakes of ours -----------------------------------------------------------------------------------------------------


def _assertion() -> None:
    assert not INTERNAL


def _attribute() -> None:
    None.split  # type: ignore[attr-defined]  # noqa: B018  # noqa: B018


def _key() -> None:
    dict[str, int]()["x"]


def _index() -> None:
    deque[int]().pop()


def _unbound() -> None:
    if not INTERNAL:
        x = 1
    print(x)


def _structure() -> None:
    struct.unpack("i", b"")


def _not_a_folder() -> None:
    Path("/dev/null/x").read_bytes()


def _library() -> None:
    json.loads("{")


def _type() -> None:
    "".join(5)  # type: ignore[arg-type]


def _deliberate() -> None:
    raise ValueError("of the board")


BUGS: dict[str, Callable[[], Any]] = {
    "assert": _assertion,
    "attribute": _attribute,
    "key": _key,
    "index": _index,
    "unbound local": _unbound,
    "struct.error": _structure,
    "error of the host's files": _not_a_folder,
    "a library": _library,
    "type": _type,
}

NO_BUGS = {
    "division": "1/0",
    "key": "{}['a']",
    "index": "[][0]",
    "attribute": "(1).x",
    "own assert": "assert 0",
    "import": "import nosuch",
    "wrong argument": "import ustruct\nustruct.pack('i', 'a')",
    "a callback": "import ujson\nsorted([1, 2], key=lambda x: {}[x])",
    "no file": "open('nosuch')",
    "a class without a wording": "int('x', 99)",
    "recursion": "def f():\n    f()\nf()",
    "bytes that are no text": "b'\\xff'.decode()",
    "pop of a dict": "{}.pop('a')",
    "own exception": "class E(Exception): pass\nraise E('a')",
}


def broken(board: Board, bug: Callable[[], Any], script: str) -> tuple[str, list[Note]]:
    """Run ``script``, in which ``bug()`` is a function of a device module with that mistake."""
    load(board, script)
    seen: list[BaseException] = []

    def shim(*args: Any) -> Any:
        try:
            return bug()
        except BaseException as error:
            seen.append(error)
            raise

    return _run(board, shim), [internal_note(error) for error in seen if is_internal(error)]


def _run(board: Board, shim: Callable[..., Any]) -> str:
    from emulator.firmware import ubinascii

    original = ubinascii.module

    def module(*args: Any) -> dict[str, Any]:
        return {**original(*args), "hexlify": shim}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ubinascii, "module", module)
        return str(board.run(timeout=30).text)


CALL = "import ubinascii\n\ndef f():\n    ubinascii.hexlify(b'')\n"


@pytest.fixture
def in_firmware() -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Gives a function as it would be in a device module."""
    from types import FunctionType

    def moved(function: Callable[[], Any]) -> Callable[[], Any]:
        assert isinstance(function, FunctionType)
        names = {**function.__globals__, "__name__": "emulator.firmware.ubinascii"}
        return FunctionType(function.__code__, names, function.__name__)

    return moved


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_a_mistake_of_ours_is_ours(board: Board, in_firmware: Callable[..., Any], bug: Callable[[], Any]) -> None:
    text, notes = broken(board, in_firmware(bug), f"{CALL}f()\n")
    assert text == (
        "Traceback (most recent call last):\n"
        '  File "main.py", line 5, in <module>\n'
        '  File "main.py", line 4, in f\n'
        "RuntimeError: emulator error\n"
    )
    assert [note.code for note in notes] == ["internal-error"]
    assert "line 4 of the script, in f" in notes[0].evidence
    assert "report" in notes[0].fix


def test_the_script_sees_a_runtime_error(board: Board, in_firmware: Callable[..., Any]) -> None:
    script = f"{CALL}try:\n    f()\nexcept Exception as e:\n    print(e)\nprint('on')"
    text, _ = broken(board, in_firmware(_key), script)
    assert text == "emulator error\non\n"


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_whichever_way_the_script_looks_at_it(
    board: Board, in_firmware: Callable[..., Any], bug: Callable[[], Any]
) -> None:
    script = f"{CALL}try:\n    f()\nexcept Exception as e:\n    print(e, str(e), repr(e), [e], e.args, type(e))\n"
    text, _ = broken(board, in_firmware(bug), script)
    whole = "RuntimeError('emulator error',)"
    assert text == f"emulator error emulator error {whole} [{whole}] ('emulator error',) <class 'RuntimeError'>\n"


def test_a_class_that_only_the_host_has_is_the_boards(run_script: RunScript) -> None:
    result = run_script(
        "def f():\n    print(a)\n    a = 1\ntry:\n    f()\nexcept NameError as e:\n    print(repr(e), [e], type(e))\n"
    )
    shown = "NameError('local variable referenced before assignment',)"
    assert result.text == f"{shown} [{shown}] <class 'NameError'>\n"


def test_what_a_device_module_raises_is_meant(board: Board, in_firmware: Callable[..., Any]) -> None:
    text, notes = broken(board, in_firmware(_deliberate), f"{CALL}f()\n")
    assert text.endswith("ValueError: of the board\n")
    assert notes == []


@pytest.mark.parametrize("script", NO_BUGS.values(), ids=NO_BUGS)
def test_a_mistake_of_the_script_s_is_not_ours(run_script: RunScript, script: str) -> None:
    result = run_script(script)
    assert result.exception is not None
    assert not is_internal(result.exception)
    assert INTERNAL not in result.text


def _raised(function: Callable[[], Any]) -> BaseException:
    try:
        function()
    except BaseException as error:  # noqa: BLE001  handed on  # noqa: BLE001
        return error
    raise AssertionError


def test_every_view_of_a_mistake_agrees(in_firmware: Callable[..., Any]) -> None:
    error = _raised(in_firmware(_key))
    printer = Printer()
    told: list[Note] = []
    assert board_class(error) is RuntimeError
    assert board_args(error) == (INTERNAL,)
    assert exception_str(error, printer) == INTERNAL
    assert printer.repr(error) == f"RuntimeError('{INTERNAL}',)"
    assert format_exception(error, {}, {}, printer, note=told.append) == f"RuntimeError: {INTERNAL}\n"
    assert [note.code for note in told] == ["internal-error"]


def test_bytes_that_are_no_text_give_an_error_without_text() -> None:
    error = _raised(lambda: b"\xff".decode())
    assert board_class(error) is UnicodeError


@pytest.mark.parametrize("kind", [PermissionError, FileNotFoundError, struct.error])
def test_an_exception_that_was_never_raised_is_nobody_s_mistake(kind: type[Exception]) -> None:
    assert not is_internal(kind("x"))
