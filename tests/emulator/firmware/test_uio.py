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
    ("S(b'abc').read()", "'abc'"),
    ("S('abc').getvalue()", "'abc'"),
    ("S(None)", "TypeError: object with buffer protocol required"),
    ("S(-5)", "MemoryError: memory allocation failed, allocating 4294967291 bytes"),
    ("S(1.5)", "TypeError: object with buffer protocol required"),
    ("S('abc').read(2)", "'ab'"),
    ("S('abc').read(-2)", "MemoryError: memory allocation failed, allocating 4294967294 bytes"),
    ("S('abc').read(None)", "TypeError: can't convert NoneType to int"),
    ("S('abc').read('a')", "TypeError: can't convert str to int"),
    ("S('abc').read(1,2)", "TypeError: function expected at most 2 arguments, got 3"),
    ("S('abc').readline()", "'abc'"),
    ("S('abc\\ndef').readline()", "'abc\\n'"),
    ("S('abc\\ndef').readline(2)", "'ab'"),
    ("S('abc\\ndef').readline(-1)", "'abc\\n'"),
    ("S('abc\\ndef').readline(0)", "''"),
    ("S('abc\\ndef').readlines()", "AttributeError: 'StringIO' object has no attribute 'readlines'"),
    ("S('abc').write('x')", "1"),
    ("S('abc').write(b'x')", "1"),
    ("S('abc').write(5)", "TypeError: object with buffer protocol required"),
    ("S('abc').write('abcd',2)", "2"),
    ("S('abc').write('abcd',1,2)", "2"),
    ("S('abc').write('abcd',1,2,3)", "TypeError: function expected at most 4 arguments, got 5"),
    ("S('abc').write('abcd',-1)", "4"),
    ("S('abc').write('abcd',7)", "4"),
    ("S('abc').write('abcd',7,1)", "0"),
    ("S('abc').write('abcd','a')", "TypeError: can't convert str to int"),
    ("S('abc').seek(1)", "1"),
    ("S('abc').seek(-1)", "OSError: [Errno 22] EINVAL"),
    ("S('abc').seek(10)", "10"),
    ("S('abc').seek(1,1)", "1"),
    ("S('abc').seek(-1,2)", "2"),
    ("S('abc').seek(-5,2)", "0"),
    ("S('abc').seek(-5,1)", "0"),
    ("S('abc').seek(1,3)", "1"),
    ("S('abc').seek('a')", "TypeError: can't convert str to int"),
    ("S('abc').seek(1,2,3)", "TypeError: function expected at most 3 arguments, got 4"),
    ("S('abc').seek()", "TypeError: function missing 1 required positional arguments"),
    ("S('abc').tell", "AttributeError: 'StringIO' object has no attribute 'tell'"),
    ("S('abc').flush()", "None"),
    ("S('abc').flush(1)", "TypeError: function takes 1 positional arguments but 2 were given"),
    ("S('abc').close()", "None"),
    ("S('abc').truncate", "AttributeError: 'StringIO' object has no attribute 'truncate'"),
    ("S('abc').closed", "AttributeError: 'StringIO' object has no attribute 'closed'"),
    ("S('abc').writelines", "AttributeError: 'StringIO' object has no attribute 'writelines'"),
    ("S('abc').readinto(b'ab')", "TypeError: object with buffer protocol required"),
    ("S('abc').readinto('ab')", "TypeError: object with buffer protocol required"),
    ("S('abc').readinto(5)", "TypeError: object with buffer protocol required"),
    ("S('abc').readinto()", "TypeError: function missing 1 required positional arguments"),
    ("S('abc').getvalue(1)", "TypeError: function takes 1 positional arguments but 2 were given"),
    ("B(b'abc').read()", "b'abc'"),
    ("B(b'abc').read(2)", "b'ab'"),
    ("B(b'abc').readline()", "b'abc'"),
    ("B(b'a\\nb').readline()", "b'a\\n'"),
    ("B(b'a\\nb').readlines()", "AttributeError: 'BytesIO' object has no attribute 'readlines'"),
    ("B(b'abc').seek(2)", "2"),
    ("B([1,2])", "TypeError: object with buffer protocol required"),
    ("B(b'a')==B(b'a')", "False"),
    ("S('abc').__enter__().read()", "'abc'"),
    ("S('abc').__exit__()", "TypeError: function takes 4 positional arguments but 1 were given"),
    ("S('abc').__exit__(1,2,3)", "None"),
    ("hash(S())", "TypeError: unsupported type for __hash__: 'StringIO'"),
    (
        "seq(S('abc'),('close',),('seek',0),('flush',),('read','a'),('seek','a'))",
        "[None, 0, None, ('TypeError', \"can't convert str to int\"), ('TypeError', \"can't convert str to int\")]",
    ),
    ("seq(S(),('write','abcd',-1),('getvalue',))", "[4, 'abcd']"),
    (
        "seq(B(b'abc'),('read',1),('seek',-5,1),('seek',1<<31))",
        "[b'a', 0, ('OverflowError', 'overflow converting long int to machine word')]",
    ),
    ("uio.open()", "TypeError: 'file' argument required"),
    ("uio.open('a', 'r', None)", "TypeError: can't convert NoneType to int"),
    ("uio.open('a', 'r', 0, None, 5)", "TypeError: extra positional arguments given"),
    ("uio.open('a', foo=1)", "TypeError: extra keyword arguments given"),
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
