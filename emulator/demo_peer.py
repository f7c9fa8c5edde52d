"""The server on the other side of the demo: an ordinary TLS server that knows nothing of the emulator.

It uses the host's ``ssl`` directly, which product code leaves to ``ussl_shim``: a peer that shared our engine would prove little.
"""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from pathlib import Path

from emulator.certs import Leaf


class DemoPeer:
    """Answers each TLS client with a greeting. ``port`` is on 127.0.0.1; ``seen`` holds a line per connection."""

    def __init__(self, leaf: Leaf, greeting: bytes) -> None:
        self.seen: list[str] = []
        self._greeting = greeting
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory(prefix="pycom-demo-") as folder:  # the key lives for this run only
            path = Path(folder, "server.pem")
            path.touch(mode=0o600)
            path.write_bytes(leaf.key + leaf.chain)
            self._context.load_cert_chain(path)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="demo server", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            with raw:
                raw.settimeout(5)
                try:
                    with self._context.wrap_socket(raw, server_side=True) as tls:
                        asked = tls.recv(100)
                        tls.sendall(self._greeting)
                        cipher = tls.cipher()
                        suite = cipher[0] if cipher else "?"
                        self.seen.append(f"{tls.version()}, {suite}, client said {asked.decode('ascii', 'replace')!r}")
                except ssl.SSLError as error:
                    self.seen.append(
                        f"handshake refused by the client: {(error.reason or str(error)).lower().replace('_', ' ')}"
                    )
                except OSError as error:
                    self.seen.append(f"connection ended: {error}")

    def close(self) -> None:
        """Stop serving."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        except OSError:
            with socket.socket() as knock:  # some systems refuse that for a listener
                knock.settimeout(1)
                knock.connect_ex(("127.0.0.1", self.port))
        self._listener.close()
        self._thread.join(5)
