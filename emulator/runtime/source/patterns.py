"""Regular expressions that are compiled when they are first used: most scripts need few of them, and start sooner so."""

from __future__ import annotations

import re
from typing import Any, cast


class _Pattern:
    """Stands for a compiled pattern; each of its methods is looked up once."""

    def __init__(self, text: str, flags: int) -> None:
        self._made_of = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(re.compile(*self._made_of), name)
        self.__dict__[name] = found
        return found


def lazy(text: str, flags: int = 0) -> re.Pattern[str]:
    """What ``re.compile`` gives, later."""
    return cast("re.Pattern[str]", _Pattern(text, flags))
