"""``sync DIR``: what differs between a project and a board that runs goes onto the board, by FTP."""

from __future__ import annotations

import argparse

from emulator.cli import UsageError
from emulator.commands.printing import say, visible
from emulator.commands.progress import progress
from emulator.commands.remote import address_argument, with_board
from emulator.commands.values import host_path
from emulator.flash_tool import FLASH, FlashError, Place
from emulator.ftp_client import RemoteFiles
from emulator.project import ProjectError, read
from emulator.uploads import Entries, difference, upload
from flashfs.names import decode_name, encode_text
from flashfs.volume import BOOT_ENTRIES

_KEPT = frozenset(b"/" + path for path, _ in BOOT_ENTRIES)
"""What the board makes anew at each boot: never removed as superfluous."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``sync``."""
    address_argument(parser)
    parser.add_argument("project", type=host_path, metavar="DIR", help="a project folder; its pymakr.conf counts")
    parser.add_argument("--delete", action="store_true", help="remove what only the board has")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def execute(options: argparse.Namespace) -> int:
    """Bring the board up to date and return the exit status."""
    if not options.project.is_dir():
        raise UsageError(f"{options.project}: {'not a folder' if options.project.exists() else 'no such folder'}")
    try:
        project = read(options.project)
    except ProjectError as error:
        raise UsageError(str(error)) from error
    entries = {encode_text(path): content for path, content in project.entries.items()}

    def work(files: RemoteFiles) -> int:
        found = difference(files, entries)
        extra = [path for path in found.extra if path not in _KEPT] if options.delete else []
        for mark, paths in (("new", found.new), ("changed", found.changed), ("removed", extra)):
            for path in paths:
                say(f"{mark:<8} {visible(decode_name(path))[1:]}")
        if not options.dry_run:
            if found.replaced and not options.delete:
                raise FlashError(_in_the_way(found.replaced[0], entries))
            with progress("sync") as show:
                for path in (*extra, *found.replaced):
                    files.remove(Place(FLASH, tuple(path[1:].split(b"/"))))
                upload(files, {**found.new, **found.changed}, FLASH, show)
        same = len(entries) - len(found.new) - len(found.changed)
        say(f"{len(found.new)} new, {len(found.changed)} changed, {len(extra)} removed, {same} the same")
        return 0

    return with_board(options, work)


def _in_the_way(path: bytes, entries: Entries) -> str:
    what = "EEXIST, it is a file on the board" if entries[path] is None else "EISDIR, it is a folder on the board"
    return f"{FLASH}{decode_name(path)}: {what}; --delete replaces it"
