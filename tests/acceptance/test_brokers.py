"""Clients over TLS and a real broker: one that is stopped and started again, one that asks for certificates."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator import Board
from tests.acceptance.conftest import NEVER
from tests.acceptance.mosquitto import MOSQUITTO, Mosquitto
from tests.emulator.conftest import load
from tests.ussl_shim.certs import Certificates

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

MAIN = """\
from umqtt.robust import MQTTClient

got = []
c = MQTTClient("board", "broker.test", 8883, ssl=True, ssl_params={"ca_certs": "/flash/cert/ca.pem", "cert_reqs": 2})
c.DELAY = 0.05
c.set_callback(lambda topic, message: got.append((topic, message)))
c.connect(False)
c.subscribe(b"t", 1)
print(c.check_msg())
c.publish(b"t", b"before")
c.wait_msg()
print(got)
c.wait_msg()
print(got)
c.publish(b"t", b"after")
c.wait_msg()
print(got)
c.disconnect()
"""


@pytest.fixture(scope="module")
def certs() -> Certificates:
    return Certificates()


AWS_MAIN = """\
import time
from MQTTLib import AWSIoTMQTTClient

got = []
client = AWSIoTMQTTClient("board")
client.configureEndpoint("aws.test", 8883)
client.configureCredentials("/flash/cert/ca.pem", "/flash/cert/key.pem", "/flash/cert/cert.pem")
client.configureConnectDisconnectTimeout(10)
client.configureMQTTOperationTimeout(5)
print(client.connect())
client.subscribe("t", 1, lambda client, data, message: got.append((message.topic, message.payload)))
client.publish("t", "hello", 1)
while not got:
    time.sleep_ms(10)
print(got)
client.disconnect()
print("end")
"""


@pytest.fixture
def mosquitto(tmp_path: Path, certs: Certificates) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path, certs)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def _printed(board: Board, text: str) -> Callable[[], bool]:
    """Listen to the console from now on; the result waits until it has shown ``text``."""
    shown = threading.Event()

    def look(_: str) -> None:
        if text in board.console.text:
            shown.set()

    board.console.listen(look)
    return lambda: shown.wait(NEVER)


@pytest.mark.from_checkout("umqtt")
def test_the_board_comes_back_after_a_restart_of_the_broker(
    checkout: Path, board: Board, mosquitto: Mosquitto, certs: Certificates
) -> None:
    """check_msg with nothing there is None; wait_msg lives through the restart and gets what was sent meanwhile."""
    files = {f"lib/umqtt/{name}.py": (checkout / f"{name}.py").read_bytes() for name in ("simple", "robust")}
    load(board, MAIN, {**files, "cert/ca.pem": certs["ca"].pem})
    board.map(f"broker.test:8883=127.0.0.1:{mosquitto.port}")
    before = _printed(board, "before')]\n")
    board.start()
    assert before(), board.console.text
    mosquitto.stop()
    mosquitto.start()
    mosquitto.publish(b"t", b"meanwhile")
    assert board.wait(NEVER), board.console.text
    got = [(b"t", word) for word in (b"before", b"meanwhile", b"after")]
    assert board.console.text == f"None\n{got[:1]}\n{got[:2]}\n{got}\n"


@pytest.mark.nightly  # the library waits five seconds, and then three before each packet
@pytest.mark.from_checkout("pycom-libraries")
def test_mutual_tls_with_the_aws_library(checkout: Path, board: Board, certs: Certificates, tmp_path: Path) -> None:
    """Wrapped before it connects, polled by a thread; connect is True, a message comes back, the broker sees the end."""
    library = checkout / "lib" / "mqtt_aws"
    files = {f"lib/{file.name}": file.read_bytes() for file in library.glob("*.py")}
    certificates = {"ca": certs["ca"].pem, "cert": certs["client"].pem, "key": certs["client"].key_pem}
    load(board, AWS_MAIN, {**files, **{f"cert/{name}.pem": data for name, data in certificates.items()}})
    mosquitto = Mosquitto(tmp_path, certs, mutual=True)
    mosquitto.start()
    try:
        board.map(f"aws.test:8883=127.0.0.1:{mosquitto.port}")
        result = board.run(timeout=NEVER, until="end\n")
    finally:
        board.stop()
        mosquitto.stop()
    assert "True\n" in result.text
    assert "[(b't', b'hello')]\n" in result.text, result.text
    assert "Client board disconnected." in mosquitto.log
