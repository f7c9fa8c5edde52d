"""What the names of a file may stand for, judged by what the file binds to them.

Operators between variables are the host's unless the file itself shows that an operand may be of a type for which the board's
operator differs: bytes, bytearray, dicts, texts. Names are taken by themselves, whatever scope they are in; a name that is passed
on (assigned, given as an argument, returned, kept in a list) hands on what it may be.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from emulator.runtime.source.build import BYTEARRAY, BYTES, DICT, EXCEPTION, FUNCTION, NUMBER, OTHER, SEQUENCE, TEXT
from emulator.runtime.source.looks import MAKERS
from emulator.runtime.source.nodes import nodes

Kinds = frozenset[str]

_BYTES = (*MAKERS, "bytes", "tobytes", "recv", "recvfrom", "readall", "urandom", "unique_id", "rng", "get_data")
_OF_CALLS: dict[str, Kinds] = {
    **dict.fromkeys(_BYTES, frozenset([BYTES])),
    **dict.fromkeys(["read", "readline", "read_all"], frozenset([BYTES, TEXT])),
    **dict.fromkeys(["bytearray", "memoryview"], frozenset([BYTEARRAY])),
    **dict.fromkeys(["str", "repr", "chr", "hex", "bin", "oct", "input", "decode"], frozenset([TEXT])),
    **dict.fromkeys(["dict", "fromkeys", "globals", "locals", "loads"], frozenset([DICT])),
    **dict.fromkeys(
        [
            "len",
            "int",
            "float",
            "ord",
            "hash",
            "id",
            "abs",
            "round",
            "range",
            "from_bytes",
            "find",
            "rfind",
            "count",
            "time",
            "ticks_ms",
            "ticks_us",
            "ticks_diff",
        ],
        frozenset([NUMBER]),
    ),
}
"""Function or method -> what it gives."""
_EXCEPTIONS = frozenset(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)

_KEEP = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "replace",
        "lower",
        "upper",
        "format",
        "join",
        "split",
        "rsplit",
        "copy",
        "pop",
        "get",
        "popitem",
        "setdefault",
        "partition",
        "list",
        "tuple",
        "iter",
        "reversed",
        "sorted",
        "enumerate",
        "zip",
        "next",
        "min",
        "max",
        "sum",
        "values",
        "items",
    ]
)
"""Functions and methods that give what their receiver or arguments are, or hold."""

_ARITHMETIC = (ast.Add, ast.Mod, ast.Mult)


class _Blocks(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of each kind of statement that hold statements, or handlers with some."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        inner = ("body", "orelse", "finalbody", "handlers")
        found = self[kind] = tuple(field for field in inner if field in kind._fields)
        return found


_BLOCKS = _Blocks()
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _results(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    """What a function returns, or yields by a statement."""
    left: list[ast.stmt] = list(function.body)
    while left:
        statement = left.pop()
        if isinstance(statement, ast.Return):
            if statement.value is not None:
                yield statement.value
        elif isinstance(statement, ast.Expr):
            if isinstance(statement.value, ast.Yield) and statement.value.value is not None:
                yield statement.value.value
        else:
            blocks = _BLOCKS[type(statement)]
            if blocks and not isinstance(statement, _DEFINITIONS):
                for name in blocks:
                    left += getattr(statement, name)


_ITEMS = "[]"
_HOLDING = frozenset([SEQUENCE, DICT, OTHER])
_UNKNOWN = frozenset([OTHER])


class Evidence:
    """Gathers, from one file, what each name may be. Attributes stand under ``.name``, results of functions under ``name()``."""

    def __init__(self, tree: ast.AST) -> None:
        self._direct: defaultdict[str, set[str]] = defaultdict(set)
        self._from: defaultdict[str, set[str]] = defaultdict(set)
        self._parameters: dict[str, list[list[str]]] = {}
        self._classes: set[str] = set()
        self._spread_out = False
        self._of_kinds: dict[tuple[str, ...], set[str]] = {}
        self._calls: list[ast.Call] = []
        for node in nodes(tree):
            kind = type(node)
            if kind in _NOTES:
                _NOTES[kind](self, node)
        for call in self._calls:
            self._arguments(call)
        self._spread()

    def of(self, node: ast.expr) -> Kinds:
        """What ``node`` may be; ``OTHER`` among it where the file does not tell all."""
        direct, names = self._looked_at(node)
        found = set(direct)
        for name in names:
            found.update(self._direct.get(name, (OTHER,)))
        return frozenset(found)

    def may_be(self, node: ast.expr, *kinds: str) -> bool:
        """Whether the file shows that ``node`` may be one of ``kinds``."""
        known = self._of_kinds.get(kinds)
        if known is None:
            known = {name for name, found in self._direct.items() if not found.isdisjoint(kinds)}
            self._of_kinds[kinds] = known
        if isinstance(node, (ast.Name, ast.Attribute)):
            return bool(known) and _named(node) in known
        if isinstance(node, ast.Constant):
            return _OF_CONSTANTS.get(type(node.value)) in kinds
        return not self.of(node).isdisjoint(kinds)

    def is_number(self, node: ast.expr) -> bool:
        """Whether the file shows that ``node`` is a number, and nothing else."""
        return self.of(node) == {NUMBER}

    # -- gathering -----------------------------------------------------------------------------------------------

    def _note_assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._bind(target, node.value)

    def _note_augmented(self, node: ast.AugAssign) -> None:
        if isinstance(node.op, _ARITHMETIC):
            self._bind(node.target, node.value)
        else:
            self._add(node.target, (NUMBER,), ())

    def _note_loop(self, node: ast.For | ast.comprehension) -> None:
        self._bind(node.target, node.iter)

    def _note_item(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self._add(node.optional_vars, (OTHER,), ())

    def _note_call(self, node: ast.Call) -> None:
        self._calls.append(node)

    def _note_handler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._put(node.name, (EXCEPTION, OTHER), ())

    def _note_class(self, node: ast.ClassDef) -> None:
        self._classes.add(node.name)

    def _note_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._function(node.name, node.args)
        self._put(node.name, (FUNCTION,), ())
        for value in _results(node):
            self._put(f"{node.name}()", *self._looked_at(value))

    def _note_lambda(self, node: ast.Lambda) -> None:
        self._defaults(node.args)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, (ast.Name, ast.Attribute)):
            if type(value) is ast.Lambda and isinstance(target, ast.Name):
                self._function(target.id, value.args)
                self._put(f"{target.id}()", *self._looked_at(value.body))
            self._put(_named(target) or "", *self._looked_at(value))
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts: list[ast.expr] = [value] * len(target.elts)
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                parts = value.elts
            for one, part in zip(target.elts, parts, strict=True):
                self._bind(one, part)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, value)
        else:
            self._add(target, *self._looked_at(value))

    def _add(self, target: ast.expr, direct: Iterable[str], names: Iterable[str]) -> None:
        name = _named(target)
        if name is not None:
            self._put(name, direct, names)

    def _put(self, name: str, direct: Iterable[str], names: Iterable[str]) -> None:
        self._direct[name].update(direct)
        if names:
            self._from[name].update(names)

    def _function(self, name: str, arguments: ast.arguments) -> None:
        self._parameters.setdefault(name, []).append([argument.arg for argument in arguments.args])
        for argument in (arguments.vararg, arguments.kwarg):
            if argument is not None:
                self._put(argument.arg, (OTHER,), ())
        self._defaults(arguments)

    def _defaults(self, arguments: ast.arguments) -> None:
        for argument in (*arguments.args, *arguments.kwonlyargs):
            self._put(argument.arg, (OTHER,), ())
        names = [argument.arg for argument in arguments.args]
        for name, default in zip(reversed(names), reversed(arguments.defaults), strict=False):
            self._put(name, *self._looked_at(default))
        for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if given is not None:
                self._put(argument.arg, *self._looked_at(given))

    def _arguments(self, call: ast.Call) -> None:
        """What a call hands to the parameters of every function of that name."""
        function = call.func
        if isinstance(function, ast.Attribute):
            name, method = function.attr, True
        elif isinstance(function, ast.Name):
            name, method = function.id, False
        elif isinstance(function, ast.Lambda):
            for taken, argument in zip(function.args.args, call.args, strict=False):
                self._put(taken.arg, *self._looked_at(argument))
            return
        else:
            return
        if name in self._classes:
            name, method = "__init__", True
        for parameters in self._parameters.get(name, ()):
            own = parameters[1:] if method and parameters[:1] == ["self"] else parameters
            for parameter, argument in zip(own, call.args, strict=False):
                self._put(parameter, *self._looked_at(argument))
            if call.args and isinstance(call.args[-1], ast.Starred):
                for parameter in own:
                    self._put(parameter, *self._looked_at(call.args[-1].value))
        for keyword in call.keywords:
            if keyword.arg is not None:
                self._put(keyword.arg, *self._looked_at(keyword.value))
        if isinstance(function, ast.Attribute) and name in (
            "append",
            "extend",
            "insert",
            "add",
            "update",
            "setdefault",
        ):
            for argument in call.args:
                self._add(function.value, *self._looked_at(argument))

    def _spread(self) -> None:
        """Hand on until nothing changes."""
        users: dict[str, set[str]] = {}
        for name, sources in self._from.items():
            for source in sources:
                if source in self._direct:
                    users.setdefault(source, set()).add(name)
                else:
                    self._direct[name].add(OTHER)
        left = list(self._direct)
        while left:
            source = left.pop()
            for name in users.get(source, ()):
                if self._hand_on(source, name):
                    left.append(name)
        self._spread_out = True

    def _hand_on(self, source: str, name: str) -> bool:
        """Give ``name`` the kinds of ``source``; whether it had not all of them."""
        kinds = self._direct.get(source, _UNKNOWN)
        if name.endswith(_ITEMS) and not kinds & _HOLDING:
            return False
        before = len(self._direct[name])
        self._direct[name] |= kinds
        return len(self._direct[name]) > before

    def _looked_at(self, node: ast.expr) -> tuple[Iterable[str], Iterable[str]]:
        """What ``node`` is for certain, and the names whose kinds it may have."""
        kind = type(node)
        if kind is ast.Constant:
            return (_OF_CONSTANTS.get(type(node.value), OTHER),), ()  # type: ignore[attr-defined]
        if kind is ast.Name:
            return (), (node.id,)  # type: ignore[attr-defined]
        if kind is ast.Attribute:
            return (), (f".{node.attr}",)  # type: ignore[attr-defined]
        direct: set[str] = set()
        names: set[str] = set()
        left = [node]
        while left:
            node = left.pop()
            if isinstance(node, ast.Call):
                self._result(node, direct, names, left)
            elif isinstance(node, ast.Constant):
                direct.add(_OF_CONSTANTS.get(type(node.value), OTHER))
            elif isinstance(node, (ast.Name, ast.Attribute)):
                names.add(_named(node) or "")
            elif isinstance(node, ast.BinOp):
                if isinstance(node.op, _ARITHMETIC):
                    left += [node.left] if isinstance(node.op, ast.Mod) else [node.left, node.right]
                elif isinstance(node.op, ast.BitOr):
                    left += [node.left, node.right]
                else:
                    direct.add(NUMBER)
            elif isinstance(node, (ast.UnaryOp, ast.Compare)):
                direct.add(NUMBER)
            elif isinstance(node, ast.IfExp):
                left += [node.body, node.orelse]
            elif isinstance(node, ast.BoolOp):
                left += node.values
            elif isinstance(node, (ast.Dict, ast.DictComp)):
                direct.add(DICT)
                if isinstance(node, ast.Dict):
                    left += node.values
            elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
                direct.add(SEQUENCE)
                left += node.elts
            elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
                direct.add(SEQUENCE)
                left.append(node.elt)
            elif isinstance(node, ast.Subscript):
                self._item(node, direct, names, left)
            elif isinstance(node, ast.Starred):
                left.append(node.value)
            else:
                direct.add(FUNCTION if isinstance(node, ast.Lambda) else OTHER)
        return direct, names

    def _item(self, node: ast.Subscript, direct: set[str], names: set[str], left: list[ast.expr]) -> None:
        """A slice is what it is taken from; an item is what a list or dict holds, or else a number."""
        name = _named(node.value) if isinstance(node.value, (ast.Name, ast.Attribute)) else None
        if isinstance(node.slice, ast.Slice) or name is None:
            left.append(node.value)
            return
        items = name + _ITEMS
        if items not in self._direct:
            self._put(items, (NUMBER,), (name,))
            if self._spread_out:
                self._hand_on(name, items)
        names.add(items)

    def _result(self, call: ast.Call, direct: set[str], names: set[str], left: list[ast.expr]) -> None:
        function = call.func
        if isinstance(function, ast.Name):
            name = function.id
        elif isinstance(function, ast.Attribute):
            name = function.attr
        else:
            name = ""
        if name in _OF_CALLS:
            direct |= _OF_CALLS[name]
        elif name in _KEEP:
            direct.add(OTHER)
            if isinstance(function, ast.Attribute):
                left.append(function.value)
            left += call.args
        elif name in _EXCEPTIONS:
            direct.add(EXCEPTION)
        else:
            direct.add(OTHER)
            names.add(f"{name}()")


_OF_CONSTANTS: dict[type, str] = {
    bytes: BYTES,
    str: TEXT,
    int: NUMBER,
    float: NUMBER,
    bool: NUMBER,
    complex: NUMBER,
}


def _named(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f".{node.attr}"
    if isinstance(node, (ast.Subscript, ast.Starred)):
        return _named(node.value)
    return None


_NOTES: dict[type[ast.AST], Callable[[Evidence, Any], None]] = {
    ast.Assign: Evidence._note_assign,
    ast.AugAssign: Evidence._note_augmented,
    ast.For: Evidence._note_loop,
    ast.comprehension: Evidence._note_loop,
    ast.withitem: Evidence._note_item,
    ast.Call: Evidence._note_call,
    ast.ExceptHandler: Evidence._note_handler,
    ast.ClassDef: Evidence._note_class,
    ast.FunctionDef: Evidence._note_function,
    ast.AsyncFunctionDef: Evidence._note_function,
    ast.Lambda: Evidence._note_lambda,
}
"""What binds names or hands on values."""
