"""``pycom``: LED and non-volatile storage."""

from __future__ import annotations

import pytest

from emulator import api
from emulator.runtime.printing import Printer
from tests.emulator.conftest import RunScript

FACTS = {
    "heartbeat at first": ("pycom.heartbeat()", "True"),
    "rgbled under the heartbeat": ("pycom.rgbled(0xFF)", "OSError('the requested operation is not possible',)"),
    "rgbled read under the heartbeat": ("pycom.rgbled()", "OSError('the requested operation is not possible',)"),
    "rgbled": (
        "(pycom.heartbeat(False), pycom.heartbeat(), pycom.rgbled(0x123456), pycom.rgbled())",
        "(None, False, None, 1193046)",
    ),
    "rgbled type": ("(pycom.heartbeat(0), pycom.rgbled('a'))", 'TypeError("can\'t convert str to int",)'),
    "rgbled huge": (
        "(pycom.heartbeat(0), pycom.rgbled(1 << 31))",
        "OverflowError('overflow converting long int to machine word',)",
    ),
    "rgbled count": ("pycom.rgbled(1, 2)", "TypeError('function expected at most 1 arguments, got 2',)"),
    "int": ("(pycom.nvs_set('k', 7), pycom.nvs_get('k'))", "(None, 7)"),
    "int is signed": ("(pycom.nvs_set('k', 2147483648), pycom.nvs_get('k'))", "(None, -2147483648)"),
    "int below 0": ("(pycom.nvs_set('k', -1), pycom.nvs_get('k'))", "(None, -1)"),
    "int is cut": ("(pycom.nvs_set('k', (1 << 40) + 3), pycom.nvs_get('k'))", "(None, 3)"),
    "str": ("(pycom.nvs_set('k', 'v'), pycom.nvs_get(b'k'))", "(None, 'v')"),
    "bytes come back as str": ("(pycom.nvs_set('k', b'v'), pycom.nvs_get('k'))", "(None, 'v')"),
    "text to the first NUL": ("(pycom.nvs_set('k', 'a\\0b'), pycom.nvs_get('k'))", "(None, 'a')"),
    "longest": ("(pycom.nvs_set('k', 'x' * 1983), len(pycom.nvs_get('k')))", "(None, 1983)"),
    "too long": ("pycom.nvs_set('k', 'x' * 1984)", "ValueError('value too long (max: 1984)',)"),
    "too long behind a NUL": ("(pycom.nvs_set('k', 'a\\0' + 'x' * 3000), pycom.nvs_get('k'))", "(None, 'a')"),
    "value None": ("pycom.nvs_set('k', None)", "ValueError('Value must be string, bytes or integer',)"),
    "value True": ("pycom.nvs_set('k', True)", "ValueError('Value must be string, bytes or integer',)"),
    "value 1.5": ("pycom.nvs_set('k', 1.5)", "ValueError('Value must be string, bytes or integer',)"),
    "value []": ("pycom.nvs_set('k', [])", "ValueError('Value must be string, bytes or integer',)"),
    "value bytearray(b'a')": (
        "pycom.nvs_set('k', bytearray(b'a'))",
        "ValueError('Value must be string, bytes or integer',)",
    ),
    "key of 15": ("(pycom.nvs_set('k' * 15, 1), pycom.nvs_get('k' * 15))", "(None, 1)"),
    "key of 16": ("pycom.nvs_set('k' * 16, 1)", "ValueError('Key is too long',)"),
    "no key": ("pycom.nvs_set('', 1)", "ValueError('Key is invalid',)"),
    "key type": ("pycom.nvs_set(5, 1)", "TypeError(\"can't convert 'int' object to str implicitly\",)"),
    "key before value": (
        "pycom.nvs_set(None, None)",
        "TypeError(\"can't convert 'NoneType' object to str implicitly\",)",
    ),
    "missing": ("pycom.nvs_get('nope')", "ValueError('No matching object for the provided key',)"),
    "missing with a default": ("pycom.nvs_get('nope', [])", "[]"),
    "default None": ("pycom.nvs_get('nope', None)", "None"),
    "get type": ("pycom.nvs_get(5)", "TypeError(\"can't convert 'int' object to str implicitly\",)"),
    "get count": ("pycom.nvs_get()", "TypeError('function missing 1 required positional arguments',)"),
    "get keyword": ("pycom.nvs_get('k', default=1)", 'TypeError("function doesn\'t take keyword arguments",)'),
    "erase": ("(pycom.nvs_set('k', 1), pycom.nvs_erase('k'), pycom.nvs_get('k', 0))", "(None, None, 0)"),
    "erase missing": ("pycom.nvs_erase('nope')", "KeyError('key not found',)"),
    "erase type": ("pycom.nvs_erase(5)", "TypeError(\"can't convert 'int' object to str implicitly\",)"),
    "erase all": ("(pycom.nvs_set('k', 1), pycom.nvs_erase_all(), pycom.nvs_get('k', 0))", "(None, None, 0)"),
}

HIDDEN = ["pycom"]

SHOW = """
def show(f):
    try:
        print(repr(f()))
    except Exception as e:
        print(repr(e))
"""


@pytest.fixture(params=FACTS)
def fact(request: pytest.FixtureRequest) -> tuple[str, str]:
    return FACTS[request.param]


def test_fact(run_script: RunScript, fact: tuple[str, str]) -> None:
    expression, text = fact
    assert run_script(f"import pycom{SHOW}show(lambda: {expression})").text == f"{text}\n"


@pytest.mark.parametrize("expression", HIDDEN)
def test_nothing_of_ours_is_in_sight(run_script: RunScript, expression: str) -> None:
    script = f"import pycom{SHOW}show(lambda: [n for n in dir({expression}) if n[0] in '._' and n[:2] != '__'])"
    assert run_script(script).text == "[]\n"
    names = [
        "_device",
        "_power",
        "_state",
        "_lock",
        "_clock",
        "_text",
        "_fields",
        "_asdict",
        "_replace",
        "state",
        "stream",
        "port",
        "__slots__",
    ]
    script = f"import pycom{SHOW}show(lambda: [n for n in {names} if hasattr({expression}, n)])"
    assert run_script(script).text == "[]\n"


@pytest.mark.parametrize(
    "name", [name for name, entry in api.members("pycom", "FiPy").items() if entry.kind == "constant"]
)
def test_constants(run_script: RunScript, name: str) -> None:
    expected = api.members("pycom", "FiPy")[name].value
    found = run_script(f"import pycom\nprint(repr(pycom.{name}))").text
    assert found == f"{Printer().repr(expected)}\n"


def test_storage_outlives_a_reset(run_script: RunScript) -> None:
    script = "import machine, pycom\nif not machine.reset_cause():\n    pycom.nvs_set('k', 'v')\n    machine.reset()\nprint(pycom.nvs_get('k'))"
    assert run_script(script).text == "v\n"
