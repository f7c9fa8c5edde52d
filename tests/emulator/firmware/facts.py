"""The tests that a module's table of facts becomes.

A test file holds its table and names the tests that it wants::

    test_fact = each_alone("uos", FACTS)
    test_nothing_of_ours_is_in_sight = nothing_of_ours("uos", ["uos", "uos.uname()"])
    test_constants = constants("uos")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

import pytest

from emulator import Board, api
from emulator.runtime.printing import Printer
from tests.emulator.conftest import NEVER, RunScript, load

SHOW = """
def show(f):
    try:
        print(repr(f()))
    except Exception as e:
        print(repr(e))
"""

OURS = [
    "_device",
    "_power",
    "_state",
    "_lock",
    "_clock",
    "_text",
    "_fields",
    "_asdict",
    "_replace",
    "state",
    "stream",
    "port",
    "__slots__",
]
"""What objects of the emulator keep for themselves."""


def each_alone(module: str, facts: Mapping[str, tuple[str, str]]) -> Callable[..., None]:
    """A test of what each expression shows on a board of its own: ``{id: (expression, text)}``."""

    @pytest.mark.parametrize(("expression", "text"), facts.values(), ids=facts)
    def test(run_script: RunScript, expression: str, text: str) -> None:
        assert run_script(f"import {module}{SHOW}show(lambda: {expression})").text == f"{text}\n"

    return test


def all_in_one_run(preamble: str, facts: Mapping[str, str]) -> Callable[..., None]:
    """A test of what each expression shows, all of them in one script: ``{expression: text}``."""

    @cache
    def shown() -> dict[str, str]:
        calls = (f"try:\n    print(repr({text}))\nexcept Exception as e:\n    print(repr(e))\n" for text in facts)
        with Board("fipy") as board:
            load(board, f"{preamble}\n{''.join(calls)}")
            lines = board.run(timeout=NEVER).text.splitlines()
        return dict(zip(facts, lines, strict=True))

    @pytest.mark.parametrize("text", facts)
    def test(text: str) -> None:
        assert shown()[text] == facts[text]

    return test


def nothing_of_ours(module: str, expressions: Iterable[str]) -> Callable[..., None]:
    """A test that a script finds no name of the emulator's own in these objects."""

    @pytest.mark.parametrize("expression", expressions)
    def test(run_script: RunScript, expression: str) -> None:
        listed = f"[n for n in dir({expression}) if n[0] in '._' and n[:2] != '__']"
        found = f"[n for n in {OURS} if hasattr({expression}, n)]"
        script = f"import {module}{SHOW}show(lambda: {listed})\nshow(lambda: {found})"
        assert run_script(script).text == "[]\n[]\n"

    return test


def constants(module: str, entry: str | None = None) -> Callable[..., None]:
    """A test of the module's constants (``entry``: its name in the table of the board's interface)."""
    members = api.members(entry or module, "FiPy")
    names = [name for name, member in members.items() if member.kind == "constant"]

    @cache
    def shown() -> dict[str, str]:
        with Board("fipy") as board:
            load(board, f"import {module}\n" + "".join(f"print(repr({module}.{name}))\n" for name in names))
            lines = board.run(timeout=NEVER).text.splitlines()
        return dict(zip(names, lines, strict=True))

    @pytest.mark.parametrize("name", names)
    def test(name: str) -> None:
        assert shown()[name] == Printer().repr(members[name].value)

    return test
