"""Path arguments and file names as bytes: the board's file systems know no text.

Inside the package a path is ``bytes``. In the store a name is the ``str`` that ``surrogateescape`` makes of those
bytes, so a name that is not UTF-8 survives without loss.
"""

from __future__ import annotations


def encode_path(path: object) -> bytes:
    """Return the bytes the firmware sees for a path argument of a script.

    ``str`` becomes UTF-8, ``bytes`` stay as they are. Both end at the first NUL, because the firmware passes C strings
    (firmware: extmod/vfs.c). A lone surrogate is written the way the firmware's lexer writes it (three bytes), except
    those that ``decode_name`` makes, which become their byte again.

    :raises TypeError: for any other type, in the board's words (firmware: py/objstr.c)
    """
    if isinstance(path, str):
        try:
            raw = path.encode()
        except UnicodeEncodeError:
            raw = b"".join(_encode_character(character) for character in path)
    elif isinstance(path, bytes):
        raw = path
    else:
        raise TypeError(f"can't convert '{type(path).__name__}' object to str implicitly")
    end = raw.find(b"\0")
    return raw if end < 0 else raw[:end]


def encode_text(text: str) -> bytes:
    """Return the bytes of a text as the board holds it in memory; the counterpart of ``decode_name`` for content."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return b"".join(_encode_character(character) for character in text)


def decode_name(name: bytes) -> str:
    """Return the text of a name or of content; bytes that are not UTF-8 become lone surrogates."""
    return name.decode("utf-8", "surrogateescape")


def _encode_character(character: str) -> bytes:
    escaped = "\udc80" <= character <= "\udcff"
    return character.encode("utf-8", "surrogateescape" if escaped else "surrogatepass")
