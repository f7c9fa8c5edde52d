"""``network``: WLAN and Server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator import api
from emulator.firmware.network import AIR
from tests.emulator.harness import Bench

ONE_LINE = "try:\n    print({})\nexcept Exception as e:\n    print(type(e).__name__, e)"


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as made:
        made.run("import network, usocket as socket\nfrom network import WLAN, Server")
        yield made


@pytest.fixture
def station(bench: Bench) -> Bench:
    bench.run("w = WLAN(mode=WLAN.STA)")
    return bench


def test_after_boot_the_board_is_an_access_point(bench: Bench) -> None:
    assert bench.run(
        "w = WLAN()\nprint(w.mode() == WLAN.AP, w.ssid(), w.auth(), w.channel(), w.isconnected())\n"
        "print(w.ifconfig(), w.ifconfig(1), w.ap_sta_list(), w.bssid())"
    ) == (
        "True fipy-wlan-beef (3, 'www.pycom.io') 6 False\n"
        "('0.0.0.0', '0.0.0.0', '0.0.0.0', '0.0.0.0') ('192.168.4.1', '255.255.255.0', '192.168.4.1', '192.168.4.1') [] "
        "b'\\x00\\x00\\x00\\x00\\x00\\x00'\n"
    )


@pytest.mark.parametrize("model", ["wipy", "lopy", "lopy4", "sipy", "gpy", "fipy"])
def test_the_own_network_is_named_after_the_board(model: str) -> None:
    with Bench(model=model) as bench:
        assert bench.run("import network\nprint(network.WLAN().ssid())") == f"{model}-wlan-beef\n"


def test_there_is_one_object_and_no_keyword_leaves_it_alone(bench: Bench) -> None:
    assert bench.run(
        "a = WLAN()\nb = WLAN(0)\nprint(a is b, b.mode())\nc = WLAN(antenna=WLAN.EXT_ANT)\nprint(c is a, a.mode())"
    ) == ("True 2\nTrue 1\n")


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("WLAN(1)", "OSError resource not available"),
        ("WLAN(0, 1)", "TypeError extra positional arguments given"),
        ("WLAN(modus=1)", "TypeError extra keyword arguments given"),
        ("WLAN('x')", "TypeError can't convert str to int"),
        ("WLAN(mode=0)", "ValueError invalid argument(s) value"),
        ("WLAN(mode=4)", "ValueError invalid argument(s) value"),
        ("WLAN(mode=WLAN.AP)", "ValueError AP SSID not given"),
        ("WLAN(mode=WLAN.STA_AP)", "ValueError AP SSID not given"),
        ("WLAN(mode=WLAN.AP, ssid='x' * 33)", "ValueError invalid argument(s) value"),
        ("WLAN(mode=WLAN.AP, ssid='x', auth=(3, 'short'))", "ValueError invalid key length"),
        ("WLAN(mode=WLAN.AP, ssid='x', auth=(3, 'x' * 33))", "ValueError invalid key length"),
        ("WLAN(mode=WLAN.AP, ssid='x', auth=(4, 'x' * 8))", "ValueError invalid argument(s) value"),
        ("WLAN(mode=WLAN.AP, ssid='x', auth=(5, 'u', 'p'))", "ValueError WPA2_ENT not supported in AP mode"),
        ("WLAN(mode=WLAN.AP, ssid='x', auth=7)", "TypeError object 'int' is not a tuple or list"),
        ("WLAN(mode=1, channel=15)", "ValueError invalid argument(s) value"),
        ("WLAN(mode=1, antenna=3)", "ValueError invalid argument(s) value"),
        ("WLAN(mode=1, bandwidth=3)", "ValueError invalid argument(s) value"),
        ("WLAN(mode=1, country='x')", "ValueError Wrong Country string length!"),
        ("WLAN().init(1)", "TypeError extra positional arguments given"),
        ("WLAN().connect('x')", "OSError the requested operation is not possible"),
        ("WLAN().disconnect()", "OSError the requested operation is not possible"),
        ("WLAN().scan()", "OSError the requested operation is not possible"),
        ("WLAN().ifconfig(2)", "OSError resource not available"),
        ("WLAN().ifconfig(config='static')", "ValueError invalid argument(s) value"),
        ("WLAN().ifconfig(config=('1.2.3.4',))", "ValueError requested length 4 but object has length 1"),
        ("WLAN().ifconfig(config=('a', 'b', 'c', 'd'))", "ValueError invalid arguments"),
        ("WLAN().mode(7)", "ValueError invalid argument(s) value"),
        ("WLAN().mode(1, 2)", "TypeError function expected at most 2 arguments, got 3"),
        ("WLAN().channel(6)", "OSError Wifi is not in promiscuous mode!"),
        ("WLAN().mac(b'123456')", "TypeError invalid argument(s) num/type"),
        ("WLAN().mac(b'12345', 1)", "ValueError invalid argument(s) value"),
        ("WLAN().mac(b'\\x01' + bytes(5), 1)", "ValueError Bit 0 of First Byte in Mac addr cannot be 1"),
        ("WLAN().mac(WLAN().mac().ap_mac, 1)", "ValueError Station and AP cannot have the same Mac address!"),
        ("WLAN().hostname('x' * 33)", "ValueError invalid argument(s) value"),
        ("WLAN().isconnected(1)", "TypeError function takes 1 positional arguments but 2 were given"),
    ],
)
def test_wrong_calls(bench: Bench, call: str, shown: str) -> None:
    assert bench.run(ONE_LINE.format(call)) == shown + "\n"
    assert bench.run("print(WLAN().mode(), WLAN().ssid(), WLAN().auth())") == "2 fipy-wlan-beef (3, 'www.pycom.io')\n"


@pytest.mark.parametrize(
    "arguments",
    [
        "'net'",
        "'net', auth=(WLAN.WPA2, 'password')",
        "'net', (WLAN.WPA, 'pw'), timeout=5000",
        "'net', None, bssid=bytes(6)",
        "ssid='net', auth=(None, '')",
    ],
)
def test_the_usual_way_to_join_a_network(station: Bench, arguments: str) -> None:
    assert (
        station.run(
            f"print(w.isconnected(), w.ssid())\nw.connect({arguments})\nwhile not w.isconnected():\n    pass\n"
            "print(w.ssid(), w.ifconfig()[0], len(w.bssid()))"
        )
        == "False None\nnet 192.0.2.17 6\n"
    )
    assert station.run("w.disconnect()\nprint(w.isconnected(), w.ifconfig()[0])") == "False 0.0.0.0\n"


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("w.connect()", "TypeError 'ssid' argument required"),
        ("w.connect('a', None, 3)", "TypeError extra positional arguments given"),
        ("w.connect('a', pw='b')", "TypeError extra keyword arguments given"),
        ("w.connect(5)", "TypeError can't convert 'int' object to str implicitly"),
        ("w.connect('a', auth='b')", "TypeError object 'str' is not a tuple or list"),
        ("w.connect('a', auth=(3,))", "ValueError invalid authentication tuple"),
        ("w.connect('a', auth=(9, 'b'))", "ValueError invalid argument(s) value"),
        ("w.connect('a', auth=(5, 'u'))", "ValueError invalid WAP2_ENT credentials"),
        ("w.connect('a', auth=(5, 'u', 'p'), identity='x' * 128)", "ValueError invalid identity length 128"),
        ("w.connect('a', bssid=b'short')", "ValueError invalid argument(s) value"),
        ("w.connect('a', timeout='5')", "TypeError can't convert str to int"),
        ("w.scan(bssid=b'short')", "ValueError invalid bssid"),
        ("w.scan('net')", "TypeError extra positional arguments given"),
        ("w.ap_sta_list()", "OSError the requested operation is not possible"),
    ],
)
def test_wrong_calls_of_a_station(station: Bench, call: str, shown: str) -> None:
    assert station.run(ONE_LINE.format(call)) == shown + "\n"
    assert station.run("print(w.isconnected())") == "False\n"


def test_an_enterprise_network_reads_its_files_like_ussl() -> None:
    class Vfs:
        read: list[object] = []  # noqa: RUF012

        def path_exists_for_import(self, path: str) -> None:
            return None

        def read_for_tls(self, path: str) -> bytes:
            self.read.append(path)
            if "missing" in path:
                raise OSError("missing")
            return b""

    vfs = Vfs()
    with Bench(vfs=vfs) as bench:
        bench.run("from network import WLAN\nw = WLAN(mode=WLAN.STA)")
        call = "w.connect('a', auth=(WLAN.WPA2_ENT, 'user', 'pw'), identity='me', ca_certs='/flash/cert/{}.pem')"
        assert bench.run(ONE_LINE.format(call.format("missing"))) == "ValueError invalid file path\n"
        assert bench.run(ONE_LINE.format(call.format("ca"))) == "None\n"
        assert vfs.read == ["/flash/cert/missing.pem", "/flash/cert/ca.pem"]


def test_scan_finds_a_network_and_the_one_that_is_asked_for(station: Bench) -> None:
    assert station.run("n = w.scan()\nprint(len(n), n[0].ssid, n[0].sec, n[0][3], n[0].rssi)") == (
        f"1 {AIR[0]} 3 6 {AIR[4]}\n"
    )
    assert station.run("print([n.ssid for n in w.scan(ssid='home')])") == "['home']\n"


def test_a_static_address_holds_once_joined(station: Bench) -> None:
    assert (
        station.run(
            "w.ifconfig(config=('10.0.0.7', '255.255.255.0', '10.0.0.1', '8.8.8.8'))\nprint(w.ifconfig()[0])\nw.connect('a')\n"
            "print(w.ifconfig(), socket.dnsserver()[0])\nw.ifconfig(config='dhcp')\nprint(w.ifconfig()[0])"
        )
        == "0.0.0.0\n('10.0.0.7', '255.255.255.0', '10.0.0.1', '8.8.8.8') 8.8.8.8\n192.0.2.17\n"
    )


@pytest.mark.parametrize(
    ("setup", "address", "own"),
    [
        ("w = WLAN()", "192.168.4.1", True),
        ("w = WLAN(mode=WLAN.STA)", "192.168.4.1", False),
        ("w = WLAN(mode=WLAN.STA)\nw.connect('a')", "192.0.2.17", True),
        ("w = WLAN(mode=WLAN.STA_AP, ssid='x')\nw.connect('a')", "192.168.4.1", True),
        ("w = WLAN()\nw.deinit()", "192.168.4.1", False),
        ("w = WLAN()\nw.ifconfig(1, ('10.9.8.7', '255.0.0.0', '10.9.8.7', '10.9.8.7'))", "10.9.8.7", True),
    ],
)
def test_which_addresses_are_the_boards_own(bench: Bench, setup: str, address: str, own: bool) -> None:
    bench.run(setup)
    assert bench.stack.is_own(address) is own


def test_without_wlan_there_are_no_sockets_and_no_servers(bench: Bench) -> None:
    assert bench.run("WLAN().deinit()\n" + ONE_LINE.format("socket.socket()")) == "OSError Network card not available\n"
    assert not bench.board.servers.running
    assert bench.run("WLAN(mode=WLAN.STA)\nprint(socket.socket(), Server().isrunning())") == "<socket> True\n"


def test_settings_are_kept(station: Bench) -> None:
    assert (
        station.run(
            "w.antenna(WLAN.EXT_ANT)\nw.bandwidth(WLAN.HT20)\nw.max_tx_power(40)\nprint(w.antenna(), w.bandwidth(), w.max_tx_power())\n"
            "print(w.hostname(), w.hostname('mine'), w.hostname())\nw.mac(b'\\x02abcde', WLAN.AP)\nprint(w.mac().ap_mac, w.mac().sta_mac == w.mac()[0])"
        )
        == "1 1 40\nespressif True mine\nb'\\x02abcde' True\n"
    )


@pytest.mark.parametrize(("mode", "ssid"), [("WLAN.AP", "own"), ("WLAN.STA", "None"), ("WLAN.STA_AP", "(None, 'own')")])
def test_ssid_by_mode(bench: Bench, mode: str, ssid: str) -> None:
    assert bench.run(f"w = WLAN(mode={mode}, ssid='own')\nprint(w.ssid())") == ssid + "\n"


def test_every_name_of_the_board_is_there_and_the_rest_says_so(station: Bench) -> None:
    for cls in ("WLAN", "Server"):
        names = [n for n in api.members("network", "FiPy")[cls].members if not n.startswith("__")]
        made = getattr(station.device.module("network"), cls)
        assert [n for n in names if not hasattr(made, n)] == []
    shown = station.run(ONE_LINE.format("w.promiscuous()"))
    assert shown == "NotImplementedError network.WLAN.promiscuous: the board has it, the emulator does not yet\n"
    assert station.note_codes() == ["not-emulated"]
    assert station.run("print(WLAN.WPA2_ENT, WLAN.EVENT_PKT_ANY, WLAN.SCAN_PASSIVE)") == "5 63 1\n"


# Server


@pytest.mark.parametrize(
    ("call", "login", "timeout"),
    [
        ("Server()", ("micro", "python"), 300),
        ("Server(0)", ("micro", "python"), 300),
        ("Server(login=('me', 'secret'))", ("me", "secret"), 300),
        ("Server(login=['me', 'secret'], timeout=5)", ("me", "secret"), 5),
        ("Server(login=('me', 'x'), timeout=60).init(timeout=70)", ("micro", "python"), 70),
        ("Server(timeout=60).init()", ("micro", "python"), 300),
    ],
)
def test_starting_the_servers(bench: Bench, call: str, login: object, timeout: int) -> None:
    bench.board.servers.stop()
    assert bench.run(call) == ""
    servers = bench.board.servers
    assert (servers.running, servers.login, servers.timeout) == (True, login, timeout)


def test_stopping_and_the_timeout(bench: Bench) -> None:
    assert (
        bench.run(
            "s = Server()\nprint(s.isrunning(), s.timeout())\ns.timeout(60)\nprint(s.timeout())\ns.deinit()\nprint(s.isrunning(), Server() is s)"
        )
        == "True 300\n60\nFalse True\n"
    )


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("Server(1)", "OSError resource not available"),
        ("Server(0, ('a', 'b'))", "TypeError extra positional arguments given"),
        ("Server(user='a')", "TypeError extra keyword arguments given"),
        ("Server(login='ab')", "TypeError object 'str' is not a tuple or list"),
        ("Server(login=('a',))", "ValueError requested length 2 but object has length 1"),
        ("Server(login=(1, 'b'))", "TypeError can't convert 'int' object to str implicitly"),
        ("Server(login=('a' * 33, 'b'))", "ValueError invalid argument(s) value"),
        ("Server(login=('a', 'b' * 33))", "ValueError invalid argument(s) value"),
        ("Server(timeout=4)", "ValueError invalid argument(s) value"),
        ("Server(timeout=5.5)", "TypeError can't convert float to int"),
        ("Server().timeout(4)", "ValueError invalid argument(s) value"),
        ("Server(None)", "TypeError can't convert NoneType to int"),
        ("Server(login=None)", "TypeError object 'NoneType' is not a tuple or list"),
        ("Server(timeout=None)", "TypeError can't convert NoneType to int"),
        ("Server(login=('a' * 33, 'b'), timeout=None)", "TypeError can't convert NoneType to int"),
        ("Server(timeout=4294968)", "ValueError invalid argument(s) value"),
    ],
)
def test_wrong_server_calls(bench: Bench, call: str, shown: str) -> None:
    assert bench.run(ONE_LINE.format(call)) == shown + "\n"
    assert bench.board.servers.login == ("micro", "python")


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize(
    ("call", "login"),
    [
        ("Server.init(s, login=('me', 'secret'), timeout=1)", ("me", "secret")),
        ("Server(login=('me', 'secret'), timeout=1)", ("me", "secret")),
        ("Server(timeout=1)", ("micro", "python")),
    ],
)
def test_the_login_is_set_before_the_timeout_is_looked_at(
    bench: Bench, call: str, login: object, running: bool
) -> None:
    """And nothing is started then (firmware: esp32/mods/modnetwork.c)."""
    stop = "" if running else "s.deinit()\n"
    bench.run(f"s = Server(login=('old', 'one'))\n{stop}try: {call}\nexcept ValueError: print('refused')")
    servers = bench.board.servers
    assert (servers.running, servers.login, servers.timeout) == (running, login, 300)
