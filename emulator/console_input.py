"""What is typed at the console, as ``input()``, ``sys.stdin`` and the prompt read it: one queue for all of them.

While nobody sits at a prompt (a script alone), text is lines that end with LF. With :meth:`ConsoleInput.open` the console
is a keyboard: Enter is CR, Ctrl-C interrupts a script and Ctrl-F resets into safe boot, whoever reads
(firmware: esp32/mods/machuart.c).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.power import PowerCycle, ScriptThread

CTRL_C, CTRL_F = "\x03", "\x06"


def _nothing() -> None:
    pass


class ConsoleInput:
    """A queue of typed text. Without a source it is at its end: reading raises EOFError."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._text = ""
        self._ended = True
        self._start: Callable[[], None] | None = None
        self._waiting: list[ScriptThread] = []
        self.keyboard = False
        """Whether keys arrive here, each as it is pressed."""
        self.plain = False
        """Whether whole lines come, which a program wrote: the prompt then adds nothing to them."""
        self.typed = 0
        """How many characters were typed so far, those that interrupt left out."""
        self.interrupt_char = CTRL_C
        """What interrupts a script; "" for nothing (``micropython.kbd_intr``)."""
        self.running = False
        """Whether a script runs that the interrupt character ends."""
        self.reset_armed = False
        """Whether the first script since the reset has run: from then on Ctrl-F acts (firmware: lib/utils/pyexec.c)."""
        self.prompting = False
        """Whether the prompt waits for a key and none is there."""
        self.on_interrupt: Callable[[], None] = _nothing
        self.on_safe_boot: Callable[[], None] = _nothing
        self.on_prompt: Callable[[], None] = _nothing

    # -- the side of the host --------------------------------------------------------------------------------------

    def attach(self, start: Callable[[], None]) -> None:
        """``start`` is called when a script first reads, and is to bring about :meth:`feed` and :meth:`end`."""
        with self._lock:
            self._ended = False
            self._start = start

    def open(self, *, plain: bool = False) -> None:
        """From now on keys are typed; ``plain``: by a program, in whole lines."""
        with self._lock:
            self._ended = False
            self.keyboard, self.plain = True, plain

    def close(self) -> None:
        """Nobody sits at the console any more; what was not read is gone."""
        with self._lock:
            self.keyboard = self.plain = self.running = self.reset_armed = self.prompting = False
            self._ended = True
            self._text = ""

    def booted(self) -> None:
        """A power cycle begins."""
        with self._lock:
            self.interrupt_char = CTRL_C
            self.running = self.reset_armed = self.prompting = False
            self._waiting.clear()

    def feed(self, text: str) -> None:
        """Something was typed. Returns at once, also when it interrupts."""
        with self._lock:
            self._ended = False
            actions: list[Callable[[], None]] = []
            if self.keyboard:
                text, actions = self._control(text)
            self._text += text
            self.typed += len(text)
            if text:
                self.prompting = False
            waiting, self._waiting = self._waiting, []
        for thread in waiting:
            thread.unpark()
        for action in actions:
            # an interrupt waits until the script is back from a call into C: none of the typist's business
            threading.Thread(target=action, name="key", daemon=True).start()

    def press_interrupt(self) -> bool:
        """Have the prompt see Ctrl-C, if it waits; whether it does."""
        with self._lock:
            if not self.prompting:
                return False
            self.prompting = False
            self._text += CTRL_C
            waiting, self._waiting = self._waiting, []
        for thread in waiting:
            thread.unpark()
        return True

    def _control(self, text: str) -> tuple[str, list[Callable[[], None]]]:
        actions: list[Callable[[], None]] = []
        if self.running and self.interrupt_char and self.interrupt_char in text:
            text = text.replace(self.interrupt_char, "")
            actions.append(self.on_interrupt)
        if self.reset_armed and CTRL_F in text:
            text = text.replace(CTRL_F, "")
            actions.append(self.on_safe_boot)
        return text, actions

    def end(self) -> None:
        """Nothing more will be typed."""
        with self._lock:
            self._ended = True
            waiting, self._waiting = self._waiting, []
        for thread in waiting:
            thread.unpark()

    # -- the side of the board -------------------------------------------------------------------------------------

    def read_key(self, power: PowerCycle, *, prompt: bool = False) -> str:
        """The next character as it was typed. Raises EOFError at the end, unless the ``prompt`` asks: that waits on."""
        from emulator.power import current

        while True:
            power.check()
            with self._lock:
                if self._text:
                    key, self._text = self._text[0], self._text[1:]
                    return key
                if self._ended and not prompt:
                    raise EOFError
                me = current()
                if me not in self._waiting:
                    self._waiting.append(me)
                told = prompt and not self.prompting
                if prompt:
                    self.prompting = True
            if told:
                self.on_prompt()
            me.park()

    def read_line(self, power: PowerCycle) -> str:
        """The next line without its end. Raises EOFError."""
        from emulator.power import current

        while True:
            power.check()
            with self._lock:
                start, self._start = self._start, None
                line, end, rest = self._text.partition("\n")
                if end:
                    self._text = rest
                    return line.rstrip("\r")
                if self._ended:
                    self._text = ""
                    if line:
                        return line
                    raise EOFError
                self._waiting.append(current())
            if start:
                start()
            current().park()

    def read(self, size: int, power: PowerCycle) -> str:
        """``size`` characters (-1: all until the end), waiting for them; fewer at the end. Enter reads as LF."""
        from emulator.power import current

        while True:
            power.check()
            with self._lock:
                start, self._start = self._start, None
                if self._ended or 0 <= size <= len(self._text):
                    text = self._take(size)
                    return text.replace("\r", "\n") if self.keyboard else text
                self._waiting.append(current())
            if start:
                start()
            current().park()

    def waiting(self) -> int:
        """How many bytes are there to be read at once."""
        with self._lock:
            return len(self._text.encode("utf-8", "surrogateescape"))

    def take(self, size: int = -1, *, line: bool = False) -> str:
        """What is there now, at most ``size`` characters, with ``line`` at most one line."""
        with self._lock:
            if line:
                end = self._text.find("\n") + 1
                if end and (size < 0 or end < size):
                    size = end
            return self._take(size)

    def _take(self, size: int) -> str:
        end = len(self._text) if size < 0 else size
        text, self._text = self._text[:end], self._text[end:]
        return text
