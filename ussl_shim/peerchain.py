"""The certificates that a peer sent, as the board takes them in. Pure.

Board: mbedTLS 2.16.2 ssl_tls.c: a certificate signed by an algorithm it does not know is passed over, and the next one takes
its place; with none left the peer has shown an empty certificate. What follows was measured by showing such chains to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ussl_shim import certificate, der, errors
from ussl_shim.certificate import Certificate, CertificateError, KeyKind
from ussl_shim.der import Asn1Error, Reader
from ussl_shim.hello import TLS_1_2, Exchange
from ussl_shim.results import Alert, Flag

UNKNOWN_SIGNATURE: Final = errors.X509_UNKNOWN_SIG_ALG + errors.OID_NOT_FOUND
EMPTY_FLAGS: Final = Flag.NOT_TRUSTED | Flag.BAD_HASH | Flag.BAD_KEY_KIND | Flag.KEY_TOO_SMALL
"""What is wrong with an empty certificate."""
# A signature of the peer that its certificate's key did not make (board: mbedTLS rsa.c, ecdsa.c; measured).
BAD_SIGNATURES: Final[dict[KeyKind, int]] = {"rsa": errors.RSA_VERIFY_FAILED, "ec": errors.ECP_VERIFY_FAILED}
DECRYPT_ERROR: Final = 51


class UnreadableError(Exception):
    """The board ends the handshake: its number and alert. ``foreign``: the leaf has a kind of key it did not offer."""

    def __init__(self, number: int, alert: Alert, *, foreign: bool = False) -> None:
        super().__init__(errors.describe(number))
        self.number = number
        self.alert = alert
        self.foreign = foreign


@dataclass(frozen=True)
class PeerChain:
    """The certificates that are left, the leaf first, maybe none; ``other_key``: the leaf's key is not the first one's."""

    certificates: tuple[Certificate, ...]
    other_key: bool = False


def read(sent: tuple[bytes, ...]) -> PeerChain:
    """Take in what the peer sent, at least one. Raises `UnreadableError`."""
    found: list[Certificate] = []
    for index, data in enumerate(sent):
        try:
            found.append(certificate.parse(data))
        except CertificateError as exc:
            if exc.number == UNKNOWN_SIGNATURE:
                continue
            foreign = exc.number == errors.PK_UNKNOWN_PK_ALG and index == 0
            unknown = exc.number == errors.X509_UNKNOWN_VERSION
            alert = Alert.UNSUPPORTED_CERTIFICATE if unknown else Alert.BAD_CERTIFICATE
            raise UnreadableError(exc.number, alert, foreign=foreign) from exc
    return PeerChain(tuple(found), bool(found) and found[0].key.der != _public_key(sent[0]))


def _public_key(data: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a certificate that need not parse; nothing where there is none."""
    try:
        body = Reader(data).enter(der.SEQUENCE).enter(der.SEQUENCE)
        for _ in range(6 if body.peek() == 0xA0 else 5):  # version, serial number, algorithm, issuer, validity, subject
            body.skip()
        return body.element(der.SEQUENCE)
    except Asn1Error:
        return b""


@dataclass(frozen=True)
class Ending:
    """How a handshake has to end where the peer proves its key: number and alert (None: the board sends none).

    ``unreadable``: because of a certificate that the board passed over.
    """

    number: int
    alert: int | None
    remark: str
    unreadable: bool = True


def server_ending(chain: PeerChain, exchange: Exchange) -> Ending | None:
    """How the board as a client ends a handshake whose server cannot prove the key of its leaf, if so."""
    remark = "the first certificate has an algorithm the board does not know"
    if not chain.certificates:
        alert = None if exchange == "RSA" else Alert.HANDSHAKE_FAILURE
        return Ending(errors.SSL_PK_TYPE_MISMATCH, alert, f"{remark}, and it is the only one")
    leaf = chain.certificates[0]
    kind: KeyKind = "ec" if exchange in ("ECDHE-ECDSA", "ECDH") else "rsa"
    if leaf.key.kind != kind:
        remark = f"the suite exchanges keys by {exchange}, the certificate has a key of kind {leaf.key.kind}"
        return Ending(errors.SSL_PK_TYPE_MISMATCH, Alert.HANDSHAKE_FAILURE, remark, unreadable=False)
    if not chain.other_key:
        return None
    remark += ", so the next one counts, and the server's key does not belong to it"
    if exchange == "RSA":  # the server cannot decrypt what was encrypted for another key, and says so
        return Ending(errors.SSL_FATAL_ALERT_MESSAGE, Alert.HANDSHAKE_FAILURE, remark)
    return Ending(BAD_SIGNATURES[kind], DECRYPT_ERROR, remark)


def client_ending(chain: PeerChain, version: tuple[int, int]) -> Ending | None:
    """The same where the board is the server and asked for a certificate."""
    remark = "the client's first certificate has an algorithm the board does not know"
    if not chain.certificates:
        newest = version >= TLS_1_2
        number = errors.SSL_BAD_HS_CERTIFICATE_VERIFY if newest else errors.PK_BAD_INPUT_DATA
        return Ending(number, None, f"{remark}, and it is the only one")
    if chain.other_key:
        remark += ", so the next one counts, and the client's key does not belong to it"
        return Ending(BAD_SIGNATURES[chain.certificates[0].key.kind], None, remark)
    return None
