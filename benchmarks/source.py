"""S5: what the source pipeline adds to the compilation of a script."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Sequence

from benchmarks.corpus import below, generated
from benchmarks.paired import ROOT, BenchmarkError, Figure, Options, Progress, Ratio, divided, in_turn, spread
from emulator.runtime.source import SourceError, compile_script

Text = tuple[str, str]


def measure(options: Options, progress: Progress) -> list[Figure]:
    """Figure S5."""
    texts, refused = _usable([*generated(), *below(ROOT / "examples")])
    groups = {"own": texts}
    if options.corpus is not None:
        if not options.corpus.is_dir():
            raise BenchmarkError(f"--corpus {options.corpus}: no such folder")
        groups["corpus"], refused = _usable(below(options.corpus))
        if not groups["corpus"]:
            raise BenchmarkError(f"--corpus {options.corpus}: no script there that compiles")
    everything = [text for group in groups.values() for text in group]
    with_except = [text for text in everything if "except" in text[1]]
    without = [text for text in everything if "except" not in text[1]]
    parts = {**groups, "with except": with_except, "without except": without}

    jobs: dict[str, Callable[[], float]] = {}
    for name, part in {"all": everything, **parts}.items():
        jobs[f"{name}: compile"] = _timed(_plain, part)
        jobs[f"{name}: emulator"] = _timed(_pipeline, part)
    took = in_turn(jobs, options.rounds, progress)

    details = [f"{_size(everything)}; {refused} files of --corpus left out, as they do not compile here"]
    for name, part in parts.items():
        if part:
            ratios = divided(took[f"{name}: emulator"], took[f"{name}: compile"])
            details.append(f"{name}: {spread(ratios)}, {_size(part)}")
    return [
        Ratio(
            "S5",
            "check and rewrite of a script, CPU",
            "compile() of the same text",
            5,
            2,
            divided(took["all: emulator"], took["all: compile"]),
            tuple(details),
        )
    ]


def _usable(texts: Iterable[Text]) -> tuple[list[Text], int]:
    """Those that both sides take, and how many they do not: an error ends the work early and would flatter one side."""
    kept: list[Text] = []
    refused = 0
    for name, text in texts:
        try:
            _plain(name, text)
            _pipeline(name, text)
        except (SyntaxError, ValueError, SourceError):
            refused += 1
        else:
            kept.append((name, text))
    return kept, refused


def _plain(name: str, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(text, name, "exec", dont_inherit=True)


def _pipeline(name: str, text: str) -> None:
    compile_script(text, name)


def _timed(work: Callable[[str, str], None], texts: Sequence[Text]) -> Callable[[], float]:
    def run() -> float:
        begin = time.process_time_ns()
        for name, text in texts:
            work(name, text)
        return max(1, time.process_time_ns() - begin) / 1e9

    return run


def _size(texts: Sequence[Text]) -> str:
    return f"{len(texts)} scripts, {sum(text.count(chr(10)) for _, text in texts):,} lines"
