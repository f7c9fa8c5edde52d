"""Dicts and sets in the order of the board's hash table.

The results are what MicroPython 1.11 with the board's switches gave (firmware: py/map.c, py/objdict.c, py/objset.c).
"""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Board
from emulator.runtime.order import dicts, items, iterate, made_set
from emulator.runtime.order.table import SIZES, Table, next_size
from tests.emulator.conftest import RunScript

EXPRESSIONS = {
    "{'a': 1, 'b': 2, 'c': 3, 'foo': 4, 'bar': 5}": "{'b': 2, 'bar': 5, 'a': 1, 'foo': 4, 'c': 3}",
    "{'ssid': 'x', 'auth': (3, 'y'), 'channel': 6, 'antenna': None}": "{'ssid': 'x', 'auth': (3, 'y'), 'channel': 6, 'antenna': None}",
    "{1: 'a', 0: 'b', -1: 'c', 100: 'd'}": "{0: 'b', 1: 'a', 100: 'd', -1: 'c'}",
    "{0.1: 1, 0.2: 2, 1.7: 3, -5.5: 4}": "{0.1: 1, 0.2: 2, 1.7: 3, -5.5: 4}",
    "[hash(x) for x in (1.5, 0.5, -2.7, 1e9, -1.0, 1.5j, 1 + 2j)]": "[1, 0, -2, 1000000000, -1, 1, 3]",
    "{True: 1, 2.0: 2, b'x': 3, 'x': 4}": "{'x': 4, True: 1, 2.0: 2, b'x': 3}",
    "{}": "{}",
    "dict(a=1, b=2, zz=3, foo=4)": "{'a': 1, 'zz': 3, 'foo': 4, 'b': 2}",
    "dict([(k, 0) for k in 'hello'])": "{'e': 0, 'h': 0, 'l': 0, 'o': 0}",
    "dict({'one': 1, 'two': 2, 'three': 3})": "{'one': 1, 'two': 2, 'three': 3}",
    "{}.fromkeys('hello')": "{'h': None, 'l': None, 'e': None, 'o': None}",
    "{}.fromkeys([1, 2, 3])": "{3: None, 1: None, 2: None}",
    "{k: 1 for k in ('one', 'two', 'three', 'four', 'five')}": "{'five': 1, 'four': 1, 'one': 1, 'three': 1, 'two': 1}",
    "list({'a': 1, 'b': 2, 'c': 3})": "['b', 'c', 'a']",
    "list({'a': 1, 'b': 2, 'c': 3}.items())": "[('b', 2), ('c', 3), ('a', 1)]",
    "list({'a': 1, 'b': 2, 'c': 3}.values())": "[2, 3, 1]",
    "{'a': 1, 'b': 2, 'c': 3}.keys()": "dict_keys(['b', 'c', 'a'])",
    "sorted({'a': 1, 'b': 2, 'c': 3})": "['a', 'b', 'c']",
    "','.join({'a': 1, 'b': 2, 'c': 3})": "b,c,a",
    "max({'a': 1, 'b': 2, 'c': 3}.items())": "('c', 3)",
    "{'x', 'y', 'hello', 'world'}": "{'y', 'x', 'world', 'hello'}",
    "{3, 1, 2}": "{3, 1, 2}",
    "set('hello world')": "{'e', 'l', 'o', 'w', 'd', ' ', 'h', 'r'}",
    "frozenset('abcab')": "frozenset({'a', 'c', 'b'})",
    "{i * i for i in range(10)}": "{0, 1, 49, 81, 4, 25, 16, 36, 64, 9}",
    "{'x', 'y', 'hello'} | {1, 2}": "{1, 'y', 'x', 2, 'hello'}",
    "{'x', 'y', 'hello', 'world'} - {'y'}": "{'x', 'world', 'hello'}",
    "{'x', 'y', 'hello', 'world'} & {'y', 'world'}": "{'y', 'world'}",
    "{'x', 'y', 'hello', 'world'} ^ {'y', 'q'}": "{'q', 'x', 'world', 'hello'}",
    "[hash('abc'), hash(b'abc'), hash(5), hash(-5), hash(True), hash(2.0), hash(2**40), hash(-2**40 - 7), hash('')]": "[12933, 12933, 5, -5, 1, 2, 0, -7, 5381]",
}

PROGRAMS = {
    "d = {}\nfor i in range(20): d['k%d' % i] = i\nprint(d)\ndel d['k3']\nd['zz'] = 1\nprint(d)": "{'k11': 11, 'k10': 10, 'k12': 12, 'k17': 17, 'k18': 18, 'k19': 19, 'k8': 8, 'k9': 9, 'k6': 6, 'k7': 7, 'k4': 4, 'k5': 5, 'k2': 2, 'k3': 3, 'k0': 0, 'k16': 16, 'k15': 15, 'k14': 14, 'k13': 13, 'k1': 1}\n{'k11': 11, 'k10': 10, 'k12': 12, 'k17': 17, 'k18': 18, 'k19': 19, 'zz': 1, 'k8': 8, 'k9': 9, 'k6': 6, 'k7': 7, 'k4': 4, 'k5': 5, 'k2': 2, 'k0': 0, 'k16': 16, 'k15': 15, 'k14': 14, 'k13': 13, 'k1': 1}\n",
    "d = {'a': 1, 'b': 2, 'c': 3}\nprint(d.popitem(), d.popitem())\nd['new'] = 2\nprint(d)": "('b', 2) ('c', 3)\n{'new': 2, 'a': 1}\n",
    "d = {'a': 1, 'b': 2, 'c': 3, 'd': 4}\nd.pop('c')\nd['e'] = 5\nd['f'] = 6\nprint(d, d.copy(), dict(d))": "{'b': 2, 'f': 6, 'a': 1, 'e': 5, 'd': 4} {'b': 2, 'f': 6, 'a': 1, 'e': 5, 'd': 4} {'d': 4, 'f': 6, 'a': 1, 'e': 5, 'b': 2}\n",
    "d = {1: 1, 2: 2, 3: 3, 4: 4}\nd.clear()\nd.update({9: 1, 5: 2, 1: 3})\nprint(d)": "{1: 3, 9: 1, 5: 2}\n",
    "a, b, c = {'one': 1, 'two': 2, 'three': 3}\nprint(a, b, c)": "three one two\n",
    "def f(*args): print(args)\nf(*{'one': 1, 'two': 2, 'three': 3})": "('three', 'one', 'two')\n",
    "for k, v in {'one': 1, 'two': 2, 'three': 3}.items(): print(k, v)": "three 3\none 1\ntwo 2\n",
    "s = set()\nfor w in ('q', 'w', 'e', 'r', 't', 'y', 'u'): s.add(w)\nprint(s)\ns.discard('e')\ns.add('z')\nprint(s, s.pop(), s)": "{'e', 't', 'w', 'u', 'q', 'y', 'r'}\n{'t', 'w', 'u', 'q', 'y', 'r'} z {'t', 'w', 'u', 'q', 'y', 'r'}\n",
    "s = {1, 9, 17, 25, 33}\ns.remove(9)\ns.update([41, 2], (3,))\nprint(s, s.copy(), s.union([0]))": "{41, 25, 1, 33, 2, 17, 3} {41, 25, 1, 33, 2, 17, 3} {0, 41, 25, 1, 33, 2, 17, 3}\n",
    "s = {1, 2, 3, 4}\ns |= {10, 20}\ns -= {1}\ns ^= {2, 5}\nprint(s)\ns &= {20, 10, 5, 3}\nprint(s)": "{20, 5, 3, 4, 10}\n{20, 5, 10, 3}\n",
    "d = {'a': 1, 'b': 2, 'c': 3}\ns = {'a', 'b', 'c'}\nprint(type(d), type(s), d.__class__, s.__class__ is set, isinstance(d, dict), type(d) is dict)": "<class 'dict'> <class 'set'> <class 'dict'> True True True\n",
    "d = {'a': 1, 'b': 2, 'c': 3}\nfor k in d:\n    if k == 'a': del d['b']\nprint(d)\ntry:\n    del d['zz']\nexcept KeyError as e: print(repr(e))": "{'c': 3, 'a': 1}\nKeyError('zz',)\n",
}


def test_expressions(run_script: RunScript) -> None:
    script = "\n".join(f"print({expression})" for expression in EXPRESSIONS)
    shown = run_script(script).text.splitlines()
    assert dict(zip(EXPRESSIONS, shown, strict=True)) == EXPRESSIONS


@pytest.mark.parametrize("script", PROGRAMS)
def test_programs(run_script: RunScript, script: str) -> None:
    assert run_script(script).text == PROGRAMS[script]


def test_sizes() -> None:
    assert [next_size(size) for size in (0, 1, 2, 3, 11, 12, 13, 54906)] == [2, 2, 4, 4, 12, 17, 17, 54907]
    assert next_size(54907) == 82363
    assert list(SIZES) == sorted(SIZES)


KEYS = st.one_of(st.text(max_size=3), st.integers(), st.booleans(), st.binary(max_size=3), st.floats(allow_nan=False))


@given(st.lists(st.tuples(st.sampled_from(["set", "delete", "pop", "take", "copy", "clear"]), KEYS)), st.integers(0, 5))
def test_a_dict_is_never_other_than_its_order(steps: list[tuple[str, Any]], size: int) -> None:
    """Whatever is done, the table and the dict hold the same; and a table kept all along says the same as one made late."""
    of: dict[Any, Any] = dicts.display({}, size) if size > 2 else {}
    table = Table(size if size > 2 else 0)
    for what, key in steps:
        if what == "set":
            of[key] = what
            table.insert(key)
        elif what == "delete" and key in of:
            dicts.deleted(of, key)
            del of[key]
            table.delete(key)
        elif what == "pop" and of:
            key = next(iter(iterate(of)))
            dicts.deleted(of, key)
            del of[key]
            table.delete(key)
        elif what == "take" and of:
            key = next(iter(iterate(of)))
            dicts.taken(of, key)
            del of[key]
            table.take_item(key)
        elif what == "copy":
            of = dicts.copied(of)
        elif what == "clear":
            dicts.cleared(of)
            of.clear()
            table.clear()
        assert list(iterate(of)) == table.keys()
        assert list(iterate(of.values())) == [of[key] for key in table.keys()]  # noqa: SIM118
        assert list(items(of)) == [(key, of[key]) for key in table.keys()]  # noqa: SIM118


@given(st.lists(st.tuples(st.booleans(), KEYS)))
def test_a_set_holds_what_its_table_holds(steps: list[tuple[bool, Any]]) -> None:
    found = made_set(())
    table = Table()
    plain: set[Any] = set()
    for add, item in steps:
        if add:
            found.add(item)
            plain.add(item)
            table.insert(item)
        else:
            found.discard(item)
            plain.discard(item)
            table.delete(item)
    assert found == plain
    assert list(found) == table.keys()


def test_equal_keys_of_other_types_stay_what_they_are() -> None:
    assert [repr(key) for key in iterate({True: 1, 0: 2})] == ["0", "True"]
    assert [repr(key) for key in iterate({1: 1, False: 2})] == ["False", "1"]


def test_large_dicts_keep_a_table(run_script: RunScript) -> None:
    script = "d = {}\nfor i in range(3000): d['k%d' % i] = i\nfor k in range(3):\n    print(list(d)[:3], len(list(d.items())))"
    lines = run_script(script).text.splitlines()
    assert len(lines) == 3
    assert len(set(lines)) == 1


def test_dicts_with_deletions_are_let_go(board: Board) -> None:
    class Key:
        pass

    key = Key()
    gone = weakref.ref(key)
    of = {key: 1, "a": 2}
    dicts.deleted(of, "a")
    del of["a"]
    assert len(dicts.kept) > 0
    del of, key
    dicts.kept.sweep()
    gc.collect()
    assert gone() is None
