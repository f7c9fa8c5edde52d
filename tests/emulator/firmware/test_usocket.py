"""``usocket`` as the script sees it: facts of the board's socket module, over real sockets."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.firmware.usocket import CONSTANTS, RADIO_CONSTANTS, ipv4
from emulator.hostmap import is_ipv4
from tests.emulator.harness import Bench, refused_port, silent_port, tcp_peer

ONE_LINE = "try:\n    {}\nexcept Exception as e:\n    print(type(e).__name__, e)"


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as made:
        made.run("import usocket as socket\ns = socket.socket()")
        yield made


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


def say(data: bytes) -> object:
    def talk(connection: socket.socket) -> None:
        connection.sendall(data)
        with contextlib.suppress(OSError):  # the board has closed already
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)

    return talk


def talk_to(talk: object, text: str) -> str:
    """Run text with ``s`` connected to a peer that does ``talk``; what it printed."""
    with tcp_peer(talk) as port, Bench() as bench:  # type: ignore[arg-type]
        bench.set(port=port)
        bench.run("import usocket as socket\ns = socket.socket()\ns.connect(('127.0.0.1', port))")
        return bench.run(text)


# names


@pytest.mark.parametrize("model", ["wipy", "lopy", "lopy4", "sipy", "gpy", "fipy"])
def test_radio_constants_exist_on_the_boards_with_that_radio(model: str) -> None:
    with Bench(model=model) as bench:
        names = vars(bench.device.module("usocket"))
        for radio, constants in RADIO_CONSTANTS.items():
            for name, value in constants.items():
                expected = value if bench.device.board.model.has_radio(radio) else None
                if name != "SOCK_RAW":
                    assert names.get(name) == expected
        assert ("SOCK_RAW" in names) == (model not in ("wipy", "gpy"))
        assert {name: names[name] for name in CONSTANTS} == CONSTANTS


@pytest.mark.parametrize(
    "name",
    [
        "gethostbyname",
        "create_connection",
        "inet_aton",
        "inet_ntoa",
        "has_ipv6",
        "AF_INET6",
        "SHUT_RDWR",
        "gaierror",
        "SO_BROADCAST",
    ],
)
def test_names_the_board_lacks(bench: Bench, name: str) -> None:
    assert bench.run(f"print(hasattr(socket, {name!r}))") == "False\n"


@pytest.mark.parametrize(
    "name",
    [
        "getpeername",
        "getsockname",
        "shutdown",
        "recv_into",
        "getsockopt",
        "detach",
        "__enter__",
        "__exit__",
        "family",
        "type",
        "proto",
        "gettimeout",
    ],
)
def test_methods_the_board_lacks(bench: Bench, name: str) -> None:
    assert bench.run(f"print(hasattr(s, {name!r}))") == "False\n"


def test_exceptions_and_printing(bench: Bench) -> None:
    assert bench.run("print(socket.error is OSError, issubclass(socket.timeout, OSError), socket.timeout)") == (
        "True True <class 'TimeoutError'>\n"
    )
    assert bench.run("print(s, socket.socket, repr(s))") == "<socket> <class 'socket'> <socket>\n"


# arguments


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("s.connect()", "TypeError function takes 2 positional arguments but 1 were given"),
        ("s.connect(1, 2)", "TypeError function takes 2 positional arguments but 3 were given"),
        ("s.connect(addr=1)", "TypeError function doesn't take keyword arguments"),
        ("s.connect('127.0.0.1:80')", "TypeError object 'str' is not a tuple or list"),
        ("s.connect(('1.2.3.4',))", "ValueError requested length 2 but object has length 1"),
        ("s.connect(('example.org', 80))", "ValueError invalid arguments"),
        ("s.connect(('1.2.3', 80))", "ValueError invalid arguments"),
        ("s.connect(('1.2.3.256', 80))", "ValueError invalid arguments"),
        ("s.connect((5, 80))", "TypeError can't convert 'int' object to str implicitly"),
        ("s.connect(('1.2.3.4', '80'))", "TypeError can't convert str to int"),
        ("s.connect(('1.2.3.4', 80.0))", "TypeError can't convert float to int"),
        ("s.connect(('', 80))", "OSError [Errno 118] EHOSTUNREACH"),
        ("s.bind(('localhost', 80))", "ValueError invalid arguments"),
        ("s.listen(1, 2)", "TypeError function expected at most 2 arguments, got 3"),
        ("s.listen('1')", "TypeError can't convert str to int"),
        ("s.recv()", "TypeError function takes 2 positional arguments but 1 were given"),
        ("s.recv('1')", "TypeError can't convert str to int"),
        ("s.recv(-1)", "MemoryError memory allocation failed, allocating 4294967295 bytes"),
        ("s.recv(1 << 30)", "MemoryError memory allocation failed, allocating 1073741825 bytes"),
        ("s.recvfrom(1 << 30)", "MemoryError memory allocation failed, allocating 1073741825 bytes"),
        ("s.send(5)", "TypeError object with buffer protocol required"),
        ("s.settimeout('1')", "TypeError can't convert str to float"),
        ("s.setsockopt(4095, 4)", "TypeError function takes 4 positional arguments but 3 were given"),
        ("s.setsockopt(4095, 77, 1)", "OSError 109"),
        ("s.setsockopt(0, 3, b'short')", "OSError [Errno 22] EINVAL"),
        ("s.makefile('r')", "ValueError invalid argument(s) value"),
        ("s.readinto(b'abc')", "TypeError object with buffer protocol required"),
        ("s.recv(1)", "OSError [Errno 128] ENOTCONN"),
        ("s.send(b'x')", "OSError [Errno 128] ENOTCONN"),
        ("s.accept()", "OSError [Errno 22] EINVAL"),
        ("socket.socket(1, 2, 3, 4, 5)", "TypeError function expected at most 4 arguments, got 5"),
        ("socket.socket(family=2)", "TypeError function doesn't take keyword arguments"),
        ("socket.socket('x')", "TypeError can't convert str to int"),
        ("socket.socket(10, 1)", "OSError incorrect socket type"),
        ("socket.socket(2, 7)", "OSError [Errno 22] EINVAL"),
        ("socket.socket(99, 3)", "OSError Network card not available"),
        ("socket.getaddrinfo('a')", "TypeError function missing 1 required positional arguments"),
        ("socket.getaddrinfo(5, 80)", "TypeError can't convert 'int' object to str implicitly"),
        ("socket.getaddrinfo('1.2.3.4', '80')", "TypeError can't convert str to int"),
        ("socket.dnsserver(2)", "ValueError invalid arguments"),
        ("socket.dnsserver(0, 'dns.test')", "ValueError invalid arguments"),
    ],
)
def test_wrong_calls(bench: Bench, call: str, shown: str) -> None:
    assert bench.run(ONE_LINE.format(call)) == shown + "\n"


def test_a_name_as_address_leaves_a_note_with_the_right_call(bench: Bench) -> None:
    bench.run(ONE_LINE.format("s.connect(('example.org', 8883))"))
    assert bench.note("name-in-address").fix == "socket.getaddrinfo('example.org', 8883)[0][-1]"


@given(st.text(max_size=20))
@settings(max_examples=200)
def test_any_text_is_an_address_or_invalid_arguments(text: str) -> None:
    if is_ipv4(text):
        assert [int(part) for part in ipv4(text).split(".")] == [int(part) for part in text.split(".")]
    else:
        with pytest.raises(ValueError, match=r"^invalid arguments$"):
            ipv4(text)


# names into addresses


def test_getaddrinfo_gives_one_tuple_and_ignores_what_follows_the_port() -> None:
    with Bench("cloud.test:8883=127.0.0.1:1") as bench:
        assert bench.run(
            "import socket\nprint(socket.getaddrinfo('cloud.test', 8883), socket.getaddrinfo('1.2.3.4', 80, 9, 'x', None, 4))"
        ) == ("[(2, 1, 0, '', ('198.18.0.1', 8883))] [(2, 1, 0, '', ('1.2.3.4', 80))]\n")


def test_getaddrinfo_fails_with_202() -> None:
    with Bench(offline=True) as bench:
        assert bench.run("import socket\n" + ONE_LINE.format("socket.getaddrinfo('x.test', 1)")) == (
            "OSError [Errno 202] EAI_FAIL\n"
        )


def test_dnsserver_keeps_what_is_set(bench: Bench) -> None:
    assert bench.run(
        "print(socket.dnsserver(), socket.dnsserver(0, '8.8.8.8'), socket.dnsserver(0), socket.dnsserver())"
    ) == ("('0.0.0.0', '0.0.0.0') None ('8.8.8.8',) ('8.8.8.8', '0.0.0.0')\n")


# radios


@pytest.mark.parametrize(("family", "radio"), [("AF_LORA", "LoRa"), ("AF_SIGFOX", "Sigfox")])
def test_radio_sockets_exist_but_say_that_they_are_not_emulated(bench: Bench, family: str, radio: str) -> None:
    assert bench.run(
        f"r = socket.socket(socket.{family}, socket.SOCK_RAW)\nprint(r, isinstance(r, socket.socket))"
    ) == ("<socket> False\n")
    for call in ("r.send(b'x')", "r.setblocking(False)", "r.recv(5)", "r.settimeout(1)"):
        assert "NotImplementedError socket of " + radio in bench.run(ONE_LINE.format(call))
    assert bench.note_codes() == ["not-emulated"]


def test_a_board_without_the_radio_has_no_such_socket() -> None:
    with Bench(model="wipy") as bench:
        assert bench.run("import socket\n" + ONE_LINE.format("socket.socket(160, 3)")) == (
            "OSError Network card not available\n"
        )


def test_an_inet_raw_socket_is_not_emulated(bench: Bench) -> None:
    assert "NotImplementedError" in bench.run(ONE_LINE.format("socket.socket(2, 3)"))


def test_no_socket_without_an_interface(bench: Bench) -> None:
    bench.stack.registered = False
    assert bench.run(ONE_LINE.format("socket.socket()")) == "OSError Network card not available\n"


# receiving


def test_recv_gives_at_most_2048_bytes() -> None:
    assert talk_to(
        say(b"x" * 5000), "n = 0\nwhile n < 5000:\n    d = s.recv(5000)\n    n += len(d)\n    print(len(d) <= 2048)"
    ) == ("True\n" * 3)


@pytest.mark.parametrize(
    ("setting", "call", "shown"),
    [
        ("s.setblocking(False)", "s.recv(1)", "b''"),
        ("s.settimeout(0)", "s.recv(1)", "b''"),
        ("s.settimeout(0.01)", "s.recv(1)", "TimeoutError timed out"),
        ("s.setblocking(False)", "s.recvfrom(1)", "OSError [Errno 11] EAGAIN"),
        ("s.settimeout(0.01)", "s.recvfrom(1)", "TimeoutError timed out"),
        ("s.setblocking(False)", "s.read(1)", "None"),
        ("s.settimeout(0.01)", "s.read(1)", "None"),
        ("s.setblocking(False)", "s.read()", "None"),
        ("s.setblocking(False)", "s.readline()", "None"),
        ("s.setblocking(False)", "s.readinto(bytearray(2))", "None"),
        ("s.setblocking(False)", "s.read(0)", "b''"),
    ],
)
def test_nothing_there(setting: str, call: str, shown: str) -> None:
    with silent_port() as port, Bench() as bench:
        bench.set(port=port)
        out = bench.run(
            "import socket\ns = socket.socket()\ns.connect(('127.0.0.1', port))\n"
            f"{setting}\n" + ONE_LINE.format(f"print({call})")
        )
        assert out == shown + "\n"


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("s.read(4)", "b'one\\n'"),
        ("s.read()", "b'one\\ntwo\\nend'"),
        ("s.readline()", "b'one\\n'"),
        ("s.readline(2)", "b'on'"),
        ("[s.readline(), s.readline(), s.readline(), s.readline()]", "[b'one\\n', b'two\\n', b'end', b'']"),
        ("[s.read(9), s.read(9), s.read(9)]", "[b'one\\ntwo\\ne', b'nd', b'']"),
        ("[s.readinto(b), b]", "[4, bytearray(b'one\\n')]"),
        ("[s.readinto(b, 2), b]", "[2, bytearray(b'on\\x00\\x00')]"),
        ("[s.makefile('rb') is s, s.makefile().readline()]", "[True, b'one\\n']"),
    ],
)
def test_stream_reads(call: str, shown: str) -> None:
    assert talk_to(say(b"one\ntwo\nend"), f"b = bytearray(4)\nprint({call})\ns.close()") == shown + "\n"


def test_read_waits_for_all_it_wants() -> None:
    def drip(connection: socket.socket) -> None:
        for byte in b"abcd":
            connection.sendall(bytes([byte]))
            connection.recv(1)

    assert talk_to(drip, "s.send(b'....')\nprint(s.read(4))\ns.close()") == "b'abcd'\n"


def test_a_reset_is_104() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    assert talk_to(reset, "s.send(b'x')\n" + ONE_LINE.format("s.recv(1)")) == "OSError [Errno 104] ECONNRESET\n"


# sending


@pytest.mark.parametrize(
    ("call", "sent"),
    [
        ("s.send('text é')", "b'text \\xc3\\xa9'"),
        ("s.sendall(bytearray(b'buffer'))", "b'buffer'"),
        ("s.write(b'0123456789')", "b'0123456789'"),
        ("s.write(b'0123456789', 4)", "b'0123'"),
        ("s.write(b'0123456789', 2, 3)", "b'234'"),
        ("s.write(b'0123456789', 20, 3)", "b''"),
        ("s.write(memoryview(b'0123')[1:])", "b'123'"),
    ],
)
def test_what_is_sent(call: str, sent: str) -> None:
    assert talk_to(echo, f"n = {call}\nprint(s.read(n))\ns.close()") == sent + "\n"


def test_sendall_is_send(bench: Bench) -> None:
    assert bench.run("print(socket.socket.sendall is socket.socket.send)") == "True\n"


def test_a_large_send_arrives_whole() -> None:
    got: list[int] = []

    def take(connection: socket.socket) -> None:
        total = 0
        while data := connection.recv(1 << 20):
            total += len(data)
        got.append(total)

    assert talk_to(take, "print(s.send(bytes(2000000)))\ns.close()") == "2000000\n"
    assert got == [2000000]


def test_a_non_blocking_send_takes_what_fits_and_then_raises_11() -> None:
    with silent_port() as port, Bench() as bench:
        bench.set(port=port)
        out = bench.run(
            """
import socket
s = socket.socket()
s.connect(('127.0.0.1', port))
s.setblocking(False)
try:
    for _ in range(10000):
        s.send(bytes(100000))
except OSError as e:
    print(e)
print(s.write(bytes(100000)))
s.settimeout(0.01)
try:
    s.send(b'x' * 100000)
except socket.timeout as e:
    print(repr(e))
"""
        )
        assert out == "[Errno 11] EAGAIN\nNone\nTimeoutError('timed out',)\n"


def test_sending_nothing_raises_the_last_number(bench: Bench) -> None:
    assert bench.run(ONE_LINE.format("s.send(b'')")) == "OSError 0\n"
    bench.run(ONE_LINE.format("s.recv(1)"))
    assert bench.run(ONE_LINE.format("s.send(b'')")) == "OSError [Errno 128] ENOTCONN\n"


# connecting, listening, closing


def test_a_non_blocking_connect_is_119_and_select_tells_when_it_stands() -> None:
    with tcp_peer(echo) as port, Bench() as bench:
        bench.set(port=port)
        out = bench.run(
            "import socket, select\ns = socket.socket()\ns.setblocking(False)\n"
            + ONE_LINE.format("s.connect(('127.0.0.1', port))")
            + "\nprint(select.select([], [s], [], 5)[1] == [s])\nprint(s.send(b'hi'))\ns.settimeout(5)\nprint(s.recv(9))\n"
            + ONE_LINE.format("s.connect(('127.0.0.1', port))")
            + "\ns.close()"
        )
        assert out == "OSError [Errno 119] EINPROGRESS\nTrue\n2\nb'hi'\nOSError 127\n"


def test_a_non_blocking_connect_that_is_refused_shows_later() -> None:
    with Bench() as bench:
        bench.set(port=refused_port())
        out = bench.run(
            "import socket, select\ns = socket.socket()\ns.settimeout(0)\n"
            + ONE_LINE.format("s.connect(('127.0.0.1', port))")
            + "\nselect.select([], [s], [], 5)\n"
            + ONE_LINE.format("s.send(b'hi')")
        )
        assert out in (
            "OSError [Errno 119] EINPROGRESS\nOSError [Errno 111] ECONNREFUSED\n",
            "OSError [Errno 111] ECONNREFUSED\nOSError [Errno 128] ENOTCONN\n",  # the host knew at once
        )


@pytest.mark.parametrize(("timeout", "number"), [("None", "-1"), ("5", "9")], ids=["stays open", "is closed"])
def test_after_a_failed_connect(timeout: str, number: str) -> None:
    with Bench() as bench:
        bench.set(port=refused_port())
        out = bench.run(
            f"import socket\ns = socket.socket()\ns.settimeout({timeout})\n"
            + ONE_LINE.format("s.connect(('127.0.0.1', port))")
            + "\nprint(s.fileno() == -1)"
        )
        assert out == f"OSError [Errno 111] ECONNREFUSED\n{number == '9'}\n"


def test_accept_gives_a_blocking_socket_and_the_address() -> None:
    with Bench() as bench:
        out = bench.run(
            """
import socket
l = socket.socket()
l.bind(('0.0.0.0', 80))
l.listen()
l.settimeout(5)
c = socket.socket()
c.connect(('127.0.0.1', 80))
d, a = l.accept()
print(type(d) is socket.socket, a[0], len(a))
c.send(b'x')
print(d.recv(1))
for t in (0, 0.01):
    l.settimeout(t)
    try:
        l.accept()
    except OSError as e:
        print(type(e), e)
c.close()
print(d.recv(1))
"""
        )
        again = "<class 'OSError'> [Errno 11] EAGAIN\n"
        assert out == f"True 127.0.0.1 2\nb'x'\n{again}{again}b''\n"


def test_close_twice_and_use_after_close(bench: Bench) -> None:
    assert bench.run("s.close()\ns.close()\nprint(s.fileno())") == "-1\n"
    for call in (
        "s.recv(1)",
        "s.send(b'x')",
        "s.connect(('127.0.0.1', 1))",
        "s.settimeout(1)",
        "s.bind(('', 1))",
        "s.listen(1)",
    ):
        assert bench.run(ONE_LINE.format(call)) == "OSError [Errno 9] EBADF\n"


def test_descriptor_numbers_are_reused_from_the_lowest(bench: Bench) -> None:
    assert bench.run(
        "a = socket.socket()\nb = socket.socket()\na.close()\nc = socket.socket()\nprint(s.fileno(), b.fileno(), c.fileno())"
    ) == ("54 56 55\n")


def test_a_forgotten_socket_closes_itself() -> None:
    assert talk_to(lambda c: c.recv(1), "del s") == ""


def test_options_the_stack_knows_are_taken(bench: Bench) -> None:
    assert (
        bench.run("print(s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1), s.setsockopt(6, 1, 1))")
        == "None None\n"
    )


def test_joining_a_multicast_group_leaves_a_note(bench: Bench) -> None:
    bench.run("u = socket.socket(2, 2)\nu.setsockopt(0, socket.IP_ADD_MEMBERSHIP, bytes([224, 0, 0, 251, 0, 0, 0, 0]))")
    assert "224.0.0.251" in bench.note("multicast").title


def test_do_handshake_does_nothing_on_a_plain_socket(bench: Bench) -> None:
    assert bench.run("print(s.do_handshake())") == "None\n"


def test_ctrl_c_ends_a_read() -> None:
    with silent_port() as port, Bench() as bench:
        bench.set(port=port)
        thread = bench.start(
            "import socket\ns = socket.socket()\ns.connect(('127.0.0.1', port))\nprint('up')\ns.recv(1)"
        )
        bench.await_text("up")
        bench.power.interrupt()
        thread.thread.join(10)
        assert bench.console.text.endswith("KeyboardInterrupt: \n")


def test_every_name_and_method_of_the_board_is_there(bench: Bench) -> None:
    from emulator import api

    members = api.members("usocket", "FiPy")
    names = vars(bench.device.module("usocket"))
    assert [name for name in members if name not in names and name != "__name__"] == []
    methods = [name for name in members["socket"].members if not name.startswith("__")]
    assert [name for name in methods if not hasattr(names["socket"], name)] == []
