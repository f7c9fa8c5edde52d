"""Signatures and private keys, by `cryptography`. The only module that imports it, and only when called."""

from __future__ import annotations

import functools
import hashlib
import secrets
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from ussl_shim import der, errors
from ussl_shim.certfiles import KeyFile
from ussl_shim.certificate import Certificate, CertificateError, PublicKey

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

    key = _load_public(parent.key)
    signature = child.signature
    digest = _hash(signature.hash)
    try:
        if isinstance(key, rsa.RSAPublicKey) and signature.kind == "rsa":
            key.verify(signature.value, child.signed, padding.PKCS1v15(), digest)
        elif isinstance(key, rsa.RSAPublicKey) and signature.kind == "rsa-pss":
            scheme = padding.PSS(padding.MGF1(digest), signature.salt)
            key.verify(signature.value, child.signed, scheme, digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and signature.kind == "ecdsa":
            key.verify(signature.value, child.signed, ec.ECDSA(digest))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


_LABELS: Final[dict[str, str]] = {"pkcs1": "RSA PRIVATE KEY", "sec1": "EC PRIVATE KEY", "pkcs8": "PRIVATE KEY"}


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
        """Raises `CertificateError` where the numbers in the key do not fit together."""
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec, rsa
        from cryptography.hazmat.primitives.serialization import load_der_private_key

        try:
            key = load_der_private_key(file.der, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise CertificateError(errors.PK_KEY_INVALID_FORMAT + errors.RSA_KEY_CHECK_FAILED) from None
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise CertificateError(errors.PK_KEY_INVALID_FORMAT + errors.PK_UNKNOWN_PK_ALG)
        self._key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = key

    def __repr__(self) -> str:
        return "<PrivateKey>"

    @property
    def description(self) -> str:
        """``RSA 2048 bits`` or ``EC secp256r1``."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = self._key
        return f"RSA {key.key_size} bits" if isinstance(key, rsa.RSAPrivateKey) else f"EC {key.curve.name}"

    def belongs_to(self, cert: Certificate) -> bool:
        """True where the certificate is for this key."""
        from cryptography.hazmat.primitives.asymmetric import ec, rsa

        public = _load_public(cert.key)
        if isinstance(public, rsa.RSAPublicKey) and isinstance(self._key, rsa.RSAPrivateKey):
            return public.public_numbers() == self._key.public_key().public_numbers()
        if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(self._key, ec.EllipticCurvePrivateKey):
            return public.public_numbers() == self._key.public_key().public_numbers()
        return False

    def pem(self, password: bytes | None) -> bytes:
        """PKCS#8 PEM, encrypted with ``password`` where one is given."""
        from cryptography.hazmat.primitives.serialization import (
            BestAvailableEncryption,
            Encoding,
            KeySerializationEncryption,
            NoEncryption,
            PrivateFormat,
        )

        protection: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


class _Keys:
    """Keys by digest of their bytes: the checks of an RSA key cost 50 ms."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, PrivateKey] = OrderedDict()

    def load(self, file: KeyFile) -> PrivateKey:
        name = hashlib.sha256(file.der).digest()
        with self._lock:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
        key = PrivateKey(file)
        with self._lock:
            self._known[name] = key
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return key


_KEPT: Final = 16
_KEYS: Final = _Keys()


def load_key(file: KeyFile) -> PrivateKey:
    """The key in a file; known ones are not checked again. Raises `CertificateError`."""
    return _KEYS.load(file)


def impostor_pem(cert: Certificate) -> bytes:
    """A key with the certificate's public half and a random private half, as PEM.

    The board does not check that key and certificate belong together; the host's TLS library insists on it. This key
    loads, and whoever checks a signature made with it refuses it, as with the board. It holds nothing secret.
    Raises `CertificateError` where the public half is no key.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = _load_public(cert.key)
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        half = public.key_size // 2
        p, q = (secrets.randbits(half) | 1 << (half - 1) | 1 for _ in range(2))
        d = secrets.randbits(public.key_size - 1) | 1
        values = (0, numbers.n, numbers.e, d, p, q, d % (p - 1), d % (q - 1), secrets.randbits(half - 1) | 1)
        return _pem(_LABELS["pkcs1"], der.encode(der.SEQUENCE, *map(der.encode_integer, values)))
    if isinstance(public, ec.EllipticCurvePublicKey):
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        size = (public.curve.key_size + 7) // 8
        scalar = (secrets.randbits(public.curve.key_size - 8) | 1).to_bytes(size, "big")
        spki = der.Reader(cert.key.der).enter(der.SEQUENCE).enter(der.SEQUENCE)
        spki.take(der.OID)
        content = der.encode(
            der.SEQUENCE,
            der.encode_integer(1),
            der.encode(der.OCTET_STRING, scalar),
            der.encode(0xA0, spki.element(der.OID)),
            der.encode(0xA1, der.encode(der.BIT_STRING, b"\0" + point)),
        )
        return _pem(_LABELS["sec1"], content)
    raise CertificateError(errors.ECP_INVALID_KEY if cert.key.kind == "ec" else errors.PK_INVALID_PUBKEY)
