"""Patterns of file names as the tools of Node.js read them (``**``, ``{a,b}``, ``!(a)``), by wcmatch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wcmatch import glob

_FLAGS = glob.GLOBSTAR | glob.BRACE | glob.EXTGLOB | glob.NEGATE | glob.NEGATEALL | glob.CASE | glob.FORCEUNIX
_LIMIT = 1000


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether any of the patterns matches a whole path with ``/``; ``!a`` matches what is not ``a``.

    :raises ValueError: for a pattern that stands for too many
    """
    compiled = [_compiled(pattern) for pattern in patterns]
    return lambda path: any(each.match(path) for each in compiled)


def _compiled(pattern: str) -> glob.WcMatcher[str]:
    try:
        return glob.compile([pattern], flags=_FLAGS, limit=_LIMIT)
    except Exception as error:  # the library keeps the class of "too many" to itself
        raise ValueError(f"{pattern[:40]!r} cannot be used: {error}") from error
