"""Small tables as JSON files that a person can read and change."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from emulator.state.host import Host


class Table:
    """The file ``name`` in the folder. Saving is one instant, and nothing when the file says the same already.

    An empty table that was never stored is none: a board that does not use NVS has no file of it.
    """

    def __init__(self, host: Host, name: str) -> None:
        self.name = name
        self._host = host
        self._stored: bytes | None = None
        self._lock = threading.Lock()

    def read(self) -> dict[str, Any] | None:
        """Return what is stored, None where there is no such file. Raises ValueError naming the file, OSError."""
        if self._host.kind((self.name,)) is None:
            return None
        content = self._host.read((self.name,))
        try:
            found = json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{self.name} is damaged: {error}") from error
        if not isinstance(found, dict):
            raise ValueError(f"{self.name} is damaged: not a table")  # noqa: TRY004  the file is wrong, not the caller
        self._stored = content
        return found

    def save(self, values: Callable[[], dict[str, Any]]) -> None:
        """Store what ``values`` returns now: of two that save at once, the later state wins. Raises OSError."""
        with self._lock:
            table = values()
            if not table and self._stored is None:
                return
            content = (json.dumps(table, indent=1, sort_keys=True) + "\n").encode("ascii")
            if content != self._stored:
                self._host.put((self.name,), content)
                self._stored = content
                self._host.sync()
