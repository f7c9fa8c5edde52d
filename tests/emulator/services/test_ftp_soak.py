"""FTP for minutes, while a script uses the same flash (nightly; ``PYCOM_SOAK_SECONDS`` sets the length)."""

from __future__ import annotations

import contextlib
import random
import threading

import pytest

from emulator import Board
from emulator.project import Project
from tests.emulator.services.ftp_harness import Client, break_connection, until
from tests.emulator.services.soak import SECONDS, Part, descriptors, soak

PACE = 0.01
"""Seconds between two rounds: the ports of the host are free again only a minute after their use."""

SCRIPT = b"""
import os, time
n = 0
while True:
    for name in os.listdir('/flash/cert'):
        try:
            with open('/flash/cert/' + name, 'rb') as f:
                data = f.read()
        except OSError:
            continue  # renamed or deleted meanwhile
        if len(set(data)) > 1:
            print('torn', name)
    with open('/flash/lib/n.txt', 'w') as f:
        f.write(str(n))
    n += 1
    time.sleep(0.01)
"""


def session(board: Board) -> Client:
    assert board.servers.ftp is not None
    client = Client(board.servers.ftp.port)
    assert client.line() == b"220 Micropython FTP Server"
    assert client.say(b"USER micro", b"PASS python") == b"230 "
    return client


def ftp_transfers(board: Board, stop: threading.Event) -> int:
    """Certificates go up, are read back, renamed and deleted; each content is of one byte, so that torn ones show."""
    chance, rounds = random.Random(1), 0
    while not stop.is_set():
        client = session(board)
        client.say(b"CWD /flash/cert")
        for _ in range(chance.randrange(1, 20)):
            name = b"%d.pem" % chance.randrange(5)
            content = bytes([chance.randrange(256)]) * chance.randrange(50_000)
            assert client.store(name, content) == b"226 "
            assert client.fetch(b"RETR " + name) == (b"226 ", content)
            assert client.say(b"SIZE " + name) == b"213 %d" % len(content)
            assert client.say(b"RNFR " + name, b"RNTO x" + name) == b"250 "
            assert name in client.fetch(b"LIST")[1]
            assert client.say(b"DELE x" + name) == b"250 "
            rounds += 1
            stop.wait(PACE)
        if chance.random() < 0.5:
            assert client.say(b"QUIT") == b"221 "
        client.close()
    return rounds


def ftp_trees(board: Board, stop: threading.Event) -> int:
    """Folders come and go."""
    rounds = 0
    while not stop.is_set():
        client = session(board)
        client.say(b"CWD /flash")
        for path in (b"tree", b"tree/a", b"tree/a/b"):
            assert client.say(b"MKD " + path) == b"250 "
            assert client.store(path + b"/file", path * 100) == b"226 "
        for path in (b"tree/a/b", b"tree/a", b"tree"):
            assert client.say(b"DELE " + path + b"/file", b"RMD " + path) == b"250 "
        client.close()
        rounds += 1
        stop.wait(PACE)
    return rounds


def ftp_vandals(board: Board, stop: threading.Event) -> int:
    """Clients that say nonsense, break off, and vanish."""
    assert board.servers.ftp is not None
    chance, rounds = random.Random(2), 0
    while not stop.is_set():
        with contextlib.suppress(ConnectionError):
            client = session(board) if chance.random() < 0.5 else Client(board.servers.ftp.port)
            client.socket.sendall(chance.randbytes(chance.randrange(2000)) + b"\r\n")
            if chance.random() < 0.3:
                client.file.close()
                break_connection(client.socket)
            client.close()
            client = session(board)
            client.say(b"CWD /flash/lib")
            with client.passive() as data:
                client.say(b"STOR vandal")
                data.sendall(bytes(chance.randrange(100_000)))
                if chance.random() < 0.5:
                    break_connection(data)
            client.close()
        rounds += 1
        stop.wait(PACE)
    return rounds


PARTS: dict[str, Part] = {"transfers": ftp_transfers, "trees": ftp_trees, "vandals": ftp_vandals}


def run_soak(kind: str, seconds: float) -> dict[str, int]:
    with Board("fipy", kind) as board:  # type: ignore[arg-type]
        board.load_project(Project({"/main.py": SCRIPT, "/cert": None, "/lib": None}))
        board.servers.open_ftp()
        board.start()
        before = descriptors()
        rounds = soak(board, PARTS, seconds)
        assert board.servers.ftp is not None
        engine = board.servers.ftp._engine
        assert engine is not None
        until(lambda: not engine.sessions)
        assert descriptors() <= before
        assert "torn" not in board.console.text
        assert "Traceback" not in board.console.text
        assert "ftp-internal-error" not in {note.code for note in board.notes}
        assert int(board.volume.read("/lib/n.txt") or b"0") > 0
        board.stop()
    return rounds


@pytest.mark.nightly
@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.parametrize("kind", ["littlefs", "fat"])
def test_soak(kind: str) -> None:
    rounds = run_soak(kind, SECONDS / 2)
    assert all(count > SECONDS / 20 for count in rounds.values()), rounds


def test_soak_in_short() -> None:
    """The soak itself works; what it finds takes longer."""
    assert set(run_soak("littlefs", 0.5)) == set(PARTS)
