"""The interpreter's own switches and reports."""

from __future__ import annotations

import re

import pytest

from emulator.runtime.source import compile_script
from tests.emulator.firmware.native import Bench

FACTS = [
    ("micropython.const('a')", "'a'"),
    ("micropython.const()", "TypeError: function takes 1 positional arguments but 0 were given"),
    ("micropython.opt_level()", "0"),
    ("(micropython.opt_level(2), micropython.opt_level())", "(None, 2)"),
    ("(micropython.opt_level(9), micropython.opt_level())", "(None, 9)"),
    ("(micropython.opt_level(1 << 28), micropython.opt_level())", "(None, 268435456)"),
    ("micropython.opt_level('a')", "TypeError: can't convert str to int"),
    ("micropython.mem_info()", "None"),
    ("micropython.qstr_info()", "None"),
    ("0 < micropython.stack_use() < 12288", "True"),
    ("micropython.alloc_emergency_exception_buf(100)", "None"),
    (
        "micropython.alloc_emergency_exception_buf()",
        "TypeError: function takes 1 positional arguments but 0 were given",
    ),
    ("(micropython.heap_lock(), micropython.heap_unlock())", "(None, None)"),
    ("micropython.kbd_intr(-1)", "None"),
    ("micropython.kbd_intr(3, 1)", "None"),
    ("hasattr(micropython, 'schedule')", "False"),
    ("hasattr(micropython, 'mem_total')", "False"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    assert bench.outcome(expression, bench.names("micropython")) == outcome


@pytest.mark.parametrize(("board", "heap", "stack"), [("fipy", 2621440, 11264), ("sipy", 68608, 7168)])
def test_the_memory_report_adds_up(board: str, heap: int, stack: int) -> None:
    bench = Bench(board)
    bench.module("micropython")["mem_info"]()
    text = "".join(bench.shown)
    report = re.fullmatch(
        r"stack: \d+ out of (\d+)\nGC: total: (\d+), used: (\d+), free: (\d+)\n No\. of 1-blocks: \d+, 2-blocks: \d+, "
        r"max blk sz: \d+, max free sz: \d+\n",
        text,
    )
    assert report is not None, text
    shown_stack, total, used, free = map(int, report.groups())
    assert (shown_stack, total) == (stack, heap)
    assert used + free == total


def test_what_is_not_imitated_is_noted() -> None:
    bench = Bench()
    module = bench.module("micropython")
    module["kbd_intr"](-1)
    assert [note.code for note in bench.notes] == ["kbd-intr"]


@pytest.mark.parametrize(("level", "debug", "line"), [(0, True, 3), (1, False, 3), (2, False, 3), (3, False, 1)])
def test_the_level_changes_what_is_compiled(level: int, debug: bool, line: int) -> None:
    names: dict[str, object] = {}
    exec(compile_script("x = __debug__\nassert x\ndef f(): 1/0", "<string>", optimize=level), names)
    assert names["x"] is debug
    with pytest.raises(ZeroDivisionError) as caught:
        names["f"]()  # type: ignore[operator]
    assert caught.traceback[-1].lineno + 1 == line


def test_an_assertion_is_left_out_above_level_0() -> None:
    exec(compile_script("assert 0", "<string>", optimize=1), {})
    with pytest.raises(AssertionError):
        exec(compile_script("assert 0", "<string>", optimize=0), {})


def test_a_file_keeps_its_lines_for_the_debugger() -> None:
    names: dict[str, object] = {}
    exec(compile_script("\n\ndef f(): pass", "/host/main.py", optimize=3), names)
    assert names["f"].__code__.co_firstlineno == 3  # type: ignore[attr-defined]
