"""K1 to K3: how soon a board's script is gone after the power was cut, and whether it can be kept from going.

Both sides of a ratio are taken alike: the stopper sleeps until an instant agreed beforehand, asks for the stop, and takes the
time when it knows that the thread has ended. So each contains what the stopper waits for the interpreter lock.
"""

from __future__ import annotations

import ctypes
import faulthandler
import selectors
import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.paired import Count, Figure, Options, Progress, Ratio, spread
from emulator import Board
from emulator.project import Project

SETTLE = 0.03
"""Seconds between the start of a victim and the agreed instant."""

STARTS_WITHIN = 20.0
STOPS_WITHIN = 1.0
HANGS_AFTER = 60.0
"""A victim that keeps the interpreter lock stops us, too: the process then ends with a traceback of all threads."""

INJECT_EVERY = 0.005
BASELINES = 3
"""Stops of the baseline per round; their median is what the round divides by."""

READY = "ready"

LOOPS = {
    "pass": "while True:\n    pass\n",
    "counting": "n = 0\nwhile True:\n    n += 1\n",
    "calling": "def f(x):\n    return x + 1\nn = 0\nwhile True:\n    n = f(n)\n",
    "bare except": "n = 0\nwhile True:\n    try:\n        n += 1\n        m = [n, n * 2]\n    except:\n        pass\n",
    "nested bare excepts": """\
def f():
    try:
        for i in range(1000):
            try:
                i * i
            except:
                continue
    except:
        return
while True:
    try:
        f()
    except:
        pass
""",
    "except BaseException": "while True:\n    try:\n        1\n    except BaseException:\n        continue\n",
    "finally that goes on": "def f():\n    while True:\n        try:\n            1\n"
    "        finally:\n            continue\nf()\n",
    "__exit__ that swallows": """\
class Shield:
    def __enter__(self):
        return self
    def __exit__(self, *what):
        return True
while True:
    with Shield():
        x = 1
""",
    "generator": """\
def numbers():
    while True:
        try:
            yield 1
        except:
            pass
for n in numbers():
    pass
""",
    "inside exec": "exec('while True:\\n    try:\\n        1\\n    except:\\n        pass\\n')\n",
}
"""Pure Python that never ends, most of it catching everything."""

AROUND_A_CALL = "import time\nwhile True:\n    try:\n        time.sleep(0.05)\n    except:\n        pass\n"
LONG_CALLS = "while True:\n    sum(range(1500000))\n"
LONG_SLEEP = "import time\ntime.sleep(10)\n"

WAITS = {
    "sleep": "import time\nprint('ready')\ntime.sleep(3600)\n",
    "socket": "import socket\ns = socket.socket()\ns.connect(('127.0.0.1', {port}))\nprint('ready')\ns.recv(1)\n",
    "lock": "import _thread\na = _thread.allocate_lock()\na.acquire()\nprint('ready')\na.acquire()\n",
    "select": (
        "import select, socket\ns = socket.socket()\ns.connect(('127.0.0.1', {port}))\nprint('ready')\n"
        "select.select([s], [], [])\n"
    ),
}
"""Waits of the shims; ``{port}`` listens on this machine and says nothing."""


class CannotStartError(Exception):
    """A victim ended before it could be stopped; the text says how."""


@dataclass(frozen=True)
class Stop:
    """One stop of a board: how long it took in seconds, and whether everything of the script was gone then."""

    seconds: float
    gone: bool


def measure(options: Options, progress: Progress) -> list[Figure]:
    """Figures K1 to K3."""
    with Board("fipy") as board, socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        loops = {name: f"print('{READY}')\n{text}" for name, text in LOOPS.items()}
        waits = {name: text.format(port=port) for name, text in WAITS.items()}
        figures = [
            _ratios("K1", "stop of a pure Python loop", "injection into a pass loop", 2, 0.1, 10)(
                options.rounds, progress, board, loops, stop_of_a_thread
            ),
            _ratios("K2", "stop of a wait: sleep, socket, lock, select", "selector woken by a byte", 20, 3, None)(
                options.rounds, progress, board, waits, wake_by_a_byte
            ),
        ]
        return [*figures, _all_stopped(board, progress)]


# -- baselines -------------------------------------------------------------------------------------------------------


class _Stopped(BaseException):
    pass


def stop_of_a_thread() -> float:
    """Seconds until a thread in ``while True: pass`` has ended by an exception that is injected again and again."""

    def loop() -> None:
        try:
            while True:
                pass
        except _Stopped:
            pass

    victim = threading.Thread(target=loop, daemon=True)
    victim.start()
    due = _agreed_instant()
    while victim.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(victim.ident or 0), ctypes.py_object(_Stopped))
        victim.join(INJECT_EVERY)
    return time.perf_counter() - due


def wake_by_a_byte() -> float:
    """Seconds until a thread in a selector has ended because a byte came. A socket pair: Windows selects nothing else."""
    reader, writer = socket.socketpair()
    with reader, writer, selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        victim = threading.Thread(target=selector.select, args=(STARTS_WITHIN,), daemon=True)
        victim.start()
        due = _agreed_instant()
        writer.send(b"x")
        victim.join()
        return time.perf_counter() - due


def _agreed_instant() -> float:
    due = time.perf_counter() + SETTLE
    time.sleep(SETTLE)
    return due


# -- the board -------------------------------------------------------------------------------------------------------


def stop_of_a_board(board: Board, script: str, settle: Callable[[], float] = _agreed_instant) -> Stop:
    """Run ``script`` until it has said that it is ready, and cut the power. Raises CannotStartError."""
    board.load_project(Project({"/main.py": script.encode()}))
    begin = len(board.console.text)
    changed = threading.Event()
    unlisten = board.console.listen(lambda _: changed.set())
    faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
    try:
        board.start()
        end = time.monotonic() + STARTS_WITHIN
        while READY not in board.console.text[begin:]:
            if not board.running or not changed.wait(end - time.monotonic()):
                break
            changed.clear()
        due = settle()
        going = board.running and READY in board.console.text[begin:]
        board.stop()
        took = time.perf_counter() - due
    finally:
        unlisten()
        board.stop()
        faulthandler.cancel_dump_traceback_later()
    if not going:
        last = board.console.text[begin:].strip().rpartition("\n")[2]
        raise CannotStartError(last or "ended at once")
    return Stop(took, not board.left_behind and not _script_threads())


def _script_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name in ("main", "script thread")]


def _ratios(
    key: str, what: str, baseline: str, now: float, moonshot: float, now_maximum: float | None
) -> Callable[[int, Progress, Board, dict[str, str], Callable[[], float]], Ratio]:
    def run(rounds: int, progress: Progress, board: Board, victims: dict[str, str], base: Callable[[], float]) -> Ratio:
        cannot: dict[str, str] = {}
        for name, script in victims.items():  # the first of each is not counted
            progress.show(f"{key} warming up, {name}")
            try:
                stop_of_a_board(board, script)
            except CannotStartError as error:
                cannot[name] = str(error)
        base()
        names = [name for name in victims if name not in cannot]
        ratios: dict[str, list[float]] = {name: [] for name in names}
        bases: list[float] = []
        for number in range(rounds):
            progress.show(f"{key} round {number + 1} of {rounds}")
            stops: dict[str, float] = {}
            below: list[float] = []
            first = number % max(1, len(names))
            for place, name in enumerate(names[first:] + names[:first]):
                if place * BASELINES // len(names) == len(below):
                    below.append(base())
                stops[name] = stop_of_a_board(board, victims[name]).seconds
            while len(below) < BASELINES:
                below.append(base())
            bases.append(statistics.median(below))
            for name, seconds in stops.items():
                ratios[name].append(seconds / bases[-1])
        progress.clear()
        details = [f"baseline {statistics.median(bases) * 1000:.2f} ms"]
        details += [f"{name}: {spread(values)}" for name, values in ratios.items()]
        details += [f"{name}: not measured ({why})" for name, why in cannot.items()]
        pooled = [ratio for values in ratios.values() for ratio in values]
        missing = "" if pooled else "no victim could be started"
        return Ratio(key, what, baseline, now, moonshot, pooled, tuple(details), missing, now_maximum)

    return run


# -- nothing unstoppable -----------------------------------------------------------------------------------------------


def _all_stopped(board: Board, progress: Progress) -> Count:
    """Figure K3, twice over with the same board in this process."""
    one_second = _summands(1.0)
    call = f"sum(range({one_second}))"
    victims: dict[str, tuple[str, str]] = {
        **{name: (LOOPS[name], "") for name in ("pass", "counting", "calling", "bare except", "nested bare excepts")},
        "bare except around sleep": (AROUND_A_CALL, ""),
        "long calls into C": (LONG_CALLS, "sum(range(1500000))"),
        "sleep of 10 s": (LONG_SLEEP, ""),
        "one call into C of 1 s": (f"{call}\nwhile True:\n    pass\n", call),
    }
    stopped: list[int] = []
    details: list[str] = []
    for turn in (1, 2):
        count = 0
        for name, (script, in_c) in victims.items():
            progress.show(f"K3 turn {turn} of 2, {name}")
            allowed = STOPS_WITHIN + (_seconds_of(in_c) if in_c else 0.0)
            try:
                stop = stop_of_a_board(board, f"print('{READY}')\n{script}")
            except CannotStartError as error:
                details.append(f"turn {turn}, {name}: not started ({error})")
                continue
            if stop.gone and stop.seconds <= allowed:
                count += 1
            else:
                details.append(
                    f"turn {turn}, {name}: {stop.seconds:.2f} s of {allowed:.2f}, {'gone' if stop.gone else 'still there'}"
                )
        stopped.append(count)
    progress.clear()
    total = len(victims)
    return Count(
        "K3",
        "victims gone within 1 s of their last call into C",
        f"{total} of {total}",
        f"{total} of {total}, twice",
        " and ".join(f"{count} of {total}" for count in stopped),
        "reached" if min(stopped) == total else f"{2 * total - sum(stopped)} more",
        tuple(details),
    )


def _seconds_of(expression: str) -> float:
    begin = time.perf_counter()
    eval(expression)
    return time.perf_counter() - begin


def _summands(seconds: float) -> int:
    """How many numbers ``sum`` adds in that time."""
    probe = 2_000_000
    return int(probe * seconds / _seconds_of(f"sum(range({probe}))"))
