"""The plaintext part of a TLS handshake as a state machine: bytes in, events out. No I/O.

Up to TLS 1.2 everything before ChangeCipherSpec is readable, so the shim can judge certificates itself and tell apart
what the host's TLS library reports alike. After ChangeCipherSpec everything is passed on unread.
Board: mbedTLS ssl_tls.c, ssl_cli.c, ssl_srv.c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ussl_shim import errors
from ussl_shim.results import Alert

CHANGE_CIPHER_SPEC: Final = 20
ALERT: Final = 21
HANDSHAKE: Final = 22
APPLICATION_DATA: Final = 23

HELLO_REQUEST: Final = 0
CLIENT_HELLO: Final = 1
SERVER_HELLO: Final = 2
NEW_SESSION_TICKET: Final = 4
CERTIFICATE: Final = 11
SERVER_KEY_EXCHANGE: Final = 12
CERTIFICATE_REQUEST: Final = 13
SERVER_HELLO_DONE: Final = 14
CERTIFICATE_VERIFY: Final = 15
CLIENT_KEY_EXCHANGE: Final = 16
CERTIFICATE_STATUS: Final = 22

MAX_CONTENT: Final = 16384
_HEADER: Final = 5
MIN_DH_BITS: Final = 1024

STATIC_RSA_SUITES: Final = frozenset({0x002F, 0x0035, 0x003C, 0x003D, 0x009C, 0x009D, 0xC09C, 0xC09D, 0xC0A0, 0xC0A1})
DHE_SUITES: Final = frozenset({0x0033, 0x0039, 0x0067, 0x006B, 0x009E, 0x009F, 0xC09E, 0xC09F, 0xC0A2, 0xC0A3})

# Which message may follow which, by role of the board; None is the beginning.
_CLIENT_ORDER: Final[dict[int | None, frozenset[int]]] = {
    None: frozenset({SERVER_HELLO}),
    SERVER_HELLO: frozenset({CERTIFICATE, NEW_SESSION_TICKET}),
    CERTIFICATE: frozenset({SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE, CERTIFICATE_STATUS}),
    CERTIFICATE_STATUS: frozenset({SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE}),
    SERVER_KEY_EXCHANGE: frozenset({CERTIFICATE_REQUEST, SERVER_HELLO_DONE}),
    CERTIFICATE_REQUEST: frozenset({SERVER_HELLO_DONE}),
    SERVER_HELLO_DONE: frozenset({NEW_SESSION_TICKET}),
    NEW_SESSION_TICKET: frozenset(),
}
_SERVER_ORDER: Final[dict[int | None, frozenset[int]]] = {
    None: frozenset({CLIENT_HELLO}),
    CLIENT_HELLO: frozenset({CERTIFICATE, CLIENT_KEY_EXCHANGE}),
    CERTIFICATE: frozenset({CLIENT_KEY_EXCHANGE}),
    CLIENT_KEY_EXCHANGE: frozenset({CERTIFICATE_VERIFY}),
    CERTIFICATE_VERIFY: frozenset(),
}


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
    """The board ends the handshake here: its number, the alert it sends (if any), and a remark for a note."""

    number: int
    alert: Alert | None = None
    remark: str = ""
    peer_alert: int | None = None


Event = Pass | PeerCertificates | Fault


class _Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.remark)
        self.fault = fault


class HandshakeReader:
    """Reads what the peer sends during one handshake.

    ``suite`` is the cipher suite of the ServerHello, ``version`` the record version to use for an alert of our own.
    """

    def __init__(self, *, server_side: bool) -> None:
        self._server_side = server_side
        self._order = _SERVER_ORDER if server_side else _CLIENT_ORDER
        self._last: int | None = None
        self._buffer = bytearray()
        self._encrypted = False
        self._dead = False
        self.suite: int | None = None
        self.version = b"\x03\x01" if server_side else b"\x03\x03"
        self.saw_certificate = False

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes from the network. After a `Fault` nothing more comes out."""
        if self._dead:
            return []
        if self._encrypted:
            return [Pass(data)] if data else []
        self._buffer += data
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

    def alert(self, number: Alert) -> bytes:
        """A fatal alert as a plaintext record."""
        return bytes((ALERT, *self.version, 0, 2, 2, number))

    def _take_record(self, events: list[Event]) -> bool:
        if len(self._buffer) < _HEADER:
            return False
        kind, length = self._buffer[0], int.from_bytes(self._buffer[3:_HEADER], "big")
        self._check_header(kind, length)
        end = _HEADER + length
        if len(self._buffer) < end:
            return False
        record, body = bytes(self._buffer[:end]), bytes(self._buffer[_HEADER:end])
        del self._buffer[:end]
        if kind == HANDSHAKE:
            self._handshake(body, events)
        elif kind == ALERT:
            self._alert(body)
        elif kind == CHANGE_CIPHER_SPEC:
            self._encrypted = True
        else:
            remark = "application data arrived before the handshake was over"
            raise _Refused(Fault(errors.SSL_UNEXPECTED_MESSAGE, Alert.UNEXPECTED_MESSAGE, remark))
        events.append(Pass(record))
        if self._encrypted and self._buffer:
            events.append(Pass(bytes(self._buffer)))
            self._buffer.clear()
        return not self._encrypted

    def _check_header(self, kind: int, length: int) -> None:
        begin = bytes(self._buffer[:40])
        if self._server_side and self._last is None and (kind != HANDSHAKE or self._buffer[1] != 3):
            raise _Refused(Fault(errors.SSL_BAD_HS_CLIENT_HELLO, None, f"the client began with {begin!r}"))
        if kind not in (CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA):
            raise _Refused(Fault(errors.SSL_INVALID_RECORD, Alert.UNEXPECTED_MESSAGE, f"the peer answered {begin!r}"))
        if self._buffer[1] != 3 or self._buffer[2] > 3:
            raise _Refused(Fault(errors.SSL_INVALID_RECORD, None, f"a record of version {self._buffer[1:3].hex()}"))
        if not 1 <= length <= MAX_CONTENT:
            raise _Refused(Fault(errors.SSL_INVALID_RECORD, None, f"a record of {length} bytes"))

    def _alert(self, body: bytes) -> None:
        if len(body) != 2:
            raise _Refused(Fault(errors.SSL_INVALID_RECORD, None, "an alert that is not two bytes long"))
        level, number = body
        if level == 2:
            raise _Refused(Fault(errors.SSL_FATAL_ALERT_MESSAGE, None, peer_alert=number))
        if level == 1 and number == Alert.CLOSE_NOTIFY:
            raise _Refused(Fault(errors.SSL_PEER_CLOSE_NOTIFY, None, peer_alert=number))

    def _handshake(self, body: bytes, events: list[Event]) -> None:
        while body:
            size = int.from_bytes(body[1:4], "big")
            if len(body) < 4 or len(body) - 4 < size:
                remark = "a handshake record that holds no whole message; the board cannot put messages together"
                raise _Refused(Fault(errors.SSL_FEATURE_UNAVAILABLE, None, remark))
            kind, message, body = body[0], body[4 : 4 + size], body[4 + size :]
            if kind == HELLO_REQUEST and not self._server_side:
                continue
            self._message(kind, message, events)

    def _message(self, kind: int, message: bytes, events: list[Event]) -> None:
        if kind not in self._order.get(self._last, frozenset()):
            remark = f"handshake message {kind} out of order"
            raise _Refused(Fault(errors.SSL_UNEXPECTED_MESSAGE, Alert.UNEXPECTED_MESSAGE, remark))
        self._last = kind
        if kind == SERVER_HELLO:
            self._server_hello(message)
        elif kind == CLIENT_HELLO and len(message) >= 2:
            self.version = bytes((3, min(message[1], 3)))
        elif kind == CERTIFICATE:
            self.saw_certificate = True
            events.append(PeerCertificates(self._certificates(message)))
        elif kind == SERVER_KEY_EXCHANGE:
            self._key_exchange(message)

    def _server_hello(self, message: bytes) -> None:
        if len(message) < 38 or len(message) < 38 + message[34]:
            raise _Refused(Fault(errors.SSL_BAD_HS_SERVER_HELLO, Alert.ILLEGAL_PARAMETER, "a cut ServerHello"))
        self.version = message[:2]
        at = 35 + message[34]
        self.suite = int.from_bytes(message[at : at + 2], "big")

    def _certificates(self, message: bytes) -> tuple[bytes, ...]:
        bad = Fault(errors.SSL_BAD_HS_CERTIFICATE, Alert.ILLEGAL_PARAMETER, "a malformed Certificate message")
        total = int.from_bytes(message[:3], "big")
        if len(message) < 3 or len(message) != 3 + total:
            raise _Refused(bad)
        chain: list[bytes] = []
        at = 3
        while at < len(message):
            size = int.from_bytes(message[at : at + 3], "big")
            at += 3
            if size == 0 or at + size > len(message):
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
        if bits < MIN_DH_BITS:
            remark = f"a Diffie-Hellman group of {bits} bits; the board asks for {MIN_DH_BITS}"
            raise _Refused(Fault(errors.SSL_BAD_HS_SERVER_KEY_EXCHANGE, Alert.HANDSHAKE_FAILURE, remark))
