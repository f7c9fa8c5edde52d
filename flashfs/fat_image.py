"""FAT images: the bytes of a medium into a tree, and a tree into the bytes that FatFs would have written.

    >>> from flashfs.fat_image import decode, encode
    >>> from flashfs.fat_layout import format_geometry
    >>> image = encode({b"/lib": None, b"/lib/a.py": b"print(1)"}, format_geometry(1016))
    >>> decode(image).files
    {b'/lib': None, b'/lib/a.py': b'print(1)'}

Both are pure. FAT12, FAT16 and FAT32; what is read may have a partition table, what is written has one where the
geometry says so. Firmware: lib/oofatfs/ff.c.
"""

from __future__ import annotations

import dataclasses
import datetime
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from flashfs.errors import ENODEV
from flashfs.fat_layout import (
    ENTRY,
    FAT12_CLUSTERS_MAX,
    FAT16_CLUSTERS_MAX,
    FAT32_CLUSTERS_MAX,
    FOLDER_ENTRIES_MAX,
    SECTOR,
    Geometry,
)
from flashfs.fat_names import (
    LETTERS_PER_ENTRY,
    LOWER_BODY,
    LOWER_EXTENSION,
    alias,
    directory_name,
    fold,
    form,
    from_utf16,
    name_fault,
    to_utf16,
)

READ_ONLY, VOLUME_LABEL, FOLDER, ARCHIVE, LONG_NAME = 0x01, 0x08, 0x10, 0x20, 0x0F
_ATTRIBUTES = 0x3F
_DELETED, _LAST_LONG = 0xE5, 0x40
_LETTERS_MAX = 128
_LETTER_RANGES = ((1, 11), (14, 26), (28, 32))

_SIGNATURE = b"\x55\xaa"
_SIGNATURE_AT = 510
_MEDIA = 0xF8
_PARTITIONS_AT, _PARTITION = 446, 16
_DISK_SIGNATURE_TIME = 0x28210000
_FS_INFO, _BACKUP_BOOT = 1, 6
_END = {12: 0xFFF, 16: 0xFFFF, 32: 0x0FFFFFFF}
_FIRST_LINKS = {12: [0xFF8, 0xFFF], 16: [0xFFF8, 0xFFFF], 32: [0xFFFFFFF8, 0xFFFFFFFF]}
_COMMON = struct.Struct("<11sHBHBHHBHHHII")
"""Jump and maker, bytes per sector, sectors per cluster, reserved sectors, tables, root entries, sectors (16 bit),
media, sectors per table (16 bit), sectors per track, heads, sectors before, sectors (32 bit)."""
_FAT32_TAIL = struct.Struct("<IHHIHH")
"""Sectors per table, flags, version, first cluster of the root, FSInfo, backup."""
_ENTRY = struct.Struct("<11sBBBHHHHHHHI")
"""Name, attributes, case flags, tenths, created (time, date), accessed, cluster (high), written (time, date), cluster
(low), size."""


class NoFileSystemError(ValueError):
    """There is no FAT file system on the medium; the board raises ``number`` (ENODEV) for whatever is done there."""

    number = ENODEV


class DamagedImageError(ValueError):
    """There is a FAT file system, and it contradicts itself."""


class ImageFullError(ValueError):
    """The tree does not fit the geometry, or has a name that FAT cannot hold."""


@dataclass(frozen=True, slots=True)
class Image:
    """What is on a medium.

    ``files``: in-volume path -> content (None: a folder), in the order of the entries, folders before what they hold ·
    ``stamps``: path -> time as the board's clock had it, even seconds since 1970, 0 where there is none ·
    ``read_only``: paths with that attribute · ``geometry``: where everything lies
    """

    files: dict[bytes, bytes | None]
    stamps: dict[bytes, int]
    read_only: frozenset[bytes]
    geometry: Geometry


# -- times


_BOARD_EPOCH = datetime.datetime(2000, 1, 1)
_FIRST, _LAST = datetime.datetime(1980, 1, 1), datetime.datetime(2107, 12, 31, 23, 59, 58)


def dos_time(stamp: int) -> int:
    """Return date << 16 | time as stored for even seconds since 1970.

    The board takes its clock, which counts from 1970, for one that counts from 2000: what is stored lies 30 years
    ahead, and only the board itself reads it back as it was (firmware: esp32/fatfs_port.c).
    """
    span = datetime.timedelta(seconds=max(-(10**10), min(stamp, 10**10)))
    moment = min(max(_BOARD_EPOCH + span, _FIRST), _LAST)
    date = (moment.year - 1980) << 9 | moment.month << 5 | moment.day
    return date << 16 | moment.hour << 11 | moment.minute << 5 | moment.second >> 1


def stamp_of(dos: int) -> int:
    """Return the even seconds since 1970 that the board makes of date << 16 | time; 0 for what is no date."""
    date, time = dos >> 16, dos & 0xFFFF
    try:
        moment = datetime.datetime(
            1980 + (date >> 9), date >> 5 & 15, date & 31, time >> 11, time >> 5 & 63, (time & 31) * 2
        )
    except ValueError:
        return 0
    return int((moment - _BOARD_EPOCH).total_seconds())


# -- reading


ReadSectors = Callable[[int, int], bytes]
"""``read(first, count)`` returns ``count`` sectors of 512 bytes."""


def decode(image: bytes | bytearray | memoryview) -> Image:
    """Return what is on the medium whose bytes these are.

    :raises NoFileSystemError: where the board finds none either
    :raises DamagedImageError: if what it finds contradicts itself: loops, shared clusters, chains that end early
    """
    whole = memoryview(image).cast("B")

    def read(first: int, count: int) -> bytes:
        return bytes(whole[first * SECTOR : (first + count) * SECTOR])

    return decode_sectors(read, len(whole) // SECTOR)


def decode_sectors(read: ReadSectors, sectors: int) -> Image:
    """Return what is on a medium of so many sectors that is read piece by piece; errors as :func:`decode`."""
    geometry = find_volume(read, sectors)
    if geometry.start + geometry.volume_sectors > sectors:
        raise DamagedImageError(
            f"the volume has {geometry.volume_sectors} sectors from sector {geometry.start}, the medium {sectors}"
        )
    return _Reader(read, geometry).tree()


def find_volume(read: ReadSectors, sectors: int) -> Geometry:
    """Return the geometry of the first FAT volume on a medium: at its start, or in one of four partitions."""
    if sectors < 1:
        raise NoFileSystemError(f"the medium has not even one sector of {SECTOR} bytes")
    boot = _whole(read, 0, 1)
    start = 0
    if boot[_SIGNATURE_AT:] != _SIGNATURE:
        raise NoFileSystemError("sector 0 has no signature: neither a FAT volume nor a partition table")
    if not _is_boot_sector(boot):
        for at in range(_PARTITIONS_AT, _PARTITIONS_AT + 4 * _PARTITION, _PARTITION):
            start = int.from_bytes(boot[at + 8 : at + 12], "little") if boot[at + 4] else 0
            candidate = _whole(read, start, 1) if 0 < start < sectors else b""
            if candidate[_SIGNATURE_AT:] == _SIGNATURE and _is_boot_sector(candidate):
                boot = candidate
                break
        else:
            raise NoFileSystemError("no partition holds a FAT volume")
    return _parse_boot_sector(boot, start, sectors)


def _whole(read: ReadSectors, first: int, count: int) -> bytes:
    data = read(first, count)
    if len(data) != count * SECTOR:
        raise DamagedImageError(f"the medium ends before sector {first + count}")
    return data


def _is_boot_sector(sector: bytes) -> bool:
    return sector[0] in (0xE9, 0xEB, 0xE8) and (sector[54:57] == b"FAT" or sector[82:87] == b"FAT32")


def _parse_boot_sector(boot: bytes, start: int, sectors: int) -> Geometry:
    """Judge the fields in the way the board does (firmware: lib/oofatfs/ff.c find_volume)."""
    _, size, per, reserved, fats, root, short, _, fat16, _, _, _, long = _COMMON.unpack_from(boot)
    fat32, _, version, root_cluster, _, _ = _FAT32_TAIL.unpack_from(boot, _COMMON.size)
    fat_sectors, volume = fat16 or fat32, short or long
    before = reserved + fat_sectors * fats + root // (SECTOR // ENTRY)
    faults = {
        f"sectors of {size} bytes": size != SECTOR,
        f"{fats} tables": fats not in (1, 2),
        f"{per} sectors per cluster": per == 0 or per & per - 1 != 0,
        f"{root} root entries": root % (SECTOR // ENTRY) != 0,
        "no reserved sector": reserved == 0,
        "no room for a cluster": not per or volume < before + per,
    }
    for fault, found in faults.items():
        if found:
            raise NoFileSystemError(f"not a FAT volume: {fault}")
    clusters = (volume - before) // per
    bits = 12 if clusters <= FAT12_CLUSTERS_MAX else 16 if clusters <= FAT16_CLUSTERS_MAX else 32
    faults = {
        f"{clusters} clusters": clusters > FAT32_CLUSTERS_MAX,
        "FAT32 of a later version": bits == 32 and version != 0,
        "FAT32 with a fixed root folder": bits == 32 and root != 0,
        "no root folder": bits != 32 and root == 0,
        "a table too small for its clusters": fat_sectors * SECTOR < -(-(clusters + 2) * bits // 8),
    }
    for fault, found in faults.items():
        if found:
            raise NoFileSystemError(f"not a FAT volume: {fault}")
    return Geometry(
        sectors=sectors,
        start=start,
        volume_sectors=volume,
        bits=bits,
        cluster_sectors=per,
        clusters=clusters,
        reserved=reserved,
        fat_sectors=fat_sectors,
        fats=fats,
        root_entries=root,
        root_cluster=root_cluster if bits == 32 else 0,
    )


class _Reader:
    """Reads a tree and lets no cluster be used twice, so that nothing loops and nothing grows beyond the medium."""

    def __init__(self, read: ReadSectors, geometry: Geometry) -> None:
        self._read = read
        self._geometry = geometry
        self._table: dict[int, bytes] = {}
        self._claimed: set[int] = set()
        self._files: dict[bytes, bytes | None] = {}
        self._stamps: dict[bytes, int] = {}
        self._read_only: set[bytes] = set()

    def tree(self) -> Image:
        geometry = self._geometry
        if geometry.bits == 32:
            root = self._clusters(self._chain(geometry.root_cluster, b"/"))
        else:
            root = _whole(self._read, geometry.root_start, geometry.root_entries * ENTRY // SECTOR)
        # A stack of iterators: folders nest deeper than Python recurses.
        stack = [(b"", self._entries(root, b"/"))]
        while stack:
            above, entries = stack[-1]
            entry = next(entries, None)
            if entry is None:
                stack.pop()
                continue
            path = above + b"/" + entry.name
            if path in self._files:
                raise DamagedImageError(f"two entries have the name {path!r}")
            self._stamps[path] = stamp_of(entry.written)
            if entry.attributes & READ_ONLY:
                self._read_only.add(path)
            if entry.attributes & FOLDER:
                self._files[path] = None
                content = self._clusters(self._chain(entry.cluster, path))
                stack.append((path, self._entries(content[: FOLDER_ENTRIES_MAX * ENTRY], path)))
            else:
                self._files[path] = self._content(entry.cluster, entry.size, path)
        return Image(self._files, self._stamps, frozenset(self._read_only), geometry)

    def _content(self, first: int, size: int, path: bytes) -> bytes:
        wanted = self._geometry.clusters_for(size)
        chain = self._chain(first, path) if first else []
        if len(chain) < wanted:
            raise DamagedImageError(f"{path!r} has {size} bytes and {len(chain)} clusters, it takes {wanted}")
        return self._clusters(chain[:wanted])[:size]

    def _clusters(self, chain: list[int]) -> bytes:
        geometry, pieces, index = self._geometry, [], 0
        while index < len(chain):
            # Clusters in a row are read at once.
            stop = index + 1
            while stop < len(chain) and chain[stop] == chain[stop - 1] + 1:
                stop += 1
            first = geometry.cluster_start(chain[index])
            pieces.append(_whole(self._read, first, (stop - index) * geometry.cluster_sectors))
            index = stop
        return b"".join(pieces)

    def _chain(self, first: int, path: bytes) -> list[int]:
        geometry, chain, cluster = self._geometry, [], first
        last = geometry.clusters + 1
        while True:
            if not 2 <= cluster <= last:
                raise DamagedImageError(f"{path!r} leads to cluster {cluster}, the volume has 2 to {last}")
            if cluster in self._claimed:
                raise DamagedImageError(f"cluster {cluster} of {path!r} is used twice")
            self._claimed.add(cluster)
            chain.append(cluster)
            cluster = self._link(cluster)
            if cluster > last:
                # FatFs takes whatever lies behind the last cluster for the end, also the mark of a bad one.
                return chain

    def _link(self, cluster: int) -> int:
        bits = self._geometry.bits
        at = cluster * bits // 8
        raw = self._table_bytes(at, 4 if bits == 32 else 2)
        value = int.from_bytes(raw, "little")
        if bits == 12:
            return value >> 4 if cluster & 1 else value & 0xFFF
        return value & _END[bits]

    def _table_bytes(self, at: int, count: int) -> bytes:
        sector, offset = divmod(at, SECTOR)
        data = self._table_sector(sector)[offset : offset + count]
        return data if len(data) == count else data + self._table_sector(sector + 1)[: count - len(data)]

    def _table_sector(self, sector: int) -> bytes:
        data = self._table.get(sector)
        if data is None:
            data = self._table[sector] = _whole(self._read, self._geometry.fat_start + sector, 1)
        return data

    def _entries(self, content: bytes, folder: bytes) -> Iterator[_Entry]:
        long = _LongName()
        for at in range(0, len(content), ENTRY):
            raw = content[at : at + ENTRY]
            if raw[0] == 0:
                return
            attributes = raw[11] & _ATTRIBUTES
            if raw[0] in (_DELETED, ord(".")) or (attributes & VOLUME_LABEL and attributes != LONG_NAME):
                long = _LongName()
            elif attributes == LONG_NAME:
                long.add(raw)
            else:
                yield _entry(raw, attributes, long.name(raw), folder)
                long = _LongName()


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    attributes: int
    cluster: int
    size: int
    written: int


def _entry(raw: bytes, attributes: int, long: bytes | None, folder: bytes) -> _Entry:
    short, _, flags, _, _, _, _, high, time, date, low, size = _ENTRY.unpack(raw)
    name = long
    if name is None or name_fault(name) is not None:
        if short[0] == 0x05:
            short = b"\xe5" + short[1:]
        body, extension = short[:8].replace(b" ", b""), short[8:].replace(b" ", b"")
        body = body.lower() if flags & LOWER_BODY else body
        extension = extension.lower() if flags & LOWER_EXTENSION else extension
        name = body + b"." + extension if extension else body
        fault = name_fault(name)
        if fault is not None:
            raise DamagedImageError(f"an entry of {folder!r} has the name {name!r}: {fault}")
    return _Entry(name, attributes, high << 16 | low, size, date << 16 | time)


@dataclass
class _LongName:
    """Collects the entries of a long name, which stand before the short one, the last piece first."""

    pieces: list[bytes] = field(default_factory=list)
    order: int = -1
    checksum: int = -1

    def add(self, raw: bytes) -> None:
        order = raw[0]
        if order & _LAST_LONG:
            order &= ~_LAST_LONG
            self.pieces, self.order, self.checksum = [], order, raw[13]
        if order != self.order or not order or raw[13] != self.checksum or raw[26:28] != b"\0\0":
            self.order = -1
            return
        self.pieces.append(b"".join(raw[start:stop] for start, stop in _LETTER_RANGES))
        self.order -= 1

    def name(self, short: bytes) -> bytes | None:
        """Return the name if it is whole and belongs to the short entry, and the board can show it."""
        if self.order != 0 or self.checksum != _checksum(short[:11]):
            return None
        units = b"".join(reversed(self.pieces))
        letters = [units[at : at + 2] for at in range(0, len(units), 2)]
        if b"\0\0" in letters:
            end = letters.index(b"\0\0")
            if any(letter != b"\xff\xff" for letter in letters[end + 1 :]):
                return None
            letters = letters[:end]
        return from_utf16(b"".join(letters)) if len(letters) <= _LETTERS_MAX else None


def _checksum(short: bytes) -> int:
    value = 0
    for byte in short:
        value = ((value & 1) << 7 | value >> 1) + byte & 0xFF
    return value


# -- writing


def encode(
    files: Mapping[bytes, bytes | None],
    geometry: Geometry,
    *,
    stamps: Mapping[bytes, int] | None = None,
    read_only: frozenset[bytes] = frozenset(),
) -> bytes:
    """Return the bytes of a medium on which FatFs made these files, one after the other, after formatting it.

    :param files: as in :class:`Image`; folders on the way are made
    :param stamps: path -> even seconds since 1970 as the board's clock had it; 0 where there is none
    :raises ImageFullError: if the tree does not fit, or a name is none on FAT
    """
    image = bytearray(geometry.sectors * SECTOR)
    for sector, data in encode_sectors(files, geometry, stamps=stamps, read_only=read_only).items():
        image[sector * SECTOR : (sector + 1) * SECTOR] = data
    return bytes(image)


def encode_sectors(
    files: Mapping[bytes, bytes | None],
    geometry: Geometry,
    *,
    stamps: Mapping[bytes, int] | None = None,
    read_only: frozenset[bytes] = frozenset(),
) -> dict[int, bytes]:
    """Return what :func:`encode` does as sector -> 512 bytes, without the sectors that are all zero."""
    writer = _Writer(geometry, stamps or {}, read_only)
    for path, content in files.items():
        writer.add(path, content)
    return writer.sectors()


class _Table:
    """A folder that is being written: ``content`` are its entries, ``chain`` its clusters."""

    def __init__(self, chain: list[int], limit: int) -> None:
        self.chain = chain
        self.limit = limit
        self.content = bytearray()
        self.shorts: set[bytes] = set()
        self.names: dict[bytes, bytes] = {}


class _Writer:
    def __init__(self, geometry: Geometry, stamps: Mapping[bytes, int], read_only: frozenset[bytes]) -> None:
        # What is written has the root of FAT32 where formatting puts it.
        self._geometry = geometry = dataclasses.replace(geometry, root_cluster=2) if geometry.bits == 32 else geometry
        self._stamps = stamps
        self._read_only = read_only
        self._links: dict[int, int] = {}
        self._next = 2
        self._data: dict[int, bytes] = {}
        """First cluster of a row -> content."""
        self._root = _Table([], geometry.root_entries)
        if geometry.bits == 32:
            self._root = _Table([self._allocate(0)], FOLDER_ENTRIES_MAX)
        self._folders: dict[bytes, _Table] = {b"": self._root}

    def add(self, path: bytes, content: bytes | None) -> None:
        above, _, name = path.rstrip(b"/").rpartition(b"/")
        if not name:
            return
        if above and above not in self._folders:
            self.add(above, None)
        folder = self._folders.get(above)
        if folder is None:
            raise ImageFullError(f"{path!r} lies below a file")
        if content is None:
            if path not in self._folders:
                self._add_folder(folder, path, name)
            return
        self._register(folder, path, name, 0, len(content))
        if content:
            first = self._next
            self._allocate_row(self._geometry.clusters_for(len(content)), path)
            self._data[first] = content
            folder.content[-ENTRY:] = self._place(folder.content[-ENTRY:], first)

    def _add_folder(self, folder: _Table, path: bytes, name: bytes) -> None:
        first = self._allocate(0)
        made = _Table([first], FOLDER_ENTRIES_MAX)
        parent = 0 if folder is self._root else folder.chain[0]
        written = dos_time(self._stamps.get(path, 0))
        for dots, cluster in ((b".", first), (b"..", parent)):
            made.content += self._place(_ENTRY.pack(
                dots.ljust(11), FOLDER, 0, 0, 0, 0, 0, 0, written & 0xFFFF, written >> 16, 0, 0
            ), cluster)  # fmt: skip
        self._register(folder, path, name, FOLDER, 0)
        folder.content[-ENTRY:] = self._place(folder.content[-ENTRY:], first)
        self._folders[path] = made

    def _register(self, folder: _Table, path: bytes, name: bytes, attributes: int, size: int) -> None:
        fault = name_fault(name)
        if fault is not None:
            raise ImageFullError(f"{path!r}: {fault}")
        short, lossy, entries, flags = form(name)
        other = folder.names.get(fold(name))
        if other is not None or (not lossy and short in folder.shorts):
            raise ImageFullError(f"{path!r}: another name of this folder is the same to FAT")
        short_alias = alias(name, folder.shorts.__contains__)
        if short_alias is None or len(folder.content) // ENTRY + entries > folder.limit:
            raise ImageFullError(f"{path!r}: the folder is full")
        while folder.chain and len(folder.content) + entries * ENTRY > len(folder.chain) * self._geometry.cluster_size:
            folder.chain.append(self._allocate(folder.chain[-1]))
        folder.shorts.add(short_alias)
        folder.names[fold(name)] = name
        field = directory_name(short_alias)
        for order in range(entries - 1, 0, -1):
            folder.content += _long_entry(name, order, entries - 1, _checksum(field))
        written = dos_time(self._stamps.get(path, 0))
        attributes |= READ_ONLY if path in self._read_only else 0
        created = 0 if attributes & FOLDER else written
        attributes |= 0 if attributes & FOLDER else ARCHIVE
        folder.content += _ENTRY.pack(
            field, attributes, flags, 0, created & 0xFFFF, created >> 16, 0, 0, written & 0xFFFF, written >> 16, 0, size
        )

    @staticmethod
    def _place(entry: bytes | bytearray, cluster: int) -> bytes:
        raw = bytearray(entry)
        struct.pack_into("<H", raw, 20, cluster >> 16)
        struct.pack_into("<H", raw, 26, cluster & 0xFFFF)
        return bytes(raw)

    def _allocate(self, after: int) -> int:
        cluster = self._next
        self._allocate_row(1, b"")
        if after:
            self._links[after] = cluster
        return cluster

    def _allocate_row(self, count: int, path: bytes) -> None:
        free = self._geometry.clusters + 2 - self._next
        if count > free:
            raise ImageFullError(
                f"{path!r} takes {count} clusters of {self._geometry.cluster_size} bytes, {free} are left"
            )
        for cluster in range(self._next, self._next + count - 1):
            self._links[cluster] = cluster + 1
        self._next += count
        self._links[self._next - 1] = _END[self._geometry.bits]

    # -- the sectors

    def sectors(self) -> dict[int, bytes]:
        geometry = self._geometry
        found: dict[int, bytes] = dict(_formatting(geometry))
        if geometry.bits == 32:
            info = _fs_info(geometry.clusters - len(self._links), self._next - 1)
            found[geometry.start + _FS_INFO] = info
        table = self._table()
        for copy in range(geometry.fats):
            _lay(found, geometry.fat_start + copy * geometry.fat_sectors, table)
        if geometry.bits != 32:
            _lay(found, geometry.root_start, self._root.content)
        for folder in self._folders.values():
            for index, cluster in enumerate(folder.chain):
                at = index * geometry.cluster_size
                _lay(found, geometry.cluster_start(cluster), folder.content[at : at + geometry.cluster_size])
        for first, content in self._data.items():
            _lay(found, geometry.cluster_start(first), content)
        return found

    def _table(self) -> bytes:
        bits = self._geometry.bits
        last = max(self._next, 2)
        first = _FIRST_LINKS[bits]
        values = first + [self._links.get(cluster, 0) for cluster in range(2, last)]
        if bits == 16:
            return struct.pack(f"<{len(values)}H", *values)
        if bits == 32:
            return struct.pack(f"<{len(values)}I", *values)
        values += [0] * (len(values) & 1)
        return b"".join((low | high << 12).to_bytes(3, "little") for low, high in zip(values[::2], values[1::2]))  # noqa: B905


def _long_entry(name: bytes, order: int, last: int, checksum: int) -> bytes:
    units = to_utf16(name)
    width = 2 * LETTERS_PER_ENTRY
    piece = units[(order - 1) * width : order * width]
    if len(piece) < width:
        piece = (piece + b"\0\0").ljust(width, b"\xff")
    head = bytes([order | (_LAST_LONG if order == last else 0)])
    return head + piece[:10] + bytes([LONG_NAME, 0, checksum]) + piece[10:22] + b"\0\0" + piece[22:]


def _lay(found: dict[int, bytes], first: int, content: bytes | bytearray) -> None:
    for index in range(0, len(content), SECTOR):
        piece = bytes(content[index : index + SECTOR])
        if any(piece):
            found[first + index // SECTOR] = piece.ljust(SECTOR, b"\0")


def _formatting(geometry: Geometry) -> Iterator[tuple[int, bytes]]:
    """Yield what formatting writes once and for all: boot sector, partition table, backup of FAT32."""
    boot = bytearray(SECTOR)
    volume = geometry.volume_sectors
    short, long = (volume, 0) if volume < 0x10000 else (0, volume)
    fat16 = 0 if geometry.bits == 32 else geometry.fat_sectors
    _COMMON.pack_into(
        boot, 0, b"\xeb\xfe\x90MSDOS5.0", SECTOR, geometry.cluster_sectors, geometry.reserved, geometry.fats,
        geometry.root_entries, short, _MEDIA, fat16, 63, 255, geometry.start, long,
    )  # fmt: skip
    tail = _COMMON.size
    if geometry.bits == 32:
        _FAT32_TAIL.pack_into(boot, tail, geometry.fat_sectors, 0, 0, geometry.root_cluster, _FS_INFO, _BACKUP_BOOT)
        tail = 64
    struct.pack_into("<BBBI11s8s", boot, tail, 0x80, 0, 0x29, _DISK_SIGNATURE_TIME, b"NO NAME", b"")
    boot[tail + 7 : tail + 26] = b"NO NAME    " + (b"FAT32   " if geometry.bits == 32 else b"FAT     ")
    boot[_SIGNATURE_AT:] = _SIGNATURE
    yield geometry.start, bytes(boot)
    if geometry.bits == 32:
        yield geometry.start + _BACKUP_BOOT, bytes(boot)
        yield geometry.start + _BACKUP_BOOT + _FS_INFO, _fs_info(geometry.clusters - 1, 2)
    if geometry.start:
        yield 0, _partition_table(geometry)


def _partition_table(geometry: Geometry) -> bytes:
    sector = bytearray(SECTOR)
    if geometry.bits == 32:
        kind = 0x0C
    elif geometry.volume_sectors >= 0x10000:
        kind = 0x06
    else:
        kind = 0x04 if geometry.bits == 16 else 0x01
    # The last cylinder is written as far as it fits: such old addresses are read by nobody.
    cylinder = (geometry.start + geometry.volume_sectors) // (63 * 255)
    end = cylinder >> 2 & 0xC0 | 63
    struct.pack_into(
        "<BBBBBBBBII", sector, _PARTITIONS_AT, 0, 1, 1, 0, kind, 254, end, cylinder & 0xFF, geometry.start,
        geometry.volume_sectors,
    )  # fmt: skip
    sector[_SIGNATURE_AT:] = _SIGNATURE
    return bytes(sector)


def _fs_info(free: int, latest: int) -> bytes:
    sector = bytearray(SECTOR)
    struct.pack_into("<I", sector, 0, 0x41615252)
    struct.pack_into("<III", sector, 484, 0x61417272, free, latest)
    sector[_SIGNATURE_AT:] = _SIGNATURE
    return bytes(sector)
