"""The plaintext part of a TLS handshake as a state machine: bytes in, events out. No I/O.

Up to TLS 1.2 everything before ChangeCipherSpec is readable, so the shim can judge certificates itself and tell apart
what the host's TLS library reports alike. After ChangeCipherSpec everything is passed on unread.
Board: mbedTLS ssl_tls.c, ssl_cli.c, ssl_srv.c.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ussl_shim import errors, hello
from ussl_shim.certificate import Certificate
from ussl_shim.hello import DECODE_ERROR, RefusedError
from ussl_shim.results import Alert

CHANGE_CIPHER_SPEC: Final = 20
ALERT: Final = 21
HANDSHAKE: Final = 22
APPLICATION_DATA: Final = 23

CLIENT_HELLO: Final = 1
SERVER_HELLO: Final = 2
NEW_SESSION_TICKET: Final = 4
CERTIFICATE: Final = 11
SERVER_KEY_EXCHANGE: Final = 12
CERTIFICATE_REQUEST: Final = 13
SERVER_HELLO_DONE: Final = 14
CERTIFICATE_VERIFY: Final = 15
CLIENT_KEY_EXCHANGE: Final = 16

MAX_CONTENT: Final = 16384
_HEADER: Final = 5
_MESSAGE_HEADER: Final = 4
_MOST_PADDING: Final = 256
_LONGEST_ENCRYPTED: Final = 16688
"""What the board's buffer holds of an encrypted record, in bytes (measured)."""
MIN_DH_BITS: Final = 1024
"""Of a server's Diffie-Hellman group, counted in whole bytes."""
MIN_CERTIFICATE: Final = 128
"""A shorter certificate in a chain is no certificate to the board, in bytes."""

STATIC_RSA_SUITES: Final = frozenset(suite for suite, (exchange, _) in hello.SUITES.items() if exchange == "RSA")
STATIC_ECDH_SUITES: Final = frozenset(suite for suite, (exchange, _) in hello.SUITES.items() if exchange == "ECDH")
DHE_SUITES: Final = frozenset(suite for suite, (exchange, _) in hello.SUITES.items() if exchange == "DHE-RSA")


@dataclass(frozen=True)
class Stage:
    """What the board waits for: the messages it takes, and its number and alert for anything else.

    ``others`` is the same for records that hold no handshake message. An alert of None: the board sends none.
    """

    takes: frozenset[int]
    number: int
    alert: int | None
    others: tuple[int, int | None] = (errors.SSL_UNEXPECTED_MESSAGE, Alert.UNEXPECTED_MESSAGE)


def _stage(number: int, alert: int | None, *takes: int) -> Stage:
    return Stage(frozenset(takes), number, alert)


def _silent_stage(number: int, *takes: int) -> Stage:
    return Stage(frozenset(takes), number, None, (number, None))


# By the message that came last; None is the beginning.
_DONE_OR_REQUEST: Final = _stage(
    errors.SSL_BAD_HS_SERVER_HELLO_DONE, DECODE_ERROR, CERTIFICATE_REQUEST, SERVER_HELLO_DONE
)
_ENDING: Final = _stage(errors.SSL_UNEXPECTED_MESSAGE, Alert.UNEXPECTED_MESSAGE)
_CLIENT_STAGES: Final[dict[int | None, Stage]] = {
    None: _stage(errors.SSL_BAD_HS_SERVER_HELLO, DECODE_ERROR, SERVER_HELLO),
    SERVER_HELLO: _stage(errors.SSL_BAD_HS_CERTIFICATE, DECODE_ERROR, CERTIFICATE, NEW_SESSION_TICKET),
    CERTIFICATE: _stage(errors.SSL_UNEXPECTED_MESSAGE, Alert.UNEXPECTED_MESSAGE, SERVER_KEY_EXCHANGE),
    SERVER_KEY_EXCHANGE: _DONE_OR_REQUEST,
    CERTIFICATE_REQUEST: _stage(errors.SSL_BAD_HS_SERVER_HELLO_DONE, DECODE_ERROR, SERVER_HELLO_DONE),
    SERVER_HELLO_DONE: _ENDING,
    NEW_SESSION_TICKET: _ENDING,
}
_CERTIFICATE_EXPECTED: Final = _stage(errors.SSL_BAD_HS_CERTIFICATE, DECODE_ERROR, CERTIFICATE)
_TICKET_EXPECTED: Final = _stage(errors.SSL_BAD_HS_NEW_SESSION_TICKET, DECODE_ERROR, NEW_SESSION_TICKET)
_KEY_EXPECTED: Final = _silent_stage(errors.SSL_BAD_HS_CLIENT_KEY_EXCHANGE, CLIENT_KEY_EXCHANGE)
_SERVER_STAGES: Final[dict[int | None, Stage]] = {
    None: _silent_stage(errors.SSL_BAD_HS_CLIENT_HELLO, CLIENT_HELLO),
    CLIENT_HELLO: _KEY_EXPECTED,
    CERTIFICATE: _KEY_EXPECTED,
    CLIENT_KEY_EXCHANGE: _ENDING,
    CERTIFICATE_VERIFY: _ENDING,
}
_ASKED: Final = _stage(errors.SSL_BAD_HS_CERTIFICATE, DECODE_ERROR, CERTIFICATE)
_PROOF_EXPECTED: Final = _silent_stage(errors.SSL_BAD_HS_CERTIFICATE_VERIFY, CERTIFICATE_VERIFY)

_MALFORMED: Final[dict[int | None, int]] = {
    SERVER_HELLO: errors.SSL_BAD_HS_SERVER_HELLO,
    SERVER_KEY_EXCHANGE: errors.SSL_BAD_HS_SERVER_KEY_EXCHANGE,
    NEW_SESSION_TICKET: errors.SSL_BAD_HS_NEW_SESSION_TICKET,
    CLIENT_HELLO: errors.SSL_BAD_HS_CLIENT_HELLO,
    CERTIFICATE: errors.SSL_BAD_HS_CLIENT_KEY_EXCHANGE,
    CLIENT_KEY_EXCHANGE: errors.SSL_BAD_HS_CLIENT_KEY_EXCHANGE,
    CERTIFICATE_VERIFY: errors.SSL_BAD_HS_CERTIFICATE_VERIFY,
}
"""The message -> the board's number where its content makes no sense."""


@dataclass(frozen=True)
class Pass:
    """Bytes for the TLS library."""

    data: bytes


@dataclass(frozen=True)
class PeerCertificates:
    """The peer's Certificate message, to be judged before the `Pass` that follows. Empty: the peer sent none."""

    chain: tuple[bytes, ...]


@dataclass(frozen=True)
class Fault:
    """The board ends the handshake here: its number, the alert it sends (if any), and a remark for a note.

    ``by_library`` says that the TLS library was given the bytes and words the alert, which has to be encrypted by now.
    """

    number: int
    alert: int | None = None
    remark: str = ""
    peer_alert: int | None = None
    by_library: bool = False


@dataclass(frozen=True)
class Reached:
    """A whole message that proves the peer's key, or ends its flight: here the board needs the key it was shown."""

    kind: int


Event = Pass | PeerCertificates | Reached | Fault


class _Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.remark)
        self.fault = fault


class HandshakeReader:
    """Reads what the peer sends during one handshake.

    ``asks``: as a server, the board asks for a certificate; ``own`` is the one it shows; ``resumes``: as a client, it
    offers a saved session. ``suite`` is the cipher suite of the ServerHello, ``version`` the record version to use for an
    alert of our own.
    """

    def __init__(
        self, *, server_side: bool, asks: bool = True, own: Certificate | None = None, resumes: bool = False
    ) -> None:
        self._server_side = server_side
        self._resumes = resumes
        self._withheld = False
        self._shortest = hello.SHORTEST_ENCRYPTED
        self._settled = False
        self._asks = asks
        self._own = own
        self._stages = _SERVER_STAGES if server_side else _CLIENT_STAGES
        self._last: int | None = None
        self._ticket = False
        self._proof = False
        self._exchanged = False
        self._buffer = bytearray()
        self._encrypted = False
        self._dead = False
        self.suite: int | None = None
        self.version = b"\x03\x01" if server_side else b"\x03\x03"
        self.saw_certificate = False

    @property
    def malformed(self) -> int | None:
        """The board's number if what the TLS library was given last makes no sense to it; None once encrypted."""
        if self._encrypted:
            return None
        last = self._last
        if not self._server_side and last in (CERTIFICATE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE):
            # These were read here. What is left of a flight is the key exchange, or what the hello promises.
            last = SERVER_KEY_EXCHANGE if self._exchanged else SERVER_HELLO
        return _MALFORMED.get(last)

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes from the network. After a `Fault` nothing more comes out."""
        if self._dead:
            return []
        if self._settled:
            return [Pass(data)] if data else []
        self._buffer += data
        if self._encrypted:
            return self._first_encrypted()
        events: list[Event] = []
        try:
            more = True
            while more:
                more = self._take_record(events)
        except _Refused as refused:
            self._dead = True
            events.append(refused.fault)
            return events
        return events

    def alert(self, number: int) -> bytes:
        """A fatal alert as a plaintext record."""
        return bytes((ALERT, *self.version, 0, 2, 2, number))

    def _first_encrypted(self) -> list[Event]:
        """After ChangeCipherSpec, look at the length of what comes next: too little to decrypt is an error of its own."""
        if len(self._buffer) < _HEADER:
            return []
        length = int.from_bytes(self._buffer[3:_HEADER], "big")
        longest = min(self._shortest + MAX_CONTENT + _MOST_PADDING, _LONGEST_ENCRYPTED)
        if not self._shortest <= length <= longest:
            self._dead = True
            return [Fault(errors.SSL_INVALID_RECORD, None, f"a record of {length} bytes after ChangeCipherSpec")]
        self._settled = True
        data = bytes(self._buffer)
        self._buffer.clear()
        return [Pass(data)]

    def _take_record(self, events: list[Event]) -> bool:
        if len(self._buffer) < _HEADER:
            return False
        kind, length = self._buffer[0], int.from_bytes(self._buffer[3:_HEADER], "big")
        try:
            self._check_header(kind, length)
        except _Refused as refused:
            if refused.fault.alert is None or not self._alert_is_encrypted:
                raise
            events.append(Pass(bytes(self._buffer)))
            raise _Refused(replace(refused.fault, alert=None, by_library=True)) from None
        end = _HEADER + length
        if len(self._buffer) < end:
            return False
        record = bytes(self._buffer[:end])
        body = record[_HEADER:]
        del self._buffer[:end]
        try:
            if not self._content(kind, body, events):
                return True
        except _Refused as refused:
            if self._alert_is_encrypted:
                events.append(Pass(record))
                raise _Refused(replace(refused.fault, alert=None, by_library=True)) from None
            raise
        if not self._withheld:
            events.append(Pass(record))
        if self._encrypted:
            more = self._first_encrypted()
            if more and isinstance(more[0], Fault):
                raise _Refused(more[0])
            events += more
        return not self._encrypted

    @property
    def _alert_is_encrypted(self) -> bool:
        """True where the board has sent its ChangeCipherSpec: its alert is encrypted, and only the library can do that."""
        return not self._server_side and self._last in (SERVER_HELLO_DONE, NEW_SESSION_TICKET)

    def _content(self, kind: int, body: bytes, events: list[Event]) -> bool:
        """Judge a whole record; False where the TLS library need not see it."""
        if kind == HANDSHAKE:
            self._handshake(body, events)
        elif kind == ALERT:
            self._alert(body)
            return False
        elif kind == CHANGE_CIPHER_SPEC:
            self._change_cipher_spec(body)
        else:
            self._refuse_record("application data arrived before the handshake was over")
        return True

    def _check_header(self, kind: int, length: int) -> None:
        if self._server_side and self._last is None:
            cut = length < _MESSAGE_HEADER and len(self._buffer) >= _HEADER + length
            if kind != HANDSHAKE or self._buffer[1] != 3 or length > MAX_CONTENT or cut:
                remark = f"the client began with {bytes(self._buffer[:40])!r}"
                raise _Refused(Fault(errors.SSL_BAD_HS_CLIENT_HELLO, None, remark))
            return
        if kind not in (CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA):
            remark = f"the peer answered {bytes(self._buffer[:40])!r}"
            raise _Refused(Fault(errors.SSL_INVALID_RECORD, Alert.UNEXPECTED_MESSAGE, remark))
        if self._buffer[1] != 3 or self._buffer[2] > 3:
            raise _Refused(Fault(errors.SSL_INVALID_RECORD, None, f"a record of version {self._buffer[1:3].hex()}"))
        if not 1 <= length <= MAX_CONTENT:
            raise _Refused(Fault(errors.SSL_INVALID_RECORD, None, f"a record of {length} bytes"))

    def _stage(self) -> Stage:
        last = self._last
        if last == CLIENT_HELLO and self._asks:
            return _ASKED
        if last == CLIENT_KEY_EXCHANGE and self._proof:
            return _PROOF_EXPECTED
        if last == CERTIFICATE and not self._server_side and self.suite in STATIC_RSA_SUITES:
            return _DONE_OR_REQUEST
        if last == SERVER_HELLO and not self._server_side and not self._resumes:
            return _CERTIFICATE_EXPECTED
        if last == SERVER_HELLO_DONE and self._ticket:
            return _TICKET_EXPECTED
        return self._stages[last]

    def _refuse_record(self, remark: str) -> None:
        """A record that holds no handshake message came where one is due."""
        number, alert = self._stage().others
        raise _Refused(Fault(number, alert, remark))

    def _change_cipher_spec(self, body: bytes) -> None:
        if body != b"\x01":
            raise _Refused(Fault(errors.SSL_INVALID_RECORD, None, "a ChangeCipherSpec that is not the byte 1"))
        stage = self._stage()
        resumed = self._resumes and self._last == SERVER_HELLO
        if stage.takes and (self._server_side or not (resumed or self._last == SERVER_HELLO_DONE)):
            self._refuse_record("ChangeCipherSpec came too early")
        self._encrypted = True

    def _alert(self, body: bytes) -> None:
        """Refuse after an alert that ends the handshake; the board takes no notice of any other, however many come."""
        if len(body) != 2:
            raise _Refused(Fault(errors.SSL_INVALID_RECORD, None, "an alert that is not two bytes long"))
        level, number = body
        if level == 2:
            raise _Refused(Fault(errors.SSL_FATAL_ALERT_MESSAGE, None, peer_alert=number))
        if level == 1 and number == Alert.CLOSE_NOTIFY:
            raise _Refused(Fault(errors.SSL_PEER_CLOSE_NOTIFY, None, peer_alert=number))
        if level == 1 and number == hello.NO_RENEGOTIATION:
            self._refuse_record("the peer refused a renegotiation that nobody asked for")

    def _handshake(self, body: bytes, events: list[Event]) -> None:
        first = self._server_side and self._last is None
        while body:
            size = int.from_bytes(body[1:4], "big")
            whole = len(body) >= 4 and len(body) - 4 >= size
            if first and (body[0] != CLIENT_HELLO or len(body) - 4 != size):
                remark = "the first record is not one whole ClientHello; the board cannot put messages together"
                raise _Refused(Fault(errors.SSL_BAD_HS_CLIENT_HELLO, None, remark))
            if len(body) < 4:
                raise _Refused(Fault(errors.SSL_INVALID_RECORD, None, f"a handshake message of {len(body)} bytes"))
            if not whole:
                remark = "a handshake record that holds no whole message; the board cannot put messages together"
                raise _Refused(Fault(errors.SSL_FEATURE_UNAVAILABLE, None, remark))
            kind, message, body = body[0], body[4 : 4 + size], body[4 + size :]
            try:
                self._message(kind, message, events)
            except RefusedError as exc:
                raise _Refused(Fault(exc.number, exc.alert, exc.remark)) from exc

    def _message(self, kind: int, message: bytes, events: list[Event]) -> None:
        stage = self._stage()
        if kind not in stage.takes or (kind == SERVER_HELLO_DONE and message):
            remark = f"handshake message {kind} out of order"
            raise _Refused(Fault(stage.number, stage.alert, remark))
        self._last = kind
        if kind == SERVER_HELLO:
            self._server_hello(message)
        elif kind == CLIENT_HELLO:
            offered = hello.read_client_hello(message)
            self.version = bytes((3, min(max(offered.version[1], 1), 3)))
            hello.check_client_hello(offered, self._own)
        elif kind == CERTIFICATE:
            self.saw_certificate = True
            chain = self._certificates(message)
            self._proof = self._server_side and bool(chain)
            events.append(PeerCertificates(chain))
        elif kind == SERVER_KEY_EXCHANGE:
            self._exchanged = True
            self._key_exchange(message)
        elif kind == NEW_SESSION_TICKET:
            hello.check_ticket(message)
        elif kind == CERTIFICATE_REQUEST:
            hello.check_certificate_request(message, (self.version[0], self.version[1]))
        if kind in (SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE, CERTIFICATE_VERIFY):
            events.append(Reached(kind))

    def _server_hello(self, message: bytes) -> None:
        if hello.TLS_1_0 <= (*message[:2],) <= hello.TLS_1_2:
            self.version = message[:2]
        answer = hello.read_server_hello(message)
        self.version = bytes(answer.version)
        self.suite = answer.suite
        self._ticket = answer.ticket
        self._shortest = hello.shortest_encrypted(answer)
        # The host's library has no static ECDH; what the board says of the certificate comes first.
        self._withheld = answer.suite in STATIC_ECDH_SUITES

    def _certificates(self, message: bytes) -> tuple[bytes, ...]:
        bad = Fault(errors.SSL_BAD_HS_CERTIFICATE, DECODE_ERROR, "a malformed Certificate message")
        total = int.from_bytes(message[:3], "big")
        if len(message) < 3 or len(message) != 3 + total:
            raise _Refused(bad)
        chain: list[bytes] = []
        at = 3
        while at < len(message):
            size = int.from_bytes(message[at : at + 3], "big")
            at += 3
            if size < MIN_CERTIFICATE or at + size > len(message):
                raise _Refused(bad)
            chain.append(message[at : at + size])
            at += size
        if not chain and not self._server_side:
            raise _Refused(bad)
        return tuple(chain)

    def _key_exchange(self, message: bytes) -> None:
        if self.suite not in DHE_SUITES or len(message) < 2:
            return
        size = int.from_bytes(message[:2], "big")
        bits = int.from_bytes(message[2 : 2 + size], "big").bit_length()
        if bits <= MIN_DH_BITS - 8:
            remark = f"a Diffie-Hellman group of {bits} bits; the board asks for {MIN_DH_BITS}"
            raise _Refused(Fault(errors.SSL_BAD_HS_SERVER_KEY_EXCHANGE, Alert.ILLEGAL_PARAMETER, remark))


def proves_key(flight: bytes) -> bool:
    """True where a flight of our own holds a message signed by our key, which comes before anything is encrypted."""
    messages, at = bytearray(), 0
    while flight[at : at + 1] == bytes((HANDSHAKE,)):
        length = int.from_bytes(flight[at + 3 : at + _HEADER], "big")
        messages += flight[at + _HEADER : at + _HEADER + length]
        at += _HEADER + length
    at = 0
    while at < len(messages):
        if messages[at] in (SERVER_KEY_EXCHANGE, CERTIFICATE_VERIFY):
            return True
        at += _MESSAGE_HEADER + int.from_bytes(messages[at + 1 : at + _MESSAGE_HEADER], "big")
    return False
