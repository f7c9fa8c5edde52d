"""Builtin names that every CPython script has and the board lacks."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from emulator import api
from emulator.checks.findings import Finding
from emulator.checks.script import Script

_HERE = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_PYTHON_2 = {
    **dict.fromkeys(["basestring", "unicode"], "str"),
    "cmp": "(a > b) - (a < b)",
    "execfile": "exec(open(name).read())",
    "long": "int",
    "raw_input": "input()",
    "reduce": "a loop",
    "reload": "",
    "unichr": "chr()",
    "xrange": "range()",
}
"""Builtins that only CPython 2 had."""

_INSTEAD = {
    **_PYTHON_2,
    "breakpoint": "a breakpoint set from the host",
    "compile": "exec(text)",
    "vars": "dir(obj)",
    "format": "'{:5}'.format(x)",
    **dict.fromkeys(
        ["FileNotFoundError", "PermissionError", "FileExistsError", "IsADirectoryError", "ConnectionError", "IOError"],
        "OSError",
    ),
    **dict.fromkeys(["ConnectionResetError", "BrokenPipeError", "TimeoutError", "BlockingIOError"], "OSError"),
    "ModuleNotFoundError": "ImportError",
    "RecursionError": "RuntimeError",
    "UnicodeDecodeError": "UnicodeError",
    "UnicodeEncodeError": "UnicodeError",
    **dict.fromkeys(["Warning", "DeprecationWarning", "RuntimeWarning", "UserWarning"], "a text"),
    "exit": "sys.exit()",
    "quit": "sys.exit()",
}


def find(script: Script) -> Iterator[Finding]:
    """Yield each use of such a name that the file does not define itself."""
    absent = (_HERE | _PYTHON_2.keys()) - set(api.builtin_names(script.board)) - {"const"}
    for node in script.of(ast.Name):
        name = script.builtin(node)
        if name in absent and not script.guarded(node, "NameError"):
            yield script.finding(
                node,
                "builtin",
                f"NameError: name '{name}' isn't defined",
                f"{name} is CPython{' 2' * (name in _PYTHON_2)}'s; the board has no such builtin",
                _INSTEAD.get(name, ""),
            )
