"""File names of the board as file names of the host: readable where they can be, and without loss on every host.

A byte may always be written ``%XX`` (upper-case digits), and is where some host could not carry it; ``%`` itself always is. So
each host name means one name of the board, and a name of the board has several host names, the plainest of which is taken:
a host that ignores case gets another one for the second of ``a`` and ``A``. A name that is too long for the host ends in
``%~`` and a number under which the whole of it is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from emulator.project import SKIPPED

LONGEST = 255
"""Bytes of UTF-8 in a host name. Some hosts count characters, of which there are never more."""

_ESCAPED = re.compile(rb"%([0-9A-F]{2})")
_SHORTENED = re.compile(r"%~([0-9a-f]{32})\Z")
_FORBIDDEN = frozenset('%<>:"/\\|?*')
_DEVICES = frozenset(
    [
        "CON",
        "PRN",
        "AUX",
        "NUL",
        "CONIN$",
        "CONOUT$",
        *(f"{port}{n}" for port in ("COM", "LPT") for n in "123456789¹²³"),
    ]
)
"""What Windows takes for a device, whatever follows the first dot."""
_FOREIGN = frozenset(name.casefold() for name in SKIPPED) | {"thumbs.db", "desktop.ini"}


def is_foreign(host_name: str) -> bool:
    """Whether a host name belongs to the host's own tools. A file of the board never gets such a name."""
    return host_name.casefold() in _FOREIGN or host_name.startswith("._")


def decode(host_name: str) -> bytes:
    """Return the board's name behind a host name that is not shortened; a ``%`` that begins no escape is one."""
    try:
        raw = host_name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, which Windows allows
        raw = host_name.encode("utf-8", "surrogatepass")
    return _ESCAPED.sub(lambda match: bytes([int(match.group(1), 16)]), raw)


def number_of_long(host_name: str) -> str | None:
    """Return the number under which the whole of a shortened name is kept, None for other names."""
    match = _SHORTENED.search(host_name)
    return None if match is None else match.group(1)


def number(name: bytes) -> str:
    """Return the number of a name that is too long: 32 hexadecimal digits."""
    return hashlib.sha256(name).hexdigest()[:32]


def key(host_name: str) -> str:
    """Return what two host names have in common that any host which ignores case or normalises might take for one."""
    text = unicodedata.normalize("NFKD", host_name).upper().casefold()
    return unicodedata.normalize("NFKD", text)


def encodings(name: bytes, *, blind: bool) -> Iterator[str]:
    """Yield host names that mean ``name``, the plainest first, the last of them shortened and never another's.

    :param blind: the host ignores case, and may normalise what is not ASCII
    """
    forms = (encode(name, blind=blind), _escape_letters(name), "".join(f"%{byte:02X}" for byte in name))
    for form in forms:
        if len(form.encode()) <= LONGEST:
            yield form
    yield _shorten(forms[0], name)


@lru_cache(maxsize=4096)
def encode(name: bytes, *, blind: bool = False) -> str:
    """Return the plainest host name that means ``name``, whatever its length."""
    text = name.decode("utf-8", "surrogateescape")
    parts = [_escape(char) if _unsafe(char, blind) else char for char in text]
    if parts and parts[-1] in (".", " "):
        parts[-1] = _escape(parts[-1])
    if parts and (is_foreign(text) or text.split(".", 1)[0].rstrip(" ").upper() in _DEVICES):
        parts[0] = _escape(text[0])
    if blind and _unstable("".join(parts)):  # characters that are stable alone, and not together
        parts = [_escape(char) if len(char) == 1 and not char.isascii() else char for char in parts]
    return "".join(parts)


def _unsafe(char: str, blind: bool) -> bool:
    if char == " ":
        return False
    if char in _FORBIDDEN or not char.isprintable():
        return True
    return blind and not char.isascii() and _unstable(char)


def _unstable(text: str) -> bool:
    """Whether a host that normalises could store other characters."""
    return any(unicodedata.normalize(form, text) != text for form in ("NFC", "NFD"))


def _escape(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


def _escape_letters(name: bytes) -> str:
    """Only digits, lower-case letters and signs of ASCII stay."""
    plain = encode(name)
    return "".join(
        char if len(char) > 1 or (char.isascii() and not "A" <= char <= "Z") else _escape(char)
        for char in _pieces(plain)
    )


def _pieces(encoded: str) -> Iterator[str]:
    """Yield the escapes of an encoded name as they are, and its other characters."""
    return iter(re.findall(r"%[0-9A-F]{2}|.", encoded, re.DOTALL))


def _shorten(encoded: str, name: bytes) -> str:
    room = LONGEST - len("%~") - 32
    kept = ""
    for piece in _pieces(encoded):
        room -= len(piece.encode())
        if room < 0:
            break
        kept += piece
    return f"{kept}%~{number(name)}"
