"""Ctrl-C, SIGTERM and SIGHUP reach the command line, whatever it is doing."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.signals import Interrupted, Signals
from tests.emulator.commandline import running
from tests.emulator.conftest import NEVER

if os.name == "nt":
    pytest.skip("signals of POSIX", allow_module_level=True)


@pytest.fixture(autouse=True)
def no_nohup() -> Iterator[None]:
    """Whoever runs the tests may have left SIGHUP ignored, for us and for what we start."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_first_one_is_raised_and_none_tears_the_ending_apart(number: signal.Signals) -> None:
    with Signals(), pytest.raises(Interrupted) as raised:
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)
    assert raised.value.status == 128 + number


class Finalised:
    """What its finaliser is interrupted by is lost: it may raise nothing."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number

    def __del__(self) -> None:
        signal.raise_signal(self.number)


@pytest.mark.parametrize("number", NUMBERS)
def test_one_that_comes_while_a_finaliser_runs_comes_again(number: signal.Signals) -> None:
    waited = threading.Event()
    began = time.monotonic()
    with Signals(), pytest.raises(Interrupted) as raised:
        Finalised(number)
        waited.wait(NEVER)
    assert raised.value.number == number
    assert time.monotonic() - began < NEVER / 2, "it ends a wait, too"


def test_what_else_a_finaliser_raises_is_told_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def __del__(self) -> None:
            raise ValueError

    told: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda event: told.append(event.exc_type))
    hook = sys.unraisablehook
    with Signals():
        Failing()
    assert told == [ValueError]
    assert sys.unraisablehook is hook
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_nohup_has_its_way() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Signals():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_terminal_that_is_closed_ends_the_command(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("print('up')\n")
    with running("run", script, "--stay", "--ftp", "0", "--state", tmp_path / "board") as emulator:
        emulator.wait_for("out", "up")
        emulator.send(signal.SIGHUP)
        ended = emulator.finish()
    assert ended.status == 128 + signal.SIGHUP
    assert "Traceback" not in ended.err
    assert (tmp_path / "board" / "flash" / "main.py").read_text() == "print('up')\n"


def test_what_is_held_back_comes_at_the_end() -> None:
    done = []
    with Signals() as signals, pytest.raises(Interrupted):
        with signals.held():
            signal.raise_signal(signal.SIGINT)
            done.append("undisturbed")
        done.append("never")
    assert done == ["undisturbed"]
