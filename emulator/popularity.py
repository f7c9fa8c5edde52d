"""The names that device scripts use most: ``data/usage.json``, counted in public projects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from emulator import api


@dataclass(frozen=True, slots=True)
class Use:
    """``name`` as scripts spell it, ``path`` in the table of :mod:`emulator.api`; how many projects and scripts use it."""

    name: str
    path: str
    projects: int
    scripts: int


@cache
def most_used() -> tuple[Use, ...]:
    """Return the first 150 names, by the number of projects."""
    text = (files("emulator") / "data" / "usage.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return tuple(Use(name, _path(name, table["spelled"]), *row) for name, row in table["names"].items())


def _path(name: str, spelled: dict[str, str]) -> str:
    for alias, real in spelled.items():
        if name == alias or name.startswith(f"{alias}."):
            name = real + name[len(alias) :]
    module, _, rest = name.partition(".")
    return f"{api.builtin_module(module)}.{rest}"
