"""T1 to T4: handshakes and bulk data of ``ussl_shim`` against the host's own TLS, and against MicroPython's.

Figures are times, so lower is better: a rate of 1.15 of the baseline's is a time of 0.87 of it. The server is the
standard library's in a process of its own, TLS 1.2; both clients have TCP_NODELAY.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import trustme

from benchmarks.paired import BenchmarkError, Figure, Options, Progress, Ratio, divided, in_turn, spread
from ussl_shim import Connection, Environment, Session, prepare
from ussl_shim.module import MappingFiles, SocketTransport

HANDSHAKES = 40
RECORD, KIB = 16384, 1024
BULK = 16 << 20
KINDS = {"RSA-2048": trustme.KeyType.RSA, "P-256": trustme.KeyType.ECDSA}
CA = "/flash/cert/ca.pem"
NAME = "localhost"

MICROPYTHON = """
import socket, ssl, sys, time
port, ca, count, size = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
a = socket.getaddrinfo('127.0.0.1', port)[0][-1]
with open(ca, 'rb') as f:
    ca = f.read()
def dial():
    s = socket.socket()
    s.connect(a)
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.verify_mode = ssl.CERT_REQUIRED
    c.load_verify_locations(ca)
    return c.wrap_socket(s, server_hostname='localhost')
dial().close()
b = time.ticks_us()
for _ in range(count):
    dial().close()
print(time.ticks_diff(time.ticks_us(), b) / count / 1e6)
s = dial()
block = bytes(16384)
b = time.ticks_us()
s.write(b'u%016d' % size)
for _ in range(size // 16384):
    s.write(block)
s.read(1)
print(time.ticks_diff(time.ticks_us(), b) / 1e6)
s.close()
"""


class Stream(Protocol):
    """What both kinds of connection have."""

    def write(self, data: Any, /) -> int: ...

    def recv(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


def _serve(pem: str, started: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(pem)
    block = bytes(RECORD)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        started.send(listener.getsockname()[1])
        while True:
            raw, _ = listener.accept()
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError), raw, context.wrap_socket(raw, server_side=True) as conn:
                order = conn.recv(17)
                if order[:1] == b"e":
                    conn.sendall(b"k")
                elif order[:1] == b"d":
                    for _ in range(int(order[1:]) // RECORD):
                        conn.sendall(block)
                    conn.recv(1)
                elif order[:1] == b"u":
                    left = int(order[1:])
                    while left > 0 and (data := conn.recv(65536)):
                        left -= len(data)
                    conn.sendall(b"k")


@contextlib.contextmanager
def _server(pem: Path) -> Iterator[int]:
    processes = multiprocessing.get_context("spawn")
    ours, theirs = processes.Pipe()
    process = processes.Process(target=_serve, args=(str(pem), theirs), daemon=True)
    process.start()
    try:
        if not ours.poll(30):
            raise BenchmarkError("the TLS server did not start")
        yield ours.recv()
    finally:
        process.terminate()
        process.join()
        ours.close()
        theirs.close()


class Bench:
    """The two clients of one server."""

    def __init__(self, port: int, ca: bytes) -> None:
        self._address = ("127.0.0.1", port)
        self._ca = ca
        self._env = Environment(MappingFiles({CA: ca}))

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(self._address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cadata=self._ca.decode())
        return context

    def plain(self, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
        return context.wrap_socket(self._connect(), server_hostname=NAME, session=session)

    def shim(self, session: Session | None = None) -> _Shim:
        plan = prepare(self._env, cert_reqs=2, ca_certs=CA, server_hostname=NAME, saved_session=session, sock_ok=True)
        sock = self._connect()
        conn = Connection(plan, SocketTransport(sock, NAME), self._env)
        conn.handshake("wrap")
        return _Shim(sock, conn)


class _Shim:
    """A connection of the shim that closes its socket, as the board's does."""

    def __init__(self, sock: socket.socket, conn: Connection) -> None:
        self._sock, self.conn = sock, conn
        self.write, self.recv = conn.write, conn.recv

    def close(self) -> None:
        self.conn.close()
        self._sock.close()


def _each(call: Callable[[], Any], count: int = HANDSHAKES) -> Callable[[], float]:
    def job() -> float:
        begin = time.perf_counter()
        for _ in range(count):
            call()
        return (time.perf_counter() - begin) / count

    return job


def _exchange(stream: Stream) -> None:
    stream.write(b"e")
    if stream.recv(1) != b"k":
        raise BenchmarkError("the server did not answer")
    stream.close()


def _bulk(dial: Callable[[], Stream], order: bytes, piece: int, size: int) -> Callable[[], float]:
    def job() -> float:
        stream = dial()
        begin = time.perf_counter()
        stream.write(b"%s%016d" % (order, size))
        if order == b"u":
            block = bytes(piece)
            for _ in range(size // piece):
                stream.write(block)
            stream.recv(1)
        else:
            left = size
            while left > 0:
                left -= len(stream.recv(piece))
        took = time.perf_counter() - begin
        stream.close()
        return took / size

    return job


def _jobs(bench: Bench) -> dict[str, Callable[[], float]]:
    shared = bench.context()
    first = bench.plain(shared)
    first.write(b"e")
    first.recv(1)
    ticket = first.session
    first.close()
    mine = bench.shim()
    mine.write(b"e")
    mine.recv(1)
    session = mine.conn.session()
    mine.close()
    return {
        "fresh": _each(lambda: bench.plain(bench.context()).close()),
        "full": _each(lambda: bench.plain(shared).close()),
        "shim full": _each(lambda: bench.shim().close()),
        "resumed": _each(lambda: _exchange(bench.plain(shared, ticket))),
        "shim resumed": _each(lambda: _exchange(bench.shim(session))),
    }


def _bulk_jobs(bench: Bench) -> dict[str, Callable[[], float]]:
    shared = bench.context()
    jobs = {}
    for order, way in ((b"u", "up"), (b"d", "down")):
        for piece, size in ((RECORD, BULK), (KIB, BULK // 8)):
            jobs[f"{way} {piece}"] = _bulk(lambda: bench.plain(shared), order, piece, size)
            jobs[f"shim {way} {piece}"] = _bulk(bench.shim, order, piece, size)
    return jobs


def _micropython(executable: str, folder: Path, port: int, ca: bytes) -> Callable[[], tuple[float, float]]:
    script, der = folder / "client.py", folder / "ca.der"
    script.write_text(MICROPYTHON, encoding="utf-8")
    der.write_bytes(ssl.PEM_cert_to_DER_cert(ca.decode()))
    size = BULK // 8

    def job() -> tuple[float, float]:
        command = [executable, "-X", "heapsize=8m", str(script), str(port), str(der), str(HANDSHAKES), str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchmarkError(f"{executable}: {(done.stdout + done.stderr).strip()[-200:]}")
        handshake, bulk = map(float, done.stdout.split())
        return handshake, bulk / size

    return job


def measure(options: Options, progress: Progress) -> list[Figure]:
    """Figures T1 to T4."""
    took: dict[str, dict[str, list[float]]] = {}
    theirs: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="tls-") as name:
        for kind, key_type in KINDS.items():
            authority = trustme.CA(key_type=key_type)
            issued = authority.issue_cert(NAME, key_type=key_type)
            pem = Path(name, f"{kind}.pem")
            pem.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
            ca = authority.cert_pem.bytes()
            with _server(pem) as port:
                bench = Bench(port, ca)
                jobs = _jobs(bench)
                if kind == "RSA-2048":
                    jobs |= _bulk_jobs(bench)
                took[kind] = in_turn(jobs, options.rounds, progress)
                if options.micropython is not None:
                    job = _micropython(options.micropython, Path(name), port, ca)
                    theirs[kind] = in_turn({"micropython": job}, options.rounds, progress)["micropython"]
    return [*_handshakes(took), *_bulks(took["RSA-2048"]), *_against_micropython(took, theirs, options)]


def _handshakes(took: dict[str, dict[str, list[float]]]) -> Iterator[Figure]:
    for key, what, ours, base, now, moonshot in (
        ("T1", "full handshake, CA from the flash", "shim full", "fresh", 1 / 0.7, 1 / 1.15),
        ("T2", "resumed handshake and a byte each way", "shim resumed", "resumed", 1 / 0.5, 1 / 0.9),
    ):
        baseline = "ssl, a new context each" if base == "fresh" else "ssl, the same"
        for kind, values in took.items():
            details = [f"{1 / min(values[ours]):.0f}/s at best, {baseline} {1 / min(values[base]):.0f}/s"]
            if base == "fresh":
                details.append(f"divided by ssl with one context: {spread(divided(values[ours], values['full']))}")
            yield Ratio(
                f"{key} {kind}",
                what,
                baseline,
                round(now, 2),
                round(moonshot, 2),
                divided(values[ours], values[base]),
                tuple(details),
            )


def _bulks(values: dict[str, list[float]]) -> Iterator[Figure]:
    for piece, now, moonshot in ((RECORD, 1 / 0.6, 1 / 0.95), (KIB, 1 / 0.5, 1 / 0.9)):
        for way in ("up", "down"):
            ours, base = values[f"shim {way} {piece}"], values[f"{way} {piece}"]
            yield Ratio(
                f"T3 {way} {piece}",
                f"bulk data {way}, {piece} bytes a call",
                "ssl, the same",
                round(now, 2),
                round(moonshot, 2),
                divided(ours, base),
                (f"{1e-6 / min(ours):.0f} MB/s at best, ssl {1e-6 / min(base):.0f} MB/s",),
            )


def _against_micropython(
    took: dict[str, dict[str, list[float]]], theirs: dict[str, list[tuple[float, float]]], options: Options
) -> Iterator[Figure]:
    missing = "" if options.micropython else "--micropython EXE names a MicroPython with TLS"
    for kind, moonshot in (("RSA-2048", 1 / 4), ("P-256", 1 / 12)):
        ratios = divided(took[kind]["shim full"], [one for one, _ in theirs[kind]]) if theirs else []
        yield Ratio(f"T4 {kind}", "full handshake", "MicroPython", 0.5, round(moonshot, 2), ratios, missing=missing)
    ratios = divided(took["RSA-2048"][f"shim up {RECORD}"], [two for _, two in theirs["RSA-2048"]]) if theirs else []
    yield Ratio("T4 up", "bulk data up, 16384 bytes a call", "MicroPython", 0.5, 0.25, ratios, missing=missing)
