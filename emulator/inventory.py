"""Which of the board's names the emulator has: asked of its real modules, name by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from emulator import api
from emulator.models import model

State = Literal["emulated", "placeholder", "absent"]
"""``placeholder``: exists, and says when used that it is not emulated yet. ``absent``: a script finds nothing."""

_NOT_COUNTED = frozenset({"__name__", "__del__"})


def states(board_name: str, more: Iterable[str] = ()) -> dict[str, State]:
    """Return every dotted name of :func:`emulator.api.walk`, and each path of ``more``, with its state on a board of that model.

    What lies below a placeholder is one, too, constants included. Raises ValueError for an unknown model.
    """
    from emulator import firmware
    from emulator.board import Board
    from emulator.power import PowerCycle

    platform = model(board_name).platform
    found: dict[str, State] = {}
    with Board(board_name) as board:
        device = board.power_on(PowerCycle(board.clock))
        for name in firmware.MODULES:
            namespace: dict[str, Any] = {}
            firmware.fill(name, namespace, device)
            if ".complete" in namespace:
                namespace[".complete"]()
            _descend(name, namespace, api.members(name, platform), found)
            for path in more:
                if path not in found and path.startswith(f"{name}."):
                    found[path] = _look(namespace, path.split(".")[1:])
    return found


def _look(namespace: dict[str, Any], names: list[str]) -> State:
    from emulator.firmware._missing import is_placeholder

    owner: object = namespace
    for name in names:
        try:
            owner = _member(owner, name)
        except (AttributeError, KeyError):
            return "absent"
        if is_placeholder(owner):
            return "placeholder"
    return "emulated"


def _descend(path: str, owner: Any, rows: Mapping[str, api.Entry], found: dict[str, State]) -> None:
    from emulator.firmware._missing import is_placeholder

    for name, entry in rows.items():
        if name in _NOT_COUNTED:
            continue
        below = f"{path}.{name}"
        try:
            value = _member(owner, name)
        except (AttributeError, KeyError):
            _all(below, entry, "absent", found)
            continue
        if is_placeholder(value):
            _all(below, entry, "placeholder", found)
        else:
            found[below] = "emulated"
            _descend(below, value, entry.members, found)


def _all(path: str, entry: api.Entry, state: State, found: dict[str, State]) -> None:
    found[path] = state
    for name, member in entry.members.items():
        if name not in _NOT_COUNTED:
            _all(f"{path}.{name}", member, state, found)


def _member(owner: Any, name: str) -> object:
    from emulator.runtime.methods import TABLES

    if isinstance(owner, dict):
        return owner[name]
    if isinstance(owner, type) and owner in TABLES and name in TABLES[owner]:
        return TABLES[owner][name]  # CPython's own type: scripts get the methods of this table
    return getattr(owner, name)
