"""Whole trees: snapshot and load, many threads on one volume, and the package's front door."""

from __future__ import annotations

import doctest
import errno
import subprocess
import sys
import threading
from typing import Any

import pytest

import flashfs
from flashfs import DeviceError, Volume
from tests.flashfs.tools import KINDS, Board, full_littlefs, number


@pytest.fixture(params=KINDS)
def board(request: pytest.FixtureRequest) -> Board:
    return Board(request.param)


# -- snapshot and load


def test_a_snapshot_can_be_loaded(board: Board) -> None:
    board.put(b"/flash/lib/\xff.py", b"1")
    board.os.mkdir("/flash/lib/empty")
    copy = Volume(board.volume.kind)
    copy.load(board.volume.snapshot())
    assert copy.snapshot() == board.volume.snapshot()
    assert copy.room() == board.volume.room()
    assert copy.ilistdir("/lib") == board.volume.ilistdir("/lib")


def test_load_lays_over_what_is_there(board: Board) -> None:
    board.put("/flash/lib/kept", b"kept")
    board.volume.load({"/main.py": b"new", "lib/deep/er/x": b"1", b"/data": None, "/lib": None})
    tree = board.volume.snapshot()
    assert (tree["/main.py"], tree["/lib/kept"], tree["/lib/deep/er/x"], tree["/data"]) == (b"new", b"kept", b"1", None)


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ({"/big": bytes(5 << 20)}, errno.ENOSPC),
        ({"/lib": b"a file"}, errno.EISDIR),
        ({"/main.py/x": b"1"}, errno.ENOTDIR),
        ({"/main.py": None}, errno.ENOTDIR),
        ({"/x": b"1", "/x/y": b"2"}, errno.ENOTDIR),
        ({"/x/y": b"2", "x": b"1"}, errno.EISDIR),
        ({"/" + "n" * 1023: b""}, errno.EINVAL),
        ({"/lib/../x": b""}, errno.EINVAL),
        ({"/a\0b": b""}, errno.EINVAL),
        ({"/": b""}, errno.EISDIR),
    ],
    ids=lambda value: None if isinstance(value, int) else ascii(list(value))[:30],
)
def test_load_is_all_or_nothing(board: Board, entries: dict[str, bytes | None], code: int) -> None:
    before = board.volume.snapshot()
    with pytest.raises(OSError) as caught:
        board.volume.load({"/first": b"1", "/folder": None, **entries})
    assert caught.value.errno == code
    assert board.volume.snapshot() == before


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ({"/a:b": b""}, errno.EINVAL),
        ({"/a/B.txt": b"", "/a/b.TXT": b""}, errno.EEXIST),
        ({f"/file{index:03}": b"" for index in range(508)}, errno.ENOSPC),
    ],
    ids=["character", "case", "too many in the root"],
)
def test_load_obeys_fat(entries: dict[str, bytes | None], code: int) -> None:
    board = Board("fat")
    before = board.volume.snapshot()
    with pytest.raises(OSError) as caught:
        board.volume.load(entries)
    assert caught.value.errno == code
    assert board.volume.snapshot() == before
    littlefs = Volume("littlefs")
    littlefs.load(entries)
    assert littlefs.snapshot().items() >= entries.items()


def test_load_replaces_by_size() -> None:
    volume = Volume(capacity=64 * 4096)
    size = volume.room()
    volume.load({"/x": bytes(size)})
    volume.load({"/x": bytes(size - 1)})
    with pytest.raises(OSError, match="1 more blocks of 4096 bytes, 0 of 64"):
        volume.load({"/y": bytes(513)})
    volume.load({"/y": bytes(512)})


def test_format_empties(board: Board) -> None:
    reader = board.os.open("/flash/main.py")
    board.volume.format()
    assert board.volume.snapshot() == {}
    assert isinstance(number(reader.read), int)
    board.volume.boot_defaults()
    assert len(board.volume.snapshot()) == 5


def test_without_a_limit() -> None:
    volume = Volume(capacity=None)
    volume.load({"/big": bytes(6 << 20)})
    assert volume.getfree() == 4096
    assert volume.statvfs()[2] == 1024


def test_unknown_kinds_are_refused() -> None:
    kind: Any = "ntfs"
    with pytest.raises(ValueError, match="'ntfs'"):
        Volume(kind)


# -- threads


def test_many_threads_on_one_volume(board: Board) -> None:
    failures: list[BaseException] = []
    start = threading.Barrier(8)

    def work(index: int) -> None:
        view = board.os.fork()
        try:
            start.wait(10)
            view.mkdir(f"/flash/lib/t{index}")
            view.chdir(f"/flash/lib/t{index}")
            for turn in range(60):
                with view.open("file", "wb") as file:
                    file.write(bytes([index]) * 700)
                view.rename("file", f"turn{turn}")
                assert view.open(f"turn{turn}", "rb").read() == bytes([index]) * 700
                if turn % 2:
                    view.remove(f"turn{turn}")
                with view.open("/flash/shared", "ab") as shared:
                    shared.write(bytes([index]))
                view.listdir("/flash/lib")
                board.volume.snapshot()
        except BaseException as exc:  # noqa: BLE001  (told by the main thread)
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert failures == []
    for index in range(8):
        assert len(board.os.listdir(f"/flash/lib/t{index}")) == 30
    copy = Board(board.kind)
    copy.volume.format()
    copy.volume.load(board.volume.snapshot())
    assert 0 < board.volume.room() <= copy.volume.room()


def test_a_finaliser_never_waits_for_the_lock(board: Board) -> None:
    file = board.os.open("/flash/t", "w")
    file.write("kept")
    holder = threading.Event()
    release = threading.Event()

    def hold() -> None:
        with board.volume.lock:
            holder.set()
            release.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    holder.wait(10)
    del file
    release.set()
    thread.join(10)
    assert board.get("/flash/t") == b"kept"


def test_a_file_that_cannot_be_saved_by_its_finaliser_is_noted() -> None:
    board = full_littlefs()
    file = board.os.open("/flash/t", "w")
    file.write(bytes(512))
    del file
    assert board.codes() == ["close-failed"]


# -- the front door


def test_the_names_are_sorted_and_there() -> None:
    assert flashfs.__all__ == sorted(flashfs.__all__, key=lambda name: (not name.isupper(), name.islower(), name))
    assert all(getattr(flashfs, name) for name in flashfs.__all__)


def test_the_example_of_the_package_is_true() -> None:
    assert doctest.testmod(flashfs).failed == 0


def test_importing_loads_no_pyfakefs() -> None:
    program = "import sys, flashfs; print([m for m in sys.modules if m.startswith('pyfakefs')]); flashfs.Volume()"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_nothing_of_the_host_is_patched(board: Board) -> None:
    import builtins
    import os

    assert builtins.open.__module__ in ("io", "_io")
    assert os.stat.__module__ in ("posix", "nt")
    assert not os.path.exists("/flash/main.py")  # noqa: PTH110


def test_the_store_is_a_fake_file_system_one_can_look_into(board: Board) -> None:
    fake = board.volume.file_system.store.fake
    assert sorted(fake.listdir("/")) == ["boot.py", "cert", "lib", "main.py", "sys"]
    assert fake.get_object("/main.py").byte_contents == board.get("/flash/main.py")


def test_errors_are_plain_oserrors() -> None:
    with pytest.raises(OSError) as caught:
        Board().os.open("/flash/nothing")
    assert type(caught.value) is DeviceError
    assert caught.value.args == (2,)
