"""OpenSSL's own settings for a process that is ours: the board's groups, which CPython before 3.15 cannot set.

They are process-wide, so only the command line applies them; whoever imports the packages keeps the host's.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

VARIABLE: Final = "OPENSSL_CONF"
"""The variable in which OpenSSL looks for its configuration, once, when it is first used in a process."""

FILE: Final = Path(__file__).with_name("data") / "openssl.cnf"


def use_board_groups(environ: MutableMapping[str, str] = os.environ, file: Path = FILE) -> bool:
    """Let this process's OpenSSL offer the board's groups; call it before anything loads OpenSSL. Tell whether it will.

    A person's own ``OPENSSL_CONF`` stays, even an empty one: it may hold a provider or a policy of theirs. Without the
    file on a disk (a package run from a zip archive) nothing is set, and the host's configuration counts.
    """
    if VARIABLE in environ or not file.is_file():
        return False
    environ[VARIABLE] = str(file)
    return True
