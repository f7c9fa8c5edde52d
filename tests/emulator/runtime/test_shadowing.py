"""Scripts that give the names of builtins to something else, and instances of classes built on native types.

The tables are what MicroPython 1.11 with the board's switches prints.
"""

from __future__ import annotations

import pytest

from tests.emulator.conftest import RunScript

SHADOWS: dict[str, tuple[str, str]] = {
    "exceptions": (
        "NameError = KeyError = None\nx = 1\ndel x\ntry:\n    del x\nexcept Exception as e: print(repr(e))",
        "KeyError('x',)",
    ),
    "exec and globals": (
        "exec = globals = None\ndef f():\n    from ustruct import *\n    return calcsize('H')\nprint(f())",
        "2",
    ),
    "isinstance in __eq__": (
        "def isinstance(a, b): return 'x'\nclass P:\n    def __eq__(self, o): return isinstance(o, P)\nprint(P() == 3)",
        "False",
    ),
    "bool in __eq__": (
        "bool = lambda x: 'b'\nclass E:\n    def __eq__(self, o): return bool(1)\nprint(E() == 1, E() != 1)",
        "False True",
    ),
    "zip": (
        "def zip(*a): return {3: 1, 1: 2}\nfor q in zip(): print(q)\nprint([q for q in zip()])",
        "1\n3\n[1, 3]",
    ),
    "a later map": (
        "def f(): return [k for k in map(1, 2)]\nmap = lambda f, x: {3: f, 2: x, 1: 0}\nprint(f())",
        "[3, 1, 2]",
    ),
    "range": ("def range(n): return [n, n]\nprint([x for x in range(5)])\nfor i in range(2): print(i)", "[5, 5]\n0\n1"),
    "type and int": (
        "def f(type, int, x): return x % 3, 1 << x, '%d' % x, type, int\nprint(f(5, 6, 7))",
        "(1, 128, '7', 5, 6)",
    ),
    "__doc__": ('"""text"""\nprint(sorted(k for k in globals() if k[0] == "_"))', "['__name__']"),
    "struct": (
        "import ustruct as struct\nclass Z:\n    def pack(self, f, *a): return f, a\nstruct = Z()\n"
        "for i in range(20): r = struct.pack('>H', i)\nprint(r)",
        "('>H', (19,))",
    ),
}


@pytest.mark.parametrize("name", SHADOWS)
def test_a_script_gives_the_name_of_a_builtin_to_something_else(name: str, run_script: RunScript) -> None:
    script, shown = SHADOWS[name]
    assert run_script(script).text == f"{shown}\n"


CLASSES = "class I(int): pass\nclass S(str): pass\nclass L(list): pass\nclass F(float): pass\nclass D(dict): pass\n"
EXPRESSIONS: dict[str, str] = {
    "'%d' % I(5)": "5",
    "'{}'.format(I(5))": "5",
    "'{!s:3}|'.format(S('q'))": "q  |",
    "'%c' % (I(65),)": "TypeError('integer needed',)",
    "'%f' % I(5)": 'TypeError("can\'t convert I to float",)',
    "'{:d}'.format(I(5))": "ValueError(\"unknown format code 'd' for object of type 'I'\",)",
    "'{:5}'.format(I(5))": "TypeError(\"can't convert 'I' object to str implicitly\",)",
    "'{:5}'.format(S('q'))": "TypeError(\"can't convert 'S' object to str implicitly\",)",
    "'%d' % F(2.5)": 'TypeError("can\'t convert float to int",)',
    "'%d' % S('5')": 'TypeError("can\'t convert str to int",)',
    "int(S('5'))": 'TypeError("can\'t convert str to int",)',
    "int(L([1]))": 'TypeError("can\'t convert list to int",)',
    "chr(D())": 'TypeError("can\'t convert dict to int",)',
    "bytes(S('q'))": "b'q'",
    "divmod(L(), 2)": "TypeError(\"unsupported types for __divmod__: 'list', 'int'\",)",
    "'%c' % (2**31,)": "OverflowError('overflow converting long int to machine word',)",
    "'{:c}'.format(2**62)": "OverflowError('overflow converting long int to machine word',)",
    "'%*d' % (2**31, 1)": "OverflowError('overflow converting long int to machine word',)",
    "'{:,} {:,}'.format(10**8, 10**11)": "100,000,000 ,100,000,000,000",
    "(True & True, (1 < 2) | (3 < 2), True & 1)": "(1, 1, 1)",
    "True in True": "TypeError(\"unsupported types for __contains__: 'int', 'int'\",)",
    "5 in 2**40": "TypeError(\"'int' object isn't iterable\",)",
    "1j - 'a'": 'TypeError("can\'t convert str to complex",)',
    "5 // 1j": 'TypeError("can\'t truncate-divide a complex number",)',
    "2.0 ** -10**400": "0.0",
    "(-2.0) ** (10**400 + 1)": "inf",
    "len(str(eval('1' + '0' * 5000)))": "5001",
    "__import__('ujson').loads('1' + '0' * 5000) == 10**5000": "True",
}


def test_odd_operands(run_script: RunScript) -> None:
    script = CLASSES + "".join(
        f"try: print({expression})\nexcept Exception as e: print(repr(e))\n" for expression in EXPRESSIONS
    )
    assert dict(zip(EXPRESSIONS, run_script(script).text.splitlines(), strict=True)) == EXPRESSIONS
