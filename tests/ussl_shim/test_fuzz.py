"""Altered files and altered handshakes: whatever comes, the script sees the board's exceptions and nothing waits.

The inputs follow from a seed and a number, so a failure names the input that caused it. The nightly run makes 10,000 of
each kind; the ordinary one the first 300.
"""

from __future__ import annotations

import base64
import gc
import random
import re
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashfs.errors import DeviceError
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates, pem
from tests.ussl_shim.device import CERT, Device, named
from ussl_shim import Connection, prepare
from ussl_shim.certfiles import NOT_FOUND

SEED = 20201
FEW, MANY = 300, 10_000
RUNS = [
    pytest.param(FEW, id="some"),
    pytest.param(MANY, id="all", marks=[pytest.mark.nightly, pytest.mark.timeout(1500)]),
]
HANDSHAKE_LIMIT = 5
NOISE = 40
"""Longest piece of rubbish put in, in bytes."""


# Altering bytes

Alteration = Callable[[random.Random, bytes], bytes]


def _flip(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ rng.randrange(1, 256)]) + data[at + 1 :]


def _extreme(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.choice((b"\0", b"\xff", b"\x80", b"\x7f")) + data[at + 1 :]


def _cut_out(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randrange(1, NOISE) :]


def _cut_off(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.randrange(1, 400)]
    at = rng.randrange(len(data))
    return data[:at] + piece + data[at:]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randrange(1, NOISE)) + data[at:]


def _swap(rng: random.Random, data: bytes) -> bytes:
    a, b, c = sorted(rng.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


BYTES: tuple[Alteration, ...] = (_flip, _flip, _extreme, _cut_out, _cut_off, _repeat, _insert, _swap)


def alter(rng: random.Random, data: bytes) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if data:
            data = rng.choice(BYTES)(rng, data)
    return data


# Files

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\n(.*?)-----END [A-Z0-9 ]+-----\n", re.DOTALL)


def alter_file(rng: random.Random, text: bytes, others: list[bytes]) -> bytes:
    """Alter the text, or what the PEM blocks in it hold, or mix it with another file."""
    kind = rng.randrange(4)
    if kind == 0:
        return alter(rng, text)
    if kind == 1:
        cut = rng.randrange(len(text) + 1)
        return text[:cut] + rng.choice(others)[rng.randrange(200) :]

    def inside(match: re.Match[bytes]) -> bytes:
        try:
            content = base64.b64decode(match[2])
        except ValueError:
            return match[0]
        return pem(match[1].decode(), alter(rng, content) if content else b"")

    return _BLOCK.sub(inside, text)


class Peer:
    """The far end in memory: a TLS peer of the standard library whose bytes ``alter`` may change, flight by flight."""

    peer = "fuzz.test:443"

    def __init__(
        self, context: ssl.SSLContext, alter: Callable[[bytes], bytes], *, server: bool, end: str = "fin"
    ) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        name = None if server else "device.test"
        self.tls = context.wrap_bio(self._in, self._out, server_side=server, server_hostname=name)
        self._alter, self._end, self._over = alter, end, False
        self._ready = b""
        self.sent = 0
        self.now = 0.0

    def send(self, data: bytes | bytearray | memoryview) -> int:
        self._in.write(bytes(data))
        self.sent += len(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        if not self._ready:
            self._ready = self._flight()
        if self._ready:
            data, self._ready = self._ready[:size], self._ready[size:]
            return data
        if self._end == "fin":
            return b""
        if self._end == "reset":
            raise ConnectionResetError(104, "reset by peer")
        raise BlockingIOError(11, "nothing there")

    def _flight(self) -> bytes:
        try:
            self.tls.do_handshake()
            if not self._over:
                self._over = True
                self.tls.write(b"some bytes for the device")
        except ssl.SSLError:
            pass
        data = self._out.read()
        return self._alter(data) if data else b""

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        assert self._end == "silence", "there is always something to read"
        assert timeout is not None, "a wait without a limit"
        self.now += timeout
        return False

    def monotonic(self) -> float:
        return self.now


def unchanged(data: bytes) -> bytes:
    return data


def talk(device: Device, transport: Peer, what: str, **call: Any) -> None:
    """Shake hands and receive all there is. Only the board's exceptions may come out."""
    conn = None
    try:
        plan = prepare(device.env, **named(call), timeout=HANDSHAKE_LIMIT, sock_ok=True)
        conn = Connection(plan, transport, device.env)
        conn.handshake("connect" if not plan.server_side else "wrap")
        conn.settimeout(1)
        while conn.recv(rng_size(what)):
            pass
    except DeviceError as exc:
        number = exc.args[0]
        assert number in NOT_FOUND.values() or (isinstance(number, int) and number != 0), what
        assert device.notes, f"{what}: no note"
    except TimeoutError:
        pass
    except BaseException as exc:
        raise AssertionError(f"{what}: {exc!r}") from exc
    finally:
        if conn is not None:
            conn.close()
    assert transport.now <= HANDSHAKE_LIMIT + 1
    assert transport.sent < 1 << 16, what


def rng_size(what: str) -> int:
    return 1 + len(what) % 7


def objects() -> int:
    gc.collect()
    return sum(isinstance(thing, Connection | ssl.SSLObject | Peer) for thing in gc.get_objects())


CA_FILES = (
    "ca.pem",
    "bundle.pem",
    "constrained-ca.pem",
    "v1-ca.pem",
    "ed25519-ca.pem",
    "f-bundle-ed25519.pem",
    "f-crlf.pem",
)
CERTIFICATES = ("good.crt", "client.crt", "client-ec.crt", "inter-chain.crt", "p-256.crt")
KEYS = (
    "client.key",
    "k-pkcs1.pem",
    "k-sec1.pem",
    "k-sec1-params.pem",
    "k-ec-pkcs8.pem",
    "k-pkcs8-enc.pem",
    "ed25519.key",
)


@pytest.fixture(scope="module")
def contexts(certs: Certificates) -> dict[str, ssl.SSLContext]:
    return {
        "rsa": peers.server_context(certs["good"]),
        "ec": peers.server_context(certs["p-256"], tickets=False),
        "chain": peers.server_context(certs["inter-chain-root"], high="TLSv1_1"),
        "static": peers.server_context(certs["good"], ciphers="AES128-SHA"),
        "dhe": peers.server_context(certs["good"], ciphers="DHE-RSA-AES128-SHA", dh=True),
        "asks": peers.server_context(certs["p-256"], ask=True, trust=certs["ca"].pem),
        "client": peers.client_context(),
        "client-own": peers.client_context(own=certs["client-ec"]),
    }


def fuzz_file(number: int, certs: Certificates, contexts: dict[str, ssl.SSLContext]) -> None:
    rng = random.Random(f"{SEED} file {number}")
    role = rng.choice(("ca", "certificate", "key"))
    names = {"ca": CA_FILES, "certificate": CERTIFICATES, "key": KEYS}[role]
    name = rng.choice(names)
    altered = alter_file(rng, certs.files[name], [certs.files[one] for one in names])
    files = {CERT + "altered": altered, CERT + "client-ec.crt": certs.files["client-ec.crt"]}
    files |= {CERT + one: certs.files[one] for one in ("client-ec.key", "ca.pem")}
    calls: dict[str, dict[str, Any]] = {
        "ca": {"cert_reqs": 2, "ca_certs": "altered"},
        "certificate": {"certfile": "altered", "keyfile": "client-ec.key"},
        "key": {"certfile": "client-ec.crt", "keyfile": "altered"},
    }
    call = calls[role]
    server_side = role != "ca" and rng.random() < 0.3
    if server_side:
        call["server_side"] = True
    transport = Peer(contexts["client" if server_side else "asks"], unchanged, server=not server_side)
    device = Device(files, quirks=frozenset())
    talk(device, transport, f"{name} altered as number {number}", **call)
    assert_no_key_in_notes(device, altered, certs.files["client-ec.key"])


def assert_no_key_in_notes(device: Device, *keys: bytes) -> None:
    shown = "\n".join(repr(note) for note in device.notes)
    for text in keys:
        for line in text.decode("latin-1").splitlines():
            if len(line) >= 40 and "PRIVATE" not in line and "BEGIN" not in line and "END" not in line:
                assert line not in shown


# Handshakes


def records(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at + 5 <= len(data):
        end = at + 5 + int.from_bytes(data[at + 3 : at + 5], "big")
        found.append(data[at:end])
        at = end
    return found if at == len(data) else [data]


def _record(kind: int, version: bytes, body: bytes) -> bytes:
    return bytes([kind]) + version + len(body).to_bytes(2, "big") + body


def alter_records(rng: random.Random, data: bytes) -> bytes:
    """Drop, repeat, reorder, retype, split or join whole records."""
    pieces = records(data)
    at = rng.randrange(len(pieces))
    action = rng.randrange(7)
    one = pieces[at]
    if action == 0:
        del pieces[at]
    elif action == 1:
        pieces.insert(rng.randrange(len(pieces) + 1), one)
    elif action == 2:
        rng.shuffle(pieces)
    elif action == 3:
        pieces[at] = bytes([rng.choice((20, 21, 22, 23, 24, 0, rng.randrange(256)))]) + one[1:]
    elif action == 4 and len(one) > 6:
        cut = rng.randrange(5, len(one))
        pieces[at] = _record(one[0], one[1:3], one[5:cut]) + _record(one[0], one[1:3], one[cut:])
    elif action == 5:
        pieces[at] = _record(one[0], bytes([3, rng.randrange(8)]), one[5:])
    else:
        pieces.insert(at, _record(rng.choice((20, 21, 22, 23)), b"\3\3", rng.randbytes(rng.randrange(NOISE))))
    return b"".join(pieces)


def alter_messages(rng: random.Random, data: bytes) -> bytes:
    """Alter the content of one handshake message and put all lengths right again, so that the next layer sees it."""
    pieces = records(data)
    which = [at for at, one in enumerate(pieces) if one[:1] == b"\x16" and len(one) > 9]
    if not which:
        return alter(rng, data)
    at = rng.choice(which)
    one = pieces[at]
    messages, rest = [], one[5:]
    while len(rest) >= 4:
        size = 4 + int.from_bytes(rest[1:4], "big")
        messages.append((rest[0], rest[4:size]))
        rest = rest[size:]
    index = rng.randrange(len(messages))
    kind, body = messages[index]
    body = _alter_certificates(rng, body) if kind == 11 and rng.random() < 0.8 else alter(rng, body)
    if rng.random() < 0.1:
        kind = rng.choice((0, 1, 2, 4, 11, 12, 13, 14, 15, 16, 20, 22))
    messages[index] = (kind, body)
    built = b"".join(bytes([kind]) + len(body).to_bytes(3, "big") + body for kind, body in messages) + rest
    pieces[at] = _record(22, one[1:3], built[:65535])
    return b"".join(pieces)


def _alter_certificates(rng: random.Random, body: bytes) -> bytes:
    found, at = [], 3
    while at + 3 <= len(body):
        end = at + 3 + int.from_bytes(body[at : at + 3], "big")
        found.append(body[at + 3 : end])
        at = end
    if not found:
        return body
    index = rng.randrange(len(found))
    found[index] = alter(rng, found[index])
    if rng.random() < 0.1:
        found *= rng.randrange(2, 12)
    listed = b"".join(len(one).to_bytes(3, "big") + one for one in found)
    return len(listed).to_bytes(3, "big") + listed


FLIGHTS: tuple[Alteration, ...] = (
    alter,
    alter_records,
    alter_messages,
    alter_messages,
    alter_messages,
    lambda rng, data: rng.randbytes(rng.randrange(1, 600)),
)


def fuzz_flight(number: int, certs: Certificates, contexts: dict[str, ssl.SSLContext]) -> None:
    rng = random.Random(f"{SEED} flight {number}")
    server_side = rng.random() < 0.25
    name = rng.choice(("client", "client-own") if server_side else ("rsa", "ec", "chain", "static", "dhe", "asks"))
    how = rng.choice(FLIGHTS)
    untouched = rng.choice((0, 0, 0, 1, 2))

    def altering(data: bytes) -> bytes:
        nonlocal untouched
        untouched -= 1
        return how(rng, data) if untouched < 0 else data

    call: dict[str, Any] = rng.choice(
        (
            {},
            {"cert_reqs": 1, "ca_certs": "ca.pem"},
            {"cert_reqs": 2, "ca_certs": "ca.pem", "server_hostname": "device.test"},
            {"cert_reqs": 2, "ca_certs": "bundle.pem"},
        )
    )
    if server_side:
        call = {"server_side": True, "certfile": "p-256.crt", "keyfile": "p-256.key"} | {
            key: value for key, value in call.items() if key != "server_hostname"
        }
    elif name == "asks":
        call = call | {"certfile": "client-ec.crt", "keyfile": "client-ec.key"}
    end = rng.choice(("fin", "fin", "reset", "silence"))
    transport = Peer(contexts[name], altering, server=not server_side, end=end)
    talk(Device(certs.files, quirks=frozenset()), transport, f"{name} flight altered as number {number}", **call)


@pytest.mark.parametrize("count", RUNS)
@pytest.mark.parametrize("kind", [fuzz_file, fuzz_flight], ids=["files", "flights"])
def test_only_the_boards_exceptions(
    kind: Callable[..., None], count: int, certs: Certificates, contexts: dict[str, ssl.SSLContext]
) -> None:
    before = objects()
    for number in range(count):
        kind(number, certs, contexts)
    assert objects() == before


@pytest.mark.nightly
@pytest.mark.timeout(1500)
@given(seed=st.integers(0, 1 << 64), kind=st.sampled_from([fuzz_file, fuzz_flight]))
@settings(max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_seed(
    seed: int, kind: Callable[..., None], certs: Certificates, contexts: dict[str, ssl.SSLContext]
) -> None:
    kind(seed, certs, contexts)


@pytest.mark.nightly
@pytest.mark.timeout(1500)
@given(data=st.binary(max_size=600), role=st.sampled_from(["ca", "certificate", "key"]))
@settings(max_examples=3000, deadline=None)
def test_any_bytes_as_a_block(data: bytes, role: str) -> None:
    label = {"ca": "CERTIFICATE", "certificate": "CERTIFICATE", "key": "PRIVATE KEY"}[role]
    device = Device({CERT + "x": pem(label, data)}, quirks=frozenset())
    call = {"cert_reqs": 2, "ca_certs": CERT + "x"} if role == "ca" else {"certfile": CERT + "x", "keyfile": CERT + "x"}
    with pytest.raises(DeviceError):
        prepare(device.env, **call, sock_ok=True)
