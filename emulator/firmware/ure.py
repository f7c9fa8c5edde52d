"""``ure``: the board's small regular expressions (firmware: extmod/modure.c, extmod/re1.5).

A pattern is read by the board's rules and handed to the host's engine, which backtracks in the same order, on the UTF-8
bytes: ``.`` is one byte, a newline too. No counted repetition, look-around or named groups; in a class a backslash is
itself. Loops over what can match nothing run out of stack on the board and do so here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emulator.firmware._arguments import native
from emulator.firmware._convert import encode, to_int, to_text
from emulator.runtime.names import type_name
from flashfs.notes import Note

if TYPE_CHECKING:
    from emulator.device import Device

DEBUG = 4096
_NAMED = {
    ord("d"): b"[0-9]",
    ord("D"): b"[^0-9]",
    ord("s"): rb"[\x09-\x0d\x20]",
    ord("S"): rb"[^\x09-\x0d\x20]",
    ord("w"): b"[0-9A-Z_a-z]",
    ord("W"): b"[^0-9A-Z_a-z]",
}
_REPEAT = frozenset(b"?*+")
_ERROR = "Error in regex"


class _Translator:
    """One pass over a pattern; ``endless`` if a loop in it can match nothing."""

    def __init__(self, pattern: bytes) -> None:
        self.source = pattern.partition(b"\0")[0]
        self.at = 0
        self.groups = 0
        self.endless = False

    def whole(self) -> bytes:
        text, _ = self._alternatives()
        if self.at < len(self.source):
            raise ValueError(_ERROR)
        return text

    def _peek(self, ahead: int = 0) -> int:
        """Return the byte ahead, 0 at the end."""
        index = self.at + ahead
        return self.source[index] if index < len(self.source) else 0

    def _alternatives(self) -> tuple[bytes, bool]:
        """Return what stands up to a closing parenthesis or the end, and whether it can match nothing."""
        branches: list[bytes] = []
        nullable = False
        while True:
            text, empty = self._sequence()
            branches.append(text)
            nullable |= empty
            if self._peek() != ord("|"):
                return b"|".join(branches), nullable
            self.at += 1

    def _sequence(self) -> tuple[bytes, bool]:
        out: list[bytes] = []
        nullable = True
        atom_nullable: bool | None = None  # None: nothing here that can be repeated
        while (code := self._peek()) and code not in b"|)":
            if code in _REPEAT:
                if atom_nullable is None:
                    raise ValueError(_ERROR)
                self.at += 1
                lazy = b"?" if self._peek() == ord("?") else b""
                self.at += len(lazy)
                out[-1] = b"(?:%b)%c%b" % (out[-1], code, lazy)
                self.endless |= atom_nullable and code != ord("?")
                if code == ord("+"):
                    nullable &= atom_nullable
                atom_nullable = None
                continue
            if atom_nullable is not None:
                nullable &= atom_nullable
            text, atom_nullable = self._atom(code)
            out.append(text)
        if atom_nullable is not None:
            nullable &= atom_nullable
        return b"".join(out), nullable

    def _atom(self, code: int) -> tuple[bytes, bool | None]:
        self.at += 1
        if code == ord("("):
            return self._group()
        if code == ord("["):
            return self._class(), False
        if code == ord("."):
            return rb"[\x00-\xff]", False
        if code == ord("^"):
            return rb"\A", None
        if code == ord("$"):
            return rb"\Z", None
        if code == ord("\\"):
            code = self._peek()
            if not code:
                raise ValueError(_ERROR)
            self.at += 1
            if code in _NAMED:
                return _NAMED[code], False
        return rb"\x%02x" % code, False

    def _group(self) -> tuple[bytes, bool | None]:
        capture = self._peek() != ord("?") or self._peek(1) != ord(":")
        if capture:
            self.groups += 1
        else:
            self.at += 2
        text, nullable = self._alternatives()
        if self._peek() != ord(")"):
            raise ValueError(_ERROR)
        self.at += 1
        if not capture and not text:
            return b"", None
        return (b"(%b)" if capture else b"(?:%b)") % text, nullable

    def _class(self) -> bytes:
        negative = self._peek() == ord("^")
        self.at += negative
        pairs = b""
        while (low := self._peek()) != ord("]"):
            if not low:
                raise ValueError(_ERROR)
            high = low
            if self._peek(1) == ord("-") and self._peek(2) != ord("]"):
                self.at += 2
                high = self._peek()
                if not high:
                    raise ValueError(_ERROR)
            self.at += 1
            if low <= high:  # a range the wrong way round holds nothing
                pairs += rb"\x%02x-\x%02x" % (low, high)
        self.at += 1
        if not pairs:
            return rb"[\x00-\xff]" if negative else b"(?!)"
        return b"[%b%b]" % (b"^" if negative else b"", pairs)


class match:
    """What a pattern found: ``group(n)`` only."""

    __slots__ = ("_found", "_text")

    def __init__(self, found: re.Match[bytes], text: bool) -> None:
        self._found = found
        self._text = text

    @native(2)
    def group(self, number: object, /) -> str | bytes | None:
        """Return what group ``number`` matched, None if it took no part; IndexError for a number there is not."""
        index = to_int(number)
        if not 0 <= index <= self._found.re.groups:
            raise IndexError(number)
        part: bytes | None = self._found.group(index)
        return part if part is None else _as(part, self._text)

    def __repr__(self) -> str:
        return f"<match num={self._found.re.groups + 1}>"


def _as(part: bytes, text: bool) -> str | bytes:
    return part.decode("utf-8", "replace") if text else part


def _subject(value: object) -> tuple[bytes, bool]:
    if isinstance(value, bytes):
        return bytes(value), False
    if isinstance(value, str):
        return encode(value), True
    raise TypeError(f"can't convert '{type_name(value)}' object to str implicitly")


def module(device: Device) -> dict[str, object]:
    """Return the names of ``ure``."""

    class ure:
        """A compiled pattern."""

        __slots__ = ("_compiled", "_endless", "_shown")

        def __init__(self, pattern: str) -> None:
            translator = _Translator(encode(pattern))
            self._compiled = re.compile(translator.whole())
            self._endless = translator.endless
            self._shown = pattern

        def find(self, subject: bytes, anchored: bool) -> re.Match[bytes] | None:
            found = self._compiled.match(subject) if anchored else self._compiled.search(subject)
            if found and self._endless:
                device.note(
                    Note(
                        "regex-endless",
                        f"ure: the pattern {self._shown!r} repeats something that can match nothing",
                        cause="The board goes round such a loop until its stack is used up.",
                        fix="Let the inner part match at least one character.",
                        source="extmod/re1.5/recursiveloop.c",
                    )
                )
                raise RuntimeError("maximum recursion depth exceeded")
            return found

        @native(2, 4)
        def match(self, text: object, *ignored: object) -> object:
            return run(self, text, anchored=True)

        @native(2, 4)
        def search(self, text: object, *ignored: object) -> object:
            return run(self, text, anchored=False)

        @native(2, 3)
        def split(self, text: object, maxsplit: object = 0, /) -> list[str | bytes]:
            rest, is_text = _subject(text)
            left = to_int(maxsplit)
            parts: list[str | bytes] = []
            # each search begins a text of its own, so "^" matches after every separator
            while (found := self.find(rest, anchored=False)) and found.end() > found.start():
                if self._compiled.groups:
                    raise NotImplementedError("Splitting with sub-captures")
                parts.append(_as(rest[: found.start()], is_text))
                rest = rest[found.end() :]
                left -= 1
                if left == 0:
                    break
            return [*parts, _as(rest, is_text)]

        def __repr__(self) -> str:
            return f"<re {id(self) & 0x3FFFFF | 0x3F800000:x}>"

    def run(pattern: ure, text: object, anchored: bool) -> match | None:
        subject, is_text = _subject(text)
        found = pattern.find(subject, anchored)
        return match(found, is_text) if found else None

    @native(1, 2)
    def compile(pattern: object, flags: object = 0, /) -> ure:
        text = to_text(pattern)
        made = ure(text)
        if to_int(flags) & DEBUG:
            from emulator.firmware._redump import dump

            device.console.write(dump(encode(text)))
        return made

    @native(2, 4)
    def match_once(pattern: object, text: object, *ignored: object) -> object:
        return run(ure(to_text(pattern)), text, anchored=True)

    @native(2, 4)
    def search(pattern: object, text: object, *ignored: object) -> object:
        return run(ure(to_text(pattern)), text, anchored=False)

    match_once.__name__ = match_once.__qualname__ = "match"
    return {"__name__": "ure", "DEBUG": DEBUG, "compile": compile, "match": match_once, "search": search}
