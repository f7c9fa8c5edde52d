"""The commands of docs/how-to/tools.md as they stand there, and what they print."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from emulator import Board
from tests.emulator.commandline import running
from tests.emulator.services.wires import port_of
from tests.tools.conftest import Tool

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of POSIX")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/tools.md").read_text("utf-8")
DEVICE = "/dev/pts/3"
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % (b"M" * 4)


def section(tool: str) -> tuple[list[str], str]:
    """The commands of a section, and all that they print."""
    text = PAGE.partition(f"\n## {tool}\n")[2].partition("\n## ")[0]
    blocks = [re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL) for kind in ("sh", "text")]
    (commands,), (printed,) = blocks
    return commands.splitlines(), printed


@pytest.mark.parametrize(
    ("tool_name", "count"),
    [
        pytest.param("mpremote", 6, marks=pytest.mark.needs("mpremote")),
        pytest.param("ampy", 5, marks=[pytest.mark.needs("ampy"), pytest.mark.nightly]),
        pytest.param("rshell", 4, marks=[pytest.mark.needs("rshell"), pytest.mark.nightly]),
        pytest.param("mpfshell", 1, marks=pytest.mark.needs("mpfshell")),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_section(board: Board, tool: Tool, tmp_path: Path, tool_name: str, count: int) -> None:
    (tmp_path / "main.py").write_text("print('hello')\n")
    (tmp_path / "ca.pem").write_bytes(CERTIFICATE)
    path, stored = board.open_serial(), board.flash / "cert" / "ca.pem"
    commands, printed = section(tool_name)
    assert len(commands) == count
    shown = ""
    for number, line in enumerate(commands):
        words = shlex.split(line.replace(DEVICE, path))
        assert words[0] == tool_name
        shown += tool(*words)
        if number == 0:
            assert count == 1 or stored.read_bytes() == CERTIFICATE
    assert (tmp_path / "back.pem").read_bytes() == CERTIFICATE
    assert not stored.exists()
    assert shown.replace(str(tmp_path), "FOLDER").strip() == printed.strip()


@pytest.mark.needs("mpremote")
@pytest.mark.nightly
def test_an_address_in_place_of_a_device(board: Board, tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(CERTIFICATE)
    port = port_of(board.open_serial_tcp())
    assert "socket://127.0.0.1:5001" in PAGE
    commands, _ = section("mpremote")
    tool(*shlex.split(commands[0].replace(DEVICE, f"socket://127.0.0.1:{port}")))
    assert (board.flash / "cert" / "ca.pem").read_bytes() == CERTIFICATE


@pytest.mark.needs("mpremote")
@pytest.mark.nightly
@pytest.mark.parametrize("words", [["df"], ["rtc"], ["romfs", "query"]], ids=lambda words: words[0])
def test_what_fails_on_a_board_fails(board: Board, tool: Tool, words: list[str]) -> None:
    tool("mpremote", "connect", board.open_serial(), *words, status=1)
    assert f"`{words[0]}`" in PAGE


@pytest.mark.needs("curl")
@pytest.mark.needs("mpremote")
def test_the_path_of_the_readme(tool: Tool, tmp_path: Path) -> None:
    """A script that waits for its certificate, curl that brings it, mpremote that brings another."""
    readme = (ROOT / "README.md").read_text("utf-8")
    (waiting,) = re.findall(r"`(while 'ca\.pem' .*?)`", readme)
    (upload,) = re.findall(r"^curl .*$", readme, re.MULTILINE)
    (copy,) = re.findall(r"`(mpremote .*?)`", readme)
    (tmp_path / "main.py").write_text(f"import os, time\n{waiting}\nprint('there')\n")
    (tmp_path / "ca.pem").write_bytes(CERTIFICATE)
    with running("run", tmp_path / "main.py", "--ftp", "0", "--serial", "--stay") as board:
        url = board.wait_for("err", "ftp: ")
        path = board.wait_for("err", "serial: /").partition(" ")[2]
        tool(*shlex.split(upload.replace("2121", re.findall(r":(\d+)/", url)[0])))
        board.wait_for("out", "there")
        at = shlex.split(copy.replace("PATH", path))
        assert tool(*at[:3], "fs", "rm", ":cert/ca.pem") == "rm :cert/ca.pem\n"
        assert tool(*at) == "cp ca.pem :cert/ca.pem\n"
        assert tool(*at[:3], "fs", "ls", ":cert") == f"ls :cert\n{len(CERTIFICATE):12} ca.pem\n"
