"""``run PATH``: a thin caller of :class:`emulator.board.Board`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from emulator.board import Board, Run
from emulator.cli import UsageError
from emulator.notes import Note
from emulator.project import ProjectError

INTERRUPTED = 130
TERMINATED = 143


class _Terminated(BaseException):
    """SIGTERM came."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``run``."""
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="a script (becomes /flash/main.py) or a project folder (becomes /flash)"
    )
    parser.add_argument(
        "--flash", type=Path, metavar="DIR", help="with a script: this folder's tree becomes /flash first"
    )
    parser.add_argument(
        "--board", default="fipy", metavar="NAME", help="wipy lopy lopy4 sipy gpy fipy wipy1 (default: fipy)"
    )
    parser.add_argument(
        "--fs", choices=("littlefs", "fat"), default="littlefs", help="file system of /flash (default: littlefs)"
    )
    parser.add_argument("--state", type=Path, metavar="DIR", help="keep the board in this folder between runs")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="HOST:PORT=ADDR:PORT",
        help="send a host name and port of the script elsewhere",
    )
    parser.add_argument(
        "--publish",
        action="append",
        default=[],
        metavar="HOSTPORT:BOARDPORT",
        help="give a port the script listens on a port of this machine",
    )
    parser.add_argument("--offline", action="store_true", help="refuse every address that is not mapped")
    parser.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="end after this time, with status 124")
    parser.add_argument(
        "--expect", metavar="TEXT", help="end with status 0 once the console shows TEXT, with 1 if it never does"
    )
    parser.add_argument("--fail", metavar="TEXT", help="end with status 1 once the console shows TEXT")
    parser.add_argument(
        "--stay", action="store_true", help="keep the board and its servers up when the script has ended"
    )
    parser.add_argument(
        "--ftp", type=_port, metavar="PORT", help="open the board's FTP server on 127.0.0.1 (0: any free port)"
    )
    parser.add_argument(
        "--cert-rules",
        choices=("documented", "firmware", "wipy1"),
        default="documented",
        help="which certificate paths ussl takes",
    )
    parser.add_argument(
        "--quirks", default="", metavar="NAME[,NAME]|all", help="reproduce these defects of the firmware"
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e9:
        raise ValueError(text)
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise ValueError(text)
    return value


_seconds.__name__ = "number of seconds"
_port.__name__ = "port number"


def execute(options: argparse.Namespace) -> int:
    """Run and return the exit status."""
    try:
        board = Board(
            options.board,
            options.fs,
            options.state,
            cert_rules=options.cert_rules,
            quirks=options.quirks,
            offline=options.offline,
            maps=options.map,
            published=options.publish,
        )
    except (ValueError, ProjectError) as error:
        raise UsageError(str(error)) from error
    board.notes.listen(show_note)
    try:
        board.load(options.path, options.flash)
        if options.ftp is not None:
            show_address("ftp", _open_ftp(board, options.ftp))
    except ProjectError as error:
        board.close()
        raise UsageError(str(error)) from error
    except UsageError:
        board.close()
        raise
    status = _watch(board, options)
    if board.left_behind:
        # a call into C that never returns: only the end of the process ends it
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _open_ftp(board: Board, port: int) -> str:
    try:
        return board.servers.open_ftp(port)
    except OSError as error:
        raise UsageError(f"--ftp {port}: {error.strerror or error}") from error


def _watch(board: Board, options: argparse.Namespace) -> int:
    output = Output(board)
    run = Run(board, options.expect, options.fail, options.timeout, stay=options.stay)
    status: int | None = None
    with _signals():
        interrupts = 0
        try:
            while True:
                try:
                    if interrupts == 0:
                        attach_stdin(board)
                        board.start()
                    else:
                        board.interrupt()
                    run.wait()
                    break
                except KeyboardInterrupt:
                    interrupts += 1
                    if interrupts > 1 or not board.running:
                        status = INTERRUPTED
                        break
        except _Terminated:
            status = TERMINATED
        board.stop()
    run.close()
    board.close()
    output.close()
    if output.broken:
        return 1
    return run.result().exit_code if status is None else status


@contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM ends the run as Ctrl-C does, with a status of its own."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Output:
    """The console on stdout: verbatim, LF line ends on every system, flushed at each line."""

    def __init__(self, board: Board) -> None:
        self.broken = False
        self._board = board
        self._stream = getattr(sys.stdout, "buffer", None)
        self._stop = board.console.listen(self._show)

    def _show(self, text: str) -> None:
        if self.broken:
            return
        try:
            if self._stream is None:
                sys.stdout.write(text)
                sys.stdout.flush()
                return
            self._stream.write(text.encode("utf-8", "replace"))
            if "\n" in text:
                self._stream.flush()
        except OSError:  # whoever read it has gone: the script must not see that as an error of its own
            self.broken = True
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  what is left unwritten is not to be tried again at exit
            threading.Thread(target=self._board.stop, daemon=True).start()

    def close(self) -> None:
        """Show what is left of the last line."""
        self._stop()
        if self._stream is not None and not self.broken:
            try:
                self._stream.flush()
            except OSError:
                self.broken = True


def attach_stdin(board: Board) -> None:
    """What is typed reaches the script's ``input()``. Nothing is read before the script asks."""

    def pump() -> None:
        for line in sys.stdin:
            board.console_input.feed(line)
        board.console_input.end()

    board.console_input.attach(lambda: threading.Thread(target=pump, name="stdin", daemon=True).start())


def show_note(note: Note) -> None:
    """A note on stderr."""
    print(note, file=sys.stderr, flush=True)


def show_address(service: str, address: str) -> None:
    """Where a service is, on stderr, in the form that scripts rely on."""
    print(f"{service}: {address}", file=sys.stderr, flush=True)
