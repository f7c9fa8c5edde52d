"""The telnet protocol byte for byte, without sockets (firmware: esp32/telnet/telnet.c)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.services.telnet_protocol import FRESH_LINE, Event, Protocol, Signal, Typed

BANNER = b"MicroPython v1.11-ffb0e1c on 2021-01-12; FiPy with ESP32\r\n"
USER = b'\xff\xfc\x01\xff\xfc\x03\xff\xfb"'
PASSWORD = b'\xff\xfb\x01\xff\xfc\x03\xff\xfb"'
REPL = b'\xff\xfb\x01\xff\xfb\x03\xff\xfc"'
ASK_PASSWORD = b"Password: " + PASSWORD
SUCCESS = REPL + b'\r\nLogin succeeded!\r\nType "help()" for more information.\r\n'
WRONG = b"\r\nInvalid credentials, try again.\r\n"
AGAIN = WRONG + USER
CTRL_C = 3


def protocol(user: bytes = b"micro", password: bytes = b"python") -> Protocol:
    return Protocol("FiPy with ESP32", lambda: (user, password))


class Client:
    """Sends pieces, each as one packet; ``PROMPT`` stands for the time that passes until a prompt comes."""

    def __init__(self, made: Protocol | None = None) -> None:
        self.protocol = made or protocol()
        self.events: list[Event] = []
        self.out = self.protocol.data_to_send()

    def send(self, *pieces: bytes | None, interrupt: int | None = None, reset_key: bool = True) -> bytes:
        """What the server sends for it."""
        before = len(self.out)
        for piece in pieces:
            if piece is None:
                self.protocol.prompt()
            else:
                self.events += self.protocol.receive(piece, interrupt=interrupt, reset_key=lambda: reset_key)
            self.out += self.protocol.data_to_send()
        return self.out[before:]


PROMPT = None
RIGHT = (PROMPT, b"micro\r\n", PROMPT, b"python\r\n")

LOGINS: dict[str, tuple[tuple[bytes | None, ...], bytes, bool]] = {
    "right": (RIGHT, b"Login as: " + ASK_PASSWORD + SUCCESS, True),
    "CR alone": ((PROMPT, b"micro\r", PROMPT, b"python\r"), b"Login as: " + ASK_PASSWORD + SUCCESS, True),
    "byte by byte": (
        (PROMPT, *(bytes((byte,)) for byte in b"micro\r"), PROMPT, *(bytes((byte,)) for byte in b"python\r")),
        b"Login as: " + ASK_PASSWORD + SUCCESS,
        True,
    ),
    "a late LF belongs to the next line": (
        (PROMPT, b"micro\r", PROMPT, b"\npython\r"),
        b"Login as: " + ASK_PASSWORD + AGAIN,
        False,
    ),
    "LF alone ends nothing": ((PROMPT, b"micro\n"), b"Login as: ", False),
    "wrong name": ((PROMPT, b"mikro\r\n", PROMPT, b"python\r\n"), b"Login as: " + ASK_PASSWORD + AGAIN, False),
    "wrong password": ((PROMPT, b"micro\r\n", PROMPT, b"Python\r\n"), b"Login as: " + ASK_PASSWORD + AGAIN, False),
    "part of the name": ((PROMPT, b"mic\r\n", PROMPT, b"python\r\n"), b"Login as: " + ASK_PASSWORD + AGAIN, False),
    "more than the name": ((PROMPT, b"micro1\r\n", PROMPT, b"python\r\n"), b"Login as: " + ASK_PASSWORD + AGAIN, False),
    "empty name": ((PROMPT, b"\r\n", PROMPT, b"python\r\n"), b"Login as: " + ASK_PASSWORD + AGAIN, False),
    "empty password": ((PROMPT, b"micro\r\n", PROMPT, b"\r\n"), b"Login as: " + ASK_PASSWORD + AGAIN, False),
    "the second time": (
        (PROMPT, b"x\r\n", PROMPT, b"y\r\n", *RIGHT),
        b"Login as: " + ASK_PASSWORD + AGAIN + b"Login as: " + ASK_PASSWORD + SUCCESS,
        True,
    ),
    "three failures": (
        (PROMPT, b"x\r\n", PROMPT, b"y\r\n") * 3,
        (b"Login as: " + ASK_PASSWORD + AGAIN) * 2 + b"Login as: " + ASK_PASSWORD + WRONG,
        False,
    ),
    "nothing counts after the third": (
        ((PROMPT, b"x\r\n", PROMPT, b"y\r\n") * 3) + RIGHT,
        (b"Login as: " + ASK_PASSWORD + AGAIN) * 2 + b"Login as: " + ASK_PASSWORD + WRONG,
        False,
    ),
    "31 bytes without CR are waited for": ((PROMPT, b"x" * 31), b"Login as: ", False),
    "32 bytes without CR are judged": (
        (PROMPT, b"x" * 32, PROMPT, b"y" * 20, b"y" * 12),
        b"Login as: " + ASK_PASSWORD + AGAIN,
        False,
    ),
    "CR after 32 bytes is not seen": (
        (PROMPT, b"micro" + b" " * 27 + b"\r\n", PROMPT, b"python\r\n"),
        b"Login as: " + ASK_PASSWORD + AGAIN,
        False,
    ),
    "typed before the first prompt": (
        (b"micro\r\n", PROMPT, b"python\r\n", PROMPT, b"x\r\n"),
        b"Login as: " + ASK_PASSWORD + AGAIN,
        False,
    ),
    "typed before the second prompt": (
        (PROMPT, b"micro\r\n", b"python\r\n", PROMPT, b"\r\n"),
        b"Login as: " + ASK_PASSWORD + AGAIN,
        False,
    ),
    "both lines in one piece": ((PROMPT, b"micro\r\npython\r\n", PROMPT), b"Login as: " + ASK_PASSWORD, False),
    "NUL and bytes beyond 127 do not count": (
        (PROMPT, b"\0mi\x80c\xe9ro\r\0", PROMPT, b"\0python\xfe\r\n"),
        b"Login as: " + ASK_PASSWORD + SUCCESS,
        True,
    ),
    "options and AYT are swallowed": (
        (PROMPT, b"\xff\xfd\x01mi\xff\xfecro\xff\xf6\r\n", PROMPT, b"\xff\xfb\x00python\r\n"),
        b"Login as: " + ASK_PASSWORD + AGAIN,
        False,
    ),
    "answers to the options": (
        (b'\xff\xfd\x01\xff\xfe"', PROMPT, b'\xff\xfe"mi', b"cro\r\n", PROMPT, b"\xff\xfd\x01\xff\xfd\x03python\r\n"),
        b"Login as: " + ASK_PASSWORD + SUCCESS,
        True,
    ),
    "Ctrl-C and Ctrl-F are text": (
        (PROMPT, b"micro\x03\r\n", PROMPT, b"python\x06\r\n"),
        b"Login as: " + ASK_PASSWORD + AGAIN,
        False,
    ),
}


@pytest.mark.parametrize(("pieces", "shown", "logged_in"), LOGINS.values(), ids=LOGINS.keys())
def test_the_login(pieces: tuple[bytes | None, ...], shown: bytes, logged_in: bool) -> None:
    client = Client()
    assert client.out == BANNER + USER
    assert client.send(*pieces) == shown
    assert client.protocol.logged_in is logged_in
    assert client.events[:2] == ([Signal.LOGGED_IN, Typed(FRESH_LINE)] if logged_in else client.events[:2])
    assert (Signal.CLOSED in client.events) is (shown.count(WRONG) == 3)


def test_what_is_typed_for_a_client_that_logs_in() -> None:
    assert FRESH_LINE == b"\x08" * 128 + b"\r"


def test_the_name_is_judged_at_once_and_the_password_later() -> None:
    made = Protocol("FiPy with ESP32", lambda: login[0])
    login = [(b"anna", b"secret")]
    client = Client(made)
    client.send(PROMPT, b"anna\r\n", PROMPT)
    login[0] = (b"berta", b"other")
    assert client.send(b"other\r\n") == SUCCESS


LOGGED_IN: dict[str, tuple[tuple[bytes, ...], list[Event], bytes]] = {
    "text": ((b"print(1)\r\n",), [Typed(b"print(1)\r\n")], b""),
    "NUL and bytes beyond 127": ((b"a\0\x80b\xc3\xa9\r\0",), [Typed(b"ab\r")], b""),
    "255 by itself": ((b"a\xff\xffb",), [Typed(b"a\xffb")], b""),
    "are you there": ((b"a\xff\xf6b",), [Typed(b"ab")], b"\xff\xf6"),
    "are you there in two pieces": ((b"a\xff", b"\xf6b"), [Typed(b"a"), Typed(b"b")], b"\xff\xf6"),
    "an option": ((b"a\xff\xfd\x01b",), [Typed(b"ab")], b""),
    "an option in three pieces": ((b"a\xff", b"\xfd", b"\x01b"), [Typed(b"a"), Typed(b"b")], b""),
    "WILL BINARY": ((b"\xff\xfb\x00",), [], b"\xff\xfd\x00"),
    "WONT BINARY": ((b"\xff\xfc\x00",), [], b"\xff\xfe\x00"),
    "DO BINARY": ((b"\xff\xfd\x00",), [], b"\xff\xfb\x00"),
    "DONT BINARY": ((b"\xff\xfe\x00",), [], b"\xff\xfc\x00"),
    "binary": (
        (b"\xff\xfb\x00\0\x80\xc3\xa9\x03\x06\xff\xff",),
        [Typed(b"\0\x80\xc3\xa9\x03\x06\xff")],
        b"\xff\xfd\x00",
    ),
    "binary and back": ((b"\xff\xfb\x00\x80\xff\xfc\x00\x80a",), [Typed(b"\x80a")], b"\xff\xfd\x00\xff\xfe\x00"),
    "no subnegotiation": ((b'\xff\xfa"\x01\x02\xff\xf0a',), [Typed(b"\x01\x02")], b""),
    "a command takes three bytes": ((b"\xff\xf4ab",), [Typed(b"b")], b""),
    "Ctrl-C at the prompt": ((b"a\x03b",), [Typed(b"a\x03b")], b""),
    "Ctrl-F": ((b"a\x06b",), [Signal.SAFE_BOOT, Typed(b"a\x04b")], b""),
    "nothing": ((b"",), [], b""),
}


@pytest.mark.parametrize(("pieces", "events", "shown"), LOGGED_IN.values(), ids=LOGGED_IN.keys())
def test_a_client_that_has_logged_in(pieces: tuple[bytes, ...], events: list[Event], shown: bytes) -> None:
    client = Client()
    client.send(*RIGHT)
    client.events.clear()
    assert client.send(*pieces) == shown
    assert client.events == events


def test_binary_is_remembered_from_before_the_login_where_it_gets_no_answer() -> None:
    client = Client()
    assert client.send(PROMPT, b"\xff\xfb\x00") == b"Login as: "
    client.send(*RIGHT[1:])
    client.events.clear()
    assert client.send(b"\x80") == b""
    assert client.events == [Typed(b"\x80")]


INTERRUPTS: dict[str, tuple[bytes, int | None, list[Event]]] = {
    "while a script runs": (b"a\x03b\x03", CTRL_C, [Signal.INTERRUPT, Typed(b"ab")]),
    "alone": (b"\x03", CTRL_C, [Signal.INTERRUPT]),
    "another character": (b"\x03x", ord("x"), [Signal.INTERRUPT, Typed(b"\x03")]),
    "in binary mode": (b"\xff\xfb\x00\x03", CTRL_C, [Typed(b"\x03")]),
}


@pytest.mark.parametrize(("data", "interrupt", "events"), INTERRUPTS.values(), ids=INTERRUPTS.keys())
def test_interrupts(data: bytes, interrupt: int | None, events: list[Event]) -> None:
    client = Client()
    client.send(*RIGHT)
    client.events.clear()
    client.send(data, interrupt=interrupt)
    assert client.events == events


def test_ctrl_f_as_data() -> None:
    client = Client()
    client.send(*RIGHT)
    client.events.clear()
    client.send(b"\x06", reset_key=False)
    assert client.events == [Typed(b"\x06")]


@given(st.lists(st.one_of(st.none(), st.binary(max_size=80)), max_size=30))
def test_garbage(pieces: list[bytes | None]) -> None:
    client = Client()
    client.send(*pieces, interrupt=CTRL_C)
    assert len(client.out) < 4000


@given(st.binary(max_size=60), st.data())
def test_pieces_do_not_matter_to_a_client_that_has_logged_in(data: bytes, draw: st.DataObject) -> None:
    whole, parts = Client(), Client()
    for client in (whole, parts):
        client.send(*RIGHT)
    at = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=4)))
    bounds = [0, *at, len(data)]
    whole.send(data)
    parts.send(*(data[a:b] for a, b in itertools.pairwise(bounds)))
    assert _typed(whole) == _typed(parts)
    assert whole.out == parts.out


def _typed(client: Client) -> bytes:
    return b"".join(event.data for event in client.events if isinstance(event, Typed))
