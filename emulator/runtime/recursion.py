"""How deep a script may call before the board's stack is full.

firmware: esp32/mptask.h (8 KiB of stack for the main task, 12 KiB with external RAM), esp32/mpthreadport.c (5 KiB and up for
a thread), esp32/mptask.c (1 KiB is kept back), py/stackctrl.c. A call takes about 260 bytes on a 32-bit build of 1.11: there
40,000 bytes hold 154 calls of a function without arguments, 165 of a method with three.

CPython's own limit counts its own frames in one number for all threads, so it cannot stand for this. Instead functions that
may call themselves, and only these, hold a reference to one common object from where they can call anything on: the number of its
references tells cheaply that the stack may be deep, and then the frames are counted. A call that returns before is not looked at.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

from emulator.runtime.hooks import DEEP, DEPTH_LIMIT, MARK, REFERENCES
from flashfs.notes import Note

if TYPE_CHECKING:
    from emulator.runtime.interpreter import Interpreter

BYTES_PER_CALL = 260
KEPT_BACK = 1024
THREAD_STACK = 5 * 1024
"""The default and the least of a thread of the script's."""

MESSAGE = "maximum recursion depth exceeded"

_BELOW = 8
"""Calls that stand below a recursion and hold no reference: the frames are counted so much earlier."""


def calls_in(stack: int) -> int:
    """How many calls fit into a stack of so many bytes."""
    return (stack - KEPT_BACK) // BYTES_PER_CALL


def stack_of_caller(main_stack: int) -> int:
    """The bytes of stack of the thread that calls; ``main_stack`` are those of the main one."""
    from emulator.power import current_or_none

    thread = current_or_none()
    return main_stack if thread is None or thread.stack is None else thread.stack


def hooks(interpreter: Interpreter) -> dict[str, Any]:
    """What the prologue of such a function refers to, for the script's builtins."""
    mark = object()
    device = interpreter.device
    main_stack = device.board.model.memory.stack_bytes
    at_rest = sys.getrefcount(mark)
    told = False

    def deep() -> None:
        nonlocal told
        stack = stack_of_caller(main_stack)
        limit = calls_in(stack)
        if depth(interpreter.builtins, sys._getframe(1)) <= limit:
            return
        if not told:
            told = True
            device.note(_note(stack, limit))
        raise RuntimeError(MESSAGE)

    return {
        MARK: mark,
        REFERENCES: sys.getrefcount,
        # the prologue's own look adds the local and the argument, the table the other one
        DEPTH_LIMIT: at_rest + calls_in(main_stack) - _BELOW,
        DEEP: deep,
    }


def expect_thread(script_builtins: dict[str, Any], stack: int) -> None:
    """A thread with so many bytes of stack is about to start: the frames are counted from its depth on."""
    least = sys.getrefcount(script_builtins[MARK]) + 1
    script_builtins[DEPTH_LIMIT] = min(script_builtins[DEPTH_LIMIT], least + max(0, calls_in(stack) - _BELOW))


def depth(script_builtins: dict[str, Any], frame: FrameType | None) -> int:
    """How many calls of the script's stand on the stack of ``frame``."""
    count = 0
    while frame is not None:
        if frame.f_builtins is script_builtins:
            count += 1
        frame = frame.f_back
    return count


def _note(stack: int, limit: int) -> Note:
    return Note(
        "recursion",
        f"the script calls deeper than the board's stack of {stack // 1024} KiB allows (about {limit} calls)",
        cause="MicroPython keeps calls on the C stack of their thread, which is small",
        fix="use a loop with a list of what is left to do; a thread's stack can be larger: _thread.stack_size(bytes)",
        source="firmware: esp32/mptask.h, esp32/mpthreadport.c, py/stackctrl.c",
    )
