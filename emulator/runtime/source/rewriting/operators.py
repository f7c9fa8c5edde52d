"""Operators between values, comparisons and subscripts."""

from __future__ import annotations

import ast

from emulator.runtime import hooks
from emulator.runtime.source import grammar
from emulator.runtime.source.build import BYTEARRAY, BYTES, DICT, SEQUENCE, TEXT, called, constant, name, place
from emulator.runtime.source.looks import (
    gives_bytes,
    has_step,
    is_bool,
    is_dict_display,
    is_made_here,
    is_repeatable,
    is_simple,
    is_text,
    is_unique,
    is_view,
)
from emulator.runtime.source.making import chosen, in_place, read_again
from emulator.runtime.source.rewriting.sites import Sites

_REPEATED = (BYTEARRAY, BYTES, TEXT, SEQUENCE)

_OF_VIEWS: dict[type[ast.operator], str] = {
    ast.BitAnd: "__and__",
    ast.BitOr: "__or__",
    ast.BitXor: "__xor__",
    ast.Sub: "__sub__",
}


class Operators(Sites):
    """Operators between values, comparisons and subscripts."""

    def _leaf_is(self, node: ast.expr, *kinds: str) -> bool:
        return not isinstance(node, (ast.BinOp, ast.Constant)) and self._may_be(node, *kinds)

    def _BinOp(self, node: ast.BinOp) -> ast.expr:
        made = self._operation(node)
        return made if self._single is None else self._in_single(made, node)

    def _in_single(self, made: ast.expr, node: ast.BinOp) -> ast.expr:
        """A binary operation where the host would give a float in double precision."""
        assert self._single is not None
        left, op, right = node.left, node.op, node.right
        if isinstance(op, ast.Div):
            made = called(hooks.DIVIDE, left, right, at=node)
        return self._single.folded(made, left, op, right) if isinstance(made, (ast.BinOp, ast.Call)) else made

    def _operation(self, node: ast.BinOp) -> ast.expr:
        kind = type(node.op)
        if kind is ast.Add:
            careful = not isinstance(node.left, ast.BinOp) and self._may_be(node.left, BYTES, BYTEARRAY)
            self._children(node)
            # what the children have become tells more: struct.pack(...) + s, a sum of such
            if careful or gives_bytes(node.left) or gives_bytes(node.right):
                return called(hooks.ADD, node.left, node.right, at=node)
            return node
        if kind is ast.Mod:
            return self._modulo(node)
        if kind in _OF_VIEWS and (is_view(node.left) or is_view(node.right)):
            self._children(node)
            return called(hooks.VIEW, constant(_OF_VIEWS[kind], node), node.left, node.right, at=node)
        repeated = kind is ast.Mult and (self._leaf_is(node.left, *_REPEATED) or self._leaf_is(node.right, *_REPEATED))
        of_bools = kind in _OF_VIEWS and kind is not ast.Sub and is_bool(node.left) and is_bool(node.right)
        dicts = kind is ast.BitOr and (self._leaf_is(node.left, DICT) or self._leaf_is(node.right, DICT))
        self._children(node)
        if dicts:
            return called(hooks.OR, node.left, node.right, at=node)
        if kind is ast.Mult:
            if is_repeatable(node.left) or is_repeatable(node.right) or repeated:
                return called(hooks.REPEAT, node.left, node.right, at=node)
        elif kind is ast.LShift:
            if not isinstance(node.right, ast.Constant) or (type(node.right.value) is int and node.right.value > 4096):
                return self._shift(node)
        elif kind is ast.Pow:
            return called(hooks.POWER, node.left, node.right, at=node)
        elif kind is ast.BitOr:
            if is_dict_display(node.left) or is_dict_display(node.right):
                return called(hooks.OR, node.left, node.right, at=node)
        elif kind is ast.MatMult:
            self.refuse(node, grammar.MATRIX)
        if of_bools:
            # an int on the board (firmware: py/objbool.c)
            return ast.UnaryOp(op=ast.UAdd(), operand=node, **place(node))
        return node

    def _shift(self, node: ast.BinOp) -> ast.expr:
        left, right = node.left, node.right
        far = called(hooks.SHIFT, left, right, at=node)
        if not (isinstance(right, ast.Name) and isinstance(left, (ast.Name, ast.Constant))):
            return far
        # hardly one is far: the others need no call
        which = called(hooks.TYPE, ast.copy_location(name(right.id), right), at=right)
        of_int = ast.Compare(left=which, ops=[ast.Is()], comparators=[name(hooks.INT)])
        near = ast.Compare(left=name(right.id), ops=[ast.Lt()], comparators=[ast.Constant(value=4096)])
        both = ast.BoolOp(op=ast.And(), values=[of_int, near])
        far.args = [
            ast.Name(id=left.id, ctx=ast.Load()) if isinstance(left, ast.Name) else ast.Constant(value=left.value),
            ast.Name(id=right.id, ctx=ast.Load()),
        ]
        return chosen(both, node, far)

    def _modulo(self, node: ast.BinOp) -> ast.expr:
        values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        if self._site_for(node.left, values):
            self._children(node)
            values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            count = len(values) if isinstance(node.right, ast.Tuple) else -1
            filled = ast.Call(func=self._site_of(hooks.TEMPLATE, node.left, count), args=values, keywords=[])
            return ast.copy_location(filled, node)
        plain = isinstance(node.left, ast.Constant) and not is_text(node.left)
        plain = plain or (self._evidence is not None and self._evidence.is_number(node.left))
        self._children(node)
        left, right = node.left, node.right
        if plain:
            return node
        if isinstance(left, ast.Name) and isinstance(right, (ast.Name, ast.Constant)):
            # most are numbers: those need no call
            which = called(hooks.TYPE, ast.copy_location(name(left.id), left), at=left)
            of_int = ast.Compare(left=which, ops=[ast.Is()], comparators=[ast.copy_location(name(hooks.INT), left)])
            again = ast.copy_location(
                name(right.id) if isinstance(right, ast.Name) else ast.Constant(right.value), right
            )
            formatted = called(hooks.MODULO, ast.copy_location(name(left.id), left), again, at=node)
            either = ast.IfExp(test=ast.copy_location(of_int, left), body=node, orelse=formatted)
            return ast.copy_location(either, node)
        return called(hooks.MODULO, left, right, at=node)

    def _AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        if isinstance(node.op, ast.MatMult):
            self.refuse(node, grammar.MATRIX)
        target = node.target
        if isinstance(target, ast.Name) and target.id in self._constants:
            self.refuse(node, grammar.CONSTANT_AGAIN)
            return node
        kind = type(node.op)
        added = kind is ast.Add and is_simple(target) and self._may_be(target, BYTES, BYTEARRAY)
        united = kind is ast.BitOr and is_simple(target) and self._may_be(target, DICT)
        hook = hooks.OR_IN_PLACE if united else ""
        if isinstance(target, ast.Name) and self._evidence is not None:
            if kind is ast.Mod and not self._evidence.is_number(target):
                hook = hooks.MODULO_IN_PLACE
            elif kind is ast.Mult and (self._may_be(target, *_REPEATED) or self._may_be(node.value, *_REPEATED)):
                hook = hooks.REPEAT_IN_PLACE
        self._children(node)
        if added:
            node.value = called(hooks.ADDEND, read_again(target), node.value, at=node.value)
        elif hook:
            changed = called(hook, read_again(target), node.value, at=node.value)
            return ast.copy_location(ast.Assign(targets=[target], value=changed), node)
        elif self._single is not None and isinstance(node.op, (ast.Div, ast.Pow)):
            return in_place(node)
        return node

    def _Compare(self, node: ast.Compare) -> ast.expr:
        if len(node.ops) != 1:
            return self._children(node)  # type: ignore[no-any-return]
        operator, left, right = node.ops[0], node.left, node.comparators[0]
        hook = ""
        if isinstance(operator, (ast.In, ast.NotIn)):
            if is_text(left) or self._may_be(right, BYTES, BYTEARRAY) or self._may_be(left, BYTES, BYTEARRAY):
                hook = hooks.CONTAINS
        elif isinstance(operator, (ast.Is, ast.IsNot)):
            if not (is_unique(left) or is_unique(right)):
                hook = hooks.IS
        elif isinstance(operator, (ast.Eq, ast.NotEq)) and (is_view(left) or is_view(right)):
            hook = hooks.VIEW
        self._children(node)
        if not hook:
            return node
        arguments = [node.left, node.comparators[0]]
        if hook == hooks.IS and (is_made_here(left) or is_made_here(right)):
            arguments.append(constant(True, node))
        if hook == hooks.VIEW:
            arguments.insert(0, constant("__eq__", node))
        found = called(hook, *arguments, at=node)
        if isinstance(operator, (ast.In, ast.Is, ast.Eq)):
            return found
        return ast.copy_location(ast.UnaryOp(op=ast.Not(), operand=found), node)

    def _Subscript(self, node: ast.Subscript) -> ast.Subscript:
        index = node.slice
        if isinstance(index, ast.Starred) or (isinstance(index, ast.Tuple) and self._bare_star(index)):
            self.refuse(index, grammar.UNPACKING)
            return node
        self._children(node)
        if isinstance(index, ast.Slice) and has_step(index):
            store = constant(not isinstance(node.ctx, ast.Load), node)
            node.value = called(hooks.STEPPED, node.value, store, at=node.value)
        return node
