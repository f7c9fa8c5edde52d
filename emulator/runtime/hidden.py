"""Attributes that every CPython object has and no object of the board's.

A script must see what it would see on the board: ``().__class__`` works, ``().__class__.__bases__`` is an AttributeError.
The source pipeline turns access to one of these names into a call of :func:`visible_getattr`; a class, instance or module of
the script that defines such a name itself keeps it. This is fidelity, not a sandbox.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from emulator.runtime.names import type_name

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

_MADE_BY_CPYTHON = frozenset(
    ["__dict__", "__doc__", "__module__", "__qualname__", "__weakref__", "__annotations__"]
) | frozenset(["__static_attributes__", "__firstlineno__", "__type_params__"])
"""Names that the class statement itself leaves in a class, whatever the script wrote."""


def no_attribute(obj: object, name: str) -> AttributeError:
    """The board's AttributeError for ``obj.name`` (firmware: py/runtime.c)."""
    if isinstance(obj, type):
        return AttributeError(f"type object '{obj.__name__}' has no attribute '{name}'")
    return AttributeError(f"'{type_name(obj)}' object has no attribute '{name}'")


def _of_the_script(owner: type, name: str) -> bool:
    if owner.__module__ == "builtins" or name not in owner.__dict__:
        return False
    return bool(owner.__flags__ & (1 << 9)) and name not in _MADE_BY_CPYTHON  # a heap type: made by a class statement


def is_visible(obj: object, name: str) -> bool:
    """Whether ``obj.name`` (one of the hidden names) is something that the script itself put there."""
    if isinstance(obj, ModuleType):
        return name in vars(obj) and name not in ("__doc__", "__loader__", "__package__", "__spec__")
    if isinstance(obj, type):
        return any(_of_the_script(owner, name) for owner in type.__dict__["__mro__"].__get__(obj))
    try:
        own = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        own = {}
    if type(own) is dict and name in own and not callable(getattr(obj, "__code__", None)):
        return True
    return any(_of_the_script(owner, name) for owner in type(obj).__mro__)


def visible_getattr(obj: Any, name: str, *default: Any) -> Any:
    """``getattr`` that knows only what the board knows. Raises AttributeError."""
    if name in HIDDEN_ATTRIBUTES and not is_visible(obj, name):
        if default:
            return default[0]
        raise no_attribute(obj, name)
    return getattr(obj, name, *default)


def visible_names(obj: object) -> list[str]:
    """``dir(obj)`` without the host's names."""
    return [name for name in dir(obj) if not _host_only(obj, name)]


def _host_only(obj: object, name: str) -> bool:
    if name in HIDDEN_ATTRIBUTES:
        return not is_visible(obj, name)
    return name.startswith(".") or (
        name.startswith("__") and name in dir(object) and name not in ("__class__", "__init__", "__new__")
    )
