"""What is kept from one connection to the next: certificate files by content, and nothing that is secret or refused."""

from __future__ import annotations

import gc
import itertools
import threading

import pytest

from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device, named
from ussl_shim import certfiles, prepare
from ussl_shim.certfiles import FileRefusedError, parse_certificates
from ussl_shim.engine import Engine


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certfiles, "_FILES", certfiles._Files())


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the files that were really parsed."""
    lengths: list[int] = []
    parse = certfiles._parse_certificates

    def watched(raw: bytes) -> certfiles.CertificateFile:
        lengths.append(len(raw))
        return parse(raw)

    monkeypatch.setattr(certfiles, "_parse_certificates", watched)
    return lengths


def test_the_same_content_is_parsed_once_whatever_its_path(certs: Certificates, parsed: list[int]) -> None:
    pem = certs["ca"].pem
    device = Device({"one.pem": pem, "other.pem": bytes(bytearray(pem))})
    plans = [
        prepare(device.env, **named({"cert_reqs": 2, "ca_certs": name}), sock_ok=True)
        for name in ("one.pem", "other.pem", "one.pem")
    ]
    assert plans[0].anchors == plans[1].anchors == plans[2].anchors
    assert parsed == [len(pem)]


def test_a_file_that_is_replaced_counts_from_the_next_call_on(certs: Certificates) -> None:
    files = {"ca.pem": certs["ca"].pem}
    device = Device(files)
    anchors = []
    for content in (certs["ca"].pem, certs["other-ca"].pem, certs["ca"].pem + b"-----BEGIN", certs["ca"].pem):
        files["ca.pem"] = content
        anchors.append(prepare(device.env, **named({"cert_reqs": 2, "ca_certs": "ca.pem"}), sock_ok=True).anchors)
    assert anchors[0] != anchors[1]
    assert anchors[0] == anchors[2] == anchors[3]


def test_remarks_on_skipped_blocks_are_made_each_time(certs: Certificates) -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    device = Device({"ca.pem": certs["ca"].pem + broken})
    for _ in range(3):
        prepare(device.env, **named({"cert_reqs": 2, "ca_certs": "ca.pem"}), sock_ok=True)
    assert len(device.notes) == 3
    assert len(set(device.codes())) == 1


@pytest.mark.parametrize("name", ["empty", "key", "cut"])
def test_a_refused_file_is_refused_again_and_not_kept(name: str, certs: Certificates) -> None:
    content = {"empty": b"", "key": certs["good"].key_pem, "cut": certs["ca"].pem[:200]}[name]
    numbers = []
    for _ in range(2):
        with pytest.raises(FileRefusedError) as caught:
            parse_certificates(content)
        numbers.append(caught.value.number)
    assert numbers[0] == numbers[1] < 0
    assert not certfiles._FILES._known


def test_a_key_beside_the_certificate_is_not_kept(certs: Certificates) -> None:
    marks = [line for line in certs["good"].key_pem.splitlines() if b"-----" not in line]
    content = b"".join((certs["good"].pem, certs["good"].key_pem))
    assert parse_certificates(content).certificates
    seen, waiting = set(), [certfiles._FILES._known]
    while waiting:
        one: object = waiting.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        assert not isinstance(one, bytes) or not any(mark in one for mark in marks)
        waiting += gc.get_referents(one)
    assert len(seen) > 10


def test_the_number_of_files_is_bounded_and_the_last_used_stay(certs: Certificates, parsed: list[int]) -> None:
    size = certfiles._Files.SIZE
    contents = [certs["ca"].pem + b"\n" * index for index in range(2 * size)]
    for content in contents:
        parse_certificates(content)
        parse_certificates(contents[0])
    assert len(certfiles._FILES._known) == size
    assert len(parsed) == 2 * size
    parse_certificates(contents[1])
    assert len(parsed) == 2 * size + 1


def test_a_long_file_is_not_kept(certs: Certificates) -> None:
    pem = certs["ca"].pem
    content = pem + b"\n" * (certfiles._Files.LONGEST - len(pem) + 1)
    assert parse_certificates(content).certificates == parse_certificates(content).certificates
    assert not certfiles._FILES._known
    parse_certificates(content[:-1])
    assert len(certfiles._FILES._known) == 1


def test_many_threads_get_the_same_certificates(certs: Certificates) -> None:
    contents = [certs["ca"].pem, certs["other-ca"].pem, certs["good"].pem]
    expected = [certfiles._parse_certificates(content).certificates for content in contents]
    wrong: list[int] = []

    def work() -> None:
        for turn in range(200):
            if parse_certificates(contents[turn % 3] + b"\n" * (turn % 20)).certificates != expected[turn % 3]:
                wrong.append(turn)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(certfiles._FILES._known) <= certfiles._Files.SIZE


def test_the_tls_library_is_asked_only_when_something_has_arrived(
    certs: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    handshake, feed = Engine.handshake, Engine.feed

    def asked(self: Engine) -> bool:
        events.append("asked")
        return handshake(self)

    def fed(self: Engine, data: bytes) -> None:
        events.append("fed")
        feed(self, data)

    monkeypatch.setattr(Engine, "handshake", asked)
    monkeypatch.setattr(Engine, "feed", fed)
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer, Device(certs.files) as device:
        conn = device.wrap_then_connect(peer.address, cert_reqs=2, ca_certs="ca.pem")
        conn.close()
    assert events[0] == "asked"
    assert events[-1] == "asked"
    assert all(pair != ("asked", "asked") for pair in itertools.pairwise(events))
