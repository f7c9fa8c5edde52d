"""``machine`` (firmware: esp32/mods/modmachine.c, machuart.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import natives
from emulator.power import Ending

if TYPE_CHECKING:
    from emulator.device import Device

RESET_CAUSES = {
    "PWRON_RESET": 0,
    "HARD_RESET": 1,
    "WDT_RESET": 2,
    "DEEPSLEEP_RESET": 3,
    "SOFT_RESET": 4,
    "BROWN_OUT_RESET": 5,
}
WAKE_REASONS = {"PWRON_WAKE": 0, "PIN_WAKE": 1, "RTC_WAKE": 2, "ULP_WAKE": 3}
CPU_HZ = 160_000_000
_LFSR_TAPS = 0xE10000
"""Of a maximal-length 24-bit register (bits 24, 23, 22, 17): the width is the board's, the sequence is ours."""


def module(device: Device) -> dict[str, Any]:
    """The names of ``machine`` that a first script touches; the rest of the board's say that they are not emulated yet."""
    board, power = device.board, device.power
    register = [int.from_bytes(board.unique_id[3:], "big") | 1]

    def reset() -> None:
        # the board reads a reset by itself as one by the watchdog (firmware: esp32/util/mpsleep.c)
        board.power_state.reset_cause = RESET_CAUSES["WDT_RESET"]
        power.switch_off(Ending.RESET)
        power.check()

    def idle() -> None:
        power.sleep(0.001)

    def unique_id() -> bytes:
        return board.unique_id

    def rng() -> int:
        for _ in range(24):
            low = register[0] & 1
            register[0] = register[0] >> 1 ^ (_LFSR_TAPS if low else 0)
        return register[0]

    def freq() -> int:
        return CPU_HZ

    def main(main: Any, /) -> None:
        if not isinstance(main, str):
            raise TypeError("expecting a string file name")
        board.power_state.main_file = main

    def reset_cause() -> int:
        return board.power_state.reset_cause

    def wake_reason() -> tuple[int, None]:
        return WAKE_REASONS["PWRON_WAKE"], None

    def disable_irq() -> int:
        return 0

    def enable_irq(state: Any = 1, /) -> None:
        """Interrupts of the emulator are threads; there is nothing to hold back."""

    class UART:
        """UART 0, the console. Other ports are not emulated yet."""

        EVEN = 2
        ODD = 3

        def __init__(
            self,
            id: int | None = None,
            baudrate: int = 9600,
            bits: int = 8,
            parity: Any = None,
            stop: Any = None,
            **options: Any,
        ) -> None:
            unknown = options.keys() - {"pins", "timeout_chars", "rx_buffer_size"}
            if unknown:
                raise TypeError("extra keyword arguments given")
            if id not in (None, 0):
                if id in (1, 2):
                    raise NotImplementedError(f"machine.UART({id}): the board has it, the emulator does not yet")
                raise BoardOSError("resource not available")
            self.init(baudrate, bits, parity, stop)

        def init(self, baudrate: int = 9600, bits: int = 8, parity: Any = None, stop: Any = None, **_: Any) -> None:
            if bits not in (5, 6, 7, 8):
                raise ValueError(f"invalid bits size {bits}")
            self._text = (
                f"UART(0, baudrate={baudrate}, bits={bits}, parity={parity}, stop={1 if stop is None else stop})"
            )

        def deinit(self) -> None:
            """The console stays where it is."""

        def any(self) -> int:
            return board.console_input.waiting()

        def wait_tx_done(self, timeout_ms: int, /) -> bool:
            return True

        def write(self, buf: Any, /) -> int:
            data = buf.encode() if isinstance(buf, str) else bytes(buf)
            device.console.write(data.decode("utf-8", "replace"))
            return len(data)

        def read(self, size: int = -1, /) -> bytes | None:
            text = board.console_input.take(size)
            return text.encode() or None

        def readline(self, size: int = -1, /) -> bytes | None:
            text = board.console_input.take(size, line=True)
            return text.encode() or None

        def __repr__(self) -> str:
            return self._text

    return {
        **natives(reset, idle, unique_id, rng, freq, main, reset_cause, wake_reason, disable_irq, enable_irq),
        "UART": UART,
        **RESET_CAUSES,
        **WAKE_REASONS,
    }
