"""One TLS connection: the pump between the transport and the TLS library. The only place that waits.

The lock is held for each step and never while waiting, so one thread may send while another receives.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Final, Literal

from flashfs.notes import Note
from ussl_shim import certificate, errors, hello, notes, peerchain, results, trust
from ussl_shim.certificate import CertificateError, KeyKind
from ussl_shim.engine import Engine, EngineError
from ussl_shim.environment import Environment, Transport
from ussl_shim.names import sni_obstacle
from ussl_shim.peerchain import BAD_SIGNATURES, DECRYPT_ERROR, Ending, PeerChain, UnreadableError
from ussl_shim.plan import Plan
from ussl_shim.quirks import (
    HANDSHAKE_TIMEOUT_IGNORED,
    READ_TIMEOUT_LOSES_DATA,
    RECV_NONBLOCKING_BLOCKS,
    RECV_NOTHING_WAITS,
)
from ussl_shim.records import (
    CERTIFICATE_VERIFY,
    MAX_CONTENT,
    SERVER_HELLO_DONE,
    SERVER_KEY_EXCHANGE,
    STATIC_ECDH_SUITES,
    Fault,
    HandshakeReader,
    Pass,
    PeerCertificates,
    Reached,
    proves_key,
)
from ussl_shim.results import Alert, Flag, Mode, Path
from ussl_shim.session import Session

Data = bytes | bytearray | memoryview
_CHUNK: Final = 65536
_TURNS: Final = 256
"""How often a receive looks for more without letting other threads have their turn."""
NO_DESCRIPTOR: Final = -1
"""What ``do_handshake`` raises after ``close`` (firmware: esp32/mods/lwipsocket.c, from fcntl)."""
ACCESS_DENIED: Final = 49
"""The alert after a chain that is too long (board: mbedTLS ssl_tls.c, measured)."""

# What the host's library says when no record told the story: its reason -> the board's number (board: mbedTLS).
_REASONS: Final[tuple[tuple[str, int], ...]] = (
    ("NO_SHARED_CIPHER", errors.SSL_NO_CIPHER_CHOSEN),
    ("NO_PROTOCOLS_AVAILABLE", errors.SSL_NO_CIPHER_CHOSEN),
    ("NO_SUITABLE", errors.SSL_NO_CIPHER_CHOSEN),
    ("UNSUPPORTED_PROTOCOL", errors.SSL_BAD_HS_PROTOCOL_VERSION),
    ("WRONG_SSL_VERSION", errors.SSL_BAD_HS_PROTOCOL_VERSION),
    ("VERSION_TOO_LOW", errors.SSL_BAD_HS_PROTOCOL_VERSION),
    ("PEER_DID_NOT_RETURN", errors.SSL_NO_CLIENT_CERTIFICATE),
    ("DECRYPTION_FAILED", errors.SSL_INVALID_MAC),
    ("BAD_DECRYPT", errors.SSL_INVALID_MAC),
    ("DIGEST_CHECK_FAILED", errors.SSL_BAD_HS_FINISHED),
    ("CERTIFICATE_VERIFY_FAILED", errors.X509_CERT_VERIFY_FAILED),
    ("DH_KEY_TOO_SMALL", errors.SSL_BAD_HS_SERVER_KEY_EXCHANGE),
    ("WRONG_CURVE", errors.SSL_BAD_HS_SERVER_KEY_EXCHANGE),
    ("WRONG_CIPHER", errors.SSL_BAD_HS_SERVER_HELLO),
    ("UNKNOWN_CIPHER_RETURNED", errors.SSL_BAD_HS_SERVER_HELLO),
    ("BAD_EXTENSION", errors.SSL_BAD_HS_SERVER_HELLO),
    ("WRONG_VERSION_NUMBER", errors.SSL_INVALID_RECORD),
    ("HTTP_REQUEST", errors.SSL_BAD_HS_CLIENT_HELLO),
    ("_ALERT_", errors.SSL_FATAL_ALERT_MESSAGE),
    ("CCS_RECEIVED_EARLY", errors.SSL_UNEXPECTED_MESSAGE),
    ("UNEXPECTED", errors.SSL_UNEXPECTED_MESSAGE),
)
# The same reason has another number where the board is the server.
_SERVER_REASONS: Final[tuple[tuple[str, int], ...]] = (
    ("UNSUPPORTED_PROTOCOL", errors.SSL_NO_CIPHER_CHOSEN),
    ("VERSION_TOO_LOW", errors.SSL_BAD_HS_PROTOCOL_VERSION),
    ("BAD_EXTENSION", errors.SSL_BAD_HS_CLIENT_HELLO),
)

_KEY_EXCHANGE_ALERTS: Final[dict[int, int]] = {
    errors.SSL_BAD_HS_SERVER_KEY_EXCHANGE: Alert.ILLEGAL_PARAMETER,
    **dict.fromkeys(BAD_SIGNATURES.values(), DECRYPT_ERROR),
}
"""The alert for a ServerKeyExchange, where the TLS library has others (board: mbedTLS ssl_cli.c, measured)."""


def number_for(reason: str, *, server_side: bool, peer_key: KeyKind | None = None, malformed: int | None = None) -> int:
    """The board's number for a reason of the host's TLS library.

    ``peer_key`` is the kind of key in the peer's certificate. Where no number fits, it is ``malformed``, the one for a
    message that makes no sense, or else that for a record that does not decrypt.
    """
    # The board looks at the signature first, and who sends a point that is none has not signed it either.
    if peer_key is not None and ("BAD_SIGNATURE" in reason or ("BAD_ECPOINT" in reason and not server_side)):
        return BAD_SIGNATURES[peer_key]
    table = (*_SERVER_REASONS, *_REASONS) if server_side else _REASONS
    return next((number for part, number in table if part in reason), malformed or errors.SSL_INVALID_MAC)


State = Literal["new", "open", "failed", "closed"]
_STATES: Final[dict[State, str]] = {
    "new": "that is not connected",
    "open": "that is connected already",
    "failed": "whose handshake failed",
    "closed": "that is closed",
}
_MISUSE_FIXES: Final[dict[State, str]] = {
    "new": "connect() first",
    "open": "do it once",
    "failed": "catch the exception of the handshake, and begin again with a new socket",
    "closed": "do it before close()",
}


class _TimeIsUp(Exception):
    """A wait ended because of its deadline."""


class Connection:
    """An ssl socket of the board over a byte stream.

    Errors of the board are made by the environment: numbers of the TLS library are negative, those of TCP positive.
    What the transport's ``wait`` raises passes through and leaves the connection usable.
    """

    def __init__(self, plan: Plan, transport: Transport, env: Environment) -> None:
        self._plan = plan
        self._transport = transport
        self._env = env
        self._lock = threading.RLock()
        self._state: State = "new"
        self._engine: Engine | None = None
        self._reader = HandshakeReader(
            server_side=plan.server_side,
            asks=plan.mode is not Mode.NONE,
            own=plan.own_chain[0] if plan.own_chain else None,
            resumes=plan.session is not None,
        )
        self._peer_key: KeyKind | None = None
        self._ending: Ending | None = None
        self._heard = False
        self._out = bytearray()
        self._plain = b""
        self._taken = 0
        self._fin = False
        self._broken: int | None = None
        self._flags = plan.session.flags if plan.session else 0
        self._failure: int | None = None
        self._timeout: float | None = None
        self._noted: set[str] = set()

    # Facts

    @property
    def state(self) -> State:
        """``new``, ``open``, ``failed`` (the handshake did) or ``closed``."""
        return self._state

    @property
    def flags(self) -> int:
        """The verification result: 0, or the faults added up."""
        return self._flags

    @property
    def version(self) -> str | None:
        """``TLSv1.2``, or None before the handshake."""
        return self._engine.version if self._engine else None

    @property
    def cipher(self) -> str | None:
        """OpenSSL's name of the cipher suite, or None before the handshake."""
        return self._engine.cipher if self._engine else None

    @property
    def resumed(self) -> bool:
        """True where the handshake resumed the plan's session."""
        return self._engine is not None and self._engine.resumed

    # The handshake

    def handshake(self, path: Path) -> None:
        """Shake hands over the connected transport. ``path`` is where: it decides how bad certificates are reported.

        Raises what ``env.error`` makes of the board's number; -26624 after the plan's timeout in seconds.
        """
        deadline = None if self._plan.timeout is None else self._transport.monotonic() + self._plan.timeout
        with self._lock:
            if self._state != "new":
                raise self._misused("the handshake")
            obstacle = None if self._plan.server_side else sni_obstacle(self._plan.host)
            if obstacle is not None:
                self._note(notes.name_not_sent(self._transport.peer, self._plan.host or b"", obstacle))
            try:
                self._engine = self._new_engine()
            except EngineError as exc:
                remark = "the host's TLS library cannot load the board's own certificate, which the board might use"
                raise self._fail(Fault(errors.X509_INVALID_FORMAT, None, remark)) from exc
        done, progressed = False, True
        while True:
            with self._lock:
                engine = self._live_engine()
                if progressed:
                    done = self._handshake_step(engine)
                flushed = not self._out or self._flush_or_fail()
                progressed = not done and self._receive_handshake(engine)
            if done and flushed:
                break
            if not progressed:
                self._handshake_wait(read=not done, write=not flushed, deadline=deadline)
            elif deadline is not None and self._transport.monotonic() >= deadline:
                raise self._out_of_time()  # a peer that never falls silent
        self._finish(path)

    def do_handshake(self) -> None:
        """Check the result of the finished handshake again, as the board does. Raises when it is not 0.

        -78 where not connected, since nothing can be sent; -1 after `close`, since there is no descriptor to make blocking.
        """
        if self._state == "failed":
            raise self._env.error(self._failure if self._failure is not None else errors.SSL_BAD_INPUT_DATA)
        if self._state != "open":
            raise self._env.error(errors.NET_SEND_FAILED if self._state == "new" else NO_DESCRIPTOR)
        number = results.outcome("connect", self._plan.cert_reqs, self._flags)
        if number is not None:
            raise self._env.error(number)

    def _new_engine(self) -> Engine:
        plan = self._plan
        return Engine(
            server_side=plan.server_side,
            identity=plan.identity,
            ask_certificate=plan.server_side and plan.mode is not Mode.NONE,
            exchanges=hello.exchanges_of(plan.own_chain[0]) if plan.server_side and plan.own_chain else None,
            host=None if plan.server_side else plan.host,
            saved=plan.session.tls if plan.session else None,
        )

    def _handshake_step(self, engine: Engine) -> bool:
        """Let the TLS library act on what has arrived, under the lock; True when it has finished."""
        try:
            done = engine.handshake()
        except EngineError as exc:
            reply = engine.take()
            malformed = self._reader.malformed
            number = number_for(
                exc.reason,
                server_side=self._plan.server_side,
                peer_key=self._peer_key,
                malformed=malformed,
            )
            in_clear = malformed is not None and not self._plan.server_side
            alert = _KEY_EXCHANGE_ALERTS.get(number) if in_clear else None
            if alert is None:
                self._out += reply
            raise self._fail(Fault(number, alert, f"the TLS library says {exc.reason}")) from exc
        flight = engine.take()
        if self._plan.key_fault is not None and proves_key(flight):
            raise self._fail(Fault(self._plan.key_fault))
        self._out += flight
        return done

    def _live_engine(self) -> Engine:
        engine = self._engine
        if engine is None or self._state in ("failed", "closed"):
            raise self._misused("the handshake")
        return engine

    def _flush_or_fail(self) -> bool:
        """Send what is queued. A peer that refused and hung up may have left an alert: look before giving up."""
        try:
            return self._flush()
        except OSError as exc:
            reset = isinstance(exc, ConnectionResetError | BrokenPipeError)
            number = errors.NET_CONN_RESET if reset else errors.NET_SEND_FAILED
            self._out.clear()
            self._last_words(self._live_engine())
            raise self._fail(Fault(number, None, _host_text(exc)), closed_by="the peer closed first") from exc

    def _last_words(self, engine: Engine) -> None:
        """Act on what a peer said before the connection broke; what ended it is known already, so not on the end."""
        while True:
            try:
                data = self._transport.recv(_CHUNK)
            except OSError:
                return
            if not data:
                return
            self._act_on(engine, data)

    def _receive_handshake(self, engine: Engine) -> bool:
        """Take what has arrived and act on it; False when nothing has."""
        try:
            data = self._transport.recv(_CHUNK)
        except BlockingIOError:
            return False
        except OSError as exc:
            reset = isinstance(exc, ConnectionResetError)
            number = errors.NET_CONN_RESET if reset else errors.NET_RECV_FAILED
            raise self._fail(Fault(number, None, _host_text(exc)), closed_by="the peer reset" * reset) from exc
        if not data:
            raise self._fail(Fault(errors.SSL_CONN_EOF), closed_by="the peer closed its side (FIN)")
        self._act_on(engine, data)
        return True

    def _act_on(self, engine: Engine, data: bytes) -> None:
        self._heard = True
        for event in self._reader.feed(data):
            if isinstance(event, Pass):
                if self._ending is None:
                    engine.feed(event.data)
            elif isinstance(event, PeerCertificates):
                self._judge(engine, event.chain)
                self._check_agreement()
            elif isinstance(event, Reached):
                self._end_at(event.kind)
            else:
                if event.by_library:
                    with contextlib.suppress(EngineError):
                        engine.handshake()
                    self._out += engine.take()
                raise self._fail(event)

    def _handshake_wait(self, *, read: bool, write: bool, deadline: float | None) -> None:
        if deadline is None:
            self._transport.wait(read=read, write=write, timeout=None)
            return
        left = deadline - self._transport.monotonic()
        if left > 0 and self._transport.wait(read=read, write=write, timeout=left):
            return
        raise self._out_of_time()

    def _out_of_time(self) -> Exception:
        """End the handshake for its seconds; gives the exception to raise."""
        seconds = self._plan.timeout or 0
        what = "it was not over after" if self._heard else "nothing came for"
        with self._lock:
            exc = self._fail(Fault(errors.SSL_TIMEOUT, None, f"{what} {seconds:g} s"))
        title = f"{self._transport.peer}: the handshake was given up after {seconds:g} s"
        self._note(notes.quirk(HANDSHAKE_TIMEOUT_IGNORED, title))
        return exc

    def _finish(self, path: Path) -> None:
        plan, peer = self._plan, self._transport.peer
        with self._lock:
            if self._state == "closed":
                raise self._misused("the handshake")  # another thread closed it
            self._state = "open"
        if plan.server_side and plan.mode is Mode.NONE:
            self._flags = Flag.SKIPPED
        judged = self._reader.saw_certificate and plan.mode is not Mode.NONE
        if self.resumed and plan.mode is not Mode.NONE:
            self._note(notes.resumed_unchecked(peer))
        elif plan.mode is Mode.NONE and not plan.server_side:
            self._note(notes.unverified(peer, ca_given=plan.ca_ignored))
        elif plan.host is None and not plan.server_side and not self._flags:
            self._note(notes.name_unchecked(peer))
        number = results.outcome(path, plan.cert_reqs, self._flags)
        if number is not None:
            if not judged:
                self._note(notes.stored_flags(peer, self._flags))
            raise self._env.error(number)

    # Judging the peer's certificates

    def _judge(self, engine: Engine, chain: tuple[bytes, ...]) -> None:
        """Look at the peer's certificates before the TLS library does. Raises to end the handshake."""
        plan = self._plan
        if not chain:
            self._judge_missing()
            return
        try:
            taken = peerchain.read(chain)
        except UnreadableError as exc:
            if exc.foreign and plan.server_side:  # the board does not offer to take it, so it would have been sent none
                engine.accept_leaf(chain[0])
                self._judge_missing()
                return
            raise self._unreadable(exc) from exc
        self._foresee(taken)
        if plan.mode is Mode.NONE:
            return
        verdict = self._verdict(taken)
        self._flags = int(verdict.flags)
        if verdict.too_long:
            self._note(notes.chain_too_long(self._transport.peer, len(verdict.path)))
            raise self._fail(Fault(errors.X509_FATAL_ERROR, ACCESS_DENIED), noted=True)
        number = results.refusal(plan.mode, self._flags)
        if self._flags:
            note = notes.certificate_refused(self._transport.peer, number, verdict, plan.host, plan.anchors)
            self._note(note)
        if number is not None:
            raise self._fail(Fault(number, results.alert_for(self._flags)), noted=True)
        if plan.server_side:
            engine.accept_leaf(chain[0])

    def _foresee(self, taken: PeerChain) -> None:
        """Will the handshake have to end where the peer proves its key? The TLS library would not notice."""
        if taken.certificates:
            self._peer_key = taken.certificates[0].key.kind
        suite = self._reader.suite
        if self._plan.server_side:
            self._ending = peerchain.client_ending(taken, (self._reader.version[0], self._reader.version[1]))
        elif suite in hello.SUITES:
            self._ending = peerchain.server_ending(taken, hello.SUITES[suite][0])

    def _check_agreement(self) -> None:
        """With static ECDH the certificate is all of the server's key exchange. Raises to end the handshake."""
        if self._plan.server_side or self._reader.suite not in STATIC_ECDH_SUITES:
            return
        if self._ending is not None:
            raise self._fail(Fault(self._ending.number, self._ending.alert, self._ending.remark))
        remark = "the server chose static ECDH, which the host's TLS library has no more; the board would go on"
        raise self._fail(Fault(errors.SSL_BAD_HS_SERVER_HELLO, Alert.ILLEGAL_PARAMETER, remark))

    def _end_at(self, kind: int) -> None:
        """A message that proves the peer's key, or needs it, is here. Raises where the handshake has to end with it."""
        ending = self._ending
        static = not self._plan.server_side and hello.usage_for(self._reader.suite) == certificate.KEY_ENCIPHERMENT
        if ending is not None and kind in (SERVER_HELLO_DONE if static else SERVER_KEY_EXCHANGE, CERTIFICATE_VERIFY):
            if ending.unreadable:
                self._note(notes.certificate_unreadable(self._transport.peer, CertificateError(ending.number)))
            raise self._fail(Fault(ending.number, ending.alert, ending.remark), noted=ending.unreadable)

    def _verdict(self, taken: PeerChain) -> trust.Verdict:
        from ussl_shim import x509

        plan = self._plan
        if not taken.certificates:
            return trust.Verdict(peerchain.EMPTY_FLAGS | (trust.NO_FLAGS if plan.host is None else Flag.NAME_MISMATCH))
        usage = certificate.DIGITAL_SIGNATURE if plan.server_side else hello.usage_for(self._reader.suite)
        return trust.check_peer(
            taken.certificates,
            plan.anchors,
            x509.signed_by,
            host=plan.host,
            purpose=certificate.CLIENT_AUTH if plan.server_side else certificate.SERVER_AUTH,
            key_usage=usage,
        )

    def _judge_missing(self) -> None:
        self._flags = int(Flag.MISSING)
        verdict = trust.Verdict(Flag.MISSING)
        if self._plan.mode is not Mode.OPTIONAL:
            number = errors.SSL_NO_CLIENT_CERTIFICATE
            self._note(notes.certificate_refused(self._transport.peer, number, verdict, None, ()))
            raise self._fail(Fault(number), noted=True)
        self._note(notes.certificate_refused(self._transport.peer, None, verdict, None, ()))

    def _unreadable(self, exc: UnreadableError) -> Exception:
        """End the handshake for a certificate that does not parse; gives the exception to raise."""
        number, alert = exc.number, exc.alert
        if exc.foreign:
            # The board does not offer to take it, so the server itself gives up; ours was offered it, so we do.
            number, alert = errors.SSL_FATAL_ALERT_MESSAGE, Alert.HANDSHAKE_FAILURE
        self._note(notes.certificate_unreadable(self._transport.peer, CertificateError(number)))
        return self._fail(Fault(number, alert), noted=True)

    def _fail(self, fault: Fault, *, closed_by: str = "", noted: bool = False) -> Exception:
        """End the handshake: tell the peer, tell the reader, give the exception to raise. Called under the lock."""
        if fault.alert is not None:
            self._out += self._reader.alert(fault.alert)
        try:
            self._flush()
        except OSError:
            self._out.clear()
        self._state = "failed"
        self._failure = fault.number
        if not noted:
            peer = self._transport.peer
            self._note(notes.handshake_failed(peer, fault.number, fault.remark, fault.peer_alert, closed_by))
        return self._env.error(fault.number)

    # Sending and receiving

    def recv(self, n: int) -> bytes:
        """At most ``n`` bytes of at most one record; ``b""`` after the peer closed, again on every call.

        Raises the environment's timeout error, -28928 where not connected, -80 after a reset. After a failed handshake the
        board goes on reading where it stopped: what comes is the peer's end, or what it could not read before.
        """
        try:
            return self._recv(n, "recv")
        except _TimeIsUp:
            raise self._env.timeout_error(errors.TIMED_OUT) from None

    def _recv(self, n: int, call: str) -> bytes:
        blocking = self._timeout != 0 or self._env.quirk(RECV_NONBLOCKING_BLOCKS)
        limit = self._timeout if self._timeout else None
        deadline = None if limit is None else self._transport.monotonic() + limit
        while True:
            with self._lock:
                data = self._read_available(n, call)
                clogged = len(self._out) > _CHUNK
            if data is not None:
                return data
            if not blocking:
                self._note(notes.quirk(RECV_NONBLOCKING_BLOCKS, f"{self._transport.peer}: {call} returned at once"))
                return b""
            left = None if deadline is None else deadline - self._transport.monotonic()
            if left is not None and left <= 0:
                raise _TimeIsUp
            self._transport.wait(read=not clogged, write=clogged, timeout=left)

    def _read_available(self, n: int, call: str) -> bytes | None:
        """What can be had without waiting; None when nothing can, for now. Called under the lock."""
        if self._state == "failed":
            self._look_for_end(call)
            return None
        engine = self._open_engine(call)
        if n <= 0 and not self._env.quirk(RECV_NOTHING_WAITS):
            return b""
        if self._plain:
            return self._take_plain(n)
        for _ in range(_TURNS):
            try:
                record = engine.read(MAX_CONTENT)
            except EngineError as exc:
                number = number_for(exc.reason, server_side=self._plan.server_side)
                self._note(notes.connection_failed(self._transport.peer, number, call, exc.reason))
                raise self._env.error(number) from exc
            self._queue(engine)
            if record is not None:
                if len(record) <= n:
                    return record
                self._plain = record
                return self._take_plain(n)
            if self._fin:
                return b""
            if self._broken is not None:
                raise self._env.error(self._broken)
            # A peer that asks much and takes no answers must not fill our memory: first the answers have to go.
            if len(self._out) > _CHUNK or not self._receive(engine, call):
                return None
        return None  # nothing but handshakes and warnings for a long while; let others have the lock

    def _look_for_end(self, call: str) -> None:
        """After a failed handshake: raise what the board would find now; return where there is nothing yet."""
        if self._failure in (errors.SSL_INVALID_RECORD, errors.SSL_TIMEOUT):
            raise self._env.error(self._failure)  # the bytes at fault are still the next ones
        try:
            while self._transport.recv(_CHUNK):
                """The rest of the server's messages means nothing any more."""
        except BlockingIOError:
            return
        except ConnectionResetError:
            raise self._env.error(errors.NET_CONN_RESET) from None
        except OSError:
            raise self._misused(call) from None
        raise self._env.error(errors.SSL_CONN_EOF)

    def _take_plain(self, n: int) -> bytes:
        """At most ``n`` bytes of the record that has been begun; one with more than was asked for stays here."""
        data = self._plain[self._taken : self._taken + n]
        self._taken += len(data)
        if self._taken == len(self._plain):
            self._plain, self._taken = b"", 0
        return data

    def _receive(self, engine: Engine, call: str) -> bool:
        """Feed what has arrived; False when nothing has. FIN and resets are remembered until all data is read."""
        try:
            data = self._transport.recv(_CHUNK)
        except BlockingIOError:
            return False
        except OSError as exc:
            reset = isinstance(exc, ConnectionResetError)
            self._broken = errors.NET_CONN_RESET if reset else errors.NET_RECV_FAILED
            self._note(notes.connection_failed(self._transport.peer, self._broken, call, _host_text(exc)))
            return True
        if data:
            engine.feed(data)
        else:
            self._fin = True
        return True

    def _queue(self, engine: Engine) -> None:
        """Replies the TLS library made on its own, such as an alert, go out when they can."""
        reply = engine.take()
        if reply or len(self._out) > _CHUNK:
            self._out += reply
            try:
                self._flush()
            except OSError:
                self._out.clear()

    def send(self, data: Data) -> int:
        """Send at most 16384 bytes; how many. Raises the TCP error's number, 0 for empty data, as the board does."""
        return self._send(memoryview(data).cast("B")[:MAX_CONTENT])

    def _send(self, view: memoryview) -> int:
        with self._lock:
            engine = self._send_engine()
            if not view:
                raise self._env.error(0)
            try:
                count = engine.write(view)
            except EngineError as exc:
                self._note(notes.connection_failed(self._transport.peer, 0, "send", exc.reason))
                raise self._env.error(0) from exc
            sent = self._send_or_fail(engine.take())
        while not sent:
            self._transport.wait(read=False, write=True, timeout=None)
            with self._lock:
                self._send_engine()
                sent = self._send_or_fail(b"")
        return count

    def _send_or_fail(self, data: bytes) -> bool:
        """Send this after what is queued; False when some of it has to wait. Called under the lock."""
        try:
            return self._flush(data)
        except OSError as exc:
            number = self._env.host_errno(exc)
            self._out.clear()
            self._note(notes.connection_failed(self._transport.peer, number, "send", _host_text(exc)))
            raise self._env.error(number) from exc

    def write(self, data: Data) -> int:
        """Send everything; how many bytes. Raises like `send`; nothing to send is 0."""
        view = memoryview(data).cast("B")
        sent = 0
        while sent < len(view):
            sent += self._send(view[sent : sent + MAX_CONTENT])
        return sent

    def _flush(self, data: bytes = b"") -> bool:
        """Send what is queued, then ``data``; False when the transport takes no more now. Called under the lock."""
        try:
            while self._out:
                with memoryview(self._out) as view:
                    count = self._transport.send(view)
                del self._out[:count]
            while data:
                count = self._transport.send(data)
                data = data[count:]
        except BlockingIOError:
            self._out += data
            return False
        return True

    # As a stream

    def read(self, n: int = -1) -> bytes:
        """``n`` bytes, fewer only at the end; all until the end where ``n`` is negative. A timeout is error -26624."""
        return self._gather(lambda got: MAX_CONTENT if n < 0 else n - len(got), "read")

    def readinto(self, buffer: bytearray | memoryview, n: int = -1) -> int:
        """Fill ``buffer`` (its first ``n`` bytes), fewer only at the end; how many. A timeout is error -26624."""
        view = memoryview(buffer).cast("B")
        size = len(view) if n < 0 else min(n, len(view))
        data = self._gather(lambda got: size - len(got), "readinto")
        view[: len(data)] = data
        return len(data)

    def readline(self, n: int = -1) -> bytes:
        """One line with its newline, at most ``n`` bytes, shorter only at the end. A timeout is error -26624."""

        def wanted(got: bytearray) -> int:
            return 0 if got.endswith(b"\n") or len(got) == n else 1

        return self._gather(wanted, "readline")

    def _gather(self, wanted: Callable[[bytearray], int], call: str) -> bytes:
        """Receive until ``wanted`` says 0 or the stream ends. What arrived before a timeout is kept."""
        got = bytearray()
        try:
            while (size := wanted(got)) > 0:
                data = self._recv(size, call)
                if not data:
                    break
                got += data
        except _TimeIsUp:
            if got and not self._env.quirk(READ_TIMEOUT_LOSES_DATA):
                self._note(notes.quirk(READ_TIMEOUT_LOSES_DATA, f"{len(got)} bytes kept for the next read"))
                with self._lock:
                    self._plain, self._taken = bytes(got) + self._plain[self._taken :], 0
            raise self._env.error(errors.SSL_TIMEOUT) from None
        return bytes(got)

    # Control

    def settimeout(self, t: float | None) -> None:
        """How long a read may wait: seconds, None for ever, 0 not at all. Sending and the handshake are not bounded."""
        self._timeout = t

    def setblocking(self, flag: bool) -> None:
        """True is ``settimeout(None)``, False ``settimeout(0)``."""
        self._timeout = None if flag else 0

    def pending(self) -> int:
        """Plain bytes `recv` would give without touching the network."""
        with self._lock:
            if self._state != "open" or self._engine is None:
                return 0
            if not self._plain:
                try:
                    self._plain = self._engine.read(MAX_CONTENT) or b""
                except EngineError:
                    return 0
            return len(self._plain) - self._taken

    def close(self) -> None:
        """Send close_notify where connected and forget everything; a second call does nothing. Never waits.

        The transport stays open: its owner closes it.
        """
        with self._lock:
            if self._state == "open" and self._engine is not None:
                self._engine.close()
                self._out += self._engine.take()
                try:
                    self._flush()
                except OSError:
                    self._out.clear()
            self._state = "closed"
            self._engine = None
            self._plain, self._taken = b"", 0

    def session(self) -> Session:
        """The session, for a later `prepare`. Raises -28928 on a server, or where not connected."""
        with self._lock:
            if self._plan.server_side:
                self._note(notes.misuse("save_session() of a server's socket", "only a client's session can be saved"))
                raise self._env.error(errors.SSL_BAD_INPUT_DATA)
            return Session(self._open_engine("save_session").save(), self._flags)

    def _open_engine(self, call: str) -> Engine:
        if self._state != "open" or self._engine is None:
            raise self._misused(call)
        return self._engine

    def _misused(self, call: str) -> Exception:
        """A call that makes no sense in this state: tell the reader, give the exception to raise."""
        self._note(notes.misuse(f"{call} of an ssl socket {_STATES[self._state]}", _MISUSE_FIXES[self._state]))
        return self._env.error(errors.SSL_BAD_INPUT_DATA)

    def _send_engine(self) -> Engine:
        """A send that cannot be made raises the C library's number, whatever it is; 0 after a plain failure."""
        if self._state != "open" or self._engine is None:
            raise self._env.error(0)
        return self._engine

    def _note(self, note: Note) -> None:
        """Tell the reader, once per cause and connection."""
        if note.code not in self._noted:
            self._noted.add(note.code)
            self._env.note(note)


def _host_text(exc: OSError) -> str:
    return f"the host says {type(exc).__name__}: {exc.strerror or exc}"
