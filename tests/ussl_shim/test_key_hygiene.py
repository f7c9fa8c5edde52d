"""Private keys stay in memory: never plain on a disk, in a note, in a traceback or in a `repr`."""

from __future__ import annotations

import base64
import contextlib
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from emulator import Board
from tests.emulator.conftest import load
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates, key_bytes
from tests.ussl_shim.device import Device, named
from ussl_shim import certfiles, engine, plan, prepare, x509

PAIRS = {"rsa": ("client.crt", "client.key"), "ec": ("client-ec.crt", "client-ec.key")}


def numbers_of(key: Any) -> list[bytes]:
    """The secret numbers of a key, as bytes, in hexadecimal and in decimal."""
    numbers = key.private_numbers()
    parts = [numbers.d, numbers.p, numbers.q] if isinstance(key, rsa.RSAPrivateKey) else [numbers.private_value]
    found = [part.to_bytes((part.bit_length() + 7) // 8, "big") for part in parts]
    return found + [part.hex().encode() for part in found] + [str(part).encode() for part in parts]


def secrets_of(key: Any) -> list[bytes]:
    """What must not be seen of a key: its secret numbers, its encodings and their base64 lines."""
    found = numbers_of(key)
    for form in (serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL):
        der = key_bytes(key, form, encoding=serialization.Encoding.DER)
        found += [der, repr(der)[2:-1].encode(), base64.b64encode(der)]
        found += [line for line in key_bytes(key, form).splitlines() if len(line) > 40 and b"-----" not in line]
    return found


def assert_hidden(key: Any, shown: bytes | str) -> None:
    data = shown.encode("utf-8", "replace") if isinstance(shown, str) else shown
    for secret in secrets_of(key):
        assert secret not in data
        assert repr(secret)[2:-1].encode() not in data


@dataclass
class Disk:
    """A temporary folder of the engine's own, and what was in its files when they went."""

    folder: Path
    contents: list[bytes] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The engine without files in memory, as on macOS and Windows."""
    made = Disk(tmp_path)
    unlink = engine._HostFiles.unlink

    def watched(path: str) -> None:
        made.contents.append(Path(path).read_bytes())
        made.modes.append(Path(path).stat().st_mode & 0o777)
        unlink(path)

    monkeypatch.setattr(engine._HostFiles, "memfd_create", None)
    monkeypatch.setattr(engine._HostFiles, "directory", staticmethod(lambda: str(tmp_path)))
    monkeypatch.setattr(engine._HostFiles, "unlink", staticmethod(watched))
    monkeypatch.setattr(engine, "_CONTEXTS", engine._Contexts())
    return made


@contextlib.contextmanager
def asking(certs: Certificates) -> Iterator[peers.Peer]:
    context = peers.server_context(certs["good"], trust=certs["ca"].pem, ask=True, require=True)
    with peers.tls_server(context, peers.echo) as peer:
        yield peer


def exchange(device: Device, address: tuple[str, int], kind: str, **call: Any) -> None:
    certfile, keyfile = PAIRS[kind]
    conn = device.wrap_then_connect(address, certfile=certfile, keyfile=keyfile, **call)
    conn.write(b"x")
    assert conn.read(1) == b"x"
    assert_hidden(device_key(device, keyfile), repr(conn) + repr(vars(conn)))
    conn.close()


def device_key(device: Device, keyfile: str) -> Any:
    return serialization.load_pem_private_key(device.files[keyfile], None)


@pytest.mark.parametrize("kind", PAIRS)
def test_a_temporary_file_holds_the_key_encrypted_and_is_gone(
    kind: str, disk: Disk, certs: Certificates, device: Device
) -> None:
    with asking(certs) as peer:
        exchange(device, peer.address, kind)
    assert peer.connections[0].client_certificate
    assert not list(disk.folder.iterdir())
    assert len(disk.contents) == 1
    assert b"ENCRYPTED PRIVATE KEY" in disk.contents[0]
    assert_hidden(device_key(device, PAIRS[kind][1]), disk.contents[0])
    if sys.platform != "win32":
        assert disk.modes == [0o600]


def test_a_server_does_the_same(disk: Disk, certs: Certificates, device: Device) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with peers.tls_client(peers.client_context(), listener.getsockname(), peers.ask_and_take(b"x")):
            conn = device.wrap(
                device.adopt(listener.accept()[0]), server_side=True, certfile="good.crt", keyfile="good.key"
            )
            assert conn.recv(1) == b"x"
            conn.close()
            device.__exit__()
    assert not list(disk.folder.iterdir())
    assert len(disk.contents) == 1
    assert_hidden(certs["good"].key, disk.contents[0])


def test_a_file_that_cannot_be_loaded_goes_too(disk: Disk, certs: Certificates, device: Device) -> None:
    made = plan.prepare(device.env, **named({"certfile": "client.crt", "keyfile": "client.key"}), sock_ok=True)
    assert made.identity is not None
    broken = engine.Identity(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", made.identity.key, b"?")
    with pytest.raises(engine.EngineError) as caught:
        engine.Engine(server_side=False, identity=broken)
    assert not list(disk.folder.iterdir())
    assert_hidden(certs["client"].key, disk.contents[0] + "".join(traceback.format_exception(caught.value)).encode())


def test_a_wrong_key_is_not_written_at_all(disk: Disk, certs: Certificates) -> None:
    with asking(certs) as peer, Device(certs.files) as device:
        with pytest.raises(OSError):
            device.wrap_then_connect(peer.address, certfile="client.crt", keyfile="client-mismatch.key")
    assert not list(disk.folder.iterdir())
    assert_hidden(certs["good"].key, b"".join(disk.contents))
    # what is written has the public half of the certificate's key, so its encoding begins alike
    assert len(disk.contents) == 1
    der = base64.b64decode(b"".join(disk.contents[0].rpartition(b"BEGIN RSA")[2].splitlines()[1:-1]))
    assert not [number for number in numbers_of(certs["client"].key) if number in der]


AUDIT = """
import os, sys, tempfile
written = []
def hook(event, args):
    if event == "open" and isinstance(args[0], str):
        mode, flags = args[1], args[2]
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (mode is None and flags & (os.O_WRONLY | os.O_RDWR)):
            written.append(args[0])
tempfile.tempdir = sys.argv[1]
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device, named
from ussl_shim import engine, prepare
if sys.argv[2] == "file":
    engine._HostFiles.memfd_create = None
certs = Certificates()
files = {"client.crt": certs["client"].chain_pem, "client.key": certs["client"].key_pem}
sys.dont_write_bytecode = True
sys.addaudithook(hook)
plan = prepare(Device(files).env, **named({"certfile": "client.crt", "keyfile": "client.key"}), sock_ok=True)
engine.Engine(server_side=False, identity=plan.identity)
print(*(path for path in written if not path.endswith(".pyc")), sep="\\n")
"""


@pytest.mark.parametrize("way", ["memory", "file"])
def test_nothing_else_is_opened_for_writing(way: str, tmp_path: Path) -> None:
    """Seen by the interpreter's own audit, whoever opens the file."""
    if way == "memory" and engine._HostFiles.memfd_create is None:
        pytest.skip("needs files in memory, which this system does not have")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, str(tmp_path), way],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    opened = done.stdout.split()
    assert len(opened) == (1 if way == "file" else 0), opened
    assert all(Path(path).parent == tmp_path for path in opened)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", PAIRS)
def test_repr(kind: str, device: Device) -> None:
    certfile, keyfile = PAIRS[kind]
    key = device_key(device, keyfile)
    parsed = certfiles.parse_key(device.files[keyfile])
    made = prepare(device.env, **named({"certfile": certfile, "keyfile": keyfile}), sock_ok=True)
    assert_hidden(key, repr(parsed) + repr(x509.load_key(parsed)) + repr(made) + repr(made.identity) + repr(device.env))


def test_a_traceback_and_the_notes_of_every_refusal(device: Device, certs: Certificates) -> None:
    """Keys in the wrong place, cut, altered, encrypted: the key is named, never shown."""
    key, text = certs["client"].key, certs["client"].key_pem
    variants = {
        "cut": text[: len(text) // 2],
        "altered": text.replace(b"\nM", b"\n!", 1),
        "indented": text.replace(b"\n", b"\n  "),
        "label": text.replace(b"PRIVATE", b"SECRET"),
        "wrong inside": text[:300] + text[310:],
        "twice": text + text,
        "cr": text.replace(b"\n", b"\r"),
    }
    shown = ""
    for name, content in variants.items():
        with Device({**certs.files, "k": content}) as one:
            for call in (
                {"certfile": "client.crt", "keyfile": "k"},
                {"certfile": "k", "keyfile": "client.key"},
                {"cert_reqs": 2, "ca_certs": "k"},
            ):
                try:
                    prepare(one.env, **named(call), sock_ok=True)
                except OSError as exc:
                    shown += f"{name}: " + "".join(traceback.format_exception(exc))
            shown += repr(one.notes)
    assert "Error" in shown
    assert_hidden(key, shown)


def test_a_whole_board(certs: Certificates) -> None:
    script = (
        "import socket, ssl\nss = ssl.wrap_socket(socket.socket(), certfile='/flash/cert/client.crt', "
        "keyfile='/flash/cert/client.key', cert_reqs=2, ca_certs='/flash/cert/{}')\nprint(ss)\n"
        "ss.connect(socket.getaddrinfo('device.test', 8883)[0][-1])\nprint(ssl.save_session(ss))\n"
    )
    names = ("client.crt", "client.key", "ca.pem", "other-ca.pem")
    for ca in ("ca.pem", "other-ca.pem", "client.key"):
        with asking(certs) as peer, Board(maps=[f"device.test:8883=127.0.0.1:{peer.address[1]}"]) as board:
            load(board, script.format(ca), {f"cert/{name}": certs.files[name] for name in names})
            result = board.run(timeout=30)
        assert result.exit_code == (0 if ca == "ca.pem" else 1), result.text
        exception = result.exception
        shown = "".join(traceback.format_exception(exception)) if exception else ""
        assert_hidden(certs["client"].key, result.text + repr(result.notes) + repr(result) + shown)
