"""What the board will make of certificate and key files, one by one and together. Reads bytes, touches no network.

The judgements are those of `certfiles`, `trust` and `names`; what is added are words, and the dates, which the board itself
never looks at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Final

from ussl_shim import certfiles, der, errors, explanations, x509
from ussl_shim.certfiles import FileRefusedError, Role
from ussl_shim.certificate import (
    CLIENT_AUTH,
    KEY_CERT_SIGN,
    SERVER_AUTH,
    Certificate,
    PublicKey,
    show_name,
)
from ussl_shim.der import Asn1Error, Reader
from ussl_shim.names import name_matches
from ussl_shim.plan import MAX_HOST_NAME
from ussl_shim.results import Flag, describe_flags
from ussl_shim.trust import MIN_RSA_BITS, WEAK_HASHES, check_chain
from ussl_shim.x509 import PrivateKey

ROLES: Final[tuple[Role, ...]] = ("ca", "certificate", "key")
_HASHES: Final = {"md5": "MD5", "sha1": "SHA-1"}
_SIGNERS: Final = {"rsa": "RSA", "rsa-pss": "RSA-PSS", "ecdsa": "ECDSA"}
_FORMS: Final = {"pkcs1": "PKCS#1", "sec1": "SEC1", "pkcs8": "PKCS#8"}


@dataclass
class CertificateReport:
    """One certificate in words. ``names`` are those the board compares with ``server_hostname``."""

    subject: str
    issuer: str
    names: list[str]
    names_from: str
    key: str
    signature: str
    ca: bool
    self_signed: bool
    meant_for: str
    not_before: str | None
    not_after: str | None


@dataclass
class FileReport:
    """One file. ``raises`` holds for each role the number ``wrap_socket`` would raise, None where it takes the file."""

    path: str
    content: str
    raises: dict[Role, int | None]
    certificates: list[CertificateReport] = field(default_factory=list)
    key: str | None = None
    warnings: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


@dataclass
class Trust:
    """Whether one file's certificate is trusted with another as ``ca_certs``; ``faults`` says ``flags`` in words."""

    certificate: str
    ca_certs: str
    trusted: bool
    flags: int
    faults: str


@dataclass
class Match:
    """Whether a certificate stands for the name that was asked about."""

    certificate: str
    name: str
    matches: bool


@dataclass
class Inspection:
    """Everything found. ``refusals`` are those that only show when the files are seen together."""

    files: list[FileReport]
    pairs: list[tuple[str, str]] = field(default_factory=list)
    trust: list[Trust] = field(default_factory=list)
    names: list[Match] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        return not self.refusals and not any(file.refusals for file in self.files)


@dataclass
class _File:
    report: FileReport
    certificates: tuple[Certificate, ...]
    key: PrivateKey | None

    @property
    def path(self) -> str:
        return self.report.path

    @property
    def leaf(self) -> Certificate | None:
        """The first certificate, where it is a server's or a client's and no CA's."""
        first = self.certificates[0] if self.certificates else None
        return first if first is not None and not first.is_ca and not _is_old_root(first) else None


def inspect(
    files: Mapping[str, bytes],
    *,
    role: Role | None = None,
    host: str | None = None,
    now: datetime | None = None,
) -> Inspection:
    """Judge files by path and content. ``role`` says what all of them are meant for; ``host`` is a server_hostname.

    A file is refused where the board would refuse it in ``role`` (without one: in every role), or would refuse a peer for
    what is in it as soon as cert_reqs is not CERT_NONE. ``now`` (default: the present) is compared with the dates.
    """
    now = now or datetime.now(timezone.utc)
    found = [_inspect_file(path, raw, role, now) for path, raw in files.items()]
    result = Inspection([file.report for file in found])
    _pairs(found, result)
    _trust(found, result, judged=role != "ca")
    if host is not None:
        _names(found, result, host)
    return result


def _inspect_file(path: str, raw: bytes, role: Role | None, now: datetime) -> _File:
    refused: dict[Role, FileRefusedError] = {}
    certificates: tuple[Certificate, ...] = ()
    skipped: tuple[str, ...] = ()
    try:
        read = certfiles.parse_certificates(raw)
        certificates, skipped = read.certificates, read.skipped
    except FileRefusedError as exc:
        refused["ca"] = refused["certificate"] = exc
    key, form = None, ""
    try:
        file = certfiles.parse_key(raw)
        form = _FORMS[file.form]
        key = x509.load_key(file)
    except FileRefusedError as exc:
        refused["key"] = exc
    report = FileReport(
        path,
        _content(raw, len(certificates), form),
        {one: refused[one].number if one in refused else None for one in ROLES},
        [_describe(cert) for cert in certificates],
        None if key is None else f"{key.description}, {form}",
    )
    _judge(report, raw, role, refused)
    if key is not None and key.fault is not None:
        meaning = explanations.meaning(key.fault, "the key does not work")
        report.refusals.append(f"as keyfile=: OSError({key.fault}) when a peer asks for the certificate: {meaning}")
    _warn_about_blocks(report, raw, skipped)
    for number, cert in enumerate(certificates):
        report.refusals += [_at(number, certificates, text) for text in _weaknesses(cert)]
        report.warnings += [_at(number, certificates, text) for text in _dates(cert, now)]
    if role == "ca" and certificates and not any(_anchors(cert) for cert in certificates):
        report.refusals.append("no certificate in it is a CA or self-signed, so as ca_certs it makes nothing trusted")
    return _File(report, certificates, key)


def _content(raw: bytes, certificates: int, form: str) -> str:
    parts = []
    if certificates:
        parts.append(f"{certificates} certificate" + "s" * (certificates > 1))
    if form:
        parts.append(f"a private key ({form})")
    return "PEM, " + " and ".join(parts) if parts else certfiles.describe_content(raw)


def _judge(report: FileReport, raw: bytes, role: Role | None, refused: Mapping[Role, FileRefusedError]) -> None:
    """The refusal of the file as a whole."""
    if role is None:
        if len(refused) < len(ROLES):
            return
        role = "key" if b"PRIVATE KEY-----" in raw or b"PUBLIC KEY-----" in raw else "ca"
    if role in refused:
        number = refused[role].number
        remark = refused[role].remark
        argument = certfiles.ARGUMENTS[role]
        fix = explanations.fix_for_file(number, role)
        report.refusals.append(f"as {argument}=: OSError({number}): {remark}; {fix}")


def _warn_about_blocks(report: FileReport, raw: bytes, skipped: Sequence[str]) -> None:
    report.warnings += [f"the board skips {text}" for text in skipped]
    seen = certfiles.cut_at_nul(raw)
    if len(seen) < len(raw) and seen.strip():
        report.warnings.append(f"the board reads only the {len(seen)} bytes before the first NUL, of {len(raw)}")


def _at(number: int, certificates: Sequence[Certificate], text: str) -> str:
    return f"certificate {number + 1}: {text}" if len(certificates) > 1 else text


def _describe(cert: Certificate) -> CertificateReport:
    offered = cert.common_names if cert.dns_names is None else cert.dns_names
    times = validity(cert)
    return CertificateReport(
        subject=show_name(cert.subject),
        issuer=show_name(cert.issuer),
        names=[name.decode("utf-8", "replace") for name in offered],
        names_from="common name" if cert.dns_names is None else "subjectAltName",
        key=_show_key(cert.key),
        signature=f"{_SIGNERS[cert.signature.kind]} with {_show_hash(cert.signature.hash)}",
        ca=cert.is_ca,
        self_signed=cert.self_issued,
        meant_for=_uses(cert),
        not_before=None if times is None else times[0].date().isoformat(),
        not_after=None if times is None else times[1].date().isoformat(),
    )


def _uses(cert: Certificate) -> str:
    """``servers``, ``clients``, both or neither, as extendedKeyUsage has it."""
    kinds = [word for word, oid in (("servers", SERVER_AUTH), ("clients", CLIENT_AUTH)) if cert.allows_purpose(oid)]
    return " and ".join(kinds) or "neither servers nor clients"


def _show_key(key: PublicKey) -> str:
    return f"RSA {key.bits} bits" if key.kind == "rsa" else f"EC {key.curve}"


def _show_hash(name: str) -> str:
    return _HASHES.get(name, name.upper().replace("SHA", "SHA-"))


def _weaknesses(cert: Certificate) -> Iterator[str]:
    """What makes the board refuse a peer with this certificate, whoever signed it."""
    if cert.key.kind == "rsa" and cert.key.counted_bits < MIN_RSA_BITS:
        yield f"an RSA key of {cert.key.bits} bits is too small: {_refused(Flag.KEY_TOO_SMALL)}"
    if cert.signature.hash in WEAK_HASHES and not (cert.self_issued and (cert.is_ca or _is_old_root(cert))):
        yield f"a signature with {_show_hash(cert.signature.hash)} is too weak: {_refused(Flag.BAD_HASH)}"


def _refused(flag: Flag) -> str:
    number = errors.X509_CERT_VERIFY_FAILED
    return f"OSError({number}) with CERT_REQUIRED, flag {int(flag)} with CERT_OPTIONAL"


def _dates(cert: Certificate, now: datetime) -> Iterator[str]:
    times = validity(cert)
    if times is None:
        return
    begin, end = times
    if end < now:
        yield f"it expired on {end.date()}; the board never looks at the dates, other peers do"
    elif begin > now:
        yield f"it is not valid before {begin.date()}; the board never looks at the dates, other peers do"


def validity(cert: Certificate) -> tuple[datetime, datetime] | None:
    """From when to when a certificate is valid, or None where the dates cannot be read."""
    try:
        fields = Reader(cert.signed).enter(der.SEQUENCE)
        for _ in range(4 if fields.peek() == 0xA0 else 3):  # version, serial number, algorithm, issuer
            fields.skip()
        period = fields.enter(der.SEQUENCE)
        return _time(period), _time(period)
    except (Asn1Error, ValueError):
        return None


def _time(period: Reader) -> datetime:
    """A UTCTime (years 1950 to 2049) or a GeneralizedTime. Raises ValueError and Asn1Error."""
    tag = period.peek()
    text = period.take(tag or 0x17).decode("ascii")
    if tag == 0x17:
        text = ("20" if text[:2] < "50" else "19") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)


def _is_old_root(cert: Certificate) -> bool:
    """Before X.509 version 3 there was no mark for a CA; the board takes such a one as an anchor."""
    return cert.version < 3 and cert.self_issued


def _may_sign(cert: Certificate) -> bool:
    return cert.version < 3 or (cert.is_ca and cert.allows(KEY_CERT_SIGN))


def _anchors(cert: Certificate) -> bool:
    return cert.self_issued or _may_sign(cert)


def _pairs(found: Sequence[_File], result: Inspection) -> None:
    """Which key belongs to which file's first certificate."""
    owners = [file for file in found if file.certificates]
    for file in found:
        if file.key is None:
            continue
        mine = [owner for owner in owners if file.key.belongs_to(owner.certificates[0])]
        result.pairs += [(file.path, owner.path) for owner in mine]
        if not mine and any(owner.leaf is not None for owner in owners):
            result.refusals.append(
                f"{file.path} belongs to none of the certificates; the board does not check that, but its peers answer "
                f"with OSError({errors.SSL_FATAL_ALERT_MESSAGE})"
            )


def _trust(found: Sequence[_File], result: Inspection, *, judged: bool) -> None:
    """Which file's certificates are trusted with which other file as ca_certs."""
    anchors = [file for file in found if any(_may_sign(cert) for cert in file.certificates)]
    for file in found:
        if not file.certificates or (file.certificates[0].self_issued and file.leaf is None):
            continue
        alone = [file] if file.certificates[0].self_issued else []
        rows = [_check(file, anchor) for anchor in [*alone, *(one for one in anchors if one is not file)]]
        result.trust += rows
        if judged and rows and file.leaf is not None and not any(row.trusted for row in rows):
            why = "; ".join(dict.fromkeys(row.faults for row in rows))
            result.refusals.append(
                f"{file.path} is trusted with none of the CA files: {why} (issuer: {show_name(file.leaf.issuer)})"
            )


def _check(file: _File, anchor: _File) -> Trust:
    verdict = check_chain(file.certificates, anchor.certificates, x509.signed_by)
    flags = verdict.flags
    return Trust(file.path, anchor.path, not flags, int(flags), describe_flags(flags))


def _names(found: Sequence[_File], result: Inspection, host: str) -> None:
    """The board's comparison of ``host`` with each server certificate."""
    raw = host.encode("utf-8", "surrogateescape").split(b"\0", 1)[0]
    if len(raw) > MAX_HOST_NAME:
        number = errors.SSL_BAD_INPUT_DATA
        result.refusals.append(f"a server_hostname of more than {MAX_HOST_NAME} characters: OSError({number})")
        return
    owners = [file for file in found if file.leaf is not None] or [file for file in found if file.certificates]
    for owner in owners:
        first = owner.certificates[0]
        matches = name_matches(raw, first.dns_names, first.common_names)
        result.names.append(Match(owner.path, host, matches))
        if matches and not first.allows_purpose(SERVER_AUTH):
            result.warnings.append(f"{owner.path} is not meant for servers: OSError({errors.SSL_BAD_HS_CERTIFICATE})")
    if not any(match.matches for match in result.names):
        which = "no certificate was given to compare it with" if not owners else _refused(Flag.NAME_MISMATCH)
        result.refusals.append(f"server_hostname={host!r} is in none of the certificates: {which}")
    if is_address(host):
        result.warnings.append(
            "the board compares an IP address as text, with DNS names or the CN, never with an IP entry"
        )


def is_address(host: str) -> bool:
    """True for an IPv4 or IPv6 address in text."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
