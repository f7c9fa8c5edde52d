"""Why a power cut lost a file: the last steps before it, matched against what the two file systems do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emulator.committed import Key
from flashfs import Step


@dataclass(frozen=True)
class Cause:
    """One way to lose data: why, what to do, and where the board does it."""

    code: str
    cause: str
    fix: str
    source: str = ""


_ASIDE = "write to a new name, close it, then os.rename() it over the old name"
_LITTLEFS = "on LittleFS that rename is one commit"
_FAT = "on FAT it is two steps, so at start rename the new name back when the old one is missing"

TRUNCATED = Cause(
    "truncated",
    "open() with 'w' on FAT empties the file at once; the new content is there only after close()",
    f"{_ASIDE}; {_LITTLEFS}, {_FAT}",
    "firmware: lib/oofatfs/ff.c f_open, f_sync",
)
IN_PLACE = Cause(
    "in-place",
    "on FAT, bytes written over old ones are in place at once, while the size waits for flush() or close()",
    f"{_ASIDE}; {_LITTLEFS}, {_FAT}",
    "firmware: lib/oofatfs/ff.c f_write",
)
HALF_RENAMED = Cause(
    "half-renamed",
    "FAT renames over a file in two steps: the old file is removed, then the new one gets its name",
    "at start, when the file is missing and the new name is there, rename it then; or use LittleFS, where it is one commit",
    "firmware: extmod/vfs_fat.c",
)
RENAMED_OPEN = Cause(
    "renamed-open",
    "the file was renamed before it was closed: what was written to it was not on the flash yet",
    "close the file, then rename it",
    "firmware: esp32/littlefs/lfs.c, lib/oofatfs/ff.c (an open file is tied to its directory entry)",
)
SELF_RENAMED = Cause(
    "self-renamed", "a rename onto itself or into itself destroys on this board", "compare the names first"
)
UNKNOWN = Cause("unknown", "what was closed is not there any more", f"{_ASIDE}; {_LITTLEFS}")
HALF_WRITTEN = Cause(
    "half-written",
    "a file that was opened for writing and not closed is there with 0 bytes or with its old beginning",
    f"at start, take an empty or damaged file for a missing one; or {_ASIDE}; {_LITTLEFS}",
    "firmware: esp32/littlefs/lfs.c, lib/oofatfs/ff.c f_sync",
)
BETWEEN = Cause(
    "between",
    "the flash holds some of the script's changes and lacks the later ones; the script does not start from there",
    "at start, expect each file to be missing or to be of an earlier version, and catch the exception",
)
CHECKED = Cause(
    "checked", "the check does not accept what the cut has left", "see the step above for what was under way"
)


def of_loss(done: Sequence[Step], cut: Step | None, lost: Key, key: Callable[[str], Key]) -> Cause:
    """Why the file ``lost`` is not as it was closed, after the steps ``done`` and before the step ``cut``."""
    if cut is not None and cut.kind == "rename" and key(cut.other) == lost:
        return HALF_RENAMED
    written = False
    for step in reversed(done):
        if step.kind == "rename" and lost[: len(key(step.other))] == key(step.other):
            return SELF_RENAMED if key(step.path) == key(step.other) else RENAMED_OPEN
        if key(step.path) != lost:
            continue
        if step.kind == "truncate":
            return TRUNCATED
        if step.kind != "write":
            break
        written = True
    return IN_PLACE if written else UNKNOWN


def of_failed_start(*, unfinished: bool) -> Cause:
    """Why a script does not start; ``unfinished``: a file was there that had never been closed."""
    return HALF_WRITTEN if unfinished else BETWEEN
