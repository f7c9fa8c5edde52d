"""Key files as the board reads them: what loads, whether it fits together or not, and the number of what does not load."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa as host_rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.ussl_shim import ders, peers
from tests.ussl_shim.certs import TRADITIONAL, Certificates, key_bytes, pem
from tests.ussl_shim.ders import NULL, algorithm, certificate, put
from tests.ussl_shim.device import Device
from tests.ussl_shim.test_certificate_content import EC, ECDH, RSA, specified
from ussl_shim import certfiles, der, x509
from ussl_shim.certfiles import FileRefusedError, parse_key
from ussl_shim.certificate import parse
from ussl_shim.curves import BY_NAME
from ussl_shim.der import encode, encode_integer, encode_oid
from ussl_shim.publickeys import subject_public_key
from ussl_shim.x509 import load_key

DER = serialization.Encoding.DER
KEY = ders.rsa_key()
NUMBERS = KEY.private_numbers()
N, E = NUMBERS.public_numbers.n, NUMBERS.public_numbers.e
OTHER = ders.rsa_key("another").private_numbers()
P256 = BY_NAME["secp256r1"]
SCALAR = ders.ec_key().private_numbers().private_value
POINT = (
    ders.ec_key().public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
)


def number_of(raw: bytes) -> int | None:
    """What the board raises for this key file; None where it loads."""
    try:
        load_key(parse_key(raw))
    except FileRefusedError as exc:
        return exc.number
    return None


def rsa(after: bytes = b"", *, extra: bytes = b"", version: int = 0, **changed: int) -> bytes:
    """A PKCS#1 key of which some numbers are changed."""
    values = {
        "n": N,
        "e": E,
        "d": NUMBERS.d,
        "p": NUMBERS.p,
        "q": NUMBERS.q,
        "dp": NUMBERS.dmp1,
        "dq": NUMBERS.dmq1,
        "qi": NUMBERS.iqmp,
    }
    numbers = (encode_integer(value) for value in (version, *(values | changed).values()))
    return encode(der.SEQUENCE, *numbers, extra) + after


WORKS, BROKEN, NO_PRIVATE = None, -34432, -16512
RSA_KEYS: list[tuple[str, bytes, int | None]] = [
    ("good", rsa(), WORKS),
    ("bytes-after", rsa(b"\0\0AB"), WORKS),
    ("dp-wrong", rsa(dp=5), WORKS),
    ("crt-zero", rsa(dp=0, dq=0, qi=0), WORKS),
    ("swapped", rsa(p=NUMBERS.q, q=NUMBERS.p), WORKS),
    ("d-missing", rsa(d=0), WORKS),
    ("n-missing", rsa(n=0), WORKS),
    ("d-wrong", rsa(d=NUMBERS.d + 2), BROKEN),
    ("n-wrong", rsa(n=N + 2), BROKEN),
    ("e-wrong", rsa(e=3), BROKEN),
    ("e-even", rsa(e=65536), BROKEN),
    ("p-wrong", rsa(p=OTHER.p), BROKEN),
    ("only-public", rsa(d=0, p=0, q=0), NO_PRIVATE),
]


@pytest.mark.parametrize("form", ["pkcs1", "pkcs8"])
@pytest.mark.parametrize(("content", "fault"), [row[1:] for row in RSA_KEYS], ids=[row[0] for row in RSA_KEYS])
def test_an_rsa_key_loads_and_its_faults_show_in_use(content: bytes, fault: int | None, form: str) -> None:
    raw = pem("RSA PRIVATE KEY", content) if form == "pkcs1" else p8(content)
    key = load_key(parse_key(raw))
    assert key.fault == fault
    if fault is None:
        assert key.belongs_to(parse(certificate()))
        written = serialization.load_pem_private_key(key.pem(None), None)
        assert isinstance(written, host_rsa.RSAPrivateKey)
        found = written.private_numbers()
        assert found.public_numbers == NUMBERS.public_numbers
        assert {found.p, found.q} == {NUMBERS.p, NUMBERS.q}


def p8(body: bytes, kind: bytes = algorithm(RSA, NULL), version: int = 0, after: bytes = b"", tag: int = 4) -> bytes:
    return pem("PRIVATE KEY", encode(der.SEQUENCE, encode_integer(version), kind, encode(tag, body), after))


def ec_key(
    private: bytes = SCALAR.to_bytes(32, "big"),
    curve: bytes | None = encode_oid(P256.oid),
    public: bytes | None = POINT,
    version: int = 1,
    after: bytes = b"",
) -> bytes:
    """A SEC1 key; ``curve`` is the content of its parameters."""
    parameters = b"" if curve is None else encode(0xA0, curve)
    point = b"" if public is None else encode(0xA1, encode(der.BIT_STRING, b"\0" + public))
    return encode(der.SEQUENCE, encode_integer(version), encode(der.OCTET_STRING, private), parameters, point, after)


def sec1(*args: Any, **kwargs: Any) -> bytes:
    return pem("EC PRIVATE KEY", ec_key(*args, **kwargs))


COMPRESSED = bytes((2 + POINT[-1] % 2,)) + POINT[1:33]
EC_ALGORITHM = algorithm(EC, encode_oid(P256.oid))
LOADS: list[tuple[str, bytes]] = [
    ("sec1", sec1()),
    ("sec1-short", sec1(b"\5")),
    ("sec1-long", sec1(bytes(9) + SCALAR.to_bytes(32, "big"))),
    ("sec1-no-point", sec1(public=None)),
    ("sec1-other-point", sec1(public=P256.encode(P256.base))),
    ("sec1-compressed", sec1(public=COMPRESSED)),
    ("sec1-bytes-after", pem("EC PRIVATE KEY", ec_key() + b"\0")),
    ("sec1-element-after", sec1(after=NULL)),
    (
        "sec1-der-without-a-zero",
        encode(der.SEQUENCE, b"\2\1\1", encode(4, b"k" * 32), encode(0xA0, encode_oid(P256.oid))),
    ),
    ("pkcs8-curve-outside", p8(ec_key(curve=None), EC_ALGORITHM)),
    ("pkcs8-attributes", p8(rsa(), after=encode(0xA0))),
    ("pkcs8-ecdh", p8(ec_key(), algorithm(ECDH, encode_oid(P256.oid)))),
    ("pkcs8-no-null", p8(rsa(), algorithm(RSA))),
]


@pytest.mark.parametrize("raw", [row[1] for row in LOADS], ids=[row[0] for row in LOADS])
def test_what_loads(raw: bytes) -> None:
    assert number_of(raw) is None


REFUSED: list[tuple[str, bytes, int]] = [
    ("rsa-version-1", pem("RSA PRIVATE KEY", rsa(version=1)), -15744),
    ("rsa-e-0", pem("RSA PRIVATE KEY", rsa(e=0)), -15616),
    ("rsa-p-0", pem("RSA PRIVATE KEY", rsa(p=0)), -15616),
    ("rsa-p-and-q-0", pem("RSA PRIVATE KEY", rsa(p=0, q=0)), -15616),
    ("rsa-p-1", pem("RSA PRIVATE KEY", rsa(p=1)), -15616),
    ("rsa-p-even", pem("RSA PRIVATE KEY", rsa(p=NUMBERS.p + 1)), -15616),
    ("rsa-p-is-q", pem("RSA PRIVATE KEY", rsa(p=NUMBERS.q)), -15616),
    ("rsa-n-even", pem("RSA PRIVATE KEY", rsa(n=N + 1)), -15616),
    ("rsa-extra", pem("RSA PRIVATE KEY", rsa(extra=encode_integer(5))), -15616),
    ("rsa-ends-early", pem("RSA PRIVATE KEY", encode(der.SEQUENCE, encode_integer(0), encode_integer(N))), -15616),
    ("rsa-empty", pem("RSA PRIVATE KEY", encode(der.SEQUENCE)), -15712),
    ("pkcs8-version-1", p8(rsa(), version=1), -15744),
    ("pkcs8-empty", p8(b""), -15712),
    ("pkcs8-no-sequence", p8(encode_integer(0)), -15714),
    ("pkcs8-bit-string", p8(rsa(), tag=3), -15714),
    ("pkcs8-algorithm-extra", p8(rsa(), algorithm(RSA, NULL, NULL)), -30694),
    ("pkcs8-algorithm-parameters", p8(rsa(), algorithm(RSA, encode(der.SEQUENCE))), -30592),
    ("pkcs8-algorithm-empty", p8(rsa(), encode(der.SEQUENCE)), -30688),
    ("pkcs8-algorithm-unknown", p8(rsa(), algorithm("1.2.3")), -31104),
    ("pkcs8-ec-around-rsa", p8(rsa(), EC_ALGORITHM), -15744),
    ("pkcs8-ec-without-curve", p8(ec_key(), algorithm(EC)), -15712),
    ("pkcs8-ec-null-curve", p8(ec_key(), algorithm(EC, NULL)), -15712),
    ("pkcs8-two-curves", p8(ec_key(curve=encode_oid("1.3.132.0.34")), EC_ALGORITHM), -15616),
    ("sec1-version-0", sec1(version=0), -15744),
    ("sec1-no-curve", sec1(curve=None), -15616),
    ("sec1-no-curve-compressed", sec1(curve=None, public=COMPRESSED), -35968),
    ("sec1-neither", sec1(curve=None, public=None), -35968),
    ("sec1-unknown-curve", sec1(curve=encode_oid("1.2.3")), -14848),
    ("sec1-curve-empty", sec1(curve=b""), -15712),
    ("sec1-curve-null", sec1(curve=NULL), -15714),
    ("sec1-curve-and-more", sec1(curve=encode_oid(P256.oid) + NULL), -15718),
    ("sec1-another-curve", sec1(curve=encode_oid("1.3.132.0.34")), -15616),
    ("sec1-0", sec1(bytes(32)), -19584),
    ("sec1-0-without-point", sec1(bytes(32), public=None), -35200),
    ("sec1-too-big", sec1(b"\xff" * 32), -19584),
    ("sec1-empty", sec1(b""), -19584),
    ("sec1-point-off-the-curve", sec1(public=POINT[:-1] + bytes((POINT[-1] ^ 1,))), -15616),
    ("sec1-point-short", sec1(public=POINT[:-1]), -15616),
    ("sec1-infinity", sec1(public=b"\0"), -15616),
    ("label-pkcs1-as-pkcs8", pem("PRIVATE KEY", rsa()), -30690),
    ("label-pkcs1-as-sec1", pem("EC PRIVATE KEY", rsa()), -15744),
    ("label-sec1-as-pkcs1", pem("RSA PRIVATE KEY", ec_key()), -15744),
    ("label-sec1-as-pkcs8", pem("PRIVATE KEY", ec_key()), -15744),
    ("specified-p-256", sec1(curve=specified("secp256r1")), -20096),
    ("specified-version-9", sec1(curve=encode(der.SEQUENCE, encode_integer(9))), -15616),
    ("specified-nothing", sec1(curve=encode(der.SEQUENCE)), -15712),
    ("specified-version-only", sec1(curve=encode(der.SEQUENCE, encode_integer(1))), -96),
    ("specified-no-field", sec1(curve=encode(der.SEQUENCE, encode_integer(1), NULL)), -98),
    (
        "specified-binary-field",
        sec1(curve=encode(der.SEQUENCE, encode_integer(1), algorithm("1.2.840.10045.1.2", NULL))),
        -14720,
    ),
]


@pytest.mark.parametrize(("raw", "number"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_does_not_load(raw: bytes, number: int) -> None:
    assert number_of(raw) == number


KINDS_OF_CURVE = [name for name in BY_NAME if not (name.startswith("secp") and name.endswith("r1"))]


@pytest.mark.parametrize("curve", BY_NAME)
@pytest.mark.parametrize("explicit", [False, True], ids=["named", "specified"])
def test_the_board_has_its_curves(curve: str, explicit: bool) -> None:
    """Those of NIST by name only: their table holds no coefficient a to compare with."""
    one = BY_NAME[curve]
    raw = sec1(b"\7", specified(curve) if explicit else encode_oid(one.oid), None)
    if explicit and curve not in KINDS_OF_CURVE:
        assert number_of(raw) == -20096
        return
    key = load_key(parse_key(raw))
    assert key.description == f"EC {curve}"
    point = one.multiply(7, one.base)
    assert point is not None
    assert key.belongs_to(parse(certificate(put(ders.KEY, subject_public_key(one, point)))))
    assert not key.belongs_to(parse(certificate()))
    assert b"BEGIN PRIVATE KEY" in key.pem(None)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP521R1(), ec.BrainpoolP384R1()], ids=lambda one: one.name)
@pytest.mark.parametrize("password", [None, b"secret"], ids=["plain", "encrypted"])
def test_a_key_is_written_as_the_host_reads_it(curve: ec.EllipticCurve, password: bytes | None) -> None:
    key = ec.generate_private_key(curve)
    written = load_key(parse_key(key_bytes(key, TRADITIONAL))).pem(password)
    found = serialization.load_pem_private_key(written, password)
    assert isinstance(found, ec.EllipticCurvePrivateKey)
    assert found.private_numbers() == key.private_numbers()


def test_a_stand_in_has_the_public_half_and_no_more() -> None:
    block, _ = certfiles._pem_block(x509.impostor_pem(parse(certificate())), "RSA PRIVATE KEY")
    fields = der.Reader(block).enter(der.SEQUENCE)
    assert [fields.number() for _ in range(3)] == [0, N, E]
    assert not {NUMBERS.d, NUMBERS.p, NUMBERS.q} & {fields.number() for _ in range(3)}
    of_ec = parse(certificate(put(ders.KEY, ders.public_key(ders.ec_key()))))
    stand_in = load_key(parse_key(x509.impostor_pem(of_ec)))
    assert (stand_in.description, stand_in.belongs_to(of_ec)) == ("EC secp256r1", False)


# Protected blocks

VECTOR = b"00112233445566778899AABBCCDDEEFF"
BODY = base64.encodebytes(bytes(range(1, 65)))


def protected(
    label: str = "RSA PRIVATE KEY", dek: bytes = b"AES-128-CBC," + VECTOR, body: bytes = BODY, **more: bytes
) -> bytes:
    proc = more.get("proc", b"Proc-Type: 4,ENCRYPTED\n")
    head, foot = (f"-----{word} {label}-----\n".encode() for word in ("BEGIN", "END"))
    return head + proc + b"DEK-Info: " + dek + more.get("gap", b"\n\n") + body + foot


def sealed_with_nothing(content: bytes) -> bytes:
    """As OpenSSL's old form does it, with the empty password, which is the one the board tries."""
    vector = bytes.fromhex(VECTOR.decode())
    key = hashlib.md5(vector[:8], usedforsecurity=False).digest()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    missing = 16 - len(content) % 16
    secret = encryptor.update(content + bytes((missing,)) * missing) + encryptor.finalize()
    return protected(body=base64.encodebytes(secret))


PROTECTED: list[tuple[str, bytes, int | None]] = [
    ("aes-128", protected(), -15232),
    ("aes-192", protected(dek=b"AES-192-CBC," + VECTOR), -15232),
    ("aes-256-crlf", protected(dek=b"AES-256-CBC," + VECTOR).replace(b"\n", b"\r\n"), -15232),
    ("sec1", protected("EC PRIVATE KEY"), -15232),
    ("lower-case-vector", protected(dek=b"AES-128-CBC," + VECTOR.lower()), -15232),
    ("empty-password", sealed_with_nothing(rsa()), None),
    ("3des", protected(dek=b"DES-EDE3-CBC,0011223344556677"), -4736),
    ("gcm", protected(dek=b"AES-128-GCM," + VECTOR), -4736),
    ("aes-512", protected(dek=b"AES-512-CBC," + VECTOR), -4736),
    ("lower-case-cipher", protected(dek=b"aes-128-cbc," + VECTOR), -4736),
    ("vector-short", protected(dek=b"AES-128-CBC,0011"), -4608),
    ("vector-not-hexadecimal", protected(dek=b"AES-128-CBC,ZZ" + VECTOR[2:]), -4608),
    ("blank-after-the-vector", protected(gap=b" \n\n"), -4352),
    ("blank-after-the-type", protected(proc=b"Proc-Type: 4,ENCRYPTED \n"), -4352),
    ("no-body", protected(gap=b"\n", body=b""), -4352),
    ("not-base64", protected(body=b"*" + BODY), -4396),
    ("not-whole-blocks", protected(body=base64.encodebytes(b"x" * 17)), -34),
    ("pkcs8-label", protected("PRIVATE KEY"), -4864),
    ("pkcs8-label-not-base64", protected("PRIVATE KEY", body=b"*" + BODY), -4396),
]
HEAD, FOOT = b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"-----END ENCRYPTED PRIVATE KEY-----\n"
PROTECTED += [
    ("encrypted-pkcs8", HEAD + b"\n" + BODY + FOOT, -15360),
    ("encrypted-pkcs8-not-base64", HEAD + b"\n*" + BODY + FOOT, -4396),
    ("encrypted-pkcs8-empty", HEAD + b"\n" + FOOT, -4352),
    ("encrypted-pkcs8-tab", HEAD + b"\t\n" + BODY + FOOT, -15616),
    ("encrypted-pkcs8-backwards", FOOT + HEAD + b"\n" + BODY, -15616),
    ("encrypted-pkcs8-then-plain", HEAD + b"\n" + BODY + FOOT + p8(rsa()), None),
]


@pytest.mark.parametrize(("raw", "number"), [row[1:] for row in PROTECTED], ids=[row[0] for row in PROTECTED])
def test_protected_blocks(raw: bytes, number: int | None) -> None:
    assert number_of(raw) == number


def test_a_protected_certificate_is_none() -> None:
    with pytest.raises(FileRefusedError) as caught:
        certfiles.parse_certificates(protected("CERTIFICATE"))
    assert caught.value.number == -4864


INDENTED = {
    "spaces": lambda text: text.replace(b"\n", b"\n  "),
    "tabs": lambda text: text.replace(b"\n", b"\n\t"),
    "later-lines": lambda text: text.replace(b"\n", b"\n\t", 3).replace(b"\n\t", b"\n", 1),
}


@pytest.mark.parametrize("way", INDENTED)
def test_indentation_is_found(way: str) -> None:
    for raw, read in (
        (pem("CERTIFICATE", certificate()), certfiles.parse_certificates),
        (p8(rsa()), certfiles.parse_key),
    ):
        with pytest.raises(FileRefusedError) as caught:
            read(INDENTED[way](raw))
        assert (caught.value.number, caught.value.remark) == (-4396, "the lines are indented")


@pytest.mark.parametrize("read", [certfiles.parse_certificates, certfiles.parse_key], ids=["certificate", "key"])
def test_a_tab_after_the_begin_line_is_found(read: Callable[[bytes], object]) -> None:
    of_key = read is certfiles.parse_key
    raw = p8(rsa()) if of_key else pem("CERTIFICATE", certificate())
    with pytest.raises(FileRefusedError) as caught:
        read(raw.replace(b"-----\n", b"-----\t\n", 1))
    assert caught.value.number == (-15616 if of_key else -10112)
    assert "a tab" in caught.value.remark


# On the wire


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not-asked"])
@pytest.mark.parametrize(
    ("content", "fault"),
    [row[1:] for row in RSA_KEYS if row[0] != "n-missing"],
    ids=[row[0] for row in RSA_KEYS if row[0] != "n-missing"],
)
def test_a_faulty_key_shows_when_the_peer_asks(
    content: bytes, fault: int | None, asked: bool, certs: Certificates
) -> None:
    own = certificate(key=KEY)
    context = peers.server_context(certs["good"], trust=pem("CERTIFICATE", own), ask=asked, require=asked)
    files = {"own.crt": pem("CERTIFICATE", own), "own.key": pem("RSA PRIVATE KEY", content)}
    with peers.tls_server(context, peers.echo) as peer, Device({**certs.files, **files}) as device:
        call = {"certfile": "own.crt", "keyfile": "own.key"}
        if asked and fault is not None:
            with pytest.raises(OSError) as caught:
                device.wrap_then_connect(peer.address, **call)
            assert caught.value.args == (fault,)
        else:
            conn = device.wrap_then_connect(peer.address, **call)
            conn.write(b"x")
            assert conn.read(1) == b"x"
            conn.close()
        assert any(note.code == "ussl-key-unsound" for note in device.notes) is (fault is not None)
