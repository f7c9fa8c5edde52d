"""Floats as the board prints them; the rows were printed by MicroPython 1.11 built with single-precision floats."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.runtime.floats import float_str, to_single

FACTS = [
    (0.0, "0.0"),
    (-0.0, "-0.0"),
    (1.0, "1.0"),
    (-1.0, "-1.0"),
    (0.1, "0.1"),
    (0.5, "0.5"),
    (1 / 3, "0.3333333"),
    (2 / 3, "0.6666667"),
    (100.0, "100.0"),
    (1e6, "1000000.0"),
    (123456.0, "123456.0"),
    (1234567.0, "1234567.0"),
    (9999999.0, "9999998.0"),
    (1e7, "1e+07"),
    (12345678.0, "1.234568e+07"),
    (16777216.0, "1.677722e+07"),
    (9999999.6, "1e+07"),
    (0.9999995, "1.0"),
    (0.9999994, "0.9999994"),
    (0.99999999, "1.0"),
    (0.0001, "0.0001"),
    (0.00001, "1e-05"),
    (0.000123456789, "0.0001234568"),
    (1e-7, "1e-07"),
    (1e-10, "1e-10"),
    (1e10, "1e+10"),
    (1e38, "1e+38"),
    (3.4028235e38, "3.402823e+38"),
    (1e-38, "1e-38"),
    (1e-45, "1.401299e-45"),
    (3.14159265, "3.141593"),
    (2.718281828, "2.718282"),
    (25.1, "25.1"),
    (19.99, "19.99"),
    (1000000.5, "1000000.0"),
    (99999.99, "99999.99"),
    (0.3, "0.3"),
    (1e5, "100000.0"),
    (1.5e-5, "1.5e-05"),
    (6.02e23, "6.02e+23"),
    (1.17549435e-38, "1.175494e-38"),
    (float("inf"), "inf"),
    (-float("inf"), "-inf"),
    (float("nan"), "nan"),
    (5e-05, "5e-05"),
    (8.5e37, "8.5e+37"),
    (1e33, "1e+33"),
    (1e16, "1e+16"),
    (7e-9, "7e-09"),
    (-1.4051655394808904e-09, "-1.405165e-09"),  # rounded right it would be -1.405166e-09
    (-9.726323523430302e29, "-9.726323e+29"),  # rounded right it would be -9.726324e+29
    (6.109196485291295e-31, "6.109197e-31"),  # rounded right it would be 6.109196e-31
    (6.449101530897549e-37, "6.449101e-37"),  # rounded right it would be 6.449102e-37
    (-9.043362251823092e25, "-9.043363e+25"),  # rounded right it would be -9.043362e+25
    (6.573085283890485e21, "6.573086e+21"),  # rounded right it would be 6.573085e+21
    (-7.695735413404614e-21, "-7.695736e-21"),  # rounded right it would be -7.695735e-21
    (2.72890048336194e-08, "2.728901e-08"),  # rounded right it would be 2.7289e-08
    (-1.526790499584152e-11, "-1.526791e-11"),  # rounded right it would be -1.52679e-11
    (-1.4895414813987725e-19, "-1.489542e-19"),  # rounded right it would be -1.489541e-19
    (5.904330496742105e-11, "5.904331e-11"),  # rounded right it would be 5.90433e-11
    (-9.870910497768187e33, "-9.870911e+33"),  # rounded right it would be -9.87091e+33
]


@pytest.mark.parametrize(("number", "text"), FACTS, ids=[text + " " + number.hex() for number, text in FACTS])
def test_as_on_the_board(number: float, text: str) -> None:
    assert float_str(number) == text


@given(st.floats(width=32))
def test_seven_digits_are_right_but_for_the_last(number: float) -> None:
    text = float_str(number)
    if math.isfinite(number):
        assert float(text) == pytest.approx(number, rel=1e-6, abs=1e-44)
        assert math.copysign(1, float(text)) == math.copysign(1, number)
        assert len(text.lstrip("-0.").partition("e")[0].replace(".", "").rstrip("0")) <= 8
    else:
        assert text.lstrip("-") in ("inf", "nan")


@given(st.floats())
def test_only_the_single_counts(number: float) -> None:
    assert float_str(number) == float_str(to_single(number))


@pytest.mark.parametrize(
    ("number", "single"),
    [(0.1, 0.10000000149011612), (16777217.0, 16777216.0), (1e39, math.inf), (-1e39, -math.inf), (1e-50, 0.0)],
)
def test_to_single(number: float, single: float) -> None:
    assert to_single(number) == single
