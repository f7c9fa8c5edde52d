"""``usocket`` (firmware: esp32/mods/modusocket.c, esp32/mods/lwipsocket.c; stream methods: py/stream.c)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from emulator.errnos import NEWLIB
from emulator.errors import BoardOSError, BoardTimeoutError
from emulator.firmware._arguments import count, native
from emulator.firmware._convert import check_memory, readable, to_float, to_int, to_text, writable
from emulator.firmware._missing import not_emulated
from emulator.hostmap import Place
from emulator.runtime.hidden import no_attribute
from emulator.runtime.names import type_name
from emulator.sockets import STACK, Endpoint, Stack
from flashfs.notes import Note

if TYPE_CHECKING:
    from emulator.device import Device

LONGEST_RECV = 2048
"""Bytes that one ``recv`` of a plain socket returns at most (firmware: esp32/mods/modusocket.c)."""
EAGAIN = NEWLIB["EAGAIN"]
AF_INET, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, IPPROTO_TCP = 2, 1, 2, 3, 6
AF_LORA, AF_SIGFOX = 160, 161

CONSTANTS = {
    "AF_INET": AF_INET,
    "SOCK_STREAM": SOCK_STREAM,
    "SOCK_DGRAM": SOCK_DGRAM,
    "IPPROTO_IP": 0,
    "IPPROTO_ICMP": 1,
    "IPPROTO_TCP": IPPROTO_TCP,
    "IPPROTO_UDP": 17,
    "IPPROTO_IPV6": 41,
    "IPPROTO_RAW": 255,
    "IP_ADD_MEMBERSHIP": 3,
    "SOL_SOCKET": 4095,
    "SO_REUSEADDR": 4,
}
RADIO_CONSTANTS: dict[str, dict[str, int]] = {
    "LoRa": {
        "AF_LORA": AF_LORA,
        "SOCK_RAW": SOCK_RAW,
        "SOL_LORA": 1048325,
        "SO_CONFIRMED": 983042,
        "SO_DR": 983043,
    },
    "Sigfox": {
        "AF_SIGFOX": AF_SIGFOX,
        "SOCK_RAW": SOCK_RAW,
        "SOL_SIGFOX": 1048326,
        "SO_RX": 983044,
        "SO_TX_REPEAT": 983045,
        "SO_OOB": 983046,
        "SO_BIT": 983047,
    },
}
"""Constants of the boards with that radio."""
RADIO_FAMILIES = {AF_LORA: "LoRa", AF_SIGFOX: "Sigfox"}

_DOTTED = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})", re.ASCII)


METHODS: tuple[str, ...] = (
    *("close", "bind", "listen", "accept", "connect", "send", "sendall", "recv", "sendto", "recvfrom", "setsockopt"),
    *("settimeout", "setblocking", "makefile", "fileno", "do_handshake", "read", "readinto", "readline", "write"),
)
"""What a script can call of a socket (firmware: esp32/mods/modusocket.c)."""


class RadioSocket:
    """A raw LoRa or Sigfox socket: it can be made, but not used yet."""

    def __init__(self, stack: Stack, radio: str) -> None:
        self._stack = stack
        self._radio = radio

    def __repr__(self) -> str:
        return "<socket>"

    def _refuse(self, *args: object) -> NoReturn:
        raise not_emulated(f"socket of {self._radio}", self._stack.note)

    def close(self) -> None:
        """Nothing is open."""

    send = recv = settimeout = setblocking = setsockopt = sendto = recvfrom = bind = _refuse


RadioSocket.__name__ = RadioSocket.__qualname__ = "socket"


class Stream:
    """The stream methods over ``_recv_some`` and ``_send_some``, which give None where the board's give EAGAIN."""

    def _recv_some(self, size: int) -> bytes | None:
        raise NotImplementedError

    def _send_some(self, data: memoryview) -> int | None:
        raise NotImplementedError

    @native(1, 2)
    def read(self, size: Any = -1, /) -> bytes | None:
        """Give ``size`` bytes, fewer at the end of the stream; -1: all up to there.

        None when nothing is there and it may not wait. Raises OSError.
        """
        wanted = to_int(size)
        if wanted < -1:
            check_memory(wanted & 0xFFFFFFFF, 1 << 31)
        return self._exactly(wanted) if wanted >= 0 else self._all()

    def _exactly(self, size: int) -> bytes | None:
        data = self._recv_some(size) if size else b""
        if data is None or len(data) == size or not data:
            return data
        parts, left = [data], size - len(data)
        while left:
            more = self._recv_some(left)
            if not more:
                break
            parts.append(more)
            left -= len(more)
        return b"".join(parts)

    def _all(self) -> bytes | None:
        parts: list[bytes] = []
        while True:
            data = self._recv_some(LONGEST_RECV)
            if data is None and not parts:
                return None
            if not data:
                return b"".join(parts)
            parts.append(data)

    @native(2, 3)
    def readinto(self, buf: Any, nbytes: Any = None, /) -> int | None:
        """Fill ``buf`` or its first ``nbytes``; how many bytes came, None as for ``read``. Raises OSError."""
        view = writable(buf)
        size = len(view) if nbytes is None else min(len(view), to_int(nbytes) & 0xFFFFFFFF)
        data = self._exactly(size)
        if data is None:
            return None
        view[: len(data)] = data
        return len(data)

    @native(1, 2)
    def readline(self, size: Any = -1, /) -> bytes | None:
        """Give a line with its newline, at most ``size`` bytes; what there is of it at the end. None as for ``read``."""
        limit = to_int(size)
        line = bytearray()
        while limit < 0 or len(line) < limit:
            byte = self._recv_some(1)
            if byte is None and not line:
                return None
            if not byte:
                break
            line += byte
            if byte == b"\n":
                break
        return bytes(line)

    @native(2, 4)
    def write(self, buf: Any, *args: Any) -> int | None:
        """Send all of it: ``write(buf[, length])`` or ``write(buf, offset, length)``; how many bytes.

        None when nothing could be sent and it may not wait. Raises OSError, TypeError.
        """
        view = readable(buf)
        offset = 0
        length = len(view)
        if len(args) == 2:
            offset = min(to_int(args[0]) & 0xFFFFFFFF, length)
        if args and to_int(args[-1]) >= 0:
            length = to_int(args[-1])
        view = view[offset : offset + length]
        sent = 0
        while sent < len(view):
            some = self._send_some(view[sent:])
            if some is None:
                return sent or None
            sent += some
        return sent


class Socket(Stream):
    """What ``socket`` of a power cycle derives from. No context manager, no getsockname, as on the board."""

    _stack: ClassVar[Stack]
    _radios: ClassVar[tuple[str, ...]]
    _heap: ClassVar[int]

    _endpoint: Endpoint
    _timeout: float | None
    _taken: bool
    """An ssl socket shares the endpoint, and this object was not closed itself."""
    _connected_itself: bool
    """Connected by this object, or come from ``accept``: a mark that a close through an ssl socket leaves standing."""
    _own: ClassVar[frozenset[str]] = frozenset({"_endpoint", "_timeout", "_taken", "_connected_itself"})
    """What is kept in an object; a script can set nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """``socket(family=AF_INET, type=SOCK_STREAM, proto=IPPROTO_TCP[, fileno])``, positional only.

        Raises OSError "incorrect socket type", "Network card not available", or with a number.
        """
        if kwargs:
            raise TypeError("function doesn't take keyword arguments")
        count(len(args), 0, 4)
        family, kind, _ = (*(to_int(a) for a in args[:3]), *(AF_INET, SOCK_STREAM, IPPROTO_TCP)[len(args[:3]) :])
        if family != AF_INET:
            if kind != SOCK_RAW:
                raise BoardOSError("incorrect socket type")
            if RADIO_FAMILIES.get(family) in cls._radios:
                return RadioSocket(cls._stack, RADIO_FAMILIES[family])
        if family != AF_INET or not cls._stack.registered:
            raise BoardOSError("Network card not available")
        if kind == SOCK_RAW:
            raise not_emulated("socket.socket(AF_INET, SOCK_RAW)", cls._stack.note)
        if kind not in (SOCK_STREAM, SOCK_DGRAM):
            raise BoardOSError(NEWLIB["EINVAL"])
        return cls._over(Endpoint(cls._stack, "udp" if kind == SOCK_DGRAM else "tcp"))

    @classmethod
    def _over(cls, endpoint: Endpoint) -> Any:
        made = object.__new__(cls)
        made._endpoint = endpoint
        made._timeout = None
        made._taken = False
        made._connected_itself = endpoint.connected
        return made

    def __repr__(self) -> str:
        return "<socket>"

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self._own:
            raise no_attribute(self, name)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        raise no_attribute(self, name)

    def __dir__(self) -> list[str]:
        return ["__class__", *METHODS]

    def __del__(self) -> None:
        endpoint = getattr(self, "_endpoint", None)
        if endpoint is not None and not self._taken:
            endpoint.close()

    # -- for the streams -----------------------------------------------------------------------------------------------

    def _recv_some(self, size: int) -> bytes | None:
        return self._endpoint.receive(size, self._timeout)

    def _send_some(self, data: memoryview) -> int | None:
        return self._endpoint.transmit(data, self._timeout)

    def _would_block(self) -> BoardOSError:
        return BoardTimeoutError("timed out") if self._timeout else BoardOSError(EAGAIN)

    # -- for uselect ---------------------------------------------------------------------------------------------------

    def _poll_endpoint(self) -> Endpoint:
        return self._endpoint

    def _pending(self) -> bool:
        """Whether data is here that the host's socket no longer shows."""
        return False

    # -- the script's methods ------------------------------------------------------------------------------------------

    @native(1)
    def close(self) -> None:
        """Close; again: nothing."""
        self._taken = False
        self._endpoint.close()

    @native(2)
    def bind(self, addr: Any, /) -> None:
        """Take the local address ``(ip, port)``. Raises OSError, ValueError."""
        self._endpoint.bind(*place(addr))

    @native(1, 2)
    def listen(self, backlog: Any = 0, /) -> None:
        """Listen. Raises OSError 112 when the port is taken."""
        self._endpoint.listen(to_int(backlog))

    @native(1)
    def accept(self) -> tuple[Any, Place]:
        """Give ``(socket, (ip, port))`` of the next connection. Raises OSError 11 when there is none in time."""
        found = self._endpoint.accept(self._timeout)
        if found is None:
            raise BoardOSError(EAGAIN)
        return self._plain_class()._over(found[0]), found[1]

    def _plain_class(self) -> type[Socket]:
        return type(self)

    @native(2)
    def connect(self, addr: Any, /) -> None:
        """Connect to ``(ip, port)``; a host name is refused: resolve it with getaddrinfo first.

        Raises OSError, TimeoutError "timed out", ValueError "invalid arguments". With a timeout set, a failure closes
        the socket.
        """
        address = self._address(addr)
        try:
            self._endpoint.connect(*address, self._timeout)
        except BoardOSError:
            if self._timeout:
                self._endpoint.close()
            raise
        self._connected_itself = True

    def _address(self, addr: Any) -> Place:
        try:
            return place(addr)
        except ValueError:
            host = addr[0] if isinstance(addr, (tuple, list)) and len(addr) == 2 else ""
            if isinstance(host, str) and re.search(r"[a-zA-Z]", host):
                self._stack.note(
                    Note(
                        "name-in-address",
                        f"{host!r} is a name; the board's sockets take dotted IPv4 addresses only",
                        fix=f"socket.getaddrinfo({host!r}, {addr[1]!r})[0][-1]",
                        source="firmware: lib/netutils/netutils.c",
                    )
                )
            raise

    @native(2)
    def send(self, buf: Any, /) -> int:
        """Send; how many bytes were sent, maybe fewer than given. Raises TimeoutError "timed out", OSError."""
        data = readable(buf)
        if not len(data):
            raise BoardOSError(self._stack.last_errno)
        sent = self._endpoint.transmit(data, self._timeout)
        if sent is None:
            raise self._would_block()
        return sent

    sendall = send

    @native(2)
    def recv(self, length: Any, /) -> bytes:
        """Give at most ``length`` and 2048 bytes; b"" at the end, and when it may not wait. Raises TimeoutError, OSError."""
        size = received_size(length, self._heap)
        data = self._endpoint.receive(min(size, LONGEST_RECV), self._timeout)
        if data is None:
            if self._timeout:
                raise BoardTimeoutError("timed out")
            return b""
        return data

    @native(3)
    def sendto(self, data: Any, addr: Any, /) -> int:
        """Send a datagram to ``(ip, port)``. Raises TimeoutError, OSError, ValueError "invalid arguments"."""
        sent = self._endpoint.transmit_to(readable(data), self._address(addr), self._timeout)
        if sent is None:
            raise self._would_block()
        return sent

    @native(2)
    def recvfrom(self, length: Any, /) -> tuple[bytes, Place]:
        """Give ``(data, (ip, port))``. Raises TimeoutError "timed out", OSError 11 when it may not wait."""
        size = received_size(length, self._heap)
        found = self._endpoint.receive_from(min(size, LONGEST_RECV), self._timeout)
        if found is None:
            raise self._would_block()
        return found

    @native(4)
    def setsockopt(self, level: Any, optname: Any, value: Any, /) -> None:
        """Set an option with lwIP's numbers. Raises OSError 109 for one that is unknown."""
        number = to_int(level), to_int(optname)
        self._endpoint.set_option(*number, value if isinstance(value, int) else bytes(readable(value)))

    @native(2)
    def settimeout(self, timeout: Any, /) -> None:
        """Seconds to wait at most, float allowed, in whole milliseconds; 0: never wait; None and negative: for ever.

        Raises OSError 9 when closed.
        """
        self._set_timeout(None if timeout is None else _whole_milliseconds(to_float(timeout)))

    @native(2)
    def setblocking(self, blocking: Any, /) -> None:
        """``settimeout(None)`` or ``settimeout(0)``."""
        self._set_timeout(None if blocking else 0.0)

    def _set_timeout(self, seconds: float | None) -> None:
        if self._endpoint.closed:
            raise BoardOSError(NEWLIB["EBADF"])
        self._timeout = seconds

    @native(1, 6)
    def makefile(self, *args: Any) -> Any:
        """Give the socket itself. Raises ValueError "invalid argument(s) value" for a mode other than "rb" and "wb"."""
        if args and to_text(args[0]) not in ("rb", "wb"):
            raise ValueError("invalid argument(s) value")
        return self

    @native(1)
    def fileno(self) -> int:
        """Give the board's descriptor number, -1 once closed."""
        return -1 if self._endpoint.closed else self._endpoint.number

    @native(1)
    def do_handshake(self) -> None:
        """Nothing on a plain socket."""


def _whole_milliseconds(seconds: float) -> float | None:
    if seconds <= -0.001 or seconds == float("inf"):
        return None
    return 0.0 if seconds != seconds else int(seconds * 1000) / 1000  # NaN is the one that is not itself


def place(addr: Any) -> Place:
    """Read ``(ip, port)``. Raises TypeError, ValueError "invalid arguments"."""
    if not isinstance(addr, (tuple, list)):
        raise TypeError(f"object '{type_name(addr)}' is not a tuple or list")
    if len(addr) != 2:
        raise ValueError(f"requested length 2 but object has length {len(addr)}")
    host, port = to_text(addr[0]), to_int(addr[1])
    return ipv4(host) if host else "0.0.0.0", port & 0xFFFF


def ipv4(text: str) -> str:
    """Check a dotted IPv4 address. Raises ValueError "invalid arguments"."""
    match = _DOTTED.fullmatch(text)
    if match is None or any(int(part) > 255 for part in match.groups()):
        raise ValueError("invalid arguments")
    return ".".join(str(int(part)) for part in match.groups())


def received_size(length: Any, heap_bytes: int) -> int:
    """The argument of ``recv``: the board makes room for all of it first. Raises MemoryError, TypeError."""
    size = to_int(length)
    if size < 0:
        check_memory(size & 0xFFFFFFFF, 1 << 31)
    check_memory(size + 1, heap_bytes)
    return size


def _functions(stack: Stack) -> dict[str, Callable[..., Any]]:
    @native(2, 6)
    def getaddrinfo(host: Any, port: Any, *ignored: Any) -> list[tuple[int, int, int, str, Place]]:
        """Give a list of one tuple ``(2, 1, 0, "", (ip, port))``. Raises OSError 202 when there is no such name."""
        name, number = to_text(host), to_int(port)
        return [(AF_INET, SOCK_STREAM, 0, "", (stack.resolve(name, number), number & 0xFFFF))]

    @native(0, 2)
    def dnsserver(*args: Any) -> tuple[str, ...] | None:
        """Give all DNS servers or the one of an index (0 or 1), or set that one. The host's resolver is used anyway.

        Raises ValueError "invalid arguments".
        """
        if not args:
            return tuple(stack.dns)
        index = to_int(args[0])
        if index not in (0, 1):
            raise ValueError("invalid arguments")
        if len(args) == 1:
            return (stack.dns[index],)
        stack.dns[index] = ipv4(to_text(args[1]))
        return None

    return {"getaddrinfo": getaddrinfo, "dnsserver": dnsserver}


def module(device: Device) -> dict[str, Any]:
    """Give the names of ``usocket``."""
    stack = Stack(device.power, device.board.hostmap, device.note)
    if device.board.power_state.radio is not None:  # it is as the script before a soft reset left it
        device.board.power_state.radio.tell(stack)
    radios = tuple(radio for radio in RADIO_CONSTANTS if device.board.model.has_radio(radio))
    heap = device.board.model.memory.heap_bytes
    plain: type[Socket] = type(
        "socket", (Socket,), {"_stack": stack, "_radios": radios, "_heap": heap, "__module__": __name__}
    )
    names: dict[str, Any] = {
        "socket": plain,
        "error": BoardOSError,
        "timeout": BoardTimeoutError,
        **_functions(stack),
        **CONSTANTS,
        STACK: stack,
    }
    for radio in radios:
        names.update(RADIO_CONSTANTS[radio])
    return names
