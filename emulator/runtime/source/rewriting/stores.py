"""Assignments and ``del``: what the board refuses to change, and constants."""

from __future__ import annotations

import ast
import copy

from emulator.runtime import hooks
from emulator.runtime.source import grammar
from emulator.runtime.source.build import BYTEARRAY, EXCEPTION, FUNCTION, assigned, called, constant, name, placed
from emulator.runtime.source.constants import constant_of, fold, of_a_module
from emulator.runtime.source.looks import deletes_item, has_step, is_private, is_simple, may_be_table
from emulator.runtime.source.making import slice_call
from emulator.runtime.source.rewriting.walk import FUNCTIONS, Walk


class Stores(Walk):
    """Assignments and ``del``."""

    def _Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        value = constant_of(node) if type(node.value) is ast.Call else None
        target = node.targets[0]
        if value is None:
            kind = type(target)
            if kind is ast.Name and isinstance(node.value, (ast.Lambda, ast.Call)):
                self._stores.bound(target, node.value)
                if isinstance(node.value, ast.Lambda) and isinstance(target, ast.Name):
                    self._graph.bound(target.id, node.value)
            elif kind is not ast.Name and len(node.targets) == 1:
                careful = self._careful_store(node, target)
                if careful is not None:
                    return careful
            self._children(node)
            if isinstance(target, (ast.Tuple, ast.List)) and may_be_table(node.value):
                node.value = called(hooks.ITER, node.value, at=node.value)
            return node
        assert isinstance(target, ast.Name)
        number = fold(value, self._constants)
        if number is None:
            if of_a_module(value):
                return node
            self.refuse(node, grammar.NOT_A_NUMBER)
            return node
        if target.id in self._constants:
            self.refuse(self._scopes[-1] if self._scopes else target, grammar.CONSTANT_AGAIN)
            return node
        self._constants[target.id] = number
        self._odd_names.add(target.id)
        if target.id.startswith("_"):
            return ast.copy_location(ast.Pass(), node)
        node.value = ast.copy_location(ast.Constant(value=number), node.value)
        return node

    def _careful_store(self, node: ast.Assign, target: ast.expr) -> list[ast.stmt] | None:
        """The assignment by a hook, where the board may refuse what the host would do, or do something else."""
        hook: ast.Call
        if isinstance(target, ast.Attribute):
            if is_private(target.attr) or not self._may_refuse(target.value):
                return None
            hook = called(hooks.SET_ATTRIBUTE, node.value, target.value, constant(target.attr, target), at=target)
        elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice) and not has_step(target.slice):
            hook = called(hooks.SET_SLICE, node.value, target.value, slice_call(target.slice, target), at=target)
        elif isinstance(target, ast.Subscript) and self._may_be(target.value, BYTEARRAY):
            return self._store_byte(node, target)
        else:
            return None
        for index, argument in enumerate(hook.args[:2]):
            hook.args[index] = self._visit(argument)
        if isinstance(target, ast.Subscript):
            self._children(hook.args[2])
        return placed([ast.Expr(hook)], node)

    def _may_refuse(self, owner: ast.expr) -> bool:
        """Whether attributes of ``owner`` may be fixed: of a function, an exception, a module of the board's, a native type."""
        return self._stores.may_refuse(owner) or self._may_be(owner, FUNCTION, EXCEPTION)

    def _store_byte(self, node: ast.Assign, target: ast.Subscript) -> list[ast.stmt] | None:
        index = target.slice
        if isinstance(index, ast.Slice):
            return None
        in_function = self._helpers and bool(self._scopes) and isinstance(self._scopes[-1], FUNCTIONS)
        if not (is_simple(target.value) and is_simple(index) and (in_function or is_simple(node.value))):
            self._children(node)
            stored_item = called(hooks.STORE_BYTE, target.value, target.slice, node.value, at=target)
            return [ast.copy_location(ast.Expr(stored_item), node)]
        # most numbers fit: the host does it alone then
        before: list[ast.stmt] = []
        if not is_simple(node.value):
            before = placed([assigned(hooks.BYTE, self._visit(node.value))], node)
            node.value = ast.copy_location(name(hooks.BYTE), node.value)
        again = copy.deepcopy((target.value, index, node.value))
        self._children(node)
        stored_item = called(hooks.STORE_BYTE, *(self._visit(part) for part in again), at=target)
        wrong = ast.ExceptHandler(type=name(hooks.WRONG), name=None, body=[ast.Expr(stored_item)])
        return [*before, *placed([ast.Try(body=[node], handlers=[wrong], orelse=[], finalbody=[])], node)]

    def _Delete(self, node: ast.Delete) -> ast.stmt | list[ast.stmt]:
        for target in node.targets:
            if isinstance(target, ast.List) or (isinstance(target, ast.Tuple) and not target.elts):
                self.refuse(target, grammar.NOT_DELETED)
        refused = [target for target in node.targets if self._deletes_refused(target)]
        self._children(node)
        for target in node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
                target.value = called(hooks.DELETE_SLICE, target.value, at=target.value)
        of_module = len(self._blocks) == 1
        odd = any(deletes_item(target) or (of_module and isinstance(target, ast.Name)) for target in node.targets)
        if not refused and not odd:
            return node
        statements: list[ast.stmt] = []
        for target in node.targets:
            statement: ast.stmt
            if target in refused:
                assert isinstance(target, ast.Attribute)
                statement = ast.Expr(
                    called(hooks.DELETE_ATTRIBUTE, target.value, constant(target.attr, target), at=target)
                )
            elif deletes_item(target):
                assert isinstance(target, ast.Subscript)
                key = slice_call(target.slice, target) if isinstance(target.slice, ast.Slice) else target.slice
                statement = ast.Expr(called(hooks.DELETE_ITEM, target.value, key, at=target))
            elif of_module and isinstance(target, ast.Name):
                # names are the keys of a dict
                missing = ast.Raise(exc=called(hooks.KEY_ERROR, constant(target.id, target), at=target), cause=None)
                handler = ast.ExceptHandler(type=name(hooks.NAME_ERROR), name=None, body=[missing])
                statement = ast.Try(body=[ast.Delete(targets=[target])], handlers=[handler], orelse=[], finalbody=[])
                statements += placed([statement], node)
                continue
            else:
                statement = ast.Delete(targets=[target])
            statements.append(ast.copy_location(statement, node))
        return statements

    def _deletes_refused(self, target: ast.expr) -> bool:
        return isinstance(target, ast.Attribute) and not is_private(target.attr) and self._may_refuse(target.value)
