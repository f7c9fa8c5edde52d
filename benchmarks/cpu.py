"""C1 and C2: programs that only compute, on the board and in plain Python."""

from __future__ import annotations

import math
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.paired import BenchmarkError, Figure, Options, Progress, Ratio, divided, in_turn, spread
from emulator import Board
from emulator.clock import Clock
from emulator.project import Project

PROGRAMS = {
    "integers": """
def work():
    total = 0
    for i in range(400000):
        if i & 1:
            total += 3 * i
        else:
            total -= i
    return total
""",
    "methods": """
class Counter:
    def __init__(self, start):
        self.value = start

    def advance(self, by):
        self.value = (3 * self.value + by) & 0xFFFF
        return self.value


def work():
    counter = Counter(1)
    total = 0
    for i in range(150000):
        total += counter.advance(i)
    return total
""",
    "recursion": """
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def work():
    return [fib(20) for _ in range(3)]
""",
    "digests of 64 KiB": """
try:
    import hashlib
except ImportError:
    import uhashlib as hashlib

BLOCK = bytes(65536)


def work():
    for _ in range(40):
        hashlib.sha256(BLOCK).digest()
""",
    "digests of 14 bytes": """
try:
    import hashlib
except ImportError:
    import uhashlib as hashlib


def work():
    for _ in range(20000):
        hashlib.sha256(b"sensor reading").digest()
""",
    "JSON out": """
try:
    import json
except ImportError:
    import ujson as json

MESSAGE = {"id": "board-7", "t": [20.5, 21.25, 19.0] * 4, "ok": True, "none": None, "tags": ["a", "b"], "at": {"x": 1}}


def work():
    for _ in range(5000):
        json.dumps(MESSAGE)
""",
    "JSON in": """
try:
    import json
except ImportError:
    import ujson as json

TEXT = json.dumps({"id": "board-7", "t": [20.5, 21.25] * 6, "ok": True, "none": None, "tags": ["a", "b"], "at": {"x": 1}})


def work():
    for _ in range(5000):
        json.loads(TEXT)
""",
    "formatting": """
def work():
    for i in range(20000):
        "{:02x} {} end".format(i & 255, i)
        "%s=%d;%.2f" % ("temp", i, i / 7)
""",
    "structures": """
try:
    import struct
except ImportError:
    import ustruct as struct


def work():
    for i in range(40000):
        struct.unpack("<HIb", struct.pack("<HIb", i & 0xFFFF, i, -3))
""",
    "sorting": """
def work():
    x = 1
    values = []
    for _ in range(5000):
        x = (1103515245 * x + 12345) & 0x7FFFFFFF
        values.append(x)
    for _ in range(20):
        sorted(values)
""",
    "texts": """
def work():
    for i in range(15000):
        ",".join(["a%d" % i, "b", "c"]).split(",")[0].encode().decode()
""",
    "buffers": """
def work():
    ring = bytearray(256)
    for i in range(120000):
        ring[i & 255] = (ring[(i + 7) & 255] + i) & 255
    return ring
""",
}
"""Name -> source of ``work()``; each runs unchanged on CPython, MicroPython 1.11 and the board."""

TIMED = """
try:
    from utime import clock  # CPU time, on MicroPython's unix port
except ImportError:
    from utime import ticks_us

    def clock():
        return ticks_us() / 1000000
_took = []
for _ in range(5):
    _begin = clock()
    work()
    _took.append(clock() - _begin)
print("took", min(_took))
"""
"""The quickest of five times in a row, in seconds of CPU time: a busy machine takes a part of one or the other."""


class CpuClock(Clock):
    """A board's clock that counts the CPU time of the thread that asks."""

    def now(self) -> float:
        return time.thread_time()


Took = Callable[[], float]


def measure(options: Options, progress: Progress) -> list[Figure]:
    """Figures C1 and C2."""
    jobs: dict[str, Took] = {}
    for name, source in PROGRAMS.items():
        jobs[f"{name}: python"] = _plain(source)
        jobs[f"{name}: board"] = _board(source)
    with tempfile.TemporaryDirectory() as folder:
        if options.micropython111 is not None:
            for number, (name, source) in enumerate(PROGRAMS.items()):
                script = Path(folder, f"{number}.py")
                script.write_text(source + TIMED)
                jobs[f"{name}: 1.11"] = _other(options.micropython111, script)
        took = in_turn(jobs, options.rounds, progress)
    figures = _figures("C1", "python", "the same text in plain CPython", (1.10, 1.5), (1.02, 1.1), took)
    if options.micropython111 is None:
        missing = "needs --micropython111 EXE: the unix build of MicroPython 1.11"
        return [*figures, Ratio("C2", "computing, on average", "MicroPython 1.11", 0.6, 0.52, missing=missing)]
    return figures + _figures("C2", "1.11", "MicroPython 1.11", (0.6, 1.7), (0.52, 1.6), took)


def _figures(
    key: str,
    base: str,
    baseline: str,
    now: tuple[float, float],
    moonshot: tuple[float, float],
    took: dict[str, list[float]],
) -> list[Figure]:
    ratios = {name: divided(took[f"{name}: board"], took[f"{name}: {base}"]) for name in PROGRAMS}
    means = [math.exp(statistics.fmean(map(math.log, round_))) for round_ in zip(*ratios.values(), strict=True)]
    worst = max(ratios, key=lambda name: statistics.median(ratios[name]))
    details = tuple(f"{name}: {spread(values)}" for name, values in ratios.items())
    return [
        Ratio(key, "12 programs that compute, geometric mean", baseline, now[0], moonshot[0], means, details),
        Ratio(f"{key} worst", f"the slowest of them ({worst})", baseline, now[1], moonshot[1], ratios[worst]),
    ]


def _plain(source: str) -> Took:
    code = compile(source, "<program>", "exec")

    def run() -> float:
        names: dict[str, object] = {"__name__": "program"}
        exec(code, names)
        work: Callable[[], object] = names["work"]  # type: ignore[assignment]
        took = []
        for _ in range(5):
            begin = time.thread_time()
            work()
            took.append(time.thread_time() - begin)
        return min(took)

    return run


def _board(source: str) -> Took:
    def run() -> float:
        with Board() as board:
            board.clock = CpuClock()
            board.load_project(Project({"/main.py": (source + TIMED).encode()}))
            return _read(board.run().text)

    return run


def _other(executable: str, script: Path) -> Took:
    def run() -> float:
        done = subprocess.run([executable, str(script)], capture_output=True, text=True, check=False)
        return _read(done.stdout + done.stderr)

    return run


def _read(text: str) -> float:
    word, _, number = text.strip().rpartition(" ")
    if word != "took":
        raise BenchmarkError(f"a program failed: {text.strip().splitlines()[-1:]}")
    return float(number)
