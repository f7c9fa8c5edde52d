"""Which functions of a file may call themselves, by whatever way, judged by names alone.

Only these watch how deep they are (``emulator/runtime/recursion.py``). A call by name leads to every function and method of that name.
A call of what a variable holds leads to every function that the file hands around; an operator, a loop, an attribute to the special
methods behind them.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

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
}
_OF_BUILTINS = {
    **dict.fromkeys(["print", "str", "repr", "format"], "str repr"),
    **dict.fromkeys(["len", "hash", "abs", "bool", "int", "float", "complex", "divmod"], "len hash abs bool int float divmod"),
    **dict.fromkeys(["next", "iter", "list", "tuple", "set", "dict", "sum", "any", "all"], "iter next getitem add hash eq bool"),
    **dict.fromkeys(["sorted", "sort", "min", "max"], "iter next getitem lt gt"),
    **dict.fromkeys(["map", "filter", "zip", "enumerate", "reversed"], "iter next getitem len"),
}
"""The special methods that an operation asks for, without their underscores."""
_CALLS_BACK = frozenset("sorted sort min max map filter next list tuple sum any all set dict join extend".split())  # noqa: SIM905  a table to read


def _special(names: str) -> list[str]:
    return [f"__{name}__" for name in names.split()]


_METHODS: dict[type[ast.AST], list[str]] = {kind: _special(names) for kind, names in _BEHIND.items()}
for _kind, _name in _OPERATORS.items():
    _METHODS[_kind] = [*_METHODS.get(_kind, ()), f"__{_name}__", f"__i{_name}__"]
_OF_CALLS = {name: _special(names) for name, names in _OF_BUILTINS.items()}


def recursive(tree: ast.AST) -> set[Function]:
    """The functions of a file that may call themselves. Call it before the tree is changed."""
    return _Graph(tree).recursive()


class _Graph:
    def __init__(self, tree: ast.AST) -> None:
        self._edges: dict[str, set[str]] = {_HANDED: set()}
        self._functions: list[tuple[str, Function]] = []
        self._unknown: list[tuple[str, str]] = []
        self._handed: set[str] = set()
        self._walk(tree)
        for caller, name in self._unknown:
            if name not in self._edges:
                self._edges[caller].add(_HANDED)
        self._edges[_HANDED] = self._handed & self._edges.keys()

    def recursive(self) -> set[Function]:
        found = _in_cycles(self._edges)
        return {function for name, function in self._functions if name in found}

    def _walk(self, tree: ast.AST) -> None:
        # (node, the function that it is in, the class that it stands in directly)
        left: list[tuple[ast.AST, str | None, str]] = [(tree, None, "")]
        while left:
            node, caller, owner = left.pop()
            kind = type(node)
            inner, within = caller, ""
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                inner = self._define(node, owner)
            elif isinstance(node, ast.ClassDef):
                within = node.name
                self._edges.setdefault(node.name, set()).update([f"{node.name}.__init__", f"{node.name}.__new__"])
                for base in node.bases:
                    if isinstance(base, ast.Name):
                        self._edges[node.name].add(base.id)
            elif kind is ast.Assign and isinstance(node.value, ast.Lambda):  # type: ignore[attr-defined]
                for target in node.targets:  # type: ignore[attr-defined]
                    if isinstance(target, ast.Name):
                        self._edges.setdefault(target.id, set()).add(_lambda_name(node.value))  # type: ignore[attr-defined]
            if caller is not None:
                self._uses(node, kind, caller)
            callee = node.func if isinstance(node, ast.Call) else None
            for child in ast.iter_child_nodes(node):
                if child is callee and isinstance(child, ast.Name):
                    continue
                if isinstance(child, (ast.Name, ast.Attribute)) and isinstance(child.ctx, ast.Load) and child is not callee:
                    self._handed.add(child.id if isinstance(child, ast.Name) else child.attr)
                left.append((child, inner, within))

    def _define(self, node: Function, owner: str) -> str:
        if isinstance(node, ast.Lambda):
            name = _lambda_name(node)
            self._handed.add(name)
        else:
            name = f"{owner}.{node.name}" if owner and node.name in ("__init__", "__new__") else node.name
            for decorator in node.decorator_list:
                if _last_name(decorator) not in _HARMLESS_DECORATORS:
                    self._handed.add(name)
                    # what has the name now may be what the decorator has made
                    self._edges.setdefault(name, set()).add(_HANDED)
        self._edges.setdefault(name, set())
        self._functions.append((name, node))
        return name

    def _uses(self, node: ast.AST, kind: type[ast.AST], caller: str) -> None:
        edges = self._edges[caller]
        methods = _METHODS.get(kind)
        if methods is not None:
            edges.update(methods)
        if kind is ast.Attribute:
            edges.update((node.attr, "__getattr__"))  # type: ignore[attr-defined]
        elif isinstance(node, ast.Call):
            function = node.func
            name = _last_name(function)
            edges.add(name)
            edges.update(_OF_CALLS.get(name, ()))
            if name in ("eval", "exec", "execfile"):
                edges.add(caller)
            if name in _CALLS_BACK or not isinstance(function, (ast.Name, ast.Attribute)):
                edges.add(_HANDED)
            elif name not in _BUILTINS and isinstance(function, ast.Name):
                self._unknown.append((caller, name))


def _lambda_name(node: ast.Lambda) -> str:
    return f"<lambda {node.lineno}:{node.col_offset}>"


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
                    component = []
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
