"""Attributes that every CPython object has and no object of the board's.

A script must see what it would see on the board: ``().__class__`` works, ``().__class__.__bases__`` is an AttributeError.
The source pipeline turns access to one of these names into a call of :func:`visible_getattr`; a class, instance or module of
the script that defines such a name itself keeps it. This is fidelity, not a sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from types import FunctionType, MethodType, ModuleType
from typing import Any

from emulator.runtime.methods import NATIVE, TABLES, Table, bound
from emulator.runtime.names import script_class, type_name

_CLASSES = """
__base__ __bases__ __basicsize__ __dictoffset__ __doc__ __flags__ __itemsize__ __mro__ __prepare__ __qualname__
__subclasses__ __text_signature__ __type_params__ __weakref__ __weakrefoffset__ mro __abstractmethods__ __annotations__
__init_subclass__ __subclasshook__ __instancecheck__ __subclasscheck__ __static_attributes__ __firstlineno__
"""
_OBJECTS = """
__dict__ __dir__ __format__ __getattribute__ __getstate__ __reduce__ __reduce_ex__ __sizeof__ __getnewargs__
"""
_FUNCTIONS = """
__builtins__ __closure__ __code__ __defaults__ __func__ __globals__ __kwdefaults__ __module__ __objclass__ __self__
__wrapped__ __get__
"""
_FRAMES = """
ag_await ag_code ag_frame ag_running cr_await cr_code cr_frame cr_origin cr_running cr_suspended f_back f_builtins f_code
f_globals f_lasti f_lineno f_locals f_trace gi_code gi_frame gi_running gi_suspended gi_yieldfrom tb_frame tb_lasti tb_lineno
tb_next
"""
_EXCEPTIONS = """
__cause__ __context__ __notes__ __suppress_context__ __traceback__ add_note with_traceback __setstate__
"""
_MODULES = "__loader__ __package__ __spec__ __cached__"

HIDDEN_ATTRIBUTES = frozenset(f"{_CLASSES} {_OBJECTS} {_FUNCTIONS} {_FRAMES} {_EXCEPTIONS} {_MODULES}".split())
"""Facts: none of these exists in MicroPython 1.11 with the board's switches (firmware: esp32/mpconfigport.h)."""

_MADE_BY_CPYTHON = frozenset(["__dict__", "__doc__", "__qualname__", "__weakref__", "__annotations__"]) | frozenset(
    ["__static_attributes__", "__firstlineno__", "__type_params__"]
)
"""Names that CPython's class statement leaves in a class, and the board's does not."""

MADE_BY_HOST = _MADE_BY_CPYTHON | {"__module__"}
"""The names in a class that no statement of its body put there."""

_SPECIAL = re.compile(r"__\w+__")


def no_attribute(obj: object, name: str) -> AttributeError:
    """The board's AttributeError for ``obj.name`` (firmware: py/runtime.c)."""
    if isinstance(obj, type):
        return AttributeError(f"type object '{obj.__name__}' has no attribute '{name}'")
    return AttributeError(f"'{type_name(obj)}' object has no attribute '{name}'")


def _of_the_script(owner: type, name: str) -> bool:
    if owner.__module__ == "builtins" or name not in owner.__dict__:
        return False
    return bool(owner.__flags__ & (1 << 9)) and name not in _MADE_BY_CPYTHON  # a heap type: made by a class statement


def _own(obj: object) -> dict[str, Any]:
    """The attributes that the instance itself holds."""
    try:
        own = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return {}
    return own if type(own) is dict else {}


def is_visible(obj: object, name: str) -> bool:
    """Whether ``obj.name`` (one of the hidden names) is something that the script itself put there."""
    if isinstance(obj, ModuleType):
        if name == "__dir__" and "__getattr__" in vars(obj):
            return False  # what the host asks a module of the board's
        return name in vars(obj) and name not in ("__doc__", "__loader__", "__package__", "__spec__")
    if isinstance(obj, type):
        return any(_of_the_script(owner, name) for owner in type.__dict__["__mro__"].__get__(obj))
    if isinstance(obj, (FunctionType, MethodType)):
        return False
    if name in _own(obj) and not callable(getattr(obj, "__code__", None)):
        return True
    if name == "__dict__" and not isinstance(obj, BaseException):
        return script_class(type(obj))
    return any(_of_the_script(owner, name) for owner in type(obj).__mro__)


_EXCEPTION: Table = {"__class__": NATIVE, "args": NATIVE}
_STOP: Table = {**_EXCEPTION, "value": NATIVE}


def table_of(kind: type) -> Table | None:
    """The methods of the native type that ``kind`` is, or that its instances are built on; None if there is none."""
    while kind is not object:
        found = TABLES.get(kind)
        if found is not None:
            return found
        if kind in (StopIteration, StopAsyncIteration):
            return _STOP
        if kind.__module__ == "builtins" and issubclass(kind, BaseException):
            return _EXCEPTION
        kind = kind.__base__  # type: ignore[assignment]
    return None


def visible_getattr(obj: Any, name: str, *default: Any) -> Any:
    """``getattr`` that knows only what the board knows. Raises AttributeError."""
    try:
        return _visible(obj, name)
    except AttributeError:
        if default:
            return default[0]
        raise


def _renamed(obj: object, name: str) -> str | None:
    """What the pipeline named a special method that only the host would call, if the class of ``obj`` has such a one."""
    if not name.startswith("__"):
        return None
    other = "." + name.strip("_")
    kind = obj if isinstance(obj, type) else type(obj)
    return other if any(other in owner.__dict__ for owner in type.__dict__["__mro__"].__get__(kind)) else None


def _visible(obj: Any, name: str) -> Any:
    kind = type(obj)
    renamed = _renamed(obj, name)
    if renamed is not None:
        return getattr(obj, renamed)
    if name == "__new__" and type(obj) is not super:
        from emulator.runtime.calls import is_taken_for

        if is_taken_for(obj if isinstance(obj, type) else kind, name):
            raise no_attribute(obj, name)
    if name == "__dict__" and is_visible(obj, name):
        return dict(getattr(obj, name))  # what is changed in it changes nothing (firmware: py/objtype.c)
    if name in HIDDEN_ATTRIBUTES and not is_visible(obj, name):
        if name == "__qualname__" and isinstance(obj, type) and script_class(obj):
            return obj.__name__
        if name == "__qualname__" and script_class(kind):
            return kind.__name__
        if _asks(kind):
            return kind.__getattr__(obj, name)
        raise no_attribute(obj, name)
    if kind is type or isinstance(obj, type):
        return _of_class(obj, name)
    if kind is super:
        return _of_super(obj, name)
    table = table_of(kind)
    if table is None:
        if _SPECIAL.fullmatch(name) and not _defines(obj, kind, name):
            raise no_attribute(obj, name)
        return getattr(obj, name)
    if kind in TABLES or kind.__module__ == "builtins":
        return _native(table, name, obj)
    if name in _own(obj) or any(script_class(owner) and name in owner.__dict__ for owner in kind.__mro__):
        return getattr(obj, name)
    if not script_class(kind):
        return getattr(obj, name)  # a type of a device module, which knows what it has
    if name not in table and _asks(kind):
        return kind.__getattr__(obj, name)
    return _native(table, name, obj)


def _native(table: Table, name: str, obj: Any) -> Any:
    if (table is _EXCEPTION or table is _STOP) and name == "args":
        return _arguments(obj)
    found = bound(table, name, obj)
    if found is None:
        raise no_attribute(obj, name)
    return found


def _arguments(exception: BaseException) -> tuple[Any, ...]:
    """``args`` of an exception; what the host raised has the board's words."""
    from emulator.runtime.messages import board_args

    return board_args(exception)


def _defines(obj: object, kind: type, name: str) -> bool:
    """Whether a special method of an object without a native type is there on the board, too."""
    if name in ("__class__", "__name__"):
        return name == "__class__" or isinstance(obj, ModuleType) or "__name__" in _own(obj) or _asks(kind)
    if kind is object:
        return name in _OBJECT
    if isinstance(obj, ModuleType):
        return name in vars(obj)
    if not script_class(kind):
        return True  # a type of a device module, which knows what it has
    return (
        name in _own(obj) or any(name in owner.__dict__ for owner in kind.__mro__ if owner is not object) or _asks(kind)
    )


def _asks(kind: type) -> bool:
    """Whether the class is asked for names that it does not have."""
    return any("__getattr__" in owner.__dict__ for owner in kind.__mro__)


_OBJECT = ("__class__", "__init__", "__new__")


def _of_class(obj: Any, name: str) -> Any:
    if name == "__class__":
        return type
    if name == "__name__":
        return getattr(obj, name)
    for owner in type.__dict__["__mro__"].__get__(obj):
        table = TABLES.get(owner)
        if table is None and owner.__module__ == "builtins" and owner is not object:
            raise no_attribute(obj, name)  # no native class without a table has attributes
        if table is not None:
            found = table.get(name)
            if found is None or owner is bool:
                raise no_attribute(obj, name)
            if type(found) is staticmethod:
                return found.__func__
            if name in ("fromkeys", "__class__"):
                return getattr(obj, name)
            return _checked(owner, getattr(owner, name) if found is NATIVE else found)
        if owner is object:
            if (obj is not object and name in object.__dict__) or (obj is object and name not in _OBJECT):
                raise no_attribute(obj, name)
            if name == "__init__":
                return _checked(object, object.__init__)
        elif name in owner.__dict__:
            return getattr(obj, name)
    return getattr(obj, name)


def _checked(kind: type, function: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a native type taken from the type: its first argument must be exactly of that type (firmware: py/runtime.c)."""

    @wraps(function)
    def method(*args: Any, **kwargs: Any) -> Any:
        if args and type(args[0]) is not kind:
            raise TypeError("argument has wrong type")
        return function(*args, **kwargs)

    return method


def _of_super(obj: Any, name: str) -> Any:
    order = obj.__self_class__.__mro__
    above = order[order.index(obj.__thisclass__) + 1 :]
    defined = next((vars(owner)[name] for owner in above if name in vars(owner)), None)
    if type(defined) is property:
        return defined  # is not asked for its value (firmware: py/objtype.c)
    found = getattr(obj, name)
    native = getattr(found, "__objclass__", None) or type(getattr(found, "__self__", None))
    if type(found) in (type([].append), type([].__len__)) and isinstance(native, type):
        table = table_of(native)
        if table is not None and name not in ("__init__", "__new__") and table.get(name) is not NATIVE:
            return _native(table, name, found.__self__)
    return found


def visible_names(obj: object) -> list[str]:
    """``dir(obj)`` without the host's names."""
    kind = type(obj)
    own = _renamed(obj, "__dir__")
    if own is not None and not isinstance(obj, type):
        listed: list[str] = getattr(obj, own)()
        return listed
    table = TABLES.get(obj if isinstance(obj, type) else kind)
    if table is not None:
        return sorted([*table, "__name__"] if isinstance(obj, type) else table)
    owner = obj if isinstance(obj, type) else kind
    if not script_class(owner) and not isinstance(obj, ModuleType) and owner.__module__ != "builtins":
        listed = [name for name in dir(obj) if not name.startswith("_") or _listed(owner, name)]
        return [name for name in listed if hasattr(obj, name)]
    found = [f"__{name[1:]}__" if name.startswith(".") else name for name in dir(obj)]
    return [name for name in found if not _host_only(obj, name)]


def _listed(kind: type, name: str) -> bool:
    """Whether a type of a device module has this special method among its names."""
    return name == "__class__" or (name in ("__enter__", "__exit__", "__del__") and hasattr(kind, name))


def _host_only(obj: object, name: str) -> bool:
    if name in HIDDEN_ATTRIBUTES:
        return not is_visible(obj, name)
    if name.startswith("."):
        return True
    try:
        _visible(obj, name)
    except AttributeError:
        return True
    except Exception:  # noqa: BLE001  the script's own code may raise anything
        return False
    return False
