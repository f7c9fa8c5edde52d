"""What is typed at the console, as ``input()``, ``sys.stdin`` and the prompt read it: one queue for all of them.

Text comes from the host's standard input and from any number of :class:`Source` (a telnet or serial line). While there is no
source and nobody sits at a prompt (a script alone), text is lines that end with LF. Else the console is a keyboard: Enter is CR,
Ctrl-C interrupts a script and Ctrl-F resets into safe boot, whoever reads (firmware: esp32/mods/machuart.c).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.power import PowerCycle, ScriptThread

CTRL_C, CTRL_F = "\x03", "\x06"
ROOM = 4096
"""Characters that may wait before a source with flow control holds back."""


def _nothing() -> None:
    pass


def _never() -> bool:
    return False


class Source:
    """Somebody who types at the console. After :meth:`close`, also by the end of the run, nothing arrives any more."""

    def __init__(self, keys: ConsoleInput, *, first: bool = False) -> None:
        self._keys = keys
        self.first = first
        """Whether its keys are read before those of others that wait (firmware: esp32/hal/esp32_mphal.c)."""

    def type(self, text: str, *, controls: bool = True, limit: int | None = None) -> None:
        """Type keys; without ``controls`` those that interrupt and reset are keys like any other.

        What would be more than ``limit`` unread characters is lost.
        """
        self._keys._type(self, text, controls=controls, limit=limit)

    def close(self) -> None:
        """Leave."""
        self._keys._unplug(self)


@dataclass
class _Piece:
    """Text that was typed and not read yet."""

    text: str
    plain: bool
    by_wire: bool = False
    first: bool = False
    at: int = 0


class ConsoleInput:
    """A queue of typed text. Without a source it is at its end: reading raises EOFError."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: deque[_Piece] = deque()
        self._ended = True
        self._start: Callable[[], None] | None = None
        self._waiting: list[ScriptThread] = []
        self._sources: set[Source] = set()
        self._for_room: list[Callable[[], None]] = []
        self._acting: dict[Callable[[], None], threading.Thread] = {}
        self._opened = False
        self._plain = False
        self.unread = 0
        """How many characters wait to be read."""
        self.read_count = 0
        """How many characters were read so far."""
        self.key_was_plain = False
        """Whether the last key that was read is part of whole lines, which a program wrote: the prompt adds nothing to them."""
        self.typed = 0
        """How many characters were typed so far, those that interrupt left out."""
        self.running = False
        """Whether a script runs that Ctrl-C ends."""
        self.reset_armed = False
        """Whether the first script since the reset has run: from then on Ctrl-F acts (firmware: lib/utils/pyexec.c)."""
        self.prompting = False
        """Whether the prompt waits for a key and none is there."""
        self.on_interrupt: Callable[[], None] = _nothing
        self.on_safe_boot: Callable[[], None] = _nothing
        self.on_prompt: Callable[[], None] = _nothing
        self.reset_key_is_data: Callable[[], bool] = _never
        """Asked when Ctrl-F would act: whether it is to be a key like any other."""

    @property
    def keyboard(self) -> bool:
        """Whether keys arrive here, each as it is pressed."""
        return self._opened or bool(self._sources)

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
            self._opened, self._plain = True, plain

    def plug(self, *, first: bool = False) -> Source:
        """Another keyboard at the same console; ``first``: what it types is read before what others have."""
        source = Source(self, first=first)
        with self._lock:
            self._sources.add(source)
        return source

    def _unplug(self, source: Source) -> None:
        with self._lock:
            self._sources.discard(source)
            waiting = self._take_waiting()
        _unpark(waiting)

    def close(self) -> None:
        """Nobody sits at the console any more; what was not read is gone."""
        with self._lock:
            self._opened = self._plain = self.running = self.reset_armed = self.prompting = False
            self._sources.clear()
            self._ended = True
            self._pieces.clear()
            self.unread = 0

    def lose_buffers(self) -> None:
        """A hard reset: what came over a wire and was not read is gone. The host's own terminal has no buffer on the board."""
        with self._lock:
            self._pieces = deque(piece for piece in self._pieces if not piece.by_wire)
            self.unread = sum(len(piece.text) - piece.at for piece in self._pieces)
            self._was_read(0)

    def booted(self) -> None:
        """A power cycle begins."""
        with self._lock:
            self.running = self.reset_armed = self.prompting = False
            self._waiting.clear()

    def feed(self, text: str) -> None:
        """Something was typed at the host's own terminal. Returns at once, also when it interrupts."""
        self._type(None, text, controls=self.keyboard)

    def _type(self, source: Source | None, text: str, *, controls: bool, limit: int | None = None) -> None:
        acts = controls and self.reset_armed and CTRL_F in text and not self.reset_key_is_data()
        with self._lock:
            if source is None:
                self._ended = False
            elif source not in self._sources:
                return
            actions: list[Callable[[], None]] = []
            if controls and self.running and CTRL_C in text:
                text = text.replace(CTRL_C, "")
                actions.append(self.on_interrupt)
            if acts:
                text = text.replace(CTRL_F, "")
                actions.append(self.on_safe_boot)
            if limit is not None:
                text = text[: max(0, limit - self.unread)]
            first = source is not None and source.first
            self._append(text, plain=source is None and self._plain, by_wire=source is not None, first=first)
            waiting = self._take_waiting()
        _unpark(waiting)
        for action in actions:
            self.act(action)

    def _append(self, text: str, *, plain: bool, by_wire: bool = False, first: bool = False) -> None:
        if text:
            place = len(self._pieces)
            if first and self._pieces and not self._pieces[-1].first:
                place = next((at for at, piece in enumerate(self._pieces) if not piece.first), place)
            self._pieces.insert(place, _Piece(text, plain, by_wire, first))
            self.unread += len(text)
            self.typed += len(text)
            self.prompting = False

    def interrupt(self) -> None:
        """Ctrl-C, from a source that tells it from other keys itself. Returns at once."""
        self.act(self.on_interrupt)

    def act(self, action: Callable[[], None]) -> None:
        """Act in a thread: an interrupt waits until the script is back from a call into C, none of the typist's business.

        While one is on its way, a further one would change nothing.
        """
        with self._lock:
            acting = self._acting.get(action)
            if acting is not None and acting.is_alive():
                return
            self._acting[action] = thread = threading.Thread(target=action, name="key", daemon=True)
            thread.start()

    def press_interrupt(self) -> bool:
        """Have the prompt see Ctrl-C, if it waits; whether it does."""
        with self._lock:
            if not self.prompting:
                return False
            waiting = self._put_interrupt()
        _unpark(waiting)
        return True

    def type_interrupt(self) -> None:
        """Put Ctrl-C among what was typed, as a key that interrupts nothing. It does not count as typed."""
        with self._lock:
            waiting = self._put_interrupt()
        _unpark(waiting)

    def _put_interrupt(self) -> list[ScriptThread]:
        typed = self.typed
        self._append(CTRL_C, plain=False)
        self.typed = typed
        return self._take_waiting()

    def end(self) -> None:
        """Nothing more will be typed at the host's own terminal."""
        with self._lock:
            self._ended = True
            waiting = self._take_waiting()
        _unpark(waiting)

    def when_room(self, action: Callable[[], None]) -> bool:
        """Call ``action`` once, when fewer than ROOM characters wait; False if that is so already."""
        with self._lock:
            if self.unread < ROOM:
                return False
            if action not in self._for_room:
                self._for_room.append(action)
            return True

    def _take_waiting(self) -> list[ScriptThread]:
        waiting, self._waiting = self._waiting, []
        return waiting

    # -- the side of the board -------------------------------------------------------------------------------------

    @property
    def _at_end(self) -> bool:
        return self._ended and not self._sources

    def read_key(self, power: PowerCycle, *, prompt: bool = False) -> str:
        """The next character as it was typed. Raises EOFError at the end, unless the ``prompt`` asks: that waits on."""
        from emulator.power import current

        while True:
            power.check()
            start = None
            with self._lock:
                if self._pieces:
                    piece = self._pieces[0]
                    key = piece.text[piece.at]
                    piece.at += 1
                    self.key_was_plain = piece.plain
                    if piece.at == len(piece.text):
                        self._pieces.popleft()
                    self._was_read(1)
                    return key
                if self._at_end and not prompt:
                    raise EOFError
                me = current()
                if me not in self._waiting:
                    self._waiting.append(me)
                told = prompt and not self.prompting
                if prompt:
                    self.prompting = True
                else:
                    start, self._start = self._start, None
            if start:
                start()
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
                line, end, _ = self._text().partition("\n")
                if end:
                    self._take(len(line) + 1)
                    return line.rstrip("\r")
                if self._at_end:
                    self._take(-1)
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
                if self._at_end or 0 <= size <= self.unread:
                    text = self._take(size)
                    return text.replace("\r", "\n") if self.keyboard else text
                self._waiting.append(current())
            if start:
                start()
            current().park()

    def waiting(self) -> int:
        """How many bytes are there to be read at once."""
        with self._lock:
            return len(self._text().encode("utf-8", "surrogateescape"))

    def take(self, size: int = -1, *, line: bool = False) -> str:
        """What is there now, at most ``size`` characters, with ``line`` at most one line."""
        with self._lock:
            if line:
                end = self._text().find("\n") + 1
                if end and (size < 0 or end < size):
                    size = end
            return self._take(size)

    def _text(self) -> str:
        """All that waits, as one text."""
        return "".join(piece.text[piece.at :] for piece in self._pieces)

    def _take(self, size: int) -> str:
        left = self.unread if size < 0 else min(size, self.unread)
        taken = []
        while left:
            piece = self._pieces[0]
            part = piece.text[piece.at : piece.at + left]
            taken.append(part)
            left -= len(part)
            piece.at += len(part)
            self.key_was_plain = piece.plain
            if piece.at == len(piece.text):
                self._pieces.popleft()
        text = "".join(taken)
        self._was_read(len(text))
        return text

    def _was_read(self, count: int) -> None:
        self.unread -= count
        self.read_count += count
        if self._for_room and self.unread < ROOM:
            actions, self._for_room = self._for_room, []
            for action in actions:
                action()


def _unpark(threads: list[ScriptThread]) -> None:
    for thread in threads:
        thread.unpark()
