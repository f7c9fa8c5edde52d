"""Where the firmware's `ussl` contradicts its documentation, hangs or loses data."""

from __future__ import annotations

from typing import Final

from flashfs.notes import Quirk

HANDSHAKE_TIMEOUT_IGNORED: Final = "handshake-timeout-ignored"
TIMEOUT_EIGHT_BITS: Final = "timeout-eight-bits"
RECV_NONBLOCKING_BLOCKS: Final = "recv-nonblocking-blocks"
RECV_NOTHING_WAITS: Final = "recv-nothing-waits"
REWRAP_EBADF: Final = "rewrap-ebadf"
READ_TIMEOUT_LOSES_DATA: Final = "read-timeout-loses-data"

QUIRKS: Final[tuple[Quirk, ...]] = (
    Quirk(
        HANDSHAKE_TIMEOUT_IGNORED,
        board="A silent peer blocks the handshake for ever: timeout= counts read timeouts, and none ever happens.",
        default="timeout= is seconds of handshake, 10 by default (0 and None too), ending in OSError(-26624).",
        source="firmware: esp32/mods/modussl.c, esp32/mods/lwipsocket.c; documentation: ussl, timeout",
        note="1.20.2.r4 itself would hang here for ever; it does not honour timeout= during the handshake.",
    ),
    Quirk(
        TIMEOUT_EIGHT_BITS,
        board="timeout= is kept in eight bits: 300 becomes 44, -1 becomes 255.",
        default="timeout= keeps its value; below 1 it means 10 seconds.",
        source="firmware: esp32/mods/modussl.h",
        note="1.20.2.r4 keeps timeout= in eight bits, so this value is another one there.",
    ),
    Quirk(
        RECV_NONBLOCKING_BLOCKS,
        board="After settimeout(0) or setblocking(False) an ssl socket's recv blocks for ever.",
        default="recv returns at once: what is there, or b''.",
        source="firmware: esp32/mods/lwipsocket.c, mbedTLS ssl_conf_read_timeout",
        note="1.20.2.r4 would block here: settimeout(0) switches the read timeout off.",
    ),
    Quirk(
        RECV_NOTHING_WAITS,
        board="recv(0) of an ssl socket waits for a record, and then returns b''.",
        default="recv(0) returns b'' at once.",
        source="firmware: esp32/mods/lwipsocket.c; mbedTLS ssl_tls.c, ssl_read",
        note="1.20.2.r4 would wait here until something arrives.",
    ),
    Quirk(
        REWRAP_EBADF,
        board="Wrapping a raw socket again after its ssl socket was closed works on a stale descriptor: OSError(9).",
        default="The raw socket is opened afresh, so the documentation's saved-session example resumes.",
        source="firmware: esp32/mods/modussl.c; documentation: ussl, save_session",
        note="On 1.20.2.r4 this connect fails with OSError(9), EBADF: open a new socket.socket() for each connection.",
    ),
    Quirk(
        READ_TIMEOUT_LOSES_DATA,
        board="When read(n) or readinto times out half-way, what had arrived is thrown away.",
        default="It is kept for the next call.",
        source="firmware: py/stream.c",
        note="1.20.2.r4 throws away what read() had received before the timeout.",
    ),
)
