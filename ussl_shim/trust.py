"""Is a chain of certificates trusted? Pure: the one computation, checking a signature, is handed in.

Board: mbedTLS 2.16.2 x509_crt.c (no calendar, so no dates) and ssl_tls.c for the usage checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ussl_shim import certificate
from ussl_shim.certificate import Certificate, same_name
from ussl_shim.names import name_matches
from ussl_shim.results import Flag

VerifySignature = Callable[[Certificate, Certificate], bool]
"""(child, parent) -> did parent's key sign child?"""

MIN_RSA_BITS: Final = 2048
WEAK_HASHES: Final = frozenset({"md5", "sha1"})
MAX_INTERMEDIATES: Final = 8
NO_FLAGS: Final = Flag(0)


@dataclass
class Verdict:
    """The faults found, added up, and for notes the chain that was walked and the issuer that was missing.

    ``too_long``: the walk was given up after `MAX_INTERMEDIATES`, which is an error of its own, not a fault.
    """

    flags: Flag = NO_FLAGS
    too_long: bool = False
    path: list[Certificate] = field(default_factory=list)
    missing_issuer: certificate.Name | None = None


def _key_fault(cert: Certificate) -> Flag:
    small = cert.key.kind == "rsa" and cert.key.counted_bits < MIN_RSA_BITS
    return Flag.KEY_TOO_SMALL if small else NO_FLAGS


def _may_sign(parent: Certificate, child: Certificate, *, anchor: bool) -> bool:
    """Names fit, and the parent is a CA: a version 1 or 2 certificate counts as one only as an anchor."""
    if not same_name(child.issuer, parent.subject):
        return False
    if anchor and parent.version < 3:
        return True
    return parent.is_ca and parent.allows(certificate.KEY_CERT_SIGN)


def _path_allows(parent: Certificate, depth: int) -> bool:
    return parent.path_length is None or parent.path_length >= depth


def check_chain(chain: Sequence[Certificate], anchors: Sequence[Certificate], signed_by: VerifySignature) -> Verdict:
    """Walk from the leaf to an anchor as the board does.

    An issuer is looked for among the anchors first, then among what the peer sent *after* the certificate it signed:
    strangers in between do no harm, but an intermediate sent before its child is not found.
    """
    verdict = Verdict()
    child, position = chain[0], 0
    verdict.flags |= _key_fault(child)
    self_issued = 0
    while True:
        verdict.path.append(child)
        if child.signature.hash in WEAK_HASHES:
            verdict.flags |= Flag.BAD_HASH
        length = len(verdict.path)
        if length == 1 and child.self_issued and child in anchors:
            return verdict
        depth = length - 1 - self_issued
        for parent in anchors:
            if _may_sign(parent, child, anchor=True) and _path_allows(parent, depth) and signed_by(child, parent):
                verdict.flags |= _key_fault(parent)
                verdict.path.append(parent)
                return verdict
        after = range(position + 1, len(chain))
        found = next(
            (at for at in after if _may_sign(chain[at], child, anchor=False) and _path_allows(chain[at], depth)), None
        )
        if found is None:
            verdict.flags |= Flag.NOT_TRUSTED
            verdict.missing_issuer = child.issuer
            return verdict
        if length > MAX_INTERMEDIATES:
            verdict.flags |= Flag.NOT_TRUSTED
            verdict.missing_issuer = child.issuer
            verdict.too_long = True
            return verdict
        parent = chain[found]
        if length != 1 and child.self_issued:
            self_issued += 1
        if not signed_by(child, parent):
            verdict.flags |= Flag.NOT_TRUSTED
            verdict.missing_issuer = verdict.missing_issuer or child.issuer
        verdict.flags |= _key_fault(parent)
        child, position = parent, found


def check_peer(
    chain: Sequence[Certificate],
    anchors: Sequence[Certificate],
    signed_by: VerifySignature,
    *,
    host: bytes | None,
    purpose: str,
    key_usage: int,
) -> Verdict:
    """Everything the board checks about a peer's certificates: chain, name (where given), usage.

    ``purpose`` is the extended key usage the leaf needs, ``key_usage`` the key usage bits.
    """
    verdict = check_chain(chain, anchors, signed_by)
    leaf = chain[0]
    if host is not None and not name_matches(host, leaf.dns_names, leaf.common_names):
        verdict.flags |= Flag.NAME_MISMATCH
    if not leaf.allows(key_usage):
        verdict.flags |= Flag.KEY_USAGE
    if not leaf.allows_purpose(purpose):
        verdict.flags |= Flag.EXT_KEY_USAGE
    return verdict
