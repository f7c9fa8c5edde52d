"""A board at its prompt and the tools that people use with theirs, as they come from PyPI."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator import Board
from tests.emulator.services.wires import started

LIMIT = 50.0

Tool = Callable[..., str]
DATA = bytes(range(256)) * 4
"""Every byte there is."""


@pytest.fixture
def board() -> Iterator[Board]:
    """A FiPy at its prompt."""
    with Board("fipy") as made:
        yield started(made, "x = 41\nprint('main')\n")


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """Run a tool in a folder of its own with ``hello.py`` and ``data.bin``; what it said. It must end with ``status``."""
    (tmp_path / "hello.py").write_bytes(b"print('hello')\nprint(1 + 1)\n")
    (tmp_path / "data.bin").write_bytes(DATA)

    def run(*words: str, status: int = 0, stdin: str = "") -> str:
        ended = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=LIMIT, cwd=tmp_path)
        assert ended.returncode == status, f"{words} ended with {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout + ended.stderr

    return run
