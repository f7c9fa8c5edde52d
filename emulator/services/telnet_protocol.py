"""The board's telnet protocol: bytes in; bytes out, typed text and events (firmware: esp32/telnet/telnet.c). No I/O, no clock.

:meth:`Protocol.receive` takes what a client has sent, :meth:`Protocol.data_to_send` gives what is to be sent to it. Before each
prompt of the login the board throws away what has arrived by then: while :attr:`Protocol.prompt_due` is true, bytes that come are
lost, until :meth:`Protocol.prompt`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from emulator.models import BUILD_DATE, BUILD_TAG

IAC, DONT, DO, WONT, WILL, AYT = 255, 254, 253, 252, 251, 246
TRANSMIT_BINARY, ECHO, SUPPRESS_GO_AHEAD, LINEMODE = 0, 1, 3, 34

TRIES = 3
LONGEST_CREDENTIAL = 32
"""From so many bytes without CR on, the board does not wait for one."""

USER_OPTIONS = bytes((IAC, WONT, ECHO, IAC, WONT, SUPPRESS_GO_AHEAD, IAC, WILL, LINEMODE))
PASSWORD_OPTIONS = bytes((IAC, WILL, ECHO, IAC, WONT, SUPPRESS_GO_AHEAD, IAC, WILL, LINEMODE))
REPL_OPTIONS = bytes((IAC, WILL, ECHO, IAC, WILL, SUPPRESS_GO_AHEAD, IAC, WONT, LINEMODE))
USER_PROMPT = b"Login as: "
PASSWORD_PROMPT = b"Password: "
REFUSED = b"\r\nInvalid credentials, try again.\r\n"
WELCOME = b'\r\nLogin succeeded!\r\nType "help()" for more information.\r\n'
FRESH_LINE = b"\b" * 128 + b"\r"
"""What the board types for a client that has logged in: what is on the line is deleted, and a prompt comes."""

CTRL_D, CTRL_F = 4, 6
_ENTER = b"\r"
_NOT_TEXT = bytes((0, *range(128, 256)))


def banner(machine: str) -> bytes:
    """What a client is greeted with; ``machine`` as in ``os.uname()``."""
    return f"MicroPython {BUILD_TAG} on {BUILD_DATE}; {machine}\r\n".encode()


class Signal(Enum):
    """What a client has brought about."""

    LOGGED_IN = "logged in"
    """From now on it sees the console, after what is to be sent to it so far."""
    INTERRUPT = "interrupt"
    """Ctrl-C for the script that runs."""
    SAFE_BOOT = "safe boot"
    """Ctrl-F: the safe-boot flag is to be set, and the network goes down."""
    CLOSED = "closed"
    """It is sent away, after what is to be sent to it."""


@dataclass(frozen=True)
class Typed:
    """Bytes for the console."""

    data: bytes


Event = Signal | Typed


class State(Enum):
    """How far the login has come."""

    USER_DUE = "user prompt due"
    USER = "user"
    PASSWORD_DUE = "password prompt due"
    PASSWORD = "password"
    LOGGED_IN = "logged in"
    CLOSED = "closed"


def always() -> bool:
    """Ctrl-F acts."""
    return True


class Protocol:
    """One client. ``login`` gives user and password as they are now."""

    def __init__(self, machine: str, login: Callable[[], tuple[bytes, bytes]]) -> None:
        self.state = State.USER_DUE
        self.binary = False
        """Whether the client has switched to TRANSMIT-BINARY: then no byte has a meaning of its own but 255."""
        self._login = login
        self._user_right = False
        self._failures = 0
        self._line = b""
        self._held = b""
        self._out = bytearray(banner(machine) + USER_OPTIONS)

    @property
    def prompt_due(self) -> bool:
        """Whether :meth:`prompt` is to be called, as soon as what was sent without waiting for it has arrived."""
        return self.state in (State.USER_DUE, State.PASSWORD_DUE)

    @property
    def logged_in(self) -> bool:
        return self.state is State.LOGGED_IN

    def data_to_send(self) -> bytes:
        """What is to be sent to the client now, once."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def prompt(self) -> None:
        """Show the prompt that is due; from now on what the client sends counts."""
        if self.state is State.USER_DUE:
            self._out += USER_PROMPT
            self.state = State.USER
        elif self.state is State.PASSWORD_DUE:
            self._out += PASSWORD_PROMPT + PASSWORD_OPTIONS
            self.state = State.PASSWORD
        self._line = b""

    def receive(
        self, data: bytes, *, interrupt: int | None = None, reset_key: Callable[[], bool] = always
    ) -> list[Event]:
        """Take bytes of the client.

        ``interrupt``: the character that interrupts what runs, None when nothing does; ``reset_key``: whether Ctrl-F acts,
        asked when one comes that would.
        """
        events: list[Event] = []
        text = self._text(data, interrupt, reset_key, events)
        if self.state is State.LOGGED_IN:
            if text:
                events.append(Typed(text))
        elif self.state in (State.USER, State.PASSWORD):
            self._line += text
            self._judge(events)
        return events

    # -- the login ---------------------------------------------------------------------------------------------------

    def _judge(self, events: list[Event]) -> None:
        """Take the credential, if it is complete. What follows it in the same piece is lost."""
        given, end, _ = self._line[:LONGEST_CREDENTIAL].partition(_ENTER)
        if not end and len(self._line) < LONGEST_CREDENTIAL:
            return
        user, password = self._login()
        self._line = b""
        if self.state is State.USER:
            self._user_right = bool(end and given) and given == user
            self.state = State.PASSWORD_DUE
        elif end and given and given == password and self._user_right:
            self._out += REPL_OPTIONS + WELCOME
            self.state = State.LOGGED_IN
            events += [Signal.LOGGED_IN, Typed(FRESH_LINE)]
        else:
            self._out += REFUSED
            self._failures += 1
            if self._failures == TRIES:
                self.state = State.CLOSED
                events.append(Signal.CLOSED)
            else:
                self._out += USER_OPTIONS
                self.state = State.USER_DUE

    # -- telnet's own bytes --------------------------------------------------------------------------------------------

    def _text(self, data: bytes, interrupt: int | None, reset_key: Callable[[], bool], events: list[Event]) -> bytes:
        """What remains of the bytes of a client when the commands in them are carried out."""
        data, self._held = self._held + data, b""
        text = bytearray()
        at = 0
        while at < len(data):
            command = data.find(IAC, at)
            end = command if command >= 0 else len(data)
            text += self._plain(data[at:end], interrupt, reset_key, events)
            at = end
            if command < 0:
                break
            length = self._command(data[at : at + 3])
            if not length:
                self._held = data[at:]
                break
            if data[at + 1] == IAC:
                text.append(IAC)
            at += length
        return bytes(text)

    def _plain(self, data: bytes, interrupt: int | None, reset_key: Callable[[], bool], events: list[Event]) -> bytes:
        if self.binary:
            return data
        data = data.translate(None, _NOT_TEXT)
        if self.state is not State.LOGGED_IN:
            return data
        if interrupt is not None and interrupt in data:
            data = data.replace(bytes((interrupt,)), b"")
            events.append(Signal.INTERRUPT)
        if CTRL_F in data and reset_key():
            data = data.replace(bytes((CTRL_F,)), bytes((CTRL_D,)))
            events.append(Signal.SAFE_BOOT)
        return data

    def _command(self, command: bytes) -> int:
        """Carry out a command; its length, 0 when it is not complete. The board takes three bytes for any it does not know."""
        if len(command) >= 2 and command[1] == IAC:
            return 2
        if len(command) >= 2 and command[1] == AYT:
            self._reply(command[:2])
            return 2
        if len(command) < 3:
            return 0
        verb, option = command[1:]
        if option == TRANSMIT_BINARY:
            if verb in (WILL, WONT):
                self.binary = verb == WILL
            answer = verb + (DO - WILL) if verb < DO else verb - (DO - WILL)
            self._reply(bytes((IAC, answer, option)))
        return 3

    def _reply(self, data: bytes) -> None:
        if self.state is State.LOGGED_IN:
            self._out += data
