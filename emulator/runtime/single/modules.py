"""The floats that come out of device modules, in single precision: these modules give the host's floats, rounded already."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from emulator.runtime.single.operators import shown
from emulator.runtime.single.real import parsed, single

Names = dict[str, Any]


def _result(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return tuple(map(shown, result)) if type(result) is tuple else shown(result)

    return call


def _all(names: Names) -> None:
    """Every function and every number of a module."""
    for name, value in names.items():
        names[name] = _result(value) if callable(value) and name[:1] not in "._" else shown(value)


def _json(names: Names) -> None:
    from emulator.firmware.ujson import readers

    names.update(readers(lambda text: single(parsed(text))))


def _array(names: Names) -> None:
    plain = names["array"]

    class array(plain):  # type: ignore[misc, valid-type]  # noqa: N801  named as on the board
        __slots__ = ()
        __getitem__ = _result(plain.__getitem__)

        def __iter__(self) -> Any:
            return map(shown, super().__iter__()) if self._code in "fd" else super().__iter__()

    array.__module__ = plain.__module__
    array.__qualname__ = plain.__qualname__
    names["array"] = array


def _structures(names: Names) -> None:
    struct = names["struct"]
    for method in ("__getattr__", "__getitem__"):
        setattr(struct, method, _result(getattr(struct, method)))


_ADAPTED: dict[str, Callable[[Names], None]] = {
    "array": _array,
    "cmath": _all,
    "math": _all,
    "uctypes": _structures,
    "ujson": _json,
    "ustruct": _all,
}


def adapt(module: str, names: Names) -> None:
    """Put into a device module's ``names`` what gives numbers in single precision."""
    change = _ADAPTED.get(module)
    if change is not None:
        change(names)
