"""The script's view of all volumes: mounts, the current volume and working directories (firmware: extmod/vfs.c)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol
from weakref import WeakSet

from flashfs.errors import EEXIST, EINVAL, ENODEV, EPERM, DeviceError, ErrorFactory
from flashfs.files import FileIO, TextIOWrapper
from flashfs.names import decode_name, encode_path
from flashfs.notes import Note, NoteSink, ignore_note
from flashfs.quirks import FORMAT_NEEDS_RESET, quirk_note
from flashfs.volume import FILE_MODE, FOLDER_MODE, StatResult, Volume

_ROOT_NAME_MAX = 128
_ROOT_STAT: StatResult = (FOLDER_MODE, 0, 0, 0, 0, 0, 0, 0, 0, 0)
_ROOT_STATVFS: StatResult = (0, 0, 0, 0, 0, 0, 0, 0, 0, _ROOT_NAME_MAX)
_TLS_PREFIX = b"/fl"
"""The firmware compares as many characters as a pointer has bytes, less one (firmware: esp32/mptask.c isLittleFs)."""


class Foreign(Protocol):
    """A file system that a script has written: an object whose methods are called by name."""

    def __call__(self, method: str, /, *args: object) -> Any:
        """Call a method of the object."""


@dataclass(eq=False, slots=True)
class Mount:
    """One line of the mount table.

    ``point`` is the text given to ``mount``, its first byte is never compared; ``handle`` is the object that ``umount``
    takes for it.
    """

    point: bytes
    system: Volume | Foreign
    handle: object


class _Root:
    """The current volume is the virtual root ``/``."""


class _Nowhere:
    """There is no current volume: ``chdir`` to an unknown mount has failed."""


ROOT: Final = _Root()
NOWHERE: Final = _Nowhere()
Place = Mount | _Root | _Nowhere


@dataclass(slots=True)
class _Table:
    mounts: list[Mount] = field(default_factory=list)
    views: WeakSet[Vfs] = field(default_factory=WeakSet)


class Vfs:
    """What ``os`` and ``open`` of the board do, by device paths (``"/flash/cert/ca.pem"``).

    Each view has a current volume and a working directory per volume of its own; mounts are shared with ``fork()``.
    Path arguments are ``str`` or ``bytes``; another type raises the board's ``TypeError``, failures ``error(number)``.

    :param mounts: mount point -> volume; the first is the current one
    """

    def __init__(
        self, mounts: Mapping[str, Volume], *, error: ErrorFactory = DeviceError, note: NoteSink = ignore_note
    ) -> None:
        self._table = _Table([Mount(encode_path(point), volume, volume) for point, volume in mounts.items()])
        self._table.views.add(self)
        self._current: Place = self._table.mounts[0] if self._table.mounts else ROOT
        self._error = error
        self._note = note

    def fork(self) -> Vfs:
        """Return a view of the same mounts with a current volume and working directories of its own."""
        other = Vfs({}, error=self._error, note=self._note)
        other._table = self._table
        other._table.views.add(other)
        other._current = self._table.mounts[0] if self._table.mounts else ROOT
        return other

    @property
    def mounts(self) -> dict[str, Volume]:
        """The mount table without a script's own file systems: mount point -> volume."""
        return {decode_name(point): volume for point, volume in self._volumes()}

    def _volumes(self) -> list[tuple[bytes, Volume]]:
        return [(mount.point, mount.system) for mount in self._table.mounts if isinstance(mount.system, Volume)]

    def resolve(self, path: str | bytes) -> tuple[Volume, bytes] | None:
        """Return the volume a path belongs to and the path in it, None for the virtual root.

        :raises OSError: ENODEV where there is no such mount
        """
        place, inner = self._lookup(path)
        if place is ROOT:
            return None
        system = self._system(place)
        if isinstance(system, Volume):
            return system, inner
        raise self._error(ENODEV)

    def _lookup(self, path: object) -> tuple[Place, bytes]:
        raw = encode_path(path)
        absolute = raw[:1] == b"/"
        if absolute or self._current is ROOT:
            rest = raw[1:] if absolute else raw
            if not rest:
                return ROOT, b""
            for mount in self._table.mounts:
                name = mount.point[1:]
                if rest.startswith(name):
                    tail = rest[len(name) :]
                    if not tail:
                        return mount, b"/"
                    if tail[:1] == b"/":
                        return mount, tail
            if absolute:
                return NOWHERE, b""
        return self._current, raw

    def _system(self, place: Place) -> Volume | Foreign:
        if isinstance(place, Mount):
            return place.system
        raise self._error(EPERM if place is ROOT else ENODEV)

    def _call(self, place: Place, method: str, *args: Any) -> Any:
        """Do an operation on the file system at ``place``; a volume also gets this view's working directory."""
        system = self._system(place)
        if isinstance(system, Volume):
            return getattr(system, method)(*args, cwd=system.cwd_of(self))
        return system(method, *(decode_name(arg) if isinstance(arg, bytes) else arg for arg in args))

    # -- files and folders

    def open(
        self, file: str | bytes, mode: str | bytes = "r", buffering: object = -1, encoding: object = None
    ) -> FileIO | TextIOWrapper:
        """Open a file; ``buffering`` and ``encoding`` are ignored, as on the board."""
        place, inner = self._lookup(file)
        opened: FileIO | TextIOWrapper = self._call(place, "open", inner, mode)
        return opened

    def ilistdir(self, path: str | bytes = "") -> Iterator[tuple[Any, ...]]:
        """Return an iterator of (name, 0x4000 or 0x8000, 0, size); 3-tuples without size for ``/``.

        Names are ``bytes`` when the argument is.
        """
        place, inner = self._lookup(path)
        as_bytes = isinstance(path, bytes)
        if place is ROOT:
            points = [mount.point[1:] for mount in self._table.mounts]
            return iter([(point if as_bytes else decode_name(point), FOLDER_MODE, 0) for point in points])
        found = self._call(place, "ilistdir", inner)
        if not isinstance(self._system(place), Volume):
            return iter(found)
        return iter(
            [
                (name if as_bytes else decode_name(name), FOLDER_MODE if is_dir else FILE_MODE, 0, size)
                for name, is_dir, size in found
            ]
        )

    def listdir(self, path: str | bytes = "") -> list[Any]:
        """Return the names in a folder (default: the working directory)."""
        place, inner = self._lookup(path)
        if place is ROOT:
            names = [mount.point[1:] for mount in self._table.mounts]
        elif isinstance(self._system(place), Volume):
            names = self._call(place, "listdir", inner)
        else:
            return [entry[0] for entry in self.ilistdir(path)]
        return names if isinstance(path, bytes) else [decode_name(name) for name in names]

    def mkdir(self, path: str | bytes) -> None:
        """Make one folder."""
        place, inner = self._lookup(path)
        if place is ROOT or (isinstance(place, Mount) and inner == b"/"):
            raise self._error(EEXIST)
        self._call(place, "mkdir", inner)

    def rmdir(self, path: str | bytes) -> None:
        """Remove an empty folder (LittleFS: also a file)."""
        place, inner = self._lookup(path)
        self._call(place, "rmdir", inner)

    def remove(self, path: str | bytes) -> None:
        """Remove a file (LittleFS: also an empty folder)."""
        place, inner = self._lookup(path)
        self._call(place, "remove", inner)

    def rename(self, old: str | bytes, new: str | bytes) -> None:
        """Rename or move inside one volume."""
        source, old_inner = self._lookup(old)
        target, new_inner = self._lookup(new)
        if source is not target:
            raise self._error(EPERM)
        self._call(source, "rename", old_inner, new_inner)

    def stat(self, path: str | bytes) -> StatResult:
        """Return the 10-tuple of ``Volume.stat``; ``/`` is a folder without size and time."""
        place, inner = self._lookup(path)
        if place is ROOT:
            return _ROOT_STAT
        found: StatResult = self._call(place, "stat", inner)
        return found

    def statvfs(self, path: str | bytes) -> StatResult:
        """Return the figures of the volume a path begins with; the rest of the path does not matter."""
        place, inner = self._lookup(path)
        if place is ROOT:
            return _ROOT_STATVFS
        system = self._system(place)
        found: StatResult = system.statvfs() if isinstance(system, Volume) else system("statvfs", decode_name(inner))
        return found

    def getfree(self, path: str | bytes) -> int:
        """Return the free KiB of the volume a path begins with."""
        place, _ = self._lookup(path)
        if place is ROOT:
            raise self._error(ENODEV)
        system = self._system(place)
        free: int = system.getfree() if isinstance(system, Volume) else system("getfree")
        return free

    # -- working directory

    def chdir(self, path: str | bytes) -> None:
        """Change the current volume, whatever comes after, and its working directory."""
        place, inner = self._lookup(path)
        self._current = place
        if place is ROOT:
            return
        system = self._system(place)
        if isinstance(system, Volume):
            system.chdir(self, inner)
        else:
            system("chdir", decode_name(inner))

    def getcwd(self) -> str:
        """Return the working directory as a device path."""
        if self._current is ROOT:
            return "/"
        system = self._system(self._current)
        inner = system.getcwd(self) if isinstance(system, Volume) else encode_path(system("getcwd"))
        assert isinstance(self._current, Mount)
        return decode_name(self._current.point + (b"" if inner == b"/" else inner))

    # -- mounts

    def mount(
        self, system: Volume | Foreign, point: str | bytes, *, readonly: bool = False, handle: object = None
    ) -> None:
        """Mount a volume, or a file system of a script's own; ``handle`` is what ``umount`` takes for it.

        :raises OSError: EPERM where the point is in use, and for a point without ``/`` while a volume is current
        """
        raw = encode_path(point)
        place, _ = self._lookup(raw)
        if isinstance(place, Mount):
            raise self._error(EPERM)
        if len(raw) < 2:
            self._note(
                Note(
                    "mount-at-root",
                    "mounting at '/' is not emulated",
                    fix="mount at a name of its own, for example os.mount(sd, '/sd')",
                )
            )
            raise self._error(EPERM)
        if isinstance(system, Volume):
            system.readonly = readonly
        self._table.mounts.append(Mount(raw, system, system if handle is None else handle))

    def umount(self, point: object) -> None:
        """Unmount by mount point (``str``) or by what was mounted; views that were on it are on ``/`` then.

        :raises OSError: EINVAL where nothing like this is mounted (a point given as ``bytes`` never is)
        """
        name = encode_path(point) if isinstance(point, str) else None
        for mount in self._table.mounts:
            if mount.handle is point or mount.point == name:
                self._table.mounts.remove(mount)
                for view in list(self._table.views):
                    if view._current is mount:
                        view._current = ROOT
                if not isinstance(mount.system, Volume):
                    mount.system("umount")
                return
        raise self._error(EINVAL)

    def unmount_all_but(self, volume: Volume) -> None:
        """Begin a power cycle: only ``volume`` is mounted, where it was."""
        self._table.mounts[:] = [mount for mount in self._table.mounts if mount.system is volume]
        for view in list(self._table.views):
            if view._current not in self._table.mounts:
                view._current = self._table.mounts[0] if self._table.mounts else ROOT

    def fsformat(self, path: str | bytes) -> None:
        """Format a volume by its exact mount point.

        With the quirk ``fsformat-needs-reset`` LittleFS is unusable afterwards until the next boot.

        :raises OSError: with a text for anything but an absolute path, ENODEV for an unknown one
        """
        if not isinstance(path, (str, bytes)):
            raise self._error("please specify correct fs mount path")
        raw = encode_path(path)
        if raw[:1] != b"/":
            raise self._error(f"{decode_name(raw)} is not an absolute or invalid path")
        if raw == b"/":
            raise self._error("Cannot format root dir")
        for mount in self._table.mounts:
            if mount.point == raw:
                break
        else:
            raise self._error(ENODEV)
        system = mount.system
        if not isinstance(system, Volume):
            system("fsformat")
            return
        littlefs = system.kind == "littlefs"
        as_on_the_board = FORMAT_NEEDS_RESET.name in system.file_system.around.quirks
        system.format(remount=not (littlefs and as_on_the_board))
        if littlefs:
            fix = "call machine.reset() right after os.fsformat()"
            self._note(quirk_note(FORMAT_NEEDS_RESET, f"{decode_name(raw)} is empty now", fix))

    # -- what C code of the firmware asks

    def read_for_tls(self, path: str | bytes) -> bytes:
        """Return a certificate or key as the firmware's C reader sees it: committed content, no working directory.

        On a LittleFS board only absolute paths below ``/flash`` can be read; everything else goes to the FAT code
        (firmware: esp32/util/pycom_general_util.c).

        :raises OSError: with the reason as text, for notes; the board reports none of it
        """
        raw = encode_path(path)
        shown = decode_name(raw)
        place, inner = self._lookup(raw)
        volumes = self._volumes()
        on_littlefs = bool(volumes) and volumes[0][1].kind == "littlefs"
        as_littlefs = on_littlefs and raw.startswith(_TLS_PREFIX)
        if not isinstance(place, Mount):
            raise self._error(f"{shown}: no such mount point; use an absolute /flash/... path")
        volume = place.system
        if not isinstance(volume, Volume) or (volume.kind == "littlefs") != as_littlefs:
            raise self._error(f"{shown}: the firmware cannot read this path; use an absolute /flash/... path")
        cwd = b"/" if as_littlefs else volume.cwd_of(self)
        try:
            return volume.read(inner, cwd=cwd)
        except Exception as exc:
            raise self._error(f"{shown}: {_reason(volume, inner, cwd)}") from exc

    def path_exists_for_import(self, path: str | bytes) -> Literal["dir", "file", "absent"]:
        """Return what ``import`` takes a candidate for; LittleFS looks a relative one up from the volume's root."""
        place, inner = self._lookup(path)
        if not isinstance(place, Mount):
            return "absent"
        if isinstance(place.system, Volume):
            return place.system.import_kind(inner, cwd=place.system.cwd_of(self))
        try:
            mode = place.system("stat", decode_name(inner))[0]
        except Exception:  # noqa: BLE001  (whatever the script's object raises: nothing is there)
            return "absent"
        return "dir" if mode & FOLDER_MODE else "file"

    def similar(self, path: str | bytes) -> list[str]:
        """Return the device paths of all files with the same last name, whatever the case; for notes."""
        wanted = encode_path(path).rpartition(b"/")[2].lower()
        return [
            decode_name(point + found)
            for point, volume in self._volumes()
            for found in volume.paths()
            if found.rpartition(b"/")[2].lower() == wanted
        ]


def _reason(volume: Volume, inner: bytes, cwd: bytes) -> str:
    try:
        is_folder = volume.stat(inner, cwd=cwd)[0] == FOLDER_MODE
    except Exception:  # noqa: BLE001  (the error factory may make any class)
        return "no such file"
    return "is a folder" if is_folder else "cannot be read"
