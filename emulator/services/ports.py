"""Ports of this machine for the board's services: on 127.0.0.1 unless asked otherwise, refusals in plain words."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct

from emulator.settings import EVERYWHERE, LOOPBACK


def near(host: str) -> str:
    """Return the address at which a program of this machine finds what listens on ``host``."""
    return LOOPBACK if host == EVERYWHERE else host


def bound(service: str, port: int, host: str = LOOPBACK) -> socket.socket:
    """Return a socket bound to the port (0: any free one) of an address of this machine, not listening yet.

    It is ours then, and refuses connections. Raises OSError in plain words that begin with ``service``.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if (
            os.name == "posix"
        ):  # else a closed port would be taken for a minute; elsewhere this lets two programs have it
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OverflowError as error:
        sock.close()
        raise OSError(
            errno.EINVAL, f"{service}: {port} is no port number; there are 1 to 65535, and 0 for any free"
        ) from error
    except OSError as error:
        sock.close()
        raise trouble(service, port, host, error) from error
    return sock


def listen(sock: socket.socket, service: str, backlog: int) -> None:
    """Listen, for :func:`accepted`; or close the socket and raise OSError in plain words."""
    host, port = sock.getsockname()
    try:
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise trouble(service, port, host, error) from error


def trouble(service: str, port: int, host: str, error: OSError) -> OSError:
    """Say in plain words why a port cannot be had."""
    if error.errno in (errno.EADDRNOTAVAIL, getattr(errno, "WSAEADDRNOTAVAIL", errno.EADDRNOTAVAIL)):
        return OSError(
            error.errno, f"{service}: {host} is no address of this machine; {EVERYWHERE} stands for all it has"
        )
    taken = error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE))
    reason = "is in use by another program" if taken else f"cannot be opened: {error.strerror}"
    return OSError(
        error.errno, f"{service}: port {port} on {host} {reason}; choose another port, or 0 for any free one"
    )


def accepted(listener: socket.socket) -> socket.socket | None:
    """Return the next client, which never makes anybody wait, None if it has gone again.

    Raises OSError when the host has no descriptor left for it.
    """
    try:
        client, _ = listener.accept()
    except BlockingIOError:
        return None
    client.setblocking(False)
    with contextlib.suppress(OSError):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def acknowledge(sock: socket.socket) -> None:
    """Acknowledge what has come at once, where the host can, so that the client does not hold back what it sends next."""
    if hasattr(socket, "TCP_QUICKACK"):
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def reset_at_close(sock: socket.socket) -> None:
    """Let closing send a reset, so that the client notices at once (the board's connections just fall silent)."""
    with contextlib.suppress(OSError):
        form = "hh" if os.name == "nt" else "ii"
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(form, 1, 0))


def close_politely(sock: socket.socket) -> None:
    """Close so that what was sent arrives, even where the client has sent more than was read."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        for _ in range(64):
            if not sock.recv(4096):
                break
    sock.close()
