"""Certificate and key files: which paths the board accepts, and what it makes of the bytes. Pure.

Board: esp32/mods/modussl.c and esp32/util/pycom_general_util.c (files are C strings, so PEM only), mbedTLS 2.16.2
pem.c, base64.c, x509_crt.c, pkparse.c (what is accepted, skipped and refused with which number).
"""

from __future__ import annotations

import base64
import functools
import hashlib
import posixpath
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from ussl_shim import certificate, der, errors, keyfiles, publickeys
from ussl_shim.certificate import Certificate, CertificateError
from ussl_shim.environment import CertRules
from ussl_shim.keyfiles import KeyFile as KeyFile
from ussl_shim.publickeys import PublicKey

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


@functools.lru_cache(maxsize=64)
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


def _pem_block(text: bytes, label: str, start: int = 0, *, password: bool = False) -> tuple[bytes, int]:
    """The bytes in the next block of that label, and where it ends. ``password``: an empty one is there to decrypt with."""
    header, footer = f"-----BEGIN {label}-----".encode(), f"-----END {label}-----".encode()
    begin = text.find(header, start)
    end = text.find(footer, start)
    if begin < 0 or end <= begin:
        raise _NoBlock
    body = _skip_line_end(text, begin + len(header))
    if text[body - 1 : body] != b"\n":
        raise _NoBlock
    after = _skip_line_end(text, end + len(footer))
    try:
        return _content(text[body:end], password=password), after
    except CertificateError as exc:
        raise _BadBlock(exc.number, after) from None


_PROC_TYPE: Final = b"Proc-Type: 4,ENCRYPTED"
_CIPHERS: Final[dict[bytes, int]] = {b"DEK-Info: AES-%d-CBC," % bits: bits // 8 for bits in (128, 192, 256)}
"""The ciphers the board has for a protected key, with the bytes of a key."""
_IV_DIGITS: Final = 32


def _content(lines: bytes, *, password: bool) -> bytes:
    """What is between the header and the footer. Raises `CertificateError`."""
    encrypted = lines.startswith(_PROC_TYPE)
    size, vector = 0, b""
    if encrypted:
        lines = _next_line(lines[len(_PROC_TYPE) :])
        start = next((one for one in _CIPHERS if lines.startswith(one)), None)
        if start is None:
            raise CertificateError(errors.PEM_UNKNOWN_ENC_ALG)
        size, vector = _CIPHERS[start], lines[len(start) : len(start) + _IV_DIGITS]
        if len(vector) < _IV_DIGITS or not _HEXADECIMAL.issuperset(vector):
            raise CertificateError(errors.PEM_INVALID_ENC_IV)
        lines = _next_line(lines[len(start) + _IV_DIGITS :])
    if not lines:
        raise CertificateError(errors.PEM_INVALID_DATA)
    try:
        content = _base64(lines)
    except ValueError:
        raise CertificateError(errors.PEM_INVALID_DATA + errors.BASE64_INVALID_CHARACTER) from None
    if not encrypted:
        return content
    if not password:
        raise CertificateError(errors.PEM_PASSWORD_REQUIRED)
    return _decrypted(content, size, bytes.fromhex(vector.decode()))


def _next_line(lines: bytes) -> bytes:
    """What comes after the end of a line, which must be here."""
    for end in (b"\n", b"\r\n"):
        if lines.startswith(end):
            return lines[len(end) :]
    raise CertificateError(errors.PEM_INVALID_DATA)


def _decrypted(content: bytes, size: int, vector: bytes) -> bytes:
    """AES-CBC with the key that an empty password gives; whether it is the right one is guessed from the result."""
    from ussl_shim.x509 import decrypt_aes_cbc

    if len(content) % 16:
        raise CertificateError(errors.AES_INVALID_INPUT_LENGTH)
    digest = key = b""
    while len(key) < size:
        digest = hashlib.md5(digest + vector[:8], usedforsecurity=False).digest()
        key += digest
    plain = decrypt_aes_cbc(key[:size], vector, content)
    if len(plain) <= 2 or plain[0] != 0x30 or plain[1] > 0x83:
        raise CertificateError(errors.PK_PASSWORD_MISMATCH)
    return plain


_HEXADECIMAL: Final = frozenset(b"0123456789abcdefABCDEF")
_ALPHABET: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def _base64(text: bytes) -> bytes:
    """Blanks may end a line, not begin one; the last group need not be complete. Raises ValueError."""
    digits = b"".join(line.rstrip(b" ") for line in text.replace(b"\r\n", b"\n").split(b"\n"))
    data = digits.rstrip(b"=")
    if len(digits) - len(data) > 2 or not _ALPHABET.issuperset(data):
        raise ValueError("not base64")
    return base64.b64decode(digits[: len(digits) // 4 * 4])


class _Files:
    """Parsed files by digest: scripts load the same few for every connection.

    The bytes themselves are not kept, since a private key may stand beside the certificates. Neither are files that the
    board refuses, nor long ones.
    """

    SIZE: Final = 16
    LONGEST: Final = 65536

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, CertificateFile] = OrderedDict()

    def parse(self, raw: bytes) -> CertificateFile:
        if len(raw) > self.LONGEST:
            return _parse_certificates(raw)
        name = hashlib.sha256(raw).digest()
        with self._lock:
            found = self._known.get(name)
            if found is not None:
                self._known.move_to_end(name)
                return found
        found = _parse_certificates(raw)
        with self._lock:
            self._known[name] = found
            while len(self._known) > self.SIZE:
                self._known.popitem(last=False)
        return found


_FILES: Final = _Files()


def parse_certificates(raw: bytes) -> CertificateFile:
    """The certificates of a CA or certificate file. Blocks that do not parse are skipped as long as one does.

    The same bytes may give the same object. Raises `FileRefusedError` with the number of the first bad block, or of the
    file as a whole.
    """
    return _FILES.parse(raw)


def _parse_certificates(raw: bytes) -> CertificateFile:
    text = cut_at_nul(raw)
    if b"-----BEGIN CERTIFICATE-----" not in text:
        try:
            return CertificateFile((certificate.parse(text + b"\0"),))  # DER, if no byte of it is 0
        except CertificateError as exc:
            raise FileRefusedError(exc.number, describe_content(raw)) from None
    found: list[Certificate] = []
    skipped: list[str] = []
    first: FileRefusedError | None = None
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
            first = first or FileRefusedError(number, describe_refusal(number, raw))
        except CertificateError as exc:
            number = exc.number
            first = first or FileRefusedError(number, describe_refusal(number, raw))
        skipped.append(f"block {len(found) + len(skipped) + 1}: {errors.describe(number)}")
    if found:
        return CertificateFile(tuple(found), tuple(skipped))
    if first is not None:
        raise first
    number = errors.X509_CERT_UNKNOWN_FORMAT
    raise FileRefusedError(number, describe_refusal(number, raw))


def parse_key(raw: bytes, *, password: bool = True) -> KeyFile:
    """The private key of a key file; without ``password`` not even an empty one is tried. Raises `FileRefusedError`."""
    text = cut_at_nul(raw)
    for label, reader, protected in _KEY_FORMS:
        try:
            block, _ = _pem_block(text, label, password=protected and password)
            return reader(block)
        except _NoBlock:
            continue
        except _BadBlock as bad:
            number = bad.number
            if protected and number == errors.PEM_PASSWORD_REQUIRED:
                number = errors.PK_PASSWORD_REQUIRED
            raise FileRefusedError(number, describe_refusal(number, raw)) from None
        except CertificateError as exc:
            raise FileRefusedError(exc.number, describe_refusal(exc.number, raw)) from None
    for reader in (keyfiles.pkcs8, keyfiles.pkcs1, keyfiles.sec1):  # DER, if no byte of it is 0
        try:
            return reader(text + b"\0")
        except CertificateError:
            continue
    number = errors.PK_KEY_INVALID_FORMAT
    raise FileRefusedError(number, describe_refusal(number, raw))


def parse_public_key(raw: bytes) -> PublicKey:
    """The public key in a text: PKCS#1 or SubjectPublicKeyInfo. Raises `FileRefusedError`. Board: pkparse.c."""
    text = cut_at_nul(raw)
    try:
        try:
            return publickeys.rsa_public_key(_pem_block(text, "RSA PUBLIC KEY")[0])
        except _NoBlock:
            pass
        try:
            block = _pem_block(text, "PUBLIC KEY")[0]
        except _NoBlock:
            block = text + b"\0"  # DER, if no byte of it is 0
        try:
            return publickeys.rsa_public_key(block)
        except CertificateError as exc:
            if exc.number != errors.PK_INVALID_PUBKEY + errors.ASN1_UNEXPECTED_TAG:
                raise
        return publickeys.public_key(der.Reader(block))
    except (_BadBlock, CertificateError) as exc:
        raise FileRefusedError(exc.number, describe_refusal(exc.number, raw)) from None


def _encrypted_pkcs8(block: bytes) -> KeyFile:
    """The board has no password to give, so it does not look inside."""
    raise CertificateError(errors.PK_PASSWORD_REQUIRED)


_KEY_FORMS: Final[tuple[tuple[str, Callable[[bytes], KeyFile], bool], ...]] = (
    ("RSA PRIVATE KEY", keyfiles.pkcs1, True),
    ("EC PRIVATE KEY", keyfiles.sec1, True),
    ("PRIVATE KEY", keyfiles.pkcs8, False),
    ("ENCRYPTED PRIVATE KEY", _encrypted_pkcs8, False),
)
"""In the board's order; the flag says whether it tries an empty password."""

_INDENTED: Final = re.compile(rb"^[ \t]+(-----BEGIN|-----END|[A-Za-z0-9+/=]+[ \t]*\r?$)", re.MULTILINE)
_BLANKS_AFTER_BEGIN: Final = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----(\t| [ \t])")  # one space is taken
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
    (lambda raw: _INDENTED.search(raw) is not None, "the lines are indented"),
    (lambda raw: b"BEGIN CERTIFICATE" in raw, "the certificate in the file is damaged or of an unknown kind"),
)


def describe_content(raw: bytes) -> str:
    """What a file really contains, in words; never a part of it."""
    return next((text for test, text in _CONTENTS if test(raw)), "the file is damaged or of an unknown kind")


_LAYOUTS: Final[tuple[tuple[frozenset[int], re.Pattern[bytes], str], ...]] = (
    (frozenset({errors.PEM_INVALID_DATA + errors.BASE64_INVALID_CHARACTER}), _INDENTED, "the lines are indented"),
    (
        frozenset({errors.X509_CERT_UNKNOWN_FORMAT, errors.PK_KEY_INVALID_FORMAT}),
        _BLANKS_AFTER_BEGIN,
        "a tab or several blanks stand after the '-----BEGIN' line, which the board does not take for one then",
    ),
)
"""What a number says about the layout of a text in which such a thing is found."""
_UNKNOWN_KINDS: Final[dict[int, str]] = {
    errors.X509_UNKNOWN_SIG_ALG + errors.OID_NOT_FOUND: (
        "the certificate is signed with Ed25519 or another algorithm that the board does not have"
    ),
    errors.PK_UNKNOWN_PK_ALG: "the certificate is for an Ed25519 key, or of another kind that the board does not have",
    errors.PK_UNKNOWN_NAMED_CURVE: "the key is on a curve that the board does not have",
    errors.PK_KEY_INVALID_FORMAT + errors.PK_UNKNOWN_PK_ALG: (
        "the key is an Ed25519 key, or of another kind that the board does not have"
    ),
    errors.X509_INVALID_EXTENSIONS + errors.ASN1_UNEXPECTED_TAG: (
        "the certificate has a critical extension that the board does not know, such as name constraints"
    ),
}
"""What is not damaged, but of no use to the board."""


def describe_refusal(number: int, raw: bytes) -> str:
    """Why what was found in a file is refused with this number."""
    layout = next((text for numbers, mark, text in _LAYOUTS if number in numbers and mark.search(raw)), None)
    return layout or _UNKNOWN_KINDS.get(number) or describe_content(raw)


def is_unknown_kind(number: int) -> bool:
    """True where the number says that the file is whole, but holds what the board does not have."""
    return number in _UNKNOWN_KINDS
