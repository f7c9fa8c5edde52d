"""``demo``: the whole story on this machine alone, printed step by step."""

from __future__ import annotations

import argparse
import ftplib
import io
import sys
import threading

from emulator.board import Board, Result
from emulator.certs import Authority
from emulator.cli import UsageError
from emulator.demo_peer import DemoPeer
from emulator.project import Project

NAME, PORT = "cloud.blynk.cc", 8441

EXAMPLE = """\
import socket
import ssl
s = socket.socket()
ss = ssl.wrap_socket(s, cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca.pem')
ss.connect(socket.getaddrinfo('cloud.blynk.cc', 8441)[0][-1])
"""
"""The second example of the documentation of ``ussl``, word for word."""

SCRIPT = f"""\
import os
import time
while 'ca.pem' not in os.listdir('/flash/cert'):
    time.sleep_ms(20)

{EXAMPLE}
ss.send('hello from the board')
print(ss.recv(100).decode())
ss.close()
"""

DEMOS = ("tls",)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``demo``."""
    parser.add_argument(
        "name", nargs="?", default="tls", metavar="NAME", help=f"which one: {', '.join(DEMOS)} (default: tls)"
    )


def execute(options: argparse.Namespace) -> int:
    """Show the demo; 0 if everything went as it should."""
    if options.name not in DEMOS:
        raise UsageError(f"no demo {options.name!r}; there is: {', '.join(DEMOS)}")
    return tls()


def tls() -> int:
    """A certificate uploaded by FTP, a verified connection, and the same with the wrong certificate."""
    say = _Story()
    say.title("A Pycom board, its certificates and a TLS server, all on this machine")

    say.step("A certificate authority and a server that it vouches for")
    authority, stranger = Authority("Demo CA"), Authority("Another CA")
    peer = DemoPeer(authority.issue(NAME), b"hello from the server")
    try:
        say.line(f"The server for {NAME}:{PORT} listens on 127.0.0.1:{peer.port}.")
        good = _round(say, peer, authority, ask=True)
        say.step("The same board, the wrong certificate")
        bad = _round(say, peer, stranger, ask=False)
    finally:
        peer.close()
    as_it_should = good.exit_code == 0 and "hello from the server" in good.text and "OSError: -9984" in bad.text
    say.end("Try it with your own script:  pycom-emulator run main.py --ftp 0")
    return 0 if as_it_should else 1


def _round(say: _Story, peer: DemoPeer, authority: Authority, *, ask: bool) -> Result:
    with Board("fipy", maps=[f"{NAME}:{PORT}=127.0.0.1:{peer.port}"], offline=True) as board:
        board.load_project(Project({"/main.py": SCRIPT.encode()}))
        url = board.servers.open_ftp()
        if ask:
            say.step(
                "A FiPy is switched on. Its main.py waits for the certificate, then does what the documentation shows"
            )
            for line in EXAMPLE.splitlines():
                say.code(line)
            say.step("The certificate is uploaded to the board's FTP server, as curl would do it")
            say.line(f"curl -T ca.pem {url}/cert/")
        uploader = threading.Thread(target=_upload, args=(url, authority.pem), name="upload")
        uploader.start()
        before = len(peer.seen)
        result = board.run(timeout=10)
        uploader.join()
    if ask:
        say.step("The console of the board")
    for line in result.text.splitlines():
        say.code(line)
    for note in result.notes:
        if note.code.startswith("tls") or not ask:
            say.note(str(note))
    for line in peer.seen[before:]:
        say.line(f"The server saw: {line}.")
    say.line(f"The script ended with status {result.exit_code}{'' if ask else ', as it would fail on the board'}.")
    return result


def _upload(url: str, pem: bytes) -> None:
    port = int(url.split(":")[3].split("/")[0])
    with ftplib.FTP(timeout=10) as ftp:
        ftp.connect("127.0.0.1", port)
        ftp.login("micro", "python")
        ftp.cwd("/flash/cert")
        ftp.storbinary("STOR ca.pem", io.BytesIO(pem))


class _Story:
    """Plain lines; bold headings where a terminal shows them."""

    def __init__(self) -> None:
        self._bold = ("\x1b[1m", "\x1b[0m") if sys.stdout is not None and sys.stdout.isatty() else ("", "")
        self._number = 0

    def title(self, text: str) -> None:
        print(f"{text}\n{'=' * len(text)}")

    def step(self, text: str) -> None:
        self._number += 1
        on, off = self._bold
        print(f"\n{on}{self._number}. {text}{off}", flush=True)

    def line(self, text: str) -> None:
        print(f"   {text}", flush=True)

    def code(self, text: str) -> None:
        print(f"   | {text}".rstrip(), flush=True)

    def note(self, text: str) -> None:
        for line in text.splitlines():
            print(f"   {line}", flush=True)

    def end(self, text: str) -> None:
        print(f"\n{text}")
