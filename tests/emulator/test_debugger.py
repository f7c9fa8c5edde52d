"""Debuggers and coverage see the script's own files: debugpy as an editor uses it, pdb, coverage.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.board import Board
from tests.emulator.commandline import ROOT
from tests.emulator.dap import attach, debugged

MAIN = """\
import helper
from micropython import const

_WIDTH = const(2)


def area(width, height):
    result = width * height
    return result


async def later():
    return 1


total = 0
for step in range(3):
    total += area(step, _WIDTH)
try:
    helper.fail(
        "oh",
    )
except ValueError as error:
    print("caught", error)
except OSError:
    print("never")
finally:
    print("total", total)


def unused():
    return 17


with open("log.txt", "w") as log:
    log.write("x")
if total > 100:
    print("big")
"""
HELPER = """\
def fail(text):
    kind = ValueError
    raise kind(text)
"""
BOOT = "booted = True\n"
NOT_RUN = {"main.py": [13, 25, 26, 32, 38], "boot.py": [], "helper.py": []}
"""Lines that no run of the project reaches, counted by hand."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "lib").mkdir(parents=True)
    (folder / "main.py").write_text(MAIN)
    (folder / "boot.py").write_text(BOOT)
    (folder / "lib" / "helper.py").write_text(HELPER)
    return folder


@pytest.mark.timeout(180)  # on a busy machine debugpy may have to be started again
def test_debugpy_stops_in_the_script(project: Path) -> None:
    pytest.importorskip("debugpy")
    main, helper = project / "main.py", project / "lib" / "helper.py"
    with debugged("run", project) as (debugger, process):
        attach(debugger, {main: [8], helper: [3]})

        stopped = debugger.event("stopped")
        assert stopped["reason"] == "breakpoint"
        frame = debugger.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"][0]
        assert (Path(frame["source"]["path"]), frame["line"], frame["name"]) == (main, 8, "area")
        scope = debugger.ask("scopes", frameId=frame["id"])["scopes"][0]
        variables = debugger.ask("variables", variablesReference=scope["variablesReference"])["variables"]
        assert {v["name"]: v["value"] for v in variables} == {"width": "0", "height": "2"}

        debugger.ask("next", threadId=stopped["threadId"])
        stopped = debugger.event("stopped")
        frame = debugger.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"][0]
        assert frame["line"] == 9
        assert debugger.ask("evaluate", expression="result + 40", frameId=frame["id"])["result"] == "40"

        debugger.ask("setBreakpoints", source={"path": str(main)}, breakpoints=[])
        debugger.ask("continue", threadId=stopped["threadId"])
        stopped = debugger.event("stopped")
        frame = debugger.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"][0]
        assert (Path(frame["source"]["path"]), frame["line"]) == (helper, 3)
        debugger.ask("continue", threadId=stopped["threadId"])
        debugger.event("terminated")
        debugger.request("disconnect")
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out == "caught oh\ntotal 6\n"


def python(
    *words: str, stdin: str = "", data: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=50,
        env={**os.environ, **environment},
        check=False,
    )


def test_pdb_stops_in_the_script(project: Path) -> None:
    main, helper = project / "main.py", project / "lib" / "helper.py"
    commands = [f"b {main}:8", "c", "p ('area', width, height)", "n", "p ('result', result)", "cl 1"]
    commands += [f"b {helper}:3", "c", "p ('fail', text)", "cl 2", "c", "q"]
    done = python("-m", "pdb", "-m", "emulator", "run", str(project), stdin="\n".join(commands) + "\n")
    assert f"> {main}(8)area()" in done.stdout
    assert "('area', 0, 2)" in done.stdout
    assert f"> {main}(9)area()" in done.stdout
    assert "('result', 0)" in done.stdout
    assert f"> {helper}(3)fail()" in done.stdout
    assert "('fail', 'oh')" in done.stdout
    assert "caught oh\n" in done.stdout
    assert "total 6\n" in done.stdout
    assert "Exit status: 0" in done.stdout


def missed(data: Path) -> dict[str, list[int]]:
    report = python("-m", "coverage", "json", f"--data-file={data}", "-o", "-", "-q")
    assert report.returncode == 0, report.stdout + report.stderr
    files = json.loads(report.stdout)["files"]
    return {Path(name).name: entry["missing_lines"] for name, entry in files.items()}


CORES = ["ctrace", "pytrace", *(["sysmon"] if sys.version_info >= (3, 12) else [])]


@pytest.mark.parametrize("core", CORES)
def test_coverage_is_what_one_counts_by_hand(project: Path, tmp_path: Path, core: str) -> None:
    pytest.importorskip("coverage")
    data = tmp_path / "data"
    words = ("-m", "coverage", "run", f"--data-file={data}", f"--source={project}")
    done = python(*words, "-m", "emulator", "run", str(project), COVERAGE_CORE=core)
    assert (done.returncode, done.stdout, done.stderr) == (0, "caught oh\ntotal 6\n", "")
    assert missed(data) == NOT_RUN


def test_coverage_of_a_board_in_a_test(project: Path, tmp_path: Path) -> None:
    """As ``pytest --cov`` measures it: coverage is switched on in the process that makes the board."""
    pytest.importorskip("coverage")
    test = tmp_path / "measured.py"
    data = tmp_path / "data"
    test.write_text(
        "import coverage\n"
        f"cov = coverage.Coverage(data_file={str(data)!r}, source=[{str(project)!r}])\n"
        "cov.start()\n"
        "from emulator.board import Board\n"
        "with Board() as board:\n"
        f"    board.load({str(project)!r})\n"
        "    result = board.run(timeout=20)\n"
        "cov.stop()\n"
        "cov.save()\n"
        "raise SystemExit(result.exit_code)\n"
    )
    done = python(str(test), PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert missed(data) == NOT_RUN


def test_a_file_that_is_on_the_flash_only_is_no_file_of_the_host(project: Path, tmp_path: Path) -> None:
    """The board's own boot.py has no source that coverage could look for."""
    pytest.importorskip("coverage")
    (project / "boot.py").unlink()
    data = tmp_path / "data"
    words = ("-m", "coverage", "run", f"--data-file={data}", f"--source={project}")
    assert python(*words, "-m", "emulator", "run", str(project)).returncode == 0
    assert sorted(missed(data)) == ["helper.py", "main.py"]


def test_tracing_does_not_keep_a_script_from_being_stopped() -> None:
    """Power-off under a tracing function, as pdb's, ends even a loop that catches everything."""
    seen = []

    def trace(frame: object, event: str, arg: object) -> object:
        seen.append(event)
        return trace

    with Board() as board:
        board.flash.joinpath("main.py").write_text(
            "while True:\n    try:\n        print('x')\n    except:\n        pass\n"
        )
        sys.settrace(trace)  # type: ignore[arg-type]
        try:
            result = board.run(until="x", timeout=20)
        finally:
            sys.settrace(None)
    assert result.exit_code == 0
    assert "exception" in seen


RECURSIVE = """\
buf = bytearray(3)


def fact(n):
    buf[n] = n + 0
    return n * fact(n - 1) if n > 1 else 1


print(fact(2), buf, list((lambda v: v)(buf)))
"""


def test_a_debugger_shows_no_locals_but_the_script_s(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(RECURSIVE)
    commands = [f"b {script}:6", "c", "p ('locals', locals())", "c", "p ('locals', locals())", "cl 1", "c", "q"]
    done = python("-m", "pdb", "-m", "emulator", "run", str(script), stdin="\n".join(commands) + "\n")
    assert "('locals', {'n': 2})" in done.stdout
    assert "('locals', {'n': 1})" in done.stdout
    assert "2 bytearray(b'\\x00\\x01\\x02') [0, 1, 2]\n" in done.stdout
