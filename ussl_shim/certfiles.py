"""Certificate and key files: which paths the board accepts, and what it makes of the bytes. Pure.

Board: esp32/mods/modussl.c and esp32/util/pycom_general_util.c (files are C strings, so PEM only), mbedTLS 2.16.2
pem.c, base64.c, x509_crt.c, pkparse.c (what is accepted, skipped and refused with which number).
"""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from ussl_shim import certificate, der, errors
from ussl_shim.certificate import Certificate, CertificateError
from ussl_shim.der import Asn1Error, Reader
from ussl_shim.environment import CertRules

Role = Literal["ca", "certificate", "key"]

NOT_FOUND: Final[dict[Role, str]] = {
    "ca": errors.CA_NOT_FOUND,
    "certificate": errors.CERTIFICATE_NOT_FOUND,
    "key": errors.KEY_NOT_FOUND,
}
ARGUMENTS: Final[dict[Role, str]] = {"ca": "ca_certs", "certificate": "certfile", "key": "keyfile"}
DIRECTORY: Final = "/flash/cert"
# The names of the CC3200 board (board: cc3200/mods/modussl.c, simplelink's fixed certificate files).
WIPY1_PATHS: Final[dict[Role, str]] = {
    "ca": "/flash/cert/ca.pem",
    "certificate": "/flash/cert/cert.pem",
    "key": "/flash/cert/private.key",
}


@dataclass(frozen=True)
class PathRefusal:
    """Why a path is refused, and the path to use instead."""

    reason: str
    instead: str


def show_path(path: bytes) -> str:
    """A path for people."""
    return path.decode("utf-8", "replace")


def refuse_path(path: bytes, role: Role, rules: CertRules) -> PathRefusal | None:
    """None where ``rules`` allow this path; never looks at the file system."""
    text = show_path(path)
    if rules == "firmware":
        return None
    if rules == "wipy1":
        only = WIPY1_PATHS[role]
        return None if text == only else PathRefusal(f"this board reads {ARGUMENTS[role]} from {only} only", only)
    instead = f"{DIRECTORY}/{posixpath.basename(text.rstrip('/')) or 'ca.pem'}"
    if not text.startswith("/"):
        return PathRefusal("the path is relative; the board does not look in the current directory", instead)
    normal = "/" + posixpath.normpath(text).lstrip("/")
    if not normal.startswith(DIRECTORY + "/") or not text.startswith(DIRECTORY + "/"):
        return PathRefusal(f"certificates belong below {DIRECTORY}/", instead)
    return None


class FileRefusedError(CertificateError):
    """The board cannot use this file: its ``number``, and in ``remark`` what the file really contains."""

    def __init__(self, number: int, remark: str) -> None:
        super().__init__(number)
        self.remark = remark


@dataclass(frozen=True)
class CertificateFile:
    """The certificates the board found in a file, in order, and remarks about blocks it skipped."""

    certificates: tuple[Certificate, ...]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeyFile:
    """A private key as found in a file: the form of its PEM block and the bytes inside."""

    form: Literal["pkcs1", "sec1", "pkcs8"]
    der: bytes = field(repr=False)


def cut_at_nul(raw: bytes) -> bytes:
    """What the board sees of a file: the text up to the first NUL."""
    return raw.split(b"\0", 1)[0]


class _NoBlock(Exception):
    """There is no (complete) block with these labels."""


class _BadBlock(Exception):
    def __init__(self, number: int, after: int) -> None:
        super().__init__(number)
        self.number = number
        self.after = after


def _skip_line_end(text: bytes, at: int) -> int:
    for char in (b" ", b"\r", b"\n"):
        if text[at : at + 1] == char:
            at += 1
    return at


def _pem_block(text: bytes, label: str, start: int = 0) -> tuple[bytes, int]:
    """The bytes in the next block of that label, and where it ends."""
    header, footer = f"-----BEGIN {label}-----".encode(), f"-----END {label}-----".encode()
    begin = text.find(header, start)
    end = text.find(footer, start)
    if begin < 0 or end <= begin:
        raise _NoBlock
    body = _skip_line_end(text, begin + len(header))
    if text[body - 1 : body] != b"\n":
        raise _NoBlock
    after = _skip_line_end(text, end + len(footer))
    if text.startswith(b"Proc-Type: 4,ENCRYPTED", body):
        raise _BadBlock(_encrypted_pem(text[body:end]), after)
    if body >= end:
        raise _BadBlock(errors.PEM_INVALID_DATA, after)
    try:
        return _base64(text[body:end]), after
    except ValueError:
        raise _BadBlock(errors.PEM_INVALID_DATA + errors.BASE64_INVALID_CHARACTER, after) from None


def _encrypted_pem(body: bytes) -> int:
    """The board has AES only, and hands an empty password to it."""
    algorithm = body.partition(b"DEK-Info: ")[2][:12]
    return errors.PK_PASSWORD_MISMATCH if algorithm.startswith(b"AES-") else errors.PEM_UNKNOWN_ENC_ALG


_ALPHABET: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def _base64(text: bytes) -> bytes:
    """Blanks may end a line, not begin one; the last group need not be complete. Raises ValueError."""
    digits = b"".join(line.rstrip(b" ") for line in text.replace(b"\r\n", b"\n").split(b"\n"))
    data = digits.rstrip(b"=")
    if len(digits) - len(data) > 2 or not _ALPHABET.issuperset(data):
        raise ValueError("not base64")
    return base64.b64decode(digits[: len(digits) // 4 * 4])


def parse_certificates(raw: bytes) -> CertificateFile:
    """The certificates of a CA or certificate file. Blocks that do not parse are skipped as long as one does.

    Raises `FileRefusedError` with the number of the first bad block, or of the file as a whole.
    """
    text = cut_at_nul(raw)
    if b"-----BEGIN CERTIFICATE-----" not in text:
        raise FileRefusedError(errors.X509_INVALID_FORMAT, describe_content(raw))
    found: list[Certificate] = []
    skipped: list[str] = []
    first: int | None = None
    at = 0
    while True:
        try:
            block, at = _pem_block(text, "CERTIFICATE", at)
            found.append(certificate.parse(block))
            continue
        except _NoBlock:
            break
        except _BadBlock as bad:
            at, number = bad.after, bad.number
        except CertificateError as exc:
            number = exc.number
        first = first or number
        skipped.append(f"block {len(found) + len(skipped) + 1}: {errors.describe(number)}")
    if found:
        return CertificateFile(tuple(found), tuple(skipped))
    if first is not None:
        raise FileRefusedError(first, describe_content(raw))
    raise FileRefusedError(errors.X509_CERT_UNKNOWN_FORMAT, describe_content(raw))


def parse_key(raw: bytes) -> KeyFile:
    """The private key of a key file. Raises `FileRefusedError`. The numbers inside the key are not checked here."""
    text = cut_at_nul(raw)
    for label, reader in _KEY_FORMS:
        try:
            block, _ = _pem_block(text, label)
            return reader(block)
        except _NoBlock:
            continue
        except _BadBlock as bad:
            raise FileRefusedError(bad.number, describe_content(raw)) from None
        except CertificateError as exc:
            raise FileRefusedError(exc.number, describe_content(raw)) from None
    number = errors.PK_KEY_INVALID_FORMAT
    if b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in text and b"-----END ENCRYPTED PRIVATE KEY-----" in text:
        number = errors.PK_PASSWORD_REQUIRED
    raise FileRefusedError(number, describe_content(raw))


def _pkcs1(block: bytes) -> KeyFile:
    try:
        fields = Reader(block).enter(der.SEQUENCE)
        for _ in range(9):
            fields.take(der.INTEGER)
    except Asn1Error as exc:
        raise CertificateError(errors.PK_KEY_INVALID_FORMAT + exc.code) from exc
    return KeyFile("pkcs1", block)


def _sec1(block: bytes) -> KeyFile:
    try:
        fields = Reader(block).enter(der.SEQUENCE)
        fields.take(der.INTEGER)
        fields.take(der.OCTET_STRING)
    except Asn1Error as exc:
        raise CertificateError(errors.PK_KEY_INVALID_FORMAT + exc.code) from exc
    return KeyFile("sec1", block)


def _pkcs8(block: bytes) -> KeyFile:
    try:
        fields = Reader(block).enter(der.SEQUENCE)
        fields.take(der.INTEGER)
        oid = der.dotted(fields.enter(der.SEQUENCE).take(der.OID))
        fields.take(der.OCTET_STRING)
    except Asn1Error as exc:
        raise CertificateError(errors.PK_KEY_INVALID_FORMAT + exc.code) from exc
    if not certificate.known_key_algorithm(oid):
        raise CertificateError(errors.PK_KEY_INVALID_FORMAT + errors.PK_UNKNOWN_PK_ALG)
    return KeyFile("pkcs8", block)


_KEY_FORMS: Final[tuple[tuple[str, Callable[[bytes], KeyFile]], ...]] = (
    ("RSA PRIVATE KEY", _pkcs1),
    ("EC PRIVATE KEY", _sec1),
    ("PRIVATE KEY", _pkcs8),
)

_CONTENTS: Final[tuple[tuple[Callable[[bytes], bool], str], ...]] = (
    (lambda raw: not raw, "the file is empty"),
    (lambda raw: not raw.strip(b"\0"), "the file holds only NUL bytes"),
    (lambda raw: not raw.strip(), "the file holds only blanks"),
    (lambda raw: raw[:2] in (b"\xff\xfe", b"\xfe\xff"), "the file is UTF-16 text; save it as plain ASCII"),
    (lambda raw: raw[:1] == b"\x30" and b"\0" in raw[:64], "the file is binary DER, which the board cannot read"),
    (lambda raw: b"Proc-Type: 4,ENCRYPTED" in raw, "the file is a key protected by a password"),
    (lambda raw: b"-----BEGIN ENCRYPTED PRIVATE KEY" in raw, "the file is a key protected by a password"),
    (lambda raw: b"PRIVATE KEY-----" in raw and b"BEGIN CERTIFICATE" not in raw, "the file holds a private key"),
    (lambda raw: b"-----BEGIN PUBLIC KEY" in raw, "the file holds a public key"),
    (lambda raw: b"-----BEGIN CERTIFICATE REQUEST" in raw, "the file holds a certificate request"),
    (lambda raw: b"-----BEGIN TRUSTED CERTIFICATE" in raw, "the block is labelled TRUSTED CERTIFICATE"),
    (lambda raw: b"-----BEGIN X509 CERTIFICATE" in raw, "the block is labelled X509 CERTIFICATE"),
    (lambda raw: b"-----BEGIN" not in raw, "there is no '-----BEGIN' line in the file"),
    (lambda raw: b"-----END" not in raw, "the file is cut: there is no '-----END' line"),
    (lambda raw: b"\n" not in raw, "the lines end in CR only"),
    (lambda raw: b"\n -" in raw or raw[:1] == b" ", "the lines are indented"),
    (lambda raw: b"BEGIN CERTIFICATE" in raw, "the certificate in the file is damaged or of an unknown kind"),
)


def describe_content(raw: bytes) -> str:
    """What a file really contains, in words; never a part of it."""
    return next((text for test, text in _CONTENTS if test(raw)), "the file is damaged or of an unknown kind")
