"""``api``: the table of the board's names, and which of them the emulator does not have yet."""

from __future__ import annotations

import argparse
import json

from emulator import api, models
from emulator.cli import UsageError


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``api``."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="a module or a dotted name, such as machine.Pin")
    parser.add_argument(
        "--board", default="fipy", metavar="NAME", help="wipy lopy lopy4 sipy gpy fipy wipy1 (default: fipy)"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--missing", action="store_true", help="only what is not emulated yet")


def execute(options: argparse.Namespace) -> int:
    """Print the table."""
    try:
        platform = models.model(options.board).platform
    except ValueError as error:
        raise UsageError(str(error)) from error
    missing = missing_names(options.board)
    rows = [(path, entry) for path, entry in api.walk(platform) if not path.endswith(".__name__")]
    if options.name:
        rows = [(p, e) for p, e in rows if _below(p, options.name)]
        if not rows:
            raise UsageError(f"{options.name}: a {platform} has no such name")
    if options.missing:
        rows = [(p, e) for p, e in rows if _is_missing(p, missing)]
    if options.json:
        table = {
            path: {
                "kind": entry.kind,
                "signature": entry.signature,
                "value": entry.value,
                "emulated": not _is_missing(path, missing),
            }
            for path, entry in rows
        }
        print(json.dumps(table, indent=1, default=repr))
        return 0
    for path, entry in rows:
        value = f" = {entry.value!r}" if entry.kind == "constant" else entry.signature
        mark = "   (not emulated yet)" if not options.missing and _is_missing(path, missing) else ""
        print(f"{path}{value}{mark}")
    return 0


def _below(path: str, name: str) -> bool:
    module, dot, rest = path.partition(".")
    spellings = [path, *(f"{weak}{dot}{rest}" for weak, full in api.weak_links().items() if full == module)]
    return any(spelling == name or spelling.startswith(f"{name}.") for spelling in spellings)


def _is_missing(path: str, missing: frozenset[str]) -> bool:
    parts = path.split(".")
    return any(".".join(parts[: end + 1]) in missing for end in range(1, len(parts)))


def missing_names(board_name: str) -> frozenset[str]:
    """``module.name`` of what a board of that model has and the emulator lacks: asked of the real modules."""
    from emulator import firmware
    from emulator.board import Board
    from emulator.firmware._missing import missing
    from emulator.power import PowerCycle

    with Board(board_name) as board:
        device = board.power_on(PowerCycle(board.clock))
        found: set[str] = set()
        for name in firmware.MODULES:
            namespace: dict[str, object] = {}
            firmware.fill(name, namespace, device)
            found.update(f"{name}.{member}" for member in missing(name, namespace, board.model.platform))
    return frozenset(found)
