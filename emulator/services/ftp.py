"""The FTP server through which people put certificates and scripts onto the board (firmware: esp32/ftp/ftp.c).

Replies, codes and texts, the commands there are, paths and listings are the board's. Its defects (`ftp_quirks`) are left out
unless asked for, with a note that tells what the board would have done.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from emulator.services.ports import near
from emulator.settings import LOOPBACK
from flashfs import Note, NoteSink, Vfs, ignore_note

if TYPE_CHECKING:
    from emulator.services.ftp_engine import FtpEngine
    from emulator.services.ftp_image import FirmwareSlot
    from emulator.services.ftp_session import Session

DATA_TIMEOUT = 10.0
"""Seconds to open the data connection, to use it, and between two pieces of an upload (firmware: esp32/ftp/ftp.c)."""


class FtpServer:
    """An FTP server in front of the device's mounts. All methods may be called from any thread.

    :param vfs: the device's mounts; the attribute may be set anew, for a later power cycle
    :param port: port on the host; 0 for any free one
    :param user: login name, ``micro`` on the board (firmware: esp32/serverstask.h)
    :param password: ``python`` on the board
    :param timeout: seconds without data activity after which a client is sent away; commands do not count
    :param note: takes explanations for the host's reader; called in the server's thread, must not call back
    :param now: the board's clock, seconds since 1970, for the dates in listings
    :param quirks: names of ``ftp_quirks.QUIRKS`` to imitate
    :param data_timeout: seconds that a data connection may take to come, to be used and to go on, 10 on the board
    :param log: takes a line for each command and reply, passwords hidden; called in the server's thread
    :param slot: where firmware images go; one of 8 MB boards by default
    :param host: IPv4 address of this machine to listen on
    """

    def __init__(
        self,
        vfs: Vfs,
        *,
        port: int = 0,
        user: str = "micro",
        password: str = "python",
        timeout: float = 300.0,
        note: NoteSink = ignore_note,
        now: Callable[[], float],
        quirks: frozenset[str] = frozenset(),
        data_timeout: float = DATA_TIMEOUT,
        log: Callable[[str], None] | None = None,
        slot: FirmwareSlot | None = None,
        host: str = LOOPBACK,
    ) -> None:
        self.vfs = vfs
        self._port = port
        self._login = (user, password)
        self._timeout = timeout
        self._note = note
        self._now = now
        self._quirks = quirks
        self._data_timeout = data_timeout
        self._log = log
        self._slot = slot
        self._host = host
        self._engine: FtpEngine | None = None
        self._lock = threading.Lock()
        self._broken_off: list[object] = []

    def start(self) -> None:
        """Open the port and serve in a thread.

        :raises OSError: in plain words, if the port cannot be had
        :raises RuntimeError: if the server runs already
        """
        from emulator.services.ftp_engine import FtpEngine
        from emulator.services.ftp_image import FirmwareSlot

        with self._lock:
            if self._slot is None:
                self._slot = FirmwareSlot()
            if self._engine is not None:
                raise RuntimeError("the FTP server runs already")
            engine = FtpEngine(
                self._open_session,
                self._tell,
                timeout=self._timeout,
                data_timeout=self._data_timeout,
                quirks=self._quirks,
                log=None if self._log is None else self._write_log,
                host=self._host,
            )
            engine.start(self._port)
            self._engine = engine

    @property
    def port(self) -> int:
        """The port on the host; what was asked for as long as the server has not been started."""
        engine = self._engine
        return self._port if engine is None else engine.port

    @property
    def url(self) -> str:
        """Address with login, as FTP clients take it."""
        user, password = (quote(text, safe="") for text in self._login)
        return f"ftp://{user}:{password}@{near(self._host)}:{self.port}/flash"

    def suspend(self) -> None:
        """``network.Server.deinit()``: close the port and all sessions. Uploads keep what has arrived."""
        with self._lock:
            if self._engine is not None:
                self._engine.call(self._engine.suspend)

    def resume(self) -> None:
        """``network.Server.init()``: open the same port again; does nothing while it is open. Raises OSError."""
        with self._lock:
            if self._engine is not None:
                self._engine.call(self._engine.resume)

    def configure(self, user: str, password: str, timeout: float) -> None:
        """Change the login, for those who log in from now on, and the idle time in seconds, for everybody."""
        with self._lock:
            self._login = (user, password)
            self._timeout = timeout
            engine = self._engine
            if engine is not None:
                engine.call(lambda: engine.set_timeout(timeout))

    def drop_sessions(self) -> None:
        """Break all connections, as a hard reset does; with ``Volume.remount()`` before or after, uploads are lost."""
        with self._lock:
            engine = self._engine
            if engine is not None:
                broken_off: list[object] = []
                engine.call(lambda: broken_off.extend(engine.drop()))
                # A file that is let go of is committed, as the board's collector does. Until the volume is mounted anew
                # it must not be; the files of the reset before last are past that.
                self._broken_off = broken_off

    def reset(self) -> None:
        """A hard reset: all connections break, and a firmware image that waited for it is looked at."""
        self.drop_sessions()
        if self._slot is not None:
            self._slot.reset()

    def stop(self, *, uploads_lost: bool = False) -> list[object]:
        """Close every socket and join the thread. Does nothing when it does not run.

        Uploads keep what has arrived, or, if the power has gone, are lost; then keep the result until the flash is
        mounted anew.
        """
        with self._lock:
            engine, self._engine = self._engine, None
            return [] if engine is None else engine.stop(uploads_lost=uploads_lost)

    def _write_log(self, line: str) -> None:
        if self._log is not None:
            with contextlib.suppress(Exception):  # as a sink of notes
                self._log(line)

    def _tell(self, note: Note) -> None:
        with contextlib.suppress(Exception):  # a sink that fails must not take the server with it
            self._note(note)

    def _open_session(self) -> Session:
        from emulator.services.ftp_session import Session

        return Session(
            vfs=lambda: self.vfs,
            login=lambda: (self._login[0].encode(), self._login[1].encode()),
            note=self._tell,
            now=self._now,
            quirks=self._quirks,
            slot=self._slot,
        )
