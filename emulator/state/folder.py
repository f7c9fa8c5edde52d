"""A board that outlives its process: everything that a board keeps, as ordinary files of the host that a person can read.

    DIR/board.json      the format of this folder, and which file system the flash has
    DIR/flash/...       the tree of /flash; what a host's file name cannot hold is written %XX
    DIR/sd/...          the tree of the SD card
    DIR/nvs.json        pycom.nvs_*
    DIR/config.json     the configuration block: pycom.wifi_on_boot and the others
    DIR/flash-names/    names that are too long for the host
    DIR/lock            held by the process that uses the folder; the lock dies with the process

Each commit of the board is one instant here, so a process that dies at any instant leaves the board as of its last commit.
The clock and ``RTC.memory`` are lost with the process, as they are with the power.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.notes import Note
from emulator.project import ProjectError
from emulator.state import names
from emulator.state.host import ASIDE, Host
from emulator.state.lock import InUseError, Lock
from emulator.state.mirror import Mirror
from emulator.state.tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.board import Board
    from emulator.config_block import ConfigBlock
    from emulator.nvs import Nvs
    from flashfs.volume import Volume

FORMAT = 2
READ_FORMATS = (1, 2)
"""1 had neither config.json nor long names, and took names of the host's tools for the board's."""

_ABOUT, _FLASH, _SD, _LOCK = "board.json", "flash", "sd", "lock"
_KINDS = ("littlefs", "fat")


class StateFolder:
    """The folder of one board. Raises ProjectError, whose text is one line, when it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mirrors: list[Mirror] = []
        self._saves: list[Callable[[], None]] = []
        self._unwatch: list[Callable[[], None]] = []
        self._note: Callable[[Note], None] = lambda note: None
        self._lock: Lock | None = None
        with self._one_line():
            if folder.exists() and not folder.is_dir():
                raise ValueError("not a folder")
            folder.mkdir(parents=True, exist_ok=True)
            self._host = Host(folder)
            self._about = Table(self._host, _ABOUT)
            self._recognise()  # before anything is made in a folder that is not ours
            try:
                self._lock = Lock(folder / _LOCK)
            except InUseError:
                raise ValueError("in use by another process") from None

    def _recognise(self) -> dict[str, Any] | None:
        """Return what board.json says, None for a new folder. Raises ValueError for a folder that is none of ours."""
        found = self._about.read()
        if found is None:
            others = [entry.name for entry in self._host.scan() if not _is_ours_or_nobodys(entry.name)]
            if others:
                raise ValueError(f"not the folder of a board: it holds {others[0]!r}, and no {_ABOUT}")
            return None
        if found.get("format") not in READ_FORMATS or isinstance(found["format"], bool):
            known = " and ".join(map(str, READ_FORMATS))
            raise ValueError(f"{_ABOUT}: format {found.get('format')!r} is not one that this version reads ({known})")
        if found.get("fs") not in _KINDS:
            raise ValueError(f"{_ABOUT}: no file system {found.get('fs')!r}; there are {' and '.join(_KINDS)}")
        return found

    def attach(self, board: Board, fs: str | None = None) -> None:
        """Load what is stored into ``board``, and store each change from now on.

        :param fs: the file system asked for; None takes the one that is stored
        :raises ProjectError: for what cannot be taken; the folder stays as it is
        """
        self._note = board.note
        try:
            with self._one_line():
                self._attach(board, fs)
        except BaseException:
            self.close()
            raise

    def _attach(self, board: Board, fs: str | None) -> None:
        found = self._recognise()
        if found is not None:
            self._load_table(Table(self._host, "nvs.json"), board.nvs.load)
            if not self._load_table(Table(self._host, "config.json"), board.config.load):
                board.config.load_file_system(found["fs"])
            if fs is not None and fs != board.config.file_system:
                raise ValueError(
                    f"the board stored there has {board.config.file_system}; say --fs {board.config.file_system}"
                )
        blind = _ignores_case(self._host)
        flash = Mirror(board.volume, self._host, _FLASH, blind=blind, trouble=self._trouble)
        if found is not None:
            board.volume.become(found["fs"])
            flash.load(foreign=found["format"] == 1)
        sd = self._load_sd(board, blind=blind)
        if found is not None and found["format"] == 1:
            flash.keep_foreign()
        for entry in self._host.scan():
            if entry.name.startswith(ASIDE):
                self._host.clear((entry.name,))

        # From here on the folder is ours to write. board.json comes first: the rest may be half-made at any time.
        self._keep(board, flash, sd)

    def _load_sd(self, board: Board, *, blind: bool) -> Mirror | None:
        volume: Volume | None = getattr(board, "sd_volume", None)
        if volume is None:
            return None
        mirror = Mirror(volume, self._host, _SD, blind=blind, trouble=self._trouble)
        if self._host.kind((_SD,)) is not None:
            mirror.load()
        return mirror

    def _keep(self, board: Board, flash: Mirror, sd: Mirror | None) -> None:
        def about() -> dict[str, Any]:
            return {"format": FORMAT, "fs": board.volume.kind}

        self._about.save(about)
        flash.on_clear = partial(self._save, self._about, about)
        self._saves.append(flash.on_clear)
        self._watch_table("nvs.json", board.nvs)
        self._watch_table("config.json", board.config)
        for mirror in (flash, sd):
            if mirror is not None:
                self._mirrors.append(mirror)
                mirror.watch()

    def _load_table(self, table: Table, load: Callable[[dict[str, Any]], None]) -> bool:
        values = table.read()
        if values is None:
            return False
        try:
            load(values)
        except ValueError as error:
            raise ValueError(f"{table.name}: {error}") from error
        return True

    def _watch_table(self, name: str, source: Nvs | ConfigBlock) -> None:
        table = Table(self._host, name)
        table.read()  # what is stored is not stored again
        save = partial(self._save, table, source.items)
        source.on_change = save
        self._saves.append(save)
        self._unwatch.append(lambda: setattr(source, "on_change", lambda: None))
        save()

    def _save(self, table: Table, values: Callable[[], dict[str, Any]]) -> None:
        try:
            table.save(values)
        except OSError as error:
            self._trouble(error)

    def _trouble(self, error: OSError) -> None:
        # Only the reason: a path would make every note another one, and the host's are no use to the board's reader.
        self._note(
            Note(
                "state-not-saved",
                "a change of the board could not be stored on this machine",
                cause=f"--state {self.folder}: {error.strerror or error}",
                fix="make room or give write permission; it is stored with the next change, and lost if the process ends first",
            )
        )

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            text = getattr(error, "strerror", None) or str(error)
            path = getattr(error, "filename", None)
            if isinstance(path, (str, bytes)):
                shown = os.fsdecode(path).removeprefix(os.fspath(self._root())).lstrip("/\\")
                text = f"{shown}: {text}" if shown else text
            raise ProjectError(" ".join(f"--state {self.folder}: {text}".split())) from error

    def _root(self) -> str:
        return self._host.root if hasattr(self, "_host") else os.path.abspath(self.folder)  # noqa: PTH100

    def flush(self) -> None:
        """Store what could not be stored when it happened."""
        if self._lock is None:
            return
        for save in self._saves:
            save()
        for mirror in self._mirrors:
            mirror.flush()

    def close(self) -> None:
        """Store what is left, then let another process have the folder. Does nothing the second time."""
        self.flush()
        for mirror in self._mirrors:
            mirror.close()
        for unwatch in self._unwatch:
            unwatch()
        self._mirrors.clear()
        self._saves.clear()
        self._unwatch.clear()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _is_ours_or_nobodys(name: str) -> bool:
    """What a start that was cut off leaves, and what the host's tools put anywhere."""
    return name == _LOCK or name.startswith(ASIDE) or names.is_foreign(name)


def _ignores_case(host: Host) -> bool:
    """Whether the folder's file system takes two names for one that differ in case only, or may normalise them."""
    return sys.platform == "darwin" or host.kind((_LOCK.upper(),)) is not None
