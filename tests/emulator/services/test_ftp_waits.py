"""The FTP server's waits at their full length, side by side: 10 s for data, 300 s without data (nightly)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from emulator.servers import DEFAULT_TIMEOUT
from emulator.services.ftp import DATA_TIMEOUT
from tests.emulator.services.ftp_harness import Bench, Client

Make = Callable[..., Bench]


def test_waits_are_the_boards() -> None:
    assert (DATA_TIMEOUT, DEFAULT_TIMEOUT) == (10.0, 300.0)


def waited(client: Client, expected: bytes) -> float:
    """Seconds until the reply; there may be none for long."""
    begin = time.monotonic()
    client.socket.settimeout(400)
    assert client.line() == expected
    return time.monotonic() - begin


def _silent_upload(bench: Bench) -> None:
    client = bench.client()
    client.say(b"CWD /flash/lib")
    with client.passive() as data:
        assert client.say(b"STOR x") == b"150 "
        data.sendall(b"half")
        assert 9.5 <= waited(client, b"426 ") <= 12
        assert data.recv(1) == b""
    assert bench.volume.read("/lib/x") == b"half"


def _slow_upload(bench: Bench) -> None:
    client = bench.client()
    client.say(b"CWD /flash/lib")
    with client.passive() as data:
        assert client.say(b"STOR y") == b"150 "
        for _ in range(3):
            threading.Event().wait(8)
            data.sendall(b"z")
    assert client.line() == b"226 "
    assert bench.volume.read("/lib/y") == b"zzz"


def _nobody_connects(bench: Bench) -> None:
    client = bench.client()
    numbers = client.say(b"PASV").strip(b"()").split(b",")[-2:]
    assert client.say(b"LIST") == b"150 "
    assert 9.5 <= waited(client, b"425 ") <= 12
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", int(numbers[0]) * 256 + int(numbers[1])))
    assert client.say(b"NOOP") == b"200 "


def _connection_not_used(bench: Bench) -> None:
    client = bench.client()
    with client.passive() as data:
        data.settimeout(15)
        begin = time.monotonic()
        assert data.recv(1) == b""
        assert 9.5 <= time.monotonic() - begin <= 12
    assert client.say(b"LIST") == b"425 "


def _idle(bench: Bench) -> None:
    client = bench.client()
    assert 299 <= waited(client, b"221 ") <= 305
    assert client.ended()


def _idle_with_commands(bench: Bench) -> None:
    client = bench.client()
    begin = time.monotonic()
    while client.say(b"NOOP") == b"200 ":
        assert time.monotonic() - begin < 305
        threading.Event().wait(5)
    assert time.monotonic() - begin >= 290
    assert client.ended()


def _idle_but_for_data(bench: Bench) -> None:
    client = bench.client()
    begin = time.monotonic()
    while time.monotonic() - begin < 320:
        assert client.fetch(b"LIST")[0] == b"226 "
        threading.Event().wait(20)
    assert client.say(b"NOOP") == b"200 "


def _no_login(bench: Bench) -> None:
    client = bench.client(login=False)
    client.say(b"USER micro")
    assert 59 <= waited(client, b"221 ") <= 63


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_waits_at_full_length(make: Make) -> None:
    failures: list[str] = []

    def guarded(case: Callable[[Bench], None], bench: Bench) -> None:
        try:
            case(bench)
        except BaseException as error:  # noqa: BLE001  told below
            failures.append(f"{case.__name__}: {error!r}")

    cases = (
        _silent_upload,
        _slow_upload,
        _nobody_connects,
        _connection_not_used,
        _idle,
        _idle_with_commands,
        _idle_but_for_data,
        _no_login,
    )
    threads = [threading.Thread(target=guarded, args=(case, make())) for case in cases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
