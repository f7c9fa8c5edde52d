"""``uqueue`` between threads."""

from __future__ import annotations

import pytest

from tests.emulator.conftest import RunScript

TABLE = {
    "name": ("print(queue)", "<module 'queue'>\n"),
    "a timeout loses its upper part": (
        "q = queue.Queue()\nfor t in (1 << 40, (1 << 32) + 5):\n    try:\n        q.get(True, t)\n    except OSError as e:\n"
        "        print(e)",
        "Empty\nEmpty\n",
    ),
    "a timeout is looked at first": (
        "q = queue.Queue()\ntry:\n    q.get(False, 1.5)\nexcept TypeError as e:\n    print(e)",
        "can't convert float to int\n",
    ),
    "room": (
        "try:\n    queue.Queue(10000000)\nexcept MemoryError as e:\n    print(e)",
        "memory allocation failed, allocating 40000000 bytes\n",
    ),
    "no key": (
        "try:\n    {queue.Queue(): 1}\nexcept TypeError as e:\n    print(e)",
        "unsupported type for __hash__: 'Queue'\n",
    ),
    "order": (
        "q = queue.Queue(3)\nfor i in range(3): q.put(i)\nprint(q.full(), [q.get() for i in range(3)], q.empty())",
        "True [0, 1, 2] True\n",
    ),
    "full": ("q = queue.Queue()\nq.put(1)\ntry:\n    q.put(2, False)\nexcept q.Full as e:\n    print(e)", "Full\n"),
    "empty": (
        "q = queue.Queue()\ntry:\n    q.get(block=False)\nexcept OSError as e:\n    print(repr(e))",
        "OSError('Empty',)\n",
    ),
    "timeout": ("q = queue.Queue()\ntry:\n    q.get(timeout=20)\nexcept q.Empty as e:\n    print(e)", "Empty\n"),
    "size": ("try:\n    queue.Queue(0)\nexcept ValueError as e:\n    print(e)", "queue size cannot be infinite\n"),
    "no class": ("print(hasattr(queue, 'Full'))", "False\n"),
    "threads": (
        "q = queue.Queue(1)\nr = queue.Queue(1)\ndef f():\n    while True:\n        n = q.get()\n        if n is None: return\n"
        "        r.put(n * n)\nimport _thread\n_thread.start_new_thread(f, ())\n"
        "for i in range(5):\n    q.put(i)\n    print(r.get(), end=' ')\nq.put(None)\n",
        "0 1 4 9 16 ",
    ),
}


@pytest.mark.parametrize(("script", "text"), TABLE.values(), ids=TABLE.keys())
def test_as_on_the_board(run_script: RunScript, script: str, text: str) -> None:
    assert run_script(f"import queue\n{script}").text == text


def test_a_waiting_thread_ends_with_the_power(run_script: RunScript) -> None:
    script = "import queue\nwhile True:\n    try:\n        queue.Queue().get()\n    except:\n        pass"
    assert run_script(script, timeout=0.2).exit_code == 124
