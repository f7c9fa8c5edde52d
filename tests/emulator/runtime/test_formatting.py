"""``str.format`` and ``%``: text and errors of MicroPython 1.11 with single-precision floats."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.runtime.floats import BUFFER, _formatted, format_float, to_single
from emulator.runtime.formatting import _Conversions, _Fields, format_str, modulo
from emulator.runtime.printing import Printer

PRINTER = Printer()

FIELDS: list[tuple[str, tuple[Any, ...], str]] = [
    ("{}", (True,), "True"),
    ("{:d}", (True,), "1"),
    ("{:,}", (1234567,), "1,234,567"),
    ("{:#010x}", (255,), "0x000000ff"),
    ("{:.1%}", (0.125,), "12.5%"),
    ("{:x^7}|", ("ab",), "xxabxxx|"),
    ("{:{}}|", (1, 5), "    1|"),
    ("{:5}|", ("\xe9",), "\xe9   |"),
    ("{!r:>6}", ("a",), "   'a'"),
    ("{:.0f}", (0.6,), "0"),
    ("{:.0e}", (9.6,), "10e+00"),
    ("{:.30f}", (0.0,), "0.00000000000000000000000000000"),
    ("{:.2f}", (3.4e38,), "3.39e+38"),
    ("{:.1f}", (0.25,), "0.3"),
    ("{{{}}}", (1,), "{1}"),
]

FIELD_ERRORS: list[tuple[str, tuple[Any, ...], type[Exception], str]] = [
    ("{", (), ValueError, "unmatched '{' in format"),
    ("}", (), ValueError, "single '}' encountered in format string"),
    ("{!a}", (1,), ValueError, "bad conversion specifier"),
    ("{!sx}", (1,), ValueError, "expected ':' after format specifier"),
    ("{0.x}", (1,), NotImplementedError, "attributes not supported yet"),
    ("{}{0}", (1,), ValueError, "can't switch from automatic field numbering to manual field specification"),
    ("{0}{}", (1,), ValueError, "can't switch from manual field specification to automatic field numbering"),
    ("{}", (), IndexError, "tuple index out of range"),
    ("{a}", (), KeyError, "a"),
    ("{:>6}", (None,), TypeError, "can't convert 'NoneType' object to str implicitly"),
    ("{:=5}", ("a",), ValueError, "'=' alignment not allowed in string format specifier"),
    ("{:_}", (1,), ValueError, "invalid format specifier"),
    ("{:x}", (1.0,), ValueError, "unknown format code 'x' for object of type 'float'"),
    ("{:+s}", ("a",), ValueError, "sign not allowed in string format specifier"),
]

CONVERSIONS: list[tuple[Any, Any, Any]] = [
    ("%s", (None,), "None"),
    ("%d", 1.7, "1"),
    ("%8.3d|", 5, "     005|"),
    ("%-05d|", 3, "30000|"),
    ("%#o", 8, "0o10"),
    ("%*d", (5, 1), "    1"),
    ("%(a)5d|", {"a": 1}, "    1|"),
    ("%05s|", "a", "    a|"),
    ("%.1f", 0.25, "0.3"),
    ("%c%c", ("a", 65), "aA"),
    (b"%s", b"a", b"a"),
    (b"%r", b"a", b"b'a'"),
]

CONVERSION_ERRORS: list[tuple[Any, Any, type[Exception], str]] = [
    ("%", (), ValueError, "incomplete format"),
    ("%5", 1, ValueError, "incomplete format"),
    ("%(a", {"a": 1}, ValueError, "incomplete format key"),
    ("%(a)s", 1, TypeError, "format needs a dict"),
    ("%s", (), TypeError, "format string needs more arguments"),
    ("%s", (1, 2), TypeError, "format string didn't convert all arguments"),
    ("x%z", 1, ValueError, "unsupported format character 'z' (0x7a) at index 2"),
    ("%a", 1, ValueError, "unsupported format character 'a' (0x61) at index 1"),
    ("%x", "a", TypeError, "can't convert str to int"),
    ("%f", None, TypeError, "can't convert NoneType to float"),
    ("%c", 1.0, TypeError, "integer needed"),
    ("%d", float("nan"), ValueError, "can't convert NaN to int"),
]


@pytest.mark.parametrize(("template", "args", "expected"), FIELDS)
def test_format(template: str, args: tuple[Any, ...], expected: str) -> None:
    assert format_str(template, args, {}, PRINTER) == expected


@pytest.mark.parametrize(("template", "args", "error", "message"), FIELD_ERRORS)
def test_format_error(template: str, args: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        format_str(template, args, {}, PRINTER)
    assert caught.type is error
    assert caught.value.args == (message,)


@pytest.mark.parametrize(("template", "args", "expected"), CONVERSIONS)
def test_modulo(template: Any, args: Any, expected: Any) -> None:
    assert modulo(template, args, PRINTER) == expected


@pytest.mark.parametrize(("template", "args", "error", "message"), CONVERSION_ERRORS)
def test_modulo_error(template: Any, args: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        modulo(template, args, PRINTER)
    assert caught.type is error
    assert caught.value.args == (message,)


VALUES = st.lists(
    st.one_of(
        st.integers(), st.floats(), st.floats(-1e6, 1e6, width=32), st.text(max_size=3), st.booleans(), st.none()
    ),
    max_size=3,
)
CONVERSION_PARTS = ["%d", "%s", "%5d", "%05d", "%.2f", "%8.3f", "%.0f", "%%", "x", "f", "d"]
FIELD_PARTS = ["{}", "{:5d}", "{:05d}", "{:02x}", "{:.2f}", "{:9.1f}", "{{", "}}", "x", "f", "d"]


def _outcome(function: Callable[[], str]) -> tuple[str, str]:
    try:
        return "text", function()
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        return type(error).__name__, str(error)


@given(st.lists(st.sampled_from(CONVERSION_PARTS), max_size=4), VALUES)
def test_quick_modulo_equals_the_slow_one(parts: list[str], values: list[Any]) -> None:
    template, given_ = "".join(parts), tuple(values)
    slow = _outcome(lambda: _Conversions(given_, None, PRINTER, raw=False).format(template))
    assert _outcome(lambda: modulo(template, given_, PRINTER)) == slow


@given(st.lists(st.sampled_from(FIELD_PARTS), max_size=4), VALUES)
def test_quick_format_equals_the_slow_one(parts: list[str], values: list[Any]) -> None:
    template = "".join(parts)
    slow = _outcome(lambda: _Fields(values, {}, PRINTER).format(template))
    assert _outcome(lambda: format_str(template, values, {}, PRINTER)) == slow


@given(
    st.integers(0, 6),
    st.one_of(
        st.floats(-1e7, 1e7, width=32),
        st.builds(
            lambda turning, places, off: (turning + 0.5) / 10**places * (1 + off),
            st.integers(0, 10**6),
            st.integers(0, 6),
            st.floats(-3e-6, 3e-6),
        ),
    ),
)
def test_fixed_point_by_the_host_equals_the_boards_digits(places: int, number: float) -> None:
    single = to_single(number)
    sign = "-" if math.copysign(1, single) < 0 else ""
    assert format_float(number, "f", places) == sign + _formatted(abs(single), "f", places, BUFFER - len(sign))


@given(st.text("{}!:0<>=^+-# ,.sdxfar1\xe9", max_size=12), st.one_of(st.integers(), st.floats(), st.text(), st.none()))
def test_any_template_gives_text_or_an_error_of_the_board(template: str, value: Any) -> None:
    errors = (ValueError, TypeError, IndexError, KeyError, NotImplementedError)
    with suppress(*errors):
        assert isinstance(format_str(template, (value,), {}, PRINTER), str)
