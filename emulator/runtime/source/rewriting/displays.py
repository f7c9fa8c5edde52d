"""Displays and comprehensions."""

from __future__ import annotations

import ast
from typing import Any

from emulator.runtime import hooks
from emulator.runtime.source import grammar
from emulator.runtime.source.build import called
from emulator.runtime.source.looks import called_name, runs_something
from emulator.runtime.source.rewriting.walk import Walk


class Displays(Walk):
    """Displays and comprehensions."""

    def _List(self, node: ast.List | ast.Tuple) -> ast.expr:
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Store) and not node.elts:
            self.refuse(node, grammar.NOT_ASSIGNED)
            return node
        if isinstance(node.ctx, ast.Load) and any(isinstance(item, ast.Starred) for item in node.elts):
            self.refuse(node, grammar.UNPACKING_IN_DISPLAY)
            return node
        return self._children(node)  # type: ignore[no-any-return]

    _Tuple = _List

    def _Set(self, node: ast.Set) -> ast.expr:
        for item in node.elts:
            if isinstance(item, ast.Starred):
                self.refuse(item, grammar.UNPACKING)
                return node
        self._children(node)
        return called(hooks.SET, *node.elts, at=node)

    def _Dict(self, node: ast.Dict) -> ast.expr:
        if None in node.keys:
            self.refuse(node, grammar.UNPACKING)
            return node
        reordered = any(key is not None and runs_something(key) for key in node.keys) and any(
            map(runs_something, node.values)
        )
        self._children(node)
        if reordered:
            parts = [part for key, value in zip(node.keys, node.values, strict=True) for part in (value, key)]
            return called(hooks.DICT_DISPLAY, *[part for part in parts if part is not None], at=node)
        if len(node.keys) < 3:  # the table comes out the same
            return node
        return called(hooks.DICT, node, ast.copy_location(ast.Constant(value=len(node.keys)), node), at=node)

    def _comprehension(self, node: ast.comprehension) -> ast.comprehension:
        if node.is_async:
            self.refuse(node.target, grammar.ASYNC_COMPREHENSION)
        self._children(node)
        node.iter = self._ordered(node.iter)
        return node

    def _ListComp(self, node: ast.ListComp) -> ast.expr:
        first = node.generators[0]
        found: ast.expr = self._inner(node)
        iterable = first.iter
        if not first.ifs and isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.IfExp):
            small = len(iterable.args) == 1 and isinstance(iterable.args[0], ast.Constant)
            if called_name(iterable) == "range" and not small:
                first.iter = called(hooks.KEPT, iterable, at=iterable)
        return found

    def _inner(self, node: Any) -> Any:
        self._blocks.append(
            {"ListComp": "<listcomp>", "GeneratorExp": "<genexpr>"}.get(type(node).__name__, "<dictcomp>")
        )
        self._in_coroutine.append(False)
        self._children(node)
        self._in_coroutine.pop()
        self._blocks.pop()
        return node

    _GeneratorExp = _inner

    def _DictComp(self, node: ast.DictComp) -> ast.DictComp:
        reordered = runs_something(node.key) and runs_something(node.value)
        self._inner(node)
        if reordered:
            node.key = called(hooks.KEY, node.value, node.key, at=node.key)
            node.value = called(hooks.VALUE, at=node.value)
        return node

    def _SetComp(self, node: ast.SetComp) -> ast.expr:
        self._inner(node)
        node.elt = called(hooks.MEMBER, node.elt, at=node.elt)
        return called(hooks.SETCOMP, node, at=node)
