"""One mounted file system: what scripts, FTP and the host do to it, under one lock, by in-volume paths."""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple
from weakref import WeakKeyDictionary

from flashfs.errors import EROFS, DeviceError, ErrorFactory
from flashfs.files import FileIO, Handle, TextIOWrapper
from flashfs.names import decode_name, encode_path
from flashfs.notes import Note, NoteSink, ignore_note
from flashfs.steps import Step, StepHook, StepKind

if TYPE_CHECKING:
    from flashfs.rules import FileSystem
    from flashfs.store import Change, File, Folder, Node

Kind = Literal["littlefs", "fat"]
StatResult = tuple[int, int, int, int, int, int, int, int, int, int]

FOLDER_MODE = 0x4000
FILE_MODE = 0x8000

BOOT_ENTRIES: tuple[tuple[bytes, bytes | None], ...] = (  # firmware: esp32/mptask.c, in the order of creation
    (b"main.py", b"# main.py -- put your code here!\r\n"),
    (b"sys", None),
    (b"lib", None),
    (b"cert", None),
    (b"boot.py", b"# boot.py -- run on boot-up\r\n"),
)


_WRITING_LETTERS = frozenset("wxa+")


class Entry(NamedTuple):
    """One line of a listing; ``name`` in bytes as it is stored, ``size`` in bytes (0 for folders)."""

    name: bytes
    is_dir: bool
    size: int


class Volume:
    """A file tree with the names, errors and orders of one of the board's file systems.

    Paths are ``str`` or ``bytes`` and absolute inside the volume (``"/cert/ca.pem"``); relative ones start at ``cwd``.
    Every method may be called from any thread; failures of the board's file system raise ``error(number)``, a path of
    another type raises the board's ``TypeError``.

    :param kind: ``"littlefs"`` or ``"fat"``
    :param capacity: bytes of the medium, of which whole blocks count (on the board 127 or 1024 of 4096 bytes); None for
        no limit; ``ValueError`` if it is too small for the file system
    :param now: the board's clock, seconds since 1970
    :param error: makes the exception to raise from the board's number or text
    :param note: takes explanations for the host's reader
    :param quirks: names of ``flashfs.quirks.QUIRKS`` to imitate
    """

    def __init__(
        self,
        kind: Kind = "littlefs",
        *,
        capacity: int | None = 4096 * 1024,
        now: Callable[[], float] = time.time,
        error: ErrorFactory = DeviceError,
        note: NoteSink = ignore_note,
        quirks: frozenset[str] = frozenset(),
    ) -> None:
        from flashfs.rules import Surroundings

        self.kind: Kind = kind
        self.capacity = capacity
        self.lock = threading.RLock()
        self.cycle = 0
        self.readonly = False
        """Set by whoever mounts a medium read-only: writing operations then raise EROFS."""
        self.fault: int | None = None
        """The number that every operation but ``format`` raises, where the medium cannot be used; None where it can."""
        self._now = now
        self._error = error
        self._note = note
        self._needs_remount = False
        self._on_step: StepHook | None = None
        self._steps = 0
        self._stepping: int | None = None
        self._orphans: deque[tuple[Handle, int]] = deque()
        self._working: WeakKeyDictionary[object, bytes] = WeakKeyDictionary()
        self._surroundings = Surroundings(error, note, quirks, self.stamp, capacity)
        self._fs = _file_system(kind)(self._surroundings)

    def __repr__(self) -> str:
        return f"<Volume {self.kind} of {self.capacity} bytes>"

    # -- life

    def remount(self) -> None:
        """Begin a power cycle: files that are open are dead, and what they had not committed is lost."""
        with self.lock:
            self.cycle += 1
            self._fs.forget_handles()
            self._orphans.clear()
            self._working.clear()
            self._needs_remount = False

    def format(self, *, remount: bool = True) -> None:
        """Empty the volume. Without ``remount`` it is unusable until ``remount()``, as LittleFS is on the board."""
        with self.lock:
            self._step("format", b"/", b"")
            self.remount()
            self._fs.clear()
            self._needs_remount = not remount
            self.fault = None
            if self._fs.store.on_change is not None:
                self._fs.store.on_change(("clear", b"/", None))

    def become(self, kind: Kind) -> None:
        """Format the volume as a file system of this kind, as a boot does that finds the other one there."""
        with self.lock:
            if kind != self.kind:
                before, self._fs = self._fs, _file_system(kind)(self._surroundings)
                before.forget_handles()
                self._fs.on_step, self._fs.store.on_change = before.on_step, before.store.on_change
                self.kind = kind
            self.format()

    def boot_defaults(self) -> None:
        """Make what each boot makes where it is missing: main.py, sys, lib, cert, boot.py."""
        with self.lock:
            fs, root, stamp = self._fs, self._fs.store.root, self.stamp()
            missing = [(name, content) for name, content in BOOT_ENTRIES if fs.store.find(root, name) is None]
            plan = [((name,), None if content is None else len(content)) for name, content in missing]
            all_fit = fs.shortage(plan) is None
            for (name, content), entry in zip(missing, plan, strict=True):
                if not all_fit and fs.shortage([entry]):
                    continue
                if content is None:
                    fs.add_folder(root, name, stamp)
                else:
                    fs.add_file(root, name, content, stamp)

    def snapshot(self) -> dict[str, bytes | None]:
        """Return path -> committed content (None: a folder) of everything, folders before what they hold."""
        with self.lock:
            return {decode_name(path): getattr(node, "data", None) for path, node in self._fs.store.walk()}

    def load(
        self, entries: Mapping[str, bytes | None] | Mapping[bytes, bytes | None], *, restoring: bool = False
    ) -> None:
        """Lay a tree over what is there, all of it or nothing: path -> content (None: a folder).

        Folders on the way are made; files of the same name are replaced, everything else stays.

        :param restoring: the tree was on such a volume before, so it fits: made anew, it may take a few blocks more
        :raises OSError: of the host, with ``filename``: ENOSPC, EINVAL (a name the file system cannot hold), ENOTDIR,
            EISDIR, EEXIST (two names that this file system takes for one)
        """
        with self.lock:
            fs, stamp = self._fs, self.stamp()
            folders: dict[tuple[bytes, ...], Folder] = {(): fs.store.root}
            for names, content in self._checked(entries, restoring=restoring):
                above = names if content is None else names[:-1]
                folder = folders.get(above)
                if folder is None:
                    folder = fs.store.root
                    for name in above:
                        node = fs.store.find(folder, name)
                        folder = node or fs.add_folder(folder, name, stamp)  # type: ignore[assignment]
                    folders[above] = folder
                if content is not None:
                    file = fs.store.find(folder, names[-1])
                    if file is None:
                        fs.add_file(folder, names[-1], bytes(content), stamp)
                    else:
                        fs.replace(file, bytes(content))  # type: ignore[arg-type]

    def _checked(
        self, entries: Mapping[str, bytes | None] | Mapping[bytes, bytes | None], *, restoring: bool
    ) -> list[tuple[tuple[bytes, ...], bytes | None]]:
        """Return the names on the way to each entry, and its content; raise if not all of them go onto the volume."""
        from flashfs.store import Folder

        fs = self._fs
        wanted = [(tuple(_parts(path)), content) for path, content in entries.items()]
        # key of the names on the way -> spelling of the last one, whether it is a folder, what the volume has there
        planned: dict[tuple[bytes, ...], tuple[bytes, bool]] = {}
        known: dict[tuple[bytes, ...], tuple[Node | None, tuple[bytes, ...]]] = {(): (fs.store.root, ())}
        for parts, content in wanted:
            if not parts and content is not None:
                raise OSError(errno.EISDIR, "the root is a folder", "/")
            depth = max(0, len(parts) - 1)
            while parts[:depth] not in known:
                depth -= 1
            folder, key = known[parts[:depth]]
            for end in range(depth + 1, len(parts) + 1):
                part = parts[end - 1]
                is_folder = content is None or end < len(parts)
                fault = fs.name_fault(part)
                if fault:
                    raise OSError(errno.EINVAL, fault[1], _shown(parts))
                node = fs.store.find(folder, part) if isinstance(folder, Folder) else None
                key = (*key, fs.key(part))
                name, was_folder = planned.setdefault(key, (part, is_folder))
                if name != part:
                    text = f"{decode_name(name)!r} is the same name to {self.kind}"
                    raise OSError(errno.EEXIST, text, _shown(parts))
                if node is not None:
                    was_folder = isinstance(node, Folder)
                if is_folder != was_folder:
                    code = errno.ENOTDIR if is_folder else errno.EISDIR
                    raise OSError(code, "a file and a folder of this name", _shown(parts))
                folder = node
                if is_folder:
                    known[parts[:end]] = node, key
        if not restoring:
            shortage = fs.shortage([(names, None if content is None else len(content)) for names, content in wanted])
            if shortage:
                raise OSError(errno.ENOSPC, shortage)
        return wanted

    def watch(self, listener: Callable[[Change], None] | None) -> None:
        """Have ``listener`` called, under the lock, with each change of the tree that is durable on the board."""
        with self.lock:
            self._fs.store.on_change = listener

    @property
    def on_step(self) -> StepHook | None:
        """Who is called, under the lock, before each durable step (see ``flashfs.steps``); None for nobody.

        When it raises, the step does not take place, and the operation raises the same. What the host does (``load``,
        ``boot_defaults``, ``HostPath``) is no step.
        """
        return self._on_step

    @on_step.setter
    def on_step(self, hook: StepHook | None) -> None:
        with self.lock:
            self._on_step = hook
            self._fs.on_step = None if hook is None else self._step

    def _step(self, kind: StepKind, path: bytes, other: bytes) -> None:
        hook = self._on_step
        if hook is None:
            return
        self._steps += 1
        before, self._stepping = self._stepping, threading.get_ident()
        try:
            hook(Step(kind, decode_name(path), self._steps, decode_name(other)))
        finally:
            self._stepping = before

    @property
    def in_step(self) -> bool:
        """Whether the calling thread is inside ``on_step``, and so holds the lock."""
        return self._stepping == threading.get_ident()

    # -- files and folders

    def open(self, path: str | bytes, mode: str | bytes = "r", *, cwd: bytes = b"/") -> FileIO | TextIOWrapper:
        """Open a file. Mode letters ``r w x a + b t`` are joined and never validated; text without ``b``."""
        raw = encode_path(path)
        letters = decode_name(encode_path(mode))
        with self.lock:
            self._ready()
            if self.readonly and not _WRITING_LETTERS.isdisjoint(letters):
                raise self._error(EROFS)
            handle = self._fs.open(cwd, raw, letters)
            return (FileIO if letters.rfind("b") > letters.rfind("t") else TextIOWrapper)(self, handle)

    def ilistdir(self, path: str | bytes = b"/", *, cwd: bytes = b"/") -> list[Entry]:
        """Return the entries of a folder in the board's order."""
        raw = encode_path(path)
        with self.lock:
            self._ready()
            return [_entry(node) for node in self._fs.listing(cwd, raw)]

    def dated_listing(self, path: str | bytes = b"/") -> list[tuple[Entry, int | None]]:
        """Return the entries of a folder in the board's order, each with its time as of :meth:`timestamp`."""
        raw = encode_path(path)
        with self.lock:
            self._ready()
            return [(_entry(node), self._stored_time(node)) for node in self._fs.listing(b"/", raw)]

    def timestamp(self, path: str | bytes) -> int | None:
        """Return the time of an entry in even seconds since 1970; None where LittleFS has kept none. Errors as ``stat``."""
        raw = encode_path(path)
        with self.lock:
            self._ready()
            return self._stored_time(self._fs.stat(b"/", raw))

    def _stored_time(self, node: Node) -> int | None:
        stamped = node.stamp or self.kind != "littlefs" or node.rule_data.stamped
        return node.stamp if stamped else None

    def listdir(self, path: str | bytes = b"/", *, cwd: bytes = b"/") -> list[bytes]:
        """Return the names in a folder in the board's order."""
        raw = encode_path(path)
        with self.lock:
            self._ready()
            return [node.raw_name for node in self._fs.listing(cwd, raw)]

    def stat(self, path: str | bytes, *, cwd: bytes = b"/") -> StatResult:
        """Return (mode, 0, 0, 0, 0, 0, size, t, t, t): mode 0x4000 or 0x8000, t in even seconds since 1970 or 0."""
        raw = encode_path(path)
        with self.lock:
            self._ready()
            node = self._fs.stat(cwd, raw)
            _, is_dir, size = _entry(node)
            stamp = node.stamp
        return (FOLDER_MODE if is_dir else FILE_MODE, 0, 0, 0, 0, 0, size, stamp, stamp, stamp)

    def mkdir(self, path: str | bytes, *, cwd: bytes = b"/") -> None:
        """Make one folder."""
        raw = encode_path(path)
        with self.lock:
            self._ready(writing=True)
            self._fs.mkdir(cwd, raw)

    def rmdir(self, path: str | bytes, *, cwd: bytes = b"/") -> None:
        """Remove an empty folder (LittleFS: also a file)."""
        raw = encode_path(path)
        with self.lock:
            self._ready(writing=True)
            self._fs.rmdir(cwd, raw, list(self._working.values()))

    def remove(self, path: str | bytes, *, cwd: bytes = b"/") -> None:
        """Remove a file (LittleFS: also an empty folder)."""
        raw = encode_path(path)
        with self.lock:
            self._ready(writing=True)
            self._fs.remove(cwd, raw)

    def rename(self, old: str | bytes, new: str | bytes, *, cwd: bytes = b"/") -> None:
        """Rename or move inside the volume; what has the new name is replaced where the board does so."""
        raw_old, raw_new = encode_path(old), encode_path(new)
        with self.lock:
            self._ready(writing=True)
            moved = self._fs.rename(cwd, raw_old, raw_new)
            if moved is not None:
                before, after = moved
                for view, working in list(self._working.items()):
                    if working == before or working.startswith(before + b"/"):
                        self._working[view] = after + working[len(before) :]

    def statvfs(self) -> StatResult:
        """Return (block size, block size, blocks, free, free, 0, 0, 0, 0, longest name)."""
        with self.lock:
            self._ready()
            fs = self._fs
            size, free = fs.block_size, fs.free_blocks()
            return (size, size, fs.total_blocks, free, free, 0, 0, 0, 0, fs.name_max)

    def getfree(self) -> int:
        """Return the free space in KiB."""
        with self.lock:
            self._ready()
            return self._fs.free_blocks() * self._fs.block_size // 1024

    # -- what the views of `Vfs` and the host ask

    def cwd_of(self, view: object) -> bytes:
        """Return the working directory of one view, as the file system keeps it."""
        return self._working.get(view, b"/")

    def chdir(self, view: object, path: bytes) -> None:
        """Change the working directory of one view; a failure may leave it half-way, as on the board."""
        with self.lock:
            self._ready()
            cwd, fault = self._fs.chdir(self.cwd_of(view), path)
            self._working[view] = cwd
            if fault is not None:
                raise fault

    def getcwd(self, view: object) -> bytes:
        """Return the in-volume working directory of one view as ``os.getcwd`` prints it."""
        with self.lock:
            return self._fs.getcwd(self.cwd_of(view))

    def import_kind(self, path: bytes, *, cwd: bytes) -> Literal["dir", "file", "absent"]:
        """Return what ``import`` takes the path for."""
        from flashfs.store import Folder

        with self.lock:
            node = None if self._needs_remount or self.fault is not None else self._fs.import_stat(cwd, path)
        if node is None:
            return "absent"
        return "dir" if isinstance(node, Folder) else "file"

    def read(self, path: str | bytes, *, cwd: bytes = b"/") -> bytes:
        """Return the committed content of a file; errors as for ``open(path)``."""
        with self.open(path, "rb", cwd=cwd) as file:
            content: bytes = file.read()
        return content

    def paths(self) -> list[bytes]:
        """Return the paths of all files."""
        from flashfs.store import File

        with self.lock:
            return [path for path, node in self._fs.store.walk() if isinstance(node, File)]

    @property
    def file_system(self) -> FileSystem:
        """The rules and the tree; hold ``lock`` while using it."""
        return self._fs

    def room(self) -> int:
        """Return how many bytes one new file can hold, in a folder that has room for its entry."""
        with self.lock:
            return self._fs.room()

    def shortage(self, path: str | bytes, size: int) -> str | None:
        """Return why a file of this size would not fit at a path, for a person, or None."""
        names: list[bytes] = []
        for part in encode_path(path).split(b"/"):
            if part == b"..":
                del names[-1:]
            elif part not in (b"", b"."):
                names.append(part)
        with self.lock:
            return self._fs.shortage([(tuple(names), size)])

    # -- for open files

    def dead_handle(self) -> Exception:
        """Return the error for a file that was open before the volume was mounted anew."""
        return self._error(self._fs.dead_handle_error)

    def close_later(self, handle: Handle, cycle: int) -> None:
        """Close a handle nobody holds any more, at once if the lock is free, else before the next operation.

        Called by finalisers, which may run in any thread at any moment, so it never waits for the lock.
        """
        self._orphans.append((handle, cycle))
        if self.lock.acquire(blocking=False):
            try:
                self._close_orphans()
            except BaseException:
                # what `on_step` raises to end a thread cannot leave a finaliser; the thread's next step raises it again
                if self._on_step is None:
                    raise
            finally:
                self.lock.release()

    def _close_orphans(self) -> None:
        while self._orphans:
            handle, cycle = self._orphans.popleft()
            if cycle == self.cycle and not handle.closed:
                try:
                    handle.close()
                except Exception as exc:  # noqa: BLE001  (the board's collector ignores it; the host's reader should not)
                    self._note(Note("close-failed", f"a file that was not closed could not be saved: {exc}"))

    def _ready(self, *, writing: bool = False) -> None:
        if self._orphans:
            self._close_orphans()
        if self.fault is not None:
            raise self._error(self.fault)
        if self._needs_remount:
            raise self._error(0)
        if writing and self.readonly:
            raise self._error(EROFS)

    def stamp(self) -> int:
        """Return the board's time as it is stored with files: even seconds since 1970."""
        return max(0, int(self._now())) & ~1


def _file_system(kind: Kind) -> type[FileSystem]:
    # The store costs a tenth of a second of imports: only whoever makes a volume pays.
    if kind == "littlefs":
        from flashfs.littlefs import LittleFs

        return LittleFs
    if kind == "fat":
        from flashfs.fat import Fat

        return Fat
    raise ValueError(f"kind is 'littlefs' or 'fat', not {kind!r}")


def _entry(node: File | Folder) -> Entry:
    data = getattr(node, "data", None)
    return Entry(node.raw_name, data is None, len(data or b""))


def _shown(names: tuple[bytes, ...]) -> str:
    return decode_name(b"/" + b"/".join(names))


def _parts(path: str | bytes) -> list[bytes]:
    if ("\0" if isinstance(path, str) else b"\0") in path:  # type: ignore[operator]
        raise OSError(errno.EINVAL, "no name holds a NUL", path)
    return [part for part in encode_path(path).split(b"/") if part]
