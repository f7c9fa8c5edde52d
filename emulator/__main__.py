"""``python -m emulator`` and ``pycom-emulator``: the command line in a process of its own."""

import sys

from emulator.openssl_settings import use_board_groups


def main() -> int:
    """Run this process's command line; the exit status."""
    use_board_groups()  # before anything that could load OpenSSL
    from emulator import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
