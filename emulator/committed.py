"""Follows what a script does to a flash, step by step: which contents it has closed, and what is under way."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flashfs import Step, Volume

if TYPE_CHECKING:
    from flashfs.store import Node

Key = tuple[bytes, ...]
"""A path as the file system compares it: FAT takes ``Config.json`` and ``CONFIG.JSON`` for one name."""

_UNDER_WAY = frozenset({"create", "truncate", "write"})


@dataclass
class Closed:
    """The contents that a file was closed (or flushed) with. ``last`` is the newest."""

    path: str
    last: bytes
    digests: set[bytes] = field(default_factory=set)

    def add(self, content: bytes) -> None:
        self.last = content
        self.digests.add(digest(content))

    def holds(self, content: bytes) -> bool:
        """Whether the file was ever closed with this content."""
        return digest(content) in self.digests


def digest(content: bytes) -> bytes:
    """What stands for a content."""
    return hashlib.blake2b(content, digest_size=16).digest()


class Ledger:
    """Put it on a volume (``volume.on_step = ledger``): it keeps the steps and, per file, the contents that were closed.

    What is on the flash at that time counts as closed. ``stop_at`` is the number of the step before which ``stop`` is
    called; ``stop`` may raise, and the step does not take place.
    """

    def __init__(self, volume: Volume, stop: Callable[[], None], stop_at: int | None = None) -> None:
        self._volume = volume
        self._stop = stop
        self._stop_at = stop_at
        self._settled = 0
        self._unfinished: set[Key] = set()
        self.steps: list[Step] = []
        """What has taken place."""
        self.pending: Step | None = None
        """What was cut off."""
        self.clean_from: int | None = None
        """From this step on, stop before the first one at which nothing is under way."""
        self.last_at = time.monotonic()
        self.closed: dict[Key, Closed] = {}
        with volume.lock:
            for path, content in volume.snapshot().items():
                if content is not None:
                    self._add(path, content)

    def __call__(self, step: Step) -> None:
        self.settle()
        self.last_at = time.monotonic()
        if self.pending is not None:
            return
        step = step._replace(number=len(self.steps) + 1)
        if step.number == self._stop_at or (
            self.clean_from is not None and step.number >= self.clean_from and self.clean
        ):
            self.pending = step
            self._stop()
        self.steps.append(step)

    @property
    def clean(self) -> bool:
        """Whether no file is being written and no rename is half done."""
        half_renamed = bool(self.steps) and self.steps[-1].kind == "remove" and bool(self.steps[-1].other)
        return not self._unfinished and not half_renamed

    def settle(self) -> None:
        """Take down what the last step has done."""
        with self._volume.lock:
            if self._settled < len(self.steps):
                self._settled = len(self.steps)
                self._take_down(self.steps[-1])

    def _take_down(self, step: Step) -> None:
        key = self.key(step.path)
        if step.kind in _UNDER_WAY:
            self._unfinished.add(key)
        elif step.kind == "commit":
            content = self._content(step.path)
            if content is not None:
                self._add(step.path, content)
            self._unfinished.discard(key)
        elif step.kind in ("remove", "rmdir"):
            self._unfinished.discard(key)
            if not step.other:  # else FAT makes room for a rename: the script has not asked for a removal
                self.closed.pop(key, None)
        elif step.kind == "rename":
            self._rename(key, self.key(step.other), step)
        elif step.kind == "format":
            self.closed.clear()
            self._unfinished.clear()

    def _rename(self, old: Key, new: Key, step: Step) -> None:
        if old == new or self._exists(step.path):  # only the case changes, or there was no room for the entry
            return
        for key in [key for key in self.closed if key[: len(old)] == old]:
            entry = self.closed.pop(key)
            self.closed.setdefault(new + key[len(old) :], Closed(step.other + entry.path[len(step.path) :], b"")).add(
                entry.last
            )
        self._unfinished = {new + key[len(old) :] if key[: len(old)] == old else key for key in self._unfinished}

    def key(self, path: str) -> Key:
        """What two spellings of a path have in common."""
        raw = path.encode("utf-8", "surrogateescape")
        return tuple(self._volume.file_system.key(name) for name in raw.split(b"/") if name)

    def _add(self, path: str, content: bytes) -> None:
        self.closed.setdefault(self.key(path), Closed(path, content)).add(content)

    def _content(self, path: str) -> bytes | None:
        fs = self._volume.file_system
        node = self._node(path)
        return fs.content(node) if fs.is_file(node) else None

    def _exists(self, path: str) -> bool:
        return self._node(path) is not None

    def _node(self, path: str) -> Node | None:
        fs = self._volume.file_system
        node: Node | None = fs.store.root
        for name in path.encode("utf-8", "surrogateescape").split(b"/"):
            if name:
                node = fs.store.find(node, name) if fs.is_folder(node) else None
        return node
