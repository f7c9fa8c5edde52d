"""``utime``: Unix epoch, machine words, ticks; nothing of the host's errors gets through."""

from __future__ import annotations

from tests.emulator.conftest import RunScript
from tests.emulator.firmware.facts import constants, each_alone, nothing_of_ours

FACTS = {
    "gmtime": ("utime.gmtime(0)", "(1970, 1, 1, 0, 0, 0, 3, 1)"),
    "gmtime leap day": ("utime.gmtime(951782400)", "(2000, 2, 29, 0, 0, 0, 1, 60)"),
    "gmtime last": ("utime.gmtime(2147483647)", "(2038, 1, 19, 3, 14, 7, 1, 19)"),
    "gmtime before the epoch": ("utime.gmtime(-1)", "(1969, 12, 31, 23, 59, 59, 2, 365)"),
    "gmtime first": ("utime.gmtime(-2147483648)", "(1901, 12, 13, 20, 45, 52, 4, 347)"),
    "gmtime too large": ("utime.gmtime(1 << 31)", "OverflowError('overflow converting long int to machine word',)"),
    "gmtime far too large": (
        "utime.gmtime(10 ** 30)",
        "OverflowError('overflow converting long int to machine word',)",
    ),
    "gmtime float": ("utime.gmtime(1.5)", 'TypeError("can\'t convert float to int",)'),
    "gmtime str": ("utime.gmtime('1')", 'TypeError("can\'t convert str to int",)'),
    "gmtime None is now": ("utime.gmtime(None)[:3]", "(1970, 1, 1)"),
    "gmtime count": ("utime.gmtime(1, 2)", "TypeError('function expected at most 1 arguments, got 2',)"),
    "gmtime keyword": ("utime.gmtime(secs=1)", 'TypeError("function doesn\'t take keyword arguments",)'),
    "localtime with a zone": (
        "(utime.timezone(3600), utime.localtime(0)[3], utime.gmtime(0)[3], utime.timezone())",
        "(None, 1, 0, 3600)",
    ),
    "zone at both ends": ("(utime.timezone(2147483647), utime.localtime(2147483647)[0])", "(None, 2106)"),
    "timezone type": ("utime.timezone('a')", 'TypeError("can\'t convert str to int",)'),
    "timezone None reads": ("utime.timezone(None)", "0"),
    "timezone too large": ("utime.timezone(1 << 40)", "OverflowError('overflow converting long int to machine word',)"),
    "mktime": ("utime.mktime((2021, 3, 9, 10, 4, 5, 0, 0))", "1615284245"),
    "mktime nine": ("utime.mktime([2021, 3, 9, 10, 4, 5, 0, 0, -1])", "1615284245"),
    "mktime carries": ("utime.mktime((2020, 14, 37, 25, 61, 61, 0, 0))", "1615341721"),
    "mktime with a zone": ("(utime.timezone(3600), utime.mktime((1970, 1, 1, 1, 0, 0, 0, 0)))", "(None, 0)"),
    "mktime year below 0": ("type(utime.mktime((-5, 1, 1, 0, 0, 0, 0, 0)))", "<class 'int'>"),
    "mktime year 0": ("type(utime.mktime((0, 0, 0, 0, 0, 0, 0, 0)))", "<class 'int'>"),
    "mktime wraps": ("utime.mktime((2038, 1, 19, 3, 14, 8, 0, 0))", "-2147483648"),
    "mktime far year": ("-(1 << 31) <= utime.mktime((2147483647,) * 8) < 1 << 31", "True"),
    "mktime length": ("utime.mktime((1, 2))", "TypeError('mktime needs a tuple of length 8 or 9 (2 given)',)"),
    "mktime int": ("utime.mktime(5)", "TypeError(\"object 'int' isn't a tuple or list\",)"),
    "mktime item": ("utime.mktime((2021, 'a', 1, 0, 0, 0, 0, 0))", 'TypeError("can\'t convert str to int",)'),
    "mktime huge item": (
        "utime.mktime((1 << 31, 1, 1, 0, 0, 0, 0, 0))",
        "OverflowError('overflow converting long int to machine word',)",
    ),
    "time is an int": ("type(utime.time())", "<class 'int'>"),
    "time starts at 0": ("utime.time() < 30", "True"),
    "sleep str": ("utime.sleep('a')", 'TypeError("can\'t convert str to float",)'),
    "sleep None": ("utime.sleep(None)", 'TypeError("can\'t convert NoneType to float",)'),
    "sleep below 0": ("utime.sleep(-1)", "None"),
    "sleep nan": ("utime.sleep(float('nan'))", "None"),
    "sleep count": ("utime.sleep()", "TypeError('function takes 1 positional arguments but 0 were given',)"),
    "sleep_ms float": ("utime.sleep_ms(1.0)", 'TypeError("can\'t convert float to int",)'),
    "sleep_ms huge": ("utime.sleep_ms(1 << 40)", "OverflowError('overflow converting long int to machine word',)"),
    "sleep_us": ("utime.sleep_us(1)", "None"),
    "sleep_us None": ("utime.sleep_us(None)", 'TypeError("can\'t convert NoneType to int",)'),
    "ticks_diff": ("utime.ticks_diff(5, 2)", "3"),
    "ticks_diff over the wrap": ("utime.ticks_diff(3, 0xFFFFFFFE)", "5"),
    "ticks_diff signed": ("utime.ticks_diff(0, 1 << 31)", "-2147483648"),
    "ticks_diff truncates": ("utime.ticks_diff((1 << 40) + 7, 2)", "5"),
    "ticks_diff float": ("utime.ticks_diff(1.0, 2)", 'TypeError("can\'t convert float to int",)'),
    "ticks_add wraps": ("utime.ticks_add(0xFFFFFFFF, 2)", "1"),
    "ticks_add below 0": ("utime.ticks_add(0, -1)", "4294967295"),
    "ticks_add str": ("utime.ticks_add('a', 1)", 'TypeError("can\'t convert str to int",)'),
    "ticks follow the clock": ("utime.ticks_ms() // 1000 - utime.time() in (-1, 0, 1)", "True"),
    "no strftime": ("hasattr(utime, 'strftime')", "False"),
}

test_fact = each_alone("utime", FACTS)
test_nothing_of_ours_is_in_sight = nothing_of_ours("utime", ["utime"])
test_constants = constants("utime")


def test_a_hard_reset_loses_the_zone(run_script: RunScript) -> None:
    script = "import machine, utime\nif not machine.reset_cause():\n    utime.timezone(7200)\n    machine.reset()\nprint(utime.timezone())"
    assert run_script(script).text == "0\n"
