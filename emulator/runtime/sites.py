"""Functions that are made for one place in a script's source, and stand in its builtins under a name that no script can write.

The rewriter names them (``emulator.runtime.hooks``): the name says all that the function is made of. So places that look the
same share one, and the code itself depends on nothing but the text.
"""

from __future__ import annotations

from typing import Any


class Sites:
    """The functions of one power cycle, in ``builtins``."""

    def __init__(self, builtins: dict[str, Any]) -> None:
        self._builtins = builtins

    def want(self, name: str) -> None:
        """Code is about to run that calls ``name``."""
        if name not in self._builtins:
            self._builtins[name] = self._first(name)

    def _first(self, name: str) -> Any:
        """Makes the function when it is called for the first time: most are never."""
        builtins = self._builtins

        def call(*values: Any) -> Any:
            from emulator.runtime.templates import Template, filling

            def replace(made: Any) -> None:
                builtins[name] = made

            made = filling(Template.named(name), replace)
            replace(made)
            return made(*values)

        return call
