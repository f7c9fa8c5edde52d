"""``import`` as the board does it (firmware: py/builtinimport.c, py/objmodule.c).

A closed table of modules: what is neither one of the board's nor a file on the flash does not exist.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from emulator import firmware
from emulator.runtime.hidden import no_attribute

if TYPE_CHECKING:
    from emulator.runtime.interpreter import Interpreter


class DeviceModule(ModuleType):
    """A module of the board's. Names that the board has and the emulator does not are filled in when first asked for."""

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            complete = self.__dict__.get(".complete")
            if complete is not None:
                found = complete()
                if name in found:
                    return found[name]
        raise no_attribute(self, name)

    def __dir__(self) -> list[str]:
        complete = self.__dict__.get(".complete")
        return sorted(complete() if complete is not None else self.__dict__)


class ScriptModule(ModuleType):
    """A module loaded from the flash."""


def new_module(kind: type[ModuleType], name: str, names: dict[str, Any]) -> ModuleType:
    """A module with just these names in it, none of CPython's."""
    module = kind(name)
    module.__dict__.clear()
    module.__dict__.update(names, __name__=name)
    return module


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

        Raises ImportError and whatever the module raises.
        """
        name = self._absolute(name, globals or {}, level)
        module: ModuleType | None = None
        top: ModuleType | None = None
        parts = name.split(".")
        for index in range(len(parts)):
            parent, module = module, self._module(".".join(parts[: index + 1]), parts[index], module)
            if parent is not None:
                setattr(parent, parts[index], module)
            top = top or module
        assert module is not None
        assert top is not None
        if not fromlist:
            return top
        return self._from(module, tuple(fromlist))

    def _absolute(self, name: str, globals: dict[str, Any], level: int) -> str:  # noqa: A002
        if not level:
            return name
        current = globals.get("__name__", "")
        if current == "__main__":
            raise KeyError("__main__")  # the board looks its own name up among the packages
        module = self.loaded.get(current)
        parts = current.split(".")
        if module is None or "__path__" not in vars(module):
            parts.pop()
        if level > 1:
            parts = parts[: 1 - level]
        if not parts:
            raise ImportError("cannot perform relative import")
        return ".".join([*parts, name]) if name else ".".join(parts)

    def _from(self, module: ModuleType, names: tuple[str, ...]) -> ModuleType:
        if names == ("*",):
            # __all__ is not looked at: every name without a leading underscore (firmware: py/runtime.c)
            found = {n: getattr(module, n) for n in dir(module) if not n.startswith(("_", "."))}
            return new_module(ScriptModule, module.__name__, found)
        for name in names:
            if hasattr(module, name):
                continue
            if "__path__" in vars(module):
                full = f"{module.__name__}.{name}"
                try:
                    setattr(module, name, self._module(full, name, module))
                    continue
                except ImportError as error:
                    if error.args != (f"no module named '{full}'",):
                        raise
            raise ImportError(f"cannot import name {name}")
        return module

    # -- finding -------------------------------------------------------------------------------------------------

    def _module(self, full: str, last: str, parent: ModuleType | None) -> ModuleType:
        if full in self.loaded:
            return self.loaded[full]
        if parent is None:
            module = self.device_module(full)
            if module is not None:
                return module
        where = [vars(parent)["__path__"]] if parent is not None and "__path__" in vars(parent) else self.path
        if parent is None or "__path__" in vars(parent):
            for entry in where:
                found = self._from_flash(f"{entry}/{last}" if entry else last, full)
                if found is not None:
                    return found
        if parent is None and full in firmware.WEAK_LINKS:
            module = self.device_module(firmware.WEAK_LINKS[full])
            assert module is not None
            return module
        raise ImportError(f"no module named '{full}'")

    def device_module(self, name: str) -> ModuleType | None:
        """The board's own module of that full name, made when first asked for; None if there is none."""
        if name == "__main__":
            return self._interpreter.main_module
        module = self._device_modules.get(name)
        if module is None and name in firmware.MODULES:
            module = new_module(DeviceModule, name, {})
            self._device_modules[name] = module
            firmware.fill(name, module.__dict__, self._interpreter.device)
            if self._interpreter.floats == "single":
                from emulator.runtime.single.modules import adapt

                adapt(name, module.__dict__)
        return module

    def _from_flash(self, candidate: str, full: str) -> ModuleType | None:
        stat = self._interpreter.device.vfs.path_exists_for_import
        if stat(candidate) == "dir":
            module = self._new(full)
            module.__dict__["__path__"] = candidate
            if stat(f"{candidate}/__init__.py") == "file":
                self._run(module, f"{candidate}/__init__.py")
            return module
        if stat(f"{candidate}.py") == "file":
            module = self._new(full)
            self._run(module, f"{candidate}.py")
            return module
        if stat(f"{candidate}.mpy") == "file":
            self._check_mpy(f"{candidate}.mpy")
        return None

    def _new(self, full: str) -> ModuleType:
        module = new_module(ScriptModule, full, {})
        # registered before it runs and never taken back: a second import finds even the half-made one
        self.loaded[full] = module
        return module

    def _run(self, module: ModuleType, path: str) -> None:
        module.__dict__["__file__"] = path
        self._interpreter.execute_file(path, module.__dict__, module.__dict__)

    def _check_mpy(self, path: str) -> None:
        with self._interpreter.device.vfs.open(path, "rb") as file:
            head = file.read(4)
        # version 4 and the board's feature flags; running byte code is not emulated
        if len(head) < 4 or head[:2] != b"M\x04":
            raise ValueError("incompatible .mpy file")
        raise NotImplementedError(f"{path}: the board runs compiled modules, the emulator does not yet")
