"""Paired timing: everything compared runs in turn within a round, and only ratios within a round are kept.

An absolute time says little on a machine with other work; what two things took one after the other still compares.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""


class BenchmarkError(Exception):
    """A family of benchmarks cannot be run here; the text is one line that says why."""


@dataclass(frozen=True)
class Options:
    """What the command line asked for: ``rounds`` per family; interpreters to use instead of fresh environments."""

    rounds: int
    python: str | None = None
    mockro: str | None = None
    corpus: Path | None = None
    micropython: str | None = None
    micropython111: str | None = None


@dataclass(frozen=True)
class Ratio:
    """A figure that is lower the better: one ratio per pair. Empty ``ratios`` with a reason in ``missing``: not measured."""

    key: str
    what: str
    baseline: str
    now: float
    moonshot: float
    ratios: Sequence[float] = ()
    details: tuple[str, ...] = ()
    missing: str = ""
    now_maximum: float | None = None

    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        now = f"<= {self.now:g}" + (f", max {self.now_maximum:g}" if self.now_maximum is not None else "")
        return (self.key, self.what, self.baseline, now, f"<= {self.moonshot:g}", self._measured(), self._distance())

    def _measured(self) -> str:
        return spread(self.ratios) if self.ratios else "not measured"

    def _distance(self) -> str:
        if not self.ratios:
            return ""
        left = statistics.median(self.ratios) / self.moonshot
        return "reached" if left <= 1 else f"x {left:.2g}"

    def as_json(self) -> dict[str, Any]:
        """The same for programs; ``median`` is None when nothing was measured."""
        measured = list(self.ratios)
        return {
            "key": self.key,
            "what": self.what,
            "baseline": self.baseline,
            "now": self.now,
            "now_maximum": self.now_maximum,
            "moonshot": self.moonshot,
            "median": statistics.median(measured) if measured else None,
            "minimum": min(measured, default=None),
            "maximum": max(measured, default=None),
            "ratios": measured,
            "details": list(self.details),
            "missing": self.missing,
        }


@dataclass(frozen=True)
class Count:
    """A figure that is counted, not timed."""

    key: str
    what: str
    now: str
    moonshot: str
    measured: str = "not measured"
    distance: str = ""
    details: tuple[str, ...] = ()
    missing: str = ""

    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        return (self.key, self.what, "counted", self.now, self.moonshot, self.measured, self.distance)

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "key": self.key,
            "what": self.what,
            "now": self.now,
            "moonshot": self.moonshot,
            "measured": self.measured,
            "details": list(self.details),
            "missing": self.missing,
        }


Figure = Ratio | Count

HEADINGS = ("figure", "what", "divided by", "now", "moonshot", "median [min-max]", "to moonshot")


class Progress:
    """One line per round on a terminal, overwritten; nothing where stderr is a file or a pipe."""

    def __init__(self, family: str) -> None:
        self._family = family
        self._shown = sys.stderr.isatty()

    def show(self, text: str) -> None:
        if self._shown:
            sys.stderr.write(f"\r\x1b[K{self._family}: {text}")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def in_turn(jobs: Mapping[str, Callable[[], T]], rounds: int, progress: Progress) -> dict[str, list[T]]:
    """Run every job once per round, after one round that is not kept.

    Each round begins with another job, so that none always follows the same neighbour at the same place.
    """
    names = list(jobs)
    kept: dict[str, list[T]] = {name: [] for name in names}
    for name in names:
        progress.show(f"warming up, {name}")
        jobs[name]()
    for number in range(rounds):
        progress.show(f"round {number + 1} of {rounds}")
        first = number % len(names)
        for name in names[first:] + names[:first]:
            kept[name].append(jobs[name]())
    progress.clear()
    return kept


def divided(values: Sequence[float], base: Sequence[float]) -> list[float]:
    """Round by round, one by the other."""
    return [value / below for value, below in zip(values, base, strict=True)]


def spread(values: Sequence[float]) -> str:
    """``median [min-max]``."""
    return f"{statistics.median(values):.3g} [{min(values):.3g}-{max(values):.3g}]"


def machine() -> str:
    """The machine in one line."""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )
