"""What the board's library does with RSA and EC keys, by the numbers in them. Pure but for the random padding.

Board: mbedTLS 2.16.2, pk.c and pk_wrap.c (what a kind of key can do), rsa.c (PKCS #1 v1.5), ecdsa.c (deterministic, RFC 6979).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from ussl_shim import der, errors
from ussl_shim.keyfiles import EcNumbers, Numbers, RsaNumbers
from ussl_shim.publickeys import PublicKey

RSA_INVALID_PADDING: Final = -0x4100
RSA_OUTPUT_TOO_LARGE: Final = -0x4400
MPI_BAD_INPUT_DATA: Final = -0x0004
_SHA256_HEAD: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""A DigestInfo for SHA-256, up to the digest (RFC 8017, 9.2)."""
_OVERHEAD: Final = 11
_ROOM: Final = 256
"""What the board's module adds to the length of a message for the room of the result."""


REASONS: Final = {
    RSA_OUTPUT_TOO_LARGE: "the board makes room for 256 bytes more than the message: with keys above 2048 bits it must be longer",
    errors.RSA_BAD_INPUT_DATA: "the length of the message does not fit the key, or the key has no private half",
    RSA_INVALID_PADDING: "the message was not encrypted for this key with the padding of PKCS #1 v1.5",
    errors.RSA_PRIVATE_FAILED + MPI_BAD_INPUT_DATA: "the message was not encrypted for this key",
    errors.PK_TYPE_MISMATCH: "this kind of key cannot do it",
}
"""What a number means here, in words."""


class KeyUseError(Exception):
    """The board's library refuses; ``number`` is what it returns."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def encrypt(key: PublicKey, message: bytes) -> bytes:
    """Return ``message`` encrypted with RSA and a random padding. Raises `KeyUseError`."""
    if key.kind != "rsa":
        raise KeyUseError(errors.PK_TYPE_MISMATCH)
    size = _size(key.modulus)
    if size > len(message) + _ROOM:
        raise KeyUseError(RSA_OUTPUT_TOO_LARGE)
    if size < len(message) + _OVERHEAD:
        raise KeyUseError(errors.RSA_BAD_INPUT_DATA)
    padding = bytes(secrets.randbelow(255) + 1 for _ in range(size - len(message) - 3))
    number = int.from_bytes(b"\0\2" + padding + b"\0" + message, "big")
    return pow(number, key.exponent, key.modulus).to_bytes(size, "big")


def decrypt(key: Numbers, message: bytes) -> bytes:
    """Return what :func:`encrypt` was given. Raises `KeyUseError`."""
    if not isinstance(key, RsaNumbers):
        raise KeyUseError(errors.PK_TYPE_MISMATCH)
    size = _size(key.modulus)
    if len(message) != size or size < 16:
        raise KeyUseError(errors.RSA_BAD_INPUT_DATA)
    padded = _private(key, int.from_bytes(message, "big")).to_bytes(size, "big")
    end = padded.find(b"\0", 2)
    if padded[:2] != b"\0\2" or end < _OVERHEAD - 1:
        raise KeyUseError(RSA_INVALID_PADDING)
    return padded[end + 1 :]


def sign(key: Numbers, message: bytes) -> bytes:
    """Return a signature of the SHA-256 digest of ``message``. Raises `KeyUseError`."""
    digest = hashlib.sha256(message).digest()
    if isinstance(key, EcNumbers):
        return _sign_ec(key, digest)
    size = _size(key.modulus)
    content = _SHA256_HEAD + digest
    if size < len(content) + _OVERHEAD:
        raise KeyUseError(errors.RSA_BAD_INPUT_DATA)
    padded = b"\0\1" + b"\xff" * (size - len(content) - 3) + b"\0" + content
    return _private(key, int.from_bytes(padded, "big")).to_bytes(size, "big")


def _size(modulus: int) -> int:
    return (modulus.bit_length() + 7) // 8


def _private(key: RsaNumbers, number: int) -> int:
    """The private operation, whose result the board looks at with the public half."""
    if not key.private_exponent:
        raise KeyUseError(errors.RSA_BAD_INPUT_DATA)
    if number >= key.modulus:
        raise KeyUseError(errors.RSA_PRIVATE_FAILED + MPI_BAD_INPUT_DATA)
    p, q = key.p, key.q
    first = pow(number, key.private_exponent % (p - 1), p)
    second = pow(number, key.private_exponent % (q - 1), q)
    found = second + q * ((first - second) * pow(q, -1, p) % p)
    if pow(found, key.exponent, key.modulus) != number:
        raise KeyUseError(errors.RSA_PRIVATE_FAILED + errors.RSA_VERIFY_FAILED)
    return found


def _sign_ec(key: EcNumbers, digest: bytes) -> bytes:
    if key.only_agrees:
        raise KeyUseError(errors.PK_TYPE_MISMATCH)
    curve = key.curve
    order, bits = curve.n, curve.n.bit_length()
    size = (bits + 7) // 8
    number = int.from_bytes(digest, "big") >> max(8 * len(digest) - bits, 0)
    seed = key.private.to_bytes(size, "big") + (number % order).to_bytes(size, "big")
    randoms = _Deterministic(seed)
    while True:
        nonce = int.from_bytes(randoms.take(size), "big") >> 8 * size - bits
        point = curve.multiply(nonce, curve.base) if 0 < nonce < order else None
        if point is None:
            continue
        r = point.x % order
        s = pow(nonce, -1, order) * (number + r * key.private) % order
        if r and s:
            return der.encode(der.SEQUENCE, der.encode_integer(r), der.encode_integer(s))


class _Deterministic:
    """The random numbers of RFC 6979, 3.2, by HMAC with SHA-256."""

    def __init__(self, seed: bytes) -> None:
        self._key, self._value = bytes(32), b"\1" * 32
        self._fresh = True
        for mark in (b"\0", b"\1"):
            self._update(mark + seed)

    def _hmac(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, "sha256")

    def _update(self, data: bytes) -> None:
        self._key = self._hmac(self._value + data)
        self._value = self._hmac(self._value)

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        if not self._fresh:
            self._update(b"\0")
        self._fresh = False
        out = b""
        while len(out) < size:
            self._value = self._hmac(self._value)
            out += self._value
        return out[:size]
