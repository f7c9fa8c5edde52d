"""A running board's files over FTP: an emulated board's or a real one's, with what the firmware understands.

Commands work in the folder that holds what they name: the board answers 451 to a transfer by absolute path, lists only the
current folder and has no NLST, MLSD or APPE (firmware: esp32/ftp/ftp.c).
"""

from __future__ import annotations

import ftplib
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from emulator.flash_tool import FlashError, Item, Place
from emulator.servers import DEFAULT_LOGIN
from flashfs.names import decode_name, encode_text

PORT = 21
TIMEOUT = 20.0
"""Seconds without an answer; the board itself gives up a transfer after 10."""
MAX_FILE = 8 * 1024 * 1024
MAX_LISTING = 1024 * 1024
MOST_ENTRIES = 20_000
"""More than fit onto any board's flash."""

_NOT_IN_COMMANDS = "\r\n\0"

_AMBIGUOUS = "; in a login # / ? are written %23 %2F %3F"

_LINE = re.compile(rb"([d-])\S{9} +\d+ +\S+ +\S+ +(\d{1,15}) \S+ +\d+ +(?:\d+|\d\d:\d\d) (?!\.{1,2}$)([^/\0\r\n]+)")
"""A line of the board's LIST; the month may be its "Ago".

Whoever answers may be no board: the name is one that stays in its folder, also on this machine.
"""


class Address(NamedTuple):
    """Where a board's FTP server is, and the login."""

    host: str
    port: int
    user: str
    password: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read ``ftp://micro:python@127.0.0.1:2121/flash`` (what ``run --ftp`` prints), ``HOST[:PORT]`` or a port of this machine.

    :raises ValueError: with a text for a person; it never holds the password
    """
    if text.isdecimal():
        text = f"127.0.0.1:{text}"
    url = urlsplit(text if "://" in text else f"ftp://{text}")
    if url.scheme != "ftp":
        raise ValueError(f"{url.scheme}: boards speak plain FTP only")
    try:
        port = PORT if url.port is None else url.port
    except ValueError:
        raise ValueError(f"the port is a number up to 65535{_AMBIGUOUS if '@' in text else ''}") from None
    if not port:
        raise ValueError("0 is no port: take the one that `run --ftp 0` prints after `ftp:`")
    if not url.hostname:
        raise ValueError("no host is named")
    if url.path.rstrip("/") not in ("", "/flash") or url.query or url.fragment:
        raise ValueError(f"the address ends with the host and port, or with /flash{_AMBIGUOUS if '@' in text else ''}")
    try:
        url.hostname.encode("idna")
    except UnicodeError:
        raise ValueError("no machine can have that name") from None
    user, password = DEFAULT_LOGIN
    if url.username is not None:
        user, password = unquote(url.username), unquote(url.password or "")
    if any(char in user + password for char in _NOT_IN_COMMANDS):
        raise ValueError("no login holds a line end or a NUL")
    return Address(url.hostname, port, user, password)


class RemoteFiles:
    """The files of the board at an address; a context manager. Raises FlashError, in one line for a person."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._folder: str | None = None
        self._ftp = ftplib.FTP(timeout=TIMEOUT, encoding="utf-8")
        try:
            with self._failing():
                self._ftp.connect(address.host, address.port)
            with self._failing("login"):
                self._ftp.login(address.user, address.password)
        except FlashError:
            self._ftp.close()
            raise

    def __enter__(self) -> RemoteFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye."""
        try:
            self._ftp.quit()
        except (OSError, EOFError, ftplib.Error):
            self._ftp.close()

    # -- looking

    def item(self, place: Place) -> Item:
        """Return one entry. Raises FlashError."""
        if not place.parts:
            if place.mount:
                self._enter(place)
            return Item(place, None, 0)
        for item in self.listing(_parent(place)):
            if item.place.parts == place.parts:
                if place.folder and item.size is not None:
                    raise FlashError(f"{place}: ENOTDIR, it is a file")
                return item
        raise FlashError(f"{place}: ENOENT, there is no such file or folder on the board")

    def exists(self, place: Place) -> Item | None:
        """Return one entry, None if it is not there. Raises FlashError."""
        if not place.parts:
            return self.item(place)
        parent = self.exists(_parent(place))
        if parent is None or parent.size is not None:
            return None
        return next((item for item in self.listing(_parent(place)) if item.place.parts == place.parts), None)

    def listing(self, place: Place) -> list[Item]:
        """Return what a folder holds. Raises FlashError."""
        self._enter(place)
        lines = self._receive("LIST", place, MAX_LISTING).split(b"\r\n")
        items = []
        for line in filter(None, lines):
            found = _LINE.fullmatch(line)
            if found is None:
                raise FlashError(f"{place}: a line of its listing is not the board's: {line[:60]!r}")
            kind, size, name = found.groups()
            if not place.mount:
                items.append(Item(Place(f"/{decode_name(name)}", ()), None, 0))
                continue
            child = Place(place.mount, (*place.parts, name), kind == b"d")
            items.append(Item(child, None if kind == b"d" else int(size), 0))
        return items

    def walk(self, place: Place) -> Iterator[tuple[Item, list[bool]]]:
        """Yield everything below a folder; the second part of each pair is empty. Raises FlashError."""
        count = 0
        item = self.item(place)
        pending = [item] if item.size is None else []
        while pending:
            folder = pending.pop()
            for each in self.listing(folder.place):
                count += 1
                if count > MOST_ENTRIES:
                    raise FlashError(
                        f"{place}: more than {MOST_ENTRIES} files and folders are below it: no board holds so many"
                    )
                yield each, []
                if each.size is None:
                    pending.append(each)

    def read(self, place: Place) -> bytes:
        """Return the content of a file. Raises FlashError."""
        self._enter(_parent(place))
        return self._receive(f"RETR {_name(place)}", place, MAX_FILE)

    # -- changing

    def make_folder(self, place: Place) -> None:
        """Make a folder and those it is in. Raises FlashError."""
        for depth in range(1, len(place.parts) + 1):
            part = Place(place.mount, place.parts[:depth], folder=True)
            there = self.exists(part)
            if there is None:
                self._enter(_parent(part))
                with self._failing(part):
                    self._ftp.voidcmd(f"MKD {_name(part)}")
            elif there.size is not None:
                raise FlashError(f"{part}: EEXIST, it is a file on the board")

    def write(self, place: Place, content: bytes, progress: Callable[[int], None]) -> None:
        """Write a file; ``progress`` is told the number of bytes of each piece. Raises FlashError."""
        self._enter(_parent(place))
        with self._failing(place):
            self._ftp.storbinary(
                f"STOR {_name(place)}", io.BytesIO(content), callback=lambda piece: progress(len(piece))
            )

    def remove(self, place: Place) -> None:
        """Remove a file or an empty folder. Raises FlashError."""
        self._enter(_parent(place))
        with self._failing(place):
            self._ftp.voidcmd(f"DELE {_name(place)}")

    # -- the conversation

    def _enter(self, place: Place) -> None:
        folder = str(place)
        if folder != self._folder:
            self._folder = None
            with self._failing(place, refused="" if place.parts else _NOT_MOUNTED):
                self._ftp.voidcmd(f"CWD {_sendable(folder)}")
            self._folder = folder

    def _receive(self, command: str, place: Place, limit: int) -> bytes:
        pieces = bytearray()

        def take(piece: bytes) -> None:
            pieces.extend(piece)
            if len(pieces) > limit:
                raise FlashError(
                    f"{place}: more than {limit // 2**20} MiB: that is all that is taken from a board at once"
                )

        with self._failing(place):
            self._ftp.retrbinary(command, take)
        return bytes(pieces)

    @contextmanager
    def _failing(self, about: Place | str | None = None, *, refused: str = "") -> Iterator[None]:
        """Turn what goes wrong into FlashError; ``refused``: what the board's 550 means here."""
        what = f"{self._address}" if about is None else f"{about}"
        try:
            yield
        except ftplib.Error as error:
            meaning = refused if refused and str(error)[:3] == "550" else _meaning(str(error))
            raise FlashError(f"{what}: {meaning}") from error
        except UnicodeError as error:
            raise FlashError(f"{what}: an answer that is not UTF-8") from error
        except (EOFError, ConnectionResetError, ConnectionAbortedError, BrokenPipeError) as error:
            raise FlashError(f"{what}: the board closed the connection") from error
        except ConnectionRefusedError as error:
            raise FlashError(f"{what}: {_NO_SERVER if about is None else _NO_DATA}") from error
        except TimeoutError as error:
            raise FlashError(
                f"{what}: no answer within {TIMEOUT:.0f} s; a board serves one FTP client at a time"
            ) from error
        except OSError as error:
            raise FlashError(f"{what}: {error.strerror or error}") from error


_NO_SERVER = "no FTP server there; `run --stay --ftp PORT` opens one, a real board has one while its WLAN is up"
_NO_DATA = "the board's data connection was refused; a firewall may be in between"
_NOT_MOUNTED = "ENODEV, nothing is mounted there; a script mounts a card with os.mount(SD(), '/sd')"

_MEANINGS = {
    "332": "the login was not taken",
    "425": "the board opens no data connection",
    "426": "no data for 10 seconds: the board gave up",
    "451": "the transfer failed: the flash is full, or cannot be written",
    "530": "the board refuses this login (as delivered: micro, python)",
    "550": "the board cannot do that: no such file or folder, a folder that is not empty, or a name it does not take",
}
"""What the board's replies mean, most of which have no text (firmware: esp32/ftp/ftp.c)."""


def _meaning(reply: str) -> str:
    code = reply[:3]
    return f"{_MEANINGS[code]} ({code})" if code in _MEANINGS else f"unexpected answer {reply!r}"


def _parent(place: Place) -> Place:
    return Place(place.mount, place.parts[:-1], folder=True)


def _name(place: Place) -> str:
    return _sendable(decode_name(place.parts[-1]))


def _sendable(text: str) -> str:
    if any(char in text for char in _NOT_IN_COMMANDS):
        raise FlashError(f"{text!r}: FTP has no way to name it")
    try:
        encode_text(text).decode("utf-8")
    except UnicodeDecodeError:
        raise FlashError(f"{encode_text(text)!r}: not UTF-8; FTP as this machine speaks it cannot name it") from None
    return text
