"""What ``put``, ``get`` and ``sync`` share: which board, and how failures are told. No command of its own."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from emulator.cli import UsageError
from emulator.commands.printing import visible
from emulator.flash_tool import FlashError
from emulator.ftp_client import Address, RemoteFiles, parse_address

FAILED = 1
VARIABLE = "PYCOM_FTP"


def address_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--ftp``."""
    parser.add_argument(
        "--ftp",
        metavar="URL|PORT",
        help=f"the board: the address that run prints, a port of this machine, or a real board's (default: ${VARIABLE})",
    )


def address(options: argparse.Namespace) -> Address:
    """Return the address that was given. Raises UsageError."""
    text = options.ftp or os.environ.get(VARIABLE, "")
    if not text:
        raise UsageError(
            f"which board? --ftp takes what `run --ftp 0` prints after `ftp:`, or its port; {VARIABLE} may hold it, too"
        )
    try:
        return parse_address(text)
    except ValueError as error:
        raise UsageError(f"--ftp: {error}") from error


def with_board(options: argparse.Namespace, work: Callable[[RemoteFiles], int]) -> int:
    """Connect and do the work; the exit status."""
    try:
        with RemoteFiles(address(options)) as files:
            return work(files)
    except FlashError as error:
        print(f"pycom-emulator: {visible(str(error))}", file=sys.stderr)
        return FAILED
