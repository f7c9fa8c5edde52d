"""What `ussl_shim` is given from outside: files, a byte stream, settings, and ways to report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from flashfs.errors import DeviceError, ErrorFactory
from flashfs.notes import NoteSink, ignore_note
from ussl_shim.errors import board_errno

CertRules = Literal["documented", "firmware", "wipy1"]
"""Which paths a certificate may have.

``documented``: absolute and below ``/flash/cert/``. ``firmware``: whatever the reader can read. ``wipy1``: the CC3200
board's three names, ``/flash/cert/ca.pem``, ``/flash/cert/cert.pem``, ``/flash/cert/private.key``.
"""


class CertificateFiles(Protocol):
    """Reads certificates and keys from the board's flash."""

    def read(self, path: bytes) -> bytes:
        """The whole file. Raises any OSError where the board could not read it; its text is the reason, for a note."""
        ...

    def similar(self, path: bytes) -> list[str]:
        """Full paths where a file of that base name does exist, for a note."""
        ...


class Transport(Protocol):
    """A connected byte stream over a host socket in non-blocking mode. Whoever owns the socket sets TCP_NODELAY."""

    @property
    def peer(self) -> str:
        """Who is at the other end, such as ``cloud.blynk.cc:8441``; for notes."""
        ...

    def recv(self, size: int) -> bytes:
        """At most ``size`` bytes, ``b""`` after FIN. Raises BlockingIOError or another OSError of the host."""
        ...

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send; how many bytes were taken. Raises BlockingIOError or another OSError of the host."""
        ...

    def wait(self, *, read: bool, write: bool, timeout: float | None) -> bool:
        """Wait until the stream is ready; False when ``timeout`` seconds have passed. What it raises is passed on."""
        ...

    def monotonic(self) -> float:
        """The clock of `wait`'s timeout, in seconds."""
        ...


@dataclass(frozen=True)
class Settings:
    """How strictly certificate paths are taken and which quirks of the firmware are reproduced."""

    cert_rules: CertRules = "documented"
    quirks: frozenset[str] = frozenset()


def _timed_out(text: str) -> Exception:
    return TimeoutError(text)


@dataclass(frozen=True)
class Environment:
    """Everything `prepare` and `Connection` need besides the call's own arguments.

    ``error`` makes the exception for a board number or text, ``timeout_error`` the one for a read that timed out;
    ``host_errno`` translates the number of a host OSError to the board's. ``heap`` is the board's heap in bytes, which a
    certificate file has to fit into; None: no limit.
    """

    files: CertificateFiles
    settings: Settings = field(default_factory=Settings)
    note: NoteSink = ignore_note
    error: ErrorFactory = DeviceError
    timeout_error: Callable[[str], Exception] = _timed_out
    host_errno: Callable[[OSError], int] = board_errno
    heap: int | None = None

    def quirk(self, name: str) -> bool:
        """True where the firmware's quirk of that name is to be reproduced."""
        return name in self.settings.quirks
