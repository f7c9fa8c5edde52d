"""``import`` as the board does it (firmware: py/builtinimport.c, py/objmodule.c).

A closed table of modules: what is neither one of the board's nor a file on the flash does not exist.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from emulator import firmware
from emulator.firmware._convert import to_text
from emulator.runtime import stores
from emulator.runtime.hidden import no_attribute

if TYPE_CHECKING:
    from emulator.runtime.interpreter import Interpreter

Kind = Literal["dir", "file", "absent"]


def new_module(name: str, names: dict[str, Any]) -> ModuleType:
    """A module with just these names in it, none of CPython's.

    Exactly of the host's type: only then does its interpreter find names in it without asking the type.
    """
    module = ModuleType(name)
    module.__dict__.clear()
    module.__dict__.update(names, __name__=name)
    return module


def _fill_in_later(module: ModuleType) -> None:
    """Names that the board has and the emulator does not are filled in when first asked for.

    Only where there are such: the host's interpreter is slower with a module that is asked for names.
    """
    names = vars(module)

    def missing(wanted: str) -> Any:
        if not wanted.startswith("__"):
            complete = names.get(".complete")
            if complete is not None:
                found = complete()
                if wanted in found:
                    return found[wanted]
        raise no_attribute(module, wanted)

    def listed() -> list[str]:
        complete = names.get(".complete")
        return sorted((complete() if complete is not None else names).keys() - _HOST_ASKS)

    names["__getattr__"], names["__dir__"] = missing, listed  # PEP 562


_HOST_ASKS = frozenset(["__getattr__", "__dir__"])


class Importer:
    """The modules of one power cycle."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self.path: list[str] = ["", "/flash", "/flash/lib"]
        self.loaded: dict[str, ModuleType] = {}
        self._device_modules: dict[str, ModuleType] = {}

    # -- the builtin __import__ ----------------------------------------------------------------------------------

    def import_(
        self,
        name: str,
        globals: Any = None,  # noqa: A002
        locals: Any = None,  # noqa: A002
        fromlist: Any = None,
        level: int = 0,
        /,
    ) -> ModuleType:
        """``__import__``: the top package, or with ``fromlist`` the module itself.

        Raises ImportError, ValueError and whatever the module raises.
        """
        if type(level) is not int or level < 0:
            raise ValueError
        name = self._absolute(to_text(name), globals or {}, level)
        module = self._known(name)
        if module is None:
            top, module = self._walk(name)
        else:
            top = module if "." not in name or fromlist is not None else self._known(name.partition(".")[0]) or module
        if fromlist is None:
            return top
        return self._from(module, fromlist) if type(fromlist) is tuple else module

    def _absolute(self, name: str, globals: dict[str, Any], level: int) -> str:  # noqa: A002
        if not level:
            return name
        current = globals.get("__name__", "")
        if current == "__main__":
            raise KeyError("__main__")  # the board looks its own name up among the packages
        parts = current.split(".")
        if "__path__" not in globals:
            parts.pop()
        if level > 1:
            parts = parts[: 1 - level]
        if not parts:
            raise ValueError("cannot perform relative import")
        return ".".join([*parts, name]) if name else ".".join(parts)

    def _walk(self, name: str) -> tuple[ModuleType, ModuleType]:
        """Look for each part of a dotted name, also of packages that are loaded already: the top and the last module."""
        top: ModuleType | None = None
        outer: ModuleType | None = None
        module: ModuleType | None = None
        path = ""
        parts = name.split(".")
        for index, part in enumerate(parts):
            full = ".".join(parts[: index + 1])
            kind, path = self._look(f"{path}/{part}") if path else self._search(part)
            if kind == "absent":
                if index + 1 < len(parts) or full not in firmware.WEAK_LINKS:
                    raise ImportError(f"no module named '{full}'")
                module = self.device_module(firmware.WEAK_LINKS[full])
            else:
                module = self._known(full)
            if module is None:
                module = self._load(full, kind, path)
            if outer is not None:
                setattr(outer, part, module)
            outer = module
            top = top or module
        assert top is not None
        assert module is not None
        return top, module

    def _from(self, module: ModuleType, names: tuple[str, ...]) -> ModuleType:
        if names == ("*",):
            # __all__ is not looked at: every name without a leading underscore (firmware: py/runtime.c)
            found = {n: getattr(module, n) for n in dir(module) if not n.startswith(("_", "."))}
            return new_module(module.__name__, found)
        for name in names:
            if hasattr(module, name):
                continue
            if "__path__" not in vars(module):
                raise ImportError(f"cannot import name {name}")
            full = f"{module.__name__}.{name}"
            found_module = self._known(full) or self._walk(full)[1]
            if not hasattr(module, name):
                setattr(module, name, found_module)
        return module

    # -- finding -------------------------------------------------------------------------------------------------

    def _known(self, full: str) -> ModuleType | None:
        """A module that is loaded, or one of the board's own."""
        return self.loaded.get(full) or self.device_module(full)

    def _frozen(self, name: str) -> ModuleType | None:
        """A Python module inside the firmware."""
        from emulator.runtime import frozen

        found = frozen.names(name, self._interpreter.device)
        if found is None:
            return None
        self._device_modules[name] = self.loaded[name] = module = new_module(name, found)
        return module

    def device_module(self, name: str) -> ModuleType | None:
        """The board's own module of that full name, made when first asked for; None if there is none."""
        if name == "__main__":
            return self._interpreter.main_module
        module = self._device_modules.get(name) or self._frozen(name)
        if module is None and name in firmware.MODULES:
            module = new_module(name, {})
            if name in firmware.INCOMPLETE:
                _fill_in_later(module)
            self._device_modules[name] = module
            stores.FIXED.add(module)
            firmware.fill(name, module.__dict__, self._interpreter.device)
            if self._interpreter.floats == "single":
                from emulator.runtime.single.modules import adapt

                adapt(name, module.__dict__)
        return module

    def _search(self, name: str) -> tuple[Kind, str]:
        """Look for the first part of a name along ``sys.path``."""
        for entry in self.path or [""]:
            folder = to_text(entry)
            kind, path = self._look(f"{folder}/{name}" if folder else name)
            if kind != "absent":
                return kind, path
        return "absent", ""

    def _look(self, candidate: str) -> tuple[Kind, str]:
        """A folder of that name, or the file with ``.py`` or else ``.mpy`` behind it."""
        if self._interpreter.device.vfs.path_exists_for_import(candidate) == "dir":
            return "dir", candidate
        return self._look_file(candidate)

    def _look_file(self, candidate: str) -> tuple[Kind, str]:
        if candidate in self._interpreter.device.board.model.frozen_modules:
            return "file", f"{candidate}.py"
        for path in (f"{candidate}.py", f"{candidate}.mpy"):
            if self._interpreter.device.vfs.path_exists_for_import(path) == "file":
                return "file", path
        return "absent", ""

    # -- loading -------------------------------------------------------------------------------------------------

    def _load(self, full: str, kind: Kind, path: str) -> ModuleType:
        module = new_module(full, {})
        # registered before it runs and never taken back: a second import finds even the half-made one
        self.loaded[full] = module
        if kind == "dir":
            module.__dict__["__path__"] = path
            kind, path = self._look_file(f"{path}/__init__")
            if kind == "absent":
                return module
        if path.endswith(".mpy"):
            self._refuse_mpy(path)
        module.__dict__["__file__"] = path
        self._interpreter.execute_file(path, module.__dict__, module.__dict__)
        return module

    def _refuse_mpy(self, path: str) -> NoReturn:
        with self._interpreter.device.vfs.open(path, "rb") as file:
            error = mpy_error(file.read(5))
        if error is not None:
            raise ValueError(error)
        raise self._not_emulated(
            f"import of {path}",
            "It is compiled, and right for this board.",
            "put the .py file that it was made from there, too",
        )

    def _not_emulated(self, what: str, cause: str, fix: str) -> NotImplementedError:
        from flashfs.notes import Note

        text = f"{what}: the board does it, the emulator does not yet"
        self._interpreter.device.note(Note("not-emulated", text, cause=cause, fix=fix, source="py/builtinimport.c"))
        return NotImplementedError(text)


def mpy_error(head: bytes) -> str | None:
    """What the board says of a compiled module that begins so, None where it would run it (firmware: py/persistentcode.c).

    ``head``: the letter M, the version, flags and machine, the bits of a small integer, the first byte of a size.
    """
    mark, version, features, bits, window = (head + b"\xff" * 5)[:5]  # what the board reads beyond the end
    if mark != ord("M") or version != 4 or features & 3 != 2 or bits > 31 or window > 32:
        return "incompatible .mpy file"
    return "incompatible .mpy arch" if features >> 2 else None
