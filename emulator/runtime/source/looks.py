"""What can be told of a node by the look of it. Nothing here changes one."""

from __future__ import annotations

import ast

from emulator.runtime import hooks
from emulator.runtime.calls import TYPES
from emulator.runtime.methods.quick import WHEN
from emulator.runtime.source.constants import fold

_WITHOUT_NODES = frozenset(
    (
        *("ctx", "op", "ops", "id", "attr", "arg", "type_comment", "kind", "n", "s", "names", "module", "level"),
        *("returns", "annotation", "name", "asname", "simple", "is_async", "conversion"),
    )
)


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """Kind of node -> the fields that hold nodes of interest, in the order of the source; annotations are of none."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        found = self[kind] = () if kind is ast.Constant else tuple(f for f in kind._fields if f not in _WITHOUT_NODES)
        return found


FIELDS = _Fields()


def is_quick(method: str, call: ast.Call) -> bool:
    """Whether it makes no difference that the method is looked up after its arguments, and there is something to be won by it."""
    if call.keywords or (method, len(call.args)) not in WHEN:
        return False
    return not any(isinstance(argument, ast.Starred) or calls_something(argument) for argument in call.args)


def is_super(node: ast.expr) -> bool:
    """Whether ``node`` is a call of ``super``."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def is_private(attribute: str) -> bool:
    """Whether the host changes the name in a class."""
    return attribute.startswith("__") and not attribute.endswith("__")


def deletes_item(target: ast.expr) -> bool:
    """Whether ``del`` of it deletes an item."""
    return isinstance(target, ast.Subscript) and not (isinstance(target.slice, ast.Slice) and has_step(target.slice))


_RUNNING = (ast.Call, ast.Yield, ast.YieldFrom, ast.Await)


def runs_something(node: ast.expr) -> bool:
    """Whether evaluating ``node`` may do something that can be seen, so that its time matters."""
    return not isinstance(node, (ast.Constant, ast.Name)) and any(isinstance(one, _RUNNING) for one in ast.walk(node))


def star_is_late(node: ast.Call) -> bool:
    """Whether the ``*`` argument of a call with keyword arguments is evaluated at another time than on the host."""
    stars = [argument for argument in node.args if isinstance(argument, ast.Starred)]
    late = [keyword.value for keyword in node.keywords if keyword.arg is None] + [star.value for star in stars]
    return any(map(runs_something, late)) and any(
        runs_something(keyword.value) for keyword in node.keywords if keyword.arg is not None
    )


def may_be_table(node: ast.expr) -> bool:
    """Whether what is unpacked may be a dict or a set: a call hardly ever gives one."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in (hooks.DICT, hooks.SET, hooks.SETCOMP)
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Dict, ast.DictComp))


def counts_up(node: ast.expr) -> bool:
    """Whether ``node`` is a call of ``range`` that the compiler makes a loop with a counter of (firmware: py/compile.c)."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "range":
        return False
    arguments = node.args
    if node.keywords or not 1 <= len(arguments) <= 3 or any(isinstance(one, ast.Starred) for one in arguments):
        return False
    return len(arguments) < 3 or fold(arguments[2], {}) not in (None, 0)


def is_text(node: ast.expr) -> bool:
    """Whether ``node`` is a literal of text or bytes."""
    return isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))


MAKERS = ("pack", "encode", "to_bytes", "hexlify", "unhexlify", "b2a_base64", "a2b_base64", "digest")
"""Functions and methods that give bytes, to which the board can add a str: ``struct.pack("!H", len(s)) + s``."""

_GIVE_BYTES = frozenset([*MAKERS, hooks.ADD])


def gives_bytes(node: ast.expr) -> bool:
    """Whether ``node`` gives bytes, as far as can be seen."""
    if isinstance(node, ast.Call):
        return called_name(node) in _GIVE_BYTES
    return isinstance(node, ast.Constant) and isinstance(node.value, bytes)


def called_name(node: ast.Call) -> object:
    """The name of what is called, None for what has none."""
    function = node.func
    if isinstance(function, ast.Call) and isinstance(function.func, ast.Name) and function.func.id == hooks.GETATTR:
        return getattr(function.args[1], "value", None)
    if isinstance(function, ast.IfExp):  # of chosen
        function = function.orelse
        if isinstance(function, ast.Call):  # of made_by
            function = function.args[0]
    if isinstance(function, ast.Name) and function.id.startswith(hooks.METHOD):
        return function.id.partition(":")[2]
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)


def is_repeatable(node: ast.expr) -> bool:
    """Whether ``node`` may be a sequence for ``*`` to repeat."""
    return isinstance(node, (ast.List, ast.Tuple)) or is_text(node)


def is_dict_display(node: ast.expr) -> bool:
    """Whether ``node`` makes a dict where it stands."""
    return isinstance(node, (ast.Dict, ast.DictComp)) or (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in (hooks.DICT, hooks.DICT_DISPLAY)
    )


_CHANGING = frozenset("add clear discard pop popitem remove setdefault update".split())  # noqa: SIM905  a table to read


def changed_in(loop: ast.For) -> bool:
    """Whether the body of a loop changes, as can be seen there, the dict or set that it goes over."""
    over = loop.iter
    if is_view(over) and isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute):
        over = over.func.value
    if not isinstance(over, (ast.Name, ast.Attribute)):
        return False
    from emulator.runtime.source.nodes import nodes

    kind, wanted = type(over), ""
    for node in nodes(*loop.body):
        if isinstance(node, ast.Subscript):
            if isinstance(node.ctx, ast.Load):
                continue
            changed = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING:
            changed = node.func.value
        else:
            continue
        if type(changed) is kind:
            wanted = wanted or ast.dump(over)
            if ast.dump(changed) == wanted:
                return True
    return False


def is_view(node: ast.expr) -> bool:
    """Whether ``node`` is a view of a dict as far as can be seen; a range is like one."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        return True
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("keys", "items", "values")
        and not node.args
    )


def is_unique(node: ast.expr) -> bool:
    """Whether ``node`` is None, True, False or the type of something: these are what they are."""
    if isinstance(node, ast.Constant):
        return node.value is None or isinstance(node.value, bool)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "type"
    return isinstance(node, ast.Name) and node.id in TYPES


def is_bool(node: ast.expr) -> bool:
    """Whether ``node`` gives True or False."""
    if isinstance(node, ast.BoolOp):
        return all(map(is_bool, node.values))
    return (
        isinstance(node, ast.Compare)
        or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
        or (isinstance(node, ast.Constant) and isinstance(node.value, bool))
    )


def is_made_here(node: ast.expr) -> bool:
    """Whether ``node`` makes an object of its own, on the board."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (bytes, float, complex)) or (isinstance(node.value, str) and len(node.value) > 10)
    return isinstance(node, ast.Tuple) and bool(node.elts)


def is_simple(node: ast.expr) -> bool:
    """Whether ``node`` may be evaluated twice."""
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name)
    if isinstance(node, ast.BinOp):
        return is_simple(node.left) and is_simple(node.right)
    return isinstance(node, (ast.Name, ast.Constant))


def has_step(node: ast.Slice) -> bool:
    """Whether a slice has a step that counts."""
    step = node.step
    return step is not None and not (isinstance(step, ast.Constant) and step.value in (None, 1))


def leaves(body: list[ast.stmt]) -> bool:
    """Whether a jump leads out of these statements."""
    return any(isinstance(n, (ast.Return, ast.Break, ast.Continue)) for s in body for n in ast.walk(s))


def calls_something(node: ast.AST) -> bool:
    """Whether ``node`` has calls of anything but hooks."""
    for inner in ast.walk(node):
        if isinstance(inner, (ast.Await, ast.Yield, ast.YieldFrom)):
            return True
        if isinstance(inner, ast.Call) and not (isinstance(inner.func, ast.Name) and inner.func.id.startswith(".")):
            return True
    return False
