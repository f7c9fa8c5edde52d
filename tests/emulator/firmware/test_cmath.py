"""Single-precision complex mathematics."""

from __future__ import annotations

import pytest

from tests.emulator.firmware.native import Bench

FACTS = [
    ("cmath.phase(1j)", "1.570796"),
    ("cmath.phase(1)", "0.0"),
    ("cmath.phase('a')", "TypeError: can't convert str to complex"),
    ("cmath.polar(1+1j)", "(1.414214, 0.7853982)"),
    ("cmath.polar(1e30+1e30j)", "(inf, 0.7853982)"),
    ("cmath.log(1e30j)", "(inf+1.570796j)"),
    ("cmath.rect(1, 1j)", "TypeError: can't convert complex to float"),
    ("cmath.exp('a')", "TypeError: can't convert str to complex"),
    ("cmath.sqrt(-1).real", "-4.371139e-08"),
    ("cmath.sqrt(-1).imag", "1.0"),
    ("cmath.exp(1j).real", "0.5403023"),
    ("cmath.exp(1j).imag", "0.8414709"),
    ("cmath.rect(1, 1).imag", "0.8414709"),
    ("cmath.log(-1).imag", "3.141593"),
    ("cmath.log(0).real", "-inf"),
    ("cmath.cos(1j).real", "1.543081"),
    ("cmath.cos(1j).imag", "-0.0"),
    ("cmath.sin(1+1j).real", "1.298458"),
    ("cmath.sin(1+1j).imag", "0.6349639"),
    ("cmath.exp(1000).real", "inf"),
    ("cmath.e", "2.718282"),
    ("cmath.pi", "3.141593"),
    ("hasattr(cmath, 'log10')", "False"),
    ("cmath.phase()", "TypeError: function takes 1 positional arguments but 0 were given"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    names = bench.names("cmath")
    assert bench.outcome(expression, names) == outcome
