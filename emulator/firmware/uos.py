"""``uos`` (firmware: esp32/mods/moduos.c, extmod/vfs.c)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from emulator.firmware._arguments import bind, count, natives
from emulator.firmware._convert import check_memory, to_text
from emulator.firmware._disks import script_file_system
from emulator.firmware._natives import attrtuple, to_word
from emulator.firmware._vfsfat import mounted_by, prepare, vfsfat_type

if TYPE_CHECKING:
    from emulator.device import Device


def module(device: Device) -> dict[str, Any]:
    """The names of ``uos``. Paths are str or bytes; failures are OSError with the board's numbers."""
    vfs = device.vfs
    fields = device.board.model.uname
    uname_value = attrtuple([name for name, _ in fields], [value for _, value in fields], device.printer)
    heap_bytes = device.board.model.memory.heap_bytes
    nothing: Any = object()
    duplicated: list[Any] = [nothing]

    def uname() -> Any:
        return uname_value

    def chdir(path: Any, /) -> None:
        vfs.chdir(path)

    def getcwd() -> str:
        return vfs.getcwd()

    def ilistdir(path: Any = "", /) -> Any:
        return iter(vfs.ilistdir(path))

    def listdir(path: Any = "", /) -> Any:
        return vfs.listdir(path)

    def mkdir(path: Any, /) -> None:
        vfs.mkdir(path)

    def rename(old_path: Any, new_path: Any, /) -> None:
        vfs.rename(old_path, new_path)

    def remove(path: Any, /) -> None:
        vfs.remove(path)

    def rmdir(path: Any, /) -> None:
        vfs.rmdir(path)

    def stat(path: Any, /) -> Any:
        return vfs.stat(path)

    def statvfs(path: Any, /) -> Any:
        return vfs.statvfs(path)

    def getfree(path: Any, /) -> int:
        return vfs.getfree(path)

    def fsformat(path: Any, /) -> None:
        vfs.fsformat(path)

    def sync() -> None:
        """LittleFS commits at close and flush; FAT's cache is not modelled, so there is nothing left to write."""

    def urandom(num: Any, /) -> bytes:
        size = to_word(num) & 0xFFFFFFFF  # the board counts without a sign
        check_memory(size, heap_bytes)
        return os.urandom(size)

    mkfat = vfsfat_type(device)

    def mount(*args: Any, **kwargs: Any) -> None:
        count(len(args), 2, 255)
        options = bind(args[2:], kwargs, {}, {"readonly": False, "mkfs": False})
        readonly, mkfs = bool(options["readonly"]), bool(options["mkfs"])
        system, point = args[:2]
        to_text(point)
        if mounted_by(system) is None and not hasattr(system, "mount"):
            system = mkfat(system)  # a block device: nothing but FAT is looked for
        mounted = mounted_by(system)
        if mounted is not None:
            prepare(mounted, readonly=readonly, mkfs=mkfs)
            vfs.mount(mounted.volume, point, readonly=mounted.readonly, handle=system)
            return
        system.mount(readonly, mkfs)
        vfs.mount(script_file_system(system), point, handle=system)

    def umount(mnt: Any, /) -> None:
        vfs.umount(mnt)

    def dupterm(stream: Any = nothing, /) -> Any:
        if stream is nothing:
            if duplicated[0] is nothing:  # what the frozen _boot.py has put there
                duplicated[0] = device.module("umachine").UART(0, 115200)
            return duplicated[0]
        duplicated[0] = stream
        return None

    names = natives(
        uname,
        chdir,
        getcwd,
        ilistdir,
        listdir,
        mkdir,
        rename,
        remove,
        rmdir,
        stat,
        statvfs,
        getfree,
        fsformat,
        sync,
        urandom,
        umount,
        dupterm,
    )
    return {**names, "unlink": names["remove"], "mount": mount, "mkfat": mkfat}
