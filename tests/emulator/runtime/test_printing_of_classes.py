"""How objects of the script's classes print (firmware: py/objtype.c, py/objlist.c); results of MicroPython 1.11."""

from __future__ import annotations

import pytest

from tests.emulator.conftest import RunScript

SCRIPTS = {
    "class L(list):\n    def __iter__(self): return iter([10])\nprint(L([1, 2]), [x for x in L([1, 2])])": "[1, 2] [10]\n",
    "class T(tuple):\n    def __iter__(self): return iter([10])\nprint(T((1, 2)))": "(1, 2)\n",
    "class A:\n    def f(self): return str(super())[:18]\nprint(A().f())": "<super: <class 'A'\n",
    "for text in ('micropython', 'micropython.a', 'micropython.native', 'micropython.bytecode.x', 'micropython.a()'):\n"
    "    try: exec('@%s\\ndef f(): pass' % text)\n"
    "    except SyntaxError as e: print(e)": "invalid micropython decorator\n" * 5,
    "import __main__\n__main__.x = 1\nprint(x, __main__)\ndel __main__.x\ntry: x\nexcept NameError as e: print(e)": (
        "1 <module '__main__'>\nname 'x' isn't defined\n"
    ),
    "@micropython.bytecode\ndef f(): return 1\nprint(f())": "1\n",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_as_on_the_board(run_script: RunScript, script: str) -> None:
    assert run_script(script).text == SCRIPTS[script]
