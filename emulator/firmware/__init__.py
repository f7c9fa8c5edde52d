"""The board's modules: one file each, named as on the board, and one line in the table below.

A file of this package has ``module(device) -> dict``: the names the script sees, for one power cycle. Names that the board has
(``emulator.api``) and the file lacks are added when first asked for, and say so when used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.device import Device

# name on the board -> (file here or "" while there is none, weak link or "")   firmware: esp32/mpconfigport.h
MODULES: dict[str, tuple[str, str]] = {
    "_thread": ("_thread", ""),
    "array": ("array", ""),
    "builtins": ("builtins", ""),
    "cmath": ("cmath", ""),
    "framebuf": ("framebuf", ""),
    "gc": ("gc", ""),
    "math": ("math", ""),
    "micropython": ("micropython", ""),
    "network": ("network", ""),
    "pycom": ("pycom", ""),
    "sys": ("sys", ""),
    "ubinascii": ("ubinascii", "binascii"),
    "ucollections": ("ucollections", ""),
    "ucrypto": ("ucrypto", "crypto"),
    "uctypes": ("uctypes", ""),
    "uerrno": ("uerrno", "errno"),
    "uhashlib": ("uhashlib", "hashlib"),
    "uio": ("uio", ""),
    "ujson": ("ujson", "json"),
    "umachine": ("machine", "machine"),
    "uos": ("uos", "os"),
    "uqueue": ("uqueue", "queue"),
    "ure": ("ure", "re"),
    "uselect": ("uselect", "select"),
    "usocket": ("usocket", "socket"),
    "ussl": ("ussl", "ssl"),
    "ustruct": ("ustruct", "struct"),
    "utime": ("utime", "time"),
    "utimeq": ("utimeq", ""),
    "uzlib": ("uzlib", ""),
}

INCOMPLETE = frozenset(("network", "pycom", "umachine"))
"""Modules of which some board has a name that is not here."""

WEAK_LINKS: dict[str, str] = {weak: name for name, (_, weak) in MODULES.items() if weak}


def fill(name: str, namespace: dict[str, Any], device: Device) -> None:
    """Put into ``namespace`` what ``import name`` gives on the board."""
    file, _ = MODULES[name]
    if file:
        make: Callable[[Device], dict[str, Any]] = import_module(f"emulator.firmware.{file}").module
        namespace.update(make(device))

    def complete() -> dict[str, Any]:
        from emulator.firmware._missing import attach_missing

        del namespace[".complete"]
        attach_missing(name, namespace, device.board.model.platform, device.note)
        return namespace

    namespace[".complete"] = complete
