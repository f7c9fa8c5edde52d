"""Sites: places in the source for which a function is made once, out of a template that stands there."""

from __future__ import annotations

import ast

from emulator.runtime.source.build import LOAD, place
from emulator.runtime.source.rewriting.walk import Walk

_LONGEST_TEMPLATE = 200
"""Longer ones are kept out of the names of the builtins."""


class Sites(Walk):
    """Places for which a function of their own is made."""

    def _site_for(self, template: ast.expr, values: list[ast.expr]) -> bool:
        """Whether a template is a text for which these values can be filled in by a function of its own."""
        if self._site is None or not (isinstance(template, ast.Constant) and type(template.value) is str):
            return False
        text = template.value
        fit = len(text) <= _LONGEST_TEMPLATE and text.isascii() and "\0" not in text
        return fit and not any(isinstance(value, ast.Starred) for value in values)

    def _site_of(self, kind: str, template: ast.expr, count: int) -> ast.expr:
        """The name of that function, which is told of."""
        assert isinstance(template, ast.Constant)
        assert isinstance(template.value, str)
        assert self._site is not None
        identifier = f"{kind}{count}:{template.value}"
        self._site(identifier)
        return ast.Name(identifier, LOAD, **place(template))
