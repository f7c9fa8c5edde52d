"""X.509 certificates as data, read the way the board reads them. Pure; no TLS library, no cryptography.

Board: mbedTLS 2.16.2, x509_crt.c, x509.c, pkparse.c, oid.c. The numbers of rows marked "not run" in the tests come from
reading that library's headers and behaviour, not from a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Literal, NamedTuple

from ussl_shim import der, errors
from ussl_shim.der import Asn1Error, Reader, fails_with
from ussl_shim.der import CertificateError as CertificateError
from ussl_shim.publickeys import KeyKind as KeyKind
from ussl_shim.publickeys import PublicKey as PublicKey
from ussl_shim.publickeys import public_key

SignatureKind = Literal["rsa", "rsa-pss", "ecdsa"]

_PSS: Final = "1.2.840.113549.1.1.10"
_MGF1: Final = "1.2.840.113549.1.1.8"

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

# Bits of keyUsage as the board keeps them: the bytes of the bit string, the first lowest.
DIGITAL_SIGNATURE: Final = 0x80
KEY_ENCIPHERMENT: Final = 0x20
KEY_AGREEMENT: Final = 0x08
KEY_CERT_SIGN: Final = 0x04
ENCIPHER_ONLY: Final = 0x01
DECIPHER_ONLY: Final = 0x8000
_KEPT_USAGE_BYTES: Final = 4
_LIMITING: Final = ENCIPHER_ONLY | DECIPHER_ONLY
"""Bits that take something away: set, they must be asked for (board: x509_crt.c, mbedtls_x509_crt_check_key_usage)."""

UTF8_STRING: Final = 0x0C
PRINTABLE_STRING: Final = 0x13
_NAME_TAGS: Final = frozenset({der.BIT_STRING, UTF8_STRING, PRINTABLE_STRING, 0x14, 0x16, 0x1C, 0x1E})
"""Types a value in a name may have: besides these two, BIT STRING, T61, IA5, Universal and BMP (board: x509.c)."""


class Attribute(NamedTuple):
    """One attribute of a name: the OID, the value's tag, the value; ``joined`` where the next one is in the same set."""

    oid: str
    tag: int
    value: bytes
    joined: bool = False


Name = tuple[Attribute, ...]
"""A distinguished name: its attributes in order."""


@dataclass(frozen=True)
class Signature:
    """Who signed how. ``salt`` is the salt's length of an RSA-PSS signature, ``mask`` the hash of its mask (MGF1)."""

    kind: SignatureKind
    hash: str
    value: bytes
    salt: int = 0
    mask: str = ""


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
        return tuple(one.value for one in self.subject if one.oid == "2.5.4.3")

    @cached_property
    def self_issued(self) -> bool:
        return same_name(self.issuer, self.subject)

    def allows(self, usage: int) -> bool:
        """True where keyUsage is absent, or holds every bit of ``usage`` and no limiting one besides."""
        held = self.key_usage
        return held is None or (held & usage == usage and not held & _LIMITING & ~usage)

    def allows_purpose(self, purpose: str) -> bool:
        """True where extendedKeyUsage is absent, holds ``purpose``, or allows any."""
        wanted = self.ext_key_usage
        return wanted is None or purpose in wanted or ANY_USAGE in wanted


def same_name(one: Name, other: Name) -> bool:
    """The board's comparison: case counts, except between UTF8String and PrintableString values; sets count, too."""
    if one == other:
        return True
    if len(one) != len(other):
        return False
    return all(_same_attribute(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def _same_attribute(mine: Attribute, theirs: Attribute) -> bool:
    if mine == theirs:
        return True
    loose = (UTF8_STRING, PRINTABLE_STRING)
    alike = mine.oid == theirs.oid and mine.joined == theirs.joined
    return alike and mine.tag in loose and theirs.tag in loose and mine.value.lower() == theirs.value.lower()


def show_name(name: Name) -> str:
    """``CN=device.test, O=Example``, for notes."""
    parts = (f"{_NAME_LABELS.get(one.oid, one.oid)}={one.value.decode('utf-8', 'replace')}" for one in name)
    return ", ".join(parts) or "(empty name)"


@lru_cache(maxsize=128)
def parse(data: bytes) -> Certificate:
    """Parse one DER certificate; what follows it is not looked at. Raises `CertificateError` with the board's number.

    The order of the checks is the board's, since the first that fails gives the number. The same bytes give the same
    object: peers and files show the same few certificates again and again.
    """
    whole = Reader(data)
    with fails_with(errors.X509_INVALID_FORMAT, low=False):
        outer = whole.enter(der.SEQUENCE)
    with fails_with(errors.X509_INVALID_FORMAT):
        signed = Reader(outer.data, outer.position, whole.position).element(der.SEQUENCE)
        body = outer.enter(der.SEQUENCE)
    version = _version(body)
    with fails_with(errors.X509_INVALID_SERIAL):
        body.take(0x82 if body.peek() == 0x82 else der.INTEGER)
    with fails_with(errors.X509_INVALID_ALG):
        algorithm = body.algorithm()
    if version > 3:
        raise CertificateError(errors.X509_UNKNOWN_VERSION)
    scheme = _signature_scheme(algorithm)
    with fails_with(errors.X509_INVALID_FORMAT):
        rdns = body.enter(der.SEQUENCE)
    issuer = _name(rdns)
    with fails_with(errors.X509_INVALID_DATE):
        _validity(body.enter(der.SEQUENCE))
    with fails_with(errors.X509_INVALID_FORMAT):
        rdns = body.enter(der.SEQUENCE)
    subject = () if rdns.empty else _name(rdns)
    key = public_key(body)
    extensions = _Extensions()
    if version >= 2:
        with fails_with(errors.X509_INVALID_FORMAT):
            for tag in (0xA1, 0xA2):
                if body.peek() == tag:
                    body.take(tag)
    if version == 3 and not body.empty:
        with fails_with(errors.X509_INVALID_EXTENSIONS):
            extensions.read(body.enter(0xA3))
    with fails_with(errors.X509_INVALID_FORMAT):
        body.finish()
    with fails_with(errors.X509_INVALID_ALG):
        again = outer.algorithm()
    if (again.oid, again.parameters) != (algorithm.oid, algorithm.parameters):  # that NULL may be left out in one
        raise CertificateError(errors.X509_SIG_MISMATCH)
    with fails_with(errors.X509_INVALID_SIGNATURE):
        value = outer.whole_bytes()
    with fails_with(errors.X509_INVALID_FORMAT):
        outer.finish()
    return Certificate(
        der=data[: whole.position],
        signed=signed,
        version=version,
        issuer=issuer,
        subject=subject,
        key=key,
        signature=Signature(scheme.kind, scheme.hash, value, scheme.salt, scheme.mask),
        is_ca=extensions.is_ca,
        path_length=extensions.path_length,
        key_usage=extensions.key_usage,
        ext_key_usage=extensions.ext_key_usage,
        dns_names=extensions.dns_names,
    )


def _version(body: Reader) -> int:
    if body.peek() not in (0xA0, None):
        return 1
    with fails_with(errors.X509_INVALID_FORMAT):
        inner = body.enter(0xA0)
    with fails_with(errors.X509_INVALID_VERSION):
        number = inner.integer()
        inner.finish()
    return number + 1


class _Scheme(NamedTuple):
    kind: SignatureKind
    hash: str
    salt: int = 0
    mask: str = ""


def _signature_scheme(algorithm: der.Algorithm) -> _Scheme:
    if algorithm.oid == _PSS:
        with fails_with(errors.X509_INVALID_ALG):
            return _pss(algorithm)
    known = SIGNATURES.get(algorithm.oid)
    if known is None:
        raise CertificateError(errors.X509_UNKNOWN_SIG_ALG + errors.OID_NOT_FOUND)
    if not algorithm.bare:
        raise CertificateError(errors.X509_INVALID_ALG)
    return _Scheme(*known)


def _pss(algorithm: der.Algorithm) -> _Scheme:
    """RSASSA-PSS-params (RFC 4055): hash, mask, salt and trailer, each with a default and in a wrapping of its own."""
    if algorithm.tag != der.SEQUENCE:
        raise Asn1Error(errors.ASN1_UNEXPECTED_TAG)
    fields = Reader(algorithm.parameters)
    digest, mask, salt = "sha1", "sha1", 20
    if fields.peek() == 0xA0:
        inner = fields.enter(0xA0)
        named = inner.algorithm()
        if not named.bare:
            raise Asn1Error(errors.ASN1_INVALID_DATA)
        digest = _hash_name(named.oid)
        inner.finish()
    if fields.peek() == 0xA1:
        inner = fields.enter(0xA1)
        mask = _mask_hash(inner.algorithm())
        inner.finish()
    if fields.peek() == 0xA2:
        inner = fields.enter(0xA2)
        salt = inner.integer()
        inner.finish()
    if fields.peek() == 0xA3:
        inner = fields.enter(0xA3)
        trailer = inner.integer()
        inner.finish()
        if trailer != 1:
            raise CertificateError(errors.X509_INVALID_ALG)
    fields.finish()
    return _Scheme("rsa-pss", digest, salt, mask)


def _hash_name(oid: str) -> str:
    if oid not in _HASHES:
        raise Asn1Error(errors.OID_NOT_FOUND)
    return _HASHES[oid]


def _mask_hash(algorithm: der.Algorithm) -> str:
    """The hash in a MaskGenAlgorithm, which is MGF1 or refused."""
    if algorithm.oid != _MGF1:
        raise CertificateError(errors.X509_FEATURE_UNAVAILABLE + errors.OID_NOT_FOUND)
    if algorithm.tag != der.SEQUENCE:
        raise Asn1Error(errors.ASN1_UNEXPECTED_TAG)
    fields = Reader(algorithm.parameters)
    name = _hash_name(der.dotted(fields.take(der.OID)))
    if not fields.empty:
        if fields.take(der.NULL):
            raise CertificateError(errors.X509_INVALID_ALG)
        fields.finish()
    return name


_YEAR_DIGITS: Final[dict[int | None, int]] = {0x17: 2, 0x18: 4}
"""By the tag of a UTCTime and of a GeneralizedTime."""
_MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _validity(times: Reader) -> None:
    """The board never compares the dates with its clock, but they have to be dates."""
    for _ in range(2):
        tag = times.peek()
        if tag is None:
            raise Asn1Error(errors.ASN1_OUT_OF_DATA)
        if tag not in _YEAR_DIGITS:
            raise Asn1Error(errors.ASN1_UNEXPECTED_TAG)
        if not _is_date(times.take(tag), _YEAR_DIGITS[tag]):
            raise CertificateError(errors.X509_INVALID_DATE)
    times.finish()


def _is_date(text: bytes, year_digits: int) -> bool:
    """Year, month, day, hour, minute and second, and perhaps a Z: no time zone, no fractions."""
    digits = text[:-1] if len(text) == year_digits + 11 and text.endswith(b"Z") else text
    if len(digits) != year_digits + 10 or not digits.isdigit():
        return False
    year, rest = int(digits[:year_digits]), digits[year_digits:]
    if year_digits == 2:
        year += 2000 if year < 50 else 1900
    month, day, hour, minute, second = (int(rest[at : at + 2]) for at in range(0, 10, 2))
    if not 1 <= month <= 12 or hour > 23 or minute > 59 or second > 59:
        return False
    leap = month == 2 and ((year % 4 == 0 and year % 100 != 0) or year % 400 == 0)
    return 1 <= day <= _MONTH_DAYS[month - 1] + leap


def _name(rdns: Reader) -> Name:
    """The attributes of a Name, which has one at least. Raises `CertificateError`."""
    attributes: list[Attribute] = []
    with fails_with(errors.X509_INVALID_NAME):
        while True:
            members = rdns.enter(der.SET)
            while True:
                pair = members.enter(der.SEQUENCE)
                oid = der.dotted(pair.take(der.OID))
                tag = pair.peek()
                if tag is None:
                    raise Asn1Error(errors.ASN1_OUT_OF_DATA)
                if tag not in _NAME_TAGS:
                    raise Asn1Error(errors.ASN1_UNEXPECTED_TAG)
                value = pair.take(tag)
                pair.finish()
                attributes.append(Attribute(oid, tag, value, joined=not members.empty))
                if members.empty:
                    break
            if rdns.empty:
                return tuple(attributes)


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
            "2.16.840.1.113730.1.1": self._netscape_type,
        }
        seen: set[str] = set()
        while not sequence.empty:
            extension = sequence.enter(der.SEQUENCE)
            oid = der.dotted(extension.take(der.OID))
            critical = extension.peek() == der.BOOLEAN and extension.boolean()
            content = extension.take(der.OCTET_STRING)
            extension.finish()
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
        """The board reads on to the end of the extension, whatever the length of the sequence in it."""
        content.enter_unbounded(der.SEQUENCE)
        if content.peek() is None:
            return
        # A number in place of the BOOLEAN is taken for one.
        self.is_ca = content.integer() != 0 if content.peek() == der.INTEGER else content.boolean()
        if content.peek() is None:
            return
        self.path_length = content.integer()
        content.finish()

    def _key_usage(self, content: Reader) -> None:
        bits = content.last_bits()
        if not bits:
            raise Asn1Error(errors.ASN1_INVALID_LENGTH)
        self.key_usage = int.from_bytes(bits[:_KEPT_USAGE_BYTES], "little")

    def _ext_key_usage(self, content: Reader) -> None:
        purposes = content.enter(der.SEQUENCE)
        content.finish()
        if purposes.peek() is None:
            raise Asn1Error(errors.ASN1_INVALID_LENGTH)
        found: set[str] = set()
        while not purposes.empty:
            found.add(der.dotted(purposes.take(der.OID)))
        self.ext_key_usage = frozenset(found)

    def _alt_names(self, content: Reader) -> None:
        """Only DNS names are kept; the others have to be of a GeneralName's class and are skipped."""
        names = content.enter(der.SEQUENCE)
        content.finish()
        found: list[bytes] = []
        while (tag := names.peek()) is not None:
            value = names.take(tag)
            if tag & 0xC0 != 0x80:
                raise Asn1Error(errors.ASN1_UNEXPECTED_TAG)
            if tag == 0x82:
                found.append(value)
        self.dns_names = tuple(found)

    def _netscape_type(self, content: Reader) -> None:
        """Decides nothing, but has to be a BIT STRING of one byte."""
        if len(content.last_bits()) != 1:
            raise Asn1Error(errors.ASN1_INVALID_LENGTH)
