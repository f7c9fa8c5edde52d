"""A real broker: mosquitto, with TLS."""

from __future__ import annotations

import shutil
import socket
import ssl
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.emulator.conftest import NEVER
from tests.ussl_shim.certs import Certificates

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


class Mosquitto:
    """A broker with TLS that keeps its sessions in files; ``start`` and ``stop`` any number of times, on one port.

    With ``mutual`` it takes only clients with a certificate. ``log``: what it said until it was stopped.
    """

    def __init__(self, folder: Path, certs: Certificates, *, mutual: bool = False) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        self.context = ssl.create_default_context(cadata=certs["ca"].pem.decode())
        self.context.check_hostname = False
        # the tests' certificates are as plain as the board takes them; CPython from 3.13 on asks for more
        self.context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        (folder / "certificate").write_bytes(certs["good"].pem)
        (folder / "key").write_bytes(certs["good"].key_pem)
        self.settings = folder / "mosquitto.conf"
        lines = [
            *(f"listener {self.port} 127.0.0.1", "allow_anonymous true", "user root"),
            *(f"certfile {folder / 'certificate'}", f"keyfile {folder / 'key'}"),
            *("persistence true", f"persistence_location {folder}/"),
        ]
        if mutual:
            (folder / "ca").write_bytes(certs["ca"].pem)
            lines += [f"cafile {folder / 'ca'}", "require_certificate true"]
        self.settings.write_text("\n".join(lines) + "\n")
        self.process: subprocess.Popen[bytes] | None = None
        self.log = ""

    def start(self) -> None:
        """Return when it takes connections."""
        assert MOSQUITTO
        command = [MOSQUITTO, "-v", "-c", str(self.settings)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert self.process.stderr
        seen = b""
        while b" running" not in seen:
            line = self.process.stderr.readline()
            assert line, seen.decode()
            seen += line

    def stop(self) -> None:
        """Save the sessions and end."""
        if self.process is not None:
            self.process.terminate()
            self.log += self.process.communicate(timeout=NEVER)[1].decode()
            self.process = None

    def publish(self, topic: bytes, message: bytes) -> None:
        """Send one message, to be delivered at least once."""
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=NEVER)
        with self.context.wrap_socket(raw) as conn:
            conn.sendall(b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04host")
            assert conn.recv(4) == b"\x20\x02\0\0"
            body = struct.pack("!H", len(topic)) + topic + b"\0\1" + message
            conn.sendall(b"\x32" + bytes([len(body)]) + body)
            assert conn.recv(4) == b"\x40\x02\0\1"
            with suppress(OSError):
                conn.sendall(b"\xe0\0")
