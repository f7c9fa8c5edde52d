"""How FAT lies on a medium: the geometry that formatting gives it, and what files and folders take of it.

A medium is a row of sectors of 512 bytes. Without a partition table the volume begins at sector 0: boot sector, file
allocation table, root folder (FAT12, FAT16), clusters (firmware: lib/oofatfs/ff.c f_mkfs, extmod/vfs_fat.c).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SECTOR = 512
ENTRY = 32
ROOT_ENTRIES = 512
DOT_ENTRIES = 2
"""``.`` and ``..``, at the top of every folder but the root."""
FOLDER_ENTRIES_MAX = 65536
FAT12_CLUSTERS_MAX, FAT16_CLUSTERS_MAX, FAT32_CLUSTERS_MAX = 0xFF5, 0xFFF5, 0x0FFFFFF5

PARTITION_START = 63
PARTITIONED_FROM = 32768
"""Media of at least this many sectors get a partition table and FAT32, smaller ones neither."""
_CLUSTERS_MIN = 16
_FAT32_RESERVED = 32


class FormatError(ValueError):
    """A medium that the board cannot format (there ``os.fsformat`` raises EIO)."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where everything lies; sectors count from the start of the medium.

    ``sectors``: of the whole medium · ``start``: first sector of the volume · ``volume_sectors``: its length ·
    ``bits``: 12, 16 or 32 per cluster in the table · ``cluster_sectors``: per cluster · ``clusters``: how many ·
    ``reserved``: sectors before the first table · ``fat_sectors``: per table · ``fats``: tables · ``root_entries``:
    of the fixed root folder, 0 on FAT32 · ``root_cluster``: where the root of FAT32 begins, else 0
    """

    sectors: int
    start: int
    volume_sectors: int
    bits: int
    cluster_sectors: int
    clusters: int
    reserved: int
    fat_sectors: int
    fats: int = 1
    root_entries: int = ROOT_ENTRIES
    root_cluster: int = 0

    @property
    def cluster_size(self) -> int:
        """Bytes per cluster."""
        return self.cluster_sectors * SECTOR

    @property
    def fat_start(self) -> int:
        """First sector of the first table."""
        return self.start + self.reserved

    @property
    def root_start(self) -> int:
        """First sector of the fixed root folder."""
        return self.fat_start + self.fat_sectors * self.fats

    @property
    def data_start(self) -> int:
        """First sector of cluster 2, the first one."""
        return self.root_start + self.root_entries * ENTRY // SECTOR

    def cluster_start(self, cluster: int) -> int:
        """First sector of a cluster."""
        return self.data_start + (cluster - 2) * self.cluster_sectors

    def clusters_for(self, size: int) -> int:
        """Clusters that hold so many bytes."""
        return -(-size // self.cluster_size)

    def folder_clusters(self, entries: int) -> int:
        """Clusters of a folder with so many entries, ``.`` and ``..`` included; an empty folder has one."""
        return max(1, self.clusters_for(entries * ENTRY))


def format_geometry(sectors: int) -> Geometry:
    """Return what the board makes of a medium when it formats it.

    :raises FormatError: for media it cannot format: below 50 sectors, and between 16 and a little over 32 MiB, which
        are too small for the FAT32 that it insists on from 16 MiB (firmware: extmod/vfs_fat.c fat_format)
    """
    if sectors < PARTITIONED_FROM:
        return _fat12_or_16(sectors, 0)
    return _fat32(sectors, PARTITION_START)


def card_geometry(sectors: int) -> Geometry:
    """Return the geometry of a medium as it comes: as the board formats it, FAT16 where the board cannot.

    :raises FormatError: for less than 50 sectors
    """
    try:
        return format_geometry(sectors)
    except FormatError:
        if sectors < PARTITIONED_FROM:
            raise
        return _fat12_or_16(sectors, PARTITION_START)


def _preferred(units: int, steps: Sequence[int]) -> int:
    """Return the cluster size in sectors: doubled for each step that the volume reaches."""
    return 1 << sum(step <= units for step in steps)


def _fat12_or_16(sectors: int, start: int) -> Geometry:
    volume = sectors - start
    root = ROOT_ENTRIES * ENTRY // SECTOR
    first = _preferred(volume // 4096, (1, 4, 16, 64, 256, 512))
    for per in (first, first * 2):
        estimate = volume // per
        bits = 16 if estimate > FAT12_CLUSTERS_MAX else 12
        table = estimate * 2 + 4 if bits == 16 else (estimate * 3 + 1) // 2 + 3
        fat_sectors = -(-table // SECTOR)
        before = 1 + fat_sectors + root
        if volume < before + per * _CLUSTERS_MIN:
            raise FormatError(f"{sectors} sectors are too few for FAT: it takes 50, 25 KiB")
        clusters = (volume - before) // per
        if bits == 12 or FAT12_CLUSTERS_MAX < clusters <= FAT16_CLUSTERS_MAX:
            return Geometry(sectors, start, volume, bits, per, clusters, 1, fat_sectors)
    raise FormatError(f"{sectors} sectors fit neither FAT12 nor FAT16")


def _fat32(sectors: int, start: int) -> Geometry:
    volume = sectors - start
    first = _preferred(volume // 0x20000, (1, 2, 4, 8, 16, 32))
    for per in (first, first // 2):
        if not per or not FAT16_CLUSTERS_MAX < volume // per <= FAT32_CLUSTERS_MAX:
            break
        fat_sectors = -(-(volume // per * 4 + 8) // SECTOR)
        clusters = (volume - _FAT32_RESERVED - fat_sectors) // per
        if clusters > FAT16_CLUSTERS_MAX:
            return Geometry(sectors, start, volume, 32, per, clusters, _FAT32_RESERVED, fat_sectors, 1, 0, 2)
    raise FormatError(f"{sectors} sectors do not fit FAT32, and the board formats nothing else from 16 MiB on")
