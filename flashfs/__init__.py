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
    >>> (HostPath(flash) / "cert" / "ca.pem").read_text()
    '-----BEGIN CERTIFICATE-----'
"""

from flashfs.errors import DeviceError, ErrorFactory
from flashfs.files import FileIO, TextIOWrapper
from flashfs.hostpath import HostPath
from flashfs.notes import Note, NoteSink, Quirk, ignore_note
from flashfs.quirks import QUIRKS
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
    "TextIOWrapper",
    "Vfs",
    "Volume",
    "ignore_note",
]
