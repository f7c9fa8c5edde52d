"""Builtins, classes and attributes as a script meets them."""

from __future__ import annotations

import pytest

from tests.emulator.conftest import RunScript

SCRIPTS = {
    "a builtin is replaced for the whole script and comes back when deleted": (
        "import builtins\nbuiltins.abs = lambda x: 'mine'\nprint(abs(-1))\ndel builtins.abs\nprint(abs(-1))\n",
        "mine\n1\n",
    ),
    "a new builtin is a name everywhere": ("import builtins\nbuiltins.zz = 5\nprint(zz)\n", "5\n"),
    "class names": (
        "class A:\n def f(self): pass\nprint(A.__name__, A.__qualname__, A.__module__, A().__module__)\n",
        "A A __main__ __main__\n",
    ),
    "several bases are searched in depth": (
        "class X:\n def f(self): return 'X'\nclass Y(X): pass\nclass Z(X):\n def f(self): return 'Z'\n"
        "class W(Y, Z): pass\nprint(W().f(), type(W), W.__class__)\n",
        "X <class 'type'> <class 'type'>\n",
    ),
    "object before another base": ("class A:\n x = 1\nclass B(object, A): pass\nprint(B().x)\n", "1\n"),
    "a subclass inherits what the board's type has": (
        "class L(list): pass\nl = L([3, 1, 2])\nl.sort()\nprint(l, hasattr(l, 'title'), hasattr(l, 'sort'))\n"
        "class S(str): pass\ntry:\n S('a').title()\nexcept AttributeError as e:\n print(e)\n",
        "[1, 2, 3] False True\n'S' object has no attribute 'title'\n",
    ),
    "a method of the script's with a name that str lacks": (
        "class C:\n def title(self): return 'T'\n def format(self, x): return x\nprint(C().title(), C().format(5))\n",
        "T 5\n",
    ),
    "a class that answers for any name": (
        "class G:\n def __getattr__(self, n): return n\nprint(G().title, G().__len__, G().__name__)\n",
        "title __len__ __name__\n",
    ),
    "pend_throw": (
        "def g():\n try:\n  yield 1\n  yield 2\n except ValueError as e:\n  print('got', e)\n  yield 3\n"
        "i = g()\ntry:\n i.pend_throw(ValueError(1))\nexcept TypeError as e:\n print(e)\n"
        "next(i)\nprint(i.pend_throw(ValueError(2)))\nprint(next(i))\n",
        "can't pend throw to just-started generator\nNone\ngot 2\n3\n",
    ),
    "throw": (
        "def g(): yield 1\ntry:\n g().throw(1)\nexcept TypeError as e:\n print(e)\n"
        "try:\n g().throw(ValueError, None, 3)\nexcept ValueError as e:\n print(repr(e))\n",
        "exceptions must derive from BaseException\nValueError()\n",
    ),
    "print to an object that is no stream": (
        "class F:\n def write(self, x): pass\ntry:\n print(1, file=F())\nexcept OSError as e:\n print(e)\n",
        "stream operation not supported\n",
    ),
    "iterators nested too deep": (
        "x = (1, 2)\ntry:\n for i in range(2400):\n  x = enumerate(x)\n tuple(x)\nexcept RuntimeError as e:\n print(e)\n",
        "maximum recursion depth exceeded\n",
    ),
    "locals of a function are the globals": ("def f():\n a = 1\n return 'f' in locals()\nprint(f())\n", "True\n"),
    "exec in spaces of its own": ("d = {}\nexec('x = 5', d)\nprint(d['x'])\n", "5\n"),
    "a list over the heap": (
        "try:\n [].extend(range(1000000000))\nexcept MemoryError as e:\n print(e)\n",
        "memory allocation failed, allocating 2097152 bytes\n",
    ),
    "a stream and a queue over the heap of this board": (
        "from uio import BytesIO\nfrom ucollections import deque\n"
        "for make in (lambda: BytesIO(3 << 20), lambda: deque((), 700000)):\n"
        " try:\n  make()\n except MemoryError as e:\n  print(e)\n",
        "memory allocation failed, allocating 3145728 bytes\nmemory allocation failed, allocating 2800004 bytes\n",
    ),
}


@pytest.mark.parametrize(("script", "printed"), SCRIPTS.values(), ids=SCRIPTS)
def test_script(script: str, printed: str, run_script: RunScript) -> None:
    assert run_script(script).text == printed
