"""A board with its network only: real power cycles, real sockets, no flash and no boot.

``Bench`` runs script text, each in a thread of its power cycle, and gives what it printed. Peers of the host's side are plain
sockets in threads that end with the test.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from emulator import models
from emulator.board import Power
from emulator.clock import Clock
from emulator.console import Console
from emulator.device import Device
from emulator.hostmap import HostMap, parse_map, parse_publish
from emulator.notes import Note, Notebook
from emulator.power import Ending, PowerCycle, ScriptThread
from emulator.runtime.interpreter import Interpreter
from emulator.settings import Settings
from emulator.sockets import Stack, stack_of

NO_FLASH: Any = SimpleNamespace(path_exists_for_import=lambda _: None, read_for_tls=lambda _: b"")


class FakeServers:
    """What ``network.Server`` drives."""

    def __init__(self) -> None:
        self.running = True
        self.login = ("micro", "python")
        self.timeout = 300.0

    def start(self, user: str = "micro", password: str = "python", timeout: float = 300.0) -> None:
        self.running, self.login, self.timeout = True, (user, password), timeout

    def set_timeout(self, timeout: float) -> None:
        self.timeout = timeout

    def stop(self) -> None:
        self.running = False


class Bench:
    """One power cycle of a board that has a network."""

    def __init__(
        self,
        *maps: str,
        model: str = "fipy",
        publish: tuple[str, ...] = (),
        offline: bool = False,
        quirks: frozenset[str] = frozenset(),
        vfs: Any = None,
    ) -> None:
        self.notes = Notebook()
        self.console = Console()
        self.clock = Clock()
        self.power = PowerCycle(self.clock)
        self.hostmap = HostMap(
            dict(parse_map(m) for m in maps),
            dict(parse_publish(p) for p in publish),
            offline=offline,
            note=self.notes.add,
        )
        self.board = SimpleNamespace(
            model=models.model(model),
            hostmap=self.hostmap,
            settings=Settings(quirks=quirks, offline=offline),
            note=self.notes.add,
            servers=FakeServers(),
            power_state=Power(),
            unique_id=bytes.fromhex("240ac400beef"),
            host_file=lambda *_: None,
        )
        self.device = Device(
            board=self.board,  # type: ignore[arg-type]
            power=self.power,
            clock=self.clock,
            vfs=vfs if vfs is not None else NO_FLASH,
            console=self.console.writer(self.power),
            note=self.notes.add,
        )
        self.interpreter = Interpreter(self.device)
        self.device.interpreter = self.interpreter

    @property
    def stack(self) -> Stack:
        return stack_of(self.device)

    def note_codes(self) -> list[str]:
        return [note.code for note in self.notes]

    def note(self, code: str) -> Note:
        found = [note for note in self.notes if note.code == code]
        assert found, f"no note {code} among {self.note_codes()}"
        return found[0]

    def set(self, **names: Any) -> None:
        """Give the script some globals."""
        self.interpreter.main.update(names)

    def start(self, text: str, *, main: bool = True) -> ScriptThread:
        """Run script text in a thread of the cycle; it shares ``__main__`` with all others of this bench."""

        def body() -> None:
            try:
                self.interpreter.execute(text, "exec", self.interpreter.main, self.interpreter.main)
            except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001  shown as the board does
                self.console.write(self.interpreter.format_exception(error))

        return self.power.start_thread(body, main=main)

    def run(self, text: str, timeout: float = 20) -> str:
        """Run script text to its end; what it printed."""
        before = len(self.console.text)
        thread = self.start(text)
        thread.thread.join(timeout)
        assert not thread.thread.is_alive(), f"still running after {timeout} s: {self.console.text[before:]!r}"
        return self.console.text[before:]

    def call(self, function: Callable[[], Any]) -> Any:
        """Run a host function in a script thread; its result, or what it raised."""
        outcome: list[Any] = []
        failure: list[BaseException] = []

        def body() -> None:
            try:
                outcome.append(function())
            except Exception as error:  # noqa: BLE001  handed on
                failure.append(error)

        thread = self.power.start_thread(body)
        thread.thread.join(20)
        if failure:
            raise failure[0]
        return outcome[0]

    def await_text(self, text: str, timeout: float = 10) -> None:
        """Wait until the console shows ``text``."""
        shown = threading.Event()

        def look(_: str) -> None:
            if text in self.console.text:
                shown.set()

        stop = self.console.listen(look)
        look("")
        try:
            assert shown.wait(timeout), f"{text!r} never came: {self.console.text!r}"
        finally:
            stop()

    def off(self) -> None:
        """Cut the power; nothing of the script may be left."""
        self.power.switch_off(Ending.STOPPED)
        left = self.power.reap(5)
        assert not left, f"threads left: {left}"

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.off()


@contextlib.contextmanager
def tcp_peer(handle: Callable[[socket.socket], None], connections: int = 1) -> Iterator[int]:
    """A TCP server on 127.0.0.1 that hands each connection to ``handle``; gives its port."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(10)
    failure: list[BaseException] = []

    def serve() -> None:
        try:
            for _ in range(connections):
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(10)
                    with contextlib.suppress(ConnectionResetError):  # the board closed without reading everything
                        handle(connection)
        except OSError as error:
            failure.append(error)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()
        assert not failure, failure
    finally:
        # wakes an accept() that is still waiting; a no-op otherwise
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(10)


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """A port of 127.0.0.1 that accepts into its backlog and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def refused_port() -> int:
    """A port of 127.0.0.1 where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
