"""The small regular expressions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.firmware.native import Bench


def groups_of(search: Any) -> Any:
    def groups(pattern: object, text: object, count: int = 3) -> list[object] | None:
        found = search(pattern, text)
        if found is None:
            return None
        results: list[object] = []
        for number in range(count):
            try:
                results.append(found.group(number))
            except IndexError as error:
                results.append(error.args)
        return results

    return groups


FACTS = [
    ("g('a','bab')", "['a', (1,), (2,)]"),
    ("g('(.)(b)','xaby')", "['ab', 'a', 'b']"),
    ("g('(a)|(b)','b')", "['b', None, 'b']"),
    ("g('(a)|b','b',2)", "['b', None]"),
    ("g('a{2}','aa')", "None"),
    ("g('a{2}','a{2}')", "['a{2}', (1,), (2,)]"),
    ("g('\\\\bfoo','foo')", "None"),
    ("g('\\\\bfoo','bfoo')", "['bfoo', (1,), (2,)]"),
    ("g('[\\\\d]','5')", "None"),
    ("g('[\\\\d]','d')", "['d', (1,), (2,)]"),
    ("g('\\\\d+','ab123')", "['123', (1,), (2,)]"),
    ("g('\\\\D+','12ab')", "['ab', (1,), (2,)]"),
    ("g('\\\\w+','é_a1')", "['_a1', (1,), (2,)]"),
    ("g('\\\\s','a\\tb')", "['\\t', (1,), (2,)]"),
    ("g('a+?','aaa')", "['a', (1,), (2,)]"),
    ("g('a*?b','aab')", "['aab', (1,), (2,)]"),
    ("g('a??','a')", "['', (1,), (2,)]"),
    ("g('^a','ba')", "None"),
    ("g('a$','ab')", "None"),
    ("g('a$','a\\n')", "None"),
    ("g('.','\\n')", "['\\n', (1,), (2,)]"),
    ("g('(?:ab)+','ababc')", "['abab', (1,), (2,)]"),
    ("g('(?=a)','a')", "ValueError: Error in regex"),
    ("g('(?P<n>a)','a')", "ValueError: Error in regex"),
    ("g('(?i)a','A')", "ValueError: Error in regex"),
    ("g('a**','a')", "ValueError: Error in regex"),
    ("g('*','a')", "ValueError: Error in regex"),
    ("g('a|*','a')", "ValueError: Error in regex"),
    ("g('^*','a')", "ValueError: Error in regex"),
    ("g('(a','a')", "ValueError: Error in regex"),
    ("g('a)','a')", "ValueError: Error in regex"),
    ("g('[a','a')", "ValueError: Error in regex"),
    ("g('a\\\\','a')", "ValueError: Error in regex"),
    ("g('[]a]','a')", "None"),
    ("g('[^]','a')", "['a', (1,), (2,)]"),
    ("g('[c-a]','b')", "None"),
    ("g('[a-]+','a-b')", "['a-', (1,), (2,)]"),
    ("g('[^a-c]+','abcdef')", "['def', (1,), (2,)]"),
    ("g('\\\\.','a.')", "['.', (1,), (2,)]"),
    ("g('(a|b|c)+','abcd')", "['abc', 'c', (2,)]"),
    ("g('ab|cd|ef','xef')", "['ef', (1,), (2,)]"),
    ("g('','abc')", "['', (1,), (2,)]"),
    ("g('(a*)b','aab')", "['aab', 'aa', (2,)]"),
    ("g('a',5)", "TypeError: can't convert 'int' object to str implicitly"),
    ("g(5,'a')", "TypeError: can't convert 'int' object to str implicitly"),
    ("g('a',b'bab')", "[b'a', (1,), (2,)]"),
    ("g(b'a','bab')", "['a', (1,), (2,)]"),
    ("g('(\\\\w+) (\\\\w+)','hello big world')", "['hello big', 'hello', 'big']"),
    ("ure.compile('[ ,]').split('a b,c')", "['a', 'b', 'c']"),
    ("ure.compile(',').split('a,b,c',1)", "['a', 'b,c']"),
    ("ure.compile('x').split('abc')", "['abc']"),
    ("ure.compile('x*').split('axb')", "['axb']"),
    ("ure.compile('(,)').split('a,b')", "NotImplementedError: Splitting with sub-captures"),
    ("ure.compile(',').split(b'a,b')", "[b'a', b'b']"),
    ("ure.compile('^a').split('aab')", "['', '', 'b']"),
    ("ure.compile('a',0,1)", "TypeError: function expected at most 2 arguments, got 3"),
    ("ure.match('a')", "TypeError: function missing 1 required positional arguments"),
    ("ure.match('a','a',0,0,0)", "TypeError: function expected at most 4 arguments, got 5"),
    ("ure.search('a','ba').group()", "TypeError: function takes 2 positional arguments but 1 were given"),
    ("ure.search('a','ba').group(1)", "IndexError: 1"),
    ("ure.search('a','ba').group(-1)", "IndexError: -1"),
    ("ure.search('a','ba').group('n')", "TypeError: can't convert str to int"),
    ("ure.search('(a)','ba')", "<match num=2>"),
    ("ure.match('a','ba')", "None"),
    ("ure.DEBUG", "4096"),
    ("hasattr(ure.compile('a'),'findall')", "False"),
    ("hasattr(ure.search('a','a'),'start')", "False"),
    ("hasattr(ure, 'sub')", "False"),
    ("hasattr(ure, 'findall')", "False"),
    ("hasattr(ure, 'finditer')", "False"),
    ("hasattr(ure, 'fullmatch')", "False"),
    ("hasattr(ure, 'split')", "False"),
    ("hasattr(ure, 'escape')", "False"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    names = bench.names("ure")
    names["g"] = groups_of(names["ure"].search)
    assert bench.outcome(expression, names) == outcome


@pytest.mark.parametrize("pattern", ["(a*)*", "(a*)+", "(a?)*", "(|a)*", "(^)*", "((a?)(b*))+"])
def test_a_loop_over_nothing_runs_out_of_stack(pattern: str) -> None:
    bench = Bench()
    with pytest.raises(RuntimeError, match=r"^maximum recursion depth exceeded$"):
        bench.module("ure")["search"](pattern, "aab")
    assert [note.code for note in bench.notes] == ["regex-endless"]


@given(pattern=st.text("ab.[]^$()|?*+:\\dws-{2}é", max_size=8), text=st.text("ab.1 é", max_size=8))
def test_any_pattern_is_read_or_refused(pattern: str, text: str) -> None:
    bench = Bench()
    names = bench.names("ure") | {"pattern": pattern, "text": text}
    if bench.outcome("ure.compile(pattern) and None", names) == "None":
        outcome = bench.outcome("(ure.search(pattern, text) or ure.search('', '')).group(0) + ''", names)
        assert outcome.startswith(("'", '"')) or outcome == "RuntimeError: maximum recursion depth exceeded"
    else:
        assert bench.outcome("ure.compile(pattern)", names) == "ValueError: Error in regex"


LISTINGS = {
    "a|b": [
        " 7: split 13 (4)",
        " 9: char a",
        "11: jmp 15 (2)",
        "13: char b",
        "15: save 1",
        "17: match",
        "Bytes: 18, insts: 10",
    ],
    "(a)(?:b|c)*x+?": [
        " 7: save 2",
        " 9: char a",
        "11: save 3",
        "13: split 25 (10)",
        "15: split 21 (4)",
        "17: char b",
        "19: jmp 23 (2)",
        "21: char c",
        "23: jmp 13 (-12)",
        "25: char x",
        "27: split 25 (-4)",
        "29: save 1",
        "31: match",
        "Bytes: 32, insts: 17",
    ],
    "[^a-z_]?$": [
        " 7: split 15 (6)",
        " 9: classnot 2 0x61-0x7a 0x5f-0x5f",
        "15: assert eol",
        "16: save 1",
        "18: match",
        "Bytes: 19, insts: 9",
    ],
    r"\.\w": [
        " 7: char .",
        " 9: namedclass w",
        "11: save 1",
        "13: match",
        "Bytes: 14, insts: 8",
    ],
}
"""Pattern -> what ``ure.DEBUG`` prints of it, after the four lines that stand before each program."""


@pytest.mark.parametrize("pattern", LISTINGS)
def test_the_listing_of_a_program(pattern: str) -> None:
    bench = Bench()
    bench.module("ure")["compile"](pattern, 4096)
    lines = "".join(bench.shown).splitlines()
    assert lines[:4] == [" 0: rsplit 5 (3)", " 2: any", " 3: jmp 0 (-5)", " 5: save 0"]
    assert lines[4:] == LISTINGS[pattern]
