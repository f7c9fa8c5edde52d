"""What a board is told once, when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CertRules = Literal["documented", "firmware", "wipy1"]
FileSystem = Literal["littlefs", "fat"]
Floats = Literal["double", "single"]

DEFAULT_SD_MIB = 8
MAX_SD_MIB = 32 * 1024
"""The largest SDHC card; larger ones do not come with FAT."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a board is set up.

    ``cert_rules``: which certificate paths ``ussl`` takes; ``quirks``: names that are on; ``offline``: mapped addresses only;
    ``floats``: the precision of arithmetic (the board's is single; printing is always the board's); ``safe_boot``: the
    safe-boot pin is held at power-on.
    """

    cert_rules: CertRules = "documented"
    quirks: frozenset[str] = frozenset()
    offline: bool = False
    floats: Floats = "double"
    safe_boot: bool = False
