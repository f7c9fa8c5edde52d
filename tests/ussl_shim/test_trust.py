"""Chain, name and usage rules on certificates alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ussl_shim.certs import Certificates
from ussl_shim import certificate, x509
from ussl_shim.certificate import Certificate
from ussl_shim.names import label_matches, name_matches
from ussl_shim.results import Alert, Flag, Mode, Path, alert_for, describe_flags, outcome, refusal
from ussl_shim.trust import check_chain, check_peer

CHAINS = [
    ("direct", "good", "ca", 0),
    ("expired-leaf", "expired", "ca", 0),
    ("unrelated-root", "good", "other-ca", 8),
    ("intermediate-sent", "inter-chain", "ca", 0),
    ("intermediate-missing", "inter-leaf", "ca", 8),
    ("intermediate-as-anchor", "inter-leaf", "inter", 0),
    ("out-of-order", "inter-disorder", "ca", 0),
    ("two-intermediates", "two-inters", "ca", 0),
    ("two-intermediates-and-strangers", "two-inters-stranger", "ca", 0),
    ("intermediate-before-its-child", "two-inters-backwards", "ca", 8),
    ("intermediate-before-its-child-but-anchored", "two-inters-backwards", "far", 0),
    ("leaf-as-its-own-anchor", "good", "good", 8),
    ("self-signed-leaf", "selfsigned", "selfsigned", 0),
    ("issuer-not-a-ca", "under-not-ca", "not-ca", 8),
    ("issuer-without-basic-constraints", "under-nobc-ca", "nobc-ca", 8),
    ("issuer-version-1", "under-v1-ca", "v1-ca", 0),
    ("issuer-may-not-sign", "under-no-sign-ca", "no-sign-ca", 8),
    ("path-too-long", "under-path0", "path0-ca", 8),
    ("small-root", "under-small-ca", "small-ca", 65536),
    ("small-leaf", "rsa-1024", "ca", 65536),
    ("sha1", "sha1", "ca", 16384),
    ("sha1-and-unrelated-root", "sha1", "other-ca", 16384 | 8),
    ("sha1-root", "under-sha1-ca", "ca-sha1", 0),
]


def chain_of(certs: Certificates, name: str) -> list[Certificate]:
    issued = certs[name]
    return [certificate.parse(raw) for raw in (issued.der, *issued.chain)]


@pytest.mark.parametrize(("leaf", "anchor", "flags"), [row[1:] for row in CHAINS], ids=[row[0] for row in CHAINS])
def test_chains(leaf: str, anchor: str, flags: int, certs: Certificates) -> None:
    verdict = check_chain(chain_of(certs, leaf), chain_of(certs, anchor)[:1], x509.signed_by)
    assert verdict.flags == flags
    assert (verdict.missing_issuer is not None) is bool(flags & Flag.NOT_TRUSTED)


def test_an_endless_loop_of_issuers_ends(certs: Certificates) -> None:
    chain = chain_of(certs, "good")
    verdict = check_chain([chain[0], *chain_of(certs, "ca") * 20], [], x509.signed_by)
    assert verdict.flags == Flag.NOT_TRUSTED


def test_a_forged_signature_is_not_trusted(certs: Certificates) -> None:
    verdict = check_chain(chain_of(certs, "inter-chain"), chain_of(certs, "ca"), lambda _child, _parent: False)
    assert verdict.flags == Flag.NOT_TRUSTED


USAGES = [
    ("eku-client", 0x80, 4096),
    ("eku-server", 0x80, 0),
    ("usage-sign", 0x80, 0),
    ("usage-sign", 0x20, 2048),
    ("usage-encipher", 0x80, 2048),
    ("good", 0x20, 0),
]


@pytest.mark.parametrize(("leaf", "usage", "flags"), USAGES)
def test_usage(leaf: str, usage: int, flags: int, certs: Certificates) -> None:
    verdict = check_peer(
        chain_of(certs, leaf),
        chain_of(certs, "ca"),
        x509.signed_by,
        host=None,
        purpose=certificate.SERVER_AUTH,
        key_usage=usage,
    )
    assert verdict.flags == flags


NAMES = [
    (b"device.test", b"device.test", True),
    (b"Device.TEST", b"device.test", True),
    (b"*.wild.test", b"a.wild.test", True),
    (b"*.wild.test", b"A.WILD.test", True),
    (b"*.wild.test", b"a.b.wild.test", False),
    (b"*.wild.test", b"wild.test", False),
    (b"*.wild.test", b".wild.test", False),
    (b"a*.wild.test", b"ab.wild.test", False),
    (b"*.", b"a.", False),
    (b"*", b"a", False),
    (b"device.test", b"device.test.", False),
    (b"", b"", True),
]


@pytest.mark.parametrize(("pattern", "host", "matches"), NAMES)
def test_names(pattern: bytes, host: bytes, matches: bool) -> None:
    assert label_matches(pattern, host) is matches


def test_alternative_names_switch_the_common_name_off() -> None:
    assert name_matches(b"a", None, (b"x", b"a"))
    assert not name_matches(b"a", (), (b"a",))


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_a_match_is_equality_or_a_wildcard(pattern: bytes, host: bytes) -> None:
    if label_matches(pattern, host):
        assert pattern.lower() == host.lower() or pattern.startswith(b"*.")


OUTCOMES: list[tuple[Path, int, int, int | None]] = [
    ("connect", 0, 0, None),
    ("wrap", 0, 0, None),
    ("connect", 1, 12, 12),
    ("wrap", 1, 12, -1),
    ("connect", 0, 8, 8),
    ("wrap", 0, 8, -1),
    ("connect", 0, 128, 128),
    ("wrap", 0, 128, None),
    ("wrap", 4, 128, -1),
]


@pytest.mark.parametrize(("path", "cert_reqs", "flags", "number"), OUTCOMES)
def test_outcome(path: Path, cert_reqs: int, flags: int, number: int | None) -> None:
    assert outcome(path, cert_reqs, flags) == number


@pytest.mark.parametrize(("cert_reqs", "mode"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 0), (5, 1), (6, 2), (-1, 3)])
def test_the_mode_is_two_bits(cert_reqs: int, mode: int) -> None:
    assert Mode.of(cert_reqs) == mode


REFUSALS = [
    (Mode.NONE, 8, None),
    (Mode.OPTIONAL, 8, None),
    (Mode.REQUIRED, 0, None),
    (Mode.REQUIRED, 8, -9984),
    (Mode.STRICT, 4, -9984),
    (Mode.REQUIRED, 4096, -31232),
    (Mode.REQUIRED, 2048, -31232),
    (Mode.REQUIRED, 4096 | 8, -9984),
]


@pytest.mark.parametrize(("mode", "flags", "number"), REFUSALS)
def test_refusal(mode: Mode, flags: int, number: int | None) -> None:
    assert refusal(mode, flags) == number


ALERTS = [(4 | 8, 42), (65536 | 8, 43), (4096, 43), (8, 48), (8 | 16384, 48), (16384, 46)]


@pytest.mark.parametrize(("flags", "alert"), ALERTS)
def test_alerts(flags: int, alert: int) -> None:
    assert alert_for(flags) == Alert(alert)


def test_every_flag_has_words() -> None:
    for flag in Flag:
        assert describe_flags(flag)
