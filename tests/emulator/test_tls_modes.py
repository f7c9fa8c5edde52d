"""The documented mode and the board's own: they differ in the rows of the quirk table and in those only.

A scenario runs through a whole board in both modes, and once more with every quirk but its own, so that each difference
is shown to come from one entry of the table.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from emulator import Board
from emulator.firmware import ussl as firmware_ussl
from emulator.quirks import table
from tests.emulator.conftest import load
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device
from tests.ussl_shim.oracle import test_oracle as oracle
from tests.ussl_shim.oracle.rows import CLIENT_ROWS, SERVER_ROWS, Row, ServerRow
from tests.ussl_shim.peers import Peer
from ussl_shim import plan, quirks
from ussl_shim.environment import CertRules

HANGS = "hangs"
LIMIT = 0.05
"""Seconds of handshake by default while these tests run; ten in the nightly ones."""
WATCH = 0.2
"""Seconds after which a script that has said "go" counts as hanging; several times `LIMIT`."""
NEVER = 20.0

ADDRESS = "socket.getaddrinfo('device.test', 8883)[0][-1]"
SCRIPT = """
import socket, ssl
a = {address}
s = socket.socket()
def go(): print('go')
def run():
{body}
try:
    print('result', run())
except Exception as e:
    print('result', type(e).__name__, e.args[0])
"""


@pytest.fixture(scope="module")
def certs() -> Certificates:
    return Certificates()


@pytest.fixture
def short_handshakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "DEFAULT_TIMEOUT", LIMIT)


def _limit(monkeypatch: pytest.MonkeyPatch, *outcomes: str) -> None:
    """Let handshakes end soon where that is the outcome; a busy machine may take its time for all others."""
    monkeypatch.setattr(plan, "DEFAULT_TIMEOUT", LIMIT if TIMED_OUT in outcomes else NEVER)


def tls(behave: peers.TlsBehaviour) -> Callable[[Certificates], contextlib.AbstractContextManager[Peer]]:
    return lambda certs: peers.tls_server(_context(certs), behave)


@functools.cache
def _context(certs: Certificates) -> ssl.SSLContext:
    return peers.server_context(certs["good"])


def silent(_: Certificates) -> contextlib.AbstractContextManager[Peer]:
    return peers.raw_server(peers.silent)


def _four_of_ten(conn: ssl.SSLSocket, seen: peers.Seen, peer: Peer) -> None:
    conn.sendall(b"half")
    peers.drain(conn, seen, peer)


@dataclass(frozen=True)
class Difference:
    """A script's ``body`` against a peer: what the documentation promises, and what the board does instead."""

    id: str
    quirk: str
    peer: Callable[[Certificates], contextlib.AbstractContextManager[Peer]]
    body: str
    documented: str
    board: str


def connect_first(text: str) -> str:
    return f"s.connect(a)\ngo()\n{text}"


TIMED_OUT = "OSError -26624"
SSL_OPEN = "ss = ssl.wrap_socket(s)\nss.connect(a)\n"
REWRAP = "ses = ssl.save_session(ss)\nss.close()\ngo()\nss = ssl.wrap_socket(s, saved_session=ses)\n"
DIFFERENCES = [
    *(
        Difference(
            f"silent-{name}-{order}", quirks.HANDSHAKE_TIMEOUT_IGNORED, silent, body, documented=TIMED_OUT, board=HANGS
        )
        for name, argument in (("default", ""), ("none", ", timeout=None"), ("0", ", timeout=0"))
        for order, body in (
            ("wc", f"ss = ssl.wrap_socket(s{argument})\ngo()\nss.connect(a)"),
            ("cw", connect_first(f"ssl.wrap_socket(s{argument})")),
        )
    ),
    Difference(
        "silent-settimeout-before-connect",
        quirks.HANDSHAKE_TIMEOUT_IGNORED,
        silent,
        "ss = ssl.wrap_socket(s)\nss.settimeout(0.05)\ngo()\nss.connect(a)",
        documented="TimeoutError timed out",
        board=HANGS,
    ),
    Difference(
        "silent-raw-settimeout-before-wrap",
        quirks.HANDSHAKE_TIMEOUT_IGNORED,
        silent,
        "s.settimeout(0.05)\n" + connect_first("ssl.wrap_socket(s)"),
        documented=TIMED_OUT,
        board=HANGS,
    ),
    *(
        Difference(
            f"recv-{name}-silent",
            quirks.RECV_NONBLOCKING_BLOCKS,
            tls(peers.drain),
            SSL_OPEN + f"ss.{setting}\ngo()\nreturn ss.recv(10)",
            documented="b''",
            board=HANGS,
        )
        for name, setting in (("settimeout-0", "settimeout(0)"), ("setblocking-false", "setblocking(False)"))
    ),
    Difference(
        "recv-nothing",
        quirks.RECV_NOTHING_WAITS,
        tls(peers.drain),
        SSL_OPEN + "go()\nreturn ss.recv(0)",
        documented="b''",
        board=HANGS,
    ),
    Difference(
        "recv-settimeout-0-late-data",
        quirks.RECV_NONBLOCKING_BLOCKS,
        tls(peers.say_when_released(b"late")),
        SSL_OPEN + "ss.settimeout(0)\ngo()\nreturn ss.recv(10)",
        documented="b''",
        board="b'late'",
    ),
    Difference(
        "rewrap-wc",
        quirks.REWRAP_EBADF,
        tls(peers.echo),
        SSL_OPEN + "ss.send('x')\nss.recv(1)\n" + REWRAP + "ss.connect(a)\nss.send('y')\nreturn ss.recv(1)",
        documented="b'y'",
        board="OSError 9",
    ),
    Difference(
        "rewrap-cw",
        quirks.REWRAP_EBADF,
        tls(peers.echo),
        "s.connect(a)\nss = ssl.wrap_socket(s)\nss.send('x')\nss.recv(1)\n"
        + REWRAP
        + "ss.connect(a)\nss.send('y')\nreturn ss.recv(1)",
        documented="b'y'",
        board="OSError -1",
    ),
    Difference(
        "read-times-out-half-way",
        quirks.READ_TIMEOUT_LOSES_DATA,
        tls(_four_of_ten),
        SSL_OPEN
        + "ss.settimeout(0.1)\ngo()\ntry:\n    ss.read(10)\nexcept OSError as e:\n    n = e.args[0]\n"
        + "try:\n    rest = ss.recv(10)\nexcept OSError as e:\n    rest = e.args[0]\nreturn n, rest",
        documented="(-26624, b'half')",
        board="(-26624, 'timed out')",
    ),
    Difference(
        "recvfrom",
        firmware_ussl.DATAGRAMS_BYPASS_TLS,
        tls(peers.say_when_released(b"text")),
        SSL_OPEN + "go()\ndata, place = ss.recvfrom(100)\nreturn data[:3], place[1] > 0",
        documented="OSError 95",
        board="(b'\\x17\\x03\\x03', True)",
    ),
    Difference(
        "sendto",
        firmware_ussl.DATAGRAMS_BYPASS_TLS,
        tls(peers.drain),
        SSL_OPEN + "go()\nreturn ss.sendto(b'plain', a)",
        documented="OSError 95",
        board="5",
    ),
    Difference(
        "names",
        firmware_ussl.NO_SSLSOCKET_NAME,
        tls(peers.drain),
        "go()\nreturn hasattr(ssl, 'SSLSocket'), hasattr(ssl, 'SSLSession')",
        documented="(True, True)",
        board="(False, False)",
    ),
]
IN_BOTH_MODES = [
    (
        "required-wrong-ca",
        "ssl.wrap_socket(s, cert_reqs=2, ca_certs='/flash/cert/other.pem').connect(a)",
        "OSError -9984",
    ),
    (
        "optional-wrong-ca-wc",
        "ssl.wrap_socket(s, cert_reqs=1, ca_certs='/flash/cert/other.pem').connect(a)",
        "OSError 8",
    ),
    (
        "optional-wrong-ca-cw",
        "s.connect(a)\nssl.wrap_socket(s, cert_reqs=1, ca_certs='/flash/cert/other.pem')",
        "OSError -1",
    ),
    (
        "required-name",
        "ssl.wrap_socket(s, cert_reqs=2, ca_certs='/flash/cert/ca.pem', server_hostname='x.test').connect(a)",
        "OSError -9984",
    ),
    ("required-without-ca", "ssl.wrap_socket(s, cert_reqs=2)", "ValueError invalid argument(s) value"),
    ("timeout-float", "ssl.wrap_socket(s, timeout=1.5)", "TypeError can't convert float to int"),
    (
        "lora-socket",
        "from network import LoRa\nLoRa(mode=LoRa.LORAWAN, region=LoRa.EU868)\n"
        "ssl.wrap_socket(socket.socket(socket.AF_LORA, socket.SOCK_RAW))",
        "ValueError invalid argument(s) value",
    ),
    ("ssl-socket-again", "ssl.wrap_socket(ssl.wrap_socket(s))", "ValueError invalid argument(s) value"),
    ("recv-before-connect", "ssl.wrap_socket(s).recv(1)", "OSError -28928"),
    ("recv-times-out", SSL_OPEN + "ss.settimeout(0.05)\nss.recv(1)", "TimeoutError timed out"),
    ("read-times-out", SSL_OPEN + "ss.settimeout(0.05)\nss.read(1)", "OSError -26624"),
    ("sendall-is-send", SSL_OPEN + "return ss.sendall(bytes(40000))", "16384"),
    (
        "resumption-checks-nothing",
        SSL_OPEN + "ss.send('x')\nss.recv(1)\nses = ssl.save_session(ss)\nss.close()\n"
        "ss = ssl.wrap_socket(socket.socket(), saved_session=ses, cert_reqs=2, ca_certs='/flash/cert/other.pem')\n"
        "ss.connect(a)\nss.send('y')\nreturn ss.recv(1)",
        "b'y'",
    ),
]


def run(
    certs: Certificates, peer: Peer, body: str, chosen: Any, rules: CertRules = "documented", watch: float = NEVER
) -> tuple[str, list[str]]:
    """What ``body`` came to on a board, and the codes of the notes it left."""
    text = SCRIPT.format(address=ADDRESS, body="\n".join("    " + line for line in body.splitlines()))
    with Board(
        "fipy", cert_rules=rules, quirks=chosen, maps=[f"device.test:8883=127.0.0.1:{peer.address[1]}"]
    ) as board:
        load(
            board,
            text,
            {"cert/ca.pem": certs["ca"].pem, "cert/other.pem": certs["other-ca"].pem, "ca.pem": certs["ca"].pem},
        )
        unlisten = board.console.listen(lambda _: board.wake())
        board.start()
        ended = _ends(board, peer, watch)
        board.stop()
        unlisten()
        shown = board.console.text
        codes = [note.code for note in board.notes]
    if not ended:
        assert "result" not in shown
        return HANGS, codes
    return shown.rpartition("result ")[2].rstrip("\n"), codes


def _ends(board: Board, peer: Peer, watch: float) -> bool:
    assert board._wait(lambda: "go\n" in board.console.text or board._idle, _soon(NEVER)), board.console.text
    if "go\n" not in board.console.text:
        return board.wait(NEVER)
    if board.wait(LIMIT):
        return True
    peer.release.set()
    return board.wait(watch)


def _soon(seconds: float) -> float:
    return time.monotonic() + seconds


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.id)
def test_a_difference_comes_from_its_quirk(
    row: Difference, certs: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limit(monkeypatch, row.documented, row.board)
    others = frozenset(table()) - {row.quirk}
    modes: list[tuple[Any, CertRules, str]] = [
        ((), "documented", row.documented),
        ("all", "firmware", row.board),
        (others, "firmware", row.documented),
    ]
    for chosen, rules, expected in modes:
        with row.peer(certs) as peer:
            watch = WATCH if expected == HANGS else NEVER
            assert run(certs, peer, row.body, chosen, rules, watch)[0] == expected


@pytest.mark.parametrize(
    ("body", "expected"), [row[1:] for row in IN_BOTH_MODES], ids=[row[0] for row in IN_BOTH_MODES]
)
def test_everything_else_is_equal(body: str, expected: str, certs: Certificates) -> None:
    for chosen, rules in (((), "documented"), ("all", "firmware")):
        with tls(peers.echo)(certs) as peer:
            assert run(certs, peer, body, chosen, rules)[0] == expected  # type: ignore[arg-type]


def test_every_quirk_of_tls_has_its_difference() -> None:
    named = {quirk.name for quirk in (*quirks.QUIRKS, *firmware_ussl.QUIRKS)}
    assert named == {row.quirk for row in DIFFERENCES} | {quirks.TIMEOUT_EIGHT_BITS}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [([quirks.TIMEOUT_EIGHT_BITS], TIMED_OUT), pytest.param((), HANGS, marks=pytest.mark.nightly)],
    ids=["board", "documented"],
)
def test_eight_bits_of_timeout(chosen: Any, expected: str, certs: Certificates) -> None:
    """Seen only while the handshake timeout counts: with all quirks nothing ever times out."""
    with silent(certs) as peer:
        body = "go()\nssl.wrap_socket(s, timeout=257).connect(a)"
        outcome, codes = run(certs, peer, body, chosen, watch=3 if expected == HANGS else NEVER)
    assert outcome == expected
    assert f"quirk-{quirks.TIMEOUT_EIGHT_BITS}" in codes


def test_certificate_rules_are_about_paths_only(certs: Certificates) -> None:
    body = SSL_OPEN.replace("(s)", "(s, cert_reqs=2, ca_certs='/flash/ca.pem')") + "return 'ok'"
    for rules, expected in (("documented", "OSError CA file not found"), ("firmware", "ok")):
        for chosen in ((), "all"):
            with tls(peers.drain)(certs) as peer:
                assert run(certs, peer, body, chosen, rules)[0] == expected  # type: ignore[arg-type]


def test_nothing_leaves_in_plain_text(certs: Certificates) -> None:
    with tls(peers.drain)(certs) as peer:
        outcome, codes = run(
            certs,
            peer,
            SSL_OPEN + "try:\n    ss.sendto(b'secret', a)\nexcept OSError:\n    ss.send('x')\nss.close()",
            (),
        )
    assert outcome == "None"
    assert f"quirk-{firmware_ussl.DATAGRAMS_BYPASS_TLS}" in codes
    assert peer.connections[0].data == b"x"


def test_the_hang_is_in_the_notes(certs: Certificates, short_handshakes: None) -> None:
    with silent(certs) as peer:
        _, codes = run(certs, peer, "go()\nssl.wrap_socket(s).connect(a)", ())
    assert f"quirk-{quirks.HANDSHAKE_TIMEOUT_IGNORED}" in codes


# The measured table in the documented mode: all rows but those named here come out as on the board.

DIFFERING_ROWS = {
    "timeout-silent-default": (TIMED_OUT, {"wc", "cw"}),
    "timeout-silent-timeout-1": (TIMED_OUT, {"wc", "cw"}),
    "timeout-silent-settimeout-before-connect": (TIMED_OUT, {"wc"}),
    "io-recv-settimeout-0-silent": ("ok", {"wc", "cw"}),
    "server-silent-client": (TIMED_OUT, {"server"}),
}


def _client_cases() -> Iterator[Any]:
    for row in CLIENT_ROWS:
        for path, outcome in (("wc", row.wc), ("cw", row.cw)):
            if outcome is not None:
                differs = row.id in DIFFERING_ROWS and path in DIFFERING_ROWS[row.id][1]
                # those that quirks could touch in every run, all others in the nightly one
                often = differs or row.group in ("timeout", "io", "resumption")
                often = often and (row.id, path) != ("timeout-silent-timeout-1", "cw")
                yield pytest.param(
                    row, path, id=f"{row.group}/{row.id}/{path}", marks=() if often else (pytest.mark.nightly,)
                )


@pytest.mark.parametrize(("row", "path"), list(_client_cases()))
def test_a_measured_row_in_the_documented_mode(
    row: Row, path: str, certs: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = row.wc if path == "wc" else row.cw
    assert expected is not None
    if row.id in DIFFERING_ROWS:
        expected = DIFFERING_ROWS[row.id][0]
    _limit(monkeypatch, expected)
    without_quirks(monkeypatch)
    oracle.test_client_row(dataclasses.replace(row, value=None), path, expected, certs)


@pytest.mark.usefixtures("short_handshakes")
@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            row, id=f"server/{row.id}/server", marks=() if row.id in DIFFERING_ROWS else (pytest.mark.nightly,)
        )
        for row in SERVER_ROWS
    ],
)
def test_a_measured_server_row_in_the_documented_mode(
    row: ServerRow, certs: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_quirks(monkeypatch)
    if row.id in DIFFERING_ROWS:
        row = dataclasses.replace(row, outcome=DIFFERING_ROWS[row.id][0])
    oracle.test_server_row(row, certs)


def without_quirks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the oracle's devices have no quirk."""
    monkeypatch.setattr(oracle, "Device", functools.partial(Device, quirks=frozenset()))


@pytest.mark.nightly
@pytest.mark.parametrize("argument", ["", ", timeout=0", ", timeout=None"])
def test_the_handshake_timeout_is_ten_seconds(argument: str, certs: Certificates) -> None:
    with silent(certs) as peer:
        body = f"import time\nb = time.ticks_ms()\ngo()\ntry:\n    ssl.wrap_socket(s{argument}).connect(a)\nexcept OSError as e:\n"
        outcome, _ = run(certs, peer, body + "    return e.args[0], (time.ticks_ms() - b) // 1000", (), watch=15)
    assert outcome == "(-26624, 10)"


@pytest.mark.nightly
@pytest.mark.parametrize(
    "order", ["ss = ssl.wrap_socket(s, timeout=1)\ngo()\nss.connect(a)", connect_first("ssl.wrap_socket(s)")]
)
def test_the_board_hangs_for_longer_than_any_default(order: str, certs: Certificates) -> None:
    with silent(certs) as peer:
        assert run(certs, peer, order, "all", "firmware", watch=15)[0] == HANGS


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("LoRa(mode=LoRa.LORAWAN)", "None"),
        ("LoRa(mode=LoRa.LORA, region=LoRa.AU915)", "None"),
        ("LoRa(mode=9)", "ValueError invalid mode 9"),
        ("LoRa(region=3)", "ValueError invalid region 3"),
        ("LoRa(1)", "OSError resource not available"),
        ("LoRa(sf=12)", "NotImplementedError network.LoRa(sf=...): the board has it, the emulator does not yet"),
        (
            "LoRa().has_joined()",
            "NotImplementedError network.LoRa.has_joined: the board has it, the emulator does not yet",
        ),
    ],
)
def test_lora_can_be_made(call: str, expected: str, certs: Certificates) -> None:
    with silent(certs) as peer:
        assert run(certs, peer, f"from network import LoRa\n{call}", ())[0] == expected
