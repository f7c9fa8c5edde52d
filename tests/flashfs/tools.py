"""What the tests of the flash share: a board's view with its notes, and the number an operation raises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flashfs import DeviceError, Note, Vfs, Volume

KINDS = ("littlefs", "fat")


@dataclass
class Clock:
    seconds: float = 1_000_000_001.7

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Board:
    """A freshly booted board: /flash with what boot makes, and what its volume and view noted."""

    kind: Any = "littlefs"
    capacity: int | None = 4096 * 1024
    quirks: frozenset[str] = frozenset()
    clock: Clock = field(default_factory=Clock)
    notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.volume = Volume(
            self.kind, capacity=self.capacity, now=self.clock, note=self.notes.append, quirks=self.quirks
        )
        self.volume.boot_defaults()
        self.os = Vfs({"/flash": self.volume}, note=self.notes.append)

    def put(self, path: str | bytes, content: str | bytes = b"") -> None:
        with self.os.open(path, "wb") as file:
            file.write(content)

    def get(self, path: str | bytes) -> bytes:
        with self.os.open(path, "rb") as file:
            content: bytes = file.read()
        return content

    def codes(self) -> list[str]:
        return [note.code for note in self.notes]


def number(call: Callable[..., object], *args: Any, **kwargs: Any) -> int | str | None:
    """Return the board's number or text that a call raises, None if it works."""
    try:
        call(*args, **kwargs)
    except DeviceError as exc:
        return exc.number if exc.number is not None else str(exc)
    return None


def full_littlefs() -> Board:
    """A board without a free block, whose root has no room for a file of 512 bytes."""
    board = Board("littlefs", capacity=10 * 4096)
    for index in range(7):
        board.put(f"/flash/inline{index}", bytes(500))
    board.put("/flash/blocks", bytes(board.volume.room()))
    return board
