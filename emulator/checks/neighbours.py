"""Names that a script imports from the project's own modules, and that these do not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from emulator.checks import language
from emulator.checks.findings import Finding
from emulator.checks.script import Script
from emulator.checks.suggestions import similar

Exports = dict[Path, "frozenset[str] | None"]
"""Module file -> the names it binds; None where that cannot be told."""

_DYNAMIC = frozenset({"globals", "exec", "execfile", "setattr", "__import__"})


def find(script: Script) -> Iterator[Finding]:
    """Yield each ``from module import name`` whose module lies beside the script, or in the ``lib`` there, without the name."""
    if script.path is None:
        return
    for statement in script.of(ast.ImportFrom):
        module = statement.module or ""
        if statement.level or "." in module or script.module(module) is not None:
            continue
        if script.guarded(statement, "ImportError") or script.makes(module):
            continue
        file = _beside(script.path, module)
        names = _exports(file, script.exports) if file is not None else None
        if file is None or names is None:
            continue
        for alias in statement.names:
            if alias.name != "*" and alias.name not in names:
                close = similar(alias.name, sorted(names))
                yield script.finding(
                    statement,
                    "name",
                    f"ImportError: cannot import name {alias.name}",
                    f"{file.name} binds no {alias.name}",
                    f"did you mean {close}?" if close else "",
                )


def _beside(script: Path, module: str) -> Path | None:
    """The module's file where there can be no doubt which one is meant; packages are left alone."""
    here = script.parent
    places = [here, here / "lib", *([here.parent] if here.name == "lib" else [])]
    files = [place / f"{module}.py" for place in places]
    found = [file for file in files if file.is_file()]
    folders = any((place / module).is_dir() for place in places)
    return found[0] if len(found) == 1 and not folders else None


def _exports(file: Path, known: Exports) -> frozenset[str] | None:
    if file not in known:
        try:
            tree = language.parse(file.read_bytes())
        except OSError:
            tree = None
        known[file] = _bound(tree) if tree is not None else None
    return known[file]


def _bound(tree: ast.Module) -> frozenset[str] | None:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            return None
        if isinstance(node, ast.Name):
            if node.id in _DYNAMIC:
                return None
            if not isinstance(node.ctx, ast.Load):
                names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return frozenset(names | {"__name__", "__file__"})
