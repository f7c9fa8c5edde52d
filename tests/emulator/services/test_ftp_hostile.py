"""What bad clients do to the FTP server: it says what the board says or nothing, loses nothing, and serves the next one."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.services import ftp_data, ftp_engine
from emulator.services.ftp_session import COMMANDS
from tests.emulator.services.ftp_harness import PATIENCE, PAYLOAD, SOON, Bench, Client, break_connection, until

Make = Callable[..., Bench]


def still_works(bench: Bench, *, transfers: bool = True) -> None:
    """:param transfers: False where the data connection has very little time"""
    client = bench.client()
    if transfers:
        client.say(b"CWD /flash/lib")
        assert client.store(b"proof", PAYLOAD) == b"226 "
        assert client.fetch(b"RETR proof") == (b"226 ", PAYLOAD)
        assert client.say(b"DELE proof") == b"250 "
    assert client.say(b"SIZE /flash/nope") == b"550 "
    assert client.say(b"QUIT") == b"221 "
    assert "ftp-internal-error" not in bench.codes


# -- clients that vanish


def _connected(client: Client) -> None:
    client.say(b"CWD /flash/lib")


def _half_a_command(client: Client) -> None:
    client.socket.sendall(b"STOR x")


def _half_a_login(client: Client) -> None:
    client.send(b"USER micro")


def _command(client: Client) -> None:
    client.send(b"STOR x")


def _listener(client: Client) -> None:
    client.say(b"PASV")


def _data(client: Client) -> None:
    client.data = client.passive()


def _waiting_upload(client: Client) -> None:
    client.say(b"PASV", b"STOR x")


def _upload(client: Client) -> None:
    client.say(b"CWD /flash/lib")
    _data(client)
    client.say(b"STOR x")
    assert client.data is not None
    client.data.sendall(b"half")


def _download(client: Client) -> None:
    client.say(b"CWD /flash")
    _data(client)
    client.say(b"RETR big")


def _listing(client: Client) -> None:
    _data(client)
    client.say(b"LIST")


def _pipeline(client: Client) -> None:
    client.send(*[b"PWD"] * 500)


STAGES = (
    _connected,
    _half_a_command,
    _half_a_login,
    _command,
    _listener,
    _data,
    _waiting_upload,
    _upload,
    _download,
    _listing,
    _pipeline,
)


@pytest.mark.parametrize("leave", ["close", "reset", "data first", "data only"])
@pytest.mark.parametrize("stage", STAGES, ids=[stage.__name__[1:] for stage in STAGES])
def test_clients_that_vanish(make: Make, stage: Callable[[Client], None], leave: str) -> None:
    # the end of a session that waits for its data connection is seen only when that wait is over
    waits = stage is _waiting_upload
    bench = make(capacity=None, data_timeout=2 * SOON if waits else 10.0)
    bench.volume.load({"/big": bytes(8_000_000)})
    client = bench.client(login=stage is not _half_a_login)
    stage(client)
    data = client.data
    if leave == "reset":
        break_connection(client.socket)
        client.file.close()
    if data is not None:
        (break_connection if leave == "reset" else socket.socket.close)(data)
    if leave != "data only":
        client.close()
    still_works(bench, transfers=not waits)
    sessions = bench.server._engine.sessions  # type: ignore[union-attr]
    if leave != "data only":
        until(lambda: not sessions)


@pytest.mark.parametrize("kind", ["littlefs", "fat"])
def test_vanished_upload_keeps_what_came_as_on_the_board(make: Make, kind: str) -> None:
    bench = make(kind)
    bench.volume.load({"/lib/x": b"old content"})
    client = bench.client()
    _upload(client)
    client.close()
    until(lambda: bench.volume.read("/lib/x") == b"half")
    still_works(bench)


# -- floods


def test_two_hundred_sessions_at_once(bench: Bench) -> None:
    clients = [Client(bench.server.port) for _ in range(200)]
    try:
        assert {client.line() for client in clients} == {b"220 Micropython FTP Server"}
        for number, client in enumerate(clients):
            if number % 2:
                assert client.say(b"USER micro", b"PASS python") == b"230 "
        for client in clients[1::2]:
            assert client.say(b"PASV").startswith(b"227 ")
        still_works(bench)
        assert len(threading.enumerate()) < 50
    finally:
        for number, client in enumerate(clients):
            if number % 3:
                client.close()
            else:
                client.file.close()
                break_connection(client.socket)
    sessions = bench.server._engine.sessions  # type: ignore[union-attr]
    until(lambda: not sessions)
    still_works(bench)
    assert bench.codes == ["ftp-second-session"]


def test_passive_without_end_holds_one_listener(bench: Bench) -> None:
    client = bench.client()
    before = descriptors()
    for _ in range(300):
        assert client.say(b"PASV").startswith(b"227 ")
    assert descriptors() <= before + 1
    still_works(bench)


def descriptors() -> int:
    where = Path("/proc/self/fd")
    return len(list(where.iterdir())) if where.exists() else 0


def test_thousands_of_commands_in_one_go(bench: Bench) -> None:
    client = bench.client()
    threading.Thread(target=client.send, args=[b"NOOP"] * 5000).start()
    for _ in range(5000):
        assert client.line() == b"200 "
    still_works(bench)


@pytest.mark.parametrize(("login", "reply"), [(False, b"332 \r\n"), (True, b"257 /\r\n")])
def test_who_reads_no_replies_is_not_read_either(bench: Bench, login: bool, reply: bytes) -> None:
    """Or else the commands of one client, which need no login, would fill the memory of this machine."""
    client = bench.client(login=login)
    (session,) = bench.server._engine.sessions  # type: ignore[union-attr]
    for sock in (client.socket, session.socket):
        for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            sock.setsockopt(socket.SOL_SOCKET, buffer, 65536)
    commands = b"PWD\r\n" * 10_000
    client.socket.settimeout(SOON)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 64 << 20:
            sent += client.socket.send(commands[sent % 5 :])
    assert bench.client().say(b"NOOP") == b"200 "
    client.socket.settimeout(PATIENCE)
    assert client.file.read(len(reply) * (sent // 5)) == reply * (sent // 5)
    still_works(bench)


@pytest.mark.parametrize("login", [False, True], ids=["before login", "after login"])
@pytest.mark.parametrize("end", [b"", b"\n"], ids=["no end", "end"])
def test_endless_line(bench: Bench, login: bool, end: bytes) -> None:
    client = bench.client(login=login)
    client.socket.sendall(b"SIZE /flash/" + b"x" * 1_000_000 + end)
    assert client.line() == (b"550 " if login else b"332 ")
    if end:
        assert client.say(b"NOOP") == (b"200 " if login else b"332 ")
    client.close()
    still_works(bench)


def test_one_byte_at_a_time(bench: Bench) -> None:
    client = bench.client(login=False)
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b"USER micro\r\nPASS python\r\nSIZE /flash/main.py\r\n":
        client.socket.sendall(bytes([byte]))
    assert [client.line() for _ in range(3)] == [b"331 ", b"230 ", b"213 34"]


def test_upload_one_byte_at_a_time(bench: Bench) -> None:
    client = bench.client()
    client.say(b"CWD /flash/lib")
    with client.passive() as data:
        data.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert client.say(b"STOR x") == b"150 "
        for byte in PAYLOAD[:1000]:
            data.sendall(bytes([byte]))
    assert client.line() == b"226 "
    assert bench.volume.read("/lib/x") == PAYLOAD[:1000]


def test_client_that_reads_no_download_holds_up_nobody(make: Make) -> None:
    bench = make(capacity=None)
    bench.volume.load({"/big": bytes(30_000_000)})
    client = bench.client()
    _download(client)
    still_works(bench)
    bench.server.configure("micro", "python", SOON)
    assert client.line() == b"221 "


# -- addresses


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second loopback address")
def test_data_connection_from_another_address(bench: Bench) -> None:
    client = bench.client()
    client.say(b"CWD /flash")
    numbers = client.say(b"PASV").strip(b"()").split(b",")[-2:]
    where = "127.0.0.1", int(numbers[0]) * 256 + int(numbers[1])
    for _ in range(3):
        with socket.create_connection(where, PATIENCE, source_address=("127.0.0.2", 0)) as stranger:
            assert stranger.recv(1) == b""
    with socket.create_connection(where, PATIENCE) as data:
        assert client.say(b"RETR main.py") == b"150 "
        assert len(data.makefile("rb").read()) == 34
    assert client.line() == b"226 "
    assert bench.codes == ["ftp-data-from-elsewhere"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second loopback address")
def test_stranger_gets_no_listing(bench: Bench) -> None:
    client = bench.client()
    numbers = client.say(b"PASV").strip(b"()").split(b",")[-2:]
    where = "127.0.0.1", int(numbers[0]) * 256 + int(numbers[1])
    assert client.say(b"LIST") == b"150 "
    with socket.create_connection(where, PATIENCE, source_address=("127.0.0.3", 0)) as stranger:
        assert stranger.recv(1) == b""
    with socket.create_connection(where, PATIENCE) as data:
        assert data.recv(100).endswith(b"flash\r\n")
    assert client.line() == b"226 "


def test_server_listens_on_this_machine_alone(bench: Bench) -> None:
    client = bench.client()
    assert client.socket.getpeername()[0] == "127.0.0.1"
    with client.passive() as data:
        assert data.getpeername()[0] == "127.0.0.1"


# -- replies that close the data connection


@pytest.mark.parametrize("command", [b"RETR nope", b"STOR a/b", b"SIZE nope", b"CWD nope", b"RNTO x", b"MKD lib"])
def test_550_closes_the_data_connection(bench: Bench, command: bytes) -> None:
    client = bench.client()
    client.say(b"CWD /flash")
    with client.passive() as data:
        assert client.say(command) == b"550 "
        assert data.recv(1) == b""
    assert client.say(b"LIST") == b"425 "
    assert client.fetch(b"LIST")[0] == b"226 "


@pytest.mark.parametrize("command", [b"NOOP", b"PWD", b"TYPE I", b"SIZE main.py", b"XXXX", b"PASS wrong", b"CWD lib"])
def test_other_replies_keep_the_data_connection(bench: Bench, command: bytes) -> None:
    client = bench.client()
    client.say(b"CWD /flash")
    with client.passive() as data:
        client.say(command)
        assert client.say(b"LIST") == b"150 "
        data.recv(1000)
    assert client.line() == b"226 "


# -- a host at its limits


def test_no_descriptors_for_a_listener_is_425(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    client = bench.client()

    def refuse(*arguments: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(ftp_data.socket, "socket", refuse)
        assert client.say(b"PASV") == b"425 "
    assert client.fetch(b"LIST")[0] == b"226 "


def test_no_descriptors_for_a_session_is_a_wait(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ftp_engine, "ACCEPT_AGAIN_SECONDS", SOON)
    listener = bench.server._engine._listener  # type: ignore[union-attr]
    accept, failures = listener.accept, [1, 1]  # type: ignore[union-attr]

    def short() -> object:
        if failures:
            failures.pop()
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return accept()

    monkeypatch.setattr(listener, "accept", short)
    still_works(bench)
    assert not failures


# -- a defect of ours: the session ends with a note, the server goes on


@pytest.mark.parametrize("where", ["command", "write", "finish", "read", "listing"])
def test_mistake_of_our_own_ends_one_session(bench: Bench, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def fail(*arguments: object, **more: object) -> bytes:
        raise RuntimeError("a mistake")

    client = bench.client()
    client.say(b"CWD /flash")
    with monkeypatch.context() as patch:
        if where == "command":
            patch.setitem(COMMANDS, b"NOOP", fail)
            client.send(b"NOOP")
        else:
            client.data = client.passive()
            name, command = {
                "write": ("FileSink.write", b"STOR lib/x"),
                "finish": ("FileSink.finish", b"STOR lib/x"),
                "read": ("FileSource.more", b"RETR main.py"),
                "listing": ("Listing.more", b"LIST"),
            }[where]
            patch.setattr(f"emulator.services.ftp_transfers.{name}", fail)
            client.send(command)
            client.line()
            with contextlib.suppress(OSError):  # it may be over already
                client.data.sendall(b"some")
                client.data.shutdown(socket.SHUT_WR)
        assert client.ended()
        if client.data is not None:
            with contextlib.suppress(ConnectionError):
                assert client.data.recv(1) == b""
    assert bench.codes.count("ftp-internal-error") == 1
    bench.notes.clear()
    still_works(bench)


# -- anything at all

WORDS = st.sampled_from([*COMMANDS, b"", b"XX", b"EPSV", b"\xff\xf4\xf2ABOR"])
ARGUMENTS = st.one_of(
    st.sampled_from(
        [b"/flash", b"/flash/lib/x", b"x", b"..", b"/", b"main.py", b"/flash/main.py", b"micro", b"python"]
    ),
    st.binary(max_size=200),
)
STEPS = st.lists(st.tuples(WORDS, ARGUMENTS, st.sampled_from(["none", "connect", "send", "drop"])), max_size=12)


def converse(bench: Bench, steps: list[tuple[bytes, bytes, str]], *, login: bool) -> None:
    client = bench.client(login=login)
    data: list[socket.socket] = []
    ended = False
    for word, argument, what in steps:
        client.socket.sendall(word + b" " + argument.replace(b"\n", b"") + b"\n")
        answer = client.line()
        if answer.startswith(b"221"):
            ended = True
            break
        assert answer[:3].isdigit()
        assert answer[3:4] == b" "
        if answer.startswith(b"227") and what != "none":
            numbers = answer.strip(b"()").split(b",")[-2:]
            data.append(
                socket.create_connection(("127.0.0.1", int(numbers[0]) * 256 + int(numbers[1])), timeout=PATIENCE)
            )
            if what == "send":
                data[-1].sendall(argument)
                data[-1].shutdown(socket.SHUT_WR)
            elif what == "drop":
                break_connection(data.pop())
        if answer.startswith(b"150"):
            while data:
                data.pop().close()
            answer = client.line()
            assert answer in (b"226 ", b"425 ", b"426 ", b"451 ")
    for sock in data:
        sock.close()
    if not ended:
        assert client.say(b"QUIT") == b"221 "
    client.close()


@pytest.mark.parametrize("kind", ["littlefs", "fat"])
def test_any_conversation_comes_to_an_end(make: Make, kind: str) -> None:
    bench = make(kind, data_timeout=SOON)

    @settings(max_examples=40, deadline=None)
    @given(STEPS, st.booleans())
    def run(steps: list[tuple[bytes, bytes, str]], login: bool) -> None:
        converse(bench, steps, login=login)

    run()
    still_works(bench, transfers=False)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["littlefs", "fat"])
def test_any_conversation_comes_to_an_end_at_length(make: Make, kind: str) -> None:
    bench = make(kind, data_timeout=SOON)

    @settings(max_examples=3000, deadline=None)
    @given(STEPS, st.booleans())
    def run(steps: list[tuple[bytes, bytes, str]], login: bool) -> None:
        converse(bench, steps, login=login)

    run()
    still_works(bench, transfers=False)
