"""Hand-made DER: certificates put together, and signed, element by element."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from ussl_shim import der
from ussl_shim.der import Reader, encode, encode_integer, encode_oid

RSA_SHA256 = "1.2.840.113549.1.1.11"
NULL = encode(der.NULL)
Edit = Callable[[list[bytes]], list[bytes]]

# The fields of the signed part of a version 3 certificate.
VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, KEY, EXTENSIONS = range(8)


@functools.cache
def rsa_key(name: str = "", bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@functools.cache
def ec_key(name: str = "") -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def algorithm(oid: str, *parameters: bytes) -> bytes:
    return encode(der.SEQUENCE, encode_oid(oid), *parameters)


def name(*sets: tuple[bytes, ...]) -> bytes:
    return encode(der.SEQUENCE, *(encode(der.SET, *members) for members in sets))


def attribute(oid: str, value: bytes, tag: int = 0x0C, after: bytes = b"") -> bytes:
    return encode(der.SEQUENCE, encode_oid(oid), encode(tag, value), after)


def common(value: bytes, tag: int = 0x0C) -> bytes:
    return attribute("2.5.4.3", value, tag)


def extension(oid: str, value: bytes, critical: bytes | None = None, after: bytes = b"") -> bytes:
    flag = b"" if critical is None else encode(der.BOOLEAN, critical)
    return encode(der.SEQUENCE, encode_oid(oid), flag, encode(der.OCTET_STRING, value), after)


def extensions(*members: bytes) -> bytes:
    return encode(0xA3, encode(der.SEQUENCE, *members))


def public_key(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_key().public_bytes(serialization.Encoding.DER, form))


CA_TRUE = extension("2.5.29.19", encode(der.SEQUENCE, encode(der.BOOLEAN, b"\xff")))
DATES = encode(der.SEQUENCE, encode(0x17, b"200101000000Z"), encode(0x17, b"400101000000Z"))


def certificate(
    edit: Edit | None = None,
    *,
    issuer: bytes | None = None,
    subject: bytes | None = None,
    key: Any = None,
    signer: Any = None,
    parts: tuple[bytes, ...] = (CA_TRUE,),
    inner: bytes | None = None,
    outer: bytes | None = None,
    after: bytes = b"",
) -> bytes:
    """Signed with RSA and SHA-256 by ``signer`` (default: ``key``). ``inner`` and ``outer`` are the two algorithm fields."""
    key = key or rsa_key()
    signer = signer or key
    own = name((common(b"made by hand"),))
    inner = inner or algorithm(RSA_SHA256, NULL)
    fields = [
        encode(0xA0, encode_integer(2)),
        encode_integer(4711),
        inner,
        issuer or own,
        DATES,
        subject or own,
        public_key(key),
        extensions(*parts),
    ]
    signed = encode(der.SEQUENCE, *(edit(fields) if edit else fields))
    signature = signer.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return encode(der.SEQUENCE, signed, outer or inner, encode(der.BIT_STRING, b"\0" + signature), after)


def put(field: int, value: bytes) -> Edit:
    """An edit that puts ``value`` in place of a field."""
    return lambda fields: [*fields[:field], value, *fields[field + 1 :]]


def with_extension(oid: str, value: bytes, critical: bytes | None = None, after: bytes = b"") -> Edit:
    return put(EXTENSIONS, extensions(extension(oid, value, critical, after)))


def children(element: bytes) -> list[bytes]:
    """The elements in a constructed one."""
    fields = Reader(element).enter(element[0])
    found = []
    while (tag := fields.peek()) is not None:
        found.append(fields.element(tag))
    return found
