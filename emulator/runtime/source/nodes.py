"""The nodes of a syntax tree that matter, more quickly than ``ast.walk`` gives them all."""

from __future__ import annotations

import ast
from typing import Any

_WITHOUT_NODES = frozenset(
    (
        *("ctx", "op", "ops", "id", "attr", "arg", "type_comment", "kind", "n", "s", "names", "module", "level"),
        *("returns", "annotation", "name", "asname", "simple", "is_async", "conversion"),
    )
)


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of each kind of node that hold nodes."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        found = self[kind] = () if kind is ast.Constant else tuple(f for f in kind._fields if f not in _WITHOUT_NODES)
        return found


_FIELDS = _Fields()
_LEAVES = (ast.Name, ast.Constant)


def nodes(*trees: ast.AST) -> list[ast.AST]:
    """All nodes of trees, as ``ast.walk`` gives them, but for those that hold nothing.

    Contexts, operators, aliases, and names and constants that stand alone in a field are left out.
    """
    found: list[Any] = list(trees)
    fields, leaves = _FIELDS, _LEAVES
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
