"""Arguments are bound and checked in the board's order, with its texts; no file and no network is touched."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashfs.errors import DeviceError
from ussl_shim import Environment, Settings, bind, bind_save_session, prepare
from ussl_shim.arguments import to_int, to_text


class NoFiles:
    """No file exists; a look for one is remembered."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def read(self, path: bytes) -> bytes:
        self.asked.append(path)
        raise FileNotFoundError("not there")

    def similar(self, path: bytes) -> list[str]:
        return []


S = object()
INVALID = "invalid argument(s) value"
TO_INT = "can't convert {} to int"
TO_STR = "can't convert '{}' object to str implicitly"
CA = "/flash/cert/nosuch.pem"

BINDING = [
    ("no-arguments", (), {}, "'sock' argument required"),
    ("two-positional", (S, "/flash/cert/k.pem"), {}, "extra positional arguments given"),
    ("second-positional-comes-before-a-bad-keyword", (S, 1), {"nosuch": 1}, "extra positional arguments given"),
    ("unknown-keyword", (S,), {"nosuch": 1}, "extra keyword arguments given"),
    ("sock-twice", (S,), {"sock": S}, "extra keyword arguments given"),
    ("certreqs-none", (S,), {"cert_reqs": None}, TO_INT.format("NoneType")),
    ("certreqs-str", (S,), {"cert_reqs": "2"}, TO_INT.format("str")),
    ("certreqs-float", (S,), {"cert_reqs": 2.0}, TO_INT.format("float")),
    ("ssl-version-none", (S,), {"ssl_version": None}, TO_INT.format("NoneType")),
    ("certreqs-before-ssl-version", (S,), {"ssl_version": None, "cert_reqs": "2"}, TO_INT.format("str")),
    ("conversion-before-unknown-keyword", (S,), {"nosuch": 1, "cert_reqs": None}, TO_INT.format("NoneType")),
]

CHECKS: list[tuple[str, dict[str, Any], bool, type[Exception] | None, str]] = [
    ("certreqs-true-no-ca", {"cert_reqs": True}, True, ValueError, INVALID),
    ("optional-without-ca", {"cert_reqs": 1}, True, ValueError, INVALID),
    ("certreqs-4-without-ca", {"cert_reqs": 4}, True, ValueError, INVALID),
    ("server-without-cert", {"server_side": True}, True, ValueError, INVALID),
    ("server-without-key", {"server_side": 1, "certfile": "/flash/cert/c.pem"}, True, ValueError, INVALID),
    ("keyfile-int", {"keyfile": 5}, True, TypeError, TO_STR.format("int")),
    ("keyfile-bytearray", {"keyfile": bytearray(b"x")}, True, TypeError, TO_STR.format("bytearray")),
    ("certfile-int-alone", {"certfile": 5}, True, TypeError, TO_STR.format("int")),
    ("ca-int", {"cert_reqs": 2, "ca_certs": 5}, True, TypeError, TO_STR.format("int")),
    ("ca-int-cert-none", {"ca_certs": 5}, True, None, ""),
    ("hostname-int", {"server_hostname": 5}, True, TypeError, TO_STR.format("int")),
    ("keyfile-before-certfile", {"keyfile": 5, "certfile": 1.5}, True, TypeError, TO_STR.format("int")),
    ("sock-wrong", {}, False, ValueError, INVALID),
    ("saved-session-wrong-type", {"saved_session": "x"}, True, ValueError, INVALID),
    ("timeout-float", {"timeout": 1.5}, True, TypeError, TO_INT.format("float")),
    ("timeout-none", {"timeout": None}, True, None, ""),
    ("timeout-bool", {"timeout": True}, True, None, ""),
    ("bad-sock-and-missing-ca-file", {"cert_reqs": 2, "ca_certs": CA}, False, ValueError, INVALID),
    ("no-ca-and-keyfile-int", {"cert_reqs": 2, "keyfile": 5}, True, ValueError, INVALID),
    ("hostname-int-and-bad-sock", {"server_hostname": 5}, False, TypeError, TO_STR.format("int")),
    (
        "timeout-str-and-missing-ca-file",
        {"timeout": "5", "cert_reqs": 2, "ca_certs": CA},
        True,
        TypeError,
        TO_INT.format("str"),
    ),
    ("server-no-cert-and-bad-sock", {"server_side": True}, False, ValueError, INVALID),
    ("bad-sock-and-bad-timeout", {"timeout": "5"}, False, ValueError, INVALID),
]


@pytest.mark.parametrize(("args", "kwargs", "text"), [pytest.param(*row[1:], id=row[0]) for row in BINDING])
def test_binding_refuses(args: tuple[Any, ...], kwargs: dict[str, Any], text: str) -> None:
    with pytest.raises(TypeError) as caught:
        bind(args, kwargs)
    assert str(caught.value) == text


@pytest.mark.parametrize(("call", "sock_ok", "error", "text"), [pytest.param(*row[1:], id=row[0]) for row in CHECKS])
def test_checks_in_the_boards_order(
    call: dict[str, Any], sock_ok: bool, error: type[Exception] | None, text: str
) -> None:
    files = NoFiles()
    env = Environment(files)
    bound = bind((S,), call)
    if error is None:
        prepare(env, **bound.keywords(), sock_ok=sock_ok)
    else:
        with pytest.raises(error) as caught:
            prepare(env, **bound.keywords(), sock_ok=sock_ok)
        assert type(caught.value) is error
        assert str(caught.value) == text
    assert files.asked == []


def test_sock_may_be_a_keyword_and_server_side_any_truth_value() -> None:
    bound = bind((), {"sock": S, "server_side": [0], "cert_reqs": True})
    assert (bound.sock, bound.server_side, bound.cert_reqs) == (S, True, 1)


@pytest.mark.parametrize(("args", "kwargs"), [((S,), {}), ((), {"ssl_sock": S})], ids=["positional", "keyword"])
def test_save_session_takes_one_argument(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    assert bind_save_session(args, kwargs) is S


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((), {}, "'ssl_sock' argument required"),
        ((S, 1), {}, "extra positional arguments given"),
        ((S,), {"x": 1}, "extra keyword arguments given"),
    ],
    ids=["none", "two", "unknown"],
)
def test_save_session_refuses(args: tuple[Any, ...], kwargs: dict[str, Any], text: str) -> None:
    with pytest.raises(TypeError) as caught:
        bind_save_session(args, kwargs)
    assert str(caught.value) == text


def test_a_number_beyond_32_bits_overflows() -> None:
    with pytest.raises(OverflowError, match="overflow converting long int to machine word"):
        to_int(1 << 31)


def test_files_are_read_in_order_ca_certificate_key() -> None:
    env = Environment(NoFiles())
    call = {"cert_reqs": 2, "ca_certs": CA, "certfile": CA, "keyfile": CA}
    with pytest.raises(DeviceError) as caught:
        prepare(env, **call, sock_ok=True)  # type: ignore[arg-type]
    assert caught.value.args == ("CA file not found",)


def test_the_error_factory_makes_the_exception() -> None:
    class Own(Exception):
        pass

    env = Environment(NoFiles(), Settings(), error=Own)
    with pytest.raises(Own, match="CA file not found"):
        prepare(env, cert_reqs=1, ca_certs=CA, sock_ok=True)


@given(st.one_of(st.text(), st.binary()))
def test_text_is_cut_at_the_first_nul(value: str | bytes) -> None:
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    cut = to_text(value)
    assert cut is not None
    assert b"\0" not in cut
    assert raw == cut or raw.startswith(cut + b"\0")
