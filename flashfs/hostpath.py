"""A ``pathlib``-like view of a volume for people and tests on the host."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flashfs.names import decode_name, encode_text
from flashfs.volume import Volume

if TYPE_CHECKING:
    from flashfs.store import File, Folder, Node

_WRITING_MODES = frozenset({"w", "a", "x"})


class HostPath:
    """A path on the flash as a host program sees it: ``board.flash / "cert" / "ca.pem"``.

    Works like ``pathlib.Path`` where both have a method, and raises the host's errors (``FileNotFoundError``, ...).
    What it writes is on the flash at once, or when the file is closed; names and space obey the volume's file system.
    It is no ``os.PathLike``, since nothing of the host can open it.
    """

    __slots__ = ("_mount", "_parts", "_volume")

    def __init__(self, volume: Volume, path: str | bytes = "/", *, mount: str = "/flash") -> None:
        self._volume = volume
        self._mount = mount
        self._parts = _split(path)

    def _with(self, parts: tuple[bytes, ...]) -> HostPath:
        other = HostPath(self._volume, mount=self._mount)
        other._parts = parts
        return other

    # -- names

    def __truediv__(self, other: str | bytes) -> HostPath:
        return self._with(self._parts + _split(other))

    def joinpath(self, *others: str | bytes) -> HostPath:
        """Return this path with the others appended; none of them leads out of the volume."""
        return self._with(self._parts + tuple(part for other in others for part in _split(other)))

    @property
    def name(self) -> str:
        """The last component, '' for the volume's root."""
        return decode_name(self._parts[-1]) if self._parts else ""

    @property
    def suffix(self) -> str:
        """The extension with its dot, or ''."""
        name = self.name
        dot = name.rfind(".")
        return name[dot:] if 0 < dot < len(name) - 1 else ""

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        name, suffix = self.name, self.suffix
        return name[: len(name) - len(suffix)]

    @property
    def parent(self) -> HostPath:
        """The folder that holds it; the root is its own parent."""
        return self._with(self._parts[:-1])

    @property
    def parts(self) -> tuple[str, ...]:
        """The mount point and the components."""
        return (self._mount, *map(decode_name, self._parts))

    def __str__(self) -> str:
        return "/".join((self._mount.rstrip("/"), *map(decode_name, self._parts)))

    def __repr__(self) -> str:
        return f"HostPath({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HostPath):
            return NotImplemented
        return self._volume is other._volume and self._parts == other._parts

    def __hash__(self) -> int:
        return hash((id(self._volume), self._parts))

    def __lt__(self, other: HostPath) -> bool:
        return self._parts < other._parts

    # -- questions

    def exists(self) -> bool:
        """Whether there is a file or folder."""
        with self._volume.lock:
            return self._find() is not None

    def is_file(self) -> bool:
        """Whether there is a file."""
        with self._volume.lock:
            return self._volume.file_system.is_file(self._find())

    def is_dir(self) -> bool:
        """Whether there is a folder."""
        with self._volume.lock:
            return self._volume.file_system.is_folder(self._find())

    def stat(self) -> os.stat_result:
        """Return type, size and modification time (seconds of the board's clock)."""
        with self._volume.lock:
            node = self._existing()
            data = getattr(node, "data", None)
            kind = stat.S_IFDIR | 0o777 if data is None else stat.S_IFREG | 0o666
            return os.stat_result((kind, 0, 0, 1, 0, 0, len(data or b""), node.stamp, node.stamp, node.stamp))

    def iterdir(self) -> Iterator[HostPath]:
        """Yield what a folder holds, in the board's order."""
        with self._volume.lock:
            nodes = self._volume.file_system.ordered(self._folder())
            names = [node.raw_name for node in nodes]
        return iter([self._with((*self._parts, name)) for name in names])

    def glob(self, pattern: str) -> Iterator[HostPath]:
        """Yield what matches a pattern relative to here: ``*``, ``?``, ``[...]`` and ``**`` for any folders."""
        parts = [part for part in pattern.split("/") if part]
        if not parts:
            raise ValueError(f"Unacceptable pattern: {pattern!r}")
        return iter(dict.fromkeys(self._glob(parts)))

    def rglob(self, pattern: str) -> Iterator[HostPath]:
        """Yield what matches a pattern in any folder below."""
        return self.glob(f"**/{pattern}")

    def _glob(self, parts: list[str]) -> Iterator[HostPath]:
        if not parts:
            yield self
            return
        if not self.is_dir():
            return
        first, rest = parts[0], parts[1:]
        if first == "**":
            yield from self._glob(rest)
            for child in self.iterdir():
                if child.is_dir():
                    yield from child._glob(parts)
            return
        matches = _pattern(first).fullmatch
        for child in self.iterdir():
            if matches(child.name):
                yield from child._glob(rest)

    # -- content

    def read_bytes(self) -> bytes:
        """Return the content a script would read that opens the file now."""
        with self._volume.lock:
            return self._volume.file_system.content(self._file())

    def read_text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the content as text, line ends as they are."""
        return self.read_bytes().decode(encoding, errors)

    def write_bytes(self, data: bytes | bytearray | memoryview) -> int:
        """Write a file, new or over an old one, and return its size in bytes."""
        content = bytes(data)
        with self._volume.lock:
            fs = self._volume.file_system
            node = self._find()
            folder, name = self._place(node)
            if fs.is_folder(node):
                raise self._host_error(errno.EISDIR)
            if fs.is_file(node):
                self._check_room(folder, name, len(content))
                fs.replace(node, content)
            else:
                self._add(folder, name, content)
        return len(content)

    def write_text(self, text: str, encoding: str = "utf-8", errors: str = "strict") -> int:
        """Write a text, line ends as they are, and return the number of characters."""
        self.write_bytes(text.encode(encoding, errors))
        return len(text)

    def open(self, mode: str = "r", encoding: str = "utf-8", errors: str = "strict", newline: str | None = "") -> Any:
        """Return a file object of the host; what it wrote is on the flash when it is closed."""
        letters = set(mode)
        if len(letters & {"r", "w", "a", "x"}) != 1 or letters - set("rwaxbt+") or {"b", "t"} <= letters:
            raise ValueError(f"invalid mode: {mode!r}")
        if "x" in letters and self.exists():
            raise self._host_error(errno.EEXIST)
        keep = "r" in letters or ("a" in letters and self.exists())
        content = self.read_bytes() if keep else b""
        writing = bool(letters & _WRITING_MODES) or "+" in letters
        if writing:
            self.write_bytes(content)
        raw = _Upload(self if writing else None, content, readable="r" in letters or "+" in letters)
        if "a" in letters:
            raw.seek(0, io.SEEK_END)
        return raw if "b" in letters else io.TextIOWrapper(raw, encoding, errors, newline, write_through=True)

    # -- changes

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Make a folder; ``parents`` and ``exist_ok`` as for ``pathlib``."""
        with self._volume.lock:
            node = self._find()
            if node is not None:
                if exist_ok and self._volume.file_system.is_folder(node):
                    return
                raise self._host_error(errno.EEXIST)
            if parents and self._parts and not self.parent.exists():
                self.parent.mkdir(parents=True)
            folder, name = self._place(None)
            self._add(folder, name, None)

    def touch(self) -> None:
        """Make an empty file if there is nothing."""
        if not self.exists():
            self.write_bytes(b"")

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove a file."""
        with self._volume.lock:
            if missing_ok and self._find() is None:
                return
            node = self._file()
            self._volume.file_system.unlink(self._volume.file_system.store.parent(node), node)

    def rmdir(self) -> None:
        """Remove an empty folder."""
        with self._volume.lock:
            fs = self._volume.file_system
            folder = self._folder()
            if folder is fs.store.root:
                raise self._host_error(errno.EBUSY)
            if folder.entries:
                raise self._host_error(errno.ENOTEMPTY)
            fs.unlink(fs.store.parent(folder), folder)

    def rename(self, target: HostPath | str | bytes) -> HostPath:
        """Move to another place of the same volume and return it; a file there is replaced.

        A ``str`` is taken as a device path when it begins with the mount point, else as an in-volume path.
        """
        other = target if isinstance(target, HostPath) else self._with(_split(_inside(target, self._mount)))
        if other._volume is not self._volume:
            raise self._host_error(errno.EXDEV)
        with self._volume.lock:
            fs = self._volume.file_system
            node, previous = self._existing(), other._find()
            if node is fs.store.root:
                raise self._host_error(errno.EBUSY)
            if previous is node and self._parts == other._parts:
                return other
            folder, name = other._place(None)
            if previous is not None and previous is not node and fs.is_folder(previous):
                raise other._host_error(errno.EISDIR)
            if fs.is_folder(node) and fs.is_inside(folder, node):
                raise self._host_error(errno.EINVAL, "a folder cannot move into itself")
            if previous is not None and previous is not node and fs.is_folder(node):
                fs.unlink(fs.store.parent(previous), previous)
            try:
                fs.rename(b"/", self._inner(), fs.store.path(folder).rstrip(b"/") + b"/" + name)
            except Exception as exc:
                # Everything else has been looked at: the new name is what there is no room for.
                raise other._host_error(errno.ENOSPC) from exc
        return other

    # -- lookup

    def _inner(self) -> bytes:
        return b"/" + b"/".join(self._parts)

    def _find(self) -> Node | None:
        fs = self._volume.file_system
        node: Node | None = fs.store.root
        for part in self._parts:
            if not fs.is_folder(node):
                return None
            node = fs.store.parent(node) if part == b".." else fs.store.find(node, part)
        return node

    def _existing(self) -> Node:
        node = self._find()
        if node is None:
            above = self.parent._find() if self._parts else None
            below_file = self._volume.file_system.is_file(above)
            raise self._host_error(errno.ENOTDIR if below_file else errno.ENOENT)
        return node

    def _file(self) -> File:
        node = self._existing()
        if not self._volume.file_system.is_file(node):
            raise self._host_error(errno.EISDIR)
        return node

    def _folder(self) -> Folder:
        node = self._existing()
        if not self._volume.file_system.is_folder(node):
            raise self._host_error(errno.ENOTDIR)
        return node

    def _place(self, node: Node | None) -> tuple[Folder, bytes]:
        """Return folder and name for an entry that is to be; the name is checked unless the entry exists."""
        if not self._parts:
            raise self._host_error(errno.EISDIR)
        folder, name = self.parent._folder(), self._parts[-1]
        fault = None if node is not None else self._volume.file_system.name_fault(name)
        if fault:
            raise self._host_error(errno.EINVAL, fault[1])
        return folder, name

    def _add(self, folder: Folder, name: bytes, content: bytes | None) -> None:
        fs = self._volume.file_system
        self._check_room(folder, name, None if content is None else len(content))
        stamp = self._volume.stamp()
        if content is None:
            fs.add_folder(folder, name, stamp)
        else:
            fs.add_file(folder, name, content, stamp)

    def _check_room(self, folder: Folder, name: bytes, size: int | None) -> None:
        fs = self._volume.file_system
        shortage = fs.shortage([((*_split(fs.store.path(folder)), name), size)])
        if shortage:
            raise self._host_error(errno.ENOSPC, shortage)

    def _host_error(self, code: int, text: str = "") -> OSError:
        return OSError(code, text or os.strerror(code), str(self))


class _Upload(io.BytesIO):
    """A file in memory that goes to the flash when it is flushed or closed."""

    def __init__(self, path: HostPath | None, content: bytes, *, readable: bool) -> None:
        super().__init__(content)
        self._path = path
        self._saved = content
        self._may_read = readable

    def readable(self) -> bool:
        return self._may_read

    def writable(self) -> bool:
        return self._path is not None

    def read(self, size: int | None = -1, /) -> bytes:
        if not self._may_read:
            raise io.UnsupportedOperation("not readable")
        return super().read(size)

    def write(self, data: Any, /) -> int:
        if self._path is None:
            raise io.UnsupportedOperation("not writable")
        return super().write(data)

    def flush(self) -> None:
        super().flush()
        if self._path is not None and self._saved != (content := self.getvalue()):
            self._path.write_bytes(content)
            self._saved = content

    def close(self) -> None:
        if not self.closed:
            try:
                self.flush()
            finally:
                super().close()


def _split(path: str | bytes) -> tuple[bytes, ...]:
    raw = encode_text(path) if isinstance(path, str) else path
    return tuple(part for part in raw.split(b"/") if part and part != b".")


def _inside(path: str | bytes, mount: str) -> str | bytes:
    prefix = encode_text(mount)
    raw = encode_text(path) if isinstance(path, str) else path
    return raw[len(prefix) :] if raw == prefix or raw.startswith(prefix + b"/") else raw


def _pattern(text: str) -> re.Pattern[str]:
    import fnmatch

    return re.compile(fnmatch.translate(text))
