"""The host's standard input at the board's prompt: a terminal key by key, anything else in lines.

At a terminal the board's own line editor edits and echoes, so that it feels like the serial line of a board: the terminal only
has to hand over each key as it is pressed. Ctrl-C stays a signal of the host's.
"""

from __future__ import annotations

import codecs
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from emulator.repl.streams import is_terminal

if TYPE_CHECKING:
    from emulator.board import Board
    from emulator.signals import Signals

PIECE = 4096

WINDOWS_KEYS = {
    "H": "\x1b[A",
    "P": "\x1b[B",
    "M": "\x1b[C",
    "K": "\x1b[D",
    "G": "\x1b[H",
    "O": "\x1b[F",
    "S": "\x1b[3~",
}
"""What follows the prefix of a special key in a Windows console -> what a VT100 sends for it."""

_PREFIXES = ("\x00", "\xe0")


def attach(board: Board, signals: Signals) -> Callable[[], None]:
    """Have what is typed reach the board from now on; returns what puts the terminal back as it was."""
    keys = board.console_input
    person = is_terminal(sys.stdin)
    keys.open(plain=not person)
    restore = _nothing
    if sys.stdin is None:
        keys.end()
        return restore
    if person and sys.platform == "win32":
        _windows_colours()
        read = partial(read_windows_console, keys.feed)
    else:
        descriptor = sys.stdin.fileno()
        if person:
            restore = _key_by_key(descriptor)
            signals.before_exit.append(restore)
        read = partial(read_stream, descriptor, keys.feed, lines=not person)

    def pump() -> None:
        read()
        keys.end()

    threading.Thread(target=pump, name="stdin", daemon=True).start()
    return restore


def _nothing() -> None:
    pass


def read_stream(descriptor: int, feed: Callable[[str], None], *, lines: bool) -> None:
    """Feed what comes until it ends; with ``lines``, each line end is the Enter key."""
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    after_cr = False
    while True:
        try:
            data = os.read(descriptor, PIECE)
        except OSError:  # the terminal has gone
            return
        text = decode(data, final=not data)
        if lines and text:
            if after_cr and text[0] == "\n":
                text = text[1:]
            after_cr = text.endswith("\r") if text else after_cr
            text = text.replace("\r\n", "\r").replace("\n", "\r")
        if text:
            feed(text)
        if not data:
            return


def _key_by_key(descriptor: int) -> Callable[[], None]:
    """Have a terminal hand over each key, unechoed, with Ctrl-C a signal still; returns what undoes that."""
    if sys.platform == "win32":
        raise NotImplementedError
    import termios

    before = termios.tcgetattr(descriptor)
    modes = termios.tcgetattr(descriptor)
    modes[0] &= ~(termios.ICRNL | termios.INLCR | termios.IXON)
    modes[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
    modes[3] |= termios.ISIG
    modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0

    def take() -> None:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, modes)

    def restore() -> None:
        # a job in the background may not touch the terminal: it would be stopped
        if os.tcgetpgrp(descriptor) == os.getpgrp():
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    take()
    if threading.current_thread() is threading.main_thread():
        # after Ctrl-Z the shell has set the terminal as it likes
        signal.signal(signal.SIGCONT, lambda number, frame: take())
    return restore


def read_windows_console(feed: Callable[[str], None], getwch: Callable[[], str] | None = None) -> None:
    """Feed the keys of a Windows console as a VT100 would send them."""
    if getwch is None:
        import msvcrt

        getwch = msvcrt.getwch  # type: ignore[attr-defined,unused-ignore]
    assert getwch is not None
    while True:
        key = getwch()
        if not key:
            return
        if key in _PREFIXES:
            key = WINDOWS_KEYS.get(getwch(), "")
        if key == "\x03":
            signal.raise_signal(signal.SIGINT)
        elif key:
            feed(key)


def _windows_colours() -> None:
    """Have a Windows console understand VT100 sequences."""
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  there is none elsewhere
    console = kernel.GetStdHandle(-11)
    mode = ctypes.c_ulong()
    if kernel.GetConsoleMode(console, ctypes.byref(mode)):
        kernel.SetConsoleMode(console, mode.value | 4)
