"""``ussl`` (firmware: esp32/mods/modussl.c, esp32/mods/lwipsocket.c): the script's side of :mod:`ussl_shim`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from emulator.errnos import NEWLIB, board_errno
from emulator.errors import BoardOSError, BoardTimeoutError
from emulator.firmware._arguments import native
from emulator.firmware._convert import readable, to_int, writable
from emulator.firmware._natives import hide, no_instances
from emulator.firmware.usocket import Socket, received_size
from emulator.hostmap import Place
from emulator.sockets import Endpoint
from flashfs.notes import Note, Quirk
from ussl_shim import Environment, Plan, Session, Settings, bind_noted, bind_save_session, notes, prepare
from ussl_shim.quirks import HANDSHAKE_TIMEOUT_IGNORED, RECV_NONBLOCKING_BLOCKS, REWRAP_EBADF

if TYPE_CHECKING:
    from emulator.device import Device
    from flashfs.vfs import Vfs
    from ussl_shim import Connection

SSL_TIMEOUT = -26624
SSL_BAD_INPUT_DATA = -28928
STALE_CONNECTED = -1
_AT_ONCE = 1e-9
"""A read timeout that has passed as soon as nothing is there, and says so."""
CONSTANTS = {"CERT_NONE": 0, "CERT_OPTIONAL": 1, "CERT_REQUIRED": 2, "SSL_TIMEOUT": SSL_TIMEOUT}

NO_SSLSOCKET_NAME = "no-sslsocket-name"
DATAGRAMS_BYPASS_TLS = "datagrams-bypass-tls"
_BYPASS = Quirk(
    DATAGRAMS_BYPASS_TLS,
    board="recvfrom and sendto of an ssl socket go around TLS: raw records in, plain text out on the connection.",
    default="They are refused with OSError(95), EOPNOTSUPP; nothing is taken or sent.",
    source="firmware: esp32/mods/modusocket.c, esp32/mods/modussl.c",
    note="1.20.2.r4 would hand out encrypted records here, or send the data unencrypted.",
)
QUIRKS = (
    Quirk(
        NO_SSLSOCKET_NAME,
        board="The names ssl.SSLSocket and ssl.SSLSession do not exist.",
        default="They exist, and isinstance(ssl_socket, ssl.SSLSocket) and isinstance(ssl_socket, socket.socket) hold.",
        source="firmware: esp32/mods/modussl.c; documentation: ussl",
        note="1.20.2.r4 has no ssl.SSLSocket and no ssl.SSLSession.",
    ),
    _BYPASS,
)


class Files:
    """Certificates and keys from the board's flash, as the firmware's C code reads them."""

    def __init__(self, vfs: Vfs) -> None:
        self._vfs = vfs

    def read(self, path: bytes) -> bytes:
        """Give the whole file. Raises OSError with the reason as text."""
        return self._vfs.read_for_tls(path)

    def similar(self, path: bytes) -> list[str]:
        """Give the places where a file of that name does exist."""
        return self._vfs.similar(path)


class Channel:
    """An endpoint as the byte stream of one TLS connection, with a deadline for all its waits."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.deadline: float | None = None

    @property
    def peer(self) -> str:
        return self._endpoint.peer

    def recv(self, size: int) -> bytes:
        return self._endpoint.recv(size)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        return self._endpoint.send(data)

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        if self.deadline is None:
            return self._endpoint.wait(read=read, write=write, timeout=timeout)
        left = max(0.0, self.deadline - self.monotonic())
        if self._endpoint.wait(read=read, write=write, timeout=left if timeout is None else min(left, timeout)):
            return True
        if self.monotonic() >= self.deadline:
            raise BoardTimeoutError("timed out")
        return False

    def monotonic(self) -> float:
        return self._endpoint.monotonic()


class SslSocket(Socket):
    """What ``wrap_socket`` makes: all methods of a socket, over the endpoint of the socket that was wrapped."""

    _plain: ClassVar[type[Socket]]
    _env: ClassVar[Environment]

    _plan: Plan
    _channel: Channel
    _connection: Connection
    _read_timeout: float | None
    _own = Socket._own | {"_plan", "_channel", "_connection", "_read_timeout"}

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Refuse: only ``wrap_socket`` makes one. Raises TypeError."""
        raise TypeError(f"cannot create '{cls.__name__}' instances")

    def __repr__(self) -> str:
        return "<ussl>"

    @classmethod
    def _wrap(cls, sock: Socket, plan: Plan) -> SslSocket:
        made = cast(SslSocket, cls._over(sock._endpoint))
        made._plan = plan
        made._timeout = None if sock._endpoint.connected else sock._timeout
        made._read_timeout = None
        made._renew()
        return made

    def _renew(self) -> None:
        from ussl_shim import Connection

        self._channel = Channel(self._endpoint)
        self._connection = Connection(self._plan, self._channel, self._env)
        self._connection.settimeout(self._read_timeout)

    def _plain_class(self) -> type[Socket]:
        return self._plain

    def _pending(self) -> bool:
        return self._connection.pending() > 0

    def _set_timeout(self, seconds: float | None) -> None:
        super()._set_timeout(seconds)
        self._read_timeout = seconds
        self._connection.settimeout(seconds)

    @native(1)
    def close(self) -> None:
        """Say goodbye and close; again: nothing."""
        self._connection.close()
        self._endpoint.close()

    @native(2)
    def connect(self, addr: Any, /) -> None:
        """Connect to ``(ip, port)``, then shake hands. With a timeout set, both together may take that long.

        Raises OSError, TimeoutError "timed out", ValueError "invalid arguments". With a timeout set, a failure closes the
        socket.
        """
        address = self._address(addr)
        try:
            self._connect(address[0], address[1])
        except BoardOSError:
            if self._timeout:
                self._endpoint.close()
            raise

    def _connect(self, address: str, port: int) -> None:
        limit = self._endpoint.monotonic() + self._timeout if self._timeout else None
        self._endpoint.connect(address, port, self._timeout)
        self._renew()
        # the firmware lifts the timeout before it shakes hands
        self._channel.deadline = None if HANDSHAKE_TIMEOUT_IGNORED in self._env.settings.quirks else limit
        try:
            self._connection.handshake("connect")
        finally:
            self._channel.deadline = None

    @native(1)
    def do_handshake(self) -> None:
        """Check the result of the handshake again. Raises OSError when it was not clean; -78 when not connected."""
        self._connection.do_handshake()

    @native(2)
    def send(self, buf: Any, /) -> int:
        """Send at most 16384 bytes; how many. Raises OSError."""
        return self._connection.send(readable(buf))

    sendall = send

    def _around_tls(self, method: str) -> None:
        """Say that ``method`` knows nothing of TLS; by default refuse it."""
        allowed = DATAGRAMS_BYPASS_TLS in self._env.settings.quirks
        what = "went around TLS" if allowed else "is refused"
        self._env.note(
            Note(
                f"quirk-{DATAGRAMS_BYPASS_TLS}",
                f"{self._endpoint.peer or 'an ssl socket'}: {method} {what}",
                cause=_BYPASS.note,
                evidence=_BYPASS.board,
                fix="use recv and send",
                source=_BYPASS.source,
            )
        )
        if not allowed:
            raise BoardOSError(NEWLIB["EOPNOTSUPP"])

    @native(3)
    def sendto(self, data: Any, addr: Any, /) -> int:
        """Refuse (OSError 95): the firmware sends this in plain text."""
        self._around_tls("sendto")
        return super().sendto(data, addr)

    @native(2)
    def recvfrom(self, length: Any, /) -> tuple[bytes, Place]:
        """Refuse (OSError 95): the firmware gives raw records here."""
        self._around_tls("recvfrom")
        return super().recvfrom(length)

    @native(2)
    def recv(self, length: Any, /) -> bytes:
        """Give at most ``length`` bytes of one record; b"" at the end, and when it may not wait.

        Raises TimeoutError "timed out", MemoryError, OSError -28928 when not connected, -80 after a reset.
        """
        return self._connection.recv(received_size(length, self._heap))

    def _late_byte(self) -> bytes | None:
        """After an empty read that may not wait: b"" at the end of the stream, None when nothing is there yet.

        Or the byte that has come since.
        """
        if self._read_timeout != 0 or RECV_NONBLOCKING_BLOCKS in self._env.settings.quirks:
            return b""
        self._connection.settimeout(_AT_ONCE)
        try:
            return self._connection.recv(1)
        except BoardTimeoutError:
            return None
        finally:
            self._connection.settimeout(self._read_timeout)

    @native(1, 2)
    def read(self, size: Any = -1, /) -> bytes | None:
        """Give ``size`` bytes, fewer at the end; -1: all up to there. None when nothing is there and it may not wait.

        Raises OSError -26624 (SSL_TIMEOUT) when the timeout passes.
        """
        wanted = to_int(size)
        data = self._connection.read(wanted)
        return data if data or not wanted else self._late_byte()

    @native(2, 3)
    def readinto(self, buf: Any, nbytes: Any = None, /) -> int | None:
        """Fill ``buf`` or its first ``nbytes``; how many bytes came, None as for ``read``."""
        view = writable(buf)
        size = len(view) if nbytes is None else min(len(view), to_int(nbytes) & 0xFFFFFFFF)
        count = self._connection.readinto(view, size)
        if count or not size:
            return count
        late = self._late_byte()
        if late:
            view[:1] = late
        return None if late is None else len(late)

    @native(1, 2)
    def readline(self, size: Any = -1, /) -> bytes | None:
        """Give a line with its newline, at most ``size`` bytes; what there is of it at the end. None as for ``read``."""
        wanted = to_int(size)
        line = self._connection.readline(wanted)
        return line if line or not wanted else self._late_byte()

    def _send_some(self, data: memoryview) -> int | None:
        return self._connection.send(data)


class SSLSession:
    """What ``save_session`` gives; opaque."""

    __slots__ = ("saved",)
    __new__ = no_instances

    def __repr__(self) -> str:
        return "<SSLSession>"

    def __dir__(self) -> list[str]:
        return ["__class__"]


_saved = hide(SSLSession, "saved")


def _shown(session: Session) -> SSLSession:
    made: SSLSession = object.__new__(SSLSession)
    _saved.__set__(made, session)
    return made


def _behind(session: object) -> object:
    """The session that a script's object stands for; anything else as it is."""
    return _saved.__get__(session) if type(session) is SSLSession else session


def _endpoint_again(sock: Socket, env: Environment) -> None:
    """Give a raw socket a new endpoint if its ssl socket has closed the one they shared."""
    stale = sock._endpoint
    if not (sock._taken and stale.closed):
        return
    if REWRAP_EBADF in env.settings.quirks:
        if sock._connected_itself:
            raise BoardOSError(STALE_CONNECTED)
        return
    sock._endpoint = Endpoint(stale.stack, stale.kind)
    sock._connected_itself = False
    env.note(
        Note(
            REWRAP_EBADF,
            "a raw socket was wrapped again after its ssl socket was closed; it was opened afresh",
            cause="The documentation does so; on 1.20.2.r4 this connect fails with OSError(9), EBADF.",
            fix="open a new socket.socket() for each connection",
            source="firmware: esp32/mods/modussl.c",
        )
    )


def module(device: Device) -> dict[str, Any]:
    """Give the names of ``ussl``."""
    settings = device.board.settings
    plain: type[Socket] = device.module("usocket").socket
    env = Environment(
        files=Files(device.vfs),
        settings=Settings(cert_rules=settings.cert_rules, quirks=settings.quirks),
        note=device.note,
        error=BoardOSError,
        timeout_error=BoardTimeoutError,
        host_errno=board_errno,
        heap=device.board.model.memory.heap_bytes,
    )
    documented = NO_SSLSOCKET_NAME not in settings.quirks
    ssl_socket: type[SslSocket] = type(
        "SSLSocket" if documented else "ussl",
        (SslSocket, plain),
        {"_plain": plain, "_env": env, "__module__": __name__},
    )

    def wrap_socket(*args: Any, **kwargs: Any) -> SslSocket:
        """Wrap a plain socket; if it is connected, shake hands at once, else in ``connect``.

        ``wrap_socket(sock, *, keyfile=None, certfile=None, server_side=False, cert_reqs=CERT_NONE, ssl_version=0,
        ca_certs=None, server_hostname=None, saved_session=None, timeout=None)``; ``timeout``: seconds of handshake, 10 by
        default. Raises TypeError, ValueError, MemoryError, OSError with a text for files and a number for TLS.
        """
        bound = bind_noted(env, args, kwargs)
        sock = bound.sock
        wanted = bound.keywords() | {"saved_session": _behind(bound.saved_session)}
        plan = prepare(env, sock=sock, **wanted, sock_ok=type(sock) is plain)
        _endpoint_again(sock, env)
        wrapped = ssl_socket._wrap(sock, plan)
        taken, sock._taken = sock._taken, True
        if wrapped._endpoint.connected:
            try:
                wrapped._connection.handshake("wrap")
            except BaseException:
                # the raw socket stays open; the object that would have closed it never existed
                sock._taken = taken
                wrapped._taken = True
                raise
        return wrapped

    def save_session(*args: Any, **kwargs: Any) -> SSLSession:
        """Give the session of a connected client. Raises OSError -28928 when there is none."""
        wrapped = bind_save_session(args, kwargs)
        if not isinstance(wrapped, SslSocket):
            device.note(notes.misuse(f"save_session() of a {type(wrapped).__name__}", "give it a connected ssl socket"))
            raise BoardOSError(SSL_BAD_INPUT_DATA)
        return _shown(wrapped._connection.session())

    names: dict[str, Any] = {
        "wrap_socket": wrap_socket,
        "save_session": save_session,
        "SSLError": BoardOSError,
        **CONSTANTS,
    }
    if documented:
        names.update(SSLSocket=ssl_socket, SSLSession=SSLSession)
    return names
