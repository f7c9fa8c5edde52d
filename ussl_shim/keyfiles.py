"""Private keys as the board's library reads them: the numbers in PKCS#1, SEC1 and PKCS#8. Pure.

Board: mbedTLS 2.16.2, pkparse.c. Little is checked: an RSA key is completed from its modulus, exponents and primes, and
whether they fit together shows only when it is used; an EC key is its private number, whatever public point stands beside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import lcm
from typing import Final, Literal

from ussl_shim import der, errors
from ussl_shim.curves import Curve
from ussl_shim.der import Asn1Error, CertificateError, Reader, fails_with
from ussl_shim.publickeys import ECDH_KEY, RSA_KEY, ec_parameters, key_algorithm, read_point, usable_modulus

Form = Literal["pkcs1", "sec1", "pkcs8"]


@dataclass(frozen=True)
class RsaNumbers:
    """An RSA key. Without primes it is a public key, which the board takes, too, and cannot use."""

    modulus: int = field(repr=False)
    exponent: int = field(repr=False)
    private_exponent: int = field(repr=False)
    p: int = field(repr=False)
    q: int = field(repr=False)


@dataclass(frozen=True)
class EcNumbers:
    """An EC key. ``only_agrees`` where its algorithm is ECDH: it signs nothing."""

    curve: Curve
    private: int = field(repr=False)
    only_agrees: bool = False


Numbers = RsaNumbers | EcNumbers


@dataclass(frozen=True)
class KeyFile:
    """A private key as found in a file: the form of its block and the numbers inside."""

    form: Form
    numbers: Numbers


def pkcs1(block: bytes) -> KeyFile:
    """An RSAPrivateKey (RFC 8017); what follows it is not looked at. Raises `CertificateError`."""
    return KeyFile("pkcs1", _rsa(block))


def sec1(block: bytes) -> KeyFile:
    """An ECPrivateKey (RFC 5915). Raises `CertificateError`."""
    return KeyFile("sec1", _ec(block, None))


def pkcs8(block: bytes) -> KeyFile:
    """A PrivateKeyInfo (RFC 5208); its attributes are not looked at. Raises `CertificateError`."""
    fields = _versioned(block, 0)
    base = errors.PK_KEY_INVALID_FORMAT
    algorithm = key_algorithm(fields, base + errors.PK_INVALID_ALG, base + errors.PK_UNKNOWN_PK_ALG)
    with fails_with(base):
        inner = fields.take(der.OCTET_STRING)
        if not inner:
            raise Asn1Error(errors.ASN1_OUT_OF_DATA)
    if algorithm.oid == RSA_KEY:
        return KeyFile("pkcs8", _rsa(inner))
    curve = ec_parameters(algorithm.tag, algorithm.parameters)
    return KeyFile("pkcs8", _ec(inner, curve, only_agrees=algorithm.oid == ECDH_KEY))


def _versioned(block: bytes, version: int) -> Reader:
    """The fields of a SEQUENCE after its version, which must be this one."""
    with fails_with(errors.PK_KEY_INVALID_FORMAT):
        fields = Reader(block).enter(der.SEQUENCE)
        found = fields.integer()
    if found != version:
        raise CertificateError(errors.PK_KEY_INVALID_VERSION)
    return fields


def _rsa(block: bytes) -> RsaNumbers:
    fields = _versioned(block, 0)
    # From here on the board drops the reader's code.
    with fails_with(errors.PK_KEY_INVALID_FORMAT, low=False):
        modulus, exponent, private, p, q = (fields.number() for _ in range(5))
    completed = _completed(modulus, exponent, private, p, q)
    if completed is None:
        raise CertificateError(errors.PK_KEY_INVALID_FORMAT)
    with fails_with(errors.PK_KEY_INVALID_FORMAT, low=False):
        for _ in range(3):  # the exponents and the coefficient of the CRT, which the board computes anew
            fields.number()
        fields.finish()
    return completed


def _completed(modulus: int, exponent: int, private: int, p: int, q: int) -> RsaNumbers | None:
    """The key with what can be computed from the rest; None where the board gives up (board: rsa.c, rsa_internal.c)."""
    try:
        if p and q:
            modulus = modulus or p * q
            private = private or pow(exponent, -1, lcm(p - 1, q - 1))
            sound = bool(exponent and p & q & 1 and private % (p - 1) and private % (q - 1))
            pow(q, -1, p)
        else:
            # Lost primes are never found again, for the board has read them as zeros by then.
            sound = bool(exponent) and not (p or q or private)
    except (ValueError, ZeroDivisionError):
        return None
    return RsaNumbers(modulus, exponent, private, p, q) if sound and usable_modulus(modulus) else None


def _ec(block: bytes, curve: Curve | None, *, only_agrees: bool = False) -> EcNumbers:
    """``curve`` is that of the PKCS#8 around it."""
    fields = _versioned(block, 1)
    with fails_with(errors.PK_KEY_INVALID_FORMAT):
        private = int.from_bytes(fields.take(der.OCTET_STRING), "big")
        if fields.peek() == _PARAMETERS:
            curve = _same_curve(curve, fields.enter(_PARAMETERS))
        known = fields.peek() == _PUBLIC and _has_public(curve, fields.enter(_PUBLIC))
    number = _refused_private(curve, private)
    if curve is None or number is not None:
        # Without a public point that it can read, the board computes it, and says where it failed.
        raise CertificateError((number or 0) + (0 if known else errors.PK_KEY_INVALID_FORMAT))
    return EcNumbers(curve, private, only_agrees)


_PARAMETERS: Final = 0xA0
_PUBLIC: Final = 0xA1


def _same_curve(outer: Curve | None, fields: Reader) -> Curve:
    tag = fields.peek()
    if tag is None:
        raise Asn1Error(errors.ASN1_OUT_OF_DATA)
    if tag not in (der.OID, der.SEQUENCE):
        raise Asn1Error(errors.ASN1_UNEXPECTED_TAG)
    content = fields.take(tag)
    fields.finish()
    curve = ec_parameters(tag, content)
    if outer is not None and outer is not curve:
        raise CertificateError(errors.PK_KEY_INVALID_FORMAT)
    return curve


def _has_public(curve: Curve | None, fields: Reader) -> bool:
    """True for a public point the board can read, False for one in a form that it does not know; else it gives up."""
    bits = fields.whole_bytes()
    fields.finish()
    if curve is None:
        # No curve: no uncompressed point has the right length, and a compressed one is not read.
        if bits[0] in (0, 4):
            raise CertificateError(errors.PK_KEY_INVALID_FORMAT)
        return False
    try:
        read_point(curve, bits)
    except CertificateError as exc:
        if exc.number != errors.ECP_FEATURE_UNAVAILABLE:
            raise CertificateError(errors.PK_KEY_INVALID_FORMAT) from exc
        return False
    return True


def _refused_private(curve: Curve | None, private: int) -> int | None:
    if curve is None:
        return errors.ECP_BAD_INPUT_DATA
    return None if 0 < private < curve.n else errors.ECP_INVALID_KEY
