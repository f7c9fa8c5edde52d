"""Functions that are made for one place in a script's source, and stand in its builtins under a name that no script can write.

The rewriter names them (``emulator.runtime.hooks``): the name says all that the function is made of. So places that look the
same share one, and the code itself depends on nothing but the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from emulator.runtime import hooks

Function = Callable[..., Any]


class Site(NamedTuple):
    """What the name of such a function says."""

    kind: str
    """The hook."""
    given: int
    """How many values it takes; -1: one to the right of ``%`` that may be a tuple of them."""
    text: str
    """The literal text that is about them."""


class Maker(Protocol):
    """Makes the functions of one kind of site."""

    def exact(self, site: Site) -> Function:
        """What needs no making, and is right for any values."""

    def quick(self, site: Site) -> Function | None:
        """A function for this site, if one can be made that is quicker."""


class _Same(dict[Any, Any]):
    """Leads from all that is not in it to itself."""

    def __missing__(self, key: Any) -> Any:
        return key


_NAME = re.compile(r"(\.\D+?)(-?\d+):(.*)", re.DOTALL)
USES = 12
"""How often a site is used before it is worth a function of its own."""
MOST_VALUES = 8


class Sites:
    """The functions of one power cycle, in ``builtins``."""

    def __init__(self, builtins: dict[str, Any]) -> None:
        self._builtins = builtins
        self._makers: dict[str, Maker] = {}
        builtins.update(
            {
                hooks.PACK: None,
                hooks.UNPACK: None,
                hooks.IDLE: (),
                hooks.HASHES: _Same(),
            }
        )

    def provide(self, hook: str, function: Function, maker: Maker) -> None:
        """A module of the board's has ``function``, for whose calls there are sites."""
        self._builtins[hook] = function
        self._makers[hook] = maker

    def provide_hashes(self, functions: dict[type, Function], idle: Any) -> None:
        """While ``idle`` is true, these functions of the host make what the types make."""
        self._builtins[hooks.HASHES].update(functions)
        self._builtins[hooks.IDLE] = idle

    def want(self, name: str) -> None:
        """Code is about to run that calls ``name``."""
        if name not in self._builtins:
            self._builtins[name] = self._first(name)

    def _first(self, name: str) -> Function:
        """Makes the function when it has been called often enough: most never are."""
        uses = 0
        exact: Function | None = None

        def call(*values: Any) -> Any:
            nonlocal uses, exact
            uses += 1
            if exact is None or uses == USES:
                found = _NAME.fullmatch(name)
                assert found
                site = Site(found[1], int(found[2]), found[3])
                maker = self._maker(site.kind)
                if exact is None:
                    exact = maker.exact(site)
                elif site.given <= MOST_VALUES:
                    self._builtins[name] = maker.quick(site) or exact
            return exact(*values)

        return call

    def _maker(self, kind: str) -> Maker:
        found = self._makers.get(kind)
        if found is None:
            if kind == hooks.METHOD:
                from emulator.runtime.methods.quick import Methods

                found = Methods(self._builtins[hooks.GETATTR])
            else:
                from emulator.runtime import templates

                found = templates
            self._makers[kind] = found
        return found
