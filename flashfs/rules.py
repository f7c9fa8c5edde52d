"""What the two file systems have in common: the interface through which a volume asks them.

A file system decides names, lookups, orders and error numbers over the store; it never waits and never locks (the
volume does). Paths are bytes and belong to one volume; a path without leading ``/`` is relative to ``cwd``.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import ClassVar, TypeGuard

from flashfs.errors import ErrorFactory
from flashfs.files import Handle
from flashfs.notes import Note, NoteSink
from flashfs.steps import StepKind
from flashfs.store import File, Folder, Node, Store

NOMINAL_CAPACITY = 4096 * 1024


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a file system is given from outside.

    ``stamp`` is the board's time as a file system stores it: whole, even seconds since 1970.
    ``capacity`` is the size of the medium in bytes, None for one without limit.
    """

    error: ErrorFactory
    note: NoteSink
    quirks: frozenset[str]
    stamp: Callable[[], int]
    capacity: int | None


class FileSystem(ABC):
    """One mounted file system over a store of its own. Errors are made by ``Surroundings.error``."""

    name_max: ClassVar[int]
    """``os.statvfs()[9]``."""
    dead_handle_error: ClassVar[int]
    """What a file says that was open when the volume was formatted or mounted anew."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.error = around.error
        self.on_step: Callable[[StepKind, bytes, bytes], None] | None = None
        """Called with kind, path and second path before each durable step; the step does not take place if it raises."""
        self.store = self.make_store()

    @abstractmethod
    def make_store(self) -> Store:
        """Return the empty store."""

    # -- space, counted in blocks (FAT: clusters) as the board counts it

    @property
    @abstractmethod
    def block_size(self) -> int:
        """Bytes per block as ``os.statvfs()`` reports them."""

    @property
    def total_blocks(self) -> int:
        """Blocks of the volume as ``os.statvfs()`` reports them; a medium without limit looks like one of 4 MiB."""
        return (NOMINAL_CAPACITY if self.around.capacity is None else self.around.capacity) // self.block_size

    def free_blocks(self) -> int:
        """Return the free blocks as ``os.statvfs()`` reports them, never below 0."""
        used = 0 if self.around.capacity is None else -(-self.store.used // self.block_size)
        return max(0, self.total_blocks - used)

    def room(self) -> int:
        """Return how many bytes one new file can hold."""
        return sys.maxsize if self.around.capacity is None else max(0, self.around.capacity - self.store.used)

    def shortage(self, planned: Sequence[tuple[tuple[bytes, ...], int | None]]) -> str | None:
        """Return why these entries do not all fit, for a person, or None.

        :param planned: names on the way from the root and size in bytes (None: a folder), in the order of creation;
            what is there already under a name is replaced, missing folders on the way are made
        """
        growth = 0
        for path, size in planned:
            node: Node | None = self.store.root
            for name in path:
                node = self.store.find(node, name) if isinstance(node, Folder) else None
            growth += (size or 0) - len(getattr(node, "data", b""))
        return None if growth <= self.room() else f"{growth} bytes more, the flash has room for {self.room()}"

    @abstractmethod
    def name_fault(self, name: bytes) -> tuple[int, str] | None:
        """Return the number and the reason why a new entry cannot have this name, or None."""

    @abstractmethod
    def open(self, cwd: bytes, path: bytes, mode: str) -> Handle:
        """Open a file; every letter of ``mode`` counts, unknown ones are ignored."""

    @abstractmethod
    def stat(self, cwd: bytes, path: bytes) -> Node:
        """Return what ``os.stat`` describes."""

    @abstractmethod
    def listing(self, cwd: bytes, path: bytes) -> list[Node]:
        """Return the entries of a folder in the order in which the board lists them."""

    @abstractmethod
    def mkdir(self, cwd: bytes, path: bytes) -> None:
        """Make one folder."""

    @abstractmethod
    def remove(self, cwd: bytes, path: bytes) -> None:
        """``os.remove``."""

    @abstractmethod
    def rmdir(self, cwd: bytes, path: bytes, in_use: list[bytes]) -> None:
        """``os.rmdir``; ``in_use`` are the working directories of everybody on this volume."""

    @abstractmethod
    def rename(self, cwd: bytes, old: bytes, new: bytes) -> tuple[bytes, bytes] | None:
        """``os.rename``. Return old and new path of a folder where working directories below follow it."""

    @abstractmethod
    def chdir(self, cwd: bytes, path: bytes) -> tuple[bytes, Exception | None]:
        """Return the new working directory, and the error to raise after it has been set."""

    @abstractmethod
    def getcwd(self, cwd: bytes) -> bytes:
        """Return the in-volume working directory as ``os.getcwd`` shows it."""

    @abstractmethod
    def import_stat(self, cwd: bytes, path: bytes) -> Node | None:
        """Return what ``import`` finds at a path, None for nothing or any error."""

    @abstractmethod
    def content(self, file: File) -> bytes:
        """Return what a reader that opens the file now would read."""

    def key(self, name: bytes) -> bytes:
        """Return what two names that mean the same entry have in common."""
        return name

    def replace(self, file: File, data: bytes) -> None:
        """Put new content into a file from outside; files that are open keep what they had."""
        self.store.write(file, data)
        file.stamp = self.around.stamp()

    def clear(self) -> None:
        """Begin again with an empty tree."""
        self.store.clear()

    def from_outside(self) -> AbstractContextManager[None]:
        """While this is entered, nobody on the board acts: changes take place even where there is no room for them.

        Whoever enters it has asked ``shortage`` before.
        """
        return nullcontext()

    def forget_handles(self) -> None:  # noqa: B027  (most have nothing to drop)
        """Drop what files that are still open share; they are dead."""

    def step(
        self, kind: StepKind, where: Node | tuple[Folder, bytes], other: Node | tuple[Folder, bytes] | None = None
    ) -> None:
        """Tell whoever listens what is about to happen to an entry, or to a name that has none yet."""
        if self.on_step is not None:
            self.on_step(kind, self._place(where), b"" if other is None else self._place(other))

    def _place(self, where: Node | tuple[Folder, bytes]) -> bytes:
        if isinstance(where, tuple):
            folder, name = where
            return self.store.path(folder).rstrip(b"/") + b"/" + name
        return self.store.path(where)

    @staticmethod
    def is_file(node: Node | None) -> TypeGuard[File]:
        """Whether there is an entry and it is a file."""
        return isinstance(node, File)

    @staticmethod
    def is_folder(node: Node | None) -> TypeGuard[Folder]:
        """Whether there is an entry and it is a folder."""
        return isinstance(node, Folder)

    def ordered(self, folder: Folder) -> list[Node]:
        """Return the entries of a folder in the order in which the board lists them."""
        return self.store.children(folder)

    def add_file(self, folder: Folder, name: bytes, data: bytes = b"", stamp: int = 0) -> File:
        """Add a file under a free name that has no fault."""
        return self.store.new_file(folder, name, data, stamp)

    def add_folder(self, folder: Folder, name: bytes, stamp: int = 0) -> Folder:
        """Add a folder under a free name that has no fault."""
        return self.store.new_folder(folder, name, stamp)

    def unlink(self, folder: Folder, node: Node) -> None:
        """Take an entry out of the tree."""
        self.store.remove(folder, node)

    def is_inside(self, folder: Folder, node: Node) -> bool:
        """Whether ``folder`` is ``node`` or lies below it."""
        while folder is not self.store.root:
            if folder is node:
                return True
            folder = self.store.parent(folder)
        return node is folder

    def tell_lost(self, file: File, size: int) -> None:
        """Note that a file was written which is not in the tree any more."""
        self.around.note(
            Note(
                "written-file-was-removed",
                "what was written to this file is lost: it was removed, renamed or replaced while it was open",
                evidence=f"{file.name!r}, {size} bytes",
                fix="close the file before os.remove() and os.rename()",
                source="firmware: esp32/littlefs/lfs.c, lib/oofatfs/ff.c (an open file is tied to its directory entry)",
            )
        )

    def tell_overwritten(self, file: File) -> None:
        """Note that a commit replaced content which this writer never saw."""
        self.around.note(
            Note(
                "two-writers",
                "two open files wrote to the same name: the last close wins",
                evidence=repr(file.name),
                fix="open the file for writing in one place at a time",
                source="firmware: neither file system tracks open files",
            )
        )
