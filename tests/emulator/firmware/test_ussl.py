"""``ussl`` on a board: real TLS from scripts, over the emulator's sockets. TLS itself is tested with ``ussl_shim``."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.sockets import Endpoint
from tests.emulator.harness import Bench, silent_port, tcp_peer
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.peers import (
    Peer,
    Seen,
    client_context,
    echo,
    say,
    say_and_stay,
    server_context,
    tls_client,
    tls_server,
)

ONE_LINE = "try:\n    print({})\nexcept Exception as e:\n    print(type(e).__name__, e)"
SETUP = "import usocket as socket, ussl as ssl\na = socket.getaddrinfo('device.test', 8883)[0][-1]\ns = socket.socket()"
VERIFIED = "cert_reqs=ssl.CERT_REQUIRED, ca_certs='/flash/cert/ca.pem', server_hostname='device.test'"


class Flash:
    """The part of the flash that ``ussl`` reads."""

    def __init__(self, **files: bytes) -> None:
        self.files = {f"/flash/cert/{name}.pem".encode(): content for name, content in files.items()}

    def read_for_tls(self, path: bytes) -> bytes:
        try:
            return self.files[path]
        except KeyError:
            raise OSError("there is no such file") from None

    def similar(self, path: bytes) -> list[str]:
        base = path.rpartition(b"/")[2]
        return [known.decode() for known in self.files if known.endswith(b"/" + base)]

    def path_exists_for_import(self, path: str) -> str:
        return "absent"


@pytest.fixture(scope="module")
def certs() -> Certificates:
    return Certificates()


@pytest.fixture(scope="module")
def flash(certs: Certificates) -> Flash:
    good, client = certs["good"], certs["client"]
    return Flash(
        ca=certs["ca"].pem,
        other=certs["other-ca"].pem,
        cert=good.pem,
        key=good.key_pem,
        client=client.pem,
        clientkey=client.key_pem,
    )


@pytest.fixture(scope="module")
def context(certs: Certificates) -> ssl.SSLContext:
    return server_context(certs["good"])


def board(peer: Peer | int, flash: Flash, quirks: frozenset[str] = frozenset()) -> Bench:
    port = peer if isinstance(peer, int) else peer.address[1]
    bench = Bench(f"device.test:8883=127.0.0.1:{port}", vfs=flash, quirks=quirks)
    bench.run(SETUP)
    return bench


@pytest.fixture
def echoing(context: ssl.SSLContext, flash: Flash) -> Iterator[Bench]:
    """A script with ``s`` and ``a``; whoever connects to ``a`` finds a TLS server that gives back what comes."""
    with tls_server(context, echo) as peer, board(peer, flash) as bench:
        yield bench


# the names


def test_names_and_types(echoing: Bench) -> None:
    assert (
        echoing.run(
            """
ss = ssl.wrap_socket(s)
print(ss, type(ss), isinstance(ss, ssl.SSLSocket), isinstance(ss, socket.socket), issubclass(ssl.SSLSocket, socket.socket))
print(ssl.SSLError is OSError, ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED, ssl.SSL_TIMEOUT)
ss.connect(a)
ses = ssl.save_session(ss)
print(ses, isinstance(ses, ssl.SSLSession))
ss.close()
"""
        )
        == "<ussl> <class 'SSLSocket'> True True True\nTrue 0 1 2 -26624\n<SSLSession> True\n"
    )


def test_the_names_can_be_hidden(flash: Flash) -> None:
    with Bench(quirks=frozenset({"no-sslsocket-name"}), vfs=flash) as bench:
        out = bench.run(
            "import ssl, socket\nprint(hasattr(ssl, 'SSLSocket'), hasattr(ssl, 'SSLSession'))\n"
            "print(type(ssl.wrap_socket(socket.socket())))"
        )
        assert out == "False False\n<class 'ussl'>\n"


@pytest.mark.parametrize("name", ["SSLContext", "PROTOCOL_TLS", "create_default_context", "getpeercert"])
def test_names_the_board_lacks(echoing: Bench, name: str) -> None:
    assert echoing.run(f"print(hasattr(ssl, {name!r}))") == "False\n"


@pytest.mark.parametrize(
    "name",
    [
        "getpeercert",
        "cipher",
        "version",
        "unwrap",
        "getsockname",
        "context",
        "selected_alpn_protocol",
        "__enter__",
        "pending",
    ],
)
def test_methods_the_board_lacks(echoing: Bench, name: str) -> None:
    assert echoing.run(f"print(hasattr(ssl.wrap_socket(s), {name!r}))") == "False\n"


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("ssl.wrap_socket()", "TypeError 'sock' argument required"),
        ("ssl.wrap_socket(s, None)", "TypeError extra positional arguments given"),
        ("ssl.wrap_socket(s, ca='x')", "TypeError extra keyword arguments given"),
        ("ssl.wrap_socket(None)", "ValueError invalid argument(s) value"),
        ("ssl.wrap_socket(ssl.wrap_socket(s))", "ValueError invalid argument(s) value"),
        ("ssl.wrap_socket(socket.socket(socket.AF_LORA, socket.SOCK_RAW))", "ValueError invalid argument(s) value"),
        ("ssl.wrap_socket(s, cert_reqs=2)", "ValueError invalid argument(s) value"),
        ("ssl.wrap_socket(s, server_side=True)", "ValueError invalid argument(s) value"),
        ("ssl.wrap_socket(s, saved_session=5)", "ValueError invalid argument(s) value"),
        ("ssl.wrap_socket(s, timeout=1.5)", "TypeError can't convert float to int"),
        ("ssl.wrap_socket(s, cert_reqs=2, ca_certs='/flash/cert/none.pem')", "OSError CA file not found"),
        ("ssl.wrap_socket(s, cert_reqs=2, ca_certs='/flash/ca.pem')", "OSError CA file not found"),
        (
            "ssl.wrap_socket(s, certfile='/flash/cert/none.pem', keyfile='/flash/cert/key.pem')",
            "OSError certificate file not found",
        ),
        (
            "ssl.wrap_socket(s, certfile='/flash/cert/cert.pem', keyfile='/flash/cert/none.pem')",
            "OSError key file not found",
        ),
        ("ssl.save_session(s)", "OSError [Errno -28928] MBEDTLS_ERR_SSL_BAD_INPUT_DATA"),
        ("ssl.save_session(ssl.wrap_socket(s))", "OSError [Errno -28928] MBEDTLS_ERR_SSL_BAD_INPUT_DATA"),
        ("ssl.wrap_socket(s).recv(1)", "OSError [Errno -28928] MBEDTLS_ERR_SSL_BAD_INPUT_DATA"),
        ("ssl.wrap_socket(s).do_handshake()", "OSError [Errno -78] MBEDTLS_ERR_NET_SEND_FAILED"),
        ("ssl.wrap_socket(s).recv(-1)", "MemoryError memory allocation failed, allocating 4294967295 bytes"),
        ("ssl.wrap_socket(s).recv(1 << 30)", "MemoryError memory allocation failed, allocating 1073741825 bytes"),
        ("ssl.wrap_socket(s).connect(('device.test', 8883))", "ValueError invalid arguments"),
        ("ssl.SSLSocket()", "TypeError cannot create 'SSLSocket' instances"),
        ("ssl.SSLSession()", "TypeError cannot create 'SSLSession' instances"),
    ],
)
def test_wrong_calls(echoing: Bench, call: str, shown: str) -> None:
    assert echoing.run(ONE_LINE.format(call)) == shown + "\n"


METHODS = (
    "accept bind close connect do_handshake fileno listen makefile read readinto readline recv recvfrom send sendall "
    "sendto setblocking setsockopt settimeout write"
)


@pytest.mark.parametrize("made", ["s", "ssl.wrap_socket(s)"])
def test_dir_shows_the_boards_names(echoing: Bench, made: str) -> None:
    shown = echoing.run(f"print(' '.join(sorted(n for n in dir({made}) if not n.startswith('__'))))")
    assert shown == METHODS + "\n"


def test_a_session_shows_nothing_of_itself(echoing: Bench) -> None:
    echoing.run("ss = ssl.wrap_socket(s)\nss.connect(a)\nses = ssl.save_session(ss)\nss.close()")
    assert echoing.run("print([n for n in dir(ses) if not n.startswith('__')], ses)") == "[] <SSLSession>\n"
    for name in ("tls", "flags", "_tls", "_flags", "saved"):
        shown = f"AttributeError 'SSLSession' object has no attribute '{name}'\n"
        assert echoing.run(ONE_LINE.format(f"ses.{name}")) == shown
    assert echoing.run("ss = ssl.wrap_socket(s, saved_session=ses)\nss.connect(a)\nss.close()") == ""


@pytest.mark.parametrize(
    ("made", "kind"), [("s", "socket"), ("ssl.wrap_socket(s)", "SSLSocket")], ids=["socket", "ssl-socket"]
)
@pytest.mark.parametrize("how", ["o.x = 1", "del o.x", "o.recv = 1"])
def test_nothing_can_be_set(echoing: Bench, made: str, kind: str, how: str) -> None:
    name = "recv" if "recv" in how else "x"
    shown = echoing.run(f"o = {made}\ntry:\n    {how}\nexcept AttributeError as e:\n    print(e)")
    assert shown == f"'{kind}' object has no attribute '{name}'\n"


def test_do_handshake_after_close(echoing: Bench) -> None:
    assert echoing.run("ss = ssl.wrap_socket(s)\nss.connect(a)\nss.close()") == ""
    assert echoing.run(ONE_LINE.format("ss.do_handshake()")) == "OSError [Errno -1] ERR_MEM\n"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        ("0.0005", "b''"),
        ("-0.0005", "b''"),
        ("0.01", "TimeoutError timed out"),
    ],
)
def test_timeouts_are_whole_milliseconds(echoing: Bench, seconds: str, shown: str) -> None:
    echoing.run(f"ss = ssl.wrap_socket(s)\nss.connect(a)\nss.settimeout({seconds})")
    assert echoing.run(ONE_LINE.format("ss.recv(1)")) == shown + "\n"
    echoing.run("ss.close()")


@pytest.mark.parametrize("seconds", ["-1", "None", "float('inf')"])
def test_no_timeout_waits_for_the_answer(certs: Certificates, flash: Flash, seconds: str) -> None:
    def late(conn: ssl.SSLSocket, seen: Seen, peer: Peer) -> None:
        conn.recv(1)
        conn.sendall(b"answer")
        conn.recv(1)

    with tls_server(server_context(certs["good"]), late) as peer, board(peer, flash) as bench:
        bench.run(f"ss = ssl.wrap_socket(s)\nss.connect(a)\nss.settimeout({seconds})\nss.send(b'?')")
        assert bench.run("print(ss.recv(10))\nss.close()") == "b'answer'\n"


def test_a_certificate_in_the_wrong_place_leaves_a_note_with_the_right_one(echoing: Bench) -> None:
    echoing.run(ONE_LINE.format("ssl.wrap_socket(s, cert_reqs=2, ca_certs='/flash/ca.pem')"))
    assert any("/flash/cert/ca.pem" in str(note) for note in echoing.notes)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        ("ssl.wrap_socket(5)", "sock= is of type int"),
        ("ssl.wrap_socket(ssl.wrap_socket(s))", "sock= is of type SSLSocket"),
        ("ssl.wrap_socket(s, cert_reqs=2)", "ca_certs= is None"),
        ("ssl.wrap_socket(s, timeout=1.5)", "timeout= is of type float"),
        ("ssl.wrap_socket(s, ca='x')", "not taken: ca"),
        ("ssl.save_session(s)", "save_session() of a socket"),
    ],
)
def test_wrong_arguments_leave_a_note_that_names_them(echoing: Bench, call: str, word: str) -> None:
    echoing.run(ONE_LINE.format(call))
    assert any(word in str(note) for note in echoing.notes)


def test_a_certificate_file_that_does_not_fit_the_heap(certs: Certificates) -> None:
    """A WiPy without external memory has 67 KiB; the file before it is read as ever."""
    flash = Flash(ca=certs["ca"].pem, long=certs["ca"].pem * 80)
    assert len(flash.files[b"/flash/cert/long.pem"]) > 67 * 1024
    with Bench(model="wipy1", vfs=flash) as bench:
        bench.run("import ssl, socket\ns = socket.socket()")
        wrap = "ssl.wrap_socket(s, cert_reqs=2, ca_certs='/flash/cert/{}.pem')"
        assert bench.run(ONE_LINE.format(wrap.format("ca"))) == "<ussl>\n"
        shown = bench.run(ONE_LINE.format(wrap.format("long")))
        assert shown.startswith("MemoryError memory allocation failed, allocating ")
        assert bench.note("ussl-file-too-long").evidence


@pytest.mark.parametrize("where", ["ss.recv(1)", "ss.read(1)", "ss.connect(a)"], ids=["recv", "read", "connect"])
def test_close_in_one_thread_wakes_another(
    context: ssl.SSLContext, flash: Flash, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Undefined on the board; here an error of the board."""
    waiting, real = threading.Event(), Endpoint.wait

    def wait(self: Endpoint, **how: Any) -> bool:
        waiting.set()
        return real(self, **how)

    monkeypatch.setattr(Endpoint, "wait", wait)
    connecting = "connect" in where
    with silent_port() as port, tls_server(context, echo) as peer, board(port if connecting else peer, flash) as bench:
        bench.run("ss = ssl.wrap_socket(s)" + "\nss.connect(a)" * (not connecting))
        waiting.clear()
        bench.start(ONE_LINE.format(where) + "\nprint('over')", main=False)
        assert waiting.wait(10)
        bench.run("ss.close()")
        bench.await_text("over")
        assert bench.console.text.startswith("OSError ")


# both orders, and the far side


@pytest.mark.parametrize(
    "order",
    [
        "ss = ssl.wrap_socket(s, {})\nss.connect(a)",
        "s.connect(a)\nss = ssl.wrap_socket(s, {})",
        "s.connect(a)\ns = ssl.wrap_socket(s, {})\nss = s",
    ],
    ids=["wrap then connect", "connect then wrap", "the raw name is forgotten"],
)
@pytest.mark.parametrize("options", ["", VERIFIED], ids=["unverified", "verified"])
def test_both_orders(echoing: Bench, order: str, options: str) -> None:
    assert (
        echoing.run(
            order.format(options)
            + "\nprint(ss.write(b'hello\\n'), ss.readline(), ss.send('x'), ss.recv(5))\nss.close()\nss.close()"
        )
        == "6 b'hello\\n' 1 b'x'\n"
    )


@pytest.mark.parametrize(
    ("options", "wrap_first", "connect_first"),
    [
        ("cert_reqs=2, ca_certs='/flash/cert/other.pem'", "-9984", "-9984"),
        ("cert_reqs=1, ca_certs='/flash/cert/other.pem'", "8", "[Errno -1] ERR_MEM"),
    ],
)
def test_an_untrusted_peer(
    context: ssl.SSLContext, flash: Flash, options: str, wrap_first: str, connect_first: str
) -> None:
    for text, shown in (
        (f"ss = ssl.wrap_socket(s, {options})\n" + ONE_LINE.format("ss.connect(a)"), wrap_first),
        ("s.connect(a)\n" + ONE_LINE.format(f"ssl.wrap_socket(s, {options})"), connect_first),
    ):
        with tls_server(context, echo) as peer, board(peer, flash) as bench:
            assert bench.run(text) == f"OSError {shown}\n"
            assert len(bench.notes) > 0


def test_after_a_failed_wrap_the_raw_socket_is_still_open(context: ssl.SSLContext, flash: Flash) -> None:
    with tls_server(context, echo) as peer, board(peer, flash) as bench:
        bench.run(
            "s.connect(a)\n" + ONE_LINE.format("ssl.wrap_socket(s, cert_reqs=2, ca_certs='/flash/cert/other.pem')")
        )
        assert bench.run("print(s.fileno() != -1)\ns.close()\nprint(s.fileno())") == "True\n-1\n"


def test_a_client_certificate(certs: Certificates, flash: Flash) -> None:
    context = server_context(certs["good"], trust=certs["ca"].pem, ask=True, require=True)
    with tls_server(context, echo) as peer, board(peer, flash) as bench:
        out = bench.run(
            f"ss = ssl.wrap_socket(s, certfile='/flash/cert/client.pem', keyfile='/flash/cert/clientkey.pem', {VERIFIED})\n"
            "ss.connect(a)\nss.write(b'x')\nprint(ss.read(1))\nss.close()"
        )
        assert out == "b'x'\n"
    assert peer.connections[0].error is None


def test_the_board_as_server(flash: Flash, certs: Certificates) -> None:
    with Bench(vfs=flash) as bench:
        bench.start(
            """
import socket, ssl
l = socket.socket()
l.bind(('', 443))
l.listen(1)
print('up')
c, a = l.accept()
c = ssl.wrap_socket(c, server_side=True, certfile='/flash/cert/cert.pem', keyfile='/flash/cert/key.pem')
print(c.read(4))
c.write(b'pong')
c.close()
"""
        )
        bench.await_text("up")
        place = bench.hostmap.where(443)
        assert place is not None

        def talk(conn: ssl.SSLSocket, seen: object, peer: Peer) -> None:
            conn.sendall(b"ping")
            got.append(conn.recv(10))

        got: list[bytes] = []
        with tls_client(client_context(trust=certs["ca"].pem), place, talk):
            bench.await_text("b'ping'")
        assert got == [b"pong"]


# sessions


def test_the_documented_example_resumes(context: ssl.SSLContext, flash: Flash) -> None:
    with tls_server(context, echo) as peer, board(peer, flash) as bench:
        out = bench.run(
            """
ss = ssl.wrap_socket(s)
ss.connect(a)
ss.write(b'x'); ss.read(1)
ses = ssl.save_session(ss)
ss.close()
ss = ssl.wrap_socket(s, saved_session=ses)
ss.connect(a)
ss.write(b'y')
print(ss.read(1))
ss.close()
"""
        )
        assert out == "b'y'\n"
        assert bench.note("rewrap-ebadf").fix
    assert [seen.resumed for seen in peer.connections] == [False, True]


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("ss = ssl.wrap_socket(s)\nss.connect(a)", "ssl.wrap_socket(s).connect(a)"),
        ("s.connect(a)\nss = ssl.wrap_socket(s)", "ssl.wrap_socket(s)"),
    ],
    ids=["wrap then connect", "connect then wrap"],
)
def test_the_firmwares_way_with_a_socket_wrapped_again(
    context: ssl.SSLContext, flash: Flash, first: str, again: str
) -> None:
    with tls_server(context, echo) as peer, board(peer, flash, frozenset({"rewrap-ebadf"})) as bench:
        shown = "[Errno 9] EBADF" if "connect" in again else "[Errno -1] ERR_MEM"
        assert bench.run(f"{first}\nss.close()\n" + ONE_LINE.format(again)) == f"OSError {shown}\n"


def test_a_socket_that_was_closed_itself_stays_closed(echoing: Bench) -> None:
    assert (
        echoing.run(
            "ss = ssl.wrap_socket(s)\nss.connect(a)\nss.close()\ns.close()\n"
            + ONE_LINE.format("ssl.wrap_socket(s).connect(a)")
        )
        == "OSError [Errno 9] EBADF\n"
    )


# reading, waiting


@pytest.mark.parametrize(
    ("setting", "call", "shown"),
    [
        ("ss.setblocking(False)", "ss.recv(1)", "b''"),
        ("ss.setblocking(False)", "ss.read(1)", "None"),
        ("ss.setblocking(False)", "ss.readline()", "None"),
        ("ss.setblocking(False)", "ss.readinto(bytearray(1))", "None"),
        ("ss.settimeout(0.01)", "ss.recv(1)", "TimeoutError timed out"),
        ("ss.settimeout(0.01)", "ss.read(1)", "OSError [Errno -26624] MBEDTLS_ERR_SSL_TIMEOUT"),
    ],
)
def test_nothing_there(echoing: Bench, setting: str, call: str, shown: str) -> None:
    assert (
        echoing.run(f"ss = ssl.wrap_socket(s)\nss.connect(a)\n{setting}\n" + ONE_LINE.format(call) + "\nss.close()")
        == shown + "\n"
    )


def test_at_the_end_a_non_blocking_read_is_empty_and_not_none(context: ssl.SSLContext, flash: Flash) -> None:
    with tls_server(context, say(b"x", goodbye=True)) as peer, board(peer, flash) as bench:
        out = bench.run(
            "ss = ssl.wrap_socket(s)\nss.connect(a)\nprint(ss.recv(9), ss.recv(9))\nss.setblocking(False)\n"
            "print(ss.read(1), ss.readline(), ss.readinto(bytearray(1)))\nss.close()"
        )
        assert out == "b'x' b''\nb'' b'' 0\n"


def test_poll_sees_data_that_is_decrypted_already(context: ssl.SSLContext, flash: Flash) -> None:
    with tls_server(context, say_and_stay(b"one\ntwo\n")) as peer, board(peer, flash) as bench:
        out = bench.run(
            """
import select
ss = ssl.wrap_socket(s)
ss.connect(a)
p = select.poll()
p.register(ss, select.POLLIN)
while not p.poll(5000): pass
print(ss.recv(4))
print(p.poll(0), select.select([ss], [], [], 0)[0] == [ss])
print(ss.recv(4), p.poll(0))
ss.close()
"""
        )
        assert out == "b'one\\n'\n[(<ussl>, 1)] True\nb'two\\n' []\n"


def test_a_silent_peer_ends_in_26624_after_the_handshake_timeout(flash: Flash) -> None:
    with silent_port() as port, board(port, flash) as bench:
        assert bench.run("ss = ssl.wrap_socket(s, timeout=1)\n" + ONE_LINE.format("ss.connect(a)")) == (
            "OSError [Errno -26624] MBEDTLS_ERR_SSL_TIMEOUT\n"
        )


def test_a_socket_timeout_bounds_connect_and_closes_the_socket(flash: Flash) -> None:
    with silent_port() as port, board(port, flash) as bench:
        assert (
            bench.run(
                "ss = ssl.wrap_socket(s)\nss.settimeout(0.05)\n"
                + ONE_LINE.format("ss.connect(a)")
                + "\nprint(ss.fileno())"
            )
            == "TimeoutError timed out\n-1\n"
        )


def test_a_non_blocking_raw_socket_makes_connect_fail_with_119(echoing: Bench) -> None:
    assert echoing.run(
        "s.settimeout(0)\nss = ssl.wrap_socket(s)\n" + ONE_LINE.format("ss.connect(a)") + "\nss.close()"
    ) == ("OSError [Errno 119] EINPROGRESS\n")


def test_timeouts_of_the_raw_socket_do_not_bound_tls_reads(context: ssl.SSLContext, flash: Flash) -> None:
    def late(conn: ssl.SSLSocket, seen: object, peer: Peer) -> None:
        peer.release.wait(20)
        conn.sendall(b"late")

    with tls_server(context, late) as peer, board(peer, flash) as bench:
        thread = bench.start(
            "s.settimeout(0.5)\ns.connect(a)\nss = ssl.wrap_socket(s)\nprint('reading')\nprint(ss.recv(4))"
        )
        bench.await_text("reading")
        thread.thread.join(0.7)
        assert bench.console.text == "reading\n"
        peer.release.set()
        bench.await_text("b'late'")


def test_a_peer_that_closes_during_the_handshake(flash: Flash) -> None:
    with tcp_peer(lambda conn: conn.recv(1000) and None) as port, board(port, flash) as bench:
        assert bench.run("ss = ssl.wrap_socket(s)\n" + ONE_LINE.format("ss.connect(a)")).startswith("OSError [Errno -")


@pytest.mark.parametrize(
    "where", ["ss.connect(a)", "ss.connect(a); print('open'); ss.recv(1)"], ids=["handshake", "recv"]
)
def test_power_off_ends_a_wait(context: ssl.SSLContext, flash: Flash, where: str) -> None:
    with silent_port() as port, tls_server(context, echo) as peer:
        with board(port if "recv" not in where else peer, flash) as bench:
            bench.start(f"ss = ssl.wrap_socket(s)\nprint('go')\n{where}\nprint('not reached')")
            bench.await_text("open" if "recv" in where else "go")
            bench.off()
            assert "not reached" not in bench.console.text


def test_a_script_that_never_names_ssl_pays_nothing_for_it(flash: Flash) -> None:
    import subprocess
    import sys

    code = (
        "import sys\nbefore = {'ssl', 'cryptography'} & set(sys.modules)\nimport emulator.firmware.ussl\n"
        "after = {'ssl', 'cryptography'} & set(sys.modules)\nassert after == before, after"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
