"""Does a certificate stand for a host name? Pure.

Board: mbedTLS x509_crt.c. The name is plain text: an IP address is compared like any other text, never with an
iPAddress entry. Only the DNS-type names of a subjectAltName count; without that extension, the common names do.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence


def _fold(text: bytes) -> bytes:
    return text.lower()  # bytes.lower() touches ASCII letters only, as the board does


def label_matches(pattern: bytes, host: bytes) -> bool:
    """Equal but for case, or ``*.`` in place of exactly one leading label."""
    pattern, host = _fold(pattern), _fold(host)
    if pattern == host:
        return True
    if len(pattern) < 3 or not pattern.startswith(b"*."):
        return False
    dot = host.find(b".")
    return dot > 0 and host[dot:] == pattern[1:]


def name_matches(host: bytes, alt_names: Sequence[bytes] | None, common_names: Sequence[bytes]) -> bool:
    """``alt_names`` is None where the certificate has no subjectAltName; one without DNS names stands for the empty name."""
    offered = common_names if alt_names is None else alt_names or (b"",)
    return any(label_matches(name, host) for name in offered)


def sni_obstacle(host: bytes | None) -> str | None:
    """Why the host's TLS library cannot send this name as SNI; None where it can, or no name is given.

    The board sends whatever it is given, as it is: an address, an empty name, bytes that are no ASCII (measured).
    """
    if host is None:
        return None
    if not host:
        return "an empty name"
    if host.startswith(b"."):
        return "a name that begins with a dot"
    if not host.isascii():
        return "a name that is not ASCII"
    try:
        ipaddress.ip_address(host.decode("ascii"))
    except ValueError:
        return None
    return "an IP address"
