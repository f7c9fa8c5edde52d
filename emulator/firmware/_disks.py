"""Block devices that scripts make, and what ``uos.mount`` makes of the objects it is given.

firmware: extmod/vfs.c mp_vfs_mount, extmod/vfs_fat.c (VfsFat), extmod/vfs_fat_diskio.c (the two block protocols)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.firmware._convert import to_int
from emulator.runtime.hidden import no_attribute

if TYPE_CHECKING:
    from flashfs.vfs import Foreign

SECTOR = 512
INIT, DEINIT, SYNC, SECTOR_COUNT, SECTOR_SIZE = 1, 2, 3, 4, 5
"""Commands of ``ioctl`` (firmware: extmod/vfs.h)."""


class ScriptDisk:
    """A script's block device: ``readblocks``, ``writeblocks`` (may lack: read-only), ``ioctl`` or ``count`` and ``sync``.

    What its methods return is not looked at, what they raise comes out of the operation that needed them. Raises
    AttributeError where a method must be there and is not.
    """

    def __init__(self, device: Any) -> None:
        self._read = _method(device, "readblocks")
        self._write = getattr(device, "writeblocks", None)
        self._ioctl = getattr(device, "ioctl", None)
        self._sync = None if self._ioctl else getattr(device, "sync", None)
        self._count = None if self._ioctl else _method(device, "count")

    @property
    def readonly(self) -> bool:
        """Whether the device has no ``writeblocks``."""
        return self._write is None

    @property
    def sectors(self) -> int:
        """Sectors of 512 bytes."""
        return to_int(self._ioctl(SECTOR_COUNT, 0) if self._ioctl else self._count())  # type: ignore[misc]

    def init(self) -> bool:
        """Make the device ready and tell whether it is; a device without ``ioctl`` always is."""
        return not (self._ioctl and self._ioctl(INIT, 0))

    def read(self, first: int, count: int) -> bytes:
        """Read sectors."""
        buffer = bytearray(count * SECTOR)
        self._read(first, buffer)
        return bytes(buffer)

    def write(self, first: int, data: bytes) -> None:
        """Write whole sectors."""
        if self._write is not None:
            self._write(first, bytearray(data))

    def sync(self) -> None:
        """Tell the device that what was written should be kept now."""
        if self._ioctl:
            self._ioctl(SYNC, 0)
        elif self._sync:
            self._sync()


def script_file_system(system: Any) -> Foreign:
    """Return what calls the methods of a file system that a script has written."""

    def call(method: str, /, *args: object) -> Any:
        return _method(system, method)(*args)

    return call


def _method(thing: Any, name: str) -> Any:
    found = getattr(thing, name, None)
    if found is None:
        raise no_attribute(thing, name)
    return found
