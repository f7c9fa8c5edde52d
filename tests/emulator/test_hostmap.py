"""The host map: specs, names, routes, ports."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import BoardOSError
from emulator.hostmap import HostMap, Route, host_lookup, is_ipv4, parse_map, parse_publish
from flashfs.notes import Note


def no_lookup(name: str) -> str:
    raise AssertionError(f"{name} must not be looked up")


def fails(name: str) -> str:
    raise socket.gaierror(socket.EAI_NONAME, "no such name")


class Mapped:
    """A host map and its notes."""

    def __init__(self, *maps: str, publish: tuple[str, ...] = (), offline: bool = False) -> None:
        self.notes: list[Note] = []
        self.map = HostMap(
            dict(parse_map(m) for m in maps),
            dict(parse_publish(p) for p in publish),
            offline=offline,
            note=self.notes.append,
        )


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("cloud.blynk.cc:8441=127.0.0.1:9443", (("cloud.blynk.cc", 8441), ("127.0.0.1", 9443))),
        ("192.168.4.2:80=127.0.0.1:8080", (("192.168.4.2", 80), ("127.0.0.1", 8080))),
        ("MQTT.Example.ORG.:1883=localhost:1", (("mqtt.example.org", 1883), ("localhost", 1))),
        (" a:1 = b:65535 ", (("a", 1), ("b", 65535))),
    ],
)
def test_map_specs_are_read(text: str, parsed: object) -> None:
    assert parse_map(text) == parsed


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no '='"),
        ("host:80", "there is no '='"),
        ("host=127.0.0.1:80", "'host' has no port"),
        ("host:80=127.0.0.1", "'127.0.0.1' has no port"),
        ("host:0=127.0.0.1:80", "'0' is no port"),
        ("host:65536=127.0.0.1:80", "'65536' is no port"),
        ("host:http=127.0.0.1:80", "'http' is no port"),
        ("host:-1=127.0.0.1:80", "'-1' is no port"),
        ("host:²=127.0.0.1:80", "'²' is no port"),
        (":80=127.0.0.1:80", "has no name"),
        ("host:80=:80", "has no address"),
        ("[::1]:80=127.0.0.1:80", "IPv4 only"),
        ("host:80=::1:80", "IPv4 only"),
        ("256.1.1.1:80=127.0.0.1:80", "'256.1.1.1' is no IPv4 address"),
        ("a b:80=127.0.0.1:80", "'a b' is no name"),
    ],
)
def test_wrong_map_specs_say_what_is_wrong_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_map(text)
    message = str(caught.value)
    assert problem in message
    assert "HOST:PORT=ADDR:PORT" in message
    assert "\n" not in message


@pytest.mark.parametrize(("text", "parsed"), [("8080:80", (80, 8080)), ("0:80", (80, 0)), ("1:65535", (65535, 1))])
def test_publish_specs_are_read(text: str, parsed: object) -> None:
    assert parse_publish(text) == parsed


@pytest.mark.parametrize("text", ["", "80", "a:80", "80:a", "80:0", "70000:1", "127.0.0.1:80:80", "80:"])
def test_wrong_publish_specs_say_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="HOSTPORT:BOARDPORT"):
        parse_publish(text)


@given(st.text())
def test_free_text_is_read_or_refused_but_never_crashes(text: str) -> None:
    for parse in (parse_map, parse_publish):
        message = ""
        try:
            parse(text)
        except ValueError as error:
            message = str(error)
        assert "\n" not in message


@given(st.ip_addresses(v=4))
def test_every_dotted_address_is_one(address: object) -> None:
    assert is_ipv4(str(address))


@pytest.mark.parametrize("text", ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "a.b.c.d", "1.2.3.4 ", "1..2.3"])
def test_what_is_no_dotted_address(text: str) -> None:
    assert not is_ipv4(text)


def test_a_mapped_name_gets_a_made_up_address_that_leads_to_its_target() -> None:
    mapped = Mapped("cloud.blynk.cc:8441=127.0.0.1:9443", "other.test:80=127.0.0.1:8080")
    address = mapped.map.resolve("cloud.blynk.cc", 8441, no_lookup)
    assert address.startswith("198.18.")
    assert mapped.map.resolve("CLOUD.blynk.cc.", 8441, no_lookup) == address
    assert mapped.map.resolve("other.test", 80, no_lookup) != address
    assert mapped.map.route(address, 8441, no_lookup) == Route("127.0.0.1", 9443, "cloud.blynk.cc:8441", True)


def test_a_later_mapping_replaces_the_earlier_one() -> None:
    mapped = Mapped("a.test:1=127.0.0.1:2")
    address = mapped.map.resolve("a.test", 1, no_lookup)
    mapped.map.add_map(("A.test", 1), ("127.0.0.1", 3))
    assert mapped.map.resolve("a.test", 1, no_lookup) == address
    assert mapped.map.route(address, 1, no_lookup).port == 3


def test_a_mapped_address_leads_to_its_target() -> None:
    mapped = Mapped("192.168.4.2:80=127.0.0.1:8080", offline=True)
    assert mapped.map.resolve("192.168.4.2", 80, no_lookup) == "192.168.4.2"
    assert mapped.map.route("192.168.4.2", 80, no_lookup) == Route("127.0.0.1", 8080, "192.168.4.2:80", True)


def test_another_port_of_a_mapped_name_is_the_real_one() -> None:
    mapped = Mapped("a.test:443=127.0.0.1:9443")
    address = mapped.map.resolve("a.test", 80, no_lookup)
    assert mapped.map.route(address, 80, lambda name: "203.0.113.7") == Route("203.0.113.7", 80, "a.test:80")


def test_an_unmapped_name_is_looked_up_and_remembered() -> None:
    mapped = Mapped()
    assert mapped.map.resolve("b.test", 80, lambda name: "203.0.113.8") == "203.0.113.8"
    assert mapped.map.route("203.0.113.8", 80, no_lookup).name == "b.test:80"
    assert mapped.map.resolve("203.0.113.9", 1, no_lookup) == "203.0.113.9"
    assert mapped.map.resolve("localhost", 1, no_lookup) == "127.0.0.1"


def test_the_target_of_a_mapping_may_be_a_name() -> None:
    mapped = Mapped("a.test:1=localhost:9", offline=True)
    assert mapped.map.route(mapped.map.resolve("a.test", 1), 1, host_lookup).host == "127.0.0.1"


@pytest.mark.parametrize("failure", [fails, lambda name: name.encode("idna") and ""], ids=["unknown", "label too long"])
def test_a_name_that_is_not_found_is_202_with_a_note(failure: object) -> None:
    mapped = Mapped()
    with pytest.raises(BoardOSError) as caught:
        mapped.map.resolve("x" * 70 + ".test", 8883, failure)  # type: ignore[arg-type]
    assert caught.value.args == (202,)
    assert mapped.notes[0].code == "name-not-found"
    assert "--map " in mapped.notes[0].fix
    assert ":8883=ADDR:PORT" in mapped.notes[0].fix


def test_offline_an_unmapped_name_is_202_and_an_unmapped_address_118_with_notes() -> None:
    mapped = Mapped("a.test:443=127.0.0.1:9443", offline=True)
    with pytest.raises(BoardOSError) as name:
        mapped.map.resolve("b.test", 80, no_lookup)
    with pytest.raises(BoardOSError) as address:
        mapped.map.route("203.0.113.8", 80, no_lookup)
    with pytest.raises(BoardOSError) as port:
        mapped.map.route(mapped.map.resolve("a.test", 80, no_lookup), 80, no_lookup)
    assert (name.value.args, address.value.args, port.value.args) == ((202,), (118,), (118,))
    assert [note.code for note in mapped.notes] == ["offline"] * 3
    fixes = [note.fix for note in mapped.notes]
    for place, fix in zip(("b.test:80", "203.0.113.8:80", "a.test:80"), fixes, strict=True):
        assert f"--map {place}=ADDR:PORT" in fix


@pytest.mark.parametrize(
    ("board_port", "candidates"), [(80, (0,)), (1023, (0,)), (1024, (1024, 0)), (8080, (8080, 0)), (5000, (7000,))]
)
def test_which_host_ports_are_tried(board_port: int, candidates: tuple[int, ...]) -> None:
    assert Mapped(publish=("7000:5000",)).map.host_ports(board_port) == candidates


def test_open_ports_are_known_until_they_close() -> None:
    mapped = Mapped()
    mapped.map.opened("tcp", 80, 43211)
    assert mapped.map.where(80) == ("127.0.0.1", 43211)
    assert mapped.map.where(80, "udp") is None
    assert mapped.notes[0].title == "board port 80 is at 127.0.0.1:43211"
    mapped.map.closed("tcp", 80)
    assert mapped.map.where(80) is None


@pytest.mark.parametrize(
    ("maps", "evidence"),
    [
        ((), ""),
        (("a.test:81=127.0.0.1:1",), "mapped: a.test:81"),
        (tuple(f"{n}.test:1=127.0.0.1:1" for n in "abcde"), "mapped: a.test:1, b.test:1, c.test:1 and 2 more"),
    ],
    ids=["nothing", "another port", "many"],
)
@pytest.mark.parametrize("offline", [False, True])
def test_a_place_that_is_missed_tells_what_is_mapped(maps: tuple[str, ...], evidence: str, offline: bool) -> None:
    mapped = Mapped(*maps, offline=offline)
    with pytest.raises(BoardOSError):
        mapped.map.resolve("x.test", 80, fails)
    assert mapped.notes[0].evidence == evidence


@pytest.mark.parametrize(
    ("publish", "host_port", "advised"),
    [((), 43211, True), ((), 8080, False), (("18080:8080",), 18080, False), (("0:8080",), 43211, False)],
    ids=["another port", "its own port", "published", "published anywhere"],
)
def test_publish_is_advised_only_where_it_was_not_given(
    publish: tuple[str, ...], host_port: int, advised: bool
) -> None:
    mapped = Mapped(publish=publish)
    mapped.map.opened("tcp", 8080, host_port)
    assert bool(mapped.notes[0].fix) is advised
