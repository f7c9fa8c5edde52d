"""The flash of a Pycom board: a file tree with the names, errors, orders and habits of its LittleFS and FAT.

Useful alone, to test code that works with files of such a board:

    >>> from flashfs import HostPath, Vfs, Volume
    >>> flash = Volume("littlefs")
    >>> flash.boot_defaults()
    >>> board = Vfs({"/flash": flash})
    >>> with board.open("/flash/cert/ca.pem", "w") as file:
    ...     file.write("-----BEGIN CERTIFICATE-----")
    27
    >>> board.listdir("/flash")
    ['boot.py', 'cert', 'lib', 'main.py', 'sys']
    >>> board.open("/flash/nothing")
    Traceback (most recent call last):
    flashfs.errors.DeviceError: [Errno 2] ENOENT

The host's side is a ``pathlib``-like view, for the test around the code:

    >>> (HostPath(flash) / "cert" / "ca.pem").read_text()
    '-----BEGIN CERTIFICATE-----'
    >>> (HostPath(flash) / "main.py").write_text("import app")
    10
    >>> sorted(path.name for path in HostPath(flash).glob("*.py"))
    ['boot.py', 'main.py']

Space is counted in blocks as the board counts it, so a full flash is full at the board's byte. Here a board with 4 MB,
whose LittleFS keeps nothing of a file that did not fit:

    >>> small = Vfs({"/flash": Volume("littlefs", capacity=127 * 4096)})
    >>> log = small.open("/flash/log.bin", "wb")
    >>> log.write(bytes(511028))
    511028
    >>> log.write(b"x")
    Traceback (most recent call last):
    flashfs.errors.DeviceError: [Errno 28] ENOSPC
    >>> log.close()
    >>> small.stat("/flash/log.bin")[6]
    0

``flashfs.images`` reads and writes images of the whole medium.
"""

from flashfs.errors import DeviceError, ErrorFactory
from flashfs.files import FileIO, TextIOWrapper
from flashfs.hostpath import HostPath
from flashfs.notes import Note, NoteSink, Quirk, ignore_note
from flashfs.quirks import QUIRKS
from flashfs.steps import Step
from flashfs.vfs import Vfs
from flashfs.volume import Entry, Volume

__all__ = [
    "QUIRKS",
    "DeviceError",
    "Entry",
    "ErrorFactory",
    "FileIO",
    "HostPath",
    "Note",
    "NoteSink",
    "Quirk",
    "Step",
    "TextIOWrapper",
    "Vfs",
    "Volume",
    "ignore_note",
]
