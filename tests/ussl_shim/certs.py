"""Certificates made for the tests, each named after what is special about it. Nothing here is kept in the repository."""

from __future__ import annotations

import base64
import datetime
import functools
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ussl_shim import der

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
SHA256_RSA = bytes.fromhex("2a864886f70d01010b")
SHA1_RSA = bytes.fromhex("2a864886f70d010105")
MD5_RSA = bytes.fromhex("2a864886f70d010104")
PKCS8 = serialization.PrivateFormat.PKCS8
TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL
PLAIN = serialization.NoEncryption()


@dataclass(frozen=True)
class Issued:
    """A certificate, its key, and the chain a peer would send after it."""

    der: bytes
    key: Any
    chain: tuple[bytes, ...] = ()

    @property
    def pem(self) -> bytes:
        return pem("CERTIFICATE", self.der)

    @property
    def chain_pem(self) -> bytes:
        return b"".join(pem("CERTIFICATE", one) for one in (self.der, *self.chain))

    @property
    def key_pem(self) -> bytes:
        return key_bytes(self.key, PKCS8)

    @property
    def name(self) -> x509.Name:
        return x509.load_der_x509_certificate(self.der).subject


def pem(label: str, content: bytes) -> bytes:
    text = base64.encodebytes(content).replace(b"\n", b"").decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


def key_bytes(key: Any, form: Any, encryption: Any = PLAIN, encoding: Any = serialization.Encoding.PEM) -> bytes:
    return bytes(key.private_bytes(encoding, form, encryption))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _resign(cert: bytes, key: rsa.RSAPrivateKey, oid: bytes, digest: hashes.HashAlgorithm, edit: Any = None) -> bytes:
    """Sign again with an algorithm that certificate builders no longer offer, after an edit of the signed part."""
    outer = der.Reader(cert).enter(der.SEQUENCE)
    signed = outer.element(der.SEQUENCE).replace(SHA256_RSA, oid)
    algorithm = outer.element(der.SEQUENCE).replace(SHA256_RSA, oid)
    if edit is not None:
        signed = edit(signed)
    signature = key.sign(signed, padding.PKCS1v15(), digest)
    return der.encode(der.SEQUENCE, signed, algorithm, der.encode(der.BIT_STRING, b"\0" + signature))


def _version_1(signed: bytes) -> bytes:
    """Without version and extensions a certificate is X.509 version 1."""
    fields = der.Reader(signed).enter(der.SEQUENCE)
    kept = []
    while not fields.empty:
        tag = fields.peek()
        assert tag is not None
        element = fields.element(tag)
        if tag not in (0xA0, 0xA3):
            kept.append(element)
    return der.encode(der.SEQUENCE, *kept)


Builder = Callable[["Certificates"], Issued]


class Certificates:
    """Makes each certificate when it is first asked for, and remembers it."""

    def __init__(self) -> None:
        self._issued: dict[str, Issued] = {}

    def __getitem__(self, name: str) -> Issued:
        if name not in self._issued:
            self._issued[name] = BUILDERS[name](self)
        return self._issued[name]

    @functools.cache  # noqa: B019 - one object per test session
    def key(self, name: str) -> Any:
        """A key by name: ``rsa-1024`` and so on give its size, ``p-256`` its curve."""
        kind, _, rest = name.partition("-")
        if kind == "p":
            curve: ec.EllipticCurve = {"256": ec.SECP256R1(), "384": ec.SECP384R1(), "256k1": ec.SECP256K1()}[
                rest.split("-")[0]
            ]
            return ec.generate_private_key(curve)
        if kind == "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        size = next((int(part) for part in name.split("-") if part.isdigit()), 2048)
        return rsa.generate_private_key(65537, size)

    def root(self, name: str, key: str | None = None, *, ca: bool | None = True, digest: Any = None) -> Issued:
        """A self-signed root. ``ca`` None leaves basicConstraints out."""
        secret = self.key(key or name)
        builder = _builder(_name(name), _name(name), secret)
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
        return Issued(_sign(builder, secret, digest), secret)

    def leaf(
        self,
        issuer: str | None = "ca",
        *,
        cn: str = "device.test",
        names: tuple[str, ...] | None = ("device.test", "localhost"),
        ip: str | None = None,
        key: str = "leaf",
        ca: bool | None = False,
        eku: Any = None,
        usage: x509.KeyUsage | None = None,
        start: float = -30,
        end: float = 3000,
        digest: Any = None,
        chain: tuple[str, ...] = (),
        extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    ) -> Issued:
        """A leaf (or intermediate) signed by the named issuer, by itself where that is None."""
        secret = self.key(key)
        signer = None if issuer is None else self[issuer]
        builder = _builder(_name(cn), _name(cn) if signer is None else signer.name, secret, start, end)
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names or ()]
        if ip is not None:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(ip)))
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
        if eku is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([eku]), critical=False)
        if usage is not None:
            builder = builder.add_extension(usage, critical=True)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        made = _sign(builder, secret if signer is None else signer.key, digest)
        return Issued(made, secret, tuple(self[one].der for one in chain))

    @functools.cached_property
    def files(self) -> dict[str, bytes]:
        """Certificate files of the device by short name, good and damaged ones."""
        return _files(self)


def _builder(subject: x509.Name, issuer: x509.Name, key: Any, start: float = -30, end: float = 3000) -> Any:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(NOW + start * DAY).not_valid_after(NOW + end * DAY)


def _sign(builder: Any, key: Any, digest: Any = None) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return bytes(builder.sign(key, None).public_bytes(serialization.Encoding.DER))
    if isinstance(digest, hashes.SHA1 | hashes.MD5):
        made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        return _resign(made, key, SHA1_RSA if isinstance(digest, hashes.SHA1) else MD5_RSA, digest)
    return bytes(builder.sign(key, digest or hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def _usage(**bits: bool) -> x509.KeyUsage:
    names = (
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
    return x509.KeyUsage(**{name: bits.get(name, False) for name in names})


def _v1_root(certs: Certificates) -> Issued:
    key = certs.key("v1")
    made = _sign(_builder(_name("v1 root"), _name("v1 root"), key), key)
    return Issued(_resign(made, key, SHA256_RSA, hashes.SHA256(), _version_1), key)


CLIENT_AUTH, SERVER_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH

BUILDERS: dict[str, Builder] = {
    # roots
    "ca": lambda c: c.root("ca"),
    "other-ca": lambda c: c.root("other-ca"),
    "third-ca": lambda c: c.root("third-ca", "other-ca"),
    "expired-ca": lambda c: c.leaf(None, cn="expired root", names=None, ca=True, key="ca", start=-900, end=-400),
    "not-ca": lambda c: c.root("not-ca", "ca", ca=False),
    "nobc-ca": lambda c: c.root("nobc-ca", "ca", ca=None),
    "v1-ca": _v1_root,
    "small-ca": lambda c: c.root("small-ca", "rsa-1024-root"),
    "ca-sha1": lambda c: c.root("ca-sha1", "ca", digest=hashes.SHA1()),
    "ed25519-ca": lambda c: c.root("ed25519-ca"),
    "constrained-ca": lambda c: c.leaf(
        None,
        cn="constrained root",
        names=None,
        ca=True,
        key="ca",
        extensions=((x509.NameConstraints([x509.DNSName("test")], None), True),),
    ),
    "no-sign-ca": lambda c: c.leaf(None, cn="no-sign root", names=None, ca=True, key="ca", usage=_usage(crl_sign=True)),
    # intermediates
    "inter": lambda c: c.leaf("ca", cn="inter", names=None, ca=True, key="inter"),
    "path0-ca": lambda c: Issued(
        _sign(
            _builder(_name("path0"), _name("path0"), c.key("ca")).add_extension(
                x509.BasicConstraints(True, 0), critical=True
            ),
            c.key("ca"),
        ),
        c.key("ca"),
    ),
    "inter-under-path0": lambda c: c.leaf("path0-ca", cn="inter path0", names=None, ca=True, key="inter"),
    "far": lambda c: c.leaf("ca", cn="far", names=None, ca=True, key="inter"),
    "near": lambda c: c.leaf("far", cn="near", names=None, ca=True, key="other-ca"),
    # server leaves
    "good": lambda c: c.leaf(),
    "expired": lambda c: c.leaf(start=-900, end=-400),
    "future": lambda c: c.leaf(start=400, end=900),
    "eku-client": lambda c: c.leaf(eku=CLIENT_AUTH),
    "eku-server": lambda c: c.leaf(eku=SERVER_AUTH),
    "usage-sign": lambda c: c.leaf(usage=_usage(digital_signature=True)),
    "usage-encipher": lambda c: c.leaf(usage=_usage(key_encipherment=True)),
    "selfsigned": lambda c: c.leaf(None),
    "selfsigned-ca": lambda c: c.leaf(None, ca=True),
    "under-expired-ca": lambda c: c.leaf("expired-ca"),
    "under-not-ca": lambda c: c.leaf("not-ca"),
    "under-nobc-ca": lambda c: c.leaf("nobc-ca"),
    "under-v1-ca": lambda c: c.leaf("v1-ca"),
    "under-small-ca": lambda c: c.leaf("small-ca"),
    "under-sha1-ca": lambda c: c.leaf("ca-sha1"),
    "under-no-sign-ca": lambda c: c.leaf("no-sign-ca"),
    "under-path0": lambda c: c.leaf("inter-under-path0", chain=("inter-under-path0",)),
    "inter-leaf": lambda c: c.leaf("inter"),
    "inter-chain": lambda c: c.leaf("inter", chain=("inter",)),
    "inter-chain-root": lambda c: c.leaf("inter", chain=("inter", "ca")),
    "inter-disorder": lambda c: c.leaf("inter", chain=("ca", "inter")),
    "two-inters": lambda c: c.leaf("near", chain=("near", "far")),
    "two-inters-stranger": lambda c: c.leaf("near", chain=("inter", "near", "ca", "far")),
    "two-inters-backwards": lambda c: c.leaf("near", chain=("far", "near")),
    "other": lambda c: c.leaf("other-ca"),
    "cn-only": lambda c: c.leaf(names=None),
    "cn-differs": lambda c: c.leaf(cn="cn.test", names=("san.test",)),
    "wild": lambda c: c.leaf(cn="wild", names=("*.wild.test",)),
    "wild-cn": lambda c: c.leaf(cn="*.wild.test", names=None),
    "ip-san": lambda c: c.leaf(names=None, ip="127.0.0.1"),
    "ip-san-cn": lambda c: c.leaf(cn="127.0.0.1", names=None, ip="127.0.0.1"),
    "ip-cn": lambda c: c.leaf(cn="127.0.0.1", names=None),
    "ip-dns": lambda c: c.leaf(names=("127.0.0.1",)),
    "rsa-1024": lambda c: c.leaf(key="rsa-1024"),
    "rsa-3072": lambda c: c.leaf(key="rsa-3072"),
    "p-256": lambda c: c.leaf(key="p-256"),
    "p-384": lambda c: c.leaf(key="p-384"),
    "p-256k1": lambda c: c.leaf(key="p-256k1"),
    "ed25519": lambda c: c.leaf(key="ed25519"),
    "ed25519-signed": lambda c: c.leaf("ed25519-ca", key="p-256"),
    "sha384": lambda c: c.leaf(digest=hashes.SHA384()),
    "sha1": lambda c: c.leaf(digest=hashes.SHA1()),
    "md5": lambda c: c.leaf(digest=hashes.MD5()),
    # client leaves
    "client": lambda c: c.leaf(cn="client", names=None, key="client", eku=CLIENT_AUTH),
    "client-ec": lambda c: c.leaf(cn="client", names=None, key="p-256-client", eku=CLIENT_AUTH),
    "client-other": lambda c: c.leaf("other-ca", cn="client", names=None, key="client", eku=CLIENT_AUTH),
    "client-expired": lambda c: c.leaf(cn="client", names=None, key="client", eku=CLIENT_AUTH, start=-900, end=-400),
    "client-server-eku": lambda c: c.leaf(cn="client", names=None, key="client", eku=SERVER_AUTH),
}


def _damaged(issued: Issued) -> bytes:
    """PEM around DER whose first tag is wrong."""
    return pem("CERTIFICATE", b"\x31" + issued.der[1:])


def _bad_base64(text: bytes) -> bytes:
    return text[:100] + b"!" + text[101:]


def _padded(text: bytes) -> bytes:
    return text + b"\n" * (-len(text) % 256)


def _encrypted_header(text: bytes, algorithm: str) -> bytes:
    """The header of a password-protected PKCS#1 key; the board gives up before it looks at the body."""
    return text.replace(b"-----\n", b"-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: " + algorithm.encode() + b"\n\n", 1)


def _files(c: Certificates) -> dict[str, bytes]:
    ca, other = c["ca"].pem, c["other-ca"].pem
    client_key, ec_key = c.key("client"), c.key("p-256-client")
    pkcs1, pkcs8 = key_bytes(client_key, TRADITIONAL), key_bytes(client_key, PKCS8)
    curve = pem("EC PARAMETERS", bytes.fromhex("06082a8648ce3d030107"))
    own = ("good", "client", "client-ec", "client-other", "ed25519", "p-256", "rsa-1024", "inter-chain", "selfsigned")
    files = {f"{name}.crt": c[name].chain_pem for name in (*own, "selfsigned-ca")}
    files |= {f"{name}.key": c[name].key_pem for name in own}
    files |= {f"{name}.pem": c[name].pem for name in BUILDERS if name.endswith("-ca") or name.startswith("ca")}
    return files | {
        "ca.pem": ca,
        "bundle.pem": c["third-ca"].pem + other + ca,
        "bundle-without.pem": c["third-ca"].pem + other,
        "inter-only.pem": c["inter"].pem,
        "good-as-ca.pem": c["good"].pem,
        "client-mismatch.key": c["good"].key_pem,
        # keys
        "k-pkcs1.pem": pkcs1,
        "k-pkcs8.pem": pkcs8,
        "k-ec-pkcs8.pem": key_bytes(ec_key, PKCS8),
        "k-sec1.pem": key_bytes(ec_key, TRADITIONAL),
        "k-sec1-params.pem": curve + key_bytes(ec_key, TRADITIONAL),
        "k-pkcs1-aes.pem": key_bytes(client_key, TRADITIONAL, serialization.BestAvailableEncryption(b"x")),
        "k-pkcs1-3des.pem": _encrypted_header(pkcs1, "DES-EDE3-CBC,0011223344556677"),
        "k-pkcs8-enc.pem": key_bytes(client_key, PKCS8, serialization.BestAvailableEncryption(b"x")),
        "k-pkcs8.der": key_bytes(client_key, PKCS8, encoding=serialization.Encoding.DER),
        "k-trunc.pem": pkcs8[: len(pkcs8) // 2],
        "k-crlf.pem": pkcs1.replace(b"\n", b"\r\n"),
        "k-bom.pem": b"\xef\xbb\xbf" + pkcs1,
        "k-public.pem": client_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        "k-and-cert.pem": pkcs1 + c["client"].pem,
        "cert-and-k.pem": c["client"].pem + pkcs1,
        # CA files
        "f-der.der": c["ca"].der,
        "f-preamble.pem": b"Subject: a root\nMade by hand\n" + ca,
        "f-crlf.pem": ca.replace(b"\n", b"\r\n"),
        "f-cr.pem": ca.replace(b"\n", b"\r"),
        "f-no-newline.pem": ca.rstrip(b"\n"),
        "f-one-line.pem": b"-----BEGIN CERTIFICATE-----\n"
        + base64.b64encode(c["ca"].der)
        + b"\n-----END CERTIFICATE-----\n",
        "f-bom.pem": b"\xef\xbb\xbf" + ca,
        "f-trunc.pem": ca[: len(ca) // 2],
        "f-footer-cut.pem": ca.rstrip()[:-3],
        "f-empty.pem": b"",
        "f-spaces.pem": b"  \n \n",
        "f-text.pem": b"this is not a certificate\n",
        "f-garbage.bin": bytes(1 + at * 37 % 255 for at in range(600)),
        "f-nul.bin": bytes(600),
        "f-tail-garbage.pem": ca + bytes(range(1, 200)),
        "f-nul-after.pem": ca + b"\0" + other,
        "f-nul-before.pem": other + b"\0" + ca,
        "f-bad-base64.pem": _bad_base64(ca),
        "f-bad-der.pem": _damaged(c["ca"]),
        "f-bundle-bad-der-last.pem": ca + _damaged(c["other-ca"]),
        "f-bundle-bad-base64-first.pem": _bad_base64(other) + ca,
        "f-bundle-bad-and-other.pem": _damaged(c["ca"]) + other,
        "f-bundle-ed25519.pem": c["ed25519-ca"].pem + ca,
        "f-x509-label.pem": ca.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
        "f-trusted-label.pem": ca.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"),
        "f-indented.pem": b"".join(b"  " + line + b"\n" for line in ca.splitlines()),
        "f-key.pem": pkcs8,
        "f-256.pem": _padded(ca),
    }
