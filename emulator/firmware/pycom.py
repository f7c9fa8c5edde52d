"""``pycom`` (firmware: esp32/mods/modpycom.c): LED and non-volatile storage; the rest says that it is not emulated yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import natives

if TYPE_CHECKING:
    from emulator.device import Device

LONGEST_KEY = 15
LONGEST_TEXT = 1983
CONSTANTS = {"FACTORY": 0, "OTA_0": 1, "FAT": 0, "LittleFS": 1}
_NONE = object()


def module(device: Device) -> dict[str, Any]:
    """The names of ``pycom`` that a first script touches."""
    nvs = device.board.nvs
    led = {"heartbeat": True, "colour": 0}

    def heartbeat(enable: Any = _NONE, /) -> bool | None:
        if enable is _NONE:
            return bool(led["heartbeat"])
        led["heartbeat"] = bool(enable)
        led["colour"] = 0
        return None

    def rgbled(rgb: Any = _NONE, /) -> int | None:
        if led["heartbeat"]:
            raise BoardOSError("the requested operation is not possible")
        if rgb is _NONE:
            return int(led["colour"])
        if not isinstance(rgb, int):
            raise TypeError(f"can't convert {type(rgb).__name__} to int")
        led["colour"] = rgb & 0xFFFFFF
        return None

    def nvs_set(key: Any, value: Any, /) -> None:
        name = _key(key)
        if isinstance(value, bool) or not isinstance(value, (int, str, bytes)):
            raise ValueError("Value must be string, bytes or integer")
        if isinstance(value, int):
            nvs.set(name, (value + (1 << 31)) % (1 << 32) - (1 << 31))
            return
        data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        if len(data) > LONGEST_TEXT:
            raise ValueError("value too long (max: 1984)")
        nvs.set(name, data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape"))

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

    return {
        **natives(heartbeat, rgbled, nvs_set, nvs_get, nvs_erase, nvs_erase_all),
        **CONSTANTS,
    }


def _key(key: Any) -> str:
    """The key as stored. Raises TypeError, ValueError."""
    if isinstance(key, bytes):
        key = key.decode("utf-8", "surrogateescape")
    if not isinstance(key, str):
        raise TypeError(f"can't convert '{type(key).__name__}' object to str implicitly")
    key = key.split("\0", 1)[0]
    if not key:
        raise ValueError("Key is invalid")
    if len(key.encode("utf-8", "surrogateescape")) > LONGEST_KEY:
        raise ValueError("Key is too long")
    return str(key)
