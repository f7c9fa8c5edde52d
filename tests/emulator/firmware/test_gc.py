"""The heap in numbers."""

from __future__ import annotations

import gc as host_gc
from collections.abc import Iterator

import pytest

from emulator.firmware.gc import BLOCK, FIRMWARE_BYTES, Heap
from emulator.models import MODELS
from tests.emulator.firmware.native import Bench

FACTS = [
    ("gc.collect()", "None"),
    ("gc.threshold()", "-1"),
    ("gc.isenabled()", "True"),
    ("(gc.disable(), gc.isenabled())", "(None, False)"),
    ("(gc.disable(), gc.enable(), gc.isenabled())", "(None, None, True)"),
    ("(gc.threshold(1000), gc.threshold())", "(None, 992)"),
    ("(gc.threshold(1000), gc.threshold(-1), gc.threshold())", "(None, None, -1)"),
    ("gc.threshold(1, 2)", "TypeError: function expected at most 1 arguments, got 2"),
    ("gc.threshold('1')", "TypeError: can't convert str to int"),
    ("gc.collect(0)", "TypeError: function takes 0 positional arguments but 1 were given"),
    ("hasattr(gc, 'get_objects')", "False"),
]


@pytest.mark.parametrize(("expression", "outcome"), FACTS, ids=[expression for expression, _ in FACTS])
def test_as_on_the_board(expression: str, outcome: str) -> None:
    bench = Bench()
    assert bench.outcome(expression, bench.names("gc")) == outcome


@pytest.fixture
def no_collection() -> Iterator[None]:
    """What other tests left for the collector must not be freed while a test counts the host's blocks."""
    host_gc.collect()
    host_gc.disable()
    yield
    host_gc.enable()


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("board", [model.name for model in MODELS])
def test_free_and_used_are_the_whole_heap(board: str) -> None:
    bench = Bench(board)
    module = bench.module("gc")
    used = module["mem_alloc"]()
    assert 0 < used < bench.board.model.memory.heap_bytes
    assert used + module["mem_free"]() == pytest.approx(bench.board.model.memory.heap_bytes, abs=1024)


@pytest.mark.usefixtures("no_collection")
def test_objects_that_are_kept_count() -> None:
    module = Bench().module("gc")
    before = module["mem_alloc"]()
    kept = [[number] for number in range(5000)]
    assert module["mem_alloc"]() >= before + 5000
    assert len(kept) == 5000


@pytest.mark.parametrize(
    ("blocks_taken", "used"),
    [
        (0, FIRMWARE_BYTES),
        (1, FIRMWARE_BYTES + BLOCK),
        (-1000, FIRMWARE_BYTES),
        (100_000, 65536 - BLOCK),
    ],
)
def test_memory_in_use_stays_between_the_firmware_and_the_last_block(blocks_taken: int, used: int) -> None:
    blocks = iter([500_000, 500_000 + blocks_taken])
    assert Heap(65536, lambda: next(blocks)).used() == used


def test_the_hosts_collector_stays_on() -> None:
    Bench().module("gc")["disable"]()
    assert host_gc.isenabled()
