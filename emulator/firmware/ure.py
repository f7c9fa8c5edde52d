"""``ure``: the board's small regular expressions (firmware: extmod/modure.c, extmod/re1.5).

They work on the UTF-8 bytes: ``.`` is one byte, a newline too. No counted repetition, look-around or named groups; in a class
a backslash is itself.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from emulator.firmware._arguments import native
from emulator.firmware._convert import encode, to_text
from emulator.firmware._natives import hide, no_instances, to_word
from emulator.firmware._regex import Astray, Overflow, compiled, listing
from emulator.runtime.names import type_name
from emulator.runtime.printing import address
from flashfs.notes import Note

if TYPE_CHECKING:
    from emulator.device import Device

DEBUG = 4096
_BYTES_PER_LEVEL = 32
"""What one open choice takes of the stack: the smallest frame there is with register windows; its values fit into registers."""

_Text = str | bytes


class match:
    """What a pattern found: ``group(n)`` only."""

    __slots__ = ("found",)
    __new__ = no_instances
    __hash__ = None  # type: ignore[assignment]

    @native(2)
    def group(self, number: object, /) -> _Text | None:
        """Return what group ``number`` matched, None if it took no part; IndexError for a number there is not."""
        index = to_word(number)
        text, places = _found.__get__(self)
        if not 0 <= index < len(places) // 2:
            raise IndexError(number)
        start = places[2 * index]
        return None if start is None else _part(text, start, places[2 * index + 1])

    def __repr__(self) -> str:
        return f"<match num={len(_found.__get__(self)[1]) // 2}>"


_found = hide(match, "found")


def _part(text: tuple[bytes, bool], start: int, end: int | None) -> _Text:
    part = text[0][start:end]
    return part.decode("utf-8", "replace") if text[1] else part


def _subject(value: object) -> tuple[bytes, bool]:
    """The bytes to look at, and whether they are text."""
    if type(value) is bytes:
        return value, False
    if type(value) is str:
        return encode(value), True
    raise TypeError(f"can't convert '{type_name(value)}' object to str implicitly")


def module(device: Device) -> dict[str, object]:
    """Return the names of ``ure``."""

    def levels() -> int:
        from emulator.runtime.recursion import BYTES_PER_CALL, KEPT_BACK, depth, stack_of_caller

        stack = stack_of_caller(device.board.model.memory.stack_bytes)
        calls = depth(getattr(device.interpreter, "builtins", {}), sys._getframe(1))
        return int(stack - KEPT_BACK - max(1, calls) * BYTES_PER_CALL) // _BYTES_PER_LEVEL

    def find(pattern: ure, text: bytes, begin: int, anchored: bool) -> list[int | None] | None:
        program, shown = hidden.__get__(pattern)
        try:
            found: list[int | None] | None = program.find(text, begin, anchored, levels, device.power.check)
            return found
        except Overflow:
            device.note(_overflow(shown, levels()))
            raise RuntimeError("maximum recursion depth exceeded") from None
        except Astray:
            device.note(_astray(shown))
            raise RuntimeError("pattern too long") from None

    def run(pattern: ure, text: object, anchored: bool) -> match | None:
        subject = _subject(text)
        places = find(pattern, subject[0], 0, anchored)
        if places is None:
            return None
        found: match = object.__new__(match)
        _found.__set__(found, (subject, places))
        return found

    def make(pattern: object, flags: object = 0) -> ure:
        text = to_text(pattern)
        made: ure = object.__new__(ure)
        program = compiled(encode(text))
        hidden.__set__(made, (program, text))
        if to_word(flags) & DEBUG:
            device.console.write(listing(program).decode("utf-8", "replace"))
        return made

    class ure:
        """A compiled pattern."""

        __slots__ = ("program",)
        __new__ = no_instances
        __hash__ = None  # type: ignore[assignment]

        @native(2, 4)
        def match(self, text: object, *ignored: object) -> object:
            return run(self, text, anchored=True)

        @native(2, 4)
        def search(self, text: object, *ignored: object) -> object:
            return run(self, text, anchored=False)

        @native(2, 3)
        def split(self, text: object, maxsplit: object = 0, /) -> list[_Text]:
            subject = _subject(text)
            left = to_word(maxsplit)
            parts: list[_Text] = []
            # each search begins a text of its own, so "^" matches after every separator
            begin = 0
            while places := find(self, subject[0], begin, anchored=False):
                start, end = places[0], places[1]
                if start == end or start is None or end is None:
                    break
                if hidden.__get__(self)[0].groups:
                    raise NotImplementedError("Splitting with sub-captures")
                parts.append(_part(subject, begin, start))
                begin = end
                left -= 1
                if left == 0:
                    break
            return [*parts, _part(subject, begin, None)]

        def __repr__(self) -> str:
            return f"<re {address(self)}>"

    hidden = hide(ure, "program")

    @native(1, 2)
    def compile(pattern: object, flags: object = 0, /) -> ure:
        return make(pattern, flags)

    @native(2, 4)
    def match_once(pattern: object, text: object, *ignored: object) -> object:
        return run(make(pattern), text, anchored=True)

    @native(2, 4)
    def search(pattern: object, text: object, *ignored: object) -> object:
        return run(make(pattern), text, anchored=False)

    match_once.__name__ = match_once.__qualname__ = "match"
    return {"__name__": "ure", "DEBUG": DEBUG, "compile": compile, "match": match_once, "search": search}


def _overflow(pattern: str, levels: int) -> Note:
    return Note(
        "regex-stack",
        f"ure: the pattern {pattern!r} leaves more choices open than the board's stack has room for (about {levels} here)",
        cause="Each character that a greedy loop takes costs stack, and a loop over what can match nothing never ends.",
        fix="use a lazy loop (*?, +?) or str.find() and str.split(); let what is repeated match at least one character",
        source="extmod/re1.5/recursiveloop.c",
    )


def _astray(pattern: str) -> Note:
    return Note(
        "regex-long",
        f"ure: the pattern {pattern!r} has a group or alternative that is too long",
        cause="A jump over more than 127 bytes of code leads elsewhere on the board: out of the pattern's code, here.",
        fix="split the pattern",
        source="extmod/re1.5/compilecode.c",
    )
