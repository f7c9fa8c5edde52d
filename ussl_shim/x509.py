"""Signatures and private keys, by `cryptography`. The only module that imports it, and only when called."""

from __future__ import annotations

import functools
import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from ussl_shim import der, errors
from ussl_shim.certificate import Certificate, PublicKey
from ussl_shim.curves import Curve, Point
from ussl_shim.keyfiles import EcNumbers, KeyFile, RsaNumbers
from ussl_shim.publickeys import EC_KEY, RSA_KEY, curve_named

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


def _hash(name: str) -> hashes.HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    table: dict[str, type[hashes.HashAlgorithm]] = {
        "md5": hashes.MD5,
        "sha1": hashes.SHA1,
        "sha224": hashes.SHA224,
        "sha256": hashes.SHA256,
        "sha384": hashes.SHA384,
        "sha512": hashes.SHA512,
    }
    return table[name]()


@functools.lru_cache(maxsize=64)
def _load_public(key: PublicKey) -> PublicKeyTypes | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return load_der_public_key(key.der)
    except (ValueError, UnsupportedAlgorithm):
        return None


@functools.lru_cache(maxsize=128)
def signed_by(child: Certificate, parent: Certificate) -> bool:
    """True where the parent's key made the child's signature; any hash the board knows, MD5 and SHA-1 too."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    signature = child.signature
    if parent.key.only_agrees:
        return False
    key = _load_public(parent.key)
    if key is None and signature.kind == "ecdsa" and parent.key.point is not None:
        return _signed_on_rare_curve(child, curve_named(parent.key.curve), parent.key.point)
    digest = _hash(signature.hash)
    try:
        if isinstance(key, rsa.RSAPublicKey) and signature.kind == "rsa":
            key.verify(signature.value, child.signed, padding.PKCS1v15(), digest)
        elif isinstance(key, rsa.RSAPublicKey) and signature.kind == "rsa-pss":
            if signature.mask != signature.hash:
                return False  # the board measures the hash by the mask's, so two of them never fit (board: rsa.c)
            scheme = padding.PSS(padding.MGF1(digest), signature.salt)
            key.verify(signature.value, child.signed, scheme, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and signature.kind == "ecdsa":
            key.verify(signature.value, child.signed, ec.ECDSA(digest))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _signed_on_rare_curve(child: Certificate, curve: Curve, point: Point) -> bool:
    """`cryptography` lacks two of the board's curves, secp192k1 and secp224k1."""
    try:
        fields = der.Reader(child.signature.value).enter(der.SEQUENCE)
        r, s = fields.number(), fields.number()
        fields.finish()
    except der.Asn1Error:
        return False
    digest = hashlib.new(child.signature.hash, child.signed, usedforsecurity=False).digest()
    return curve.verifies(point, digest, r, s)


def decrypt_aes_cbc(key: bytes, vector: bytes, content: bytes) -> bytes:
    """Whole blocks, without a look at their padding."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    return decryptor.update(content) + decryptor.finalize()


def _pem(label: str, content: bytes) -> bytes:
    import base64

    text = base64.b64encode(content).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


def certificates_pem(chain: tuple[Certificate, ...]) -> bytes:
    """Clean PEM text of a chain."""
    return b"".join(_pem("CERTIFICATE", cert.der) for cert in chain)


class PrivateKey:
    """The board's own key. Its ``repr`` and its errors hold nothing secret."""

    def __init__(self, file: KeyFile) -> None:
        self._numbers = file.numbers

    def __repr__(self) -> str:
        return "<PrivateKey>"

    @property
    def description(self) -> str:
        """``RSA 2048 bits`` or ``EC secp256r1``."""
        numbers = self._numbers
        if isinstance(numbers, RsaNumbers):
            return f"RSA {numbers.modulus.bit_length()} bits"
        return f"EC {numbers.curve.name}"

    @functools.cached_property
    def fault(self) -> int | None:
        """What the board raises when it is to prove itself with this key; None where the key can sign.

        Board: mbedTLS rsa.c (each result is checked with the public half), pk.c.
        """
        numbers = self._numbers
        if isinstance(numbers, EcNumbers):
            return errors.PK_TYPE_MISMATCH if numbers.only_agrees else None
        if not numbers.private_exponent:
            return errors.RSA_BAD_INPUT_DATA
        return None if _works(numbers) else errors.RSA_PRIVATE_FAILED + errors.RSA_VERIFY_FAILED

    def belongs_to(self, cert: Certificate) -> bool:
        """True where the certificate is for this key."""
        numbers, public = self._numbers, cert.key
        if isinstance(numbers, RsaNumbers):
            return (public.modulus, public.exponent) == (numbers.modulus, numbers.exponent)
        return public.curve == numbers.curve.name and public.point == self._point

    @functools.cached_property
    def _point(self) -> Point | None:
        numbers = self._numbers
        if isinstance(numbers, RsaNumbers):
            return None
        return numbers.curve.multiply(numbers.private, numbers.curve.base)

    def pem(self, password: bytes | None) -> bytes:
        """PKCS#8 PEM, encrypted with ``password`` where one is given."""
        numbers = self._numbers
        if isinstance(numbers, RsaNumbers):
            content = _pkcs8_rsa(numbers)
        else:
            content = _pkcs8_ec(numbers.curve, numbers.private, self._point)
        return (
            _pem("PRIVATE KEY", content)
            if password is None
            else _pem("ENCRYPTED PRIVATE KEY", _sealed(content, password))
        )


_TRIAL: Final = int.from_bytes(hashlib.sha512(b"any number will do").digest(), "big")


def _works(key: RsaNumbers) -> bool:
    """Sign a number and look at the result with the public half, as the board does each time."""
    wanted = _TRIAL % key.modulus
    first = pow(wanted, key.private_exponent % (key.p - 1), key.p)
    second = pow(wanted, key.private_exponent % (key.q - 1), key.q)
    signed = second + key.q * ((first - second) * pow(key.q, -1, key.p) % key.p)
    return pow(signed, key.exponent, key.modulus) == wanted


def _pkcs8_rsa(key: RsaNumbers) -> bytes:
    d, p, q = key.private_exponent, key.p, key.q
    values = (0, key.modulus, key.exponent, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    algorithm = der.encode(der.SEQUENCE, der.encode_oid(RSA_KEY), der.encode(der.NULL))
    return _pkcs8(algorithm, der.encode(der.SEQUENCE, *map(der.encode_integer, values)))


def _pkcs8_ec(curve: Curve, private: int, point: Point | None) -> bytes:
    algorithm = der.encode(der.SEQUENCE, der.encode_oid(EC_KEY), der.encode_oid(curve.oid))
    size = (curve.n.bit_length() + 7) // 8
    public = b"" if point is None else der.encode(0xA1, der.encode(der.BIT_STRING, b"\0" + curve.encode(point)))
    scalar = der.encode(der.OCTET_STRING, private.to_bytes(size, "big"))
    return _pkcs8(algorithm, der.encode(der.SEQUENCE, der.encode_integer(1), scalar, public))


def _pkcs8(algorithm: bytes, content: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.encode_integer(0), algorithm, der.encode(der.OCTET_STRING, content))


_PBES2, _PBKDF2 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12"
_HMAC_SHA256, _AES256_CBC = "1.2.840.113549.2.9", "2.16.840.1.101.3.4.1.42"
_ROUNDS: Final = 2048


def _sealed(content: bytes, password: bytes) -> bytes:
    """An EncryptedPrivateKeyInfo (RFC 8018, PBES2): `cryptography` writes none for the board's rarer curves.

    The password is 32 random bytes, used once, so the number of rounds does not matter.
    """
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    salt, vector = secrets.token_bytes(16), secrets.token_bytes(16)
    key = hashlib.pbkdf2_hmac("sha256", password, salt, _ROUNDS, 32)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    missing = 16 - len(content) % 16
    secret = encryptor.update(content + bytes((missing,)) * missing) + encryptor.finalize()

    def algorithm(oid: str, *parameters: bytes) -> bytes:
        return der.encode(der.SEQUENCE, der.encode_oid(oid), *parameters)

    mac = algorithm(_HMAC_SHA256, der.encode(der.NULL))
    rounds = der.encode_integer(_ROUNDS)
    derivation = algorithm(_PBKDF2, der.encode(der.SEQUENCE, der.encode(der.OCTET_STRING, salt), rounds, mac))
    cipher = algorithm(_AES256_CBC, der.encode(der.OCTET_STRING, vector))
    scheme = algorithm(_PBES2, der.encode(der.SEQUENCE, derivation, cipher))
    return der.encode(der.SEQUENCE, scheme, der.encode(der.OCTET_STRING, secret))


@functools.lru_cache(maxsize=16)
def load_key(file: KeyFile) -> PrivateKey:
    """The key in a file; the same one gives the same object, since its checks take some milliseconds."""
    return PrivateKey(file)


def impostor_pem(cert: Certificate) -> bytes:
    """A key with the certificate's public half and a random private half, as PEM.

    The board does not check that key and certificate belong together; the host's TLS library insists on it. This key
    loads, and whoever checks a signature made with it refuses it, as with the board. It holds nothing secret.
    """
    public = cert.key
    if public.point is not None:
        curve = curve_named(public.curve)
        return _pem("PRIVATE KEY", _pkcs8_ec(curve, secrets.randbelow(curve.n - 1) + 1, public.point))
    half = public.bits // 2
    p, q = (secrets.randbits(half) | 1 << (half - 1) | 1 for _ in range(2))
    d = secrets.randbits(public.bits - 1) | 1
    values = (0, public.modulus, public.exponent, d, p, q, d % (p - 1), d % (q - 1), secrets.randbits(half - 1) | 1)
    return _pem("RSA PRIVATE KEY", der.encode(der.SEQUENCE, *map(der.encode_integer, values)))
