"""F1 to F5: what a script's file operations, a further board and its memory cost, and how long a project takes to load.

One text does the work everywhere: as main.py on a board, on bare pyfakefs, and in MicroPython on its own LittleFS.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.paired import (
    ROOT,
    BenchmarkError,
    Figure,
    Options,
    Progress,
    Ratio,
    divided,
    in_turn,
    spread,
)

WORK = """
DATA = bytes(range(250)) * 2
def write(path, data):
    with open(path, 'wb') as file:
        file.write(data)
def append(path, data):
    with open(path, 'ab') as file:
        file.write(data)
def read(path):
    with open(path, 'rb') as file:
        return file.read()
def missing(path):
    try:
        os.stat(path)
    except OSError:
        return
    raise Exception(path)
def timed(name, call, items):
    settle()
    begin = ticks_us()
    for item in items:
        call(*item)
    print(name, abs(ticks_diff(ticks_us(), begin)), len(items))
os.mkdir('/flash/many')
for number in range(100):
    write('/flash/many/f%02d' % number, b'x')
files = ['/flash/f%03d.py' % number for number in range(200)]
timed('mkdir', os.mkdir, [('/flash/d%03d' % number,) for number in range(200)])
timed('create', write, [(path, DATA) for path in files])
timed('rewrite', write, [(path, DATA) for path in files])
timed('read', read, [(path,) for path in files])
assert read(files[7]) == DATA
timed('append', append, [(path, b'more') for path in files])
timed('stat', os.stat, [(path,) for path in files])
timed('listdir', os.listdir, [('/flash/many',)] * 50)
assert len(os.listdir('/flash/many')) == 100
timed('missing', missing, [('/flash/none%03d' % number,) for number in range(200)])
timed('rename', os.rename, [(path, path + 'x') for path in files])
timed('remove', os.remove, [(path + 'x',) for path in files])
"""
"""Prints per operation its name, microseconds and how often it was done."""

BOARD = """
import os
from utime import ticks_us, ticks_diff
def settle():
    pass
"""
MICROPYTHON = """
import gc, os, vfs
from time import ticks_us, ticks_diff
settle = gc.collect
class Ram:
    def __init__(self, blocks):
        self.data = bytearray(4096 * blocks)
    def readblocks(self, number, buffer, offset=0):
        start = number * 4096 + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]
    def writeblocks(self, number, buffer, offset=0):
        start = number * 4096 + offset
        self.data[start : start + len(buffer)] = buffer
    def ioctl(self, op, arg):
        return {4: len(self.data) // 4096, 5: 4096}.get(op, 0)
gc.threshold(1 << 20)
ram = Ram(1024)
vfs.VfsLfs2.mkfs(ram)
vfs.mount(vfs.VfsLfs2(ram), '/flash')
"""

OPERATIONS = {
    "mkdir": "mkdir",
    "create": "open a new file, write 500 bytes, close",
    "rewrite": "the same over an old file",
    "read": "open, read, close",
    "append": "open, append 4 bytes, close",
    "stat": "stat",
    "missing": "stat of a missing name",
    "listdir": "listdir of 100 names",
    "rename": "rename",
    "remove": "remove",
}
CONTENT = ("read", "create", "rewrite", "append")
ENTRIES = ("stat", "listdir", "remove", "rename")

Times = dict[str, float]
"""Operation -> seconds each."""
Tree = dict[str, bytes | None]
"""Path -> content, None for a folder."""

BOARDS_A_ROUND = 20
BOARDS_IN_MEMORY = 200
FILES = {f"/{('lib', 'cert', 'sys', '')[number % 4]}/f{number:02}.py".replace("//", "/"): 500 for number in range(20)}
"""The flash of 20 files: path -> bytes."""
FOLDERS = ("/lib", "/cert", "/sys")

PROJECT_FILES, PROJECT_FILE_SIZE = 246, 16300
"""3.8 MiB of content, which leaves some ten blocks of a 4 MiB flash."""


def measure(options: Options, progress: Progress) -> list[Figure]:
    """Figures F1 to F5, and the loading of a project."""
    jobs: dict[str, Callable[[], Times]] = {
        "pyfakefs": _on_pyfakefs,
        "littlefs": lambda: _on_board("littlefs"),
        "fat": lambda: _on_board("fat"),
    }
    micropython = options.micropython
    if micropython is not None:
        jobs["micropython"] = lambda: _on_micropython(micropython)
    took = in_turn(jobs, options.rounds, progress)
    return [
        *_against("F1", CONTENT, took, "pyfakefs", "open/os of pyfakefs", 1.5, 0.4),
        *_against("F2", tuple(OPERATIONS), took, "micropython", "MicroPython's LittleFS in RAM", 1.0, 0.2),
        *_against("F3", ENTRIES, took, "pyfakefs", "os of pyfakefs", 1.5, 1.0),
        _boards(options, progress),
        _memory(options, progress),
        _project(options, progress),
    ]


# -- file operations ---------------------------------------------------------------------------------------------------


def _against(
    key: str,
    operations: Sequence[str],
    took: Mapping[str, Sequence[Times]],
    baseline: str,
    name: str,
    now: float,
    moonshot: float,
) -> list[Figure]:
    if baseline not in took:
        why = "--micropython EXE names a MicroPython with VfsLfs2"
        return [Ratio(key, "every file operation", name, now, moonshot, missing=why)]

    def ratios(operation: str, kind: str) -> list[float]:
        return divided(*([times[operation] for times in took[side]] for side in (kind, baseline)))

    figures: list[Figure] = []
    for operation in operations:
        middle = statistics.median(times[operation] for times in took["littlefs"])
        details = (f"{operation}: {middle * 1e6:.0f} us; on FAT {spread(ratios(operation, 'fat'))}",)
        figures.append(Ratio(key, OPERATIONS[operation], name, now, moonshot, ratios(operation, "littlefs"), details))
    return figures


def _parsed(text: str) -> Times:
    rows = [line.split() for line in text.splitlines()]
    times = {name: int(total) / int(count) / 1e6 for name, total, count in rows}
    if set(times) != set(OPERATIONS):
        raise BenchmarkError(f"unexpected output: {text[-200:]!r}")
    return times


def _on_board(kind: Any) -> Times:
    from emulator import Board
    from emulator.project import Project

    with Board("fipy", kind) as board:
        board.load_project(Project({"/main.py": (BOARD + WORK).encode()}))
        return _parsed(board.run(timeout=120).text)


def _on_pyfakefs() -> Times:
    from pyfakefs import fake_filesystem, fake_open, fake_os

    fake = fake_filesystem.FakeFilesystem(path_separator="/")
    fake.shuffle_listdir_results = False
    fake.makedir("/flash")
    lines: list[str] = []
    names = {
        "open": fake_open.FakeFileOpen(fake),
        "os": fake_os.FakeOsModule(fake),
        "settle": lambda: None,
        "ticks_us": lambda: time.perf_counter_ns() // 1000,
        "ticks_diff": lambda later, earlier: later - earlier,
        "print": lambda *words: lines.append(" ".join(map(str, words))),
    }
    exec(compile(WORK, "work.py", "exec", dont_inherit=True), names)
    return _parsed("\n".join(lines))


def _on_micropython(exe: str) -> Times:
    with tempfile.TemporaryDirectory(prefix="flash-") as name:
        script = Path(name, "work.py")
        script.write_text(MICROPYTHON + WORK, "utf-8")
        try:
            done = subprocess.run(
                [exe, "-X", "heapsize=64m", str(script)], capture_output=True, text=True, timeout=120, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", None) or "").strip().splitlines()[-1:]
            raise BenchmarkError(f"--micropython {exe}: {' '.join(said) or error}") from error
    return _parsed(done.stdout)


# -- boards ------------------------------------------------------------------------------------------------------------


def _tree() -> Tree:
    return {**dict.fromkeys(FOLDERS), **{path: os.urandom(size) for path, size in FILES.items()}}


def _board(tree: Tree) -> Any:
    from emulator import Board
    from emulator.project import Project

    board = Board("fipy")
    board.load_project(Project(tree))
    return board


def _bare(tree: Tree) -> Any:
    from pyfakefs import fake_filesystem, fake_open

    fake = fake_filesystem.FakeFilesystem(path_separator="/")
    fake.makedir("/flash")
    opened = fake_open.FakeFileOpen(fake)
    for path, content in tree.items():
        if content is None:
            fake.makedir(f"/flash{path}")
        else:
            with opened(f"/flash{path}", "wb") as file:
                file.write(content)
    return fake


def _boards(options: Options, progress: Progress) -> Figure:
    from pyfakefs.fake_filesystem import FakeFilesystem

    from flashfs import Volume

    tree = _tree()

    def made(make: Callable[[], Any]) -> Callable[[], float]:
        def job() -> float:
            gc.collect()  # nobody pays for what another one has left
            begin = time.perf_counter()
            kept = [make() for _ in range(BOARDS_A_ROUND)]
            took = (time.perf_counter() - begin) / BOARDS_A_ROUND
            for board in kept:
                if hasattr(board, "close"):
                    board.close()
            return took

        return job

    def volume() -> Volume:
        flash = Volume("littlefs")
        flash.boot_defaults()
        flash.load(tree)
        return flash

    def folder() -> FakeFilesystem:
        fake = FakeFilesystem(path_separator="/")
        fake.create_dir("/flash")
        return fake

    jobs = {
        "bare": made(FakeFilesystem),
        "folder": made(folder),
        "board": made(lambda: _board(tree)),
        "volume": made(volume),
        "tree": made(lambda: _bare(tree)),
    }
    took = in_turn(jobs, options.rounds, progress)
    return Ratio(
        "F4",
        "a further board with a flash of 20 files",
        "FakeFilesystem()",
        15,
        3,
        divided(took["board"], took["bare"]),
        tuple(
            f"{what}: {spread([seconds * 1e3 for seconds in took[name]])} ms, {spread(divided(took[name], took['bare']))}"
            for name, what in (
                ("board", "board"),
                ("volume", "only its flash"),
                ("tree", "the same tree in pyfakefs, by open"),
                ("folder", "FakeFilesystem() with one folder"),
                ("bare", "FakeFilesystem()"),
            )
        ),
    )


def resident(make: Callable[[], Any]) -> float:
    """Bytes of resident memory that each further one of them takes. Linux only."""
    page = os.sysconf("SC_PAGESIZE")

    def pages() -> int:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1])

    kept = [make() for _ in range(5)]
    before = pages()
    kept += [make() for _ in range(BOARDS_IN_MEMORY)]
    return (pages() - before) * page / BOARDS_IN_MEMORY


def bare_tree() -> Any:
    """The tree on bare pyfakefs."""
    return _bare(_tree())


def idle_board() -> Any:
    """A board with the tree, switched off."""
    return _board(_tree())


def used_board() -> Any:
    """A board that has run a script to its end."""
    board = _board({**_tree(), "/main.py": b"import os\nprint(os.listdir())\n"})
    board.run(timeout=60)
    return board


def _memory(options: Options, progress: Progress) -> Figure:
    key, what, baseline = "F5", "memory of a further idle board with that flash", "the same tree in pyfakefs"
    if not Path("/proc/self/statm").exists():
        return Ratio(key, what, baseline, 5, 1.5, missing="this system has no /proc/self/statm")

    def child(make: str) -> Callable[[], float]:
        code = f"from benchmarks import flash; print(flash.resident({make}))"

        def job() -> float:
            done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
            return float(done.stdout)

        return job

    jobs = {
        "bare": child("flash.bare_tree"),
        "board": child("flash.idle_board"),
        "used": child("flash.used_board"),
    }
    # each is the mean over hundreds, in a process of its own: a few rounds agree to the percent
    took = in_turn(jobs, min(options.rounds, 3), progress)
    details = tuple(
        f"{said}: {spread([size / 1024 for size in took[name]])} KiB"
        for name, said in (("board", "board"), ("used", "board after a run of main.py"), ("bare", "pyfakefs"))
    )
    return Ratio(key, what, baseline, 5, 1.5, divided(took["board"], took["bare"]), details)


# -- a project ---------------------------------------------------------------------------------------------------------


def _project(options: Options, progress: Progress) -> Figure:
    from emulator import Board

    with tempfile.TemporaryDirectory(prefix="flash-") as name:
        folder = Path(name)
        (folder / "main.py").write_bytes(b"print('loaded')\n")
        for number in range(PROJECT_FILES):
            path = folder / f"lib/part{number % 10}" / f"data{number}.bin"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.urandom(PROJECT_FILE_SIZE))

        def into_dict() -> float:
            begin = time.perf_counter()
            found = {}
            for above, _, names in os.walk(folder):
                for each in names:
                    path = os.path.join(above, each)  # noqa: PTH118  what the fastest reader would do
                    with open(path, "rb") as file:  # noqa: PTH123
                        found[path] = file.read()
            assert len(found) == PROJECT_FILES + 1
            return time.perf_counter() - begin

        def onto(kind: Any) -> Callable[[], float]:
            def job() -> float:
                with Board("fipy", kind) as board:
                    begin = time.perf_counter()
                    board.load(folder)
                    return time.perf_counter() - begin

            return job

        took = in_turn({"dict": into_dict, "littlefs": onto("littlefs"), "fat": onto("fat")}, options.rounds, progress)
    details = (
        f"{PROJECT_FILES} files of {PROJECT_FILE_SIZE:,} bytes in 10 folders",
        f"LittleFS {spread([seconds * 1e3 for seconds in took['littlefs']])} ms, "
        f"FAT {spread(divided(took['fat'], took['dict']))}",
    )
    ratios = divided(took["littlefs"], took["dict"])
    return Ratio("F6", "load of a project that fills 4 MiB", "reading its files into a dict", 10, 3, ratios, details)
