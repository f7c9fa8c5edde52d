"""What flows over the data connection: sources (``RETR``, ``LIST``) and sinks (``STOR``), without any socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from emulator.services import ftp_quirks
from emulator.services.ftp_replies import TRANSFER_FAILED, TRANSFERRED, Reply
from flashfs import FileIO, NoteSink, TextIOWrapper, Volume
from flashfs.errors import ENOSPC

CHUNK = 65536
"""Bytes handed to the data connection at once. The board's buffer has 512; nobody can tell from outside."""

IMAGE_PATH = b"/flash/sys/appimg.bin"
"""``STOR`` to exactly this path is a firmware update (firmware: esp32/ftp/updater.c)."""

IMAGE_MAX = 1980 * 1024
"""Bytes of the inactive firmware slot on boards with 8 MB of flash."""


class TransferFailed(Exception):
    """The flash refused: 451."""


class Source(Protocol):
    """Bytes to send."""

    def more(self) -> bytes:
        """Return the next bytes, empty at the end; raises TransferFailed."""

    def close(self) -> None:
        """End; more() is not called any more."""


class Listing:
    """The lines of a ``LIST``."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines

    def more(self) -> bytes:
        piece = bytearray()
        for line in self._lines:
            piece += line
            if len(piece) >= CHUNK:
                break
        return bytes(piece)

    def close(self) -> None:
        self._lines = iter(())


class FileSource:
    """A file on its way to the client."""

    def __init__(self, file: FileIO | TextIOWrapper, path: bytes, note: NoteSink, *, broken: bool) -> None:
        self._file = file
        self._path = path
        self._note = note
        self._broken = broken

    def more(self) -> bytes:
        if self._broken:
            raise TransferFailed
        try:
            data: bytes = self._file.read(CHUNK)
        except OSError as error:
            self._note(ftp_quirks.upload_failed(self._path, error))
            raise TransferFailed from error
        return data

    def close(self) -> None:
        self._file.close()


class Sink(Protocol):
    """Takes the bytes of an upload."""

    def write(self, data: bytes) -> None:
        """Take bytes; raises TransferFailed."""

    def finish(self, cut_off: str = "") -> Reply:
        """End, with what arrived kept; the reply to send. ``cut_off`` is the reason why this is not all."""

    def abandon(self) -> object:
        """End as a power cut does; whoever keeps the result until the next mount keeps it from being committed."""


class NewFile:
    """A file that appears, whole, when it is closed: a script that waits for it must not find it empty.

    Raises OSError at once where the file could not be made.
    """

    def __init__(self, volume: Volume, inner: bytes) -> None:
        self._volume = volume
        self._inner = inner
        self._content = bytearray()
        self._cycle = volume.cycle
        with volume.lock:  # nobody sees it come and go
            volume.open(inner, "wb").close()
            volume.remove(inner)

    def write(self, data: bytes) -> int:
        self._check_mounted()
        shortage = self._volume.shortage(self._inner, len(self._content) + len(data))
        if shortage:
            raise OSError(ENOSPC, shortage)
        self._content += data
        return len(data)

    def close(self) -> None:
        with self._volume.lock:
            self._check_mounted()
            with self._volume.open(self._inner, "wb") as file:
                file.write(bytes(self._content))

    def _check_mounted(self) -> None:
        if self._volume.cycle != self._cycle:  # the power was cut meanwhile
            raise self._volume.dead_handle()


class FileSink:
    """A file on its way to the flash."""

    def __init__(self, file: FileIO | TextIOWrapper | NewFile, path: bytes, note: NoteSink) -> None:
        self._file: FileIO | TextIOWrapper | NewFile | None = file
        self._path = path
        self._note = note
        self._size = 0
        self._failed = False

    def write(self, data: bytes) -> None:
        assert self._file is not None
        try:
            written = self._file.write(data)
        except OSError as error:
            self._fail(error)
            raise TransferFailed from error
        self._size += written
        if written < len(data):  # FAT stores what still fits; LittleFS does so beyond its largest size
            self._fail(OSError("no space left"))
            raise TransferFailed

    def finish(self, cut_off: str = "") -> Reply:
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError as error:
            # The board ignores this and says 226 for a file that is not there: nobody can wish for that.
            self._fail(error)
        if self._failed:
            return TRANSFER_FAILED
        if cut_off:
            self._note(ftp_quirks.upload_cut_off(self._path, self._size, cut_off))
        return TRANSFERRED

    def abandon(self) -> object:
        file, self._file = self._file, None
        return file

    def _fail(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            self._note(ftp_quirks.upload_failed(self._path, error))


class BrokenSink:
    """An upload the board breaks off at its first byte; an empty one succeeds, and ``empty`` then empties the file."""

    def __init__(self, empty: Callable[[], None]) -> None:
        self._empty = empty
        self._broken = False

    def write(self, data: bytes) -> None:
        self._broken = True
        raise TransferFailed

    def finish(self, cut_off: str = "") -> Reply:
        if self._broken:
            return TRANSFER_FAILED
        try:
            self._empty()
        except OSError:
            return TRANSFER_FAILED
        return TRANSFERRED

    def abandon(self) -> object:
        return None


class ImageSink:
    """A firmware image, which the emulator has no use for."""

    def __init__(self, note: NoteSink) -> None:
        self._note = note
        self._size = 0

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > IMAGE_MAX:
            raise TransferFailed

    def finish(self, cut_off: str = "") -> Reply:
        self._note(ftp_quirks.firmware_image(self._size))
        return TRANSFERRED if self._size <= IMAGE_MAX else TRANSFER_FAILED

    def abandon(self) -> object:
        return None
