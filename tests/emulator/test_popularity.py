"""The 150 names that device scripts use most: each is there, or says that it is not emulated yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulator import Board, api, cli, firmware
from emulator.firmware._missing import is_placeholder
from emulator.inventory import State, states
from emulator.models import MODELS
from emulator.popularity import Use, most_used
from emulator.power import PowerCycle
from tests.emulator.conftest import NEVER, load

USES = most_used()
BOARDS = [model.name for model in MODELS]
DOCUMENTED = "ussl.SSLSocket"
"""A name of the documentation's; the firmware's own table has it not."""


@pytest.fixture(scope="module")
def found() -> dict[str, State]:
    return states("fipy", [use.path for use in USES])


@pytest.fixture(scope="module")
def modules() -> Iterator[tuple[dict[str, dict[str, Any]], list[str]]]:
    """The real modules of a FiPy, and the notes that their use leaves."""
    with Board("fipy") as board:
        device = board.power_on(PowerCycle(board.clock))
        notes: list[str] = []
        board.notes.listen(lambda note: notes.append(note.code))
        filled: dict[str, dict[str, Any]] = {}
        for name in firmware.MODULES:
            filled[name] = {}
            firmware.fill(name, filled[name], device)
            if ".complete" in filled[name]:
                filled[name][".complete"]()
        yield filled, notes


def test_there_are_150_and_they_are_sorted() -> None:
    assert len({use.name for use in USES}) == 150
    assert [use.projects for use in USES] == sorted((use.projects for use in USES), reverse=True)
    assert all(0 < use.projects <= 145 and 0 < use.scripts <= 1256 for use in USES)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.name)
def test_each_is_there_or_says_that_it_is_not(
    use: Use, found: dict[str, State], modules: tuple[dict[str, dict[str, Any]], list[str]]
) -> None:
    filled, notes = modules
    module, *names = use.path.split(".")
    value: Any = filled[module][names[0]]
    for name in names[1:]:
        value = getattr(value, name)
    entry = api.lookup(use.path, "fipy")
    assert value is not None
    if entry is None:
        assert use.path.startswith(DOCUMENTED)
        assert callable(value)
    elif entry.kind == "constant":
        assert value == entry.value
    else:
        assert callable(value)
    if is_placeholder(value) and entry is not None and entry.instantiable:
        assert found[use.path] == "placeholder"
        del notes[:]
        with pytest.raises(
            NotImplementedError, match=f"{use.name.split('.')[0]}.*: the board has it, the emulator does"
        ):
            value(None)
        assert notes == ["not-emulated"]


def test_a_script_gets_every_one_of_them(board: Board) -> None:
    lines = ["from _thread import LockType"]
    for use in USES:
        module, _, rest = use.path.partition(".")
        lines += [f"import {module}", f"assert {module}.{rest} is not None, '{use.name}'"]
    load(board, "\n".join([*lines, "print('all')\n"]))
    result = board.run(timeout=NEVER)
    assert (result.text, result.exit_code) == ("all\n", 0)


@pytest.mark.parametrize("name", BOARDS)
def test_no_name_of_the_board_is_silently_absent(name: str) -> None:
    assert [path for path, state in states(name).items() if state == "absent"] == []


@pytest.mark.parametrize("name", BOARDS)
def test_the_most_used_names_are_those_of_the_model(name: str) -> None:
    of_model = states(name, [use.path for use in USES])
    lacking = {use.path for use in USES if of_model[use.path] == "absent"}
    expected = {use.path for use in USES if api.lookup(use.path, name) is None and not use.path.startswith(DOCUMENTED)}
    assert lacking == expected
    if name == "fipy":
        assert lacking == set()


def test_the_share_for_people(capsys: pytest.CaptureFixture[str], found: dict[str, State]) -> None:
    assert cli.main(["api", "--missing"]) == 0
    listed, _, share = capsys.readouterr().out.rpartition("\n\n")
    missing = [path for path, state in found.items() if state == "placeholder"]
    assert len(listed.splitlines()) == len(missing)
    count, used = share.splitlines()[:2]
    assert count.startswith(f"{len(missing)} of the ")
    assert " of the 150 that scripts use most: " in used


def test_the_share_for_programs(capsys: pytest.CaptureFixture[str], found: dict[str, State]) -> None:
    assert cli.main(["api", "--missing", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    missing = {path for path, state in found.items() if state == "placeholder"}
    assert set(table["missing"]) == missing
    assert table["share"] == pytest.approx(len(missing) / table["names"], abs=1e-4)
    used = {use.name: use.projects for use in USES if found[use.path] == "placeholder"}
    assert table["used"]["missing"] == used
    weight = sum(used.values()) / sum(use.projects for use in USES)
    assert table["used"]["share_by_projects"] == pytest.approx(weight, abs=1e-4)
    assert not any(row["emulated"] for row in table["missing"].values())


def test_a_part_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["api", "time", "--missing"]) == 0
    assert capsys.readouterr().out.startswith("\n0 of the ")
    assert cli.main(["api", "machine.Nothing"]) == 2
