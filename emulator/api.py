"""What the board's modules hold: the table ``data/api.json`` of the firmware's script-visible names.

A name is a row (:class:`Entry`); a row without ``boards`` is on every board its parent is on, one with ``variants``
only in that build of the firmware (Pybytes, PyGate), which no emulated board runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from emulator.models import MODELS, model

_BOARDS = tuple(m.platform for m in MODELS if m.name != "wipy1")


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of the board.

    ``kind``: function, class, constant, exception, module, object (``type`` says of which type). ``signature``: ``/``
    ends positional-only arguments, ``*`` begins keyword-only ones, ``[x]`` may be left out. ``raises``: ``Type: text``.
    ``returns``: what a function gives; of a class, the type of what it makes, where that is not its own.
    """

    name: str
    kind: str
    signature: str = ""
    value: Any = None
    returns: str = ""
    raises: tuple[str, ...] = ()
    type: str = ""
    static: str = ""
    instantiable: bool = True
    callable: bool = False
    members: Mapping[str, Entry] = field(default_factory=dict)


@cache
def _table() -> dict[str, Any]:
    text = (files("emulator") / "data" / "api.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def _platform(board: str) -> str:
    # the CC3200 board is a port of its own; of what is known here it comes closest to WiPy
    return board if board in _BOARDS else model(board).platform


@cache
def _rows(module: str, section: str, platform: str) -> dict[str, Entry]:
    return _entries(_table()["modules"][module].get(section, {}), platform)


def _entries(rows: dict[str, dict[str, Any]], platform: str) -> dict[str, Entry]:
    return {
        name: _entry(name, row, platform) for name, row in rows.items() if platform in row.get("boards", (platform,))
    }


def _entry(name: str, row: dict[str, Any], platform: str) -> Entry:
    return Entry(
        name=name,
        kind=row["kind"],
        signature=row.get("signature", ""),
        value=row["by_board"][platform] if "by_board" in row else _value(row.get("value")),
        returns=row.get("returns", ""),
        raises=tuple(row.get("raises", ())),
        type=row.get("type", ""),
        static=row.get("static", ""),
        instantiable=row.get("instantiable", True),
        callable=row.get("callable", False),
        members=_entries(row.get("members", {}), platform),
    )


def _value(value: Any) -> Any:
    # JSON has no tuples; the two lists that are lists on the board, sys.path and sys.argv, are made by the sys module
    return tuple(map(_value, value)) if isinstance(value, list) else value


def modules() -> tuple[str, ...]:
    """Return the builtin modules by their own names (``umachine``, not ``machine``); the same on every board."""
    return tuple(_table()["modules"])


@cache
def weak_links() -> dict[str, str]:
    """Return weak link -> builtin module: names that a file may take over (``machine`` -> ``umachine``)."""
    rows: dict[str, dict[str, Any]] = _table()["modules"]
    return {weak: name for name, row in rows.items() for weak in row.get("weak_links", ())}


def builtin_module(name: str) -> str | None:
    """Return the builtin module that ``name`` or the weak link ``name`` means, or None."""
    return name if name in _table()["modules"] else weak_links().get(name)


def members(module: str, board: str) -> Mapping[str, Entry]:
    """Return the names of ``module`` (or weak link) on ``board``; KeyError for a module the board has not."""
    name = builtin_module(module)
    if name is None:
        raise KeyError(module)
    return _rows(name, "names", _platform(board))


def object_types(module: str, board: str) -> Mapping[str, Entry]:
    """Return the types of objects that ``module`` returns but does not name (``socket`` streams, ``match``)."""
    name = builtin_module(module)
    if name is None:
        raise KeyError(module)
    return _rows(name, "types", _platform(board))


def builtin_names(board: str) -> tuple[str, ...]:
    """Return the names every script has without import."""
    return tuple(name for name in members("builtins", board) if name != "__name__")


def lookup(path: str, board: str) -> Entry | None:
    """Return the entry of a dotted name such as ``machine.Pin.OUT``, or None where the board lacks it."""
    module, *names = path.split(".")
    if builtin_module(module) is None:
        return None
    if not names:
        return Entry(module, "module", members=members(module, board))
    rows, entry = members(module, board), None
    for name in names:
        entry = rows.get(name)
        if entry is None:
            return None
        rows = entry.members
    return entry


def variants(path: str) -> tuple[str, ...]:
    """Return the builds of the firmware that alone have a dotted name (``PYBYTES``, ``PYGATE``, ``OPENTHREAD``); or none."""
    module, *names = path.split(".")
    rows: dict[str, Any] = _table()["modules"].get(builtin_module(module) or "", {}).get("names", {})
    row: dict[str, Any] = {}
    for name in names:
        row = rows.get(name, {})
        rows = row.get("members", {})
    return tuple(row.get("variants", ()))


def walk(board: str) -> Iterator[tuple[str, Entry]]:
    """Yield every dotted name of ``board`` with its entry, modules in order, members after their parent."""

    def below(prefix: str, rows: Mapping[str, Entry]) -> Iterator[tuple[str, Entry]]:
        for name, entry in rows.items():
            yield f"{prefix}.{name}", entry
            yield from below(f"{prefix}.{name}", entry.members)

    for module in modules():
        yield from below(module, members(module, board))
