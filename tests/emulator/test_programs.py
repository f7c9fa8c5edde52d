"""Whole programs of the shape that device projects have, against real peers of this machine."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import struct
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from emulator import Board
from emulator.notes import Note
from tests.emulator.conftest import NEVER, load
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates


@pytest.fixture(scope="module")
def certs() -> Certificates:
    return Certificates()


# -- MQTT ------------------------------------------------------------------------------------------------------------


@dataclass
class Broker:
    """Takes one client: answers CONNECT and SUBSCRIBE, gives every PUBLISH back to its sender."""

    port: int = 0
    client: str = ""
    published: list[tuple[str, bytes]] = field(default_factory=list)

    def serve(self, conn: socket.socket) -> None:
        stream = conn.makefile("rb")
        while head := stream.read(1):
            size, shift = 0, 0
            while True:
                part = stream.read(1)[0]
                size |= (part & 127) << shift
                shift += 7
                if not part & 128:
                    break
            body = stream.read(size)
            kind = head[0] >> 4
            if kind == 1:
                (length,) = struct.unpack_from("!H", body, 10)
                self.client = body[12 : 12 + length].decode()
                conn.sendall(b"\x20\x02\0\0")
            elif kind == 3:
                (length,) = struct.unpack_from("!H", body)
                self.published.append((body[2 : 2 + length].decode(), body[2 + length :]))
                conn.sendall(head + bytes([size]) + body)
            elif kind == 8:
                conn.sendall(b"\x90\x03" + body[:2] + b"\0")
            elif kind == 14:
                return


@contextmanager
def broker() -> Iterator[Broker]:
    """A broker on 127.0.0.1, for one client."""
    made = Broker()
    failures: list[BaseException] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(NEVER)
        made.port = server.getsockname()[1]

        def serve() -> None:
            try:
                conn, _ = server.accept()
                # a board whose power goes resets its connections
                with conn, suppress(ConnectionResetError):
                    conn.settimeout(NEVER)
                    made.serve(conn)
            except BaseException as error:  # noqa: BLE001  shown by the test
                failures.append(error)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield made
        finally:
            thread.join(NEVER)
    assert not failures, failures


MQTT_LIBRARY = """\
import usocket as socket
import ustruct as struct


class Client:
    def __init__(self, name, host, port=1883):
        self.name, self.place = name, (host, port)

    def text(self, s):
        self.sock.write(struct.pack("!H", len(s)))
        self.sock.write(s)

    def connect(self):
        self.sock = socket.socket()
        self.sock.connect(socket.getaddrinfo(*self.place)[0][-1])
        packet = bytearray(b"\\x10\\0\\0\\x04MQTT\\x04\\x02\\0\\0")
        packet[1] = len(packet) + len(self.name)
        self.sock.write(packet[:2])
        self.sock.write(packet[2:], 10)
        self.text(self.name)
        answer = self.sock.read(4)
        assert answer[:2] == b"\\x20\\x02", answer
        return answer[3]

    def subscribe(self, topic):
        self.sock.write(b"\\x82" + bytes([5 + len(topic)]) + b"\\0\\x01")
        self.text(topic)
        self.sock.write(b"\\0")
        assert self.sock.read(5) == b"\\x90\\x03\\0\\x01\\0"

    def publish(self, topic, message):
        self.sock.write(b"\\x30" + bytes([2 + len(topic) + len(message)]))
        self.text(topic)
        self.sock.write(message)

    def wait(self):
        head = self.sock.read(1)
        self.sock.setblocking(True)
        if head is None:
            return None
        size = self.sock.read(1)[0]
        body = self.sock.read(size)
        n = struct.unpack("!H", body)[0]
        return body[2 : 2 + n], body[2 + n :]

    def check(self):
        self.sock.setblocking(False)
        return self.wait()

    def disconnect(self):
        self.sock.write(b"\\xe0\\0")
        self.sock.close()
"""

MQTT_MAIN = """\
from network import WLAN
import machine
from mqtt_small import Client

wlan = WLAN(mode=WLAN.STA)
wlan.antenna(WLAN.EXT_ANT)
wlan.connect("home", auth=(WLAN.WPA2, "secret"), timeout=5000)
while not wlan.isconnected():
    machine.idle()
client = Client("board", "broker.test")
print("connect", client.connect())
client.subscribe("lights")
print("check", client.check())
client.publish("lights", "ON")
print("wait", client.wait())
client.publish("lights", b"OFF")
found = None
while found is None:
    found = client.check()
print("found", found)
print("check", client.check())
client.disconnect()
"""


def test_mqtt_with_a_check_that_does_not_wait(board: Board) -> None:
    load(board, MQTT_MAIN, {"lib/mqtt_small.py": MQTT_LIBRARY})
    with broker() as peer:
        board.map(f"broker.test:1883=127.0.0.1:{peer.port}")
        result = board.run(timeout=NEVER)
        board.close()
    assert result.text == ("connect 0\ncheck None\nwait (b'lights', b'ON')\nfound (b'lights', b'OFF')\ncheck None\n")
    assert result.exit_code == 0
    assert peer.client == "board"
    assert peer.published == [("lights", b"ON"), ("lights", b"OFF")]


# -- HTTPS -------------------------------------------------------------------------------------------------------------

HTTPS_MAIN = """\
import socket
import ssl

PEERS = {'plain': {}, 'checked': dict(cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca.pem')}
for name in ('plain', 'checked'):
    s = socket.socket()
    ss = ssl.wrap_socket(s, **PEERS[name])
    try:
        ss.connect(socket.getaddrinfo('web.test', 443)[0][-1])
        ss.send(b'GET / HTTP/1.0\\r\\n\\r\\n')
        print(name, ss.read())
    except OSError as e:
        print(name, 'OSError', e)
    ss.close()
"""
PAGE = b"HTTP/1.0 200 OK\r\n\r\nhello"


def _page(conn: ssl.SSLSocket, seen: peers.Seen, peer: peers.Peer) -> None:
    seen.data += conn.recv(4096)
    peers.say(PAGE, goodbye=True)(conn, seen, peer)


@pytest.mark.parametrize(("ca", "checked"), [("ca", repr(PAGE)), ("other-ca", "OSError -9984")])
def test_https_with_and_without_a_certificate_authority(
    board: Board, certs: Certificates, ca: str, checked: str
) -> None:
    load(board, HTTPS_MAIN, {"cert/ca.pem": certs[ca].pem})
    with peers.tls_server(peers.server_context(certs["good"]), _page) as peer:
        board.map(f"web.test:443={peer.address[0]}:{peer.address[1]}")
        result = board.run(timeout=NEVER)
    assert result.text == f"plain {PAGE!r}\nchecked {checked}\n"


# -- threads -------------------------------------------------------------------------------------------------------------


def test_threads_go_on_when_main_has_ended(board: Board) -> None:
    script = """\
import _thread
import time

def work(number):
    count = 0
    while True:
        time.sleep_ms(20 * (number + 1))
        count += 1
        print('thread %d: %d' % (number, count))

for i in range(2):
    _thread.start_new_thread(work, (i,))
print('main ends')
"""
    load(board, script)
    result = board.run(timeout=NEVER, until="thread 1: 3")
    assert result.exit_code == 0
    assert result.text.startswith("main ends\n")
    assert "thread 0: 3" in result.text


# -- an update over the air ------------------------------------------------------------------------------------------------

UPDATE_MAIN = """\
import binascii, hashlib, json, machine, os, socket

VERSION = 1

def get(path, name=None):
    s = socket.socket()
    s.connect(socket.getaddrinfo('updates.test', 8000)[0][-1])
    s.sendall(bytes('GET /{} HTTP/1.0\\r\\nHost: updates.test\\r\\n\\r\\n'.format(path), 'utf8'))
    digest = hashlib.sha1()
    out = open(name, 'wb') if name else None
    body = bytearray()
    while s.readline() != b'\\r\\n':
        pass
    while True:
        part = s.recv(100)
        if not part:
            break
        digest.update(part)
        if out:
            out.write(part)
        else:
            body.extend(part)
    s.close()
    if out:
        out.close()
    return bytes(body), binascii.hexlify(digest.digest()).decode()

manifest = json.loads(get('manifest.json?current=%d' % VERSION)[0].decode())
if manifest is None:
    print('nothing new')
else:
    for entry in manifest['update']:
        path = entry['path']
        if get(entry['url'], path + '.new')[1] != entry['hash']:
            raise Exception('wrong hash of ' + path)
        try:
            os.remove(path + '.bak')
        except OSError:
            pass
        os.rename(path, path + '.bak')
        os.rename(path + '.new', path)
    print('restart')
    machine.reset()
"""
NEW_MAIN = b"import os\nprint('version 2', sorted(n for n in os.listdir('/flash') if 'main' in n))\n" + b"#" * 1000


class _Updates(BaseHTTPRequestHandler):
    """Serves a manifest and the new main.py; ``digest`` is what the manifest says about it."""

    digest: ClassVar[str]

    def do_GET(self) -> None:
        entry = {"path": "/flash/main.py", "url": "2/main.py", "hash": self.digest}
        body = json.dumps({"update": [entry]}).encode() if self.path.startswith("/manifest") else NEW_MAIN
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that the base class gives it
        """Say nothing."""


@contextmanager
def updates(digest: str) -> Iterator[int]:
    """An update server on 127.0.0.1; its port."""
    handler = type("Updates", (_Updates,), {"digest": digest})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(NEVER)


def test_an_update_replaces_the_script_and_restarts(board: Board) -> None:
    load(board, UPDATE_MAIN)
    with updates(hashlib.sha1(NEW_MAIN).hexdigest()) as port:
        board.map(f"updates.test:8000=127.0.0.1:{port}")
        result = board.run(timeout=NEVER, until="version 2 ['main.py', 'main.py.bak']")
    assert result.exit_code == 0, result.text
    assert result.text.startswith("restart\n")
    assert (board.flash / "main.py").read_bytes() == NEW_MAIN
    assert (board.flash / "main.py.bak").read_bytes() == UPDATE_MAIN.encode()


def test_an_update_that_does_not_match_its_hash_leaves_the_script(board: Board) -> None:
    load(board, UPDATE_MAIN)
    with updates("0" * 40) as port:
        board.map(f"updates.test:8000=127.0.0.1:{port}")
        result = board.run(timeout=NEVER)
    assert result.text.endswith("Exception: wrong hash of /flash/main.py\n")
    assert (board.flash / "main.py").read_bytes() == UPDATE_MAIN.encode()


# -- what survives a run -----------------------------------------------------------------------------------------------------


def test_a_counter_in_nvs_goes_on_in_the_next_run(tmp_path: Path) -> None:
    script = """\
import pycom
try:
    count = pycom.nvs_get('run_counter_15c') + 1
except ValueError as e:
    print(e)
    count = 0
pycom.nvs_set('run_counter_15c', count)
print(count)
"""
    texts = []
    for _ in range(2):
        with Board("lopy4", state=tmp_path / "state") as board:
            load(board, script)
            texts.append(board.run(timeout=NEVER).text)
    assert texts == ["No matching object for the provided key\n0\n", "1\n"]


# -- a server on the board ---------------------------------------------------------------------------------------------------

SERVER_MAIN = """\
import socket

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(socket.getaddrinfo('192.168.4.1', 80)[0][4])
s.listen(5)
count = 0
while True:
    client, address = s.accept()
    request = client.recv(4096).decode('ascii')
    client.send(bytes('HTTP/1.0 200 OK\\r\\n\\r\\nHello #{}'.format(count), 'ascii'))
    client.close()
    count += 1
    if request.split(' ')[1] == '/exit':
        break
print('served', count)
"""


def _await_note(board: Board, code: str) -> Callable[[], bool]:
    """Listen for a note of this code from now on; the result waits until it has come."""
    came = threading.Event()

    def look(note: Note) -> None:
        if note.code == code:
            came.set()

    board.notes.listen(look)
    return lambda: came.wait(NEVER)


def test_a_web_server_on_the_board_is_reached_from_the_host(board: Board) -> None:
    load(board, SERVER_MAIN)
    board.publish("0:80")
    listening = _await_note(board, "listening")
    board.start()
    assert listening()
    place = board.hostmap.where(80)
    assert place is not None
    answers = []
    for path in ("/", "/other", "/exit"):
        with urllib.request.urlopen(f"http://{place[0]}:{place[1]}{path}", timeout=NEVER) as answer:
            answers.append(answer.read())
    assert board.wait(NEVER)
    assert answers == [b"Hello #0", b"Hello #1", b"Hello #2"]
    assert board.console.text == "served 3\n"
