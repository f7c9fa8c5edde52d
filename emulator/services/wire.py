"""A wire to the console: bytes to and from a client that reads as slowly, types as fast and leaves as suddenly as it likes.

This is the seam between the one console of a board and any byte stream in front of it. The wire adds CR to LF, as the board
does (firmware: esp32/hal/esp32_mphal.c), and knows nothing of sockets: it is given a function that sends.
"""

from __future__ import annotations

import codecs
import threading
import time
from collections.abc import Callable

from emulator.console import Console, encoded
from emulator.console_input import ROOM, ConsoleInput
from emulator.power import ScriptThread, current

Send = Callable[[bytes], int]
"""Sends some bytes without waiting; how many. Raises BlockingIOError when none fit, another OSError when the client has gone."""

MOST_PENDING = 16384
"""Bytes that may wait for a client before the script does."""
MOST_UNTAKEN = 1 << 20
"""Bytes that may wait for a client before nothing more is read of what it sends, which may bring about answers."""

COMING = 1.0
"""Seconds that the script waits at most for a client that is coming."""
LINGER, LAST_LOOK, LONGEST_LINGER = 0.3, 0.01, 0.5
"""Seconds at the end of a run for a client that takes nothing, that has taken all, and that takes something."""


class Outlet:
    """What the console shows, on its way to a client.

    ``patience``: seconds that the script waits for a client that takes nothing; after that, what it does not take is lost
    (None: it waits for ever). ``kept``: the last bytes wait for the first client while there is none. ``coming`` tells whether
    there will be one in a moment. ``wake`` is called when bytes are left over for :meth:`flush`.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        *,
        patience: float | None = None,
        kept: int = 0,
        coming: Callable[[], bool] = lambda: False,
    ) -> None:
        self._wake = wake
        self._coming = coming
        self._patience = patience
        self._kept = kept
        self._lock = threading.Lock()
        self._pending = bytearray()
        self._send: Send | None = None
        self._deaf = False
        self._progress = 0.0
        self._waiting: list[ScriptThread] = []
        self.shows = kept > 0
        """Whether what the console shows is meant for this client."""

    @property
    def pending(self) -> bool:
        """Whether something is left to send."""
        return bool(self._pending)

    @property
    def clogged(self) -> bool:
        """Whether the client leaves so much that it is not to ask for more."""
        return len(self._pending) > MOST_UNTAKEN

    def connect(self, send: Send) -> None:
        """There is a client."""
        with self._lock:
            self._send = send
            self._deaf = False
            self._progress = time.monotonic()
            waiting = self._take_waiting()
        _unpark(waiting)

    def is_there(self) -> None:
        """The client has typed something: what it gets for that waits for it again, should it read later."""
        with self._lock:
            self._deaf = False
            self._progress = time.monotonic()

    def disconnect(self) -> None:
        """The client has gone, and what it did not take is lost."""
        with self._lock:
            self._send = None
            self._pending.clear()
            waiting = self._take_waiting()
        _unpark(waiting)

    def show(self, text: str) -> None:
        """Show text of the console. Returns at once, and raises nothing."""
        if self.shows:
            self.put(encoded(text).replace(b"\n", b"\r\n"))

    def put(self, data: bytes) -> None:
        """Send bytes as they are, now or later. Returns at once, and raises nothing."""
        with self._lock:
            if self._send is None:
                if self._kept:
                    self._pending += data
                return
            left_over = bool(self._pending)
            self._pending += data
            if left_over:
                return
            self._push()
            if self._deaf:
                self._pending.clear()
                return
            left_over = bool(self._pending)
        if left_over:
            self._wake()

    def flush(self) -> None:
        """Send as much as goes now."""
        with self._lock:
            self._push()
            waiting = self._take_waiting() if len(self._pending) <= MOST_PENDING else []
        _unpark(waiting)

    def linger(self, unread: Callable[[], int] | None = None) -> None:
        """At the end of the run: let a client that reads have the rest. ``unread``: bytes that it could read at once.

        One that takes nothing is not waited for. There may be more to read for a moment after there was nothing.
        """
        end = time.monotonic() + LONGEST_LINGER
        left, since = -1, 0.0
        while self._send is not None and not self._deaf:
            self.flush()
            now, before = time.monotonic(), left
            left = len(self._pending) + (unread() if unread else 0)
            since = now if left != before else since
            longest = LINGER if left else LAST_LOOK if unread else 0.0
            if now > end or now - since >= longest:
                return
            time.sleep(0.002)

    def _push(self) -> None:
        while self._pending and self._send is not None:
            piece = bytes(self._pending[:MOST_PENDING])
            try:
                count = self._send(piece)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # whoever waits for the client notices too
                count = len(piece)
            del self._pending[:count]
            if count:
                self._progress = time.monotonic()
                self._deaf = False

    def brake(self) -> None:
        """Wait, in a thread of the script, until the client has taken most of it."""
        if self._send is None and len(self._pending) > self._kept:
            self._without_client()
        while len(self._pending) > MOST_PENDING:
            thread = current()
            with self._lock:
                if len(self._pending) <= MOST_PENDING:
                    return
                left = None
                if self._patience is not None:
                    left = self._progress + self._patience - time.monotonic()
                    if left <= 0:
                        self._deaf = True
                        self._pending.clear()
                        waiting = self._take_waiting()
                        break
                if thread not in self._waiting:
                    self._waiting.append(thread)
            thread.park(left)
        else:
            return
        _unpark(waiting)

    def _without_client(self) -> None:
        thread = current()
        end = time.monotonic() + COMING
        while self._send is None and time.monotonic() < end and self._coming():
            with self._lock:
                if self._send is None and thread not in self._waiting:
                    self._waiting.append(thread)
            thread.park(COMING)
        with self._lock:
            if self._send is None:
                del self._pending[: -self._kept]

    def _take_waiting(self) -> list[ScriptThread]:
        waiting, self._waiting = self._waiting, []
        return waiting


def _unpark(threads: list[ScriptThread]) -> None:
    for thread in threads:
        thread.unpark()


class Inlet:
    """What a client types, on its way to the console.

    Any byte is let through: what is no UTF-8 comes out again where the board looks at bytes. ``patience``: seconds that a client
    is held back while nobody reads what it typed; after that more of it is lost (None: it is held back for ever). ``first``: its
    keys are read before those of other clients.
    """

    def __init__(
        self, keys: ConsoleInput, wake: Callable[[], None], *, patience: float | None = None, first: bool = False
    ) -> None:
        self._keys = keys
        self._wake = wake
        self._patience = patience
        self._source = keys.plug(first=first)
        self._read_count = -1
        self._since = 0.0
        self.connect()

    def connect(self) -> None:
        """Another client begins."""
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode

    def type(self, data: bytes, *, controls: bool) -> None:
        """Type bytes; with ``controls`` the keys that interrupt and reset act at once."""
        text = self._decode(data)
        if text:
            self._source.type(text, controls=controls, limit=None if self._patience is None else 2 * ROOM)

    def wait_until(self) -> float | None:
        """Until when no more is to be typed (``time.monotonic``); 0 for now, None: until the wake-up comes."""
        keys = self._keys
        if keys.unread < ROOM or not keys.when_room(self._wake):
            return 0.0
        if self._patience is None:
            return None
        if keys.read_count != self._read_count:
            self._read_count, self._since = keys.read_count, time.monotonic()
        return self._since + self._patience

    def close(self) -> None:
        """Leave the console."""
        self._source.close()


def attach(console: Console, outlet: Outlet) -> Callable[[], None]:
    """Have the console show itself to the outlet, echo included; returns what ends that."""
    return console.connect(outlet.show, outlet.brake)
