"""What holds for every test: nothing is left behind, and a missing program is named."""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "suite", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.register_profile(
    "nightly", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("suite")

IN_CI = os.environ.get("CI") == "true"
_DESCRIPTORS = Path("/proc/self/fd")


def pytest_collection_finish() -> None:
    """Keep ten thousand tests out of the garbage collector's way: it looks at what the tests make."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        program = marker.args[0]
        if shutil.which(program) or Path("/usr/sbin", program).exists():
            continue
        message = f"needs the program {program}, which is not installed"
        if IN_CI:
            pytest.fail(message, pytrace=False)
        pytest.skip(message)


def _descriptors() -> set[str]:
    if not _DESCRIPTORS.exists():
        return set()
    found = set()
    for entry in list(_DESCRIPTORS.iterdir()):
        try:
            target = os.readlink(entry)  # noqa: PTH115  a descriptor that is gone by now is no Path
        except OSError:
            continue
        if target.startswith(("socket:", "pipe:")) or "eventpoll" in target:
            found.add(f"{entry.name} {target}")
    return found


def _leftovers(threads: set[threading.Thread], descriptors: set[str]) -> str:
    new_threads = [t.name for t in threading.enumerate() if t not in threads]
    new_descriptors = sorted(_descriptors() - descriptors)
    return f"threads {new_threads}, descriptors {new_descriptors}" if new_threads or new_descriptors else ""


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """After each test no thread, socket or pipe that was not there before."""
    threads, descriptors = set(threading.enumerate()), _descriptors()
    yield
    deadline = time.monotonic() + 3
    left = _leftovers(threads, descriptors)
    while left and time.monotonic() < deadline:
        gc.collect()
        for thread in threading.enumerate():
            if thread not in threads:
                thread.join(0.01)
        left = _leftovers(threads, descriptors)
    assert not left, f"left behind: {left}"
