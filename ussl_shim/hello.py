"""The first messages of a handshake, judged as the board judges them. Pure; no I/O, no TLS library.

Board: mbedTLS 2.16.2 ssl_cli.c, ssl_srv.c, ssl_ciphersuites.c; the numbers were measured by sending the same bytes to that
library.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from ussl_shim import certificate, errors
from ussl_shim.certificate import Certificate
from ussl_shim.results import Alert

DECODE_ERROR: Final = 50
PROTOCOL_VERSION: Final = 70
INTERNAL_ERROR: Final = 80
INAPPROPRIATE_FALLBACK: Final = 86
NO_RENEGOTIATION: Final = 100

TLS_1_0: Final = (3, 1)
TLS_1_2: Final = (3, 3)
_FALLBACK: Final = 0x5600
_SIGNALS: Final = frozenset({0x00FF, _FALLBACK})
"""Numbers among the suites that are none."""
_TLS_1_3_SUITES: Final = 0x13
_FRAGMENT_EXTENSION: Final = 1
_HMAC_EXTENSION: Final = 4
_GROUPS_EXTENSION: Final = 10
_POINTS_EXTENSION: Final = 11
_SIGNATURES_EXTENSION: Final = 13
_PROTOCOLS_EXTENSION: Final = 16
_MAC_ORDER_EXTENSION: Final = 22  # encrypt-then-MAC
_MASTER_EXTENSION: Final = 23  # extended master secret
_TICKET_EXTENSION: Final = 35
_RENEGOTIATION_EXTENSION: Final = 0xFF01
_MAX_FRAGMENT_CODE: Final = 4
_MAX_SESSION_ID: Final = 32
_MAX_COMPRESSIONS: Final = 16

Exchange = Literal["ECDHE-ECDSA", "ECDHE-RSA", "DHE-RSA", "RSA", "ECDH"]
_BY_EXCHANGE: Final[dict[Exchange, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    # those of TLS 1.2 only; those of TLS 1.0 and later
    "ECDHE-ECDSA": ((0xC02C, 0xC0AD, 0xC024, 0xC0AF, 0xC02B, 0xC0AC, 0xC023, 0xC0AE), (0xC00A, 0xC009)),
    "ECDHE-RSA": ((0xC030, 0xC028, 0xC02F, 0xC027), (0xC014, 0xC013)),
    "DHE-RSA": ((0x009F, 0xC09F, 0x006B, 0xC0A3, 0x009E, 0xC09E, 0x0067, 0xC0A2), (0x0039, 0x0033)),
    "RSA": ((0x009D, 0xC09D, 0x003D, 0xC0A1, 0x009C, 0xC09C, 0x003C, 0xC0A0), (0x0035, 0x002F)),
    "ECDH": ((0xC032, 0xC02A, 0xC02E, 0xC026, 0xC031, 0xC029, 0xC02D, 0xC025), (0xC00F, 0xC005, 0xC00E, 0xC004)),
}
SUITES: Final[dict[int, tuple[Exchange, tuple[int, int]]]] = {
    suite: (exchange, oldest)
    for exchange, (newer, older) in _BY_EXCHANGE.items()
    for suites, oldest in ((newer, TLS_1_2), (older, TLS_1_0))
    for suite in suites
}
"""The board's 48 suites: what they exchange keys by, and the oldest version they are for."""

_KEY_AGREEMENT: Final = 0x08
_USAGES: Final[dict[Exchange, int]] = {
    "ECDHE-ECDSA": certificate.DIGITAL_SIGNATURE,
    "ECDHE-RSA": certificate.DIGITAL_SIGNATURE,
    "DHE-RSA": certificate.DIGITAL_SIGNATURE,
    "RSA": certificate.KEY_ENCIPHERMENT,
    "ECDH": _KEY_AGREEMENT,
}


def usage_for(suite: int | None) -> int:
    """The keyUsage that a server's certificate needs for a suite (board: mbedTLS ssl_tls.c, the usage check)."""
    return _USAGES[SUITES[suite][0]] if suite in SUITES else certificate.DIGITAL_SIGNATURE


def exchanges_of(own: Certificate) -> frozenset[Exchange]:
    """What the board as a server can exchange keys by with this certificate of its own.

    Board: mbedTLS ssl_srv.c, which asks kind of key, keyUsage and extendedKeyUsage of it for each suite.
    """
    if not own.allows_purpose(certificate.SERVER_AUTH):
        return frozenset()
    fitting: tuple[Exchange, ...] = ("ECDHE-ECDSA", "ECDH") if own.key.kind == "ec" else ("ECDHE-RSA", "DHE-RSA", "RSA")
    return frozenset(exchange for exchange in fitting if own.allows(_USAGES[exchange]))


GROUPS: Final[dict[int, str]] = {
    25: "secp521r1",
    28: "brainpoolP512r1",
    24: "secp384r1",
    27: "brainpoolP384r1",
    23: "secp256r1",
    22: "secp256k1",
    26: "brainpoolP256r1",
    21: "secp224r1",
    20: "secp224k1",
    19: "secp192r1",
    18: "secp192k1",
}
"""The board's curves by their number on the wire; no X25519 (29)."""
_HASHES: Final = range(2, 7)  # SHA-1 to SHA-512 (RFC 5246, 7.4.1.4.1)
_SIGNERS: Final[dict[int, str]] = {1: "rsa", 3: "ec"}


class RefusedError(Exception):
    """The board ends the handshake: its ``number``, the ``alert`` it sends (None: none) and a remark for a note."""

    def __init__(self, number: int, alert: int | None, remark: str) -> None:
        super().__init__(remark)
        self.number = number
        self.alert = alert
        self.remark = remark


class _CutError(Exception):
    """A length says more than there is."""


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise _CutError
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def sized(self, size: int) -> bytes:
        """As many bytes as the next ``size`` bytes say."""
        return self.take(self.number(size))


def _extensions(cursor: _Cursor) -> dict[int, bytes]:
    """What is left, as extensions; nothing at all is allowed."""
    found: dict[int, bytes] = {}
    if not cursor.left():
        return found
    block = _Cursor(cursor.sized(2))
    if cursor.left():
        raise _CutError
    while block.left():
        kind = block.number(2)
        found[kind] = block.sized(2)
    return found


def _check_answers(found: dict[int, bytes]) -> None:
    """What the server answers to extensions. Raises `RefusedError`.

    Board: mbedTLS ssl_cli.c; unknown extensions are passed over, and so are some known ones that were not asked for.
    """
    checks: tuple[tuple[int, str, bool], ...] = (
        (_RENEGOTIATION_EXTENSION, "renegotiation", found.get(_RENEGOTIATION_EXTENSION, b"\0") == b"\0"),
        (_FRAGMENT_EXTENSION, "a fragment length that was not asked for", _FRAGMENT_EXTENSION not in found),
        (_HMAC_EXTENSION, "truncated HMAC that was not asked for", _HMAC_EXTENSION not in found),
        (_MAC_ORDER_EXTENSION, "encrypt-then-MAC with content", not found.get(_MAC_ORDER_EXTENSION)),
        (_MASTER_EXTENSION, "extended master secret with content", not found.get(_MASTER_EXTENSION)),
        (_TICKET_EXTENSION, "a session ticket with content", not found.get(_TICKET_EXTENSION)),
        (_POINTS_EXTENSION, "no point format", found.get(_POINTS_EXTENSION) != b"\0"),
        (_PROTOCOLS_EXTENSION, "a protocol that was not asked for", _PROTOCOLS_EXTENSION not in found),
    )
    wrong = next((what for _, what, fine in checks if not fine), None)
    if wrong is not None:
        remark = f"the ServerHello's extensions are not acceptable: {wrong}"
        raise RefusedError(errors.SSL_BAD_HS_SERVER_HELLO, Alert.HANDSHAKE_FAILURE, remark)


def _check_requests(found: dict[int, bytes]) -> None:
    """What the client asks for by extensions, before its suites are looked at. Raises `RefusedError`.

    Board: mbedTLS ssl_srv.c.
    """
    fragment, points = found.get(_FRAGMENT_EXTENSION), found.get(_POINTS_EXTENSION)
    checks: tuple[tuple[str, int, bool], ...] = (
        ("renegotiation", Alert.HANDSHAKE_FAILURE, found.get(_RENEGOTIATION_EXTENSION, b"\0") == b"\0"),
        (
            "a fragment length",
            Alert.ILLEGAL_PARAMETER,
            fragment is None or (len(fragment) == 1 and fragment[0] <= _MAX_FRAGMENT_CODE),
        ),
        ("point formats", DECODE_ERROR, points is None or (points != b"" and points[0] == len(points) - 1)),
        ("truncated HMAC", DECODE_ERROR, not found.get(_HMAC_EXTENSION)),
        ("encrypt-then-MAC", DECODE_ERROR, not found.get(_MAC_ORDER_EXTENSION)),
        ("extended master secret", DECODE_ERROR, not found.get(_MASTER_EXTENSION)),
    )
    for what, alert, fine in checks:
        if not fine:
            raise RefusedError(
                errors.SSL_BAD_HS_CLIENT_HELLO, alert, f"a malformed extension in the ClientHello: {what}"
            )


def _pairs(data: bytes) -> Iterator[int]:
    return (int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data) - 1, 2))


@dataclass(frozen=True)
class ServerHello:
    """What the board keeps of a ServerHello; ``mac_last`` is encrypt-then-MAC."""

    version: tuple[int, int]
    suite: int
    ticket: bool
    mac_last: bool = False


def read_server_hello(message: bytes) -> ServerHello:
    """Read it. Raises `RefusedError`; whether the version is acceptable is left to the TLS library."""
    malformed = RefusedError(errors.SSL_BAD_HS_SERVER_HELLO, DECODE_ERROR, "a malformed ServerHello")
    if len(message) < 38:
        raise malformed
    cursor = _Cursor(message)
    version = (cursor.number(1), cursor.number(1))
    cursor.take(32)
    try:
        if len(cursor.sized(1)) > _MAX_SESSION_ID:
            raise malformed
        suite, compression = cursor.number(2), cursor.number(1)
        extensions = _extensions(cursor)
    except _CutError:
        raise malformed from None
    if TLS_1_0 <= version <= TLS_1_2:
        if compression:
            remark = f"the server chose compression {compression}"
            raise RefusedError(errors.SSL_FEATURE_UNAVAILABLE, Alert.ILLEGAL_PARAMETER, remark)
        if suite not in SUITES:
            remark = f"the server chose suite 0x{suite:04X}, which the board does not know"
            raise RefusedError(errors.SSL_BAD_INPUT_DATA, INTERNAL_ERROR, remark)
        if version < SUITES[suite][1]:
            remark = f"the server chose suite 0x{suite:04X}, which is too new for the version it chose"
            raise RefusedError(errors.SSL_BAD_HS_SERVER_HELLO, Alert.ILLEGAL_PARAMETER, remark)
        _check_answers(extensions)
    return ServerHello(version, suite, _TICKET_EXTENSION in extensions, _MAC_ORDER_EXTENSION in extensions)


_LONG_MACS: Final[dict[int, int]] = {
    **dict.fromkeys((0xC023, 0xC027, 0x006B, 0x0067, 0x003D, 0x003C, 0xC029, 0xC025), 32),
    **dict.fromkeys((0xC024, 0xC028, 0xC02A, 0xC026), 48),
}
"""Suites with CBC and another hash than SHA-1: its size in bytes."""
_SHORT_TAGS: Final = frozenset({0xC0AF, 0xC0AE, 0xC0A3, 0xC0A2, 0xC0A1, 0xC0A0})
_BLOCK: Final = 16
_TAG: Final = 16
_NONCE: Final = 8
_SHA1: Final = 20
SHORTEST_ENCRYPTED: Final = _NONCE + _TAG // 2


def shortest_encrypted(hello: ServerHello) -> int:
    """The length of a record under which the board does not try to decrypt it (board: mbedTLS ssl_tls.c, minlen)."""
    suite = hello.suite
    if suite in _SHORT_TAGS:
        return SHORTEST_ENCRYPTED
    if suite not in _LONG_MACS and suite in SUITES and SUITES[suite][1] == TLS_1_2:
        return _NONCE + _TAG
    mac = _LONG_MACS.get(suite, _SHA1)
    vector = 0 if hello.version == TLS_1_0 else _BLOCK
    return mac + _BLOCK - (0 if hello.mac_last else mac % _BLOCK) + vector


def check_certificate_request(message: bytes, version: tuple[int, int]) -> None:
    """Is a CertificateRequest whole? Raises `RefusedError`."""
    cursor = _Cursor(message)
    try:
        cursor.sized(1)
        if version >= TLS_1_2:
            cursor.sized(2)
        cursor.sized(2)
        whole = not cursor.left()
    except _CutError:
        whole = False
    if not whole:
        raise RefusedError(
            errors.SSL_BAD_HS_CERTIFICATE_REQUEST, DECODE_ERROR, "a malformed CertificateRequest message"
        )


def check_ticket(message: bytes) -> None:
    """Is a NewSessionTicket whole? Raises `RefusedError`."""
    if len(message) < 6 or len(message) != 6 + int.from_bytes(message[4:6], "big"):
        raise RefusedError(errors.SSL_BAD_HS_NEW_SESSION_TICKET, DECODE_ERROR, "a malformed NewSessionTicket message")


@dataclass(frozen=True)
class ClientHello:
    """What a client offers. ``groups`` and ``signers`` (``rsa``, ``ec``) are None where it does not say."""

    version: tuple[int, int]
    suites: tuple[int, ...]
    groups: frozenset[str] | None = None
    signers: frozenset[str] | None = None
    raw_groups: tuple[int, ...] = field(default=())


def read_client_hello(message: bytes) -> ClientHello:
    """Read it. Raises `RefusedError`."""
    if len(message) < 38:
        raise RefusedError(errors.SSL_BAD_HS_CLIENT_HELLO, None, "a cut ClientHello")
    malformed = RefusedError(errors.SSL_BAD_HS_CLIENT_HELLO, DECODE_ERROR, "a malformed ClientHello")
    cursor = _Cursor(message)
    version = (cursor.number(1), cursor.number(1))
    cursor.take(32)
    try:
        session, suites, compressions = cursor.sized(1), cursor.sized(2), cursor.sized(1)
        extensions = _extensions(cursor)
        _check_requests(extensions)
        offered = extensions.get(_GROUPS_EXTENSION)
        groups = None if offered is None else tuple(_pairs(_Cursor(offered).sized(2)))
        signatures = extensions.get(_SIGNATURES_EXTENSION)
        pairs = None if signatures is None else tuple(_pairs(_Cursor(signatures).sized(2)))
    except _CutError:
        raise malformed from None
    well_sized = len(suites) >= 2 and len(suites) % 2 == 0 and 1 <= len(compressions) <= _MAX_COMPRESSIONS
    if len(session) > _MAX_SESSION_ID or not well_sized:
        raise malformed
    return ClientHello(
        version,
        tuple(_pairs(suites)),
        None if groups is None else frozenset(GROUPS[group] for group in groups if group in GROUPS),
        None
        if pairs is None
        else frozenset(_SIGNERS[p & 255] for p in pairs if p >> 8 in _HASHES and p & 255 in _SIGNERS),
        groups or (),
    )


def check_client_hello(hello: ClientHello, own: Certificate | None) -> None:
    """Can the board, with this certificate of its own, agree on a suite with that client? Raises `RefusedError`.

    Board: mbedTLS ssl_srv.c; no suite in common and none that could be used are two numbers.
    """
    if hello.version[0] < TLS_1_0[0] or hello.version[1] < TLS_1_0[1]:
        remark = f"the client speaks version {hello.version[0]}.{hello.version[1]}, older than TLS 1.0"
        raise RefusedError(errors.SSL_BAD_HS_PROTOCOL_VERSION, PROTOCOL_VERSION, remark)
    if _FALLBACK in hello.suites and hello.version < TLS_1_2:
        remark = "the client has fallen back to an older version than both could speak"
        raise RefusedError(errors.SSL_BAD_HS_CLIENT_HELLO, INAPPROPRIATE_FALLBACK, remark)
    common = [suite for suite in hello.suites if suite in SUITES]
    if not common:
        remark = f"none of the client's {len(hello.suites)} cipher suites is the board's"
        if all(suite >> 8 == _TLS_1_3_SUITES or suite in _SIGNALS for suite in hello.suites):
            remark += "; it offers those of TLS 1.3 only"
        raise RefusedError(errors.SSL_NO_CIPHER_CHOSEN, Alert.HANDSHAKE_FAILURE, remark)
    if own is not None and not any(_usable(suite, hello, own) for suite in common):
        raise RefusedError(errors.SSL_NO_USABLE_CIPHERSUITE, Alert.HANDSHAKE_FAILURE, _why_not(hello, own))


def _usable(suite: int, hello: ClientHello, own: Certificate) -> bool:
    exchange, oldest = SUITES[suite]
    if hello.version < oldest or exchange not in exchanges_of(own):
        return False
    if exchange == "ECDH":
        return True
    if exchange.startswith("ECDHE") and not hello.groups:
        return False
    if own.key.kind == "ec" and own.key.curve not in (hello.groups or ()):
        return False
    return hello.version < TLS_1_2 or hello.signers is None or own.key.kind in hello.signers


def _why_not(hello: ClientHello, own: Certificate) -> str:
    if not own.allows_purpose(certificate.SERVER_AUTH):
        return "the board's own certificate is not meant for servers (extendedKeyUsage), so it fits no suite"
    if not exchanges_of(own):
        return "the board's own certificate allows no key exchange (keyUsage), so it fits no suite"
    own_kind = f"an EC key on {own.key.curve}" if own.key.kind == "ec" else "an RSA key"
    if own.key_usage is not None:
        own_kind += f" whose keyUsage allows {', '.join(sorted(exchanges_of(own)))} only"
    groups = ", ".join(GROUPS.get(group, f"0x{group:02X}") for group in hello.raw_groups) or "none"
    names = "X25519" if hello.raw_groups == (29,) else groups
    return f"the suites in common cannot be used: the board has {own_kind}, the client's curves are {names}"
