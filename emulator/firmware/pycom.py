"""``pycom`` (firmware: esp32/mods/modpycom.c): LED, non-volatile storage, settings of the next boot.

The rest says that it is not emulated yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.boot import SAFE_BOOT_ONCE
from emulator.config_block import FIELDS, LEAST_WDT_TIMEOUT, WIFI_AP, WIFI_STA
from emulator.errors import BoardOSError
from emulator.firmware._arguments import bind, natives
from emulator.firmware._convert import encode, to_text
from emulator.firmware._missing import not_emulated
from emulator.firmware._natives import to_word
from emulator.nvs import LONGEST_KEY, LONGEST_TEXT

if TYPE_CHECKING:
    from emulator.device import Device

CONSTANTS = {"FACTORY": 0, "OTA_0": 1, "FAT": 0, "LittleFS": 1}
WPA2 = 3
"""``network.WLAN.WPA2``, the security of a network with a password."""
_NONE: Any = object()
_NOT_GIVEN = 255
_BOOTMGR = {"boot_partition": _NOT_GIVEN, "fs_type": _NOT_GIVEN, "safeboot": _NOT_GIVEN, "reset": False}
_FS_NAMES = {"fat": "FAT", "littlefs": "LittleFS"}


def module(device: Device) -> dict[str, Any]:
    """The names of ``pycom``: LED, NVS, and the fields of the configuration block as functions that get and set."""
    nvs, config = device.board.nvs, device.board.config
    board, led = device.board, device.board.led

    def heartbeat(enable: Any = _NONE, /) -> bool | None:
        if enable is _NONE:
            return led.heartbeat
        led.beat(bool(enable))
        return None

    def rgbled(rgb: Any = _NONE, /) -> int | None:
        if led.heartbeat:
            raise BoardOSError("the requested operation is not possible")
        if rgb is _NONE:
            return led.colour
        led.show(to_word(rgb))
        return None

    def nvs_set(key: Any, value: Any, /) -> None:
        name = _key(key)
        kept: int | str
        if isinstance(value, (str, bytes)):
            data = (encode(value) if isinstance(value, str) else value).split(b"\0", 1)[0]
            if len(data) > LONGEST_TEXT:
                raise ValueError("value too long (max: 1984)")
            kept = data.decode("utf-8", "surrogateescape")
        elif isinstance(value, int) and not isinstance(value, bool):
            kept = (value + (1 << 31)) % (1 << 32) - (1 << 31)
        else:
            raise ValueError("Value must be string, bytes or integer")
        if not name:
            raise ValueError("Key is invalid")
        if len(encode(name)) > LONGEST_KEY:
            raise ValueError("Key is too long")
        nvs.set(name, kept)

    def nvs_get(key: Any, default: Any = _NONE, /) -> Any:
        value = nvs.get(_key(key))
        if value is not None:
            return value
        if default is _NONE:
            raise ValueError("No matching object for the provided key")
        return default

    def nvs_erase(key: Any, /) -> None:
        if not nvs.erase(_key(key)):
            raise KeyError("key not found")

    def nvs_erase_all() -> None:
        nvs.erase_all()

    def flag(name: str) -> Any:
        def setting(enable: Any = _NONE, /) -> bool | None:
            if enable is _NONE:
                return bool(config.get(name))
            config.set(name, bool(enable))
            return None

        return _named(setting, name)

    def text(name: str) -> Any:
        def setting(value: Any = _NONE, /) -> Any:
            if value is _NONE:
                return config.get(name)
            if value is None or isinstance(value, str):  # anything else is ignored
                config.set(name, value)
            return None

        return _named(setting, name)

    def wifi_on_boot(enable: Any = _NONE, apply_now: Any = False, /) -> bool | None:
        if enable is _NONE:
            return bool(config.get("wifi_on_boot"))
        if config.get("wifi_on_boot") != bool(enable):
            config.set("wifi_on_boot", bool(enable))
            if apply_now:
                _switch_wifi(device, bool(enable))
        return None

    def wifi_mode_on_boot(mode: Any = _NONE, /) -> Any:
        if mode is _NONE:
            return config.get("wifi_mode_on_boot")
        number = to_word(mode) & 0xFF
        if number <= FIELDS["wifi_mode_on_boot"].most:  # anything else is ignored
            config.set("wifi_mode_on_boot", number)
        return None

    def wdt_on_boot_timeout(timeout_ms: Any = _NONE, /) -> Any:
        if timeout_ms is _NONE:
            return config.get("wdt_on_boot_timeout")
        timeout = to_word(timeout_ms) & 0xFFFFFFFF
        if timeout < LEAST_WDT_TIMEOUT:
            raise ValueError("WDT on boot timeout must be >= 5000 ms")
        config.set("wdt_on_boot_timeout", timeout)
        return None

    def bootmgr(*args: Any, **kwargs: Any) -> tuple[str, ...] | None:
        given = bind(args, kwargs, {}, _BOOTMGR)
        numbers = {name: to_word(given[name]) for name in ("boot_partition", "fs_type", "safeboot")}
        if all(number == _NOT_GIVEN for number in numbers.values()):
            asked = bool(board.safe_boot_flag)
            return "Factory", _FS_NAMES[config.file_system], f"SafeBoot: {asked}", "Status: Ready"
        partition, fs_type, safeboot = (number & 0xFF for number in numbers.values())
        if partition != _NOT_GIVEN:
            if partition != CONSTANTS["OTA_0"]:
                raise ValueError("Error invalid boot partition! or partition already active!")
            raise not_emulated("pycom.bootmgr(boot_partition=pycom.OTA_0)", device.note)
        if safeboot != _NOT_GIVEN and (safeboot > 1 or safeboot == board.safe_boot_flag):
            raise ValueError("Error safeboot must be True or False!")
        if fs_type != _NOT_GIVEN and fs_type > FIELDS["boot_fs_type"].most:
            raise ValueError("Error invalid filesystem type!")
        changed = False
        if fs_type != _NOT_GIVEN:
            changed = config.get("boot_fs_type") != fs_type
            config.set("boot_fs_type", fs_type)
        if safeboot != _NOT_GIVEN:
            changed = True
            board.safe_boot_flag = SAFE_BOOT_ONCE if safeboot else 0
        if changed and given["reset"]:
            device.module("umachine").reset()
        return None

    flags = ("heartbeat_on_boot", "wdt_on_boot", "lte_modem_en_on_boot")
    texts = ("wifi_ssid_sta", "wifi_pwd_sta", "wifi_ssid_ap", "wifi_pwd_ap")
    return {
        **natives(heartbeat, rgbled, nvs_set, nvs_get, nvs_erase, nvs_erase_all),
        **natives(*map(flag, flags), *map(text, texts), wifi_on_boot, wifi_mode_on_boot, wdt_on_boot_timeout),
        "bootmgr": bootmgr,
        **CONSTANTS,
    }


def _named(function: Any, name: str) -> Any:
    function.__name__ = function.__qualname__ = name
    return function


def _switch_wifi(device: Device, on: bool) -> None:
    """Start or stop the radio as the settings say (firmware: esp32/mptask.c mptask_config_wifi)."""
    config, wlan = device.board.config, device.module("network").WLAN
    if not on:
        wlan().deinit()
        return
    mode = config.get("wifi_mode_on_boot") or WIFI_AP
    own, own_key = config.get("wifi_ssid_ap"), config.get("wifi_pwd_ap")
    joined, joined_key = config.get("wifi_ssid_sta"), config.get("wifi_pwd_sta")
    if mode == WIFI_AP and own is None:
        model = device.board.model
        own, own_key = f"{model.ap_ssid_stem}-{device.board.unique_id[-2:].hex()}", model.ap_password
    if own is not None and mode != WIFI_STA:
        wlan(mode=mode, ssid=own, auth=(WPA2, own_key) if own_key else None)
    elif joined is not None:
        wlan(mode=WIFI_STA)
    if joined is not None and mode != WIFI_AP:
        wlan().connect(joined, auth=(WPA2, joined_key) if joined_key else None)


def _key(key: Any) -> str:
    """The key up to its first NUL. Raises TypeError."""
    return to_text(key).split("\0", 1)[0]
