"""FAT volumes on block devices: what is read at mounting, what is written back, what a device without file system says."""

from __future__ import annotations

import dataclasses

import pytest

from flashfs import DeviceError, Vfs, fat_image
from flashfs.disk import DiskVolume, RamDisk
from flashfs.fat_layout import format_geometry
from tests.flashfs.tools import number

ENODEV, EIO, EROFS, ENOSPC = 19, 5, 30, 28


def formatted(sectors: int = 200) -> tuple[RamDisk, DiskVolume]:
    disk = RamDisk(sectors)
    volume = DiskVolume(disk)
    volume.format()
    return disk, volume


def test_a_device_without_file_system_says_enodev_until_it_is_formatted() -> None:
    volume = DiskVolume(RamDisk(100))
    view = Vfs({"/ram": volume})
    assert number(view.listdir, "/ram") == ENODEV
    assert number(view.open, "/ram/x", "w") == ENODEV
    assert number(view.getfree, "/ram") == ENODEV
    volume.format()
    assert view.listdir("/ram") == []


@pytest.mark.parametrize("sectors", [1, 49])
def test_a_device_that_is_too_small_cannot_be_formatted(sectors: int) -> None:
    assert number(DiskVolume(RamDisk(sectors)).format) == EIO


def test_what_was_closed_is_on_the_device() -> None:
    disk, volume = formatted()
    view = Vfs({"/ram": volume})
    view.mkdir("/ram/log")
    with view.open("/ram/log/today.txt", "w") as file:
        file.write("x" * 3000)
    unfinished = view.open("/ram/unfinished", "w")
    unfinished.write("y" * 100)
    files = fat_image.decode(disk.data).files
    assert files[b"/log/today.txt"] == b"x" * 3000
    assert files[b"/unfinished"] == b""
    assert DiskVolume(disk).read("/log/today.txt") == b"x" * 3000
    unfinished.close()
    assert DiskVolume(disk).read("/unfinished") == b"y" * 100


def test_formatting_again_leaves_nothing_of_the_old_tree() -> None:
    disk, volume = formatted()
    volume.load({"/a": b"1", "/b": None, "/b/c": b"2"})
    volume.format()
    assert fat_image.decode(disk.data).files == {}
    volume.load({"/new": b"3"})
    assert fat_image.decode(disk.data).files == {b"/new": b"3"}


def test_a_device_with_a_tree_from_elsewhere_keeps_its_geometry() -> None:
    geometry = format_geometry(200)
    other = dataclasses.replace(geometry, root_entries=256, clusters=geometry.clusters + 16)
    disk = RamDisk(200)
    disk.write(0, fat_image.encode({b"/a": b"1"}, other))
    volume = DiskVolume(disk)
    assert volume.statvfs()[2] == geometry.clusters + 16
    volume.remove("/a")
    found = fat_image.decode(disk.data)
    assert (found.files, found.geometry) == ({}, other)


def test_only_sectors_that_changed_are_written() -> None:
    disk, volume = formatted(1016)
    volume.load({"/big": bytes(50_000), "/small": b"1"})
    written: list[int] = []
    write = disk.write
    disk.write = lambda first, data: (written.append(first), write(first, data))[1]  # type: ignore[method-assign,assignment]
    with Vfs({"/ram": volume}).open("/ram/small", "w") as file:
        file.write("2")
    assert len(written) == 6
    assert len(set(written)) == 3  # the table, the entry and the data: emptied, then filled
    volume.listdir("/")
    assert len(written) == 6


def test_what_the_device_raises_comes_out() -> None:
    disk, volume = formatted()

    def fail(first: int, data: bytes) -> None:
        raise RuntimeError("worn out")

    disk.write = fail  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="worn out"):
        volume.mkdir("/x")


def test_a_full_device() -> None:
    disk, volume = formatted(100)
    view = Vfs({"/ram": volume})
    file = view.open("/ram/big", "wb")
    with pytest.raises(DeviceError) as raised:
        file.write(bytes(100 * 512))
    assert raised.value.number == ENOSPC
    file.close()
    found = fat_image.decode(disk.data).files[b"/big"]
    assert found is not None
    assert len(found) == volume.statvfs()[2] * volume.statvfs()[0]


def test_a_damaged_file_system_is_eio() -> None:
    disk, volume = formatted()
    volume.load({"/a": bytes(2000)})
    geometry = fat_image.decode(disk.data).geometry
    table = geometry.fat_start * 512
    disk.data[table + 3 : table + 60] = b"\x22" * 57
    assert number(DiskVolume, disk) == EIO


def test_a_device_without_writeblocks_is_only_read() -> None:
    disk, volume = formatted()
    volume.load({"/a": b"1"})
    disk.readonly = True
    again = DiskVolume(disk)
    again.readonly = True
    assert again.read("/a") == b"1"
    assert number(again.remove, "/a") == EROFS


def test_a_device_that_somebody_else_laid_out_is_laid_out_anew() -> None:
    geometry = format_geometry(200)
    disk = RamDisk(200)
    image = bytearray(fat_image.encode({b"/a": b"A" * 512, b"/b": b"B" * 512}, geometry))
    # the clusters of the two files change places
    first, second = (slice(geometry.cluster_start(n) * 512, (geometry.cluster_start(n) + 1) * 512) for n in (2, 3))
    image[first], image[second] = image[second], image[first]
    entries = geometry.root_start * 512
    image[entries + 26], image[entries + 32 + 26] = 3, 2
    disk.write(0, bytes(image))
    volume = DiskVolume(disk)
    before = {b"/a": b"A" * 512, b"/b": b"B" * 512}
    assert fat_image.decode(disk.data).files == before
    volume.mkdir("/c")
    assert fat_image.decode(disk.data).files == {**before, b"/c": None}
