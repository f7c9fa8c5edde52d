"""FTP clients, script threads and the host's view work on one flash at once: nothing gets lost, every block is accounted for.

Each file says in itself what it is: its name, its version, and as much text as that version has. So whoever reads one
knows whether it is whole. Files that have one writer must end with the version that was written last.
"""

from __future__ import annotations

import contextlib
import ftplib
import io
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator import Board
from emulator.project import Project
from flashfs import Volume
from flashfs.littlefs_layout import PAIR, file_blocks
from flashfs.store import Folder

PATIENCE = 30.0
"""Seconds of a wait that is not meant to expire."""
SCRIPT_THREADS, FTP_CLIENTS = 3, 2
OWN, SHARED = 4, 3
"""Files per writer, and files that all write to."""

CONTENT = """
def content(name, version):
    word = '%s %d ' % (name, version)
    size = len(word) + (version * 7919 % 9000 if version % 3 else version % 600)
    return (word * (size // len(word) + 1))[:size].encode()
def whole(name, data):
    return content(name, int(data.split(b' ', 2)[1])) == data
"""
"""What both sides write; sizes lie on both sides of what LittleFS keeps in the folder."""

SCRIPT = """
import os, _thread, utime, ujson
FOLDERS, OWN, SHARED, THREADS, TORN, FAT, MILLISECONDS = %r
begin = utime.ticks_ms()
finished = []
guard = _thread.allocate_lock()
def over():
    return utime.ticks_diff(utime.ticks_ms(), begin) > MILLISECONDS
def put(path, data):
    with open(path, 'wb') as file:
        for start in range(0, len(data), 1000):
            file.write(data[start:start + 1000])
def put_aside(path, data, aside):
    put(aside, data)
    os.rename(aside, path)
def look(folder, name):
    try:
        with open('/flash/' + folder + '/' + name, 'rb') as file:
            data = file.read()
    except OSError as error:
        if FAT and error.args[0] == 5:
            return
        raise
    if not (whole(name, data) if data else folder in TORN):
        print('Damaged:', folder, name, data)
def fill():
    if os.getfree('/flash') < 1500:
        os.remove('/flash/filler')
    with open('/flash/filler', 'ab') as file:
        file.write(bytes(20000))
def work(me):
    home = 's%%d' %% me
    base = '/flash/' + home + '/'
    versions, lines, count = {}, 0, 0
    while not over():
        count += 1
        name = 'f%%d' %% (count %% OWN)
        versions[name] = count
        if count %% 2:
            put(base + name, content(name, count))
        else:
            put_aside(base + name, content(name, count), base + 'aside')
        name = 'h%%d' %% (count %% SHARED)
        put_aside('/flash/shared/' + name, content(name, 4 * count + me), '/flash/shared/aside' + str(me))
        with open(base + 'log', 'a') as file:
            file.write('%%d\\n' %% count)
        lines = count
        look(FOLDERS[count %% len(FOLDERS)], 'f%%d' %% (count // 3 %% OWN))
        look('shared', 'h%%d' %% (count %% SHARED))
        if count %% 5 == me:
            os.mkdir(base + 'brief')
            put(base + 'brief/a', b'brief')
            assert os.listdir(base + 'brief') == ['a']
            os.remove(base + 'brief/a')
            os.rmdir(base + 'brief')
            os.stat(base + 'log')
        if me == 0 and count %% 4 == 0:
            fill()
    with guard:
        finished.append([home, versions, lines])
def thread(me):
    try:
        work(me)
    except Exception as error:
        print('Failed:', me, repr(error))
        raise
for me in range(1, THREADS):
    _thread.start_new_thread(thread, (me,))
thread(0)
while len(finished) < THREADS and utime.ticks_diff(utime.ticks_ms(), begin) < MILLISECONDS + 20000:
    utime.sleep_ms(10)
print('Done:', ujson.dumps(finished))
"""

_shared_code: dict[str, Any] = {}
exec(CONTENT, _shared_code)
content: Callable[[str, int], bytes] = _shared_code["content"]
whole: Callable[[str, bytes], bool] = _shared_code["whole"]


class Soak:
    """One board and all who work on its flash."""

    def __init__(self, board: Board, seconds: float) -> None:
        self.board = board
        self.end = time.monotonic() + seconds
        self.scripts = [f"s{number}" for number in range(SCRIPT_THREADS)]
        self.clients = [f"c{number}" for number in range(FTP_CLIENTS)]
        self.folders = [*self.scripts, *self.clients, "host"]
        # What FAT does and LittleFS does not: it empties a file as soon as it is opened for writing; whoever reads a file
        # that is replaced meanwhile gets EIO behind its first cluster; a file that is replaced while somebody writes to it
        # leaves clusters that belong to nobody, so there FTP does not write to files that others replace.
        self.fat = board.volume.kind == "fat"
        self.torn = [*self.scripts, *self.clients] if self.fat else []
        self.versions: dict[tuple[str, str], int] = {
            (folder, f"f{number}"): 0 for folder in self.folders for number in range(OWN)
        }
        self.done: dict[str, int] = {}
        self.failures: list[BaseException] = []
        setting = (self.folders, OWN, SHARED, SCRIPT_THREADS, self.torn, self.fat, int(seconds * 1000))
        entries: dict[str, bytes | None] = {f"/{folder}": None for folder in [*self.folders, "shared"]}
        entries |= {f"/{folder}/{name}": content(name, 0) for folder, name in self.versions}
        entries |= {f"/shared/h{number}": content(f"h{number}", 0) for number in range(SHARED)}
        entries |= {"/filler": b"", "/main.py": (CONTENT + SCRIPT % (setting,)).encode()}
        board.load_project(Project(entries))

    def actors(self, port: int) -> Iterator[threading.Thread]:
        for name in self.clients:
            yield threading.Thread(
                target=self._guarded, args=(name, lambda name=name: self._ftp(name, port)), name=name
            )
        yield threading.Thread(target=self._guarded, args=("host", self._host), name="host view")

    def _guarded(self, name: str, rounds: Callable[[], Iterator[None]]) -> None:
        self.done[name] = 0
        try:
            for _ in rounds():
                self.done[name] += 1
                if time.monotonic() > self.end:
                    return
        except Exception as error:  # noqa: BLE001  the test shows it
            self.failures.append(error)

    def _look(self, folder: str, name: str, data: bytes) -> None:
        assert whole(name, data) if data else folder in self.torn, (folder, name, data)

    def _ftp(self, me: str, port: int) -> Iterator[None]:
        chance = random.Random(me)
        with contextlib.closing(ftplib.FTP()) as client:
            client.connect("127.0.0.1", port, timeout=PATIENCE)
            client.login("micro", "python")
            for count in range(1, 1_000_000):
                client.cwd(f"/flash/{me}")
                name = f"f{count % OWN}"
                client.storbinary(f"STOR {name}", io.BytesIO(content(name, count)))
                self.versions[me, name] = count
                client.storbinary("STOR brief", io.BytesIO(b"brief"))
                client.rename("brief", "renamed")
                client.delete("renamed")
                lines: list[str] = []
                client.retrlines("LIST", lines.append)
                assert [line.rpartition(" ")[2] for line in lines] == [f"f{number}" for number in range(OWN)]
                folder, name = chance.choice(sorted(self.versions))
                self._fetch(client, folder, name)
                name = f"h{count % SHARED}"
                if not self.fat and me == self.clients[0]:
                    client.cwd("/flash/shared")
                    client.storbinary(f"STOR {name}", io.BytesIO(content(name, 4 * count + 3)))
                self._fetch(client, "shared", name)
                yield
            client.quit()

    def _fetch(self, client: ftplib.FTP, folder: str, name: str) -> None:
        parts: list[bytes] = []
        client.cwd(f"/flash/{folder}")
        try:
            client.retrbinary(f"RETR {name}", parts.append)
        except ftplib.error_temp as error:
            if self.fat and str(error).startswith("451"):
                return
            raise
        self._look(folder, name, b"".join(parts))

    def _host(self) -> Iterator[None]:
        chance = random.Random("host")
        flash = self.board.flash
        home, shared = flash / "host", flash / "shared"
        for count in range(1, 1_000_000):
            name = f"f{count % OWN}"
            if count % 2:
                (home / name).write_bytes(content(name, count))
            else:
                (home / "aside").write_bytes(content(name, count))
                (home / "aside").rename(home / name)
            self.versions["host", name] = count
            (home / "brief").mkdir()
            (home / "brief" / "a").write_text("brief")
            assert [path.name for path in (home / "brief").iterdir()] == ["a"]
            (home / "brief" / "a").unlink()
            (home / "brief").rmdir()
            name = f"h{count % SHARED}"
            (shared / name).write_bytes(content(name, 4 * count))
            self._look("shared", name, (shared / name).read_bytes())
            folder, name = chance.choice(sorted(self.versions))
            self._look(folder, name, (flash / folder / name).read_bytes())
            assert {path.name for path in flash.iterdir()} >= {*self.folders, "shared", "main.py"}
            yield

    def check_content(self, finished: list[tuple[str, dict[str, int], int]]) -> None:
        assert sorted(home for home, _, _ in finished) == self.scripts
        tree = self.board.volume.snapshot()
        for home, versions, lines in finished:
            self.done[home] = lines
            self.versions |= {(home, name): version for name, version in versions.items()}
            log = tree[f"/{home}/log"]
            assert log == b"".join(b"%d\n" % number for number in range(1, lines + 1))
        for (folder, name), version in self.versions.items():
            assert tree[f"/{folder}/{name}"] == content(name, version), (folder, name, version)
        for number in range(SHARED):
            data = tree[f"/shared/h{number}"]
            assert data is not None
            assert whole(f"h{number}", data), data
        named = {f"/{folder}/{name}" for folder, name in self.versions}
        named |= {f"/{home}/log" for home in self.scripts} | {f"/{folder}" for folder in [*self.folders, "shared"]}
        named |= {f"/shared/h{number}" for number in range(SHARED)}
        named |= {"/filler", "/main.py", "/boot.py", "/sys", "/lib", "/cert"}
        assert set(tree) - {f"/shared/aside{number}" for number in range(SCRIPT_THREADS)} == named
        assert min(self.done[name] for name in [*self.scripts, *self.clients, "host"]) > 0, self.done

    def check_blocks(self) -> None:
        """As many blocks are free as on a new volume with this tree, but for what the folders have grown by."""
        volume = self.board.volume
        tree = volume.snapshot()
        fresh: Volume = Volume(volume.kind, capacity=volume.capacity)
        fresh.load(tree, restoring=True)
        used, used_fresh = (side.statvfs()[2] - side.statvfs()[3] for side in (volume, fresh))
        grown = folder_blocks(volume) - folder_blocks(fresh)
        assert grown >= 0
        assert used - used_fresh == grown
        if volume.kind == "littlefs":
            assert used == folder_blocks(volume) + sum(file_blocks(len(data)) for data in tree.values() if data)
            assert not volume.file_system.writers  # type: ignore[attr-defined]


def folder_blocks(volume: Volume) -> int:
    """The blocks of all folders."""
    store = volume.file_system.store
    folders = [store.root, *(node for _, node in store.walk() if isinstance(node, Folder))]
    if volume.kind == "littlefs":
        return sum(PAIR * len(folder.rule_data.pairs) for folder in folders)
    return sum(folder.rule_data.clusters for folder in folders)


def soak(kind: Any, seconds: float) -> None:
    with Board("fipy", kind) as board:
        work = Soak(board, seconds)
        port = int(board.servers.open_ftp().partition("@127.0.0.1:")[2].partition("/")[0])
        actors = list(work.actors(port))
        board.start()
        for actor in actors:
            actor.start()
        for actor in actors:
            actor.join(seconds + PATIENCE)
            assert not actor.is_alive(), actor.name
        assert board.wait(PATIENCE), board.console.text[-2000:]
        shown = board.console.text
        assert not work.failures, (work.failures, [str(note) for note in board.notes][-5:])
        assert shown.startswith("Done: "), shown[-2000:]
        assert board.power_state.outcome is not None
        assert board.power_state.outcome.exit_code == 0
        board.stop()
        assert not [note for note in board.notes if note.code == "internal-error"]
        work.check_content(json.loads(shown.partition(" ")[2]))
        work.check_blocks()


KINDS = pytest.mark.parametrize("kind", ["littlefs", "fat"])


@KINDS
def test_all_work_on_one_flash(kind: str) -> None:
    soak(kind, 1.5)


@pytest.mark.nightly
@pytest.mark.timeout(300)
@KINDS
def test_all_work_on_one_flash_for_a_minute(kind: str) -> None:
    soak(kind, 60)
