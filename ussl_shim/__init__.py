"""The board's `ussl`: its certificate rules, then real TLS by the host's library.

Importing this package loads neither `ssl` nor `cryptography`; they come with the first connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ussl_shim.arguments import BoundArguments, bind, bind_save_session
from ussl_shim.environment import CertificateFiles, CertRules, Environment, Settings, Transport
from ussl_shim.plan import Plan, bind_noted, prepare
from ussl_shim.quirks import QUIRKS
from ussl_shim.session import Session

if TYPE_CHECKING:
    from ussl_shim.connection import Connection
    from ussl_shim.module import Shim

__all__ = [
    "QUIRKS",
    "BoundArguments",
    "CertRules",
    "CertificateFiles",
    "Connection",
    "Environment",
    "Plan",
    "Session",
    "Settings",
    "Shim",
    "Transport",
    "bind",
    "bind_noted",
    "bind_save_session",
    "prepare",
]


def __getattr__(name: str) -> Any:
    """`Connection` and `Shim` load the host's TLS library, so they are imported when first named."""
    if name == "Connection":
        from ussl_shim.connection import Connection

        return Connection
    if name == "Shim":
        from ussl_shim.module import Shim

        return Shim
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
