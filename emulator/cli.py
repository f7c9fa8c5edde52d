"""The command line: finds the command, reports wrong usage in one line, ends with its status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from emulator import __version__

USAGE = 2

COMMANDS: dict[str, str] = {
    "run": "run a script or a project on an emulated board",
    "demo": "the whole story on this machine alone: certificate upload, TLS, success and failure",
    "api": "what the board's modules offer, and what is not emulated yet",
}
"""Name -> what it does. Each is a module of ``emulator.commands`` with ``arguments(parser)`` and ``execute(options) -> int``."""


class UsageError(Exception):
    """What the person asked for cannot be done as asked; the text is one line for them."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see: {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (default: the process's own); the exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        options = _parse(argv)
        status: int = options.execute(options)
        return status
    except UsageError as error:
        print(f"pycom-emulator: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        return 1


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="pycom-emulator", description="A Pycom board on this machine.")
    parser.add_argument("--version", action="version", version=f"pycom-emulator {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    wanted = next((word for word in argv if not word.startswith("-")), "")
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name == wanted:  # only the command that runs is imported
            command = import_module(f"emulator.commands.{name}")
            command.arguments(sub)
            sub.set_defaults(execute=command.execute)
    return parser.parse_args(argv)
