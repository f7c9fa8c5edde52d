"""One FTP session: the board's commands over the device's flash, without any socket.

Every path is decided in the tree of the device's mounts; the host's file system is out of reach.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from emulator.services import ftp_quirks
from emulator.services import ftp_replies as replies
from emulator.services.ftp_commands import LINE_MAX, Overlong, first_word, parse
from emulator.services.ftp_image import IMAGE_PATH, FirmwareSlot, ImageSink
from emulator.services.ftp_paths import PATH_MAX, WorkingDirectory, parent
from emulator.services.ftp_replies import Reply
from emulator.services.ftp_transfers import BrokenSink, FileSink, FileSource, Listing, NewFile, Sink, Source, probe
from flashfs import Entry, Note, NoteSink, Vfs, Volume
from flashfs.volume import FOLDER_MODE


class Passive:
    """Open a listener and say where."""


@dataclass(frozen=True)
class Download:
    """Say 150 and send."""

    source: Source


@dataclass(frozen=True)
class Upload:
    """Say 150 and receive."""

    sink: Sink


@dataclass(frozen=True)
class LateUpload:
    """Say 150, and open the sink when the data connection is there; ``missed`` is called where it does not come.

    The board reads the command at that moment, and not before.
    """

    open: Callable[[], Sink]
    missed: Callable[[], None]


Answer = Reply | Passive | Download | Upload | LateUpload


class Session:
    """The state of one client.

    :param vfs: returns the device's mounts as they are now
    :param login: returns user and password as they are now
    :param note: takes explanations for the host's reader; each kind at most once
    :param now: the board's clock, seconds since 1970
    :param quirks: names of ``ftp_quirks.QUIRKS`` to imitate
    :param slot: where a firmware image goes
    """

    def __init__(
        self,
        *,
        vfs: Callable[[], Vfs],
        login: Callable[[], tuple[bytes, bytes]],
        note: NoteSink,
        now: Callable[[], float],
        quirks: frozenset[str],
        slot: FirmwareSlot | None = None,
    ) -> None:
        self._vfs = vfs
        self._login = login
        self._sink = note
        self._now = now
        self._told: set[str] = set()
        self._user_right = False
        self._rename_from: bytes | None = None
        self._forgot_rename = ""
        self._data_open = False
        self._data_pending = False
        self._slot = slot or FirmwareSlot()
        self._never_425 = ftp_quirks.NO_DATA_CONNECTION.name in quirks
        self._shows_empty = ftp_quirks.EMPTY_WHILE_UPLOADED.name in quirks
        self._breaks_transfers = ftp_quirks.ABSOLUTE_TRANSFER.name in quirks
        self._where = WorkingDirectory(lossy=ftp_quirks.CWD_LOST.name in quirks)
        self.logged_in = False

    def command(self, line: bytes | Overlong, *, data_open: bool, data_pending: bool = False) -> Answer:
        """Carry out one line of the client.

        :param data_open: whether there is a data connection, or a listener for one
        :param data_pending: whether there is only the listener
        """
        if isinstance(line, Overlong):
            if not self.logged_in:
                return replies.LOGIN_FIRST
            self.tell(ftp_quirks.line_too_long(LINE_MAX))
            return replies.REFUSED
        word, argument = parse(line)
        if not self.logged_in and word not in _BEFORE_LOGIN:
            return replies.LOGIN_FIRST
        perform = COMMANDS.get(word)
        if perform is None:
            if word in ftp_quirks.INSTEAD:
                self.tell(ftp_quirks.not_there(word))
            return replies.NOT_IMPLEMENTED
        self._data_open = data_open
        self._data_pending = data_pending
        return perform(self, argument)

    def tell(self, note: Note) -> None:
        """Send a note, unless this session has sent one of that kind."""
        if note.code not in self._told:
            self._told.add(note.code)
            self._sink(note)

    # -- login and odds and ends

    def _user(self, argument: bytes) -> Answer:
        # a wrong name does not take back an earlier right one
        self._user_right = self._user_right or first_word(argument) == self._login()[0]
        return replies.PASSWORD_PLEASE

    def _pass(self, argument: bytes) -> Answer:
        if not self._user_right or first_word(argument) != self._login()[1]:
            return replies.BAD_LOGIN
        self.logged_in = True
        return replies.LOGGED_IN

    def _quit(self, argument: bytes) -> Answer:
        return replies.GOODBYE

    def _feat(self, argument: bytes) -> Answer:
        return replies.FEATURES

    def _syst(self, argument: bytes) -> Answer:
        return replies.SYSTEM

    def _okay(self, argument: bytes) -> Answer:
        return replies.OKAY

    # -- the working directory

    def _pwd(self, argument: bytes) -> Answer:
        self._relative()
        return Reply(257, self._where.cwd)

    def _cwd(self, argument: bytes) -> Answer:
        if not argument.startswith(b"/"):
            self._relative()
        path = self._path(argument)
        if path is None or not self._is_folder(path):
            self._where.change_failed(argument)
            return replies.REFUSED
        self._where.change(path)
        return replies.DONE

    def _cdup(self, argument: bytes) -> Answer:
        self._relative()
        self._where.change(parent(self._where.cwd))
        return replies.DONE

    def _relative(self) -> None:
        """Note that what follows depends on a working directory that the board does not have."""
        if self._where.drifted:
            self.tell(ftp_quirks.cwd_lost(self._where.cwd, self._where.board))

    def _path(self, argument: bytes) -> bytes | None:
        path = self._where.path(argument)
        if len(path) <= PATH_MAX:
            return path
        self.tell(ftp_quirks.path_too_long(path, PATH_MAX))
        return None

    def _is_folder(self, path: bytes) -> bool:
        try:
            place = self._vfs().resolve(path)
            if place is not None:
                volume, inner = place
                volume.ilistdir(inner)
        except OSError:
            return False
        return True

    # -- transfers

    def _pasv(self, argument: bytes) -> Answer:
        self._forget_rename("PASV")
        return Passive()

    def _list(self, argument: bytes) -> Answer:
        self._relative()
        try:
            place = self._vfs().resolve(self._where.cwd)
            if place is None:
                lines = self._mount_lines()
            else:
                volume, inner = place
                lines = self._lines(volume.dated_listing(inner))
        except OSError:
            return replies.REFUSED
        if not self._data_open:
            return self._no_data_connection("LIST")
        self._forget_rename("LIST")
        return Download(Listing(lines))

    def _mount_lines(self) -> Iterator[bytes]:
        now = self._now()
        for name in self._vfs().listdir(b"/"):
            yield replies.mount_line(name, now)

    def _lines(self, entries: list[tuple[Entry, int | None]]) -> Iterator[bytes]:
        line_of = replies.liner(self._now())
        for (name, is_dir, size), stamp in entries:
            line = line_of(name, is_dir, size, stamp)
            if len(line) > replies.LIST_LINE_MAX:
                self.tell(ftp_quirks.listing_cut_off(name))
                return
            yield line

    def _retr(self, argument: bytes) -> Answer:
        def start(path: bytes, volume: Volume, inner: bytes) -> Answer:
            file = volume.open(inner, "rb")
            if not self._data_open:
                file.close()
                return self._no_data_connection("RETR")
            self._forget_rename("RETR")
            return Download(FileSource(file, volume, path, self.tell, broken=self._breaks("RETR", path, argument)))

        return self._on_file(argument, start)

    def _stor(self, argument: bytes) -> Answer:
        def start(path: bytes, volume: Volume, inner: bytes) -> Answer:
            if not self._data_open:
                return self._store_nothing(path, volume, inner)
            broken = path != IMAGE_PATH and self._breaks("STOR", path, argument)
            answer: Answer
            if self._data_pending:
                if path != IMAGE_PATH:
                    _check_target(volume, inner)
                answer = LateUpload(
                    lambda: self._late_sink(path, volume, inner, broken=broken),
                    lambda: self._never_stored(path, volume, inner),
                )
            else:
                answer = Upload(self._open_sink(path, volume, inner, broken=broken))
            self._forget_rename("STOR")
            return answer

        return self._on_file(argument, start)

    def _open_sink(self, path: bytes, volume: Volume, inner: bytes, *, broken: bool) -> Sink:
        if path == IMAGE_PATH:
            return ImageSink(self._slot, self._sink)
        if broken:
            _open_for_ever(volume, inner)
            return BrokenSink()
        new = not self._shows_empty and not _exists(volume, inner)
        file = NewFile(volume, inner) if new else volume.open(inner, "wb")
        return FileSink(file, volume, path, self._sink)

    def _late_sink(self, path: bytes, volume: Volume, inner: bytes, *, broken: bool) -> Sink:
        try:
            return self._open_sink(path, volume, inner, broken=broken)
        except OSError as error:  # it was there, or could be made, when 150 was said
            self._sink(ftp_quirks.transfer_failed(path, error))
            return BrokenSink(broken=True)

    def _store_nothing(self, path: bytes, volume: Volume, inner: bytes) -> Answer:
        """``STOR`` without a data connection: 550 where the file could not be made."""
        if path != IMAGE_PATH:
            _check_target(volume, inner)
        self._never_stored(path, volume, inner)
        return self._no_data_connection("STOR")

    def _never_stored(self, path: bytes, volume: Volume, inner: bytes) -> None:
        if self._never_425 and path != IMAGE_PATH:
            with contextlib.suppress(OSError):
                _open_for_ever(volume, inner)

    def _breaks(self, word: str, path: bytes, argument: bytes) -> bool:
        """Whether the board breaks this transfer off, and so do we."""
        if not argument.startswith(b"/") and self._where.cwd != b"/":
            return False
        if not self._breaks_transfers:
            self.tell(ftp_quirks.absolute_transfer(word, path))
        return self._breaks_transfers

    def _no_data_connection(self, word: str) -> Answer:
        if self._never_425:
            return replies.OPENING
        self.tell(ftp_quirks.no_data_connection(word))
        return replies.NO_DATA_CONNECTION

    # -- files and folders

    def _on_file(self, argument: bytes, action: Callable[[bytes, Volume, bytes], Answer]) -> Answer:
        """Do something with the path an argument means: 550 outside the mounts and for whatever the flash refuses."""
        if not argument.startswith(b"/"):
            self._relative()
        path = self._path(argument)
        if path is None:
            return replies.REFUSED
        try:
            place = self._vfs().resolve(path)
            if place is None:
                return replies.REFUSED
            return action(path, *place)
        except OSError:
            return replies.REFUSED
        finally:
            self._where.file_command_done(argument)

    def _size(self, argument: bytes) -> Answer:
        def say(path: bytes, volume: Volume, inner: bytes) -> Answer:
            # of a folder LittleFS boards report whatever is in memory; 0 is as good
            size = _existing(volume, inner)[6]
            self._forget_rename("SIZE")
            return Reply(213, b"%d" % size)

        return self._on_file(argument, say)

    def _mdtm(self, argument: bytes) -> Answer:
        def say(path: bytes, volume: Volume, inner: bytes) -> Answer:
            _existing(volume, inner)
            stamp = volume.timestamp(inner)
            self._forget_rename("MDTM")
            return replies.mdtm(stamp)

        return self._on_file(argument, say)

    def _forget_rename(self, word: str) -> None:
        """The name given to ``RNFR`` is kept in the buffer that this command writes to."""
        if self._rename_from is not None:
            self._rename_from, self._forgot_rename = None, word

    def _dele(self, argument: bytes) -> Answer:
        def delete(path: bytes, volume: Volume, inner: bytes) -> Answer:
            if volume.stat(inner)[0] == FOLDER_MODE:
                volume.rmdir(inner)
            else:
                volume.remove(inner)
            return replies.DONE

        return self._on_file(argument, delete)

    def _mkd(self, argument: bytes) -> Answer:
        def make(path: bytes, volume: Volume, inner: bytes) -> Answer:
            volume.mkdir(inner)
            return replies.DONE

        return self._on_file(argument, make)

    def _rnfr(self, argument: bytes) -> Answer:
        def remember(path: bytes, volume: Volume, inner: bytes) -> Answer:
            _existing(volume, inner)
            self._rename_from = path
            return replies.RENAME_TO

        return self._on_file(argument, remember)

    def _rnto(self, argument: bytes) -> Answer:
        def rename(path: bytes, volume: Volume, inner: bytes) -> Answer:
            if self._rename_from is None and self._forgot_rename:
                self.tell(ftp_quirks.rename_forgotten(self._forgot_rename))
            source = None if self._rename_from is None else self._vfs().resolve(self._rename_from)
            if source is None or source[0] is not volume:
                return replies.REFUSED
            if volume.kind == "fat" and _occupied(volume, source[1], inner):
                return replies.REFUSED
            volume.rename(source[1], inner)
            return replies.DONE

        return self._on_file(argument, rename)


def _existing(volume: Volume, inner: bytes) -> tuple[int, ...]:
    """Return the status of an entry; FatFs has none for the root of a volume (firmware: lib/oofatfs/ff.c f_stat)."""
    if volume.kind == "fat" and not inner.strip(b"/"):
        raise OSError("the root of a FAT volume has no entry")
    return volume.stat(inner)


def _exists(volume: Volume, inner: bytes) -> bool:
    try:
        volume.stat(inner)
    except OSError:
        return False
    return True


def _check_target(volume: Volume, inner: bytes) -> None:
    """Raise OSError where ``STOR`` could not open its file; nothing changes."""
    if volume.readonly:
        raise OSError("the volume is read-only")
    if _exists(volume, inner):
        volume.open(inner, "rb").close()
    else:
        probe(volume, inner)


def _open_for_ever(volume: Volume, inner: bytes) -> None:
    """What is left of a file that the board opens for writing and never closes: emptied on FAT, made on LittleFS."""
    mode = "wb" if volume.kind == "fat" or not _exists(volume, inner) else "rb"
    volume.open(inner, mode).close()


def _occupied(volume: Volume, source: bytes, target: bytes) -> bool:
    """Whether another entry has the target's name: FatFs itself then refuses, unlike ``os.rename``.

    The same one may be spelled otherwise: in other case, or by way of a dot.
    """
    with volume.lock:
        if not _exists(volume, target):
            return False
        entry = volume.file_system.stat
        return entry(b"/", source) is not entry(b"/", target)


_BEFORE_LOGIN = frozenset({b"USER", b"PASS", b"QUIT"})

COMMANDS: dict[bytes, Callable[[Session, bytes], Answer]] = {
    b"USER": Session._user,
    b"PASS": Session._pass,
    b"QUIT": Session._quit,
    b"FEAT": Session._feat,
    b"SYST": Session._syst,
    b"TYPE": Session._okay,
    b"NOOP": Session._okay,
    b"PWD": Session._pwd,
    b"XPWD": Session._pwd,
    b"CWD": Session._cwd,
    b"CDUP": Session._cdup,
    b"PASV": Session._pasv,
    b"LIST": Session._list,
    b"RETR": Session._retr,
    b"STOR": Session._stor,
    b"SIZE": Session._size,
    b"MDTM": Session._mdtm,
    b"DELE": Session._dele,
    b"RMD": Session._dele,
    b"MKD": Session._mkd,
    b"RNFR": Session._rnfr,
    b"RNTO": Session._rnto,
}
"""The board's 22 words (firmware: esp32/ftp/ftp.c); every other is answered with 502."""
