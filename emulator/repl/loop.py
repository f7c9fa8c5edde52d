"""The prompt at work: reads keys, runs what was submitted in ``__main__``, resets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from emulator.boot import run
from emulator.power import Ending
from emulator.repl.completion import complete
from emulator.repl.expressions import showing
from emulator.repl.line_editor import CTRL_C, CTRL_D, Complete, LineEditor
from emulator.repl.session import RAW_MARK, Form, Session, SoftReset, Submission
from emulator.runtime.hidden import visible_names
from emulator.runtime.internal import internal_note
from emulator.runtime.memory import failed

if TYPE_CHECKING:
    from emulator.device import Device

NAME = "<stdin>"


def completion(device: Device) -> Complete:
    """What Tab does, at the prompt and in ``input()``."""
    return lambda before: complete(before, device.interpreter.main, visible_names)


def serve(device: Device) -> NoReturn:
    """Be the board's prompt until the power goes or a reset comes. Raises PowerOff."""
    state, keys = device.board.power_state, device.board.console_input

    def remember(raw: bool) -> None:
        state.raw_prompt = raw

    session = Session(
        device.console.write,
        device.console.echo,
        dict(device.board.model.uname)["machine"],
        device.history,
        completion(device),
        raw=state.raw_prompt,
        indent=lambda: not keys.key_was_plain,
        changes=remember,
        longest=device.board.model.memory.heap_bytes,
    )
    begun = False
    while True:
        try:
            if not begun:
                begun = True
                session.begin()
            _take(device, session, keys.read_key(device.power, prompt=True))
        except (
            KeyboardInterrupt
        ):  # it came when a script had just ended, or before the prompt waited: a key like any other
            keys.type_interrupt()
        except Exception as error:  # noqa: BLE001  what the script raises is shown by run(): this one is ours
            device.note(internal_note(error))


def _take(device: Device, session: Session, key: str) -> None:
    action = session.key(key)
    if isinstance(action, SoftReset):
        device.power.switch_off(Ending.SOFT_RESET)
        device.power.check()
    elif isinstance(action, Submission):
        try:
            execute(device, action)
        finally:
            session.resume()


def execute(device: Device, submission: Submission) -> None:
    """Run what was submitted, and show what it does not catch. SystemExit ends it without a word."""
    interpreter = device.interpreter
    main = interpreter.main

    def mark() -> None:
        device.console.write(RAW_MARK)

    def refuse() -> None:
        raise failed(device.board.model.memory.heap_bytes)

    def statement() -> None:
        if _is_empty(submission.text):
            return
        code = interpreter.compile(showing(submission.text), NAME, "single", interpreter.typed_name())
        interpreter._run(code, main, main)

    def file() -> None:
        text = showing(submission.text) if submission.form is Form.PASTED else submission.text
        interpreter.execute_source(NAME, _encoded(text), main, main, filename=interpreter.typed_name())

    script = statement if submission.form is Form.STATEMENT else file
    if submission.too_long:
        script = refuse
    if submission.form is Form.RAW:
        run(device, script, ended=mark)
        mark()
    else:
        run(device, script)


def _is_empty(text: str) -> bool:
    """Whether there is nothing but blanks and comments: no statement for the host's compiler."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.split("\n"))


def _encoded(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "surrogateescape")


def read_line(device: Device) -> str:
    """``input()`` at the keyboard. Raises EOFError for Ctrl-D on an empty line, KeyboardInterrupt for Ctrl-C."""
    keys: Any = device.board.console_input
    editor = LineEditor(device.console.echo, device.history, completion(device))
    while True:
        try:
            ended = editor.key(keys.read_key(device.power))
        except EOFError:
            if editor.line:
                return editor.line
            raise
        if ended == CTRL_C:
            raise KeyboardInterrupt("")
        if ended == CTRL_D:
            raise EOFError
        if ended is not None:
            return editor.line
