"""A board that outlives its process: flash and NVS as ordinary files of the host that a person can read.

    DIR/board.json      the format of this folder, and which file system the flash has
    DIR/flash/...       the tree of /flash; bytes that a host's file name cannot hold are written %XX
    DIR/nvs.json        pycom.nvs_*
    DIR/lock            held by the process that uses the folder; the lock dies with the process

Each commit of the board's is written aside, synced and renamed, so a process that dies at any instant leaves the board as of
its last commit.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from emulator.notes import Note
from emulator.project import ProjectError

if TYPE_CHECKING:
    from emulator.board import Board
    from flashfs.store import Change

FORMAT = 1
_ASIDE = ".aside-"
_UNSAFE = re.compile(rb'[\x00-\x1f\x7f%<>:"/\\|?*]|[. ]$|^\.aside-')


class StateFolder:
    """The folder of one board. Raises ProjectError when it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._flash = folder / "flash"
        self._nvs = folder / "nvs.json"
        self._lock_file: IO[bytes] | None = None
        self._counter = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock()
        except OSError as error:
            raise ProjectError(f"--state {folder}: {error.strerror or error}") from error

    def attach(self, board: Board) -> None:
        """Load what is stored into ``board``, and store each change from now on. Raises ProjectError."""
        try:
            self._attach(board)
        except BaseException as error:
            self.close()
            if isinstance(error, (OSError, ValueError)):
                raise ProjectError(f"--state {self.folder}: {getattr(error, 'strerror', None) or error}") from error
            raise

    def _attach(self, board: Board) -> None:
        about = self.folder / "board.json"
        wanted = {"format": FORMAT, "fs": board.volume.kind}
        fresh = not about.exists()
        if not fresh:
            found = _read_table(about)
            if found.get("format") != FORMAT:
                raise ValueError(f"format {found.get('format')!r} is not one that this version reads ({FORMAT})")
            if found.get("fs") != wanted["fs"]:
                raise ValueError(f"the flash stored there is {found.get('fs')}; say --fs {found.get('fs')}")
            board.volume.format()
            board.volume.load(dict(self._stored(self._flash, b"")))
            if self._nvs.exists():
                values = _read_table(self._nvs)
                if not all(isinstance(value, (int, str)) for value in values.values()):
                    raise ValueError(f"{self._nvs.name}: the values are whole numbers and texts")
                board.nvs.load(values)
        self._flash.mkdir(exist_ok=True)
        for leftover in self.folder.glob(f"{_ASIDE}*"):
            leftover.unlink()

        def changed(change: Change) -> None:
            with self._told(board):
                self._apply(change)

        if fresh:
            for path, content in board.volume.snapshot().items():
                target = self._host(path.encode("utf-8", "surrogateescape"))
                if content is None:
                    target.mkdir(exist_ok=True)
                else:
                    self._write(target, content)
            self._write(about, _text(wanted))  # last: without it the folder is taken for a new one
        board.volume.watch(changed)
        board.nvs.on_change = lambda: self._save_nvs(board)

    def _stored(self, folder: Path, prefix: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        if not folder.is_dir():
            return
        for entry in sorted(folder.iterdir()):
            path = prefix + b"/" + _device_name(entry.name)
            if entry.is_symlink():
                raise ValueError(f"{entry}: a link; the board has none")
            if entry.is_dir():
                yield path, None
                yield from self._stored(entry, path)
            elif entry.is_file():
                yield path, entry.read_bytes()

    @contextmanager
    def _told(self, board: Board) -> Iterator[None]:
        """A change that cannot be stored is the host's trouble, not the script's: it goes on, and the person is told."""
        try:
            yield
        except OSError as error:
            board.note(
                Note(
                    "state-not-saved",
                    "a change of the board could not be stored on this machine",
                    cause=f"{error.strerror or error}: {error.filename or self.folder}",
                    fix="make room or give write permission; until then this change is lost with the process",
                )
            )

    def _apply(self, change: Change) -> None:
        what, path, detail = change
        host = self._host(path)
        if what == "write":
            self._write(host, detail.data)  # type: ignore[union-attr]
        elif what == "folder":
            host.mkdir(exist_ok=True)
        elif what == "move":
            assert isinstance(detail, bytes)
            target = self._host(detail)
            if target.is_dir():
                target.rmdir()
            host.replace(target)
        elif host.is_dir():
            shutil.rmtree(host)
        else:
            host.unlink(missing_ok=True)
        _sync_folder(host.parent)

    def _save_nvs(self, board: Board) -> None:
        with self._told(board):
            self._write(self._nvs, _text(board.nvs.items()))

    def _host(self, path: bytes) -> Path:
        return self._flash.joinpath(*[_host_name(part) for part in path.split(b"/") if part])

    def _write(self, target: Path, content: bytes) -> None:
        self._counter += 1
        aside = self.folder / f"{_ASIDE}{self._counter}"
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)

    def flush(self) -> None:
        """Everything is written when it happens; this makes sure of the folder itself."""
        _sync_folder(self.folder)

    def _lock(self) -> None:
        file = (self.folder / "lock").open("a+b")
        try:
            if os.name == "nt":
                import msvcrt

                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise ProjectError(f"--state {self.folder}: in use by another process") from error
        self._lock_file = file

    def close(self) -> None:
        """Let another process have the folder."""
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def _read_table(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} is damaged: not a table")  # noqa: TRY004  the file is wrong, not the caller
    return found


def _text(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode("ascii")


def _host_name(name: bytes) -> str:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        name = b"".join(b"%%%02X" % c if c > 126 else _escaped(bytes([c])) for c in name)
    else:
        name = _escaped(name)
    return name.decode("utf-8")


def _escaped(name: bytes) -> bytes:
    return _UNSAFE.sub(lambda m: b"".join(b"%%%02X" % c for c in m.group()[:1]) + m.group()[1:], name)


def _device_name(name: str) -> bytes:
    return re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m.group(1), 16)]), name.encode("utf-8"))


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
