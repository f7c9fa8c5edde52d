"""What flows over the data connection: sources (``RETR``, ``LIST``) and sinks (``STOR``), without any socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from emulator.services import ftp_quirks
from emulator.services.ftp_replies import TRANSFER_FAILED, TRANSFERRED, Reply
from flashfs import FileIO, Note, NoteSink, TextIOWrapper, Volume
from flashfs.errors import ENOSPC

CHUNK = 8 << 20
"""Bytes read from a file at once, so that a file of a flash is not copied. The board's buffer has 512; nobody can tell."""
LISTING_CHUNK = 65536
"""Bytes of a listing made at once."""


class TransferFailed(Exception):
    """The flash refused: 451."""


class _Power:
    """Whether the board still is in the power cycle in which a file was opened: files that are open do not outlive it."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._cycle = volume.cycle

    @property
    def lost(self) -> bool:
        """Whether the power has gone since."""
        return self._volume.cycle != self._cycle

    def failure(self, path: bytes, error: Exception) -> Note:
        """The note for a transfer that has ended with an error."""
        return ftp_quirks.transfer_lost(path) if self.lost else ftp_quirks.transfer_failed(path, error)


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
            if len(piece) >= LISTING_CHUNK:
                break
        return bytes(piece)

    def close(self) -> None:
        self._lines = iter(())


class FileSource:
    """A file on its way to the client."""

    def __init__(
        self, file: FileIO | TextIOWrapper, volume: Volume, path: bytes, note: NoteSink, *, broken: bool
    ) -> None:
        self._file = file
        self._power = _Power(volume)
        self._path = path
        self._note = note
        self._broken = broken
        self._ended = False

    def more(self) -> bytes:
        if self._broken:
            raise TransferFailed
        if self._ended:
            return b""
        try:
            data: bytes = self._file.read(CHUNK)
        except OSError as error:
            self._note(self._power.failure(self._path, error))
            raise TransferFailed from error
        self._ended = len(data) < CHUNK  # as on the board, a short block is the last one
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

    Where there is no room for it, what appears is what the board leaves: as much as fits on FAT, 0 bytes on LittleFS.
    Raises OSError at once where the file could not be made.
    """

    _CHECK_EVERY = 65536

    def __init__(self, volume: Volume, inner: bytes) -> None:
        self._volume = volume
        self._inner = inner
        self._pieces: list[bytes] = []
        self._size = 0
        self._checked = 0
        self._cycle = volume.cycle
        probe(volume, inner)

    def write(self, data: bytes) -> int:
        self._check_mounted()
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= self._checked:
            # what else is written meanwhile counts at close
            self._checked = self._size + self._CHECK_EVERY
            shortage = self._volume.shortage(self._inner, self._size)
            if shortage:
                raise OSError(ENOSPC, shortage)
        return len(data)

    def close(self) -> None:
        with self._volume.lock:
            self._check_mounted()
            with self._volume.open(self._inner, "wb") as file:
                file.write(b"".join(self._pieces))

    def _check_mounted(self) -> None:
        if self._volume.cycle != self._cycle:  # the power was cut meanwhile
            raise self._volume.dead_handle()


def probe(volume: Volume, inner: bytes) -> None:
    """Raise OSError where a file that is not there could not be made."""
    with volume.lock:  # nobody sees it come and go
        volume.open(inner, "wb").close()
        volume.remove(inner)


class FileSink:
    """A file on its way to the flash."""

    def __init__(self, file: FileIO | TextIOWrapper | NewFile, volume: Volume, path: bytes, note: NoteSink) -> None:
        self._file: FileIO | TextIOWrapper | NewFile | None = file
        self._power = _Power(volume)
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
        if self._power.lost:  # such a file closes without an error, and nothing is stored
            self._fail(OSError("the power went"))
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
            self._note(self._power.failure(self._path, error))


class BrokenSink:
    """An upload the board breaks off at its first byte. It never closes the file, so an empty one changes nothing.

    :param broken: whether an empty one has failed, too
    """

    def __init__(self, *, broken: bool = False) -> None:
        self._broken = broken

    def write(self, data: bytes) -> None:
        self._broken = True
        raise TransferFailed

    def finish(self, cut_off: str = "") -> Reply:
        return TRANSFER_FAILED if self._broken else TRANSFERRED

    def abandon(self) -> object:
        return None
