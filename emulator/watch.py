"""Following a project on the host while its board runs: what changes there goes onto the flash, then the board begins anew.

The host is asked again and again: that works on every system and on network drives, and costs a ``stat`` for each file.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.project import Project, ProjectError, is_skipped, read
from emulator.pymakr import Restart

if TYPE_CHECKING:
    from emulator.board import Board
    from flashfs import HostPath

INTERVAL = 0.3
"""Seconds between two looks."""
SHARE = 10
"""Nor are there fewer between two than so many times what one took."""

_NAMED = 3

Stamps = dict[str, tuple[int, int]]
"""Host path -> time of change in ns, and size."""


@dataclass(frozen=True)
class Changes:
    """What is different on the host: device paths inside the volume."""

    project: Project
    """What is new or has other content."""
    removed: tuple[str, ...]
    """What is gone, a folder after what was in it."""
    restart: Restart
    replaced: tuple[str, ...] = ()
    """Which of the new ones are files where folders were, or the other way round."""

    def __str__(self) -> str:
        names = [*self.project.entries, *self.removed]
        shown = ", ".join(name[1:] for name in names[:_NAMED])
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"{shown}{more}"


class Watch:
    """A project as it was when it was last looked at. Raises ProjectError if it cannot be read at first."""

    def __init__(self, path: Path, flash: Path | None = None) -> None:
        self._path = path
        self._flash = flash
        self._elsewhere: tuple[Path, ...] = ()
        self._stamps = self._look()
        self._taken = self._stamps
        project = read(path, flash)
        self._entries = self._before = project.entries
        self._follow(project)

    def look(self) -> Changes | None:
        """What has changed since the last look that found anything; None for nothing, and while files are being written.

        Raises ProjectError once for a state that cannot be read; it is looked at again when it changes.
        """
        before, self._stamps = self._stamps, self._look()
        if self._stamps == self._taken or self._stamps != before:
            return None
        self._taken = self._stamps
        project = read(self._path, self._flash)
        self._follow(project)
        old = self._before = self._entries
        self._entries = project.entries
        new = {path: content for path, content in project.entries.items() if path not in old or old[path] != content}
        removed = tuple(sorted((path for path in old if path not in project.entries), reverse=True))
        if not new and not removed:
            return None
        origins = {path: host for path, host in project.origins.items() if path in new}
        replaced = tuple(path for path in new if path in old and (old[path] is None) != (new[path] is None))
        return Changes(Project(new, origins), removed, project.restart, replaced)

    def give_back(self) -> None:
        """What was found last did not get onto the board: it is found again beside the next change."""
        self._entries = self._before

    def _follow(self, project: Project) -> None:
        """Look into the folder that ``pymakr.conf`` names, too, where that is outside the project."""
        known = [place.resolve() for place in (self._path, self._flash) if place is not None]
        self._elsewhere = tuple(root for root in project.roots if not any(map(root.is_relative_to, known)))

    def _look(self) -> Stamps:
        stamps: Stamps = {}
        for root in filter(None, (self._path, self._flash, *self._elsewhere)):
            _stamp(root, stamps)
            _stamp_tree(str(root), stamps)
        return stamps


def _stamp_tree(root: str, stamps: Stamps) -> None:
    pending = [root]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:  # gone again, or not to be read: reading the project says so
            continue
        for entry in entries:
            if is_skipped(entry.name):
                continue
            _stamp(entry, stamps)
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)


def _stamp(file: Path | os.DirEntry[str], stamps: Stamps) -> None:
    try:
        status = file.stat()
    except OSError:
        return
    # the time of a folder changes with names that are passed over
    is_folder = stat.S_ISDIR(status.st_mode)
    stamps[os.fspath(file)] = (0, 0) if is_folder else (status.st_mtime_ns, status.st_size)


def apply(board: Board, changes: Changes) -> None:
    """Put changes onto the flash and have the board begin anew.

    Raises ProjectError if they do not go onto it; OSError for what cannot be removed, and the board goes on then.
    """
    put(board, changes)
    restart(board, changes)


def put(board: Board, changes: Changes) -> None:
    """Put changes onto the flash. Raises as :func:`apply` does."""
    removed = changes.removed
    if changes.replaced:  # room is made first, and only for these
        made_room = tuple(path for path in removed if path.startswith(tuple(f"{each}/" for each in changes.replaced)))
        removed = tuple(path for path in removed if path not in made_room)
        for path in (*made_room, *changes.replaced):
            _remove(board.flash / path[1:])
    board.load_project(changes.project)
    for path in removed:
        _remove(board.flash / path[1:])


def restart(board: Board, changes: Changes) -> None:
    """Have the board begin anew as the project wants it."""
    if changes.restart == "hard":
        board.reset()
    else:
        board.soft_reset()


def _remove(place: HostPath) -> None:
    try:
        if place.is_dir():
            place.rmdir()
        else:
            place.unlink()
    except OSError as error:
        # the script, which runs, was faster, or keeps files of its own there
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY):
            raise


class Watcher:
    """Looks in a thread until it is closed, and carries out what it finds; ``say`` is given a line about each."""

    def __init__(self, board: Board, watch: Watch, say: Callable[[str], None], interval: float = INTERVAL) -> None:
        self._board = board
        self._watch = watch
        self._say = say
        self._interval = interval
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        took = 0.0
        # a large tree on a slow drive is looked at less often: most of the time belongs to the board
        while not self._closed.wait(max(self._interval, SHARE * took)):
            begin = time.monotonic()
            try:
                changes = self._watch.look()
                took = time.monotonic() - begin
                if changes is None:
                    continue
                self._carry_out(changes)
            except ProjectError as error:
                self._say(f"{error}; nothing has changed on the board")
            except OSError as error:
                self._say(
                    f"{error.filename}: {error.strerror or error}; it stays on the board, which goes on without a reset"
                )

    def _carry_out(self, changes: Changes) -> None:
        try:
            put(self._board, changes)
        except (ProjectError, OSError):
            self._watch.give_back()
            raise
        self._say(f"{changes}: {_WORDS[changes.restart]}")
        restart(self._board, changes)


_WORDS: dict[Restart, str] = {"soft": "soft reset", "hard": "reset"}
