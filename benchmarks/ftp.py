"""U1 to U3: the board's FTP server against pyftpdlib on pyfakefs.

Each server has a process of its own; one client (``ftplib``) does the same to all of them in turn.
"""

from __future__ import annotations

import contextlib
import ftplib
import io
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.paired import ROOT, BenchmarkError, Figure, Options, Progress, Ratio, divided, in_turn, spread

BIG = bytes(2 << 20)
BIG_TIMES = 7
SMALL = bytes(1024)
SMALL_FILES = 200
LISTINGS = 7
"""Each of ``SMALL_FILES`` entries."""
LOGINS = 10
PATIENCE = 60

Times = dict[str, float]

FIGURES = (
    ("up", "U1", "upload of 2 MiB", 1.25, 0.5),
    ("down", "U1", "download of 2 MiB", 1.25, 0.67),
    ("small-up", "U2", "uploads of 1 KiB in one session", 1.25, 0.67),
    ("small-down", "U2", "downloads of 1 KiB in one session", 1.25, 0.67),
    ("list", "U3", f"LIST of {SMALL_FILES} files", 1.0, 0.25),
)
"""Job, key, what it is, bar, moonshot. Times, so less is better."""

OTHERS = (("dele", "DELE"), ("login", "connect, login, QUIT"))

SERVERS = {
    "littlefs": "serve_board('littlefs')",
    "fat": "serve_board('fat')",
    "pyfakefs": "serve_pyfakefs()",
}


def measure(options: Options, progress: Progress) -> list[Figure]:
    """Run everything."""
    with contextlib.ExitStack() as stack:
        jobs = {name: stack.enter_context(_server(call)) for name, call in SERVERS.items()}
        took = in_turn(jobs, options.rounds, progress)

    def ratios(job: str, server: str) -> list[float]:
        return divided(*([times[job] for times in took[side]] for side in (server, "pyfakefs")))

    others = tuple(
        f"{what}: {spread(ratios(job, 'littlefs'))}, on FAT {spread(ratios(job, 'fat'))}" for job, what in OTHERS
    )
    figures: list[Figure] = []
    for number, (job, key, what, now, moonshot) in enumerate(FIGURES):
        middle = statistics.median(times[job] for times in took["littlefs"])
        details = (f"{what}: {middle * 1e3:.3g} ms; on FAT {spread(ratios(job, 'fat'))}",)
        if number == len(FIGURES) - 1:
            details += others
        figures.append(Ratio(key, what, "pyftpdlib on pyfakefs", now, moonshot, ratios(job, "littlefs"), details))
    return figures


@contextlib.contextmanager
def _server(call: str) -> Iterator[Callable[[], Times]]:
    """A server in a process of its own, and the job that measures it."""
    code = f"from benchmarks.ftp import *; {call}"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().split()
            if len(line) != 2:
                raise BenchmarkError(f"no FTP server came up: {call}")
            yield lambda: _job(int(line[0]), line[1])
        finally:
            process.kill()


def _session(port: int) -> ftplib.FTP:
    ftp = ftplib.FTP()
    ftp.connect("127.0.0.1", port, timeout=PATIENCE)
    ftp.login("micro", "python")
    return ftp


def _job(port: int, folder: str) -> Times:
    """Seconds of the middle one of many operations, of each kind: spikes of a busy machine do not count."""
    took: dict[str, list[float]] = {}
    got: list[int] = []
    lines: list[str] = []

    def timed(kind: str, call: Callable[[], object]) -> None:
        begin = time.perf_counter()
        call()
        took.setdefault(kind, []).append(time.perf_counter() - begin)

    def count(data: bytes) -> None:
        got.append(len(data))

    ftp = _session(port)
    ftp.cwd(folder)
    for _ in range(BIG_TIMES):
        timed("up", lambda: ftp.storbinary("STOR big.bin", io.BytesIO(BIG)))
        timed("down", lambda: ftp.retrbinary("RETR big.bin", count))
        # two of them side by side do not fit a board, so each is a new file
        ftp.delete("big.bin")
    assert sum(got) == len(BIG) * BIG_TIMES
    names = [f"s{number:03}" for number in range(SMALL_FILES)]
    for name in names:
        timed("small-up", lambda name=name: ftp.storbinary(f"STOR {name}", io.BytesIO(SMALL)))  # type: ignore[misc]
    for name in names:
        timed("small-down", lambda name=name: ftp.retrbinary(f"RETR {name}", count))  # type: ignore[misc]
    for _ in range(LISTINGS):
        timed("list", lambda: ftp.retrlines("LIST", lines.append))
    assert len(lines) == SMALL_FILES * LISTINGS
    for name in names:
        timed("dele", lambda name=name: ftp.delete(name))  # type: ignore[misc]
    ftp.quit()
    for _ in range(LOGINS):
        timed("login", lambda: _session(port).quit())
    return {kind: statistics.median(times) for kind, times in took.items()}


# -- the servers, each in a process of its own -------------------------------------------------------------------------


def serve_board(kind: Any) -> None:
    """A board with its servers up, and no script that runs."""
    from urllib.parse import urlsplit

    from emulator import Board
    from emulator.project import Project

    with Board("fipy", kind) as board:
        board.load_project(Project({"/main.py": b"", "/work": None}))
        url = urlsplit(board.servers.open_ftp())
        print(url.port, "/flash/work", flush=True)
        sys.stdin.read()


def serve_pyfakefs() -> None:
    """What pyftpdlib and pyfakefs do without a board."""
    import logging

    from pyfakefs import fake_filesystem, fake_open, fake_os
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

    logging.basicConfig(level=logging.ERROR)
    fake = fake_filesystem.FakeFilesystem(path_separator="/")
    fake.makedir("/flash")
    fake.makedir("/flash/work")
    system = fake_os.FakeOsModule(fake)
    opened = fake_open.FakeFileOpen(fake)

    class Files(AbstractedFS):  # type: ignore[misc]
        def open(self, filename: str, mode: str) -> Any:
            return opened(filename, mode)

        def chdir(self, path: str) -> None:  # the stock one moves the real process
            system.stat(path)
            self.cwd = self.fs2ftp(path)

        def realpath(self, path: str) -> str:
            return path

        def validpath(self, path: str) -> bool:
            return path == self.root or path.startswith(self.root + "/")

        def isfile(self, path: str) -> bool:
            return system.path.isfile(path)

        def isdir(self, path: str) -> bool:
            return system.path.isdir(path)

        def lexists(self, path: str) -> bool:
            return system.path.lexists(path)

        def getsize(self, path: str) -> int:
            return system.path.getsize(path)

    for name in ("listdir", "mkdir", "rmdir", "remove", "rename", "stat", "lstat"):
        setattr(Files, name, staticmethod(getattr(system, name)))

    class Users(DummyAuthorizer):  # type: ignore[misc]
        def add_user(self, username: str, password: str, homedir: str, perm: str = "", **more: Any) -> None:
            # the stock one looks for the folder on the host
            self.user_table[username] = {
                "pwd": password,
                "home": homedir,
                "perm": perm,
                "operms": {},
                "msg_login": "ok",
                "msg_quit": "bye",
            }

    users = Users()
    users.add_user("micro", "python", "/flash", perm="elradfmwMT")

    class Handler(FTPHandler):  # type: ignore[misc]
        authorizer = users
        abstracted_fs = Files
        tcp_no_delay = True
        use_sendfile = False

    server = FTPServer(("127.0.0.1", 0), Handler)
    print(server.address[1], "/work", flush=True)
    server.serve_forever()
