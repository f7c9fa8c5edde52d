"""Which certificate a suite takes, the board's own and its peer's; number and alert are those of the board's library.

Every row was measured with mbedTLS 2.16.2, called as the firmware calls it, against the same peers.
"""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

from flashfs.errors import DeviceError
from tests.ussl_shim import certs as made_by
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates, Issued
from tests.ussl_shim.device import Device
from tests.ussl_shim.test_records import chain, message
from tests.ussl_shim.test_wire import alert_in, hello, hs
from ussl_shim.peerchain import read

ALL, STATIC, DHE = "ALL", "AES128-SHA", "DHE-RSA-AES128-SHA"


def serve(
    device: Device, client: Any, call: dict[str, Any], *, optional: bool = False
) -> tuple[int | str, peers.Seen, Device]:
    """The board as a server for one client: what `wrap_socket` raises ("ok": nothing), and what the client saw."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        peers.tls_client(client, listener.getsockname()) as peer,
        device,
    ):
        sock = device.adopt(listener.accept()[0])
        outcome: int | str = "ok"
        try:
            device.wrap(sock, server_side=True, **call)
        except DeviceError as exc:
            outcome = exc.args[0]
        sock.sock.setblocking(True)
        sock.sock.shutdown(socket.SHUT_WR)
        while sock.sock.recv(65536):
            pass
    return outcome, peer.connections[0], device


# the board's own certificate as a server (board: mbedTLS ssl_srv.c)

OWN: list[tuple[str, dict[str, Any], str, int | str]] = [
    ("none", {}, DHE, "ok"),
    ("eku-client", {"eku": made_by.CLIENT_AUTH}, ALL, -27008),
    ("eku-server", {"eku": made_by.SERVER_AUTH}, ALL, "ok"),
    ("cert-sign", {"usage": made_by._usage(key_cert_sign=True)}, ALL, -27008),
    ("cert-sign", {"usage": made_by._usage(key_cert_sign=True)}, STATIC, -27008),
    ("sign", {"usage": made_by._usage(digital_signature=True)}, ALL, "ok"),
    ("sign", {"usage": made_by._usage(digital_signature=True)}, STATIC, -27008),
    ("sign", {"usage": made_by._usage(digital_signature=True)}, DHE, "ok"),
    ("encipher", {"usage": made_by._usage(key_encipherment=True)}, ALL, "ok"),
    ("encipher", {"usage": made_by._usage(key_encipherment=True)}, STATIC, "ok"),
    ("encipher", {"usage": made_by._usage(key_encipherment=True)}, DHE, -27008),
]


@pytest.mark.parametrize(
    ("options", "ciphers", "outcome"), [pytest.param(*row[1:], id=f"{row[0]}-{row[2]}") for row in OWN]
)
def test_the_own_certificate_decides_the_suites(
    options: dict[str, Any], ciphers: str, outcome: int | str, certs: Certificates
) -> None:
    own = certs.leaf(**options)
    device = Device({"own.crt": own.pem, "own.key": own.key_pem}, quirks=frozenset())
    call = {"certfile": "own.crt", "keyfile": "own.key"}
    seen, client, _ = serve(device, peers.client_context(ciphers=ciphers), call)
    assert seen == outcome
    assert client.error == (None if outcome == "ok" else "SSLV3_ALERT_HANDSHAKE_FAILURE")
    if outcome == "ok" and "usage" in options:
        assert (client.cipher or "").startswith("AES") == (ciphers == STATIC or options["usage"].key_encipherment)
    if outcome != "ok":
        assert "own certificate" in device.notes[-1].evidence or "keyUsage" in device.notes[-1].evidence


@pytest.mark.parametrize("high", ["TLSv1", "TLSv1_2"])
def test_the_board_exchanges_keys_by_its_own_group(high: str, certs: Certificates) -> None:
    call = {"certfile": "good.crt", "keyfile": "good.key"}
    outcome, client, _ = serve(
        Device(certs.files, quirks=frozenset()), peers.client_context(ciphers=DHE, high=high), call
    )
    assert (outcome, client.cipher) == ("ok", DHE)


def test_a_wrong_key_shows_with_dhe(certs: Certificates) -> None:
    call = {"certfile": "good.crt", "keyfile": "client.key"}
    outcome, client, _ = serve(Device(certs.files, quirks=frozenset()), peers.client_context(ciphers=DHE), call)
    assert (outcome, client.error) == (-30592, "BAD_SIGNATURE")


# a client's certificate

SIGNED_BY_ED25519: dict[str, Any] = {"issuer": "ed25519-ca", "cn": "client", "names": None, "key": "client"}
CLIENTS: list[tuple[str, dict[str, Any], str, tuple[int | str, int | str], tuple[str | None, str | None]]] = [
    # outcome and what the client sees, with CERT_OPTIONAL and with CERT_REQUIRED
    (
        "eku-server",
        {"eku": made_by.SERVER_AUTH},
        "TLSv1_2",
        (-1, -31232),
        (None, "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"),
    ),
    ("eku-server", {"eku": made_by.SERVER_AUTH}, "TLSv1", (-1, -31232), (None, "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE")),
    (
        "encipher",
        {"usage": made_by._usage(key_encipherment=True)},
        "TLSv1_2",
        (-1, -31232),
        (None, "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"),
    ),
    ("sign", {"usage": made_by._usage(digital_signature=True)}, "TLSv1_2", ("ok", "ok"), (None, None)),
    (
        "signed-by-ed25519",
        SIGNED_BY_ED25519,
        "TLSv1_2",
        (-32128, -9984),
        ("UNEXPECTED_EOF_WHILE_READING", "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"),
    ),
    (
        "signed-by-ed25519",
        SIGNED_BY_ED25519,
        "TLSv1",
        (-16000, -9984),
        ("UNEXPECTED_EOF_WHILE_READING", "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"),
    ),
]


@pytest.mark.parametrize("mode", [1, 2], ids=["optional", "required"])
@pytest.mark.parametrize(
    ("options", "high", "outcomes", "errors"), [pytest.param(*row[1:], id=f"{row[0]}-{row[2]}") for row in CLIENTS]
)
def test_a_clients_certificate(
    options: dict[str, Any],
    high: str,
    outcomes: tuple[int | str, int | str],
    errors: tuple[str | None, str | None],
    mode: int,
    certs: Certificates,
) -> None:
    shown = certs.leaf(**{"cn": "client", "names": None, "key": "client", **options})
    call = {"certfile": "good.crt", "keyfile": "good.key", "cert_reqs": mode, "ca_certs": "ca.pem"}
    context = peers.client_context(own=shown, high=high)
    outcome, client, device = serve(Device(certs.files, quirks=frozenset()), context, call)
    assert outcome == outcomes[mode - 1]
    assert client.error == errors[mode - 1]
    assert outcome == "ok" or device.notes


@pytest.mark.parametrize(("mode", "outcome"), [(1, -1), (2, -29824)])
def test_an_ed25519_client_counts_as_one_without_a_certificate(mode: int, outcome: int, certs: Certificates) -> None:
    """The board does not offer to take such a key, so the client would have sent none."""
    call = {"certfile": "good.crt", "keyfile": "good.key", "cert_reqs": mode, "ca_certs": "ca.pem"}
    shown = certs.leaf(cn="client", names=None, key="ed25519")
    context = peers.client_context(own=shown)
    seen, client, _ = serve(Device(certs.files, quirks=frozenset()), context, call)
    assert seen == outcome
    assert bool(client.error) == (mode == 2)


# a server's certificate of an algorithm the board does not know


def unknown(certs: Certificates, *after: Issued, key: str = "leaf") -> Issued:
    """A leaf signed by Ed25519, with other certificates sent after it."""
    made = certs.leaf("ed25519-ca", key=key)
    return replace(made, chain=tuple(issued.der for issued in after))


SERVERS: list[tuple[str, tuple[str, ...], str, tuple[int | str, ...]]] = [
    # (sent after the leaf, suites, outcome with CERT_NONE, CERT_OPTIONAL and CERT_REQUIRED)
    ("alone", (), "ECDHE", (-27904, -27904, -9984)),
    ("alone", (), STATIC, (-27904, -27904, -9984)),
    ("alone", (), DHE, (-27904, -27904, -9984)),
    ("its-root", ("ed25519-ca",), "ECDHE", (-27904, -27904, -9984)),
    ("our-root", ("ca",), "ECDHE", (-17280, -17280, -17280)),
    ("same-key", ("good",), "ECDHE", ("ok", "ok", "ok")),
    ("same-key", ("good",), STATIC, ("ok", "ok", "ok")),
    ("ed25519-key-between", ("ed25519",), "ECDHE", (-15488, -15488, -15488)),
]


@pytest.mark.parametrize("mode", [0, 1, 2], ids=["none", "optional", "required"])
@pytest.mark.parametrize(
    ("after", "ciphers", "outcomes"), [pytest.param(*row[1:], id=f"{row[0]}-{row[2]}") for row in SERVERS]
)
def test_a_server_signed_by_an_unknown_algorithm(
    after: tuple[str, ...], ciphers: str, outcomes: tuple[int | str, ...], mode: int, certs: Certificates
) -> None:
    context = peers.server_context(unknown(certs, *(certs[name] for name in after)), ciphers=ciphers, dh=ciphers == DHE)
    call = {"cert_reqs": mode, "ca_certs": "ca.pem"} if mode else {}
    with peers.tls_server(context) as peer, Device(certs.files, quirks=frozenset()) as device:
        outcome: int | str = "ok"
        try:
            device.wrap_then_connect(peer.address, **call).close()
        except DeviceError as exc:
            outcome = exc.args[0]
        assert outcome == outcomes[mode]
        if outcome != "ok":
            assert "ussl-certificate-unreadable" in device.codes() or "ussl-certificate-refused" in device.codes()
    if outcome == -9984:
        assert peer.connections[0].error == "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"


@pytest.mark.parametrize("mode", [3, -1])
def test_the_strict_modes_refuse_it_too(mode: int, certs: Certificates) -> None:
    with (
        peers.tls_server(peers.server_context(unknown(certs))) as peer,
        Device(certs.files, quirks=frozenset()) as device,
        pytest.raises(DeviceError) as caught,
    ):
        device.wrap_then_connect(peer.address, cert_reqs=mode, ca_certs="ca.pem")
    assert caught.value.args == (-9984,)


@pytest.mark.parametrize(("host", "flags", "alert"), [(None, 114696, 43), ("device.test", 114700, 42)])
def test_it_is_judged_as_an_empty_certificate(host: str | None, flags: int, alert: int, certs: Certificates) -> None:
    flight = hs(hello()) + hs(chain(unknown(certs).der)) + hs(message(14, b""))
    call: dict[str, Any] = {"cert_reqs": 2, "ca_certs": "ca.pem"} | ({"server_hostname": host} if host else {})
    with peers.raw_server(peers.answer(flight)) as peer, Device(certs.files, quirks=frozenset()) as device:
        sock = device.dial(peer.address)
        with pytest.raises(DeviceError) as caught:
            device.wrap(sock, **call)
        sock.sock.setblocking(True)
        sock.sock.shutdown(socket.SHUT_WR)
    assert caught.value.args == (-9984,)
    assert alert_in(peer.connections[0].data) == alert
    words = {4: "names another host", 8: "signed it", 16384: "SHA-1", 32768: "kind of key", 65536: "2048 bits"}
    assert [flag for flag, word in words.items() if word in device.notes[-1].cause] == [f for f in words if f & flags]


def test_other_unknown_algorithms_are_passed_over(certs: Certificates) -> None:
    oid_of_sha3 = bytes.fromhex("60864801650304030e")
    sha3 = made_by._resign(certs["good"].der, certs.key("ca"), oid_of_sha3, hashes.SHA3_256())
    assert read((sha3,)).certificates == ()
    both = read((sha3, certs["good"].der))
    assert [cert.der for cert in both.certificates] == [certs["good"].der]
    assert not both.other_key
    assert read((sha3, certs["other"].der, certs["ca"].der)).other_key is False  # the same key again
    assert read((sha3, certs["ca"].der)).other_key is True
