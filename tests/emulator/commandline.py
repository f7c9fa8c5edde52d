"""The command line as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 30.0


@dataclass
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str
    seconds: float


def command(*words: str | os.PathLike[str]) -> list[str]:
    return [sys.executable, "-m", "emulator", *map(os.fspath, words)]


def run(*words: str | os.PathLike[str], stdin: str | None = "") -> Ended:
    """Run a command to its end."""
    begin = time.monotonic()
    done = subprocess.run(
        command(*words),
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=LIMIT,
        cwd=ROOT,
    )
    return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - begin)


@dataclass
class Running:
    """A command that runs."""

    process: subprocess.Popen[str]
    out: str = ""
    err: str = ""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _readers: list[threading.Thread] = field(default_factory=list)

    def read(self, stream: str) -> None:
        source = getattr(self.process, {"out": "stdout", "err": "stderr"}[stream])

        def pump() -> None:
            for line in source:
                with self._changed:
                    setattr(self, stream, getattr(self, stream) + line)
                    self._changed.notify_all()
            with self._changed:
                self._changed.notify_all()

        reader = threading.Thread(target=pump, daemon=True)
        reader.start()
        self._readers.append(reader)

    def wait_for(self, stream: str, text: str) -> str:
        """The line of ``stream`` that holds ``text``, as soon as it is there."""
        deadline = time.monotonic() + LIMIT
        with self._changed:
            while text not in getattr(self, stream):
                left = deadline - time.monotonic()
                if left <= 0 or not any(reader.is_alive() for reader in self._readers):
                    raise AssertionError(f"{text!r} never came\n--- out\n{self.out}\n--- err\n{self.err}")
                self._changed.wait(min(left, 0.5))
            return next(line for line in getattr(self, stream).splitlines() if text in line)

    def finish(self) -> Ended:
        begin = time.monotonic()
        status = self.process.wait(LIMIT)
        for reader in self._readers:
            reader.join(LIMIT)
        return Ended(status, self.out, self.err, time.monotonic() - begin)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@contextmanager
def running(*words: str | os.PathLike[str]) -> Iterator[Running]:
    """Start a command; it is killed if it outlives the block."""
    process = subprocess.Popen(
        command(*words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    started = Running(process)
    started.read("out")
    started.read("err")
    try:
        yield started
    finally:
        if process.poll() is None:
            process.kill()
        started.finish()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()
