"""Which files are looked at, and which are not the board's to run."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from emulator import api
from emulator.project import is_skipped

_TOOLS = ("setup.py", "conftest.py", "noxfile.py", "tasks.py")
_NAMES = """
argparse cmd ctypes curses distutils esptool filecmp flask getopt getpass http matplotlib multiprocessing numpy optparse
paho pandas paramiko pip pytest readline scipy serial setuptools shlex shutil signal smtplib socketserver sqlite3
subprocess tempfile telnetlib tkinter unittest urllib webbrowser yaml zipfile
"""
_HOST = frozenset(_NAMES.split())
"""Modules that tools of the host's have. What people also import on a board by mistake (``datetime``, ``random``) is not
among them."""
_IMPORT = re.compile(rb"^(?:import|from)[ \t]+([A-Za-z_]\w*)", re.M)
_DEVICE = frozenset({"machine", "network", "pycom", "micropython", "uctypes", "utimeq", "framebuf"})


def files(folder: Path) -> Iterator[Path]:
    """Yield the ``.py`` files below ``folder``, in order; links to folders are not followed. Raises OSError."""
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if is_skipped(entry.name):
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

    One sign is none: a script for the board may have a single wrong import, and that is to be found. What a board starts
    by itself, and what imports a module that only boards have, is always the board's.
    """
    if path.name in ("main.py", "boot.py"):
        return ""
    imported = list(_imports(tree)) if tree else [(name.decode(), True) for name in _IMPORT.findall(data)]
    if any(name in _DEVICE or (name in api.modules() and name[0] == "u") for name, _ in imported):
        return ""
    if path.name in _TOOLS or path.name.startswith("test_") or path.name.endswith("_test.py"):
        return "by its name a tool of the host's"
    first = data.partition(b"\n")[0]
    if first.startswith(b"#!") and b"python3" in first:
        return "its first line names python3"
    signs = []
    if first.startswith(b"#!") and b"python" in first:
        signs.append("its first line names python")
    signs += [
        f"it imports {name}" for name in dict.fromkeys(name for name, certain in imported if certain and _host(name))
    ]
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)] if tree else []
    signs += [
        f"it uses {name}" for name in ("os.path", "sys.argv", "os.environ") if any(_is(a, name) for a in attributes)
    ]
    return " and ".join(signs[:2]) if len(signs) >= _ENOUGH else ""


_ENOUGH = 2


def _host(module: str) -> bool:
    return module in _HOST and api.builtin_module(module) is None


def _is(node: ast.Attribute, name: str) -> bool:
    return isinstance(node.value, ast.Name) and f"{node.value.id}.{node.attr}" == name


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
