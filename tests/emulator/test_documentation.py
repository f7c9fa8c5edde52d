"""The examples of the documentation of ``ussl``, verbatim, from the command line against a TLS server of the standard library."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.emulator.commandline import ROOT, Running, run, running
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates

GOOGLE, BLYNK = "www.google.com:443", "cloud.blynk.cc:8441"
EXAMPLES = ROOT / "examples"

WAITING = """\
import os
import time
while 'ca.pem' not in os.listdir('/flash/cert'):
    time.sleep_ms(20)
"""


@pytest.fixture(scope="module")
def certs() -> Certificates:
    return Certificates()


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    """A folder to become /flash, with an empty cert/."""
    (tmp_path / "flash" / "cert").mkdir(parents=True)
    return tmp_path / "flash"


def map_to(name: str, peer: peers.Peer) -> str:
    return f"--map={name}={peer.address[0]}:{peer.address[1]}"


def test_plain(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer:
        ended = run("run", EXAMPLES / "plain.py", map_to(GOOGLE, peer), "--offline")
    assert (ended.status, ended.out) == (0, "")
    assert ended.err.startswith(f"note: {GOOGLE}: encrypted, but nobody checked who it is\n")
    assert [seen.version for seen in peer.connections] == ["TLSv1.2"]


def _curl(url: str, source: Path) -> None:
    subprocess.run(["curl", "--silent", "--show-error", "--fail", "-T", str(source), url], check=True, timeout=20)


@pytest.mark.needs("curl")
def test_verified_with_a_certificate_that_curl_uploads_while_the_script_waits(
    certs: Certificates, tmp_path: Path
) -> None:
    script = tmp_path / "main.py"
    script.write_text(WAITING + (EXAMPLES / "verified.py").read_text() + "print('connected')\n")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(certs["ca"].pem)
    with (
        peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer,
        running("run", script, map_to(BLYNK, peer), "--offline", "--ftp", "0", "--timeout", "20") as board,
    ):
        url = _ftp_url(board)
        _curl(f"{url}/cert/", ca)
        ended = board.finish()
    assert (ended.status, ended.out) == (0, "connected\n"), ended.err
    assert len(peer.connections) == 1


def _ftp_url(board: Running) -> str:
    return board.wait_for("err", "ftp: ").removeprefix("ftp: ")


def test_session(certs: Certificates) -> None:
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer:
        ended = run("run", EXAMPLES / "session.py", map_to(GOOGLE, peer), "--offline")
    assert (ended.status, ended.out) == (0, ""), ended.err
    assert [seen.resumed for seen in peer.connections] == [False, True]


def test_missing_certificate() -> None:
    ended = run("run", EXAMPLES / "verified.py", f"--map={BLYNK}=127.0.0.1:9", "--offline")
    assert ended.status == 1
    assert ended.out == (
        'Traceback (most recent call last):\n  File "main.py", line 5, in <module>\nOSError: CA file not found\n'
    )
    assert "/flash/cert/ca.pem" in ended.err


def test_wrong_certificate(certs: Certificates, flash: Path) -> None:
    (flash / "cert" / "ca.pem").write_bytes(certs["other-ca"].pem)
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer:
        ended = run("run", EXAMPLES / "verified.py", "--flash", flash, map_to(BLYNK, peer), "--offline")
    assert ended.status == 1
    assert ended.out == 'Traceback (most recent call last):\n  File "main.py", line 6, in <module>\nOSError: -9984\n'
    note = ended.err
    issuer = certs["ca"].name.rfc4514_string().removeprefix("CN=")
    assert issuer in note
    assert len(note.strip().splitlines()) <= 6


def test_certificate_in_the_wrong_folder(certs: Certificates, flash: Path, tmp_path: Path) -> None:
    (flash / "ca.pem").write_bytes(certs["ca"].pem)
    script = tmp_path / "main.py"
    script.write_text((EXAMPLES / "verified.py").read_text().replace("/flash/cert/ca.pem", "/flash/ca.pem"))
    with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer:
        ended = run("run", script, "--flash", flash, map_to(BLYNK, peer), "--offline")
    assert ended.status == 1
    assert ended.out.endswith("OSError: CA file not found\n")
    assert "/flash/cert" in ended.err
    assert not peer.connections


def test_silent_peer_ends_after_the_timeout(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(
        "import socket, ssl, time\ns = socket.socket()\nss = ssl.wrap_socket(s, timeout=1)\nt = time.ticks_ms()\n"
        "try:\n    ss.connect(socket.getaddrinfo('silent.test', 443)[0][-1])\nexcept OSError as e:\n"
        "    print(e.args[0], time.ticks_diff(time.ticks_ms(), t))\n"
    )
    with peers.raw_server(peers.silent) as peer:
        ended = run("run", script, map_to("silent.test:443", peer), "--offline")
    number, milliseconds = map(int, ended.out.split())
    assert number == -26624
    assert 1000 <= milliseconds < 2000


def test_endless_handling_of_errors_ends_at_the_time_limit(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("while True:\n    try:\n        1 / 0\n    except:\n        pass\n")
    begin = time.monotonic()
    assert run("run", script, "--timeout", "0.5").status == 124
    assert time.monotonic() - begin < 5
