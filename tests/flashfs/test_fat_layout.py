"""The geometry that formatting gives a medium: figures of the firmware's own f_mkfs (lib/oofatfs/ff.c)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashfs.fat_layout import FormatError, card_geometry, format_geometry

FORMATTED = {
    # sectors: bits, sectors per cluster, clusters, root entries, sectors per table, first sector of volume, table, data
    50: (12, 1, 16, 512, 1, 0, 1, 34),
    100: (12, 1, 66, 512, 1, 0, 1, 34),
    1016: (12, 1, 980, 512, 3, 0, 1, 36),
    2048: (12, 1, 2008, 512, 7, 0, 1, 40),
    8192: (12, 4, 2038, 512, 7, 0, 1, 40),
    16384: (12, 8, 2043, 512, 7, 0, 1, 40),
    20000: (16, 4, 4986, 512, 20, 0, 1, 53),
    32767: (16, 4, 8175, 512, 33, 0, 1, 66),
    33 * 2048: (32, 1, 66961, 0, 528, 63, 95, 623),
    64 * 2048: (32, 1, 129953, 0, 1024, 63, 95, 1119),
    512 * 2048: (32, 8, 130932, 0, 1024, 63, 95, 1119),
}
CARDS = {
    # what comes where the board cannot format, as f_mkfs makes FAT16 in a partition
    16 * 2048: (16, 4, 8160, 512, 32, 63, 64, 128),
    32 * 2048: (16, 4, 16344, 512, 64, 63, 64, 160),
}


def _figures(geometry: object) -> tuple[int, ...]:
    names = ("bits", "cluster_sectors", "clusters", "root_entries", "fat_sectors", "start", "fat_start", "data_start")
    return tuple(getattr(geometry, name) for name in names)


@pytest.mark.parametrize(("sectors", "figures"), FORMATTED.items(), ids=lambda value: str(value))
def test_what_the_board_formats(sectors: int, figures: tuple[int, ...]) -> None:
    assert _figures(format_geometry(sectors)) == figures
    assert card_geometry(sectors) == format_geometry(sectors)


@pytest.mark.parametrize(("sectors", "figures"), CARDS.items(), ids=lambda value: str(value))
def test_what_comes_formatted(sectors: int, figures: tuple[int, ...]) -> None:
    with pytest.raises(FormatError, match="FAT32"):
        format_geometry(sectors)
    assert _figures(card_geometry(sectors)) == figures


@pytest.mark.parametrize("sectors", [0, 1, 22, 49])
def test_too_small(sectors: int) -> None:
    with pytest.raises(FormatError, match="too few"):
        card_geometry(sectors)


@given(st.integers(50, 32 * 1024 * 2048))
def test_every_medium_up_to_32_gib_has_a_geometry_that_holds(sectors: int) -> None:
    found = card_geometry(sectors)
    limits = {12: (16, 4085), 16: (4086, 65525), 32: (65526, 0x0FFFFFF5)}
    low, high = limits[found.bits]
    assert low <= found.clusters <= high
    assert found.data_start + found.clusters * found.cluster_sectors <= sectors
    assert found.fat_sectors * 512 * 8 >= (found.clusters + 2) * found.bits
    assert found.cluster_start(found.clusters + 1) + found.cluster_sectors <= sectors
    assert found.start + found.volume_sectors == sectors


def test_sizes() -> None:
    flash = format_geometry(8192)
    assert [flash.clusters_for(size) for size in (0, 1, 2048, 2049, 4096, 4097)] == [0, 1, 1, 2, 2, 3]
    assert [flash.folder_clusters(entries) for entries in (0, 2, 64, 65)] == [1, 1, 1, 2]
