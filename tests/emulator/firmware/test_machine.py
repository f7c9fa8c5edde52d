"""``machine``: the chip and the console port."""

from __future__ import annotations

from emulator import Board
from tests.emulator.conftest import RunScript
from tests.emulator.firmware.facts import constants, each_alone, nothing_of_ours

FACTS = {
    "freq": ("machine.freq()", "160000000"),
    "freq takes nothing": ("machine.freq(1)", "TypeError('function takes 0 positional arguments but 1 were given',)"),
    "unique_id": ("(type(machine.unique_id()), len(machine.unique_id()))", "(<class 'bytes'>, 6)"),
    "rng": ("0 <= machine.rng() < 1 << 24", "True"),
    "rng goes on": ("machine.rng() != machine.rng()", "True"),
    "reset_cause": ("machine.reset_cause()", "0"),
    "wake_reason": ("machine.wake_reason()", "(0, None)"),
    "main": ("machine.main(5)", "TypeError('expecting a string file name',)"),
    "main bytes": ("machine.main(b'x')", "TypeError('expecting a string file name',)"),
    "main keyword": ("machine.main(main='x')", 'TypeError("function doesn\'t take keyword arguments",)'),
    "irq": ("(machine.enable_irq(machine.disable_irq()), machine.enable_irq())", "(None, None)"),
    "irq type": ("machine.enable_irq('a')", 'TypeError("can\'t convert str to int",)'),
    "no soft_reset": ("hasattr(machine, 'soft_reset')", "False"),
    "UART": ("machine.UART(0)", "UART(0, baudrate=9600, bits=8, parity=None, stop=1)"),
    "UART set": (
        "machine.UART(0, 115200, 7, machine.UART.EVEN, 2, rx_buffer_size=512)",
        "UART(0, baudrate=115200, bits=7, parity=UART.EVEN, stop=2)",
    ),
    "UART odd": ("machine.UART(0, parity=3, stop=1.5)", "UART(0, baudrate=9600, bits=8, parity=UART.ODD, stop=1.5)"),
    "UART is one object": ("machine.UART(0) is machine.UART(0, 115200)", "True"),
    "UART 3": ("machine.UART(3)", "OSError('resource not available',)"),
    "UART bits": ("machine.UART(0, bits=9)", "ValueError('invalid bits size 9',)"),
    "UART parity": ("machine.UART(0, parity=1)", "ValueError('invalid parity 1',)"),
    "UART stop": ("machine.UART(0, stop=3)", "ValueError('invalid stop bits 3.000000',)"),
    "UART baudrate": ("machine.UART(0, 0)", "ValueError('invalid argument(s) value',)"),
    "UART baudrate type": ("machine.UART(0, 'a')", 'TypeError("can\'t convert str to int",)'),
    "UART buffer": (
        "machine.UART(0, rx_buffer_size=128)",
        "ValueError('invalid RX buffer size, should be > 128 bytes',)",
    ),
    "UART keyword": ("machine.UART(0, speed=1)", "TypeError('extra keyword arguments given',)"),
    "UART count": ("machine.UART(0, 1, 8, None, 1, 2)", "TypeError('extra positional arguments given',)"),
    "UART write int": ("machine.UART(0).write(3)", "TypeError('object with buffer protocol required',)"),
    "UART write bad limit": ("machine.UART(0).write('abc', None)", 'TypeError("can\'t convert NoneType to int",)'),
    "UART write count": ("machine.UART(0).write()", "TypeError('function missing 1 required positional arguments',)"),
    "UART nothing to read": (
        "(lambda u: (u.any(), u.read(), u.readline(), u.readinto(bytearray(2))))(machine.UART(0))",
        "(0, None, None, None)",
    ),
    "UART read type": ("machine.UART(0).read('a')", 'TypeError("can\'t convert str to int",)'),
    "UART readinto type": ("machine.UART(0).readinto('a')", "TypeError('object with buffer protocol required',)"),
    "UART wait_tx_done": ("machine.UART(0).wait_tx_done(5)", "True"),
    "UART sendbreak": ("machine.UART(0).sendbreak()", "None"),
    "UART off": ("(lambda u: (u.deinit(), u.any()))(machine.UART(0))", "OSError('UART not Initialized!',)"),
    "UART on again": ("(lambda u: (u.deinit(), u.init(115200), u.any()))(machine.UART(0))", "(None, None, 0)"),
}

test_fact = each_alone("machine", FACTS)
test_nothing_of_ours_is_in_sight = nothing_of_ours("machine", ["machine", "machine.UART(0)", "machine.UART"])
test_constants = constants("machine", "umachine")


def test_uart_reads_bytes(board: Board, run_script: RunScript) -> None:
    board.console_input.feed("a\xe9b\ncd\n")
    script = (
        "import machine\nu = machine.UART(0)\nb = bytearray(2)\n"
        "print(u.any(), u.read(2), u.any(), u.readinto(b), b, u.readline(), u.readline(1), u.read())"
    )
    assert run_script(script).text == "8 b'a\\xc3' 6 2 bytearray(b'\\xa9b') b'\\n' b'c' b'd\\n'\n"


def test_uart_writes_to_the_console(run_script: RunScript) -> None:
    script = "import machine\nu = machine.UART(0)\nn = u.write('h\\xe9'), u.write(b'abcd', 1, 2)\nprint('', n)"
    assert run_script(script).text == "h\xe9bc (3, 2)\n"


def test_other_ports_say_what_they_are(run_script: RunScript) -> None:
    result = run_script("import machine\nmachine.UART(1)")
    assert result.text.endswith("NotImplementedError: machine.UART(1): the board has it, the emulator does not yet\n")
    assert [note.code for note in result.notes] == ["not-emulated"]


def test_a_reset_by_the_script_reads_as_one_by_the_watchdog(run_script: RunScript) -> None:
    result = run_script("import machine\nprint(machine.reset_cause())\nif not machine.reset_cause(): machine.reset()")
    assert result.text == "0\n2\n"
