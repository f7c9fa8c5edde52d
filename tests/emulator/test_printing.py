"""How objects print, and the board's words for what CPython says (firmware: py/obj.c, py/objcomplex.c, py/objstringio.c)."""

from __future__ import annotations

import re

import pytest

from emulator.runtime.messages import board_message
from emulator.runtime.printing import complex_repr
from tests.emulator.conftest import RunScript


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1j, "1j"),
        (complex(0, -2.5), "-2.5j"),
        (-1j, "-1j"),
        (complex(1, 2), "(1+2j)"),
        (complex(1, -2), "(1-2j)"),
        (complex(0.5403022766113281, 0.8414709568023682), "(0.5403023+0.8414709j)"),
        (complex(1e10, 1e-10), "(1e+10+1e-10j)"),
        (complex(float("inf"), float("nan")), "(inf+nanj)"),
        (complex(1, float("-inf")), "(1-infj)"),
        (complex(1, -1e-60), "(1+-0j)"),
        (complex(1e-60, 3), "3j"),
    ],
    ids=str,
)
def test_complex_numbers_have_seven_digits(number: complex, text: str) -> None:
    assert complex_repr(number) == text


NATIVE_OBJECTS = {
    "lock": ("__import__('_thread').allocate_lock()", r"<lock>"),
    "hash": ("__import__('uhashlib').sha256()", r"<sha256>"),
    "WLAN": ("__import__('network').WLAN()", r"<WLAN>"),
    "socket": ("__import__('usocket').socket()", r"<socket>"),
    "deque": ("__import__('ucollections').deque((), 2)", r"<deque>"),
    "StringIO": ("__import__('uio').StringIO('x')", r"<io\.StringIO 0x3f[0-9a-f]{6}>"),
    "BytesIO": ("[__import__('uio').BytesIO()]", r"\[<io\.BytesIO 0x3f[0-9a-f]{6}>\]"),
    "method of a list": ("[].append", r"<bound_method>"),
    "reversed": ("reversed([])", r"<reversed>"),
    "iterator of a dict": ("iter({})", r"<iterator>"),
    "type of a module": ("type(__import__('usocket'))", r"<class 'module'>"),
    "type of a function": ("type(len)", r"<class 'function'>"),
    "type of a view": ("type({}.keys())", r"<class 'dict_view'>"),
}


@pytest.mark.parametrize(("expression", "pattern"), NATIVE_OBJECTS.values(), ids=NATIVE_OBJECTS)
def test_native_objects(run_script: RunScript, expression: str, pattern: str) -> None:
    text = run_script(f"print({expression})").text
    assert re.fullmatch(pattern + "\n", text), text


def test_an_object_of_the_script_prints_with_its_address(run_script: RunScript) -> None:
    text = run_script("class lock:\n    pass\nprint(lock(), lock)").text
    assert re.fullmatch(r"<lock object at 3f[0-9a-f]{6}> <class 'lock'>\n", text), text


MESSAGES = {
    "calling a module": ("import usocket\nusocket()", "TypeError: 'module' object isn't callable"),
    "adding to a module": ("import usocket\nusocket + 1", "TypeError: unsupported types for __add__: 'module', 'int'"),
    "adding to an iterator": ("iter([]) + 1", "TypeError: unsupported types for __add__: 'iterator', 'int'"),
    "calling a view": ("{}.values()()", "TypeError: 'dict_view' object isn't callable"),
    "calling Ellipsis": ("...()", "TypeError: '' object isn't callable"),
    "list + int": ("[] + 1", "TypeError: unsupported types for __add__: 'list', 'int'"),
    "tuple + list": ("() + []", "TypeError: unsupported types for __add__: 'tuple', 'list'"),
    "bytes + int": ("b'' + 1", "TypeError: unsupported types for __add__: 'bytes', 'int'"),
    "bytearray + int": ("bytearray() + 1", "TypeError: object with buffer protocol required"),
    "native function": ("len()", "TypeError: function takes 1 positional arguments but 0 were given"),
    "native function, too many": ("len('', 2)", "TypeError: function takes 1 positional arguments but 2 were given"),
    "native method": ("[].append()", "TypeError: function takes 2 positional arguments but 1 were given"),
    "method without arguments": ("{}.keys(1)", "TypeError: function takes 1 positional arguments but 2 were given"),
    "a name that is also a type of the host": ("print(method)", "NameError: name 'method' isn't defined"),
    "an attribute of that name": (
        "class A:\n    pass\nA().coroutine",
        "AttributeError: 'A' object has no attribute 'coroutine'",
    ),
    "a module of that name": ("import ellipsis", "ImportError: no module named 'ellipsis'"),
    "an argument of that name": (
        "def f():\n    pass\nf(method=1)",
        "TypeError: unexpected keyword argument 'method'",
    ),
}


@pytest.mark.parametrize(("script", "last_line"), MESSAGES.values(), ids=MESSAGES)
def test_messages(run_script: RunScript, script: str, last_line: str) -> None:
    assert run_script(script).text.splitlines()[-1] == last_line


@pytest.mark.parametrize("text", ["", "x takes exactly", "must be 'method'", "f() takes exactly one argument"])
def test_a_message_of_the_script_stays(text: str) -> None:
    assert board_message(TypeError(text), text) == text
