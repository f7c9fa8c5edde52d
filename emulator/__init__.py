"""A Pycom board on the host: runs firmware scripts, their flash, their FTP server and their TLS.

from emulator import Board

with Board("lopy4") as board:
    (board.flash / "cert" / "ca.pem").write_bytes(ca)
    board.load("main.py")
    board.map("cloud.blynk.cc:8441=127.0.0.1:9443")
    result = board.run(timeout=30)
assert result.exit_code == 0, result.text
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["Board", "Note", "ProjectError", "Result", "__version__"]

if TYPE_CHECKING:
    from emulator.board import Board, Result
    from emulator.project import ProjectError
    from flashfs.notes import Note

_WHERE = {
    "Board": "emulator.board",
    "Result": "emulator.board",
    "ProjectError": "emulator.project",
    "Note": "flashfs.notes",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that the command line pays only for what a command needs."""
    if name in _WHERE:
        from importlib import import_module

        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'emulator' has no attribute {name!r}")
