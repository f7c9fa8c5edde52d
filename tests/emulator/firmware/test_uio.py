"""StringIO and BytesIO; open() of the board stands in its own tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.firmware.native import Bench


def seq(stream: Any, *calls: tuple[Any, ...]) -> list[object]:
    results: list[object] = []
    for name, *arguments in calls:
        try:
            results.append(getattr(stream, name)(*arguments))
        except Exception as error:  # noqa: BLE001  the outcome is the exception
            results.append((type(error).__name__, *error.args))
    return results


FACTS = [
    ("S('abc').read()", "'abc'"),
    ("S('abc').read(2)", "'ab'"),
    (
        "seq(S('abc\\ndef'),('readline',),('read',1),('readline',),('readline',),('read',))",
        "['abc\\n', 'd', 'ef', '', '']",
    ),
    ("seq(S('abc'),('write','X'),('getvalue',),('read',))", "[1, 'Xbc', 'bc']"),
    ("seq(S('abc'),('seek',2),('write','XYZ'),('getvalue',))", "[2, 3, 'abXYZ']"),
    ("seq(S(),('write',b'ab'),('getvalue',))", "[2, 'ab']"),
    ("seq(B(),('write','ab'),('getvalue',))", "[2, b'ab']"),
    ("seq(B(b'abc'),('seek',0,2),('write',b'd'),('getvalue',))", "[3, 1, b'abcd']"),
    ("seq(B(b'abc'),('seek',-1,2),('read',))", "[2, b'c']"),
    ("seq(B(b'abc'),('seek',-1),('read',))", "[('OSError', 22), b'abc']"),
    (
        "seq(B(b'abc'),('seek',10),('read',),('write',b'x'),('getvalue',))",
        "[10, b'', 1, b'abc\\x00\\x00\\x00\\x00\\x00\\x00\\x00x']",
    ),
    ("seq(B(b'abc'),('read',1),('seek',1,1),('read',))", "[b'a', 2, b'c']"),
    ("seq(B(b'abc'),('seek',-5,2),('read',))", "[0, b'abc']"),
    ("seq(B(b'abc'),('tell',))", "[('AttributeError', \"'BytesIO' object has no attribute 'tell'\")]"),
    (
        "seq(S('abc'),('close',),('read',),('write','a'),('getvalue',),('close',))",
        "[None, ('ValueError', 'I/O operation on closed file'), ('ValueError', 'I/O operation on closed file'), ('ValueError', 'I/O operation on closed file'), None]",
    ),
    ("seq(B(b'abc'),('readinto',bytearray(2)),('readinto',bytearray(5)))", "[2, 1]"),
    ("seq(B(b'abcd'),('readinto',bytearray(4),2))", "[2]"),
    ("seq(B(b'abc'),('flush',))", "[None]"),
    ("seq(S('é€'),('read',1),('read',1),('read',))", "['\\xe9', '\\u20ac', '']"),
    ("seq(S('abc'),('write','hello',2),('getvalue',))", "[2, 'hec']"),
    ("seq(B(),('write','hello',1,3),('getvalue',))", "[3, b'ell']"),
    ("seq(B(),('write',5))", "[('TypeError', 'object with buffer protocol required')]"),
    ("seq(S(),('write',5))", "[('TypeError', 'object with buffer protocol required')]"),
    ("seq(S(5),('getvalue',))", "['']"),
    ("seq(B(5),('getvalue',),('write',b'a'),('getvalue',))", "[b'', 1, b'a']"),
    ("S(b'ab').read()", "'ab'"),
    ("B('ab').read()", "b'ab'"),
    ("B([1])", "TypeError: object with buffer protocol required"),
    ("S(None)", "TypeError: object with buffer protocol required"),
    ("B(bytearray(b'ab')).read()", "b'ab'"),
    ("list(S('a\\nb'))", "['a\\n', 'b']"),
    ("seq(S('a\\nb\\n'),('readlines',))", "[('AttributeError', \"'StringIO' object has no attribute 'readlines'\")]"),
    ("seq(S('abcdef\\n'),('readline',3),('readline',))", "['abc', 'def\\n']"),
    ("seq(B(b'abc'),('read',-1),('read',))", "[b'abc', b'']"),
    ("seq(B(b'abc'),('read',0))", "[b'']"),
    ("seq(B(b'abc'),('read',None))", "[('TypeError', \"can't convert NoneType to int\")]"),
    ("seq(B(b'abc'),('seek',0,3))", "[0]"),
    ("S('a').__enter__().read()", "'a'"),
    ("S('abc').read(1.0)", "TypeError: can't convert float to int"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    names = bench.names("uio")
    names |= {"S": names["uio"].StringIO, "B": names["uio"].BytesIO, "seq": seq}
    assert bench.outcome(expression, names) == outcome


def test_a_with_block_closes() -> None:
    with Bench().module("uio")["StringIO"]("x") as stream:
        assert stream.read() == "x"
    with pytest.raises(ValueError, match="I/O operation on closed file"):
        stream.read()
