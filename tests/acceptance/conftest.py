"""Real device programs, run unchanged from checkouts outside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emulator import Board
from tests.emulator.conftest import NEVER, board  # noqa: F401

CHECKOUTS = "PYCOM_CHECKOUTS"
"""The variable that names the folder with pycom-libraries, pycom-examples, pycom-micropython-sigfox, umqtt and urequests."""


@pytest.fixture
def checkout(request: pytest.FixtureRequest) -> Path:
    """The checkout that the test's ``from_checkout`` marker names; the test is skipped where it is absent."""
    (name,) = request.node.get_closest_marker("from_checkout").args
    folder = os.environ.get(CHECKOUTS)
    if not folder:
        pytest.skip(f"{CHECKOUTS} names no folder with checkouts of real device programs")
    path = Path(folder, name)
    if not path.exists():
        pytest.skip(f"there is no {name} in {CHECKOUTS}")
    return path


@pytest.fixture
def stateful(tmp_path: Path) -> Path:
    """A folder for a board that goes on in a second process."""
    return tmp_path / "state"


__all__ = ["CHECKOUTS", "NEVER", "Board"]
