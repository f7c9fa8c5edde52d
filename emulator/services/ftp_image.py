"""Firmware images by FTP: the inactive firmware slot and the upload that fills it (firmware: esp32/ftp/updater.c).

The emulator runs no firmware: an image changes nothing, but the slot, the messages and the errors are the board's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from emulator.services import ftp_quirks
from emulator.services.ftp_replies import TRANSFER_FAILED, TRANSFERRED, Reply
from emulator.services.ftp_transfers import TransferFailed
from flashfs import NoteSink

IMAGE_PATH = b"/flash/sys/appimg.bin"
"""``STOR`` to exactly this path is a firmware update."""

SLOT_BYTES = 1980 * 1024
"""The slot of boards with 8 MB of flash; with 4 MB it has 1720 KiB."""

FULL_IMAGE = "Full Update Image detected. Restart the device to load the new firmware.\n"
PATCH_IMAGE = (
    "Differential Update Image detected. This feature is disabled in the build. "
    "Enable DIFF_UPDATE_ENABLED in the build to use it.\n"
)
_PATCH_MAGIC = b"BSDIFF40"


class FirmwareSlot:
    """The slot that the next update goes to. Methods may be called from any thread.

    :param size: bytes
    :param show: takes what the board prints on its console
    """

    def __init__(self, size: int = SLOT_BYTES, show: Callable[[str], None] = lambda text: None) -> None:
        self.size = size
        self._show = show
        self._lock = threading.Lock()
        self._image = bytearray()
        self._pending = False

    @property
    def image(self) -> bytes:
        """What was written since the last start."""
        with self._lock:
            return bytes(self._image)

    @property
    def pending(self) -> bool:
        """Whether the board would look at the image at its next reset."""
        return self._pending

    def start(self) -> None:
        """Erase the beginning of the slot."""
        with self._lock:
            self._image.clear()

    def write(self, data: bytes) -> bool:
        """Write on; False where the slot ends (the board overwrites what lies behind it)."""
        with self._lock:
            if len(self._image) + len(data) > self.size:
                return False
            self._image += data
            return True

    def finish(self) -> None:
        """Mark the image for the next reset, and say so; an image that waits already stays the one that counts."""
        with self._lock:
            if self._pending:
                return
            patch = self._image.startswith(_PATCH_MAGIC)
            self._pending = not patch
        self._show(PATCH_IMAGE if patch else FULL_IMAGE)

    def reset(self) -> None:
        """A hard reset: the bootloader has looked at the image, and what runs stays as it is."""
        self._pending = False


class ImageSink:
    """An upload on its way to the slot."""

    def __init__(self, slot: FirmwareSlot, note: NoteSink) -> None:
        self._slot = slot
        self._note = note
        self._size = 0
        self._failed = False
        slot.start()

    def write(self, data: bytes) -> None:
        if self._failed or not self._slot.write(data):
            self._failed = True
            raise TransferFailed
        self._size += len(data)

    def finish(self, cut_off: str = "") -> Reply:
        if self._failed:
            self._note(ftp_quirks.firmware_too_large(self._slot.size))
            return TRANSFER_FAILED
        self._slot.finish()
        self._note(ftp_quirks.firmware_image(self._size))
        return TRANSFERRED

    def abandon(self) -> object:
        return None
