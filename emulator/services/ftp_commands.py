"""The control connection as bytes: lines out of a stream, a word and an argument out of a line.

firmware: esp32/ftp/ftp.c reads a command with one receive into a buffer of 135 bytes.
"""

from __future__ import annotations

import re

LINE_MAX = 135
"""Bytes of a command with its line end."""

_WORD_END = re.compile(rb"[ \r\n\0]")
_ARGUMENT = re.compile(rb"[^\r\n\0]*")


class Overlong:
    """A line that does not fit the board's buffer; what it said is thrown away."""


OVERLONG = Overlong()


class LineReader:
    """Cuts what arrives into lines and never holds more than one line that is too long."""

    receive = 4096
    """Bytes to take from the connection at once."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> None:
        """Add what arrived."""
        self._buffer += data

    @property
    def has_line(self) -> bool:
        """Whether another complete line waits."""
        return b"\n" in self._buffer

    @property
    def has_piece(self) -> bool:
        """Whether the beginning of a line waits for its end."""
        return bool(self._buffer) and not self._skipping and b"\n" not in self._buffer

    def next(self) -> bytes | Overlong | None:
        """Return the next line without its end, ``OVERLONG`` for one that is too long, None when none is complete."""
        while True:
            end = self._buffer.find(b"\n")
            if end < 0:
                if len(self._buffer) < LINE_MAX:
                    return None
                self._buffer.clear()
                if self._skipping:
                    return None
                self._skipping = True
                return OVERLONG
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if self._skipping:
                self._skipping = False
                continue
            return line if end < LINE_MAX else OVERLONG


class ReceiveReader(LineReader):
    """Takes what arrives at once for one command, as the board does: its first line, with or without an end."""

    receive = LINE_MAX

    def feed(self, data: bytes) -> None:
        self._buffer[:] = data.partition(b"\n")[0]
        self._buffer += b"\n"


def parse(line: bytes) -> tuple[bytes, bytes]:
    """Return command word, in capitals, and argument.

    The word ends at a space, CR or NUL; the argument is everything behind that one character, spaces included, to the
    next CR or NUL or the end of the line.
    """
    found = _WORD_END.search(line)
    if found is None:
        return line.upper(), b""
    return line[: found.start()].upper(), _ARGUMENT.match(line, found.end())[0]  # type: ignore[index]


def first_word(argument: bytes) -> bytes:
    """Return what ``USER`` and ``PASS`` take of their argument: it ends at the first space."""
    return argument.partition(b" ")[0]
