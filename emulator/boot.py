"""The boot order of scripts: _boot.py, boot.py, main.py in one ``__main__`` (firmware: esp32/mptask.c, lib/utils/pyexec.c)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.power import PowerOff
from emulator.runtime import frozen
from flashfs.notes import Note

if TYPE_CHECKING:
    from emulator.device import Device

INTERRUPTED = 130
WDT_RESET, SOFT_RESET = 2, 4
"""``machine.reset_cause()`` after a reset by the script itself, and after a soft one (firmware: esp32/util/mpsleep.c)."""

SAFE_BOOT_NOW, SAFE_BOOT_ONCE = 1, 2
"""The safe-boot flag of the boot information: in force, and asked for (firmware: esp32/bootloader/bootloader.c)."""

SAFE_BOOT = Note(
    "safe-boot",
    "safe boot: boot.py and main.py are not run",
    cause="asked for by the safe-boot pin, Ctrl-F or pycom.bootmgr(safeboot=True)",
    fix="it holds until the next hard reset",
    source="firmware: esp32/mptask.c",
)


@dataclass(frozen=True)
class Outcome:
    """How a script ended: the process status it stands for, and the exception if one ended it."""

    exit_code: int = 0
    exception: BaseException | None = None


def boot(device: Device) -> Outcome:
    """Run everything that runs after a reset; main.py's outcome. An error in boot.py does not keep main.py from running.

    In safe boot neither runs, and main.py does not in the raw mode of the prompt, which a soft reset keeps.
    """
    board, state = device.board, device.board.power_state
    state.main_file = None
    if state.reset_cause == SOFT_RESET:
        device.console.write("PYB: soft reboot\n")
    frozen_boot(device)
    if state.safe_boot:
        device.note(SAFE_BOOT)
        return Outcome()
    state.boot_outcome = _signalled(device, run_file(device, "boot.py"))
    if state.raw_prompt:
        return state.outcome or Outcome()
    if board.stand_in is not None:
        return _signalled(device, run_source(device, *board.stand_in))
    return _signalled(device, run_file(device, state.main_file or "main.py"))


def _signalled(device: Device, outcome: Outcome) -> Outcome:
    """Have the LED tell of an exception; SystemExit is one, whatever its value."""
    if outcome.exception is not None:
        device.board.led.signal_error()
    return outcome


def frozen_boot(device: Device) -> None:
    """What the frozen ``_boot.py`` leaves in ``__main__``: ``os`` and ``UART``, with UART 0 at the console."""
    device.interpreter.main.update(frozen.names("_boot", device) or {})
    device.board.console_input.reset_armed = True  # it is the first script


def run_file(device: Device, name: str) -> Outcome:
    """Run a file in ``__main__``; an exception that it does not catch is shown on the console."""
    main = device.interpreter.main
    return run(device, lambda: device.interpreter.execute_file(name, main, main))


def run_source(device: Device, name: str, data: bytes) -> Outcome:
    """Run what is no file of the board's, as :func:`run_file` does."""
    main = device.interpreter.main
    return run(device, lambda: device.interpreter.execute_source(name, data, main, main, filename=name))


def run(device: Device, script: Callable[[], None], ended: Callable[[], None] = lambda: None) -> Outcome:
    """Run ``script`` and show what it does not catch. ``ended`` is called before that is shown."""
    keys = device.board.console_input
    outcome = Outcome()
    try:
        keys.running = True
        try:
            script()
        finally:
            keys.running = False
    except SystemExit as exit_:
        outcome = Outcome(exit_status(exit_), exit_)
    except PowerOff:
        raise
    except BaseException as error:  # noqa: BLE001  whatever the script raises is the board's to show
        ended()
        device.console.write(device.interpreter.format_exception(error))
        return Outcome(INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1, error)
    ended()
    return outcome


def exit_status(exit_: SystemExit) -> int:
    """The process status for a ``SystemExit``. The board ignores the value; a host that runs tests wants it."""
    value = exit_.args[0] if exit_.args else None
    if value is None or (isinstance(value, int) and value == 0):
        return 0
    # a status that the process would cut to 0 must not look like success
    return int(value) & 0xFF or 1 if isinstance(value, int) else 1
