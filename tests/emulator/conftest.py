"""Boards for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

import pytest

from emulator import Board, Result
from emulator.project import Project

pytest.register_assert_rewrite("tests.emulator.firmware.facts")

NEVER = 30.0
"""A time limit that is not meant to expire."""

RunScript = Callable[..., Result]


@pytest.fixture
def board() -> Iterator[Board]:
    """A FiPy, switched off."""
    with Board("fipy") as made:
        yield made


def load(board: Board, script: str, files: Mapping[str, str | bytes] | None = None) -> None:
    """Put main.py and others (paths inside /flash) onto the flash."""
    entries: dict[str, bytes | None] = {}
    for name, content in (files or {}).items():
        parent = name.rpartition("/")[0]
        if parent:
            entries[f"/{parent}"] = None
        entries[f"/{name}"] = content.encode() if isinstance(content, str) else content
    entries["/main.py"] = script.encode()
    board.load_project(Project(entries))


@pytest.fixture
def run_script(board: Board) -> RunScript:
    """Run a script as main.py and give the result."""

    def run(
        script: str,
        files: Mapping[str, str | bytes] | None = None,
        *,
        timeout: float = NEVER,
        until: str | None = None,
        fail: str | None = None,
    ) -> Result:
        load(board, script, files)
        return board.run(timeout=timeout, until=until, fail=fail)

    return run


def stopped_when_ready(board: Board) -> None:
    """Start a board whose script shows ``ready`` and then would never end; the power ends it, and nothing of it is seen after."""
    seen = threading.Event()
    board.console.listen(lambda text: seen.set())
    board.start()
    assert seen.wait(NEVER)
    board.stop()
    assert (board.console.text, board.left_behind) == ("ready\n", False)
