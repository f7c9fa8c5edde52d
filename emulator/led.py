"""The RGB LED: what a script and an error show (firmware: esp32/util/mperror.c, esp32/mods/modpycom.c)."""

from __future__ import annotations

from collections import deque

ERROR_COLOUR = 0x500000
HEARTBEAT_COLOUR = 0x000050
OFF = 0
ERROR_FLASHES = 12
"""1200 ms, 50 ms red and 50 ms off."""

KEPT = 1000


class Led:
    """The LED, seen from the host: ``colour`` now, whether the ``heartbeat`` has it, and ``history``.

    ``history`` holds the last colours (0xRRGGBB) that were shown, newest last; the blinking of the heartbeat is not among
    them. An error in boot.py or main.py shows red and off, twelve times each; the 1.2 seconds that this takes on the board
    are not waited for.
    """

    def __init__(self) -> None:
        self.heartbeat = True
        self.colour = OFF
        self.history: deque[int] = deque(maxlen=KEPT)

    def boot(self, heartbeat: bool) -> None:
        """What each reset does, hard or soft."""
        self.heartbeat = heartbeat
        self.colour = OFF

    def show(self, colour: int) -> None:
        """Show a colour."""
        self.colour = colour
        self.history.append(colour)

    def beat(self, on: bool) -> None:
        """Give the LED to the heartbeat, or take it back; it is off then."""
        if on:
            self.heartbeat, self.colour = True, OFF
            return
        self.heartbeat = False
        self.show(OFF)

    def signal_error(self) -> None:
        """A script ended with an exception: flash red; the heartbeat is off from then on."""
        self.heartbeat = False
        for _ in range(ERROR_FLASHES):
            self.show(ERROR_COLOUR)
            self.show(OFF)
