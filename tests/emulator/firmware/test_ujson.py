"""The lenient reader and the printer."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.runtime import order
from emulator.runtime.floats import float_str
from emulator.runtime.order import dicts
from tests.emulator.firmware.native import Bench


class Script:
    def __repr__(self) -> str:
        return "shown"

    def read(self) -> str:
        return "[]"


class ScriptDict(dict):  # type: ignore[type-arg]
    pass


FACTS = [
    ("ujson.dumps({'a':[1,(2,3),None,True,1.5]})", "'{\"a\": [1, [2, 3], null, true, 1.5]}'"),
    ("ujson.dumps('é\\n\\t\\x01\\x7f\"\\\\/')", '\'"\\xe9\\\\n\\\\t\\\\u0001\\x7f\\\\"\\\\\\\\/"\''),
    ("ujson.dumps(b'ab\"\\n')", '\'"ab\\\\"\\\\n"\''),
    ("ujson.dumps(bytearray(b'ab'))", "\"bytearray(b'ab')\""),
    ("ujson.dumps(set([1]))", "'{1}'"),
    ("ujson.dumps(ValueError('a'))", "'[\"a\"]'"),
    ("ujson.dumps(OSError(2))", "'[2]'"),
    ("ujson.dumps(ValueError())", "'[]'"),
    ("ujson.dumps(float('inf'))", "'inf'"),
    ("ujson.dumps(float('nan'))", "'nan'"),
    ("ujson.dumps(1+2j)", "'(1+2j)'"),
    ("ujson.dumps(range(3))", "'range(0, 3)'"),
    ("ujson.dumps(int)", "\"<class 'int'>\""),
    ("ujson.dumps(Ellipsis)", "'Ellipsis'"),
    ("ujson.dumps(10**20)", "'100000000000000000000'"),
    ("ujson.dumps([])", "'[]'"),
    ("ujson.dumps({})", "'{}'"),
    ("ujson.dumps(())", "'[]'"),
    ("ujson.dumps((1,))", "'[1]'"),
    ("ujson.dumps(1,2)", "TypeError: function takes 1 positional arguments but 2 were given"),
    ("ujson.loads('[1')", "[1]"),
    ("ujson.loads('{')", "{}"),
    ("ujson.loads('[1 2,,3:4]')", "[1, 2, 3, 4]"),
    ('ujson.loads(\'{"a" 1 "b" 2}\')', "{'a': 1, 'b': 2}"),
    ("ujson.loads('{\"a\":1]')", "{'a': 1}"),
    ("ujson.loads('[[1,2')", "ValueError: syntax error in JSON"),
    ("ujson.loads('[[1')", "ValueError: syntax error in JSON"),
    ("ujson.loads('')", "ValueError: syntax error in JSON"),
    ("ujson.loads('  ')", "ValueError: syntax error in JSON"),
    ("ujson.loads('1 2')", "ValueError: syntax error in JSON"),
    ("ujson.loads('01')", "1"),
    ("ujson.loads('-')", "ValueError: invalid syntax for integer with base 10"),
    ("ujson.loads('1.5.2')", "ValueError: invalid syntax for number"),
    ("ujson.loads('1e')", "ValueError: invalid syntax for number"),
    ("ujson.loads('1e5')", "100000.0"),
    ("ujson.loads('.5')", "ValueError: syntax error in JSON"),
    ("ujson.loads('+5')", "ValueError: syntax error in JSON"),
    ("ujson.loads('tru')", "ValueError: syntax error in JSON"),
    ("ujson.loads('\"a')", "ValueError: syntax error in JSON"),
    ("ujson.loads('{[]:2}')", "ValueError: syntax error in JSON"),
    ("ujson.loads('{\"a\"}')", "{}"),
    ("ujson.loads(b'[1]')", "[1]"),
    ("ujson.loads(bytearray(b'[1]'))", "TypeError: can't convert 'bytearray' object to str implicitly"),
    ("ujson.loads(5)", "TypeError: can't convert 'int' object to str implicitly"),
    ("ujson.loads('nullx')", "ValueError: syntax error in JSON"),
    ("ujson.loads('NaN')", "ValueError: syntax error in JSON"),
    ("ujson.loads(']')", "ValueError: syntax error in JSON"),
    ("ujson.loads('[1]]')", "ValueError: syntax error in JSON"),
    ("ujson.loads('[1]\\x00zzz')", "[1]"),
    ("ujson.loads('[1]\\x0b\\x0c ')", "[1]"),
    ("ujson.loads('\\x0b1')", "ValueError: syntax error in JSON"),
    ("ujson.loads('\"a\\nb\"')", "'a\\nb'"),
    ("ujson.loads('1-2')", "ValueError: invalid syntax for integer with base 10"),
    ("ujson.loads('1+')", "ValueError: invalid syntax for integer with base 10"),
    ("ujson.loads('123456789012345678901')", "123456789012345678901"),
    ("ujson.loads('0.1')", "0.1"),
    ("ujson.loads('1e400')", "inf"),
    ("ujson.loads('\"\\xff\"')", "'\\xff'"),
    ("ujson.load(5)", "OSError: stream operation not supported"),
    ("ujson.dump(1, 5)", "OSError: stream operation not supported"),
    ("ujson.loads('-.')", "-0.0"),
    ("ujson.loads('-.e5')", "-0.0"),
    ("ujson.loads('-e5')", "-0.0"),
    ("ujson.loads('1.e5')", "100000.0"),
    ("ujson.loads('1e+')", "ValueError: invalid syntax for number"),
    ("ujson.loads('1e-2')", "0.01"),
    ("ujson.loads('1-5.0')", "ValueError: invalid syntax for number"),
    ("ujson.loads('--1.0')", "ValueError: invalid syntax for number"),
    ("ujson.loads('--1')", "ValueError: invalid syntax for integer with base 10"),
    ("ujson.loads('1..')", "ValueError: invalid syntax for number"),
    ("ujson.loads('1e5e')", "ValueError: invalid syntax for number"),
    ("ujson.loads('1e5.1')", "ValueError: invalid syntax for number"),
    ("ujson.loads('-.5')", "-0.5"),
    ("ujson.loads('0e1')", "0.0"),
    ("ujson.loads('0x1')", "ValueError: syntax error in JSON"),
    ("ujson.dumps({2:1,True:3,'a':[],1.5:{}})", "'{\"a\": [], true: 3, 2: 1, 1.5: {}}'"),
    ("ujson.dumps(ValueError('a', 2))", "'[\"a\", 2]'"),
    ("ujson.loads('{1:2,\"a\":3,true:4}')", "{'a': 3, 1: 4}"),
    ("ujson.loads('\"\\\\u00zz\"') == chr(0x233)", "True"),
    ("ujson.dumps(Script())", "'shown'"),
    ("ujson.dumps(ScriptDict(a=1))", "'{\"a\": 1}'"),
    ("ujson.dumps(obj=1)", "TypeError: function doesn't take keyword arguments"),
    ("ujson.dumps(1, indent=2)", "TypeError: function doesn't take keyword arguments"),
    ("ujson.load(Script())", "OSError: stream operation not supported"),
    ("ujson.loads(ujson.dumps({'€': 'é\\n'}))['€'] == 'é\\n'", "True"),
    ("ujson.loads('16777217.0') == 16777216.0", "True"),
    ("ujson.loads('['*5000+']'*5000) != None", "True"),
    ("hasattr(ujson, 'JSONDecodeError')", "False"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    names = bench.names("ujson")
    names |= {"Script": Script, "ScriptDict": ScriptDict}
    assert bench.outcome(expression, names) == outcome


def test_streams_of_the_board_are_read_and_written() -> None:
    bench = Bench()
    names = bench.names("ujson", "uio")
    assert bench.outcome("ujson.load(uio.StringIO('[1,2]'))", names) == "[1, 2]"
    assert bench.outcome("ujson.load(uio.BytesIO(b'[1,2]'))", names) == "[1, 2]"
    stream = names["uio"].StringIO()
    names["ujson"].dump({"a": (1, None)}, stream)
    assert stream.getvalue() == '{"a": [1, null]}'


REFUSALS = (
    "ValueError: syntax error in JSON",
    "ValueError: invalid syntax for number",
    "ValueError: invalid syntax for integer with base 10",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_is_dumped_loads(value: object) -> None:
    module = Bench().module("ujson")
    assert module["loads"](module["dumps"](value)) == value


@given(st.text('[]{},: "0123456789-+.eEntrufals\\u\n\x00é', max_size=16))
def test_any_text_gives_an_object_or_value_error(text: str) -> None:
    bench = Bench()
    outcome = bench.outcome("ujson.loads(text)", bench.names("ujson") | {"text": text})
    assert outcome in REFUSALS or not re.match("[A-Z][A-Za-z]+Error", outcome)


@given(st.text('[]{},: "a01-.ent', max_size=16))
def test_both_readers_agree(text: str) -> None:
    from emulator.firmware.ujson import _Reader, parse

    def read(reader: object) -> object:
        try:
            return reader()  # type: ignore[operator]
        except ValueError as error:
            return error.args

    assert read(lambda: parse(text.encode())) == read(lambda: _Reader(text.encode()).read())


def _quoted(text: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join([escapes.get(char, char if char >= " " else f"\\u{ord(char):04x}") for char in text]) + '"'


def _slowly(obj: Any) -> str:
    """The JSON of usual objects, spelled out."""
    if obj is None or isinstance(obj, bool):
        return {None: "null", True: "true", False: "false"}[obj]
    if isinstance(obj, str):
        return _quoted(obj)
    if isinstance(obj, list):
        return "[" + ", ".join(map(_slowly, obj)) + "]"
    if isinstance(obj, dict):
        return "{" + ", ".join(f"{_slowly(key)}: {_slowly(value)}" for key, value in order.items(obj)) + "}"
    return float_str(obj) if isinstance(obj, float) else str(obj)


_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.integers(), st.sampled_from([0.0, -0.0, 1.0, 2.0]), st.floats(),
    st.text('ab%{}"\\\n\b\f\x01é', max_size=4),
)  # fmt: skip
_KEYS = st.one_of(st.text("abc%\b", max_size=3), st.text("abc", max_size=3), st.integers(0, 2), st.booleans())


def _as_display(made: dict[Any, Any]) -> dict[Any, Any]:
    return dicts.display(made, len(made)) if len(made) > 2 else made


def _without_first(made: dict[Any, Any]) -> dict[Any, Any]:
    if made:
        dicts.deleted(made, first := next(iter(made)))
        del made[first]
    return made


_OBJECTS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=7),
        *[st.dictionaries(_KEYS, inner, max_size=7).map(make) for make in (dict, _as_display, _without_first)],
        st.dictionaries(_KEYS, inner, max_size=7).map(_as_display).map(_without_first),
    ),
    max_leaves=12,
)


@given(_OBJECTS)
def test_the_quick_printer_equals_the_slow_one(obj: Any) -> None:
    dumps = Bench().module("ujson")["dumps"]
    assert dumps(obj) == _slowly(obj)
    assert dumps(obj) == _slowly(obj)


def test_ints_longer_than_the_host_prints() -> None:
    assert Bench().module("ujson")["dumps"]([10**5000]) == f"[1{'0' * 5000}]"
