"""Values that several commands take. No command of its own.

An empty path is refused everywhere: it is what a shell makes of an unset variable, and would be a whole folder or volume.
"""

from __future__ import annotations

from pathlib import Path


def some_path(text: str) -> str:
    """A path of the board or of this machine, as it was written."""
    if not text:
        raise ValueError(text)
    return text


def host_path(text: str) -> Path:
    """A path of this machine."""
    return Path(some_path(text))


some_path.__name__ = host_path.__name__ = "path"
