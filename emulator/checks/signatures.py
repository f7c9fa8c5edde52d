"""What a call of one of the board's functions may look like, read off its signature."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

from emulator.checks.suggestions import similar

_COUNTS = re.compile(r"\((\d+)(?: (?:to (\d+)|or (more)))? arguments?\)")
_WORD = re.compile(r"(\[?)([A-Za-z_]\w*)(\]?)(=.*)?", re.S)


@dataclass(frozen=True, slots=True)
class Signature:
    """``least`` to ``most`` (None: any number) positional arguments, and the names that keywords may have."""

    least: int
    most: int | None
    keywords: frozenset[str]
    required: tuple[tuple[int, str], ...] = ()

    def refuse_call(self, call: ast.Call, *, bound: bool = False) -> tuple[str, str] | None:
        """The same for a call that is written out; None for one with starred arguments."""
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            return None
        return self.refuse(len(call.args), [k.arg for k in call.keywords if k.arg], bound=bound)

    def refuse(self, given: int, names: list[str], *, bound: bool = False) -> tuple[str, str] | None:
        """Return the board's message and the reason, or None for a call that it takes.

        ``bound``: a call of a method, whose message counts the object, too.
        """
        unknown = [name for name in names if name not in self.keywords]
        if unknown and not self.keywords:
            return "TypeError: function doesn't take keyword arguments", f"{unknown[0]}= is given, but no name is taken"
        if self.most is not None and given > self.most:
            return self._positional(given, bound), f"{_counted(given)} given, {self.most or 'none'} taken"
        if given < self.least and not self.keywords:
            return self._positional(given, bound), f"{_counted(given)} given, {self.least} needed"
        for position, name in self.required:
            if position >= given and name not in names:
                return f"TypeError: '{name}' argument required", f"{name} is not given"
        if unknown:
            known = ", ".join(sorted(self.keywords))
            close = similar(unknown[0], self.keywords)
            there = f"did you mean {close}? There are {known}" if close else f"there are {known}"
            return "TypeError: extra keyword arguments given", f"there is no argument {unknown[0]}; {there}"
        return None

    def _positional(self, given: int, bound: bool) -> str:
        if self.keywords:
            return "TypeError: extra positional arguments given"
        if self.least == self.most:
            return f"TypeError: function takes {self.least + bound} positional arguments but {given + bound} were given"
        if given < self.least:
            return f"TypeError: function missing {self.least - given} required positional arguments"
        return f"TypeError: function expected at most {(self.most or 0) + bound} arguments, got {given + bound}"


def _counted(number: int) -> str:
    return f"{number or 'no'} argument{'s' * (number != 1)}"


def form(name: str, text: str) -> str:
    """How a call looks, for a person: ``name`` with its signature, without the mark of positional-only arguments."""
    if _COUNTS.fullmatch(text):
        return f"{name}(...)"
    return name + text.replace(", /", "").replace("/", "")


@cache
def read(text: str) -> Signature | None:
    """Parse a signature of the table; None where it leaves things open."""
    counts = _COUNTS.fullmatch(text)
    if counts:
        least = int(counts[1])
        most = None if counts[3] else int(counts[2] or least)
        return Signature(least, most, frozenset())
    if not (text.startswith("(") and text.endswith(")")) or "**" in text:
        return None
    parts = _split(text[1:-1])
    if parts is None:
        return None
    positional_only = parts.index("/") if "/" in parts else 0
    least = most = 0
    keywords: set[str] = set()
    required: list[tuple[int, str]] = []
    only_names = False
    for index, part in enumerate(parts):
        if part == "/":
            continue
        if part == "*":
            only_names = True
            continue
        match = _WORD.fullmatch(part)
        if match is None:
            return None
        optional = bool(match[1] or match[4])
        most += not only_names
        if index >= positional_only:
            keywords.add(match[2])
        if not optional:
            least += not only_names
            if index >= positional_only:
                required.append((10**6 if only_names else most - 1, match[2]))
    return Signature(least, most, frozenset(keywords), tuple(required))


def _split(text: str) -> list[str] | None:
    parts, depth, quote, start = [], 0, "", 0
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    if depth or quote:
        return None
    last = text[start:].strip()
    return [*parts, last] if last else parts
