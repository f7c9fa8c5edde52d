"""Which files are looked at, and which are not the board's to run."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from emulator import api
from emulator.project import SKIPPED

_TOOLS = ("setup.py", "conftest.py", "noxfile.py", "tasks.py")
_NAMES = "argparse esptool flask matplotlib numpy pandas paho paramiko pytest scipy serial setuptools telnetlib yaml"
_HOST = frozenset(_NAMES.split())
"""Packages that no board has and host tools have, beside CPython's own modules; some of these left CPython."""
_IMPORT = re.compile(rb"^(?:import|from)[ \t]+([A-Za-z_]\w*)", re.M)
_DEVICE = frozenset({"machine", "network", "pycom", "micropython", "uctypes", "utimeq", "framebuf"})


def files(folder: Path) -> Iterator[Path]:
    """Yield the ``.py`` files below ``folder``, in order; links to folders are not followed. Raises OSError."""
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if entry.name in SKIPPED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from files(Path(entry.path))
        elif entry.name.endswith(".py") and entry.is_file():
            yield Path(entry.path)


def names(paths: Iterable[Path]) -> frozenset[str]:
    """Return what ``import`` may find among these files: their names, and those of the folders that hold them.

    ``config.example.py`` counts as ``config``: a pattern for the file that each board gets its own of.
    """
    found: set[str] = set()
    for path in paths:
        found.add(path.stem.partition(".")[0])
        found.update(path.parts[:-1])
    return frozenset(found)


def neighbours(script: Path) -> Path:
    """The project's folder of a script named alone: its own, or the one that has it in ``lib``."""
    folder = script.resolve().parent
    return folder.parent if folder.name == "lib" else folder


def not_for_a_board(path: Path, data: bytes, tree: ast.Module | None) -> str:
    """Say why a file found in a folder is taken for a tool of the host's; empty where it is the board's.

    What a board starts by itself, and what imports a module that only boards have, is always the board's.
    """
    if path.name in ("main.py", "boot.py"):
        return ""
    imported = list(_imports(tree)) if tree else [(name.decode(), True) for name in _IMPORT.findall(data)]
    if any(name in _DEVICE or (name in api.modules() and name[0] == "u") for name, _ in imported):
        return ""
    if path.name in _TOOLS or path.name.startswith("test_") or path.name.endswith("_test.py"):
        return "by its name a tool of the host's"
    if data.startswith(b"#!") and b"python3" in data.partition(b"\n")[0]:
        return "its first line names python3"
    for name, certain in imported:
        if certain and (name in _HOST or name in sys.stdlib_module_names) and api.builtin_module(name) is None:
            return f"it imports {name}, which only CPython has"
    if tree and any(_is_os_path(node) for node in ast.walk(tree)) and any(name == "os" for name, _ in imported):
        return "it uses os.path, which only CPython has"
    return ""


def _is_os_path(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "path"
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    )


def found_by(importer: Path, name: str, among: Mapping[tuple[Path, str], Path]) -> Path | None:
    """The file that ``import name`` in ``importer`` means: from its folder outwards, in each the folder, then its ``lib``.

    ``among``: (folder, stem) -> file. On the board the folder is the working directory, /flash or /flash/lib.
    """
    for folder in importer.parents:
        for place in (folder, folder / "lib"):
            if (place, name) in among:
                return among[place, name]
    return None


def _imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0], id(node) in top


def imports(tree: ast.Module) -> frozenset[str]:
    """The modules that a file imports."""
    return frozenset(name for name, _ in _imports(tree))
