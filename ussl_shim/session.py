"""A saved TLS session, opaque to the script."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ussl_shim.engine import SavedTls


class Session:
    """What ``save_session`` returns: the TLS session together with the verification result it was made with.

    May be used for any number of later connections, over any transport.
    """

    __slots__ = ("_flags", "_tls")

    def __init__(self, tls: SavedTls, flags: int) -> None:
        self._tls = tls
        self._flags = flags

    @property
    def tls(self) -> SavedTls:
        return self._tls

    @property
    def flags(self) -> int:
        """The verification result of the handshake that made it."""
        return self._flags

    def __repr__(self) -> str:
        return "<SSLSession>"
