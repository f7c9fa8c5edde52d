"""Peers that send anything: every handshake ends in success or in a number of the board, at once."""

from __future__ import annotations

import contextlib
import ssl
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashfs.errors import DeviceError
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device, named
from ussl_shim import Connection, prepare


class Scripted:
    """A transport that delivers what it is given, piece by piece, then FIN."""

    peer = "hostile.test:443"

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.sent = bytearray()

    def recv(self, size: int) -> bytes:
        return self.pieces.pop(0)[:size] if self.pieces else b""

    def send(self, data: bytes | bytearray | memoryview) -> int:
        self.sent += data
        return len(data)

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        raise AssertionError("there is always something to read")

    def monotonic(self) -> float:
        return 0.0


class Memory(Scripted):
    """A TLS server in memory; byte ``at`` of what it sends is changed by ``mask``."""

    def __init__(self, context: ssl.SSLContext, at: int, mask: int) -> None:
        super().__init__([])
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._server = context.wrap_bio(self._in, self._out, server_side=True)
        self._at, self._mask, self._count = at, mask, 0
        self.size = 0

    def send(self, data: bytes | bytearray | memoryview) -> int:
        self._in.write(bytes(data))
        return len(data)

    def recv(self, size: int) -> bytes:
        with contextlib.suppress(ssl.SSLError):
            self._server.do_handshake()
        data = bytearray(self._out.read())
        if self._count <= self._at < self._count + len(data):
            data[self._at - self._count] ^= self._mask
        self._count += len(data)
        self.size = self._count
        return bytes(data)


def handshake(certs: Certificates, transport: Any, **call: Any) -> int | None:
    device = Device(certs.files, quirks=frozenset())
    conn = Connection(prepare(device.env, **named(call), sock_ok=True), transport, device.env)
    try:
        conn.handshake("connect")
    except DeviceError as exc:
        assert device.notes
        number = exc.args[0]
        assert isinstance(number, int)
        return number
    return None


@given(pieces=st.lists(st.binary(min_size=1, max_size=80), max_size=5), server_side=st.booleans())
def test_rubbish(pieces: list[bytes], server_side: bool, certs: Certificates) -> None:
    call = {"server_side": True, "certfile": "good.crt", "keyfile": "good.key"} if server_side else {}
    number = handshake(certs, Scripted(pieces), **call)
    assert number is not None
    assert number < -1


@given(data=st.data())
def test_an_altered_handshake_is_never_accepted(data: st.DataObject, certs: Certificates) -> None:
    """Whatever byte of the server's side is changed, the handshake does not succeed in silence."""
    context = peers.server_context(certs["p-256"], tickets=False)
    # The minor version of the first record (byte 2) is the one thing TLS does not protect.
    at = data.draw(st.integers(0, 1200).filter(lambda at: at != 2))
    mask = data.draw(st.integers(1, 255))
    transport = Memory(context, at, mask)
    number = handshake(certs, transport, cert_reqs=2, ca_certs="ca.pem", server_hostname="device.test")
    if at < transport.size:
        assert number is not None
        assert number < -1
    else:
        assert number is None


@pytest.mark.parametrize("call", [{}, {"cert_reqs": 2, "ca_certs": "ca.pem"}], ids=["none", "required"])
def test_the_unaltered_handshake_is_accepted(call: dict[str, Any], certs: Certificates) -> None:
    assert handshake(certs, Memory(peers.server_context(certs["p-256"]), 1 << 30, 1), **call) is None
