"""The tree of a volume in a folder of the host: equal after each change, whole at each instant, whatever the host does."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.state import host as host_module
from emulator.state import names
from emulator.state.host import ASIDE, Host
from emulator.state.mirror import Mirror
from flashfs import Volume

KINDS = ("littlefs", "fat")


class Card:
    """A volume and the folder that keeps it."""

    def __init__(self, folder: Path, kind: Any = "littlefs", *, blind: bool = False, now: float = 1000.0) -> None:
        self.now = now
        self.troubles: list[OSError] = []
        self.volume = Volume(kind, now=lambda: self.now)
        self.mirror = Mirror(self.volume, Host(folder), "flash", blind=blind, trouble=self.troubles.append)

    def start(self) -> Card:
        self.mirror.load()
        self.mirror.forget_names()
        self.mirror.watch()
        return self

    def write(self, path: str | bytes, content: bytes) -> None:
        with self.volume.open(path, "wb") as file:
            file.write(content)

    def times(self) -> dict[bytes, int]:
        return {path: node.stamp for path, node in self.volume.file_system.store.walk()}

    def order(self) -> list[bytes]:
        """Every path, folder by folder, as the board lists it."""
        found, folders = [], [b"/"]
        while folders:
            folder = folders.pop(0)
            for entry in self.volume.ilistdir(folder):
                path = (b"" if folder == b"/" else folder) + b"/" + entry.name
                found.append(path)
                if entry.is_dir:
                    folders.append(path)
        return found


def again(folder: Path, kind: Any = "littlefs", *, blind: bool = False) -> Card:
    """What a new process finds."""
    card = Card(folder, kind, blind=blind)
    card.mirror.load()
    return card


def leftovers(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir() if entry.name.startswith(ASIDE)]


# -- one change after another ----------------------------------------------------------------------------------------------

Change = Callable[[Card], None]
LONG = "long-" * 24
CHANGES: dict[str, Change] = {
    "write": lambda c: c.write("/a", b"1"),
    "overwrite": lambda c: c.write("/a", b"22" * 3000),
    "folder": lambda c: c.volume.mkdir("/d"),
    "write in it": lambda c: c.write("/d/x", b"x"),
    "folder in it": lambda c: c.volume.mkdir("/d/e"),
    "deep file": lambda c: c.write("/d/e/y", b"y"),
    "rename": lambda c: c.volume.rename("/d/x", "/d/z"),
    "rename over a file": lambda c: c.volume.rename("/a", "/d/z"),
    "move a folder": lambda c: c.volume.rename("/d/e", "/e"),
    "empty folder": lambda c: c.volume.mkdir("/f"),
    "make it not new": lambda c: c.write("/b", b"b"),
    "folder over an empty one": lambda c: c.volume.rename("/e", "/f") if c.volume.kind == "littlefs" else None,
    "long name": lambda c: c.write("/" + LONG * (8 if c.volume.kind == "littlefs" else 1), b"long"),
    "remove": lambda c: c.volume.remove("/b"),
    "empty a folder": lambda c: c.volume.remove("/d/z"),
    "remove a folder": lambda c: c.volume.rmdir("/d"),
    "two cases": lambda c: c.write("/Case", b"upper"),
    "the other case": lambda c: c.write("/cASE", b"lower"),
    "odd names": lambda c: c.write("/100%.", b"odd"),
    "format": lambda c: c.volume.format(),
    "after the format": lambda c: c.write("/new", b"new"),
}


@pytest.mark.parametrize("blind", [False, True], ids=["", "case-blind"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_change_is_on_the_host_when_it_returns(tmp_path: Path, kind: str, blind: bool) -> None:
    card = Card(tmp_path, kind, blind=blind).start()
    for name, change in CHANGES.items():
        change(card)
        found = again(tmp_path, kind, blind=blind)
        assert found.volume.snapshot() == card.volume.snapshot(), name
        assert leftovers(tmp_path) == [], name
    assert card.troubles == []


def test_files_are_ordinary_files(tmp_path: Path) -> None:
    card = Card(tmp_path).start()
    card.volume.mkdir("/lib")
    card.write("/lib/été.py", b"x = 1")
    assert (tmp_path / "flash" / "lib" / "été.py").read_bytes() == b"x = 1"


@pytest.mark.parametrize("kind", KINDS)
def test_times_are_kept(tmp_path: Path, kind: str) -> None:
    card = Card(tmp_path, kind).start()
    for index, change in enumerate(list(CHANGES.values())[:12]):
        card.now = 1000.0 + index * 10
        change(card)
    card.mirror.close()
    found = again(tmp_path, kind)
    assert found.times() == card.times()
    assert found.times()[b"/b"] == 1100


def test_the_time_of_a_close_is_kept_whatever_happens_next(tmp_path: Path) -> None:
    card = Card(tmp_path).start()
    card.write("/a", b"1")
    card.now = 3_000_000_000.0  # 2065
    card.write("/a", b"2")
    assert again(tmp_path).times() == {b"/a": 3_000_000_000}


def test_a_times_that_the_board_cannot_have_is_made_one(tmp_path: Path) -> None:
    (tmp_path / "flash").mkdir()
    for name, time in (("old", -5), ("new", 1 << 33), ("odd", 1_700_000_001)):
        (tmp_path / "flash" / name).write_bytes(b"")
        os.utime(tmp_path / "flash" / name, (time, time))
    assert again(tmp_path).times() == {b"/old": 0, b"/new": 0xFFFFFFFE, b"/odd": 1_700_000_000}


@pytest.mark.parametrize("kind", KINDS)
def test_listings_are_kept(tmp_path: Path, kind: str) -> None:
    card = Card(tmp_path, kind).start()
    for name in ("zz", "a", "a-long-name-of-several-entries", "m", "b"):
        card.write(f"/{name}", b"")
    card.volume.remove("/a")
    card.volume.remove("/zz")
    card.volume.mkdir("/d")
    card.write("/d/2", b"")
    card.write("/d/1", b"")
    card.write("/another-long-name-of-several-entries", b"")
    card.write("/q", b"")
    card.mirror.close()
    found = again(tmp_path, kind)
    assert found.order() == card.order()
    found.mirror.watch()
    found.write("/last", b"")
    found.mirror.close()
    assert again(tmp_path, kind).order() == found.order()


# -- names and depths ---------------------------------------------------------------------------------------------------


def test_names_of_every_length(tmp_path: Path) -> None:
    card = Card(tmp_path).start()
    some = [b"x" * 255, b"x" * 256, b"y" * 1022, "é".encode() * 500, b"\xff" * 100, b":" * 85, b":" * 86]
    for name in some:
        card.volume.mkdir(b"/" + name)
        card.write(b"/" + name + b"/" + name, name)
    assert card.troubles == []
    assert again(tmp_path).volume.snapshot() == card.volume.snapshot()
    for name in some:
        card.volume.remove(b"/" + name + b"/" + name)
    card.mirror.close()
    found = again(tmp_path)
    assert found.volume.snapshot() == card.volume.snapshot()
    kept = tmp_path / "flash-names"
    assert len(list(kept.iterdir())) == 5
    found.volume.format()
    found.mirror.watch()
    found.mirror.close()
    again(tmp_path).start()
    assert list(kept.iterdir()) == []


def test_a_long_name_that_is_missing_is_named(tmp_path: Path) -> None:
    card = Card(tmp_path).start()
    card.write("/" + "x" * 300, b"")
    shutil.rmtree(tmp_path / "flash-names")
    with pytest.raises(ValueError, match="name is missing, flash-names/"):
        again(tmp_path)


def deep(count: int) -> str:
    return "".join(f"/{'deep' * 20}{level}" for level in range(count))


@pytest.mark.skipif(sys.platform == "win32", reason="32,000 characters are the end there")
def test_paths_longer_than_the_host_takes(tmp_path: Path) -> None:
    card = Card(tmp_path).start()
    for level in range(1, 101):
        card.volume.mkdir(deep(level))
    card.write(deep(100) + "/x", b"1")
    card.write(deep(100) + "/x", b"2")
    card.volume.rename(deep(100) + "/x", deep(90) + "/y")
    card.volume.remove(deep(90) + "/y")
    card.write(deep(100) + "/z", b"3")
    assert card.troubles == []
    assert again(tmp_path).volume.snapshot() == card.volume.snapshot()
    card.volume.mkdir("/short")
    card.volume.rename(deep(50), "/short/moved")
    assert again(tmp_path).volume.snapshot() == card.volume.snapshot()
    card.volume.format()
    assert leftovers(tmp_path) == []
    assert list((tmp_path / "flash").iterdir()) == []


POOL = [
    "a",
    "A",
    "b",
    "%61",
    "é",
    "e\u0301",
    "É",
    "ß",
    "SS",
    "con",
    "x.",
    "x",
    "._a",
    "\x01",
    "straße",
    "STRASSE",
    "n" * 300,
]
paths = st.lists(st.sampled_from(POOL), min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
operations = st.one_of(
    st.tuples(st.just("write"), paths, st.binary(max_size=5)),
    st.tuples(st.just("mkdir"), paths, st.just(b"")),
    st.tuples(st.just("remove"), paths, st.just(b"")),
    st.tuples(st.just("rename"), paths, paths),
    st.tuples(st.just("format"), st.just("/"), st.just(b"")),
)


def perform(card: Card, what: str, path: str, detail: Any) -> None:
    with contextlib.suppress(OSError):
        if what == "write":
            card.write(path, detail)
        elif what == "mkdir":
            card.volume.mkdir(path)
        elif what == "remove":
            card.volume.remove(path)
        elif what == "rename":
            card.volume.rename(path, detail)
        else:
            card.volume.format()


@settings(max_examples=60)
@given(st.lists(operations, max_size=25), st.sampled_from(KINDS), st.booleans())
def test_whatever_is_done_the_host_has_the_same(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[str, str, Any]], kind: str, blind: bool
) -> None:
    folder = tmp_path_factory.mktemp("state")
    card = Card(folder, kind, blind=blind).start()
    for each in done:
        perform(card, *each)
    assert card.troubles == []
    found = again(folder, kind, blind=blind)
    assert found.volume.snapshot() == card.volume.snapshot()
    if blind:
        for where, _, files in os.walk(folder / "flash"):
            entries = [*(entry.name for entry in Path(where).iterdir()), *files]
            assert len({names.key(name) for name in set(entries)}) == len(set(entries))
    shutil.rmtree(folder)


# -- trouble ----------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


class FaultyOs:
    """``os``, with a fault before one of the calls that change something."""

    CALLS = ("write", "fsync", "replace", "mkdir", "rmdir", "unlink", "utime")

    def __init__(self, fault: Callable[[int, str], None]) -> None:
        self.calls = 0
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        if name not in self.CALLS and name != "open":
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            if name != "open" or args[1] & os.O_WRONLY:
                self.calls += 1
                if name == "write" and len(args[1]) > 1:
                    with contextlib.suppress(OSError):
                        self._fault(self.calls, name)
                        return found(*args, **kwargs)
                    found(args[0], args[1][: len(args[1]) // 2])  # as far as there was room
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._fault(self.calls, name)
            return found(*args, **kwargs)

        return call


@contextlib.contextmanager
def faulty(fault: Callable[[int, str], None]) -> Iterator[FaultyOs]:
    proxy = FaultyOs(fault)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host_module, "os", proxy)
        yield proxy


def committed(folder: Path, kind: str) -> tuple[list[dict[str, bytes | None]], int]:
    """Every state of the tree that the board commits on the way, and how many calls that takes."""
    folder.mkdir()
    card = Card(folder, kind).start()
    states = [card.volume.snapshot()]
    store = card.volume.file_system.store
    follow = store.on_change
    assert follow is not None

    def record(change: Any) -> None:
        follow(change)
        states.append(card.volume.snapshot())

    card.volume.watch(record)
    with faulty(lambda number, name: None) as counted:
        for change in CHANGES.values():
            change(card)
    return states, counted.calls


every = pytest.mark.parametrize(
    "step", [pytest.param(17, id="some"), pytest.param(1, id="every", marks=pytest.mark.nightly)]
)


@every
@pytest.mark.parametrize("blind", [False, True], ids=["", "case-blind"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_process_that_dies_before_any_call_leaves_a_committed_state(
    tmp_path: Path, kind: str, blind: bool, step: int
) -> None:
    states, calls = committed(tmp_path / "plain", kind)
    assert calls > 100
    reached = 0
    for number in range(random.randrange(step) + 1, calls + 1, step):
        folder = tmp_path / str(number)
        folder.mkdir()
        card = Card(folder, kind, blind=blind).start()

        def fault(now: int, name: str, number: int = number) -> None:
            if now == number:
                raise Killed

        with faulty(fault), contextlib.suppress(Killed):
            for change in CHANGES.values():
                change(card)
        found = again(folder, kind, blind=blind).volume.snapshot()
        assert found in states[reached:], f"call {number}"
        reached = states.index(found, reached)
        after = Card(folder, kind, blind=blind).start()
        assert after.troubles == []
        after.write("/next", b"next")
        assert again(folder, kind, blind=blind).volume.snapshot() == after.volume.snapshot()
        shutil.rmtree(folder)
    assert reached >= len(states) - step - 2


@every
@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_is_full_once_loses_nothing(tmp_path: Path, kind: str, step: int) -> None:
    _, calls = committed(tmp_path / "plain", kind)
    for number in range(random.randrange(step) + 1, calls + 1, step):
        folder = tmp_path / str(number)
        folder.mkdir()
        card = Card(folder, kind).start()

        def fault(now: int, name: str, number: int = number) -> None:
            if now == number:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with faulty(fault):
            for change in CHANGES.values():
                change(card)
        card.mirror.flush()
        found = again(folder, kind)
        assert found.volume.snapshot() == card.volume.snapshot(), f"call {number}"
        assert found.times() == card.times(), f"call {number}"
        shutil.rmtree(folder)


@every
@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_stays_full_keeps_the_old_state_until_there_is_room(tmp_path: Path, kind: str, step: int) -> None:
    states, calls = committed(tmp_path / "plain", kind)
    contents: dict[str, set[bytes | None]] = {}
    for state in states:
        for path, content in state.items():
            contents.setdefault(path, set()).add(content)
    for number in range(random.randrange(step) + 1, calls + 1, step):
        folder = tmp_path / str(number)
        folder.mkdir()
        card = Card(folder, kind).start()

        def fault(now: int, name: str, number: int = number) -> None:
            if now >= number and name in ("write", "fsync", "mkdir"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with faulty(fault):
            for change in CHANGES.values():
                change(card)
            assert card.troubles
            assert {error.errno for error in card.troubles} == {errno.ENOSPC}
        for path, content in again(folder, kind).volume.snapshot().items():
            assert content in contents[path], (number, path)
        card.write("/room", b"again")
        assert again(folder, kind).volume.snapshot() == card.volume.snapshot(), f"call {number}"
        shutil.rmtree(folder)


def test_removing_makes_room_on_a_full_disk(tmp_path: Path) -> None:
    card = Card(tmp_path).start()
    card.write("/big", b"x" * 1000)

    def full(number: int, name: str) -> None:
        if name == "write" and (tmp_path / "flash" / "big").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with faulty(full):
        card.write("/small", b"1")
        assert len(card.troubles) >= 1
        card.volume.remove("/big")
    assert again(tmp_path).volume.snapshot() == {"/small": b"1"}


def test_somebody_who_takes_the_folder_away_meanwhile(tmp_path: Path) -> None:
    card = Card(tmp_path).start()
    card.volume.mkdir("/d")
    card.write("/d/x", b"1")
    shutil.rmtree(tmp_path / "flash")
    card.write("/d/x", b"2")
    card.write("/y", b"3")
    assert again(tmp_path).volume.snapshot() == card.volume.snapshot() == {"/d": None, "/d/x": b"2", "/y": b"3"}


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
@pytest.mark.needs("mount")
def test_a_disk_that_really_is_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "state", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted here: {mounted.stderr.strip()}")
    try:
        card = Card(disk).start()
        card.write("/kept", b"old")
        for number in range(100):
            card.write(f"/{number}", random.Random(number).randbytes(8192))
            card.write("/kept", b"number %d" % number)
        assert card.troubles
        stored = again(disk).volume.snapshot()
        assert stored["/kept"] in {b"old", *(b"number %d" % number for number in range(100))}
        assert all(len(content or b"") == 8192 for path, content in stored.items() if path != "/kept" and content)
        for number in range(90):
            card.volume.remove(f"/{number}")
        card.mirror.close()
        assert again(disk).volume.snapshot() == card.volume.snapshot()
    finally:
        subprocess.run(["umount", disk], check=True)


# -- what a person did between runs ----------------------------------------------------------------------------------------


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    folder = tmp_path / "flash"
    folder.mkdir()
    return folder


def test_edited_by_hand(tmp_path: Path, flash: Path) -> None:
    (flash / "100%.txt").write_bytes(b"1")
    (flash / "lib").mkdir()
    (flash / "lib" / "%41").write_bytes(b"2")
    (flash / ".DS_Store").write_bytes(b"Finder")
    (flash / "lib" / "__pycache__").mkdir()
    card = Card(tmp_path).start()
    assert card.volume.snapshot() == {"/100%.txt": b"1", "/lib": None, "/lib/A": b"2"}
    card.write("/100%.txt", b"3")
    card.write("/.DS_Store", b"uploaded")
    card.volume.remove("/lib/A")
    card.volume.rmdir("/lib")
    assert sorted(entry.name for entry in flash.iterdir()) == ["%2EDS_Store", ".DS_Store", "100%.txt"]
    assert again(tmp_path).volume.snapshot() == {"/100%.txt": b"3", "/.DS_Store": b"uploaded"}


def test_times_of_a_persons_files_are_left_alone(tmp_path: Path, flash: Path) -> None:
    (flash / "a").write_bytes(b"1")
    os.utime(flash / "a", ns=(1_700_000_001_123_456_789,) * 2)
    Card(tmp_path).start().mirror.close()
    assert (flash / "a").stat().st_mtime_ns // 1000 == 1_700_000_001_123_456


REFUSED: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    "a link": ("littlefs", lambda f: (f / "link").symlink_to("/etc"), "flash/link: a link"),
    "a link in a folder": (
        "littlefs",
        lambda f: ((f / "d").mkdir(), (f / "d" / "l").symlink_to("x")),
        "flash/d/l: a link",
    ),
    "a pipe": ("littlefs", lambda f: os.mkfifo(f / "pipe"), "flash/pipe: neither a file nor a folder"),
    "two spellings": (
        "littlefs",
        lambda f: ((f / "A").write_bytes(b""), (f / "%41").write_bytes(b"")),
        "the same name to the board",
    ),
    "two cases on FAT": ("fat", lambda f: ((f / "A").write_bytes(b""), (f / "a").write_bytes(b"")), "flash/a"),
    "a name FAT has not": ("fat", lambda f: (f / "a%3Ab").write_bytes(b""), "flash/a:b"),
    "too long for FAT": ("fat", lambda f: (f / ("x" * 200)).write_bytes(b""), "flash/xxx"),
    "too large": ("littlefs", lambda f: (f / "big").write_bytes(bytes(5_000_000)), "flash/big"),
    "too much": ("littlefs", lambda f: [(f / str(n)).write_bytes(bytes(900_000)) for n in range(6)], "No space|flash"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and names that are not to be had there")
@pytest.mark.parametrize(("kind", "edit", "message"), REFUSED.values(), ids=REFUSED)
def test_what_the_board_cannot_hold_is_named_and_stays(
    tmp_path: Path, flash: Path, kind: str, edit: Callable[[Path], Any], message: str
) -> None:
    edit(flash)
    before = sorted(flash.rglob("*"))
    with pytest.raises((OSError, ValueError)) as raised:
        again(tmp_path, kind)
    error = raised.value
    text = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
    assert any(part in text for part in message.split("|")), text
    assert sorted(flash.rglob("*")) == before


def test_an_interrupted_move_over_an_empty_folder(tmp_path: Path, flash: Path) -> None:
    (flash / "d").mkdir()
    (flash / "%64").mkdir()
    (flash / "%64" / "x").write_bytes(b"1")
    card = Card(tmp_path).start()
    assert card.volume.snapshot() == {"/d": None, "/d/x": b"1"}
    assert [entry.name for entry in flash.iterdir()] == ["%64"]


def test_a_host_that_replaces_no_folder(tmp_path: Path) -> None:
    card = Card(tmp_path).start()
    card.volume.mkdir("/d")
    card.volume.mkdir("/e")
    card.write("/e/x", b"1")
    (tmp_path / "flash" / "d" / ".DS_Store").write_bytes(b"")
    card.volume.rename("/e", "/d")
    assert card.troubles == []
    assert again(tmp_path).volume.snapshot() == {"/d": None, "/d/x": b"1"}
    card.write("/d/x", b"2")
    card.volume.remove("/d/x")
    card.volume.remove("/d")
    assert again(tmp_path).volume.snapshot() == {}


# -- cost -----------------------------------------------------------------------------------------------------------------------


def test_the_calls_of_one_small_commit(tmp_path: Path) -> None:
    card = Card(tmp_path).start()
    card.volume.mkdir("/d")
    card.write("/d/a", b"1")
    seen: list[str] = []
    with faulty(lambda number, name: seen.append(name)):
        card.write("/d/a", b"2")
    assert [name for name in seen if name != "utime"] == ["open", "write", "fsync", "replace", "fsync"]
    assert seen.count("utime") == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_volume_is_taken_again(tmp_path: Path, kind: str) -> None:
    card = Card(tmp_path, kind).start()
    chunk = random.Random(1).randbytes(1 << 18)
    for number in range(1000):
        try:
            card.write(f"/{number}", chunk[: max(1, len(chunk) >> min(number // 20, 17))])
        except OSError:
            if number > 360:
                break
    with contextlib.suppress(OSError):
        card.volume.mkdir("/last")
    card.mirror.close()
    assert card.volume.getfree() < 64
    assert again(tmp_path, kind).volume.snapshot() == card.volume.snapshot()
