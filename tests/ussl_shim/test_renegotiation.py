"""A peer that asks to renegotiate is refused, on the board and here, by a warning; what comes then is up to the peer.

Measured with mbedTLS 2.16.2 against the same programs: OpenSSL ends the connection with a fatal alert, so the next read is
-30592, and every one after it is empty.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from flashfs.errors import DeviceError
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device
from tests.ussl_shim.test_interop import Program
from ussl_shim import Connection

pytestmark = pytest.mark.needs("openssl")


@pytest.fixture
def pair(certs: Certificates, tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "good.pem").write_bytes(certs["good"].chain_pem)
    (tmp_path / "good.key").write_bytes(certs["good"].key_pem)
    return "-cert", str(tmp_path / "good.pem"), "-key", str(tmp_path / "good.key")


def _refuses(conn: Connection, device: Device) -> None:
    conn.settimeout(10)
    with pytest.raises(DeviceError) as caught:
        conn.recv(10)
    assert caught.value.args == (-30592,)
    assert "HANDSHAKE_FAILURE" in device.notes[-1].evidence
    assert [conn.recv(10), conn.recv(10)] == [b"", b""]
    conn.close()


def test_a_server_that_asks_for_it(pair: tuple[str, ...], certs: Certificates) -> None:
    command = ("openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_2", *pair)
    with Program(*command) as program, Device(certs.files, quirks=frozenset()) as device:
        port = int(program.await_text(r"ACCEPT 127\.0\.0\.1:(\d+)"))
        conn = device.wrap_then_connect(("127.0.0.1", port), cert_reqs=2, ca_certs="ca.pem")
        program.say(b"hello\n")
        assert conn.read(6) == b"hello\n"
        program.say(b"R\n")
        _refuses(conn, device)
        program.await_text("no renegotiation")


def test_a_client_that_begins_it(certs: Certificates) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, Device(certs.files, quirks=frozenset()) as device:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with Program("openssl", "s_client", "-connect", address, "-tls1_2") as program:
            sock = device.adopt(listener.accept()[0])
            conn = device.wrap(sock, server_side=True, certfile="good.crt", keyfile="good.key")
            program.say(b"hello\n")
            assert conn.read(6) == b"hello\n"
            program.say(b"R\n")
            _refuses(conn, device)
            program.await_text("no renegotiation")
