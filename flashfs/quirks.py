"""Where the firmware's file systems destroy data; each row is imitated only on request."""

from __future__ import annotations

from flashfs.notes import Note, Quirk

RENAME_ONTO_ITSELF = Quirk(
    name="rename-to-self-loses-file",
    board="On LittleFS, renaming a file (or an empty folder) onto itself, in any spelling, deletes it.",
    default="Nothing happens: the file keeps its name and content.",
    source="firmware: esp32/littlefs/lfs.c lfs_rename",
    note="os.rename() onto the same name: the board would have deleted the file",
)
RENAME_INTO_ITSELF = Quirk(
    name="rename-into-itself-loses-folder",
    board="On both file systems, moving a folder into itself succeeds and the folder with all it holds is lost.",
    default="EINVAL, and nothing is moved.",
    source="firmware: esp32/littlefs/lfs.c lfs_rename, lib/oofatfs/ff.c f_rename",
    note="os.rename() of a folder into itself: the board would have lost the folder",
)
RPLUS_TRUNCATES = Quirk(
    name="rplus-truncates-small-file",
    board="On LittleFS, a file of at most 512 bytes ends where the last write before a seek, read or close ended.",
    default="Only the written bytes change.",
    source="firmware: esp32/littlefs/lfs.c lfs_file_flush (files stored inline)",
    note="overwriting inside a small file: the board would have cut the file off after the written bytes",
)
FAT_SEEK_FILLS = Quirk(
    name="fat-negative-seek-fills-volume",
    board="On FAT, a seek to before the start (whence 1, 2) of a file open for writing extends it to fill the volume.",
    default="The seek is ignored and the unchanged position is returned, as on LittleFS.",
    source="firmware: extmod/vfs_fat_file.c, lib/oofatfs/ff.c f_lseek",
    note="seek() to before the start of the file: the board would have filled the whole volume",
)

FORMAT_NEEDS_RESET = Quirk(
    name="fsformat-needs-reset",
    board="On LittleFS, os.fsformat() formats underneath the mounted file system: every access fails until the next reset.",
    default="The empty file system can be used at once, as on FAT.",
    source="firmware: esp32/littlefs/vfs_littlefs.c",
    note="os.fsformat() of LittleFS: on the board every access fails from here to the next reset",
)

QUIRKS: tuple[Quirk, ...] = (
    RENAME_ONTO_ITSELF,
    RENAME_INTO_ITSELF,
    RPLUS_TRUNCATES,
    FAT_SEEK_FILLS,
    FORMAT_NEEDS_RESET,
)


def quirk_note(quirk: Quirk, evidence: str, fix: str = "") -> Note:
    """Make the note that is sent when a quirk that is switched off would have acted."""
    return Note(quirk.name, quirk.note, cause=quirk.board, evidence=evidence, fix=fix, source=quirk.source)
