"""What runs when, and what each kind of reset keeps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator import Board
from emulator.led import ERROR_COLOUR, HEARTBEAT_COLOUR
from tests.emulator.conftest import NEVER, RunScript, load

FLASHED = [ERROR_COLOUR, 0] * 12


def _codes(board: Board) -> list[str]:
    return [note.code for note in board.notes]


def _seen(board: Board, text: str) -> Callable[[], bool]:
    shown = threading.Event()
    board.console.listen(lambda piece: shown.set() if text in piece else None)
    return lambda: shown.wait(NEVER)


# -- errors ----------------------------------------------------------------------------------------------------------------

BOOT_ERRORS = {
    "exception": (
        "1/0\n",
        'Traceback (most recent call last):\n  File "boot.py", line 1, in <module>\nZeroDivisionError: divide by zero\n',
    ),
    "syntax": (
        "x = (\n",
        'Traceback (most recent call last):\n  File "boot.py", line 2\nSyntaxError: invalid syntax\n',
    ),
    "KeyboardInterrupt": (
        "raise KeyboardInterrupt\n",
        'Traceback (most recent call last):\n  File "boot.py", line 1, in <module>\nKeyboardInterrupt: \n',
    ),
    "SystemExit": ("import sys\nsys.exit()\n", ""),
    "SystemExit 0": ("raise SystemExit(0)\n", ""),
}


@pytest.mark.parametrize(("boot", "shown"), BOOT_ERRORS.values(), ids=BOOT_ERRORS.keys())
def test_an_error_in_boot_py_is_shown_and_main_py_runs(
    board: Board, run_script: RunScript, boot: str, shown: str
) -> None:
    result = run_script("import pycom\nprint('main', pycom.heartbeat())", {"boot.py": boot})
    assert result.text == f"{shown}main False\n"
    assert result.exit_code == 0
    assert list(board.led.history) == FLASHED


def test_no_error_leaves_the_heartbeat_on(board: Board, run_script: RunScript) -> None:
    assert run_script("import pycom\nprint(pycom.heartbeat())", {"boot.py": "x = 1\n"}).text == "True\n"
    assert list(board.led.history) == []


def test_after_an_error_a_script_may_use_the_led(board: Board, run_script: RunScript) -> None:
    result = run_script("import pycom\npycom.rgbled(0x00ff00)\nprint(pycom.rgbled())", {"boot.py": "1/0"})
    assert result.text.endswith("\n65280\n")
    assert board.led.colour == 0x00FF00
    assert not board.led.heartbeat


def test_the_led_seen_from_the_host(board: Board, run_script: RunScript) -> None:
    run_script(
        "import pycom\ntry:\n    pycom.rgbled(1)\nexcept OSError as e:\n    print(e)\n"
        "pycom.heartbeat(False)\npycom.rgbled(0xff)\npycom.rgbled(0)\npycom.heartbeat(True)"
    )
    assert board.console.text == "the requested operation is not possible\n"
    assert list(board.led.history) == [0, 0xFF, 0]
    assert board.led.heartbeat
    assert HEARTBEAT_COLOUR not in board.led.history


def test_heartbeat_on_boot_is_taken_at_each_reset(run_script: RunScript) -> None:
    result = run_script(
        "import pycom, machine\nprint(pycom.heartbeat())\n"
        "if machine.reset_cause() == 0:\n    pycom.heartbeat_on_boot(False)\n    machine.reset()"
    )
    assert result.text == "True\nFalse\n"


def test_names_are_shared(run_script: RunScript) -> None:
    result = run_script("print(a, __name__, os, UART)", {"boot.py": "a = 7"})
    assert result.text == "7 __main__ <module 'uos'> <class 'UART'>\n"


def test_a_missing_file_is_enoent(board: Board, run_script: RunScript) -> None:
    result = run_script("print('never')", {"boot.py": "import machine\nmachine.main('nowhere.py')"})
    assert result.text == "OSError: [Errno 2] ENOENT\n"
    assert result.exit_code == 1
    assert list(board.led.history) == FLASHED


def test_boot_py_may_go_elsewhere(run_script: RunScript) -> None:
    result = run_script("print('top')", {"boot.py": "os.chdir('/flash/lib')", "lib/main.py": "print('lib')"})
    assert result.text == "lib\n"


def test_machine_main_holds_for_one_boot(run_script: RunScript) -> None:
    boot = "import machine\nif machine.reset_cause() == 0:\n    machine.main('other.py')\n"
    result = run_script("print('main')", {"boot.py": boot, "other.py": "print('other')\nmachine.reset()"})
    assert result.text == "other\nmain\n"


def test_machine_main_takes_text_only(run_script: RunScript) -> None:
    result = run_script("import machine\nmachine.main(5)")
    assert result.text.endswith("TypeError: expecting a string file name\n") or "TypeError" in result.text


def test_a_project_without_main_py_is_told(board: Board, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    board.load(project)
    assert _codes(board) == ["no-main"]
    assert board.run(timeout=NEVER).text == ""
    (project / "main.py").write_text("print('main')")
    board.load(project)
    assert _codes(board) == ["no-main"]
    assert board.run(timeout=NEVER).text == "main\n"


# -- resets ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reset", "cause", "kept", "text"),
    [
        pytest.param(Board.soft_reset, 4, True, "PYB: soft reboot\n", id="soft"),
        pytest.param(Board.reset, 0, False, "", id="button"),
    ],
)
def test_what_a_reset_keeps(board: Board, reset: Callable[[Board], None], cause: int, kept: bool, text: str) -> None:
    load(
        board,
        "import machine, pycom, time, sys, _thread, network\n"
        "if pycom.nvs_get('n', 0):\n"
        "    print(machine.reset_cause(), time.time() > 1000000, time.timezone(), 'a' in globals(), '/x' in sys.path,\n"
        "        len(os.listdir('/flash/lib')), 'open.txt' in os.listdir('/flash'), pycom.heartbeat(), network.Server().isrunning())\n"
        "else:\n"
        "    pycom.nvs_set('n', 1)\n"
        "    a = 1\n"
        "    sys.path.append('/x')\n"
        "    time.timezone(3600)\n"
        "    pycom.heartbeat(False)\n"
        "    with open('/flash/lib/closed.txt', 'w') as f:\n        f.write('x')\n"
        "    f = open('/flash/open.txt', 'w')\n"
        "    f.write('lost')\n"
        "    def forever():\n        while True:\n            time.sleep(1)\n"
        "    _thread.start_new_thread(forever, ())\n"
        "    print('ready')\n",
    )
    ready = _seen(board, "ready")
    board.start()
    assert ready()
    board.clock.set(1_600_000_000.0)
    begin = len("ready\n")
    reset(board)
    assert board.wait(NEVER)
    zone = 3600 if kept else 0
    assert board.console.text[begin:] == f"{text}{cause} {kept} {zone} False False 1 True True True\n"
    assert board.resets == 1


WLAN = """\
import machine, network, usocket
w = network.WLAN()
print(machine.reset_cause(), w.mode(), w.isconnected(), w.antenna(), w.ifconfig()[0])
if machine.reset_cause() == 0:
    w.init(mode=network.WLAN.STA, antenna=network.WLAN.EXT_ANT)
    w.connect('lab', auth=(network.WLAN.WPA2, 'password'))
    network.Server(login=('bob', 'secret'), timeout=60)
    left = usocket.socket()
left = usocket.socket()
left.bind(('', 8099))
left.listen(1)
print('ready')
"""


@pytest.mark.parametrize(
    ("command", "shown", "login"),
    [
        ("\x04", "4 1 True 1 192.0.2.17", ("bob", "secret")),
        ("import machine\nmachine.reset()\n", "2 2 False 0 0.0.0.0", ("micro", "python")),
    ],
    ids=["soft", "hard"],
)
def test_the_network_stays_up_over_a_soft_reset_alone(
    board: Board, command: str, shown: str, login: tuple[str, str]
) -> None:
    load(board, WLAN)
    board.start(repl=True)
    assert board.wait(NEVER)
    assert board.console.text.startswith("0 2 False 0 0.0.0.0\nready\n")
    again = _seen(board, shown)
    board.type_in(command)
    assert again(), board.console.text
    assert board.wait(NEVER)
    assert "Traceback" not in board.console.text, "the port of the socket that was left open is free again"
    assert board.servers.login == login


def test_a_script_that_asks_for_nothing_finds_the_network_of_the_last_one(board: Board) -> None:
    load(
        board,
        "import machine, usocket\nif machine.reset_cause() == 0:\n    import network\n    network.WLAN().deinit()\n"
        "    print('off')\nelse:\n    try:\n        usocket.socket()\n    except OSError as e:\n        print(e)\n",
    )
    off = _seen(board, "off")
    board.start()
    assert off()
    refused = _seen(board, "Network card not available")
    board.soft_reset()
    assert refused(), board.console.text


def test_a_soft_reset_keeps_ftp_sessions_and_the_login(board: Board) -> None:
    import ftplib
    from urllib.parse import urlsplit

    load(board, "import network\nif network.Server().isrunning():\n    print('up')\n")
    url = urlsplit(board.servers.open_ftp())
    board.start()
    assert board.wait(NEVER)
    with ftplib.FTP() as ftp:
        ftp.connect(url.hostname or "", url.port or 0, timeout=NEVER)
        ftp.login("micro", "python")
        again = _seen(board, "PYB: soft reboot")
        board.soft_reset()
        assert again()
        assert board.wait(NEVER)
        assert ftp.sendcmd("PWD") == "257 /"
        ftp.quit()


def test_soft_resets_and_resets_in_turn_leave_no_threads(board: Board) -> None:
    load(board, "import _thread, time\n_thread.start_new_thread(lambda: time.sleep(3600), ())\nprint('up')")
    booted = threading.Semaphore(0)
    board.console.listen(lambda text: booted.release() if text.startswith("up") else None)
    board.start()
    before = threading.active_count()
    for number in range(20):
        assert booted.acquire(timeout=NEVER)
        (board.soft_reset if number % 2 else board.reset)()
    assert booted.acquire(timeout=NEVER)
    assert threading.active_count() <= before + 2
    assert board.resets == 20


def test_a_soft_reset_of_a_board_that_is_off_does_nothing(board: Board) -> None:
    board.soft_reset()
    board.reset_into_safe_boot()
    assert board.resets == 0


@pytest.mark.parametrize(
    "victim",
    ["while True: pass", "import time\nwhile True:\n    try:\n        time.sleep(9)\n    except:\n        pass"],
)
def test_a_soft_reset_ends_any_script(board: Board, victim: str) -> None:
    load(
        board,
        f"import machine\nprint(machine.reset_cause())\nif machine.reset_cause() == 4:\n    raise SystemExit\n{victim}",
    )
    ready = _seen(board, "0\n")
    board.start()
    assert ready()
    board.soft_reset()
    assert board.wait(NEVER)
    assert board.console.text == "0\nPYB: soft reboot\n4\n"


# -- safe boot -------------------------------------------------------------------------------------------------------------

LOUD = {"boot.py": "print('boot')\n"}


def test_the_safe_boot_pin_skips_both_scripts() -> None:
    with Board(safe_boot=True) as board:
        load(board, "print('main')", LOUD)
        result = board.run(timeout=NEVER)
        assert (result.text, result.exit_code) == ("", 0)
        assert [note.code for note in result.notes] == ["safe-boot"]


def test_the_pin_holds_over_soft_resets_and_not_over_a_reset() -> None:
    with Board(safe_boot=True) as board:
        load(board, "print('main')", LOUD)
        board.start()
        assert board.wait(NEVER)
        soft = _seen(board, "PYB")
        board.soft_reset()
        assert soft()
        assert board.wait(NEVER)
        assert board.console.text == "PYB: soft reboot\n"
        main = _seen(board, "main")
        board.reset()
        assert main()
        assert board.console.text == "PYB: soft reboot\nboot\nmain\n"


def test_bootmgr_asks_for_one_safe_boot(board: Board) -> None:
    load(
        board,
        "import pycom, machine\nprint(pycom.bootmgr())\npycom.bootmgr(safeboot=True)\nprint(pycom.bootmgr()[2])\n"
        "pycom.bootmgr(safeboot=True)\nmachine.reset()",
    )
    board.start(repl=True)
    assert board.wait(NEVER)
    board.type_in("import pycom, machine\npycom.bootmgr()[2]; machine.reset_cause()\npycom.bootmgr(safeboot=True)\n")
    assert board.wait(NEVER)
    shown = board.console.text
    assert shown.startswith(
        "('Factory', 'LittleFS', 'SafeBoot: False', 'Status: Ready')\nSafeBoot: True\nPycom MicroPython"
    )
    assert "\n>>> >>> 'SafeBoot: True'\n2\n" in shown
    assert shown.endswith("ValueError: Error safeboot must be True or False!\n>>> ")


def test_bootmgr_with_reset(run_script: RunScript) -> None:
    result = run_script("print(1)\nimport pycom\npycom.bootmgr(safeboot=True, reset=True)\nprint('never')")
    assert result.text == "1\n"
    assert [note.code for note in result.notes] == ["safe-boot"]


@pytest.mark.parametrize("value", ["False", "2"])
def test_bootmgr_refuses_what_is_set_already_or_no_flag(run_script: RunScript, value: str) -> None:
    result = run_script(f"import pycom\npycom.bootmgr(safeboot={value})")
    assert result.text.endswith("ValueError: Error safeboot must be True or False!\n")


@pytest.mark.parametrize(
    ("scripts", "endless"),
    [
        (("print('main')\nwhile True: pass", LOUD), "boot\nmain\n"),
        # the frozen _boot.py is the first script: from then on the key acts
        (("print('main')", {"boot.py": "print('boot')\nwhile True: pass"}), "boot\n"),
    ],
    ids=["main.py", "boot.py"],
)
def test_ctrl_f_resets_into_safe_boot(board: Board, scripts: tuple[str, dict[str, str]], endless: str) -> None:
    load(board, *scripts)
    running = _seen(board, endless.split()[-1])
    prompt = _seen(board, ">>> ")
    board.start(repl=True)
    assert running()
    board.type_in("\x06")
    assert prompt()
    assert board.wait(NEVER)
    assert board.console.text.startswith(f"{endless}Pycom MicroPython")
    board.type_in("import machine\nmachine.reset_cause()\n")
    assert board.wait(NEVER)
    assert board.console.text.endswith(">>> >>> 2\n>>> ")


# -- settings --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("floats", "shown"), [("double", "True"), ("single", "False")])
def test_floats(floats: str, shown: str) -> None:
    with Board(floats=floats) as board:  # type: ignore[arg-type]
        load(board, "print(16777216.0 + 1.0 != 16777216.0)")
        assert board.settings.floats == floats
        assert board.run(timeout=NEVER).text == f"{shown}\n"


def test_no_other_floats() -> None:
    with pytest.raises(ValueError, match="no floats 'half'"):
        Board(floats="half")  # type: ignore[arg-type]
