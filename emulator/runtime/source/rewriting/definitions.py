"""Functions, lambdas and classes."""

from __future__ import annotations

import ast

from emulator.runtime import hooks
from emulator.runtime.source import coroutines, grammar
from emulator.runtime.source.build import called
from emulator.runtime.source.rewriting.walk import FUNCTIONS, Walk

IGNORED_METHODS = frozenset(
    "__del__ __delattr__ __setattr__ __getattribute__ __index__ __float__ __complex__ __format__ __missing__ __init_subclass__ "  # noqa: SIM905  a table to read
    "__subclasshook__ __class_getitem__ __set_name__ __prepare__ __get__ __set__ __delete__ "
    "__radd__ __rsub__ __rmul__ __rmatmul__ __rtruediv__ __rfloordiv__ __rmod__ __rpow__ __rlshift__ __rrshift__ __rand__ "
    "__rxor__ __ror__ __rdivmod__ __matmul__ __bytes__ __round__ __trunc__ __floor__ __ceil__ __dir__ __sizeof__ "
    "__length_hint__ __instancecheck__ __subclasscheck__ __mro_entries__ "
    "__imul__ __imatmul__ __itruediv__ __ifloordiv__ __imod__ __ipow__ __ilshift__ __irshift__ __iand__ __ixor__ __ior__".split()
)
"""Methods that the board never calls for a class of the script's (firmware: py/objtype.c, esp32/mpconfigport.h)."""


class Definitions(Walk):
    """Functions, lambdas and classes."""

    def _arguments(self, node: ast.arguments) -> ast.arguments:
        if node.posonlyargs:
            self.refuse(node.posonlyargs[0], grammar.POSITIONAL_ONLY)
        for argument in (*node.args, *node.kwonlyargs, node.vararg, node.kwarg):
            if argument is not None:
                argument.annotation = None  # never evaluated on the board
                self._binds(argument.arg)
        if node.defaults:
            self._list(node.defaults)
        if node.kw_defaults:
            self._list(node.kw_defaults)
        return node

    def _decorators(self, nodes: list[ast.expr]) -> list[ast.expr]:
        kept = []
        for node in nodes:
            compiler_word = grammar.micropython_decorator(node)
            if compiler_word == "bytecode":
                continue
            if compiler_word is not None:
                self.refuse(node, grammar.NATIVE_DECORATOR)
            elif not grammar.is_decorator(node):
                self.refuse(node, grammar.DECORATOR)
            kept.append(self._visit(node))
        return kept

    def _FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.FunctionDef:
        if getattr(node, "type_params", None):
            self.refuse(node, grammar.TYPE_PARAMETERS)
        node.decorator_list = self._decorators(node.decorator_list)
        node.returns = None
        self._arguments(node.args)
        coroutine = isinstance(node, ast.AsyncFunctionDef)
        self._stores.define(node.name)
        self._binds(node.name)
        self._stores.enter(node)
        name_in_graph = self._graph.enter_function(node)
        self._blocks.append(node.name)
        self._scopes.append(node)
        self._in_coroutine.append(coroutine)
        self._list(node.body)
        self._in_coroutine.pop()
        self._scopes.pop()
        self._blocks.pop()
        self._stores.leave()
        made = coroutines.function(node) if isinstance(node, ast.AsyncFunctionDef) else node
        self._graph.leave_function(name_in_graph, made)
        return made

    _AsyncFunctionDef = _FunctionDef

    def _Lambda(self, node: ast.Lambda) -> ast.Lambda:
        self._arguments(node.args)
        self._blocks.append("<lambda>")
        name_in_graph = self._graph.enter_function(node)
        node.body = self._visit(node.body)
        self._graph.leave_function(name_in_graph, node)
        self._blocks.pop()
        return node

    def _ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        if getattr(node, "type_params", None):
            self.refuse(node, grammar.TYPE_PARAMETERS)
        node.decorator_list = self._decorators(node.decorator_list)
        self._list(node.bases)
        if node.keywords:
            # refused when the class is made: a call without it would be another class
            at = node.keywords[0].value
            node.bases.append(called(hooks.NO_KEYWORDS, at=at))
            node.keywords = []
        for index, statement in enumerate(node.body):
            node.body[index] = _without_ignored(statement)
        self._stores.define(node.name)
        self._binds(node.name)
        self._graph.enter_class(node)
        self._blocks.append(node.name)
        self._scopes.append(node)
        self._list(node.body)
        self._scopes.pop()
        self._blocks.pop()
        self._graph.leave_class()
        return node


def _without_ignored(statement: ast.stmt) -> ast.stmt:
    """A statement of a class body in which the methods that the board never calls have names that nobody calls."""
    if isinstance(statement, FUNCTIONS):
        if statement.name in IGNORED_METHODS:
            statement.name = "." + statement.name.strip("_")
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                if target.id in IGNORED_METHODS:
                    target.id = "." + target.id.strip("_")
                elif target.id == "__slots__":
                    target.id = ".slots"  # means nothing to the board
    return statement
