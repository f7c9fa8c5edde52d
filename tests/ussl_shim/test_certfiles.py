"""Paths and contents of certificate files, without a network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ussl_shim.certs import Certificates, pem
from ussl_shim import certfiles
from ussl_shim.certfiles import FileRefusedError, Role, describe_content, parse_certificates, parse_key, refuse_path
from ussl_shim.environment import CertRules

PATHS: list[tuple[str, CertRules, bool, str]] = [
    ("/flash/cert/ca.pem", "documented", True, ""),
    ("/flash/cert/sub/ca.pem", "documented", True, ""),
    ("/flash/cert/.ca", "documented", True, ""),
    ("/flash/cert/a//ca.pem", "documented", True, ""),
    ("/flash/cert/../ca.pem", "documented", False, "/flash/cert/ca.pem"),
    ("/flash/cert/a/../../ca.pem", "documented", False, "/flash/cert/ca.pem"),
    ("/flash/ca.pem", "documented", False, "/flash/cert/ca.pem"),
    ("/flash/certs/ca.pem", "documented", False, "/flash/cert/ca.pem"),
    ("/flash/cert", "documented", False, "/flash/cert/cert"),
    ("/flash/cert/", "documented", False, "/flash/cert/cert"),
    ("//flash/cert/ca.pem", "documented", False, "/flash/cert/ca.pem"),
    ("/sd/cert/ca.pem", "documented", False, "/flash/cert/ca.pem"),
    ("/cert/ca.pem", "documented", False, "/flash/cert/ca.pem"),
    ("cert/ca.pem", "documented", False, "/flash/cert/ca.pem"),
    ("ca.pem", "documented", False, "/flash/cert/ca.pem"),
    ("flash/cert/ca.pem", "documented", False, "/flash/cert/ca.pem"),
    ("", "documented", False, "/flash/cert/ca.pem"),
    ("/", "documented", False, "/flash/cert/ca.pem"),
    ("ca.pem", "firmware", True, ""),
    ("/sd/ca.pem", "firmware", True, ""),
    ("/flash/cert/ca.pem", "wipy1", True, ""),
    ("/flash/cert/root.pem", "wipy1", False, "/flash/cert/ca.pem"),
    ("/flash/cert/cert.pem", "wipy1", False, "/flash/cert/ca.pem"),
]


@pytest.mark.parametrize(("path", "rules", "allowed", "instead"), PATHS)
def test_paths(path: str, rules: CertRules, allowed: bool, instead: str) -> None:
    refused = refuse_path(path.encode(), "ca", rules)
    assert (refused is None) is allowed
    if refused is not None:
        assert refused.instead == instead


@pytest.mark.parametrize(
    ("role", "path"),
    [("certificate", "/flash/cert/cert.pem"), ("key", "/flash/cert/private.key")],
    ids=["certificate", "key"],
)
def test_the_first_wipy_has_one_name_for_each_file(role: Role, path: str) -> None:
    assert refuse_path(path.encode(), role, "wipy1") is None
    assert refuse_path(b"/flash/cert/ca.pem", role, "wipy1") is not None


@given(st.text(alphabet="/.acert\\ flash", max_size=40))
def test_no_path_escapes_from_the_directory(tail: str) -> None:
    path = "/flash/cert/" + tail
    if refuse_path(path.encode(), "ca", "documented") is None:
        where: list[str] = []
        for part in path.split("/"):
            if part == "..":
                where.pop()
            elif part not in ("", "."):
                where.append(part)
        assert where[:2] == ["flash", "cert"]
        assert len(where) > 2


CONTENTS = [
    ("f-der.der", "the file is binary DER, which the board cannot read"),
    ("f-empty.pem", "the file is empty"),
    ("f-nul.bin", "the file holds only NUL bytes"),
    ("f-spaces.pem", "the file holds only blanks"),
    ("f-text.pem", "there is no '-----BEGIN' line in the file"),
    ("f-key.pem", "the file holds a private key"),
    ("f-trunc.pem", "the file is cut: there is no '-----END' line"),
    ("f-cr.pem", "the lines end in CR only"),
    ("f-indented.pem", "the lines are indented"),
    ("f-x509-label.pem", "the block is labelled X509 CERTIFICATE"),
    ("f-trusted-label.pem", "the block is labelled TRUSTED CERTIFICATE"),
    ("k-pkcs8-enc.pem", "the file is a key protected by a password"),
    ("k-public.pem", "the file holds a public key"),
    ("f-bad-der.pem", "the certificate in the file is damaged or of an unknown kind"),
]


@pytest.mark.parametrize(("name", "text"), CONTENTS, ids=[name for name, _ in CONTENTS])
def test_a_refused_file_is_described(name: str, text: str, certs: Certificates) -> None:
    raw = certs.files[name]
    with pytest.raises(FileRefusedError) as caught:
        parse_certificates(raw)
    assert caught.value.remark == text
    assert describe_content(raw) == text


def test_bad_blocks_of_a_bundle_are_named(certs: Certificates) -> None:
    found = parse_certificates(certs.files["f-bundle-ed25519.pem"])
    assert len(found.certificates) == 1
    assert found.skipped == ("block 1: -9774 (-0x262E X509_UNKNOWN_SIG_ALG + OID_NOT_FOUND)",)


def test_the_first_bad_block_gives_the_number(certs: Certificates) -> None:
    both = certs["ed25519-ca"].pem + certs.files["f-bad-base64.pem"]
    with pytest.raises(FileRefusedError) as caught:
        parse_certificates(both)
    assert caught.value.number == -9774


BASE64 = [
    ("blanks-end-a-line", b"QUJD  \nREVG\n", b"ABCDEF"),
    ("no-line-end", b"QUJD", b"ABC"),
    ("incomplete-last-group", b"QUJDRE", b"ABC"),
    ("padding", b"QUI=\n", b"AB"),
    ("blank-inside", b"QU JD\n", None),
    ("three-paddings", b"QQ===\n", None),
    ("after-padding", b"QQ==QQ==\n", None),
    ("not-ascii", b"QUJ\xc3\n", None),
]


@pytest.mark.parametrize(("text", "decoded"), [row[1:] for row in BASE64], ids=[row[0] for row in BASE64])
def test_base64_as_the_board_reads_it(text: bytes, decoded: bytes | None) -> None:
    if decoded is None:
        with pytest.raises(ValueError, match="base64"):
            certfiles._base64(text)
    else:
        assert certfiles._base64(text) == decoded


DAMAGED_KEYS = [
    ("no-sequence", "RSA PRIVATE KEY", b"\x02\x01\x00", -0x3D62),
    ("empty-sequence", "RSA PRIVATE KEY", b"\x30\x00", -0x3D60),
    ("pkcs8-without-algorithm", "PRIVATE KEY", b"\x30\x03\x02\x01\x00", -0x77E0),
    ("sec1-without-key", "EC PRIVATE KEY", b"\x30\x03\x02\x01\x01", -0x3D60),
]


@pytest.mark.parametrize(
    ("label", "content", "number"), [row[1:] for row in DAMAGED_KEYS], ids=[row[0] for row in DAMAGED_KEYS]
)
def test_a_damaged_key_has_the_sum_of_two_codes(label: str, content: bytes, number: int) -> None:
    with pytest.raises(FileRefusedError) as caught:
        parse_key(pem(label, content))
    assert caught.value.number == number


@given(st.binary(max_size=400))
def test_any_bytes_give_a_number_or_certificates(raw: bytes) -> None:
    with pytest.raises(FileRefusedError) as caught:
        parse_certificates(b"-----BEGIN CERTIFICATE-----\n" + raw)
    assert caught.value.number < 0
    with pytest.raises(FileRefusedError) as key:
        parse_key(raw)
    assert key.value.number < 0


@given(data=st.data())
def test_a_flipped_byte_never_escapes_the_parser(data: st.DataObject, certs: Certificates) -> None:
    raw = bytearray(certs["good"].der)
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        found = parse_certificates(pem("CERTIFICATE", bytes(raw)))
    except FileRefusedError as exc:
        assert exc.number < 0  # noqa: PT017
    else:
        assert len(found.certificates) == 1
