"""The board's error numbers by name."""

from __future__ import annotations

import pytest

from tests.emulator.conftest import RunScript
from tests.emulator.firmware.native import Bench

FACTS = {
    "EPERM": 1,
    "ENOENT": 2,
    "EAGAIN": 11,
    "ECONNRESET": 104,
    "ECONNREFUSED": 111,
    "EADDRINUSE": 112,
    "ETIMEDOUT": 116,
    "EHOSTUNREACH": 118,
    "EINPROGRESS": 119,
    "ENOTCONN": 128,
    "ERR_MEM": -1,
    "ESP_ERR_NO_MEM": 257,
    "EAI_FAIL": 202,
    "TRY_AGAIN": 213,
    "MBEDTLS_ERR_NET_CONN_RESET": -80,
    "MBEDTLS_ERR_SSL_TIMEOUT": -26624,
    "MBEDTLS_ERR_PK_PASSWORD_MISMATCH": -15232,
}
ABSENT = [
    "ENOSPC",
    "ENOTDIR",
    "ENOTEMPTY",
    "EPIPE",
    "EWOULDBLOCK",
    "ENETUNREACH",
    "MBEDTLS_ERR_X509_CERT_VERIFY_FAILED",
]


@pytest.mark.parametrize(("name", "number"), FACTS.items(), ids=FACTS)
def test_name_and_number(name: str, number: int) -> None:
    module = Bench().module("uerrno")
    assert module[name] == number
    assert module["errorcode"][number] == name


@pytest.mark.parametrize("name", ABSENT)
def test_names_of_other_systems_are_absent(name: str) -> None:
    assert name not in Bench().module("uerrno")


def test_every_name_has_one_number() -> None:
    module = Bench().module("uerrno")
    names = set(module) - {"__name__", "errorcode"}
    assert len(names) == 141
    assert {module["errorcode"][module[name]] for name in names} == names


def test_a_script_cannot_change_the_table_of_others() -> None:
    with pytest.raises(TypeError):
        Bench().module("uerrno")["errorcode"].clear()
    assert len(Bench().module("uerrno")["errorcode"]) == 141


def test_the_table_of_names_cannot_be_changed(run_script: RunScript) -> None:
    changes = ("[1] = 'x'", ".pop(1)", ".popitem()", ".clear()", ".update({1: 2})", ".setdefault(0, 0)")
    script = (
        "import uerrno\nbefore = uerrno.errorcode.copy()\n"
        f"for change in {changes!r} + ('DEL',):\n"
        "    try:\n        exec('uerrno.errorcode' + change if change != 'DEL' else 'del uerrno.errorcode[1]')\n"
        "    except TypeError as e:\n        print(repr(e))\n"
        "print(before == uerrno.errorcode, type(uerrno.errorcode))\nbefore[1] = 2\n"
    )
    assert run_script(script).text == "TypeError()\n" * 7 + "True <class 'dict'>\n"
