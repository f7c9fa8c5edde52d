"""Images of a whole flash or SD card: what a tool reads from the chip, and what it can write there.

    >>> from flashfs import Volume
    >>> from flashfs.images import read_image, restore, write_image
    >>> flash = Volume("fat", capacity=508 * 1024)
    >>> flash.load({"/cert/ca.pem": b"-----BEGIN CERTIFICATE-----"})
    >>> image = write_image(flash)
    >>> len(image)
    520192
    >>> read_image(image).files
    {b'/cert': None, b'/cert/ca.pem': b'-----BEGIN CERTIFICATE-----'}
    >>> other = Volume("littlefs", capacity=508 * 1024)
    >>> restore(other, read_image(image))
    >>> other.kind, other.read("/cert/ca.pem")
    ('fat', b'-----BEGIN CERTIFICATE-----')

FAT is read and written here; LittleFS by ``littlefs-python`` (``pip install 'pycom-emulator[images]'``).
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from flashfs.fat_image import DamagedImageError, ImageFullError, NoFileSystemError, decode_sectors, encode_sectors
from flashfs.fat_layout import SECTOR
from flashfs.volume import Kind, Volume

if TYPE_CHECKING:
    from flashfs.store import File, Folder, Node

_LITTLEFS_MAX = 64 * 1024 * 1024
"""Bytes; no flash chip for these boards is larger, and LittleFS is read from memory."""


class ImageError(ValueError):
    """The image cannot be read, or not be made; the text is one line for a person."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What is in an image.

    ``kind``: its file system · ``size``: bytes of the medium · ``files``: in-volume path -> content (None: a folder),
    folders before what they hold · ``stamps``: path -> even seconds since 1970 of the board's clock, 0 for none
    """

    kind: Kind
    size: int
    files: dict[bytes, bytes | None]
    stamps: dict[bytes, int]


def read_image(image: bytes | bytearray | memoryview) -> Tree:
    """Return what is in an image; the file system is known by its content.

    :raises ImageError: for what is neither LittleFS nor FAT, is damaged, or the board would not mount
    :raises ImportError: for LittleFS without the package ``littlefs-python``
    """
    return read_image_file(io.BytesIO(image))


def read_image_file(file: BinaryIO) -> Tree:
    """Return what is in an image that is read piece by piece; errors as :func:`read_image`, and ``OSError``."""
    from flashfs import littlefs_image

    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(2 * SECTOR * SECTOR)
    if not size:
        raise ImageError("the image is empty")
    try:
        if _looks_like_littlefs(head):
            if size > _LITTLEFS_MAX:
                raise ImageError(f"it has {size} bytes; no board's flash is larger than {_LITTLEFS_MAX}")
            file.seek(0)
            files, stamps = littlefs_image.decode(file.read())
            return Tree("littlefs", size, files, stamps)

        def read(first: int, count: int) -> bytes:
            file.seek(first * SECTOR)
            return file.read(count * SECTOR)

        image = decode_sectors(read, size // SECTOR)
    except NoFileSystemError as error:
        raise ImageError(f"neither a LittleFS nor a FAT image: {error}") from error
    except DamagedImageError as error:
        raise ImageError(f"the image is damaged: {error}") from error
    return Tree("fat", size, image.files, image.stamps)


def _looks_like_littlefs(head: bytes) -> bool:
    """Whether the board's boot would find LittleFS: FAT leaves the second block as it was, LittleFS not the first."""
    from flashfs.littlefs_image import MAGIC, MAGIC_AT

    first, second = (head[at : at + len(MAGIC)] == MAGIC for at in MAGIC_AT)
    return first or (second and head[SECTOR - 2 : SECTOR] != b"\x55\xaa")


def write_image(volume: Volume) -> bytes:
    """Return the bytes of the volume's medium: the files as they were committed, with their times.

    :raises ImageError: if LittleFS finds no room for what is there
    :raises ImportError: for LittleFS without the package ``littlefs-python``
    """
    file = io.BytesIO()
    write_image_file(volume, file)
    return file.getvalue()


def write_image_file(volume: Volume, file: BinaryIO) -> int:
    """Write what :func:`write_image` returns to a new file, zeros left out where the host can; return its size in bytes.

    Errors as :func:`write_image`, and ``OSError``.
    """
    from flashfs import littlefs_image
    from flashfs.fat import Fat

    with volume.lock:
        files: dict[bytes, bytes | None] = {}
        stamps: dict[bytes, int] = {}
        for path, node in _walk(volume):
            files[path] = getattr(node, "data", None)
            stamps[path] = node.stamp
        file_system = volume.file_system
        try:
            if not isinstance(file_system, Fat):
                return file.write(littlefs_image.encode(files, file_system.total_blocks, stamps=stamps))
            sectors = encode_sectors(files, file_system.geometry, stamps=stamps)
            size = file_system.geometry.sectors * SECTOR
        except ImageFullError as error:
            raise ImageError(f"this does not fit into an image: {error}") from error
    sectors.setdefault(size // SECTOR - 1, bytes(SECTOR))
    for sector, data in sectors.items():
        file.seek(sector * SECTOR)
        file.write(data)
    return size


def restore(volume: Volume, tree: Tree) -> None:
    """Make the volume what the image was: its file system, its files, its times. What was there is gone.

    FAT may come from a medium of any size that fits; LittleFS has to have as many blocks as the volume.

    :raises ImageError: if it does not fit; nothing is changed then
    """
    capacity = volume.capacity
    if tree.kind == "littlefs" and capacity is not None:
        block = 4096
        if tree.size // block != capacity // block:
            raise ImageError(f"it has {tree.size // block} blocks of {block} bytes, the flash {capacity // block}")
    restoring = tree.kind == "littlefs"
    try:
        Volume(tree.kind, capacity=capacity).load(tree.files, restoring=restoring)
    except OSError as error:
        raise ImageError(f"what is in it does not go onto the flash: {error.strerror}") from error
    with volume.lock:
        volume.become(tree.kind)
        volume.load(tree.files, restoring=restoring)
        for path, node in volume.file_system.store.walk():
            node.stamp = tree.stamps.get(path, 0)


def _walk(volume: Volume) -> Iterator[tuple[bytes, Node]]:
    """Yield everything, folders before what they hold: on FAT by slots, on LittleFS in the order of creation."""
    from flashfs.store import Folder

    file_system = volume.file_system

    def entries(folder: Folder) -> Iterator[File | Folder]:
        if volume.kind == "fat":
            return iter(file_system.ordered(folder))
        return iter(file_system.store.children(folder))

    stack = [(b"", entries(file_system.store.root))]
    while stack:
        above, nodes = stack[-1]
        node = next(nodes, None)
        if node is None:
            stack.pop()
            continue
        path = above + b"/" + node.raw_name
        yield path, node
        if isinstance(node, Folder):
            stack.append((path, entries(node)))
