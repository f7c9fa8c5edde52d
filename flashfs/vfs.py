"""The script's view of all volumes: mounts, the current volume and working directories (firmware: extmod/vfs.c)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from weakref import WeakSet

from flashfs.errors import EEXIST, EINVAL, ENODEV, EPERM, DeviceError, ErrorFactory
from flashfs.files import FileIO, TextIOWrapper
from flashfs.names import decode_name, encode_path
from flashfs.notes import Note, NoteSink, ignore_note
from flashfs.volume import FILE_MODE, FOLDER_MODE, StatResult, Volume

_ROOT_NAME_MAX = 128
_ROOT_STAT: StatResult = (FOLDER_MODE, 0, 0, 0, 0, 0, 0, 0, 0, 0)
_ROOT_STATVFS: StatResult = (0, 0, 0, 0, 0, 0, 0, 0, 0, _ROOT_NAME_MAX)
_TLS_PREFIX = b"/fl"
"""The firmware compares as many characters as a pointer has bytes, less one (firmware: esp32/mptask.c isLittleFs)."""


@dataclass(eq=False, slots=True)
class Mount:
    """One line of the mount table; ``point`` is the text given to ``mount``, its first byte is never compared."""

    point: bytes
    volume: Volume


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
        self._table = _Table([Mount(encode_path(point), volume) for point, volume in mounts.items()])
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
        """The mount table: mount point -> volume."""
        return {decode_name(mount.point): mount.volume for mount in self._table.mounts}

    def resolve(self, path: str | bytes) -> tuple[Volume, bytes] | None:
        """Return the volume a path belongs to and the path in it, None for the virtual root.

        :raises OSError: ENODEV where there is no such mount
        """
        place, inner = self._lookup(path)
        if isinstance(place, Mount):
            return place.volume, inner
        if place is ROOT:
            return None
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

    def _volume(self, path: object) -> tuple[Volume, bytes, bytes]:
        """Return volume, in-volume path and working directory for an operation on one file system."""
        place, inner = self._lookup(path)
        volume = self._on_volume(place)
        return volume, inner, volume.cwd_of(self)

    def _on_volume(self, place: Place) -> Volume:
        if isinstance(place, Mount):
            return place.volume
        raise self._error(EPERM if place is ROOT else ENODEV)

    # -- files and folders

    def open(
        self, file: str | bytes, mode: str | bytes = "r", buffering: object = -1, encoding: object = None
    ) -> FileIO | TextIOWrapper:
        """Open a file; ``buffering`` and ``encoding`` are ignored, as on the board."""
        volume, inner, cwd = self._volume(file)
        return volume.open(inner, mode, cwd=cwd)

    def ilistdir(self, path: str | bytes = "") -> Iterator[tuple[Any, ...]]:
        """Return an iterator of (name, 0x4000 or 0x8000, 0, size); 3-tuples without size for ``/``.

        Names are ``bytes`` when the argument is.
        """
        place, inner = self._lookup(path)
        as_bytes = isinstance(path, bytes)
        if place is ROOT:
            points = [mount.point[1:] for mount in self._table.mounts]
            return iter([(point if as_bytes else decode_name(point), FOLDER_MODE, 0) for point in points])
        volume = self._on_volume(place)
        return iter(
            [
                (name if as_bytes else decode_name(name), FOLDER_MODE if is_dir else FILE_MODE, 0, size)
                for name, is_dir, size in volume.ilistdir(inner, cwd=volume.cwd_of(self))
            ]
        )

    def listdir(self, path: str | bytes = "") -> list[Any]:
        """Return the names in a folder (default: the working directory)."""
        place, inner = self._lookup(path)
        if place is ROOT:
            names = [mount.point[1:] for mount in self._table.mounts]
        else:
            volume = self._on_volume(place)
            names = volume.listdir(inner, cwd=volume.cwd_of(self))
        return names if isinstance(path, bytes) else [decode_name(name) for name in names]

    def mkdir(self, path: str | bytes) -> None:
        """Make one folder."""
        place, inner = self._lookup(path)
        if place is ROOT or (isinstance(place, Mount) and inner == b"/"):
            raise self._error(EEXIST)
        volume = self._on_volume(place)
        volume.mkdir(inner, cwd=volume.cwd_of(self))

    def rmdir(self, path: str | bytes) -> None:
        """Remove an empty folder (LittleFS: also a file)."""
        volume, inner, cwd = self._volume(path)
        volume.rmdir(inner, cwd=cwd)

    def remove(self, path: str | bytes) -> None:
        """Remove a file (LittleFS: also an empty folder)."""
        volume, inner, cwd = self._volume(path)
        volume.remove(inner, cwd=cwd)

    def rename(self, old: str | bytes, new: str | bytes) -> None:
        """Rename or move inside one volume."""
        source, old_inner = self._lookup(old)
        target, new_inner = self._lookup(new)
        if source is not target:
            raise self._error(EPERM)
        volume = self._on_volume(source)
        volume.rename(old_inner, new_inner, cwd=volume.cwd_of(self))

    def stat(self, path: str | bytes) -> StatResult:
        """Return the 10-tuple of ``Volume.stat``; ``/`` is a folder without size and time."""
        place, inner = self._lookup(path)
        if place is ROOT:
            return _ROOT_STAT
        volume = self._on_volume(place)
        return volume.stat(inner, cwd=volume.cwd_of(self))

    def statvfs(self, path: str | bytes) -> StatResult:
        """Return the figures of the volume a path begins with; the rest of the path does not matter."""
        place, _ = self._lookup(path)
        return _ROOT_STATVFS if place is ROOT else self._on_volume(place).statvfs()

    def getfree(self, path: str | bytes) -> int:
        """Return the free KiB of the volume a path begins with."""
        place, _ = self._lookup(path)
        if place is ROOT:
            raise self._error(ENODEV)
        return self._on_volume(place).getfree()

    # -- working directory

    def chdir(self, path: str | bytes) -> None:
        """Change the current volume, whatever comes after, and its working directory."""
        place, inner = self._lookup(path)
        self._current = place
        if place is not ROOT:
            self._on_volume(place).chdir(self, inner)

    def getcwd(self) -> str:
        """Return the working directory as a device path."""
        if self._current is ROOT:
            return "/"
        volume = self._on_volume(self._current)
        inner = volume.getcwd(self)
        assert isinstance(self._current, Mount)
        return decode_name(self._current.point + (b"" if inner == b"/" else inner))

    # -- mounts

    def mount(self, volume: Volume, point: str | bytes, *, readonly: bool = False) -> None:
        """Mount a volume. A script's block device must have been turned into a ``Volume`` before.

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
        volume.readonly = readonly
        self._table.mounts.append(Mount(raw, volume))

    def umount(self, point: str | bytes | Volume) -> None:
        """Unmount by mount point (``str``) or volume; views that were on it are on ``/`` then.

        :raises OSError: EINVAL where nothing like this is mounted (a point given as ``bytes`` never is)
        """
        name = encode_path(point) if isinstance(point, str) else None
        for mount in self._table.mounts:
            if mount.volume is point or mount.point == name:
                self._table.mounts.remove(mount)
                for view in list(self._table.views):
                    if view._current is mount:
                        view._current = ROOT
                return
        raise self._error(EINVAL)

    def fsformat(self, path: str | bytes) -> None:
        """Format a volume by its exact mount point. LittleFS is unusable afterwards until the next boot.

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
        littlefs = mount.volume.kind == "littlefs"
        mount.volume.format(remount=not littlefs)
        if littlefs:
            self._note(
                Note(
                    "fsformat-needs-reset",
                    f"{decode_name(raw)} is formatted but not mounted: every access fails until the next reset",
                    cause="the firmware formats LittleFS underneath the mounted file system and does not mount it anew",
                    fix="call machine.reset() right after os.fsformat()",
                    source="firmware: esp32/littlefs/vfs_littlefs.c",
                )
            )

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
        on_littlefs = bool(self._table.mounts) and self._table.mounts[0].volume.kind == "littlefs"
        as_littlefs = on_littlefs and raw.startswith(_TLS_PREFIX)
        if not isinstance(place, Mount):
            raise self._error(f"{shown}: no such mount point; use an absolute /flash/... path")
        if (place.volume.kind == "littlefs") != as_littlefs:
            raise self._error(f"{shown}: the firmware cannot read this path; use an absolute /flash/... path")
        volume = place.volume
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
        return place.volume.import_kind(inner, cwd=place.volume.cwd_of(self))

    def similar(self, path: str | bytes) -> list[str]:
        """Return the device paths of all files with the same last name, whatever the case; for notes."""
        wanted = encode_path(path).rpartition(b"/")[2].lower()
        return [
            decode_name(mount.point + found)
            for mount in self._table.mounts
            for found in mount.volume.paths()
            if found.rpartition(b"/")[2].lower() == wanted
        ]


def _reason(volume: Volume, inner: bytes, cwd: bytes) -> str:
    try:
        is_folder = volume.stat(inner, cwd=cwd)[0] == FOLDER_MODE
    except Exception:  # noqa: BLE001  (the error factory may make any class)
        return "no such file"
    return "is a folder" if is_folder else "cannot be read"
