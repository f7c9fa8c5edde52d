"""Whatever is asked of the flash: only the board's errors, and a tree that agrees with a plain model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from flashfs import DeviceError
from flashfs.names import decode_name, encode_path
from tests.flashfs.tools import KINDS, Board, number

PIECES = st.sampled_from(
    [
        "/",
        "\\",
        ".",
        "..",
        "flash",
        "lib",
        "main.py",
        "LIB",
        "a",
        "ä",
        "\ud800",
        "\udcff",
        "\0",
        "\x01",
        " ",
        "*",
        ":",
        "n" * 200,
    ]
)
TEXTS = st.one_of(
    st.text(st.characters(), max_size=40), st.lists(PIECES, max_size=12).map("".join), st.lists(PIECES).map("/".join)
)
PATHS = st.one_of(
    TEXTS, TEXTS.map("/flash/".__add__), st.binary(max_size=40), st.binary(max_size=30).map(b"/flash/".__add__)
)
MODES = st.text("rwxab+t", max_size=4)


@pytest.mark.parametrize("kind", KINDS)
@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(
                ["open", "stat", "listdir", "mkdir", "remove", "rmdir", "rename", "chdir", "tls", "import"]
            ),
            PATHS,
            PATHS,
            MODES,
        ),
        max_size=12,
    )
)
def test_only_board_errors_come_out(kind: str, calls: list[tuple[str, Any, Any, str]]) -> None:
    board = Board(kind)
    seen: set[object] = set()
    for name, path, other, mode in calls:
        view = board.os
        try:
            if name == "open":
                with view.open(path, mode) as file:
                    number(file.write, "ü")
                    number(file.read)
            elif name == "rename":
                view.rename(path, other)
            elif name == "tls":
                view.read_for_tls(path)
            elif name == "import":
                view.path_exists_for_import(path)
            else:
                getattr(view, name)(path)
        except DeviceError as exc:
            seen.add(exc.args[0])
    assert {code for code in seen if isinstance(code, int)} <= {0, 1, 2, 13, 17, 19, 20, 21, 22, 39}
    tree = board.volume.snapshot()
    assert all(path.startswith("/") and "\0" not in path for path in tree)
    copy = Board(kind)
    copy.volume.format()
    copy.volume.load(tree)
    assert copy.volume.snapshot() == tree
    assert 0 < board.volume.room() <= copy.volume.room() < 4096 * 1024


@given(TEXTS)
def test_names_come_back_as_they_went(text: str) -> None:
    raw = encode_path(text)
    assert encode_path(decode_name(raw)) == raw


@given(st.binary(max_size=300).filter(lambda raw: b"\0" not in raw))
def test_every_byte_string_is_a_text(raw: bytes) -> None:
    assert encode_path(decode_name(raw)) == raw


@pytest.mark.parametrize("kind", KINDS)
@given(content=st.text(max_size=60), sizes=st.lists(st.integers(0, 9), max_size=20))
def test_reading_in_pieces_gives_the_whole(kind: str, content: str, sizes: list[int]) -> None:
    board = Board(kind)
    with board.os.open("/flash/t", "w") as file:
        file.write(content)
    with board.os.open("/flash/t") as file:
        pieces = [file.read(size) for size in sizes]
        rest = file.read()
    surrogates = any("\ud800" <= character <= "\udfff" for character in content)
    if not surrogates:
        assert "".join(pieces) + rest == content
        assert all(
            len(piece) == size or piece == content[len(content) - len(piece) :]
            for piece, size in zip(pieces, sizes, strict=True)
        )
    assert board.get("/flash/t") == ("".join(pieces) + rest).encode("utf-8", "surrogateescape")


NAMES = st.sampled_from(["a", "b", "dir", "a/b", "dir/a", "dir/dir", "dir/dir/b", "a/dir/a"])


class TreeModel(RuleBasedStateMachine):
    """The flash against a dictionary: path -> content, None for a folder."""

    kind = "littlefs"

    @initialize()
    def begin(self) -> None:
        self.board = Board(self.kind)
        self.board.volume.format()
        self.model: dict[str, bytes | None] = {}

    def _parent_is_folder(self, path: str) -> bool:
        parent, _, _ = path.rpartition("/")
        return not parent or (parent in self.model and self.model[parent] is None)

    def _below(self, path: str) -> list[str]:
        return [other for other in self.model if other.startswith(path + "/")]

    @rule(path=NAMES, content=st.binary(max_size=20))
    def write(self, path: str, content: bytes) -> None:
        allowed = self._parent_is_folder(path) and self.model.get(path, b"") is not None
        code = number(self.board.put, "/flash/" + path, content)
        assert (code is None) == allowed
        if allowed:
            self.model[path] = content

    @rule(path=NAMES)
    def mkdir(self, path: str) -> None:
        allowed = self._parent_is_folder(path) and path not in self.model
        assert (number(self.board.os.mkdir, "/flash/" + path) is None) == allowed
        if allowed:
            self.model[path] = None

    @rule(path=NAMES)
    def remove(self, path: str) -> None:
        is_file = self.model.get(path) is not None
        is_empty = path in self.model and not is_file and not self._below(path)
        allowed = is_file or (is_empty and self.kind == "littlefs")
        assert (number(self.board.os.remove, "/flash/" + path) is None) == allowed
        if allowed:
            del self.model[path]

    @rule(path=NAMES)
    def rmdir(self, path: str) -> None:
        is_file = self.model.get(path) is not None
        is_empty = path in self.model and not is_file and not self._below(path)
        allowed = is_empty or (is_file and self.kind == "littlefs")
        assert (number(self.board.os.rmdir, "/flash/" + path) is None) == allowed
        if allowed:
            del self.model[path]

    def _may_rename(self, old: str, new: str) -> bool:
        if old not in self.model or not self._parent_is_folder(new) or new.startswith(old + "/"):
            return False
        if old == new:
            return self.kind == "fat" or not self._below(old)
        if new not in self.model:
            return True
        from_folder, to_folder = self.model[old] is None, self.model[new] is None
        if self.kind == "fat":
            return not to_folder
        return from_folder == to_folder and not self._below(new)

    @rule(old=NAMES, new=NAMES)
    def rename(self, old: str, new: str) -> None:
        allowed = self._may_rename(old, new)
        assert (number(self.board.os.rename, "/flash/" + old, "/flash/" + new) is None) == allowed
        if allowed and old != new:
            moved = {new + path[len(old) :]: self.model.pop(path) for path in [old, *self._below(old)]}
            self.model.pop(new, None)
            self.model.update(moved)

    @rule()
    def reboot(self) -> None:
        self.board.volume.remount()

    @invariant()
    def same_tree(self) -> None:
        if not hasattr(self, "model"):
            return
        assert self.board.volume.snapshot() == {"/" + path: content for path, content in self.model.items()}
        for path, content in self.model.items():
            size = self.board.os.stat("/flash/" + path)[6]
            assert size == len(content or b"")
            if content is None:
                assert sorted(self.board.os.listdir("/flash/" + path)) == sorted(
                    other.rpartition("/")[2] for other in self._below(path) if other.count("/") == path.count("/") + 1
                )


class FatModel(TreeModel):
    kind = "fat"


_SETTINGS = settings(max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
TestLittleFsTree = TreeModel.TestCase
TestLittleFsTree.settings = _SETTINGS
TestFatTree = FatModel.TestCase
TestFatTree.settings = _SETTINGS
