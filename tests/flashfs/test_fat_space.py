"""What FAT takes of its medium: clusters of files and folders, a full volume, and files whose clusters are gone.

The figures are those of the firmware's own FatFs (lib/oofatfs/ff.c) on a medium of the same size.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from flashfs import DeviceError, Vfs, Volume
from flashfs.fat import Fat, FolderEntry
from flashfs.fat_layout import format_geometry
from flashfs.store import File
from tests.flashfs.tools import Board, number

BOARDS = {"4 MB board": (508 * 1024, 512, 980, 487), "8 MB board": (4096 * 1024, 2048, 2038, 4066)}


def _volume(sectors: int) -> Volume:
    return Volume("fat", capacity=sectors * 512, now=lambda: 0)


def _consistent(volume: Volume) -> bool:
    """Whether the clusters in use are those of the entries."""
    fs = volume.file_system
    assert isinstance(fs, Fat)
    entries = sum(node.rule_data.clusters for _, node in fs.store.walk())
    return fs.store.taken == entries + int(fs.geometry.bits == 32)


@pytest.mark.parametrize(("capacity", "cluster", "clusters", "free"), BOARDS.values(), ids=BOARDS)
def test_fresh_figures(capacity: int, cluster: int, clusters: int, free: int) -> None:
    board = Board("fat", capacity=capacity)
    assert board.os.getfree("/flash") == free
    assert board.os.statvfs("/flash") == (cluster, cluster, clusters, clusters - 5, clusters - 5, 0, 0, 0, 0, 128)
    board.volume.format()
    assert board.os.statvfs("/flash")[3] == clusters


@pytest.mark.parametrize("capacity", [508 * 1024, 4096 * 1024, 8 << 20, 64 << 20], ids=lambda size: f"{size >> 10} KiB")
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 2048, 2049, 4096, 4097, 8188, 8192, 100_000])
def test_clusters_of_a_file(capacity: int, size: int) -> None:
    board = Board("fat", capacity=capacity)
    cluster, _, _, free = board.os.statvfs("/flash")[:4]
    board.put("/flash/t", bytes(size))
    assert board.os.statvfs("/flash")[3] == free - -(-size // cluster)
    board.os.remove("/flash/t")
    assert board.os.statvfs("/flash")[3] == free


def test_without_limit_nothing_is_taken() -> None:
    board = Board("fat", capacity=None)
    before = board.os.statvfs("/flash")
    board.put("/flash/t", bytes(5 << 20))
    assert board.os.statvfs("/flash") == before
    assert board.os.stat("/flash/t")[6] == 5 << 20


@pytest.mark.parametrize("capacity", [0, 511, 49 * 512])
def test_too_small_for_fat(capacity: int) -> None:
    with pytest.raises(ValueError, match="too few for FAT"):
        Volume("fat", capacity=capacity)


# -- folders


def test_a_folder_grows_by_clusters_and_never_shrinks() -> None:
    volume = _volume(1016)
    volume.mkdir("/d")
    free = volume.statvfs()[3]
    for index in range(14):  # with . and .. the 16 entries of a cluster
        volume.open(f"/d/F{index}", "w").close()
    assert volume.statvfs()[3] == free
    volume.open("/d/F14", "w").close()
    assert volume.statvfs()[3] == free - 1
    for index in range(15):
        volume.remove(f"/d/F{index}")
    assert volume.statvfs()[3] == free - 1
    volume.open("/d/a long name that takes entries", "w").close()
    assert volume.statvfs()[3] == free - 1
    volume.remove("/d/a long name that takes entries")
    volume.rmdir("/d")
    assert volume.statvfs()[3] == free + 1
    assert _consistent(volume)


def test_a_long_name_does_not_fit_between_two_short_ones() -> None:
    volume = _volume(1016)
    for name in "ABCDE":
        volume.open(f"/{name}", "w").close()
    volume.remove("/B")
    volume.remove("/C")
    volume.open("/it takes three", "w").close()
    volume.open("/Mixed", "w").close()
    assert volume.listdir() == [b"A", b"Mixed", b"D", b"E", b"it takes three"]


def test_no_cluster_for_a_new_folder_or_for_its_parent() -> None:
    volume = _volume(100)  # 66 clusters of one sector
    volume.mkdir("/d")
    for index in range(14):
        volume.open(f"/d/F{index}", "w").close()
    with volume.open("/t", "w") as file:
        file.write(bytes(64 * 512))
    assert volume.statvfs()[3] == 1
    before = volume.snapshot()
    assert number(volume.mkdir, "/d/sub") == 13
    assert volume.statvfs()[3] == 1
    volume.open("/d/MORE", "w").close()
    assert volume.statvfs()[3] == 0
    volume.remove("/d/MORE")
    assert number(volume.mkdir, "/sub") == 13
    assert volume.snapshot() == before


def test_a_full_subfolder_on_a_full_volume() -> None:
    volume = _volume(100)
    volume.mkdir("/d")
    for index in range(14):
        volume.open(f"/d/F{index}", "w").close()
    with volume.open("/t", "wb") as file:
        assert number(file.write, bytes(66 * 512)) == 28
    assert volume.stat("/t")[6] == 65 * 512
    assert number(volume.open, "/d/ONEMORE", "w") == 13
    assert number(volume.rename, "/t", "/d/ONEMORE") == 13
    assert volume.rename("/d/F3", "/f3") is None
    assert volume.open("/d/ONEMORE", "w").close() is None
    assert _consistent(volume)


def test_a_rename_needs_room_for_the_new_name_beside_the_old_one() -> None:
    volume = _volume(8192)
    for index in range(512):
        volume.open(f"/F{index}", "w").close()
    assert number(volume.rename, "/F1", "/G1") == 13
    assert number(volume.rename, "/F1", "/F1") == 13
    volume.remove("/F2")
    volume.rename("/F1", "/G1")
    assert volume.listdir()[:3] == [b"F0", b"G1", b"F3"]


def test_a_folder_lost_in_itself_keeps_its_clusters() -> None:
    board = Board("fat", quirks=frozenset({"rename-into-itself-loses-folder"}))
    board.put("/flash/lib/x", bytes(100))
    free = board.os.statvfs("/flash")[3]
    board.os.rename("/flash/lib", "/flash/lib/inside")
    assert board.os.statvfs("/flash")[3] == free
    board.volume.format()
    assert board.os.statvfs("/flash")[3] == 2038


# -- open files

SCENARIOS: dict[str, list[tuple[Any, ...]]] = {
    "new file removed while open": [
        ("open", 1, "/t", "w", None),
        ("write", 1, 1300, 1300),
        ("free", 63),
        ("remove", "/t", None),
        ("free", 63),
        ("write", 1, 1000, 1000),
        ("free", 61),
        ("close", 1, None),
        ("free", 61),
        ("remount", None),
        ("free", 61),
    ],
    "synced file removed while open": [
        ("open", 1, "/t", "w", None),
        ("write", 1, 1300, 1300),
        ("flush", 1, None),
        ("remove", "/t", None),
        ("free", 66),
        ("write", 1, 100, 100),
        ("write", 1, 1000, -5),
        ("write", 1, 1, -5),
        ("seek", 1, 0, 1536),
        ("close", 1, None),
        ("free", 66),
        ("remount", None),
        ("free", 66),
    ],
    "reader of a removed file": [
        ("put", "/t", 1300, None),
        ("open", 1, "/t", "r", None),
        ("read", 1, 10, 10),
        ("remove", "/t", None),
        ("read", 1, 10, 10),
        ("read", 1, 2000, -5),
        ("read", 1, 1, -5),
        ("close", 1, None),
        ("free", 66),
    ],
    "reader of a removed file seeks": [
        ("put", "/t", 1300, None),
        ("open", 1, "/t", "r", None),
        ("remove", "/t", None),
        ("seek", 1, 600, 512),
        ("read", 1, 1, -5),
        ("seek", 1, 0, 512),
        ("free", 66),
    ],
    "reader of a removed file seeks in place": [
        ("put", "/t", 1300, None),
        ("open", 1, "/t", "r", None),
        ("remove", "/t", None),
        ("seek", 1, 512, 512),
        ("seek", 1, 0, 0),
        ("read", 1, 512, 512),
        ("read", 1, 1, -5),
        ("free", 66),
    ],
    "reader of a removed small file": [
        ("put", "/t", 300, None),
        ("open", 1, "/t", "r", None),
        ("remove", "/t", None),
        ("read", 1, 1000, 300),
        ("close", 1, None),
        ("free", 66),
    ],
    "truncated while written": [
        ("put", "/t", 1300, None),
        ("open", 1, "/t", "r+", None),
        ("open", 2, "/t", "w", None),
        ("free", 66),
        ("write", 1, 600, -5),
        ("free", 66),
        ("write", 2, 5, 5),
        ("free", 65),
        ("close", 2, None),
        ("free", 65),
        ("size", "/t", 5),
    ],
    "never closed new": [
        ("open", 1, "/t", "w", None),
        ("write", 1, 1300, 1300),
        ("remount", None),
        ("free", 63),
        ("size", "/t", 0),
        ("remove", "/t", None),
        ("free", 63),
    ],
    "never closed append": [
        ("put", "/t", 10, None),
        ("open", 1, "/t", "a", None),
        ("write", 1, 1300, 1300),
        ("remount", None),
        ("free", 63),
        ("size", "/t", 10),
        ("remove", "/t", None),
        ("free", 66),
    ],
    "two writers of an empty file": [
        ("put", "/t", 0, None),
        ("open", 1, "/t", "a", None),
        ("open", 2, "/t", "a", None),
        ("write", 1, 1300, 1300),
        ("write", 2, 600, 600),
        ("free", 61),
        ("close", 1, None),
        ("size", "/t", 1300),
        ("close", 2, None),
        ("size", "/t", 600),
        ("free", 61),
        ("remove", "/t", None),
        ("free", 63),
    ],
    "two appenders": [
        ("put", "/t", 100, None),
        ("open", 1, "/t", "a", None),
        ("open", 2, "/t", "a", None),
        ("write", 1, 1300, 1300),
        ("write", 2, 600, 600),
        ("free", 63),
        ("close", 1, None),
        ("size", "/t", 1400),
        ("close", 2, None),
        ("size", "/t", 700),
        ("free", 63),
        ("remove", "/t", None),
        ("free", 66),
    ],
    "empty w over committed": [
        ("open", 1, "/t", "w", None),
        ("put", "/t", 700, None),
        ("free", 64),
        ("close", 1, None),
        ("size", "/t", 0),
        ("free", 64),
    ],
    "renamed while written": [
        ("put", "/t", 700, None),
        ("open", 1, "/t", "r+", None),
        ("write", 1, 900, 900),
        ("rename", "/t", "/u", None),
        ("free", 64),
        ("size", "/u", 700),
        ("close", 1, None),
        ("free", 64),
        ("size", "/u", 700),
        ("remove", "/u", None),
        ("free", 66),
    ],
    "full seek": [
        ("put", "/t", 29000, None),
        ("open", 1, "/u", "w", None),
        ("seek", 1, 200000, 4608),
        ("write", 1, 1, -28),
        ("free", 0),
        ("close", 1, None),
        ("size", "/u", 4608),
        ("put", "/v", 0, None),
        ("open", 2, "/v", "r+", None),
        ("seek", 2, 100, 0),
        ("write", 2, 1, -28),
        ("close", 2, None),
        ("size", "/v", 0),
    ],
    "full, freed, goes on": [
        ("put", "/t", 29000, None),
        ("open", 1, "/u", "w", None),
        ("write", 1, 90000, -28),
        ("remove", "/t", None),
        ("write", 1, 900, 900),
        ("close", 1, None),
        ("size", "/u", 5508),
        ("free", 55),
    ],
    "mkdir fills": [
        ("put", "/t", 33792, None),
        ("mkdir", "/d", -13),
        ("free", 0),
        ("remove", "/t", None),
        ("mkdir", "/d", None),
        ("put", "/t", 33280, None),
        ("free", 0),
        ("put", "/d/F0", 0, None),
        ("put", "/d/F1", 0, None),
        ("put", "/d/F2", 0, None),
        ("put", "/d/F3", 0, None),
        ("put", "/d/F4", 0, None),
        ("put", "/d/F5", 0, None),
        ("put", "/d/F6", 0, None),
        ("put", "/d/F7", 0, None),
        ("put", "/d/F8", 0, None),
        ("put", "/d/F9", 0, None),
        ("put", "/d/F10", 0, None),
        ("put", "/d/F11", 0, None),
        ("put", "/d/F12", 0, None),
        ("put", "/d/F13", 0, None),
        ("put", "/d/F14", 0, -13),
        ("put", "/d/F15", 0, -13),
        ("free", 0),
        ("remove", "/d/F3", None),
        ("put", "/d/longer name", 0, -13),
        ("put", "/d/NEW", 0, None),
    ],
}
"""Operation, what it is given, and what it returns; -n for the error n. 66 clusters of 512 bytes are free at first."""


class _Hands:
    """Several open files of one volume."""

    def __init__(self) -> None:
        self.volume = _volume(100)
        self.files: dict[int, Any] = {}

    def open(self, hand: int, path: str, mode: str) -> None:
        self.files[hand] = self.volume.open(path, mode + "b")

    def write(self, hand: int, size: int) -> int:
        return self.files[hand].write(bytes(size))  # type: ignore[no-any-return]

    def read(self, hand: int, size: int) -> int:
        return len(self.files[hand].read(size))

    def seek(self, hand: int, offset: int) -> int:
        return self.files[hand].seek(offset)  # type: ignore[no-any-return]

    def flush(self, hand: int) -> None:
        self.files[hand].flush()

    def close(self, hand: int) -> None:
        self.files[hand].close()

    def put(self, path: str, size: int) -> None:
        with self.volume.open(path, "wb") as file:
            file.write(bytes(size))

    def size(self, path: str) -> int:
        return self.volume.stat(path)[6]

    def free(self) -> int:
        return self.volume.statvfs()[3]

    def remove(self, path: str) -> None:
        self.volume.remove(path)

    def rename(self, old: str, new: str) -> None:
        self.volume.rename(old, new)

    def mkdir(self, path: str) -> None:
        self.volume.mkdir(path)

    def remount(self) -> None:
        self.volume.remount()


@pytest.mark.parametrize("steps", SCENARIOS.values(), ids=SCENARIOS)
def test_clusters_of_open_files(steps: list[tuple[Any, ...]]) -> None:
    hands = _Hands()
    for index, (operation, *given, expected) in enumerate(steps):
        found: object
        try:
            found = getattr(hands, operation)(*given)
        except DeviceError as error:
            found = -(error.number or 0)
        assert found == expected, f"step {index}: {operation}{tuple(given)}"


def test_what_was_overwritten_in_place_survives_a_power_cycle() -> None:
    volume = _volume(100)
    with volume.open("/t", "w") as file:
        file.write("a" * 600)
    file = volume.open("/t", "r+")
    file.seek(500)
    file.write("b" * 300)
    volume.remount()
    assert volume.read("/t") == b"a" * 500 + b"b" * 100


def test_the_last_of_two_writers_has_the_clusters() -> None:
    volume = _volume(100)
    with volume.open("/t", "w") as file:
        file.write("a" * 600)
    first = volume.open("/t", "r+")
    second = volume.open("/t", "w")
    second.write("second")
    second.close()
    first.write("first")
    first.close()
    assert volume.read("/t") == b"first" + b"a" * 595
    assert volume.statvfs()[3] == 66 - 2 - 1  # nothing leads to the one of the second any more
    volume.remove("/t")
    assert volume.statvfs()[3] == 66 - 1


def test_no_cluster_left_for_a_file_that_was_emptied_by_another() -> None:
    volume = _volume(100)
    with volume.open("/t", "w") as file:
        file.write("a" * 600)
    first = volume.open("/t", "r+")
    volume.open("/t", "w").close()
    with volume.open("/u", "wb") as other:
        other.write(bytes(65 * 512))
    first.write("first")
    assert number(first.close) == 5
    assert volume.stat("/t")[6] == 0
    assert volume.statvfs()[3] == 1


# -- from outside


def test_a_tree_that_does_not_fit_is_refused_as_a_whole() -> None:
    volume = _volume(100)
    fits: dict[str, bytes | None] = {"/a": bytes(30 * 512), "/d/b": bytes(34 * 512), "/d/c": bytes(512)}
    with pytest.raises(OSError, match="1 clusters of 512 bytes more") as caught:
        volume.load({**fits, "/e": b"x"})
    assert caught.value.errno == 28
    assert volume.snapshot() == {}
    volume.load(fits)
    assert volume.statvfs()[3] == 0
    volume.load({"/a": bytes(29 * 512), "/e": b"x"})
    assert volume.statvfs()[3] == 0
    assert _consistent(volume)


def test_the_rehearsal_counts_what_folders_grow_by() -> None:
    volume = _volume(100)
    names: dict[str, bytes | None] = {f"/d/a name of three entries {index}": b"x" for index in range(20)}
    volume.load(names)  # 20 files, 62 entries in 4 clusters
    assert volume.statvfs()[3] == 66 - 20 - 4
    assert _consistent(volume)
    with pytest.raises(OSError, match="clusters"):
        volume.load({f"/d/another name of entries {index}": b"x" for index in range(38)})
    volume.load({f"/d/another name of entries {index}": b"x" for index in range(34)})
    assert _consistent(volume)


def test_the_root_takes_512_entries_from_outside_too() -> None:
    volume = _volume(8192)
    with pytest.raises(OSError, match="no more entries"):
        volume.load({f"/F{index}": b"" for index in range(513)})
    volume.load({f"/F{index}": b"" for index in range(512)})


def test_a_planned_name_that_is_an_alias_of_another_is_refused() -> None:
    volume = _volume(100)
    with pytest.raises(OSError, match="short alias"):
        volume.load({"/longfilename.txt": b"1", "/LONGFI~1.TXT": b"2"})
    assert volume.snapshot() == {}


def test_boot_on_a_full_volume_makes_what_fits() -> None:
    volume = _volume(100)
    volume.load({"/big": bytes(63 * 512)})
    volume.boot_defaults()
    assert volume.listdir() == [b"big", b"main.py", b"sys", b"lib"]


def test_another_geometry() -> None:
    volume = _volume(8192)
    fs = volume.file_system
    assert isinstance(fs, Fat)
    fs.lay_out(format_geometry(100_000))
    assert volume.statvfs()[:4] == (512, 512, 99124, 99123)
    assert isinstance(fs.store.root.rule_data, FolderEntry)
    for index in range(600):
        volume.open(f"/F{index}", "w").close()  # the root of FAT32 grows
    assert volume.statvfs()[3] == 99123 - 37


def test_threads_count_right() -> None:
    volume = _volume(8192)
    start, failures = threading.Barrier(6), []

    def work(index: int) -> None:
        view = Vfs({"/flash": volume})
        try:
            start.wait(10)
            view.mkdir(f"/flash/t{index}")
            for turn in range(40):
                with view.open(f"/flash/t{index}/f{turn}", "wb") as file:
                    file.write(bytes(turn * 100))
                if turn % 3:
                    view.rename(f"/flash/t{index}/f{turn}", f"/flash/t{index}/last")
        except BaseException as error:  # noqa: BLE001  (told by the main thread)
            failures.append(error)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    assert failures == []
    assert _consistent(volume)
    assert sum(isinstance(node, File) for _, node in volume.file_system.store.walk()) == 6 * 15
