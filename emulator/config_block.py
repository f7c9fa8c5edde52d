"""The configuration block: what ``pycom.*_on_boot`` and its neighbours keep over every reset and without power.

One sector of the board's flash, apart from /flash and from NVS (firmware: esp32/pycom_config.h, esp32/pycom_config.c). A field
that was never set reads as its bits of erased flash do, all ones: that is its default here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Value = bool | int | str | None
Kind = Literal["flag", "number", "text"]

FAT, LITTLEFS = 0, 1
"""``boot_fs_type``, as ``pycom.FAT`` and ``pycom.LittleFS``."""
FILE_SYSTEMS: dict[int, Literal["littlefs", "fat"]] = {FAT: "fat", LITTLEFS: "littlefs"}

WIFI_NONE, WIFI_STA, WIFI_AP, WIFI_STA_AP = range(4)
NO_TIMEOUT = 0xFFFFFFFF
LEAST_WDT_TIMEOUT = 5000
"""Milliseconds."""


@dataclass(frozen=True, slots=True)
class Field:
    """``most`` is the largest number, or the bytes of a text that are kept; ``source`` is where the firmware reads it."""

    kind: Kind
    default: Value
    most: int = 0
    source: str = "esp32/pycom_config.c"


FIELDS: dict[str, Field] = {
    "wifi_on_boot": Field("flag", True, source="esp32/mptask.c mptask_config_wifi"),
    "wifi_mode_on_boot": Field("number", WIFI_NONE, 3, source="esp32/mptask.c mptask_config_wifi"),
    "wifi_ssid_sta": Field("text", None, 32),
    "wifi_pwd_sta": Field("text", None, 64),
    "wifi_ssid_ap": Field("text", None, 32),
    "wifi_pwd_ap": Field("text", None, 64),
    "heartbeat_on_boot": Field("flag", True, source="esp32/util/mperror.c"),
    "wdt_on_boot": Field("flag", True, source="esp32/mptask.c"),
    "wdt_on_boot_timeout": Field("number", NO_TIMEOUT, 0xFFFFFFFF, source="esp32/mptask.c"),
    "lte_modem_en_on_boot": Field("flag", True, source="esp32/mptask.c"),
    # read and written by Pybytes builds only; kept for them
    "pybytes_on_boot": Field("flag", True),
    "smart_config_on_boot": Field("flag", True),
    "pybytes_force_update": Field("flag", False),
    "boot_fs_type": Field("number", LITTLEFS, 1, source="esp32/mptask.c mptask_init_sflash_filesystem"),
}


class ConfigBlock:
    """The fields of :data:`FIELDS`. ``on_change`` is called after each change."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, Value] = _defaults()
        self.on_change: Callable[[], None] = lambda: None

    def get(self, name: str) -> Value:
        """The value of a field. Raises KeyError."""
        with self._lock:
            return self._values[name]

    def set(self, name: str, value: Value) -> None:
        """Store at once; a text is cut to what the field holds. Raises KeyError, ValueError."""
        kept = _kept(name, value)
        with self._lock:
            changed = self._values[name] != kept
            self._values[name] = kept
        if changed:
            self.on_change()

    def items(self) -> dict[str, Value]:
        """A copy of everything."""
        with self._lock:
            return dict(self._values)

    def load(self, values: Mapping[str, Any]) -> None:
        """Replace everything, without notice; fields that are not given have their defaults. Raises ValueError."""
        loaded = _defaults()
        for name, value in values.items():
            if name not in FIELDS:
                raise ValueError(f"no setting {name!r}; there are {', '.join(FIELDS)}")
            loaded[name] = _kept(name, value)
            if loaded[name] != value:
                raise ValueError(f"{name}: longer than {FIELDS[name].most} bytes")
        with self._lock:
            self._values = loaded

    # -- what the boot asks

    @property
    def file_system(self) -> Literal["littlefs", "fat"]:
        """What /flash is from the next boot on."""
        return FILE_SYSTEMS[FAT if self.get("boot_fs_type") == FAT else LITTLEFS]

    def load_file_system(self, kind: str) -> None:
        """Have /flash be this, without notice."""
        with self._lock:
            self._values["boot_fs_type"] = FAT if kind == "fat" else LITTLEFS

    def after_hard_reset(self) -> None:
        """Correct what each hard reset corrects before a script runs (firmware: esp32/mptask.c).

        A watchdog without a time is switched off, and WiFi without a mode is an access point.
        """
        if self.get("wdt_on_boot") and self.get("wdt_on_boot_timeout") == NO_TIMEOUT:
            self.set("wdt_on_boot", False)
        if self.get("wifi_mode_on_boot") == WIFI_NONE:
            self.set("wifi_mode_on_boot", WIFI_AP)


def _defaults() -> dict[str, Value]:
    return {name: field.default for name, field in FIELDS.items()}


def _kept(name: str, value: object) -> Value:
    """Return what a field holds of a value. Raises KeyError, ValueError."""
    field = FIELDS[name]
    if field.kind == "flag":
        if isinstance(value, bool):
            return value
        raise ValueError(f"{name}: true or false")
    if field.kind == "number":
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= field.most:
            return value
        raise ValueError(f"{name}: a whole number from 0 to {field.most}")
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name}: a text, or null for none")  # noqa: TRY004  as for the other kinds
    try:
        raw = value.encode("utf-8", "surrogateescape")  # a text that was cut inside a character
    except UnicodeEncodeError:
        raw = value.encode("utf-8", "surrogatepass")
    return raw.split(b"\0", 1)[0][: field.most].decode("utf-8", "surrogateescape")
