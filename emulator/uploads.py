"""Files onto a board that runs: all that was named, or only what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.flash_tool import FLASH, Place, Progress
from emulator.ftp_client import RemoteFiles

Entries = Mapping[bytes, bytes | None]
"""Path inside the volume -> content (None: a folder)."""


def upload(files: RemoteFiles, entries: Entries, mount: str, progress: Progress) -> None:
    """Write entries, folders first; ``progress`` counts bytes. Raises FlashError."""
    total = sum(len(content) for content in entries.values() if content is not None)
    done = 0

    def count(size: int) -> None:
        nonlocal done
        done += size
        progress(done, total)

    made: set[tuple[bytes, ...]] = {()}
    for path, content in sorted(entries.items()):
        place = _place(mount, path)
        folder = place.parts if content is None else place.parts[:-1]
        if folder not in made:
            files.make_folder(Place(mount, folder, folder=True))
            made.add(folder)
        if content is not None:
            files.write(place, content, count)


@dataclass
class Difference:
    """What a board lacks of a project, and what it has beside it. Paths are inside the volume."""

    new: dict[bytes, bytes | None] = field(default_factory=dict)
    changed: dict[bytes, bytes | None] = field(default_factory=dict)
    replaced: list[bytes] = field(default_factory=list)
    """Which of the changed ones are folders on the board and files in the project, or the other way round."""
    extra: list[bytes] = field(default_factory=list)
    """What only the board has, a folder after what is in it."""


def difference(files: RemoteFiles, entries: Entries) -> Difference:
    """Compare the files of a project with /flash, by content. Raises FlashError."""
    result = Difference()
    there: dict[bytes, int | None] = {}
    for item, _ in files.walk(Place(FLASH, (), folder=True)):
        there[b"".join(b"/" + part for part in item.place.parts)] = item.size
    for path, content in entries.items():
        if path not in there:
            result.new[path] = content
        elif content is None or there[path] is None:
            if (content is None) != (there[path] is None):
                result.changed[path] = content
                result.replaced.append(path)
        elif there[path] != len(content) or files.read(_place(FLASH, path)) != content:
            result.changed[path] = content
    result.extra = sorted((path for path in there if path not in entries), reverse=True)
    return result


def _place(mount: str, path: bytes) -> Place:
    return Place(mount, tuple(part for part in path.split(b"/") if part))
