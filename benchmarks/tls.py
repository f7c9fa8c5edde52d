"""T1 to T4: handshakes and bulk data of a board's ``ussl`` against the host's own TLS, and against MicroPython's.

Figures are times, so lower is better: a rate of 1.15 of the baseline's is a time of 0.87 of it. The server is the
standard library's in a process of its own, TLS 1.2; all clients have TCP_NODELAY.
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

Jobs = dict[str, Callable[[], float]]
"""What is timed -> seconds per handshake or per byte."""

# Both scripts take COUNT connections or SIZE bytes in PIECEs and print microseconds.
JOBS = """
def exchange(stream):
    stream.write(b'e')
    stream.read(1)
    stream.close()
def many(action):
    action()
    begin = utime.ticks_us()
    for _ in range(COUNT):
        action()
    return begin
def up():
    stream = dial()
    block = bytes(PIECE)
    begin = utime.ticks_us()
    stream.write(b'u%016d' % SIZE)
    for _ in range(SIZE // PIECE):
        stream.write(block)
    stream.read(1)
    return begin
def down():
    stream = dial()
    begin = utime.ticks_us()
    stream.write(b'd%016d' % SIZE)
    left = SIZE
    while left > 0:
        left -= take(stream)
    return begin
def resumed():
    stream = dial()
    session = save(stream)
    exchange(stream)
    return many(lambda: exchange(dial(session)))
begin = {'full': lambda: many(lambda: dial().close()), 'resumed': resumed, 'up': up, 'down': down}[JOB]()
print(abs(utime.ticks_diff(utime.ticks_us(), begin)))
"""
BOARD = """
import socket, ssl, utime
ADDRESS = socket.getaddrinfo('localhost', 8443)[0][-1]
def dial(session=None):
    wrapped = ssl.wrap_socket(socket.socket(), cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca.pem',
                              server_hostname='localhost', saved_session=session)
    wrapped.connect(ADDRESS)
    return wrapped
def save(stream):
    return ssl.save_session(stream)
def take(stream):
    return len(stream.recv(PIECE))
"""
MICROPYTHON = """
import socket, sys, time as utime, tls
JOB, port, ca = sys.argv[1], int(sys.argv[2]), sys.argv[3]
COUNT, SIZE, PIECE = (int(text) for text in sys.argv[4:7])
ADDRESS = socket.getaddrinfo('127.0.0.1', port)[0][-1]
with open(ca, 'rb') as f:
    ca = f.read()
def dial():
    plain = socket.socket()
    plain.connect(ADDRESS)
    plain.setsockopt(6, 1, 1)
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(ca)
    return context.wrap_socket(plain, server_hostname='localhost')
buffer = bytearray(PIECE if JOB == 'down' else 0)
def take(stream):
    return stream.readinto(buffer)
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
        self.port = port
        self.ca = ca
        self._address = ("127.0.0.1", port)
        self._env = Environment(MappingFiles({CA: ca}))

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(self._address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(cadata=self.ca.decode())
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


def _jobs(bench: Bench) -> Jobs:
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
        "board full": _board(bench, "full"),
        "resumed": _each(lambda: _exchange(bench.plain(shared, ticket))),
        "shim resumed": _each(lambda: _exchange(bench.shim(session))),
        "board resumed": _board(bench, "resumed"),
    }


def _bulk_jobs(bench: Bench) -> Jobs:
    shared = bench.context()
    jobs = {}
    for way in ("up", "down"):
        for piece, size in ((RECORD, BULK), (KIB, BULK // 4)):
            order = way[:1].encode()
            jobs[f"{way} {piece}"] = _bulk(lambda: bench.plain(shared), order, piece, size)
            jobs[f"shim {way} {piece}"] = _bulk(bench.shim, order, piece, size)
            jobs[f"board {way} {piece}"] = _board(bench, way, piece, size)
    return jobs


def _board(bench: Bench, what: str, piece: int = 0, size: int = 0) -> Callable[[], float]:
    """The script in a power cycle of its own, timed by itself: seconds per handshake or per byte."""
    from emulator import Board

    board = Board(maps=[f"{NAME}:8443=127.0.0.1:{bench.port}"])
    numbers = f"JOB, COUNT, SIZE, PIECE = {what!r}, {HANDSHAKES}, {size}, {piece}"
    board.flash.joinpath("cert").mkdir(exist_ok=True)
    board.flash.joinpath("cert", "ca.pem").write_bytes(bench.ca)
    board.flash.joinpath("main.py").write_text(numbers + BOARD + JOBS)

    def job() -> float:
        done = board.run(timeout=60)
        if done.exit_code:
            raise BenchmarkError(f"the board: {done.text.strip()[-200:]}")
        return int(done.text.split()[-1]) / 1e6 / (size or HANDSHAKES)

    return job


def _micropython(executable: str, folder: Path, bench: Bench) -> Jobs:
    script, der = folder / "client.py", folder / "ca.der"
    script.write_text(MICROPYTHON + JOBS, encoding="utf-8")
    der.write_bytes(ssl.PEM_cert_to_DER_cert(bench.ca.decode()))

    def timed(what: str, size: int) -> Callable[[], float]:
        numbers = map(str, (bench.port, der, HANDSHAKES, size, RECORD))
        command = [executable, "-X", "heapsize=8m", str(script), what, *numbers]

        def job() -> float:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise BenchmarkError(f"{executable}: {(done.stdout + done.stderr).strip()[-200:]}")
            return int(done.stdout) / 1e6 / (size or HANDSHAKES)

        return job

    size = BULK // 8
    return {"mpy full": timed("full", 0), "mpy up": timed("up", size), "mpy down": timed("down", size)}


def _why_no_micropython(executable: str | None) -> str:
    """Empty where it can be measured."""
    if executable is None:
        return "--micropython EXE names a MicroPython with TLS"
    try:
        done = subprocess.run([executable, "-c", "import tls"], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{executable}: {error.strerror}"
    return f"{executable} has no module tls" if done.returncode else ""


def measure(options: Options, progress: Progress) -> list[Figure]:
    """Figures T1 to T4."""
    took: dict[str, dict[str, list[float]]] = {}
    missing = _why_no_micropython(options.micropython)
    with tempfile.TemporaryDirectory(prefix="tls-") as name:
        for kind, key_type in KINDS.items():
            authority = trustme.CA(key_type=key_type)
            issued = authority.issue_cert(NAME, key_type=key_type)
            pem = Path(name, f"{kind}.pem")
            pem.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
            with _server(pem) as port:
                bench = Bench(port, authority.cert_pem.bytes())
                jobs = _jobs(bench)
                if kind == "RSA-2048":
                    jobs |= _bulk_jobs(bench)
                if not missing:
                    theirs = _micropython(options.micropython or "", Path(name), bench)
                    jobs |= theirs if kind == "RSA-2048" else {"mpy full": theirs["mpy full"]}
                took[kind] = in_turn(jobs, options.rounds, progress)
    return [*_handshakes(took), *_bulks(took["RSA-2048"]), *_against_micropython(took, missing)]


def _alone(values: dict[str, list[float]], what: str, base: str) -> str:
    return f"ussl_shim without a board: {spread(divided(values[f'shim {what}'], values[base]))}"


def _handshakes(took: dict[str, dict[str, list[float]]]) -> Iterator[Figure]:
    for key, text, what, base, now, moonshot in (
        ("T1", "full handshake, CA from the flash", "full", "fresh", 1 / 0.7, 1 / 1.15),
        ("T2", "resumed handshake and a byte each way", "resumed", "resumed", 1 / 0.5, 1 / 0.9),
    ):
        baseline = "ssl, a new context each" if base == "fresh" else "ssl, the same"
        for kind, values in took.items():
            ours = values[f"board {what}"]
            details = [f"{1 / min(ours):.0f}/s at best, {baseline} {1 / min(values[base]):.0f}/s"]
            details.append(_alone(values, what, base))
            if base == "fresh":
                details.append(f"divided by ssl with one context: {spread(divided(ours, values['full']))}")
            ratios = divided(ours, values[base])
            yield Ratio(
                f"{key} {kind}", text, baseline, round(now, 2), round(moonshot, 2), ratios, details=tuple(details)
            )


def _bulks(values: dict[str, list[float]]) -> Iterator[Figure]:
    for piece, now, moonshot in ((RECORD, 1 / 0.6, 1 / 0.95), (KIB, 1 / 0.5, 1 / 0.9)):
        for way in ("up", "down"):
            what = f"{way} {piece}"
            ours, base = values[f"board {what}"], values[what]
            yield Ratio(
                f"T3 {what}",
                f"bulk data {way}, {piece} bytes a call",
                "ssl, the same",
                round(now, 2),
                round(moonshot, 2),
                divided(ours, base),
                (f"{1e-6 / min(ours):.0f} MB/s at best, ssl {1e-6 / min(base):.0f} MB/s", _alone(values, what, what)),
            )


def _best(mine: list[float], theirs: list[float], unit: str) -> str:
    scale = 1 if unit == "/s" else 1e-6
    return f"{scale / min(mine):.0f}{unit} at best, MicroPython {scale / min(theirs):.0f}{unit}"


def _against_micropython(took: dict[str, dict[str, list[float]]], missing: str) -> Iterator[Figure]:
    rsa = took["RSA-2048"]
    for key, text, values, ours, theirs, moonshot, unit in (
        ("RSA-2048", "full handshake", rsa, "board full", "mpy full", 1 / 4, "/s"),
        ("P-256", "full handshake", took["P-256"], "board full", "mpy full", 1 / 12, "/s"),
        ("up", "bulk data up, 16384 bytes a call", rsa, f"board up {RECORD}", "mpy up", 1 / 4, " MB/s"),
        ("down", "bulk data down, 16384 bytes a call", rsa, f"board down {RECORD}", "mpy down", 1 / 4, " MB/s"),
    ):
        yield Ratio(
            f"T4 {key}",
            text,
            "MicroPython",
            0.5,
            round(moonshot, 3),
            () if missing else divided(values[ours], values[theirs]),
            () if missing else (_best(values[ours], values[theirs], unit),),
            missing=missing,
        )
