"""``uselect`` over plain sockets; ssl sockets are in test_ussl.py."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.emulator.harness import Bench, silent_port, tcp_peer

SETUP = """
import uselect as select, usocket as socket
s = socket.socket()
s.connect(('127.0.0.1', port))
p = select.poll()
"""
ONE_LINE = "try:\n    print({})\nexcept Exception as e:\n    print(type(e).__name__, e)"


@pytest.fixture
def quiet() -> Iterator[Bench]:
    """A script with ``s`` connected to a peer that says nothing."""
    with silent_port() as port, Bench() as bench:
        bench.set(port=port)
        bench.run(SETUP)
        yield bench


@pytest.fixture
def talking() -> Iterator[Bench]:
    """A script with ``s`` connected to a peer that has said ``x``."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"x")
        connection.recv(1)

    with tcp_peer(talk) as port, Bench() as bench:
        bench.set(port=port)
        bench.run(SETUP + "select.select([s], [], [], 10)")
        yield bench


def test_constants(quiet: Bench) -> None:
    assert quiet.run("print(select.POLLIN, select.POLLOUT, select.POLLERR, select.POLLHUP, p)") == "1 4 8 16 <poll>\n"


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("p.register()", "TypeError function missing 1 required positional arguments"),
        ("p.register(5)", "OSError stream operation not supported"),
        ("p.register(s, 'x')", "TypeError can't convert str to int"),
        ("p.register(s)", "None"),
        ("p.unregister(s)", "None"),
        ("p.modify(s, 1)", "OSError [Errno 2] ENOENT"),
        ("p.modify(s)", "TypeError function takes 3 positional arguments but 2 were given"),
        ("p.poll('x')", "TypeError can't convert str to int"),
        ("p.poll(0)", "[]"),
        ("select.poll(1)", "TypeError function takes 0 positional arguments but 1 were given"),
        ("select.select([s], [])", "TypeError function missing 1 required positional arguments"),
        ("select.select([5], [], [], 0)", "OSError stream operation not supported"),
        ("select.select([s], [], [], 'x')", "TypeError can't convert str to float"),
        ("select.select([], [], [], 0)", "([], [], [])"),
    ],
)
def test_calls(quiet: Bench, call: str, shown: str) -> None:
    assert quiet.run(ONE_LINE.format(call)) == shown + "\n"


@pytest.mark.parametrize(
    ("mask", "shown"),
    [("1", "[]"), ("4", "[(<socket>, 4)]"), ("5", "[(<socket>, 4)]"), ("", "[(<socket>, 4)]")],
)
def test_poll_of_a_quiet_connection(quiet: Bench, mask: str, shown: str) -> None:
    assert quiet.run(f"p.register(s{', ' if mask else ''}{mask})\nprint(p.poll(20))") == shown + "\n"


@pytest.mark.parametrize("mask", [1, 4, 5])
def test_poll_of_a_connection_with_data(talking: Bench, mask: int) -> None:
    assert talking.run(f"p.register(s, {mask})\nprint(p.poll(), list(p.ipoll()), p.poll(-1), p.poll(None))") == (
        " ".join([f"[(<socket>, {mask})]"] * 4) + "\n"
    )


def test_select_sorts_into_its_lists(talking: Bench) -> None:
    assert talking.run("r, w, x = select.select([s], [s], [s])\nprint(r == [s], w == [s], x)") == "True True []\n"


def test_the_events_can_be_changed_and_the_object_taken_out(talking: Bench) -> None:
    assert (
        talking.run(
            "p.register(s, 4)\nprint(p.poll(0))\np.register(s, 1)\nprint(p.poll(0))\np.modify(s, 4)\nprint(p.poll(0))\n"
            "p.unregister(s)\nprint(p.poll(0))"
        )
        == "[(<socket>, 4)]\n[(<socket>, 1)]\n[(<socket>, 4)]\n[]\n"
    )


def test_one_shot_is_reported_once_until_registered_again(talking: Bench) -> None:
    assert talking.run("p.register(s, 1)\nprint(p.poll(0, 1), p.poll(0))\np.modify(s, 1)\nprint(p.poll(0))") == (
        "[(<socket>, 1)] []\n[(<socket>, 1)]\n"
    )


def test_the_end_of_the_stream_is_readable() -> None:
    with tcp_peer(lambda c: None) as port, Bench() as bench:
        bench.set(port=port)
        assert bench.run(SETUP + "p.register(s, 1)\nprint(p.poll(5000), s.recv(1))") == "[(<socket>, 1)] b''\n"


def test_a_listener_is_readable_when_somebody_comes() -> None:
    with Bench() as bench:
        out = bench.run(
            """
import select, socket
l = socket.socket()
l.bind(('', 80))
l.listen(1)
p = select.poll()
p.register(l)
print(p.poll(0))
c = socket.socket()
c.connect(('192.168.4.1', 80))
print(p.poll(5000), l.accept()[1][0])
"""
        )
        assert out == "[]\n[(<socket>, 1)] 127.0.0.1\n"


def test_a_socket_that_is_neither_connected_nor_listening_is_not_ready() -> None:
    with Bench() as bench:
        assert bench.run("import select, socket\ns = socket.socket()\nprint(select.select([s], [s], [s], 0.02))") == (
            "([], [], [])\n"
        )


def test_a_closed_socket_is_an_error(quiet: Bench) -> None:
    assert quiet.run("p.register(s)\ns.close()\n" + ONE_LINE.format("p.poll(0)")) == "OSError [Errno 9] EBADF\n"


def test_datagrams_make_a_socket_readable() -> None:
    with Bench() as bench:
        out = bench.run(
            """
import select, socket
a = socket.socket(2, 2)
a.bind(('', 5000))
p = select.poll()
p.register(a, select.POLLIN)
print(p.poll(0))
socket.socket(2, 2).sendto(b'x', ('127.0.0.1', 5000))
print(p.poll(5000))
"""
        )
        assert out == "[]\n[(<socket>, 1)]\n"


def test_poll_wakes_up_when_another_thread_sends() -> None:
    with Bench() as bench:
        thread = bench.start(
            """
import select, socket
a = socket.socket(2, 2)
a.bind(('', 5000))
p = select.poll()
p.register(a, select.POLLIN)
print('polling')
print(p.poll(), a.recv(9))
"""
        )
        bench.await_text("polling")
        bench.run("socket.socket(2, 2).sendto(b'x', ('127.0.0.1', 5000))")
        thread.thread.join(10)
        assert bench.console.text == "polling\n[(<socket>, 1)] b'x'\n"


def test_a_radio_socket_is_not_emulated(quiet: Bench) -> None:
    assert "NotImplementedError" in quiet.run(
        "r = socket.socket(socket.AF_LORA, socket.SOCK_RAW)\n" + ONE_LINE.format("p.register(r)")
    )
