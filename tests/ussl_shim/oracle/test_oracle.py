"""Each measured outcome, with every quirk of the firmware switched on, against real peers."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates, Issued
from tests.ussl_shim.device import Device, Script
from tests.ussl_shim.oracle.rows import CLIENT_ROWS, SERVER_ROWS, Row, ServerRow, seen
from tests.ussl_shim.peers import Peer

RAW = {
    "http": peers.answer(b"HTTP/1.0 400 Bad Request\r\n\r\n"),
    "banner": peers.answer(b"220 ready to serve\r\n", listen_first=False),
    "garbage-record": peers.answer(bytes.fromhex("1603030020") + bytes(range(1, 33))),
    "record-too-big": peers.answer(bytes.fromhex("160303ffff") + bytes(64)),
    "close-notify": peers.answer(bytes.fromhex("15030300020100")),
    "appdata": peers.answer(bytes.fromhex("1703030004") + b"data"),
    "fin": peers.answer(b""),
    "rst": peers.reset_after_hello,
    "silent": peers.silent,
    "3des": peers.refuse_without_suites(0x000A, 0x0016, 0xC008, 0xC012),
}
FORGETFUL = "forgetful"
TLS: dict[str, tuple[str, dict[str, Any], peers.TlsBehaviour]] = {
    "asks": ("good", {"ask": True, "require": True, "trust": "ca"}, peers.drain),
    "asks-tls10": ("good", {"ask": True, "require": True, "trust": "ca", "high": "TLSv1"}, peers.drain),
    "tls10": ("good", {"high": "TLSv1"}, peers.drain),
    "tls11": ("good", {"low": "TLSv1_1", "high": "TLSv1_1"}, peers.drain),
    "tls13": ("good", {"low": "TLSv1_3", "high": "TLSv1_3"}, peers.drain),
    "tls12-13": ("good", {"low": "TLSv1_2", "high": "TLSv1_3"}, peers.drain),
    "camellia": ("good", {"ciphers": "CAMELLIA"}, peers.drain),
    "chacha": ("good", {"ciphers": "CHACHA20"}, peers.drain),
    "static-rsa": ("good", {"ciphers": "AES128-SHA"}, peers.drain),
    "static-rsa-gcm": ("good", {"ciphers": "AES128-GCM-SHA256"}, peers.drain),
    "dhe": ("good", {"ciphers": "DHE-RSA-AES128-SHA", "dh": True}, peers.drain),
    "echo": ("good", {}, peers.echo),
    "echo-no-tickets": ("good", {"tickets": False}, peers.echo),
    "echo-tls10": ("good", {"high": "TLSv1", "tickets": False}, peers.echo),
    "good-silent": ("good", {}, peers.drain),
    "says-goodbye": ("good", {}, peers.say(b"hello", goodbye=True)),
    "says-fin": ("good", {}, peers.say(b"hello", goodbye=False)),
    "says-40000": ("good", {}, peers.say_and_stay(b"x" * 40000)),
}


@functools.cache
def _context(certs: Certificates, name: str, options: tuple[tuple[str, Any], ...]) -> ssl.SSLContext:
    settings = dict(options)
    if "trust" in settings:
        settings["trust"] = certs[settings["trust"]].pem
    return peers.server_context(certs[name], **settings)


@contextlib.contextmanager
def _peer(certs: Certificates, name: str) -> Iterator[Peer]:
    if name == "nobody":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = listener.getsockname()
        yield Peer(address)
        return
    if name in RAW:
        with peers.raw_server(RAW[name]) as peer:
            yield peer
        return
    identity, options, behave = TLS.get(name, (name, {}, peers.drain))
    contexts: ssl.SSLContext | list[ssl.SSLContext]
    if name == "echo-forgetful":
        contexts, behave = [peers.server_context(certs["good"]), peers.server_context(certs["good"])], peers.echo
    elif name == "echo-then-other":
        contexts, behave = [_context(certs, "good", ()), _context(certs, "other", ())], peers.echo
    else:
        contexts = _context(certs, identity, tuple(options.items()))
    with peers.tls_server(contexts, behave) as peer:
        yield peer


def _cases() -> Iterator[Any]:
    for row in CLIENT_ROWS:
        for path, outcome in (("wc", row.wc), ("cw", row.cw)):
            if outcome is not None:
                yield pytest.param(row, path, outcome, id=f"{row.id}/{path}")


@pytest.mark.parametrize(("row", "path", "outcome"), list(_cases()))
def test_client_row(row: Row, path: str, outcome: str, certs: Certificates) -> None:
    with _peer(certs, row.peer) as peer, Device(certs.files, expects_silence=outcome == "hangs") as device:
        script = Script(device, peer.address, path, row.call, row.later)
        assert script.run(row.steps) == outcome
        _facts(row, script)
        if script.conn is not None:
            script.conn.close()
    if outcome == "ok" and row.value is not None:
        assert script.value == row.value
    if row.peer_saw is not None:
        assert seen(peer.connections).error == row.peer_saw
    if row.resumed is not None:
        assert seen(peer.connections).resumed is row.resumed


def _facts(row: Row, script: Script) -> None:
    conn = script.conn
    if conn is None or conn.state != "open":
        return
    assert conn.version == (row.version or "TLSv1.2")
    if row.cipher is not None:
        assert conn.cipher == row.cipher
    if row.resumed is not None:
        assert conn.resumed is row.resumed


def _client(certs: Certificates, name: str, address: tuple[str, int]) -> contextlib.AbstractContextManager[Peer]:
    raw = {"hang-up": peers.hang_up, "silent": peers.silent, "http": peers.http_request}
    if name in raw:
        return peers.raw_client(address, raw[name])
    options: dict[str, dict[str, Any]] = {
        "tls10": {"high": "TLSv1"},
        "tls12": {"low": "TLSv1_2"},
        "tls13": {"low": "TLSv1_3", "high": "TLSv1_3"},
        "chacha": {"ciphers": "CHACHA20"},
        "trusting": {"trust": certs["ca"].pem},
        "wrong-name": {"trust": certs["ca"].pem, "check_name": True},
    }
    own: Issued | None = certs[name] if name.startswith("client") else None
    context = peers.client_context(**options.get(name, {}), own=own)
    return peers.tls_client(
        context, address, peers.ask_and_take(b"ping"), name="wrong.test" if name == "wrong-name" else None
    )


@pytest.mark.parametrize("row", SERVER_ROWS, ids=lambda row: row.id)
def test_server_row(row: ServerRow, certs: Certificates) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        _client(certs, row.client, listener.getsockname()) as peer,
        Device(certs.files, expects_silence=row.outcome == "hangs") as device,
    ):
        accepted, _ = listener.accept()
        script = Script(device, ("", 0), "server", {"server_side": True, **row.call}, {}, sock=device.adopt(accepted))
        steps = "wrap recv=100 send=pong" if row.outcome == "ok" else "wrap"
        assert script.run(steps) == row.outcome
        if row.outcome == "ok":
            assert script.conn is not None
            assert script.conn.version == (row.version or "TLSv1.2")
            assert script.conn.cipher == row.cipher
        if script.conn is not None:
            script.conn.close()
    if row.outcome == "ok":
        assert seen(peer.connections).data == b"pong"
    elif row.client_error is not None:
        assert seen(peer.connections).error == row.client_error
