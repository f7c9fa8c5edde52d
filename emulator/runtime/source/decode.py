"""From the bytes of a source file to its text."""

from __future__ import annotations

import keyword

from emulator.runtime.source.errors import NAME, Problem, SourceError, invalid
from emulator.runtime.source.patterns import lazy

BOM = "\ufeff"
_BOM = "byte order mark"
_WITHOUT_BOM = "save the file as UTF-8 without BOM"
_FIRST = lazy(r"\w*")


def decode(data: bytes) -> str:
    """The text of a source file. Raises SourceError.

    The board reads bytes and takes them as UTF-8 without looking (firmware: py/lexer.c); what cannot be decoded becomes a lone
    surrogate, as with ``surrogateescape``. CR and CR LF end lines as LF does.
    """
    text = one_line_end(data.decode("utf-8", "surrogateescape"))
    if text.startswith(BOM):
        return _after_bom(text[1:])
    return text


def one_line_end(text: str) -> str:
    """``text`` with LF as its only line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _after_bom(text: str) -> str:
    """The board takes the mark for the first letter of a name (firmware: py/lexer.c)."""
    match = _FIRST.match(text)
    assert match is not None
    name = match[0]
    rest = text[match.end() :].lstrip(" ")
    if keyword.iskeyword(name) or (name and rest[:1] in ('"', "'")) or (not name and text[:1] in ('"', "'")):
        raise SourceError(invalid(1, construct=_BOM, instead=_WITHOUT_BOM))
    if rest.startswith("=") and not rest.startswith("=="):
        return BOM + text  # another variable is set than the one that is meant
    raise SourceError(Problem(1, 1, 0, NAME, f"name '{BOM}{name}' isn't defined", _BOM, _WITHOUT_BOM, "<module>"))
