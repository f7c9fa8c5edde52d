"""The path bookkeeping of the board's FTP server, as text: nothing is looked up here.

A path is absolute when it begins with a slash; anything else is put behind the working directory. ``.`` and ``..`` are
left in the text for the file system to make sense of (firmware: esp32/ftp/ftp.c).
"""

from __future__ import annotations

PATH_MAX = 128
"""Bytes of a whole path; the board's buffers have one more and no check."""


def join(cwd: bytes, argument: bytes) -> bytes:
    """Return the path that an argument means; one slash at its end is dropped."""
    path = argument if argument.startswith(b"/") else (cwd if cwd == b"/" else cwd + b"/") + argument
    return path[:-1] if len(path) > 1 and path.endswith(b"/") else path


def parent(path: bytes) -> bytes:
    """Return the path cut off at its last slash, at least ``/``."""
    return path[: path.rfind(b"/")] or b"/"


class WorkingDirectory:
    """Where one session is, and where the board would be.

    The board builds each path in its only copy of the working directory and cuts the argument off again afterwards.
    That goes wrong for absolute arguments (nothing is left: ``/``) and a failed ``CWD`` (the last component is gone).
    With ``lossy`` that is what happens; without, ``cwd`` stays and ``board`` follows the board.
    """

    def __init__(self, *, lossy: bool) -> None:
        self._lossy = lossy
        self.cwd = b"/"
        self.board = b"/"

    @property
    def drifted(self) -> bool:
        """Whether the board would be somewhere else."""
        return self.cwd != self.board

    def path(self, argument: bytes) -> bytes:
        """Return the path an argument means."""
        return join(self.cwd, argument)

    def change(self, path: bytes) -> None:
        """``CWD`` or ``CDUP`` went to ``path``."""
        self.cwd = self.board = path

    def change_failed(self, argument: bytes) -> None:
        """``CWD`` was refused."""
        self._board_moves(parent(self.path(argument)))

    def file_command_done(self, argument: bytes) -> None:
        """Follow what the board does to its path after a command that names a file."""
        if not argument.startswith(b"/"):
            return
        # with a slash at the end the board counts one character too many, and misses the path altogether
        self._board_moves(join(b"/", argument) if len(argument) > 1 and argument.endswith(b"/") else b"/")

    def _board_moves(self, path: bytes) -> None:
        self.board = path
        if self._lossy:
            self.cwd = path
