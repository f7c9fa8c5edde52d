"""Imports, exceptions, loops and the other statements."""

from __future__ import annotations

import ast
import sys

from emulator.runtime import hooks
from emulator.runtime.source import coroutines, grammar
from emulator.runtime.source.build import called, constant, name, placed
from emulator.runtime.source.interrupts import guard_loops
from emulator.runtime.source.looks import changed_in, counts_up, is_bool, leaves, runs_something
from emulator.runtime.source.making import globals_call, guard_before
from emulator.runtime.source.rewriting.walk import Walk

_JUMPS_PAST_CHECK = sys.version_info < (3, 11)
"""CPython 3.10 does not look for signals and injections at a jump that lands on ``try`` or ``with``."""

_MODULES = {"struct": "struct", "ustruct": "struct", "hashlib": "hashlib", "uhashlib": "hashlib"}
"""Modules for whose functions there are sites, by what a script imports."""


class Statements(Walk):
    """Imports, exceptions, loops and the other statements."""

    def _Raise(self, node: ast.Raise) -> ast.Raise:
        cause, node.cause = node.cause, None  # dropped without a word, but evaluated
        self._children(node)
        if cause is not None and node.exc is not None and runs_something(cause):
            node.exc = called(hooks.FIRST, node.exc, self._visit(cause), at=node.exc)
        return node

    def _Import(self, node: ast.Import) -> ast.Import:
        for alias in node.names:
            self._stores.define(alias.asname or alias.name.partition(".")[0])
            self._binds(alias.asname or alias.name)
            if alias.name in _MODULES:
                self._imported[alias.asname or alias.name] = _MODULES[alias.name]
        return node

    def _ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        for alias in node.names:
            self._binds(alias.asname or alias.name)
        if node.module in _MODULES and not node.level:
            for alias in node.names:
                self._imported[alias.asname or alias.name] = f"{_MODULES[node.module]}.{alias.name}"
        if len(self._blocks) > 1 and node.names[0].name == "*" and self._in_function():
            # inside a function the names become globals
            text = f"from {'.' * node.level}{node.module or ''} import *"
            run = ast.Call(func=name(hooks.EXEC), args=[ast.Constant(value=text), globals_call()], keywords=[])
            return placed([ast.Expr(run)], node)[0]
        return node

    def _ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        self._stores.define(node.name)
        self._children(node)
        node.body.insert(0, guard_before(node.body[0]))
        return node

    def _Try(self, node: ast.Try) -> ast.Try:
        self._children(node)
        if node.finalbody and leaves(node.finalbody):
            # `finally: continue` swallows whatever is on its way, as a bare except does
            node.finalbody.insert(0, guard_before(node.finalbody[0]))
        guard_loops(node)
        return node

    def _While(self, node: ast.While) -> ast.While:
        self._children(node)
        if _JUMPS_PAST_CHECK and isinstance(node.body[0], (ast.Try, ast.With, ast.AsyncWith)):
            # otherwise such a loop keeps the interpreter for itself for ever; a name, since `pass` is no instruction
            node.body[:0] = placed([ast.Expr(name(hooks.GUARD))], node.body[0])
        return node

    def _With(self, node: ast.With) -> list[ast.stmt]:
        self._children(node)
        guard_loops(node)
        return [node, guard_before(node)]  # an __exit__ with a true result swallows, too

    def _AsyncWith(self, node: ast.AsyncWith) -> list[ast.stmt]:
        self._require_coroutine(node)
        self._children(node)
        self._unique += 1
        return [*coroutines.block(node, self._unique), guard_before(node)]

    def _AsyncFor(self, node: ast.AsyncFor) -> list[ast.stmt]:
        self._require_coroutine(node)
        self._children(node)
        self._unique += 1
        return coroutines.loop(node, self._unique)

    def _For(self, node: ast.For) -> ast.For:
        if isinstance(node.iter, ast.Tuple) and self._bare_star(node.iter):
            self.refuse(node.iter, grammar.UNPACKING)
            return node
        counted = isinstance(node.target, ast.Name) and counts_up(node.iter)
        changed = not counted and changed_in(node)
        self._children(node)
        if counted:
            assert isinstance(node.iter, ast.Call)
            node.iter = called(hooks.LOOP, *node.iter.args, at=node.iter)
        else:
            node.iter = called(hooks.LIVE, node.iter, at=node.iter) if changed else self._ordered(node.iter)
        return node

    def _Return(self, node: ast.Return) -> ast.Return:
        if isinstance(node.value, ast.Tuple) and self._bare_star(node.value):
            self.refuse(node, grammar.UNPACKING)
            return node
        of_equality = self._blocks[-1] == "__eq__" and node.value is not None and not is_bool(node.value)
        self._children(node)
        if of_equality:
            # only True itself means that the two are equal (firmware: py/obj.c)
            assert node.value is not None
            true = ast.Compare(left=node.value, ops=[ast.Is()], comparators=[constant(True, node.value)])
            node.value = ast.copy_location(true, node.value)
        return node

    def _Await(self, node: ast.Await) -> ast.expr:
        if not self._in_coroutine[-1] and len(self._blocks) == 1:
            self.refuse(node, grammar.AWAIT_OUTSIDE)
        elif self._blocks[-1].startswith("<") and self._blocks[-1] != "<module>":
            self.refuse(node, grammar.AWAIT_IN_COMPREHENSION)
        self._children(node)
        return coroutines.awaited(node)

    def _require_coroutine(self, node: ast.AST) -> None:
        if not self._in_coroutine[-1]:
            self.refuse(node, grammar.AWAIT_OUTSIDE)
