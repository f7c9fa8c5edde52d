"""The nodes of a syntax tree that matter, more quickly than ``ast.walk`` gives them all."""

from __future__ import annotations

import ast
from typing import Any

from emulator.runtime.source.looks import FIELDS

_LEAVES = (ast.Name, ast.Constant)


def nodes(*trees: ast.AST) -> list[ast.AST]:
    """All nodes of trees, as ``ast.walk`` gives them, but for those that hold nothing.

    Contexts, operators, aliases, and names and constants that stand alone in a field are left out.
    """
    found: list[Any] = list(trees)
    fields, leaves = FIELDS, _LEAVES
    for node in found:
        for field in fields[type(node)]:
            value = getattr(node, field, None)
            if value is None:
                continue
            kind = type(value)
            if kind is list:
                found += value if None not in value else [one for one in value if one is not None]
            elif kind not in leaves:
                found.append(value)
    return found
