"""Device modules without a running board: what an expression of a script gives, as the board prints it."""

from __future__ import annotations

import builtins
import importlib
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from emulator.models import model
from emulator.runtime.hooks import GUARD
from emulator.runtime.messages import board_class_name
from emulator.runtime.printing import Printer
from flashfs import Note


@dataclass
class Bench:
    """A stand-in for a device: console text and notes are kept."""

    board_name: str = "fipy"
    shown: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    printer: Printer = field(default_factory=Printer)
    memory: Any = None
    interpreter: Any = field(
        default_factory=lambda: SimpleNamespace(opt_level=0, emergency=0, heap_lock=lambda: SimpleNamespace(depth=0))
    )
    power: Any = field(default_factory=lambda: SimpleNamespace(check=lambda: None))

    @property
    def board(self) -> Any:
        return SimpleNamespace(model=model(self.board_name))

    @property
    def console(self) -> Any:
        return SimpleNamespace(write=self.shown.append)

    def note(self, note: Note) -> None:
        self.notes.append(note)

    def module(self, name: str) -> dict[str, Any]:
        made: dict[str, Any] = importlib.import_module(f"emulator.firmware.{name}").module(self)
        return made

    def names(self, *modules: str) -> dict[str, Any]:
        """A script's globals with these modules imported."""
        return {"__name__": "__main__"} | {name: SimpleNamespace(**self.module(name)) for name in modules}

    def outcome(self, expression: str, names: dict[str, Any]) -> str:
        """``repr`` of the value as the board prints it, or ``Type: text`` of the exception."""
        try:
            # code is a script's where its builtins have the power check
            script_builtins = {**vars(builtins), GUARD: lambda: None}
            return self.printer.repr(eval(expression, {**names, "__builtins__": script_builtins}))
        except Exception as error:  # noqa: BLE001  the outcome is the exception
            return f"{board_class_name(error)}: {self.printer.str(error)}"
