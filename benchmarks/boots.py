"""B1 and B2: further boots of a board in one process, reset and soft reset in turn."""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path

from benchmarks.paired import Count, Figure, Options, Progress
from emulator import Board
from emulator.project import Project

BOOTS = 2000
MAIN = b"import utime, ujson\nd = {'n': 1}\nprint(ujson.dumps(d))\n"
_STATM = Path("/proc/self/statm")


def measure(options: Options, progress: Progress) -> list[Figure]:
    """Figures B1 and B2."""
    booted = threading.Event()

    with Board() as board:
        board.load_project(Project({"/main.py": MAIN}))
        board.console.keeps_text = False
        unlisten = board.console.listen(lambda text: booted.set() if text.startswith("{") else None)
        board.start()
        took: list[float] = []
        before = 0
        for number in range(BOOTS):
            assert booted.wait(30)
            board.wait(30)
            if number == BOOTS // 10:
                gc.collect()
                before = _resident()
            booted.clear()
            begin = time.perf_counter()
            (board.soft_reset if number % 2 else board.reset)()
            assert booted.wait(30)
            took.append(time.perf_counter() - begin)
            if number % 50 == 0:
                progress.show(f"{number} of {BOOTS}")
        board.wait(30)
        gc.collect()
        after = _resident()
        unlisten()
    kinds = {"reset": took[::2], "soft reset": took[1::2]}
    details = tuple(f"{kind}: {1000 * sorted(times)[len(times) // 2]:.2f} ms" for kind, times in kinds.items())
    median = 1000 * sorted(took)[len(took) // 2]
    kib = (after - before) / 1024
    growth = f"{kib:.0f} KiB over {BOOTS * 9 // 10} boots" if before else "not measured here"
    resident = (f"{before / 2**20:.1f} MiB after {BOOTS // 10} boots, {after / 2**20:.1f} MiB after {BOOTS}",)
    return [
        Count("B1", f"{BOOTS} boots in one process", "told", "told", f"{median:.2f} ms each", details=details),
        Count("B2", "growth of resident memory over them", "told", "told", growth, details=resident if before else ()),
    ]


def _resident() -> int:
    if not _STATM.exists():
        return 0
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
