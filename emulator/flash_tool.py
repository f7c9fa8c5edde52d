"""The volumes of a board that is switched off, in its state folder: what ``flash ls|put|get|...`` do.

Nothing boots here, so nothing is formatted or made that a look at the board should leave alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from emulator.board import Board
from emulator.notes import Note
from emulator.project import Project, ProjectError, read
from emulator.settings import DEFAULT_SD_MIB, FileSystem
from emulator.state import StateFolder
from emulator.state.names import is_foreign
from flashfs.hostpath import HostPath
from flashfs.names import decode_name, encode_text

if TYPE_CHECKING:
    from flashfs.images import Tree
    from flashfs.store import Change
    from flashfs.volume import Volume

FLASH, SD = "/flash", "/sd"

Progress = Callable[[int, int], None]
"""Called with the number of entries done and of all."""

_HOST_NAME_MAX = 255
_WINDOWS_FORBIDDEN = frozenset('<>:"/\\|?*')
_WINDOWS_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))]
)


class FlashError(Exception):
    """What was asked for failed; the text is one line for a person."""


# -- paths


class Place(NamedTuple):
    """A path on the board: mount point ("" for the root over all volumes), names, and whether it has to be a folder."""

    mount: str
    parts: tuple[bytes, ...]
    folder: bool = False

    def __str__(self) -> str:
        return decode_name(b"/".join([self.mount.encode(), *self.parts])) or "/"


def parse(text: str) -> Place:
    """Return the place that ``:main.py``, ``main.py``, ``:/flash/main.py`` or ``/flash/main.py`` means.

    One leading ``:`` is taken off, as mpremote has it. Without a leading slash a path begins at /flash.

    :raises FlashError: for a path that leads out of its volume, or to none
    """
    raw = encode_text(text[1:] if text.startswith(":") else text)
    if b"\0" in raw:
        raise FlashError(f"{text}: EINVAL, no name holds a NUL")
    names = [name for name in raw.split(b"/") if name and name != b"."]
    folder = raw.endswith((b"/", b"/.", b"/..")) or raw in (b"", b".", b"..")
    mount = FLASH
    if raw.startswith(b"/"):
        mount = f"/{decode_name(names.pop(0))}" if names else ""
        if mount not in ("", FLASH, SD):
            raise FlashError(f"{text}: ENODEV, there are {FLASH} and {SD}; without the slash it begins at {FLASH}")
    parts: list[bytes] = []
    for name in names:
        if name != b"..":
            parts.append(name)
        elif parts:
            parts.pop()
        else:
            raise FlashError(f"{text}: leads out of {mount or '/'}")
    return Place(mount, tuple(parts), folder or not parts)


# -- what is there


@dataclass(frozen=True, slots=True)
class Item:
    """One file (``size`` in bytes) or folder (None); ``time`` in seconds of the board's clock, 0 for none."""

    place: Place
    size: int | None
    time: int

    @property
    def name(self) -> str:
        """The last component."""
        return decode_name(self.place.parts[-1]) if self.place.parts else str(self.place)


@dataclass(frozen=True, slots=True)
class Space:
    """A volume in blocks of ``block_size`` bytes, as ``os.statvfs`` counts them."""

    mount: str
    kind: str
    block_size: int
    total: int
    free: int

    @property
    def used(self) -> int:
        """Blocks in use."""
        return self.total - self.free

    def kib(self, blocks: int) -> int:
        """Blocks in KiB as ``os.getfree`` counts them."""
        return blocks * self.block_size // 1024


class FlashTool:
    """The stored board in ``folder``, locked for other processes until :meth:`close`; a context manager.

    :param model: which board it is; the folder does not say
    :param fs: the file system asked for, None for the one that is stored (``default_fs`` for a new board)
    :param sd: MiB of the SD card, None for 8 if there is a card
    :param create: make a new board where there is none
    :raises ProjectError: if the folder cannot be used
    :raises ValueError: for no such model
    """

    def __init__(
        self,
        folder: Path,
        *,
        model: str = "fipy",
        fs: FileSystem | None = None,
        default_fs: FileSystem = "littlefs",
        sd: int | None = None,
        create: bool = False,
    ) -> None:
        if not create and not folder.is_dir():
            raise ProjectError(f"--state {folder}: {'not a folder' if folder.exists() else 'no such folder'}")
        if not create and not (folder / "board.json").exists() and not any(_strangers(folder)):
            raise ProjectError(f"--state {folder}: no board is stored there yet")
        if sd is None and (folder / "sd").is_dir():
            sd = DEFAULT_SD_MIB
        is_new = not (folder / "board.json").exists()
        self.board = Board(model, (fs or default_fs) if is_new else fs, sd=sd)
        self._state = StateFolder(folder)
        self._state.attach(self.board, fs)

    def __enter__(self) -> FlashTool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Store what is left and let another process have the folder."""
        self._state.close()
        self.board.close()

    @property
    def unsaved(self) -> bool:
        """Whether a change could not be stored; a note says why."""
        return any(note.code == "state-not-saved" for note in self.board.notes)

    def volume(self, mount: str) -> Volume:
        """Return the volume behind a mount point. Raises FlashError."""
        if mount == FLASH:
            return self.board.volume
        if mount == SD and self.board.sd_volume is not None:
            return self.board.sd_volume
        if mount == SD:
            raise FlashError(f"{SD}: ENODEV, the board has no SD card; --sd or --sd-size puts one in")
        raise FlashError("/: EPERM, name something on a volume")

    def mounts(self) -> list[str]:
        """Return the mount points."""
        return [FLASH] if self.board.sd_volume is None else [FLASH, SD]

    def path(self, place: Place) -> HostPath:
        """Return the place on its volume. Raises FlashError."""
        return HostPath(self.volume(place.mount), b"/" + b"/".join(place.parts), mount=place.mount)

    def pending_format(self) -> Note | None:
        """Return the warning that the next boot formats /flash, None if it does not."""
        wanted = self.board.config.file_system
        if wanted == self.board.volume.kind:
            return None
        return Note(
            "flash-to-be-formatted",
            f"at its next start the board formats /flash as {wanted}: all that is in it is lost then",
            cause=f"the flash is {self.board.volume.kind}, and a script chose the other with pycom.bootmgr(fs_type=...)",
            fix="run the board once before anything is put there",
            source="firmware: esp32/mptask.c",
        )

    # -- reading

    def space(self) -> list[Space]:
        """Return what ``os.statvfs`` says of each volume."""
        spaces = []
        for mount in self.mounts():
            volume = self.volume(mount)
            size, _, total, free, *_ = volume.statvfs()
            spaces.append(Space(mount, volume.kind, size, total, free))
        return spaces

    def item(self, place: Place) -> Item:
        """Return one entry. Raises FlashError."""
        if not place.mount:
            return Item(place, None, 0)
        path = self.path(place)
        with failing():
            status = path.stat()
            is_folder = path.is_dir()
            if place.folder and not is_folder:
                raise FlashError(f"{path}: ENOTDIR, it is a file")
        return Item(place, None if is_folder else status.st_size, int(status.st_mtime))

    def listing(self, place: Place) -> list[Item]:
        """Return what a folder holds, in the board's order; of a file, itself. Raises FlashError."""
        if not place.mount:
            return [Item(Place(mount, ()), None, 0) for mount in self.mounts()]
        item = self.item(place)
        if item.size is not None:
            return [item]
        children = (Place(place.mount, (*place.parts, encode_text(child.name))) for child in self.path(place).iterdir())
        return [self.item(child) for child in children]

    def walk(self, place: Place) -> Iterator[tuple[Item, list[bool]]]:
        """Yield everything below a folder with, per level, whether it is the last of its folder."""
        # A stack of lists: folders nest deeper than Python recurses.
        stack: list[tuple[list[Item], list[bool]]] = []
        if self.item(place).size is None:
            stack.append((list(reversed(self.listing(place))), []))
        while stack:
            items, lasts = stack[-1]
            if not items:
                stack.pop()
                continue
            item = items.pop()
            marks = [*lasts, not items]
            yield item, marks
            if item.size is None:
                stack.append((list(reversed(self.listing(item.place))), marks))

    def read(self, place: Place) -> bytes:
        """Return the content of a file. Raises FlashError."""
        with failing():
            if self.item(place).size is None:
                raise FlashError(f"{place}: EISDIR, it is a folder")
            return self.path(place).read_bytes()

    # -- changing

    def put(self, entries: Mapping[bytes, bytes | None], mount: str, progress: Progress) -> None:
        """Lay entries over a volume, all or nothing. Raises FlashError."""
        volume = self.volume(mount)
        with failing(mount), _watched(volume, len(entries), progress):
            volume.load(entries)

    def remove(self, places: Sequence[Place], *, recursive: bool) -> None:
        """Remove files, and folders with what is in them if ``recursive``. Raises FlashError before anything is removed."""
        for place in places:
            if not place.parts:
                raise FlashError(f"{place}: EBUSY, that is a whole volume; name what is in it")
            if self.item(place).size is None and not recursive:
                raise FlashError(f"{place}: EISDIR, it is a folder; -r removes it with all that is in it")
        for place in places:
            with failing():
                if self.path(place).exists():  # else it went with one that was named before
                    self._remove(place)

    def _remove(self, place: Place) -> None:
        below = [item for item, _ in self.walk(place)]
        for item in [*reversed(below), self.item(place)]:
            path = self.path(item.place)
            if item.size is None:
                path.rmdir()
            else:
                path.unlink()

    # -- images

    def take_image(self, tree: Tree, mount: str, progress: Progress) -> str:
        """Make a volume what an image holds; return the file system it had. Raises FlashError, nothing changed then."""
        from flashfs.images import ImageError, restore

        volume = self.volume(mount)
        before = volume.kind
        if mount == SD and tree.kind != "fat":
            raise FlashError(f"{mount}: the board reads no {tree.kind} on an SD card, only FAT")
        try:
            with _watched(volume, len(tree.files) + 1, progress):
                restore(volume, tree)
        except ImageError as error:
            raise FlashError(f"{mount}: {error}") from error
        if mount == FLASH:
            self.board.config.set("boot_fs_type", int(tree.kind == "littlefs"))
        return before

    def give_image(self, mount: str, target: Path) -> int:
        """Write an image of a volume to a file of the host and return its size in bytes. Raises FlashError."""
        from flashfs.images import ImageError, write_image_file

        volume = self.volume(mount)

        size = 0

        def write(file: BinaryIO) -> None:
            nonlocal size
            size = write_image_file(volume, file)

        try:
            write_host_file(target, write)
        except (ImageError, ImportError) as error:
            raise FlashError(f"{mount}: {error}") from error
        return size


def _strangers(folder: Path) -> Iterator[str]:
    """Yield what makes a folder none of a board: such a folder is refused with another text."""
    for entry in folder.iterdir():
        if entry.name != "lock" and not entry.name.startswith(".") and not is_foreign(entry.name):
            yield entry.name


@contextmanager
def failing(mount: str = "") -> Iterator[None]:
    """Turn errors of the board's file system and of the host into FlashError; ``mount`` goes before in-volume paths."""
    try:
        yield
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "")
        reason = ", ".join(filter(None, (name, error.strerror or str(error))))
        where = f"{mount}{os.fsdecode(error.filename)}" if error.filename else mount
        raise FlashError(f"{where}: {reason}" if where else reason) from error


@contextmanager
def _watched(volume: Volume, total: int, progress: Progress) -> Iterator[None]:
    """Tell how many changes of a volume have been stored."""
    done = 0
    stores = volume.file_system.store.on_change

    def count(change: Change) -> None:
        nonlocal done
        if stores is not None:
            stores(change)
        done += 1
        progress(min(done, total), total)

    volume.watch(count)
    try:
        yield
    finally:
        volume.watch(stores)


# -- from the host


def gather(sources: Sequence[str], target: Place, target_is_folder: bool) -> dict[bytes, bytes | None]:
    """Return what ``put`` lays onto the volume of ``target``: in-volume path -> content (None: a folder).

    A folder goes below the target under its own name, or becomes the target where that is not there yet; with a slash
    at its end it stands for what is in it.

    :raises FlashError: for what cannot be read, and for two that would get one name
    """
    entries: dict[bytes, bytes | None] = {}
    below = target_is_folder or target.folder or len(sources) > 1
    for source in sources:
        contents_only = Path(source).name in ("", "..") or source.endswith(("/", "/.", os.sep))
        path = Path(source)
        parts = target.parts
        is_folder = path.is_dir()
        if below and not (is_folder and contents_only):
            parts = (*parts, encode_text(path.name))
        place = b"".join(b"/" + part for part in parts)
        found: dict[bytes, bytes | None] = {place: None} if place and is_folder else {}
        try:
            if is_folder:
                found |= {place + encode_text(name): content for name, content in read(path).entries.items()}
            elif not path.exists():
                raise FlashError(f"{source}: no such file or folder on this machine")
            elif not place:
                raise FlashError(f"{target}: EISDIR, a file cannot take its place")
            else:
                project = Project()
                project.add("", path)
                found[place] = project.entries[""]
        except ProjectError as error:
            raise FlashError(str(error)) from error
        for each, content in found.items():
            if each in entries and not (content is None and entries[each] is None):
                raise FlashError(f"{source}: {target.mount}{decode_name(each)} would be written twice")
            entries[each] = content
    return entries


# -- to the host


def host_fault(name: bytes, *, windows: bool = os.name == "nt") -> str | None:
    """Return why a machine cannot have a file of this name, None if it can."""
    text = decode_name(name)
    if len(name) > _HOST_NAME_MAX:
        return f"its name has {len(name)} bytes, this machine takes {_HOST_NAME_MAX}"
    if not windows:
        return None
    if any(char in _WINDOWS_FORBIDDEN or char < " " for char in text) or text[-1:] in (".", " "):
        return "this machine cannot have a file of that name"
    if text.split(".", 1)[0].rstrip(" ").upper() in _WINDOWS_DEVICES:
        return "that name is a device on this machine"
    return None


class Files(Protocol):
    """The files of a board, wherever it is. All raise FlashError."""

    def item(self, place: Place) -> Item:
        """Return one entry."""

    def walk(self, place: Place) -> Iterator[tuple[Item, list[bool]]]:
        """Yield everything below a folder with, per level, whether it is the last of its folder."""

    def read(self, place: Place) -> bytes:
        """Return the content of a file."""


def fetch(tool: Files, sources: Sequence[Place], target: str) -> dict[tuple[str, ...], bytes | None]:
    """Return what ``get`` writes: names below ``target`` (none: the target itself) -> content (None: a folder).

    As for ``put``: a folder goes below an existing one under its own name, with a slash at its end it stands for what is
    in it.

    :raises FlashError: for what is not there, and for names that this machine cannot have
    """
    below = Path(target).is_dir() or target.endswith(("/", os.sep)) or len(sources) > 1
    ignores_case = sys.platform in ("win32", "darwin")
    found: dict[tuple[str, ...], bytes | None] = {}
    keys: set[str] = set()
    for source in sources:
        item = tool.item(source)
        contents_only = item.size is None and (source.folder or not source.parts)
        start = len(source.parts) - 1 if below and not contents_only else len(source.parts)
        for each in [item, *(entry for entry, _ in tool.walk(source))]:
            names = each.place.parts[start:]
            for name in names:
                fault = host_fault(name)
                if fault:
                    raise FlashError(f"{each.place}: {fault}; get it alone, under another name")
            host_names = tuple(map(os.fsdecode, names))
            content = None if each.size is None else tool.read(each.place)
            key = "/".join(host_names)
            key = key.casefold() if ignores_case else key
            if key in keys and not (content is None and found.get(host_names, b"") is None):
                raise FlashError(f"{each.place}: two of these would be one file on this machine")
            keys.add(key)
            found[host_names] = content
    return found


def store(found: Mapping[tuple[str, ...], bytes | None], target: str, progress: Progress) -> None:
    """Write what :func:`fetch` found; each file appears whole. Never follows a link below ``target``. Raises FlashError."""
    root = Path(target)
    with failing():
        if not root.parent.is_dir():
            raise FlashError(f"{target}: there is no folder {root.parent} on this machine")
        for names, content in found.items():
            path = root
            for name in names[:-1] if content is not None else names:
                path = path / name
                if path.is_symlink():
                    raise FlashError(f"{path}: a link, which may lead out of {target}")
        for number, (names, content) in enumerate(found.items(), 1):
            path = root.joinpath(*names)
            if content is None:
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_host_file(path, content, named=not names)
            progress(number, len(found))


def write_host_file(path: Path, content: bytes | Callable[[BinaryIO], object], *, named: bool = True) -> None:
    """Write a file that appears whole or not at all. Raises FlashError.

    :param named: a person named this very file: what is behind a link, or a device, is written to as it is
    """

    def write(file: BinaryIO) -> None:
        if callable(content):
            content(file)
        else:
            file.write(content)

    with failing(), _about(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder on this machine")
        if named and (path.is_symlink() or (path.exists() and not path.is_file())):
            with path.open("wb") as file:
                write(file)
            return
        aside = path.with_name(f".flash-{os.getpid()}.part")
        try:
            with aside.open("xb") as file:
                write(file)
            aside.replace(path)
        except BaseException as error:
            with contextlib.suppress(OSError):
                aside.unlink()
            if isinstance(error, OSError) and error.filename == str(aside):
                error.filename = str(path)  # nobody knows the other name
            raise


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Let errors of the host name the file that a person asked for, and not the one beside it, or none."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise
