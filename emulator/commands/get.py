"""``get REMOTE... LOCAL``: files and folders of a board that runs onto this machine, by FTP."""

from __future__ import annotations

import argparse

from emulator.cli import UsageError
from emulator.commands.progress import progress
from emulator.commands.remote import address_argument, with_board
from emulator.commands.values import some_path
from emulator.flash_tool import fetch, parse, store
from emulator.ftp_client import RemoteFiles


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``get``."""
    address_argument(parser)
    parser.add_argument(
        "sources", nargs="+", type=some_path, metavar="REMOTE", help="a file or folder; DIR/ stands for what is in it"
    )
    parser.add_argument("target", metavar="LOCAL", help="a file or folder of this machine")


def execute(options: argparse.Namespace) -> int:
    """Download and return the exit status."""
    if not options.target:
        raise UsageError("LOCAL is empty")

    def work(files: RemoteFiles) -> int:
        found = fetch(files, [parse(path) for path in options.sources], options.target)
        with progress("get") as show:
            store(found, options.target, show)
        return 0

    return with_board(options, work)
