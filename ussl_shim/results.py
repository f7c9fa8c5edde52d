"""From a judgement on the peer's certificate to what the script sees and what the peer is told. Pure tables."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final, Literal

from ussl_shim import errors

Path = Literal["connect", "wrap"]
"""Where the handshake happens: in ``connect`` of a wrapped socket, or in ``wrap_socket`` of a connected one."""


class Mode(IntEnum):
    """``cert_reqs`` as the TLS library keeps it: in two bits (board: mbedtls/ssl.h, ssl_conf_authmode)."""

    NONE = 0
    OPTIONAL = 1
    REQUIRED = 2
    STRICT = 3

    @classmethod
    def of(cls, cert_reqs: int) -> Mode:
        """4 acts as 0, 5 as 1, 6 as 2; 3 and -1 are as strict as 2."""
        return cls(cert_reqs & 3)


class Flag(IntFlag):
    """What is wrong with a certificate; added up (board: mbedtls/x509.h). 1 and 512, the dates, never occur."""

    REVOKED = 2
    NAME_MISMATCH = 4
    NOT_TRUSTED = 8
    MISSING = 64
    SKIPPED = 128
    KEY_USAGE = 2048
    EXT_KEY_USAGE = 4096
    BAD_HASH = 16384
    BAD_KEY_KIND = 32768
    KEY_TOO_SMALL = 65536


FLAG_TEXTS: Final[dict[Flag, str]] = {
    Flag.REVOKED: "revoked",
    Flag.NAME_MISMATCH: "it names another host",
    Flag.NOT_TRUSTED: "no certificate in ca_certs signed it",
    Flag.MISSING: "the peer sent none",
    Flag.SKIPPED: "it was not checked",
    Flag.KEY_USAGE: "its key usage forbids this",
    Flag.EXT_KEY_USAGE: "its extended key usage forbids this",
    Flag.BAD_HASH: "it is signed with MD5 or SHA-1",
    Flag.BAD_KEY_KIND: "its kind of key is not accepted",
    Flag.KEY_TOO_SMALL: "an RSA key in the chain has fewer than 2048 bits",
}


def describe_flags(flags: int) -> str:
    """The faults in words, joined by semicolons."""
    return "; ".join(text for flag, text in FLAG_TEXTS.items() if flags & flag)


_USAGE: Final = Flag.KEY_USAGE | Flag.EXT_KEY_USAGE


def refusal(mode: Mode, flags: int) -> int | None:
    """The number that ends the handshake when the peer's certificate has these faults, or None to go on.

    Board: mbedTLS ssl_tls.c, certificate parsing; only a lone usage fault has a number of its own.
    """
    if mode in (Mode.NONE, Mode.OPTIONAL) or not flags:
        return None
    if flags & ~_USAGE:
        return errors.X509_CERT_VERIFY_FAILED
    return errors.SSL_BAD_HS_CERTIFICATE


class Alert(IntEnum):
    """Alert numbers on the wire (RFC 5246, 7.2)."""

    CLOSE_NOTIFY = 0
    UNEXPECTED_MESSAGE = 10
    HANDSHAKE_FAILURE = 40
    BAD_CERTIFICATE = 42
    UNSUPPORTED_CERTIFICATE = 43
    CERTIFICATE_UNKNOWN = 46
    ILLEGAL_PARAMETER = 47
    UNKNOWN_CA = 48


_ALERT_ORDER: Final[tuple[tuple[Flag, Alert], ...]] = (
    (Flag.NAME_MISMATCH, Alert.BAD_CERTIFICATE),
    (_USAGE | Flag.BAD_KEY_KIND | Flag.KEY_TOO_SMALL, Alert.UNSUPPORTED_CERTIFICATE),
    (Flag.NOT_TRUSTED, Alert.UNKNOWN_CA),
)


def alert_for(flags: int) -> Alert:
    """The alert the peer gets for a refused certificate: the first fault in the board's order decides."""
    return next((alert for mask, alert in _ALERT_ORDER if flags & mask), Alert.CERTIFICATE_UNKNOWN)


def outcome(path: Path, cert_reqs: int, flags: int) -> int | None:
    """What a finished handshake raises, or None (board: esp32/mods/modussl.c, esp32/mods/lwipsocket.c).

    ``connect`` raises the flags themselves; ``wrap_socket`` raises -1, and lets "not checked" pass with CERT_NONE.
    """
    if flags == 0:
        return None
    if path == "connect":
        return flags
    if cert_reqs == 0 and flags == Flag.SKIPPED:
        return None
    return errors.VERIFY_RESULT_NOT_ZERO
