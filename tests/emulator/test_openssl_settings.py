"""The board's groups on the command line, and nothing of them in anybody else's process."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.openssl_settings import FILE, VARIABLE, use_board_groups
from tests.emulator.commandline import LIMIT, ROOT
from tests.ussl_shim import peers
from ussl_shim import engine

SUPPORTED_GROUPS = 10
X25519 = 29
NUMBERS = {
    "P-521": 25,
    "brainpoolP512r1": 28,
    "P-384": 24,
    "brainpoolP384r1": 27,
    "P-256": 23,
    "secp256k1": 22,
    "brainpoolP256r1": 26,
    "P-224": 21,
    "secp224k1": 20,
    "P-192": 19,
    "secp192k1": 18,
}
BOARD = [[NUMBERS[name] for name in groups.split(":")] for groups in engine.GROUPS]
CONNECT = """
import socket, ssl
s = socket.socket()
ss = ssl.wrap_socket(s)
try:
    ss.connect(socket.getaddrinfo('device.test', 8883)[0][-1])
except OSError as e:
    print('OSError', e.args[0])
"""
REFUSED = "OSError -29312\n"
"""The peer takes the hello and hangs up."""


def offered(hello: bytes) -> list[int]:
    """The groups of a ClientHello."""
    at = 43
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2], "big")
    at += 1 + hello[at] + 2
    while at < len(hello):
        kind, size = (int.from_bytes(hello[at + skip : at + skip + 2], "big") for skip in (0, 2))
        if kind == SUPPORTED_GROUPS:
            return [int.from_bytes(hello[here : here + 2], "big") for here in range(at + 6, at + 4 + size, 2)]
        at += 4 + size
    return []


def environment(**changes: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != VARIABLE} | changes


def groups_of(command: list[str], tmp_path: Path, cwd: Path = ROOT, **changes: str) -> list[int]:
    """What a board that ``command`` runs offers."""
    (tmp_path / "main.py").write_text(CONNECT)
    with peers.raw_server(peers.answer(b"")) as peer:
        place = f"device.test:8883=127.0.0.1:{peer.address[1]}"
        done = subprocess.run(
            [*command, "run", str(tmp_path / "main.py"), "--offline", "--map", place],
            env=environment(**changes),
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            stdin=subprocess.DEVNULL,
        )
    assert (done.returncode, done.stdout) == (0, REFUSED), done.stderr
    return offered(peer.connections[0].data)


MODULE = [sys.executable, "-m", "emulator"]


def console_script() -> list[str]:
    """What an installed ``pycom-emulator`` does."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    (line,) = settings["options.entry_points"]["console_scripts"].split("\n")[1:]
    module, _, function = line.partition("=")[2].strip().partition(":")
    return [sys.executable, "-c", f"import sys\nfrom {module} import {function}\nsys.exit({function}())"]


@pytest.mark.parametrize("command", [MODULE, console_script()], ids=["python -m emulator", "pycom-emulator"])
def test_the_command_line_offers_the_boards_groups(command: list[str], tmp_path: Path) -> None:
    assert groups_of(command, tmp_path) in BOARD


def test_wherever_it_is_installed(tmp_path: Path) -> None:
    place = tmp_path / "Ünter ein Ördner 目"
    for package in ("emulator", "flashfs", "ussl_shim"):
        shutil.copytree(ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__"))
    assert groups_of(MODULE, tmp_path, cwd=place) in BOARD


own_settings = pytest.mark.skipif(hasattr(ssl.SSLContext, "set_groups"), reason="the library sets the groups itself")


@own_settings
@pytest.mark.nightly
def test_from_a_zip_archive_the_hosts_groups_are_offered(tmp_path: Path) -> None:
    archive = tmp_path / "packages.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for package in ("emulator", "flashfs", "ussl_shim"):
            for path in (ROOT / package).rglob("*.py"):
                packed.write(path, path.relative_to(ROOT))
    assert X25519 in groups_of(MODULE, tmp_path, cwd=tmp_path, PYTHONPATH=str(archive))


@own_settings
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nGroups = P-256\n", lambda it: it == [23]),
        (
            "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nGroups = nosuch\n",
            lambda it: X25519 in it,
        ),
        pytest.param("rubbish [\n", lambda it: X25519 in it, marks=pytest.mark.nightly),
        pytest.param("", lambda it: X25519 in it, marks=pytest.mark.nightly),
        pytest.param(None, lambda it: X25519 in it, marks=pytest.mark.nightly),
    ],
    ids=["one group", "unknown group", "rubbish", "empty file", "no such file"],
)
def test_a_persons_own_settings_stay(text: str | None, expected: Callable[[list[int]], bool], tmp_path: Path) -> None:
    mine = tmp_path / "my openssl.cnf"
    if text is not None:
        mine.write_text(text)
    assert expected(groups_of(MODULE, tmp_path, OPENSSL_CONF=str(mine)))


def test_the_variable_is_set_once_and_never_over_anothers(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    assert use_board_groups(environ)
    assert environ == {VARIABLE: str(FILE)}
    assert not use_board_groups(environ)
    for theirs in ("/etc/mine.cnf", ""):
        environ = {VARIABLE: theirs}
        assert not use_board_groups(environ)
        assert environ == {VARIABLE: theirs}
    environ = {}
    assert not use_board_groups(environ, tmp_path / "packages.zip" / "openssl.cnf")
    assert environ == {}


def test_the_file_says_what_the_library_says() -> None:
    lines = re.findall(r"^\d\.Groups = (.*)$", FILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert tuple(reversed(lines)) == engine.GROUPS  # the last one that is understood counts there, the first one here
    assert {name for groups in lines for name in groups.split(":")} == set(NUMBERS)
    assert FILE.read_text(encoding="utf-8").isascii()


@pytest.mark.needs("openssl")
def test_the_openssl_of_this_system_takes_the_file() -> None:
    with peers.raw_server(peers.answer(b"")) as peer:
        subprocess.run(
            [
                "openssl",
                "s_client",
                "-tls1_2",
                "-cipher",
                "ALL:@SECLEVEL=0",
                "-connect",
                f"127.0.0.1:{peer.address[1]}",
            ],
            env=environment(OPENSSL_CONF=str(FILE)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
    assert offered(peer.connections[0].data) in BOARD


LIBRARY = """
import os, sys
before, there = dict(os.environ), os.environ.copy()
import flashfs, ussl_shim, emulator
import emulator.board, emulator.cli, emulator.commands.run, emulator.openssl_settings, emulator.usage, emulator.__main__
from emulator import Board
from emulator.cli import main
assert main(["explain", "-9984"]) == 0
with Board(maps=["device.test:8883=127.0.0.1:" + sys.argv[2]], offline=True) as board:
    board.load(sys.argv[1])
    result = board.run(timeout=20)
assert result.exit_code == 0, result.text
import ussl_shim.engine
assert dict(os.environ) == before == there
"""


def test_a_library_leaves_the_process_alone(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(CONNECT)
    with peers.raw_server(peers.answer(b"")) as peer:
        done = subprocess.run(
            [sys.executable, "-c", LIBRARY, str(tmp_path / "main.py"), str(peer.address[1])],
            env=environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
    assert done.returncode == 0, done.stderr
    assert (X25519 in offered(peer.connections[0].data)) is not hasattr(ssl.SSLContext, "set_groups")


# What the library itself does about groups, and about settings that it does not understand

STALE = """
import sys
from tests.ussl_shim import peers
from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device
from ussl_shim import engine

certs = Certificates()
with peers.tls_server(peers.server_context(certs["good"]), peers.echo) as peer, Device({}) as device:
    conn = device.wrap_then_connect(peer.address)
    conn.settimeout(0.01)
    engine._Contexts().client(None)  # the context of another connection
    try:
        raise SystemExit(f"came: {conn.recv(1)}")
    except TimeoutError:
        pass
    conn.send(b"ping")
    conn.settimeout(10)
    assert conn.recv(10) == b"ping"
    conn.close()
"""


def test_settings_that_openssl_does_not_understand_disturb_no_connection(tmp_path: Path) -> None:
    """It keeps its complaint for the thread's next error, so another connection's read would fail with it."""
    settings = tmp_path / "openssl.cnf"
    settings.write_text("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nGroups = nosuch\n")
    done = subprocess.run(
        [sys.executable, "-c", STALE],
        env=environment(OPENSSL_CONF=str(settings), PYTHONPATH=os.pathsep.join([str(ROOT), *sys.path])),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr


class NewerContext:
    """The part of a context of CPython 3.15 and later that takes groups; knows some of them."""

    def __init__(self, known: set[str]) -> None:
        self.known = known
        self.groups: str | None = None

    def set_groups(self, groups: str) -> None:
        if not set(groups.split(":")) <= self.known:
            raise ssl.SSLError("unrecognized group")
        self.groups = groups


@pytest.mark.parametrize(
    ("lacks", "expected"),
    [
        ("", engine.GROUPS[0]),
        ("brainpool", engine.GROUPS[1]),
        ("secp P-192 P-224", engine.GROUPS[2]),
        ("brainpool secp", engine.GROUPS[3]),
        ("P-", None),
    ],
    ids=["all", "no Brainpool", "no outdated curves", "few", "none"],
)
def test_where_the_host_takes_groups_the_library_gives_the_boards(lacks: str, expected: str | None) -> None:
    context: Any = NewerContext({name for name in NUMBERS if not name.startswith(tuple(lacks.split()) or ("-",))})
    engine._use_board_groups(context)
    assert context.groups == expected


def test_where_it_does_not_nothing_happens() -> None:
    engine._use_board_groups(object())
