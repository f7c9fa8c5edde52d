"""LittleFS images: the bytes of a flash into a tree, and a tree into bytes that this firmware mounts.

LittleFS's own code does both, through the package ``littlefs-python``, which this module alone imports and which is an
optional extra. The firmware writes version 2.0 of the format and formats a flash that has a later one.

Firmware: esp32/littlefs/sflash_diskio_littlefs.c (configuration), vfs_littlefs.c (custom attribute 1: date and time).
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flashfs.fat_image import DamagedImageError, ImageFullError, dos_time, stamp_of
from flashfs.littlefs import NAME_MAX
from flashfs.littlefs_layout import BLOCK_SIZE, PAIR, SMALLEST

DISK_VERSION = 0x0002_0000
STAMP_ATTRIBUTE = 1
MAGIC = b"littlefs"
"""Begins the first entry of the root, in either block of its pair."""
MAGIC_AT = (8, BLOCK_SIZE + 8)

_LOOKAHEAD = {127: 32}
_USUAL_LOOKAHEAD = 128
"""Bytes; the firmware has 32 for the flash of 127 blocks, 128 for that of 1024."""
_SUPERBLOCK = struct.Struct("<III")
_SUPERBLOCK_AT = len(MAGIC) + 4
_STAMP = struct.Struct("<HH")
_NAMES = "latin-1"
"""Names go to and fro as bytes: this encoding has a character for each."""
_FOLDER = 2
_REASONS = {
    "LFS_ERR_CORRUPT": "LittleFS finds it corrupt",
    "LFS_ERR_INVAL": "LittleFS finds it invalid",
    "LFS_ERR_NOENT": "LittleFS does not find it again",
    "LFS_ERR_NOSPC": "no room is left for it",
    "LFS_ERR_NAMETOOLONG": "its name is too long, or its folder has no room for it",
    "LFS_ERR_EXIST": "it is there already",
    "LFS_ERR_NOTDIR": "it lies below a file",
}


class LittleFsMissingError(ImportError):
    """The package ``littlefs-python`` is not installed."""


@dataclass(frozen=True, slots=True)
class Superblock:
    """What an image says of itself: format version (major << 16 | minor), bytes per block, blocks."""

    version: int
    block_size: int
    blocks: int


def superblock(image: bytes | bytearray | memoryview) -> Superblock | None:
    """Return what the image says of itself, None where there is no LittleFS."""
    for at in MAGIC_AT:
        if image[at : at + len(MAGIC)] == MAGIC and len(image) >= at + _SUPERBLOCK_AT + _SUPERBLOCK.size:
            return Superblock(*_SUPERBLOCK.unpack_from(image, at + _SUPERBLOCK_AT))
    return None


def decode(image: bytes | bytearray | memoryview) -> tuple[dict[bytes, bytes | None], dict[bytes, int]]:
    """Return files and stamps as of :class:`flashfs.fat_image.Image`, in the board's order.

    :raises DamagedImageError: for no LittleFS, another version or block size, and whatever cannot be read
    :raises LittleFsMissingError: without the package
    """
    found = superblock(image)
    if found is None:
        raise DamagedImageError("there is no LittleFS")
    if found.version != DISK_VERSION:
        version = f"{found.version >> 16}.{found.version & 0xFFFF}"
        raise DamagedImageError(f"it is LittleFS {version}; the board reads 2.0 and formats any other")
    if found.block_size != BLOCK_SIZE:
        raise DamagedImageError(f"its blocks have {found.block_size} bytes, the board's {BLOCK_SIZE}")
    if found.blocks * BLOCK_SIZE != len(image):
        raise DamagedImageError(f"it has {len(image)} bytes, and says {found.blocks} blocks of {BLOCK_SIZE}")
    fs = _LittleFs(bytearray(image), found.blocks, DamagedImageError)
    with fs.mounted():
        return _read(fs, found.blocks)


def encode(files: Mapping[bytes, bytes | None], blocks: int, *, stamps: Mapping[bytes, int] | None = None) -> bytes:
    """Return a flash of so many blocks on which these files were made, one after the other, after formatting it.

    :param files: in-volume path -> content (None: a folder); folders on the way are made
    :param stamps: path -> even seconds since 1970 as the board's clock had it; 0 where there is none
    :raises ImageFullError: if the tree does not fit, or a name is none on LittleFS
    :raises LittleFsMissingError: without the package
    """
    if blocks < SMALLEST:
        raise ImageFullError(f"a LittleFS has at least {SMALLEST} blocks, not {blocks}")
    times = stamps or {}
    medium = bytearray(b"\xff") * (blocks * BLOCK_SIZE)
    fs = _LittleFs(medium, blocks, ImageFullError)
    fs.format()
    with fs.mounted():
        made: set[bytes] = set()
        for path, content in files.items():
            _write(fs, path, content, times, made)
    return bytes(medium)


# -- LittleFS's own code


class _Medium:
    """Blocks in memory, as the package asks for them."""

    def __init__(self, content: bytearray) -> None:
        self.buffer = content

    def read(self, cfg: object, block: int, off: int, size: int) -> bytearray:
        at = block * BLOCK_SIZE + off
        return self.buffer[at : at + size]

    def prog(self, cfg: object, block: int, off: int, data: bytes) -> int:
        at = block * BLOCK_SIZE + off
        self.buffer[at : at + len(data)] = data
        return 0

    def erase(self, cfg: object, block: int) -> int:
        self.buffer[block * BLOCK_SIZE : (block + 1) * BLOCK_SIZE] = b"\xff" * BLOCK_SIZE
        return 0

    def sync(self, cfg: object) -> int:
        return 0


class _LittleFs:
    """The package's functions on one medium, with paths in bytes; its errors become ``failure``."""

    def __init__(self, content: bytearray, blocks: int, failure: type[ValueError]) -> None:
        try:
            import littlefs
        except ImportError as error:
            raise LittleFsMissingError(
                "LittleFS images need littlefs-python: pip install 'pycom-emulator[images]'"
            ) from error

        self._lib = littlefs.lfs
        self._error = littlefs.LittleFSError
        self._failure = failure
        self._fs = self._lib.LFSFilesystem()
        medium: Any = _Medium(content)
        self._cfg = self._lib.LFSConfig(
            medium,
            block_size=BLOCK_SIZE,
            block_count=blocks,
            read_size=BLOCK_SIZE,
            prog_size=BLOCK_SIZE,
            cache_size=BLOCK_SIZE,
            lookahead_size=_LOOKAHEAD.get(blocks, _USUAL_LOOKAHEAD),
            name_max=NAME_MAX,
            disk_version=DISK_VERSION,
        )

    @contextmanager
    def _about(self, path: bytes) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            reason = _REASONS.get(error.name, error.name)
            raise self._failure(f"{path!r}: {reason}" if path else reason) from error

    def format(self) -> None:
        with self._about(b""):
            self._lib.format(self._fs, self._cfg)

    @contextmanager
    def mounted(self) -> Iterator[None]:
        with self._about(b""):
            self._lib.mount(self._fs, self._cfg)
        try:
            yield
        finally:
            self._lib.unmount(self._fs)

    def entries(self, path: bytes) -> Generator[tuple[bytes, int | None], None, None]:
        """Yield name and size (None: a folder)."""
        with self._about(path):
            folder = self._lib.dir_open(self._fs, path.decode(_NAMES), _NAMES)
            try:
                while (entry := self._lib.dir_read(self._fs, folder, _NAMES)) is not None:
                    if entry.name not in (".", ".."):
                        yield entry.name.encode(_NAMES), None if entry.type == _FOLDER else entry.size
            finally:
                self._lib.dir_close(self._fs, folder)

    def read(self, path: bytes, size: int) -> bytes:
        with self._about(path):
            file = self._lib.file_open(self._fs, path.decode(_NAMES), "r", _NAMES)
            try:
                return bytes(self._lib.file_read(self._fs, file, size))
            finally:
                self._lib.file_close(self._fs, file)

    def write(self, path: bytes, content: bytes) -> None:
        with self._about(path):
            file = self._lib.file_open(self._fs, path.decode(_NAMES), "w", _NAMES)
            try:
                self._lib.file_write(self._fs, file, content)
            finally:
                self._lib.file_close(self._fs, file)

    def mkdir(self, path: bytes) -> None:
        with self._about(path):
            self._lib.mkdir(self._fs, path.decode(_NAMES), _NAMES)

    def stamp(self, path: bytes) -> int:
        try:
            raw = self._lib.getattr(self._fs, path.decode(_NAMES), STAMP_ATTRIBUTE, _NAMES)
        except self._error:  # no such attribute
            return 0
        if len(raw) != _STAMP.size:
            return 0
        date, time = _STAMP.unpack(raw)
        return stamp_of(date << 16 | time)

    def set_stamp(self, path: bytes, stamp: int) -> None:
        moment = dos_time(stamp)
        with self._about(path):
            self._lib.setattr(
                self._fs, path.decode(_NAMES), STAMP_ATTRIBUTE, _STAMP.pack(moment >> 16, moment & 0xFFFF), _NAMES
            )


def _read(fs: _LittleFs, blocks: int) -> tuple[dict[bytes, bytes | None], dict[bytes, int]]:
    files: dict[bytes, bytes | None] = {}
    stamps: dict[bytes, int] = {}
    folders, room = 0, blocks * BLOCK_SIZE
    # A stack of iterators: folders nest deeper than Python recurses.
    stack = [(b"", fs.entries(b"/"))]
    try:
        while stack:
            above, entries = stack[-1]
            name, size = next(entries, (b"", None))
            if not name:
                stack.pop()
                continue
            path = above + b"/" + name
            if b"/" in name or path in files:
                raise DamagedImageError(f"{path!r} is in its folder twice, or no name")
            stamps[path] = fs.stamp(path)
            if size is None:
                folders += 1
                if folders * PAIR > blocks:
                    raise DamagedImageError("its folders lead in circles")
                files[path] = None
                stack.append((path, fs.entries(path)))
                continue
            room -= size
            if room < 0:
                raise DamagedImageError("its files are larger than the flash")
            files[path] = content = fs.read(path, size)
            if len(content) != size:
                raise DamagedImageError(f"{path!r} has {size} bytes, of which {len(content)} are there")
    finally:
        for _, entries in stack:  # the folders that are still open, before the unmount
            entries.close()
    return files, stamps


def _write(fs: _LittleFs, path: bytes, content: bytes | None, stamps: Mapping[bytes, int], made: set[bytes]) -> None:
    missing = []
    above = path.rstrip(b"/")
    while above and above not in made:
        missing.append(above)
        above = above.rpartition(b"/")[0]
    for each in reversed(missing):
        if content is not None and each == missing[0]:
            fs.write(each, content)
        else:
            fs.mkdir(each)
        made.add(each)
        fs.set_stamp(each, stamps.get(each, 0))
