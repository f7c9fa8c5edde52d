"""Builtin names that every CPython script has and the board lacks."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from emulator import api
from emulator.checks.findings import Finding
from emulator.checks.script import Script

_HERE = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_INSTEAD = {
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
    "exit": "sys.exit()",
    "quit": "sys.exit()",
}


def find(script: Script) -> Iterator[Finding]:
    """Yield each use of such a name that the file does not define itself."""
    absent = _HERE - set(api.builtin_names(script.board)) - {"const"}
    for node in script.of(ast.Name):
        name = script.builtin(node)
        if name in absent and not script.guarded(node, "NameError"):
            yield script.finding(
                node,
                "builtin",
                f"NameError: name '{name}' isn't defined",
                f"{name} is CPython's; the board has no such builtin",
                _INSTEAD.get(name, ""),
            )
