"""`prepare`: files, settings and quirks before the network begins, and the notes they leave."""

from __future__ import annotations

from typing import Any

import pytest

from flashfs.errors import DeviceError
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import CERT, Device, named
from ussl_shim import Plan, Session, prepare
from ussl_shim.engine import SavedTls


def plan_of(device: Device, **call: Any) -> Plan:
    return prepare(device.env, **named(call), sock_ok=True)


TIMEOUTS = [
    (None, frozenset(), 10),
    (0, frozenset(), 10),
    (1, frozenset(), 1),
    (300, frozenset(), 300),
    (-1, frozenset(), 10),
    (300, frozenset({"timeout-eight-bits"}), 44),
    (-1, frozenset({"timeout-eight-bits"}), 255),
    (256, frozenset({"timeout-eight-bits"}), 10),
    (5, frozenset({"handshake-timeout-ignored"}), None),
]


@pytest.mark.parametrize(("timeout", "quirks", "seconds"), TIMEOUTS)
def test_timeout_is_seconds_of_handshake(
    timeout: int | None, quirks: frozenset[str], seconds: float | None, certs: Certificates
) -> None:
    device = Device(certs.files, quirks=quirks)
    assert plan_of(device, timeout=timeout).timeout == seconds
    assert ("quirk-timeout-eight-bits" in device.codes()) is (timeout in (300, -1, 256))


def test_a_path_elsewhere_is_refused_like_a_missing_file(certs: Certificates) -> None:
    device = Device({"/flash/ca.pem": certs["ca"].pem, "/flash/cert/ca.pem": certs["ca"].pem})
    with pytest.raises(DeviceError) as caught:
        plan_of(device, cert_reqs=2, ca_certs="/flash/ca.pem")
    assert caught.value.args == ("CA file not found",)
    text = str(device.notes[0])
    assert "/flash/cert/ca.pem" in text
    assert len(text.splitlines()) <= 6


@pytest.mark.parametrize("path", ["ca.pem", b"ca.pem", "/flash/cert/../cert/ca.pem\0x", "/flash/cert/./../../ca.pem"])
def test_relative_and_climbing_paths_are_refused(path: str | bytes, certs: Certificates) -> None:
    device = Device(certs.files)
    with pytest.raises(DeviceError) as caught:
        prepare(device.env, cert_reqs=2, ca_certs=path, sock_ok=True)
    assert caught.value.args == ("CA file not found",)
    assert device.codes() in (["ussl-path-refused"], ["ussl-file-not-found"])


def test_firmware_rules_read_whatever_can_be_read(certs: Certificates) -> None:
    device = Device({"/ca.pem": certs["ca"].pem}, cert_rules="firmware")
    assert len(plan_of(device, cert_reqs=2, ca_certs="/ca.pem").anchors) == 1


def test_bytes_are_a_path_and_end_at_a_nul(certs: Certificates) -> None:
    plan = plan_of(Device(certs.files), cert_reqs=2, ca_certs=b"/flash/cert/ca.pem\0rest")
    assert len(plan.anchors) == 1


def test_a_missing_file_names_where_one_is(certs: Certificates) -> None:
    device = Device({"/flash/cert/old/ca.pem": certs["ca"].pem})
    with pytest.raises(DeviceError):
        plan_of(device, cert_reqs=1, ca_certs="ca.pem")
    assert device.codes() == ["ussl-file-not-found"]
    assert "/flash/cert/old/ca.pem" in device.notes[0].evidence


def test_a_file_that_fails_oddly_is_not_found_either(certs: Certificates) -> None:
    class Broken:
        def read(self, path: bytes) -> bytes:
            raise OSError(5, "input/output error")

        def similar(self, path: bytes) -> list[str]:
            return []

    device = Device({})
    env = device.env
    broken = type(env)(Broken(), env.settings, device.notes.append)
    with pytest.raises(DeviceError, match="certificate file not found"):
        prepare(broken, certfile=CERT + "a", keyfile=CERT + "b", sock_ok=True)
    assert "input/output error" in device.notes[0].cause


def test_missing_comes_before_damaged(certs: Certificates) -> None:
    with pytest.raises(DeviceError, match="key file not found"):
        plan_of(Device(certs.files), cert_reqs=2, ca_certs="f-text.pem", certfile="f-text.pem", keyfile="nosuch.key")


def test_damaged_ca_before_damaged_certificate_before_damaged_key(certs: Certificates) -> None:
    device = Device(certs.files)
    call: dict[str, Any] = {
        "cert_reqs": 2,
        "ca_certs": "f-trunc.pem",
        "certfile": "f-empty.pem",
        "keyfile": "f-text.pem",
    }
    numbers = []
    for good in ({}, {"ca_certs": "ca.pem"}, {"ca_certs": "ca.pem", "certfile": "client.crt"}):
        with pytest.raises(DeviceError) as caught:
            plan_of(device, **call | good)
        numbers.append(caught.value.args[0])
    assert numbers == [-10112, -8576, -15616]


@pytest.mark.parametrize(("size", "ok"), [(255, True), (256, False)])
def test_host_names_have_a_longest(size: int, ok: bool, certs: Certificates) -> None:
    device = Device(certs.files)
    if ok:
        assert plan_of(device, server_hostname="a" * size).host == b"a" * size
    else:
        with pytest.raises(DeviceError) as caught:
            plan_of(device, server_hostname="a" * size)
        assert caught.value.args == (-28928,)


def test_a_server_takes_no_session(certs: Certificates) -> None:
    session = Session(SavedTls(None, None), 0)
    with pytest.raises(DeviceError) as caught:
        plan_of(Device(certs.files), server_side=True, certfile="good.crt", keyfile="good.key", saved_session=session)
    assert caught.value.args == (-28928,)


def test_a_session_shows_nothing_of_itself() -> None:
    assert repr(Session(SavedTls(None, None), 0)) == "<SSLSession>"


def test_a_lone_certificate_is_ignored_with_a_note(certs: Certificates) -> None:
    device = Device(certs.files)
    assert plan_of(device, certfile="nosuch.crt").identity is None
    assert device.codes() == ["ussl-lone-own-file"]


def test_a_foreign_key_is_taken_with_a_note(certs: Certificates) -> None:
    device = Device(certs.files)
    assert plan_of(device, certfile="client.crt", keyfile="good.key").identity is not None
    assert device.codes() == ["ussl-key-mismatch"]


def test_notes_never_hold_a_key(certs: Certificates) -> None:
    device = Device(certs.files)
    for name, raw in certs.files.items():
        for role in ("ca_certs", "certfile", "keyfile") if name.startswith("k-") else ("ca_certs", "keyfile"):
            call = {"cert_reqs": 2, "ca_certs": "ca.pem", "certfile": "client.crt", "keyfile": "client.key", role: name}
            try:
                plan_of(device, **call)
            except DeviceError:
                assert device.notes, name
        lines = [line for line in raw.splitlines() if len(line) >= 40]
        text = "\n".join(map(str, device.notes)).encode()
        assert not any(line in text for line in lines)
    assert all(len(str(note).splitlines()) <= 6 for note in device.notes)
