"""The measured table through the command line, in the board's own mode: each outcome as on the board, none left out.

The ordinary suite runs what only a process of our own, or a whole board, can show; the nightly one runs everything.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.commandline import running
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.oracle import board
from tests.ussl_shim.oracle.board import CASES, Case, Outcome
from tests.ussl_shim.oracle.rows import GROUPS, RAW_SOCKET, ArgumentRow, Row

OFTEN = [case for case in CASES if not case.hangs and (case.row in GROUPS or case.row in RAW_SOCKET)]
OFTEN += [case for case in CASES if isinstance(case.row, ArgumentRow)]
RARELY = [case for case in CASES if case not in OFTEN]
Run = Callable[[Case], Outcome]


def batch_of(case: Case) -> str:
    """Which cases share a process."""
    return "hanging" if case.hangs else "often" if case in OFTEN else case.row.group


@pytest.fixture(scope="module")
def run() -> Run:
    certs = Certificates()
    known: dict[str, Outcome] = {}
    tried: set[str] = set()

    def outcome(case: Case) -> Outcome:
        batch = batch_of(case)
        if batch not in tried:
            tried.add(batch)
            few = {"ca.pem": certs["ca"].pem, "other-ca.pem": certs["other-ca"].pem}
            files = few if batch == "often" else certs.files
            known.update(board.run(certs, files, [one for one in CASES if batch_of(one) == batch]))
        assert case.id in known, f"the batch {batch!r} broke down in another test"
        return known[case.id]

    return outcome


def parameters(cases: list[Case], *marks: pytest.MarkDecorator) -> list[Any]:
    return [pytest.param(case, id=case.id, marks=[*marks, *needed(case)]) for case in cases]


def needed(case: Case) -> list[pytest.MarkDecorator]:
    x25519 = isinstance(case.row, Row) and case.row.peer.startswith("x25519")
    return [pytest.mark.needs("openssl")] if x25519 and sys.version_info < (3, 11) else []


@pytest.mark.parametrize("case", [*parameters(OFTEN), *parameters(RARELY, pytest.mark.nightly)])
def test_as_on_the_board(case: Case, run: Run) -> None:
    came = run(case)
    assert came.outcome == case.expected, came.notes
    row = case.row
    if isinstance(row, ArgumentRow):
        return
    if case.hangs:
        assert came.last_step.partition("=")[0] in ("wrap", "wrap+same", "recv", "accepted")
    if isinstance(row, Row) and row.value is not None:
        assert came.value == shown(row.value)
    if came.outcome == "ok" or (case.hangs and came.last_step.startswith("recv")):
        seen = came.connections[-1]
        assert seen.error is None
        assert seen.version == (row.version or "TLSv1.2")
        assert seen.resumed is (isinstance(row, Row) and row.resumed is True)
        assert row.cipher in (None, seen.cipher)
    if isinstance(row, Row) and row.peer_saw is not None:
        assert came.connections[-1].error == row.peer_saw


def shown(value: bytes | int) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) and len(value) > 100 else repr(value)


def test_every_outcome_is_run() -> None:
    assert len({case.id for case in CASES}) == 365
    assert len(OFTEN) + len(RARELY) == 365


# The documented mode's limits of the handshake, at full length: each against a peer that says nothing

LIMITS = {
    "default-wc": ("wc", "", "OSError -26624", 10),
    "default-cw": ("cw", "", "OSError -26624", 10),
    "none": ("wc", "timeout=None", "OSError -26624", 10),
    "0": ("cw", "timeout=0", "OSError -26624", 10),
    "1-wc": ("wc", "timeout=1", "OSError -26624", 1),
    "1-cw": ("cw", "timeout=1", "OSError -26624", 1),
    "300": ("wc", "timeout=300", board.HANGS, board.WATCH),
    "settimeout-2": ("wc then settimeout(2)", "", "TimeoutError timed out", 2),
}
LIMITS_SCRIPT = """
import socket, ssl, _thread, time
lock = _thread.allocate_lock()
a = socket.getaddrinfo('device.test', 8883)[0][-1]

def one(name, order, keywords):
    begin = time.ticks_ms()
    try:
        s = socket.socket()
        if order == 'cw':
            s.connect(a)
        ss = ssl.wrap_socket(s, **keywords)
        if 'settimeout' in order:
            ss.settimeout(2)
        ss.connect(a)
    except Exception as e:
        took = time.ticks_diff(time.ticks_ms(), begin)
        with lock:
            print('ended', name, '|', type(e).__name__, e.args[0], '|', took)

for case in cases:
    _thread.start_new_thread(one, case)
"""


@pytest.fixture(scope="module")
def limits(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], dict[str, tuple[str, float]]]:
    known: dict[str, tuple[str, float]] = {}

    def ended() -> dict[str, tuple[str, float]]:
        if not known:
            cases = ", ".join(
                f"({name!r}, {order!r}, dict({keywords}))" for name, (order, keywords, *_) in LIMITS.items()
            )
            script = tmp_path_factory.mktemp("limits") / "main.py"
            script.write_text(f"cases = [{cases}]\n{LIMITS_SCRIPT}time.sleep({board.WATCH})\nprint('all done')\n")
            with peers.raw_server(peers.silent) as peer:
                place = f"device.test:8883=127.0.0.1:{peer.address[1]}"
                with running("run", script, "--offline", "--map", place, "--expect", "all done") as process:
                    process.wait_for("out", "all done")
                    out = process.finish().out
            known[""] = ("run", 0)
            for name, outcome, milliseconds in re.findall(r"^ended (\S+) \| (.*) \| (\d+)$", out, re.MULTILINE):
                known[name] = (outcome, int(milliseconds) / 1000)
        return known

    return ended


@pytest.mark.nightly
@pytest.mark.parametrize("name", LIMITS)
def test_the_documented_limits_of_a_handshake(name: str, limits: Callable[[], dict[str, tuple[str, float]]]) -> None:
    _, _, outcome, seconds = LIMITS[name]
    came, took = limits().get(name, (board.HANGS, float(board.WATCH)))
    assert came == outcome
    assert seconds - 0.02 <= took < seconds + 1.5
