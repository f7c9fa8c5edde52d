"""Arguments of ``wrap_socket`` and ``save_session`` as the firmware takes them. Pure.

Board: esp32/mods/modussl.c, py/argcheck.c, py/obj.c (texts without terse errors).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ussl_shim.errors import INVALID_ARGUMENTS


@dataclass(frozen=True)
class BoundArguments:
    """The ten arguments after conversion: ``server_side`` a bool, ``cert_reqs`` and ``ssl_version`` ints."""

    sock: Any
    keyfile: Any = None
    certfile: Any = None
    server_side: bool = False
    cert_reqs: int = 0
    ssl_version: int = 0
    ca_certs: Any = None
    server_hostname: Any = None
    saved_session: Any = None
    timeout: Any = None

    def keywords(self) -> dict[str, Any]:
        """Everything but ``sock``, ready for `prepare`."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "sock"}


def to_int(value: object) -> int:
    """An int or bool as the board converts it. Raises TypeError; OverflowError beyond 32 bits."""
    if not isinstance(value, int):
        raise TypeError(f"can't convert {type(value).__name__} to int")
    number = int(value)
    if not -(1 << 31) <= number < 1 << 31:
        raise OverflowError("overflow converting long int to machine word")
    return number


def to_text(value: object) -> bytes | None:
    """A str or bytes as a C string: cut at the first NUL. None stays None. Raises TypeError."""
    if value is None:
        return None
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogateescape")
    elif isinstance(value, bytes):
        raw = value
    else:
        raise TypeError(f"can't convert '{type(value).__name__}' object to str implicitly")
    return raw.split(b"\0", 1)[0]


def _take(names: Sequence[str], args: Sequence[object], kwargs: Mapping[str, object]) -> dict[str, object]:
    """Left to right: only the first may be positional, and it is required."""
    given: dict[str, object] = {}
    used = 0
    for index, name in enumerate(names):
        if index < len(args):
            if index > 0:
                raise TypeError("extra positional arguments given")
            given[name] = args[index]
        elif name in kwargs:
            given[name] = kwargs[name]
            used += 1
        elif index == 0:
            raise TypeError(f"'{name}' argument required")
        if name in ("cert_reqs", "ssl_version") and name in given:
            given[name] = to_int(given[name])
        elif name == "server_side" and name in given:
            given[name] = bool(given[name])
    if len(args) > len(names):
        raise TypeError("extra positional arguments given")
    if used < len(kwargs):
        raise TypeError("extra keyword arguments given")
    return given


def bind(args: Sequence[object], kwargs: Mapping[str, object]) -> BoundArguments:
    """Bind the arguments of ``wrap_socket``. Raises the board's TypeError (OverflowError beyond 32 bits)."""
    names = [field.name for field in fields(BoundArguments)]
    return BoundArguments(**_take(names, args, kwargs))  # type: ignore[arg-type]


def bind_save_session(args: Sequence[object], kwargs: Mapping[str, object]) -> object:
    """Bind the one argument of ``save_session``. Raises the board's TypeError."""
    return _take(["ssl_sock"], args, kwargs)["ssl_sock"]


@dataclass(frozen=True)
class CheckedArguments:
    """Arguments that passed every check made before a file is opened. Paths and names are C strings."""

    keyfile: bytes | None
    certfile: bytes | None
    ca_certs: bytes | None
    server_hostname: bytes | None
    server_side: bool
    cert_reqs: int
    timeout: int | None


def check(bound: BoundArguments, *, sock_ok: bool, session_ok: bool) -> CheckedArguments:
    """The checks before any file is opened, in the board's order.

    ``ca_certs`` is dropped (not even its type is looked at) with CERT_NONE; a lone certfile or keyfile stays here and
    is not read later. Raises ValueError and TypeError with the board's texts.
    """
    if bound.cert_reqs != 0 and bound.ca_certs is None:
        raise ValueError(INVALID_ARGUMENTS)
    keyfile = to_text(bound.keyfile)
    certfile = to_text(bound.certfile)
    ca_certs = to_text(bound.ca_certs) if bound.cert_reqs != 0 else None
    server_hostname = to_text(bound.server_hostname)
    if bound.server_side and (keyfile is None or certfile is None):
        raise ValueError(INVALID_ARGUMENTS)
    if not sock_ok or not session_ok:
        raise ValueError(INVALID_ARGUMENTS)
    timeout = None if bound.timeout is None else to_int(bound.timeout)
    return CheckedArguments(keyfile, certfile, ca_certs, server_hostname, bound.server_side, bound.cert_reqs, timeout)
