"""A script sees what it would see on the board, or nothing of the host."""

from __future__ import annotations

import pytest

from emulator import Board
from tests.emulator.conftest import NEVER, RunScript, load

ABSENT_MODULES = [
    "subprocess",
    "asyncio",
    "threading",
    "logging",
    "functools",
    "itertools",
    "datetime",
    "traceback",
    "typing",
    "copy",
    "string",
    "types",
    "base64",
    "hmac",
    "random",
    "urandom",
    "uheapq",
    "contextlib",
    "warnings",
    "unittest",
    "__future__",
    "os.path",
    "io",
    "collections",
    "zlib",
    "heapq",
    "ctypes",
    "builtins.x",
    "_socket",
    "_ssl",
    "posix",
    "nt",
    "importlib",
    "inspect",
    "gc.x",
    "pathlib",
    "shutil",
    "signal",
    "multiprocessing",
    "sysconfig",
    "site",
    "codecs",
    "_io",
    "emulator",
    "flashfs",
    "ussl_shim",
    "pyfakefs",
    "pytest",
    "usys",
]


@pytest.mark.parametrize("name", ABSENT_MODULES)
def test_absent_modules(run_script: RunScript, name: str) -> None:
    result = run_script(f"import {name}")
    assert result.exit_code == 1
    # the part of the name that is no file on the flash: a builtin module is not looked into
    assert result.text.endswith(f"ImportError: no module named '{name.partition('.')[0]}'\n")


ABSENT_NAMES = [
    "__builtins__",
    "__loader__",
    "__spec__",
    "__doc__",
    "__package__",
    "__file__",
    "ascii",
    "breakpoint",
    "compile",
    "copyright",
    "exit",
    "quit",
    "format",
    "vars",
    "aiter",
    "anext",
    "NotImplemented",
    "TimeoutError",
    "ConnectionError",
    "BlockingIOError",
    "BrokenPipeError",
    "BufferError",
    "ChildProcessError",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "InterruptedError",
    "IsADirectoryError",
    "NotADirectoryError",
    "PermissionError",
    "ProcessLookupError",
    "IOError",
    "EnvironmentError",
    "ModuleNotFoundError",
    "RecursionError",
    "ReferenceError",
    "SystemError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeTranslateError",
    "TabError",
    "Warning",
    "DeprecationWarning",
    "ExceptionGroup",
]


@pytest.mark.parametrize("name", ABSENT_NAMES)
def test_absent_names(run_script: RunScript, name: str) -> None:
    assert run_script(name).text.endswith(f"NameError: name '{name}' isn't defined\n")


HIDDEN = [
    ("()", "__class__.__bases__", "type object 'tuple' has no attribute '__bases__'"),
    ("()", "__class__.__base__", "type object 'tuple' has no attribute '__base__'"),
    ("()", "__class__.__mro__", "type object 'tuple' has no attribute '__mro__'"),
    ("object", "__subclasses__", "type object 'object' has no attribute '__subclasses__'"),
    ("str", "mro", "type object 'str' has no attribute 'mro'"),
    ("(1)", "__reduce_ex__", "'int' object has no attribute '__reduce_ex__'"),
    ("print", "__globals__", "'function' object has no attribute '__globals__'"),
    ("print", "__closure__", "'function' object has no attribute '__closure__'"),
    ("print", "__self__", "'function' object has no attribute '__self__'"),
    ("open", "__code__", "'function' object has no attribute '__code__'"),
    ("len", "__self__", "'function' object has no attribute '__self__'"),
    ("(lambda: 0)", "__globals__", "'function' object has no attribute '__globals__'"),
    ("(i for i in ())", "gi_frame", "'generator' object has no attribute 'gi_frame'"),
    ("(i for i in ())", "gi_code", "'generator' object has no attribute 'gi_code'"),
    ("ValueError()", "__traceback__", "'ValueError' object has no attribute '__traceback__'"),
    ("ValueError()", "with_traceback", "'ValueError' object has no attribute 'with_traceback'"),
    ("OSError(1)", "errno", "'OSError' object has no attribute 'errno'"),
    ("OSError(1)", "strerror", "'OSError' object has no attribute 'strerror'"),
    ("__import__('sys')", "__dict__", "'module' object has no attribute '__dict__'"),
    ("__import__('os')", "__loader__", "'module' object has no attribute '__loader__'"),
    ("__import__('sys')", "_getframe", "'module' object has no attribute '_getframe'"),
    ("__import__('sys')", "settrace", "'module' object has no attribute 'settrace'"),
    ("__import__('os')", "system", "'module' object has no attribute 'system'"),
    ("__import__('os')", "environ", "'module' object has no attribute 'environ'"),
    ("__import__('os')", "path", "'module' object has no attribute 'path'"),
    ("__import__('gc')", "get_objects", "'module' object has no attribute 'get_objects'"),
]


@pytest.mark.parametrize(("value", "attribute", "message"), HIDDEN, ids=[f"{v}.{a}" for v, a, _ in HIDDEN])
@pytest.mark.parametrize("way", ["dot", "getattr"])
def test_hidden_attributes(run_script: RunScript, value: str, attribute: str, message: str, way: str) -> None:
    *before, last = attribute.split(".")
    owner = ".".join([value, *before])
    access = f"{owner}.{last}" if way == "dot" else f"getattr({owner}, '{last}')"
    assert run_script(access).text.endswith(f"AttributeError: {message}\n")
    assert run_script(f"print(hasattr({owner}, '{last}'))").text == "False\n"


def test_frames_cannot_be_reached_through_a_caught_exception(run_script: RunScript) -> None:
    script = "try:\n    1/0\nexcept Exception as e:\n    print(dir(e))\n    import sys\n    print(sys.exc_info()[2])\n"
    result = run_script(script)
    assert "__traceback__" not in result.text
    assert result.text.endswith("None\n")


def test_a_script_keeps_names_that_it_defines_itself(run_script: RunScript) -> None:
    script = (
        "class A:\n    def mro(self): return 'mine'\n    def __dir__(self): return ['x']\n    @property\n    def __code__(self): return 3\n"
        "a = A()\na.gi_frame = 5\nprint(a.mro(), a.gi_frame, a.__code__, hasattr(a, 'mro'))\n"
    )
    assert run_script(script).text == "mine 5 3 True\n"


def test_globals_of_a_script(run_script: RunScript) -> None:
    result = run_script(
        "x = 1\nprint(sorted(k for k in globals() if k != '__name__'))\nglobals()['y'] = 2\nprint(y, 'y' in dir())"
    )
    assert result.text == "['UART', 'os', 'x']\n2 True\n"


def test_exec_and_eval(run_script: RunScript) -> None:
    script = "exec('a = 1')\nprint(a, eval('a + 1'))\ndef f():\n    exec('b = 2')\nf()\nprint(b)\nd = {}\nexec('c = 3', d)\nprint(d['c'])\n"
    assert run_script(script).text == "1 2\n2\n3\n"


def test_from_import_cannot_reach_modules_of_the_host(run_script: RunScript) -> None:
    assert run_script("from email import charset", {"email.py": "x = 1"}).text.endswith(
        "ImportError: cannot import name charset\n"
    )
    assert run_script("from os import path").text.endswith("ImportError: cannot import name path\n")


TRACEBACKS = {
    "in a function": (
        "def f():\n    raise ValueError('x')\n\nf()",
        'File "main.py", line 4, in <module>\n  File "main.py", line 2, in f\nValueError: x\n',
    ),
    "empty message": ("raise ValueError", 'File "main.py", line 1, in <module>\nValueError: \n'),
    "syntax": ("x = 1\ny = = 2\n", 'File "main.py", line 2\nSyntaxError: invalid syntax\n'),
    "indent": ("x = 1\n  y = 2\n", 'File "main.py", line 2\nIndentationError: unexpected indent\n'),
    "errno": ("open('/flash/nothing')", 'File "main.py", line 1, in <module>\nOSError: [Errno 2] ENOENT\n'),
    "bare number": ("raise OSError(39)", 'File "main.py", line 1, in <module>\nOSError: 39\n'),
    "key": ("{}['a']", 'File "main.py", line 1, in <module>\nKeyError: a\n'),
    "name": ("nope", "File \"main.py\", line 1, in <module>\nNameError: name 'nope' isn't defined\n"),
    "zero": ("1/0", 'File "main.py", line 1, in <module>\nZeroDivisionError: divide by zero\n'),
    "class": ("class E(Exception): pass\nraise E('a', 1)", "File \"main.py\", line 2, in <module>\nE: ('a', 1)\n"),
    "memory of causes": (
        "try:\n    1/0\nexcept Exception as e:\n    raise ValueError(1)",
        'File "main.py", line 4, in <module>\nValueError: 1\n',
    ),
    "local": ("def f():\n    x += 1\nf()", "in f\nNameError: local variable referenced before assignment\n"),
}


@pytest.mark.parametrize(("script", "tail"), TRACEBACKS.values(), ids=TRACEBACKS.keys())
def test_tracebacks(run_script: RunScript, script: str, tail: str) -> None:
    result = run_script(script)
    assert result.exit_code == 1
    assert result.text.startswith("Traceback (most recent call last):\n  File ")
    assert result.text.endswith(tail)


def test_traceback_names_imported_files(run_script: RunScript) -> None:
    result = run_script("import helper\nhelper.go()", {"lib/helper.py": "def go():\n    missing"})
    assert result.text == (
        'Traceback (most recent call last):\n  File "main.py", line 2, in <module>\n'
        "  File \"/flash/lib/helper.py\", line 2, in go\nNameError: name 'missing' isn't defined\n"
    )


def test_syntax_error_of_an_imported_file(run_script: RunScript) -> None:
    result = run_script("import helper", {"helper.py": "def go(:\n    pass"})
    assert result.text == (
        'Traceback (most recent call last):\n  File "main.py", line 1, in <module>\n  File "helper.py", line 1\nSyntaxError: invalid syntax\n'
    )


PRINTED = [
    ("1.0", "1.0"),
    ("1/3", "0.3333333"),
    ("[1.5, 'a', b'b', None]", "[1.5, 'a', b'b', None]"),
    ("('x',)", "('x',)"),
    ("{'a': 1e10}", "{'a': 1e+10}"),
    ("'\\xe9'", "é"),
    ("['\\xe9']", "['\\xe9']"),
    ("repr(ValueError('a'))", "ValueError('a',)"),
    ("OSError(2)", "[Errno 2] ENOENT"),
    ("OSError(2, 'x')", "(2, 'x')"),
    ("repr(OSError(-9984))", "OSError(-9984,)"),
    ("ValueError('a', 'b')", "('a', 'b')"),
    ("ValueError()", ""),
    ("int", "<class 'int'>"),
    ("set()", "set()"),
    ("bytearray(b'a')", "bytearray(b'a')"),
    ("print", "<function>"),
    ("__import__('ussl')", "<module 'ussl'>"),
    ("True", "True"),
]


@pytest.mark.parametrize(("expression", "text"), PRINTED, ids=[e for e, _ in PRINTED])
def test_printing(run_script: RunScript, expression: str, text: str) -> None:
    assert run_script(f"print({expression})").text == f"{text}\n"


IMPORTS = {
    "module": ("import a\nprint(a.x, a.__name__, a.__file__)", {"a.py": "x = 1"}, "1 a a.py\n"),
    "lib": ("import a\nprint(a.__file__)", {"lib/a.py": ""}, "/flash/lib/a.py\n"),
    "package": ("import p.m\nprint(p.m.y, p.__path__)", {"p/__init__.py": "", "p/m.py": "y = 2"}, "2 p\n"),
    "namespace package": ("from p import m\nprint(m.y, m.__name__)", {"p/m.py": "y = 2"}, "2 p.m\n"),
    "as": ("import p.m as q\nprint(q.y)", {"p/m.py": "y = 2"}, "2\n"),
    "star ignores __all__": (
        "from a import *\nprint(x, y)\ntry:\n    _z\nexcept NameError as e:\n    print(e)",
        {"a.py": "__all__ = ['x', '_z']\nx = 1\ny = 2\n_z = 3"},
        "1 2\nname '_z' isn't defined\n",
    ),
    "weak link replaced": ("import json\nprint(json.mine)", {"json.py": "mine = 1"}, "1\n"),
    "u name not replaced": ("import ujson\nprint(ujson.dumps([]))", {"ujson.py": "raise ValueError"}, "[]\n"),
    "weak link": ("import ssl, ussl\nprint(ssl is ussl)", {}, "True\n"),
    "half imported": (
        "try:\n    import a\nexcept ValueError:\n    import a\n    print(a.x, hasattr(a, 'y'))",
        {"a.py": "x = 1\nraise ValueError\ny = 2"},
        "1 False\n",
    ),
    "sys.modules": ("import sys, os, a\nprint(sorted(sys.modules))", {"a.py": ""}, "['a']\n"),
    "sys.path": ("import sys\nprint(sys.path)", {}, "['', '/flash', '/flash/lib']\n"),
    "relative": ("import p.m", {"p/m.py": "from . import n\nprint(n.z)", "p/n.py": "z = 3"}, "3\n"),
    "relative in main.py": (
        "try:\n    from . import n\nexcept KeyError as e:\n    print(repr(e))",
        {"n.py": ""},
        "KeyError('__main__',)\n",
    ),
    "relative without a package": (
        "try:\n    import m\nexcept ValueError as e:\n    print(e)",
        {"m.py": "from . import n", "n.py": ""},
        "cannot perform relative import\n",
    ),
    "frozen": (
        "import _boot, _main\nprint(_boot, _boot.os is os, _boot.UART is UART, _main)",
        {},
        "<module '_boot'> True True <module '_main'>\n",
    ),
    "executed once": ("import a\nimport a", {"a.py": "print('once')"}, "once\n"),
}


@pytest.mark.parametrize(("model", "error"), [("fipy", "NotImplementedError"), ("wipy", "ImportError")])
def test_what_is_frozen_for_the_modem_is_not_emulated_and_says_so(model: str, error: str) -> None:
    with Board(model) as board:
        load(board, "try:\n    import sqnsupgrade\nexcept Exception as e:\n    print(type(e).__name__)\n")
        assert board.run(timeout=NEVER).text == f"{error}\n"
        assert ["not-emulated"] * (model == "fipy") == [note.code for note in board.notes]


@pytest.mark.parametrize(("script", "files", "text"), IMPORTS.values(), ids=IMPORTS.keys())
def test_imports(run_script: RunScript, script: str, files: dict[str, str], text: str) -> None:
    assert run_script(script, files).text == text


def test_boot_and_main_share_a_namespace(run_script: RunScript) -> None:
    result = run_script("print(x, os.getcwd(), UART(0, 115200))", {"boot.py": "x = 5\nraise ValueError('in boot')"})
    assert result.text == (
        'Traceback (most recent call last):\n  File "boot.py", line 1, in <module>\nValueError: in boot\n'
    ) or result.text.endswith("5 /flash UART(0, baudrate=115200, bits=8, parity=None, stop=1)\n")
    assert result.exit_code == 0


def test_names_that_are_not_emulated_say_so(run_script: RunScript) -> None:
    result = run_script("import machine\nprint(machine.Pin.OUT)\nmachine.Pin('P9')")
    assert result.text.startswith("2\n")
    assert result.text.endswith("NotImplementedError: machine.Pin: the board has it, the emulator does not yet\n")
    assert [note.code for note in result.notes] == ["not-emulated"]


IMPORTS = [
    ("1", "TypeError(\"can't convert 'int' object to str implicitly\",)"),
    ("'xyz', None, None, None, -1", "ValueError()"),
    ("'xyz'", "ImportError(\"no module named 'xyz'\",)"),
]


@pytest.mark.parametrize(("arguments", "shown"), IMPORTS)
def test_the_function_behind_import(run_script: RunScript, arguments: str, shown: str) -> None:
    script = f"try:\n    __import__({arguments})\nexcept Exception as e:\n    print(repr(e))\n"
    assert run_script(script).text == f"{shown}\n"


def test_a_relative_import_beyond_the_package(run_script: RunScript) -> None:
    files = {"pkg/__init__.py": "", "pkg/mod.py": "try:\n    from .. import x\nexcept ValueError as e:\n    print(e)\n"}
    assert run_script("import pkg.mod", files).text == "cannot perform relative import\n"
