"""``python -m emulator`` and ``pycom-emulator``: the command line in a process of its own."""

import contextlib
import signal
import sys


def main() -> int:
    """Run this process's command line; the exit status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Ctrl-C while modules are imported, and at the very end, just ends the process: nobody wants a traceback of ours
        with contextlib.suppress(ValueError):  # in a thread there are no signals
            signal.signal(signal.SIGINT, signal.SIG_DFL)
    from emulator.openssl_settings import use_board_groups

    use_board_groups()  # before anything that could load OpenSSL
    from emulator import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
