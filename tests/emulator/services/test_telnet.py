"""The telnet server: who is let in, for how long, and that nobody can harm it (firmware: esp32/telnet/telnet.c)."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time

import pytest

from emulator import Board
from emulator.services.engine import WRITE
from tests.emulator.conftest import NEVER, load
from tests.emulator.harness import refused_port
from tests.emulator.services.test_telnet_protocol import AGAIN, ASK_PASSWORD, USER, WRONG
from tests.emulator.services.test_telnet_protocol import BANNER as GREETING
from tests.emulator.services.wires import (
    BANNER,
    LOGGED_IN,
    LOGIN_OPTIONS,
    RAW,
    A,
    C,
    Client,
    F,
    connect,
    log_in,
    port_of,
    reconnect,
    started,
    tcp,
    telnet,
)

SESSION_ENDS = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)


def is_open(port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError), connect(port):
        return True
    return False


def answers(board: Board) -> bool:
    """Whether somebody can log in and is at the prompt."""
    with reconnect(port_of(board.servers.open_telnet())) as client:
        log_in(client).until(LOGGED_IN)
        return client.ask(b"x\r") == b"x\r\n41\r\n>>> "


def test_a_login_byte_for_byte(board: Board) -> None:
    started(board)
    with connect(port_of(board.servers.open_telnet())) as client:
        assert client.until(b"Login as: ") == GREETING + USER + b"Login as: "
        assert client.ask(b"micro\r\n", LOGIN_OPTIONS) == ASK_PASSWORD
        assert client.ask(b"python\r\n", LOGGED_IN) == LOGGED_IN
        assert client.ask(b"\xff\xf6", b"\xf6") == b"\xff\xf6"
        assert client.ask(b"\xff\xfd\x00", b"\x00") == b"\xff\xfb\x00"


def test_three_failures_end_the_connection(board: Board) -> None:
    with connect(port_of(board.servers.open_telnet())) as client:
        client.until(USER)
        for attempt in range(3):
            assert client.until(b"Login as: ") == b"Login as: "
            assert client.ask(b"micro\r\n", LOGIN_OPTIONS) == ASK_PASSWORD
            client.send(b"wrong\r\n")
            if attempt < 2:
                assert client.until(USER) == AGAIN
        assert client.rest() == WRONG


def test_what_is_sent_before_a_prompt_is_lost(board: Board) -> None:
    with connect(port_of(board.servers.open_telnet())) as client:
        client.send(b"mic")
        client.until(b"Login as: ")
        client.send(b"micro\r\n")
        client.send(b"python\r\n")
        client.until(LOGIN_OPTIONS)
        assert client.ask(b"\r", USER) == AGAIN


def test_one_client_at_a_time(board: Board) -> None:
    started(board)
    port = port_of(board.servers.open_telnet())
    with connect(port) as first:
        first.until(b"Login as: ")
        assert not is_open(port), "from the first byte on"
        log_in_rest(first)
        assert not is_open(port)
    assert answers(board)


def log_in_rest(client: Client) -> None:
    client.ask(b"micro\r\n", LOGIN_OPTIONS)
    client.ask(b"python\r\n", LOGGED_IN)


def test_the_prompt_is_cleared_for_a_new_client(board: Board) -> None:
    started(board)
    board.type_in("never ended")
    with reconnect(port_of(board.servers.open_telnet())) as client:
        log_in(client).until(b"Login succeeded!\r\n")
        assert client.until(b">>> ").count(b"\b\x1b[K") == len("never ended")
        assert client.ask(b"x\r") == b"x\r\n41\r\n>>> "


@pytest.mark.parametrize("logged_in", [False, True])
def test_an_idle_client_is_sent_away(board: Board, logged_in: bool) -> None:
    load(board, "import time\nwhile True:\n    print('output does not count')\n    time.sleep(0.01)\n")
    board.start(repl=True)
    port = port_of(board.servers.open_telnet())
    with connect(port) as client:
        client.until(b"Login as: ")
        if logged_in:
            log_in_rest_running(client)
        board.servers.set_timeout(0.1)
        client.rest()
    board.servers.set_timeout(300)
    with reconnect(port) as client:
        log_in(client).until(b"Login succeeded!\r\n")


def log_in_rest_running(client: Client) -> None:
    client.ask(b"micro\r\n", LOGIN_OPTIONS)
    client.ask(b"python\r\n", b"Login succeeded!\r\n")


def test_a_hard_reset_drops_the_session_and_the_login(board: Board) -> None:
    started(board, "x = 41\nimport network\n")
    with telnet(board) as client:
        client.ask(b"network.Server(login=('a', 'b'))\r", b"<Server>\r\n")
        client.send(b"import machine\rmachine.reset()\r")
        client.rest()
    assert answers(board)


SERVER = """
import network
server = network.Server(login=('anna', 'secret'), timeout=60)
print(server.isrunning(), server.timeout())
"""


def test_the_script_changes_the_login(board: Board) -> None:
    started(board, SERVER)
    assert board.console.text.startswith("True 60\n")
    port = port_of(board.servers.open_telnet())
    with connect(port) as client:
        client.until(b"Login as: ")
        client.ask(b"micro\r\n", LOGIN_OPTIONS)
        assert client.ask(b"python\r\n", USER) == AGAIN
        client.until(b"Login as: ")
        client.ask(b"anna\r\n", LOGIN_OPTIONS)
        client.ask(b"secret\r\n", LOGGED_IN)
        client.ask(b"server.init()\r")
        assert client.ask(b"server.isrunning()\r") == b"server.isrunning()\r\nTrue\r\n>>> ", "the session goes on"
    with reconnect(port) as client:
        log_in(client).until(LOGGED_IN)


STOPPING = {
    "Server": ("server.deinit()", "server.init()"),
    "WLAN": ("network.WLAN().deinit()", "network.WLAN(mode=network.WLAN.STA)"),
    "WLAN after Server": ("server.deinit(); network.WLAN().deinit()", "network.WLAN(mode=network.WLAN.STA)"),
}


@pytest.mark.parametrize(("stop", "start"), STOPPING.values(), ids=STOPPING.keys())
def test_the_script_stops_and_starts_the_server(board: Board, stop: str, start: str) -> None:
    started(board, "import network\nx = 41\nserver = network.Server()\n")
    port = port_of(board.servers.open_telnet())
    with telnet(board) as client:
        client.send(stop.encode() + b"\r")
        client.rest()
        assert not is_open(port)
        board.type_in("server.isrunning()\n" + start + "\nserver.isrunning()\n")
        assert board.wait(NEVER)
        lines = board.console.text.replace(">>> ", "").splitlines()
        assert "False" in lines
        assert lines[-1] == "True"
    assert answers(board)


def test_a_server_opened_while_the_board_has_stopped_its_own(board: Board) -> None:
    started(board, "import network\nx = 41\nserver = network.Server()\nserver.deinit()\n")
    port = port_of(board.servers.open_telnet())
    assert not is_open(port)
    board.type_in("server.init()\n")
    assert board.wait(NEVER)
    assert answers(board)


def test_ctrl_f_is_a_safe_boot_at_the_next_hard_reset(board: Board) -> None:
    started(board, "x = 41\nprint('main')\n")
    port = port_of(board.servers.open_telnet())
    with telnet(board) as client:
        client.send(F)
        client.rest()
    assert not is_open(port)
    assert board._wait(lambda: board.resets == 1 and board.console_input.prompting, time.monotonic() + NEVER)
    assert "PYB: soft reboot\nmain\n" in board.console.text, "Ctrl-F was turned into Ctrl-D"
    assert "telnet-safe-boot" in [note.code for note in board.notes]
    before = len(board.console.text)
    board.reset()
    with reconnect(port) as client:
        log_in(client).until(LOGGED_IN)
        client.ask(b"x\r", b"isn't defined\r\n>>> ")
    assert "main\n" not in board.console.text[before:]


def test_ctrl_f_is_data_in_the_raw_mode_but_as_a_quirk() -> None:
    for quirks in ((), ("ctrl-f-resets-tools",)):
        with Board("fipy", quirks=quirks) as board:
            started(board)
            with telnet(board) as client:
                client.ask(A, b"\n>")
                client.send(b"print(len('" + F + b"'))\x04")
                if quirks:
                    client.rest()
                else:
                    client.until(b"OK1\r\n\x04\x04>")
                    assert [note.code for note in board.notes].count("ctrl-f-resets-tools") == 1


@pytest.mark.parametrize("binary", [False, True], ids=["at the login", "in binary mode"])
def test_ctrl_f_is_not_told_of_where_it_does_nothing(board: Board, binary: bool) -> None:
    started(board)
    with tcp(board) as tool, reconnect(port_of(board.servers.open_telnet())) as client:
        tool.ask(A, RAW)
        if binary:
            log_in(client).until(LOGGED_IN.removesuffix(b"\r\n>>> "))
            assert client.ask(b"\xff\xfb\x00", b"\x00") == b"\xff\xfd\x00"
            assert client.ask(F + b"\xff\xfc\x00", b"\x00") == b"\xff\xfe\x00"
        else:
            client.until(b"Login as: ")
            client.send(F + b"\r")
            client.until(LOGIN_OPTIONS)
    assert [note.code for note in board.notes] == []


# -- clients that do harm ---------------------------------------------------------------------------------------------

TALKER = "x = 41\nimport time\n"
ENDLESS = b"while True: print('x' * 1000)\r\r"


def _blocked(board: Board) -> None:
    """Wait until the script waits for the client."""
    main = board._cycle._main if board._cycle else None
    deadline = time.monotonic() + NEVER
    engine = board.servers.telnet._engine if board.servers.telnet else None
    assert main is not None
    assert engine is not None
    while main not in engine._outlet._waiting:
        assert time.monotonic() < deadline
        threading.Event().wait(0.001)


def test_a_client_that_does_not_read_stops_the_script_but_not_the_stop(board: Board) -> None:
    started(board, TALKER)
    with telnet(board) as client:
        client.send(ENDLESS)
        _blocked(board)
        begin = time.monotonic()
        board.stop()
        assert time.monotonic() - begin < 1


def test_ctrl_c_of_the_host_ends_the_waiting(board: Board) -> None:
    started(board, TALKER)
    with telnet(board) as client:
        client.send(ENDLESS)
        _blocked(board)
        board.interrupt()
        client.until(b"KeyboardInterrupt: \r\n>>> ")


def test_a_client_that_reads_nothing_is_not_read_on(board: Board) -> None:
    """Else it could ask for answers that nobody takes, until the memory is full."""
    started(board)
    with telnet(board) as client:
        assert board.servers.telnet is not None
        engine = board.servers.telnet._engine
        wanted: list[int] = []
        engine.call(lambda: engine._outlet.put(b"." * (16 << 20) + b"end"))
        engine.call(lambda: wanted.extend(engine.wanted().values()))
        assert wanted == [WRITE]
        client.until(b"end")
        assert client.ask(b"x\r") == b"x\r\n41\r\n>>> "


def test_a_client_that_vanishes_lets_the_script_go_on(board: Board) -> None:
    started(board, TALKER)
    with telnet(board) as client:
        client.send(b"for i in range(20000): print('x' * 1000)\r\r")
        _blocked(board)
        client.vanish()
        assert board.wait(NEVER)
    assert answers(board)


def test_a_megabyte_of_output_arrives(board: Board) -> None:
    started(board, "x = 41\n")
    with telnet(board) as client:
        client.send(b"for i in range(20000): print('%050d' % i)\r\r")
        client.until(b"... \r\n")
        assert client.until(b">>> ") == b"".join(b"%050d\r\n" % i for i in range(20000)) + b">>> "


def test_many_at_once(board: Board) -> None:
    started(board)
    port = port_of(board.servers.open_telnet())
    came: list[Client] = []
    for _ in range(200):
        with contextlib.suppress(ConnectionRefusedError, *SESSION_ENDS):
            client = connect(port)
            came.append(client)
            client.send(b"micro\r\n")
    assert 1 <= len(came) < 10
    for client in came:
        client.close()
    assert answers(board)


HARM = {
    "a line without end": b"x" * 200_000,
    "nothing but NUL": b"\0" * 100_000,
    "nothing but 255": b"\xff" * 100_001,
    "an option cut off": b"\xff\xfb",
    "interrupts": C * 5_000,
    "noise": random.Random(7).randbytes(50_000).replace(F, b""),
    "half a character in binary": b"\xff\xfb\x00\xc3",
    "backspaces": b"\b" * 50_000,
    "escapes": b"\x1b[" * 10_000,
}


@pytest.mark.parametrize("logged_in", [False, True])
@pytest.mark.parametrize("harm", HARM.values(), ids=HARM.keys())
def test_harm(board: Board, harm: bytes, logged_in: bool) -> None:
    started(board)
    port = port_of(board.servers.open_telnet())
    with connect(port) as client:
        client._sock.settimeout(0.1)  # type: ignore[union-attr]
        client.until(b"Login as: ")
        if logged_in:
            log_in_rest(client)
        with contextlib.suppress(TimeoutError, *SESSION_ENDS):
            client.send(harm)
        client.vanish()
    with reconnect(port) as client:
        log_in(client).until(b"Login succeeded!\r\n")
    assert not [note for note in board.notes if "internal" in note.code]
    begin = time.monotonic()
    board.stop()
    assert time.monotonic() - begin < 1


def test_a_login_takes_no_longer_than_it_may(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.services.telnet.LOGIN_SECONDS", 0.2)
    port = port_of(board.servers.open_telnet())
    with connect(port) as client:
        client.until(b"Login as: ")
        deadline = time.monotonic() + NEVER
        with contextlib.suppress(*SESSION_ENDS):
            while time.monotonic() < deadline:
                client.send(b"\0")
        assert time.monotonic() < deadline


def test_a_mistake_of_our_own_ends_the_connection_only(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    started(board)
    port = port_of(board.servers.open_telnet())
    with monkeypatch.context() as broken, connect(port) as client:
        broken.setattr("emulator.services.telnet.Inlet.type", lambda *_, **__: 1 / 0)
        log_in(client)
        client.rest()
    assert [note.code for note in board.notes] == ["service-internal-error"]
    assert answers(board)


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, Board("fipy") as board:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f"telnet: port {port} on 127.0.0.1 is in use by another program"):
            board.servers.open_telnet(port)


def test_a_port_of_choice(board: Board) -> None:
    port = refused_port()
    assert board.servers.open_telnet(port) == f"telnet://127.0.0.1:{port}"
    board.start()
    with connect(port) as client:
        log_in(client).until(b"Login succeeded!\r\n")
    board.stop()
    assert not is_open(port)
    assert BANNER  # the prompt follows by itself where telnet is open
    assert "Pycom MicroPython" in board.console.text
