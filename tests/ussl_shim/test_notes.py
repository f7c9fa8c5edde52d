"""The note for each number, as it really arose, names the evidence: who was looked for, what is in the file, who closed."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

import pytest

from flashfs.errors import DeviceError
from flashfs.notes import Note
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device, Hangs, Script, named
from tests.ussl_shim.test_arguments import BINDING, CHECKS
from tests.ussl_shim.test_limits import long_chain
from tests.ussl_shim.test_records import chain, message, record
from tests.ussl_shim.test_wire import ECDHE_RSA, client_hello, extensions, groups, hello
from ussl_shim import Connection, Environment, Shim, bind_noted, prepare
from ussl_shim.module import MappingFiles, SocketTransport

DHE = 0x009F
Scenario = Callable[[Device, Certificates], DeviceError]


def plain(files: dict[str, bytes], **options: Any) -> Device:
    return Device(files, quirks=frozenset(), **options)


def of_file(**call: Any) -> Scenario:
    def run(device: Device, certs: Certificates) -> DeviceError:
        with pytest.raises(DeviceError) as caught:
            prepare(device.env, **named(call), sock_ok=True)
        return caught.value

    return run


def ca(name: str) -> Scenario:
    return of_file(cert_reqs=2, ca_certs=name)


def key(name: str) -> Scenario:
    return of_file(certfile="client.crt", keyfile=name)


def of_server(name: str, path: str = "wc", server: dict[str, Any] | None = None, **call: Any) -> Scenario:
    """The board as client of a TLS server."""

    def run(device: Device, certs: Certificates) -> DeviceError:
        settings = dict(server or {})
        if "trust" in settings:
            settings["trust"] = certs[settings["trust"]].pem
        with peers.tls_server(peers.server_context(certs[name], **settings)) as peer:
            return _fails(device, peer.address, path, call)

    return run


def of_raw(behave: peers.RawBehaviour, **call: Any) -> Scenario:
    def run(device: Device, certs: Certificates) -> DeviceError:
        with peers.raw_server(behave) as peer:
            return _fails(device, peer.address, "wc", call)

    return run


def _fails(device: Device, address: tuple[str, int], path: str, call: dict[str, Any]) -> DeviceError:
    plan = prepare(device.env, **named(call), sock_ok=True)
    conn = Connection(plan, device._transport(device.dial(address)), device.env)
    with pytest.raises(DeviceError) as caught:
        conn.handshake("connect" if path == "wc" else "wrap")
    conn.close()
    device.__exit__()
    return caught.value


def of_client(talk: peers.RawBehaviour | None = None, client: dict[str, Any] | None = None, **call: Any) -> Scenario:
    """The board as server of a raw client, or of a TLS client."""

    def run(device: Device, certs: Certificates) -> DeviceError:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = listener.getsockname()
            context = peers.client_context(**(client or {}))
            far = peers.raw_client(address, talk) if talk else peers.tls_client(context, address)
            with far:
                sock = device.adopt(listener.accept()[0])
                with pytest.raises(DeviceError) as caught:
                    device.wrap(sock, server_side=True, certfile="good.crt", keyfile="good.key", **call)
                device.__exit__()
        return caught.value

    return run


def says(data: bytes) -> peers.RawBehaviour:
    def behave(conn: socket.socket, seen: peers.Seen, peer: peers.Peer) -> None:
        conn.sendall(data)
        peers._collect(conn, seen)

    return behave


class Failing(SocketTransport):
    """A network that breaks in one direction."""

    on = "recv"

    def recv(self, size: int) -> bytes:
        if self.on == "recv":
            raise OSError(errno.EHOSTUNREACH, "no route")
        return super().recv(size)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        if self.on == "send":
            raise OSError(errno.EHOSTUNREACH, "no route")
        return super().send(data)


class FailingSend(Failing):
    on = "send"


def broken(kind: type[Failing]) -> Scenario:
    def run(device: Device, certs: Certificates) -> DeviceError:
        device.transport_class = kind
        with peers.raw_server(peers.silent) as peer:
            return _fails(device, peer.address, "wc", {})

    return run


class NoPatience(SocketTransport):
    now = 0.0

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        if timeout is None:
            raise Hangs
        self.now += timeout
        return False

    def monotonic(self) -> float:
        return self.now


def silent(device: Device, certs: Certificates) -> DeviceError:
    device.transport_class = NoPatience
    with peers.raw_server(peers.silent) as peer:
        return _fails(device, peer.address, "wc", {"timeout": 7})


def too_long(device: Device, certs: Certificates) -> DeviceError:
    root, leaf = long_chain(9)
    device.files = {"ca.pem": root.pem}
    with peers.tls_server(peers.server_context(leaf)) as peer:
        return _fails(device, peer.address, "wc", {"cert_reqs": 2, "ca_certs": "ca.pem"})


def before_connect(device: Device, certs: Certificates) -> DeviceError:
    conn = Connection(prepare(device.env, sock_ok=True), device._transport(device.adopt(socket.socket())), device.env)
    with pytest.raises(DeviceError) as caught:
        conn.readline()
    return caught.value


def small_group(device: Device, certs: Certificates) -> DeviceError:
    prime = (1 << 511 | 1).to_bytes(64, "big")
    exchange = message(12, len(prime).to_bytes(2, "big") + prime)
    flight = (hello(DHE), chain(certs["good"].der), exchange)
    return of_raw(peers.answer(b"".join(record(22, one) for one in flight)))(device, certs)


REQUIRED: dict[str, Any] = {"cert_reqs": 2, "ca_certs": "ca.pem"}
WRONG_CA: dict[str, Any] = {"cert_reqs": 2, "ca_certs": "other-ca.pem"}
FIRST = extensions(groups(29))

ROWS: list[tuple[int, str, Scenario, tuple[str, ...]]] = [
    (-1, "wrong-ca", of_server("good", "cw", cert_reqs=1, ca_certs="other-ca.pem"), ("CN=ca;", "CN=other-ca")),
    (8, "wrong-ca", of_server("good", cert_reqs=1, ca_certs="other-ca.pem"), ("CN=ca;", "CN=other-ca", "completed")),
    (-76, "no-route", broken(Failing), ("no route",)),
    (-78, "no-route", broken(FailingSend), ("no route",)),
    (-80, "reset", of_raw(peers.reset_after_hello), ("the peer reset",)),
    (-4396, "edited-file", ca("f-bad-base64.pem"), ("damaged", "f-bad-base64.pem")),
    (-4736, "3des-key", key("k-pkcs1-3des.pem"), ("protected by a password", "k-pkcs1-3des.pem")),
    (-8576, "der", ca("f-der.der"), ("binary DER", "f-der.der")),
    (-8576, "empty", ca("f-empty.pem"), ("is empty",)),
    (-8576, "key-for-ca", ca("f-key.pem"), ("holds a private key",)),
    (-9774, "ed25519-ca", ca("ed25519-ca.pem"), ("X509_UNKNOWN_SIG_ALG", "ed25519-ca.pem")),
    (-9984, "wrong-ca", of_server("good", **WRONG_CA), ("issuer looked for: CN=ca;", "ca_certs holds: CN=other-ca")),
    (
        -9984,
        "wrong-name",
        of_server("good", **REQUIRED, server_hostname="wrong.test"),
        ("'wrong.test'", "device.test, localhost"),
    ),
    (-9984, "name-in-cn", of_server("cn-only", **REQUIRED, server_hostname="x"), ("common name", "device.test")),
    (-9984, "sha-1", of_server("sha1", **REQUIRED), ("sha1",)),
    (-9984, "small-key", of_server("rsa-1024", **REQUIRED), ("1024 bits",)),
    (-10112, "cut-file", ca("f-trunc.pem"), ("no '-----END' line",)),
    (-12288, "nine-intermediates", too_long, ("9 certificates",)),
    (-15232, "aes-key", key("k-pkcs1-aes.pem"), ("protected by a password",)),
    (-15360, "pkcs8-key", key("k-pkcs8-enc.pem"), ("protected by a password",)),
    (
        -15488,
        "ed25519-own",
        of_file(certfile="ed25519.crt", keyfile="client.key"),
        ("PK_UNKNOWN_PK_ALG", "ed25519.crt"),
    ),
    (-15616, "public-key", key("k-public.pem"), ("holds a public key",)),
    (-26624, "silence", silent, ("nothing came for 7 s",)),
    (-27008, "x25519", of_client(says(record(22, client_hello(ECDHE_RSA, more=FIRST)))), ("RSA key", "X25519")),
    (-27904, "ed25519-leaf", of_server("ed25519-signed"), ("SSL_PK_TYPE_MISMATCH",)),
    (-28800, "rubbish", of_raw(peers.answer(bytes.fromhex("1603030020") + bytes(range(1, 33)))), ("no whole message",)),
    (-28928, "before-connect", before_connect, ("readline of an ssl socket that is not connected",)),
    (-29184, "http", of_raw(peers.answer(b"HTTP/1.0 400 Bad Request\r\n\r\n")), ("HTTP/1.0 400",)),
    (-29312, "fin", of_raw(peers.answer(b"")), ("closed its side (FIN)",)),
    (-29568, "tls-1.3", of_client(client={"low": "TLSv1_3", "high": "TLSv1_3"}), ("TLS 1.3 only",)),
    (-29568, "chacha", of_client(client={"ciphers": "CHACHA20"}), ("cipher suites is the board's",)),
    (-29824, "no-client-certificate", of_client(client={}, **REQUIRED), ("list of certificates is empty",)),
    (-30464, "data", of_raw(peers.answer(bytes.fromhex("1703030004") + b"data")), ("application data",)),
    (
        -30592,
        "wants-a-certificate",
        of_server("good", server={"ask": True, "require": True, "trust": "ca"}),
        ("alert 40 (handshake_failure)", "client certificate"),
    ),
    (-30848, "goodbye", of_raw(peers.answer(bytes.fromhex("15030300020100"))), ("alert 0 (close_notify)",)),
    (-30976, "http-client", of_client(peers.http_request), ("GET / HTTP/1.0",)),
    (-31104, "ed25519-key", key("ed25519.key"), ("Ed25519 key", "ed25519.key")),
    (-31232, "for-clients-only", of_server("eku-client", **REQUIRED), ("extendedKeyUsage: clientAuth",)),
    (-31232, "key-usage", of_server("usage-encipher", server={"ciphers": "ECDHE"}, **REQUIRED), ("keyEncipherment",)),
    (-31488, "small-group", small_group, ("512 bits",)),
]

NUMBERS = {
    *(-1, -76, -78, -80, -4396, -4736, -8576, -9774, -9984, -10112, -15232, -15360, -15488, -15616, -26624, -27904),
    *(-28800, -28928, -29184, -29312, -29568, -29824, -30464, -30592, -30848, -30976, -31104, -31232, -31488),
}
"""Every number that has been seen on a board."""


def test_no_number_is_left_out() -> None:
    assert {row[0] for row in ROWS} >= NUMBERS


@pytest.mark.parametrize(
    ("number", "scenario", "words"),
    [pytest.param(row[0], *row[2:], id=f"{row[0]}-{row[1]}") for row in ROWS],
)
def test_the_note_names_the_evidence(
    number: int, scenario: Scenario, words: tuple[str, ...], certs: Certificates
) -> None:
    with plain(dict(certs.files)) as device:
        raised = scenario(device, certs)
    assert raised.args[0] == number
    note = next(
        note for note in device.notes if note.code not in ("quirk-handshake-timeout-ignored", "ussl-unverified")
    )
    for word in words:
        assert word in str(note)
    assert note.cause
    assert note.source
    assert len(str(note).splitlines()) <= 6


# arguments

WORDS = {
    "no-arguments": "sock is missing",
    "two-positional": "2 arguments",
    "second-positional-comes-before-a-bad-keyword": "2 arguments",
    "unknown-keyword": "nosuch",
    "sock-twice": "sock",
    "certreqs-none": "cert_reqs= is None",
    "certreqs-str": "cert_reqs= is of type str",
    "certreqs-float": "cert_reqs= is of type float",
    "ssl-version-none": "ssl_version= is None",
    "certreqs-before-ssl-version": "cert_reqs=",
    "conversion-before-unknown-keyword": "cert_reqs= is None",
    "certreqs-true-no-ca": "ca_certs=",
    "optional-without-ca": "cert_reqs=1",
    "certreqs-4-without-ca": "cert_reqs=4",
    "server-without-cert": "missing: certfile, keyfile",
    "server-without-key": "missing: keyfile",
    "keyfile-int": "keyfile= is of type int",
    "keyfile-bytearray": "keyfile= is of type bytearray",
    "certfile-int-alone": "certfile= is of type int",
    "ca-int": "ca_certs= is of type int",
    "hostname-int": "server_hostname= is of type int",
    "keyfile-before-certfile": "keyfile= is of type int",
    "sock-wrong": "sock= is",
    "saved-session-wrong-type": "saved_session= is of type str",
    "timeout-float": "timeout= is of type float",
    "bad-sock-and-missing-ca-file": "sock= is",
    "no-ca-and-keyfile-int": "ca_certs=",
    "hostname-int-and-bad-sock": "server_hostname= is of type int",
    "timeout-str-and-missing-ca-file": "timeout= is of type str",
    "server-no-cert-and-bad-sock": "missing: certfile, keyfile",
    "bad-sock-and-bad-timeout": "sock= is",
}


def _refused(call: Callable[[Environment], object]) -> Note:
    notes: list[Note] = []
    with pytest.raises((TypeError, ValueError)) as caught:
        call(Environment(MappingFiles({}), note=notes.append))
    (note,) = notes
    assert note.code == "ussl-arguments-refused"
    assert str(caught.value) in note.title
    assert note.cause
    assert note.fix
    return note


@pytest.mark.parametrize("row", BINDING, ids=[row[0] for row in BINDING])
def test_arguments_that_cannot_be_bound(row: tuple[str, tuple[Any, ...], dict[str, Any], str]) -> None:
    name, args, kwargs, _ = row
    assert WORDS[name] in _refused(lambda env: bind_noted(env, args, kwargs)).evidence


REFUSED = [row for row in CHECKS if row[3] is not None]


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_arguments_that_are_refused(row: tuple[str, dict[str, Any], bool, Any, str]) -> None:
    name, call, sock_ok, _, _ = row
    assert WORDS[name] in _refused(lambda env: prepare(env, **call, sock_ok=sock_ok)).evidence


def test_a_number_beyond_32_bits_leaves_a_note() -> None:
    notes: list[Note] = []
    with pytest.raises(OverflowError):
        bind_noted(Environment(MappingFiles({}), note=notes.append), (1,), {"cert_reqs": 1 << 40})
    assert "cert_reqs" in notes[0].evidence


def test_no_value_of_an_argument_is_shown() -> None:
    """A script may pass the key itself instead of its path."""
    secret = bytearray(b"-----BEGIN PRIVATE KEY-----")
    note = _refused(lambda env: prepare(env, keyfile=secret, sock_ok=True))
    assert "BEGIN" not in str(note)


@pytest.mark.parametrize("wrong", [None, 5, "x"])
def test_save_session_of_something_else_says_so(wrong: object) -> None:
    notes: list[Note] = []
    with pytest.raises(OSError, match="28928"):
        Shim(note=notes.append).save_session(wrong)
    assert type(wrong).__name__ in notes[0].cause


# no noise


def test_a_server_that_asks_for_no_certificate_leaves_no_note(certs: Certificates) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        peers.tls_client(peers.client_context(), listener.getsockname(), peers.ask_and_take(b"ping")),
        plain(certs.files) as device,
    ):
        sock = device.adopt(listener.accept()[0])
        conn = device.wrap(sock, server_side=True, certfile="good.crt", keyfile="good.key")
        assert conn.recv(10) == b"ping"
        conn.close()
        assert device.notes == []
        sock.sock.close()


CALLS: list[tuple[str, Callable[[Connection], object]]] = [
    ("recv", lambda conn: conn.recv(1)),
    ("read", lambda conn: conn.read(1)),
    ("readinto", lambda conn: conn.readinto(bytearray(1))),
    ("readline", lambda conn: conn.readline()),
]


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_a_note_names_the_call_that_was_made(
    name: str, call: Callable[[Connection], object], certs: Certificates
) -> None:
    with peers.tls_server(peers.server_context(certs["good"])) as peer, plain(certs.files) as device:
        script = Script(device, peer.address, "wc", {}, {})
        assert script.run("wrap settimeout=0") == "ok"
        assert script.conn is not None
        call(script.conn)
        note = next(note for note in device.notes if note.code == "quirk-recv-nonblocking-blocks")
        assert f": {name} returned at once" in note.title
        script.conn.close()
