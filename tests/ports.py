"""Ports for programs that take no 0."""

from __future__ import annotations

import contextlib
import secrets
import socket


def free_port() -> int:
    """A port below those that the host hands out, so that no connection of another program gets it meanwhile."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with contextlib.suppress(OSError), socket.create_server(("", port)):
            return port
