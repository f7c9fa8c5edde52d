"""The interpreter of one power cycle: builtins, modules and the ``__main__`` that boot.py, main.py and the REPL share."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from emulator.runtime import builtins, hooks, memory, source
from emulator.runtime.hidden import visible_names
from emulator.runtime.imports import Importer, new_module
from emulator.runtime.names import MeasuredPath
from emulator.runtime.sites import Sites
from emulator.runtime.tracebacks import LOCATION, format_exception, host_source
from flashfs.notes import Note

if TYPE_CHECKING:
    from emulator.device import Device
    from emulator.runtime.heaplock import HeapLock

_KINDS: dict[str, type[BaseException]] = {
    "SyntaxError": SyntaxError,
    "IndentationError": IndentationError,
    "RuntimeError": RuntimeError,
    "NameError": NameError,
    "NotImplementedError": NotImplementedError,
}

_TYPED = "<stdin "
_TYPED_KEPT = 64
_TYPED_CHARACTERS = 1 << 20


class Interpreter:
    """Runs source as the board does."""

    def __init__(self, device: Device, floats: str = "double") -> None:
        self.device = device
        self.floats = floats
        """The precision of arithmetic: double, or single as on the board."""
        self.opt_level = 0
        """``micropython.opt_level``: what is compiled from now on leaves its assertions out above 0."""
        self.heap: HeapLock | None = None
        """The lock of the heap, once a script has to do with it."""
        self.emergency = 0
        """Bytes of the emergency buffer for exceptions (``micropython.alloc_emergency_exception_buf``)."""
        self.importer = Importer(self)
        self.builtins: dict[str, Any] = {}
        self.builtins.update(builtins.make(self))
        if floats == "single":
            from emulator.runtime.single import operators

            self.builtins.update(operators.builtins(self, self.builtins))
        device.power.script_builtins = self.builtins
        device.power.heap_bytes = device.board.model.memory.heap_bytes
        self.main_module = new_module("__main__", {})
        self.main: dict[str, Any] = self.main_module.__dict__
        self.sites = Sites(self.builtins)
        self._making = threading.Lock()
        self._display: dict[str, str] = {}
        self._literals = 0
        self._texts: dict[str, str] = {}
        """What was compiled under names that are no files of the host's: tracebacks are read off it."""
        self._typed = 0

    def typed_name(self) -> str:
        """The file name for text from the prompt: the last ones have a name each, as functions outlive the text they stand in."""
        self._typed = (self._typed + 1) % _TYPED_KEPT
        name = f"{_TYPED}{self._typed}>"
        self._texts.pop(name, None)
        typed = [name for name in self._texts if name.startswith(_TYPED)]
        if sum(len(self._texts[name]) for name in typed) > _TYPED_CHARACTERS:
            for old in typed:
                del self._texts[old]
        return name

    def compile(
        self, text: str, display: str, mode: str = "exec", filename: str | None = None, *, sites: bool = False
    ) -> CodeType:
        """Compile; ``display`` is the file name the console shows, ``filename`` the one the host's debugger sees.

        ``sites``: what stands in it can have functions of its own in the builtins. Raises the board's SyntaxError.
        """
        filename = filename or display
        memory.allocate(len(text))
        if self.heap is None and "heap_lock" in text:  # a text without the word locks no heap
            self.heap_lock()
        try:
            code = source.compile_script(
                text,
                filename,
                mode,
                floats=self.floats,
                optimize=self.opt_level,
                site=self.sites.want if sites and self.heap is None else None,
                heap_lock=self.heap is not None,
                literals=self._literals_of(text) if "uctypes" in text else None,
            )
        except source.SourceError as error:
            raise self._refused(error, display) from None
        self._display[filename] = display
        if filename.startswith(("</", _TYPED)) or not (filename.startswith("<") or Path(filename).is_file()):
            self._texts[filename] = text
        return code

    def heap_lock(self) -> HeapLock:
        """The lock of the heap; what is compiled from now on looks at it."""
        if self.heap is None:
            from emulator.runtime import heaplock

            self.heap = heaplock.HeapLock(self)
            self.builtins.update(heaplock.hooks(self, self.heap, self.builtins))
        return self.heap

    def _literals_of(self, text: str) -> int:
        """The number of the first bytes literal of ``text``; no two are the same object (see ``source/literals.py``)."""
        if hooks.LITERAL not in self.builtins:
            from emulator.firmware._memory import memory_of

            self.builtins[hooks.LITERAL] = memory_of(self.device).literal
        first = self._literals
        self._literals += text.count("'") + text.count('"')
        return first

    def _refused(self, error: source.SourceError, display: str) -> BaseException:
        """The board's exception for source that it refuses; the host's reader is told what is meant and what to write."""
        exception = _KINDS[error.kind](error.message)
        if error.kind != "NotImplementedError":
            setattr(exception, LOCATION, (display, error.line, error.block))
        if error.construct:
            self.device.note(
                Note(
                    "syntax",
                    f"{display} line {error.line}: the board does not take {error.construct}",
                    fix=error.instead,
                    source="firmware: py/grammar.h, py/compile.c, py/lexer.c",
                )
            )
        return exception

    def execute(self, code: Any, mode: str, globals: dict[str, Any], locals: Any) -> Any:  # noqa: A002
        """``exec`` and ``eval`` of text."""
        if isinstance(code, (bytes, bytearray)):
            code = code.decode("utf-8", "surrogateescape")
        if not isinstance(code, str):
            raise TypeError("object with buffer protocol required")
        compiled = self.compile(code, "<string>", mode)
        return self._run(compiled, globals, locals)

    def execute_file(self, path: str, globals: dict[str, Any], locals: Any) -> None:  # noqa: A002
        """Run a file of the flash. Raises what it raises, BoardOSError if it cannot be read."""
        with self.device.vfs.open(path, "rb") as file:
            data: bytes = file.read()
        host_file = self.device.host_file(path, data)
        if "coverage" in sys.modules and "__file__" in globals:
            globals["__file__"] = MeasuredPath(path, host_file)
        self.execute_source(path, data, globals, locals, filename=host_file)

    def execute_source(
        self,
        path: str,
        data: bytes,
        globals: dict[str, Any],  # noqa: A002
        locals: Any,  # noqa: A002
        *,
        filename: str | None,
    ) -> None:
        """Run source that the console calls ``path`` and the host ``filename``. Raises what it raises."""
        try:
            text = source.decode(data)
        except source.SourceError as error:
            raise self._refused(error, path) from None
        code = self.compile(text, path, "exec", filename, sites=True)
        if code.co_filename.startswith("<"):
            self._texts[code.co_filename] = text
        self._run(code, globals, locals)

    def _source(self, filename: str) -> str | None:
        return self._texts.get(filename) or host_source(filename)

    def _run(self, code: CodeType, globals: dict[str, Any], locals: Any) -> Any:  # noqa: A002
        # A function takes its builtins from its globals when it is made, or else from the frame that makes it. So the
        # key that no MicroPython script has is there for a moment only, and all that the script defines inherits.
        if locals is globals:
            with self._making:
                globals["__builtins__"] = self.builtins
                try:
                    body = FunctionType(code, globals)
                finally:
                    del globals["__builtins__"]
            return body()
        try:
            globals["__builtins__"] = self.builtins
            return eval(code, globals, locals)
        finally:
            globals.pop("__builtins__", None)

    def format_exception(self, exception: BaseException) -> str:
        """The text the console shows for ``exception``."""
        if self.heap is not None:
            self.heap.caught(exception)
        return format_exception(
            exception,
            self.builtins,
            self._display,
            self.device.printer,
            note=self.device.note,
            source=self._source,
        )

    def help(self, *args: Any) -> None:
        """The builtin ``help`` (firmware: py/builtinhelp.c, esp32/util/help.c)."""
        from emulator import firmware
        from emulator.runtime import frozen

        write = self.device.console.write
        if not args:
            write("Welcome to MicroPython!\nFor online docs please visit http://docs.pycom.io\n")
        elif args[0] == "modules":
            names = sorted([*firmware.MODULES, *frozen.BASE])
            for row in range(0, len(names), 4):
                write("".join(f"{name:<18}" for name in names[row : row + 4]).rstrip() + "\n")
            write("Plus any modules on the filesystem\n")
        else:
            printer = self.device.printer
            write(f"object {printer.str(args[0])} is of type {type(args[0]).__name__}\n")
            for name in visible_names(args[0]):
                if not name.startswith("_"):
                    write(f"  {name} -- {printer.str(getattr(args[0], name))}\n")
