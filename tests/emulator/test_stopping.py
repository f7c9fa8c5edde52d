"""Nothing a script does can keep it running when the power goes off, and nothing of it is seen afterwards."""

from __future__ import annotations

import socket
import sys
import threading
import time

import pytest

from emulator import Board, power
from emulator.clock import Clock
from emulator.power import PowerOff
from tests.emulator.conftest import NEVER, RunScript, load

READY = "ready\n"
VICTIMS = {
    "pass loop": "while True:\n    pass\n",
    "counting loop": "n = 0\nwhile True:\n    n += 1\n",
    "calling loop": "def f(x):\n    return x + 1\nn = 0\nwhile True:\n    n = f(n)\n",
    "bare except": "n = 0\nwhile True:\n    try:\n        n += 1\n        k = [n, n * 2]\n    except:\n        pass\n",
    "nested bare excepts": (
        "def f():\n    try:\n        for i in range(1000):\n            try:\n                i * i\n"
        "            except:\n                continue\n    except:\n        return\n"
        "while True:\n    try:\n        f()\n    except:\n        pass\n"
    ),
    "bare except around sleep": "import time\nwhile True:\n    try:\n        time.sleep(0.05)\n    except:\n        pass\n",
    "long calls into C": "while True:\n    sum(range(1000000))\n",
    "sleep": "import time\ntime.sleep(3600)\n",
    "except BaseException": "while True:\n    try:\n        pass\n    except BaseException:\n        pass\n",
    "finally that leaves": "def f():\n    while True:\n        try:\n            1\n        finally:\n            continue\nf()\n",
    "__exit__ that swallows": (
        "class C:\n    def __enter__(self): pass\n    def __exit__(self, *a): return True\n"
        "while True:\n    with C():\n        x = 1\n"
    ),
    "with alone": "class C:\n    def __enter__(self): pass\n    def __exit__(self, *a): pass\nc = C()\nwhile True:\n    with c:\n        x = 1\n",
    "try in a loop in a loop": "n = 1\nwhile True:\n    while n:\n        try:\n            n = 2\n        finally:\n            n = 3\n",
    "__exit__ that is no method": (
        "class C:\n    def __enter__(self): pass\n    __exit__ = lambda self, *a: True\n"
        "c = C()\nwhile True:\n    with c:\n        x = 1\n"
    ),
    "threads without end": (
        "import _thread, time\ndef f():\n    while True:\n        try:\n            _thread.start_new_thread(f, ())\n"
        "        except:\n            pass\nf()\n"
    ),
    "GeneratorExit": "while True:\n    try:\n        raise GeneratorExit\n    except:\n        pass\n",
    "printing": "while True:\n    try:\n        print('x')\n    except:\n        pass\n",
    "generator": "def g():\n    while True:\n        try:\n            yield 1\n        except:\n            pass\nfor x in g():\n    pass\n",
    "generator with finally": (
        "def g():\n    while True:\n        try:\n            yield 1\n        finally:\n            print('finally')\n"
        "a = g()\nnext(a)\nb = g()\nfor x in b:\n    pass\n"
    ),
    "lock": (
        "import _thread\na = _thread.allocate_lock()\na.acquire()\nwhile True:\n    try:\n        a.acquire()\n    except:\n        pass\n"
    ),
    "poll": "import select, time\nwhile True:\n    try:\n        select.poll().poll(100000)\n    except:\n        pass\n",
    "reset loop": "import machine\ntry:\n    machine.reset()\nexcept:\n    pass\nwhile True:\n    pass\n",
    "thread": (
        "import _thread\ndef f():\n    while True:\n        try:\n            pass\n        except:\n            pass\n"
        "_thread.start_new_thread(f, ())\n"
    ),
    "many threads": (
        "import _thread, time\ndef f():\n    while True:\n        try:\n            time.sleep(9)\n        except:\n            pass\n"
        "for i in range(8):\n    _thread.start_new_thread(f, ())\nwhile True:\n    pass\n"
    ),
    "exec": "exec('while True:\\n    try:\\n        1\\n    except:\\n        pass')\n",
}


@pytest.mark.parametrize("victim", VICTIMS.values(), ids=VICTIMS.keys())
def test_time_limit_ends_any_script(run_script: RunScript, victim: str) -> None:
    for limit in (0.3, 5):  # a busy machine may come to the script's first line too late
        begin = time.monotonic()
        result = run_script(f"print('ready')\n{victim}", timeout=limit)
        assert result.exit_code == 124
        assert time.monotonic() - begin < limit + 5
        if result.text:
            break
    assert result.text.startswith(READY)


@pytest.mark.parametrize("victim", ["s.recv(10)", "s.read(10)", "s.readline()"])
def test_stop_while_receiving(board: Board, victim: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        load(
            board,
            f"import socket\ns = socket.socket()\ns.connect(('127.0.0.1', {port}))\nwhile True:\n    try:\n        {victim}\n    except:\n        pass\n",
        )
        assert board.run(timeout=0.3).exit_code == 124


def test_stop_while_handshaking(board: Board) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        load(
            board,
            "import socket, ssl\nwhile True:\n    try:\n        s = socket.socket()\n        ss = ssl.wrap_socket(s)\n"
            f"        ss.connect(('127.0.0.1', {port}))\n    except:\n        pass\n",
        )
        assert board.run(timeout=0.3).exit_code == 124


def test_stop_while_reading_the_console(board: Board) -> None:
    load(board, "while True:\n    try:\n        input()\n    except:\n        pass\n")
    board.console_input.attach(lambda: None)  # somebody is there and types nothing
    assert board.run(timeout=0.3).exit_code == 124


def test_stop_while_accepting(board: Board) -> None:
    load(
        board,
        "import socket\ns = socket.socket()\ns.bind(('', 8080))\ns.listen(1)\nwhile True:\n    try:\n        s.accept()\n    except:\n        pass\n",
    )
    assert board.run(timeout=0.3).exit_code == 124


def test_nothing_is_shown_after_the_end(board: Board) -> None:
    load(
        board,
        "while True:\n    try:\n        print('x')\n    except:\n        print('caught')\n    finally:\n        print('finally')\n",
    )
    board.run(timeout=0.2)
    assert board.console.text
    assert "caught" not in board.console.text
    with pytest.raises(PowerOff):
        board.console.writer(board._cycle).write("late")  # type: ignore[arg-type]


def test_sys_exit_ends_with_its_status(run_script: RunScript) -> None:
    assert run_script("import sys\nprint(1)\nsys.exit(7)\nprint(2)").exit_code == 7


def test_reset_starts_again_with_the_same_flash(run_script: RunScript) -> None:
    result = run_script(
        "import os, machine\n"
        "try:\n    os.stat('/flash/seen')\nexcept OSError:\n    open('/flash/seen', 'w').close()\n"
        "    print('first')\n    try:\n        machine.reset()\n    except:\n        print('caught')\n    print('went on')\n"
        "print('second', machine.reset_cause() == machine.WDT_RESET)\n"
    )
    assert result.text == "first\nsecond True\n"
    assert result.exit_code == 0


def test_interrupt_is_an_exception_of_the_script(board: Board) -> None:
    load(
        board,
        "import time\nprint('ready')\ntry:\n    time.sleep(3600)\nexcept KeyboardInterrupt:\n    print('caught')\n",
    )
    seen = threading.Event()
    board.console.listen(lambda text: seen.set() if "ready" in text else None)
    board.start()
    assert seen.wait(NEVER)
    board.interrupt()
    assert board.wait(NEVER)
    assert board.console.text == "ready\ncaught\n"


def test_interrupt_reaches_pure_python(board: Board) -> None:
    load(board, "print('ready')\nwhile True:\n    pass\n")
    seen = threading.Event()
    board.console.listen(lambda text: seen.set())
    board.start()
    assert seen.wait(NEVER)
    board.interrupt()
    assert board.wait(NEVER)
    assert board.console.text.endswith("KeyboardInterrupt: \n")


LOOPS = {
    "pass on the line": "while 1: pass",
    "statement on the line": "while True: x = 2",
    "call on the line": "while True: f()",
    "continue": "while True:\n        if x: continue\n        x = 2",
    "condition": "while x: pass",
    "condition of a call": "while f(): pass",
    "condition, in lines": "while x is not None:\n        x = 3",
    "condition and else": "while x: pass\n      else:\n        x = 2",
    "loop in a loop": "while True:\n        while x: pass",
    "in an if": "if x:\n        while x: pass",
    "for": "for x in g(): pass",
}
TRIES = {
    "except": "    try:\n      {loop}\n    except KeyboardInterrupt:\n      print('caught')\n",
    "later in the block": "    try:\n      x = 1\n      {loop}\n      x = 2\n    except KeyboardInterrupt:\n      print('caught')\n",
    "finally": "    try:\n      {loop}\n    finally:\n      print('caught')\n      return\n",
    "with": "    with C():\n      {loop}\n",
}


@pytest.mark.parametrize("block", TRIES.values(), ids=TRIES.keys())
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS.keys())
def test_an_interrupt_of_a_loop_is_caught_around_it(board: Board, loop: str, block: str) -> None:
    """The jump back of a loop is where it comes; on the board that is in the block (firmware: py/vm.c)."""
    script = (
        "class C:\n  def __enter__(self): pass\n  def __exit__(self, *a):\n    print('caught')\n    return True\n"
        "def f(): return 1\ndef g():\n    while True: yield 1\n"
        "def run():\n    x = 1\n" + block.format(loop=loop) + "run()\nprint('on')\n"
    )
    line = script[: script.index(loop)].count("\n") + 1
    load(board, script)
    board.start()
    _wait_for_line(board, "run", line)
    board.interrupt()
    assert board.wait(NEVER)
    assert board.console.text == "caught\non\n"


def _wait_for_line(board: Board, function: str, line: int) -> None:
    """Wait until a function of the script has come to a line."""
    deadline = time.monotonic() + NEVER
    while True:
        main = board._cycle._main if board._cycle else None
        frame = sys._current_frames().get(main.ident) if main else None
        while frame is not None and frame.f_code.co_name != function:
            frame = frame.f_back
        if frame is not None and frame.f_lineno >= line:
            return
        assert time.monotonic() < deadline
        threading.Event().wait(0.001)


LEAVING = {
    "break": ("while n < 5:\n      n += 1\n      if n == 3: break", 3),
    "continue": ("while n < 5:\n      n += 1\n      if n == 3: continue\n      m = n", 5),
    "else": ("while n < 5:\n      n += 1\n    else:\n      n = 9", 9),
    "break in else": ("while True:\n      while n < 5:\n        n += 1\n      else:\n        n = 8\n        break", 8),
    "break and else": ("while n < 5:\n      n += 1\n      if n == 3: break\n    else:\n      n = 9", 3),
    "never": ("while n > 5: n = 7", 0),
}


@pytest.mark.parametrize(("loop", "result"), LEAVING.values(), ids=LEAVING.keys())
def test_a_loop_in_a_block_is_left_as_any(run_script: RunScript, loop: str, result: int) -> None:
    assert run_script(f"n = 0\nif 1:\n  try:\n    {loop}\n  finally:\n    print(n)\n").text == f"{result}\n"


def test_expect_and_fail(run_script: RunScript) -> None:
    endless = "import time\nwhile True:\n    print('tick 1')\n    time.sleep(0.01)\n"
    assert run_script(endless, until="tick 1").exit_code == 0
    assert run_script(endless, fail="tick 1").exit_code == 1
    assert run_script("print('other')", until="tick 1").exit_code == 1


def test_a_stopped_board_can_run_again(board: Board) -> None:
    load(board, "while True:\n    pass\n")
    for _ in range(3):
        assert board.run(timeout=0.05).exit_code == 124
    load(board, "print('done')")
    assert board.run(timeout=NEVER).text == "done\n"


def test_many_boards_in_one_process() -> None:
    boards = [Board(name) for name in ("wipy", "lopy", "lopy4", "sipy", "gpy", "fipy")]
    for board in boards:
        load(board, "import os, sys, time\ntime.sleep(0.05)\nprint(sys.platform, os.uname().sysname)")
        board.start()
    for board in boards:
        assert board.wait(NEVER)
        board.close()
    assert [board.console.text for board in boards] == [
        f"{name} {name}\n" for name in ("WiPy", "LoPy", "LoPy4", "SiPy", "GPy", "FiPy")
    ]


def test_expected_text_may_come_in_pieces(run_script: RunScript) -> None:
    script = "for c in 'x one two':\n    print(c, end='')\nprint()\nwhile True: pass\n"
    assert run_script(script, until="one two\n").exit_code == 0
    assert run_script("print('onetwo')", until="one two").exit_code == 1


def test_a_predicate_sees_all_text_of_the_run(board: Board) -> None:
    load(board, "print('a')\nprint('b')\nwhile True: pass\n")
    for _ in range(2):
        assert board.run(timeout=NEVER, until=lambda text: text == "a\nb\n").exit_code == 0


ENDINGS = {
    "GeneratorExit": ("raise GeneratorExit", "GeneratorExit: \n"),
    "own BaseException": ("class B(BaseException): pass\nraise B(1)", "B: 1\n"),
    "failing __repr__": (
        "class Bad:\n    def __repr__(self): raise KeyError('x')\nraise ValueError(Bad())",
        "ValueError: \n",
    ),
    "__repr__ of another type": (
        "class Bad:\n    def __repr__(self): return 5\nraise ValueError(Bad())",
        "ValueError: \n",
    ),
}


@pytest.mark.parametrize(("script", "tail"), ENDINGS.values(), ids=ENDINGS.keys())
@pytest.mark.parametrize("where", ["main", "thread"])
def test_whatever_a_script_raises_is_shown_and_ends_it(
    run_script: RunScript, script: str, tail: str, where: str
) -> None:
    if where == "thread":
        body = "\n".join(f"    {line}" for line in script.splitlines())
        script = f"import _thread\ndef f():\n{body}\n_thread.start_new_thread(f, ())\n"
    result = run_script(script)
    assert result.text.endswith(tail)
    assert result.exit_code == (1 if where == "main" else 0)
    assert result.notes == []


@pytest.mark.parametrize(
    ("value", "status"), [(0, 0), (3, 3), (256, 1), (10**30, 1), (-1, 255), ("'text'", 1), (None, 0)]
)
def test_a_failing_status_is_never_0(run_script: RunScript, value: object, status: int) -> None:
    assert run_script(f"raise SystemExit({value})").exit_code == status


def test_what_a_hard_reset_loses(run_script: RunScript) -> None:
    result = run_script(
        "import machine, time\nif machine.reset_cause() == 0:\n    time.timezone(3600)\n    machine.reset()\nprint(time.timezone())"
    )
    assert result.text == "0\n"


def test_start_and_stop_from_many_threads() -> None:
    with Board() as board:
        load(board, "while True: pass")
        failures: list[BaseException] = []

        def hammer() -> None:
            for _ in range(15):
                try:
                    board.start()
                except RuntimeError as error:
                    if "on already" not in str(error):
                        failures.append(error)
                board.reset()
                board.stop()

        threads = [threading.Thread(target=hammer) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(NEVER)
        assert not any(thread.is_alive() for thread in threads)
        assert failures == []
        load(board, "print('works')")
        assert board.run(timeout=NEVER).text.endswith("works\n")


@pytest.mark.parametrize("kind", [PowerOff, KeyboardInterrupt])
def test_what_is_injected_at_the_very_end_of_a_thread_is_not_seen(
    kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    escaped: list[object] = []
    monkeypatch.setattr(threading, "excepthook", escaped.append)
    ending, go_on = threading.Event(), threading.Event()

    def ends() -> None:
        ending.set()
        while not go_on.wait(0.5):
            pass

    cycle = power.PowerCycle(Clock(), on_change=ends)
    thread = cycle.start_thread(lambda: None)
    assert ending.wait(NEVER)
    thread.inject(kind)
    go_on.set()
    thread.thread.join(NEVER)
    assert not escaped
    injected: list[int] = []
    monkeypatch.setattr(power, "_set_async_exception", lambda ident, kind: injected.append(ident))
    thread.inject(kind)
    assert not injected, "another thread may have the number by now"
