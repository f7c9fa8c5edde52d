"""Where a script takes memory from the heap: calls of the hooks that look whether the heap is locked.

A pass of its own after the others, for files only that have to do with ``micropython.heap_lock``: nearly everything is a hook
afterwards. What takes memory on the board and what does not: firmware: py/emitbc.c, py/vm.c, py/compile.c.
"""

from __future__ import annotations

import ast
from typing import Any

from emulator.runtime import hooks
from emulator.runtime.source.build import assigned, called, constant, name, placed
from emulator.runtime.source.constants import fold
from emulator.runtime.source.looks import is_private, is_super

_LOOKS_AT_CALLER = frozenset({"dir", "eval", "exec", "execfile", "globals", "locals", "super"})
"""Builtins that look at the frame which calls them: no hook may stand between."""

_FREE_TUPLES = (2, 3)
"""``a, b = b, a`` makes no tuple (firmware: py/compile.c, MICROPY_COMP_DOUBLE_TUPLE_ASSIGN and TRIPLE)."""

_OPERATORS = frozenset({hooks.ADD, hooks.MODULO, hooks.POWER, hooks.REPEAT})

_NEW = frozenset({hooks.SETCOMP, hooks.DICT_DISPLAY, hooks.STARRED_CALL})
_BY_LOCK = {
    hooks.SLICE: hooks.SLICED,
    hooks.SET_SLICE: hooks.STORE_ITEM,
    hooks.SET_ATTRIBUTE: hooks.STORE_ATTRIBUTE,
}
"""Hooks -> those that do the same and look at the lock."""


def instrument(tree: ast.Module | ast.Expression | ast.Interactive) -> None:
    """Put the hooks into a tree that has been through the other passes."""
    _Instrumenter().visit(tree)


class _Instrumenter(ast.NodeTransformer):
    def __init__(self) -> None:
        self._classes = 0

    def visit(self, node: ast.AST) -> Any:
        """The node that stands for ``node``, or statements."""
        return getattr(self, f"_{type(node).__name__}", self.generic_visit)(node)

    # -- statements ------------------------------------------------------------------------------------------------

    def _defined(self, node: Any) -> list[ast.stmt]:
        self.generic_visit(node)
        return [*placed([ast.Expr(_allocates(node))], node), node]

    _FunctionDef = _defined

    def _ClassDef(self, node: ast.ClassDef) -> list[ast.stmt]:
        self._classes += 1
        made = self._defined(node)
        self._classes -= 1
        return made

    def _Assign(self, node: ast.Assign) -> ast.stmt:
        target = node.targets[0]
        if isinstance(target, (ast.Tuple, ast.List)) and len(node.targets) == 1:
            starred = any(isinstance(item, ast.Starred) for item in target.elts)
            value = node.value
            if isinstance(value, ast.Tuple) and not starred and len(value.elts) == len(target.elts) in _FREE_TUPLES:
                value.elts = [self.visit(item) for item in value.elts]
            else:
                node.value = self.visit(value)
                if starred:
                    node.value = called(hooks.BUILT, node.value, at=value)
            node.targets = [self.visit(target)]
            return node
        self.generic_visit(node)
        if len(node.targets) == 1:
            stored = self._store(target, node.value)
            if stored is not None:
                return placed([ast.Expr(stored)], node)[0]
        return node

    def _store(self, target: ast.expr, value: ast.expr) -> ast.Call | None:
        if isinstance(target, ast.Attribute) and self._plain(target.attr):
            return called(hooks.STORE_ATTRIBUTE, value, target.value, constant(target.attr, target), at=target)
        if isinstance(target, ast.Subscript):
            return called(hooks.STORE_ITEM, value, target.value, target.slice, at=target)
        return None

    def _AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        self.generic_visit(node)
        operator = constant(type(node.op).__name__, node.target)
        target = node.target
        if isinstance(target, ast.Name):
            new = called(hooks.AUGMENTED, operator, name(target.id), node.value, at=target)
            return placed([assigned(target.id, new)], node)[0]
        read = _read_again(target)
        if read is None:
            return node
        stored = self._store(target, called(hooks.AUGMENTED, operator, read, node.value, at=target))
        return node if stored is None else placed([ast.Expr(stored)], node)[0]

    def _Raise(self, node: ast.Raise) -> ast.Raise:
        self.generic_visit(node)
        if isinstance(node.exc, ast.Name):
            node.exc = called(hooks.RAISING, node.exc, at=node.exc)
        return node

    def _ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        self.generic_visit(node)
        if node.name is not None:
            node.body[1:1] = placed([ast.Expr(called(hooks.CAUGHT, name(node.name), at=_at(node)))], node.body[0])
        return node

    # -- expressions -----------------------------------------------------------------------------------------------

    def _display(self, node: Any) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load) or (isinstance(node, ast.Tuple) and not node.elts):
            return node  # type: ignore[no-any-return]
        return called(hooks.BUILT, node, at=node)

    _List = _Tuple = _display

    def _Dict(self, node: ast.Dict) -> ast.expr:
        self.generic_visit(node)
        made: ast.expr = node
        if node.keys:
            made = called(hooks.DICT, node, ast.copy_location(ast.Constant(value=len(node.keys)), node), at=node)
        return _before(made)

    def _started(self, node: Any) -> ast.expr:
        self.generic_visit(node)
        return _before(node)

    _ListComp = _DictComp = _GeneratorExp = _Lambda = _started

    def _computed(self, node: Any) -> ast.expr:
        if fold(node, {}) is not None:
            return node  # type: ignore[no-any-return]  # the parser has done it
        self.generic_visit(node)
        if isinstance(getattr(node, "op", None), ast.Not) or _adds_nothing(node):
            return node  # type: ignore[no-any-return]
        return called(hooks.MADE, node, at=node)

    _BinOp = _UnaryOp = _computed

    def _Slice(self, node: ast.Slice) -> ast.expr:
        self.generic_visit(node)
        at = _at(node)
        parts = [
            part or ast.copy_location(ast.Constant(value=None), at) for part in (node.lower, node.upper, node.step)
        ]
        return called(hooks.SLICED, *parts, at=at)

    def _Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            return called(hooks.ITEM, node.value, node.slice, at=node)
        return node

    def _Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and is_super(node.value):
            return _before(node)
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load) and self._plain(node.attr):
            return called(hooks.LOADED, node.value, constant(node.attr, node), constant(False, node), at=node)
        return node

    def _plain(self, attribute: str) -> bool:
        """Whether the host leaves the name as it is: in a class it changes private ones."""
        return not self._classes or not is_private(attribute)

    def _Call(self, node: ast.Call) -> ast.expr:
        function = node.func
        hook = function.id if isinstance(function, ast.Name) and function.id.startswith(".") else ""
        if hook == hooks.GETATTR:
            node.args[0] = self.visit(node.args[0])
            return called(hooks.LOADED, *node.args, constant(True, node), at=node)
        if hook == hooks.DICT:
            self.generic_visit(node.args[0])
            return _before(node)
        if hook in _BY_LOCK:
            node.func = ast.copy_location(name(_BY_LOCK[hook]), function)
            self.generic_visit(node)
            return node
        if hook:
            self.generic_visit(node)
            if hook in _OPERATORS:
                if hook == hooks.ADD and any(map(_is_empty, node.args)):
                    return node
                return called(hooks.MADE, node, at=node)
            if hook == hooks.SET:
                return called(hooks.BUILT, node, at=node)
            return _before(node) if hook in _NEW else node
        if isinstance(function, ast.Name) and function.id in _LOOKS_AT_CALLER:
            self.generic_visit(node)
            return _before(node) if function.id == "super" else node
        node.args = [self.visit(argument) for argument in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        starred = any(isinstance(argument, ast.Starred) for argument in node.args)
        starred = starred or any(keyword.arg is None for keyword in node.keywords)
        at = function
        method = constant(_method(function), at)
        callee = self._callee(function)
        node.func = ast.copy_location(name(hooks.CALLING), at)
        node.args = [constant(starred, at), method, callee, *node.args]
        return node

    def _callee(self, function: ast.expr) -> ast.expr:
        """What is called, as it is read for a call: its method is bound for nothing (firmware: py/vm.c, LOAD_METHOD)."""
        if isinstance(function, ast.Attribute):
            if not is_super(function.value):
                function.value = self.visit(function.value)
            return function
        if isinstance(function, ast.Call) and isinstance(function.func, ast.Name) and function.func.id == hooks.GETATTR:
            if not is_super(function.args[0]):
                function.args[0] = self.visit(function.args[0])
            return function
        if isinstance(function, ast.IfExp) and isinstance(function.test, ast.Compare) and _makes(function.body):
            return function.test.left  # the call of a native type: its hook finds what makes the object
        return self.visit(function)  # type: ignore[no-any-return]


def _makes(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id.startswith(hooks.MAKER_OF)


def _method(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    if isinstance(function, ast.Call) and isinstance(function.func, ast.Name) and function.func.id == hooks.GETATTR:
        return str(getattr(function.args[1], "value", ""))
    return ""


def _at(node: ast.AST) -> ast.expr:
    """A place where ``node`` stands."""
    return ast.copy_location(name(hooks.ALLOCATES), node)


def _allocates(node: ast.AST) -> ast.Call:
    return called(hooks.ALLOCATES, at=_at(node))


def _before(node: ast.expr) -> ast.expr:
    """``node``, but first the look at the lock."""
    return ast.copy_location(ast.BoolOp(op=ast.Or(), values=[_allocates(node), node]), node)


def _read_again(target: ast.expr) -> ast.expr | None:
    """``target`` as it is read; None if that would run something of the script's twice."""
    if not isinstance(target, (ast.Attribute, ast.Subscript)) or not isinstance(target.value, ast.Name):
        return None
    if isinstance(target, ast.Attribute):
        read: ast.expr = ast.Attribute(value=target.value, attr=target.attr, ctx=ast.Load())
    elif isinstance(target.slice, (ast.Name, ast.Constant)):
        read = ast.Subscript(value=target.value, slice=target.slice, ctx=ast.Load())
    else:
        return None
    return ast.copy_location(read, target)


def _adds_nothing(node: ast.expr) -> bool:
    """Whether one side of ``+`` is a literal without anything in it: the other side comes out (firmware: py/objstr.c)."""
    return (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and (_is_empty(node.left) or _is_empty(node.right))
    )


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in ("", b"")
