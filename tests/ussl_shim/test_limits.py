"""Where the board has limits: chains, files, names; and peers that never stop: nothing hangs and nothing grows."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from flashfs.errors import DeviceError
from flashfs.notes import Note
from tests.ussl_shim import certs as made_by
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates, Issued, pem
from tests.ussl_shim.device import Device, Script, named
from tests.ussl_shim.test_records import record
from tests.ussl_shim.test_wire import CH
from ussl_shim import Connection, Environment, prepare
from ussl_shim.module import MappingFiles, SocketTransport

WARNING = record(21, b"\x01\x70")


def plain_device(files: dict[str, bytes], **options: Any) -> Device:
    return Device(files, quirks=frozenset(), **options)


# chains (board: mbedTLS 2.16.2, MBEDTLS_X509_MAX_INTERMEDIATE_CA; measured)


def long_chain(intermediates: int) -> tuple[Issued, Issued]:
    """A root, and a leaf with so many certificates between."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(intermediates + 2)]
    made = []
    for level, key in enumerate(keys):
        issuer = max(level - 1, 0)
        builder = made_by._builder(made_by._name(f"level {level}"), made_by._name(f"level {issuer}"), key)
        is_ca = level <= intermediates
        builder = builder.add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        made.append(made_by._sign(builder, keys[issuer]))
    return Issued(made[0], keys[0]), Issued(made[-1], keys[-1], tuple(reversed(made[1:-1])))


CHAINS = [
    (8, 1, "ok", None),
    (8, 2, "ok", None),
    (9, 0, "ok", None),
    (9, 1, "OSError -12288", "TLSV1_ALERT_ACCESS_DENIED"),
    (9, 2, "OSError -12288", "TLSV1_ALERT_ACCESS_DENIED"),
    (15, 2, "OSError -12288", "TLSV1_ALERT_ACCESS_DENIED"),
]


@pytest.mark.parametrize("path", ["wc", "cw"])
@pytest.mark.parametrize(("intermediates", "cert_reqs", "outcome", "peer_saw"), CHAINS)
def test_eight_intermediates_and_no_more(
    intermediates: int, cert_reqs: int, outcome: str, peer_saw: str | None, path: str
) -> None:
    root, leaf = long_chain(intermediates)
    call = {"cert_reqs": cert_reqs, "ca_certs": "ca.pem"} if cert_reqs else {}
    with peers.tls_server(peers.server_context(leaf)) as peer, plain_device({"ca.pem": root.pem}) as device:
        script = Script(device, peer.address, path, call, {})
        assert script.run("wrap") == outcome
        if outcome == "ok":
            assert script.conn is not None
            script.conn.close()
        else:
            assert device.codes() == ["ussl-chain-too-long"]
            assert "eight" in device.notes[0].cause
    assert peer.connections[0].error == peer_saw


@pytest.mark.parametrize(("strangers", "outcome"), [(10, "ok"), (40, "OSError -28800")])
def test_a_chain_has_to_fit_one_record(strangers: int, outcome: str, certs: Certificates) -> None:
    good = certs["good"]
    server = Issued(good.der, good.key, tuple(certs["other-ca"].der for _ in range(strangers)))
    with peers.tls_server(peers.server_context(server)) as peer, plain_device(certs.files) as device:
        script = Script(device, peer.address, "wc", {"cert_reqs": 2, "ca_certs": "ca.pem"}, {})
        assert script.run("wrap" + " close" * (outcome == "ok")) == outcome
        if outcome != "ok":
            assert "put messages together" in device.notes[0].evidence


# peers that never stop


class Hurrying(SocketTransport):
    """A clock that goes on by half a second with each read."""

    now = 0.0
    reads = 0

    def recv(self, size: int) -> bytes:
        self.reads += 1
        self.now += 0.5
        return super().recv(size)

    def monotonic(self) -> float:
        return self.now


def flood(piece: bytes, first: bytes = b"") -> peers.RawBehaviour:
    def behave(conn: socket.socket, seen: peers.Seen, peer: peers.Peer) -> None:
        try:
            conn.sendall(first)
            while True:
                conn.sendall(piece)
        except OSError:
            return

    return behave


@pytest.mark.parametrize("server_side", [False, True], ids=["client", "server"])
def test_warnings_without_end_are_over_with_the_handshake_timeout(server_side: bool, certs: Certificates) -> None:
    transports: list[Hurrying] = []

    def transport(sock: socket.socket, peer: str) -> Hurrying:
        transports.append(Hurrying(sock, peer))
        return transports[0]

    with plain_device(certs.files, transport_class=transport) as device:
        if server_side:
            with (
                socket.create_server(("127.0.0.1", 0)) as listener,
                peers.raw_client(listener.getsockname(), flood(WARNING * 500, CH)),
            ):
                sock = device.adopt(listener.accept()[0])
                _gives_up(device, sock, {"server_side": True, "certfile": "good.crt", "keyfile": "good.key"})
        else:
            with peers.raw_server(flood(WARNING * 500)) as peer:
                _gives_up(device, device.dial(peer.address), {})
    assert 10 <= transports[0].now <= 11


def _gives_up(device: Device, sock: Any, call: dict[str, Any]) -> None:
    plan = prepare(device.env, **named(call), sock_ok=True)
    conn = Connection(plan, device._transport(sock), device.env)
    with pytest.raises(DeviceError) as caught:
        conn.handshake("wrap")
    assert caught.value.args == (-26624,)
    assert len(conn._reader._buffer) < 1 << 15
    device.__exit__()


class Deaf:
    """A peer in memory that sends without end and takes nothing."""

    peer = "deaf.test:443"

    def __init__(self) -> None:
        self.reads = 0
        self.waits: list[tuple[bool, bool]] = []
        self.now = 0.0

    def recv(self, size: int) -> bytes:
        self.reads += 1
        return bytes(1000)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        raise BlockingIOError

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        self.waits.append((read, write))
        assert timeout is not None
        self.now += timeout
        return False

    def monotonic(self) -> float:
        return self.now


class Answering:
    """An engine that answers everything and finds no data: it stands for requests to renegotiate."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.fed = 0

    def feed(self, data: bytes) -> None:
        self.fed += len(data)

    def read(self, size: int) -> bytes | None:
        return None

    def take(self) -> bytes:
        return self.answer


def _open(transport: Deaf, engine: Answering) -> Connection:
    env = Environment(MappingFiles({}))
    conn = Connection(prepare(env, sock_ok=True), transport, env)
    conn._engine = engine  # type: ignore[assignment]
    conn._state = "open"
    return conn


def test_answers_that_nobody_takes_stop_the_reading() -> None:
    transport, engine = Deaf(), Answering(bytes(1500))
    conn = _open(transport, engine)
    conn.settimeout(5)
    with pytest.raises(TimeoutError):
        conn.recv(1)
    assert len(conn._out) < 100_000
    assert engine.fed < 100_000
    assert transport.waits[-1] == (False, True)


def test_records_without_data_do_not_stop_the_clock_nor_keep_the_lock() -> None:
    """A peer may send tickets, warnings and empty records for ever; the read timeout is looked at all the same."""
    transport, engine = Deaf(), Answering(b"")
    conn = _open(transport, engine)
    conn.settimeout(5)
    with pytest.raises(TimeoutError):
        conn.recv(1)
    assert transport.waits == [(True, False)]
    assert transport.reads < 1000


# files


def _note_codes(files: dict[str, bytes], error: type[BaseException], call: dict[str, Any], **env: Any) -> list[Note]:
    notes: list[Note] = []
    environment = Environment(MappingFiles(files), note=notes.append, **env)
    with pytest.raises(error) as caught:
        prepare(environment, **call, sock_ok=True)
    notes.append(Note("raised", str(caught.value)))
    return notes


CA = "/flash/cert/ca.pem"
VERIFY = {"cert_reqs": 2, "ca_certs": CA}


@pytest.mark.parametrize(("heap", "fits"), [(67 * 1024, False), (100 * 1024, True)])
def test_a_file_has_to_fit_the_heap(heap: int, fits: bool, certs: Certificates) -> None:
    """The text is MicroPython's; the board reads on in steps of 256 bytes until the heap is full."""
    content = certs["ca"].pem + b"#" * 70_000
    env = Environment(MappingFiles({CA: content}), heap=heap)
    if fits:
        assert len(prepare(env, **VERIFY, sock_ok=True).anchors) == 1  # type: ignore[arg-type]
        return
    note, raised = _note_codes({CA: content}, MemoryError, VERIFY, heap=heap)
    assert raised.title == f"memory allocation failed, allocating {heap + 256} bytes"
    assert (note.code, note.fix != "") == ("ussl-file-too-long", True)
    assert str(len(content)) in note.evidence
    assert str(heap) in note.evidence


BIG: list[tuple[str, Callable[[Certificates], bytes], int]] = [
    ("10 MB of text", lambda c: b"no certificate here\n" * 500_000, -8576),
    ("10 MB of zeroes", lambda c: bytes(10_000_000), -8576),
    ("10 MB without an end line", lambda c: b"-----BEGIN CERTIFICATE-----\n" + b"QUJD\n" * 2_000_000, -10112),
    ("begin lines", lambda c: b"-----BEGIN CERTIFICATE-----\n" * 100_000, -10112),
    ("empty blocks", lambda c: b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n" * 20_000, -4352),
    ("1 MB in one line", lambda c: pem("CERTIFICATE", b"\x30" * 750_000).replace(b"\n", b"\r\n", 1), -8672),
    (
        "bad base64 of 1 MB",
        lambda c: b"-----BEGIN CERTIFICATE-----\n" + b"!" * 1_000_000 + b"\n-----END CERTIFICATE-----\n",
        -4396,
    ),
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("make", "number"), [row[1:] for row in BIG], ids=[row[0] for row in BIG])
def test_a_big_file_is_refused_in_time(make: Callable[[Certificates], bytes], number: int, certs: Certificates) -> None:
    note, raised = _note_codes({CA: make(certs)}, DeviceError, VERIFY)
    assert str(number) in raised.title
    assert note.code == "ussl-file-refused"
    assert len(str(note)) < 2000


def test_a_certificate_in_one_line_of_a_megabyte_is_read(certs: Certificates) -> None:
    """Blanks may end a line, as many as there are."""
    text = certs["ca"].pem.replace(b"\n-----END", b" " * 1_000_000 + b"\n-----END")
    assert len(prepare(Environment(MappingFiles({CA: text})), **VERIFY, sock_ok=True).anchors) == 1  # type: ignore[arg-type]


@pytest.mark.timeout(50)
@pytest.mark.parametrize(
    "count", [1000, pytest.param(10_000, marks=pytest.mark.nightly)], ids=["a thousand", "ten thousand"]
)
def test_many_anchors_of_one_name(count: int, certs: Certificates) -> None:
    """Each is tried, the last one fits."""
    real = certs["ca"]
    secret = ec.generate_private_key(ec.SECP256R1())
    twin = made_by._sign(
        made_by._builder(real.name, real.name, secret).add_extension(x509.BasicConstraints(True, None), critical=True),
        secret,
    )
    serial = twin.index(b"\x02", 12)  # the serial number's tag
    size = twin[serial + 1]
    blocks = []
    for number in itertools.islice(itertools.count(1), count):
        changed = bytearray(twin)
        changed[serial + 2 + size - 4 : serial + 2 + size] = number.to_bytes(4, "big")
        blocks.append(pem("CERTIFICATE", bytes(changed)))
    files = {"ca.pem": b"".join(blocks) + real.pem}
    with peers.tls_server(peers.server_context(certs["good"])) as peer, plain_device(files) as device:
        script = Script(device, peer.address, "wc", {"cert_reqs": 2, "ca_certs": "ca.pem"}, {})
        assert script.run("wrap close") == "ok"
        assert len(script.conn._plan.anchors) == count + 1  # type: ignore[union-attr]


# names

LONE_SURROGATE = "\ud800.test"
NAMES: list[tuple[str, str | bytes, str, str | None, str]] = [
    # id, server_hostname, outcome with CERT_REQUIRED, what is sent, word in the note
    ("address", "127.0.0.1", "OSError -9984", None, "IP address"),
    ("address-6", "::1", "OSError -9984", None, "IP address"),
    ("empty", "", "OSError -9984", None, "empty name"),
    ("dot-first", ".test", "OSError -9984", None, "begins with a dot"),
    ("not-ascii", "caf\xe9.test", "OSError -9984", None, "not ASCII"),
    ("bytes", b"\xff\xfe", "OSError -9984", None, "not ASCII"),
    ("lone-surrogate", LONE_SURROGATE, "OSError -9984", None, "not ASCII"),
    ("two-dots", "a..b", "OSError -9984", "a..b", ""),
    ("blank", "with blank", "OSError -9984", "with blank", ""),
    ("wildcard", "*.test", "OSError -9984", "*.test", ""),
    ("dot-last", "device.test.", "OSError -9984", "device.test.", ""),
    ("label-of-64", "a" * 64 + ".test", "OSError -9984", "a" * 64 + ".test", ""),
    ("255", "x" * 255, "OSError -9984", "x" * 255, ""),
    ("256", "x" * 256, "OSError -28928", None, "256"),
    ("255-of-two-bytes", "\xe9" * 128, "OSError -28928", None, "256"),
    ("nul-inside", "device.test\0.evil", "ok", "device.test", ""),
    ("nul-first", "\0device.test", "OSError -9984", None, "empty name"),
    ("case", "DEVICE.test", "ok", "DEVICE.test", ""),
]


@pytest.mark.parametrize("cert_reqs", [0, 2])
@pytest.mark.parametrize(("host", "outcome", "sent", "word"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_any_name(
    host: str | bytes, outcome: str, sent: str | None, word: str, cert_reqs: int, certs: Certificates
) -> None:
    """The number is the board's (measured); what cannot be sent as SNI is named in a note."""
    call: dict[str, Any] = {"server_hostname": host}
    if cert_reqs:
        call |= {"cert_reqs": 2, "ca_certs": "ca.pem"}
    elif outcome == "OSError -9984":
        outcome = "ok"
    with peers.tls_server(peers.server_context(certs["good"])) as peer, plain_device(certs.files) as device:
        script = Script(device, peer.address, "wc", call, {})
        assert script.run("wrap" + " close" * (outcome == "ok")) == outcome
        told = [note for note in device.notes if note.code in ("ussl-name-not-sent", "ussl-bad-input")]
        assert [word in note.cause for note in told] == [True] * bool(word)
    assert all(seen.sni == sent for seen in peer.connections)
