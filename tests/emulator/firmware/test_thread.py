"""``_thread``: threads and locks."""

from __future__ import annotations

import re

import pytest

from tests.emulator.conftest import RunScript
from tests.emulator.firmware.facts import each_alone, nothing_of_ours

FACTS = {
    "arguments of a tuple's subclass": (
        "_thread.start_new_thread(print, __import__('ucollections').namedtuple('A', 'a')(1))",
        "TypeError(\"object 'A' isn't a tuple or list\",)",
    ),
    "__exit__ count": (
        "_thread.allocate_lock().__exit__()",
        "TypeError('function takes 4 positional arguments but 1 were given',)",
    ),
    "hash of a lock": (
        "hash(_thread.allocate_lock())",
        "TypeError(\"unsupported type for __hash__: 'lock'\",)",
    ),
    "LockType": ("_thread.LockType()", "TypeError(\"cannot create 'lock' instances\",)"),
    "a lock from its type": ("type(_thread.allocate_lock())()", "TypeError(\"cannot create 'lock' instances\",)"),
    "free": ("_thread.allocate_lock().locked()", "False"),
    "release of a free lock": ("_thread.allocate_lock().release()", "RuntimeError()"),
    "acquire twice": (
        "(lambda l: (l.acquire(), l.acquire(0), l.acquire(False, 5), l.locked()))(_thread.allocate_lock())",
        "(True, False, False, True)",
    ),
    "acquire ignores the timeout": ("_thread.allocate_lock().acquire(1, 'x')", "True"),
    "acquire None": ("_thread.allocate_lock().acquire(None)", 'TypeError("can\'t convert NoneType to int",)'),
    "acquire str": ("_thread.allocate_lock().acquire('a')", 'TypeError("can\'t convert str to int",)'),
    "acquire count": (
        "_thread.allocate_lock().acquire(1, 2, 3)",
        "TypeError('function expected at most 3 arguments, got 4',)",
    ),
    "acquire keyword": (
        "_thread.allocate_lock().acquire(timeout=1)",
        'TypeError("function doesn\'t take keyword arguments",)',
    ),
    "release count": (
        "_thread.allocate_lock().release(1)",
        "TypeError('function takes 1 positional arguments but 2 were given',)",
    ),
    "setting an attribute": (
        "setattr(_thread.allocate_lock(), 'x', 1)",
        "AttributeError(\"'lock' object has no attribute 'x'\",)",
    ),
    "start_new_thread count": (
        "_thread.start_new_thread(print)",
        "TypeError('function missing 1 required positional arguments',)",
    ),
    "start_new_thread args": (
        "_thread.start_new_thread(print, 5)",
        "TypeError(\"object 'int' isn't a tuple or list\",)",
    ),
    "start_new_thread kwargs": (
        "_thread.start_new_thread(print, (), 5)",
        "TypeError('expecting a dict for keyword args',)",
    ),
    "start_new_thread kwargs None": (
        "_thread.start_new_thread(print, (), None)",
        "TypeError('expecting a dict for keyword args',)",
    ),
    "start_new_thread keyword": (
        "_thread.start_new_thread(print, args=())",
        'TypeError("function doesn\'t take keyword arguments",)',
    ),
    "stack_size": (
        "[_thread.stack_size(n) for n in (100, 8192)] + [_thread.stack_size(), _thread.stack_size()]",
        "[0, 100, 8192, 0]",
    ),
    "stack_size type": ("_thread.stack_size('a')", 'TypeError("can\'t convert str to int",)'),
    "get_ident": ("_thread.get_ident() == _thread.get_ident() > 0", "True"),
}

test_fact = each_alone("_thread", FACTS)
test_nothing_of_ours_is_in_sight = nothing_of_ours(
    "_thread", ["_thread.allocate_lock()", "_thread.LockType", "__import__('uqueue').Queue()", "_thread"]
)


THREADS = {
    "keywords": (
        "l.acquire(); _thread.start_new_thread(f, (1,), {'b': 2})",
        "def f(a, b):\n    print(a, b)\n    l.release()",
        "1 2\n",
    ),
    "a list": ("l.acquire(); _thread.start_new_thread(f, [1])", "def f(a):\n    print(a)\n    l.release()", "1\n"),
    "exit is silent": ("_thread.start_new_thread(f, ())", "def f():\n    _thread.exit()", ""),
    "with": (
        "_thread.start_new_thread(f, ())",
        "def f():\n    with l:\n        print(l.locked())\n    print(l.locked())",
        "True\nFalse\n",
    ),
}


@pytest.mark.parametrize(("call", "function", "text"), THREADS.values(), ids=THREADS.keys())
def test_threads(run_script: RunScript, call: str, function: str, text: str) -> None:
    assert run_script(f"import _thread\nl = _thread.allocate_lock()\n{function}\n{call}").text == text


UNHANDLED = {
    "in the function": (
        "def f():\n    1 // 0\n_thread.start_new_thread(f, ())",
        r"<function f at 0x[0-9a-f]{8}>",
        ['  File "main.py", line 3, in f', "ZeroDivisionError: divide by zero"],
    ),
    "deeper": (
        "def g():\n    raise OSError(2)\ndef f():\n    g()\n_thread.start_new_thread(f, ())",
        r"<function f at 0x[0-9a-f]{8}>",
        ['  File "main.py", line 5, in f', '  File "main.py", line 3, in g', "OSError: [Errno 2] ENOENT"],
    ),
    "a method": (
        "class A:\n    def f(self):\n        self.x\n_thread.start_new_thread(A().f, ())",
        r"<bound_method>",
        ['  File "main.py", line 4, in f', "AttributeError: 'A' object has no attribute 'x'"],
    ),
    "a lambda": (
        "_thread.start_new_thread(lambda: [][0], ())",
        r"<function <lambda> at 0x[0-9a-f]{8}>",
        ['  File "main.py", line 2, in <lambda>', "IndexError: list index out of range"],
    ),
    "wrong arguments": (
        "def f(a, b): pass\n_thread.start_new_thread(f, (1,))",
        r"<function f at 0x[0-9a-f]{8}>",
        ["TypeError: function takes 2 positional arguments but 1 were given"],
    ),
    "no function": ("_thread.start_new_thread(5, ())", "5", ["TypeError: 'int' object isn't callable"]),
    "too deep": (
        "def f():\n    f()\n_thread.start_new_thread(f, ())",
        r"<function f at 0x[0-9a-f]{8}>",
        ["RuntimeError: maximum recursion depth exceeded"],
    ),
}


@pytest.mark.parametrize(("script", "function", "ending"), UNHANDLED.values(), ids=UNHANDLED)
def test_an_exception_ends_only_its_thread(
    run_script: RunScript, script: str, function: str, ending: list[str]
) -> None:
    result = run_script(f"import _thread\n{script}\nprint('main')")
    lines = result.text.splitlines()
    lines.remove("main")
    assert result.exit_code == 0
    assert re.fullmatch(f"Unhandled exception in thread started by {function}", lines[0]), lines[0]
    if len(ending) > 1:
        assert lines[1] == "Traceback (most recent call last):"
    assert lines[-len(ending) :] == ending


def test_threads_outlive_main(run_script: RunScript) -> None:
    script = "import _thread, utime\ndef f():\n    utime.sleep_ms(30)\n    print('later')\n_thread.start_new_thread(f, ())\nprint('main')"
    assert run_script(script).text == "main\nlater\n"


SILENT = ["_thread.exit()", "raise SystemExit", "import sys; sys.exit(3)"]


@pytest.mark.parametrize("statement", SILENT)
def test_leaving_a_thread_is_silent(run_script: RunScript, statement: str) -> None:
    result = run_script(f"import _thread\ndef f():\n    {statement}\n_thread.start_new_thread(f, ())")
    assert (result.text, result.exit_code) == ("", 0)


def test_a_lock_is_held_while_its_holder_has_ended(run_script: RunScript) -> None:
    script = (
        "import _thread\na, b = _thread.allocate_lock(), _thread.allocate_lock()\nb.acquire()\n"
        "def f():\n    a.acquire()\n    b.release()\n_thread.start_new_thread(f, ())\nb.acquire()\nprint(a.locked())"
    )
    assert run_script(script).text == "True\n"


MEMORY = {
    "many": "for n in range(99): _thread.start_new_thread(f, ())",
    "large": "_thread.stack_size(1 << 20)\n    _thread.start_new_thread(f, ())",
}


@pytest.mark.parametrize("statements", MEMORY.values(), ids=MEMORY)
def test_more_stacks_than_the_memory_holds(run_script: RunScript, statements: str) -> None:
    script = (
        "import _thread\nl = _thread.allocate_lock()\nl.acquire()\ndef f():\n    with l: pass\n"
        f"try:\n    {statements}\nexcept MemoryError as e:\n    print(repr(e))\nl.release()"
    )
    assert run_script(script).text == 'MemoryError("can\'t create thread",)\n'


def test_a_larger_stack_lets_a_thread_call_deeper(run_script: RunScript) -> None:
    script = (
        "import _thread\nl = _thread.allocate_lock()\nl.acquire()\n"
        "def f(n):\n    try:\n        return f(n + 1)\n    except RuntimeError:\n        return n\n"
        "def run(): print(f(0)); l.release()\n"
        "_thread.start_new_thread(run, ())\nl.acquire()\n_thread.stack_size(40000)\n_thread.start_new_thread(run, ())\nl.acquire()"
    )
    small, large = (int(line) for line in run_script(script).text.split())
    assert 5 < small < 40 < large
