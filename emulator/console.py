"""The console: what the board's UART shows.

Text is LF-terminated here; whoever plays the wire (telnet, serial) adds CR. Nothing of a finished power cycle may write:
writers hold a :class:`ConsoleWriter` of their cycle, not the console.

What the line editor of the prompt draws is the console's echo: shown to those who listen for it (a wire, a terminal), but no
part of the text.

Listeners of a wire take everything at once; its brake makes the script wait afterwards, outside of the console's lock, until
the wire has sent enough of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.power import PowerCycle

Listener = Callable[[str], None]
Brake = Callable[[], None]
"""Called in a thread of the script after it has written something: may wait, and raises what ends that."""


def encoded(text: str) -> bytes:
    """The bytes of console text. Bytes that are no UTF-8 stand in it as lone surrogates (``surrogateescape``)."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return b"".join(
            char.encode("utf-8", "surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass")
            for char in text
        )


class Console:
    """All that was shown since the board was made, and those who want to see it as it comes."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._parts: list[str] = []
        self._listeners: list[Listener] = []
        self._echo_listeners: list[Listener] = []
        self._brakes: tuple[Brake, ...] = ()
        self.keeps_text = True
        """Whether ``text`` is wanted. A command that passes everything on would only fill its memory with it."""

    @property
    def text(self) -> str:
        with self._lock:
            if len(self._parts) > 1:
                self._parts = ["".join(self._parts)]
            return self._parts[0] if self._parts else ""

    def listen(self, listener: Listener, *, echo: bool = False) -> Callable[[], None]:
        """Call ``listener`` with each piece of text from now on, with ``echo`` also what is typed; returns what ends that."""
        lists = [self._listeners, self._echo_listeners] if echo else [self._listeners]
        with self._lock:
            for listeners in lists:
                listeners.append(listener)

        def stop() -> None:
            with self._lock:
                for listeners in lists:
                    listeners.remove(listener)

        return stop

    def connect(self, listener: Listener, brake: Brake) -> Callable[[], None]:
        """:meth:`listen` with echo, for a wire that cannot take any amount at any time; returns what ends that."""
        stop_listening = self.listen(listener, echo=True)
        with self._lock:
            self._brakes = (*self._brakes, brake)

        def stop() -> None:
            stop_listening()
            with self._lock:
                self._brakes = tuple(other for other in self._brakes if other != brake)

        return stop

    def brake(self) -> None:
        """Let the wires keep pace with a thread of the script that has written."""
        for brake in self._brakes:
            brake()

    def write(self, text: str) -> None:
        """Show ``text``."""
        with self._lock:
            if self.keeps_text:
                self._parts.append(text)
            for listener in self._listeners:
                listener(text)

    def echo(self, text: str) -> None:
        """Show what the line editor draws for what is typed."""
        with self._lock:
            for listener in self._echo_listeners:
                listener(text)

    def writer(self, cycle: PowerCycle) -> ConsoleWriter:
        """The console as one power cycle may write to it."""
        return ConsoleWriter(self, cycle)


class ConsoleWriter:
    """The console of one power cycle: silent when that is over."""

    def __init__(self, console: Console, cycle: PowerCycle) -> None:
        self._console = console
        self._cycle = cycle

    def write(self, text: str) -> None:
        """Show ``text``; raises PowerOff when the cycle is over."""
        with self._console._lock:
            self._cycle.check()
            self._console.write(text)
        self._console.brake()

    def echo(self, text: str) -> None:
        """Show what was typed to those who want to see it; raises PowerOff when the cycle is over."""
        with self._console._lock:
            self._cycle.check()
            self._console.echo(text)
        self._console.brake()
