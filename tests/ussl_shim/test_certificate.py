"""Certificates as the board reads them."""

from __future__ import annotations

import pytest

from tests.ussl_shim.certs import Certificates
from ussl_shim import certificate, der, x509
from ussl_shim.certificate import PRINTABLE_STRING, UTF8_STRING, CertificateError, parse, same_name, show_name


def test_a_leaf(certs: Certificates) -> None:
    cert = parse(certs["good"].der)
    assert cert.version == 3
    assert show_name(cert.subject) == "CN=device.test"
    assert show_name(cert.issuer) == "CN=ca"
    assert cert.dns_names == (b"device.test", b"localhost")
    assert (cert.key.kind, cert.key.bits, cert.signature.hash) == ("rsa", 2048, "sha256")
    assert not cert.is_ca
    assert not cert.self_issued


FACTS = [
    ("p-256", lambda c: (c.key.kind, c.key.curve, c.key.bits), ("ec", "secp256r1", 256)),
    ("p-384", lambda c: c.key.curve, "secp384r1"),
    ("p-256k1", lambda c: c.key.curve, "secp256k1"),
    ("rsa-1024", lambda c: c.key.bits, 1024),
    ("sha384", lambda c: c.signature.hash, "sha384"),
    ("sha1", lambda c: c.signature.hash, "sha1"),
    ("md5", lambda c: c.signature.hash, "md5"),
    ("v1-ca", lambda c: (c.version, c.is_ca), (1, False)),
    ("ca", lambda c: (c.is_ca, c.path_length, c.self_issued), (True, None, True)),
    ("path0-ca", lambda c: c.path_length, 0),
    ("ip-san", lambda c: c.dns_names, ()),
    ("cn-only", lambda c: c.dns_names, None),
    ("usage-sign", lambda c: (c.allows(0x80), c.allows(0x20)), (True, False)),
    ("eku-client", lambda c: (c.allows_purpose(certificate.CLIENT_AUTH), c.allows_purpose("1.2")), (True, False)),
]


@pytest.mark.parametrize(("name", "fact", "expected"), FACTS, ids=[row[0] for row in FACTS])
def test_facts(name: str, fact: object, expected: object, certs: Certificates) -> None:
    assert callable(fact)
    assert fact(parse(certs[name].der)) == expected


NUMBERS = [
    ("ed25519", -15488),
    ("ed25519-ca", -9774),
    ("constrained-ca", -9570),  # an unknown critical extension; from the library's headers, not run
]


@pytest.mark.parametrize(("name", "number"), NUMBERS, ids=[row[0] for row in NUMBERS])
def test_what_the_board_cannot_parse(name: str, number: int, certs: Certificates) -> None:
    with pytest.raises(CertificateError) as caught:
        parse(certs[name].der)
    assert caught.value.number == number


@pytest.mark.parametrize("name", ["good", "sha1", "md5", "p-256", "sha384", "v1-ca", "under-v1-ca"])
def test_signatures_verify_and_foreign_ones_do_not(name: str, certs: Certificates) -> None:
    cert = parse(certs[name].der)
    issuer = parse(certs["v1-ca" if "v1" in name else "ca"].der)
    assert x509.signed_by(cert, issuer)
    assert not x509.signed_by(cert, parse(certs["other-ca"].der))


def test_names_compare_without_case_only_between_text_types() -> None:
    def one(tag: int, value: bytes) -> certificate.Name:
        return (certificate.Attribute("2.5.4.3", tag, value),)

    assert same_name(one(UTF8_STRING, b"Root"), one(PRINTABLE_STRING, b"ROOT"))
    assert same_name(one(0x16, b"Root"), one(0x16, b"Root"))
    assert not same_name(one(0x16, b"Root"), one(0x16, b"ROOT"))
    assert not same_name(one(UTF8_STRING, b"Root"), ())


def test_der_round_trip() -> None:
    content = der.encode(der.SEQUENCE, der.encode_integer(0), der.encode_integer(1 << 2000))
    fields = der.Reader(content).enter(der.SEQUENCE)
    assert fields.take(der.INTEGER) == b"\0"
    assert int.from_bytes(fields.take(der.INTEGER), "big") == 1 << 2000
    assert fields.empty


def test_object_identifiers_are_shown_with_dots() -> None:
    assert der.dotted(bytes.fromhex("2a864886f70d010101")) == "1.2.840.113549.1.1.1"
    assert der.dotted(b"") == ""
