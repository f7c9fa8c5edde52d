"""``api``: the table of the board's names, and which of them the emulator does not have yet."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass

from emulator import api, models
from emulator.cli import UsageError
from emulator.inventory import State, states
from emulator.popularity import Use, most_used


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``api``."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="a module or a dotted name, such as machine.Pin")
    parser.add_argument(
        "--board", default="fipy", metavar="NAME", help="wipy lopy lopy4 sipy gpy fipy wipy1 (default: fipy)"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--missing", action="store_true", help="only what is not emulated yet, and its share")


def execute(options: argparse.Namespace) -> int:
    """Print the table."""
    try:
        platform = models.model(options.board).platform
    except ValueError as error:
        raise UsageError(str(error)) from error
    state = states(options.board, [use.path for use in most_used()])
    rows = [(path, entry) for path, entry in api.walk(platform) if path in state]
    uses = [use for use in most_used() if state[use.path] != "absent"]
    if options.name:
        rows = [(p, e) for p, e in rows if _below(p, options.name)]
        uses = [use for use in uses if _below(use.path, options.name)]
        if not rows:
            raise UsageError(f"{options.name}: a {platform} has no such name{_hint(options.name, platform)}")
    everything = len(rows)
    if options.missing:
        rows = [(path, entry) for path, entry in rows if state[path] != "emulated"]
    share = Share(everything, [path for path, _ in rows if state[path] != "emulated"], uses, _missing(uses, state))
    if options.json:
        table = {path: _row(entry, state[path]) for path, entry in rows}
        whole = {"board": platform, "missing": table, **share.table()} if options.missing else table
        print(json.dumps(whole, indent=1, default=repr))
        return 0
    for path, entry in rows:
        value = f" = {entry.value!r}" if entry.kind == "constant" else entry.signature
        mark = "   (not emulated yet)" if not options.missing and state[path] != "emulated" else ""
        print(f"{path}{value}{mark}")
    if options.missing:
        print(share.text(platform))
    return 0


@dataclass(frozen=True)
class Share:
    """How much is missing of ``names`` names, and of the most used names (``uses``) by the projects that use them."""

    names: int
    missing: list[str]
    uses: list[Use]
    used_missing: list[Use]

    @property
    def weight(self) -> float:
        """The part of all uses, counted by projects, that falls on a missing name."""
        return _projects(self.used_missing) / max(1, _projects(self.uses))

    def table(self) -> dict[str, object]:
        """The share for programs; shares are between 0 and 1."""
        return {
            "names": self.names,
            "share": round(len(self.missing) / self.names, 4),
            "used": {
                "names": len(self.uses),
                "missing": {use.name: use.projects for use in self.used_missing},
                "share": round(len(self.used_missing) / max(1, len(self.uses)), 4),
                "share_by_projects": round(self.weight, 4),
            },
        }

    def text(self, platform: str) -> str:
        """The share for people."""
        missing, used = len(self.missing), len(self.used_missing)
        lines = [
            f"\n{missing} of the {self.names} names of a {platform} are not emulated yet: {missing / self.names:.1%}"
        ]
        if self.uses:
            lines.append(
                f"{used} of the {len(self.uses)} that scripts use most: {used / len(self.uses):.1%}, "
                f"by the projects that use each {self.weight:.1%}"
            )
        if used:
            lines.append("first of these: " + ", ".join(use.name for use in self.used_missing[:10]))
        return "\n".join(lines)


def _missing(uses: Iterable[Use], state: dict[str, State]) -> list[Use]:
    return [use for use in uses if state[use.path] != "emulated"]


def _projects(uses: Iterable[Use]) -> int:
    return sum(use.projects for use in uses)


def _row(entry: api.Entry, state: State) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "signature": entry.signature,
        "value": entry.value,
        "emulated": state == "emulated",
    }


def _hint(name: str, platform: str) -> str:
    from emulator.checks.suggestions import similar

    module, _, rest = name.partition(".")
    if api.builtin_module(module) is None:
        close = similar(module, [*api.weak_links(), *api.modules()])
        return f"; did you mean {close}?" if close else "; `pycom-emulator api` lists all"
    full = api.builtin_module(module)
    close = similar(rest, [path.partition(".")[2] for path, _ in api.walk(platform) if path.startswith(f"{full}.")])
    return (
        f"; did you mean {module}.{close}?" if close else f"; `pycom-emulator api {module}` lists those of the module"
    )


def _below(path: str, name: str) -> bool:
    module, dot, rest = path.partition(".")
    spellings = [path, *(f"{weak}{dot}{rest}" for weak, full in api.weak_links().items() if full == module)]
    return any(spelling == name or spelling.startswith(f"{name}.") for spelling in spellings)
