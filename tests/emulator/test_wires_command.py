"""``run --telnet --serial --serial-tcp``: addresses, what keeps a run going, how it ends."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.emulator.commandline import run, running
from tests.emulator.services.ftp_harness import Client as FtpClient
from tests.emulator.services.wires import BANNER, LOGGED_IN, connect, log_in, open_pty, port_of

posix = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal of POSIX")
ALL = ("--telnet", "0", "--serial-tcp", "0", *(() if sys.platform == "win32" else ("--serial",)))


def _script(folder: Path, text: str = "x = 41\nprint('main')\n") -> Path:
    path = folder / "main.py"
    path.write_text(text)
    return path


def test_services_alone_do_not_prolong_a_run(tmp_path: Path) -> None:
    ended = run("run", *ALL, _script(tmp_path))
    assert (ended.status, ended.out) == (0, "main\n")
    addresses = ended.err.splitlines()
    assert [line.partition(": ")[0] for line in addresses[:-1]] == ["telnet", *["serial"] * (len(ALL) // 2)]
    assert "--stay" in addresses[-1]
    assert ended.seconds < 5


@posix
def test_the_prompt_is_served_with_stay(tmp_path: Path) -> None:
    with running("run", "--stay", *ALL, _script(tmp_path)) as board:
        path = board.wait_for("err", "serial: /").partition(" ")[2]
        serial_port = port_of(board.wait_for("err", "serial: socket://127.0.0.1:"))
        port = port_of(board.wait_for("err", "telnet: telnet://127.0.0.1:"))
        with open_pty(path) as one, connect(serial_port) as two:
            for client in (one, two):
                assert client.until(b">>> ") == b"main\r\n" + BANNER + b">>> "
            with connect(port) as three:
                log_in(three).until(LOGGED_IN)
                assert three.ask(b"x\r") == b"x\r\n41\r\n>>> "
                begin = time.monotonic()
                board.send(signal.SIGTERM)
                assert three.rest() == b""
        assert board.finish().status == 143
        assert time.monotonic() - begin < 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_of_the_host(tmp_path: Path) -> None:
    with running("run", "--stay", *ALL, _script(tmp_path, "print('begins')\nwhile True: pass\n")) as board:
        port = port_of(board.wait_for("err", "telnet://"))
        board.wait_for("out", "begins")
        with connect(port) as client:
            log_in(client).until(b"Login succeeded!")
            board.send(signal.SIGINT)
            client.until(b"KeyboardInterrupt: \r\n")
            client.until(b">>> ")
            begin = time.monotonic()
            board.send(signal.SIGINT)
            client.rest()
        ended = board.finish()
        assert (ended.status, time.monotonic() - begin < 1) == (130, True)


@posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_ends_all_services_at_once(tmp_path: Path, number: signal.Signals, status: int) -> None:
    """With an upload, a download, a login, a telnet session, both serial lines and a client that waits for one of them open."""
    with running("run", "--stay", *ALL, "--ftp", "0", _script(tmp_path)) as board, contextlib.ExitStack() as opened:
        ftp = port_of(board.wait_for("err", "ftp: ").rpartition("/")[0])
        path = board.wait_for("err", "serial: /").partition(" ")[2]
        serial = port_of(board.wait_for("err", "serial: socket://"))
        telnet = port_of(board.wait_for("err", "telnet://"))
        sessions = [opened.enter_context(contextlib.closing(FtpClient(ftp))) for _ in range(3)]
        for session in sessions[:2]:
            session.line()
            assert session.say(b"USER micro", b"PASS python", b"CWD /flash") == b"250 "
        assert sessions[0].store(b"big", bytes(1_000_000)) == b"226 "
        upload, download = sessions[0].passive(), sessions[1].passive()
        with (
            upload,
            download,
            connect(serial) as line,
            connect(serial),
            connect(telnet) as shell,
            open_pty(path) as pty,
        ):
            assert sessions[0].say(b"STOR half") == b"150 "
            upload.sendall(bytes(5_000))
            assert sessions[1].say(b"RETR big") == b"150 "
            for client in (line, pty):
                client.until(b">>> ")
            log_in(shell).until(LOGGED_IN)
            begin = time.monotonic()
            board.send(number)
            try:
                board.process.wait(1)
            except subprocess.TimeoutExpired:  # a Ctrl-C between the text of the prompt and its waiting interrupts only
                assert number == signal.SIGINT
                begin = time.monotonic()
                board.send(number)
            ended = board.finish()
            seconds = time.monotonic() - begin
            line.rest()
            shell.rest()
    assert (ended.status, seconds < 1) == (status, True), seconds
    assert "Traceback" not in ended.err


def test_with_repl_a_person_and_a_program_are_at_one_prompt(tmp_path: Path) -> None:
    with running("run", "--repl", "--telnet", "0", _script(tmp_path)) as board:
        port = port_of(board.wait_for("err", "telnet://"))
        board.wait_for("out", "help()")
        with connect(port) as client:
            log_in(client).until(LOGGED_IN)
            shown = client.ask(b"if x:\r", b"... ") + client.ask(b"x + 1\r\x7f\r")
            assert shown == b"if x:\r\n...     x + 1\r\n...     \b\b\b\b\x1b[K\r\n42\r\n>>> ", "indented for a person"
        board.wait_for("out", "42")


def test_input_of_a_script_comes_from_the_host_too(tmp_path: Path) -> None:
    ended = run("run", "--telnet", "0", _script(tmp_path, "print(input('name? '))\nprint(input())\n"), stdin="a\nb\n")
    assert ended.out == "name? a\nb\n"


@pytest.mark.parametrize("option", ["--ftp", "--telnet", "--serial-tcp"])
def test_a_port_in_use(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run("run", option, str(port), _script(tmp_path))
    assert ended.status == 2
    assert len(ended.err.splitlines()) == 1
    assert f"{option} {port}: " in ended.err
    assert "in use" in ended.err


@pytest.mark.parametrize("port", ["65536", "-1", "x"])
def test_no_port(tmp_path: Path, port: str) -> None:
    assert run("run", "--telnet", port, _script(tmp_path)).status == 2


def test_a_session_open_at_the_end_of_the_run(tmp_path: Path) -> None:
    script = _script(tmp_path, "input()\nprint('ends')\n")
    with running("run", "--telnet", "0", script) as board:
        port = port_of(board.wait_for("err", "telnet://"))
        with connect(port) as client:
            log_in(client).until(b"Login succeeded!\r\n")
            client.send(b"\r")
            assert client.rest().endswith(b"ends\r\n")
        assert board.finish().status == 0
