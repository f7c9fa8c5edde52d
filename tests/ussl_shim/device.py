"""The least that can stand for a board around `ussl_shim`: raw sockets, wrapping, and steps of a script."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flashfs.errors import DeviceError
from flashfs.notes import Note
from ussl_shim import Connection, Environment, Session, Settings, prepare
from ussl_shim.environment import CertRules
from ussl_shim.module import MappingFiles, SocketTransport
from ussl_shim.quirks import QUIRKS

ALL_QUIRKS = frozenset(quirk.name for quirk in QUIRKS)
CERT = "/flash/cert/"
PATIENCE = 0.15
"""Seconds of silence after which a wait without a limit counts as hanging."""


class Hangs(BaseException):
    """The shim waits without a limit and nothing comes. Stands for a power-off, too: it must pass through."""


class ImpatientTransport(SocketTransport):
    """Ends a wait that has no limit, or a very long one."""

    expects_silence = False

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        if timeout is not None:
            return super().wait(read=read, write=write, timeout=timeout)
        if not super().wait(read=read, write=write, timeout=PATIENCE if self.expects_silence else 10):
            raise Hangs
        return True


@dataclass
class Socket:
    """A raw socket of the device."""

    sock: socket.socket
    connected: bool = False


@dataclass
class Device:
    """Files, settings and notes; closes every socket at the end."""

    files: Mapping[str, bytes]
    quirks: frozenset[str] = ALL_QUIRKS
    cert_rules: CertRules = "documented"
    notes: list[Note] = field(default_factory=list)
    expects_silence: bool = False
    _open: list[socket.socket] = field(default_factory=list)
    transport_class: Callable[[socket.socket, str], SocketTransport] = ImpatientTransport

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_exc: object) -> None:
        for sock in self._open:
            sock.close()

    @property
    def env(self) -> Environment:
        paths = {name if name.startswith("/") else CERT + name: raw for name, raw in self.files.items()}
        settings = Settings(self.cert_rules, self.quirks)
        return Environment(MappingFiles(paths), settings, self.notes.append)

    def codes(self) -> list[str]:
        return [note.code for note in self.notes]

    def dial(self, address: tuple[str, int]) -> Socket:
        sock = socket.socket()
        self._open.append(sock)
        env = self.env
        try:
            sock.connect(address)
        except OSError as exc:
            raise env.error(env.host_errno(exc)) from exc
        return Socket(sock, connected=True)

    def adopt(self, sock: socket.socket) -> Socket:
        self._open.append(sock)
        return Socket(sock, connected=True)

    def _transport(self, sock: Socket) -> SocketTransport:
        sock.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = self.transport_class(sock.sock, "peer.test:443")
        if isinstance(transport, ImpatientTransport):
            transport.expects_silence = self.expects_silence
        return transport

    def wrap_then_connect(self, address: tuple[str, int], **call: Any) -> Connection:
        """Wrap, connect, shake hands."""
        plan = prepare(self.env, **named(call), sock_ok=True)
        conn = Connection(plan, self._transport(self.dial(address)), self.env)
        conn.handshake("connect")
        return conn

    def wrap(self, sock: Socket, **call: Any) -> Connection:
        """Wrap a connected socket: shake hands at once."""
        plan = prepare(self.env, **named(call), sock_ok=True)
        conn = Connection(plan, self._transport(sock), self.env)
        conn.handshake("wrap")
        return conn

    def hang_up(self, sock: Socket) -> None:
        sock.sock.close()


def named(call: Mapping[str, Any]) -> dict[str, Any]:
    """Put the short file names of a call below /flash/cert/."""
    files = ("ca_certs", "certfile", "keyfile")
    return {
        key: CERT + value if key in files and isinstance(value, str) and not value.startswith("/") else value
        for key, value in call.items()
    }


@dataclass
class Script:
    """Runs the steps of a scenario: wrap and connect (or connect and wrap), then calls on the ssl socket.

    ``wrap`` shakes hands according to ``path``; ``wrap+`` does so with the session of ``save`` and the ``later``
    arguments; ``wrap!`` expects the handshake to raise and goes on.
    """

    device: Device
    address: tuple[str, int]
    path: str
    call: dict[str, Any]
    later: dict[str, Any]
    conn: Connection | None = None
    sock: Socket | None = None
    session: Session | None = None
    value: Any = None

    def run(self, steps: str) -> str:
        """The outcome in words: ``ok``, ``hangs``, or the exception's class and argument."""
        try:
            for step in steps.split():
                name, _, argument = step.partition("=")
                self.step(name, argument)
        except Hangs:
            return "hangs"
        except TimeoutError as exc:
            return f"TimeoutError {exc}"
        except DeviceError as exc:
            return f"OSError {exc.args[0]}"
        except (TypeError, ValueError) as exc:
            return f"{type(exc).__name__} {exc}"
        return "ok"

    def step(self, name: str, argument: str) -> None:
        if name.startswith("wrap"):
            self._wrap(again="+" in name, anyway="!" in name, before=argument)
            return
        if name == "only-wrap":
            plan = prepare(self.device.env, **named(self.call), sock_ok=True)
            self.conn = Connection(plan, _Unconnected(), self.device.env)
            return
        assert self.conn is not None
        actions: dict[str, Callable[[], Any]] = {
            "send": lambda: self.conn.send(argument.encode()),  # type: ignore[union-attr]
            "sendn": lambda: self.conn.send(bytes(int(argument))),  # type: ignore[union-attr]
            "recv": lambda: self.conn.recv(int(argument)),  # type: ignore[union-attr]
            "settimeout": lambda: self.conn.settimeout(float(argument)),  # type: ignore[union-attr]
            "close": self._close,
            "save": self._save,
        }
        value = actions[name]()
        if value is not None:
            self.value = value

    def _save(self) -> None:
        assert self.conn is not None
        self.session = self.conn.session()

    def _close(self) -> None:
        assert self.conn is not None
        self.conn.close()
        if self.sock is not None:
            self.device.hang_up(self.sock)

    def _wrap(self, *, again: bool, anyway: bool, before: str) -> None:
        call = self.call | (self.later | {"saved_session": self.session} if again else {})
        device = self.device
        if self.path == "server":
            assert self.sock is not None
        plan = None
        if self.path == "wc":
            plan = prepare(device.env, **named(call), sock_ok=True)
        if self.path != "server":
            self.sock = device.dial(self.address)
        if plan is None:
            plan = prepare(device.env, **named(call), sock_ok=True)
        assert self.sock is not None
        self.conn = Connection(plan, device._transport(self.sock), device.env)
        if before:
            self.conn.settimeout(float(before))
        try:
            self.conn.handshake("connect" if self.path == "wc" else "wrap")
        except (OSError, Hangs):
            if not anyway:
                # What is left of a connection is closed when the device collects its garbage.
                with contextlib.suppress(OSError):
                    self.sock.sock.shutdown(socket.SHUT_WR)
                raise


class _Unconnected:
    """A transport that must not be used."""

    peer = "nobody"

    def recv(self, size: int) -> bytes:
        raise AssertionError("the network was used")

    def send(self, data: bytes | bytearray | memoryview) -> int:
        raise AssertionError("the network was used")

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        raise AssertionError("the network was used")

    def monotonic(self) -> float:
        return 0.0
