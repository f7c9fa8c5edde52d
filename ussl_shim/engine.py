"""The host's TLS library behind a small interface: `ssl` over memory BIOs. The only module that imports `ssl`.

The library does the cryptography of the wire and nothing else: it verifies no certificate, because `trust` does that by
the board's rules. Contexts are the board's: TLS 1.0 to 1.2, AES only, no renegotiation.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import secrets
import ssl
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

# The board's suites in its order of preference, less static ECDH, which OpenSSL dropped
# (board: mbedTLS ssl_ciphersuites.c).
_SUITES: Final = (
    ":".join(
        f"{exchange}{cipher}"
        for bits in (256, 128)
        for cipher in (
            f"AES{bits}-GCM-SHA{384 if bits == 256 else 256}",
            f"AES{bits}-CCM",
            f"AES{bits}-SHA{384 if bits == 256 else 256}",
            f"AES{bits}-SHA256",
            f"AES{bits}-SHA",
            f"AES{bits}-CCM8",
        )
        for exchange in ("ECDHE-ECDSA-", "ECDHE-RSA-", "DHE-RSA-")
    )
    + ":"
    + ":".join(
        f"AES{bits}-{cipher}"
        for bits in (256, 128)
        for cipher in (f"GCM-SHA{384 if bits == 256 else 256}", "CCM", "SHA256", "SHA", "CCM8")
    )
)
_LEVEL: Final = "@SECLEVEL=0"
GROUPS: Final = (
    "P-521:brainpoolP512r1:P-384:brainpoolP384r1:P-256:secp256k1:brainpoolP256r1:P-224:secp224k1:P-192:secp192k1",
    "P-521:P-384:P-256:secp256k1",
    "P-521:brainpoolP512r1:P-384:brainpoolP384r1:P-256:brainpoolP256r1",
    "P-521:P-384:P-256",
)
"""The board's groups in its order of preference, no X25519 (board: mbedTLS ecp_curves.c); then less and less of them.

A list with a name that the library lacks is refused whole, so the first that it takes counts.
"""
_LEGACY_SERVER_CONNECT: Final = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, named from 3.12 on; the board allows such servers
_PARTIAL_CHAIN: Final = 0x80000
_NO_CHECK_TIME: Final = 0x200000
_DH_GROUP: Final = str(Path(__file__).parent / "data" / "modp2048.pem")
_TRUSTED_FOR_CLIENTS: Final = bytes.fromhex("300c300a06082b06010505070302")
"""The note after a certificate, as OpenSSL keeps it, that it is trusted as a TLS client's: its own purpose counts no more."""
_CACHE_SIZE: Final = 32
UNUSABLE_IDENTITY: Final = "UNUSABLE_IDENTITY"
"""The reason of an `EngineError` where the library cannot load the board's own certificate or key."""


class _HostFiles:
    """The host's own file calls, kept from import on: a test that patches `os` must not redirect a private key."""

    memfd_create: Callable[..., int] | None = staticmethod(os.memfd_create) if hasattr(os, "memfd_create") else None
    open = staticmethod(os.open)
    write = staticmethod(os.write)
    close = staticmethod(os.close)
    unlink = staticmethod(os.unlink)
    stat = staticmethod(os.stat)
    directory = staticmethod(tempfile.gettempdir)


# Only the owner may open it; never inherited; as it is on Windows.
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_SEPARATOR: Final = os.sep


@dataclass(frozen=True)
class Identity:
    """What the board shows as its own: PEM text of the chain, and its key as PEM, encrypted if a password is given.

    ``secret`` is False where the key is a stand-in that nobody needs to hide.
    """

    chain: bytes
    key: Callable[[bytes | None], bytes]
    fingerprint: bytes
    secret: bool = True

    def __repr__(self) -> str:
        return f"<Identity {self.fingerprint.hex()[:12]}>"


def fingerprint(*parts: bytes) -> bytes:
    """A digest to tell contents apart."""
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


class EngineError(Exception):
    """The TLS library gave up: its ``reason``, such as ``NO_SHARED_CIPHER``."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class SavedTls:
    """A TLS session and the context it belongs to; the host's library asks for both together."""

    session: Any
    context: Any


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[_HostFiles.write(descriptor, view) :]


@contextlib.contextmanager
def _memory_file(data: bytes) -> Iterator[str | None]:
    """A path to ``data`` that exists in memory only, or None where the host has no such thing."""
    if _HostFiles.memfd_create is None:
        yield None
        return
    try:
        descriptor = _HostFiles.memfd_create("ussl")
    except OSError:
        yield None
        return
    try:
        _write_all(descriptor, data)
        yield _proc_path(descriptor)
    finally:
        _HostFiles.close(descriptor)


def _proc_path(descriptor: int) -> str | None:
    path = f"/proc/self/fd/{descriptor}"
    try:
        _HostFiles.stat(path)
    except OSError:
        return None
    return path


@contextlib.contextmanager
def _temporary_file(data: bytes) -> Iterator[str]:
    """A path to ``data``, on disk until the block ends."""
    path = f"{_HostFiles.directory()}{_SEPARATOR}ussl-{secrets.token_hex(16)}.pem"
    descriptor = _HostFiles.open(path, _NEW_FILE, 0o600)
    try:
        try:
            _write_all(descriptor, data)
        finally:
            _HostFiles.close(descriptor)
        yield path
    finally:
        _HostFiles.unlink(path)


@contextlib.contextmanager
def _readable_file(public: bytes) -> Iterator[str]:
    """A path to something that is no secret, in memory where the host can do that."""
    with _memory_file(public) as path:
        if path is not None:
            yield path
            return
    with _temporary_file(public) as path:
        yield path


def _load_through_file(context: ssl.SSLContext, identity: Identity) -> None:
    """By a temporary file that is gone at once; a key that matters is encrypted with a password used only here."""
    password = secrets.token_hex(32).encode() if identity.secret else None
    with _temporary_file(identity.chain + identity.key(password)) as path:
        context.load_cert_chain(path, password=password)


def _load_identity(context: ssl.SSLContext, identity: Identity) -> None:
    """Give the context the board's own certificate. Raises `EngineError` where the library is stricter than the board."""
    try:
        _load_by_any_means(context, identity)
    except ssl.SSLError as exc:
        raise EngineError(UNUSABLE_IDENTITY, str(exc)) from exc


def _load_by_any_means(context: ssl.SSLContext, identity: Identity) -> None:
    if _HostFiles.memfd_create is not None:
        with _memory_file(identity.chain + identity.key(None)) as path:
            if path is not None:
                context.load_cert_chain(path)
                return
    _load_through_file(context, identity)


def _use_board_groups(context: Any) -> None:
    """Offer the board's groups, where CPython has a way to say so: from 3.15 on. Before, only a whole process can."""
    set_groups = getattr(context, "set_groups", None)
    if set_groups is None:
        return
    for groups in GROUPS:
        with contextlib.suppress(ssl.SSLError):
            set_groups(groups)
            return


def _context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    if protocol == ssl.PROTOCOL_TLS_CLIENT:
        context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # MINIMUM_SUPPORTED is TLS 1.0 here, as an option switches SSL 3 off; naming TLS 1.0 would raise a warning.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_SSLv3 | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | _LEGACY_SERVER_CONNECT
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    with contextlib.suppress(ssl.SSLError):
        # A word in the host's openssl.cnf that the library does not know leaves an error in the thread's queue, and the
        # next read of another connection would raise it. Refusing a list of suites empties the queue.
        context.set_ciphers("NONE")
    context.set_ciphers(f"{_SUITES}:{_LEVEL}")
    _use_board_groups(context)
    return context


class _Contexts:
    """Client contexts by the content of the board's own certificate and key; making one costs 0.8 ms."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, ssl.SSLContext] = OrderedDict()

    def client(self, identity: Identity | None) -> ssl.SSLContext:
        name = identity.fingerprint if identity else b""
        with self._lock:
            context = self._known.get(name)
            if context is not None:
                self._known.move_to_end(name)
                return context
        context = _context(ssl.PROTOCOL_TLS_CLIENT)
        if identity:
            _load_identity(context, identity)
        with self._lock:
            self._known[name] = context
            while len(self._known) > _CACHE_SIZE:
                self._known.popitem(last=False)
        return context


_CONTEXTS: Final = _Contexts()


def _server_context(identity: Identity, *, ask: bool, exchanges: Collection[str] | None) -> ssl.SSLContext:
    """A context for one connection: as a server the board never resumes, and the client's leaf becomes an anchor."""
    context = _context(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_TICKET
    if exchanges:
        context.set_ciphers(
            ":".join([*(suite for suite in _SUITES.split(":") if _exchange(suite) in exchanges), _LEVEL])
        )
    if exchanges is None or "DHE-RSA" in exchanges:
        context.load_dh_params(_DH_GROUP)
    _load_identity(context, identity)
    if ask:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.verify_flags |= ssl.VerifyFlags(_PARTIAL_CHAIN | _NO_CHECK_TIME)
    return context


def _exchange(suite: str) -> str:
    """``ECDHE-RSA-AES128-CCM`` -> ``ECDHE-RSA``; a name without one exchanges keys by RSA."""
    return suite.partition("-AES")[0] if "-AES" in suite else "RSA"


def _server_name(host: bytes | None) -> str | None:
    """What can be sent as SNI. The host's library refuses an empty name, a leading dot and anything but ASCII."""
    if not host or host.startswith(b".") or not host.isascii():
        return None
    return host.decode("ascii")


class Engine:
    """One TLS connection without a network: bytes from the peer go in by `feed`, bytes for it come out by `take`."""

    def __init__(
        self,
        *,
        server_side: bool,
        identity: Identity | None = None,
        ask_certificate: bool = False,
        exchanges: Collection[str] | None = None,
        host: bytes | None = None,
        saved: SavedTls | None = None,
    ) -> None:
        """``exchanges`` are the key exchanges a server may use, by OpenSSL's names; None: all.

        Raises `EngineError` where the library cannot load ``identity``.
        """
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        if server_side:
            if identity is None:
                raise ValueError("a server needs a certificate")
            self._context = _server_context(identity, ask=ask_certificate, exchanges=exchanges)
            self._object = self._context.wrap_bio(self._incoming, self._outgoing, server_side=True)
            return
        self._context = _CONTEXTS.client(identity)
        # A session is accepted only by its own context, so begin there and then change over.
        first = saved.context if saved else self._context
        self._object = self._wrap_client(first, host)
        if saved:
            self._object.session = saved.session
            self._object.context = self._context

    def _wrap_client(self, context: ssl.SSLContext, host: bytes | None) -> ssl.SSLObject:
        name = _server_name(host)
        if name is not None:
            # As bytes, so that the name is sent as it is; `ssl` would apply IDNA to a str and refuse long labels.
            with contextlib.suppress(ValueError):
                return context.wrap_bio(self._incoming, self._outgoing, server_hostname=name.encode())
        return context.wrap_bio(self._incoming, self._outgoing)

    def handshake(self) -> bool:
        """One step; True when it is finished, False when more bytes are needed. Raises `EngineError`."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as exc:
            raise _translate(exc) from exc
        return True

    def accept_leaf(self, leaf: bytes) -> None:
        """Server side: make the library accept this client certificate (DER), which has been judged already.

        Without the note the library would refuse one that is not meant for clients.
        """
        text = base64.encodebytes(leaf + _TRUSTED_FOR_CLIENTS)
        pem = b"-----BEGIN TRUSTED CERTIFICATE-----\n" + text + b"-----END TRUSTED CERTIFICATE-----\n"
        with contextlib.suppress(ssl.SSLError), _readable_file(pem) as path:
            self._context.load_verify_locations(cafile=path)

    def feed(self, data: bytes) -> None:
        """Bytes from the peer."""
        self._incoming.write(data)

    def take(self) -> bytes:
        """Bytes for the peer."""
        return self._outgoing.read()

    def read(self, size: int) -> bytes | None:
        """Plain bytes of at most one record; None: more is needed, ``b""``: close_notify. Raises `EngineError`."""
        try:
            return self._object.read(size)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLError as exc:
            raise _translate(exc) from exc

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Encrypt. Raises `EngineError`."""
        try:
            return self._object.write(data)
        except ssl.SSLError as exc:
            raise _translate(exc) from exc

    def close(self) -> None:
        """Queue close_notify."""
        with contextlib.suppress(ssl.SSLError, ValueError):
            self._object.unwrap()

    def save(self) -> SavedTls:
        """The session, for `saved` of a later client."""
        return SavedTls(self._object.session, self._context)

    @property
    def resumed(self) -> bool:
        return bool(self._object.session_reused)

    @property
    def version(self) -> str | None:
        return self._object.version()

    @property
    def cipher(self) -> str | None:
        found = self._object.cipher()
        return found[0] if found else None


_REASON: Final = re.compile(r"\[(?:SSL|X509)[^\]]*?: ([A-Z0-9_]+)\]")


def _translate(exc: ssl.SSLError) -> EngineError:
    reason = getattr(exc, "reason", None) or ""
    if not reason:
        found = _REASON.search(str(exc))
        reason = found.group(1) if found else type(exc).__name__
    return EngineError(reason.replace(" ", "_").upper(), str(exc))
