"""Names the board has and the emulator lacks: they exist, and say so when used.

A missing function raises NotImplementedError when called; a missing class has its real constants and nested classes,
and raises when instantiated or when a method of it is called. Each use leaves a note. What the board lacks is absent.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any, NoReturn

from emulator import api
from emulator.errors import BoardOSError, BoardTimeoutError
from flashfs.notes import Note, NoteSink

_OBJECTS: dict[str, Any] = {"OSError": BoardOSError, "TimeoutError": BoardTimeoutError, "Ellipsis": Ellipsis}


def not_emulated(path: str, note: NoteSink) -> NotImplementedError:
    """Return the error for a name that exists on the board only, after telling the host's reader."""
    text = f"{path}: the board has it, the emulator does not yet"
    note(
        Note(
            "not-emulated",
            text,
            cause="The name exists so that scripts can be loaded; nothing stands behind it.",
            fix="Guard the call; `python -m emulator api --missing` lists all such names.",
        )
    )
    return NotImplementedError(text)


def attach_missing(module_name: str, namespace: dict[str, Any], board_name: str, note: NoteSink) -> dict[str, Any]:
    """Complete ``namespace``, the names of the module ``module_name`` (builtin name or weak link), and return it.

    Every name of the board that is not there is added: constants with their values, the rest as placeholders, named in
    errors as a script spells them (``machine.Pin``).
    """
    builtin = api.builtin_module(module_name) or module_name
    shown = {name: weak for weak, name in api.weak_links().items()}.get(builtin, builtin)
    for name, entry in api.members(builtin, board_name).items():
        if name not in namespace:
            namespace[name] = _placeholder(f"{shown}.{name}", entry, note)
    return namespace


def missing(module_name: str, namespace: Mapping[str, object], board_name: str) -> list[str]:
    """Return the names of the board's module that ``namespace`` lacks or holds as placeholders, sorted.

    Constants are never missing: their values come from the table.
    """
    return sorted(
        name
        for name, entry in api.members(module_name, board_name).items()
        if entry.kind != "constant" and (name not in namespace or is_placeholder(namespace[name]))
    )


def is_placeholder(obj: object) -> bool:
    """Tell whether ``obj`` stands for something that is not emulated."""
    return getattr(obj, "_not_emulated", False) is True


def _placeholder(path: str, entry: api.Entry, note: NoteSink) -> Any:
    if entry.kind == "constant":
        return entry.value
    if entry.kind == "exception":
        return _OBJECTS.get(entry.type) or getattr(builtins, entry.type)
    if entry.kind == "function":
        return _function(path, entry, note)
    if entry.kind in ("class", "module"):
        return _class(path, entry, note)
    return _OBJECTS.get(entry.name) or _class(path, entry, note)()


def _function(path: str, entry: api.Entry, note: NoteSink) -> Any:
    def call(*args: object, **kwargs: object) -> NoReturn:
        raise not_emulated(path, note)

    call.__name__ = call.__qualname__ = entry.name
    call.__doc__ = entry.signature or None
    call._not_emulated = True  # type: ignore[attr-defined]
    return call


def _class(path: str, entry: api.Entry, note: NoteSink) -> Any:
    # for a module or an object this is its type

    def new(cls: type, *args: object, **kwargs: object) -> NoReturn:
        if entry.kind == "class" and not entry.instantiable:
            raise TypeError(f"cannot create '{entry.type or entry.name}' instances")
        raise not_emulated(path, note)

    def use(self: object, *args: object) -> NoReturn:
        raise not_emulated(path, note)

    names: dict[str, Any] = {"__module__": __name__, "__doc__": None, "_not_emulated": True, "__slots__": ()}
    for name, member in entry.members.items():
        if name in ("__name__", "__class__", "__new__", "__init__", "__del__"):
            continue
        made = _placeholder(f"{path}.{name}", member, note)
        names[name] = staticmethod(made) if member.kind == "function" else made
    if entry.kind == "class":
        names["__new__"] = new
    else:
        for name in ("__getitem__", "__setitem__", "__call__"):
            names.setdefault(name, use)
    return type(entry.type or entry.name, (), names)
