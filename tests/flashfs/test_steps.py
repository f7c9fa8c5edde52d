"""What a power cut can come before: the steps a volume tells of, and what is left when one of them does not take place."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashfs import HostPath, Step, Volume
from flashfs.quirks import RENAME_INTO_ITSELF, RENAME_ONTO_ITSELF
from tests.flashfs.tools import KINDS, Board, number


class Cut(BaseException):
    """The power goes."""


@dataclass
class Listener:
    """Takes the steps down, and cuts the power before one of them."""

    volume: Volume
    cut_before: int | None = None
    steps: list[Step] = field(default_factory=list)
    has_cut: bool = False

    def __call__(self, step: Step) -> None:
        if len(self.steps) + 1 == self.cut_before:
            self.has_cut = True
            self.volume.remount()
            raise Cut
        self.steps.append(step)

    @property
    def told(self) -> list[tuple[str, ...]]:
        return [(s.kind, s.path, s.other) if s.other else (s.kind, s.path) for s in self.steps]


def listening(kind: str, cut_before: int | None = None, quirks: frozenset[str] = frozenset()) -> tuple[Board, Listener]:
    board = Board(kind, quirks=quirks)
    board.put("/flash/old", b"old content")
    board.os.mkdir("/flash/lib/sub")
    listener = Listener(board.volume, cut_before)
    board.volume.on_step = listener
    return board, listener


def write(board: Board, path: str, mode: str, *pieces: bytes) -> None:
    with board.os.open(path, mode + "b") as file:
        for piece in pieces:
            file.write(piece)


def in_place(board: Board) -> None:
    file = board.os.open("/flash/old", "r+b")
    file.write(b"NEW")
    board.file = file  # type: ignore[attr-defined]  # stays open


# what is done -> the steps on LittleFS, the steps on FAT
OPERATIONS: dict[str, tuple[Callable[[Board], Any], list[tuple[str, ...]], list[tuple[str, ...]] | None]] = {
    "new file": (
        lambda b: write(b, "/flash/new", "w", b"1", b"2"),
        [("create", "/new"), ("write", "/new"), ("write", "/new"), ("commit", "/new")],
        None,
    ),
    "new empty file": (lambda b: write(b, "/flash/new", "w"), [("create", "/new"), ("commit", "/new")], None),
    "new file, exclusive": (lambda b: write(b, "/flash/new", "x"), [("create", "/new"), ("commit", "/new")], None),
    "in a folder": (
        lambda b: write(b, "/flash/lib/sub/new", "w", b"1"),
        [("create", "/lib/sub/new"), ("write", "/lib/sub/new"), ("commit", "/lib/sub/new")],
        None,
    ),
    "rewriting": (
        lambda b: write(b, "/flash/old", "w", b"1"),
        [("write", "/old"), ("commit", "/old")],
        [("truncate", "/old"), ("write", "/old"), ("commit", "/old")],
    ),
    "appending": (lambda b: write(b, "/flash/old", "a", b"1"), [("write", "/old"), ("commit", "/old")], None),
    "in place": (lambda b: write(b, "/flash/old", "r+", b"NEW"), [("write", "/old"), ("commit", "/old")], None),
    "left open": (in_place, [("write", "/old")], None),
    "reading": (lambda b: b.get("/flash/old"), [], None),
    "mkdir": (lambda b: b.os.mkdir("/flash/made"), [("mkdir", "/made")], None),
    "remove": (lambda b: b.os.remove("/flash/old"), [("remove", "/old")], None),
    "rmdir": (lambda b: b.os.rmdir("/flash/lib/sub"), [("rmdir", "/lib/sub")], None),
    "rename": (lambda b: b.os.rename("/flash/old", "/flash/lib/x"), [("rename", "/old", "/lib/x")], None),
    "rename over a file": (
        lambda b: b.os.rename("/flash/old", "/flash/boot.py"),
        [("rename", "/old", "/boot.py")],
        [("remove", "/boot.py", "/old"), ("rename", "/old", "/boot.py")],
    ),
    "rename of a folder": (lambda b: b.os.rename("/flash/lib", "/flash/x"), [("rename", "/lib", "/x")], None),
    "fsformat": (lambda b: b.os.fsformat("/flash"), [("format", "/")], None),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_steps_of_an_operation(name: str, kind: str) -> None:
    act, littlefs, fat = OPERATIONS[name]
    board, listener = listening(kind)
    act(board)
    assert listener.told == (littlefs if kind == "littlefs" or fat is None else fat)
    assert [step.number for step in listener.steps] == list(range(1, len(listener.steps) + 1))
    board.volume.remount()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [name for name in OPERATIONS if OPERATIONS[name][1]])
def test_a_step_that_is_cut_off_does_not_take_place(name: str, kind: str) -> None:
    """The flash after a cut before step n is the flash of a board that came as far as step n, and nothing more."""
    act, littlefs, fat = OPERATIONS[name]
    for cut_before in range(1, len(littlefs if kind == "littlefs" or fat is None else fat) + 1):
        seen: list[dict[str, bytes | None]] = []
        reference, _ = listening(kind)

        def look(step: Step, board: Board = reference, seen: list[Any] = seen) -> None:
            fs = board.volume.file_system
            tree = {p.decode(): fs.content(n) if fs.is_file(n) else None for p, n in fs.store.walk()}
            seen.append(tree)

        reference.volume.on_step = look
        act(reference)
        board, _ = listening(kind, cut_before)
        with pytest.raises(Cut):
            act(board)
        board.volume.on_step = None
        board.volume.remount()
        assert board.volume.snapshot() == seen[cut_before - 1], f"cut before step {cut_before}"
        assert board.volume.getfree() > 0
        board.put("/flash/after", b"works")
        assert board.get("/flash/after") == b"works"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("act", "code"),
    [
        pytest.param(lambda b: b.os.mkdir("/flash/lib"), 17, id="mkdir of what is there"),
        pytest.param(lambda b: b.os.remove("/flash/nothing"), 2, id="remove of nothing"),
        pytest.param(lambda b: b.os.rename("/flash/nothing", "/flash/x"), 2, id="rename of nothing"),
        pytest.param(lambda b: b.os.open("/flash/nothing"), 2, id="open of nothing"),
        pytest.param(lambda b: b.os.open("/flash/old", "x"), 17, id="exclusive open of what is there"),
    ],
)
def test_what_fails_is_no_step(kind: str, act: Callable[[Board], Any], code: int) -> None:
    board, listener = listening(kind)
    assert number(act, board) == code
    assert listener.steps == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_host_does_is_no_step(kind: str) -> None:
    board, listener = listening(kind)
    (HostPath(board.volume) / "host").write_text("x")
    board.volume.load({"/loaded": b"x"})
    board.volume.remount()
    board.volume.boot_defaults()
    assert listener.steps == []


@pytest.mark.parametrize("kind", KINDS)
def test_quirks_that_destroy_are_steps(kind: str) -> None:
    board, listener = listening(kind, quirks=frozenset({RENAME_INTO_ITSELF.name, RENAME_ONTO_ITSELF.name}))
    board.os.rename("/flash/lib", "/flash/lib/inside")
    board.os.rename("/flash/old", "/flash/./old")
    assert listener.told[0] == ("remove", "/lib")
    assert listener.told[1:] == [("rename", "/old", "/old")]


@pytest.mark.parametrize("kind", KINDS)
def test_steps_come_under_the_lock(kind: str) -> None:
    board, _ = listening(kind)
    free: list[bool] = []

    def probe() -> None:
        free.append(board.volume.lock.acquire(blocking=False))

    def hook(step: Step) -> None:
        assert board.volume.in_step
        other = threading.Thread(target=probe)
        other.start()
        other.join()

    board.volume.on_step = hook
    board.os.mkdir("/flash/made")
    assert free == [False]
    assert not board.volume.in_step


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_nobody_holds_is_a_commit_and_a_cut_there_stays_quiet(kind: str) -> None:
    """A finaliser cannot raise: CPython would print it on stderr, which is an error in this suite."""
    board, listener = listening(kind, cut_before=3)
    board.os.open("/flash/new", "w").write("x")
    gc.collect()
    assert listener.told == [("create", "/new"), ("write", "/new")]
    board.volume.on_step = None
    board.volume.remount()
    assert board.get("/flash/new") == b""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["flush", "close"])
def test_a_commit_can_be_tried_again_when_an_error_came_before(kind: str, ending: str) -> None:
    board, _ = listening(kind)
    file = board.os.open("/flash/new", "wb")
    file.write(b"content")

    def fail(step: Step) -> None:
        raise ValueError(step.kind)

    board.volume.on_step = fail
    with pytest.raises(ValueError, match="commit"):
        file.flush()
    assert board.volume.snapshot()["/new"] == b""
    board.volume.on_step = None
    getattr(file, ending)()
    assert board.get("/flash/new") == b"content"


# -- what FAT and LittleFS keep


SURVIVORS: dict[str, tuple[Callable[[Board], Any], bytes, bytes]] = {
    "in place, not closed": (in_place, b"old content", b"NEW content"),
    "append, not closed": (lambda b: _open_write(b, "a", b"+"), b"old content", b"old content"),
    "w, not closed": (lambda b: _open_write(b, "w", b"new"), b"old content", b""),
    "w, flushed, and more": (lambda b: _open_write(b, "w", b"new", b"more"), b"new", b"new"),
    "in place beyond the end": (lambda b: _open_write(b, "r+", b"a longer content"), b"old content", b"a longer co"),
}


def _open_write(board: Board, mode: str, first: bytes, *more: bytes) -> None:
    file = board.os.open("/flash/old", mode + "b")
    file.write(first)
    for piece in more:
        file.flush()
        file.write(piece)
    board.file = file  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SURVIVORS)
def test_what_is_left_after_a_cut(kind: str, name: str) -> None:
    act, littlefs, fat = SURVIVORS[name]
    board, _ = listening(kind)
    act(board)
    board.volume.remount()
    assert board.volume.snapshot()["/old"] == (littlefs if kind == "littlefs" else fat)


def test_fat_keeps_in_place_writes_of_a_file_that_was_dropped_while_somebody_held_the_lock() -> None:
    board, _ = listening("fat")
    held = [board.os.open("/flash/old", "r+b")]
    held[0].write(b"NEW")
    with board.volume.lock:
        dropping = threading.Thread(target=held.clear)  # cannot commit: the lock is taken
        dropping.start()
        dropping.join()
        gc.collect()
        board.volume.remount()
    assert board.volume.snapshot()["/old"] == b"NEW content"


def test_fat_writes_to_a_removed_file_do_not_come_back() -> None:
    board, _ = listening("fat")
    in_place(board)
    board.os.remove("/flash/old")
    board.volume.remount()
    assert "/old" not in board.volume.snapshot()


_ACTS = st.sampled_from(["open w", "open a", "open r+", "write", "flush", "close", "rename", "remove", "mkdir"])


@pytest.mark.parametrize("kind", KINDS)
@given(acts=st.lists(_ACTS, max_size=12), cut_before=st.integers(1, 12))
def test_any_cut_leaves_a_tree_that_works(kind: str, acts: list[str], cut_before: int) -> None:
    board, listener = listening(kind, cut_before)
    file: Any = None
    try:
        for index, act in enumerate(acts):
            if listener.has_cut:  # in a finaliser, which cannot raise
                break
            if act.startswith("open "):
                if act != "open r+" or number(board.os.stat, "/flash/file") is None:
                    file = board.os.open("/flash/file", act[5:] + "b")
            elif act in ("write", "flush", "close") and file is not None:
                getattr(file, act)(*[bytes([65 + index]) * 5] if act == "write" else [])
                file = None if act == "close" else file
            elif act == "rename":
                number(board.os.rename, "/flash/file", "/flash/old")
            elif act == "remove":
                number(board.os.remove, "/flash/file")
            elif act == "mkdir":
                number(board.os.mkdir, f"/flash/d{index}")
    except Cut:
        assert len(listener.steps) == cut_before - 1
    board.volume.on_step = None
    board.volume.remount()
    tree = board.volume.snapshot()
    listed = {f"/{name}" for name in board.os.listdir("/flash")}
    assert listed == {path for path in tree if path.count("/") == 1}
    for path, content in tree.items():
        if content is not None:
            assert board.get(f"/flash{path}") == content
            board.os.remove(f"/flash{path}")
    assert not any(content is not None for content in board.volume.snapshot().values())
