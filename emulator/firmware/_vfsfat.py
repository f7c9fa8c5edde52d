"""``uos.mkfat``, the type VfsFat: FatFs on a block device (firmware: extmod/vfs_fat.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import count, native
from emulator.firmware._disks import ScriptDisk
from emulator.firmware._natives import hide
from emulator.firmware._sd import card_of
from flashfs.names import decode_name, encode_path
from flashfs.volume import FILE_MODE, FOLDER_MODE, Volume

if TYPE_CHECKING:
    from emulator.device import Device


class _Mounted:
    """What stands behind a VfsFat: its volume, and whose working directory it uses."""

    __slots__ = ("device", "readonly", "volume")

    def __init__(self, device: Device, volume: Volume, *, readonly: bool) -> None:
        self.device = device
        self.volume = volume
        self.readonly = readonly

    @property
    def cwd(self) -> bytes:
        """The working directory, which is the one that ``os`` has on this volume."""
        return self.volume.cwd_of(self.device.vfs)


def volume_on(device: Device, block_device: Any) -> _Mounted:
    """Return what FatFs finds on a block device. Raises AttributeError, OSError and what the device's methods raise."""
    card = card_of(block_device)
    if card is not None:
        return _Mounted(device, card.volume, readonly=False)
    disk = ScriptDisk(block_device)
    if not disk.init():
        raise BoardOSError(EBUSY)
    from flashfs.disk import DiskVolume

    board = device.board
    volume = DiskVolume(disk, now=device.clock.now, error=BoardOSError, note=device.note, quirks=board.settings.quirks)
    return _Mounted(device, volume, readonly=disk.readonly)


EBUSY = 16
"""A device that does not get ready (firmware: FR_NOT_READY)."""


class _VfsFat:
    __slots__ = ("mounted",)

    @native(3)
    def open(self, path: Any, mode: Any) -> Any:
        fs = _get(self)
        return fs.volume.open(path, mode, cwd=fs.cwd)

    @native(1, 2)
    def ilistdir(self, path: Any = "") -> Any:
        fs = _get(self)
        as_bytes = isinstance(path, bytes)
        return iter(
            [
                (name if as_bytes else decode_name(name), FOLDER_MODE if is_dir else FILE_MODE, 0, size)
                for name, is_dir, size in fs.volume.ilistdir(path, cwd=fs.cwd)
            ]
        )

    @native(2)
    def mkdir(self, path: Any) -> None:
        fs = _get(self)
        fs.volume.mkdir(path, cwd=fs.cwd)

    @native(2)
    def rmdir(self, path: Any) -> None:
        fs = _get(self)
        fs.volume.rmdir(path, cwd=fs.cwd)

    @native(2)
    def remove(self, path: Any) -> None:
        fs = _get(self)
        fs.volume.remove(path, cwd=fs.cwd)

    @native(3)
    def rename(self, path: Any, path_out: Any) -> None:
        fs = _get(self)
        fs.volume.rename(path, path_out, cwd=fs.cwd)

    @native(2)
    def stat(self, path: Any) -> Any:
        fs = _get(self)
        return fs.volume.stat(path, cwd=fs.cwd)

    @native(2)
    def statvfs(self, path: Any) -> Any:
        return _get(self).volume.statvfs()

    @native(1)
    def getfree(self) -> int:
        return _get(self).volume.getfree()

    @native(2)
    def chdir(self, path: Any) -> None:
        fs = _get(self)
        fs.volume.chdir(fs.device.vfs, encode_path(path))

    @native(1)
    def getcwd(self) -> str:
        fs = _get(self)
        return decode_name(fs.volume.getcwd(fs.device.vfs))

    @native(3)
    def mount(self, readonly: Any, mkfs: Any) -> None:
        """Get ready for use: ``readonly``, and with ``mkfs`` make a file system where there is none."""
        fs = _get(self)
        prepare(fs, readonly=bool(readonly), mkfs=bool(mkfs))

    @native(1)
    def umount(self) -> None:
        """Nothing: the methods can still be used (firmware: extmod/vfs_fat.c)."""

    @native(1)
    def fsformat(self) -> None:
        _get(self).volume.format()


_hidden = hide(_VfsFat, "mounted")


def _get(self: Any, _of: Any = _hidden.__get__) -> _Mounted:
    mounted: _Mounted = _of(self)
    return mounted


def mounted_by(thing: object) -> _Mounted | None:
    """Return what stands behind a VfsFat, None for anything else."""
    return _get(thing) if isinstance(thing, _VfsFat) else None


def prepare(mounted: _Mounted, *, readonly: bool, mkfs: bool) -> None:
    """Do what mounting asks of the file system itself. Raises OSError."""
    if readonly:
        mounted.readonly = True
    if mkfs and mounted.volume.fault is not None:
        mounted.volume.format()
    mounted.volume.readonly = mounted.readonly


def vfsfat_type(device: Device) -> type:
    """Return the type of one power cycle."""

    class VfsFat(_VfsFat):
        __slots__ = ()

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            """Look for a file system on a block device; without one, all but ``mkfs`` and ``fsformat`` raise ENODEV."""
            if kwargs:
                raise TypeError("function doesn't take keyword arguments")
            count(len(args), 1, 1)
            return of(cls, args[0])

        @staticmethod
        @native(1)
        def mkfs(bdev: Any) -> None:
            """Make a file system on a block device. Raises OSError 5 where the board cannot."""
            volume_on(device, bdev).volume.format()

    def of(cls: type, block_device: Any) -> Any:
        made: Any = object.__new__(cls)
        mounted = volume_on(device, block_device)
        mounted.volume.readonly = mounted.readonly
        _hidden.__set__(made, mounted)
        return made

    VfsFat.__qualname__ = "VfsFat"
    return VfsFat
