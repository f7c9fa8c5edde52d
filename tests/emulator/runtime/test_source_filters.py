"""What the source pipeline looks for in a text first, so as not to look further, lets nothing pass that it is to find."""

from __future__ import annotations

import ast

import pytest

from emulator.runtime.source.nodes import nodes
from emulator.runtime.source.targets import Targets
from emulator.runtime.source.tokens import refused


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("x = '1.0.5'", []),
        ("x = 1  # since 1.0.5, 0x1F.bit, 1if", []),
        ("'''\n192.168.4.1 1.real\n'''", []),
        ("led1.value(s1.x, i2c_0.y)", []),
        ("x = [1.5, 1.5e3, .5, 1e-5, 2., 0x1F]", []),
        ("x = 1.5.real", [4]),
        ("x = '1.5.6', 1.5.real", [13]),
        ("x = .5.real", [4]),
        ("x = 1e5.real", [4]),
        ("x = 0x1F.real", [4]),
        ("x = 1if y else 2", [4]),
        ("x = 1 if y else 2.if z else 3", [16]),
        ("x = B'a'", [4]),
        ("x = bR'a', rB'b'", [4, 11]),
        ("x = Br'a'", [4]),
        ("x = '!BB', '>B'", []),
        ("x = b'\\400'", [4]),
        ("x = '\\400'", []),
        ("x = '\\N{DASH}'", [5]),
        ("x = r'\\N{DASH}'", []),
        ("with (a as b, c as d): pass", [0]),
        ("with (a): pass", []),
        ("x = 'with (a as b)'", []),
        ("\f x", [0]),
    ],
)
def test_what_is_refused_is_found_behind_the_filters(text: str, columns: list[int]) -> None:
    assert sorted({problem.column for problem in refused(text)}) == columns


@pytest.mark.parametrize(
    ("body", "handed_on"),
    [
        ("return f", True),
        ("return (f)", True),
        ("return (  # why\n  f)", True),
        ("return \\\n  f", True),
        ("f()", True),
        ("f ()", True),
        ("(f)(1)", True),
        ("(f\n  )(1)", True),
        ("return f if f else g", False),
        ("return f.name", False),
        ("return f[0]", False),
        ("return self(f)", False),
        ("return (f, 1)", False),
        ("print (f)", False),
        ("f.call()", False),
    ],
)
def test_a_parameter_that_is_called_or_returned_may_be_a_function(body: str, handed_on: bool) -> None:
    text = f"def g(f):\n  {body}\n"
    targets = Targets(text)
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    targets.enter(function)
    assert targets.may_refuse(ast.Name("f", ast.Load())) is handed_on
    assert targets.may_refuse(ast.Name("f", ast.Load())) is handed_on


def test_nodes_leaves_out_what_holds_nothing() -> None:
    text = "def f(a, *, b=1) -> int:\n  x.y = [z for z in (g(1, q), {**h}) if z]\n  global k\n  match_[1:2] += -a\n"
    left_out = (ast.expr_context, ast.operator, ast.unaryop, ast.Name, ast.Constant)
    tree = ast.parse(text)
    expected = [ast.dump(node) for node in ast.walk(tree) if not isinstance(node, left_out)]
    found = [ast.dump(node) for node in nodes(tree) if not isinstance(node, left_out)]
    assert sorted(found) == sorted(expected)
