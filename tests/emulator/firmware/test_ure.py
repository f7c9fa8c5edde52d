"""The small regular expressions."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Board
from emulator.firmware._regex import Overflow, Program
from tests.emulator.conftest import NEVER, load, stopped_when_ready
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
    ("ure.compile('*','a')", "ValueError: Error in regex"),
    ("ure.compile('a','a')", "TypeError: can't convert str to int"),
    ("ure.compile('a',1<<33)", "OverflowError: overflow converting long int to machine word"),
    ("ure.compile(pattern='a')", "TypeError: function doesn't take keyword arguments"),
    ("ure.match('*',1)", "ValueError: Error in regex"),
    ("ure.match('a',bytearray(b'a'))", "TypeError: can't convert 'bytearray' object to str implicitly"),
    ("ure.match(bytearray(b'a'),'a')", "TypeError: can't convert 'bytearray' object to str implicitly"),
    ("ure.compile('a').split(1,'x')", "TypeError: can't convert 'int' object to str implicitly"),
    ("ure.compile('a').split('a','x')", "TypeError: can't convert str to int"),
    ("ure.compile('a').split('a',1<<40)", "OverflowError: overflow converting long int to machine word"),
    ("ure.compile('a').split('bab',-1)", "['b', 'b']"),
    ("ure.match('a','a').group(1<<40)", "OverflowError: overflow converting long int to machine word"),
    ("ure.match('a','a').group(True)", "IndexError: True"),
    ("ure.match('a','a').group(1.0)", "TypeError: can't convert float to int"),
    ("ure.match('a.b','a\\0b').group(0)", "'a\\x00b'"),
    ("type(ure.compile('a'))('a')", "TypeError: cannot create 'ure' instances"),
    ("type(ure.match('a','a'))", "<class 'match'>"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    names = bench.names("ure")
    names["g"] = groups_of(names["ure"].search)
    assert bench.outcome(expression, names) == outcome


@pytest.mark.parametrize("pattern", ["(a*)*", "(a*)+", "(a?)*", "(|a)*", "(^)*", "((a?)(b*))+", "(a*)*x", "(?:a??)*?x"])
def test_a_loop_over_nothing_runs_out_of_stack(pattern: str) -> None:
    bench = Bench()
    with pytest.raises(RuntimeError, match=r"^maximum recursion depth exceeded$"):
        bench.module("ure")["search"](pattern, "aab")
    assert [note.code for note in bench.notes] == ["regex-stack"]


# pattern, text, how, groups: what a build of 1.11 for 32 bits gives
FOUND = [
    ("a.*(b*?.)", "a ac__bacé 1", "search", ["a ac__bacé 1", "1"]),
    ("b(|1^).+ *?", "b\nbbac_a", "search", ["b\nbbac_a", ""]),
    ("\\S\\(?.*?(\\W?.b)", "ca dba baéb_", "match", ["ca db", " db"]),
    ("(.)+", "a--bééd-ca", "search", ["a--bééd-ca", "a"]),
    ("a(.b*)+? +", "c_\n- 1aé ", "search", ["aé ", "\ufffd"]),
    ("((?: +))?b*?.a", "-1 -a ", "search", [" -a", " "]),
    (".\\D1?(b? ??)", "\n\nbc1_a_b ", "search", ["\n\nb", "b"]),
    ("( .??)\\c*1+", "éc1-_-_1b b1", "search", [" b1", " b"]),
    (".+((\\b\\D)*a|)-", " 1éé-éb", "search", [" 1éé-", "", None]),
    ("(b??[^a]+a)b?", "_da\n1", "match", ["_da", "_da"]),
    ("(.)+?\\w?b", "babac\n1a11ca", "search", ["bab", "b"]),
    (".(b+.*)", "bb1\nbbbdb_b", "search", ["bb1\nbbbdb_b", "b1\nbbbdb_b"]),
    ("($..)*.a.", "b\naéc_aé", "search", ["\na\ufffd", None]),
    ("(a|ab)(c|bcd)(d*)", "abcd", "match", ["abcd", "a", "bcd", ""]),
    ("(?:(a)|b)*", "ab", "match", ["ab", "a"]),
    ("x*(x+)(x?)$", "xxxx", "search", ["xxxx", "x", ""]),
    ("[]a]", "a]", "search", None),
    ("[^]a", "xa", "search", ["xa"]),
    ("[c-a]", "abc", "search", None),
    ("a\0b", "a", "match", ["a"]),
    ("a*ab", "aaab", "match", ["aaab"]),
    (".*bc", "abcbc", "match", ["abcbc"]),
    (".*bc", "abcb", "match", ["abc"]),
    ("[a-c]+ca", "abcaca", "match", ["abcaca"]),
    ("a+aab", "aaab", "match", ["aaab"]),
    ("a+aab", "aab", "match", None),
]


@pytest.mark.parametrize(("pattern", "text", "how", "groups"), FOUND)
def test_what_is_found(pattern: str, text: str, how: str, groups: list[str | None] | None) -> None:
    found = Bench().module("ure")[how](pattern, text)
    assert (found and [found.group(number) for number in range(len(groups or ()))]) == groups


LISTING = """\
 0: rsplit 5 (3)
 2: any
 3: jmp 0 (-5)
 5: save 0
 7: assert bol
 8: save 2
10: split 16 (4)
12: char a
14: jmp 24 (8)
16: rsplit 24 (6)
18: classnot 1 0x62-0x64
22: jmp 16 (-8)
24: save 3
26: namedclass d
28: rsplit 26 (-4)
30: assert eol
31: save 1
33: match
Bytes: 34, insts: 18
"""


def test_debug_lists_the_code() -> None:
    bench = Bench()
    module = bench.module("ure")
    module["compile"]("^(a|[^b-d]*?)\\d+$", module["DEBUG"])
    assert bench.shown == [LISTING]


# pattern, what is repeated in the text, what follows, how often it can be repeated with 614 levels of the matcher's calls
# (measured on a build of 1.11 for 32 bits whose stack has room for so many)
DEEPEST = [
    ("a*", "a", "", 611),
    ("a+", "a", "", 612),
    ("(a)*", "a", "", 203),
    ("(?:a|b)*", "b", "", 610),
    ("(?:a|b)*", "a", "", 305),
    (".*x", "a", "x", 610),
    ("(a+)(a+)", "a", "", 609),
    ("(?:ab?)+", "a", "", 612),
    ("(a*)b", "a", "c", 610),
    ("[^,]*,", "a", ",", 611),
    ("(\\w+) (.*)", "a", " bbbb", 604),
    ("^(.*)$", "a", "", 609),
    ("x|a*", "a", "", 611),
    ("(?:(?:a*)b)*", "ab", "", 305),
]


@pytest.mark.parametrize(("pattern", "unit", "tail", "times"), DEEPEST)
def test_how_much_stack_open_choices_take(pattern: str, unit: str, tail: str, times: int) -> None:
    program = Program(pattern.encode())

    def find(count: int) -> None:
        program.find((unit * count + tail).encode(), 0, True, lambda: 614, lambda: None)

    find(times)
    with pytest.raises(Overflow):
        find(times + 1)


@pytest.mark.parametrize(
    ("pattern", "text"), [("a*?b", "a" * 9000 + "b"), ("x", "a" * 9000 + "x"), ("[^,]?,", "a" * 9000 + ",")]
)
def test_lazy_loops_and_searches_take_no_stack(pattern: str, text: str) -> None:
    bench = Bench()
    assert bench.module("ure")["search"](pattern, text).group(0).endswith(pattern[-1])
    assert bench.notes == []


@pytest.mark.parametrize(("board", "fits"), [("fipy", 300), ("sipy", 150)])
def test_a_greedy_loop_over_a_long_text(board: str, fits: int) -> None:
    search = Bench(board).module("ure")["search"]
    assert search("(.*)x", "a" * fits + "x").group(1) == "a" * fits
    with pytest.raises(RuntimeError, match=r"^maximum recursion depth exceeded$"):
        search("(.*)x", "a" * 2 * fits + "x")


def test_a_jump_that_does_not_fit_its_byte() -> None:
    bench = Bench()
    search = bench.module("ure")["search"]
    assert search("(?:" + "ab" * 31 + ")?c", "c").group(0) == "c"
    with pytest.raises(RuntimeError):
        search("(?:" + "ab" * 60 + ")?c", "c")
    assert [note.code for note in bench.notes] == ["regex-long"]


@pytest.mark.parametrize("pattern", ["(?:a+)+b", "(?:a|aa)+b", "(?:^)+?b"])
def test_a_pattern_that_takes_for_ever_can_be_ended(board: Board, pattern: str) -> None:
    load(board, f"import re\nprint('ready')\ntry:\n    re.match('{pattern}', 'a' * 60)\nexcept:\n    print('caught')\n")
    stopped_when_ready(board)


def test_ctrl_c_ends_a_pattern(board: Board) -> None:
    load(board, "import re\nprint('ready')\nre.match('(?:a+)+b', 'a' * 60)\n")
    seen = threading.Event()
    board.console.listen(lambda text: seen.set())
    board.start()
    assert seen.wait(NEVER)
    board.interrupt()
    assert board.wait(NEVER)
    assert board.console.text.endswith("KeyboardInterrupt: \n")


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
