"""``flash ls|tree|cat|put|get|rm|df|import|export`` on the folder of a stored board."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Board, ProjectError, cli, flash_tool
from emulator.flash_tool import FlashError, FlashTool, Place, gather, host_fault, parse
from emulator.state import StateFolder
from emulator.state import host as host_module
from flashfs import Volume
from flashfs.images import write_image
from tests.emulator.commandline import run, running

Kind = Literal["littlefs", "fat"]
KINDS: tuple[Kind, ...] = ("littlefs", "fat")
FAILED, USAGE = 1, 2


@dataclass
class Ended:
    status: int
    out: bytes
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.decode().splitlines()

    @property
    def table(self) -> Any:
        return json.loads(self.out)


Flash = Callable[..., Ended]


@pytest.fixture
def flash(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Flash:
    """Run ``flash`` on the state folder ``board``, in this process."""

    def call(*words: str | os.PathLike[str], state: str = "board") -> Ended:
        capfdbinary.readouterr()
        status = cli.main(["flash", *map(os.fspath, words), "--state", str(tmp_path / state)])
        out, err = capfdbinary.readouterr()
        return Ended(status, out, err.decode())

    return call


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """Files of the host."""
    folder = tmp_path / "local"
    (folder / "lib" / "deep").mkdir(parents=True)
    (folder / "main.py").write_bytes(b"print(1)\r\n")
    (folder / "lib" / "a.py").write_bytes(b"a")
    (folder / "lib" / "deep" / "raw.bin").write_bytes(bytes(range(256)) * 20)
    return folder


@pytest.fixture
def stored(flash: Flash, local: Path) -> Path:
    """A stored board with those files, beside what boot makes."""
    assert flash("put", f"{local}/", ":").status == 0
    return local.parent / "board"


def one_line(ended: Ended, status: int, *words: str) -> None:
    assert ended.status == status, ended
    assert len(ended.err.splitlines()) == 1, ended.err
    assert ended.err.startswith("pycom-emulator: ")
    for word in words:
        assert word in ended.err


# -- paths

PATHS = {
    ":": Place("/flash", (), True),
    "": Place("/flash", (), True),
    "main.py": Place("/flash", (b"main.py",)),
    ":main.py": Place("/flash", (b"main.py",)),
    ":/flash/main.py": Place("/flash", (b"main.py",)),
    "/flash/main.py": Place("/flash", (b"main.py",)),
    ":cert/ca.pem": Place("/flash", (b"cert", b"ca.pem")),
    ":flash/x": Place("/flash", (b"flash", b"x")),
    "/sd/log//2.txt": Place("/sd", (b"log", b"2.txt")),
    ":/sd/": Place("/sd", (), True),
    "/sd": Place("/sd", (), True),
    "/": Place("", (), True),
    ":/": Place("", (), True),
    "lib/": Place("/flash", (b"lib",), True),
    "lib/.": Place("/flash", (b"lib",), True),
    "lib/../x": Place("/flash", (b"x",)),
    "lib/..": Place("/flash", (), True),
    "::x": Place("/flash", (b":x",)),
    "\udcff\u00e4": Place("/flash", (b"\xff\xc3\xa4",)),
    "a\\..\\b": Place("/flash", (b"a\\..\\b",)),
}


@pytest.mark.parametrize(("text", "place"), PATHS.items(), ids=[repr(text) for text in PATHS])
def test_a_path_means(text: str, place: Place) -> None:
    assert parse(text) == place


@pytest.mark.parametrize("text", [":../x", ":../../x", "..", "lib/../../x", "/flash/../sd/x", "/sd/..", "/..", "/etc/x", "/main.py", "a\0b"])  # fmt: skip
def test_a_path_that_leads_out_is_refused(text: str) -> None:
    with pytest.raises(FlashError):
        parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_path_inside_a_volume_or_refused(text: str) -> None:
    try:
        place = parse(text)
    except FlashError:
        return
    assert place.mount in ("", "/flash", "/sd")
    assert not {b"", b".", b".."} & set(place.parts)
    assert not any(b"/" in part or b"\0" in part for part in place.parts)


# -- looking


def test_ls_lists_in_the_boards_order(flash: Flash, stored: Path) -> None:
    assert flash("ls").lines == ["boot.py", "cert/", "lib/", "main.py", "sys/"]
    assert flash("ls", ":lib").lines == ["a.py", "deep/"]
    assert flash("ls", "/flash/lib/a.py").lines == ["a.py"]
    assert flash("ls", "/").lines == ["/flash/"]


def test_ls_with_sizes_and_times(flash: Flash, stored: Path) -> None:
    os.utime(stored / "flash" / "lib" / "a.py", (1_600_000_000, 1_600_000_000))
    assert flash("ls", "-l", "lib").lines[0].split() == ["1", "2020-09-13", "12:26:40", "a.py"]
    assert flash("ls", "--json", ":lib").table == [
        {"name": "a.py", "path": "/flash/lib/a.py", "type": "file", "size": 1, "time": 1_600_000_000},
        {"name": "deep", "path": "/flash/lib/deep", "type": "folder", "size": None, "time": None},
    ]


def test_tree(flash: Flash, stored: Path) -> None:
    assert flash("tree", "lib").lines == ["/flash/lib", "├── a.py  1", "└── deep/", "    └── raw.bin  5120"]
    paths = [entry["path"] for entry in flash("tree", "--json").table]
    assert paths[-3:] == ["/flash/lib/deep/raw.bin", "/flash/main.py", "/flash/sys"]


def test_tree_where_the_output_has_no_lines(stored: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "emulator", "flash", "tree", "lib", "--state", str(stored)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.splitlines() == ["/flash/lib", "|-- a.py  1", "`-- deep/", "    `-- raw.bin  5120"]


def test_a_deep_tree(flash: Flash, stored: Path) -> None:
    with Board(state=stored) as board:
        board.volume.load({"/d" * 120: None})
    assert len(flash("tree", "d").lines) == 120
    assert len(flash("tree", "--json", "d").table) == 119
    assert flash("rm", "-r", "d").status == 0
    assert flash("ls", "d").status == FAILED


def test_cat_gives_the_bytes(flash: Flash, stored: Path, local: Path) -> None:
    assert flash("cat", ":lib/deep/raw.bin").out == bytes(range(256)) * 20
    assert flash("cat", "main.py", ":/flash/lib/a.py").out == b"print(1)\r\na"


@pytest.mark.parametrize(
    ("options", "kind", "total", "free", "size"),
    [
        ((), "littlefs", 1024, 1016, 4096),
        (("--fs", "fat"), "fat", 2038, 2033, 2048),
        (("--board", "sipy"), "littlefs", 127, 119, 4096),
        (("--board", "sipy", "--fs", "fat"), "fat", 980, 975, 512),
    ],
    ids=["8MB-littlefs", "8MB-fat", "4MB-littlefs", "4MB-fat"],
)
def test_df_counts_as_the_board(
    flash: Flash, local: Path, options: tuple[str, ...], kind: str, total: int, free: int, size: int
) -> None:
    """A board after its first boot: 487 and 4066 KiB free on FAT, 476 and 4064 on LittleFS (measured on the board)."""
    flash("put", *options, local / "lib" / "a.py", ":main.py")
    (table,) = flash("df", "--json", *options[: 2 if "--board" in options else 0]).table
    assert table == {
        "volume": "/flash",
        "fs": kind,
        "block_size": size,
        "blocks": {"total": total, "used": total - free, "free": free},
        "kib": {
            "total": total * size // 1024,
            "used": (total - free) * size // 1024,
            "free": {1016: 4064, 2033: 4066, 119: 476, 975: 487}[free],
        },
    }


def test_df_for_people(flash: Flash, stored: Path) -> None:
    head, flash_line, sd_line = flash("df", "--sd").lines
    assert head.split() == ["volume", "fs", "block", "blocks", "used", "free", "KiB", "used", "free"]
    assert flash_line.split() == ["/flash", "littlefs", "4096", "1024", "12", "1012", "4096", "48", "4048"]
    assert sd_line.split()[:4] == ["/sd", "fat", "4096", "2043"]


def test_names_from_strangers_stay_on_their_line(flash: Flash, stored: Path) -> None:
    with Board(state=stored) as board:
        board.volume.load({b"/x\x1b[2J\n\xff": b"1"})
    assert "x\\x1b[2J\\n\\udcff" in flash("ls").lines
    assert flash("ls", "--json").table[-1]["name"] == "x\x1b[2J\n\udcff"


def test_looking_changes_nothing(flash: Flash, stored: Path) -> None:
    def everything() -> dict[str, tuple[int, bytes]]:
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in stored.rglob("*") if path.is_file()}

    before = everything()
    for words in (["ls"], ["tree"], ["df"], ["cat", "main.py"]):
        assert flash(*words).status == 0
    assert everything() == before


def test_a_look_does_not_format_what_the_next_boot_will(flash: Flash, stored: Path, local: Path) -> None:
    """A script chose FAT and the process ended: only the next boot makes the flash anew."""
    config = stored / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"boot_fs_type": 0}))
    assert "main.py" in flash("ls").lines
    ended = flash("put", local / "lib" / "a.py", ":")
    assert ended.status == 0
    assert "at its next start the board formats /flash as fat" in ended.err
    assert flash("cat", "a.py").out == b"a"
    with Board(state=stored) as board:
        assert board.volume.kind == "fat"
    assert "a.py" not in flash("ls").lines


# -- put

PUT = {
    "file-to-root": (["main.py"], ":", {"main.py"}),
    "file-to-name": (["main.py"], ":boot.py", {"boot.py"}),
    "file-to-new-folder": (["main.py"], ":new/", {"new", "new/main.py"}),
    "file-to-new-path": (["main.py"], ":new/x/y.py", {"new", "new/x", "new/x/y.py"}),
    "file-to-folder": (["main.py"], "cert", {"cert/main.py"}),
    "two": (["main.py", "lib/a.py"], ":cert", {"cert/main.py", "cert/a.py"}),
    "folder-below": (["lib"], ":cert", {"cert/lib", "cert/lib/a.py", "cert/lib/deep", "cert/lib/deep/raw.bin"}),
    "folder-as-new": (["lib"], ":new", {"new", "new/a.py", "new/deep", "new/deep/raw.bin"}),
    "contents": (["lib/"], ":cert", {"cert/a.py", "cert/deep", "cert/deep/raw.bin"}),
    "contents-and-file": (["lib/", "main.py"], ":/flash/cert/", {"cert/a.py", "cert/deep", "cert/deep/raw.bin", "cert/main.py"}),
}  # fmt: skip
BOOT = {"main.py", "boot.py", "lib", "cert", "sys"}


@pytest.mark.parametrize(("sources", "target", "added"), PUT.values(), ids=PUT.keys())
def test_put(flash: Flash, local: Path, sources: list[str], target: str, added: set[str]) -> None:
    ended = flash("put", *(f"{local}/{source}" for source in sources), target)
    assert (ended.status, ended.out, ended.err) == (0, b"", "")
    found = {entry["path"].removeprefix("/flash/") for entry in flash("tree", "--json").table}
    assert found == BOOT | added


def test_what_is_put_is_what_a_script_reads(flash: Flash, stored: Path) -> None:
    with Board(state=stored) as board:
        assert (board.flash / "lib" / "deep" / "raw.bin").read_bytes() == bytes(range(256)) * 20
        assert (board.flash / "main.py").read_bytes() == b"print(1)\r\n"


def test_put_of_a_name_that_is_no_utf8(flash: Flash, local: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has such names")
    (local / os.fsdecode(b"x\xff%41")).write_bytes(b"1")
    assert flash("put", f"{local}/", ":").status == 0
    with Board(state=local.parent / "board") as board:
        assert board.volume.read(b"/x\xff%41") == b"1"


REFUSED_PUTS = {
    "missing": (["nope"], ":", "no such file"),
    "out": (["main.py"], ":../../x", "leads out of /flash"),
    "no-volume": (["main.py"], "/main.py", "ENODEV"),
    "root": (["main.py"], "/", "EPERM"),
    "no-card": (["main.py"], "/sd/x", "no SD card"),
    "below-file": (["main.py"], ":boot.py/x", "ENOTDIR"),
    "folder-over-file": (["lib/"], ":boot.py", "ENOTDIR"),
    "twice": (["main.py", "lib/deep/../../main.py"], ":", "written twice"),
    "name": (["main.py"], ":" + "n" * 1023, "1023 bytes, LittleFS takes 1022"),
}


@pytest.mark.parametrize(("sources", "target", "words"), REFUSED_PUTS.values(), ids=REFUSED_PUTS.keys())
def test_a_refused_put_changes_nothing(
    flash: Flash, stored: Path, local: Path, sources: list[str], target: str, words: str
) -> None:
    before = flash("tree", "--json").out
    one_line(flash("put", *(f"{local}/{source}" for source in sources), target), FAILED, words)
    assert flash("tree", "--json").out == before


@pytest.mark.parametrize("kind", KINDS)
def test_put_without_room_says_how_much_is_missing_and_changes_nothing(flash: Flash, local: Path, kind: Kind) -> None:
    (local / "big").write_bytes(bytes(600_000))
    flash("put", local / "main.py", ":", "--board", "sipy", "--fs", kind)
    before = flash("tree", "--json", "--board", "sipy").out
    ended = flash("put", f"{local}/", ":", "--board", "sipy")
    one_line(ended, FAILED, "/flash: ENOSPC", {"littlefs": "blocks of 4096 bytes", "fat": "clusters of 512"}[kind])
    assert flash("tree", "--json", "--board", "sipy").out == before


def test_put_makes_a_board_in_an_empty_folder(flash: Flash, local: Path, tmp_path: Path) -> None:
    (tmp_path / "board").mkdir()
    assert flash("put", local / "main.py", ":", "--fs", "fat").status == 0
    with Board(state=tmp_path / "board") as board:
        assert board.volume.kind == "fat"
        assert board.run(timeout=30).text == "1\n"


def test_put_that_cannot_read_leaves_no_new_board(flash: Flash, tmp_path: Path) -> None:
    one_line(flash("put", tmp_path / "nope", ":"), FAILED, "no such file")
    assert not (tmp_path / "board").exists()


def test_a_full_host_disk(flash: Flash, stored: Path, local: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: object, *_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(host_module.Host, "put", full)
    ended = flash("put", local / "main.py", ":lib/new.py")
    assert ended.status == FAILED
    assert "No space left on device" in ended.err
    assert ended.err.splitlines()[-1].endswith("not everything could be stored")
    monkeypatch.undo()
    assert flash("cat", "main.py").out == b"print(1)\r\n"


# -- get

GET = {
    "file-to-name": ([":main.py"], "x.py", {"x.py"}),
    "file-to-folder": ([":main.py"], "there", {"there/main.py"}),
    "file-to-new-folder": ([":main.py"], "new/", {"new", "new/main.py"}),
    "two": ([":main.py", "lib/a.py"], "new", {"new", "new/main.py", "new/a.py"}),
    "folder-below": ([":lib"], "there", {"there/lib", "there/lib/a.py", "there/lib/deep", "there/lib/deep/raw.bin"}),
    "folder-as-new": ([":lib"], "new", {"new", "new/a.py", "new/deep", "new/deep/raw.bin"}),
    "contents": ([":lib/"], "there", {"there/a.py", "there/deep", "there/deep/raw.bin"}),
}


@pytest.mark.parametrize(("sources", "target", "added"), GET.values(), ids=GET.keys())
def test_get(flash: Flash, stored: Path, tmp_path: Path, sources: list[str], target: str, added: set[str]) -> None:
    out = tmp_path / "out"
    (out / "there").mkdir(parents=True)
    ended = flash("get", *sources, f"{out}/{target}")
    assert (ended.status, ended.out, ended.err) == (0, b"", "")
    found = {path.relative_to(out).as_posix() for path in out.rglob("*")} - {"there"}
    assert found == added
    for path in out.rglob("raw.bin"):
        assert path.read_bytes() == bytes(range(256)) * 20


def test_get_all_gives_back_what_was_put(flash: Flash, stored: Path, local: Path, tmp_path: Path) -> None:
    assert flash("get", ":", tmp_path / "out").status == 0
    for path in local.rglob("*"):
        if path.is_file():
            assert (tmp_path / "out" / path.relative_to(local)).read_bytes() == path.read_bytes()
    assert (tmp_path / "out" / "sys").is_dir()


def test_get_replaces_a_file_whole(flash: Flash, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "kept"
    target.write_bytes(b"old")

    def full(self: Path, *_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    one_line(flash("get", "main.py", target), FAILED, "No space left")
    assert target.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"board", "local", "kept"}


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_get_does_not_follow_links_out_of_its_folder(flash: Flash, stored: Path, tmp_path: Path) -> None:
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    (outside / "a.py").write_bytes(b"untouched")
    out.mkdir()
    (out / "deep").symlink_to(outside)
    one_line(flash("get", ":lib/", out), FAILED, "a link, which may lead out")
    assert [path.name for path in outside.iterdir()] == ["a.py"]
    assert [path.name for path in out.iterdir()] == ["deep"]
    (out / "deep").unlink()
    (out / "a.py").symlink_to(outside / "a.py")
    assert flash("get", ":lib/", out).status == 0
    assert (outside / "a.py").read_bytes() == b"untouched"
    assert not (out / "a.py").is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="no such devices there")
def test_get_to_a_device_writes_to_it(flash: Flash, stored: Path) -> None:
    assert flash("get", "main.py", "/dev/null").status == 0
    assert not Path("/dev/null").is_file()


def test_get_of_what_this_machine_cannot_have(flash: Flash, stored: Path, tmp_path: Path) -> None:
    with Board(state=stored) as board:
        board.volume.load({b"/lib/" + b"n" * 300: b"long"})
    one_line(flash("get", ":lib", tmp_path / "out"), FAILED, "300 bytes, this machine takes 255")
    assert not (tmp_path / "out").exists()
    assert flash("get", ":lib/" + "n" * 300, tmp_path / "short").status == 0
    assert (tmp_path / "short").read_bytes() == b"long"


HOST_NAMES = {
    b"main.py": True,
    b"a b": True,
    b".hidden": True,
    b"a:b": False,
    b"a\\..\\..\\b": False,
    b"C:": False,
    b"nul": False,
    b"CON.txt": False,
    b"dot.": False,
    b"space ": False,
    b"x\x01": False,
    b"\xff": True,
}


@pytest.mark.parametrize(("name", "good"), HOST_NAMES.items(), ids=[repr(name) for name in HOST_NAMES])
def test_names_on_windows(name: bytes, good: bool) -> None:
    assert (host_fault(name, windows=True) is None) is good
    assert host_fault(name, windows=False) is None


def test_get_of_two_names_that_are_one_here(
    flash: Flash, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Board(state=stored) as board:
        board.volume.load({"/lib/LOG": b"1", "/lib/log": b"2"})
    assert flash("get", ":lib", tmp_path / "linux").status == 0 or sys.platform in ("win32", "darwin")
    monkeypatch.setattr(flash_tool.sys, "platform", "darwin")
    one_line(flash("get", ":lib", tmp_path / "mac"), FAILED, "would be one file on this machine")
    assert not (tmp_path / "mac").exists()


# -- rm


def test_rm(flash: Flash, stored: Path) -> None:
    assert flash("rm", "main.py", ":lib/a.py").status == 0
    assert flash("ls", "lib").lines == ["deep/"]
    assert flash("rm", "-r", "lib", "lib/deep").status == 0
    assert flash("ls").lines == ["boot.py", "cert/", "sys/"]
    assert not (stored / "flash" / "lib").exists()


REFUSED_RMS = {
    "missing": (["boot.py", "nope"], "/flash/nope: ENOENT"),
    "folder": (["boot.py", "lib"], "-r removes it"),
    "volume": (["-r", "boot.py", ":"], "whole volume"),
    "all": (["-r", "/"], "whole volume"),
    "file-as-folder": (["boot.py/"], "ENOTDIR"),
    "out": (["-r", ":../board"], "leads out"),
}


@pytest.mark.parametrize(("words", "text"), REFUSED_RMS.values(), ids=REFUSED_RMS.keys())
def test_a_refused_rm_removes_nothing(flash: Flash, stored: Path, words: list[str], text: str) -> None:
    before = flash("tree", "--json").out
    one_line(flash("rm", *words), FAILED, text)
    assert flash("tree", "--json").out == before


# -- the card


def test_the_card(flash: Flash, stored: Path, local: Path, tmp_path: Path) -> None:
    one_line(flash("ls", "/sd"), FAILED, "no SD card")
    assert flash("put", "--sd-size", "4", local / "lib", "/sd/").status == 0
    assert flash("tree", "/sd").lines[1:] == [
        "└── lib/",
        "    ├── a.py  1",
        "    └── deep/",
        "        └── raw.bin  5120",
    ]
    assert flash("ls", "/").lines == ["/flash/", "/sd/"]
    assert flash("cat", ":/sd/LIB/A.PY").out == b"a"
    assert flash("export", "--volume", "sd", tmp_path / "sd.img").lines[0].endswith("8388608 bytes, fat")
    assert flash("import", "--volume", "sd", tmp_path / "sd.img", state="other").status == FAILED
    assert flash("import", "--volume", "sd", tmp_path / "sd.img", "--sd", state="other").status == 0
    assert flash("tree", "/sd", state="other").out == flash("tree", "/sd").out


def test_a_card_that_holds_more_than_the_usual_size(flash: Flash, stored: Path, local: Path) -> None:
    for name in ("one", "two"):
        (local / name).write_bytes(bytes(5 << 20))
    assert flash("put", "--sd-size", "16", local / "one", local / "two", "/sd/").status == 0
    ended = flash("ls", "/sd")
    one_line(ended, USAGE, "--state", "sd")
    assert flash("ls", "/sd", "--sd-size", "16").lines == ["one", "two"]


# -- images


def needs_littlefs(kind: Kind) -> None:
    if kind == "littlefs":
        pytest.importorskip("littlefs")


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_there_and_back(flash: Flash, local: Path, tmp_path: Path, kind: Kind) -> None:
    needs_littlefs(kind)
    image = tmp_path / "flash.img"
    assert flash("put", "--fs", kind, f"{local}/", ":").status == 0
    assert flash("export", image).lines == [f"{image}: 4194304 bytes, {kind}"]
    ended = flash("import", image, state="new")
    assert ended.lines == [f"/flash is {kind} with 4 files and 4 folders"]
    assert flash("tree", "--json", state="new").out == flash("tree", "--json").out
    with Board(state=tmp_path / "new") as board:
        assert board.volume.kind == kind


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_of_the_other_kind_changes_the_flash_and_says_so(flash: Flash, stored: Path, kind: Kind) -> None:
    needs_littlefs(kind)
    other: Kind = "fat" if kind == "littlefs" else "littlefs"
    source = Volume(kind, capacity=4 << 20, now=lambda: 1_600_000_000)
    source.load({"/main.py": b"print('from the image')"})
    image = stored.parent / "flash.img"
    image.write_bytes(write_image(source))
    shutil.rmtree(stored)
    flash("put", "--fs", other, image.parent / "local" / "main.py", ":old.py")
    ended = flash("import", image)
    assert ended.lines == [f"/flash is {kind} with 1 files and 0 folders; it was {other} before"]
    assert flash("ls", "-l").lines == ["        23  2020-09-13 12:26:40  main.py"]
    with Board(state=stored) as board:  # boots as that kind, too, and formats nothing
        result = board.run(timeout=30)
    assert result.text == "from the image\n"
    assert not any(note.code == "flash-formatted" for note in result.notes)


def test_an_image_of_another_size(flash: Flash, stored: Path, tmp_path: Path) -> None:
    pytest.importorskip("littlefs")
    for kind in KINDS:
        source = Volume(kind, capacity=127 * 4096)
        source.load({"/small.py": b"1"})
        (tmp_path / f"{kind}.img").write_bytes(write_image(source))
    before = flash("tree", "--json").out
    one_line(flash("import", tmp_path / "littlefs.img"), FAILED, "127 blocks of 4096 bytes, the flash 1024")
    assert flash("tree", "--json").out == before
    assert flash("import", tmp_path / "littlefs.img", "--board", "sipy").status == 0
    assert flash("import", tmp_path / "fat.img").status == 0
    assert flash("ls").lines == ["small.py"]


def bad_images() -> dict[str, bytes]:
    whole = write_image(Volume("fat", capacity=4 << 20))
    return {
        "empty": b"",
        "text": b"print(1)\n",
        "truncated": whole[: 2 << 20],
        "wrong-magic": whole[:510] + b"\0\0" + whole[512:],
        "littlefs-head": b"\0" * 8 + b"littlefs" + b"\xff" * 4000,
    }


@pytest.mark.parametrize("name", ["empty", "text", "truncated", "wrong-magic", "littlefs-head", "missing", "folder"])
def test_a_bad_image_leaves_the_board_alone(flash: Flash, stored: Path, tmp_path: Path, name: str) -> None:
    image = tmp_path / "bad.img"
    if name == "folder":
        image.mkdir()
    elif name != "missing":
        image.write_bytes(bad_images()[name])
    before = flash("tree", "--json").out
    one_line(flash("import", image), FAILED, "bad.img")
    assert flash("tree", "--json").out == before
    one_line(flash("import", image, state="new"), FAILED)
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.name == "nt", reason="files have no holes there")
def test_a_huge_image_is_not_read_whole(flash: Flash, stored: Path, tmp_path: Path) -> None:
    for name, head in (("littlefs", b"\0" * 8 + b"littlefs"), ("zeros", b"")):
        with (tmp_path / name).open("wb") as file:
            file.write(head)
            file.truncate(1 << 38)  # all of it a hole
        one_line(flash("import", tmp_path / name), FAILED, name)


def test_a_card_is_fat(flash: Flash, stored: Path, tmp_path: Path) -> None:
    pytest.importorskip("littlefs")
    (tmp_path / "l.img").write_bytes(write_image(Volume("littlefs")))
    one_line(flash("import", "--sd", "--volume", "sd", tmp_path / "l.img"), FAILED, "only FAT")


def test_export_replaces_an_image_whole_or_not(flash: Flash, stored: Path, tmp_path: Path) -> None:
    one_line(flash("export", tmp_path), FAILED, "EISDIR")
    one_line(flash("export", tmp_path / "no" / "where.img"), FAILED, "ENOENT")
    assert not list(tmp_path.glob(".flash-*"))


# -- the folder

NO_BOARDS: dict[str, Callable[[Path], object]] = {
    "missing": lambda folder: None,
    "empty": lambda folder: folder.mkdir(),
    "hosts-own": lambda folder: (folder.mkdir(), (folder / "Thumbs.db").write_text("x")),
    "file": lambda folder: folder.write_text("x"),
    "strangers": lambda folder: (folder.mkdir(), (folder / "holiday.jpg").write_text("x")),
    "damaged": lambda folder: (folder.mkdir(), (folder / "board.json").write_text("{")),
    "later": lambda folder: (folder.mkdir(), (folder / "board.json").write_text('{"format": 99, "fs": "fat"}')),
}


@pytest.mark.parametrize("make", NO_BOARDS.values(), ids=NO_BOARDS.keys())
@pytest.mark.parametrize("words", [["ls"], ["tree"], ["cat", "x"], ["df"], ["rm", "x"], ["get", ":", "out"], ["export", "out"]], ids=lambda words: words[0])  # fmt: skip
def test_what_is_no_board_is_refused(
    flash: Flash, tmp_path: Path, make: Callable[[Path], object], words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "board"
    make(folder)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    one_line(flash(*words), USAGE, "--state", "board")
    assert sorted(str(path) for path in tmp_path.rglob("*") if path.name != "lock") == before


USAGES = {
    "nothing": [],
    "no-action": ["format"],
    "no-target": ["put", "x"],
    "board": ["ls", "--board", "uno"],
    "fs-where-none-is-made": ["ls", "--fs", "fat"],
    "other-fs": ["put", __file__, ":", "--fs", "fat"],
    "sd-size": ["df", "--sd-size", "0"],
    "volume": ["export", "x", "--volume", "eeprom"],
}


@pytest.mark.parametrize("words", USAGES.values(), ids=USAGES.keys())
def test_wrong_usage(flash: Flash, stored: Path, words: list[str]) -> None:
    one_line(flash(*words), USAGE)


def test_no_state() -> None:
    ended = run("flash", "ls")
    assert (ended.status, len(ended.err.splitlines())) == (USAGE, 1)
    assert "--state" in ended.err


def test_a_second_process_is_refused_in_one_line(stored: Path) -> None:
    script = stored.parent / "wait.py"
    script.write_text("print('up')\nimport time\nwhile True:\n    time.sleep(1)\n")
    with running("run", script, "--state", stored) as board:
        board.wait_for("out", "up")
        for words in (["ls"], ["put", script, ":"]):
            ended = run("flash", *words, "--state", stored)
            assert (ended.status, len(ended.err.splitlines())) == (USAGE, 1)
            assert "in use by another process" in ended.err
    assert run("flash", "ls", "--state", stored).status == 0


def test_the_whole_story_as_processes(local: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert run("flash", "put", f"{local}/", ":", "--state", state).status == 0
    ended = run("run", local / "main.py", "--state", state)
    assert (ended.status, ended.out) == (0, "1\n")
    listing = run("flash", "ls", ":", "--state", state)
    assert listing.out.splitlines() == ["boot.py", "cert/", "lib/", "main.py", "sys/"]
    assert run("flash", "get", ":lib", tmp_path / "out", "--state", state).status == 0
    assert (tmp_path / "out" / "a.py").read_bytes() == b"a"


# -- progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_for_terminals_and_long_transfers(
    stored: Path, local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emulator.commands import progress

    words = ["flash", "put", f"{local}/", ":", "--state", str(stored)]
    monkeypatch.setattr(sys, "stderr", terminal := _Terminal())
    assert cli.main(words) == 0
    assert terminal.getvalue() == ""
    monkeypatch.setattr(progress, "_PATIENCE", -1.0)
    assert cli.main(words) == 0
    assert terminal.getvalue().startswith("\rput [")
    assert terminal.getvalue().endswith("\r\x1b[K")
    monkeypatch.setattr(sys, "stderr", plain := io.StringIO())
    assert cli.main(words) == 0
    assert plain.getvalue() == ""


# -- as a library


def test_the_tool_in_python(stored: Path) -> None:
    with FlashTool(stored) as tool:
        assert tool.read(parse(":main.py")) == b"print(1)\r\n"
        with pytest.raises(ProjectError, match="in use"):
            StateFolder(stored)
        with pytest.raises(FlashError, match="EISDIR"):
            tool.read(parse(":lib"))
    StateFolder(stored).close()


def test_gather_reads_all_before_anything_is_written(local: Path) -> None:
    found = gather([f"{local}/"], parse(":x"), target_is_folder=False)
    assert found == {
        b"/x": None,
        b"/x/main.py": b"print(1)\r\n",
        b"/x/lib": None,
        b"/x/lib/a.py": b"a",
        b"/x/lib/deep": None,
        b"/x/lib/deep/raw.bin": bytes(range(256)) * 20,
    }
