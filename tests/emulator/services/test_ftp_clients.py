"""The clients that people use, and the commands of docs/how-to/ftp.md as they stand there."""

from __future__ import annotations

import ftplib
import hashlib
import io
import re
import shlex
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.services.ftp_harness import PATIENCE, PAYLOAD, Bench

Make = Callable[..., Bench]

PAGE = Path(__file__).parents[3] / "docs/how-to/ftp.md"


def test_ftplib(bench: Bench) -> None:
    with ftplib.FTP() as ftp:
        ftp.connect("127.0.0.1", bench.server.port, timeout=PATIENCE)
        ftp.login("micro", "python")
        assert ftp.pwd() == ""
        ftp.cwd("/flash/cert")
        ftp.storbinary("STOR ca.pem", io.BytesIO(PAYLOAD))
        assert ftp.size("ca.pem") == len(PAYLOAD)
        digest = hashlib.sha256()
        ftp.retrbinary("RETR ca.pem", digest.update)
        assert digest.digest() == hashlib.sha256(PAYLOAD).digest()
        lines: list[str] = []
        ftp.retrlines("LIST", lines.append)
        assert [line.split()[-1] for line in lines] == ["ca.pem"]
        ftp.rename("ca.pem", "root.pem")
        assert ftp.mkd("sub") == ""
        ftp.rmd("sub")
        ftp.delete("root.pem")
        with pytest.raises(ftplib.error_perm, match="502"):
            ftp.nlst()
        with pytest.raises(ftplib.error_perm, match="502"):
            list(ftp.mlsd())
        with pytest.raises(ftplib.error_perm, match="550"):
            ftp.storbinary("STOR nope/x", io.BytesIO(b""))
    assert bench.codes == ["ftp-not-there"]


def curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["curl", "-sS", *arguments], capture_output=True, timeout=PATIENCE, check=False)


@pytest.mark.needs("curl")
@pytest.mark.parametrize("method", ["multicwd", "singlecwd", "nocwd"])
def test_curl_puts_lists_and_reads_back(bench: Bench, tmp_path: Path, method: str) -> None:
    local = tmp_path / "ca.pem"
    local.write_bytes(PAYLOAD)
    how = ("--ftp-method", method)
    for arguments in (
        ["-T", str(local), f"{bench.server.url}/cert/"],
        ["-T", str(local), f"{bench.server.url}/cert/b.pem"],
    ):
        done = curl(*how, *arguments)
        assert (done.returncode, done.stderr) == (0, b"")
    assert bench.volume.read("/cert/ca.pem") == bench.volume.read("/cert/b.pem") == PAYLOAD
    assert curl(*how, f"{bench.server.url}/cert/ca.pem").stdout == PAYLOAD
    if method != "nocwd":  # LIST ignores the path that curl then sends
        assert [line.split()[-1] for line in curl(*how, f"{bench.server.url}/cert/").stdout.splitlines()] == [
            b"b.pem",
            b"ca.pem",
        ]
    assert bench.codes == (["ftp-absolute-transfer-451"] * bench.codes.count("ftp-absolute-transfer-451"))
    assert ("ftp-absolute-transfer-451" in bench.codes) == (method == "nocwd")


@pytest.mark.needs("curl")
def test_curl_makes_folders_and_quotes(bench: Bench, tmp_path: Path) -> None:
    local = tmp_path / "x"
    local.write_bytes(b"x")
    url = bench.server.url
    assert curl("--ftp-create-dirs", "-T", str(local), f"{url}/new/folder/x").returncode == 0
    assert bench.volume.read("/new/folder/x") == b"x"
    assert curl(f"{url}/", "-Q", "DELE /flash/new/folder/x").returncode == 0
    assert bench.volume.ilistdir("/new/folder") == []
    assert curl(f"{url}/nope").returncode == 78  # "the file does not exist", from SIZE and RETR
    assert curl(url.replace("python", "wrong")).returncode == 67


@pytest.mark.needs("lftp")
def test_lftp_puts_lists_and_reads_back(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(PAYLOAD)
    script = (
        f"set ftp:ssl-allow no; set net:max-retries 1; set net:timeout 10; open -u micro,python -p {bench.server.port} 127.0.0.1; "
        f"cd /flash/cert; put {tmp_path}/ca.pem; ls; get ca.pem -o {tmp_path}/back; bye"
    )
    done = subprocess.run(["lftp", "--norc", "-c", script], capture_output=True, timeout=PATIENCE * 2, check=False)
    assert done.returncode == 0, done.stderr
    assert b"ca.pem" in done.stdout
    assert (tmp_path / "back").read_bytes() == PAYLOAD


# -- folder trees


TREE = {
    "main.py": b"print(1)\n",
    "lib/a.py": b"a\r\n",
    "lib/sub/b.bin": PAYLOAD,
    "lib/sub/empty": b"",
    "cert/ca.pem": b"pem",
    "with space/x y.txt": b"xy",
}


def make_tree(folder: Path) -> None:
    for name, content in TREE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "empty folder").mkdir()


def read_tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lftp(bench: Bench, script: str) -> subprocess.CompletedProcess[bytes]:
    settings = "set ftp:ssl-allow no; set net:max-retries 1; set net:timeout 10; set ftp:list-empty-ok yes"
    command = ["lftp", "--norc", "-u", "micro,python", "-e", f"{settings}; {script}; bye"]
    return subprocess.run(
        [*command, f"ftp://127.0.0.1:{bench.server.port}"], capture_output=True, timeout=PATIENCE * 2, check=False
    )


@pytest.mark.needs("lftp")
@pytest.mark.parametrize("kind", ["littlefs", "fat"])
@pytest.mark.parametrize("quirks", [frozenset[str](), frozenset({"ftp-absolute-transfer-451", "ftp-cwd-lost"})])
def test_lftp_mirrors_both_ways(make: Make, tmp_path: Path, kind: str, quirks: frozenset[str]) -> None:
    bench = make(kind, quirks=quirks)
    make_tree(tmp_path / "project")
    done = lftp(bench, f"mirror -R {tmp_path}/project /flash")
    assert done.returncode == 0, done.stderr
    assert {name: bench.volume.read(f"/{name}") for name in TREE} == TREE
    assert bench.volume.ilistdir("/empty folder") == []
    done = lftp(bench, f"mirror --no-perms /flash {tmp_path}/back")
    assert done.returncode == 0, done.stderr
    assert {**TREE, "boot.py": bench.volume.read("/boot.py")} == read_tree(tmp_path / "back")
    assert (tmp_path / "back" / "empty folder").is_dir()
    done = lftp(bench, "rm -r /flash/lib")
    assert done.returncode == 0, done.stderr
    assert "lib" not in {entry.name.decode() for entry in bench.volume.ilistdir("/")}
    assert "ftp-internal-error" not in bench.codes


@pytest.mark.needs("lftp")
def test_lftp_without_its_setting_stumbles_over_empty_folders(bench: Bench, tmp_path: Path) -> None:
    """The board has no NLST; the note names the setting."""
    done = lftp(bench, f"set ftp:list-empty-ok no; mirror /flash {tmp_path}/back")
    assert done.returncode == 1
    assert {note.fix for note in bench.notes if note.code == "ftp-not-there"} == {
        "use LIST; in lftp: set ftp:list-empty-ok yes"
    }


def test_ftplib_walks_a_tree(bench: Bench) -> None:
    def put(ftp: ftplib.FTP, folder: str, tree: dict[str, Any]) -> None:
        for name, content in tree.items():
            ftp.cwd(folder)
            if isinstance(content, dict):
                ftp.mkd(name)
                put(ftp, f"{folder}/{name}", content)
            else:
                ftp.storbinary(f"STOR {name}", io.BytesIO(content))

    def get(ftp: ftplib.FTP, folder: str) -> dict[str, Any]:
        ftp.cwd(folder)
        lines: list[str] = []
        ftp.retrlines("LIST", lines.append)
        found: dict[str, Any] = {}
        for line in lines:
            name = line.split(None, 8)[8]
            if line.startswith("d"):
                found[name] = get(ftp, f"{folder}/{name}")
                ftp.cwd(folder)
            else:
                content = io.BytesIO()
                ftp.retrbinary(f"RETR {name}", content.write)
                found[name] = content.getvalue()
        return found

    tree = {"a.py": b"1", "sub": {"deep": {"b.bin": PAYLOAD}, "empty": {}}}
    with ftplib.FTP() as ftp:
        ftp.connect("127.0.0.1", bench.server.port, timeout=PATIENCE)
        ftp.login("micro", "python")
        put(ftp, "/flash/lib", tree)
        assert get(ftp, "/flash/lib") == tree
    assert bench.codes == []


# -- FileZilla: what it sends, as seen on the wire


def test_filezilla_with_encryption_if_available(bench: Bench) -> None:
    client = bench.client(login=False)
    assert client.say(b"AUTH TLS") == b"332 "
    assert client.say(b"AUTH SSL") == b"332 "
    filezilla(bench, client)


def test_filezilla_with_plain_ftp(bench: Bench) -> None:
    filezilla(bench, bench.client(login=False))


def filezilla(bench: Bench, client: Any) -> None:
    assert client.say(b"USER micro") == b"331 "
    assert client.say(b"PASS python") == b"230 "
    assert client.say(b"SYST") == b"215 UNIX Type: L8"
    assert client.say(b"FEAT") == b"211 no-features"
    assert client.say(b"PWD") == b"257 /"
    assert client.say(b"TYPE I") == b"200 "
    status, listing = client.fetch(b"LIST")
    assert (status, [line.split()[-1] for line in listing.splitlines()]) == (b"226 ", [b"flash"])
    assert client.say(b"CWD /flash") == b"250 "
    assert client.say(b"PWD") == b"257 /flash"
    assert client.say(b"CWD cert") == b"250 "
    assert client.say(b"PWD") == b"257 /flash/cert"
    assert client.fetch(b"LIST") == (b"226 ", b"")
    assert client.store(b"ca.pem", PAYLOAD) == b"226 "
    assert client.say(b"MFMT 20211129120000 ca.pem") == b"502 "
    assert client.fetch(b"LIST")[1].startswith(b"-rw-rw-r--   1 root  root     10240 Jan  1 00:00 ca.pem")
    assert client.say(b"TYPE A") == b"200 "
    assert client.fetch(b"RETR ca.pem") == (b"226 ", PAYLOAD)
    assert client.say(b"RNFR ca.pem") == b"350 "
    assert client.say(b"RNTO /flash/cert/root.pem") == b"250 "
    assert client.say(b"DELE root.pem") == b"250 "
    assert client.say(b"MKD new") == b"250 "
    assert client.say(b"RMD new") == b"250 "
    assert client.say(b"CDUP") == b"250 "
    assert client.say(b"PWD") == b"257 /flash"
    assert client.say(b"QUIT") == b"221 "
    assert set(bench.codes) <= {"ftp-cwd-lost"}  # after the absolute RNTO the board is at /


def test_browser_sends_pasv_several_times(bench: Bench) -> None:
    client = bench.client()
    client.say(b"CWD /flash")
    client.send(b"PASV", b"PASV", b"PASV")
    replies = [client.line() for _ in range(3)]
    numbers = replies[-1].strip(b"()").split(b",")[-2:]
    with socket.create_connection(("127.0.0.1", int(numbers[0]) * 256 + int(numbers[1])), timeout=PATIENCE) as data:
        assert client.say(b"LIST") == b"150 "
        assert data.recv(1000)
    assert client.line() == b"226 "


# -- the page


def commands(program: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith(program + " ")]


def run_page(bench: Bench, program: str, folder: Path) -> list[bytes]:
    (folder / "ca.pem").write_bytes(PAYLOAD)
    (folder / "app.py").write_bytes(b"print('app')\n")
    make_tree(folder / "project")
    shown = []
    for line in commands(program):
        arguments = shlex.split(line.replace("2121", str(bench.server.port)))
        extra = ["-sS"] if program == "curl" else ["--norc"]
        done = subprocess.run(
            [arguments[0], *extra, *arguments[1:]], cwd=folder, capture_output=True, timeout=PATIENCE * 2, check=False
        )
        assert (done.returncode, done.stderr) == (0, b""), line
        shown.append(done.stdout)
    return shown


@pytest.mark.needs("curl")
def test_page_curl(bench: Bench, tmp_path: Path) -> None:
    assert len(commands("curl")) == 7
    shown = run_page(bench, "curl", tmp_path)
    assert shown[1].split()[-1] == b"ca.pem"
    assert (tmp_path / "back.pem").read_bytes() == PAYLOAD
    assert bench.volume.read("/lib/app/app.py") == b"print('app')\n"
    assert bench.volume.ilistdir("/cert") == []
    assert [entry.name for entry in bench.volume.ilistdir("/")] == [b"boot.py", b"cert", b"lib", b"main.py", b"sys"]


@pytest.mark.needs("lftp")
def test_page_lftp(bench: Bench, tmp_path: Path) -> None:
    assert len(commands("lftp")) == 3
    shown = run_page(bench, "lftp", tmp_path)
    assert b"ca.pem" in shown[0]
    assert (tmp_path / "back.pem").read_bytes() == PAYLOAD
    assert {**TREE, "boot.py": bench.volume.read("/boot.py")} == read_tree(tmp_path / "copy")
    folders = [path for path in (tmp_path / "copy").rglob("*") if path.is_dir()]
    assert folders
    assert all(path.stat().st_mode & stat.S_IXUSR for path in folders)  # root may enter any, others may not


def test_page_python(bench: Bench, tmp_path: Path) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    (tmp_path / "ca.pem").write_bytes(PAYLOAD)
    lines = names["put"](tmp_path / "ca.pem", "/flash/cert", "ca.pem", bench.server.port)
    assert [line.split()[-1] for line in lines] == ["ca.pem"]
    assert bench.volume.read("/cert/ca.pem") == PAYLOAD
    assert bench.codes == []
