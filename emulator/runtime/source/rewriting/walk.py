"""The walk over one syntax tree: where it is, what is refused on the way, and who is asked about each kind of node."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.runtime import hooks
from emulator.runtime.source import grammar
from emulator.runtime.source.build import called
from emulator.runtime.source.callgraph import CallGraph
from emulator.runtime.source.depth import watch_depth
from emulator.runtime.source.errors import Problem
from emulator.runtime.source.grammar import Construct
from emulator.runtime.source.looks import FIELDS, called_name
from emulator.runtime.source.making import put_in_order
from emulator.runtime.source.targets import Targets

if TYPE_CHECKING:
    from emulator.runtime.source.kinds import Evidence

MICROPYTHON_NAMES = frozenset({"__builtins__", "__doc__", "__spec__", "__loader__", "__package__"})
"""Names every CPython module has and a MicroPython one lacks (``__package__`` and the others: py/objmodule.c)."""

_ORDERED_CALLS = frozenset(
    {"range", "zip", "enumerate", "map", "filter", "sorted", "reversed", "list", "tuple", "iter"}
)
"""Builtins whose result keeps its order."""

_SEQUENCES = (ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp, ast.Constant)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

_OPERATIONS = frozenset([ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.AugAssign])

_NAME, _CONSTANT, _READ = ast.Name, ast.Constant, ast.Load

Handler = Callable[["Walk", Any], Any]


class Walk:
    """Walks one tree. ``problems`` are found in it; the tree is changed in place.

    What is done with a kind of node is the method of its name in a class that inherits this one: ``_Call``, ``_For``.
    """

    def __init__(
        self,
        text: str,
        *,
        single_floats: bool,
        site: Callable[[str], None] | None = None,
        evidence: Evidence | None = None,
        special_methods: bool = True,
        helpers: bool = True,
    ) -> None:
        """``helpers``: functions may have locals of ours, which a debugger would show."""
        self.problems: list[Problem] = []
        self._site = site
        self._imported: dict[str, str] = {}
        self._text = text
        self._lines: list[str] = []
        self._single = _single_precision() if single_floats else None
        self._evidence = evidence
        self._constants: dict[str, int] = {}
        self._blocks: list[str] = ["<module>"]
        self._scopes: list[ast.stmt] = []
        """The definitions of functions and classes around."""
        self._in_coroutine: list[bool] = [False]
        self._graph = CallGraph(special=special_methods)
        self._stores = Targets(text)
        self._special = special_methods
        self._odd_names = set(MICROPYTHON_NAMES)
        """Names that are not left as they stand."""
        self._unique = 0
        self._helpers = helpers
        self._own: set[str] = set()
        """Names of ordered calls that the file itself gives to something."""
        self._ordered_calls: list[tuple[str, ast.Call]] = []

    def tree(self, node: ast.Module | ast.Expression | ast.Interactive) -> None:
        """Walk a whole file."""
        self._children(node)
        first = node.body[0] if isinstance(node, ast.Module) and node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and type(first.value.value) is str:
            # the host would make a global of it
            node.body[0] = ast.copy_location(ast.Pass(), first)  # type: ignore[index]
        for function in self._graph.recursive():
            watch_depth(function, helpers=self._helpers)
        for identifier, call in self._ordered_calls if self._own else ():
            if identifier in self._own:
                put_in_order(call)

    def _line(self, number: int) -> str:
        if not self._lines:
            self._lines = self._text.split("\n")
        return self._lines[number - 1]

    def _visit(self, node: Any) -> Any:
        kind = type(node)
        if self._special:
            kinds = self._graph.kinds
            kinds.add(kind)
            if kind is ast.Compare:
                kinds.update(map(type, node.ops))
            elif kind in _OPERATIONS:
                kinds.add(type(node.op))
        return (_HANDLERS.get(kind) or _handler(type(self), kind))(self, node)

    def _children(self, node: Any) -> Any:
        for field in FIELDS[type(node)]:
            value: Any = getattr(node, field, None)
            kind = type(value)
            if kind is list:
                if value:
                    self._list(value)
            elif kind is _NAME and value.id not in self._odd_names:
                if type(value.ctx) is _READ:
                    self._graph.reads.add(value.id)
                elif value.id in _ORDERED_CALLS:
                    self._own.add(value.id)
            elif (
                value is not None and (kind is not _CONSTANT or self._single is not None) and isinstance(value, ast.AST)
            ):
                new = self._visit(value)
                if new is not value:
                    setattr(node, field, new)
        return node

    def _list(self, items: list[Any]) -> None:
        changed = False
        for index, item in enumerate(items):
            kind = type(item)
            if kind is _NAME and item.id not in self._odd_names:
                if type(item.ctx) is _READ:
                    self._graph.reads.add(item.id)
                elif item.id in _ORDERED_CALLS:
                    self._own.add(item.id)
            elif item is not None and (kind is not _CONSTANT or self._single is not None):
                new = self._visit(item)
                if new is not item:
                    items[index] = new
                    changed = changed or type(new) is list
        if changed:
            items[:] = [n for item in items for n in (item if type(item) is list else (item,))]

    def refuse(self, node: Any, construct: Construct) -> None:
        """The board takes no ``construct``."""
        self.problems.append(
            Problem(
                *(construct.stage, getattr(node, "lineno", 1), getattr(node, "col_offset", 0)),
                message=construct.message,
                construct=construct.name,
                instead=construct.advice,
                block=self._blocks[-1] if construct.stage else "",
            )
        )

    def _binds(self, identifier: str) -> None:
        if identifier in _ORDERED_CALLS:
            self._own.add(identifier)

    def _may_be(self, node: ast.expr, *kinds: str) -> bool:
        return self._evidence is not None and self._evidence.may_be(node, *kinds)

    def _in_function(self) -> bool:
        return any(isinstance(scope, FUNCTIONS) for scope in self._scopes)

    def _bare_star(self, node: ast.Tuple) -> bool:
        """Whether ``node`` has a ``*`` and stands without brackets of its own."""
        if not any(isinstance(item, ast.Starred) for item in node.elts):
            return False
        return self._line(node.lineno).encode()[node.col_offset : node.col_offset + 1] != b"("

    def _ordered(self, node: ast.expr) -> ast.expr:
        """What a loop goes over, in the board's order where that can differ."""
        if isinstance(node, _SEQUENCES):
            return node
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, (ast.Name, ast.IfExp)):
                identifier = function.id if isinstance(function, ast.Name) else called_name(node)
                if identifier in _ORDERED_CALLS:
                    self._ordered_calls.append((str(identifier), node))
                    return node
        return called(hooks.ITER, node, at=node)


_HANDLERS: dict[type[ast.AST], Handler] = {}


def _handler(walk: type[Walk], kind: type[ast.AST]) -> Handler:
    """What is done with a kind of node."""
    found: Handler | None = getattr(walk, f"_{kind.__name__}", None)
    if found is None:
        construct = grammar.NODES.get(kind.__name__)
        found = Walk._children if construct is None else _refusing(construct)
    _HANDLERS[kind] = found
    return found


def _refusing(construct: Construct) -> Handler:
    def refuse(walk: Walk, node: Any) -> Any:
        walk.refuse(node, construct)
        return node

    return refuse


def _single_precision() -> Any:
    from emulator.runtime.single import constants

    return constants
