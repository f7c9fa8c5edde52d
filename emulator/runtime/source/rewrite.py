"""One walk over the syntax tree: what 1.11 refuses is noted, what means something else there is rewritten.

Nothing is rewritten that cannot differ: plain arithmetic, calls, attributes and subscripts are compiled as they stand.
"""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.runtime import hooks
from emulator.runtime.calls import TYPES
from emulator.runtime.hidden import HIDDEN_ATTRIBUTES
from emulator.runtime.methods import CAREFUL, CAREFUL_CALLS
from emulator.runtime.source import coroutines, grammar
from emulator.runtime.source.build import (
    BYTEARRAY,
    BYTES,
    DICT,
    EXCEPTION,
    FUNCTION,
    LOAD,
    SEQUENCE,
    TEXT,
    assigned,
    called,
    constant,
    name,
    place,
    placed,
)
from emulator.runtime.source.callgraph import CallGraph
from emulator.runtime.source.constants import constant_of, fold, of_a_module
from emulator.runtime.source.depth import watch_depth
from emulator.runtime.source.errors import Problem
from emulator.runtime.source.grammar import Construct
from emulator.runtime.source.interrupts import guard_loops
from emulator.runtime.source.looks import (
    FIELDS,
    called_name,
    changed_in,
    counts_up,
    deletes_item,
    gives_bytes,
    has_step,
    is_bool,
    is_dict_display,
    is_made_here,
    is_private,
    is_quick,
    is_repeatable,
    is_simple,
    is_super,
    is_text,
    is_unique,
    is_view,
    leaves,
    may_be_table,
    runs_something,
    star_is_late,
)
from emulator.runtime.source.making import (
    chosen,
    digest_call,
    globals_call,
    guard_before,
    in_place,
    made_by,
    put_in_order,
    read_again,
    slice_call,
    starred_call,
)
from emulator.runtime.source.targets import Targets

if TYPE_CHECKING:
    from emulator.runtime.source.kinds import Evidence

MICROPYTHON_NAMES = frozenset({"__builtins__", "__doc__", "__spec__", "__loader__", "__package__"})
"""Names every CPython module has and a MicroPython one lacks (``__package__`` and the others: py/objmodule.c)."""

LOOKED_UP = CAREFUL | HIDDEN_ATTRIBUTES

IGNORED_METHODS = frozenset(
    "__del__ __delattr__ __setattr__ __getattribute__ __index__ __float__ __complex__ __format__ __missing__ __init_subclass__ "  # noqa: SIM905  a table to read
    "__subclasshook__ __class_getitem__ __set_name__ __prepare__ __get__ __set__ __delete__ "
    "__radd__ __rsub__ __rmul__ __rmatmul__ __rtruediv__ __rfloordiv__ __rmod__ __rpow__ __rlshift__ __rrshift__ __rand__ "
    "__rxor__ __ror__ __rdivmod__ __matmul__ __bytes__ __round__ __trunc__ __floor__ __ceil__ __dir__ __sizeof__ "
    "__length_hint__ __instancecheck__ __subclasscheck__ __mro_entries__ "
    "__imul__ __imatmul__ __itruediv__ __ifloordiv__ __imod__ __ipow__ __ilshift__ __irshift__ __iand__ __ixor__ __ior__".split()
)
"""Methods that the board never calls for a class of the script's (firmware: py/objtype.c, esp32/mpconfigport.h)."""

_JUMPS_PAST_CHECK = sys.version_info < (3, 11)
"""CPython 3.10 does not look for signals and injections at a jump that lands on ``try`` or ``with``."""

_ORDERED_CALLS = frozenset(
    {"range", "zip", "enumerate", "map", "filter", "sorted", "reversed", "list", "tuple", "iter"}
)
"""Builtins whose result keeps its order."""

_MODULES = {"struct": "struct", "ustruct": "struct", "hashlib": "hashlib", "uhashlib": "hashlib"}
"""Modules for whose functions there are sites, by what a script imports."""

_PACKING = {"struct.pack": hooks.PACK, "struct.unpack": hooks.UNPACK}

_LONGEST_TEMPLATE = 200
"""Longer ones are kept out of the names of the builtins."""

_SEQUENCES = (ast.List, ast.Tuple, ast.ListComp, ast.GeneratorExp, ast.Constant)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

_OPERATIONS = frozenset([ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.AugAssign])
_NAME, _CONSTANT, _READ = ast.Name, ast.Constant, ast.Load

Handler = Callable[["Rewriter", Any], Any]


class Rewriter:
    """Walks one tree. ``problems`` are found in it; the tree is changed in place."""

    def __init__(
        self,
        text: str,
        *,
        single_floats: bool,
        site: Callable[[str], None] | None = None,
        evidence: Evidence | None = None,
        special_methods: bool = True,
        helpers: bool = True,
    ) -> None:
        """``helpers``: functions may have locals of ours, which a debugger would show."""
        self.problems: list[Problem] = []
        self._site = site
        self._imported: dict[str, str] = {}
        self._text = text
        self._lines: list[str] = []
        self._single = _single_precision() if single_floats else None
        self._evidence = evidence
        self._constants: dict[str, int] = {}
        self._blocks: list[str] = ["<module>"]
        self._scopes: list[ast.stmt] = []
        """The definitions of functions and classes around."""
        self._in_coroutine: list[bool] = [False]
        self._graph = CallGraph(special=special_methods)
        self._stores = Targets(text)
        self._special = special_methods
        self._odd_names = set(MICROPYTHON_NAMES)
        """Names that are not left as they stand."""
        self._unique = 0
        self._helpers = helpers
        self._own: set[str] = set()
        """Names of ordered calls that the file itself gives to something."""
        self._ordered_calls: list[tuple[str, ast.Call]] = []

    def tree(self, node: ast.Module | ast.Expression | ast.Interactive) -> None:
        """Walk a whole file."""
        self._children(node)
        first = node.body[0] if isinstance(node, ast.Module) and node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and type(first.value.value) is str:
            # the host would make a global of it
            node.body[0] = ast.copy_location(ast.Pass(), first)  # type: ignore[index]
        for function in self._graph.recursive():
            watch_depth(function, helpers=self._helpers)
        for identifier, call in self._ordered_calls if self._own else ():
            if identifier in self._own:
                put_in_order(call)

    def _line(self, number: int) -> str:
        if not self._lines:
            self._lines = self._text.split("\n")
        return self._lines[number - 1]

    # -- walking -------------------------------------------------------------------------------------------------

    def _visit(self, node: Any) -> Any:
        kind = type(node)
        if self._special:
            kinds = self._graph.kinds
            kinds.add(kind)
            if kind is ast.Compare:
                kinds.update(map(type, node.ops))
            elif kind in _OPERATIONS:
                kinds.add(type(node.op))
        return (_HANDLERS.get(kind) or _handler(kind))(self, node)

    def _children(self, node: Any) -> Any:
        for field in FIELDS[type(node)]:
            value: Any = getattr(node, field, None)
            kind = type(value)
            if kind is list:
                if value:
                    self._list(value)
            elif kind is _NAME and value.id not in self._odd_names:
                if type(value.ctx) is _READ:
                    self._graph.reads.add(value.id)
                elif value.id in _ORDERED_CALLS:
                    self._own.add(value.id)
            elif (
                value is not None and (kind is not _CONSTANT or self._single is not None) and isinstance(value, ast.AST)
            ):
                new = self._visit(value)
                if new is not value:
                    setattr(node, field, new)
        return node

    def _list(self, items: list[Any]) -> None:
        changed = False
        for index, item in enumerate(items):
            kind = type(item)
            if kind is _NAME and item.id not in self._odd_names:
                if type(item.ctx) is _READ:
                    self._graph.reads.add(item.id)
                elif item.id in _ORDERED_CALLS:
                    self._own.add(item.id)
            elif item is not None and (kind is not _CONSTANT or self._single is not None):
                new = self._visit(item)
                if new is not item:
                    items[index] = new
                    changed = changed or type(new) is list
        if changed:
            items[:] = [n for item in items for n in (item if type(item) is list else (item,))]

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

    # -- definitions ---------------------------------------------------------------------------------------------

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

    # -- statements ------------------------------------------------------------------------------------------------

    def _Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        value = constant_of(node) if type(node.value) is ast.Call else None
        target = node.targets[0]
        if value is None:
            kind = type(target)
            if kind is _NAME and isinstance(node.value, (ast.Lambda, ast.Call)):
                self._stores.bound(target, node.value)
                if isinstance(node.value, ast.Lambda) and isinstance(target, ast.Name):
                    self._graph.bound(target.id, node.value)
            elif kind is not _NAME and len(node.targets) == 1:
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
        in_function = self._helpers and bool(self._scopes) and isinstance(self._scopes[-1], _FUNCTIONS)
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

    def _in_function(self) -> bool:
        return any(isinstance(scope, _FUNCTIONS) for scope in self._scopes)

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

    # -- expressions -----------------------------------------------------------------------------------------------

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

    def _check_super(self, node: ast.Call) -> None:
        """``super()`` looks for the first parameter of the function that it is in."""
        inner = self._scopes[-1] if self._scopes else None
        if isinstance(inner, _FUNCTIONS) and inner.name == self._blocks[-1]:
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

    def _binds(self, identifier: str) -> None:
        if identifier in _ORDERED_CALLS:
            self._own.add(identifier)

    def _ordered(self, node: ast.expr) -> ast.expr:
        """What a loop goes over, in the board's order where that can differ."""
        if isinstance(node, _SEQUENCES):
            return node
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, (ast.Name, ast.IfExp)):
                identifier = function.id if isinstance(function, ast.Name) else called_name(node)
                if identifier in _ORDERED_CALLS:
                    self._ordered_calls.append((str(identifier), node))
                    return node
        return called(hooks.ITER, node, at=node)

    def _may_be(self, node: ast.expr, *kinds: str) -> bool:
        return self._evidence is not None and self._evidence.may_be(node, *kinds)

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


_HANDLERS: dict[type[ast.AST], Handler] = {}


def _handler(kind: type[ast.AST]) -> Handler:
    """What is done with a kind of node."""
    found: Handler | None = getattr(Rewriter, f"_{kind.__name__}", None)
    if found is None:
        construct = grammar.NODES.get(kind.__name__)
        found = Rewriter._children if construct is None else _refusing(construct)
    _HANDLERS[kind] = found
    return found


def _refusing(construct: Construct) -> Handler:
    def refuse(rewriter: Rewriter, node: Any) -> Any:
        rewriter.refuse(node, construct)
        return node

    return refuse


def _single_precision() -> Any:
    from emulator.runtime.single import constants

    return constants


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


_REPEATED = (BYTEARRAY, BYTES, TEXT, SEQUENCE)
_OF_VIEWS: dict[type[ast.operator], str] = {
    ast.BitAnd: "__and__",
    ast.BitOr: "__or__",
    ast.BitXor: "__xor__",
    ast.Sub: "__sub__",
}
