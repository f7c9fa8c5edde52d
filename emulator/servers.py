"""The board's network services as the board sees them (on or off, login, timeout) and as the host opened them.

On the board they run from boot on, as long as a WLAN interface is up, and ``network.Server`` starts and stops them (firmware:
esp32/serverstask.c). On the host a service has a port only if somebody asked for one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.settings import LOOPBACK
from flashfs.notes import Note, NoteSink

if TYPE_CHECKING:
    from emulator.console import Console
    from emulator.console_input import ConsoleInput
    from emulator.services.ftp import FtpServer
    from emulator.services.ftp_image import FirmwareSlot
    from emulator.services.telnet import TelnetServer
    from flashfs import Vfs

DEFAULT_LOGIN = ("micro", "python")
DEFAULT_TIMEOUT = 300.0


class Servers:
    """FTP and telnet of one board.

    ``machine``: as in ``os.uname()``; ``safe_boot``: what Ctrl-F over telnet brings about; ``host``: the IPv4 address of this
    machine that they listen on.
    """

    def __init__(
        self,
        vfs: Vfs,
        console: Console,
        keys: ConsoleInput,
        *,
        machine: str,
        safe_boot: Callable[[], None],
        note: NoteSink,
        now: Callable[[], float],
        quirks: frozenset[str],
        slot: Callable[[], FirmwareSlot] | None = None,
        host: str = LOOPBACK,
    ) -> None:
        self._vfs = vfs
        self._console = console
        self._keys = keys
        self._machine = machine
        self._safe_boot = safe_boot
        self._note = note
        self._now = now
        self._quirks = quirks
        self._lock = threading.RLock()
        self.running = True
        self.login = DEFAULT_LOGIN
        self.timeout = DEFAULT_TIMEOUT
        self.ftp: FtpServer | None = None
        self.telnet: TelnetServer | None = None
        self.logs: dict[str, Callable[[str], None]] = {}
        """Name of a service -> what takes the lines of its log; counts for servers that are opened later."""
        self._slot = slot
        self._host = host

    def open_ftp(self, port: int = 0) -> str:
        """Give the FTP server a port of the host (0: any free one); its URL. Raises OSError."""
        from emulator.services.ftp import FtpServer

        with self._lock:
            if self.ftp is None:
                user, password = self.login
                server = FtpServer(
                    self._vfs,
                    port=port,
                    user=user,
                    password=password,
                    timeout=self.timeout,
                    note=self._note,
                    now=self._now,
                    quirks=self._quirks,
                    log=self.logs.get("ftp"),
                    slot=None if self._slot is None else self._slot(),
                    host=self._host,
                )
                server.start()
                self.ftp = server
                if not self.running:
                    server.suspend()
            return self.ftp.url

    def open_telnet(self, port: int = 0) -> str:
        """Give the telnet server a port of the host (0: any free one); its URL. Raises OSError."""
        from emulator.services.telnet import TelnetServer

        with self._lock:
            if self.telnet is None:
                self.telnet = TelnetServer(
                    self._console,
                    self._keys,
                    machine=self._machine,
                    port=port,
                    login=self.login,
                    timeout=self.timeout,
                    safe_boot=self._safe_boot,
                    note=self._note,
                    host=self._host,
                )
                if not self.running:
                    self.telnet.suspend()
            return self.telnet.url

    @property
    def _open(self) -> list[FtpServer | TelnetServer]:
        return [server for server in (self.ftp, self.telnet) if server is not None]

    def start(
        self, user: str = DEFAULT_LOGIN[0], password: str = DEFAULT_LOGIN[1], timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        """The board starts its servers, or gives them another login."""
        with self._lock:
            self.login = (user, password)
            self.running = True
            self.set_timeout(timeout)
            for server in self._open:
                try:
                    server.resume()
                except OSError as error:
                    self._note(
                        Note(
                            "service-port-lost",
                            str(error.strerror),
                            cause="another program has taken it while the board's servers were stopped",
                            fix="end that program and have the board start its servers again: network.Server().init()",
                        )
                    )

    def set_timeout(self, timeout: float) -> None:
        """The board sends clients away after so many idle seconds, those that are connected too."""
        with self._lock:
            self.timeout = timeout
            for server in self._open:
                server.configure(*self.login, timeout)

    def stop(self) -> None:
        """The board stops its servers: ports are closed."""
        with self._lock:
            self.running = False
            for server in self._open:
                server.suspend()

    def reset(self) -> None:
        """A hard reset: sessions are dropped, the login is the default again."""
        with self._lock:
            if self.ftp is not None:
                self.ftp.reset()
            if self.telnet is not None:
                self.telnet.drop_sessions()
            self.start()

    def close(self) -> object:
        """The host gives the ports back; the board is off.

        Keep the result until the flash is mounted anew: with it go uploads that were under way, which would be committed.
        """
        with self._lock:
            ftp, telnet = self.ftp, self.telnet
            self.ftp = self.telnet = None
        uploads = None if ftp is None else ftp.stop(uploads_lost=True)
        if telnet is not None:
            telnet.stop()
        return uploads
