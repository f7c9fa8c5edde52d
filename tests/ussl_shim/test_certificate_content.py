"""What the board finds fault with inside a certificate, and the number of each; every row was run on its library."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509 as host_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from tests.ussl_shim import ders
from tests.ussl_shim.certs import Issued, _builder, _name, _sign, _usage, pem
from tests.ussl_shim.ders import (
    EXTENSIONS,
    ISSUER,
    KEY,
    NULL,
    SUBJECT,
    VALIDITY,
    VERSION,
    algorithm,
    attribute,
    certificate,
    common,
    ec_key,
    extension,
    extensions,
    name,
    put,
    rsa_key,
    with_extension,
)
from ussl_shim import certfiles, der, trust, x509
from ussl_shim.certificate import DIGITAL_SIGNATURE, SERVER_AUTH, CertificateError, parse
from ussl_shim.curves import BY_NAME, CURVES
from ussl_shim.der import encode, encode_integer, encode_oid
from ussl_shim.publickeys import subject_public_key
from ussl_shim.results import Flag


def number_of(data: bytes) -> int | None:
    """What the board raises for these bytes; None where it takes them."""
    try:
        parse(data)
    except CertificateError as exc:
        return exc.number
    return None


def utc(text: bytes, tag: int = 0x17) -> bytes:
    good = encode(0x17, b"300101000000Z")
    return encode(der.SEQUENCE, encode(tag, text), good)


DATES: list[tuple[str, bytes, int | None]] = [
    ("utc", utc(b"300101000000Z"), None),
    ("generalized", utc(b"20300101000000Z", 0x18), None),
    ("no-z", utc(b"300101000000"), None),
    ("leap-day", utc(b"280229000000Z"), None),
    ("leap-day-of-2000", utc(b"000229000000Z"), None),
    ("leap-day-of-1900", utc(b"19000229000000Z", 0x18), -9216),
    ("month-13", utc(b"301301000000Z"), -9216),
    ("day-0", utc(b"300100000000Z"), -9216),
    ("february-30", utc(b"300230000000Z"), -9216),
    ("hour-24", utc(b"300101240000Z"), -9216),
    ("second-60", utc(b"300101000060Z"), -9216),
    ("letters", utc(b"30010100000xZ"), -9216),
    ("no-seconds", utc(b"3001010000Z"), -9216),
    ("offset", utc(b"300101000000+0100"), -9216),
    ("fraction", utc(b"20300101000000.5Z", 0x18), -9216),
    ("empty", utc(b""), -9216),
    ("integer", utc(b"\1", 2), -9314),
    ("one-only", encode(der.SEQUENCE, encode(0x17, b"300101000000Z")), -9312),
    ("three", encode(der.SEQUENCE, *[encode(0x17, b"300101000000Z")] * 3), -9318),
]


@pytest.mark.parametrize(("field", "number"), [row[1:] for row in DATES], ids=[row[0] for row in DATES])
def test_dates_have_to_be_dates(field: bytes, number: int | None) -> None:
    assert number_of(certificate(put(VALIDITY, field))) == number


STRINGS = {
    "utf8": (0x0C, None),
    "numeric": (0x12, -9186),
    "printable": (0x13, None),
    "t61": (0x14, None),
    "ia5": (0x16, None),
    "visible": (0x1A, -9186),
    "general": (0x1B, -9186),
    "universal": (0x1C, None),
    "bmp": (0x1E, None),
    "bit-string": (0x03, None),
    "octet-string": (0x04, -9186),
}


@pytest.mark.parametrize(("tag", "number"), STRINGS.values(), ids=STRINGS)
def test_types_of_the_values_in_a_name(tag: int, number: int | None) -> None:
    assert number_of(certificate(put(SUBJECT, name((common(b"\0123", tag),))))) == number


NAMES: list[tuple[str, int, bytes, int | None]] = [
    ("empty-subject", SUBJECT, name(), None),
    ("empty-issuer", ISSUER, name(), -9184),
    ("empty-set", SUBJECT, name(()), -9184),
    ("no-value", SUBJECT, name((encode(der.SEQUENCE, encode_oid("2.5.4.3")),)), -9184),
    ("extra-element", SUBJECT, name((attribute("2.5.4.3", b"a", after=NULL),)), -9190),
    ("no-sequence", SUBJECT, encode(der.SET), -8674),
]


@pytest.mark.parametrize(("field", "value", "number"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_names_have_to_be_whole(field: int, value: bytes, number: int | None) -> None:
    assert number_of(certificate(put(field, value))) == number


P256 = BY_NAME["secp256r1"]
POINT = ec_key().public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
COMPRESSED = ec_key().public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
EC, ECDH, RSA = "1.2.840.10045.2.1", "1.3.132.1.12", "1.2.840.113549.1.1.1"
NUMBERS = rsa_key().public_key().public_numbers()


def spki(kind: bytes, bits: bytes) -> bytes:
    return encode(der.SEQUENCE, kind, encode(der.BIT_STRING, b"\0" + bits))


def ec_public(bits: bytes, *parameters: bytes) -> bytes:
    return spki(algorithm(EC, *(parameters or (encode_oid(P256.oid),))), bits)


def rsa_public(n: int = NUMBERS.n, e: int | None = 65537, extra: bytes = b"", *parameters: bytes) -> bytes:
    numbers = [encode_integer(n), *([] if e is None else [encode_integer(e)]), extra]
    return spki(algorithm(RSA, *(parameters or (NULL,))), encode(der.SEQUENCE, *numbers))


def specified(curve: str, *, a: int | None = None, base: bytes | None = None) -> bytes:
    """The parameters of a curve by their numbers."""
    one = BY_NAME[curve]
    field = encode(der.SEQUENCE, encode_oid("1.2.840.10045.1.1"), encode_integer(one.p))
    a = one.a % one.p if a is None else a
    pair = (encode(der.OCTET_STRING, value.to_bytes(one.size, "big")) for value in (a, one.b))
    point = encode(der.OCTET_STRING, base or one.encode(one.base))
    return encode(der.SEQUENCE, encode_integer(1), field, encode(der.SEQUENCE, *pair), point, encode_integer(one.n))


K1 = BY_NAME["secp256k1"]
K1_POINT = K1.encode(K1.base)
KEYS: list[tuple[str, bytes, int | None]] = [
    ("ec", ec_public(POINT), None),
    ("ecdh", spki(algorithm(ECDH, encode_oid(P256.oid)), POINT), None),
    ("ec-compressed", ec_public(COMPRESSED), -20096),
    ("ec-hybrid", ec_public(b"\6" + POINT[1:]), -20096),
    ("ec-off-the-curve", ec_public(POINT[:-1] + bytes((POINT[-1] ^ 1,))), -19584),
    ("ec-infinity", ec_public(b"\0"), -19584),
    ("ec-zeros", ec_public(b"\4" + bytes(64)), -19584),
    ("ec-beyond-the-prime", ec_public(b"\4" + b"\xff" * 64), -19584),
    ("ec-short", ec_public(POINT[:-1]), -20352),
    ("ec-infinity-and-more", ec_public(b"\0\0"), -20352),
    ("ec-unknown-curve", ec_public(POINT, encode_oid("1.2.3")), -14848),
    ("ec-null-curve", ec_public(POINT, NULL), -15712),
    ("ec-no-curve", spki(algorithm(EC), POINT), -15712),
    ("ec-specified-k1", ec_public(K1_POINT, specified("secp256k1")), None),
    ("ec-specified-k1-compressed-base", ec_public(K1_POINT, specified("secp256k1", base=b"\2" + K1_POINT[1:33])), None),
    ("ec-specified-p-256", ec_public(POINT, specified("secp256r1")), -20096),
    ("ec-specified-p-256-with-a-0", ec_public(POINT, specified("secp256r1", a=0)), None),
    ("rsa", rsa_public(), None),
    (
        "rsa-without-null",
        spki(algorithm(RSA), encode(der.SEQUENCE, encode_integer(NUMBERS.n), encode_integer(3))),
        None,
    ),
    ("rsa-even-exponent", rsa_public(e=65536), -15104),
    ("rsa-exponent-1", rsa_public(e=1), -15104),
    ("rsa-exponent-0", rsa_public(e=0), -15104),
    ("rsa-even-modulus", rsa_public(NUMBERS.n + 1), -15104),
    ("rsa-127-bits", rsa_public(2**126 + 1), -15104),
    ("rsa-128-bits", rsa_public(2**127 + 1), None),
    ("rsa-8192-bits", rsa_public(2**8191 + 1), None),
    ("rsa-8193-bits", rsa_public(2**8192 + 1), -15104),
    ("rsa-extra", rsa_public(extra=encode_integer(1)), -15206),
    ("rsa-no-exponent", rsa_public(e=None), -15200),
    ("rsa-parameters", rsa_public(NUMBERS.n, 3, b"", encode(der.SEQUENCE)), -14976),
    ("rsa-rubbish", spki(algorithm(RSA, NULL), b"rubbish"), -15202),
    ("dsa", spki(algorithm("1.2.840.10040.4.1"), encode_integer(5)), -15488),
    ("algorithm-empty", spki(encode(der.SEQUENCE), POINT), -15072),
]


@pytest.mark.parametrize(("field", "number"), [row[1:] for row in KEYS], ids=[row[0] for row in KEYS])
def test_public_keys(field: bytes, number: int | None) -> None:
    assert number_of(certificate(put(KEY, field))) == number


BC, KU, EKU, SAN, NS = "2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.17", "2.16.840.1.113730.1.1"
YES = encode(der.BOOLEAN, b"\xff")
DNS = encode(der.SEQUENCE, encode(0x82, b"a"))
VALUES: list[tuple[str, str, bytes, int | None]] = [
    ("bc-empty", BC, encode(der.SEQUENCE), None),
    ("bc-negative-length", BC, encode(der.SEQUENCE, YES, encode(2, b"\xff")), -9572),
    ("bc-more", BC, encode(der.SEQUENCE, YES, encode_integer(0), NULL), -9574),
    ("bc-after", BC, encode(der.SEQUENCE, YES, encode_integer(0)) + NULL, -9574),
    ("bc-boolean-of-two", BC, encode(der.SEQUENCE, encode(1, b"\xff\xff")), -9572),
    ("bc-octets", BC, encode(der.SEQUENCE, encode(4, b"\xff")), -9570),
    ("ku-no-bits", KU, b"\3\1\0", -9572),
    ("ku-no-count", KU, b"\3\0", -9568),
    ("ku-nine-unused", KU, b"\3\2\x09\x80", -9572),
    ("ku-after", KU, b"\3\2\7\x80\5\0", -9574),
    ("ku-octets", KU, b"\4\1\0", -9570),
    ("eku-empty", EKU, encode(der.SEQUENCE), -9572),
    ("eku-no-oid", EKU, encode(der.SEQUENCE, NULL), -9570),
    ("eku-after", EKU, encode(der.SEQUENCE, encode_oid("1.2.3")) + NULL, -9574),
    ("san-empty", SAN, encode(der.SEQUENCE), None),
    ("san-other-name", SAN, encode(der.SEQUENCE, encode(0xA0, encode_oid("1.2.3"))), None),
    ("san-utf8", SAN, encode(der.SEQUENCE, encode(0x0C, b"a")), -9570),
    ("san-after", SAN, DNS + NULL, -9574),
    ("ns-type", NS, b"\3\2\6\x40", None),
    ("ns-type-of-two", NS, b"\3\3\6\x40\0", -9572),
    ("ns-type-rubbish", NS, b"x", -9570),
    ("unknown", "1.2.3.4", b"rubbish", None),
]


@pytest.mark.parametrize(("oid", "value", "number"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
def test_extensions(oid: str, value: bytes, number: int | None) -> None:
    assert number_of(certificate(with_extension(oid, value))) == number


FORMS: list[tuple[str, ders.Edit, int | None]] = [
    ("critical-unknown", with_extension("1.2.3.4", b"", b"\xff"), -9570),
    ("critical-false", with_extension("1.2.3.4", b"", b"\0"), None),
    ("critical-of-two-bytes", with_extension("1.2.3.4", b"", b"\xff\xff"), -9572),
    ("element-after-the-value", with_extension("1.2.3.4", b"", None, NULL), -9574),
    ("known-twice", put(EXTENSIONS, extensions(*[extension(SAN, DNS)] * 2)), -9472),
    ("unknown-twice", put(EXTENSIONS, extensions(*[extension("1.2.3", b"")] * 2)), None),
    ("none", put(EXTENSIONS, b""), None),
    ("something-else", put(EXTENSIONS, NULL), -9570),
    ("identifiers", put(EXTENSIONS, encode(0xA1, b"a") + encode(0xA2, b"b")), None),
    ("primitive-identifier", put(EXTENSIONS, encode(0x81, b"a")), -9570),
    ("version-long", put(VERSION, encode(0xA0, encode(2, b"\0\0\0\0\2"))), -8804),
    ("version-empty", put(VERSION, encode(0xA0, encode(2))), -8804),
    ("version-negative", put(VERSION, encode(0xA0, encode(2, b"\xff"))), -8804),
    ("version-4", put(VERSION, encode(0xA0, encode_integer(3))), -9600),
    ("version-missing", put(VERSION, encode(0xA0)), -8800),
]


@pytest.mark.parametrize(("edit", "number"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS])
def test_the_form(edit: ders.Edit, number: int | None) -> None:
    assert number_of(certificate(edit)) == number


PSS, MGF1, SHA256, SHA1 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8", "2.16.840.1.101.3.4.2.1", "1.3.14.3.2.26"


def pss(*fields: bytes) -> bytes:
    return algorithm(PSS, encode(der.SEQUENCE, *fields))


def wrapped(number: int, *content: bytes) -> bytes:
    return encode(0xA0 + number, *content)


ALGORITHMS: list[tuple[str, bytes, int | None]] = [
    ("no-parameters", algorithm(ders.RSA_SHA256), None),
    ("parameters", algorithm(ders.RSA_SHA256, encode(der.SEQUENCE)), -8960),
    ("null-of-one-byte", algorithm(ders.RSA_SHA256, encode(der.NULL, b"x")), -8960),
    ("two-parameters", algorithm(ders.RSA_SHA256, NULL, NULL), -9062),
    ("md2", algorithm("1.2.840.113549.1.1.2", NULL), -9774),
    ("pss-defaults", pss(), None),
    ("pss-no-parameters", algorithm(PSS), -9058),
    ("pss-null", algorithm(PSS, NULL), -9058),
    ("pss-whole", pss(wrapped(0, algorithm(SHA256)), wrapped(1, algorithm(MGF1, algorithm(SHA256, NULL)))), None),
    ("pss-hash-null", pss(wrapped(0, algorithm(SHA256, NULL))), None),
    ("pss-hash-unknown", pss(wrapped(0, algorithm("1.2.3"))), -9006),
    ("pss-hash-parameters", pss(wrapped(0, algorithm(SHA256, encode(der.SEQUENCE)))), -9064),
    ("pss-hash-junk", pss(wrapped(0, algorithm(SHA256), NULL)), -9062),
    ("pss-mask-not-mgf1", pss(wrapped(1, algorithm("1.2.3", algorithm(SHA256)))), -8366),
    ("pss-mask-without-hash", pss(wrapped(1, algorithm(MGF1))), -9058),
    ("pss-mask-hash-empty", pss(wrapped(1, algorithm(MGF1, encode(der.SEQUENCE)))), -9056),
    ("pss-mask-hash-unknown", pss(wrapped(1, algorithm(MGF1, algorithm("1.2.3")))), -9006),
    ("pss-mask-hash-parameters", pss(wrapped(1, algorithm(MGF1, algorithm(SHA256, encode(2, b"\1"))))), -9058),
    ("pss-salt-negative", pss(wrapped(2, encode(2, b"\xff"))), -9060),
    ("pss-trailer-1", pss(wrapped(3, encode_integer(1))), None),
    ("pss-trailer-2", pss(wrapped(3, encode_integer(2))), -8960),
    ("pss-junk", pss(NULL), -9062),
]


@pytest.mark.parametrize(("field", "number"), [row[1:] for row in ALGORITHMS], ids=[row[0] for row in ALGORITHMS])
def test_signature_algorithms(field: bytes, number: int | None) -> None:
    assert number_of(certificate(inner=field)) == number


OUTER: list[tuple[str, bytes, int | None]] = [
    ("null-left-out", algorithm(ders.RSA_SHA256), None),
    ("another", algorithm("1.2.840.113549.1.1.12", NULL), -9856),
    ("empty", encode(der.SEQUENCE), -9056),
    ("junk", algorithm(ders.RSA_SHA256, NULL, NULL), -9062),
    ("no-sequence", encode(der.SET), -9058),
]


@pytest.mark.parametrize(("field", "number"), [row[1:] for row in OUTER], ids=[row[0] for row in OUTER])
def test_the_second_algorithm_field(field: bytes, number: int | None) -> None:
    assert number_of(certificate(outer=field)) == number


def test_what_follows_a_certificate_does_not_matter() -> None:
    data = certificate()
    assert parse(data + b"rubbish") == parse(data)
    assert parse(data + b"rubbish").der == data
    assert number_of(certificate(after=NULL)) == -8678


def test_a_number_in_place_of_the_ca_flag_is_taken_for_one() -> None:
    assert parse(certificate(with_extension(BC, encode(der.SEQUENCE, encode_integer(1))))).is_ca
    assert not parse(certificate(with_extension(BC, encode(der.SEQUENCE, encode_integer(0))))).is_ca


def test_the_length_of_the_basic_constraints_is_not_looked_at() -> None:
    found = parse(certificate(with_extension(BC, encode(der.SEQUENCE) + YES + encode_integer(3))))
    assert (found.is_ca, found.path_length) == (True, 3)


@pytest.mark.parametrize(("name", "curve"), BY_NAME.items(), ids=BY_NAME)
def test_the_curves_are_consistent(name: str, curve: Any) -> None:
    assert CURVES[curve.oid] is curve
    assert curve.has(curve.base)
    assert curve.multiply(curve.n, curve.base) is None
    key = parse(certificate(put(KEY, subject_public_key(curve, curve.base)))).key
    assert (key.kind, key.curve, key.bits, key.point) == ("ec", name, curve.p.bit_length(), curve.base)


# Rules about trust that hang on what was read.

CA = name((common(b"issuing"),))


def flags(leaf: bytes, root: bytes, usage: int = DIGITAL_SIGNATURE, host: bytes | None = None) -> Flag:
    verdict = trust.check_peer(
        [parse(leaf)], [parse(root)], x509.signed_by, host=host, purpose=SERVER_AUTH, key_usage=usage
    )
    return verdict.flags


def made(subject: bytes, issuer: bytes, *parts: bytes, key: Any = None, signer: Any = None) -> bytes:
    return certificate(
        subject=subject, issuer=issuer, parts=parts, key=key or rsa_key("leaf"), signer=signer or rsa_key()
    )


def root(*parts: bytes, subject: bytes = CA, key: Any = None) -> bytes:
    return made(subject, subject, ders.CA_TRUE, *parts, key=key or rsa_key(), signer=key or rsa_key())


USAGES = {
    "sign": (_usage(digital_signature=True), Flag(0)),
    "encipher-only": (_usage(digital_signature=True, key_agreement=True, encipher_only=True), Flag.KEY_USAGE),
    "decipher-only": (_usage(digital_signature=True, key_agreement=True, decipher_only=True), Flag.KEY_USAGE),
    "agree": (_usage(digital_signature=True, key_agreement=True), Flag(0)),
}


@pytest.mark.parametrize("who", ["leaf", "root"])
@pytest.mark.parametrize("usage", USAGES)
def test_bits_that_limit_a_key_must_be_asked_for(usage: str, who: str) -> None:
    bits, fault = USAGES[usage]
    if who == "root":
        bits = host_x509.KeyUsage(
            **{
                one: getattr(bits, f"_{one}") or one == "key_cert_sign"
                for one in (
                    "digital_signature",
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "key_cert_sign",
                    "crl_sign",
                    "encipher_only",
                    "decipher_only",
                )
            }
        )
        fault = Flag.NOT_TRUSTED if fault else Flag(0)
    part = extension(KU, bits.public_bytes())
    leaf = made(name((common(b"leaf"),)), CA, *([part] if who == "leaf" else []))
    assert flags(leaf, root(*([part] if who == "root" else []))) == fault


ORGANISATION = attribute("2.5.4.10", b"o")
GROUPINGS = {
    "apart": name((ORGANISATION,), (common(b"issuing"),)),
    "together": name((ORGANISATION, common(b"issuing"))),
    "reversed": name((common(b"issuing"),), (ORGANISATION,)),
}


@pytest.mark.parametrize("issuer", GROUPINGS)
@pytest.mark.parametrize("subject", GROUPINGS)
def test_attributes_of_one_set_are_not_those_of_two(issuer: str, subject: str) -> None:
    leaf = made(name((common(b"leaf"),)), GROUPINGS[issuer])
    assert flags(leaf, root(subject=GROUPINGS[subject])) == (Flag(0) if issuer == subject else Flag.NOT_TRUSTED)


SIZES = {2040: Flag.KEY_TOO_SMALL, 2041: Flag(0), 2047: Flag(0), 2048: Flag(0)}


@pytest.mark.parametrize(("bits", "fault"), SIZES.items(), ids=map(str, SIZES))
def test_a_modulus_is_counted_in_whole_bytes(bits: int, fault: Flag) -> None:
    modulus = (1 << (bits - 1)) | 1
    leaf = certificate(
        put(KEY, rsa_public(modulus)), subject=name((common(b"leaf"),)), issuer=CA, parts=(), signer=rsa_key()
    )
    assert parse(leaf).key.bits == bits
    assert flags(leaf, root()) == fault


NAMELESS = {
    "ip": encode(der.SEQUENCE, encode(0x87, b"\x7f\0\0\1")),
    "uri": encode(der.SEQUENCE, encode(0x86, b"https://device.test")),
    "e-mail": encode(der.SEQUENCE, encode(0x81, b"a@device.test")),
    "directory": encode(der.SEQUENCE, encode(0xA4, CA)),
    "nothing": encode(der.SEQUENCE),
}


@pytest.mark.parametrize(
    ("value", "fault"),
    [*((value, Flag(0)) for value in NAMELESS.values()), (DNS, Flag.NAME_MISMATCH), (None, Flag.NAME_MISMATCH)],
    ids=[*NAMELESS, "dns", "no-extension"],
)
def test_an_empty_name_matches_where_no_dns_name_is(value: bytes | None, fault: Flag) -> None:
    leaf = made(name((common(b"leaf"),)), CA, *([] if value is None else [extension(SAN, value)]))
    assert flags(leaf, root(), host=b"") == fault


def test_a_mask_with_another_hash_never_verifies() -> None:
    def leaf(mask: str, chosen: hashes.HashAlgorithm) -> bytes:
        hashed = wrapped(0, algorithm(SHA256)) + wrapped(1, algorithm(MGF1, algorithm(mask)))
        field = pss(hashed, wrapped(2, encode_integer(32)))
        signed, _, _ = ders.children(certificate(subject=name((common(b"leaf"),)), issuer=CA, parts=(), inner=field))
        scheme = padding.PSS(padding.MGF1(chosen), 32)
        signature = rsa_key().sign(signed, scheme, hashes.SHA256())
        return encode(der.SEQUENCE, signed, field, encode(der.BIT_STRING, b"\0" + signature))

    assert flags(leaf(SHA256, hashes.SHA256()), root()) == Flag(0)
    assert flags(leaf(SHA1, hashes.SHA1()), root()) == Flag.NOT_TRUSTED


@pytest.mark.parametrize("curve", ["secp192k1", "secp224k1", "secp256k1"])
def test_signatures_on_rare_curves(curve: str) -> None:
    """The arithmetic is the same for all curves, so one that the host's library has vouches for it."""
    one = BY_NAME[curve]
    private, nonce = 0x1234567890ABCDEF1234567890ABCDEF, 0xFEDCBA0987654321
    public, shown = one.multiply(private, one.base), one.multiply(nonce, one.base)
    assert public is not None
    assert shown is not None
    inner = algorithm("1.2.840.10045.4.3.2")
    owner = certificate(put(KEY, subject_public_key(one, public)), subject=CA, issuer=CA)
    signed, _, _ = ders.children(certificate(subject=name((common(b"leaf"),)), issuer=CA, parts=(), inner=inner))
    hasher = hashes.Hash(hashes.SHA256())
    hasher.update(signed)
    digest = int.from_bytes(hasher.finalize(), "big") >> max(256 - one.n.bit_length(), 0)
    r = shown.x % one.n
    s = pow(nonce, -1, one.n) * (digest + r * private) % one.n

    def leaf(last: int) -> bytes:
        signature = encode(der.SEQUENCE, encode_integer(r), encode_integer(last))
        return encode(der.SEQUENCE, signed, inner, encode(der.BIT_STRING, b"\0" + signature))

    assert x509.signed_by(parse(leaf(s)), parse(owner))
    assert not x509.signed_by(parse(leaf(s ^ 1)), parse(owner))


# Files

KINDS = {
    "ed25519-signed": (certificate(inner=algorithm("1.3.101.112")), -9774, "Ed25519"),
    "constrained": (certificate(with_extension("2.5.29.30", b"0\0", b"\xff")), -9570, "name constraints"),
    "unknown-curve": (certificate(put(KEY, ec_public(POINT, encode_oid("1.2.3")))), -14848, "curve"),
    "ed25519-key": (certificate(put(KEY, spki(algorithm("1.3.101.112"), bytes(32)))), -15488, "Ed25519"),
    "bad-date": (certificate(put(VALIDITY, utc(b"301301000000Z"))), -9216, "damaged"),
}


@pytest.mark.parametrize(("data", "number", "word"), KINDS.values(), ids=KINDS)
def test_a_whole_file_of_no_use_is_not_called_damaged(data: bytes, number: int, word: str) -> None:
    with pytest.raises(certfiles.FileRefusedError) as caught:
        certfiles.parse_certificates(pem("CERTIFICATE", data))
    assert caught.value.number == number
    assert word in caught.value.remark


def test_generated_certificates_still_parse() -> None:
    key = ec_key()
    issued = Issued(_sign(_builder(_name("a"), _name("a"), key), key), key)
    assert certfiles.parse_certificates(issued.pem).certificates[0].key.curve == "secp256r1"
