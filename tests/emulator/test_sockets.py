"""Endpoints: real sockets, the board's numbers, nothing after power-off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from emulator import sockets
from emulator.errors import BoardOSError, BoardTimeoutError
from emulator.power import Ending
from emulator.sockets import Endpoint, Stack
from tests.emulator.harness import Bench, refused_port, silent_port, tcp_peer


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as made:
        yield made


def number(error: pytest.ExceptionInfo[BoardOSError]) -> object:
    return error.value.args[0]


def test_a_name_is_looked_up_in_a_thread_that_is_gone_afterwards(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        sockets, "host_lookup", lambda name: asked.append(threading.current_thread().name) or "203.0.113.5"
    )
    assert bench.call(lambda: bench.stack.resolve("some.test", 80)) == "203.0.113.5"
    assert asked == ["look up some.test"]
    assert not [t for t in threading.enumerate() if t.name == asked[0]]


def test_power_off_does_not_wait_for_the_resolver(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, release = threading.Event(), threading.Event()

    def slow(name: str) -> str:
        asked.set()
        release.wait(20)
        return "203.0.113.5"

    monkeypatch.setattr(sockets, "host_lookup", slow)
    bench.start("import socket\nsocket.getaddrinfo('some.test', 80)\nprint('not reached')")
    try:
        assert asked.wait(10)
        bench.off()
    finally:
        release.set()
    assert bench.console.text == ""


def test_nothing_is_sent_after_power_off(bench: Bench) -> None:
    got: list[bytes] = []
    with tcp_peer(lambda c: got.append(c.recv(100))) as port:

        def connect() -> Endpoint:
            endpoint = Endpoint(bench.stack, "tcp")
            endpoint.connect("127.0.0.1", port, None)
            return endpoint

        endpoint = bench.call(connect)
        bench.power.switch_off(Ending.STOPPED)
        with pytest.raises(BaseException, match=r"^$"):
            endpoint.send(b"late")
    assert got == [b""]
    assert endpoint.closed


def test_power_off_ends_every_wait(bench: Bench) -> None:
    with silent_port() as port:
        bench.set(port=port)
        bench.start(
            """
import socket, select, _thread
def recv():
    s = socket.socket(); s.connect(('127.0.0.1', port)); print('a'); s.recv(1)
def accept():
    s = socket.socket(); s.bind(('', 0)); s.listen(1); print('b'); s.accept()
def datagram():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 0)); print('c'); s.recvfrom(1)
def poll():
    s = socket.socket(); s.connect(('127.0.0.1', port)); p = select.poll(); p.register(s, 1); print('d'); p.poll()
for f in (recv, accept, datagram, poll):
    _thread.start_new_thread(f, ())
"""
        )
        for letter in "abcd":
            bench.await_text(letter)
        bench.off()


def test_closing_wakes_a_reader_in_another_thread(bench: Bench) -> None:
    with silent_port() as port:
        bench.set(port=port)
        thread = bench.start(
            """
import socket
s = socket.socket()
s.connect(('127.0.0.1', port))
print('reading')
try:
    print(s.recv(1))
except OSError as e:
    print(e)
"""
        )
        bench.await_text("reading")
        bench.run("s.close()")
        thread.thread.join(10)
        assert bench.console.text == "reading\n[Errno 9] EBADF\n"


def test_a_refused_connection_is_111_and_the_socket_is_used_up(bench: Bench) -> None:
    port = refused_port()

    def connect(endpoint: Endpoint) -> None:
        endpoint.connect("127.0.0.1", port, None)

    endpoint = bench.call(lambda: Endpoint(bench.stack, "tcp"))
    with pytest.raises(BoardOSError) as first:
        bench.call(lambda: connect(endpoint))
    with pytest.raises(BoardOSError) as second:
        bench.call(lambda: connect(endpoint))
    assert (number(first), number(second)) == (111, 128)
    endpoint.close()


def test_a_mapping_to_a_port_where_nothing_listens_leaves_a_note() -> None:
    port = refused_port()
    with Bench(f"cloud.test:8883=127.0.0.1:{port}") as bench:
        out = bench.run("import socket\nsocket.socket().connect(socket.getaddrinfo('cloud.test', 8883)[0][-1])")
        assert out.endswith("OSError: [Errno 111] ECONNREFUSED\n")
        assert (
            bench.note("mapped-refused").title
            == f"cloud.test:8883 is mapped to 127.0.0.1:{port}, where nothing listens"
        )


def test_a_connection_that_takes_too_long_is_the_boards_timeout(bench: Bench) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = []
        try:
            for _ in range(3):  # until the backlog is full and the host drops what comes
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
                fillers.append(filler)

            def connect() -> None:
                endpoint = Endpoint(bench.stack, "tcp")
                try:
                    endpoint.connect("127.0.0.1", port, 0.2)
                finally:
                    endpoint.close()

            with pytest.raises(BoardTimeoutError, match="timed out"):
                bench.call(connect)
        finally:
            for filler in fillers:
                filler.close()


def test_the_byte_stream_raises_the_hosts_errors_and_never_waits(bench: Bench) -> None:
    def talk(connection: socket.socket) -> None:
        assert connection.recv(1) == b"?"
        connection.sendall(b"!")

    with tcp_peer(talk) as port:

        def work() -> list[object]:
            endpoint = Endpoint(bench.stack, "tcp")
            endpoint.connect("127.0.0.1", port, None)
            seen: list[object] = [endpoint.peer == f"127.0.0.1:{port}"]
            with pytest.raises(BlockingIOError):
                endpoint.recv(1)
            seen.append(endpoint.wait(read=True, write=False, timeout=0))
            seen.append(endpoint.wait(read=False, write=True, timeout=5))
            seen.append(endpoint.send(b"?"))
            seen.append(endpoint.wait(read=True, write=False, timeout=5))
            seen.append(endpoint.recv(10))
            endpoint.wait(read=True, write=False, timeout=5)
            seen.append(endpoint.recv(10))
            endpoint.close()
            with pytest.raises(OSError, match="closed"):
                endpoint.recv(1)
            return seen

        assert bench.call(work) == [True, False, True, 1, True, b"!", b""]


def test_a_published_port_that_is_taken_is_112_with_a_note() -> None:
    with silent_port() as taken, Bench(publish=(f"{taken}:80",)) as bench:
        out = bench.run("import socket\ns = socket.socket()\ns.bind(('', 80))\ns.listen(1)")
        assert out.endswith("OSError: [Errno 112] EADDRINUSE\n")
        note = bench.note("port-taken")
        assert str(taken) in note.title
        assert ":80" in note.fix


def test_a_taken_port_that_is_not_published_moves_elsewhere() -> None:
    with silent_port() as taken, Bench() as bench:
        out = bench.run(f"import socket\ns = socket.socket()\ns.bind(('', {taken}))\ns.listen(1)\nprint('ok')")
        assert out == "ok\n"
        place = bench.hostmap.where(taken)
        assert place is not None
        assert place[0] == "127.0.0.1"
        assert place[1] != taken
        bench.run("s.close()")
        assert bench.hostmap.where(taken) is None


@pytest.mark.parametrize("address", ["", "0.0.0.0", "192.168.4.1", "127.0.0.1"])
def test_listeners_are_on_loopback_whatever_the_script_binds(address: str) -> None:
    with Bench() as bench:
        bench.start(
            f"import socket\ns = socket.socket()\ns.bind(({address!r}, 80))\ns.listen(1)\nprint('up')\n"
            "c, a = s.accept()\nprint(a[0], c.recv(5))"
        )
        bench.await_text("up")
        place = bench.hostmap.where(80)
        assert place is not None
        assert bench.note("listening").title == f"board port 80 is at 127.0.0.1:{place[1]}"
        with socket.create_connection(place, timeout=10) as client:
            client.sendall(b"hello")
            bench.await_text("127.0.0.1 b'hello'")


@pytest.mark.parametrize(
    ("bound", "target", "outcome"),
    [
        ("", "127.0.0.1", "ok"),
        ("", "192.168.4.1", "ok"),
        ("192.168.4.1", "192.168.4.1", "ok"),
        ("127.0.0.1", "192.168.4.1", "[Errno 111] ECONNREFUSED"),
    ],
)
@pytest.mark.parametrize("offline", [False, True])
def test_a_script_reaches_its_own_listener(bound: str, target: str, outcome: str, offline: bool) -> None:
    with Bench(offline=offline) as bench:
        out = bench.run(
            f"""
import socket
s = socket.socket()
s.bind(({bound!r}, 80))
s.listen(1)
c = socket.socket()
try:
    c.connect(({target!r}, 80))
    print('ok')
except OSError as e:
    print(e)
"""
        )
        assert out == outcome + "\n"


def test_two_listeners_on_one_port_are_112(bench: Bench) -> None:
    out = bench.run(
        "import socket\na = socket.socket()\nb = socket.socket()\na.bind(('', 8000))\nb.bind(('', 8000))\n"
        "a.listen(1)\ntry:\n    b.listen(1)\nexcept OSError as e:\n    print(e)\n"
        "a.close()\nb.listen(1)\nprint('ok')"
    )
    assert out == "[Errno 112] EADDRINUSE\nok\n"


def test_the_hosts_own_loopback_is_reached_with_a_note_but_not_offline(bench: Bench) -> None:
    text = "import socket\ns = socket.socket()\ns.connect(('127.0.0.1', {}))\nprint('ok')"
    with silent_port() as port:
        assert bench.run(text.format(port)) == "ok\n"
        assert bench.note_codes() == ["host-loopback"]
        with Bench(offline=True) as offline:
            assert offline.run(text.format(port)).endswith("OSError: [Errno 118] EHOSTUNREACH\n")
            assert offline.note_codes() == ["offline"]


def test_more_sockets_than_a_board_has_leave_a_note(bench: Bench) -> None:
    bench.run("import socket\nkept = [socket.socket() for _ in range(10)]")
    assert bench.note_codes() == []
    bench.run("kept += [socket.socket() for _ in range(3)]\nprint(kept[-1].fileno())")
    assert bench.note_codes() == ["many-sockets"]


def test_datagrams_go_out_and_answers_come_from_where_they_were_sent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        with Bench(f"ntp.test:123=127.0.0.1:{server.getsockname()[1]}") as bench:
            bench.start(
                """
import socket
a = socket.getaddrinfo('ntp.test', 123)[0][-1]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(s.sendto(b'question', a))
d, source = s.recvfrom(100)
print(d, source == a)
"""
            )
            data, source = server.recvfrom(100)
            server.sendto(b"answer", source)
            bench.await_text("b'answer' True")
            assert data == b"question"


def test_a_bound_datagram_socket_sends_beyond_this_host_through_a_second_one(bench: Bench) -> None:
    def work() -> tuple[int, bool]:
        endpoint = Endpoint(bench.stack, "udp")
        endpoint.bind("", 1700)
        with pytest.raises(BoardOSError) as caught:
            endpoint.transmit_to(memoryview(b"x" * 70000), ("203.0.113.9", 1700), 0)  # larger than any datagram
        outward = endpoint._outward is not None
        endpoint.close()
        return caught.value.args[0], outward

    assert bench.call(work) == (122, True)


def test_datagrams_between_two_sockets_of_the_board(bench: Bench) -> None:
    out = bench.run(
        """
import socket
a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
a.bind(('', 5000))
b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
b.sendto(b'hello', ('192.168.4.1', 5000))
d, source = a.recvfrom(3)
print(d)
a.sendto(b'back', source)
print(b.recv(10))
print(b.sendto(b'to nobody', ('192.168.4.1', 5001)))
"""
    )
    assert out == "b'hel'\nb'back'\n9\n"


def test_a_stack_that_has_no_interface_reaches_nothing(bench: Bench) -> None:
    stack: Stack = bench.stack
    stack.registered = False
    with pytest.raises(BoardOSError) as name:
        bench.call(lambda: stack.resolve("a.test", 1))
    with pytest.raises(BoardOSError) as place:
        bench.call(lambda: stack.route("203.0.113.9", 1, "tcp"))
    assert (number(name), number(place)) == (202, 118)
