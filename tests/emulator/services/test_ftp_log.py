"""``--log ftp``: commands and replies with the time, passwords hidden; and the ports and messages around it."""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.services import ftp_engine
from emulator.services.ftp import FtpServer
from emulator.services.ftp_commands import OVERLONG, Overlong
from emulator.services.ftp_log import printable, shown_command
from flashfs import Vfs
from tests.emulator.commandline import LIMIT, run, running
from tests.emulator.services.ftp_harness import PATIENCE, Bench, Client, until
from tests.ports import free_port

Make = Callable[..., Bench]


@pytest.mark.parametrize(
    ("line", "logged_in", "shown"),
    [
        (b"USER micro\r", False, "USER micro"),
        (b"PASS secret\r", False, "PASS ****"),
        (b"pass secret", False, "PASS ****"),
        (b"PASS secret with spaces", True, "PASS ****"),
        (b"PASS\0secret", True, "PASS ****"),
        (b"PASS\rsecret", True, "PASS ****"),
        (b"PASS", False, "PASS"),
        (b"PASSsecret", True, "****"),
        (b"PASSWORD secret", True, "**** ****"),
        (b"secret", False, "****"),
        (b"secret and more", False, "**** ****"),
        (b"ACCT secret", False, "ACCT ****"),
        (b"\x16\x03secret", False, "****"),
        (b"", False, ""),
        (b"AUTH TLS", False, "AUTH TLS"),
        (b"QUIT", False, "QUIT"),
        (b"CWD /flash", True, "CWD /flash"),
        (b"STOR caf\xc3\xa9 \xff", True, "STOR café \\xff"),
        (b"STOR a\x1b[31mb\x07", True, "STOR a\\x1b[31mb\\x07"),
        (OVERLONG, True, "(a line of more than 135 bytes)"),
    ],
)
def test_commands_as_shown(line: bytes | Overlong, logged_in: bool, shown: str) -> None:
    assert shown_command(line, logged_in=logged_in) == shown


def test_what_is_shown_is_one_line() -> None:
    text = printable(bytes(range(256)) + "\u2028\u2029\x85".encode())
    assert len(text.splitlines()) == 1
    assert text.isprintable()


def test_log_of_a_session(make: Make) -> None:
    lines: list[str] = []
    bench = make(log=lines.append, password="very-secret")
    client = bench.client(login=False)
    client.say(b"USER micro", b"PASS wrong-secret", b"PASS very-secret", b"CWD /flash/cert")
    client.store(b"ca.pem", b"12345")
    client.say(b"QUIT")
    client.file.read()
    until(lambda: lines[-1].endswith("closed"))
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d\.\d\d\d \[1\] .*", line) for line in lines)
    said = [line.partition("] ")[2] for line in lines]
    port = client.socket.getsockname()[1]
    assert re.fullmatch(r"> 227 \(127,0,0,1,\d+,\d+\)", said.pop(11))
    assert said == [
        f"connected from 127.0.0.1:{port}",
        "> 220 Micropython FTP Server",
        "< USER micro",
        "> 331",
        "< PASS ****",
        "> 530",
        "< PASS ****",
        "> 230",
        "< CWD /flash/cert",
        "> 250",
        "< PASV",
        "< STOR ca.pem",
        "> 150",
        "= 5 bytes",
        "> 226",
        "< QUIT",
        "> 221",
        "closed",
    ]


def test_log_that_fails_does_not_stop_the_server(make: Make) -> None:
    def refuse(line: str) -> None:
        raise RuntimeError

    client = make(log=refuse).client()
    assert client.say(b"NOOP") == b"200 "


def test_sessions_have_numbers(make: Make) -> None:
    lines: list[str] = []
    bench = make(log=lines.append)
    one, two = bench.client(), bench.client()
    two.say(b"NOOP")
    one.say(b"NOOP")
    assert [line[13:] for line in lines if "NOOP" in line] == ["[2] < NOOP", "[1] < NOOP"]


# -- on the command line


def test_log_option(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("print('up')\n")
    with running("run", script, "--ftp", "0", "--log", "ftp", "--stay") as emulator:
        address = emulator.wait_for("err", "ftp: ")
        found = re.fullmatch(r"ftp: ftp://micro:python@127\.0\.0\.1:(\d+)/flash", address)
        assert found
        client = Client(int(found[1]))
        client.line()
        client.say(b"USER micro", b"PASS python")
        client.close()
        emulator.wait_for("err", "] closed")
        lines = emulator.err.splitlines()[1:]
    assert re.fullmatch(r"ftp \d\d:\d\d:\d\d\.\d\d\d \[1\] connected from 127\.0\.0\.1:\d+", lines[0])
    assert [line.partition("] ")[2] for line in lines[1:]] == [
        "> 220 Micropython FTP Server",
        "< USER micro",
        "> 331",
        "< PASS ****",
        "> 230",
        "closed",
    ]


def test_message_about_an_image_is_on_the_console(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("print('up')\n")
    with running("run", script, "--ftp", "0", "--stay") as emulator:
        port = int(emulator.wait_for("err", "ftp: ").rpartition(":")[2].partition("/")[0])
        client = Client(port)
        client.line()
        client.say(b"USER micro", b"PASS python", b"CWD /flash/sys")
        assert client.store(b"appimg.bin", b"image") == b"226 "
        client.close()
        emulator.wait_for("out", "Full Update Image detected. Restart the device to load the new firmware.")


QUICK = """
import sys
from emulator import cli
from emulator.commands import run
from tests.emulator.services.ftp_harness import Client

def upload(service, address):
    client = Client(int(address.rpartition(":")[2].partition("/")[0]))
    client.line()
    client.say(b"USER micro", b"PASS python", b"CWD /flash/sys")
    client.store(b"appimg.bin", b"image")
    client.close()

run.show_address = upload
sys.exit(cli.main(["run", sys.argv[1], "--ftp", "0"]))
"""


def test_message_is_on_the_console_for_a_client_quicker_than_the_boot(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("print('up')\n")
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", QUICK, script], cwd=root, capture_output=True, text=True, check=True, timeout=LIMIT
    )
    assert done.stdout == "Full Update Image detected. Restart the device to load the new firmware.\nup\n"


@pytest.mark.parametrize("value", ["nope", "ftp,nope", "", "FTP", "ftp,"])
def test_log_of_an_unknown_service_is_wrong_usage(tmp_path: Path, value: str) -> None:
    script = tmp_path / "main.py"
    script.write_text("")
    done = run("run", script, "--log", value)
    assert (done.status, done.out) == (2, "")
    assert "--log" in done.err
    assert done.err.count("\n") == 1


def test_port_in_use_is_one_line_and_wrong_usage(bench: Bench, tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("")
    port = bench.server.port
    done = run("run", script, "--ftp", str(port))
    assert (done.status, done.out) == (2, "")
    assert re.fullmatch(rf"pycom-emulator: --ftp {port}: .* is in use by another program; .*\n", done.err)


# -- ports


def test_port_without_permission_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Socket(socket.socket):
        def bind(self, address: object, /) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(ftp_engine.socket, "socket", Socket)
    with pytest.raises(OSError, match=r"^.*port 21 on 127\.0\.0\.1 cannot be opened: Permission denied; .*$") as caught:
        FtpServer(Vfs({}), now=lambda: 0.0, port=21).start()
    assert "\n" not in str(caught.value)


def test_the_boards_port_brings_its_data_port(bench: Bench) -> None:
    port = free_port()
    assert (ftp_engine.REAL_PORT, ftp_engine.REAL_DATA_PORT) == (21, 2024)
    bench.server._engine.data_port = port  # type: ignore[union-attr]
    client = bench.client()
    told = b"227 (127,0,0,1,%d,%d)" % divmod(port, 256)
    for _ in range(3):
        assert client.say(b"PASV") == told
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as data:
            assert client.say(b"LIST") == b"150 "
            assert data.recv(1000)
        assert client.line() == b"226 "
    with bench.client().passive() as other:  # one at a time, for others any free one
        assert other.getpeername()[1] == port
    assert client.say(b"PASV") == told
    assert bench.client().say(b"PASV") != told
