"""``flash ls|tree|cat|put|get|rm|df|import|export``: the files of a board in its state folder."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emulator.cli import UsageError
from emulator.commands.printing import say, visible
from emulator.commands.progress import progress
from emulator.commands.run import show_note
from emulator.commands.values import host_path, some_path
from emulator.flash_tool import (
    FLASH,
    SD,
    FlashError,
    FlashTool,
    Item,
    fetch,
    gather,
    parse,
    store,
)
from emulator.project import ProjectError
from emulator.settings import DEFAULT_SD_MIB, MAX_SD_MIB

FAILED = 1
_MOUNTS = {"flash": FLASH, "sd": SD}
_BRANCHES = ("├── ", "└── ", "│   ", "    ")
_PLAIN_BRANCHES = ("|-- ", "`-- ", "|   ", "    ")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of ``flash`` and their options."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--state", type=host_path, required=True, metavar="DIR", help="the folder that keeps the board")
    common.add_argument(
        "--board", default="fipy", metavar="NAME", help="wipy lopy lopy4 sipy gpy fipy wipy1 (default: fipy)"
    )
    common.add_argument("--sd", action="store_true", help="there is an SD card of 8 MiB in the slot")
    common.add_argument("--sd-size", type=_mib, metavar="MIB", help="there is an SD card of this size in the slot")
    making = argparse.ArgumentParser(add_help=False)
    making.add_argument(
        "--fs", choices=("littlefs", "fat"), help="file system of a new board's /flash (default: littlefs)"
    )
    table = argparse.ArgumentParser(add_help=False)
    table.add_argument("--json", action="store_true", help="for programs")
    volume = argparse.ArgumentParser(add_help=False)
    volume.add_argument("--volume", choices=tuple(_MOUNTS), default="flash", help="which medium (default: flash)")

    actions = parser.add_subparsers(metavar="ls|tree|cat|put|get|rm|df|import|export", required=True)

    def action(name: str, execute_: Any, summary: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added = actions.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", parents=[common, *parents]
        )
        added.set_defaults(action=execute_)
        return added

    ls = action("ls", _ls, "list a folder, in the board's order", table)
    ls.add_argument("path", nargs="?", default=":", metavar="PATH", help="default: /flash")
    ls.add_argument("-l", dest="long", action="store_true", help="with sizes and times")
    tree = action("tree", _tree, "show all that is below a folder", table)
    tree.add_argument("path", nargs="?", default=":", metavar="PATH", help="default: /flash")
    cat = action("cat", _cat, "write files to standard output, byte by byte")
    cat.add_argument("paths", nargs="+", type=some_path, metavar="PATH")
    put = action("put", _put, "copy files and folders of this machine to the board", making)
    put.add_argument(
        "sources", nargs="+", type=some_path, metavar="LOCAL", help="a file or folder; DIR/ stands for what is in it"
    )
    put.add_argument("target", metavar="REMOTE", help="a file or folder of the board")
    get = action("get", _get, "copy files and folders of the board to this machine")
    get.add_argument(
        "sources", nargs="+", type=some_path, metavar="REMOTE", help="a file or folder; DIR/ stands for what is in it"
    )
    get.add_argument("target", metavar="LOCAL", help="a file or folder of this machine")
    rm = action("rm", _rm, "remove files and folders")
    rm.add_argument("paths", nargs="+", type=some_path, metavar="PATH")
    rm.add_argument("-r", dest="recursive", action="store_true", help="folders with all that is in them")
    action("df", _df, "space on each volume, as the board counts it", table)
    take = action("import", _import, "make /flash or the card what an image of it holds", making, volume)
    take.add_argument("image", type=host_path, metavar="IMAGE", help="LittleFS or FAT, known by its content")
    give = action("export", _export, "write an image of /flash or of the card", volume)
    give.add_argument("image", type=host_path, metavar="IMAGE", help="the file to write")


def _mib(text: str) -> int:
    value = int(text)
    if not 1 <= value <= MAX_SD_MIB:
        raise ValueError(text)
    return value


_mib.__name__ = f"number of MiB from 1 to {MAX_SD_MIB}"


def execute(options: argparse.Namespace) -> int:
    """Run the action and return the exit status."""
    try:
        status: int = options.action(options)
    except FlashError as error:
        print(f"pycom-emulator: {visible(str(error))}", file=sys.stderr)
        return FAILED
    return status


@contextmanager
def _open(options: argparse.Namespace, *, create: bool = False, default_fs: Any = "littlefs") -> Iterator[FlashTool]:
    """Open the board. What could not be stored in its folder is a failure, after a note has told why."""
    try:
        tool = FlashTool(
            options.state,
            model=options.board,
            fs=getattr(options, "fs", None),
            default_fs=default_fs,
            sd=options.sd_size or (DEFAULT_SD_MIB if options.sd else None),
            create=create,
        )
    except (ValueError, ProjectError) as error:
        raise UsageError(visible(str(error))) from error
    tool.board.notes.listen(show_note)
    with tool:
        yield tool
    if tool.unsaved:
        raise FlashError(f"--state {options.state}: not everything could be stored")


# -- looking


def _ls(options: argparse.Namespace) -> int:
    place = parse(options.path)
    with _open(options) as tool:
        items = tool.listing(place)
    if options.json:
        print(json.dumps([_table(item) for item in items], indent=1))
        return 0
    for item in items:
        name = visible(item.name) + ("/" if item.size is None else "")
        if options.long:
            size = "-" if item.size is None else str(item.size)
            say(f"{size:>10}  {_moment(item.time):<19}  {name}")
        else:
            say(name)
    return 0


def _tree(options: argparse.Namespace) -> int:
    place = parse(options.path)
    with _open(options) as tool:
        items = list(tool.walk(place))
        top = tool.item(place)
    if options.json:
        print(json.dumps([_table(item) for item, _ in items], indent=1))
        return 0
    branch, last, line, gap = _branches()
    say(visible(str(place)) if top.size is None else f"{visible(str(place))}  {top.size}")
    for item, lasts in items:
        above = "".join(gap if is_last else line for is_last in lasts[:-1])
        name = visible(item.name) + ("/" if item.size is None else f"  {item.size}")
        say(f"{above}{last if lasts[-1] else branch}{name}")
    return 0


def _branches() -> tuple[str, str, str, str]:
    try:
        "".join(_BRANCHES).encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return _PLAIN_BRANCHES
    return _BRANCHES


def _table(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "path": str(item.place),
        "type": "folder" if item.size is None else "file",
        "size": item.size,
        "time": item.time or None,
    }


def _moment(seconds: int) -> str:
    """The board's clock counts from 1970 and knows no zones."""
    if not seconds:
        return "-"
    return str(datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds))


def _cat(options: argparse.Namespace) -> int:
    places = [parse(path) for path in options.paths]
    with _open(options) as tool:
        contents = [tool.read(place) for place in places]
    if sys.stdout is None:  # closed
        return 0
    sys.stdout.flush()
    for content in contents:
        sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
    return 0


def _df(options: argparse.Namespace) -> int:
    with _open(options) as tool:
        spaces = tool.space()
    if options.json:
        tables = [
            {
                "volume": space.mount,
                "fs": space.kind,
                "block_size": space.block_size,
                "blocks": {"total": space.total, "used": space.used, "free": space.free},
                "kib": {
                    "total": space.kib(space.total),
                    "used": space.kib(space.used),
                    "free": space.kib(space.free),
                },
            }
            for space in spaces
        ]
        print(json.dumps(tables, indent=1))
        return 0
    row = "{:<8}{:<10}{:>7}{:>10}{:>8}{:>8}{:>10}{:>9}{:>9}".format
    say(row("volume", "fs", "block", "blocks", "used", "free", "KiB", "used", "free"))
    for space in spaces:
        blocks = (space.total, space.used, space.free)
        say(row(space.mount, space.kind, space.block_size, *blocks, *map(space.kib, blocks)))
    return 0


# -- changing


def _put(options: argparse.Namespace) -> int:
    target = parse(options.target)
    if not target.mount:
        raise FlashError("/: EPERM, name something on a volume")
    gather(options.sources, target, target_is_folder=False)  # what cannot be read leaves no new board behind
    with _open(options, create=True) as tool:
        warning = tool.pending_format() if target.mount == FLASH else None
        if warning is not None:
            show_note(warning)
        is_folder = tool.path(target).is_dir()
        with progress("put") as show:
            tool.put(gather(options.sources, target, is_folder), target.mount, show)
    return 0


def _get(options: argparse.Namespace) -> int:
    sources = [parse(path) for path in options.sources]
    if not options.target:
        raise UsageError("LOCAL is empty")
    with _open(options) as tool:
        found = fetch(tool, sources, options.target)
    with progress("get") as show:
        store(found, options.target, show)
    return 0


def _rm(options: argparse.Namespace) -> int:
    places = [parse(path) for path in options.paths]
    with _open(options) as tool:
        tool.remove(places, recursive=options.recursive)
    return 0


# -- images


def _import(options: argparse.Namespace) -> int:
    from flashfs.images import ImageError, read_image_file

    try:
        with options.image.open("rb") as file:
            tree = read_image_file(file)
    except (OSError, ImageError, ImportError) as error:
        raise FlashError(f"{options.image}: {getattr(error, 'strerror', None) or error}") from error
    mount = _MOUNTS[options.volume]
    default_fs = tree.kind if mount == FLASH else "littlefs"
    with _open(options, create=True, default_fs=default_fs) as tool, progress("import") as show:
        before = tool.take_image(tree, mount, show)
    files = sum(content is not None for content in tree.files.values())
    changed = "" if before == tree.kind else f"; it was {before} before"
    say(f"{mount} is {tree.kind} with {files} files and {len(tree.files) - files} folders{changed}")
    return 0


def _export(options: argparse.Namespace) -> int:
    mount = _MOUNTS[options.volume]
    with _open(options) as tool:
        size = tool.give_image(mount, options.image)
        kind = tool.volume(mount).kind
    say(visible(f"{options.image}: {size} bytes, {kind}"))
    return 0
