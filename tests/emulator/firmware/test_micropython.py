"""The interpreter's own switches and reports."""

from __future__ import annotations

import re

import pytest

from tests.emulator.firmware.native import Bench

FACTS = [
    ("micropython.const('a')", "'a'"),
    ("micropython.const()", "TypeError: function takes 1 positional arguments but 0 were given"),
    ("micropython.opt_level()", "0"),
    ("(micropython.opt_level(2), micropython.opt_level())", "(None, 2)"),
    ("(micropython.opt_level(9), micropython.opt_level())", "(None, 9)"),
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
    module["heap_lock"]()
    module["kbd_intr"](-1)
    assert [note.code for note in bench.notes] == ["heap-lock", "kbd-intr"]
