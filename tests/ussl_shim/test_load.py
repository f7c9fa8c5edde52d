"""Many connections, much data, and handshakes cut anywhere: nothing is lost and nothing is left.

What is left of threads, sockets and pipes after each test is counted in ``tests/conftest.py``.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from emulator import Board
from tests.emulator.conftest import load
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.peers import Peer, Seen

SEED = 815
MIB = 1 << 20
OPEN = """
import socket, ssl, _thread, time
a = socket.getaddrinfo('device.test', 8883)[0][-1]
def dial(**more):
    ss = ssl.wrap_socket(socket.socket(), cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca.pem',
                         server_hostname='device.test', **more)
    ss.connect(a)
    return ss
"""


def run(certs: Certificates, port: int, script: str, timeout: float = 50) -> str:
    with Board("fipy", maps=[f"device.test:8883=127.0.0.1:{port}"]) as board:
        load(board, OPEN + script, {"cert/ca.pem": certs["ca"].pem})
        result = board.run(timeout=timeout)
    assert result.exit_code == 0, result.text
    return result.text


@contextlib.contextmanager
def crowd(context: ssl.SSLContext) -> Iterator[tuple[int, list[str]]]:
    """A TLS echo server with a thread for each connection; gives its port and what went wrong."""
    problems: list[str] = []
    threads: list[threading.Thread] = []

    def serve(raw: socket.socket) -> None:
        try:
            with raw, context.wrap_socket(raw, server_side=True) as conn:
                peers.echo(conn, Seen(), Peer(("", 0)))
        except OSError as exc:
            problems.append(repr(exc))

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:

        def accept() -> None:
            while True:
                try:
                    raw, _ = listener.accept()
                except OSError:
                    return
                raw.settimeout(peers.LIMIT)
                thread = threading.Thread(target=serve, args=(raw,), daemon=True)
                threads.append(thread)
                thread.start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        yield listener.getsockname()[1], problems
        listener.shutdown(socket.SHUT_RDWR)
        acceptor.join(peers.LIMIT)
        for thread in threads:
            thread.join(peers.LIMIT)
    assert not problems


def test_500_connections_in_one_script(certs: Certificates) -> None:
    script = """
ses, good = None, 0
for i in range(500):
    ss = dial(saved_session=ses)
    text = ('connection %d\\n' % i).encode()
    ss.write(text)
    good += ss.readline() == text
    if i % 4 == 0:
        ses = ssl.save_session(ss)
    ss.close()
print(good)
"""
    with peers.tls_server(peers.server_context(certs["p-256"]), peers.echo) as peer:
        assert run(certs, peer.address[1], script) == "500\n"
    assert [seen.data for seen in peer.connections] == [f"connection {i}\n".encode() for i in range(500)]
    assert [seen.resumed for seen in peer.connections] == [False] + [True] * 499


def test_50_at_once_from_10_threads(certs: Certificates) -> None:
    script = """
lock = _thread.allocate_lock()
opened, good, over = [], [], []
def work(number):
    try:
        mine = [dial() for i in range(5)]
        with lock:
            opened.extend(mine)
        while len(opened) < 50:
            time.sleep_ms(2)
        for round in range(4):
            for i, ss in enumerate(mine):
                ss.write(b'%d %d %d|' % (number, i, round) * 100)
            for i, ss in enumerate(mine):
                text = b'%d %d %d|' % (number, i, round) * 100
                got = ss.read(len(text))
                with lock:
                    good.append(got == text)
        for ss in mine:
            ss.close()
    finally:
        over.append(number)
for number in range(10):
    _thread.start_new_thread(work, (number,))
while len(over) < 10:
    time.sleep_ms(5)
print(len(opened), len(good), all(good))
"""
    with crowd(peers.server_context(certs["p-256"])) as (port, _):
        assert run(certs, port, script) == "50 200 True\n"


@pytest.mark.parametrize(
    "mib",
    [16, pytest.param(1024, marks=[pytest.mark.nightly, pytest.mark.timeout(600)])],
    ids=lambda mib: f"{mib} MiB",
)
def test_much_data_each_way(mib: int, certs: Certificates) -> None:
    block = random.Random(SEED).randbytes(MIB)
    digest = hashlib.sha256()
    for _ in range(mib):
        digest.update(block)
    expected = digest.hexdigest()
    got: list[str] = []

    def behave(conn: ssl.SSLSocket, seen: Seen, peer: Peer) -> None:
        digest, left = hashlib.sha256(), mib * MIB
        while left:
            data = conn.recv(min(left, 65536))
            assert data
            digest.update(data)
            left -= len(data)
        got.append(digest.hexdigest())
        for _ in range(mib):
            conn.sendall(block)
        peers.drain(conn, seen, peer)

    script = f"""
import uhashlib, ubinascii
ss = dial()
with open('/flash/block', 'rb') as f:
    block = f.read()
for i in range({mib}):
    assert ss.write(block) == len(block)
h, left = uhashlib.sha256(), {mib * MIB}
while left:
    data = ss.recv(16384)
    if not data:
        break
    h.update(data)
    left -= len(data)
print(left, ubinascii.hexlify(h.digest()).decode())
ss.close()
"""
    with peers.tls_server(peers.server_context(certs["p-256"]), behave) as peer:
        with Board("fipy", maps=[f"device.test:8883=127.0.0.1:{peer.address[1]}"]) as board:
            load(board, OPEN + script, {"cert/ca.pem": certs["ca"].pem, "block": block})
            result = board.run(timeout=500)
    assert result.text == f"0 {expected}\n"
    assert got == [expected]


def cut(context: ssl.SSLContext, limit: Callable[[], int | None]) -> peers.RawBehaviour:
    """A TLS server whose bytes end after ``limit()`` of them, with FIN or, every third time, a reset."""

    def behave(conn: socket.socket, seen: Seen, peer: Peer) -> None:
        left = limit()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        shaken = False
        while True:
            try:
                if not shaken:
                    tls.do_handshake()
                    shaken = True
                data = tls.read(1000)
                seen.data += data
                tls.write(data)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                break
            out = outgoing.read()
            if left is not None:
                out, ended, left = out[:left], len(out) >= left, left - len(out)
                conn.sendall(out)
                if ended:
                    if len(peer.connections) % 3 == 2:
                        peers.reset(conn, seen, peer)
                        return
                    break
            elif out:
                conn.sendall(out)
            data = conn.recv(65536)
            if not data:
                break
            incoming.write(data)
        with contextlib.suppress(OSError):
            conn.shutdown(socket.SHUT_WR)
            while conn.recv(65536):
                pass

    return behave


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=[pytest.mark.nightly, pytest.mark.timeout(300)])])
def test_handshakes_cut_at_a_random_byte(count: int, certs: Certificates) -> None:
    """Each ends in an error of the board, and the connection after them is as good as any."""
    rng = random.Random(SEED)
    limits: list[int | None] = [rng.randrange(750) for _ in range(count)]
    limits.append(None)
    queue = list(limits)
    script = f"""
numbers = {{}}
for i in range({count}):
    try:
        dial().close()
        print('not cut')
    except OSError as e:
        numbers[e.args[0]] = numbers.get(e.args[0], 0) + 1
print(sorted(numbers), sum(numbers.values()))
ss = dial()
ss.write(b'all is well')
print(ss.read(11))
ss.close()
"""
    with peers.raw_server(cut(peers.server_context(certs["p-256"], tickets=False), lambda: queue.pop(0))) as peer:
        text = run(certs, peer.address[1], script)
    assert text == f"[-29312, -80] {count}\nb'all is well'\n"
    assert peer.connections[-1].data == b"all is well"
    assert all(not seen.data for seen in peer.connections[:-1])
