"""``uqueue`` between threads."""

from __future__ import annotations

import pytest

from tests.emulator.conftest import RunScript

TABLE = {
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
