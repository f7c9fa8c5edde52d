"""Where the board's prompt ends the work of tools, and what its users should be told."""

from __future__ import annotations

from flashfs.notes import Note, Quirk

SOURCE = "firmware: esp32/mods/machuart.c, esp32/telnet/telnet.c"

CTRL_F_RESETS_TOOLS = Quirk(
    name="ctrl-f-resets-tools",
    board="The byte 6 (Ctrl-F) resets the board into safe boot at any time, also within what a tool sends in the raw mode: "
    "`rshell`, which sends it for each piece of a file it downloads, loses its session.",
    default="In the raw mode the byte is data; in the friendly mode, and while main.py runs, it resets.",
    source=SOURCE,
    note="byte 6 (Ctrl-F) from a tool: the board would have reset into safe boot",
)

QUIRKS: tuple[Quirk, ...] = (CTRL_F_RESETS_TOOLS,)

TELNET_SAFE_BOOT = Note(
    "telnet-safe-boot",
    "Ctrl-F over telnet: the next hard reset is a safe boot; until then the network is down, and telnet with it",
    fix="machine.reset() over the serial line; to begin again at once, press Ctrl-F there",
    source=SOURCE,
)


def reset_key_kept() -> Note:
    """Note that the board would have ended the session."""
    return Note(
        CTRL_F_RESETS_TOOLS.name,
        CTRL_F_RESETS_TOOLS.note,
        cause="rshell acknowledges each piece of a download so; the board takes it for Ctrl-F",
        fix="on a board, download by FTP or with mpremote; --quirks ctrl-f-resets-tools does here what the board does",
        source=SOURCE,
    )
