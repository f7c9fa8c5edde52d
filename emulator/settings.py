"""What a board is told once, when it is made."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal

CertRules = Literal["documented", "firmware", "wipy1"]
FileSystem = Literal["littlefs", "fat"]
Floats = Literal["double", "single"]

DEFAULT_SD_MIB = 8
MAX_SD_MIB = 32 * 1024
"""The largest SDHC card; larger ones do not come with FAT."""


LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
"""All addresses of this machine at once."""


def listening_address(text: str) -> str:
    """Read an IPv4 address to listen on: four numbers with dots. Raises ValueError in plain words."""
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError as error:
        raise ValueError(
            f"listen {text!r}: write an IPv4 address of this machine, or {EVERYWHERE} for all it has"
        ) from error


@dataclass(frozen=True, slots=True)
class Settings:
    """How a board is set up.

    ``cert_rules``: which certificate paths ``ussl`` takes; ``quirks``: names that are on; ``offline``: mapped addresses only;
    ``floats``: the precision of arithmetic (the board's is single; printing is always the board's); ``safe_boot``: the
    safe-boot pin is held at power-on; ``listen``: IPv4 address of this machine that FTP, telnet and the serial line listen on.
    """

    cert_rules: CertRules = "documented"
    quirks: frozenset[str] = frozenset()
    offline: bool = False
    floats: Floats = "double"
    safe_boot: bool = False
    listen: str = LOOPBACK
