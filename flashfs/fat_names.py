"""Names on FAT: what two spellings of one entry have in common, short aliases, and how many entries a name takes.

A name is bytes; FatFs takes each byte for a character of code page 437 (firmware: esp32/mpconfigport.h). An entry has a
short name of at most 8 + 3 upper case letters, and a long one beside it where the short one does not say everything.
A short name is written here as ``b"BODY.EXT"``, without the dot where there is no extension.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

NAME_MAX = 128
"""Bytes of the longest name (firmware: MICROPY_FATFS_MAX_LFN)."""
LETTERS_PER_ENTRY = 13
ALIASES = 99
"""How many short aliases of one name are tried before the folder counts as full (firmware: lib/oofatfs/ff.c)."""
_COUNTED = 5
"""Aliases up to this number are counted, later ones are hashed."""
LOWER_BODY, LOWER_EXTENSION = 0x08, 0x10
"""Flags of a short entry: the body, the extension is shown in lower case."""

FORBIDDEN = re.compile(rb'["*:<>?|\x7f]')
_CODE_PAGE = "cp437"
_REPLACED = bytes.maketrans(b"+,;=[]", b"______")


def _capitals() -> bytes:
    table = bytearray(range(256))
    for code in range(256):
        capital = bytes([code]).decode(_CODE_PAGE).upper()
        try:
            converted = capital.encode(_CODE_PAGE)
        except UnicodeEncodeError:
            continue
        if len(converted) == 1:
            table[code] = converted[0]
    return bytes(table)


def _short_letters() -> bytes:
    """Accented letters without a capital of their own lose the accent; letters that are not Latin stay as they are."""
    small, large = "éâàêëèïîìôòûùÿáíóúüäåçæöñ", "EAAEEEIIIOOUUYAIOUÜÄÅÇÆÖÑ"
    ascii_letters = bytes(range(ord("a"), ord("z") + 1))
    return bytes.maketrans(ascii_letters + small.encode(_CODE_PAGE), ascii_letters.upper() + large.encode(_CODE_PAGE))


_CAPITALS = _capitals()
_SHORT_LETTERS = _short_letters()


def fold(name: bytes) -> bytes:
    """Return the key under which a long name is found: each byte is a letter of code page 437, in upper case."""
    return name.translate(_CAPITALS)


def name_fault(name: bytes) -> str | None:
    """Return why no entry can have this name, or None."""
    if name in (b".", b"..") or b"/" in name or b"\\" in name:
        return "not a name"
    if FORBIDDEN.search(name) or (name and min(name) < 0x20):
        return 'FAT names cannot hold " * : < > ? | or control characters'
    if len(name) > NAME_MAX:
        return f"the name has {len(name)} bytes, FAT takes {NAME_MAX}"
    if name.rstrip(b" .") != name or not name:
        return "a FAT name does not end in a dot or a space"
    return None


class Form(NamedTuple):
    """What the short entry of a name looks like."""

    short: bytes
    lossy: bool
    """The short name does not say everything, so it is never looked up and a numbered alias takes its place."""
    entries: int
    """How many of its folder's entries the name takes: 1 without a long name, else one per 13 letters and one more."""
    flags: int
    """``LOWER_BODY``, ``LOWER_EXTENSION``; only without a long name."""


@lru_cache(maxsize=8192)
def form(name: bytes) -> Form:
    """Return the form of a name that is legal on FAT (no separator, no dot or space at the end, not empty)."""
    rest = name.lstrip(b" ")
    body, _, extension = rest.rpartition(b".") if b"." in rest else (rest, b"", b"")
    lossy = rest != name or rest[:1] == b"."
    letters: list[bytes] = []
    for part, longest, dropped in ((body, 8, b" ."), (extension, 3, b" ")):
        kept = part.translate(None, dropped)
        replaced = kept.translate(_REPLACED)
        lossy = lossy or kept != part or replaced != kept or len(kept) > longest
        letters.append(replaced[:longest].translate(_SHORT_LETTERS))
    short = letters[0] + b"." + letters[1] if letters[1] else letters[0]
    mixed = any(part != part.upper() and part != part.lower() for part in (body, extension))
    if lossy or mixed or not name.isascii():
        return Form(short, lossy, 1 + -(-len(name) // LETTERS_PER_ENTRY), 0)
    flags = (LOWER_BODY if body != body.upper() else 0) | (LOWER_EXTENSION if extension != extension.upper() else 0)
    return Form(short, lossy, 1, flags)


def alias(name: bytes, taken: Callable[[bytes], bool]) -> bytes | None:
    """Return the short name that a new entry gets, or None when all that are tried are ``taken``.

    A name that is lost in its short form gets the first free one of ``NAME~1.EXT`` to ``NAME~5.EXT``, then one that
    carries a hash instead of the count.
    """
    short, lossy, _, _ = form(name)
    if not lossy:
        return short
    body, dot, extension = short.partition(b".")
    for count in range(1, ALIASES + 1):
        number = count if count <= _COUNTED else _hash(name, count)
        tail = b"~%X" % number
        candidate = body[: 8 - len(tail)] + tail + dot + extension
        if not taken(candidate):
            return candidate
    return None


def _hash(name: bytes, seed: int) -> int:
    """Shift the letters, as UTF-16 with the lowest bit first, through the CRC-16 polynomial 0x1021."""
    register = seed
    for letter in name.decode(_CODE_PAGE):
        code = ord(letter)
        for bit in range(16):
            register = register << 1 | code >> bit & 1  # the bit comes in below, unlike in the usual CRC
            if register & 0x10000:
                register ^= 0x11021
    return register


def directory_name(short: bytes) -> bytes:
    """Return the 11 bytes that stand for a short name in an entry; a leading 0xE5 would mean "deleted"."""
    body, _, extension = short.partition(b".")
    field = body.ljust(8) + extension.ljust(3)
    return b"\x05" + field[1:] if field[0] == 0xE5 else field


def to_utf16(name: bytes) -> bytes:
    """Return a name as long entries hold it."""
    return name.decode(_CODE_PAGE).encode("utf-16-le")


def from_utf16(units: bytes) -> bytes | None:
    """Return the name that long entries hold, None where the code page has no letter for one of its letters."""
    try:
        return units.decode("utf-16-le").encode(_CODE_PAGE)
    except UnicodeError:
        return None
