"""The reader of the plaintext handshake, byte by byte and without a network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ussl_shim.records import Event, Fault, HandshakeReader, Pass, PeerCertificates, Reached
from ussl_shim.results import Alert

HELLO = b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x30" + b"\x00"
STATIC_RSA = HELLO.replace(b"\xc0\x30", b"\x00\x2f")
CLIENT_HELLO = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x00\x2f" + b"\x01\x00"


def message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def record(kind: int, body: bytes, version: bytes = b"\x03\x03") -> bytes:
    return bytes((kind,)) + version + len(body).to_bytes(2, "big") + body


def chain(*certificates: bytes) -> bytes:
    items = b"".join(len(one).to_bytes(3, "big") + one for one in certificates)
    return message(11, len(items).to_bytes(3, "big") + items)


LEAF, ROOT = bytes(range(128)), bytes(200)
FLIGHT = record(22, message(2, STATIC_RSA)) + record(22, chain(LEAF, ROOT)) + record(22, message(14, b""))
CCS = record(20, b"\x01")


def feed(data: bytes, *, server_side: bool = False) -> list[Event]:
    return HandshakeReader(server_side=server_side).feed(data)


def test_certificates_come_before_the_bytes_that_hold_them() -> None:
    events = feed(FLIGHT)
    kinds = [type(event) for event in events]
    assert kinds == [Pass, PeerCertificates, Pass, Reached, Pass]
    assert events[1] == PeerCertificates((LEAF, ROOT))


def test_messages_may_share_a_record() -> None:
    events = feed(record(22, message(2, STATIC_RSA) + chain(LEAF) + message(14, b"")))
    assert [type(event) for event in events] == [PeerCertificates, Reached, Pass]


@given(st.lists(st.integers(1, 40), max_size=60))
def test_any_cutting_gives_the_same_bytes(sizes: list[int]) -> None:
    data = FLIGHT + CCS + record(22, b"encrypted from here on, and so not looked at any more") + b"whatever"
    reader = HandshakeReader(server_side=False)
    passed, seen, at = b"", [], 0
    for size in [*sizes, len(data)]:
        for event in reader.feed(data[at : at + size]):
            if isinstance(event, Pass):
                passed += event.data
            else:
                seen.append(event)
        at += size
    assert passed == data
    assert seen == [PeerCertificates((LEAF, ROOT)), Reached(14)]
    assert reader.suite == 0x002F


@given(st.binary(max_size=200), st.booleans())
def test_rubbish_ends_in_one_fault_at_most(data: bytes, server_side: bool) -> None:
    reader = HandshakeReader(server_side=server_side)
    faults = [event for event in reader.feed(data) if isinstance(event, Fault)]
    assert len(faults) <= 1
    if faults:
        assert faults[0].number < 0
        assert reader.feed(b"more") == []


FAULTS = [
    ("http", b"HTTP/1.0 400 Bad Request\r\n", -29184),
    ("version-2", b"\x16\x02\x00\x00\x10" + bytes(16), -29184),
    ("version-3.4", b"\x16\x03\x04\x00\x10" + bytes(16), -29184),
    ("empty-record", record(22, b""), -29184),
    ("too-long", b"\x16\x03\x03\x40\x01", -29184),
    ("half-message", record(22, message(2, HELLO)[:20]), -28800),
    ("rubbish-message", record(22, bytes(range(1, 30))), -28800),
    ("certificate-first", record(22, chain(LEAF)), -31104),
    ("application-data", record(23, b"data"), -30464),
    ("fatal-alert", record(21, b"\x02\x28"), -30592),
    ("close-notify", record(21, b"\x01\x00"), -30848),
    ("long-alert", record(21, b"\x02\x28\x00"), -29184),
    ("cut-server-hello", record(22, message(2, HELLO[:20])), -31104),
    ("empty-chain", record(22, message(2, HELLO)) + record(22, chain()), -31232),
    ("chain-longer-than-message", record(22, message(2, HELLO)) + record(22, message(11, b"\0\0\x09")), -31232),
    ("empty-certificate", record(22, message(2, HELLO)) + record(22, chain(b"")), -31232),
    ("short-certificate", record(22, message(2, HELLO)) + record(22, chain(LEAF[1:])), -31232),
]


@pytest.mark.parametrize(("data", "number"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_faults_of_a_server(data: bytes, number: int) -> None:
    last = feed(data)[-1]
    assert isinstance(last, Fault)
    assert last.number == number


SERVER_FAULTS = [
    ("http", b"GET / HTTP/1.0\r\n", -30976),
    ("alert-first", record(21, b"\x02\x28"), -30976),
    ("server-hello", record(22, message(2, HELLO)), -30976),
]


@pytest.mark.parametrize(("data", "number"), [row[1:] for row in SERVER_FAULTS], ids=[row[0] for row in SERVER_FAULTS])
def test_faults_of_a_client(data: bytes, number: int) -> None:
    last = feed(data, server_side=True)[-1]
    assert isinstance(last, Fault)
    assert last.number == number


def test_a_client_may_send_no_certificate() -> None:
    data = record(22, message(1, CLIENT_HELLO)) + record(22, chain())
    assert PeerCertificates(()) in feed(data, server_side=True)


def test_warnings_are_swallowed_however_many() -> None:
    """The board takes no notice of them; OpenSSL would give up after five."""
    events = feed(record(21, b"\x01\x70") * 500 + FLIGHT)
    assert b"".join(event.data for event in events if isinstance(event, Pass)) == FLIGHT


@pytest.mark.parametrize(("bits", "ok"), [(1016, False), (1017, True), (1024, True), (2048, True)])
def test_small_diffie_hellman_groups_are_refused(bits: int, ok: bool) -> None:
    hello = HELLO[:35] + b"\x00\x9f" + b"\x00"
    prime = (1 << (bits - 1) | 1).to_bytes((bits + 7) // 8, "big")
    exchange = message(12, len(prime).to_bytes(2, "big") + prime)
    events = feed(record(22, message(2, hello)) + record(22, chain(LEAF)) + record(22, exchange))
    assert isinstance(events[-1], Pass) is ok
    if not ok:
        assert events[-1] == Fault(-31488, Alert.ILLEGAL_PARAMETER, events[-1].remark)  # type: ignore[union-attr]


def test_an_alert_carries_the_version_of_the_server_hello() -> None:
    reader = HandshakeReader(server_side=False)
    reader.feed(record(22, message(2, b"\x03\x01" + HELLO[2:]), b"\x03\x01"))
    assert reader.alert(Alert.UNKNOWN_CA) == bytes.fromhex("15030100020230")
