"""Functions made for literal templates give what the templates give piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Board
from emulator.runtime import templates
from emulator.runtime.hooks import FIELDS as FIELDS_SITE
from emulator.runtime.hooks import TEMPLATE
from emulator.runtime.sites import Site

CONVERSIONS = [
    "%d",
    "%s",
    "%5d",
    "%05d",
    "%.2f",
    "%8.3f",
    "%.0f",
    "%%",
    "%x",
    "%02X",
    "%5o",
    "%6s|",
    "%-6s|",
    "%+d",
    "%1.f",
    "x{}",
    "f",
    "'\n",
]
FIELDS = [
    "{}",
    "{:}",
    "{:d}",
    "{:5}",
    "{:5d}",
    "{:05d}",
    "{:02x}",
    "{:.2f}",
    "{:9.1f}",
    "{:.0f}",
    "{{",
    "}}",
    "x%d",
    "'\n",
]


class _Text(str):
    def __str__(self) -> str:
        return "other"


class _Int(int):
    pass


NUMBERS = st.one_of(
    st.floats(),
    st.floats(-3e6, 3e6),
    st.builds(
        lambda turning, places, off: (turning + 0.5) / 10**places * (1 + off),
        st.integers(-(10**6), 10**6),
        st.integers(0, 3),
        st.floats(-5e-7, 5e-7),
    ),
)
VALUES = st.one_of(
    NUMBERS,
    st.integers(-300, 300),
    st.sampled_from([10**5000, -(10**5000), True, None, "a", "é", "", b"b", (1,), (), (1, 2), {}, _Text("t"), _Int(3)]),
)


def _outcome(function: Callable[..., str], values: list[Any]) -> tuple[str, str]:
    try:
        return "text", function(*values)
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        return type(error).__name__, str(error)


def _both(site: Site, values: list[Any]) -> tuple[tuple[str, str], tuple[str, str]]:
    slow = templates.exact(site)
    return _outcome(templates.quick(site) or slow, values), _outcome(slow, values)


@given(st.lists(st.sampled_from(CONVERSIONS), max_size=4), st.lists(VALUES, max_size=4))
def test_conversions(parts: list[str], values: list[Any]) -> None:
    site = Site(TEMPLATE, len(values), "".join(parts))
    quick, slow = _both(site, values)
    assert quick == slow


@given(st.sampled_from(CONVERSIONS), st.sampled_from(CONVERSIONS), VALUES)
def test_conversions_of_one_value(before: str, part: str, value: Any) -> None:
    site = Site(TEMPLATE, -1, before + part)
    quick, slow = _both(site, [value])
    assert quick == slow


@given(st.lists(st.sampled_from(FIELDS), max_size=4), st.lists(VALUES, max_size=4))
def test_fields(parts: list[str], values: list[Any]) -> None:
    site = Site(FIELDS_SITE, len(values), "".join(parts))
    quick, slow = _both(site, values)
    assert quick == slow


@given(st.integers(0, 6), NUMBERS)
def test_places(places: int, value: float) -> None:
    site = Site(TEMPLATE, 1, f"%.{places}f")
    quick, slow = _both(site, [value])
    assert quick == slow


ODD: list[Any] = [
    0, -7, 70000, 1 << 40, True, None, "", "a", "é", "ab|", b"b", (), (1,), (1, 2), {}, _Text("té"), _Int(3), 0.25, -2.5, 1e10,
    float("nan"), float("-inf"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "part"), [(TEMPLATE, part) for part in CONVERSIONS] + [(FIELDS_SITE, part) for part in FIELDS]
)
def test_each_part_with_each_value(kind: str, part: str) -> None:
    for values in (1, -1) if kind == TEMPLATE else (1,):
        for value in ODD:
            quick, slow = _both(Site(kind, values, part), [value])
            assert quick == slow, (values, value)


def test_most_templates_can_be_quick() -> None:
    function = templates.quick(Site(TEMPLATE, 3, "%s: %d, %.1f%%"))
    assert function is not None
    assert function("a", 5, 2.25) == "a: 5, 2.3%"  # the board's rounding
    assert templates.quick(Site(TEMPLATE, 1, "%e")) is None


SCRIPT = """
class Shown:
    def __str__(self):
        return 'shown'

for value in (1, 'a', 1.5, None, (7,), Shown()) * 8:
    shown = '%s|' % value + '{}|{:03}'.format(value, 5) + '%s %d' % (value, 3)
    if value == (7,) or isinstance(value, Shown):
        print(shown, end=' ')
try:
    '%d' % 'a'
except TypeError as error:
    print(error)
print('.%' in dir(__import__('builtins')), len([n for n in dir() if n.startswith('.')]))
"""


@pytest.mark.parametrize("uses", [1, 2])
def test_in_a_script(uses: int) -> None:
    with Board() as board:
        for _ in range(uses):
            (board.flash / "main.py").write_text(SCRIPT)
            text = board.run().text
        line = "7|(7,)|005(7,) 3 shown|shown|005shown 3 "
        assert text.endswith(line * 8 + "can't convert str to int\nFalse 0\n"), text
