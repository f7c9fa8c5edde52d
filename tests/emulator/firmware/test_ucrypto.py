"""AES, random bits, RSA."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tests.emulator.conftest import RunScript
from tests.emulator.firmware.native import Bench

KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
KEY_192 = bytes.fromhex("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b")
KEY_256 = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
VECTOR = bytes(range(16))
COUNTER = bytes(range(0xF0, 0x100))
PLAIN = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
# NIST SP 800-38A, appendix F
VECTORS = [
    ("ECB 128", {"key": KEY, "mode": 1}, "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4"),
    ("ECB 192", {"key": KEY_192, "mode": 1}, "bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eefef7afd2270e2e60adce0ba2face6444e9a4b41ba738d6c72fb16691603c18e0e"),
    ("ECB 256", {"key": KEY_256, "mode": 1}, "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7"),
    ("CBC 128", {"key": KEY, "mode": 2, "IV": VECTOR}, "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"),
    ("CFB8 128", {"key": KEY, "mode": 3, "IV": VECTOR}, "3b79424c9c0dd436bace9e0ed4586a4f32b9"),
    ("CFB128 128", {"key": KEY, "mode": 3, "IV": VECTOR, "segment_size": 128}, "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6"),
    ("CTR 128", {"key": KEY, "mode": 6, "counter": COUNTER}, "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "secret"), VECTORS, ids=[name for name, _, _ in VECTORS])
def test_known_answers(name: str, arguments: dict[str, Any], secret: str) -> None:
    aes = Bench().module("ucrypto")["AES"]
    expected = bytes.fromhex(secret)
    plain = PLAIN[: len(expected)]
    assert aes(**arguments).encrypt(plain) == expected
    assert aes(**arguments).decrypt(expected) == plain


@pytest.mark.parametrize(("name", "arguments", "secret"), VECTORS, ids=[name for name, _, _ in VECTORS])
def test_the_object_keeps_its_place(name: str, arguments: dict[str, Any], secret: str) -> None:
    expected = bytes.fromhex(secret)
    plain = PLAIN[: len(expected)]
    cuts = (16, 32) if name[:3] in ("ECB", "CBC") else (1, 5, 17)
    pieces = [(a, b) for a, b in zip((0, *cuts), (*cuts, len(plain)), strict=True)]
    one, other = (Bench().module("ucrypto")["AES"](**arguments) for _ in range(2))
    assert b"".join(one.encrypt(plain[a:b]) for a, b in pieces) == expected
    assert b"".join(other.decrypt(memoryview(expected)[a:b]) for a, b in pieces) == plain


def test_both_directions_share_the_place() -> None:
    aes = Bench().module("ucrypto")["AES"](KEY, 6, counter=COUNTER)
    assert aes.encrypt(PLAIN[:5]) + aes.decrypt(PLAIN[5:20]) == bytes.fromhex(VECTORS[-1][2])[:20]


def test_the_counter_wraps() -> None:
    module = Bench().module("ucrypto")
    ecb = module["AES"](KEY)
    stream = module["AES"](KEY, 6, counter=b"\xff" * 16).encrypt(bytes(32))
    assert stream == ecb.encrypt(b"\xff" * 16 + bytes(16))


BUFFER = "TypeError: object with buffer protocol required"
WRONG_LENGTH = "ValueError: Input strings must be a multiple of 16 in length"
FACTS = [
    ("AES()", "TypeError: 'key' argument required"),
    ("AES(k,1,None,None,-1,0)", "TypeError: extra positional arguments given"),
    ("AES(k,x=1)", "TypeError: extra keyword arguments given"),
    ("AES(None)", BUFFER),
    ("AES(b'')", "ValueError: AES key must be either 16, 24, or 32 bytes long"),
    ("AES('short',9)", "ValueError: AES key must be either 16, 24, or 32 bytes long"),
    ("AES('0123456789abcdef').encrypt(b'')", "b''"),
    ("AES(k,'1')", "TypeError: can't convert str to int"),
    ("AES(k,1.0)", "TypeError: can't convert float to int"),
    ("AES(k,4)", "ValueError: Unknown cipher feedback mode 4"),
    ("AES(k,-1)", "ValueError: Unknown cipher feedback mode -1"),
    ("AES(k,2,b'short')", "ValueError: IV must be 16 bytes long"),
    ("AES(k,2,5)", BUFFER),
    ("AES(k,1,5)", "<AESCipher>"),
    ("AES(k,6,5)", BUFFER),
    ("AES(k,6)", BUFFER),
    ("AES(k,6,counter=b'')", "ValueError: Initial counter value must be 16 bytes long"),
    ("AES(k,2,counter=k)", "ValueError: 'counter' parameter only useful with CTR mode"),
    ("AES(k,2,b'',counter=k)", "ValueError: IV must be 16 bytes long"),
    ("AES(k,3,k,None,16)", "ValueError: segment_size must be 8 or 128"),
    ("AES(k,2,k,None,16)", "<AESCipher>"),
    ("AES(k,3,k,None,None)", "TypeError: can't convert NoneType to int"),
    ("AES(k).encrypt(b'12345')", WRONG_LENGTH),
    ("AES(k).decrypt('12345')", WRONG_LENGTH),
    ("AES(k,2).encrypt(b'12345')", WRONG_LENGTH),
    ("AES(k,3).encrypt(b'')", "b''"),
    ("AES(k,3).encrypt(b'a') == AES(k,3,bytes(16)).encrypt('a')", "True"),
    ("AES(k).encrypt(5)", BUFFER),
    ("AES(k).encrypt()", "TypeError: function takes 2 positional arguments but 1 were given"),
    ("AES(k).encrypt(data=b'')", "TypeError: function doesn't take keyword arguments"),
    ("type(AES(k))", "<class 'AESCipher'>"),
    ("type(AES(k))(k)", "TypeError: cannot create 'AESCipher' instances"),
    ("isinstance(AES(k), AES)", "False"),
    ("hasattr(AES(k), 'MODE_ECB')", "False"),
    ("[AES.MODE_ECB,AES.MODE_CBC,AES.MODE_CFB,AES.MODE_CTR,AES.SEGMENT_8,AES.SEGMENT_128]", "[1, 2, 3, 6, 8, 128]"),
    ("len(ucrypto.getrandbits(0))", "0"),
    ("len(ucrypto.getrandbits(1))", "4"),
    ("len(ucrypto.getrandbits(32))", "4"),
    ("len(ucrypto.getrandbits(33))", "8"),
    ("len(ucrypto.getrandbits(-1))", "0"),
    ("ucrypto.getrandbits(1 << 30)", "MemoryError: memory allocation failed, allocating 134217729 bytes"),
    ("ucrypto.getrandbits(1 << 31)", "OverflowError: overflow converting long int to machine word"),
    ("ucrypto.getrandbits('8')", "TypeError: can't convert str to int"),
    ("ucrypto.getrandbits()", "TypeError: function takes 1 positional arguments but 0 were given"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    names = bench.names("ucrypto") | {"k": KEY}
    names["AES"] = names["ucrypto"].AES
    shown = bench.outcome(expression, names)
    assert (shown.partition(" object at")[0] + ">" if " object at" in shown else shown) == outcome


# -- keys --------------------------------------------------------------------------------------------------------------


def private_pem(key: Any, form: str = "TraditionalOpenSSL") -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), serialization.NoEncryption()
    ).decode()


def public_pem(key: Any, form: str = "SubjectPublicKeyInfo") -> str:
    return key.public_key().public_bytes(serialization.Encoding.PEM, getattr(serialization.PublicFormat, form)).decode()


RSA = rsa.generate_private_key(65537, 1024)
OTHER = rsa.generate_private_key(65537, 1024)
LARGE = rsa.generate_private_key(65537, 3072)
EC = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("form", ["TraditionalOpenSSL", "PKCS8"])
def test_a_signature_verifies(bench: Bench, form: str) -> None:
    signature = bench.module("ucrypto")["generate_rsa_signature"]("text", private_pem(RSA, form), pers="any")
    RSA.public_key().verify(signature, b"text", padding.PKCS1v15(), hashes.SHA256())


def test_a_message_ends_at_a_nul(bench: Bench) -> None:
    sign = bench.module("ucrypto")["generate_rsa_signature"]
    assert sign("text\0more", private_pem(RSA)) == sign(b"text", private_pem(RSA))


def test_an_ec_key_signs(bench: Bench) -> None:
    signature = bench.module("ucrypto")["generate_rsa_signature"]("text", private_pem(EC))
    EC.public_key().verify(signature, b"text", ec.ECDSA(hashes.SHA256()))


# RFC 6979, A.2.5: P-256, SHA-256
DETERMINISTIC = [
    ("sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716", "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"),
    ("test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367", "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "r", "s"), DETERMINISTIC)
def test_ec_signatures_are_deterministic(bench: Bench, message: str, r: str, s: str) -> None:
    key = ec.derive_private_key(
        int("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721", 16), ec.SECP256R1()
    )
    signature = bench.module("ucrypto")["generate_rsa_signature"](message, private_pem(key))
    numbers = b"".join(
        b"\2" + bytes((len(value),)) + value
        for value in (int(n, 16).to_bytes(int(n, 16).bit_length() // 8 + 1, "big") for n in (r, s))
    )
    assert signature == b"\x30" + bytes((len(numbers),)) + numbers


@pytest.mark.parametrize("form", ["SubjectPublicKeyInfo", "PKCS1"])
@pytest.mark.parametrize("message", [b"", b"a", "text", b"\0" * 117])
def test_encrypt_and_decrypt(bench: Bench, form: str, message: Any) -> None:
    module = bench.module("ucrypto")
    secret = module["rsa_encrypt"](message, public_pem(RSA, form))
    plain = message.encode() if isinstance(message, str) else message
    assert RSA.decrypt(secret, padding.PKCS1v15()) == plain
    assert module["rsa_decrypt"](secret, private_pem(RSA)) == plain


LOCKED = RSA.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.BestAvailableEncryption(b"x"),
).decode()
STRING = "TypeError: can't convert 'int' object to str implicitly"
KEY_FACTS = [
    ("sign()", "TypeError: 'message' argument required"),
    ("sign('m')", "TypeError: 'private_key' argument required"),
    ("sign('m',key,'p')", "TypeError: extra positional arguments given"),
    ("sign(1,key)", STRING),
    ("sign('m',1)", STRING),
    ("sign('m',key,pers=None)", "TypeError: can't convert 'NoneType' object to str implicitly"),
    ("sign('m','')", "ValueError: Invalid Private Key, error code: -15616"),
    ("sign('m',public)", "ValueError: Invalid Private Key, error code: -15616"),
    ("sign('m',locked)", "ValueError: Invalid Private Key, error code: -15360"),
    ("sign('m',key.replace('\\n',''))", "ValueError: Invalid Private Key, error code: -15616"),
    ("sign('m',broken)", "RuntimeError: Signing failed, error code: -34432!"),
    ("encrypt(b'm')", "TypeError: 'key' argument required"),
    ("encrypt(5,5)", STRING),
    ("encrypt(5,public)", BUFFER),
    ("encrypt(b'm','')", "ValueError: Invalid public key, mbedtls error code: 0x3D62"),
    ("encrypt(b'm',key)", "ValueError: Invalid public key, mbedtls error code: 0x3D62"),
    ("encrypt(b'm',ec_public)", "RuntimeError: Encrypt failed, mbedtls error code: 0x3F00!"),
    ("encrypt(b'm'*118,public)", "RuntimeError: Encrypt failed, mbedtls error code: 0x4080!"),
    ("encrypt(b'm',large_public)", "RuntimeError: Encrypt failed, mbedtls error code: 0x4400!"),
    ("len(encrypt(b'm'*128,large_public))", "384"),
    ("decrypt(b'm','x')", "ValueError: Invalid private key, mbedtls error code: 0x3D00"),
    ("decrypt(b'm',locked)", "ValueError: Invalid private key, mbedtls error code: 0x3C00"),
    ("decrypt(b'm',key)", "RuntimeError: Decrypt failed, mbedtls error code: 0x4080!"),
    ("decrypt(b'\\xff'*128,key)", "RuntimeError: Decrypt failed, mbedtls error code: 0x4304!"),
    ("decrypt(b'\\0'*127+b'\\1',key)", "RuntimeError: Decrypt failed, mbedtls error code: 0x4100!"),
    ("decrypt(b'm'*32,ec_key)", "RuntimeError: Decrypt failed, mbedtls error code: 0x3F00!"),
]  # fmt: skip


def mixed_pem() -> str:
    """A key whose halves do not belong together."""
    mine, other = RSA.private_numbers(), OTHER.private_numbers()
    from ussl_shim import der

    values = (0, mine.public_numbers.n, 65537, mine.d, other.p, other.q, 1, 1, 1)
    import base64

    block = der.encode(der.SEQUENCE, *map(der.encode_integer, values))
    text = base64.encodebytes(block).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{text}-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize(("expression", "outcome"), KEY_FACTS, ids=[expression for expression, _ in KEY_FACTS])
def test_keys_as_on_the_board(bench: Bench, expression: str, outcome: str) -> None:
    module = bench.module("ucrypto")
    names = {
        "sign": module["generate_rsa_signature"],
        "encrypt": module["rsa_encrypt"],
        "decrypt": module["rsa_decrypt"],
        "key": private_pem(RSA),
        "public": public_pem(RSA),
        "large_public": public_pem(LARGE),
        "ec_key": private_pem(EC),
        "ec_public": public_pem(EC),
        "locked": LOCKED,
        "broken": mixed_pem(),
    }
    assert bench.outcome(expression, names) == outcome
    told = "\n".join(repr(note) for note in bench.notes)
    assert bool(told) == ("rror code" in outcome)
    for line in [*names["key"].splitlines()[1:-1], *LOCKED.splitlines()[4:-1]]:
        assert line not in told


def test_nothing_shows_a_key(run_script: RunScript) -> None:
    result = run_script(
        "import crypto\nk = b'0123456789abcdef'\na = crypto.AES(k, crypto.AES.MODE_CBC, k)\nprint(a, dir(a), dir(crypto.AES))\n"
        "print(a.encrypt(k) == crypto.AES(k, crypto.AES.MODE_CBC, k).encrypt(k), len(crypto.getrandbits(24)))\n"
        "for n in ('mode', '_mode', 'key', '_key'):\n    print(hasattr(a, n))\n"
        "print(crypto is __import__('ucrypto'))\n"
    )
    lines = result.text.splitlines()
    assert "0123" not in result.text
    assert lines[0].startswith("<AESCipher")
    assert lines[1:] == ["True 4", *["False"] * 4, "True"]
    assert result.notes == []


def test_importing_the_module_loads_no_library() -> None:
    import subprocess
    import sys

    code = "import sys, emulator.firmware.ucrypto, emulator.ciphers; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_digest_is_sha_256(bench: Bench) -> None:
    signature = bench.module("ucrypto")["generate_rsa_signature"]("text", private_pem(RSA))
    numbers = RSA.public_key().public_numbers()
    shown = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(128, "big")
    assert shown.endswith(hashlib.sha256(b"text").digest())
