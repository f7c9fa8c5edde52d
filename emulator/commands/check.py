"""``check PATH...``: what a script would run into on the board, without running it."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from emulator import models
from emulator.checks.runner import Report, check, check_text
from emulator.cli import UsageError
from emulator.commands.printing import say, visible
from emulator.commands.values import some_path
from emulator.settings import CertRules

FOUND = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``check``."""
    parser.add_argument(
        "path", nargs="+", type=some_path, metavar="PATH", help="scripts and project folders; - is the standard input"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--board", default="fipy", metavar="NAME", help="wipy lopy lopy4 sipy gpy fipy wipy1 (default: fipy)"
    )
    parser.add_argument(
        "--cert-rules",
        choices=get_args(CertRules),
        default=None,
        help="which certificate paths ussl takes (default: documented)",
    )


def execute(options: argparse.Namespace) -> int:
    """Print the findings; 0 where there is no error among them, 1 where there is one."""
    try:
        model = models.model(options.board)
    except ValueError as error:
        raise UsageError(str(error)) from error
    rules: CertRules = options.cert_rules or ("wipy1" if model.name == "wipy1" else "documented")
    paths = [Path(path) for path in options.path if path != "-"]
    terminal = sys.stderr.isatty() and not options.json

    def progress(done: int, file: str) -> None:
        if terminal and done and done % 100 == 0:
            print(f"\r{done} files...", end="", file=sys.stderr, flush=True)

    try:
        report = check(paths, model.platform, rules, progress)
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error
    if "-" in options.path:
        report.findings += check_text(sys.stdin.buffer.read(), board=model.platform, cert_rules=rules)
        report.checked += 1
    if options.json:
        print(json.dumps(_table(report), indent=1))
    else:
        _print(report, model.platform)
    return FOUND if any(finding.severity == "error" for finding in report.findings) else 0


def _table(report: Report) -> dict[str, object]:
    return {
        "checked": report.checked,
        "skipped": report.skipped,
        "findings": [asdict(finding) for finding in report.findings],
    }


def _print(report: Report, platform: str) -> None:
    for finding in report.findings:
        place = f"{finding.file}:{finding.line}:{finding.column}"
        grade = " (warning)" if finding.severity == "warning" else ""
        say(visible(f"{place}: {finding.code}{grade} {finding.message}"))
        label = "" if finding.instead.endswith("?") else "instead: "
        say("    " + visible(f"{finding.why}; {label}{finding.instead}" if finding.instead else finding.why))
    for file, why in report.skipped.items():
        say(visible(f"{file}: skipped: {why}"))
    if not report.checked and not report.skipped:
        say("no scripts found: nothing here ends in .py")
        return
    files = len({finding.file for finding in report.findings})
    total, checked = len(report.findings), report.checked
    found = f"{total} finding{'s' * (total != 1)} in {files}" if total else "no findings in any"
    warnings = sum(finding.severity == "warning" for finding in report.findings)
    graded = f", {warnings} of them only warnings" if warnings else ""
    say(f"{found} of {checked} file{'s' * (checked != 1)} for a {platform}{graded}")
