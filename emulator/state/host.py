"""One folder of the host as the state needs it: a few operations, each durable when it returns, by paths of any length.

A path is a tuple of names below the folder. Every failure is an ``OSError``; no operation follows a link.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

HostPathParts = tuple[str, ...]

ASIDE: Final = ".aside-"
"""Begins the names of what is not in place yet, or not any more."""

_LONGEST_PATH = 1000
"""Bytes of a path that every POSIX host takes at once (macOS: 1024); longer ones are walked in pieces."""
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_WALKS = os.open in os.supports_dir_fd
_TIMES_BY_DESCRIPTOR = os.utime in os.supports_fd


class Found(NamedTuple):
    """One entry of a folder of the host: ``kind`` is "file", "folder", or what else it is; sizes in bytes."""

    name: str
    kind: str
    size: int
    mtime_ns: int


class Host:
    """The folder ``root`` and what is below it."""

    def __init__(self, root: Path) -> None:
        absolute = os.path.abspath(root)  # noqa: PTH100  a link on the way stays one
        if os.name == "nt" and not absolute.startswith("\\\\"):
            absolute = "\\\\?\\" + absolute  # lifts the limit of 260 characters
        self.root = absolute
        self._length = len(os.fsencode(absolute))
        self._numbers = count(1)

    @contextmanager
    def _reach(self, parts: HostPathParts) -> Iterator[tuple[str, int | None]]:
        """Give a path that the host takes, and the descriptor of the folder it begins at, if any."""
        if not _WALKS or self._length + sum(len(os.fsencode(part)) + 1 for part in parts) < _LONGEST_PATH:
            yield os.path.join(self.root, *parts), None  # noqa: PTH118  not worth objects: this is on the way of each commit
            return
        at = os.open(self.root, os.O_RDONLY)
        try:
            start = 0
            while True:
                stop, size = start, 0
                while stop < len(parts) and size + len(os.fsencode(parts[stop])) < _LONGEST_PATH:
                    size += len(os.fsencode(parts[stop])) + 1
                    stop += 1
                path = "/".join(parts[start:stop])
                if stop == len(parts):
                    break
                below = os.open(path, os.O_RDONLY | _BINARY, dir_fd=at)
                os.close(at)
                at, start = below, stop
            yield path, at
        finally:
            os.close(at)

    def aside(self) -> HostPathParts:
        """Return a path that is not in use, for what is not in place yet or not any more."""
        return (f"{ASIDE}{next(self._numbers)}",)

    # -- one change each

    def write(self, parts: HostPathParts, content: bytes, mtime_ns: int | None = None) -> None:
        """Write a whole file and have the host store it. What a failure leaves is taken away."""
        with self._reach(parts) as (path, at):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY
            descriptor = os.open(path, flags, 0o666, dir_fd=at)
            try:
                try:
                    left = memoryview(content)
                    while left:
                        left = left[os.write(descriptor, left) :]
                    if mtime_ns is not None and _TIMES_BY_DESCRIPTOR:
                        os.utime(descriptor, ns=(mtime_ns, mtime_ns))
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                if mtime_ns is not None and not _TIMES_BY_DESCRIPTOR:
                    os.utime(path, ns=(mtime_ns, mtime_ns))
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(path, dir_fd=at)
                raise

    def replace(self, source: HostPathParts, target: HostPathParts) -> None:
        """Rename; a file or empty folder of the new name is replaced, where the host does so."""
        with self._reach(source) as (old, old_at), self._reach(target) as (new, new_at):
            os.replace(old, new, src_dir_fd=old_at, dst_dir_fd=new_at)

    def mkdir(self, parts: HostPathParts) -> None:
        """Make a folder; it may be there already."""
        with self._reach(parts) as (path, at):
            try:
                os.mkdir(path, dir_fd=at)
            except FileExistsError:
                if not stat.S_ISDIR(os.stat(path, dir_fd=at, follow_symlinks=False).st_mode):
                    raise

    def unlink(self, parts: HostPathParts) -> None:
        """Remove a file; it may be gone already."""
        with self._reach(parts) as (path, at), contextlib.suppress(FileNotFoundError):
            os.unlink(path, dir_fd=at)

    def rmdir(self, parts: HostPathParts) -> None:
        """Remove an empty folder; it may be gone already."""
        with self._reach(parts) as (path, at), contextlib.suppress(FileNotFoundError):
            os.rmdir(path, dir_fd=at)

    def set_mtime(self, parts: HostPathParts, mtime_ns: int) -> None:
        """Set the time of the last change."""
        with self._reach(parts) as (path, at):
            os.utime(path, ns=(mtime_ns, mtime_ns), dir_fd=at)

    def sync(self, parts: HostPathParts = ()) -> None:
        """Have the host store the entries of a folder."""
        if os.name == "nt":  # folders cannot be opened there
            return
        with self._reach(parts) as (path, at):
            descriptor = os.open(path or ".", os.O_RDONLY, dir_fd=at)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    # -- made of several

    def put(self, parts: HostPathParts, content: bytes, mtime_ns: int | None = None) -> None:
        """Give a file new content at one instant."""
        aside = self.aside()
        self.write(aside, content, mtime_ns)
        try:
            self.replace(aside, parts)
        except OSError:
            with contextlib.suppress(OSError):
                self.unlink(aside)
            raise

    def discard(self, parts: HostPathParts) -> None:
        """Take away a file or a folder with all it holds: out of its place at one instant, then piece by piece."""
        aside = self.aside()
        try:
            self.replace(parts, aside)
        except FileNotFoundError:
            return
        self.sync(parts[:-1])
        self.clear(aside)

    def clear(self, parts: HostPathParts) -> None:
        """Remove what was put aside. Trouble is no matter: what is left goes when the folder is used next."""
        with contextlib.suppress(OSError):
            if self.kind(parts) != "folder":
                self.unlink(parts)
                return
            left = [parts]
            while left:
                folder = left[-1]
                complete = True
                for entry in self.scan(folder):
                    if entry.kind == "folder":  # brought up first, so that no path gets long
                        below = self.aside()
                        self.replace((*folder, entry.name), below)
                        left.append(below)
                        complete = False
                    else:
                        self.unlink((*folder, entry.name))
                if complete:
                    self.rmdir(left.pop())

    # -- reading

    def scan(self, parts: HostPathParts = ()) -> list[Found]:
        """Return the entries of a folder by name."""
        found = []
        with self._reach(parts) as (path, at):
            descriptor = None if at is None else os.open(path or ".", os.O_RDONLY | _BINARY, dir_fd=at)
            try:
                with os.scandir(path if descriptor is None else descriptor) as entries:
                    for entry in entries:
                        status = entry.stat(follow_symlinks=False)
                        found.append(Found(entry.name, _kind(status.st_mode), status.st_size, status.st_mtime_ns))
            finally:
                if descriptor is not None:
                    os.close(descriptor)
        return sorted(found)

    def read(self, parts: HostPathParts) -> bytes:
        """Return the content of a file."""
        with self._reach(parts) as (path, at):
            descriptor = os.open(path, os.O_RDONLY | _BINARY, dir_fd=at)
            with os.fdopen(descriptor, "rb") as file:
                return file.read()

    def kind(self, parts: HostPathParts) -> str | None:
        """Return "file", "folder" or what else has this name, None for nothing."""
        with self._reach(parts) as (path, at):
            try:
                return _kind(os.stat(path, dir_fd=at, follow_symlinks=False).st_mode)
            except FileNotFoundError:
                return None


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "a link; the board has none" if stat.S_ISLNK(mode) else "neither a file nor a folder"
