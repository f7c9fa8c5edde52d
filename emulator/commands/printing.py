"""Plain lines on standard output, whatever is in them."""

from __future__ import annotations

import sys


def visible(text: str) -> str:
    """One line without control characters: names in certificates and paths come from strangers."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def say(text: str) -> None:
    """Print, with escapes in place of what the terminal's encoding lacks."""
    if sys.stdout is None:  # closed
        return
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
