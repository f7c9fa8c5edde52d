"""All ways in at once: FTP, telnet, serial lines and a script over TLS (nightly; ``PYCOM_SOAK_SECONDS`` sets the length)."""

from __future__ import annotations

import threading

import pytest

from tests.emulator.services.ftp_harness import until
from tests.emulator.services.mixed_soak import FTP_PARTS, Wires, answers, garbage, mixed_board
from tests.emulator.services.soak import SECONDS, descriptors, soak

INTERNAL = {"ftp-internal-error", "service-internal-error", "internal-error"}


def run_mixed(kind: str, seconds: float) -> dict[str, int]:
    with mixed_board(kind) as (board, peer):
        wires = Wires(board)
        until(lambda: len(peer.seen) > 1)
        answers(board, wires)
        before, threads = descriptors(), threading.active_count()
        tracebacks: list[str] = []
        board.console.listen(lambda text: tracebacks.append(text) if "Traceback" in text else None)
        board.console.keeps_text = False  # as the command line has it: all of it would only fill the memory
        rounds = soak(board, {**FTP_PARTS, **wires.parts()}, seconds)
        answers(board, wires)
        rounds["tls"] = len(peer.seen)
        assert not [line for line in peer.seen if not line.endswith("client said 'hello'")]
        until(lambda: descriptors() <= before + 4 and threading.active_count() <= threads)  # one TLS session, one file
        assert not INTERNAL & {note.code for note in board.notes}
        assert not tracebacks
        assert int(board.volume.read("/lib/n.txt") or b"0") > 0
    return rounds


def run_garbage(kind: str, count: int, at_once: int) -> None:
    with mixed_board(kind) as (board, _):
        wires = Wires(board)
        answers(board, wires)
        before, threads = descriptors(), threading.active_count()
        garbage(board, wires, count, at_once)
        answers(board, wires)
        until(lambda: descriptors() <= before + 4 and threading.active_count() <= threads)
        assert not INTERNAL & {note.code for note in board.notes}


@pytest.mark.nightly
@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.parametrize("kind", ["littlefs", "fat"])
def test_mixed_soak(kind: str) -> None:
    rounds = run_mixed(kind, SECONDS / 2)
    assert all(count > SECONDS / 20 for count in rounds.values()), rounds


@pytest.mark.nightly
def test_mixed_soak_in_short() -> None:
    """The soak itself works; what it finds takes longer."""
    assert {"transfers", "telnet", "serial-tcp", "tls"} <= set(run_mixed("littlefs", 0.5))


@pytest.mark.nightly
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["littlefs", "fat"])
def test_500_garbage_sessions(kind: str) -> None:
    run_garbage(kind, 500, 50)


@pytest.mark.nightly
def test_garbage_sessions_in_short() -> None:
    run_garbage("littlefs", 30, 10)
