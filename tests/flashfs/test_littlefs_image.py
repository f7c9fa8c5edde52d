"""Images of LittleFS and FAT: written and read here, by LittleFS's own code, by mtools and fsck.fat."""

from __future__ import annotations

import builtins
import doctest
import runpy
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flashfs.images
from flashfs import Volume
from flashfs.fat_image import DamagedImageError, dos_time
from flashfs.images import ImageError, Tree, read_image, restore, write_image
from flashfs.littlefs_image import LittleFsMissingError, decode, encode, superblock

littlefs = pytest.importorskip("littlefs")

Kind = Literal["littlefs", "fat"]
KINDS: tuple[Kind, ...] = ("littlefs", "fat")
BLOCKS = (127, 1024)
FSCK = shutil.which("fsck.fat") or "/usr/sbin/fsck.fat"
SIZES = (0, 1, 512, 513, 4096, 4097, 8188, 8192, 30000)
FILES: dict[bytes, bytes | None] = {
    b"/main.py": b"print(1)\r\n",
    b"/lib": None,
    b"/lib/deep": None,
    b"/lib/deep/a.py": b"",
    **{b"/f%d" % size: bytes(i & 0xFF for i in range(size)) for size in SIZES},
}
MOMENT = 1_600_000_000


def volume(kind: Kind = "littlefs", blocks: int = 127, files: Mapping[bytes, bytes | None] = FILES) -> Volume:
    made = Volume(kind, capacity=blocks * 4096, now=lambda: MOMENT)
    made.load(files)
    return made


def tree_of(of: Volume) -> dict[str, bytes | None]:
    return dict(sorted(of.snapshot().items()))


def theirs(image: bytes | bytearray, **options: Any) -> Any:
    """The package's own view of an image, with its own defaults apart from sizes."""
    context = littlefs.UserContext(buffer=bytearray(image))
    options = {"block_size": 4096, "block_count": len(image) // 4096, "name_max": 1022} | options
    return littlefs.LittleFS(context, mount=False, **options)


# -- there and back


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_image_holds_what_the_volume_holds(kind: Kind, blocks: int) -> None:
    before = volume(kind, blocks)
    image = write_image(before)
    assert len(image) == blocks * 4096
    tree = read_image(image)
    assert (tree.kind, tree.size) == (kind, blocks * 4096)
    assert tree.files == FILES
    assert set(tree.stamps.values()) == {MOMENT}
    after = Volume("fat" if kind == "littlefs" else "littlefs", capacity=blocks * 4096)
    after.load({"/old": b"1"})
    restore(after, tree)
    assert after.kind == kind
    assert tree_of(after) == tree_of(before)
    assert after.stat("/main.py")[8] == MOMENT
    assert after.stat("/lib")[8] == MOMENT
    assert after.statvfs() == before.statvfs()


def test_fat_keeps_the_order_of_the_slots() -> None:
    before = volume("fat", files={b"/b": b"", b"/a": b"", b"/c": b""})
    before.remove("/b")
    before.load({"/z": b""})
    after = Volume("fat", capacity=127 * 4096)
    restore(after, read_image(write_image(before)))
    assert after.listdir("/") == before.listdir("/") == [b"z", b"a", b"c"]


NAMES = st.binary(min_size=1, max_size=40).filter(
    lambda name: not set(name) & set(b"/\0") and name not in (b".", b"..")
)
TREES = st.dictionaries(
    st.tuples(NAMES, st.one_of(st.just(b""), NAMES)),
    st.one_of(st.none(), st.binary(max_size=600), st.integers(500, 9000).map(bytes)),
    max_size=12,
)


@given(TREES)
def test_any_names_and_contents(raw: dict[tuple[bytes, bytes], bytes | None]) -> None:
    before = Volume("littlefs", capacity=127 * 4096)
    for (folder, name), content in raw.items():
        path = b"/" + folder + (b"/" + name if name else b"")
        try:
            before.load({path: content})
        except OSError:
            continue
    tree = read_image(write_image(before))
    after = Volume("littlefs", capacity=127 * 4096)
    restore(after, tree)
    assert tree_of(after) == tree_of(before)


def test_a_name_of_1022_bytes_and_bytes_that_are_no_utf8() -> None:
    files: dict[bytes, bytes | None] = {b"/" + b"n" * 1022: b"1", b"/\xff\xfe": b"2", b"/a:b\\c ": b"3"}
    assert read_image(write_image(volume(files=files))).files == files


def test_folders_nest_as_deep_as_they_fit() -> None:
    files: dict[bytes, bytes | None] = {b"/d" * depth: None for depth in range(1, 61)}
    assert read_image(write_image(volume(files=files))).files == files


def test_what_was_not_committed_is_not_in_the_image() -> None:
    before = volume()
    with before.open("/main.py", "w") as file:
        file.write("new")
        assert read_image(write_image(before)).files[b"/main.py"] == FILES[b"/main.py"]


# -- against LittleFS's own code


@pytest.mark.parametrize("blocks", BLOCKS)
def test_their_code_finds_the_boards_format(blocks: int) -> None:
    image = write_image(volume(blocks=blocks))
    fs = theirs(image)
    fs.mount()
    status = fs.fs_stat()
    assert (status.disk_version, status.name_max) == (0x00020000, 1022)
    assert (status.block_size, status.block_count) == (4096, blocks)
    found = {path.strip("/"): (folders, files) for path, folders, files in fs.walk("/")}
    assert found["lib"] == (["deep"], [])
    for path, content in FILES.items():
        moment = dos_time(MOMENT)
        assert fs.getattr(path.decode(), 1) == struct.pack("<HH", moment >> 16, moment & 0xFFFF)
        if content is not None:
            file = littlefs.lfs.file_open(fs.fs, path.decode(), "r")
            assert littlefs.lfs.file_read(fs.fs, file, 40000) == content
            littlefs.lfs.file_close(fs.fs, file)
    fs.unmount()


def test_their_code_counts_the_same_blocks() -> None:
    before = volume()
    fs = theirs(write_image(before), read_size=4096, prog_size=4096, cache_size=4096)
    fs.mount()
    _, _, total, free, *_ = before.statvfs()
    assert fs.used_block_count == total - free
    fs.unmount()


def made_by_them(blocks: int = 127, **options: Any) -> bytes:
    fs = theirs(bytes(blocks * 4096), **({"disk_version": 0x00020000} | options))
    fs.format()
    fs.mount()
    fs.makedirs("/cert/old")
    file = littlefs.lfs.file_open(fs.fs, "/cert/ca.pem", "w")
    littlefs.lfs.file_write(fs.fs, file, b"x" * 5000)
    littlefs.lfs.file_close(fs.fs, file)
    fs.setattr("/cert/ca.pem", 1, struct.pack("<HH", (2050 - 1980) << 9 | 3 << 5 | 9, 12 << 11 | 30 << 5 | 5))
    fs.unmount()
    return bytes(fs.context.buffer)


@pytest.mark.parametrize("options", [{}, {"name_max": 255}, {"prog_size": 256, "read_size": 16, "cache_size": 512}])
def test_their_images_are_read(options: dict[str, int]) -> None:
    tree = read_image(made_by_them(**options))
    assert tree.files == {b"/cert": None, b"/cert/ca.pem": b"x" * 5000, b"/cert/old": None}
    assert tree.stamps[b"/cert"] == 0  # none was stored
    # 9 March 2050 on the medium is 2020 for the board, which counts 30 years ahead
    assert tree.stamps[b"/cert/ca.pem"] == 1583757010


@pytest.mark.parametrize(("blocks", "most"), [(127, 511028), (1024, 4177980)])
def test_their_code_takes_as_many_bytes_as_the_volume(blocks: int, most: int) -> None:
    def theirs_takes(size: int) -> bool:
        try:
            encode({b"/log": bytes(size)}, blocks)
        except ValueError:
            return False
        return True

    empty = Volume("littlefs", capacity=blocks * 4096)
    assert empty.room() == most
    assert (theirs_takes(most), theirs_takes(most + 1)) == (True, False)


# -- what cannot be read


def changed(image: bytes, at: int, new: bytes) -> bytes:
    return image[:at] + new + image[at + len(new) :]


LITTLEFS_IMAGE = encode(FILES, 127)
FAT_IMAGE = write_image(volume("fat"))
SUPERBLOCK_AT = LITTLEFS_IMAGE.index(b"littlefs") + 12
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "text": (b"print('hello')\n", "neither"),
    "zeros": (bytes(8192), "neither"),
    "erased": (b"\xff" * 520192, "neither"),
    "littlefs-truncated": (LITTLEFS_IMAGE[:-1], "520191 bytes, and says 127 blocks"),
    "littlefs-half": (LITTLEFS_IMAGE[:200000], "200000 bytes"),
    "littlefs-longer": (LITTLEFS_IMAGE + b"\xff" * 4096, "524288 bytes"),
    "littlefs-2.1": (made_by_them(disk_version=0x00020001), "LittleFS 2.1; the board reads 2.0"),
    "littlefs-head-only": (LITTLEFS_IMAGE[:30], "no LittleFS"),
    "littlefs-root-destroyed": (LITTLEFS_IMAGE[:40] + b"\0" * 8152 + LITTLEFS_IMAGE[8192:], "damaged"),
    "littlefs-folder-destroyed": (LITTLEFS_IMAGE[:8192] + b"\xff" * (125 * 4096), "corrupt"),
    "fat-truncated": (FAT_IMAGE[:-512], "the volume has 1016 sectors"),
    "fat-no-magic": (changed(FAT_IMAGE, 510, b"\0\0"), "neither"),
    "fat-loop": (changed(FAT_IMAGE, 512, b"\xf8\xff\xff" + b"\x02\x20\x00" * 200), "damaged"),
}


@pytest.mark.parametrize(("image", "words"), BAD.values(), ids=BAD.keys())
def test_what_is_no_whole_image_is_refused_in_one_line(image: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words) as caught:
        read_image(image)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("block_size", [512, 8192])
def test_another_block_size(block_size: int) -> None:
    fs = theirs(bytes(64 * block_size), block_size=block_size, block_count=64, disk_version=0x00020000)
    fs.format()
    image = bytes(fs.context.buffer)
    assert superblock(image) is not None
    with pytest.raises(ImageError, match=f"blocks have {block_size} bytes, the board's 4096"):
        read_image(image)


@given(st.data())
def test_damage_anywhere_is_read_or_refused_and_never_more(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    image = bytearray(LITTLEFS_IMAGE if kind == "littlefs" else FAT_IMAGE)
    reach = data.draw(st.sampled_from([64, 4096, 40960, len(image)]))
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, reach - 1), st.integers(0, 255)), max_size=20)):
        image[at] = value
    try:
        tree = read_image(bytes(image))
    except ImageError:
        return
    assert sum(len(content or b"") for content in tree.files.values()) <= len(image)


# -- what does not go onto a volume leaves it alone


REFUSED: dict[str, tuple[Kind, Tree, str]] = {
    "blocks": ("littlefs", Tree("littlefs", 1024 * 4096, {b"/a": b"1"}, {}), "1024 blocks .* the flash 127"),
    "too-much": ("fat", Tree("fat", 4 << 20, {b"/a": bytes(600_000)}, {}), "clusters"),
    "names": ("littlefs", Tree("fat", 4 << 20, {b"/a:b": b""}, {}), "FAT names"),
}


@pytest.mark.parametrize(("kind", "tree", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_volume_stays_as_it_is(kind: Kind, tree: Tree, words: str) -> None:
    target = volume(kind)
    before = (target.kind, tree_of(target), target.statvfs())
    with pytest.raises(ImageError, match=words):
        restore(target, tree)
    assert (target.kind, tree_of(target), target.statvfs()) == before


def test_a_tree_that_is_too_large_for_an_image() -> None:
    with pytest.raises(ValueError, match="no room"):
        encode({b"/big": bytes(600_000)}, 127)


def test_fat_from_another_medium_that_fits() -> None:
    target = volume("littlefs", 1024)
    restore(target, read_image(FAT_IMAGE))
    assert target.kind == "fat"
    assert target.snapshot().keys() == {path.decode() for path in FILES}


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "littlefs":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    for use in (lambda: read_image(LITTLEFS_IMAGE), lambda: write_image(volume())):
        with pytest.raises(LittleFsMissingError, match=r"pip install 'pycom-emulator\[images\]'"):
            use()
    assert read_image(FAT_IMAGE).files == FILES


def test_decode_says_what_it_is_not() -> None:
    with pytest.raises(DamagedImageError, match="no LittleFS"):
        decode(bytes(8192))


# -- against Debian's tools


@pytest.mark.needs("fsck.fat")
@pytest.mark.parametrize("blocks", BLOCKS)
def test_fsck_has_nothing_to_say(blocks: int, tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    image.write_bytes(write_image(volume("fat", blocks)))
    done = subprocess.run([FSCK, "-n", str(image)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.splitlines()) == 2, done.stdout


@pytest.mark.needs("mcopy")
def test_mtools_read_what_is_written_and_the_reverse(tmp_path: Path) -> None:
    image = tmp_path / "flash.img"
    image.write_bytes(write_image(volume("fat")))
    read = subprocess.run(["mcopy", "-i", str(image), "::/f30000", "-"], capture_output=True, check=True)
    assert read.stdout == FILES[b"/f30000"]
    (tmp_path / "a long name.pem").write_bytes(b"pem" * 1000)
    subprocess.run(["mmd", "-i", str(image), "::/cert"], check=True)
    subprocess.run(["mcopy", "-i", str(image), str(tmp_path / "a long name.pem"), "::/cert/"], check=True)
    files = read_image(image.read_bytes()).files
    assert files.pop(b"/cert/a long name.pem") == b"pem" * 1000
    assert files.pop(b"/cert") is None
    assert files == FILES


# -- the package alone


def test_the_docstring_of_images() -> None:
    assert doctest.testmod(flashfs.images).failed == 0


def test_the_example_of_a_full_flash(capsys: pytest.CaptureFixture[str]) -> None:
    """476 and 487 KiB are free after the first boot of a board with 4 MB (measured); all of it takes content."""
    runpy.run_path(str(Path(__file__).parents[2] / "examples" / "full_flash.py"))["main"]()
    littlefs_lines, fat_lines = capsys.readouterr().out.split("fat ")
    assert littlefs_lines.startswith("littlefs 476 KiB free\n  OSError 28 after 486499 bytes, of which 0 are kept\n")
    assert fat_lines.startswith(f"487 KiB free\n  OSError 28 after {975 * 512} bytes, of which {975 * 512} are kept\n")
    assert f"{littlefs_lines}{fat_lines}".count("host: ['log.txt'] 13") == 2
