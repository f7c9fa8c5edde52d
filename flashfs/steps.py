"""The durable steps of a volume: the instants between which a power cut leaves different flashes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

StepKind = Literal["create", "truncate", "write", "commit", "mkdir", "remove", "rmdir", "rename", "format"]


class Step(NamedTuple):
    """One thing that is about to happen to a volume and that a power cut may come before.

    ``create``: an empty file appears at ``open``; ``truncate``: FAT empties the file at ``open(..., "w")``; ``write``: bytes
    go to an open file (FAT: those inside the committed size are in place at once; LittleFS: none of them is);
    ``commit``: ``flush`` or ``close`` with something pending; ``mkdir``, ``remove``, ``rmdir``, ``rename``; ``format``.

    ``path`` and ``other`` are in-volume paths. ``other`` of a ``rename`` is the new path. FAT renames over a file in two
    steps (firmware: extmod/vfs_fat.c): a ``remove`` whose ``other`` is the file that is to take the place, then the
    ``rename``. ``number`` counts from 1, as long as somebody listens.
    """

    kind: StepKind
    path: str
    number: int
    other: str = ""


StepHook = Callable[[Step], None]
"""Called before each step, under the volume's lock; when it raises, the step does not take place."""
