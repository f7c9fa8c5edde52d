"""The tree of bytes, kept in a pyfakefs ``FakeFilesystem``. Its only importer; it knows no rule of any file system.

The fake file system is used as an object: nothing of the host is patched. Its own path functions are never called,
because names here may contain anything (backslashes, drive letters, bytes that are not UTF-8); files and folders are
reached through ``FakeDirectory.entries``, which is also some ten times as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, TypeAlias

from pyfakefs.fake_file import FakeDirectory, FakeFile
from pyfakefs.fake_filesystem import FakeFilesystem

from flashfs.names import decode_name


def _stat_field(name: str) -> Any:
    def put(node: FakeFile, value: Any) -> None:
        setattr(node.stat_result, name, value)

    return property(attrgetter(f"stat_result.{name}"), put)


class _Entry:
    """What pyfakefs forwards by name from ``__getattr__`` and ``__setattr__``, as properties: a fifth of the cost."""

    st_dev: Any
    st_nlink: int

    __setattr__ = object.__setattr__


for _name in FakeFile.stat_types:
    setattr(_Entry, _name, _stat_field(_name))


class File(_Entry, FakeFile):
    """A file of the tree.

    ``raw_name`` is its name in bytes, ``stamp`` the time of its last change in even seconds of the board's clock, or 0.
    ``rule_data`` is free for the file system's rules (LittleFS keeps there what the file takes of the medium).
    """

    raw_name: bytes = b""
    stamp: int = 0
    rule_data: Any = None

    @property
    def data(self) -> bytes:
        """The committed content."""
        return self._byte_contents or b""


class Folder(_Entry, FakeDirectory):
    """A folder of the tree. ``rule_data`` is free for the file system's rules (FAT keeps its entry slots there)."""

    raw_name: bytes = b""
    stamp: int = 0
    rule_data: Any = None
    index: dict[str | bytes, Node] | None = None
    """The entries by the keys that ``Store`` was told to make of their names."""


Node: TypeAlias = "File | Folder"

_new_file: Any = File  # pyfakefs declares its constructor generic in a way no type fits


class _FakeFilesystem(FakeFilesystem):
    """Without what its constructor prepares for paths: pathlib emulation, and with it ``asyncio`` and ``ssl``.

    The one path it is ever given is ``/``.
    """

    def normcase(self, path: Any) -> Any:
        return path

    def normpath(self, path: Any) -> Any:
        return path

    def reset(self, total_size: int | None = None, init_pathlib: bool = True) -> None:
        super().reset(total_size, init_pathlib=False)

    def change_disk_usage(self, *args: Any) -> None:
        """Space is counted by the file systems' rules."""


Change: TypeAlias = "tuple[str, bytes, Node | bytes | None]"
"""What happened to the tree: ("write" | "folder", path, entry), ("remove", path, None), ("move", old path, new path),
("clear", the root, None), which the volume tells."""


class Store:
    """Files and folders under one root.

    ``fold`` maps a name to the key under which it is found again (FAT: upper case; LittleFS: what it sorts by).
    ``used`` is the sum of the committed content in bytes.
    """

    def __init__(self, fold: Callable[[bytes], str | bytes]) -> None:
        self._fold = fold
        self.on_change: Callable[[Change], None] | None = None
        self.clear()

    def clear(self) -> None:
        """Begin again with an empty tree."""
        fake = _FakeFilesystem(path_separator="/")
        if fake.is_windows_fs:
            fake.is_windows_fs = False
        fake.is_case_sensitive = True
        fake.shuffle_listdir_results = False
        self.fake = fake
        root = Folder("/", filesystem=fake)
        root.st_dev = fake.root.st_dev
        fake.root = root
        self.root = root
        self.used = 0

    def find(self, folder: Folder, name: bytes) -> Node | None:
        """Return the entry of that name, or None."""
        return None if folder.index is None else folder.index.get(self._fold(name))

    def children(self, folder: Folder) -> list[Node]:
        """Return the entries of a folder in the order of their creation."""
        entries: Any = folder.entries
        return list(entries.values())

    def new_file(self, folder: Folder, name: bytes, data: bytes = b"", stamp: int = 0) -> File:
        """Add a file. The name must be free."""
        file: File = _new_file(decode_name(name), contents=data, filesystem=self.fake)
        if stamp:
            file.stamp = stamp
        self._link(folder, name, file)
        self.used += len(data)
        self._tell("write", file)
        return file

    def new_folder(self, folder: Folder, name: bytes, stamp: int = 0) -> Folder:
        """Add a folder. The name must be free."""
        made = Folder(decode_name(name), filesystem=self.fake)
        if stamp:
            made.stamp = stamp
        self._link(folder, name, made)
        self._tell("folder", made)
        return made

    def write(self, file: File, data: bytes) -> None:
        """Replace the committed content; a file that is in no folder any more keeps it for itself."""
        linked = file.st_nlink > 0
        before = len(file.data)
        file.set_contents(data)
        if linked:
            self.used += len(data) - before
            self._tell("write", file)

    def remove(self, folder: Folder, node: Node) -> None:
        """Take an entry (a folder with all it holds) out of the tree."""
        if isinstance(node, Folder):
            for _, below in self.walk(node):
                self.used -= len(getattr(below, "data", b""))
        else:
            self.used -= len(node.data)
        path = self.path(node) if self.on_change else b""
        self._unlink(folder, node)
        if self.on_change:
            self.on_change(("remove", path, None))

    def move(self, source: Folder, node: Node, target: Folder, name: bytes, replacing: Node | None = None) -> None:
        """Move an entry, which keeps its content; the new name must be free, or ``replacing``'s, which is one change."""
        if replacing is not None:
            told, self.on_change = self.on_change, None
            self.remove(target, replacing)
            self.on_change = told
        before = self.path(node) if self.on_change else b""
        self._unlink(source, node)
        node.name = decode_name(name)  # type: ignore[assignment]
        self._link(target, name, node)
        if self.on_change:
            self.on_change(("move", before, self.path(node)))

    def parent(self, node: Node) -> Folder:
        """Return the folder that holds the entry; the root is its own parent."""
        above: Any = node.parent_dir and node.parent_dir()
        return self.root if above is None else above

    def holds(self, folder: Folder, name: bytes, node: Node) -> bool:
        """Whether the entry still has that name in that folder."""
        return self.find(folder, name) is node

    def path(self, node: Node) -> bytes:
        """Return the path from the root, ``/`` for the root itself."""
        parts: list[bytes] = []
        while node is not self.root:
            parts.append(node.raw_name)
            node = self.parent(node)
        return b"/" + b"/".join(reversed(parts))

    def walk(self, folder: Folder | None = None) -> Iterator[tuple[bytes, Node]]:
        """Yield everything below a folder (default: the root) with its path from there, folders before their content."""
        # A stack of iterators: folders nest deeper than Python recurses.
        stack = [(b"", iter(self.children(self.root if folder is None else folder)))]
        while stack:
            above, children = stack[-1]
            child = next(children, None)
            if child is None:
                stack.pop()
                continue
            path = above + b"/" + child.raw_name
            yield path, child
            if isinstance(child, Folder):
                stack.append((path, iter(self.children(child))))

    def _tell(self, what: str, node: Node) -> None:
        if self.on_change:
            self.on_change((what, self.path(node), node))

    def _link(self, folder: Folder, name: bytes, node: Node) -> None:
        node.raw_name = name
        folder.add_entry(node)
        if folder.index is None:
            folder.index = {}
        folder.index[self._fold(name)] = node

    def _unlink(self, folder: Folder, node: Node) -> None:
        if folder.index is not None:
            del folder.index[self._fold(node.raw_name)]
        folder.remove_entry(str(node.name), recursive=False)
