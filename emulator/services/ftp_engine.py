"""Sockets and event loop of the FTP server, by pyftpdlib; the only importer of it. What a command does is `Session`'s.

pyftpdlib's event loop, accepting and buffering are used; its commands, users, file system and data channels are not.
Its handlers log and print what goes wrong, so every such hook is overridden here: nothing a client does may be seen on
the host's stderr.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from pyftpdlib.ioloop import AsyncChat, IOLoop  # first: it keeps asyncore's deprecation warning quiet

# isort: split
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

from emulator.services import ftp_quirks
from emulator.services import ftp_replies as replies
from emulator.services.calls import Calls
from emulator.services.ftp_commands import LineReader, ReceiveReader
from emulator.services.ftp_data import SERVICE, SILENT, DataConnection, Deadline, Leftover, PassiveListener
from emulator.services.ftp_log import SessionLog
from emulator.services.ftp_replies import Reply
from emulator.services.ftp_session import Answer, Download, LateUpload, Passive, Session, Upload
from emulator.services.ports import bound, listen, reset_at_close
from flashfs import Note, NoteSink

SESSIONS_MAX = 250
"""The board serves one client at a time; clients that open further connections should not hang here."""
LOGIN_SECONDS = 60.0
"""A client that has not logged in by then is sent away."""
ACCEPT_AGAIN_SECONDS = 1.0
"""After the host ran out of descriptors."""
RECEIVING_AGAIN_SECONDS = 1.0
"""After the idle time has run out during an upload."""
REAL_PORT, REAL_DATA_PORT = 21, 2024
"""Who asks for the board's control port gets its data port, too, as long as it is free."""


class FtpEngine:
    """A listener, its sessions, and the thread they live in.

    :param open_session: makes the state of a new client
    :param timeout: seconds without data activity after which a client is sent away
    :param data_timeout: seconds that a data connection may take to come, to be used and to go on
    :param quirks: names of ``ftp_quirks.QUIRKS`` to imitate
    :param log: takes the lines of the sessions' log, None for no log
    """

    def __init__(
        self,
        open_session: Callable[[], Session],
        note: NoteSink,
        *,
        timeout: float,
        data_timeout: float,
        quirks: frozenset[str],
        log: Callable[[str], None] | None,
        host: str,
    ) -> None:
        self.open_session = open_session
        self.timeout = timeout
        self.data_timeout = data_timeout
        self.data_port = 0
        self.quirks = quirks
        self.log = log
        self.host = host
        self.served = 0
        """Sessions there have been."""
        self.sessions_max = 1 if ftp_quirks.ONE_CLIENT.name in quirks else SESSIONS_MAX
        self.sessions: set[_Control] = set()
        self.ioloop: Any = _Loop()
        self._note = note
        self._told: set[str] = set()
        self._listener: _Listener | None = None
        self._reserved: socket.socket | None = None
        self._stopping = False
        self._uploads_lost = False
        self._lost: list[object] = []
        self._calls = Calls()
        _Caller(self._calls, self.ioloop)
        self._thread: threading.Thread | None = None
        self.port = 0

    # -- from any thread

    def start(self, port: int) -> None:
        """Listen and serve. Raises OSError in plain words."""
        try:
            sock = bound(SERVICE, port, self.host)
            listen(sock, SERVICE, SESSIONS_MAX)
            self.port = sock.getsockname()[1]
            self.data_port = REAL_DATA_PORT if self.port == REAL_PORT else 0
            self._listener = _Listener(sock, self)
        except BaseException:
            self._close_all()
            raise
        self._thread = threading.Thread(target=self._run, name=f"ftp-{self.port}", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """Run a function in the thread of the server and wait for it; raises what it raises. Does nothing after the end."""
        if threading.current_thread() is self._thread:
            function()
        else:
            self._calls.call(function)

    def stop(self, *, uploads_lost: bool) -> list[object]:
        """End the thread; every socket is closed when this returns.

        The result is what was left of lost uploads, to be kept until the flash is mounted anew.
        """
        thread, self._thread = self._thread, None
        if thread is None:
            return []
        self._uploads_lost = uploads_lost
        self._stopping = True
        self._calls.wake()
        if thread is not threading.current_thread():
            thread.join()
        return self._lost

    # -- in the thread of the server

    def suspend(self) -> None:
        """Close the port and all sessions. The number stays ours: it is bound, and refuses connections."""
        self._close_listener()
        for session in list(self.sessions):
            session.close()
        if self._reserved is None:
            with contextlib.suppress(OSError):  # then resume() tries again, and says so if the port is taken
                self._reserved = bound(SERVICE, self.port, self.host)

    def resume(self) -> None:
        """Listen on the same port again. Raises OSError in plain words."""
        if self._listener is None:
            sock, self._reserved = self._reserved or bound(SERVICE, self.port, self.host), None
            listen(sock, SERVICE, SESSIONS_MAX)
            self._listener = _Listener(sock, self)

    def drop(self) -> list[object]:
        """Break all connections as a reset does, without a commit. Keep the result until the flash is mounted anew."""
        return [kept for session in list(self.sessions) for kept in session.break_off()]

    def set_timeout(self, timeout: float) -> None:
        """Change the time without data activity after which clients are sent away, those that are connected too."""
        self.timeout = timeout
        for session in list(self.sessions):
            session.watch_idleness()

    def tell(self, note: Note) -> None:
        """Pass a note on, each kind once."""
        if note.code not in self._told:
            self._told.add(note.code)
            self._note(note)

    def failed(self) -> None:
        """Note the exception that is being handled: it should not have happened."""
        self._note(ftp_quirks.internal(sys.exc_info()[1]))

    def later(self, seconds: float, function: Callable[[], None]) -> Any:
        """Call a function of the loop's thread after some seconds; the result has ``cancel()``."""

        def guarded() -> None:
            try:
                function()
            except Exception:  # noqa: BLE001  pyftpdlib would print it
                self.failed()

        return self.ioloop.call_later(seconds, guarded)

    def came(self, session: _Control) -> None:
        """Count a session in; the listener rests while there are too many."""
        self.sessions.add(session)
        self.served += 1
        if len(self.sessions) == 2:
            self.tell(ftp_quirks.second_session())
        if len(self.sessions) >= self.sessions_max and self._listener is not None:
            self._listener.rest()
            if self.sessions_max == SESSIONS_MAX:
                self.tell(ftp_quirks.sessions_full(SESSIONS_MAX))

    def left(self, session: _Control) -> None:
        """Count a session out."""
        self.sessions.discard(session)
        if self._listener is not None and not self._stopping:
            self._listener.work()

    def _run(self) -> None:
        timeout = None
        try:
            while not self._stopping:
                self.ioloop.poll(timeout)
                timeout = self.ioloop.sched.poll()
        except Exception:  # noqa: BLE001
            self.failed()
        finally:
            self._stopping = True
            self._close_all()

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

    def _close_all(self) -> None:
        self._close_listener()
        for session in list(self.sessions):
            if self._uploads_lost:
                self._lost += session.abandon()
            session.close()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        self.ioloop.unregister(self._calls.socket.fileno())
        self._calls.close()
        self.ioloop.close()


class _Loop(IOLoop):  # type: ignore[misc]
    """A class of our own, as closing a loop resets the class attribute behind pyftpdlib's global one."""


class _Caller:
    """Has the loop run what other threads call."""

    def __init__(self, calls: Calls, ioloop: Any) -> None:
        self.handle_read_event = calls.run
        ioloop.register(calls.socket.fileno(), self, ioloop.READ)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False


class _Listener(FTPServer):  # type: ignore[misc]
    """The control port."""

    def __init__(self, sock: socket.socket, engine: FtpEngine) -> None:
        self._engine = engine
        self._resting = False
        super().__init__(sock, _Control, ioloop=engine.ioloop, backlog=SESSIONS_MAX)

    def __repr__(self) -> str:
        return "<FTP listener>"

    def rest(self) -> None:
        """Accept nobody for now; who connects waits."""
        if not self._resting:
            self._resting = True
            self.del_channel()

    def work(self) -> None:
        """Accept again."""
        if self._resting:
            self._resting = False
            self.add_channel()

    def handle_accept(self) -> None:
        try:
            accepted = self.accept()
        except OSError:  # out of descriptors, most likely
            self.rest()
            self._engine.later(ACCEPT_AGAIN_SECONDS, self._engine_wakes)
            return
        if accepted is not None and accepted[1] is not None:
            _Control(accepted[0], self, self._engine).greet()

    def _engine_wakes(self) -> None:
        if not self._closed and len(self._engine.sessions) < self._engine.sessions_max:
            self.work()

    def handle_error(self) -> None:
        self._engine.failed()

    def handle_close(self) -> None:
        """Nothing: the loop reports errors of single connections here."""


class _Control(FTPHandler):  # type: ignore[misc]
    """The control connection of one client.

    Commands are taken one by one: none while a transfer runs or waits for its data connection (as on the board, control
    data then waits in the socket), none while replies wait to be sent.
    """

    timeout = 0  # we count data activity, pyftpdlib counts commands
    use_sendfile = False

    def __init__(self, sock: socket.socket, server: _Listener, engine: FtpEngine) -> None:
        self.engine = engine
        self.loop = engine.ioloop
        self.session = engine.open_session()
        self._lines = ReceiveReader() if ftp_quirks.ONE_RECEIVE.name in engine.quirks else LineReader()
        self._data_first = ftp_quirks.DATA_FIRST.name in engine.quirks
        self._waiting: Download | Upload | LateUpload | None = None
        self._listener: PassiveListener | None = None
        self._data: DataConnection | None = None
        self._deadline = Deadline(engine.later)
        self._leftovers: set[Leftover] = set()
        self._working = False
        self._paused = False
        self._leaving = False
        self._since = self._active = time.monotonic()
        self._idle_timer: Any = None
        self._log: SessionLog | None = None
        super().__init__(sock, server, ioloop=engine.ioloop)

    def __repr__(self) -> str:
        return "<FTP session>"

    def greet(self) -> None:
        """Begin the session."""
        if self._closed or not self.connected:
            self.close()
            return
        self.engine.came(self)
        if self.engine.log is not None:
            self._log = SessionLog(self.engine.log, self.engine.served)
            self._log.connected(self.remote_ip, self.remote_port)
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.watch_idleness()
        self.reply(replies.READY)

    # -- replies

    def reply(self, reply: Reply) -> None:
        """Send a reply, or keep it until the connection takes it."""
        if self._closed:
            return
        if self._log is not None:
            self._log.reply(reply)
        self._resume()
        wire = reply.wire()
        if not self.producer_fifo:
            try:
                sent = self.socket.send(wire)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self.close()
                return
            if sent == len(wire):
                return
            wire = wire[sent:]
        AsyncChat.push(self, wire)  # the handler's own takes text

    def handle_write(self) -> None:
        super().handle_write()
        self._work()

    # -- commands

    def handle_read(self) -> None:
        if self._busy() or self._leaving or self.producer_fifo:
            self._read_no_more()
            return
        try:
            data = self.socket.recv(self._lines.receive)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self._lines.feed(data)
        self._work()
        if self._lines.has_piece and self.session.logged_in:
            self.session.tell(ftp_quirks.in_pieces())

    handle_read_event = handle_read

    def _busy(self) -> bool:
        if self._waiting is not None or (self._data_first and self._listener is not None):
            return True
        return self._data is not None and self._data.transferring

    def _read_no_more(self) -> None:
        """Let what the client sends wait in its socket; replies that wait are still sent, and then it is read again."""
        if self.producer_fifo:
            self.ioloop.modify(self._fileno, self.ioloop.WRITE)
            self._wanted_io_events = self.ioloop.WRITE
        else:
            self._paused = True
            self.del_channel()

    def _resume(self) -> None:
        if self._paused and not self._closed:
            self._paused = False
            self.add_channel()

    def _work(self) -> None:
        if self._working:
            return
        self._working = True
        try:
            while not (self._closed or self._leaving or self._busy() or self.producer_fifo):
                line = self._lines.next()
                if line is None:
                    break
                if self._log is not None:
                    self._log.command(line, logged_in=self.session.logged_in)
                if self._lines.has_line and self.session.logged_in:
                    self.session.tell(ftp_quirks.pipelined())
                if self._listener is not None:
                    # A connection made before this command counts before it, whatever order the loop finds them in.
                    self._listener.accept()
                    if self._listener is not None:
                        self.session.tell(ftp_quirks.data_first())
                pending = self._data is None and self._listener is not None
                data_open = pending or self._data is not None
                self._perform(self.session.command(line, data_open=data_open, data_pending=pending))
        finally:
            self._working = False
        if not self._closed and not self._busy():
            self._resume()

    def carry_on(self) -> None:
        """Take the commands that waited for the end of a transfer."""
        self._work()

    def _perform(self, answer: Answer) -> None:
        if isinstance(answer, Passive):
            self._listen()
        elif isinstance(answer, Reply):
            self.reply(answer)
            if answer.code == replies.GOODBYE.code:
                self._leave()
            elif answer.code in replies.CLOSING and self._data is not None:
                self._data.close()
        else:
            self._waiting = answer
            self.reply(replies.OPENING)
            if self._data is not None:
                self._begin()

    def _leave(self) -> None:
        self._leaving = True
        self.close_when_done()

    # -- the data connection

    @property
    def data_timeout(self) -> float:
        """Seconds that the data connection may take to come, to be used and to go on."""
        return self.engine.data_timeout

    def later(self, seconds: float, function: Callable[[], None]) -> Any:
        """As the engine's."""
        return self.engine.later(seconds, function)

    def failed(self) -> None:
        """As the engine's."""
        self.engine.failed()

    def _listen(self) -> None:
        if self._data is not None:
            self._data.close()
        if self._listener is None:
            try:
                here = self.socket.getsockname()[0]
                self._listener = PassiveListener(self, here, self.remote_ip, self.engine.data_port)
            except OSError:
                self.reply(replies.NO_DATA_CONNECTION)
                return
        self._deadline.set(self.engine.data_timeout, self._listened_enough)
        self.reply(replies.passive(*self._listener.address))

    def _listened_enough(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self.data_missing()

    def data_stranger(self, address: str) -> None:
        """Tell of a data connection that was not let in."""
        self.session.tell(ftp_quirks.stranger(address))

    def data_connected(self, sock: socket.socket) -> None:
        """Take the data connection that the client has opened."""
        self._listener = None
        self._data = DataConnection(sock, self, self._deadline)
        if self._waiting is not None:
            self._begin()
        else:
            self._work()

    def data_missing(self) -> None:
        """Give up waiting for the data connection. The board says nothing and waits for commands."""
        self._listener = None
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            if isinstance(waiting, LateUpload):
                waiting.missed()
            _end(waiting)
            if ftp_quirks.NO_DATA_CONNECTION.name not in self.engine.quirks:
                self.session.tell(ftp_quirks.no_data_connection("transfer"))
                self.reply(replies.NO_DATA_CONNECTION)
        self._work()

    def _begin(self) -> None:
        waiting, self._waiting = self._waiting, None
        assert self._data is not None
        self._active = time.monotonic()
        if isinstance(waiting, Download):
            self._data.send_all(waiting.source)
        elif isinstance(waiting, Upload):
            self._data.receive_all(waiting.sink)
        elif isinstance(waiting, LateUpload):
            self._data.receive_all(waiting.open())

    def send_failed(self) -> Reply:
        """What a download ends with that the client has broken off."""
        if ftp_quirks.SEND_FAILURE.name in self.engine.quirks:
            return SILENT
        self.session.tell(ftp_quirks.send_failed())
        return replies.TRANSFER_ENDED

    def data_done(self, reply: Reply | None) -> None:
        """Let go of the data connection; ``reply`` says how the transfer went, None if there was none."""
        data, self._data = self._data, None
        if reply is not None and self._log is not None and data is not None:
            self._log.moved(data.moved)
        if reply is SILENT:
            self.close()
        elif reply is not None:
            self._active = time.monotonic()
            self.reply(reply)

    def data_moved(self) -> None:
        """Count as active: some bytes went through."""
        self._active = time.monotonic()

    def drain(self, sock: socket.socket) -> None:
        """Read on from an upload that has failed, so that its client sees the reply and not a broken connection."""
        if self._closed:
            sock.close()
        else:
            leftover = Leftover(sock, self._leftovers, self.loop)
            self.engine.later(self.engine.data_timeout, leftover.close)

    # -- the end

    def watch_idleness(self) -> None:
        """Send the client away when it has moved no data for too long; commands do not count.

        An upload has a limit of its own, and the board does not count while it runs.
        """
        if self._idle_timer is not None and not self._idle_timer.cancelled:
            self._idle_timer.cancel()
        if self._closed:
            return
        deadline = self._active + self.engine.timeout
        if not self.session.logged_in:
            deadline = min(deadline, self._since + LOGIN_SECONDS)
        left = deadline - time.monotonic()
        if left <= 0 and self._data is not None and self._data.receiving:
            left = RECEIVING_AGAIN_SECONDS
        if left > 0:
            self._idle_timer = self.engine.later(left, self.watch_idleness)
        else:
            self.reply(replies.GOODBYE)
            self.close()

    def close(self) -> None:
        if self._closed:
            return
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            _end(waiting)
        if self._data is not None:
            self._data.close()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        self._deadline.close()
        for leftover in list(self._leftovers):
            leftover.close()
        if self._idle_timer is not None and not self._idle_timer.cancelled:
            self._idle_timer.cancel()
        super().close()
        if self._log is not None:
            self._log.closed()
        self.engine.left(self)

    def abandon(self) -> list[object]:
        """Let go of an upload as a power cut does; this session must end now. See ``Sink.abandon`` for the result."""
        kept: list[object] = []
        if isinstance(self._waiting, Upload):
            kept.append(self._waiting.sink.abandon())
            self._waiting = None
        if self._data is not None:
            kept.append(self._data.abandon())
        return kept

    def break_off(self) -> list[object]:
        """Close as a reset of the board does."""
        kept = self.abandon()
        if self._data is not None:
            self._data.break_off()
        if not self._closed:
            reset_at_close(self.socket)
            self.close()
        return kept

    def handle_close(self) -> None:
        if self._busy():  # the data connection decides first; the end of this one is seen afterwards
            self._paused = True
            self.del_channel()
        else:
            self.close()

    def handle_error(self) -> None:
        self.engine.failed()
        self.close()

    def on_disconnect(self) -> None: ...

    def log(self, msg: object, logfun: object = None) -> None: ...


def _end(transfer: Download | Upload | LateUpload) -> None:
    if isinstance(transfer, Download):
        transfer.source.close()
    elif isinstance(transfer, Upload):
        transfer.sink.finish("the connection ended before the upload began")
