"""The log of a session for the host's reader: commands and replies with the time, passwords hidden."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from emulator.services.ftp_commands import LINE_MAX, Overlong, parse
from emulator.services.ftp_replies import Reply

HIDDEN = b"****"
_WORD_MAX = 4


def shown_command(line: bytes | Overlong, *, logged_in: bool) -> str:
    """Return a command as the log shows it: printable, without what may be a password."""
    if isinstance(line, Overlong):
        return f"(a line of more than {LINE_MAX} bytes)"
    word, argument = parse(line)
    if word == b"PASS":
        line = b"PASS " + HIDDEN if argument else b"PASS"
    elif word.startswith(b"PASS") or (not logged_in and word not in (b"USER", b"QUIT", b"AUTH", b"FEAT", b"SYST")):
        # a password that was typed at the wrong moment, or without the space
        plain = len(word) <= _WORD_MAX and (word.isalpha() or not word)
        line = (word if plain else HIDDEN) + (b" " + HIDDEN if argument else b"")
    return printable(line.rstrip(b"\r"))


def printable(data: bytes) -> str:
    """Return text in one line, with control characters and what is not UTF-8 as escapes."""
    text = data.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


class SessionLog:
    """The lines of one session.

    :param write: takes one line without its end; called in the server's thread
    :param number: tells sessions apart
    """

    def __init__(self, write: Callable[[str], None], number: int) -> None:
        self._write = write
        self._number = number

    def connected(self, address: str, port: object) -> None:
        """A client has come."""
        self._line(f"connected from {address}:{port}")

    def command(self, line: bytes | Overlong, *, logged_in: bool) -> None:
        """The client said something."""
        self._line(f"< {shown_command(line, logged_in=logged_in)}")

    def reply(self, reply: Reply) -> None:
        """The board answered."""
        self._line(f"> {printable(reply.wire().rstrip())}")

    def moved(self, size: int) -> None:
        """A transfer has ended."""
        self._line(f"= {size} bytes")

    def closed(self) -> None:
        """The client has gone."""
        self._line("closed")

    def _line(self, text: str) -> None:
        self._write(f"{datetime.now().strftime('%H:%M:%S.%f')[:-3]} [{self._number}] {text}")
