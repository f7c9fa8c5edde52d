"""Calls and methods of the native types: what 1.11 with the board's switches gives, and in which words it refuses."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.runtime import hooks
from emulator.runtime.calls import TYPES, parse_int
from emulator.runtime.methods import CAREFUL, CAREFUL_CALLS, TABLES
from tests.emulator.conftest import RunScript
from tests.emulator.harness import Bench


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    return Bench().interpreter.builtins


class _ByHooks(ast.NodeTransformer):
    """Every attribute, call by name and operator through its hook, whether it can differ or not."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        return ast.Call(ast.Name(hooks.GETATTR, ast.Load()), [node.value, ast.Constant(node.attr)], [])

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        maker = ast.Call(ast.Name(hooks.MAKER, ast.Load()), [node.func], [])
        return ast.Call(maker, node.args, node.keywords)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        hook = {ast.Add: hooks.ADD, ast.Mult: hooks.REPEAT, ast.Pow: hooks.POWER}.get(type(node.op))
        return ast.Call(ast.Name(hook, ast.Load()), [node.left, node.right], []) if hook else node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ops[0], ast.In):
            return ast.Call(ast.Name(hooks.CONTAINS, ast.Load()), [node.left, node.comparators[0]], [])
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.slice, ast.Slice) and node.slice.step:
            node.value = ast.Call(ast.Name(hooks.STEPPED, ast.Load()), [node.value, ast.Constant(False)], [])
        return node


def evaluate(expression: str, names: dict[str, Any]) -> Any:
    tree = ast.fix_missing_locations(_ByHooks().visit(ast.parse(expression, mode="eval")))
    return eval(compile(tree, "<expression>", "eval"), {"__builtins__": names})


def outcome(expression: str, names: dict[str, Any]) -> str:
    """What the board's ``repr`` shows of the value, or ``Class: text`` of the exception."""
    try:
        value = evaluate(expression, names)
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {names[hooks.MAKER_OF + 'str'](error)}"
    return str(names["repr"](value))


CONSTRUCTORS = [
    ("int('0x10')", "16"),
    ("int('017')", "17"),
    ("int('0x10', 10)", "ValueError: invalid syntax for integer with base 10"),
    ("int('0b11', 2)", "3"),
    ("int('zz', 36)", "1295"),
    ("int(' 1_000 ')", "1000"),
    ("int(b'12')", "12"),
    ("int('')", "ValueError: invalid syntax for integer with base 10"),
    ("int('0x')", "ValueError: invalid syntax for integer with base 10"),
    ("int('12', 1)", "ValueError: int() arg 2 must be >= 2 and <= 36"),
    ("int(x=1)", "TypeError: function doesn't take keyword arguments"),
    ("int(1, 2)", "TypeError: can't convert 'int' object to str implicitly"),
    ("int(1, 2, 3)", "TypeError: function expected at most 2 arguments, got 3"),
    ("int([])", "TypeError: can't convert list to int"),
    ("int(None)", "TypeError: can't convert NoneType to int"),
    ("int(float('inf'))", "OverflowError: can't convert inf to int"),
    ("int(float('nan'))", "ValueError: can't convert NaN to int"),
    ("float('x')", "ValueError: invalid syntax for number"),
    ("float(' 1e5 ')", "100000.0"),
    ("float(b'1.5')", "1.5"),
    ("float([])", "TypeError: can't convert list to float"),
    ("float(1 << 2000)", "inf"),
    ("complex('1+2j')", "ValueError: invalid syntax for number"),
    ("complex('1j')", "1j"),
    ("complex(1, '2')", "TypeError: can't convert str to float"),
    ("bytes('abc')", "TypeError: wrong number of arguments"),
    ("bytes('abc', 'x')", "b'abc'"),
    ("bytes(-1)", "ValueError: "),
    ("bytes([256])", "ValueError: bytes value out of range"),
    ("bytes(x=1)", "NotImplementedError: keyword argument(s) not yet implemented - use normal args instead"),
    ("bytes(1.5)", "TypeError: 'float' object isn't iterable"),
    ("bytearray('abc')", "bytearray(b'abc')"),
    ("bytearray([0x155, -1])", r"bytearray(b'U\xff')"),
    ("bytearray(1 << 29)", "MemoryError: memory allocation failed, allocating 536870912 bytes"),
    ("bytearray(-1)", "MemoryError: memory allocation failed, allocating 4294967295 bytes"),
    ("bytearray(1 << 40)", "OverflowError: overflow converting long int to machine word"),
    ("str(b'abc', 'anything')", "'abc'"),
    (r"str(b'\xff', 'utf-8')", "UnicodeError: "),
    ("str([1], 'x')", "TypeError: object with buffer protocol required"),
    ("str(x=1)", "NotImplementedError: keyword argument(s) not yet implemented - use normal args instead"),
    ("str(1.0)", "'1.0'"),
    ("dict([(1, 2, 3)])", "ValueError: dict update sequence has wrong length"),
    ("dict(['ab'])", "{'a': 'b'}"),
    ("dict(1, 2)", "TypeError: function expected at most 2 arguments, got 3"),
    ("list(1, 2)", "TypeError: function expected at most 1 arguments, got 2"),
    ("tuple(range(1 << 29))", "MemoryError: memory allocation failed, allocating 4194304 bytes"),
    ("slice(1)", "TypeError: cannot create 'slice' instances"),
    ("range(1, 2, 0)", "ValueError: zero step"),
    ("range('a')", "TypeError: can't convert str to int"),
    ("object(1)", "TypeError: function takes 0 positional arguments but 1 were given"),
    ("memoryview(1)", "TypeError: object with buffer protocol required"),
    ("type(1, 2)", "TypeError: type takes 1 or 3 arguments"),
    ("type('A', [], {})", "TypeError: "),
    ("type('A', (type(None),), {})", "TypeError: type 'NoneType' isn't an acceptable base type"),
    ("enumerate()", "TypeError: 'iterable' argument required"),
    ("list(enumerate(iterable=['a'], start=5))", "[(5, 'a')]"),
    ("list(map(str, [1.5, None, b'a']))", "['1.5', 'None', \"b'a'\"]"),
    ("map(1)", "TypeError: function missing 1 required positional arguments"),
    ("filter(None)", "TypeError: function takes 2 positional arguments but 1 were given"),
    ("zip(strict=1)", "TypeError: function doesn't take keyword arguments"),
    ("reversed({})", "<reversed>"),
    ("list(reversed({0: 1}))", "[1]"),
    ("list(reversed({1: 2}))", "KeyError: 0"),
    ("list(reversed({1, 2}))", "TypeError: 'set' object isn't subscriptable"),
    ("reversed(1)", "TypeError: object of type 'int' has no len()"),
]

METHODS = [
    ("'abc'.title()", "AttributeError: 'str' object has no attribute 'title'"),
    ("str.title", "AttributeError: type object 'str' has no attribute 'title'"),
    ("'abc'.partition('b')", "AttributeError: 'str' object has no attribute 'partition'"),
    ("b'abc'.hex()", "AttributeError: 'bytes' object has no attribute 'hex'"),
    ("bytearray(b'abc').find(b'b')", "AttributeError: 'bytearray' object has no attribute 'find'"),
    ("(5).bit_length()", "AttributeError: 'int' object has no attribute 'bit_length'"),
    ("(1.5).is_integer()", "AttributeError: 'float' object has no attribute 'is_integer'"),
    ("[].__len__()", "AttributeError: 'list' object has no attribute '__len__'"),
    ("memoryview(b'').tobytes()", "AttributeError: 'memoryview' object has no attribute 'tobytes'"),
    ("'abc'.find()", "TypeError: function missing 1 required positional arguments"),
    ("'abc'.find(1)", "TypeError: can't convert 'int' object to str implicitly"),
    ("b'abc'.find('a')", "TypeError: can't convert 'str' object to bytes implicitly"),
    ("'abc'.find('', 5)", "3"),
    ("'abc'.find('a', 'b')", "TypeError: string indices must be integers, not str"),
    ("'abc'.index('x')", "ValueError: substring not found"),
    ("'a,b'.split(sep=',')", "TypeError: function doesn't take keyword arguments"),
    ("'a,b'.split('')", "ValueError: empty separator"),
    ("'a b c'.split(None, 1)", "['a', 'b c']"),
    ("' '.split(None, 0)", "[]"),
    ("'a b c'.rsplit(None, 1)", "NotImplementedError: rsplit(None,n)"),
    ("'abc'.startswith(('a', 'b'))", "TypeError: can't convert 'tuple' object to str implicitly"),
    ("'abc'.startswith(b'a')", "True"),
    ("'abc'.endswith('c', 1)", "NotImplementedError: start/end indices"),
    ("'abc'.replace('b', 'x', 0)", "'abc'"),
    ("'abc'.replace('b')", "TypeError: function missing 1 required positional arguments"),
    ("''.join(['a', b'b'])", "TypeError: join expects a list of str/bytes objects consistent with self object"),
    ("'é'.upper() == 'é'", "True"),
    ("'aé'.upper() == 'Aé'", "True"),
    ("'é'.isalpha()", "False"),
    ("'²'.isdigit()", "False"),
    ("'é'.encode('latin-1')", r"b'\xc3\xa9'"),
    (r"b'\xff'.decode('latin-1')", "UnicodeError: "),
    (r"b'\xff'.decode('utf-8', 'ignore')", "UnicodeError: "),
    ("(300).to_bytes(1, 'little')", "b','"),
    ("(-1).to_bytes(2, 'big')", r"b'\xff\xff'"),
    ("(1).to_bytes(-1, 'big')", "ValueError: "),
    ("(1).to_bytes(2, byteorder='big')", "TypeError: function doesn't take keyword arguments"),
    ("int.from_bytes(b'\\xff', 'big', True)", "255"),
    ("int.from_bytes([1], 'big')", "TypeError: object with buffer protocol required"),
    ("[].pop()", "IndexError: pop from empty list"),
    ("[1].pop(5)", "IndexError: list index out of range"),
    ("[1].pop('a')", "TypeError: list indices must be integers, not str"),
    ("[1].remove(2)", "ValueError: object not in sequence"),
    ("[1].index(2)", "ValueError: object not in sequence"),
    ("(1,).index(2)", "ValueError: object not in sequence"),
    ("[1].insert(1)", "TypeError: function takes 3 positional arguments but 2 were given"),
    ("[1].sort(1)", "TypeError: extra positional arguments given"),
    ("[1].sort(keyx=1)", "TypeError: extra keyword arguments given"),
    ("{}.get()", "TypeError: function missing 1 required positional arguments"),
    ("{}.popitem()", "KeyError: popitem(): dictionary is empty"),
    ("{}.update([1], 2)", "TypeError: function expected at most 2 arguments, got 3"),
    ("dict.fromkeys('a', 1)", "{'a': 1}"),
    ("str.upper('a')", "'A'"),
    ("str.upper(1)", "TypeError: argument has wrong type"),
    ("Exception.__init__", "AttributeError: type object 'Exception' has no attribute '__init__'"),
    ("ValueError(1).__cause__", "AttributeError: 'ValueError' object has no attribute '__cause__'"),
    ("StopIteration(5).value", "5"),
    ("len.__name__", "AttributeError: 'function' object has no attribute '__name__'"),
    ("int.__name__", "'int'"),
    ("().__class__", "<class 'tuple'>"),
    ("(1).real", "AttributeError: 'int' object has no attribute 'real'"),
]

OPERATORS = [
    ("b'a' + 'b'", "b'ab'"),
    ("bytearray(b'a') + 'b'", "bytearray(b'ab')"),
    ("b'a' + bytearray(b'b')", "b'ab'"),
    ("b'a' + 1", "TypeError: unsupported types for __add__: 'bytes', 'int'"),
    ("'a' + b'b'", "TypeError: can't convert 'bytes' object to str implicitly"),
    ("'x' in b'xyz'", "True"),
    ("b'x' in 'xyz'", "TypeError: can't convert 'bytes' object to str implicitly"),
    ("'x' in bytearray(b'xyz')", "True"),
    ("[0] * (1 << 29)", "MemoryError: memory allocation failed, allocating 2147483648 bytes"),
    ("'abc' * (1 << 29)", "MemoryError: memory allocation failed, allocating 1610612737 bytes"),
    ("[1] * 1.5", "TypeError: unsupported types for __mul__: 'list', 'float'"),
    ("2 * [1]", "[1, 1]"),
    ("2 ** -1", "0.5"),
    ("0 ** -1", "ZeroDivisionError: divide by zero"),
    ("2.0 ** 2000", "inf"),
    ("(-2.0) ** 2001", "-inf"),
    ("2 ** 'a'", "TypeError: unsupported types for __pow__: 'int', 'str'"),
    ("'abcdef'[::2]", "NotImplementedError: only slices with step=1 (aka None) are supported"),
    ("(1, 2, 3)[::2]", "NotImplementedError: only slices with step=1 (aka None) are supported"),
    ("[1, 2, 3][::-1]", "[3, 2, 1]"),
    ("list(range(10)[::4])", "[0, 4, 8]"),
]

FUNCTIONS = [
    ("isinstance(True, int)", "False"),
    ("isinstance(True, (int, bool))", "True"),
    ("issubclass(bool, int)", "False"),
    ("isinstance(1, 1)", "TypeError: issubclass() arg 2 must be a class or a tuple of classes"),
    ("issubclass(1, int)", "TypeError: issubclass() arg 1 must be a class"),
    ("next(iter([]), 1)", "TypeError: function takes 1 positional arguments but 2 were given"),
    ("iter(print, 1)", "TypeError: function takes 1 positional arguments but 2 were given"),
    ("sum(['a'], '')", "'a'"),
    ("sum([1], start=1)", "TypeError: function doesn't take keyword arguments"),
    ("pow(2, 3, 4)", "NotImplementedError: 3-arg pow() not supported"),
    ("round(15, -1)", "NotImplementedError: "),
    ("round(2.5)", "2"),
    ("round(1234.5, -2)", "1200.0"),
    ("round('a')", "TypeError: can't convert str to float"),
    ("max([])", "ValueError: arg is an empty sequence"),
    ("max([], default=5)", "5"),
    ("max([1, 2], foo=1)", "2"),
    ("max([1, 2], key=None)", "TypeError: 'NoneType' object isn't callable"),
    ("max()", "TypeError: function missing 1 required positional arguments"),
    ("divmod(1, 0)", "ZeroDivisionError: divide by zero"),
    ("divmod(1, 'a')", "TypeError: unsupported types for __divmod__: 'int', 'str'"),
    ("abs('a')", "TypeError: unsupported type for __abs__: 'str'"),
    ("ord('ab')", "TypeError: ord() expected a character, but string of length 2 found"),
    ("ord(1)", "TypeError: can't convert 'int' object to str implicitly"),
    ("chr(-1)", "ValueError: chr() arg not in range(0x110000)"),
    ("chr('a')", "TypeError: can't convert str to int"),
    ("sorted([1], 1)", "TypeError: must use keyword argument for key function"),
    ("sorted([2, 1], key=str)", "[1, 2]"),
    ("getattr('', 'title')", "AttributeError: 'str' object has no attribute 'title'"),
    ("getattr('', 'title', 5)", "5"),
    ("getattr(1, 2)", "TypeError: can't convert 'int' object to str implicitly"),
    ("hasattr('', 'title')", "False"),
    ("hasattr('', 'upper')", "True"),
    ("setattr(ValueError(), 'x', 1)", "AttributeError: 'ValueError' object has no attribute 'x'"),
    ("setattr(int, 'x', 1)", "AttributeError: 'type' object has no attribute 'x'"),
    ("delattr([], 'append')", "AttributeError: 'list' object has no attribute 'append'"),
    ("print(1, flush=True)", "TypeError: extra keyword arguments given"),
    ("print(1, sep=None)", "TypeError: can't convert 'NoneType' object to str implicitly"),
    ("print(1, file=5)", "OSError: stream operation not supported"),
    ("eval(1)", "TypeError: can't convert 'int' object to str implicitly"),
    ("eval('1', 5)", "TypeError: "),
    ("eval('x', {'x': 5}, {'x': 6})", "6"),
    ("dir('')", None),
]


def _rows(rows: list[tuple[str, str | None]]) -> list[Any]:
    return [pytest.param(expression, shown, id=expression) for expression, shown in rows if shown is not None]


@pytest.mark.parametrize(("expression", "shown"), _rows([*CONSTRUCTORS, *METHODS, *OPERATORS, *FUNCTIONS]))
def test_fact(expression: str, shown: str, names: dict[str, Any]) -> None:
    assert outcome(expression, names) == shown


@pytest.mark.parametrize("name", ["str", "bytes", "bytearray", "list", "dict", "set", "tuple", "int"])
def test_dir_lists_the_methods_of_the_table(name: str, names: dict[str, Any]) -> None:
    kind = names[name]
    listed = names["dir"](kind())
    assert set(listed) == set(TABLES[kind])
    assert all(names["hasattr"](kind(), attribute) for attribute in listed)


@given(st.integers(), st.integers(2, 36))
def test_any_number_comes_back_from_its_text(number: int, base: int) -> None:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text, rest = "", abs(number)
    while rest:
        rest, digit = divmod(rest, base)
        text = digits[digit] + text
    assert parse_int(("-" if number < 0 else "") + (text or "0"), base) == number


def test_a_long_number_is_read_whatever_the_host_allows() -> None:
    assert parse_int("9" * 10000, 0) == 10**10000 - 1


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_a_value_error(text: str) -> None:
    try:
        assert isinstance(parse_int(text, 0), int)
    except ValueError as error:
        shown = str(error)
    else:
        return
    assert shown == "invalid syntax for integer with base 10"


@given(text=st.text(max_size=12), needle=st.text(max_size=3), start=st.integers(-15, 15), end=st.integers(-15, 15))
def test_find_agrees_where_both_look(text: str, needle: str, start: int, end: int, names: dict[str, Any]) -> None:
    find = names[hooks.GETATTR](text, "find")
    if needle:
        assert find(needle, start, end) == text.find(needle, start, end)


@given(text=st.text(alphabet=" \tab\n", max_size=12), most=st.integers(-1, 3))
def test_split_agrees_on_ascii(text: str, most: int, names: dict[str, Any]) -> None:
    assert names[hooks.GETATTR](text, "split")(None, most) == text.split(None, most)


@pytest.mark.parametrize(
    ("call", "careful"),
    [
        ("x.split(',')", False),
        ("x.split(sep=',')", True),
        ("x.split(y)", True),
        ("x.encode()", False),
        ("x.encode('ascii')", True),
        ("x.append(y)", False),
        ("x.append()", True),
        ("x.join([a, b])", False),
        ("x.join(y)", True),
        ("x.startswith('a')", False),
        ("x.startswith(('a', 'b'))", True),
        ("x.get(k, 0)", False),
        ("Base.__init__(self)", True),
        ("super().__init__()", False),
    ],
)
def test_only_calls_that_may_differ_are_looked_up(call: str, careful: bool) -> None:
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Attribute)
    assert CAREFUL_CALLS[node.func.attr](node) is careful


def test_no_name_is_both_always_and_sometimes_looked_up() -> None:
    assert not CAREFUL & CAREFUL_CALLS.keys()
    assert {"int", "str", "bytes", "list", "dict", "type"} <= TYPES


@pytest.mark.parametrize(
    "call", ["strip()", "lstrip()", "rstrip()", "split()", "rsplit()", "reverse()", "remove(1)", "pop()", "clear()"]
)
def test_what_bytearrays_have_on_the_host_alone(run_script: RunScript, call: str) -> None:
    name = call.partition("(")[0]
    script = f"b = bytearray(b' a ')\ntry:\n    b.{call}\nexcept AttributeError as e:\n    print(e)\n"
    assert run_script(script).text == f"'bytearray' object has no attribute '{name}'\n"
