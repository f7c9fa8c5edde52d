"""Each quirk of the FTP server: what is done by default and what its note says, and what the board does on request.

Source of the board's side: firmware esp32/ftp/ftp.c.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from emulator.services.ftp_quirks import INSTEAD, QUIRKS
from flashfs import Vfs, Volume
from tests.emulator.services.ftp_harness import PAYLOAD, SOON, Bench, Client, break_connection, until

Make = Callable[..., Bench]


def quirk(name: str) -> frozenset[str]:
    assert name in {row.name for row in QUIRKS}
    return frozenset({name})


def silent(client: Client) -> None:
    """The board says nothing more."""
    client.socket.settimeout(SOON)
    with pytest.raises(TimeoutError):
        client.socket.recv(1)


# -- 451 for absolute paths: section 5 of the board's rules

TRANSFERS = [
    # cwd, argument, whether the board breaks it off
    (b"/", b"/flash/main.py", True),
    (b"/", b"flash/main.py", True),
    (b"/flash", b"/flash/main.py", True),
    (b"/flash", b"main.py", False),
    (b"/flash", b"./main.py", False),
    (b"/flash", b"lib/../main.py", False),
    (b"/flash/lib", b"../main.py", False),
    (b"/flash/..", b"main.py", False),
]


@pytest.mark.parametrize(("cwd", "argument", "breaks"), TRANSFERS)
def test_absolute_transfer(make: Make, cwd: bytes, argument: bytes, breaks: bool) -> None:
    for names in (frozenset[str](), quirk("ftp-absolute-transfer-451")):
        for word in (b"RETR", b"STOR"):
            bench = make("littlefs", quirks=names)
            client = bench.client()
            assert client.say(b"CWD " + cwd) == b"250 "
            reply = client.fetch(b"RETR " + argument)[0] if word == b"RETR" else client.store(argument, b"new")
            assert reply == (b"451 " if breaks and names else b"226 ")
            content = bench.volume.read("/main.py")
            assert (content == b"new") == (word == b"STOR" and reply == b"226 ")
            assert bench.codes == (["ftp-absolute-transfer-451"] if breaks and not names else [])


# -- the lost working directory


@pytest.mark.parametrize(
    ("commands", "board"),
    [
        *[
            ([word + b" /flash/main.py"], b"/")
            for word in (b"SIZE", b"MDTM", b"RETR", b"STOR", b"DELE", b"RMD", b"MKD", b"RNFR", b"RNTO")
        ],
        ([b"SIZE main.py"], b"/flash/lib"),
        ([b"SIZE ../main.py"], b"/flash/lib"),
        ([b"SIZE nope"], b"/flash/lib"),
        ([b"SIZE /nope"], b"/"),
        ([b"CWD nope"], b"/flash/lib"),
        ([b"CWD a/b"], b"/flash/lib/a"),
        ([b"CWD /nope"], b"/"),
        ([b"CWD /flash/main.py"], b"/flash"),
        ([b"CWD /flash/a/b"], b"/flash/a"),
        ([b"MKD /flash/x/"], b"/flash/x"),
        ([b"MKD x/"], b"/flash/lib"),
        ([b"LIST /flash"], b"/flash/lib"),
        ([b"SIZE /flash/main.py", b"CWD flash"], b"/flash"),
    ],
)
def test_working_directory(make: Make, commands: list[bytes], board: bytes) -> None:
    for names in (frozenset[str](), quirk("ftp-cwd-lost")):
        bench = make("littlefs", quirks=names)
        client = bench.client()
        client.say(b"CWD /flash/lib")
        client.say(*commands)
        where = client.say(b"PWD")
        if names:
            assert where == b"257 " + board
            assert "ftp-cwd-lost" not in bench.codes
        else:
            assert where == b"257 /flash/lib"
            assert ("ftp-cwd-lost" in bench.codes) == (board != b"/flash/lib" or len(commands) > 1)


# -- transfers without a data connection


@pytest.mark.parametrize("kind", ["littlefs", "fat"])
def test_no_data_connection(make: Make, kind: str) -> None:
    bench = make(kind)
    client = bench.client()
    client.say(b"CWD /flash")
    for command in (b"LIST", b"RETR main.py", b"STOR main.py", b"STOR new"):
        assert client.say(command) == b"425 "
    assert client.say(b"SIZE main.py") == b"213 34"
    assert client.say(b"SIZE new") == b"550 "
    assert bench.codes == ["ftp-no-data-connection"]

    bench = make(kind, quirks=quirk("ftp-no-data-connection"))
    client = bench.client()
    client.say(b"CWD /flash")
    for command in (b"LIST", b"RETR main.py", b"STOR main.py", b"STOR new"):
        assert client.say(command) == b"150 "
    for command in (b"RETR nope", b"STOR lib", b"STOR a/b"):
        assert client.say(command) == b"550 "
    assert client.say(b"SIZE new") == b"213 0"
    assert client.say(b"SIZE main.py") == (b"213 0" if kind == "fat" else b"213 34")
    silent(client)
    assert bench.codes == []


MISSED = [
    # file system, quirk, target, reply, size afterwards
    ("littlefs", "", b"main.py", b"425 ", b"213 34"),
    ("fat", "", b"main.py", b"425 ", b"213 34"),
    ("littlefs", "", b"new", b"425 ", b"550 "),
    ("fat", "", b"new", b"425 ", b"550 "),
    ("littlefs", "ftp-no-data-connection", b"main.py", b"", b"213 34"),
    ("fat", "ftp-no-data-connection", b"main.py", b"", b"213 0"),
    ("littlefs", "ftp-no-data-connection", b"new", b"", b"213 0"),
    ("fat", "ftp-no-data-connection", b"new", b"", b"213 0"),
    ("fat", "ftp-empty-while-uploaded", b"main.py", b"425 ", b"213 34"),
    ("littlefs", "ftp-empty-while-uploaded", b"new", b"425 ", b"550 "),
]


@pytest.mark.parametrize(("kind", "name", "target", "reply", "size"), MISSED)
def test_upload_whose_data_connection_never_comes(
    make: Make, kind: str, name: str, target: bytes, reply: bytes, size: bytes
) -> None:
    bench = make(kind, quirks=quirk(name) if name else frozenset[str](), data_timeout=SOON)
    client = bench.client()
    client.say(b"CWD /flash")
    address(client)
    assert client.say(b"STOR " + target) == b"150 "
    if reply:
        assert client.line() == reply
    assert client.say(b"SIZE " + target) == size
    assert "ftp-upload-cut-off" not in bench.codes


@pytest.mark.parametrize("kind", ["littlefs", "fat"])
@pytest.mark.parametrize(("target", "size"), [(b"main.py", b"213 34"), (b"new", b"550 ")])
def test_upload_whose_client_leaves_before_it_connects(make: Make, kind: str, target: bytes, size: bytes) -> None:
    bench = make(kind, data_timeout=SOON)
    client, other = bench.client(), bench.client()
    client.say(b"CWD /flash", b"PASV", b"STOR " + target)
    client.close()
    until(lambda: len(bench.server._engine.sessions) == 1)  # type: ignore[union-attr]
    assert other.say(b"SIZE /flash/" + target) == size


@pytest.mark.parametrize("kind", ["littlefs", "fat"])
def test_upload_begins_when_the_data_connection_is_there(make: Make, kind: str) -> None:
    bench = make(kind)
    client, other = bench.client(), bench.client()
    client.say(b"CWD /flash")
    where = address(client)
    assert client.say(b"STOR main.py") == b"150 "
    assert other.say(b"SIZE /flash/main.py") == b"213 34"
    with socket.create_connection(where) as data:
        data.sendall(b"new")
    assert client.line() == b"226 "
    assert bench.volume.read("/main.py") == b"new"
    for command in (b"STOR lib", b"STOR a/b"):
        address(client)
        assert client.say(command) == b"550 "


@pytest.mark.parametrize("content", [b"", b"x"])
def test_upload_whose_name_is_taken_before_it_begins(bench: Bench, content: bytes) -> None:
    client, other = bench.client(), bench.client()
    client.say(b"CWD /flash")
    where = address(client)
    assert client.say(b"STOR x") == b"150 "
    assert other.say(b"MKD /flash/x") == b"250 "
    with socket.create_connection(where) as data:
        data.sendall(content)
    assert client.line() == b"451 "
    assert "ftp-transfer-failed" in bench.codes


# -- commands before the data connection


def address(client: Client) -> tuple[str, int]:
    numbers = client.say(b"PASV").strip(b"()").split(b",")[-2:]
    return "127.0.0.1", int(numbers[0]) * 256 + int(numbers[1])


def test_commands_are_read_before_the_data_connection_is_there(bench: Bench) -> None:
    client = bench.client()
    where = address(client)
    assert client.say(b"PWD") == b"257 /"
    with socket.create_connection(where) as data:
        assert client.say(b"LIST") == b"150 "
        assert data.recv(100)
    assert client.line() == b"226 "
    assert bench.codes == ["ftp-data-first"]


def test_quirk_no_command_is_read_before_the_data_connection(make: Make) -> None:
    bench = make(quirks=quirk("ftp-data-first"))
    client = bench.client()
    where = address(client)
    client.send(b"PWD")
    silent(client)
    with socket.create_connection(where):
        client.socket.settimeout(None)
        assert client.socket.recv(100) == b"257 /\r\n"
    assert bench.codes == []


def test_quirk_commands_are_read_when_the_listener_has_gone(make: Make) -> None:
    bench = make(quirks=quirk("ftp-data-first"), data_timeout=SOON)
    client = bench.client()
    address(client)
    assert client.say(b"PWD") == b"257 /"
    assert client.say(b"PASV").startswith(b"227 ")
    assert client.say(b"QUIT") == b"221 "


def test_quirk_second_line_waits_too(make: Make) -> None:
    bench = make(quirks=quirk("ftp-data-first"), data_timeout=SOON)
    client = bench.client()
    client.send(b"PASV", b"PWD")
    assert client.line().startswith(b"227 ")
    assert client.line() == b"257 /"


# -- what arrives at once


def test_lines_are_commands_however_they_arrive(bench: Bench) -> None:
    client = bench.client()
    client.send(b"CWD /flash", b"PWD", b"NOOP")
    assert [client.line() for _ in range(3)] == [b"250 ", b"257 /flash", b"200 "]
    client.socket.sendall(b"PW")
    until(lambda: "ftp-command-in-pieces" in bench.codes)
    client.socket.sendall(b"D\r\n")
    assert client.line() == b"257 /flash"
    assert bench.codes == ["ftp-pipelined-commands", "ftp-command-in-pieces"]


def test_quirk_what_arrives_at_once_is_a_command(make: Make) -> None:
    bench = make(quirks=quirk("ftp-pipelined-commands"))
    client = bench.client()
    client.send(b"CWD /flash", b"PWD", b"NOOP")
    assert client.line() == b"250 "
    client.socket.sendall(b"PW")
    assert client.line() == b"502 "
    client.socket.sendall(b"D\r\n")
    assert client.line() == b"502 "
    client.socket.sendall(b"PWD")
    assert client.line() == b"257 /flash"
    client.socket.sendall(b"SIZE main.py\nNOOP\n")
    assert client.line() == b"213 34"
    silent(client)
    assert bench.codes == []


# -- one client


def test_quirk_second_client_waits(make: Make) -> None:
    bench = make(quirks=quirk("ftp-second-session"))
    first = bench.client()
    second = Client(bench.server.port)
    silent(second)
    assert first.say(b"NOOP") == b"200 "
    second.socket.settimeout(None)
    first.say(b"QUIT")
    assert second.socket.recv(100) == b"220 Micropython FTP Server\r\n"
    second.close()
    assert bench.client().say(b"NOOP") == b"200 "
    assert bench.codes == []


# -- downloads that are broken off


def broken_download(make: Make, **options: object) -> tuple[Bench, Client]:
    bench = make(capacity=None, **options)
    bench.volume.load({"/big": bytes(20_000_000)})
    client = bench.client()
    client.say(b"CWD /flash")
    data = client.passive()
    assert client.say(b"RETR big") == b"150 "
    data.recv(1000)
    break_connection(data)
    return bench, client


def test_broken_download_is_426(make: Make) -> None:
    bench, client = broken_download(make)
    assert client.line() == b"426 "
    assert client.say(b"NOOP") == b"200 "
    assert bench.codes == ["ftp-send-failure"]


def test_quirk_broken_download_ends_the_session(make: Make) -> None:
    bench, client = broken_download(make, quirks=quirk("ftp-send-failure"))
    assert client.ended()
    assert bench.client().say(b"NOOP") == b"200 "
    assert bench.codes == []


# -- notes without a quirk


@pytest.mark.parametrize("word", sorted(INSTEAD))
def test_note_says_what_to_use_instead(bench: Bench, word: bytes) -> None:
    client = bench.client()
    assert client.say(word + b" x") == b"502 "
    assert [(note.code, note.fix) for note in bench.notes] == [("ftp-not-there", INSTEAD[word])]


@pytest.mark.parametrize(
    ("between", "by"), [(b"SIZE /flash/boot.py", "SIZE"), (b"MDTM /flash/boot.py", "MDTM"), (b"PASV", "PASV")]
)
def test_note_says_why_a_rename_is_forgotten(bench: Bench, between: bytes, by: str) -> None:
    client = bench.client()
    client.say(b"RNFR /flash/main.py", between)
    assert client.say(b"RNTO /flash/x") == b"550 "
    assert [note.code for note in bench.notes if by in note.title] == ["ftp-rename-forgotten"]


def test_transfer_between_forgets_a_rename(bench: Bench) -> None:
    client = bench.client()
    with client.passive() as data:
        assert client.say(b"RNFR /flash/main.py", b"LIST") == b"150 "
        data.recv(100)
    assert client.line() == b"226 "
    assert client.say(b"RNTO /flash/x") == b"550 "


def test_all_quirks_together_leave_the_documented_way(make: Make) -> None:
    """Log in, CWD, PASV, connect, transfer: what Pycom documents works with every quirk."""
    for kind in ("littlefs", "fat"):
        bench = make(kind, quirks=frozenset(row.name for row in QUIRKS))
        client = bench.client()
        client.say(b"CWD /flash", b"CWD cert")
        assert client.store(b"ca.pem", PAYLOAD) == b"226 "
        assert client.fetch(b"RETR ca.pem") == (b"226 ", PAYLOAD)
        assert client.say(b"RNFR ca.pem", b"RNTO root.pem") == b"250 "
        assert client.fetch(b"LIST")[1].endswith(b" 10240 Jan  1 00:00 root.pem\r\n")
        assert client.say(b"DELE root.pem", b"PWD") == b"257 /flash/cert"
        assert client.say(b"QUIT") == b"221 "
        assert bench.codes == []


def test_disk_full_leaves_what_the_board_leaves(make: Make) -> None:
    for kind, left in (("littlefs", 0), ("fat", None)):
        bench = make(kind, capacity=520192)
        client = bench.client()
        client.say(b"CWD /flash/cert")
        assert client.store(b"ca.pem", bytes(2_000_000)) == b"451 "
        size = int(client.say(b"SIZE ca.pem").removeprefix(b"213 "))
        assert size == left if left is not None else 0 < size < 520192
        assert bench.codes == ["ftp-transfer-failed"]
        assert (bench.notes[0].cause or "").startswith("the flash is full")
        assert client.say(b"DELE ca.pem") == b"250 "


def test_existing_file_on_a_full_disk(make: Make) -> None:
    """LittleFS keeps the last committed content; FAT has emptied the file and stores what fits."""
    for kind in ("littlefs", "fat"):
        bench = make(kind, capacity=520192)
        bench.volume.load({"/cert/ca.pem": b"old"})
        client = bench.client()
        client.say(b"CWD /flash/cert")
        assert client.store(b"ca.pem", bytes(2_000_000)) == b"451 "
        assert (bench.volume.read("/cert/ca.pem") == b"old") == (kind == "littlefs")
        assert bench.codes == ["ftp-transfer-failed"]


def test_read_only_card_refuses(bench: Bench) -> None:
    card = Volume("fat", now=lambda: 0.0)
    card.load({"/x": b"1"})
    card.readonly = True
    bench.server.vfs = Vfs({"/flash": bench.volume, "/sd": card})
    client = bench.client()
    client.say(b"CWD /sd")
    assert client.fetch(b"RETR x") == (b"226 ", b"1")
    for command in (b"STOR x", b"STOR y", b"DELE x", b"MKD y"):
        assert client.say(command) == b"550 "
    assert client.store(b"x", b"2") == client.store(b"y", b"2") == b"550 "
