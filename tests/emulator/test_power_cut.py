"""``Board.power_cut``: at that instant, from any thread, and nothing of the script comes afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from emulator import Board
from emulator.power import PowerOff
from flashfs import DeviceError, Step
from tests.emulator.conftest import NEVER, load

KINDS = ("littlefs", "fat")


@pytest.fixture(params=KINDS)
def board(request: pytest.FixtureRequest) -> Iterator[Board]:
    with Board("fipy", request.param) as made:
        yield made


def await_text(board: Board, text: str) -> None:
    shown = threading.Event()
    stop = board.console.listen(lambda _: shown.set() if text in board.console.text else None)
    try:
        assert text in board.console.text or shown.wait(NEVER), board.console.text
    finally:
        stop()


def cut_before(board: Board, kind: str, path: str) -> list[Step]:
    """Cut the power before the first such step; gives the steps before it."""
    steps: list[Step] = []

    def hook(step: Step) -> None:
        if step.kind == kind and step.path == path:
            board.power_cut()
        steps.append(step)

    board.volume.on_step = hook
    return steps


OPEN_FILES = {
    "with": "with open('/flash/f', 'w') as f:\n    f.write('lost')\n    print('ready')\n    {wait}\n",
    "global": "f = open('/flash/f', 'w')\nf.write('lost')\nprint('ready')\n{wait}\n",
    "local": "def main():\n    f = open('/flash/f', 'w')\n    f.write('lost')\n    print('ready')\n    {wait}\nmain()\n",
    "finally": "f = open('/flash/f', 'w')\ntry:\n    f.write('lost')\n    print('ready')\n    {wait}\nfinally:\n    f.close()\n",
    "bare except": (
        "f = open('/flash/f', 'w')\ntry:\n    f.write('lost')\n    print('ready')\n    {wait}\nexcept:\n    f.close()\n    open('/flash/g', 'w').close()\n"
    ),
}
WAITS = {"sleep": "__import__('time').sleep(3600)", "loop": "while True: pass"}


@pytest.mark.parametrize("wait", ["sleep", "loop"])
@pytest.mark.parametrize("form", OPEN_FILES)
@pytest.mark.parametrize("how", ["power_cut", "stop", "reset"])
def test_what_is_not_committed_is_lost(board: Board, form: str, wait: str, how: str) -> None:
    """The end of the script's ``with`` blocks, ``finally`` clauses and objects commits nothing any more."""
    load(board, "import os\nif 'f' not in os.listdir('/flash'):\n    exec(open('/flash/first.py').read())\nprint('again')\n", {
        "first.py": OPEN_FILES[form].format(wait=WAITS[wait])
    })  # fmt: skip
    board.start()
    await_text(board, "ready\n")
    getattr(board, how)()
    if how == "reset":
        await_text(board, "again\n")
        board.stop()
    assert not board.running
    assert board.flash.joinpath("f").read_bytes() == b""
    assert not board.flash.joinpath("g").exists()


def test_a_script_that_has_ended_leaves_its_open_file_uncommitted(board: Board) -> None:
    load(board, "f = open('/flash/f', 'w')\nf.write('lost')\n")
    board.run(timeout=NEVER)
    assert board.flash.joinpath("f").read_bytes() == b""


def test_reset_in_a_with_block_commits_nothing(board: Board) -> None:
    load(
        board,
        "import machine, os\nif 'f' in os.listdir('/flash'):\n    print('again')\nelse:\n"
        "    with open('/flash/f', 'w') as f:\n        f.write('lost')\n        machine.reset()\n",
    )
    assert board.run(timeout=NEVER).text == "again\n"
    assert board.flash.joinpath("f").read_bytes() == b""


def test_committed_files_and_nvs_stay(board: Board) -> None:
    load(
        board,
        "import pycom, time\nwith open('/flash/f', 'w') as f:\n    f.write('kept')\npycom.nvs_set('n', 5)\nprint('ready')\ntime.sleep(3600)\n",
    )
    board.start()
    await_text(board, "ready\n")
    board.power_cut()
    assert board.flash.joinpath("f").read_bytes() == b"kept"
    assert board.nvs.get("n") == 5


def test_nothing_is_written_once_the_power_is_off(board: Board) -> None:
    """Threads that write without end, in any way, have stopped when the call returns."""
    load(
        board,
        "import _thread, os\n"
        "def work(name):\n    n = 0\n    while True:\n        n += 1\n        try:\n"
        "            with open('/flash/' + name, 'w') as f:\n                f.write(str(n))\n"
        "            os.mkdir('/flash/d' + name)\n            os.rename('/flash/d' + name, '/flash/e' + name)\n"
        "            os.rmdir('/flash/e' + name)\n            if n == 20:\n                print(name)\n"
        "        except:\n            pass\n"
        "for name in 'abc':\n    _thread.start_new_thread(work, (name,))\nwork('m')\n",
    )
    board.start()
    await_text(board, "m\n")
    changes: list[object] = []
    with board.volume.lock:
        cutter = threading.Thread(target=board.power_cut)
        cutter.start()
    cutter.join()
    board.volume.watch(changes.append)
    before = board.volume.snapshot()
    board.volume.remount()
    assert board.volume.snapshot() == before
    assert changes == []
    assert not board.left_behind


# -- from inside


def test_cut_from_inside_a_step(board: Board) -> None:
    load(
        board,
        "import os\nprint('start')\nif 'f' in os.listdir('/flash'):\n    print('again')\nelse:\n"
        "    try:\n        with open('/flash/f', 'w') as f:\n            f.write('lost')\n        print('never')\n"
        "    except:\n        print('never')\n    finally:\n        open('/flash/g', 'w').close()\n",
    )
    steps = cut_before(board, "commit", "/f")
    board.start()
    assert board.wait(NEVER)
    board.stop()
    assert [step.kind for step in steps] == ["create", "write"]
    assert board.console.text == "start\n"
    assert board.flash.joinpath("f").read_bytes() == b""
    assert not board.flash.joinpath("g").exists()
    board.volume.on_step = None
    assert board.run(timeout=NEVER).text == "start\nagain\n"


def test_a_board_whose_script_cut_its_own_power_starts_again_at_once(board: Board) -> None:
    load(board, "import os\nprint('start')\nos.mkdir('/flash/new')\n")
    cut_before(board, "mkdir", "/new")
    board.start()
    assert board.wait(NEVER)
    board.start()  # without stop() in between
    assert board.wait(NEVER)
    board.stop()
    assert board.console.text == "start\nstart\n"
    assert not board.flash.joinpath("new").exists()


def test_cut_while_the_boot_makes_another_file_system() -> None:
    """That step is the board's own, in no thread of the script."""
    with Board("fipy", "littlefs") as board:
        load(board, "import machine, pycom\nprint('start')\npycom.bootmgr(fs_type=pycom.FAT)\nmachine.reset()\n")
        steps = cut_before(board, "format", "/")
        board.start()
        assert board.wait(NEVER)
        board.stop()
        assert (steps, board.console.text) == ([], "start\n")
        board.volume.on_step = None
        board.run(timeout=NEVER)
        assert board.volume.kind == "fat"
        assert board.console.text == "start\n"  # main.py is gone


def test_an_sd_card_loses_what_was_not_committed() -> None:
    with Board("fipy", sd=1) as board:
        load(
            board,
            "import machine, os, time\nos.mount(machine.SD(), '/sd')\n"
            "with open('/sd/kept', 'w') as f:\n    f.write('kept')\n"
            "with open('/sd/f', 'w') as f:\n    f.write('lost')\n    print('ready')\n    time.sleep(3600)\n",
        )
        board.start()
        await_text(board, "ready\n")
        board.power_cut()
        assert board.sd.joinpath("f").read_bytes() == b""
        assert board.sd.joinpath("kept").read_bytes() == b"kept"


def test_a_block_device_of_the_script_does_not_hold_up_the_end(board: Board) -> None:
    """Its code runs under the lock of its volume, for as long as it likes."""
    load(
        board,
        "import os\nclass Disk:\n    def __init__(self):\n        self.data = bytearray(64 * 512)\n        self.slow = False\n"
        "    def readblocks(self, n, buf):\n        buf[:] = self.data[n * 512 : n * 512 + len(buf)]\n"
        "    def writeblocks(self, n, buf):\n        if self.slow:\n            print('ready')\n"
        "        while self.slow:\n            pass\n        self.data[n * 512 : n * 512 + len(buf)] = buf\n"
        "    def ioctl(self, op, arg):\n        return {4: 64, 5: 512}.get(op, 0)\n"
        "disk = Disk()\nos.mkfat.mkfs(disk)\nos.mount(disk, '/ram')\ndisk.slow = True\nopen('/ram/f', 'w').close()\n",
    )
    board.start()
    await_text(board, "ready\n")
    board.power_cut()
    assert not board.left_behind


def test_run_ends_with_a_cut_from_inside(board: Board) -> None:
    load(board, "import os, time\nos.mkdir('/flash/new')\ntime.sleep(3600)\n")
    cut_before(board, "mkdir", "/new")
    board.run(timeout=NEVER)
    assert not board.running


def test_cut_from_a_second_thread_ends_all(board: Board) -> None:
    load(
        board,
        "import _thread, os, time\n_thread.start_new_thread(os.mkdir, ('/flash/new',))\n"
        "while True:\n    try:\n        time.sleep(0.01)\n    except:\n        pass\n",
    )
    cut_before(board, "mkdir", "/new")
    board.start()
    assert board.wait(NEVER)
    board.stop()
    assert not board.left_behind
    assert not board.flash.joinpath("new").exists()


def test_cut_in_a_finaliser_is_quiet_and_ends_the_script(board: Board) -> None:
    load(board, "open('/flash/f', 'w').write('x')\nwhile True:\n    print('on', end='')\n")
    cut_before(board, "commit", "/f")
    board.start()
    assert board.wait(NEVER)
    board.stop()
    assert board.console.text == ""
    assert board.flash.joinpath("f").read_bytes() == b""


def test_a_host_thread_inside_a_step_gets_an_error_and_does_not_wait(board: Board) -> None:
    load(board, "import time\nprint('ready')\ntime.sleep(3600)\n")
    cut_before(board, "mkdir", "/new")
    board.start()
    await_text(board, "ready\n")
    with pytest.raises(DeviceError, match="EIO"):
        board.vfs.mkdir("/flash/new")
    board.stop()
    assert not board.flash.joinpath("new").exists()


def test_what_a_person_put_on_the_volume_stays_on_it(board: Board) -> None:
    def hook(step: Step) -> None:
        pass

    board.volume.on_step = hook
    load(board, "import time\nprint('ready')\ntime.sleep(3600)\n")
    for _ in range(3):
        board.start()
        await_text(board, "ready\n")
        board.power_cut()
        assert board.volume.on_step is hook


def test_cut_when_the_board_is_off(board: Board) -> None:
    board.power_cut()
    load(board, "print('on')\n")
    assert board.run(timeout=NEVER).text == "on\n"
    board.power_cut()
    board.power_cut()
    assert board.run(timeout=NEVER).text == "on\n"


def test_cut_by_another_boards_script(board: Board) -> None:
    """A thread of one board's script cuts another's power as any thread of the host does."""
    load(board, "import time\nprint('ready')\ntime.sleep(3600)\n")
    board.start()
    await_text(board, "ready\n")
    with Board("wipy") as other:
        load(other, "import os\nos.mkdir('/flash/new')\nprint('goes on')\n")
        other.volume.on_step = lambda step: board.power_cut()
        assert other.run(timeout=NEVER).text == "goes on\n"
    assert not board.running


def test_a_thread_of_the_script_gets_power_off(board: Board) -> None:
    raised: list[type[BaseException]] = []

    def hook(step: Step) -> None:
        try:
            board.power_cut()
        except BaseException as error:
            raised.append(type(error))
            raise

    load(board, "import os\nos.mkdir('/flash/new')\n")
    board.volume.on_step = hook
    board.start()
    assert board.wait(NEVER)
    board.stop()
    assert raised == [PowerOff]
