"""Rows through the command line: a batch of them in one script on one board, in a process of its own."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.openssl_settings import VARIABLE
from tests.emulator.commandline import Running, running
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import named
from tests.ussl_shim.oracle import opposite
from tests.ussl_shim.oracle.rows import (
    ARGUMENT_ROWS,
    BEYOND,
    CLIENT_ROWS,
    GROUPS,
    RAW_SOCKET,
    SERVER_ROWS,
    ArgumentRow,
    Row,
    ServerRow,
)
from tests.ussl_shim.peers import Peer, Seen

WATCH = 12
"""Seconds after which a row that has not returned hangs: more than any limit that is documented."""
AS_THE_BOARD = ("--cert-rules", "firmware", "--quirks", "all")
HANGS = "hangs"
FIRST_PORT = 2000

SCRIPT = """
import socket, ssl, _thread, time
from network import LoRa

lock = _thread.allocate_lock()

def say(*words):
    with lock:
        print(*words)

def told(value):
    return '%d bytes' % len(value) if isinstance(value, bytes) and len(value) > 100 else repr(value)

class Client:
    def __init__(self, row):
        self.number, self.path, self.host, self.call, self.later, self.steps = row
        self.made, self.value, self.s, self.ss, self.ses = [], None, None, None, None

    def run(self):
        for step in self.steps.split():
            say('at', self.number, step)
            name, argument = (step.split('=') + [''])[:2]
            if name.startswith('wrap'):
                self.wrap(name[4:], argument)
                continue
            value = getattr(self, name.replace('-', '_'))(argument)
            if value is not None:
                self.value = value

    def raw(self):
        self.s = socket.socket()
        self.made.append(self.s)

    def place(self):
        return socket.getaddrinfo(self.host, 8883)[0][-1]

    def wrapped(self, call):
        self.ss = ssl.wrap_socket(self.s, **call)
        self.made.append(self.ss)

    def wrap(self, how, timeout):
        call = dict(self.call)
        if '+' in how:
            call.update(self.later)
            if self.ses is not None:
                call['saved_session'] = self.ses
        if 'same' not in how:
            self.raw()
        try:
            if self.path == 'cw' or 'cw' in how:
                self.s.connect(self.place())
                self.wrapped(call)
            else:
                self.wrapped(call)
                if timeout:
                    self.ss.settimeout(int(timeout))
                self.ss.connect(self.place())
        except OSError:
            if '!' not in how:
                raise

    def only_wrap(self, argument):
        self.raw()
        self.wrapped(self.call)

    def rawsettimeout(self, argument):
        self.raw()
        self.s.settimeout(int(argument))

    def settimeout(self, argument):
        self.ss.settimeout(float(argument))

    def send(self, argument):
        return self.ss.send(argument)

    def sendn(self, argument):
        return self.ss.send(bytes(int(argument)))

    def recv(self, argument):
        return self.ss.recv(int(argument))

    def save(self, argument):
        self.ses = ssl.save_session(self.ss)

    def close(self, argument):
        self.ss.close()

class Server(Client):
    def __init__(self, row):
        self.number, self.port, self.call, self.steps = row
        self.made, self.value = [], None

    def wrap(self, how, timeout):
        listener = socket.socket()
        self.made.append(listener)
        listener.bind(('0.0.0.0', self.port))
        listener.listen(1)
        say('listening', self.number, 'now')
        self.s, _ = listener.accept()
        self.made.append(self.s)
        say('at', self.number, 'accepted')
        self.wrapped(self.call)

class Arguments(Client):
    def __init__(self, row):
        self.number, self.function = row
        self.made, self.value = [], None

    def run(self):
        self.raw()
        s = self.s
        ss = ssl.wrap_socket(s)
        self.made.append(ss)
        self.function(s, ss, lora)

LoRa(mode=LoRa.LORAWAN, region=LoRa.EU868)
lora = socket.socket(socket.AF_LORA, socket.SOCK_RAW)

def one(case):
    try:
        case.run()
        outcome = 'ok'
    except Exception as e:
        outcome = type(e).__name__ + ' ' + str(e.args[0])
    say('outcome', case.number, '|', outcome, '|', told(case.value))
    for s in case.made:
        try:
            s.close()
        except OSError:
            pass
"""
ENDING = {
    False: "for case in cases:\n    one(case)\nprint('all done')\n",
    True: f"for case in cases:\n    _thread.start_new_thread(one, (case,))\ntime.sleep({WATCH})\nprint('all done')\n",
}


@dataclass(frozen=True)
class Case:
    """A row in one of its orders (``wc``, ``cw``, or ``server`` where the device waits for a client)."""

    row: Row | ServerRow | ArgumentRow
    path: str

    @property
    def id(self) -> str:
        return f"{self.row.group}/{self.row.id}/{self.path}"

    @property
    def expected(self) -> str:
        if isinstance(self.row, Row):
            outcome = self.row.wc if self.path == "wc" else self.row.cw
            assert outcome is not None
            return outcome
        return self.row.outcome

    @property
    def hangs(self) -> bool:
        return self.expected == HANGS

    def source(self, number: int) -> str:
        """The expression that makes it on the board."""
        row = self.row
        if isinstance(row, ArgumentRow):
            return f"Arguments(({number}, lambda s, ss, lora: ssl.{row.call}))"
        if isinstance(row, ServerRow):
            call = named({"server_side": True, **row.call})
            steps = "wrap recv=100 send=pong" if row.outcome == "ok" else "wrap"
            return f"Server(({number}, {FIRST_PORT + number}, {call!r}, {steps!r}))"
        steps = row.steps.replace("settimeout=0.05", "settimeout=0.5")
        return f"Client(({number}, {self.path!r}, 'row{number}.test', {named(row.call)!r}, {named(row.later)!r}, {steps!r}))"


def _orders(rows: Sequence[Row]) -> list[Case]:
    return [Case(row, path) for row in rows for path in ("wc", "cw") if getattr(row, path) is not None]


CASES = [
    case
    for case in (
        *_orders((*CLIENT_ROWS, *GROUPS, *RAW_SOCKET)),
        *(Case(row, "server") for row in SERVER_ROWS),
        *(Case(row, "wc") for row in ARGUMENT_ROWS),
    )
    if f"{case.row.id}/{case.path}" not in BEYOND
]
"""The measured table, each outcome once."""


@dataclass(frozen=True)
class Outcome:
    """What a case came to, what it was at last, and what its peer saw."""

    outcome: str
    value: str
    last_step: str
    connections: tuple[Seen, ...]
    notes: str


def run(certs: Certificates, files: Mapping[str, bytes], cases: Sequence[Case]) -> dict[str, Outcome]:
    """Run cases that all end, one after another, or cases that all hang, side by side; what they came to by their ids."""
    hanging = cases[0].hangs
    assert all(case.hangs is hanging for case in cases)
    peers: dict[int, Peer] = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        maps = []
        for number, case in enumerate(cases):
            if isinstance(case.row, Row):
                peers[number] = stack.enter_context(opposite.server(certs, case.row.peer))
                maps += ["--map", f"row{number}.test:8883=127.0.0.1:{peers[number].address[1]}"]
        (folder / "flash" / "cert" / "adir").mkdir(parents=True)
        for name, content in files.items():
            (folder / "flash" / "cert" / name).write_bytes(content)
        sources = "".join(f"    {case.source(number)},\n" for number, case in enumerate(cases))
        script = folder / "main.py"
        script.write_text(f"{SCRIPT}\ncases = [\n{sources}]\n{ENDING[hanging]}", encoding="utf-8")
        with pytest.MonkeyPatch.context() as environment:
            environment.delenv(VARIABLE, raising=False)
            board = stack.enter_context(
                running(
                    *("run", script, "--flash", folder / "flash", *AS_THE_BOARD, "--offline", *maps),
                    *("--expect", "all done", "--timeout", "300"),
                )
            )
        for number, case in enumerate(cases):
            if isinstance(case.row, ServerRow):
                peers[number] = _connect(stack, board, certs, number, case.row)
        board.wait_for("out", "all done")
        ended = board.finish()
        assert ended.status == 0, ended.out + ended.err
    return {case.id: _outcome(number, ended.out, ended.err, peers.get(number)) for number, case in enumerate(cases)}


def _connect(stack: contextlib.ExitStack, board: Running, certs: Certificates, number: int, row: ServerRow) -> Peer:
    """Connect the row's client as soon as the board listens, and see its end where it has one."""
    board.wait_for("out", f"listening {number} now")
    line = board.wait_for("err", f"board port {FIRST_PORT + number} is at ")
    address = ("127.0.0.1", int(line.rpartition(":")[2]))
    if row.outcome == HANGS:
        return stack.enter_context(opposite.client(certs, row.client, address))
    with opposite.client(certs, row.client, address) as peer:
        board.wait_for("out", f"outcome {number} |")
    return peer


def _outcome(number: int, out: str, err: str, peer: Peer | None) -> Outcome:
    found = re.search(rf"^outcome {number} \| (.*) \| (.*)$", out, re.MULTILINE)
    steps = re.findall(rf"^at {number} (.*)$", out, re.MULTILINE)
    outcome, value = found.groups() if found else (HANGS, "")
    return Outcome(outcome, value, steps[-1] if steps else "", tuple(peer.connections if peer else ()), err)
