"""`Connection` over real sockets in the default mode: what the documentation promises, notes, waiting, threads."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from flashfs.errors import DeviceError
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import ALL_QUIRKS, Device, Hangs, Script, named
from ussl_shim import Connection, prepare
from ussl_shim.module import SocketTransport

NO_QUIRKS: frozenset[str] = frozenset()


class ImpatientClock(SocketTransport):
    """A clock on which every wait without news takes its whole timeout, at once."""

    now = 0.0

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        if super().wait(read=read, write=write, timeout=0.2):
            return True
        if timeout is None:
            raise Hangs
        self.now += timeout
        return False

    def monotonic(self) -> float:
        return self.now


def plain_device(certs: Certificates, **options: Any) -> Device:
    return Device(certs.files, quirks=NO_QUIRKS, **options)


@pytest.mark.parametrize(("call", "seconds"), [({}, 10), ({"timeout": 0}, 10), ({"timeout": 3}, 3)])
@pytest.mark.parametrize("path", ["wc", "cw", "server"])
def test_a_silent_peer_ends_the_handshake_after_its_seconds(
    path: str, call: dict[str, Any], seconds: float, certs: Certificates
) -> None:
    clocks: list[ImpatientClock] = []

    def transport(sock: socket.socket, peer: str) -> ImpatientClock:
        clocks.append(ImpatientClock(sock, peer))
        return clocks[0]

    with contextlib.ExitStack() as stack:
        if path == "server":
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            stack.enter_context(peers.raw_client(listener.getsockname(), peers.silent))
            accepted: socket.socket | None = listener.accept()[0]
            address = ("", 0)
            call = call | {"server_side": True, "certfile": "good.crt", "keyfile": "good.key"}
        else:
            accepted, address = None, stack.enter_context(peers.raw_server(peers.silent)).address
        device = stack.enter_context(plain_device(certs, transport_class=transport))
        script = Script(device, address, path, call, {}, sock=device.adopt(accepted) if accepted else None)
        assert script.run("wrap") == "OSError -26624"
        assert clocks[0].now == seconds
        assert device.codes() == ["ussl-handshake-failed", "quirk-handshake-timeout-ignored"]


@pytest.mark.parametrize(
    ("behave", "value"), [(peers.say_and_stay(b"here"), b"here"), (peers.drain, b"")], ids=["data", "silence"]
)
def test_settimeout_0_receives_what_is_there(behave: peers.TlsBehaviour, value: bytes, certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), behave) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address)
        if value:
            conn._transport.wait(read=True, write=False, timeout=10)
        conn.settimeout(0)
        got = conn.recv(100)
        assert got == value
        assert conn.recv(100) == b""
        assert "quirk-recv-nonblocking-blocks" in device.codes()


def test_settimeout_0_with_the_quirk_waits_for_late_data(certs: Certificates) -> None:
    late = peers.say_when_released(b"late")
    with peers.tls_server(peers.server_context(certs["good"]), late) as peer, Device(certs.files) as device:
        conn = device.wrap_then_connect(peer.address)
        conn.settimeout(0)
        transport = conn._transport
        waits = []

        def wait(*, read: bool, write: bool, timeout: float | None) -> bool:
            waits.append(timeout)
            peer.release.set()
            return SocketTransport.wait(transport, read=read, write=write, timeout=10)  # type: ignore[arg-type]

        transport.wait = wait  # type: ignore[method-assign]
        assert conn.recv(10) == b"late"
        assert waits[0] is None


def test_a_connection_stays_usable_after_a_timeout(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address)
        conn.settimeout(0.02)
        with pytest.raises(TimeoutError, match=r"^timed out$"):
            conn.recv(10)
        conn.settimeout(None)
        conn.send(b"again")
        assert conn.recv(10) == b"again"
        conn.close()


STREAM: list[tuple[str, Callable[[Connection], object], object]] = [
    ("read-n", lambda conn: conn.read(8), b"one\ntwo\n"),
    ("read-all", lambda conn: conn.read(), b"one\ntwo\nthree"),
    ("read-0", lambda conn: conn.read(0), b""),
    (
        "readline",
        lambda conn: [conn.readline(), conn.readline(), conn.readline(), conn.readline()],
        [b"one\n", b"two\n", b"three", b""],
    ),
    ("readline-n", lambda conn: [conn.readline(2), conn.readline(), conn.readline(0)], [b"on", b"e\n", b""]),
    ("recv-0", lambda conn: (conn.recv(0), conn.recv(3)), (b"", b"one")),
]


@pytest.mark.parametrize(("use", "expected"), [row[1:] for row in STREAM], ids=[row[0] for row in STREAM])
def test_as_a_stream(use: Callable[[Connection], object], expected: object, certs: Certificates) -> None:
    says = peers.say(b"one\ntwo\nthree", goodbye=True)
    with peers.tls_server(peers.server_context(certs["good"]), says) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address)
        assert use(conn) == expected
        conn.close()


def test_readinto_fills_a_buffer(certs: Certificates) -> None:
    says = peers.say(b"0123456789", goodbye=False)
    with peers.tls_server(peers.server_context(certs["good"]), says) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address)
        buffer = bytearray(4)
        assert conn.readinto(buffer) == 4
        assert buffer == b"0123"
        assert conn.readinto(buffer, 2) == 2
        assert buffer == b"4523"
        assert conn.readinto(memoryview(bytearray(20))) == 4
        conn.close()


@pytest.mark.parametrize(("quirks", "kept"), [(NO_QUIRKS, b"abc"), (ALL_QUIRKS, b"")], ids=["default", "quirk"])
def test_a_read_that_times_out_is_error_26624(quirks: frozenset[str], kept: bytes, certs: Certificates) -> None:
    says = peers.say_and_stay(b"abc")
    with (
        peers.tls_server(peers.server_context(certs["good"]), says) as peer,
        Device(certs.files, quirks=quirks) as device,
    ):
        conn = device.wrap_then_connect(peer.address)
        conn._transport.wait(read=True, write=False, timeout=10)
        conn.settimeout(0.02)
        with pytest.raises(DeviceError) as caught:
            conn.read(10)
        assert caught.value.args == (-26624,)
        assert conn.pending() == len(kept)
        conn.settimeout(0.02 if not kept else 5)
        if kept:
            assert conn.recv(10) == kept
        conn.close()


def test_pending_counts_what_recv_would_give(certs: Certificates) -> None:
    says = peers.say_and_stay(b"x" * 10)
    with peers.tls_server(peers.server_context(certs["good"]), says) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address)
        assert conn.recv(4) == b"x" * 4
        assert conn.pending() == 6
        conn.close()
        assert conn.pending() == 0


def test_a_reset_is_error_80_after_the_data_and_104_on_sending(certs: Certificates) -> None:
    def say_and_reset(conn: Any, seen: peers.Seen, peer: peers.Peer) -> None:
        conn.sendall(b"last words")
        peer.release.wait(peers.LIMIT)
        peers.reset(conn, seen, peer)

    context = peers.server_context(certs["good"])
    with peers.tls_server(context, say_and_reset) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address)
        assert conn.recv(100) == b"last words"
        peer.release.set()
        for _ in range(2):
            with pytest.raises(DeviceError) as caught:
                conn.recv(10)
            assert caught.value.args == (-80,)
        with pytest.raises(DeviceError) as sending:
            conn.send(b"x")
        assert sending.value.args[0] in (104, 32)
        assert "ussl-connection-failed" in device.codes()
        conn.close()


def test_empty_data_cannot_be_sent_but_written(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.drain) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address)
        with pytest.raises(DeviceError) as caught:
            conn.send(b"")
        assert caught.value.args == (0,)
        assert conn.write(b"") == 0
        assert conn.write(bytes(40000)) == 40000
        conn.close()
    assert len(peer.connections[0].data) == 40000


def test_one_thread_sends_while_another_receives(certs: Certificates) -> None:
    size = 1_500_000
    data = bytes(range(256)) * (size // 256 + 1)
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address)
        sender = threading.Thread(target=conn.write, args=(data,))
        sender.start()
        assert conn.read(len(data)) == data
        sender.join()
        conn.close()


def test_two_readers_and_two_writers_lose_nothing(certs: Certificates) -> None:
    share = 200_000
    got = [0, 0]
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address)
        conn.settimeout(1)

        def take(index: int) -> None:
            while sum(got) < 2 * share:
                try:
                    got[index] += len(conn.recv(5000))
                except TimeoutError:
                    continue

        threads = [threading.Thread(target=take, args=(index,)) for index in (0, 1)]
        threads += [threading.Thread(target=conn.write, args=(bytes(share),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(got) == 2 * share
        conn.close()


def test_what_wait_raises_passes_and_the_connection_lives(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer, plain_device(certs) as device:
        device.expects_silence = True
        conn = device.wrap_then_connect(peer.address)
        with pytest.raises(Hangs):
            conn.recv(10)
        conn.send(b"alive")
        assert conn.read(5) == b"alive"
        conn.close()


def test_close_twice_and_afterwards(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.drain) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address)
        conn.close()
        conn.close()
        for call in (lambda: conn.recv(1), lambda: conn.read(1), conn.session):
            with pytest.raises(DeviceError) as caught:
                call()
            assert caught.value.args == (-28928,)
        with pytest.raises(DeviceError) as again:
            conn.do_handshake()
        assert again.value.args == (-1,)
        with pytest.raises(DeviceError) as sending:
            conn.send(b"x")
        assert sending.value.args == (0,)


def test_do_handshake_checks_the_result_again(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer, plain_device(certs) as device:
        good = device.wrap_then_connect(peer.address)
        good.do_handshake()
        good.close()
        device.__exit__()
        plan = prepare(device.env, **named({"cert_reqs": 1, "ca_certs": "other-ca.pem"}), sock_ok=True)
        bad = Connection(plan, device._transport(device.dial(peer.address)), device.env)
        with pytest.raises(DeviceError) as before:
            bad.do_handshake()
        with pytest.raises(DeviceError):
            bad.handshake("connect")
        with pytest.raises(DeviceError) as after:
            bad.do_handshake()
        assert (before.value.args, after.value.args) == ((-78,), (8,))
        with pytest.raises(DeviceError) as twice:
            bad.handshake("connect")
        assert twice.value.args == (-28928,)


AFTERWARDS: list[tuple[str, peers.RawBehaviour, int, int]] = [
    # what the handshake raises, and what a later recv does: the board goes on reading where it stopped
    ("not-tls", peers.answer(b"HTTP/1.1 400 Bad Request\r\n\r\nand more"), -29184, -29184),
    ("alert-and-fin", peers.answer(b"\x15\x03\x03\x00\x02\x02\x28"), -30592, -29312),
    ("fin", peers.answer(b""), -29312, -29312),
    ("reset", peers.reset_after_hello, -80, -29312),
]


@pytest.mark.parametrize(("behave", "number", "later"), [pytest.param(*row[1:], id=row[0]) for row in AFTERWARDS])
def test_recv_after_a_failed_handshake_finds_the_end(
    behave: peers.RawBehaviour, number: int, later: int, certs: Certificates
) -> None:
    with peers.raw_server(behave) as peer, plain_device(certs) as device:
        plan = prepare(device.env, **named({}), sock_ok=True)
        conn = Connection(plan, device._transport(device.dial(peer.address)), device.env)
        with pytest.raises(DeviceError) as caught:
            conn.handshake("connect")
        assert caught.value.args == (number,)
        for _ in range(2):
            with pytest.raises(DeviceError) as after:
                conn.recv(1)
            assert after.value.args == (later,)


def test_recv_after_a_failed_handshake_waits_for_a_peer_that_stays(certs: Certificates) -> None:
    def behave(conn: socket.socket, seen: peers.Seen, peer: peers.Peer) -> None:
        peers.first_flight(conn)
        conn.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
        peers._collect(conn, seen)

    with peers.raw_server(behave) as peer, plain_device(certs) as device:
        conn = Connection(
            prepare(device.env, **named({}), sock_ok=True), device._transport(device.dial(peer.address)), device.env
        )
        with pytest.raises(DeviceError):
            conn.handshake("connect")
        conn.settimeout(0.02)
        with pytest.raises(TimeoutError):
            conn.recv(1)


@pytest.mark.parametrize(("quirks", "outcome"), [(frozenset(), "ok"), (frozenset({"recv-nothing-waits"}), "hangs")])
def test_recv_of_nothing(quirks: frozenset[str], outcome: str, certs: Certificates) -> None:
    with (
        peers.tls_server(peers.server_context(certs["good"], tickets=False)) as peer,
        Device(certs.files, quirks=quirks, expects_silence=True) as device,
    ):
        conn = device.wrap_then_connect(peer.address)
        try:
            assert conn.recv(0) == b""
            seen = "ok"
        except Hangs:
            seen = "hangs"
        conn.close()
        assert seen == outcome


def test_after_a_failed_handshake_nothing_works(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.drain) as peer, plain_device(certs) as device:
        plan = prepare(device.env, **named({"cert_reqs": 2, "ca_certs": "other-ca.pem"}), sock_ok=True)
        conn = Connection(plan, device._transport(device.dial(peer.address)), device.env)
        calls: tuple[Callable[[], object], ...] = (lambda: conn.handshake("connect"), conn.do_handshake)
        for call in calls:
            with pytest.raises(DeviceError) as caught:
                call()
            assert caught.value.args == (-9984,)
        with pytest.raises(DeviceError) as later:
            conn.session()
        assert later.value.args == (-28928,)


def test_a_session_with_faults_fails_in_both_orders(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer, plain_device(certs) as device:
        first = Script(device, peer.address, "wc", {"cert_reqs": 1, "ca_certs": "other-ca.pem"}, {})
        assert first.run("wrap! save close") == "ok"
        second = Script(device, peer.address, "cw", {"saved_session": first.session}, {})
        assert second.run("wrap") == "OSError -1"
        assert "ussl-stored-result" in device.codes()


WIRE_USAGE = [
    ("usage-sign", "ECDHE", "ok"),
    ("usage-sign", "AES128-SHA", "OSError -31232"),
    ("usage-encipher", "AES128-SHA", "ok"),
    ("usage-encipher", "ECDHE", "OSError -31232"),
]


@pytest.mark.parametrize(("server", "ciphers", "outcome"), WIRE_USAGE)
def test_the_key_usage_needed_follows_the_suite(server: str, ciphers: str, outcome: str, certs: Certificates) -> None:
    context = peers.server_context(certs[server], ciphers=ciphers)
    with peers.tls_server(context) as peer, plain_device(certs) as device:
        call = {"cert_reqs": 2, "ca_certs": "ca.pem"}
        assert Script(device, peer.address, "wc", call, {}).run("wrap close") == outcome


def test_a_refused_resumption_shows_the_new_certificate(certs: Certificates) -> None:
    asks = peers.server_context(certs["good"], require=True, trust=certs["ca"].pem)
    with (
        peers.tls_server([peers.server_context(certs["good"]), asks], peers.echo) as peer,
        plain_device(certs) as device,
    ):
        later = {"certfile": "client.crt", "keyfile": "client.key"}
        script = Script(device, peer.address, "wc", {}, later)
        assert script.run("wrap send=ping recv=100 save close wrap+ send=ping recv=100 close") == "ok"
    assert [seen.client_certificate for seen in peer.connections] == [False, True]
    assert peer.connections[1].resumed is False


def test_a_server_that_connects_meets_a_peer_that_closes(certs: Certificates) -> None:
    with peers.raw_server(peers.answer(b"", listen_first=False)) as peer, plain_device(certs) as device:
        call = {"server_side": True, "certfile": "good.crt", "keyfile": "good.key"}
        assert Script(device, peer.address, "wc", call, {}).run("wrap") == "OSError -29312"


def test_a_server_that_connects_raises_128_without_checks(certs: Certificates) -> None:
    """The firmware's connect takes "not checked" for a fault; only wrap_socket lets it pass."""
    context = peers.client_context()

    def turn_round(raw: socket.socket, seen: peers.Seen, peer: peers.Peer) -> None:
        conn = context.wrap_socket(raw, suppress_ragged_eofs=True)
        peers.drain(conn, seen, peer)
        conn.close()

    with peers.raw_server(turn_round) as peer, plain_device(certs) as device:
        call = {"server_side": True, "certfile": "good.crt", "keyfile": "good.key"}
        assert Script(device, peer.address, "wc", call, {}).run("wrap") == "OSError 128"


def test_a_server_saves_no_session(certs: Certificates) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        peers.tls_client(peers.client_context(), listener.getsockname()),
        plain_device(certs) as device,
    ):
        conn = device.wrap(
            device.adopt(listener.accept()[0]), server_side=True, certfile="good.crt", keyfile="good.key"
        )
        with pytest.raises(DeviceError) as caught:
            conn.session()
        assert caught.value.args == (-28928,)
        assert device.codes() == ["ussl-bad-input"]
        conn.close()


def test_the_server_never_resumes(certs: Certificates) -> None:
    context = peers.client_context()
    sessions: list[Any] = []

    def keep(conn: Any, seen: peers.Seen, peer: peers.Peer) -> None:
        peers.drain(conn, seen, peer)
        sessions.append(conn.session)

    for _ in range(2):
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            peers.tls_client(context, listener.getsockname(), keep) as client,
            plain_device(certs) as device,
        ):
            conn = device.wrap(
                device.adopt(listener.accept()[0]), server_side=True, certfile="good.crt", keyfile="good.key"
            )
            conn.close()
        assert client.connections[0].resumed is False
    assert not any(session.has_ticket for session in sessions)


SNI = [
    ("device.test", "device.test"),
    ("a" * 64 + ".test", "a" * 64 + ".test"),
    ("", None),
    (".test", None),
    (b"caf\xc3\xa9", None),
]


@pytest.mark.parametrize(("host", "sent"), SNI)
def test_the_name_is_sent_as_it_is(host: str | bytes, sent: str | None, certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"])) as peer, plain_device(certs) as device:
        conn = device.wrap_then_connect(peer.address, server_hostname=host)
        conn.close()
    assert peer.connections[0].sni == sent


NOTES = [
    ("unverified", "good", {}, ["ussl-unverified"]),
    ("ca-given-in-vain", "good", {"ca_certs": "ca.pem"}, ["ussl-unverified"]),
    ("name-unchecked", "good", {"cert_reqs": 2, "ca_certs": "ca.pem"}, ["ussl-name-unchecked"]),
    ("all-checked", "good", {"cert_reqs": 2, "ca_certs": "ca.pem", "server_hostname": "device.test"}, []),
    ("wrong-ca", "good", {"cert_reqs": 2, "ca_certs": "other-ca.pem"}, ["ussl-certificate-refused"]),
    ("ed25519", "ed25519-signed", {}, ["ussl-certificate-unreadable"]),
]


@pytest.mark.parametrize(("server", "call", "codes"), [row[1:] for row in NOTES], ids=[row[0] for row in NOTES])
def test_notes(server: str, call: dict[str, Any], codes: list[str], certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs[server])) as peer, plain_device(certs) as device:
        script = Script(device, peer.address, "wc", call, {})
        script.run("wrap close")
        assert device.codes() == codes
        for note in device.notes:
            assert note.cause
            assert note.fix
            assert len(str(note).splitlines()) <= 6


def test_a_refusal_names_the_issuer_and_the_names(certs: Certificates) -> None:
    call = {"cert_reqs": 2, "ca_certs": "other-ca.pem", "server_hostname": "wrong.test"}
    with peers.tls_server(peers.server_context(certs["good"])) as peer, plain_device(certs) as device:
        assert Script(device, peer.address, "cw", call, {}).run("wrap") == "OSError -9984"
        evidence = device.notes[0].evidence
    for part in ("CN=ca", "CN=other-ca", "wrong.test", "device.test"):
        assert part in evidence


def test_an_alert_of_the_peer_is_named(certs: Certificates) -> None:
    context = peers.server_context(certs["good"], require=True, trust=certs["ca"].pem)
    with peers.tls_server(context) as peer, plain_device(certs) as device:
        assert Script(device, peer.address, "wc", {}, {}).run("wrap") == "OSError -30592"
        assert "alert 40 (handshake_failure)" in device.notes[0].evidence


def test_a_resumed_session_that_checks_nothing_says_so(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer, plain_device(certs) as device:
        later = {"cert_reqs": 2, "ca_certs": "other-ca.pem"}
        script = Script(device, peer.address, "wc", {}, later)
        assert script.run("wrap send=ping recv=100 save close wrap+ close") == "ok"
        assert device.codes() == ["ussl-unverified", "ussl-resumed-unchecked"]


def test_a_rejected_certificate_chain_is_never_answered_with_application_data(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.drain) as peer, plain_device(certs) as device:
        call = {"cert_reqs": 2, "ca_certs": "other-ca.pem"}
        script = Script(device, peer.address, "wc", call, {})
        assert script.run("wrap send=secret") == "OSError -9984"
    assert peer.connections[0].data == b""
    assert peer.connections[0].error == "TLSV1_ALERT_UNKNOWN_CA"
