"""Peers that send one byte string after another: number and alert are those of the board's library.

Every row was measured by sending the same bytes to mbedTLS 2.16.2, called as the firmware calls it. An alert of None: the
board sends none; ENCRYPTED: it is sent after ChangeCipherSpec.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

import pytest

from flashfs.errors import DeviceError
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device
from tests.ussl_shim.test_records import chain, message, record
from ussl_shim.module import SocketTransport

ENCRYPTED = -1
LISTEN = b"listen"
"""A step: wait for the board's next bytes."""
STATIC_RSA, ECDHE_RSA = 0x002F, 0xC02F


def hello(suite: int = STATIC_RSA, *, more: bytes = b"", version: bytes = b"\x03\x03", session: bytes = b"") -> bytes:
    """A ServerHello; ``more`` are its extensions with their length."""
    return message(2, version + bytes(32) + bytes([len(session)]) + session + suite.to_bytes(2, "big") + b"\0" + more)


def client_hello(*suites: int, more: bytes = b"", version: bytes = b"\x03\x03", session: bytes = b"") -> bytes:
    offered = b"".join(suite.to_bytes(2, "big") for suite in suites)
    sized = len(offered).to_bytes(2, "big") + offered
    return message(1, version + bytes(32) + bytes([len(session)]) + session + sized + b"\1\0" + more)


def extensions(*items: tuple[int, bytes]) -> bytes:
    body = b"".join(kind.to_bytes(2, "big") + len(data).to_bytes(2, "big") + data for kind, data in items)
    return len(body).to_bytes(2, "big") + body


def listed(*numbers: int) -> bytes:
    return (2 * len(numbers)).to_bytes(2, "big") + b"".join(number.to_bytes(2, "big") for number in numbers)


def groups(*numbers: int) -> tuple[int, bytes]:
    return 10, listed(*numbers)


def signatures(*numbers: int) -> tuple[int, bytes]:
    return 13, listed(*numbers)


def hs(*messages: bytes) -> bytes:
    return record(22, b"".join(messages))


SH, SH_ECDHE = hs(hello()), hs(hello(ECDHE_RSA))
SH_TICKET = hs(hello(more=extensions((35, b""))))
CERT = b"certificate"
"""Stands for a Certificate message with the server's chain."""
CLIENT_CERT = b"client certificate"
SHD, CCS, HELLO_REQUEST = hs(message(14, b"")), record(20, b"\1"), hs(message(0, b""))
FLIGHT = (SH, CERT, SHD, LISTEN)
DATA = record(23, b"data")
CH = hs(client_hello(STATIC_RSA))
CKE = hs(message(16, b"\1\0" + b"\5" * 256))
EMPTY_CHAIN = hs(chain())
JUNK_SIGNATURE = hs(message(15, b"\4\1\1\0" + bytes(256)))

BAD_POINT = hs(message(12, b"\3\0\x17\x41\4" + b"x" * 64 + b"\4\1\1\0" + b"s" * 256))
SMALL_GROUP = hs(message(12, b"\0\x40" + b"\xff" * 64 + b"\0\1\2" + b"\0\1\5" + b"\4\1\1\0" + b"s" * 256))


def warning(number: int, level: int = 1) -> bytes:
    return record(21, bytes((level, number)))


Row = tuple[str, tuple[bytes, ...], int, int | None]

CLIENT: list[Row] = [
    # the first message
    ("hello-request-first", (HELLO_REQUEST,), -31104, 50),
    ("certificate-first", (CERT,), -31104, 50),
    ("unknown-message-first", (hs(message(99, b"abc")),), -31104, 50),
    ("ccs-first", (CCS,), -30464, 10),
    ("data-first", (DATA,), -30464, 10),
    # alerts that end nothing
    ("a-warning", (warning(112),), -29312, None),
    ("a-thousand-warnings", (warning(112) * 1000, SH), -29312, None),
    ("alert-of-level-0", (warning(40, 0),), -29312, None),
    ("alert-of-level-3", (warning(40, 3),), -29312, None),
    ("no-renegotiation", (warning(100),), -30464, 10),
    ("no-renegotiation-later", (SH, warning(100)), -30464, 10),
    # the order of messages
    ("two-server-hellos", (SH, SH), -31232, 50),
    ("done-without-certificate", (SH, SHD), -31232, 50),
    ("hello-request-for-certificate", (SH, HELLO_REQUEST), -31232, 50),
    ("two-certificates", (SH, CERT, CERT), -31616, 50),
    ("hello-request-for-done", (SH, CERT, HELLO_REQUEST), -31616, 50),
    ("hello-request-for-ccs", (*FLIGHT, HELLO_REQUEST), -30464, None),
    ("done-without-key-exchange", (SH_ECDHE, CERT, SHD), -30464, 10),
    ("key-exchange-not-due", (SH, CERT, hs(message(12, b"xxxx"))), -31616, 50),
    ("certificate-status-not-asked-for", (SH, CERT, hs(message(22, b"xxxx"))), -31616, 50),
    ("done-with-content", (SH, CERT, hs(message(14, b"x"))), -31616, 50),
    ("ccs-after-hello", (SH, CCS), -30464, 10),
    ("ccs-after-certificate", (SH, CERT, CCS), -30464, 10),
    ("data-for-ccs", (*FLIGHT, DATA), -30464, ENCRYPTED),
    ("finished-in-clear", (*FLIGHT, hs(message(20, b"x" * 12))), -30464, ENCRYPTED),
    ("ccs-of-2", (*FLIGHT, record(20, b"\2")), -29184, ENCRYPTED),
    ("ccs-of-two-bytes", (*FLIGHT, record(20, b"\1\1")), -29184, ENCRYPTED),
    ("finished-that-does-not-decrypt", (*FLIGHT, CCS, record(22, b"x" * 48)), -29056, ENCRYPTED),
    ("second-ccs", (*FLIGHT, CCS, CCS), -29184, None),
    ("too-short-to-decrypt", (*FLIGHT, CCS, record(22, bytes(47))), -29184, None),
    ("too-short-for-gcm", (hs(hello(0x009C)), CERT, SHD, LISTEN, CCS, record(22, bytes(23))), -29184, None),
    ("alert-in-clear-after-ccs", (*FLIGHT, CCS, warning(40, 2)), -29184, None),
    ("junk-for-ccs", (*FLIGHT, b"hello world"), -29184, ENCRYPTED),
    ("ticket-promised-and-missing", (SH_TICKET, CERT, SHD, LISTEN, CCS), -30464, ENCRYPTED),
    ("ticket-promised-finished-came", (SH_TICKET, CERT, SHD, LISTEN, hs(message(20, b"x" * 12))), -28160, ENCRYPTED),
    ("ticket-malformed", (SH_TICKET, CERT, SHD, LISTEN, hs(message(4, b"\0"))), -28160, ENCRYPTED),
    # lengths of records and messages
    ("empty-record", (record(22, b""),), -29184, None),
    ("empty-alert", (record(21, b""),), -29184, None),
    ("record-of-16384", (hs(hello(more=bytes(16384 - 42))),), -31104, 50),
    ("record-of-16385", (record(22, bytes(16385)),), -29184, None),
    ("hello-in-two-records", (record(22, hello()[:10]), record(22, hello()[10:])), -28800, None),
    ("certificates-in-two-records", (SH, record(22, message(11, bytes(20000))[:16384])), -28800, None),
    ("message-of-3-bytes", (record(22, b"\2\0\0"),), -29184, None),
    ("message-and-2-bytes", (hs(hello(), b"xx"),), -29184, None),
    # the ServerHello
    ("tls-1.3-suite", (hs(hello(0x1301)),), -28928, 80),
    ("3des-suite", (hs(hello(0x000A)),), -28928, 80),
    ("compression", (hs(hello()[:-1] + b"\1"),), -28800, 47),
    ("version-3.4", (hs(hello(version=b"\3\4")),), -28288, 70),
    ("version-3.0", (record(22, hello(version=b"\3\0"), b"\3\0"),), -28288, 70),
    ("session-id-of-33", (hs(hello(session=bytes(33))),), -31104, 50),
    ("extensions-cut", (hs(hello(more=b"\0\x20abc")),), -31104, 50),
    ("suite-too-new-for-version", (record(22, hello(0x009C, version=b"\3\1"), b"\3\1"),), -31104, 47),
    ("master-secret-with-content", (hs(hello(more=extensions((23, b"x")))),), -31104, 40),
    ("encrypt-then-mac-with-content", (hs(hello(more=extensions((22, b"x")))),), -31104, 40),
    ("truncated-hmac", (hs(hello(more=extensions((4, b"")))),), -31104, 40),
    ("fragment-length", (hs(hello(more=extensions((1, b"\1")))),), -31104, 40),
    ("protocol-not-asked-for", (hs(hello(more=extensions((16, b"\0\3\2h2")))),), -31104, 40),
    ("renegotiation-with-content", (hs(hello(more=extensions((0xFF01, b"\1x")))),), -31104, 40),
    ("ticket-with-content", (hs(hello(more=extensions((35, b"x")))),), -31104, 40),
    ("no-point-format", (hs(hello(ECDHE_RSA, more=extensions((11, b"\0")))),), -31104, 40),
    ("ticket-for-certificate", (SH, hs(message(4, bytes(6)))), -31232, 50),
    ("static-ecdh-and-an-rsa-key", (hs(hello(0xC004)), CERT), -27904, 40),
    ("static-ecdh-in-one-record", (hs(hello(0xC00E)), CERT, SHD), -27904, 40),
    ("ecdsa-and-an-rsa-key", (hs(hello(0xC02B)), CERT), -29312, None),
    ("unknown-extension", (hs(hello(more=extensions((0x1234, b"")))),), -29312, None),
    # the Certificate message and the request for ours
    ("no-certificate", (SH, EMPTY_CHAIN), -31232, 50),
    ("certificate-cut", (SH, hs(message(11, b"\0\0\5\0\0\x09ab"))), -31232, 50),
    ("certificate-of-127-bytes", (SH, hs(chain(bytes(127)))), -31232, 50),
    ("request-empty", (SH, CERT, hs(message(13, b""))), -31360, 50),
    ("request-cut", (SH, CERT, hs(message(13, b"\xff\xff\xff"))), -31360, 50),
    ("request-whole", (SH, CERT, hs(message(13, b"\1\1\0\2\4\1\0\0"))), -29312, None),
    ("key-exchange-empty", (SH_ECDHE, CERT, hs(message(12, b"")), SHD), -31488, 47),
    ("point-that-is-none", (SH_ECDHE, CERT, BAD_POINT, SHD), -17280, 51),
    ("dhe-of-512", (hs(hello(0x009E)), CERT, SMALL_GROUP, SHD), -31488, 47),
    ("key-exchange-junk", (SH_ECDHE, CERT, hs(message(12, b"xxxx")), SHD), -31488, 47),
]

SERVER: list[tuple[str, tuple[bytes, ...], int, int, int | None]] = [
    # the first record must be one whole ClientHello; the number before last is cert_reqs
    ("warning-first", (warning(112), CH), 0, -30976, None),
    ("ccs-first", (CCS,), 0, -30976, None),
    ("server-hello-first", (SH,), 0, -30976, None),
    ("empty-record", (record(22, b""),), 0, -30976, None),
    ("hello-cut", (record(22, client_hello(STATIC_RSA)[:-3]),), 0, -30976, None),
    ("hello-in-two-records", (record(22, client_hello(STATIC_RSA)[:20]), record(22, b"x" * 20)), 0, -30976, None),
    ("hello-longer-than-a-record", (record(22, message(1, bytes(20000))[:16384]),), 0, -30976, None),
    ("hello-of-20-bytes", (hs(message(1, bytes(20))),), 0, -30976, None),
    ("hello-and-2-bytes", (hs(client_hello(STATIC_RSA, more=b"\0\0\0")),), 0, -30976, 50),
    ("session-id-of-33", (hs(client_hello(STATIC_RSA, session=bytes(33))),), 0, -30976, 50),
    ("no-suites", (hs(client_hello()),), 0, -30976, 50),
    ("record-version-3.4", (record(22, client_hello(STATIC_RSA), b"\3\4"),), 0, -29312, None),
    (
        "hello-of-16384",
        (
            hs(
                client_hello(STATIC_RSA, more=extensions((0x1234, bytes(16384 - 51)))),
            ),
        ),
        0,
        -29312,
        None,
    ),
    ("version-4.0", (hs(client_hello(STATIC_RSA, version=b"\4\0")),), 0, -28288, 70),
    ("record-of-one-byte-promised", (b"\x16\3\1\0\1",), 0, -29312, None),
    ("record-of-three-bytes", (record(22, b"\1\0\0"),), 0, -30976, None),
    *(
        (f"{name}-{suite:04x}", (hs(client_hello(suite, more=extensions(item))),), 0, -30976, alert)
        for suite in (STATIC_RSA, ECDHE_RSA)
        for name, item, alert in (
            ("renegotiation-with-content", (0xFF01, b"\1x"), 40),
            ("fragment-length-9", (1, b"\x09"), 47),
            ("fragment-length-of-two-bytes", (1, b"\1\1"), 47),
            ("master-secret-with-content", (23, b"x"), 50),
            ("encrypt-then-mac-with-content", (22, b"x"), 50),
            ("point-formats-cut", (11, b"\5\0"), 50),
        )
    ),
    # what both could speak
    ("ssl-3", (hs(client_hello(STATIC_RSA, version=b"\3\0")),), 0, -28288, 70),
    ("version-3.4", (hs(client_hello(STATIC_RSA, version=b"\3\4")),), 0, -29312, None),
    ("fallback", (hs(client_hello(STATIC_RSA, 0x5600, version=b"\3\2")),), 0, -30976, 86),
    ("no-suite-in-common", (hs(client_hello(0x000A)),), 0, -29568, 40),
    ("tls-1.3-suites-only", (hs(client_hello(0x1301, 0x1302)),), 0, -29568, 40),
    ("ecdsa-only", (hs(client_hello(0xC02B, more=extensions(groups(23)))),), 0, -27008, 40),
    ("x25519-only", (hs(client_hello(ECDHE_RSA, more=extensions(groups(29)))),), 0, -27008, 40),
    ("x25519-or-static", (hs(client_hello(ECDHE_RSA, STATIC_RSA, more=extensions(groups(29)))),), 0, -29312, None),
    ("ecdhe-without-groups", (hs(client_hello(ECDHE_RSA)),), 0, -27008, 40),
    ("ecdhe-with-empty-groups", (hs(client_hello(ECDHE_RSA, more=extensions(groups()))),), 0, -27008, 40),
    (
        "gcm-under-tls-1.0",
        (hs(client_hello(ECDHE_RSA, version=b"\3\1", more=extensions(groups(23)))),),
        0,
        -27008,
        40,
    ),
    (
        "ed25519-signatures-only",
        (hs(client_hello(ECDHE_RSA, more=extensions(groups(23), signatures(0x0807)))),),
        0,
        -27008,
        40,
    ),
    (
        "pss-signatures-only",
        (hs(client_hello(ECDHE_RSA, STATIC_RSA, more=extensions(groups(23), signatures(0x0804)))),),
        0,
        -27008,
        40,
    ),
    # the order of messages
    ("nothing-more", (CH,), 0, -29312, None),
    ("two-hellos", (CH, LISTEN, CH), 0, -31744, None),
    ("ccs-for-key", (CH, LISTEN, CCS), 0, -31744, None),
    ("data-for-key", (CH, LISTEN, DATA), 0, -31744, None),
    ("certificate-not-asked-for", (CH, LISTEN, CLIENT_CERT, CKE), 0, -31744, None),
    ("no-renegotiation-for-key", (CH, LISTEN, warning(100)), 0, -31744, None),
    ("warnings-for-key", (CH, LISTEN, warning(112) * 20, CKE), 0, -29312, None),
    ("two-keys", (CH, LISTEN, CKE, CKE), 0, -30464, 10),
    ("data-for-ccs", (CH, LISTEN, CKE, DATA), 0, -30464, 10),
    ("finished-that-does-not-decrypt", (CH, LISTEN, CKE, CCS, record(22, b"x" * 48)), 0, -29056, 20),
    ("second-ccs", (CH, LISTEN, CKE, CCS, CCS), 0, -29184, None),
    ("key-for-certificate-optional", (CH, LISTEN, CKE), 1, -31232, 50),
    ("key-for-certificate-required", (CH, LISTEN, CKE), 2, -31232, 50),
    ("no-certificate-alert", (CH, LISTEN, warning(41), CKE), 2, -31232, 50),
    ("no-certificate-required", (CH, LISTEN, EMPTY_CHAIN), 2, -29824, None),
    ("no-certificate-optional", (CH, LISTEN, EMPTY_CHAIN, CKE, CCS, record(22, b"x" * 48)), 1, -29056, 20),
    ("ccs-for-proof", (CH, LISTEN, CLIENT_CERT, CKE, CCS), 2, -32128, None),
    ("proof-wrong", (CH, LISTEN, CLIENT_CERT, CKE, JUNK_SIGNATURE), 2, -17280, 51),
]


def _filled(steps: tuple[bytes, ...], certs: Certificates) -> list[bytes]:
    """The steps with real certificates; before the peer's thread begins, since certificates are made when first asked for."""
    real = {CERT: hs(chain(certs["good"].der)), CLIENT_CERT: hs(chain(certs["client"].der))}
    return [real.get(step, step) for step in steps]


def _send(conn: socket.socket, steps: list[bytes], seen: peers.Seen) -> None:
    with contextlib.suppress(OSError):  # the board has given up before the last step
        for step in steps:
            if step == LISTEN:
                seen.data += conn.recv(65536)
            else:
                conn.sendall(step)
        conn.shutdown(socket.SHUT_WR)
    peers._collect(conn, seen)


def alert_in(sent: bytes) -> int | None:
    """The number of the last alert record, ENCRYPTED if it is no plain one."""
    found: int | None = None
    at = 0
    while at + 5 <= len(sent):
        size = int.from_bytes(sent[at + 3 : at + 5], "big")
        if sent[at] == 21:
            found = sent[at + 6] if size == 2 else ENCRYPTED
        at += 5 + size
    return found


def _outcome(device: Device, sock: Any, call: dict[str, Any]) -> int:
    with pytest.raises(DeviceError) as caught:
        device.wrap(sock, **call)
    with contextlib.suppress(OSError):  # no reset, so that the alert arrives
        sock.sock.setblocking(True)
        sock.sock.shutdown(socket.SHUT_WR)
        while sock.sock.recv(65536):
            pass
    sock.sock.close()
    note = device.notes[-1]
    assert str(caught.value.args[0]) in note.title
    assert note.cause
    number = caught.value.args[0]
    assert isinstance(number, int)
    return number


@pytest.mark.parametrize(("steps", "number", "alert"), [pytest.param(*row[1:], id=row[0]) for row in CLIENT])
def test_a_server_that_sends(steps: tuple[bytes, ...], number: int, alert: int | None, certs: Certificates) -> None:
    filled = _filled(steps, certs)

    def behave(conn: socket.socket, seen: peers.Seen, peer: peers.Peer) -> None:
        peers.first_flight(conn)
        _send(conn, filled, seen)

    with peers.raw_server(behave) as peer, Device(certs.files, quirks=frozenset()) as device:
        assert _outcome(device, device.dial(peer.address), {}) == number
    assert number == -29312 or alert_in(peer.connections[0].data) == alert


@pytest.mark.parametrize(
    ("steps", "cert_reqs", "number", "alert"), [pytest.param(*row[1:], id=row[0]) for row in SERVER]
)
def test_a_client_that_sends(
    steps: tuple[bytes, ...], cert_reqs: int, number: int, alert: int | None, certs: Certificates
) -> None:
    filled = _filled(steps, certs)

    def behave(conn: socket.socket, seen: peers.Seen, peer: peers.Peer) -> None:
        _send(conn, filled, seen)

    call: dict[str, Any] = {"server_side": True, "certfile": "good.crt", "keyfile": "good.key"}
    if cert_reqs:
        call |= {"cert_reqs": cert_reqs, "ca_certs": "ca.pem"}
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        peers.raw_client(listener.getsockname(), behave) as peer,
        Device(certs.files, quirks=frozenset()) as device,
    ):
        assert _outcome(device, device.adopt(listener.accept()[0]), call) == number
    assert number == -29312 or alert_in(peer.connections[0].data) == alert


@pytest.mark.parametrize("when", ["after the client's first flight", "before the board begins"])
def test_a_client_that_resets(when: str, certs: Certificates) -> None:
    """Always -80, wherever the reset is noticed: the failed send must not eat it and report the end of the stream."""
    gone = threading.Event()

    def behave(conn: socket.socket, seen: peers.Seen, peer: peers.Peer) -> None:
        if when.startswith("after"):
            conn.sendall(CH)
        peers.reset(conn, seen, peer)
        gone.set()

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        peers.raw_client(listener.getsockname(), behave),
        Device(certs.files, quirks=frozenset()) as device,
    ):
        sock = device.adopt(listener.accept()[0])
        assert gone.wait(20)
        with pytest.raises(DeviceError) as caught:
            device.wrap(sock, server_side=True, certfile="good.crt", keyfile="good.key")
    assert caught.value.args == (-80,)


def test_last_words_before_a_reset_count(certs: Certificates) -> None:
    """An alert that arrived before the connection broke is the reason, as far as it can still be read."""
    device = Device(certs.files, quirks=frozenset())

    class Broken(SocketTransport):
        def send(self, data: Any) -> int:
            raise ConnectionResetError

    device.transport_class = Broken

    def behave(conn: socket.socket, seen: peers.Seen, peer: peers.Peer) -> None:
        conn.sendall(warning(40, 2))
        conn.shutdown(socket.SHUT_WR)
        said.set()
        peers._collect(conn, seen)

    said = threading.Event()
    with peers.raw_server(behave) as peer, device:
        sock = device.dial(peer.address)
        assert said.wait(20)
        SocketTransport(sock.sock, "").wait(read=True, write=False, timeout=20)
        with pytest.raises(DeviceError) as caught:
            device.wrap(sock)
    assert caught.value.args == (-30592,)


@pytest.mark.parametrize(("own", "key", "number"), [("good", "client", -17280), ("p-256", "client-ec", -19968)])
def test_a_peer_whose_key_is_not_its_certificates(own: str, key: str, number: int, certs: Certificates) -> None:
    """In both directions; the board's numbers are those of RSA and ECDSA themselves, not of TLS."""
    files = certs.files | {"wrong.key": certs[key].key_pem}
    pair: dict[str, Any] = {"certfile": f"{own}.crt", "keyfile": "wrong.key"}
    asks: dict[str, Any] = {"certfile": "good.crt", "keyfile": "good.key", "cert_reqs": 2, "ca_certs": "ca.pem"}
    calls: list[tuple[dict[str, Any], dict[str, Any], int]] = [({}, pair, 0), (pair, asks, 1)]
    for client_call, server_call, judge in calls:
        with Device(files, quirks=frozenset()) as client, Device(files, quirks=frozenset()) as server:
            numbers = _both(client, client_call, server, server_call)
        assert numbers[judge] == number
        assert numbers[1 - judge] in (-30592, None)  # a client has finished by the time its proof is refused
        assert "does not belong" in (client, server)[judge].notes[-1].cause


def _both(client: Device, client_call: dict[str, Any], server: Device, server_call: dict[str, Any]) -> list[int | None]:
    """A board as client and a board as server, hand in hand."""
    numbers: list[int | None] = [None, None]

    def run(index: int, device: Device, sock: Any, call: dict[str, Any]) -> None:
        try:
            device.wrap(sock, **call).recv(1)
        except DeviceError as exc:
            numbers[index] = exc.args[0]
        device.__exit__()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = client.dial(listener.getsockname())
        there = server.adopt(listener.accept()[0])
    thread = threading.Thread(target=run, args=(1, server, there, {"server_side": True, **server_call}))
    thread.start()
    run(0, client, here, client_call)
    thread.join(20)
    return numbers
