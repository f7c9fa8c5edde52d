"""``run PATH``: a thin caller of :class:`emulator.board.Board`."""

from __future__ import annotations

import argparse
import os
import select
import signal
import stat
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.board import FAILED, Board, Run
from emulator.cli import UsageError
from emulator.commands.exposure import warning
from emulator.commands.values import host_path
from emulator.console import encoded
from emulator.notes import Note
from emulator.power import PowerOff, current_or_none
from emulator.project import ProjectError
from emulator.repl.streams import is_terminal
from emulator.settings import DEFAULT_SD_MIB, LOOPBACK, MAX_SD_MIB
from emulator.signals import Interrupted, Signals

if TYPE_CHECKING:
    from emulator.watch import Watch


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``run``."""
    parser.add_argument(
        "path",
        type=host_path,
        metavar="PATH",
        help="a script (becomes /flash/main.py) or a project folder (becomes /flash)",
    )
    parser.add_argument(
        "--flash", type=host_path, metavar="DIR", help="with a script: this folder's tree becomes /flash first"
    )
    parser.add_argument(
        "--board", default="fipy", metavar="NAME", help="wipy lopy lopy4 sipy gpy fipy wipy1 (default: fipy)"
    )
    parser.add_argument(
        "--fs", choices=("littlefs", "fat"), help="file system of /flash (default: what --state holds, else littlefs)"
    )
    parser.add_argument("--sd", action="store_true", help="put an SD card of 8 MiB into the slot")
    parser.add_argument("--sd-size", type=_mib, metavar="MIB", help="put an SD card of this size into the slot")
    parser.add_argument("--state", type=host_path, metavar="DIR", help="keep the board in this folder between runs")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="HOST:PORT=ADDR:PORT",
        help="send a host name and port of the script elsewhere; may be repeated",
    )
    parser.add_argument(
        "--publish",
        action="append",
        default=[],
        metavar="HOSTPORT:BOARDPORT",
        help="give a port the script listens on a port of this machine; may be repeated",
    )
    parser.add_argument("--offline", action="store_true", help="refuse every address that is not mapped")
    parser.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="end after this time, with status 124")
    parser.add_argument(
        "--expect",
        type=_text,
        metavar="TEXT",
        help="end with status 0 once the console shows TEXT, with 1 if it never does",
    )
    parser.add_argument("--fail", type=_text, metavar="TEXT", help="end with status 1 once the console shows TEXT")
    parser.add_argument(
        "--stay", action="store_true", help="keep the board and its servers up when the script has ended"
    )
    parser.add_argument(
        "--watch", action="store_true", help="put files that change on this machine onto the flash, and reset the board"
    )
    parser.add_argument(
        "--repl", action="store_true", help="be at the board's prompt when main.py has ended, also when input ends"
    )
    parser.add_argument(
        "--safe-boot", action="store_true", help="hold the safe-boot pin: neither boot.py nor main.py is run"
    )
    parser.add_argument("--ftp", type=_port, metavar="PORT", help="open the board's FTP server (0: any free port)")
    parser.add_argument(
        "--telnet", type=_port, metavar="PORT", help="open the board's telnet server (0: any free port)"
    )
    parser.add_argument(
        "--serial", action="store_true", help="put the board's serial line at a pseudo-terminal; its path is printed"
    )
    parser.add_argument(
        "--serial-tcp",
        type=_port,
        metavar="PORT",
        help="put the board's serial line at a port, for socket:// of pyserial (0: any free port)",
    )
    parser.add_argument(
        "--listen",
        metavar="ADDRESS",
        help="let other machines reach these ports: an IPv4 address of this machine, 0.0.0.0 for all (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--log",
        type=_logged,
        default=(),
        metavar="SERVICE[,SERVICE]",
        help=f"log the sessions of these services on standard error: {', '.join(LOGGED)}",
    )
    parser.add_argument(
        "--cert-rules",
        choices=("documented", "firmware", "wipy1"),
        default="documented",
        help="which certificate paths ussl takes (default: documented)",
    )
    parser.add_argument(
        "--floats",
        choices=("double", "single"),
        default="double",
        help="the precision of arithmetic; the board's is single (default: double, which is faster)",
    )
    parser.add_argument(
        "--quirks", default="", metavar="NAME[,NAME]|all", help="reproduce these defects of the firmware"
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e9:
        raise ValueError(text)
    return value


def _mib(text: str) -> int:
    value = int(text)
    if not 1 <= value <= MAX_SD_MIB:
        raise ValueError(text)
    return value


LOGGED = ("ftp",)
"""Services with a log."""


def _logged(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    if not set(names) <= set(LOGGED):
        raise ValueError(text)
    return names


def _text(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise ValueError(text)
    return value


_seconds.__name__ = "number of seconds"
_port.__name__ = "port number"
_logged.__name__ = f"service with a log ({', '.join(LOGGED)})"
_mib.__name__ = f"number of MiB from 1 to {MAX_SD_MIB}"
_text.__name__ = "text"


def execute(options: argparse.Namespace) -> int:
    """Run and return the exit status."""
    own_process()
    _check_together(options)
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
            sd=options.sd_size or (DEFAULT_SD_MIB if options.sd else None),
            floats=options.floats,
            safe_boot=options.safe_boot,
            listen=LOOPBACK if options.listen is None else options.listen,
        )
    except (ValueError, ProjectError) as error:
        raise UsageError(str(error)) from error
    board.notes.listen(show_note)
    # before any service: a client may be quick, and the board answer on the console
    output = Output(board, prompt=options.repl)
    try:
        watch = _watch_of(options)
        board.load(options.path, options.flash)
        board.servers.logs = {name: logger(name) for name in options.log}
        for service, option, open_it in _services(board, options):
            show_address(service, _opened(option, open_it))
            if option != "--serial":
                show_warning(warning(service, board.settings.listen, board.servers.login))
    except ProjectError as error:
        board.close()
        raise UsageError(str(error)) from error
    except UsageError:
        board.close()
        raise
    status = _run(board, options, output, watch)
    if board.left_behind:
        # a call into C that never returns: only the end of the process ends it
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _check_together(options: argparse.Namespace) -> None:
    """Refuse what would do nothing."""
    if options.listen is not None and (options.ftp, options.telnet, options.serial_tcp) == (None, None, None):
        raise UsageError("--listen: nothing listens; it goes with --ftp, --telnet or --serial-tcp")
    if "ftp" in options.log and options.ftp is None:
        raise UsageError("--log ftp: there is no session to log; it goes with --ftp")


Opener = Callable[[], str]


def _services(board: Board, options: argparse.Namespace) -> Iterator[tuple[str, str, Opener]]:
    """The services that were asked for: name, option as it was written, and what opens it."""
    if options.ftp is not None:
        yield "ftp", f"--ftp {options.ftp}", partial(board.servers.open_ftp, options.ftp)
    if options.telnet is not None:
        yield "telnet", f"--telnet {options.telnet}", partial(board.servers.open_telnet, options.telnet)
    if options.serial:
        yield "serial", "--serial", board.open_serial
    if options.serial_tcp is not None:
        yield "serial", f"--serial-tcp {options.serial_tcp}", partial(board.open_serial_tcp, options.serial_tcp)


def _opened(option: str, open_it: Opener) -> str:
    try:
        return open_it()
    except OSError as error:
        raise UsageError(f"{option}: {error.strerror or error}") from error


def _run(board: Board, options: argparse.Namespace, output: Output, watch: Watch | None) -> int:
    signals: Signals = options.signals
    stay = options.stay or options.repl or options.watch
    run = Run(board, options.expect, options.fail, options.timeout, stay=stay)
    presses = Presses(board, prompt=options.repl)
    status: int | None = None
    hint = board.wired and not stay
    signals.disarm()  # a thread that is being started is not to be torn apart; what comes meanwhile is raised by arm()
    detach = attach_stdin(board, signals, prompt=options.repl)
    board.start(repl=options.repl or (stay and board.wired))
    unwatch = follow(board, watch, options.path) if watch is not None else _nothing
    pressed = False
    while status is None:
        try:
            signals.arm()
            if pressed:
                board.interrupt()
            run.wait()
            signals.disarm()
            break
        except Interrupted as signal_:
            pressed = True
            if signal_.number != signal.SIGINT or presses.end_it():
                status = signal_.status
    unwatch()
    board.close()
    run.close()
    output.close()
    detach()
    if output.broken:
        if output.fault:
            print(f"pycom-emulator: standard output: {output.fault}", file=sys.stderr)
        return 1
    if status is None:
        show_warning(_ended_by(options, run))
    if hint and status is None and run.exit_code is None:
        print("the script has ended, and with it the way to the prompt: --stay keeps the board on", file=sys.stderr)
    return run.result().exit_code if status is None else status


def _ended_by(options: argparse.Namespace, run: Run) -> str:
    """What made a run fail other than the script itself; empty for that, and for the time limit, which has its own status."""
    if run.exit_code is None and options.expect is not None:
        return f"pycom-emulator: --expect: the console never showed {options.expect!r}"
    if run.exit_code == FAILED and options.fail is not None:
        return f"pycom-emulator: --fail: the console showed {options.fail!r}"
    return ""


def _nothing() -> None:
    pass


class Presses:
    """Ctrl-C: the first one interrupts, the second one ends. At the prompt only two in a row, with nothing typed between."""

    def __init__(self, board: Board, *, prompt: bool) -> None:
        self._board = board
        self._prompt = prompt
        self._typed = -1

    def end_it(self) -> bool:
        """Take one; whether it is to end the emulator."""
        typed = self._board.console_input.typed if self._prompt else 0
        again, self._typed = self._typed == typed, typed
        return again or not (self._prompt or self._board.running)


def own_process() -> None:
    """What only a process of our own may do: CPython's advice about a script is not for the board's console or its user."""
    warnings.simplefilter("ignore")
    told = sys.unraisablehook

    def unraisable(event: sys.UnraisableHookArgs) -> None:
        # injected into a finaliser of ours: the power is off, there is nothing to tell
        if isinstance(event.exc_value, PowerOff):
            return
        # a generator or finaliser of the script's that fails while it is collected: the board says nothing either
        if event.exc_traceback is None or "__builtins__" not in event.exc_traceback.tb_frame.f_globals:
            return
        told(event)

    sys.unraisablehook = unraisable


LARGEST_PIECE = 512
"""What POSIX lets be written to a pipe that is ready without waiting (PIPE_BUF is at least this)."""


class Output:
    """The console on stdout: verbatim, LF line ends on every system, flushed at each line.

    A reader that does not read makes the script wait, as a slow wire would, but never so that power-off cannot end it.
    With a prompt everything is shown at once; what is typed is echoed where a person types it.
    """

    def __init__(self, board: Board, *, prompt: bool = False) -> None:
        self._at_once = prompt
        self.broken = sys.stdout is None
        self.fault = ""
        """Why nothing more can be shown; empty where the reader has just gone."""
        self._line_ended = True
        self._board = board
        self._pending = bytearray()
        self._stream = getattr(sys.stdout, "buffer", None)
        self._pipe = _pipe_of(self._stream)
        board.console.keeps_text = False
        self._stop = board.console.listen(self._show, echo=prompt and is_terminal(sys.stdin))

    def _show(self, text: str) -> None:
        if self.broken:
            return
        self._pending += encoded(text)
        self._line_ended = text.endswith("\n")
        if self._at_once or "\n" in text or len(self._pending) > LARGEST_PIECE:
            try:
                self._write(self._wait)
            except OSError as error:  # whoever read it has gone: the script must not see that as an error of its own
                self._break(error)

    def _write(self, wait: Callable[[int], bool]) -> None:
        if self._pipe is None:
            data = bytes(self._pending)
            self._pending.clear()
            if self._stream is None:
                sys.stdout.write(data.decode("utf-8"))
                sys.stdout.flush()
            else:
                self._stream.write(data)
                self._stream.flush()
            return
        while self._pending and wait(self._pipe):
            del self._pending[: os.write(self._pipe, self._pending[:LARGEST_PIECE])]

    def _wait(self, descriptor: int) -> bool:
        """Wait in the script's thread until something can be written; power-off and Ctrl-C end that."""
        thread = current_or_none()
        if thread is None:  # a message of the firmware's own, from a server
            return bool(select.select((), (descriptor,), (), LAST_LINE)[1])
        thread.cycle.wait_files((), (descriptor,), None)
        return True

    def _break(self, error: OSError) -> None:
        self._give_up(error)
        threading.Thread(target=self._board.stop, daemon=True).start()

    def _give_up(self, error: OSError) -> None:
        self.broken = True
        self.fault = "" if isinstance(error, BrokenPipeError) else error.strerror or str(error)
        self._pending.clear()
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  what is left unwritten is not to be tried again at exit

    def close(self) -> None:
        """Show what is left of the last line, if somebody reads."""
        self._stop()
        if self.broken:
            return
        if self._at_once and not self._line_ended:
            self._pending += b"\n"  # what follows, the shell's prompt, begins a line
        try:
            self._write(lambda descriptor: bool(select.select((), (descriptor,), (), LAST_LINE)[1]))
        except OSError as error:
            self._give_up(error)


LAST_LINE = 1.0
"""Seconds that a reader has to take the rest of the last line."""


def _pipe_of(stream: Any) -> int | None:
    """The descriptor of a stream whose reader may keep us waiting, where the host can wait for that."""
    if stream is None or not hasattr(select, "poll"):
        return None
    try:
        descriptor: int = stream.fileno()
        kind = os.fstat(descriptor).st_mode
    except (OSError, ValueError):
        return None
    return None if stat.S_ISREG(kind) else descriptor


def attach_stdin(board: Board, signals: Signals, *, prompt: bool) -> Callable[[], None]:
    """What is typed reaches the board; returns what puts the terminal back as it was.

    Without a prompt nothing is read before the script asks.
    """
    if prompt:
        from emulator.repl.terminal import attach

        return attach(board, signals)

    def pump() -> None:
        for line in sys.stdin or ():
            board.type_in(line)
        board.console_input.end()

    board.console_input.attach(lambda: threading.Thread(target=pump, name="stdin", daemon=True).start())
    return _nothing


def follow(board: Board, watch: Watch, path: Path) -> Callable[[], None]:
    """Have what changes on this machine reach the board; returns what ends that."""
    from emulator.commands.printing import visible
    from emulator.watch import Watcher

    def say(line: str) -> None:
        print(f"watch: {visible(line)}", file=sys.stderr, flush=True)

    watcher = Watcher(board, watch, say)
    say(f"{path}: each change resets the board; Ctrl-C ends")
    return watcher.close


def _watch_of(options: argparse.Namespace) -> Watch | None:
    """The project as it is before it is loaded, so that no change is missed."""
    if not options.watch:
        return None
    from emulator.watch import Watch

    return Watch(options.path, options.flash)


def show_note(note: Note) -> None:
    """A note on stderr."""
    print(note, file=sys.stderr, flush=True)


def logger(service: str) -> Callable[[str], None]:
    """What puts the lines of a service's log on stderr."""

    def log(line: str) -> None:
        print(f"{service} {line}", file=sys.stderr, flush=True)

    return log


def show_address(service: str, address: str) -> None:
    """Where a service is, on stderr, in the form that scripts rely on."""
    print(f"{service}: {address}", file=sys.stderr, flush=True)


def show_warning(text: str) -> None:
    """A warning on stderr, if there is one."""
    if text:
        print(text, file=sys.stderr, flush=True)
