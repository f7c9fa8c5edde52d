"""``put LOCAL... REMOTE``: files and folders of this machine onto a board that runs, by FTP."""

from __future__ import annotations

import argparse

from emulator.commands.progress import progress
from emulator.commands.remote import address_argument, with_board
from emulator.commands.values import some_path
from emulator.flash_tool import FlashError, gather, parse
from emulator.ftp_client import RemoteFiles
from emulator.uploads import upload


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``put``."""
    address_argument(parser)
    parser.add_argument(
        "sources", nargs="+", type=some_path, metavar="LOCAL", help="a file or folder; DIR/ stands for what is in it"
    )
    parser.add_argument(
        "target", metavar="REMOTE", help="a file or folder of the board, such as cert/ or /flash/main.py"
    )


def execute(options: argparse.Namespace) -> int:
    """Upload and return the exit status."""

    def work(files: RemoteFiles) -> int:
        target = parse(options.target)
        if not target.mount:
            raise FlashError("/: EPERM, name something on a volume, such as /flash/main.py")
        there = files.exists(target)
        entries = gather(options.sources, target, there is not None and there.size is None)
        with progress("put") as show:
            upload(files, entries, target.mount, show)
        return 0

    return with_board(options, work)
