"""Names, attributes and calls."""

from __future__ import annotations

import ast

from emulator.runtime import hooks
from emulator.runtime.calls import TYPES
from emulator.runtime.hidden import HIDDEN_ATTRIBUTES
from emulator.runtime.methods import CAREFUL, CAREFUL_CALLS
from emulator.runtime.source import grammar
from emulator.runtime.source.build import BYTEARRAY, LOAD, called, constant, name, place
from emulator.runtime.source.looks import is_quick, is_super, star_is_late
from emulator.runtime.source.making import chosen, digest_call, made_by, starred_call
from emulator.runtime.source.rewriting.sites import Sites
from emulator.runtime.source.rewriting.walk import FUNCTIONS, MICROPYTHON_NAMES

LOOKED_UP = CAREFUL | HIDDEN_ATTRIBUTES

_PACKING = {"struct.pack": hooks.PACK, "struct.unpack": hooks.UNPACK}

_NAME, _CONSTANT, _READ = ast.Name, ast.Constant, ast.Load


class Calls(Sites):
    """Names, attributes and calls."""

    def _Name(self, node: ast.Name) -> ast.expr:
        identifier = node.id
        if type(node.ctx) is ast.Load:
            self._graph.reads.add(identifier)
        else:
            self._binds(identifier)
        return self._name(node) if identifier in self._odd_names else node

    def _name(self, node: ast.Name) -> ast.expr:
        identifier = node.id
        if identifier in self._constants:
            if isinstance(node.ctx, ast.Load):
                return ast.copy_location(ast.Constant(value=self._constants[identifier]), node)
            stored = isinstance(node.ctx, ast.Store)
            # a number in the place of the name has no line of its own: the board tells that of the block
            at = self._scopes[-1] if self._scopes else node
            self.refuse(at, grammar.CONSTANT_AGAIN if stored else grammar.NOT_DELETED)
        elif identifier in MICROPYTHON_NAMES and isinstance(node.ctx, ast.Load):
            return called(hooks.NOWHERE, constant(identifier, node), at=node)
        return node

    def _Constant(self, node: ast.Constant) -> ast.expr:
        if self._single is not None and isinstance(node.value, (float, complex)):
            source = self._line(node.lineno).encode()[node.col_offset :].decode("utf-8", "replace")
            node.value = self._single.literal(node.value, source)
        return node

    def _Attribute(self, node: ast.Attribute) -> ast.expr:
        if type(node.ctx) is _READ:
            self._graph.reads.add(node.attr)
        return self._attribute(node)

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        value = node.value
        if type(value) is _NAME and value.id not in self._odd_names:
            if type(value.ctx) is _READ:
                self._graph.reads.add(value.id)
        else:
            value = node.value = self._visit(value)
        if (node.attr in LOOKED_UP or (type(value) is ast.Call and is_super(value))) and type(node.ctx) is _READ:
            return called(hooks.GETATTR, node.value, constant(node.attr, node), at=node)
        return node

    def _Call(self, node: ast.Call) -> ast.expr:
        function = node.func
        twice = self._check_arguments(node)
        if isinstance(function, ast.Name) and function.id == "super" and not node.args:
            self._check_super(node)
        self._graph.called(function)
        star_last = bool(node.keywords) and star_is_late(node)
        if self._imported and self._site is not None:
            quick = self._quick_call(node, function)
            if quick is not None:
                return quick
        made = self._call(node, function)
        if twice:
            made.func = called(hooks.TWICE, made.func, *twice, at=made.func)
        return starred_call(made) if star_last else made

    def _quick_call(self, node: ast.Call, function: ast.expr) -> ast.expr | None:
        """A call of ``struct`` or ``hashlib`` that the host does where it agrees; None for any other."""
        packing = _PACKING.get(self._native(function))
        if packing and node.args and not node.keywords and self._site_for(node.args[0], node.args[1:]):
            return self._packed(node, packing)
        if self._is_digest(node):
            self._children(node)
            return digest_call(node)
        return None

    def _call(self, node: ast.Call, function: ast.expr) -> ast.Call:
        if isinstance(function, ast.Attribute):
            if (
                self._site is not None
                and function.attr == "format"
                and self._site_for(function.value, node.args)
                and not node.keywords
            ):
                node.func = self._site_of(hooks.FIELDS, function.value, len(node.args))
                self._arguments_of(node)
                return node
            may_differ = CAREFUL_CALLS.get(function.attr)
            differs = may_differ is not None and may_differ(node)
            if (differs or function.attr in CAREFUL) and self._site is not None and is_quick(function.attr, node):
                identifier = f"{hooks.METHOD}{len(node.args)}:{function.attr}"
                self._site(identifier)
                node.func = ast.Name(identifier, LOAD, **place(function))
                node.args.insert(0, function.value)
                self._arguments_of(node)
                return node
            named = isinstance(function.value, (ast.Name, ast.Attribute))
            if differs or (named and self._may_be(function.value, BYTEARRAY)):
                value = self._visit(function.value)
                node.func = called(hooks.GETATTR, value, constant(function.attr, function), at=function)
            elif is_super(function.value) and function.attr not in LOOKED_UP:
                function.value = self._visit(function.value)
            else:
                node.func = self._attribute(function)
        elif isinstance(function, ast.Name):
            if function.id in self._odd_names:
                node.func = self._name(function)
            if function.id in TYPES:
                node.func = made_by(function.id, node.func)
        else:
            node.func = self._visit(function)
        self._arguments_of(node)
        return node

    def _native(self, function: ast.expr) -> str:
        """``module.name`` of what the imports of the file make one think that a function is."""
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            return f"{self._imported.get(function.value.id, '')}.{function.attr}"
        return self._imported.get(function.id, "") if isinstance(function, ast.Name) else ""

    def _packed(self, node: ast.Call, hook: str) -> ast.Call:
        """A call of ``struct.pack`` or ``struct.unpack``, of the function for this format if it is the board's that is called."""
        own = self._site_of(hook, node.args[0], len(node.args) - 1)
        self._children(node)
        test = ast.Compare(left=node.func, ops=[ast.Is()], comparators=[name(hook)])
        node.func = chosen(test, own, node.func)
        return node

    def _is_digest(self, node: ast.Call) -> bool:
        """``hashlib.sha256(data).digest()`` with data that runs nothing."""
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "digest" and not node.args):
            return False
        inner = node.func.value
        if node.keywords or not isinstance(inner, ast.Call) or inner.keywords or len(inner.args) != 1:
            return False
        return self._native(inner.func).startswith("hashlib.") and isinstance(inner.args[0], (ast.Name, ast.Constant))

    def _check_super(self, node: ast.Call) -> None:
        """``super()`` looks for the first parameter of the function that it is in."""
        inner = self._scopes[-1] if self._scopes else None
        if isinstance(inner, FUNCTIONS) and inner.name == self._blocks[-1]:
            given = inner.args
            if not (given.args or given.vararg or given.kwonlyargs or given.kwarg):
                self.refuse(node, grammar.SUPER)

    def _arguments_of(self, node: ast.Call) -> None:
        arguments = node.args
        for index, argument in enumerate(arguments):
            if type(argument) is ast.Starred:
                argument.value = self._ordered(self._visit(argument.value))
            elif type(argument) is not _CONSTANT or self._single is not None:
                arguments[index] = self._visit(argument)
        for keyword in node.keywords:
            if type(keyword.value) is not _CONSTANT or self._single is not None:
                keyword.value = self._visit(keyword.value)

    def _check_arguments(self, node: ast.Call) -> list[ast.expr]:
        """Refuses what the board does; returns the names of keyword arguments that are given twice."""
        stars = 0
        for argument in node.args:
            if type(argument) is ast.Starred:
                stars += 1
        if stars > 1:
            self.refuse(node, grammar.TWO_STARS)
        elif stars and not isinstance(node.args[-1], ast.Starred):
            self.refuse(node, grammar.AFTER_STAR)
        if not node.keywords:
            return []
        for keyword in node.keywords:
            if keyword.arg in self._constants:
                self.refuse(keyword, grammar.KEYWORD_CONSTANT)
        if len(node.keywords) > 1:
            if sum(keyword.arg is None for keyword in node.keywords) > 1:
                self.refuse(node, grammar.TWO_DOUBLE_STARS)
            last = {keyword.arg: keyword for keyword in node.keywords}
            again = [k for k in node.keywords if k.arg is not None and last[k.arg] is not k]
            if again:
                node.keywords = [k for k in node.keywords if k.arg is None or last[k.arg] is k]
                names: list[ast.expr] = [constant(k.arg or "", k.value) for k in again]
                return names
        return []
