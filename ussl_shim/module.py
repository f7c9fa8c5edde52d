"""The documented module as an object, for plain Python: certificates from memory, ordinary sockets of the host.

No board and no flash are needed. A mapping gives each path its bytes, and the object stands where a script says ``ssl``::

    import socket
    from ussl_shim import Shim

    ssl = Shim({"/flash/cert/ca.pem": ca_pem}, note=print)
    ss = ssl.wrap_socket(socket.socket(), cert_reqs=ssl.CERT_REQUIRED, ca_certs="/flash/cert/ca.pem")
    ss.connect(("device.test", 8883))  # raises the board's OSError, such as -9984; the note says why
    ss.write(b"hello")
    ses = ssl.save_session(ss)
    ss.close()

``examples/ussl_alone.py`` is a whole program.
"""

from __future__ import annotations

import contextlib
import posixpath
import select
import socket
import time
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from flashfs.notes import NoteSink, ignore_note
from ussl_shim import arguments, errors, notes
from ussl_shim.connection import Connection, Data
from ussl_shim.environment import Environment, Settings
from ussl_shim.plan import Plan, bind_noted, prepare
from ussl_shim.session import Session

CERT_NONE: Final = 0
CERT_OPTIONAL: Final = 1
CERT_REQUIRED: Final = 2
SSL_TIMEOUT: Final = errors.SSL_TIMEOUT


def whole_milliseconds(seconds: float | None) -> float | None:
    """A timeout as the board keeps it: below a millisecond is 0, negative is None (firmware: esp32/mods/modusocket.c)."""
    if seconds is None or seconds <= -0.001 or seconds == float("inf"):
        return None
    return int(seconds * 1000) / 1000


class MappingFiles:
    """Certificate files from a mapping of device path to content."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, path: bytes) -> bytes:
        try:
            return self._files[path.decode("utf-8", "replace")]
        except KeyError:
            raise FileNotFoundError("there is no such file in the mapping") from None

    def similar(self, path: bytes) -> list[str]:
        name = posixpath.basename(path.decode("utf-8", "replace"))
        return [known for known in self._files if posixpath.basename(known) == name]


class SocketTransport:
    """A `Transport` over a connected socket of the host, which is put into non-blocking mode."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        self._sock = sock
        self.peer = peer
        socket.socket.setblocking(sock, False)

    def recv(self, size: int) -> bytes:
        return socket.socket.recv(self._sock, size)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        return socket.socket.send(self._sock, data)

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        descriptor = self._sock.fileno()
        if descriptor < 0:
            return True  # another thread closed it; whoever reads next finds out
        if hasattr(select, "poll"):  # `select` itself stops at descriptor 1023
            poll = select.poll()
            poll.register(descriptor, select.POLLIN * read | select.POLLOUT * write)
            return bool(poll.poll(None if timeout is None else timeout * 1000))
        ready = select.select([descriptor] * read, [descriptor] * write, [], timeout)
        return bool(ready[0] or ready[1])

    def monotonic(self) -> float:
        return time.monotonic()


class SSLSocket(socket.socket):
    """An ssl socket of the board over a host socket. Made by `Shim.wrap_socket` only."""

    _connection: Connection | None
    _plan: Plan
    _env: Environment

    def connect(self, address: Any, /) -> None:
        """Connect, then shake hands. Raises the host's error for TCP, the board's for TLS."""
        super().setblocking(True)
        super().connect(address)
        self._shake_hands("connect")

    def _shake_hands(self, path: Literal["connect", "wrap"]) -> None:
        try:
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            host, port = self.getpeername()[:2]
            peer = f"{host}:{port}"
        except OSError:
            peer = "a peer that reset the connection"
        transport = SocketTransport(self, peer)
        self._connection = Connection(self._plan, transport, self._env)
        self._connection.settimeout(self._read_timeout)
        self._connection.handshake(path)

    _read_timeout: float | None = None

    def _live(self) -> Connection:
        if self._connection is None:
            self._env.note(notes.misuse("an ssl socket that is not connected was used", "connect() first"))
            raise self._env.error(errors.SSL_BAD_INPUT_DATA)
        return self._connection

    def do_handshake(self) -> None:
        """Check the handshake's result again."""
        self._live().do_handshake()

    def recv(self, n: int, flags: int = 0, /) -> bytes:
        """At most one record."""
        return self._live().recv(n)

    def send(self, data: Any, flags: int = 0, /) -> int:
        """At most 16384 bytes; how many."""
        return self._live().send(data)

    sendall = send  # type: ignore[assignment]  # one function on the board

    def write(self, data: Data) -> int:
        """Send everything."""
        return self._live().write(data)

    def read(self, n: int = -1) -> bytes:
        """``n`` bytes, or all until the end."""
        return self._live().read(n)

    def readinto(self, buffer: bytearray | memoryview, n: int = -1) -> int:
        """Fill a buffer."""
        return self._live().readinto(buffer, n)

    def readline(self, n: int = -1) -> bytes:
        """One line."""
        return self._live().readline(n)

    def settimeout(self, value: float | None, /) -> None:
        """Seconds a read may wait, in whole milliseconds; 0 not at all, None and negative for ever."""
        self._read_timeout = whole_milliseconds(value)
        if self._connection is not None:
            self._connection.settimeout(self._read_timeout)

    def setblocking(self, flag: bool, /) -> None:
        """False is ``settimeout(0)``."""
        self.settimeout(None if flag else 0)

    def close(self) -> None:
        """Say goodbye and close. Another thread that waits on this socket wakes up."""
        if self._connection is not None:
            self._connection.close()
            with contextlib.suppress(OSError):
                self.shutdown(socket.SHUT_RDWR)
        super().close()


def _was_connected(sock: socket.socket) -> bool:
    """True for a socket that is connected, and for one whose peer has reset it: the board remembers."""
    try:
        sock.getpeername()
    except OSError:
        pass
    else:
        return True
    limit = sock.gettimeout()
    socket.socket.setblocking(sock, False)
    try:
        return socket.socket.recv(sock, 1, socket.MSG_PEEK) == b""
    except ConnectionResetError:
        return True
    except OSError:
        return False
    finally:
        socket.socket.settimeout(sock, limit)


Wrapped: TypeAlias = SSLSocket


class Shim:
    """``ussl`` with certificates from memory.

    ``files`` maps device paths such as ``/flash/cert/ca.pem`` to contents and may change between calls.
    """

    SSLError = OSError
    SSLSocket = SSLSocket
    SSLSession = Session
    CERT_NONE = CERT_NONE
    CERT_OPTIONAL = CERT_OPTIONAL
    CERT_REQUIRED = CERT_REQUIRED
    SSL_TIMEOUT = SSL_TIMEOUT

    def __init__(
        self,
        files: Mapping[str, bytes] | None = None,
        *,
        settings: Settings | None = None,
        note: NoteSink = ignore_note,
    ) -> None:
        self._env = Environment(MappingFiles(files if files is not None else {}), settings or Settings(), note)

    def wrap_socket(self, *args: Any, **kwargs: Any) -> Wrapped:
        """``wrap_socket(sock, *, keyfile, certfile, server_side, cert_reqs, ca_certs, server_hostname, ...)``.

        Takes over the descriptor of ``sock``, which may be wrapped again after the result was closed: it is opened
        afresh. Raises the board's TypeError, ValueError and OSError.
        """
        bound = bind_noted(self._env, args, kwargs)
        sock = bound.sock
        plan = prepare(self._env, sock=sock, **bound.keywords(), sock_ok=type(sock) is socket.socket)
        wrapped = self._take_over(sock, plan)
        if not _was_connected(wrapped):
            return wrapped
        try:
            wrapped._shake_hands("wrap")
        except BaseException:
            wrapped.close()
            raise
        return wrapped

    def _take_over(self, sock: socket.socket, plan: Plan) -> Wrapped:
        descriptor = sock.detach()
        if descriptor < 0:
            wrapped = SSLSocket(sock.family, sock.type, sock.proto)
        else:
            wrapped = SSLSocket(sock.family, sock.type, sock.proto, fileno=descriptor)
        wrapped._connection = None
        wrapped._plan = plan
        wrapped._env = self._env
        return wrapped

    def save_session(self, *args: Any, **kwargs: Any) -> Session:
        """``save_session(ssl_sock)``: the session of a connected client. Raises OSError(-28928) otherwise."""
        ssl_sock = arguments.bind_save_session(args, kwargs)
        if not isinstance(ssl_sock, SSLSocket):
            cause = f"save_session() of a {type(ssl_sock).__name__}"
            self._env.note(notes.misuse(cause, "give it a connected ssl socket"))
            raise self._env.error(errors.SSL_BAD_INPUT_DATA)
        return ssl_sock._live().session()
