"""What one power cycle hands to each device module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.runtime.printing import Printer

if TYPE_CHECKING:
    from types import ModuleType

    from emulator.board import Board
    from emulator.clock import Clock
    from emulator.console import ConsoleWriter
    from emulator.firmware._memory import Memory
    from emulator.power import PowerCycle
    from emulator.repl.line_editor import History
    from emulator.runtime.interpreter import Interpreter
    from flashfs.notes import Note
    from flashfs.vfs import Vfs


@dataclass(eq=False)
class Device:
    """A board between two resets, as its modules see it."""

    board: Board
    power: PowerCycle
    clock: Clock
    vfs: Vfs
    console: ConsoleWriter
    note: Callable[[Note], None]
    printer: Printer = field(default_factory=Printer)
    interpreter: Interpreter = field(init=False)
    memory: Memory | None = field(default=None, init=False)
    """Which addresses the script's objects have, once something asks for one."""
    _history: History | None = field(default=None, init=False)

    def host_file(self, path: str, data: bytes) -> str:
        """The host's file that ``path`` was loaded from, as long as its content is still ``data``, else a name in brackets."""
        return self.board.host_file(self.vfs, path, data)

    def read_line(self) -> str:
        """One line typed at the console, without its end. Raises EOFError.

        At a keyboard it is edited as at the prompt (firmware: lib/mp-readline/readline.c).
        """
        typed = self.board.console_input
        if not typed.keyboard:
            return typed.read_line(self.power)
        from emulator.repl.loop import read_line

        return read_line(self)

    @property
    def history(self) -> History:
        """The lines typed since the last reset."""
        if self._history is None:
            from emulator.repl.line_editor import History

            self._history = History()
        return self._history

    def module(self, name: str) -> ModuleType:
        """Another of the board's modules, for those that share types (``ussl`` needs ``usocket``)."""
        module = self.interpreter.importer.device_module(name)
        assert module is not None
        return module
