"""S1 to S4: what hello world costs, from the command line to the end of the process.

Everything runs in environments of its own, so that what else is installed beside the emulator has no say.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.paired import ROOT, BenchmarkError, Count, Figure, Options, Progress, Ratio, divided, in_turn

HELLO = "hello.py"

FLOOR = (
    "import pyfakefs.fake_filesystem as f, pyfakefs.fake_open, ssl, socket, threading, selectors, argparse;"
    "f.FakeFilesystem()"
)
"""What any emulator over the released pyfakefs that loads TLS at once has to import."""

ABSENT_NOW = ("asyncio", "doctest", "cryptography", "pyftpdlib", "click", "rich")
ABSENT_MOONSHOT = (*ABSENT_NOW, "unittest", "logging", "ssl")


@dataclass(frozen=True)
class Cost:
    """Seconds of one child. ``cpu`` is user and system time, None where the system does not tell."""

    wall: float
    cpu: float | None


def measure(options: Options, progress: Progress) -> list[Figure]:
    """Figures S1 to S4."""
    with tempfile.TemporaryDirectory(prefix="startup-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / HELLO).write_text('print("hello")\n', "utf-8")
        if options.python is None:
            progress.show("making an environment with the emulator")
            python = environment(folder / "emulator", source=_copy_of_checkout(folder / "source"))
        else:
            python = _real_interpreter(options.python)
        mockro, why_not = _mockro(options, folder, progress)
        return _measure(options, progress, folder, python, mockro, why_not)


def _measure(
    options: Options, progress: Progress, folder: Path, python: str, mockro: list[str] | None, why_not: str
) -> list[Figure]:
    hello = [python, "-m", "emulator", "run", HELLO]
    commands = {"pass": [python, "-c", "pass"], "floor": [python, "-c", FLOOR], "hello": hello}
    if mockro is not None:
        commands["mockro"] = mockro
    for name in ("hello", "mockro"):
        if name in commands:
            _must_print_hello(commands[name], folder)
    jobs: dict[str, Callable[[], Cost]] = {name: _child(argv, folder) for name, argv in commands.items()}
    costs = in_turn(jobs, options.rounds, progress)
    wall = {name: [cost.wall for cost in rows] for name, rows in costs.items()}
    cpu = {name: [cost.cpu for cost in rows if cost.cpu is not None] for name, rows in costs.items()}
    no_cpu = "" if cpu["pass"] else "this system does not tell the CPU time of a child"
    details = () if no_cpu else (", ".join(f"{name} {_ms(rows)}" for name, rows in cpu.items()),)
    return [
        Ratio(
            "S1",
            "hello world, installed, CPU",
            "python -c pass",
            12,
            6,
            divided(cpu["hello"], cpu["pass"]),
            details,
            no_cpu,
        ),
        Ratio(
            "S2", "the same", "imports of pyfakefs and ssl", 1.2, 0.7, divided(cpu["hello"], cpu["floor"]), (), no_cpu
        ),
        Ratio(
            "S3",
            "the same, wall clock",
            "mockro run, hello world",
            1.5,
            0.7,
            divided(wall["hello"], wall["mockro"]) if mockro is not None else (),
            (),
            why_not,
        ),
        modules_loaded(hello, folder),
    ]


def _ms(seconds: list[float]) -> str:
    return f"{sorted(seconds)[len(seconds) // 2] * 1000:.0f} ms"


# -- children --------------------------------------------------------------------------------------------------------


def _environ() -> dict[str, str]:
    """The environment without what changes an interpreter: a search path, or byte code that is not written."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def _child(argv: list[str], folder: Path) -> Callable[[], Cost]:
    environ = _environ()

    def run() -> Cost:
        begin = time.perf_counter()
        child = subprocess.Popen(
            argv,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        cpu: float | None = None
        if sys.platform == "win32":
            status = child.wait()
        else:
            _, ending, usage = os.wait4(child.pid, 0)
            status = child.returncode = os.waitstatus_to_exitcode(ending)
            cpu = usage.ru_utime + usage.ru_stime
        wall = time.perf_counter() - begin
        if status:
            raise BenchmarkError(f"{' '.join(argv)}: status {status}")
        return Cost(wall, cpu)

    return run


def _must_print_hello(argv: list[str], folder: Path) -> None:
    done = subprocess.run(
        argv, cwd=folder, env=_environ(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode or done.stdout != "hello\n":
        last = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise BenchmarkError(f"{' '.join(argv)}: status {done.returncode}, no hello world: {last}")


def modules_loaded(hello: list[str], folder: Path) -> Count:
    """Figure S4, from the interpreter's own list of imports."""
    done = subprocess.run(
        [hello[0], "-X", "importtime", *hello[1:]],
        cwd=folder,
        env=_environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    importers = imported_by(done.stderr)
    unwanted_now = [name for name in ABSENT_NOW if name in importers]
    unwanted = [name for name in ABSENT_MOONSHOT if name in importers]
    details = [f"{name}: {_where_from(name, importers)}" for name in ABSENT_MOONSHOT]
    return Count(
        "S4",
        "modules that hello world should not load",
        f"0 of {len(ABSENT_NOW)}",
        f"0 of {len(ABSENT_MOONSHOT)}",
        f"{len(unwanted_now)} of {len(ABSENT_NOW)}, {len(unwanted)} of {len(ABSENT_MOONSHOT)}",
        "reached" if not unwanted else f"{len(unwanted)} more",
        (*details, f"{len(importers)} modules in all"),
    )


def _where_from(name: str, importers: dict[str, tuple[str, ...]]) -> str:
    if name not in importers:
        return "absent"
    return " <- ".join(("loaded", *importers[name]))


_IMPORT = re.compile(r"import time:\s*\d+ \|\s*\d+ \| ( *)(\S+)")


def imported_by(report: str) -> dict[str, tuple[str, ...]]:
    """Module -> those that were being imported meanwhile, innermost first, out of what ``-X importtime`` writes.

    A module stands there when it is complete: so the importer of a line is the next line that is indented less.
    """
    importers: dict[str, tuple[str, ...]] = {}
    open_ones: list[tuple[int, str]] = []
    for match in reversed(list(_IMPORT.finditer(report))):
        depth, name = len(match[1]), match[2]
        while open_ones and open_ones[-1][0] >= depth:
            open_ones.pop()
        importers[name] = tuple(outer for _, outer in reversed(open_ones))
        open_ones.append((depth, name))
    return importers


# -- environments ----------------------------------------------------------------------------------------------------


def environment(folder: Path, source: str | Path) -> str:
    """Make an environment with ``source`` (a folder or a name on the package index) in it; its interpreter."""
    venv.create(folder, with_pip=True, symlinks=sys.platform != "win32")
    python = _program(folder, "python")
    try:
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(source)],
            cwd=folder,
            env=_environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"pip install {source} took more than {error.timeout:g} s") from error
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise BenchmarkError(f"pip install {source} failed: {last}")
    return python


def _program(folder: Path, name: str) -> str:
    return str(folder / "Scripts" / f"{name}.exe" if sys.platform == "win32" else folder / "bin" / name)


def _copy_of_checkout(folder: Path) -> Path:
    """A copy to build from: a build leaves its traces beside what it builds."""
    ignored = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info", "tests")
    shutil.copytree(ROOT, folder, ignore=ignored, symlinks=True)
    return folder


def _real_interpreter(python: str) -> str:
    """The interpreter itself: a shim in front of it (pyenv has one) costs many times what it starts."""
    try:
        done = subprocess.run(
            [python, "-c", "import sys; print(sys.executable)"],
            env=_environ(),
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchmarkError(f"--python {python}: {error}") from error
    return done.stdout.strip()


def _mockro(options: Options, folder: Path, progress: Progress) -> tuple[list[str] | None, str]:
    """The command for comparison, or why there is none."""
    if options.mockro is not None:
        found = shutil.which(options.mockro)
        if found is None:
            raise BenchmarkError(f"--mockro {options.mockro}: no such program")
        return [str(Path(found).absolute()), "run", HELLO], ""
    progress.show("making an environment with mockro")
    try:
        environment(folder / "mockro", "mockro")
    except BenchmarkError as error:
        return None, str(error)
    return [_program(folder / "mockro", "mockro"), "run", HELLO], ""
