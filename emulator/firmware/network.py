"""``network`` (firmware: esp32/mods/modnetwork.c, esp32/mods/modwlan.c): WLAN, Server and the shell of LoRa.

There is no air: as a station the board joins whatever network it is told to, at once. What a script sees of that is its
state here; where connections really go is the host map's business.
"""

from __future__ import annotations

import weakref
from collections import namedtuple
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from emulator import api
from emulator.errors import BoardOSError, BoardTimeoutError
from emulator.firmware._arguments import REQUIRED, bind, native
from emulator.firmware._convert import encode, readable, to_int, to_text
from emulator.firmware._missing import not_emulated
from emulator.firmware.usocket import ipv4
from emulator.runtime.names import type_name
from emulator.sockets import AP_ADDRESS, Stack, stack_of

if TYPE_CHECKING:
    from emulator.device import Device
    from flashfs.notes import NoteSink

STA, AP, STA_AP = 1, 2, 3
WPA2, WPA2_ENT = 3, 5
KINDS = (1, 2, 3, WPA2_ENT)
ANTENNAS = (0, 1, 2)
BANDWIDTHS = (1, 2)
LONGEST_SSID = 32
KEY_LENGTHS = range(8, 33)
CHANNELS = range(1, 15)
LONGEST_HOSTNAME = 32
LONGEST_IDENTITY = 127
DEFAULT_CHANNEL = 6
DEFAULT_HOSTNAME = "espressif"
FASTEST_TX_POWER = 78
NO_ADDRESS = "0.0.0.0"
STA_CONFIG = ("192.0.2.17", "255.255.255.0", "192.0.2.1", "192.0.2.1")
"""What the made-up network's DHCP server gives: an address that no real network has (RFC 5737)."""
AP_CONFIG = (AP_ADDRESS, "255.255.255.0", AP_ADDRESS, AP_ADDRESS)
AIR = ("emulated-wlan", bytes.fromhex("0200c0a80001"), WPA2, 6, -52)
"""The one access point in reach: SSID, BSSID, security, channel, RSSI."""

INVALID = "invalid argument(s) value"
NOT_POSSIBLE = "the requested operation is not possible"
NOT_AVAILABLE = "resource not available"

ScanResult = namedtuple("wlan", ["ssid", "bssid", "sec", "channel", "rssi"])  # type: ignore[name-match]
Macs = namedtuple("mac", ["sta_mac", "ap_mac"])  # type: ignore[name-match]

_INIT: dict[str, Any] = {
    "mode": STA,
    "ssid": None,
    "auth": None,
    "channel": 1,
    "antenna": None,
    "power_save": False,
    "hidden": False,
    "bandwidth": 2,
    "max_tx_pwr": 0,
    "country": None,
}
_CONNECT: dict[str, Any] = dict.fromkeys(
    ("bssid", "timeout", "ca_certs", "keyfile", "certfile", "identity", "hostname", "channel")
)
_SCAN: dict[str, Any] = dict.fromkeys(("ssid", "bssid", "channel", "show_hidden", "type", "scantime"))


def _in(value: Any, allowed: Any) -> int:
    number = to_int(value)
    if number not in allowed:
        raise ValueError(INVALID)
    return number


def _ssid(value: Any) -> str:
    text = to_text(value)
    if len(encode(text)) > LONGEST_SSID:
        raise ValueError(INVALID)
    return text


def _sequence(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"object '{type_name(value)}' is not a tuple or list")
    return tuple(value)


class Radio:
    """What the radio is set to: the access point after a hard reset, kept by a soft one (firmware: esp32/mptask.c)."""

    def __init__(self, device: Device) -> None:
        model, mac = device.board.model, device.board.unique_id
        self.attach(device)
        self.servers = device.board.servers
        self.on = True
        self.mode = AP
        self.ap_ssid = f"{model.ap_ssid_stem}-{mac[-2:].hex()}"
        self.ap_auth: tuple[Any, ...] | None = (WPA2, model.ap_password)
        self.channel = DEFAULT_CHANNEL
        self.antenna = 0
        self.bandwidth = 2
        self.tx_power = FASTEST_TX_POWER
        self.hostname = DEFAULT_HOSTNAME
        self.joined: str | None = None
        self.joined_auth: tuple[Any, ...] | None = None
        self.sta_config = STA_CONFIG
        self.ap_config = AP_CONFIG
        self.macs = [mac, mac[:5] + bytes([(mac[5] + 1) & 0xFF])]

    def attach(self, device: Device) -> None:
        """Serve this power cycle from now on. The last one's is not held: nothing of it is to stay in memory."""
        self._device = weakref.ref(device)

    @property
    def device(self) -> Device:
        """What the power cycle of the script that asks has."""
        device = self._device()
        assert device is not None
        return device

    def update(self) -> None:
        """Tell the stack which addresses are the board's now."""
        self.tell(stack_of(self.device))

    def tell(self, stack: Stack) -> None:
        """Tell a stack which addresses are the board's."""
        stack.registered = self.on
        stack.ap = self.ap_config[0] if self.on and self.mode & AP else None
        stack.sta = self.sta_config[0] if self.on and self.joined is not None else None
        if stack.sta is not None:
            stack.dns[0] = self.sta_config[3]

    def switch_on(self, mode: int) -> None:
        """Bring the interface up; where it was down, the servers start, whoever has stopped them."""
        was_on, self.on, self.mode = self.on, True, mode
        self.leave()
        if not was_on and not self.servers.running:
            self.servers.start(*self.servers.login, self.servers.timeout)

    def switch_off(self) -> None:
        """Take the interface down, and the servers with it."""
        self.on = False
        self.leave()
        if self.servers.running:
            self.servers.stop()

    def leave(self) -> None:
        """Leave the network that was joined."""
        self.joined = self.joined_auth = None
        self.update()

    def station(self) -> None:
        """Raise OSError unless the board is a station."""
        if not (self.on and self.mode & STA):
            raise BoardOSError(NOT_POSSIBLE)


def _ap_auth(auth: Any, *, as_ap: bool) -> tuple[Any, ...] | None:
    """Check ``auth`` of the constructor and of ``auth()``. Raises TypeError, ValueError."""
    if auth is None:
        return None
    parts = _sequence(auth)
    if len(parts) < 2:
        raise ValueError(INVALID)
    kind = _in(parts[0], KINDS)
    if kind == WPA2_ENT:
        if as_ap:
            raise ValueError("WPA2_ENT not supported in AP mode")
        return parts
    if len(encode(to_text(parts[1]))) not in KEY_LENGTHS:
        raise ValueError("invalid key length")
    return (kind, to_text(parts[1]))


def _sta_auth(auth: Any, found: dict[str, Any], read_file: Callable[[str], bytes]) -> tuple[Any, ...] | None:
    """Check ``auth`` of ``connect``. Raises TypeError, ValueError."""
    if auth is None:
        return None
    parts = _sequence(auth)
    if len(parts) < 2:
        raise ValueError("invalid authentication tuple")
    if parts[0] is None:
        return None
    kind = _in(parts[0], KINDS)
    if kind != WPA2_ENT:
        return (kind, to_text(parts[1]))
    for name in ("ca_certs", "keyfile", "certfile"):
        if found[name] is not None:
            try:
                read_file(to_text(found[name]))
            except OSError:
                raise ValueError("invalid file path") from None
    own = found["keyfile"] is not None and found["certfile"] is not None
    if found["identity"] is not None:
        length = len(encode(to_text(found["identity"])))
        if not 0 < length <= LONGEST_IDENTITY:
            raise ValueError(f"invalid identity length {length}")
    elif own:
        raise ValueError("indentiy required for WPA2_ENT authentication")
    if not own and (len(parts) < 3 or parts[1] is None or parts[2] is None):
        raise ValueError("invalid WAP2_ENT credentials")
    return parts


class Wlan:
    """``network.WLAN``: one object for the one radio."""

    _radio: ClassVar[Radio]
    _only: ClassVar[Any] = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """``WLAN(id=0, *, mode=STA, ssid, auth, channel=1, antenna, ...)``; without keywords the radio stays as it is.

        Raises OSError "resource not available", and what ``init`` raises.
        """
        found = bind(args, kwargs, {"id": 0}, _INIT)
        if to_int(found.pop("id")) != 0:
            raise BoardOSError(NOT_AVAILABLE)
        if cls._only is None:
            cls._only = object.__new__(cls)
        if len(kwargs) > ("id" in kwargs) or not cls._radio.on:
            cls._only._start(found)
        return cls._only

    def init(self, *args: Any, **kwargs: Any) -> None:
        """Set everything anew; what is left out goes back to its default. Raises ValueError, TypeError."""
        self._start(bind(args, kwargs, {}, _INIT))

    def _start(self, found: dict[str, Any]) -> None:
        radio = self._radio
        mode = _in(found["mode"], (STA, AP, STA_AP))
        ssid = None if found["ssid"] is None else _ssid(found["ssid"])
        if mode & AP and ssid is None:
            raise ValueError("AP SSID not given")
        auth = _ap_auth(found["auth"], as_ap=bool(mode & AP))
        channel = _in(found["channel"], CHANNELS)
        antenna = radio.antenna if found["antenna"] is None else _in(found["antenna"], ANTENNAS)
        bandwidth = _in(found["bandwidth"], BANDWIDTHS)
        tx_power = to_int(found["max_tx_pwr"])
        if found["country"] is not None and len(to_text(found["country"])) not in (2, 3):
            raise ValueError("Wrong Country string length!")
        if mode & AP:
            radio.ap_ssid, radio.ap_auth = ssid or "", auth
        radio.channel, radio.antenna, radio.bandwidth = channel, antenna, bandwidth
        radio.tx_power = tx_power or radio.tx_power
        radio.switch_on(mode)

    @native(1)
    def deinit(self) -> None:
        """Switch the radio off; sockets cannot be made from then on."""
        self._radio.switch_off()

    def scan(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Give (ssid, bssid, sec, channel, rssi) of the access points in reach: one, of the name asked for if any.

        Raises OSError "the requested operation is not possible" when the board is an access point only.
        """
        found = bind(args, kwargs, {}, _SCAN)
        self._radio.station()
        if found["bssid"] is not None and len(readable(found["bssid"])) != 6:
            raise ValueError("invalid bssid")
        ssid, bssid, security, channel, rssi = AIR
        if found["ssid"] is not None:
            ssid = _ssid(found["ssid"])
        if found["bssid"] is not None:
            bssid = bytes(readable(found["bssid"]))
        if found["channel"] is not None and to_int(found["channel"]) != channel:
            channel = _in(found["channel"], CHANNELS)
        return [ScanResult(ssid, bssid, security, channel, rssi)]

    def connect(self, *args: Any, **kwargs: Any) -> None:
        """Join a network: ``connect(ssid, auth=None, *, bssid, timeout, ca_certs, keyfile, certfile, identity, ...)``.

        Raises OSError "the requested operation is not possible" on an access point, ValueError, TypeError.
        """
        found = bind(args, kwargs, {"ssid": REQUIRED, "auth": None}, _CONNECT)
        radio = self._radio
        radio.station()
        ssid = _ssid(found["ssid"])
        auth = _sta_auth(found["auth"], found, radio.device.vfs.read_for_tls)
        if found["bssid"] is not None and len(readable(found["bssid"])) != 6:
            raise ValueError(INVALID)
        if found["timeout"] is not None:
            to_int(found["timeout"])
        if found["hostname"] is not None:
            self.hostname(found["hostname"])
        if found["channel"] is not None:
            _in(found["channel"], CHANNELS)
        radio.joined, radio.joined_auth = ssid, auth
        radio.update()

    @native(1)
    def disconnect(self) -> None:
        """Leave the network. Raises OSError "the requested operation is not possible" on an access point."""
        self._radio.station()
        self._radio.leave()

    @native(1)
    def isconnected(self) -> bool:
        """Tell whether the board has joined a network."""
        return self._radio.on and self._radio.joined is not None

    def ifconfig(self, *args: Any, **kwargs: Any) -> tuple[str, ...] | None:
        """``ifconfig(id=0, config)``: (ip, mask, gateway, dns) of the station (0) or access point (1), or set it.

        ``config`` is such a tuple or "dhcp". Raises OSError "resource not available", ValueError.
        """
        found = bind(args, kwargs, {"id": 0, "config": None}, {})
        radio, which = self._radio, to_int(found["id"])
        if which not in (0, 1):
            raise BoardOSError(NOT_AVAILABLE)
        config = found["config"]
        if config is None:
            if which:
                return radio.ap_config
            return radio.sta_config if radio.joined is not None else (NO_ADDRESS,) * 4
        if isinstance(config, str):
            if config != "dhcp":
                raise ValueError(INVALID)
            addresses = AP_CONFIG if which else STA_CONFIG
        else:
            parts = _sequence(config)
            if len(parts) != 4:
                raise ValueError(f"requested length 4 but object has length {len(parts)}")
            ip, mask, gateway, dns = (ipv4(to_text(part)) for part in parts)
            addresses = (ip, mask, gateway, dns)
        if which:
            radio.ap_config = addresses
        else:
            radio.sta_config = addresses
        radio.update()
        return None

    @native(1, 2)
    def mode(self, *args: Any) -> int | None:
        """Give or set the mode: STA, AP or STA_AP."""
        if not args:
            return self._radio.mode
        self._radio.switch_on(_in(args[0], (STA, AP, STA_AP)))
        return None

    @native(1, 2)
    def ssid(self, *args: Any) -> Any:
        """Give the name of the network: own, joined, or with STA_AP both; or set the own one."""
        radio = self._radio
        if args:
            radio.ap_ssid = _ssid(args[0])
            return None
        if radio.mode == STA_AP:
            return (radio.joined, radio.ap_ssid)
        return radio.ap_ssid if radio.mode == AP else radio.joined

    @native(1)
    def bssid(self) -> bytes:
        """Give the address of the access point that was joined, zeros without one."""
        return AIR[1] if self._radio.joined is not None else bytes(6)

    @native(1, 2)
    def auth(self, *args: Any) -> tuple[Any, ...] | None:
        """Give (kind, key) of the own or the joined network, None for an open one; or set the own one's."""
        radio = self._radio
        if args:
            radio.ap_auth = _ap_auth(args[0], as_ap=True)
            return None
        return radio.joined_auth if radio.mode == STA else radio.ap_auth

    @native(1, 2)
    def hostname(self, *args: Any) -> str | bool:
        """Give the name told to the DHCP server, or set it."""
        if not args:
            return self._radio.hostname
        name = to_text(args[0])
        if len(encode(name)) > LONGEST_HOSTNAME:
            raise ValueError(INVALID)
        self._radio.hostname = name
        return True

    @native(1, 2)
    def channel(self, *args: Any) -> int | None:
        """Give the channel; it can be set in promiscuous mode only, which is not emulated."""
        if args:
            raise BoardOSError("Wifi is not in promiscuous mode!")
        return self._radio.channel

    @native(1, 2)
    def antenna(self, *args: Any) -> int | None:
        """Give or set the antenna."""
        if not args:
            return self._radio.antenna
        self._radio.antenna = _in(args[0], ANTENNAS)
        return None

    @native(1, 2)
    def bandwidth(self, *args: Any) -> int | bool:
        """Give or set the bandwidth, HT20 or HT40."""
        if not args:
            return self._radio.bandwidth
        self._radio.bandwidth = _in(args[0], BANDWIDTHS)
        return True

    @native(1, 2)
    def max_tx_power(self, *args: Any) -> int | None:
        """Give or set the transmission power in units of 0.25 dBm."""
        if not args:
            return self._radio.tx_power
        self._radio.tx_power = to_int(args[0])
        return None

    @native(1, 3)
    def mac(self, *args: Any) -> Any:
        """Give (sta_mac, ap_mac), or set that of one mode: ``mac(address, WLAN.STA)``."""
        macs = self._radio.macs
        if not args:
            return Macs(*macs)
        if len(args) != 2:
            raise TypeError("invalid argument(s) num/type")
        address, which = bytes(readable(args[0])), _in(args[1], (STA, AP)) - 1
        if len(address) != 6:
            raise ValueError(INVALID)
        if address[0] & 1:
            raise ValueError("Bit 0 of First Byte in Mac addr cannot be 1")
        if address == macs[1 - which]:
            raise ValueError("Station and AP cannot have the same Mac address!")
        macs[which] = address
        return None

    @native(1)
    def ap_sta_list(self) -> list[Any]:
        """Give the stations at the own access point: none."""
        return self._as_access_point()

    @native(1)
    def ap_tcpip_sta_list(self) -> list[Any]:
        """Give the stations with an address at the own access point: none."""
        return self._as_access_point()

    def _as_access_point(self) -> list[Any]:
        if not (self._radio.on and self._radio.mode & AP):
            raise BoardOSError(NOT_POSSIBLE)
        return []

    @native(1)
    def Connected_ap_pwd(self) -> str | None:
        """Give the key of the network that was joined."""
        auth = self._radio.joined_auth
        return str(auth[1]) if auth is not None else None


SHORTEST_TIMEOUT = 5
LONGEST_CREDENTIAL = 32
_LEFT_OUT: Any = object()
_SERVER: dict[str, Any] = {"login": _LEFT_OUT, "timeout": _LEFT_OUT}


class Server:
    """``network.Server``: the FTP and telnet servers of the board."""

    _servers: ClassVar[Any]
    _only: ClassVar[Any] = None
    _default: ClassVar[tuple[tuple[str, str], int]] = (("micro", "python"), 300)

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """``Server(id=0, *, login=("micro", "python"), timeout=300)`` starts the servers with these.

        Raises OSError "resource not available", ValueError "invalid argument(s) value", TypeError.
        """
        found = bind(args, kwargs, {"id": 0}, _SERVER)
        if to_int(found["id"]) != 0:
            raise BoardOSError(NOT_AVAILABLE)
        if cls._only is None:
            cls._only = object.__new__(cls)
        cls._only._start(found)
        return cls._only

    def init(self, *args: Any, **kwargs: Any) -> None:
        """Start with another login and timeout; what is left out goes back to its default. Raises as the constructor."""
        self._start(bind(args, kwargs, {}, _SERVER))

    def _start(self, found: dict[str, Any]) -> None:
        login, timeout = self._default
        if found["login"] is not _LEFT_OUT:
            parts = _sequence(found["login"])
            if len(parts) != 2:
                raise ValueError(f"requested length 2 but object has length {len(parts)}")
            user, password = (to_text(part) for part in parts)
            login = (user, password)
        if found["timeout"] is not _LEFT_OUT:
            timeout = to_int(found["timeout"])
        if max(len(encode(text)) for text in login) > LONGEST_CREDENTIAL:
            raise ValueError(INVALID)
        self._servers.login = login  # before the timeout is looked at
        self._servers.set_timeout(self._servers.timeout)  # which tells those that run of the login
        self._servers.start(*login, float(_timeout(timeout)))

    @native(1)
    def deinit(self) -> None:
        """Stop the servers; sessions end."""
        self._servers.stop()

    @native(1, 2)
    def timeout(self, *args: Any) -> int | None:
        """Give or set the seconds after which an idle session ends, at least 5. Raises ValueError."""
        if not args:
            return int(self._servers.timeout)
        self._servers.set_timeout(float(_timeout(to_int(args[0]))))
        return None

    @native(1)
    def isrunning(self) -> bool:
        """Tell whether the servers run."""
        return bool(self._servers.running)


def _timeout(seconds: int) -> int:
    """The seconds that count: the board keeps milliseconds, in 32 bits (firmware: esp32/serverstask.c)."""
    seconds = (seconds * 1000 & 0xFFFFFFFF) // 1000
    if seconds < SHORTEST_TIMEOUT:
        raise ValueError(INVALID)
    return seconds


LORA, LORAWAN = 0, 1
EU868 = 5
REGIONS = (0, 1, 2, 4, EU868, 7, 8)
_LORA: dict[str, Any] = {
    "mode": LORA,
    "frequency": None,
    "tx_power": None,
    "bandwidth": 0,
    "sf": 7,
    "preamble": 8,
    "coding_rate": 1,
    "power_mode": 0,
    "tx_iq": False,
    "rx_iq": False,
    "adr": False,
    "public": True,
    "tx_retries": 2,
    "device_class": 0,
    "region": None,
}


class LoRa:
    """``network.LoRa`` (firmware: esp32/mods/modlora.c): it can be made with a mode and a region; there is no radio."""

    timeout = BoardTimeoutError
    _note: ClassVar[NoteSink]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """``LoRa(id=0, *, mode=LORA, region=None)``; a region left out is the configured one, here EU868.

        Raises OSError "resource not available", ValueError "invalid mode %d", "invalid region %d", TypeError, and
        NotImplementedError for a radio setting other than its default.
        """
        found = bind(args, kwargs, {"id": 0}, _LORA)
        if to_int(found["id"]) != 0:
            raise BoardOSError(NOT_AVAILABLE)
        mode = to_int(found["mode"])
        if mode not in (LORA, LORAWAN):
            raise ValueError(f"invalid mode {mode}")
        region = EU868 if found["region"] is None else to_int(found["region"])
        if region not in REGIONS:
            raise ValueError(f"invalid region {region}")
        for name, default in _LORA.items():
            if name not in ("mode", "region") and found[name] != default:
                raise not_emulated(f"network.LoRa({name}=...)", cls._note)
        return object.__new__(cls)


def _completed(name: str, base: type, attributes: dict[str, Any], board: str, note: NoteSink) -> type:
    """A class with the board's constants, and with methods that say so where they are not emulated."""

    def absent(path: str) -> Callable[..., Any]:
        def method(self: object, *args: object, **kwargs: object) -> Any:
            raise not_emulated(path, note)

        method._not_emulated = True  # type: ignore[attr-defined]
        return method

    for member, entry in api.members("network", board)[name].members.items():
        if entry.kind == "constant":
            attributes.setdefault(member, entry.value)
        elif entry.kind == "function" and not hasattr(base, member):
            attributes[member] = absent(f"network.{name}.{member}")
    return type(name, (base,), {**attributes, "__module__": __name__})


def module(device: Device) -> dict[str, Any]:
    """Give the names of ``network``; radios other than WLAN have names only."""
    board = device.board.model.platform
    state = device.board.power_state
    if state.radio is None:
        state.radio = Radio(device)
    state.radio.attach(device)
    names = {
        "WLAN": _completed("WLAN", Wlan, {"_radio": state.radio}, board, device.note),
        "Server": _completed("Server", Server, {"_servers": device.board.servers}, board, device.note),
    }
    if "LoRa" in api.members("network", board):
        names["LoRa"] = _completed("LoRa", LoRa, {"_note": staticmethod(device.note)}, board, device.note)
    return names
