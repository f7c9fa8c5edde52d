"""The power-cut sweep: a project runs again and again, and the power goes before each durable step in turn.

Each run is on a fresh board with the same files. After the cut the board is switched on again, and the result is judged: does
the script start, and is each file that it had closed still there with one of the contents that it was closed with?
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum

from emulator import powercut_causes
from emulator.board import Board
from emulator.boot import Outcome
from emulator.committed import Closed, Key, Ledger, digest
from emulator.powercut_causes import Cause
from emulator.project import Project
from emulator.runtime.messages import board_message
from emulator.runtime.names import type_name
from emulator.settings import CertRules, FileSystem, Floats
from flashfs import Step

TIME_LIMIT = 5.0
"""Seconds that one run may take."""
QUIET = 1.0
"""A start is taken to have worked when the script still runs and has done nothing to the flash for so many seconds."""
MOST_CUTS = 1000
"""As many cuts at most, unless told otherwise: a script that writes without end has no last step."""
SETTLED = 0.2
"""A script that is stopped at the time limit is let finish what it is doing to the flash; after so many seconds it has."""
BOOT_LOOP = 3
"""So many resets in one start are a board that does not come up."""
ABREAST = 16
"""So many boards are started at once to be judged: most of them only wait."""
POLL = 0.01
SHOWN_LINES = 6
CHECK_TIME_LIMIT = 124


class Ended(Enum):
    """How a run ended."""

    DONE = "done"
    LIMIT = "time limit"
    QUIET = "quiet"
    CUT = "cut"


@dataclass(frozen=True)
class Lost:
    """A file that was closed and is not there as it was closed. ``size`` is None where the file is missing.

    ``same`` counts the leading bytes that are those of the content closed last.
    """

    path: str
    closed_size: int
    size: int | None
    same: int
    cause: Cause

    def __str__(self) -> str:
        if self.size is None:
            return "nothing: the file is missing"
        if self.size == 0:
            return f"0 bytes, closed with {self.closed_size}"
        return f"{self.size} bytes, closed with {self.closed_size}; the first {self.same} are the same"


@dataclass(frozen=True)
class Failure:
    """The first cut that did harm.

    ``number`` and ``step``: the cut came before this step (None: after the last one). ``lost``: files that had been closed;
    ``half_written``: new ones that had not; ``exceptions``: what ended boot.py or main.py and does not end them without a cut;
    ``check``: the exit status of the check. ``console``: the last lines that the board showed.
    """

    number: int
    step: Step | None
    cause: Cause
    lost: tuple[Lost, ...] = ()
    half_written: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    check: int | None = None
    console: str = ""


@dataclass
class Report:
    """What a sweep came to. ``steps`` are those of the run without a cut; ``complete``: it had come to its last one.

    ``uncut`` and ``uncut_again`` are the exceptions of the first and second start without a cut. ``differing`` are the numbers of
    the cuts before which the script had not taken the same steps as in the first run; ``missed`` those that it never came to.
    """

    steps: list[Step]
    complete: bool
    ended: Ended
    uncut: tuple[str, ...] = ()
    uncut_again: tuple[str, ...] = ()
    tried: int = 0
    differing: list[int] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    failure: Failure | None = None
    left_behind: bool = False


class CheckFailsUncut(Exception):
    """The check does not even accept the flash of a run without a cut; the text is its console."""


@dataclass
class _Started:
    """How a start after a cut went."""

    exceptions: tuple[str, ...]
    exit_code: int
    console: str
    closed: dict[Key, Closed]


@dataclass
class _Start:
    """A board that was switched on after a cut."""

    board: Board
    ledger: Ledger
    console_begin: int
    deadline: float
    began: float = field(default_factory=time.monotonic)
    limit_hit: bool = False

    def over(self, quiet: float) -> bool:
        """Whether the start has come to its end: the script's, the time limit, or nothing done to the flash for a while."""
        if not self.board.running:
            return True
        now = time.monotonic()
        self.limit_hit = now >= self.deadline
        return self.limit_hit or now >= max(self.began, self.ledger.last_at) + quiet

    def result(self) -> _Started:
        self.ledger.settle()
        outcome = self.board.power_state.outcome
        code = CHECK_TIME_LIMIT if outcome is None or self.limit_hit else outcome.exit_code
        text = self.board.console.text[self.console_begin :].rstrip("\n").split("\n")
        return _Started(_exceptions(self.board), code, "\n".join(text[-SHOWN_LINES:]), self.ledger.closed)


@dataclass(frozen=True)
class _Cut:
    """One cut: what the script had done, what the flash held afterwards, and how the board started from there."""

    number: int
    ledger: Ledger
    flash: Mapping[str, bytes | None]
    started: _Started


@dataclass
class Sweep:
    """What is run, and for how long.

    ``project`` goes onto each fresh board; ``check``: name and source of a script that judges instead of the default rule: it
    runs in place of main.py on the flash as the cut has left it, and ends with status 0 if that is good.
    """

    project: Project
    model: str = "fipy"
    fs: FileSystem = "littlefs"
    cert_rules: CertRules = "documented"
    quirks: Iterable[str] | str = ()
    floats: Floats = "double"
    offline: bool = False
    maps: Sequence[str] = ()
    time_limit: float = TIME_LIMIT
    check: tuple[str, bytes] | None = None
    undisturbed: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
    """What keeps signals back while a board is switched on, which starts a thread."""

    def __post_init__(self) -> None:
        self._known: dict[bytes, _Started] = {}
        self._left_behind = False

    def run(
        self, first: int = 1, limit: int = MOST_CUTS, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> Report:
        """Cut before step ``first`` and the following ones, ``limit`` times at most, up to the first cut that does harm.

        ``progress`` is called with the cuts done and to be done. Raises ProjectError, CheckFailsUncut, ValueError (there is no
        step ``first``; and what Board raises).
        """
        report = self._uncut(first + limit)
        last = len(report.steps) + 1 if report.complete else len(report.steps)
        if report.steps and first > last:
            raise ValueError(f"the script takes {len(report.steps)} steps: there is no cut {first}")
        wanted = range(first, min(last, first + limit - 1) + 1) if report.steps else range(0)
        progress(0, len(wanted))
        while report.tried < len(wanted) and report.failure is None:
            # one at first: most bugs show early; and where others are talked to, they get one board at a time
            width = 1 if self.maps else min(max(1, report.tried), ABREAST)
            for cut in self._cuts(wanted[report.tried : report.tried + width], report):
                report.failure = self._judge(cut, report)
                report.tried += 1
                progress(report.tried, len(wanted))
                if report.failure is not None:
                    break
        report.left_behind = self._left_behind
        return report

    def _board(self) -> Board:
        board = Board(
            self.model,
            self.fs,
            cert_rules=self.cert_rules,
            quirks=self.quirks,
            floats=self.floats,
            offline=self.offline,
            maps=self.maps,
        )
        board.load_project(self.project)
        return board

    # -- runs

    def _uncut(self, most: int) -> Report:
        """The run that counts the steps, and the start after it that the others are compared with."""
        with self._board() as board:
            ledger = _follow(board)
            ledger.clean_from = most
            self._on(board)
            ended = self._wait(board, ledger, self.time_limit)
            if ended is Ended.LIMIT:
                # not in the middle of something: that would be a cut like those to come
                ledger.clean_from = 0
                self._wait(board, ledger, self.time_limit, quiet=SETTLED)
            self._off(board)
            ledger.settle()
            complete = ended is not Ended.CUT and len(ledger.steps) < most
            report = Report(ledger.steps[: most - 1], complete, ended, _exceptions(board))
            (baseline,) = self._start([board])
        report.uncut_again = baseline.exceptions
        if self.check is not None and baseline.exit_code != 0:
            raise CheckFailsUncut(baseline.console)
        return report

    def _cuts(self, numbers: Sequence[int], report: Report) -> list[_Cut]:
        """Run and cut, one after the other; then start all of these boards again at once."""
        with contextlib.ExitStack() as boards:
            made = []
            for number in numbers:
                board = boards.enter_context(self._board())
                made.append((board, self._cut(board, number, report), board.volume.snapshot()))
            started = self._start([board for board, _, _ in made])
        return [
            _Cut(number, ledger, flash, start)
            for number, (_, ledger, flash), start in zip(numbers, made, started, strict=True)
        ]

    def _cut(self, board: Board, number: int, report: Report) -> Ledger:
        ledger = _follow(board, number)
        self._on(board)
        # a run that took up to the time limit may take a little longer the next time
        after_all = number > len(report.steps)
        self._wait(board, ledger, self.time_limit * 2 + 1, lambda: after_all and len(ledger.steps) >= len(report.steps))
        self._off(board)
        ledger.settle()
        return ledger

    def _start(self, boards: list[Board]) -> list[_Started]:
        """Switch on again after a cut. A flash (and NVS) that was met before starts as it did then."""
        prints = [_fingerprint(board.volume.snapshot(), board.nvs.items()) for board in boards]
        starts: dict[bytes, _Start] = {}
        for board, known in zip(boards, prints, strict=True):
            if known not in self._known and known not in starts:
                board.stand_in = self.check
                starts[known] = _Start(
                    board, _follow(board), len(board.console.text), time.monotonic() + self.time_limit
                )
                self._on(board)
        quiet = QUIET if self.check is None else self.time_limit
        pending = dict(starts)
        while pending:
            for known, start in list(pending.items()):
                if start.over(quiet):
                    del pending[known]
                    self._off(start.board)
                    self._known[known] = start.result()
            if pending:
                next(iter(pending.values())).board.wait(POLL)
        return [self._known[known] for known in prints]

    def _on(self, board: Board) -> None:
        with self.undisturbed():
            board.start()

    def _off(self, board: Board) -> None:
        board.power_cut()
        self._left_behind = self._left_behind or board.left_behind

    def _wait(
        self,
        board: Board,
        ledger: Ledger,
        limit: float,
        enough: Callable[[], bool] = lambda: False,
        *,
        quiet: float | None = None,
    ) -> Ended:
        now = time.monotonic()
        deadline, quiet_since = now + limit, now
        while True:
            quiet_since = max(quiet_since, ledger.last_at)
            until = deadline if quiet is None else min(deadline, quiet_since + quiet)
            now = time.monotonic()
            if now >= until or enough():
                return Ended.LIMIT if quiet is None or now >= deadline else Ended.QUIET
            if board.wait(min(until - now, 0.25)):
                return Ended.CUT if board.running else Ended.DONE

    # -- judging

    def _judge(self, cut: _Cut, report: Report) -> Failure | None:
        ledger, started = cut.ledger, cut.started
        if _names(ledger.steps) != _names(report.steps[: cut.number - 1]):
            report.differing.append(cut.number)
        if ledger.pending is None and cut.number <= len(report.steps):
            report.missed.append(cut.number)
        if self.check is not None:
            if started.exit_code == 0:
                return None
            cause, code = powercut_causes.CHECKED, started.exit_code
            return Failure(cut.number, ledger.pending, cause, check=code, console=started.console)
        lost = tuple(_lost(ledger, cut.flash, started.closed))
        uncut = {*report.uncut, *report.uncut_again}
        exceptions = tuple(text for text in started.exceptions if text not in uncut)
        if not lost and not exceptions:
            return None
        half_written = tuple(
            path for path, content in cut.flash.items() if content is not None and ledger.key(path) not in ledger.closed
        )
        cause = lost[0].cause if lost else powercut_causes.of_failed_start(unfinished=bool(half_written))
        console = started.console if exceptions else ""
        return Failure(cut.number, ledger.pending, cause, lost, half_written, exceptions, console=console)


def _follow(board: Board, stop_at: int | None = None) -> Ledger:
    ledger = Ledger(board.volume, board.power_cut, stop_at)
    board.volume.on_step = ledger
    return ledger


def _names(steps: Iterable[Step]) -> list[tuple[str, str, str]]:
    return [(step.kind, step.path, step.other) for step in steps]


def _fingerprint(flash: Mapping[str, bytes | None], nvs: Mapping[str, int | str]) -> bytes:
    contents = [(path, None if content is None else digest(content)) for path, content in flash.items()]
    return digest(
        repr((sorted(contents, key=lambda item: item[0]), sorted(nvs.items()))).encode("utf-8", "surrogatepass")
    )


def _exceptions(board: Board) -> tuple[str, ...]:
    """What ended boot.py and main.py."""
    state = board.power_state
    stages: tuple[tuple[str, Outcome | None], ...] = (("boot.py", state.boot_outcome), ("main.py", state.outcome))
    found = [
        f"{name}: {type_name(outcome.exception)}: {_message(outcome.exception)}"
        for name, outcome in stages
        if outcome is not None and outcome.exception is not None and outcome.exit_code != 0
    ]
    if board.resets >= BOOT_LOOP:
        found.append("the board resets itself again and again")
    return tuple(found)


def _message(exception: BaseException) -> str:
    try:
        return board_message(exception, str(exception))
    except BaseException:  # noqa: BLE001  a script's own class, whose code cannot run once its board is off
        return ""


def _lost(ledger: Ledger, flash: Mapping[str, bytes | None], after: dict[Key, Closed]) -> Iterable[Lost]:
    """The files that were closed before the cut and are not there with one of their closed contents.

    A file that the script puts right at its next start is not lost: it then has the content that it was closed with last, or
    the one that was about to replace it.
    """
    there = {ledger.key(path): content for path, content in flash.items() if content is not None}
    for key, entry in ledger.closed.items():
        content = there.get(key)
        if content is not None and entry.holds(content):
            continue
        if _put_right(after, key, entry.last, ledger):
            continue
        cause = powercut_causes.of_loss(ledger.steps, ledger.pending, key, ledger.key)
        yield Lost(
            entry.path, len(entry.last), None if content is None else len(content), _same(entry.last, content), cause
        )


def _put_right(after: dict[Key, Closed], key: Key, last: bytes, ledger: Ledger) -> bool:
    entry = after.get(key)
    if entry is None:
        return False
    cut = ledger.pending
    accepted = [last]
    if cut is not None and cut.kind == "rename" and ledger.key(cut.other) == key:
        source = ledger.closed.get(ledger.key(cut.path))
        accepted += [source.last] if source is not None else []
    return any(entry.holds(content) for content in accepted)


def _same(closed: bytes, content: bytes | None) -> int:
    pairs = zip(closed, content or b"", strict=False)
    return next(
        (index for index, (one, other) in enumerate(pairs) if one != other), min(len(closed), len(content or b""))
    )
