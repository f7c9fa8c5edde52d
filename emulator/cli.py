"""The command line: finds the command, reports wrong usage in one line, ends with its status."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from emulator.signals import Interrupted, Signals

USAGE = 2

COMMANDS: dict[str, str] = {
    "run": "run a script or a project on an emulated board",
    "demo": "the whole story on this machine alone: certificate upload, TLS, success and failure",
    "check": "what scripts and project folders would run into on the board, without running them",
    "explain": "what a number or an error text of the board means",
    "certs": "make certificates in the board's forms, or check what the board will make of files",
    "flash": "the files of a stored board: list, copy, remove, read and write images",
    "put": "copy files and folders of this machine onto a board that runs",
    "get": "copy files and folders of a board that runs to this machine",
    "sync": "upload what differs between a project and a board that runs",
    "power-cut": "cut the power before each step that a script takes on the flash, and see what is left",
    "api": "what the board's modules offer, and what is not emulated yet",
}
"""Name -> what it does. Each is a module of ``emulator.commands`` with ``arguments(parser)`` and ``execute(options) -> int``."""


class UsageError(Exception):
    """What the person asked for cannot be done as asked; the text is one line for them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (default: the process's own); the exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if sys.stderr is None:  # closed; print would take standard output in its place
        sys.stderr = _nowhere()
    try:
        with Signals() as signals:  # first of all: from here on Ctrl-C and SIGTERM end the command in good order
            from emulator.usage import parse

            options = parse(argv)
            options.signals = signals
            status: int = options.execute(options)
            if sys.stdout is not None:
                sys.stdout.flush()  # here a failure can still be told
            return status
    except Interrupted as error:
        return error.status
    except UsageError as error:
        print(f"pycom-emulator: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        sys.stdout = _nowhere()  # what is left unwritten is not to be tried again at exit
        return 1
    except PermissionError as error:  # of a folder on the way to what was named: pathlib passes that on
        if error.filename is None:
            raise
        print(f"pycom-emulator: {os.fsdecode(error.filename)}: {error.strerror}", file=sys.stderr)
        return USAGE
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITABLE:
            raise
        sys.stdout = _nowhere()
        print(f"pycom-emulator: standard output: {error.strerror}", file=sys.stderr)
        return 1


_UNWRITABLE = {errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EBADF, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""How writing to standard output fails, other than by a reader that has gone."""


def _nowhere() -> TextIO:
    return open(os.devnull, "w")  # noqa: PTH123  as long as the process
