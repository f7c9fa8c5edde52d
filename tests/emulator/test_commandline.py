"""The command line: statuses, signals, and one plain line for what cannot be done."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import cli
from tests.emulator.commandline import LIMIT, ROOT, command, run, running


def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "main.py"
    path.write_text(text)
    return path


STATUSES = {
    "ends": ("print('x')", 0),
    "exception": ("1/0", 1),
    "exit": ("import sys\nsys.exit()", 0),
    "exit 3": ("import sys\nsys.exit(3)", 3),
    "SystemExit": ("raise SystemExit(4)", 4),
    "syntax": ("x = = 1", 1),
}


@pytest.mark.parametrize(("text", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_status(tmp_path: Path, text: str, status: int) -> None:
    assert run("run", script(tmp_path, text)).status == status


@pytest.mark.parametrize("words", [("--expect", "tick"), ("--fail", "other", "--expect", "tick")])
def test_expect(tmp_path: Path, words: tuple[str, ...]) -> None:
    ended = run("run", script(tmp_path, "import time\nwhile True:\n    print('tick')\n    time.sleep(0.01)"), *words)
    assert ended.status == 0


def test_fail(tmp_path: Path) -> None:
    assert run("run", script(tmp_path, "print('bad news')\nwhile True: pass"), "--fail", "bad").status == 1


def test_expected_text_never_shown(tmp_path: Path) -> None:
    assert run("run", script(tmp_path, "print('x')"), "--expect", "y").status == 1


REASONS = {
    "expect": ("print('x')", ["--expect", "y"], "pycom-emulator: --expect: the console never showed 'y'\n"),
    "expect seen": ("print('x')", ["--expect", "x"], ""),
    "fail": ("print('bad')\nwhile True: pass", ["--fail", "bad"], "pycom-emulator: --fail: the console showed 'bad'\n"),
    "timeout": ("while True: pass", ["--timeout", "0.2", "--expect", "y"], ""),
    "exception": ("1/0", [], ""),
}


@pytest.mark.parametrize(("text", "words", "reason"), REASONS.values(), ids=REASONS)
def test_what_the_console_does_not_show_is_told(tmp_path: Path, text: str, words: list[str], reason: str) -> None:
    assert run("run", script(tmp_path, text), *words).err == reason


WRONG = {
    "no command": ([], "required"),
    "unknown command": (["frob"], "frob"),
    "no such file": (["run", "/nowhere/main.py"], "/nowhere/main.py"),
    "map without =": (["run", "{script}", "--map", "nonsense"], "nonsense"),
    "map without port": (["run", "{script}", "--map", "a=b:1"], "a=b:1"),
    "map with a bad port": (["run", "{script}", "--map", "a:1=b:70000"], "70000"),
    "map twice": (
        ["run", "{script}", "--map", "a:1=b:2", "--map", "a:1=c:3"],
        "'a:1=c:3': this place has been sent elsewhere",
    ),
    "publish twice": (["run", "{script}", "--publish", "8080:80", "--publish", "8081:80"], "'8081:80': this place"),
    "log of nothing": (
        ["run", "{script}", "--log", "ftp"],
        "--log ftp: there is no session to log; it goes with --ftp",
    ),
    "publish": (["run", "{script}", "--publish", "80"], "80"),
    "board": (["run", "{script}", "--board", "esp8266"], "esp8266"),
    "fs": (["run", "{script}", "--fs", "ext4"], "ext4"),
    "quirk": (["run", "{script}", "--quirks", "nonsense"], "nonsense"),
    "timeout": (["run", "{script}", "--timeout", "soon"], "soon"),
    "ftp port": (["run", "{script}", "--ftp", "99999"], "99999"),
    "flash": (["run", "{script}", "--flash", "/nowhere"], "/nowhere"),
    "empty text": (["run", "{script}", "--expect", ""], "--expect"),
    "demo": (["demo", "nonsense"], "nonsense"),
    "unknown option": (["run", "{script}", "--frob"], "--frob (see: pycom-emulator run --help)"),
    "unknown option of an action": (["flash", "df", "--state", "x", "--frob"], "pycom-emulator flash df --help"),
    "name with a dash": (["get", "x.py", "-y.py", ".", "--ftp", "9"], "a name that begins with a dash comes after --"),
    "empty path": (["run", ""], "PATH"),
    "empty state": (["run", "{script}", "--state", ""], "--state"),
    "empty flash": (["run", "{script}", "--flash", ""], "--flash"),
    "nothing to check": (["check", ""], "PATH"),
    "nothing to put": (["put", "", "x", "--ftp", "9"], "LOCAL"),
    "nothing to get": (["get", "", "x", "--ftp", "9"], "REMOTE"),
    "nothing to sync": (["sync", "", "--ftp", "9"], "DIR"),
    "nothing to store": (["flash", "put", "", ":", "--state", "/nowhere/x"], "LOCAL"),
    "nothing to remove": (["flash", "rm", "-r", "", "--state", "/nowhere/x"], "PATH"),
    "no certificates": (["certs", "check", ""], "PATH"),
    "nowhere for certificates": (["certs", "make", ""], "FOLDER"),
}


@pytest.mark.parametrize(("words", "named"), WRONG.values(), ids=WRONG.keys())
def test_wrong_usage_is_one_line_that_names_it(tmp_path: Path, words: list[str], named: str) -> None:
    path = script(tmp_path, "print('ran')")
    ended = run(*[str(path) if word == "{script}" else word for word in words])
    assert ended.status == 2
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
    assert named in ended.err


def test_ftp_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("run", script(tmp_path, "print('ran')"), "--ftp", str(port))
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert str(port) in ended.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root can read everything")
def test_unreadable_folder(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir(mode=0)
    ended = run("run", tmp_path / "project")
    assert ended.status == 2
    assert len(ended.err.splitlines()) == 1


LOCKED = {
    "run": ["run", "LOCKED"],
    "run a script": ["run", "LOCKED/main.py"],
    "flash": ["run", "{script}", "--flash", "LOCKED/x"],
    "state": ["run", "{script}", "--state", "LOCKED/x"],
    "check": ["check", "LOCKED/main.py"],
    "power-cut": ["power-cut", "LOCKED"],
    "certs make": ["certs", "make", "LOCKED/x"],
    "flash put": ["flash", "put", "LOCKED/x", ":", "--state", "NEW"],
    "flash ls": ["flash", "ls", "--state", "LOCKED/x"],
    "sync": ["sync", "LOCKED/x", "--ftp", "9"],
}


@pytest.mark.parametrize("words", LOCKED.values(), ids=LOCKED)
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root can enter every folder")
def test_a_folder_that_may_not_be_entered_is_one_line(tmp_path: Path, words: list[str]) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    names = {"LOCKED": str(locked), "NEW": str(tmp_path / "new"), "{script}": str(script(tmp_path, "print('ran')"))}
    for name, path in names.items():
        words = [word.replace(name, path) for word in words]
    ended = run(*words)
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert str(locked) in ended.err


def test_the_host_may_refuse_a_folder_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same for root, who is refused nothing."""

    def refused(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", refused)
    for words in (["check", str(tmp_path)], ["power-cut", str(tmp_path)], ["sync", str(tmp_path), "--ftp", "9"]):
        assert cli.main(words) == 2
        assert capsys.readouterr().err == f"pycom-emulator: {tmp_path}: Permission denied\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
class TestSignals:
    ENDLESS = "import time\nprint('ready')\nwhile True:\n    try:\n        time.sleep(1)\n    except KeyboardInterrupt:\n        print('interrupted')\n"

    def test_sigterm(self, tmp_path: Path) -> None:
        with running("run", script(tmp_path, self.ENDLESS)) as board:
            board.wait_for("out", "ready")
            board.send(signal.SIGTERM)
            ended = board.finish()
        assert ended.status == 143
        assert ended.out == "ready\n"

    def test_one_ctrl_c_interrupts_the_script(self, tmp_path: Path) -> None:
        with running("run", script(tmp_path, "import time\nprint('ready')\ntime.sleep(99)")) as board:
            board.wait_for("out", "ready")
            board.send(signal.SIGINT)
            ended = board.finish()
        assert ended.status == 130
        assert ended.out.endswith("KeyboardInterrupt: \n")
        assert ended.err == ""

    def test_two_end_the_emulator(self, tmp_path: Path) -> None:
        with running("run", script(tmp_path, self.ENDLESS)) as board:
            board.wait_for("out", "ready")
            board.send(signal.SIGINT)
            board.wait_for("out", "interrupted")
            board.send(signal.SIGINT)
            ended = board.finish()
        assert ended.status == 130
        assert ended.out == "ready\ninterrupted\n"

    def test_stay(self, tmp_path: Path) -> None:
        with running("run", script(tmp_path, "print('done')"), "--stay", "--ftp", "0") as board:
            board.wait_for("out", "done")
            url = board.wait_for("err", "ftp: ")
            port = int(url.split(":")[-1].split("/")[0])
            with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as client:
                assert client.recv(100).startswith(b"220 ")
            board.send(signal.SIGTERM)
            assert board.finish().status == 143

    def test_a_call_into_c_that_outlasts_the_limit_is_the_last(self, tmp_path: Path) -> None:
        # nothing ends a calculation of CPython's before it is done, so this one has to be of a known length
        ended = run("run", script(tmp_path, "x = 3 ** 3000000\nwhile True:\n    x // 7\n"), "--timeout", "0.3")
        assert (ended.status, ended.err) == (124, "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes")
class TestEnding:
    def test_more_signals_do_not_tear_the_ending_apart(self, tmp_path: Path) -> None:
        slow = "print('ready')\nx = 3 ** 4000000\nwhile True:\n    str(x % 10 ** 100)\n"
        with running("run", script(tmp_path, slow), "--state", tmp_path / "state") as board:
            board.wait_for("out", "ready")
            for _ in range(3):
                board.send(signal.SIGTERM)
            ended = board.finish()
        assert ended.status == 143
        assert "Traceback" not in ended.err

    def test_a_reader_that_does_not_read(self, tmp_path: Path) -> None:
        path = script(tmp_path, "while True:\n    print('x' * 1000)\n")
        process = subprocess.Popen(
            command("run", path, "--timeout", "0.5"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        try:
            assert process.wait(LIMIT) == 124
        finally:
            process.kill()
            process.communicate()

    def test_a_slow_reader_gets_everything(self, tmp_path: Path) -> None:
        path = script(tmp_path, "for i in range(20000):\n    print('line', i)\nprint('end', end='')")
        process = subprocess.Popen(command("run", path), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert process.stdout is not None
        received = b""
        while piece := process.stdout.read(997):
            received += piece
        process.stdout.close()
        assert process.wait(LIMIT) == 0
        assert received == b"".join(b"line %d\n" % i for i in range(20000)) + b"end"

    @pytest.mark.parametrize("closed", ["stdin", "stdout"])
    def test_closed_streams(self, tmp_path: Path, closed: str) -> None:
        path = script(tmp_path, "try:\n    input()\nexcept EOFError:\n    print('end')")
        redirect = {"stdin": "<&-", "stdout": ">&-"}[closed]
        shell = " ".join([*map(shlex.quote, command("run", str(path), "--timeout", "9")), redirect])
        done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, timeout=LIMIT, cwd=ROOT)
        assert done.stderr == ""
        assert (done.returncode, done.stdout) == ((0, "end\n") if closed == "stdin" else (1, ""))


def shell(words: str, *command_line: str | Path) -> subprocess.CompletedProcess[str]:
    """A command with the redirections of ``words``."""
    line = " ".join([*(shlex.quote(word) for word in command(*command_line)), words])
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=LIMIT, cwd=ROOT)


WITHOUT_OUTPUT = {
    "explain": ["explain", "12"],
    "api": ["api", "machine"],
    "check": ["check", "{script}"],
    "certs": ["certs", "check", "{script}"],
}


@pytest.mark.skipif(sys.platform == "win32", reason="a shell")
class TestStreams:
    @pytest.mark.parametrize("words", WITHOUT_OUTPUT.values(), ids=WITHOUT_OUTPUT)
    def test_a_closed_stdout_changes_nothing_else(self, tmp_path: Path, words: list[str]) -> None:
        path = str(script(tmp_path, "1/0"))
        line = [word.replace("{script}", path) for word in words]
        assert (shell(">&-", *line).returncode, shell(">&-", *line).stderr) == (run(*line).status, "")

    def test_notes_do_not_come_onto_the_console_when_stderr_is_closed(self, tmp_path: Path) -> None:
        done = shell("2>&-", "run", script(tmp_path, "print('x')"), "--ftp", "0")
        assert (done.returncode, done.stdout) == (0, "x\n")

    def test_nor_do_errors(self) -> None:
        done = shell("2>&-", "run", "/nowhere/main.py")
        assert (done.returncode, done.stdout) == (2, "")

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device there")  # noqa: PTH110
    @pytest.mark.parametrize("words", [["run", "{script}"], *WITHOUT_OUTPUT.values()], ids=["run", *WITHOUT_OUTPUT])
    def test_a_full_disk_is_one_line(self, tmp_path: Path, words: list[str]) -> None:
        path = str(script(tmp_path, "print('x')"))
        done = shell(">/dev/full", *(word.replace("{script}", path) for word in words))
        assert (done.returncode, done.stderr) == (1, f"pycom-emulator: standard output: {os.strerror(errno.ENOSPC)}\n")

    @pytest.mark.parametrize("words", WITHOUT_OUTPUT.values(), ids=WITHOUT_OUTPUT)
    def test_a_reader_that_has_gone_is_no_traceback(self, tmp_path: Path, words: list[str]) -> None:
        path = str(script(tmp_path, "1/0"))
        done = shell("| true", *(word.replace("{script}", path) for word in words))
        assert done.stderr == ""

    def test_ctrl_c_while_modules_are_imported_is_no_traceback(self) -> None:
        early = "import os, signal, sys; import emulator.__main__ as m; import emulator.openssl_settings as s; "
        early += "s.use_board_groups = lambda: os.kill(os.getpid(), signal.SIGINT); sys.exit(m.main())"
        done = subprocess.run([sys.executable, "-c", early], capture_output=True, text=True, timeout=LIMIT, cwd=ROOT)
        assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files there")
def test_a_script_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (str(tmp_path / "pipe"), "/dev/zero", ""):
        ended = run("run", path)
        assert ended.status == 2
        assert len(ended.err.splitlines()) == 1


def test_cpython_has_no_advice_for_the_console(tmp_path: Path) -> None:
    text = "async def f(): pass\nf()\ndef g():\n    try:\n        yield\n    finally:\n        1/0\nx = g()\nnext(x)\ndel x\nprint(~True)\n"
    ended = run("run", script(tmp_path, text))
    assert (ended.status, ended.out, ended.err) == (0, "-2\n", "")


def test_stdout_that_nobody_reads(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("run", script(tmp_path, "while True:\n    print('x' * 1000)\n")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(LIMIT) == 1
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_console_is_verbatim(tmp_path: Path) -> None:
    process = subprocess.run(
        command("run", script(tmp_path, "print('a', end='')\nprint('\\r\\n\\xe9\\x00', end='')")),
        capture_output=True,
        timeout=LIMIT,
        check=True,
    )
    assert process.stdout == b"a\r\n\xc3\xa9\x00"


def test_input_reads_stdin(tmp_path: Path) -> None:
    ended = run(
        "run",
        script(tmp_path, "print(input('name? '))\ntry:\n    input()\nexcept EOFError:\n    print('end')"),
        stdin="Ada\n",
    )
    assert ended.out == "name? Ada\nend\n"


def test_demo() -> None:
    ended = run("demo")
    assert ended.status == 0, ended.out + ended.err
    assert "hello from the server" in ended.out
    assert "OSError: -9984" in ended.out
    assert ended.err == ""
    assert ended.seconds < 10
