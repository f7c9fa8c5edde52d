"""The table. Host 127.0.0.1; OpenSSL peers at security level 0, up to TLS 1.2 unless said.

"wc" is wrap-then-connect, "cw" connect-then-wrap. Outcomes were measured by replaying the firmware's library calls
against real peers; group "args" follows from reading esp32/mods/modussl.c.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.ussl_shim.peers import Seen

ECHO = "wrap send=ping recv=100 save close"
AGAIN = " wrap+ send=ping recv=100 close"
VERIFY = "OSError -9984"


@dataclass(frozen=True)
class Row:
    """One scenario. ``wc`` and ``cw`` are the outcomes; None: that order was not measured."""

    id: str
    group: str
    peer: str
    call: dict[str, Any]
    wc: str | None
    cw: str | None
    steps: str = "wrap"
    value: Any = None
    later: dict[str, Any] = field(default_factory=dict)
    version: str | None = None
    cipher: str | None = None
    resumed: bool | None = None
    peer_saw: str | None = None
    """The reason the peer's library gave for the failed handshake."""


def same(outcome: str) -> dict[str, Any]:
    return {"wc": outcome, "cw": outcome}


def flags(number: int) -> dict[str, Any]:
    """CERT_OPTIONAL: connect raises the flags, wrap_socket -1."""
    return {"wc": f"OSError {number}", "cw": "OSError -1"}


def none(ca: str = "ca.pem") -> dict[str, Any]:
    return {"cert_reqs": 0, "ca_certs": ca}


def optional(ca: str = "ca.pem", **more: Any) -> dict[str, Any]:
    return {"cert_reqs": 1, "ca_certs": ca, **more}


def required(ca: str = "ca.pem", **more: Any) -> dict[str, Any]:
    return {"cert_reqs": 2, "ca_certs": ca, **more}


def own(certfile: str, keyfile: str, **more: Any) -> dict[str, Any]:
    return {"certfile": certfile, "keyfile": keyfile, **more}


OK = same("ok")
NO = same(VERIFY)
UNKNOWN_CA = {"peer_saw": "TLSV1_ALERT_UNKNOWN_CA"}
BAD_CERTIFICATE = {"peer_saw": "SSLV3_ALERT_BAD_CERTIFICATE"}
UNSUPPORTED = {"peer_saw": "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"}
UNKNOWN = {"peer_saw": "SSLV3_ALERT_CERTIFICATE_UNKNOWN"}

TRUST = [
    Row("trust-none-good-ca", "trust", "good", none(), **OK),
    Row("trust-none-wrong-ca", "trust", "good", none("other-ca.pem"), **OK),
    Row("trust-none-expired-leaf", "trust", "expired", none(), **OK),
    Row("trust-none-leaf-eku-client-only", "trust", "eku-client", none(), **OK),
    Row("trust-none-no-ca-file", "trust", "selfsigned", {}, **OK),
    Row("trust-optional-wrong-ca", "trust", "good", optional("other-ca.pem"), **flags(8)),
    Row("trust-optional-selfsigned-leaf-unknown", "trust", "selfsigned", optional(), **flags(8)),
    Row("trust-optional-selfsigned-catrue-is-ca-file", "trust", "selfsigned-ca", optional("selfsigned-ca.crt"), **OK),
    Row("trust-optional-leaf-itself-as-ca-file", "trust", "good", optional("good-as-ca.pem"), **flags(8)),
    Row("trust-optional-future-leaf", "trust", "future", optional(), **OK),
    Row("trust-optional-expired-root", "trust", "under-expired-ca", optional("expired-ca.pem"), **OK),
    Row("trust-optional-intermediate-missing", "trust", "inter-leaf", optional(), **flags(8)),
    Row("trust-optional-intermediate-only-in-ca-file", "trust", "inter-leaf", optional("inter-only.pem"), **OK),
    Row("trust-optional-chain-with-root-sent", "trust", "inter-chain-root", optional(), **OK),
    Row("trust-optional-chain-out-of-order", "trust", "inter-disorder", optional(), **OK),
    Row("trust-optional-bundle-without-right-root", "trust", "good", optional("bundle-without.pem"), **flags(8)),
    Row("trust-optional-issuer-not-a-ca", "trust", "under-not-ca", optional("not-ca.pem"), **flags(8)),
    Row("trust-optional-issuer-x509v1-root", "trust", "under-v1-ca", optional("v1-ca.pem"), **OK),
    Row("trust-optional-leaf-eku-client-only", "trust", "eku-client", optional(), **flags(4096)),
    Row("trust-required-good-ca", "trust", "good", required(), **OK),
    Row("trust-required-wrong-ca", "trust", "good", required("other-ca.pem"), **NO, **UNKNOWN_CA),
    Row("trust-required-selfsigned-leaf-is-ca-file", "trust", "selfsigned", required("selfsigned.crt"), **OK),
    Row("trust-required-selfsigned-catrue-is-ca-file", "trust", "selfsigned-ca", required("selfsigned-ca.crt"), **OK),
    Row("trust-required-expired-leaf", "trust", "expired", required(), **OK),
    Row("trust-required-future-leaf", "trust", "future", required(), **OK),
    Row("trust-required-intermediate-sent", "trust", "inter-chain", required(), **OK),
    Row("trust-required-intermediate-missing", "trust", "inter-leaf", required(), **NO, **UNKNOWN_CA),
    Row(
        "trust-required-intermediate-sent-and-only-it-in-ca-file",
        "trust",
        "inter-chain",
        required("inter-only.pem"),
        **OK,
    ),
    Row("trust-required-chain-with-root-sent", "trust", "inter-chain-root", required(), **OK),
    Row("trust-required-bundle-of-three", "trust", "good", required("bundle.pem"), **OK),
    Row("trust-required-bundle-without-right-root", "trust", "good", required("bundle-without.pem"), **NO),
    Row("trust-required-issuer-v3-without-basic-constraints", "trust", "under-nobc-ca", required("nobc-ca.pem"), **NO),
    Row("trust-required-issuer-x509v1-root", "trust", "under-v1-ca", required("v1-ca.pem"), **OK),
    Row("trust-required-leaf-eku-server", "trust", "eku-server", required(), **OK),
    Row("trust-certreqs-4", "trust", "good", {"cert_reqs": 4, "ca_certs": "other-ca.pem"}, **OK),
    Row("trust-certreqs-5", "trust", "good", {"cert_reqs": 5, "ca_certs": "other-ca.pem"}, **flags(8)),
    Row("trust-certreqs--1", "trust", "good", {"cert_reqs": -1, "ca_certs": "other-ca.pem"}, **NO),
]


def host(name: str, **more: Any) -> dict[str, Any]:
    return required(server_hostname=name, **more)


HOSTNAME = [
    Row("hostname-required-none", "hostname", "good", required(), **OK),
    Row("hostname-required-san-match", "hostname", "good", host("device.test"), **OK),
    Row("hostname-required-san-match-uppercase", "hostname", "good", host("DEVICE.Test"), **OK),
    Row("hostname-required-trailing-dot", "hostname", "good", host("device.test."), **NO),
    Row("hostname-required-mismatch", "hostname", "good", host("wrong.test"), **NO, **BAD_CERTIFICATE),
    Row("hostname-optional-mismatch", "hostname", "good", optional(server_hostname="wrong.test"), **flags(4)),
    Row("hostname-required-cn-only-match", "hostname", "cn-only", host("device.test"), **OK),
    Row("hostname-required-cn-match-but-san-differs", "hostname", "cn-differs", host("cn.test"), **NO),
    Row(
        "hostname-optional-cn-match-but-san-differs",
        "hostname",
        "cn-differs",
        optional(server_hostname="cn.test"),
        **flags(4),
    ),
    Row("hostname-required-wildcard-one-label", "hostname", "wild", host("a.wild.test"), **OK),
    Row("hostname-required-wildcard-two-labels", "hostname", "wild", host("a.b.wild.test"), **NO),
    Row(
        "hostname-optional-wildcard-two-labels",
        "hostname",
        "wild",
        optional(server_hostname="a.b.wild.test"),
        **flags(4),
    ),
    Row("hostname-required-wildcard-in-cn", "hostname", "wild-cn", host("a.wild.test"), **OK),
    Row("hostname-required-ip-with-ip-san", "hostname", "ip-san", host("127.0.0.1"), **NO),
    Row("hostname-required-ip-with-ip-san-and-cn", "hostname", "ip-san-cn", host("127.0.0.1"), **NO),
    Row("hostname-required-ip-with-ip-cn-no-san", "hostname", "ip-cn", host("127.0.0.1"), **OK),
    Row("hostname-required-ip-as-dns-san", "hostname", "ip-dns", host("127.0.0.1"), **OK),
    Row("hostname-required-empty", "hostname", "good", host(""), **NO),
    Row("hostname-required-empty-cn-only", "hostname", "cn-only", host(""), **NO),
    Row("hostname-required-long-256", "hostname", "good", host("a" * 256), **same("OSError -28928")),
    Row("hostname-none-mismatch", "hostname", "good", {"server_hostname": "wrong.test"}, **OK),
    Row(
        "hostname-optional-mismatch-and-wrong-ca",
        "hostname",
        "good",
        optional("other-ca.pem", server_hostname="wrong.test"),
        **flags(12),
    ),
    Row(
        "hostname-optional-mismatch-and-wrong-eku",
        "hostname",
        "eku-client",
        optional(server_hostname="wrong.test"),
        **flags(4100),
    ),
]

ALERT = same("OSError -30592")
CLIENT_CERT = [
    Row("clientcert-not-asked-not-given", "client-cert", "good", {}, **OK),
    Row("clientcert-not-asked-given", "client-cert", "good", own("client.crt", "client.key"), **OK),
    Row("clientcert-required-given", "client-cert", "asks", own("client.crt", "client.key"), **OK),
    Row("clientcert-required-given-ec", "client-cert", "asks", own("client-ec.crt", "client-ec.key"), **OK),
    Row(
        "clientcert-required-missing",
        "client-cert",
        "asks",
        {},
        **ALERT,
        peer_saw="PEER_DID_NOT_RETURN_A_CERTIFICATE",
    ),
    Row("clientcert-required-wrong-ca", "client-cert", "asks", own("client-other.crt", "client-other.key"), **ALERT),
    Row("clientcert-certfile-without-keyfile", "client-cert", "asks", {"certfile": "client.crt"}, **ALERT),
    Row("clientcert-certfile-alone-missing-file", "client-cert", "good", {"certfile": "nosuch.crt"}, **OK),
    Row("clientcert-mismatched-key-rsa", "client-cert", "asks", own("client.crt", "client-mismatch.key"), **ALERT),
    Row("clientcert-mismatched-key-kind", "client-cert", "asks", own("client.crt", "client-ec.key"), **ALERT),
    Row("clientcert-mismatched-key-not-asked", "client-cert", "good", own("client.crt", "client-mismatch.key"), **OK),
    Row("clientcert-ed25519", "client-cert", "asks", own("ed25519.crt", "ed25519.key"), **same("OSError -15488")),
    Row("clientcert-swapped-files", "client-cert", "asks", own("client.key", "client.crt"), **same("OSError -8576")),
    Row("clientcert-required-missing-tls10", "client-cert", "asks-tls10", {}, **ALERT),
]

KEY_TYPE = [
    Row("keytype-rsa-2048-required", "key-type", "good", required(), **OK),
    Row("keytype-rsa-3072-required", "key-type", "rsa-3072", required(), **OK),
    Row("keytype-ec-p-256-required", "key-type", "p-256", required(), **OK),
    Row("keytype-ec-p-384-required", "key-type", "p-384", required(), **OK),
    Row("keytype-ed25519-required", "key-type", "ed25519", required(), **ALERT),
    Row("keytype-rsa-1024-required", "key-type", "rsa-1024", required(), **NO, **UNSUPPORTED),
    Row("keytype-rsa-1024-none", "key-type", "rsa-1024", none(), **OK),
    Row("keytype-rsa-1024-root-optional", "key-type", "under-small-ca", optional("small-ca.pem"), **flags(65536)),
    Row("keytype-rsa-1024-root-required", "key-type", "under-small-ca", required("small-ca.pem"), **NO),
    Row("keytype-ed25519-signed-leaf-none", "key-type", "ed25519-signed", {}, **same("OSError -27904")),
    Row("keytype-sha384-signature", "key-type", "sha384", required(), **OK),
]


def key(file: str, outcome: str, name: str, certfile: str = "client.crt") -> Row:
    return Row(f"keyformat-{name}", "key-format", "asks", own(certfile, file), **same(outcome))


KEY_FORMAT = [
    key("k-pkcs1.pem", "ok", "rsa-pkcs1"),
    key("k-pkcs8.pem", "ok", "rsa-pkcs8"),
    key("k-ec-pkcs8.pem", "ok", "ec-pkcs8", "client-ec.crt"),
    key("k-sec1.pem", "ok", "ec-sec1", "client-ec.crt"),
    key("k-sec1-params.pem", "ok", "ec-sec1-with-params-block", "client-ec.crt"),
    key("k-pkcs1-3des.pem", "OSError -4736", "rsa-pkcs1-encrypted-3des"),
    key("k-pkcs1-aes.pem", "OSError -15232", "rsa-pkcs1-encrypted-aes"),
    key("k-pkcs8-enc.pem", "OSError -15360", "rsa-pkcs8-encrypted"),
    key("k-pkcs8.der", "OSError -15616", "rsa-pkcs8-der"),
    key("ed25519.key", "OSError -31104", "ed25519"),
    key("k-trunc.pem", "OSError -15616", "truncated"),
    key("f-empty.pem", "OSError -15616", "empty"),
    key("f-garbage.bin", "OSError -15616", "garbage"),
    key("k-public.pem", "OSError -15616", "public-key"),
    key("k-crlf.pem", "ok", "crlf"),
    key("k-and-cert.pem", "ok", "key-then-cert"),
    key("cert-and-k.pem", "ok", "cert-then-key"),
    key("k-bom.pem", "ok", "utf8-bom"),
    key("client.crt", "OSError -15616", "certificate"),
    Row("certformat-combined-with-key-first", "key-format", "asks", own("k-and-cert.pem", "client.key"), **OK),
    Row("certformat-empty", "key-format", "asks", own("f-empty.pem", "client.key"), **same("OSError -8576")),
]


def ca(file: str, outcome: str, name: str) -> Row:
    return Row(f"cafile-{name}", "ca-file", "good", required(file), **same(outcome))


CA_FILE = [
    ca("ca.pem", "ok", "pem"),
    ca("f-der.der", "OSError -8576", "der"),
    ca("f-preamble.pem", "ok", "text-preamble"),
    ca("f-crlf.pem", "ok", "crlf"),
    ca("f-cr.pem", "OSError -10112", "cr-only"),
    ca("f-no-newline.pem", "ok", "no-final-newline"),
    ca("f-one-line.pem", "ok", "one-long-line"),
    ca("f-bom.pem", "ok", "byte-order-mark"),
    ca("f-trunc.pem", "OSError -10112", "truncated"),
    ca("f-footer-cut.pem", "OSError -10112", "footer-cut"),
    ca("f-empty.pem", "OSError -8576", "empty"),
    ca("f-spaces.pem", "OSError -8576", "whitespace"),
    ca("f-text.pem", "OSError -8576", "text"),
    ca("f-garbage.bin", "OSError -8576", "garbage"),
    ca("f-nul.bin", "OSError -8576", "nul-bytes"),
    ca("f-tail-garbage.pem", "ok", "tail-garbage"),
    ca("f-nul-after.pem", "ok", "nul-then-second-cert"),
    ca("f-nul-before.pem", VERIFY, "right-cert-after-nul"),
    ca("f-bad-base64.pem", "OSError -4396", "bad-base64"),
    ca("f-bad-der.pem", "OSError -8576", "bad-der"),
    ca("f-bundle-bad-der-last.pem", "ok", "bundle-bad-der-last"),
    ca("f-bundle-bad-base64-first.pem", "ok", "bundle-bad-base64-first"),
    ca("f-bundle-bad-and-other.pem", VERIFY, "bundle-bad-and-other"),
    ca("f-bundle-ed25519.pem", "ok", "bundle-ed25519-first"),
    ca("ed25519-ca.pem", "OSError -9774", "ed25519-alone"),
    ca("f-x509-label.pem", "OSError -8576", "x509-label"),
    ca("f-trusted-label.pem", "OSError -8576", "trusted-label"),
    ca("f-indented.pem", "OSError -4396", "indented"),
    ca("f-key.pem", "OSError -8576", "private-key"),
    ca("f-256.pem", "ok", "size-multiple-of-256"),
    Row("cafile-garbage-cert-none", "ca-file", "good", none("f-garbage.bin"), **OK),
]

FILES = [
    Row("files-ca-missing", "files", "good", required("nosuch.pem"), **same("OSError CA file not found")),
    Row("files-ca-missing-cert-none", "files", "good", none("nosuch.pem"), **OK),
    Row(
        "files-cert-missing",
        "files",
        "good",
        own("nosuch.crt", "client.key"),
        **same("OSError certificate file not found"),
    ),
    Row("files-key-missing", "files", "good", own("client.crt", "nosuch.key"), **same("OSError key file not found")),
    Row(
        "files-cert-directory",
        "files",
        "good",
        own("adir", "client.key"),
        **same("OSError certificate file not found"),
    ),
    Row("files-key-directory", "files", "good", own("client.crt", "adir"), **same("OSError key file not found")),
    Row(
        "files-ca-bad-and-cert-missing",
        "files",
        "good",
        required("f-text.pem", certfile="nosuch.crt", keyfile="nosuch.key"),
        **same("OSError certificate file not found"),
    ),
    Row("files-key-only-missing", "files", "good", {"keyfile": "nosuch.key"}, **OK),
]

GCM = "ECDHE-RSA-AES256-GCM-SHA384"
CBC = "ECDHE-RSA-AES256-SHA"
VERSION = [
    Row("version-server-1.0-only", "version", "tls10", required(), **OK, version="TLSv1", cipher=CBC),
    Row("version-server-1.1-only", "version", "tls11", required(), **OK, version="TLSv1.1", cipher=CBC),
    Row("version-server-1.3-only", "version", "tls13", required(), **ALERT),
    Row("version-server-1.2-and-1.3", "version", "tls12-13", required(), **OK, version="TLSv1.2", cipher=GCM),
]

WEAK = [
    Row("weak-sha1-signed-leaf-required", "weak", "sha1", required(), **NO, **UNKNOWN),
    Row("weak-sha1-signed-leaf-optional", "weak", "sha1", optional(), **flags(16384)),
    Row("weak-md5-signed-leaf-required", "weak", "md5", required(), **NO),
    Row("weak-md5-signed-leaf-optional", "weak", "md5", optional(), **flags(16384)),
    Row("weak-sha1-signed-root", "weak", "under-sha1-ca", required("ca-sha1.pem"), **OK, cipher=GCM),
    Row("weak-3des-only", "weak", "3des", {}, **ALERT),
    Row("weak-camellia-only", "weak", "camellia", {}, **ALERT),
    Row("weak-chacha20-only", "weak", "chacha", {}, **ALERT),
    Row("weak-static-rsa-only", "weak", "static-rsa", {}, **OK, cipher="AES128-SHA"),
    Row("weak-static-rsa-gcm", "weak", "static-rsa-gcm", {}, **OK, cipher="AES128-GCM-SHA256"),
    Row("weak-dhe-2048-only", "weak", "dhe", {}, **OK, cipher="DHE-RSA-AES128-SHA"),
]

GROUPS = [
    Row("keytype-ec-secp256k1-required", "key-type", "p-256k1", required(), **OK),
    Row("weak-x25519-only", "weak", "x25519", {}, **OK, cipher="DHE-RSA-AES256-GCM-SHA384"),
    Row("weak-x25519-only-ecdhe-only", "weak", "x25519-ecdhe", {}, **ALERT, peer_saw="NO_SHARED_CIPHER"),
]
"""Rows that hold where the board's list of groups is offered: on the command line, and as a library from CPython 3.15 on."""

RESUMPTION = [
    Row("resume-ticket", "resumption", "echo", required(), **OK, steps=ECHO + AGAIN, resumed=True),
    Row("resume-session-id", "resumption", "echo-no-tickets", required(), **OK, steps=ECHO + AGAIN, resumed=True),
    Row(
        "resume-refused-no-tickets-no-cache",
        "resumption",
        "echo-forgetful",
        required(),
        **OK,
        steps=ECHO + AGAIN,
        resumed=False,
    ),
    Row("resume-session-from-other-server", "resumption", "echo-then-other", required(), **NO, steps=ECHO + AGAIN),
    Row(
        "resume-required-after-none-wrong-ca",
        "resumption",
        "echo",
        {},
        **OK,
        steps=ECHO + AGAIN,
        later=required("other-ca.pem"),
        resumed=True,
    ),
    Row(
        "resume-required-after-none-wrong-ca-refused",
        "resumption",
        "echo-forgetful",
        {},
        **NO,
        steps=ECHO + AGAIN,
        later=required("other-ca.pem"),
    ),
    Row(
        "resume-none-after-required",
        "resumption",
        "echo",
        required(),
        **OK,
        steps=ECHO + AGAIN,
        later={"cert_reqs": 0},
        resumed=True,
    ),
    Row(
        "resume-none-after-optional-failed",
        "resumption",
        "echo",
        optional("other-ca.pem"),
        "OSError 8",
        "OSError -1",
        steps="wrap! save close wrap+",
        later={"cert_reqs": 0},
    ),
    Row(
        "resume-none-after-optional-failed-refused",
        "resumption",
        "echo-forgetful",
        optional("other-ca.pem"),
        "OSError 8",
        None,
        steps="wrap! save close wrap+",
        later={"cert_reqs": 0},
    ),
    Row(
        "resume-tls10",
        "resumption",
        "echo-tls10",
        {},
        **OK,
        steps=ECHO + AGAIN,
        version="TLSv1",
        resumed=True,
    ),
    Row("save-before-connect", "resumption", "good", {}, "OSError -28928", None, steps="only-wrap save"),
    Row("save-twice", "resumption", "good", {}, **OK, steps="wrap save save"),
    Row(
        "resume-reuse-session-twice",
        "resumption",
        "echo",
        {},
        **OK,
        steps=ECHO + AGAIN + " wrap+",
        resumed=True,
    ),
]

PEER = [
    Row("peer-http", "peer", "http", {}, **same("OSError -29184")),
    Row("peer-banner", "peer", "banner", {}, **same("OSError -29184")),
    Row("peer-garbage-record", "peer", "garbage-record", {}, **same("OSError -28800")),
    Row("peer-record-too-big", "peer", "record-too-big", {}, **same("OSError -29184")),
    Row("peer-alert-close-notify", "peer", "close-notify", {}, **same("OSError -30848")),
    Row("peer-appdata", "peer", "appdata", {}, **same("OSError -30464")),
    Row("peer-fin-after-hello", "peer", "fin", {}, **same("OSError -29312")),
    Row("peer-rst-after-hello", "peer", "rst", {}, **same("OSError -80")),
    Row("peer-refused", "peer", "nobody", {}, **same("OSError 111")),
]

HANG = same("hangs")
TIMEOUT = [
    Row("timeout-silent-default", "timeout", "silent", {}, **HANG),
    Row("timeout-silent-timeout-1", "timeout", "silent", {"timeout": 1}, **HANG),
    Row("timeout-silent-settimeout-before-connect", "timeout", "silent", {}, "hangs", None, steps="wrap=1"),
    Row(
        "timeout-settimeout-connect-optional-untrusted",
        "timeout",
        "good",
        optional("other-ca.pem"),
        "OSError 8",
        None,
        steps="wrap=2",
    ),
]

IO = [
    Row(
        "io-recv-settimeout-0.5-silent",
        "io",
        "good",
        {},
        **same("TimeoutError timed out"),
        steps="wrap settimeout=0.05 recv=10",
    ),
    Row("io-recv-settimeout-0-silent", "io", "good-silent", {}, **HANG, steps="wrap settimeout=0 recv=10"),
    Row("io-recv-default-silent", "io", "good-silent", {}, **HANG, steps="wrap recv=10"),
    Row("io-recv-after-close-notify", "io", "says-goodbye", {}, **OK, steps="wrap recv=10 recv=10 recv=10", value=b""),
    Row("io-recv-after-fin", "io", "says-fin", {}, **OK, steps="wrap recv=10 recv=10", value=b""),
    Row("io-recv-twice-after-fin", "io", "says-fin", {}, **OK, steps="wrap recv=10 recv=10 recv=10", value=b""),
    Row("io-recv-in-pieces", "io", "says-fin", {}, **OK, steps="wrap recv=2 recv=10", value=b"llo"),
    Row("io-recv-more-than-a-record", "io", "says-40000", {}, **OK, steps="wrap recv=65536", value=b"x" * 16384),
    Row("io-send-16384", "io", "good", {}, **OK, steps="wrap sendn=16384", value=16384),
    Row("io-send-more-than-a-record", "io", "good", {}, **OK, steps="wrap sendn=40000", value=16384),
    Row("io-close-then-recv", "io", "good", {}, **same("OSError -28928"), steps="wrap close recv=10"),
    Row(
        "io-use-after-optional-failure",
        "io",
        "echo",
        optional("other-ca.pem"),
        "ok",
        None,
        steps="wrap! send=ping recv=100 close",
        value=b"ping",
    ),
    Row(
        "io-recv-settimeout-0-late-data",
        "io",
        "says-late",
        {},
        **OK,
        steps="wrap settimeout=0 recv=10",
        value=b"late",
    ),
    Row("io-recv-before-connect", "io", "good", {}, "OSError -28928", None, steps="only-wrap recv=10"),
]

GOOD = own("good.crt", "good.key")
SERVER_SIDE = {"server_side": True, **GOOD}
UNUSUAL_SERVER = [
    Row("server-wrapped-then-connected", "server", "closes", SERVER_SIDE, "OSError -29312", None),
    Row(
        "server-with-saved-session",
        "server",
        "good",
        {},
        "OSError -28928",
        None,
        steps="wrap save close wrap+",
        later=SERVER_SIDE,
    ),
]

RAW_SOCKET = [
    Row(
        "resume-optional-failed-then-wrap",
        "resumption",
        "echo",
        optional("other-ca.pem"),
        "OSError -1",
        None,
        steps="wrap! save close wrap+cw",
        later={"cert_reqs": 0},
    ),
    Row(
        "resume-documented-example",
        "resumption",
        "echo",
        {},
        "OSError 9",
        None,
        steps="wrap send=ping recv=100 save close wrap+same",
    ),
    Row(
        "timeout-silent-raw-settimeout-before-wrap",
        "timeout",
        "silent",
        {},
        None,
        "hangs",
        steps="rawsettimeout=1 wrap+same",
    ),
    Row(
        "io-recv-raw-timeout-inherited",
        "io",
        "good-silent",
        {},
        None,
        "hangs",
        steps="rawsettimeout=1 wrap+same recv=10",
    ),
]
"""Rows that need a whole board: they work on the raw socket, or change between the two orders."""

CLIENT_ROWS = [
    *TRUST,
    *HOSTNAME,
    *CLIENT_CERT,
    *KEY_TYPE,
    *KEY_FORMAT,
    *CA_FILE,
    *FILES,
    *VERSION,
    *WEAK,
    *RESUMPTION,
    *PEER,
    *TIMEOUT,
    *IO,
    *UNUSUAL_SERVER,
]
"""The device connects; `ussl_shim` alone can run them all."""


@dataclass(frozen=True)
class ServerRow:
    """The device is the server; ``client`` names the peer that connects."""

    id: str
    client: str
    call: dict[str, Any]
    outcome: str
    version: str | None = None
    cipher: str | None = None
    client_error: str | None = None
    group: str = "server"


DONE: dict[str, Any] = {"outcome": "ok", "cipher": GCM}
SERVER_ROWS = [
    ServerRow("server-plain-client", "plain", GOOD, **DONE),
    ServerRow("server-client-1.0-only", "tls10", GOOD, "ok", "TLSv1", CBC),
    ServerRow("server-client-1.2-only", "tls12", GOOD, "ok", "TLSv1.2", GCM),
    ServerRow("server-client-1.3-only", "tls13", GOOD, "OSError -29568"),
    ServerRow("server-ec-cert", "plain", own("p-256.crt", "p-256.key"), "ok", cipher="ECDHE-ECDSA-AES256-GCM-SHA384"),
    ServerRow("server-chain", "trusting", own("inter-chain.crt", "inter-chain.key"), **DONE),
    ServerRow("server-client-wrong-name", "wrong-name", GOOD, "OSError -30592"),
    ServerRow("server-optional-client-without-cert", "plain", GOOD | optional(), "OSError -1"),
    ServerRow("server-optional-client-wrong-ca", "client-other", GOOD | optional(), "OSError -1"),
    ServerRow("server-optional-client-expired-cert", "client-expired", GOOD | optional(), **DONE),
    ServerRow("server-required-client-without-cert", "plain", GOOD | required(), "OSError -29824"),
    ServerRow("server-required-client-good-cert", "client", GOOD | required(), **DONE),
    ServerRow("server-required-client-expired-cert", "client-expired", GOOD | required(), **DONE),
    ServerRow("server-required-client-wrong-ca", "client-other", GOOD | required(), VERIFY),
    ServerRow("server-required-client-server-eku", "client-server-eku", GOOD | required(), "OSError -31232"),
    ServerRow("server-mismatched-key", "plain", own("good.crt", "client.key"), "OSError -30592"),
    ServerRow("server-mismatched-key-kind", "plain", own("good.crt", "client-ec.key"), "OSError -30592"),
    ServerRow("server-client-closes-at-once", "hang-up", GOOD, "OSError -29312"),
    ServerRow("server-client-http", "http", GOOD, "OSError -30976"),
    ServerRow("server-silent-client", "silent", GOOD, "hangs"),
    ServerRow("server-rsa1024-cert", "plain", own("rsa-1024.crt", "rsa-1024.key"), **DONE),
    ServerRow("server-client-only-chacha", "chacha", GOOD, "OSError -29568"),
]


@dataclass(frozen=True)
class ArgumentRow:
    """A call with a raw socket ``s``, an ssl socket ``ss`` and a LoRa socket ``lora``; nothing goes over a network."""

    id: str
    call: str
    outcome: str
    group: str = "args"


NO_INT = "TypeError can't convert {} to int"
NO_STR = "TypeError can't convert 'int' object to str implicitly"
INVALID = "ValueError invalid argument(s) value"
MISSING = "cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/nosuch.pem'"
ARGUMENT_ROWS = [
    ArgumentRow("args-no-arguments", "wrap_socket()", "TypeError 'sock' argument required"),
    ArgumentRow(
        "args-two-positional", "wrap_socket(s, '/flash/cert/k.pem')", "TypeError extra positional arguments given"
    ),
    ArgumentRow("args-certreqs-none", "wrap_socket(s, cert_reqs=None)", NO_INT.format("NoneType")),
    ArgumentRow("args-certreqs-str", "wrap_socket(s, cert_reqs='2')", NO_INT.format("str")),
    ArgumentRow("args-certreqs-true-no-ca", "wrap_socket(s, cert_reqs=True)", INVALID),
    ArgumentRow("args-ssl-version-none", "wrap_socket(s, ssl_version=None)", NO_INT.format("NoneType")),
    ArgumentRow("args-optional-without-ca", "wrap_socket(s, cert_reqs=ssl.CERT_OPTIONAL, ca_certs=None)", INVALID),
    ArgumentRow("args-server-without-cert", "wrap_socket(s, server_side=True)", INVALID),
    ArgumentRow("args-keyfile-int", "wrap_socket(s, keyfile=5)", NO_STR),
    ArgumentRow("args-certfile-int-alone", "wrap_socket(s, certfile=5, keyfile=None)", NO_STR),
    ArgumentRow("args-ca-int-cert-none", "wrap_socket(s, cert_reqs=ssl.CERT_NONE, ca_certs=5)", "ok"),
    ArgumentRow("args-hostname-int", "wrap_socket(s, server_hostname=5)", NO_STR),
    ArgumentRow("args-sock-none", "wrap_socket(None)", INVALID),
    ArgumentRow("args-sock-int", "wrap_socket(3)", INVALID),
    ArgumentRow("args-sock-lora", "wrap_socket(lora)", INVALID),
    ArgumentRow("args-saved-session-wrong-type", "wrap_socket(s, saved_session='x')", INVALID),
    ArgumentRow("args-timeout-float", "wrap_socket(s, timeout=1.5)", NO_INT.format("float")),
    ArgumentRow("args-timeout-none", "wrap_socket(s, timeout=None)", "ok"),
    ArgumentRow("args-bad-sock-and-missing-ca-file", f"wrap_socket(None, {MISSING})", INVALID),
    ArgumentRow(
        "args-no-ca-and-keyfile-int",
        "wrap_socket(s, cert_reqs=ssl.CERT_REQUIRED, ca_certs=None, keyfile=5)",
        INVALID,
    ),
    ArgumentRow(
        "args-timeout-str-and-missing-ca-file", f"wrap_socket(s, timeout='5', {MISSING})", NO_INT.format("str")
    ),
    ArgumentRow("args-server-no-cert-and-bad-sock", "wrap_socket(None, server_side=True)", INVALID),
    ArgumentRow("args-save-session-extra", "save_session(ss, 1)", "TypeError extra positional arguments given"),
]

ONE_ORDER_MEASURED = ("ca-file", "files", "key-format")
"""Groups measured in one order only, where nothing depends on it."""
BEYOND = frozenset(
    {
        *(
            f"{row.id}/cw"
            for row in CLIENT_ROWS
            if row.group in ONE_ORDER_MEASURED and row.id != "cafile-bundle-bad-and-other"
        ),
        *(
            f"{name}/{path}"
            for name in (
                "hostname-required-mismatch",
                "hostname-required-wildcard-one-label",
                "hostname-required-ip-as-dns-san",
                "clientcert-required-given",
                "io-send-more-than-a-record",
            )
            for path in ("wc", "cw")
        ),
        *(
            f"{name}/wc"
            for name in (
                "keyformat-ec-sec1",
                "keyformat-rsa-pkcs1-encrypted-aes",
                "keyformat-empty",
                "keyformat-public-key",
                "keyformat-crlf",
                "cafile-cr-only",
                "cafile-one-long-line",
                "cafile-byte-order-mark",
                "cafile-footer-cut",
                "cafile-text",
                "cafile-right-cert-after-nul",
                "cafile-ed25519-alone",
                "cafile-trusted-label",
                "resume-none-after-optional-failed-refused",
            )
        ),
        "resume-none-after-optional-failed/cw",
        "server-required-client-wrong-ca/server",
        "server-client-http/server",
    }
)
"""Cases that follow from the rules and are tested, and that nobody measured; all others were measured or read."""


def seen(peer_connections: list[Seen]) -> Seen:
    """What the peer saw last."""
    return peer_connections[-1]
