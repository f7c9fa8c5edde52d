"""The table of what the board's modules hold."""

from __future__ import annotations

import keyword
from importlib.resources import files

import pytest

from emulator import api
from emulator.errnos import ERRORCODE
from emulator.models import MODELS

BOARDS = [model.platform for model in MODELS if model.name != "wipy1"]
MODULES = [
    "_thread",
    "array",
    "builtins",
    "cmath",
    "framebuf",
    "gc",
    "math",
    "micropython",
    "network",
    "pycom",
    "sys",
    "ubinascii",
    "ucollections",
    "ucrypto",
    "uctypes",
    "uerrno",
    "uhashlib",
    "uio",
    "ujson",
    "umachine",
    "uos",
    "uqueue",
    "ure",
    "uselect",
    "usocket",
    "ussl",
    "ustruct",
    "utime",
    "utimeq",
    "uzlib",
]
WEAK = {
    "binascii": "ubinascii",
    "crypto": "ucrypto",
    "errno": "uerrno",
    "hashlib": "uhashlib",
    "json": "ujson",
    "machine": "umachine",
    "os": "uos",
    "queue": "uqueue",
    "re": "ure",
    "select": "uselect",
    "socket": "usocket",
    "ssl": "ussl",
    "struct": "ustruct",
    "time": "utime",
}
VALUES = {
    "machine.Pin.OUT": 2,
    "machine.Pin.OPEN_DRAIN": 7,
    "umachine.PWRON_RESET": 0,
    "machine.UART.ODD": 3,
    "socket.SOL_SOCKET": 4095,
    "usocket.AF_LORA": 160,
    "pycom.LittleFS": 1,
    "ure.DEBUG": 4096,
    "math.pi": 3.1415927410125732,
    "sys.version_info": (3, 4, 0),
    "uctypes.BFUINT8": -1073741824,
    "ujson.__name__": "ujson",
    "uqueue.__name__": "queue",
}
SIGNATURES = {
    "machine.Pin": "(id, /, mode=None, pull=None, *, value=None, alt=None)",
    "pycom.nvs_get": "(key, [default], /)",
    "ujson.dumps": "(obj, /)",
    "machine.reset": "()",
    "uqueue.Queue": "(maxsize=1)",
    "builtins.max": "(1 or more arguments)",
}
# name: boards that have it
ONLY_ON = {
    "network.LoRa": {"LoPy", "LoPy4", "FiPy"},
    "network.Sigfox": {"LoPy4", "SiPy", "FiPy"},
    "network.LTE": {"GPy", "FiPy"},
    "network.ETH": set(),
    "network.LoRa.Mesh": set(),
    "usocket.SOCK_RAW": {"LoPy", "LoPy4", "SiPy", "FiPy"},
    "usocket.AF_SIGFOX": {"LoPy4", "SiPy", "FiPy"},
    "pycom.sigfox_info": {"LoPy4", "SiPy", "FiPy"},
    "pycom.pybytes_on_boot": set(),
    "machine.pygate_init": set(),
    "machine.Pin.module.P98": {"GPy"},
    "network.Sigfox.FSK": {"SiPy"},
}


def test_the_modules() -> None:
    assert sorted(api.modules()) == sorted(MODULES)


def test_the_weak_links() -> None:
    assert api.weak_links() == WEAK


@pytest.mark.parametrize(
    "name", ["collections", "io", "zlib", "random", "asyncio", "threading", "uasyncio", "umachine.Pin"]
)
def test_modules_the_board_lacks(name: str) -> None:
    assert api.builtin_module(name) is None
    with pytest.raises(KeyError):
        api.members(name, "FiPy")
    with pytest.raises(KeyError):
        api.object_types(name, "FiPy")


@pytest.mark.parametrize("path", VALUES)
def test_values(path: str) -> None:
    entry = api.lookup(path, "fipy")
    assert entry is not None
    assert (entry.kind, entry.value) == ("constant", VALUES[path])


@pytest.mark.parametrize("path", SIGNATURES)
def test_signatures(path: str) -> None:
    entry = api.lookup(path, "fipy")
    assert entry is not None
    assert entry.signature == SIGNATURES[path]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("path", ONLY_ON)
def test_names_of_some_boards(path: str, board: str) -> None:
    assert (api.lookup(path, board) is not None) is (board in ONLY_ON[path])


@pytest.mark.parametrize("board", BOARDS)
def test_the_platform_is_the_boards_name(board: str) -> None:
    entry = api.lookup("sys.platform", board)
    assert entry is not None
    assert entry.value == board


def test_the_first_wipy_counts_as_a_wipy() -> None:
    assert api.members("umachine", "wipy1") == api.members("umachine", "WiPy")


@pytest.mark.parametrize(
    "path", ["machine.Nothing", "machine.Pin.Nothing", "nothing", "nothing.x", "machine.reset.x", ""]
)
def test_a_name_that_is_nowhere(path: str) -> None:
    assert api.lookup(path, "fipy") is None


def test_a_module_is_looked_up_too() -> None:
    entry = api.lookup("machine", "fipy")
    assert entry is not None
    assert (entry.kind, entry.members) == ("module", api.members("umachine", "FiPy"))


def test_an_unknown_board_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown board 'esp32'"):
        api.members("machine", "esp32")


def test_builtin_names() -> None:
    names = api.builtin_names("fipy")
    assert {"print", "execfile", "open", "OSError", "UnicodeError"} <= set(names)
    assert not {"TimeoutError", "FileNotFoundError", "compile", "NotImplemented", "ascii", "__name__"} & set(names)


def test_error_numbers_agree_with_the_table_of_errors() -> None:
    values = {e.value: n for n, e in api.members("uerrno", "fipy").items() if isinstance(e.value, int)}
    assert values == ERRORCODE


def test_objects_without_a_name_have_types() -> None:
    assert set(api.object_types("re", "fipy")) == {"match", "ure"}
    assert "put" in api.object_types("queue", "fipy")["Queue"].members


def test_every_row_is_well_formed() -> None:
    for path, entry in api.walk("FiPy"):
        assert entry.kind in {"function", "class", "constant", "exception", "module", "object"}, path
        assert entry.name.isidentifier(), path
        assert not keyword.iskeyword(entry.name), path
        if entry.kind == "constant":
            assert entry.value is not None, path


def test_the_table_is_small_and_sorted() -> None:
    data = (files("emulator") / "data" / "api.json").read_bytes()
    assert len(data) < 200_000
    for module in api.modules():
        names = list(api.members(module, "FiPy"))
        assert names == sorted(names)
