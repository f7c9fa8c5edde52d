"""Waiting for changes: nobody sleeps through one, and an exception from outside leaves nothing locked."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from emulator.changes import Changes
from tests.emulator.conftest import NEVER


def test_who_waits_is_told() -> None:
    changes, box = Changes(), list[int]()
    waiters = [threading.Thread(target=changes.wait, args=(lambda: bool(box), None)) for _ in range(5)]
    for waiter in waiters:
        waiter.start()
    box.append(1)
    changes.tell()
    for waiter in waiters:
        waiter.join(NEVER)
        assert not waiter.is_alive()


def test_a_change_before_the_wait_is_seen() -> None:
    assert Changes().wait(lambda: True, None)
    assert Changes().wait(lambda: True, time.monotonic() - 1)


def test_the_deadline_ends_it() -> None:
    begin = time.monotonic()
    assert not Changes().wait(lambda: False, begin + 0.05)
    assert time.monotonic() - begin >= 0.05


def test_no_change_is_slept_through() -> None:
    changes, count = Changes(), 0

    def work() -> None:
        nonlocal count
        for _ in range(2000):
            count += 1
            changes.tell()

    worker = threading.Thread(target=work)
    worker.start()
    for wanted in range(0, 2000, 7):
        assert changes.wait(lambda wanted=wanted: count >= wanted, time.monotonic() + NEVER)  # type: ignore[misc]
    worker.join()
    assert not changes._waiting


class Torn(BaseException):
    """What a signal handler raises."""


@pytest.mark.skipif(os.name == "nt", reason="an alarm of POSIX")
def test_signals_leave_nothing_locked() -> None:
    changes = Changes()
    stop = threading.Event()

    def handler(number: int, frame: object) -> None:
        raise Torn

    def tell() -> None:
        while not stop.is_set():
            changes.tell()

    teller = threading.Thread(target=tell)
    before = signal.signal(signal.SIGALRM, handler)
    teller.start()
    try:
        for round_ in range(150):
            with pytest.raises(Torn):
                signal.setitimer(signal.ITIMER_REAL, 0.0005 + 0.00001 * round_)
                while True:
                    changes.wait(lambda: False, time.monotonic() + 0.001)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        stop.set()
        teller.join(NEVER)
    assert not teller.is_alive()
    assert changes._lock.acquire(timeout=NEVER)
