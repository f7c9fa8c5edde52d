"""X.509 certificates as data, read the way the board reads them. Pure; no TLS library, no cryptography.

Board: mbedTLS 2.16.2, x509_crt.c, x509.c, pkparse.c, oid.c. The numbers of rows marked "not run" in the tests come from
reading that library's headers and behaviour, not from a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Literal

from ussl_shim import der, errors
from ussl_shim.der import Asn1Error, Reader

KeyKind = Literal["rsa", "ec"]
SignatureKind = Literal["rsa", "rsa-pss", "ecdsa"]

_RSA_KEY: Final = "1.2.840.113549.1.1.1"
_EC_KEYS: Final = ("1.2.840.10045.2.1", "1.3.132.1.12")
_PSS: Final = "1.2.840.113549.1.1.10"

SIGNATURES: Final[dict[str, tuple[SignatureKind, str]]] = {
    "1.2.840.113549.1.1.4": ("rsa", "md5"),
    "1.2.840.113549.1.1.5": ("rsa", "sha1"),
    "1.2.840.113549.1.1.14": ("rsa", "sha224"),
    "1.2.840.113549.1.1.11": ("rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("rsa", "sha512"),
    "1.3.14.3.2.29": ("rsa", "sha1"),
    "1.2.840.10045.4.1": ("ecdsa", "sha1"),
    "1.2.840.10045.4.3.1": ("ecdsa", "sha224"),
    "1.2.840.10045.4.3.2": ("ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa", "sha512"),
}
_HASHES: Final[dict[str, str]] = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
CURVES: Final[dict[str, str]] = {
    "1.2.840.10045.3.1.1": "secp192r1",
    "1.3.132.0.33": "secp224r1",
    "1.2.840.10045.3.1.7": "secp256r1",
    "1.3.132.0.34": "secp384r1",
    "1.3.132.0.35": "secp521r1",
    "1.3.132.0.31": "secp192k1",
    "1.3.132.0.32": "secp224k1",
    "1.3.132.0.10": "secp256k1",
    "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
    "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
    "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
}
_NAME_LABELS: Final[dict[str, str]] = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
}

SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH: Final = "1.3.6.1.5.5.7.3.2"
ANY_USAGE: Final = "2.5.29.37.0"

# Bits of keyUsage as the board keeps them: the first byte of the bit string.
DIGITAL_SIGNATURE: Final = 0x80
KEY_ENCIPHERMENT: Final = 0x20
KEY_CERT_SIGN: Final = 0x04

UTF8_STRING: Final = 0x0C
PRINTABLE_STRING: Final = 0x13

Name = tuple[tuple[str, int, bytes], ...]
"""A distinguished name: (attribute's OID, the value's tag, the value) in order."""


class CertificateError(Exception):
    """The board refuses to parse these bytes; ``number`` is what it raises."""

    def __init__(self, number: int) -> None:
        super().__init__(errors.describe(number))
        self.number = number


@dataclass(frozen=True)
class PublicKey:
    """A public key: its SubjectPublicKeyInfo and what the board's rules ask about it."""

    kind: KeyKind
    bits: int
    curve: str | None
    der: bytes


@dataclass(frozen=True)
class Signature:
    """Who signed how. ``salt`` is the salt's length of an RSA-PSS signature."""

    kind: SignatureKind
    hash: str
    value: bytes
    salt: int = 0


@dataclass(frozen=True, eq=False)
class Certificate:
    """A certificate the board can parse. Two are equal when their bytes are."""

    der: bytes
    signed: bytes
    version: int
    issuer: Name
    subject: Name
    key: PublicKey
    signature: Signature
    is_ca: bool = False
    path_length: int | None = None
    key_usage: int | None = None
    ext_key_usage: frozenset[str] | None = None
    dns_names: tuple[bytes, ...] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and other.der == self.der

    def __hash__(self) -> int:
        return hash(self.der)

    @property
    def common_names(self) -> tuple[bytes, ...]:
        return tuple(value for oid, _, value in self.subject if oid == "2.5.4.3")

    @cached_property
    def self_issued(self) -> bool:
        return same_name(self.issuer, self.subject)

    def allows(self, usage: int) -> bool:
        """True where keyUsage is absent or holds every bit of ``usage``."""
        return self.key_usage is None or self.key_usage & usage == usage

    def allows_purpose(self, purpose: str) -> bool:
        """True where extendedKeyUsage is absent, holds ``purpose``, or allows any."""
        wanted = self.ext_key_usage
        return wanted is None or purpose in wanted or ANY_USAGE in wanted


def same_name(one: Name, other: Name) -> bool:
    """The board's comparison: case counts, except between UTF8String and PrintableString values."""
    if len(one) != len(other):
        return False
    return all(_same_attribute(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def _same_attribute(mine: tuple[str, int, bytes], theirs: tuple[str, int, bytes]) -> bool:
    if mine == theirs:
        return True
    loose = (UTF8_STRING, PRINTABLE_STRING)
    return mine[0] == theirs[0] and mine[1] in loose and theirs[1] in loose and mine[2].lower() == theirs[2].lower()


def show_name(name: Name) -> str:
    """``CN=device.test, O=Example``, for notes."""
    parts = (f"{_NAME_LABELS.get(oid, oid)}={value.decode('utf-8', 'replace')}" for oid, _, value in name)
    return ", ".join(parts) or "(empty name)"


@contextmanager
def _fails_with(base: int, *, low: bool = True) -> Iterator[None]:
    """Turn a reader's code into the board's number: ``base``, plus the low code where the board adds it."""
    try:
        yield
    except Asn1Error as exc:
        raise CertificateError(base + exc.code if low else base) from exc


@lru_cache(maxsize=128)
def parse(data: bytes) -> Certificate:
    """Parse one DER certificate. Raises `CertificateError` with the number the board would raise.

    The same bytes give the same object: peers and files show the same few certificates again and again.
    """
    with _fails_with(errors.X509_INVALID_FORMAT, low=False):
        outer = Reader(data).enter(der.SEQUENCE)
    with _fails_with(errors.X509_INVALID_FORMAT):
        signed = Reader(outer.data, outer.position, outer.position + len(outer.rest)).element(der.SEQUENCE)
        body = outer.enter(der.SEQUENCE)
    version = _version(body)
    with _fails_with(errors.X509_INVALID_SERIAL):
        body.take(0x82 if body.peek() == 0x82 else der.INTEGER)
    with _fails_with(errors.X509_INVALID_ALG):
        algorithm = body.element(der.SEQUENCE)
    if version > 3:
        raise CertificateError(errors.X509_UNKNOWN_VERSION)
    kind, digest, salt = _signature_algorithm(algorithm)
    issuer = _name(body)
    with _fails_with(errors.X509_INVALID_DATE):
        _validity(body.enter(der.SEQUENCE))
    subject = _name(body)
    key = _public_key(body)
    extensions = _Extensions()
    if version >= 2:
        with _fails_with(errors.X509_INVALID_FORMAT):
            for tag in (0xA1, 0xA2):
                if body.peek() == tag:
                    body.take(tag)
    if version == 3 and body.peek() == 0xA3:
        with _fails_with(errors.X509_INVALID_EXTENSIONS):
            extensions.read(body.enter(0xA3))
    with _fails_with(errors.X509_INVALID_FORMAT):
        body.finish()
    with _fails_with(errors.X509_INVALID_ALG):
        if outer.element(der.SEQUENCE) != algorithm:
            raise CertificateError(errors.X509_SIG_MISMATCH)
    with _fails_with(errors.X509_INVALID_SIGNATURE):
        value = outer.whole_bytes()
    with _fails_with(errors.X509_INVALID_FORMAT):
        outer.finish()
    return Certificate(
        der=data,
        signed=signed,
        version=version,
        issuer=issuer,
        subject=subject,
        key=key,
        signature=Signature(kind, digest, value, salt),
        is_ca=extensions.is_ca,
        path_length=extensions.path_length,
        key_usage=extensions.key_usage,
        ext_key_usage=extensions.ext_key_usage,
        dns_names=extensions.dns_names,
    )


def _version(body: Reader) -> int:
    if body.peek() != 0xA0:
        return 1
    with _fails_with(errors.X509_INVALID_VERSION):
        inner = body.enter(0xA0)
        number = int.from_bytes(inner.take(der.INTEGER), "big")
        inner.finish()
    return number + 1


def _signature_algorithm(element: bytes) -> tuple[SignatureKind, str, int]:
    with _fails_with(errors.X509_INVALID_ALG):
        fields = Reader(element).enter(der.SEQUENCE)
        oid = der.dotted(fields.take(der.OID))
    if oid == _PSS:
        with _fails_with(errors.X509_INVALID_ALG):
            return "rsa-pss", *_pss_parameters(fields)
    known = SIGNATURES.get(oid)
    if known is None:
        raise CertificateError(errors.X509_UNKNOWN_SIG_ALG + errors.OID_NOT_FOUND)
    return (*known, 0)


def _pss_parameters(fields: Reader) -> tuple[str, int]:
    digest, salt = "sha1", 20
    if fields.empty:
        return digest, salt
    parameters = fields.enter(der.SEQUENCE)
    if parameters.peek() == 0xA0:
        oid = der.dotted(parameters.enter(0xA0).enter(der.SEQUENCE).take(der.OID))
        if oid not in _HASHES:
            raise CertificateError(errors.X509_INVALID_ALG + errors.OID_NOT_FOUND)
        digest = _HASHES[oid]
    if parameters.peek() == 0xA1:
        parameters.take(0xA1)
    if parameters.peek() == 0xA2:
        salt = int.from_bytes(parameters.enter(0xA2).take(der.INTEGER), "big")
    return digest, salt


def _validity(times: Reader) -> None:
    for _ in range(2):
        if times.peek() not in (0x17, 0x18):
            raise Asn1Error(errors.ASN1_UNEXPECTED_TAG)
        times.skip()
    times.finish()


def _name(body: Reader) -> Name:
    with _fails_with(errors.X509_INVALID_FORMAT):
        rdns = body.enter(der.SEQUENCE)
    attributes: list[tuple[str, int, bytes]] = []
    with _fails_with(errors.X509_INVALID_NAME):
        while not rdns.empty:
            members = rdns.enter(der.SET)
            while not members.empty:
                pair = members.enter(der.SEQUENCE)
                oid = der.dotted(pair.take(der.OID))
                tag = pair.peek()
                if tag is None:
                    raise Asn1Error(errors.ASN1_OUT_OF_DATA)
                attributes.append((oid, tag, pair.take(tag)))
    return tuple(attributes)


def _public_key(body: Reader) -> PublicKey:
    with _fails_with(errors.PK_KEY_INVALID_FORMAT):
        whole = body.element(der.SEQUENCE)
        fields = Reader(whole).enter(der.SEQUENCE)
        algorithm = fields.enter(der.SEQUENCE)
        oid = der.dotted(algorithm.take(der.OID))
    if oid not in (_RSA_KEY, *_EC_KEYS):
        raise CertificateError(errors.PK_UNKNOWN_PK_ALG)
    with _fails_with(errors.PK_INVALID_PUBKEY):
        bits = fields.whole_bytes()
        if oid == _RSA_KEY:
            modulus = int.from_bytes(Reader(bits).enter(der.SEQUENCE).take(der.INTEGER), "big")
            return PublicKey("rsa", modulus.bit_length(), None, whole)
    with _fails_with(errors.PK_KEY_INVALID_FORMAT):
        curve = CURVES.get(der.dotted(algorithm.take(der.OID)))
    if curve is None:
        raise CertificateError(errors.PK_UNKNOWN_NAMED_CURVE + errors.OID_NOT_FOUND)
    return PublicKey("ec", (len(bits) - 1) * 4, curve, whole)


def _ignore(content: Reader) -> None:
    """A known extension whose content decides nothing."""


class _Extensions:
    """The five extensions the board looks at; an unknown critical one is an error, another is skipped."""

    def __init__(self) -> None:
        self.is_ca = False
        self.path_length: int | None = None
        self.key_usage: int | None = None
        self.ext_key_usage: frozenset[str] | None = None
        self.dns_names: tuple[bytes, ...] | None = None

    def read(self, explicit: Reader) -> None:
        sequence = explicit.enter(der.SEQUENCE)
        explicit.finish()
        readers = {
            "2.5.29.19": self._basic_constraints,
            "2.5.29.15": self._key_usage,
            "2.5.29.37": self._ext_key_usage,
            "2.5.29.17": self._alt_names,
            "2.16.840.1.113730.1.1": _ignore,
        }
        seen: set[str] = set()
        while not sequence.empty:
            extension = sequence.enter(der.SEQUENCE)
            oid = der.dotted(extension.take(der.OID))
            critical = extension.peek() == 0x01 and extension.take(0x01) != b"\0"
            content = extension.take(der.OCTET_STRING)
            reader = readers.get(oid)
            if reader is None:
                if critical:
                    raise Asn1Error(errors.ASN1_UNEXPECTED_TAG)
                continue
            if oid in seen:
                raise CertificateError(errors.X509_INVALID_EXTENSIONS)
            seen.add(oid)
            reader(Reader(content))

    def _basic_constraints(self, content: Reader) -> None:
        fields = content.enter(der.SEQUENCE)
        if fields.peek() == 0x01:
            self.is_ca = fields.take(0x01) != b"\0"
        if not fields.empty:
            self.path_length = int.from_bytes(fields.take(der.INTEGER), "big")

    def _key_usage(self, content: Reader) -> None:
        bits = content.take(der.BIT_STRING)
        self.key_usage = bits[1] if len(bits) > 1 else 0

    def _ext_key_usage(self, content: Reader) -> None:
        purposes = content.enter(der.SEQUENCE)
        found: set[str] = set()
        while not purposes.empty:
            found.add(der.dotted(purposes.take(der.OID)))
        self.ext_key_usage = frozenset(found)

    def _alt_names(self, content: Reader) -> None:
        names = content.enter(der.SEQUENCE)
        found: list[bytes] = []
        while not names.empty:
            tag = names.peek()
            if tag == 0x82:
                found.append(names.take(0x82))
            else:
                names.skip()
        self.dns_names = tuple(found)


def known_key_algorithm(oid: str) -> bool:
    """True for the kinds of key the board has: RSA and EC."""
    return oid in (_RSA_KEY, *_EC_KEYS)
