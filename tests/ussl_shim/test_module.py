"""The documented module in plain Python: ordinary sockets, certificates from memory."""

from __future__ import annotations

import select
import socket
import struct
import subprocess
import sys

import pytest

import ussl_shim
from flashfs.notes import Note
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from ussl_shim import Shim
from ussl_shim.module import whole_milliseconds


@pytest.fixture
def notes() -> list[Note]:
    return []


@pytest.fixture
def ssl(certs: Certificates, notes: list[Note]) -> Shim:
    files = {"/flash/cert/ca.pem": certs["ca"].pem, "/flash/cert/cert.pem": certs["good"].pem}
    return Shim(files | {"/flash/cert/private.key": certs["good"].key_pem}, note=notes.append)


def test_the_documented_example_with_a_ca(ssl: Shim, certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer:
        s = socket.socket()
        ss = ssl.wrap_socket(s, cert_reqs=ssl.CERT_REQUIRED, ca_certs="/flash/cert/ca.pem")
        ss.connect(peer.address)
        assert isinstance(ss, socket.socket)
        assert isinstance(ss, ssl.SSLSocket)
        ss.write(b"line\nrest")
        assert ss.readline() == b"line\n"
        assert ss.read(4) == b"rest"
        ss.close()
        s.close()


def test_the_documented_example_resumes_with_the_same_raw_socket(ssl: Shim, certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer:
        s = socket.socket()
        ss = ssl.wrap_socket(s)
        ss.connect(peer.address)
        ses = ssl.save_session(ss)
        assert isinstance(ses, ssl.SSLSession)
        ss.close()
        ss = ssl.wrap_socket(s, saved_session=ses)
        ss.connect(peer.address)
        ss.close()
        s.close()
    assert [seen.resumed for seen in peer.connections] == [False, True]


def test_connect_then_wrap(ssl: Shim, certs: Certificates, notes: list[Note]) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer:
        s = socket.create_connection(peer.address)
        raw = socket.socket(fileno=s.detach())
        ss = ssl.wrap_socket(raw)
        assert ss.send(b"ping") == 4
        ss.settimeout(5)
        assert ss.recv(10) == b"ping"
        buffer = bytearray(2)
        ss.setblocking(False)
        assert ss.readinto(buffer) == 0
        ss.do_handshake()
        ss.close()
    assert notes[0].code == "ussl-unverified"


def test_a_server(ssl: Shim, certs: Certificates) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        peers.tls_client(
            peers.client_context(trust=certs["ca"].pem, check_name=True),
            listener.getsockname(),
            peers.ask_and_take(b"ping"),
            name="device.test",
        ) as client,
    ):
        accepted, _ = listener.accept()
        ss = ssl.wrap_socket(
            accepted, server_side=True, certfile="/flash/cert/cert.pem", keyfile="/flash/cert/private.key"
        )
        assert ss.recv(10) == b"ping"
        ss.sendall(b"pong")
        ss.close()
    assert client.connections[0].data == b"pong"


def test_a_refused_handshake_closes_the_descriptor(ssl: Shim, certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["other"])) as peer:
        s = socket.socket()
        s.connect(peer.address)
        with pytest.raises(ssl.SSLError) as caught:
            ssl.wrap_socket(s, cert_reqs=2, ca_certs="/flash/cert/ca.pem")
        assert caught.value.args == (-9984,)
    assert peer.connections[0].error == "TLSV1_ALERT_UNKNOWN_CA"


def test_only_a_plain_socket_can_be_wrapped(ssl: Shim) -> None:
    with socket.socket() as s, ssl.wrap_socket(s) as ss:
        for wrong in (None, 3, ss):
            with pytest.raises(ValueError, match=r"^invalid argument\(s\) value$"):
                ssl.wrap_socket(wrong)
        with pytest.raises(OSError) as caught:
            ss.recv(1)
        assert caught.value.args == (-28928,)
        with pytest.raises(OSError) as saving:
            ssl.save_session(ss)
        assert saving.value.args == (-28928,)
    with pytest.raises(OSError) as wrong_kind:
        ssl.save_session("x")
    assert wrong_kind.value.args == (-28928,)


def test_constants(ssl: Shim) -> None:
    assert (ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED, ssl.SSL_TIMEOUT) == (0, 1, 2, -26624)
    assert ssl.SSLError is OSError


def test_importing_loads_neither_ssl_nor_cryptography() -> None:
    program = (
        "import sys, ussl_shim; ussl_shim.prepare; "
        "sys.exit(bool({'ssl', '_ssl', 'cryptography', 'pyfakefs'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_unverified_connection_needs_no_cryptography(certs: Certificates) -> None:
    program = (
        "import socket, sys; from ussl_shim import Shim\n"
        "s = socket.socket(); ss = Shim().wrap_socket(s); ss.connect(('127.0.0.1', int(sys.argv[1])))\n"
        "ss.close(); sys.exit('cryptography' in sys.modules)"
    )
    with peers.tls_server(peers.server_context(certs["good"])) as peer:
        done = subprocess.run([sys.executable, "-c", program, str(peer.address[1])], check=False)
    assert done.returncode == 0
    assert peer.connections[0].version == "TLSv1.2"


def test_every_public_name_exists() -> None:
    assert sorted(ussl_shim.__all__) == sorted(set(ussl_shim.__all__))
    for name in ussl_shim.__all__:
        assert getattr(ussl_shim, name) is not None
    with pytest.raises(AttributeError, match="nosuch"):
        ussl_shim.nosuch  # noqa: B018


def test_a_socket_that_was_reset_before_it_is_wrapped() -> None:
    """It counts as connected still: the handshake is tried, and fails as on the board."""
    notes: list[Note] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as raw:
        raw.connect(listener.getsockname())
        there = listener.accept()[0]
        there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        there.close()
        assert select.select([raw], [], [], 20)[0]
        with pytest.raises(OSError) as caught:
            Shim(note=notes.append).wrap_socket(raw)
    assert caught.value.args[0] == -80
    assert "reset" in str(notes[-1])


@pytest.mark.parametrize("seconds", [None, -1, 0.5, 0.0004, 0, float("inf")])
def test_timeouts_are_kept_in_whole_milliseconds(seconds: float | None) -> None:
    kept = {None: None, -1: None, 0.5: 0.5, 0.0004: 0.0, 0: 0.0, float("inf"): None}
    assert whole_milliseconds(seconds) == kept[seconds]
