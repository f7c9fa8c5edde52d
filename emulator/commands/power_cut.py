"""``power-cut PROJECT``: a caller of :class:`emulator.powercut.Sweep`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emulator.cli import UsageError
from emulator.commands.printing import say, visible
from emulator.commands.progress import progress
from emulator.commands.run import own_process
from emulator.commands.values import host_path
from emulator.powercut import MOST_CUTS, TIME_LIMIT, CheckFailsUncut, Failure, Report, Sweep
from emulator.project import ProjectError, read
from flashfs import Step

HARM = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``power-cut``."""
    parser.add_argument("path", type=host_path, metavar="PROJECT", help="a script or a project folder, as for run")
    parser.add_argument(
        "--flash", type=host_path, metavar="DIR", help="with a script: this folder's tree becomes /flash first"
    )
    parser.add_argument(
        "--board", default="fipy", metavar="NAME", help="wipy lopy lopy4 sipy gpy fipy wipy1 (default: fipy)"
    )
    parser.add_argument(
        "--fs", choices=("littlefs", "fat"), default="littlefs", help="file system of /flash (default: littlefs)"
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="HOST:PORT=ADDR:PORT",
        help="send a host name and port of the script elsewhere",
    )
    parser.add_argument("--offline", action="store_true", help="refuse every address that is not mapped")
    parser.add_argument(
        "--cert-rules",
        choices=("documented", "firmware", "wipy1"),
        default="documented",
        help="which certificate paths ussl takes",
    )
    parser.add_argument(
        "--floats",
        choices=("double", "single"),
        default="double",
        help="the precision of arithmetic; the board's is single (default: double, which is faster)",
    )
    parser.add_argument(
        "--quirks", default="", metavar="NAME[,NAME]|all", help="reproduce these defects of the firmware"
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=TIME_LIMIT,
        metavar="SECONDS",
        help=f"time limit of one run (default: {TIME_LIMIT:g})",
    )
    parser.add_argument(
        "--check",
        type=host_path,
        metavar="SCRIPT",
        help="judge by this script, run in place of main.py after each cut: status 0 is good",
    )
    parser.add_argument(
        "--from", type=_count, default=1, dest="first", metavar="N", help="begin with the cut before step N"
    )
    parser.add_argument(
        "--limit", type=_count, default=MOST_CUTS, metavar="N", help=f"cut N times at most (default: {MOST_CUTS})"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1_000_000:
        raise ValueError(text)
    return value


_seconds.__name__ = "number of seconds"
_count.__name__ = "number from 1 to 1000000"


def execute(options: argparse.Namespace) -> int:
    """Sweep; 0 if every cut is survived, 1 for one that is not."""
    own_process()
    try:
        sweep = Sweep(
            read(options.path, options.flash),
            options.board,
            options.fs,
            cert_rules=options.cert_rules,
            quirks=options.quirks,
            floats=options.floats,
            offline=options.offline,
            maps=options.map,
            time_limit=options.timeout,
            check=_check(options.check),
            undisturbed=options.signals.held,
        )
        with progress("cuts", patience=0) as show:
            report = sweep.run(options.first, options.limit, show)
    except CheckFailsUncut as error:
        raise UsageError(f"--check {options.check}: it fails without a cut as well: {_last_line(error)}") from error
    except (ValueError, ProjectError) as error:
        raise UsageError(str(error)) from error
    if options.json:
        print(json.dumps(_table(report, options), indent=1))
    else:
        for line in _lines(report, options.first):
            say(visible(line))
    status = 0 if report.failure is None else HARM
    if report.left_behind:
        # a call into C that never returns: only the end of the process ends it
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _check(path: Path | None) -> tuple[str, bytes] | None:
    if path is None:
        return None
    try:
        return str(path), path.read_bytes()
    except OSError as error:
        raise UsageError(f"--check {path}: {error.strerror or error}") from error


def _last_line(error: CheckFailsUncut) -> str:
    return visible(str(error).strip().rpartition("\n")[2]) or "it shows nothing"


# -- the report, for people


def _lines(report: Report, first: int) -> Iterator[str]:
    for which, exceptions in (("first", report.uncut), ("second", report.uncut_again)):
        for text in exceptions:
            yield f"without a cut, the {which} start fails: {text}"
    if not report.steps:
        yield "the script writes nothing to the flash: there is nothing to cut"
        return
    total = _number(len(report.steps), "step")
    total = total if report.complete else f"the first {total}"
    if report.failure is None:
        yield f"{total}, {_number(report.tried, 'cut')}: all survived"
    else:
        yield from _failure(report, report.failure, total)
    if report.failure is None and (not report.complete or first > 1 or report.tried <= len(report.steps)):
        yield f"  not all were tried: those from {first} to {first + report.tried - 1} were"
    if report.differing:
        yield (
            f"  the steps differ from run to run (threads, time, random numbers), first at cut {report.differing[0]}: "
            "another sweep may find more"
        )


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _failure(report: Report, failure: Failure, total: str) -> Iterator[str]:
    if failure.step is None:
        yield f"power cut after the last of {total}: {_problem(failure)}"
    else:
        yield f"power cut before step {failure.number} of {total} ({_doing(failure.step)}): {_problem(failure)}"
    for lost in failure.lost:
        yield f"  holds:    /flash{lost.path}: {lost}"
    for path in failure.half_written:
        yield f"  holds:    /flash{path}, which had never been closed"
    for text in failure.exceptions:
        yield f"  raised:   {text}"
    for line in failure.console.splitlines():
        yield f"  console:  {line}"
    done = report.steps[max(0, failure.number - 4) : failure.number - 1]
    if done:
        yield f"  before:   {', '.join(_doing(step) for step in done)}"
    yield f"  cause:    {failure.cause.cause}"
    yield f"  fix:      {failure.cause.fix}"
    if failure.cause.source:
        yield f"  source:   {failure.cause.source}"


def _doing(step: Step) -> str:
    if step.kind == "rename":
        return f"rename of /flash{step.path} to /flash{step.other}"
    what = f"{step.kind} of /flash{step.path}"
    return f"{what}, in whose place /flash{step.other} is to be" if step.other else what


def _problem(failure: Failure) -> str:
    if failure.check is not None:
        return f"the check ends with status {failure.check}"
    names = ", ".join(f"/flash{lost.path}" for lost in failure.lost)
    parts = [f"{names} {'is' if len(failure.lost) == 1 else 'are'} lost"] if names else []
    return " and ".join([*parts, *(["the script does not start"] if failure.exceptions else [])])


# -- the report, for programs


def _table(report: Report, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "project": str(options.path),
        "board": options.board,
        "fs": options.fs,
        "steps": [_step(step) for step in report.steps],
        "complete": report.complete,
        "ended": report.ended.value,
        "uncut": list(report.uncut),
        "uncut_again": list(report.uncut_again),
        "first": options.first,
        "tried": report.tried,
        "differing": report.differing,
        "missed": report.missed,
        "failure": None if report.failure is None else _failure_table(report.failure),
    }


def _step(step: Step) -> dict[str, Any]:
    table = {"number": step.number, "kind": step.kind, "path": f"/flash{step.path}"}
    return table | {"other": f"/flash{step.other}"} if step.other else table


def _failure_table(failure: Failure) -> dict[str, Any]:
    return {
        "cut": failure.number,
        "step": None if failure.step is None else _step(failure.step),
        "lost": [
            {
                "path": f"/flash{lost.path}",
                "size": lost.size,
                "closed_size": lost.closed_size,
                "same": lost.same,
                "cause": lost.cause.code,
            }
            for lost in failure.lost
        ],
        "half_written": [f"/flash{path}" for path in failure.half_written],
        "exceptions": list(failure.exceptions),
        "check": failure.check,
        "console": failure.console,
        "cause": asdict(failure.cause),
    }
