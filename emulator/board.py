"""One emulated board: what survives a reset, and the power cycles one after another."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from emulator import models
from emulator.boot import INTERRUPTED, SAFE_BOOT_NOW, SAFE_BOOT_ONCE, SOFT_RESET, WDT_RESET, Outcome, boot
from emulator.changes import Changes
from emulator.clock import Clock
from emulator.config_block import NO_TIMEOUT, ConfigBlock
from emulator.console import Console
from emulator.console_input import ConsoleInput
from emulator.device import Device
from emulator.errors import BoardOSError
from emulator.hostmap import HostMap, no_two, parse_map, parse_publish
from emulator.led import Led
from emulator.notes import Note, Notebook
from emulator.nvs import Nvs
from emulator.power import Ending, PowerCycle, PowerOff, ScriptThread, TraceFunction, current_or_none
from emulator.project import Project, ProjectError, read
from emulator.quirks import chosen
from emulator.runtime.internal import internal_note
from emulator.runtime.interpreter import Interpreter
from emulator.servers import Servers
from emulator.settings import LOOPBACK, CertRules, FileSystem, Floats, Settings, listening_address
from flashfs import HostPath, Step, Vfs, Volume
from flashfs.errors import EIO
from flashfs.volume import BOOT_ENTRIES

if TYPE_CHECKING:
    from types import TracebackType

    from emulator.firmware.network import Radio
    from emulator.sdcard import SdCard
    from emulator.services.ftp_image import FirmwareSlot
    from emulator.services.serial_line import PtyLine, TcpLine
    from flashfs.steps import StepHook

STOP_GRACE = 5.0
"""Seconds a script thread has to end after power-off. Only a single call into C can take longer; it is then left behind."""

TIME_LIMIT = 124
FAILED = 1

_EMPTY_MAIN = dict(BOOT_ENTRIES)[b"main.py"]
_NO_MAIN = Note(
    "no-main",
    "no main.py: the board's own one runs, which does nothing",
    fix="put a main.py into the top folder of the project",
    source="firmware: esp32/mptask.c",
)


@dataclass(frozen=True)
class Result:
    """What a run came to.

    ``text``: the console since the run began; ``exit_code``: as of the command line; ``exception``: what ended main.py, if
    anything did; ``notes``: what the host's reader is told.
    """

    text: str
    exit_code: int
    exception: BaseException | None
    notes: list[Note]


@dataclass
class Power:
    """What persists over a soft reset and is lost by a hard one."""

    reset_cause: int = 0
    safe_boot: bool = False
    raw_prompt: bool = False
    """Whether the prompt is in the raw mode."""
    boot_outcome: Outcome | None = None
    outcome: Outcome | None = None
    main_file: str | None = None
    timezone: int = 0
    radio: Radio | None = None
    """The WLAN once a script has used it: it stays up, with its network and its settings."""


class Board:
    """A Pycom board.

    ``model``: wipy lopy lopy4 sipy gpy fipy wipy1; ``fs``: littlefs or fat (None: what ``state`` holds, else littlefs);
    ``state``: a folder that keeps the board between processes (None: in memory). ``cert_rules``: documented, firmware or
    wipy1; ``quirks``: names of the quirk table, or "all"; ``offline``: refuse every address that is not mapped.
    ``sd``: MiB of the SD card in the slot, None for none. ``floats``: arithmetic in double precision, or in single as on the
    board. ``safe_boot``: hold the safe-boot pin at power-on, so that neither boot.py nor main.py is run. ``listen``: the IPv4
    address of this machine that FTP, telnet and the serial line listen on, 0.0.0.0 for all: who reaches it and knows the
    board's login (micro, python; the serial line has none) runs code in this process. Raises ValueError.

    A board is switched off when it is made; :meth:`run` does a whole run, :meth:`start` and :meth:`stop` for more control.
    It is a context manager that stops the board at its end.
    """

    def __init__(
        self,
        model: str = "fipy",
        fs: FileSystem | None = None,
        state: str | os.PathLike[str] | None = None,
        *,
        cert_rules: CertRules = "documented",
        quirks: Iterable[str] | str = (),
        offline: bool = False,
        maps: Iterable[str] = (),
        published: Iterable[str] = (),
        sd: int | None = None,
        floats: Floats = "double",
        safe_boot: bool = False,
        listen: str = LOOPBACK,
    ) -> None:
        if fs not in (None, "littlefs", "fat"):
            raise ValueError(f"no file system {fs!r}; there are littlefs and fat")
        if cert_rules not in ("documented", "firmware", "wipy1"):
            raise ValueError(f"no certificate rules {cert_rules!r}; there are documented, firmware and wipy1")
        if floats not in ("double", "single"):
            raise ValueError(f"no floats {floats!r}; there are double and single")
        self.model = models.model(model)
        if self.model.name == "wipy1":
            cert_rules = "wipy1"
        self.settings = Settings(
            cert_rules=cert_rules,
            quirks=chosen(quirks),
            offline=offline,
            floats=floats,
            safe_boot=safe_boot,
            listen=listening_address(listen),
        )
        self.unique_id = _unique_id(self.model.name)
        self.clock = Clock()
        self.console = Console()
        self.console_input = ConsoleInput()
        self.console_input.on_interrupt = self.interrupt
        self.console_input.on_safe_boot = self.reset_into_safe_boot
        self.console_input.on_prompt = self.wake
        self.console_input.reset_key_is_data = self._reset_key_is_data
        self.led = Led()
        self.safe_boot_flag = 0
        """The flag in the boot information: what ``pycom.bootmgr(safeboot=...)`` reads and sets."""
        self.notes = Notebook()
        self.volume = Volume(
            fs or "littlefs",
            capacity=self.model.memory.fs_bytes,
            now=self.clock.now,
            error=BoardOSError,
            note=self.notes.add,
            quirks=self.settings.quirks,
        )
        self.vfs = Vfs({"/flash": self.volume}, error=BoardOSError, note=self.notes.add)
        self.flash = HostPath(self.volume)
        self.sd_card: SdCard | None = None
        if sd is not None:
            from emulator.sdcard import SdCard

            self.sd_card = SdCard(
                sd, now=self.clock.now, note=self.notes.add, quirks=self.settings.quirks, error=BoardOSError
            )
        self.nvs = Nvs()
        self.config = ConfigBlock()
        self.config.load_file_system(self.volume.kind)
        self.power_state = Power()
        self.stand_in: tuple[str, bytes] | None = None
        """Name and source of a script that runs in place of main.py without being on the flash."""
        self.hostmap = HostMap(
            no_two(parse_map, maps),
            no_two(parse_publish, published),
            offline=offline,
            note=self.notes.add,
        )
        self.servers = Servers(
            self.vfs,
            self.console,
            self.console_input,
            machine=self.model.machine,
            safe_boot=self.prepare_safe_boot,
            note=self.notes.add,
            now=self.clock.now,
            quirks=self.settings.quirks,
            slot=self._firmware_slot,
            host=self.settings.listen,
        )
        self._lines: list[PtyLine | TcpLine] = []
        self._origins: dict[str, tuple[str, bytes]] = {}
        self._changes = Changes()
        self._power_lock = threading.Lock()
        self._supervisor: threading.Thread | None = None
        self._cycle: PowerCycle | None = None
        self._trace: TraceFunction | None = None
        self._booted: PowerCycle | None = None
        """The power cycle whose main thread was started."""
        self._repl = False
        self._pin_held = False
        self._told_reset_key = False
        self._stopping = False
        self.resets = 0
        """How often the board was reset, hard or soft, since it was switched on."""
        self._mounted_anew = True
        """Nothing has run since the flash was mounted: an upload that began before the board was switched on goes on."""
        self._life = threading.RLock()
        self._left_behind: list[ScriptThread] = []
        self.volume.boot_defaults()
        self._state = None
        if state is not None:
            from emulator.state import StateFolder

            self._state = StateFolder(Path(state))
            self._state.attach(self, fs)
            self._mount_flash()

    @property
    def sd_volume(self) -> Volume | None:
        """The volume of the card in the slot."""
        return None if self.sd_card is None else self.sd_card.volume

    @property
    def sd(self) -> HostPath:
        """The card as a person sees it. Raises ValueError where the slot is empty."""
        if self.sd_card is None:
            raise ValueError("there is no SD card in the slot: Board(sd=8) puts one of 8 MiB in")
        return HostPath(self.sd_card.volume, mount="/sd")

    # -- before a run -------------------------------------------------------------------------------------------

    def load(self, path: str | os.PathLike[str], flash: str | os.PathLike[str] | None = None) -> None:
        """Put a script (as main.py) or a project folder onto the flash; ``flash`` is a folder laid below a script.

        All or nothing. Raises ProjectError.
        """
        project = read(Path(path), None if flash is None else Path(flash))
        self.load_project(project)
        if "/main.py" not in project.entries and self.volume.snapshot().get("/main.py") in (None, _EMPTY_MAIN):
            self.note(_NO_MAIN)

    def load_project(self, project: Project) -> None:
        """Put what was read onto the flash: same names replaced, everything else kept. Raises ProjectError."""
        try:
            self.volume.load(project.entries)
        except OSError as error:
            raise ProjectError(
                f"this does not go onto the flash of a {self.model.platform}: {_load_problem(error)}"
            ) from error
        for device_path, host_path in project.origins.items():
            content = project.entries[device_path]
            if content is not None:
                self._origins[f"/flash{device_path}"] = (str(host_path), content)

    def map(self, *specs: str) -> None:
        """Send host names and ports elsewhere: ``"cloud.blynk.cc:8441=127.0.0.1:9443"``. Raises ValueError."""
        for spec in specs:
            self.hostmap.add_map(*parse_map(spec))

    def publish(self, *specs: str) -> None:
        """Give a port the board listens on a host port: ``"8080:80"``. Raises ValueError."""
        for spec in specs:
            self.hostmap.add_published(*parse_publish(spec))

    def open_serial(self) -> str:
        """Put the board's serial line at a pseudo-terminal, until the board is stopped; its path. Raises OSError."""
        from emulator.services.serial_line import PtyLine

        return self._open_line(PtyLine(self.console, self.console_input, self.notes.add))

    def open_serial_tcp(self, port: int = 0) -> str:
        """Put the board's serial line at a port of this machine (0: any free one), as pyserial's ``socket://`` wants it; its URL.

        Until the board is stopped. Raises OSError.
        """
        from emulator.services.serial_line import TcpLine

        return self._open_line(TcpLine(self.console, self.console_input, self.notes.add, port, self.settings.listen))

    def _open_line(self, line: PtyLine | TcpLine) -> str:
        self._lines.append(line)
        line.start()
        return line.address

    @property
    def wired(self) -> bool:
        """Whether somebody may reach the prompt by telnet or the serial line."""
        return bool(self._lines) or self.servers.telnet is not None

    def note(self, note: Note) -> None:
        """Keep a note."""
        self.notes.add(note)

    # -- power ---------------------------------------------------------------------------------------------------

    def start(self, *, repl: bool | None = None) -> None:
        """Switch the board on; returns at once. boot.py and main.py run in a thread.

        With ``repl`` the prompt follows them, and :meth:`type_in` types at it; None: if telnet or a serial line is open.
        """
        repl = self.wired if repl is None else repl
        with self._life:
            if self._supervisor is not None and self._stopping:
                self.stop()  # the power was cut from inside: nobody has waited for the end yet
            if self._supervisor is not None:
                raise RuntimeError("the board is on already")
            self._stopping = False
            self._booted = None
            self._repl = repl
            self._pin_held = self.settings.safe_boot
            if repl and not self.console_input.keyboard:
                self.console_input.open()
            self.resets = 0
            # pdb traces the thread it was started in; the script's threads are others
            self._trace = sys.gettrace() if threading.gettrace() is None else None  # type: ignore[assignment]
            self._supervisor = threading.Thread(target=self._live, name="board", daemon=True)
            self._supervisor.start()

    def stop(self) -> None:
        """Cut the power and wait until nothing of the script is left. Does nothing when the board is off."""
        with self._life:  # whoever comes second returns when the board is off, too
            cycle = self._begin_stopping()
            if cycle is not None:
                cycle.switch_off(Ending.STOPPED)
            supervisor, self._supervisor = self._supervisor, None
            if supervisor is not None:
                supervisor.join()
            uploads = self.servers.close()
            self._mount_anew()  # an upload that was under way is lost, as on a board
            del uploads
            self._lift_fences()
            lines, self._lines = self._lines, []
            for line in lines:
                line.stop()
            if self.console_input.keyboard:
                self.console_input.close()
        if self._state is not None:
            self._state.flush()

    def _begin_stopping(self) -> PowerCycle | None:
        """From now on no power cycle begins; the one there is."""
        with self._power_lock:
            self._stopping = True
            cycle = self._cycle
        self.wake()
        return cycle

    def power_cut(self) -> None:
        """The power goes at this instant. What was not committed is lost; the board can be started again.

        From any thread. A thread of the script gets ``PowerOff`` from it and runs on no more. Any other returns when
        nothing of the script is left, as with :meth:`stop`; inside ``volume.on_step``, where it cannot wait, it gets the
        board's EIO instead, and the step does not take place.
        """
        cycle = self._begin_stopping()
        if cycle is not None:
            cycle.switch_off(Ending.STOPPED)
            thread = current_or_none()
            if (thread is not None and thread.cycle is cycle) or threading.current_thread() is self._supervisor:
                raise PowerOff
        if any(volume.in_step for volume in self._volumes()):
            raise BoardOSError(EIO)
        self.stop()

    def _firmware_slot(self) -> FirmwareSlot:
        from emulator.services.ftp_image import SLOT_BYTES, FirmwareSlot

        return FirmwareSlot(self.model.memory.slot_bytes or SLOT_BYTES, self.console.write)

    def _volumes(self) -> list[Volume]:
        """What keeps its content without power. A script's own block devices run its code, so nobody else may lock them."""
        return [self.volume] if self.sd_volume is None else [self.volume, self.sd_volume]

    @contextlib.contextmanager
    def _hold_flash(self) -> Iterator[Callable[[], None]]:
        """Keep everybody from the volumes; gives what makes their power fail."""
        volumes = self._volumes()
        with contextlib.ExitStack() as locks:
            for volume in volumes:
                locks.enter_context(volume.lock)

            def lose_uncommitted() -> None:
                for volume in volumes:
                    volume.remount()
                    if not isinstance(volume.on_step, _Fence):
                        volume.on_step = _Fence(volume.on_step)

            yield lose_uncommitted

    def _lift_fences(self) -> None:
        if self.left_behind:
            return
        for volume in self._volumes():
            if isinstance(volume.on_step, _Fence):
                volume.on_step = volume.on_step.behind

    def interrupt(self) -> None:
        """Ctrl-C: ``KeyboardInterrupt`` in main.py, a new line at the prompt. Does nothing when no script runs."""
        cycle = self._cycle
        if cycle is not None and not self.console_input.press_interrupt():
            cycle.interrupt()

    def type_in(self, text: str) -> None:
        """Type at the console; each LF is the Enter key. Control characters act as at the board's prompt."""
        self.console_input.feed(text.replace("\n", "\r") if self.console_input.keyboard else text)

    def reset(self) -> None:
        """The reset button."""
        self._reset(0)

    def reset_into_safe_boot(self) -> None:
        """Ctrl-F: a hard reset after which neither boot.py nor main.py runs, until the next one."""
        self.safe_boot_flag = SAFE_BOOT_ONCE
        self._reset(WDT_RESET)

    def prepare_safe_boot(self) -> None:
        """Ctrl-F over telnet: the flag is set, which counts at the next hard reset, and the network goes down until then.

        firmware: esp32/telnet/telnet.c, esp32/hal/esp32_mphal.c
        """
        from emulator.repl.quirks import TELNET_SAFE_BOOT

        self.safe_boot_flag = SAFE_BOOT_ONCE
        self.note(TELNET_SAFE_BOOT)
        self.servers.stop()

    def _reset_key_is_data(self) -> bool:
        """Whether Ctrl-F is a byte like any other now: in the raw mode of tools, unless the quirk is asked for."""
        from emulator.repl.quirks import CTRL_F_RESETS_TOOLS, reset_key_kept

        if not self.power_state.raw_prompt or CTRL_F_RESETS_TOOLS.name in self.settings.quirks:
            return False
        if not self._told_reset_key:
            self._told_reset_key = True
            self.note(reset_key_kept())
        return True

    def _reset(self, cause: int) -> None:
        cycle = self._cycle
        if cycle is not None:
            self.power_state.reset_cause = cause
            cycle.switch_off(Ending.RESET)

    def soft_reset(self) -> None:
        """What Ctrl-D at the prompt does: the scripts begin again; clock, servers and settings go on."""
        cycle = self._cycle
        if cycle is not None:
            cycle.switch_off(Ending.SOFT_RESET)

    def close(self) -> None:
        """Stop the board and let go of its state folder."""
        self.stop()
        if self._state is not None:
            self._state.close()
            self._state = None

    def __enter__(self) -> Board:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Whether a script of this board is still running; the prompt is none."""
        return self._supervisor is not None and not self._idle

    @property
    def _idle(self) -> bool:
        """Whether all threads of the script have ended, but for the main one that waits at the prompt for a key."""
        cycle = self._cycle
        if cycle is None or cycle.off or cycle is not self._booted:
            return False
        threads = cycle.threads()
        return not threads or (len(threads) == 1 and cycle.main_alive and self.console_input.prompting)

    @property
    def left_behind(self) -> bool:
        """Whether a script thread is stuck in a call into C that did not return within the grace period."""
        self._left_behind = [t for t in self._left_behind if t.thread.is_alive()]
        return bool(self._left_behind)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until main.py and all threads of the script have ended, or the power goes; False after ``timeout`` seconds.

        With a prompt: until it waits for the next key.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        return self._wait(
            lambda: self._idle or self._stopping or self._supervisor is None or not self._supervisor.is_alive(),
            deadline,
        )

    # -- a whole run -----------------------------------------------------------------------------------------------

    def run(
        self,
        timeout: float | None = None,
        until: str | Callable[[str], bool] | None = None,
        *,
        fail: str | Callable[[str], bool] | None = None,
        stay: bool = False,
        repl: bool = False,
    ) -> Result:
        """Switch on, run to the end of the script, switch off.

        Ends when main.py and the last thread have ended (with ``stay`` or ``repl``, the prompt: not even then; with ``stay`` the
        prompt is there for telnet and serial lines), after ``timeout`` seconds (exit code 124), or once ``until`` (a text, or a
        predicate of all text so far) is on the console (exit code 0) or ``fail`` is (1).
        """
        run = Run(self, until, fail, timeout, stay=stay or repl)
        self.start(repl=repl or (stay and self.wired))
        try:
            run.wait()
        finally:
            self.stop()
            run.close()
        return run.result()

    def _wait(self, predicate: Callable[[], bool], deadline: float | None) -> bool:
        return self._changes.wait(predicate, deadline)

    def wake(self) -> None:
        """Something changed that a waiter may wait for."""
        self._changes.tell()

    # -- the life of the board -------------------------------------------------------------------------------------

    def _live(self) -> None:
        self._hard_reset()
        while True:
            cycle = PowerCycle(self.clock, on_change=self.wake, hold_flash=self._hold_flash)
            cycle.trace = self._trace
            with self._power_lock:
                if self._stopping:
                    return
                self._cycle = cycle
            self._run_cycle(cycle)
            self._left_behind += cycle.reap(STOP_GRACE)
            if cycle.ending is Ending.SOFT_RESET:
                self.power_state.reset_cause = SOFT_RESET
            elif cycle.ending is Ending.RESET:
                cause = self.power_state.reset_cause
                self._hard_reset()
                self.power_state.reset_cause = cause
                self.servers.reset()
                self.console_input.lose_buffers()
            else:
                break
            self.resets += 1
        self.wake()

    def _run_cycle(self, cycle: PowerCycle) -> None:
        """Boot, and wait until the power goes off; on the way, until the scripts have ended."""
        with contextlib.suppress(PowerOff):  # cut off before it began
            device = self.power_on(cycle)
            cycle.start_thread(lambda: self._boot(device), name="main", main=True)
        self._booted = cycle
        self.wake()
        self._wait(lambda: cycle.off, None)

    def _hard_reset(self) -> None:
        """What is lost with the power or by a reset (firmware: esp32/mptask.c, esp32/mods/machrtc.c, modutime.c)."""
        self.clock.reset()
        self.power_state = Power()
        # the bootloader's part: it takes the flag, or else the pin, for this boot alone
        self.safe_boot_flag = SAFE_BOOT_NOW if self.safe_boot_flag == SAFE_BOOT_ONCE or self._pin_held else 0
        self._pin_held = False
        self.power_state.safe_boot = self.safe_boot_flag != 0
        self.config.after_hard_reset()
        if self.config.get("wdt_on_boot") and self.config.get("wdt_on_boot_timeout") != NO_TIMEOUT:
            self.note(
                Note(
                    "not-emulated",
                    "the watchdog that pycom.wdt_on_boot(True) starts is not emulated yet",
                    cause="on the board it resets a script that does not feed it in time",
                    source="firmware: esp32/mptask.c",
                )
            )

    def power_on(self, cycle: PowerCycle) -> Device:
        """Make what one power cycle hands to its modules. Nothing runs yet."""
        self._lift_fences()
        self._mount_flash()
        self._mounted_anew = False
        device = Device(
            board=self,
            power=cycle,
            clock=self.clock,
            vfs=self.vfs.fork(),
            console=self.console.writer(cycle),
            note=self.notes.add,
        )
        device.interpreter = Interpreter(device, self.settings.floats)
        self.led.boot(bool(self.config.get("heartbeat_on_boot")))
        self.console_input.booted()
        return device

    def _mount_flash(self) -> None:
        """Mount /flash as the configuration block says; another file system is not recognised, so it is made anew.

        Nothing else is mounted at boot.
        """
        self.vfs.unmount_all_but(self.volume)
        if not self._mounted_anew:
            self._mount_anew()
        wanted = self.config.file_system
        if wanted != self.volume.kind:
            before = self.volume.kind
            self.volume.become(wanted)
            self.note(
                Note(
                    "flash-formatted",
                    f"/flash is {wanted} from this boot on: everything that was stored in it is gone",
                    cause=f"the flash was {before}, and pycom.bootmgr(fs_type=...) chose the other file system",
                    fix="upload the files again after pycom.bootmgr(fs_type=..., reset=True)",
                    source="firmware: esp32/mptask.c",
                )
            )
        self.volume.boot_defaults()

    def _mount_anew(self) -> None:
        """Lose what is open: it was never committed."""
        for volume in self._volumes():
            volume.remount()
        self._mounted_anew = True

    def _boot(self, device: Device) -> None:
        try:
            outcome = boot(device)
        except KeyboardInterrupt as error:  # it came when the script had ended
            outcome = Outcome(INTERRUPTED, error)
        except Exception as error:  # noqa: BLE001  boot() shows what the script raises: this one is ours
            self.note(internal_note(error))
            outcome = Outcome(FAILED, error)
        self.power_state.outcome = outcome
        self.wake()
        if self._repl:
            from emulator.repl.loop import serve

            serve(device)

    # -- for the runtime -------------------------------------------------------------------------------------------

    def host_file(self, vfs: Vfs, path: str, data: bytes) -> str:
        """The host's file behind the device path ``path`` if its content is still ``data``, else a name for it in brackets.

        Debuggers and coverage look for no file behind such a name.
        """
        full = path if path.startswith("/") else f"{vfs.getcwd().rstrip('/')}/{path}"
        origin = self._origins.get(full)
        return origin[0] if origin is not None and origin[1] == data else f"<{full}>"


class _Fence:
    """Stands before a volume once the power is off: nothing that is left of the script changes it any more."""

    def __init__(self, behind: StepHook | None) -> None:
        self.behind = behind

    def __call__(self, step: Step) -> None:
        thread = current_or_none()
        if thread is not None and thread.cycle.off:
            raise PowerOff
        if self.behind is not None:
            self.behind(step)


@dataclass
class Run:
    """One run of a board, watched from outside."""

    board: Board
    until: str | Callable[[str], bool] | None = None
    fail: str | Callable[[str], bool] | None = None
    timeout: float | None = None
    stay: bool = False
    """Whether to go on when the script has ended."""
    exit_code: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._deadline = None if self.timeout is None else time.monotonic() + self.timeout
        self._begin = len(self.board.console.text)
        self._first_note = self.board.notes.written
        self._watchers = [
            (_Watcher(wanted, self.board, self._begin), code)
            for wanted, code in ((self.fail, FAILED), (self.until, 0))
            if wanted is not None
        ]
        self._unlisten = self.board.console.listen(self._look) if self._watchers else lambda: None

    def _look(self, text: str) -> None:
        if self.exit_code is not None:
            return
        for watcher, code in self._watchers:
            if watcher.sees(text):
                self.exit_code = code
                self.board.wake()
                return

    def wait(self) -> None:
        """Wait for the end of the run. Called again after an interruption, it goes on to the same deadline."""
        board = self.board

        def ended() -> bool:
            alive = board._supervisor is not None and board._supervisor.is_alive()
            if self.exit_code is not None or board._stopping or not alive:
                return True
            return not self.stay and board._idle

        if board._wait(ended, self._deadline):
            return
        if not board._idle and self.exit_code is None:
            self.exit_code = TIME_LIMIT

    def result(self) -> Result:
        """What the run came to."""
        outcome = self.board.power_state.outcome
        code = self.exit_code
        if code is None:
            code = outcome.exit_code if outcome is not None and self.until is None else FAILED
        return Result(
            text=self.board.console.text[self._begin :],
            exit_code=code,
            exception=outcome.exception if outcome is not None else None,
            notes=self.board.notes.since(self._first_note),
        )

    def close(self) -> None:
        """Stop watching."""
        self._unlisten()


class _Watcher:
    """Looks for a text in what comes piece by piece, or asks a predicate of all text so far."""

    def __init__(self, wanted: str | Callable[[str], bool], board: Board, begin: int) -> None:
        self._wanted = wanted
        self._console = board.console
        self._begin = begin
        self._tail = ""

    def sees(self, text: str) -> bool:
        if callable(self._wanted):
            return self._wanted(self._console.text[self._begin :])
        seen = self._tail + text
        self._tail = seen[max(0, len(seen) - len(self._wanted) + 1) :]
        return self._wanted in seen


def _unique_id(name: str) -> bytes:
    """The base MAC: Espressif's prefix and three bytes of the model's, the same in every run."""
    return b"\x24\x0a\xc4" + zlib.crc32(name.encode()).to_bytes(4, "big")[1:]


def _load_problem(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason
