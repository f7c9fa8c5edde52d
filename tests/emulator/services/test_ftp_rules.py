"""The FTP service without sockets: words, lines, paths, listings, and what a session makes of any bytes."""

from __future__ import annotations

import calendar
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.services import ftp_replies as replies
from emulator.services.ftp_commands import LINE_MAX, OVERLONG, LineReader, ReceiveReader, parse
from emulator.services.ftp_data import Deadline
from emulator.services.ftp_paths import WorkingDirectory, join, parent
from emulator.services.ftp_quirks import QUIRKS
from emulator.services.ftp_session import COMMANDS, Download, Session, Upload
from flashfs import Note, Vfs, Volume


def unix(*date: int) -> int:
    return calendar.timegm(datetime(*date, tzinfo=timezone.utc).timetuple())  # type: ignore[arg-type, misc]


def session(volume: Volume, *, quirks: frozenset[str] = frozenset(), notes: list[Note] | None = None) -> Session:
    vfs = Vfs({"/flash": volume})
    collected: list[Note] = [] if notes is None else notes
    return Session(
        vfs=lambda: vfs, login=lambda: (b"micro", b"python"), note=collected.append, now=lambda: 0.0, quirks=quirks
    )


def logged_in(volume: Volume, **more: object) -> Session:
    made = session(volume, **more)  # type: ignore[arg-type]
    for line in (b"USER micro", b"PASS python"):
        made.command(line, data_open=False)
    assert made.logged_in
    return made


@pytest.fixture(params=["littlefs", "fat"])
def volume(request: pytest.FixtureRequest) -> Volume:
    made = Volume(request.param, now=lambda: 0.0)
    made.boot_defaults()
    return made


# -- words and lines


@pytest.mark.parametrize(
    ("line", "word", "argument"),
    [
        pytest.param(b"NOOP", b"NOOP", b"", id="bare"),
        pytest.param(b"noop\r", b"NOOP", b"", id="any case, CR"),
        pytest.param(b"STOR a b  c\r", b"STOR", b"a b  c", id="spaces are kept"),
        pytest.param(b"STOR  x", b"STOR", b" x", id="one space only is taken"),
        pytest.param(b"STOR\0x", b"STOR", b"x", id="NUL ends the word"),
        pytest.param(b"STOR x\0y", b"STOR", b"x", id="NUL ends the argument"),
        pytest.param(b"STOR a\rb", b"STOR", b"a", id="CR ends the line"),
        pytest.param(b'STOR "a"', b"STOR", b'"a"', id="no quoting"),
        pytest.param(b"STOR \xff\xfe", b"STOR", b"\xff\xfe", id="bytes"),
        pytest.param(b" NOOP", b"", b"NOOP", id="space first"),
        pytest.param(b"", b"", b"", id="empty"),
    ],
)
def test_a_line_is_a_word_and_an_argument(line: bytes, word: bytes, argument: bytes) -> None:
    assert parse(line) == (word, argument)


def test_the_board_has_22_words() -> None:
    assert len(COMMANDS) == 22


def test_longest_line_is_taken_and_the_next_byte_is_too_many() -> None:
    reader = LineReader()
    reader.feed(b"x" * (LINE_MAX - 1) + b"\n" + b"y" * LINE_MAX + b"\n" + b"z\n")
    assert reader.next() == b"x" * (LINE_MAX - 1)
    assert reader.next() is OVERLONG
    assert reader.next() == b"z"
    assert reader.next() is None


@given(st.lists(st.binary(max_size=300)), st.integers(1, 50))
def test_lines_do_not_depend_on_how_they_arrive(lines: list[bytes], step: int) -> None:
    stream = b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
    found: list[object] = []
    reader = LineReader()
    for start in range(0, len(stream), step):
        reader.feed(stream[start : start + step])
        while (line := reader.next()) is not None:
            found.append(line)
    expected = [line.replace(b"\n", b"") for line in lines]
    assert found == [line if len(line) < LINE_MAX else OVERLONG for line in expected]


def test_endless_line_holds_no_memory() -> None:
    reader = LineReader()
    answers = []
    for _ in range(1000):
        reader.feed(b"A" * 4096)
        answers.append(reader.next())
    assert answers.count(OVERLONG) == 1
    assert len(reader._buffer) < LINE_MAX


def test_what_arrives_at_once_is_one_command() -> None:
    reader = ReceiveReader()
    for arrived, command in [
        (b"PWD\r\nNOOP\r\n", b"PWD\r"),
        (b"PW", b"PW"),
        (b"\n", b""),
        (b"x" * 134, b"x" * 134),
        (b"x" * 135, OVERLONG),
    ]:
        reader.feed(arrived)
        assert not reader.has_piece
        assert reader.next() == command
        assert reader.next() is None


def test_deadline_moves_without_a_new_timer() -> None:
    rung: list[str] = []
    timers: list[tuple[float, Callable[[], None]]] = []

    class Timer:
        cancelled = False

        def cancel(self) -> None:
            self.cancelled = True

    def later(seconds: float, function: Callable[[], None]) -> Timer:
        timers.append((seconds, function))
        return Timer()

    deadline = Deadline(later)
    deadline.set(1000, lambda: rung.append("never"))
    deadline.set(2000, lambda: rung.append("late"))
    assert len(timers) == 1
    timers[0][1]()  # too early: it is set anew
    assert (len(timers), rung) == (2, [])
    deadline.set(0, lambda: rung.append("now"))
    assert len(timers) == 3
    timers[2][1]()
    assert rung == ["now"]
    deadline.set(0, lambda: rung.append("cleared"))
    deadline.clear()
    timers[3][1]()
    assert rung == ["now"]
    deadline.close()


# -- paths


@pytest.mark.parametrize(
    ("cwd", "argument", "path"),
    [
        (b"/", b"flash", b"/flash"),
        (b"/", b"", b"/"),
        (b"/flash", b"", b"/flash"),
        (b"/flash", b"lib/x.py", b"/flash/lib/x.py"),
        (b"/flash", b"lib/", b"/flash/lib"),
        (b"/flash", b"..", b"/flash/.."),
        (b"/flash/", b"lib", b"/flash//lib"),
        (b"/flash/", b"", b"/flash/"),
        (b"/flash/lib", b"/", b"/"),
        (b"/flash/lib", b"/sd/x/", b"/sd/x"),
        (b"/flash/lib", b"//flash", b"//flash"),
    ],
)
def test_join(cwd: bytes, argument: bytes, path: bytes) -> None:
    assert join(cwd, argument) == path


@pytest.mark.parametrize(
    ("path", "above"),
    [
        (b"/", b"/"),
        (b"/flash", b"/"),
        (b"/flash/lib", b"/flash"),
        (b"/flash/lib/..", b"/flash/lib"),
        (b"/flash/..", b"/flash"),
    ],
)
def test_parent_is_a_text_operation(path: bytes, above: bytes) -> None:
    assert parent(path) == above


@pytest.mark.parametrize(
    ("argument", "board"),
    [
        pytest.param(b"x", b"/flash/lib", id="relative"),
        pytest.param(b"x/", b"/flash/lib", id="relative with slash"),
        pytest.param(b"/flash/x", b"/", id="absolute"),
        pytest.param(b"/flash/x/", b"/flash/x", id="absolute with slash"),
    ],
)
def test_file_command_moves_the_boards_directory(argument: bytes, board: bytes) -> None:
    for lossy in (False, True):
        where = WorkingDirectory(lossy=lossy)
        where.change(b"/flash/lib")
        where.file_command_done(argument)
        assert where.board == board
        assert where.cwd == (board if lossy else b"/flash/lib")


@pytest.mark.parametrize(("argument", "board"), [(b"a/b", b"/flash/a"), (b"/nope", b"/"), (b"nope", b"/flash")])
def test_failed_cwd_moves_the_boards_directory(argument: bytes, board: bytes) -> None:
    where = WorkingDirectory(lossy=True)
    where.change(b"/flash")
    where.change_failed(argument)
    assert where.cwd == where.board == board


# -- dates and listings

NOW_2021 = unix(2021, 3, 9, 12, 0, 0)


@pytest.mark.parametrize(
    ("stamp", "text"),
    [
        pytest.param(0, b"20000101000000", id="unset clock"),
        pytest.param(62, b"20000101000102", id="a minute after power-on"),
        pytest.param(unix(2021, 3, 9, 10, 11, 12), b"20510309101112", id="30 years ahead"),
        pytest.param(unix(1990, 8, 20, 7, 5, 0), b"20200819070500", id="30 years ahead, less a leap day"),
        pytest.param(1 << 40, b"21071231235958", id="the end of DOS dates"),
        pytest.param(1 << 80, b"21071231235958", id="no date at all"),
    ],
)
def test_mdtm(stamp: int, text: bytes) -> None:
    assert replies.mdtm(stamp) == (213, text)


@pytest.mark.parametrize(
    ("is_dir", "size", "stamp", "now", "line"),
    [
        pytest.param(
            True, 0, 0, 0.0, b"drw-rw-r--   1 root  root         0 Jan  1 00:00 name\r\n", id="folder, unset clock"
        ),
        pytest.param(
            False, 1675, 0, NOW_2021, b"-rw-rw-r--   1 root  root      1675 Jan  1  2000 name\r\n", id="year form"
        ),
        pytest.param(
            False,
            123456789,
            unix(1990, 8, 20, 7, 5, 0),
            0.0,
            b"-rw-rw-r--   1 root  root 123456789 Ago 19 07:05 name\r\n",
            id="August",
        ),
    ],
)
def test_list_line(is_dir: bool, size: int, stamp: int, now: float, line: bytes) -> None:
    assert replies.liner(now)(b"name", is_dir, size, stamp) == line


@pytest.mark.parametrize(("now", "date"), [(0.0, b"Jan  1 00:00"), (NOW_2021, b"Jan  1  1985")])
def test_line_of_a_mount_point(now: float, date: bytes) -> None:
    assert replies.mount_line(b"name", now) == b"drw-rw-r--   1 root  root         0 %s name\r\n" % date


def test_year_form_begins_after_180_days() -> None:
    stored = 946684800  # 2000-01-01 in Unix seconds, where time 0 is stored
    edge = stored + 180 * 86400
    assert b" 00:00 " in replies.liner(edge)(b"x", False, 0, 0)
    assert b"  2000 " in replies.liner(edge + 1)(b"x", False, 0, 0)


def test_file_written_with_a_set_clock_is_in_the_future() -> None:
    line = replies.liner(NOW_2021 + 10 * 365 * 86400)(b"x", False, 0, NOW_2021)
    assert b" 12:00 x" in line


def test_entry_without_a_time() -> None:
    """LittleFS may have kept none: date and time 0."""
    assert replies.mdtm(None).wire() == b"213 19800000000000\r\n"
    assert replies.liner(0.0)(b"x", True, 0, None) == b"drw-rw-r--   1 root  root         0 Jan  1 00:00 x\r\n"
    assert replies.liner(NOW_2021)(b"x", False, 7, None) == b"-rw-rw-r--   1 root  root         7 Jan  1  1980 x\r\n"


def test_months() -> None:
    assert b" ".join(replies.MONTHS) == b"Jan Feb Mar Apr May Jun Jul Ago Sep Oct Nov Dec"
    for month in range(1, 13):
        line = replies.liner(0.0)(b"x", False, 0, unix(1985, month, 15))
        assert line[36:39] == replies.MONTHS[month - 1]


@pytest.mark.parametrize(("length", "shown"), [(510, True), (511, False)])
def test_longest_line_of_a_listing(length: int, shown: bool) -> None:
    volume = Volume(now=lambda: 0.0)
    fixed = len(replies.liner(0.0)(b"", False, 0, 0))
    volume.load({b"/a": b"", b"/b" + b"x" * (length - fixed - 1): b"", b"/c": b""})
    client = logged_in(volume)
    client.command(b"CWD /flash", data_open=True)
    answer = client.command(b"LIST", data_open=True)
    assert isinstance(answer, Download)
    lines = answer.source.more().splitlines(keepends=True)
    assert len(lines) == (3 if shown else 1)
    assert max(map(len, lines)) == (length if shown else fixed + 1)


def test_what_a_script_has_mounted_is_in_the_root() -> None:
    volume = Volume(now=lambda: 0.0)
    vfs = Vfs({"/flash": volume, "/sd": Volume("fat", now=lambda: 0.0)})
    vfs.mount(Foreign(), "/own")
    client = Session(
        vfs=lambda: vfs, login=lambda: (b"u", b"p"), note=lambda note: None, now=lambda: 0.0, quirks=frozenset()
    )
    client.command(b"USER u", data_open=True)
    client.command(b"PASS p", data_open=True)
    answer = client.command(b"LIST", data_open=True)
    assert isinstance(answer, Download)
    assert [line.split()[-1] for line in answer.source.more().splitlines()] == [b"flash", b"sd", b"own"]
    for command in (b"CWD /own", b"SIZE /own/x", b"STOR /own/x", b"RETR /own/x", b"MKD /own/x"):
        assert client.command(command, data_open=True) == replies.REFUSED


class Foreign:
    """A file system that a script has written."""

    def __call__(self, method: str, /, *arguments: object) -> object:
        assert method in {"mount", "umount"}
        return None


def test_passive_reply() -> None:
    assert replies.passive("127.0.0.1", 2024).wire() == b"227 (127,0,0,1,7,232)\r\n"


# -- sessions


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["littlefs", "fat"]),
    st.lists(st.tuples(st.sampled_from([*COMMANDS, b"", b"XX"]), st.binary(max_size=130))),
)
def test_no_bytes_make_a_session_fail(kind: str, commands: list[tuple[bytes, bytes]]) -> None:
    volume = Volume(kind, now=lambda: 0.0)  # type: ignore[arg-type]
    client = logged_in(volume)
    for word, argument in commands:
        answer = client.command(word + b" " + argument, data_open=True)
        if isinstance(answer, Upload):
            answer.sink.write(b"x")
            answer.sink.finish()
        elif isinstance(answer, Download):
            while answer.source.more():
                pass
            answer.source.close()
    assert client.logged_in


@settings(deadline=None)
@given(st.lists(st.binary(max_size=140)))
def test_nothing_happens_before_login(lines: list[bytes]) -> None:
    volume = Volume(now=lambda: 0.0)
    volume.boot_defaults()
    before = volume.snapshot()
    client = session(volume)
    for line in lines:
        if not client.logged_in:
            assert client.command(line.replace(b"\n", b""), data_open=True) in {
                (331, b""),
                (332, b""),
                (530, b""),
                (221, b""),
            }
    assert volume.snapshot() == before


@settings(deadline=None)
@given(
    st.binary(min_size=1, max_size=100).filter(
        lambda name: not set(name) & set(b"/\r\n\0") and name not in (b".", b"..")
    )
)
def test_names_are_kept_byte_for_byte_on_littlefs(name: bytes) -> None:
    volume = Volume(now=lambda: 0.0)
    client = logged_in(volume)
    answer = client.command(b"STOR /flash/" + name, data_open=True)
    assert isinstance(answer, Upload)
    answer.sink.write(b"content")
    assert answer.sink.finish().code == 226
    assert [entry.name for entry in volume.ilistdir("/")] == [name]
    assert volume.read(b"/" + name) == b"content"


def test_each_note_comes_once_per_session(volume: Volume) -> None:
    notes: list[Note] = []
    client = logged_in(volume, notes=notes)
    for _ in range(3):
        answer = client.command(b"RETR /flash/main.py", data_open=True)
        assert isinstance(answer, Download)
        answer.source.close()
    assert [note.code for note in notes] == ["ftp-absolute-transfer-451"]
    assert "CWD '/flash' first" in notes[0].fix


def test_session_where_the_board_agrees_gives_no_note(volume: Volume) -> None:
    notes: list[Note] = []
    client = logged_in(volume, notes=notes)
    for line in (
        b"CWD /flash",
        b"CWD cert",
        b"PWD",
        b"SIZE x",
        b"CDUP",
        b"LIST",
        b"RETR lib/../main.py",
        b"CWD nope",
        b"CDUP",
    ):
        answer = client.command(line, data_open=True)
        if isinstance(answer, Download):
            answer.source.close()
    assert notes == []


@pytest.mark.parametrize("first", [b"SIZE /flash/main.py", b"CWD a/b", b"MKD /flash/new/"])
@pytest.mark.parametrize("then", [b"PWD", b"CWD lib", b"CDUP", b"LIST", b"SIZE main.py"])
def test_note_when_the_board_would_be_elsewhere(volume: Volume, first: bytes, then: bytes) -> None:
    notes: list[Note] = []
    client = logged_in(volume, notes=notes)
    client.command(b"CWD /flash", data_open=True)
    client.command(first, data_open=True)
    assert notes == []
    client.command(then, data_open=True)
    assert [note.code for note in notes] == ["ftp-cwd-lost"]


def test_image_is_thrown_away_with_a_note(volume: Volume) -> None:
    notes: list[Note] = []
    client = logged_in(volume, notes=notes)
    before = volume.snapshot()
    client.command(b"CWD /flash/sys", data_open=True)
    answer = client.command(b"STOR appimg.bin", data_open=True)
    assert isinstance(answer, Upload)
    answer.sink.write(bytes(100_000))
    assert answer.sink.finish().code == 226
    assert volume.snapshot() == before
    assert [note.code for note in notes] == ["ftp-firmware-image"]
    assert client.command(b"SIZE appimg.bin", data_open=True) == replies.REFUSED


def test_quirks_are_named_once() -> None:
    assert sorted(quirk.name for quirk in QUIRKS) == [
        "ftp-absolute-transfer-451",
        "ftp-cwd-lost",
        "ftp-data-first",
        "ftp-empty-while-uploaded",
        "ftp-no-data-connection",
        "ftp-pipelined-commands",
        "ftp-second-session",
        "ftp-send-failure",
    ]


def test_pyftpdlib_is_imported_when_a_server_starts() -> None:
    code = (
        "import sys, time, emulator.services.ftp as ftp; from flashfs import Vfs\n"
        "server = ftp.FtpServer(Vfs({}), now=time.time)\n"
        "assert 'pyftpdlib' not in sys.modules\n"
        "server.start(); server.stop()\n"
        "assert 'pyftpdlib' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
