"""What the host's reader is told. Every note names the cause, the evidence and what to do; none holds a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Final

from flashfs.notes import Note, Quirk
from ussl_shim import errors, explanations
from ussl_shim.arguments import BoundArguments
from ussl_shim.certfiles import ARGUMENTS, NOT_FOUND, CertificateFile, FileRefusedError, PathRefusal, Role, show_path
from ussl_shim.certificate import (
    CLIENT_AUTH,
    DIGITAL_SIGNATURE,
    KEY_ENCIPHERMENT,
    SERVER_AUTH,
    Certificate,
    CertificateError,
    show_name,
)
from ussl_shim.quirks import QUIRKS, TIMEOUT_EIGHT_BITS
from ussl_shim.results import Flag, describe_flags
from ussl_shim.trust import Verdict

_MODUSSL: Final = explanations.MODUSSL
_DOCUMENTATION: Final = "documentation: ussl, wrap_socket"
_MBEDTLS: Final = explanations.MBEDTLS
_MAX: Final = 240

# Alert numbers a peer sends (RFC 5246, 7.2 and RFC 6066).
_ALERTS: Final[dict[int, str]] = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    112: "unrecognized_name",
    116: "certificate_required",
    120: "no_application_protocol",
}
_ALERT_FIXES: Final[dict[int, str]] = {
    40: "the peer found nothing in common (the board: TLS 1.0-1.2, AES, no X25519), or wants a client certificate",
    42: "look at the peer's log: it did not like the board's certificate, or wants one (certfile= and keyfile=)",
    46: "look at the peer's log: it did not like the board's certificate",
    48: "the peer does not know the CA that signed the board's certificate",
    51: "check that keyfile= belongs to certfile=",
    70: "let the peer speak TLS 1.2 or older; the board has no TLS 1.3",
    116: "give certfile= and keyfile=: the peer wants a client certificate",
}


def alert_name(number: int) -> str:
    """``48`` -> ``alert 48 (unknown_ca)``."""
    return f"alert {number} ({_ALERTS.get(number, 'unknown')})"


def _cut(text: str) -> str:
    return text if len(text) <= _MAX else text[: _MAX - 3] + "..."


def _places(places: Sequence[str]) -> str:
    return f"a file of that name exists at {', '.join(places[:3])}" if places else ""


def path_refused(path: bytes, role: Role, refusal: PathRefusal, places: Sequence[str]) -> Note:
    """A path outside the places for certificates."""
    return Note(
        "ussl-path-refused",
        f"{NOT_FOUND[role]}: {ARGUMENTS[role]}={show_path(path)!r} is not a place for certificates",
        cause=refusal.reason,
        evidence=_cut(_places(places)),
        fix=f"put the file there by FTP and use {ARGUMENTS[role]}={refusal.instead!r} (or --cert-rules firmware)",
        source=_DOCUMENTATION,
    )


def file_not_found(path: bytes, role: Role, reason: str, places: Sequence[str]) -> Note:
    """A file the board could not read."""
    return Note(
        "ussl-file-not-found",
        f"{NOT_FOUND[role]}: {ARGUMENTS[role]}={show_path(path)!r} could not be read",
        cause=_cut(reason) or "the board could not open it",
        evidence=_cut(_places(places)),
        fix="upload it by FTP to /flash/cert/ and mind the spelling; on LittleFS case counts",
        source=_MODUSSL,
    )


def file_refused(path: bytes, role: Role, refused: FileRefusedError) -> Note:
    """A file that does not parse."""
    return Note(
        "ussl-file-refused",
        f"OSError({refused.number}): the board cannot use {ARGUMENTS[role]}={show_path(path)!r}",
        cause=explanations.meaning(refused.number, "the file does not parse"),
        evidence=f"{refused.remark}; {errors.describe(refused.number)}",
        fix=explanations.fix_for_file(refused.number, role),
        source=_MBEDTLS,
    )


def file_too_long(path: bytes, role: Role, size: int, heap: int) -> Note:
    """A file that does not fit the board's heap."""
    return Note(
        "ussl-file-too-long",
        f"MemoryError: {ARGUMENTS[role]}={show_path(path)!r} does not fit the board's heap",
        cause="the board reads the whole file into one piece of its heap, and on LittleFS may hang at the next file after",
        evidence=f"the file has {size} bytes, the heap {heap}",
        fix="keep only the certificates that are needed, such as the one root of the server",
        source="firmware: esp32/util/pycom_general_util.c, esp32/mptask.c",
    )


def blocks_skipped(path: bytes, role: Role, found: CertificateFile) -> Note:
    """A bundle of which some certificates do not parse."""
    return Note(
        "ussl-blocks-skipped",
        f"{len(found.skipped)} certificate(s) in {show_path(path)!r} do not parse and are skipped",
        cause="the board takes a bundle as long as one certificate in it parses",
        evidence=_cut("; ".join(found.skipped)),
        fix="remove or replace them",
        source=_MBEDTLS,
    )


def key_mismatch(path: bytes, leaf: Certificate) -> Note:
    """A key that is not the certificate's."""
    return Note(
        "ussl-key-mismatch",
        f"keyfile={show_path(path)!r} does not belong to certfile=",
        cause="the board does not check that; a peer that looks at the certificate will refuse it (OSError(-30592))",
        evidence=_cut(f"the certificate is for {show_name(leaf.subject)}"),
        fix="upload key and certificate of one pair",
        source=_MODUSSL,
    )


def key_unsound(path: bytes, number: int) -> Note:
    """A key that loads and does not work."""
    return Note(
        "ussl-key-unsound",
        f"keyfile={show_path(path)!r} loads, but the board cannot prove itself with it",
        cause=f"{explanations.meaning(number, 'it does not work')}; the board sees that only when it uses the key",
        evidence=f"OSError({number}) as soon as the peer asks for the board's certificate, or the board is the server",
        fix=explanations.FILE_FIXES["key"],
        source=_MBEDTLS,
    )


def lone_own_file(*, has_certificate: bool) -> Note:
    """``certfile`` without ``keyfile``, or the reverse."""
    given, missing = ("certfile", "keyfile") if has_certificate else ("keyfile", "certfile")
    return Note(
        "ussl-lone-own-file",
        f"{given}= without {missing}= is ignored",
        cause="the board reads its own certificate and key only when both are given",
        fix=f"give {missing}= too",
        source=_MODUSSL,
    )


_CALL: Final = ", ".join(field.name for field in fields(BoundArguments))
_RULES: Final[dict[str, tuple[str, str]]] = {
    "sock": (
        "sock must be exactly a socket.socket: no ssl socket, no LoRa or Sigfox socket, no number",
        "pass the socket that socket.socket() or accept() gave; wrap it once",
    ),
    "ca_certs": (
        "cert_reqs= other than CERT_NONE needs ca_certs=",
        "give ca_certs='/flash/cert/ca.pem', or leave cert_reqs out",
    ),
    "server": ("server_side=True needs both certfile= and keyfile=", "give both, with paths below /flash/cert/"),
    "saved_session": ("saved_session= takes only what save_session() gave", "pass the result of ssl.save_session(ss)"),
    "text": ("file names and server_hostname= are str or bytes", "give a str"),
    "timeout": ("timeout= is a whole number of seconds, or None", "give an int"),
    "int": ("cert_reqs= and ssl_version= are ints, and not None", "give ssl.CERT_NONE, CERT_OPTIONAL or CERT_REQUIRED"),
    "keywords": (f"the arguments are {_CALL}; all but sock by keyword", "remove what is not among them"),
}


def _wrong_argument(rule: str, exc: Exception, evidence: str) -> Note:
    cause, fix = _RULES[rule]
    title = f"{type(exc).__name__}: {exc}: wrap_socket cannot use these arguments"
    return Note("ussl-arguments-refused", title, cause=cause, evidence=_cut(evidence), fix=fix, source=_MODUSSL)


def _kind(name: str, value: object) -> str:
    return f"{name}= is {'None' if value is None else 'of type ' + type(value).__name__}"


def call_refused(exc: Exception, args: Sequence[object], kwargs: Mapping[str, object]) -> Note:
    """A call of ``wrap_socket`` whose arguments could not be bound. No value is shown, only names and types."""
    names = [field.name for field in fields(BoundArguments)]
    ints = [name for name in ("cert_reqs", "ssl_version") if name in kwargs]
    if len(args) > 1:
        return _wrong_argument("keywords", exc, f"{len(args)} arguments were given by position")
    for name in ints:
        value = kwargs[name]
        if not isinstance(value, int) or not -(1 << 31) <= value < 1 << 31:
            return _wrong_argument("int", exc, _kind(name, value))
    unknown = [name for name in kwargs if name not in names or (name == "sock" and args)]
    evidence = f"not taken: {', '.join(unknown)}" if unknown else "sock is missing"
    return _wrong_argument("keywords", exc, evidence)


def argument_refused(exc: Exception, bound: BoundArguments, *, sock_ok: bool, session_ok: bool) -> Note:
    """Arguments that were bound and then refused, in the order of the checks. No value is shown, only names and types."""
    if bound.cert_reqs != 0 and bound.ca_certs is None:
        return _wrong_argument("ca_certs", exc, f"cert_reqs={bound.cert_reqs}, ca_certs= is None")
    texts = ["keyfile", "certfile", *(["ca_certs"] if bound.cert_reqs != 0 else []), "server_hostname"]
    for name in texts:
        value = getattr(bound, name)
        if not isinstance(value, str | bytes | None):
            return _wrong_argument("text", exc, _kind(name, value))
    missing = [name for name in ("certfile", "keyfile") if getattr(bound, name) is None]
    if bound.server_side and missing:
        return _wrong_argument("server", exc, f"missing: {', '.join(missing)}")
    if not sock_ok:
        return _wrong_argument("sock", exc, _kind("sock", bound.sock))
    if not session_ok:
        return _wrong_argument("saved_session", exc, _kind("saved_session", bound.saved_session))
    return _wrong_argument("timeout", exc, _kind("timeout", bound.timeout))


def misuse(cause: str, fix: str) -> Note:
    """A call that ends in -28928."""
    return Note(
        "ussl-bad-input",
        f"OSError({errors.SSL_BAD_INPUT_DATA}): the call makes no sense to the TLS library",
        cause=cause,
        fix=fix,
        source=_MODUSSL,
    )


def _quirk(name: str) -> Quirk:
    return next(quirk for quirk in QUIRKS if quirk.name == name)


def quirk(name: str, title: str) -> Note:
    """A note about a place where the firmware does worse than we do."""
    row = _quirk(name)
    return Note(f"quirk-{name}", title, cause=row.note, evidence=row.board, source=row.source)


def timeout_eight_bits(timeout: int) -> Note:
    """A timeout that does not fit into eight bits."""
    return quirk(TIMEOUT_EIGHT_BITS, f"timeout={timeout} is {timeout & 0xFF} on 1.20.2.r4")


def unverified(peer: str, *, ca_given: bool) -> Note:
    """A connection whose server was not checked; ``ca_given`` where ca_certs was given in vain."""
    return Note(
        "ussl-unverified",
        f"{peer}: encrypted, but nobody checked who it is",
        cause="cert_reqs=CERT_NONE (the default) accepts any certificate" + ("; ca_certs is not even read" * ca_given),
        fix="cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca.pem', server_hostname='...'",
        source=_DOCUMENTATION,
    )


def name_unchecked(peer: str) -> Note:
    """A trusted certificate whose name was not compared."""
    return Note(
        "ussl-name-unchecked",
        f"{peer}: the certificate is trusted, but its name was not checked",
        cause="without server_hostname= the board accepts any certificate of that CA, whatever host it is for",
        fix="give server_hostname= the name in the server's certificate",
        source=_MBEDTLS,
    )


def name_not_sent(peer: str, host: bytes, obstacle: str) -> Note:
    """A server_hostname that the board sends as SNI and the host's library does not."""
    return Note(
        "ussl-name-not-sent",
        f"{peer}: server_hostname={show_path(host)!r} is not sent to the server",
        cause=f"the board sends {obstacle} as SNI like any other text; the host's TLS library refuses to",
        evidence="a server that chooses its certificate by SNI, or checks the name, may answer the board otherwise",
        fix="give server_hostname= the DNS name of the server",
        source=_MBEDTLS,
    )


def resumed_unchecked(peer: str) -> Note:
    """A resumed session, for which nothing is checked."""
    return Note(
        "ussl-resumed-unchecked",
        f"{peer}: the session was resumed, so this call's certificate checks were not made",
        cause="a resumed handshake shows no certificate; the board reuses the result of the first handshake",
        fix="connect without saved_session to have the certificate checked",
        source=_MBEDTLS,
    )


def stored_flags(peer: str, flags: int) -> Note:
    """A saved session that carries faults."""
    return Note(
        "ussl-stored-result",
        f"{peer}: the saved session carries a failed verification",
        cause=f"it was saved after a CERT_OPTIONAL failure: {describe_flags(flags)}",
        evidence=f"flags {flags}",
        fix="save the session of a connection that verified",
        source=_MBEDTLS,
    )


def _names_evidence(leaf: Certificate, host: bytes | None) -> str:
    offered = leaf.common_names if leaf.dns_names is None else leaf.dns_names
    kind = "common name" if leaf.dns_names is None else "DNS names"
    shown = ", ".join(name.decode("utf-8", "replace") for name in offered) or "none"
    return f"asked for {show_path(host or b'')!r}; {kind} in the certificate: {shown}"


_PURPOSES: Final[dict[str, str]] = {SERVER_AUTH: "serverAuth", CLIENT_AUTH: "clientAuth"}
_USAGES: Final[dict[int, str]] = {DIGITAL_SIGNATURE: "digitalSignature", KEY_ENCIPHERMENT: "keyEncipherment"}


def _usage_evidence(leaf: Certificate) -> str:
    parts = []
    if leaf.ext_key_usage is not None:
        purposes = sorted(_PURPOSES.get(oid, oid) for oid in leaf.ext_key_usage)
        parts.append(f"the certificate's extendedKeyUsage: {', '.join(purposes)}")
    if leaf.key_usage is not None:
        usages = [name for bit, name in _USAGES.items() if leaf.key_usage & bit]
        parts.append(f"the certificate's keyUsage: {', '.join(usages) or 'nothing that TLS needs'}")
    return "; ".join(parts)


def certificate_refused(
    peer: str, number: int | None, verdict: Verdict, host: bytes | None, anchors: Sequence[Certificate]
) -> Note:
    """The peer's certificate has faults; ``number`` is what ends the handshake, None with CERT_OPTIONAL."""
    flags = verdict.flags
    evidence: list[str] = []
    if verdict.missing_issuer is not None:
        roots = ", ".join(show_name(anchor.subject) for anchor in anchors[:3])
        evidence.append(f"issuer looked for: {show_name(verdict.missing_issuer)}; ca_certs holds: {roots}")
    if flags & Flag.NAME_MISMATCH and verdict.path:
        evidence.append(_names_evidence(verdict.path[0], host))
    if flags & Flag.BAD_HASH:
        evidence.append("signed with " + ", ".join(sorted({cert.signature.hash for cert in verdict.path})))
    if flags & Flag.KEY_TOO_SMALL:
        sizes = (f"{show_name(cert.subject)} {cert.key.bits} bits" for cert in verdict.path if cert.key.kind == "rsa")
        evidence.append("; ".join(sizes))
    if flags & (Flag.KEY_USAGE | Flag.EXT_KEY_USAGE) and verdict.path:
        evidence.append(_usage_evidence(verdict.path[0]))
    if flags & Flag.MISSING:
        evidence.append("the peer's list of certificates is empty")
    what = f"OSError({number})" if number is not None else f"flags {int(flags)} (handshake completed)"
    return Note(
        "ussl-certificate-refused",
        f"{peer}: certificate refused, {what}",
        cause=describe_flags(flags),
        evidence=_cut("; ".join(evidence)),
        fix=explanations.fix_for_flags(flags),
        source=_MBEDTLS,
    )


def chain_too_long(peer: str, length: int) -> Note:
    """A chain with more intermediates than the board follows; ``length`` certificates were walked."""
    number = errors.X509_FATAL_ERROR
    return Note(
        "ussl-chain-too-long",
        f"{peer}: certificate refused, OSError({number})",
        cause=explanations.meaning(number, "the chain is too long"),
        evidence=f"{length} certificates of the chain were looked at and none is signed by one in ca_certs",
        fix=explanations.fix(number),
        source=_MBEDTLS,
    )


def certificate_unreadable(peer: str, exc: CertificateError) -> Note:
    """A certificate of the peer that the board cannot parse."""
    return Note(
        "ussl-certificate-unreadable",
        f"{peer}: the board cannot read the certificate, OSError({exc.number})",
        cause=explanations.meaning(exc.number, "it does not parse"),
        evidence=errors.describe(exc.number),
        fix="use RSA or EC keys (no Ed25519) and SHA-256 signatures",
        source=_MBEDTLS,
    )


def handshake_failed(peer: str, number: int, remark: str, peer_alert: int | None, closed_by: str) -> Note:
    """The handshake ended for a reason other than the peer's certificate."""
    evidence = remark
    fix = explanations.fix(number)
    if peer_alert is not None:
        evidence = f"the peer sent {alert_name(peer_alert)}"
        fix = _ALERT_FIXES.get(peer_alert, fix or "look at the peer's log")
    return Note(
        "ussl-handshake-failed",
        f"{peer}: handshake failed, OSError({number})",
        cause=explanations.meaning(number, "the handshake cannot go on"),
        evidence=_cut("; ".join(part for part in (evidence, closed_by, errors.describe(number)) if part)),
        fix=fix,
        source=_MBEDTLS,
    )


def connection_failed(peer: str, number: int, doing: str, remark: str) -> Note:
    """A later call failed."""
    return Note(
        "ussl-connection-failed",
        f"{peer}: {doing} failed, OSError({number})",
        cause=explanations.meaning(number, "the connection broke"),
        evidence=_cut(remark),
        source=_MBEDTLS,
    )
