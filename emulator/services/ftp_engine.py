"""Sockets and event loop of the FTP server, by pyftpdlib; the only importer of it. What a command does is `Session`'s.

pyftpdlib's event loop, accepting, buffering and data channels are used; its commands, users and file system are not.
Its handlers log and print what goes wrong, so every such hook is overridden here: nothing a client does may be seen on
the host's stderr.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from pyftpdlib.ioloop import Acceptor, AsyncChat, IOLoop  # first: it keeps asyncore's deprecation warning quiet

# isort: split
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.servers import FTPServer

from emulator.services import ftp_quirks
from emulator.services import ftp_replies as replies
from emulator.services.ftp_commands import LineReader
from emulator.services.ftp_replies import Reply
from emulator.services.ftp_session import Answer, Download, Passive, Session, Upload
from emulator.services.ftp_transfers import CHUNK, Sink, Source, TransferFailed
from emulator.services.ports import bound, listen, reset_at_close
from flashfs import Note, NoteSink

SERVICE = "FTP"
SESSIONS_MAX = 8
"""The board serves one client at a time; clients that open a second connection should not hang here."""
LOGIN_SECONDS = 60.0
"""A client that has not logged in by then is sent away."""
DATA_SECONDS = 10.0
"""To open the data connection, to use it, and between two pieces of an upload (firmware: esp32/ftp/ftp.c)."""
ACCEPT_AGAIN_SECONDS = 1.0
"""After the host ran out of descriptors."""

_RECEIVE = 4096


class FtpEngine:
    """A listener, its sessions, and the thread they live in.

    :param open_session: makes the state of a new client
    :param timeout: seconds without data activity after which a client is sent away
    :param data_timeout: seconds that a data connection may take to come, to be used and to go on
    """

    def __init__(
        self, open_session: Callable[[], Session], note: NoteSink, *, timeout: float, data_timeout: float
    ) -> None:
        self.open_session = open_session
        self.timeout = timeout
        self.data_timeout = data_timeout
        self.sessions: set[_Control] = set()
        self.ioloop: Any = _Loop()
        self._note = note
        self._told: set[str] = set()
        self._listener: _Listener | None = None
        self._reserved: socket.socket | None = None
        self._stopping = False
        self._waker = _Waker(self.ioloop, self.failed)
        self._thread: threading.Thread | None = None
        self.port = 0

    # -- from any thread

    def start(self, port: int) -> None:
        """Listen and serve. Raises OSError in plain words."""
        try:
            sock = bound(SERVICE, port)
            listen(sock, SERVICE, port, SESSIONS_MAX)
            self.port = sock.getsockname()[1]
            self._listener = _Listener(sock, self)
        except BaseException:
            self._close_all()
            raise
        self._thread = threading.Thread(target=self._run, name=f"ftp-{self.port}", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], None]) -> None:
        """Run a function in the thread of the server and wait for it; raises what it raises."""
        if threading.current_thread() is self._thread:
            function()
        else:
            self._waker.call(function)

    def stop(self) -> None:
        """End the thread; every socket is closed when this returns."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping = True
        self._waker.wake()
        if thread is not threading.current_thread():
            thread.join()

    # -- in the thread of the server

    def suspend(self) -> None:
        """Close the port and all sessions. The number stays ours: it is bound, and refuses connections."""
        self._close_listener()
        for session in list(self.sessions):
            session.close()
        if self._reserved is None:
            with contextlib.suppress(OSError):  # then resume() tries again, and says so if the port is taken
                self._reserved = bound(SERVICE, self.port)

    def resume(self) -> None:
        """Listen on the same port again. Raises OSError in plain words."""
        if self._listener is None:
            sock, self._reserved = self._reserved or bound(SERVICE, self.port), None
            listen(sock, SERVICE, self.port, SESSIONS_MAX)
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

    def failed(self, error: BaseException) -> None:
        """Note an error that should not have happened."""
        self._note(ftp_quirks.internal(error))

    def later(self, seconds: float, function: Callable[[], None]) -> Any:
        """Call a function of the loop's thread after some seconds; the result has ``cancel()``."""

        def guarded() -> None:
            try:
                function()
            except Exception as error:  # noqa: BLE001  pyftpdlib would print it
                self.failed(error)

        return self.ioloop.call_later(seconds, guarded)

    def came(self, session: _Control) -> None:
        """Count a session in; the listener rests while there are too many."""
        self.sessions.add(session)
        if len(self.sessions) == 2:
            self.tell(ftp_quirks.second_session())
        if len(self.sessions) >= SESSIONS_MAX and self._listener is not None:
            self._listener.rest()
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
        except Exception as error:  # noqa: BLE001
            self.failed(error)
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
            session.close()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        self._waker.close()
        self.ioloop.close()


class _Loop(IOLoop):  # type: ignore[misc]
    """A class of our own, as closing a loop resets the class attribute behind pyftpdlib's global one."""


class _Waker:
    """Lets other threads run functions in the loop's thread."""

    def __init__(self, ioloop: Any, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._ioloop = ioloop
        self._jobs: deque[_Job] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._fileno = self._inner.fileno()
        ioloop.register(self._fileno, self, ioloop.READ)

    def wake(self) -> None:
        with contextlib.suppress(OSError):
            self._outer.send(b"w")

    def call(self, function: Callable[[], None]) -> None:
        job = _Job(function)
        with self._lock:
            if self._closed:
                raise RuntimeError("the FTP server has stopped")
            self._jobs.append(job)
        self.wake()
        job.done.wait()
        if job.error is not None:
            raise job.error

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        while self._jobs:
            job = self._jobs.popleft()
            job.error = RuntimeError("the FTP server has stopped")
            job.done.set()
        with contextlib.suppress(KeyError, OSError):
            self._ioloop.unregister(self._fileno)
        self._inner.close()
        self._outer.close()

    # what the loop calls

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._inner.recv(_RECEIVE)
        while self._jobs:
            job = self._jobs.popleft()
            try:
                job.function()
            except Exception as error:  # noqa: BLE001  it belongs to the caller
                job.error = error
            job.done.set()

    def handle_close(self) -> None:
        self.close()

    def handle_error(self) -> None:
        self.close()


class _Job:
    def __init__(self, function: Callable[[], None]) -> None:
        self.function = function
        self.error: Exception | None = None
        self.done = threading.Event()


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
        if not self._closed and len(self._engine.sessions) < SESSIONS_MAX:
            self.work()

    def handle_error(self) -> None:
        self._engine.failed(_current_error())

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
        self.session = engine.open_session()
        self._lines = LineReader()
        self._waiting: Download | Upload | None = None
        self._listener: _Passive | None = None
        self.data_channel: Any = None
        self._leftovers: set[_Leftover] = set()
        self._working = False
        self._paused = False
        self._leaving = False
        self._since = self._active = time.monotonic()
        self._idle_timer: Any = None
        super().__init__(sock, server, ioloop=engine.ioloop)

    def __repr__(self) -> str:
        return "<FTP session>"

    def greet(self) -> None:
        if self._closed or not self.connected:
            self.close()
            return
        self.engine.came(self)
        self.watch_idleness()
        self.reply(replies.READY)

    # -- replies

    def reply(self, reply: Reply) -> None:
        if not self._closed:
            self._resume()
            AsyncChat.push(self, reply.wire())  # the handler's own takes text

    def handle_write(self) -> None:
        super().handle_write()
        self._work()

    # -- commands

    def handle_read(self) -> None:
        if self._busy() or self._leaving:
            self._paused = True
            self.del_channel()
            return
        try:
            data = self.socket.recv(_RECEIVE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self._lines.feed(data)
        self._work()

    def _busy(self) -> bool:
        return self._waiting is not None or (self.data_channel is not None and self.data_channel.transferring)

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
                if self._lines.has_line and self.session.logged_in:
                    self.session.tell(ftp_quirks.pipelined())
                if self._listener is not None:
                    # A connection made before this command counts before it, whatever order the loop finds them in.
                    self._listener.handle_accept()
                data_open = self.data_channel is not None or self._listener is not None
                self._perform(self.session.command(line, data_open=data_open))
        finally:
            self._working = False
        if not self._closed and not self._busy():
            self._resume()

    def _perform(self, answer: Answer) -> None:
        if isinstance(answer, Passive):
            self._listen()
        elif isinstance(answer, Reply):
            self.reply(answer)
            if answer.code == replies.GOODBYE.code:
                self._leave()
        else:
            self._waiting = answer
            self.reply(replies.OPENING)
            if self.data_channel is not None:
                self._begin()

    def _leave(self) -> None:
        self._leaving = True
        self.close_when_done()

    # -- the data connection

    def _listen(self) -> None:
        if self.data_channel is not None:
            self.data_channel.close()
        if self._listener is None:
            try:
                self._listener = _Passive(self)
            except OSError:
                self.reply(replies.NO_DATA_CONNECTION)
                return
        self._listener.wait()
        self.reply(replies.passive(*self._listener.socket.getsockname()[:2]))

    def data_connected(self, sock: socket.socket) -> None:
        """Take the data connection that the client has opened."""
        self._listener = None
        self.data_channel = data = _Data(sock, self)
        self._active = time.monotonic()
        if self._waiting is not None:
            self._begin()
        elif data.is_closed:
            self.data_channel = None

    def data_missing(self) -> None:
        """Give up waiting for the data connection. The board says nothing and waits for commands."""
        self._listener = None
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.session.tell(ftp_quirks.no_data_connection("transfer"))
            _end(waiting)
            self.reply(replies.NO_DATA_CONNECTION)
            self._work()

    def _begin(self) -> None:
        waiting, self._waiting = self._waiting, None
        if isinstance(waiting, Download):
            self.data_channel.send_all(waiting.source)
        elif isinstance(waiting, Upload):
            self.data_channel.receive_all(waiting.sink)

    def data_done(self, reply: Reply | None) -> None:
        """Let go of the data connection; ``reply`` says how the transfer went, None if there was none."""
        self.data_channel = None
        self._active = time.monotonic()
        if reply is not None:
            self.reply(reply)

    def data_moved(self) -> None:
        """Count as active: some bytes went through."""
        self._active = time.monotonic()

    def drain(self, sock: socket.socket) -> None:
        """Read on from an upload that has failed, so that its client sees the reply and not a broken connection."""
        self._leftovers.add(_Leftover(sock, self._leftovers, self.engine))

    # -- the end

    def watch_idleness(self) -> None:
        """Send the client away when it has moved no data for too long; commands do not count."""
        if self._idle_timer is not None and not self._idle_timer.cancelled:
            self._idle_timer.cancel()
        if self._closed:
            return
        deadline = self._active + self.engine.timeout
        if not self.session.logged_in:
            deadline = min(deadline, self._since + LOGIN_SECONDS)
        left = deadline - time.monotonic()
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
        data = getattr(self, "data_channel", None)
        if data is not None:
            data.close()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        for leftover in list(self._leftovers):
            leftover.close()
        if self._idle_timer is not None and not self._idle_timer.cancelled:
            self._idle_timer.cancel()
        super().close()
        self.engine.left(self)

    def break_off(self) -> list[object]:
        """Close as a reset of the board does."""
        kept: list[object] = []
        if isinstance(self._waiting, Upload):
            kept.append(self._waiting.sink.abandon())
            self._waiting = None
        if self.data_channel is not None:
            kept.append(self.data_channel.break_off())
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
        self.engine.failed(_current_error())
        self.close()

    def on_disconnect(self) -> None: ...

    def log(self, msg: object, logfun: object = None) -> None: ...


def _end(transfer: Download | Upload) -> None:
    if isinstance(transfer, Download):
        transfer.source.close()
    else:
        transfer.sink.finish("the connection ended before the upload began")


class _Passive(FTPHandler.passive_dtp):  # type: ignore[misc]
    """The listener for one data connection."""

    def __init__(self, control: _Control) -> None:
        # not that of the base class: it sends a reply of its own
        self.cmd_channel = control
        self._timer: Any = None
        Acceptor.__init__(self, ioloop=control.ioloop)
        try:
            self.create_socket(socket.AF_INET, socket.SOCK_STREAM)
            self.bind((control.socket.getsockname()[0], 0))
            self.listen(1)
        except OSError:
            self.close()
            raise

    def __repr__(self) -> str:
        return "<FTP data listener>"

    def wait(self) -> None:
        """Give the client its time, from now."""
        self._cancel()
        self._timer = self.cmd_channel.engine.later(self.cmd_channel.engine.data_timeout, self._too_late)

    def _too_late(self) -> None:
        self.close()
        self.cmd_channel.data_missing()

    def handle_accepted(self, sock: socket.socket, addr: tuple[Any, ...]) -> None:
        if addr[0] != self.cmd_channel.remote_ip:
            sock.close()
            return
        self.close()
        self.cmd_channel.data_connected(sock)

    def _cancel(self) -> None:
        if self._timer is not None and not self._timer.cancelled:
            self._timer.cancel()

    def close(self) -> None:
        self._cancel()
        super().close()

    def handle_close(self) -> None:
        """Nothing: a connection that failed while it was opened."""

    def handle_error(self) -> None:
        self.cmd_channel.engine.failed(_current_error())
        self.close()
        self.cmd_channel.data_missing()


class _Data(DTPHandler):  # type: ignore[misc]
    """The data connection. It is not watched until a transfer begins, so bytes that come early wait."""

    timeout = 0
    ac_out_buffer_size = CHUNK

    def __init__(self, sock: socket.socket, control: _Control) -> None:
        self._control = control
        self._source: Source | None = None
        self._sink: Sink | None = None
        self._failed = False
        self._timer: Any = None
        self._heard = 0.0
        super().__init__(sock, control)
        if not self._closed:
            self.del_channel()
            self._timer = control.engine.later(control.engine.data_timeout, self._unused)

    def __repr__(self) -> str:
        return "<FTP data connection>"

    @property
    def is_closed(self) -> bool:
        """Whether the connection has ended, which may be before it was accepted."""
        return bool(self._closed)

    @property
    def transferring(self) -> bool:
        return self._source is not None or self._sink is not None

    def _unused(self) -> None:
        self.close()

    def _cancel(self) -> None:
        if self._timer is not None and not self._timer.cancelled:
            self._timer.cancel()

    # -- sending

    def send_all(self, source: Source) -> None:
        self._cancel()
        self._source = source
        if not self._closed:
            self.push_with_producer(self)
        if not self._closed:
            self.close_when_done()
        elif self._source is not None:
            self._source = None
            source.close()
            self._finish(replies.TRANSFER_ENDED)

    def more(self) -> bytes:
        """Return what to send next; pyftpdlib asks its producer, which this object is itself."""
        if self._source is None:
            return b""
        try:
            return self._source.more()
        except TransferFailed:
            self._failed = True
            return b""

    def send(self, data: bytes) -> int:
        sent: int = super().send(data)
        if sent:
            self._control.data_moved()
        return sent

    # -- receiving

    def receive_all(self, sink: Sink) -> None:
        self._cancel()
        self._sink = sink
        if self._closed:
            self._finish_upload("the data connection broke")
            return
        self._heard = time.monotonic()
        self._watch_silence()
        self.enable_receiving("i", "STOR")

    def _watch_silence(self) -> None:
        engine = self._control.engine
        left = self._heard + engine.data_timeout - time.monotonic()
        if left > 0:
            self._timer = engine.later(left, self._watch_silence)
        else:
            self._finish_upload(f"no data for {engine.data_timeout:g} s", replies.TRANSFER_ENDED)

    def handle_read(self) -> None:
        if self._sink is None:
            return
        try:
            chunk = self.socket.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._finish_upload(f"the data connection broke: {error.strerror}")
            return
        if not chunk:
            self._finish_upload()
            return
        self._heard = time.monotonic()
        self._control.data_moved()
        try:
            self._sink.write(chunk)
        except TransferFailed:
            self._finish_upload()

    handle_read_event = handle_read

    def _finish_upload(self, cut_off: str = "", reply: Reply | None = None) -> None:
        sink, self._sink = self._sink, None
        if sink is None:
            return
        outcome = sink.finish(cut_off)
        failed = outcome.code == replies.TRANSFER_FAILED.code
        self._finish(outcome if failed or reply is None else reply, drain=failed)

    # -- the end

    def _finish(self, reply: Reply, *, drain: bool = False) -> None:
        control = self._control
        self._cancel()
        control.data_done(reply)
        if drain and not self._closed and not control._closed:
            control.drain(self.socket.dup())
        self.close()
        control._work()

    def handle_close(self) -> None:
        """Everything is sent, or the connection broke."""
        if self._closed:
            return
        if self._sink is not None:
            self._finish_upload("the data connection broke")
            return
        source, self._source = self._source, None
        if source is None:
            self.close()
            return
        source.close()
        if self._failed:
            self._finish(replies.TRANSFER_FAILED)
        else:
            self._finish(replies.TRANSFER_ENDED if self.producer_fifo else replies.TRANSFERRED)

    def close(self) -> None:
        if self._closed:
            return
        self._cancel()
        source, self._source = self._source, None
        sink, self._sink = self._sink, None
        self.discard_buffers()
        AsyncChat.close(self)
        if source is not None:
            source.close()
        if sink is not None:
            sink.finish("the control connection ended")
        if getattr(self._control, "data_channel", None) is self:
            self._control.data_done(None)

    def break_off(self) -> object:
        kept = None
        if self._sink is not None:
            kept = self._sink.abandon()
            self._sink = None
        if not self._closed:
            reset_at_close(self.socket)
            self.close()
        return kept

    def handle_error(self) -> None:
        self._control.engine.failed(_current_error())
        self._control.close()


class _Leftover:
    """What a client still sends after its upload failed, read and thrown away for a while."""

    def __init__(self, sock: socket.socket, siblings: set[_Leftover], engine: FtpEngine) -> None:
        self._sock = sock
        self._siblings = siblings
        self._engine = engine
        self._fileno = sock.fileno()
        sock.setblocking(False)
        engine.ioloop.register(self._fileno, self, engine.ioloop.READ)
        self._timer = engine.later(engine.data_timeout, self.close)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        try:
            if self._sock.recv(CHUNK):
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

    def close(self) -> None:
        if self in self._siblings:
            self._siblings.discard(self)
            if not self._timer.cancelled:
                self._timer.cancel()
            self._engine.ioloop.unregister(self._fileno)
            self._sock.close()


def _current_error() -> BaseException:
    error = sys.exc_info()[1]
    return error if error is not None else RuntimeError("unknown")
