"""Where the host names, addresses and ports of a script really are on this host.

Names and ports only: no sockets are opened here. Mapped names get made-up addresses out of 198.18.0.0/15 (set aside for
tests, RFC 2544), so that a script which resolves first and connects later still comes out at the mapping.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from emulator.errnos import EAI_FAIL, NEWLIB
from emulator.errors import BoardOSError
from emulator.settings import LOOPBACK
from flashfs.notes import Note, NoteSink, ignore_note

Place = tuple[str, int]
"""A host name or address, and a port."""

Lookup = Callable[[str], str]
"""Finds the IPv4 address of a name; raises OSError or UnicodeError where there is none."""

MAP_EXAMPLE = "cloud.blynk.cc:8441=127.0.0.1:9443"
PUBLISH_EXAMPLE = "8080:80"
_MADE_UP = ipaddress.ip_network("198.18.0.0/15")
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)


_Here = TypeVar("_Here")
_There = TypeVar("_There")


def no_two(parse: Callable[[str], tuple[_Here, _There]], texts: Iterable[str]) -> dict[_Here, _There]:
    """Read several with ``parse``. Raises ValueError as it does, and where two say something else about one place."""
    found: dict[_Here, _There] = {}
    for text in texts:
        here, there = parse(text)
        if found.setdefault(here, there) != there:
            raise ValueError(f"{text!r}: this place has been sent elsewhere already; say it once")
    return found


@dataclass(frozen=True, slots=True)
class Route:
    """Where a connection really goes: ``host`` (an IPv4 address) and ``port`` on the host's side.

    ``name`` is the place as the script knows it, such as ``cloud.blynk.cc:8441``; ``mapped`` tells whether a mapping
    decided.
    """

    host: str
    port: int
    name: str
    mapped: bool = False


def parse_map(text: str) -> tuple[Place, Place]:
    """Read ``HOST:PORT=ADDR:PORT``: ((name, port) as in the script, (address, port) on the host).

    Raises ValueError with one line for the person who wrote it.
    """
    here, equals, there = text.partition("=")
    if not equals:
        raise _wrong_map(text, "there is no '='")
    try:
        return _place(here, "name"), _place(there, "address")
    except ValueError as error:
        raise _wrong_map(text, str(error)) from None


def parse_publish(text: str) -> tuple[int, int]:
    """Read ``HOSTPORT:BOARDPORT``: (port on the board, port on the host; 0: any free one).

    Raises ValueError with one line for the person who wrote it.
    """
    host, colon, board = text.partition(":")
    problem = "there is no ':'"
    if colon:
        try:
            return _port(board), _port(host, least=0)
        except ValueError as error:
            problem = str(error)
    raise ValueError(f"publish {text!r}: {problem}; write HOSTPORT:BOARDPORT, such as {PUBLISH_EXAMPLE}")


def _wrong_map(text: str, problem: str) -> ValueError:
    return ValueError(f"map {text!r}: {problem}; write HOST:PORT=ADDR:PORT, such as {MAP_EXAMPLE}")


def _place(text: str, what: str) -> Place:
    host, colon, port = text.strip().rpartition(":")
    if not colon:
        raise ValueError(f"{text!r} has no port")
    if not host:
        raise ValueError(f"{text!r} has no {what}")
    if ":" in host or "[" in host:
        raise ValueError(f"{host!r} is no IPv4 {what}; the board knows IPv4 only")
    if any(character.isspace() for character in host):
        raise ValueError(f"{host!r} is no {what}")
    if _DOTTED.fullmatch(host) and not is_ipv4(host):
        raise ValueError(f"{host!r} is no IPv4 address")
    return _plain(host), _port(port)


def _port(text: str, least: int = 1) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= 65535):
        raise ValueError(f"{text!r} is no port ({least} to 65535)")
    return int(text)


def _plain(name: str) -> str:
    return name.lower().rstrip(".") or name


def is_ipv4(text: str) -> bool:
    """Tell whether ``text`` is a dotted IPv4 address."""
    return _DOTTED.fullmatch(text) is not None and all(int(part) <= 255 for part in text.split("."))


def host_lookup(name: str) -> str:
    """Ask the host's resolver; blocks. Raises OSError, UnicodeError."""
    if name == "localhost" or is_ipv4(name):
        return LOOPBACK if name == "localhost" else name
    found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    return str(found[0][4][0])


class HostMap:
    """The mappings of one board. Thread safe.

    ``maps``: (name, port) of the script -> (address, port) of the host; ``published``: board port -> host port;
    ``offline``: nothing but mapped places exists. Failures are the board's OSError, and a note names the way out.
    """

    def __init__(
        self,
        maps: Mapping[Place, Place] | None = None,
        published: Mapping[int, int] | None = None,
        *,
        offline: bool = False,
        note: NoteSink = ignore_note,
    ) -> None:
        self.offline = offline
        self._note = note
        self._lock = threading.RLock()  # a forgotten listener may be collected, and so closed, under it
        self._maps: dict[Place, Place] = {}
        self._published: dict[int, int] = {}
        self._addresses: dict[str, str] = {}  # mapped name -> made-up address
        self._names: dict[str, str] = {}  # address handed out -> the name it was handed out for
        self._open: dict[tuple[str, int], int] = {}
        for here, there in (maps or {}).items():
            self.add_map(here, there)
        for board_port, host_port in (published or {}).items():
            self.add_published(board_port, host_port)

    def add_map(self, here: Place, there: Place) -> None:
        """Send (name, port) of the script to (address, port) of the host; replaces an earlier mapping."""
        name = _plain(here[0])
        with self._lock:
            self._maps[name, here[1]] = there
            if not is_ipv4(name) and name not in self._addresses:
                address = str(_MADE_UP[1 + len(self._addresses)])
                self._addresses[name] = address
                self._names[address] = name

    def add_published(self, board_port: int, host_port: int) -> None:
        """Put the board's ``board_port`` at ``host_port`` of the host (0: any free one)."""
        with self._lock:
            self._published[board_port] = host_port

    # -- outwards ------------------------------------------------------------------------------------------------

    def resolve(self, name: str, port: int, lookup: Lookup = host_lookup) -> str:
        """Give the address of ``name`` as the board sees it. Raises the board's OSError 202 where there is none."""
        plain = _plain(name)
        if is_ipv4(name):
            return name
        with self._lock:
            made_up = self._addresses.get(plain)
        if made_up is not None:
            return made_up
        if plain == "localhost":
            return LOOPBACK
        address = self._look_up(name, port, EAI_FAIL, lookup)
        with self._lock:
            self._names[address] = plain
        return address

    def is_mapped(self, address: str, port: int) -> bool:
        """Tell whether a mapping decides about this address and port."""
        with self._lock:
            return (self._names.get(address, address), port) in self._maps or (address, port) in self._maps

    def route(self, address: str, port: int, lookup: Lookup = host_lookup) -> Route:
        """Tell where a connection to an IPv4 address goes. Raises the board's OSError 118 where it cannot go."""
        with self._lock:
            name = self._names.get(address, address)
            target = self._maps.get((address, port)) or self._maps.get((name, port))
        shown = f"{name}:{port}"
        if target is not None:
            host, host_port = target
            return Route(
                self._look_up(host, host_port, NEWLIB["EHOSTUNREACH"], lookup, target=True), host_port, shown, True
            )
        if self.offline:
            self._note(offline_note(name, port, self._mapped()))
            raise BoardOSError(NEWLIB["EHOSTUNREACH"])
        if ipaddress.ip_address(address) in _MADE_UP and name != address:
            # a mapped name on a port that is not mapped: the real one
            return Route(self._look_up(name, port, NEWLIB["EHOSTUNREACH"], lookup), port, shown)
        return Route(address, port, shown)

    def _look_up(self, name: str, port: int, failure: int, lookup: Lookup, *, target: bool = False) -> str:
        if is_ipv4(name):
            return name
        if self.offline and not target:
            self._note(offline_note(name, port, self._mapped()))
            raise BoardOSError(failure)
        try:
            return lookup(name)
        except (OSError, UnicodeError) as error:
            self._note(
                Note(
                    "name-not-found",
                    f"this host finds no IPv4 address for {name}",
                    cause=str(error) or type(error).__name__,
                    evidence=self._mapped(),
                    fix=f"check the name, or send it elsewhere: --map {name}:{port}=ADDR:PORT",
                )
            )
            raise BoardOSError(failure) from error

    def _mapped(self) -> str:
        """What is mapped, for the reader who looks for a typing error; at most three places."""
        with self._lock:
            places = [f"{name}:{port}" for name, port in self._maps]
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        return f"mapped: {', '.join(places[:3])}{more}" if places else ""

    # -- inwards -------------------------------------------------------------------------------------------------

    def host_ports(self, board_port: int) -> tuple[int, ...]:
        """Give the host ports to try, in this order, for a port that the board listens on (0: any free one)."""
        with self._lock:
            published = self._published.get(board_port)
        if published is not None:
            return (published,)
        return (board_port, 0) if board_port >= 1024 else (0,)

    def opened(self, kind: str, board_port: int, host_port: int) -> None:
        """Take down that ``board_port`` (kind ``tcp`` or ``udp``) is open at ``host_port``; leaves a note."""
        with self._lock:
            self._open[kind, board_port] = host_port
            chosen = board_port in self._published or board_port == host_port
        udp = " (UDP)" if kind == "udp" else ""
        self._note(
            Note(
                "listening",
                f"board port {board_port}{udp} is at {LOOPBACK}:{host_port}",
                fix="" if chosen else f"for a port of your choice: --publish HOSTPORT:{board_port}",
            )
        )

    def refused(self, kind: str, board_port: int, host_port: int) -> None:
        """Leave the note for a published port that this host would not give."""
        self._note(
            Note(
                "port-taken",
                f"port {host_port} of this host, published for board port {board_port} ({kind}), cannot be opened",
                cause="Another program of this host has it, or it needs rights that this process lacks.",
                fix=f"end that program, or choose another port: --publish OTHERPORT:{board_port}",
            )
        )

    def closed(self, kind: str, board_port: int) -> None:
        """Take down that the board's port is closed."""
        with self._lock:
            self._open.pop((kind, board_port), None)

    def where(self, board_port: int, kind: str = "tcp") -> Place | None:
        """Tell where on this host the board's port is open now; None when it is not."""
        with self._lock:
            host_port = self._open.get((kind, board_port))
        return None if host_port is None else (LOOPBACK, host_port)


def offline_note(name: str, port: int, evidence: str = "") -> Note:
    """Make the note for a place that an offline board does not reach; ``evidence``: what is mapped instead."""
    return Note(
        "offline",
        f"{name}:{port} is not mapped, and the board is offline",
        evidence=evidence,
        fix=f"--map {name}:{port}=ADDR:PORT, or run without --offline",
    )
