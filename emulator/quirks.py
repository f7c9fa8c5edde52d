"""The quirk table: every place where the firmware is reproduced only on request."""

from __future__ import annotations

from collections.abc import Iterable

from flashfs.notes import Quirk


def table() -> dict[str, Quirk]:
    """Name -> quirk, of all packages."""
    from emulator.firmware.ussl import QUIRKS as NAMES
    from emulator.repl.quirks import QUIRKS as PROMPT
    from emulator.services.ftp_quirks import QUIRKS as FTP
    from flashfs.quirks import QUIRKS as FLASH
    from ussl_shim.quirks import QUIRKS as TLS

    return {quirk.name: quirk for quirk in (*FLASH, *TLS, *NAMES, *PROMPT, *FTP)}


def chosen(names: Iterable[str] | str) -> frozenset[str]:
    """The set behind ``NAME[,NAME]`` or ``all``. Raises ValueError naming those that exist."""
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",") if name.strip()]
    wanted = frozenset(names)
    if not wanted:
        return wanted
    known = table()
    if "all" in wanted:
        return frozenset(known)
    unknown = sorted(wanted - known.keys())
    if unknown:
        raise ValueError(f"no quirk {', '.join(unknown)}; there are: all, {', '.join(sorted(known))}")
    return wanted
