"""Which functions of a file may call themselves, by whatever way, judged by names alone.

Only these watch how deep they are (``emulator/runtime/recursion.py``). A call by name leads to every function and method of
that name. A call of what a variable holds leads to every function that the file hands around; an operator, a loop, an attribute
to the special methods behind them.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from typing import Any

from emulator.runtime.source.patterns import lazy

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_HANDED = "?"
"""Stands for whatever function a variable holds."""

_BUILTINS = frozenset(vars(builtins)) | {"const", "execfile"}
_HARMLESS_DECORATORS = frozenset(["property", "staticmethod", "classmethod", "setter", "deleter", "getter", "bytecode"])

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.USub: "neg",
    ast.UAdd: "pos",
    ast.Invert: "invert",
    ast.Eq: "eq",
    ast.NotEq: "eq",
    ast.Lt: "lt",
    ast.Gt: "gt",
    ast.LtE: "le",
    ast.GtE: "ge",
}
_BEHIND: dict[type[ast.AST], str] = {
    ast.Subscript: "getitem setitem delitem hash eq",
    ast.Dict: "hash eq",
    ast.Set: "hash eq",
    ast.In: "contains iter next eq getitem hash",
    ast.NotIn: "contains iter next eq getitem hash",
    ast.For: "iter next getitem",
    ast.comprehension: "iter next getitem",
    ast.YieldFrom: "iter next",
    ast.Await: "iter next",
    ast.AsyncFor: "aiter anext",
    ast.With: "enter exit",
    ast.AsyncWith: "aenter aexit",
    ast.Call: "call",
    ast.Starred: "iter next getitem",
    ast.Not: "bool len",
    ast.If: "bool len",
    ast.IfExp: "bool len",
    ast.While: "bool len",
    ast.BoolOp: "bool len",
    ast.Assign: "iter next getitem",
    ast.Mod: "str repr",
    ast.Attribute: "getattr",
}
_OF_BUILTINS = {
    **dict.fromkeys(["print", "str", "repr", "format"], "str repr"),
    **dict.fromkeys(
        ["len", "hash", "abs", "bool", "int", "float", "complex", "divmod"], "len hash abs bool int float divmod"
    ),
    **dict.fromkeys(
        ["next", "iter", "list", "tuple", "set", "dict", "sum", "any", "all"], "iter next getitem add hash eq bool"
    ),
    **dict.fromkeys(["sorted", "sort", "min", "max"], "iter next getitem lt gt"),
    **dict.fromkeys(["map", "filter", "zip", "enumerate", "reversed"], "iter next getitem len"),
}
"""The special methods that an operation asks for, without their underscores."""
_TEXTS = frozenset(["eval", "exec", "execfile"])
_CALLS_BACK = frozenset("sorted sort min max map filter next list tuple sum any all set dict join extend".split())  # noqa: SIM905  a table to read


def _special(names: str) -> list[str]:
    return [f"__{name}__" for name in names.split()]


_METHODS: dict[type[ast.AST], list[str]] = {kind: _special(names) for kind, names in _BEHIND.items()}
for _kind, _name in _OPERATORS.items():
    _METHODS[_kind] = [*_METHODS.get(_kind, ()), f"__{_name}__", f"__i{_name}__"]
_OF_CALLS = {name: _special(names) for name, names in _OF_BUILTINS.items()}
_WELL_KNOWN = frozenset([*_OF_CALLS, *_TEXTS, *_CALLS_BACK])


SPECIAL = lazy(r"def(?<=\bdef)\s+__(?!init__|new__|name__)\w+__")
"""In a text that defines such methods every operation is looked at."""


class CallGraph:
    """What calls what in a file; told of each node while the file is walked, before the node is changed."""

    def __init__(self, *, special: bool) -> None:
        self.special = special
        self.reads: set[str] = set()
        """The names and attributes that are read in the function around, but not called there: a property, or a function that
        is handed around. Who walks the tree adds to them."""
        self.kinds: set[type[ast.AST]] = set()
        """The kinds of the nodes and operators in it, which call special methods; only filled if ``special``."""
        self._around: list[tuple[set[str], set[type[ast.AST]]]] = []
        self._edges: dict[str, set[str]] = {_HANDED: set()}
        self._functions: list[tuple[str, Any]] = []
        self._unknown: list[tuple[set[str], str]] = []
        self._handed: set[str] = set()
        self._open: list[set[str]] = []
        self._owners: list[str] = [""]

    # -- while it is walked ------------------------------------------------------------------------------------------

    def enter_function(self, node: Function) -> str:
        """The body of a function follows. Returns its name in the graph."""
        if isinstance(node, ast.Lambda):
            name = f"<lambda {node.lineno}:{node.col_offset}>"
            self._handed.add(name)
        else:
            owner = self._owners[-1]
            name = f"{owner}.{node.name}" if owner and node.name in ("__init__", "__new__") else node.name
        edges = self._edges.setdefault(name, set())
        if not isinstance(node, ast.Lambda):
            for decorator in node.decorator_list:
                if _last_name(decorator) not in _HARMLESS_DECORATORS:
                    # what has the name now may be what the decorator has made
                    self._handed.add(name)
                    edges.add(_HANDED)
        self._open.append(edges)
        self._around.append((self.reads, self.kinds))
        self.reads, self.kinds = set(), set()
        self._owners.append("")
        return name

    def leave_function(self, name: str, node: Any) -> None:
        """``node``: what becomes of the function, kept for :meth:`recursive`."""
        edges = self._open.pop()
        edges |= self.reads
        self._handed |= self.reads
        for kind in self.kinds:
            edges.update(_METHODS.get(kind, ()))
        self.reads, self.kinds = self._around.pop()
        self._owners.pop()
        self._functions.append((name, node))

    def enter_class(self, node: ast.ClassDef) -> None:
        """The body of a class follows."""
        edges = self._edges.setdefault(node.name, set())
        edges.update([f"{node.name}.__init__", f"{node.name}.__new__"])
        edges.update([base.id for base in node.bases if isinstance(base, ast.Name)])
        self._owners.append(node.name)

    def leave_class(self) -> None:
        """It has ended."""
        self._owners.pop()

    def called(self, function: ast.expr) -> None:
        """A call of ``function``."""
        if not self._open:
            return
        plain = True
        if isinstance(function, ast.Name):
            name = function.id
        elif isinstance(function, ast.Attribute):
            name = function.attr
        else:
            name, plain = _last_name(function), False
        edges = self._open[-1]
        edges.add(name)
        if not plain or name in _WELL_KNOWN:
            edges.update(_OF_CALLS.get(name, ()))
            if name in _TEXTS:
                edges.add(_HANDED)
                self._unknown.append((edges, ""))
            if not plain or name in _CALLS_BACK:
                edges.add(_HANDED)
                return
        if name not in _BUILTINS:
            self._unknown.append((edges, name))

    def bound(self, name: str, node: ast.Lambda) -> None:
        """A lambda is given a name."""
        self._edges.setdefault(name, set()).add(f"<lambda {node.lineno}:{node.col_offset}>")

    # -- after -------------------------------------------------------------------------------------------------------

    def recursive(self) -> list[Any]:
        """The functions that may call themselves, as given to :meth:`leave_function`."""
        if not self._functions:
            return []
        self._handed |= self.reads
        edges = self._edges
        for caller, name in self._unknown:
            if name not in edges:
                caller.add(_HANDED)
            if not name:
                caller.update(edges)  # the text that is run may call anything
        edges[_HANDED] = self._handed & edges.keys()
        found = _in_cycles(edges)
        return [node for name, node in self._functions if name in found]


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _in_cycles(edges: dict[str, set[str]]) -> set[str]:
    """The names from which a chain of edges leads back to them: Tarjan's components, without recursion."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_names: list[str] = []
    is_open: set[str] = set()
    found: set[str] = set()
    for start in edges:
        if start in order:
            continue
        work: list[tuple[str, Iterable[str]]] = []
        _enter(start, edges, order, lowest, open_names, is_open, work)
        while work:
            name, rest = work[-1]
            for target in rest:
                if target not in order:
                    _enter(target, edges, order, lowest, open_names, is_open, work)
                    break
                if target in is_open:
                    lowest[name] = min(lowest[name], order[target])
            else:
                work.pop()
                if work:
                    outer = work[-1][0]
                    lowest[outer] = min(lowest[outer], lowest[name])
                if lowest[name] == order[name]:
                    component: list[str] = []
                    while not component or component[-1] != name:
                        component.append(open_names.pop())
                    is_open.difference_update(component)
                    if len(component) > 1 or name in edges[name]:
                        found.update(component)
    return found


def _enter(
    name: str,
    edges: dict[str, set[str]],
    order: dict[str, int],
    lowest: dict[str, int],
    open_names: list[str],
    is_open: set[str],
    work: list[tuple[str, Iterable[str]]],
) -> None:
    order[name] = lowest[name] = len(order)
    open_names.append(name)
    is_open.add(name)
    work.append((name, iter([target for target in edges[name] if target in edges])))
