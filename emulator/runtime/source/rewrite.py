"""One walk over the syntax tree: what 1.11 refuses is noted, what means something else there is rewritten.

Nothing is rewritten that cannot differ: plain arithmetic, calls, attributes and subscripts are compiled as they stand.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from typing import Any

from emulator.runtime import hooks
from emulator.runtime.calls import TYPES
from emulator.runtime.hidden import HIDDEN_ATTRIBUTES
from emulator.runtime.methods import CAREFUL, CAREFUL_CALLS
from emulator.runtime.methods.quick import WHEN
from emulator.runtime.recursion import CallGraph
from emulator.runtime.source import coroutines, grammar
from emulator.runtime.source.build import LOAD, assigned, called, constant, name, place, placed
from emulator.runtime.source.constants import constant_of, fold, of_a_module
from emulator.runtime.source.errors import Problem
from emulator.runtime.source.grammar import Construct

MICROPYTHON_NAMES = frozenset({"__builtins__", "__doc__", "__spec__", "__loader__", "__package__"})
"""Names every CPython module has and a MicroPython one lacks (``__package__`` and the others: py/objmodule.c)."""

LOOKED_UP = CAREFUL | HIDDEN_ATTRIBUTES

IGNORED_METHODS = frozenset(
    "__del__ __delattr__ __setattr__ __getattribute__ __index__ __float__ __complex__ __format__ __missing__ __init_subclass__ "  # noqa: SIM905  a table to read
    "__subclasshook__ __class_getitem__ __set_name__ __prepare__ __get__ __set__ __delete__ "
    "__radd__ __rsub__ __rmul__ __rmatmul__ __rtruediv__ __rfloordiv__ __rmod__ __rpow__ __rlshift__ __rrshift__ __rand__ "
    "__rxor__ __ror__ __rdivmod__ __matmul__ __bytes__ __round__ __trunc__ __floor__ __ceil__ __dir__ __sizeof__ "
    "__length_hint__ __instancecheck__ __subclasscheck__ __mro_entries__".split()
)
"""Methods that the board never calls for a class of the script's (firmware: py/objtype.c, esp32/mpconfigport.h)."""

_JUMPS_PAST_CHECK = sys.version_info < (3, 11)
"""CPython 3.10 does not look for signals and injections at a jump that lands on ``try`` or ``with``."""

_ORDERED_CALLS = frozenset(
    {"range", "zip", "enumerate", "map", "filter", "sorted", "reversed", "list", "tuple", "iter"}
)
"""Builtins whose result keeps its order, whatever the script calls by these names."""

_MODULES = {"struct": "struct", "ustruct": "struct", "hashlib": "hashlib", "uhashlib": "hashlib"}
"""Modules for whose functions there are sites, by what a script imports."""

_PACKING = {"struct.pack": hooks.PACK, "struct.unpack": hooks.UNPACK}

_LONGEST_TEMPLATE = 200
"""Longer ones are kept out of the names of the builtins."""

_SEQUENCES = (ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp, ast.Constant)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Handler = Callable[[Any], Any]


_NO_CHILDREN = frozenset("ctx op ops id attr arg type_comment kind names module level".split())  # noqa: SIM905  a table to read


_known_fields: dict[type[ast.AST], tuple[str, ...]] = {}


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """The fields of a kind of node that can hold expressions or statements, in the order of the source."""
    fields = _known_fields.get(kind)
    if fields is None:
        fields = _known_fields[kind] = tuple(field for field in kind._fields if field not in _NO_CHILDREN)
    return fields


class Rewriter:
    """Walks one tree. ``problems`` are found in it; the tree is changed in place."""

    def __init__(
        self, lines: Callable[[int], str], *, single_floats: bool, site: Callable[[str], None] | None = None
    ) -> None:
        self.problems: list[Problem] = []
        self._site = site
        self._imported: dict[str, str] = {}
        self._line = lines
        self._single = single_floats
        self._constants: dict[str, int] = {}
        self._blocks: list[str] = ["<module>"]
        self._in_coroutine: list[bool] = [False]
        self._calls: list[set[str]] = []
        self._graph = CallGraph()
        self._guarded: list[tuple[str, list[ast.stmt]]] = []
        self._unique = 0
        self._table: dict[type[ast.AST], Handler | None] = {}

    def tree(self, node: ast.Module | ast.Expression | ast.Interactive) -> None:
        """Walk a whole file."""
        self._children(node)
        recursive = self._graph.recursive() if self._guarded else ()
        for function, body in self._guarded:
            if function in recursive:
                _watch_depth(body)

    # -- walking -------------------------------------------------------------------------------------------------

    def _visit(self, node: ast.AST) -> Any:
        kind = type(node)
        try:
            handler = self._table[kind]
        except KeyError:
            handler = self._table[kind] = getattr(self, f"_{kind.__name__}", None) or self._refusal(kind)
        return self._children(node) if handler is None else handler(node)

    def _children(self, node: Any) -> Any:
        for field in _fields(type(node)):
            value = getattr(node, field, None)
            if isinstance(value, list):
                if value:
                    self._list(value)
            elif isinstance(value, ast.AST):
                setattr(node, field, self._visit(value))
        return node

    def _list(self, items: list[Any]) -> None:
        changed = False
        for index, item in enumerate(items):
            if isinstance(item, ast.AST):
                new = self._visit(item)
                if new is not item:
                    items[index] = new
                    changed = changed or isinstance(new, list)
        if changed:
            items[:] = [n for item in items for n in (item if isinstance(item, list) else (item,))]

    # -- refusing ------------------------------------------------------------------------------------------------

    def refuse(self, node: Any, construct: Construct) -> None:
        """The board takes no ``construct``."""
        self.problems.append(
            Problem(
                *(construct.stage, getattr(node, "lineno", 1), getattr(node, "col_offset", 0)),
                message=construct.message,
                construct=construct.name,
                instead=construct.advice,
                block=self._blocks[-1] if construct.stage else "",
            )
        )

    def _refusal(self, kind: type[ast.AST]) -> Handler | None:
        construct = grammar.NODES.get(kind.__name__)
        if construct is None:
            return None

        def refuse(node: Any) -> Any:
            self.refuse(node, construct)
            return node

        return refuse

    # -- definitions ---------------------------------------------------------------------------------------------

    def _arguments(self, node: ast.arguments) -> ast.arguments:
        if node.posonlyargs:
            self.refuse(node.posonlyargs[0], grammar.POSITIONAL_ONLY)
        for argument in (*node.args, *node.kwonlyargs, node.vararg, node.kwarg):
            if argument is not None:
                argument.annotation = None  # never evaluated on the board
        self._list(node.defaults)
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
        self._calls.append(self._graph.function(node.name))
        self._blocks.append(node.name)
        self._in_coroutine.append(coroutine)
        self._list(node.body)
        self._in_coroutine.pop()
        self._blocks.pop()
        self._calls.pop()
        if isinstance(node, ast.AsyncFunctionDef):
            return coroutines.function(node)
        self._guarded.append((node.name, node.body))
        return node

    _AsyncFunctionDef = _FunctionDef

    def _Lambda(self, node: ast.Lambda) -> ast.Lambda:
        self._arguments(node.args)
        self._blocks.append("<lambda>")
        node.body = self._visit(node.body)
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
        self._blocks.append(node.name)
        self._list(node.body)
        self._blocks.pop()
        return node

    # -- statements ------------------------------------------------------------------------------------------------

    def _Assign(self, node: ast.Assign) -> ast.stmt:
        value = constant_of(node)
        target = node.targets[0]
        if value is None:
            self._children(node)
            if isinstance(target, (ast.Tuple, ast.List)) and _may_be_table(node.value):
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
            self.refuse(target, grammar.CONSTANT_AGAIN)
            return node
        self._constants[target.id] = number
        if target.id.startswith("_"):
            return ast.copy_location(ast.Pass(), node)
        node.value = ast.copy_location(ast.Constant(value=number), node.value)
        return node

    def _Delete(self, node: ast.Delete) -> ast.stmt | list[ast.stmt]:
        for target in node.targets:
            if isinstance(target, ast.List) or (isinstance(target, ast.Tuple) and not target.elts):
                self.refuse(target, grammar.NOT_DELETED)
        self._children(node)
        if not any(map(_deletes_item, node.targets)):
            return node
        statements: list[ast.stmt] = []
        for target in node.targets:
            statement: ast.stmt
            if _deletes_item(target):
                assert isinstance(target, ast.Subscript)
                statement = ast.Expr(called(hooks.DELETE_ITEM, target.value, target.slice, at=target))
            else:
                statement = ast.Delete(targets=[target])
            statements.append(ast.copy_location(statement, node))
        return statements

    def _Raise(self, node: ast.Raise) -> ast.Raise:
        node.cause = None  # dropped without a word
        return self._children(node)  # type: ignore[no-any-return]

    def _Import(self, node: ast.Import) -> ast.Import:
        for alias in node.names:
            if alias.name in _MODULES:
                self._imported[alias.asname or alias.name] = _MODULES[alias.name]
        return node

    def _ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        if node.module in _MODULES and not node.level:
            for alias in node.names:
                self._imported[alias.asname or alias.name] = f"{_MODULES[node.module]}.{alias.name}"
        if len(self._blocks) > 1 and node.names[0].name == "*" and self._calls:
            # inside a function the names become globals
            text = f"from {'.' * node.level}{node.module or ''} import *"
            run = ast.Call(func=name("exec"), args=[ast.Constant(value=text), _globals()], keywords=[])
            return placed([ast.Expr(run)], node)[0]
        return node

    def _ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        self._children(node)
        node.body.insert(0, _guard(node.body[0]))
        return node

    def _Try(self, node: ast.Try) -> ast.Try:
        self._children(node)
        if node.finalbody and _leaves(node.finalbody):
            # `finally: continue` swallows whatever is on its way, as a bare except does
            node.finalbody.insert(0, _guard(node.finalbody[0]))
        return node

    def _While(self, node: ast.While) -> ast.While:
        self._children(node)
        if _JUMPS_PAST_CHECK and isinstance(node.body[0], (ast.Try, ast.With, ast.AsyncWith)):
            # otherwise such a loop keeps the interpreter for itself for ever; a name, since `pass` is no instruction
            node.body[:0] = placed([ast.Expr(name(hooks.GUARD))], node.body[0])
        return node

    def _With(self, node: ast.With) -> list[ast.stmt]:
        self._children(node)
        return [node, _guard(node)]  # an __exit__ with a true result swallows, too

    def _AsyncWith(self, node: ast.AsyncWith) -> list[ast.stmt]:
        self._require_coroutine(node)
        self._children(node)
        self._unique += 1
        return [*coroutines.block(node, self._unique), _guard(node)]

    def _AsyncFor(self, node: ast.AsyncFor) -> list[ast.stmt]:
        self._require_coroutine(node)
        self._children(node)
        self._unique += 1
        return coroutines.loop(node, self._unique)

    def _For(self, node: ast.For) -> ast.For:
        if isinstance(node.iter, ast.Tuple) and self._bare_star(node.iter):
            self.refuse(node.iter, grammar.UNPACKING)
            return node
        self._children(node)
        node.iter = _ordered(node.iter)
        return node

    def _Return(self, node: ast.Return) -> ast.Return:
        if isinstance(node.value, ast.Tuple) and self._bare_star(node.value):
            self.refuse(node, grammar.UNPACKING)
            return node
        return self._children(node)  # type: ignore[no-any-return]

    # -- expressions -----------------------------------------------------------------------------------------------

    def _Name(self, node: ast.Name) -> ast.expr:
        identifier = node.id
        if identifier in self._constants:
            if isinstance(node.ctx, ast.Load):
                return ast.copy_location(ast.Constant(value=self._constants[identifier]), node)
            stored = isinstance(node.ctx, ast.Store)
            self.refuse(node, grammar.CONSTANT_AGAIN if stored else grammar.NOT_DELETED)
        elif identifier in MICROPYTHON_NAMES and isinstance(node.ctx, ast.Load):
            return called(hooks.NOWHERE, constant(identifier, node), at=node)
        return node

    def _Constant(self, node: ast.Constant) -> ast.expr:
        if self._single and type(node.value) is float:
            return called(hooks.FLOAT, ast.copy_location(ast.Constant(value=node.value), node), at=node)
        return node

    def _Attribute(self, node: ast.Attribute) -> ast.expr:
        node.value = self._visit(node.value)
        if node.attr in LOOKED_UP and isinstance(node.ctx, ast.Load):
            return called(hooks.GETATTR, node.value, constant(node.attr, node), at=node)
        return node

    def _Call(self, node: ast.Call) -> ast.expr:
        function = node.func
        self._check_arguments(node)
        if self._imported and self._site is not None:
            packing = _PACKING.get(self._native(function))
            if packing and node.args and not node.keywords and self._site_for(node.args[0], node.args[1:]):
                return self._packed(node, packing)
            if self._is_digest(node):
                self._children(node)
                return _digest(node)
        if isinstance(function, ast.Attribute):
            if self._calls:
                self._calls[-1].add(function.attr)
            if function.attr == "format" and self._site_for(function.value, node.args) and not node.keywords:
                node.func = self._site_of(hooks.FIELDS, function.value, len(node.args))
                self._arguments_of(node, 0)
                return node
            may_differ = CAREFUL_CALLS.get(function.attr)
            careful = function.attr in CAREFUL or (may_differ is not None and may_differ(node))
            if careful and self._site is not None and _is_quick(function.attr, node):
                identifier = f"{hooks.METHOD}{len(node.args)}:{function.attr}"
                self._site(identifier)
                node.func = ast.Name(identifier, LOAD, **place(function))
                node.args.insert(0, function.value)
                self._arguments_of(node, 0)
                return node
            if may_differ is not None and may_differ(node):
                value = self._visit(function.value)
                node.func = called(hooks.GETATTR, value, constant(function.attr, function), at=function)
            else:
                node.func = self._visit(function)
        elif isinstance(function, ast.Name):
            if self._calls:
                self._calls[-1].add(function.id)
            node.func = self._visit(function)
            if function.id in TYPES:
                node.func = _made_by(function.id, node.func)
        else:
            node.func = self._visit(function)
        self._arguments_of(node, 0)
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
        node.func = _chosen(test, own, node.func)
        return node

    def _is_digest(self, node: ast.Call) -> bool:
        """``hashlib.sha256(data).digest()`` with data that runs nothing."""
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "digest" and not node.args):
            return False
        inner = node.func.value
        if node.keywords or not isinstance(inner, ast.Call) or inner.keywords or len(inner.args) != 1:
            return False
        return self._native(inner.func).startswith("hashlib.") and isinstance(inner.args[0], (ast.Name, ast.Constant))

    def _site_for(self, template: ast.expr, values: list[ast.expr]) -> bool:
        """Whether a template is a text for which these values can be filled in by a function of its own."""
        if self._site is None or not (isinstance(template, ast.Constant) and type(template.value) is str):
            return False
        text = template.value
        fit = len(text) <= _LONGEST_TEMPLATE and text.isascii() and "\0" not in text
        return fit and not any(isinstance(value, ast.Starred) for value in values)

    def _site_of(self, kind: str, template: ast.expr, count: int) -> ast.expr:
        """The name of that function, which is told of."""
        assert isinstance(template, ast.Constant)
        assert isinstance(template.value, str)
        assert self._site is not None
        identifier = f"{kind}{count}:{template.value}"
        self._site(identifier)
        return ast.Name(identifier, LOAD, **place(template))

    def _arguments_of(self, node: ast.Call, first: int) -> None:
        for index in range(first, len(node.args)):
            argument = node.args[index]
            if isinstance(argument, ast.Starred):
                argument.value = _ordered(self._visit(argument.value))
            else:
                node.args[index] = self._visit(argument)
        for keyword in node.keywords:
            keyword.value = self._visit(keyword.value)

    def _check_arguments(self, node: ast.Call) -> None:
        stars = [index for index, argument in enumerate(node.args) if isinstance(argument, ast.Starred)]
        if stars:
            if len(stars) > 1:
                self.refuse(node, grammar.TWO_STARS)
            elif stars[0] != len(node.args) - 1:
                self.refuse(node, grammar.AFTER_STAR)
        if len(node.keywords) > 1:
            if sum(keyword.arg is None for keyword in node.keywords) > 1:
                self.refuse(node, grammar.TWO_DOUBLE_STARS)
            last = {keyword.arg: keyword for keyword in node.keywords}
            if len(last) < len(node.keywords):
                node.keywords = [k for k in node.keywords if k.arg is None or last[k.arg] is k]  # the last one wins

    def _BinOp(self, node: ast.BinOp) -> ast.expr:
        self._children(node)
        kind = type(node.op)
        if kind is ast.Mod:
            right = node.right
            values = right.elts if isinstance(right, ast.Tuple) else [right]
            if self._site_for(node.left, values):
                count = len(values) if isinstance(right, ast.Tuple) else -1
                filled = ast.Call(func=self._site_of(hooks.TEMPLATE, node.left, count), args=values, keywords=[])
                return ast.copy_location(filled, node)
            if _text(node.left) or isinstance(node.right, (ast.Tuple, ast.Dict)) or _is_made_dict(node.right):
                return called(hooks.MODULO, node.left, node.right, at=node)
        elif kind is ast.Mult:
            if _repeatable(node.left) or _repeatable(node.right):
                return called(hooks.REPEAT, node.left, node.right, at=node)
        elif kind is ast.Add:
            if _bytes(node.left) or _bytes(node.right):
                return called(hooks.ADD, node.left, node.right, at=node)
        elif kind is ast.Pow:
            return called(hooks.POWER, node.left, node.right, at=node)
        elif kind is ast.MatMult:
            self.refuse(node, grammar.MATRIX)
        return node

    def _AugAssign(self, node: ast.AugAssign) -> ast.AugAssign:
        if isinstance(node.op, ast.MatMult):
            self.refuse(node, grammar.MATRIX)
        return self._children(node)  # type: ignore[no-any-return]

    def _Compare(self, node: ast.Compare) -> ast.expr:
        self._children(node)
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)) and _text(node.left):
            found = called(hooks.CONTAINS, node.left, node.comparators[0], at=node)
            if isinstance(node.ops[0], ast.In):
                return found
            return ast.copy_location(ast.UnaryOp(op=ast.Not(), operand=found), node)
        return node

    def _Subscript(self, node: ast.Subscript) -> ast.Subscript:
        index = node.slice
        if isinstance(index, ast.Starred) or (isinstance(index, ast.Tuple) and self._bare_star(index)):
            self.refuse(index, grammar.UNPACKING)
            return node
        self._children(node)
        if isinstance(index, ast.Slice) and _has_step(index):
            store = constant(not isinstance(node.ctx, ast.Load), node)
            node.value = called(hooks.STEPPED, node.value, store, at=node.value)
        return node

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
        self._children(node)
        if len(node.keys) < 3:  # the table comes out the same
            return node
        return called(hooks.DICT, node, ast.copy_location(ast.Constant(value=len(node.keys)), node), at=node)

    def _comprehension(self, node: ast.comprehension) -> ast.comprehension:
        if node.is_async:
            self.refuse(node.target, grammar.ASYNC_COMPREHENSION)
        self._children(node)
        node.iter = _ordered(node.iter)
        return node

    def _ListComp(self, node: Any) -> Any:
        self._blocks.append(
            {"ListComp": "<listcomp>", "GeneratorExp": "<genexpr>"}.get(type(node).__name__, "<dictcomp>")
        )
        self._in_coroutine.append(False)
        self._children(node)
        self._in_coroutine.pop()
        self._blocks.pop()
        return node

    _DictComp = _GeneratorExp = _ListComp

    def _SetComp(self, node: ast.SetComp) -> ast.expr:
        self._ListComp(node)
        node.elt = called(hooks.MEMBER, node.elt, at=node.elt)
        return called(hooks.SETCOMP, node, at=node)

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

    def _bare_star(self, node: ast.Tuple) -> bool:
        """Whether ``node`` has a ``*`` and stands without brackets of its own."""
        if not any(isinstance(item, ast.Starred) for item in node.elts):
            return False
        return self._line(node.lineno).encode()[node.col_offset : node.col_offset + 1] != b"("


def _is_quick(method: str, call: ast.Call) -> bool:
    """Whether it makes no difference that the method is looked up after its arguments, and there is something to be won by it."""
    if call.keywords or (method, len(call.args)) not in WHEN:
        return False
    return not any(isinstance(argument, ast.Starred) or _calls(argument) for argument in call.args)


def _chosen(test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.IfExp:
    return ast.fix_missing_locations(ast.copy_location(ast.IfExp(test=test, body=then, orelse=otherwise), otherwise))


def _made_by(identifier: str, kind: ast.expr) -> ast.IfExp:
    """What makes the objects of a native type, if the name does stand for it."""
    where = place(kind)
    native = ast.Name(hooks.NATIVE_TYPE + identifier, LOAD, **where)
    maker = ast.Name(hooks.MAKER_OF + identifier, LOAD, **where)
    whatever = ast.Call(ast.Name(hooks.MAKER, LOAD, **where), [kind], [], **where)
    return ast.IfExp(ast.Compare(kind, [_IS], [native], **where), maker, whatever, **where)


_IS = ast.Is()


def _digest(node: ast.Call) -> ast.Call:
    """One-shot hashes need no object of the board's, if nothing else holds its engine."""
    inner = node.func.value  # type: ignore[attr-defined]
    data = inner.args[0]
    tests: list[ast.expr] = [name(hooks.IDLE)]
    if isinstance(data, ast.Name):
        kind = ast.Call(func=name(hooks.TYPE), args=[data], keywords=[])
        tests.append(ast.Compare(left=kind, ops=[ast.Is()], comparators=[name(hooks.BYTES)]))
    elif not (isinstance(data, ast.Constant) and type(data.value) is bytes):
        return node
    of_host = ast.Subscript(value=name(hooks.HASHES), slice=inner.func, ctx=ast.Load())
    test = ast.BoolOp(op=ast.And(), values=tests) if len(tests) > 1 else tests[0]
    inner.func = _chosen(test, of_host, inner.func)
    return node


def _without_ignored(statement: ast.stmt) -> ast.stmt:
    """A statement of a class body in which the methods that the board never calls have names that nobody calls."""
    if isinstance(statement, _FUNCTIONS):
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


def _deletes_item(target: ast.expr) -> bool:
    return isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice)


def _may_be_table(node: ast.expr) -> bool:
    """Whether what is unpacked may be a dict or a set: a call hardly ever gives one."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in (hooks.DICT, hooks.SET, hooks.SETCOMP)
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Dict, ast.DictComp))


def _ordered(node: ast.expr) -> ast.expr:
    """What a loop goes over, in the board's order where that can differ."""
    if isinstance(node, _SEQUENCES):
        return node
    if isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Name):
            if function.id in _ORDERED_CALLS:
                return node
        elif isinstance(function, ast.IfExp) and _called_name(node) in _ORDERED_CALLS:
            return node
    return called(hooks.ITER, node, at=node)


def _text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))


_MAKERS = ["pack", "encode", "to_bytes", "hexlify", "unhexlify", "b2a_base64", "a2b_base64", "digest"]
_GIVE_BYTES = frozenset([*_MAKERS, hooks.ADD])
"""Functions and methods that give bytes, to which the board can add a str: ``struct.pack("!H", len(s)) + s``."""


def _bytes(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return _called_name(node) in _GIVE_BYTES
    return isinstance(node, ast.Constant) and isinstance(node.value, bytes)


def _called_name(node: ast.Call) -> object:
    function = node.func
    if isinstance(function, ast.Call) and isinstance(function.func, ast.Name) and function.func.id == hooks.GETATTR:
        return getattr(function.args[1], "value", None)
    if isinstance(function, ast.IfExp):  # of _chosen
        function = function.orelse
        if isinstance(function, ast.Call):  # of _made_by
            function = function.args[0]
    if isinstance(function, ast.Name) and function.id.startswith(hooks.METHOD):
        return function.id.partition(":")[2]
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)


def _repeatable(node: ast.expr) -> bool:
    return isinstance(node, (ast.List, ast.Tuple)) or _text(node)


def _is_made_dict(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == hooks.DICT


def _has_step(node: ast.Slice) -> bool:
    step = node.step
    return step is not None and not (isinstance(step, ast.Constant) and step.value in (None, 1))


def _globals() -> ast.Call:
    return ast.Call(func=name("globals"), args=[], keywords=[])


def _guard(before: ast.stmt) -> ast.stmt:
    return placed([ast.Expr(ast.Call(func=name(hooks.GUARD), args=[], keywords=[]))], before)[0]


def _leaves(body: list[ast.stmt]) -> bool:
    return any(isinstance(n, (ast.Return, ast.Break, ast.Continue)) for s in body for n in ast.walk(s))


def _watch_depth(body: list[ast.stmt]) -> None:
    """Put into the body what notices a deep recursion (``emulator/runtime/recursion.py``).

    It stands before the first statement that can call a function; the end of a recursion often comes before. So that one call at
    the end is not counted, which is less than the size of a call on the board is known to.
    """
    first = 1 if len(body) > 1 and isinstance(body[0], ast.Expr) and _text(body[0].value) else 0
    at = first
    while at < len(body) and isinstance(body[at], _SIMPLE) and not _calls(body[at]):
        at += 1
        if isinstance(body[at - 1], ast.If):
            first = at
    if at < len(body) and isinstance(body[at], ast.Return) and _divided(body, at):
        first = at + 1
    references = ast.Call(func=name(hooks.REFERENCES), args=[name(hooks.MARK_HELD)], keywords=[])
    deep = ast.Compare(left=references, ops=[ast.Gt()], comparators=[name(hooks.DEPTH_LIMIT)])
    look = ast.BoolOp(op=ast.And(), values=[deep, ast.Call(func=name(hooks.DEEP), args=[], keywords=[])])
    before = body[min(first, len(body) - 1)]
    body[first:first] = placed([assigned(hooks.MARK_HELD, name(hooks.MARK)), ast.Expr(look)], before)


_SIMPLE = (ast.If, ast.Assign, ast.AugAssign, ast.Expr, ast.Pass, ast.Assert)


def _calls(node: ast.AST) -> bool:
    """Whether ``node`` has calls of anything but hooks."""
    for inner in ast.walk(node):
        if isinstance(inner, (ast.Await, ast.Yield, ast.YieldFrom)):
            return True
        if isinstance(inner, ast.Call) and not (isinstance(inner.func, ast.Name) and inner.func.id.startswith(".")):
            return True
    return False


def _divided(body: list[ast.stmt], at: int) -> bool:
    """Make two statements of ``return A if B else C``, if one of A and C and B call nothing: the one that calls is the second."""
    statement = body[at]
    value = statement.value  # type: ignore[attr-defined]
    if not isinstance(value, ast.IfExp) or _calls(value.test):
        return False
    test, end, rest = value.test, value.body, value.orelse
    if _calls(end):
        end, rest = rest, end
        test = ast.copy_location(ast.UnaryOp(op=ast.Not(), operand=test), test)
    if _calls(end):
        return False
    leave = ast.copy_location(ast.If(test=test, body=[_returned(end)], orelse=[]), statement)
    body[at : at + 1] = [leave, ast.copy_location(ast.Return(value=rest), statement)]
    return True


def _returned(value: ast.expr) -> ast.Return:
    return ast.copy_location(ast.Return(value=value), value)
