"""What C code of the firmware asks the flash: certificates and imports (pycom_general_util.c, builtinimport.c)."""

from __future__ import annotations

from typing import Any

import pytest

from flashfs import Volume
from tests.flashfs.tools import KINDS, Board, number


@pytest.fixture(params=KINDS)
def board(request: pytest.FixtureRequest) -> Board:
    made = Board(request.param)
    made.put("/flash/cert/ca.pem", b"CA\r\n")
    return made


@pytest.mark.parametrize("path", ["/flash/cert/ca.pem", b"/flash/cert/ca.pem", "/flash//cert/./ca.pem"])
def test_absolute_paths_are_read(board: Board, path: Any) -> None:
    board.os.chdir("/flash/lib")
    assert board.os.read_for_tls(path) == b"CA\r\n"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/flash/cert/nothing", "no such file"),
        ("/flash/cert", "is a folder"),
        ("/flash", "is a folder"),
        ("/flx/ca.pem", "no such mount point"),
        ("//flash/cert/ca.pem", "no such mount point"),
        ("/FLASH/cert/ca.pem", "no such mount point"),
        ("/", "no such mount point"),
    ],
)
def test_why_a_path_cannot_be_read(board: Board, path: str, reason: str) -> None:
    answer = number(board.os.read_for_tls, path)
    assert isinstance(answer, str)
    assert answer.startswith(f"{path}: {reason}")


def test_relative_paths_are_for_fat() -> None:
    for kind, content in (("fat", b"CA"), ("littlefs", None)):
        board = Board(kind)
        board.put("/flash/cert/ca.pem", b"CA")
        board.os.chdir("/flash/cert")
        if content is None:
            answer = str(number(board.os.read_for_tls, "ca.pem"))
            assert "use an absolute /flash/... path" in answer
        else:
            assert board.os.read_for_tls("ca.pem") == content


def test_a_card_is_read_as_fat(board: Board) -> None:
    card = Volume("fat")
    card.load({"/ca.pem": b"card"})
    board.os.mount(card, "/sd")
    assert board.os.read_for_tls("/sd/ca.pem") == b"card"
    board.os.mount(card, "/fl")
    fails = number(board.os.read_for_tls, "/fl/ca.pem")
    assert (fails is None) == (board.volume.kind == "fat")


def test_only_what_is_committed_is_read(board: Board) -> None:
    with board.os.open("/flash/cert/key.pem", "w") as file:
        file.write("KEY")
        assert board.os.read_for_tls("/flash/cert/key.pem") == b""
    assert board.os.read_for_tls("/flash/cert/key.pem") == b"KEY"


def test_the_virtual_root_leads_to_fat() -> None:
    board = Board("littlefs")
    board.os.chdir("/")
    assert "use an absolute" in str(number(board.os.read_for_tls, "flash/main.py"))
    assert "use an absolute" in str(number(board.os.read_for_tls, "main.py"))


def test_similar_names_are_found_anywhere(board: Board) -> None:
    board.put("/flash/lib/CA.PEM", b"")
    board.put("/flash/lib/other.pem", b"")
    assert sorted(board.os.similar("/wrong/place/ca.pem")) == ["/flash/cert/ca.pem", "/flash/lib/CA.PEM"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/flash/main.py", "file"), ("/flash/lib", "dir"), ("/flash/nothing", "absent"), ("/flash/main.py/x", "absent"),
     ("main.py", "file"), ("lib", "dir"), ("/nowhere/x", "absent"), ("/", "absent")],
)  # fmt: skip
def test_what_import_finds(board: Board, path: str, kind: str) -> None:
    assert board.os.path_exists_for_import(path) == kind


def test_import_on_littlefs_ignores_the_working_directory() -> None:
    for kind, here, above in (("littlefs", "absent", "file"), ("fat", "file", "absent")):
        board = Board(kind)
        board.put("/flash/lib/module.py")
        board.os.chdir("/flash/lib")
        assert board.os.path_exists_for_import("module.py") == here
        assert board.os.path_exists_for_import("main.py") == above
        assert number(board.os.open, "main.py") == 2
