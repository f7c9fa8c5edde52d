"""Command lines as argparse reads them. Only the command that runs is imported."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import NoReturn

from emulator import __version__
from emulator.cli import COMMANDS, UsageError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see: {self.prog} --help)")


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
