"""What the host's reader is told. Every note names the cause, the evidence and what to do; none holds a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flashfs.notes import Note, Quirk
from ussl_shim import errors, explanations
from ussl_shim.certfiles import ARGUMENTS, NOT_FOUND, CertificateFile, FileRefusedError, PathRefusal, Role, show_path
from ussl_shim.certificate import Certificate, CertificateError, show_name
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
        fix=explanations.FILE_FIXES[role],
        source=_MBEDTLS,
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


def unverified(peer: str, *, server_side: bool, ca_given: bool) -> Note:
    """A connection whose peer was not checked; ``ca_given`` where ca_certs was given in vain."""
    return Note(
        "ussl-unverified-client" if server_side else "ussl-unverified",
        f"{peer}: encrypted, but nobody checked who it is",
        cause="cert_reqs=CERT_NONE (the default) accepts any certificate" + ("; ca_certs is not even read" * ca_given),
        fix="cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca.pem', server_hostname='...'"
        if not server_side
        else "cert_reqs=ssl.CERT_REQUIRED and ca_certs= ask clients for a certificate",
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
    what = f"OSError({number})" if number is not None else f"flags {int(flags)} (handshake completed)"
    return Note(
        "ussl-certificate-refused",
        f"{peer}: certificate refused, {what}",
        cause=describe_flags(flags),
        evidence=_cut("; ".join(evidence)),
        fix=explanations.fix_for_flags(flags),
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
