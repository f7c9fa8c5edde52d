"""`recv` cuts records into pieces and never joins them; what is left of a record waits in the connection."""

from __future__ import annotations

import contextlib
import itertools
import ssl

import pytest

from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device
from ussl_shim import Connection

RECORDS = [1, 5, 16384, 0, 3, 1000, 16384, 7]
TEXT = bytes(range(251)) * 200


def speak(conn: ssl.SSLSocket, seen: peers.Seen, peer: peers.Peer) -> None:
    at = 0
    for size in RECORDS:
        if size:
            conn.sendall(TEXT[at : at + size])
        at += size
    with contextlib.suppress(OSError):
        conn.unwrap()


def dial(device: Device, peer: peers.Peer) -> Connection:
    return device.wrap_then_connect(peer.address)


@pytest.mark.parametrize("size", [1, 3, 7, 1024, 5000, 16383, 16384, 16385, 100000])
def test_a_piece_is_of_one_record(size: int, certs: Certificates) -> None:
    if size == 1:
        expected = [1] * sum(RECORDS)
    else:
        expected = [min(size, record - at) for record in RECORDS for at in range(0, record, size)]
    with peers.tls_server(peers.server_context(certs["good"]), speak) as peer, Device(certs.files) as device:
        conn = dial(device, peer)
        pieces = list(itertools.takewhile(bool, (conn.recv(size) for _ in itertools.count())))
        conn.close()
    assert [len(piece) for piece in pieces] == expected
    assert b"".join(pieces) == TEXT[: sum(RECORDS)]


def test_pending_is_what_is_left_of_the_record(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), speak) as peer, Device(certs.files) as device:
        conn = dial(device, peer)
        conn.recv(1)
        left = []
        for size in (2, 1, 0, 2, 16000, 0, 380):
            conn.recv(size)
            if size != 2 or not left:  # at the end of a record it depends on what has arrived
                left.append(conn.pending())
        assert left == [3, 2, 2, 384, 384, 4]
        conn.close()


def test_lines_pieces_and_records_mix(certs: Certificates) -> None:
    says = peers.say(b"one\ntwo\nthree and more", goodbye=True)
    with peers.tls_server(peers.server_context(certs["good"]), says) as peer, Device(certs.files) as device:
        conn = dial(device, peer)
        buffer = bytearray(5)
        assert conn.recv(2) == b"on"
        assert conn.readline() == b"e\n"
        assert conn.recv(1) == b"t"
        assert conn.readinto(buffer) == 5
        assert buffer == b"wo\nth"
        assert conn.read(3) == b"ree"
        assert conn.recv(100) == b" and more"
        assert conn.recv(100) == b""
        conn.close()


@pytest.mark.parametrize("size", [0, -1])
def test_nothing_asked_is_nothing_taken(size: int, certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), speak) as peer, Device(certs.files) as device:
        conn = dial(device, peer)
        conn.recv(1)
        conn.recv(2)
        assert conn.recv(size) == b""
        assert conn.recv(10) == TEXT[3:6]
        conn.close()


def test_what_was_read_before_close_is_gone(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), speak) as peer, Device(certs.files) as device:
        conn = dial(device, peer)
        conn.recv(1)
        conn.recv(1)
        conn.close()
        with pytest.raises(OSError) as caught:
            conn.recv(1)
        assert caught.value.args == (-28928,)
        assert not conn._plain
