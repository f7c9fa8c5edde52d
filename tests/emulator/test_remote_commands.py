"""put, get and sync: the files of a board that runs, by its FTP server."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator import Board, cli, ftp_client
from emulator.ftp_client import parse_address

CERTIFICATE = bytes(range(256)) * 12


@pytest.fixture
def url(board: Board) -> str:
    return board.servers.open_ftp()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    (folder / "lib" / "pkg").mkdir(parents=True)
    (folder / "main.py").write_bytes(b"print(1)")
    (folder / "lib" / "pkg" / "__init__.py").write_bytes(b"")
    (folder / "ca.pem").write_bytes(CERTIFICATE)
    return folder


def command(*words: object) -> int:
    return cli.main([str(word) for word in words])


def content(board: Board) -> dict[str, bytes | None]:
    return board.volume.snapshot()


def test_a_certificate_goes_there_and_back(
    board: Board, url: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("put", here / "ca.pem", "cert/", "--ftp", url) == 0
    assert (board.flash / "cert" / "ca.pem").read_bytes() == CERTIFICATE
    assert command("get", "cert/ca.pem", here / "back", "--ftp", url) == 0
    assert (here / "back").read_bytes() == CERTIFICATE
    assert capsys.readouterr() == ("", "")


def test_a_tree_goes_there_and_back(board: Board, url: str, here: Path, tmp_path: Path) -> None:
    assert command("put", f"{here}/", "/flash", "--ftp", url) == 0
    assert content(board)["/lib/pkg/__init__.py"] == b""
    (tmp_path / "there").mkdir(exist_ok=True)
    assert command("get", "/flash/lib", "main.py", tmp_path / "there", "--ftp", url) == 0
    assert (tmp_path / "there" / "lib" / "pkg" / "__init__.py").read_bytes() == b""
    assert (tmp_path / "there" / "main.py").read_bytes() == b"print(1)"


def test_sync_uploads_what_differs(board: Board, url: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("sync", here, "--ftp", url) == 0
    assert capsys.readouterr().out.endswith("3 new, 1 changed, 0 removed, 1 the same\n")
    before = content(board)
    assert command("sync", here, "--ftp", url) == 0
    assert capsys.readouterr().out == "0 new, 0 changed, 0 removed, 5 the same\n"
    assert content(board) == before
    (here / "main.py").write_bytes(b"print(2)")
    assert command("sync", here, "--ftp", url) == 0
    assert capsys.readouterr().out == "changed  main.py\n0 new, 1 changed, 0 removed, 4 the same\n"
    assert (board.flash / "main.py").read_bytes() == b"print(2)"


def test_sync_removes_only_what_it_is_told_to(
    board: Board, url: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (board.flash / "old").mkdir()
    (board.flash / "old" / "x").write_bytes(b"1")
    assert command("sync", here, "--ftp", url) == 0
    assert "/old/x" in content(board)
    capsys.readouterr()
    before = content(board)
    assert command("sync", here, "--ftp", url, "--delete", "--dry-run") == 0
    assert capsys.readouterr().out.startswith("removed  old/x\nremoved  old\n")
    assert content(board) == before
    assert command("sync", here, "--ftp", url, "--delete") == 0
    assert "/old" not in content(board)
    assert {"/boot.py", "/cert", "/sys"} <= content(board).keys()


def test_sync_does_not_put_a_folder_where_a_file_is(
    board: Board, url: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (board.flash / "lib").rmdir()
    (board.flash / "lib").write_bytes(b"a file")
    assert command("sync", here, "--ftp", url, "--dry-run") == 0
    assert "changed  lib\n" in capsys.readouterr().out
    assert command("sync", here, "--ftp", url) == 1
    assert "/flash/lib: EEXIST" in capsys.readouterr().err


def test_sync_replaces_files_by_folders_and_the_other_way_round_if_told_to(
    board: Board, url: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (board.flash / "lib").rmdir()
    (board.flash / "lib").write_bytes(b"a file")
    (board.flash / "ca.pem" / "below").mkdir(parents=True)
    before = content(board)
    assert command("sync", here, "--ftp", url) == 1
    assert capsys.readouterr().err.endswith("; --delete replaces it\n")
    assert content(board) == before
    assert command("sync", here, "--ftp", url, "--delete") == 0
    assert content(board)["/lib/pkg/__init__.py"] == b""
    assert content(board)["/ca.pem"] == CERTIFICATE


FAILURES: list[tuple[list[str], int, str]] = [
    (["get", "nope", "x"], 1, "/flash/nope: ENOENT"),
    (["get", "main.py/x", "x"], 1, "/flash/main.py"),
    (["get", "/etc/passwd", "x"], 1, "/etc/passwd: ENODEV"),
    (["get", "../../etc/passwd", "x"], 1, "leads out of /flash"),
    (["put", "no such file", "cert/"], 1, "no such file or folder on this machine"),
    (["put", "HERE/ca.pem", "/"], 1, "EPERM"),
    (["put", "HERE/ca.pem", "main.py/x"], 1, "/flash/main.py: EEXIST"),
    (["put", "HERE/ca.pem", "n" * 300], 1, "cannot do that"),
    (["put", "HERE/ca.pem", "/sd/x"], 1, "/sd: ENODEV, nothing is mounted there"),
    (["get", "/sd/x", "HERE/x"], 1, "/sd: ENODEV, nothing is mounted there"),
    (["get", "main.py", "HERE/lib/pkg/__init__.py/x"], 1, "there is no folder"),
    (["sync", "HERE/main.py"], 2, "not a folder"),
    (["sync", "nowhere"], 2, "no such folder"),
]


@pytest.mark.parametrize(
    ("words", "status", "message"), FAILURES, ids=[" ".join(words)[:40] for words, _, _ in FAILURES]
)
def test_failures_are_one_line_and_change_nothing(
    board: Board, url: str, here: Path, words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(board)
    assert command(*(word.replace("HERE", str(here)) for word in words), "--ftp", url) == status
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert content(board) == before


def test_a_wrong_password_is_told_and_not_shown(url: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = url.replace("python", "t0p-s3cret")
    assert command("put", here / "ca.pem", "cert/", "--ftp", wrong) == 1
    err = capsys.readouterr().err
    assert "refuses this login" in err
    assert "t0p-s3cret" not in err


def test_a_full_flash(board: Board, url: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "big").write_bytes(b"x" * (5 << 20))
    assert command("put", here / "big", "big", "--ftp", url) == 1
    assert "the flash is full" in capsys.readouterr().err


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """A server that is no board: says these, then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                for answer in answers[:-1]:
                    client.sendall(answer)
                    client.recv(1000)
                client.sendall(answers[-1])
                client.shutdown(socket.SHUT_WR)
                while client.recv(1000):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            thread.join()


def test_a_board_that_ends_in_the_middle(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            client.sendall(b"220 \r\n")
            client.recv(1000)
            client.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )  # a reset, as of a process killed
            client.close()

        thread = threading.Thread(target=serve)
        thread.start()
        assert command("put", here / "ca.pem", "cert/", "--ftp", server.getsockname()[1]) == 1
        thread.join()
    assert capsys.readouterr().err == "pycom-emulator: login: the board closed the connection\n"


@pytest.mark.parametrize(
    "answers", [(b"",), (b"SSH-2.0-x\r\n",), (b"220 \xff\xfe\r\n",), (b"220 hi\r\n", b"230 in\r\n", b"x" * 9000)]
)
def test_something_else_at_that_port(
    answers: tuple[bytes, ...], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(*answers) as port:
        assert command("put", here / "ca.pem", "cert/", "--ftp", port) == 1
    err = capsys.readouterr().err
    assert err.startswith("pycom-emulator: ")
    assert err.count("\n") == 1


def test_data_connection_that_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    passive = b"227 (127,0,0,1,%d,%d)\r\n" % divmod(port, 256)
    with answering(b"220 \r\n", b"331 \r\n", b"230 \r\n", b"250 \r\n", b"200 \r\n", passive) as server:
        assert command("get", "main.py", here / "x", "--ftp", server) == 1
    err = capsys.readouterr().err
    assert "data connection was refused" in err
    assert err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_device_is_named(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("get", "boot.py", "/dev/full", "--ftp", url) == 1
    assert "/dev/full: ENOSPC" in capsys.readouterr().err


def serve_listing(server: socket.socket, line: bytes) -> None:
    """An FTP server whose every folder holds what ``line`` says, and whose every file holds ``evil``."""
    client, _ = server.accept()
    with client, client.makefile("rwb", 0) as commands:
        commands.write(b"220 \r\n")
        for command in commands:
            word = command.split()[0]
            if word == b"PASV":
                data = socket.create_server(("127.0.0.1", 0))
                port = data.getsockname()[1]
                commands.write(b"227 (127,0,0,1,%d,%d)\r\n" % divmod(port, 256))
            elif word in (b"LIST", b"RETR"):
                commands.write(b"150 \r\n")
                with data, data.accept()[0] as peer:
                    peer.sendall(line if word == b"LIST" else b"evil")
                commands.write(b"226 \r\n")
            else:
                commands.write(b"331 \r\n" if word == b"USER" else b"230 \r\n")
            if word == b"QUIT":
                return


def test_only_a_plain_name_comes_from_a_listing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "a" / "b"
    for name, status in (
        (b"plain", 0),
        (b"../../evil", 1),
        (b"..", 1),
        (b".", 1),
        (b"/evil", 1),
        (b"a\0b", 1),
        (b"a\rb", 1),
    ):
        target.mkdir(parents=True, exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as server:
            line = b"-rw-rw-r--   1 root  root         4 Jan  1  2000 %s\r\n" % name
            thread = threading.Thread(target=serve_listing, args=(server, line))
            thread.start()
            assert command("get", "/flash/", target, "--ftp", server.getsockname()[1]) == status, name
            thread.join()
        assert ("is not the board's" in capsys.readouterr().err) == bool(status)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [target / "plain"]


def test_folders_without_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ftp_client, "MOST_ENTRIES", 30)
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = b"drw-rw-r--   1 root  root         0 Jan  1  2000 again\r\n"
        thread = threading.Thread(target=serve_listing, args=(server, line))
        thread.start()
        assert command("get", "/flash/", tmp_path / "there", "--ftp", server.getsockname()[1]) == 1
        thread.join()
    assert "more than 30 files and folders" in capsys.readouterr().err


def test_nobody_at_that_port(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert command("put", here / "ca.pem", "cert/", "--ftp", port) == 1
    assert "run --stay --ftp PORT" in capsys.readouterr().err


ADDRESSES = [
    ("2121", ("127.0.0.1", 2121, "micro", "python")),
    ("192.168.4.1", ("192.168.4.1", 21, "micro", "python")),
    ("board.local:2121", ("board.local", 2121, "micro", "python")),
    ("ftp://micro:python@127.0.0.1:2121/flash", ("127.0.0.1", 2121, "micro", "python")),
    ("ftp://me:p%40ss@[::1]:2121/flash/", ("::1", 2121, "me", "p@ss")),
]


@pytest.mark.parametrize(("text", "wanted"), ADDRESSES, ids=[text for text, _ in ADDRESSES])
def test_addresses(text: str, wanted: tuple[object, ...]) -> None:
    assert tuple(parse_address(text)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        *("sftp://x", "http://127.0.0.1", "ftp://", "ftp://x:99999", "ftp://x:port", "ftp://x/sd", "[x"),
        *("0", "x:0", "ftp://a%0D%0AQUIT:b@x", "ftp://a:b%00@x", "x/?y", "x#y"),
    ],
)
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a..b", "no machine can have that name"),
        ("x" * 64, "no machine can have that name"),
        *((f"ftp://micro:a{char}b@127.0.0.1:2121/flash", "%23 %2F %3F") for char in "#/?"),
        *((f"ftp://micro:1{char}b@127.0.0.1:2121/flash", "%23 %2F %3F") for char in "#/?"),
    ],
)
def test_addresses_that_nearly_are(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_address(text)


def test_without_an_address(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.delenv("PYCOM_FTP", raising=False)
    assert command("put", here / "ca.pem", "cert/") == 2
    assert "which board?" in capsys.readouterr().err
    monkeypatch.setenv("PYCOM_FTP", url)
    assert command("put", here / "ca.pem", "cert/") == 0
