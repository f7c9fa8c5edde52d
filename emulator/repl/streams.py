"""What kind of stream the host gave us."""

from __future__ import annotations

from typing import Any


def is_terminal(stream: Any) -> bool:
    """Whether a person types into this stream."""
    try:
        return stream is not None and bool(stream.isatty())
    except ValueError:  # closed
        return False
