"""Who is at the other end of a row: servers and clients by the names that the table gives them."""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import ssl
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates, Issued
from tests.ussl_shim.peers import Peer, Seen

LATE = 0.2
"""Seconds that a peer keeps quiet before it speaks after all."""
X25519_ALONE = {"x25519": "ECDHE:DHE", "x25519-ecdhe": "ECDHE"}
"""Servers whose only group is X25519, with the key exchanges they offer."""


def say_later(text: bytes, seconds: float) -> peers.TlsBehaviour:
    """Send ``text`` after a while and keep the connection until the device closes."""

    def behave(conn: ssl.SSLSocket, seen: Seen, peer: Peer) -> None:
        peer.release.wait(seconds)
        peers.say_and_stay(text)(conn, seen, peer)

    return behave


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
    "closes": peers.answer(b"", listen_first=False),
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
    "says-late": ("good", {}, say_later(b"late", LATE)),
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
def server(certs: Certificates, name: str) -> Iterator[Peer]:
    if name == "nobody":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = listener.getsockname()
        yield Peer(address)
        return
    if name in RAW:
        with peers.raw_server(RAW[name]) as peer:
            yield peer
        return
    if name in X25519_ALONE:
        with _x25519_server(certs, X25519_ALONE[name]) as peer:
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


def _x25519_server(certs: Certificates, ciphers: str) -> contextlib.AbstractContextManager[Peer]:
    if sys.version_info < (3, 11):  # its set_ecdh_curve knows no X25519
        return _x25519_program(certs, ciphers)
    context = peers.server_context(certs["good"], ciphers=ciphers, curve="X25519", dh=True)
    return peers.tls_server(context, peers.drain)


@contextlib.contextmanager
def _x25519_program(certs: Certificates, ciphers: str) -> Iterator[Peer]:
    from tests.ussl_shim.test_interop import s_server

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "good.pem").write_bytes(certs["good"].chain_pem)
        Path(folder, "good.key").write_bytes(certs["good"].key_pem)
        options = ("-rev", "-tls1_2", "-groups", "X25519", "-cipher", f"{ciphers}:@SECLEVEL=0")
        with s_server(Path(folder), *options) as (program, address):
            peer = Peer(address)
            yield peer
            seen = Seen(error="NO_SHARED_CIPHER")
            if "no shared cipher" not in program.await_text(r"Ciphersuite: \S+|no shared cipher"):
                found = re.search(r"Protocol version: (\S+)(?s:.*)Ciphersuite: (\S+)", program.output)
                assert found is not None
                seen = Seen(version=found.group(1), cipher=found.group(2), resumed=False)
        peer.connections.append(seen)


def client(certs: Certificates, name: str, address: tuple[str, int]) -> contextlib.AbstractContextManager[Peer]:
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
