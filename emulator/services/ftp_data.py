"""The data connection of an FTP session on the sockets of an event loop: the listener, the transfer, what is left over."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Protocol

from emulator.services import ftp_replies as replies
from emulator.services.ftp_replies import Reply
from emulator.services.ftp_transfers import Sink, Source, TransferFailed
from emulator.services.ports import bound, listen, reset_at_close

SERVICE = "FTP"
RECEIVE = 65536
"""Bytes to take from the connection at once."""
TURN = 4 << 20
"""Bytes to move before others have their turn."""

SILENT = Reply(0)
"""No reply at all: the session ends."""


class Loop(Protocol):
    """The event loop: calls ``readable``, ``handle_read_event`` and so on of what is registered."""

    READ: int
    WRITE: int

    def register(self, fd: int, instance: object, events: int, /) -> None: ...

    def unregister(self, fd: int, /) -> None: ...

    def modify(self, fd: int, events: int, /) -> None: ...


class Timer(Protocol):
    """A call that has not been made yet."""

    cancelled: bool

    def cancel(self) -> None: ...


class Control(Protocol):
    """The control connection, as its data connection knows it."""

    loop: Loop
    data_timeout: float

    def later(self, seconds: float, function: Callable[[], None]) -> Timer: ...

    def failed(self) -> None: ...

    def data_stranger(self, address: str) -> None: ...

    def data_connected(self, sock: socket.socket) -> None: ...

    def data_missing(self) -> None: ...

    def data_moved(self) -> None: ...

    def data_done(self, reply: Reply | None) -> None: ...

    def send_failed(self) -> Reply: ...

    def drain(self, sock: socket.socket) -> None: ...

    def carry_on(self) -> None: ...


class Deadline:
    """One moment to come, which moves often: a timer of the loop is set anew only when it has run out."""

    def __init__(self, later: Callable[[float, Callable[[], None]], Timer]) -> None:
        self._later = later
        self._timer: Timer | None = None
        self._rings = 0.0
        self._when = 0.0
        self._function: Callable[[], None] | None = None

    def set(self, seconds: float, function: Callable[[], None]) -> None:
        """Call the function in so many seconds, and nothing that was set before."""
        self._when = time.monotonic() + seconds
        self._function = function
        if self._timer is not None and self._rings > self._when:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._arm(seconds)

    def clear(self) -> None:
        """Call nothing."""
        self._function = None

    def close(self) -> None:
        """Call nothing, and let go of the timer."""
        self._function = None
        if self._timer is not None and not self._timer.cancelled:
            self._timer.cancel()
        self._timer = None

    def _arm(self, seconds: float) -> None:
        self._rings = time.monotonic() + seconds
        self._timer = self._later(seconds, self._ring)

    def _ring(self) -> None:
        self._timer = None
        function, left = self._function, self._when - time.monotonic()
        if function is None:
            return
        if left > 0:
            self._arm(left)
        else:
            self._function = None
            function()


class PassiveListener:
    """The listener for one data connection. Raises OSError if there can be none.

    :param here: the address at which the client has found this machine
    :param peer: the only address that is let in
    :param port: 0 for any free one; also used where this one is taken
    """

    def __init__(self, control: Control, here: str, peer: str, port: int) -> None:
        self._control = control
        self._peer = peer
        self._sock = self._listening(here, port)
        self.address: tuple[str, int] = self._sock.getsockname()
        self._fileno = self._sock.fileno()
        self._closed = False
        control.loop.register(self._fileno, self, control.loop.READ)

    @staticmethod
    def _listening(here: str, port: int) -> socket.socket:
        try:
            sock = bound(SERVICE, port, here)
            listen(sock, SERVICE, 1)
        except OSError:
            if not port:
                raise
            return PassiveListener._listening(here, 0)
        return sock

    def accept(self) -> None:
        """Take the connection of the client if it is there."""
        while not self._closed:
            try:
                sock, (host, _) = self._sock.accept()
            except OSError:  # nobody there any more, or no descriptors
                return
            if host == self._peer:
                self.close()
                self._control.data_connected(sock)
            else:
                sock.close()
                self._control.data_stranger(host)

    def close(self) -> None:
        """Listen no more."""
        if not self._closed:
            self._closed = True
            self._control.loop.unregister(self._fileno)
            self._sock.close()

    # what the loop calls

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        self.accept()

    def handle_close(self) -> None:
        self.close()
        self._control.data_missing()

    def handle_error(self) -> None:
        self._control.failed()
        self.handle_close()


class DataConnection:
    """The data connection. It is not watched until a transfer begins, so bytes that come early wait."""

    def __init__(self, sock: socket.socket, control: Control, deadline: Deadline) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._fileno = sock.fileno()
        self._control = control
        self._deadline = deadline
        self._source: Source | None = None
        self._sink: Sink | None = None
        self._rest = memoryview(b"")
        self.moved = 0
        """Bytes that went through."""
        self._heard = 0.0
        self._watched = 0
        self._closed = False
        deadline.set(control.data_timeout, self.close)

    @property
    def transferring(self) -> bool:
        """Whether something is on its way."""
        return self._source is not None or self._sink is not None

    @property
    def receiving(self) -> bool:
        """Whether an upload is on its way."""
        return self._sink is not None

    def _watch(self, events: int) -> None:
        if not self._closed and self._watched != events:
            loop = self._control.loop
            if self._watched:
                loop.modify(self._fileno, events)
            else:
                loop.register(self._fileno, self, events)
            self._watched = events

    # -- sending

    def send_all(self, source: Source) -> None:
        """Send all of it, then say so on the control connection and close."""
        self._deadline.clear()
        self._source = source
        self._send()

    def _send(self) -> None:
        source, moved = self._source, 0
        assert source is not None
        try:
            while moved < TURN:
                if not self._rest:
                    self._rest = memoryview(source.more())
                    if not self._rest:
                        self._finish_download(replies.TRANSFERRED)
                        return
                sent = self._sock.send(self._rest)
                self._rest = self._rest[sent:]
                moved += sent
                self.moved += sent
                self._control.data_moved()
        except TransferFailed:
            self._finish_download(replies.TRANSFER_FAILED)
            return
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._finish_download(self._control.send_failed())
            return
        self._watch(self._control.loop.WRITE)

    def _finish_download(self, reply: Reply) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.close()
            self._finish(reply)

    # -- receiving

    def receive_all(self, sink: Sink) -> None:
        """Take all that comes, then say so on the control connection and close."""
        self._sink = sink
        self._heard = time.monotonic()
        self._deadline.set(self._control.data_timeout, self._silence)
        self._watch(self._control.loop.READ)

    def _silence(self) -> None:
        left = self._heard + self._control.data_timeout - time.monotonic()
        if left > 0:
            self._deadline.set(left, self._silence)
        else:
            self._finish_upload(f"no data for {self._control.data_timeout:g} s", replies.TRANSFER_ENDED)

    def _receive(self) -> None:
        sink, moved = self._sink, 0
        if sink is None:
            return
        try:
            while moved < TURN:
                chunk = self._sock.recv(RECEIVE)
                if not chunk:
                    self._finish_upload()
                    return
                moved += len(chunk)
                self.moved += len(chunk)
                sink.write(chunk)
        except TransferFailed:
            self._finish_upload()
            return
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self._finish_upload(f"the data connection broke: {error.strerror}")
            return
        if moved:
            self._heard = time.monotonic()
            self._control.data_moved()

    def _finish_upload(self, cut_off: str = "", reply: Reply | None = None) -> None:
        sink, self._sink = self._sink, None
        if sink is None:
            return
        outcome = sink.finish(cut_off)
        if outcome.code == replies.TRANSFER_FAILED.code:
            self._finish(outcome, drain=True)
        else:
            self._finish(outcome if reply is None else reply)

    # -- the end

    def _finish(self, reply: Reply, *, drain: bool = False) -> None:
        """As on the board, the reply comes first."""
        self._deadline.clear()
        self._control.data_done(reply)
        sock = self._release()
        if sock is not None:
            if drain:
                self._control.drain(sock)
            else:
                sock.close()
        self._control.carry_on()

    def _release(self) -> socket.socket | None:
        """Give the socket away."""
        if self._closed:
            return None
        self._closed = True
        if self._watched:
            self._control.loop.unregister(self._fileno)
        return self._sock

    def close(self) -> None:
        """End, with what arrived kept, and without a reply."""
        if self._closed:
            return
        self._deadline.clear()
        sock = self._release()
        if sock is not None:
            sock.close()
        source, self._source = self._source, None
        if source is not None:
            source.close()
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.finish("the control connection ended")
        self._control.data_done(None)

    def abandon(self) -> object:
        """Let go of an upload as a power cut does; see ``Sink.abandon`` for the result."""
        sink, self._sink = self._sink, None
        return None if sink is None else sink.abandon()

    def break_off(self) -> None:
        """End as a reset of the board does."""
        if not self._closed:
            reset_at_close(self._sock)
            self.close()

    # what the loop calls

    def readable(self) -> bool:
        return self._sink is not None

    def writable(self) -> bool:
        return self._source is not None

    def handle_read_event(self) -> None:
        self._receive()

    def handle_write_event(self) -> None:
        self._send()

    def handle_close(self) -> None:
        """The connection broke, and nothing is left to read."""
        if self._sink is not None:
            self._finish_upload("the data connection broke")
        elif self._source is not None:
            self._finish_download(self._control.send_failed())
        else:
            self.close()

    def handle_error(self) -> None:
        self._control.failed()
        with contextlib.suppress(Exception):  # whatever failed may fail again, and must not end the loop
            self.close()
        self._control.data_done(SILENT)


class Leftover:
    """What a client still sends after its upload failed, read and thrown away for a while."""

    def __init__(self, sock: socket.socket, siblings: set[Leftover], loop: Loop) -> None:
        self._sock = sock
        self._siblings = siblings
        self._loop = loop
        self._fileno = sock.fileno()
        loop.register(self._fileno, self, loop.READ)
        siblings.add(self)

    def close(self) -> None:
        """Read no more."""
        if self in self._siblings:
            self._siblings.discard(self)
            self._loop.unregister(self._fileno)
            self._sock.close()

    # what the loop calls

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        try:
            if self._sock.recv(RECEIVE):
                return
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            pass
        self.close()

    def handle_close(self) -> None:
        self.close()

    def handle_error(self) -> None:
        self.close()
