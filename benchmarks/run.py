"""Measure the figures of ``README.md`` beside this file.

usage: python benchmarks/run.py [startup|boots|cpu|source|stopping|tls|flash|ftp ...] [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":  # run as a file: what is measured is the checkout it lies in
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.paired import HEADINGS, BenchmarkError, Figure, Options, Progress, machine

FAMILIES = {
    "startup": "S1-S4: hello world from the command line",
    "boots": "B1-B2: further boots in one process",
    "cpu": "C1-C2: programs that compute",
    "source": "S5: compiling a script",
    "stopping": "K1-K3: cutting the power",
    "tls": "T1-T4: handshakes and bulk data",
    "flash": "F1-F6: files, further boards, projects",
    "ftp": "U1-U3: the FTP server",
}
"""Name -> what it measures. Each is a module here with ``measure(options, progress) -> list[Figure]``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 0, or 1 when a family could not be run."""
    parser = argparse.ArgumentParser(description="Measure the emulator against baselines of the same run.")
    families = "; ".join(f"{name} ({what})" for name, what in FAMILIES.items())
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"default: all of {families}")
    parser.add_argument(
        "--rounds", type=int, default=9, metavar="N", help="default: 9; 7 at least for figures to quote"
    )
    parser.add_argument("--json", action="store_true", help="everything, each ratio included, as JSON")
    parser.add_argument(
        "--python", metavar="EXE", help="startup: an interpreter with the emulator, no fresh environment"
    )
    parser.add_argument("--mockro", metavar="EXE", help="startup: the mockro to compare with, no fresh environment")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="source: also the scripts below this folder")
    parser.add_argument(
        "--micropython", metavar="EXE", help="tls, flash: a MicroPython with TLS and LittleFS to compare with"
    )
    parser.add_argument("--micropython111", metavar="EXE", help="cpu: a MicroPython 1.11 to compare with")
    options = parser.parse_args(argv)
    unknown = [name for name in options.families if name not in FAMILIES]
    if unknown:
        parser.error(f"no family {unknown[0]!r}; there are {', '.join(FAMILIES)}")
    if options.rounds < 1:
        parser.error("--rounds: at least 1")
    asked = Options(
        *(options.rounds, options.python, options.mockro, options.corpus, options.micropython, options.micropython111)
    )

    figures: list[Figure] = []
    failures: dict[str, str] = {}
    for name in options.families or FAMILIES:
        progress = Progress(name)
        try:
            figures += import_module(f"benchmarks.{name}").measure(asked, progress)
        except (BenchmarkError, ImportError) as error:
            failures[name] = f"{error}" if isinstance(error, BenchmarkError) else f"{error} (pip install . first)"
        finally:
            progress.clear()
    if options.json:
        document = {
            "machine": machine(),
            "rounds": asked.rounds,
            "figures": [figure.as_json() for figure in figures],
            "failures": failures,
        }
        print(json.dumps(document, indent=2))
    else:
        print("\n".join(table(figures)))
    for name, why in failures.items():
        print(f"{name}: not measured: {why}", file=sys.stderr)
    return 1 if failures else 0


def table(figures: Sequence[Figure]) -> list[str]:
    """The lines that people read: a table, then what stands behind each figure."""
    lines = [machine(), ""]
    rows = [HEADINGS, *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for figure in figures:
        if figure.missing or figure.details:
            lines += ["", figure.key]
        if figure.missing:
            lines.append(f"  not measured: {figure.missing}")
        lines += [f"  {line}" for line in figure.details]
    return lines


if __name__ == "__main__":
    sys.exit(main())
