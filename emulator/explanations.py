"""What any number or text that a script of the board prints means. TLS numbers come from `ussl_shim.explanations`.

Sources: esp32/mpconfigport.h (which numbers print with a name), py/mperrno.h, esp32/littlefs/vfs_littlefs.c and
extmod/vfs_fat_file.c (file systems), lwIP's err.h and netdb.h, esp-idf's esp_err.h.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from emulator.errnos import ERRORCODE, NEWLIB
from flashfs.errors import NAMES as FILE_SYSTEM
from ussl_shim import explanations
from ussl_shim.explanations import Explanation, Row

_FILES: Final = "open, os and files; file systems of the board"
_SOCKETS: Final = "sockets, also below ssl"
_LWIP: Final = "firmware: lwIP, newlib sys/errno.h"
_VFS: Final = "firmware: extmod/vfs_fat_file.c, esp32/littlefs/vfs_littlefs.c"
_MPERRNO: Final = "firmware: py/mperrno.h"

ERRNO_ROWS: Final[dict[str, tuple[str, Row]]] = {
    "EPERM": ("not permitted", Row(_FILES, ("a rename from one volume to another", "a mount point in use"), "", _VFS)),
    "ENOENT": (
        "no such file or folder",
        Row(_FILES, ("a spelling: on LittleFS case counts", "a parent folder is missing"), "os.listdir() it", _VFS),
    ),
    "EINTR": ("interrupted", Row(_SOCKETS, ("the call was interrupted",), "call again", _LWIP)),
    "EIO": ("reading or writing the medium failed", Row(_FILES, ("a worn or removed medium",), "try another", _VFS)),
    "ENOEXEC": (
        "the file system is damaged",
        Row(
            "open, os and files on LittleFS",
            ("power was lost at a bad moment",),
            "os.fsformat('/flash'); all is lost",
            _VFS,
        ),
    ),
    "EBADF": (
        "the file or socket is closed, or not open for this",
        Row(
            "files and sockets",
            (
                "read of a file opened for writing, or the reverse (LittleFS)",
                "a raw socket used after its ssl socket was closed: the saved-session example of the documentation",
            ),
            "open a new one; take a new socket.socket() for each connection",
            _MPERRNO,
        ),
    ),
    "EAGAIN": (
        "nothing there yet, or nobody takes the data now",
        Row(_SOCKETS, ("settimeout(0) or setblocking(False)",), "call again later, or poll with uselect", _LWIP),
    ),
    "ENOMEM": (
        "no memory",
        Row(
            "anywhere; sockets and TLS need the most",
            ("too many objects or connections at once",),
            "gc.collect(), close sockets, read in pieces",
            _MPERRNO,
        ),
    ),
    "EACCES": (
        "not allowed",
        Row(_FILES, ("on FAT: a folder opened as a file, a folder that is not empty, a full root folder",), "", _VFS),
    ),
    "EBUSY": ("the medium is not ready", Row(_FILES, ("no card in the slot",), "", _VFS)),
    "EEXIST": ("it is already there", Row(_FILES, ("mkdir, or open with 'x'",), "catch it, or remove it first", _VFS)),
    "ENODEV": (
        "no such volume",
        Row(
            _FILES,
            ("a path that begins with neither /flash nor a mounted volume", "a card without a file system"),
            "",
            _VFS,
        ),
    ),
    "ENOTDIR": ("a part of the path is a file", Row(_FILES, ("a file where a folder is meant",), "", _VFS)),
    "EISDIR": ("it is a folder", Row(_FILES, ("open, or remove on FAT, of a folder",), "", _VFS)),
    "EINVAL": (
        "a value that is not allowed",
        Row(
            "files and sockets",
            ("a name FAT does not take, or too long", "read or write after close (FAT)"),
            "",
            _MPERRNO,
        ),
    ),
    "EMFILE": (
        "too many open files",
        Row("files and sockets", ("files that were never closed",), "close them", _MPERRNO),
    ),
    "ENOSPC": (
        "the volume is full",
        Row(
            "write, close and mkdir",
            ("the flash is full",),
            "remove files; os.getfree('/flash') tells what is left",
            _VFS,
        ),
    ),
    "EROFS": ("the medium is read-only", Row(_FILES, ("a locked card",), "", _VFS)),
    "ENOTEMPTY": (
        "the folder is not empty",
        Row("rmdir and remove on LittleFS", (), "remove what is in it first", _VFS),
    ),
    "EPIPE": ("the other side reads no more", Row(_SOCKETS, ("the peer has closed",), "connect again", _LWIP)),
    "ENOTSOCK": ("not a socket", Row(_SOCKETS, (), "", _LWIP)),
    "EOPNOTSUPP": ("this kind of socket cannot do that", Row(_SOCKETS, ("listen of a UDP socket",), "", _LWIP)),
    "ECONNRESET": (
        "the peer reset the connection",
        Row(_SOCKETS, ("the peer crashed or refuses; writing after it has closed",), "check the peer's log", _LWIP),
    ),
    "ENOBUFS": ("no buffers left", Row(_SOCKETS, ("more is sent than the network takes",), "send less at once", _LWIP)),
    "ECONNREFUSED": (
        "nobody listens there",
        Row("connect", ("the wrong port", "the server is down"), "start the server; here: check --map", _LWIP),
    ),
    "EADDRINUSE": ("the port is taken", Row("bind and listen", ("a socket left open",), "close it, or reset", _LWIP)),
    "ECONNABORTED": ("the connection was given up", Row(_SOCKETS, ("the network broke",), "connect again", _LWIP)),
    "ENETDOWN": ("the network is down", Row(_SOCKETS, ("WLAN or LTE is not connected",), "connect it first", _LWIP)),
    "ETIMEDOUT": (
        "no answer",
        Row(_SOCKETS, ("the host does not answer: wrong address, a firewall, no network",), "check the address", _LWIP),
    ),
    "EHOSTUNREACH": (
        "no way to that host",
        Row(
            "connect and sendto",
            ("no network connection", "here: --offline without a --map"),
            "connect WLAN first",
            _LWIP,
        ),
    ),
    "EINPROGRESS": (
        "connect goes on in the background",
        Row("connect after settimeout(0)", (), "poll with uselect until it is writable", _LWIP),
    ),
    "EALREADY": ("connect is already going on", Row("connect", (), "wait for it with uselect", _LWIP)),
    "EMSGSIZE": ("the datagram is too big", Row("sendto", (), "send less at once", _LWIP)),
    "EISCONN": ("the socket is already connected", Row("connect", ("connect twice",), "take a new socket", _LWIP)),
    "ENOTCONN": (
        "the socket is not connected",
        Row("send, recv and shutdown", ("connect is missing or failed",), "connect first", _LWIP),
    ),
    "EAI_FAIL": (
        "the name could not be resolved",
        Row(
            "socket.getaddrinfo",
            ("a spelling", "no network or no DNS server", "here: --offline without a --map for it"),
            "check the name; here: give --map HOST:PORT=ADDR:PORT",
            "firmware: lwIP netdb.h",
        ),
    ),
    "ERR_MEM": (
        "what lwIP calls no memory; ussl raises the same number",
        Row(_SOCKETS, (), "", "firmware: lwIP err.h"),
    ),
}
"""Name -> (one line, row)."""

ZERO: Final = Explanation(
    "errno",
    0,
    "",
    "a failure that has no number of its own",
    "LittleFS, and send() of an ssl socket",
    ("a file name that is too long, or no room for it", "a flash that cannot be read", "send(b'') of an ssl socket"),
    "",
    "firmware: esp32/littlefs/vfs_littlefs.c",
)

_FAMILIES: Final[tuple[tuple[str, str, str], ...]] = (
    (explanations.PREFIX, "an error of the TLS library", explanations.MBEDTLS),
    ("ESP_ERR_", "an error of the chip's system software", "firmware: esp-idf, esp_err.h"),
    ("ERR_", "an error of the network stack", "firmware: lwIP err.h"),
    ("EAI_", "the name could not be resolved", "firmware: lwIP netdb.h"),
)
_NUMBER_TO_NAMES: Final[dict[int, tuple[str, ...]]] = {
    number: tuple(dict.fromkeys(table[number] for table in (ERRORCODE, FILE_SYSTEM) if number in table))
    for number in sorted({*ERRORCODE, *FILE_SYSTEM})
}
_NEWLIB_NAMES: Final[dict[int, str]] = {number: name for name, number in NEWLIB.items()}
_WHOLE_NUMBER: Final = re.compile(r"([+-]?)(0x[0-9a-f]{1,8}|[0-9]{1,10})", re.IGNORECASE)
_IN_TEXT: Final = re.compile(
    r"""\[Errno\ (?P<errno>-?\d{1,10})\]                    # [Errno 12] ENOMEM
    | Error[:(]\s*\(?(?P<error>-?(0x[0-9a-f]{1,8}|\d{1,10}))\b   # OSError: -9984, OSError(-9984), OSError: (-9984, 'x')
    | ^\((?P<pair>-?\d{1,10}),                              # (-9984, 'text')
    | (?<![\w.+-])(?P<negative>-(0x[0-9a-f]{1,8}|\d{2,10}))\b    # ... returned -0x2700
    """,
    re.IGNORECASE | re.VERBOSE,
)


def look_up(query: str) -> list[Explanation]:
    """Every meaning of a number (decimal or hexadecimal), an error text, a name, or the last line of a traceback.

    Nothing where the board has no such number or text. Never raises.
    """
    line = next((part.strip() for part in reversed(query.splitlines()) if part.strip()), "")
    number = _WHOLE_NUMBER.fullmatch(line)
    if number is not None:
        return _of_number(_value(line), hexadecimal="x" in line.lower())
    text = explanations.of_text(line)
    if text is not None:
        return [text]
    match = _IN_TEXT.search(line)
    if match is not None:
        found = match["errno"] or match["error"] or match["pair"] or match["negative"]
        return _of_number(_value(found), hexadecimal="x" in found.lower())
    return list(_of_names(line))


def shown(explanation: Explanation) -> str:
    """How the board's console shows it, such as ``OSError: [Errno 12] ENOMEM``."""
    if explanation.number is None:
        return explanation.name
    name = ERRORCODE.get(explanation.number)
    return f"OSError: [Errno {explanation.number}] {name}" if name else f"OSError: {explanation.number}"


def _value(text: str) -> int:
    return int(text, 16) if "x" in text.lower() else int(text)


def _of_number(number: int, *, hexadecimal: bool) -> list[Explanation]:
    found = list(_meanings(number))
    # The TLS library's own documentation writes -0x2700; people drop the sign.
    if number > 0 and (hexadecimal or not found):
        negated = list(_meanings(-number))
        return negated + found if hexadecimal else negated
    return found


def _meanings(number: int) -> Iterator[Explanation]:
    if number == 0:
        yield ZERO
        return
    tls = explanations.of_number(number)
    if tls is not None:
        yield tls
    for name in _names(number):
        if tls is None or not name.startswith(explanations.PREFIX):
            yield _named(number, name)
    yield from explanations.of_flags(number)


def _names(number: int) -> tuple[str, ...]:
    names = _NUMBER_TO_NAMES.get(number, ())
    if not names and number in _NEWLIB_NAMES:
        return (_NEWLIB_NAMES[number],)
    return names


def _named(number: int, name: str) -> Explanation:
    known = ERRNO_ROWS.get(name)
    if known is not None:
        title, row = known
        return Explanation("errno", number, name, title, row.where, row.causes, row.fix, row.source)
    kind: explanations.Kind = "tls" if name.startswith(explanations.PREFIX) else "errno"
    family = next((row for row in _FAMILIES if name.startswith(row[0])), ("", "an error of the C library", _MPERRNO))
    words = name.removeprefix(family[0]).replace("_", " ").lower()
    return Explanation(kind, number, name, f"{family[1]}: {words}", "handed up from below", (), "", family[2])


def _of_names(line: str) -> Iterator[Explanation]:
    for word in dict.fromkeys(re.findall(r"[A-Za-z][A-Za-z0-9_]{2,}", line)):
        name = word.upper()
        flag = explanations.of_flag_name(name)
        if flag is not None:
            yield flag
            continue
        tls = explanations.of_name(name)
        if tls is not None:
            yield tls
            continue
        numbers = [n for n, names in _NUMBER_TO_NAMES.items() if name in names or explanations.PREFIX + name in names]
        yield from (_named(n, next(m for m in _NUMBER_TO_NAMES[n] if m.endswith(name))) for n in numbers)
        if not numbers and name in NEWLIB:
            yield _named(NEWLIB[name], name)
