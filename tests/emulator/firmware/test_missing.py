"""What the board has and the emulator lacks exists and says so."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from emulator import Board, api, firmware
from emulator.errors import BoardOSError, BoardTimeoutError
from emulator.firmware._missing import attach_missing, is_placeholder, missing
from emulator.models import MODELS
from flashfs import Note, ignore_note

BOARDS = [model.platform for model in MODELS]
MISUSE = {
    "calling a function": ("machine.rng()", "machine.rng"),
    "making an object": ("machine.Pin('P1', mode=1)", "machine.Pin"),
    "making an object of a subclass": ("type('Mine', (machine.Pin,), {})('P1')", "machine.Pin"),
    "a method of the class": ("machine.Pin.value()", "machine.Pin.value"),
    "a nested class": ("machine.Timer.Alarm(None, 1)", "machine.Timer.Alarm"),
    "an accessor": ("machine.mem8[0]", "machine.mem8"),
    "calling a pin": ("machine.Pin.module.P9()", "machine.Pin.module.P9"),
    "a module inside": ("network.MDNS.init()", "network.MDNS.init"),
}


def globals_of(board: str, *modules: str) -> tuple[dict[str, Any], list[Note]]:
    from types import SimpleNamespace

    notes: list[Note] = []
    return {name: SimpleNamespace(**attach_missing(name, {}, board, notes.append)) for name in modules}, notes


@pytest.mark.parametrize("case", MISUSE)
def test_use_raises_and_notes(case: str) -> None:
    expression, name = MISUSE[case]
    names, notes = globals_of("FiPy", "machine", "network")
    with pytest.raises(NotImplementedError) as caught:
        eval(expression, names)
    assert str(caught.value) == f"{name}: the board has it, the emulator does not yet"
    assert [(note.code, note.title) for note in notes] == [("not-emulated", str(caught.value))]


@pytest.mark.parametrize("module", api.modules())
@pytest.mark.parametrize("board", BOARDS)
def test_every_name_of_the_board_exists(board: str, module: str) -> None:
    names = attach_missing(module, {}, board, ignore_note)
    assert set(names) == set(api.members(module, board))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("machine.Pin.OUT", 2),
        ("machine.Pin.module", None),
        ("machine.DEEPSLEEP_RESET", 3),
        ("machine.__name__", "umachine"),
        ("network.WLAN.WPA2", 3),
        ("network.Bluetooth.timeout", BoardTimeoutError),
    ],
)
def test_constants_are_real(expression: str, value: object) -> None:
    names, notes = globals_of("FiPy", "machine", "network")
    found = eval(expression, names)
    assert value is None or found == value
    assert not notes


def test_exceptions_are_real() -> None:
    names = attach_missing("usocket", {}, "FiPy", ignore_note)
    assert (names["error"], names["timeout"]) == (BoardOSError, BoardTimeoutError)


@pytest.mark.parametrize(
    ("board", "module", "name"),
    [
        ("WiPy", "network", "LoRa"),
        ("FiPy", "network", "ETH"),
        ("GPy", "usocket", "AF_LORA"),
        ("FiPy", "machine", "nope"),
    ],
)
def test_what_the_board_lacks_stays_absent(board: str, module: str, name: str) -> None:
    assert name not in attach_missing(module, {}, board, ignore_note)


def test_what_is_there_is_kept() -> None:
    mine = object()
    names: dict[str, Any] = {"Pin": mine, "own": 1}
    assert attach_missing("machine", names, "FiPy", ignore_note) is names
    assert (names["Pin"], names["own"]) == (mine, 1)


def test_loading_makes_no_noise() -> None:
    names, notes = globals_of("FiPy", *api.modules())
    for module in names.values():
        for name in vars(module):
            getattr(module, name)
            repr(getattr(module, name))
    assert not notes


def test_placeholders_are_listed_as_missing() -> None:
    names = attach_missing("uhashlib", {"md5": int}, "FiPy", ignore_note)
    assert is_placeholder(names["sha1"])
    assert not is_placeholder(names["md5"])
    assert missing("uhashlib", names, "FiPy") == ["sha1", "sha224", "sha256", "sha384", "sha512"]
    assert missing("hashlib", {}, "FiPy") == ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]


def test_a_module_the_board_lacks_is_refused() -> None:
    with pytest.raises(KeyError):
        attach_missing("collections", {}, "FiPy", ignore_note)


@pytest.mark.parametrize(
    "module",
    [
        "ubinascii",
        "ucollections",
        "uerrno",
        "uhashlib",
        "uio",
        "ujson",
        "ure",
        "ustruct",
        "gc",
        "math",
        "cmath",
        "micropython",
    ],
)
@pytest.mark.parametrize("board", ["WiPy", "FiPy"])
def test_the_modules_made_so_far_are_complete(board: str, module: str) -> None:
    from tests.emulator.firmware.native import Bench

    names = Bench(board.lower()).module(module)
    assert missing(module, names, board) == []
    assert set(names) == set(api.members(module, board))
    for name, entry in api.members(module, board).items():
        if entry.kind == "constant":
            assert names[name] == entry.value, name


NAMES_OF_ALL = """
import {0}
print(sorted([name for name in dir({0}) if name[0] != '_']))
"""


@pytest.mark.parametrize("board", ["wipy1", "fipy"])
def test_only_modules_said_to_be_incomplete_lack_names(board: str) -> None:
    whole = [name for name, (file, _) in firmware.MODULES.items() if file and name not in firmware.INCOMPLETE]
    with Board(board, offline=True) as made:
        script = "".join([NAMES_OF_ALL.format(name) for name in whole])
        (made.flash / "main.py").write_text(script)
        listed = made.run().text.splitlines()
    assert len(listed) == len(whole)
    for name, line in zip(whole, listed, strict=True):
        wanted = api.members(name, made.model.platform)
        assert set(wanted) - {"__name__"} <= set(ast.literal_eval(line)) | {n for n in wanted if n.startswith("_")}, (
            name
        )
