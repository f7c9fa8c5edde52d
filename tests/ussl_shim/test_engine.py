"""What the engine does besides the wire: keys that never reach a disk, contexts, groups."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyfakefs.fake_filesystem_unittest import Patcher

from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device, named
from ussl_shim import engine, prepare
from ussl_shim.connection import number_for
from ussl_shim.errors import board_errno

OWN = named({"certfile": "client.crt", "keyfile": "client.key"})


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every byte that goes to a file of the host."""
    pieces: list[bytes] = []
    real = engine._HostFiles.write

    def write(descriptor: int, data: bytes) -> int:
        pieces.append(bytes(data))
        return real(descriptor, data)

    monkeypatch.setattr(engine._HostFiles, "write", staticmethod(write))
    monkeypatch.setattr(engine, "_CONTEXTS", engine._Contexts())
    return pieces


def _asks_for_a_certificate(certs: Certificates, **call: str) -> peers.Seen:
    context = peers.server_context(certs["good"], require=True, trust=certs["ca"].pem)
    with peers.tls_server(context) as peer, Device(certs.files) as device:
        device.wrap_then_connect(peer.address, **call).close()
    return peer.connections[0]


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="files in memory are Linux's")
def test_on_linux_a_key_stays_in_memory(
    certs: Certificates, written: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> str:
        raise AssertionError("a file on a disk")

    monkeypatch.setattr(engine._HostFiles, "directory", staticmethod(never))
    assert _asks_for_a_certificate(certs, **OWN).client_certificate
    assert written


@pytest.mark.parametrize("why", ["no-such-call", "not-permitted", "no-proc"])
def test_elsewhere_the_key_is_encrypted_and_the_file_gone(
    why: str, certs: Certificates, written: list[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_name: str) -> int:
        raise PermissionError

    def no_proc(_path: str) -> os.stat_result:
        raise FileNotFoundError

    disk: list[Path] = []

    def directory() -> str:
        written.clear()  # what went to memory before
        disk.append(tmp_path)
        return str(tmp_path)

    monkeypatch.setattr(engine._HostFiles, "directory", staticmethod(directory))
    if why == "no-such-call":
        monkeypatch.setattr(engine._HostFiles, "memfd_create", None)
    elif why == "not-permitted":
        monkeypatch.setattr(engine._HostFiles, "memfd_create", staticmethod(refuse))
    else:
        monkeypatch.setattr(engine._HostFiles, "stat", staticmethod(no_proc))
    assert _asks_for_a_certificate(certs, **OWN).client_certificate
    assert len(disk) == 1
    assert list(tmp_path.iterdir()) == []
    text = b"".join(written)
    assert b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in text
    assert b"-----BEGIN PRIVATE KEY-----" not in text
    assert not any(line in text for line in certs["client"].key_pem.splitlines()[1:-1])


def test_a_patched_file_system_gets_no_key(certs: Certificates, written: list[bytes]) -> None:
    context = peers.server_context(certs["good"], require=True, trust=certs["ca"].pem)
    with peers.tls_server(context) as peer, Device(certs.files) as device, Patcher() as patcher:
        device.wrap_then_connect(peer.address, **OWN).close()
        assert patcher.fs is not None
        assert not [path for path in patcher.fs.listdir("/tmp") if path.startswith("ussl-")]
    assert peer.connections[0].client_certificate


def test_a_stand_in_key_holds_nothing_of_the_real_one(certs: Certificates, written: list[bytes]) -> None:
    call = named({"certfile": "client.crt", "keyfile": "good.key"})
    plan = prepare(Device(certs.files).env, **call, sock_ok=True)
    assert plan.identity is not None
    engine.Engine(server_side=False, identity=plan.identity)
    text = b"".join(written)
    assert not any(line in text for line in certs["good"].key_pem.splitlines()[1:-1])


def test_an_identity_shows_nothing(certs: Certificates) -> None:
    plan = prepare(Device(certs.files).env, **OWN, sock_ok=True)
    assert "PRIVATE" not in repr(plan)
    assert certs["client"].key_pem.splitlines()[1].decode() not in repr(plan)


def test_client_contexts_are_kept_by_content(certs: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    contexts = engine._Contexts()
    identity = prepare(Device(certs.files).env, **OWN, sock_ok=True).identity
    again = prepare(Device(certs.files).env, **OWN, sock_ok=True).identity
    assert contexts.client(None) is contexts.client(None)
    assert contexts.client(identity) is contexts.client(again)
    assert contexts.client(identity) is not contexts.client(None)
    monkeypatch.setattr(engine, "_CACHE_SIZE", 1)
    other = prepare(Device(certs.files).env, **named({"certfile": "p-256.crt", "keyfile": "p-256.key"}), sock_ok=True)
    contexts.client(other.identity)
    assert len(contexts._known) == 1


def test_only_the_boards_suites_are_offered(certs: Certificates) -> None:
    context = engine._Contexts().client(None)
    names = [suite["name"] for suite in context.get_ciphers() if suite["protocol"] != "TLSv1.3"]
    assert names[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"
    assert len(names) == 36
    assert not any(word in name for name in names for word in ("DES", "RC4", "CHACHA", "CAMELLIA", "ARIA", "PSK"))


REASONS = [
    ("NO_SHARED_CIPHER", True, -29568),
    ("UNSUPPORTED_PROTOCOL", True, -29568),
    ("UNSUPPORTED_PROTOCOL", False, -28288),
    ("TLSV1_ALERT_UNKNOWN_CA", False, -30592),
    ("SSLV3_ALERT_HANDSHAKE_FAILURE", True, -30592),
    ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", False, -29056),
    ("SOMETHING_NEW", False, -29056),
]


@pytest.mark.parametrize(("reason", "server_side", "number"), REASONS)
def test_reasons_of_the_library_become_numbers(reason: str, server_side: bool, number: int) -> None:
    assert number_for(reason, server_side=server_side) == number


def test_host_errors_become_the_boards() -> None:
    assert board_errno(ConnectionResetError(104 if sys.platform == "linux" else 54, "reset")) == 104
    assert board_errno(OSError("no number")) == 5
    assert board_errno(OSError(99999, "unknown")) == 5


PROGRAM = """
import sys
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device, Script

certs = Certificates()
ca = {"cert_reqs": 2, "ca_certs": "ca.pem"}
rows = [
    ("p-256k1", {}, ca, "ok"),
    ("good", {"curve": "X25519", "ciphers": "ECDHE"}, {}, "OSError -30592"),
    ("good", {"curve": "X25519", "dh": True, "ciphers": "ECDHE:DHE"}, {}, "ok"),
]
if sys.version_info < (3, 11):
    rows = rows[:1]  # an older server cannot be told to use X25519 alone
for identity, options, call, outcome in rows:
    for path in ("wc", "cw"):
        with (
            peers.tls_server(peers.server_context(certs[identity], **options)) as peer,
            Device({"ca.pem": certs["ca"].pem}) as device,
        ):
            script = Script(device, peer.address, path, call, {})
            got = script.run("wrap")
            cipher = script.conn.cipher
        assert got == outcome, (identity, options, path, got)
        assert outcome != "ok" or identity != "good" or cipher.startswith("DHE-"), cipher
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the OpenSSL of other systems may ignore OPENSSL_CONF")
def test_with_the_boards_groups_the_last_measured_rows_hold(tmp_path: Path) -> None:
    """A launcher may set the groups for its whole process; before CPython 3.15 a library cannot set them at all."""
    configuration = tmp_path / "openssl.cnf"
    groups = "P-521:P-384:P-256:secp256k1:brainpoolP256r1:brainpoolP384r1:brainpoolP512r1"
    configuration.write_text(
        f"openssl_conf = start\n[start]\nssl_conf = tls\n[tls]\nsystem_default = groups\n[groups]\nGroups = {groups}\n"
    )
    environment = os.environ | {"OPENSSL_CONF": str(configuration), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
