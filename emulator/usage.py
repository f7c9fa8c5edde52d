"""Command lines as argparse reads them. Only the command that runs is imported."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from emulator import __version__
from emulator.cli import COMMANDS, UsageError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see: {self.prog} --help)")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """What no parser knows is refused by the one that was asked for, with its own help."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            dashed = any(word.startswith("-") and not word.startswith("--") for word in unknown)
            hint = "; a name that begins with a dash comes after --" if dashed else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return found, unknown


def parse(argv: list[str]) -> argparse.Namespace:
    """The options of a command line. Raises UsageError."""
    parser = _Parser(prog="pycom-emulator", description="A Pycom board on this machine.")
    parser.add_argument("--version", action="version", version=f"pycom-emulator {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    wanted = next((word for word in argv if not word.startswith("-")), "")
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name == wanted:
            command = import_module(f"emulator.commands.{name.replace('-', '_')}")
            command.arguments(sub)
            sub.set_defaults(execute=command.execute)
    return parser.parse_args(argv)
