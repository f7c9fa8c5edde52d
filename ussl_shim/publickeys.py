"""Public keys as the board's library reads them, by the numbers in them. Pure.

Board: mbedTLS 2.16.2, pkparse.c (what is refused, with which number), ecp.c and rsa.c (what a key has to be like).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ussl_shim import der, errors
from ussl_shim.curves import BY_NAME, CURVES, Curve, Point
from ussl_shim.der import CertificateError, Reader, fails_with

KeyKind = Literal["rsa", "ec"]

RSA_KEY: Final = "1.2.840.113549.1.1.1"
EC_KEY: Final = "1.2.840.10045.2.1"
ECDH_KEY: Final = "1.3.132.1.12"
KEY_ALGORITHMS: Final = frozenset({RSA_KEY, EC_KEY, ECDH_KEY})
_PRIME_FIELD: Final = "1.2.840.10045.1.1"
_UNCOMPRESSED: Final = 4

MIN_MODULUS_BITS: Final = 128
MAX_MODULUS_BYTES: Final = 1024


@dataclass(frozen=True)
class PublicKey:
    """A public key: its SubjectPublicKeyInfo and what the board's rules ask about it.

    ``modulus`` and ``exponent`` are an RSA key's, ``curve`` (its name) and ``point`` an EC key's. ``only_agrees`` marks an
    EC key whose algorithm is ECDH: it verifies no signature.
    """

    kind: KeyKind
    bits: int
    curve: str | None
    der: bytes
    modulus: int = 0
    exponent: int = 0
    point: Point | None = None
    only_agrees: bool = False

    @property
    def counted_bits(self) -> int:
        """The size as the board measures it: an RSA modulus by whole bytes, so that 2047 bits are 2048."""
        return (self.bits + 7) // 8 * 8 if self.kind == "rsa" else self.bits


def public_key(body: Reader) -> PublicKey:
    """The next element of ``body``, a SubjectPublicKeyInfo. Raises `CertificateError`."""
    with fails_with(errors.PK_KEY_INVALID_FORMAT):
        whole = body.element(der.SEQUENCE)
        fields = Reader(whole).enter(der.SEQUENCE)
    algorithm = key_algorithm(fields, errors.PK_INVALID_ALG, errors.PK_UNKNOWN_PK_ALG)
    with fails_with(errors.PK_INVALID_PUBKEY):
        bits = fields.whole_bytes()
        fields.finish()
    if algorithm.oid == RSA_KEY:
        return _rsa_key(whole, bits)
    curve = ec_parameters(algorithm.tag, algorithm.parameters)
    point = read_point(curve, bits)
    only_agrees = algorithm.oid == ECDH_KEY
    if algorithm.tag != der.OID and not only_agrees:
        whole = subject_public_key(curve, point)
    return PublicKey("ec", curve.bits, curve.name, whole, point=point, only_agrees=only_agrees)


def key_algorithm(fields: Reader, malformed: int, unknown: int) -> der.Algorithm:
    """The algorithm of a key; ``malformed`` and ``unknown`` are the numbers where it is. Raises `CertificateError`."""
    with fails_with(malformed):
        algorithm = fields.algorithm()
    if algorithm.oid not in KEY_ALGORITHMS:
        raise CertificateError(unknown)
    if algorithm.oid == RSA_KEY and not algorithm.bare:
        raise CertificateError(malformed)
    return algorithm


def rsa_public_key(block: bytes) -> PublicKey:
    """An RSAPublicKey (RFC 8017). Raises `CertificateError`."""
    algorithm = der.encode(der.SEQUENCE, der.encode_oid(RSA_KEY), der.encode(der.NULL))
    whole = der.encode(der.SEQUENCE, algorithm, der.encode(der.BIT_STRING, b"\0" + block))
    return _rsa_key(whole, block)


def _rsa_key(whole: bytes, bits: bytes) -> PublicKey:
    outer = Reader(bits)
    with fails_with(errors.PK_INVALID_PUBKEY):
        fields = outer.enter(der.SEQUENCE)
        outer.finish()
        modulus, exponent = fields.number(), fields.number()
    if not _usable(modulus, exponent):
        raise CertificateError(errors.PK_INVALID_PUBKEY)
    with fails_with(errors.PK_INVALID_PUBKEY):
        fields.finish()
    return PublicKey("rsa", modulus.bit_length(), None, whole, modulus, exponent)


def usable_modulus(modulus: int) -> bool:
    """What the board asks of any modulus, in private keys too."""
    return modulus & 1 == 1 and modulus.bit_length() <= 8 * MAX_MODULUS_BYTES


def _usable(modulus: int, exponent: int) -> bool:
    large = usable_modulus(modulus) and modulus.bit_length() >= MIN_MODULUS_BITS
    return large and exponent & 1 == 1 and 1 < exponent < modulus


def ec_parameters(tag: int, content: bytes) -> Curve:
    """The curve of ECParameters given by tag and content: a name, or all its numbers. Raises `CertificateError`."""
    if tag != der.OID:
        return _specified(Reader(content))
    curve = CURVES.get(der.dotted(content))
    if curve is None:
        raise CertificateError(errors.PK_UNKNOWN_NAMED_CURVE)
    return curve


def _specified(fields: Reader) -> Curve:
    """A SpecifiedECDomain (SEC 1, C.2). What comes after the order is not looked at.

    The board returns some of its reader's codes here as they are, without a high code.
    """
    with fails_with(errors.PK_KEY_INVALID_FORMAT):
        version = fields.integer()
    if not 1 <= version <= 3:
        raise CertificateError(errors.PK_KEY_INVALID_FORMAT)
    with fails_with(0):
        field = fields.enter(der.SEQUENCE)
        kind = der.dotted(field.take(der.OID))
    if kind != _PRIME_FIELD:
        raise CertificateError(errors.PK_FEATURE_UNAVAILABLE)
    with fails_with(errors.PK_KEY_INVALID_FORMAT):
        prime = field.number()
        field.finish()
    with fails_with(0):
        coefficients = fields.enter(der.SEQUENCE)
    with fails_with(errors.PK_KEY_INVALID_FORMAT):
        a, b = (int.from_bytes(coefficients.take(der.OCTET_STRING), "big") for _ in range(2))
        if coefficients.peek() == der.BIT_STRING:
            coefficients.take(der.BIT_STRING)  # the seed
        coefficients.finish()
        base = fields.take(der.OCTET_STRING)
    x, parity = _base_point(prime, base)
    with fails_with(errors.PK_KEY_INVALID_FORMAT):
        order = fields.number()
    for curve in CURVES.values():
        if (prime, a, b, order, x, parity) == (curve.p, _stored_a(curve), curve.b, curve.n, curve.x, curve.y & 1):
            return curve
    raise CertificateError(errors.ECP_FEATURE_UNAVAILABLE)


def _stored_a(curve: Curve) -> int:
    """The coefficient that the board compares: where it is -3, its table holds none, which compares as 0."""
    return max(curve.a, 0)


def _base_point(prime: int, data: bytes) -> tuple[int | None, int]:
    """The abscissa and the parity of the ordinate; no abscissa for the point at infinity."""
    size = (prime.bit_length() + 7) // 8
    form = data[0] if data else None
    if data == b"\0":
        return None, 0
    if form == _UNCOMPRESSED and len(data) == 2 * size + 1:
        return int.from_bytes(data[1 : 1 + size], "big"), data[-1] & 1 if size else 0
    if form in (2, 3) and len(data) == size + 1:
        return int.from_bytes(data[1:], "big"), data[0] & 1
    raise CertificateError(errors.PK_KEY_INVALID_FORMAT)


def read_point(curve: Curve, data: bytes) -> Point:
    """A point of the curve in the only form the board reads, uncompressed. Raises `CertificateError`."""
    if not data or (data[0] == 0 and len(data) > 1):
        raise CertificateError(errors.ECP_BAD_INPUT_DATA)
    if data == b"\0":
        raise CertificateError(errors.ECP_INVALID_KEY)  # the point at infinity
    if data[0] != _UNCOMPRESSED:
        raise CertificateError(errors.ECP_FEATURE_UNAVAILABLE)
    if len(data) != 2 * curve.size + 1:
        raise CertificateError(errors.ECP_BAD_INPUT_DATA)
    middle = 1 + curve.size
    point = Point(int.from_bytes(data[1:middle], "big"), int.from_bytes(data[middle:], "big"))
    if not curve.has(point):
        raise CertificateError(errors.ECP_INVALID_KEY)
    return point


def subject_public_key(curve: Curve, point: Point) -> bytes:
    """A SubjectPublicKeyInfo that names its curve."""
    algorithm = der.encode(der.SEQUENCE, der.encode_oid(EC_KEY), der.encode_oid(curve.oid))
    return der.encode(der.SEQUENCE, algorithm, der.encode(der.BIT_STRING, b"\0" + curve.encode(point)))


def curve_named(name: str | None) -> Curve:
    """The curve of an EC key."""
    if name is None:
        raise ValueError("not an EC key")
    return BY_NAME[name]
