"""An FTP upload that meets the power button."""

from __future__ import annotations

import ftplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from emulator import Board
from tests.emulator.conftest import NEVER, load

WAITS = "import os, time\nprint('up')\nwhile 'go' not in os.listdir():\n    time.sleep_ms(5)\nprint('went')\n"


@contextmanager
def _session(url: str) -> Iterator[ftplib.FTP]:
    with ftplib.FTP(timeout=NEVER) as ftp:
        ftp.connect("127.0.0.1", urlsplit(url).port or 0)
        ftp.login("micro", "python")
        ftp.cwd("/flash")
        yield ftp


def test_an_upload_that_began_before_the_board_was_switched_on_arrives(board: Board) -> None:
    load(board, WAITS)
    with _session(board.servers.open_ftp()) as ftp:
        data = ftp.transfercmd("STOR go")
        data.sendall(b"first")
        up = threading.Event()
        board.console.listen(lambda text: up.set())
        board.start()
        assert up.wait(NEVER)
        data.sendall(b" second")
        data.close()
        assert ftp.voidresp().startswith("226")
        assert board.wait(NEVER)
    assert board.console.text == "up\nwent\n"
    assert (board.flash / "go").read_bytes() == b"first second"


@pytest.mark.parametrize("name", ["new", "old", "sys/appimg.bin"])
@pytest.mark.parametrize(("fs", "left"), [("littlefs", b"precious"), ("fat", b"")])
def test_an_upload_is_lost_with_the_power_and_no_note_says_otherwise(fs: str, left: bytes, name: str) -> None:
    with Board("fipy", fs=fs) as board:  # type: ignore[arg-type]
        board.volume.load({"/old": b"precious"})
        url = board.servers.open_ftp()
        before = board.volume.snapshot()
        with suppress(EOFError, OSError), _session(url) as ftp:
            data = ftp.transfercmd(f"STOR {name}")
            data.sendall(b"half")
            board.stop()
            data.close()
        assert [note.code for note in board.notes] == []
        assert board.volume.snapshot() == before | ({"/old": left} if name == "old" else {})
