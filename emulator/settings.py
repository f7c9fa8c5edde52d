"""What a board is told once, when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CertRules = Literal["documented", "firmware", "wipy1"]
FileSystem = Literal["littlefs", "fat"]

DEFAULT_SD_MIB = 8
MAX_SD_MIB = 32 * 1024
"""The largest SDHC card; larger ones do not come with FAT."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a board is set up.

    ``cert_rules``: which certificate paths ``ussl`` takes; ``quirks``: names that are on; ``offline``: mapped addresses only.
    """

    cert_rules: CertRules = "documented"
    quirks: frozenset[str] = frozenset()
    offline: bool = False
