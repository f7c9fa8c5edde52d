"""``machine`` (firmware: esp32/mods/modmachine.c, machuart.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.boot import WDT_RESET
from emulator.console import encoded
from emulator.errors import BoardOSError
from emulator.firmware._arguments import bind, native, natives
from emulator.firmware._convert import to_float, writable
from emulator.firmware._mem import accessors
from emulator.firmware._missing import not_emulated
from emulator.firmware._natives import hide, stream_part, to_word
from emulator.firmware._sd import sd_type
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
        board.power_state.reset_cause = WDT_RESET
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
        to_word(state)

    return {
        **accessors(device),
        **natives(reset, idle, unique_id, rng, freq, main, reset_cause, wake_reason, disable_irq, enable_irq),
        "SD": sd_type(device),
        "UART": _uart(device),
        **RESET_CAUSES,
        **WAKE_REASONS,
    }


class _Port:
    """What stands behind the UART object: how it is set, and bytes that were read from the console and not yet asked for."""

    __slots__ = ("left", "ready", "text")

    def __init__(self) -> None:
        self.ready = False
        self.text = ""
        self.left = b""


def _settings(args: tuple[Any, ...], kwargs: dict[str, Any], first: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Bind a call of the constructor or ``init``; also how the settings print. Raises TypeError, ValueError."""
    given = bind(args, kwargs, {**first, **_POSITIONAL}, _KEYWORDS)
    for name in ("baudrate", "bits", "timeout_chars", "rx_buffer_size"):
        given[name] = to_word(given[name])
    if given["baudrate"] <= 0:
        raise ValueError("invalid argument(s) value")
    if given["bits"] not in (5, 6, 7, 8):
        raise ValueError(f"invalid bits size {given['bits']}")
    parity = None if given["parity"] is None else to_word(given["parity"])
    if parity not in _PARITY:
        raise ValueError(f"invalid parity {parity}")
    wanted = 1.0 if given["stop"] is None else to_float(given["stop"])
    stop = "1.5" if 1.5 <= wanted < 2 else "1" if 1 <= wanted < 1.5 else "2" if 2 <= wanted < 3 else ""
    if not stop:
        raise ValueError(f"invalid stop bits {wanted:f}")
    if given["rx_buffer_size"] <= _UART_FIFO:
        raise ValueError("invalid RX buffer size, should be > 128 bytes")
    text = f"UART(0, baudrate={given['baudrate']}, bits={given['bits']}, parity={_PARITY[parity]}, stop={stop})"
    return given, text


_POSITIONAL = {"baudrate": 9600, "bits": 8, "parity": None, "stop": None}
_KEYWORDS = {"pins": None, "timeout_chars": 2, "rx_buffer_size": 4096}
_PARITY = {None: "None", 2: "UART.EVEN", 3: "UART.ODD"}
_UART_FIFO = 128


def _uart(device: Device) -> type:
    """The class of UART 0, the console: one object, whoever asks. Other ports are not emulated yet."""
    source = device.board.console_input
    the_one: list[Any] = []

    class UART:
        __slots__ = ("port",)
        EVEN = 2
        ODD = 3

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            given, text = _settings(args, kwargs, {"id": None})
            number = 0 if given["id"] is None else to_word(given["id"])
            if number in (1, 2):
                raise not_emulated(f"machine.UART({number})", device.note)
            if number != 0:
                raise BoardOSError("resource not available")
            if cls is UART and the_one:
                made = the_one[0]
            else:
                made = object.__new__(cls)
                hidden.__set__(made, _Port())
                if cls is UART:
                    the_one.append(made)
            port = port_of(made)
            port.ready, port.text = True, text
            return made

        def init(self, *args: Any, **kwargs: Any) -> None:
            _, text = _settings(args, kwargs, {})
            port = port_of(self)
            port.ready, port.text = True, text

        @native(1)
        def deinit(self) -> None:
            """The console itself stays where it is."""
            port_of(self).ready = False

        @native(1)
        def any(self) -> int:
            return len(working(self).left) + source.waiting()

        @native(2)
        def wait_tx_done(self, timeout_ms: Any, /) -> bool:
            working(self)
            to_word(timeout_ms)
            return True

        def sendbreak(self, *args: Any, **kwargs: Any) -> None:
            """Whoever reads the console takes no notice of a break."""
            working(self)
            to_word(bind(args, kwargs, {"bits": 13}, {})["bits"])

        @native(2, 4)
        def write(self, buf: Any, /, *limits: Any) -> int:
            data = stream_part(buf, limits)
            working(self)
            device.console.write(bytes(data).decode("utf-8", "surrogateescape"))
            return len(data)

        @native(1, 2)
        def read(self, size: Any = -1, /) -> bytes | None:
            limit = to_word(size)
            return take(working(self), limit) or None

        @native(1, 2)
        def readline(self, size: Any = -1, /) -> bytes | None:
            limit = to_word(size)
            return take(working(self), limit, line=True) or None

        @native(2, 3)
        def readinto(self, buf: Any, nbytes: Any = -1, /) -> int | None:
            view = writable(buf)
            data = take(working(self), min(to_word(nbytes) & 0xFFFFFFFF, len(view)))
            view[: len(data)] = data
            return len(data) or None

        def __repr__(self) -> str:
            return working(self).text

    def take(port: _Port, size: int, *, line: bool = False) -> bytes:
        data = port.left
        while (size < 0 or len(data) < size) and not (line and b"\n" in data):
            text = source.take(-1 if size < 0 else size - len(data), line=line)
            if not text:
                break
            data += encoded(text)
        end = len(data) if size < 0 else size
        if line:
            end = min(end, data.find(b"\n") + 1 or end)
        port.left = data[end:]
        return data[:end]

    hidden = hide(UART, "port")
    port_of = hidden.__get__

    def working(uart: Any) -> _Port:
        port: _Port = port_of(uart)
        if not port.ready:
            raise BoardOSError("UART not Initialized!")
        return port

    return UART
