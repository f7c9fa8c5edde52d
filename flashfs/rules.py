"""What the two file systems have in common: the interface through which a volume asks them.

A file system decides names, lookups, orders and error numbers over the store; it never waits and never locks (the
volume does). Paths are bytes and belong to one volume; a path without leading ``/`` is relative to ``cwd``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeGuard

from flashfs.errors import ErrorFactory
from flashfs.files import Handle
from flashfs.notes import Note, NoteSink
from flashfs.store import File, Folder, Node, Store


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a file system is given from outside.

    ``stamp`` is the board's time as a file system stores it: whole, even seconds since 1970.
    ``room`` is how many more bytes the volume takes.
    """

    error: ErrorFactory
    note: NoteSink
    quirks: frozenset[str]
    stamp: Callable[[], int]
    room: Callable[[], int]


class FileSystem(ABC):
    """One mounted file system over a store of its own. Errors are made by ``Surroundings.error``."""

    name_max: ClassVar[int]
    """``os.statvfs()[9]``."""
    dead_handle_error: ClassVar[int]
    """What a file says that was open when the volume was formatted or mounted anew."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.error = around.error
        self.store = self.make_store()

    @abstractmethod
    def make_store(self) -> Store:
        """Return the empty store."""

    @abstractmethod
    def block_size(self, capacity: int) -> int:
        """Return bytes per block as ``os.statvfs()`` reports them."""

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

    def has_slots(self, names: list[bytes]) -> bool:
        """Whether the root takes these new names, given in this order."""
        return True

    def replace(self, file: File, data: bytes) -> None:
        """Put new content into a file from outside; files that are open keep what they had."""
        self.store.write(file, data)
        file.stamp = self.around.stamp()

    def forget_handles(self) -> None:  # noqa: B027  (most have nothing to drop)
        """Drop what files that are still open share; they are dead."""

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
