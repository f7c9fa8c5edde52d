"""Thousands of boots in one process leave nothing behind."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest

from emulator import Board
from tests.emulator.conftest import NEVER, load

MAIN = """\
import _thread, usocket, ujson, helper
s = usocket.socket()
f = open('left-open.txt', 'w')
f.write('x')
_thread.start_new_thread(lambda: helper.run(), ())
class A:
    pass
a = A()
a.a = a
print(ujson.dumps({'up': 1}))
"""
HELPER = "import utime\n\ndef run():\n    while True:\n        utime.sleep(1)\n"
BOOTS = 2000
_DESCRIPTORS = Path("/proc/self/fd")


def _objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def _descriptors() -> int:
    return len(list(_DESCRIPTORS.iterdir())) if _DESCRIPTORS.exists() else 0


@pytest.mark.nightly
def test_two_thousand_boots(board: Board) -> None:
    load(board, MAIN, {"lib/helper.py": HELPER})
    booted = threading.Event()
    board.console.listen(lambda text: booted.set() if text.startswith("{") else None)
    board.console.keeps_text = False
    board.start()
    counts: list[tuple[int, int, int]] = []
    for number in range(BOOTS):
        assert booted.wait(NEVER), number
        booted.clear()
        if number in (BOOTS // 10, BOOTS - 1):
            counts.append((threading.active_count(), _descriptors(), _objects()))
        (board.soft_reset if number % 2 else board.reset)()
    assert booted.wait(NEVER)
    (threads, descriptors, objects), (threads_after, descriptors_after, objects_after) = counts
    assert threads_after <= threads + 1
    assert descriptors_after <= descriptors + 2
    assert objects_after < objects + 1000
    assert board.resets == BOOTS
