"""Reading a script or a project folder of the host: all of it or nothing, with one plain line when it cannot be."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.pymakr import PymakrProject, Restart


MAX_FILES = 4096
"""More files than this are a mistaken folder, not a project for a 4 MiB flash."""

MAX_BYTES = 8 * 1024 * 1024
"""Reading stops here: no board has more flash than this."""

PYMAKR = "pymakr.conf"

SKIPPED = frozenset({".git", ".hg", ".svn", "__pycache__", ".venv", ".idea", ".vscode", "node_modules", ".DS_Store"})
"""Names that belong to the host's tools, never to a board."""

_WHILE_EDITING = re.compile(r"\..*\.sw[a-p]|\.#.*|#.*#|.*~", re.DOTALL)
"""Swap, lock, autosave and backup files of vim and Emacs: there while somebody edits, and a lock is a link to nothing."""


def is_skipped(name: str) -> bool:
    """Whether a file or folder of this name stays on the host."""
    return name in SKIPPED or _WHILE_EDITING.fullmatch(name) is not None


class ProjectError(Exception):
    """The script or folder cannot be taken; the text is one line for the person who named it."""


@dataclass
class Project:
    """What goes onto the flash: device path -> content (None: a folder), and the host file each came from.

    ``restart``: how the board begins anew when a file changes. ``roots``: the folders that were read, resolved.
    """

    entries: dict[str, bytes | None] = field(default_factory=dict)
    origins: dict[str, Path] = field(default_factory=dict)
    restart: Restart = "soft"
    roots: list[Path] = field(default_factory=list)

    def add(self, device_path: str, host_path: Path) -> None:
        """Take one file."""
        try:
            if not host_path.is_file():
                raise ProjectError(f"{host_path}: neither a file nor a folder")
            with host_path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ProjectError(f"{host_path}: {error.strerror or error}") from error
        if len(content) > MAX_BYTES:
            raise ProjectError(f"{host_path}: larger than the flash of any board")
        self.entries[device_path] = content
        self.origins[device_path] = host_path.resolve()


def read(path: Path, flash: Path | None = None) -> Project:
    """The project at ``path`` (a script, which becomes /main.py, or a folder, which becomes /), over the tree of ``flash``.

    A folder with a ``pymakr.conf`` is read as Pymakr would upload it. Device paths are inside the volume. Raises ProjectError.
    """
    try:
        return _read(path, flash)
    except OSError as error:  # a folder on the way that may not be entered: pathlib passes that on
        raise ProjectError(f"{error.filename or path}: {error.strerror or error}") from error


def _read(path: Path, flash: Path | None) -> Project:
    project = Project()
    if flash is not None:
        if not flash.is_dir():
            raise ProjectError(f"--flash {flash}: {'not a folder' if flash.exists() else 'no such folder'}")
        _read_folder(project, flash)
    if path.is_dir():
        if flash is not None:
            raise ProjectError(f"{path} is a folder: --flash goes with a script")
        settings = _pymakr(path)
        if settings is None:
            _read_folder(project, path)
        else:
            project.restart = settings.restart
            _read_folder(project, settings.folder, settings.ignored)
    elif path.exists():
        project.add("/main.py", path)
    else:
        raise ProjectError(f"{path}: no such file or folder")
    return project


def _pymakr(folder: Path) -> PymakrProject | None:
    try:
        if not (folder / PYMAKR).is_file():  # asked here, so that a project without one does not pay for the reader
            return None
    except OSError:  # a folder that may not be entered: reading it says so
        return None
    from emulator.pymakr import PymakrError, pymakr_project

    try:
        return pymakr_project(folder / PYMAKR)
    except PymakrError as error:
        raise ProjectError(str(error)) from error


def _nothing_ignored(path: str) -> bool:
    return False


def _read_folder(project: Project, folder: Path, ignored: Callable[[str], bool] = _nothing_ignored) -> None:
    root = folder.resolve()
    project.roots.append(root)
    total = 0
    pending = [(folder, "")]
    while pending:
        here, prefix = pending.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            raise ProjectError(f"{here}: {error.strerror or error}") from error
        for entry in entries:
            if is_skipped(entry.name):
                continue
            host_path, device_path = Path(entry.path), f"{prefix}/{entry.name}"
            if ignored(device_path[1:]):
                continue
            if entry.is_symlink() and not _within(root, host_path):
                if not host_path.exists():
                    raise ProjectError(f"{host_path}: a link to what is not there; remove it or mend it")
                raise ProjectError(f"{host_path}: a link that leads out of {folder}; copy what it points to instead")
            if entry.is_dir():
                project.entries[device_path] = None
                if not (entry.is_symlink() and _loops(root, host_path)):
                    pending.append((host_path, device_path))
            elif entry.is_file():
                project.add(device_path, host_path)
                total += len(project.entries[device_path] or b"")
            else:
                raise ProjectError(f"{host_path}: neither a file nor a folder")
            if len(project.entries) > MAX_FILES:
                raise ProjectError(f"{folder}: more than {MAX_FILES:,} files and folders; is that the right folder?")
            if total > MAX_BYTES:
                raise ProjectError(
                    f"{folder}: more than {MAX_BYTES // 2**20} MiB; that is larger than the flash of any board"
                )


def _within(root: Path, path: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _loops(root: Path, path: Path) -> bool:
    target = path.resolve()
    return path.parent.resolve().is_relative_to(target) or target == root
