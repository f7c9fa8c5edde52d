"""The boot order of scripts: _boot.py, boot.py, main.py in one ``__main__`` (firmware: esp32/mptask.c, lib/utils/pyexec.c)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.power import PowerOff

if TYPE_CHECKING:
    from emulator.device import Device

INTERRUPTED = 130


@dataclass(frozen=True)
class Outcome:
    """How a script ended: the process status it stands for, and the exception if one ended it."""

    exit_code: int = 0
    exception: BaseException | None = None


def boot(device: Device) -> Outcome:
    """Run everything that runs after power-on; main.py's outcome. An error in boot.py does not keep main.py from running."""
    frozen_boot(device)
    device.board.power_state.boot_outcome = run_file(device, "boot.py")
    if device.board.stand_in is not None:
        return run_source(device, *device.board.stand_in)
    return run_file(device, device.board.power_state.main_file or "main.py")


def frozen_boot(device: Device) -> None:
    """What the frozen ``_boot.py`` leaves in ``__main__``: ``os`` and ``UART``, with UART 0 at the console."""
    interpreter = device.interpreter
    interpreter.main["os"] = device.module("uos")
    interpreter.main["UART"] = device.module("umachine").UART


def run_file(device: Device, name: str) -> Outcome:
    """Run a file in ``__main__``; an exception that it does not catch is shown on the console."""
    main = device.interpreter.main
    return _run(device, lambda: device.interpreter.execute_file(name, main, main))


def run_source(device: Device, name: str, data: bytes) -> Outcome:
    """Run what is no file of the board's, as :func:`run_file` does."""
    main = device.interpreter.main
    return _run(device, lambda: device.interpreter.execute_source(name, data, main, main, filename=name))


def _run(device: Device, script: Callable[[], None]) -> Outcome:
    try:
        script()
    except SystemExit as exit_:
        return Outcome(exit_status(exit_), exit_)
    except PowerOff:
        raise
    except BaseException as error:  # noqa: BLE001  whatever the script raises is the board's to show
        device.console.write(device.interpreter.format_exception(error))
        return Outcome(INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1, error)
    return Outcome()


def exit_status(exit_: SystemExit) -> int:
    """The process status for a ``SystemExit``. The board ignores the value; a host that runs tests wants it."""
    value = exit_.args[0] if exit_.args else None
    if value is None or (isinstance(value, int) and value == 0):
        return 0
    # a status that the process would cut to 0 must not look like success
    return int(value) & 0xFF or 1 if isinstance(value, int) else 1
