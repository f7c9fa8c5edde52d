"""A FAT volume on a block device: read when it is mounted, written back after each operation that changed it.

>>> from flashfs import Vfs
>>> from flashfs.disk import DiskVolume, RamDisk
>>> disk = RamDisk(100)
>>> volume = DiskVolume(disk)
>>> volume.format()
>>> with Vfs({"/ram": volume}).open("/ram/log.txt", "w") as file:
...     file.write("started")
7
>>> DiskVolume(disk).read("/log.txt")
b'started'
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

from flashfs import fat_image
from flashfs.errors import EIO, ENODEV
from flashfs.fat_layout import SECTOR, FormatError, Geometry, format_geometry
from flashfs.volume import Volume

if TYPE_CHECKING:
    from types import TracebackType

    from flashfs.store import Change


SMALLEST = 50
"""Sectors of the smallest disk that the board can format; before that nothing depends on the size."""


class Disk(Protocol):
    """A row of sectors of 512 bytes. What its methods raise comes out of the operation that needed them."""

    @property
    def sectors(self) -> int:
        """How many there are."""

    @property
    def readonly(self) -> bool:
        """Whether nothing can be written."""

    def read(self, first: int, count: int) -> bytes:
        """Read sectors."""

    def write(self, first: int, data: bytes) -> None:
        """Write whole sectors."""

    def sync(self) -> None:
        """Keep what was written."""


class RamDisk:
    """A disk in memory."""

    readonly = False

    def __init__(self, sectors: int) -> None:
        self.sectors = sectors
        self.data = bytearray(sectors * SECTOR)

    def read(self, first: int, count: int) -> bytes:
        return bytes(self.data[first * SECTOR : (first + count) * SECTOR])

    def write(self, first: int, data: bytes) -> None:
        self.data[first * SECTOR : first * SECTOR + len(data)] = data

    def sync(self) -> None:
        pass


class DiskVolume(Volume):
    """What FatFs finds on ``disk``. Without a FAT file system every operation but ``format`` raises ENODEV.

    :param options: as of ``Volume``, without kind and capacity
    :raises OSError: EIO for a file system that contradicts itself, as made by ``error``
    """

    def __init__(self, disk: Disk, **options: Any) -> None:
        self.disk = disk
        self._changed = False
        self._written: dict[int, bytes] | None = None
        """The sectors that this volume has laid out; None while the disk is as somebody else left it."""
        super().__init__("fat", capacity=max(disk.sectors, SMALLEST) * SECTOR, **options)
        self.lock = _WritingBack(self)  # type: ignore[assignment]
        try:
            found = fat_image.decode_sectors(disk.read, disk.sectors)
        except fat_image.NoFileSystemError:
            self.fault = ENODEV
            return
        except fat_image.DamagedImageError as error:
            raise self._error(EIO) from error
        self._adopt(found.geometry)
        self.load(found.files)
        for path, node in self._fs.store.walk():
            node.stamp = found.stamps.get(path, 0)
        self.watch(self._note_change)

    def _adopt(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._fs.lay_out(geometry)  # type: ignore[attr-defined]

    def _note_change(self, change: Change) -> None:
        self._changed = True

    def format(self, *, remount: bool = True) -> None:
        """Make an empty file system. Raises OSError EIO for a disk that the board cannot format."""
        with self.lock:
            try:
                geometry = format_geometry(self.disk.sectors)
            except FormatError as error:
                raise self._error(EIO) from error
            super().format(remount=remount)
            self._adopt(geometry)
            self._written = None
            self.watch(self._note_change)
            self._changed = True

    def _encoded(self) -> dict[int, bytes]:
        files, stamps = {}, {}
        for path, node in self._fs.store.walk():
            files[path] = getattr(node, "data", None)
            stamps[path] = node.stamp
        return fat_image.encode_sectors(files, self._geometry, stamps=stamps)

    def _as_found(self, now: dict[int, bytes]) -> dict[int, bytes]:
        """Return what the disk has where the new layout has something, and where its tables must be empty."""
        return {sector: self.disk.read(sector, 1) for sector in {*now, *range(self._geometry.data_start)}}

    def write_back(self) -> None:
        """Write the sectors that differ from what the disk has."""
        if not self._changed or self.disk.readonly:
            return
        self._changed = False
        now = self._encoded()
        before = self._as_found(now) if self._written is None else self._written
        self._written = now
        nothing = bytes(SECTOR)
        differing = sorted(
            sector for sector in now.keys() | before.keys() if now.get(sector, nothing) != before.get(sector, nothing)
        )
        for sector in differing:
            self.disk.write(sector, now.get(sector, nothing))
        self.disk.sync()


class _WritingBack:
    """The lock of a volume on a disk: whoever leaves it last writes back what has changed."""

    def __init__(self, volume: DiskVolume) -> None:
        self._volume = volume
        self._lock = threading.RLock()
        self._depth = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        taken = self._lock.acquire(blocking, timeout)
        self._depth += taken
        return taken

    def release(self) -> None:
        try:
            if self._depth == 1:
                self._volume.write_back()
        finally:
            self._depth -= 1
            self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()
