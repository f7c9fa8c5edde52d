"""TLS servers and clients of the standard library, and raw ones, for the device to talk to.

Each runs in one thread on 127.0.0.1 and is over when its `with` block ends. Usable by any test::

    with tls_server(server_context(issued), echo) as peer:
        connect_to(peer.address)
    assert peer.connections[0].resumed is False
"""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
import struct
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ussl_shim import der

LIMIT = 20.0
"""Seconds after which a peer gives up; never reached by a passing test."""


@dataclass
class Seen:
    """What a peer saw of one connection."""

    version: str | None = None
    cipher: str | None = None
    resumed: bool | None = None
    sni: str | None = None
    error: str | None = None
    data: bytes = b""
    client_certificate: bool = False


@dataclass
class Peer:
    """A peer at ``address``; ``connections`` fills up as they end, so look after the `with` block."""

    address: tuple[str, int]
    connections: list[Seen] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    failures: list[BaseException] = field(default_factory=list)


TlsBehaviour = Callable[[ssl.SSLSocket, Seen, Peer], None]
RawBehaviour = Callable[[socket.socket, Seen, Peer], None]


def _loading(context: ssl.SSLContext, chain_pem: bytes, key_pem: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "own.pem")
        path.write_bytes(chain_pem + key_pem)
        context.load_cert_chain(path)


# Group 14 of RFC 3526: a prime of 2048 bits, so that no test has to search for one.
_MODP_2048 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)


def dh_parameters(prime: int = _MODP_2048) -> bytes:
    """Diffie-Hellman parameters as PEM."""
    body = der.encode(der.SEQUENCE, der.encode_integer(prime), der.encode_integer(2))
    text = base64.encodebytes(body).decode()
    return f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n".encode()


def _versions(context: ssl.SSLContext, low: str, high: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion[low]
        context.maximum_version = ssl.TLSVersion[high]


def server_context(
    issued: Any,
    *,
    low: str = "TLSv1",
    high: str = "TLSv1_2",
    ciphers: str = "ALL",
    tickets: bool = True,
    ask: bool = False,
    require: bool = False,
    trust: bytes | None = None,
    curve: str | None = None,
    dh: bool = False,
) -> ssl.SSLContext:
    """A server with this certificate (anything with ``chain_pem`` and ``key_pem``), at security level 0."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    _versions(context, low, high)
    _loading(context, issued.chain_pem, issued.key_pem)
    if not tickets:
        context.options |= ssl.OP_NO_TICKET
    if trust is not None:
        context.load_verify_locations(cadata=trust.decode())
        context.verify_mode = ssl.CERT_REQUIRED if require else ssl.CERT_OPTIONAL if ask else ssl.CERT_NONE
    if curve is not None:
        context.set_ecdh_curve(curve)
    if dh:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "dh.pem")
            path.write_bytes(dh_parameters())
            context.load_dh_params(str(path))
    return context


def client_context(
    *,
    trust: bytes | None = None,
    own: Any = None,
    low: str = "TLSv1",
    high: str = "TLSv1_2",
    ciphers: str = "ALL",
    check_name: bool = False,
) -> ssl.SSLContext:
    """A client; without ``trust`` it verifies nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_name
    context.verify_mode = ssl.CERT_NONE if trust is None else ssl.CERT_REQUIRED
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    _versions(context, low, high)
    if trust is not None:
        context.load_verify_locations(cadata=trust.decode())
    if own is not None:
        _loading(context, own.chain_pem, own.key_pem)
    return context


# Behaviours after the handshake


def _collect(conn: socket.socket, seen: Seen) -> None:
    with contextlib.suppress(OSError):
        while data := conn.recv(65536):
            seen.data += data


def drain(conn: ssl.SSLSocket, seen: Seen, peer: Peer) -> None:
    """Take whatever comes until the device closes."""
    _collect(conn, seen)


def echo(conn: ssl.SSLSocket, seen: Seen, peer: Peer) -> None:
    """Give back what comes, and answer a goodbye: without one the session would leave the server's cache."""
    with contextlib.suppress(OSError):
        while data := conn.recv(65536):
            seen.data += data
            conn.sendall(data)
        conn.unwrap()


def say(text: bytes, *, goodbye: bool) -> TlsBehaviour:
    """Send ``text``, then close_notify, or a bare FIN where ``goodbye`` is False."""

    def behave(conn: ssl.SSLSocket, seen: Seen, peer: Peer) -> None:
        conn.sendall(text)
        if goodbye:
            with contextlib.suppress(OSError):
                conn.unwrap()
        else:
            conn.shutdown(socket.SHUT_WR)
        _collect(conn, seen)

    return behave


def say_and_stay(text: bytes) -> TlsBehaviour:
    """Send ``text`` and keep the connection until the device closes."""

    def behave(conn: ssl.SSLSocket, seen: Seen, peer: Peer) -> None:
        conn.sendall(text)
        _collect(conn, seen)

    return behave


def say_when_released(text: bytes) -> TlsBehaviour:
    """Send ``text`` once ``peer.release`` is set."""

    def behave(conn: ssl.SSLSocket, seen: Seen, peer: Peer) -> None:
        peer.release.wait(LIMIT)
        with contextlib.suppress(OSError):
            conn.sendall(text)
        _collect(conn, seen)

    return behave


def reset(conn: socket.socket, seen: Seen, peer: Peer) -> None:
    """Close with a TCP reset."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        # An SSLSocket's close would not send the reset before its own bookkeeping ends; detach and close do.
        socket.socket(fileno=conn.detach()).close()


# Behaviours without TLS


def _until_fin(conn: socket.socket, seen: Seen) -> None:
    _collect(conn, seen)


def first_flight(conn: socket.socket) -> bytes:
    """The device's first bytes."""
    return conn.recv(65536)


def answer(data: bytes, *, listen_first: bool = True) -> RawBehaviour:
    """Send ``data`` after (or before) the device's first bytes, FIN, and drain."""

    def behave(conn: socket.socket, seen: Seen, peer: Peer) -> None:
        if listen_first:
            seen.data += first_flight(conn)
        conn.sendall(data)
        conn.shutdown(socket.SHUT_WR)
        _until_fin(conn, seen)

    return behave


def silent(conn: socket.socket, seen: Seen, peer: Peer) -> None:
    """Accept, and say nothing until the device closes."""
    _until_fin(conn, seen)


def reset_after_hello(conn: socket.socket, seen: Seen, peer: Peer) -> None:
    """Reset once the device has spoken."""
    seen.data += first_flight(conn)
    reset(conn, seen, peer)


def refuse_without_suites(*wanted: int) -> RawBehaviour:
    """Answer handshake_failure unless one of these suites is offered: a server that has no other."""

    def behave(conn: socket.socket, seen: Seen, peer: Peer) -> None:
        hello = first_flight(conn)
        at = 44 + hello[43]
        size = int.from_bytes(hello[at : at + 2], "big")
        offered = {int.from_bytes(hello[at + 2 + i : at + 4 + i], "big") for i in range(0, size, 2)}
        seen.data += hello
        if offered.isdisjoint(wanted):
            conn.sendall(bytes.fromhex("15030300020228"))
        conn.shutdown(socket.SHUT_WR)
        _until_fin(conn, seen)

    return behave


# Running them


class _Acceptor(threading.Thread):
    """One listening socket, connections one after another."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        super().__init__(name="peer", daemon=True)
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._wake, self._woken = socket.socketpair()
        self._current: socket.socket | None = None
        self._lock = threading.Lock()
        self.address: tuple[str, int] = self._listener.getsockname()

    def run(self) -> None:
        while True:
            ready, _, _ = select.select([self._listener, self._woken], [], [])
            if self._woken in ready:
                return
            conn, _ = self._listener.accept()
            conn.settimeout(LIMIT)
            with conn:
                self._serve(conn)

    def finish(self) -> None:
        self._wake.send(b"x")
        self.join(LIMIT)
        for sock in (self._listener, self._wake, self._woken):
            sock.close()
        assert not self.is_alive(), "the peer is still busy: the test left its connection open"


@contextlib.contextmanager
def _running(peer: Peer, serve: Callable[[socket.socket], None]) -> Iterator[Peer]:
    def guarded(conn: socket.socket) -> None:
        try:
            serve(conn)
        except Exception as exc:  # noqa: BLE001 - reported at the end
            peer.failures.append(exc)

    acceptor = _Acceptor(guarded)
    peer.address = acceptor.address
    acceptor.start()
    try:
        yield peer
    finally:
        peer.release.set()
        acceptor.finish()
    if peer.failures:
        raise AssertionError(f"the peer failed: {peer.failures!r}")


@contextlib.contextmanager
def tls_server(contexts: ssl.SSLContext | list[ssl.SSLContext], behave: TlsBehaviour = drain) -> Iterator[Peer]:
    """A TLS server; with a list, each connection has the next context and the last one stays."""
    queue = list(contexts) if isinstance(contexts, list) else [contexts]
    peer = Peer(("", 0))

    def serve(raw: socket.socket) -> None:
        context = queue.pop(0) if len(queue) > 1 else queue[0]
        seen = Seen()
        context.sni_callback = lambda _conn, name, _context: setattr(seen, "sni", name)
        try:
            _tls(context, raw, seen, peer, behave, server_side=True)
        finally:
            peer.connections.append(seen)

    with _running(peer, serve):
        yield peer


def _tls(
    context: ssl.SSLContext, raw: socket.socket, seen: Seen, peer: Peer, behave: TlsBehaviour, **options: Any
) -> None:
    conn = context.wrap_socket(raw, do_handshake_on_connect=False, **options)
    try:
        conn.do_handshake()
    except OSError as exc:
        seen.error = getattr(exc, "reason", None) or type(exc).__name__
        # FIN rather than a reset, so that the alert arrives.
        with contextlib.suppress(OSError):
            conn.shutdown(socket.SHUT_WR)
        _collect(conn, Seen())
    else:
        seen.version, seen.resumed = conn.version(), conn.session_reused
        found = conn.cipher()
        seen.cipher = found[0] if found else None
        seen.client_certificate = conn.getpeercert(True) is not None
        behave(conn, seen, peer)
    finally:
        conn.close()


@contextlib.contextmanager
def raw_server(behave: RawBehaviour) -> Iterator[Peer]:
    """A server that speaks no TLS."""
    peer = Peer(("", 0))

    def serve(conn: socket.socket) -> None:
        seen = Seen()
        try:
            behave(conn, seen, peer)
        finally:
            peer.connections.append(seen)

    with _running(peer, serve):
        yield peer


@contextlib.contextmanager
def _client(address: tuple[str, int], talk: Callable[[socket.socket, Seen, Peer], None]) -> Iterator[Peer]:
    peer = Peer(address)

    def run() -> None:
        seen = Seen()
        try:
            with socket.create_connection(address, LIMIT) as raw:
                talk(raw, seen, peer)
        except Exception as exc:  # noqa: BLE001 - reported at the end
            peer.failures.append(exc)
        finally:
            peer.connections.append(seen)

    thread = threading.Thread(target=run, name="peer client", daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.release.set()
        thread.join(LIMIT)
        assert not thread.is_alive(), "the client is still busy: the test left its connection open"
    if peer.failures:
        raise AssertionError(f"the client failed: {peer.failures!r}")


@contextlib.contextmanager
def tls_client(
    context: ssl.SSLContext, address: tuple[str, int], behave: TlsBehaviour = drain, *, name: str | None = None
) -> Iterator[Peer]:
    """A TLS client that connects at once."""

    def talk(raw: socket.socket, seen: Seen, peer: Peer) -> None:
        _tls(context, raw, seen, peer, behave, server_side=False, server_hostname=name)

    with _client(address, talk) as peer:
        yield peer


@contextlib.contextmanager
def raw_client(address: tuple[str, int], behave: RawBehaviour) -> Iterator[Peer]:
    """A client that speaks no TLS."""
    with _client(address, behave) as peer:
        yield peer


def ask_and_take(text: bytes) -> TlsBehaviour:
    """Client: send ``text`` and take the answer until the device closes."""

    def behave(conn: ssl.SSLSocket, seen: Seen, peer: Peer) -> None:
        with contextlib.suppress(OSError):
            conn.sendall(text)
        _collect(conn, seen)

    return behave


def hang_up(conn: socket.socket, seen: Seen, peer: Peer) -> None:
    """Close at once."""


def http_request(conn: socket.socket, seen: Seen, peer: Peer) -> None:
    """Speak HTTP where TLS is expected."""
    conn.sendall(b"GET / HTTP/1.0\r\nHost: device\r\n\r\n")
    _collect(conn, seen)
