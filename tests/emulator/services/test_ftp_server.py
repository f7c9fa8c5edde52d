"""The FTP server over real sockets: replies, transfers, escapes, disturbances, and the clients people use."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.services.ftp import FtpServer
from flashfs import Note, Vfs, Volume
from tests.emulator.services.ftp_harness import PATIENCE, PAYLOAD, SOON, Bench, Client, break_connection, until

# -- the command table

ROWS = [
    # what was said before, command, reply on LittleFS, on FAT (None: the same)
    ("user", [], b"USER micro", b"331 ", None),
    ("user, wrong", [], b"USER nobody", b"331 ", None),
    ("password", [], b"PASS python", b"230 ", None),
    ("password, wrong", [], b"PASS wrong", b"530 ", None),
    ("password ends at a space", [], b"PASS python and more", b"230 ", None),
    ("still logged in after a wrong password", [b"PASS wrong"], b"PWD", b"257 /", None),
    ("features", [], b"FEAT", b"211 no-features", None),
    ("system", [], b"SYST", b"215 UNIX Type: L8", None),
    ("type binary", [], b"TYPE I", b"200 ", None),
    ("type anything", [], b"TYPE whatever", b"200 ", None),
    ("noop", [], b"NOOP", b"200 ", None),
    ("lower case", [], b"noop", b"200 ", None),
    ("pwd", [], b"PWD", b"257 /", None),
    ("pwd is unquoted", [b"CWD /flash"], b"PWD", b"257 /flash", None),
    ("xpwd", [b"CWD /flash/cert"], b"XPWD", b"257 /flash/cert", None),
    ("cwd absolute", [], b"CWD /flash", b"250 ", None),
    ("cwd relative", [], b"CWD flash", b"250 ", None),
    ("cwd root", [b"CWD /flash"], b"CWD /", b"250 ", None),
    ("cwd trailing slash", [], b"CWD /flash/lib/", b"250 ", None),
    ("cwd nowhere", [], b"CWD /nope", b"550 ", None),
    ("cwd to a file", [], b"CWD /flash/main.py", b"550 ", None),
    ("cwd: mount names have a case", [], b"CWD /FLASH", b"550 ", None),
    ("cwd: folders have a case", [], b"CWD /flash/LIB", b"550 ", b"250 "),
    ("cwd ..", [b"CWD /flash/lib"], b"CWD ..", b"250 ", None),
    ("cwd .. stays in the text", [b"CWD /flash/lib", b"CWD .."], b"PWD", b"257 /flash/lib/..", None),
    ("cdup after cwd ..", [b"CWD /flash/lib", b"CWD ..", b"CDUP"], b"PWD", b"257 /flash/lib", None),
    ("cwd .. from the volume", [b"CWD /flash", b"CWD .."], b"PWD", b"257 /flash/..", None),
    ("cdup", [b"CWD /flash/lib"], b"CDUP", b"250 ", None),
    ("cdup from the volume", [b"CWD /flash", b"CDUP"], b"PWD", b"257 /", None),
    ("cdup from the root", [b"CDUP"], b"PWD", b"257 /", None),
    ("cwd is kept when cwd fails", [b"CWD /flash/lib", b"CWD a/b"], b"PWD", b"257 /flash/lib", None),
    ("cwd is kept by absolute file commands", [b"CWD /flash/lib", b"SIZE /flash/main.py"], b"PWD", b"257 /flash/lib", None),
    ("size", [], b"SIZE /flash/main.py", b"213 34", None),
    ("size relative", [b"CWD /flash"], b"SIZE main.py", b"213 34", None),
    ("size missing", [], b"SIZE /flash/nope", b"550 ", None),
    ("size folder", [], b"SIZE /flash/lib", b"213 0", None),
    ("size volume", [], b"SIZE /flash", b"213 0", b"550 "),
    ("size root", [], b"SIZE /", b"550 ", None),
    ("size outside", [], b"SIZE /etc/passwd", b"550 ", None),
    ("mdtm", [], b"MDTM /flash/main.py", b"213 20000101000000", None),
    ("mdtm missing", [], b"MDTM /flash/nope", b"550 ", None),
    ("mdtm set form", [], b"MDTM 20200101000000 /flash/main.py", b"550 ", None),
    ("dele file", [], b"DELE /flash/main.py", b"250 ", None),
    ("dele empty folder", [], b"DELE /flash/lib", b"250 ", None),
    ("dele full folder", [b"MKD /flash/lib/x"], b"DELE /flash/lib", b"550 ", None),
    ("dele missing", [], b"DELE /flash/nope", b"550 ", None),
    ("dele volume", [], b"DELE /flash", b"550 ", None),
    ("dele root", [], b"DELE /", b"550 ", None),
    ("rmd file", [], b"RMD /flash/main.py", b"250 ", None),
    ("rmd empty folder", [], b"RMD /flash/lib", b"250 ", None),
    ("rmd full folder", [b"MKD /flash/lib/x"], b"RMD /flash/lib", b"550 ", None),
    ("mkd", [], b"MKD /flash/new", b"250 ", None),
    ("mkd trailing slash", [], b"MKD /flash/new/", b"250 ", None),
    ("mkd exists", [], b"MKD /flash/lib", b"550 ", None),
    ("mkd no parent", [], b"MKD /flash/a/b", b"550 ", None),
    ("mkd outside a mount", [], b"MKD /new", b"550 ", None),
    ("mkd bad character", [], b"MKD /flash/a:b", b"250 ", b"550 "),
    ("rnfr", [], b"RNFR /flash/main.py", b"350 ", None),
    ("rnfr missing", [], b"RNFR /flash/nope", b"550 ", None),
    ("rnto", [b"RNFR /flash/main.py"], b"RNTO /flash/lib/m.py", b"250 ", None),
    ("rnto alone", [], b"RNTO /flash/x", b"550 ", None),
    ("rnto over a file", [b"RNFR /flash/main.py"], b"RNTO /flash/boot.py", b"250 ", b"550 "),
    ("rnto the same folder by a dot", [b"RNFR /flash/lib"], b"RNTO /flash/./lib", b"250 ", None),
    ("rnto the same file by a dot", [b"RNFR /flash/main.py"], b"RNTO /flash/lib/../MAIN.py", b"250 ", None),
    ("rnto over another by a dot", [b"RNFR /flash/main.py"], b"RNTO /flash/./boot.py", b"250 ", b"550 "),
    ("rnto case only", [b"RNFR /flash/main.py"], b"RNTO /flash/MAIN.py", b"250 ", None),
    ("rnto outside", [b"RNFR /flash/main.py"], b"RNTO /main.py", b"550 ", None),
    ("rnto after size", [b"RNFR /flash/main.py", b"SIZE /flash/boot.py"], b"RNTO /flash/x", b"550 ", None),
    ("rnto after mdtm", [b"RNFR /flash/main.py", b"MDTM /flash/boot.py"], b"RNTO /flash/x", b"550 ", None),
    ("mdtm folder", [], b"MDTM /flash/lib", b"213 20000101000000", None),
    ("mdtm volume", [], b"MDTM /flash", b"213 19800000000000", b"550 "),
    ("mdtm root", [], b"MDTM /", b"550 ", None),
    ("rnto after pasv", [b"RNFR /flash/main.py", b"PASV"], b"RNTO /flash/x", b"550 ", None),
    ("rnto after a size that failed", [b"RNFR /flash/main.py", b"SIZE /flash/nope"], b"RNTO /flash/x", b"250 ", None),
    ("rnto after an mdtm that failed", [b"RNFR /flash/main.py", b"MDTM /flash/no"], b"RNTO /flash/x", b"250 ", None),
    ("rnto after a rnfr that failed", [b"RNFR /flash/main.py", b"RNFR /flash/no"], b"RNTO /flash/x", b"250 ", None),
    ("rnto after other commands", [b"RNFR /flash/main.py", b"CWD /flash", b"NOOP", b"PWD"], b"RNTO x", b"250 ", None),
    ("rnto after a rnto that failed", [b"RNFR /flash/main.py", b"RNTO /flash/a/b"], b"RNTO /flash/x", b"250 ", None),
    ("rnto twice", [b"RNFR /flash/main.py", b"RNTO /flash/x"], b"RNTO /flash/y", b"550 ", None),
    ("rnto no parent", [b"RNFR /flash/main.py"], b"RNTO /flash/a/b", b"550 ", None),
    ("rnto folder over an empty folder", [b"RNFR /flash/lib"], b"RNTO /flash/cert", b"250 ", b"550 "),
    ("rnto folder over a full folder", [b"MKD /flash/cert/x", b"RNFR /flash/lib"], b"RNTO /flash/cert", b"550 ", None),
    ("rnto file over a folder", [b"RNFR /flash/main.py"], b"RNTO /flash/lib", b"550 ", None),
    ("rnfr volume", [b"RNFR /flash"], b"RNTO /flash/x", b"550 ", None),
    ("cwd without argument", [b"CWD /flash/lib", b"CWD"], b"PWD", b"257 /flash/lib", None),
    ("cwd one trailing slash only", [], b"CWD /flash//", b"250 ", None),
    ("cwd second trailing slash stays", [b"CWD /flash//", b"CWD lib"], b"PWD", b"257 /flash//lib", None),
    ("cwd dot stays in the text", [b"CWD /flash", b"CWD ./lib"], b"PWD", b"257 /flash/./lib", None),
    ("cwd double dot inside", [b"CWD /flash/lib/../cert"], b"PWD", b"257 /flash/lib/../cert", None),
    ("cwd from a folder that is gone", [b"CWD /flash/lib", b"RMD /flash/lib"], b"CWD x", b"550 ", None),
    ("list of a folder that is gone", [b"CWD /flash/lib", b"RMD /flash/lib"], b"LIST", b"550 ", None),
    ("size file below a file", [], b"SIZE /flash/main.py/x", b"550 ", None),
    ("size in capitals", [], b"SIZE /flash/MAIN.PY", b"550 ", b"213 34"),
    ("size trailing slash", [], b"SIZE /flash/main.py/", b"213 34", None),
    ("user ends at a space", [b"USER micro and more"], b"PASS python", b"230 ", None),
    ("wrong user keeps the session", [b"USER nobody"], b"PWD", b"257 /", None),
    ("argument ends at CR", [], b"SIZE /flash/main.py\rx", b"213 34", None),
    ("argument ends at NUL", [], b"SIZE /flash/main.py\0x", b"213 34", None),
    ("any one character ends the word", [], b"SIZE\0/flash/main.py", b"213 34", None),
    ("argument is ignored where there is none", [], b"PWD /flash", b"257 /", None),
    ("space first", [], b" NOOP", b"502 ", None),
    ("tab is no space", [], b"SIZE\t/flash/main.py", b"502 ", None),
    ("retr missing without data connection", [], b"RETR /flash/nope", b"550 ", None),
    ("retr folder without data connection", [], b"RETR /flash/lib", b"550 ", None),
    ("stor folder without data connection", [], b"STOR /flash/lib", b"550 ", None),
    ("stor no parent without data connection", [], b"STOR /flash/a/b", b"550 ", None),
    ("stor new without data connection", [], b"STOR /flash/new", b"425 ", None),
    ("stor without data connection makes nothing", [b"STOR /flash/new"], b"SIZE /flash/new", b"550 ", None),
    ("stor without data connection empties nothing", [b"STOR /flash/main.py"], b"SIZE /flash/main.py", b"213 34", None),
    ("list without data connection", [], b"LIST", b"425 ", None),
    ("retr without data connection", [], b"RETR /flash/main.py", b"425 ", None),
    ("stor without data connection", [], b"STOR /flash/main.py", b"425 ", None),
    ("path too long", [], b"SIZE /flash/" + b"x" * 122, b"550 ", None),
    ("longest path", [b"MKD /flash/" + b"x" * 121], b"CWD /flash/" + b"x" * 121, b"250 ", None),
    ("line too long", [], b"SIZE /flash/" + b"x" * 1000, b"550 ", None),
    ("empty line", [], b"", b"502 ", None),
    ("quit", [], b"QUIT", b"221 ", None),
]  # fmt: skip


@pytest.mark.parametrize(("before", "command", "littlefs", "fat"), [pytest.param(*r[1:], id=r[0]) for r in ROWS])
def test_replies(either: Bench, before: list[bytes], command: bytes, littlefs: bytes, fat: bytes | None) -> None:
    client = either.client()
    for line in before:
        client.say(line)
    expected = fat if fat is not None and either.volume.kind == "fat" else littlefs
    assert client.say(command) == expected


UNSUPPORTED = [
    "EPSV",
    "EPRT",
    "PORT",
    "NLST",
    "APPE",
    "REST",
    "STOU",
    "MLSD",
    "MLST",
    "OPTS",
    "AUTH",
    "PBSZ",
    "PROT",
    "ALLO",
    "ABOR",
    "STAT",
    "HELP",
    "SITE",
    "MODE",
    "STRU",
    "ACCT",
    "REIN",
    "XCWD",
    "XMKD",
    "XRMD",
    "XCUP",
    "HOST",
    "LANG",
    "CLNT",
    "AVBL",
    "MFMT",
    "ABCDEF",
    "NOOPNOOP",
    "X",
]


def test_everything_else_is_502(bench: Bench) -> None:
    client = bench.client()
    assert {word: client.say(word.encode() + b" x") for word in UNSUPPORTED} == dict.fromkeys(UNSUPPORTED, b"502 ")


def test_only_login_and_quit_before_login(bench: Bench) -> None:
    before = bench.volume.snapshot()
    client = bench.client(login=False)
    gate = [
        *UNSUPPORTED,
        *[
            "FEAT",
            "SYST",
            "TYPE",
            "NOOP",
            "PWD",
            "CWD",
            "CDUP",
            "PASV",
            "LIST",
            "RETR",
            "STOR",
            "SIZE",
            "MDTM",
            "DELE",
            "RMD",
            "MKD",
            "RNFR",
            "RNTO",
        ],
    ]
    for word in gate:
        assert client.say(word.encode() + b" /flash/main.py") == b"332 ", word
    assert client.say(b"X" * 5000) == b"332 "
    assert client.say(b"PASS python") == b"530 "
    assert client.say(b"USER micro", b"USER nobody", b"PASS wrong", b"PASS ", b"PASS python") == b"230 "
    assert bench.volume.snapshot() == before


def test_quit_before_login_closes(bench: Bench) -> None:
    client = bench.client(login=False)
    assert client.say(b"QUIT") == b"221 "
    assert client.ended()


def test_wrong_login_can_be_retried_without_end(bench: Bench) -> None:
    client = bench.client(login=False)
    client.say(b"USER micro")
    assert {client.say(b"PASS %d" % n) for n in range(50)} == {b"530 "}
    assert client.say(b"PASS python") == b"230 "


# -- listings


def test_root_lists_the_mounts(either: Bench) -> None:
    assert either.client().fetch(b"LIST") == (b"226 ", b"drw-rw-r--   1 root  root         0 Jan  1 00:00 flash\r\n")


def test_list_ignores_its_argument(bench: Bench) -> None:
    client = bench.client()
    client.say(b"CWD /flash")
    _, plain = client.fetch(b"LIST")
    assert plain == (
        b"-rw-rw-r--   1 root  root        29 Jan  1 00:00 boot.py\r\n"
        b"drw-rw-r--   1 root  root         0 Jan  1 00:00 cert\r\n"
        b"drw-rw-r--   1 root  root         0 Jan  1 00:00 lib\r\n"
        b"-rw-rw-r--   1 root  root        34 Jan  1 00:00 main.py\r\n"
        b"drw-rw-r--   1 root  root         0 Jan  1 00:00 sys\r\n"
    )
    for argument in (b"-a", b"-la", b"/flash/lib", b"nope"):
        assert client.fetch(b"LIST " + argument) == (b"226 ", plain)


def test_list_of_an_empty_folder(bench: Bench) -> None:
    client = bench.client()
    client.say(b"CWD /flash/lib")
    assert client.fetch(b"LIST") == (b"226 ", b"")


def test_list_shows_the_year_once_the_clock_is_set(either: Bench) -> None:
    bench = either
    bench.time = 1_615_284_672.0  # 2021-03-09 10:11:12
    client = bench.client()
    assert client.store(b"/flash/lib/new", b"x") == b"226 "
    client.say(b"CWD /flash/lib")
    assert client.fetch(b"LIST")[1].endswith(b" 1 Mar  9 10:11 new\r\n")
    assert client.say(b"MDTM new") == b"213 20510309101112"
    client.say(b"CWD /flash")
    assert b"34 Jan  1  2000 main.py\r\n" in client.fetch(b"LIST")[1]
    client.say(b"CWD /")
    assert b" 0 Jan  1  1985 flash\r\n" in client.fetch(b"LIST")[1]


def test_list_of_many(either: Bench) -> None:
    either.volume.load({f"/many/{n:04}.txt": b"" for n in range(2000)})
    client = either.client()
    client.say(b"CWD /flash/many")
    lines = client.fetch(b"LIST")[1].splitlines()
    assert [line[-8:].decode() for line in lines] == [f"{n:04}.txt" for n in range(2000)]


def test_list_ends_at_a_name_too_long_for_the_board(bench: Bench) -> None:
    bench.volume.load({"/lib/a": b"", "/lib/b" + "x" * 600: b"", "/lib/c": b""})
    client = bench.client()
    client.say(b"CWD /flash/lib")
    reply, content = client.fetch(b"LIST")
    assert (reply, content.count(b"\r\n")) == (b"226 ", 1)
    assert bench.codes == ["ftp-listing-cut-off"]


# -- transfers


@pytest.mark.parametrize("size", [0, 1, 512, 513, 4096, 65535, 65536, 65537, 1_000_000])
def test_content_is_kept(either: Bench, size: int) -> None:
    content = (PAYLOAD * (size // len(PAYLOAD) + 1))[:size]
    client = either.client()
    client.say(b"CWD /flash/cert")
    assert client.store(b"file.bin", content) == b"226 "
    assert either.volume.read("/cert/file.bin") == content
    assert client.say(b"SIZE file.bin") == b"213 %d" % size
    assert client.fetch(b"RETR file.bin") == (b"226 ", content)
    assert either.codes == []


def test_text_is_never_translated(bench: Bench) -> None:
    client = bench.client()
    client.say(b"TYPE A")
    content = b"one\r\ntwo\nthree\r\r\n\xff\x00"
    assert client.store(b"/flash/cert/x", content) == b"226 "
    assert client.fetch(b"RETR /flash/cert/x") == (b"226 ", content)


@pytest.mark.parametrize(
    "name",
    [
        b"with space",
        b"caf\xc3\xa9",
        b"not-utf8-\xff\xfe\x80",
        b" lead",
        b"a\\b",
        b'"quoted"',
        b"a*?|",
        b"...",
        b"~",
        b"%2e",
    ],
)
def test_names_travel_byte_for_byte(bench: Bench, name: bytes) -> None:
    client = bench.client()
    client.say(b"CWD /flash/lib")
    assert client.store(name, PAYLOAD) == b"226 "
    assert [entry.name for entry in bench.volume.ilistdir("/lib")] == [name]
    assert client.fetch(b"LIST")[1].endswith(b" " + name + b"\r\n")
    assert client.fetch(b"RETR " + name) == (b"226 ", PAYLOAD)
    assert client.say(b"RNFR " + name, b"RNTO x" + name, b"DELE x" + name) == b"250 "
    assert bench.volume.ilistdir("/lib") == []


@pytest.mark.parametrize("name", [b"/flash/lib", b"/flash", b"/", b"/nope/x", b"/flash/a/b", b"/flash/main.py/x", b""])
def test_transfers_that_cannot_be_opened(either: Bench, name: bytes) -> None:
    client = either.client()
    assert client.store(name, b"x") == b"550 "
    assert client.fetch(b"RETR " + name) == (b"550 ", b"")
    assert client.say(b"NOOP") == b"200 "


def test_reader_sees_old_content_until_226_and_new_content_after(bench: Bench) -> None:
    bench.volume.load({"/cert/ca.pem": b"old"})
    seen: set[bytes] = set()
    done = threading.Event()

    def poll() -> None:
        while not done.is_set():
            seen.add(bench.volume.read("/cert/ca.pem"))
            assert [entry.name for entry in bench.volume.ilistdir("/cert")] == [b"ca.pem"]

    client = bench.client()
    client.say(b"CWD /flash/cert")
    new = PAYLOAD * 50
    reader = threading.Thread(target=poll)
    reader.start()
    try:
        with client.passive() as data:
            assert client.say(b"STOR ca.pem") == b"150 "
            for start in range(0, len(new), 4096):
                data.sendall(new[start : start + 4096])
            assert bench.volume.read("/cert/ca.pem") == b"old"
        assert client.line() == b"226 "
        assert bench.volume.read("/cert/ca.pem") == new
    finally:
        done.set()
        reader.join()
    assert seen <= {b"old", new}


def test_commands_wait_while_a_transfer_runs(bench: Bench) -> None:
    client = bench.client()
    client.say(b"CWD /flash/lib")
    with client.passive() as data:
        assert client.say(b"STOR x") == b"150 "
        client.send(b"SIZE x")
        data.sendall(b"1234")
    assert client.line() == b"226 "
    assert client.line() == b"213 4"


def test_client_that_waits_for_150_before_it_connects(bench: Bench) -> None:
    client = bench.client()
    numbers = client.say(b"PASV").strip(b"()").split(b",")[-2:]
    assert client.say(b"RETR /flash/main.py") == b"150 "
    with socket.create_connection(("127.0.0.1", int(numbers[0]) * 256 + int(numbers[1])), timeout=PATIENCE) as data:
        assert len(data.makefile("rb").read()) == 34
    assert client.line() == b"226 "


def test_bytes_that_come_before_stor_are_kept(bench: Bench) -> None:
    client = bench.client()
    with client.passive() as data:
        data.sendall(b"early")
        data.shutdown(socket.SHUT_WR)
        assert client.say(b"NOOP", b"STOR /flash/lib/x") == b"150 "
        assert client.line() == b"226 "
    assert bench.volume.read("/lib/x") == b"early"


def test_pasv_again_keeps_the_port_and_drops_the_connection(bench: Bench) -> None:
    client = bench.client()
    assert client.say(b"PASV") == client.say(b"PASV")
    with client.passive() as first, client.passive() as second:
        assert first.recv(1) == b""
        assert client.say(b"LIST") == b"150 "
        assert second.recv(100)


def test_disk_full_is_451_and_old_content_stays(make: Callable[..., Bench]) -> None:
    bench = make(capacity=100_000)
    bench.volume.load({"/cert/ca.pem": b"old" * 1000})
    client = bench.client()
    client.say(b"CWD /flash/cert")
    assert client.store(b"ca.pem", bytes(2_000_000)) == b"451 "
    assert bench.volume.read("/cert/ca.pem") == b"old" * 1000
    assert bench.codes == ["ftp-transfer-failed"]
    assert client.store(b"small", b"x") == b"226 "


def test_who_sends_on_after_451_is_not_cut_off(make: Callable[..., Bench]) -> None:
    bench = make(capacity=100_000)
    client = bench.client()
    client.say(b"CWD /flash/cert")
    with client.passive() as data:
        assert client.say(b"STOR ca.pem") == b"150 "
        data.sendall(bytes(200_000))
        assert client.line() == b"451 "
        for _ in range(20):
            data.sendall(bytes(200_000))
    assert client.store(b"small", b"x") == b"226 "


def test_a_file_that_fits_in_part_is_451(make: Callable[..., Bench]) -> None:
    bench = make("fat", capacity=520192)
    bench.volume.load({"/cert/ca.pem": b"old"})
    room = bench.volume.room()
    client = bench.client()
    client.say(b"CWD /flash/cert")
    assert client.store(b"ca.pem", bytes(room + 10_000)) == b"451 "
    assert client.say(b"SIZE ca.pem") != b"213 %d" % (room + 10_000)
    assert bench.codes == ["ftp-transfer-failed"]


def test_disk_full_at_close_is_451(make: Callable[..., Bench]) -> None:
    bench = make(capacity=64 * 1024)
    client = bench.client()
    client.say(b"CWD /flash/cert")
    bench.volume.load({f"/cert/{index}": bytes(500) for index in range(7)})
    bench.volume.load({"/fill": bytes(bench.volume.room())})
    assert client.store(b"tiny", bytes(500)) == b"451 "
    assert bench.codes == ["ftp-transfer-failed"]


@pytest.mark.parametrize("late", [b"", b"late"])
@pytest.mark.parametrize("name", [b"new", b"old"])
def test_file_of_an_earlier_power_cycle_is_451(either: Bench, name: bytes, late: bytes) -> None:
    either.volume.load({"/lib/old": b"old"})
    client = either.client()
    client.say(b"CWD /flash/lib")
    with client.passive() as data:
        assert client.say(b"STOR " + name) == b"150 "
        either.volume.remount()
        data.sendall(late)
        data.shutdown(socket.SHUT_WR)
        assert client.line() == b"451 "
    left = b"" if name == b"old" and either.volume.kind == "fat" else b"old"
    assert either.volume.snapshot()["/lib/old"] == left
    assert "/lib/new" not in either.volume.snapshot()
    (note,) = (note for note in either.notes if note.code == "ftp-transfer-failed")
    assert "the board was reset or switched off meanwhile" in str(note)
    assert "ftp-upload-cut-off" not in either.codes


# -- the two quirks


def test_absolute_transfers_work_with_a_note(bench: Bench) -> None:
    client = bench.client()
    for number in range(3):
        assert client.store(b"/flash/cert/%d" % number, PAYLOAD) == b"226 "
    assert bench.codes == ["ftp-absolute-transfer-451"]


@pytest.mark.parametrize(
    ("kind", "left"),
    [("littlefs", {"old": b"old", "new": b"", "empty": b"old"}), ("fat", {"old": b"", "new": b"", "empty": b""})],
    ids=["littlefs", "fat"],
)
def test_quirk_absolute_transfer_is_451(make: Callable[..., Bench], kind: str, left: dict[str, bytes]) -> None:
    bench = make(kind, quirks=frozenset({"ftp-absolute-transfer-451"}))
    bench.volume.load({"/cert/old": b"old", "/cert/empty": b"old"})
    client = bench.client()
    assert client.fetch(b"RETR /flash/main.py") == (b"451 ", b"")
    assert client.fetch(b"RETR flash/main.py") == (b"451 ", b"")
    assert client.store(b"/flash/cert/old", PAYLOAD) == b"451 "
    assert client.store(b"/flash/cert/new", PAYLOAD) == b"451 "
    assert client.store(b"/flash/cert/empty", b"") == b"226 "
    assert {name: bench.volume.read(f"/cert/{name}") for name in left} == left
    assert client.store(b"/flash/cert", b"x") == b"550 "
    client.say(b"CWD /flash/cert")
    assert client.store(b"x", PAYLOAD) == b"226 "
    assert bench.codes == []


def test_quirk_cwd_lost(make: Callable[..., Bench]) -> None:
    bench = make(quirks=frozenset({"ftp-cwd-lost"}))
    client = bench.client()
    assert client.say(b"CWD /flash/lib", b"SIZE /flash/main.py", b"PWD") == b"257 /"
    assert client.say(b"CWD /flash", b"CWD a/b", b"PWD") == b"257 /flash/a"
    assert client.say(b"CWD /nope", b"PWD") == b"257 /"
    assert client.say(b"CWD /flash", b"MKD /flash/x/", b"PWD") == b"257 /flash/x"
    assert bench.codes == []


# -- escapes

UP = b"../" * 12


def spellings(outside: bytes) -> list[bytes]:
    """Ways to say a path of the host, ``outside`` being one without its first slash."""
    ways = [b"/" + outside, b"//" + outside, b"///" + outside, b"/./" + outside, b"/../" + outside, b"/" + UP + outside]
    ways += [
        UP + outside,
        b"./" + UP + outside,
        b"/flash/" + UP + outside,
        b"/flash//" + UP + outside,
        b"flash/" + UP + outside,
    ]
    ways += [b"/flash/lib/" + UP + outside, b"/flash/./" + UP + outside, b"/flash/lib/.././" + UP + outside]
    ways += [b"/flash/nope/" + UP + outside, b"/flash/main.py/" + UP + outside, b"/FLASH/" + UP + outside]
    ways += [way.replace(b"/", b"\\") for way in (b"/" + outside, UP + outside, b"/flash/" + UP + outside)]
    ways += [
        b"/flash\\..\\..\\" + outside,
        b"/flash/..\\..\\" + outside,
        b"..\\../" + UP + outside,
        b"\\\\host\\" + outside,
    ]
    ways += [
        b"C:/" + outside,
        b"C:\\" + outside,
        b"C:" + outside,
        b"/C:/" + outside,
        b"/flash/C:/" + outside,
        b"file:///" + outside,
    ]
    ways += [b"%2e%2e/" * 12 + outside, b"/flash/%2e%2e/%2e%2e/" + outside, b"..%2f" * 12 + outside, b"/%2f" + outside]
    ways += [b"..%5c" * 12 + outside, b"%252e%252e/" + outside, b"....//" * 12 + outside, b"..;/" * 12 + outside]
    ways += [b"\xc0\xae\xc0\xae/" * 8 + outside, b"\xe0\x80\xae/" * 8 + outside, b"..\xc0\xaf" * 12 + outside]
    ways += [
        b"\xef\xbc\x8e\xef\xbc\x8e/" * 6 + outside,
        b"\xe2\x80\xa6/" + outside,
        b"..\xff/" + outside,
        b"\xff\xfe/" + outside,
    ]
    ways += [
        b"~/" + outside,
        b"~root/" + outside,
        b"$HOME/" + outside,
        b"${PWD}/" + outside,
        b"`pwd`/" + outside,
        b"$(pwd)/" + outside,
    ]
    ways += [b"/flash/\0/" + outside, b"\0/" + outside, b"/flash/..\0/" + outside, b"/flash/main.py\0" + outside]
    ways += [
        b"/proc/self/cwd/" + outside,
        b"/proc/self/root/" + outside,
        b"/dev/fd/0",
        b"/dev/stdin",
        b"/flash/../proc/self/environ",
    ]
    ways += [
        b'"/' + outside + b'"',
        b"'/" + outside + b"'",
        b"-la /" + outside,
        b" /" + outside,
        b"/" + outside + b"/",
        b"/" + outside + b"/.",
    ]
    ways += [
        b"|cat /" + outside,
        b"/flash/*/" + UP + outside,
        b"/flash/cert/" + UP + b"/" + outside,
        b"..",
        b"../..",
        b"/flash/../..",
    ]
    return ways


def test_no_spelling_leaves_the_tree(either: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = b"the host's own " + os.urandom(8).hex().encode()
    # short names: the whole path has to fit the 128 bytes of the board
    short = Path("/tmp" if os.name == "posix" else tmp_path) / f"ftp{os.getpid()}"
    short.mkdir()
    try:
        (short / "c").write_bytes(secret)
        monkeypatch.chdir(short)
        before = sorted(os.walk(short))
        here = Path.cwd()
        listed = os.fsencode(short.as_posix()).lstrip(b"/")
        ways = [*spellings(listed + b"/c"), *spellings(b"c"), *spellings(listed)]
        assert len(set(ways)) >= 60
        client = either.client()
        commands = (b"CWD", b"SIZE", b"MDTM", b"RETR", b"LIST", b"STOR", b"MKD", b"RNFR", b"RNTO", b"DELE", b"RMD")
        for start in (b"/", b"/flash", b"/flash/lib"):
            for way in ways:
                for command in commands:
                    client.say(b"CWD " + start)
                    line = command + b" " + way
                    if command in (b"RETR", b"LIST"):
                        _, content = client.fetch(line)
                        assert secret not in content, line
                    elif command == b"STOR":
                        client.store(way, b"intruder")
                    elif command == b"RNTO":
                        client.say(b"RNFR /flash/main.py", line)
                    else:
                        client.say(line)
                    assert b"ftp%d" % os.getpid() not in client.say(b"PWD") or command == b"CWD"
        assert client.say(b"NOOP") == b"200 "
        assert (short / "c").read_bytes() == secret
        assert sorted(os.walk(short)) == before
        assert Path.cwd() == here
        assert "ftp-internal-error" not in either.codes
    finally:
        (short / "c").unlink()
        short.rmdir()


def test_what_is_stored_by_dots_stays_in_the_volume(bench: Bench) -> None:
    client = bench.client()
    assert client.store(b"/flash/../../../../x", b"here") == b"226 "
    assert bench.volume.read("/x") == b"here"


# -- disturbances


@pytest.mark.parametrize("size", [0, 1, 5000])
def test_upload_broken_off_is_226_and_partial(bench: Bench, size: int) -> None:
    bench.volume.load({"/cert/ca.pem": b"old"})
    client = bench.client()
    client.say(b"CWD /flash/cert")
    data = client.passive()
    assert client.say(b"STOR ca.pem") == b"150 "
    data.sendall(PAYLOAD[:size])
    if size:
        # what a reset overtakes is lost on the way: wait until the server has read it
        peer = data.getsockname()[1]
        until(lambda: unread(peer) == 0)
    break_connection(data)
    assert client.line() == b"226 "
    assert bench.volume.read("/cert/ca.pem") == PAYLOAD[:size]
    assert bench.codes == ["ftp-upload-cut-off"]


def unread(peer: int) -> int:
    """Bytes the server has not read yet from the connection that this port of ours belongs to."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[2].rpartition(":")[2], 16) == peer and fields[3] == "01":
            return int(fields[4].rpartition(":")[2], 16)
    return -1


if not Path("/proc/net/tcp").exists():

    def unread(peer: int) -> int:
        threading.Event().wait(SOON)
        return 0


def test_silent_upload_is_426_and_partial(make: Callable[..., Bench]) -> None:
    bench = make(data_timeout=3 * SOON)
    client = bench.client()
    client.say(b"CWD /flash/cert")
    with client.passive() as data:
        assert client.say(b"STOR ca.pem") == b"150 "
        data.sendall(b"begin")
        assert client.line() == b"426 "
        assert data.recv(1) == b""
    assert bench.volume.read("/cert/ca.pem") == b"begin"
    assert bench.codes == ["ftp-upload-cut-off"]
    assert client.say(b"NOOP") == b"200 "


def test_upload_ends_when_the_whole_client_dies(bench: Bench) -> None:
    client = bench.client()
    data = client.passive()
    assert client.say(b"STOR /flash/lib/x") == b"150 "
    data.sendall(b"abc")
    client.close()
    data.close()
    until(lambda: [entry.size for entry in bench.volume.ilistdir("/lib")] == [3])
    assert bench.client().say(b"NOOP") == b"200 "


def test_download_broken_off_is_426(make: Callable[..., Bench]) -> None:
    bench = make(capacity=None)
    bench.volume.load({"/big": bytes(20_000_000)})
    client = bench.client()
    data = client.passive()
    assert client.say(b"RETR /flash/big") == b"150 "
    data.recv(1000)
    break_connection(data)
    assert client.line() == b"426 "
    assert client.say(b"NOOP") == b"200 "


def test_listener_is_closed_when_nobody_comes(make: Callable[..., Bench]) -> None:
    bench = make(data_timeout=3 * SOON)
    client = bench.client()
    numbers = client.say(b"PASV").strip(b"()").split(b",")[-2:]
    address = ("127.0.0.1", int(numbers[0]) * 256 + int(numbers[1]))
    assert client.say(b"RETR /flash/main.py") == b"150 "
    assert client.line() == b"425 "
    with pytest.raises(OSError):
        socket.create_connection(address, timeout=PATIENCE)
    assert bench.codes == ["ftp-data-first", "ftp-absolute-transfer-451", "ftp-no-data-connection"]


def test_data_connection_is_closed_when_it_is_not_used(make: Callable[..., Bench]) -> None:
    client = make(data_timeout=3 * SOON).client()
    with client.passive() as data:
        assert data.recv(1) == b""
    assert client.say(b"LIST") == b"425 "


def test_idle_client_is_sent_away_whatever_it_says(make: Callable[..., Bench]) -> None:
    bench = make()
    client = bench.client()
    bench.server.configure("micro", "python", SOON)
    answers = set()
    with contextlib.suppress(ConnectionError):
        while answer := client.say(b"NOOP"):
            answers.add(answer)
    assert answers <= {b"200 ", b"221 "}
    assert client.ended()


def test_idle_time_does_not_count_during_an_upload(bench: Bench) -> None:
    client, idle = bench.client(), bench.client()
    client.say(b"CWD /flash/lib")
    with client.passive() as data:
        assert client.say(b"STOR x") == b"150 "
        data.sendall(b"begun, ")
        bench.server.configure("micro", "python", SOON)
        assert idle.line() == b"221 "
        bench.server.configure("micro", "python", SOON / 10)
        assert bench.client().line() == b"221 "
        data.sendall(b"ended")
    assert client.line() == b"226 "
    assert bench.volume.read("/lib/x") == b"begun, ended"
    assert client.line() == b"221 "


def test_data_connections_alone_are_no_activity(bench: Bench) -> None:
    client = bench.client()
    bench.server.configure("micro", "python", 2 * SOON)
    answers = set()
    with contextlib.suppress(ConnectionError):  # what is said too late breaks the connection
        while answer := client.say(b"PASV"):
            answers.add(answer[:3])
            numbers = answer.strip(b"()").split(b",")[-2:]
            if answers == {b"227"}:
                socket.create_connection(("127.0.0.1", int(numbers[0]) * 256 + int(numbers[1]))).close()
    assert answers <= {b"227", b"221"}
    assert client.ended()


def test_client_that_does_not_log_in_is_sent_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.services.ftp_engine.LOGIN_SECONDS", SOON)
    client = bench.client(login=False)
    assert client.line() == b"221 "
    assert client.ended()


def test_data_counts_as_activity(make: Callable[..., Bench]) -> None:
    bench = make()
    client = bench.client()
    bench.server.configure("micro", "python", 4 * SOON)
    deadline = time.monotonic() + 8 * SOON
    while time.monotonic() < deadline:
        assert client.fetch(b"LIST")[0] == b"226 "
    assert client.say(b"NOOP") == b"200 "


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"\0" * 1000 + b"\n", id="zeros"),
        pytest.param(b"\xff\xf4\xff\xf2ABOR\r\n", id="telnet"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\r\n", id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="HTTP"),
        pytest.param(b"\r\n\n\r\r\n" * 20, id="line ends"),
        pytest.param(b"A" * 1_000_000 + b"\r\n", id="a megabyte"),
        pytest.param(b"%s%n%x {0.__class__}\r\n", id="format strings"),
        pytest.param("NOOP\u2028é\r\n".encode("utf-16"), id="UTF-16"),
    ],
)
@pytest.mark.parametrize("login", [False, True], ids=["before login", "after login"])
def test_garbage_is_answered_and_forgotten(bench: Bench, garbage: bytes, login: bool) -> None:
    before = bench.volume.snapshot()
    client = bench.client(login=login)
    client.socket.sendall(garbage)
    client.send(b"", b"QUIT")
    answers = client.file.read().split(b"\r\n")
    assert {answer[:4] for answer in answers} <= {b"332 ", b"502 ", b"550 ", b"221 ", b"200 ", b""}
    assert answers[-2] == b"221 "
    assert bench.volume.snapshot() == before
    assert "ftp-internal-error" not in bench.codes
    assert bench.client().say(b"NOOP") == b"200 "


def test_random_bytes_never_stop_the_server(bench: Bench) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=2000), st.booleans())
    def attack(data: bytes, login: bool) -> None:
        client = bench.client(login=login)
        client.socket.sendall(data)
        client.socket.shutdown(socket.SHUT_WR)
        client.file.read()
        client.close()

    attack()
    assert "ftp-internal-error" not in bench.codes
    assert bench.client().say(b"NOOP") == b"200 "


@pytest.mark.parametrize("kind", ["littlefs", "fat"])
@pytest.mark.parametrize("board", [False, True], ids=["default", "quirk"])
def test_a_new_file_appears_whole(kind: str, board: bool) -> None:
    quirks = frozenset({"ftp-empty-while-uploaded"} if board else ())
    bench = Bench(kind, quirks=quirks)
    try:
        client = bench.client()
        with client.passive() as data:
            assert client.say(b"STOR /flash/cert/ca.pem") == b"150 "
            data.sendall(b"first half, ")
            assert [entry.name for entry in bench.volume.ilistdir("/cert")] == ([b"ca.pem"] if board else [])
            data.sendall(b"second half")
        assert client.line() == b"226 "
        assert bench.volume.read("/cert/ca.pem") == b"first half, second half"
    finally:
        bench.close()


def test_an_upload_that_the_power_cuts_leaves_nothing(bench: Bench) -> None:
    client = bench.client()
    with client.passive() as data:
        assert client.say(b"STOR /flash/cert/ca.pem") == b"150 "
        data.sendall(b"half")
        bench.volume.remount()
    assert client.line() == b"451 "
    assert bench.volume.ilistdir("/cert") == []


def test_client_that_never_reads_its_replies(bench: Bench) -> None:
    client = bench.client()
    client.socket.settimeout(SOON)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with contextlib.suppress(TimeoutError):
        for _ in range(4):  # more than the buffers take; a client without end would only measure the kernel's
            client.socket.sendall(b"PWD\r\n" * 10_000)
    other = bench.client()
    assert other.say(b"NOOP") == b"200 "


def test_pipelined_commands_are_carried_out_with_a_note(bench: Bench) -> None:
    client = bench.client()
    client.send(b"CWD /flash", b"PWD", b"SIZE main.py")
    assert [client.line() for _ in range(3)] == [b"250 ", b"257 /flash", b"213 34"]
    assert bench.codes == ["ftp-pipelined-commands"]


def test_command_in_pieces(bench: Bench) -> None:
    client = bench.client()
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in b"CWD /flash\r\nPWD\r\n":
        client.socket.sendall(bytes([byte]))
    assert (client.line(), client.line()) == (b"250 ", b"257 /flash")


def test_failing_note_sink_does_not_stop_the_server() -> None:
    def refuse(note: Note) -> None:
        raise RuntimeError

    volume = Volume(now=lambda: 0.0)
    volume.boot_defaults()
    server = FtpServer(Vfs({"/flash": volume}), now=lambda: 0.0, note=refuse)
    server.start()
    try:
        client = Client(server.port)
        client.line()
        client.say(b"USER micro", b"PASS python")
        assert client.fetch(b"RETR /flash/main.py")[0] == b"226 "
        client.close()
    finally:
        server.stop()


# -- several clients


def test_two_clients_have_states_of_their_own(bench: Bench) -> None:
    one, two = bench.client(), bench.client()
    one.say(b"CWD /flash/lib")
    two.say(b"CWD /flash/cert")
    with one.passive() as first, two.passive() as second:
        assert (one.say(b"STOR a"), two.say(b"STOR b")) == (b"150 ", b"150 ")
        second.sendall(b"second")
        first.sendall(b"first")
    assert (one.line(), two.line()) == (b"226 ", b"226 ")
    assert (bench.volume.read("/lib/a"), bench.volume.read("/cert/b")) == (b"first", b"second")
    assert bench.codes == ["ftp-second-session"]


def test_one_client_too_many_waits_until_another_leaves(
    make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.services.ftp_engine.SESSIONS_MAX", 8)
    bench = make()
    clients = [bench.client() for _ in range(8)]
    late = Client(bench.server.port)
    late.socket.settimeout(SOON)
    with pytest.raises(TimeoutError):
        late.socket.recv(1)
    late.socket.settimeout(PATIENCE)
    clients[0].close()
    assert late.socket.recv(100) == b"220 Micropython FTP Server\r\n"
    late.close()
    assert bench.codes == ["ftp-second-session", "ftp-sessions-full"]


UPLOADERS = 7


def test_many_clients_upload_at_once(bench: Bench) -> None:
    def work(number: int) -> None:
        client = bench.client()
        client.say(b"CWD /flash/lib")
        for turn in range(5):
            assert client.store(b"%d-%d" % (number, turn), PAYLOAD * number) == b"226 "
        client.say(b"QUIT")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(UPLOADERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    stored = {entry.name: entry.size for entry in bench.volume.ilistdir("/lib")}
    assert stored == {b"%d-%d" % (n, turn): n * len(PAYLOAD) for n in range(UPLOADERS) for turn in range(5)}


# -- life of the server


def test_url_and_port() -> None:
    server = FtpServer(Vfs({}), now=time.time, user="a@b", password="p/w:")
    server.start()
    try:
        assert server.port > 0
        assert server.url == f"ftp://a%40b:p%2Fw%3A@127.0.0.1:{server.port}/flash"
        with pytest.raises(RuntimeError, match="runs already"):
            server.start()
    finally:
        server.stop()
        server.stop()


def test_port_in_use_is_said_in_plain_words(bench: Bench) -> None:
    other = FtpServer(Vfs({}), now=time.time, port=bench.server.port)
    with pytest.raises(OSError, match=rf"port {bench.server.port} on 127.0.0.1 is in use by another program"):
        other.start()
    with pytest.raises(OSError, match="70000 is no port number"):
        FtpServer(Vfs({}), now=time.time, port=70000).start()


def test_chosen_port_can_be_used_again_at_once(bench: Bench) -> None:
    port = bench.server.port
    client = bench.client()
    bench.server.stop()
    assert client.ended()
    again = FtpServer(Vfs({}), now=time.time, port=port)
    again.start()
    again.stop()


def test_suspend_closes_and_resume_opens_the_same_port(bench: Bench) -> None:
    client = bench.client()
    data = client.passive()
    assert client.say(b"STOR /flash/lib/x") == b"150 "
    data.sendall(b"abc")
    data.shutdown(socket.SHUT_WR)
    assert client.line() == b"226 "
    bench.server.suspend()
    bench.server.suspend()
    assert client.ended()
    with pytest.raises(ConnectionRefusedError):
        Client(bench.server.port)
    bench.server.resume()
    bench.server.resume()
    assert bench.client().say(b"SIZE /flash/lib/x") == b"213 3"
    data.close()


def test_stop_while_suspended(bench: Bench) -> None:
    bench.server.suspend()
    bench.server.stop()


def test_new_login_counts_for_new_sessions(bench: Bench) -> None:
    old = bench.client()
    bench.server.configure("me", "secret", 300.0)
    assert old.say(b"NOOP") == b"200 "
    client = bench.client(login=False)
    assert client.say(b"USER micro", b"PASS python") == b"530 "
    assert client.say(b"USER me", b"PASS secret") == b"230 "


def test_new_timeout_counts_for_everybody(bench: Bench) -> None:
    client = bench.client()
    bench.server.configure("micro", "python", SOON)
    assert client.line() == b"221 "
    assert client.ended()


@pytest.mark.parametrize("remount_first", [False, True])
def test_reset_loses_uploads_and_keeps_the_port(bench: Bench, remount_first: bool) -> None:
    bench.volume.load({"/cert/ca.pem": b"old"})
    client = bench.client()
    client.say(b"CWD /flash/cert")
    with client.passive() as data:
        assert client.say(b"STOR ca.pem") == b"150 "
        data.sendall(b"half of the new on")
        if remount_first:
            bench.volume.remount()
        bench.server.drop_sessions()
        bench.volume.remount()
        with contextlib.suppress(ConnectionError):
            assert client.file.read() in (b"", b"451 \r\n")  # 451 if the bytes were read after the first remount
    bench.server.drop_sessions()
    assert bench.volume.read("/cert/ca.pem") == b"old"
    assert bench.client().say(b"NOOP") == b"200 "


def test_mounts_of_a_new_power_cycle(bench: Bench) -> None:
    client = bench.client()
    bench.server.vfs = Vfs({"/flash": bench.volume, "/sd": Volume("fat", now=lambda: 0.0)})
    assert client.fetch(b"LIST")[1].count(b"\r\n") == 2
    client.say(b"CWD /sd")
    assert client.store(b"x", b"y") == b"226 "
    assert client.say(b"RNFR x", b"RNTO /flash/x") == b"550 "


def test_stop_in_the_middle_of_everything() -> None:
    bench = Bench()
    one, two, three = bench.client(), bench.client(), bench.client(login=False)
    one.passive().close()
    data = two.passive()
    assert two.say(b"STOR /flash/lib/x") == b"150 "
    assert three.say(b"NOOP") == b"332 "
    bench.server.stop()
    assert one.ended()
    assert two.ended()
    assert three.ended()
    assert data.recv(1) == b""
    data.close()
    bench.close()


def test_nothing_is_printed_or_logged(
    make: Callable[..., Bench], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench = make(password="very-secret")
    client = bench.client(login=False)
    client.say(b"USER micro", b"PASS wrong-secret", b"PASS very-secret")
    client.fetch(b"LIST")
    client.store(b"/flash/x", b"y")
    client.say(b"STOR nope", b"\xff" * 500)
    data = client.passive()
    client.say(b"STOR /flash/y")
    break_connection(data)
    client.line()
    client.close()
    bench.server.stop()
    assert capfd.readouterr() == ("", "")
    everything = caplog.text + "".join(map(str, bench.notes))
    assert "secret" not in everything
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]
