"""Parts of the soak beside FTP: telnet and serial sessions at the prompt, a script over TLS, and sessions of garbage."""

from __future__ import annotations

import contextlib
import random
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from emulator import Board
from emulator.certs import Authority
from emulator.demo_peer import DemoPeer
from emulator.project import Project
from tests.emulator.services.ftp_harness import break_connection, until
from tests.emulator.services.soak import Part
from tests.emulator.services.test_ftp_soak import ftp_transfers, ftp_trees, ftp_vandals, session
from tests.emulator.services.wires import (
    RAW,
    A,
    B,
    C,
    Client,
    D,
    F,
    Wire,
    connect,
    log_in,
    open_pty,
    port_of,
    reconnect,
)

PACE = 0.05
NAME, PORT = "peer.test", 8883

SCRIPT = f"""
import _thread, os, socket, ssl, time
count = 0
failed = []

def over_tls():
    global count
    address = socket.getaddrinfo('{NAME}', {PORT})[0][-1]
    while True:
        s = ssl.wrap_socket(socket.socket(), cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca/ca.pem')
        try:
            s.connect(address)
            s.send(b'hello')
            if s.recv(100) != b'answer':
                raise ValueError('no answer')
            count += 1
        except Exception as e:
            failed.append(repr(e))
        s.close()
        time.sleep(0.05)

def on_flash():
    n = 0
    while True:
        for name in os.listdir('/flash/cert'):
            try:
                with open('/flash/cert/' + name, 'rb') as f:
                    data = f.read()
            except OSError:
                continue  # a folder, or renamed or deleted meanwhile
            if len(set(data)) > 1:
                failed.append('torn ' + name)
        with open('/flash/lib/n.txt', 'w') as f:
            f.write(str(n))
        n += 1
        time.sleep(0.01)

_thread.start_new_thread(over_tls, ())
_thread.start_new_thread(on_flash, ())
"""
"""Two threads that go on behind the prompt."""


@contextmanager
def mixed_board(kind: str) -> Iterator[tuple[Board, DemoPeer]]:
    """A board with all its ways in, at its prompt, whose script talks to a TLS peer."""
    authority = Authority("Soak CA")
    peer = DemoPeer(authority.issue(NAME), b"answer")
    try:
        with Board("fipy", kind) as board:  # type: ignore[arg-type]
            board.map(f"{NAME}:{PORT}=127.0.0.1:{peer.port}")
            files = {"/main.py": SCRIPT.encode(), "/cert": None, "/cert/ca": None, "/lib": None}
            board.load_project(Project({**files, "/cert/ca/ca.pem": authority.pem}))
            board.servers.open_ftp()
            board.start(repl=True)
            until(lambda: ">>> " in board.console.text)  # wait() would wait for the threads of the script too
            yield board, peer
            board.stop()
    finally:
        peer.close()


class Wires:
    """The addresses of a board's wires, and whose turn it is at the one prompt they share."""

    def __init__(self, board: Board) -> None:
        self.telnet = port_of(board.servers.open_telnet())
        self.tcp = port_of(board.open_serial_tcp())
        self.pty = "" if sys.platform == "win32" else board.open_serial()
        self._turn = threading.Lock()

    def parts(self) -> dict[str, Part]:
        """Parts of the soak, one for each wire."""
        wires = {"telnet": self._telnet, "serial-tcp": self._tcp, **({"pty": self._pty} if self.pty else {})}
        return {name: self._part(name, wire) for name, wire in wires.items()}

    @contextmanager
    def _telnet(self, _: Board) -> Iterator[Client]:
        with self._turn:  # a login begins a new line for all
            client = reconnect(self.telnet)
            log_in(client).until(b"Login succeeded!\r\n")
            client.until(b">>> ")
        with client:
            yield client

    @contextmanager
    def _tcp(self, _: Board) -> Iterator[Client]:
        with connect(self.tcp) as client:
            yield client

    @contextmanager
    def _pty(self, _: Board) -> Iterator[Client]:
        with open_pty(self.pty) as client:
            yield client

    def _part(self, name: str, wire: Wire) -> Part:
        def part(board: Board, stop: threading.Event) -> int:
            chance, rounds = random.Random(name), 0
            while not stop.is_set():
                with wire(board) as client:
                    for _ in range(chance.randrange(1, 10)):
                        self.use(client, f"{name}{rounds}", chance)
                        rounds += 1
                        stop.wait(PACE)
                    if chance.random() < 0.2 and wire != self._pty:
                        client.vanish()
            return rounds

        return part

    def use(self, client: Client, mark: str, chance: random.Random) -> None:
        """Something is typed, and something run in the raw mode; each answer is the asked one."""
        with self._turn:
            # what others have been told comes here too, and before
            client.send(C + B + f"'{mark}' + '-begins'\r".encode())
            client.until(f"'{mark}-begins'\r\n>>> ".encode())
            a, size = chance.randrange(1000), chance.randrange(20_000)
            assert client.ask(b"%d * 7\r" % a) == b"%d * 7\r\n%d\r\n>>> " % (a, a * 7)
            assert client.ask(A, RAW) == b"\r\n" + RAW
            source = b"print('x' * %d)\nprint(failed)" % size + D
            assert client.ask(source, b"\x04>") == b"OK" + b"x" * size + b"\r\n[]\r\n\x04\x04>"
            client.ask(B, b">>> ")


FTP_PARTS: dict[str, Part] = {"transfers": ftp_transfers, "trees": ftp_trees, "vandals": ftp_vandals}

# -- garbage

GARBAGE_SESSIONS, AT_ONCE = 500, 50


def garbage(board: Board, wires: Wires, count: int = GARBAGE_SESSIONS, at_once: int = AT_ONCE) -> None:
    """So many sessions that make no sense, over FTP, telnet and the serial port in turn; some log in before."""
    assert board.servers.ftp is not None
    ports = (board.servers.ftp.port, wires.telnet, wires.tcp)

    def one(number: int) -> None:
        chance, kind = random.Random(number), number % 3
        refused = (ConnectionError, TimeoutError, AssertionError)  # a telnet client keeps all others out
        with contextlib.suppress(*refused), socket.create_connection(("127.0.0.1", ports[kind]), 1.0) as sock:
            if chance.random() < 0.5:
                logins: tuple[bytes, ...] = (
                    (b"USER micro\r\n", b"PASS python\r\n"),
                    (b"micro\r\n", b"python\r\n"),
                    (),
                )[kind]
                for line in logins:
                    sock.recv(1000)
                    sock.sendall(line)
            for _ in range(chance.randrange(1, 5)):
                noise = chance.randbytes(chance.randrange(3000)) + chance.choice((b"", b"\r\n", C, D))
                sock.sendall(noise.replace(F, b""))  # Ctrl-F takes the network down, as it must
            if chance.random() < 0.5:
                sock.settimeout(0.05)
                sock.recv(1000)
            if chance.random() < 0.5:
                break_connection(sock)

    with ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(one, number) for number in range(count)]:
            done.result()


def answers(board: Board, wires: Wires) -> None:
    """Each way in is still there and leads to the same board."""
    with contextlib.closing(session(board)) as client:
        while True:
            resets = board.resets
            answer = client.store(b"/flash/last", b"x")
            if answer == b"226 ":
                break
            # a Ctrl-D that is still among what was typed resets the board softly, and takes an upload with it
            assert answer == b"451 "
            until(lambda before=resets: board.resets > before)  # type: ignore[misc]
        assert client.say(b"DELE /flash/last") == b"250 "
    # telnet last: its login waits for a prompt, and garbage may have left a block half typed, which the others end
    for number, wire in enumerate((wires._tcp, *((wires._pty,) if wires.pty else ()), wires._telnet)):
        with wire(board) as here:
            here.send(C + B + C + b"'here ' + '%d'\r" % number)
            here.until(b"'here %d'\r\n>>> " % number)
