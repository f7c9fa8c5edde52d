"""``micropython``: the interpreter's own switches and reports (firmware: py/modmicropython.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.firmware._arguments import native
from emulator.firmware._convert import to_int
from emulator.firmware._natives import to_word
from emulator.firmware.gc import BLOCK, Heap
from flashfs.notes import Note

if TYPE_CHECKING:
    from emulator.device import Device

_STACK_USED = 1408  # a main.py at module level; depth of the host's frames says nothing about the board's stack
_QSTRS = (1, 24, 220, 700)  # pools, strings, bytes of text, bytes in all: a short main.py; an estimate


@native(1)
def const(value: object, /) -> object:
    """Return ``value``; the compiler has already done what ``const`` is for."""
    return value


def module(device: Device) -> dict[str, object]:
    """Return the names of ``micropython``."""
    memory = device.board.model.memory
    heap = Heap(memory.heap_bytes)
    interpreter = device.interpreter

    @native(0, 1)
    def opt_level(*new: object) -> int | None:
        if not new:
            return interpreter.opt_level
        interpreter.opt_level = to_word(new[0])
        return None

    @native(0, 1)
    def mem_info(verbose: object = None, /) -> None:
        used = heap.used()
        free = heap.total - used
        device.console.write(
            f"stack: {_STACK_USED} out of {memory.stack_bytes - 1024}\n"
            f"GC: total: {heap.total}, used: {used}, free: {free}\n"
            f" No. of 1-blocks: {used // BLOCK // 4}, 2-blocks: {used // BLOCK // 16}, max blk sz: 64,"
            f" max free sz: {free // BLOCK}\n"
        )

    @native(0, 1)
    def qstr_info(verbose: object = None, /) -> None:
        pools, strings, text_bytes, all_bytes = _QSTRS
        device.console.write(
            f"qstr pool: n_pool={pools}, n_qstr={strings}, n_str_data_bytes={text_bytes}, n_total_bytes={all_bytes}\n"
        )

    @native(0)
    def stack_use() -> int:
        return _STACK_USED

    @native(0)
    def heap_lock() -> None:
        interpreter.heap_lock().depth += 1

    @native(0)
    def heap_unlock() -> None:
        interpreter.heap_lock().depth -= 1

    @native(1)
    def alloc_emergency_exception_buf(size: object, /) -> None:
        interpreter.emergency = max(0, to_int(size))

    @native(1, 2)
    def kbd_intr(char: object, extra: object = None, /) -> None:
        to_int(char)
        device.note(
            Note(
                "kbd-intr",
                "micropython.kbd_intr(): Ctrl-C keeps interrupting the script here",
                source="esp32/mphalport.c",
            )
        )

    return {
        "__name__": "micropython",
        "alloc_emergency_exception_buf": alloc_emergency_exception_buf,
        "const": const,
        "heap_lock": heap_lock,
        "heap_unlock": heap_unlock,
        "kbd_intr": kbd_intr,
        "mem_info": mem_info,
        "opt_level": opt_level,
        "qstr_info": qstr_info,
        "stack_use": stack_use,
    }
