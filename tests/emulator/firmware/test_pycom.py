"""``pycom``: LED and non-volatile storage."""

from __future__ import annotations

from tests.emulator.conftest import RunScript
from tests.emulator.firmware.facts import constants, each_alone, nothing_of_ours

FACTS = {
    "heartbeat at first": ("pycom.heartbeat()", "True"),
    "rgbled under the heartbeat": ("pycom.rgbled(0xFF)", "OSError('the requested operation is not possible',)"),
    "rgbled read under the heartbeat": ("pycom.rgbled()", "OSError('the requested operation is not possible',)"),
    "rgbled": (
        "(pycom.heartbeat(False), pycom.heartbeat(), pycom.rgbled(0x123456), pycom.rgbled())",
        "(None, False, None, 1193046)",
    ),
    "rgbled type": ("(pycom.heartbeat(0), pycom.rgbled('a'))", 'TypeError("can\'t convert str to int",)'),
    "rgbled huge": (
        "(pycom.heartbeat(0), pycom.rgbled(1 << 31))",
        "OverflowError('overflow converting long int to machine word',)",
    ),
    "rgbled count": ("pycom.rgbled(1, 2)", "TypeError('function expected at most 1 arguments, got 2',)"),
    "int": ("(pycom.nvs_set('k', 7), pycom.nvs_get('k'))", "(None, 7)"),
    "int is signed": ("(pycom.nvs_set('k', 2147483648), pycom.nvs_get('k'))", "(None, -2147483648)"),
    "int below 0": ("(pycom.nvs_set('k', -1), pycom.nvs_get('k'))", "(None, -1)"),
    "int is cut": ("(pycom.nvs_set('k', (1 << 40) + 3), pycom.nvs_get('k'))", "(None, 3)"),
    "str": ("(pycom.nvs_set('k', 'v'), pycom.nvs_get(b'k'))", "(None, 'v')"),
    "bytes come back as str": ("(pycom.nvs_set('k', b'v'), pycom.nvs_get('k'))", "(None, 'v')"),
    "text to the first NUL": ("(pycom.nvs_set('k', 'a\\0b'), pycom.nvs_get('k'))", "(None, 'a')"),
    "longest": ("(pycom.nvs_set('k', 'x' * 1983), len(pycom.nvs_get('k')))", "(None, 1983)"),
    "too long": ("pycom.nvs_set('k', 'x' * 1984)", "ValueError('value too long (max: 1984)',)"),
    "too long behind a NUL": ("(pycom.nvs_set('k', 'a\\0' + 'x' * 3000), pycom.nvs_get('k'))", "(None, 'a')"),
    "value None": ("pycom.nvs_set('k', None)", "ValueError('Value must be string, bytes or integer',)"),
    "value True": ("pycom.nvs_set('k', True)", "ValueError('Value must be string, bytes or integer',)"),
    "value 1.5": ("pycom.nvs_set('k', 1.5)", "ValueError('Value must be string, bytes or integer',)"),
    "value []": ("pycom.nvs_set('k', [])", "ValueError('Value must be string, bytes or integer',)"),
    "value bytearray(b'a')": (
        "pycom.nvs_set('k', bytearray(b'a'))",
        "ValueError('Value must be string, bytes or integer',)",
    ),
    "key of 15": ("(pycom.nvs_set('k' * 15, 1), pycom.nvs_get('k' * 15))", "(None, 1)"),
    "key of 16": ("pycom.nvs_set('k' * 16, 1)", "ValueError('Key is too long',)"),
    "no key": ("pycom.nvs_set('', 1)", "ValueError('Key is invalid',)"),
    "key type": ("pycom.nvs_set(5, 1)", "TypeError(\"can't convert 'int' object to str implicitly\",)"),
    "key before value": (
        "pycom.nvs_set(None, None)",
        "TypeError(\"can't convert 'NoneType' object to str implicitly\",)",
    ),
    "missing": ("pycom.nvs_get('nope')", "ValueError('No matching object for the provided key',)"),
    "missing with a default": ("pycom.nvs_get('nope', [])", "[]"),
    "default None": ("pycom.nvs_get('nope', None)", "None"),
    "get type": ("pycom.nvs_get(5)", "TypeError(\"can't convert 'int' object to str implicitly\",)"),
    "get count": ("pycom.nvs_get()", "TypeError('function missing 1 required positional arguments',)"),
    "get keyword": ("pycom.nvs_get('k', default=1)", 'TypeError("function doesn\'t take keyword arguments",)'),
    "erase": ("(pycom.nvs_set('k', 1), pycom.nvs_erase('k'), pycom.nvs_get('k', 0))", "(None, None, 0)"),
    "erase missing": ("pycom.nvs_erase('nope')", "KeyError('key not found',)"),
    "erase type": ("pycom.nvs_erase(5)", "TypeError(\"can't convert 'int' object to str implicitly\",)"),
    "boot manager": ("pycom.bootmgr()", "('Factory', 'LittleFS', 'SafeBoot: False', 'Status: Ready')"),
    "boot manager, defaults given": (
        "pycom.bootmgr(fs_type=255)",
        "('Factory', 'LittleFS', 'SafeBoot: False', 'Status: Ready')",
    ),
    "file system": ("(pycom.bootmgr(fs_type=pycom.FAT), pycom.bootmgr()[1])", "(None, 'FAT')"),
    "file system, cut to a byte": ("(pycom.bootmgr(fs_type=256), pycom.bootmgr()[1])", "(None, 'FAT')"),
    "file system, the byte for none": ("(pycom.bootmgr(fs_type=-1), pycom.bootmgr()[1])", "(None, 'LittleFS')"),
    "file system, the same": ("pycom.bootmgr(fs_type=1, reset=True)", "None"),
    "file system unknown": ("pycom.bootmgr(fs_type=2)", "ValueError('Error invalid filesystem type!',)"),
    "file system type": ("pycom.bootmgr(fs_type='FAT')", 'TypeError("can\'t convert str to int",)'),
    "boot manager, positional": ("pycom.bootmgr(0)", "TypeError('extra positional arguments given',)"),
    "boot manager, unknown keyword": ("pycom.bootmgr(fs=0)", "TypeError('extra keyword arguments given',)"),
    "partition, the same": (
        "pycom.bootmgr(boot_partition=0)",
        "ValueError('Error invalid boot partition! or partition already active!',)",
    ),
    "partition unknown": (
        "pycom.bootmgr(boot_partition=2, safeboot=7)",
        "ValueError('Error invalid boot partition! or partition already active!',)",
    ),
    "partition": (
        "pycom.bootmgr(boot_partition=pycom.OTA_0)",
        "NotImplementedError('pycom.bootmgr(boot_partition=pycom.OTA_0): the board has it, the emulator does not yet',)",
    ),
    "safe boot, the same": ("pycom.bootmgr(safeboot=False)", "ValueError('Error safeboot must be True or False!',)"),
    "safe boot unknown": ("pycom.bootmgr(safeboot=3)", "ValueError('Error safeboot must be True or False!',)"),
    "safe boot": ("pycom.bootmgr(safeboot=True)", "None"),
    "wifi on boot": ("(pycom.wifi_on_boot(), pycom.wifi_on_boot(0), pycom.wifi_on_boot())", "(True, None, False)"),
    "wifi off now": (
        "(pycom.wifi_on_boot(False, True), pycom.wifi_on_boot(), __import__('network').WLAN().mode())",
        "(None, False, 1)",
    ),
    "wifi mode after the first boot": ("pycom.wifi_mode_on_boot()", "2"),
    "wifi mode": ("(pycom.wifi_mode_on_boot(3), pycom.wifi_mode_on_boot())", "(None, 3)"),
    "wifi mode none": ("(pycom.wifi_mode_on_boot(0), pycom.wifi_mode_on_boot())", "(None, 0)"),
    "wifi mode unknown is ignored": ("(pycom.wifi_mode_on_boot(4), pycom.wifi_mode_on_boot())", "(None, 2)"),
    "wifi mode cut to a byte": ("(pycom.wifi_mode_on_boot(257), pycom.wifi_mode_on_boot())", "(None, 1)"),
    "wifi mode type": ("pycom.wifi_mode_on_boot('x')", 'TypeError("can\'t convert str to int",)'),
    "ssid at first": ("(pycom.wifi_ssid_sta(), pycom.wifi_ssid_ap())", "(None, None)"),
    "ssid": ("(pycom.wifi_ssid_sta('net'), pycom.wifi_ssid_sta(), pycom.wifi_ssid_ap())", "(None, 'net', None)"),
    "ssid cut": ("(pycom.wifi_ssid_ap('x' * 40), len(pycom.wifi_ssid_ap()))", "(None, 32)"),
    "ssid to its NUL": ("(pycom.wifi_ssid_ap('a\\0b'), pycom.wifi_ssid_ap())", "(None, 'a')"),
    "ssid empty": ("(pycom.wifi_ssid_ap(''), pycom.wifi_ssid_ap())", "(None, '')"),
    "ssid cleared": ("(pycom.wifi_ssid_ap('x'), pycom.wifi_ssid_ap(None), pycom.wifi_ssid_ap())", "(None, None, None)"),
    "ssid of another type is ignored": (
        "(pycom.wifi_ssid_ap('x'), pycom.wifi_ssid_ap(b'y'), pycom.wifi_ssid_ap(5), pycom.wifi_ssid_ap())",
        "(None, None, None, 'x')",
    ),
    "password": ("(pycom.wifi_pwd_sta('secret'), pycom.wifi_pwd_sta(), pycom.wifi_pwd_ap())", "(None, 'secret', None)"),
    "password cut": ("(pycom.wifi_pwd_ap('x' * 70), len(pycom.wifi_pwd_ap()))", "(None, 64)"),
    "heartbeat on boot": (
        "(pycom.heartbeat_on_boot(), pycom.heartbeat_on_boot(False), pycom.heartbeat_on_boot(), pycom.heartbeat())",
        "(True, None, False, True)",
    ),
    "watchdog after the first boot": ("(pycom.wdt_on_boot(), pycom.wdt_on_boot_timeout())", "(False, 4294967295)"),
    "watchdog": (
        "(pycom.wdt_on_boot_timeout(5000), pycom.wdt_on_boot([1]), pycom.wdt_on_boot(), pycom.wdt_on_boot_timeout())",
        "(None, None, True, 5000)",
    ),
    "watchdog too short": ("pycom.wdt_on_boot_timeout(4999)", "ValueError('WDT on boot timeout must be >= 5000 ms',)"),
    "watchdog without a sign": ("(pycom.wdt_on_boot_timeout(-2), pycom.wdt_on_boot_timeout())", "(None, 4294967294)"),
    "watchdog type": ("pycom.wdt_on_boot_timeout(None)", 'TypeError("can\'t convert NoneType to int",)'),
    "modem": (
        "(pycom.lte_modem_en_on_boot(), pycom.lte_modem_en_on_boot(0), pycom.lte_modem_en_on_boot())",
        "(True, None, False)",
    ),
    "setting count": ("pycom.wifi_ssid_sta(1, 2)", "TypeError('function expected at most 1 arguments, got 2',)"),
    "setting keyword": ("pycom.wdt_on_boot(enable=1)", 'TypeError("function doesn\'t take keyword arguments",)'),
    "what only Pybytes builds have": ("hasattr(pycom, 'pybytes_on_boot')", "False"),
    "erase all": ("(pycom.nvs_set('k', 1), pycom.nvs_erase_all(), pycom.nvs_get('k', 0))", "(None, None, 0)"),
}

test_fact = each_alone("pycom", FACTS)
test_nothing_of_ours_is_in_sight = nothing_of_ours("pycom", ["pycom"])
test_constants = constants("pycom")


def test_storage_outlives_a_reset(run_script: RunScript) -> None:
    script = "import machine, pycom\nif not machine.reset_cause():\n    pycom.nvs_set('k', 'v')\n    machine.reset()\nprint(pycom.nvs_get('k'))"
    assert run_script(script).text == "v\n"


def test_settings_are_those_of_the_next_boot(run_script: RunScript) -> None:
    script = """\
import machine, pycom
print(machine.reset_cause(), pycom.heartbeat(), pycom.wifi_mode_on_boot(), pycom.wdt_on_boot())
if not machine.reset_cause():
    pycom.heartbeat_on_boot(False)
    pycom.wifi_mode_on_boot(0)
    pycom.wdt_on_boot(True)
    machine.reset()
"""
    assert run_script(script).text == "0 True 2 False\n2 False 2 False\n"


def test_a_watchdog_at_boot_says_that_it_is_not_emulated(run_script: RunScript) -> None:
    script = """\
import machine, pycom
if not machine.reset_cause():
    pycom.wdt_on_boot_timeout(5000)
    pycom.wdt_on_boot(True)
    machine.reset()
print(pycom.wdt_on_boot())
"""
    result = run_script(script)
    assert result.text == "True\n"
    assert [note.code for note in result.notes] == ["not-emulated"]


def test_another_file_system_at_once(run_script: RunScript) -> None:
    script = """\
import pycom
print(pycom.bootmgr()[1])
open('/flash/boot.py', 'w').write('print("boot")')
pycom.bootmgr(fs_type=pycom.FAT, reset=True)
print('never')
"""
    result = run_script(script)
    assert result.text == "LittleFS\n"
    assert [note.code for note in result.notes] == ["flash-formatted"]


def test_wifi_is_switched_as_the_settings_say(run_script: RunScript) -> None:
    script = """\
import network, pycom
pycom.wifi_on_boot(False, True)
pycom.wifi_ssid_sta('home')
pycom.wifi_pwd_sta('long-enough')
pycom.wifi_ssid_ap('mine')
pycom.wifi_mode_on_boot(3)
pycom.wifi_on_boot(True, True)
wlan = network.WLAN()
print(wlan.mode(), wlan.ssid(), wlan.isconnected())
"""
    assert run_script(script).text == "3 ('home', 'mine') True\n"
