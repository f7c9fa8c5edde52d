"""The board models: data, no code.

firmware: esp32/boards (names, radios, pins), esp32/mptask.c (heap and stack), esp32/fatfs/src/drivers/sflash_diskio.h
and esp32/littlefs/sflash_diskio_littlefs.c (flash geometry). The CC3200 board is upstream MicroPython's port
of that name.
"""

from __future__ import annotations

from typing import NamedTuple

RELEASE = "1.20.2.r4"
MICROPYTHON = (1, 11, 0)
BUILD_TAG = "v1.11-ffb0e1c"
BUILD_DATE = "2021-01-12"


class Pin(NamedTuple):
    """A pin: its name on the module, on the expansion board, and its GPIO number."""

    id: str
    exp_board: str
    gpio: int
    output: bool = True


class Memory(NamedTuple):
    """A flash variant; the firmware chooses it by the revision of the chip. All sizes in bytes."""

    name: str
    flash_bytes: int
    fs_offset: int
    fs_bytes: int
    blocks: int
    block_size: int
    heap_bytes: int
    stack_bytes: int
    psram: bool
    slot_bytes: int = 0


class Model(NamedTuple):
    """One board model.

    ``name`` is the command line's; ``platform`` is ``sys.platform``; ``uname`` holds the fields of ``os.uname()`` in
    the board's order; ``memories`` the flash variants, the default first; ``radios`` the radios in ``network``;
    ``ap_ssid_stem`` goes before the last two bytes of the MAC, ``-`` between.
    """

    name: str
    platform: str
    uname: tuple[tuple[str, str], ...]
    memories: tuple[Memory, ...]
    radios: tuple[str, ...]
    network_names: tuple[str, ...]
    ap_ssid_stem: str
    ap_password: str
    pins: tuple[Pin, ...]
    frozen_modules: tuple[str, ...] = ("_boot", "_main")
    certificate_paths: tuple[str, ...] = ()

    @property
    def memory(self) -> Memory:
        """The default flash variant."""
        return self.memories[0]

    @property
    def machine(self) -> str:
        """The ``machine`` field of ``os.uname()``, as in the banner."""
        return dict(self.uname)["machine"]

    def variant(self, name: str) -> Memory:
        """Return the flash variant ``4MB`` or ``8MB``; ValueError names those the model has."""
        for memory in self.memories:
            if memory.name == name:
                return memory
        names = ", ".join(memory.name for memory in self.memories)
        raise ValueError(f"{self.name} has no {name!r} flash; it comes with {names}")

    def has_radio(self, name: str) -> bool:
        """Tell whether ``network`` holds this radio (``WLAN``, ``Bluetooth``, ``LoRa``, ``Sigfox``, ``LTE``)."""
        return name in self.radios


_4MB = Memory("4MB", 4194304, 3670016, 520192, 127, 4096, 68608, 8192, False, 1720 * 1024)
_8MB = Memory("8MB", 8388608, 4194304, 4194304, 1024, 4096, 2621440, 12288, True, 1980 * 1024)
# upstream ports/cc3200: the disk from sflash_diskio.h and mpconfigboard.h; the heap is what the program leaves of
# 240 KiB of RAM (application.lds), taken as 64 KiB here
_CC3200 = Memory("2MB", 2097152, 0, 96 * 2048, 96, 2048, 64 * 1024, 8192, False)

_PINS = (
    Pin("P0", "G2", 3),
    Pin("P1", "G1", 1),
    Pin("P2", "G23", 0),
    Pin("P3", "G24", 4),
    Pin("P4", "G11", 15),
    Pin("P5", "G12", 5),
    Pin("P6", "G13", 27),
    Pin("P7", "G14", 19),
    Pin("P8", "G15", 2),
    Pin("P9", "G16", 12),
    Pin("P10", "G17", 13),
    Pin("P11", "G22", 22),
    Pin("P12", "G28", 21),
    Pin("P13", "G5", 36, output=False),
    Pin("P14", "G4", 37, output=False),
    Pin("P15", "G0", 38, output=False),
    Pin("P16", "G3", 39, output=False),
    Pin("P17", "G31", 35, output=False),
    Pin("P18", "G30", 34, output=False),
    Pin("P19", "G6", 32),
    Pin("P20", "G7", 33),
    Pin("P21", "G8", 26),
    Pin("P22", "G9", 25),
    Pin("P23", "G10", 14),
)
_LTE_UART_PINS = (Pin("P98", "G98", 23), Pin("P99", "G99", 18))
# upstream ports/cc3200/boards/WIPY/pins.csv: the expansion board's G number is the GPIO's
_CC3200_PINS = tuple(
    Pin(f"GP{gpio}", f"G{gpio}", gpio)
    for gpio in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 22, 23, 24, 25, 28, 30, 31)
)
_SEQUANS = ("_boot", "_main", "sqnsbrz", "sqnscodec", "sqnscrc", "sqnstp", "sqnsupgrade")
_LORAWAN = ("lorawan", "1.0.2")
_SIGFOX = ("sigfox", "1.0.1")


def _uname(platform: str, *extra: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (
        ("sysname", platform),
        ("nodename", platform),
        ("release", RELEASE),
        ("version", f"{BUILD_TAG} on {BUILD_DATE}"),
        ("machine", f"{platform} with ESP32"),
        *extra,
    )


def _esp32(
    platform: str,
    memories: tuple[Memory, ...],
    radios: tuple[str, ...] = (),
    extra: tuple[tuple[str, str], ...] = (),
    pins: tuple[Pin, ...] = _PINS,
    frozen: tuple[str, ...] = ("_boot", "_main"),
) -> Model:
    all_radios = ("WLAN", "Bluetooth", *radios)
    return Model(
        name=platform.lower(),
        platform=platform,
        uname=_uname(platform, *extra),
        memories=memories,
        radios=all_radios,
        network_names=(*all_radios, "Server", "Coap", "MDNS"),
        ap_ssid_stem=f"{platform.lower()}-wlan",
        ap_password="www.pycom.io",
        pins=pins,
        frozen_modules=frozen,
    )


MODELS: tuple[Model, ...] = (
    _esp32("WiPy", (_8MB, _4MB)),
    _esp32("LoPy", (_8MB, _4MB), ("LoRa",), (_LORAWAN,)),
    _esp32("LoPy4", (_8MB,), ("LoRa", "Sigfox"), (_LORAWAN, _SIGFOX)),
    _esp32("SiPy", (_4MB, _8MB), ("Sigfox",), (_SIGFOX,)),
    _esp32("GPy", (_8MB,), ("LTE",), (), _PINS + _LTE_UART_PINS, _SEQUANS),
    _esp32("FiPy", (_8MB,), ("LoRa", "Sigfox", "LTE"), (_LORAWAN, _SIGFOX), _PINS, _SEQUANS),
    Model(
        name="wipy1",
        platform="WiPy",
        uname=(
            ("sysname", "WiPy"),
            ("nodename", "WiPy"),
            ("release", "1.2.0"),
            ("version", f"{BUILD_TAG} on {BUILD_DATE}"),
            ("machine", "WiPy with CC3200"),
        ),
        memories=(_CC3200,),
        radios=("WLAN",),
        network_names=("WLAN", "Server"),
        ap_ssid_stem="wipy-wlan",
        ap_password="www.wipy.io",
        pins=_CC3200_PINS,
        frozen_modules=(),
        certificate_paths=("/flash/cert/ca.pem", "/flash/cert/cert.pem", "/flash/cert/private.key"),
    ),
)

_BY_NAME = {model.name: model for model in MODELS}


def model(name: str) -> Model:
    """Return the model of this command-line name (any case); ValueError lists the names."""
    try:
        return _BY_NAME[name.lower()]
    except KeyError:
        raise ValueError(f"unknown board {name!r}; known boards: {', '.join(_BY_NAME)}") from None
