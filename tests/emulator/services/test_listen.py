"""Letting other machines in: only when asked, on the address asked for, and never without a word."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import Board
from emulator.commands.exposure import warning
from emulator.settings import listening_address
from tests.emulator.commandline import run, running
from tests.emulator.conftest import NEVER, load
from tests.emulator.services.ftp_harness import PATIENCE, Client
from tests.emulator.services.wires import LOGGED_IN, C, connect, log_in, port_of, reconnect, started

OTHER = "127.0.0.2"
"""Another address of this machine, where all of 127.0.0.0/8 is."""
ELSEWHERE = "203.0.113.7"
"""An address that no machine has (RFC 5737)."""

linux = pytest.mark.skipif(sys.platform != "linux", reason=f"needs {OTHER}, which Linux has")

Opener = Callable[[Board], str]
SERVICES: list[tuple[str, Opener]] = [
    ("ftp", lambda board: board.servers.open_ftp()),
    ("telnet", lambda board: board.servers.open_telnet()),
    ("serial", lambda board: board.open_serial_tcp()),
]
OPENERS = [pytest.param(opener, id=name) for name, opener in SERVICES]


def _port(url: str) -> int:
    return port_of(url.removesuffix("/flash"))


@linux
@pytest.mark.parametrize("opener", OPENERS)
def test_only_this_machine_by_default(opener: Opener) -> None:
    with Board() as board:
        url = opener(board)
        assert "127.0.0.1:" in url
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((OTHER, _port(url)), PATIENCE)


@linux
@pytest.mark.parametrize("opener", OPENERS)
def test_one_address(opener: Opener) -> None:
    with Board(listen=OTHER) as board:
        url = opener(board)
        assert f"{OTHER}:" in url, "an address that a client finds it at"
        socket.create_connection((OTHER, _port(url)), PATIENCE).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", _port(url)), PATIENCE)


@linux
@pytest.mark.parametrize("address", ["127.0.0.1", OTHER])
def test_ftp_data_goes_over_the_address_that_the_client_has_found(address: str) -> None:
    with Board(listen="0.0.0.0") as board:
        url = board.servers.open_ftp()
        assert "@127.0.0.1:" in url, "0.0.0.0 is no address to connect to"
        client = Client(_port(url), address)
        assert client.line() == b"220 Micropython FTP Server"
        assert client.say(b"USER micro", b"PASS python", b"CWD /flash/cert") == b"250 "
        assert client.store(b"ca.pem", b"certificate") == b"226 "
        assert client.fetch(b"RETR ca.pem") == (b"226 ", b"certificate")
        client.close()
        assert (board.flash / "cert" / "ca.pem").read_bytes() == b"certificate"


@linux
def test_data_connection_from_another_address_is_cut_off() -> None:
    with Board(listen="0.0.0.0") as board:
        client = Client(_port(board.servers.open_ftp()), OTHER)
        client.line()
        client.say(b"USER micro", b"PASS python", b"CWD /flash")
        found = re.fullmatch(rb"227 \(127,0,0,2,(\d+),(\d+)\)", client.say(b"PASV"))
        assert found
        there = (OTHER, int(found[1]) * 256 + int(found[2]))
        with socket.create_connection(there, PATIENCE, source_address=("127.0.0.3", 0)) as stranger:
            assert stranger.recv(1) == b""
        with socket.create_connection(there, PATIENCE) as data:
            assert client.say(b"RETR main.py") == b"150 "
            assert data.recv(100)
        client.close()


@linux
def test_telnet_and_serial_line_at_every_address() -> None:
    with Board(listen="0.0.0.0") as board:
        port = port_of(board.servers.open_telnet())
        line = port_of(board.open_serial_tcp())
        started(board)
        with connect(port, OTHER) as client:
            log_in(client).until(LOGGED_IN)
            client.ask(C + b"x\r", b"41\r\n>>> ")
        with connect(line, OTHER) as client:
            client.ask(C + b"x\r", b"41\r\n>>> ")


@linux
def test_services_that_come_back_are_where_they_were() -> None:
    script = (
        "import machine, network\nserver = network.Server()\nserver.deinit()\nserver.init()\n"
        "if machine.reset_cause() == machine.PWRON_RESET: machine.reset()\n"
    )
    with Board(listen=OTHER) as board:
        ftp, telnet = _port(board.servers.open_ftp()), _port(board.servers.open_telnet())
        load(board, script)
        board.start(repl=True)
        assert board.wait(NEVER)
        assert board.resets == 1
        client = Client(ftp, OTHER)
        assert client.line() == b"220 Micropython FTP Server"
        client.close()
        for _ in range(2):  # while it has a client, telnet does not listen
            with reconnect(telnet, OTHER) as wire:
                wire.until(b"Login as: ")
        for port in (ftp, telnet):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), PATIENCE)


# -- the warning

EVERY = "every address of this machine"
WARNINGS = [
    ("ftp", "127.0.0.1", ""),
    ("telnet", "127.0.0.2", ""),
    ("serial", "127.0.0.1", ""),
    (
        "ftp",
        "0.0.0.0",
        f"warning: ftp is open to other machines at {EVERY}: whoever logs in as micro with the password python "
        "reads and writes its files, the scripts among them",
    ),
    (
        "telnet",
        "192.168.1.5",
        "warning: telnet is open to other machines at 192.168.1.5: whoever logs in as micro with the password python "
        "runs code on this machine",
    ),
    (
        "serial",
        "0.0.0.0",
        f"warning: serial is open to other machines at {EVERY}: there is no password, and whoever connects "
        "runs code on this machine",
    ),
]


@pytest.mark.parametrize(("service", "address", "line"), WARNINGS)
def test_warning(service: str, address: str, line: str) -> None:
    assert warning(service, address, ("micro", "python")) == line


def _script(folder: Path) -> Path:
    script = folder / "main.py"
    script.write_text("print('up')\n")
    return script


def test_command_warns(tmp_path: Path) -> None:
    words = ["--listen", "0.0.0.0", "--ftp", "0", "--telnet", "0", "--serial-tcp", "0"]
    ended = run("run", _script(tmp_path), *words)
    assert ended.status == 0
    lines = ended.err.splitlines()
    assert [line.partition(" ")[0] for line in lines[:6]] == [
        "ftp:",
        "warning:",
        "telnet:",
        "warning:",
        "serial:",
        "warning:",
    ]
    assert [line for line in lines if line.startswith("warning")] == [
        warning(service, "0.0.0.0", ("micro", "python")) for service in ("ftp", "telnet", "serial")
    ]
    assert all("@127.0.0.1:" in line or "//127.0.0.1:" in line for line in lines[:6:2])


@pytest.mark.parametrize("words", [[], ["--listen", "127.0.0.1"]])
def test_command_does_not_warn_where_nobody_else_gets_in(tmp_path: Path, words: list[str]) -> None:
    ended = run("run", _script(tmp_path), "--ftp", "0", "--telnet", "0", *words)
    assert ended.status == 0
    assert "warning" not in ended.err


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal of POSIX")
def test_pseudo_terminal_is_open_to_nobody_else(tmp_path: Path) -> None:
    ended = run("run", _script(tmp_path), "--serial", "--ftp", "0", "--listen", "0.0.0.0")
    assert ended.status == 0
    assert ended.err.count("warning: ") == ended.err.count("warning: ftp ") == 1


@linux
def test_put_and_get_reach_it(tmp_path: Path) -> None:
    with running("run", _script(tmp_path), "--stay", "--ftp", "0", "--listen", OTHER) as emulator:
        url = emulator.wait_for("err", "ftp: ").removeprefix("ftp: ")
        assert f"@{OTHER}:" in url
        emulator.wait_for("out", "up")
        assert run("get", "--ftp", url, "/flash/main.py", tmp_path / "back.py").status == 0
        emulator.send(signal.SIGINT)
        emulator.finish()
    assert (tmp_path / "back.py").read_text() == "print('up')\n"


WRONG = [
    (["--ftp", "0", "--listen", "localhost"], "listen 'localhost': write an IPv4 address of this machine, or 0.0.0.0"),
    (["--ftp", "0", "--listen", ""], "listen ''"),
    (["--ftp", "0", "--listen", "::"], "listen '::'"),
    (["--ftp", "0", "--listen", "1.2.3"], "listen '1.2.3'"),
    (["--ftp", "0", "--listen", "0.0.0.0:21"], "listen '0.0.0.0:21'"),
    (["--ftp", "0", "--listen", ELSEWHERE], f"--ftp 0: FTP: {ELSEWHERE} is no address of this machine"),
    (["--telnet", "0", "--listen", ELSEWHERE], f"--telnet 0: telnet: {ELSEWHERE} is no address of this machine"),
    (
        ["--serial-tcp", "0", "--listen", ELSEWHERE],
        f"--serial-tcp 0: serial: {ELSEWHERE} is no address of this machine",
    ),
    (["--listen", "0.0.0.0"], "--listen: nothing listens; it goes with --ftp, --telnet or --serial-tcp"),
    (["--serial", "--listen", "0.0.0.0"], "--listen: nothing listens"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_wrong_usage_is_one_line(tmp_path: Path, words: list[str], said: str) -> None:
    ended = run("run", _script(tmp_path), *words)
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err.startswith(f"pycom-emulator: {said}")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "text", ["localhost", "", "::1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "0x7f.1", " 0.0.0.0", "0.0.0.0\n"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"^listen .*: write an IPv4 address of this machine, or 0\.0\.0\.0 for all it has$"
    ):
        listening_address(text)
    with pytest.raises(ValueError, match=r"^listen "):
        Board(listen=text)


def test_port_in_use_names_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Board(listen="0.0.0.0") as board:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"FTP: port {port} on 0.0.0.0 is in use by another program"):
            board.servers.open_ftp(port)


def test_port_that_another_program_took_meanwhile() -> None:
    with Board() as board:
        port = _port(board.servers.open_ftp())
        board.servers.stop()
        assert board.servers.ftp is not None
        engine = board.servers.ftp._engine
        assert engine is not None
        assert engine._reserved is not None
        engine._reserved.close()  # as if it could not be kept
        engine._reserved = None
        with socket.create_server(("127.0.0.1", port)):
            board.servers.start()
            (note,) = (note for note in board.notes if note.code == "service-port-lost")
            assert note.title.startswith(f"FTP: port {port} on 127.0.0.1 is in use by another program")
        board.servers.start()
        client = Client(port)
        assert client.line() == b"220 Micropython FTP Server"
        client.close()
