"""What each program must do is described beside it; the programs themselves are never part of this repository."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import threading
from pathlib import Path

import pytest

from emulator import Board, Result
from tests.acceptance.conftest import NEVER
from tests.emulator.conftest import load
from tests.emulator.test_programs import _await_note, broker
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates


@pytest.fixture(scope="module")
def certs() -> Certificates:
    return Certificates()


PAGE = b"HTTP/1.0 200 OK\r\n\r\nhello"


def _page(conn: ssl.SSLSocket, seen: peers.Seen, peer: peers.Peer) -> None:
    while b"\r\n\r\n" not in seen.data:
        seen.data += conn.recv(4096)
    peers.say(PAGE, goodbye=True)(conn, seen, peer)


def ended(result: Result) -> str:
    """The last line of the console."""
    return result.text.rstrip().rpartition("\n")[2]


# -- TLS -----------------------------------------------------------------------------------------------------------------


@pytest.mark.from_checkout("pycom-micropython-sigfox")
def test_client_over_tls(checkout: Path, board: Board, certs: Certificates) -> None:
    """TLS without verification; prints the socket and the response."""
    board.load(checkout / "examples/network/http_client_ssl.py")
    with peers.tls_server(peers.server_context(certs["good"]), _page) as peer:
        board.map(f"google.com:443={peer.address[0]}:{peer.address[1]}")
        result = board.run(timeout=NEVER)
    assert result.exit_code == 0, result.text
    assert "\n<ussl>\n" in result.text
    assert ended(result) == repr(PAGE)
    assert peer.connections[0].data == b"GET / HTTP/1.0\r\n\r\n"
    assert [note.code for note in result.notes if note.code == "ussl-unverified"], [note.code for note in result.notes]


@pytest.mark.from_checkout("pycom-micropython-sigfox")
def test_server_without_key_and_certificate(checkout: Path, board: Board) -> None:
    """ValueError at the first client: a server needs both."""
    board.load(checkout / "examples/network/http_server_ssl.py")
    board.publish("0:8443")
    listening = _await_note(board, "listening")
    board.start()
    assert listening()
    place = board.hostmap.where(8443)
    assert place is not None
    with socket.create_connection(place, timeout=NEVER):
        assert board.wait(NEVER)
    assert "ValueError: " in board.console.text, board.console.text


HTTPS = "examples/https"


@pytest.mark.from_checkout("pycom-libraries")
def test_https_as_shipped_calls_a_module(checkout: Path, board: Board) -> None:
    board.load(checkout / HTTPS)
    result = board.run(timeout=NEVER)
    assert result.exit_code == 1
    assert ended(result) == "TypeError: 'module' object isn't callable"


@pytest.mark.from_checkout("pycom-libraries")
@pytest.mark.parametrize(
    ("ca", "outcome"), [("ca", None), ("other-ca", "OSError: -9984"), (None, "OSError: CA file not found")]
)
def test_https_corrected(
    checkout: Path, board: Board, certs: Certificates, tmp_path: Path, ca: str | None, outcome: str | None
) -> None:
    """First session unverified, the second against /flash/cert/ca.pem."""
    project = tmp_path / "project"
    shutil.copytree(checkout / HTTPS, project)
    main = project / "main.py"
    main.write_text(main.read_text().replace("s = socket()\n", "s = socket.socket()\n"))
    if ca is not None:
        (project / "cert").mkdir()
        (project / "cert" / "ca.pem").write_bytes(certs[ca].pem)
    board.load(project)
    with peers.tls_server(peers.server_context(certs["good"]), peers.drain) as peer:
        for name in ("www.google.com:443", "cloud.blynk.cc:8441"):
            board.map(f"{name}={peer.address[0]}:{peer.address[1]}")
        result = board.run(timeout=NEVER)
    if outcome is None:
        assert result.exit_code == 0, result.text
        assert [seen.error for seen in peer.connections] == [None, None]
    else:
        assert ended(result).startswith(outcome), result.text


# -- MQTT ----------------------------------------------------------------------------------------------------------------


@pytest.mark.from_checkout("pycom-libraries")
def test_mqtt(checkout: Path, board: Board) -> None:
    """The broker receives ON and OFF, one a second."""
    board.load(checkout / "examples/mqtt")
    with broker() as made:
        board.map(f"broker.hivemq.com:1883=127.0.0.1:{made.port}")
        result = board.run(timeout=NEVER, until="Sending OFF\nSending ON\n")
    assert result.exit_code == 0, result.text
    assert made.client == "demo"
    assert made.published[:2] == [("/lights", b"ON"), ("/lights", b"OFF")]


# -- threads -------------------------------------------------------------------------------------------------------------


@pytest.mark.from_checkout("pycom-libraries")
def test_threads(checkout: Path, board: Board) -> None:
    """Both threads' lines appear at their own rates although main.py has ended."""
    board.load(checkout / "examples/threading")
    enough = lambda text: text.count("Running thread 1") == 2  # noqa: E731
    result = board.run(timeout=NEVER, until=enough)
    assert result.exit_code == 0, result.text
    assert 3 <= result.text.count("Running thread 0\n") <= 4, result.text


# -- plain HTTP ----------------------------------------------------------------------------------------------------------


@pytest.mark.from_checkout("pycom-examples")
def test_web_server(checkout: Path, board: Board) -> None:
    """Counts up in the response and ends by itself at /exit."""
    board.load(checkout / "httpd.py")
    board.publish("0:80")
    listening = _await_note(board, "listening")
    board.start()
    assert listening()
    place = board.hostmap.where(80)
    assert place is not None
    for number, path in enumerate(("/", "/a", "/exit")):
        with socket.create_connection(place, timeout=NEVER) as conn:
            conn.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            answer = conn.makefile("rb").read()
        assert f"Hello #{number} from MicroPython!".encode() in answer
    assert board.wait(NEVER), board.console.text
    assert "Traceback" not in board.console.text


@pytest.mark.from_checkout("pycom-examples")
def test_counter_in_nvs_over_two_runs(checkout: Path, stateful: Path) -> None:
    """The second request carries a counter higher by one."""
    counters = []
    for _ in range(2):
        came = threading.Event()

        def request(conn: socket.socket, seen: peers.Seen, peer: peers.Peer, came: threading.Event = came) -> None:
            seen.data = conn.recv(4096)
            came.set()

        with peers.raw_server(request) as peer, Board(state=stateful) as board:
            board.load(checkout / "http_get_webhook.py")
            board.map(f"webhook.site:80={peer.address[0]}:{peer.address[1]}")
            result = board.run(timeout=NEVER)
            assert result.exit_code == 0, result.text
            assert came.wait(NEVER), "the script does not wait for an answer, so it may end before its request is read"
        found = re.search(rb"data=(\d+)&ct=(\d+) HTTP/1.0", peer.connections[0].data)
        assert found, peer.connections
        counters.append(int(found[2]))
    assert counters[1] == counters[0] + 1


@pytest.mark.from_checkout("pycom-examples")
def test_nvs_key(checkout: Path, stateful: Path, tmp_path: Path) -> None:
    """First run: no such key, by exception; second run: the value plus one. The key as shipped has 16 characters: too long."""
    with Board() as board:
        board.load(checkout / "nvram.py")
        result = board.run(timeout=NEVER)
    assert ended(result) == "ValueError: Key is too long"

    shortened = tmp_path / "nvram.py"
    shortened.write_text((checkout / "nvram.py").read_text().replace("nvram6789abcdefs", "nvram6789abcdef"))
    texts = []
    for _ in range(2):
        with Board(state=stateful) as board:
            board.load(shortened)
            texts.append(board.run(timeout=NEVER).text.splitlines())
    assert texts[0] == [
        "Couldn't read nvram6789abcdef No matching object for the provided key",
        *("set nvram6789abcdef 42", "get nvram6789abcdef 42", "OK"),
    ]
    assert texts[1] == [
        f"{word} nvram6789abcdef {number}" for word, number in (("get", 42), ("set", 43), ("get", 43))
    ] + ["OK"]


# -- packages ------------------------------------------------------------------------------------------------------------

UMQTT_MAIN = """\
from umqtt.robust import MQTTClient

got = []
c = MQTTClient("board", "broker.test", 8883, ssl=True, ssl_params={"ca_certs": "/flash/cert/ca.pem", "cert_reqs": 2})
c.set_callback(lambda topic, message: got.append((topic, message)))
c.connect()
c.subscribe(b"t")
c.publish(b"t", b"hello")
c.wait_msg()
print(got)
c.disconnect()
"""


@pytest.mark.from_checkout("umqtt")
def test_umqtt_over_tls(checkout: Path, board: Board, certs: Certificates) -> None:
    """connect, then wrap with **ssl_params; publish and subscribe."""
    files = {f"lib/umqtt/{name}.py": (checkout / f"{name}.py").read_bytes() for name in ("simple", "robust")}
    load(board, UMQTT_MAIN, {**files, "cert/ca.pem": certs["ca"].pem})

    def serve(conn: ssl.SSLSocket, seen: peers.Seen, peer: peers.Peer) -> None:
        from tests.emulator.test_programs import Broker

        Broker().serve(conn)

    with peers.tls_server(peers.server_context(certs["good"]), serve) as peer:
        board.map(f"broker.test:8883={peer.address[0]}:{peer.address[1]}")
        result = board.run(timeout=NEVER)
    assert (result.text, result.exit_code) == ("[(b't', b'hello')]\n", 0)


@pytest.mark.from_checkout("urequests")
def test_urequests_over_tls(checkout: Path, board: Board, certs: Certificates) -> None:
    """GET returns the body."""
    main = 'import urequests\nr = urequests.get("https://web.test/x")\nprint(r.status_code, r.text)\nr.close()\n'
    load(board, main, {"lib/urequests.py": (checkout / "__init__.py").read_bytes()})
    with peers.tls_server(peers.server_context(certs["good"]), _page) as peer:
        board.map(f"web.test:443={peer.address[0]}:{peer.address[1]}")
        result = board.run(timeout=NEVER)
        assert (result.text, result.exit_code) == ("200 hello\n", 0)
