"""Where the board's FTP server loses work, and what its users should be told."""

from __future__ import annotations

from flashfs.notes import Note, Quirk

SOURCE = "firmware: esp32/ftp/ftp.c"

ABSOLUTE_TRANSFER = Quirk(
    name="ftp-absolute-transfer-451",
    board="RETR and STOR with an absolute path, or while the working directory is /, answer 150 and then 451; STOR has "
    "emptied or created the file by then.",
    default="The transfer works.",
    source=SOURCE,
    note="FTP transfer by absolute path: the board would have answered 451",
)
CWD_LOST = Quirk(
    name="ftp-cwd-lost",
    board="After any file command with an absolute path the working directory is /; after a failed CWD it is the "
    "refused path without its last component.",
    default="The working directory changes only when CWD or CDUP succeeds.",
    source=SOURCE,
    note="FTP working directory: the board would be in another folder now",
)

EMPTY_WHILE_UPLOADED = Quirk(
    name="ftp-empty-while-uploaded",
    board="A new file is there with 0 bytes from STOR until its upload ends: a script that waits for the name may read "
    "an empty certificate.",
    default="A new file appears, whole, when its upload has ended.",
    source=SOURCE + ", esp32/littlefs/lfs.c",
    note="FTP upload: on the board the file would have been there with 0 bytes until now",
)

QUIRKS: tuple[Quirk, ...] = (ABSOLUTE_TRANSFER, CWD_LOST, EMPTY_WHILE_UPLOADED)


def shown(path: bytes) -> str:
    """Return a path as a note shows it: printable whatever its bytes are."""
    return repr(path.decode("utf-8", "backslashreplace"))


def absolute_transfer(word: str, path: bytes) -> Note:
    """Note that the board would have broken the transfer off."""
    folder, _, name = path.rpartition(b"/")
    return Note(
        ABSOLUTE_TRANSFER.name,
        ABSOLUTE_TRANSFER.note,
        cause=ABSOLUTE_TRANSFER.board,
        evidence=f"{word} of {shown(path)}",
        fix=f"CWD {shown(folder or b'/')} first, then {word} {shown(name)}",
        source=SOURCE,
    )


def cwd_lost(cwd: bytes, board: bytes) -> Note:
    """Note that a relative command works here on another folder than on the board."""
    return Note(
        CWD_LOST.name,
        CWD_LOST.note,
        cause=CWD_LOST.board,
        evidence=f"here it is {shown(cwd)}, on the board {shown(board)}",
        fix="send CWD with an absolute path again after such a command",
        source=SOURCE,
    )


def path_too_long(path: bytes, limit: int) -> Note:
    """Note why a path was refused."""
    return Note(
        "ftp-path-too-long",
        f"FTP path of {len(path)} bytes refused: the board takes {limit} and overwrites its memory beyond that",
        evidence=shown(path[:60]) + " ...",
        fix="use shorter names or fewer folders",
        source=SOURCE,
    )


def line_too_long(limit: int) -> Note:
    """Note why a command was refused."""
    return Note(
        "ftp-command-too-long",
        f"FTP command refused: it is longer than the {limit} bytes the board reads at once",
        fix="use shorter names or fewer folders",
        source=SOURCE,
    )


def no_data_connection(word: str) -> Note:
    """Note that the board would have left the client waiting."""
    return Note(
        "ftp-no-data-connection",
        f"FTP {word} without a data connection answered with 425; the board answers 150 and then nothing",
        cause="the client did not open the data connection within 10 s of PASV, or sent no PASV",
        fix="use passive mode, and PASV before each transfer",
        source=SOURCE,
    )


def pipelined() -> Note:
    """Note that the board would have missed a command."""
    return Note(
        "ftp-pipelined-commands",
        "the FTP client sent a command before the last one was answered: the board loses all but the first",
        fix="wait for each reply; in lftp: set ftp:sync-mode on",
        source=SOURCE,
    )


def second_session() -> Note:
    """Note that the board would have let a client wait."""
    return Note(
        "ftp-second-session",
        "a second FTP client is connected: the board serves one and lets the other wait without an answer",
        fix="limit the client to one connection (FileZilla: Transfer Settings; lftp: set net:connection-limit 1)",
        source=SOURCE,
    )


def sessions_full(limit: int) -> Note:
    """Note why a client gets no answer."""
    return Note(
        "ftp-sessions-full",
        f"{limit} FTP clients are connected: the next one waits until one of them leaves",
        fix="close FTP connections that are not used any more",
        source="the board's own limit is one (firmware: esp32/ftp/ftp.c)",
    )


def upload_cut_off(path: bytes, size: int, why: str) -> Note:
    """Note that a partial file is on the flash."""
    return Note(
        "ftp-upload-cut-off",
        f"FTP upload cut off after {size} bytes: what arrived is kept, as on the board",
        cause=why,
        evidence=shown(path),
        fix="upload the file again",
        source=SOURCE,
    )


def upload_failed(path: bytes, error: Exception) -> Note:
    """Note why an upload or download ended with 451."""
    return Note(
        "ftp-transfer-failed",
        "FTP transfer ended with 451: the flash refused",
        cause=str(error),
        evidence=shown(path),
        source=SOURCE,
    )


def listing_cut_off(name: bytes) -> Note:
    """Note that entries are missing in a listing."""
    return Note(
        "ftp-listing-cut-off",
        "FTP LIST ended early, as on the board: a name is too long for one piece of 512 bytes",
        evidence=shown(name[:60]) + " ...",
        fix="use shorter names",
        source=SOURCE,
    )


def firmware_image(size: int) -> Note:
    """Note that a firmware upload is not stored."""
    return Note(
        "ftp-firmware-image",
        f"firmware image of {size} bytes received by FTP and thrown away: the emulator does not run firmware",
        cause="/flash/sys/appimg.bin is no file: on the board its bytes go to the inactive firmware slot",
        source="firmware: esp32/ftp/updater.c",
    )


def internal(error: BaseException) -> Note:
    """Note a defect of ours."""
    return Note(
        "ftp-internal-error",
        "the FTP server failed and closed the connection",
        cause=f"{type(error).__name__}: {error}",
    )
