"""An SD card in the slot: a FAT volume, and the same as a row of sectors for who reads it raw."""

from __future__ import annotations

from collections.abc import Callable

from emulator.settings import DEFAULT_SD_MIB, MAX_SD_MIB
from flashfs import Volume
from flashfs.errors import EIO, ENODEV, ErrorFactory
from flashfs.fat_layout import SECTOR, card_geometry
from flashfs.notes import NoteSink

_NOTHING = bytes(SECTOR)


class SdCard:
    """A card. ``volume`` is what is mounted; :meth:`read` and :meth:`write` see the same as sectors of 512 bytes.

    ``mib``: its size in MiB, 1 to 32768. Raises ValueError.
    """

    def __init__(
        self,
        mib: int = DEFAULT_SD_MIB,
        *,
        now: Callable[[], float],
        note: NoteSink,
        quirks: frozenset[str],
        error: ErrorFactory,
    ) -> None:
        if not 1 <= mib <= MAX_SD_MIB:
            raise ValueError(f"an SD card has 1 to {MAX_SD_MIB} MiB, not {mib}")
        self.sectors = mib * 1024 * 1024 // SECTOR
        self.volume = Volume("fat", capacity=self.sectors * SECTOR, now=now, error=error, note=note, quirks=quirks)
        self._shown: dict[bytes, bytes | None] | None = None
        self._image: dict[int, bytes] = {}

    def read(self, first: int, count: int) -> bytes:
        """Read sectors."""
        with self.volume.lock:
            image = self._encoded()
            return b"".join(image.get(sector, _NOTHING) for sector in range(first, first + count))

    def write(self, first: int, data: bytes) -> None:
        """Write whole sectors. From then on the card holds what can be read of them, or no file system."""
        with self.volume.lock:
            image = self._encoded()
            for index in range(len(data) // SECTOR):
                image[first + index] = data[index * SECTOR : (index + 1) * SECTOR]
            files, fault = self._readable()
            if fault is not None:
                self.volume.format()
            else:
                self._take_over(files)
            self.volume.fault = fault
            self._shown = self._files()

    def _take_over(self, files: dict[bytes, bytes | None]) -> None:
        """Make the tree this one, touching only what differs: each change is kept where the card is kept."""
        fs, before = self.volume.file_system, self._files()
        gone = [
            path for path, content in before.items() if path not in files or (content is None) != (files[path] is None)
        ]
        for path in reversed(gone):  # what a folder holds before the folder
            node = fs.stat(b"/", path)
            fs.unlink(fs.store.parent(node), node)
        kept = {path: content for path, content in before.items() if path not in gone}
        self.volume.load(
            {path: content for path, content in files.items() if path not in kept or kept[path] != content}
        )

    def _readable(self) -> tuple[dict[bytes, bytes | None], int | None]:
        from flashfs.fat_image import DamagedImageError, NoFileSystemError, decode_sectors

        def read(first: int, count: int) -> bytes:
            return b"".join(self._image.get(sector, _NOTHING) for sector in range(first, first + count))

        try:
            return decode_sectors(read, self.sectors).files, None
        except NoFileSystemError:
            return {}, ENODEV
        except DamagedImageError:
            return {}, EIO

    def _files(self) -> dict[bytes, bytes | None]:
        return {path: getattr(node, "data", None) for path, node in self.volume.file_system.store.walk()}

    def _encoded(self) -> dict[int, bytes]:
        """Return the sectors, made anew when files have changed since they were last looked at."""
        files = self._files()
        if self._shown != files:
            from flashfs.fat_image import encode_sectors

            stamps = {path: node.stamp for path, node in self.volume.file_system.store.walk()}
            self._image = encode_sectors(files, card_geometry(self.sectors), stamps=stamps)
            self._shown = files
        return self._image
