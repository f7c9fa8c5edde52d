"""Firmware images by FTP (firmware: esp32/ftp/updater.c): the path, the slot, the messages, the errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulator import Board
from emulator.services.ftp_image import FULL_IMAGE, PATCH_IMAGE, FirmwareSlot
from tests.emulator.services.ftp_harness import SOON, Bench, Client

Make = Callable[..., Bench]

FULL = "Full Update Image detected. Restart the device to load the new firmware.\n"
PATCH = (
    "Differential Update Image detected. This feature is disabled in the build. "
    "Enable DIFF_UPDATE_ENABLED in the build to use it.\n"
)


class Upload:
    """A bench whose slot is known."""

    def __init__(self, make: Make, size: int = 100_000, **options: object) -> None:
        self.shown: list[str] = []
        self.slot = FirmwareSlot(size, self.shown.append)
        self.bench = make(slot=self.slot, **options)
        self.client = self.bench.client()
        self.client.say(b"CWD /flash/sys")


def test_messages_are_the_boards() -> None:
    assert (FULL_IMAGE, PATCH_IMAGE) == (FULL, PATCH)


@pytest.mark.parametrize(
    ("cwd", "argument", "image"),
    [
        (b"/flash/sys", b"appimg.bin", True),
        (b"/flash", b"sys/appimg.bin", True),
        (b"/", b"/flash/sys/appimg.bin", True),
        (b"/", b"flash/sys/appimg.bin", True),
        (b"/flash/sys", b"appimg.bin/", True),
        (b"/flash", b"/flash/sys/../sys/appimg.bin", False),
        (b"/flash/sys", b"./appimg.bin", False),
        (b"/flash/sys", b"APPIMG.BIN", False),
        (b"/flash/sys", b"appimg.bin2", False),
        (b"/flash", b"appimg.bin", False),
    ],
)
@pytest.mark.parametrize("quirks", [frozenset[str](), frozenset({"ftp-absolute-transfer-451"})], ids=["", "quirk"])
def test_only_the_exact_path_is_an_image(
    make: Make, cwd: bytes, argument: bytes, image: bool, quirks: frozenset[str]
) -> None:
    upload = Upload(make, quirks=quirks)
    before = upload.bench.volume.snapshot()
    upload.client.say(b"CWD " + cwd)
    reply = upload.client.store(argument, b"\xe9firmware")
    assert upload.shown == ([FULL] if image else [])
    assert upload.slot.image == (b"\xe9firmware" if image else b"")
    assert upload.slot.pending == image
    if image:
        assert reply == b"226 "
        assert upload.bench.volume.snapshot() == before
        assert upload.bench.codes == ["ftp-firmware-image"]
        for word in (b"SIZE", b"MDTM", b"DELE"):
            assert upload.client.say(word + b" /flash/sys/appimg.bin") == b"550 "
        assert upload.client.fetch(b"RETR /flash/sys/appimg.bin")[0] == b"550 "


def test_patch_is_refused_with_a_message(make: Make) -> None:
    upload = Upload(make)
    assert upload.client.store(b"appimg.bin", b"BSDIFF40" + bytes(100)) == b"226 "
    assert (upload.shown, upload.slot.pending) == ([PATCH], False)


def test_image_that_waits_stays_the_one_that_counts(make: Make) -> None:
    upload = Upload(make)
    for content in (b"one", b"BSDIFF40", b"two"):
        assert upload.client.store(b"appimg.bin", content) == b"226 "
    assert upload.shown == [FULL]
    upload.bench.server.reset()
    assert not upload.slot.pending


def test_slot_is_full(make: Make) -> None:
    upload = Upload(make, 100_000)
    assert upload.client.store(b"appimg.bin", bytes(100_000)) == b"226 "
    upload.bench.server.reset()
    client = upload.bench.client()
    client.say(b"CWD /flash/sys")
    assert client.store(b"appimg.bin", bytes(3_000_000)) == b"451 "
    assert upload.shown == [FULL]
    assert not upload.slot.pending
    assert upload.bench.codes == ["ftp-firmware-image", "ftp-firmware-too-large"]
    assert client.say(b"NOOP") == b"200 "


def test_silence_finishes_the_update(make: Make) -> None:
    upload = Upload(make, data_timeout=3 * SOON)
    with upload.client.passive() as data:
        assert upload.client.say(b"STOR appimg.bin") == b"150 "
        data.sendall(b"half")
        assert upload.client.line() == b"426 "
    assert (upload.slot.image, upload.shown) == (b"half", [FULL])


def test_image_whose_data_connection_never_comes_is_none(make: Make) -> None:
    upload = Upload(make, data_timeout=SOON)
    upload.client.say(b"PASV")
    assert upload.client.say(b"STOR appimg.bin") == b"150 "
    assert upload.client.line() == b"425 "
    assert (upload.shown, upload.slot.pending) == ([], False)


def test_reset_in_the_middle_finishes_nothing(make: Make) -> None:
    upload = Upload(make)
    data = upload.client.passive()
    assert upload.client.say(b"STOR appimg.bin") == b"150 "
    upload.bench.server.reset()
    data.close()
    assert (upload.shown, upload.slot.pending) == ([], False)


@pytest.mark.parametrize(("name", "kib"), [("fipy", 1980), ("lopy", 1980)])
def test_console_of_a_board(name: str, kib: int) -> None:
    with Board(name) as board:
        board.servers.open_ftp()
        assert board.servers.ftp is not None
        client = Client(board.servers.ftp.port)
        client.line()
        client.say(b"USER micro", b"PASS python", b"CWD /flash/sys")
        slot = board.model.memory.slot_bytes
        assert client.store(b"appimg.bin", bytes(slot + 1)) == b"451 "
        assert client.store(b"appimg.bin", bytes(slot)) == b"226 "
        client.close()
        assert board.console.text == FULL
        assert slot in (kib * 1024, 1720 * 1024)
