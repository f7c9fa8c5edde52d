"""Where the board's FTP server loses work or keeps its clients waiting, and what its users should be told."""

from __future__ import annotations

from flashfs.errors import ENOSPC
from flashfs.notes import Note, Quirk

SOURCE = "firmware: esp32/ftp/ftp.c"
IMAGE_SOURCE = "firmware: esp32/ftp/updater.c"

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

NO_DATA_CONNECTION = Quirk(
    name="ftp-no-data-connection",
    board="LIST, RETR and STOR without a data connection answer 150, and then nothing; STOR has emptied or created the "
    "file by then.",
    default="They answer 425 and change nothing.",
    source=SOURCE,
    note="FTP transfer without a data connection answered with 425: the board answers 150 and then nothing",
)
DATA_FIRST = Quirk(
    name="ftp-data-first",
    board="After PASV no command is read until the data connection is there, or 10 s have passed.",
    default="Commands are carried out at once.",
    source=SOURCE,
    note="FTP command before the data connection: the board would not have read it yet",
)
ONE_RECEIVE = Quirk(
    name="ftp-pipelined-commands",
    board="What arrives at once is one command: further lines in it are lost, and half a line counts as a whole one.",
    default="A command is a line, however it arrives.",
    source=SOURCE,
    note="FTP commands: the board takes what arrives at once for one command",
)
ONE_CLIENT = Quirk(
    name="ftp-second-session",
    board="One client is served; the next one is accepted, and gets no answer until the first leaves.",
    default="Several clients are served.",
    source=SOURCE,
    note="a second FTP client is connected: the board serves one and lets the other wait without an answer",
)
SEND_FAILURE = Quirk(
    name="ftp-send-failure",
    board="A download that its client breaks off ends the control connection, too, without a reply.",
    default="426, and the session goes on.",
    source=SOURCE,
    note="FTP download broken off by the client: the board would have closed the control connection, too",
)

QUIRKS: tuple[Quirk, ...] = (
    ABSOLUTE_TRANSFER,
    CWD_LOST,
    EMPTY_WHILE_UPLOADED,
    NO_DATA_CONNECTION,
    DATA_FIRST,
    ONE_RECEIVE,
    ONE_CLIENT,
    SEND_FAILURE,
)

INSTEAD = {
    b"NLST": "use LIST; in lftp: set ftp:list-empty-ok yes",
    b"MLSD": "use LIST",
    b"MLST": "use LIST, SIZE or MDTM",
    b"PORT": "use passive mode",
    b"EPRT": "use passive mode",
    b"APPE": "upload the whole file with STOR",
    b"REST": "transfer the whole file",
    b"ABOR": "close the data connection",
    b"XMKD": "use MKD",
    b"XRMD": "use RMD",
    b"XCWD": "use CWD",
    b"XCUP": "use CDUP",
}
"""What clients ask for that the board does not have, and what to do; those that clients try on their own are not here."""


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
        NO_DATA_CONNECTION.name,
        NO_DATA_CONNECTION.note,
        cause="the client did not open the data connection within 10 s of PASV, or sent no PASV, or it was closed: each "
        "transfer and each 426, 451 and 550 closes it",
        evidence=word,
        fix="use passive mode, and PASV before each transfer",
        source=SOURCE,
    )


def data_first() -> Note:
    """Note that the board would have kept a command waiting."""
    return Note(
        DATA_FIRST.name,
        DATA_FIRST.note,
        cause=DATA_FIRST.board,
        fix="open the data connection right after PASV, before the next command",
        source=SOURCE,
    )


def pipelined() -> Note:
    """Note that the board would have missed a command."""
    return Note(
        ONE_RECEIVE.name,
        ONE_RECEIVE.note,
        cause="the client sent a command before the last one was answered: the board loses all but the first",
        fix="wait for each reply; in lftp: set ftp:sync-mode on",
        source=SOURCE,
    )


def in_pieces() -> Note:
    """Note that the board would have misread a command."""
    return Note(
        "ftp-command-in-pieces",
        ONE_RECEIVE.note,
        cause="a command came in pieces: the board takes each piece for a command and answers 502",
        fix="send each command in one piece, with its line end",
        source=SOURCE,
    )


def second_session() -> Note:
    """Note that the board would have let a client wait."""
    return Note(
        ONE_CLIENT.name,
        ONE_CLIENT.note,
        fix="limit the client to one connection (FileZilla: Transfer Settings; lftp: set net:connection-limit 1)",
        source=SOURCE,
    )


def send_failed() -> Note:
    """Note that the board would have ended the session."""
    return Note(
        SEND_FAILURE.name,
        SEND_FAILURE.note,
        cause=SEND_FAILURE.board,
        fix="read downloads to their end",
        source=SOURCE,
    )


def not_there(word: bytes) -> Note:
    """Note what to use instead of a command that the board does not have."""
    return Note(
        "ftp-not-there",
        f"FTP {word.decode()} answered with 502: the board does not have it",
        fix=INSTEAD[word],
        source=SOURCE,
    )


def rename_forgotten(by: str) -> Note:
    """Note why a rename was refused."""
    return Note(
        "ftp-rename-forgotten",
        f"FTP RNTO refused: the board has forgotten what to rename over the {by} in between",
        cause="the name is kept in a buffer that SIZE, MDTM, PASV and transfers use too",
        fix="send RNTO right after RNFR",
        source=SOURCE,
    )


def stranger(address: str) -> Note:
    """Note that a data connection was refused."""
    return Note(
        "ftp-data-from-elsewhere",
        "FTP data connection refused: it came from another address than the commands; the board takes anybody's",
        evidence=address,
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


def transfer_failed(path: bytes, error: Exception) -> Note:
    """Note why an upload or download ended with 451."""
    full = error.args[:1] == (ENOSPC,)
    return Note(
        "ftp-transfer-failed",
        "FTP transfer ended with 451: the flash refused",
        cause=": ".join(["the flash is full", *map(str, error.args[1:])]) if full else str(error),
        evidence=shown(path),
        source=SOURCE,
    )


def transfer_lost(path: bytes) -> Note:
    """Note that a file was open when it was lost."""
    return Note(
        "ftp-transfer-failed",
        "FTP transfer not finished: the board was reset or switched off meanwhile",
        evidence=shown(path),
        fix="transfer the file again",
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
    """Note that a firmware upload changes nothing here."""
    return Note(
        "ftp-firmware-image",
        f"firmware image of {size} bytes received by FTP: the emulator does not run firmware",
        cause="/flash/sys/appimg.bin is no file: its bytes go to the inactive firmware slot. A board loads it at the next "
        "reset if it is a good image",
        fix="to change the scripts, upload them; nothing here depends on the image",
        source=IMAGE_SOURCE,
    )


def firmware_too_large(limit: int) -> Note:
    """Note why a firmware upload was refused."""
    return Note(
        "ftp-firmware-too-large",
        f"firmware image refused with 451: the slot has {limit} bytes",
        cause="the board does not look, and writes on into what lies behind the slot",
        fix="upload the application image of this board model",
        source=IMAGE_SOURCE,
    )


def internal(error: BaseException | None) -> Note:
    """Note a defect of ours."""
    return Note(
        "ftp-internal-error",
        "the emulator's FTP server failed and closed the connection: please report this",
        cause=f"{type(error).__name__}: {error}",
    )
