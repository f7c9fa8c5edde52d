"""The board's IP stack on the host's sockets.

An :class:`Endpoint` owns one host socket. The socket is always non-blocking: waiting is done here, through the power
cycle, so that power-off, Ctrl-C and the board's clock rule it. Errors of the host become the board's numbers in one
place, :meth:`Stack.translated`. The :class:`Stack` belongs to one power cycle and knows the board's own addresses and
listeners.

firmware: esp32/mods/lwipsocket.c, esp32/mods/modusocket.c; the states of a connection are those of lwIP's socket layer.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from emulator.errnos import EAI_FAIL, NEWLIB, board_errno
from emulator.errors import BoardOSError, BoardTimeoutError
from emulator.hostmap import HostMap, Place, Route, host_lookup
from emulator.power import PowerCycle, current
from emulator.settings import LOOPBACK
from flashfs.notes import Note, NoteSink

if TYPE_CHECKING:
    from emulator.device import Device

Kind = Literal["tcp", "udp"]
_Result = TypeVar("_Result")

ANY = "0.0.0.0"
AP_ADDRESS = "192.168.4.1"
FIRST_NUMBER = 54
"""The lowest descriptor number: lwIP's own ten are the last of 64 (firmware: esp32/sdkconfig.h)."""
SOCKETS = 10
"""How many sockets lwIP is built with (firmware: esp32/sdkconfig.h)."""
FIRST_EPHEMERAL = 49152
NOWHERE = 0
"""The host port of datagrams to a port of the board's own that nobody listens on: they vanish."""
_DATAGRAM = 65535
_IN_PROGRESS = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR, getattr(errno, "WSAEWOULDBLOCK", 0)})
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
# elsewhere a shutdown does not wake those who wait for a listener or a datagram
_WAIT_SLICE = None if sys.platform == "linux" else 1.0
SHORT_WAIT = 0.1
"""Seconds between two looks at a socket that the host cannot watch yet."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A port that the board listens on: the address it was bound to and the port on the host."""

    address: str
    host_port: int


class Stack:
    """The network of one power cycle.

    ``registered``: a network interface is up; ``ap`` and ``sta``: the board's addresses as access point and, once
    joined, as station.
    """

    def __init__(self, power: PowerCycle, hostmap: HostMap, note: NoteSink) -> None:
        self.power = power
        self.hostmap = hostmap
        self.note = note
        self.registered = True
        self.ap: str | None = AP_ADDRESS
        self.sta: str | None = None
        self.dns = ["0.0.0.0", "0.0.0.0"]
        self.last_errno = 0
        self._lock = threading.RLock()  # a forgotten socket may be collected, and so closed, under it
        self._listeners: dict[tuple[Kind, int], Listener] = {}
        self._numbers: set[int] = set()
        self._told: set[str] = set()

    # -- names and places ----------------------------------------------------------------------------------------

    def resolve(self, name: str, port: int) -> str:
        """Give the IPv4 address of ``name``. Raises the board's OSError 202; power-off and Ctrl-C end the wait."""
        self.power.check()
        if not self.registered:
            raise BoardOSError(EAI_FAIL)
        return self.hostmap.resolve(name, port, self._look_up)

    def route(self, address: str, port: int, kind: Kind) -> Route:
        """Tell where ``address`` and ``port`` are on the host. Raises the board's OSError."""
        self.power.check()
        if self.hostmap.is_mapped(address, port):
            return self.hostmap.route(address, port, self._look_up)
        own = self.is_own(address)
        if own:
            with self._lock:
                listener = self._listeners.get((kind, port))
            if listener is not None and listener.address in (ANY, address):
                return Route(LOOPBACK, listener.host_port, f"{address}:{port}")
        if not self.registered:
            raise BoardOSError(NEWLIB["EHOSTUNREACH"])
        if own and not address.startswith("127."):
            if kind == "udp":
                return Route(LOOPBACK, NOWHERE, f"{address}:{port}")
            raise BoardOSError(NEWLIB["ECONNREFUSED"])
        if address == ANY:
            raise BoardOSError(NEWLIB["EHOSTUNREACH"])
        route = self.hostmap.route(address, port, self._look_up)
        if own:
            self._tell_once(
                f"loopback {port}",
                Note(
                    "host-loopback",
                    f"{address}:{port} is this host here; on a board it is the board itself",
                    cause="Nothing on the board listens there, so the host's own loopback address was tried.",
                    fix=f"give the service a name: --map NAME:{port}=127.0.0.1:{port}",
                ),
            )
        return route

    def is_own(self, address: str) -> bool:
        """Whether ``address`` is one of the board's."""
        return address.startswith("127.") or address in (self.ap, self.sta)

    def _look_up(self, name: str) -> str:
        """Ask the host's resolver in a thread of its own, since nothing can interrupt it."""
        me = current()
        found: list[str] = []
        failed: list[OSError | UnicodeError] = []
        done = threading.Event()

        def work() -> None:
            try:
                found.append(host_lookup(name))
            except (OSError, UnicodeError) as error:
                failed.append(error)
            finally:
                done.set()
                me.unpark()

        thread = threading.Thread(target=work, name=f"look up {name}", daemon=True)
        thread.start()
        while not done.is_set():
            me.park()
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    # -- ports the board listens on --------------------------------------------------------------------------------

    def open_port(self, kind: Kind, host: socket.socket, address: str, port: int, backlog: int | None = None) -> int:
        """Bind ``host`` for the board's ``port`` (0: any), with ``backlog`` also listen, and only then announce it.

        Returns the board's port; raises OSError.
        """
        with self._lock:
            if port == 0:
                port = next(p for p in range(FIRST_EPHEMERAL, 65536) if (kind, p) not in self._listeners)
            elif (kind, port) in self._listeners:
                raise BoardOSError(NEWLIB["EADDRINUSE"])
            host_port = self._bind(kind, host, port, backlog)
            self._listeners[kind, port] = Listener(address, host_port)
        self.hostmap.opened(kind, port, host_port)
        return port

    def _bind(self, kind: Kind, host: socket.socket, port: int, backlog: int | None) -> int:
        candidates = self.hostmap.host_ports(port)
        for index, candidate in enumerate(candidates):
            try:
                host.bind((LOOPBACK, candidate))
                if backlog is not None:
                    host.listen(backlog)
            except OSError as error:
                if index + 1 < len(candidates):
                    continue
                self.hostmap.refused(kind, port, candidate)
                raise BoardOSError(NEWLIB["EADDRINUSE"]) from error
            return int(host.getsockname()[1])
        raise AssertionError("no candidates")

    def close_port(self, kind: Kind, port: int) -> None:
        """Forget the board's port."""
        with self._lock:
            self._listeners.pop((kind, port), None)
        self.hostmap.closed(kind, port)

    # -- descriptors -----------------------------------------------------------------------------------------------

    def take_number(self) -> int:
        """Take the lowest free descriptor number; one beyond the board's last leaves a note."""
        with self._lock:
            number = next(n for n in range(FIRST_NUMBER, sys.maxsize) if n not in self._numbers)
            self._numbers.add(number)
        if number == FIRST_NUMBER + SOCKETS:
            self._tell_once(
                "sockets",
                Note(
                    "many-sockets",
                    f"more than {SOCKETS} sockets are open; a board has no more",
                    cause="The FTP and telnet servers of the board need some of them, too.",
                    fix="close() sockets that are no longer needed",
                    source="firmware: esp32/sdkconfig.h",
                ),
            )
        return number

    def give_number(self, number: int) -> None:
        """Take a descriptor number back."""
        with self._lock:
            self._numbers.discard(number)

    def _tell_once(self, topic: str, note: Note) -> None:
        with self._lock:
            told = topic in self._told
            self._told.add(topic)
        if not told:
            self.note(note)

    # -- errors ----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the host's OSError into the board's and remember its number, as the C library's errno."""
        try:
            yield
        except OSError as error:
            translated = BoardOSError.from_host(error)
            number = translated.args[0] if translated.args else None
            if isinstance(number, int):
                self.last_errno = number
            if translated is error:
                raise
            raise translated from error


def stack_of(device: Device) -> Stack:
    """Give the stack of a power cycle; it lives where the script's sockets come from, hidden from the script."""
    return cast(Stack, device.module("usocket").__dict__[STACK])


STACK = ".stack"


def _least(*values: float | None) -> float | None:
    given = [value for value in values if value is not None]
    return max(0.0, min(given)) if given else None


class Endpoint:
    """One socket of the board.

    ``recv``, ``send``, ``wait``, ``monotonic`` and ``peer`` are the byte stream that ``ussl_shim`` wants: they raise
    the host's errors and only ``wait`` waits. All other methods raise the board's OSError. A ``timeout`` is in seconds,
    0 means not to wait, None for ever.
    """

    def __init__(self, stack: Stack, kind: Kind, host: socket.socket | None = None) -> None:
        stack.power.check()
        self.stack = stack
        self.kind = kind
        self.peer = ""
        self.connected = host is not None
        self.connecting = False
        self.listening = False
        self.closed = False
        self.used_up = False
        self._port: int | None = None  # the board's port that this socket has opened
        self._bound: Place | None = None
        self._target: Route | None = None
        self._sources: dict[Place, Place] = {}  # where datagrams come from on the host -> as the script knows it
        self._lock = threading.Lock()
        self._waiting = 0
        self._outward: socket.socket | None = None
        with stack.translated():
            self._host = host or socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM
            )
        self._host.setblocking(False)
        if kind == "tcp":
            self._host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = stack.take_number()
        stack.power.at_end(self.close)

    # -- the byte stream -------------------------------------------------------------------------------------------

    def monotonic(self) -> float:
        """Give the clock that deadlines are kept in, in seconds."""
        return self.stack.power.clock.monotonic()

    def recv(self, size: int) -> bytes:
        """Take at most ``size`` bytes, b"" at the end of the stream. Raises the host's OSError; never waits."""
        with self._lock:
            self._check_open()
            if self.connecting and not self._settle():
                raise BlockingIOError(errno.EAGAIN, "still connecting")
            return self._host.recv(size)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send what fits, at least one byte; the count. Raises the host's OSError; never waits."""
        self.stack.power.check()
        with self._lock:
            self._check_open()
            if self.connecting and not self._settle():
                raise BlockingIOError(errno.EAGAIN, "still connecting")
            return self._host.send(data, _NO_SIGNAL)

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        """Wait until the socket is ready; False after ``timeout`` seconds. Raises PowerOff, KeyboardInterrupt."""
        limit = None if timeout is None else self.monotonic() + timeout
        while True:
            step = _least(None if limit is None else limit - self.monotonic(), _WAIT_SLICE)
            with self.watched() as numbers:
                ready = self.stack.power.wait_files(numbers if read else (), numbers if write else (), step)
            if ready or self.closed:
                return True
            if limit is not None and self.monotonic() >= limit:
                return False

    def _check_open(self) -> None:
        if self.closed:
            raise OSError(errno.EBADF, "the socket is closed")

    @contextlib.contextmanager
    def watched(self) -> Iterator[tuple[int, ...]]:
        """Give the host's descriptors, which stay open (though perhaps shut down) until the context ends."""
        with self._lock:
            if self.closed:
                numbers: tuple[int, ...] = ()
            else:
                numbers = tuple(host.fileno() for host in self._hosts())
            self._waiting += 1
        try:
            if not numbers:
                raise BoardOSError(NEWLIB["EBADF"])
            yield numbers
        finally:
            with self._lock:
                self._waiting -= 1
                if self.closed and not self._waiting:
                    self._release()

    def _hosts(self) -> tuple[socket.socket, ...]:
        return (self._host,) if self._outward is None else (self._host, self._outward)

    # -- readiness, for select and poll ------------------------------------------------------------------------------

    @property
    def dormant(self) -> bool:
        """Whether nothing can happen on this socket: a stream that is neither connected nor listening."""
        return self.kind == "tcp" and not (self.connected or self.connecting or self.listening)

    # -- opening -----------------------------------------------------------------------------------------------------

    def connect(self, address: str, port: int, timeout: float | None) -> None:
        """Connect to an IPv4 address. Raises the board's OSError; 119 when it would have to wait and may not.

        TimeoutError (the board's) after ``timeout`` seconds; closing the socket then is the caller's.
        """
        with self.stack.translated():
            self._check_open()
            if self.kind == "udp":
                self._target = self.stack.route(address, port, "udp")
                self._sources[self._target.host, self._target.port] = (address, port)
                self.peer, self.connected = self._target.name, True
                return
            if self.connected or self.listening:
                raise BoardOSError(NEWLIB["EISCONN"])
            if self.connecting and not self._settle():
                raise BoardOSError(NEWLIB["EALREADY"])
            if self.connected:
                raise BoardOSError(NEWLIB["EISCONN"])
            if self.used_up:
                # lwIP has given the connection back by now
                raise BoardOSError(NEWLIB["ENOTCONN"])
            route = self.stack.route(address, port, "tcp")
            self.peer = route.name
            self._target = route
            self._begin(route)
            if timeout == 0:
                raise BoardOSError(NEWLIB["EINPROGRESS"])
            limit = None if timeout is None else self.monotonic() + timeout
            if not self._settle():
                if not self.wait(read=False, write=True, timeout=None if limit is None else limit - self.monotonic()):
                    raise BoardTimeoutError("timed out")
                if self.closed:
                    raise BoardOSError(NEWLIB["ECONNABORTED"])
                if not self._settle():  # it stood, and was reset at once
                    self._fail(errno.ECONNRESET)

    def _begin(self, route: Route) -> None:
        with self._lock:
            self._check_open()
            self.stack.power.check()
            number = self._host.connect_ex((route.host, route.port))
            self.connecting = True
        if number not in _IN_PROGRESS:
            self._fail(number)

    def _settle(self) -> bool:
        """Look whether the connection under way stands; False: not yet. Raises the host's OSError if it failed."""
        if not self.connecting:
            return self.connected
        number = self._host.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._fail(number)
        try:
            self._host.getpeername()
        except OSError:
            return False
        self.connecting, self.connected = False, True
        return True

    def _fail(self, number: int) -> None:
        self.connecting = False
        self.used_up = True
        target = self._target
        error = OSError(number, "connect")
        if target is not None and target.mapped and board_errno(error) == NEWLIB["ECONNREFUSED"]:
            self.stack.note(
                Note(
                    "mapped-refused",
                    f"{target.name} is mapped to {target.host}:{target.port}, where nothing listens",
                    fix="start that service first, or correct --map",
                )
            )
        raise error

    def bind(self, address: str, port: int) -> None:
        """Take a local address. A stream opens its port only when it listens, as lwIP does with SO_REUSEADDR."""
        with self.stack.translated():
            self._check_open()
            if self._bound is not None:
                raise BoardOSError(NEWLIB["EINVAL"])
            if self.kind == "udp":
                self._port = self.stack.open_port("udp", self._host, address, port)
            self._bound = (address, port)

    def listen(self, backlog: int) -> None:
        """Accept connections from now on; ``backlog`` below 1 means 1."""
        with self.stack.translated():
            self._check_open()
            if self.kind == "udp":
                raise BoardOSError(NEWLIB["EOPNOTSUPP"])
            if self.connected or self.connecting or self.used_up:
                raise BoardOSError(NEWLIB["EINVAL"])
            backlog = max(1, min(backlog, 255))
            if self.listening:
                self._host.listen(backlog)
                return
            address, port = self._bound or (ANY, 0)
            self._port = self.stack.open_port("tcp", self._host, address, port, backlog)
            self.listening = True

    def accept(self, timeout: float | None) -> tuple[Endpoint, Place] | None:
        """Take the next connection and where it comes from; None when there was none within ``timeout`` seconds."""
        with self.stack.translated():
            self._check_open()
            if not self.listening:
                raise BoardOSError(NEWLIB["EINVAL"])
            found = self._try(lambda: self._host.accept(), timeout)
            if found is None:
                return None
            host, source = found
            child = Endpoint(self.stack, "tcp", host)
            child.peer = f"{source[0]}:{source[1]}"
            return child, (str(source[0]), int(source[1]))

    # -- data, waiting -------------------------------------------------------------------------------------------------

    def receive(self, size: int, timeout: float | None) -> bytes | None:
        """At most ``size`` bytes, b"" at the end of the stream, None when nothing came within ``timeout`` seconds."""
        with self.stack.translated():
            if self.kind == "udp":
                found = self.receive_from(size, timeout)
                return None if found is None else found[0]
            if not (self.connected or self.connecting) and not self.closed:
                raise BoardOSError(NEWLIB["ENOTCONN"])
            return self._try(lambda: self.recv(size), timeout, locked=False)

    def transmit(self, data: memoryview, timeout: float | None) -> int | None:
        """Send: everything when ``timeout`` is None, else what could be sent in that time; None if that was nothing."""
        if self.kind == "udp":
            return self.transmit_to(data, None, timeout)
        limit = None if timeout is None else self.monotonic() + timeout
        sent = 0
        with self.stack.translated():
            if not (self.connected or self.connecting) and not self.closed:
                raise BoardOSError(NEWLIB["ENOTCONN"])
            while sent < len(data):
                left = None if limit is None else limit - self.monotonic()
                rest = data[sent:]
                count = self._try(lambda rest=rest: self.send(rest), left, write=True, locked=False)  # type: ignore[misc]
                if count is None:
                    return sent or None
                sent += count
                if timeout == 0:
                    break
        return sent

    def receive_from(self, size: int, timeout: float | None) -> tuple[bytes, Place] | None:
        """Take the next datagram (cut to ``size``) and where it comes from; for a stream, data and the other end."""
        with self.stack.translated():
            if self.kind == "tcp":
                data = self.receive(size, timeout)
                return None if data is None else (data, self._peer_place())
            limit = None if timeout is None else self.monotonic() + timeout
            while True:
                left = None if limit is None else limit - self.monotonic()
                found = self._try(self._datagram, left)
                if found is None:
                    return None
                data, source = found[0], (str(found[1][0]), int(found[1][1]))
                if self._target is None or source == (self._target.host, self._target.port):
                    return data[:size], self._sources.get(source, source)

    def _datagram(self) -> tuple[bytes, Place]:
        for host in self._hosts():
            try:
                return host.recvfrom(_DATAGRAM)
            except BlockingIOError:
                continue
            except ConnectionResetError:  # Windows reports an earlier datagram that nobody wanted; lwIP does not
                continue
        raise BlockingIOError(errno.EAGAIN, "no datagram")

    def _peer_place(self) -> Place:
        try:
            source = self._host.getpeername()
        except OSError:
            return (ANY, 0)
        return self._sources.get((source[0], source[1]), (source[0], source[1]))

    def transmit_to(self, data: memoryview, place: Place | None, timeout: float | None) -> int | None:
        """Send one datagram to ``place`` (None: where the socket is connected to)."""
        with self.stack.translated():
            self._check_open()
            if self.kind == "tcp":
                return self.transmit(data, timeout)
            if place is None:
                if self._target is None:
                    raise BoardOSError(NEWLIB["ENOTCONN"])
                target = self._target
            else:
                target = self.stack.route(*place, "udp")
                self._sources[target.host, target.port] = place
            return self._try(lambda: self._send_datagram(data, target), timeout, write=True)

    def _send_datagram(self, data: memoryview, target: Route) -> int:
        self.stack.power.check()
        if target.port == NOWHERE:
            return len(data)
        host = self._host
        if self._port is None:
            if target.host.endswith(".255"):
                host.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        elif not target.host.startswith("127."):
            # a socket at 127.0.0.1 cannot send further than this host: a second one does
            if self._outward is None:
                self._outward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self._outward.setblocking(False)
                self._outward.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            host = self._outward
        try:
            return host.sendto(data, (target.host, target.port))
        except ConnectionRefusedError:  # the answer to an earlier datagram, which lwIP does not report
            return host.sendto(data, (target.host, target.port))

    def _try(
        self, action: Callable[[], _Result], timeout: float | None, *, write: bool = False, locked: bool = True
    ) -> _Result | None:
        limit = None if timeout is None else self.monotonic() + timeout
        self.stack.power.check()
        while True:
            try:
                if not locked:
                    return action()
                with self._lock:
                    self._check_open()
                    return action()
            except (BlockingIOError, InterruptedError):
                pass
            left = None if limit is None else limit - self.monotonic()
            if left is not None and left <= 0:
                return None
            if not self.wait(read=not write, write=write, timeout=left):
                return None

    # -- options -------------------------------------------------------------------------------------------------------

    def set_option(self, level: int, option: int, value: int | bytes) -> None:
        """``setsockopt`` with lwIP's numbers. Raises the board's OSError 109 for one that lwIP does not have."""
        with self.stack.translated():
            self._check_open()
            if (level, option) not in OPTIONS:
                raise BoardOSError(NEWLIB["ENOPROTOOPT"])
            if OPTIONS[level, option] == "IP_ADD_MEMBERSHIP":
                if not isinstance(value, bytes) or len(value) < 8:
                    raise BoardOSError(NEWLIB["EINVAL"])
                group = ".".join(str(part) for part in struct.unpack("4B", value[:4]))
                self.stack.note(
                    Note(
                        "multicast",
                        f"the board joins the multicast group {group}, but nothing sent to it arrives here",
                        cause="What the board listens on is at 127.0.0.1 of this host.",
                    )
                )

    # -- closing -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close; whoever waits on this socket wakes up. Again: nothing."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
            if self._waiting:
                for host in self._hosts():
                    with contextlib.suppress(OSError):
                        host.shutdown(socket.SHUT_RDWR)
            else:
                self._release()
        if self._port is not None:
            self.stack.close_port(self.kind, self._port)
        self.stack.give_number(self.number)
        self.stack.power.forget(self.close)

    def _release(self) -> None:
        for host in self._hosts():
            with contextlib.suppress(OSError):
                host.close()
        self.connected = self.connecting = self.listening = False


OPTIONS: dict[tuple[int, int], str] = {
    (4095, 4): "SO_REUSEADDR",
    (4095, 8): "SO_KEEPALIVE",
    (4095, 32): "SO_BROADCAST",
    (4095, 0x1005): "SO_SNDTIMEO",
    (4095, 0x1006): "SO_RCVTIMEO",
    (4095, 0x1002): "SO_RCVBUF",
    (0, 1): "IP_TOS",
    (0, 2): "IP_TTL",
    (0, 3): "IP_ADD_MEMBERSHIP",
    (0, 4): "IP_DROP_MEMBERSHIP",
    (0, 5): "IP_MULTICAST_TTL",
    (0, 6): "IP_MULTICAST_IF",
    (0, 7): "IP_MULTICAST_LOOP",
    (6, 1): "TCP_NODELAY",
    (6, 2): "TCP_KEEPALIVE",
    (6, 3): "TCP_KEEPIDLE",
    (6, 4): "TCP_KEEPINTVL",
    (6, 5): "TCP_KEEPCNT",
}
"""(level, option) of lwIP -> name. All are taken; on a host's loopback none of them changes what a script can see."""
