"""The telnet server in front of the board's one prompt (firmware: esp32/telnet/telnet.c): sockets and time.

What the bytes mean is :mod:`emulator.services.telnet_protocol`'s. One client at a time: while it is there, nobody listens, and a
second one is refused.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Mapping

from emulator.console import Console
from emulator.console_input import CTRL_C, ConsoleInput
from emulator.services.engine import READ, WRITE, Engine, File
from emulator.services.ports import accepted, acknowledge, bound, close_politely, listen, near, reset_at_close
from emulator.services.telnet_protocol import Protocol, Signal, Typed
from emulator.services.wire import Inlet, Outlet, attach
from emulator.settings import LOOPBACK
from flashfs.notes import Note, NoteSink

SERVICE = "telnet"
PIECE = 4096
PROMPT_DELAY = 0.008
"""Seconds before a prompt in which what comes is thrown away: two turns of the board's server task (SERVERS_CYCLE_TIME_MS)."""
LOGIN_SECONDS = 300.0
"""A client that has not logged in by then is sent away, also one that types a byte now and then."""


class TelnetServer:
    """A telnet server. All methods may be called from any thread.

    :param machine: as in ``os.uname()``, for the banner
    :param port: port on the host; 0 for any free one
    :param login: user name and password
    :param timeout: seconds without a byte from the client after which it is sent away
    :param safe_boot: what Ctrl-F brings about, called in a thread of its own
    :param note: takes explanations for the host's reader
    :param host: IPv4 address of this machine to listen on
    """

    def __init__(
        self,
        console: Console,
        keys: ConsoleInput,
        *,
        machine: str,
        port: int = 0,
        login: tuple[str, str] = ("micro", "python"),
        timeout: float = 300.0,
        safe_boot: Callable[[], None],
        note: NoteSink,
        host: str = LOOPBACK,
    ) -> None:
        self._engine = _Engine(console, keys, machine, login, timeout, safe_boot, note, host)
        self._engine.open(port)
        self._engine.start()

    @property
    def port(self) -> int:
        """The port on the host."""
        return self._engine.port

    @property
    def url(self) -> str:
        """The address as URL."""
        return f"telnet://{near(self._engine.host)}:{self.port}"

    def suspend(self) -> None:
        """``network.Server.deinit()``: close the port and the session."""
        self._engine.call(self._engine.suspend)

    def resume(self) -> None:
        """``network.Server.init()``: open the same port again; does nothing while it is open."""
        self._engine.call(self._engine.resume)

    def configure(self, user: str, password: str, timeout: float) -> None:
        """Change the login, for those who log in from now on, and the idle time in seconds, for everybody."""
        self._engine.login = (user, password)
        self._engine.timeout = timeout
        self._engine.wake()

    def drop_sessions(self) -> None:
        """Break the connection, as a hard reset does."""
        self._engine.call(self._engine.break_off)

    def stop(self) -> None:
        """Close every socket and join the thread."""
        self._engine.stop()


class _Engine(Engine):
    def __init__(
        self,
        console: Console,
        keys: ConsoleInput,
        machine: str,
        login: tuple[str, str],
        timeout: float,
        safe_boot: Callable[[], None],
        note: NoteSink,
        host: str,
    ) -> None:
        super().__init__("telnet server", note)
        self.login = login
        self.timeout = timeout
        self.host = host
        self.port = 0
        self._keys = keys
        self._machine = machine
        self._safe_boot = safe_boot
        self._listening = False
        self._reserved: socket.socket | None = None
        """Has the port: listens while there is no client, and only keeps it while there is one."""
        self._client: socket.socket | None = None
        self._protocol: Protocol | None = None
        self._came = self._heard = self._prompt_at = 0.0
        self._told = False
        self._suspended = False
        self._outlet = Outlet(self.wake)
        self._inlet = Inlet(keys, self.wake, first=True)
        self._detach = attach(console, self._outlet)

    def open(self, port: int) -> None:
        """Take the port and listen. Raises OSError in plain words."""
        try:
            self._reserved = bound(SERVICE, port, self.host)
            self.port = self._reserved.getsockname()[1]
            listen(self._reserved, SERVICE, 1)
            self._listening = True
        except BaseException:
            self.stop()
            raise

    # -- the loop ----------------------------------------------------------------------------------------------------

    def wanted(self) -> Mapping[File, int]:
        if self._client is None:
            self._listen()
            return {self._reserved: READ} if self._listening and self._reserved is not None else {}
        events = WRITE if self._outlet.pending else 0
        if self._inlet.wait_until() == 0.0 and not self._outlet.clogged:
            events |= READ
        return {self._client: events} if events else {}

    def deadline(self) -> float | None:
        if self._protocol is None:
            return None if self._listening or self._suspended else time.monotonic() + 1.0
        due = self._heard + self.timeout
        if self._protocol.prompt_due:
            due = min(due, self._prompt_at)
        if not self._protocol.logged_in:
            due = min(due, self._came + LOGIN_SECONDS)
        return due

    def late(self) -> None:
        now = time.monotonic()
        if self._protocol is None:
            return
        if now >= self._heard + self.timeout or (not self._protocol.logged_in and now >= self._came + LOGIN_SECONDS):
            self._leave()
        elif self._protocol.prompt_due and now >= self._prompt_at:
            self._receive()  # what has come by now is thrown away with the rest
            if self._protocol is not None:
                self._protocol.prompt()
                self._outlet.put(self._protocol.data_to_send())

    def ready(self, file: File, events: int) -> None:
        if file is self._reserved and self._client is None:
            self._accept()
        elif file is self._client:
            if events & WRITE:
                self._outlet.flush()
            if events & READ:
                self._receive()

    def give_up(self) -> None:
        self._leave()

    def close(self) -> None:
        self._detach()
        self._outlet.linger()
        self._leave()
        if self._reserved is not None:
            self.unwatch(self._reserved)
            self._reserved.close()
            self._reserved = None
        self._listening = False
        self._inlet.close()

    # -- the port ----------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Listen again on the same port, unless the board has stopped its servers."""
        if self._listening or self._suspended:
            return
        try:
            sock = self._reserved or bound(SERVICE, self.port, self.host)
            self._reserved = None
            listen(sock, SERVICE, 1)
        except OSError as error:
            if not self._told:
                self._told = True
                self.tell(Note("telnet-port-lost", str(error.strerror), cause="it was free while a client was served"))
            return
        self._reserved = sock
        self._listening = True

    def _refuse(self) -> None:
        """Listen no more: who waits to be accepted, or comes from now on, is refused. The number stays ours."""
        listener, self._reserved = self._reserved, None
        self._listening = False
        if listener is not None:
            self.unwatch(listener)
            listener.close()
        with contextlib.suppress(OSError):  # then _listen() tries again
            self._reserved = bound(SERVICE, self.port, self.host)

    def suspend(self) -> None:
        """Close the session and refuse clients."""
        self._suspended = True
        self._leave()
        if self._listening:
            self._refuse()

    def resume(self) -> None:
        """Listen again, unless a client is there."""
        self._suspended = False

    # -- the client --------------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        assert self._reserved is not None
        try:
            client = accepted(self._reserved)
        except OSError:
            self.rest()
            return
        if client is None:
            return
        self._client = client
        self._refuse()
        self._protocol = Protocol(self._machine, lambda: (self.login[0].encode(), self.login[1].encode()))
        acknowledge(client)
        self._came = self._heard = time.monotonic()
        self._prompt_at = self._came + PROMPT_DELAY
        self._inlet.connect()
        self._outlet.shows = False
        self._outlet.connect(client.send)
        self._outlet.put(self._protocol.data_to_send())

    def _receive(self) -> None:
        client, protocol = self._client, self._protocol
        if client is None or protocol is None:
            return
        try:
            data = client.recv(PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._leave()
            return
        self._heard = time.monotonic()
        acknowledge(client)  # what comes too early for a prompt comes before it then
        before = protocol.state
        events = protocol.receive(
            data,
            interrupt=ord(CTRL_C) if self._keys.running else None,
            reset_key=lambda: not self._keys.reset_key_is_data(),
        )
        self._outlet.put(protocol.data_to_send())
        if protocol.state is not before and protocol.prompt_due:
            self._prompt_at = self._heard + PROMPT_DELAY
        for event in events:
            if isinstance(event, Typed):
                self._inlet.type(event.data, controls=False)
            elif event is Signal.LOGGED_IN:
                self._outlet.shows = True
            elif event is Signal.INTERRUPT:
                self._keys.interrupt()
            elif event is Signal.SAFE_BOOT:
                self._keys.act(self._safe_boot)
            elif event is Signal.CLOSED:
                self._leave()

    def _leave(self) -> None:
        """Close the connection; the script no longer waits for the client."""
        client, self._client, self._protocol = self._client, None, None
        if client is not None:
            self._outlet.flush()
            self._outlet.shows = False
            self._outlet.disconnect()
            self.unwatch(client)
            close_politely(client)

    def break_off(self) -> None:
        """Close the connection as a reset of the board does."""
        if self._client is not None:
            reset_at_close(self._client)
            client, self._client, self._protocol = self._client, None, None
            self._outlet.shows = False
            self._outlet.disconnect()
            self.unwatch(client)
            client.close()
