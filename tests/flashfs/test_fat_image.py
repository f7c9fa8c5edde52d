"""FAT images: what is written is read back, by us and by others, and what is damaged is told."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashfs import Volume
from flashfs.fat_image import (
    DamagedImageError,
    ImageFullError,
    NoFileSystemError,
    decode,
    dos_time,
    encode,
    encode_sectors,
    find_volume,
    stamp_of,
)
from flashfs.fat_layout import Geometry, card_geometry, format_geometry
from flashfs.fat_names import name_fault

MEDIA = {"FAT12 4 MB": 1016, "FAT12 8 MB": 8192, "FAT16": 20_000, "FAT16 in a partition": 33_000, "FAT32": 70_000}
TREE: dict[bytes, bytes | None] = {
    b"/main.py": b"# main.py -- put your code here!\r\n",
    b"/lib": None,
    b"/lib/a long name.html": b"<html>" * 500,
    b"/lib/empty": b"",
    b"/lib/Mixed.Py": b"x" * 512,
    b"/lib/sub": None,
    b"/lib/sub/\xc3\xa4 \xe2\x82\xac.txt": b"y" * 513,
    b"/cert": None,
    b"/" + b"n" * 128: b"z" * 5000,
    b"/\xe5": b"a deleted entry begins with this byte",
}


@pytest.fixture(params=MEDIA.values(), ids=MEDIA)
def geometry(request: pytest.FixtureRequest) -> Geometry:
    return card_geometry(request.param)


def _run(*command: str) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which(command[0]) or f"/usr/sbin/{command[0]}"
    environment = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "LC_ALL": "C.UTF-8"}
    return subprocess.run([program, *command[1:]], capture_output=True, env=environment, timeout=30)


# -- both ways


def test_a_tree_comes_back_in_order(geometry: Geometry) -> None:
    stamps = {path: 1_000_000_000 + 2 * index for index, path in enumerate(TREE)}
    found = decode(encode(TREE, geometry, stamps=stamps, read_only=frozenset({b"/main.py"})))
    assert list(found.files.items()) == list(TREE.items())
    assert found.stamps == stamps
    assert found.read_only == {b"/main.py"}
    assert found.geometry == geometry


def test_sectors_are_the_image_without_zeros(geometry: Geometry) -> None:
    sectors = encode_sectors(TREE, geometry)
    image = encode(TREE, geometry)
    assert all(len(data) == 512 for data in sectors.values())
    assert {index for index in range(geometry.sectors) if any(image[index * 512 : index * 512 + 512])} == set(sectors)


_names = st.binary(min_size=1, max_size=30).filter(lambda name: name_fault(name) is None)
_content = st.binary(max_size=3000)
_trees = st.dictionaries(
    _names, st.recursive(_content, lambda inner: st.dictionaries(_names, inner, max_size=6), max_leaves=15), max_size=8
)


def _flat(tree: dict[bytes, object], above: bytes = b"") -> dict[bytes, bytes | None]:
    files: dict[bytes, bytes | None] = {}
    for name, content in tree.items():
        path = above + b"/" + name
        files[path] = content if isinstance(content, bytes) else None
        if isinstance(content, dict):
            files.update(_flat(content, path))
    return files


@settings(max_examples=20)
@given(_trees, st.sampled_from([100, 1016, 8192, 20_000]))
def test_whatever_a_volume_holds_comes_back(tree: dict[bytes, object], sectors: int) -> None:
    volume = Volume("fat", capacity=sectors * 512, now=lambda: 0)
    try:
        volume.load(_flat(tree))
    except OSError:  # two names that are one to FAT
        return
    files = {path: getattr(node, "data", None) for path, node in volume.file_system.store.walk()}
    image = encode(files, format_geometry(sectors))
    assert list(decode(image).files.items()) == list(files.items())
    assert _free(image) == volume.statvfs()[3]


def _free(image: bytes) -> int:
    """Count the free clusters in the table itself."""
    geometry = find_volume(lambda first, count: image[first * 512 : (first + count) * 512], len(image) // 512)
    table = image[geometry.fat_start * 512 :]
    free = 0
    for cluster in range(2, geometry.clusters + 2):
        at, shift = divmod(cluster * geometry.bits, 8)
        value = int.from_bytes(table[at : at + 4], "little") >> shift
        free += value & ((1 << geometry.bits) - 1) == 0
    return free


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({b"/a": bytes(67 * 512)}, "67 clusters"),
        ({b"/a?": b""}, "cannot hold"),
        ({b"/a": b"", b"/A": b""}, "the same to FAT"),
        ({b"/a": b"", b"/a/b": b""}, "the same to FAT"),
        ({b"/F%d" % index: b"" for index in range(513)}, "full"),
        ({b"/n" + b"x" * 128: b""}, "129 bytes"),
    ],
    ids=["size", "character", "case", "below a file", "root", "length"],
)
def test_what_fits_no_image(files: dict[bytes, bytes | None], reason: str) -> None:
    with pytest.raises(ImageFullError, match=reason):
        encode(files, format_geometry(100))


def test_missing_folders_are_made() -> None:
    found = decode(encode({b"/a/b/c": b"1"}, format_geometry(100)))
    assert found.files == {b"/a": None, b"/a/b": None, b"/a/b/c": b"1"}


def test_nine_hundred_folders_deep() -> None:
    path = b""
    files: dict[bytes, bytes | None] = {}
    for _ in range(900):
        path += b"/d"
        files[path] = None
    assert list(decode(encode(files, format_geometry(1016))).files) == list(files)


# -- times


@pytest.mark.parametrize(
    ("stamp", "dos"),
    [
        (0, 0x28210000),  # a clock that was never set: 2000-01-01
        (1_615_248_000, 71 << 25 | 3 << 21 | 9 << 16),  # 2021-03-09 is stored as 2051-03-09
        (1_615_248_000 + 45296, 71 << 25 | 3 << 21 | 9 << 16 | 12 << 11 | 34 << 5 | 28),
    ],
)
def test_times_are_stored_thirty_years_ahead(stamp: int, dos: int) -> None:
    assert dos_time(stamp) == dos
    assert stamp_of(dos) == stamp


@given(st.integers(-630_000_000, 3_400_000_000).map(lambda seconds: seconds & ~1))
def test_times_come_back(stamp: int) -> None:
    assert stamp_of(dos_time(stamp)) == stamp


@given(st.integers(-(10**15), 10**15), st.integers(0, 0xFFFFFFFF))
def test_any_number_is_some_time(stamp: int, dos: int) -> None:
    assert 0 <= dos_time(stamp) <= 0xFFFFFFFF
    assert stamp_of(dos) in range(-7305 * 86_400, 39_446 * 86_400)  # from 1980 to 2107


# -- what others say


@pytest.mark.needs("fsck.fat")
def test_fsck_finds_nothing(geometry: Geometry, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(encode(TREE, geometry)[geometry.start * 512 :])
    result = _run("fsck.fat", "-n", "-v", str(image))
    assert result.returncode == 0, result.stdout.decode()


@pytest.mark.needs("mcopy")
def test_mtools_reads_what_we_write(geometry: Geometry, tmp_path: Path) -> None:
    tree = {path: content for path, content in TREE.items() if path.isascii()}
    image = tmp_path / "image"
    image.write_bytes(encode(tree, geometry)[geometry.start * 512 :])
    for path, content in tree.items():
        result = _run("mdir" if content is None else "mtype", "-i", str(image), "::" + path.decode())
        assert result.returncode == 0, result.stderr.decode()
        if content is not None:
            assert result.stdout == content
    assert _run("mtype", "-i", str(image), "::/lib/ALONGN~1.HTM").stdout == tree[b"/lib/a long name.html"]


@pytest.mark.needs("mkfs.fat")
@pytest.mark.needs("mcopy")
@pytest.mark.parametrize(("bits", "kib"), [(12, 2048), (16, 16_384), (32, 40_000)])
@pytest.mark.parametrize("partitioned", [False, True], ids=["whole", "partition"])
def test_we_read_what_mtools_writes(bits: int, kib: int, partitioned: bool, tmp_path: Path) -> None:
    image = tmp_path / "image"
    assert _run("mkfs.fat", "-F", str(bits), "-n", "LABEL", "-C", str(image), str(kib)).returncode == 0
    big = os.urandom(70_000)
    (tmp_path / "big").write_bytes(big)
    (tmp_path / "small").write_bytes(b"small")
    commands = [
        ("mmd", "::/a folder", "::/a folder/sub"),
        ("mcopy", str(tmp_path / "small"), "::/a folder/sub/A File Called small.bin"),
        ("mcopy", str(tmp_path / "small"), "::/a folder/sub/A File Called gone.bin"),
        ("mcopy", str(tmp_path / "big"), "::/a folder/sub/A File Called big.bin"),
        ("mdel", "::/a folder/sub/A File Called gone.bin"),
        ("mcopy", str(tmp_path / "small"), "::/README.TXT"),
        ("mattrib", "+r", "::/README.TXT"),
    ]
    for program, *arguments in commands:
        result = _run(program, "-i", str(image), *arguments)
        assert result.returncode == 0, result.stderr.decode()
    whole = image.read_bytes()
    if partitioned:
        head = bytearray(2048 * 512)
        head[446 + 16 + 4] = 0x0C  # the second partition
        head[446 + 16 + 8 : 446 + 32] = struct.pack("<II", 2048, len(whole) // 512)
        head[510:512] = b"\x55\xaa"
        whole = bytes(head) + whole
    found = decode(whole)
    assert found.geometry.bits == bits
    assert found.geometry.start == (2048 if partitioned else 0)
    assert found.geometry.fats == 2
    assert found.files == {
        b"/a folder": None,
        b"/a folder/sub": None,
        b"/a folder/sub/A File Called small.bin": b"small",
        b"/a folder/sub/A File Called big.bin": big,
        b"/README.TXT": b"small",
    }
    assert found.read_only == {b"/README.TXT"}
    again = decode(encode(found.files, found.geometry, stamps=found.stamps, read_only=found.read_only))
    assert (again.files, again.stamps, again.read_only) == (found.files, found.stamps, found.read_only)


# -- no file system, and damage


SMALL = format_geometry(100)
IMAGE = encode({b"/a": b"1" * 2000, b"/d": None, b"/d/b": b"2" * 600}, SMALL)
"""Clusters 2 to 5 are of ``a``, 6 is ``d``, 7 and 8 are of ``b``."""
ROOT, FOLDER = SMALL.root_start * 512, SMALL.cluster_start(6) * 512


def _with(*changes: tuple[int, bytes]) -> bytes:
    image = bytearray(IMAGE)
    for at, new in changes:
        image[at : at + len(new)] = new
    return bytes(image)


def _linked(cluster: int, value: int) -> bytes:
    at = SMALL.fat_start * 512 + cluster * 3 // 2
    old = int.from_bytes(IMAGE[at : at + 2], "little")
    new = old & 0xF | value << 4 if cluster & 1 else old & 0xF000 | value
    return _with((at, new.to_bytes(2, "little")))


NOTHING = {
    "an empty medium": b"",
    "less than a sector": b"x" * 511,
    "zeros": bytes(51200),
    "ones": b"\xff" * 51200,
    "no signature": _with((510, b"\0\0")),
    "no jump": _with((0, b"\0")),
    "exFAT": _with((3, b"EXFAT   "), (54, b"\0\0\0")),
    "sectors of 4096 bytes": _with((11, b"\0\x10")),
    "no cluster size": _with((13, b"\0")),
    "an odd cluster size": _with((13, b"\x03")),
    "no reserved sector": _with((14, b"\0\0")),
    "no table": _with((16, b"\0")),
    "three tables": _with((16, b"\x03")),
    "no root": _with((17, b"\0\0")),
    "half a sector of root": _with((17, b"\x08\0")),
    "no sectors": _with((19, b"\0\0")),
    "a table too small": _with((22, b"\0\0")),
    "a partition behind the end": _with((0, b"\0"), (450, b"\x0c"), (454, b"\xff\xff\xff\xff")),
    "a partition at itself": _with((0, b"\0"), (450, b"\x0c"), (454, b"\0\0\0\0")),
}


@pytest.mark.parametrize("image", NOTHING.values(), ids=NOTHING)
def test_no_file_system(image: bytes) -> None:
    with pytest.raises(NoFileSystemError) as caught:
        decode(image)
    assert caught.value.number == 19


DAMAGED = {
    "a medium cut off": (IMAGE[:-512], "the medium 99"),
    "a chain in a circle": (_linked(3, 2), "used twice"),
    "a chain into another": (_linked(5, 6), "used twice"),
    "a chain to nowhere": (_linked(3, 1), "leads to cluster 1"),
    "a chain that ends early": (_linked(3, 0xFFF), "takes 4"),
    "a chain to a free cluster": (_linked(3, 0), "leads to cluster 0"),
    "a file of a cluster too far": (_with((ROOT + 26, b"\xff\0")), "leads to cluster 255"),
    "a file without clusters": (_with((ROOT + 26, b"\0\0")), "takes 4"),
    "a file too long": (_with((ROOT + 28, b"\xff\xff\xff\xff")), "clusters"),
    "a folder inside itself": (_with((FOLDER + 64 + 26, b"\x06\0"), (FOLDER + 64 + 11, b"\x10")), "used twice"),
    "a folder without cluster": (_with((ROOT + 32 + 26, b"\0\0")), "leads to cluster 0"),
    "two of a name": (_with((ROOT + 32, b"A"), (ROOT + 32 + 12, b"\x18")), "two entries"),
    "a name with a slash": (_with((ROOT, b"A/B     ")), "not a name"),
    "a name of spaces": (_with((ROOT, b" ")), "the name"),
}


@pytest.mark.parametrize(("image", "reason"), DAMAGED.values(), ids=DAMAGED)
def test_damage_is_told(image: bytes, reason: str) -> None:
    with pytest.raises(DamagedImageError, match=reason):
        decode(image)


def test_a_long_name_that_does_not_belong_is_not_used() -> None:
    image = bytearray(encode({b"/a long name": b"1"}, SMALL))
    image[ROOT + 13] ^= 1  # the checksum
    assert decode(image).files == {b"/ALONGN~1": b"1"}


def test_letters_outside_the_code_page_show_the_short_name() -> None:
    image = bytearray(encode({b"/a long name": b"1"}, SMALL))
    image[ROOT + 1 : ROOT + 3] = "\u4e0b".encode("utf-16-le")
    assert decode(image).files == {b"/ALONGN~1": b"1"}


_CHANGES = st.one_of(
    st.tuples(st.integers(0, len(IMAGE) - 4), st.binary(min_size=1, max_size=4)),
    st.tuples(
        st.one_of(st.integers(0, 90), st.integers(512, 540), st.integers(ROOT, ROOT + 64), st.integers(FOLDER, FOLDER + 96)),
        st.binary(min_size=1, max_size=3),
    ),
)  # fmt: skip


@given(st.lists(_CHANGES, min_size=1, max_size=8))
def test_any_damage_gives_a_tree_or_a_clear_error(changes: list[tuple[int, bytes]]) -> None:
    _judge(_with(*changes))


@given(st.binary(max_size=2000))
def test_any_bytes(image: bytes) -> None:
    _judge(image)


def _judge(image: bytes) -> None:
    try:
        found = decode(image)
    except (NoFileSystemError, DamagedImageError) as error:
        assert str(error)  # noqa: PT017  (it may as well not fail)
    else:
        assert sum(len(content or b"") for content in found.files.values()) <= len(image)
