"""A flash that runs full, without a board: what code that writes a log meets on LittleFS and on FAT.

python examples/full_flash.py
"""

from flashfs import DeviceError, HostPath, Vfs, Volume

ENOSPC = 28


def fill(board, path, line):
    """Write lines until the flash is full, as a careless script does; return the bytes that were taken."""
    log = board.open(path, "w")
    written = 0
    try:
        while True:
            written += log.write(line)
    except DeviceError as error:
        assert error.args[0] == ENOSPC
    finally:
        log.close()
    return written


def main():
    for kind in ("littlefs", "fat"):
        # The flash of a board with 4 MB, as its first boot leaves it.
        flash = Volume(kind, capacity=127 * 4096)
        flash.boot_defaults()
        board = Vfs({"/flash": flash})
        print(kind, board.getfree("/flash"), "KiB free")

        # The board's view: its `open` and `os`, its errors.
        written = fill(board, "/flash/log.txt", "20.5 degrees\n")
        print("  OSError 28 after", written, "bytes, of which", board.stat("/flash/log.txt")[6], "are kept")

        # The host's view, for the test around it: pathlib's names, the host's errors.
        log = HostPath(flash) / "log.txt"
        log.unlink()
        try:
            log.write_bytes(bytes(600_000))
        except OSError as error:
            print("  host:", error.strerror)
        log.write_text("20.5 degrees\n")
        print("  host:", [path.name for path in HostPath(flash).glob("*.txt")], log.stat().st_size)


if __name__ == "__main__":
    main()
