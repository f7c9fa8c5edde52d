"""Peers that nobody here wrote: the OpenSSL and GnuTLS programs at either end, and a broker that wants certificates."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from emulator import Board
from flashfs.errors import DeviceError
from tests.emulator.conftest import load
from tests.ports import free_port
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device
from ussl_shim import Connection, Session

PATIENCE = 15.0
VERIFIED = {"cert_reqs": 2, "ca_certs": "ca.pem", "server_hostname": "device.test"}
OWN = {"certfile": "client.crt", "keyfile": "client.key"}
SERVER = {"server_side": True, "certfile": "good.crt", "keyfile": "good.key"}
openssl = pytest.mark.needs("openssl")
gnutls = pytest.mark.needs("gnutls-serv")
mosquitto = pytest.mark.needs("mosquitto")


class Program:
    """A running program whose output is watched line by line."""

    def __init__(self, *command: str) -> None:
        path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
        self.process = subprocess.Popen(
            [shutil.which(command[0], path=path) or command[0], *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.output = ""
        self._grown = threading.Condition()
        self._over = False
        self._reader = threading.Thread(target=self._read, name="program output", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._grown:
                self.output += line.decode("utf-8", "replace")
                self._grown.notify_all()
        with self._grown:
            self._over = True
            self._grown.notify_all()

    def await_text(self, pattern: str, *, times: int = 1) -> str:
        """Wait until ``pattern`` has been printed so often; the last match, or its group."""

        def found() -> list[str]:
            return re.findall(pattern, self.output)

        with self._grown:
            self._grown.wait_for(lambda: len(found()) >= times or self._over, PATIENCE)
            assert len(found()) >= times, f"{pattern!r} never came: {self.output}"
            return found()[-1]

    def say(self, text: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def ended(self) -> str:
        """Wait for its end; all its output."""
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return self.output

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()


@pytest.fixture(scope="module")
def folder(certs: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates and keys as the peers want them: ``NAME.pem`` and ``NAME.key``."""
    made = tmp_path_factory.mktemp("peers")
    for name in ("good", "p-256", "client", "client-other", "ca", "other-ca"):
        (made / f"{name}.pem").write_bytes(certs[name].chain_pem)
        (made / f"{name}.key").write_bytes(certs[name].key_pem)
    return made


@contextlib.contextmanager
def s_server(folder: Path, *options: str, own: str = "good") -> Iterator[tuple[Program, tuple[str, int]]]:
    """``openssl s_server`` that turns lines around (``-rev``) or tells about the connection (``-www``)."""
    certificate = ("-cert", str(folder / f"{own}.pem"), "-key", str(folder / f"{own}.key"))
    with Program("openssl", "s_server", "-accept", "127.0.0.1:0", *certificate, *options) as program:
        port = program.await_text(r"ACCEPT 127\.0\.0\.1:(\d+)")
        yield program, ("127.0.0.1", int(port))


@contextlib.contextmanager
def gnutls_serv(folder: Path, *options: str) -> Iterator[tuple[Program, tuple[str, int]]]:
    port = free_port()
    own = ("--x509certfile", str(folder / "good.pem"), "--x509keyfile", str(folder / "good.key"))
    with Program("gnutls-serv", "--echo", "-p", str(port), *own, *options) as program:
        program.await_text(r"listening on IPv4 .* port \d+\.\.\.done")
        yield program, ("127.0.0.1", port)


def connected(device: Device, address: tuple[str, int], **call: Any) -> Connection:
    return device.wrap_then_connect(address, **call)


def refused(device: Device, address: tuple[str, int], call: Mapping[str, Any]) -> int:
    with pytest.raises(DeviceError) as caught:
        connected(device, address, **call)
    assert device.notes
    number = caught.value.args[0]
    assert isinstance(number, int)
    return number


# OpenSSL as the server

ASKING = ("-Verify", "1", "-verify_return_error", "-CAfile")


@openssl
def test_openssl_server_that_wants_a_certificate(folder: Path, device: Device) -> None:
    with s_server(folder, "-rev", *ASKING, str(folder / "ca.pem")) as (server, address):
        conn = connected(device, address, **VERIFIED, **OWN)
        assert conn.write(b"hello\n") == 6
        assert conn.readline() == b"olleh\n"
        assert conn.version == "TLSv1.2"
        conn.close()
        server.await_text(r"Protocol version: TLSv1\.2")
        server.await_text(r"Peer certificate: CN = client\n")
        server.await_text(r"Verification: OK")


@openssl
@pytest.mark.parametrize(
    ("call", "number", "seen"),
    [
        ({}, -30592, "peer did not return a certificate"),
        ({"certfile": "client-other.crt", "keyfile": "client-other.key"}, -30592, "certificate verify failed"),
        ({"certfile": "client.crt", "keyfile": "client-mismatch.key"}, -30592, "bad signature"),
        (OWN | {"cert_reqs": 2, "ca_certs": "other-ca.pem"}, -9984, "alert unknown ca"),
        (OWN | VERIFIED | {"server_hostname": "wrong.test"}, -9984, "alert bad certificate"),
    ],
    ids=["no certificate", "certificate of another CA", "wrong key", "we do not know its CA", "wrong name"],
)
def test_openssl_server_refuses_or_is_refused(
    call: dict[str, Any], number: int, seen: str, folder: Path, device: Device
) -> None:
    with s_server(folder, "-rev", *ASKING, str(folder / "ca.pem")) as (server, address):
        assert refused(device, address, call) == number
        server.await_text(seen)


@openssl
@pytest.mark.parametrize(
    ("options", "own", "cipher"),
    [
        ((), "good", "ECDHE-RSA-AES256-GCM-SHA384"),
        (("-tls1_2", "-no_ticket"), "p-256", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        (("-cipher", "AES128-SHA256"), "good", "AES128-SHA256"),
        (("-cipher", "ECDHE-RSA-AES128-SHA", "-no_etm"), "good", "ECDHE-RSA-AES128-SHA"),
        (("-cipher", "DHE-RSA-AES256-GCM-SHA384"), "good", "DHE-RSA-AES256-GCM-SHA384"),
        (("-tls1", "-cipher", "DEFAULT:@SECLEVEL=0"), "good", "ECDHE-RSA-AES256-SHA"),
    ],
    ids=["default", "EC", "static RSA", "CBC and no encrypt-then-mac", "DHE", "TLS 1.0"],
)
def test_openssl_server_with_other_suites(
    options: tuple[str, ...], own: str, cipher: str, folder: Path, device: Device
) -> None:
    with s_server(folder, "-rev", *options, own=own) as (server, address):
        conn = connected(device, address, **VERIFIED)
        conn.write(b"abc\n")
        assert conn.readline() == b"cba\n"
        assert conn.cipher == cipher
        conn.close()
        server.await_text(f"Ciphersuite: {cipher}")


@openssl
@pytest.mark.parametrize(
    "options",
    [("-tls1_3",), ("-cipher", "CHACHA20"), ("-cipher", "CAMELLIA:@SECLEVEL=0", "-no_tls1_3")],
    ids=["TLS 1.3 only", "ChaCha20 only", "Camellia only"],
)
def test_openssl_server_with_nothing_in_common(options: tuple[str, ...], folder: Path, device: Device) -> None:
    with s_server(folder, "-rev", *options) as (_, address):
        assert refused(device, address, {}) == -30592


@openssl
@pytest.mark.parametrize("options", [(), ("-no_ticket",)], ids=["ticket", "session id"])
def test_openssl_server_sees_the_resumption(options: tuple[str, ...], folder: Path, device: Device) -> None:
    pages: list[str] = []
    session: Session | None = None
    with s_server(folder, "-www", "-tls1_2", *options) as (_, address):
        for _ in range(3):
            conn = connected(device, address, **VERIFIED, saved_session=session)
            conn.write(b"GET / HTTP/1.0\r\n\r\n")
            pages.append(conn.read().decode())
            session = conn.session()
            conn.close()
    assert [re.findall(r"^(New|Reused), TLSv1\.2", page, re.MULTILINE) for page in pages] == [
        ["New"],
        ["Reused"],
        ["Reused"],
    ]


# GnuTLS as the server


@gnutls
def test_gnutls_server_that_wants_a_certificate(folder: Path, device: Device) -> None:
    ask = ("--require-client-cert", "--verify-client-cert", "--x509cafile", str(folder / "ca.pem"))
    with gnutls_serv(folder, *ask) as (server, address):
        conn = connected(device, address, **VERIFIED, **OWN)
        conn.write(b"hello\n")
        assert conn.readline() == b"hello\n"
        session = conn.session()
        conn.close()
        server.await_text("Subject: CN=client")
        server.await_text("The certificate is trusted")
        again = connected(device, address, **VERIFIED, **OWN, saved_session=session)
        again.write(b"again\n")
        assert again.readline() == b"again\n"
        assert again.resumed
        again.close()
        server.await_text("This is a resumed session")


@gnutls
@pytest.mark.parametrize(
    ("call", "numbers"),
    [
        ({}, {-30592}),
        ({"certfile": "client-other.crt", "keyfile": "client-other.key"}, {-30592}),
        (OWN | {"cert_reqs": 2, "ca_certs": "other-ca.pem"}, {-9984}),
    ],
    ids=["no certificate", "certificate of another CA", "we do not know its CA"],
)
def test_gnutls_server_refuses_or_is_refused(
    call: dict[str, Any], numbers: set[int], folder: Path, device: Device
) -> None:
    ask = ("--require-client-cert", "--verify-client-cert", "--x509cafile", str(folder / "ca.pem"))
    with gnutls_serv(folder, *ask) as (server, address):
        assert refused(device, address, call) in numbers
        server.await_text("Error in handshake")


@gnutls
@pytest.mark.parametrize(
    ("priority", "cipher"),
    [
        ("NORMAL:-KX-ALL:+RSA:-VERS-ALL:+VERS-TLS1.2", "AES256-GCM-SHA384"),
        ("NORMAL:-KX-ALL:+DHE-RSA:-VERS-ALL:+VERS-TLS1.2", "DHE-RSA-AES256-GCM-SHA384"),
        ("NORMAL:-KX-ALL:+RSA:-CIPHER-ALL:+AES-128-CCM:-VERS-ALL:+VERS-TLS1.2", "AES128-CCM"),
        ("NORMAL:-CIPHER-ALL:+AES-256-CBC:-VERS-ALL:+VERS-TLS1.1:%COMPAT", "ECDHE-RSA-AES256-SHA"),
    ],
    ids=["static RSA", "DHE", "CCM", "TLS 1.1"],
)
def test_gnutls_server_with_other_suites(priority: str, cipher: str, folder: Path, device: Device) -> None:
    with gnutls_serv(folder, "--disable-client-cert", "--priority", priority) as (_, address):
        conn = connected(device, address, **VERIFIED)
        conn.write(b"abc\n")
        assert conn.readline() == b"abc\n"
        assert conn.cipher == cipher
        conn.close()


# The board as the server


@contextlib.contextmanager
def listening() -> Iterator[tuple[socket.socket, str, str]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        host, port = listener.getsockname()
        yield listener, host, str(port)


def hang_up(device: Device) -> None:
    """Let the peer see the end; the board closes nothing after a failed handshake."""
    device.__exit__()


def serve(device: Device, listener: socket.socket, **call: Any) -> Connection:
    accepted, _ = listener.accept()
    return device.wrap(device.adopt(accepted), **SERVER, **call)


CLIENTS = [
    pytest.param("openssl", marks=openssl),
    pytest.param("gnutls-cli", marks=[gnutls, pytest.mark.needs("gnutls-cli")]),
]


def client(kind: str, folder: Path, host: str, port: str, *, ca: str = "ca", own: str | None = None) -> Program:
    """A client that checks the board's certificate and its name, and hands its standard input on."""
    options: tuple[str, ...]
    if kind == "openssl":
        options = ("-verify_return_error", "-verify_hostname", "device.test", "-CAfile", str(folder / f"{ca}.pem"))
        mine = ("-cert", str(folder / f"{own}.pem"), "-key", str(folder / f"{own}.key")) if own else ()
        return Program("openssl", "s_client", "-connect", f"{host}:{port}", "-ign_eof", "-nocommands", *options, *mine)
    options = ("--x509cafile", str(folder / f"{ca}.pem"), "--verify-hostname", "device.test")
    mine = ("--x509certfile", str(folder / f"{own}.pem"), "--x509keyfile", str(folder / f"{own}.key")) if own else ()
    return Program("gnutls-cli", "-p", port, host, "--disable-sni", *options, *mine)


@pytest.mark.parametrize("asks", [False, True], ids=["any client", "client with a certificate"])
@pytest.mark.parametrize("kind", CLIENTS)
def test_board_as_server(kind: str, asks: bool, folder: Path, device: Device) -> None:
    call: dict[str, Any] = {"cert_reqs": 2, "ca_certs": "ca.pem"} if asks else {}
    with (
        listening() as (listener, host, port),
        client(kind, folder, host, port, own="client" if asks else None) as peer,
    ):
        conn = serve(device, listener, **call)
        peer.say(b"ping\n")
        assert conn.readline() == b"ping\n"
        conn.write(b"pong\n")
        peer.await_text("pong")
        assert conn.cipher == "ECDHE-RSA-AES256-GCM-SHA384"
        conn.close()
        hang_up(device)
        seen = peer.ended()
    assert ("Verify return code: 0 (ok)" if kind == "openssl" else "The certificate is trusted") in seen


@pytest.mark.parametrize(
    ("ca", "own", "call", "number", "seen"),
    [
        ("other-ca", None, {}, -30592, {"openssl": "unable to get local issuer", "gnutls-cli": "NOT trusted"}),
        (
            "ca",
            None,
            {"cert_reqs": 2, "ca_certs": "ca.pem"},
            -29824,
            {"openssl": "unexpected eof", "gnutls-cli": "non-properly terminated"},
        ),
        (
            "ca",
            "client-other",
            {"cert_reqs": 2, "ca_certs": "ca.pem"},
            -9984,
            {"openssl": "alert unknown ca", "gnutls-cli": "CA is unknown"},
        ),
    ],
    ids=["they do not trust us", "they have no certificate", "we do not trust them"],
)
@pytest.mark.parametrize("kind", CLIENTS)
def test_board_as_server_refuses_or_is_refused(
    kind: str,
    ca: str,
    own: str | None,
    call: dict[str, Any],
    number: int,
    seen: dict[str, str],
    folder: Path,
    device: Device,
) -> None:
    with listening() as (listener, host, port), client(kind, folder, host, port, ca=ca, own=own) as peer:
        with pytest.raises(DeviceError) as caught:
            serve(device, listener, **call)
        hang_up(device)
        assert seen[kind] in peer.ended()
    assert caught.value.args[0] == number


@openssl
def test_board_as_server_never_resumes(folder: Path, device: Device, tmp_path: Path) -> None:
    kept = str(tmp_path / "session.pem")
    shown = []
    with listening() as (listener, host, port):
        for option in ("-sess_out", "-sess_in"):
            with Program("openssl", "s_client", "-connect", f"{host}:{port}", "-ign_eof", option, kept) as peer:
                conn = serve(device, listener)
                peer.await_text("Verify return code")
                conn.close()
                hang_up(device)
                shown.append(re.findall(r"^(New|Reused), TLSv1\.2", peer.ended(), re.MULTILINE))
    assert shown == [["New"], ["New"]]


@openssl
@pytest.mark.parametrize(
    ("options", "number"),
    [(("-tls1_3",), -29568), (("-tls1_2", "-cipher", "CHACHA20"), -29568)],
    ids=["TLS 1.3 only", "ChaCha20 only"],
)
def test_board_as_server_with_nothing_in_common(options: tuple[str, ...], number: int, device: Device) -> None:
    with listening() as (listener, host, port):
        with Program("openssl", "s_client", "-connect", f"{host}:{port}", *options) as peer:
            with pytest.raises(DeviceError) as caught:
                serve(device, listener)
            hang_up(device)
            assert "alert" in peer.ended()
    assert caught.value.args[0] == number


# A broker that wants client certificates, and a whole board

MQTT = """
import socket, ssl
a = socket.getaddrinfo('device.test', 8883)[0][-1]
ss = ssl.wrap_socket(socket.socket(), {own}cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca.pem',
                     server_hostname='device.test')
try:
    ss.connect(a)
    ss.write(b'\\x10\\x10\\x00\\x04MQTT\\x04\\x02\\x00\\x3c\\x00\\x04wipy')
    print('connack', ss.read(4))
    ss.write(b'\\x82\\x08\\x00\\x01\\x00\\x03t/1\\x00')
    print('suback', ss.read(5))
    ss.write(b'\\x30\\x0a\\x00\\x03t/1hello')
    print('publish', ss.read(12))
    ss.write(b'\\xe0\\x00')
    ss.close()
except OSError as e:
    print('OSError', e.args[0])
"""


@contextlib.contextmanager
def broker(folder: Path, tmp_path: Path) -> Iterator[tuple[Program, int]]:
    port = free_port()
    settings = tmp_path / "mosquitto.conf"
    # started by root it would change to a user who cannot read these files
    user = "user root\n" if getattr(os, "geteuid", lambda: 1)() == 0 else ""
    settings.write_text(
        f"{user}listener {port} 127.0.0.1\nallow_anonymous true\nrequire_certificate true\nuse_identity_as_username true\n"
        f"cafile {folder}/ca.pem\ncertfile {folder}/good.pem\nkeyfile {folder}/good.key\nlog_type all\n"
    )
    with Program("mosquitto", "-c", str(settings)) as program:
        program.await_text("mosquitto version .* running")
        yield program, port


@mosquitto
@pytest.mark.parametrize(
    ("own", "shown", "logged"),
    [
        (
            "certfile='/flash/cert/client.crt', keyfile='/flash/cert/client.key', ",
            "connack b' \\x02\\x00\\x00'\nsuback b'\\x90\\x03\\x00\\x01\\x00'\npublish b'0\\n\\x00\\x03t/1hello'\n",
            r"as wipy \(p2, c1, k60, u'client'\)",
        ),
        ("", "OSError -30592\n", "peer did not return a certificate"),
        (
            "certfile='/flash/cert/client-other.crt', keyfile='/flash/cert/client-other.key', ",
            "OSError -30592\n",
            "certificate verify failed",
        ),
    ],
    ids=["taken", "no certificate", "certificate of another CA"],
)
def test_a_board_and_mosquitto(
    own: str, shown: str, logged: str, folder: Path, tmp_path: Path, certs: Certificates
) -> None:
    names = ("ca.pem", "client.crt", "client.key", "client-other.crt", "client-other.key")
    files = {f"cert/{name}": certs.files[name] for name in names}
    with (
        broker(folder, tmp_path) as (program, port),
        Board("wipy", maps=[f"device.test:8883=127.0.0.1:{port}"]) as board,
    ):
        load(board, MQTT.format(own=own), files)
        result = board.run(timeout=PATIENCE)
        assert result.text.endswith(shown), (result.text, program.output)
        assert result.exit_code == 0
        program.await_text(logged)
