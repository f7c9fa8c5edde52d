"""What the board's FTP server says: reply codes and texts, ``LIST`` lines, ``MDTM`` dates.

Most replies have no text, so their line is the code, one space and CR LF; none has several lines
(firmware: esp32/ftp/ftp.c).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import NamedTuple


class Reply(NamedTuple):
    """One reply on the control connection."""

    code: int
    text: bytes = b""

    def wire(self) -> bytes:
        """Return the line as it is sent."""
        return b"%d %s\r\n" % self


READY = Reply(220, b"Micropython FTP Server")
GOODBYE = Reply(221)
OPENING = Reply(150)
OKAY = Reply(200)
FEATURES = Reply(211, b"no-features")
SYSTEM = Reply(215, b"UNIX Type: L8")
TRANSFERRED = Reply(226)
LOGGED_IN = Reply(230)
DONE = Reply(250)
PASSWORD_PLEASE = Reply(331)
LOGIN_FIRST = Reply(332)
RENAME_TO = Reply(350)
NO_DATA_CONNECTION = Reply(425)
TRANSFER_ENDED = Reply(426)
TRANSFER_FAILED = Reply(451)
NOT_IMPLEMENTED = Reply(502)
BAD_LOGIN = Reply(530)
REFUSED = Reply(550)

CLOSING = frozenset({TRANSFER_ENDED.code, TRANSFER_FAILED.code, REFUSED.code})
"""What also closes the data connection."""


def passive(address: str, port: int) -> Reply:
    """Return the 227 reply for an IPv4 address in dotted form; nothing stands before the bracket."""
    return Reply(227, f"({address.replace('.', ',')},{port >> 8},{port & 0xFF})".encode())


MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Ago", b"Sep", b"Oct", b"Nov", b"Dec")
"""August is Spanish (firmware: esp32/ftp/ftp.c)."""

YEAR_FORM_AFTER = 180 * 24 * 3600
"""Seconds of age from which a listing shows the year and no time of day."""

LIST_LINE_MAX = 510
"""The board sends listings in pieces of 512 bytes; a line that does not fit one, with two bytes to spare, ends it."""

_STORED_EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST_DATE = datetime(2107, 12, 31, 23, 59, 58, tzinfo=timezone.utc)
_MOUNT_DATE = datetime(1985, 1, 1, tzinfo=timezone.utc)
"""What mount points show: 2015 was meant (firmware: esp32/ftp/ftp.c)."""
_NO_DATE = datetime(1980, 1, 1, tzinfo=timezone.utc)
"""Month 0 and day 0 of the year 1980 are shown as the first."""


def stored_date(stamp: int) -> datetime:
    """Return the date in a directory entry for a time in seconds since 1970.

    The board decodes its clock as if it counted from 2000 (firmware: esp32/fatfs_port.c), so it lies 30 years ahead; it
    ends with the year 2107 as DOS dates do.
    """
    try:
        return min(_STORED_EPOCH + timedelta(seconds=stamp), _LAST_DATE)
    except OverflowError:
        return _LAST_DATE


def mdtm(stamp: int | None) -> Reply:
    """Return the reply to ``MDTM`` for a time in seconds since 1970; None where LittleFS has kept none."""
    return Reply(213, b"19800000000000" if stamp is None else stored_date(stamp).strftime("%Y%m%d%H%M%S").encode())


Liner = Callable[[bytes, bool, int, "int | None"], bytes]
"""Makes a line of name, whether it is a folder, size in bytes, and seconds since 1970 (None: LittleFS has kept none)."""


_FOLDER_LINE = b"drw-rw-r--   1 root  root         0 %s %s\r\n"
_FILE_LINE = b"-rw-rw-r--   1 root  root %9d %s %s\r\n"


def liner(now: float) -> Liner:
    """Return what makes the lines of one listing, with CR LF.

    :param now: the board's clock, seconds since 1970
    """
    dates: dict[int | None, bytes] = {}

    def line(name: bytes, is_dir: bool, size: int, stamp: int | None) -> bytes:
        date = dates.get(stamp)
        if date is None:
            date = dates[stamp] = _list_date(_NO_DATE if stamp is None else stored_date(stamp), now)
        if is_dir:
            return _FOLDER_LINE % (date, name)
        return _FILE_LINE % (size, date, name)

    return line


def mount_line(name: bytes, now: float) -> bytes:
    """Return the line of a mount point, with CR LF."""
    return _FOLDER_LINE % (_list_date(_MOUNT_DATE, now), name)


def _list_date(date: datetime, now: float) -> bytes:
    if now - (date - _UNIX_EPOCH).total_seconds() > YEAR_FORM_AFTER:
        return b"%s %2d %5d" % (MONTHS[date.month - 1], date.day, date.year)
    return b"%s %2d %02d:%02d" % (MONTHS[date.month - 1], date.day, date.hour, date.minute)
