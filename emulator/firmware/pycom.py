"""``pycom`` (firmware: esp32/mods/modpycom.c): LED and non-volatile storage; the rest says that it is not emulated yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import natives
from emulator.firmware._convert import encode, to_text
from emulator.firmware._natives import to_word

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
        led["colour"] = to_word(rgb)
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

    return {
        **natives(heartbeat, rgbled, nvs_set, nvs_get, nvs_erase, nvs_erase_all),
        **CONSTANTS,
    }


def _key(key: Any) -> str:
    """The key up to its first NUL. Raises TypeError."""
    return to_text(key).split("\0", 1)[0]
