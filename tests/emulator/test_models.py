"""The board models."""

from __future__ import annotations

import pytest

from emulator.models import MODELS, Model, model

NAMES = ["wipy", "lopy", "lopy4", "sipy", "gpy", "fipy", "wipy1"]
# name: platform, fields of uname after machine, radios, default flash, number of pins
FACTS = {
    "wipy": ("WiPy", [], ["WLAN", "Bluetooth"], "8MB", 24),
    "lopy": ("LoPy", ["lorawan"], ["WLAN", "Bluetooth", "LoRa"], "8MB", 24),
    "lopy4": ("LoPy4", ["lorawan", "sigfox"], ["WLAN", "Bluetooth", "LoRa", "Sigfox"], "8MB", 24),
    "sipy": ("SiPy", ["sigfox"], ["WLAN", "Bluetooth", "Sigfox"], "4MB", 24),
    "gpy": ("GPy", [], ["WLAN", "Bluetooth", "LTE"], "8MB", 26),
    "fipy": ("FiPy", ["lorawan", "sigfox"], ["WLAN", "Bluetooth", "LoRa", "Sigfox", "LTE"], "8MB", 24),
}
# pin: expansion board, GPIO, can be an output
PINS = {
    "P0": ("G2", 3, True),
    "P1": ("G1", 1, True),
    "P2": ("G23", 0, True),
    "P9": ("G16", 12, True),
    "P12": ("G28", 21, True),
    "P13": ("G5", 36, False),
    "P16": ("G3", 39, False),
    "P18": ("G30", 34, False),
    "P19": ("G6", 32, True),
    "P23": ("G10", 14, True),
}


def test_the_names_of_the_command_line() -> None:
    assert [m.name for m in MODELS] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_found_in_any_case(name: str) -> None:
    assert model(name).name == model(name.upper()).name == name


@pytest.mark.parametrize("name", ["", "esp32", "wipy2", "fipy "])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError) as caught:
        model(name)
    assert all(known in str(caught.value) for known in NAMES)


@pytest.mark.parametrize("name", FACTS)
def test_facts(name: str) -> None:
    platform, extra, radios, flash, pins = FACTS[name]
    made = model(name)
    fields = dict(made.uname)
    assert made.platform == fields["sysname"] == fields["nodename"] == platform
    assert list(fields) == ["sysname", "nodename", "release", "version", "machine", *extra]
    assert fields["release"] == "1.20.2.r4"
    assert made.machine == f"{platform} with ESP32"
    assert list(made.radios) == radios
    assert set(made.network_names) == {*radios, "Server", "Coap", "MDNS"}
    assert made.memory.name == flash
    assert len(made.pins) == pins
    assert made.ap_ssid_stem == f"{name}-wlan"
    assert made.ap_password == "www.pycom.io"


@pytest.mark.parametrize(("name", "value"), [("lorawan", "1.0.2"), ("sigfox", "1.0.1")])
def test_versions_of_the_radio_stacks(name: str, value: str) -> None:
    assert dict(model("fipy").uname)[name] == value


@pytest.mark.parametrize("name", ["wipy", "lopy", "sipy"])
def test_the_older_boards_come_in_two_sizes(name: str) -> None:
    made = model(name)
    assert {memory.name for memory in made.memories} == {"4MB", "8MB"}
    small, large = made.variant("4MB"), made.variant("8MB")
    assert (small.blocks, small.fs_bytes, small.heap_bytes, small.stack_bytes) == (127, 520192, 68608, 8192)
    assert (large.blocks, large.fs_bytes, large.heap_bytes, large.stack_bytes) == (1024, 4194304, 2621440, 12288)
    assert (small.psram, large.psram) == (False, True)


def test_a_variant_the_model_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="fipy has no '4MB' flash; it comes with 8MB"):
        model("fipy").variant("4MB")


@pytest.mark.parametrize("made", MODELS, ids=lambda made: made.name)
def test_the_file_system_fits_the_flash(made: Model) -> None:
    for memory in made.memories:
        assert memory.blocks * memory.block_size == memory.fs_bytes
        assert memory.fs_offset + memory.fs_bytes <= memory.flash_bytes


@pytest.mark.parametrize("pin", PINS)
@pytest.mark.parametrize("name", FACTS)
def test_pins(name: str, pin: str) -> None:
    (found,) = (p for p in model(name).pins if p.id == pin)
    assert (found.exp_board, found.gpio, found.output) == PINS[pin]


@pytest.mark.parametrize("made", MODELS, ids=lambda made: made.name)
def test_no_pin_stands_twice(made: Model) -> None:
    for column in ("id", "exp_board", "gpio"):
        values = [getattr(pin, column) for pin in made.pins]
        assert len(set(values)) == len(values)


def test_the_modem_pins_are_on_gpy_only() -> None:
    having = {made.name for made in MODELS for pin in made.pins if pin.id in ("P98", "P99")}
    assert having == {"gpy"}


def test_the_first_wipy() -> None:
    made = model("wipy1")
    assert (made.platform, made.machine) == ("WiPy", "WiPy with CC3200")
    assert made.certificate_paths == ("/flash/cert/ca.pem", "/flash/cert/cert.pem", "/flash/cert/private.key")
    assert (made.memory.block_size, made.memory.blocks) == (2048, 96)
    assert not made.has_radio("Bluetooth")


def test_models_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        model("fipy").platform = "x"  # type: ignore[misc]
