"""The example of `ussl_shim` without a board, and what two threads do to one ssl socket in plain Python."""

from __future__ import annotations

import runpy
import socket
import threading
from pathlib import Path

import pytest

from flashfs.errors import DeviceError
from flashfs.notes import Note
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from ussl_shim import Shim
from ussl_shim.module import SocketTransport

EXAMPLE = Path(__file__).parents[2] / "examples" / "ussl_alone.py"


def test_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE))["main"]()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ca b'HELLO FROM USSL'"
    assert "other OSError -9984" in lines
    assert any("issuer looked for" in line for line in lines)
    assert "server: TLSV1_ALERT_UNKNOWN_CA" in lines


def test_the_docstring_of_the_module_is_a_program() -> None:
    import ussl_shim.module

    text = ussl_shim.module.__doc__ or ""
    program = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    compile("\n".join(program), "module.py", "exec")
    assert "Shim(" in text


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when a thread begins to wait for the network."""
    begun = threading.Event()
    real = SocketTransport.wait

    def wait(self: SocketTransport, *, read: bool, write: bool, timeout: float | None) -> bool:
        begun.set()
        return real(self, read=read, write=write, timeout=timeout)

    monkeypatch.setattr(SocketTransport, "wait", wait)
    return begun


@pytest.mark.parametrize("where", ["recv", "read", "handshake"])
def test_close_in_one_thread_wakes_another(where: str, certs: Certificates, waiting: threading.Event) -> None:
    """Silent peers: nothing but the close can wake the one that waits. The board's own outcome is undefined."""
    notes: list[Note] = []
    shim = Shim(note=notes.append)
    caught: list[BaseException] = []

    def use(ss: socket.socket) -> None:
        try:
            if where == "handshake":
                ss.connect(peer.address)
            else:
                getattr(ss, where)(1)
        except BaseException as exc:  # noqa: BLE001 - looked at below
            caught.append(exc)

    server = (
        peers.raw_server(peers.silent)
        if where == "handshake"
        else peers.tls_server(peers.server_context(certs["good"]), peers.drain)
    )
    with server as peer:
        ss = shim.wrap_socket(socket.socket())
        if where != "handshake":
            ss.connect(peer.address)
        waiting.clear()
        thread = threading.Thread(target=use, args=(ss,))
        thread.start()
        assert waiting.wait(10)
        ss.close()
        thread.join(10)
        assert not thread.is_alive()
    assert [type(exc) for exc in caught] == [DeviceError]
    assert caught[0].args == (-28928,)
    assert "closed" in notes[-1].cause


def test_a_transport_whose_socket_is_gone_does_not_wait() -> None:
    sock = socket.socket()
    transport = SocketTransport(sock, "peer.test:1")
    sock.close()
    assert transport.wait(read=True, write=False, timeout=None)


def test_readers_writers_and_a_close_end_in_the_boards_exceptions(certs: Certificates) -> None:
    """Two of each at full speed; the close comes in the middle."""
    caught: list[BaseException] = []
    moved = threading.Event()

    def run(work: str, ss: socket.socket) -> None:
        total = 0
        try:
            while True:
                total += len(ss.recv(4096)) if work == "recv" else ss.send(bytes(4096))
                if work == "recv" and total > 100_000:
                    moved.set()
        except BaseException as exc:  # noqa: BLE001 - looked at below
            caught.append(exc)

    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer:
        ss = Shim().wrap_socket(socket.socket())
        ss.connect(peer.address)
        threads = [threading.Thread(target=run, args=(work, ss)) for work in ("recv", "send", "recv", "send")]
        for thread in threads:
            thread.start()
        assert moved.wait(20)
        ss.close()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
    assert [type(exc) for exc in caught] == [DeviceError] * 4
    assert {exc.args[0] for exc in caught} <= {-28928, 0, 9, 32, 104}
