"""The board's OSError and the way from the host's errors to it."""

from __future__ import annotations

import copy
import errno
import socket
import traceback

import pytest

from emulator.errnos import ERRORCODE, HOST_TO_BOARD, NEWLIB, board_errno
from emulator.errors import BoardOSError, BoardTimeoutError
from flashfs import DeviceError

SHOWN = [
    ((), "", "OSError()"),
    ((2,), "[Errno 2] ENOENT", "OSError(2,)"),
    ((104,), "[Errno 104] ECONNRESET", "OSError(104,)"),
    ((116,), "[Errno 116] ETIMEDOUT", "OSError(116,)"),
    ((110,), "110", "OSError(110,)"),
    ((28,), "28", "OSError(28,)"),
    ((39,), "39", "OSError(39,)"),
    ((0,), "0", "OSError(0,)"),
    ((-1,), "[Errno -1] ERR_MEM", "OSError(-1,)"),
    ((-9984,), "-9984", "OSError(-9984,)"),
    ((-26624,), "[Errno -26624] MBEDTLS_ERR_SSL_TIMEOUT", "OSError(-26624,)"),
    ((-30592,), "[Errno -30592] MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE", "OSError(-30592,)"),
    ((202,), "[Errno 202] EAI_FAIL", "OSError(202,)"),
    ((257,), "[Errno 257] ESP_ERR_NO_MEM", "OSError(257,)"),
    (("CA file not found",), "CA file not found", "OSError('CA file not found',)"),
    ((True,), "True", "OSError(True,)"),
    ((None,), "None", "OSError(None,)"),
    ((2, "x"), "(2, 'x')", "OSError(2, 'x')"),
    ((2, "x", "file"), "(2, 'x', 'file')", "OSError(2, 'x', 'file')"),
]
HIDDEN = ["errno", "strerror", "filename", "filename2", "characters_written", "winerror"]
HOST = {
    "ENOENT": 2,
    "EAGAIN": 11,
    "EWOULDBLOCK": 11,
    "EACCES": 13,
    "ECONNRESET": 104,
    "EPIPE": 104,
    "ECONNREFUSED": 111,
    "EADDRINUSE": 112,
    "ECONNABORTED": 113,
    "ENETUNREACH": 118,
    "ETIMEDOUT": 116,
    "EHOSTUNREACH": 118,
    "EINPROGRESS": 119,
    "EALREADY": 120,
    "EMSGSIZE": 122,
    "EISCONN": 127,
    "ENOTCONN": 128,
    "EOPNOTSUPP": 95,
    "EADDRNOTAVAIL": 125,
}
BY_CLASS = [
    (ConnectionRefusedError(), 111),
    (ConnectionResetError(), 104),
    (BrokenPipeError(), 104),
    (ConnectionAbortedError(), 113),
    (BlockingIOError(), 11),
    (TimeoutError(), 116),
    (TimeoutError("timed out"), 116),
    (FileNotFoundError(), 2),
    (OSError(), 5),
    (OSError("text"), 5),
    (OSError(99999, "no such number"), 5),
    (socket.gaierror(socket.EAI_NONAME, "x"), 202),
    (socket.gaierror(), 202),
    (socket.herror(1, "x"), 202),
]


@pytest.mark.parametrize(("args", "text", "shown"), SHOWN, ids=[repr(args) for args, _, _ in SHOWN])
def test_printed_as_on_the_board(args: tuple[object, ...], text: str, shown: str) -> None:
    error = BoardOSError(*args)
    assert (str(error), repr(error), error.args) == (text, shown, args)


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize(("error", "shown"), [(BoardOSError(2), "OSError"), (BoardTimeoutError("t"), "TimeoutError")])
def test_the_hosts_attributes_are_not_there(error: BoardOSError, shown: str, name: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(error, name)
    assert str(caught.value) == f"'{shown}' object has no attribute '{name}'"
    with pytest.raises(AttributeError):
        setattr(error, name, 1)
    assert not hasattr(type(error), name)


def test_names_of_the_classes() -> None:
    assert (BoardOSError.__name__, BoardTimeoutError.__name__) == ("OSError", "TimeoutError")
    assert issubclass(BoardTimeoutError, BoardOSError)
    assert issubclass(BoardOSError, DeviceError)


def test_no_number_makes_another_class() -> None:
    assert {type(BoardOSError(number)) for number in (2, 13, 17, 104, 111)} == {BoardOSError}


def test_a_timeout_prints_its_number_bare() -> None:
    assert str(BoardTimeoutError("timed out")) == "timed out"
    assert str(BoardTimeoutError(116)) == "116"


def test_a_scripts_own_class_prints_like_its_base() -> None:
    class Mine(BoardOSError):
        pass

    assert str(Mine(2)) == "[Errno 2] ENOENT"
    with pytest.raises(AttributeError, match="'Mine' object has no attribute 'errno'"):
        Mine(2).errno  # noqa: B018


@pytest.mark.parametrize("error", [BoardOSError(2), BoardOSError("text"), BoardOSError(), BoardOSError(1, 2)], ids=repr)
def test_copies_are_equal(error: BoardOSError) -> None:
    twin = copy.copy(error)
    assert (type(twin), twin.args) == (type(error), error.args)


def test_the_host_can_still_print_a_traceback() -> None:
    assert traceback.format_exception(BoardOSError(2))[-1].endswith("OSError: [Errno 2] ENOENT\n")


@pytest.mark.parametrize("name", [name for name in HOST if hasattr(errno, name)])
def test_host_numbers(name: str) -> None:
    assert board_errno(OSError(getattr(errno, name), "text")) == HOST[name]


@pytest.mark.parametrize(("error", "number"), BY_CLASS, ids=[repr(error) for error, _ in BY_CLASS])
def test_host_errors_by_class(error: OSError, number: int) -> None:
    assert board_errno(error) == number


def test_named_numbers_agree_with_the_boards_table() -> None:
    shared = {name: number for number, name in ERRORCODE.items() if name in NEWLIB}
    assert shared == {name: NEWLIB[name] for name in shared}
    assert len(shared) == 24
    assert set(HOST_TO_BOARD.values()) <= set(NEWLIB.values())


def test_from_host() -> None:
    error = BoardOSError(5)
    assert BoardOSError.from_host(error) is error
    assert BoardOSError.from_host(ConnectionRefusedError()).args == (111,)
    assert BoardOSError.from_host(DeviceError("text")).args == ("text",)
