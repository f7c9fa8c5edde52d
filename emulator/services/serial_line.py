"""The board's serial line, UART 0, for terminals and tools of the host: a pseudo-terminal, or a TCP port for ``socket://``.

A UART waits for nobody: what a client does not take in time is lost, and so is what it types faster than the board
reads. A client that reads loses nothing (firmware: esp32/mods/machuart.c).
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
from collections.abc import Mapping

from emulator.console import Console
from emulator.console_input import ConsoleInput
from emulator.services.engine import READ, WRITE, Engine, File
from emulator.services.ports import accepted, acknowledge, bound, close_politely, listen, near
from emulator.services.wire import Inlet, Outlet, attach
from emulator.settings import LOOPBACK
from flashfs.notes import NoteSink

SERVICE = "serial"
PIECE = 4096
PATIENCE = 1.0
"""Seconds that either side waits for one that does not read."""
KEPT = 4096
"""Bytes that wait for the first client; the rest of what nobody reads is lost."""
WAITING = 8
"""Clients that wait while one has the line."""


class _Line(Engine):
    """A line with a wire to the console. ``address`` is where a client finds it."""

    address = ""

    def __init__(self, console: Console, keys: ConsoleInput, note: NoteSink) -> None:
        super().__init__("serial line", note)
        self._outlet = Outlet(self.wake, patience=PATIENCE, kept=KEPT, coming=self.coming)
        self._inlet = Inlet(keys, self.wake, patience=PATIENCE)
        self._detach = attach(console, self._outlet)

    def _events(self) -> int:
        events = WRITE if self._outlet.pending else 0
        until = self._inlet.wait_until()
        if until is not None and until <= self.now():
            events |= READ
        return events

    def deadline(self) -> float | None:
        until = self._inlet.wait_until()
        return until if until and until > self.now() else None

    def late(self) -> None:
        """A client was held back long enough: what it types is wanted again."""

    def _typed(self, data: bytes) -> None:
        self._outlet.is_there()
        self._inlet.type(data, controls=True)

    def coming(self) -> bool:
        """Whether a client is there that has not been let in yet. Called in threads of the script."""
        return False

    def unread(self) -> int:
        """How many bytes a client could read at once, where that would be lost with the line."""
        return 0

    def close(self) -> None:
        self._detach()
        self._outlet.linger(self.unread)
        self._outlet.disconnect()
        self._inlet.close()


class PtyLine(_Line):
    """A pseudo-terminal. It is held open here, so clients come and go as they like."""

    def __init__(self, console: Console, keys: ConsoleInput, note: NoteSink) -> None:
        """Raises OSError."""
        if sys.platform == "win32":
            raise OSError(0, "there are no pseudo-terminals on Windows; use a TCP port instead: --serial-tcp PORT")
        import tty

        self._board, self._client = os.openpty()
        try:
            tty.setraw(self._client)
            os.set_blocking(self._board, False)
            self.address = os.ttyname(self._client)
            super().__init__(console, keys, note)
        except BaseException:
            os.close(self._board)
            os.close(self._client)
            raise
        self._sent = 0
        self._outlet.connect(self._write)

    def _write(self, data: bytes) -> int:
        count = os.write(self._board, data)
        self._sent += count
        return count

    def wanted(self) -> Mapping[File, int]:
        events = self._events()
        return {self._board: events} if events else {}

    def ready(self, file: File, events: int) -> None:
        if events & WRITE:
            self._outlet.flush()
        if events & READ:
            with contextlib.suppress(BlockingIOError, InterruptedError):
                self._typed(os.read(self._board, PIECE))
            self._share()

    def _share(self) -> None:
        """Lift the exclusive use that a client (screen, say) has claimed: as the line is held open here, it would outlive it."""
        if sys.platform != "win32":
            import fcntl
            import termios

            with contextlib.suppress(OSError):
                fcntl.ioctl(self._client, termios.TIOCNXCL)

    def give_up(self) -> None:
        """There is nobody to send away."""

    def unread(self) -> int:
        if sys.platform == "win32":
            return 0
        import fcntl
        import termios

        count = int.from_bytes(fcntl.ioctl(self._client, termios.FIONREAD, bytes(4)), sys.byteorder)
        return 0 if count == self._sent else count  # nobody has ever read: nobody is waited for

    def close(self) -> None:
        super().close()
        self.unwatch(self._board)
        os.close(self._board)
        os.close(self._client)


class TcpLine(_Line):
    """A TCP port. One client has the line; the next one waits until it leaves."""

    def __init__(self, console: Console, keys: ConsoleInput, note: NoteSink, port: int, host: str = LOOPBACK) -> None:
        """Raises OSError in plain words."""
        self._listener = bound(SERVICE, port, host)
        self.port: int = self._listener.getsockname()[1]
        listen(self._listener, SERVICE, WAITING)
        self._client: socket.socket | None = None
        self._letting_in = False
        self.address = f"socket://{near(host)}:{self.port}"
        super().__init__(console, keys, note)

    def wanted(self) -> Mapping[File, int]:
        if self._client is None:
            return {self._listener: READ}
        events = self._events()
        return {self._client: events} if events else {}

    def ready(self, file: File, events: int) -> None:
        if file is self._listener:
            self._accept()
            return
        if events & WRITE:
            self._outlet.flush()
        if events & READ and self._client is not None:
            self._receive(self._client)

    def coming(self) -> bool:
        with contextlib.suppress(OSError, ValueError):  # closed meanwhile
            # in this order: who has left the queue is being let in, or is there
            return bool(select.select([self._listener], [], [], 0)[0]) or self._letting_in
        return False

    def _accept(self) -> None:
        self._letting_in = True
        try:
            client = accepted(self._listener)
            if client is not None:
                self._client = client
                self._inlet.connect()
                self._outlet.connect(client.send)
        except OSError:
            self.rest()
            return
        finally:
            self._letting_in = False
        self._outlet.flush()

    def _receive(self, client: socket.socket) -> None:
        try:
            data = client.recv(PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            acknowledge(client)
            self._typed(data)
        else:
            self.give_up()

    def give_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._outlet.disconnect()
            self.unwatch(client)
            close_politely(client)

    def close(self) -> None:
        super().close()
        self.give_up()
        self.unwatch(self._listener)
        self._listener.close()
