"""`certs check` and `certs make`: what the board will make of files, and files that it can use."""

from __future__ import annotations

import argparse
import datetime
import json
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509 as host_x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from emulator import certs as makers
from emulator import cli
from emulator.commands import certs as certs_command
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates, pem
from tests.ussl_shim.device import Device
from ussl_shim import inspection, prepare
from ussl_shim.certificate import parse


@pytest.fixture(scope="module")
def certs() -> Certificates:
    return Certificates()


@dataclass
class Command:
    """Runs `certs` in this process, in a folder with the files asked for."""

    folder: Path
    certs: Certificates
    capsys: pytest.CaptureFixture[str]

    def put(self, *names: str) -> list[str]:
        for name in names:
            (self.folder / name).write_bytes(self.certs.files[name])
        return [str(self.folder / name) for name in names]

    def run(self, *words: str | Path) -> tuple[int, str, str]:
        status = cli.main(["certs", *map(str, words)])
        out, err = self.capsys.readouterr()
        return status, out, err

    def check(self, *words: str) -> tuple[int, dict[str, Any]]:
        status, out, err = self.run("check", *words, "--json")
        assert err == ""
        return status, json.loads(out)


@pytest.fixture
def command(tmp_path: Path, certs: Certificates, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, certs, capsys)


# file: what it is, the numbers as ca_certs (and certfile) and as keyfile; None: taken
OK = None
CONTENTS: dict[str, tuple[str, int | None, int | None]] = {
    "ca.pem": ("PEM, 1 certificate", OK, -15616),
    "bundle.pem": ("PEM, 3 certificates", OK, -15616),
    "inter-chain.crt": ("PEM, 2 certificates", OK, -15616),
    "f-crlf.pem": ("PEM, 1 certificate", OK, -15616),
    "f-bom.pem": ("PEM, 1 certificate", OK, -15616),
    "f-bundle-bad-der-last.pem": ("PEM, 1 certificate", OK, -15616),
    "f-nul-after.pem": ("PEM, 1 certificate", OK, -15616),
    "k-pkcs1.pem": ("PEM, a private key (PKCS#1)", -8576, OK),
    "k-pkcs8.pem": ("PEM, a private key (PKCS#8)", -8576, OK),
    "k-sec1.pem": ("PEM, a private key (SEC1)", -8576, OK),
    "k-sec1-params.pem": ("PEM, a private key (SEC1)", -8576, OK),
    "k-and-cert.pem": ("PEM, 1 certificate and a private key (PKCS#1)", OK, OK),
    "f-der.der": ("the file is binary DER, which the board cannot read", -8576, -15616),
    "k-pkcs8.der": ("the file is binary DER, which the board cannot read", -8576, -15616),
    "f-empty.pem": ("the file is empty", -8576, -15616),
    "f-nul.bin": ("the file holds only NUL bytes", -8576, -15616),
    "f-text.pem": ("there is no '-----BEGIN' line in the file", -8576, -15616),
    "f-garbage.bin": ("there is no '-----BEGIN' line in the file", -8576, -15616),
    "f-trunc.pem": ("the file is cut: there is no '-----END' line", -10112, -15616),
    "f-cr.pem": ("the lines end in CR only", -10112, -15616),
    "f-bad-base64.pem": ("the certificate in the file is damaged or of an unknown kind", -4396, -15616),
    "f-indented.pem": ("the lines are indented", -4396, -15616),
    "f-trusted-label.pem": ("the block is labelled TRUSTED CERTIFICATE", -8576, -15616),
    "k-pkcs1-aes.pem": ("the file is a key protected by a password", -8576, -15232),
    "k-pkcs1-3des.pem": ("the file is a key protected by a password", -8576, -4736),
    "k-pkcs8-enc.pem": ("the file is a key protected by a password", -8576, -15360),
    "k-public.pem": ("the file holds a public key", -8576, -15616),
    "ed25519.key": ("the file holds a private key", -8576, -31104),
    "ed25519-ca.pem": ("the certificate in the file is damaged or of an unknown kind", -9774, -15616),
    "ed25519.crt": ("the certificate in the file is damaged or of an unknown kind", -15488, -15616),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_each_kind_of_file(name: str, command: Command) -> None:
    content, as_ca, as_key = CONTENTS[name]
    status, found = command.check(*command.put(name))
    (file,) = found["files"]
    assert file["content"] == content
    assert file["raises"] == {"ca": as_ca, "certificate": as_ca, "key": as_key}
    usable = as_ca is OK or as_key is OK
    assert status == (0 if usable else 1)
    assert found["usable"] is usable
    assert bool(file["refusals"]) is not usable


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize(("role", "argument"), [("ca", "ca_certs"), ("cert", "certfile"), ("key", "keyfile")])
def test_a_role_asks_for_one_number(name: str, role: str, argument: str, command: Command, certs: Certificates) -> None:
    """The number promised is the number `wrap_socket` raises."""
    status, out, _ = command.run("check", *command.put(name), "--role", role)
    number = CONTENTS[name][2 if role == "key" else 1]
    leaf_as_ca = (role, name) == ("ca", "k-and-cert.pem")  # it parses, and then makes nothing trusted
    assert status == (0 if number is OK and not leaf_as_ca else 1)
    assert (f"as {argument}=: OSError({number})" in out) is (number is not OK)
    files = {"ca": {"ca_certs": name, "cert_reqs": 2}, "cert": {"certfile": name, "keyfile": "client.key"}}
    call = files.get(role, {"certfile": "client.crt", "keyfile": name})
    with Device(certs.files) as device:
        named = {key: f"/flash/cert/{value}" if isinstance(value, str) else value for key, value in call.items()}
        try:
            prepare(device.env, **named, sock_ok=True)  # type: ignore[arg-type]
            raised = None
        except OSError as exc:
            raised = exc.args[0]
    assert raised == number


def only_certificate(command: Command, name: str) -> dict[str, Any]:
    (file,) = command.check(*command.put(name))[1]["files"]
    certificate: dict[str, Any] = file["certificates"][0]
    return certificate | {"warnings": file["warnings"], "refusals": file["refusals"]}


def test_what_is_told_of_a_certificate(command: Command) -> None:
    found = only_certificate(command, "good.crt")
    assert found["subject"] == "CN=device.test"
    assert found["issuer"] == "CN=ca"
    assert found["names"] == ["device.test", "localhost"]
    assert found["names_from"] == "subjectAltName"
    assert found["key"] == "RSA 2048 bits"
    assert found["signature"] == "RSA with SHA-256"
    assert (found["ca"], found["self_signed"]) == (False, False)
    assert found["not_before"] < found["not_after"]
    assert found["warnings"] == found["refusals"] == []


@pytest.mark.parametrize("name", ["ca.pem", "good.crt", "p-256.crt", "v1-ca.pem", "nobc-ca.pem"])
def test_dates_are_those_of_the_certificate(name: str, certs: Certificates) -> None:
    issued = host_x509.load_pem_x509_certificate(certs.files[name])
    period = inspection.validity(parse(certs[name.rpartition(".")[0]].der))
    assert period == (issued.not_valid_before_utc, issued.not_valid_after_utc)


def test_dates_after_2049() -> None:
    made = makers.Authority("Late CA")
    issued = host_x509.load_pem_x509_certificate(made.pem)
    read = parse(issued.public_bytes(Encoding.DER))
    assert inspection.validity(read) == (issued.not_valid_before_utc, issued.not_valid_after_utc)


REMARKS: dict[str, tuple[int, str, str]] = {
    # status, part of a warning, part of a refusal
    "expired.crt": (0, "it expired on", ""),
    "future.crt": (0, "it is not valid before", ""),
    "client-expired.crt": (0, "the board never looks at the dates", ""),
    "rsa-1024.crt": (1, "", "an RSA key of 1024 bits is too small: OSError(-9984) with CERT_REQUIRED, flag 65536"),
    "small-ca.pem": (1, "", "flag 65536"),
    "sha1.crt": (1, "", "a signature with SHA-1 is too weak: OSError(-9984) with CERT_REQUIRED, flag 16384"),
    "md5.crt": (1, "", "a signature with MD5 is too weak"),
    "ca-sha1.pem": (0, "", ""),
    "f-nul-after.pem": (0, "before the first NUL", ""),
    "f-bundle-ed25519.pem": (0, "skips block 1: -9774", ""),
    "f-bundle-bad-and-other.pem": (0, "skips block 1: -8", ""),
}


@pytest.mark.parametrize("name", REMARKS)
def test_warnings_and_refusals(name: str, command: Command) -> None:
    status, warning, refusal = REMARKS[name]
    stem, _, suffix = name.partition(".")
    if name in command.certs.files:
        (path,) = command.put(name)
    else:
        path = str(command.folder / name)
        Path(path).write_bytes(command.certs[stem].pem)
    assert suffix
    got, found = command.check(path)
    (file,) = found["files"]
    assert got == status
    assert [warning in text for text in file["warnings"]] == ([True] if warning else [])
    assert [refusal in text for text in file["refusals"]] == ([True] if refusal else [])


def test_a_leaf_is_no_ca(command: Command) -> None:
    status, found = command.check(*command.put("good-as-ca.pem"), "--role", "ca")
    assert status == 1
    assert "makes nothing trusted" in found["files"][0]["refusals"][0]
    assert command.check(*command.put("selfsigned.crt"), "--role", "ca")[0] == 0
    assert command.check(*command.put("inter-only.pem"), "--role", "ca")[0] == 0


TOGETHER: dict[str, tuple[tuple[str, ...], int, list[tuple[str, str]], list[tuple[str, str, int]]]] = {
    # files: status, which key belongs to which certificate, (certificate, ca_certs, flags)
    "pair": (("client.crt", "client.key"), 0, [("client.key", "client.crt")], []),
    "pair of EC": (("client-ec.key", "client-ec.crt"), 0, [("client-ec.key", "client-ec.crt")], []),
    "another key": (("client.crt", "client-mismatch.key"), 1, [], []),
    "two pairs": (
        ("client.crt", "client.key", "good.crt", "good.key"),
        0,
        [("client.key", "client.crt"), ("good.key", "good.crt")],
        [],
    ),
    "one file": (("k-and-cert.pem",), 0, [("k-and-cert.pem", "k-and-cert.pem")], []),
    "a key and a CA": (("ca.pem", "client.key"), 0, [], []),
    "chain": (("good.crt", "ca.pem"), 0, [], [("good.crt", "ca.pem", 0)]),
    "another CA": (("good.crt", "other-ca.pem"), 1, [], [("good.crt", "other-ca.pem", 8)]),
    "two CAs": (
        ("other-ca.pem", "good.crt", "ca.pem"),
        0,
        [],
        [("good.crt", "other-ca.pem", 8), ("good.crt", "ca.pem", 0)],
    ),
    "bundle": (("good.crt", "bundle.pem"), 0, [], [("good.crt", "bundle.pem", 0)]),
    "bundle without it": (("good.crt", "bundle-without.pem"), 1, [], [("good.crt", "bundle-without.pem", 8)]),
    "intermediate sent": (("inter-chain.crt", "ca.pem"), 0, [], [("inter-chain.crt", "ca.pem", 0)]),
    "intermediate as anchor": (
        ("inter-chain.crt", "inter-only.pem"),
        0,
        [],
        [("inter-chain.crt", "inter-only.pem", 0)],
    ),
    "intermediate and root": (("inter-only.pem", "ca.pem"), 0, [], [("inter-only.pem", "ca.pem", 0)]),
    "key too small": (("rsa-1024.crt", "ca.pem"), 1, [], [("rsa-1024.crt", "ca.pem", 65536)]),
    "self-signed": (("selfsigned.crt",), 0, [], [("selfsigned.crt", "selfsigned.crt", 0)]),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_files_together(case: str, command: Command) -> None:
    names, status, pairs, trust = TOGETHER[case]
    got, found = command.check(*command.put(*names))

    def short(path: str) -> str:
        return Path(path).name

    if case == "intermediate as anchor":  # that file is no leaf, and nothing given signed it
        found["trust"] = [row for row in found["trust"] if short(row["certificate"]) != "inter-only.pem"]
    assert [(short(key), short(cert)) for key, cert in found["pairs"]] == pairs
    judged = [(short(row["certificate"]), short(row["ca_certs"]), row["flags"]) for row in found["trust"]]
    assert judged == trust
    assert all(row["trusted"] is (row["flags"] == 0) for row in found["trust"])
    assert got == status


NAMES: dict[str, tuple[str, str, int]] = {
    "dns": ("good", "device.test", 0),
    "second": ("good", "localhost", 0),
    "case": ("good", "Device.TEST", 0),
    "other": ("good", "other.test", 1),
    "cn without san": ("cn-only", "device.test", 0),
    "cn beside san": ("cn-differs", "cn.test", 1),
    "wildcard": ("wild", "a.wild.test", 0),
    "wildcard, two labels": ("wild", "a.b.wild.test", 1),
    "ip san": ("ip-san", "127.0.0.1", 1),
    "ip cn": ("ip-cn", "127.0.0.1", 0),
    "ip as dns": ("ip-dns", "127.0.0.1", 0),
    "trailing dot": ("good", "device.test.", 1),
    "empty": ("good", "", 1),
    "too long": ("good", "a" * 256, 1),
    "strange": ("good", "\udcff\x1b[31m", 1),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_name_by_the_boards_rules(case: str, command: Command) -> None:
    name, host, status = NAMES[case]
    path = command.folder / "leaf.crt"
    path.write_bytes(command.certs[name].pem)
    got, found = command.check(str(path), f"--name={host}")
    assert got == status
    assert [match["matches"] for match in found["names"]] == ([] if len(host) > 255 else [status == 0])
    assert any("IP address" in text for text in found["warnings"]) is (host == "127.0.0.1")
    assert command.run("check", path, f"--name={host}")[0] == status


def test_one_matching_certificate_is_enough(command: Command) -> None:
    paths = command.put("client.crt", "good.crt", "ca.pem")
    assert command.check(*paths, "--name", "device.test")[0] == 0
    assert command.check(*paths, "--name", "client")[1]["warnings"]
    assert command.check(*command.put("good.key"), "--name", "device.test")[0] == 1


def test_no_key_material_is_shown(command: Command) -> None:
    names = [name for name in command.certs.files if name.startswith("k-") or name.endswith(".key")]
    for words in ([], ["--json"]):
        _, out, err = command.run("check", *command.put(*names), *words)
        for name in names:
            for line in command.certs.files[name].split(b"\n"):
                if len(line) > 40 and not line.startswith(b"-----") and line.isascii():
                    assert line.decode() not in out + err


def test_control_characters_of_a_subject_are_not_printed(command: Command) -> None:
    made = command.certs.leaf(cn="evil\x1b[31m\nrefused: nothing", names=None)
    path = command.folder / "leaf.crt"
    path.write_bytes(made.pem)
    _, out, _ = command.run("check", path)
    assert "\x1b" not in out
    assert "\\x1b[31m\\nrefused" in out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "PATH"),
        (["{folder}/nowhere.pem"], "nowhere.pem"),
        (["{folder}/empty"], "without files"),
        (["{folder}/big.pem"], "1048576"),
        (["{folder}/ca.pem", "--role", "root"], "root"),
        (["{folder}/\0.pem"], ".pem"),
    ],
    ids=["nothing", "missing", "empty folder", "too big", "role", "NUL"],
)
def test_wrong_usage_of_check(words: list[str], named: str, command: Command) -> None:
    command.put("ca.pem")
    (command.folder / "empty").mkdir()
    (command.folder / "big.pem").write_bytes(b"x" * (1 << 20) + b"x")
    status, out, err = command.run("check", *(word.replace("{folder}", str(command.folder)) for word in words))
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert named in err


@pytest.mark.parametrize("words", [[], ["frob"]], ids=["no action", "unknown action"])
def test_wrong_usage(words: list[str], command: Command) -> None:
    status, out, err = command.run(*words)
    assert (status, out, len(err.splitlines())) == (2, "", 1)


@given(st.lists(st.binary(max_size=300), max_size=3), st.sampled_from(["ca", "certificate", "key", None]))
def test_any_bytes_are_judged(contents: list[bytes], role: Any) -> None:
    wrapped = [b"-----BEGIN CERTIFICATE-----\n" + raw + b"\n-----END CERTIFICATE-----\n" for raw in contents]
    blocks = [pem("PRIVATE KEY", raw) for raw in contents]
    files = {str(at): raw for at, raw in enumerate([*contents, *wrapped, *blocks])}
    found = inspection.inspect(files, role=role, host="device.test")
    assert len(found.files) == len(files)
    assert not found.usable


def altered(certs: Certificates, at: int, mask: int) -> inspection.Inspection:
    """The judgement on a good leaf with one byte changed, beside its CA and key."""
    raw = bytearray(certs["good"].der)
    raw[at] ^= mask
    files = {"leaf.crt": pem("CERTIFICATE", bytes(raw)), "ca.pem": certs["ca"].pem, "leaf.key": certs["good"].key_pem}
    return inspection.inspect(files, host="device.test")


UNUSED_BITS = -257
"""Where a certificate signed with RSA 2048 says how many bits of its signature do not count."""


@given(data=st.data())
def test_a_flipped_byte_is_judged(data: st.DataObject, certs: Certificates) -> None:
    size = len(certs["good"].der)
    at = data.draw(st.integers(0, size - 1))
    found = altered(certs, at, data.draw(st.integers(1, 255)))
    assert not [row for row in found.trust if row.certificate == "leaf.crt" and row.trusted]


def test_unused_bits_of_a_signature_are_refused(certs: Certificates) -> None:
    """Board: mbedTLS 2.16.2 x509.c and asn1parse.c; X509_INVALID_SIGNATURE + ASN1_INVALID_DATA."""
    (leaf, *_) = altered(certs, UNUSED_BITS, 1).files
    assert leaf.raises["ca"] == -9448


# make


@dataclass
class Made:
    """The files of one `certs make`; has what a test peer needs of a certificate."""

    folder: Path

    def __getitem__(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def own(self, name: str) -> Any:
        @dataclass
        class Own:
            chain_pem: bytes
            key_pem: bytes

        return Own(self[f"{name}.crt"], self[f"{name}.key"])


@pytest.fixture(scope="module", params=["rsa", "ec"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made") / "new" / "certs"
    words = ["certs", "make", str(folder), "--name", "device.test", "--name", "*.wild.test", "--client", "node-7"]
    assert cli.main([*words, "--key", request.param]) == 0
    return Made(folder)


def test_what_is_made_passes_the_check(made: Made, command: Command) -> None:
    status, found = command.check(str(made.folder), "--name", "device.test")
    assert status == 0
    assert [Path(file["path"]).name for file in found["files"]] == sorted(makers.FILE_NAMES)
    assert [(Path(key).stem, Path(cert).stem) for key, cert in found["pairs"]] == [("client",) * 2, ("server",) * 2]
    assert [row["trusted"] for row in found["trust"]] == [True, True]
    assert command.check(str(made.folder), "--name", "a.wild.test")[0] == 0
    assert command.check(str(made.folder), "--name", "other.test")[0] == 1
    assert "the board can use all of this" in command.run("check", made.folder)[1]


def test_what_is_made_has_the_boards_forms(made: Made) -> None:
    for name in makers.FILE_NAMES:
        assert made[name].startswith(b"-----BEGIN ")
        assert b"\0" not in made[name]
        assert b"ENCRYPTED" not in made[name]
    for name in ("ca.pem", "server.crt", "client.crt"):
        cert = host_x509.load_pem_x509_certificate(made[name])
        assert cert.signature_hash_algorithm is not None
        assert cert.signature_hash_algorithm.name == "sha256"
        assert cert.not_valid_after_utc > datetime.datetime.now(datetime.timezone.utc)
    key = load_pem_private_key(made["server.key"], None)
    assert getattr(key, "key_size", 0) in (2048, 256)


@pytest.mark.skipif(sys.platform == "win32", reason="file modes")
def test_keys_are_for_their_owner_alone(made: Made) -> None:
    for name in makers.FILE_NAMES:
        mode = stat.S_IMODE((made.folder / name).stat().st_mode)
        assert (mode & 0o077 == 0) is name.endswith(".key"), name


def test_a_handshake_with_what_was_made(made: Made) -> None:
    """Both sides verified: the server by the board, the board by the server."""
    files = {name: made[name] for name in makers.FILE_NAMES}
    context = peers.server_context(made.own("server"), require=True, trust=made["ca.pem"])
    own = {"certfile": "client.crt", "keyfile": "client.key"}
    with peers.tls_server(context, peers.echo) as peer, Device(files) as device:
        conn = device.wrap_then_connect(
            peer.address, cert_reqs=2, ca_certs="ca.pem", server_hostname="device.test", **own
        )
        conn.send(b"hello")
        assert conn.recv(100) == b"hello"
        conn.close()
        assert device.notes == []
    assert peer.connections[0].client_certificate
    with (
        peers.tls_server(peers.server_context(made.own("server")), peers.echo) as peer,
        Device(files) as device,
        pytest.raises(OSError, match="-9984"),
    ):
        device.wrap_then_connect(peer.address, cert_reqs=2, ca_certs="ca.pem", server_hostname="other.test")


def test_two_sets_do_not_look_alike(made: Made, command: Command) -> None:
    command.run("make", command.folder, "--key", "ec")
    mine = host_x509.load_pem_x509_certificate((command.folder / "ca.pem").read_bytes())
    assert mine.subject != host_x509.load_pem_x509_certificate(made["ca.pem"]).subject


@pytest.mark.parametrize("taken", makers.FILE_NAMES)
def test_nothing_is_overwritten(taken: str, command: Command) -> None:
    (command.folder / taken).write_text("mine")
    status, out, err = command.run("make", command.folder, "--key", "ec")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert str(command.folder / taken) in err
    assert {path.name: path.read_text() for path in command.folder.iterdir()} == {taken: "mine"}


def test_force_overwrites(command: Command) -> None:
    command.run("make", command.folder, "--key", "ec")
    before = {path.name: path.read_bytes() for path in command.folder.iterdir()}
    (command.folder / "server.key").chmod(0o644)
    assert command.run("make", command.folder, "--key", "ec", "--force")[0] == 0
    after = {path.name: path.read_bytes() for path in command.folder.iterdir()}
    assert sorted(after) == sorted(before) == sorted(makers.FILE_NAMES)
    assert not set(after.values()) & set(before.values())
    if sys.platform != "win32":
        assert stat.S_IMODE((command.folder / "server.key").stat().st_mode) == 0o600


def test_a_failure_leaves_nothing_behind(command: Command) -> None:
    (command.folder / "client.key").mkdir()
    status, out, err = command.run("make", command.folder, "--key", "ec", "--force")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert [path.name for path in command.folder.iterdir()] == ["client.key"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["make"], "FOLDER"),
        (["make", "{folder}/file"], "file"),
        (["make", "{folder}/file/deeper"], "deeper"),
        (["make", "{folder}/x", "--name", ""], "host name"),
        (["make", "{folder}/x", "--name", "two words"], "two words"),
        (["make", "{folder}/x", "--name", "me@device.test"], "me@device.test"),
        (["make", "{folder}/x", "--name", "a..b"], "a..b"),
        (["make", "{folder}/x", "--name", "a" * 300], "aaa"),
        (["make", "{folder}/x", "--client", "\x1b[31m"], "x1b"),
        (["make", "{folder}/x", "--key", "dsa"], "dsa"),
    ],
)
def test_wrong_usage_of_make(words: list[str], named: str, command: Command) -> None:
    (command.folder / "file").write_text("")
    status, out, err = command.run(*(word.replace("{folder}", str(command.folder)) for word in words))
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert named in err
    assert [path.name for path in command.folder.iterdir()] == ["file"]


def test_the_next_steps_are_told(command: Command) -> None:
    status, out, err = command.run("make", command.folder / "c", "--name", "device.test", "--key", "ec")
    assert (status, err) == (0, "")
    assert "server_hostname='device.test'" in out
    assert all(name in out for name in makers.FILE_NAMES)
    assert "PRIVATE" not in out
    status, out, _ = command.run("make", command.folder / "d", "--name", "192.168.4.1", "--key", "ec")
    assert status == 0
    assert "warning" in out


def test_make_for_programs(command: Command) -> None:
    folder = command.folder / "c"
    status, out, _ = command.run("make", folder, "--key", "ec", "--json")
    assert status == 0
    table = json.loads(out)
    assert table["files"] == {name: str(folder / name) for name in makers.FILE_NAMES}
    assert (table["names"], table["client"], table["key"]) == (["localhost"], "board", "ec")


def test_each_option_is_in_the_reference() -> None:
    text = (Path(__file__).parents[2] / "docs/reference/command-line.md").read_text(encoding="utf-8")
    parser = argparse.ArgumentParser()
    certs_command.arguments(parser)
    (actions,) = (action for action in parser._actions if action.choices)
    assert isinstance(actions.choices, dict)
    for name, sub in actions.choices.items():
        section = text.partition(f"\n## certs {name} ")[2].partition("\n## ")[0]
        options = {option for action in sub._actions for option in action.option_strings if option.startswith("--")}
        assert {option for option in options - {"--help"} if f"`{option}" not in section} == set()
