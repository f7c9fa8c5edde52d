"""The flash against LittleFS's own C code, by littlefs-python (a newer LittleFS, in the board's configuration).

What is the same: trees, listings, sizes, errors, and the free blocks as long as every folder fits into one pair of
blocks. The versions divide a larger folder differently, and the firmware's keeps in the folder what a file once had
inline there: the number of pairs may differ (see ``_tolerance``), and with it the moment at which the volume is full.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.flashfs.tools import Board, number

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("littlefs") is None, reason="needs the package littlefs-python, which is not installed"
)

BLOCK = 4096
# LittleFS's numbers are Linux's, which are the board's; "name too long" has none there.
NUMBERS = {-36: 0}


class Reference:
    """A volume of littlefs-python: programming whole blocks and without wear levelling, as on the board."""

    def __init__(self, blocks: int) -> None:
        from littlefs import lfs
        from littlefs.context import UserContext

        self.lfs = lfs
        self.config = lfs.LFSConfig(
            context=UserContext(blocks * BLOCK),
            block_size=BLOCK,
            block_count=blocks,
            read_size=BLOCK,
            prog_size=BLOCK,
            cache_size=BLOCK,
            lookahead_size=128,
            block_cycles=-1,
            name_max=1022,
            disk_version=0x00020000,
        )
        self.fs: Any = lfs.LFSFilesystem()
        lfs.format(self.fs, self.config)
        lfs.mount(self.fs, self.config)

    def attempt(self, name: str, *args: Any) -> int | None:
        """Return the number of the failure, or None.

        The allocator learns of blocks that became free only when it starts anew: what fails for want of space is tried
        once more after mounting again.
        """
        code = self._once(name, *args)
        if code == 28:
            self.lfs.unmount(self.fs)
            self.lfs.mount(self.fs, self.config)
            # A file that was to be new is there now, empty.
            code = self._once(name, *("wb" if argument == "xb" else argument for argument in args))
        return code

    def _once(self, name: str, *args: Any) -> int | None:
        from littlefs import LittleFSError

        try:
            (self.put if name == "put" else getattr(self, name, None) or self._plain(name))(*args)
        except LittleFSError as exc:
            return int(NUMBERS.get(exc.code, -exc.code))
        return None

    def _plain(self, name: str) -> Any:
        return lambda *args: getattr(self.lfs, name)(self.fs, *args)

    def mkdir(self, path: str) -> None:
        self.lfs.mkdir(self.fs, path)
        self.lfs.setattr(self.fs, path, 1, b"time")

    def put(self, path: str, mode: str, offset: int, content: bytes) -> None:
        # Its own "a" makes no file.
        flag = self.lfs.LFSFileFlag
        flags = int(flag.wronly | flag.creat | flag.append) if mode == "ab" else mode
        file = self.lfs.file_open(self.fs, path, flags)
        try:
            if offset:
                self.lfs.file_seek(self.fs, file, offset, 0)
            if content:
                self.lfs.file_write(self.fs, file, content)
        finally:
            self.lfs.file_close(self.fs, file)
        self.lfs.setattr(self.fs, path, 1, b"time")

    def read(self, path: str) -> bytes:
        with_size = self.lfs.stat(self.fs, path).size
        file = self.lfs.file_open(self.fs, path, "rb")
        content = self.lfs.file_read(self.fs, file, with_size + 1)
        self.lfs.file_close(self.fs, file)
        return bytes(content)

    def listdir(self, path: str) -> list[str]:
        folder = self.lfs.dir_open(self.fs, path)
        names = []
        while entry := self.lfs.dir_read(self.fs, folder):
            names.append(entry.name)
        self.lfs.dir_close(self.fs, folder)
        return [name for name in names if name not in (".", "..")]

    def free(self, blocks: int) -> int:
        return blocks - int(self.lfs.fs_size(self.fs))


FOLDERS = ["", "/d", "/d/e", "/f"]


class Together(RuleBasedStateMachine):
    """The same operations on both; few names and short inline content, so that no folder divides."""

    blocks = 40
    names = ("a", "b", "ab", "d", "e", "f", "a.py")
    sizes: tuple[int, ...] = (0, 1, 120, 300, 513, 4096, 4097, 8188, 8189, 30_000, 90_000)

    @initialize()
    def begin(self) -> None:
        self.board = Board("littlefs", capacity=self.blocks * BLOCK)
        self.board.volume.format()
        self.reference = Reference(self.blocks)
        self.turn = 0

    def _both(self, ours: Any, *reference: Any, newer: dict[int, int] | None = None) -> None:
        """Do it on both and compare the number; ``newer`` maps those that a later LittleFS changed."""
        code = number(*ours)
        assert code is None or isinstance(code, int)
        theirs = self.reference.attempt(*reference)
        same = theirs in (code, (newer or {}).get(-1 if code is None else code))
        assert same or self._may_differ({code, theirs}), (str(reference)[:80], code, theirs)

    def _may_differ(self, codes: set[int | None]) -> bool:
        return False

    def _path(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(FOLDERS)) + "/" + data.draw(st.sampled_from(self.names))

    @rule(
        data=st.data(),
        mode=st.sampled_from(["wb", "wb", "ab", "r+b", "xb"]),
        offset=st.sampled_from([0, 0, 4000, 9000]),
    )
    def put(self, data: st.DataObject, mode: str, offset: int) -> None:
        path, size = self._path(data), data.draw(st.sampled_from(self.sizes))
        self.turn += 1
        content = bytes([self.turn & 255]) * size
        size_now = None if number(self.board.os.stat, "/flash" + path) else self.board.os.stat("/flash" + path)[6]
        if mode == "r+b" and size_now is not None and size_now <= 512:
            mode = "wb"  # the firmware cuts small files off here, and that is off by default
        if mode != "r+b":
            offset = 0

        def write() -> None:
            with self.board.os.open("/flash" + path, mode) as file:
                if offset:
                    file.seek(offset)
                file.write(content)

        self._both((write,), "put", path, mode, offset, content)

    @rule(data=st.data())
    def mkdir(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from([self._path(data), "/d", "/d/e", "/f"]))
        self._both((self.board.os.mkdir, "/flash" + path), "mkdir", path)

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        path = self._path(data)
        self._both((self.board.os.remove, "/flash" + path), "remove", path)

    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        old, new = self._path(data), self._path(data)
        if new != old and not new.startswith(old + "/"):
            self._both(
                (self.board.os.rename, "/flash" + old, "/flash" + new), "rename", old, new, newer={21: 20}
            )  # a folder over a file

    @rule()
    def read_all(self) -> None:
        for path, content in self.board.volume.snapshot().items():
            if content is not None:
                assert self.reference.read(path) == content

    @rule()
    def reboot(self) -> None:
        self.board.volume.remount()
        self.reference.lfs.unmount(self.reference.fs)
        self.reference.lfs.mount(self.reference.fs, self.reference.config)

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "reference"):
            return
        tree = self.board.volume.snapshot()
        folders = ["", *(path for path, content in tree.items() if content is None)]
        for folder in folders:
            assert self.board.os.listdir("/flash" + folder) == self.reference.listdir(folder or "/")
        difference = self.board.os.statvfs("/flash")[3] - self.reference.free(self.blocks)
        assert abs(difference) <= self._tolerance()

    def _tolerance(self) -> int:
        return 0


class TogetherLarge(Together):
    """Many names and inline content, so that folders divide."""

    blocks = 400
    names = tuple(f"{index:02}" + "n" * (index % 40) for index in range(40))
    sizes = (0, 400, 500, 512, 512, 513, 8188)

    def _pairs(self) -> list[int]:
        counts = []
        folder = self.board.volume.file_system.layout.root  # type: ignore[attr-defined]
        while folder is not None:
            full = sum(pair.size for pair in folder.pairs) > 3500
            counts.append(len(folder.pairs) if full or len(folder.pairs) > 1 else 0)
            folder = folder.after
        return counts

    def _tolerance(self) -> int:
        return 2 * sum(self._pairs())

    def _may_differ(self, codes: set[int | None]) -> bool:
        # One of them may need a new pair where the other does not.
        near_full = self.board.os.statvfs("/flash")[3] <= self._tolerance() + 30
        return near_full and bool(codes & {0, 28})


_CHECKS = list(HealthCheck)
# Finding the shortest example would take longer than the time limit of a test.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
SHORT = settings(max_examples=8, stateful_step_count=30, deadline=None, phases=_PHASES, suppress_health_check=_CHECKS)
LONG = settings(max_examples=500, stateful_step_count=100, deadline=None, phases=_PHASES, suppress_health_check=_CHECKS)

TestTogether = Together.TestCase
TestTogether.settings = SHORT
TestTogetherLarge = TogetherLarge.TestCase
TestTogetherLarge.settings = SHORT


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("machine", [Together, TogetherLarge])
def test_a_hundred_thousand_operations(machine: type[Together]) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(machine, settings=LONG)


@pytest.mark.parametrize("size", [0, 1, 512, 513, 4096, 4097, 8188, 8189, 8192, 12276, 12277, 100_000, 1_000_000])
def test_blocks_of_a_file(size: int) -> None:
    board = Board("littlefs")
    board.volume.format()
    reference = Reference(1024)
    board.put("/flash/t", bytes(size))
    reference.put("/t", "wb", 0, bytes(size))
    assert board.os.statvfs("/flash")[3] == reference.free(1024)


def test_a_full_volume_is_full_for_both() -> None:
    board = Board("littlefs", capacity=20 * BLOCK)
    board.volume.format()
    reference = Reference(20)
    for index in range(30):
        content = bytes(100 + 700 * (index % 4))
        code = number(board.put, f"/flash/{index}", content)
        assert reference.attempt("put", f"/{index}", "wb", 0, content) == code
    assert code == 28
    assert board.os.statvfs("/flash")[3] == reference.free(20)
