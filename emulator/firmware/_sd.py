"""``machine.SD`` (firmware: esp32/mods/pybsd.c): the card in the slot, as a block device of 512 bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import BoardOSError
from emulator.firmware._arguments import bind, native
from emulator.firmware._convert import readable, to_int, writable
from emulator.firmware._disks import DEINIT, INIT, SECTOR, SECTOR_COUNT, SECTOR_SIZE, SYNC
from emulator.firmware._natives import hide, to_word
from flashfs.notes import Note

if TYPE_CHECKING:
    from emulator.device import Device
    from emulator.sdcard import SdCard

FAILED, DONE = 1, 0


class _Slot:
    """The one slot of the board: which card the driver has found in it."""

    __slots__ = ("card", "device")

    def __init__(self, device: Device) -> None:
        self.device = device
        self.card: SdCard | None = None

    def init(self) -> None:
        """Find the card. Raises OSError."""
        self.card = self.device.board.sd_card
        if self.card is None:
            self.device.note(
                Note(
                    "no-sd-card",
                    "there is no SD card in the slot",
                    fix="--sd puts one of 8 MiB in, --sd-size MIB another; Board(sd=8) in Python",
                    source="firmware: esp32/mods/pybsd.c",
                )
            )
            raise BoardOSError("the requested operation failed")

    def part(self, first: int, size: int) -> tuple[SdCard, int] | None:
        """Return the card and how many sectors ``size`` bytes are, None where they are not all on a card."""
        count = size // SECTOR
        if self.card is None or first < 0 or not 0 < count <= self.card.sectors - first:
            return None
        return self.card, count


class _SD:
    __slots__ = ("slot",)

    def init(self, *args: Any, **kwargs: Any) -> None:
        """Find the card; ``freq`` is ignored. Raises OSError "the requested operation failed"."""
        bind(args, kwargs, {"freq": None}, {})
        _slot(self).init()

    @native(1)
    def deinit(self) -> None:
        _slot(self).card = None

    @native(3)
    def readblocks(self, block_num: Any, buf: Any) -> int:
        """Fill ``buf`` from sector ``block_num`` on. Returns 0, or 1 for a failure."""
        view = writable(buf)
        found = _slot(self).part(first := to_int(block_num), len(view))
        if found is None:
            return FAILED
        card, count = found
        view[: count * SECTOR] = card.read(first, count)
        return DONE

    @native(3)
    def writeblocks(self, block_num: Any, buf: Any) -> int:
        """Write ``buf`` from sector ``block_num`` on. Returns 0, or 1 for a failure."""
        view = readable(buf)
        found = _slot(self).part(first := to_int(block_num), len(view))
        if found is None:
            return FAILED
        card, count = found
        card.write(first, bytes(view[: count * SECTOR]))
        return DONE

    @native(3)
    def ioctl(self, cmd: Any, arg: Any) -> int:
        command, card = to_int(cmd), _slot(self).card
        if command in (INIT, DEINIT, SYNC):
            return 0
        if command == SECTOR_COUNT:
            return 0 if card is None else card.sectors
        return SECTOR if command == SECTOR_SIZE else -1


_hidden = hide(_SD, "slot")


def _slot(sd: Any, _of: Any = _hidden.__get__) -> _Slot:
    slot: _Slot = _of(sd)
    return slot


def card_of(thing: object) -> SdCard | None:
    """Return the card that ``machine.SD`` object stands for, None for anything else or an SD that was ended."""
    return _slot(thing).card if isinstance(thing, _SD) else None


def sd_type(device: Device) -> type:
    """Return the type ``SD`` of one power cycle; all its instances are the one slot."""

    class SD(_SD):
        __slots__ = ()

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            """Find the card. Raises OSError "resource not available", "the requested operation failed", TypeError."""
            if to_word(bind(args, kwargs, {"id": 0, "freq": None}, {})["id"]):
                raise BoardOSError("resource not available")
            slot.init()
            return the_one

    SD.__qualname__ = "SD"
    slot = _Slot(device)
    the_one = object.__new__(SD)
    _hidden.__set__(the_one, slot)
    return SD
